package main

import (
	"github.com/agentic-jwt/ajwt/vectors"
)

// The cases of requests under a signed workflow bundle: the agent's registration,
// checksum, shim and keys, and what is in force when.

var bundleTopics = []topic{
	{"bundle", "request", bundleRequest},
}

const (
	refBundle = "profile, section 16.1"
	refList   = "profile, section 16.2"
)

func version(n int64) *int64 { return &n }

// bundleRequest: the accepted requests of the world.
func bundleRequest(b *builder) {
	b.refs = []string{refBundle}
	b.accept("lawful", "A bearer token of draft-00 whose agent, chain and step the bundle knows.", lawful(),
		decides(vectors.Decision{Level: "ajwt", Issuer: issuerID, Agent: "patcher", Workflow: "vuln-patching", Step: "patch", Route: "pulls", Bundle: version(7)}))
	b.accept("lawful-hardened", "A token of hardened with long hashes and a proof by a key that the bundle lists.", lawfulHardened(),
		decides(vectors.Decision{Level: "ajwt+pop", Agent: "patcher", Bundle: version(7)}))
	b.accept("linked", "The same with a link for each hop, on a route that asks for links.", linked(),
		decides(vectors.Decision{Level: "ajwt+pop+links"}))
}
