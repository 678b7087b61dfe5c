// Package vectors holds the conformance vectors and reads them. It imports nothing
// of the project, so that nothing here can share a mistake with the verifier; the
// files are usable without Go (see README.md).
package vectors

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// Format is the format member of every case file.
const Format = "ajwt-vectors/1"

// Manifest is vectors/manifest.json, the only index: a file that it does not list,
// or that differs from its entry, is refused.
type Manifest struct {
	Format string         `json:"format"` // "ajwt-manifest/1"
	Spec   []string       `json:"spec"`   // revisions of the documents, e.g. "draft-goswami-agentic-jwt-00"
	Files  []ManifestFile `json:"files"`  // sorted by file
}

// ManifestFile is one file below vectors/.
type ManifestFile struct {
	File   string `json:"file"` // e.g. "cases/jws/alg.json", "policies/draft00.json", "keys/as.json", "bundles/vuln.jws"
	SHA256 string `json:"sha256"`
	Area   string `json:"area,omitempty"`  // of a case file
	Count  int    `json:"count,omitempty"` // cases in a case file
}

// File is one case file.
type File struct {
	Format string   `json:"format"`
	Area   string   `json:"area"`
	Spec   []string `json:"spec"`
	Cases  []Case   `json:"cases"`
}

// Case is one vector. Exactly one of Request, Requests and Input is set, by Op.
type Case struct {
	ID    string `json:"id"`    // immutable, area.topic.slug, e.g. "jws.alg.none-mixed-case"
	Title string `json:"title"` // one sentence
	Op    string `json:"op"`    // verify, sequence, checksum, thumbprint, chain_hash, step_hash, jcs, policy_load, keys_load, bundle_load, revocations_load

	Policy json.RawMessage   `json:"policy,omitempty"` // name of a file below policies/ (a string), or an inline object
	Keys   map[string]string `json:"keys,omitempty"`   // issuer to the name of a JWK Set below keys/; loaded before the request
	// Bundle and Revocations map an issuer to the name of a compact JWS below bundles/
	// and revocations/; they are loaded before the request, after the keys.
	Bundle      map[string]string `json:"bundle,omitempty"`
	Revocations map[string]string `json:"revocations,omitempty"`
	Loaded      *int64            `json:"loaded,omitempty"`     // NumericDate of these loads; absent: that of the first request
	NonceKeys   []string          `json:"nonce_keys,omitempty"` // base64url, 32 bytes each
	Replay      *Replay           `json:"replay,omitempty"`     // absent: an empty memory that has always been there (no cold start)
	Now         *int64            `json:"now,omitempty"`        // NumericDate, for verify

	Request  *Request        `json:"request,omitempty"`  // verify
	Requests []Step          `json:"requests,omitempty"` // sequence: one replay memory throughout
	Input    json.RawMessage `json:"input,omitempty"`    // value operations

	Expect *Expect `json:"expect,omitempty"` // absent for sequence

	Level        string    `json:"level"` // MUST, SHOULD, MAY, PROFILE
	Refs         []string  `json:"refs"`  // "RFC 9449, section 4.3"
	Requirements []string  `json:"requirements,omitempty"`
	Threats      []string  `json:"threats,omitempty"` // T1 to T12
	CVEs         []string  `json:"cves,omitempty"`
	Twin         string    `json:"twin,omitempty"` // id of the accepting case; for every rejecting one
	Mutation     *Mutation `json:"mutation,omitempty"`
	Kills        []string  `json:"kills,omitempty"`      // names of seeded faults that this case kills
	Since        string    `json:"since"`                // suite version, "1.0"
	Algorithms   []string  `json:"algorithms,omitempty"` // JOSE algorithms that a subject must know to take part
}

// Replay describes the replay memory that a case starts with.
type Replay struct {
	Start    int64 `json:"start,omitempty"`    // NumericDate at which it started empty; 0: it has always been there
	Capacity int   `json:"capacity,omitempty"` // entries; 0: the policy's
	PerKey   int   `json:"per_key,omitempty"`  // entries of one key; 0: the policy's
}

// Request is a request, fully materialised.
type Request struct {
	Method    string   `json:"method"`
	Scheme    string   `json:"scheme"`
	Authority string   `json:"authority"`
	Target    string   `json:"target"`         // path and query as received
	Headers   []Header `json:"headers"`        // in order
	Body      string   `json:"body,omitempty"` // base64 (standard alphabet, padded)
}

// Header is a field as the pair [name, value], the value a string or, where it is
// not UTF-8, {"base64": "…"}.
type Header struct {
	Name  string
	Value []byte
}

