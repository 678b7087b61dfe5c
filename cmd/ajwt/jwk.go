package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	"github.com/agentic-jwt/ajwt/core/strictjson"
	"github.com/cloudflare/circl/sign/ed448"
	"github.com/cloudflare/circl/sign/mldsa/mldsa44"
)

// signingKey is a private key of this program's own files.
type signingKey struct {
	alg    algorithm
	kid    string
	signer crypto.Signer
}

// jwkMember is one member of a JWK.
type jwkMember struct{ name, value string }

// jwkText writes a JWK as one line of JSON, its members in the given order.
func jwkText(members []jwkMember) []byte {
	out := []byte{'{'}
	for i, m := range members {
		if i > 0 {
			out = append(out, ',')
		}
		value, _ := json.Marshal(m.value) // a string always marshals
		out = append(append(append(out, '"'), m.name...), `":`...)
		out = append(out, value...)
	}
	return append(out, '}')
}

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// thumbprintMembers are the members that RFC 7638, section 3.2, and RFC 9964 hash,
// in lexicographic order: the public key and nothing else.
func (k *signingKey) thumbprintMembers() []jwkMember {
	switch pub := k.signer.Public().(type) {
	case ed25519.PublicKey:
		return []jwkMember{{"crv", "Ed25519"}, {"kty", "OKP"}, {"x", base64url(pub)}}
	case ed448.PublicKey:
		return []jwkMember{{"crv", "Ed448"}, {"kty", "OKP"}, {"x", base64url(pub)}}
	case *ecdsa.PublicKey:
		point, _ := pub.Bytes() // 4, then x and y; the key was generated or checked here
		half := len(point) / 2
		return []jwkMember{{"crv", k.alg.crv}, {"kty", "EC"}, {"x", base64url(point[1 : 1+half])}, {"y", base64url(point[1+half:])}}
	case *rsa.PublicKey:
		return []jwkMember{{"e", base64url(big.NewInt(int64(pub.E)).Bytes())}, {"kty", "RSA"}, {"n", base64url(pub.N.Bytes())}}
	case *mldsa44.PublicKey:
		return []jwkMember{{"alg", "ML-DSA-44"}, {"kty", "AKP"}, {"pub", base64url(pub.Bytes())}}
	}
	return nil
}

// thumbprint is the RFC 7638 SHA-256 thumbprint in base64url.
func (k *signingKey) thumbprint() string {
	sum := sha256.Sum256(jwkText(k.thumbprintMembers()))
	return base64url(sum[:])
}

// privateMembers are what a JWK adds to keep the private key.
func (k *signingKey) privateMembers() []jwkMember {
	switch key := k.signer.(type) {
	case ed25519.PrivateKey:
		return []jwkMember{{"d", base64url(key.Seed())}}
	case ed448.PrivateKey:
		return []jwkMember{{"d", base64url(key.Seed())}}
	case *ecdsa.PrivateKey:
		d, _ := key.Bytes()
		return []jwkMember{{"d", base64url(d)}}
	case *rsa.PrivateKey:
		pre := key.Precomputed
		return []jwkMember{
			{"d", base64url(key.D.Bytes())}, {"p", base64url(key.Primes[0].Bytes())}, {"q", base64url(key.Primes[1].Bytes())},
			{"dp", base64url(pre.Dp.Bytes())}, {"dq", base64url(pre.Dq.Bytes())}, {"qi", base64url(pre.Qinv.Bytes())},
		}
	case *mldsa44.PrivateKey:
		return []jwkMember{{"priv", base64url(key.Seed())}}
	}
	return nil
}

// publicJWK is the public key with kid, alg and use, for a key set.
func (k *signingKey) publicJWK() []byte { return jwkText(k.describe(nil)) }

// privateJWK is the whole key.
func (k *signingKey) privateJWK() []byte { return jwkText(k.describe(k.privateMembers())) }

func (k *signingKey) describe(private []jwkMember) []jwkMember {
	members := []jwkMember{{"kid", k.kid}, {"alg", k.alg.name}, {"use", "sig"}}
	for _, m := range k.thumbprintMembers() {
		if m.name != "alg" {
			members = append(members, m)
		}
	}
	return append(members, private...)
}

// readSigningKey reads the private JWK of the file that a flag names. override, if
// not "", is the algorithm to use; it must fit the key.
func (c *call) readSigningKey(by, path, override string) (*signingKey, error) {
	data, err := c.readFile(by, path)
	if err != nil {
		return nil, err
	}
	k, err := parseSigningKey(data, override)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", by, quote(path, 200), err)
	}
	return k, nil
}

func parseSigningKey(data []byte, override string) (*signingKey, error) {
	doc, err := parseJSON("private JWK", data)
	if err != nil {
		return nil, err
	}
	root := doc.Root()
	if root.Member("keys").Exists() {
		return nil, errors.New("this is a JWK Set; want one private JWK, as 'ajwt keygen' writes it")
	}
	k := &signingKey{kid: string(root.Member("kid").Bytes())}
	if k.alg, err = keyAlgorithm(root, override); err != nil {
		return nil, err
	}
	switch k.alg.kty {
	case "OKP":
		err = k.readOKP(root)
	case "EC":
		err = k.readEC(root)
	case "RSA":
		err = k.readRSA(root)
	case "AKP":
		err = k.readAKP(root)
	}
	if err != nil {
		return nil, err
	}
	for _, m := range k.thumbprintMembers() {
		if v := root.Member(m.name); v.Exists() && m.name != "alg" && !v.Is(m.value) {
			return nil, fmt.Errorf("member %s does not belong to the private key", m.name)
		}
	}
	if k.kid == "" {
		k.kid = k.thumbprint()
	}
	return k, nil
}

