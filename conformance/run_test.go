package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/agentic-jwt/ajwt/vectors"
)

// toySubject decides the toy suite in this process.
type toySubject struct {
	name     string
	features Features
	order    []string // tokens in the order of the requests
	bend     func(*Prepared, *Answer) error
}

func newToySubject(name string, bend func(*Prepared, *Answer) error) *toySubject {
	return &toySubject{name: name, features: Features{Version: "1", Operations: Operations, Codes: true, Own: true}, bend: bend}
}

func (s *toySubject) Name() string       { return s.name }
func (s *toySubject) Features() Features { return s.features }
func (s *toySubject) Close() error       { return nil }

func (s *toySubject) Run(_ context.Context, p *Prepared) (Answer, error) {
	var a Answer
	seen := false
	for _, r := range p.Requests {
		token := string(r.Request.Headers[0].Value)
		s.order = append(s.order, token)
		step := Answer{Verdict: verdictAccept, Decision: &vectors.Decision{Level: "jwt"}}
		switch {
		case token != "Bearer good":
			step = Answer{Verdict: verdictReject, Code: "signature_invalid", Status: 401}
		case seen:
			step = Answer{Verdict: verdictReject, Code: "replay_proof_seen", Status: 401}
		}
		seen = true
		a.Steps = append(a.Steps, step)
	}
	switch p.Op {
	case opVerify:
		a = a.Steps[0]
	case opJCS:
		var in struct{ JSON string }
		if err := json.Unmarshal(p.Input, &in); err != nil {
			return a, err
		}
		value, err := compacted([]byte(in.JSON))
		if err != nil {
			return a, err
		}
		a = Answer{Verdict: verdictAccept, Value: string(value)}
	}
	if s.bend != nil {
		return a, s.bend(p, &a)
	}
	return a, nil
}

func runSubjects(t *testing.T, o Options, subjects ...Subject) *Report {
	t.Helper()
	r, err := Run(context.Background(), toySuite(t), subjects, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestJudge bends the answers of a subject and looks at what becomes of the cases.
func TestJudge(t *testing.T) {
	only := func(match string, change func(*Answer)) func(*Prepared, *Answer) error {
		return func(p *Prepared, a *Answer) error {
			if len(p.Requests) == 1 && strings.Contains(string(p.Requests[0].Request.Headers[0].Value), match) {
				change(a)
			}
			return nil
		}
	}
	tests := []struct {
		name   string
		bend   func(*Prepared, *Answer) error
		failed int
		class  string
	}{
		{"honest", nil, 0, ""},
		{"another code", only("bad-1-2", func(a *Answer) { a.Code = "claim_exp_expired" }), 1, ClassWrongCode},
		{"observed only", only("bad-1-2", func(a *Answer) { a.Observed = true }), 1, ClassWrongDetail},
		{"another status", only("bad-1-2", func(a *Answer) { a.Status = 403 }), 1, ClassWrongDetail},
		{"accepted", only("bad-1-2", func(a *Answer) { *a = Answer{Verdict: verdictAccept} }), 1, ClassFalseAccept},
		{"another level", only("good", func(a *Answer) { a.Decision = &vectors.Decision{Level: "agent"} }), 4, ClassWrongDetail},
		{"good ones rejected", only("good", func(a *Answer) { *a = Answer{Verdict: verdictReject, Code: "x"} }), 24, ClassTwin},
		{"nothing said", only("bad-1-2", func(a *Answer) { *a = Answer{} }), 1, ""},
		{"a panic", only("bad-1-2", func(*Answer) { panic("on purpose") }), 1, FaultCrash},
		{"a step too few", func(p *Prepared, a *Answer) error { a.Steps = a.Steps[:min(1, len(a.Steps))]; return nil }, 1, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := runSubjects(t, toyOptions(), newToySubject("native", tt.bend))
			if r.Failed != tt.failed || r.Passed != 27-tt.failed {
				t.Errorf("%d failed, %d passed", r.Failed, r.Passed)
			}
			if !strings.Contains(classesOf(r.Subjects[0]), tt.class) {
				t.Errorf("classes %q lack %q", classesOf(r.Subjects[0]), tt.class)
			}
		})
	}
}

// TestDisagreement holds that two own builds must agree in details that no case pins.
func TestDisagreement(t *testing.T) {
	bend := func(p *Prepared, a *Answer) error {
		if a.Verdict == verdictReject {
			a.Headers = map[string]string{"www-authenticate": "Bearer"}
		}
		return nil
	}
	r := runSubjects(t, toyOptions(), newToySubject("native", nil), newToySubject("wasm", bend))
	if got := r.Subjects[1]; got.Failed != 20 || classesOf(got) != ClassDisagreement || r.Subjects[0].Failed != 0 {
		t.Errorf("%d failed: %s", got.Failed, classesOf(got))
	}
}

// TestOrder holds that the seed decides the order, and nothing else does.
func TestOrder(t *testing.T) {
	order := func(seed uint64) []string {
		s := newToySubject("native", nil)
		o := toyOptions()
		o.Seed = seed
		runSubjects(t, o, s)
		return s.order
	}
	if !slices.Equal(order(1), order(1)) {
		t.Error("one seed gives two orders")
	}
	if slices.Equal(order(1), order(2)) {
		t.Error("two seeds give one order")
	}
}

// TestFilter holds that a filtered run runs the twins too and counts the matches.
func TestFilter(t *testing.T) {
	o := toyOptions()
	o.Filter = "jws.toy.bad-2-*,jcs.toy.list"
	if r := runSubjects(t, o, newToySubject("native", nil)); r.Passed != 6 || r.Failed != 0 || r.Suite.Selected != 6 {
		t.Errorf("%d passed, %d failed, %d selected", r.Passed, r.Failed, r.Suite.Selected)
	}
	for _, filter := range []string{"nothing.*", "jws.["} {
		o.Filter = filter
		if _, err := Run(context.Background(), toySuite(t), []Subject{newToySubject("native", nil)}, o); err == nil {
			t.Errorf("the filter %q was taken", filter)
		}
	}
}

func TestSuiteRefuses(t *testing.T) {
	tests := []struct {
		name  string
		bend  func([]vectors.Case) []vectors.Case
		fault string
	}{
		{"no case", func([]vectors.Case) []vectors.Case { return nil }, "no case"},
		{"an id twice", func(c []vectors.Case) []vectors.Case { return append(c, c[0]) }, "twice"},
		{"no twin", func(c []vectors.Case) []vectors.Case { c[1].Twin = ""; return c }, "twin"},
		{"a twin that rejects", func(c []vectors.Case) []vectors.Case { c[1].Twin = c[2].ID; return c }, "no accepting case"},
		{"an accepting case with a twin", func(c []vectors.Case) []vectors.Case { c[0].Twin = c[6].ID; return c }, "has no twin"},
		{"no such policy", func(c []vectors.Case) []vectors.Case { c[0].Policy = json.RawMessage(`"x"`); return c }, "no such policy"},
		{"no such key set", func(c []vectors.Case) []vectors.Case { c[0].Keys = map[string]string{"i": "x"}; return c }, "no such key set"},
		{"unknown operation", func(c []vectors.Case) []vectors.Case { c[0].Op = "x"; return c }, "unknown"},
		{"no time", func(c []vectors.Case) []vectors.Case { c[0].Now = nil; return c }, "request, now"},
		{"a value without input", func(c []vectors.Case) []vectors.Case { c[24].Input = nil; return c }, "input"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := NewSuite(tt.bend(toyCases()), toyDocs{}, nil)
			if err == nil || !strings.Contains(err.Error(), tt.fault) || s != nil {
				t.Errorf("got %v, want %q", err, tt.fault)
			}
			if (tt.name == "no case") != errors.Is(err, errEmpty) {
				t.Error("errEmpty is for empty suites alone")
			}
		})
	}
}

