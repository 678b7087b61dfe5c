//go:build ajwt_faults

package ajwt

import (
	"bytes"
	"encoding/base64"
	"strings"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// Faults of checks 201 to 211 and 303 to 304: the token's form, its header, typ and alg.

var tokenFaults = []SeededFault{
	{"two-parts-accepted", "a token without a signature part is taken", all(at(201, func(r *run, sound func(*run) Code) Code {
		if strings.Count(r.tokenText, ".") == 1 {
			return emptySignature(r.s.token.parse([]byte(r.tokenText + ".")))
		}
		return sound(r)
	}), at(401, unsigned))},
	{"extra-parts-ignored", "parts after the third one are ignored", at(201, func(r *run, sound func(*run) Code) Code {
		parts := strings.Split(r.tokenText, ".")
		if len(parts) > 3 {
			return r.s.token.parse([]byte(strings.Join(parts[:3], ".")))
		}
		return sound(r)
	})},
	{"encrypted-only-segments", "a token of five parts is one with too many", instead(201, CodeJWSCompactEncrypted, CodeJWSCompactSegments)},
	{"empty-signature-accepted", "a token without a signature is taken", all(forgive(201, CodeJWSSignatureEmpty), at(401, unsigned))},
	{"base64-padding-accepted", "padding is cut off", laxBase64(func(p string) string { return strings.TrimRight(p, "=") })},
	{"base64-slack-accepted", "spare bits need not be zero", laxBase64(canonical)},
	{"base64-standard-alphabet", "+ and / are read like - and _", laxBase64(strings.NewReplacer("+", "-", "/", "_").Replace)},
	{"base64-foreign-ignored", "characters outside the alphabet are skipped", laxBase64(func(p string) string {
		return strings.Map(func(c rune) rune {
			if c < 0x80 && base64Values[c] != base64Invalid {
				return c
			}
			return -1
		}, p)
	})},

	{"alg-none", "a token with alg none, in any letter case, is taken unverified", all(at(207, func(r *run, sound func(*run) Code) Code {
		if code := sound(r); code != CodeJWSAlgForbidden || !r.algIs("none") {
			return code
		}
		return 0
	}), admitAnyFor("none"), at(401, func(r *run, sound func(*run) Code) Code {
		if code := sound(r); !r.algIs("none") {
			return code
		}
		return 0
	}))},
	{"alg-optional", "a header without alg takes the key's", all(forgive(207, CodeJWSAlgMissing), admitAnyFor(""))},
	{"alg-forbidden-skipped", "none and HS… are only unknown algorithms", forgive(207, CodeJWSAlgForbidden)},
	{"alg-confusion-hmac", "a token with HS256 is verified with the public key as the secret", all(at(207, func(r *run, sound func(*run) Code) Code {
		if code := sound(r); code != CodeJWSAlgForbidden || !r.algIs("HS256") {
			return code
		}
		return 0
	}), admitAnyFor("HS256"), at(401, func(r *run, sound func(*run) Code) Code {
		if code := sound(r); !r.algIs("HS256") || !hmacByPublicKey(r.key, &r.s.token) {
			return code
		}
		return 0
	}))},
	{"crit-ignored", "crit in a token is ignored", headerWithout("crit")},
	{"crit-empty-accepted", "a crit that names nothing is ignored", critPasses(func(names []string) bool { return len(names) == 0 })},
	{"crit-registered-accepted", "a crit of names that are registered is ignored", critPasses(func(names []string) bool {
		for _, n := range names {
			if !strings.Contains(" alg typ kid b64 exp jwk ", " "+n+" ") {
				return false
			}
		}
		return len(names) > 0
	})},
	{"crit-null-ignored", "a crit that is no array is ignored", at(207, func(r *run, sound func(*run) Code) Code {
		header := r.s.token.header.Root()
		if crit := header.Member("crit"); crit.Exists() && crit.Kind() != strictjson.Array {
			reread(&r.s.token.header, membersOf(header).without("crit"))
		}
		return sound(r)
	})},
	{"b64-ignored", "b64 in a token is ignored", headerWithout("b64")},
	{"zip-ignored", "zip in a token is ignored", headerWithout("zip")},
	{"embedded-key-ignored", "a key or address in a token's header is ignored", headerWithout("jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256")},
	{"embedded-key-trusted", "a token is verified with the key in its own header", all(forgive(207, CodeJWSKeyEmbedded), at(306, func(r *run, sound func(*run) Code) Code {
		own := new(Key)
		if own.parse(r.s.token.header.Root().Member("jwk"), false) != keyOK {
			return sound(r)
		}
		r.key = own
		return 0
	}))},
	{"kid-form-unchecked", "a kid of any length, or of any type, is looked up", forgive(207, CodeJWSKidInvalid)},
	{"kid-counts-letters", "the length of a kid is counted in letters instead of bytes", at(207, func(r *run, sound func(*run) Code) Code {
		if code := sound(r); code != CodeJWSKidInvalid || len(r.header.kid) == 0 || len([]rune(string(r.header.kid))) > maxKidBytes {
			return code
		}
		return 0
	})},
	{"typ-form-unchecked", "a typ that is no string is an absent one", forgive(207, CodeJWSTypInvalid)},

	{"skip-typ", "any typ is taken", skip(303)},
	{"typ-optional", "typ may be absent in hardened", at(303, func(r *run, sound func(*run) Code) Code {
		if r.header.typ == nil {
			r.header.typ = []byte("jwt")
		}
		return sound(r)
	})},
	{"typ-mandatory", "typ may not be absent in draft-00", at(303, func(r *run, sound func(*run) Code) Code {
		if r.header.typ == nil {
			return CodeKeyTypMissing
		}
		return sound(r)
	})},
	{"typ-absent-passes", "a token without typ passes every list", at(303, func(r *run, sound func(*run) Code) Code {
		if r.header.typ == nil && r.issuer.profile != ProfileHardened {
			return 0
		}
		return sound(r)
	})},
	{"typ-case-sensitive", "typ compares with regard to case", at(303, func(r *run, sound func(*run) Code) Code {
		if typ := string(r.header.typ); r.header.typ != nil && typ != "JWT" && typ != "at+jwt" {
			return CodeKeyTypNotAllowed
		}
		return sound(r)
	})},
	{"typ-suffix", "a typ that ends with a type of the list is taken", at(303, func(r *run, sound func(*run) Code) Code {
		for _, t := range r.issuer.types {
			if strings.HasSuffix(strings.ToLower(string(r.header.typ)), t) {
				return 0
			}
		}
		return sound(r)
	})},

	{"alg-list-ignored", "an algorithm outside the issuer's list is taken", issuerChanged(304, func(i *issuer) { i.algorithms = ^AlgorithmSet(0) })},
	{"alg-case-insensitive", "names of algorithms compare without regard to case", at(304, func(r *run, sound func(*run) Code) Code {
		for _, name := range algorithmNames {
			if strings.EqualFold(name, string(r.header.alg)) {
				r.header.alg = []byte(name)
			}
		}
		return sound(r)
	})},
	{"eddsa-alias-missing", "EdDSA in a header is an unknown algorithm", at(304, func(r *run, sound func(*run) Code) Code {
		if string(r.header.alg) == "EdDSA" {
			return CodeKeyAlgNotAllowed
		}
		return sound(r)
	})},
	{"eddsa-any-curve", "EdDSA admits every Edwards key, whatever the list says", at(304, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if string(r.header.alg) == "EdDSA" {
			r.admitted = edwardsAlgorithms
			return 0
		}
		return code
	})},
}

