package conformance

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// Answer is what a subject says about one case. The zero Answer says nothing and
// agrees with no expectation.
type Answer struct {
	Verdict  string            // "accept" or "reject"; a value or document that is taken is accepted
	Observed bool              // a rejection that the route only observes
	Code     string            // name from spec/codes.json, "" for accept
	Status   int               // HTTP status of the answer to a rejection
	Value    string            // of a value operation
	Pointers []string          // of every fault of a load, in order
	Decision *vectors.Decision // members of the decision record
	Headers  map[string]string // answer's fields by lower-case name
	Forward  []vectors.Header  // fields that are set for the upstream
	Strip    []string          // names of the request's fields that do not reach the upstream

	Steps []Answer // one per request of a sequence; then nothing else is set
}

// text gives the verdict in one word for tables and expected-failure files:
// "accept", "reject", "reject:CODE", "observe:CODE", "value:VALUE".
func (a *Answer) text() string {
	switch {
	case a.Verdict == verdictAccept && a.Value != "":
		return "value:" + a.Value
	case a.Verdict == verdictReject && a.Observed:
		return "observe:" + a.Code
	case a.Verdict == verdictReject && a.Code != "":
		return "reject:" + a.Code
	}
	return a.Verdict
}

// Difference is one thing in which an answer is not what was expected.
type Difference struct {
	Field string `json:"field"` // "verdict", "code", "decision.level", "requests[2].verdict", …
	Want  string `json:"want"`
	Got   string `json:"got"`
}

// String gives field, expectation and answer on one line.
func (d Difference) String() string {
	return fmt.Sprintf("%s: want %s, got %s", d.Field, orNone(d.Want), orNone(d.Got))
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}

// expectation turns a case's expect into the answer that agrees with it.
func expectation(op string, e *vectors.Expect) *Answer {
	a := &Answer{
		Verdict: e.Verdict, Code: e.Code, Status: e.Status, Value: e.Value,
		Pointers: e.Pointers, Decision: e.Decision, Headers: e.Headers,
		Forward: e.Forward, Strip: e.Strip,
		Observed: e.Enforced != nil && !*e.Enforced,
	}
	if op != opVerify {
		a.Verdict = verdictReject
		if takes(op, e) {
			a.Verdict = verdictAccept
		}
	}
	return a
}

// takes tells whether a value operation must succeed: a load without a code, any
// other one with a value. Refusals to compute a value have no code.
func takes(op string, e *vectors.Expect) bool {
	if isLoad(op) {
		return e.Code == ""
	}
	return e.Value != ""
}

// compare holds an answer against a case's expectation. Without codes only
// verdicts, and the values of value operations, count.
func compare(c *vectors.Case, got *Answer, codes bool) []Difference {
	if c.Op != opSequence {
		return compareOne(expectation(c.Op, c.Expect), got, codes && hasCodes(c.Op))
	}
	var all []Difference
	for i := range c.Requests {
		var step Answer
		if i < len(got.Steps) {
			step = got.Steps[i]
		}
		for _, d := range compareOne(expectation(stepOp(&c.Requests[i]), &c.Requests[i].Expect), &step, codes) {
			d.Field = "requests[" + strconv.Itoa(i) + "]." + d.Field
			all = append(all, d)
		}
	}
	return all
}

// hasCodes tells whether rejections of an operation have codes.
func hasCodes(op string) bool {
	return op == opVerify || isLoad(op)
}

// isLoad tells whether an operation, or a step of a sequence, loads a document.
func isLoad(op string) bool { return op == opLoad || strings.HasSuffix(op, "_load") }

// stepOp is what a step of a sequence does.
func stepOp(s *vectors.Step) string {
	if s.Load != nil {
		return opLoad
	}
	return opVerify
}

