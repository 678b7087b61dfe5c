package main

import (
	"bytes"
	"strings"
)

// all is the accepting scene for an algorithm under the policy that lists all.
func all(alg string) scene {
	s := draft(alg)
	s.policy = "draft00-all.json"
	return s
}

// signature replaces the signature by what make returns for the signing input of the
// twin and its good signature.
func signature(s scene, make func(k *key, input, good []byte) []byte) edit {
	k := testKey(s.token.key)
	return token(func(c string) string {
		i := strings.LastIndexByte(c, '.')
		input := []byte(c[:i])
		return c[:i+1] + b64(make(k, input, k.sign(s.token.alg, input)))
	})
}

// resigned replaces the signature by one with another key or algorithm.
func resigned(s scene, name, alg string) edit {
	return signature(s, func(_ *key, input, _ []byte) []byte { return testKey(name).sign(alg, input) })
}

func flip(good []byte, at int) []byte {
	bad := bytes.Clone(good)
	if at < 0 {
		at += len(bad)
	}
	bad[at] ^= 1
	return bad
}

// otherKeys are keys of the same type that the key set does not have.
var otherKeys = map[string]string{
	"RS256": "rsa-2048-b", "PS256": "rsa-2048-b", "ES256": "p256-b", "ES384": "p384-b",
	"Ed25519": "ed25519-b", "Ed448": "ed448-b", "ML-DSA-44": "mldsa44-b",
}

// signatureRows: faults of a signature that every algorithm can have.
func signatureRows(s scene) []row {
	alg := s.token.alg
	bad := func(slug, title string, make func(good []byte) []byte, opts ...option) row {
		return row{slug, title, "signature_invalid", signature(s, func(_ *key, _, good []byte) []byte { return make(good) }),
			append([]option{kills("skip-signature")}, opts...)}
	}
	var zeros []option
	if alg == "ES256" || alg == "ES384" {
		zeros = []option{cves("CVE-2022-21449"), kills("ecdsa-zero-accepted")}
	}
	return []row{
		bad("first-bit", "A signature with a bit flipped in its first byte is refused.", func(g []byte) []byte { return flip(g, 0) }),
		bad("middle-bit", "A signature with a bit flipped in its middle is refused.", func(g []byte) []byte { return flip(g, len(g)/2) }),
		bad("last-bit", "A signature with a bit flipped in its last byte is refused.", func(g []byte) []byte { return flip(g, -1) }),
		bad("truncated", "A signature without its last byte is refused.", func(g []byte) []byte { return g[:len(g)-1] }),
		bad("byte-appended", "A signature with a zero byte after it is refused.", func(g []byte) []byte { return append(g, 0) }, kills("signature-length-ignored")),
		bad("byte-prepended", "A signature with a zero byte before it is refused.", func(g []byte) []byte { return append([]byte{0}, g...) }),
		bad("zeros", "A signature of zeros is refused.", func(g []byte) []byte { return make([]byte, len(g)) }, zeros...),
		bad("ones", "A signature of bytes FF is refused.", func(g []byte) []byte { return bytes.Repeat([]byte{0xff}, len(g)) }),
		bad("one-byte", "A signature of one byte is refused.", func([]byte) []byte { return []byte{1} }),
		{"other-key", "A signature by another key of the same type is refused.", "signature_invalid", resigned(s, otherKeys[alg], alg),
			[]option{kills("skip-signature"), threats("T1")}},
		{"of-other-token", "The signature of another token by the same key is refused.", "signature_invalid",
			signature(s, func(k *key, _, _ []byte) []byte {
				other := s.with(set("payload", "/jti", `"token-2"`))
				c := other.compact()
				return k.sign(alg, []byte(c[:strings.LastIndexByte(c, '.')]))
			}), []option{kills("skip-signature"), requirements("RFC7515-5.2-04")}},
		{"payload-changed", "A signature over another payload is refused.", "signature_invalid",
			token(part(1, func(string) string {
				changed, _ := replace(s.token.payload, "/scope", ptr(`"admin"`))
				return b64([]byte(changed))
			})), []option{kills("skip-signature"), threats("T9"), requirements("RFC7515-5.2-04")}},
		{"header-changed", "A signature over another header is refused: the header is signed too.", "signature_invalid",
			token(part(0, func(string) string {
				changed, _ := replace(s.token.header, "/x", ptr("1"))
				return b64([]byte(changed))
			})), []option{kills("header-unsigned"), requirements("RFC7515-5.2-04")}},
	}
}

