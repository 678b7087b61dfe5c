// Package lint checks the vectors against their own rules (vectors/README.md): that
// every case is complete, that a rejection is one fault away from an accepting twin, and
// that what a case claims about its bytes is true of its bytes. It shares no code with
// the generator, nor with the verifier, so that a mistake would have to be made twice.
package lint

import (
	"fmt"
	"io/fs"
	"path"
	"sort"

	"github.com/agentic-jwt/ajwt/vectors"
)

// The classes of findings.
const (
	Manifest = "manifest" // manifest.json and the files disagree, or a file is malformed
	Form     = "form"     // a case is incomplete or names what does not exist
	Twin     = "twin"     // a rejection without accepting twin, or an accepting case with one
	Mutation = "mutation" // applying the mutation to the twin does not give the case
	Fact     = "fact"     // the bytes are not what the expectation says
	Repeat   = "repeat"   // two cases with equal input
	Coverage = "coverage" // a code without a rejecting case
)

// Finding is one rule that the vectors break.
type Finding struct {
	Class  string
	Case   string // id, file or code
	Detail string
}

// String gives the finding on one line.
func (f Finding) String() string { return f.Class + ": " + f.Case + ": " + f.Detail }

// Options relaxes the lint for suites in work.
type Options struct {
	// Uncovered names codes that may lack a rejecting case: a name, or the beginning
	// of names with a star, such as "proof_*".
	Uncovered []string
}

// Documents gives the bytes of the policies, key sets and signed documents that cases
// name.
type Documents interface {
	Policy(name string) ([]byte, error)
	KeySet(name string) ([]byte, error)
	Bundle(name string) ([]byte, error)
	Revocations(name string) ([]byte, error)
}

// Folder checks a folder with manifest.json. Findings are sorted by class and case.
func Folder(folder fs.FS, o Options) []Finding {
	s, err := vectors.LoadFS(folder)
	if err != nil {
		return []Finding{{Manifest, "manifest.json", err.Error()}}
	}
	l := &linter{docs: s, options: o}
	for _, f := range s.Manifest().Files {
		text, err := fs.ReadFile(folder, f.File)
		switch {
		case err != nil:
		case path.Ext(f.File) == ".jws":
			err = signedFile(folder, f.File, string(text))
		default:
			_, err = parseTree(string(text))
		}
		if err != nil {
			l.find(Manifest, f.File, "%v", err)
		}
	}
	l.run(s.Cases())
	return l.sorted()
}

// Cases checks cases and the documents that they name.
func Cases(cases []vectors.Case, docs Documents, o Options) []Finding {
	l := &linter{docs: docs, options: o}
	l.run(cases)
	return l.sorted()
}

type linter struct {
	docs     Documents
	options  Options
	cases    map[string]*vectors.Case
	codes    map[string]int // name to number
	wanted   []string       // codes that need a case
	findings []Finding
}

func (l *linter) find(class, id, format string, args ...any) {
	l.findings = append(l.findings, Finding{class, id, fmt.Sprintf(format, args...)})
}

func (l *linter) sorted() []Finding {
	sort.SliceStable(l.findings, func(i, j int) bool {
		a, b := &l.findings[i], &l.findings[j]
		return a.Class < b.Class || a.Class == b.Class && a.Case < b.Case
	})
	return l.findings
}

func (l *linter) run(cases []vectors.Case) {
	if len(cases) == 0 {
		l.find(Form, "suite", "there are no cases")
		return
	}
	if !l.readCodes() {
		return
	}
	l.cases = make(map[string]*vectors.Case, len(cases))
	for i := range cases {
		if _, twice := l.cases[cases[i].ID]; twice {
			l.find(Form, cases[i].ID, "the id stands twice")
		}
		l.cases[cases[i].ID] = &cases[i]
	}
	seen := make(map[string]string, len(cases))
	for i := range cases {
		c := &cases[i]
		if !l.checkForm(c) {
			continue
		}
		l.checkTwin(c)
		l.checkRepeat(c, seen)
		l.checkFacts(c)
		l.checkSigned(c)
	}
	l.checkCoverage(cases)
}
