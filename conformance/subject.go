package conformance

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// Subject is something that decides cases: one of our own builds, or an outside
// implementation. A Subject is used by one goroutine.
type Subject interface {
	// Name identifies the subject in reports.
	Name() string
	// Features tells what the subject declares; what it lacks is skipped.
	Features() Features
	// Run decides one case. An error is a *Fault: the subject did not answer. An
	// error that wraps ErrGone ends the subject's run.
	Run(ctx context.Context, p *Prepared) (Answer, error)
	// Close ends the subject. An error is a *Fault: it did not end as it should.
	Close() error
}

// Features is what a subject declares about itself.
type Features struct {
	Version    string
	Operations []string // of Operations
	Algorithms []string // JOSE names; nil for all
	Profiles   []string // of Profiles; nil for all
	Extensions []string // of Extensions; nil for all
	Codes      bool     // it names rejection codes; if not, only verdicts are compared
	Own        bool     // a build of this project: every detail must agree with the others
	Subset     bool     // too slow for all cases: it takes the fixed subset
}

// lacks says why a case is not for the subject, "" if it is.
func (f *Features) lacks(p *Prepared) string {
	if !slices.Contains(f.Operations, p.Op) {
		return "operation " + p.Op
	}
	if missing := without(p.Algorithms, f.Algorithms); f.Algorithms != nil && len(missing) > 0 {
		return "algorithm " + strings.Join(missing, ", ")
	}
	if missing := without(p.Profiles, f.Profiles); f.Profiles != nil && len(missing) > 0 {
		return "profile " + strings.Join(missing, ", ")
	}
	if missing := without(p.Extensions, f.Extensions); f.Extensions != nil && len(missing) > 0 {
		return "feature " + strings.Join(missing, ", ")
	}
	return ""
}

func without(all, known []string) []string {
	var missing []string
	for _, a := range all {
		if !slices.Contains(known, a) {
			missing = append(missing, a)
		}
	}
	return missing
}

// The ways in which a subject fails to answer. None of them is a rejection.
const (
	FaultCrash    = "crash"    // it ended, panicked or trapped
	FaultHang     = "hang"     // no answer in time
	FaultProtocol = "protocol" // an answer that the protocol does not allow
)

// Fault says that a subject did not answer.
type Fault struct {
	Class  string // FaultCrash, FaultHang or FaultProtocol
	Detail string // for people
}

// Error implements error.
func (f *Fault) Error() string { return f.Class + ": " + f.Detail }

// ErrGone says that a subject cannot go on: it faulted too often, or does not start.
var ErrGone = errors.New("the subject cannot go on")
