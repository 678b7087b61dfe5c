package abi

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPairs(t *testing.T) {
	for _, pairs := range [][]Pair{nil, {{"", ""}}, {{"a", ""}, {"", "b"}, {"a", "c\x00d"}}} {
		data := AppendPairs(nil, pairs...)
		got, ok := ReadPairs(nil, data)
		require.True(t, ok)
		require.Equal(t, pairs, got)
		for n := 1; n < len(data); n++ {
			_, ok := ReadPairs(nil, data[:n])
			require.False(t, ok, "%d of %d bytes", n, len(data))
		}
		_, ok = ReadPairs(nil, append(data, 0))
		require.False(t, ok, "a byte more")
	}
	got, ok := ReadPairs(nil, nil)
	require.True(t, ok, "no bytes are no pairs")
	require.Empty(t, got)
	_, ok = ReadPairs(nil, []byte("\xff\xff\xff\xff"))
	require.False(t, ok)
	_, ok = ReadPairs(nil, []byte("\x01\x00\x00\x00\xff\xff\xff\xff\x00\x00\x00\x00"))
	require.False(t, ok)
	changed := AppendPairs(nil, Pair{"a", "b"})
	changed[len(changed)-1] = 'x'
	_, ok = ReadPairs(nil, changed)
	require.False(t, ok, "no zero byte after a value")
}

func FuzzReadPairs(f *testing.F) {
	f.Add(AppendPairs(nil, Pair{":path", "/"}, Pair{"a", ""}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if pairs, ok := ReadPairs(nil, data); ok && len(data) > 0 {
			require.Equal(t, data, AppendPairs(nil, pairs...))
		}
	})
}

func TestMemory(t *testing.T) {
	var m Memory
	m.For(SlotPairs)
	at := m.Allocate(5)
	require.NotZero(t, at)
	data, ok := m.Result(SlotPairs, at, 5)
	require.True(t, ok)
	copy(data, "pairs")
	m.For(SlotShared)
	other := m.Allocate(100)
	require.NotEqual(t, at, other, "a look into the shared data leaves the header fields alone")
	data, _ = m.Result(SlotPairs, at, 5)
	require.Equal(t, "pairs", string(data))

	for name, row := range map[string]struct {
		at, size uint32
		ok       bool
	}{
		"nothing, nowhere": {0, 0, true},
		"not our address":  {at + 1, 5, false},
		"other slot":       {other, 5, false},
		"too long":         {at, 1 << 20, false},
	} {
		_, ok := m.Result(SlotPairs, row.at, row.size)
		require.Equal(t, row.ok, ok, name)
	}
	require.Zero(t, m.Allocate(MaxBlock+1))
	require.NotZero(t, m.Allocate(0), "length zero has an address")

	m.For(SlotShared)
	m.Allocate(keepBytes + 1)
	m.For(SlotShared)
	require.Nil(t, m.blocks[SlotShared], "large blocks are given back")
}

// fakeHost records answers. What a test does not expect panics: the method is nil.
type fakeHost struct {
	Host
	status  []int
	lines   []string
	onReply func()
}

func (h *fakeHost) Log(_ Level, line string) { h.lines = append(h.lines, line) }

func (h *fakeHost) Respond(status int, _ string, body, headers []byte) Status {
	h.status = append(h.status, status)
	if h.onReply != nil {
		h.onReply()
	}
	return StatusOK
}

type fakeRoot struct {
	outcome Outcome
	fault   string
}

func (r *fakeRoot) maybe() Outcome {
	if r.fault != "" {
		panic(r.fault)
	}
	return r.outcome
}
func (r *fakeRoot) Configure(int) bool            { r.maybe(); return true }
func (r *fakeRoot) Tick()                         { r.maybe() }
func (r *fakeRoot) CallResponse(uint32, int, int) { r.maybe() }
func (r *fakeRoot) RequestHeaders(bool) Outcome   { return r.maybe() }
func (r *fakeRoot) RequestBody(int, bool) Outcome { return r.maybe() }
func (r *fakeRoot) RequestTrailers() Outcome      { return r.maybe() }
func (r *fakeRoot) Done()                         { r.maybe() }

func newFake() (*Module, *fakeHost, *fakeRoot) {
	host, root := &fakeHost{}, &fakeRoot{}
	m := NewModule(host, func(Host) Root { return root })
	m.ContextCreate(1, 0)
	m.ContextCreate(2, 1)
	return m, host, root
}

func TestModulePasses(t *testing.T) {
	m, host, root := newFake()
	require.True(t, m.Configure(1, 0))
	root.outcome = Held
	require.Equal(t, Pause, m.RequestHeaders(2, false))
	require.Equal(t, Pause, m.RequestBody(2, 5, false))
	root.outcome = Passed
	require.Equal(t, Continue, m.RequestBody(2, 9, true))
	root.outcome = Refused
	require.Equal(t, Continue, m.RequestTrailers(2), "it was judged already")
	require.Empty(t, host.status)
	m.Delete(2)
	require.Equal(t, Pause, m.RequestBody(2, 9, true), "a deleted stream")
	require.Equal(t, []int{500}, host.status)
}

func TestModuleRefuses(t *testing.T) {
	m, _, root := newFake()
	root.outcome = Refused
	require.Equal(t, Pause, m.RequestHeaders(2, false))
	root.outcome = Passed
	require.Equal(t, Pause, m.RequestBody(2, 1, true), "what was refused stays refused")
	require.Equal(t, Pause, m.RequestTrailers(2))

	m, host, root := newFake()
	root.outcome = Passed
	require.Equal(t, Pause, m.RequestBody(2, 1, true), "a body before the headers")
	require.Equal(t, Pause, m.RequestHeaders(99, true), "a stream that was not created")
	require.Equal(t, []int{500, 500}, host.status)
	m.ContextCreate(3, 77)
	require.Equal(t, Pause, m.RequestHeaders(3, true), "a stream of no root")

	m, _, root = newFake()
	root.outcome = Held
	m.RequestHeaders(2, false)
	require.Equal(t, Pause, m.RequestTrailers(2))
	root.outcome = Passed
	require.Equal(t, Pause, m.RequestTrailers(2), "nothing is held beyond the trailers")
}

func TestModulePanics(t *testing.T) {
	m, host, root := newFake()
	root.fault = "secret"
	require.False(t, m.Configure(1, 0))
	m.Tick(1)
	m.CallResponse(1, 1, 0, 0)
	m.ContextCreate(9, 1)
	m.Delete(9)
	require.Empty(t, host.status)
	require.Equal(t, Pause, m.RequestHeaders(2, true))
	require.Equal(t, []int{500}, host.status)
	root.fault, root.outcome = "", Passed
	require.Equal(t, Pause, m.RequestBody(2, 0, true), "after a fault the stream stays refused")
	for _, line := range host.lines {
		require.NotContains(t, line, "secret")
	}
	require.NotEmpty(t, host.lines)

	// The next request is judged as ever.
	m.ContextCreate(3, 1)
	require.Equal(t, Continue, m.RequestHeaders(3, true))

	// A host that fails while it refuses.
	m.ContextCreate(4, 1)
	root.fault, host.onReply = "again", func() { panic("host") }
	require.Equal(t, Pause, m.RequestHeaders(4, true))
	require.Contains(t, strings.Join(host.lines, "\n"), "internal_panic")
}