// Step is one request of a sequence, or a document that is loaded between two of them.
// Exactly one of Request and Load is set. What is expected of a load is what is expected
// of a value operation that loads: Code and Pointers, or nothing.
type Step struct {
	Now     int64     `json:"now"`
	Request *Request  `json:"request,omitempty"`
	Load    *StepLoad `json:"load,omitempty"`
	Expect  Expect    `json:"expect"`
}

// StepLoad names a document for one issuer.
type StepLoad struct {
	Kind   string `json:"kind"`   // keys, bundle, revocations
	Issuer string `json:"issuer"` // as the policy names it
	File   string `json:"file"`   // name below keys/, bundles/ or revocations/
}

// Expect is what a conformant implementation answers: for requests verdict and
// code, and the members of Decision that are named; for value operations Value, or
// Code; for loads Code ("" for success) and the pointers of every fault, in order.
type Expect struct {
	Verdict  string            `json:"verdict,omitempty"`  // accept, reject
	Enforced *bool             `json:"enforced,omitempty"` // false: an observed rejection; absent: true
	Code     string            `json:"code,omitempty"`
	Status   int               `json:"status,omitempty"`
	Value    string            `json:"value,omitempty"`
	Pointers []string          `json:"pointers,omitempty"`
	Decision *Decision         `json:"decision,omitempty"`
	Headers  map[string]string `json:"headers,omitempty"` // answer's fields: www-authenticate, dpop-nonce
	// Forward are the fields that are set for the upstream, in order, and Strip the names of
	// the request's fields that do not reach it, as they were sent. Empty: there are none;
	// nil: the case does not say.
	Forward []Header `json:"forward,omitzero"`
	Strip   []string `json:"strip,omitzero"`
}

// Decision names the members of the decision record that a case pins.
type Decision struct {
	Level      string   `json:"level,omitempty"` // "jwt+pop"
	Issuer     string   `json:"issuer,omitempty"`
	Agent      string   `json:"agent,omitempty"`
	Workflow   string   `json:"workflow,omitempty"`
	Step       string   `json:"step,omitempty"`
	Act        string   `json:"act,omitempty"`
	ChainHash  string   `json:"chain_hash,omitempty"`
	Route      string   `json:"route,omitempty"`
	Thumbprint string   `json:"key_thumbprint,omitempty"` // base64url
	Bundle     *int64   `json:"bundle_version,omitempty"` // of the bundle that was in force
	Warnings   []string `json:"warnings,omitempty"`
}

// Mutation says how the twin becomes this case. Layer is one of policy, key, now, loaded,
// request, compact, header, payload, proof.compact, proof.header, proof.payload,
// bundle, bundle.header, bundle.compact, list, list.header, list.compact, link,
// link.compact, input. Path is a JSON pointer, whose last token may be "-" (append), or a
// byte offset in a compact form; that of a link begins with the link's place, such as
// /0/payload/scope, /1/header/typ or, in layer link.compact, /1/240. From and To are JSON values; an absent one means that the member is
// not there. Text that JSON does not keep byte for byte stands in an object with the only
// member $text, bytes that are not UTF-8 in one with $base64 (README.md).
type Mutation struct {
	Layer string          `json:"layer"`
	Path  string          `json:"path"`
	From  json.RawMessage `json:"from,omitempty"`
	To    json.RawMessage `json:"to,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (h Header) MarshalJSON() ([]byte, error) {
	if utf8.Valid(h.Value) {
		return json.Marshal([2]string{h.Name, string(h.Value)})
	}
	return json.Marshal([2]any{h.Name, map[string]string{"base64": base64.StdEncoding.EncodeToString(h.Value)}})
}

// UnmarshalJSON implements json.Unmarshaler.
func (h *Header) UnmarshalJSON(data []byte) error {
	var pair []json.RawMessage
	if err := json.Unmarshal(data, &pair); err != nil {
		return err
	}
	if len(pair) != 2 {
		return errors.New("a header is a pair of name and value")
	}
	if err := json.Unmarshal(pair[0], &h.Name); err != nil {
		return err
	}
	var text string
	if json.Unmarshal(pair[1], &text) == nil {
		h.Value = []byte(text)
		return nil
	}
	var raw struct {
		Base64 *string `json:"base64"`
	}
	if err := json.Unmarshal(pair[1], &raw); err != nil {
		return err
	}
	if raw.Base64 == nil {
		return errors.New("a header value is a string or {\"base64\": …}")
	}
	value, err := base64.StdEncoding.Strict().DecodeString(*raw.Base64)
	h.Value = value
	return err
}
