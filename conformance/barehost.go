package conformance

import (
	"context"
	"fmt"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi"
)

// sequencePlaces is the number of instances over which the requests of a sequence go
// in turns: what an instance remembers by itself must not matter.
const sequencePlaces = 4

// bareHost drives the verifier's module over its ABI alone. Its instances are
// configured anew for each policy.
type bareHost struct {
	module *compiled
	places []*instance
	groups []string // that the place is configured for
}

// verify decides the one request of a case.
func (h *bareHost) verify(ctx context.Context, p *Prepared) (Answer, error) {
	i, err := h.place(ctx, p, 0)
	if err != nil {
		return Answer{}, err
	}
	return decide(ctx, i, replayMemory(p), p.Requests[0])
}

// sequence decides the requests of a case on one replay memory, which the host holds:
// once over several instances in turns, and once with the first instance discarded
// after the first request. The answers must be the same.
func (h *bareHost) sequence(ctx context.Context, p *Prepared) (Answer, error) {
	var spread, discarded Answer
	memory := replayMemory(p)
	for n, r := range p.Requests {
		i, err := h.place(ctx, p, n%sequencePlaces)
		if err != nil {
			return Answer{}, err
		}
		a, err := decide(ctx, i, memory, r)
		if err != nil {
			return Answer{}, err
		}
		spread.Steps = append(spread.Steps, a)
	}
	memory = replayMemory(p)
	for n, r := range p.Requests {
		i, err := h.place(ctx, p, 0)
		if err != nil {
			return Answer{}, err
		}
		a, err := decide(ctx, i, memory, r)
		if err != nil {
			return Answer{}, err
		}
		discarded.Steps = append(discarded.Steps, a)
		if n == 0 {
			h.discard(ctx, 0)
		}
	}
	if diff := disagreement(&spread, &discarded); len(diff) > 0 {
		return Answer{}, &Fault{FaultCrash, fmt.Sprintf("a sequence depends on its instances: %v", diff)}
	}
	return spread, nil
}

// decide asks an instance about a request, and a second time if the memory does not
// take the replay keys (spec/abi.md, section 6).
func decide(ctx context.Context, i *instance, memory ajwt.Replay, r Timed) (Answer, error) {
	request := coreRequest(r)
	message := abi.AppendVerify(make([]byte, 0, abi.VerifySize(request)), request, abi.ReplayAnswer{})
	answer, err := i.ask(ctx, "ajwt_verify", message)
	if err != nil {
		return Answer{}, err
	}
	d := &answer.Decision
	if answer.Action == abi.ActionTake {
		result, seen := memory.Record(d.Replay, r.Now)
		if result == ajwt.ReplayFresh {
			return answerOf(d), nil
		}
		replay := abi.ReplayAnswer{Given: true, Result: result, Seen: uint8(seen)}
		message = abi.AppendVerify(message[:0], request, replay)
		if answer, err = i.ask(ctx, "ajwt_verify", message); err != nil {
			return Answer{}, err
		}
		if answer.Action == abi.ActionTake {
			return Answer{}, &Fault{FaultProtocol, "the module asks for the replay memory twice"}
		}
		d = &answer.Decision
	}
	if passes := answer.Action == abi.ActionPass; passes != d.Allows() {
		return Answer{}, &Fault{FaultProtocol, fmt.Sprintf("action %#x beside verdict %s", uint8(answer.Action), d.Verdict)}
	}
	return answerOf(d), nil
}

// place returns the instance with that number, configured for the case and with its
// keys loaded.
func (h *bareHost) place(ctx context.Context, p *Prepared, number int) (*instance, error) {
	for len(h.places) <= number {
		h.places, h.groups = append(h.places, nil), append(h.groups, "")
	}
	i, err := h.bare(ctx, number)
	if err != nil {
		return nil, err
	}
	if g := group(p); h.groups[number] != g {
		config := abi.Config{Policy: p.Policy, HostReplay: true, ReplayStart: p.Replay.Start, CacheEntries: 64}
		for _, key := range p.NonceKeys {
			config.NonceKeys = append(config.NonceKeys, abi.NonceKey(key))
		}
		if err := done(i.ask(ctx, "ajwt_configure", abi.AppendConfigure(nil, &config))); err != nil {
			return nil, setupFault("policy", err)
		}
		h.groups[number] = g
	}
	for issuer, set := range p.Keys {
		if err := i.load(ctx, issuer, set, p.Requests[0].Now); err != nil {
			return nil, setupFault("keys of "+issuer, err)
		}
	}
	return i, nil
}

// bare returns the instance with that number, however it is configured.
func (h *bareHost) bare(ctx context.Context, number int) (*instance, error) {
	if h.places[number] == nil {
		i, err := h.module.instantiate(ctx)
		if err != nil {
			return nil, err
		}
		h.places[number], h.groups[number] = i, ""
	}
	return h.places[number], nil
}

func (h *bareHost) discard(ctx context.Context, number int) {
	if h.places[number] != nil {
		h.places[number].discard(ctx)
		h.places[number] = nil
	}
}

// discardAll is for the time after a fault: no instance is trusted any more.
func (h *bareHost) discardAll(ctx context.Context) {
	for n := range h.places {
		h.discard(ctx, n)
	}
}

func (i *instance) load(ctx context.Context, issuer string, set []byte, now int64) error {
	d := abi.Document{Kind: ajwt.KindKeys, Issuer: issuer, Data: set, Now: now}
	return done(i.ask(ctx, "ajwt_load", abi.AppendLoad(make([]byte, 0, abi.LoadSize(&d)), &d)))
}

// done turns a refusal to configure or to load into its *ajwt.LoadError.
func done(answer abi.Answer, err error) error {
	switch {
	case err != nil:
		return err
	case answer.Action == abi.ActionPass:
		return nil
	case len(answer.Faults) == 0:
		return &Fault{FaultProtocol, "a refusal without a fault"}
	}
	return &ajwt.LoadError{Faults: answer.Faults}
}

// loadPolicy is the policy under which keys_load loads.
const loadPolicy = `{"issuers":[{"issuer":"https://as.example","profile":"draft-00","audiences":["https://api.example"],` +
	`"algorithms":["ES256"],"jwks_uri":"https://as.example/jwks.json"}],"routes":[{"id":"all","match":{"path":"/**"},` +
	`"require":{"level":"jwt","proof":"optional"}}]}`

// loads answers policy_load and keys_load with the module's own faults.
func (h *bareHost) loads(ctx context.Context, p *Prepared) (Answer, error) {
	in, err := readInput(p)
	if err != nil {
		return Answer{}, err
	}
	i, err := h.place(ctx, &Prepared{Policy: []byte(loadPolicy)}, 0)
	if err != nil {
		return Answer{}, err
	}
	if p.Op == opKeysLoad {
		err = i.load(ctx, "https://as.example", []byte(in.Keys), 1)
	} else {
		config := abi.Config{Policy: []byte(in.Policy), HostReplay: true, ReplayStart: 1, NonceKeys: []abi.NonceKey{{}}}
		err = done(i.ask(ctx, "ajwt_configure", abi.AppendConfigure(nil, &config)))
		h.groups[0] = "" // whichever is in force now
	}
	return loaded(err)
}
