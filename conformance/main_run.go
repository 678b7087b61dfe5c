package conformance

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// runFlags are the flags of run alone.
type runFlags struct {
	subjects, cmd         string
	module, values, proxy string
	out, markdown         string
	expected              stringList
	seed                  uint64
}

// stringList is a flag that may be repeated.
type stringList []string

func (l *stringList) String() string     { return strings.Join(*l, ",") }
func (l *stringList) Set(s string) error { *l = append(*l, s); return nil }

// run lets the subjects decide the cases.
func (c *command) run(args []string) int {
	var rf runFlags
	f := c.flags("run")
	f.StringVar(&c.filter, "filter", "", "")
	f.StringVar(&rf.subjects, "subject", "", "")
	f.StringVar(&rf.cmd, "cmd", "", "")
	f.StringVar(&rf.module, "module", "", "")
	f.StringVar(&rf.values, "values-module", "", "")
	f.StringVar(&rf.proxy, "proxy-module", "", "")
	f.Var(&rf.expected, "expected-failures", "")
	f.Uint64Var(&rf.seed, "seed", 0, "")
	f.StringVar(&rf.out, "out", "build/conformance", "")
	f.StringVar(&rf.markdown, "markdown", "", "")
	if _, code, done := c.parse(f, args, 0); done {
		return code
	}
	if rf.seed == 0 {
		rf.seed = rand.Uint64N(1<<32-1) + 1
	}
	suite, code := c.load()
	if suite == nil {
		return code
	}
	o := Options{Filter: c.filter, Seed: rf.seed, Today: time.Now(), Rerun: c.rerun(&rf)}
	for _, file := range rf.expected {
		e, err := ReadExpectedFailures(file)
		if err != nil {
			return c.fail(ExitUsage, err)
		}
		o.Expected = append(o.Expected, e)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	subjects, err := c.subjects(ctx, &rf)
	if err != nil {
		return c.fail(ExitUsage, err)
	}
	if f, ok := c.stderr.(*os.File); ok && isTerminal(f) {
		o.Progress = progress(f)
	}
	report, err := Run(ctx, suite, subjects, o)
	if err != nil {
		return c.fail(ExitUsage, err)
	}
	return c.write(report, &rf)
}

// write writes the report where the flags say: first what a person or a pipe waits
// for, so that a file that cannot be written does not cost the result.
func (c *command) write(report *Report, rf *runFlags) int {
	write := report.WriteText
	if c.json {
		write = report.WriteJSON
	}
	if err := write(c.stdout); err != nil {
		return c.fail(ExitIncomplete, err)
	}
	if rf.out != "" {
		if err := report.WriteFiles(rf.out); err != nil {
			return c.fail(ExitIncomplete, err)
		}
	}
	if rf.markdown != "" {
		if err := report.UpdateMarkdown(rf.markdown); err != nil {
			return c.fail(ExitIncomplete, err)
		}
	}
	return report.Exit
}

// subjects starts what the flags name.
func (c *command) subjects(ctx context.Context, rf *runFlags) ([]Subject, error) {
	var subjects []Subject
	failed := func(err error) ([]Subject, error) {
		for _, s := range subjects {
			_ = s.Close()
		}
		return nil, err
	}
	files := wasmFiles{module: rf.module, values: rf.values, proxy: rf.proxy}
	var names []string
	switch {
	case rf.subjects != "":
		names = strings.Split(rf.subjects, ",")
	case rf.cmd == "":
		names = files.names()
	}
	if rf.out != "" {
		files.cache = filepath.Join(rf.out, "cache")
	}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return failed(fmt.Errorf("the subject %q is named twice", name))
		}
		s, err := startOwn(ctx, name, files)
		if err != nil {
			return failed(err)
		}
		subjects = append(subjects, s)
	}
	if rf.cmd != "" {
		argv, err := SplitCommand(rf.cmd)
		if err != nil {
			return failed(fmt.Errorf("--cmd: %w", err))
		}
		o, err := StartOutside(ctx, argv)
		if err != nil {
			return failed(fmt.Errorf("--cmd %s: %w", argv[0], err))
		}
		subjects = append(subjects, o)
		if slices.Contains(ownNames(), o.Name()) {
			return failed(fmt.Errorf("--cmd: the program calls itself %q, the name of an own build", o.Name()))
		}
	}
	return subjects, nil
}

// rerun returns what builds the command that runs one case again.
func (c *command) rerun(rf *runFlags) func(subject, id string) string {
	own := ownNames()
	return func(subject, id string) string {
		words := []string{"ajwt", "conformance", "run", "--filter", id}
		if slices.Contains(own, subject) {
			words = append(words, "--subject", subject)
			if rf.module != "" {
				words = append(words, "--module", quoted(rf.module))
			}
			if rf.values != "" {
				words = append(words, "--values-module", quoted(rf.values))
			}
			if rf.proxy != "" {
				words = append(words, "--proxy-module", quoted(rf.proxy))
			}
		} else {
			words = append(words, "--cmd", quoted(rf.cmd))
		}
		if c.suiteDir != "" {
			words = append(words, "--suite", quoted(c.suiteDir))
		}
		return strings.Join(words, " ")
	}
}

// quoted quotes a word for a shell.
func quoted(word string) string {
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// progress shows how far a subject is, on one line, at most ten times a second.
func progress(w io.Writer) func(string, int, int) {
	var last time.Time
	return func(subject string, done, total int) {
		if done < total && time.Since(last) < 100*time.Millisecond {
			return
		}
		last = time.Now()
		fmt.Fprintf(w, "\r%s: %d of %d\x1b[K", subject, done, total)
		if done == total {
			fmt.Fprint(w, "\r\x1b[K")
		}
	}
}
