package main

import (
	"bytes"
	"crypto"
	_ "crypto/sha1" // for signatures that must be refused
	"math/big"
)

// em makes an RSA signature over an encoded message that change has spoilt.
func em(s scene, change func(good []byte, hashed []byte) []byte) edit {
	return signature(s, func(k *key, input, _ []byte) []byte {
		hashed := digest(crypto.SHA256, input)
		return k.rsaRaw(change(emsaPKCS1(k.rsaBytes(), sha256Prefix, hashed), hashed))
	})
}

// number makes a signature from the good one as a number.
func number(s scene, change func(n, good *big.Int) *big.Int) edit {
	return signature(s, func(k *key, _, good []byte) []byte {
		return change(k.rsa.N, new(big.Int).SetBytes(good)).FillBytes(make([]byte, k.rsaBytes()))
	})
}

// shortened moves the padding's end forward and fills the end with what follows.
func shortened(prefix, hashed []byte, size int) []byte {
	t := append(append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, 8)...), append([]byte{0}, append(bytes.Clone(prefix), hashed...)...)...)
	return append(t, make([]byte, size-len(t))...)
}

// rsaPKCS1Rows: encoded messages and numbers that are not what RFC 8017 says.
func rsaPKCS1Rows(s scene) []row {
	bad := func(slug, title string, change func(good, hashed []byte) []byte, opts ...option) row {
		return row{slug, "RS256: " + title + " is refused.", "signature_invalid", em(s, change),
			append([]option{kills("skip-signature", "pkcs1-padding-unchecked"), refs("RFC 8017, section 8.2.2")}, opts...)}
	}
	hashed := func(slug, title string, hash crypto.Hash, prefix []byte) row {
		return row{slug, "RS256: a signature over " + title + " is refused.", "signature_invalid", signature(s, func(k *key, input, _ []byte) []byte {
			return k.rsaRaw(emsaPKCS1(k.rsaBytes(), prefix, digest(hash, input)))
		}), []option{kills("skip-signature", "pkcs1-hash-from-signature"), refs("RFC 7518, section 3.3")}}
	}
	withoutNull := []byte{0x30, 0x2f, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x04, 0x20}
	size := testKey(s.token.key).rsaBytes()
	return []row{
		hashed("sha1", "SHA-1", crypto.SHA1, sha1Prefix),
		hashed("sha384", "SHA-384", crypto.SHA384, sha384Prefix),
		hashed("sha512", "SHA-512", crypto.SHA512, sha512Prefix),
		bad("digest-info-of-sha512", "a SHA-256 digest that calls itself SHA-512", func(_, h []byte) []byte { return emsaPKCS1(size, sha512Prefix, h) }),
		bad("no-digest-info", "a padded digest without its DigestInfo", func(_, h []byte) []byte { return emsaPKCS1(size, nil, h) }),
		bad("parameters-absent", "a DigestInfo without the NULL parameters", func(_, h []byte) []byte { return emsaPKCS1(size, withoutNull, h) }),
		bad("short-padding", "a short padding with bytes after the digest", func(_, h []byte) []byte { return shortened(sha256Prefix, h, size) },
			cves("CVE-2006-4339")),
		bad("block-type-2", "a padding of block type 2", func(g, _ []byte) []byte { g[1] = 2; return g }),
		bad("block-type-0", "a padding of block type 0", func(g, _ []byte) []byte { g[1] = 0; return g }),
		bad("first-byte-set", "an encoded message whose first byte is not zero", func(g, _ []byte) []byte { g[0] = 1; g[1] = 0; return g }),
		bad("padding-not-ff", "a padding with a byte that is not FF", func(g, _ []byte) []byte { g[20] = 0xfe; return g }),
		bad("separator-missing", "a padding without its zero byte", func(g, _ []byte) []byte { g[size-52] = 0xff; return g }),
		{"pss", "RS256: a signature made by PS256 is refused.", "signature_invalid", resigned(s, s.token.key, "PS256"),
			[]option{kills("skip-signature", "rsa-padding-either"), refs("RFC 7518, section 3.3")}},
		{"plus-modulus", "RS256: a signature that is longer by the modulus is refused.", "signature_invalid",
			signature(s, func(k *key, _, good []byte) []byte {
				sum := new(big.Int).Add(new(big.Int).SetBytes(good), k.rsa.N)
				return sum.FillBytes(make([]byte, k.rsaBytes()+1))
			}), []option{kills("skip-signature", "rsa-range-unchecked"), refs("RFC 8017, section 5.2.2")}},
		{"zero", "RS256: a signature of the number 0 is refused.", "signature_invalid", number(s, func(_, _ *big.Int) *big.Int { return new(big.Int) }), []option{kills("skip-signature"), refs("RFC 8017, section 8.2.2")}},
		{"one", "RS256: a signature of the number 1 is refused.", "signature_invalid", number(s, func(_, _ *big.Int) *big.Int { return big.NewInt(1) }), []option{kills("skip-signature"), refs("RFC 8017, section 8.2.2")}},
		{"modulus-less-one", "RS256: a signature of the modulus less one is refused.", "signature_invalid", number(s, func(n, _ *big.Int) *big.Int { return new(big.Int).Sub(n, big.NewInt(1)) }), []option{kills("skip-signature"), refs("RFC 8017, section 8.2.2")}},
		{"negated", "RS256: the modulus less a good signature is refused.", "signature_invalid", number(s, func(n, g *big.Int) *big.Int { return new(big.Int).Sub(n, g) }), []option{kills("skip-signature"), refs("RFC 8017, section 8.2.2")}},
		{"encoded-message", "RS256: the encoded message itself is no signature.", "signature_invalid", signature(s, func(k *key, input, _ []byte) []byte {
			return emsaPKCS1(k.rsaBytes(), sha256Prefix, digest(crypto.SHA256, input))
		}), []option{kills("skip-signature"), refs("RFC 8017, section 8.2.2")}},
	}
}

