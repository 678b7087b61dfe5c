package conformance

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/agentic-jwt/ajwt/vectors"
)

// The operations of a case (vectors/README.md).
const (
	opVerify     = "verify"
	opSequence   = "sequence"
	opChecksum   = "checksum"
	opThumbprint = "thumbprint"
	opChainHash  = "chain_hash"
	opStepHash   = "step_hash"
	opJCS        = "jcs"
	opPolicyLoad = "policy_load"
	opKeysLoad   = "keys_load"
)

// Operations lists every operation that a case may ask for.
var Operations = []string{opVerify, opSequence, opChecksum, opThumbprint, opChainHash, opStepHash, opJCS, opPolicyLoad, opKeysLoad}

// Profiles lists the issuer profiles that a policy may name (spec/profile.md).
var Profiles = []string{"hardened", "draft-00", "paper", "auth51", "patchet", "plain"}

const (
	verdictAccept = "accept"
	verdictReject = "reject"
)

// Prepared is what a subject gets to see of a case: everything that it must decide
// on and nothing that tells which case it is.
type Prepared struct {
	Op        string
	Policy    []byte            // JSON, for verify and sequence
	Keys      map[string][]byte // issuer to JWK Set, to be loaded before the first request
	NonceKeys [][]byte          // secrets of proof.nonce, 32 bytes each
	Replay    vectors.Replay    // the replay memory at the start
	Requests  []Timed           // one for verify, several on one replay memory for sequence
	Input     json.RawMessage   // for the value operations

	Algorithms []string // JOSE algorithms that the case needs
	Profiles   []string // issuer profiles that its policy names
}

// Timed is a request with the time of its arrival.
type Timed struct {
	Now     int64 // NumericDate
	Request *vectors.Request
}

// prepare resolves the names of a case and checks that it is complete.
func prepare(c *vectors.Case, docs Documents) (*Prepared, error) {
	if !slices.Contains(Operations, c.Op) {
		return nil, fmt.Errorf("the operation %q is unknown", c.Op)
	}
	p := &Prepared{Op: c.Op, Algorithms: c.Algorithms}
	if c.Op != opVerify && c.Op != opSequence {
		if len(c.Input) == 0 || c.Expect == nil || c.Request != nil || c.Requests != nil {
			return nil, errors.New("a value operation has input and expect, and no request")
		}
		p.Input = c.Input
		return p, nil
	}
	if c.Replay != nil {
		p.Replay = *c.Replay
	}
	if err := p.setRequests(c); err != nil {
		return nil, err
	}
	if err := p.setPolicy(c.Policy, docs); err != nil {
		return nil, err
	}
	for issuer, name := range c.Keys {
		set, err := docs.KeySet(name)
		if err != nil {
			return nil, err
		}
		if !json.Valid(set) {
			return nil, fmt.Errorf("the key set %q is not JSON", name)
		}
		if p.Keys == nil {
			p.Keys = make(map[string][]byte)
		}
		p.Keys[issuer] = set
	}
	for _, text := range c.NonceKeys {
		key, err := base64.RawURLEncoding.Strict().DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("nonce key: %w", err)
		}
		p.NonceKeys = append(p.NonceKeys, key)
	}
	return p, nil
}

// setRequests takes the one request of verify, or the several of sequence.
func (p *Prepared) setRequests(c *vectors.Case) error {
	switch {
	case c.Op == opVerify && c.Request != nil && c.Now != nil && c.Expect != nil && c.Requests == nil:
		p.Requests = []Timed{{*c.Now, c.Request}}
	case c.Op == opSequence && len(c.Requests) > 0 && c.Request == nil && c.Expect == nil:
		for i := range c.Requests {
			p.Requests = append(p.Requests, Timed{c.Requests[i].Now, &c.Requests[i].Request})
		}
	default:
		return errors.New("verify has request, now and expect; sequence has requests alone")
	}
	for _, r := range p.Requests {
		if _, err := base64.StdEncoding.Strict().DecodeString(r.Request.Body); err != nil {
			return fmt.Errorf("body: %w", err)
		}
	}
	return nil
}

// setPolicy resolves the policy by name, or takes the inline one, and notes the
// profiles that it names.
func (p *Prepared) setPolicy(raw json.RawMessage, docs Documents) error {
	p.Policy = raw
	if name, ok := rawString(raw); ok {
		text, err := docs.Policy(name)
		if err != nil {
			return err
		}
		p.Policy = text
	}
	if !json.Valid(p.Policy) {
		return errors.New("the policy is not JSON")
	}
	var named struct {
		Issuers []struct {
			Profile string `json:"profile"`
		} `json:"issuers"`
	}
	if err := json.Unmarshal(p.Policy, &named); err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	for _, issuer := range named.Issuers {
		profile := issuer.Profile
		if profile == "" {
			profile = "hardened"
		}
		if !slices.Contains(p.Profiles, profile) {
			p.Profiles = append(p.Profiles, profile)
		}
	}
	return nil
}

// compacted returns the JSON text without white space between its parts, so that it
// fits on one line; its strings and numbers stay as they are.
func compacted(text []byte) (json.RawMessage, error) {
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// body returns the bytes of a request's body, nil for none.
func body(r *vectors.Request) []byte {
	if r.Body == "" {
		return nil
	}
	b, err := base64.StdEncoding.DecodeString(r.Body)
	if err != nil {
		return nil // prepare has refused it
	}
	return b
}
