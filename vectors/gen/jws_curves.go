package main

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"math/big"
	"strconv"
	"strings"

	"github.com/cloudflare/circl/sign/ed448"
	"github.com/cloudflare/circl/sign/mldsa/mldsa44"
	"github.com/cloudflare/circl/sign/mldsa/mldsa65"
)

// halves splits a signature into R and S.
func halves(g []byte) (r, s *big.Int) {
	n := len(g) / 2
	return new(big.Int).SetBytes(g[:n]), new(big.Int).SetBytes(g[n:])
}

// ecdsaRows: signatures that only ECDSA can get wrong. name is the algorithm, hash the
// right one, wrong another.
func ecdsaRows(s scene, name string, hash, wrong crypto.Hash) []row {
	k := testKey(s.token.key)
	order := k.ec.Curve.Params().N
	rs := func(slug, title string, change func(r, s *big.Int) (*big.Int, *big.Int), faults ...string) row {
		return row{name + slug, title, "signature_invalid", signature(s, func(k *key, _, good []byte) []byte {
			r, s := halves(good)
			return k.joined(change(r, s))
		}), []option{kills(append(faults, "skip-signature")...)}}
	}
	raw := func(slug, title string, make func(k *key, input, good []byte) []byte, faults ...string) row {
		return row{name + slug, title, "signature_invalid", signature(s, make), []option{kills(append(faults, "skip-signature")...)}}
	}
	zero := new(big.Int)
	size := (order.BitLen() + 7) / 8
	return []row{
		rs("r-zero", "A signature with R of zero is refused.", func(_, s *big.Int) (*big.Int, *big.Int) { return zero, s }, "ecdsa-zero-accepted"),
		rs("s-zero", "A signature with S of zero is refused.", func(r, _ *big.Int) (*big.Int, *big.Int) { return r, zero }, "ecdsa-zero-accepted"),
		rs("r-order", "A signature with R of the group's order is refused.", func(_, s *big.Int) (*big.Int, *big.Int) { return order, s }),
		rs("s-order", "A signature with S of the group's order is refused.", func(r, _ *big.Int) (*big.Int, *big.Int) { return r, order }),
		rs("both-order", "A signature with R and S of the group's order is refused.", func(_, _ *big.Int) (*big.Int, *big.Int) { return order, order }, "ecdsa-zero-accepted"),
		rs("one-one", "A signature with R and S of one is refused.", func(_, _ *big.Int) (*big.Int, *big.Int) { return big.NewInt(1), big.NewInt(1) }),
		rs("swapped", "A signature with S before R is refused.", func(r, s *big.Int) (*big.Int, *big.Int) { return s, r }),
		rs("r-negated", "A signature with the order less R is refused.", func(r, s *big.Int) (*big.Int, *big.Int) { return new(big.Int).Sub(order, r), s }),
		raw("der", "A signature in DER is refused.", func(k *key, input, _ []byte) []byte { return k.ecdsaDER(digest(hash, input), hash) }, "ecdsa-der-accepted"),
		raw("padded-halves", "R and S with a leading zero byte each are refused.", func(_ *key, _, g []byte) []byte {
			return append(append([]byte{0}, g[:size]...), append([]byte{0}, g[size:]...)...)
		}, "ecdsa-halves-of-any-length"),
		raw("r-alone", "R alone is refused.", func(_ *key, _, g []byte) []byte { return g[:size] }),
		raw("other-hash", "A signature over another hash is refused.", func(k *key, input, _ []byte) []byte { return k.ecdsa(wrong, input) }),
		raw("no-hash", "A signature over the input itself instead of its hash is refused.", func(k *key, input, _ []byte) []byte {
			return k.ecdsaDigest(input[:hash.Size()], hash)
		}),
	}
}

// jwsECDSA: signatures that only ECDSA can get wrong.
func jwsECDSA(b *builder) {
	b.refs = []string{"RFC 7518, section 3.4", "profile, section 3"}
	b.requirements = []string{"RFC7518-3.4-01"}
	e := b.twin("jws.compact.es256")
	b.rejects(e, ecdsaRows(e.scene, "es256-", crypto.SHA256, crypto.SHA384))
	bothS(b, "es256", e)
	f := b.twin("jws.algorithms.es384")
	b.rejects(f, ecdsaRows(f.scene, "es384-", crypto.SHA384, crypto.SHA256))
	bothS(b, "es384", f)
	shortR(b, e)
}