// rsaPSSRows: PSS signatures with other parameters than PS256 names.
func rsaPSSRows(s scene) []row {
	pss := func(slug, title string, hash, mgf crypto.Hash, salt int, fault string) row {
		return row{slug, "PS256: " + title + " is refused.", "signature_invalid", signature(s, func(k *key, input, _ []byte) []byte {
			return k.pss(hash, mgf, salt, input)
		}), []option{kills("skip-signature", fault), refs("RFC 7518, section 3.5"), requirements("RFC7518-3.5-01")}}
	}
	k := testKey(s.token.key)
	return []row{
		pss("pss-salt-0", "a signature without salt", crypto.SHA256, crypto.SHA256, 0, "pss-salt-any"),
		pss("pss-salt-20", "a signature with a salt of 20 bytes", crypto.SHA256, crypto.SHA256, 20, "pss-salt-any"),
		pss("pss-salt-31", "a signature with a salt of 31 bytes", crypto.SHA256, crypto.SHA256, 31, "pss-salt-any"),
		pss("pss-salt-33", "a signature with a salt of 33 bytes", crypto.SHA256, crypto.SHA256, 33, "pss-salt-any"),
		pss("pss-salt-max", "a signature with the longest salt", crypto.SHA256, crypto.SHA256, k.rsaBytes()-34, "pss-salt-any"),
		pss("pss-mgf1-sha1", "a mask made with SHA-1", crypto.SHA256, crypto.SHA1, 32, "skip-signature"),
		pss("pss-mgf1-sha384", "a mask made with SHA-384", crypto.SHA256, crypto.SHA384, 32, "skip-signature"),
		pss("pss-sha384", "a signature over SHA-384", crypto.SHA384, crypto.SHA384, 48, "skip-signature"),
		{"pss-pkcs1", "PS256: a signature made by RS256 is refused.", "signature_invalid", resigned(s, s.token.key, "RS256"),
			[]option{kills("skip-signature", "rsa-padding-either"), refs("RFC 7518, section 3.5")}},
	}
}

// jwsRSA: signatures that only RSA can get wrong.
func jwsRSA(b *builder) {
	b.rejects(b.twin("jws.compact.three-parts"), rsaPKCS1Rows(draft("RS256")))
	b.rejects(b.twin("jws.algorithms.ps256"), rsaPSSRows(all("PS256")))
}
