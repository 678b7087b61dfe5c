package main

import (
	"fmt"

	"github.com/agentic-jwt/ajwt/vectors"
)

// The cases of what a decision makes of workflow and chain: the route's own demands, levels,
// routes that only observe, several issuers, aliases, and bundles that change.

// workflowRoute: what the route asks for beside the bundle.
func workflowRoute(b *builder) {
	b.refs = []string{"profile, section 10"}
	t := b.accept("lawful", "Step, agent, scope and context are what the route asks for, and lawful.", b.patching(), reached("ajwt", patch, "pulls"))
	b.rejects(t, []row{
		{"step-not-asked", "A lawful step that the route does not take is refused.", "workflow_step_not_allowed", set("policy", "/routes/0/require/steps", `["vuln-patching/plan"]`), []option{status(403), threats("T8"), kills("steps-unchecked", "step-of-workflow-ignored")}},
		{"step-of-other-workflow", "A step of that name in another workflow is another step.", "workflow_step_not_allowed", set("policy", "/routes/0/require/steps", `["triage/patch"]`), []option{status(403), threats("T6"), kills("steps-unchecked", "step-workflow-ignored")}},
		{"agent-not-asked", "A lawful agent that the route does not take is refused.", "workflow_agent_not_allowed", set("policy", "/routes/0/require/agents", `["planner"]`), []option{status(403), threats("T7")}},
		{"scope-asked", "A scope that the step admits and the token lacks is asked for.", "workflow_scope_insufficient", set("payload", "/scope", `"repo:read"`), []option{status(403)}},
	})
	b.near("several-steps", "Any of several steps will do.", t, set("policy", "/routes/0/require/steps", `["vuln-patching/plan","vuln-patching/patch"]`), reached("ajwt", patch, "pulls"))
	b.near("agent-asked", "The agent is the one that the route takes.", t, set("policy", "/routes/0/require/agents", `["patcher"]`), reached("ajwt", patch, "pulls"))
	p := b.accept("planner", "The planner's step on a route that takes it.", lawful().minted(planning, shortHash).claiming("/jti", b.name()).
		with(set("policy", "/routes/0/require", `{"level":"ajwt","proof":"optional","steps":["vuln-patching/plan","vuln-patching/patch"]}`)), reached("ajwt", planning, "pulls"))
	b.reject("planner-not-asked", "The planner's step, lawful as it is, on a route for the patcher's.", p, "workflow_step_not_allowed",
		set("policy", "/routes/0/require/steps", `["vuln-patching/patch"]`), status(403), threats("T7", "T8"), kills("steps-unchecked", "step-of-workflow-ignored"))
	// the bundle is asked before the route
	b.rejects(t, []row{
		payload("chain-first", "The chain is looked at before what the route asks for.", "delegation_chain_unknown", chainAt, quote(shortHash("planner", "patcher")), status(403), threats("T10", "T11"), kills("chain-unchecked", "chain-origin-any")),
		payload("sequence-first", "So is the sequence.", "workflow_sequence_unknown", sequenceAt, quote(shortHash("patch")), status(403), threats("T8"), kills("sequence-unchecked")),
		payload("step-first", "A step that the workflow does not have is unknown, not unasked.", "workflow_step_unknown", "/intent/workflow_step", `"deploy"`, status(403), threats("T8"), kills("step-unknown-passes")),
		payload("workflow-first", "A workflow that the bundle does not have is unknown, not unasked.", "delegation_workflow_unknown", "/intent/workflow_id", `"deployment"`, status(403), threats("T6"), kills("workflow-unknown-passes")),
	})
}

