package filter

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
	"github.com/agentic-jwt/ajwt/wasm/proxywasm/abi"
)

func fetching(t testing.TB) (*proxy, *Root) {
	p := warm()
	r := configured(t, p, withHosts(abitest.PolicyWithoutKeys(), fetchAS))
	p.now = later
	return p, r
}

func (p *proxy) give(status, body string) (headers, size int) {
	p.answer = []abi.Pair{{Name: ":status", Value: status}}
	p.answered = []byte(body)
	return 1, len(body)
}

func TestKeysAreFetched(t *testing.T) {
	p, r := fetching(t)
	require.Empty(t, p.calls, "never while it is configured")
	require.Equal(t, int64(0), p.metrics["ajwt.ready"])
	require.Equal(t, tickStarting, p.tick)
	p.send(abitest.Request(abitest.Repository, later, 1))
	require.Equal(t, abi.Refused, r.RequestHeaders(true), "nothing loaded yet")
	require.Equal(t, "key_set_missing", p.code())

	r.Tick()
	require.Equal(t, []string{"as/jwks.json"}, p.calls)
	require.Equal(t, int64(5<<20), p.metrics["ajwt.memory_bytes"])
	r.Tick()
	require.Len(t, p.calls, 1, "one flight")
	headers, size := p.give("200", string(abitest.KeySet("as-1")))
	r.CallResponse(99, headers, size)
	require.False(t, r.documents[0].loaded, "an answer to somebody else's call")
	r.CallResponse(1, headers, size)
	require.Equal(t, int64(1), p.metrics["ajwt.ready"])
	require.Equal(t, tickReady, p.tick)
	require.Equal(t, int64(1), p.metrics["ajwt.keys.loaded"])
	p.send(abitest.Request(abitest.Repository, later, 1))
	require.Equal(t, abi.Passed, r.RequestHeaders(true))

	// Not again before its time.
	p.now += refetchKeys - 1
	r.Tick()
	require.Len(t, p.calls, 1)
	p.now++
	r.Tick()
	require.Len(t, p.calls, 2)
	headers, size = p.give("200", string(abitest.KeySet("as-1")))
	r.CallResponse(2, headers, size)
	require.Equal(t, int64(1), p.metrics["ajwt.keys.loaded"], "the same set: results that rest on it stay")
}

// Other workers and the next configuration start with what lies in the shared data, and
// verify it by themselves.
func TestDocumentsAreShared(t *testing.T) {
	p, r := fetching(t)
	early := p.worker()
	early.now = abitest.Now
	w := configured(t, early, p.config)
	r.Tick()
	headers, size := p.give("200", string(abitest.KeySet("as-1")))
	early.now = later
	w.Tick()
	require.Empty(t, early.calls, "the lease is taken")
	r.CallResponse(1, headers, size)
	early.send(abitest.Request(abitest.Repository, later, 5))
	require.Equal(t, abi.Passed, w.RequestHeaders(true), "a request does not wait for the tick")
	w.Tick()
	require.Empty(t, early.calls)
	require.True(t, w.documents[0].loaded)

	next := p.worker()
	n := configured(t, next, p.config)
	require.Equal(t, int64(1), next.metrics["ajwt.ready"])
	next.send(abitest.Request(abitest.Repository, later, 7))
	require.Equal(t, abi.Passed, n.RequestHeaders(true))

	// Somebody writes nonsense there: it is not what the digest says, or no key set.
	name := n.documents[0].name
	p.SetShared(name, []byte("nonsense"), 0)
	bad := p.worker()
	b := configured(t, bad, p.config)
	require.False(t, b.documents[0].loaded)
	state := documentState{fetched: later, digest: sha256.Sum256([]byte("nonsense"))}
	p.SetShared(name+"/state", state.append(nil), 0)
	b.Tick()
	require.False(t, b.documents[0].loaded)
	require.Equal(t, int64(1), bad.metrics["ajwt.keys.refused"])
	b.Tick()
	require.Equal(t, int64(1), bad.metrics["ajwt.keys.refused"], "looked at once")
	p.SetShared(name+"/state", []byte("x"), 0)
	b.Tick()
	require.Empty(t, bad.calls)
}

