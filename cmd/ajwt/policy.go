package main

import (
	"errors"
	"fmt"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

var policyCommand = &command{
	name:     "policy",
	summary:  "check a policy document: every fault at once",
	synopsis: "check FILE|- [--json]",
	about: `
"ajwt policy check" loads a policy as every host does and names all its faults at
once, each with the JSON pointer of the member, and the keys that were skipped. A
policy that asks for what this version cannot enforce does not load.

Exit code 0: the policy loads; 1: it has faults; 2: the file cannot be read.`,
	examples: `
ajwt policy check policy.json
ajwt policy check - --json < policy.json`,
	run: runPolicy,
}

func runPolicy(c *call) (int, error) {
	asJSON := c.boolean("json", "print JSON")
	if err := c.parse(1, 2); err != nil {
		return 0, err
	}
	switch {
	case c.args[0] != "check":
		return 0, usagef("there is no subcommand %s%s", quote(c.args[0], 40), didYouMean(c.args[0], []string{"check"}))
	case len(c.args) < 2:
		return 0, usagef("a file is missing; usage: ajwt policy check FILE")
	}
	data, err := c.readFile("policy check", c.args[1])
	if err != nil {
		return 0, err
	}
	policy, err := ajwt.ParsePolicy(data)
	if err != nil {
		return c.faultyPolicy(err, asJSON.on())
	}
	digest := policy.Digest()
	if asJSON.on() {
		return exitOK, c.printJSON(map[string]any{
			"valid": true, "digest": base64url(digest[:]), "issuers": policy.Issuers(), "faults": []string{},
			"warnings": faultsJSON(policy.Warnings()),
		})
	}
	fmt.Fprintln(c.stdout, "OK  the policy loads")
	line(c.stdout, "digest", base64url(digest[:]))
	line(c.stdout, "issuers", strings.Join(policy.Issuers(), ", "))
	if warnings := policy.Warnings(); len(warnings) > 0 {
		fmt.Fprintf(c.stdout, "%s:\n", count(len(warnings), "warning"))
		printFaults(c.stdout, warnings)
	}
	return exitOK, nil
}

func (c *call) faultyPolicy(err error, asJSON bool) (int, error) {
	var load *ajwt.LoadError
	if !errors.As(err, &load) {
		return 0, err
	}
	if asJSON {
		return exitReject, c.printJSON(map[string]any{"valid": false, "faults": faultsJSON(load.Faults)})
	}
	fmt.Fprintf(c.stdout, "FAULTY  the policy does not load: %s\n", count(len(load.Faults), "fault"))
	printFaults(c.stdout, load.Faults)
	return exitReject, nil
}

// count writes "1 fault", "2 faults".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
