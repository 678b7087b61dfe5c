package main

import (
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// Proofs: jti, iat, ath, nonce.

func dpopJti(b *builder) {
	b.refs = []string{"RFC 9449, section 4.2", refDPoP}
	t := b.accept("string", "A proof with a jti is accepted.", b.proven())
	b.rejects(t, []row{
		{"missing", "The proof has no jti.", "proof_jti_missing", drop("proof.payload", "/jti"), []option{kills("proof-jti-optional")}},
		proofPayload("null", "The jti is null.", "proof_jti_invalid", "/jti", "null"),
		proofPayload("number", "The jti is a number.", "proof_jti_invalid", "/jti", "17"),
		proofPayload("array", "The jti is an array.", "proof_jti_invalid", "/jti", `["proof-1"]`),
		proofPayload("object", "The jti is an object.", "proof_jti_invalid", "/jti", "{}"),
		proofPayload("empty", "The jti is the empty string.", "proof_jti_invalid", "/jti", `""`),
	})
	longest := b.near("256-bytes", "A jti of 256 bytes is accepted.", t, set("proof.payload", "/jti", text("j", 256)))
	b.reject("257-bytes", "A jti of 257 bytes is refused.", longest, "proof_jti_invalid", set("proof.payload", "/jti", text("j", 257)), level("PROFILE"))
	wide := b.near("255-bytes-unicode", "The bound counts bytes of UTF-8: 85 characters of three bytes are accepted.", t, set("proof.payload", "/jti", text("€", 85)))
	b.reject("258-bytes-unicode", "The bound counts bytes of UTF-8: 86 characters of three bytes are refused.", wide, "proof_jti_invalid", set("proof.payload", "/jti", text("€", 86)), level("PROFILE"))
	b.near("one-byte", "A jti of one byte is accepted.", t, set("proof.payload", "/jti", `"1"`))
}

func dpopIat(b *builder) {
	b.refs = []string{"RFC 9449, section 4.2", "RFC 9449, section 11.1", refDPoP}
	t := b.accept("recent", "A proof made two seconds ago is accepted.", b.proven())
	b.reject("missing", "The proof has no iat.", t, "proof_iat_missing", drop("proof.payload", "/iat"), kills("proof-iat-unbounded"))
	for _, v := range notNumericDates {
		b.reject(v.slug, "The iat is "+v.what+".", t, "proof_iat_invalid",
			set("proof.payload", "/iat", strings.ReplaceAll(v.text, "%d", num(now-2))), kills("numericdate-lax"))
	}
	b.reject("zero", "A proof made in 1970 is too old.", t, "proof_iat_expired", set("proof.payload", "/iat", "0"), kills("proof-iat-unbounded"))
	b.reject("range-end", "2^53-1 is a NumericDate: a proof of that time is from the future.", t, "proof_iat_future", set("proof.payload", "/iat", "9007199254740991"), kills("proof-iat-unbounded"))
	for _, w := range []struct{ maxAge, skew int64 }{{60, 30}, {60, 0}, {60, 60}, {1, 0}, {10, 0}, {300, 30}, {3600, 60}} {
		s := fmt.Sprintf("max-age-%d-skew-%d", w.maxAge, w.skew)
		policy := es256Policy("hardened", `"max_token_lifetime_seconds":86400,"clock_skew_seconds":`+num(w.skew), anyProof)
		policy = policy[:len(policy)-1] + `,"proof":{"max_age_seconds":` + num(w.maxAge) + `}}`
		base := b.proven().under(policy)
		oldest := b.accept(s+"-oldest", fmt.Sprintf("With max_age_seconds of %d and a skew of %d s an iat of now - max_age - skew is accepted.", w.maxAge, w.skew),
			base.with(set("proof.payload", "/iat", num(now-w.maxAge-w.skew))))
		b.reject(s+"-expired", fmt.Sprintf("With max_age_seconds of %d and a skew of %d s an iat one second older is refused.", w.maxAge, w.skew), oldest, "proof_iat_expired",
			set("proof.payload", "/iat", num(now-w.maxAge-w.skew-1)), kills("proof-iat-unbounded"))
		newest := b.accept(s+"-newest", fmt.Sprintf("With max_age_seconds of %d and a skew of %d s an iat of now + skew is accepted.", w.maxAge, w.skew),
			base.with(set("proof.payload", "/iat", num(now+w.skew))))
		b.reject(s+"-future", fmt.Sprintf("With max_age_seconds of %d and a skew of %d s an iat one second later is refused.", w.maxAge, w.skew), newest, "proof_iat_future",
			set("proof.payload", "/iat", num(now+w.skew+1)), kills("proof-iat-unbounded"))
	}
	oldest := b.near("default-oldest", "The defaults are 60 s and 30 s: an iat of now - 90 is accepted.", t, set("proof.payload", "/iat", num(now-90)))
	b.reject("default-expired", "The defaults are 60 s and 30 s: an iat of now - 91 is refused.", oldest, "proof_iat_expired", set("proof.payload", "/iat", num(now-91)), kills("proof-iat-unbounded"))
	b.reject("default-expired-by-clock", "The same proof is too old one second later.", oldest, "proof_iat_expired", at(now+1), kills("proof-iat-unbounded"))
	b.nears(t, []accepted{
		proofPayloadNear("exp-over", "An exp of the proof is ignored, though it is over.", "/exp", num(now-3600), refs(refDPoP)),
		proofPayloadNear("exp-string", "An exp of the proof is ignored whatever it is.", "/exp", `"soon"`, refs(refDPoP)),
		proofPayloadNear("nbf-future", "An nbf of the proof is ignored, though it is in the future.", "/nbf", num(now+3600), refs(refDPoP)),
		proofPayloadNear("unknown-member", "An unknown member of the proof is ignored.", "/sub", `"someone"`, refs(refDPoP)),
		proofPayloadNear("other-case", "An IAT in the future is an unknown member.", "/IAT", num(now+3600), kills("members-case-insensitive")),
	})
}

func dpopAth(b *builder) {
	b.refs = []string{"RFC 9449, section 4.2", "RFC 9449, section 4.3", "RFC 9449, section 7.1"}
	base, jti := b.proven(), "dpop-ath"
	for n := 1; !alphabetsDiffer(base.compact()); n++ { // at another time than the usual one
		jti = fmt.Sprintf("dpop-ath-%d", n)
		base = b.proven().claiming("/jti", quote(jti))
	}
	t := b.accept("of-token", "A proof with the hash of the token is accepted.", base)
	compact := t.scene.compact()
	sum := sha256.Sum256([]byte(compact))
	right := b64(sum[:])
	second := b.proven().claiming("/jti", `"token-2"`)
	hash := func(slug, title, code, text string, opts ...option) row {
		return proofPayload(slug, title, code, "/ath", text, append(opts, kills("ath-ignored"))...)
	}
	b.rejects(t, []row{
		{"missing", "The proof has no ath.", "proof_ath_missing", drop("proof.payload", "/ath"), []option{kills("ath-optional", "ath-ignored"), threats("T2")}},
		hash("null", "The ath is null.", "proof_ath_invalid", "null", kills("ath-optional")),
		hash("number", "The ath is a number.", "proof_ath_invalid", "1"),
		hash("array", "The ath is an array that holds the hash.", "proof_ath_invalid", "["+quote(right)+"]"),
		hash("empty", "The ath is the empty string.", "proof_ath_mismatch", `""`),
		hash("other-token", "The ath is that of another token of the same agent.", "proof_ath_mismatch", quote(hashOf(second.compact())), threats("T2")),
		hash("padded", "The ath has padding.", "proof_ath_mismatch", quote(right+"=")),
		hash("spare-bits", "The last character of the ath has spare bits set.", "proof_ath_mismatch", quote(slack(right))),
		hash("standard-alphabet", "The ath is in the standard alphabet.", "proof_ath_mismatch", quote(base64.RawStdEncoding.EncodeToString(sum[:]))),
		hash("hexadecimal", "The ath is in hexadecimal.", "proof_ath_mismatch", quote(hex.EncodeToString(sum[:]))),
		hash("truncated", "The ath is half of the hash.", "proof_ath_mismatch", quote(b64(sum[:16]))),
		hash("longer", "The ath goes on after the hash.", "proof_ath_mismatch", quote(right+"A")),
		hash("other-case", "The ath is in lower case.", "proof_ath_mismatch", quote(strings.ToLower(right))),
		hash("leading-blank", "The ath has a blank in front.", "proof_ath_mismatch", quote(" "+right)),
		hash("sha-512", "The ath is SHA-512 of the token.", "proof_ath_mismatch", quote(b64(digest(crypto.SHA512, []byte(compact))))),
		hash("of-signing-input", "The ath is that of header and payload without the signature.", "proof_ath_mismatch", quote(hashOf(compact[:strings.LastIndexByte(compact, '.')]))),
		hash("of-payload", "The ath is that of the token's payload.", "proof_ath_mismatch", quote(hashOf(t.scene.token.payload))),
		hash("of-field-value", "The ath is that of the field's whole value, scheme included.", "proof_ath_mismatch", quote(hashOf("DPoP "+compact))),
		hash("of-jti", "The ath is that of the token's jti.", "proof_ath_mismatch", quote(hashOf(jti))),
		hash("token-itself", "The ath is the token itself.", "proof_ath_mismatch", quote(compact)),
	})
	b.near("escaped", "JSON escapes in ath change nothing.", t, set("proof.payload", "/ath", fmt.Sprintf(`"\u%04x%s"`, right[0], right[1:])))
}

func hashOf(text string) string { return b64(digest(crypto.SHA256, []byte(text))) }

// alphabetsDiffer tells whether the base64 of the text's hash has a character in which the
// two alphabets differ; a test vector without one would show nothing.
func alphabetsDiffer(text string) bool { return strings.ContainsAny(hashOf(text), "-_") }

// nonceKeys are test secrets of proof.nonce.
var nonceKeys = [][]byte{seed("nonce key 1", 32), seed("nonce key 2", 32), seed("nonce key 3", 32)}

// nonceOf is the nonce of a slot under a key.
func nonceOf(key []byte, slot int64) string {
	raw := binary.BigEndian.AppendUint64(nil, uint64(slot))
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("ajwt-nonce-1"))
	mac.Write(raw)
	return b64(append(raw, mac.Sum(nil)[:16]...))
}

