//go:build ajwt_faults

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/agentic-jwt/ajwt/conformance"
	ajwt "github.com/agentic-jwt/ajwt/core"
)

// mutate runs the vectors against each fault. The report is nil where only the
// catalogue was written.
func mutate(o *options, progress func(done, total int, name string)) (*report, error) {
	faults := ajwt.SeededFaults()
	if o.write {
		return nil, writeCatalogue(o.catalogue, faults)
	}
	faults, err := selected(faults, o.fault)
	if err != nil {
		return nil, err
	}
	suite, err := conformance.LoadSuite(o.vectors)
	if err != nil {
		return nil, err
	}
	if failed, err := failures(suite, nil); err != nil || len(failed) > 0 {
		return nil, fmt.Errorf("without a fault every vector must pass; %d fail: %s %w", len(failed), few(slices.Sorted(maps.Keys(failed)), false), errors.Join(err))
	}
	claims := map[string][]string{}
	for _, c := range suite.Cases() {
		for _, name := range c.Kills {
			claims[name] = append(claims[name], c.ID)
		}
	}
	r := &report{Format: "ajwt-mutants/1", Cases: suite.Len(), Problems: []string{}}
	for i, f := range faults {
		progress(i, len(faults), f.Name)
		if !ajwt.SwitchFault(f.Name) {
			return nil, fmt.Errorf("%s is listed and cannot be switched on", f.Name)
		}
		failed, err := killers(suite, claims[f.Name], o.all)
		ajwt.SwitchFault("")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		r.add(f, failed, claims[f.Name])
	}
	progress(0, 0, "")
	if o.fault != "" {
		return r, nil
	}
	for _, f := range faults {
		delete(claims, f.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		r.problem("the fault %s, which no source file seeds, is named by %s", name, few(claims[name], o.verbose))
	}
	text, err := readCatalogue(o.catalogue)
	if err != nil {
		return nil, err
	}
	for _, p := range compareCatalogue(text, faults) {
		r.problem("%s", p)
	}
	return r, nil
}

// selected returns the faults to run: all, or those that the comma-separated names and
// globs match.
func selected(faults []ajwt.SeededFault, globs string) ([]ajwt.SeededFault, error) {
	if globs == "" {
		return faults, nil
	}
	names := make([]string, len(faults))
	wanted := make([]bool, len(faults))
	for i, f := range faults {
		names[i] = f.Name
	}
	for glob := range strings.SplitSeq(globs, ",") {
		found := false
		for i, name := range names {
			if ok, err := path.Match(glob, name); err != nil {
				return nil, fmt.Errorf("-fault %q: %w", glob, err)
			} else if ok {
				wanted[i], found = true, true
			}
		}
		if !found {
			hint := "run without -fault to see all"
			if near := close(glob, names); len(near) > 0 {
				hint = "close names: " + strings.Join(near, ", ")
			}
			return nil, fmt.Errorf("there is no fault %q; %s", glob, hint)
		}
	}
	var some []ajwt.SeededFault
	for i, f := range faults {
		if wanted[i] {
			some = append(some, f)
		}
	}
	return some, nil
}

// panicked is the answer of a verifier that breaks down, which is no way to be wrong.
const panicked = "panic"

// killers returns the vectors that notice the fault that is on: those that claim to, and
// only where they do not, or all are asked for, the others too. Hundreds of faults against
// thousands of vectors each would take longer than anybody waits.
func killers(suite *conformance.Suite, claimed []string, all bool) (map[string]string, error) {
	if len(claimed) > 0 && !all {
		if failed, err := failures(suite, claimed); err != nil || len(failed) > 0 {
			return failed, err
		}
	}
	return failures(suite, nil)
}

// failures runs vectors, or all for nil, on the native core and returns the ids of those
// that give another answer than they should, with the answer. A rejection does not count
// as wrong because its twin is.
func failures(suite *conformance.Suite, ids []string) (map[string]string, error) {
	report, err := conformance.Run(context.Background(), suite, []conformance.Subject{subject{conformance.Native()}}, conformance.Options{Seed: 1, Filter: strings.Join(ids, ",")})
	if err != nil {
		return nil, err
	}
	failed := map[string]string{}
	for _, r := range report.Subjects[0].Results {
		switch {
		case r.Result == conformance.ResultPassed || r.Class == conformance.ClassTwin:
		case strings.HasPrefix(r.Reason, "panic") || strings.HasSuffix(r.Gave, "internal_panic"):
			failed[r.Case] = panicked
		default:
			failed[r.Case] = r.Gave
		}
	}
	return failed, nil
}

// subject is the native core, with canonical JSON and the clock as a fault may have
// them: no check of the list and no place in core stands for those.
type subject struct{ conformance.Subject }

// Run implements conformance.Subject.
func (s subject) Run(ctx context.Context, p *conformance.Prepared) (conformance.Answer, error) {
	if p.Op == "jcs" {
		if answer, done := faultyJCS(p.Input); done {
			return answer, nil
		}
	}
	faulty := *p
	if p.Op == "verify" && p.Replay.Capacity == 0 {
		faulty.Replay.Capacity, faulty.Replay.PerKey = 16, 16 // enough for one request, and made in no time
	}
	faulty.Requests = slices.Clone(p.Requests)
	for i := range faulty.Requests {
		faulty.Requests[i].Now = ajwt.FaultyClock(faulty.Requests[i].Now)
	}
	return s.Subject.Run(ctx, &faulty)
}
