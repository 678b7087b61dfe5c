package conformance

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/agentic-jwt/ajwt/vectors/lint"
)

// lint holds the vectors to their own rules and prints what breaks them.
func (c *command) lint(args []string) int {
	if _, code, done := c.parse(c.flags("lint"), args, 0); done {
		return code
	}
	suite, code := c.load() // names every fault that a runner would stumble over
	if suite == nil {
		return code
	}
	var findings []lint.Finding
	if c.suiteDir != "" {
		findings = lint.Folder(os.DirFS(c.suiteDir), lint.Options{})
	} else {
		v, err := loadVectors("")
		if err != nil {
			return c.fail(ExitUsage, err)
		}
		findings = lint.Cases(v.Cases(), v, lint.Options{})
	}
	for _, f := range findings {
		if c.json {
			line, err := json.Marshal(map[string]string{"class": f.Class, "case": f.Case, "detail": f.Detail})
			if err != nil {
				return c.fail(ExitIncomplete, err)
			}
			fmt.Fprintf(c.stdout, "%s\n", line)
			continue
		}
		fmt.Fprintln(c.stdout, f)
	}
	if !c.json {
		fmt.Fprintf(c.stdout, "%d cases, %d findings\n", suite.Len(), len(findings))
	}
	if len(findings) > 0 {
		return ExitFailures
	}
	return ExitConformant
}
