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

	entered  []uint32
	noStream Status
	resumed  int
	foreign  Status // of the probe, 0 for a host without the function
}

func (h *fakeHost) Log(_ Level, line string) { h.lines = append(h.lines, line) }

func (h *fakeHost) Respond(status int, _ string, body, headers []byte) Status {
	h.status = append(h.status, status)
	if h.onReply != nil {
		h.onReply()
	}
	return StatusOK
}

func (h *fakeHost) Enter(id uint32) Status {
	h.entered = append(h.entered, id)
	return h.noStream
}

func (h *fakeHost) Resume() Status { h.resumed++; return StatusOK }

func (h *fakeHost) Foreign(string, []byte) ([]byte, Status) {
	if h.foreign == StatusOK {
		return nil, StatusNotFound
	}
	return nil, h.foreign
}

type fakeRoot struct {
	outcome   Outcome
	fault     string
	token     uint32
	answers   []uint32 // tokens of CallResponse
	forgotten []uint32
	ready     bool
	closed    bool
	stripped  int            // calls of Trailers
	trailer   func() Outcome // of Trailers, Passed for nil
	wantsBody bool
}

func (r *fakeRoot) trailers() Outcome {
	if r.stripped++; r.trailer != nil {
		return r.trailer()
	}
	return Passed
}

func (r *fakeRoot) maybe() Outcome {
	if r.fault != "" {
		panic(r.fault)
	}
	return r.outcome
}
func (r *fakeRoot) Configure(int) bool                { r.maybe(); return true }
func (r *fakeRoot) Tick()                             { r.maybe() }
func (r *fakeRoot) CallResponse(t uint32, _, _ int)   { r.answers = append(r.answers, t); r.maybe() }
func (r *fakeRoot) RequestHeaders(bool) Outcome       { return r.maybe() }
func (r *fakeRoot) RequestBody(int, bool) Outcome     { return r.maybe() }
func (r *fakeRoot) RequestTrailers() Outcome          { return r.maybe() }
func (r *fakeRoot) WaitsFor() uint32                  { return r.token }
func (r *fakeRoot) WantsBody() bool                   { return r.wantsBody }
func (r *fakeRoot) Answered(uint32, int, int) Outcome { return r.maybe() }
func (r *fakeRoot) Forgotten(t uint32)                { r.forgotten = append(r.forgotten, t) }
func (r *fakeRoot) Trailers() Outcome                 { return r.trailers() }
func (r *fakeRoot) Ready() bool                       { return r.ready }
func (r *fakeRoot) Closed()                           { r.closed = true }
func (r *fakeRoot) Done()                             { r.maybe() }

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

// Trailers are shown to the Root once, however far the request is, and a request that may not
// have them goes no further.
func TestModuleTrailers(t *testing.T) {
	for name, before := range map[string]Outcome{"passed": Passed, "held": Held, "waiting": Waiting, "starting": Starting} {
		begin := func() (*Module, *fakeHost, *fakeRoot) {
			m, host, root := newFake()
			root.outcome, root.token = before, 7
			m.RequestHeaders(2, false)
			root.outcome = Passed
			return m, host, root
		}
		m, host, root := begin()
		require.Equal(t, before == Passed || before == Held, m.RequestTrailers(2) == Continue, name)
		require.Equal(t, 1, root.stripped, name)
		require.Empty(t, host.status, name)

		for _, refuse := range []func() Outcome{func() Outcome { return Refused }, func() Outcome { return Held }, func() Outcome { panic("secret") }} {
			m, host, root = begin()
			root.trailer, root.ready = refuse, true
			require.Equal(t, Pause, m.RequestTrailers(2), name)
			require.Equal(t, Pause, m.RequestBody(2, 1, true), name)
			m.CallResponse(1, 7, 1, 0)
			m.Tick(1)
			require.Zero(t, host.resumed, "%s: nothing lets it go on", name)
			require.Equal(t, Pause, m.RequestTrailers(2), name)
			require.Equal(t, 1, root.stripped, name)
			if before == Waiting {
				require.Equal(t, []uint32{7}, root.forgotten)
			}
		}
		require.Equal(t, []int{500}, host.status, "%s: who panics has not answered", name)
	}
	m, _, root := newFake()
	m.RequestHeaders(2, false)
	m.RequestTrailers(2)
	require.Zero(t, root.stripped, "a refused request has no use for it")
}