// keyAlgorithm settles the algorithm: the override, the JWK's own alg, or the only
// one that fits its type and curve.
func keyAlgorithm(root strictjson.Value, override string) (algorithm, error) {
	kty, crv := string(root.Member("kty").Bytes()), string(root.Member("crv").Bytes())
	if kty == "" {
		return algorithm{}, errors.New("member kty is missing; want a private JWK, as 'ajwt keygen' writes it")
	}
	name := override
	if name == "" {
		name = string(root.Member("alg").Bytes())
	}
	if name == "" || name == "EdDSA" {
		for _, a := range algorithms {
			if a.kty == kty && a.crv == crv && a.crv != "" {
				return a, nil
			}
		}
		return algorithm{}, fmt.Errorf("member alg is missing and kty %s with crv %s does not settle it; want one of %s", quote(kty, 20), quote(crv, 20), algorithmNames())
	}
	a, err := findAlgorithm(name)
	switch {
	case err != nil:
		return algorithm{}, err
	case a.kty != kty || a.crv != crv:
		return algorithm{}, fmt.Errorf("algorithm %s does not fit a key of kty %s and crv %s", name, quote(kty, 20), quote(crv, 20))
	}
	return a, nil
}

// jwkBytes decodes a mandatory member of a private JWK, of exactly size bytes unless
// that is 0.
func jwkBytes(root strictjson.Value, name string, size int) ([]byte, error) {
	v := root.Member(name)
	if !v.Exists() {
		if name == "d" || name == "priv" {
			return nil, fmt.Errorf("member %s is missing: this is no private key", name)
		}
		return nil, fmt.Errorf("member %s is missing", name)
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(string(v.Bytes()))
	if err != nil || len(b) == 0 || size != 0 && len(b) != size {
		if size != 0 {
			return nil, fmt.Errorf("member %s: want the base64url of %d bytes", name, size)
		}
		return nil, fmt.Errorf("member %s: want base64url", name)
	}
	return b, nil
}

func (k *signingKey) readOKP(root strictjson.Value) error {
	size := ed25519.SeedSize
	if k.alg.crv == "Ed448" {
		size = ed448.SeedSize
	}
	seed, err := jwkBytes(root, "d", size)
	if err != nil {
		return err
	}
	if k.alg.crv == "Ed448" {
		k.signer = ed448.NewKeyFromSeed(seed)
	} else {
		k.signer = ed25519.NewKeyFromSeed(seed)
	}
	return nil
}

func (k *signingKey) readEC(root strictjson.Value) error {
	curve := elliptic.P256()
	if k.alg.crv == "P-384" {
		curve = elliptic.P384()
	}
	d, err := jwkBytes(root, "d", (curve.Params().BitSize+7)/8)
	if err != nil {
		return err
	}
	key, err := ecdsa.ParseRawPrivateKey(curve, d)
	if err != nil {
		return errors.New("member d: not a private key of the curve")
	}
	k.signer = key
	return nil
}

// RSA moduli that are admitted, in bits, as in a policy's key sets.
const (
	leastRSABits = 2048
	mostRSABits  = 8192
)

func (k *signingKey) readRSA(root strictjson.Value) error {
	if root.Member("oth").Exists() {
		return errors.New("member oth: keys of more than two primes are not supported")
	}
	var numbers [5]*big.Int
	for i, name := range [...]string{"d", "n", "e", "p", "q"} {
		b, err := jwkBytes(root, name, 0)
		if err != nil {
			return err
		}
		if len(b) > mostRSABits/8 {
			return fmt.Errorf("member %s: longer than %d bits", name, mostRSABits)
		}
		numbers[i] = new(big.Int).SetBytes(b)
	}
	n, e := numbers[1], numbers[2]
	if n.BitLen() < leastRSABits {
		return fmt.Errorf("member n: want %d to %d bits, have %d", leastRSABits, mostRSABits, n.BitLen())
	}
	if e.BitLen() > 31 {
		return errors.New("member e: want an odd exponent from 3 to 2^31-1")
	}
	key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: n, E: int(e.Int64())}, D: numbers[0], Primes: numbers[3:]}
	key.Precompute()
	if err := key.Validate(); err != nil {
		return errors.New("not a consistent RSA key: " + err.Error())
	}
	k.signer = key
	return nil
}

func (k *signingKey) readAKP(root strictjson.Value) error {
	seed, err := jwkBytes(root, "priv", mldsa44.SeedSize)
	if err != nil {
		return err
	}
	_, key := mldsa44.NewKeyFromSeed((*[mldsa44.SeedSize]byte)(seed))
	k.signer = key
	return nil
}
