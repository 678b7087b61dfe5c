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
// after the first step. The answers must be the same.
func (h *bareHost) sequence(ctx context.Context, p *Prepared) (Answer, error) {
	spread, err := h.turns(ctx, p, sequencePlaces, -1)
	if err != nil {
		return Answer{}, err
	}
	discarded, err := h.turns(ctx, p, 1, 0)
	if err != nil {
		return Answer{}, err
	}
	if diff := disagreement(&spread, &discarded); len(diff) > 0 {
		return Answer{}, &Fault{FaultCrash, fmt.Sprintf("a sequence depends on its instances: %v", diff)}
	}
	return spread, nil
}

// turns decides the steps of a sequence over that many instances in turns. After the step
// with the number discard the instances go. Documents that one instance took are brought to
// the others, as hosts do.
func (h *bareHost) turns(ctx context.Context, p *Prepared, places, discard int) (answer Answer, err error) {
	memory := replayMemory(p)
	var taken []Timed                  // loads so far
	brought := make(map[*instance]int) // how many of them an instance has
	for n, r := range p.Requests {
		i, err := h.seated(ctx, p, n%places, brought)
		if err != nil {
			return answer, err
		}
		for ; brought[i] < len(taken); brought[i]++ {
			t := &taken[brought[i]]
			if err := i.load(ctx, kindOf(t.Load.Kind), t.Load.Issuer, t.Load.Document, t.Now); err != nil {
				return answer, setupFault("a document that another instance took", err)
			}
		}
		var a Answer
		if r.Load != nil {
			a, err = loaded(i.load(ctx, kindOf(r.Load.Kind), r.Load.Issuer, r.Load.Document, r.Now))
			if err == nil && a.Verdict == verdictAccept {
				taken = append(taken, r)
				brought[i]++
			}
		} else {
			a, err = decide(ctx, i, memory, r)
		}
		if err != nil {
			return answer, err
		}
		answer.Steps = append(answer.Steps, a)
		if n == discard {
			h.discard(ctx, 0)
		}
	}
	if len(taken) > 0 {
		h.forget()
	}
	return answer, nil
}

// seated returns the instance with that number. One that took part before keeps what was
// loaded into it since; to any other the case's own keys are new.
func (h *bareHost) seated(ctx context.Context, p *Prepared, number int, brought map[*instance]int) (*instance, error) {
	if number < len(h.places) && h.places[number] != nil {
		if _, known := brought[h.places[number]]; known {
			return h.places[number], nil
		}
	}
	i, err := h.place(ctx, p, number)
	if err == nil {
		brought[i] = 0
	}
	return i, err
}

// forget has every instance configured anew before the next case.
func (h *bareHost) forget() {
	for n := range h.groups {
		h.groups[n] = ""
	}
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
			return i.answerOf(d, r), nil
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
	return i.answerOf(d, r), nil
}

func (i *instance) answerOf(d *ajwt.Decision, r Timed) Answer {
	a := answerOf(d)
	a.toUpstream(d, r.Request, stripsNamed(i.strip))
	return a
}

// place returns the instance with that number, configured for the case and with its
// keys loaded.
func (h *bareHost) place(ctx context.Context, p *Prepared, number int) (*instance, error) {
	i, err := h.bare(ctx, number)
	if err != nil {
		return nil, err
	}
	if g := group(p); h.groups[number] != g {
		config := abi.Config{Policy: p.Policy, HostReplay: true, ReplayStart: p.Replay.Start, CacheEntries: 64}
		for _, key := range p.NonceKeys {
			config.NonceKeys = append(config.NonceKeys, abi.NonceKey(key))
		}
		h.groups[number] = ""
		answer, err := i.ask(ctx, "ajwt_configure", abi.AppendConfigure(nil, &config))
		if err := done(answer, err); err != nil {
			return nil, setupFault("policy", err)
		}
		i.strip = answer.Strip
		for _, d := range p.signedDocuments() {
			if err := i.load(ctx, d.kind, d.issuer, d.data, p.Loaded); err != nil {
				return nil, setupFault(d.what, err)
			}
		}
		h.groups[number] = g
	}
	for _, d := range p.keySets() {
		if err := i.load(ctx, d.kind, d.issuer, d.data, p.Loaded); err != nil {
			return nil, setupFault(d.what, err)
		}
	}
	return i, nil
}

// bare returns the instance with that number, however it is configured.
func (h *bareHost) bare(ctx context.Context, number int) (*instance, error) {
	for len(h.places) <= number {
		h.places, h.groups = append(h.places, nil), append(h.groups, "")
	}
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

func (i *instance) load(ctx context.Context, kind ajwt.Kind, issuer string, data []byte, now int64) error {
	d := abi.Document{Kind: kind, Issuer: issuer, Data: data, Now: now}
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

// loads answers the operations that load a document, with the module's own faults.
func (h *bareHost) loads(ctx context.Context, p *Prepared) (Answer, error) {
	in, err := readInput(p)
	if err != nil {
		return Answer{}, err
	}
	if p.Op == opKeysLoad {
		i, err := h.place(ctx, &Prepared{Policy: []byte(loadPolicy)}, 0)
		if err != nil {
			return Answer{}, err
		}
		return loaded(i.load(ctx, ajwt.KindKeys, "https://as.example", []byte(in.Keys), 1))
	}
	i, err := h.bare(ctx, 0)
	if err != nil {
		return Answer{}, err
	}
	h.groups[0] = "" // whichever is in force now
	config := abi.Config{Policy: []byte(in.Policy), HostReplay: true, ReplayStart: 1, NonceKeys: []abi.NonceKey{{}}}
	if config.Versions, err = in.versions(); err != nil {
		return Answer{}, err
	}
	err = done(i.ask(ctx, "ajwt_configure", abi.AppendConfigure(nil, &config)))
	if p.Op == opPolicyLoad {
		return loaded(err)
	}
	if err != nil {
		return Answer{}, setupFault("policy", err)
	}
	return in.load(p.Op, func(kind ajwt.Kind, data []byte) error {
		return i.load(ctx, kind, in.Issuer, data, in.Now)
	})
}
