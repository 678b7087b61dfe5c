package ajwt

//go:generate go run ../spec/gen

// Code is a rejection code of spec/codes.json. Zero means that there is none.
// The number is stable and never reused; the name is what logs and vectors use.
type Code uint16

// Stage is the group of checks that a code belongs to: the first word of its name.
// Stages run in the order of their values (spec/verify-order.md).
type Stage uint8

// The stages of a decision.
const (
	StageNone Stage = iota
	StageInput
	StageJWS
	StageKey
	StageSignature
	StageClaim
	StageProof
	StageAgent
	StageDelegation
	StageWorkflow
	StageReplay
)

var stageNames = [...]string{"", "input", "jws", "key", "signature", "claim", "proof", "agent", "delegation", "workflow", "replay"}

// String returns the stage's name as it stands in codes and in observe.stages.
func (s Stage) String() string {
	if int(s) < len(stageNames) {
		return stageNames[s]
	}
	return ""
}

type codeInfo struct {
	code       Code
	check      uint16
	status     uint16
	observable bool
	name       string
	oauth      string
}

// info returns the registry's entry, or nil for zero and for unknown numbers. The
// entries of a stage are numbered without gaps, so the place follows from the number.
func (c Code) info() *codeInfo {
	thousand := int(c / 1000)
	if thousand >= len(stageStart) || c%1000 == 0 {
		return nil
	}
	i := int(stageStart[thousand]) + int(c%1000) - 1
	if stageStart[thousand] < 0 || thousand == 0 || i >= len(registry) || registry[i].code != c {
		return nil
	}
	return &registry[i]
}

// Known tells whether the registry has the code.
func (c Code) Known() bool { return c.info() != nil }

// String returns the code's name, such as "claim_exp_expired"; "" for zero and
// "unknown" for a number that the registry does not have.
func (c Code) String() string {
	if c == 0 {
		return ""
	}
	if i := c.info(); i != nil {
		return i.name
	}
	return "unknown"
}

// Check returns the number of the check in spec/verify-order.md that gives this
// code, 0 for codes that do not come from a request's checks.
func (c Code) Check() int {
	if i := c.info(); i != nil {
		return int(i.check)
	}
	return 0
}

// Status returns the HTTP status of the answer; 500 for zero and unknown codes, so
// that a caller who rejects without a code still rejects.
func (c Code) Status() int {
	if i := c.info(); i != nil {
		return int(i.status)
	}
	return 500
}

// OAuthError returns the error of the challenge (RFC 6750, section 3.1; RFC 9449,
// section 7.1), "" where the challenge carries none.
func (c Code) OAuthError() string {
	if i := c.info(); i != nil {
		return i.oauth
	}
	return "server_error"
}

// Stage returns the stage whose checks give this code, StageNone for the others.
func (c Code) Stage() Stage {
	if s := c / 1000; s <= Code(StageReplay) {
		return Stage(s)
	}
	return StageNone
}

// Observable tells whether a route may observe this code instead of enforcing it.
func (c Code) Observable() bool {
	i := c.info()
	return i != nil && i.observable
}

// ParseCode returns the code of that name.
func ParseCode(name string) (Code, bool) {
	for i := range registry {
		if registry[i].name == name {
			return registry[i].code, true
		}
	}
	return 0, false
}
