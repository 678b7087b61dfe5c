package conformance

import (
	"context"
	"fmt"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/hosts/embed"
)

// sequencePlaces is the number of instances over which the requests of a sequence go
// in turns: what an instance remembers by itself must not matter.
const sequencePlaces = 4

// embedded is this project's WebAssembly module in hosts/embed. Cases of one policy
// share instances, which are made anew with the next policy; key sets are loaded for
// each case, as a host replaces them.
type embedded struct {
	name        string
	interpreter bool
	wasm        []byte
	cacheDir    string

	group     string
	memory    *caseMemory
	verifiers []*embed.Verifier // of the group; all use memory
}

func startWasmCompiler(_ context.Context, module string) (Subject, error) {
	return startEmbedded("wasm-compiler", module, false)
}

func startWasmInterpreter(_ context.Context, module string) (Subject, error) {
	return startEmbedded("wasm-interpreter", module, true)
}

func startEmbedded(name, module string, interpreter bool) (Subject, error) {
	wasm, err := os.ReadFile(module)
	if err != nil {
		return nil, err
	}
	if len(wasm) == 0 {
		return nil, fmt.Errorf("%s is empty", module)
	}
	s := &embedded{name: name, interpreter: interpreter, wasm: wasm}
	if !interpreter {
		if s.cacheDir, err = os.MkdirTemp("", "ajwt-conformance-"); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Name implements Subject.
func (s *embedded) Name() string { return s.name }

// Features implements Subject. The module has no value operations: they are the
// core's functions and no part of a decision.
func (s *embedded) Features() Features {
	return Features{Version: "core", Operations: []string{opVerify, opSequence}, Codes: true, Own: true, Subset: s.interpreter}
}

// Group names what the instances of a case are made for. It lets the runner keep
// cases together that can share them.
func (s *embedded) Group(p *Prepared) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%d\n", p.Policy, p.Replay.Start)
	for _, key := range p.NonceKeys {
		fmt.Fprintf(&b, "%x\n", key)
	}
	issuers := make([]string, 0, len(p.Keys))
	for issuer := range p.Keys {
		issuers = append(issuers, issuer)
	}
	sort.Strings(issuers)
	b.WriteString(strings.Join(issuers, "\n")) // their key sets change from case to case
	return b.String()
}

// Run implements Subject.
func (s *embedded) Run(ctx context.Context, p *Prepared) (Answer, error) {
	if g := s.Group(p); g != s.group || len(s.verifiers) == 0 {
		if err := s.closeAll(); err != nil {
			return Answer{}, err
		}
		s.group, s.memory = g, &caseMemory{start: p.Replay.Start}
	}
	for _, v := range s.verifiers {
		if err := load(v, p); err != nil {
			return Answer{}, err
		}
	}
	s.memory.begin(p)
	if p.Op == opVerify {
		v, err := s.place(ctx, p, 0)
		if err != nil {
			return Answer{}, err
		}
		d := v.Verify(ctx, coreRequest(p.Requests[0]))
		return answerOf(&d), nil
	}
	places := sequencePlaces
	if s.interpreter {
		places = 1
	}
	spread, err := s.sequence(ctx, p, places, false)
	if err != nil || s.interpreter {
		return spread, err
	}
	s.memory.begin(p)
	discarded, err := s.sequence(ctx, p, 1, true)
	if err == nil && len(disagreement(&spread, &discarded)) > 0 {
		err = &Fault{FaultCrash, fmt.Sprintf("the sequence depends on its instances: %v", disagreement(&spread, &discarded))}
	}
	return spread, err
}

// sequence sends the requests to so many places in turns. With discard the instance
// that took the first request is closed and another one takes the rest.
func (s *embedded) sequence(ctx context.Context, p *Prepared, places int, discard bool) (Answer, error) {
	var a Answer
	for i, r := range p.Requests {
		v, err := s.place(ctx, p, i%places)
		if err != nil {
			return Answer{}, err
		}
		d := v.Verify(ctx, coreRequest(r))
		a.Steps = append(a.Steps, answerOf(&d))
		if i == 0 && discard {
			if err := s.closeAll(); err != nil {
				return Answer{}, err
			}
		}
	}
	return a, nil
}

// place returns the verifier with that number, made where it is missing.
func (s *embedded) place(ctx context.Context, p *Prepared, number int) (*embed.Verifier, error) {
	for len(s.verifiers) <= number {
		v, err := embed.New(ctx, s.wasm, p.Policy, embed.Options{
			Instances: 1, CacheDir: s.cacheDir, Interpreter: s.interpreter,
			CallTimeout: time.Minute, WaitTimeout: time.Minute,
			Replay: s.memory, NonceKeys: p.NonceKeys,
		})
		if err != nil {
			return nil, setupFault("policy", err)
		}
		s.verifiers = append(s.verifiers, v)
		if err := load(v, p); err != nil {
			return nil, err
		}
	}
	return s.verifiers[number], nil
}

// load loads the key sets of a case, in the place of those of the case before.
func load(v *embed.Verifier, p *Prepared) error {
	for issuer, set := range p.Keys {
		if _, err := v.Load(ajwt.KindKeys, issuer, set, p.Requests[0].Now); err != nil {
			return setupFault("keys of "+issuer, err)
		}
	}
	return nil
}

func (s *embedded) closeAll() error {
	var failed error
	for _, v := range s.verifiers {
		if err := v.Close(); err != nil {
			failed = &Fault{FaultCrash, "close: " + err.Error()}
		}
	}
	s.verifiers = nil
	return failed
}

// Close implements Subject.
func (s *embedded) Close() error {
	err := s.closeAll()
	if s.cacheDir != "" {
		_ = os.RemoveAll(s.cacheDir)
	}
	return err
}

// caseMemory is a replay memory that is new for every case while the instances stay.
type caseMemory struct {
	start int64
	mu    sync.Mutex
	inner *ajwt.ReplayMemory
}

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

var _ ajwt.Replay = (*caseMemory)(nil)
