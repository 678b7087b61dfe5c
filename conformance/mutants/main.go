//go:build ajwt_faults

// Command mutants shows that the vectors catch bugs: it gives the verifier one seeded
// fault after the other (core/injected_*.go) and runs against it the vectors that claim to
// kill it and, where none does, all. A fault that no vector notices is a gap of the suite
// and fails the run; so does a vector that claims to kill a fault and does not, and a
// catalogue (vectors/gen/faults.txt) that is not the list of the seeded faults. Run it
// with the build tag:
//
//	go run -tags ajwt_faults ./conformance/mutants [flags]
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

// options are the flags of the command.
type options struct {
	fault     string // these alone, "" for all
	json      bool
	verbose   bool
	all       bool // run every vector against every fault
	write     bool
	vectors   string
	catalogue string
}

func main() {
	var o options
	flag.StringVar(&o.fault, "fault", "", "run these faults alone: `names` with commas between them, a star for anything")
	flag.BoolVar(&o.json, "json", false, "write the results as JSON")
	flag.BoolVar(&o.verbose, "v", false, "list every vector that kills a fault, not the first three")
	flag.BoolVar(&o.all, "all", false, "run every vector against every fault, not only those that claim to kill it (an hour)")
	flag.BoolVar(&o.write, "write", false, "write the catalogue and run nothing")
	flag.StringVar(&o.vectors, "vectors", "", "take the vectors from this `folder` instead of those in the program")
	flag.StringVar(&o.catalogue, "catalogue", "", "the `file` to compare with the seeded faults (default vectors/gen/faults.txt of this module)")
	flag.Parse()
	debug.SetGCPercent(400) // many short lives
	debug.SetMemoryLimit(1 << 30)
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	os.Exit(run(&o, os.Stdout, os.Stderr))
}

// run returns the exit code: 0 if every fault is killed and every claim holds, 1 if
// not, 2 if there was nothing to judge.
func run(o *options, out, diagnostics io.Writer) int {
	r, err := mutate(o, progressOn(diagnostics))
	if err != nil {
		fmt.Fprintln(diagnostics, "mutants:", err)
		return 2
	}
	if r == nil {
		return 0
	}
	write := r.writeText
	if o.json {
		write = r.writeJSON
	}
	if err := write(out, o.verbose); err != nil {
		fmt.Fprintln(diagnostics, "mutants:", err)
		return 2
	}
	if r.Survived > 0 || len(r.Problems) > 0 {
		return 1
	}
	return 0
}

// progressOn returns a function that shows how far the run is, on one line of a
// terminal; elsewhere it shows nothing.
func progressOn(w io.Writer) func(done, total int, name string) {
	file, ok := w.(*os.File)
	if !ok {
		return func(int, int, string) {}
	}
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return func(int, int, string) {}
	}
	return func(done, total int, name string) {
		if name == "" {
			fmt.Fprint(w, "\r\x1b[K")
			return
		}
		fmt.Fprintf(w, "\r\x1b[K%d/%d %s", done, total, name)
	}
}
