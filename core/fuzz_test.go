package ajwt

import (
	"crypto/ed25519"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzParseCompact: what parses gives back its own bytes, decodes to what an
// independent decoder reads, and never comes together with an error.
func FuzzParseCompact(f *testing.F) {
	f.Add([]byte(testToken("")))
	f.Add([]byte(boundToken()))
	f.Add([]byte("a.b.c"))
	f.Add([]byte(issuerKey.sign(`{"alg":"none","kid":"k"}`, `{}`)))
	f.Fuzz(func(t *testing.T, token []byte) {
		c, err := ParseCompact(token)
		require.Equal(t, c == nil, err != nil)
		if err != nil {
			require.True(t, err.(CodeError).Code.Known())
			return
		}
		parts := strings.Split(string(token), ".")
		require.Len(t, parts, 3)
		require.Equal(t, parts[0]+"."+parts[1], string(c.SigningInput))
		for i, decoded := range [][]byte{c.Header, c.Payload, c.Signature} {
			require.Equal(t, parts[i], b64(decoded), "one encoding for one value")
		}
		var header map[string]any
		require.NoError(t, json.Unmarshal(c.Header, &header))
		require.NotContains(t, header, "crit")
	})
}

// FuzzVerify: without a signature by one of the test's keys nothing is accepted, and
// no input makes the verifier fail. The fuzzer changes token, proof, target and field
// values of a request that would pass.
func FuzzVerify(f *testing.F) {
	token := boundToken()
	proof := agentKey.proof(token, "GET", "https://api.example/repos/a", "p", testNow)
	f.Add(token, proof, "/repos/a?x=1", "GET", "api.example", int64(testNow))
	f.Add(testToken(""), "", "/repos/%61", "GET", "API.example:443", int64(testNow+300))
	f.Add(token, proof+".x", "/a/../b", "POST", "[::1]", int64(-1))
	public := issuerKey.private.Public().(ed25519.PublicKey)
	f.Fuzz(func(t *testing.T, token, proof, target, method, authority string, now int64) {
		for _, policy := range []string{testPolicy("hardened", hardenedRoute, ""), testPolicy("draft-00", bearerRoute, "")} {
			v := newTestVerifier(t, policy, Options{Replay: NewReplayMemory(4, 4, 0), SignatureCache: NewSignatureCache(1)})
			headers := []Header{{"Authorization", "DPoP " + token}}
			if proof != "" {
				headers = append(headers, Header{"DPoP", proof})
			} else {
				headers[0].Value = "Bearer " + token
			}
			req := &Request{Method: method, Scheme: "https", Authority: authority, Target: target, Headers: headers, Now: now}
			d := v.Verify(req)
			require.NotEqual(t, CodeInternalPanic, d.Code)
			require.True(t, d.Code == 0 || d.Code.Known())
			require.Equal(t, d.Code == 0, d.Verdict == Accept)
			require.True(t, json.Valid(d.AppendRecord(nil)))
			if d.Allows() {
				dot := strings.LastIndexByte(token, '.')
				c, err := ParseCompact([]byte(token))
				require.NoError(t, err)
				require.True(t, ed25519.Verify(public, []byte(token[:dot]), c.Signature))
				require.True(t, now > testNow-100 && now < testNow+400)
			}
			again := v.Verify(req)
			require.False(t, proof != "" && again.Allows(), "a proof passes once")
		}
	})
}
