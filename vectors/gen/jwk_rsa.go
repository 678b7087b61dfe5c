package main

import (
	"crypto"
	"math/big"
)

// rsaEntry is the JWK of modulus and exponent, in place of the issuer's RSA key.
func rsaEntry(n, e *big.Int) string {
	return `{"kty":"RSA","n":` + quote(b64(n.Bytes())) + `,"e":` + quote(b64(e.Bytes())) + `,"kid":"rs256-1","use":"sig","alg":"RS256"}`
}

// exponent signs with the private exponent that belongs to another public one.
func exponent(e *big.Int) func(k *key, input []byte) []byte {
	return func(k *key, input []byte) []byte {
		one := big.NewInt(1)
		p, q := k.rsa.Primes[0], k.rsa.Primes[1]
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		d := new(big.Int).ModInverse(e, phi)
		if d == nil {
			panic("the exponent has no inverse")
		}
		em := emsaPKCS1(k.rsaBytes(), sha256Prefix, digest(crypto.SHA256, input))
		return new(big.Int).Exp(new(big.Int).SetBytes(em), d, k.rsa.N).FillBytes(make([]byte, k.rsaBytes()))
	}
}

// modulus is an odd number of that many bits that nobody knows the factors of.
func modulus(bits int) *big.Int {
	n := new(big.Int).SetBytes(seed("rsa modulus", (bits+7)/8))
	n.SetBit(n.Rsh(n, uint(n.BitLen()-bits)), 0, 1)
	if n.BitLen() != bits {
		n.SetBit(n, bits-1, 1)
	}
	return n
}

// jwkRSA: moduli and exponents.
func jwkRSA(b *builder) {
	b.refs = []string{"RFC 7518, section 6.3.1", "profile, section 4"}
	b.requirements = []string{"RFC7517-5-03"}
	t := b.twin("jws.compact.three-parts")
	n := testKey("rsa-2048-a").rsa.N
	b.rejects(t, pick(octetRows("n", "/keys/0/n", n.Bytes(), requirements("RFC7518-6.3.1-01")),
		"n-missing", "n-null", "n-empty", "n-short", "n-leading-zero", "n-foreign-character", "n-padding", "n-slack"))
	b.rejects(t, pick(octetRows("e", "/keys/0/e", []byte{1, 0, 1}, requirements("RFC7518-6.3.1-01")), "e-missing", "e-number", "e-empty"))
	b.reject("e-leading-zero", "A key whose e has a zero byte before it is not used.", t, unusable, set("key", "/keys/0/e", `"AAEAAQ"`),
		refs("RFC 7518, section 2", "profile, section 4"), requirements("RFC7518-2-01"))

	weak := []option{refs("RFC 7518, section 3.3", "profile, section 4"), kills("rsa-size-unchecked"), requirements("RFC7518-3.3-01")}
	size := func(slug, title string, n *big.Int, opts ...option) {
		b.reject(slug, title, t, unusable, set("key", "/keys/0", rsaEntry(n, big.NewInt(65537))), append(weak, opts...)...)
	}
	b.reject("bits-1024", "A key of 1,024 bits is not used, though it made the signature.", t, unusable,
		set("key", "/keys/0", testKey("rsa-1024-a").entry("rs256-1", "RS256")).signed("rsa-1024-a", "RS256"), weak...)
	size("bits-2047", "A key of 2,047 bits is not used.", modulus(2047))
	size("bits-8193", "A key of 8,193 bits is not used: it costs the verifier too much.", modulus(8193), refs("profile, section 4"), level("PROFILE"))
	size("bits-512", "A key of 512 bits is not used.", modulus(512))
	size("even", "A key with an even modulus is not used.", new(big.Int).Add(n, big.NewInt(1)), refs("profile, section 4"), level("PROFILE"))
	b.accept("bits-3072", "A key of 3,072 bits is used.", t.scene.with(set("key", "/keys/0", testKey("rsa-3072-a").entry("rs256-1", "RS256"))).signedBy("rsa-3072-a", "RS256"))

	expo := refs("RFC 8017, section 3.1", "profile, section 4")
	exp := func(slug, title string, e int64, sign func(*key, []byte) []byte) {
		ed := set("key", "/keys/0/e", quote(b64(big.NewInt(e).Bytes())))
		ed.signature = sign
		b.reject(slug, title, t, unusable, ed, expo, kills("rsa-exponent-unchecked"), level("PROFILE"))
	}
	exp("e-1", "A key with the exponent 1 is not used: anyone can sign for it.", 1, exponent(big.NewInt(1)))
	exp("e-2", "A key with the exponent 2 is not used.", 2, nil)
	exp("e-65536", "A key with an even exponent is not used.", 65536, nil)
	exp("e-2-31", "A key with the exponent 2^31+3 is not used.", 1<<31+3, exponent(big.NewInt(1<<31+3)))
	exp("e-2-32", "A key with the exponent 2^32+1 is not used: cut to 32 bits it would be 1.", 1<<32+1, exponent(big.NewInt(1<<32+1)))
	b.reject("e-zero", "A key with the exponent 0 is not used.", t, unusable, set("key", "/keys/0/e", `"AA"`), expo, kills("rsa-exponent-unchecked"), level("PROFILE"))
	b.accept("e-3", "A key with the exponent 3 is used.",
		t.scene.with(set("key", "/keys/0", testKey("rsa-2048-e3").entry("rs256-1", "RS256"))).signedBy("rsa-2048-e3", "RS256"), expo, level("PROFILE"))
	large := set("key", "/keys/0/e", quote(b64(big.NewInt(1<<31-1).Bytes())))
	large.signature = exponent(big.NewInt(1<<31 - 1))
	b.near("e-largest", "A key with the exponent 2^31-1 is used.", t, large, expo, level("PROFILE"))
	b.reject("exchanged", "A token whose kid now names another key is refused.", t, "signature_invalid",
		set("key", "/keys/0", testKey("rsa-2048-b").entry("rs256-1", "RS256")), kills("skip-signature"))
}

// jwkAKP: ML-DSA keys.
func jwkAKP(b *builder) {
	b.refs = []string{"RFC 9964, section 3", "profile, section 4"}
	t := b.twin("jws.algorithms.ml-dsa-44")
	at := keyAt("ML-DSA-44")
	b.rejects(t, []row{
		{"alg-missing", "An AKP key without alg is not used: alg says what it is.", unusable, drop("key", at+"/alg"), nil},
		keyRow("alg-65", "An AKP key for ML-DSA-65 is not used.", at+"/alg", `"ML-DSA-65"`),
		keyRow("alg-null", "An AKP key whose alg is null is not used.", at+"/alg", `null`),
		keyRow("kty-okp", "An ML-DSA key of the type OKP is not used.", at+"/kty", `"OKP"`),
	})
	b.rejects(t, pick(octetRows("pub", at+"/pub", testKey("mldsa44-a").bytes("pub")), "pub-missing", "pub-short", "pub-long", "pub-slack"))
	b.reject("exchanged", "A token whose kid now names another key is refused.", t, "signature_invalid",
		set("key", at, testKey("mldsa44-b").entry("ml-dsa-44-1", "ML-DSA-44")), kills("skip-signature"))
}
