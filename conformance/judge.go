package conformance

import (
	"strconv"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// The results of a case.
const (
	ResultPassed   = "passed"
	ResultFailed   = "failed"
	ResultExpected = "expected" // failed as the file of expected failures says
	ResultSkipped  = "skipped"  // not for this subject
)

// The classes of a failure, worst first. The faults of a subject (crash, hang,
// protocol) are classes too.
const (
	ClassDisagreement = "disagreement" // two of our own builds differ
	ClassFalseAccept  = "false-accept" // accepted what must be rejected
	ClassFalseReject  = "false-reject" // rejected what must be accepted
	ClassWrongCode    = "wrong-code"   // rejected for another reason
	ClassWrongValue   = "wrong-value"  // computed another value
	ClassWrongDetail  = "wrong-detail" // a pinned detail differs
	ClassTwin         = "twin"         // rejected rightly, but the accepting twin too
	ClassNotRun       = "not-run"      // the run ended before
	ClassUnexpected   = "unexpected"   // an entry of the expected failures does not hold
)

// judge judges the outcomes of one subject.
type judge struct {
	suite     *Suite
	subject   string
	features  *Features
	outcomes  map[int]*outcome
	reference map[int]*outcome // of the first own build, nil for it and for others
	expected  *ExpectedFailures
	options   *Options
}

// report judges the cases. Twins that ran only for others are not counted.
func (j *judge) report(cases []int, faults []*Fault) *SubjectReport {
	sr := newSubjectReport(j.subject, j.features)
	for _, i := range cases {
		r := j.result(i)
		if j.expected != nil {
			j.expected.apply(&r)
		}
		sr.add(r, &j.suite.cases[i])
	}
	for _, f := range faults {
		sr.addFault(f.Class, f.Detail)
	}
	if j.expected != nil {
		for _, fault := range j.expected.check(j.suite, sr.Results, j.options.Today) {
			sr.addFault(ClassUnexpected, fault)
		}
	}
	return sr
}

// result judges one case.
func (j *judge) result(i int) Result {
	c, out := &j.suite.cases[i], j.outcomes[i]
	r := Result{Case: c.ID, Result: ResultPassed}
	switch {
	case out.skipped != "":
		r.Result, r.Reason = ResultSkipped, "unsupported: "+out.skipped
		return r
	case out.notRun:
		j.fail(&r, c, ClassNotRun, "not-run")
		return r
	case out.fault != nil:
		r.Reason = out.fault.Detail
		j.fail(&r, c, out.fault.Class, out.fault.Class)
		return r
	}
	if r.Differences = compare(c, &out.answer, j.features.Codes); len(r.Differences) > 0 {
		j.fail(&r, c, classify(c, r.Differences), gives(c, &out.answer, r.Differences))
	}
	if ref := j.reference[i]; ref != nil && ref.skipped == "" && ref.fault == nil && !ref.notRun {
		if diff := disagreement(&ref.answer, &out.answer); len(diff) > 0 {
			r.Differences = diff
			r.Reason = "the builds of this project disagree"
			j.fail(&r, c, ClassDisagreement, gives(c, &out.answer, diff))
		}
	}
	if r.Result == ResultPassed && c.Twin != "" {
		j.checkTwin(&r, c)
	}
	return r
}

// checkTwin lets a rejection count only if the twin was accepted in this run.
func (j *judge) checkTwin(r *Result, c *vectors.Case) {
	twin := j.outcomes[j.suite.index[c.Twin]]
	switch {
	case twin.skipped != "":
		r.Result, r.Reason = ResultSkipped, "unsupported by the twin: "+twin.skipped
	case twin.fault != nil || twin.notRun || !accepted(&twin.answer):
		r.Reason = "rejected as it should be, but so was its twin " + c.Twin
		j.fail(r, c, ClassTwin, "twin")
	}
}

func accepted(a *Answer) bool {
	for i := range a.Steps {
		if a.Steps[i].Verdict != verdictAccept {
			return false
		}
	}
	return len(a.Steps) > 0 || a.Verdict == verdictAccept
}

// fail fills in what a reader needs to understand a failure and to see it again.
func (j *judge) fail(r *Result, c *vectors.Case, class, gave string) {
	r.Result, r.Class, r.Gave = ResultFailed, class, gave
	r.Title, r.Level, r.Refs = c.Title, c.Level, c.Refs
	r.Want = wants(c)
	if c.Mutation != nil {
		r.Mutation = mutationLine(c.Mutation)
	}
	if j.options.Rerun != nil {
		r.Rerun = j.options.Rerun(j.subject, c.ID)
	}
}

// classify names the class of a wrong answer by its first difference.
func classify(c *vectors.Case, diff []Difference) string {
	field := diff[0].Field
	if i := strings.LastIndex(field, "]."); i >= 0 {
		field = field[i+2:]
	}
	switch field {
	case "verdict":
		if diff[0].Want == verdictReject {
			return ClassFalseAccept
		}
		return ClassFalseReject
	case "code":
		return ClassWrongCode
	case "value":
		return ClassWrongValue
	}
	return ClassWrongDetail
}

// gives says in one word what the subject answered; a detail is added where only
// that differs, so that expected failures can be told apart.
func gives(c *vectors.Case, a *Answer, diff []Difference) string {
	one, prefix := a, ""
	if c.Op == opSequence {
		rest, ok := strings.CutPrefix(diff[0].Field, "requests[")
		number, _, _ := strings.Cut(rest, "]")
		i, err := strconv.Atoi(number)
		if !ok || err != nil || i >= len(a.Steps) {
			return "incomplete sequence"
		}
		one, prefix = &a.Steps[i], "requests["+number+"]:"
	}
	if class := classify(c, diff); class == ClassWrongDetail {
		field := diff[0].Field[strings.LastIndex(diff[0].Field, "].")+1:]
		return prefix + one.text() + " with " + strings.TrimPrefix(field, ".") + "=" + diff[0].Got
	}
	return prefix + one.text()
}

// wants says in one word what the case expects.
func wants(c *vectors.Case) string {
	if c.Op != opSequence {
		return expectation(c.Op, c.Expect).text()
	}
	words := make([]string, len(c.Requests))
	for i := range c.Requests {
		words[i] = expectation(stepOp(&c.Requests[i]), &c.Requests[i].Expect).text()
	}
	return strings.Join(words, ", ")
}
