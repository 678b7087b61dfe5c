package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// report is the result of a run. Ratio is nil where the subject lacks the scenario.
type report struct {
	Unit        string       `json:"unit"`
	Rounds      int          `json:"rounds"`
	Decisions   int          `json:"decisions_per_cell"`
	Spread      float64      `json:"unit_spread"` // 90th percentile to the 10th, of the unit itself
	Table       []row        `json:"table"`
	Allocations []allocation `json:"native_allocations"`
	Intent      *intents     `json:"intent"`
	Targets     []target     `json:"targets"`
}

type row struct {
	Subject string  `json:"subject"`
	Ratios  []ratio `json:"ratios"`
}

type ratio struct {
	Group    string   `json:"group"`
	Scenario string   `json:"scenario"`
	Ratio    *float64 `json:"ratio"`
}

func (b *bench) report(rounds int) report {
	r := report{
		Unit: "one Ed25519 verify of the standard library, native, in the same turn", Rounds: rounds,
		Decisions: rounds * bound, Spread: quantile(b.base, 0.9) / quantile(b.base, 0.1),
	}
	for _, sub := range b.subjects {
		line := row{Subject: sub.name()}
		for _, g := range b.groups {
			for s := range scenario(scenarios) {
				at := ratio{Group: g.name, Scenario: s.String()}
				if sub.does(s) {
					m := b.median(g, s, sub.name())
					at.Ratio = &m
				}
				line.Ratios = append(line.Ratios, at)
			}
		}
		r.Table = append(r.Table, line)
	}
	return r
}

func (r *report) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(r)
}

func (r *report) writeText(w io.Writer) error {
	fmt.Fprintf(w, "Every number is a multiple of %s.\nMedians over %d rounds, %d decisions a cell; 90th to 10th percentile of the unit itself: %.2f.\n\n",
		r.Unit, r.Rounds, r.Decisions, r.Spread)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	var groups, names strings.Builder
	for _, at := range r.Table[0].Ratios {
		fmt.Fprintf(&groups, "\t%s", at.Group)
		fmt.Fprintf(&names, "\t%s", at.Scenario)
	}
	fmt.Fprintf(t, "%s\t\n%s\t\n", groups.String(), names.String())
	for _, line := range r.Table {
		fmt.Fprint(t, line.Subject)
		for _, at := range line.Ratios {
			fmt.Fprintf(t, "\t%s", ratioText(at.Ratio))
		}
		fmt.Fprint(t, "\t\n")
	}
	fmt.Fprint(t, "allocations, native")
	for _, a := range r.Allocations {
		fmt.Fprintf(t, "\t%.0f", a.PerDecision)
	}
	fmt.Fprint(t, "\t\n")
	if err := t.Flush(); err != nil {
		return err
	}
	if err := r.Intent.writeText(w); err != nil {
		return err
	}
	return r.writeTargets(w)
}

func ratioText(m *float64) string {
	switch {
	case m == nil:
		return "n/a"
	case *m < 1:
		return fmt.Sprintf("%.3f", *m)
	}
	return fmt.Sprintf("%.2f", *m)
}

func (r *report) writeTargets(w io.Writer) error {
	fmt.Fprintln(w, "\nTargets")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, g := range r.Targets {
		word := "reached"
		if !g.Reached {
			word = "NOT REACHED"
		}
		fmt.Fprintf(t, "%s\t%s\tat most %s %s\t%s\n", word, number(g.Measured, g.Unit), number(g.Limit, g.Unit), g.Unit, g.Name)
	}
	return t.Flush()
}

func number(n float64, unit string) string {
	if unit == unitAllocs {
		return fmt.Sprintf("%.0f", n)
	}
	return fmt.Sprintf("%.3f", n)
}