// laxBase64 changes each part before the token is taken apart. The signature covers the
// changed text.
func laxBase64(clean func(part string) string) change {
	return at(201, func(r *run, sound func(*run) Code) Code {
		parts := strings.Split(r.tokenText, ".")
		for i := range parts {
			parts[i] = clean(parts[i])
		}
		return r.s.token.parse([]byte(strings.Join(parts, ".")))
	})
}

// canonical clears the spare bits of base64url text.
func canonical(text string) string {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return text
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func emptySignature(code Code) Code {
	if code == CodeJWSSignatureEmpty {
		return 0
	}
	return code
}

// unsigned takes a token whose signature is empty.
func unsigned(r *run, sound func(*run) Code) Code {
	code := sound(r)
	if len(r.s.token.signature) == 0 {
		return 0
	}
	return code
}

func (r *run) algIs(name string) bool {
	return strings.EqualFold(string(r.header.alg), name) && (name != "" || r.header.alg == nil)
}

// admitAnyFor lets an alg stand for whatever the key is for.
func admitAnyFor(name string) change {
	return at(304, func(r *run, sound func(*run) Code) Code {
		if !r.algIs(name) {
			return sound(r)
		}
		r.admitted = r.issuer.algorithms
		return 0
	})
}

// headerWithout drops members of the token's header before they are looked at.
func headerWithout(names ...string) change {
	return at(207, func(r *run, sound func(*run) Code) Code {
		list := membersOf(r.s.token.header.Root())
		if rest := list.without(names...); len(rest) != len(list) {
			reread(&r.s.token.header, rest)
		}
		return sound(r)
	})
}

// critPasses drops a crit whose names pass.
func critPasses(pass func(names []string) bool) change {
	return at(207, func(r *run, sound func(*run) Code) Code {
		header := r.s.token.header.Root()
		if crit := header.Member("crit"); crit.Kind() == strictjson.Array {
			var names []string
			for e := crit.First(); e.Exists(); e = e.Next() {
				names = append(names, string(e.Bytes()))
			}
			if pass(names) {
				reread(&r.s.token.header, membersOf(header).without("crit"))
			}
		}
		return sound(r)
	})
}

// signingInput writes the signing input anew from the members that are read.
func signingInput(c *compact) []byte {
	var known memberList
	for _, m := range membersOf(c.header.Root()) {
		if m.name == "alg" || m.name == "typ" || m.name == "kid" || m.name == "jwk" {
			known = append(known, m)
		}
	}
	_, payload, _ := bytes.Cut(c.input, []byte("."))
	header := base64.RawURLEncoding.EncodeToString(known.text())
	return append([]byte(header+"."), payload...)
}