func compareOne(want, got *Answer, codes bool) []Difference {
	var all []Difference
	check := func(field, w, g string) {
		if w != g {
			all = append(all, Difference{field, w, g})
		}
	}
	check("verdict", want.Verdict, got.Verdict)
	check("value", want.Value, got.Value)
	if !codes || len(all) > 0 && all[0].Field == "verdict" {
		return all
	}
	check("code", want.Code, got.Code)
	check("enforced", strconv.FormatBool(!want.Observed), strconv.FormatBool(!got.Observed))
	if want.Status != 0 {
		check("status", strconv.Itoa(want.Status), strconv.Itoa(got.Status))
	}
	if want.Pointers != nil && !slices.Equal(want.Pointers, got.Pointers) {
		check("pointers", strings.Join(want.Pointers, " "), strings.Join(got.Pointers, " "))
	}
	for _, name := range sortedKeys(want.Headers) {
		check("headers."+name, want.Headers[name], got.Headers[strings.ToLower(name)])
	}
	if want.Forward != nil {
		check("forward", fieldsText(want.Forward), fieldsText(got.Forward))
	}
	if want.Strip != nil {
		check("strip", strings.Join(want.Strip, " "), strings.Join(got.Strip, " "))
	}
	all = append(all, comparePinned(want.Decision, got.Decision)...)
	return all
}

// comparePinned compares those members of the decision that the case pins.
func comparePinned(want, got *vectors.Decision) []Difference {
	if want == nil {
		return nil
	}
	if got == nil {
		got = new(vectors.Decision)
	}
	var all []Difference
	w, g := members(want), members(got)
	for i := range w {
		if w[i].value != "" && w[i].value != g[i].value {
			all = append(all, Difference{"decision." + w[i].name, w[i].value, g[i].value})
		}
	}
	return all
}

type member struct{ name, value string }

func members(d *vectors.Decision) []member {
	return []member{
		{"level", d.Level}, {"issuer", d.Issuer}, {"agent", d.Agent},
		{"workflow", d.Workflow}, {"step", d.Step}, {"act", d.Act}, {"chain_hash", d.ChainHash},
		{"route", d.Route}, {"key_thumbprint", d.Thumbprint}, {"bundle_version", numberText(d.Bundle)},
		{"warnings", strings.Join(d.Warnings, " ")},
	}
}

// numberText writes a number, "" for an absent one.
func numberText(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}

// disagreement compares the answers of two of our own builds in every member.
func disagreement(a, b *Answer) []Difference {
	if len(a.Steps) != len(b.Steps) {
		return []Difference{{"requests", strconv.Itoa(len(a.Steps)), strconv.Itoa(len(b.Steps))}}
	}
	var all []Difference
	for i := range a.Steps {
		for _, d := range disagreement(&a.Steps[i], &b.Steps[i]) {
			d.Field = "requests[" + strconv.Itoa(i) + "]." + d.Field
			all = append(all, d)
		}
	}
	check := func(field, x, y string) {
		if x != y {
			all = append(all, Difference{field, x, y})
		}
	}
	check("verdict", a.Verdict, b.Verdict)
	check("code", a.Code, b.Code)
	check("enforced", strconv.FormatBool(!a.Observed), strconv.FormatBool(!b.Observed))
	check("status", strconv.Itoa(a.Status), strconv.Itoa(b.Status))
	check("value", a.Value, b.Value)
	check("pointers", strings.Join(a.Pointers, " "), strings.Join(b.Pointers, " "))
	for _, name := range sortedKeys(a.Headers, b.Headers) {
		check("headers."+name, a.Headers[name], b.Headers[name])
	}
	check("forward", fieldsText(a.Forward), fieldsText(b.Forward))
	check("strip", strings.Join(a.Strip, " "), strings.Join(b.Strip, " "))
	x, y := a.Decision, b.Decision
	if x == nil {
		x = new(vectors.Decision)
	}
	if y == nil {
		y = new(vectors.Decision)
	}
	m, n := members(x), members(y)
	for i := range m {
		check("decision."+m[i].name, m[i].value, n[i].value)
	}
	return all
}

func sortedKeys(maps ...map[string]string) []string {
	seen := make(map[string]bool)
	for _, m := range maps {
		for name := range m {
			seen[name] = true
		}
	}
	names := make([]string, 0, len(seen))
	for name := range seen {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
