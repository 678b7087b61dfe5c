package ajwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"

	"github.com/cloudflare/circl/sign/ed448"
	"github.com/cloudflare/circl/sign/mldsa/mldsa44"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keyPair is a key pair of one algorithm: the JWK, a way to sign, and the bare library
// call that VerifySignature stands on.
type keyPair struct {
	alg  Algorithm
	jwk  string
	sign func(message []byte) []byte
	raw  func(message, signature []byte) bool
}

func ecPair(t testing.TB, alg Algorithm, curve elliptic.Curve, name string, hash func([]byte) []byte) keyPair {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(t, err)
	size := (curve.Params().BitSize + 7) / 8
	point, err := key.PublicKey.Bytes()
	require.NoError(t, err)
	var der []byte
	return keyPair{alg,
		`{"kty":"EC","crv":"` + name + `","x":"` + b64url(point[1:1+size]) + `","y":"` + b64url(point[1+size:]) + `"}`,
		func(m []byte) []byte {
			r, s, err := ecdsa.Sign(rand.Reader, key, hash(m))
			require.NoError(t, err)
			der = derSignature(r, s)
			return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
		},
		func(m, _ []byte) bool { return ecdsa.VerifyASN1(&key.PublicKey, hash(m), der) }}
}

func derSignature(r, s *big.Int) []byte {
	number := func(n *big.Int) []byte {
		b := n.Bytes()
		if len(b) == 0 || b[0] >= 0x80 {
			b = append([]byte{0}, b...)
		}
		return append([]byte{2, byte(len(b))}, b...)
	}
	body := append(number(r), number(s)...)
	return append([]byte{0x30, byte(len(body))}, body...)
}

func hash256(m []byte) []byte { d := sha256.Sum256(m); return d[:] }
func hash384(m []byte) []byte { d := sha512.Sum384(m); return d[:] }

func keyPairs(t testing.TB) []keyPair {
	edPublic, edPrivate, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	public448, private448, err := ed448.GenerateKey(rand.Reader)
	require.NoError(t, err)
	rsaPrivate, rsaJWK := newRSA(t, 2048)
	mlPublic, mlPrivate, err := mldsa44.GenerateKey(rand.Reader)
	require.NoError(t, err)
	pss := &rsa.PSSOptions{SaltLength: 32}
	return []keyPair{
		{AlgEd25519, `{"kty":"OKP","crv":"Ed25519","x":"` + b64url(edPublic) + `"}`,
			func(m []byte) []byte { return ed25519.Sign(edPrivate, m) },
			func(m, s []byte) bool { return ed25519.Verify(edPublic, m, s) }},
		{AlgEd448, `{"kty":"OKP","crv":"Ed448","x":"` + b64url(public448) + `"}`,
			func(m []byte) []byte { return ed448.Sign(private448, m, "") },
			func(m, s []byte) bool { return ed448.Verify(public448, m, s, "") }},
		ecPair(t, AlgES256, elliptic.P256(), "P-256", hash256),
		ecPair(t, AlgES384, elliptic.P384(), "P-384", hash384),
		{AlgRS256, rsaJWK,
			func(m []byte) []byte {
				s, err := rsa.SignPKCS1v15(nil, rsaPrivate, crypto.SHA256, hash256(m))
				require.NoError(t, err)
				return s
			},
			func(m, s []byte) bool {
				return rsa.VerifyPKCS1v15(&rsaPrivate.PublicKey, crypto.SHA256, hash256(m), s) == nil
			}},
		{AlgPS256, rsaJWK,
			func(m []byte) []byte {
				s, err := rsa.SignPSS(rand.Reader, rsaPrivate, crypto.SHA256, hash256(m), pss)
				require.NoError(t, err)
				return s
			},
			func(m, s []byte) bool {
				return rsa.VerifyPSS(&rsaPrivate.PublicKey, crypto.SHA256, hash256(m), s, pss) == nil
			}},
		{AlgMLDSA44, `{"kty":"AKP","alg":"ML-DSA-44","pub":"` + b64url(mlPublic.Bytes()) + `"}`,
			func(m []byte) []byte {
				s := make([]byte, mldsa44.SignatureSize)
				require.NoError(t, mldsa44.SignTo(mlPrivate, m, nil, true, s))
				return s
			},
			func(m, s []byte) bool { return mldsa44.Verify(mlPublic, m, nil, s) }},
	}
}

func mustKey(t testing.TB, jwk string) *Key {
	t.Helper()
	k, err := ParseKey([]byte(jwk))
	require.NoError(t, err)
	return k
}

