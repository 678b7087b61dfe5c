package abi

// Root is one configuration of the plugin: a proxy may have several in one instance of
// the module, an old one and its successor among them.
type Root interface {
	// Configure takes the plugin's configuration of so many bytes; false refuses it.
	Configure(size int) bool
	// Tick is called in the rhythm that SetTick set.
	Tick()
	// CallResponse is the answer to a Call: the numbers of header fields and bytes of
	// the body, no header fields where there was no answer.
	CallResponse(token uint32, headers, body int)
	// RequestHeaders has the fields of a request; end tells that it has no body.
	RequestHeaders(end bool) Outcome
	// RequestBody is for a held request: size bytes of the body are there; end tells
	// that these are all, and that there are no trailers.
	RequestBody(size int, end bool) Outcome
	// RequestTrailers is for a held request: the body is complete.
	RequestTrailers() Outcome
	// Trailers has the trailers of a request that was not refused, before RequestTrailers,
	// for what must not reach the upstream. Its Outcome is Passed or Refused, and says
	// nothing of the request but whether it may have these trailers.
	Trailers() Outcome
	// WaitsFor names the call whose answer a request waits for, right after the Outcome
	// Waiting.
	WaitsFor() (token uint32)
	// Answered is CallResponse for such a call; the current context is the request's. Its
	// Outcome is Passed or Refused.
	Answered(token uint32, headers, body int) Outcome
	// Forgotten tells that a request is gone that waited for a call. The answer may still
	// come, as CallResponse.
	Forgotten(token uint32)
	// WantsBody is asked right after RequestHeaders had the Outcome Waiting or Starting:
	// whether the Outcome may depend on the body.
	WantsBody() bool
	// Ready is asked after Tick and CallResponse: true lets the requests go on whose
	// Outcome was Starting. For each, the callbacks come again.
	Ready() bool
	// Done is called after a stream has ended: nobody waits for its return.
	Done()
	// Closed tells that this configuration is gone.
	Closed()
}

// Outcome is what becomes of a request. The zero Outcome refuses.
type Outcome uint8

// The outcomes.
const (
	Refused Outcome = iota // it was answered, and goes no further
	Passed
	Held    // its headers wait for the body
	Waiting // it waits for the answer of a call
	// Starting: it waits, with whatever comes of its body, until the Root is Ready.
	Starting
)

// Module is what stands behind the exports. It never panics: a fault of a Root refuses
// the request, or the configuration. It is not safe for concurrent use; an instance runs
// one call at a time.
type Module struct {
	host    Host
	newRoot func(Host) Root
	roots   map[uint32]Root
	streams streamTable
	waiting map[call]uint32 // the stream of each call that one waits for
	probed  bool            // whether pausesAll is known
	allOf   bool            // the answer
	early   []uint32        // streams whose outcome is Starting, in the order of their coming
}

type stream struct {
	root    Root
	outcome Outcome
	begun   bool
	token   uint32 // of the call that it waits for
	came    came
}

// came is what a stream had when its last callback came while it waited.
type came struct {
	body, trailers bool
	end, bodyEnd   bool
	size           int
}

// call names a call that is under way: whether two roots may have the same token is the
// host's affair.
type call struct {
	root  Root
	token uint32
}

// NewModule makes a Module. newRoot is called for each configuration.
func NewModule(host Host, newRoot func(Host) Root) *Module {
	return &Module{host: host, newRoot: newRoot, roots: make(map[uint32]Root), waiting: make(map[call]uint32)}
}

// ContextCreate is proxy_on_context_create: a root where parent is 0, else a stream.
func (m *Module) ContextCreate(id, parent uint32) {
	defer m.recovered("context_create", nil)
	if parent == 0 {
		if m.roots[id] == nil {
			m.roots[id] = m.newRoot(m.host)
		}
		return
	}
	m.streams.set(id, stream{root: m.roots[parent]})
}

// Configure is proxy_on_configure.
func (m *Module) Configure(root uint32, size int) (ok bool) {
	defer m.recovered("configure", func() { ok = false })
	r := m.roots[root]
	return r != nil && r.Configure(size)
}

