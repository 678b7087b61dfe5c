package main

import (
	"encoding/json"
	"fmt"
	"io"
)

// report is the result of a run.
type report struct {
	Rounds      int      `json:"rounds"`
	Requests    int      `json:"requests"` // of a row in a round
	Connections int      `json:"connections"`
	TokenBytes  int      `json:"token_bytes"` // ES256
	ProofBytes  int      `json:"proof_bytes"`
	Startup     *startup `json:"startup"` // null where it was not asked for
	Rows        []line   `json:"rows"`
	Targets     []target `json:"targets"`
}

// line holds the medians of a row.
type line struct {
	Name      string  `json:"name"`
	PerSecond float64 `json:"requests_per_second"`
	P50       float64 `json:"p50_us"`
	P99       float64 `json:"p99_us"`
	CPU       float64 `json:"cpu_us"`   // per request, of all processes but the client
	Ratio     float64 `json:"to_authn"` // of CPU, to rowReference; 0 where that did not run
}

// target is one goal: the ratio of the CPU of rowTarget to that of another row.
type target struct {
	Name     string  `json:"name"`
	Measured float64 `json:"measured"`
	Limit    float64 `json:"limit"`
	Reached  bool    `json:"reached"`
}

func (b *bench) report() *report {
	r := &report{Rounds: b.rounds, Requests: b.requests, Connections: b.connections}
	g := b.groups["ES256"]
	r.TokenBytes, r.ProofBytes = len(g.known[0]), len(g.proof(0, g.known[0], 1<<30))
	cpu := func(s sample) float64 { return s.cpu }
	reference := b.of(rowReference, cpu)
	for _, w := range b.rows {
		l := line{w.name, b.of(w.name, func(s sample) float64 { return s.perSecond }), b.of(w.name, func(s sample) float64 { return s.p50 }),
			b.of(w.name, func(s sample) float64 { return s.p99 }), b.of(w.name, cpu), 0}
		if reference > 0 {
			l.Ratio = b.against(w.name, rowReference)
		}
		r.Rows = append(r.Rows, l)
	}
	for _, goal := range []struct {
		name, other string
		limit       float64
	}{{"ES256 cached token + DPoP, to jwt_authn on an ES256 token alone", rowReference, 1.25},
		{"ES256 cached token + DPoP, to the ext_authz server", rowServer, 1}} {
		if len(b.samples[rowTarget]) > 0 && len(b.samples[goal.other]) > 0 {
			ratio := b.against(rowTarget, goal.other)
			r.Targets = append(r.Targets, target{goal.name, ratio, goal.limit, ratio <= goal.limit})
		}
	}
	return r
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// against is the median of the ratio of two rows' CPU in the same round.
func (b *bench) against(name, other string) float64 {
	var ratios []float64
	for i, s := range b.samples[name] {
		ratios = append(ratios, s.cpu/b.samples[other][i].cpu)
	}
	return median(ratios)
}

func (r *report) reached() bool {
	for _, t := range r.Targets {
		if !t.Reached {
			return false
		}
	}
	return true
}

func (r *report) write(w io.Writer, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", " ")
		return e.Encode(r)
	}
	fmt.Fprintf(w, "One worker, %d connections, medians of %d interleaved rounds of %d requests; ES256 token of %d bytes, proof of %d.\n\n",
		r.Connections, r.Rounds, r.Requests, r.TokenBytes, r.ProofBytes)
	fmt.Fprintln(w, "| | CPU per request, µs | to jwt_authn | requests/s | p50, µs | p99, µs |")
	fmt.Fprintln(w, "|---|---:|---:|---:|---:|---:|")
	for _, l := range r.Rows {
		ratio := ""
		if l.Ratio > 0 {
			ratio = fmt.Sprintf("%.2f", l.Ratio)
		}
		fmt.Fprintf(w, "| %s | %.0f | %s | %.0f | %.0f | %.0f |\n", l.Name, l.CPU, ratio, l.PerSecond, l.P50, l.P99)
	}
	fmt.Fprintln(w)
	if u := r.Startup; u != nil {
		fmt.Fprintf(w, "- start to the first answer: %.1f s with the filter, %.2f s without\n", u.Filter/1000, u.Bare/1000)
		fmt.Fprintf(w, "- module: %.2f MB, %.2f MB after gzip\n", float64(u.Module)/1e6, float64(u.Gzip)/1e6)
		fmt.Fprintf(w, "- memory after %d requests: linear memory %s a worker; resident, the filter adds %s to Envoy, and %s for one more worker\n",
			afterStart, mebibytes(u.Memory), mebibytes(u.Process), mebibytes(u.PerWorker))
	}
	for _, t := range r.Targets {
		word := "reached"
		if !t.Reached {
			word = "MISSED"
		}
		fmt.Fprintf(w, "- %s: %.2f of at most %.2f: %s\n", word, t.Measured, t.Limit, t.Name)
	}
	return nil
}
