package main

import "github.com/agentic-jwt/ajwt/conformance"

var conformanceCommand = &command{
	name:     "conformance",
	summary:  "run, list, show or lint the conformance vectors",
	synopsis: "run|list|show|lint [flags]",
	run: func(c *call) (int, error) {
		return conformance.Main(c.raw, c.stdout, c.stderr), nil
	},
}
