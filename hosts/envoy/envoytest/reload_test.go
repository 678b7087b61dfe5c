//go:build envoy

package envoytest

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

// load sends good requests from several connections until it is stopped, and remembers the
// first that did not pass.
type load struct {
	end   chan struct{}
	group sync.WaitGroup
	sent  atomic.Int64
	wrong atomic.Value
}

func startLoad(p *proxy, connections int) *load {
	l := &load{end: make(chan struct{})}
	for range connections {
		l.group.Go(func() {
			for {
				select {
				case <-l.end:
					return
				case <-time.After(20 * time.Millisecond): // a key's share of the replay memory is bounded
				}
				if status := p.one(fresh(), nil); status != 200 {
					l.wrong.CompareAndSwap(nil, fmt.Sprintf("request %d: status %d", l.sent.Load(), status))
					return
				}
				l.sent.Add(1)
			}
		})
	}
	return l
}

// stop ends it and returns the first wrong answer, "" for none.
func (l *load) stop() string {
	close(l.end)
	l.group.Wait()
	text, _ := l.wrong.Load().(string)
	return text
}

// While policy and bundle are replaced, and the key server is away, requests go on: none is
// lost, none is refused, and the new policy and the new bundle come into force. The policy
// comes by a file of listeners that is replaced (LDS), the bundle by its next fetch.
func TestReloadUnderLoad(t *testing.T) {
	t.Parallel()
	now := time.Now().Unix()
	p := start(t, policyWithBundle(`"proof":{"max_age_seconds":10},`), options{workers: 2, bundle: abitest.Bundle(20_000, 1, now)})
	p.ready()
	l := startLoad(p, 4)
	p.keys.set(http.StatusFound) // for key sets it only redirects
	seen := func(text string) {
		t.Helper()
		require.Eventually(t, func() bool { return strings.Contains(p.stdout.String(), text) || l.wrong.Load() != nil }, 150*time.Second, 100*time.Millisecond, text)
	}
	seen(`"bundle_version":1`)
	for n := range 3 {
		id := fmt.Sprintf("repository-%d", n)
		p.reload(strings.Replace(policyWithBundle(`"proof":{"max_age_seconds":10},`), `"id":"repository"`, `"id":"`+id+`"`, 1))
		seen(`"route":"` + id + `"`)
	}
	p.keys.serve(abitest.Bundle(20_000, 2, now+1))
	seen(`"bundle_version":2`)
	require.Empty(t, l.stop())
	t.Logf("%d requests", l.sent.Load())
	require.Greater(t, l.sent.Load(), int64(100))
	require.Equal(t, 1, p.keys.count(), "key sets outlive a reload")
}

// A policy with faults is refused at the start, and the log names them all.
func TestFaultsAtStart(t *testing.T) {
	t.Parallel()
	p := start(t, policy(`"extra":1,"another":2,"proof":{"nonce":{}},`), options{})
	p.waitFor("/stats?filter=listener_manager.lds.update_rejected", "update_rejected: 1", readyWithin)
	require.Contains(t, p.stdout.String(), "/extra: policy_member_unknown")
	require.Contains(t, p.stdout.String(), "/another: policy_member_unknown")
	_, err := p.client.Get(fmt.Sprintf("http://127.0.0.1:%d/", p.port))
	require.Error(t, err, "nobody listens")
	require.Contains(t, p.stdout.String(), "/proof/nonce: policy_member_missing", "the secrets are not in the environment")
	// A good one starts.
	p.reload(policy(""))
	p.ready()
	require.Equal(t, 200, p.send(fresh(), nil, nil).status)
}
