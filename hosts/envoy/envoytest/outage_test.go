//go:build envoy

package envoytest

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

// other is an issuer of the test beside abitest's.
func other(n int) string { return fmt.Sprintf("https://other-%d.example", n) }

// tokenOf is a token of an issuer with a key id; its signature is none.
func tokenOf(issuer, kid string) string {
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	now := time.Now().Unix()
	return part(fmt.Sprintf(`{"alg":"Ed25519","typ":"at+jwt","kid":%q}`, kid)) + "." + part(fmt.Sprintf(
		`{"iss":%q,"aud":%q,"sub":"patcher","iat":%d,"exp":%d,"jti":"t","scope":"repo:read","cnf":{"jkt":"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"}}`,
		issuer, abitest.Audience, now, now+300)) + "." + part(strings.Repeat("s", 64))
}

// refusals are answers of a key server that are not taken, and what the log says of them.
var refusals = []struct {
	says string
	http.HandlerFunc
}{
	{"status is not 200", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }},
	{"status is not 200", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(abitest.KeySet("new"))
	}},
	{"status is not 200", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write(abitest.KeySet("new"))
	}},
	{"the answer is encoded", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write(abitest.KeySet("new"))
		_ = z.Close()
	}},
	{"keys_too_large", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(append(abitest.KeySet("new"), bytes.Repeat([]byte(" "), 1<<20)...))
	}},
	{"no answer", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10000")
		_, _ = w.Write(abitest.KeySet("new"))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler) // cut off
	}},
	{"keys_json_invalid", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{") }},
}

// lines are those of the log that hold a text.
func (p *proxy) lines(text string) (found string) {
	for _, line := range strings.Split(p.stdout.String(), "\n") {
		if strings.Contains(line, text) {
			found += line + "\n"
		}
	}
	return found
}

// Without a key set everything is refused with a code, and a metric says so; as soon as the
// key server is back, requests pass. Then key sets that cannot be had whole, from where they
// were asked for, are not taken: what is in force stays, and the log says why. A token with a
// key id that is not known makes the filter ask out of turn.
func TestKeyServerOutage(t *testing.T) {
	t.Parallel()
	text := policy("")
	var more strings.Builder
	for n := range refusals {
		fmt.Fprintf(&more, `,{"issuer":%q,"audiences":[%q],"algorithms":["Ed25519"],"jwks_uri":"https://as.example/other/%d"}`, other(n), abitest.Audience, n)
	}
	end := "jwks.json\"}]"
	require.Equal(t, 1, strings.Count(text, end))
	text = strings.Replace(text, end, "jwks.json\"}"+more.String()+"]", 1)
	p := start(t, text, options{keysStatus: http.StatusServiceUnavailable})
	for range 5 {
		a := p.send(fresh(), nil, nil)
		require.Equal(t, 503, a.status)
		require.Equal(t, "key_set_missing", a.code)
		require.False(t, a.reached)
	}
	require.Eventually(t, func() bool { return p.metric("ajwt.keys.failed") > 0 }, 60*time.Second, 50*time.Millisecond)
	require.Zero(t, p.metric("ajwt.ready"))
	p.keys.set(200)
	p.ready()
	require.Equal(t, 200, p.send(fresh(), nil, nil).status)
	// From now on the key servers misbehave, each in its own way.
	p.keys.first(func(w http.ResponseWriter, r *http.Request) bool {
		var n int
		if _, err := fmt.Sscanf(r.URL.Path, "/other/%d", &n); err != nil {
			return false
		}
		refusals[n].HandlerFunc(w, r)
		return true
	})
	ask := func(n int, kid string) string {
		return p.send(fresh(), nil, func(r *http.Request) { r.Header.Set("authorization", "DPoP "+tokenOf(other(n), kid)) }).code
	}
	for n, refusal := range refusals {
		want := fmt.Sprintf("https://as.example/other/%d: ", n)
		require.Eventually(t, func() bool {
			if code := ask(n, "unknown"); code != "key_kid_unknown" {
				t.Fatalf("%d: %s", n, code)
			}
			return strings.Contains(p.lines(want), refusal.says)
		}, 60*time.Second, 100*time.Millisecond, "%d: %s", n, refusal.says)
		require.Equal(t, "signature_invalid", ask(n, "as-1"), "the key set before stays")
		require.Equal(t, "key_kid_unknown", ask(n, "new"))
	}
	require.Positive(t, p.metric("ajwt.code.keys_too_large"))
	require.Equal(t, 1, p.metric("ajwt.ready"))
	require.Equal(t, 200, p.send(fresh(), nil, nil).status)
}

// A bundle that is longer than the policy admits is refused with a code.
func TestLargerBundle(t *testing.T) {
	t.Parallel()
	p := start(t, policyWithBundle(""), options{bundle: abitest.Bundle(1<<20+4096, 1, time.Now().Unix())})
	require.Eventually(t, func() bool { return p.metric("ajwt.code.bundle_too_large") > 0 }, 30*time.Second, 100*time.Millisecond)
	require.Contains(t, p.stdout.String(), "bundle_too_large: want at most 1048576 bytes")
	require.Zero(t, p.metric("ajwt.ready"))
	require.Zero(t, p.metric("ajwt.bundle.loaded"))
}

// With FAIL_CLOSED a worker that trapped refuses everything, for ever.
func TestFailClosed(t *testing.T) {
	t.Parallel()
	p := start(t, policy(""), options{module: trapModule, failurePolicy: "FAIL_CLOSED"})
	p.ready()
	require.Equal(t, 200, p.send(fresh(), nil, nil).status)
	require.Equal(t, 503, p.send(fresh(), nil, func(r *http.Request) { r.Header.Set("x-ajwt-trap", "1") }).status)
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		a := p.send(fresh(), nil, nil)
		require.Equal(t, 503, a.status)
		require.False(t, a.reached)
	}
}

