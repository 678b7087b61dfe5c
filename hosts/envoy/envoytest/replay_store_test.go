//go:build envoy

package envoytest

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/hosts/replaystore"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

// storeSecret goes to Envoy by its environment.
const storeSecret = "store-s3cret"

// store is a replay store on the loopback, and what a test may do to it.
type store struct {
	mu     sync.Mutex
	serve  http.Handler
	asked  int
	before func(w http.ResponseWriter, r *http.Request) (done bool)
	memory *replaystore.Memory
	server *httptest.Server
	port   int
}

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked++
	serve, before := s.serve, s.before
	s.mu.Unlock()
	if before == nil || !before(w, r) {
		serve.ServeHTTP(w, r)
	}
}

// restart makes the memory anew: it started empty at start.
func (s *store) restart(start int64) {
	s.memory = replaystore.NewMemory(1<<16, 1<<16, start, 0)
	s.secret(storeSecret)
}

// secret is what the store wants from its callers.
func (s *store) secret(want string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serve = replaystore.Handler(s.memory, replaystore.HandlerOptions{Secret: want})
}

// first lets a function answer, or delay, what comes; nil lets the store.
func (s *store) first(f func(http.ResponseWriter, *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = f
}

func (s *store) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// newStore is a store that has been there for an hour.
func newStore(t *testing.T) *store {
	s := &store{}
	s.restart(time.Now().Unix() - 3600)
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	s.port = s.server.Listener.Addr().(*net.TCPAddr).Port
	return s
}

// withStore puts the store's cluster of the example in force.
func withStore(t *testing.T, text string, o options) string {
	t.Helper()
	before, rest, ok := strings.Cut(text, "  # - name: replay\n")
	require.True(t, ok)
	block, after, ok := strings.Cut(rest, "  # Where keys,")
	require.True(t, ok)
	block = strings.ReplaceAll("\n  # - name: replay\n"+block, "\n  # ", "\n  ")[1:]
	block = replaced(t, block, "port_value: 8787", fmt.Sprint("port_value: ", o.store), 1)
	if o.emptyStore {
		head, _, ok := strings.Cut(block, "    - lb_endpoints:\n")
		require.True(t, ok)
		block = head + "    - lb_endpoints: []\n"
	}
	if o.storeCA != "" {
		block = replaced(t, strings.ReplaceAll(block, "\n    # ", "\n    "), "/etc/envoy/replay-ca.pem", o.storeCA, 1)
		negotiated := replaced(t, block, "explicit_http_config: {http_protocol_options: {}}", "auto_config: {}", 1)
		block += replaced(t, negotiated, "name: replay\n", "name: "+negotiatedStore+"\n", 2)
	}
	return before + block + "  # Where keys," + after
}

// patience is a timeout that a busy machine keeps.
const patience = 20000

// storePolicy is policy with the store. replay are further members of replay, issuer of the
// issuer, others of the policy.
func storePolicy(timeout int, replay, issuer, others string) string {
	text := `{"replay":{"scope":"shared"` + replay + `},` +
		`"hosts":{"proxywasm":{"body":true,"fetch":[{"origin":"https://as.example","cluster":"as"}],` +
		`"replay":{"uri":"http://replay.internal/v1/replay","cluster":"replay","timeout_ms":` + fmt.Sprint(timeout) + `}}},` + others +
		string(abitest.PolicyWithoutKeys()[1:])
	return strings.Replace(text, `"audiences"`, issuer+`"audiences"`, 1)
}

const outagesPass = `,"on_outage":"allow"`
const laxIssuer = `"profile":"draft-00",`

func startWithStore(t *testing.T, s *store, policy string, o options) *proxy {
	o.store = s.port
	p := start(t, policy, o)
	p.ready()
	return p
}

// One proof through two proxies: exactly one of them accepts it.
func TestReplayStore(t *testing.T) {
	s := newStore(t)
	policy := storePolicy(patience, "", "", "")
	one, two := startWithStore(t, s, policy, options{workers: 2}), startWithStore(t, s, policy, options{})

	q := fresh()
	a := one.send(q, nil, nil)
	require.Equal(t, 200, a.status, a.body)
	require.True(t, a.reached)
	for _, p := range []*proxy{one, two} {
		a = p.send(q, nil, nil)
		require.Equal(t, "replay_proof_reused", a.code, a.body)
		require.Equal(t, 401, a.status)
		require.NotEmpty(t, a.header.Get("www-authenticate"))
		require.False(t, a.reached)
	}
	asked := s.count()
	a = one.send(fresh(), nil, func(r *http.Request) { r.Header.Del("dpop") })
	require.Equal(t, "proof_header_missing", a.code)
	require.Equal(t, asked, s.count(), "what is rejected anyway asks nothing")

	for range 30 {
		q := fresh()
		var accepted atomic.Int32
		var group sync.WaitGroup
		before := one.upstream.count() + two.upstream.count()
		for n := range 8 {
			group.Go(func() {
				if []*proxy{one, two}[n%2].accepts(q) {
					accepted.Add(1)
				}
			})
		}
		group.Wait()
		require.Equal(t, int32(1), accepted.Load())
		require.Equal(t, before+1, one.upstream.count()+two.upstream.count())
	}
	require.Zero(t, one.metric("ajwt.replay.failed")+two.metric("ajwt.replay.failed"))
	for _, line := range []string{`200 via_upstream {"verdict":"accept","enforced":true,"level":"jwt+pop"`, `401 ajwt_replay_proof_reused {"verdict":"reject"`} {
		require.Eventually(t, func() bool { return strings.Contains(one.stdout.String(), line) }, 15*time.Second, 50*time.Millisecond, line)
	}
	require.False(t, strings.Contains(one.get("/config_dump"), storeSecret))
}

// Whatever comes with a request while it waits for the store arrives whole, or not at all;
// with the option that holds headers and without it.
func TestReplayStoreBodies(t *testing.T) {
	for _, plain := range []bool{false, true} {
		s := newStore(t)
		others := httpsig
		if plain {
			others = ""
		}
		policy := storePolicy(patience, "", "", others)
		if plain {
			policy = strings.Replace(policy, `"body":true,`, "", 1)
		}
		p := startWithStore(t, s, policy, options{buffer: 64 << 20, headersGoOn: plain, upgrades: true})
		s.first(func(http.ResponseWriter, *http.Request) bool { time.Sleep(30 * time.Millisecond); return false })
		for _, row := range []struct {
			name              string
			size              int
			chunked, trailers bool
		}{
			{"none", 0, false, false}, {"small", 5, false, false}, {"200 KB", 200_000, false, false}, {"chunked", 200_000, true, false},
			{"trailers", 200_000, true, true}, {"chunked, empty", 0, true, false}, {"20 MB", 20 << 20, false, false},
		} {
			for _, judged := range []bool{false, true} { // whether the body is judged, or only held
				if judged && plain {
					continue
				}
				q := fresh()
				send := func() answer {
					return p.send(q, nil, func(r *http.Request) {
						if judged {
							r.Header.Set("signature-input", `s=();tag="other"`)
						}
						r.Body = io.NopCloser(bytes.NewReader(make([]byte, row.size)))
						if r.ContentLength = int64(row.size); row.chunked {
							r.ContentLength = -1
						}
						if row.trailers {
							r.Trailer = http.Header{"X-Checked": {"1"}}
						}
					})
				}
				a := send()
				require.Equal(t, 200, a.status, "%s %v: %s", row.name, judged, a.body)
				require.Equal(t, fmt.Sprint(row.size), a.body, row.name)
				a = send()
				require.Equal(t, "replay_proof_reused", a.code, row.name)
				require.False(t, a.reached, row.name)
			}
		}
		// An upgrade waits too.
		q := fresh()
		upgrade := func(r *http.Request) { r.Header.Set("connection", "upgrade"); r.Header.Set("upgrade", "websocket") }
		a := p.send(q, nil, upgrade)
		require.Equal(t, 200, a.status, "the upstream upgrades nothing: %s", a.body)
		require.True(t, a.reached)
		a = p.send(q, nil, upgrade)
		require.Equal(t, "replay_proof_reused", a.code)
		require.False(t, a.reached)
	}
}

// No answer of the store lets nothing pass, and the upstream sees nothing.
func TestReplayStoreOutage(t *testing.T) {
	s := newStore(t)
	p := startWithStore(t, s, storePolicy(400, "", "", ""), options{})
	var elsewhere atomic.Int32
	release := make(chan struct{})
	defer close(release)
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"500": func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(500); return true },
		"200": func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Replay-Start", "1")
			w.WriteHeader(200)
			return true
		},
		"no start": func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(204); return true },
		"too large": func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(200)
			_, _ = w.Write(make([]byte, 1<<20))
			return true
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/elsewhere" {
				elsewhere.Add(1)
				w.Header().Set("Replay-Start", "1")
				w.WriteHeader(204)
				return true
			}
			w.Header().Set("Replay-Start", "1")
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			return true
		},
		"a broken connection": func(w http.ResponseWriter, _ *http.Request) bool {
			c, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				c.Close()
			}
			return true
		},
		"late": func(w http.ResponseWriter, _ *http.Request) bool {
			select {
			case <-release:
			case <-time.After(10 * time.Second):
			}
			w.Header().Set("Replay-Start", "1")
			w.WriteHeader(204)
			return true
		},
	} {
		s.first(nil)
		require.Eventually(t, func() bool { return p.send(fresh(), nil, nil).status == 200 }, 60*time.Second, time.Millisecond, name)
		s.first(answer)
		asked := s.count()
		a := p.send(fresh(), nil, nil)
		require.Equal(t, "replay_store_unavailable", a.code, "%s: %d %s", name, a.status, a.body)
		require.Equal(t, asked+1, s.count(), "%s: nothing is asked twice", name)
		require.Equal(t, 503, a.status, name)
		require.False(t, a.reached, name)
		a = p.send(fresh(), bytes.NewReader(make([]byte, 100_000)), nil)
		require.Equal(t, "replay_store_unavailable", a.code, "%s: %d %s", name, a.status, a.body)
		require.False(t, a.reached, name)
	}
	require.Zero(t, elsewhere.Load(), "redirects are not followed")
	require.GreaterOrEqual(t, p.metric("ajwt.replay.failed"), 14)
	require.True(t, strings.Contains(p.stdout.String(), "ajwt: http://replay.internal/v1/replay: "), "the log says why, once a second")

	// Where the policy says so, an outage lets pass, with a warning; which needs another
	// profile. A store that is asked with another secret gives no answer either.
	lax := startWithStore(t, s, storePolicy(patience, outagesPass, laxIssuer, httpsig), options{})
	empty := startWithStore(t, s, storePolicy(patience, outagesPass, laxIssuer, httpsig), options{emptyStore: true})
	out := func(p *proxy, name string, status int) {
		failed, seen := p.metric("ajwt.replay.failed"), p.upstream.count()
		for n := range 6 {
			a := p.send(fresh(), bytes.NewReader(make([]byte, n*50_000)), func(r *http.Request) {
				if n%2 == 1 && status == 200 { // and the body is judged
					r.Header.Set("signature-input", `s=();tag="other"`)
				}
			})
			require.Equal(t, status, a.status, "%s %d: %s", name, n, a.body)
			if status == 200 {
				require.Equal(t, fmt.Sprint(n*50_000), a.body, name)
			} else {
				require.Equal(t, "replay_store_unavailable", a.code, name)
			}
		}
		require.Equal(t, failed+6, p.metric("ajwt.replay.failed"), name)
		require.Equal(t, status == 200, p.upstream.count() == seen+6, "%s: each goes on once", name)
		require.Equal(t, status != 200, p.upstream.count() == seen, "%s: or not at all", name)
	}
	out(empty, "no endpoint", 200)
	s.first(nil)
	require.Equal(t, 200, lax.send(fresh(), nil, nil).status)
	require.Zero(t, lax.metric("ajwt.replay.failed"))
	s.secret("another")
	out(p, "another secret", 503)
	out(lax, "another secret", 200)
	s.server.Close()
	out(p, "nobody there", 503)
	out(lax, "nobody there", 200)
	line := `"warnings":["replay_store_unavailable"]`
	for _, p := range []*proxy{lax, empty} {
		require.Eventually(t, func() bool { return strings.Contains(p.stdout.String(), line) }, 15*time.Second, 50*time.Millisecond, line)
	}
}

