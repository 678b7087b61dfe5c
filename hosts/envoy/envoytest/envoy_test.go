//go:build envoy

package envoytest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

// policy is abitest's, with its keys behind the cluster of the example. A cold start is
// allowed: the tests do not wait for a minute.
func policy(members string) string {
	return `{"replay":{"cold_start":"allow","capacity":262144,"per_key":16384},` +
		`"hosts":{"proxywasm":{"body":true,"fetch":[{"origin":"https://as.example","cluster":"as"}]}},` + members +
		string(abitest.PolicyWithoutKeys()[1:])
}

const httpsig = `"proof":{"methods":["dpop","httpsig"],"max_age_seconds":10},"limits":{"body_bytes":33554432},`

// TestExample shares one Envoy: it takes seconds to compile the module.
func TestExample(t *testing.T) {
	p := start(t, policy(""), options{})
	p.ready()
	p.share(t, requests, pipelining, upstreamOutage, reload, structs)
}

// TestBodyRoutes does so for routes that read bodies.
func TestBodyRoutes(t *testing.T) {
	p := start(t, policy(httpsig), options{buffer: 64 << 20})
	p.ready()
	p.share(t, bodies, http2, unconfigured)
}

// share runs tests with one proxy, one after the other.
func (p *proxy) share(t *testing.T, tests ...func(*testing.T, *proxy)) {
	for _, test := range tests {
		name := runtime.FuncForPC(reflect.ValueOf(test).Pointer()).Name()
		t.Run(name[strings.LastIndexByte(name, '.')+1:], func(t *testing.T) {
			defer func(outer *testing.T, client *http.Client) { p.t, p.client = outer, client }(p.t, p.client)
			p.t = t
			test(t, p)
		})
	}
}

func requests(t *testing.T, p *proxy) {
	require.Equal(t, 1, p.keys.count(), "one flight")

	a := p.send(fresh(), nil, nil)
	require.Equal(t, 200, a.status, a.body)
	require.True(t, a.reached)

	reused := fresh()
	require.Equal(t, 200, p.send(reused, nil, nil).status)
	for name, row := range map[string]struct {
		status int
		code   string
		change func(*http.Request)
	}{
		"no token":      {401, "input_authorization_missing", func(r *http.Request) { r.Header.Del("authorization") }},
		"two tokens":    {400, "input_authorization_duplicate", func(r *http.Request) { r.Header.Add("authorization", r.Header.Get("authorization")) }},
		"two proofs":    {401, "input_proof_duplicate", func(r *http.Request) { r.Header.Add("dpop", r.Header.Get("dpop")) }},
		"no proof":      {401, "proof_header_missing", func(r *http.Request) { r.Header.Del("dpop") }},
		"other method":  {401, "proof_htm_mismatch", func(r *http.Request) { r.Method = "PUT" }},
		"other host":    {401, "proof_htu_mismatch", func(r *http.Request) { r.Host = "other.example" }},
		"escaped slash": {400, "input_path_ambiguous", func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/repos/a/b", "/repos/a%2Fb" }},
		"dot segment":   {400, "input_path_ambiguous", func(r *http.Request) { r.URL.Path = "/repos/../repos/acme/widgets" }},
		"double slash":  {400, "input_path_ambiguous", func(r *http.Request) { r.URL.Opaque = "//api.example/repos//acme" }},
		"replayed proof": {401, "replay_proof_reused", func(r *http.Request) {
			for _, h := range reused.Headers {
				r.Header.Set(h.Name, h.Value)
			}
		}},
	} {
		a := p.send(fresh(), nil, row.change)
		require.Equal(t, row.code, a.code, "%s: %d %s", name, a.status, a.body)
		require.Equal(t, row.status, a.status, name)
		require.False(t, a.reached, "%s: the upstream saw it", name)
		require.Equal(t, "no-store", a.header.Get("cache-control"), name)
		require.Equal(t, "application/json", a.header.Get("content-type"), name)
		require.Equal(t, a.status == 401, a.header.Get("www-authenticate") != "", name)
	}
	// A forged X-Forwarded-Proto changes no scheme.
	a = p.send(fresh(), nil, func(r *http.Request) { r.Header.Set("x-forwarded-proto", "http") })
	require.Equal(t, 200, a.status, a.body)

	// The decision record is in the access log, and one line per rejection in Envoy's.
	// Envoy writes access logs every ten seconds.
	for _, line := range []string{`200 via_upstream {"verdict":"accept","enforced":true,"level":"jwt+pop"`, `401 ajwt_replay_proof_reused {"verdict":"reject"`} {
		require.Eventually(t, func() bool { return strings.Contains(p.stdout.String(), line) }, 15*time.Second, 50*time.Millisecond, line)
	}
	require.Equal(t, 1, strings.Count(p.stdout.String(), `wasm log ajwt ajwt: {"verdict":"reject","enforced":true,"code":"replay_proof_reused"`))
	require.Equal(t, 10, p.metric("ajwt.rejected"))
	require.Equal(t, 1, p.metric("ajwt.code.replay_proof_reused"))
}

// A key server whose certificate is for another name is not believed.
func TestKeyServerIsVerified(t *testing.T) {
	t.Parallel()
	p := start(t, policy(""), options{certName: "other.example"})
	a := p.send(fresh(), nil, nil)
	require.Equal(t, "key_set_missing", a.code)
	require.False(t, a.reached)
	require.Eventually(t, func() bool { return p.metric("ajwt.keys.failed") > 0 }, 15*time.Second, 100*time.Millisecond)
	require.Zero(t, p.keys.count())
	require.Zero(t, p.metric("ajwt.ready"))
}

// Nothing of a request reaches the upstream before its body was judged.
func bodies(t *testing.T, p *proxy) {
	for _, row := range []struct {
		name              string
		size              int
		chunked, trailers bool
	}{
		{"small", 5, false, false}, {"200 KB", 200_000, false, false}, {"chunked", 200_000, true, false},
		{"trailers", 200_000, true, true}, {"chunked, empty", 0, true, false}, {"20 MB", 20 << 20, false, false},
	} {
		try := func(input string) answer {
			return p.send(fresh(), nil, func(r *http.Request) {
				r.Header.Set("signature-input", input)
				r.Body = io.NopCloser(bytes.NewReader(make([]byte, row.size)))
				if r.ContentLength = int64(row.size); row.chunked {
					r.ContentLength = -1
				}
				if row.trailers {
					r.Trailer = http.Header{"X-Checked": {"1"}}
				}
			})
		}
		a := try(`s=();tag="other"`)
		require.Equal(t, 200, a.status, "%s: %s", row.name, a.body)
		require.Equal(t, fmt.Sprint(row.size), a.body, row.name)
		a = try(`s=(`)
		require.Equal(t, "proof_signature_input_syntax", a.code, row.name)
		require.False(t, a.reached, row.name)
	}
	a := p.send(fresh(), bytes.NewReader(make([]byte, 33<<20)), func(r *http.Request) { r.Header.Set("signature-input", "s=()") })
	require.Equal(t, 413, a.status)
	require.False(t, a.reached)
}

// Two workers and one proof: exactly one accepts.
func TestTwoWorkers(t *testing.T) {
	p := start(t, policy(""), options{workers: 2})
	p.ready()
	for range 50 {
		q := fresh()
		var accepted atomic.Int32
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				if p.accepts(q) {
					accepted.Add(1)
				}
			})
		}
		group.Wait()
		require.Equal(t, int32(1), accepted.Load())
	}
	stats := p.get("/stats?filter=worker_._downstream_cx_total|worker_.*cx_total")
	require.NotContains(t, stats, "worker_0.downstream_cx_total: 0\n")
	require.NotContains(t, stats, "worker_1.downstream_cx_total: 0\n")
}

