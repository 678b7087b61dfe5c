package conformance

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

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

	Issuer      string         `json:"issuer"`
	Bundle      string         `json:"bundle"`
	Revocations string         `json:"revocations"`
	Previous    []string       `json:"previous"`
	InForce     []inputVersion `json:"versions"`
	Now         int64          `json:"now"`
}

// inputVersion is a version that was in force before a restart.
type inputVersion struct {
	Kind    string `json:"kind"` // bundle, revocations
	Version int64  `json:"version"`
	Digest  string `json:"digest"` // SHA-256 of the compact form, base64url
}

// versions gives what the host has kept across the restart.
func (in *valueInput) versions() ([]ajwt.DocumentVersion, error) {
	var list []ajwt.DocumentVersion
	for _, v := range in.InForce {
		digest, err := base64.RawURLEncoding.DecodeString(v.Digest)
		if err != nil || len(digest) != 32 {
			return nil, &Fault{FaultCrash, "input: a digest is not 32 bytes of base64url"}
		}
		list = append(list, ajwt.DocumentVersion{Kind: kindOf(v.Kind), Issuer: in.Issuer, Version: v.Version, Digest: [32]byte(digest)})
	}
	return list, nil
}

// load loads the documents before, which must be taken, and then the one that the
// operation is about.
func (in *valueInput) load(op string, load func(ajwt.Kind, []byte) error) (Answer, error) {
	kind, text := ajwt.KindBundle, in.Bundle
	if op == opListLoad {
		kind, text = ajwt.KindRevocations, in.Revocations
	}
	for i, previous := range in.Previous {
		if err := load(kind, []byte(previous)); err != nil {
			return Answer{}, setupFault(fmt.Sprintf("document %d before", i), err)
		}
	}
	return loaded(load(kind, []byte(text)))
}

// kindOf is core's name of a kind of documents.
func kindOf(kind string) ajwt.Kind {
	switch kind {
	case "bundle":
		return ajwt.KindBundle
	case "revocations":
		return ajwt.KindRevocations
	}
	return ajwt.KindKeys
}

// ownDocument is a document that our own builds load before the first request.
type ownDocument struct {
	kind         ajwt.Kind
	issuer, what string
	data         []byte
}

// documents lists what is loaded before the first request, in order: keys, bundles,
// lists, each by issuer.
func (p *Prepared) documents() []ownDocument { return append(p.keySets(), p.signedDocuments()...) }

func (p *Prepared) keySets() []ownDocument { return ownDocuments(ajwt.KindKeys, "keys of ", p.Keys) }

func (p *Prepared) signedDocuments() []ownDocument {
	return append(ownDocuments(ajwt.KindBundle, "bundle of ", p.Bundles),
		ownDocuments(ajwt.KindRevocations, "revocation list of ", p.Lists)...)
}

func ownDocuments(kind ajwt.Kind, what string, of map[string][]byte) (list []ownDocument) {
	for _, issuer := range slices.Sorted(maps.Keys(of)) {
		list = append(list, ownDocument{kind, issuer, what + issuer, of[issuer]})
	}
	return list
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
