package lint

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	_ "crypto/sha512" // ES384
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/cloudflare/circl/sign/ed448"
	"github.com/cloudflare/circl/sign/mldsa/mldsa44"
)

// jwk is a public key as its JWK has it.
type jwk struct{ tree *tree }

func (k jwk) str(name string) string {
	if v := k.tree.at("/" + name); v != nil {
		return unquote(v.text())
	}
	return ""
}

func (k jwk) octets(name string) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(k.str(name))
	if err != nil || len(b) == 0 {
		return nil, fmt.Errorf("the key's %s is not base64url", name)
	}
	return b, nil
}

// verify tells whether a signature holds over input with the key. An error means that
// key and algorithm do not go together.
func (k jwk) verify(alg string, input, signature []byte) (bool, error) {
	switch alg {
	case "RS256", "PS256":
		return k.verifyRSA(alg, input, signature)
	case "ES256":
		return k.verifyEC(elliptic.P256(), crypto.SHA256, input, signature)
	case "ES384":
		return k.verifyEC(elliptic.P384(), crypto.SHA384, input, signature)
	case "Ed25519", "Ed448", "EdDSA":
		return k.verifyEdwards(alg, input, signature)
	case "ML-DSA-44":
		return k.verifyMLDSA(input, signature)
	}
	return false, fmt.Errorf("the algorithm %q is unknown", alg)
}

func (k jwk) verifyRSA(alg string, input, signature []byte) (bool, error) {
	n, err := k.octets("n")
	if err != nil {
		return false, err
	}
	e, err := k.octets("e")
	if err != nil {
		return false, err
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	sum := sha256.Sum256(input)
	if alg == "RS256" {
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil, nil
	}
	return rsa.VerifyPSS(key, crypto.SHA256, sum[:], signature, &rsa.PSSOptions{SaltLength: 32}) == nil, nil
}

func (k jwk) verifyEC(curve elliptic.Curve, hash crypto.Hash, input, signature []byte) (bool, error) {
	x, err := k.octets("x")
	if err != nil {
		return false, err
	}
	y, err := k.octets("y")
	if err != nil {
		return false, err
	}
	key, err := ecdsa.ParseUncompressedPublicKey(curve, append(append([]byte{4}, x...), y...))
	if err != nil {
		return false, err
	}
	size := len(x)
	if len(signature) != 2*size {
		return false, nil
	}
	h := hash.New()
	h.Write(input)
	r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
	return ecdsa.Verify(key, h.Sum(nil), r, s), nil
}

func (k jwk) verifyEdwards(alg string, input, signature []byte) (bool, error) {
	x, err := k.octets("x")
	if err != nil {
		return false, err
	}
	crv := k.str("crv")
	switch {
	case alg != "EdDSA" && alg != crv:
		return false, errors.New("the curve is another one")
	case crv == "Ed25519" && len(x) == ed25519.PublicKeySize:
		return ed25519.Verify(x, input, signature), nil
	case crv == "Ed448" && len(x) == ed448.PublicKeySize:
		return len(signature) == ed448.SignatureSize && ed448.Verify(x, input, signature, ""), nil
	}
	return false, errors.New("no Edwards key")
}

func (k jwk) verifyMLDSA(input, signature []byte) (bool, error) {
	pub, err := k.octets("pub")
	if err != nil {
		return false, err
	}
	key := new(mldsa44.PublicKey)
	if err := key.UnmarshalBinary(pub); err != nil {
		return false, err
	}
	return mldsa44.Verify(key, input, nil, signature), nil
}

// holds verifies a compact JWS of three parts whose parts are strict base64url.
func (k jwk) holds(compact, alg string) (bool, error) {
	i := strings.LastIndexByte(compact, '.')
	signature, err := base64.RawURLEncoding.Strict().DecodeString(compact[i+1:])
	if err != nil {
		return false, err
	}
	return k.verify(alg, []byte(compact[:i]), signature)
}
