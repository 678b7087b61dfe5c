//go:build ajwt_faults

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/agentic-jwt/ajwt/conformance"
	ajwt "github.com/agentic-jwt/ajwt/core"
)

// report is the result of a run.
type report struct {
	Format   string   `json:"format"`
	Cases    int      `json:"cases"`
	Killed   int      `json:"killed"`
	Survived int      `json:"survived"`
	Faults   []result `json:"faults"`
	Problems []string `json:"problems"` // claims that do not hold, faults that the catalogue lacks
}

// result is what the vectors did to one fault.
type result struct {
	Name    string   `json:"name"`
	Meaning string   `json:"meaning"`
	Killed  bool     `json:"killed"`
	Lets    int      `json:"lets"` // of the killers, those that saw what must be refused pass
	By      []string `json:"by"`   // ids of the vectors that notice it
}

func (r *report) problem(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

// add records a fault's result: the vectors that failed, and those that claimed to.
func (r *report) add(f ajwt.SeededFault, failed map[string]string, claimed []string) {
	one := result{Name: f.Name, Meaning: f.Meaning, Killed: len(failed) > 0, By: append([]string{}, slices.Sorted(maps.Keys(failed))...)}
	for id, gave := range failed {
		switch {
		case strings.HasSuffix(gave, "accept") || strings.Contains(gave, "observe:"):
			one.Lets++
		case gave == panicked:
			r.problem("under %s the verifier panics at %s: the fault is not seeded well", f.Name, id)
		}
	}
	if one.Killed {
		r.Killed++
	} else {
		r.Survived++
	}
	r.Faults = append(r.Faults, one)
	for _, id := range claimed {
		if _, dead := failed[id]; !dead {
			r.problem("%s says that it kills %s and passes", id, f.Name)
		}
	}
}

func (r *report) writeJSON(w io.Writer, _ bool) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(r)
}

func (r *report) writeText(w io.Writer, verbose bool) error {
	b := bufio.NewWriter(w)
	for _, f := range r.Faults {
		if f.Killed {
			fmt.Fprintf(b, "killed    %-34s by %s\n", f.Name, few(f.By, verbose))
		} else {
			fmt.Fprintf(b, "SURVIVED  %-34s %s\n", f.Name, f.Meaning)
		}
	}
	for _, p := range r.Problems {
		fmt.Fprintln(b, "PROBLEM  ", p)
	}
	fmt.Fprintf(b, "%d vectors: %d of %d faults killed", r.Cases, r.Killed, r.Killed+r.Survived)
	if len(r.Problems) > 0 {
		fmt.Fprintf(b, ", %d problems", len(r.Problems))
	}
	fmt.Fprintln(b)
	return b.Flush()
}

// few joins ids, all or the first ones.
func few(ids []string, all bool) string {
	const n = 3
	if all || len(ids) <= n {
		return strings.Join(ids, " ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(ids[:n], " "), len(ids)-n)
}

// faultyJCS answers a case of op jcs with the fault that is on.
func faultyJCS(input json.RawMessage) (conformance.Answer, bool) {
	var in struct {
		JSON string `json:"json"`
	}
	if json.Unmarshal(input, &in) != nil {
		return conformance.Answer{}, false
	}
	value, err, done := ajwt.FaultyJCS([]byte(in.JSON))
	if err != nil {
		return conformance.Answer{Verdict: "reject"}, done
	}
	return conformance.Answer{Verdict: "accept", Value: string(value)}, done
}
