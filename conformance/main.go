package conformance

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

const usage = `Usage: ajwt conformance run|list|show|lint [flags]

  run        let subjects decide the cases and report what they get wrong
  list       list the cases: id, operation, level, title
  show ID    print a case, its accepting twin, and how they differ
  lint       check the vectors themselves

Flags of all four:
  --suite DIR   a directory with manifest.json instead of the built-in vectors
  --json        JSON on standard output

Flags of run and list:
  --filter GLOBS   cases whose id matches one of the comma-separated globs

Flags of run:
  --subject NAMES            own builds to run, comma-separated: %s
                             (default: all that can run; none when --cmd is given)
  --module FILE              the WebAssembly module, for the wasm subjects
  --values-module FILE       the one that computes values (default: ajwt-values.wasm
                             beside --module)
  --proxy-module FILE        the filter for proxies, for the proxy-wasm subjects: an
                             emulated Envoy 1.36 and 1.40, and a proxy without functions
                             of its own for signatures
  --cmd "PROGRAM ARGS"       an outside implementation (spec/runner-protocol.md)
  --expected-failures FILE   what a subject is known to get wrong; may be repeated
  --seed N                   of the shuffled order (default: drawn and printed)
  --out DIR                  for report.json and report.md, and compiled WebAssembly in
                             its folder cache (default build/conformance; "" for none)
  --markdown FILE            put the table between the markers of this file

Examples:
  ajwt conformance run --module dist/ajwt.wasm
  ajwt conformance run --subject native --filter 'jws.*,claims.exp.*'
  ajwt conformance run --cmd 'python3 adapter.py' --expected-failures known.json
  ajwt conformance show jws.alg.none-mixed-case

Exit codes: 0 conformant, 1 failures, 2 usage, a refused suite or a broken protocol,
3 incomplete.
`

// Main is the command "ajwt conformance": args are what follows that word. It
// returns the exit code.
func Main(args []string, stdout, stderr io.Writer) int {
	c := &command{stdout: stdout, stderr: stderr}
	if len(args) == 0 {
		c.usage(stderr)
		return ExitUsage
	}
	verbs := map[string]func([]string) int{"run": c.run, "list": c.list, "show": c.show, "lint": c.lint}
	switch verb := verbs[args[0]]; {
	case args[0] == "help" || args[0] == "-h" || args[0] == "--help":
		c.usage(stdout)
		return ExitConformant
	case verb == nil:
		fmt.Fprintf(stderr, "ajwt conformance: unknown command %q\n", args[0])
		c.usage(stderr)
		return ExitUsage
	default:
		return verb(args[1:])
	}
}

// command is one call of Main.
type command struct {
	stdout, stderr io.Writer

	suiteDir string
	json     bool
	filter   string
}

func (c *command) usage(w io.Writer) { fmt.Fprintf(w, usage, strings.Join(ownNames(), ", ")) }

// flags returns the flags that every verb has.
func (c *command) flags(verb string) *flag.FlagSet {
	f := flag.NewFlagSet(verb, flag.ContinueOnError)
	f.SetOutput(io.Discard) // parse tells what is wrong
	f.StringVar(&c.suiteDir, "suite", "", "")
	f.BoolVar(&c.json, "json", false, "")
	return f
}

// parse reads the arguments and holds them to a number of words beside flags, which
// may stand before and after these. The code is to be returned if done is set.
func (c *command) parse(f *flag.FlagSet, args []string, words int) (rest []string, code int, done bool) {
	for {
		err := f.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			c.usage(c.stdout)
			return nil, ExitConformant, true
		}
		if err != nil {
			return nil, c.fail(ExitUsage, err), true
		}
		if f.NArg() == 0 {
			break
		}
		rest, args = append(rest, f.Arg(0)), f.Args()[1:]
	}
	if len(rest) != words {
		return nil, c.fail(ExitUsage, fmt.Errorf("%s: want %d arguments beside the flags, got %d", f.Name(), words, len(rest))), true
	}
	return rest, 0, false
}

// fail prints an error and returns the exit code.
func (c *command) fail(code int, err error) int {
	fmt.Fprintf(c.stderr, "ajwt conformance: %v\n", err)
	return code
}

// load reads the suite. An empty one is incomplete, any other fault is a usage error.
func (c *command) load() (*Suite, int) {
	s, err := LoadSuite(c.suiteDir)
	switch {
	case errors.Is(err, errEmpty):
		return nil, c.fail(ExitIncomplete, err)
	case err != nil:
		return nil, c.fail(ExitUsage, fmt.Errorf("the suite is refused: %w", err))
	}
	return s, 0
}