// jwsAlgorithms: every algorithm, good and bad.
func jwsAlgorithms(b *builder) {
	b.refs = []string{"RFC 7515, section 5.2"}
	for _, alg := range allAlgorithms {
		s := all(alg)
		name := strings.ToLower(alg)
		t := b.accept(name, "A token signed with "+alg+" is accepted.", s, refs(algorithmRef[alg]))
		rows := signatureRows(s)
		if alg == "ML-DSA-44" { // 2,420 bytes a signature: the cases that tell most
			rows = pick(rows, "first-bit", "truncated", "byte-appended", "zeros", "other-key", "payload-changed")
		}
		for _, r := range rows {
			r.slug = name + "-" + r.slug
			r.title = alg + ": " + strings.ToLower(r.title[:1]) + r.title[1:]
			r.opts = append(r.opts, refs("RFC 7515, section 5.2", algorithmRef[alg]))
			b.rejects(t, []row{r})
		}
	}
	jwsEdDSA(b)
}

// algorithmRef is the section that defines an algorithm's signature.
var algorithmRef = map[string]string{
	"RS256": "RFC 7518, section 3.3", "PS256": "RFC 7518, section 3.5", "ES256": "RFC 7518, section 3.4", "ES384": "RFC 7518, section 3.4",
	"Ed25519": "RFC 9864, section 2.2", "Ed448": "RFC 9864, section 2.2", "ML-DSA-44": "RFC 9964, section 4",
}

// jwsEdDSA: the alias of the two Edwards algorithms.
func jwsEdDSA(b *builder) {
	alias := setAlg(`"EdDSA"`)
	ref := refs("RFC 9864, section 2.2", "RFC 8037, section 3.1", "profile, section 3")
	for _, alg := range []string{"Ed25519", "Ed448"} {
		t := b.accept("eddsa-"+strings.ToLower(alg), "EdDSA in the header is read as "+alg+" where list and key admit it.", all(alg).with(alias), ref,
			kills("eddsa-alias-missing"), level("PROFILE"))
		b.near("eddsa-key-"+strings.ToLower(alg), "A key may carry EdDSA as its alg.", t, set("key", keyAt(alg)+"/alg", `"EdDSA"`), ref, level("PROFILE"))
		b.near("eddsa-key-named-"+strings.ToLower(alg), "A key that carries EdDSA fits the full name "+alg+" in the header.",
			b.twin("jws.algorithms."+strings.ToLower(alg)), set("key", keyAt(alg)+"/alg", `"EdDSA"`), ref, level("PROFILE"))
	}
	t := b.twin("jws.algorithms.eddsa-ed448")
	b.reject("eddsa-curve-unlisted", "EdDSA with an Ed448 key is refused where the list has Ed25519 alone.", t, "key_alg_mismatch",
		drop("policy", "/issuers/0/algorithms/1"), ref, level("PROFILE"), kills("eddsa-any-curve"))
	b.reject("eddsa-unlisted", "EdDSA is refused where the list has neither Edwards algorithm.", t, "key_alg_not_allowed",
		set("policy", "/issuers/0/algorithms", `["ES256"]`), ref, level("PROFILE"), kills("alg-list-ignored"))
	b.reject("eddsa-lower-case", "The name eddsa is no algorithm.", t, "key_alg_not_allowed", setAlg(`"eddsa"`), refs("RFC 7515, section 4.1.1"))
	u := b.twin("jws.algorithms.ed25519")
	b.reject("ed25519-names-ed448", "Ed448 in the header with an Ed25519 key is refused.", u, "key_alg_mismatch", setAlg(`"Ed448"`), ref, kills("key-curve-ignored"))
}

// keyAt is the pointer to an algorithm's key in the set of draft00-all.json.
func keyAt(alg string) string {
	for i, a := range allAlgorithms {
		if a == alg {
			return "/keys/" + string(rune('0'+i))
		}
	}
	panic(alg)
}
