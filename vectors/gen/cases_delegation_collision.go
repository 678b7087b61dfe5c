package main

import (
	"fmt"

	"github.com/agentic-jwt/ajwt/vectors"
)

// Two chains of one short hash (conformance/collide/found.json): whoever can register the
// middle ids has a token for the one that reads as a token for the other.
var (
	collidingLawful   = []string{"supervisor", "2aef06a2c5f44b28", "patcher"}
	collidingUnlawful = []string{"intruder", "04e157bf1d7cf6f1", "patcher"}
)

// collidingShort is the short hash of both.
const collidingShort = "365bab14d596baff"

// collidingKeys are the keys that the bundle lists for the agents.
var collidingKeys = map[string]string{"supervisor": "supervisor-p256-a", "2aef06a2c5f44b28": "planner-ed25519-a", "intruder": "supervisor-ed25519-a", "04e157bf1d7cf6f1": "planner-p256-a", "patcher": "agent-p256-a"}

// collidingWorkflow has a delegation from the intruder, too, who is none of the origins.
func collidingWorkflow(origins ...string) string {
	return `{"workflow_id":"vuln-patching","version":1,"origins":` + quoteAll(origins) + `,` +
		`"delegation":[["supervisor","2aef06a2c5f44b28"],["2aef06a2c5f44b28","patcher"],["intruder","04e157bf1d7cf6f1"],["04e157bf1d7cf6f1","patcher"]],` +
		`"max_depth":2,"steps":[` + stepText("patch", "patcher", "", "", "repo:read repo:write", `,"tools":["create_pull_request"],"context":["repository"]`) + `]}`
}

// collidingBundle knows all five agents with their keys. The intruder and its delegate
// take no part in the workflow.
func collidingBundle() jws {
	var agents []string
	for _, id := range []string{"supervisor", "2aef06a2c5f44b28", "patcher", "intruder", "04e157bf1d7cf6f1"} {
		agents = append(agents, agentText(id, `,"keys":[`+testKey(collidingKeys[id]).jwk()+`]`))
	}
	workflow := collidingWorkflow("supervisor")
	workflow = edited(workflow, "/delegation", `[["supervisor","2aef06a2c5f44b28"],["2aef06a2c5f44b28","patcher"]]`)
	return signedBundle(bundlePayload(7, agents, []string{workflow}))
}

func collidingDeed(chain []string) deed {
	return deed{"vuln-patching", chain, []string{"patch"}, "repo:read repo:write"}
}

// collidingLinks are genuine links along the chain.
func collidingLinks(chain []string) []jws {
	var list []jws
	for i := range len(chain) - 1 {
		from, prev := collidingKeys[chain[i]], ""
		if i > 0 {
			prev = `,"prev":"{prev}"`
		}
		list = append(list, jws{
			header: linkHeaderOf(from),
			payload: fmt.Sprintf(`{"iss":%q,"sub":%q,"aud":%q,"cnf":{"jkt":%q},"workflow_id":"vuln-patching","workflow_step":"patch","scope":"repo:read repo:write","iat":%d,"exp":%d,"jti":"link-%d"%s}`,
				chain[i], chain[i+1], issuerID, testKey(collidingKeys[chain[i+1]]).thumbprint(), now-60, now+600, i+1, prev),
			key: from, alg: algOf(from),
		})
	}
	return list
}

