//go:build envoy

package envoytest

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

// policyWithBundle is policy, and a bundle from the key server.
func policyWithBundle(members string) string {
	return `{"replay":{"cold_start":"allow","capacity":262144,"per_key":16384},` +
		`"hosts":{"proxywasm":{"fetch":[{"origin":"https://as.example","cluster":"as"}]}},` + members +
		string(abitest.PolicyWithBundle()[1:])
}

// bareListener answers on another port by itself, on the same worker: how long it takes is
// how long the worker was busy with something else.
const bareListener = `
- "@type": type.googleapis.com/envoy.config.listener.v3.Listener
  name: bare
  address: {socket_address: {address: 127.0.0.1, port_value: %d}}
  filter_chains:
  - filters:
    - name: envoy.filters.network.http_connection_manager
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
        stat_prefix: bare
        route_config: {virtual_hosts: [{name: bare, domains: ["*"], routes: [{match: {prefix: "/"}, direct_response: {status: 200}}]}]}
        http_filters:
        - name: envoy.filters.http.router
          typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
`

// probe asks the bare listener again and again.
type probe struct {
	mu      sync.Mutex
	longest time.Duration
	end     chan struct{}
	done    sync.WaitGroup
}

func startProbe(port int) *probe {
	p := &probe{end: make(chan struct{})}
	client := &http.Client{Timeout: 20 * time.Second}
	p.done.Go(func() {
		for {
			select {
			case <-p.end:
				return
			case <-time.After(2 * time.Millisecond):
			}
			began := time.Now()
			res, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/", port))
			if err != nil {
				continue
			}
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
			p.mu.Lock()
			p.longest = max(p.longest, time.Since(began))
			p.mu.Unlock()
		}
	})
	return p
}

// take gives the longest time since it was last asked.
func (p *probe) take() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.longest
	p.longest = 0
	return d
}

func (p *probe) stop() { close(p.end); p.done.Wait() }

// The largest bundle: it comes into force while requests go on; a reload of the policy, which
// loads it anew in each worker, loses no request and refuses none. How long the worker was
// busy at a time is written down and decides nothing.
func TestLargeBundle(t *testing.T) {
	o := options{bundle: abitest.Bundle(1<<20, 1, time.Now().Unix()), workers: 1}
	p := start(t, policyWithBundle(""), o)
	p.ready()
	require.Equal(t, 200, p.send(fresh(), nil, nil).status)

	port := freePort(t)
	p.listener += fmt.Sprintf(bareListener, port)
	p.reload(policyWithBundle(`"limits":{"scopes":63},`))
	p.waitFor("/stats?filter=listener_manager.total_listeners_active", "total_listeners_active: 2", readyWithin)
	probe := startProbe(port)
	defer probe.stop()
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); {
		require.Equal(t, 200, p.send(fresh(), nil, nil).status)
	}
	t.Logf("nothing is loaded: the worker was busy for at most %v", probe.take())

	for n := range 3 {
		created := p.metric("listener_manager.listener_create_success")
		loaded := p.metric("ajwt.bundle.loaded")
		p.reload(policyWithBundle(fmt.Sprintf(`"limits":{"scopes":%d},`, 60-n)))
		sent, longest := 0, time.Duration(0)
		one := func() {
			began := time.Now()
			a := p.send(fresh(), nil, nil)
			require.Equal(t, 200, a.status, a.body)
			sent, longest = sent+1, max(longest, time.Since(began))
		}
		for end := time.Now().Add(readyWithin); p.metric("listener_manager.listener_create_success") == created || p.metric("ajwt.bundle.loaded") < loaded+2; {
			require.True(t, time.Now().Before(end), "it is not loaded by worker and main thread")
			one()
		}
		for range 200 {
			one()
		}
		t.Logf("reload: %d requests, none lost, the longest took %v; the worker was busy for at most %v", sent, longest, probe.take())
	}
}
