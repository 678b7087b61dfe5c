package conformance

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/agentic-jwt/ajwt/vectors"
)

// ProtocolVersion is what hello announces (spec/runner-protocol.md).
const ProtocolVersion = "ajwt-runner/1"

// message is one line from the runner. It holds what a decision needs and nothing
// that tells which case it belongs to.
type message struct {
	Seq      string `json:"seq"`                // 128 random bits, base64url
	Op       string `json:"op"`                 // hello, reset, bye, verify, or a value operation
	Protocol string `json:"protocol,omitempty"` // of hello

	Policy      json.RawMessage            `json:"policy,omitempty"`
	Keys        map[string]json.RawMessage `json:"keys,omitempty"`
	Bundle      map[string]string          `json:"bundle,omitempty"`
	Revocations map[string]string          `json:"revocations,omitempty"`
	Loaded      *int64                     `json:"loaded,omitempty"` // where signed documents are loaded
	Now         *int64                     `json:"now,omitempty"`
	NonceKeys   []string                   `json:"nonce_keys,omitempty"`
	Replay      *vectors.Replay            `json:"replay,omitempty"`
	Request     *vectors.Request           `json:"request,omitempty"`
	Document    *messageLoad               `json:"document,omitempty"` // of load

	Input json.RawMessage `json:"input,omitempty"` // of a value operation
}

// messageLoad is the document of a message with the operation load.
type messageLoad struct {
	Kind   string `json:"kind"`
	Issuer string `json:"issuer"`
	Text   string `json:"text"`
}

// reply is one line from the program: the union of what the operations answer.
type reply struct {
	Seq string `json:"seq"`

	Name       string   `json:"name"`
	Version    string   `json:"version"`
	Operations []string `json:"operations"`
	Algorithms []string `json:"algorithms"`
	Profiles   []string `json:"profiles"`
	Features   []string `json:"features"`
	Codes      *bool    `json:"codes"`

	Verdict  string            `json:"verdict"`
	Enforced *bool             `json:"enforced"`
	Code     string            `json:"code"`
	Status   int               `json:"status"`
	Value    string            `json:"value"`
	Pointers []string          `json:"pointers"`
	Decision *vectors.Decision `json:"decision"`
	Headers  map[string]string `json:"headers"`
	Forward  []vectors.Header  `json:"forward"`
	Strip    []string          `json:"strip"`
}

// newSeq returns a sequence number that cannot be foreseen.
func newSeq() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// encode writes a message as one line. JSON of the case stands in it as it is, less
// the white space between its parts.
func (m *message) encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(m); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// messages turns a case into the messages that follow a reset.
func messages(p *Prepared) ([]*message, error) {
	if p.Op != opVerify && p.Op != opSequence {
		return []*message{{Op: p.Op, Input: p.Input}}, nil
	}
	policy, err := compacted(p.Policy)
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	var all []*message
	for i := range p.Requests {
		m := &message{Op: opVerify, Policy: policy, Now: &p.Requests[i].Now, Request: p.Requests[i].Request}
		if l := p.Requests[i].Load; l != nil {
			m.Op, m.Document = opLoad, &messageLoad{l.Kind, l.Issuer, string(l.Document)}
		}
		for issuer, set := range p.Keys {
			if m.Keys == nil {
				m.Keys = make(map[string]json.RawMessage)
			}
			if m.Keys[issuer], err = compacted(set); err != nil {
				return nil, fmt.Errorf("keys of %s: %w", issuer, err)
			}
		}
		m.Bundle, m.Revocations = textsOf(p.Bundles), textsOf(p.Lists)
		if m.Bundle != nil || m.Revocations != nil {
			m.Loaded = &p.Loaded
		}
		for _, key := range p.NonceKeys {
			m.NonceKeys = append(m.NonceKeys, base64.RawURLEncoding.EncodeToString(key))
		}
		if p.Replay != (vectors.Replay{}) {
			m.Replay = &p.Replay
		}
		all = append(all, m)
	}
	return all, nil
}

