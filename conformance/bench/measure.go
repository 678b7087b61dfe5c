package main

import (
	"fmt"
	"runtime"
	"slices"
	"time"
)

// cell is one place of the table.
type cell struct {
	group    *group
	scenario scenario
	subject  string
}

// bench is everything that is measured in one run.
type bench struct {
	groups   []*group
	subjects []subject          // the table's rows, in order
	now      int64              // NumericDate; advances with every round
	ratios   map[cell][]float64 // to the base, by turn
	base     []float64          // seconds of one base check, by turn
}

// secondsPerRound makes proofs expire from the replay memories while the run lasts.
const secondsPerRound = 7

// check decides every scenario once and compares the verdicts, untimed. It warms the
// caches too.
func (b *bench) check() error {
	for _, g := range b.groups {
		for s := range scenario(scenarios) {
			batch := g.batch(s, b.now)
			for _, sub := range b.subjects {
				if !sub.does(s) {
					continue
				}
				sub.at(b.now)
				if err := decideAll(sub, s, batch); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// decideAll holds every decision against what it must be: a wrong answer is never
// timed.
func decideAll(sub subject, s scenario, batch []sent) error {
	for i := range batch {
		if got := sub.decide(s, &batch[i]); got != batch[i].want {
			return fmt.Errorf("%s, %s, %s: want %q, have %q", sub.name(), batch[i].from.name, s, batch[i].want, got)
		}
	}
	return nil
}

// run measures so many rounds.
func (b *bench) run(rounds int, progress func(done int)) error {
	for round := range rounds {
		b.now += secondsPerRound
		for _, g := range b.groups {
			for s := range scenario(scenarios) {
				if err := b.cell(g, s, round); err != nil {
					return err
				}
			}
		}
		progress(round + 1)
	}
	return nil
}

// turns is how many turns a batch is cut into.
const turns = 8

// part is the part of a batch that belongs to a turn.
func part(batch []sent, turn, turns int) []sent {
	return batch[turn*len(batch)/turns : (turn+1)*len(batch)/turns]
}

// cell takes one measurement a turn: all subjects and the base decide the same few
// requests one after the other, in an order that changes. Turns are short, so that
// what else the machine does falls on few of them, and the median passes over those.
func (b *bench) cell(g *group, s scenario, round int) error {
	batch := g.batch(s, b.now)
	base := b.groups[0].batch(tokenOnly, b.now)
	runtime.GC() // what the minting left is nobody's
	for turn := range turns {
		if err := b.turn(cell{group: g, scenario: s}, part(batch, turn, turns), part(base, turn, turns), round+turn); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) turn(c cell, batch, base []sent, first int) error {
	times := map[string]float64{}
	for i := range len(b.subjects) + 1 {
		at := (i + first) % (len(b.subjects) + 1)
		sub, s, requests, name := subject(raw{}), tokenOnly, base, rowBase
		if at < len(b.subjects) {
			sub, s, requests = b.subjects[at], c.scenario, batch
			name = sub.name()
		}
		if !sub.does(s) {
			continue
		}
		sub.at(b.now)
		took, err := clock(sub, s, requests)
		if err != nil {
			return err
		}
		times[name] = took
	}
	b.base = append(b.base, times[rowBase])
	for name, t := range times {
		c.subject = name
		b.ratios[c] = append(b.ratios[c], t/times[rowBase])
	}
	return nil
}

// clock returns the seconds that one decision took on average.
func clock(sub subject, s scenario, batch []sent) (float64, error) {
	start := time.Now()
	err := decideAll(sub, s, batch)
	return time.Since(start).Seconds() / float64(len(batch)), err
}

// median of the ratio of one subject to the base.
func (b *bench) median(g *group, s scenario, subject string) float64 {
	return median(b.ratios[cell{g, s, subject}])
}

// against is the median of the ratio of one subject to another in the same turn.
func (b *bench) against(g *group, s scenario, subject, other string) float64 {
	a, o := b.ratios[cell{g, s, subject}], b.ratios[cell{g, s, other}]
	quotients := make([]float64, len(a))
	for i := range a {
		quotients[i] = a[i] / o[i]
	}
	return median(quotients)
}

// median returns 0 for no values.
func median(values []float64) float64 { return quantile(values, 0.5) }

func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}
