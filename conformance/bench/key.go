package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
)

// key is a key pair that signs JWSs here.
type key struct {
	alg    string // as the protected header says it
	kid    string
	public crypto.PublicKey
	jwk    string // the public JWK's members, without kid and braces
	sign   func(input []byte) []byte
	// verify is the cheapest check that the standard library offers for the key:
	// hash where there is one, and verify, on a parsed key.
	verify func(input, signature []byte) bool
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// newKey makes a key pair. alg is the name for headers: Ed25519 and its alias
// EdDSA, which is all that the peers know of it, ES256 or RS256.
func newKey(alg, kid string) *key {
	switch alg {
	case "Ed25519", "EdDSA":
		return newEd25519(alg, kid)
	case "ES256":
		return newES256(alg, kid)
	case "RS256":
		return newRS256(alg, kid)
	}
	panic("no such algorithm: " + alg)
}

func newEd25519(alg, kid string) *key {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	must(err)
	return &key{
		alg: alg, kid: kid, public: public,
		jwk:    fmt.Sprintf(`"crv":"Ed25519","kty":"OKP","x":"%s"`, b64(public)),
		sign:   func(input []byte) []byte { return ed25519.Sign(private, input) },
		verify: func(input, signature []byte) bool { return ed25519.Verify(public, input, signature) },
	}
}

func newES256(alg, kid string) *key {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	point, err := private.PublicKey.Bytes()
	must(err)
	return &key{
		alg: alg, kid: kid, public: &private.PublicKey,
		jwk: fmt.Sprintf(`"crv":"P-256","kty":"EC","x":"%s","y":"%s"`, b64(point[1:33]), b64(point[33:])),
		sign: func(input []byte) []byte {
			digest := sha256.Sum256(input)
			r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
			must(err)
			signature := make([]byte, 64)
			r.FillBytes(signature[:32])
			s.FillBytes(signature[32:])
			return signature
		},
		verify: func(input, der []byte) bool {
			digest := sha256.Sum256(input)
			return ecdsa.VerifyASN1(&private.PublicKey, digest[:], der)
		},
	}
}

func newRS256(alg, kid string) *key {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	public := &private.PublicKey
	return &key{
		alg: alg, kid: kid, public: public,
		jwk: fmt.Sprintf(`"e":"AQAB","kty":"RSA","n":"%s"`, b64(public.N.Bytes())),
		sign: func(input []byte) []byte {
			digest := sha256.Sum256(input)
			signature, err := rsa.SignPKCS1v15(nil, private, crypto.SHA256, digest[:])
			must(err)
			return signature
		},
		verify: func(input, signature []byte) bool {
			digest := sha256.Sum256(input)
			return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) == nil
		},
	}
}

// entry is the key as an entry of a JWK Set, under a kid.
func (k *key) entry(kid string) string {
	return fmt.Sprintf(`{"alg":"%s","kid":"%s",%s}`, k.alg, kid, k.jwk)
}

// signed is a compact JWS together with what the bare check of it needs.
type signed struct {
	compact          string
	key              *key
	input, signature []byte // for key.verify
}

// compact signs header and payload, both JSON (RFC 7515, section 7.1).
func (k *key) compact(header, payload string) signed {
	input := []byte(b64([]byte(header)) + "." + b64([]byte(payload)))
	signature := k.sign(input)
	s := signed{key: k, input: input, signature: signature, compact: string(input) + "." + b64(signature)}
	if k.alg == "ES256" { // the standard library verifies the DER form without a detour
		r, t := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		der, err := asn1.Marshal(struct{ R, S *big.Int }{r, t})
		must(err)
		s.signature = der
	}
	return s
}

func (s *signed) holds() bool { return s.key.verify(s.input, s.signature) }

// must is for what cannot fail unless the program itself is wrong.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
