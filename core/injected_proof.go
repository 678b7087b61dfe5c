//go:build ajwt_faults

package ajwt

import (
	"bytes"
	"slices"
	"strings"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// Faults of checks 601 to 620.

var proofFaults = []SeededFault{
	{"missing-proof-accepted", "a request without the proof that it needs passes", at(601, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == CodeProofHeaderMissing {
			r.expect(false)
			code = 0
		}
		return code
	})},
	{"unbound-proof-ignored", "a token that binds no key passes, and a proof beside it is passed over", at(601, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == CodeProofCnfMissing {
			r.expect(false)
			code = 0
		}
		return code
	})},
	{"optional-proof-unchecked", "a proof is passed over where the route does not ask for one", at(601, func(r *run, sound func(*run) Code) Code {
		if r.route != nil && r.route.proofOptional && r.proofText != "" {
			r.proof = proofState{}
			r.expect(false)
			return 0
		}
		return sound(r)
	})},
	{"empty-proof-is-none", "an empty DPoP field is an absent one", at(601, func(r *run, sound func(*run) Code) Code {
		r.proofSent = r.proofText != ""
		return sound(r)
	})},
	{"scheme-ignored", "a bound token passes under Bearer in hardened", skip(602)},
	{"scheme-dpop-only", "draft-00 takes a bound token under DPoP alone", issuerChanged(602, func(i *issuer) { i.profile = ProfileHardened })},
	{"proof-extra-parts-ignored", "parts of a proof after the third one are ignored", at(603, func(r *run, sound func(*run) Code) Code {
		if parts := strings.Split(r.proofText, "."); len(parts) > 3 {
			r.proofText = strings.Join(parts[:3], ".")
		}
		return sound(r)
	})},
	{"proof-base64-lax", "base64 of a proof may have padding, spare bits and the standard alphabet", at(603, func(r *run, sound func(*run) Code) Code {
		parts := strings.Split(r.proofText, ".")
		for i := range parts {
			parts[i] = canonical(strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(parts[i]))
		}
		r.proofText = strings.Join(parts, ".")
		return sound(r)
	})},
	{"proof-typ-ignored", "a proof of any typ is taken", proofHeaderChanged(func(_ *run, l memberList) memberList { return l.with("typ", `"dpop+jwt"`) })},
	{"proof-typ-case-sensitive", "the typ of a proof compares with regard to case", at(606, func(r *run, sound func(*run) Code) Code {
		if !r.s.proof.header.Root().Member("typ").Is("dpop+jwt") {
			return CodeProofTypInvalid
		}
		return sound(r)
	})},
	{"proof-alg-forbidden-skipped", "none and HS… are only unknown algorithms in a proof", instead(606, CodeProofAlgForbidden, CodeProofAlgNotAllowed)},
	{"proof-alg-none", "a proof with alg none, in any letter case, is taken unverified", all(proofAlgNone(606), at(619, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if equalFold(r.proof.alg, "none") {
			return r.proofHolds()
		}
		return code
	}))},
	{"proof-alg-list-ignored", "an algorithm outside proof.algorithms is taken, and an unknown one is the key's", all(
		proofHeaderChanged(func(r *run, l memberList) memberList {
			alg := r.s.proof.header.Root().Member("alg").Bytes()
			if _, known := algorithmOf(alg); known || len(alg) == 0 || isForbiddenAlg(alg) || string(alg) == "EdDSA" {
				return l
			}
			return l.with("alg", quoted(r.proofKeysAlgorithm().String()))
		}), policyChanged(606, func(p *Policy) { p.proof.algorithms = ^AlgorithmSet(0) }))},
	{"proof-alg-key-unmatched", "the proof's key is not compared with its alg", at(606, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == CodeProofJWKAlgMismatch {
			r.proof.verify, code = r.proofKeysAlgorithm(), 0
		}
		return code
	})},
	{"proof-crit-ignored", "crit in a proof is ignored", proofHeaderChanged(func(_ *run, l memberList) memberList { return l.without("crit") })},
	{"proof-b64-ignored", "b64 in a proof is ignored", proofHeaderChanged(func(_ *run, l memberList) memberList { return l.without("b64") })},
	{"proof-zip-ignored", "zip in a proof is ignored", proofHeaderChanged(func(_ *run, l memberList) memberList { return l.without("zip") })},
	{"proof-jti-optional", "a proof without jti is taken", forgive(612, CodeProofJtiMissing)},
	{"proof-jti-form-unchecked", "a proof's jti may be anything", forgive(612, CodeProofJtiInvalid)},
	{"htm-ignored", "htm is not compared", skip(613)},
	{"htm-case-insensitive", "htm compares without regard to case", at(613, func(r *run, sound func(*run) Code) Code {
		if strings.EqualFold(string(r.proof.members.htm.Bytes()), r.req.Method) {
			return 0
		}
		return sound(r)
	})},
	{"ath-ignored", "ath is not compared", skip(616)},
	{"ath-optional", "a proof without ath, or with null, is taken", at(616, func(r *run, sound func(*run) Code) Code {
		if ath := r.proof.members.ath.Kind(); ath == strictjson.Absent || ath == strictjson.Null {
			return 0
		}
		return sound(r)
	})},
	{"ath-prefix-accepted", "an ath that the right one begins with is taken", at(616, func(r *run, sound func(*run) Code) Code {
		ath, want := r.proof.members.ath.Bytes(), appendBase64URLEncode(nil, r.tokenHash[:])
		if len(ath) > 0 && bytes.HasPrefix(want, ath) {
			return 0
		}
		return sound(r)
	})},
	{"ath-of-payload", "ath is the hash of the token's payload", at(616, func(r *run, sound func(*run) Code) Code {
		kept := r.tokenHash
		r.tokenHash = hashBytes(r.s.token.payRaw)
		code := sound(r)
		r.tokenHash = kept
		return code
	})},
	{"ath-hexadecimal-too", "ath may be in hexadecimal or have padding", at(616, func(r *run, sound func(*run) Code) Code {
		ath := strings.TrimRight(string(r.proof.members.ath.Bytes()), "=")
		if ath == string(appendBase64URLEncode(nil, r.tokenHash[:])) || strings.EqualFold(ath, string(appendLowerHex(nil, r.tokenHash[:]))) {
			return 0
		}
		return sound(r)
	})},
	{"binding-ignored", "a proof by any key is taken", skip(618)},
	{"proof-signature-skipped", "the proof's signature is not verified", at(619, func(r *run, sound func(*run) Code) Code {
		sound(r)
		return r.proofHolds()
	})},
}

