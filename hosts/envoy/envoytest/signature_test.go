//go:build envoy

package envoytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

// TestSignaturesAtTheBounds holds that Envoy's verify_signature takes every RSA key that a
// policy admits, and every form of ES256 that core takes: verdicts are core's.
func TestSignaturesAtTheBounds(t *testing.T) {
	var keys []string
	var tokens []signedToken
	for _, row := range []struct {
		bits     int
		exponent int64
	}{{2048, 65537}, {2048, 3}, {2049, 65537}, {2055, 5}, {3072, 1<<31 - 1}, {4096, 65537}, {4097, 3}, {8191, 65537}, {8192, 1<<31 - 1}} {
		k := newManyPrimes(t, row.bits, row.exponent)
		kid := fmt.Sprintf("rsa-%d-%d", row.bits, row.exponent)
		keys = append(keys, fmt.Sprintf(`{"kty":"RSA","kid":%q,"n":%q,"e":%q}`, kid, b64(k.n.Bytes()), b64(k.e.Bytes())))
		tokens = append(tokens, signedToken{kid, "RS256", k.sign, true})
		tokens = append(tokens, signedToken{kid, "RS256", func(text string) []byte { return changed(k.sign(text)) }, false})
		tokens = append(tokens, signedToken{kid, "RS256", func(text string) []byte { // the same number, from beyond the modulus
			s := new(big.Int).Add(new(big.Int).SetBytes(k.sign(text)), k.n)
			if s.BitLen() > 8*((row.bits+7)/8) {
				return changed(k.sign(text))
			}
			return s.FillBytes(make([]byte, (row.bits+7)/8))
		}, false})
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	point, err := private.PublicKey.Bytes()
	require.NoError(t, err)
	keys = append(keys, fmt.Sprintf(`{"kty":"EC","crv":"P-256","kid":"ec","x":%q,"y":%q}`, b64(point[1:33]), b64(point[33:])))
	order := elliptic.P256().Params().N
	for name, change := range map[string]func(r, s *big.Int) (*big.Int, *big.Int){
		"s":           func(r, s *big.Int) (*big.Int, *big.Int) { return r, s },
		"other s":     func(r, s *big.Int) (*big.Int, *big.Int) { return r, new(big.Int).Sub(order, s) },
		"no r":        func(_, s *big.Int) (*big.Int, *big.Int) { return new(big.Int), s },
		"no s":        func(r, _ *big.Int) (*big.Int, *big.Int) { return r, new(big.Int) },
		"r the order": func(_, s *big.Int) (*big.Int, *big.Int) { return order, s },
		"one each":    func(_, _ *big.Int) (*big.Int, *big.Int) { return big.NewInt(1), big.NewInt(1) },
	} {
		tokens = append(tokens, signedToken{"ec", "ES256", func(text string) []byte {
			digest := sha256.Sum256([]byte(text))
			r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
			require.NoError(t, err)
			r, s = change(r, s)
			return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}, strings.HasSuffix(name, "s") && name != "no s"})
	}

	text := string(abitest.Policy())
	text = replaced(t, text, `"algorithms":["Ed25519"]`, `"algorithms":["RS256","ES256"]`, 1)
	text = replaced(t, text, string(abitest.KeySet("as-1")), `{"keys":[`+strings.Join(keys, ",")+`]}`, 1)
	text = `{"replay":{"cold_start":"allow"},` + text[1:]
	policy, err := ajwt.ParsePolicy([]byte(text))
	require.NoError(t, err)
	p := start(t, text, options{})
	p.ready()
	for i, token := range tokens {
		v, err := ajwt.NewVerifier(policy, ajwt.Options{})
		require.NoError(t, err)
		now := time.Now().Unix()
		q := abitest.RequestWith(abitest.Repository, now, next(), token.make(now), "")
		d := v.Verify(q)
		require.Equal(t, token.holds, d.Verdict == ajwt.Accept, "%d %s: core says %s", i, token.kid, d.Code)
		a := p.send(q, nil, nil)
		require.Equal(t, token.holds, a.reached, "%d %s: %s", i, token.kid, a.body)
		if !token.holds {
			require.Equal(t, "signature_invalid", a.code)
		}
	}
}

// signedToken is how a token is signed, and whether that holds.
type signedToken struct {
	kid, alg string
	sign     func(text string) []byte
	holds    bool
}

func (s *signedToken) make(now int64) string {
	_, rest, _ := strings.Cut(abitest.Token(now), ".")
	payload, _, _ := strings.Cut(rest, ".")
	text := b64([]byte(fmt.Sprintf(`{"alg":%q,"typ":"at+jwt","kid":%q}`, s.alg, s.kid))) + "." + payload
	return text + "." + b64(s.sign(text))
}

// manyPrimes is an RSA key of several primes, which are found sooner than two long ones;
// whoever verifies cannot tell.
type manyPrimes struct{ n, e, d *big.Int }

func newManyPrimes(t *testing.T, bits int, exponent int64) *manyPrimes {
	t.Helper()
	one := big.NewInt(1)
	k := &manyPrimes{e: big.NewInt(exponent)}
	prime := func(bits int) *big.Int {
		for {
			p, err := rand.Prime(rand.Reader, bits)
			require.NoError(t, err)
			if rest := new(big.Int).Sub(p, one); new(big.Int).GCD(nil, nil, rest, k.e).Cmp(one) == 0 {
				return p
			}
		}
	}
	for k.n == nil || k.n.BitLen() != bits {
		k.n, k.d = big.NewInt(1), big.NewInt(1) // d is the order of the group at first
		for left := bits; left > 0; left = bits - k.n.BitLen() + 1 {
			p := prime(min(left, 512))
			if left > 512 && left < 640 {
				p = prime(256)
			}
			k.n.Mul(k.n, p)
			k.d.Mul(k.d, new(big.Int).Sub(p, one))
			if k.n.BitLen() >= bits {
				break
			}
		}
	}
	k.d.ModInverse(k.e, k.d)
	return k
}

// sign is RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 9.2).
func (k *manyPrimes) sign(text string) []byte {
	size := (k.n.BitLen() + 7) / 8
	digest := sha256.Sum256([]byte(text))
	info := append([]byte("\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"), digest[:]...)
	padded := append([]byte{0, 1}, strings.Repeat("\xff", size-3-len(info))...)
	padded = append(append(padded, 0), info...)
	return new(big.Int).Exp(new(big.Int).SetBytes(padded), k.d, k.n).FillBytes(make([]byte, size))
}

// changed has another last bit.
func changed(signature []byte) []byte {
	signature[len(signature)-1] ^= 1
	return signature
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
