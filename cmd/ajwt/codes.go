package main

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/agentic-jwt/ajwt/spec"
)

var codesCommand = &command{
	name:     "codes",
	summary:  "explain a rejection code, or list all of them",
	synopsis: "[CODE|NUMBER] [--stage STAGE] [--json]",
	about: `
Prints what a rejection code means, which check gives it, its reference, the HTTP
answer, and what would repair the request. Without a code it lists the registry.`,
	examples: `
ajwt codes proof_htu_mismatch
ajwt codes 6039 --json
ajwt codes --stage proof`,
	run: runCodes,
}

func runCodes(c *call) (int, error) {
	stage := c.text("stage", "STAGE", "list the codes of this stage alone: input, jws, key, signature, claim, proof, agent,\ndelegation, workflow, replay; or of loading: policy, keys")
	asJSON := c.boolean("json", "print JSON")
	if err := c.parse(0, 1); err != nil {
		return 0, err
	}
	if len(c.args) == 1 {
		if stage.given() {
			return 0, usagef("give a code or --stage, not both")
		}
		return c.oneCode(c.args[0], asJSON.on())
	}
	codes := codeTable()
	if stage.given() {
		codes = slices.DeleteFunc(slices.Clone(codes), func(e spec.Code) bool { return stageOf(e.Code) != stage.value() })
		if len(codes) == 0 {
			var stages []string
			for _, e := range codeTable() {
				if s := stageOf(e.Code); !slices.Contains(stages, s) {
					stages = append(stages, s)
				}
			}
			return 0, usagef("--stage: no code begins with %s; want one of %v", quote(stage.value(), 40), stages)
		}
	}
	if asJSON.on() {
		list := make([]explanation, len(codes))
		for i, e := range codes {
			list[i] = explain(e)
		}
		return exitOK, c.printJSON(map[string]any{"codes": list})
	}
	for _, e := range codes {
		fmt.Fprintf(c.stdout, "%-5d %-40s %s\n", e.Number, e.Code, e.Text)
	}
	return exitOK, nil
}

func (c *call) oneCode(name string, asJSON bool) (int, error) {
	number, err := strconv.Atoi(name)
	if err != nil {
		number = -1
	}
	var names []string
	for _, entry := range codeTable() {
		names = append(names, entry.Code)
		if entry.Code != name && entry.Number != number {
			continue
		}
		e := explain(entry)
		if asJSON {
			return exitOK, c.printJSON(e)
		}
		fmt.Fprintf(c.stdout, "%s (%d)\n", e.Code, e.Number)
		e.print(c.stdout)
		observe := "never: the route always enforces it"
		if e.Observable {
			observe = "a route may only record it (observe)"
		}
		line(c.stdout, "observe", observe)
		return exitOK, nil
	}
	return 0, usagef("there is no code %s%s", quote(name, 60), didYouMean(name, names))
}
