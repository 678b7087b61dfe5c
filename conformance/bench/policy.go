package main

import (
	"fmt"
	"strings"
)

// rules are a policy for all groups: one issuer each, a route that takes a token
// alone, and one that wants a proof. Replay checking is on. The profile is
// draft-00, since hardened takes no token alone.
func rules(groups []*group) []byte {
	issuers := make([]string, len(groups))
	for i, g := range groups {
		issuers[i] = issuerRule(g, `"jwks":`+string(g.keySet()))
	}
	return policyText(issuers, openRoute, proofRoute)
}

const (
	openRoute  = `{"id":"open","match":{"methods":["GET"],"path":"/open/items/{id}"},"require":{"scopes":["items:read"],"proof":"optional","level":"jwt"}}`
	proofRoute = `{"id":"items","match":{"methods":["GET"],"path":"/items/{id}"},"require":{"scopes":["items:read"],"level":"jwt"}}`
)

func issuerRule(g *group, keys string) string {
	return fmt.Sprintf(`{"issuer":"%s","profile":"draft-00","audiences":["%s"],"algorithms":["%s"],"max_token_lifetime_seconds":86400,%s}`,
		g.issuer, audience, g.alg, keys)
}

func policyText(issuers []string, routes ...string) []byte {
	return fmt.Appendf(nil, `{"limits":{"keys":131072},"issuers":[%s],"proof":{"methods":["dpop"],"algorithms":["Ed25519","ES256"]},`+
		`"replay":{"capacity":65536},"routes":[%s]}`, strings.Join(issuers, ","), strings.Join(routes, ","))
}

// keySet is the issuer's JWK Set.
func (g *group) keySet() []byte {
	entries := make([]string, len(g.keys))
	for i, k := range g.keys {
		entries[i] = k.entry(k.kid)
	}
	return []byte(`{"keys":[` + strings.Join(entries, ",") + `]}`)
}

// manyRoutes are n routes of which the last one is proofRoute. The others lie beside
// it, as the services behind one gateway do.
func manyRoutes(n int) []string {
	routes := make([]string, n)
	for i := range routes {
		routes[i] = fmt.Sprintf(`{"id":"r%d","match":{"methods":["GET"],"path":"/service%d/items/{id}"},"require":{"scopes":["items:read"],"level":"jwt"}}`, i, i)
	}
	routes[n-1] = proofRoute
	return routes
}

// manyKeys is a JWK Set of n kids for one key. The cost of finding a kid is what
// matters, and making 100,000 key pairs would only take time.
func manyKeys(k *key, n int) []byte {
	entries := make([]string, n)
	for i := range entries {
		entries[i] = k.entry(manyKid(i))
	}
	return []byte(`{"keys":[` + strings.Join(entries, ",") + `]}`)
}

func manyKid(i int) string { return fmt.Sprintf("tenant-%06d", i) }