// A store that was restarted knows nothing of what was used: what is older is refused, the
// request that finds out too, and what comes later passes.
func TestReplayStoreRestart(t *testing.T) {
	s := newStore(t)
	policy := storePolicy(patience, "", `"clock_skew_seconds":1,`, "")
	p := startWithStore(t, s, policy, options{})
	kept := fresh()
	require.Equal(t, 200, p.send(kept, nil, nil).status)
	s.restart(time.Now().Unix())
	for _, q := range []*ajwt.Request{kept, fresh()} {
		a := p.send(q, nil, nil)
		require.Equal(t, "replay_proof_cold_start", a.code, a.body)
		require.False(t, a.reached)
	}
	require.Eventually(t, func() bool { return p.send(fresh(), nil, nil).status == 200 }, 30*time.Second, 200*time.Millisecond)
	a := p.send(kept, nil, nil)
	require.Equal(t, "replay_proof_cold_start", a.code)
	// A reload of the policy does not forget the start.
	created := p.metric("listener_manager.listener_create_success")
	p.reload(storePolicy(patience, "", `"clock_skew_seconds":1,`, `"limits":{"scopes":60},`))
	for end := time.Now().Add(readyWithin); p.metric("listener_manager.listener_create_success") == created; {
		require.True(t, time.Now().Before(end), "the listener was not replaced")
		require.Equal(t, 200, p.send(fresh(), nil, nil).status, "no request is lost")
	}
	asked := s.count()
	require.Equal(t, "replay_proof_cold_start", p.send(kept, nil, nil).code)
	require.Equal(t, asked, s.count(), "it is known before the store is asked")
}

// Clients that go away while they wait leave nothing behind, and others are not disturbed.
func TestReplayStoreClientsGoAway(t *testing.T) {
	s := newStore(t)
	p := startWithStore(t, s, storePolicy(patience, "", "", ""), options{})
	release := make(chan struct{})
	s.first(func(http.ResponseWriter, *http.Request) bool { <-release; return false })
	before, seen := s.count(), p.upstream.count()
	const away = 50
	for range away {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", p.port))
		require.NoError(t, err)
		_, err = c.Write([]byte(wire(fresh())))
		require.NoError(t, err)
		defer c.Close()
		require.Eventually(t, func() bool { return s.count() > before }, 20*time.Second, time.Millisecond)
		before = s.count()
		c.Close()
	}
	require.Eventually(t, func() bool { return p.metric("http.api.downstream_rq_active") == 0 }, 20*time.Second, 10*time.Millisecond)
	close(release)
	s.first(nil)
	for range 100 {
		a := p.send(fresh(), nil, nil)
		require.Equal(t, 200, a.status, a.body)
	}
	require.Equal(t, seen+100, p.upstream.count(), "what nobody waits for does not go on")
	require.False(t, strings.Contains(p.stdout.String(), "internal_panic"))
}
