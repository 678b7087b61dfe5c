package conformance

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/vectors"
	"github.com/agentic-jwt/ajwt/wasm/abi"
)

// native is this project's core in this process.
type native struct{}

func startNative(context.Context, wasmFiles) (Subject, error) { return native{}, nil }

// Native returns core in this process as a subject.
func Native() Subject { return native{} }

// Name implements Subject.
func (native) Name() string { return "native" }

// Features implements Subject.
func (native) Features() Features {
	return Features{Version: "core", Operations: Operations, Codes: true, Own: true}
}

// Close implements Subject.
func (native) Close() error { return nil }

// Run implements Subject.
func (native) Run(_ context.Context, p *Prepared) (Answer, error) {
	switch p.Op {
	case opVerify, opSequence:
	case opPolicyLoad, opKeysLoad, opBundleLoad, opListLoad:
		return nativeLoad(p)
	default:
		c, err := computation(p)
		if err != nil {
			return Answer{}, err
		}
		return computed(abi.Compute(c))
	}
	policy, err := ajwt.ParsePolicy(p.Policy)
	if err != nil {
		return Answer{}, setupFault("policy", err)
	}
	v, err := ajwt.NewVerifier(policy, ajwt.Options{
		Replay:         replayMemory(p),
		SignatureCache: ajwt.NewSignatureCache(64),
		NonceKeys:      p.NonceKeys,
	})
	if err != nil {
		return Answer{}, setupFault("verifier", err)
	}
	for _, d := range p.documents() {
		if _, err := v.Load(d.kind, d.issuer, d.data, p.Loaded); err != nil {
			return Answer{}, setupFault(d.what, err)
		}
	}
	var answers []Answer
	for _, r := range p.Requests {
		if r.Load != nil {
			_, err := v.Load(kindOf(r.Load.Kind), r.Load.Issuer, r.Load.Document, r.Now)
			a, err := loaded(err)
			if err != nil {
				return Answer{}, err
			}
			answers = append(answers, a)
			continue
		}
		d := v.Verify(coreRequest(r))
		a := answerOf(&d)
		a.toUpstream(&d, r.Request, policy.Strips)
		answers = append(answers, a)
	}
	if p.Op == opSequence {
		return Answer{Steps: answers}, nil
	}
	return answers[0], nil
}

// nativeLoad answers the operations that load a document.
func nativeLoad(p *Prepared) (Answer, error) {
	in, err := readInput(p)
	if err != nil {
		return Answer{}, err
	}
	switch p.Op {
	case opPolicyLoad:
		_, err = ajwt.ParsePolicy([]byte(in.Policy))
		return loaded(err)
	case opKeysLoad:
		_, _, err = ajwt.ParseKeySet([]byte(in.Keys), ajwt.KeySetLimits{})
		return loaded(err)
	}
	policy, err := ajwt.ParsePolicy([]byte(in.Policy))
	if err != nil {
		return Answer{}, setupFault("policy", err)
	}
	versions, err := in.versions()
	if err != nil {
		return Answer{}, err
	}
	v, err := ajwt.NewVerifier(policy, ajwt.Options{Replay: ajwt.NewReplayMemory(1, 1, 0), Versions: versions})
	if err != nil {
		return Answer{}, setupFault("verifier", err)
	}
	return in.load(p.Op, func(kind ajwt.Kind, data []byte) error {
		_, err := v.Load(kind, in.Issuer, data, in.Now)
		return err
	})
}

// setupFault says that a case could not be put to the verifier: its policy or its
// keys were refused, which no case of verify or sequence intends.
func setupFault(what string, err error) *Fault {
	return &Fault{FaultCrash, fmt.Sprintf("%s refused: %v", what, err)}
}

// maxCaseReplay bounds the memory that a case's replay memory takes; no case uses
// more entries.
const maxCaseReplay = 4096

// replayMemory returns the memory that the case starts with.
func replayMemory(p *Prepared) *ajwt.ReplayMemory {
	capacity, perKey := replaySize(p)
	return ajwt.NewReplayMemory(capacity, perKey, p.Replay.Start)
}

// replaySize returns the size of a case's memory: what the case says, or else the
// policy. A key's share is a sixteenth, and at least one entry.
func replaySize(p *Prepared) (capacity, perKey int) {
	var policy struct {
		Replay struct {
			Capacity int `json:"capacity"`
			PerKey   int `json:"per_key"`
		} `json:"replay"`
	}
	_ = json.Unmarshal(p.Policy, &policy) // prepare has read it
	capacity = min(firstSet(p.Replay.Capacity, policy.Replay.Capacity, maxCaseReplay), maxCaseReplay)
	return capacity, firstSet(p.Replay.PerKey, policy.Replay.PerKey, capacity/16, 1)
}

// firstSet returns the first number above zero.
func firstSet(numbers ...int) int {
	for _, n := range numbers {
		if n > 0 {
			return n
		}
	}
	return 0
}

func coreRequest(r Timed) *ajwt.Request {
	q := &ajwt.Request{
		Method: r.Request.Method, Scheme: r.Request.Scheme, Authority: r.Request.Authority,
		Target: r.Request.Target, Body: body(r.Request), Now: r.Now,
	}
	for _, h := range r.Request.Headers {
		q.Headers = append(q.Headers, ajwt.Header{Name: h.Name, Value: string(h.Value)})
	}
	return q
}

// answerOf turns a decision into an answer.
func answerOf(d *ajwt.Decision) Answer {
	a := Answer{
		Verdict: d.Verdict.String(), Observed: d.Observed, Code: d.Code.String(), Status: d.Status,
		Decision: &vectors.Decision{
			Level: d.Level.String(), Issuer: d.Issuer, Agent: d.Agent, Workflow: d.Workflow,
			Step: d.Step, Act: d.Act, ChainHash: d.ChainHash, Route: d.Route,
		},
	}
	if d.KeyThumbprint != ([32]byte{}) {
		a.Decision.Thumbprint = base64.RawURLEncoding.EncodeToString(d.KeyThumbprint[:])
	}
	if d.BundleVersion != 0 {
		a.Decision.Bundle = &d.BundleVersion
	}
	for _, w := range d.Warnings {
		a.Decision.Warnings = append(a.Decision.Warnings, w.String())
	}
	for name, value := range map[string]string{"www-authenticate": d.Challenge, "dpop-nonce": d.Nonce} {
		if value != "" {
			if a.Headers == nil {
				a.Headers = make(map[string]string)
			}
			a.Headers[name] = value
		}
	}
	return a
}
