package conformance

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// levels in the order of the tables' columns.
var levels = []string{"MUST", "SHOULD", "MAY", "PROFILE"}

// WriteText writes the report for people: per subject a table of areas by level,
// what was skipped and what is expected to fail, and each failure with what is
// needed to understand it. The last line is `N passed, N failed`, over all subjects;
// `, N skipped` follows where there are any.
func (r *Report) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%d of %d cases, seed %d\n", r.Suite.Selected, r.Suite.Cases, r.Seed)
	for _, s := range r.Subjects {
		s.writeText(w)
	}
	if len(r.Subjects) > 1 {
		fmt.Fprintln(w)
		for _, s := range r.Subjects {
			fmt.Fprintf(w, "%s: %s\n", s.Name, s.summary())
		}
	}
	if r.Expected > 0 {
		fmt.Fprintf(w, "\n%d expected failures are neither passed nor failed.\n", r.Expected)
	}
	_, err := fmt.Fprintf(w, "\n%s\n", r.LastLine())
	return err
}

// LastLine returns the closing line of a run.
func (r *Report) LastLine() string {
	line := fmt.Sprintf("%d passed, %d failed", r.Passed, r.Failed)
	if r.Skipped > 0 {
		line += fmt.Sprintf(", %d skipped", r.Skipped)
	}
	return line
}

func (s *SubjectReport) summary() string {
	line := fmt.Sprintf("%d passed, %d failed", s.Passed, s.Failed)
	if s.Expected > 0 {
		line += fmt.Sprintf(", %d expected failures", s.Expected)
	}
	if s.Skipped > 0 {
		line += fmt.Sprintf(", %d skipped", s.Skipped)
	}
	return line
}

func (s *SubjectReport) writeText(w io.Writer) {
	fmt.Fprintf(w, "\n%s %s", s.Name, s.Version)
	if s.Subset {
		fmt.Fprint(w, " (fixed subset)")
	}
	if !s.Codes {
		fmt.Fprint(w, " (verdicts only: no codes declared)")
	}
	fmt.Fprintf(w, ", %d ms\n", s.ElapsedMS)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "area\t%s\tfailed\texpected\tskipped\t\n", strings.Join(levels, "\t"))
	for _, a := range s.Areas {
		cells, sum := a.cells()
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t\n", a.Area, strings.Join(cells, "\t"), sum.Failed, sum.Expected, sum.Skipped)
	}
	_ = t.Flush()
	s.writeList(w, ResultSkipped, "skipped")
	s.writeList(w, ResultExpected, "expected failures")
	for _, f := range s.Faults {
		fmt.Fprintf(w, "\nFAIL %s: %s: %s\n", s.Name, f.Class, f.Detail)
	}
	for _, r := range s.failures() {
		r.writeText(w, s.Name)
	}
}

// cells returns passed/total per level, and the sum of the area.
func (a *AreaReport) cells() ([]string, Counts) {
	var cells []string
	var sum Counts
	for _, level := range levels {
		c := a.Levels[level]
		if c == nil {
			cells = append(cells, "-")
			continue
		}
		sum.add(*c)
		cells = append(cells, fmt.Sprintf("%d/%d", c.Passed, c.Total()))
	}
	return cells, sum
}

// writeList lists the cases with that result, grouped by reason.
func (s *SubjectReport) writeList(w io.Writer, result, title string) {
	var reasons []string
	cases := make(map[string][]string)
	for _, r := range s.Results {
		if r.Result != result {
			continue
		}
		if cases[r.Reason] == nil {
			reasons = append(reasons, r.Reason)
		}
		cases[r.Reason] = append(cases[r.Reason], r.Case)
	}
	for _, reason := range reasons {
		fmt.Fprintf(w, "%s (%d): %s\n", title, len(cases[reason]), reason)
		const perLine = 4
		for list := cases[reason]; len(list) > 0; list = list[min(perLine, len(list)):] {
			fmt.Fprintf(w, "    %s\n", strings.Join(list[:min(perLine, len(list))], " "))
		}
	}
}

func (r *Result) writeText(w io.Writer, subject string) {
	fmt.Fprintf(w, "\nFAIL %s %s [%s, %s]\n", subject, r.Case, r.Class, r.Level)
	fmt.Fprintf(w, "    %s\n", r.Title)
	fmt.Fprintf(w, "    want %s, gave %s\n", r.Want, r.Gave)
	if r.Reason != "" {
		fmt.Fprintf(w, "    %s\n", r.Reason)
	}
	for _, d := range r.Differences {
		fmt.Fprintf(w, "    %s\n", d)
	}
	if r.Mutation != "" {
		fmt.Fprintf(w, "    mutation: %s\n", r.Mutation)
	}
	if len(r.Refs) > 0 {
		fmt.Fprintf(w, "    see: %s\n", strings.Join(r.Refs, "; "))
	}
	if r.Rerun != "" {
		fmt.Fprintf(w, "    again: %s\n", r.Rerun)
	}
}