// wrongs are faults of workflow, chain and step that a bundle in force shows.
func wrongs() []row {
	wrong := func(slug, title, code, path, text string, faults ...string) row {
		return payload(slug, title, code, path, text, kills(append(faults, "checkable-not-enforced")...))
	}
	return []row{
		wrong("workflow", "an unknown workflow", "delegation_workflow_unknown", "/intent/workflow_id", `"deployment"`, "workflow-unknown-passes"),
		wrong("chain", "a chain without its origin", "delegation_chain_unknown", chainAt, quote(shortHash("planner", "patcher")), "chain-unchecked", "chain-origin-any"),
		wrong("chain-of-another", "another agent's chain", "delegation_chain_unknown", chainAt, quote(shortHash("supervisor", "planner")), "chain-unchecked", "chain-of-any-agent"),
		wrong("step", "an unknown step", "workflow_step_unknown", "/intent/workflow_step", `"deploy"`, "step-unknown-passes"),
		wrong("step-gate", "a gate that is people's", "workflow_step_gate", "/intent/workflow_step", `"approve"`, "step-gate-passes"),
		wrong("step-agent", "a step of another agent", "workflow_step_agent_mismatch", "/intent/workflow_step", `"plan"`, "step-agent-ignored"),
		wrong("sequence", "a sequence without the gate", "workflow_sequence_unknown", sequenceAt, quote(shortHash("analyze", "plan", "scan", "patch")), "sequence-unchecked"),
		wrong("scope", "a scope that the step does not admit", "workflow_step_scope_exceeded", "/scope", `"repo:read repo:admin"`, "step-scopes-unchecked"),
		wrong("context", "a context without what the step names", "workflow_step_context_missing", "/intent/execution_context", "{}", "step-context-unchecked"),
	}
}

// workflowLevel: the level that a request gets, and what is enforced above its route's.
func workflowLevel(b *builder) {
	b.refs = []string{"profile, section 12"}
	jwt, agent := b.patching().to("GET", "/status"), b.patching().to("GET", "/agents/patcher")
	t := b.accept("jwt-route", "On a route of level jwt a lawful token gets level ajwt.", jwt, reached("ajwt", patch, "any"), kills("checkable-not-enforced"))
	a := b.accept("agent-route", "On a route of level agent too.", agent, reached("ajwt", patch, "agents"))
	b.accept("ajwt-route", "And on one of level ajwt.", b.anywhere(), reached("ajwt", patch, "repos"))
	b.near("jwt-route-agent", "Without an intent it is level agent.", t, drop("payload", "/intent"), decides(vectors.Decision{Level: "agent", Route: "any"}))
	b.near("jwt-route-unproven-agent", "Without agent_proof it is level jwt, whatever the intent says.", t, drop("payload", "/agent_proof"), decides(vectors.Decision{Level: "jwt", Workflow: "vuln-patching", Route: "any"}))
	b.near("agent-route-agent", "On a route of level agent the intent may be absent.", a, drop("payload", "/intent"), decides(vectors.Decision{Level: "agent", Route: "agents"}))
	for _, r := range wrongs() {
		note := append([]option{status(403), level("PROFILE"), refs("profile, section 12", refBundle)}, r.opts...)
		b.reject("jwt-route-"+r.slug, "On a route of level jwt "+r.title+" is refused where a bundle is in force.", t, r.code, r.edit, note...)
		b.reject("agent-route-"+r.slug, "On a route of level agent "+r.title+" is refused.", a, r.code, r.edit, append([]option{status(403)}, withoutFault(r, "checkable-not-enforced")...)...)
	}
	un := b.accept("without-agent-proof", "A token without agent_proof whose chain is lawful.", jwt.with(drop("payload", "/agent_proof"), drop("payload", "/intent/executed_by")), decides(vectors.Decision{Level: "jwt"}))
	b.reject("without-agent-proof-chain", "Leaving out agent_proof is no way around the chain.", un, "delegation_chain_unknown", set("payload", chainAt, quote(shortHash("planner", "patcher"))), status(403), threats("T11"), kills("chain-unchecked", "checkable-not-enforced", "chain-origin-any"))
	b.reject("without-agent-proof-sequence", "Nor around the sequence.", un, "workflow_sequence_unknown", set("payload", sequenceAt, quote(shortHash("patch"))), status(403), threats("T8"), kills("sequence-unchecked", "checkable-not-enforced"))
	b.reject("without-agent-proof-stranger", "A workflow is named by agents of the bundle alone.", un, "agent_unknown", set("payload", "/sub", `"intruder"`), status(401), threats("T1"), kills("agent-unknown-passes", "checkable-not-enforced"))
	// with a proof
	pop := lawfulHardened().claiming("/jti", b.name())
	h := b.accept("hardened-jwt-route", "With a proof it is level ajwt+pop, also on a route of level jwt.", pop.to("GET", "/status"), reached("ajwt+pop", patch, "any"))
	b.near("hardened-jwt-route-agent", "Without an intent it is agent+pop.", h, drop("payload", "/intent"), decides(vectors.Decision{Level: "agent+pop"}))
	b.near("hardened-jwt-route-jwt", "Without agent claims it is jwt+pop.", h, set("payload", "", mustDrop(h.scene.token.payload, "/intent", "/agent_proof")), decides(vectors.Decision{Level: "jwt+pop"}))
	b.rejects(h, []row{
		payload("hardened-jwt-route-chain", "In hardened a wrong chain is refused on a route of level jwt.", "delegation_chain_unknown", chainAt, quote(longHash("planner", "patcher")), status(403), level("PROFILE"), threats("T10", "T11"), kills("chain-unchecked", "checkable-not-enforced", "chain-origin-any")),
		payload("hardened-jwt-route-sequence", "And a wrong sequence.", "workflow_sequence_unknown", sequenceAt, quote(longHash("patch")), status(403), level("PROFILE"), threats("T8"), kills("sequence-unchecked", "checkable-not-enforced")),
	})
	k := testKey("agent-p256-a")
	proven := jwt.claiming("/cnf", `{"jkt":`+quote(k.thumbprint())+`}`)
	proven.proof, proven.scheme = hardened("ES256").to("GET", "/status").proof, "DPoP"
	b.accept("proven", "A token of draft-00 with a proof gets +pop too.", proven, reached("ajwt+pop", patch, "any"))
	b.accept("bound-unproven", "A bound token without a proof does not.", jwt.claiming("/cnf", `{"jkt":`+quote(k.thumbprint())+`}`), reached("ajwt", patch, "any"))
}

