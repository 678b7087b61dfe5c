package issue

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// Signer is a private key, wherever it is kept. NewSigner makes one of any
// crypto.Signer, which covers keys in files and most key services.
type Signer interface {
	// Algorithm is the JOSE name in full: Ed25519 and not EdDSA (RFC 9864).
	Algorithm() string
	// KeyID is the kid for the header of bundles and lists. Links carry none.
	KeyID() string
	// PublicJWK is the public key, one JSON object (RFC 7517).
	PublicJWK() []byte
	// Sign signs a JWS signing input (RFC 7515, section 5.1) and returns the signature
	// in the form of RFC 7518: r || s for ECDSA.
	Sign(input []byte) ([]byte, error)
}

// NewSigner makes a Signer of a key and the name of its algorithm: Ed25519, ES256,
// ES384, RS256 or PS256. kid is the key's id; "" takes the RFC 7638 thumbprint. An
// error says why the key does not fit.
func NewSigner(key crypto.Signer, algorithm, kid string) (Signer, error) {
	s := &signer{key: key, alg: algorithm, kid: kid}
	if key == nil {
		return nil, errors.New("the key is nil; want an ed25519.PrivateKey, *ecdsa.PrivateKey, *rsa.PrivateKey or another crypto.Signer of their kinds")
	}
	members := map[string]string{}
	b64 := base64.RawURLEncoding.EncodeToString
	switch public := key.Public().(type) {
	case ed25519.PublicKey:
		members["kty"], members["crv"], members["x"] = "OKP", "Ed25519", b64(public)
	case *ecdsa.PublicKey:
		point, err := public.Bytes() // 4, x, y
		if err != nil {
			return nil, fmt.Errorf("the key is no point of its curve: %w", err)
		}
		half := len(point) / 2
		members["kty"], members["crv"] = "EC", public.Curve.Params().Name
		members["x"], members["y"] = b64(point[1:1+half]), b64(point[1+half:])
		s.size = half
	case *rsa.PublicKey:
		members["kty"], members["n"], members["e"] = "RSA", b64(public.N.Bytes()), b64(big.NewInt(int64(public.E)).Bytes())
	default:
		return nil, fmt.Errorf("keys of type %T are not supported; want Ed25519, ECDSA on P-256 or P-384, or RSA", public)
	}
	var err error
	if s.jwk, err = json.Marshal(members); err != nil { // in lexicographic order
		return nil, err
	}
	if err := checkSigner(s); err != nil {
		return nil, err
	}
	if s.kid == "" {
		s.kid = thumbprintText(s)
	}
	return s, nil
}

type signer struct {
	key      crypto.Signer
	alg, kid string
	jwk      []byte
	size     int // octets of r and s each
}

// Algorithm implements Signer.
func (s *signer) Algorithm() string { return s.alg }

// KeyID implements Signer.
func (s *signer) KeyID() string { return s.kid }

// PublicJWK implements Signer.
func (s *signer) PublicJWK() []byte { return s.jwk }

// Sign implements Signer.
func (s *signer) Sign(input []byte) ([]byte, error) {
	switch s.alg {
	case "Ed25519":
		return s.key.Sign(rand.Reader, input, crypto.Hash(0))
	case "ES256", "ES384":
		hash := crypto.SHA256
		if s.alg == "ES384" {
			hash = crypto.SHA384
		}
		h := hash.New()
		h.Write(input)
		der, err := s.key.Sign(rand.Reader, h.Sum(nil), hash)
		if err != nil {
			return nil, err
		}
		var numbers struct{ R, S *big.Int }
		if rest, err := asn1.Unmarshal(der, &numbers); err != nil || len(rest) > 0 || numbers.R.Sign() < 0 || numbers.S.Sign() < 0 ||
			numbers.R.BitLen() > 8*s.size || numbers.S.BitLen() > 8*s.size {
			return nil, errors.New("the key gave no ECDSA signature in ASN.1")
		}
		signature := make([]byte, 2*s.size)
		numbers.R.FillBytes(signature[:s.size])
		numbers.S.FillBytes(signature[s.size:])
		return signature, nil
	}
	digest := sha256.Sum256(input)
	if s.alg == "PS256" {
		return s.key.Sign(rand.Reader, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
	}
	return s.key.Sign(rand.Reader, digest[:], crypto.SHA256)
}

// checkSigner holds a signer's key to the rules that verifiers have for keys.
func checkSigner(s Signer) error {
	if s == nil {
		return errors.New("the signer is nil; NewSigner makes one")
	}
	alg, known := ajwt.ParseAlgorithm(s.Algorithm())
	if !known {
		return fmt.Errorf("algorithm %.40q: want one named in full (RFC 9864), such as Ed25519 or ES256", s.Algorithm())
	}
	key, err := ajwt.ParseKey(s.PublicJWK())
	if err != nil {
		return fmt.Errorf("the public key is not one that verifiers admit: %w", err)
	}
	if !key.Algorithms().Has(alg) {
		return fmt.Errorf("algorithm %s does not fit the key, which verifies %v", s.Algorithm(), key.Algorithms().Names())
	}
	return nil
}

// thumbprint is the RFC 7638 SHA-256 thumbprint of a signer that checkSigner let pass.
func thumbprint(s Signer) (out [32]byte) {
	if key, err := ajwt.ParseKey(s.PublicJWK()); err == nil {
		out = key.Thumbprint()
	}
	return out
}

func thumbprintText(s Signer) string {
	sum := thumbprint(s)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
