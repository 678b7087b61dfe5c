package abi

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// told is a Root that writes down what it was asked for.
type told struct {
	fakeRoot
	calls []string
	held  bool // the headers do not suffice
}

func (r *told) RequestHeaders(end bool) Outcome {
	r.calls = append(r.calls, fmt.Sprint("headers ", end))
	if r.held && r.outcome == Passed {
		return Held
	}
	return r.maybe()
}

func (r *told) RequestBody(size int, end bool) Outcome {
	r.calls = append(r.calls, fmt.Sprint("body ", size, " ", end))
	return r.maybe()
}

func (r *told) RequestTrailers() Outcome {
	r.calls = append(r.calls, "trailers")
	return r.maybe()
}

// A request that came too early is held with all that it brings, and asked about again with
// what came last, once the Root is ready.
func TestModuleStarting(t *testing.T) {
	for name, row := range map[string]struct {
		more func(m *Module)
		held bool
		then []string
	}{
		"headers alone":      {func(*Module) {}, false, []string{"headers false"}},
		"body not needed":    {func(m *Module) { m.RequestBody(2, 5, true) }, false, []string{"headers false"}},
		"body":               {func(m *Module) { m.RequestBody(2, 5, false); m.RequestBody(2, 9, true) }, true, []string{"headers false", "body 9 true"}},
		"part of the body":   {func(m *Module) { m.RequestBody(2, 5, false) }, true, []string{"headers false", "body 5 false"}},
		"body and trailers":  {func(m *Module) { m.RequestBody(2, 5, false); m.RequestTrailers(2) }, true, []string{"headers false", "trailers"}},
		"body still to come": {func(*Module) {}, true, []string{"headers false"}},
	} {
		host, root := &fakeHost{}, &told{held: row.held}
		m := NewModule(host, func(Host) Root { return root })
		m.ContextCreate(1, 0)
		m.ContextCreate(2, 1)
		root.outcome = Starting
		require.Equal(t, Pause, m.RequestHeaders(2, false))
		row.more(m)
		m.Tick(1)
		m.CallResponse(1, 3, 0, 0)
		require.Zero(t, host.resumed, name)
		require.Empty(t, host.entered, name)
		require.Len(t, root.calls, 1, name)

		root.calls, root.ready, root.outcome = nil, true, Passed
		m.Tick(1)
		require.Equal(t, row.then, root.calls, name)
		require.Equal(t, []uint32{2}, host.entered)
		if name == "body still to come" {
			require.Zero(t, host.resumed)
			require.Equal(t, Continue, m.RequestBody(2, 9, true))
			continue
		}
		// The callback for the rest lets go of a body that is there in part.
		once := 1
		if name == "part of the body" {
			once = 0
		}
		require.Equal(t, once, host.resumed, name)
		m.Tick(1)
		require.Equal(t, once, host.resumed, "once")
		require.Equal(t, Continue, m.RequestBody(2, 9, true), "what follows passes")
		require.Empty(t, host.status)
	}
}

// The order is that of their coming; those who went are forgotten, and so is a stream that
// the host has given up. A fault refuses.
func TestModuleStartingMany(t *testing.T) {
	host := &fakeHost{}
	roots := map[uint32]*fakeRoot{}
	var next *fakeRoot
	m := NewModule(host, func(Host) Root { next = &fakeRoot{outcome: Starting}; return next })
	for _, id := range []uint32{1, 2} {
		m.ContextCreate(id, 0)
		roots[id] = next
	}
	for id := uint32(10); id < 16; id++ {
		m.ContextCreate(id, 1+id%2)
		require.Equal(t, Pause, m.RequestHeaders(id, true))
	}
	m.Delete(12)
	roots[1].ready, roots[1].outcome = true, Passed
	m.Tick(2)
	require.Empty(t, host.entered)
	m.Tick(1)
	require.Equal(t, []uint32{10, 14}, host.entered)
	require.Equal(t, 2, host.resumed)

	roots[2].ready, roots[2].fault = true, "secret"
	m.CallResponse(2, 1, 0, 0)
	require.Equal(t, []int{500, 500, 500}, host.status)
	require.Equal(t, 2, host.resumed)
	m.Delete(2)
	require.True(t, roots[2].closed)
	require.False(t, roots[1].closed)

	// A Root may make a request wait again.
	m.ContextCreate(20, 1)
	roots[1].outcome, roots[1].ready = Starting, false
	require.Equal(t, Pause, m.RequestHeaders(20, true))
	roots[1].ready = true
	m.Tick(1)
	roots[1].outcome = Refused
	m.Tick(1)
	require.Equal(t, []uint32{20, 20}, host.entered[len(host.entered)-2:])
	require.Equal(t, 2, host.resumed)
	m.ContextCreate(21, 1)
	roots[1].outcome = Starting
	require.Equal(t, Pause, m.RequestHeaders(21, true))
	host.noStream = StatusBadArgument
	m.Tick(1)
	host.noStream = StatusOK
	m.Tick(1)
	require.Equal(t, 2, host.resumed)
}