// otherS replaces S by the order less S. Of the two one is low and one is high.
func otherS(s scene) edit {
	return signature(s, func(k *key, _, good []byte) []byte {
		r, s := halves(good)
		return k.joined(r, new(big.Int).Sub(k.ec.Curve.Params().N, s))
	})
}

// searched returns the scene with the first jti of a row whose signature has a property.
func searched(s scene, name string, good func(signature []byte) bool) scene {
	for i := 0; ; i++ {
		s = s.with(set("payload", "/jti", quote(name+"-"+strconv.Itoa(i))))
		c := s.compact()
		if j := strings.LastIndexByte(c, '.'); good(testKey(s.token.key).sign(s.token.alg, []byte(c[:j]))) {
			return s
		}
	}
}

// bothS adds a token with a low S and the same one with a high S.
func bothS(b *builder, name string, t twin) {
	order := testKey(t.scene.token.key).ec.Curve.Params().N
	low := searched(t.scene, "low-s", func(signature []byte) bool {
		_, s := halves(signature)
		return s.Lsh(s, 1).Cmp(order) < 0
	})
	l := b.accept(name+"-low-s", "A signature with the lower of the two S is accepted.", low)
	b.near(name+"-high-s", "The same signature with the order less S is accepted: low S is no rule of JWS.", l, otherS(low), kills("ecdsa-low-s-only"))
}

// shortR adds a token whose R begins with a zero byte: its full length must be kept.
func shortR(b *builder, t twin) {
	s := searched(t.scene, "short", func(signature []byte) bool { return signature[0] == 0 })
	sh := b.accept("es256-leading-zero", "A signature whose R begins with a zero byte is accepted at its full length.", s)
	b.reject("es256-leading-zero-trimmed", "A signature whose R and S lost their leading zero bytes is refused.", sh, "signature_invalid",
		signature(s, func(_ *key, _, g []byte) []byte { return bytes.TrimLeft(g, "\x00") }), kills("skip-signature"))
}

// littleEndian adds to a number in little-endian bytes.
func littleEndian(b []byte, order *big.Int) []byte {
	n := len(b)
	rev := func(in []byte) []byte {
		out := make([]byte, len(in))
		for i := range in {
			out[len(in)-1-i] = in[i]
		}
		return out
	}
	sum := new(big.Int).Add(new(big.Int).SetBytes(rev(b)), order)
	return rev(sum.FillBytes(make([]byte, n)))
}

// The orders of the groups (RFC 8032, sections 5.1 and 5.2).
var (
	order25519, _ = new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	order448, _   = new(big.Int).SetString("181709681073901722637330951972001133588410340171829515070372549795146003961539585716195755291692375963310293709091662304773755859649779", 10)
)

