package oracle

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/agentic-jwt/ajwt/conformance"
)

// golangJWT decides cases with golang-jwt. What a JOSE library cannot know is added
// as thinly as can be: the issuer's entry of the policy, its key with that kid, and
// how a JWK becomes a key of the standard library.
type golangJWT struct{}

func (golangJWT) Name() string { return "golang-jwt" }
func (golangJWT) Close() error { return nil }

func (golangJWT) Features() conformance.Features {
	return conformance.Features{
		Version: "v5", Operations: []string{"verify"},
		Algorithms: []string{"RS256", "PS256", "ES256", "ES384"},
		Profiles:   []string{"draft-00", "hardened"},
		Extensions: []string{},
	}
}

// issuer is what is read of an issuer in the policy.
type issuer struct {
	Issuer     string          `json:"issuer"`
	Audiences  []string        `json:"audiences"`
	Algorithms []string        `json:"algorithms"`
	JWKS       json.RawMessage `json:"jwks"`
	Skew       *int64          `json:"clock_skew_seconds"`
}

// jwk is what is read of a key. The library knows no JWK, so this is a second reading
// of RFC 7517 and 7518, and as strict as they are.
type jwk struct {
	Kty, Kid, Crv, N, E, X, Y string

	Use, Alg json.RawMessage // absent, or a string
	Ops      json.RawMessage `json:"key_ops"`
}

// minRSABits is the least size of an RSA key (RFC 7518, section 3.3).
const minRSABits = 2048

var errRejected = errors.New("rejected")

// Run implements conformance.Subject.
func (golangJWT) Run(_ context.Context, p *conformance.Prepared) (conformance.Answer, error) {
	if err := decide(p); err != nil {
		return conformance.Answer{Verdict: "reject"}, nil
	}
	return conformance.Answer{Verdict: "accept"}, nil
}

func decide(p *conformance.Prepared) error {
	token, err := bearer(p)
	if err != nil {
		return err
	}
	unverified, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
	if err != nil {
		return err
	}
	iss, err := unverified.Claims.GetIssuer()
	if err != nil {
		return err
	}
	from, keys, err := find(p, iss)
	if err != nil {
		return err
	}
	skew := int64(30)
	if from.Skew != nil {
		skew = *from.Skew
	}
	parser := jwt.NewParser(
		jwt.WithValidMethods(from.Algorithms),
		jwt.WithIssuer(from.Issuer),
		jwt.WithAudience(from.Audiences...),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(time.Duration(skew)*time.Second),
		jwt.WithTimeFunc(func() time.Time { return time.Unix(p.Requests[0].Now, 0) }),
		jwt.WithStrictDecoding(),
		// Not WithJSONNumber: with it the library takes any bytes after the claims.
	)
	_, err = parser.ParseWithClaims(token, jwt.MapClaims{}, func(t *jwt.Token) (any, error) { return keyFor(keys, t) })
	return err
}

// bearer returns the token of the one Authorization field.
func bearer(p *conformance.Prepared) (string, error) {
	var tokens []string
	for _, h := range p.Requests[0].Request.Headers {
		if strings.EqualFold(h.Name, "authorization") {
			_, token, _ := strings.Cut(string(h.Value), " ")
			tokens = append(tokens, token)
		}
	}
	if len(tokens) != 1 {
		return "", errRejected
	}
	return tokens[0], nil
}

// find returns the policy's entry of an issuer and its key set.
func find(p *conformance.Prepared, iss string) (*issuer, []jwk, error) {
	var policy struct {
		Issuers []issuer `json:"issuers"`
	}
	if err := json.Unmarshal(p.Policy, &policy); err != nil {
		return nil, nil, err
	}
	for i := range policy.Issuers {
		if policy.Issuers[i].Issuer != iss {
			continue
		}
		text := []byte(policy.Issuers[i].JWKS)
		if text == nil {
			text = p.Keys[iss]
		}
		var set struct {
			Keys []json.RawMessage `json:"keys"`
		}
		if err := json.Unmarshal(text, &set); err != nil {
			return nil, nil, err
		}
		var keys []jwk
		for _, raw := range set.Keys {
			var k jwk
			if json.Unmarshal(raw, &k) == nil {
				keys = append(keys, k)
			}
		}
		return &policy.Issuers[i], keys, nil
	}
	return nil, nil, errRejected
}

// keyFor is the key function: the key with the token's kid, for signatures with alg.
func keyFor(keys []jwk, t *jwt.Token) (any, error) {
	kid, ok := t.Header["kid"].(string)
	if !ok {
		return nil, errRejected
	}
	for _, k := range keys {
		if k.Kid == kid && is(k.Use, "sig") && is(k.Alg, t.Method.Alg()) && k.verifies() {
			return k.public()
		}
	}
	return nil, errRejected
}

// is tells whether a member is absent or this string.
func is(member json.RawMessage, want string) bool {
	var have string
	return member == nil || member[0] == '"' && json.Unmarshal(member, &have) == nil && have == want
}

// verifies tells whether key_ops is absent, or lists verify and nothing twice
// (RFC 7517, section 4.3).
func (k *jwk) verifies() bool {
	if k.Ops == nil {
		return true
	}
	var ops []*string
	if json.Unmarshal(k.Ops, &ops) != nil {
		return false
	}
	seen := make(map[string]bool)
	for _, op := range ops {
		if op == nil || seen[*op] {
			return false
		}
		seen[*op] = true
	}
	return seen["verify"]
}

// public turns a JWK into a public key.
func (k *jwk) public() (crypto.PublicKey, error) {
	n, err1 := decodeStrict(k.N)
	e, err2 := decodeStrict(k.E)
	x, err3 := decodeStrict(k.X)
	y, err4 := decodeStrict(k.Y)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, err
	}
	switch k.Kty + " " + k.Crv {
	case "RSA ":
		exponent := new(big.Int).SetBytes(e)
		if len(n) == 0 || n[0] == 0 || len(e) == 0 || e[0] == 0 || !exponent.IsInt64() || exponent.Int64() >= 1<<31 {
			return nil, errRejected // RFC 7518, section 2: no zero byte in front
		}
		key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}
		if key.N.BitLen() < minRSABits {
			return nil, errRejected
		}
		return key, nil
	case "EC P-256":
		return point(elliptic.P256(), x, y)
	case "EC P-384":
		return point(elliptic.P384(), x, y)
	}
	return nil, errRejected
}

// decodeStrict decodes base64url without padding; encoding/base64 skips line ends, its
// Strict too.
func decodeStrict(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, errRejected
	}
	return base64.RawURLEncoding.Strict().DecodeString(text)
}

// point returns the key with these coordinates, each as long as the field (RFC 7518,
// section 6.2.1.2).
func point(curve elliptic.Curve, x, y []byte) (crypto.PublicKey, error) {
	if size := (curve.Params().BitSize + 7) / 8; len(x) != size || len(y) != size {
		return nil, errRejected
	}
	return ecdsa.ParseUncompressedPublicKey(curve, append(append([]byte{4}, x...), y...))
}
