package main

import (
	"fmt"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

const noTools = `,"tools":[],"context":[]`

// agentsNamed are agents of a bundle without keys and shims.
func agentsNamed(ids ...string) []string {
	var list []string
	for _, id := range ids {
		list = append(list, fmt.Sprintf(`{"agent_id":%q,"status":"active","registrations":[]}`, id))
	}
	return list
}

// workflowText is a workflow of a bundle; edges are "a>b", origins and edges with blanks
// between them.
func workflowText(id, origins, edges string, depth int, steps ...string) string {
	var pairs []string
	for _, e := range strings.Fields(edges) {
		from, to, _ := strings.Cut(e, ">")
		pairs = append(pairs, quoteAll([]string{from, to}))
	}
	return fmt.Sprintf(`{"workflow_id":%q,"version":1,"origins":%s,"delegation":[%s],"max_depth":%d,"steps":[%s]}`,
		id, quoteAll(strings.Fields(origins)), strings.Join(pairs, ","), depth, strings.Join(steps, ","))
}

// bundleGraphs: delegation and steps as graphs.
func bundleGraphs(b *builder) {
	b.refs = []string{refBundle}
	t := b.takes("workflow", "A workflow whose steps all have a chain and a gate is taken.", bundleLoad(withMember(smallBundle(), "/iat", num10(now-3602))))
	bad := func(slug, title, code string, e edit, at string, opts ...option) {
		b.declines(slug, title, t, code, e, []string{at}, opts...)
	}
	w := "/workflows/0"
	// where delegation is a cycle there are no chains, so nothing is said of the steps
	cycle := func(slug, title string, e edit) {
		bad(slug, title, "bundle_graph_cycle", e, w+"/delegation", threats("T11"))
	}
	// names of agents and steps
	bad("origin-unknown", "An origin is an agent of the bundle.", "bundle_agent_unknown", set("bundle", w+"/origins/-", `"intruder"`), w+"/origins/1", threats("T10"))
	bad("delegator-unknown", "A delegator is an agent of the bundle.", "bundle_agent_unknown", set("bundle", w+"/delegation/-", `["intruder","patcher"]`), w+"/delegation/1/0")
	bad("delegate-unknown", "A delegate is an agent of the bundle.", "bundle_agent_unknown", set("bundle", w+"/delegation/-", `["supervisor","intruder"]`), w+"/delegation/1/1")
	bad("step-agent-unknown", "A step's agent is an agent of the bundle.", "bundle_agent_unknown", set("bundle", w+"/steps/0/agent_id", `"intruder"`), w+"/steps/0/agent_id")
	bad("agent-case", "Agents are named byte for byte.", "bundle_agent_unknown", set("bundle", w+"/steps/0/agent_id", `"Supervisor"`), w+"/steps/0/agent_id")
	bad("after-unknown", "A prerequisite is a step of the workflow.", "bundle_step_unknown", set("bundle", w+"/steps/2/after/-", `"review"`), w+"/steps/2/after/1", kills("bundle-after-unknown-ignored"))
	bad("after-of-another-workflow", "A step of another workflow is none of this one.", "bundle_step_unknown",
		set("bundle", "/workflows/-", workflowText("other", "supervisor", "", 0, stepText("close", "supervisor", "plan", "", "", noTools))), "/workflows/1/steps/0/after/0", kills("bundle-after-unknown-ignored"))
	// cycles
	cycle("edge-to-itself", "No agent delegates to itself.", set("bundle", w+"/delegation/-", `["patcher","patcher"]`))
	cycle("edge-back", "Two agents do not delegate to each other.", set("bundle", w+"/delegation/-", `["patcher","supervisor"]`))
	cycle("cycle-apart", "A cycle that no origin reaches is one too.",
		set("bundle", "", bundlePayload(7, agentsNamed("supervisor", "patcher", "a", "b", "c"), []string{workflowText("fix", "supervisor", "supervisor>patcher a>b b>c c>a", 1, stepText("patch", "patcher", "", "", "", noTools))})))
	bad("step-after-itself", "No step waits for itself.", "bundle_graph_cycle", set("bundle", w+"/steps/0/after", `["plan"]`), w+"/steps")
	bad("steps-in-a-circle", "Steps do not wait for each other.", "bundle_graph_cycle", set("bundle", w+"/steps/0/after", `["patch"]`), w+"/steps")
	b.takesToo("diamond", "Two ways to one agent are no cycle.", t, set("bundle", "", bundlePayload(7, agentsNamed("s", "a", "b", "p"),
		[]string{workflowText("fix", "s", "s>a s>b a>p b>p", 2, stepText("patch", "p", "", "", "", noTools))})))
	b.takesToo("steps-diamond", "Two ways from one step to another are no cycle.", t, set("bundle", w+"/steps/2/after", `["approve","plan"]`))
	// chains to the agents of steps
	bad("no-edge", "A step whose agent no edge reaches has no lawful token.", "bundle_step_unreachable", set("bundle", w+"/delegation", "[]"), w+"/steps/2", kills("bundle-step-unreachable-taken"))
	bad("depth-0", "Nor has one that is further away than max_depth.", "bundle_step_unreachable", set("bundle", w+"/max_depth", "0"), w+"/steps/2", kills("bundle-step-unreachable-taken", "chain-depth-ignored"))
	bad("no-origin", "An agent that is no origin begins no chain.", "bundle_step_unreachable", set("bundle", w+"/origins", `["patcher"]`), w+"/steps/0", kills("bundle-step-unreachable-taken"))
	bad("edge-reversed", "An edge leads from the delegator to the delegate.", "bundle_step_unreachable", set("bundle", w+"/delegation/0", `["patcher","supervisor"]`), w+"/steps/2", kills("bundle-step-unreachable-taken"))
	chain := bundlePayload(7, agentsNamed("a", "b", "c", "d"), []string{workflowText("w", "a", "a>b b>c c>d", 3, stepText("s", "d", "", "", "", noTools))})
	deep := b.takesToo("depth-exact", "A chain of exactly max_depth edges reaches its agent.", t, set("bundle", "", chain), kills("chain-depth-one-less", "chain-ends-at-first"))
	b.declines("depth-less", "One edge less does not.", deep, "bundle_step_unreachable", set("bundle", w+"/max_depth", "2"), []string{w + "/steps/0"}, kills("bundle-step-unreachable-taken", "chain-depth-ignored"))
	b.takesToo("any-agent", "A step without an agent is any agent's and needs no chain of its own.", t, drop("bundle", w+"/steps/0/agent_id"))
	// approval
	bad("gate-absent", "A step that requires approval has a gate before it.", "bundle_gate_missing", set("bundle", w+"/steps/1/approval_gate", "false"), w+"/steps/2", threats("T8"), kills("bundle-gate-missing-taken"))
	bad("gate-beside", "A gate that is no ancestor is none before it.", "bundle_gate_missing", set("bundle", w+"/steps/2/after", `["plan"]`), w+"/steps/2", threats("T8"), kills("bundle-gate-missing-taken"))
	bad("gate-itself", "A gate that requires approval needs another gate before it.", "bundle_gate_missing", set("bundle", w+"/steps/1/requires_approval", "true"), w+"/steps/1", kills("bundle-gate-missing-taken"))
	b.takesToo("gate-far", "The gate may lie several steps before.", t, set("bundle", w+"/steps/-", stepText("report", "patcher", "patch", "approval", "", noTools)), kills("steps-direct-only"))
	b.takesToo("gate-of-an-agent", "A gate may be an agent's.", t, set("bundle", w+"/steps/1/agent_id", `"supervisor"`))
	b.takesToo("gate-optional", "A gate may be optional: it is required where approval is.", t, set("bundle", w+"/steps/1/required", "false"))
	// every fault is named
	b.declines("several", "The faults of all steps are named at once.", t, "bundle_step_unreachable",
		set("bundle", w, workflowText("fix", "supervisor", "", 1, stepText("plan", "supervisor", "", "", "", noTools), stepText("a", "patcher", "plan", "", "", noTools), stepText("b", "patcher", "plan", "approval", "", noTools))),
		[]string{w + "/steps/1", w + "/steps/2", w + "/steps/2"})
	b.declines("members-first", "Faults of members are named alone: graphs are looked at when all members are right.", t, "bundle_member_value",
		set("bundle", w, workflowText("fix", "supervisor", "patcher>patcher", 99, stepText("plan", "supervisor", "plan", "", "", noTools))), []string{w + "/max_depth"})
	bundleLimits(b, t)
	bundleCollision(b)
}

// bundleLimits: more steps, sequences or chains than are admitted.
func bundleLimits(b *builder, t twin) {
	parallel := func(n int) string {
		var steps, ids []string
		for i := range n {
			ids = append(ids, fmt.Sprintf("s%d", i))
			steps = append(steps, stepText(ids[i], "a", "", "", "", noTools))
		}
		return bundlePayload(7, agentsNamed("a"), []string{workflowText("w", "a", "", 0, append(steps, stepText("end", "a", strings.Join(ids, " "), "", "", noTools))...)})
	}
	eight := b.takesToo("orders-of-eight", "Eight steps side by side have 40,320 orders, which are kept.", t, set("bundle", "", parallel(8)))
	b.declines("orders-of-nine", "Nine have 362,880: the bundle is refused and says which step it is.", eight, "bundle_limit_exceeded", set("bundle", "", parallel(9)), []string{"/workflows/0/steps/9"}, kills("bundle-limit-silent"))
	many := func(n int) string {
		var steps []string
		for i := range n {
			steps = append(steps, stepText(fmt.Sprintf("s%d", i), "a", "", "", "", noTools))
		}
		return bundlePayload(7, agentsNamed("a"), []string{workflowText("w", "a", "", 0, steps...)})
	}
	full := b.takesToo("steps-256", "A workflow may have 256 steps.", t, set("bundle", "", many(256)))
	b.declines("steps-257", "And not one more.", full, "bundle_limit_exceeded", set("bundle", "/workflows/0/steps/-", stepText("s256", "a", "", "", "", noTools)), []string{"/workflows/0/steps"}, kills("bundle-limit-silent"))
	layers := func(n int) string {
		agents, edges, before := []string{"o"}, []string{}, []string{"o"}
		for i := range n {
			var layer []string
			for k := range 3 {
				id := fmt.Sprintf("a%d.%d", i, k)
				layer = append(layer, id)
				for _, from := range before {
					edges = append(edges, from+">"+id)
				}
			}
			agents, before = append(agents, layer...), layer
		}
		for _, from := range before {
			edges = append(edges, from+">z")
		}
		return bundlePayload(7, agentsNamed(append(agents, "z")...), []string{workflowText("w", "o", strings.Join(edges, " "), 15, stepText("s", "z", "", "", "", noTools))})
	}
	ten := b.takesToo("chains-of-ten-layers", "Three agents in each of ten layers make 59,049 chains, which are kept.", t, set("bundle", "", layers(10)))
	b.declines("chains-of-eleven-layers", "Eleven layers make 177,147: the bundle is refused.", ten, "bundle_limit_exceeded", set("bundle", "", layers(11)), []string{"/workflows/0/delegation"}, kills("bundle-limit-silent"))
}

// The two chains of conformance/collide/found.json: their short hashes are equal.
var (
	lawfulChain   = []string{"supervisor", "2aef06a2c5f44b28", "patcher"}
	unlawfulChain = []string{"intruder", "04e157bf1d7cf6f1", "patcher"}
)

// bundleCollision: two chains with one short hash.
func bundleCollision(b *builder) {
	if shortHash(lawfulChain...) != shortHash(unlawfulChain...) {
		panic("the chains of found.json do not collide")
	}
	agents := []string{agentText("supervisor", ""), agentText("patcher", ""), agentText("intruder", "")}
	agents = append(agents, agentsNamed(lawfulChain[1], unlawfulChain[1])...)
	edges := strings.Join(lawfulChain[:2], ">") + " " + strings.Join(lawfulChain[1:], ">")
	other := strings.Join(unlawfulChain[:2], ">") + " " + strings.Join(unlawfulChain[1:], ">")
	step := stepText("patch", "patcher", "", "", "repo:read repo:write", noTools)
	one := bundlePayload(7, agents, []string{workflowText("vuln-patching", "supervisor", edges, 2, step)})
	refs := refs(refBundle, "D00, section 4.4.4")
	t := b.takes("one-of-two", "One of two chains with one short hash may be known.", bundleLoad(one), refs)
	b.declines("collision", "Two known chains with one short hash refuse the bundle: nobody could tell which one a token means.", t, "bundle_hash_collision",
		set("bundle", "/workflows/0", workflowText("vuln-patching", "supervisor intruder", edges+" "+other, 2, step)), []string{"/workflows/0/delegation"}, threats("T11"), refs, kills("bundle-collision-taken"))
	b.declines("collision-of-two-workflows", "Also where they belong to two workflows.", t, "bundle_hash_collision",
		set("bundle", "/workflows/-", workflowText("second", "intruder", other, 2, step)), []string{"/workflows/1/delegation"}, threats("T11"), refs, kills("bundle-collision-taken"))
	// what the collision means for a token
	d := deed{"vuln-patching", lawfulChain, []string{"patch"}, "repo:read repo:write"}
	s := lawful().with(set("bundle", "", one)).minted(d, longHash)
	long := b.accept("token-long", "The long hash of the lawful chain.", s, decides(vectors.Decision{Level: "ajwt"}), refs)
	b.reject("token-long-unlawful", "The long hash of the unlawful chain is another one, and refused.", long, "delegation_chain_unknown",
		set("payload", "/intent/delegation_chain", quote(longHash(unlawfulChain...))), status(403), threats("T11"), refs, kills("chain-short-compared"))
	b.accept("token-short", "The short hash may be that of either chain: what a profile with short hashes accepts.", s.minted(d, shortHash), threats("T11"), refs, level("PROFILE"))
}

// bundleVersions: versions never go back.
func bundleVersions(b *builder) {
	b.refs = []string{refBundle}
	documentVersions(b, bundleKind, "version", bundleLoad(smallBundle()), func(version int) jws {
		return signedBundle(withMember(smallBundle(), "/version", fmt.Sprint(version)))
	}, set("bundle", "/agents/0/status", `"revoked"`))
}

// documentVersions: a document after others, in this process or before a restart. l is the
// document with version 7; at gives one with another version, change another content.
func documentVersions(b *builder, k documentKind, member string, l loadInput, at func(int) jws, change edit) {
	old, conflict := k.codes+member+"_old", k.codes+member+"_conflict"
	place := []string{"/" + member}
	back, again := kills(k.faults+member+"-rollback"), kills(k.faults+member+"-reused")
	l.document.payload = withMember(l.document.payload, "/iat", num10(now-500))
	l = withVersion(l, member, 7)
	first := b.takes("first", "The first document may have any number.", l)
	after := b.takes("higher", "After 6 comes 7.", l.after(at(6)))
	far := b.takes("far-higher", "Numbers may be passed over.", l.after(at(2), at(3)))
	same := b.takes("same-again", "The same document once more is taken.", l.after(l.document))
	zero := b.takes("zero", "The first number may be 0.", withVersion(l, member, 0))
	b.declines("lower", "After 8 comes no 7.", first, old, set("input", "/previous", quoteAll([]string{compactOf(at(8))})), place, back, threats("T6"))
	b.declines("lower-by-itself", "After 6 comes no 5.", after, old, set(k.layer, "/"+member, "5"), place, back)
	b.declines("lower-than-one-before-the-last", "The highest one counts, also behind a document that was taken later.", far, old,
		set("input", "/previous", quoteAll([]string{compactOf(at(2)), compactOf(at(8)), compactOf(at(8))})), place, back)
	b.declines("zero-after-one", "After 1 comes no 0.", zero, old, set("input", "/previous", quoteAll([]string{compactOf(at(1))})), place, back)
	b.declines("same-other-content", "One number has one content.", same, conflict, change, place, again, threats("T6"))
	b.declines("same-other-signature", "A document that was signed anew is another, whatever it says.", same, conflict,
		edit{layer: k.layer + ".header", path: "/x", to: ptr("1")}, place, again, level("PROFILE"))
	least := "/issuers/0/" + k.member + "/min_" + member
	least7 := b.takes("least", "The policy's least number is taken.", l.under(least, "7"))
	b.declines("less-than-the-least", "A lower number than the policy's least is refused.", least7, old, set("policy", least, "8"), place, back)
	b.declines("less-than-the-least-by-itself", "So it is where the document is the older one.", least7, old, set(k.layer, "/"+member, "6"), place, back)
	// across a restart
	kind := strings.TrimSuffix(l.op, "_load")
	kept := func(kind string, version int, d jws) string {
		return fmt.Sprintf(`[{"kind":%q,"version":%d,"digest":%q}]`, kind, version, digestOf(d))
	}
	resumed := func(versions string) loadInput {
		r := l
		r.edits = []edit{set("input", "/versions", versions)}
		return r
	}
	seven := b.takes("restart-same", "After a restart the document that was in force is taken again.", resumed(kept(kind, 7, l.document)))
	b.takes("restart-higher", "After a restart a newer one is taken.", resumed(kept(kind, 6, at(6))))
	b.takes("restart-other-kind", "What was in force of another kind does not count.", resumed(kept(map[string]string{"bundle": "revocations", "revocations": "bundle"}[kind], 9, at(9))))
	b.declines("restart-lower", "After a restart an older one is refused.", seven, old, set("input", "/versions", kept(kind, 8, at(8))), place, back, threats("T6"))
	b.declines("restart-other-content", "After a restart a number has the content that it had.", seven, conflict, set("input", "/versions", kept(kind, 7, at(8))), place, again, threats("T6"))
}

// withVersion gives the document another number.
func withVersion(l loadInput, member string, n int) loadInput {
	l.document.payload, _ = replace(l.document.payload, "/"+member, ptr(fmt.Sprint(n)))
	return l
}

func compactOf(d jws) string { return d.compact(d.payload) }

// digestOf is the SHA-256 of a compact form in base64url.
func digestOf(d jws) string { return b64(sha256Of(compactOf(d))) }
