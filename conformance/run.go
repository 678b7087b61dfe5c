package conformance

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Options steer a run.
type Options struct {
	Filter   string              // comma-separated globs over case ids, "" for all
	Seed     uint64              // of the shuffle
	Expected []*ExpectedFailures // at most one per subject
	Today    time.Time           // decides whether an expected failure has run out
	Progress func(subject string, done, total int)
	Rerun    func(subject, id string) string // the command that re-runs one case
}

// errNothing says that a filter left nothing to run.
var errNothing = errors.New("the filter matches no case")

// outcome is what a subject did with one case: an answer, a fault, or nothing.
type outcome struct {
	answer  Answer
	fault   *Fault
	skipped string // why the case is not for the subject
	notRun  bool   // the run ended before
}

// Run lets every subject decide the selected cases and judges the answers. An error
// means that there is nothing to report: the options are wrong.
func Run(ctx context.Context, s *Suite, subjects []Subject, o Options) (*Report, error) {
	selected, err := s.match(o.Filter)
	if err != nil {
		return nil, err
	}
	if len(selected) == 0 {
		return nil, errNothing
	}
	if len(subjects) == 0 {
		return nil, errors.New("no subject")
	}
	expected := make(map[string]*ExpectedFailures)
	for _, e := range o.Expected {
		if expected[e.Subject] != nil {
			return nil, fmt.Errorf("two files of expected failures for %s", e.Subject)
		}
		expected[e.Subject] = e
	}
	r := &Report{Format: ReportFormat, Suite: ReportSuite{Spec: s.spec, Cases: s.Len(), Selected: len(selected)}, Seed: o.Seed}
	var reference map[int]*outcome // answers of the first of our own builds
	for _, subject := range subjects {
		features := subject.Features()
		cases := selected
		if features.Subset && (o.Filter == "" || len(selected) > subsetCases) {
			cases = s.subset(selected)
		}
		start := time.Now()
		outcomes, faults := runSubject(ctx, s, subject, s.withTwins(cases), o)
		j := &judge{suite: s, subject: subject.Name(), features: &features, outcomes: outcomes, expected: expected[subject.Name()], options: &o}
		if features.Own {
			j.reference = reference
			if reference == nil {
				reference = outcomes
			}
		}
		delete(expected, subject.Name())
		sr := j.report(cases, faults)
		sr.ElapsedMS = time.Since(start).Milliseconds()
		r.add(sr)
	}
	for name := range expected {
		return nil, fmt.Errorf("expected failures for %q, which is no subject of this run", name)
	}
	r.finish()
	return r, nil
}

// runSubject runs the cases in the seed's order and closes the subject. The faults
// are those of the subject itself: it did not end as it should.
func runSubject(ctx context.Context, s *Suite, subject Subject, cases []int, o Options) (map[int]*outcome, []*Fault) {
	order := append([]int(nil), cases...)
	random := rand.New(rand.NewPCG(o.Seed, 0))
	random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })

	if p, ok := subject.(planner); ok {
		order = planned(s, order, p)
	}
	features := subject.Features()
	leaver, _ := subject.(leaver)
	outcomes := make(map[int]*outcome, len(order))
	var faults []*Fault
	gone := false
	for done, i := range order {
		out := new(outcome)
		outcomes[i] = out
		if out.skipped = features.lacks(s.prepared[i]); out.skipped == "" && leaver != nil {
			out.skipped = leaver.LeavesOut(s.prepared[i])
		}
		if out.skipped != "" {
			continue
		}
		if gone || ctx.Err() != nil {
			out.notRun = true
			continue
		}
		answer, err := runOne(ctx, subject, s.prepared[i])
		if err != nil {
			out.fault = asFault(err)
			gone = errors.Is(err, ErrGone)
		} else {
			out.answer = answer
		}
		if o.Progress != nil {
			o.Progress(subject.Name(), done+1, len(order))
		}
	}
	if err := subject.Close(); err != nil && !gone {
		faults = append(faults, asFault(err))
	}
	return outcomes, faults
}

// planner is a Subject for which some orders are cheaper. Plan gets the cases in the
// seed's order and returns the order of its choice, as indexes.
type planner interface{ Plan(cases []*Prepared) []int }

// leaver is a Subject that has no way to meet some cases of its operations. LeavesOut says
// why, "" for a case that it takes.
type leaver interface{ LeavesOut(p *Prepared) string }

func planned(s *Suite, order []int, p planner) []int {
	cases := make([]*Prepared, len(order))
	for n, i := range order {
		cases[n] = s.prepared[i]
	}
	again := make([]int, 0, len(order))
	for _, n := range p.Plan(cases) {
		again = append(again, order[n])
	}
	return again
}

// runOne turns a panic of a subject in this process into a crash.
func runOne(ctx context.Context, subject Subject, p *Prepared) (answer Answer, err error) {
	defer func() {
		if r := recover(); r != nil {
			answer, err = Answer{}, &Fault{FaultCrash, fmt.Sprint("panic: ", r)}
		}
	}()
	return subject.Run(ctx, p)
}

func asFault(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return &Fault{FaultCrash, err.Error()}
}