// textsOf gives documents as strings, nil for none.
func textsOf(documents map[string][]byte) map[string]string {
	var texts map[string]string
	for issuer, text := range documents {
		if texts == nil {
			texts = make(map[string]string)
		}
		texts[issuer] = string(text)
	}
	return texts
}

// parseReply reads a line strictly.
func parseReply(line []byte) (*reply, error) {
	r := new(reply)
	if err := decodeStrict(line, r); err != nil {
		return nil, err
	}
	return r, nil
}

// features reads the answer to hello.
func (r *reply) features() (name string, f Features, err error) {
	switch {
	case r.Name == "" || r.Version == "":
		return "", f, errors.New("hello: name and version are mandatory")
	case r.Codes == nil || r.Operations == nil || r.Algorithms == nil || r.Profiles == nil:
		return "", f, errors.New("hello: operations, algorithms, profiles and codes are mandatory")
	case len(r.Operations) == 0:
		return "", f, errors.New("hello: no operation is declared")
	case r.hasAnswer():
		return "", f, errors.New("hello: an answer to verify stands in it")
	}
	if unknown := without(r.Operations, Operations); len(unknown) > 0 {
		return "", f, fmt.Errorf("hello: the operation %q is unknown", unknown[0])
	}
	if slices.Contains(r.Operations, opSequence) && !slices.Contains(r.Operations, opVerify) {
		return "", f, errors.New("hello: sequence needs verify")
	}
	if unknown := without(r.Profiles, Profiles); len(unknown) > 0 {
		return "", f, fmt.Errorf("hello: the profile %q is unknown", unknown[0])
	}
	if unknown := without(r.Features, Extensions); len(unknown) > 0 {
		return "", f, fmt.Errorf("hello: the feature %q is unknown", unknown[0])
	}
	if r.Features == nil {
		r.Features = []string{} // none, where nil would mean all
	}
	return r.Name, Features{
		Version: r.Version, Operations: r.Operations, Algorithms: r.Algorithms,
		Profiles: r.Profiles, Extensions: r.Features, Codes: *r.Codes,
	}, nil
}

func (r *reply) hasFeatures() bool {
	return r.Name != "" || r.Version != "" || r.Operations != nil || r.Algorithms != nil || r.Profiles != nil || r.Features != nil || r.Codes != nil
}

func (r *reply) hasAnswer() bool {
	return r.Verdict != "" || r.Enforced != nil || r.Code != "" || r.Status != 0 || r.Value != "" ||
		r.Pointers != nil || r.Decision != nil || r.Headers != nil || r.Forward != nil || r.Strip != nil
}

// answer reads the answer to verify or to a value operation.
func (r *reply) answer(op string, codes bool) (Answer, error) {
	a := Answer{
		Verdict: r.Verdict, Code: r.Code, Status: r.Status, Value: r.Value, Pointers: r.Pointers,
		Decision: r.Decision, Headers: r.Headers, Forward: r.Forward, Strip: r.Strip, Observed: r.Enforced != nil && !*r.Enforced,
	}
	load := isLoad(op)
	switch {
	case r.hasFeatures():
		return a, errors.New("an answer to hello stands in it")
	case a.Verdict != verdictAccept && a.Verdict != verdictReject:
		return a, errors.New(`verdict: want "accept" or "reject"`)
	case a.Verdict == verdictAccept && (a.Code != "" || a.Observed):
		return a, errors.New("an acceptance has no code and is not observed")
	case a.Verdict == verdictReject && codes && hasCodes(op) && a.Code == "":
		return a, errors.New("code: mandatory for a rejection, since hello declares codes")
	case op == opVerify && a.Value != "" || a.Verdict == verdictReject && a.Value != "":
		return a, errors.New("value: only for a value operation that succeeds")
	case op != opVerify && !load && a.Verdict == verdictAccept && a.Value == "":
		return a, errors.New("value: mandatory for this operation")
	}
	return a, nil
}
