package abi

import (
	"encoding/base64"
	"strconv"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/core/jcs"
	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// Operation is what ajwt_compute computes. The zero Operation is none.
type Operation uint8

// The operations.
const (
	OpChecksum   Operation = iota + 1 // an agent's checksum (spec/profile.md, section 6)
	OpThumbprint                      // a JWK's thumbprint in base64url (RFC 7638, SHA-256)
	OpChainHash                       // the hash of a delegation chain (spec/profile.md, section 7)
	OpStepHash                        // the hash of a step sequence (the same section)
	OpJCS                             // the canonical form of a JSON text (RFC 8785)
)

// Computation is what ajwt_compute takes. What its operation does not name is unused.
type Computation struct {
	Operation Operation
	Reading   ajwt.Reading  // OpChecksum
	Form      ajwt.HashForm // OpChainHash, OpStepHash
	IDs       []string      // OpChainHash, OpStepHash: at most MaxIDs
	Document  []byte        // OpChecksum: the agent; OpThumbprint: the JWK; OpJCS: the text
}

// Refusal is the error for an input that has no value: a malformed document, an agent
// without a mandatory member, an agent that stands twice in a chain.
type Refusal struct {
	Pointer string // JSON pointer (RFC 6901) into the document, "" for all of it
	Detail  string // for people; not stable
}

// Error implements error.
func (e *Refusal) Error() string {
	if e.Pointer == "" {
		return "no value: " + e.Detail
	}
	return "no value: " + strconv.Quote(e.Pointer) + ": " + e.Detail
}

// documentLimits bounds the memory that a text for OpJCS costs, as core bounds that of
// agents: 131,072 values take less than 20 MB.
var documentLimits = strictjson.Limits{Depth: jcs.MaxDepth, Values: 1 << 17}

// Compute gives the value as text. The error is a *Refusal where the input has none,
// and an *Error where c is no computation: operation, reading or form are unknown, or
// there are more than MaxIDs ids. Whoever computes natively and whoever calls the
// module both end here.
func Compute(c *Computation) (string, error) {
	switch c.Operation {
	case OpChecksum:
		if _, ok := ajwt.ParseReading(string(c.Reading)); !ok {
			return "", malformed(tagReading, wantReading)
		}
		value, err := ajwt.AgentChecksum(c.Reading, c.Document)
		return value, refusal(err)
	case OpThumbprint:
		if len(c.Document) > MaxDocumentBytes {
			return "", tooLong
		}
		key, err := ajwt.ParseKey(c.Document)
		if err != nil {
			return "", refusal(err)
		}
		sum := key.Thumbprint()
		return base64.RawURLEncoding.EncodeToString(sum[:]), nil
	case OpChainHash, OpStepHash:
		return sequenceHash(c)
	case OpJCS:
		if len(c.Document) > MaxDocumentBytes {
			return "", tooLong
		}
		var doc strictjson.Document
		if err := doc.Parse(c.Document, documentLimits); err != nil {
			return "", refusal(err)
		}
		value, err := jcs.Append(make([]byte, 0, len(c.Document)), doc.Root())
		return string(value), refusal(err)
	}
	return "", malformed(tagOperation, wantOperation)
}

func sequenceHash(c *Computation) (string, error) {
	if c.Form.String() == "" {
		return "", malformed(tagForm, wantForm)
	}
	if len(c.IDs) > MaxIDs {
		return "", &Error{Code: ajwt.CodeABITooLarge, Detail: wantIDs}
	}
	hash := ajwt.ChainHash
	if c.Operation == OpStepHash {
		hash = ajwt.StepHash
	}
	value, ok := hash(c.IDs, c.Form)
	if !ok {
		return "", &Refusal{Detail: "want ids of the profile's alphabet, each once"}
	}
	return value, nil
}

const (
	wantOperation = "1 byte: 1 checksum, 2 thumbprint, 3 chain_hash, 4 step_hash, 5 jcs"
	wantReading   = "jcs, jcs-raw or python"
	wantForm      = "short or long"
	wantIDs       = "want at most 1024 ids"
)

var tooLong = &Refusal{Detail: "the document is longer than 4194304 bytes"}

func malformed(tag byte, want string) *Error {
	return &Error{Code: ajwt.CodeABIRecordMalformed, Detail: tagName(tag) + ": want " + want}
}

// refusal gives an error of core as a *Refusal, nil for none.
func refusal(err error) error {
	switch e := err.(type) {
	case nil:
		return nil
	case *ajwt.ChecksumError:
		detail := e.Reason.String()
		if e.Err != nil {
			detail += ": " + e.Err.Error()
		}
		return &Refusal{e.Pointer, detail}
	case *jcs.NumberError:
		return &Refusal{e.Pointer, "number out of range"}
	}
	return &Refusal{Detail: err.Error()}
}

// Values computes behind the export of a wasm artefact. It never panics: a fault of
// its own is the fault internal_panic. The zero Values is ready. It is not safe for
// concurrent use; a wasm instance runs one call at a time anyway.
type Values struct {
	out []byte // used again by each call
}

// keepAnswerBytes is the largest buffer that is kept for the next answer.
const keepAnswerBytes = 1 << 20

// Compute takes a message (AppendCompute) and gives an answer, which is good until the
// next call.
func (v *Values) Compute(message []byte) (answer []byte) {
	if cap(v.out) > keepAnswerBytes {
		v.out = nil
	}
	defer v.recovered(&answer)
	collect(documentGarbage(message))
	c, err := DecodeCompute(message)
	var text string
	if err == nil {
		text, err = Compute(&c)
	}
	v.out = AppendValue(v.out[:0], text, err)
	return v.out
}

// recovered turns a panic into a fault.
func (v *Values) recovered(answer *[]byte) {
	if recover() == nil {
		return
	}
	v.out = AppendValue(v.out[:0], "", &Error{Code: ajwt.CodeInternalPanic, Detail: "the module met a fault of its own"})
	*answer = v.out
}
