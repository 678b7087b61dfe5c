package conformance

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

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
	opBundleLoad = "bundle_load"
	opListLoad   = "revocations_load"
)

// opLoad is a document that a sequence loads between two requests. It is no operation of a
// case; the feature "load" stands for it.
const opLoad = "load"

// Operations lists every operation that a case may ask for.
var Operations = []string{opVerify, opSequence, opChecksum, opThumbprint, opChainHash, opStepHash, opJCS, opPolicyLoad, opKeysLoad, opBundleLoad, opListLoad}

// Extensions lists what a case of verify or sequence may need beside its operation: signed
// bundles, signed revocation lists, delegation links, message signatures, the prototype's
// proofs, tools, claims for the upstream, and documents that are loaded between the requests
// of a sequence.
var Extensions = []string{"bundle", "revocations", "links", "httpsig", "patchet", "tool", "forward", opLoad}

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
	Bundles   map[string][]byte // issuer to compact JWS, to be loaded after the keys
	Lists     map[string][]byte // issuer to compact JWS, to be loaded after the bundles
	Loaded    int64             // NumericDate at which all of these are loaded
	NonceKeys [][]byte          // secrets of proof.nonce, 32 bytes each
	Replay    vectors.Replay    // the replay memory at the start
	Requests  []Timed           // one for verify, several on one replay memory for sequence
	Input     json.RawMessage   // for the value operations

	Algorithms []string // JOSE algorithms that the case needs
	Profiles   []string // issuer profiles that its policy names
	Extensions []string // of Extensions
}

// Timed is a request with the time of its arrival, or a document that is loaded at that
// time: one of the two.
type Timed struct {
	Now     int64 // NumericDate
	Request *vectors.Request
	Load    *Load
}

// Load is a document for one issuer.
type Load struct {
	Kind     string // keys, bundle, revocations
	Issuer   string
	Document []byte
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
	if err := p.setDocuments(c, docs); err != nil {
		return nil, err
	}
	for _, text := range c.NonceKeys {
		key, err := base64.RawURLEncoding.Strict().DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("nonce key: %w", err)
		}
		p.NonceKeys = append(p.NonceKeys, key)
	}
	p.setExtensions()
	return p, nil
}

// setDocuments resolves what is loaded before the first request and between requests.
func (p *Prepared) setDocuments(c *vectors.Case, docs Documents) error {
	p.Loaded = p.Requests[0].Now
	if c.Loaded != nil {
		p.Loaded = *c.Loaded
	}
	for _, d := range []struct {
		kind  string
		names map[string]string
		into  *map[string][]byte
	}{{"keys", c.Keys, &p.Keys}, {"bundle", c.Bundle, &p.Bundles}, {"revocations", c.Revocations, &p.Lists}} {
		for issuer, name := range d.names {
			text, err := document(docs, d.kind, name)
			if err != nil {
				return err
			}
			if *d.into == nil {
				*d.into = make(map[string][]byte)
			}
			(*d.into)[issuer] = text
		}
	}
	for i := range c.Requests {
		l := c.Requests[i].Load
		if l == nil {
			continue
		}
		text, err := document(docs, l.Kind, l.File)
		if err != nil {
			return err
		}
		p.Requests[i].Load = &Load{l.Kind, l.Issuer, text}
	}
	return nil
}

// document returns a named document of a kind.
func document(docs Documents, kind, name string) (text []byte, err error) {
	switch kind {
	case "keys":
		text, err = docs.KeySet(name)
		if err == nil && !json.Valid(text) {
			err = fmt.Errorf("the key set %q is not JSON", name)
		}
	case "bundle":
		text, err = docs.Bundle(name)
	case "revocations":
		text, err = docs.Revocations(name)
	default:
		err = fmt.Errorf("documents of kind %q are unknown", kind)
	}
	return text, err
}

// setRequests takes the one request of verify, or the several of sequence.
func (p *Prepared) setRequests(c *vectors.Case) error {
	switch {
	case c.Op == opVerify && c.Request != nil && c.Now != nil && c.Expect != nil && c.Requests == nil:
		p.Requests = []Timed{{Now: *c.Now, Request: c.Request}}
	case c.Op == opSequence && len(c.Requests) > 0 && c.Request == nil && c.Expect == nil:
		for i := range c.Requests {
			if (c.Requests[i].Request == nil) == (c.Requests[i].Load == nil) {
				return errors.New("a step of a sequence is a request or a load")
			}
			p.Requests = append(p.Requests, Timed{Now: c.Requests[i].Now, Request: c.Requests[i].Request})
		}
	default:
		return errors.New("verify has request, now and expect; sequence has requests alone")
	}
	for _, r := range p.Requests {
		if r.Request == nil {
			continue
		}
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
	var named policyNeeds
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

// policyNeeds is what a policy says about what a verifier must be able to do.
type policyNeeds struct {
	Issuers []struct {
		Profile    string          `json:"profile"`
		Bundle     json.RawMessage `json:"bundle"`
		Revocation json.RawMessage `json:"revocation"`
	} `json:"issuers"`
	Proof struct {
		Methods []string `json:"methods"`
	} `json:"proof"`
	Routes []struct {
		Require struct {
			Tool  json.RawMessage `json:"tool"`
			Links string          `json:"links"`
		} `json:"require"`
	} `json:"routes"`
	Forward json.RawMessage `json:"forward"`
}

// setExtensions notes what a verifier of the profile's first part cannot do. Links count
// where somebody looks at them: a bundle is loaded.
func (p *Prepared) setExtensions() {
	needs := make(map[string]bool)
	var policy policyNeeds
	_ = json.Unmarshal(p.Policy, &policy) // setPolicy has read it
	for i := range policy.Issuers {
		needs["bundle"] = needs["bundle"] || policy.Issuers[i].Bundle != nil
		needs["revocations"] = needs["revocations"] || policy.Issuers[i].Revocation != nil
	}
	for _, method := range policy.Proof.Methods {
		needs[method] = true
	}
	for i := range policy.Routes {
		needs["links"] = needs["links"] || policy.Routes[i].Require.Links == "required"
		needs["tool"] = needs["tool"] || policy.Routes[i].Require.Tool != nil
	}
	needs["forward"] = policy.Forward != nil
	for _, r := range p.Requests {
		needs[opLoad] = needs[opLoad] || r.Load != nil
		needs["links"] = needs["links"] || r.Request != nil && p.Bundles != nil && carriesLinks(r.Request)
	}
	for _, e := range Extensions {
		if needs[e] {
			p.Extensions = append(p.Extensions, e)
		}
	}
}

// carriesLinks tells whether the request's token holds delegation links.
func carriesLinks(r *vectors.Request) bool {
	for _, h := range r.Headers {
		if !strings.EqualFold(h.Name, "authorization") {
			continue
		}
		if parts := bytes.Split(h.Value, []byte(".")); len(parts) > 1 {
			payload, _ := base64.RawURLEncoding.DecodeString(string(parts[1]))
			return bytes.Contains(payload, []byte(`"delegation_links"`))
		}
	}
	return false
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
