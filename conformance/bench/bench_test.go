package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// module reads dist/ajwt.wasm. Without it the tests fail: they would show nothing.
func module(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile("../../dist/ajwt.wasm")
	if err != nil {
		t.Fatalf("run make wasm first: %v", err)
	}
	return data
}

// TestOneRound runs the whole program once. Every verdict in it is checked.
func TestOneRound(t *testing.T) {
	r, err := measure(module(t), 1, func(string, int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Table) != 6 {
		t.Fatalf("%d rows, want 6", len(r.Table))
	}
	for _, line := range r.Table {
		if len(line.Ratios) != 3*scenarios {
			t.Errorf("%s: %d columns", line.Subject, len(line.Ratios))
		}
		for _, at := range line.Ratios {
			if at.Ratio != nil && *at.Ratio <= 0 {
				t.Errorf("%s, %s, %s: not measured", line.Subject, at.Group, at.Scenario)
			}
		}
	}
	for _, g := range r.Targets {
		if g.Measured <= 0 && g.Unit != unitAllocs {
			t.Errorf("%s: not measured", g.Name)
		}
	}
	if len(r.Allocations) != 3*scenarios {
		t.Errorf("%d allocation counts", len(r.Allocations))
	}
	checkOutput(t, r)
}

func checkOutput(t *testing.T, r *report) {
	var text, object bytes.Buffer
	if err := r.writeText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{rowNative, rowWasm, "golang-jwt", "go-jose", "lestrrat jwx", "n/a", "Targets"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the text lacks %q", want)
		}
	}
	if err := r.writeJSON(&object); err != nil {
		t.Fatal(err)
	}
	var back report
	if err := json.Unmarshal(object.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if len(back.Targets) != len(r.Targets) || len(back.Table) != len(r.Table) {
		t.Error("the JSON lacks rows")
	}
}

// countingCache counts the hits of a signature cache.
type countingCache struct {
	ajwt.SignatureCache
	hits int
}

func (c *countingCache) Known(e *ajwt.SignatureEntry, now int64) bool {
	known := c.SignatureCache.Known(e, now)
	if known {
		c.hits++
	}
	return known
}

// TestCached sees to it that each scenario is what its name says: every decision of
// the cached ones finds its token, none of the others does, and replay is checked.
func TestCached(t *testing.T) {
	for _, g := range newGroups()[:2] {
		cache := &countingCache{SignatureCache: ajwt.NewSignatureCache(4096)}
		v, err := newVerifier(rules([]*group{g}), cache)
		if err != nil {
			t.Fatal(err)
		}
		n := &native{uncached: v, cached: v}
		if err := decideAll(n, cachedToken, g.batch(cachedToken, start)); err != nil {
			t.Fatal(err)
		}
		for s, want := range map[scenario]int{tokenOnly: 0, tokenProof: 0, cachedProof: bound, cachedToken: bound, rejectKid: 0} {
			cache.hits = 0
			batch := g.batch(s, start)
			if err := decideAll(n, s, batch); err != nil {
				t.Fatal(err)
			}
			if cache.hits != want {
				t.Errorf("%s, %s: %d hits, want %d", g.name, s, cache.hits, want)
			}
			if s != tokenProof && s != cachedProof {
				continue
			}
			if got := n.decide(s, &batch[0]); got != ajwt.CodeReplayProofReused.String() {
				t.Errorf("%s, %s, sent again: %q", g.name, s, got)
			}
		}
	}
}

// TestWrongAnswer sees to it that a wrong answer stops the run.
func TestWrongAnswer(t *testing.T) {
	groups := newGroups()
	n, err := newNative(rules(groups))
	if err != nil {
		t.Fatal(err)
	}
	for _, sub := range append(newPeers(groups), n, raw{}) {
		for _, g := range groups {
			batch := g.batch(tokenOnly, start)
			sub.at(start)
			if err := decideAll(sub, tokenOnly, batch); err != nil {
				t.Error(err)
			}
			last := &batch[bound-1].token
			last.compact = last.compact[:len(last.compact)-8] + "AAAAAAAA"
			last.signature[0] ^= 1
			batch[bound-1].request = request(bound-1, start, last.compact, "")
			if decideAll(sub, tokenOnly, batch) == nil {
				t.Errorf("%s, %s: a wrong signature passed", sub.name(), g.name)
			}
		}
	}
}

func TestQuantile(t *testing.T) {
	for _, row := range []struct {
		values []float64
		q      float64
		want   float64
	}{
		{nil, 0.5, 0},
		{[]float64{3}, 0.9, 3},
		{[]float64{9, 1, 2}, 0.5, 2},
		{[]float64{1, 2, 3, 4}, 0.5, 2.5},
		{[]float64{5, 4, 3, 2, 1}, 1, 5},
	} {
		if got := quantile(row.values, row.q); got != row.want {
			t.Errorf("quantile(%v, %v) = %v, want %v", row.values, row.q, got, row.want)
		}
	}
}

// TestSoak takes a few steps, too few for the memory to settle.
func TestSoak(t *testing.T) {
	u, err := watch(io.Discard, module(t), 400)
	if err != nil {
		t.Fatal(err)
	}
	if u.instances != 1 || u.half < 1<<20 || u.end < u.half {
		t.Errorf("%+v is not what one instance uses", u)
	}
}

func TestJudge(t *testing.T) {
	for _, row := range []struct {
		name string
		u    usage
		ok   bool
	}{
		{"flat", usage{5 << 20, 5 << 20, 1}, true},
		{"at the limit", usage{soakLimit, soakLimit, 1}, true},
		{"over the limit", usage{soakLimit + 1, soakLimit + 1, 1}, false},
		{"growing", usage{5 << 20, 6 << 20, 1}, false},
		{"another instance", usage{5 << 20, 5 << 20, 2}, false},
		{"nothing", usage{}, false},
	} {
		if err := row.u.judge(); (err == nil) != row.ok {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

// BenchmarkNative is for profiles of the core:
//
//	go test -run '^$' -bench Native/Ed25519/cached -cpuprofile cpu.prof
func BenchmarkNative(b *testing.B) {
	groups := newGroups()
	n, err := newNative(rules(groups))
	if err != nil {
		b.Fatal(err)
	}
	now := int64(start)
	for _, g := range groups {
		if err := decideAll(n, cachedToken, g.batch(cachedToken, now)); err != nil {
			b.Fatal(err)
		}
		for s := range scenario(scenarios) {
			b.Run(g.name+"/"+s.String(), func(b *testing.B) {
				b.ReportAllocs()
				for done := 0; done < b.N; done += bound {
					b.StopTimer()
					now += secondsPerRound
					batch := g.batch(s, now)
					b.StartTimer()
					if err := decideAll(n, s, batch[:min(bound, b.N-done)]); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