// A request that waits for a call is held in every callback, and goes on once.
func TestModuleWaits(t *testing.T) {
	for name, callback := range map[string]func(*Module, *fakeRoot) Action{
		"headers":  func(m *Module, _ *fakeRoot) Action { return m.RequestHeaders(2, false) },
		"body":     func(m *Module, _ *fakeRoot) Action { return m.RequestBody(2, 1, true) },
		"trailers": func(m *Module, _ *fakeRoot) Action { return m.RequestTrailers(2) },
	} {
		for _, context := range []uint32{1, 2} { // the root's, or the stream's
			wait := func() (*Module, *fakeHost, *fakeRoot) {
				m, host, root := newFake()
				if name != "headers" {
					root.outcome = Held
					require.Equal(t, Pause, m.RequestHeaders(2, false))
				}
				root.outcome, root.token = Waiting, 7
				require.Equal(t, Pause, callback(m, root), name)
				root.outcome = Passed
				require.Equal(t, Pause, m.RequestBody(2, 1, false), name)
				require.Equal(t, Pause, m.RequestBody(2, 9, true), name)
				require.Equal(t, Pause, m.RequestTrailers(2), name)
				m.CallResponse(context, 8, 1, 0)
				require.Equal(t, []uint32{8}, root.answers, "the answer to another call")
				require.Zero(t, host.resumed)
				return m, host, root
			}
			m, host, root := wait()
			m.CallResponse(context, 7, 1, 0)
			require.Equal(t, []uint32{2}, host.entered)
			require.Equal(t, 1, host.resumed)
			require.Equal(t, Continue, m.RequestBody(2, 9, true))
			m.CallResponse(context, 7, 1, 0)
			require.Equal(t, 1, host.resumed, "an answer counts once")
			require.Equal(t, []uint32{8, 7}, root.answers)
			m.Delete(2)
			require.Empty(t, root.forgotten)

			for _, outcome := range []Outcome{Refused, Held, Waiting} {
				m, host, root = wait()
				root.outcome = outcome
				m.CallResponse(context, 7, 1, 0)
				require.Zero(t, host.resumed)
				require.Equal(t, Pause, m.RequestBody(2, 9, true))
				require.Equal(t, outcome != Refused, len(host.status) == 1, "there is an answer in any case")
				require.Empty(t, m.waiting)
			}
			m, host, root = wait()
			root.fault = "secret"
			m.CallResponse(context, 7, 1, 0)
			require.Zero(t, host.resumed)
			require.Equal(t, []int{500}, host.status)

			m, host, root = wait()
			m.Delete(2)
			require.Equal(t, []uint32{7}, root.forgotten)
			require.Empty(t, m.waiting)
			m.CallResponse(1, 7, 1, 0)
			require.Zero(t, host.resumed+len(host.entered)+len(host.status), "nobody waits for it now")

			m, host, root = wait()
			host.noStream = StatusBadArgument
			m.CallResponse(context, 7, 1, 0)
			require.Equal(t, []uint32{7}, root.forgotten)
			require.Zero(t, host.resumed+len(host.status))
		}
	}
	// Two roots of an instance may have calls of one number.
	host := &fakeHost{}
	roots := []*fakeRoot{{outcome: Waiting, token: 7}, {outcome: Waiting, token: 7}}
	n := 0
	m := NewModule(host, func(Host) Root { n++; return roots[n-1] })
	m.ContextCreate(1, 0)
	m.ContextCreate(2, 0)
	m.ContextCreate(11, 1)
	m.ContextCreate(12, 2)
	m.RequestHeaders(11, true)
	m.RequestHeaders(12, true)
	roots[0].outcome, roots[1].outcome = Passed, Passed
	m.CallResponse(2, 7, 1, 0)
	m.CallResponse(3, 7, 1, 0) // of no root
	m.CallResponse(1, 7, 1, 0)
	require.Equal(t, []uint32{12, 11}, host.entered)
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

// A request whose body nobody looks at waits with PauseAll where the host knows it, and only
// there; what else waits, waits with Pause.
func TestModulePausesAll(t *testing.T) {
	for _, outcome := range []Outcome{Waiting, Starting} {
		for _, row := range []struct {
			probe     Status
			wantsBody bool
			end       bool
			want      Action
		}{
			{StatusBadArgument, false, false, PauseAll},
			{StatusBadArgument, true, false, Pause},
			{StatusBadArgument, false, true, Pause},
			{StatusOK, false, false, Pause}, // the fake's word for a function that is not there
			{StatusEmpty, false, false, Pause},
			{StatusBroken, false, false, Pause},
		} {
			m, host, root := newFake()
			host.foreign = row.probe
			root.outcome, root.wantsBody = outcome, row.wantsBody
			require.Equal(t, row.want, m.RequestHeaders(2, row.end), "%+v", row)
			require.Equal(t, Pause, m.RequestBody(2, 1, false), "no other callback has that word")
		}
	}
	for _, outcome := range []Outcome{Refused, Held} {
		m, host, root := newFake()
		host.foreign = StatusBadArgument
		root.outcome = outcome
		require.Equal(t, Pause, m.RequestHeaders(2, false))
	}
}

// Between two pieces of a body that is held, nothing lets a request go on but the callback
// for the next piece.
func TestModuleResumesWithTheNextPiece(t *testing.T) {
	for name, row := range map[string]struct {
		came    func(*Module)
		resumed int
	}{
		"nothing":  {func(*Module) {}, 1},
		"a piece":  {func(m *Module) { m.RequestBody(2, 5, false) }, 0},
		"all":      {func(m *Module) { m.RequestBody(2, 5, false); m.RequestBody(2, 9, true) }, 1},
		"trailers": {func(m *Module) { m.RequestBody(2, 5, false); m.RequestTrailers(2) }, 1},
	} {
		m, host, root := newFake()
		root.outcome, root.token = Waiting, 7
		require.Equal(t, Pause, m.RequestHeaders(2, false))
		row.came(m)
		root.outcome = Passed
		m.CallResponse(1, 7, 1, 0)
		require.Equal(t, row.resumed, host.resumed, name)
		require.Equal(t, Continue, m.RequestBody(2, 9, true), name)
	}
}