// The nonces' keys come from the environment. A proof without a nonce is answered with one,
// and with it the next is accepted.
func TestNonce(t *testing.T) {
	t.Parallel()
	key := base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	p := start(t, policy(`"proof":{"nonce":{}},`), options{nonceKeys: key})
	p.ready()
	a := p.send(fresh(), nil, nil)
	require.Equal(t, "proof_nonce_missing", a.code, a.body)
	require.Equal(t, 401, a.status)
	require.Contains(t, a.header.Get("www-authenticate"), `error="use_dpop_nonce"`)
	require.False(t, a.reached)
	nonce := a.header.Get("dpop-nonce")
	require.NotEmpty(t, nonce)
	now := time.Now().Unix()
	a = p.send(abitest.RequestWith(abitest.Repository, now, next(), abitest.Token(now), nonce), nil, nil)
	require.Equal(t, 200, a.status, a.body)
	require.NotContains(t, p.get("/config_dump"), key)
}

// An upstream that is away is Envoy's 503, and nothing of the filter's: it goes on.
func upstreamOutage(t *testing.T, p *proxy) {
	require.Equal(t, 200, p.send(fresh(), nil, nil).status)
	p.upstream.stop()
	for range 20 {
		a := p.send(fresh(), nil, nil)
		require.Equal(t, 503, a.status)
		require.Empty(t, a.code)
		require.Equal(t, "input_authorization_missing", p.send(fresh(), nil, func(r *http.Request) { r.Header.Del("authorization") }).code)
	}
	p.upstream.start(t)
	require.Equal(t, 200, p.send(fresh(), nil, nil).status)
	require.Equal(t, 1, p.metric("ajwt.ready"))
	// All series that the operator's page names are there.
	stats := p.get("/stats?filter=ajwt")
	for _, name := range []string{"accepted", "observed", "rejected", "latency_us", "ready", "code.replay_proof_reused", "code.key_set_missing",
		"keys.loaded", "keys.refused", "keys.failed", "bundle.loaded", "bundle.refused", "bundle.failed",
		"revocations.loaded", "revocations.refused", "revocations.failed", "replay.conflicts"} {
		require.Contains(t, stats, "wasmcustom.ajwt."+name+": ", name)
	}
}