// Tick is proxy_on_tick.
func (m *Module) Tick(root uint32) {
	defer m.recovered("tick", nil)
	if r := m.roots[root]; r != nil {
		defer m.wake(r)
		r.Tick()
	}
}

// CallResponse is proxy_on_http_call_response. context is that of the root, or with some
// hosts that of the stream which made the call. A request that waited for the answer goes
// on, unless it is refused.
func (m *Module) CallResponse(context, token uint32, headers, body int) {
	defer m.recovered("http_call_response", nil)
	root := m.roots[context]
	if s := m.streams.find(context); root == nil && s != nil {
		root = s.root
	}
	if root == nil {
		return
	}
	id, ok := m.waiting[call{root, token}]
	if !ok {
		defer m.wake(root)
		root.CallResponse(token, headers, body)
		return
	}
	delete(m.waiting, call{root, token})
	if m.host.Enter(id) != StatusOK { // the host has given up the stream: nobody is there to answer
		root.Forgotten(token)
		return
	}
	action := m.judge("http_call_response", id, m.known(id), func() Outcome {
		outcome := root.Answered(token, headers, body)
		if outcome != Passed && outcome != Refused {
			panic("there is nothing more to wait for")
		}
		return outcome
	})
	if action == Continue {
		m.resume("http_call_response", id)
	}
}

// resume lets a request go on. Envoy loses a piece of a body whose pieces before it are
// held, if the stream goes on between the two (envoyproxy/envoy issue 46841, in 1.36.4 and
// 1.40.0): then the callback for the next piece lets it go on, and all that is held with it.
func (m *Module) resume(callback string, id uint32) {
	if s := m.streams.find(id); s != nil && s.came.body && !s.came.bodyEnd && !s.came.trailers {
		return
	}
	if m.host.Resume() != StatusOK {
		m.host.Log(LevelError, "ajwt: "+callback+": the request does not go on")
	}
}

// pausesAll tells whether the host knows PauseAll: one that has Envoy's function for
// signatures, and finds fault with an argument that is none.
func (m *Module) pausesAll() bool {
	if !m.probed {
		_, status := m.host.Foreign("verify_signature", []byte{0xff})
		m.probed, m.allOf = true, status == StatusBadArgument
	}
	return m.allOf
}

// RequestHeaders is proxy_on_request_headers.
func (m *Module) RequestHeaders(id uint32, end bool) Action {
	s := m.known(id)
	s.begun, s.came.end = true, end
	body := true
	action := m.judge("request_headers", id, s, func() Outcome {
		outcome := s.root.RequestHeaders(end)
		if outcome == Waiting || outcome == Starting {
			body = s.root.WantsBody()
		}
		return outcome
	})
	// A body that nobody looks at waits in the connection, where Envoy neither limits nor
	// loses it.
	if !end && !body && action == Pause && m.pausesAll() {
		return PauseAll
	}
	return action
}

// RequestBody is proxy_on_request_body. It never lets a byte of a request pass that was
// not judged.
func (m *Module) RequestBody(id uint32, size int, end bool) Action {
	s := m.known(id)
	if s.begun && s.outcome != Held {
		s.came.body, s.came.size, s.came.bodyEnd = true, size, end
		return actionOf(s.outcome)
	}
	return m.judge("request_body", id, s, func() Outcome { return s.root.RequestBody(size, end) })
}

// RequestTrailers is proxy_on_request_trailers.
func (m *Module) RequestTrailers(id uint32) Action {
	s := m.known(id)
	if s.begun && s.root != nil && s.outcome != Refused && !m.trailers(s.root) {
		if s.outcome == Waiting {
			delete(m.waiting, call{s.root, s.token})
			s.root.Forgotten(s.token)
		}
		s.outcome = Refused
		return Pause
	}
	if s.begun && s.outcome != Held {
		s.came.trailers = true
		return actionOf(s.outcome)
	}
	return m.judge("request_trailers", id, s, func() Outcome {
		if outcome := s.root.RequestTrailers(); outcome != Held {
			return outcome
		}
		return Refused // nothing comes after trailers
	})
}

