package conformance

import (
	"errors"
	"fmt"
	"os"
	"path"
	"time"
)

// ExpectedFormat is the format member of a file of expected failures.
const ExpectedFormat = "ajwt-expected-failures/1"

// maxExpectedMatches is the number of cases that one entry may match: a glob that
// covers more hides what it covers.
const maxExpectedMatches = 20

// ExpectedFailures lists what an implementation is known to get wrong. The list is
// strict: an entry that does not hold fails the run.
type ExpectedFailures struct {
	Format  string            `json:"format"`
	Subject string            `json:"subject"` // name that the subject gives in hello
	Entries []ExpectedFailure `json:"entries"`
}

// ExpectedFailure is one entry.
type ExpectedFailure struct {
	Case   string `json:"case"`   // id, or a glob over ids that matches at most 20
	Gives  string `json:"gives"`  // what the subject answers: accept, reject, reject:CODE, value:VALUE, twin, crash, hang, protocol
	Reason string `json:"reason"` // why, for people
	Until  string `json:"until"`  // YYYY-MM-DD, the last day on which the entry holds
}

// ReadExpectedFailures reads the file of expected failures.
func ReadExpectedFailures(file string) (*ExpectedFailures, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	e, err := ParseExpectedFailures(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return e, nil
}

// ParseExpectedFailures reads the JSON of expected failures. Unknown, missing and
// duplicate members are errors.
func ParseExpectedFailures(data []byte) (*ExpectedFailures, error) {
	e := new(ExpectedFailures)
	if err := decodeStrict(data, e); err != nil {
		return nil, err
	}
	if e.Format != ExpectedFormat {
		return nil, fmt.Errorf("format: want %q", ExpectedFormat)
	}
	if e.Subject == "" {
		return nil, errors.New("subject: want the name that the subject gives")
	}
	for i, entry := range e.Entries {
		if _, err := path.Match(entry.Case, ""); err != nil || entry.Case == "" {
			return nil, fmt.Errorf("entries[%d]: case: want an id or a glob", i)
		}
		if entry.Gives == "" || entry.Reason == "" {
			return nil, fmt.Errorf("entries[%d] (%s): gives and reason are mandatory", i, entry.Case)
		}
		if _, err := time.Parse(time.DateOnly, entry.Until); err != nil {
			return nil, fmt.Errorf("entries[%d] (%s): until: want a date such as 2027-06-30", i, entry.Case)
		}
	}
	return e, nil
}

// entry returns the first entry that matches the case, nil for none.
func (e *ExpectedFailures) entry(id string) *ExpectedFailure {
	for i := range e.Entries {
		if ok, _ := path.Match(e.Entries[i].Case, id); ok {
			return &e.Entries[i]
		}
	}
	return nil
}

// apply turns a failure into an expected one if an entry says exactly this. A
// disagreement between our own builds is never expected.
func (e *ExpectedFailures) apply(r *Result) {
	entry := e.entry(r.Case)
	switch {
	case entry == nil || r.Result == ResultSkipped || r.Class == ClassDisagreement || r.Class == ClassNotRun:
	case r.Result == ResultFailed && r.Gave == entry.Gives:
		r.Result, r.Reason = ResultExpected, entry.Reason
	case r.Result == ResultFailed:
		r.Reason = fmt.Sprintf("expected to give %s, gave %s", entry.Gives, r.Gave)
	}
}

// check names the entries that do not hold: run out, matching nothing or too much,
// shadowed by an earlier one, or matching a case that passes.
func (e *ExpectedFailures) check(s *Suite, results []Result, today time.Time) []string {
	byCase := make(map[string]*Result, len(results))
	for i := range results {
		byCase[results[i].Case] = &results[i]
	}
	var faults []string
	for i := range e.Entries {
		entry := &e.Entries[i]
		fault := func(text string) {
			faults = append(faults, fmt.Sprintf("expected failure %q (%s): %s", entry.Case, entry.Gives, text))
		}
		if until, err := time.Parse(time.DateOnly, entry.Until); err != nil || !today.UTC().Before(until.AddDate(0, 0, 1)) {
			fault("held until " + entry.Until)
		}
		matched := 0
		for k := range s.cases {
			id := s.cases[k].ID
			if ok, _ := path.Match(entry.Case, id); !ok {
				continue
			}
			matched++
			if e.entry(id) != entry {
				fault(id + " is matched by an earlier entry too")
			}
			if r := byCase[id]; r != nil && r.Result == ResultPassed {
				fault(id + " passes")
			}
			if r := byCase[id]; r != nil && r.Result == ResultSkipped {
				fault(id + " is skipped")
			}
		}
		if matched == 0 {
			fault("matches no case")
		}
		if matched > maxExpectedMatches {
			fault(fmt.Sprintf("matches %d cases, more than %d", matched, maxExpectedMatches))
		}
	}
	return faults
}
