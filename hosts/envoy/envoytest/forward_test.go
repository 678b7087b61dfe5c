//go:build envoy

package envoytest

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

const forward = `"forward":[{"header":"x-ajwt-subject","claim":"subject"},{"header":"x-ajwt-key","claim":"key_thumbprint"},` +
	`{"header":"x-ajwt-agent","claim":"agent"},{"header":"x-ajwt-level","claim":"level"}],`

// named returns the fields whose names fold to x-ajwt-…, by the name as it came. A trailer
// that was announced and did not come has no value.
func named(h http.Header) map[string][]string {
	found := map[string][]string{}
	for name, values := range h {
		if len(values) > 0 && strings.HasPrefix(strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(name)), "x-ajwt-") {
			found[name] = values
		}
	}
	return found
}

// spoof says in every spelling who the client would like to be. Names of a map of Go's
// client go out as they are.
func spoof(h http.Header) {
	for _, name := range []string{"x-ajwt-subject", "X-AJWT-AGENT", "x_ajwt_agent", "X_Ajwt_Agent", "X-Ajwt_Key", "x.ajwt.agent", "x-ajwt-level"} {
		h[name] = []string{"admin", "root"}
	}
	h["x-ajwt-others"] = []string{"stay"}
}

// The upstream sees of the names of forward what the verifier sets, and nothing else.
func TestForward(t *testing.T) {
	p := start(t, policy(forward+httpsig), options{trailers: true})
	p.ready()
	var last *http.Request
	p.upstream.watch = func(r *http.Request) { last = r }
	want := map[string][]string{"X-Ajwt-Subject": {"patcher"}, "X-Ajwt-Level": {"jwt+pop"}, "X-Ajwt-Others": {"stay"}}
	check := func(q *ajwt.Request, change func(*http.Request)) {
		t.Helper()
		last = nil
		a := p.send(q, nil, func(r *http.Request) {
			spoof(r.Header)
			if change != nil {
				change(r)
			}
		})
		require.Equal(t, 200, a.status, a.body)
		got := named(last.Header)
		if want["X-Ajwt-Level"][0] == "jwt+pop" {
			require.Len(t, got["X-Ajwt-Key"], 1)
			require.Len(t, got["X-Ajwt-Key"][0], 43)
		}
		delete(got, "X-Ajwt-Key")
		require.Equal(t, want, got)
		require.Empty(t, named(last.Trailer))
	}
	body := func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(make([]byte, 100_000))), -1
	}
	held := func(r *http.Request) {
		body(r)
		r.Header.Set("signature-input", `s=();tag="other"`)
	}
	var http2 http.Protocols
	http2.SetUnencryptedHTTP2(true)
	for name, client := range map[string]*http.Client{
		"HTTP/1.1": p.client,
		"HTTP/2":   {Timeout: 20 * time.Second, Transport: &http.Transport{Protocols: &http2}},
	} {
		t.Log(name)
		p.client = client
		check(fresh(), nil)
		check(fresh(), body)
		check(fresh(), held)
		for _, with := range []func(*http.Request){body, held} {
			check(fresh(), func(r *http.Request) {
				with(r)
				r.Trailer = http.Header{"X-Checked": {"1"}}
				spoof(r.Trailer)
				delete(r.Trailer, "x-ajwt-others")
			})
			if name == "HTTP/2" { // over HTTP/1.1, Envoy takes no trailers here
				require.Equal(t, "1", last.Trailer.Get("X-Checked"), "the other trailers go on")
			}
		}
	}

	// Of a proof that was used before, where that is only observed, the key stays behind.
	q := abitest.Request(abitest.Observed, time.Now().Unix(), 1<<20)
	check(q, nil)
	want["X-Ajwt-Level"] = []string{"jwt"}
	check(q, nil)
	require.NotContains(t, last.Header, "X-Ajwt-Key")
	require.Zero(t, p.metric("ajwt.code.internal_forward_failed"))
}
