package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/hosts/replaystore"
	"github.com/agentic-jwt/ajwt/hosts/replaystore/redistest"
)

// intents is what enforcing a token's own claims costs, native.
type intents struct {
	Compile *compiled   `json:"bundle_compile"`
	Added   float64     `json:"added_us"`      // of workflow, chain and revocation checks, without links
	Cold    float64     `json:"added_cold_us"` // the same after a collection has emptied the caches
	Links   []linkCost  `json:"links"`
	Flat    []agentCost `json:"agents"`
	Redis   *redisCost  `json:"redis"`
}

// linkCost is a decision with a bundle and links, token and proof not seen before, and
// with both signatures and links remembered, in units of the table.
type linkCost struct {
	Depth  int     `json:"depth"`
	Fresh  float64 `json:"fresh"`  // token, proof and links
	Cached float64 `json:"cached"` // token and links seen before, no proof
}

// agentCost is the whole decision (token and proof) to that with one agent.
type agentCost struct {
	Agents int     `json:"agents"`
	Ratio  float64 `json:"ratio"`
}

// redisCost is one call of the script, over loopback, in microseconds.
type redisCost struct {
	Microseconds float64 `json:"median_us"`
	Slow         float64 `json:"p99_us"`
}

const (
	intentTurns = 100 // of eight decisions each
	intentBatch = 8
	manyAgents  = 100000
)

func measureIntents(now int64, progress func(string, int, int)) (*intents, error) {
	out := &intents{}
	small, medium, large := newWorld(1, now), newWorld(1000, now), newWorld(manyAgents, now)
	var err error
	if out.Compile, err = large.compile(now); err != nil {
		return nil, err
	}
	progress("intent", 1, 5)
	if out.Added, err = medium.added(now, 20*intentTurns, false); err != nil {
		return nil, err
	}
	if out.Cold, err = medium.added(now, 2*intentTurns, true); err != nil {
		return nil, err
	}
	progress("intent", 2, 5)
	if err = medium.links(out, now); err != nil {
		return nil, err
	}
	progress("intent", 3, 5)
	if err = flatAgents(out, now, small, medium, large); err != nil {
		return nil, err
	}
	progress("intent", 4, 5)
	out.Redis, err = redis()
	progress("intent", 5, 5)
	return out, err
}

// side is one of several ways to decide that take turns.
type side struct {
	verifier *ajwt.Verifier
	batch    func(turn int) []sent
	times    []float64 // seconds of one decision, by turn
}

// interleave has the sides take turns. With collect, what minting left is collected before
// the clock starts, which also empties the processor's caches.
func interleave(sides []*side, turns int, collect bool) error {
	for turn := range turns {
		batches := make([][]sent, len(sides))
		for i, s := range sides {
			batches[i] = s.batch(turn)
		}
		if collect {
			runtime.GC()
		}
		for n := range sides {
			i := (n + turn) % len(sides)
			start := time.Now()
			for j := range batches[i] {
				d := sides[i].verifier.Verify(&batches[i][j].request)
				if got := outcome(&d); got != "" {
					return fmt.Errorf("intent: want an acceptance, have %s", got)
				}
			}
			sides[i].times = append(sides[i].times, time.Since(start).Seconds()/float64(len(batches[i])))
		}
	}
	return nil
}

// added is the median difference, turn by turn, between a decision at level ajwt, with
// bundle and required list, and one at level jwt of the same known tokens.
func (w *world) added(now int64, turns int, cold bool) (float64, error) {
	tokens := make([]sent, intentBatch)
	for i := range tokens {
		tokens[i] = w.request(i, 1+i, false, false, now)
	}
	same := func(int) []sent { return tokens }
	with, err := w.verifier(true, nil, now)
	if err != nil {
		return 0, err
	}
	without, err := w.verifier(false, nil, now)
	if err != nil {
		return 0, err
	}
	sides := []*side{{verifier: with, batch: same}, {verifier: without, batch: same}}
	if err := interleave(sides, turns, cold); err != nil {
		return 0, err
	}
	differences := make([]float64, len(sides[0].times))
	for i := range differences {
		differences[i] = (sides[0].times[i] - sides[1].times[i]) * 1e6
	}
	return median(differences), nil
}

