package main

import (
	"fmt"
	"strings"
	"sync"
)

// The world of the cases about agents, workflows and delegation: one authorization server,
// four agents, and the workflow that patches a vulnerable dependency (profile, section
// 16.1). lawful, lawfulHardened and linked are its accepted requests; doing turns them into
// requests of other steps. Hashes are those of the standard library.

// agentKeys maps an agent to the test key that the bundle lists for it.
var agentKeys = map[string]string{
	"supervisor": "supervisor-p256-a", "planner": "planner-ed25519-a", "classifier": "classifier-p256-a", "patcher": "agent-p256-a",
}

// worldAgents are the agents of the bundle, in its order.
var worldAgents = []string{"supervisor", "planner", "classifier", "patcher"}

// checksumOf is an agent's checksum in the reading jcs: the hash of its canonical form,
// which is written out here.
func checksumOf(agent string) string {
	return hashed(`{"agent_id":` + quote(agent) + `,"configuration":{"temperature":0},"prompt_template":"You are the ` + agent + `.","tools":[]}`)
}

func registrationOf(agent string) string { return "reg_" + agent + "_1" }

// shimOf is the checksum of the client shim that an agent runs under.
func shimOf(agent string) string { return hashed("shim of the " + agent) }

// agentText is an agent of a bundle; more are members behind the others, each with a comma
// before it.
func agentText(agent, more string) string {
	return fmt.Sprintf(`{"agent_id":%s,"status":"active","registrations":[{"registration_id":%s,"checksum":%s}]%s}`,
		quote(agent), quote(registrationOf(agent)), quote(checksumOf(agent)), more)
}

// stepText is a step of a workflow. agent "" leaves the member out; flags may name
// optional, gate and approval.
func stepText(id, agent, after, flags, scopes, more string) string {
	member := ""
	if agent != "" {
		member = `"agent_id":` + quote(agent) + ","
	}
	return fmt.Sprintf(`{"step_id":%s,%s"after":%s,"required":%t,"approval_gate":%t,"requires_approval":%t,"scopes":%s%s}`,
		quote(id), member, quoteAll(strings.Fields(after)), !strings.Contains(flags, "optional"), strings.Contains(flags, "gate"),
		strings.Contains(flags, "approval"), quoteAll(strings.Fields(scopes)), more)
}

// patching is the workflow of the demonstration: advise may be left out, and scan runs
// beside plan and approve.
//
//	analyze ─┬─ (advise) ─ plan ─ approve (people) ─┬─ patch
//	         └─ scan ───────────────────────────────┘
func patching() string {
	repository := `,"tools":[],"context":["repository"]`
	steps := []string{
		stepText("analyze", "classifier", "", "", "repo:read", `,"tools":["read_manifest"],"context":["repository"]`),
		stepText("advise", "classifier", "analyze", "optional", "repo:read", repository),
		stepText("plan", "planner", "advise", "", "repo:read", repository),
		stepText("scan", "classifier", "analyze", "", "repo:read", repository),
		stepText("approve", "", "plan", "gate", "", `,"tools":[],"context":[]`),
		stepText("patch", "patcher", "approve scan", "approval", "repo:read repo:write", `,"tools":["create_pull_request"],"context":["repository"]`),
	}
	return `{"workflow_id":"vuln-patching","version":3,"origins":["supervisor"],` +
		`"delegation":[["supervisor","planner"],["supervisor","classifier"],["planner","classifier"],["planner","patcher"]],` +
		`"max_depth":3,"steps":[` + strings.Join(steps, ",") + `]}`
}

// triage is a second workflow: its first step is the supervisor's own or, by delegation,
// the classifier's.
func triage() string {
	return `{"workflow_id":"triage","version":1,"origins":["supervisor"],"delegation":[["supervisor","classifier"]],"max_depth":1,"steps":[` +
		stepText("sort", "", "", "", "repo:read", `,"tools":[],"context":[]`) + "," +
		stepText("close", "supervisor", "sort", "", "repo:read", `,"tools":[],"context":[]`) + `]}`
}

// bundlePayload is the payload of a bundle.
func bundlePayload(version int, agents, workflows []string) string {
	return fmt.Sprintf(`{"iss":%q,"iat":%d,"exp":%d,"version":%d,"agents":[%s],"workflows":[%s]}`,
		issuerID, now-3600, now+86400, version, strings.Join(agents, ","), strings.Join(workflows, ","))
}

// signedBundle is a bundle as the authorization server signs it.
func signedBundle(payload string) jws {
	return jws{header: `{"alg":"ES256","typ":"ajwt-bundle+jwt","kid":"bundle-1"}`, payload: payload, key: "bundle-p256-a", alg: "ES256"}
}