// TestReport holds report.json against its schema, and the last lines of the text.
func TestReport(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "spec", "report.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	o := toyOptions()
	o.Rerun = func(subject, id string) string {
		return "ajwt conformance run --subject " + subject + " --filter " + id
	}
	bend := func(p *Prepared, a *Answer) error { a.Code = ""; return nil }
	skips := newToySubject("skips", nil)
	skips.features.Operations, skips.features.Algorithms, skips.features.Own = []string{opVerify}, []string{"ES256"}, false
	for name, r := range map[string]*Report{
		"passes": runSubjects(t, o, newToySubject("native", nil)),
		"fails":  runSubjects(t, o, newToySubject("native", bend), skips),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := r.WriteFiles(filepath.Join(dir, "out")); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(filepath.Join(dir, "out", "report.json"))
			if err != nil {
				t.Fatal(err)
			}
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(value); err != nil {
				t.Error(err)
			}
			var text strings.Builder
			if err := r.WriteText(&text); err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
			if lines[len(lines)-1] != r.LastLine() {
				t.Errorf("the last line is %q", lines[len(lines)-1])
			}
			if name == "fails" {
				for _, want := range []string{"mutation: compact at byte 12: \"A\" becomes \"B\"", "see: RFC 7515, section 5.2", "again: ajwt conformance run --subject native --filter jws.toy.bad-0-0", "31 passed, 20 failed, 3 skipped"} {
					if !strings.Contains(text.String(), want) {
						t.Errorf("no %q in\n%s", want, text.String())
					}
				}
			}
		})
	}
}

func TestUpdateMarkdown(t *testing.T) {
	file := filepath.Join(t.TempDir(), "README.md")
	r := runSubjects(t, toyOptions(), newToySubject("native", nil))
	if err := os.WriteFile(file, []byte("a\n"+markBegin+"\nold\n"+markEnd+"\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time changes nothing
		if err := r.UpdateMarkdown(file); err != nil {
			t.Fatal(err)
		}
	}
	text, _ := os.ReadFile(file)
	var table strings.Builder
	_ = r.WriteMarkdown(&table)
	if want := "a\n" + markBegin + "\n" + table.String() + markEnd + "\nb\n"; string(text) != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	skips := newToySubject("skips", nil)
	skips.features.Operations = []string{opVerify}
	var counts strings.Builder
	_ = runSubjects(t, toyOptions(), skips).WriteMarkdown(&counts)
	if !strings.Contains(counts.String(), "(3 left out) |") {
		t.Errorf("what was skipped is not counted apart:\n%s", counts.String())
	}
	if err := os.WriteFile(file, []byte("no marks"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r.UpdateMarkdown(file) == nil {
		t.Error("a file without marks was taken")
	}
}