// proofHeaderChanged changes the proof's header before its members are looked at.
func proofHeaderChanged(edit func(r *run, l memberList) memberList) change {
	return at(606, func(r *run, sound func(*run) Code) Code {
		list := membersOf(r.s.proof.header.Root())
		if changed := edit(r, slices.Clone(list)); !bytes.Equal(changed.text(), list.text()) {
			reread(&r.s.proof.header, changed)
		}
		return sound(r)
	})
}

// proofAlgNone reads alg none as that of the key.
func proofAlgNone(number int) change {
	return at(number, func(r *run, sound func(*run) Code) Code {
		header := r.s.proof.header.Root()
		if !equalFold(header.Member("alg").Bytes(), "none") {
			return sound(r)
		}
		reread(&r.s.proof.header, membersOf(header).with("alg", quoted(r.proofKeysAlgorithm().String())))
		code := sound(r)
		r.proof.alg = []byte("none")
		return code
	})
}

// proofKeysAlgorithm is what the key in the proof's header is for.
func (r *run) proofKeysAlgorithm() Algorithm {
	var k Key
	k.parse(r.s.proof.header.Root().Member("jwk"), true)
	return k.Algorithms().pick(^AlgorithmSet(0))
}

var proofTimeFaults = []SeededFault{
	{"htu-ignored", "htu is not compared", skip(614)},
	{"htu-form-unchecked", "a htu that is no absolute URL is taken", forgive(614, CodeProofHtuInvalid)},
	{"htu-host-ignored", "only the path of htu is compared", at(614, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == CodeProofHtuMismatch && bytes.HasSuffix(r.proof.members.htu.Bytes(), r.s.path.text) {
			return 0
		}
		return code
	})},
	{"htu-path-ignored", "only scheme and host of htu are compared", htuLike(func(htu, url string) bool { return originOf(htu) == originOf(url) })},
	{"htu-scheme-ignored", "http and https in htu are taken for each other", htuLike(func(htu, url string) bool {
		_, a, _ := strings.Cut(htu, "://")
		_, b, _ := strings.Cut(url, "://")
		return a == b
	})},
	{"htu-port-ignored", "the port of htu is not compared", htuLike(func(htu, url string) bool {
		return bareHost(htu) == bareHost(url) && strings.TrimPrefix(htu, originOf(htu)) == strings.TrimPrefix(url, originOf(url))
	})},
	{"htu-prefix", "a htu that the URL begins with is taken", htuLike(func(htu, url string) bool {
		return len(htu) > len("https://x") && strings.HasPrefix(url, htu)
	})},
	{"htu-case-fold", "htu compares without regard to case, the path too", htuLike(strings.EqualFold)},
	{"htu-trailing-slash", "a trailing slash of htu or path is ignored", htuLike(func(htu, url string) bool {
		return strings.TrimSuffix(htu, "/") == strings.TrimSuffix(url, "/")
	})},
	{"htu-escapes-decoded", "escapes of reserved characters in htu are decoded", htuLike(func(htu, url string) bool {
		return string(appendDecoded(nil, []byte(htu))) == string(appendDecoded(nil, []byte(url)))
	})},
	{"htu-trailing-dot", "a dot behind the host of htu is ignored", htuLike(func(htu, url string) bool {
		origin := originOf(htu)
		return strings.TrimSuffix(origin, ".")+strings.TrimPrefix(htu, origin) == url
	})},
	{"htu-query-compared", "a query in htu is not ignored", at(614, func(r *run, sound func(*run) Code) Code {
		if bytes.ContainsAny(r.proof.members.htu.Bytes(), "?#") {
			return CodeProofHtuMismatch
		}
		return sound(r)
	})},
	{"htu-not-normalised", "htu compares byte for byte", at(614, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == 0 && string(r.proof.members.htu.Bytes()) != r.url() {
			return CodeProofHtuMismatch
		}
		return code
	})},
	{"proof-iat-unbounded", "the time of a proof is not compared", at(615, func(r *run, sound func(*run) Code) Code {
		if sound(r) != 0 && r.proof.iat == 0 {
			r.proof.iat = r.now
		}
		return 0
	})},
	{"proof-age-unbounded", "an old proof is taken", forgive(615, CodeProofIatExpired)},
	{"proof-future-accepted", "a proof from the future is taken", forgive(615, CodeProofIatFuture)},
	{"proof-window-exclusive", "the first second of the window is refused", at(615, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == 0 && r.proof.iat == r.now-r.policy.proof.maxAge-r.issuer.skew {
			return CodeProofIatExpired
		}
		return code
	})},
	{"proof-window-without-skew", "the skew does not count for proofs", issuerChanged(615, func(i *issuer) { i.skew = 0 })},
	{"proof-window-skew-twice", "the skew counts twice for the age of a proof", issuerChanged(615, func(i *issuer) { i.skew *= 2 })},
	{"nonce-ignored", "the nonce is not compared", skip(617)},
	{"nonce-optional", "a proof without a nonce is taken", forgive(617, CodeProofNonceMissing)},
	{"nonce-older-accepted", "a nonce of an earlier slot than the previous one is taken", nonceLike(func(r *run, nonce string, slot int64) bool {
		return r.isNonce(nonce, slot-2)
	})},
	{"nonce-future-accepted", "the nonce of the next slot is taken", nonceLike(func(r *run, nonce string, slot int64) bool { return r.isNonce(nonce, slot+1) })},
	{"nonce-slot-alone", "of a nonce only the slot is compared", nonceLike(func(r *run, nonce string, slot int64) bool {
		raw, ok := appendBase64URL(nil, []byte(nonce))
		want, _ := appendBase64URL(nil, appendNonce(nil, r.v.nonceKeys[0], slot))
		return ok && len(raw) >= 8 && bytes.Equal(raw[:8], want[:8])
	})},
	{"nonce-first-key-only", "only the first nonce key verifies", nonceOnly(func(r *run, nonce string, slot int64) bool {
		first := r.v.nonceKeys[0]
		return nonce == string(appendNonce(nil, first, slot)) || nonce == string(appendNonce(nil, first, slot-1))
	})},
	{"nonce-current-slot-only", "the nonce of the previous slot is refused", nonceOnly(func(r *run, nonce string, slot int64) bool { return r.isNonce(nonce, slot) })},
}