// signedList is a revocation list as the authorization server signs it.
func signedList(payload string) jws {
	return jws{header: `{"alg":"ES256","typ":"ajwt-revocations+jwt","kid":"list-1"}`, payload: payload, key: "list-p256-a", alg: "ES256"}
}

// listPayload is the payload of a revocation list; each argument holds the entries of one
// array, in the order agents, registrations, tokens, keys.
func listPayload(sequence int, agents, registrations, tokens, keys []string) string {
	return fmt.Sprintf(`{"iss":%q,"iat":%d,"next_update":%d,"sequence":%d,"agents":%s,"registrations":%s,"tokens":%s,"keys":%s}`,
		issuerID, now-600, now+3000, sequence, quoteAll(agents), quoteAll(registrations), quoteAll(tokens), quoteAll(keys))
}

// bundles returns every bundle below bundles/ that several cases name.
var bundles = sync.OnceValue(func() map[string]jws {
	var plain, pinned []string
	for _, agent := range worldAgents {
		plain = append(plain, agentText(agent, ""))
		pinned = append(pinned, agentText(agent, `,"keys":[`+testKey(agentKeys[agent]).jwk()+`],"shim_checksums":[`+quote(shimOf(agent))+`]`))
	}
	workflows := []string{patching(), triage()}
	return map[string]jws{
		"world.jws":        signedBundle(bundlePayload(7, plain, workflows)),  // neither keys nor shims are listed
		"world-pinned.jws": signedBundle(bundlePayload(7, pinned, workflows)), // both are listed of every agent
	}
})

// revocationLists returns every list below revocations/ that several cases name.
var revocationLists = sync.OnceValue(func() map[string]jws {
	return map[string]jws{
		"nothing.jws": signedList(listPayload(5, nil, nil, nil, nil)),
		// entries of agents, tokens and keys that no request of the world has
		"others.jws": signedList(listPayload(6, []string{"intruder"}, []string{"reg_intruder_1"}, []string{"token-0", "link-0"}, []string{testKey("agent-p256-b").thumbprint()})),
	}
})

// worldIssuer is the issuer of a policy of the world; list adds its revocation list, as
// the members of the entry beside keys.
func worldIssuer(profile, list string) string {
	text := strings.TrimSuffix(issuerText(issuerID, profile, []string{"RS256", "ES256"}, serverKeys("RS256", "ES256")), "}") +
		`,"bundle":{"keys":[` + testKey("bundle-p256-a").entry("bundle-1", "ES256") + `],"uri":"https://as.example/bundle"}`
	if list != "" {
		text += `,"revocation":{"keys":[` + testKey("list-p256-a").entry("list-1", "ES256") + `],"uri":"https://as.example/revocations"` + list + `}`
	}
	return text + "}"
}

// worldRoutes are the routes of a policy of the world; proof and links are "required" or
// "optional".
func worldRoutes(proof, links string) string {
	require := func(level, more string) string {
		return `"require":{"level":` + quote(level) + `,"proof":` + quote(proof) + more + `}`
	}
	linked := ""
	if links == "required" {
		linked = `,"links":"required"`
	}
	return `[{"id":"pulls","match":{"methods":["POST"],"path":"/repos/{owner}/{repo}/pulls"},` +
		require("ajwt", `,"scopes":["repo:write"],"steps":["vuln-patching/patch"]`+linked) + `,"bind":{"repository":"{owner}/{repo}"}},` +
		`{"id":"repos","match":{"path":"/repos/**"},` + require("ajwt", linked) + `},` +
		`{"id":"agents","match":{"path":"/agents/**"},` + require("agent", "") + `},` +
		`{"id":"any","match":{"path":"/**"},` + require("jwt", "") + `}]`
}

// worldPolicies returns the policies of the world by file name.
func worldPolicies() map[string]string {
	return map[string]string{
		"world.json":          policyDoc(worldRoutes("optional", "optional"), worldIssuer("draft-00", "")),
		"world-list.json":     policyDoc(worldRoutes("optional", "optional"), worldIssuer("draft-00", `,"required":true,"grace_seconds":300`)),
		"world-hardened.json": policyDoc(worldRoutes("required", "optional"), worldIssuer("hardened", "")),
		"world-linked.json":   policyDoc(worldRoutes("required", "required"), worldIssuer("hardened", "")),
		// the links too, and a list
		"world-linked-list.json": policyDoc(worldRoutes("required", "required"), worldIssuer("hardened", `,"required":true,"grace_seconds":300`)),
	}
}

