package filter

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
	"github.com/agentic-jwt/ajwt/wasm/proxywasm/abi"
)

const mib = 1 << 20

// withBundle is a filter whose key set is in force, and whose bundle was asked for by the
// returned call.
func withBundle(t *testing.T, host func(*proxy) abi.Host) (p *proxy, r *Root, call uint32) {
	p = warm()
	p.config = withHosts(abitest.PolicyWithBundle(), fetchAS)
	r = New(host(p)).(*Root)
	require.True(t, r.Configure(len(p.config)), strings.Join(p.lines, "\n"))
	p.now = later
	r.Tick()
	require.Len(t, p.calls, 2)
	for n, name := range p.calls {
		if name == "as/bundle" {
			call = uint32(n + 1)
			continue
		}
		headers, size := p.give("200", string(abitest.KeySet("as-1")))
		r.CallResponse(uint32(n+1), headers, size)
	}
	return p, r, call
}

func plain(p *proxy) abi.Host { return p }

// finish ticks until nothing is loaded any more.
func finish(t *testing.T, r *Root) (ticks int) {
	for ; r.task != nil; ticks++ {
		require.Less(t, ticks, 100)
		r.Tick()
	}
	return ticks
}

func headersOf(p *proxy, r *Root, number int) abi.Outcome {
	p.send(abitest.Request(abitest.Repository, p.now, number))
	return r.RequestHeaders(true)
}

// A large document is loaded over many calls. Requests that came before there was any wait
// until it is in force; those that come while a successor is loaded do not.
func TestLoadInSlices(t *testing.T) {
	p, r, call := withBundle(t, plain)
	headers, size := p.give("200", string(abitest.Bundle(mib, 1, later)))
	r.CallResponse(call, headers, size)
	require.False(t, r.ready)
	require.Equal(t, tickLoading, p.tick)
	require.Equal(t, abi.Starting, headersOf(p, r, 1))
	require.False(t, r.Ready())
	require.Empty(t, p.replies)
	require.Greater(t, finish(t, r), 3)
	require.True(t, r.ready)
	require.Equal(t, tickReady, p.tick)
	require.Equal(t, int64(1), p.metrics["ajwt.ready"])
	require.True(t, r.Ready())
	require.False(t, r.Ready(), "once")
	require.Equal(t, abi.Passed, headersOf(p, r, 1), p.code())
	require.Equal(t, int64(1), p.metrics["ajwt.bundle.loaded"])

	// What it published, another worker takes up in slices too; its requests wait at once.
	next := p.worker()
	n := configured(t, next, p.config)
	require.False(t, n.ready)
	require.Equal(t, tickLoading, next.tick)
	require.Equal(t, abi.Starting, headersOf(next, n, 2))
	require.Greater(t, finish(t, n), 3)
	require.True(t, n.Ready())
	require.Equal(t, abi.Passed, headersOf(next, n, 2))
	require.Empty(t, next.calls)

	// A successor: the one in force decides until it is complete.
	p.now += refetchBundle
	r.Tick()
	headers, size = p.give("200", string(abitest.Bundle(mib, 2, later)))
	r.CallResponse(uint32(len(p.calls)), headers, size)
	loads := 0
	for ; r.task != nil; loads++ {
		require.Equal(t, abi.Passed, headersOf(p, r, 100+loads), p.code())
		require.Equal(t, int64(1), p.metrics["ajwt.bundle.loaded"])
		calls := len(p.calls)
		r.Tick()
		require.Len(t, p.calls, calls, "it is not fetched again meanwhile")
	}
	require.Greater(t, loads, 3)
	require.Equal(t, int64(2), p.metrics["ajwt.bundle.loaded"])

	p.growth = heapGrowth/2 + 1 // its garbage does not pile up

	collected := p.collected
	// A bad one is refused at the end, and changes nothing.
	p.now += refetchBundle
	r.Tick()
	headers, size = p.give("200", string(abitest.Bundle(mib, 1, later)))
	r.CallResponse(uint32(len(p.calls)), headers, size)
	finish(t, r)
	require.Equal(t, int64(1), p.metrics["ajwt.code.bundle_version_old"])
	require.Equal(t, abi.Passed, headersOf(p, r, 200), p.code())
	require.Greater(t, p.collected-collected, 3)
}

