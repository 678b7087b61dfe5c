package conformance

import (
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/vectors"
)

// toUpstream adds what becomes of the header fields of a request that passes: those that are
// set, and the names of those of the client that go.
func (a *Answer) toUpstream(d *ajwt.Decision, r *vectors.Request, strips func(name string) bool) {
	a.Forward = headersOf(d.Forward)
	passes := d.Verdict == ajwt.Accept || d.Observed
	for _, h := range r.Headers {
		if passes && strips(h.Name) {
			a.Strip = append(a.Strip, h.Name)
		}
	}
}

func headersOf(list []ajwt.Header) (out []vectors.Header) {
	for _, h := range list {
		out = append(out, vectors.Header{Name: h.Name, Value: []byte(h.Value)})
	}
	return out
}

// stripsNamed compares as spec/abi.md, section 5 has it, with the names that the module gave
// when it was configured.
func stripsNamed(names []string) func(string) bool {
	return func(name string) bool {
		folded := strings.Map(func(c rune) rune {
			if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
				return c
			}
			return '-'
		}, strings.ToLower(name))
		for _, n := range names {
			if n == folded {
				return true
			}
		}
		return false
	}
}

// fieldsText writes header fields on one line, for comparison and for people.
func fieldsText(list []vectors.Header) string {
	lines := make([]string, len(list))
	for i, h := range list {
		lines[i] = h.Name + ": " + string(h.Value)
	}
	return strings.Join(lines, " | ")
}
