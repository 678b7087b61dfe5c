package ajwt

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha512"
	"sync/atomic"

	"github.com/cloudflare/circl/sign/ed448"
	"github.com/cloudflare/circl/sign/mldsa/mldsa44"
)

// VerifySignature tells whether signature, in the fixed-length form that JWS uses, is
// one of this key under alg over signingInput (RFC 7515, section 5.2). It is false
// where the key does not verify alg (see Algorithms), and for every signature that
// does not have exactly the length of the algorithm, for RSA that of the modulus.
func (k *Key) VerifySignature(alg Algorithm, signingInput, signature []byte) bool {
	if k == nil || !k.algorithms.Has(alg) {
		return false
	}
	switch alg {
	case AlgEd25519:
		return len(signature) == 64 && verifyEd25519((*[32]byte)(k.point[:]), signingInput, signature)
	case AlgEd448:
		return len(signature) == 114 && ed448.Verify(k.point[:57], signingInput, signature, "")
	case AlgES256:
		digest := sum256(signingInput)
		return verifyECDSA(k.ecdsa, digest[:], signature)
	case AlgES384:
		digest := sha512.Sum384(signingInput)
		return verifyECDSA(k.ecdsa, digest[:], signature)
	case AlgRS256:
		digest := sum256(signingInput)
		return len(signature) == k.rsa.size &&
			rsa.VerifyPKCS1v15(&k.rsa.public, crypto.SHA256, digest[:], signature) == nil
	case AlgPS256:
		digest := sum256(signingInput)
		return len(signature) == k.rsa.size &&
			rsa.VerifyPSS(&k.rsa.public, crypto.SHA256, digest[:], signature, pssOptions) == nil
	case AlgMLDSA44:
		return len(signature) == maxSignatureSize && mldsa44.Verify(k.mldsa.public(), signingInput, nil, signature)
	}
	return false
}

// pssOptions asks for a salt of exactly 32 octets (RFC 7518, section 3.5). The zero
// value would take any length.
var pssOptions = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}

// The orders of the base points, big-endian (FIPS 186-5; SEC 2, sections 2.4 and 2.5).
const (
	p256Order = "\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff" +
		"\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25\x51"
	p384Order = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
		"\xff\xff\xff\xff\xff\xff\xff\xff\xc7\x63\x4d\x81\xf4\x37\x2d\xdf" +
		"\x58\x1a\x0d\xb2\x48\xb0\xa7\x7a\xec\xec\x19\x6a\xcc\xc5\x29\x73"
)

// mldsaKey is an ML-DSA-44 key as it was sent. What verification needs takes 22 KB
// and twice the time of a verification to expand, so it waits for the first signature:
// neither a large set nor a stranger's key that no policy admits costs that much.
type mldsaKey struct {
	packed   [mldsa44.PublicKeySize]byte
	expanded atomic.Pointer[mldsa44.PublicKey]
}

// public returns the expanded key. Two goroutines may expand it twice: same result.
func (m *mldsaKey) public() *mldsa44.PublicKey {
	if key := m.expanded.Load(); key != nil {
		return key
	}
	key := new(mldsa44.PublicKey)
	key.Unpack(&m.packed)
	m.expanded.Store(key)
	return key
}
