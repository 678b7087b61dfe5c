// Package embed runs the verifier compiled to WebAssembly inside a Go program, on
// wazero and without cgo. It gives the same decisions as the package ajwt, from the
// same bytes that other hosts load, and the module can touch nothing of the program
// but its own memory.
//
// A Verifier keeps a pool of module instances, since one instance runs one call at a
// time. Instances come and go, so what must last is held outside: the policy, the
// loaded documents, and one replay memory for the whole pool. Every fault of the
// module, of an answer or of the pool is a rejection (spec/abi.md, section 7).
package embed

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi"
)

// Verifier decides requests in instances of the module. It is safe for concurrent
// use. The zero Verifier rejects everything.
type Verifier struct {
	policy    *ajwt.Policy
	digest    [32]byte // of the policy
	limits    ajwt.Limits
	replay    ajwt.Replay
	start     int64 // of replay, as the instances were configured
	pool      *pool
	documents atomic.Pointer[documents] // in force
	loading   sync.Mutex
}

// New compiles a module, the bytes of ajwt.wasm, and configures one instance under
// the policy. A fault of the policy is an *ajwt.LoadError, as ParsePolicy gives it.
// The context bounds New alone. Close the Verifier when it is no longer needed.
func New(ctx context.Context, wasm, policy []byte, o Options) (*Verifier, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	p, err := ajwt.ParsePolicy(policy)
	if err != nil {
		return nil, err
	}
	if o.Replay == nil {
		if p.ReplayShared() {
			return nil, errors.New("embed: Options.Replay: want the store that all processes share, since replay.scope is shared")
		}
		if o.ReplayStart <= 0 {
			return nil, errors.New("embed: Options.ReplayStart: want the NumericDate at which the replay memory starts")
		}
		capacity, perKey := p.ReplayCapacity()
		o.Replay = ajwt.NewReplayMemory(capacity, perKey, o.ReplayStart)
	}
	start := max(0, o.Replay.Start())
	message, err := o.configuration(policy, start)
	if err != nil {
		return nil, err
	}
	pool, err := newPool(ctx, wasm, message, &o)
	if err != nil {
		return nil, err
	}
	v := &Verifier{policy: p, digest: p.Digest(), limits: p.Limits(), replay: o.Replay, start: start, pool: pool}
	v.documents.Store(new(documents))
	return v, nil
}

// Verify decides one request, as the method of an *ajwt.Verifier does. The context
// bounds the wait for a free instance; a decision that has begun is bounded by
// Options.CallTimeout.
func (v *Verifier) Verify(ctx context.Context, req *ajwt.Request) ajwt.Decision {
	if v == nil || v.pool == nil || req == nil {
		return rejection(ajwt.CodeInternalNotConfigured, [32]byte{})
	}
	req = v.trimmed(req)
	before := v.lost()
	d := v.ask(ctx, req, abi.ReplayAnswer{Start: before})
	if !d.Deferred {
		return d
	}
	result, seen := v.replay.Record(d.Replay, req.Now)
	after := v.lost()
	if result == ajwt.ReplayFresh && after > before {
		// The store was lost in between. It has taken the keys; whether it could know
		// them is the module's question.
		if d = v.ask(ctx, req, abi.ReplayAnswer{Start: after}); !d.Deferred {
			return d
		}
	}
	if result == ajwt.ReplayFresh {
		d.Deferred, d.Replay = false, nil
		return d
	}
	answer := replayAnswer(result, seen)
	answer.Start = after
	if d = v.ask(ctx, req, answer); d.Deferred {
		return rejection(ajwt.CodeABIAnswerMalformed, v.digest)
	}
	return d
}

// lost is the time at which the store started anew after the instances were configured,
// 0 for a store that did not.
func (v *Verifier) lost() int64 {
	if start := v.replay.Start(); start > v.start {
		return start
	}
	return 0
}

// trimmed cuts off what is beyond a limit of the policy but for one more, so that an
// endless body is not copied into the module: its length alone refuses it.
func (v *Verifier) trimmed(req *ajwt.Request) *ajwt.Request {
	target, headers, body := v.limits.TargetBytes, v.limits.HeaderPairs, v.limits.BodyBytes
	if len(req.Target) <= target && len(req.Headers) <= headers && len(req.Body) <= body {
		return req
	}
	r := *req
	r.Target = r.Target[:min(len(r.Target), target+1)]
	r.Headers = r.Headers[:min(len(r.Headers), headers+1)]
	r.Body = r.Body[:min(len(r.Body), body+1)]
	return &r
}

