package receipts

import (
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

var updateExample = flag.Bool("update-example", false, "write testdata/example.* anew")

// TestExample pins the format: the bytes of testdata/example.jsonl, which
// spec/receipts.md shows, follow from a key of a fixed seed.
func TestExample(t *testing.T) {
	s, err := newSigner(testKey(1), "")
	require.NoError(t, err)
	var text, prev = "", Hash{}
	log := base64.RawURLEncoding.EncodeToString([]byte("0123456789abcdef"))
	for i, r := range []*record{
		{kind: kindHeader, log: log, every: 1000},
		{kind: kindCheckpoint},
		{kind: kindDecision, decision: (&ajwt.Decision{Verdict: ajwt.Accept, Level: ajwt.LevelJWT, Issuer: "https://as.example", Agent: "patcher", Route: "read"}).AppendRecord(nil)},
		{kind: kindResume, cut: 17},
		{kind: kindCheckpoint},
	} {
		r.seq, r.prev, r.time = int64(i), prev, fmt.Sprintf("2026-01-01T00:00:%02d.000Z", i)
		if r.kind == kindCheckpoint {
			require.NoError(t, s.sign(log, r))
		}
		line := r.append(nil)
		prev = sha256.Sum256(line)
		text += string(line) + "\n"
	}
	jwk := fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","alg":"Ed25519","x":"%s"}`+"\n",
		base64.RawURLEncoding.EncodeToString(testKey(1)[32:]))
	if *updateExample {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile("testdata/example.jsonl", []byte(text), 0o644))
		require.NoError(t, os.WriteFile("testdata/example.jwk", []byte(jwk), 0o644))
	}
	require.Equal(t, text, read(t, "testdata/example.jsonl"))
	require.Equal(t, jwk, read(t, "testdata/example.jwk"))
	key, err := ajwt.ParseKey([]byte(jwk))
	require.NoError(t, err)
	r := verifyText(VerifyOptions{Keys: []*ajwt.Key{key}, Head: &Head{4, prev}}, text)
	require.True(t, r.Valid, r.Fault)
	page := read(t, "../../spec/receipts.md")
	require.Contains(t, page, text, "the example of the page")
	require.Contains(t, page, strings.TrimSpace(jwk))
	require.Contains(t, page, prev.String())
}
