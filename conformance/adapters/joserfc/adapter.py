#!/usr/bin/env python3
"""Drives joserfc through the conformance cases (spec/runner-protocol.md).

The library is used as a careful reader of its documentation would use it: the
issuer's key set, a list of algorithms, and a claims registry with issuer, audience,
required claims, clock and leeway. Around it stands only what a policy needs and a
JOSE library cannot know: which issuer a token claims to be from, and which types of
token that issuer mints. Everything else is the library's own opinion.
"""

import json
import sys
from importlib.metadata import version

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "Ed25519", "Ed448"]
SKEW_SECONDS = 30  # default of clock_skew_seconds
TYPES = ["JWT", "at+jwt"]  # default of types


class Rejected(Exception):
    """The request is rejected by the glue around the library."""


def bearer_token(request):
    """The token of the one Authorization field."""
    values = [value for name, value in request["headers"] if name.lower() == "authorization"]
    if len(values) != 1 or not isinstance(values[0], str):
        raise Rejected("one Authorization field")
    scheme, _, token = values[0].partition(" ")
    if scheme.lower() not in ("bearer", "dpop"):
        raise Rejected("scheme")
    return token


def issuer_of(policy, token):
    """The policy's entry of the issuer that the token, unverified, names."""
    try:
        claims = json.loads(jws.extract_compact(token.encode()).payload)
    except (JoseError, ValueError) as fault:
        raise Rejected("payload") from fault
    for issuer in policy["issuers"]:
        if isinstance(claims, dict) and claims.get("iss") == issuer["issuer"]:
            return issuer
    raise Rejected("unknown issuer")


def check_type(issuer, header):
    """Holds typ to the issuer's list, as a media type (RFC 8725, section 3.11).

    The library leaves this to its user. Profiles other than hardened read an absent
    typ as JWT.
    """
    typ = header.get("typ", None if issuer.get("profile", "hardened") == "hardened" else "JWT")
    if not isinstance(typ, str):
        raise Rejected("typ")
    plain = typ.lower().removeprefix("application/")
    if plain not in [allowed.lower() for allowed in issuer.get("types", TYPES)]:
        raise Rejected("typ")


def key_set(document):
    """The issuer's keys. A set comes from outside, so whatever its import raises means
    that there is none; the library raises more than its own errors here."""
    try:
        return KeySet.import_key_set(document)
    except (JoseError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as fault:
        raise Rejected("key set") from fault


def verify(message):
    """Decides one request; raises where it is rejected."""
    token = bearer_token(message["request"])
    issuer = issuer_of(message["policy"], token)
    document = issuer.get("jwks") or message.get("keys", {}).get(issuer["issuer"])
    if document is None:
        raise Rejected("no key set")
    # RFC 7515, section 4: header parameters that are not understood are ignored, which
    # the library does only when it is told to.
    registry = jws.JWSRegistry(algorithms=issuer["algorithms"], strict_check_header=False)
    verified = jwt.decode(token, key_set(document), registry=registry)
    check_type(issuer, verified.header)
    required = {"essential": True}
    rules = jwt.JWTClaimsRegistry(
        now=message["now"],
        leeway=issuer.get("clock_skew_seconds", SKEW_SECONDS),
        iss={"essential": True, "value": issuer["issuer"]},
        aud={"essential": True, "values": issuer["audiences"]},
        exp=required, iat=required, sub=required, jti=required, scope=required,
    )
    rules.validate(verified.claims)


def answer(message):
    """The members of the answer beside seq."""
    operation = message["op"]
    if operation == "hello":
        return {
            "name": "joserfc", "version": version("joserfc"), "operations": ["verify"],
            "algorithms": ALGORITHMS, "profiles": ["draft-00", "hardened"], "codes": False,
        }
    if operation in ("reset", "bye"):
        return {}
    try:
        verify(message)
    except (Rejected, JoseError):
        return {"verdict": "reject"}
    return {"verdict": "accept"}


def main():
    """Answers line by line. What the library does not call an error of its own
    (anything but JoseError) ends the program: the runner counts a crash."""
    for line in sys.stdin.buffer:
        message = json.loads(line)
        print(json.dumps({"seq": message["seq"], **answer(message)}), flush=True)
        if message["op"] == "bye":
            return


if __name__ == "__main__":
    main()
