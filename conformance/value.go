package conformance

import (
	"encoding/json"
	"errors"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi"
)

// The value operations of our own builds. What goes in and what becomes of a result is
// the same for all of them and stands here; between the two, native calls abi.Compute
// and the wasm subjects call the module, which does too.

// valueInput is the union of the inputs (spec/runner-protocol.md, section 5).
type valueInput struct {
	Reading string          `json:"reading"`
	Agent   json.RawMessage `json:"agent"`
	JWK     json.RawMessage `json:"jwk"`
	Chain   []string        `json:"chain"`
	Steps   []string        `json:"steps"`
	Form    string          `json:"form"`
	JSON    string          `json:"json"`
	Policy  string          `json:"policy"`
	Keys    string          `json:"keys"`
}

func readInput(p *Prepared) (in valueInput, err error) {
	if err := json.Unmarshal(p.Input, &in); err != nil {
		return in, &Fault{FaultCrash, "input: " + err.Error()}
	}
	return in, nil
}

// computation turns the input of a value operation into what is computed.
func computation(p *Prepared) (*abi.Computation, error) {
	in, err := readInput(p)
	if err != nil {
		return nil, err
	}
	form, _ := ajwt.ParseHashForm(in.Form)
	switch p.Op {
	case opChecksum:
		return &abi.Computation{Operation: abi.OpChecksum, Reading: ajwt.Reading(in.Reading), Document: in.Agent}, nil
	case opThumbprint:
		return &abi.Computation{Operation: abi.OpThumbprint, Document: in.JWK}, nil
	case opChainHash:
		return &abi.Computation{Operation: abi.OpChainHash, Form: form, IDs: in.Chain}, nil
	case opStepHash:
		return &abi.Computation{Operation: abi.OpStepHash, Form: form, IDs: in.Steps}, nil
	case opJCS:
		return &abi.Computation{Operation: abi.OpJCS, Document: []byte(in.JSON)}, nil
	}
	return nil, &Fault{FaultCrash, "unknown operation " + p.Op}
}

// computed turns what a computation gave into an answer. Only a refusal of the input
// is a rejection.
func computed(value string, err error) (Answer, error) {
	var refusal *abi.Refusal
	switch {
	case err == nil:
		return Answer{Verdict: verdictAccept, Value: value}, nil
	case errors.As(err, &refusal):
		return Answer{Verdict: verdictReject}, nil
	}
	return Answer{}, asOwnFault(err)
}

// loaded turns what a load gave into an answer. Only a refusal of the document is a
// rejection; it has the code of the first fault, and the pointers of all.
func loaded(err error) (Answer, error) {
	var load *ajwt.LoadError
	switch {
	case err == nil:
		return Answer{Verdict: verdictAccept}, nil
	case errors.As(err, &load):
		a := Answer{Verdict: verdictReject, Code: load.Code().String()}
		for _, f := range load.Faults {
			a.Pointers = append(a.Pointers, f.Pointer)
		}
		return a, nil
	}
	return Answer{}, asOwnFault(err)
}

// asOwnFault is for an error between us and our own module: the module is at fault.
func asOwnFault(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return &Fault{FaultProtocol, "not computed: " + err.Error()}
}
