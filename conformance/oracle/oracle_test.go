package oracle

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/agentic-jwt/ajwt/conformance"
)

// minDecided is the number of cases that the library must have an opinion on: the
// oracle is worth nothing if it decides a handful.
const minDecided = 700

// disagreements is golang-jwt.json.
type disagreements struct {
	Format  string  `json:"format"` // "ajwt-oracle/1"
	Library string  `json:"library"`
	Entries []entry `json:"entries"`
}

// entry is one reason for which the library decides otherwise.
type entry struct {
	Reason string   `json:"reason"`
	Gives  string   `json:"gives"` // accept, reject, or twin: the accepting case that belongs to it is rejected
	Cases  []string `json:"cases"` // ids and globs, together at most maxCases
}

const maxCases = 20 // of an entry

func readDisagreements(t *testing.T) *disagreements {
	t.Helper()
	data, err := os.ReadFile("golang-jwt.json")
	if err != nil {
		t.Fatal(err)
	}
	d := new(disagreements)
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(d); err != nil {
		t.Fatal(err)
	}
	if d.Format != "ajwt-oracle/1" || d.Library == "" {
		t.Fatal("golang-jwt.json: format or library")
	}
	return d
}

// TestGolangJWT compares every decision of the library with the vectors. Each
// difference must be listed with its reason, and each listed one must be there.
func TestGolangJWT(t *testing.T) {
	suite, err := conformance.LoadSuite("")
	if err != nil {
		t.Fatal(err)
	}
	globs, err := os.ReadFile("filter.txt") // what a JOSE library can have an opinion on
	if err != nil {
		t.Fatal(err)
	}
	o := conformance.Options{Filter: strings.Join(strings.Fields(string(globs)), ","), Seed: 1, Today: time.Now()}
	report, err := conformance.Run(context.Background(), suite, []conformance.Subject{golangJWT{}}, o)
	if err != nil {
		t.Fatal(err)
	}
	decided, agreed := 0, 0
	gave := make(map[string]string) // of the cases in which they differ
	for _, r := range report.Subjects[0].Results {
		switch r.Result {
		case conformance.ResultPassed:
			decided++
			agreed++
		case conformance.ResultFailed:
			decided++
			gave[r.Case] = r.Gave
		}
	}
	t.Logf("%d cases decided, %d agree, %d differ, %d are not for the library", decided, agreed, len(gave), report.Skipped)
	if decided < minDecided {
		t.Errorf("the library decided %d cases, want at least %d", decided, minDecided)
	}
	for _, e := range readDisagreements(t).Entries {
		checkEntry(t, suite, &e, gave)
	}
	var rest []string
	for id, g := range gave {
		rest = append(rest, g+"  "+id+"  "+suite.Case(id).Title)
	}
	sort.Strings(rest)
	if len(rest) > 0 {
		t.Errorf("%d differences are not listed:\n%s", len(rest), strings.Join(rest, "\n"))
	}
}

// checkEntry takes the cases of an entry out of gave.
func checkEntry(t *testing.T, suite *conformance.Suite, e *entry, gave map[string]string) {
	t.Helper()
	if e.Reason == "" || e.Gives == "" || len(e.Cases) == 0 {
		t.Errorf("the entry %q lacks reason, gives or cases", e.Reason)
	}
	total := 0
	for _, glob := range e.Cases {
		matched := 0
		for i := range suite.Cases() {
			id := suite.Cases()[i].ID
			if ok, err := path.Match(glob, id); err != nil || !ok {
				continue
			}
			matched++
			if gave[id] != e.Gives {
				t.Errorf("%s (%s): %s gives %q, not %q, or stands in another entry", e.Reason, glob, id, gave[id], e.Gives)
			}
			delete(gave, id)
		}
		if matched == 0 {
			t.Errorf("%s: %s matches no case", e.Reason, glob)
		}
		total += matched
	}
	if total > maxCases {
		t.Errorf("%s: %d cases, more than %d", e.Reason, total, maxCases)
	}
}