// A reload of the policy, and an outage of the key server, lose no request.
func reload(t *testing.T, p *proxy) {
	p.keys.set(http.StatusFound) // from now on it only redirects
	kept := fresh()
	require.Equal(t, 200, p.send(kept, nil, nil).status)
	for n := range 2 {
		created := p.metric("listener_manager.listener_create_success")
		p.reload(policy(fmt.Sprintf(`"limits":{"scopes":%d},`, 60-n)))
		for end := time.Now().Add(readyWithin); p.metric("listener_manager.listener_create_success") == created; {
			require.True(t, time.Now().Before(end), "the listener was not replaced")
			a := p.send(fresh(), nil, nil)
			require.Equal(t, 200, a.status, a.body)
		}
		for range 100 {
			a := p.send(fresh(), nil, nil)
			require.Equal(t, 200, a.status, a.body)
		}
		require.Equal(t, "replay_proof_reused", p.send(kept, nil, nil).code, "the replay memory outlives a reload")
	}
	require.Equal(t, 1, p.keys.count(), "and so do the keys")
	// A policy with faults is refused, and the one in force stays.
	p.reload(policy(`"extra":1,`))
	p.waitFor("/stats?filter=listener_manager.lds.update_rejected", "update_rejected: 1", readyWithin)
	require.Equal(t, 200, p.send(fresh(), nil, nil).status)
	require.Contains(t, p.stdout.String(), "/extra: policy_member_unknown")
}

// After a trap nothing passes until there is a new instance; it starts with the documents
// and the replay memory of the process.
func TestTrap(t *testing.T) {
	p := start(t, policy(""), options{module: trapModule})
	p.ready()
	kept := fresh()
	require.Equal(t, 200, p.send(kept, nil, nil).status)
	p.keys.set(http.StatusInternalServerError)
	for range 3 {
		a := p.send(fresh(), nil, func(r *http.Request) { r.Header.Set("x-ajwt-trap", "1") })
		require.Equal(t, 503, a.status)
		require.False(t, a.reached)
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			a := p.send(fresh(), nil, nil)
			if a.status == 200 {
				break
			}
			require.Equal(t, 503, a.status, a.body)
			require.False(t, a.reached)
			require.True(t, time.Now().Before(end), "it does not come back")
		}
		require.Equal(t, "replay_proof_reused", p.send(kept, nil, nil).code)
		require.Equal(t, 401, p.send(fresh(), nil, func(r *http.Request) { r.Header.Del("authorization") }).status)
	}
	require.Equal(t, 1, p.keys.count())
}
