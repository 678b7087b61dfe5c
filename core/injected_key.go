//go:build ajwt_faults

package ajwt

import (
	"strings"
)

// Faults of checks 301 to 307: which issuer and which key of it.

var keyFaults = []SeededFault{
	{"claim-iss-optional", "iss may be absent", at(301, func(r *run, sound func(*run) Code) Code {
		if !r.claims.iss.Exists() {
			r.claims.iss = jsonValue(quoted(r.policy.issuers[0].id))
		}
		return sound(r)
	})},
	{"issuer-first", "an unknown issuer is taken for the first one", at(302, func(r *run, sound func(*run) Code) Code {
		if sound(r) != 0 {
			r.issuerAt, r.issuer = 0, &r.policy.issuers[0]
		}
		return 0
	})},
	{"issuer-trailing-slash", "a trailing slash of iss is ignored", issuerLike(func(iss, known string) bool { return strings.TrimSuffix(iss, "/") == known })},
	{"issuer-prefix", "an iss that an issuer begins with, or that begins with one, is taken for it", issuerLike(func(iss, known string) bool {
		return strings.HasPrefix(iss, known) || strings.HasPrefix(known, iss)
	})},
	{"issuer-case-fold", "issuers compare without regard to case", issuerLike(strings.EqualFold)},

	{"key-set-missing-is-empty", "a key set that was not loaded is one without keys", instead(305, CodeKeySetMissing, CodeKeyKidUnknown)},
	{"kid-optional", "a token without kid is verified with each key of the set", all(forgive(207, CodeJWSKidMissing), at(306, func(r *run, sound func(*run) Code) Code {
		if r.header.kid != nil {
			return sound(r)
		}
		set := r.state.keys[r.issuerAt].set
		for i := range set.keys {
			if r.key = &set.keys[i]; r.verifies(r.key) {
				return 0
			}
		}
		return CodeKeyKidUnknown
	}))},
	{"kid-any-key", "an unknown kid is taken for the first key", at(306, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code != CodeKeyKidUnknown {
			return code
		}
		set := r.state.keys[r.issuerAt].set
		for i := range set.keys {
			r.key = &set.keys[i]
			if r.key.Algorithms().pick(r.admitted) != 0 {
				return 0
			}
		}
		return code
	})},
	{"kid-unusable-any-key", "where the key with the kid cannot be used another one is taken", at(306, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		set := r.state.keys[r.issuerAt].set
		if code == CodeKeyKidUnusable && len(set.keys) > 0 {
			r.key = &set.keys[0]
			return 0
		}
		return code
	})},
	{"kid-case-fold", "kids compare without regard to case", kidLike(strings.EqualFold)},
	{"kid-prefix", "of two kids that differ one may be the beginning of the other", kidLike(func(kid, known string) bool {
		return strings.HasPrefix(kid, known) || strings.HasPrefix(known, kid)
	})},
	{"kid-trimmed", "white space around a kid is cut off", kidLike(func(kid, known string) bool { return strings.TrimSpace(kid) == known })},
	{"kid-nul-ends", "a kid ends at its first NUL", kidLike(func(kid, known string) bool {
		kid, _, _ = strings.Cut(kid, "\x00")
		return kid == known
	})},
	{"kid-normalised", "kids compare after Unicode normalisation", kidLike(func(kid, known string) bool {
		return strings.ReplaceAll(kid, "e\u0301", "\u00e9") == known
	})},
	{"issuer-key-mixed", "the keys of all issuers are one set, and each with the kid is tried", at(306, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == 0 && r.verifies(r.key) {
			return 0
		}
		for _, k := range r.othersKeys() {
			if r.key = k; r.verifies(k) {
				return 0
			}
			code = 0
		}
		return code
	})},
	{"keys-of-any-issuer", "a kid that the issuer's set lacks is looked for in those of the other issuers", at(306, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if others := r.othersKeys(); code == CodeKeyKidUnknown && len(others) > 0 {
			r.key, code = others[0], 0
		}
		return code
	})},
	{"key-type-ignored", "the key's type is not compared with alg", at(307, func(r *run, sound func(*run) Code) Code {
		named, _ := ParseAlgorithm(string(r.header.alg))
		return r.verifyByKey(sound, r.key.Type() != typeOf(named))
	})},
	{"key-curve-ignored", "the key's curve is not compared with alg", at(307, func(r *run, sound func(*run) Code) Code {
		named, _ := ParseAlgorithm(string(r.header.alg))
		return r.verifyByKey(sound, r.key.Type() == typeOf(named) && r.key.Curve() != "")
	})},
}

