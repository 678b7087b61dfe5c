package filter

import (
	"bytes"
	"strconv"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/proxywasm/abi"
)

// Root is one configuration of the filter in one instance of the module. It implements
// abi.Root.
type Root struct {
	host      abi.Host
	settings  *settings
	verifier  *ajwt.Verifier
	replay    *sharedReplay // or store
	store     *replayStore
	documents []document
	metrics   metrics
	records   recordTable
	ready     bool
	rhythm    int   // of ticks, milliseconds
	task      *task // a document that is being loaded
	slice     slice
	held      int   // requests that wait for it
	heldFrom  int64 // since when the first of them does, nanoseconds

	request   ajwt.Request // used again by each request
	wantsBody bool         // the last one that waits for documents may need its body
	pairs     []abi.Pair   // so is this
	raw       []byte       // header fields of the request as the host gave them
	waitsFor  uint32       // token of the last call to the store
	out       []byte       // and this
	began     int64        // nanoseconds
	garbage   int          // bytes since the last collection, at most
	heap      int          // bytes after it
	conflicts int          // of the replay memory, as the metric has them
}

// New makes a Root for the proxy's next configuration.
func New(host abi.Host) abi.Root { return &Root{host: host} }

const (
	second = 1_000_000_000 // in nanoseconds

	// The rhythm of ticks, in milliseconds: at the start requests wait for documents.
	tickStarting = 200
	tickReady    = 1000

	// cacheEntries is the size of the signature cache, 80 bytes each.
	cacheEntries = 4096

	// bytesPerCollection is how much garbage may lie about before it is collected.
	// Concurrent marking gets no time between the calls of a module, so the heap would
	// grow far beyond what is live, and linear memory never shrinks.
	bytesPerCollection = 2 << 20
	// requestGarbage is what one request may leave. A request with a known token leaves
	// next to nothing, so the heap is asked before a collection is made.
	requestGarbage = 1 << 10
)

// Configure implements abi.Root: a policy with faults is refused, and all of them are
// logged. It assumes nothing about instances before it: a proxy configures several, some
// of which never see a request.
func (r *Root) Configure(size int) bool {
	data, status := r.host.Buffer(abi.PluginConfiguration, 0, size)
	if status != abi.StatusOK || len(data) != size {
		r.host.Log(abi.LevelCritical, "ajwt: the configuration cannot be read: status "+strconv.Itoa(int(status)))
		return false
	}
	s, faults := readSettings(bytes.Clone(data), r.host.Env)
	if len(faults) > 0 {
		r.logFaults(abi.LevelCritical, "the policy is refused", faults)
		return false
	}
	now := r.host.Now() / second
	replay, ok := r.openMemory(s, now)
	if !ok {
		r.host.Log(abi.LevelCritical, "ajwt: the shared data cannot hold the replay memory")
		return false
	}
	verifier, err := ajwt.NewVerifier(s.policy, ajwt.Options{
		Replay: replay, NonceKeys: s.nonceKeys, SignatureCache: ajwt.NewSignatureCache(cacheEntries),
		Signatures: &offload{host: r.host, lacking: !s.offload}, Lawful: s.lawful})
	if err != nil {
		r.host.Log(abi.LevelCritical, err.Error())
		return false
	}
	r.settings, r.verifier = s, verifier
	r.metrics.define(r.host)
	r.abandon()
	r.documents = nil
	for _, src := range s.sources {
		r.documents = append(r.documents, newDocument(src))
	}
	r.beginSlice()
	for i := range r.documents {
		d := &r.documents[i]
		if state, _, ok := r.state(d); ok {
			r.adopt(d, &state)
		}
	}
	r.logFaults(abi.LevelWarn, "the policy", s.policy.Warnings())
	r.tell(true)
	r.host.Collect() // the policy's text and tree
	return true
}

// openMemory makes the policy's replay memory ready.
func (r *Root) openMemory(s *settings, now int64) (ajwt.Replay, bool) {
	capacity, perKey := s.policy.ReplayCapacity()
	// A store forgets a proof when the policy that asked says so, and a policy with other
	// times may take it still: after those times change, the store counts as new.
	memory := s.store.url + " " + s.times
	if !s.policy.ReplayShared() {
		memory = strconv.Itoa(shardsOf(capacity))
	}
	since, ok := servedSince(r.host, memory, now)
	if !ok {
		return nil, false
	}
	if s.policy.ReplayShared() {
		r.replay, r.store = nil, openStore(r.host, s.store, since)
		return r.store, true
	}
	replay, ok := openReplay(r.host, capacity, perKey, s.window, now)
	if !ok {
		return nil, false
	}
	replay.start = max(replay.start, since)
	r.replay, r.store = replay, nil
	return replay, true
}

// logFaults writes a line for each fault.
func (r *Root) logFaults(level abi.Level, what string, faults []ajwt.Fault) {
	for _, f := range faults {
		r.host.Log(level, "ajwt: "+what+": "+f.String())
	}
}

// tell says whether all documents are in force, where that has changed.
func (r *Root) tell(first bool) {
	ready := true
	for i := range r.documents {
		ready = ready && r.documents[i].loaded
	}
	if ready != r.ready || first {
		r.ready = ready
		if r.metrics.ready.set(0); ready {
			r.metrics.ready.set(1)
		}
	}
	rhythm := tickReady
	switch {
	case r.task != nil:
		rhythm = tickLoading
	case !ready:
		rhythm = tickStarting
	}
	if rhythm != r.rhythm || first {
		r.rhythm = rhythm
		r.host.SetTick(rhythm)
	}
}

// Tick implements abi.Root: it looks after the documents. Calls are made here and not
// while the filter is configured, when the proxy has no clusters yet.
func (r *Root) Tick() {
	if r.verifier == nil {
		return
	}
	r.beginSlice()
	r.resume()
	r.loadNext()
	now := r.host.Now() / second
	for i := range r.documents {
		r.tick(&r.documents[i], now)
	}
	r.tell(false)
	if r.replay != nil {
		r.replay.look()
		r.metrics.conflicts.add(int64(r.replay.conflicts - r.conflicts))
		r.conflicts = r.replay.conflicts
	}
	r.metrics.memory.set(uint64(r.host.Memory()))
	r.metrics.flush()
	r.collect(1)
}

// CallResponse implements abi.Root.
func (r *Root) CallResponse(token uint32, headers, body int) {
	for i := range r.documents {
		if d := &r.documents[i]; d.flying && d.token == token {
			r.beginSlice()
			r.answered(d, headers, body, r.host.Now()/second)
			r.tell(false)
			return
		}
	}
}

// Done implements abi.Root: the request is over, and nobody waits.
func (r *Root) Done() { r.collect(1) }

// collect collects the garbage of many calls at once. Where nobody calls Done it happens
// within a request.
func (r *Root) collect(share int) {
	limit := bytesPerCollection * share
	if r.garbage < limit {
		return
	}
	if r.garbage = r.host.Heap() - r.heap; r.garbage < limit/2 {
		return
	}
	r.host.Collect()
	r.garbage, r.heap = 0, r.host.Heap()
}
