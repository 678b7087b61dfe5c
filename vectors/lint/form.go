package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/agentic-jwt/ajwt/spec"
	"github.com/agentic-jwt/ajwt/vectors"
)

var (
	idForm    = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*){2}$`)
	faultForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	sinceForm = regexp.MustCompile(`^[0-9]+\.[0-9]+$`)
)

var levels = []string{"MUST", "SHOULD", "MAY", "PROFILE"}

// valueOps are the operations with input instead of a request.
var valueOps = []string{"checksum", "thumbprint", "chain_hash", "step_hash", "jcs", "policy_load", "keys_load", "bundle_load", "revocations_load"}

// readCodes reads spec/codes.json.
func (l *linter) readCodes() bool {
	list, err := spec.Codes()
	if err != nil || len(list) == 0 {
		l.find(Form, "codes.json", "cannot be read: %v", err)
		return false
	}
	l.codes = make(map[string]int, len(list))
	for _, c := range list {
		l.codes[c.Code] = c.Number
		if c.TestedBy == "vector" {
			l.wanted = append(l.wanted, c.Code)
		}
	}
	return true
}

// checkForm holds a case to the format; false means that nothing else can be said.
func (l *linter) checkForm(c *vectors.Case) bool {
	before := len(l.findings)
	bad := func(format string, args ...any) { l.find(Form, c.ID, format, args...) }
	if !idForm.MatchString(c.ID) {
		bad("the id is not area.topic.slug in lower case")
	}
	if len(c.Title) < 10 || len(c.Title) > 320 || strings.ContainsAny(c.Title, "\r\n\t") {
		bad("the title is not one line of 10 to 320 bytes")
	}
	if !slices.Contains(levels, c.Level) {
		bad("the level %q is unknown", c.Level)
	}
	if len(c.Refs) == 0 || slices.Contains(c.Refs, "") {
		bad("refs are missing or empty")
	}
	if !sinceForm.MatchString(c.Since) {
		bad("since %q is no version", c.Since)
	}
	for _, name := range c.Kills {
		if !faultForm.MatchString(name) {
			bad("the fault %q is not in kebab case", name)
		}
	}
	l.checkOp(c, bad)
	for _, e := range expectations(c) {
		l.checkExpect(c.Op, e, bad)
	}
	for i := range c.Requests {
		if s := &c.Requests[i]; s.Load != nil {
			l.checkExpect(s.Load.Kind+"_load", &s.Expect, bad)
		}
	}
	return len(l.findings) == before
}

// checkOp checks which members an operation has.
func (l *linter) checkOp(c *vectors.Case, bad func(string, ...any)) {
	switch {
	case c.Op == "verify":
		if c.Request == nil || c.Now == nil || c.Expect == nil || c.Requests != nil || c.Input != nil || c.Policy == nil {
			bad("verify has policy, request, now and expect")
		}
	case c.Op == "sequence":
		if len(c.Requests) < 2 || c.Request != nil || c.Now != nil || c.Expect != nil || c.Input != nil || c.Policy == nil {
			bad("sequence has policy and at least two requests")
		}
	case slices.Contains(valueOps, c.Op):
		if c.Input == nil || c.Expect == nil || c.Request != nil || c.Requests != nil || c.Now != nil || c.Policy != nil {
			bad("%s has input and expect", c.Op)
		}
	default:
		bad("the operation %q is unknown", c.Op)
	}
	if c.Policy != nil {
		if _, err := l.policy(c); err != nil {
			bad("policy: %v", err)
		}
	}
	for issuer, name := range c.Keys {
		l.checkNamed("keys", issuer, name, bad)
	}
	for issuer, name := range c.Bundle {
		l.checkNamed("bundle", issuer, name, bad)
	}
	for issuer, name := range c.Revocations {
		l.checkNamed("revocations", issuer, name, bad)
	}
	for i := range c.Requests {
		s := &c.Requests[i]
		if (s.Request == nil) == (s.Load == nil) {
			bad("request %d is neither a request nor a load, or both", i)
		} else if s.Load != nil {
			l.checkNamed(s.Load.Kind, s.Load.Issuer, s.Load.File, bad)
		}
	}
	if c.Loaded != nil && len(c.Keys)+len(c.Bundle)+len(c.Revocations) == 0 {
		bad("loaded is given, and nothing is loaded")
	}
}

// checkNamed checks that a document is there.
func (l *linter) checkNamed(kind, issuer, name string, bad func(string, ...any)) {
	if _, err := l.document(kind, name); err != nil {
		bad("%s of %s: %v", kind, issuer, err)
	}
}

// document returns a document of a kind.
func (l *linter) document(kind, name string) ([]byte, error) {
	switch kind {
	case "keys":
		return l.docs.KeySet(name)
	case "bundle":
		return l.docs.Bundle(name)
	case "revocations":
		return l.docs.Revocations(name)
	}
	return nil, fmt.Errorf("the kind %q is unknown", kind)
}

// checkExpect checks what is expected of one request or input.
func (l *linter) checkExpect(op string, e *vectors.Expect, bad func(string, ...any)) {
	if _, known := l.codes[e.Code]; e.Code != "" && !known && requestOp(op) {
		bad("the code %q is not in codes.json", e.Code)
	}
	if !requestOp(op) {
		switch {
		case e.Status != 0 || e.Decision != nil || e.Forward != nil || e.Strip != nil || e.Enforced != nil || e.Verdict != "" && e.Verdict != "reject":
			bad("a value operation expects a value, a code with pointers, or the verdict reject")
		case rejects(e) && e.Value != "":
			bad("a value and a rejection are expected")
		case e.Code == "" && e.Pointers != nil:
			bad("pointers without a code")
		}
		return
	}
	switch {
	case e.Value != "" || e.Pointers != nil:
		bad("a request expects neither value nor pointers")
	case e.Verdict == "accept" && (e.Code != "" || e.Enforced != nil || e.Status != 0):
		bad("an accepting case expects no code, status or enforced")
	case e.Verdict == "reject" && e.Code == "":
		bad("a rejection without a code")
	case e.Verdict == "reject" && e.Enforced == nil && len(e.Forward)+len(e.Strip) > 0:
		bad("what does not pass has nothing for the upstream")
	case e.Verdict != "accept" && e.Verdict != "reject":
		bad("the verdict %q is neither accept nor reject", e.Verdict)
	}
}

func requestOp(op string) bool { return op == "verify" || op == "sequence" }

// expectations lists what is expected, one for each request. The loads of a sequence are
// no requests.
func expectations(c *vectors.Case) []*vectors.Expect {
	var list []*vectors.Expect
	if c.Expect != nil {
		list = append(list, c.Expect)
	}
	for i := range c.Requests {
		if c.Requests[i].Request != nil {
			list = append(list, &c.Requests[i].Expect)
		}
	}
	return list
}

// accepts tells whether all of the case is taken.
func accepts(c *vectors.Case) bool {
	for _, e := range expectations(c) {
		if rejects(e) {
			return false
		}
	}
	for i := range c.Requests {
		if rejects(&c.Requests[i].Expect) {
			return false
		}
	}
	return true
}

// rejects tells whether a request or an input is refused; that of a value operation may
// be without a code.
func rejects(e *vectors.Expect) bool { return e.Code != "" || e.Verdict == "reject" }

// checkCoverage demands a rejecting case for every code that codes.json leaves to the
// vectors.
func (l *linter) checkCoverage(cases []vectors.Case) {
	have := map[string]bool{}
	for i := range cases {
		for _, e := range expectations(&cases[i]) {
			have[e.Code] = true
		}
		for k := range cases[i].Requests {
			have[cases[i].Requests[k].Expect.Code] = true
		}
	}
	for _, code := range l.wanted {
		if !have[code] && !l.excused(code) {
			l.find(Coverage, code, "no case expects this code, which codes.json says the vectors test")
		}
	}
	for _, pattern := range l.options.Uncovered {
		if !slices.ContainsFunc(l.wanted, func(code string) bool { return matches(pattern, code) && !have[code] }) {
			l.find(Coverage, pattern, "it is excused and every such code has a case")
		}
	}
}

func (l *linter) excused(code string) bool {
	return slices.ContainsFunc(l.options.Uncovered, func(pattern string) bool { return matches(pattern, code) })
}

func matches(pattern, code string) bool {
	prefix, star := strings.CutSuffix(pattern, "*")
	return code == pattern || star && strings.HasPrefix(code, prefix)
}