// delegationCollision: what 64 bits cannot tell apart, and what can.
func delegationCollision(b *builder) {
	b.refs = []string{"profile, section 7", refBundle, refDelegation}
	const at, unknown, mismatch = "/intent/delegation_chain", "delegation_chain_unknown", "delegation_link_chain_mismatch"
	if shortHash(collidingLawful...) != collidingShort || shortHash(collidingUnlawful...) != collidingShort {
		panic("the chains do not collide")
	}
	bundle := collidingBundle()
	bound := func(s scene, hash func(...string) string, chain []string) scene {
		s.changedBundle = &bundle
		return s.minted(collidingDeed(chain), hash).claiming("/jti", b.name(), "/cnf", jkt("agent-p256-a"))
	}
	// draft-00, short form: the two tokens are one
	draft := bound(lawful(), shortHash, collidingUnlawful)
	b.accept("draft-short", "draft-00 accepts the unlawful chain in its short form: it is that of the lawful one, and nothing in the request tells them apart.", draft,
		decides(vectors.Decision{Level: "ajwt", ChainHash: collidingShort}), level("PROFILE"), threats("T10", "T11"))
	long := b.near("draft-long-lawful", "In the long form draft-00 accepts the lawful chain.", b.twin("delegation.collision.draft-short"), set("payload", at, quote(longHash(collidingLawful...))))
	ks := kills("chain-short-compared", "chain-unchecked")
	b.reject("draft-long-unlawful", "And refuses the unlawful one.", long, unknown, set("payload", at, quote(longHash(collidingUnlawful...))), ks, threats("T10", "T11"), status(403))
	// hardened
	h := bound(lawfulHardened(), longHash, collidingLawful)
	t := b.accept("hardened-lawful", "hardened accepts the lawful chain, in the long form.", h, decides(vectors.Decision{Level: "ajwt+pop", ChainHash: longHash(collidingLawful...)}))
	b.reject("hardened-unlawful", "hardened refuses the unlawful chain, whose long form is another one.", t, unknown, set("payload", at, quote(longHash(collidingUnlawful...))), ks, threats("T10", "T11"), status(403))
	b.reject("hardened-short", "hardened refuses the short form that both have.", t, "claim_intent_hash_short", set("payload", at, quote(collidingShort)), refs("profile, section 7"), kills("short-hash-allowed"), threats("T11"))
	allowed := t.scene.with(set("policy", "/issuers/0/allow_short_hash", "true"))
	b.accept("hardened-short-allowed", "allow_short_hash gives that up.", allowed.with(set("payload", at, quote(collidingShort))), decides(vectors.Decision{Level: "ajwt+pop", ChainHash: collidingShort}), level("PROFILE"), refs("profile, section 7"))
	// links
	b.refs = []string{refLinks, refDelegation, "profile, section 7"}
	kc := kills("link-chain-ignored")
	unlawful := scene{links: collidingLinks(collidingUnlawful)}
	draft.links = collidingLinks(collidingLawful)
	linked := b.accept("draft-linked", "With links draft-00 accepts the short form of the lawful chain.", draft.claiming(linksAt, `"{links}"`), decides(vectors.Decision{Level: "ajwt+links", ChainHash: collidingShort}))
	b.reject("draft-linked-unlawful", "Links of the unlawful chain hash to the same short form; in full they are none of the known chain.", linked, mismatch, otherLinks(unlawful.linked()...), kc, threats("T10", "T11"), status(403))
	h.links = collidingLinks(collidingLawful)
	h.policy = "world-linked.json"
	both := b.accept("hardened-linked", "With links hardened accepts the lawful chain.", h.claiming(linksAt, `"{links}"`), linksLevel())
	b.reject("hardened-linked-unlawful", "And refuses the links of the unlawful one.", both, mismatch, otherLinks(unlawful.linked()...), kc, threats("T10", "T11"))
	short := h.claiming(linksAt, `"{links}"`, at, quote(collidingShort)).with(set("policy", "/issuers/0/allow_short_hash", "true"))
	allowedLinked := b.accept("hardened-short-linked", "With links and allow_short_hash the short form of the lawful chain is accepted.", short, linksLevel())
	b.reject("hardened-short-linked-unlawful", "And the unlawful one's links refused.", allowedLinked, mismatch, otherLinks(unlawful.linked()...), kc, threats("T10", "T11"))
	// both known
	b.refs = []string{refBundle}
	var agents []string
	for _, id := range []string{"supervisor", "2aef06a2c5f44b28", "patcher", "intruder", "04e157bf1d7cf6f1"} {
		agents = append(agents, agentText(id, ""))
	}
	known := b.takes("bundle-one", "A bundle that knows one of the two chains is taken.", bundleLoad(bundlePayload(7, agents, []string{collidingWorkflow("supervisor")})))
	other := b.takes("bundle-other", "So is one that knows the other.", bundleLoad(bundlePayload(7, agents, []string{collidingWorkflow("intruder")})))
	kb := kills("bundle-collision-taken")
	b.declines("bundle-both", "A bundle that knows two chains of one short hash is refused.", known, "bundle_hash_collision", set("bundle", "/workflows/0/origins/-", `"intruder"`), []string{"/workflows/0/delegation"}, kb, threats("T6", "T11"))
	b.declines("bundle-both-other", "Whichever of them was there first.", other, "bundle_hash_collision", set("bundle", "/workflows/0/origins/-", `"supervisor"`), []string{"/workflows/0/delegation"}, kb, threats("T6", "T11"))
	two := edited(collidingWorkflow("intruder"), "/workflow_id", `"other"`)
	apart := b.takes("bundle-workflows", "Two workflows that know the same chain have no two.", bundleLoad(bundlePayload(7, agents, []string{collidingWorkflow("supervisor"), edited(two, "/origins", `["supervisor"]`)})))
	b.declines("bundle-both-workflows", "Two chains of one short hash are refused in two workflows of one bundle too.", apart, "bundle_hash_collision", set("bundle", "/workflows/1/origins/0", `"intruder"`), []string{"/workflows/1/delegation"}, kb, threats("T6", "T11"))
}
