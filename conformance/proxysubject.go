package conformance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/tetratelabs/wazero"

	ajwt "github.com/agentic-jwt/ajwt/core"

	"github.com/agentic-jwt/ajwt/conformance/proxywasmhost"
)

// proxySubject is this project's filter for proxies, dist/ajwt-proxy.wasm, in an emulated
// proxy (conformance/proxywasmhost). It decides requests as a proxy brings them, fetches
// documents as it does there, and is told policies as its configuration.
type proxySubject struct {
	name    string
	process *proxywasmhost.Process
	cache   wazero.CompilationCache

	workers []*proxywasmhost.Instance // that go from world to world
	// The world in which the first worker is, for cases of verify: "" for none.
	key      string
	snapshot proxywasmhost.Snapshot
	// The first worker is told policies and decides nothing.
	configuring bool

	temporary string // folder to be removed at the end, "" for none
}

// proxyModule is the file that make wasm writes.
const proxyModule = "dist/ajwt-proxy.wasm"

// The emulated proxies: Envoy before 1.39, which lacks poll_oneoff, Envoy since, and a proxy
// of that age without functions of its own, where the module verifies every signature.
func startProxyOlder(ctx context.Context, files wasmFiles) (Subject, error) {
	return startProxy(ctx, "proxy-wasm-1.36", files, proxywasmhost.Older, false)
}

func startProxyNewer(ctx context.Context, files wasmFiles) (Subject, error) {
	return startProxy(ctx, "proxy-wasm-1.40", files, proxywasmhost.Newer, false)
}

func startProxyPlain(ctx context.Context, files wasmFiles) (Subject, error) {
	return startProxy(ctx, "proxy-wasm-plain", files, proxywasmhost.Newer, true)
}

func startProxy(ctx context.Context, name string, files wasmFiles, generation proxywasmhost.Generation, plain bool) (subject Subject, err error) {
	s := &proxySubject{name: name}
	defer func() {
		if err != nil {
			_ = s.Close()
		}
	}()
	wasm, err := os.ReadFile(files.proxy)
	if err != nil {
		return nil, fmt.Errorf("%w (make wasm writes %s)", err, proxyModule)
	}
	if files.cache == "" {
		if s.temporary, err = os.MkdirTemp("", "ajwt-conformance-"); err != nil {
			return nil, err
		}
		files.cache = s.temporary
	}
	pruneCache(files.cache)
	if s.cache, err = wazero.NewCompilationCacheWithDir(files.cache); err != nil {
		return nil, err
	}
	if s.process, err = proxywasmhost.Start(ctx, wasm, generation, s.cache); err != nil {
		return nil, fmt.Errorf("%s: %w", files.proxy, err)
	}
	s.process.HoldHeaders, s.process.Plain = true, plain
	return s, nil
}

// Name implements Subject.
func (s *proxySubject) Name() string { return s.name }

// Features implements Subject. Values are computed by a module of their own.
func (s *proxySubject) Features() Features {
	return Features{Version: "core", Operations: []string{opVerify, opSequence, opPolicyLoad, opKeysLoad, opBundleLoad, opListLoad}, Codes: true, Own: true}
}

// Plan keeps the cases of one operation, one policy and its documents together.
func (s *proxySubject) Plan(cases []*Prepared) []int {
	keys := make([]string, len(cases))
	order := make([]int, len(cases))
	for i, p := range cases {
		order[i] = i
		var b strings.Builder
		fmt.Fprintf(&b, "%s %d ", p.Op, len(p.NonceKeys))
		if p.Policy != nil {
			b.WriteString(group(p))
			for _, d := range p.keySets() {
				fmt.Fprintf(&b, "\n%s %s %d", d.issuer, d.data, p.Loaded)
			}
		}
		keys[i] = b.String()
	}
	slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(keys[a], keys[b]) })
	return order
}

