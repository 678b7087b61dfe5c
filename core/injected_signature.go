//go:build ajwt_faults

package ajwt

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	_ "crypto/sha1" // a verifier that takes any hash takes this one too
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"slices"

	"github.com/cloudflare/circl/math/fp25519"
	"github.com/cloudflare/circl/sign/ed448"
)

var signatureFaults = []SeededFault{
	{"skip-signature", "the signature is not verified", at(401, func(r *run, sound func(*run) Code) Code {
		sound(r)
		return 0
	})},
	{"signature-cache-by-input", "what was verified once is known by what was signed, whatever signature comes with it", remembersVerified(func(r *run) []byte { return r.s.token.input })},
	{"signature-cache-by-jti", "what was verified once is known by iss and jti", remembersVerified(func(r *run) []byte {
		return slices.Concat(r.claims.iss.Bytes(), []byte{0}, r.claims.jti.Bytes())
	})},
	{"signature-length-ignored", "bytes after the signature are ignored", verifiesToo(func(k *Key, alg Algorithm, input, signature []byte) bool {
		n := alg.SignatureSize()
		if k.rsa != nil {
			n = k.rsa.size
		}
		return len(signature) > n && k.VerifySignature(alg, input, signature[:n])
	})},
	{"header-unsigned", "the signing input is written anew from the header's known members, so the others are not signed", at(401, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if r.key.VerifySignature(r.verify, signingInput(&r.s.token), r.s.token.signature) {
			return 0
		}
		return code
	})},
	{"pkcs1-padding-unchecked", "of a PKCS #1 block only the digest in it counts", verifiesToo(func(k *Key, alg Algorithm, input, signature []byte) bool {
		digest := sha256.Sum256(input)
		return alg == AlgRS256 && bytes.Contains(rsaBlock(k, signature), digest[:])
	})},
	{"pkcs1-hash-from-signature", "the hash function is the one that the signature's DigestInfo names", verifiesToo(func(k *Key, alg Algorithm, input, signature []byte) bool {
		return alg == AlgRS256 && slices.ContainsFunc([]crypto.Hash{crypto.SHA1, crypto.SHA384, crypto.SHA512}, func(h crypto.Hash) bool {
			return rsa.VerifyPKCS1v15(&k.rsa.public, h, hashOf(h, input), signature) == nil
		})
	})},
	{"rsa-padding-either", "PKCS #1 and PSS signatures are taken for each other", verifiesToo(func(k *Key, alg Algorithm, input, signature []byte) bool {
		digest := hashOf(crypto.SHA256, input)
		return alg == AlgRS256 && rsa.VerifyPSS(&k.rsa.public, crypto.SHA256, digest, signature, pssOptions) == nil ||
			alg == AlgPS256 && rsa.VerifyPKCS1v15(&k.rsa.public, crypto.SHA256, digest, signature) == nil
	})},
	{"rsa-range-unchecked", "a signature that is longer by the modulus is reduced", verifiesToo(func(k *Key, alg Algorithm, input, signature []byte) bool {
		if k.rsa == nil {
			return false
		}
		s := new(big.Int).SetBytes(signature)
		return k.VerifySignature(alg, input, s.Mod(s, k.rsa.public.N).FillBytes(make([]byte, k.rsa.size)))
	})},
	{"pss-salt-any", "a PSS salt may have any length", verifiesToo(func(k *Key, alg Algorithm, input, signature []byte) bool {
		any := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto}
		return alg == AlgPS256 && rsa.VerifyPSS(&k.rsa.public, crypto.SHA256, hashOf(crypto.SHA256, input), signature, any) == nil
	})},
	{"ecdsa-zero-accepted", "R and S of zero, or of the order, are taken", verifiesToo(func(k *Key, _ Algorithm, _, signature []byte) bool {
		if k.ecdsa == nil {
			return false
		}
		r, s := halves(signature)
		n := k.ecdsa.Curve.Params().N
		return r.Mod(r, n).Sign() == 0 || s.Mod(s, n).Sign() == 0
	})},
	{"ecdsa-der-accepted", "an ECDSA signature may be in DER", verifiesToo(func(k *Key, alg Algorithm, input, signature []byte) bool {
		return k.ecdsa != nil && ecdsa.VerifyASN1(k.ecdsa, hashOf(ecdsaHash(alg), input), signature)
	})},
	{"ecdsa-low-s-only", "a high S is refused", at(401, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if k := r.key; code == 0 && k.ecdsa != nil {
			if _, s := halves(r.s.token.signature); s.Lsh(s, 1).Cmp(k.ecdsa.Curve.Params().N) > 0 {
				return CodeSignatureInvalid
			}
		}
		return code
	})},
	{"ecdsa-halves-of-any-length", "R and S may be of any equal length", verifiesToo(func(k *Key, alg Algorithm, input, signature []byte) bool {
		if k.ecdsa == nil || len(signature)%2 != 0 {
			return false
		}
		r, s := halves(signature)
		return ecdsa.Verify(k.ecdsa, hashOf(ecdsaHash(alg), input), r, s)
	})},
	{"ecdsa-hash-of-curve-ignored", "a signature over another hash than alg names is taken", verifiesToo(func(k *Key, alg Algorithm, input, signature []byte) bool {
		if k.ecdsa == nil {
			return false
		}
		r, s := halves(signature)
		return ecdsa.Verify(k.ecdsa, hashOf(crypto.SHA256, input), r, s) || ecdsa.Verify(k.ecdsa, hashOf(crypto.SHA384, input), r, s)
	})},
	{"edwards-prehash-accepted", "signatures by Ed25519ph and Ed448ph are taken", verifiesToo(func(k *Key, alg Algorithm, input, signature []byte) bool {
		if alg == AlgEd25519 && len(signature) == ed25519.SignatureSize {
			return ed25519.VerifyWithOptions(k.point[:32], hashOf(crypto.SHA512, input), signature, &ed25519.Options{Hash: crypto.SHA512}) == nil
		}
		return alg == AlgEd448 && ed448.VerifyPh(k.point[:57], input, signature, "")
	})},
	{"edwards-r-not-canonical", "R of an Ed25519 signature is compared as a point, so it may be in an encoding that is not the only one", verifiesToo(func(k *Key, alg Algorithm, input, signature []byte) bool {
		p, ok := pointOf(k, alg, input, signature)
		var encoded [32]byte
		p.encode(&encoded)
		return ok && encoded == reducedY([32]byte(signature[:32]))
	})},
	{"edwards-cofactored", "the equation of an Ed25519 signature is multiplied by the cofactor", verifiesToo(func(k *Key, alg Algorithm, input, signature []byte) bool {
		p, ok := pointOf(k, alg, input, signature)
		var r edPoint
		if !ok || !r.decode((*[32]byte)(signature[:32])) {
			return false
		}
		var minus edAddend
		var z fp25519.Elt
		r.prepare(&minus, &z)
		p.add(&minus, &z, true)
		for range 3 {
			p.double()
		}
		var encoded [32]byte
		p.encode(&encoded)
		return encoded == [32]byte{1}
	})},
	{"edwards-s-unreduced", "S of an Edwards signature is not compared with the order", verifiesToo(func(k *Key, alg Algorithm, input, signature []byte) bool {
		if alg == AlgEd25519 && len(signature) == ed25519.SignatureSize {
			return k.VerifySignature(alg, input, reducedS(signature, 32, order25519))
		}
		return alg == AlgEd448 && len(signature) == 114 && k.VerifySignature(alg, input, reducedS(signature, 57, order448))
	})},
}

