package main

import (
	"fmt"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// The cases of intents under a signed bundle: the workflow, the chain, the step and the
// sequence that a token names, and what a step admits.

var workflowTopics = []topic{
	{"workflow", "intent", meets(workflowIntent, "D00-4.4.2-11 D00-4.4.2-14 D00-4.4.2-16")},
	{"workflow", "none", workflowNone},
	{"workflow", "chain", meets(workflowChain, "D00-6.5.3-13 D00-6.6.4-07 D00-4.4.4-03")},
	{"workflow", "graph", meets(workflowGraph, "D00-6.5.3-13 D00-6.6.4-05 D00-6.6.4-07")},
	{"workflow", "hash", meets(workflowHash, "D00-4.4.2-15 D00-4.4.2-17")},
	{"workflow", "step", meets(workflowStep, "D00-6.5.3-12")},
	{"workflow", "order", meets(workflowOrder, "D00-4.4.4-03 D00-4.4.4-02")},
	{"workflow", "parallel", meets(workflowParallel, "D00-4.4.4-03")},
	{"workflow", "gate", meets(workflowGate, "D00-4.4.4-03")},
	{"workflow", "scope", workflowScope},
	{"workflow", "context", workflowContext},
	{"workflow", "route", workflowRoute},
	{"workflow", "level", workflowLevel},
	{"workflow", "absent", workflowAbsent},
	{"workflow", "observe", workflowObserve},
	{"workflow", "issuers", workflowIssuers},
	{"workflow", "alias", workflowAlias},
	{"workflow", "in-force", workflowInForce},
	{"workflow", "hardened", meets(workflowHardened, "D00-4.4.4-03 D00-6.5.3-13 D00-6.6.4-07")},
}

const (
	chainAt    = "/intent/delegation_chain"
	sequenceAt = "/intent/step_sequence_hash"
)

// Deeds of the other agents of the world.
var (
	planning  = deed{"vuln-patching", []string{"supervisor", "planner"}, []string{"analyze", "plan"}, "repo:read"}
	analyzing = deed{"vuln-patching", []string{"supervisor", "classifier"}, []string{"analyze"}, "repo:read"}
	scanning  = deed{"vuln-patching", []string{"supervisor", "classifier"}, []string{"analyze", "scan"}, "repo:read"}
	sorting   = deed{"triage", []string{"supervisor", "classifier"}, []string{"sort"}, "repo:read"}
)

// patching returns a lawful request whose token names area and topic, so that each file
// has twins of its own.
func (b *builder) patching() scene { return lawful().claiming("/jti", b.name()) }

// anywhere is the same on a route of level ajwt that asks for nothing else.
func (b *builder) anywhere() scene { return b.carrying(patch) }

// carrying returns a request with a bearer token for that deed on a route of level ajwt
// that asks for nothing else.
func (b *builder) carrying(d deed) scene {
	return lawful().to("GET", "/repos/acme/app").minted(d, shortHash).claiming("/jti", b.name())
}

// reached pins the level and what the decision names.
func reached(level string, d deed, route string) option {
	return decides(vectors.Decision{Level: level, Agent: d.agent(), Workflow: d.workflow, Step: d.step(), Route: route, Bundle: version(7)})
}

// chainedBy is a row in which the token has the short hash of another chain.
func chainedBy(slug, title string, chain []string, opts ...option) row {
	return payload(slug, title, "delegation_chain_unknown", chainAt, quote(shortHash(chain...)), append([]option{threats("T11"), kills("chain-unchecked")}, opts...)...)
}

// sequencedBy is a row in which the token has the short hash of another sequence.
func sequencedBy(slug, title string, steps []string, opts ...option) row {
	return payload(slug, title, "workflow_sequence_unknown", sequenceAt, quote(shortHash(steps...)), append([]option{threats("T8"), kills("sequence-unchecked")}, opts...)...)
}

func ids(list ...string) []string { return list }

// workflowIntent: what level ajwt asks for, and the workflow that the bundle must have.
func workflowIntent(b *builder) {
	b.refs = []string{"profile, section 12", "profile, section 5.3"}
	bare := `{"executed_by":"patcher","execution_context":{"repository":"acme/app"}}`
	t := b.accept("lawful", "A token that names workflow, step, chain and sequence gets level ajwt.", b.anywhere(),
		decides(vectors.Decision{Level: "ajwt", Workflow: "vuln-patching", Step: "patch", Agent: "patcher", ChainHash: shortHash(patch.chain...), Route: "repos", Bundle: version(7)}))
	without := func(member string) edit {
		s := t.scene.with(drop("payload", "/intent/"+member))
		text, _ := lookup(s.token.payload, "/intent")
		return set("payload", "/intent", text)
	}
	b.rejects(t, []row{
		{"missing", "At level ajwt a token has an intent.", "delegation_intent_missing", drop("payload", "/intent"), []option{status(403), threats("T6", "T8"), kills("intent-optional")}},
		{"workflow-missing", "At level ajwt the intent names a workflow.", "delegation_workflow_missing", set("payload", "/intent", bare), []option{status(403), threats("T6", "T8"), kills("workflow-optional")}},
		{"empty", "An empty intent names none.", "delegation_workflow_missing", set("payload", "/intent", "{}"), []option{threats("T8"), kills("workflow-optional")}},
		{"self", "The chain of the agent alone and the sequence of nothing, which need no workflow, do not reach level ajwt.", "delegation_workflow_missing",
			set("payload", "/intent", fmt.Sprintf(`{"delegation_chain":%q,"step_sequence_hash":%q}`, shortHash("patcher"), shortHash())), []option{threats("T8"), kills("workflow-optional")}},
		payload("unknown", "A workflow that the bundle does not have is refused.", "delegation_workflow_unknown", "/intent/workflow_id", `"deployment"`, status(403), threats("T6"), kills("workflow-unknown-passes")),
		payload("case", "Ids of workflows count byte for byte.", "delegation_workflow_unknown", "/intent/workflow_id", `"Vuln-patching"`, threats("T6"), kills("workflow-unknown-passes")),
		payload("prefix", "The beginning of an id is another id.", "delegation_workflow_unknown", "/intent/workflow_id", `"vuln"`, threats("T6"), kills("workflow-unknown-passes")),
		payload("step-as-workflow", "The id of a step is no workflow.", "delegation_workflow_unknown", "/intent/workflow_id", `"patch"`, threats("T6"), kills("workflow-unknown-passes")),
		payload("agent-as-workflow", "The id of an agent is no workflow.", "delegation_workflow_unknown", "/intent/workflow_id", `"patcher"`, threats("T6"), kills("workflow-unknown-passes")),
		{"withdrawn", "A workflow that the next bundle names otherwise is refused under its old name.", "delegation_workflow_unknown", set("bundle", "/workflows/0/workflow_id", `"vuln-patching-2"`), []option{threats("T6"), kills("workflow-unknown-passes")}},
		{"none-in-bundle", "A bundle without workflows has none.", "delegation_workflow_unknown", set("bundle", "/workflows", "[]"), []option{threats("T6"), kills("workflow-unknown-passes")}},
		{"chain-missing", "An intent that names a workflow has a chain.", "delegation_chain_missing", without("delegation_chain"), []option{status(403), threats("T11"), kills("chain-optional"), refs("D00, section 4.4.2")}},
		{"sequence-missing", "An intent that names a workflow has a sequence.", "workflow_sequence_missing", without("step_sequence_hash"), []option{status(403), threats("T8"), kills("sequence-optional"), refs("D00, section 4.4.2")}},
	})
	b.near("executed-by-absent", "executed_by may be absent.", t, drop("payload", "/intent/executed_by"), decides(vectors.Decision{Level: "ajwt"}))
	b.near("more-members", "Members that nobody knows do no harm.", t, set("payload", "/intent/workflow_version", "2"), decides(vectors.Decision{Level: "ajwt"}))
	b.near("version-new", "The version of a workflow decides nothing.", t, set("bundle", "/workflows/0/version", "4"), decides(vectors.Decision{Level: "ajwt"}))
	p := b.accept("on-a-strict-route", "The same on a route that asks for scopes, step and context.", b.patching(), reached("ajwt", patch, "pulls"))
	b.reject("missing-on-a-strict-route", "That the intent is missing is told before what the route asks for.", p, "delegation_intent_missing", drop("payload", "/intent"), status(403), kills("intent-optional"))
	b.reject("workflow-missing-on-a-strict-route", "So is that it names no workflow.", p, "delegation_workflow_missing", set("payload", "/intent", bare), status(403), kills("workflow-optional"))
}

// workflowNone: tokens without a workflow get level agent at most.
func workflowNone(b *builder) {
	b.refs = []string{"profile, section 12", "profile, section 7"}
	agent := func(route string) option {
		return decides(vectors.Decision{Level: "agent", Agent: "patcher", Route: route, Bundle: version(7)})
	}
	s := b.patching().to("GET", "/agents/patcher")
	intent := func(members string) edit { return set("payload", "/intent", "{"+members+"}") }
	t := b.accept("short", "Without a workflow the chain is the agent alone and the sequence that of nothing: level agent.",
		s.with(intent(fmt.Sprintf(`"delegation_chain":%q,"step_sequence_hash":%q`, shortHash("patcher"), shortHash()))), agent("agents"))
	b.nears(t, []accepted{
		{"long", "The long hashes will do too.", intent(fmt.Sprintf(`"delegation_chain":%q,"step_sequence_hash":%q`, longHash("patcher"), longHash())), []option{agent("agents")}},
		{"chain-alone", "The sequence may be absent.", intent(fmt.Sprintf(`"delegation_chain":%q`, shortHash("patcher"))), []option{agent("agents")}},
		{"sequence-alone", "The chain may be absent.", intent(fmt.Sprintf(`"step_sequence_hash":%q`, shortHash())), []option{agent("agents")}},
		{"nothing", "Both may be absent.", intent(`"executed_by":"patcher"`), []option{agent("agents")}},
		{"no-origin", "The agent need not be an origin of any workflow: the bundle's chains are those of workflows.", set("bundle", "/workflows", "[]"), []option{agent("agents")}},
	})
	self := func(slug, title string, chain []string) row {
		return payload(slug, title, "delegation_chain_not_self", chainAt, quote(shortHash(chain...)), status(403), threats("T11"), kills("chain-self-ignored"))
	}
	b.rejects(t, []row{
		self("chain-lawful-elsewhere", "A chain that a workflow allows is none without the workflow.", patch.chain),
		self("chain-of-another", "The chain of another agent alone is refused.", ids("planner")),
		self("chain-empty", "The hash of no agents is no chain.", nil),
		self("chain-twice", "The agent stands once.", ids("patcher", "patcher")),
		payload("sequence", "A sequence without a workflow is refused, though a workflow allows it.", "workflow_sequence_unexpected", sequenceAt, quote(shortHash(patch.steps...)), status(403), threats("T8"), kills("sequence-empty-ignored")),
		payload("sequence-one", "So is that of one step.", "workflow_sequence_unexpected", sequenceAt, quote(shortHash("analyze")), threats("T8"), kills("sequence-empty-ignored")),
	})
	b.accept("jwt-route", "On a route of level jwt the level is agent too.", s.to("GET", "/status").with(intent(fmt.Sprintf(`"delegation_chain":%q`, shortHash("patcher")))), agent("any"))
	long := fmt.Sprintf(`"delegation_chain":%q,"step_sequence_hash":%q`, longHash("patcher"), longHash())
	h := b.accept("hardened", "In hardened the hashes are long.", b.hardenedAgent().with(intent(long)), decides(vectors.Decision{Level: "agent+pop", Route: "agents"}))
	b.rejects(h, []row{
		payload("hardened-chain", "In hardened the chain is the agent alone too.", "delegation_chain_not_self", chainAt, quote(longHash(patch.chain...)), threats("T11"), kills("chain-self-ignored")),
		payload("hardened-chain-short", "In hardened a short hash is refused, even of the agent alone.", "claim_intent_hash_short", chainAt, quote(shortHash("patcher")), status(401)),
		payload("hardened-chain-tail", "Of a long hash every character counts.", "delegation_chain_not_self", chainAt, quote(sameShort(longHash("patcher"))), threats("T11"), kills("chain-self-ignored")),
		payload("hardened-sequence", "In hardened there is no sequence without a workflow.", "workflow_sequence_unexpected", sequenceAt, quote(longHash(patch.steps...)), threats("T8"), kills("sequence-empty-ignored")),
		payload("hardened-sequence-tail", "Of the long hash of nothing every character counts.", "workflow_sequence_unexpected", sequenceAt, quote(sameShort(longHash())), threats("T8"), kills("sequence-empty-ignored")),
	})
}

// sameShort returns a long hash with the same first 64 bits and another end.
func sameShort(long string) string {
	last := "0"
	if long[len(long)-1] == '0' {
		last = "1"
	}
	return long[:len(long)-1] + last
}

// hardenedAgent is a hardened request on a route of level agent.
func (b *builder) hardenedAgent() scene {
	return lawfulHardened().to("GET", "/agents/patcher").claiming("/jti", b.name())
}

// workflowChain: the chain of the token against those of the workflow.
func workflowChain(b *builder) {
	b.refs = []string{refBundle, "profile, section 7"}
	t := b.accept("lawful", "The chain is a path of the workflow from an origin to the agent.", b.anywhere(), reached("ajwt", patch, "repos"), kills("chain-ends-at-first"))
	b.rejects(t, []row{
		payload("unknown", "A chain that nobody knows is refused.", "delegation_chain_unknown", chainAt, `"0123456789abcdef"`, status(403), threats("T11"), kills("chain-unchecked")),
		chainedBy("hop-missing", "A chain leaves out no agent.", ids("supervisor", "patcher"), threats("T7", "T11")),
		chainedBy("origin-missing", "A chain begins with an origin.", ids("planner", "patcher"), threats("T10"), kills("chain-origin-any")),
		chainedBy("self", "The agent alone is a chain only where it is an origin.", ids("patcher"), threats("T10")),
		chainedBy("reversed", "A chain is not read backwards.", ids("patcher", "planner", "supervisor")),
		chainedBy("prefix", "A chain ends with the agent that acts.", ids("supervisor", "planner"), threats("T7"), kills("chain-of-any-agent")),
		chainedBy("origin-alone", "The chain of the origin is that of the origin.", ids("supervisor"), threats("T7"), kills("chain-of-any-agent")),
		chainedBy("of-another-agent", "A chain to another agent is none to this one.", ids("supervisor", "classifier"), threats("T7"), kills("chain-of-any-agent")),
		chainedBy("of-another-agent-long", "Nor is a longer one.", ids("supervisor", "planner", "classifier"), threats("T7"), kills("chain-of-any-agent")),
		chainedBy("requester-twice", "No agent stands twice.", ids("supervisor", "planner", "patcher", "patcher")),
		chainedBy("origin-twice", "The origin stands once too.", ids("supervisor", "supervisor", "planner", "patcher")),
		chainedBy("before-the-origin", "Nothing stands before the origin.", ids("user", "supervisor", "planner", "patcher"), threats("T10")),
		chainedBy("behind-the-agent", "Nothing stands behind the agent.", ids("supervisor", "planner", "patcher", "helper")),
		chainedBy("no-edge", "A chain follows the edges of the graph.", ids("supervisor", "classifier", "patcher")),
		chainedBy("back-and-forth", "And does not go back along them.", ids("supervisor", "planner", "supervisor", "planner", "patcher")),
		chainedBy("unknown-origin", "An agent that the bundle does not list begins no chain.", ids("intruder", "planner", "patcher"), threats("T10")),
		chainedBy("unknown-hop", "Nor does it stand in one.", ids("supervisor", "intruder", "patcher")),
		chainedBy("case", "Agents count byte for byte.", ids("Supervisor", "planner", "patcher")),
		chainedBy("joined-otherwise", "The ids are joined with a bar and nothing else.", ids("supervisor,planner,patcher")),
		chainedBy("empty", "The hash of no agents is no chain.", nil),
		chainedBy("steps", "The hash of the steps is no chain.", patch.steps),
	})
	c := b.accept("direct", "The classifier may act for the supervisor.", b.carrying(analyzing), reached("ajwt", analyzing, "repos"))
	indirect := analyzing
	indirect.chain = ids("supervisor", "planner", "classifier")
	b.accept("indirect", "And for the planner: every path counts.", b.carrying(indirect), reached("ajwt", indirect, "repos"), kills("chain-ends-at-first"))
	b.rejects(c, []row{
		chainedBy("classifier-alone", "It is no origin.", ids("classifier"), threats("T10")),
		chainedBy("classifier-of-planner", "Nor is the planner.", ids("planner", "classifier"), threats("T10"), kills("chain-origin-any")),
	})
	p := b.accept("to-the-planner", "The planner acts for the supervisor.", b.carrying(planning), reached("ajwt", planning, "repos"))
	b.rejects(p, []row{
		chainedBy("through-the-patcher", "A path backwards is none.", ids("supervisor", "patcher", "planner")),
		chainedBy("downstream", "The chain that goes on to the next agent is that of the next agent.", patch.chain, threats("T7"), kills("chain-of-any-agent")),
	})
	// two workflows
	s := b.accept("second-workflow", "A second workflow has chains of its own.", b.carrying(sorting), reached("ajwt", sorting, "repos"))
	b.reject("of-another-workflow", "A chain that another workflow allows to this agent is refused.", s, "delegation_chain_unknown",
		set("payload", chainAt, quote(shortHash("supervisor", "planner", "classifier"))), status(403), threats("T6", "T11"), kills("chain-of-any-workflow", "chain-unchecked"))
	own := deed{"triage", ids("supervisor"), ids("sort"), "repo:read"}
	alone := b.accept("origin-acts", "An origin that acts for itself has the chain of itself.", b.carrying(own), reached("ajwt", own, "repos"))
	b.reject("origin-acts-for-another", "Nobody delegates to it in that workflow.", alone, "delegation_chain_unknown", set("payload", chainAt, quote(shortHash("planner", "supervisor"))), threats("T10", "T11"), kills("chain-unchecked"))
}

// workflowGraph: bundles with other graphs for the same token.
func workflowGraph(b *builder) {
	b.refs = []string{refBundle}
	at := "/workflows/0/"
	t := b.accept("lawful", "The bundle of the world.", b.anywhere(), reached("ajwt", patch, "repos"))
	unknown := func(slug, title string, e edit, opts ...option) row {
		return row{slug, title, "delegation_chain_unknown", e, append([]option{status(403), kills("chain-unchecked")}, opts...)}
	}
	b.rejects(t, []row{
		unknown("edge-withdrawn", "Once the planner may no longer delegate to the patcher, the old chain is refused.", set("bundle", at+"delegation/3", `["supervisor","patcher"]`), threats("T6", "T11")),
		unknown("hop-inserted", "Once the planner delegates through another agent, the old chain is refused.",
			set("bundle", at+"delegation", `[["supervisor","planner"],["planner","classifier"],["classifier","patcher"]]`), threats("T6", "T11")),
		unknown("origin-withdrawn", "Once the supervisor is no origin, its chains are refused.", set("bundle", at+"origins", `["planner"]`), threats("T10"), kills("chain-origin-any")),
		unknown("other-workflow-has-it", "A path that another workflow has now does not count here.",
			set("bundle", "/workflows", "["+mustReplace(patching(), "/delegation/3", `["supervisor","patcher"]`)+","+mustReplace(mustReplace(triage(), "/delegation", `[["supervisor","planner"],["planner","patcher"]]`), "/max_depth", "2")+"]"),
			threats("T6", "T11"), kills("chain-of-any-workflow")),
	})
	b.nears(t, []accepted{
		{"depth-exact", "A chain of exactly max_depth delegations is lawful.", set("bundle", at+"max_depth", "2"), []option{reached("ajwt", patch, "repos"), kills("chain-depth-one-less")}},
		{"depth-most", "max_depth may be more than any path needs.", set("bundle", at+"max_depth", "15"), []option{reached("ajwt", patch, "repos")}},
		{"edge-more", "Another path to the agent takes nothing from this one.", set("bundle", at+"delegation/-", `["supervisor","patcher"]`), []option{reached("ajwt", patch, "repos")}},
		{"origin-more", "Nor does another origin.", set("bundle", at+"origins/-", `"planner"`), []option{reached("ajwt", patch, "repos")}},
	})
	short := patch
	short.chain = ids("supervisor", "patcher")
	more := set("bundle", at+"delegation/-", `["supervisor","patcher"]`)
	b.accept("edge-more-used", "The other path is lawful as well.", b.carrying(short).with(more), reached("ajwt", short, "repos"))
	direct := short
	direct.chain = ids("patcher")
	b.accept("origin-itself", "An agent that is an origin acts for itself.", b.carrying(direct).with(set("bundle", at+"origins/-", `"patcher"`)), reached("ajwt", direct, "repos"))
	deep := b.accept("depth-2", "With max_depth 2 both paths are lawful.", b.anywhere().with(more, set("bundle", at+"max_depth", "2")), reached("ajwt", patch, "repos"), kills("chain-depth-one-less"))
	b.reject("depth-1", "With max_depth 1 the longer path is too long.", deep, "delegation_chain_unknown", set("bundle", at+"max_depth", "1"), status(403), threats("T7", "T11"), kills("chain-depth-ignored", "chain-unchecked"))
	b.accept("depth-1-short", "And the shorter one is not.", b.carrying(short).with(more, set("bundle", at+"max_depth", "1")), reached("ajwt", short, "repos"), kills("chain-depth-one-less"))
	one := func(depth int) string {
		return workflowText("vuln-patching", "planner patcher", "planner>patcher", depth, stepText("patch", "patcher", "", "", "repo:read repo:write", noTools))
	}
	edge := deed{"vuln-patching", ids("planner", "patcher"), ids("patch"), "repo:read"}
	e := b.accept("one-edge", "A graph of one edge between two origins.", b.carrying(edge).with(set("bundle", "/workflows/0", one(1))), kills("chain-depth-one-less"))
	b.reject("depth-0", "With max_depth 0 nobody delegates.", e, "delegation_chain_unknown", set("bundle", at+"max_depth", "0"), status(403), threats("T11"), kills("chain-depth-ignored", "chain-unchecked"))
	edge.chain = ids("patcher")
	b.accept("depth-0-self", "And an origin acts for itself.", b.carrying(edge).with(set("bundle", "/workflows/0", one(0))), decides(vectors.Decision{Level: "ajwt"}))
	// the longest chain there is
	var agents, edges []string
	for i := range 16 {
		agents = append(agents, fmt.Sprintf("a%d", i))
		if i > 0 {
			edges = append(edges, agents[i-1]+">"+agents[i])
		}
	}
	far := deed{"vuln-patching", append(agents[:15:15], "patcher"), ids("patch"), "repo:read"}
	edges[14] = "a14>patcher"
	line := workflowText("vuln-patching", "a0", strings.Join(edges, " "), 15, stepText("patch", "patcher", "", "", "repo:read", noTools))
	members := append(agentsNamed(agents[:15]...), agentText("patcher", ""))
	m := b.accept("fifteen-edges", "Fifteen delegations are the most.", b.carrying(far).with(set("bundle", "", bundlePayload(7, members, []string{line}))), reached("ajwt", far, "repos"), kills("chain-ends-at-first", "chain-depth-one-less"))
	b.reject("fourteen-of-fifteen", "A part of the longest chain is none.", m, "delegation_chain_unknown", set("payload", chainAt, quote(shortHash(far.chain[1:]...))), threats("T10", "T11"), kills("chain-unchecked", "chain-origin-any"))
}

// workflowHash: the forms of hashes and what of them is compared.
func workflowHash(b *builder) {
	b.refs = []string{"profile, section 7", refBundle}
	s := b.anywhere()
	long := s.minted(patch, longHash).claiming("/jti", b.name())
	b.accept("short", "draft-00 takes the short form.", s, decides(vectors.Decision{Level: "ajwt", ChainHash: shortHash(patch.chain...)}))
	t := b.accept("long", "draft-00 takes the long form.", long, decides(vectors.Decision{Level: "ajwt", ChainHash: longHash(patch.chain...)}))
	b.near("long-chain-short-sequence", "One may be long and the other short.", t, set("payload", sequenceAt, quote(shortHash(patch.steps...))), decides(vectors.Decision{Level: "ajwt"}))
	b.near("short-chain-long-sequence", "Or the other way round.", t, set("payload", chainAt, quote(shortHash(patch.chain...))), decides(vectors.Decision{Level: "ajwt"}))
	tail := []row{
		payload("chain-tail", "Of a long hash every character is compared, not the first 16.", "delegation_chain_unknown", chainAt, quote(sameShort(longHash(patch.chain...))), status(403), threats("T11"), kills("chain-short-compared", "chain-unchecked")),
		payload("chain-zeros", "A short hash with zeros behind it is no long hash.", "delegation_chain_unknown", chainAt, quote("sha256:"+shortHash(patch.chain...)+fmt.Sprintf("%048d", 0)), threats("T11"), kills("chain-short-compared", "chain-unchecked")),
		payload("sequence-tail", "Of a long sequence too.", "workflow_sequence_unknown", sequenceAt, quote(sameShort(longHash(patch.steps...))), status(403), threats("T8"), kills("sequence-short-compared", "sequence-unchecked")),
		payload("sequence-zeros", "Nor is that of a sequence.", "workflow_sequence_unknown", sequenceAt, quote("sha256:"+shortHash(patch.steps...)+fmt.Sprintf("%048d", 0)), threats("T8"), kills("sequence-short-compared", "sequence-unchecked")),
	}
	b.rejects(t, append(tail,
		payload("chain-of-steps", "The long hash of the steps is no chain.", "delegation_chain_unknown", chainAt, quote(longHash(patch.steps...)), threats("T11"), kills("chain-unchecked")),
		payload("sequence-of-agents", "The long hash of the chain is no sequence.", "workflow_sequence_unknown", sequenceAt, quote(longHash(patch.chain...)), threats("T8"), kills("sequence-unchecked")),
	))
	h := b.accept("hardened", "hardened takes the long form.", b.hardenedDoing(patch), decides(vectors.Decision{Level: "ajwt+pop", ChainHash: longHash(patch.chain...)}))
	for _, r := range tail {
		r.slug, r.opts = "hardened-"+r.slug, append([]option{level("PROFILE")}, r.opts...)
		b.reject(r.slug, r.title, h, r.code, r.edit, r.opts...)
	}
	short := []row{
		payload("hardened-chain-short", "In hardened the short form of the lawful chain is refused.", "claim_intent_hash_short", chainAt, quote(shortHash(patch.chain...)), status(401), threats("T11")),
		payload("hardened-sequence-short", "So is that of the lawful sequence.", "claim_intent_hash_short", sequenceAt, quote(shortHash(patch.steps...)), status(401), threats("T8")),
	}
	b.rejects(h, short)
	allow := set("policy", "/issuers/0/allow_short_hash", "true")
	a := b.near("allowed-chain-short", "allow_short_hash admits the short chain.", h.with(set("payload", chainAt, quote(shortHash(patch.chain...)))), allow, decides(vectors.Decision{Level: "ajwt+pop", ChainHash: shortHash(patch.chain...)}))
	b.near("allowed-sequence-short", "And the short sequence.", h.with(set("payload", sequenceAt, quote(shortHash(patch.steps...)))), allow, decides(vectors.Decision{Level: "ajwt+pop"}))
	b.reject("allowed-chain-unknown", "A short chain that the workflow does not have is refused there too.", a, "delegation_chain_unknown", set("payload", chainAt, quote(shortHash("supervisor", "patcher"))), threats("T11"), kills("chain-unchecked"))
	b.reject("not-allowed", "Without it the short chain is refused.", a, "claim_intent_hash_short", drop("policy", "/issuers/0/allow_short_hash"), status(401))
}

// hardenedDoing is a hardened request for that deed on a route of level ajwt that asks for
// nothing else.
func (b *builder) hardenedDoing(d deed) scene {
	return hardenedDeed(d).to("GET", "/repos/acme/app").claiming("/jti", b.name())
}