// mustDrop returns the text without these members.
func mustDrop(text string, pointers ...string) string {
	for _, p := range pointers {
		text, _ = replace(text, p, nil)
	}
	return text
}

// withoutFault returns the options of a row with one fault less.
func withoutFault(r row, fault string) []option {
	return append(r.opts[:len(r.opts):len(r.opts)], func(c *vectors.Case) {
		var rest []string
		for _, name := range c.Kills {
			if name != fault {
				rest = append(rest, name)
			}
		}
		c.Kills = rest
	})
}

// workflowAbsent: without a bundle nobody can say that a workflow is unlawful.
func workflowAbsent(b *builder) {
	b.refs = []string{"profile, section 12", "profile, section 7"}
	none := drop("bundle", "")
	s := b.patching().to("GET", "/status").with(none)
	only := decides(vectors.Decision{Level: "jwt", Route: "any"})
	t := b.accept("lawful", "Without a bundle a token with a workflow passes at level jwt.", s, decides(vectors.Decision{Level: "jwt", Workflow: "vuln-patching", Step: "patch", ChainHash: shortHash(patch.chain...)}), kills("level-of-claims"))
	for _, r := range wrongs() {
		b.near(r.slug, "Without a bundle "+r.title+" passes at level jwt.", t, r.edit, only)
	}
	text, _ := lookup(s.token.payload, "/intent")
	b.rejects(t, []row{
		{"chain-missing", "That an intent which names a workflow has a chain needs no bundle.", "delegation_chain_missing", set("payload", "/intent", mustDrop(text, "/delegation_chain")), []option{status(403), threats("T11"), kills("chain-optional")}},
		{"sequence-missing", "That it has a sequence needs none.", "workflow_sequence_missing", set("payload", "/intent", mustDrop(text, "/step_sequence_hash")), []option{status(403), threats("T8"), kills("sequence-optional")}},
		{"chain-not-self", "That the chain without a workflow is the agent alone needs none.", "delegation_chain_not_self", set("payload", "/intent", mustDrop(text, "/workflow_id", "/workflow_step", "/step_sequence_hash")), []option{status(403), threats("T11"), kills("chain-self-ignored")}},
		{"sequence-without-workflow", "Nor does that it has no sequence.", "workflow_sequence_unexpected", set("payload", "/intent", mustDrop(text, "/workflow_id", "/workflow_step", "/delegation_chain")), []option{status(403), threats("T8"), kills("sequence-empty-ignored")}},
	})
	h := lawfulHardened().to("GET", "/status").claiming("/jti", b.name()).with(none)
	b.accept("hardened", "In hardened it is level jwt+pop.", h, decides(vectors.Decision{Level: "jwt+pop"}))
	b.accept("hardened-chain", "And nobody can say that the chain is unlawful.", h.claiming(chainAt, quote(longHash("intruder", "patcher"))), decides(vectors.Decision{Level: "jwt+pop"}))
}

// spying makes the route "repos" of a policy of the world observe these stages.
func spying(until int64, stages ...string) edit {
	return set("policy", "/routes/1/observe", fmt.Sprintf(`{"until":%d,"stages":%s}`, until, quoteAll(stages)))
}