// jwsEdwards: signatures that only the Edwards algorithms can get wrong.
func jwsEdwards(b *builder) {
	b.refs = []string{"RFC 8032, section 5.1.7"}
	b.requirements = []string{"RFC8037-3.1-02"}
	bad := func(t twin, slug, title string, faults []string, make func(k *key, input, good []byte) []byte, opts ...option) {
		b.reject(slug, title, t, "signature_invalid", signature(t.scene, make), append(opts, kills(append(faults, "skip-signature")...))...)
	}
	t := b.twin("jws.algorithms.ed25519")
	bad(t, "ed25519-s-plus-order", "Ed25519: a signature with S increased by the group's order is refused.", []string{"edwards-s-unreduced"},
		func(_ *key, _, g []byte) []byte { return append(g[:32:32], littleEndian(g[32:], order25519)...) })
	bad(t, "ed25519-prehash", "Ed25519: a signature by Ed25519ph is refused.", nil, func(k *key, input, _ []byte) []byte {
		return signOptions(k, digest(crypto.SHA512, input), &ed25519.Options{Hash: crypto.SHA512})
	})
	bad(t, "ed25519-context", "Ed25519: a signature with a context is refused.", nil, func(k *key, input, _ []byte) []byte {
		return signOptions(k, input, &ed25519.Options{Context: "jws"})
	})
	bad(t, "ed25519-hashed", "Ed25519: a signature over the hash of the input is refused.", nil, func(k *key, input, _ []byte) []byte {
		sum := sha256.Sum256(input)
		return ed25519.Sign(k.ed25519, sum[:])
	})
	bad(t, "ed25519-r-sign", "Ed25519: a signature with the sign of R turned over is refused.", nil, func(_ *key, _, g []byte) []byte { g[31] ^= 0x80; return g })
	bad(t, "ed25519-halves-swapped", "Ed25519: a signature with S before R is refused.", nil, func(_ *key, _, g []byte) []byte { return append(g[32:64:64], g[:32]...) })
	bad(t, "ed25519-small-order-r", "Ed25519: a signature with R of the neutral point and S of zero is refused.", nil, func(_ *key, _, g []byte) []byte {
		return append([]byte{1}, make([]byte, 63)...)
	})
	u := b.twin("jws.algorithms.ed448")
	b.refs = []string{"RFC 8032, section 5.2.7"}
	bad(u, "ed448-s-plus-order", "Ed448: a signature with S increased by the group's order is refused.", []string{"edwards-s-unreduced"},
		func(_ *key, _, g []byte) []byte { return append(g[:57:57], littleEndian(g[57:], order448)...) })
	bad(u, "ed448-prehash", "Ed448: a signature by Ed448ph is refused.", nil, func(k *key, input, _ []byte) []byte { return ed448.SignPh(k.ed448, input, "") })
	bad(u, "ed448-context", "Ed448: a signature with a context is refused.", nil, func(k *key, input, _ []byte) []byte { return ed448.Sign(k.ed448, input, "jws") })
	bad(u, "ed448-last-byte", "Ed448: a signature whose last byte is not zero is refused.", nil, func(_ *key, _, g []byte) []byte { g[113] |= 0x80; return g })
	bad(u, "ed448-halves-swapped", "Ed448: a signature with S before R is refused.", nil, func(_ *key, _, g []byte) []byte { return append(g[57:114:114], g[:57]...) })
}

func signOptions(k *key, input []byte, o *ed25519.Options) []byte {
	signature, err := k.ed25519.Sign(nil, input, o)
	if err != nil {
		panic(err)
	}
	return signature
}

// jwsMLDSA: signatures that only ML-DSA can get wrong.
func jwsMLDSA(b *builder) {
	b.refs = []string{"RFC 9964, section 4", "FIPS 204, section 5.3"}
	t := b.twin("jws.algorithms.ml-dsa-44")
	bad := func(slug, title string, make func(k *key, input, good []byte) []byte, faults ...string) {
		b.reject(slug, title, t, "signature_invalid", signature(t.scene, make), kills(append(faults, "skip-signature")...))
	}
	bad("context", "ML-DSA-44: a signature with a context is refused.", func(k *key, input, _ []byte) []byte {
		signature := make([]byte, mldsa44.SignatureSize)
		if err := mldsa44.SignTo(k.mldsa, input, []byte("jws"), false, signature); err != nil {
			panic(err)
		}
		return signature
	})
	bad("hashed", "ML-DSA-44: a signature over the hash of the input is refused.", func(k *key, input, _ []byte) []byte {
		return k.sign("ML-DSA-44", digest(crypto.SHA256, input))
	})
	bad("hint-order", "ML-DSA-44: a signature whose hint is not in its only form is refused.", func(_ *key, _, g []byte) []byte {
		h := g[len(g)-84:]
		if h[80] < 2 {
			panic("the first polynomial has fewer than two hints")
		}
		h[0], h[1] = h[1], h[0] // positions must increase
		return g
	})
	bad("hint-padding", "ML-DSA-44: a signature with bytes in the unused part of its hint is refused.", func(_ *key, _, g []byte) []byte {
		h := g[len(g)-84:]
		if h[83] >= 80 {
			panic("the hint is full")
		}
		h[79] = 1
		return g
	})
	bad("ml-dsa-65", "ML-DSA-44: a signature by ML-DSA-65 is refused.", func(_ *key, input, _ []byte) []byte {
		var s [mldsa65.SeedSize]byte
		copy(s[:], seed("mldsa65-a", len(s)))
		_, private := mldsa65.NewKeyFromSeed(&s)
		signature := make([]byte, mldsa65.SignatureSize)
		if err := mldsa65.SignTo(private, input, nil, false, signature); err != nil {
			panic(err)
		}
		return signature
	})
}