// replayAnswer is what the module is told about a store that did not take the keys.
// A result that is none counts as no answer.
func replayAnswer(result ajwt.ReplayResult, seen int) abi.ReplayAnswer {
	switch result {
	case ajwt.ReplaySeen, ajwt.ReplayFull, ajwt.ReplayQuota:
	default:
		result = ajwt.ReplayUnavailable
	}
	if seen < 0 || seen > math.MaxUint8 {
		seen = math.MaxUint8 // an index that names no key
	}
	return abi.ReplayAnswer{Given: true, Result: result, Seen: uint8(seen)}
}

// ask has one instance decide.
func (v *Verifier) ask(ctx context.Context, req *ajwt.Request, replay abi.ReplayAnswer) ajwt.Decision {
	i, code := v.pool.acquire(ctx, v.documents.Load())
	if code != 0 {
		return rejection(code, v.digest)
	}
	defer v.pool.release(i)
	answer, code := i.verify(req, replay)
	if code == 0 && answer.Action != abi.ActionRefuse && !v.plausible(&answer.Decision) {
		_, code = i.malformed()
	}
	if code != 0 {
		return rejection(code, v.digest)
	}
	return answer.Decision
}

// plausible refuses to let a request pass on an answer that cannot be one to it: the
// module was configured otherwise, or answered another call.
func (v *Verifier) plausible(d *ajwt.Decision) bool {
	for i := range d.Forward {
		if !v.policy.Strips(d.Forward[i].Name) {
			return false
		}
	}
	return d.PolicyDigest == v.digest && d.Level.Base() >= ajwt.LevelJWT
}

// Load takes a document for one issuer of the policy, as the method of an
// *ajwt.Verifier does: the error is an *ajwt.LoadError, after which the document
// before stays in force. When it returns nil, every request that begins later is
// decided under the new document; a request sees the old one or the new one, never
// a mix. The Verifier keeps a copy of the data, for instances to come.
func (v *Verifier) Load(kind ajwt.Kind, issuer string, data []byte, now int64) (warnings []ajwt.Fault, err error) {
	if v == nil || v.pool == nil {
		return nil, loadError(ajwt.CodeInternalNotConfigured, "the verifier was not built with New")
	}
	v.loading.Lock()
	defer v.loading.Unlock()
	inForce := v.documents.Load()
	ctx, cancel := context.WithTimeout(context.Background(), v.pool.options.LoadTimeout)
	defer cancel()
	i, code := v.pool.acquirePatiently(ctx, inForce)
	if code != 0 {
		return nil, loadError(code, "no instance to load into")
	}
	defer v.pool.release(i)
	next := inForce.with(abi.Document{Kind: kind, Issuer: issuer, Data: append([]byte{}, data...), Now: now})
	answer, code := i.load(next.newest())
	switch {
	case code != 0:
		return nil, loadError(code, "the module did not take the document")
	case answer.Action != abi.ActionPass:
		return nil, refused(answer)
	}
	next.list[len(next.list)-1].version = answer.InForce
	i.generation = next.generation
	v.documents.Store(next)
	return answer.Warnings, nil
}

// Policy returns the policy that the verifier decides under. Its Strips says which header
// fields of a client must not reach the upstream. It is nil for the zero Verifier.
func (v *Verifier) Policy() *ajwt.Policy {
	if v == nil {
		return nil
	}
	return v.policy
}

// Close frees the module and its instances. It waits for the decisions that have
// begun. Later requests are rejected with internal_busy.
func (v *Verifier) Close() error {
	if v == nil || v.pool == nil {
		return nil
	}
	return v.pool.close()
}

func rejection(code ajwt.Code, policyDigest [32]byte) ajwt.Decision {
	return ajwt.Decision{Code: code, Status: code.Status(), PolicyDigest: policyDigest}
}

// refused is the error for a configuration or document that the module refused.
func refused(a abi.Answer) error {
	if len(a.Faults) == 0 {
		return loadError(ajwt.CodeABIAnswerMalformed, "a refusal without a fault")
	}
	return &ajwt.LoadError{Faults: a.Faults}
}

func loadError(code ajwt.Code, detail string) error {
	return &ajwt.LoadError{Faults: []ajwt.Fault{{Code: code, Detail: detail}}}
}

// Versions returns the versions of the bundles and lists that were in force last, for
// hosts that keep them across restarts (Options.Versions).
func (v *Verifier) Versions() []ajwt.DocumentVersion {
	if v == nil || v.pool == nil {
		return nil
	}
	return v.documents.Load().versions(v.pool.options.Versions)
}