// remembersVerified knows tokens again by a text that is not the whole token.
func remembersVerified(text func(r *run) []byte) change {
	return at(401, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		entry := SignatureEntry{Token: sha256.Sum256(append([]byte("faulty"), text(r)...)), Expires: r.now + 3600}
		if r.v.cache.Known(&entry, r.now) {
			return 0
		}
		if code == 0 {
			r.v.cache.Remember(&entry, r.now)
		}
		return code
	})
}

// verifiesToo makes a verifier that takes what another function takes beside what it
// should, of the token and of the proof.
func verifiesToo(holds func(k *Key, alg Algorithm, input, signature []byte) bool) change {
	return all(at(401, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == CodeSignatureInvalid && holds(r.key, r.verify, r.s.token.input, r.s.token.signature) {
			return 0
		}
		return code
	}), at(619, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code != 0 && holds(r.proof.key, r.proof.verify, r.s.proof.input, r.s.proof.signature) {
			return r.proofHolds()
		}
		return code
	}))
}

// proofHolds states what the last check of the proof stage states where it passes.
func (r *run) proofHolds() Code {
	r.proof.held = true
	r.d.KeyThumbprint = r.binding
	r.d.Level |= LevelPoP
	return 0
}

func hashOf(h crypto.Hash, input []byte) []byte {
	w := h.New()
	w.Write(input)
	return w.Sum(nil)
}

