// Command envoy measures the filter in a real Envoy beside what else could stand there:
// nothing, Envoy's own jwt_authn, and an ext_authz server over the same core.
// ../README.md says how to read the table.
//
//	go run ./envoy -envoy PROGRAM -module ../../dist/ajwt-proxy.wasm [flags]
//
// The exit code is 0 whatever the clock says, unless -check is given; 1 when an answer
// was not the expected one, memory grew beyond its bound, or a program did not run; 2
// for wrong usage.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
)

func main() {
	if len(os.Args) == 5 && os.Args[1] == "serve-auth" { // the bench starts it
		fail(serveAuth(os.Args[2], os.Args[3], os.Args[4] == "true"))
		return
	}
	s := settings{progress: os.Stderr}
	flag.StringVar(&s.envoy, "envoy", os.Getenv("AJWT_ENVOY"), "`program`, from hosts/envoy/fetch.sh")
	flag.StringVar(&s.module, "module", "", "`file` of the filter, dist/ajwt-proxy.wasm")
	flag.IntVar(&s.rounds, "rounds", 5, "`number` of interleaved rounds, of which the table shows medians")
	flag.IntVar(&s.requests, "requests", 4000, "`number` of requests of a row in a round")
	flag.IntVar(&s.connections, "connections", 8, "`number` of connections, each with one request at a time")
	flag.IntVar(&s.workers, "workers", 1, "`number` of Envoy's workers")
	only := flag.String("rows", "", "only rows that match this regular `expression`")
	asJSON := flag.Bool("json", false, "write the result as JSON")
	out := flag.String("out", "", "write the report to this `file` too")
	strict := flag.Bool("check", false, "exit with 1 when a target is missed")
	quiet := flag.Bool("quiet", false, "no word about progress")
	skip := flag.Bool("no-start", false, "leave out start time and memory")
	soaking := flag.Int("soak", 0, "watch linear memory over this `number` of requests instead, with the largest bundle")
	flag.Parse()
	pattern, err := regexp.Compile(*only)
	if err != nil || s.envoy == "" || s.module == "" || flag.NArg() > 0 || s.rounds < 1 || s.rounds > 1000 ||
		s.requests < 1 || s.requests > 1<<20 || s.connections < 1 || s.connections > 1000 || s.workers < 1 || s.workers > 64 || *soaking < 0 {
		flag.Usage()
		os.Exit(2)
	}
	if *quiet {
		s.progress = io.Discard
	}
	if *soaking > 0 {
		fail(soak(s, os.Stdout, *soaking))
		return
	}
	var rows []row
	for _, r := range allRows() {
		if pattern.MatchString(r.name) {
			rows = append(rows, r)
		}
	}
	if len(rows) == 0 {
		fmt.Fprintln(os.Stderr, "bench-envoy: no row has such a name")
		os.Exit(2)
	}
	r, err := measure(s, rows, !*skip)
	fail(err)
	fail(r.write(os.Stdout, *asJSON))
	if *out != "" {
		f, err := os.Create(*out)
		fail(err)
		fail(r.write(f, *asJSON))
		fail(f.Close())
	}
	if *strict && !r.reached() {
		os.Exit(1)
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-envoy:", err)
		os.Exit(1)
	}
}

// measure runs everything and reports.
func measure(s settings, rows []row, starting bool) (*report, error) {
	folder, err := os.MkdirTemp("", "ajwt-bench-envoy-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	var u *startup
	if starting {
		if u, err = measureStartup(s, folder); err != nil {
			return nil, err
		}
	}
	b, err := newBench(s, rows, folder)
	if err != nil {
		return nil, err
	}
	defer b.close()
	fmt.Fprintln(s.progress, "all programs serve")
	if err := b.warm(); err != nil {
		return nil, err
	}
	if err := b.run(); err != nil {
		return nil, err
	}
	r := b.report()
	r.Startup = u
	return r, nil
}
