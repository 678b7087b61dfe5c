package filter

import (
	"crypto/sha256"
	"iter"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/proxywasm/abi"
)

// A document of 1 MiB takes half a second to verify and compile, and a worker that is busy
// with it serves nobody. So it is loaded in slices: the load runs as a coroutine, which a
// call of the module leaves when its slice is over, and the next tick goes on with. What is
// in force changes at the end, in one step; requests meanwhile are decided by what was in
// force, or wait where nothing was.

const (
	// sliceTime is how long a call of the module may load, in nanoseconds. A piece that
	// cannot be divided, or a collection, may come on top.
	sliceTime = 20_000_000
	// slicePauses bounds a slice where the clock stands still: about 100 ms of work.
	slicePauses = 64
	// tickLoading is the time between two slices in milliseconds: the worker's requests
	// have a third of it at least.
	tickLoading = 10
	// digestPiece is how many bytes are hashed between two pauses.
	digestPiece = 32 << 10

	// heapGrowth is by how many bytes the heap may grow in slices before it is collected,
	// by a sixteenth where it is large. The runtime would let it grow by more, with the
	// bundle in force and its successor in it, and linear memory never shrinks.
	heapGrowth = 1 << 18
	// smallDocument is the size in bytes up to which none of that matters.
	smallDocument = 64 << 10

	// maxHeld bounds how many requests of a worker wait for documents, and holdTime how
	// long the first of them does, in nanoseconds: then they are decided as they are.
	maxHeld  = 1024
	holdTime = 5 * second
)

// slice is how much of a call is left for loading.
type slice struct {
	began  int64 // nanoseconds
	pauses int
}

func (r *Root) beginSlice() { r.slice = slice{began: r.host.Now()} }

// over tells whether a slice has ended. A clock that goes back ends it.
func (s *slice) over(now int64) bool {
	return s.pauses > slicePauses || now < s.began || now-s.began >= sliceTime
}

// task is a document that is being loaded.
type task struct {
	d       *document
	data    []byte
	want    *[sha256.Size]byte // its digest in the shared data; nil: it came by a call of this instance
	fetched int64              // its documentState.fetched

	next func() (struct{}, bool)
	stop func()

	size   int  // of the document, bytes
	heap   int  // bytes, after the last collection; -1: there was none
	late   bool // no request waits for it any longer
	digest [sha256.Size]byte
	result taskResult
	faults []ajwt.Fault
}

type taskResult uint8

const (
	taskPanicked  taskResult = iota
	taskTorn                 // the document was being replaced as it was read
	taskUnchanged            // it is in force already: signature results that rest on it stay
	taskLoaded
	taskRefused
)

// givenUp ends a coroutine.
type givenUp struct{}

// load begins to load a document, of which it takes data. Only one is loaded at a time.
func (r *Root) load(d *document, data []byte, want *[sha256.Size]byte, fetched int64) {
	t := &task{d: d, data: data, size: len(data), heap: -1, want: want, fetched: fetched}
	now := r.host.Now() / second
	t.next, t.stop = iter.Pull(func(yield func(struct{}) bool) {
		// A panic ends the load and nothing else; what is thrown is never written.
		defer func() { _ = recover() }()
		t.run(r, now, func() {
			r.slice.pauses++
			if r.slice.over(r.host.Now()) && !yield(struct{}{}) {
				panic(givenUp{})
			}
		})
	})
	r.task = t
	r.resume()
}

// run is the coroutine.
func (t *task) run(r *Root, now int64, pause func()) {
	h := sha256.New()
	for rest := t.data; len(rest) > 0; pause() {
		n := min(len(rest), digestPiece)
		h.Write(rest[:n])
		rest = rest[n:]
	}
	h.Sum(t.digest[:0])
	switch d := t.d; {
	case t.want != nil && t.digest != *t.want:
		t.result = taskTorn
	case d.loaded && d.good == t.digest:
		t.result = taskUnchanged
	default:
		data := t.data
		if t.want != nil {
			t.data = nil // nobody needs it afterwards
		}
		_, err := r.verifier.LoadInSteps(d.kind, d.issuer, data, now, pause)
		if t.result = taskLoaded; err != nil {
			t.result, t.faults = taskRefused, faultsOf(err)
		}
	}
}

// resume goes on with the load, as long as the slice lasts.
func (r *Root) resume() {
	t := r.task
	if t == nil || r.slice.over(r.host.Now()) {
		return
	}
	if t.size > smallDocument && (t.heap < 0 || r.host.Heap()-t.heap > max(heapGrowth, t.heap/16)) {
		r.host.Collect()
		r.garbage = 0
		t.heap = r.host.Heap()
		return // this was a slice
	}
	if _, unfinished := t.next(); unfinished {
		return
	}
	r.task = nil
	r.finish(t)
}

// abandon gives up the load, and leaves everything as it is.
func (r *Root) abandon() {
	if r.task != nil {
		r.task.stop()
		r.task = nil
	}
}

// finish takes the result of a load, and publishes what came by a call.
func (r *Root) finish(t *task) {
	r.garbage += 16 * t.size
	d := t.d
	m := &r.metrics.documents[d.kind]
	switch t.result {
	case taskTorn:
		return // the next tick looks again
	case taskLoaded:
		d.loaded, d.good, d.wanted = true, t.digest, false
		m.loaded.add(1)
	case taskPanicked:
		t.faults = []ajwt.Fault{{Code: ajwt.CodeInternalPanic}}
		fallthrough
	case taskRefused:
		m.refused.add(1)
		r.metrics.code(t.faults[0].Code).add(1)
		r.logFaults(abi.LevelError, d.url, t.faults)
	}
	failed := t.result == taskRefused || t.result == taskPanicked
	if t.want != nil {
		d.known, d.knownAt = t.digest, t.fetched
		return
	}
	now := r.host.Now() / second
	if failed {
		r.settle(d, nil, now)
		return
	}
	d.known, d.knownAt = t.digest, now
	if r.host.SetShared(d.name, t.data, 0) == abi.StatusOK {
		r.settle(d, &t.digest, now)
	}
}

// loads tells whether the document is being loaded, or waits for that.
func (r *Root) loads(d *document) bool {
	return d.came != nil || r.task != nil && r.task.d == d
}

// loadNext begins to load a document that came while another was loaded.
func (r *Root) loadNext() {
	for i := range r.documents {
		if d := &r.documents[i]; d.came != nil && r.task == nil && !r.slice.over(r.host.Now()) {
			data := d.came
			d.came = nil
			r.load(d, data, nil, 0)
		}
	}
}

// holds tells whether a request waits for the documents that are being loaded, where this
// instance has never had them.
func (r *Root) holds() bool {
	if r.verifier == nil || r.ready || r.task == nil || r.task.late || r.held >= maxHeld {
		return false
	}
	if r.held == 0 {
		r.heldFrom = r.began
	}
	r.held++
	return true
}

// Ready implements abi.Root: the requests that were held are decided now.
func (r *Root) Ready() bool {
	if r.held == 0 {
		return false
	}
	if !r.ready && r.task != nil {
		if waited := r.host.Now() - r.heldFrom; waited >= 0 && waited < holdTime {
			return false
		}
		r.task.late = true
	}
	r.held = 0
	return true
}

// Closed implements abi.Root.
func (r *Root) Closed() {
	r.metrics.flush()
	r.abandon()
}
