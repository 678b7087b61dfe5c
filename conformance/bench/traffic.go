package main

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// scenario is what a request brings, and what of it is known already.
type scenario int

const (
	tokenOnly   scenario = iota // Bearer, token not seen before
	tokenProof                  // DPoP, token and proof not seen before
	cachedProof                 // DPoP, token seen before, proof not
	cachedToken                 // Bearer, token seen before: parse, policy and claims
	rejectKid                   // DPoP, kid unknown: refused before any signature
	scenarios   = int(rejectKid) + 1
)

var scenarioNames = [scenarios]string{"token", "+DPoP", "cached+DPoP", "cached", "reject"}

func (s scenario) String() string { return scenarioNames[s] }

const (
	audience  = "https://api.example"
	authority = "api.example"
	scope     = "items:read"
	bound     = 64 // agents, and so keys that sign proofs; also requests of a batch
	issuing   = 4  // keys of an issuer
	// Tokens live this long (seconds), so that Now may advance over all rounds while
	// those of the cached scenarios stay valid.
	tokenLife = 80000
)

// group is one combination of algorithms: an issuer and its agents.
type group struct {
	name   string
	issuer string
	alg    string // of the issuer's keys, by the full name
	keys   []*key // of the issuer
	agents []*key // each signs the proofs of one agent
	known  []signed
	serial int // makes jti unique, with the name
}

// newGroups makes the three combinations. Proof keys are Ed25519 but for ES256.
func newGroups() []*group {
	ed25519Agents, es256Agents := newAgents("Ed25519"), newAgents("ES256")
	return []*group{
		newGroup("Ed25519", "EdDSA", ed25519Agents),
		newGroup("ES256", "ES256", es256Agents),
		newGroup("RS256", "RS256", ed25519Agents),
	}
}

func newAgents(alg string) []*key {
	agents := make([]*key, bound)
	for i := range agents {
		agents[i] = newKey(alg, "")
	}
	return agents
}

func newGroup(name, header string, agents []*key) *group {
	g := &group{name: name, alg: name, issuer: "https://" + strings.ToLower(name) + ".as.example", agents: agents}
	for i := range issuing {
		g.keys = append(g.keys, newKey(header, fmt.Sprintf("%s-2026-%d", strings.ToLower(name), i)))
	}
	return g
}

// sent is one request, ready to be decided.
type sent struct {
	from    *group
	request ajwt.Request
	token   signed
	proof   signed // zero without one
	want    string // code of the rejection, "" for accept
}

// batch mints one request of every agent. What is said to be cached is the group's
// set of known tokens, which a first batch makes known.
func (g *group) batch(s scenario, now int64) []sent {
	batch := make([]sent, bound)
	for i := range batch {
		out := &batch[i]
		out.from = g
		switch s {
		case tokenOnly:
			out.token = g.token(i, now, g.issuerKey(i).kid)
		case tokenProof:
			out.token = g.token(i, now, g.issuerKey(i).kid)
			out.proof = g.proof(i, now, &out.token)
		case cachedProof:
			out.token = g.knownToken(i, now)
			out.proof = g.proof(i, now, &out.token)
		case cachedToken:
			out.token = g.knownToken(i, now)
		case rejectKid:
			out.token = g.token(i, now, "retired-2020-0")
			out.proof = g.proof(i, now, &out.token)
			out.want = ajwt.CodeKeyKidUnknown.String()
		}
		out.request = request(i, now, out.token.compact, out.proof.compact)
	}
	return batch
}

func (g *group) issuerKey(agent int) *key { return g.keys[agent%len(g.keys)] }

func (g *group) knownToken(agent int, now int64) signed {
	for len(g.known) <= agent {
		n := len(g.known)
		g.known = append(g.known, g.token(n, now, g.issuerKey(n).kid))
	}
	return g.known[agent]
}

// token mints an intent token as the draft shows it, with cnf.jwk.
func (g *group) token(agent int, now int64, kid string) signed {
	g.serial++
	k := g.issuerKey(agent)
	sub := "agent-" + strconv.Itoa(agent)
	return k.compact(
		fmt.Sprintf(`{"alg":"%s","kid":"%s","typ":"at+jwt"}`, k.alg, kid),
		fmt.Sprintf(`{"iss":"%s","aud":"%s","sub":"%s","iat":%d,"exp":%d,"jti":"token-%08d","scope":"%s items:list",`+
			`"cnf":{"jwk":{%s}},`+
			`"intent":{"workflow_id":"vuln-patching","workflow_step":"step_3_patch","executed_by":"%s",`+
			`"delegation_chain":"e2b0bb2db17839e8","step_sequence_hash":"bed72404ae7c18e8"},`+
			`"agent_proof":{"agent_checksum":"sha256:fe7d0ce288d695cdc6769855b50bea0aef1e132bbae8badb4f384de752a7aa10","registration_id":"reg_%s_2"}}`,
			g.issuer, audience, sub, now, now+tokenLife, g.serial, scope, g.agents[agent].jwk, sub, sub))
}

// proof mints a DPoP proof (RFC 9449, section 4.2) for the request of that agent.
func (g *group) proof(agent int, now int64, token *signed) signed {
	g.serial++
	k := g.agents[agent]
	ath := sha256.Sum256([]byte(token.compact))
	return k.compact(
		fmt.Sprintf(`{"typ":"dpop+jwt","alg":"%s","jwk":{%s}}`, k.alg, k.jwk),
		fmt.Sprintf(`{"jti":"%s-proof-%08d","htm":"GET","htu":"https://%s%s","iat":%d,"ath":"%s"}`,
			g.name, g.serial, authority, path(agent, true), now, b64(ath[:])))
}

// path is that of the route with a mandatory proof, or of the one without.
func path(agent int, proof bool) string {
	if proof {
		return "/items/" + strconv.Itoa(agent)
	}
	return "/open/items/" + strconv.Itoa(agent)
}

// request dresses token and proof as a proxy would hand them over.
func request(agent int, now int64, token, proof string) ajwt.Request {
	scheme := "Bearer "
	headers := []ajwt.Header{
		{Name: "user-agent", Value: "agent-shim/1.4 (linux; amd64)"},
		{Name: "accept", Value: "application/json"},
		{Name: "accept-encoding", Value: "gzip"},
		{Name: "x-forwarded-for", Value: "192.0.2.17"},
		{Name: "x-forwarded-proto", Value: "https"},
		{Name: "x-request-id", Value: "0f1d1b5c-8a3e-4d3c-9a55-2f6d0c1e7b11"},
		{Name: "traceparent", Value: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
	}
	if proof != "" {
		scheme = "DPoP "
		headers = append(headers, ajwt.Header{Name: "dpop", Value: proof})
	}
	headers = append(headers, ajwt.Header{Name: "authorization", Value: scheme + token})
	return ajwt.Request{
		Method: "GET", Scheme: "https", Authority: authority, Target: path(agent, proof != "") + "?page=2",
		Headers: headers, Now: now,
	}
}