func TestVerifySignature(t *testing.T) {
	message := []byte("eyJhbGciOiJ4In0.e30")
	all := keyPairs(t)
	for _, s := range all {
		t.Run(s.alg.String(), func(t *testing.T) {
			k := mustKey(t, s.jwk)
			signature := s.sign(message)
			require.True(t, k.VerifySignature(s.alg, message, signature))
			if n := s.alg.SignatureSize(); n != 0 {
				require.Len(t, signature, n)
			}
			for a := range Algorithm(255) {
				if a != s.alg {
					assert.False(t, k.VerifySignature(a, message, signature), a.String())
				}
			}
			for _, other := range all {
				if other.jwk != s.jwk {
					assert.False(t, mustKey(t, other.jwk).VerifySignature(s.alg, message, signature))
				}
			}
			assert.False(t, k.VerifySignature(s.alg, append(message, '.'), signature))
			assert.False(t, k.VerifySignature(s.alg, nil, signature))
			for i := range signature {
				wrong := append([]byte{}, signature...)
				wrong[i] ^= 1 << (i % 8)
				assert.False(t, k.VerifySignature(s.alg, message, wrong), "octet %d", i)
			}
			for _, n := range []int{0, 1, len(signature) / 2, len(signature) - 1} {
				assert.False(t, k.VerifySignature(s.alg, message, signature[:n]), "cut to %d", n)
			}
			assert.False(t, k.VerifySignature(s.alg, message, nil))
			assert.False(t, k.VerifySignature(s.alg, message, append(signature, 0)))
			assert.False(t, k.VerifySignature(s.alg, message, append([]byte{0}, signature...)))
			for _, c := range []byte{0x00, 0x01, 0x7f, 0x80, 0xff} {
				filled := []byte(strings.Repeat(string([]byte{c}), len(signature)))
				assert.False(t, k.VerifySignature(s.alg, message, filled), "all %02x", c)
			}
		})
	}
}

func TestVerifySignatureWithoutKey(t *testing.T) {
	var none *Key
	for a := range Algorithm(255) {
		assert.False(t, none.VerifySignature(a, nil, nil))
		assert.False(t, new(Key).VerifySignature(a, nil, make([]byte, a.SignatureSize())))
	}
}

// r and s at the edges of 1..n-1, and the one case where the DER has to be minimal.
func TestECDSARange(t *testing.T) {
	for _, row := range []struct {
		alg   Algorithm
		jwk   string
		order *big.Int
		text  string
	}{
		{AlgES256, jwkP256, elliptic.P256().Params().N, p256Order},
		{AlgES384, jwkP384, elliptic.P384().Params().N, p384Order},
	} {
		require.Equal(t, row.order.Bytes(), []byte(row.text))
		k, size := mustKey(t, row.jwk), len(row.text)
		fill := func(n *big.Int) []byte { return n.FillBytes(make([]byte, size)) }
		zero, one := big.NewInt(0), big.NewInt(1)
		top := new(big.Int).Sub(new(big.Int).Lsh(one, uint(size*8)), one)
		for _, r := range []*big.Int{zero, one, new(big.Int).Sub(row.order, one), row.order, new(big.Int).Add(row.order, one), top} {
			for _, s := range []*big.Int{zero, one, new(big.Int).Sub(row.order, one), row.order, top} {
				assert.False(t, k.VerifySignature(row.alg, []byte("m"), append(fill(r), fill(s)...)))
			}
		}
	}
	// Numbers of every length: sign until r or s has a leading zero octet, twice.
	s := ecPair(t, AlgES256, elliptic.P256(), "P-256", hash256)
	k, short := mustKey(t, s.jwk), 0
	for i := 0; short < 2 && i < 5000; i++ {
		message := []byte{byte(i), byte(i >> 8)}
		signature := s.sign(message)
		if signature[0] == 0 || signature[32] == 0 {
			short++
			require.True(t, k.VerifySignature(AlgES256, message, signature))
		}
	}
	require.Equal(t, 2, short)
}

