package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// call is one run of a command: its flags, what is left of the command line, and
// the world.
type call struct {
	*world
	cmd   *command
	flags *flag.FlagSet
	defs  []*definition
	raw   []string // the command line after the command's name
	args  []string // operands, once parse has run

	stdinBy string // the flag or operand that has read standard input
}

// definition is one flag as the help text shows it.
type definition struct {
	name, arg, text string
	repeat          bool
	values          []string
}

// String and Set implement flag.Value. Set never refuses, since the flag package
// would repeat the value in its message, and the value may be a token.
func (d *definition) String() string { return "" }

// Set implements flag.Value.
func (d *definition) Set(s string) error { d.values = append(d.values, s); return nil }

// given tells whether the flag is on the command line.
func (d *definition) given() bool { return len(d.values) > 0 }

// value is the flag's value, "" where it is not given.
func (d *definition) value() string {
	if len(d.values) == 0 {
		return ""
	}
	return d.values[0]
}

// or is the flag's value, or the default where it is not given.
func (d *definition) or(initial string) string {
	if len(d.values) == 0 {
		return initial
	}
	return d.values[0]
}

// boolean is a flag without an argument.
type boolean struct{ definition }

// IsBoolFlag makes the flag package accept the flag without a value.
func (*boolean) IsBoolFlag() bool { return true }

func (b *boolean) on() bool { return b.value() == "true" }

func newCall(w *world, cmd *command, raw []string) *call {
	c := &call{world: w, cmd: cmd, raw: raw, flags: flag.NewFlagSet(cmd.name, flag.ContinueOnError)}
	c.flags.SetOutput(io.Discard)
	return c
}

// text defines a flag with an argument that may be given once.
func (c *call) text(name, arg, text string) *definition {
	d := &definition{name: name, arg: arg, text: text}
	c.defs = append(c.defs, d)
	c.flags.Var(d, name, text)
	return d
}

// list defines a flag with an argument that may be given several times.
func (c *call) list(name, arg, text string) *definition {
	d := c.text(name, arg, text)
	d.repeat = true
	return d
}

// boolean defines a flag without an argument.
func (c *call) boolean(name, text string) *boolean {
	b := &boolean{definition{name: name, text: text}}
	c.defs = append(c.defs, &b.definition)
	c.flags.Var(b, name, text)
	return b
}

// parse reads the command line. Flags and operands may stand in any order; after --
// everything is an operand. It admits between least and most operands.
func (c *call) parse(least, most int) error {
	rest := c.raw
	for {
		err := c.flags.Parse(rest)
		if errors.Is(err, flag.ErrHelp) {
			c.printHelp()
			return errHelp
		}
		if err != nil {
			return c.flagError(err)
		}
		left := c.flags.Args()
		if taken := len(rest) - len(left); taken > 0 && rest[taken-1] == "--" {
			c.args = append(c.args, left...)
			break
		}
		if len(left) == 0 {
			break
		}
		c.args = append(c.args, left[0])
		rest = left[1:]
	}
	for _, d := range c.defs {
		switch {
		case len(d.values) > 1 && !d.repeat:
			return usagef("--%s is given %d times; give it once", d.name, len(d.values))
		case d.arg == "" && d.given() && d.value() != "true" && d.value() != "false":
			return usagef("--%s takes no argument", d.name)
		}
		for _, v := range d.values {
			if v == "" {
				return usagef("--%s is empty; want %s", d.name, d.arg)
			}
		}
	}
	switch {
	case len(c.args) < least:
		return usagef("an operand is missing; usage: ajwt %s %s", c.cmd.name, c.cmd.synopsis)
	case len(c.args) > most:
		return usagef("unexpected operand %s; usage: ajwt %s %s", quote(c.args[most], 40), c.cmd.name, c.cmd.synopsis)
	}
	return nil
}

// flagError names the flag as it is written in this program's help.
func (c *call) flagError(err error) error {
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		var known []string
		for _, d := range c.defs {
			known = append(known, "--"+d.name)
		}
		return usagef("there is no flag %s%s", quote("--"+name, 60), didYouMean("--"+name, known))
	}
	if name, ok := strings.CutPrefix(text, "flag needs an argument: -"); ok {
		for _, d := range c.defs {
			if d.name == name {
				return usagef("--%s needs an argument: --%s %s", name, name, d.arg)
			}
		}
	}
	if strings.HasPrefix(text, "bad flag syntax") {
		return usagef("a flag is malformed; write --name value")
	}
	return usageError(text)
}

func (c *call) printHelp() {
	fmt.Fprintf(c.stdout, "Usage: ajwt %s %s\n\n%s\n", c.cmd.name, c.cmd.synopsis, strings.TrimSpace(c.cmd.about))
	if len(c.defs) > 0 {
		fmt.Fprint(c.stdout, "\nFlags:\n")
	}
	for _, d := range c.defs {
		head := "--" + d.name
		if d.arg != "" {
			head += " " + d.arg
		}
		text := strings.ReplaceAll(d.text, "\n", "\n        ")
		if d.repeat {
			text += " (may be repeated)"
		}
		fmt.Fprintf(c.stdout, "  %s\n        %s\n", head, text)
	}
	fmt.Fprint(c.stdout, "\nExamples:\n")
	for _, line := range strings.Split(strings.TrimSpace(c.cmd.examples), "\n") {
		fmt.Fprintf(c.stdout, "  %s\n", line)
	}
}

// integer reads a flag as a whole number within bounds, both inclusive.
func (d *definition) integer(initial, least, most int64) (int64, error) {
	if !d.given() {
		return initial, nil
	}
	n, err := strconv.ParseInt(d.value(), 10, 64)
	if err != nil || n < least || n > most {
		return 0, usagef("--%s: want a whole number from %d to %d, have %s", d.name, least, most, quote(d.value(), 40))
	}
	return n, nil
}

// choice reads a flag as one of the given words.
func (d *definition) choice(initial string, words ...string) (string, error) {
	value := d.or(initial)
	for _, w := range words {
		if value == w {
			return value, nil
		}
	}
	return "", usagef("--%s: want one of %s, have %s", d.name, strings.Join(words, ", "), quote(value, 40))
}

// maxNumericDate is the last second that core admits (2^53-1).
const maxNumericDate = 1<<53 - 1

// nowFlag defines --now.
func (c *call) nowFlag() *definition {
	return c.text("now", "SECONDS", "the time of the decision, in seconds since 1970-01-01T00:00:00Z (default: the clock)")
}

// at is the time that --now gives, or the clock's.
func (c *call) at(now *definition) (int64, error) {
	return now.integer(c.clock(), 0, maxNumericDate)
}
