package conformance

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"
)

// listed is one line of list --json.
type listed struct {
	ID    string `json:"id"`
	Op    string `json:"op"`
	Level string `json:"level"`
	Title string `json:"title"`
	Twin  string `json:"twin,omitempty"`
}

// list lists the cases that the filter selects.
func (c *command) list(args []string) int {
	f := c.flags("list")
	f.StringVar(&c.filter, "filter", "", "")
	if _, code, done := c.parse(f, args, 0); done {
		return code
	}
	suite, code := c.load()
	if suite == nil {
		return code
	}
	selected, err := suite.match(c.filter)
	if err == nil && len(selected) == 0 {
		err = errNothing
	}
	if err != nil {
		return c.fail(ExitUsage, err)
	}
	if c.json {
		e := json.NewEncoder(c.stdout)
		e.SetEscapeHTML(false)
		for _, i := range selected {
			k := &suite.cases[i]
			if err := e.Encode(listed{k.ID, k.Op, k.Level, k.Title, k.Twin}); err != nil {
				return c.fail(ExitIncomplete, err)
			}
		}
		return ExitConformant
	}
	t := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	for _, i := range selected {
		k := &suite.cases[i]
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", k.ID, k.Op, k.Level, k.Title)
	}
	if err := t.Flush(); err != nil {
		return c.fail(ExitIncomplete, err)
	}
	return ExitConformant
}
