// Command bench compares the speed of the core, of the wasm module on wazero and of
// three other libraries, side by side in one run, and with -soak the memory of the
// module over 200,000 decisions. README.md says what is measured and how to read it.
//
//	go run . -module ../../dist/ajwt.wasm [-rounds N] [-json] [-soak]
//
// The exit code is 0 whatever the clock says; 1 when a decision was not the expected
// one or, with -soak, when memory grew; 2 for wrong usage.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	module := flag.String("module", "", "`file` of the module, dist/ajwt.wasm")
	rounds := flag.Int("rounds", 31, "`number` of rounds, 1 to 1000")
	asJSON := flag.Bool("json", false, "write the result as JSON")
	soaking := flag.Bool("soak", false, "watch the module's memory instead of the clock")
	flag.Parse()
	if *module == "" || flag.NArg() > 0 || *rounds < 1 || *rounds > 1000 {
		flag.Usage()
		os.Exit(2)
	}
	data, err := os.ReadFile(*module)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	if *soaking {
		err = soak(os.Stdout, data, soakDecisions)
	} else {
		err = compare(data, *rounds, *asJSON)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// compare runs the whole comparison and writes its report.
func compare(module []byte, rounds int, asJSON bool) error {
	r, err := measure(module, rounds, progress())
	if err != nil {
		return err
	}
	if asJSON {
		return r.writeJSON(os.Stdout)
	}
	return r.writeText(os.Stdout)
}

// start is the time of the first decision: 2026-01-01T00:00:00Z.
const start = 1767225600

// measure checks every verdict and then takes the time.
func measure(module []byte, rounds int, progress func(string, int, int)) (*report, error) {
	b, close, err := newBench(module)
	if err != nil {
		return nil, err
	}
	defer close()
	if err := b.check(); err != nil {
		return nil, err
	}
	if err := b.run(rounds, func(done int) { progress("table", done, rounds) }); err != nil {
		return nil, err
	}
	allocs, err := b.allocations(b.subjects[1])
	if err != nil {
		return nil, err
	}
	flats, err := b.flats(rounds, progress)
	if err != nil {
		return nil, err
	}
	intent, err := measureIntents(b.now, progress)
	if err != nil {
		return nil, err
	}
	r := b.report(rounds)
	r.Allocations, r.Intent = allocs, intent
	r.Targets = append(b.targets(flats, allocs, module), intent.targets()...)
	return &r, nil
}

// newBench makes keys, policy and all subjects.
func newBench(module []byte) (b *bench, close func(), err error) {
	b = &bench{groups: newGroups(), now: start, ratios: map[cell][]float64{}}
	policy := rules(b.groups)
	n, err := newNative(policy)
	if err != nil {
		return nil, nil, err
	}
	cache, err := os.MkdirTemp("", "ajwt-bench-") // so that the module is compiled once
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(cache)
	w, err := newWasm(module, policy, start, cache)
	if err != nil {
		return nil, nil, err
	}
	b.subjects = append([]subject{raw{}, n, w}, newPeers(b.groups)...)
	return b, func() { w.close() }, nil
}

// flats measures whether the cost depends on the size of the configuration.
func (b *bench) flats(rounds int, progress func(string, int, int)) ([]*flat, error) {
	g := b.groups[0]
	keys, err := flatKeys(g, b.now)
	if err != nil {
		return nil, err
	}
	routes, err := flatRoutes(g)
	if err != nil {
		return nil, err
	}
	flats := []*flat{keys, routes}
	rounds *= flatRounds
	for round := range rounds {
		b.now += secondsPerRound
		for _, f := range flats {
			if err := f.round(g, b.now); err != nil {
				return nil, err
			}
		}
		progress("flatness", round+1, rounds)
	}
	return flats, nil
}

// progress writes to a terminal and is silent elsewhere.
func progress() func(what string, done, of int) {
	info, err := os.Stderr.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return func(string, int, int) {}
	}
	return func(what string, done, of int) {
		fmt.Fprintf(os.Stderr, "\r%s: round %d of %d ", what, done, of)
		if done == of {
			fmt.Fprint(os.Stderr, "\r\033[K")
		}
	}
}