// issuerLike compares issuers with a relation that is not equality.
func issuerLike(same func(iss, known string) bool) change {
	return at(302, func(r *run, sound func(*run) Code) Code {
		if sound(r) == 0 {
			return 0
		}
		for i := range r.policy.issuers {
			if same(string(r.claims.iss.Bytes()), r.policy.issuers[i].id) {
				r.issuerAt, r.issuer = i, &r.policy.issuers[i]
				return 0
			}
		}
		return CodeKeyIssuerUnknown
	})
}

// kidLike compares kids with a relation that is not equality.
func kidLike(same func(kid, known string) bool) change {
	return at(306, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code != CodeKeyKidUnknown {
			return code
		}
		set := r.state.keys[r.issuerAt].set
		for i := range set.keys {
			if same(string(r.header.kid), set.keys[i].id) {
				r.key = &set.keys[i]
				return 0
			}
		}
		return code
	})
}

// othersKeys are the usable keys with the token's kid in the sets of other issuers.
func (r *run) othersKeys() (found []*Key) {
	for i := range r.state.keys {
		if i == r.issuerAt {
			continue
		}
		if k, usable, _ := r.state.keys[i].set.lookup(r.header.kid); usable {
			found = append(found, k)
		}
	}
	return found
}

// verifies tells whether a key that fits verifies the token.
func (r *run) verifies(k *Key) bool {
	alg := k.Algorithms().pick(r.admitted)
	return alg != 0 && k.VerifySignature(alg, r.s.token.input, r.s.token.signature)
}

// verifyByKey lets the key alone decide about the algorithm where it does not fit.
func (r *run) verifyByKey(sound func(*run) Code, ignored bool) Code {
	code := sound(r)
	if code == CodeKeyAlgMismatch && ignored {
		r.verify = r.key.Algorithms().pick(^AlgorithmSet(0))
		return 0
	}
	return code
}

func typeOf(a Algorithm) string {
	for _, k := range keyKinds {
		if k.algorithms.Has(a) {
			return k.kty
		}
	}
	return ""
}

var keySetFaults = []SeededFault{
	{"jwk-base64-lax", "base64 in a JWK may have padding and spare bits", nil},
	{"jwk-base64-newlines", "line ends in the base64 of a JWK are skipped", nil},
	{"key-use-ignored", "a key's use is ignored", nil},
	{"key-ops-ignored", "a key's key_ops is ignored", nil},
	{"key-alg-ignored", "a key's own alg is ignored", nil},
	{"key-skipped-refuses-set", "a key that cannot be used refuses the whole set", nil},
	{"ec-point-unchecked", "it is not checked that a point is on its curve, and a signature with it is taken", verifiesToo(func(k *Key, _ Algorithm, _, _ []byte) bool {
		return k.ecdsa == anyPoint
	})},
	{"edwards-small-order-accepted", "Edwards points of small order, or not canonical, are keys", nil},
	{"rsa-size-unchecked", "RSA keys of any size are used", verifiesToo(rawRSA)},
	{"rsa-exponent-unchecked", "RSA keys with any exponent are used", verifiesToo(rawRSA)},
	{"rsa-weak-accepted", "n and e of an RSA key are taken as they come", verifiesToo(rawRSA)},
	{"kid-optional-in-set", "a key of a set may lack its kid", nil},
	{"kid-duplicate-accepted", "of two keys with one kid the last counts", nil},
	{"key-set-unlimited", "a key set may have any number of keys", nil},
	{"private-key-accepted", "private members of a key in a set are ignored", nil},
	{"thumbprint-of-all-members", "a thumbprint covers all members of a JWK", nil},
	{"thumbprint-order-as-given", "a thumbprint takes the members in the order of the JWK", nil},
	{"cnf-private-key-accepted", "a cnf may show the agent's private key", at(509, func(r *run, sound func(*run) Code) Code {
		return publicPartOnly(r, sound)
	})},
	{"proof-private-key-ignored", "a proof may show its private key", at(606, publicPartOnly)},
}

// dropsPrivate is set while private members of a JWK are passed over.
var dropsPrivate bool

func publicPartOnly(r *run, sound func(*run) Code) Code {
	dropsPrivate = true
	defer func() { dropsPrivate = false }()
	return sound(r)
}

var privateNames = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}