func TestRSAPaddings(t *testing.T) {
	private, jwk := newRSA(t, 2048)
	k, message := mustKey(t, jwk), []byte("m")
	for _, salt := range []int{rsa.PSSSaltLengthAuto, 0, 1, 20, 31, 33, 64} {
		if salt == 0 {
			salt = -2 // zero means auto to the library; an empty salt cannot be asked for
		}
		if salt < rsa.PSSSaltLengthEqualsHash {
			continue
		}
		s, err := rsa.SignPSS(rand.Reader, private, crypto.SHA256, hash256(message), &rsa.PSSOptions{SaltLength: salt})
		require.NoError(t, err)
		require.NoError(t, rsa.VerifyPSS(&private.PublicKey, crypto.SHA256, hash256(message), s, nil))
		assert.False(t, k.VerifySignature(AlgPS256, message, s), "salt of %d", salt)
	}
	s, err := rsa.SignPKCS1v15(nil, private, crypto.SHA384, hash384(message))
	require.NoError(t, err)
	assert.False(t, k.VerifySignature(AlgRS256, message, s), "SHA-384")
	s, err = rsa.SignPKCS1v15(nil, private, 0, hash256(message))
	require.NoError(t, err)
	assert.False(t, k.VerifySignature(AlgRS256, message, s), "no DigestInfo")
}

// Published signatures, one for each algorithm that Wycheproof's files here lack.
func TestPublishedSignatures(t *testing.T) {
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		require.NoError(t, err)
		return b
	}
	unb64 := func(s string) []byte {
		b, ok := appendBase64URL(nil, []byte(s))
		require.True(t, ok)
		return b
	}
	for _, row := range []struct {
		name      string
		alg       Algorithm
		jwk       string
		message   string
		signature []byte
	}{
		{"RFC 8037 A.4", AlgEd25519, jwkEd25519, "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
			unb64("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg")},
		{"RFC 8032 7.4, 1 octet", AlgEd448, jwkEd448, "\x03",
			unhex("26b8f91727bd62897af15e41eb43c377efb9c610d48f2335cb0bd0087810f4352541b143c4b981b7e18f62de8ccdf633fc1bf037ab7cd779805e0dbcc0aae1cbcee1afb2e027df36bc04dcecbf154336c19f0af7e0a6472905e799f1953d2a0ff3348ab21aa4adafd1d234441cf807c03a00")},
		{"RFC 7515 A.3", AlgES256, `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`,
			"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
			unb64("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")},
		{"RFC 6979 A.2.6, SHA-384, sample", AlgES384, jwkP384, "sample",
			unhex("94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46" +
				"99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8")},
	} {
		t.Run(row.name, func(t *testing.T) {
			assert.True(t, mustKey(t, row.jwk).VerifySignature(row.alg, []byte(row.message), row.signature))
		})
	}
	// RFC 9964, ML-DSA-44: the example's signature is deterministic, so its 2,420
	// octets are made again from the seed of all zeros and compared at both ends.
	t.Run("RFC 9964", func(t *testing.T) {
		_, private := mldsa44.NewKeyFromSeed(new([mldsa44.SeedSize]byte))
		message := []byte("eyJhbGciOiJNTC1EU0EtNDQiLCJraWQiOiJUNHhsNzBTN01UNlplcTZyOVY5ZlBKR1ZuNzZ3Zm5YSjIxLWd5bzBHdTZvIn0." +
			"SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4")
		signature := make([]byte, mldsa44.SignatureSize)
		require.NoError(t, mldsa44.SignTo(private, message, nil, false, signature))
		require.True(t, strings.HasPrefix(b64url(signature), "knI1Q_9CIzLH5Xy94Kkc7WVKqZcAgtJ3mNf0GUj1uLA6YXAWFJfXkh-zQxUtEl3U"))
		require.True(t, strings.HasSuffix(b64url(signature), "zdKWVplcHJ6jKmrsbrEztHd9QAAAAAAAAAAAAAAABIfMEQ"))
		assert.True(t, mustKey(t, jwkMLDSA44).VerifySignature(AlgMLDSA44, message, signature))
	})
}

// VerifySignature adds no allocation to the library's own, but for the DER of ECDSA.
func TestVerifySignatureAllocations(t *testing.T) {
	message := []byte(strings.Repeat("m", 600))
	for _, s := range keyPairs(t) {
		k, signature := mustKey(t, s.jwk), s.sign(message)
		k.VerifySignature(s.alg, message, signature) // ML-DSA expands its key once
		raw := testing.AllocsPerRun(20, func() { s.raw(message, signature) })
		ours := testing.AllocsPerRun(20, func() { k.VerifySignature(s.alg, message, signature) })
		t.Log(s.alg, raw, ours)
		assert.LessOrEqual(t, ours, raw+1, s.alg.String())
	}
}

func BenchmarkVerifySignature(b *testing.B) {
	message := []byte(strings.Repeat("m", 600))
	for _, s := range keyPairs(b) {
		k, signature := mustKey(b, s.jwk), s.sign(message)
		b.Run(s.alg.String()+"/raw", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.raw(message, signature)
			}
		})
		b.Run(s.alg.String()+"/core", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				k.VerifySignature(s.alg, message, signature)
			}
		})
	}
}