// workflowObserve: routes that only observe the stages agent, delegation, workflow.
func workflowObserve(b *builder) {
	b.refs = []string{"profile, section 12"}
	s := b.anywhere()
	decided := func(level string, warnings ...string) option {
		return decides(vectors.Decision{Level: level, Route: "repos", Warnings: warnings})
	}
	both := "workflow_sequence_unknown"
	intent := func(chain, sequence []string) edit {
		text, _ := lookup(s.token.payload, "/intent")
		text = mustReplace(text, "/delegation_chain", quote(shortHash(chain...)))
		return set("payload", "/intent", mustReplace(text, "/step_sequence_hash", quote(shortHash(sequence...))))
	}
	spoilt := intent(ids("planner", "patcher"), ids("patch"))
	d := b.accept("delegation", "Where the stage delegation is observed a lawful token gets its level.", s.with(spying(now+3600, "delegation")), reached("ajwt", patch, "repos"))
	b.rejects(d, []row{
		payload("delegation-chain", "A wrong chain is recorded, and the level is agent.", "delegation_chain_unknown", chainAt, quote(shortHash("planner", "patcher")), noted(), decided("agent"), threats("T11"), kills("chain-unchecked", "chain-origin-any", "observe-never")),
		payload("delegation-workflow", "An unknown workflow is recorded; what it would tell of step and sequence is not asked.", "delegation_workflow_unknown", "/intent/workflow_id", `"deployment"`, noted(), decided("agent"), threats("T6"), kills("workflow-unknown-passes", "observe-never")),
		{"delegation-intent", "A missing intent is recorded.", "delegation_intent_missing", drop("payload", "/intent"), []option{noted(), decided("agent"), kills("intent-optional", "observe-never")}},
		{"delegation-nameless", "So is one that names no workflow.", "delegation_workflow_missing", set("payload", "/intent", "{}"), []option{noted(), decided("agent"), kills("workflow-optional", "observe-never")}},
		payload("delegation-sequence", "A wrong sequence is no matter of that stage, and enforced.", "workflow_sequence_unknown", sequenceAt, quote(shortHash("patch")), status(403), threats("T8"), kills("sequence-unchecked", "observe-all-codes")),
		{"delegation-then-workflow", "Behind an observed failure the stages that are not observed are enforced; it becomes a warning.", both, spoilt,
			[]option{status(403), decides(vectors.Decision{Route: "repos", Warnings: []string{"delegation_chain_unknown"}}), threats("T8", "T11"), kills("sequence-unchecked", "observe-all-codes", "chain-unchecked", "chain-origin-any")}},
		{"delegation-then-bundle", "That no bundle is loaded is never only observed.", "agent_bundle_missing", drop("bundle", ""), []option{status(503)}},
	})
	w := b.accept("workflow", "Where the stage workflow is observed a lawful token gets its level.", s.with(spying(now+3600, "workflow")), reached("ajwt", patch, "repos"))
	for _, r := range wrongs()[3:] {
		b.reject("workflow-"+r.slug, "Where the stage workflow is observed, "+r.title+" is recorded, and the level is agent.", w, r.code, r.edit,
			append(withoutFault(r, "checkable-not-enforced"), noted(), decidesFor(r, "agent"), kills("observe-never"))...)
	}
	b.reject("workflow-chain", "A wrong chain is no matter of that stage, and enforced.", w, "delegation_chain_unknown", set("payload", chainAt, quote(shortHash("planner", "patcher"))), status(403), threats("T11"), kills("chain-unchecked", "chain-origin-any", "observe-all-codes"))
	two := b.accept("both", "Where both stages are observed a lawful token gets its level.", s.with(spying(now+3600, "delegation", "workflow")), reached("ajwt", patch, "repos"))
	b.reject("both-wrong", "The first failure is the code and the second a warning.", two, "delegation_chain_unknown", spoilt, noted(), decided("agent", both), threats("T8", "T11"), kills("chain-unchecked", "sequence-unchecked", "chain-origin-any", "observe-never"))
	a := b.accept("agent", "Where the stage agent is observed a lawful token gets its level.", s.with(drop("payload", "/intent/executed_by"), spying(now+3600, "agent")), reached("ajwt", patch, "repos"))
	b.rejects(a, []row{
		payload("agent-unknown", "An unknown agent is recorded; whose step and chain it is is not asked. The level is jwt.", "agent_unknown", "/sub", `"intruder"`, noted(), decided("jwt"), threats("T1"), kills("agent-unknown-passes", "observe-never")),
		payload("agent-registration", "An unknown registration is recorded; the level is jwt though chain and step are lawful.", "agent_registration_unknown", "/agent_proof/registration_id", `"reg_patcher_9"`, noted(), decided("jwt"), threats("T1"), kills("registration-unknown-passes", "observe-never")),
		{"agent-proof", "A missing agent_proof is recorded.", "agent_proof_missing", drop("payload", "/agent_proof"), []option{noted(), decided("jwt"), kills("agent-proof-optional", "observe-never")}},
		payload("agent-chain", "A wrong chain is enforced there.", "delegation_chain_unknown", chainAt, quote(shortHash("planner", "patcher")), status(403), threats("T11"), kills("chain-unchecked", "chain-origin-any", "observe-all-codes")),
		payload("agent-step", "So is an unknown step.", "workflow_step_unknown", "/intent/workflow_step", `"deploy"`, status(403), threats("T8"), kills("step-unknown-passes", "observe-all-codes")),
	})
	last := b.accept("last-second", "In the last second of observation a lawful token gets its level.", s.with(spying(now+1, "delegation", "workflow")), reached("ajwt", patch, "repos"))
	b.reject("last-second-chain", "Then a wrong chain is still only recorded.", last, "delegation_chain_unknown", set("payload", chainAt, quote(shortHash("planner", "patcher"))), noted(), decided("agent"), kills("chain-unchecked", "chain-origin-any", "observe-never"))
	over := b.accept("over", "When observation is over too.", s.with(spying(now, "delegation", "workflow")), reached("ajwt", patch, "repos"))
	b.rejects(over, []row{
		payload("over-chain", "A wrong chain is enforced from then on.", "delegation_chain_unknown", chainAt, quote(shortHash("planner", "patcher")), status(403), threats("T11"), kills("observe-forever", "chain-unchecked", "chain-origin-any")),
		payload("over-sequence", "So is a wrong sequence.", "workflow_sequence_unknown", sequenceAt, quote(shortHash("patch")), status(403), threats("T8"), kills("observe-forever", "sequence-unchecked")),
	})
	strict := b.accept("strict-route", "A route that observes and asks for scope, step and context.", b.patching().with(watching(0, "agent", "delegation", "workflow")), reached("ajwt", patch, "pulls"))
	b.rejects(strict, []row{
		payload("strict-route-scope", "The route's scopes are enforced, whatever it observes.", "workflow_scope_insufficient", "/scope", `"repo:read"`, status(403), kills("observe-all-codes")),
		payload("strict-route-workflow", "An unknown workflow and the step that therefore is not the route's are recorded.", "delegation_workflow_unknown", "/intent/workflow_id", `"deployment"`, noted(), decides(vectors.Decision{Level: "agent", Route: "pulls", Warnings: []string{"workflow_step_not_allowed"}}), threats("T6"), kills("workflow-unknown-passes", "observe-never")),
		payload("strict-route-context", "A context of another repository is recorded.", "workflow_context_mismatch", "/intent/execution_context/repository", `"acme/other"`, noted(), decides(vectors.Decision{Level: "agent", Route: "pulls"}), threats("T5"), kills("bind-ignored", "observe-never")),
	})
	h := b.accept("hardened", "In hardened the level of a lawful token is ajwt+pop.", b.hardenedDoing(patch).with(spying(now+3600, "delegation", "workflow")), reached("ajwt+pop", patch, "repos"))
	b.rejects(h, []row{
		payload("hardened-chain", "A wrong chain leaves agent+pop.", "delegation_chain_unknown", chainAt, quote(longHash("planner", "patcher")), noted(), decided("agent+pop"), threats("T11"), kills("chain-unchecked", "chain-origin-any", "observe-never")),
		payload("hardened-sequence", "And so does a wrong sequence.", "workflow_sequence_unknown", sequenceAt, quote(longHash("patch")), noted(), decided("agent+pop"), threats("T8"), kills("sequence-unchecked", "observe-never")),
	})
}

// decidesFor pins the level and no warnings but those that follow from the same fault.
func decidesFor(r row, level string) option {
	d := vectors.Decision{Level: level, Route: "repos"}
	switch r.slug {
	case "step-agent": // the sequence is that of the other step
		d.Warnings = []string{"workflow_sequence_unknown", "workflow_step_scope_exceeded"}
	}
	return decides(d)
}
