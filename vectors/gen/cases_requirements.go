package main

import (
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// The cases of what the draft demands of the authorization server before it mints (D00,
// sections 4.3, 5.4, 6.6.4 and 9.3): each token here is signed as it should be, by a server
// that left one validation out, and is refused by a resource with the server's bundle.

var requirementTopics = []topic{
	{"issuance", "agent", issuanceAgent},
	{"issuance", "step", issuanceStep},
	{"issuance", "chain", issuanceChain},
	{"issuance", "definition", issuanceDefinition},
	{"jws", "rotation", jwsRotation},
}

// issued is a token of draft-00 for that deed; the route asks for nothing beside the level.
func (b *builder) issued(d deed) scene {
	return lawful().to("GET", "/repos/acme/app").minted(d, shortHash).claiming("/jti", b.name())
}

// issuedHardened is the same in hardened: long hashes, a proof, pinned keys.
func (b *builder) issuedHardened(d deed) scene {
	return hardenedDeed(d).to("GET", "/repos/acme/app").claiming("/jti", b.name())
}

// issuedTwice makes the rejections of one draft-00 and of one hardened token.
func (b *builder) issuedTwice(title string, d deed, rows func(hash func(...string) string) []row) {
	b.rejects(b.accept("lawful", title, b.issued(d), decides(vectors.Decision{Level: "ajwt"})), rows(shortHash))
	h := b.accept("hardened", title+" In hardened too.", b.issuedHardened(d), decides(vectors.Decision{Level: "ajwt+pop"}))
	for _, r := range rows(longHash) {
		b.reject("hardened-"+r.slug, r.title+" In hardened too.", h, r.code, r.edit, r.opts...)
	}
}

// issuanceAgent: the second and the third validation of section 4.3.1, and what
// registration promises.
func issuanceAgent(b *builder) {
	b.refs = []string{"D00, section 4.3.1", refBundle}
	b.issuedTwice("A token of a registered agent with the checksum of its registration.", patch, func(func(...string) string) []row {
		proof := "/agent_proof/"
		return []row{
			payload("registration-unknown", "The server minted for a registration that it does not have.", "agent_registration_unknown", proof+"registration_id", `"reg_patcher_0"`,
				requirements("D00-5.4.1-01", "D00-6.2.1-01", "D00-4.4.2-19"), threats("T1"), kills("registration-unknown-passes")),
			payload("checksum-unequal", "The server did not compare the checksum with the registered one.", "agent_checksum_mismatch", proof+"agent_checksum", quote(hashed("patcher, altered")),
				requirements("D00-4.3.1-04", "D00-5.5.2-01", "D00-4.4.2-18", "D00-6.5.3-10"), threats("T1", "T4"), kills("checksum-unchecked")),
			{"checksum-replaced", "The agent's configuration was registered anew and the server compared with the old registration.", "agent_checksum_mismatch",
				set("bundle", patcherAt+"/registrations/0/checksum", quote(hashed("patcher, version 2"))),
				[]option{requirements("D00-5.4.4-01", "D00-5.4.4-03"), threats("T4"), kills("checksum-unchecked")}},
			{"registration-replaced", "The server minted for a registration that a newer one has replaced.", "agent_registration_unknown",
				set("bundle", patcherAt+"/registrations/0/registration_id", `"reg_patcher_2"`),
				[]option{requirements("D00-5.4.4-03"), threats("T4"), kills("registration-unknown-passes")}},
			{"revoked", "The server minted for an agent that was revoked.", "agent_status_revoked", set("bundle", patcherAt+"/status", `"revoked"`),
				[]option{requirements("D00-5.6.1-01"), refs("D00, section 5.6.1", refBundle), threats("T1"), kills("status-revoked-passes")}},
		}
	})
	stranger := b.issued(patch).to("GET", "/agents/patcher").with(drop("payload", "/intent"))
	t := b.accept("registered", "A token of a registered agent without an intent, on a route of level agent.", stranger, decides(vectors.Decision{Level: "agent"}))
	b.reject("unregistered", "The server minted for an agent that never registered.", t, "agent_unknown", set("payload", "/sub", `"newcomer"`),
		requirements("D00-4.3.1-03", "D00-5.4.1-01", "D00-6.2.1-01"), threats("T1"), kills("agent-unknown-passes"))
}

// issuanceStep: the fourth validation of section 4.3.1, and section 4.3.3.
func issuanceStep(b *builder) {
	b.refs = []string{"D00, section 4.3.3", refBundle}
	b.issuedTwice("A token for a step whose prerequisites are completed and whose gate was passed.", patch, func(hash func(...string) string) []row {
		intent := "/intent/"
		steps := func(slug, title string, list []string, rows []string, faults ...string) row {
			return payload(slug, title, "workflow_sequence_unknown", intent+"step_sequence_hash", quote(hash(list...)),
				requirements(rows...), threats("T8"), kills(append(faults, "sequence-unchecked")...))
		}
		missing := []string{"D00-4.3.1-05", "D00-4.3.3-01", "D00-4.3.3-03", "D00-6.6.4-02", "D00-9.3.1-01", "D00-9.3.1-04", "D00-4.4.4-03"}
		gate := []string{"D00-4.3.1-05", "D00-4.3.3-01", "D00-4.3.3-04", "D00-6.6.4-03", "D00-9.3.1-02", "D00-4.4.4-03"}
		return []row{
			payload("workflow-unknown", "The server does not know the workflow for which it minted.", "delegation_workflow_unknown", intent+"workflow_id", `"vuln-patching-v2"`,
				requirements("D00-4.3.3-02"), threats("T6"), kills("workflow-unknown-passes")),
			payload("step-unknown", "The workflow does not have the step for which the server minted.", "workflow_step_unknown", intent+"workflow_step", `"deploy"`,
				requirements("D00-4.3.3-02"), threats("T8"), kills("step-unknown-passes")),
			payload("step-of-another", "The step is another agent's.", "workflow_step_agent_mismatch", intent+"workflow_step", `"plan"`,
				requirements("D00-6.6.4-04", "D00-4.3.1-05"), threats("T7", "T8"), kills("step-agent-ignored")),
			steps("first-step-missing", "A required step is not completed: the first one.", strings.Fields("plan scan approve patch"), missing, "steps-required-ignored"),
			steps("parallel-step-missing", "A required step is not completed: one of a parallel branch.", strings.Fields("analyze plan approve patch"), missing, "steps-required-ignored"),
			steps("nothing-completed", "No step but the current one.", strings.Fields("patch"), missing),
			steps("out-of-order", "A required step was completed before the one that it follows.", strings.Fields("plan analyze scan approve patch"), missing),
			steps("current-missing", "The completed steps without the current one.", strings.Fields("analyze plan scan approve"), []string{"D00-4.4.4-02"}),
			steps("gate-missing", "The step requires approval, and the gate before it was not passed.", strings.Fields("analyze plan scan patch"), gate),
			payload("scope-of-step", "The scope goes beyond what the step may have.", "workflow_step_scope_exceeded", "/scope", `"repo:read repo:admin"`,
				requirements(), threats("T9"), kills("step-scopes-unchecked")),
		}
	})
	// Two gates in a row: the most recent one counts, and an optional gate counts like any.
	gates := "[" + strings.Join([]string{
		stepText("draft", "planner", "", "", "repo:read", noContext),
		stepText("first", "", "draft", "gate optional", "", noContext),
		stepText("second", "", "first", "gate optional", "", noContext),
		stepText("patch", "patcher", "second", "approval", "repo:read repo:write", noContext),
	}, ",") + "]"
	two := set("bundle", "/workflows/0/steps", gates)
	both := patch
	both.steps = strings.Fields("draft first second patch")
	last := both
	last.steps = strings.Fields("draft second patch")
	t := b.accept("last-gate", "The most recent of two gates was passed; the one before it need not be.", b.issued(last).with(two), decides(vectors.Decision{Level: "ajwt"}),
		kills("steps-all-gates-needed"))
	b.accept("both-gates", "Both gates were passed.", b.issued(both).with(two), decides(vectors.Decision{Level: "ajwt"}))
	approval := []option{requirements("D00-4.3.3-04", "D00-6.6.4-03", "D00-9.3.1-02"), threats("T8")}
	b.reject("first-gate-alone", "The most recent gate was not passed, only the one before it.", t, "workflow_sequence_unknown",
		set("payload", "/intent/step_sequence_hash", quote(shortHash("draft", "first", "patch"))), append(approval, kills("steps-first-gates-enough", "steps-approval-ignored", "sequence-unchecked"))...)
	b.reject("no-gate", "No gate was passed, since all of them are optional.", t, "workflow_sequence_unknown",
		set("payload", "/intent/step_sequence_hash", quote(shortHash("draft", "patch"))), append(approval, kills("steps-approval-ignored", "sequence-unchecked"))...)
}

// noContext is the rest of a step that admits no tool and asks for no context.
const noContext = `,"tools":[],"context":[]`

// issuanceChain: sections 4.3.4, 6.6.4 and 9.3.2.
func issuanceChain(b *builder) {
	b.refs = []string{"D00, section 4.3.4", "D00, section 6.6.4", refBundle}
	b.issuedTwice("A token whose chain the workflow's delegations allow.", patch, func(hash func(...string) string) []row {
		chain := func(slug, title string, list []string, rows []string, faults ...string) row {
			return payload(slug, title, "delegation_chain_unknown", "/intent/delegation_chain", quote(hash(list...)),
				requirements(append(rows, "D00-6.5.3-13", "D00-4.4.4-03", "D00-9.3.1-03")...), threats("T11"), kills(append(faults, "chain-unchecked")...))
		}
		return []row{
			chain("unregistered", "An agent of the chain is not registered.", strings.Fields("supervisor newcomer patcher"), []string{"D00-4.3.4-02", "D00-6.6.4-06"}),
			chain("not-delegated", "A parent of the chain may not delegate to the next agent.", strings.Fields("supervisor classifier patcher"), []string{"D00-4.3.4-03", "D00-9.3.2-02", "D00-6.6.4-07"}),
			chain("not-last", "The requester is not the last of the chain.", strings.Fields("supervisor patcher planner"), []string{"D00-4.3.4-04", "D00-6.6.4-01"}),
			chain("inserted", "The requester was inserted before its parent's end of the chain.", strings.Fields("supervisor patcher planner patcher"), []string{"D00-6.6.4-01"}),
			chain("replaced", "The requester took another agent's place.", strings.Fields("supervisor patcher"), []string{"D00-6.6.4-01", "D00-6.6.4-07"}),
			chain("cut", "The originator was cut off.", strings.Fields("planner patcher"), []string{"D00-4.3.4-01", "D00-4.3.4-03"}, "chain-origin-any"),
			chain("of-parent", "The chain is the parent's own.", strings.Fields("supervisor planner"), []string{"D00-4.3.4-04"}, "chain-of-any-agent"),
			{"too-deep", "The chain is longer than the workflow allows.", "delegation_chain_unknown", set("bundle", "/workflows/0", shallow()),
				[]option{requirements("D00-6.6.4-05", "D00-9.3.2-03"), refs("D00, section 9.3.2", refBundle), threats("T11"), kills("chain-depth-ignored", "chain-unchecked")}},
			{"parent-revoked", "A parent of the chain was revoked.", "delegation_chain_revoked", set("bundle", "/agents/1/status", `"revoked"`),
				[]option{requirements("D00-6.6.4-06", "D00-9.3.2-04"), refs("D00, section 9.3.2", refBundle), threats("T1", "T11"), kills("chain-revoked-passes")}},
		}
	})
}

// shallow is the workflow of the world with one delegation more and a depth of one, so that
// every step has a chain and the patcher's through the planner is too long.
func shallow() string {
	text, _ := replace(patching(), "/max_depth", ptr("1"))
	text, _ = replace(text, "/delegation/-", ptr(`["supervisor","patcher"]`))
	return text
}

// issuanceDefinition: what section 9.3 asks of the definition of a workflow.
func issuanceDefinition(b *builder) {
	b.refs = []string{"D00, section 9.3", refBundle}
	b.requirements = []string{"D00-9.3-03"}
	t := b.takes("sound", "A definition without cycles, with scopes at each step and a gate before the step that requires approval.", bundleLoad(bundlePayload(3, plainAgents(), []string{patching(), triage()})))
	w := "/workflows/0"
	b.declines("cycle", "Agents delegate in a circle.", t, "bundle_graph_cycle", set("bundle", w+"/delegation/-", `["planner","supervisor"]`), nil, threats("T6", "T11"))
	b.declines("steps-in-a-circle", "Steps wait for each other.", t, "bundle_graph_cycle", set("bundle", w+"/steps/0/after", `["patch"]`), nil, threats("T6"))
	b.declines("gate-missing", "A step requires approval and has no gate before it.", t, "bundle_gate_missing", set("bundle", w+"/steps/4/approval_gate", "false"), nil, threats("T6", "T8"), kills("bundle-gate-missing-taken"))
	b.declines("scopes-missing", "A step says nothing of scopes.", t, "bundle_member_missing", drop("bundle", w+"/steps/2/scopes"), []string{w + "/steps/2/scopes"}, threats("T6", "T9"), kills("bundle-missing-members-taken"))
	b.declines("agent-twice", "Two agents have one id.", t, "bundle_id_duplicate", set("bundle", "/agents/1/agent_id", `"supervisor"`), nil, requirements("D00-5.2.1-02"), threats("T1"), kills("bundle-duplicates-taken"))
	b.declines("registration-twice", "Two registrations have one id.", t, "bundle_id_duplicate", set("bundle", "/agents/1/registrations/0/registration_id", quote(registrationOf("supervisor"))), nil,
		requirements("D00-5.4.2-02"), threats("T1"), kills("bundle-duplicates-taken"))
}

// plainAgents are the agents of the world without keys and shims.
func plainAgents() []string {
	var list []string
	for _, agent := range worldAgents {
		list = append(list, agentText(agent, ""))
	}
	return list
}

// jwsRotation: what was verified with a key says nothing once the issuer's key set has
// another key of that name (D00, section 9.4.3: cached results and their invalidation).
func jwsRotation(b *builder) {
	b.refs = []string{"D00, section 9.4.3", "RFC 7517, section 4.5", "profile, section 4"}
	b.requirements = []string{"D00-9.4.3-03"}
	s := draft("RS256").claiming("/jti", b.name())
	s.policy, s.keys = "draft00-loaded.json", map[string]string{issuerID: "as.json"}
	t := b.accept("verified", "A token is accepted under a key set that was loaded.", s)
	keys := func(at int64, file string) step { return step{now: at, load: "keys", file: file} }
	b.sequence("same-set", "The same set again changes nothing.", t.scene, t.id, []step{ok(now), keys(now+1, "as.json"), ok(now + 2)})
	b.sequence("key-replaced", "Once another key has the kid, the token that was accepted is refused.", t.scene, t.id,
		[]step{ok(now), keys(now+1, "other.json"), no(now+2, "signature_invalid")}, threats("T1"), kills("signature-cache-by-input", "signature-cache-by-jti"))
	b.sequence("key-withdrawn", "Once no key has the kid, the token that was accepted is refused.", t.scene, t.id,
		[]step{ok(now), keys(now+1, "empty.json"), no(now+2, "key_kid_unknown")}, threats("T1"))
	b.sequence("key-back", "When the key comes back the token is accepted again.", t.scene, t.id,
		[]step{ok(now), keys(now+1, "other.json"), no(now+2, "signature_invalid"), keys(now+3, "as.json"), ok(now + 4)}, threats("T1"), kills("signature-cache-by-input"))
}
