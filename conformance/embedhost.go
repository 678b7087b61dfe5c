package conformance

import (
	"context"
	"sync"
	"time"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/hosts/embed"
)

// embedHost drives the module through hosts/embed: one Verifier at a time, made anew
// with the next policy.
type embedHost struct {
	wasm        []byte
	interpreter bool
	cache       string // folder for compiled code

	group    string
	memory   *caseMemory
	verifier *embed.Verifier
}

// verify decides the one request of a case, on a replay memory of its own.
func (h *embedHost) verify(ctx context.Context, p *Prepared) (Answer, error) {
	if g := group(p); g != h.group || h.verifier == nil {
		h.group = ""
		if err := h.make(ctx, p); err != nil {
			return Answer{}, err
		}
		h.group = g
	}
	for _, d := range p.keySets() {
		if _, err := h.verifier.Load(d.kind, d.issuer, d.data, p.Loaded); err != nil {
			return Answer{}, setupFault(d.what, err)
		}
	}
	h.memory.begin(p)
	d := h.verifier.Verify(ctx, coreRequest(p.Requests[0]))
	a := answerOf(&d)
	a.toUpstream(&d, p.Requests[0].Request, h.verifier.Policy().Strips)
	return a, nil
}

// make makes the Verifier for the policy of a case.
func (h *embedHost) make(ctx context.Context, p *Prepared) error {
	if err := h.drop(); err != nil {
		return err
	}
	h.memory = &caseMemory{start: p.Replay.Start}
	h.memory.begin(p)
	v, err := embed.New(ctx, h.wasm, p.Policy, embed.Options{
		Instances: 1, CacheDir: h.cacheDir(), Interpreter: h.interpreter,
		CallTimeout: time.Minute, WaitTimeout: time.Minute,
		Replay: h.memory, NonceKeys: p.NonceKeys,
	})
	if err != nil {
		return setupFault("policy", err)
	}
	h.verifier = v
	for _, d := range p.signedDocuments() {
		if _, err := v.Load(d.kind, d.issuer, d.data, p.Loaded); err != nil {
			return setupFault(d.what, err)
		}
	}
	return nil
}

// cacheDir is the folder for compiled code; the interpreter has none.
func (h *embedHost) cacheDir() string {
	if h.interpreter {
		return ""
	}
	return h.cache
}

// drop closes the Verifier.
func (h *embedHost) drop() error {
	if h.verifier == nil {
		return nil
	}
	err := h.verifier.Close()
	h.verifier = nil
	if err != nil {
		return &Fault{FaultCrash, "close: " + err.Error()}
	}
	return nil
}

// caseMemory is a replay memory that is new for every case while the Verifier stays.
type caseMemory struct {
	start int64
	mu    sync.Mutex
	inner *ajwt.ReplayMemory
}

var _ ajwt.Replay = (*caseMemory)(nil)

func (m *caseMemory) begin(p *Prepared) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.inner = replayMemory(p)
}

// Record implements ajwt.Replay.
func (m *caseMemory) Record(keys []ajwt.ReplayKey, now int64) (ajwt.ReplayResult, int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.inner.Record(keys, now)
}

// Start implements ajwt.Replay.
func (m *caseMemory) Start() int64 { return m.start }