func ecdsaHash(alg Algorithm) crypto.Hash {
	if alg == AlgES384 {
		return crypto.SHA384
	}
	return crypto.SHA256
}

func halves(signature []byte) (r, s *big.Int) {
	n := len(signature) / 2
	return new(big.Int).SetBytes(signature[:n]), new(big.Int).SetBytes(signature[n:])
}

// rsaBlock is the encoded message that a signature holds.
func rsaBlock(k *Key, signature []byte) []byte {
	if k.rsa == nil {
		return nil
	}
	m := new(big.Int).SetBytes(signature)
	m.Exp(m, big.NewInt(int64(k.rsa.public.E)), k.rsa.public.N)
	return m.FillBytes(make([]byte, k.rsa.size))
}

// rawRSA verifies RS256 with keys that the standard library refuses.
func rawRSA(k *Key, alg Algorithm, input, signature []byte) bool {
	digest := sha256.Sum256(input)
	return alg == AlgRS256 && k.rsa != nil && bytes.HasSuffix(rsaBlock(k, signature), append([]byte{0x05, 0x00, 0x04, 0x20}, digest[:]...))
}

// The orders of the base points (RFC 8032, sections 5.1 and 5.2).
var (
	order25519 = decimal("7237005577332262213973186563042994240857116359379907606001950938285454250989")
	order448   = decimal("181709681073901722637330951972001133588410340171829515070372549795146003961539585716195755291692375963310293709091662304773755859649779")
)

func decimal(text string) *big.Int {
	n, ok := new(big.Int).SetString(text, 10)
	if !ok {
		panic(text)
	}
	return n
}

// reducedS writes S, the second half in little-endian, modulo the order.
func reducedS(signature []byte, size int, order *big.Int) []byte {
	s := slices.Clone(signature[size:])
	slices.Reverse(s)
	n := new(big.Int).SetBytes(s)
	n.Mod(n, order).FillBytes(s)
	slices.Reverse(s)
	return append(slices.Clone(signature[:size]), s...)
}

// pointOf is [S]B - [k]A of an Ed25519 signature, which should be R.
func pointOf(k *Key, alg Algorithm, input, signature []byte) (p edPoint, ok bool) {
	if alg != AlgEd25519 || len(signature) != ed25519.SignatureSize {
		return p, false
	}
	s, ok := edScalar((*[32]byte)(signature[32:]))
	if !ok || !p.decode((*[32]byte)(k.point[:32])) {
		return p, false
	}
	fp25519.Neg(&p.x, &p.x)
	p.e = p.x
	digest := sha512.Sum512(slices.Concat(signature[:32], k.point[:32], input))
	n := edReduce(&digest)
	p.combine(&n, &s)
	return p, true
}

// reducedY reduces the y of an encoded point, so that encodings of one point are equal.
func reducedY(encoded [32]byte) [32]byte {
	y := fp25519.Elt(encoded)
	y[31] &= 0x7f
	fp25519.Modp(&y)
	if y != (fp25519.Elt{1}) && string(y[:]) != edwards25519SmallOrder[1] { // x is not 0, so it has a sign
		y[31] |= encoded[31] & 0x80
	}
	return y
}

// hmacByPublicKey tells whether a token is an HMAC under some form of the public key.
func hmacByPublicKey(k *Key, c *compact) bool {
	if k.rsa == nil {
		return false
	}
	der, err := x509.MarshalPKIXPublicKey(&k.rsa.public)
	if err != nil {
		return false
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	b64 := base64.RawURLEncoding.EncodeToString
	jwk := memberList{{"kty", `"RSA"`}, {"n", quoted(b64(k.rsa.modulus.Bytes()))}, {"e", quoted(b64(big.NewInt(int64(k.rsa.public.E)).Bytes()))},
		{"kid", quoted(k.id)}, {"use", `"sig"`}, {"alg", `"RS256"`}}
	for _, secret := range [][]byte{text, bytes.TrimSuffix(text, []byte("\n")), der, x509.MarshalPKCS1PublicKey(&k.rsa.public), k.rsa.modulus.Bytes(), jwk.text(), nil} {
		mac := hmac.New(sha256.New, secret)
		mac.Write(c.input)
		if hmac.Equal(mac.Sum(nil), c.signature) {
			return true
		}
	}
	return false
}
