package main

import (
	"strings"
)

// subcommand runs one of several commands whose names begin with that of the call's:
// the first operand says which, and its flags follow. Each has a help text of its own.
func (c *call) subcommand(subs ...*command) (int, error) {
	var names []string
	for _, s := range subs {
		names = append(names, strings.TrimPrefix(s.name, c.cmd.name+" "))
	}
	if len(c.raw) == 0 || strings.HasPrefix(c.raw[0], "-") {
		if err := c.parse(0, 0); err != nil {
			return 0, err
		}
		return 0, usagef("a subcommand is missing: want one of %s", strings.Join(names, ", "))
	}
	for i, s := range subs {
		if names[i] == c.raw[0] {
			c.cmd, c.raw = s, c.raw[1:]
			return s.run(c)
		}
	}
	return 0, usagef("there is no subcommand %s%s; want one of %s", quote(c.raw[0], 40), didYouMean(c.raw[0], names), strings.Join(names, ", "))
}
