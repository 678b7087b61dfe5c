package ajwt

import "strings"

// Fault is one thing that is wrong with a document that was to be loaded.
type Fault struct {
	Code    Code   // policy_…, keys_…: see spec/CODES.md
	Pointer string // JSON pointer (RFC 6901) to the member, "" for the whole document
	Detail  string // for people: what is wrong and what would repair it
}

// String gives pointer, code and detail on one line.
func (f Fault) String() string {
	p := f.Pointer
	if p == "" {
		p = "(document)"
	}
	return p + ": " + f.Code.String() + ": " + f.Detail
}

// LoadError lists every fault of a document at once, in the order in which it is read.
// Whatever was in force before the load stays in force.
type LoadError struct {
	Faults []Fault
}

// Error implements error: one fault a line.
func (e *LoadError) Error() string {
	lines := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// Code returns the code of the first fault.
func (e *LoadError) Code() Code {
	if len(e.Faults) == 0 {
		return 0
	}
	return e.Faults[0].Code
}

func loadError(code Code, pointer, detail string) *LoadError {
	return &LoadError{[]Fault{{code, pointer, detail}}}
}
