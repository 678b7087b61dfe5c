package ajwt

import (
	"crypto/ed25519"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A key is remembered after a proof by it held, and only then; what is remembered verifies
// as what was read.
func TestKeyCache(t *testing.T) {
	v := newTestVerifier(t, testPolicy("hardened", hardenedRoute, ""), Options{})
	jwk := []byte(agentKey.jwk)
	stranger := newSigner("stranger")
	request := func(s signer, jti string) *Request {
		r := withProof(boundToken(), jti)
		r.Headers[1].Value = s.proof(boundToken(), "GET", "https://api.example/repos/a", jti, testNow)
		return r
	}
	require.Equal(t, CodeProofBindingMismatch, v.Verify(request(stranger, "p1")).Code)
	require.Nil(t, v.keys.find([]byte(stranger.jwk)))

	forged := request(agentKey, "p2")
	forged.Headers[1].Value = forged.Headers[1].Value[:len(forged.Headers[1].Value)-8] + "AAAAAAAA"
	require.NotZero(t, v.Verify(forged).Code)
	require.Nil(t, v.keys.find(jwk))

	require.Zero(t, v.Verify(request(agentKey, "p3")).Code)
	key := v.keys.find(jwk)
	require.NotNil(t, key)
	require.Equal(t, agentKey.thumb, b64(key.thumbprint[:]))
	require.Zero(t, v.Verify(request(agentKey, "p4")).Code)
	require.NotZero(t, v.Verify(forged).Code, "a known key does not make a signature hold")
	require.Same(t, key, v.keys.find(jwk))

	// The bytes count, not what they mean: another spelling is read anew.
	require.Nil(t, v.keys.find([]byte(strings.Replace(agentKey.jwk, `"kty"`, ` "kty"`, 1))))
	require.Nil(t, v.keys.find(append(jwk, ' ')))
	require.Nil(t, v.keys.find(nil))
}

func TestKeyCacheIsBounded(t *testing.T) {
	var c keyCache
	held := 0
	for i := range 4 * keyCacheSlots {
		s := newSigner(fmt.Sprint(i))
		key, err := ParseKey([]byte(s.jwk))
		require.NoError(t, err)
		c.remember([]byte(s.jwk), key)
		require.True(t, c.find([]byte(s.jwk)).VerifySignature(AlgEd25519, []byte("x"), ed25519.Sign(s.private, []byte("x"))))
	}
	for i := range 4 * keyCacheSlots {
		if c.find([]byte(newSigner(fmt.Sprint(i)).jwk)) != nil {
			held++
		}
	}
	require.Greater(t, held, keyCacheSlots/2)
	require.LessOrEqual(t, held, keyCacheSlots)
	long := []byte(strings.Repeat("x", keyCacheText+1))
	c.remember(long, &Key{})
	require.Nil(t, c.find(long))
}
