package main

import (
	"fmt"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// The cases of several issuers, of aliases, of bundles that change, and of hardened.

// otherServer is a second authorization server: its own bundle of agents that have the
// same names, with other registrations and another graph.
func otherServer() jws {
	agent := func(id string) string {
		return fmt.Sprintf(`{"agent_id":%q,"status":"active","registrations":[{"registration_id":%q,"checksum":%q}]}`, id, "reg_other_"+id, checksumOf(id))
	}
	payload := bundlePayload(2, []string{agent("patcher"), agent("reviewer")}, []string{
		workflowText("vuln-patching", "reviewer", "reviewer>patcher", 1, stepText("review", "reviewer", "", "", "repo:read", noTools), stepText("patch", "patcher", "review", "", "repo:read", noTools)),
		workflowText("cleaning", "patcher", "", 0, stepText("clean", "patcher", "", "", "repo:read", noTools))})
	return jws{header: `{"alg":"ES256","typ":"ajwt-bundle+jwt","kid":"bundle-2"}`, payload: mustReplace(payload, "/iss", quote(otherID)), key: "bundle-p256-b", alg: "ES256"}
}

// twoServers is a policy of both issuers, each with a bundle of its own.
func twoServers() string {
	second := mustReplace(issuerText(otherID, "draft-00", []string{"ES256"}, jwks(testKey("p256-b").entry("other-1", "ES256"))),
		"/bundle", `{"keys":[`+testKey("bundle-p256-b").entry("bundle-2", "ES256")+`]}`)
	return policyDoc(`[{"id":"repos","match":{"path":"/repos/**"},"require":{"level":"ajwt","proof":"optional"}},{"id":"any","match":{"path":"/**"},"require":{"level":"jwt","proof":"optional"}}]`,
		worldIssuer("draft-00", ""), second)
}

// workflowIssuers: agents, workflows and chains belong to one issuer.
func workflowIssuers(b *builder) {
	b.refs = []string{"profile, section 16.1", "profile, section 1"}
	document := otherServer()
	s := b.anywhere().under(twoServers())
	s.bundle = with(s.bundle, otherID, b.suite.bundles.name(b.area+"."+b.topic+".other", &document))
	t := b.accept("first", "A token of the first issuer is held against that issuer's bundle.", s, decides(vectors.Decision{Level: "ajwt", Issuer: issuerID, Bundle: version(7)}))
	d := deed{"vuln-patching", ids("reviewer", "patcher"), ids("review", "patch"), "repo:read"}
	o := b.carrying(d).under(twoServers()).signedBy("p256-b", "ES256").claiming("/iss", quote(otherID), "/agent_proof/registration_id", `"reg_other_patcher"`)
	o.token.header = mustReplace(o.token.header, "/kid", `"other-1"`)
	o.changedBundle = &document
	other := b.accept("second", "A token of the second issuer is held against the second one's, also where workflow, step and agent have the same names.", o,
		decides(vectors.Decision{Level: "ajwt", Issuer: otherID, Agent: "patcher", Workflow: "vuln-patching", Step: "patch", Bundle: version(2)}))
	lone := deed{"cleaning", ids("patcher"), ids("clean"), "repo:read"}
	clean := o.minted(lone, shortHash).claiming("/agent_proof/registration_id", `"reg_other_patcher"`)
	b.accept("second-alone", "A workflow that only the second issuer has.", clean, decides(vectors.Decision{Level: "ajwt", Issuer: otherID, Workflow: "cleaning"}))
	b.rejects(t, []row{
		chainedBy("first-chain-of-second", "A chain of the second issuer is none of the first.", d.chain, threats("T10", "T11")),
		sequencedBy("first-sequence-of-second", "Nor is a sequence.", d.steps, threats("T8")),
		payload("first-workflow-of-second", "Nor is a workflow.", "delegation_workflow_unknown", "/intent/workflow_id", `"cleaning"`, threats("T6"), kills("workflow-unknown-passes")),
		payload("first-step-of-second", "Nor is a step.", "workflow_step_unknown", "/intent/workflow_step", `"review"`, threats("T8"), kills("step-unknown-passes")),
		payload("first-registration-of-second", "Nor is a registration.", "agent_registration_unknown", "/agent_proof/registration_id", `"reg_other_patcher"`, threats("T1"), kills("registration-unknown-passes")),
		{"first-bundle-missing", "The bundle of the second issuer does not stand for the first one's.", "agent_bundle_missing", drop("bundle", ""), []option{status(503), kills("bundle-missing-passes")}},
	})
	b.rejects(other, []row{
		chainedBy("second-chain-of-first", "A chain of the first issuer is none of the second.", patch.chain, threats("T10", "T11")),
		sequencedBy("second-sequence-of-first", "Nor is a sequence.", patch.steps, threats("T8")),
		payload("second-workflow-of-first", "Nor is a workflow.", "delegation_workflow_unknown", "/intent/workflow_id", `"triage"`, threats("T6"), kills("workflow-unknown-passes")),
		payload("second-step-of-first", "Nor is a step.", "workflow_step_unknown", "/intent/workflow_step", `"analyze"`, threats("T8"), kills("step-unknown-passes")),
		{"second-bundle-missing", "Nor does the first one's bundle stand for it.", "agent_bundle_missing", drop("bundle", ""), []option{status(503), kills("bundle-missing-passes")}},
	})
	b.near("first-without-second", "What is not loaded of the second issuer does not concern the first.", t.without(otherID), set("payload", "/jti", `"workflow-issuers-2"`), decides(vectors.Decision{Level: "ajwt"}))
}

// without returns a twin to which no bundle of that issuer is loaded, for making another one.
func (t twin) without(issuer string) twin {
	t.scene.bundle = without(t.scene.bundle, issuer)
	return t
}

// aliasText is an entry of a workflow's aliases.
func aliasText(audience, id, steps string) string {
	return fmt.Sprintf(`{"audience":%q,"workflow_id":%q,"steps":%s}`, audience, id, steps)
}

// lookupText is the JSON text at a pointer, which must be there.
func lookupText(text, pointer string) string {
	v, ok := lookup(text, pointer)
	if !ok {
		panic("nothing at " + pointer)
	}
	return v
}

// workflowAlias: tokens that carry aliases of workflow and step.
func workflowAlias(b *builder) {
	b.refs = []string{"profile, section 16.7"}
	const name, wf, st = "wf-7f3a90", "/intent/workflow_id", "/intent/workflow_step"
	steps := `{"st-01":"patch","st-02":"plan","st-03":"approve"}`
	aliases := set("bundle", "/workflows/0/aliases", "["+aliasText(audience, name, steps)+"]")
	under := func(s scene) scene { return s.with(aliases).claiming(wf, quote(name), st, `"st-01"`) }
	s := under(b.anywhere())
	t := b.accept("alias", "Aliases of workflow and step are read as the real ids, which the decision names; the hashes are of real ids.", s, reached("ajwt", patch, "repos"), kills("alias-unknown"))
	b.accept("real", "Beside an alias the real ids go on.", b.anywhere().with(aliases), reached("ajwt", patch, "repos"))
	p := b.accept("strict-route", "A route that names the step by its real id takes the alias.", under(b.patching()), reached("ajwt", patch, "pulls"), kills("alias-unknown"))
	b.accept("hardened", "In hardened too.", under(b.hardenedDoing(patch)), reached("ajwt+pop", patch, "repos"), kills("alias-unknown"))
	b.accept("jwt-route", "On a route of level jwt the level is ajwt.", under(b.patching().to("GET", "/status")), reached("ajwt", patch, "any"), kills("alias-unknown"))
	b.rejects(t, []row{
		payload("workflow-unknown", "Another alias is an unknown workflow.", "delegation_workflow_unknown", wf, `"wf-000000"`, status(403), threats("T6"), kills("workflow-unknown-passes")),
		payload("workflow-case", "Aliases count byte for byte.", "delegation_workflow_unknown", wf, `"WF-7f3a90"`, threats("T6"), kills("workflow-unknown-passes")),
		payload("step-unknown", "Another alias of a step is an unknown step.", "workflow_step_unknown", st, `"st-09"`, status(403), threats("T8"), kills("step-unknown-passes")),
		payload("step-real", "Beside an alias of the workflow the real id of the step is no alias.", "workflow_step_unknown", st, `"patch"`, status(403), threats("T8"), kills("alias-step-real", "step-unknown-passes")),
		payload("step-of-another-agent", "An alias of another agent's step is that step.", "workflow_step_agent_mismatch", st, `"st-02"`, status(403), threats("T7"), kills("step-agent-ignored")),
		payload("step-gate", "An alias of a gate is the gate.", "workflow_step_gate", st, `"st-03"`, status(403), threats("T8"), kills("step-gate-passes")),
		payload("workflow-real", "Beside the real id of the workflow an alias of the step is no step.", "workflow_step_unknown", wf, `"vuln-patching"`, threats("T8"), kills("step-unknown-passes")),
		payload("chain", "The chain is the workflow's.", "delegation_chain_unknown", chainAt, quote(shortHash("planner", "patcher")), threats("T10", "T11"), kills("chain-unchecked", "chain-origin-any")),
		sequencedBy("hash-of-aliases", "The sequence is of real ids, not of aliases.", ids("analyze", "st-02", "scan", "st-03", "st-01")),
		sequencedBy("hash-mixed", "Not even the last one is an alias there.", ids("analyze", "plan", "scan", "approve", "st-01")),
		payload("scope", "The step's scopes are those of the real step.", "workflow_step_scope_exceeded", "/scope", `"repo:read repo:admin"`, threats("T9"), kills("step-scopes-unchecked")),
		payload("context", "So is the context that it names.", "workflow_step_context_missing", "/intent/execution_context", "{}", kills("step-context-unchecked")),
		{"audience-other", "An alias for another audience is none here.", "delegation_workflow_unknown", set("bundle", "/workflows/0/aliases/0/audience", `"https://b.example"`), []option{status(403), threats("T6"), kills("alias-of-any-audience", "workflow-unknown-passes")}},
		{"audience-case", "Audiences count byte for byte.", "delegation_workflow_unknown", set("bundle", "/workflows/0/aliases/0/audience", `"https://API.example"`), []option{kills("alias-of-any-audience", "workflow-unknown-passes")}},
		{"audience-issuer", "The issuer is no audience.", "delegation_workflow_unknown", set("bundle", "/workflows/0/aliases/0/audience", quote(issuerID)), []option{kills("alias-of-any-audience", "workflow-unknown-passes")}},
		{"withdrawn", "An alias that the next bundle lacks is unknown.", "delegation_workflow_unknown", drop("bundle", "/workflows/0/aliases"), []option{threats("T6"), kills("workflow-unknown-passes")}},
		{"step-withdrawn", "So is one of a step.", "workflow_step_unknown", drop("bundle", "/workflows/0/aliases/0/steps/st-01"), []option{threats("T8"), kills("step-unknown-passes")}},
		{"no-steps", "An alias of a workflow that names no steps gives none.", "workflow_step_unknown", set("bundle", "/workflows/0/aliases/0/steps", "{}"), []option{threats("T8"), kills("step-unknown-passes")}},
		{"step-moved", "An alias that now stands for another step is that step.", "workflow_step_agent_mismatch", set("bundle", "/workflows/0/aliases/0/steps/st-01", `"plan"`), []option{threats("T6", "T7"), kills("step-agent-ignored")}},
		{"workflow-moved", "An alias that now stands for another workflow is that workflow.", "delegation_chain_unknown",
			set("bundle", "/workflows", "["+patching()+","+mustReplace(triage(), "/aliases", "["+aliasText(audience, name, `{"st-01":"sort"}`)+"]")+"]"), []option{threats("T6"), kills("chain-unchecked")}},
	})
	b.reject("route-names-alias", "A route does not speak of aliases.", p, "workflow_step_not_allowed", set("policy", "/routes/0/require/steps", quoteAll(ids(name+"/st-01"))), status(403), kills("steps-unchecked"))
	// an alias may look like a real step's id
	b.near("alias-as-another-id", "An alias may be the id of another step: beside the workflow's alias it is an alias.", t.with(set("payload", st, `"plan"`)), set("bundle", "/workflows/0/aliases/0/steps", `{"plan":"patch"}`), reached("ajwt", patch, "repos"), kills("alias-unknown"))
	b.near("alias-as-real-id", "It may be the step's own id.", t.with(set("payload", st, `"patch"`)), set("bundle", "/workflows/0/aliases/0/steps", `{"patch":"patch"}`), reached("ajwt", patch, "repos"))
	b.near("several-aliases", "A step may have several aliases.", t, set("bundle", "/workflows/0/aliases/0/steps", `{"st-01":"patch","st-11":"patch"}`), reached("ajwt", patch, "repos"))
	// several audiences
	const second, name2 = "https://b.example", "wf-2222"
	two := set("bundle", "/workflows/0/aliases", "["+aliasText(audience, name, steps)+","+aliasText(second, name2, `{"st-21":"patch"}`)+"]")
	listed := set("policy", "/issuers/0/audiences", quoteAll(ids(audience, second)))
	many := b.anywhere().with(two, listed).claiming("/aud", quoteAll(ids(audience, second)), wf, quote(name2), st, `"st-21"`)
	m := b.accept("second-audience", "A token for two audiences may carry the alias for either where the policy lists both.", many, reached("ajwt", patch, "repos"), kills("alias-unknown"))
	b.rejects(m, []row{
		payload("second-audience-unnamed", "A token that does not name the audience cannot use its alias.", "delegation_workflow_unknown", "/aud", quoteAll(ids(audience)), status(403), threats("T6"), kills("alias-of-any-audience", "workflow-unknown-passes")),
		{"second-audience-unlisted", "An audience that the policy does not list gives no alias.", "delegation_workflow_unknown", set("policy", "/issuers/0/audiences", quoteAll(ids(audience))), []option{status(403), threats("T6"), kills("alias-of-any-audience", "workflow-unknown-passes")}},
		payload("steps-of-the-other-alias", "The steps of one alias are none of the other.", "workflow_step_unknown", st, `"st-01"`, threats("T8"), kills("step-unknown-passes")),
	})
	b.near("second-audience-string", "The audience may stand as a string.", m, set("payload", "/aud", quote(second)), reached("ajwt", patch, "repos"))
	b.near("first-audience", "And the alias for the first audience goes on.", t.with(two), listed, reached("ajwt", patch, "repos"), kills("alias-unknown"))
	// two workflows with one alias for two audiences
	shared := set("bundle", "/workflows", "["+mustReplace(patching(), "/aliases", "["+aliasText(audience, name, steps)+"]")+","+mustReplace(triage(), "/aliases", "["+aliasText(second, name, `{"st-01":"sort"}`)+"]")+"]")
	b.near("one-alias-two-audiences", "One alias may stand for two workflows at two audiences.", t, shared, reached("ajwt", patch, "repos"), kills("alias-unknown"))
	// one alias that both audiences of a token know
	both := func(second2 string) edit {
		return set("bundle", "/workflows/0/aliases", "["+aliasText(audience, name, steps)+","+aliasText(second, name, second2)+"]")
	}
	one := b.accept("both-audiences-agree", "An alias that both audiences of the token read alike is read so.",
		s.with(both(`{"st-01":"patch"}`), listed).claiming("/aud", quoteAll(ids(audience, second))), reached("ajwt", patch, "repos"), level("PROFILE"), kills("alias-unknown"))
	apart := s.with(shared)
	mixed := both(`{"st-01":"plan"}`)
	b.rejects(one, []row{
		{"both-audiences-other-step", "An alias that the audiences of the token read as two steps has no meaning: the order of audiences does not decide.", "delegation_workflow_unknown", set("bundle", "/workflows/0/aliases/1/steps/st-01", `"plan"`), []option{status(403), level("PROFILE"), threats("T6"), kills("workflow-unknown-passes")}},
		{"both-audiences-other-workflow", "Nor has one that they read as two workflows.", "delegation_workflow_unknown", set("bundle", "/workflows", lookupText(apart.bundleDocument().payload, "/workflows")), []option{status(403), level("PROFILE"), threats("T6"), kills("workflow-unknown-passes")}},
	})
	b.near("one-audience-named", "A token that names one of the audiences has its meaning.", t.with(mixed), listed, reached("ajwt", patch, "repos"), kills("alias-unknown"))
	b.near("one-audience-listed", "So has one of a policy that lists one of them.", t.with(mixed), set("payload", "/aud", quoteAll(ids(second, audience))), reached("ajwt", patch, "repos"), kills("alias-unknown"))
	// observed, and without a bundle
	watch := b.accept("observed", "On a route that observes the stages delegation and workflow an alias gives level ajwt.", s.with(spying(now+3600, "delegation", "workflow")), reached("ajwt", patch, "repos"), kills("alias-unknown"))
	b.reject("observed-unknown", "An alias that nobody knows is recorded, and the level is agent.", watch, "delegation_workflow_unknown", set("payload", wf, `"wf-000000"`), noted(), decides(vectors.Decision{Level: "agent", Route: "repos"}), kills("workflow-unknown-passes", "observe-never"))
	b.reject("observed-step-unknown", "So is that of a step; the workflow's real id is known by then.", watch, "workflow_step_unknown", set("payload", st, `"st-09"`), noted(),
		decides(vectors.Decision{Level: "agent", Workflow: "vuln-patching", Route: "repos"}), kills("step-unknown-passes", "observe-never"))
	b.accept("no-bundle", "Without a bundle an alias is a workflow like any other, at level jwt.", b.patching().to("GET", "/status").claiming(wf, quote(name), st, `"st-01"`).with(drop("bundle", "")),
		decides(vectors.Decision{Level: "jwt", Workflow: name, Step: "st-01"}))
	b.accept("linked", "Links carry the real ids beside a token with aliases.", linked().with(aliases).claiming("/jti", b.name(), wf, quote(name), st, `"st-01"`), decides(vectors.Decision{Level: "ajwt+pop+links", Workflow: "vuln-patching", Step: "patch"}))
}

// workflowInForce: bundles that expire or change between requests.
func workflowInForce(b *builder) {
	b.refs = []string{refBundle}
	loaded := set("loaded", "", fmt.Sprint(now-60))
	ends := func(t int64) edit { return set("bundle", "/exp", fmt.Sprint(t)) }
	wrong := set("payload", chainAt, quote(shortHash("planner", "patcher")))
	s := b.patching().to("GET", "/status").with(loaded)
	t := b.accept("jwt-last-second", "On a route of level jwt the bundle counts up to the last second before exp.", s.with(ends(now+1)), reached("ajwt", patch, "any"))
	b.reject("jwt-last-second-chain", "So a wrong chain is refused in that second.", t, "delegation_chain_unknown", wrong, status(403), threats("T11"), kills("chain-unchecked", "checkable-not-enforced", "chain-origin-any"))
	b.near("jwt-at-exp", "At exp it says nothing any more: level jwt.", t, ends(now), decides(vectors.Decision{Level: "jwt", Route: "any"}), kills("bundle-exp-skewed"))
	b.near("jwt-at-exp-chain", "Nor that a chain is wrong.", t.with(ends(now)), wrong, decides(vectors.Decision{Level: "jwt", Route: "any"}), kills("bundle-exp-skewed"))
	b.near("jwt-at-exp-step", "Nor that a step is unknown.", t.with(ends(now)), set("payload", "/intent/workflow_step", `"deploy"`), decides(vectors.Decision{Level: "jwt", Route: "any"}), kills("bundle-exp-skewed"))
	h := b.accept("hardened-last-second", "In hardened the bundle is in force in the last second before exp.", b.hardenedDoing(patch).with(loaded, ends(now+1)), reached("ajwt+pop", patch, "repos"))
	b.reject("hardened-at-exp", "At exp a route of level ajwt fails closed, without skew.", h, "agent_bundle_expired", ends(now), status(503), kills("bundle-expired-passes", "bundle-exp-skewed"))
	// between two requests; no skew, so the second counts
	at := b.anywhere()
	id := b.accept("lawful", "The bundle of the world.", at, reached("ajwt", patch, "repos")).id
	next := func(edits ...edit) step {
		return step{now: now + 1, load: "bundle", edits: append([]edit{set("bundle", "/version", "8")}, edits...)}
	}
	old, renewed := quote(shortHash(patch.steps...)), quote(shortHash("analyze", "advise", "plan", "scan", "approve", "patch"))
	b.sequence("edge-withdrawn", "The next bundle withdraws a delegation: the same token is refused from then on.", at, id,
		[]step{ok(now), next(set("bundle", "/workflows/0/delegation/3", `["supervisor","patcher"]`)), no(now+2, "delegation_chain_unknown")}, threats("T6", "T11"), kills("chain-unchecked"))
	b.sequence("edge-added", "The next bundle admits another chain.", at, id,
		[]step{no(now, "delegation_chain_unknown", set("payload", chainAt, quote(shortHash("supervisor", "patcher")))), next(set("bundle", "/workflows/0/delegation/-", `["supervisor","patcher"]`)),
			ok(now+2, set("payload", chainAt, quote(shortHash("supervisor", "patcher"))))}, kills("chain-unchecked"))
	b.sequence("step-required", "The next bundle makes an optional step required: a sequence without it is refused from then on, one with it is not.", at, id,
		[]step{ok(now, set("payload", sequenceAt, old)), next(set("bundle", stepOfPatching("advise")+"/required", "true")), no(now+2, "workflow_sequence_unknown"), ok(now+3, set("payload", sequenceAt, renewed))},
		threats("T6", "T8"), kills("sequence-unchecked", "steps-required-ignored"))
	b.sequence("step-reassigned", "The next bundle gives the step to another agent.", at, id,
		[]step{ok(now), next(set("bundle", stepOfPatching("patch")+"/agent_id", `"planner"`)), no(now+2, "workflow_step_agent_mismatch")}, threats("T6", "T7"), kills("step-agent-ignored"))
	b.sequence("workflow-withdrawn", "The next bundle no longer has the workflow.", at, id,
		[]step{ok(now), next(set("bundle", "/workflows", "["+triage()+"]")), no(now+2, "delegation_workflow_unknown")}, threats("T6"), kills("workflow-unknown-passes"))
	b.sequence("scope-withdrawn", "The next bundle takes a scope from the step.", at, id,
		[]step{ok(now), next(set("bundle", stepOfPatching("patch")+"/scopes", `["repo:read"]`)), no(now+2, "workflow_step_scope_exceeded")}, threats("T6", "T9"), kills("step-scopes-unchecked"))
	b.sequence("expires", "A wrong chain on a route of level jwt is refused until the bundle expires and passes at level jwt afterwards.", s.with(ends(now+10)), t.id,
		[]step{ok(now + 9), no(now+9, "delegation_chain_unknown", wrong), ok(now+10, wrong)}, kills("chain-unchecked", "checkable-not-enforced", "chain-origin-any", "bundle-exp-skewed"))
	b.sequence("arrives", "A wrong chain on a route of level jwt passes until a bundle arrives that tells.", b.patching().to("GET", "/status").with(drop("bundle", "")), t.id,
		[]step{ok(now, wrong), {now: now + 1, load: "bundle", file: "world.jws"}, no(now+2, "delegation_chain_unknown", wrong)}, kills("chain-unchecked", "checkable-not-enforced", "chain-origin-any"))
}

// workflowHardened: the rejections of workflow, chain, step and sequence once more, with
// long hashes, a proof, and a bundle that lists keys and shims.
func workflowHardened(b *builder) {
	b.refs = []string{refBundle, "profile, section 15"}
	t := b.accept("lawful", "A lawful token with a proof gets level ajwt+pop.", b.hardenedDoing(patch), reached("ajwt+pop", patch, "repos"), kills("steps-all-required", "steps-direct-only"))
	chain := func(slug, title string, agents []string, opts ...option) row {
		return payload(slug, title, "delegation_chain_unknown", chainAt, quote(longHash(agents...)), append([]option{status(403), threats("T11"), kills("chain-unchecked")}, opts...)...)
	}
	sequence := func(slug, title string, steps []string, opts ...option) row {
		return payload(slug, title, "workflow_sequence_unknown", sequenceAt, quote(longHash(steps...)), append([]option{status(403), threats("T8"), kills("sequence-unchecked")}, opts...)...)
	}
	for _, list := range []string{"analyze scan plan approve patch", "analyze plan approve scan patch", "analyze advise plan scan approve patch", "analyze advise plan approve scan patch"} {
		b.near("sequence-"+strings.Join(strings.Fields(list)[1:4], "-"), "The sequence "+strings.ReplaceAll(list, " ", ", ")+" is lawful.", t, set("payload", sequenceAt, quote(longHash(strings.Fields(list)...))), reached("ajwt+pop", patch, "repos"))
	}
	text, _ := lookup(t.scene.token.payload, "/intent")
	b.rejects(t, []row{
		{"intent-missing", "The intent is missing.", "delegation_intent_missing", drop("payload", "/intent"), []option{status(403), threats("T6", "T8"), kills("intent-optional")}},
		{"workflow-missing", "The intent names no workflow.", "delegation_workflow_missing", set("payload", "/intent", `{"executed_by":"patcher"}`), []option{status(403), threats("T6", "T8"), kills("workflow-optional")}},
		payload("workflow-unknown", "The workflow is unknown.", "delegation_workflow_unknown", "/intent/workflow_id", `"deployment"`, status(403), threats("T6"), kills("workflow-unknown-passes")),
		{"chain-missing", "The chain is missing.", "delegation_chain_missing", set("payload", "/intent", mustDrop(text, "/delegation_chain")), []option{status(403), threats("T11"), kills("chain-optional")}},
		{"sequence-missing", "The sequence is missing.", "workflow_sequence_missing", set("payload", "/intent", mustDrop(text, "/step_sequence_hash")), []option{status(403), threats("T8"), kills("sequence-optional")}},
		chain("chain-hop-missing", "The chain leaves out an agent.", ids("supervisor", "patcher"), threats("T7", "T11")),
		chain("chain-origin-missing", "The chain does not begin with an origin.", ids("planner", "patcher"), threats("T10"), kills("chain-origin-any")),
		chain("chain-self", "The chain is the agent alone.", ids("patcher"), threats("T10")),
		chain("chain-reversed", "The chain is backwards.", ids("patcher", "planner", "supervisor")),
		chain("chain-prefix", "The chain ends before the agent.", ids("supervisor", "planner"), threats("T7"), kills("chain-of-any-agent")),
		chain("chain-of-another-agent", "The chain is another agent's.", ids("supervisor", "classifier"), threats("T7"), kills("chain-of-any-agent")),
		chain("chain-requester-twice", "The agent stands twice.", ids("supervisor", "planner", "patcher", "patcher")),
		payload("step-unknown", "The step is unknown.", "workflow_step_unknown", "/intent/workflow_step", `"deploy"`, status(403), threats("T8"), kills("step-unknown-passes")),
		payload("step-gate", "The step is a gate of people.", "workflow_step_gate", "/intent/workflow_step", `"approve"`, status(403), threats("T8"), kills("step-gate-passes")),
		payload("step-of-another-agent", "The step is another agent's.", "workflow_step_agent_mismatch", "/intent/workflow_step", `"plan"`, status(403), threats("T7"), kills("step-agent-ignored")),
		sequence("sequence-required-missing", "A required step is missing.", ids("analyze", "plan", "approve", "patch"), kills("steps-required-ignored")),
		sequence("sequence-gate-skipped", "The gate is missing.", ids("analyze", "plan", "scan", "patch")),
		sequence("sequence-order", "The order is wrong.", ids("plan", "analyze", "scan", "approve", "patch")),
		sequence("sequence-twice", "A step stands twice.", ids("analyze", "plan", "plan", "scan", "approve", "patch")),
		sequence("sequence-current-missing", "The step itself is missing.", ids("analyze", "plan", "scan", "approve")),
		sequence("sequence-of-another-step", "The sequence is another step's.", planning.steps, kills("sequence-of-any-step")),
		sequence("sequence-empty", "The sequence is that of nothing.", nil),
		payload("scope-exceeded", "The scope is beyond the step's.", "workflow_step_scope_exceeded", "/scope", `"repo:read repo:write repo:admin"`, status(403), threats("T9"), kills("step-scopes-unchecked", "step-scopes-any")),
		payload("context-missing", "The context lacks what the step names.", "workflow_step_context_missing", "/intent/execution_context", `{"branch":"main"}`, status(403), threats("T5"), kills("step-context-unchecked")),
	})
	b.accept("planner", "The planner with a key of Ed25519.", b.hardenedDoing(planning), reached("ajwt+pop", planning, "repos"))
	c := b.accept("classifier", "The classifier beside the planner's branch.", b.hardenedDoing(scanning), reached("ajwt+pop", scanning, "repos"), kills("steps-parallel-mixed"))
	b.rejects(c, []row{
		sequence("sequence-parallel", "A parallel branch stands in the sequence.", ids("analyze", "plan", "scan"), kills("steps-parallel-mixed")),
		sequence("sequence-after", "A later step stands in the sequence.", ids("analyze", "patch", "scan")),
	})
	s := b.accept("second-workflow", "A second workflow.", b.hardenedDoing(sorting), reached("ajwt+pop", sorting, "repos"))
	b.reject("chain-of-another-workflow", "The chain is another workflow's.", s, "delegation_chain_unknown", set("payload", chainAt, quote(longHash("supervisor", "planner", "classifier"))), status(403), threats("T6", "T11"), kills("chain-of-any-workflow", "chain-unchecked"))
	deep := b.accept("depth-2", "Two delegations with max_depth 2.", b.hardenedDoing(patch).with(set("bundle", "/workflows/0/delegation/-", `["supervisor","patcher"]`), set("bundle", "/workflows/0/max_depth", "2")), reached("ajwt+pop", patch, "repos"), kills("chain-depth-one-less"))
	b.reject("depth-1", "Two delegations with max_depth 1.", deep, "delegation_chain_unknown", set("bundle", "/workflows/0/max_depth", "1"), status(403), threats("T11"), kills("chain-depth-ignored", "chain-unchecked"))
	strict := b.accept("strict-route", "On a route that asks for scope, step and context.", lawfulHardened().claiming("/jti", b.name()), reached("ajwt+pop", patch, "pulls"))
	b.reject("strict-route-step", "A lawful step that the route does not take.", strict, "workflow_step_not_allowed", set("policy", "/routes/0/require/steps", `["vuln-patching/plan"]`), status(403), threats("T8"), kills("steps-unchecked", "step-of-workflow-ignored"))
	b.reject("strict-route-context", "A context of another repository.", strict, "workflow_context_mismatch", set("payload", "/intent/execution_context/repository", `"acme/other"`), status(403), threats("T5"), kills("bind-ignored"))
}
