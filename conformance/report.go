package conformance

import (
	"cmp"
	"slices"

	"github.com/agentic-jwt/ajwt/vectors"
)

// ReportFormat is the format member of report.json (spec/report.schema.json).
const ReportFormat = "ajwt-report/1"

// The exit codes of a run.
const (
	ExitConformant = 0
	ExitFailures   = 1
	ExitUsage      = 2 // usage, a suite that is refused, or a subject that breaks the protocol
	ExitIncomplete = 3 // nothing was run, or not everything
)

// Report is the result of a run.
type Report struct {
	Format   string           `json:"format"`
	Suite    ReportSuite      `json:"suite"`
	Seed     uint64           `json:"seed"`
	Subjects []*SubjectReport `json:"subjects"`
	Counts
	Exit int `json:"exit"`
}

// ReportSuite says what was run.
type ReportSuite struct {
	Spec     []string `json:"spec"`     // revisions of the documents
	Cases    int      `json:"cases"`    // in the suite
	Selected int      `json:"selected"` // by the filter
}

// Counts counts results. Faults of a subject itself count as failed.
type Counts struct {
	Passed   int `json:"passed"`
	Failed   int `json:"failed"`
	Expected int `json:"expected"`
	Skipped  int `json:"skipped"`
}

// Total returns the number of results.
func (c Counts) Total() int { return c.Passed + c.Failed + c.Expected + c.Skipped }

func (c *Counts) add(o Counts) {
	c.Passed += o.Passed
	c.Failed += o.Failed
	c.Expected += o.Expected
	c.Skipped += o.Skipped
}

func (c *Counts) count(result string) {
	switch result {
	case ResultPassed:
		c.Passed++
	case ResultExpected:
		c.Expected++
	case ResultSkipped:
		c.Skipped++
	default:
		c.Failed++
	}
}

// SubjectReport is what one subject did.
type SubjectReport struct {
	Name       string   `json:"name"`
	Version    string   `json:"version"`
	Operations []string `json:"operations"`
	Algorithms []string `json:"algorithms,omitempty"` // absent: all
	Profiles   []string `json:"profiles,omitempty"`   // absent: all
	Features   []string `json:"features,omitempty"`   // absent: all for an own build, none for others
	Codes      bool     `json:"codes"`
	Own        bool     `json:"own"`
	Subset     bool     `json:"subset"`
	Counts
	ElapsedMS int64          `json:"elapsed_ms"`
	Areas     []*AreaReport  `json:"areas"`
	Faults    []SubjectFault `json:"faults"`
	Results   []Result       `json:"results"`

	incomplete bool
	protocol   bool
}

// AreaReport counts one area's results by level.
type AreaReport struct {
	Area   string             `json:"area"`
	Levels map[string]*Counts `json:"levels"` // MUST, SHOULD, MAY, PROFILE
}

// SubjectFault is a failure of the subject as such, or of its expected failures.
type SubjectFault struct {
	Class  string `json:"class"`
	Detail string `json:"detail"`
}

// Result is the result of one case. What stands after Result is there for cases
// that did not pass.
type Result struct {
	Case        string       `json:"case"`
	Result      string       `json:"result"`
	Class       string       `json:"class,omitempty"`
	Want        string       `json:"want,omitempty"`
	Gave        string       `json:"gave,omitempty"` // as expected failures write it
	Reason      string       `json:"reason,omitempty"`
	Differences []Difference `json:"differences,omitempty"`
	Title       string       `json:"title,omitempty"`
	Level       string       `json:"level,omitempty"`
	Refs        []string     `json:"refs,omitempty"`
	Mutation    string       `json:"mutation,omitempty"`
	Rerun       string       `json:"rerun,omitempty"`
}

func newSubjectReport(name string, f *Features) *SubjectReport {
	return &SubjectReport{
		Name: name, Version: f.Version, Operations: f.Operations, Algorithms: f.Algorithms,
		Profiles: f.Profiles, Features: f.Extensions, Codes: f.Codes, Own: f.Own, Subset: f.Subset,
		Areas: []*AreaReport{}, Faults: []SubjectFault{}, Results: []Result{},
	}
}

func (sr *SubjectReport) add(r Result, c *vectors.Case) {
	sr.Results = append(sr.Results, r)
	sr.Counts.count(r.Result)
	sr.incomplete = sr.incomplete || r.Class == ClassNotRun
	sr.protocol = sr.protocol || r.Class == FaultProtocol && r.Result == ResultFailed
	name := area(c.ID)
	i := slices.IndexFunc(sr.Areas, func(a *AreaReport) bool { return a.Area == name })
	if i < 0 {
		i = len(sr.Areas)
		sr.Areas = append(sr.Areas, &AreaReport{name, map[string]*Counts{}})
	}
	levels := sr.Areas[i].Levels
	if levels[c.Level] == nil {
		levels[c.Level] = new(Counts)
	}
	levels[c.Level].count(r.Result)
}

func (sr *SubjectReport) addFault(class, detail string) {
	sr.Faults = append(sr.Faults, SubjectFault{class, detail})
	sr.Failed++
	sr.protocol = sr.protocol || class == FaultProtocol
}

// failures returns the failed results, worst class first.
func (sr *SubjectReport) failures() []Result {
	var failed []Result
	for _, r := range sr.Results {
		if r.Result == ResultFailed {
			failed = append(failed, r)
		}
	}
	slices.SortStableFunc(failed, func(a, b Result) int {
		return cmp.Or(cmp.Compare(severity(a.Class), severity(b.Class)), cmp.Compare(a.Case, b.Case))
	})
	return failed
}

func severity(class string) int {
	return slices.Index([]string{
		ClassDisagreement, ClassFalseAccept, FaultCrash, FaultHang, FaultProtocol,
		ClassFalseReject, ClassWrongCode, ClassWrongValue, ClassWrongDetail, ClassTwin, ClassNotRun,
	}, class)
}

func (r *Report) add(sr *SubjectReport) {
	r.Subjects = append(r.Subjects, sr)
	r.Counts.add(sr.Counts)
}

// finish sets the exit code: a broken protocol before an incomplete run before
// failures. A run in which nothing passed and nothing failed is incomplete.
func (r *Report) finish() {
	r.Exit = ExitConformant
	if r.Failed > 0 {
		r.Exit = ExitFailures
	}
	for _, s := range r.Subjects {
		if s.incomplete || s.Passed+s.Failed+s.Expected == 0 {
			r.Exit = ExitIncomplete
		}
	}
	for _, s := range r.Subjects {
		if s.protocol {
			r.Exit = ExitUsage
		}
	}
}
