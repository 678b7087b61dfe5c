package conformance

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestParseExpectedFailures(t *testing.T) {
	entry := `{"case":"jws.*","gives":"accept","reason":"r","until":"2027-06-30"}`
	file := func(entries string) string {
		return fmt.Sprintf(`{"format":"ajwt-expected-failures/1","subject":"s","entries":[%s]}`, entries)
	}
	tests := []struct{ name, in, fault string }{
		{"sound", file(entry), ""},
		{"no entries", file(""), ""},
		{"other format", strings.Replace(file(entry), "failures/1", "failures/2", 1), "format"},
		{"no subject", strings.Replace(file(entry), `"s"`, `""`, 1), "subject"},
		{"unknown member", strings.Replace(file(entry), `"gives"`, `"note":"","gives"`, 1), "unknown member"},
		{"member in other case", strings.Replace(file(entry), `"gives"`, `"Gives"`, 1), "unknown member"},
		{"duplicate member", strings.Replace(file(entry), `"gives"`, `"reason":"x","gives"`, 1), "duplicate"},
		{"no gives", strings.Replace(file(entry), `"accept"`, `""`, 1), "gives"},
		{"no reason", strings.Replace(file(entry), `"r"`, `""`, 1), "reason"},
		{"no date", strings.Replace(file(entry), "2027-06-30", "soon", 1), "until"},
		{"no such day", strings.Replace(file(entry), "2027-06-30", "2027-06-31", 1), "until"},
		{"bad glob", strings.Replace(file(entry), "jws.*", "jws.[", 1), "case"},
		{"bytes after the value", file(entry) + "{}", "JSON"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := ParseExpectedFailures([]byte(tt.in))
			if tt.fault == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.fault) {
				t.Errorf("got %v, want an error about %s", err, tt.fault)
			}
			if e != nil {
				t.Error("both a value and an error")
			}
		})
	}
}

// TestExpectedFailures runs a program that accepts everything, and so fails 20
// rejecting cases with "accept", against lists that hold and that do not.
func TestExpectedFailures(t *testing.T) {
	holds := []ExpectedFailure{
		{Case: "jws.toy.bad-*", Gives: "accept", Reason: "it accepts everything", Until: "2026-08-01"},
		{Case: "jws.toy.good-*", Gives: "accept with decision.level=", Reason: "it knows no levels", Until: "2026-08-02"},
		{Case: "jcs.toy.empty", Gives: "value:x", Reason: "it computes nothing", Until: "2026-08-02"},
		{Case: "jcs.toy.list", Gives: "value:x", Reason: "it computes nothing", Until: "2026-08-02"},
		{Case: "replay.toy.twice", Gives: "requests[1]:accept", Reason: "it remembers nothing", Until: "2026-08-02"},
	}
	change := func(i int, f func(*ExpectedFailure)) []ExpectedFailure {
		entries := append([]ExpectedFailure(nil), holds...)
		f(&entries[i])
		return entries
	}
	tests := []struct {
		name     string
		entries  []ExpectedFailure
		expected int
		failed   int
		fault    string
	}{
		{"every entry holds", holds, 27, 0, ""},
		{"run out yesterday", change(0, func(e *ExpectedFailure) { e.Until = "2026-07-31" }), 27, 1, "held until 2026-07-31"},
		{"fails differently", change(2, func(e *ExpectedFailure) { e.Gives = "value:y" }), 26, 1, "expected to give value:y"},
		{"matches nothing", append(holds, ExpectedFailure{Case: "nothing", Gives: "accept", Reason: "r", Until: "2027-01-01"}), 27, 1, "matches no case"},
		{"matches too many", change(0, func(e *ExpectedFailure) { e.Case = "jws.*" }), 23, 9, "matches 24 cases"},
		{"two entries for a case", append(holds, holds[2]), 27, 1, "matched by an earlier entry"},
		{"one entry too few", holds[1:], 7, 20, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := toyOptions()
			o.Expected = []*ExpectedFailures{{Format: ExpectedFormat, Subject: "toy-accept-all", Entries: tt.entries}}
			r := runToy(t, "accept-all", 2*time.Second, o)
			if r.Expected != tt.expected || r.Failed != tt.failed {
				t.Errorf("%d expected, %d failed; want %d and %d", r.Expected, r.Failed, tt.expected, tt.failed)
			}
			if (r.Exit == ExitConformant) != (tt.failed == 0) {
				t.Errorf("exit %d", r.Exit)
			}
			var b strings.Builder
			if err := r.WriteText(&b); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(b.String(), tt.fault) {
				t.Errorf("no %q in\n%s", tt.fault, b.String())
			}
		})
	}
}

// TestExpectedFailurePasses holds that an entry fails the run once its case passes
// or is skipped.
func TestExpectedFailurePasses(t *testing.T) {
	for _, tt := range []struct{ program, id, fault string }{
		{"honest", "jws.toy.bad-0-0", "jws.toy.bad-0-0 passes"},
		{"verify-only", "jcs.toy.list", "jcs.toy.list is skipped"},
	} {
		t.Run(tt.program, func(t *testing.T) {
			o := toyOptions()
			entry := ExpectedFailure{Case: tt.id, Gives: "accept", Reason: "r", Until: "2027-01-01"}
			o.Expected = []*ExpectedFailures{{Format: ExpectedFormat, Subject: "toy-" + tt.program, Entries: []ExpectedFailure{entry}}}
			r := runToy(t, tt.program, 2*time.Second, o)
			if r.Exit != ExitFailures || len(r.Subjects[0].Faults) != 1 || !strings.Contains(r.Subjects[0].Faults[0].Detail, tt.fault) {
				t.Errorf("exit %d, faults %v", r.Exit, r.Subjects[0].Faults)
			}
		})
	}
}
