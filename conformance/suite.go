package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"sort"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// Suite is a set of cases with the policies and key sets that they name, checked so
// that a run cannot stumble: every name resolves, every id is unique, every rejection
// has an accepting twin.
type Suite struct {
	cases    []vectors.Case // in the order of the files
	index    map[string]int
	prepared []*Prepared
	spec     []string // revisions of the documents, e.g. "draft-goswami-agentic-jwt-00"
}

// Documents gives the bytes of the documents that cases name.
type Documents interface {
	Policy(name string) ([]byte, error)      // JSON of vectors/policies/<name>
	KeySet(name string) ([]byte, error)      // JSON of vectors/keys/<name>
	Bundle(name string) ([]byte, error)      // compact JWS of vectors/bundles/<name>
	Revocations(name string) ([]byte, error) // compact JWS of vectors/revocations/<name>
}

// errEmpty says that there is nothing to run: an empty suite proves nothing.
var errEmpty = errors.New("the suite holds no case")

// NewSuite checks the cases and resolves what they name. An error names every case
// that cannot be run; a Suite without cases is one.
func NewSuite(cases []vectors.Case, docs Documents, spec []string) (*Suite, error) {
	if len(cases) == 0 {
		return nil, errEmpty
	}
	s := &Suite{cases: cases, index: make(map[string]int, len(cases)), spec: spec}
	var faults []string
	for i := range cases {
		if _, twice := s.index[cases[i].ID]; twice {
			faults = append(faults, cases[i].ID+": the id stands twice")
		}
		s.index[cases[i].ID] = i
		p, err := prepare(&cases[i], docs)
		if err != nil {
			faults = append(faults, cases[i].ID+": "+err.Error())
		}
		s.prepared = append(s.prepared, p)
	}
	for i := range cases {
		if s.prepared[i] == nil {
			continue
		}
		if err := s.checkTwin(&cases[i]); err != nil {
			faults = append(faults, cases[i].ID+": "+err.Error())
		}
	}
	if len(faults) > 0 {
		return nil, errors.New(strings.Join(faults, "\n"))
	}
	return s, nil
}

// checkTwin holds the twin rule: a case that expects a rejection names a case that
// expects acceptance, and an accepting case names none. A sequence may do with a
// request of its own that is accepted.
func (s *Suite) checkTwin(c *vectors.Case) error {
	if expectsAccept(c) {
		if c.Twin != "" {
			return errors.New("an accepting case has no twin")
		}
		return nil
	}
	if c.Twin == "" && c.Op == opSequence {
		for i := range c.Requests {
			if c.Requests[i].Expect.Verdict == verdictAccept {
				return nil
			}
		}
	}
	i, ok := s.index[c.Twin]
	if !ok {
		return fmt.Errorf("the twin %q is not in the suite", c.Twin)
	}
	if s.prepared[i] != nil && !expectsAccept(&s.cases[i]) {
		return fmt.Errorf("the twin %q is no accepting case", c.Twin)
	}
	return nil
}

// expectsAccept tells whether the case expects that the request, or the value, is
// taken. A sequence does if it expects it of every request.
func expectsAccept(c *vectors.Case) bool {
	if c.Op == opSequence {
		for i := range c.Requests {
			if expectation(stepOp(&c.Requests[i]), &c.Requests[i].Expect).Verdict != verdictAccept {
				return false
			}
		}
		return true
	}
	if c.Op == opVerify {
		return c.Expect.Verdict == verdictAccept
	}
	return takes(c.Op, c.Expect)
}

// Len returns the number of cases.
func (s *Suite) Len() int { return len(s.cases) }

// Case returns the case with that id, nil if there is none.
func (s *Suite) Case(id string) *vectors.Case {
	i, ok := s.index[id]
	if !ok {
		return nil
	}
	return &s.cases[i]
}

// Cases returns all cases, which the caller must not change.
func (s *Suite) Cases() []vectors.Case { return s.cases }

// area is the first part of a case's id.
func area(id string) string {
	a, _, _ := strings.Cut(id, ".")
	return a
}

// match returns the indexes of the cases that one of the comma-separated globs
// matches, in the order of the suite; all for "". A star matches dots too.
func (s *Suite) match(filter string) ([]int, error) {
	var found []int
	globs := strings.Split(filter, ",")
	for _, g := range globs {
		if _, err := path.Match(g, ""); err != nil {
			return nil, fmt.Errorf("filter %q: %w", g, err)
		}
	}
	for i := range s.cases {
		for _, g := range globs {
			if ok, _ := path.Match(g, s.cases[i].ID); ok || filter == "" {
				found = append(found, i)
				break
			}
		}
	}
	return found, nil
}

// withTwins adds the twins of the cases, which must run for a rejection to count.
func (s *Suite) withTwins(cases []int) []int {
	in := make(map[int]bool, len(cases))
	for _, i := range cases {
		in[i] = true
		if t := s.cases[i].Twin; t != "" {
			in[s.index[t]] = true
		}
	}
	all := make([]int, 0, len(in))
	for i := range in {
		all = append(all, i)
	}
	sort.Ints(all)
	return all
}

// rawString returns the string that raw holds, and whether it is one.
func rawString(raw json.RawMessage) (string, bool) {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}