func (w *world) links(out *intents, now int64) error {
	serial := 1000
	depths := []int{0, 1, 2, 4, 8}
	fresh, err := w.verifier(true, ajwt.NewSignatureCache(0), now)
	if err != nil {
		return err
	}
	cached, err := w.verifier(true, nil, now)
	if err != nil {
		return err
	}
	var sides []*side
	for _, depth := range depths {
		known := make([]sent, intentBatch)
		for i := range known {
			serial++
			known[i] = w.request(serial, depth, true, false, now)
		}
		sides = append(sides, &side{verifier: fresh, batch: func(int) []sent {
			batch := make([]sent, intentBatch)
			for i := range batch {
				serial++
				batch[i] = w.request(serial, depth, true, true, now)
			}
			return batch
		}}, &side{verifier: cached, batch: func(int) []sent { return known }})
	}
	unit := &key{}
	*unit = *w.server
	var base []float64
	for turn := range intentTurns {
		token := unit.compact(`{}`, fmt.Sprint(turn))
		start := time.Now()
		for range intentBatch {
			if !token.holds() {
				return fmt.Errorf("intent: the unit does not hold")
			}
		}
		base = append(base, time.Since(start).Seconds()/intentBatch)
		if err := interleave(sides, 1, true); err != nil {
			return err
		}
	}
	for i, depth := range depths {
		cost := linkCost{Depth: depth}
		for which, to := range []*float64{&cost.Fresh, &cost.Cached} {
			ratios := make([]float64, len(base))
			for turn := range base {
				ratios[turn] = sides[2*i+which].times[turn] / base[turn]
			}
			*to = median(ratios)
		}
		out.Links = append(out.Links, cost)
	}
	return nil
}

// flatAgents compares the whole decision with bundles of 1, 1,000 and 100,000 agents, for
// the one agent that all of them have.
func flatAgents(out *intents, now int64, worlds ...*world) error {
	serial := 500000
	var sides []*side
	for _, w := range worlds {
		v, err := w.verifier(true, ajwt.NewSignatureCache(0), now)
		if err != nil {
			return err
		}
		sides = append(sides, &side{verifier: v, batch: func(int) []sent {
			batch := make([]sent, intentBatch)
			for i := range batch {
				serial++
				batch[i] = w.request(serial, 0, false, true, now)
			}
			return batch
		}})
	}
	if err := interleave(sides, 2*intentTurns, true); err != nil {
		return err
	}
	for i, w := range worlds {
		ratios := make([]float64, len(sides[i].times))
		for turn := range ratios {
			ratios[turn] = sides[i].times[turn] / sides[0].times[turn]
		}
		out.Flat = append(out.Flat, agentCost{w.agents, median(ratios)})
	}
	return nil
}

// redis times the script on a real server of this machine.
func redis() (*redisCost, error) {
	server, err := redistest.Start()
	if err != nil {
		return nil, err
	}
	defer server.Close()
	store, err := replaystore.OpenRedis(context.Background(), replaystore.RedisOptions{URL: server.URL()})
	if err != nil {
		return nil, err
	}
	defer store.Close()
	now := time.Now().Unix()
	var times []float64
	for i := range 5000 {
		k := ajwt.ReplayKey{Expires: now + 120}
		k.Key[0], k.Key[1], k.Tag[0] = byte(i), byte(i>>8), byte(i%intentBatch)
		start := time.Now()
		if result, _ := store.Record([]ajwt.ReplayKey{k}, now); result != ajwt.ReplayFresh {
			return nil, fmt.Errorf("redis: want a fresh key, have result %d", result)
		}
		times = append(times, time.Since(start).Seconds()*1e6)
	}
	slices.Sort(times)
	return &redisCost{median(times), quantile(times, 0.99)}, nil
}

func (n *intents) targets() []target {
	return []target{
		goal(fmt.Sprintf("bundle of %d agents and %d workflows, verify and compile, native", n.Compile.Agents, n.Compile.Workflows), n.Compile.Seconds, 5, unitSeconds),
		goal("workflow, chain and revocation checks without links, native", n.Added, 3, unitMicro),
		goal(fmt.Sprintf("native decision from %d to %d agents", n.Flat[0].Agents, n.Flat[1].Agents), n.Flat[1].Ratio, 1.1, unitRatio),
		goal(fmt.Sprintf("native decision from %d to %d agents", n.Flat[0].Agents, n.Flat[2].Agents), n.Flat[2].Ratio, 1.1, unitRatio),
	}
}

func (n *intents) writeText(w io.Writer) error {
	fmt.Fprintf(w, "\nIntent, native\nA bundle of %.1f MB keeps %.0f MB in memory (at most %.0f MB while it is loaded).\n", n.Compile.BundleMB, n.Compile.KeptMB, n.Compile.PeakMB)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "bundle and links of depth")
	for _, l := range n.Links {
		fmt.Fprintf(t, "\t%d", l.Depth)
	}
	fmt.Fprint(t, "\t\ntoken, proof and links fresh")
	for _, l := range n.Links {
		fmt.Fprintf(t, "\t%.2f", l.Fresh)
	}
	fmt.Fprint(t, "\t\ntoken and links known, no proof")
	for _, l := range n.Links {
		fmt.Fprintf(t, "\t%.3f", l.Cached)
	}
	fmt.Fprint(t, "\t\n")
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "Workflow, chain and revocation checks add %.2f µs, and %.2f µs right after a garbage collection, with cold caches.\n", n.Added, n.Cold)
	_, err := fmt.Fprintf(w, "Redis replay, one script call over loopback: %.0f µs, 99th percentile %.0f µs.\n", n.Redis.Microseconds, n.Redis.Slow)
	return err
}
