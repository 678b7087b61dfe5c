package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// world is everything outside the process that a command touches.
type world struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	clock          func() int64 // NumericDate
}

// command is one subcommand.
type command struct {
	name     string
	summary  string // one line, for the list of commands
	synopsis string // what follows the name on the usage line
	about    string // paragraphs of the help text
	examples string // command lines, one a line
	// run defines the flags on the call, parses them, and does the work. An error
	// means exit code 2; it is printed after the command's name.
	run func(c *call) (int, error)
}

// errHelp is returned by parse after it has printed the help text.
var errHelp = errors.New("help")

// usageError is a command line that cannot be carried out: the error is followed by
// a pointer to the help text.
type usageError string

func (e usageError) Error() string { return string(e) }

func usagef(format string, args ...any) error { return usageError(fmt.Sprintf(format, args...)) }

// run finds the command and reports its error. A panic is a fault of this program:
// it ends as an error too, since its trace could show a token or a key.
func (w *world) run(args []string) (exit int) {
	if len(args) == 0 {
		w.overview(w.stderr)
		return exitUsage
	}
	name, rest := args[0], args[1:]
	switch name {
	case "help", "--help", "-help", "-h":
		return w.help(rest)
	case "--version", "-version":
		name = "version"
	}
	cmd := findCommand(name)
	if cmd == nil {
		fmt.Fprintf(w.stderr, "ajwt: there is no command %q%s\n", name, didYouMean(name, commandNames()))
		fmt.Fprintln(w.stderr, "Run 'ajwt help' for the list.")
		return exitUsage
	}
	defer func() {
		if recover() != nil {
			fmt.Fprintf(w.stderr, "ajwt %s: a fault of this program; nothing was decided. Please report the command line without its secrets.\n", name)
			exit = exitUsage
		}
	}()
	out := &output{w: w.stdout}
	inside := *w
	inside.stdout = out
	call := newCall(&inside, cmd, rest)
	code, err := cmd.run(call)
	name = call.cmd.name // of the subcommand that it turned out to be
	if errors.Is(err, errHelp) {
		code, err = exitOK, nil
	}
	if err == nil {
		err = out.err
	}
	var usage usageError
	switch {
	case errors.As(err, &usage):
		fmt.Fprintf(w.stderr, "ajwt %s: %v\nRun 'ajwt %s --help' for flags and examples.\n", name, err, name)
		return exitUsage
	case err != nil:
		fmt.Fprintf(w.stderr, "ajwt %s: %v\n", name, err)
		return exitUsage
	}
	return code
}

// output remembers that standard output failed, so that a command whose answer did
// not arrive does not end as if it had.
type output struct {
	w   io.Writer
	err error
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	if err != nil && o.err == nil {
		o.err = fmt.Errorf("standard output: %s", fileFault(err))
	}
	return n, err
}

func findCommand(name string) *command {
	for _, c := range commands() {
		if c.name == name {
			return c
		}
	}
	return nil
}

func commandNames() []string {
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	return append(names, "help")
}

// help is "ajwt help [COMMAND [SUBCOMMAND]]".
func (w *world) help(args []string) int {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		w.overview(w.stdout)
		return exitOK
	}
	if findCommand(args[0]) == nil {
		fmt.Fprintf(w.stderr, "ajwt help: there is no command %q%s\n", args[0], didYouMean(args[0], commandNames()))
		return exitUsage
	}
	return w.run(append(slices.Clone(args), "--help"))
}

func (w *world) overview(out io.Writer) {
	fmt.Fprint(out, "ajwt: Agentic JWT, enforced at the resource\n\nUsage: ajwt COMMAND [flags]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(out, "  %-12s %s\n", c.name, c.summary)
	}
	fmt.Fprint(out, `
Every command takes --help, which ends with examples. Files are read up to 64 MiB;
the name - means standard input.

Exit codes: 0 accepted or done, 1 rejected or failed, 2 wrong usage or input.
`)
}

// didYouMean suggests the nearest of the known names, or nothing.
func didYouMean(name string, known []string) string {
	best, distance := "", 3
	for _, k := range known {
		if d := editDistance(name, k); d < distance || len(name) > 1 && strings.HasPrefix(k, name) {
			best, distance = k, min(d, distance)
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", best)
}

// editDistance counts insertions, deletions and replacements, up to the length of
// short names; longer ones are no misspelling.
func editDistance(a, b string) int {
	const longest = 64
	if len(a) > longest || len(b) > longest {
		return longest
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
