//go:build ajwt_faults

package ajwt

import (
	"bytes"
	"encoding/base64"
	"strings"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

var seededFaults = []SeededFault{
	// The request.
	{"skip-target-length", "a target of any length is read", 101, nil},
	{"skip-header-count", "any number of fields is read", 102, nil},
	{"skip-method-form", "any text is a method", 104, nil},
	{"skip-field-form", "fields may hold control characters", 107, nil},
	{"authorization-first-of-many", "of several Authorization fields the first counts", 108, func(r *run) Code {
		if r.authorization = r.firstField("authorization"); r.authorization == "" {
			return CodeInputAuthorizationMissing
		}
		return 0
	}},
	{"dpop-first-of-many", "of several DPoP fields the first counts", 111, func(r *run) Code {
		r.proofText, _, _ = strings.Cut(r.firstField("dpop"), ",")
		return 0
	}},
	{"skip-token-length", "a token of any length is read", 110, nil},
	{"skip-proof-length", "a proof of any length is read", 112, nil},
	{"path-dot-segments-resolved", "dot segments are resolved instead of refused", 113, func(r *run) Code {
		target := appendWithoutDots(nil, bytesOf(r.req.Target))
		sound := *r.req
		sound.Target = string(target)
		r.req = &sound
		return r.checkTarget()
	}},
	{"path-escapes-ignored", "an ambiguous path finds no route instead of being refused", 113, func(r *run) Code {
		if code := r.checkTarget(); code != CodeInputPathAmbiguous {
			return code
		}
		r.s.path.text = bytesOf(r.req.Target)
		if len(r.policy.routes) > 0 {
			r.route = &r.policy.routes[0]
		}
		return 0
	}},

	// The token's form.
	{"base64-padding-accepted", "padding is cut off", 201, func(r *run) Code {
		parts := strings.Split(r.tokenText, ".")
		for i := range parts {
			parts[i] = strings.TrimRight(parts[i], "=")
		}
		r.tokenText = strings.Join(parts, ".")
		return r.checkCompact()
	}},
	{"base64-slack-accepted", "spare bits need not be zero", 201, func(r *run) Code { return r.laxCompact(false) }},
	{"base64-standard-alphabet", "+ and / are read like - and _", 201, func(r *run) Code {
		r.tokenText = strings.NewReplacer("+", "-", "/", "_").Replace(r.tokenText)
		return r.checkCompact()
	}},
	{"empty-signature-accepted", "a token without a signature is taken", 201, func(r *run) Code {
		code := r.checkCompact()
		if code == CodeJWSSignatureEmpty {
			return 0
		}
		return code
	}},
	{"json-duplicates-last-wins", "of a repeated member the last counts", 0, nil},
	{"json-depth-unlimited", "JSON of any depth is read", 206, func(r *run) Code { return r.laxLimits((*run).checkHeader) }},
	{"json-members-unlimited", "JSON with any number of members is read", 212, func(r *run) Code { return r.laxLimits((*run).checkPayload) }},
	{"alg-forbidden-skipped", "none and HS… are only unknown algorithms", 0, nil},
	{"crit-ignored", "crit in a token is ignored", 0, nil},
	{"b64-ignored", "b64 in a token is ignored", 0, nil},
	{"zip-ignored", "zip in a token is ignored", 0, nil},
	{"embedded-key-ignored", "a key or address in a token's header is ignored", 0, nil},

	// Issuer and key.
	{"issuer-first", "an unknown issuer is taken for the first one", 302, func(r *run) Code {
		if r.checkIssuerKnown() != 0 {
			r.issuerAt, r.issuer = 0, &r.policy.issuers[0]
		}
		return 0
	}},
	{"issuer-trailing-slash", "a trailing slash of iss is ignored", 302, func(r *run) Code {
		if r.issuerAt = r.policy.issuerIndex(bytes.TrimSuffix(r.claims.iss.Bytes(), []byte("/"))); r.issuerAt < 0 {
			return CodeKeyIssuerUnknown
		}
		r.issuer = &r.policy.issuers[r.issuerAt]
		return 0
	}},
	{"skip-typ", "any typ is taken", 303, nil},
	{"typ-optional", "typ may be absent in hardened", 0, nil},
	{"typ-case-sensitive", "typ compares with regard to case", 303, func(r *run) Code {
		if r.header.typ != nil && !bytes.Equal(r.header.typ, []byte("JWT")) && !bytes.Equal(r.header.typ, []byte("at+jwt")) {
			return CodeKeyTypNotAllowed
		}
		return r.checkType()
	}},
	{"alg-list-ignored", "an algorithm outside the issuer's list is taken", 304, func(r *run) Code {
		if r.admitted = resolveAlg(r.header.alg, ^AlgorithmSet(0)); r.admitted == 0 {
			return CodeKeyAlgNotAllowed
		}
		return 0
	}},
	{"kid-any-key", "an unknown kid is taken for the first key", 306, func(r *run) Code {
		code := r.checkKeyID()
		if code == 0 {
			return 0
		}
		set := r.state.keys[r.issuerAt].set
		for i := range set.keys {
			r.key = &set.keys[i]
			if r.key.Algorithms().pick(r.admitted) != 0 {
				return 0
			}
		}
		return code
	}},
	{"kid-prefix", "a kid is taken up to its first dot", 306, func(r *run) Code {
		if r.checkKeyID() == 0 {
			return 0
		}
		r.header.kid, _, _ = bytes.Cut(r.header.kid, []byte("."))
		return r.checkKeyID()
	}},
	{"skip-signature", "the signature is not verified", 401, func(r *run) Code {
		r.checkSignature()
		return 0
	}},

	// Claims.
	{"skip-exp", "exp is not compared", 503, nil},
	{"exp-inclusive", "a token holds in the second at which it expires", 503, func(r *run) Code {
		if r.now > r.claims.expAt+r.issuer.skew {
			return CodeClaimExpExpired
		}
		return 0
	}},
	{"exp-without-skew", "the skew does not count for exp", 503, func(r *run) Code {
		if r.now >= r.claims.expAt {
			return CodeClaimExpExpired
		}
		return 0
	}},
	{"skip-nbf", "nbf is not compared", 504, nil},
	{"nbf-without-skew", "the skew does not count for nbf", 504, func(r *run) Code {
		if r.claims.hasNbf && r.now < r.claims.nbfAt {
			return CodeClaimNbfFuture
		}
		return 0
	}},
	{"skip-iat", "a token from the future is taken", 505, nil},
	{"iat-without-skew", "the skew does not count for iat", 505, func(r *run) Code {
		if r.claims.iatAt > r.now {
			return CodeClaimIatFuture
		}
		return 0
	}},
	{"skip-order", "exp may lie before iat", 506, nil},
	{"skip-lifetime", "a token may live as long as it likes", 507, nil},
	{"lifetime-exclusive", "a token may not live as long as the bound", 507, func(r *run) Code {
		if r.claims.expAt-r.claims.iatAt >= r.issuer.maxLifetime {
			return CodeClaimLifetimeExceeded
		}
		return 0
	}},
	{"skip-audience", "aud is not compared", 502, nil},
	{"aud-substring", "an audience that holds ours is taken", 502, func(r *run) Code {
		return r.laxAudience(func(have, want string) bool { return strings.Contains(have, want) })
	}},
	{"aud-prefix", "an audience that ours begins with is taken", 502, func(r *run) Code {
		return r.laxAudience(func(have, want string) bool { return strings.HasPrefix(want, have) })
	}},
	{"aud-case-fold", "audiences compare without regard to case", 502, func(r *run) Code {
		return r.laxAudience(strings.EqualFold)
	}},
	{"aud-first-only", "of several audiences the first counts", 502, func(r *run) Code {
		if r.claims.aud.Kind() == strictjson.Array {
			r.claims.aud = r.claims.aud.First()
		}
		return r.checkAudience()
	}},
	{"jti-optional", "jti may be absent", 501, func(r *run) Code {
		code := r.checkClaimTypes()
		if code == CodeClaimJtiMissing {
			return 0
		}
		return code
	}},
	{"scope-optional", "scope may be absent", 501, func(r *run) Code {
		code := r.checkClaimTypes()
		if code == CodeClaimScopeMissing {
			return 0
		}
		return code
	}},
	{"cnf-unknown-dropped", "a cnf of an unknown kind is dropped", 0, nil},
	{"cnf-conflict-ignored", "jwk and jkt may differ", 0, nil},
	{"skip-intent-form", "the intent is not looked at", 510, nil},
	{"short-hash-allowed", "the 64-bit hash is taken in hardened", 0, nil},
	{"skip-executed-by", "executed_by may differ from sub", 511, nil},
	{"skip-agent-proof-form", "agent_proof is not looked at", 512, nil},
}

// firstField returns the value of the first field of that name.
func (r *run) firstField(lowerName string) string {
	for _, h := range r.req.Headers {
		if strings.EqualFold(h.Name, lowerName) {
			return h.Value
		}
	}
	return ""
}

// laxCompact decodes as a library does that is not strict.
func (r *run) laxCompact(strict bool) Code {
	c := &r.s.token
	if c.split(bytesOf(r.tokenText)) != 3 {
		return r.checkCompact()
	}
	var out [3][]byte
	for i, p := range c.parts {
		var err error
		if out[i], err = base64.RawURLEncoding.DecodeString(string(c.raw[p.from:p.to])); err != nil || len(out[i]) == 0 {
			return r.checkCompact()
		}
	}
	c.headerRaw, c.payRaw, c.signature = out[0], out[1], out[2]
	return 0
}

// laxLimits runs a check without limits on JSON.
func (r *run) laxLimits(sound func(*run) Code) Code {
	p := *r.policy
	p.limits.JSONDepth, p.limits.JSONMembers = 1<<20, 1<<20
	kept := r.policy
	r.policy = &p
	code := sound(r)
	r.policy = kept
	return code
}

func (r *run) laxAudience(same func(have, want string) bool) Code {
	entries := []strictjson.Value{r.claims.aud}
	if r.claims.aud.Kind() == strictjson.Array {
		entries = entries[:0]
		for e := r.claims.aud.First(); e.Exists(); e = e.Next() {
			entries = append(entries, e)
		}
	}
	for _, e := range entries {
		for _, want := range r.issuer.audiences {
			if same(string(e.Bytes()), want) {
				return 0
			}
		}
	}
	return CodeClaimAudMismatch
}
