package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"testing"
)

// target is one goal: measured at most limit.
type target struct {
	Name     string  `json:"name"`
	Measured float64 `json:"measured"`
	Limit    float64 `json:"limit"`
	Unit     string  `json:"unit"`
	Reached  bool    `json:"reached"`
}

func goal(name string, measured, limit float64, unit string) target {
	return target{name, measured, limit, unit, measured <= limit}
}

// The units of targets.
const (
	unitRatio   = "x"
	unitAllocs  = "allocations"
	unitMB      = "MB"
	unitSeconds = "s"
	unitMicro   = "µs"
)

// targets compares the run with its goals.
func (b *bench) targets(flats []*flat, allocs []allocation, module []byte) []target {
	var out []target
	for _, g := range b.groups {
		name := fmt.Sprintf("native decision, token + DPoP, %s, to its two bare checks", g.pair())
		out = append(out, goal(name, b.against(g, tokenProof, rowNative, rowRaw), 1.15, unitRatio))
	}
	for _, g := range b.groups {
		out = append(out, goal("native parse, policy and claims, cached token without proof, "+g.name,
			b.median(g, cachedToken, rowNative), 0.22, unitRatio))
	}
	for _, a := range allocs {
		if a.Scenario == cachedToken.String() {
			out = append(out, goal("the same, allocations, "+a.Group, a.PerDecision, 10, unitAllocs))
		}
	}
	for _, g := range b.groups {
		out = append(out,
			goal("reject before signatures (unknown kid), native, "+g.name, b.median(g, rejectKid, rowNative), 0.27, unitRatio),
			goal("reject before signatures (unknown kid), wazero, "+g.name, b.median(g, rejectKid, rowWasm), 1.1, unitRatio))
	}
	for _, g := range b.groups {
		best := b.fastestPeer(g)
		out = append(out, goal(fmt.Sprintf("native, token only, %s, to the fastest peer (%s)", g.name, best),
			b.against(g, tokenOnly, rowNative, best), 1, unitRatio))
	}
	for _, f := range flats {
		out = append(out, goal("native decision "+f.name, median(f.ratios), 1.1, unitRatio))
	}
	return append(out, goal("module after gzip -9", gzippedMB(module), 1.45, unitMB))
}

// pair names the algorithms of token and proof.
func (g *group) pair() string { return g.name + "+" + g.agents[0].alg }

func (b *bench) fastestPeer(g *group) string {
	best, at := "", 0.0
	for _, sub := range b.subjects {
		if _, ok := sub.(*peer); !ok {
			continue
		}
		if m := b.median(g, tokenOnly, sub.name()); best == "" || m < at {
			best, at = sub.name(), m
		}
	}
	return best
}

// gzippedMB is in units of 1,000,000 bytes, as the budget of wasm/golden.
func gzippedMB(module []byte) float64 {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	must(err)
	_, err = w.Write(module)
	must(err)
	must(w.Close())
	return float64(out.Len()) / 1e6
}

// allocation is how often one decision of a scenario allocates.
type allocation struct {
	Group       string  `json:"group"`
	Scenario    string  `json:"scenario"`
	PerDecision float64 `json:"per_decision"`
}

// allocations counts those of the native core in every scenario.
func (b *bench) allocations(n subject) ([]allocation, error) {
	var out []allocation
	for _, g := range b.groups {
		for s := range scenario(scenarios) {
			batch := g.batch(s, b.now)
			at := 0
			var wrong error
			per := testing.AllocsPerRun(len(batch)-1, func() {
				if err := decideAll(n, s, batch[at:at+1]); err != nil {
					wrong = err
				}
				at++
			})
			if wrong != nil {
				return nil, wrong
			}
			out = append(out, allocation{g.name, s.String(), per})
		}
	}
	return out, nil
}
