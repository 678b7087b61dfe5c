//go:build envoy

package envoytest

import (
	"bytes"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// negotiatedStore is the cluster of the store in which ALPN says which HTTP it is.
const negotiatedStore = "replay-alpn"

// tlsStore is a store behind TLS, which a test can change.
type tlsStore struct {
	*store
	tls  atomic.Pointer[tls.Config]
	last atomic.Pointer[http.Request]
}

func newTLSStore(t *testing.T, cert tls.Certificate) *tlsStore {
	s := &tlsStore{store: &store{}}
	s.restart(time.Now().Unix() - 3600)
	s.first(func(_ http.ResponseWriter, r *http.Request) bool { s.last.Store(r); return false })
	s.server = httptest.NewUnstartedServer(s.store)
	s.server.EnableHTTP2 = true
	s.server.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.tls.Load(), nil }}
	s.shows(cert, "h2", "http/1.1")
	s.server.StartTLS()
	t.Cleanup(s.server.Close)
	s.port = s.server.Listener.Addr().(*net.TCPAddr).Port
	return s
}

// shows says what the store has to show. A session that is taken up again shows nothing.
func (s *tlsStore) shows(cert tls.Certificate, protocols ...string) {
	s.tls.Store(&tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: protocols, SessionTicketsDisabled: true})
}

// present is what the store shows from now on: Envoy has to make a new connection.
func (s *tlsStore) present(p *proxy, cluster string, cert tls.Certificate, protocols ...string) {
	p.t.Helper()
	s.shows(cert, protocols...)
	s.server.CloseClientConnections()
	require.Eventually(p.t, func() bool { return p.metric("cluster."+cluster+".upstream_cx_active") == 0 }, 20*time.Second, 10*time.Millisecond)
}

// Envoy asks a store that can show the name and the CA that the cluster wants, over HTTP/1.1
// and HTTP/2, and no other one.
func TestReplayStoreTLS(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	ours, others := newAuthority(t, filepath.Join(folder, "ours.pem")), newAuthority(t, filepath.Join(folder, "others.pem"))
	good := ours.certificate(t, "replay.internal", time.Hour)
	s := newTLSStore(t, good)
	policy := strings.Replace(storePolicy(patience, "", "", ""), "http://replay.internal/", "https://replay.internal/", 1)
	p := startWithStore(t, s.store, policy, options{storeCA: ours.file})

	once := func(major int) {
		t.Helper()
		q, asked := fresh(), s.count()
		a := p.send(q, nil, nil)
		require.Equal(t, 200, a.status, a.body)
		require.True(t, a.reached)
		a = p.send(q, nil, nil)
		require.Equal(t, "replay_proof_reused", a.code, a.body)
		require.Equal(t, 401, a.status)
		require.False(t, a.reached)
		require.Equal(t, asked+2, s.count())
		r := s.last.Load()
		require.Equal(t, major, r.ProtoMajor)
		require.Equal(t, "replay.internal", r.TLS.ServerName)
		require.Equal(t, "replay.internal", r.Host)
	}
	refused := func(cluster string, protocols ...string) {
		t.Helper()
		for name, row := range map[string]struct {
			cert  tls.Certificate
			count string
		}{
			"another CA":   {others.certificate(t, "replay.internal", time.Hour), "fail_verify_error"},
			"expired":      {ours.certificate(t, "replay.internal", -time.Minute), "fail_verify_error"},
			"another name": {ours.certificate(t, "other.internal", time.Hour), "fail_verify_san"},
		} {
			s.present(p, cluster, row.cert, protocols...)
			asked, failed, counted := s.count(), p.metric("ajwt.replay.failed"), p.metric("cluster."+cluster+".ssl."+row.count)
			for _, body := range [][]byte{nil, make([]byte, 100_000)} {
				a := p.send(fresh(), bytes.NewReader(body), nil)
				require.Equal(t, "replay_store_unavailable", a.code, "%s: %s", name, a.body)
				require.Equal(t, 503, a.status, name)
				require.False(t, a.reached, name)
			}
			require.Equal(t, asked, s.count(), "%s: the store was asked", name)
			require.Equal(t, failed+2, p.metric("ajwt.replay.failed"), name)
			require.Equal(t, counted+2, p.metric("cluster."+cluster+".ssl."+row.count), name)
		}
		s.present(p, cluster, good, protocols...)
	}
	once(1)
	refused("replay", "h2", "http/1.1")
	once(1)

	taken, log := p.taken(strings.Replace(policy, `"cluster":"replay"`, `"cluster":"`+negotiatedStore+`"`, 1))
	require.True(t, taken, log)
	require.Eventually(t, func() bool {
		p.client.CloseIdleConnections() // connections stay with the policy that they began with
		return p.send(fresh(), nil, nil).status == 200 && p.metric("cluster."+negotiatedStore+".upstream_rq_total") > 0
	}, readyWithin, 20*time.Millisecond)
	once(2)
	refused(negotiatedStore, "h2", "http/1.1")
	once(2)
	for range 10 { // many at once on one connection
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
	require.Equal(t, 2, s.last.Load().ProtoMajor)
	s.present(p, negotiatedStore, good, "http/1.1")
	once(1)
	require.False(t, strings.Contains(p.get("/config_dump"), storeSecret))
}