func TestAnswersThatAreNotTaken(t *testing.T) {
	good := string(abitest.KeySet("as-1"))
	for name, row := range map[string]struct {
		status, body string
		more         []abi.Pair
		headers      int
		cut          int
	}{
		"no answer":      {"200", good, nil, 0, 0},
		"redirect":       {"302", good, []abi.Pair{{Name: "location", Value: "https://evil.example"}}, 2, 0},
		"no content":     {"204", good, nil, 1, 0},
		"partial":        {"206", good, nil, 1, 0},
		"error":          {"500", good, nil, 1, 0},
		"empty":          {"200", "", nil, 1, 0},
		"encoded":        {"200", good, []abi.Pair{{Name: "Content-Encoding", Value: "gzip"}}, 2, 0},
		"cut off":        {"200", good[:20], []abi.Pair{{Name: "content-length", Value: number(len(good))}}, 2, 0},
		"buffer cut off": {"200", good, nil, 1, 5},
		"no key set":     {"200", "{}", nil, 1, 0},
		"too long":       {"200", good + strings.Repeat(" ", defaultDocumentBytes), nil, 1, 0},
	} {
		p, r := fetching(t)
		r.Tick()
		_, size := p.give(row.status, row.body)
		p.answer = append(p.answer, row.more...)
		p.answered = p.answered[:len(p.answered)-row.cut]
		r.CallResponse(1, row.headers, size)
		require.False(t, r.documents[0].loaded, name)
		require.Equal(t, int64(1), p.metrics["ajwt.keys.failed"]+p.metrics["ajwt.keys.refused"], name)
		require.NotEmpty(t, p.lines, name)
		if name == "too long" {
			require.Equal(t, int64(1), p.metrics["ajwt.code.keys_too_large"])
		}
		// The floor holds after a failure, for all workers.
		p.now += refetchFloor - 1
		r.Tick()
		require.Len(t, p.calls, 1, name)
		p.now++
		r.Tick()
		require.Len(t, p.calls, 2, name)
	}
}

// What was in force stays when its successor cannot be had.
func TestPreviousIsKept(t *testing.T) {
	p, r := fetching(t)
	r.Tick()
	headers, size := p.give("200", string(abitest.KeySet("as-1")))
	r.CallResponse(1, headers, size)
	p.now += refetchKeys
	r.Tick()
	headers, size = p.give("200", "{}")
	r.CallResponse(2, headers, size)
	at := p.now
	p.send(abitest.Request(abitest.Repository, at, 1))
	require.Equal(t, abi.Passed, r.RequestHeaders(true))
	require.Equal(t, int64(1), p.metrics["ajwt.ready"])
	next := p.worker()
	n := configured(t, next, p.config)
	require.True(t, n.documents[0].loaded, "nor does the shared data hold what was refused")
}

// A key that is not in the set asks for a new set, no more often than the floor says.
func TestUnknownKeyFetchesAgain(t *testing.T) {
	p, r := fetching(t)
	r.Tick()
	headers, size := p.give("200", string(abitest.KeySet("old")))
	r.CallResponse(1, headers, size)
	for range 20 {
		p.send(abitest.Request(abitest.Repository, later, 1))
		require.Equal(t, abi.Refused, r.RequestHeaders(true))
		require.Equal(t, "key_kid_unknown", p.code())
		r.Tick()
	}
	require.Len(t, p.calls, 1)
	p.now += refetchFloor
	r.Tick()
	require.Len(t, p.calls, 2)
	headers, size = p.give("200", string(abitest.KeySet("as-1")))
	r.CallResponse(2, headers, size)
	p.now += refetchFloor
	r.Tick()
	require.Len(t, p.calls, 2)
	p.send(abitest.Request(abitest.Repository, p.now, 1))
	require.Equal(t, abi.Passed, r.RequestHeaders(true))
}

// A worker that dies with the lease holds the others up for no longer than its call.
func TestLeaseEnds(t *testing.T) {
	p, r := fetching(t)
	r.Tick()
	other := p.worker()
	o := configured(t, other, p.config)
	other.now = p.now + refetchFloor - 1
	o.Tick()
	require.Empty(t, other.calls)
	other.now++
	o.Tick()
	require.Len(t, other.calls, 1)
}

func TestCallNotSent(t *testing.T) {
	p, r := fetching(t)
	p.callStatus = abi.StatusBadArgument
	r.Tick()
	require.Contains(t, strings.Join(p.lines, "\n"), "cluster as")
	p.callStatus = abi.StatusOK
	p.now += refetchFloor
	r.Tick()
	require.Len(t, p.calls, 1)
}

// reads counts how often a value of the shared data was read.
type reads struct {
	*proxy
	of map[string]int
}

func (r reads) Shared(key string) ([]byte, uint32, abi.Status) {
	r.of[key]++
	return r.proxy.Shared(key)
}

// A document that an earlier policy took and this one finds too long is looked at once, not
// by every request that comes meanwhile.
func TestDocumentOfAnotherLimit(t *testing.T) {
	p, r, call := withBundle(t, plain)
	headers, size := p.give("200", string(abitest.Bundle(mib, 1, later)))
	r.CallResponse(call, headers, size)
	finish(t, r)
	require.True(t, r.ready)

	next := reads{p.worker(), map[string]int{}}
	next.config = withHosts(abitest.PolicyWithBundle(), fetchAS+`,"max_bundle_bytes":65536`)
	n := New(next).(*Root)
	require.True(t, n.Configure(len(next.config)))
	for number := range 10 {
		headersOf(next.proxy, n, number)
	}
	require.False(t, n.ready)
	require.Equal(t, 1, next.of[newDocument(source{url: "https://as.example/bundle"}).name])
}