// LeavesOut says what of a case a proxy's filter has no way to meet, "" for nothing.
func (s *proxySubject) LeavesOut(p *Prepared) string {
	for _, r := range p.Requests {
		if r.Now > maxProxyClock {
			return "a clock of a proxy, nanoseconds in 64 bits, ends in the year 2262"
		}
	}
	switch p.Op {
	case opVerify:
		return s.bodyLeftOut(p)
	case opKeysLoad, opBundleLoad, opListLoad:
		in, err := readInput(p)
		switch {
		case err != nil:
			return ""
		case in.InForce != nil:
			return "a proxy keeps nothing of the versions that were in force before it started"
		case p.Op == opKeysLoad && in.Keys == "" || p.Op == opBundleLoad && in.Bundle == "" || p.Op == opListLoad && in.Revocations == "":
			return "an answer without a body is no document: the fetch has failed"
		case p.Op != opKeysLoad && !fetches(&in, p.Op):
			return "a proxy fetches no document that its policy does not name"
		}
	}
	return ""
}

// fetches tells whether the filter would fetch the document of a case.
func fetches(in *valueInput, op string) bool {
	w, err := proxyWorld(&Prepared{Policy: []byte(in.Policy)})
	kind := ajwt.KindBundle
	if op == opListLoad {
		kind = ajwt.KindRevocations
	}
	return err != nil || slices.Contains(w.Issuers(kind), in.Issuer)
}

// maxProxyClock is the last whole second of a clock of nanoseconds.
const maxProxyClock = 1<<63/1_000_000_000 - 1

// bodyLeftOut finds the cases that turn on a body which the filter handles otherwise. What
// core makes of a body that was not read, or of one that is longer than any check needs, it
// says itself.
func (s *proxySubject) bodyLeftOut(p *Prepared) string {
	covers := needsAny(p.Extensions, "httpsig", "patchet")
	unread, unneeded := covers && p.Requests[0].Request.Body == "", !covers && !needsAny(p.Extensions, "tool") && p.Requests[0].Request.Body != ""
	if !unread && !unneeded {
		return ""
	}
	a, err := native{}.Run(context.Background(), p)
	switch {
	case err != nil:
	case unread && strings.HasSuffix(a.Code, "_body_unavailable"):
		return "a body that a proof covers is always read, except of an upgrade, which is refused as such"
	case unneeded && a.Code == "input_body_too_long":
		return "a body that no check needs is not read"
	}
	return ""
}

func needsAny(extensions []string, names ...string) bool {
	return len(without(names, extensions)) < len(names)
}

// Run implements Subject.
func (s *proxySubject) Run(ctx context.Context, p *Prepared) (answer Answer, err error) {
	switch p.Op {
	case opVerify:
		answer, err = s.verify(ctx, p)
	case opSequence:
		answer, err = s.sequence(ctx, p)
	case opPolicyLoad:
		answer, err = s.policyLoad(ctx, p)
	default:
		answer, err = s.documentLoad(ctx, p)
	}
	if p.Op != opVerify {
		s.key = ""
	}
	if err != nil { // no instance is trusted any more
		s.discard(ctx)
	}
	var f *Fault
	if err != nil && !errors.As(err, &f) {
		err = &Fault{FaultCrash, err.Error()}
	}
	return answer, err
}

// discard closes all workers.
func (s *proxySubject) discard(ctx context.Context) {
	for _, i := range s.workers {
		if i != nil {
			_ = i.Close(ctx)
		}
	}
	s.workers, s.key, s.configuring = nil, "", false
}

// enter brings that many workers into a world, where no other was before.
func (s *proxySubject) enter(ctx context.Context, w *proxywasmhost.World, count int) error {
	s.key, s.configuring = "", false
	w.Enter(s.process)
	for n := range count {
		if n == len(s.workers) {
			s.workers = append(s.workers, nil)
		}
		i, err := w.Move(ctx, s.process, s.workers[n])
		if s.workers[n] = i; err != nil {
			return setupFault("policy", err)
		}
	}
	return nil
}