// trailers tells whether a request may have its trailers; if not, it was answered.
func (m *Module) trailers(r Root) (ok bool) {
	defer m.recovered("request_trailers", func() {
		ok = false
		m.respondFault()
	})
	return r.Trailers() == Passed
}

// known is a stream, the zero one where there is none of that number.
func (m *Module) known(id uint32) *stream {
	if s := m.streams.find(id); s != nil {
		return s
	}
	return new(stream)
}

// wake lets the requests go on that waited for the Root, in the order of their coming.
func (m *Module) wake(r Root) {
	defer m.recovered("ready", nil)
	if !r.Ready() {
		return
	}
	early := m.early
	m.early = nil
	for _, id := range early {
		s := m.streams.find(id)
		switch {
		case s == nil || s.outcome != Starting: // it is gone
		case s.root != r:
			m.early = append(m.early, id)
		case m.host.Enter(id) == StatusOK:
			if m.again(id, s) == Continue {
				m.resume("ready", id)
			}
		}
	}
}

// again asks once more for the outcome of a request that waited for the Root.
func (m *Module) again(id uint32, s *stream) Action {
	return m.judge("ready", id, s, func() Outcome {
		outcome := s.root.RequestHeaders(s.came.end)
		switch {
		case outcome == Held && s.came.trailers:
			outcome = s.root.RequestTrailers()
		case outcome == Held && s.came.body:
			outcome = s.root.RequestBody(s.came.size, s.came.bodyEnd)
		}
		if outcome == Held && (s.came.trailers || s.came.bodyEnd) {
			panic("nothing more comes")
		}
		return outcome
	})
}

// judge asks for a stream's outcome. A stream without a root, or whose headers never
// came, is refused.
func (m *Module) judge(callback string, id uint32, s *stream, ask func() Outcome) (action Action) {
	s.outcome = Refused
	refuse := func() {
		action = Pause
		s.outcome = Refused
		m.respondFault()
	}
	defer m.recovered(callback, refuse)
	if s.root == nil || !s.begun {
		m.host.Log(LevelError, "ajwt: "+callback+": unknown stream")
		refuse()
		return Pause
	}
	outcome := ask()
	switch outcome {
	case Starting:
		m.early = append(m.early, id)
	case Waiting:
		s.token = s.root.WaitsFor()
		m.waiting[call{s.root, s.token}] = id
	}
	s.outcome = outcome
	return actionOf(s.outcome)
}

func actionOf(o Outcome) Action {
	if o == Passed {
		return Continue
	}
	return Pause
}

// respondFault answers a request that met a fault of ours.
func (m *Module) respondFault() {
	m.host.Respond(500, "ajwt_internal", faultBody, AppendPairs(nil, noStore, jsonType))
}

var (
	faultBody = []byte(`{"error":"server_error","code":"internal_panic"}`)
	noStore   = Pair{"cache-control", "no-store"}
	jsonType  = Pair{"content-type", "application/json"}
)

// Delete is proxy_on_delete, for streams and roots. The callbacks before it, of logging
// and of the end, are not exported: each costs as much as a look at the header fields.
func (m *Module) Delete(id uint32) {
	defer m.recovered("delete", nil)
	gone, ok := m.streams.take(id)
	if !ok {
		if r := m.roots[id]; r != nil {
			delete(m.roots, id)
			r.Closed()
		}
		return
	}
	if gone.root == nil {
		return
	}
	if gone.outcome == Waiting {
		delete(m.waiting, call{gone.root, gone.token})
		gone.root.Forgotten(gone.token)
	}
	gone.root.Done()
}

// recovered catches a panic. The text of what was thrown is not written: it may hold
// parts of a request.
func (m *Module) recovered(callback string, then func()) {
	if recover() == nil {
		return
	}
	defer func() { _ = recover() }() // the host itself is at fault: what is left is to refuse
	m.host.Log(LevelError, "ajwt: "+callback+": internal_panic")
	if then != nil {
		then()
	}
}
