// Command collide finds two delegation chains, one lawful and one not, whose hashes are
// equal in the form of 64 bits that the draft gives delegation_chain. README.md tells
// what follows from it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

const usage = `Usage: go run ./conformance/collide [flags]
       go run ./conformance/collide --check FILE

Searches two chains that collide in the first 64 bits of their SHA-256.

  --lawful TEMPLATE     ids joined with '|', one '%' where 16 hex characters go
                        (default supervisor|%|patcher)
  --unlawful TEMPLATE   the same for the other chain (default intruder|%|patcher)
  --bits N              how many bits collide: 16 to 64, a multiple of 4 (default 64)
  --zero-bits N         zero bits of a distinguished point (default: bits/2 - 13)
  --seed N              of the trails' starts (default 1)
  --workers N           goroutines (default: one for each processor)
  --checkpoint FILE     written every 30 seconds and on interrupt; read, where it
                        exists, to continue; removed when a pair is found
  --out FILE            for the pair, as JSON
  --machine TEXT        what the pair's record says about the machine
  --json                the pair as JSON on standard output
  --check FILE          verify a pair instead

The same templates, bits, zero bits and seed find the same pair on any machine.

Exit codes: 0 found or verified, 1 not a collision, 2 usage or a file, 3 interrupted.
`

// Exit codes.
const (
	exitFound       = 0
	exitNoCollision = 1
	exitUsage       = 2
	exitInterrupted = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are the command line.
type options struct {
	settings
	workers                         int
	checkpoint, out, machine, check string
	json                            bool
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	f := flag.NewFlagSet("collide", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() { io.WriteString(stderr, usage) }
	f.StringVar(&o.Lawful, "lawful", "supervisor|%|patcher", "")
	f.StringVar(&o.Unlawful, "unlawful", "intruder|%|patcher", "")
	f.IntVar(&o.Bits, "bits", 64, "")
	f.IntVar(&o.ZeroBits, "zero-bits", -1, "")
	f.Uint64Var(&o.Seed, "seed", 1, "")
	f.IntVar(&o.workers, "workers", runtime.GOMAXPROCS(0), "")
	f.StringVar(&o.checkpoint, "checkpoint", "", "")
	f.StringVar(&o.out, "out", "", "")
	f.StringVar(&o.machine, "machine", "", "")
	f.StringVar(&o.check, "check", "", "")
	f.BoolVar(&o.json, "json", false, "")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if o.ZeroBits == -1 {
		o.ZeroBits = defaultZeroBits(o.Bits)
	}
	return o, nil
}

// run is the program. It returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitFound
	}
	if err != nil {
		fmt.Fprintln(stderr, "collide:", err)
		return exitUsage
	}
	if o.check != "" {
		return o.verify(stdout, stderr)
	}
	p, err := o.search(ctx, stderr)
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "collide: interrupted")
		return exitInterrupted
	case err != nil:
		fmt.Fprintln(stderr, "collide:", err)
		return exitUsage
	}
	return o.show(p, stdout, stderr)
}

// verify is --check.
func (o *options) verify(stdout, stderr io.Writer) int {
	p, err := loadPair(o.check)
	if err != nil {
		fmt.Fprintln(stderr, "collide:", err)
		return exitUsage
	}
	if err := p.verify(); err != nil {
		fmt.Fprintf(stderr, "collide: %s: not a collision: %v\n", o.check, err)
		return exitNoCollision
	}
	return o.show(p, stdout, stderr)
}

// checkpointEvery is how much time an interrupted search loses at most, apart from
// interrupts that it sees.
const checkpointEvery = 30 * time.Second

// search runs until a pair is found, and removes the checkpoint then.
func (o *options) search(ctx context.Context, stderr io.Writer) (*pair, error) {
	var done progress
	var err error
	if o.checkpoint != "" {
		if done, err = loadCheckpoint(o.checkpoint, o.settings); err != nil {
			return nil, err
		}
	}
	r, err := newSearch(o.settings, o.workers, done)
	if err != nil {
		return nil, err
	}
	save := func() error {
		if o.checkpoint == "" {
			return nil
		}
		return saveCheckpoint(o.checkpoint, o.settings, r.progress)
	}
	show := progressOn(stderr, r)
	a, b, err := r.run(ctx, hooks{checkpointEvery, save}, hooks{time.Second, show.draw})
	show.clear()
	if err != nil {
		if failed := save(); failed != nil {
			return nil, failed // not merely interrupted: what was done is lost
		}
		return nil, err
	}
	p, err := newPair(r, a, b)
	if err != nil {
		return nil, fmt.Errorf("the pair that was found is none: %w", err)
	}
	p.Work.Machine = o.machine
	if o.out != "" {
		data, err := p.encode()
		if err = errors.Join(err, writeFile(o.out, data)); err != nil {
			return nil, errors.Join(err, save())
		}
	}
	if o.checkpoint != "" {
		if err := os.Remove(o.checkpoint); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	return &p, nil
}

// show prints a pair that was found or verified.
func (o *options) show(p *pair, stdout, stderr io.Writer) int {
	data := []byte(p.text())
	if o.json {
		var err error
		if data, err = p.encode(); err != nil {
			fmt.Fprintln(stderr, "collide:", err)
			return exitUsage
		}
	}
	if _, err := stdout.Write(data); err != nil {
		fmt.Fprintln(stderr, "collide:", err)
		return exitUsage
	}
	return exitFound
}
