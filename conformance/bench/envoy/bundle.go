package main

import (
	"bytes"
	"fmt"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/hosts/issue"
)

const (
	checksum = "sha256:fe7d0ce288d695cdc6769855b50bea0aef1e132bbae8badb4f384de752a7aa10"
	// perWorkflow agents share a workflow: the first is its origin and may delegate to
	// each of the others.
	perWorkflow = 100
	// bundleBytes is hosts.proxywasm.max_bundle_bytes where a policy does not say more.
	bundleBytes = 1 << 20
)

func agentID(i int) string { return fmt.Sprintf("agent-%06d", i) }

// bundlePayload is a bundle of n agents, of which the first have the keys of the group,
// in turn, and the others share one: what counts is that it is read.
func (g *group) bundlePayload(n, version int, now int64) []byte {
	var list, flows bytes.Buffer
	for i := range n {
		if i > 0 {
			list.WriteByte(',')
		}
		fmt.Fprintf(&list, `{"agent_id":"%s","status":"active","registrations":[{"registration_id":"reg-%d","checksum":"%s"}],"keys":[{%s}]}`,
			agentID(i), i, checksum, g.agents[min(i, len(g.agents)-1)].jwk)
	}
	for origin := 0; origin < n; origin += perWorkflow {
		if origin > 0 {
			flows.WriteByte(',')
		}
		var edges []string
		for i := origin + 1; i < min(origin+perWorkflow, n); i++ {
			edges = append(edges, fmt.Sprintf(`["%s","%s"]`, agentID(origin), agentID(i)))
		}
		fmt.Fprintf(&flows, `{"workflow_id":"flow-%d","version":1,"origins":["%s"],"delegation":[%s],"max_depth":1,"steps":[`+
			`{"step_id":"analyze","after":[],"required":true,"approval_gate":false,"requires_approval":false,"scopes":["items:read","items:list"],"tools":["read"],"context":["repository"]},`+
			`{"step_id":"patch","after":["analyze"],"required":true,"approval_gate":false,"requires_approval":false,"scopes":["items:read"],"tools":["read"],"context":["repository"]}]}`,
			origin/perWorkflow, agentID(origin), strings.Join(edges, ","))
	}
	return fmt.Appendf(nil, `{"iss":"%s","iat":%d,"exp":%d,"version":%d,"agents":[%s],"workflows":[%s]}`,
		g.issuer, now-10, now+86400, version, list.String(), flows.String())
}

// largestBundle signs the bundle with the most agents that is still admitted.
func (g *group) largestBundle(version int, now int64) (bundle string, n int, err error) {
	limit := bundleBytes*3/4 - 512 // base64; header and signature stand beside it
	for step := 1 << 12; step > 0; step /= 2 {
		if len(g.bundlePayload(n+step, version, now)) <= limit {
			n += step
		}
	}
	bundle, err = issue.SignBundle(g.bundlePayload(n, version, now), g.issuer, now, g.key)
	return bundle, n, err
}

// agentToken is a token at level ajwt for the step patch of the agent's workflow.
func (g *group) agentToken(agent int, now int64) string {
	g.serial++
	origin := agent / perWorkflow * perWorkflow
	ids := []string{agentID(origin)}
	if agent != origin {
		ids = append(ids, agentID(agent))
	}
	chain, ok := ajwt.ChainHash(ids, ajwt.HashLong)
	sequence, ok2 := ajwt.StepHash([]string{"analyze", "patch"}, ajwt.HashLong)
	if !ok || !ok2 {
		panic("an id is none")
	}
	return g.key.compact(
		fmt.Sprintf(`{"alg":"%s","kid":"%s","typ":"at+jwt"}`, g.key.header, g.key.KeyID()),
		fmt.Sprintf(`{"iss":"%s","aud":"%s","sub":"%s","iat":%d,"exp":%d,"jti":"token-%08d","scope":"items:read","cnf":{"jkt":"%s"},`+
			`"intent":{"workflow_id":"flow-%d","workflow_step":"patch","executed_by":"%s","delegation_chain":"%s","step_sequence_hash":"%s","execution_context":{"repository":"acme/app"}},`+
			`"agent_proof":{"agent_checksum":"%s","registration_id":"reg-%d"}}`,
			g.issuer, audience, agentID(agent), now, now+tokenLife, g.serial, g.agents[agent].thumbprint(),
			agent/perWorkflow, agentID(agent), chain, sequence, checksum, agent))
}

// bundlePolicy asks for level ajwt and fetches the bundle from a cluster.
func (g *group) bundlePolicy(cluster string) string {
	return fmt.Sprintf(`{"issuers":[{"issuer":"%s","audiences":["%s"],"algorithms":["%s"],"max_token_lifetime_seconds":86400,"jwks":%s,`+
		`"bundle":{"uri":"https://as.example/bundle","keys":[{"alg":"%s","kid":"%s",%s}]}}],`+
		`"proof":{"methods":["dpop"],"algorithms":["ES256"]},"replay":{"capacity":1048576,"per_key":16384,"cold_start":"allow"},`+
		`"hosts":{"proxywasm":{"fetch":[{"origin":"https://as.example","cluster":"%s"}]}},`+
		`"routes":[{"id":"items","match":{"methods":["GET"],"path":"/items/{id}"},"require":{"scopes":["items:read"],"level":"ajwt"}}]}`,
		g.issuer, audience, g.alg, g.keySet(), g.key.header, g.key.KeyID(), g.key.jwk, cluster)
}

// refusedToken names a key that the issuer does not have. It is not signed: the key is
// looked for first.
func (g *group) refusedToken(agent int, now int64) string {
	_, rest, _ := strings.Cut(g.agentToken(agent, now), ".")
	return b64(fmt.Appendf(nil, `{"alg":"%s","kid":"retired-2020-1","typ":"at+jwt"}`, g.key.header)) + "." + rest
}
