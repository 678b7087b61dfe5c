//go:build envoy

package envoytest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// Builds that make test-envoy makes: the one that can be told to misbehave, and the same
// without the overlay of the runtime.
const (
	trapModule  = "../../../build/ajwt-proxy-trap.wasm"
	stockModule = "../../../build/ajwt-proxy-stock.wasm"
)

// one sends a request of many and returns the status, 0 for no answer. It may run in
// several goroutines.
func (p *proxy) one(q *ajwt.Request, change func(*http.Request)) int {
	req, err := http.NewRequest(q.Method, fmt.Sprintf("http://127.0.0.1:%d%s", p.port, q.Target), nil)
	if err != nil {
		return 0
	}
	req.Host = q.Authority
	for _, h := range q.Headers {
		req.Header.Add(h.Name, h.Value)
	}
	if change != nil {
		change(req)
	}
	res, err := p.client.Do(req)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, res.Body)
	res.Body.Close()
	return res.StatusCode
}

// burst sends that many requests over connections at a time. Every tenth is good and must
// pass, the others lack the token and must not. It returns the first wrong answer, "" for
// none.
func (p *proxy) burst(requests, connections int) string {
	var next atomic.Int64
	var wrong atomic.Value
	var group sync.WaitGroup
	for range connections {
		group.Go(func() {
			for n := next.Add(1); n <= int64(requests) && wrong.Load() == nil; n = next.Add(1) {
				good := n%10 == 0
				status := p.one(fresh(), func(r *http.Request) {
					if !good {
						r.Header.Del("authorization")
					}
				})
				if good && status != 200 || !good && status != 401 {
					wrong.CompareAndSwap(nil, fmt.Sprintf("request %d: status %d", n, status))
				}
			}
		})
	}
	group.Wait()
	text, _ := wrong.Load().(string)
	return text
}

// provoke does what makes a stock module ask for poll_oneoff: a timer, 64 MiB that are
// dropped, collections.
func (p *proxy) provoke() {
	for _, name := range []string{"x-ajwt-timer", "x-ajwt-spike", "x-ajwt-collect", "x-ajwt-collect"} {
		p.one(fresh(), func(r *http.Request) { r.Header.Set(name, "1") })
	}
}

// Before 1.39 Envoy answers poll_oneoff with ENOSYS, and a stock module dies of that some
// time after a timer, or after its heap has shrunk. This one has no such import.
func TestPollOneoff(t *testing.T) {
	t.Parallel()
	p := start(t, policy(""), options{module: trapModule})
	p.ready()
	for range 4 {
		p.provoke()
		require.Empty(t, p.burst(5000, 8))
	}
	require.Equal(t, 1, p.metric("ajwt.ready"))
	require.NotContains(t, p.stdout.String(), "poll_oneoff")
	require.NotContains(t, p.stdout.String(), "Function: proxy_on") // a trap
}

// The same without the overlay: the test above can fail. On Envoy before 1.39.
func TestStockDies(t *testing.T) {
	t.Parallel()
	p := start(t, policy(""), options{module: stockModule})
	p.ready()
	wrong := ""
	for n := 0; n < 40 && wrong == ""; n++ {
		p.provoke()
		wrong = p.burst(5000, 8)
	}
	require.NotEmpty(t, wrong, "a stock module lives: TestPollOneoff shows nothing")
	require.Contains(t, p.stdout.String(), "poll")
}

// resident is the memory of the process that has the port of the administration, in bytes.
func (p *proxy) resident() int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	require.NoError(p.t, err)
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kb, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	n, err := strconv.Atoi(kb)
	require.NoError(p.t, err)
	return n << 10
}

// Memory does not grow with the number of requests: after 100,000 the process is at most
// 16 MiB larger than after 20,000. What may grow is the replay memory, by 32 bytes for each
// of the at most 10,000 good ones, and what the allocator of Envoy keeps. Bodies of 32 MiB
// come before, so that their garbage is in the first figure.
func TestMemoryIsFlat(t *testing.T) {
	t.Parallel()
	p := start(t, policy(httpsig), options{buffer: 64 << 20, workers: 2})
	p.ready()
	for range 3 {
		a := p.send(fresh(), bytes.NewReader(make([]byte, 32<<20)), func(r *http.Request) { r.Header.Set("signature-input", `s=();tag="x"`) })
		require.Equal(t, 200, a.status, a.body)
	}
	require.Empty(t, p.burst(20_000, 8))
	first := p.resident()
	require.Empty(t, p.burst(80_000, 8))
	last := p.resident()
	t.Logf("resident after 20,000 requests %d MiB, after 100,000 %d MiB", first>>20, last>>20)
	require.Less(t, last, first+16<<20)
	require.Equal(t, 1, p.metric("ajwt.ready"))
}
