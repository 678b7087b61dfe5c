package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"

	"github.com/cloudflare/circl/sign/ed448"
	"github.com/cloudflare/circl/sign/mldsa/mldsa44"
	"github.com/golang-jwt/jwt/v5"
)

// algorithm is one JOSE algorithm by its full name (RFC 9864).
type algorithm struct {
	name     string
	kty, crv string // of its keys; crv is "" for RSA and AKP
	method   jwt.SigningMethod
	generate func(bits int) (crypto.Signer, error)
}

// algorithms that keygen and mint know, the recommended one first.
var algorithms = []algorithm{
	{"Ed25519", "OKP", "Ed25519", pureMethod{"Ed25519", verifyEd25519}, generateEd25519},
	{"Ed448", "OKP", "Ed448", pureMethod{"Ed448", verifyEd448}, generateEd448},
	{"ES256", "EC", "P-256", jwt.SigningMethodES256, generateEC(elliptic.P256())},
	{"ES384", "EC", "P-384", jwt.SigningMethodES384, generateEC(elliptic.P384())},
	{"RS256", "RSA", "", jwt.SigningMethodRS256, generateRSA},
	{"PS256", "RSA", "", jwt.SigningMethodPS256, generateRSA},
	{"ML-DSA-44", "AKP", "", pureMethod{"ML-DSA-44", verifyMLDSA44}, generateMLDSA44},
}

func algorithmNames() string {
	names := make([]string, len(algorithms))
	for i, a := range algorithms {
		names[i] = a.name
	}
	return strings.Join(names, ", ")
}

func findAlgorithm(name string) (algorithm, error) {
	for _, a := range algorithms {
		if a.name == name {
			return a, nil
		}
	}
	hint := ""
	if name == "EdDSA" {
		hint = " (EdDSA is an alias; name the curve's algorithm)"
	}
	return algorithm{}, fmt.Errorf("want an algorithm named in full, one of %s, have %s%s", algorithmNames(), quote(name, 40), hint)
}

// pureMethod is a jwt.SigningMethod over keys that sign the message itself and not a
// hash of it. golang-jwt has only the alias EdDSA, so Ed25519 by its full name (RFC
// 9864), Ed448 (RFC 8037) and ML-DSA-44 (RFC 9964) stand here.
type pureMethod struct {
	alg    string
	verify func(key crypto.PublicKey, message, signature []byte) bool
}

func init() {
	for _, a := range algorithms {
		if m, ok := a.method.(pureMethod); ok {
			jwt.RegisterSigningMethod(m.alg, func() jwt.SigningMethod { return m })
		}
	}
}

// Alg implements jwt.SigningMethod.
func (m pureMethod) Alg() string { return m.alg }

// Sign implements jwt.SigningMethod.
func (m pureMethod) Sign(input string, key any) ([]byte, error) {
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, jwt.ErrInvalidKeyType
	}
	return signer.Sign(rand.Reader, []byte(input), crypto.Hash(0))
}

// Verify implements jwt.SigningMethod.
func (m pureMethod) Verify(input string, signature []byte, key any) error {
	if !m.verify(key, []byte(input), signature) {
		return jwt.ErrTokenSignatureInvalid
	}
	return nil
}

func verifyEd25519(key crypto.PublicKey, message, signature []byte) bool {
	k, ok := key.(ed25519.PublicKey)
	return ok && len(k) == ed25519.PublicKeySize && ed25519.Verify(k, message, signature)
}

func verifyEd448(key crypto.PublicKey, message, signature []byte) bool {
	k, ok := key.(ed448.PublicKey)
	return ok && len(k) == ed448.PublicKeySize && ed448.Verify(k, message, signature, "")
}

func verifyMLDSA44(key crypto.PublicKey, message, signature []byte) bool {
	k, ok := key.(*mldsa44.PublicKey)
	return ok && mldsa44.Verify(k, message, nil, signature)
}

func generateEd25519(int) (crypto.Signer, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return key, err
}

func generateEd448(int) (crypto.Signer, error) {
	_, key, err := ed448.GenerateKey(rand.Reader)
	return key, err
}

func generateEC(curve elliptic.Curve) func(int) (crypto.Signer, error) {
	return func(int) (crypto.Signer, error) { return ecdsa.GenerateKey(curve, rand.Reader) }
}

func generateRSA(bits int) (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, bits) }

func generateMLDSA44(int) (crypto.Signer, error) {
	var seed [mldsa44.SeedSize]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return nil, err
	}
	_, key := mldsa44.NewKeyFromSeed(&seed)
	return key, nil
}

// sign makes a compact JWS with golang-jwt. The header gets alg and typ from here.
func (k *signingKey) sign(typ string, header map[string]any, claims jwt.MapClaims) (string, error) {
	token := jwt.NewWithClaims(k.alg.method, claims)
	for name, value := range header {
		token.Header[name] = value
	}
	token.Header["typ"] = typ
	compact, err := token.SignedString(k.signer)
	if err != nil {
		return "", errors.New("signing failed: " + err.Error())
	}
	return compact, nil
}