func proxyWorld(p *Prepared) (*proxywasmhost.World, error) {
	return proxywasmhost.NewWorld(&proxywasmhost.Setting{Policy: p.Policy, Keys: p.Keys, Bundles: p.Bundles, Lists: p.Lists,
		Loaded: p.Loaded, NonceKeys: p.NonceKeys, Replay: p.Replay}, "")
}

// verify decides the one request of a case, with the shared data as they were before.
func (s *proxySubject) verify(ctx context.Context, p *Prepared) (Answer, error) {
	w, err := proxyWorld(p)
	if err != nil {
		return Answer{}, setupFault("policy", err)
	}
	if key := w.Key(); key != s.key {
		if err := s.enter(ctx, w, 1); err != nil {
			return Answer{}, err
		}
		s.key, s.snapshot = key, s.process.Snapshot()
	}
	s.process.Restore(s.snapshot)
	return s.decide(ctx, s.workers[0], p.Requests[0])
}

// decide brings a request to an instance.
func (s *proxySubject) decide(ctx context.Context, i *proxywasmhost.Instance, r Timed) (Answer, error) {
	s.process.Now = r.Now * 1e9
	s.process.Lines()
	q := proxywasmhost.Read(r.Request, body(r.Request))
	result, err := i.Send(ctx, q)
	if err != nil {
		return Answer{}, &Fault{FaultCrash, err.Error()}
	}
	return proxyAnswer(&result, q)
}

// sequence decides the requests of a case on one replay memory, the shared data of the
// proxy: once over several workers in turns, and once with the first instance replaced
// after the first step, as after a trap. The answers must be the same.
func (s *proxySubject) sequence(ctx context.Context, p *Prepared) (Answer, error) {
	spread, err := s.turns(ctx, p, sequencePlaces, -1)
	if err != nil {
		return Answer{}, err
	}
	replaced, err := s.turns(ctx, p, 1, 0)
	if err != nil {
		return Answer{}, err
	}
	if diff := disagreement(&spread, &replaced); len(diff) > 0 {
		return Answer{}, &Fault{FaultCrash, fmt.Sprintf("a sequence depends on its workers: %v", diff)}
	}
	return spread, nil
}

// turns decides the steps of a sequence over that many workers in turns. After the step with
// the number replace the only worker gets another instance.
func (s *proxySubject) turns(ctx context.Context, p *Prepared, places, replace int) (answer Answer, err error) {
	w, err := proxyWorld(p)
	if err != nil {
		return answer, setupFault("policy", err)
	}
	places = min(places, len(p.Requests))
	if err := s.enter(ctx, w, places); err != nil {
		return answer, err
	}
	workers := s.workers[:places]
	for n, r := range p.Requests {
		at := n % len(workers)
		var a Answer
		if r.Load != nil {
			others := append(append([]*proxywasmhost.Instance{}, workers[at:]...), workers[:at]...)
			s.process.Now = r.Now * 1e9
			a, err = fetched(w.Replace(ctx, kindOf(r.Load.Kind), r.Load.Issuer, r.Load.Document, others...))
		} else {
			a, err = s.decide(ctx, workers[at], r)
		}
		if err != nil {
			return answer, err
		}
		answer.Steps = append(answer.Steps, a)
		if n == replace {
			// It takes the documents at the time at which they were taken.
			if s.process.Now = p.Loaded * 1e9; r.Load != nil {
				s.process.Now = r.Now * 1e9
			}
			i, err := s.process.Instance(ctx, w.Policy())
			if err != nil {
				return answer, setupFault("policy", err)
			}
			_ = workers[0].Close(ctx)
			workers[0] = i
		}
	}
	return answer, nil
}

// Close implements Subject.
func (s *proxySubject) Close() error {
	ctx := context.Background()
	s.discard(ctx)
	var failed error
	if s.process != nil {
		failed = s.process.Close(ctx)
	}
	if s.cache != nil {
		failed = errors.Join(failed, s.cache.Close(ctx))
	}
	if s.temporary != "" {
		_ = os.RemoveAll(s.temporary)
	}
	if failed != nil {
		return &Fault{FaultCrash, "close: " + failed.Error()}
	}
	return nil
}
