package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// settings say which search it is. The same settings find the same pair, whatever the
// number of workers and however often the search was interrupted.
type settings struct {
	Lawful   string `json:"lawful"`   // template, see parseTemplate
	Unlawful string `json:"unlawful"` // template
	Bits     int    `json:"bits"`     // of the hash that collide: a multiple of 4, 16 to 64
	ZeroBits int    `json:"zero_bits"`
	Seed     uint64 `json:"seed"`
}

// maxZeroBits bounds the mean length of a trail, which is also how long an interrupt
// takes to be obeyed: 2^24 hashes are about two seconds.
const maxZeroBits = 24

// defaultZeroBits leaves about 2^14 distinguished points in memory: few enough to keep
// and to write into a checkpoint, and enough that the ends of trails, which are walked
// for nothing, are less than a thousandth of the work.
func defaultZeroBits(bits int) int { return max(0, bits/2-13) }

func (s settings) validate() error {
	switch {
	case s.Bits < 16 || s.Bits > 64 || s.Bits%4 != 0:
		return fmt.Errorf("--bits %d: not a multiple of 4 from 16 to 64", s.Bits)
	case s.ZeroBits < 0 || s.ZeroBits > maxZeroBits || s.ZeroBits > s.Bits/2:
		return fmt.Errorf("--zero-bits %d: not from 0 to %d", s.ZeroBits, min(maxZeroBits, s.Bits/2))
	}
	return nil
}

// expected is the mean number of hashes: sqrt(pi/2 * 2^bits) until two states collide,
// times sqrt(2), since half of the collisions are between a lawful and an unlawful
// chain.
func (s settings) expected() float64 { return math.Sqrt(math.Pi * math.Exp2(float64(s.Bits))) }

// chance is the probability that a search has ended after so many hashes.
func (s settings) chance(hashes float64) float64 {
	return 1 - math.Exp(-hashes*hashes/math.Exp2(float64(s.Bits+2)))
}

// progress is what a search has done: it is what a checkpoint holds.
type progress struct {
	Next    uint64  `json:"next"`    // the first trail that is not among the merged ones
	Hashes  uint64  `json:"hashes"`  // of merged trails, and of following two back
	Useless uint64  `json:"useless"` // collisions of two chains of one template
	Seconds float64 `json:"seconds"` // wall clock, over all runs
	Points  []trail `json:"points"`  // one for each distinguished point
}

// search is one run of the van Oorschot-Wiener method (Parallel Collision Search with
// Cryptanalytic Applications, Journal of Cryptology 12, 1999): workers walk trails from
// numbered starts to distinguished points; two trails that end in the same point have
// met, and are walked again to where.
type search struct {
	settings
	progress
	workers int
	walker  walker
	ends    map[uint64]trail

	begun  time.Time
	before float64       // seconds of the runs before this one
	walked atomic.Uint64 // hashes of this run's trails, merged or not
}

// newSearch starts from done, which is empty or a checkpoint's.
func newSearch(s settings, workers int, done progress) (*search, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	if workers < 1 {
		return nil, fmt.Errorf("--workers %d: not positive", workers)
	}
	w, err := newWalker(s.Lawful, s.Unlawful, s.Bits)
	if err != nil {
		return nil, err
	}
	r := &search{settings: s, progress: done, workers: workers, walker: w, before: done.Seconds,
		ends: make(map[uint64]trail, len(done.Points))}
	for _, p := range done.Points {
		if p.Index >= done.Next {
			return nil, errors.New("checkpoint: a trail beyond the next one")
		}
		r.ends[p.End] = p
	}
	return r, nil
}

// hooks are called from the goroutine that merges, in between trails.
type hooks struct {
	every time.Duration // how often
	call  func() error  // an error ends the search
}

// run searches until a useful pair is found or ctx ends. Trails are merged in the order
// of their numbers, not of their arrival: so the result does not depend on how the
// workers were scheduled.
func (r *search) run(ctx context.Context, on ...hooks) (lawfulState, unlawfulState uint64, err error) {
	r.begun = time.Now()
	walked := r.launch(ctx)
	defer func() {
		walked.stop()
		r.Seconds = r.seconds()
	}()
	due := make([]time.Time, len(on))
	for i := range on {
		due[i] = r.begun.Add(on[i].every)
	}
	early := make(map[uint64]trail)
	for {
		select {
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		case t := <-walked.trails:
			early[t.Index] = t
		}
		for t, ok := early[r.Next]; ok; t, ok = early[r.Next] {
			delete(early, t.Index)
			if a, b, found := r.merge(t); found {
				return a, b, nil
			}
		}
		for i, now := 0, time.Now(); i < len(on); i++ {
			if now.Before(due[i]) {
				continue
			}
			due[i] = now.Add(on[i].every)
			r.Seconds = r.seconds()
			if err := on[i].call(); err != nil {
				return 0, 0, err
			}
		}
	}
}

// merge takes the next trail. It returns a pair where the trail meets an earlier one
// in a collision between a lawful and an unlawful chain.
func (r *search) merge(t trail) (lawfulState, unlawfulState uint64, found bool) {
	r.Next = t.Index + 1
	r.Hashes += t.Length
	if t.givenUp(r.ZeroBits) {
		return 0, 0, false
	}
	other, met := r.ends[t.End]
	if !met {
		r.ends[t.End] = t
		r.Points = append(r.Points, t)
		return 0, 0, false
	}
	a, b, steps, ok := r.walker.meet(r.walker.start(r.Seed, t.Index), r.walker.start(r.Seed, other.Index), t.Length, other.Length)
	r.Hashes += steps
	switch {
	case !ok:
		return 0, 0, false
	case lawful(a) == lawful(b):
		r.Useless++
		return 0, 0, false
	case lawful(a):
		return a, b, true
	}
	return b, a, true
}

// givenUp tells whether walk gave the trail up: then End is no distinguished point.
func (t trail) givenUp(zeroBits int) bool { return t.End == noEnd && t.Length == maxTrail<<zeroBits }

// noEnd is the End of a trail that was given up.
const noEnd = math.MaxUint64

// seconds is the time over all runs.
func (r *search) seconds() float64 { return r.before + time.Since(r.begun).Seconds() }

// crew is the workers of a run.
type crew struct {
	trails chan trail
	quit   context.CancelFunc
	all    sync.WaitGroup
}

// launch starts the workers.
func (r *search) launch(ctx context.Context) *crew {
	ctx, quit := context.WithCancel(ctx)
	c := &crew{trails: make(chan trail, 64*r.workers), quit: quit}
	var next atomic.Uint64
	next.Store(r.Next)
	for range r.workers {
		w := r.walker
		c.all.Go(func() {
			for ctx.Err() == nil {
				t := trail{Index: next.Add(1) - 1}
				var ok bool
				if t.End, t.Length, ok = w.walk(w.start(r.Seed, t.Index), r.ZeroBits); !ok {
					t.End = noEnd
				}
				r.walked.Add(t.Length)
				select {
				case c.trails <- t:
				case <-ctx.Done():
				}
			}
		})
	}
	return c
}

// stop ends the workers and waits for them.
func (c *crew) stop() {
	c.quit()
	c.all.Wait()
}
