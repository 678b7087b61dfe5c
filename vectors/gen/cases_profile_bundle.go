package main

import (
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// The profiles with a bundle in force: what of it each one's tokens are held against.

// profiledWorld is a lawful deed under a policy of the world whose issuer has that profile
// and whose only route has that level.
func (b *builder) profiledWorld(profile, level string) scene {
	routes := `[{"id":"r","match":{"path":"/repos/**"},"require":{"level":` + quote(level) + `,"proof":"optional"}}]`
	return lawful().claiming("/jti", b.name()).under(policyDoc(routes, worldIssuer(profile, "")))
}

// in pins level and route of the decision, and that the workflow was read.
func in(level string) option {
	return decides(vectors.Decision{Level: level, Agent: "patcher", Workflow: "vuln-patching", Step: "patch"})
}

func profileBundle(b *builder) {
	b.refs = []string{refProfiles, "profile, section 16.1"}
	list := quoteAll(patch.chain)
	paper := b.accept("paper", "A chain of paper is held against the chains of the bundle.", b.profiledWorld("paper", "ajwt").claiming("/intent/delegation_chain", list),
		decides(vectors.Decision{Level: "ajwt", ChainHash: longHash(patch.chain...)}), kills("profile-paper-as-draft-00"))
	b.near("paper-objects", "So is a chain of objects.", paper, set("payload", "/intent/delegation_chain", delegators(patch.chain[:2]...)),
		decides(vectors.Decision{Level: "ajwt", ChainHash: longHash(patch.chain...)}), kills("paper-chain-sub-missing"))
	unknown := func(slug, title, chain string, faults ...string) row {
		return payload(slug, title, "delegation_chain_unknown", "/intent/delegation_chain", chain, threats("T11"), kills(faults...))
	}
	b.rejects(paper, []row{
		unknown("paper-hop-missing", "A chain of paper that leaves out an agent is none of the bundle's.", `["supervisor","patcher"]`),
		unknown("paper-empty", "The agent alone is no chain of this workflow: it is no origin.", `[]`),
		unknown("paper-origin", "A chain of paper begins with an origin.", `["planner","patcher"]`),
		unknown("paper-objects-other", "A chain of objects is held against the bundle too.", delegators("supervisor", "classifier")),
		unknown("paper-reversed", "The order of a chain counts.", `["planner","supervisor","patcher"]`),
		payload("paper-sequence", "The sequence of steps is held against the bundle in paper too.", "workflow_sequence_unknown", "/intent/step_sequence_hash", quote(shortHash("patch")), threats("T8")),
	})

	auth := b.accept("auth51", "Hashes of auth51 are held against the bundle.", b.profiledWorld("auth51", "ajwt"), in("ajwt"))
	b.rejects(auth, []row{
		payload("auth51-chain", "A chain of auth51 that the bundle does not have is refused.", "delegation_chain_unknown", "/intent/delegation_chain", quote(shortHash("supervisor", "patcher")), threats("T11")),
		payload("auth51-sequence", "A sequence of auth51 that the bundle does not have is refused.", "workflow_sequence_unknown", "/intent/step_sequence_hash", quote(shortHash("patch")), threats("T8")),
	})

	object := `{"step_id":"patch","agent_id":"patcher","tool_name":"create_pull_request"}`
	checksum := strings.TrimPrefix(checksumOf("patcher"), "sha256:")
	proto := b.accept("patchet", "patchet is held against agent and step, and gets level agent: its hashes are not compared.",
		b.profiledWorld("patchet", "agent").claiming("/intent/workflow_step", object, "/intent/delegation_chain", `"0123456789abcdef"`, "/intent/step_sequence_hash", `"fedcba9876543210"`, "/agent_proof/agent_checksum", quote(checksum)), in("agent"),
		kills("profile-patchet-as-draft-00"))
	b.near("patchet-known-hashes", "Hashes that the bundle has do not raise the level of patchet.", proto, set("payload", "/intent/delegation_chain", quote(shortHash(patch.chain...))), in("agent"))
	b.near("patchet-scope-array", "A scope array is held against the step's scopes.", proto, set("payload", "/scope", `["repo:write"]`), in("agent"))
	step := func(id string) string { return strings.Replace(object, `"patch"`, quote(id), 1) }
	b.rejects(proto, []row{
		payload("patchet-checksum", "The checksum of patchet is the registration's.", "agent_checksum_mismatch", "/agent_proof/agent_checksum", quote(hexA), threats("T4")),
		payload("patchet-step-unknown", "The step of patchet is one of the workflow's.", "workflow_step_unknown", "/intent/workflow_step", step("deploy"), threats("T8")),
		payload("patchet-step-agent", "The step of patchet is the agent's.", "workflow_step_agent_mismatch", "/intent/workflow_step", step("plan"), threats("T7")),
		payload("patchet-workflow", "The workflow of patchet is one of the bundle's.", "delegation_workflow_unknown", "/intent/workflow_id", `"deployment"`, threats("T6")),
		payload("patchet-scope", "A scope array of patchet is within the step's scopes.", "workflow_step_scope_exceeded", "/scope", `["repo:write","repo:admin"]`, threats("T9")),
		payload("patchet-context", "The context of patchet is what the step needs.", "workflow_step_context_missing", "/intent/execution_context", `{}`),
		payload("patchet-sequence-missing", "patchet has a step_sequence_hash where a workflow is named.", "workflow_sequence_missing", "/intent",
			`{"workflow_id":"vuln-patching","workflow_step":`+object+`,"delegation_chain":"0123456789abcdef","execution_context":{"repository":"acme/app"}}`, kills("sequence-optional")),
	})

	plain := b.accept("plain", "plain is an ordinary token with a bundle in force too: its agent claims are not compared.", b.profiledWorld("plain", "jwt").claiming("/intent/workflow_step", `"deploy"`, "/agent_proof/agent_checksum", quote("sha256:"+hexA)),
		decides(vectors.Decision{Level: "jwt", Agent: "patcher"}), kills("plain-agent-claims-read"))
	b.reject("plain-as-draft-00", "Under draft-00 they are, on a route of level jwt as well.", plain, "agent_checksum_mismatch", setProfile("draft-00"), threats("T4"))
	pinned := plain.scene.claiming("/cnf", jkt("agent-p256-a"))
	pinned.bundle = map[string]string{issuerID: "world-pinned.jws"}
	held := b.accept("plain-pinned", "Where the bundle pins the agent's keys plain is held to them.", pinned)
	b.rejects(held, []row{
		payload("plain-pinned-other", "Another key than the pinned ones is refused in plain.", "agent_key_unpinned", "/cnf", jkt("agent-p256-b"), threats("T1")),
		{"plain-pinned-unbound", "A token that binds no key is refused in plain where keys are pinned.", "agent_key_unbound", drop("payload", "/cnf"), []option{threats("T1")}},
	})
}