// url is the request's URL in normal form, without its query.
func (r *run) url() string {
	return r.req.Scheme + "://" + string(r.s.authority) + string(r.s.path.text)
}

func originOf(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

// htuLike compares htu with a relation that is not equality.
func htuLike(same func(htu, url string) bool) change {
	return at(614, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == CodeProofHtuMismatch && same(string(r.proof.members.htu.Bytes()), r.url()) {
			return 0
		}
		return code
	})
}

// isNonce tells whether a nonce is that of a slot under any key.
func (r *run) isNonce(nonce string, slot int64) bool {
	return slices.ContainsFunc(r.v.nonceKeys, func(key []byte) bool { return nonce == string(appendNonce(nil, key, slot)) })
}

func nonceLike(holds func(r *run, nonce string, slot int64) bool) change {
	return at(617, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == CodeProofNonceMismatch && holds(r, string(r.proof.members.nonce.Bytes()), r.now/r.policy.nonceSlot) {
			return 0
		}
		return code
	})
}

func nonceOnly(holds func(r *run, nonce string, slot int64) bool) change {
	return at(617, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == 0 && r.policy.nonceSlot > 0 && !holds(r, string(r.proof.members.nonce.Bytes()), r.now/r.policy.nonceSlot) {
			return CodeProofNonceMismatch
		}
		return code
	})
}