// A document that comes while another is loaded waits for its turn.
func TestLoadsQueue(t *testing.T) {
	p := warm()
	p.config = withHosts(abitest.PolicyWithBundle(), fetchAS)
	r := New(p).(*Root)
	require.True(t, r.Configure(len(p.config)))
	p.now = later
	r.Tick()
	bundle, keys := 0, 0
	for n, name := range p.calls {
		if name == "as/bundle" {
			bundle = n + 1
		} else {
			keys = n + 1
		}
	}
	headers, size := p.give("200", string(abitest.Bundle(mib, 1, later)))
	r.CallResponse(uint32(bundle), headers, size)
	headers, size = p.give("200", string(abitest.KeySet("as-1")))
	r.CallResponse(uint32(keys), headers, size)
	require.Zero(t, p.metrics["ajwt.keys.loaded"])
	finish(t, r)
	require.True(t, r.ready)
	require.Equal(t, abi.Passed, headersOf(p, r, 1), p.code())
}

// Requests do not wait for ever.
func TestHoldEnds(t *testing.T) {
	p, r, call := withBundle(t, plain)
	headers, size := p.give("200", string(abitest.Bundle(mib, 1, later)))
	r.CallResponse(call, headers, size)
	for n := range maxHeld {
		require.Equal(t, abi.Starting, headersOf(p, r, n))
	}
	require.Equal(t, abi.Passed, headersOf(p, r, maxHeld), "too many: decided without the bundle, which its route does not need")
	p.now += holdTime/second - 1
	require.False(t, r.Ready())
	p.now++
	require.True(t, r.Ready())
	require.Equal(t, abi.Passed, headersOf(p, r, 0))
	require.Equal(t, abi.Passed, headersOf(p, r, maxHeld+1), "nor does anybody else wait")
	require.NotNil(t, r.task)
	finish(t, r)
	require.Equal(t, abi.Passed, headersOf(p, r, 2), p.code())
}

// A load that is given up leaves nothing behind.
func TestLoadIsGivenUp(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, end := range []func(p *proxy, r *Root){
		func(p *proxy, r *Root) { r.Closed() },
		func(p *proxy, r *Root) { require.True(t, r.Configure(len(p.config))) },
	} {
		p, r, call := withBundle(t, plain)
		headers, size := p.give("200", string(abitest.Bundle(mib, 1, later)))
		r.CallResponse(call, headers, size)
		r.Tick()
		require.NotNil(t, r.task)
		end(p, r)
		require.Nil(t, r.task)
		require.Zero(t, p.metrics["ajwt.bundle.loaded"]+p.metrics["ajwt.bundle.refused"])
		for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
			require.True(t, time.Now().Before(end), "the coroutine is still there")
		}
	}
}

// failing is a host whose clock panics within a load.
type failing struct {
	*proxy
	root *Root // nil: it does not
}

func (f *failing) Now() int64 {
	if f.root != nil && f.root.task != nil && f.root.slice.pauses == 20 {
		panic("secret")
	}
	return f.proxy.Now()
}

// A fault within a load refuses the document and nothing else.
func TestLoadPanics(t *testing.T) {
	f := &failing{}
	p, r, call := withBundle(t, func(p *proxy) abi.Host { f.proxy = p; return f })
	headers, size := p.give("200", string(abitest.Bundle(mib, 1, later)))
	r.CallResponse(call, headers, size)
	f.root = r
	for n := 0; r.slice.pauses < 20; n++ {
		require.Less(t, n, 10)
		r.Tick()
	}
	f.root = nil
	require.Nil(t, r.task)
	require.Equal(t, int64(1), p.metrics["ajwt.bundle.refused"])
	require.Equal(t, int64(1), p.metrics["ajwt.code."+ajwt.CodeInternalPanic.String()])
	require.NotContains(t, strings.Join(p.lines, "\n"), "secret")
	p.now += refetchFloor
	r.Tick()
	headers, size = p.give("200", string(abitest.Bundle(mib, 1, later)))
	r.CallResponse(uint32(len(p.calls)), headers, size)
	finish(t, r)
	require.Equal(t, int64(1), p.metrics["ajwt.bundle.loaded"], strings.Join(p.lines, "\n"))
}
