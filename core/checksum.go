package ajwt

import (
	"strconv"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// Reading is one of the ways to compute an agent checksum. The draft gives two that
// contradict each other (draft-goswami-agentic-jwt-00, sections 5.3.1 and 5.3.2), so
// the profile names them; they give different values for one agent. The zero Reading
// is none.
type Reading string

// The readings, and the members of the agent document that each one hashes. The
// result of ReadingJCS is what the profile means where it names none.
const (
	// ReadingJCS is RFC 8785 over {agent_id, configuration, prompt_template, tools}
	// with the prompt normalised and tools {description, name, parameters} sorted by
	// name: section 5.3.1, and those requirements of 5.3.2 that do not contradict it.
	ReadingJCS Reading = "jcs"
	// ReadingJCSRaw is ReadingJCS with the prompt and the order of the tools as they
	// stand: section 5.3.1 to the letter.
	ReadingJCSRaw Reading = "jcs-raw"
	// ReadingPython is Python's json.dumps(sort_keys=True) over {config, id, prompt,
	// tools} with the prompt normalised and tools {description, name, signature}
	// sorted by name; a tool that has source_code is a deep one and adds it. This is
	// section 5.3.2, the author's prototype and the first version of auth51.
	ReadingPython Reading = "python"
)

// ParseReading returns the reading of that name, and whether there is one.
func ParseReading(name string) (Reading, bool) {
	switch r := Reading(name); r {
	case ReadingJCS, ReadingJCSRaw, ReadingPython:
		return r, true
	}
	return "", false
}

// MaxAgentBytes is the largest agent document: whole source files of deep tools fit,
// and parsing it takes less than 20 MB.
const MaxAgentBytes = 4 << 20

// agentLimits bounds what an agent document costs. JSON Schemas, the deepest part,
// stay below 40 levels; 131,072 values are some 5,000 tools.
var agentLimits = strictjson.Limits{Depth: 64, Values: 1 << 17}

// AgentChecksum returns the checksum of an agent, "sha256:" and 64 lowercase hex
// characters: SHA-256 over what AgentCanonical returns for the same arguments.
//
// The draft leaves the prefix open and its example is bare hex; whoever needs that
// cuts off the first 7 bytes.
func AgentChecksum(reading Reading, agent []byte) (string, error) {
	canonical, err := AgentCanonical(reading, agent)
	if err != nil {
		return "", err
	}
	return string(appendChecksum(nil, sum256(canonical))), nil
}

// AgentCanonical returns the bytes that AgentChecksum hashes, so that an implementer
// whose checksum differs can see where.
//
// agent is one JSON object of at most MaxAgentBytes with the members agent_id and
// prompt_template (strings, mandatory), tools (array, mandatory) and configuration
// (object, {} if absent). A tool has name (string, mandatory), description (string,
// "" if absent), parameters (object, {} if absent), signature (string, mandatory in
// ReadingPython) and source_code (string, in ReadingPython what makes the tool a deep
// one). Every reading takes the same document and passes over what it does not hash:
// signature and source_code, or parameters. Any other member, at the top or in a tool,
// is refused: it would look as if the checksum covered it. Names of tools are unique.
//
// signature and source_code are hashed as given. Their normalisation (draft-00,
// sections 5.2.4 and 5.2.5) needs the tool's own language and is the caller's.
//
// The error is a *ChecksumError.
func AgentCanonical(reading Reading, agent []byte) ([]byte, error) {
	return AppendAgentCanonical(nil, reading, agent)
}

// AppendAgentCanonical appends what AgentCanonical returns to dst. The result is nil
// where there is an error.
func AppendAgentCanonical(dst []byte, reading Reading, agent []byte) ([]byte, error) {
	if _, ok := ParseReading(string(reading)); !ok {
		return nil, &ChecksumError{Reason: ChecksumReading}
	}
	if len(agent) > MaxAgentBytes {
		return nil, &ChecksumError{Reason: ChecksumTooLong}
	}
	var doc strictjson.Document
	if err := doc.Parse(laxAgent(agent), agentLimits); err != nil {
		return nil, &ChecksumError{Reason: ChecksumJSON, Err: err}
	}
	a, err := readAgent(doc.Root(), reading)
	if err != nil {
		return nil, err
	}
	if reading == ReadingPython {
		dst, err = a.appendPython(dst)
	} else {
		dst, err = a.appendJCS(dst, reading)
	}
	return laxCanonical(a, reading, dst), err
}

// ChecksumReason is why an agent has no checksum. The zero value is no reason.
type ChecksumReason uint8

// The reasons.
const (
	ChecksumReading       ChecksumReason = iota + 1 // the reading is unknown
	ChecksumTooLong                                 // the document is longer than MaxAgentBytes
	ChecksumJSON                                    // the document is no JSON, or has more than one reading, or exceeds the limits
	ChecksumMissing                                 // a mandatory member is not there
	ChecksumUnknownMember                           // a member that no reading knows
	ChecksumType                                    // a value of another JSON type than the member has
	ChecksumDuplicateTool                           // two tools have one name
	ChecksumNumber                                  // a number beyond a double's range, or an integer of more than 4300 digits in ReadingPython
)

// String gives the reason in words.
func (r ChecksumReason) String() string {
	switch r {
	case ChecksumReading:
		return "unknown reading"
	case ChecksumTooLong:
		return "document too long"
	case ChecksumJSON:
		return "not strict JSON"
	case ChecksumMissing:
		return "mandatory member missing"
	case ChecksumUnknownMember:
		return "unknown member"
	case ChecksumType:
		return "wrong JSON type"
	case ChecksumDuplicateTool:
		return "two tools of one name"
	case ChecksumNumber:
		return "number out of range"
	}
	return "no reason"
}

// ChecksumError tells why and where an agent document has no checksum.
type ChecksumError struct {
	Pointer string // JSON pointer (RFC 6901) to the member, "" for the whole document
	Reason  ChecksumReason
	Err     error // the strictjson.Error for ChecksumJSON, nil otherwise
}

// Error implements error.
func (e *ChecksumError) Error() string {
	s := "agent checksum: " + e.Reason.String()
	if e.Pointer != "" {
		s += " at " + strconv.Quote(e.Pointer)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns Err.
func (e *ChecksumError) Unwrap() error { return e.Err }