func dpopNonce(b *builder) {
	b.refs = []string{"RFC 9449, section 9", "RFC 9449, section 4.3", refDPoP}
	first, second, third := nonceKeys[0], nonceKeys[1], nonceKeys[2]
	asking := func(slotSeconds int64, keys ...[]byte) scene {
		s := b.proven().under(proofPolicy(`"nonce":{"slot_seconds":` + num(slotSeconds) + `}`))
		for _, k := range keys {
			s.nonceKeys = append(s.nonceKeys, b64(k))
		}
		return s.with(set("proof.payload", "/nonce", quote(nonceOf(keys[0], now/slotSeconds))))
	}
	slot := now / 60
	fresh := nonceOf(first, slot)
	asks := func(oauth string) option {
		return answers(map[string]string{"www-authenticate": `DPoP error="` + oauth + `", algs="Ed25519 ES256"`, "dpop-nonce": fresh})
	}
	t := b.accept("current-slot", "The nonce of the current slot is accepted.", asking(60, first, second))
	nonce := func(slug, title, code, text string, opts ...option) row {
		return proofPayload(slug, title, code, "/nonce", text, append(opts, kills("nonce-ignored"))...)
	}
	b.rejects(t, []row{
		{"missing", "The server asks for a nonce and the proof has none: the answer brings one.", "proof_nonce_missing", drop("proof.payload", "/nonce"),
			[]option{status(401), asks("use_dpop_nonce"), kills("nonce-ignored")}},
		nonce("null", "The nonce is null.", "proof_nonce_invalid", "null", status(401)),
		nonce("number", "The nonce is a number.", "proof_nonce_invalid", num(slot)),
		nonce("array", "The nonce is an array that holds the nonce.", "proof_nonce_invalid", "["+quote(fresh)+"]"),
		nonce("empty", "The nonce is the empty string.", "proof_nonce_mismatch", `""`, status(401), asks("use_dpop_nonce")),
		nonce("other", "The nonce is none of ours.", "proof_nonce_mismatch", `"eyJ7S_zG.eyJH0-Z.HX4w-7v"`, status(401), asks("use_dpop_nonce")),
		nonce("older-slot", "The nonce of the slot before the previous one is too old.", "proof_nonce_mismatch", quote(nonceOf(first, slot-2)), asks("use_dpop_nonce")),
		nonce("future-slot", "The nonce of the next slot has not been issued.", "proof_nonce_mismatch", quote(nonceOf(first, slot+1))),
		nonce("unknown-key", "The nonce is under a key that is not ours.", "proof_nonce_mismatch", quote(nonceOf(third, slot))),
		nonce("slot-exchanged", "The nonce has the MAC of another slot.", "proof_nonce_mismatch", quote(b64(append(decode64(nonceOf(first, slot))[:8], decode64(nonceOf(first, slot-1))[8:]...)))),
		nonce("mac-shortened", "The nonce lacks an octet of its MAC.", "proof_nonce_mismatch", quote(b64(decode64(fresh)[:23]))),
		nonce("mac-whole", "The nonce has all of the MAC instead of its first half.", "proof_nonce_mismatch", quote(wholeNonce(first, slot))),
		nonce("slot-alone", "The nonce is the slot without a MAC.", "proof_nonce_mismatch", quote(b64(decode64(fresh)[:8]))),
		nonce("padded", "The nonce goes on behind its end.", "proof_nonce_mismatch", quote(fresh+"AAAA")),
		nonce("bit", "One bit of the nonce's MAC is flipped.", "proof_nonce_mismatch", quote(flippedLast(fresh))),
		nonce("leading-blank", "The nonce has a blank in front.", "proof_nonce_mismatch", quote(" "+fresh)),
	})
	b.nears(t, []accepted{
		proofPayloadNear("previous-slot", "The nonce of the previous slot is accepted.", "/nonce", quote(nonceOf(first, slot-1))),
		proofPayloadNear("second-key", "A nonce under the second key is accepted.", "/nonce", quote(nonceOf(second, slot))),
		proofPayloadNear("second-key-previous-slot", "A nonce of the previous slot under the second key is accepted.", "/nonce", quote(nonceOf(second, slot-1))),
		proofPayloadNear("escaped", "JSON escapes in the nonce change nothing.", "/nonce", fmt.Sprintf(`"\u%04x%s"`, fresh[0], fresh[1:])),
	})
	short := asking(10, first)
	last := b.accept("last-second", "The nonce of a slot is accepted until the last second of the next one.", short.with(at(now+19)))
	b.reject("one-second-late", "One second later it is too old.", last, "proof_nonce_mismatch", at(now+20), kills("nonce-ignored"))
	quiet := b.proven().with(set("proof.payload", "/nonce", `"eyJ7S_zG"`))
	n := b.accept("not-asked-for", "Where the policy asks for no nonce one in the proof is ignored.", quiet, refs(refDPoP))
	b.near("not-asked-for-number", "Where the policy asks for no nonce it is ignored whatever it is.", n, set("proof.payload", "/nonce", "7"), refs(refDPoP))
	def := b.proven().under(proofPolicy(`"nonce":{}`)).with(set("proof.payload", "/nonce", quote(nonceOf(first, slot-1))))
	def.nonceKeys = []string{b64(first)}
	d := b.accept("default-slot", "A slot is 60 s by default.", def)
	b.reject("default-slot-older", "By default a nonce of 120 s ago is too old.", d, "proof_nonce_mismatch", set("proof.payload", "/nonce", quote(nonceOf(first, slot-2))), kills("nonce-ignored"))
	b.reject("other-fault-brings-one", "A proof that fails for its signature gets a fresh nonce with the answer too.", t, "proof_signature_invalid",
		proof(part(2, func(p string) string { return flippedFirst(p) })), asks("invalid_dpop_proof"))
}

func wholeNonce(key []byte, slot int64) string {
	raw := binary.BigEndian.AppendUint64(nil, uint64(slot))
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("ajwt-nonce-1"))
	mac.Write(raw)
	return b64(append(raw, mac.Sum(nil)...))
}

func flippedLast(text string) string {
	raw := decode64(text)
	raw[len(raw)-1] ^= 1
	return b64(raw)
}

func flippedFirst(text string) string {
	raw := decode64(text)
	raw[0] ^= 0x80
	return b64(raw)
}