// deed is what a token says of the work for which it was minted. Chain and steps end with
// the agent and the step themselves.
type deed struct {
	workflow     string
	chain, steps []string
	scope        string
}

// patch is the deed of lawful: the pull request after people approved of the plan.
var patch = deed{"vuln-patching", []string{"supervisor", "planner", "patcher"}, []string{"analyze", "plan", "scan", "approve", "patch"}, "repo:read repo:write"}

func (d deed) agent() string { return d.chain[len(d.chain)-1] }
func (d deed) step() string  { return d.steps[len(d.steps)-1] }

// lawful is a scene that is accepted at level ajwt: the patcher opens a pull request with
// a bearer token of draft-00 whose hashes are short.
func lawful() scene {
	s := draft("ES256").to("POST", "/repos/acme/app/pulls")
	s.policy, s.bundle = "world.json", map[string]string{issuerID: "world.jws"}
	return s.minted(patch, shortHash)
}

// minted writes a deed into the token.
func (s scene) minted(d deed, hash func(...string) string) scene {
	s.token.payload, _ = replace(s.token.payload, "/sub", ptr(quote(d.agent())))
	s.token.payload, _ = replace(s.token.payload, "/scope", ptr(quote(d.scope)))
	s.token.payload, _ = replace(s.token.payload, "/intent", ptr(fmt.Sprintf(`{"workflow_id":%q,"workflow_step":%q,"executed_by":%q,"delegation_chain":%q,"step_sequence_hash":%q,"execution_context":{"repository":"acme/app"}}`,
		d.workflow, d.step(), d.agent(), hash(d.chain...), hash(d.steps...))))
	s.token.payload, _ = replace(s.token.payload, "/agent_proof", ptr(fmt.Sprintf(`{"agent_checksum":%q,"registration_id":%q}`, checksumOf(d.agent()), registrationOf(d.agent()))))
	return s
}

// lawfulHardened is a scene that is accepted at level ajwt+pop: hardened, long hashes, a
// DPoP proof, and a bundle that lists keys and shims.
func lawfulHardened() scene { return hardenedDeed(patch) }

func hardenedDeed(d deed) scene {
	s := hardened("ES256").to("POST", "/repos/acme/app/pulls")
	s.policy, s.bundle = "world-hardened.json", map[string]string{issuerID: "world-pinned.jws"}
	k := testKey(agentKeys[d.agent()])
	s.token.payload, _ = replace(s.token.payload, "/cnf", ptr(`{"jkt":`+quote(k.thumbprint())+`}`))
	s = s.minted(d, longHash)
	s.token.payload, _ = replace(s.token.payload, "/agent_proof/shim_checksum", ptr(quote(shimOf(d.agent()))))
	alg := algOf(agentKeys[d.agent()])
	s.proof.header = `{"typ":"dpop+jwt","alg":` + quote(alg) + `,"jwk":` + k.jwk() + `}`
	s.proof.key, s.proof.alg = k.name, alg
	return s
}

// algOf is the algorithm of an agent's key.
func algOf(key string) string {
	if strings.Contains(key, "ed25519") {
		return "Ed25519"
	}
	return "ES256"
}

// linked is a scene that is accepted at level ajwt+pop+links: lawfulHardened with a link
// for every hop, on a route that asks for them.
func linked() scene { return linkedDeed(patch) }

func linkedDeed(d deed) scene {
	s := hardenedDeed(d)
	s.policy = "world-linked.json"
	for i := range len(d.chain) - 1 {
		s.links = append(s.links, linkFor(d, i))
	}
	s.token.payload, _ = replace(s.token.payload, linksAt, ptr(`"{links}"`))
	return s
}

// linkFor is the link from agent i of the chain to the next one.
func linkFor(d deed, i int) jws {
	from, to := testKey(agentKeys[d.chain[i]]), testKey(agentKeys[d.chain[i+1]])
	prev := ""
	if i > 0 {
		prev = `,"prev":"{prev}"`
	}
	return jws{
		header: `{"alg":` + quote(algOf(from.name)) + `,"typ":"ajwt-delegation+jwt","jwk":` + from.jwk() + `}`,
		payload: fmt.Sprintf(`{"iss":%q,"sub":%q,"aud":%q,"cnf":{"jkt":%q},"workflow_id":%q,"workflow_step":%q,"scope":%q,"iat":%d,"exp":%d,"jti":"link-%d"%s}`,
			d.chain[i], d.chain[i+1], issuerID, to.thumbprint(), d.workflow, d.step(), d.scope, now-60+int64(i), now+600-int64(i), i+1, prev),
		key: from.name, alg: algOf(from.name),
	}
}
