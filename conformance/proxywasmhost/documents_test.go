package proxywasmhost

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// largeBundle signs a bundle of about that many bytes: agents, each with a registration and
// a key of its own.
func largeBundle(size int) (compact, jwk string) {
	seed := func(label string) ed25519.PrivateKey {
		sum := sha256.Sum256([]byte(label))
		return ed25519.NewKeyFromSeed(sum[:])
	}
	public := func(k ed25519.PrivateKey) string { return b64(k.Public().(ed25519.PublicKey)) }
	var b strings.Builder
	fmt.Fprintf(&b, `{"iss":"%s","iat":%d,"exp":%d,"version":1,"agents":[`, abitest.Issuer, abitest.Now, abitest.Now+86400)
	for n := 0; b.Len()*4/3 < size-2000; n++ {
		if n > 0 {
			b.WriteString(",")
		}
		name := fmt.Sprintf("agent-%d", n)
		fmt.Fprintf(&b, `{"agent_id":"%s","status":"active","registrations":[{"registration_id":"reg-%d","checksum":"sha256:%x"}],`+
			`"keys":[{"kty":"OKP","crv":"Ed25519","x":"%s"}]}`, name, n, sha256.Sum256([]byte(name)), public(seed(name)))
	}
	b.WriteString(`],"workflows":[{"workflow_id":"w","version":1,"origins":["agent-0"],"delegation":[["agent-0","agent-1"]],"max_depth":2,` +
		`"steps":[{"step_id":"s","agent_id":"agent-1","after":[],"required":true,"approval_gate":false,"requires_approval":false,"scopes":[],"tools":[],"context":[]}]}]}`)
	key := seed("bundle key")
	input := b64([]byte(`{"alg":"Ed25519","typ":"ajwt-bundle+jwt","kid":"b"}`)) + "." + b64([]byte(b.String()))
	return input + "." + b64(ed25519.Sign(key, []byte(input))), fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","kid":"b","x":"%s"}`, public(key))
}

// TestLargestDocuments says what it costs to load the largest bundle that is admitted, and
// holds that one beyond it is refused with a code.
func TestLargestDocuments(t *testing.T) {
	ctx := context.Background()
	for _, row := range []struct {
		size   int
		loaded bool
	}{{1 << 20, true}, {1<<20 + 4096, false}} {
		p := process(t, Newer)
		p.Now = (abitest.Now + 60) * 1e9
		bundle, key := largeBundle(row.size)
		p.Fetch = func(_ string, fields []Field) ([]Field, []byte) {
			for _, f := range fields {
				if f.Value == "/bundle" {
					return []Field{{":status", "200"}}, []byte(bundle)
				}
			}
			return []Field{{":status", "200"}}, abitest.KeySet("as-1")
		}
		config := strings.Replace(string(policy("")), `"jwks_uri"`, `"bundle":{"keys":[`+key+`],"uri":"https://as.example/bundle"},"jwks_uri"`, 1)
		i := instance(t, p, []byte(config))
		began := time.Now()
		require.NoError(t, i.Ticks(ctx))
		elapsed := time.Since(began)
		loaded, _ := p.Metric("ajwt.bundle.loaded")
		refused, _ := p.Metric("ajwt.code.bundle_too_large")
		require.Equal(t, row.loaded, loaded == 1, strings.Join(p.Lines(), "\n"))
		require.Equal(t, row.loaded, refused == 0)
		t.Logf("bundle of %d bytes: loaded %v in %v, linear memory %d MiB", len(bundle), row.loaded, elapsed, i.MemoryBytes()>>20)

		// Another worker takes it from the shared data.
		if row.loaded {
			began = time.Now()
			two := instance(t, p, []byte(config))
			t.Logf("a second worker starts with it in %v, %d MiB", time.Since(began), two.MemoryBytes()>>20)
			ready, _ := p.Metric("ajwt.ready")
			require.Equal(t, int64(1), ready)
		}
	}
}
