package main

import (
	"fmt"

	"github.com/agentic-jwt/ajwt/vectors"
)

// delegationBounds: the server, the workflow and the step that links are for.
func delegationBounds(b *builder) {
	b.refs = []string{refLinks, refDelegation}
	t := b.accept("same", "Links for the token's issuer, workflow and step are accepted.", b.hops())
	aud := func(i int, slug, title, text string, more ...option) row {
		return linkClaim(i, "aud-"+slug, title, "delegation_link_audience_mismatch", "/aud", quote(text), append(more, kills("link-audience-ignored"))...)
	}
	b.rejects(t, []row{
		aud(0, "other-server", "A root for another authorization server is refused.", otherID, threats("T11"), status(403)),
		aud(1, "other-server-last", "So is a last link.", otherID, threats("T11")),
		aud(0, "resource", "A link is for the authorization server and not for the resource.", audience),
		aud(0, "slash", "An audience with a slash behind it is another one.", issuerID+"/"),
		aud(1, "case", "Audiences count byte for byte.", "https://AS.example"),
		aud(0, "prefix", "The beginning of the audience is another one.", "https://as.exampl"),
		aud(0, "empty", "An empty audience is none of ours.", ""),
		aud(1, "agent", "The delegate is no audience.", "patcher"),
	})
	workflow := func(i int, slug, title, text string, more ...option) row {
		return linkClaim(i, "workflow-"+slug, title, "delegation_link_workflow_mismatch", "/workflow_id", quote(text), append(more, kills("link-workflow-ignored"))...)
	}
	b.rejects(t, []row{
		workflow(0, "other", "A root for another workflow is refused.", "triage", threats("T6", "T11"), status(403)),
		workflow(1, "other-last", "So is a last link.", "triage", threats("T6", "T11")),
		workflow(0, "unknown", "A workflow that the bundle does not have is another one.", "deploying", threats("T6")),
		workflow(1, "case", "Ids of workflows count byte for byte.", "Vuln-Patching"),
		workflow(0, "prefix", "The beginning of the id is another one.", "vuln"),
	})
	step := func(slug, title, text string, more ...option) row {
		return linkClaim(1, "step-"+slug, title, "delegation_link_step_mismatch", "/workflow_step", quote(text), append(more, kills("link-step-ignored"))...)
	}
	b.rejects(t, []row{
		step("other", "A last link for another step is refused.", "plan", threats("T8"), status(403)),
		step("unknown", "So is one for a step that the workflow lacks.", "deploy", threats("T8")),
		step("case", "Ids of steps count byte for byte.", "Patch"),
		step("prefix", "The beginning of the id is another one.", "pat"),
	})
	b.nears(t, []accepted{
		{"step-absent", "A last link without a step is for every step of the workflow.", drop("link", "/1/payload/workflow_step"), nil},
		{"step-of-root", "The step of a link before the last is not compared.", set("link", "/0/payload/workflow_step", `"plan"`), nil},
	})
	b.reject("step-of-same-agent", "A last link for another step of the same agent is refused.", b.accept("step-scan", "A link to the classifier for its step is accepted.", b.scanning()), "delegation_link_step_mismatch",
		set("link", "/1/payload/workflow_step", `"analyze"`), kills("link-step-ignored"), threats("T8"))
}

// scanning is the classifier's step scan by way of the planner, with links.
func (b *builder) scanning() scene {
	s := linkedDeed(deed{"vuln-patching", []string{"supervisor", "planner", "classifier"}, []string{"analyze", "scan"}, "repo:read"})
	return s.to("GET", "/repos/acme/app").claiming("/jti", quote("scanning-"+b.topic))
}

// delegationScope: scope shrinks from link to link and holds the token's.
func delegationScope(b *builder) {
	b.refs = []string{refLinks, refDelegation}
	const widened, exceeded = "delegation_link_scope_widened", "delegation_link_scope_exceeded"
	t := b.accept("equal", "Links and a token of one scope are accepted.", b.hops())
	kw, ke, th := kills("link-scope-may-grow"), kills("link-scope-exceeded-taken"), threats("T9")
	scope := func(i int, slug, title, code, text string, more ...option) row {
		k := kw
		if code == exceeded {
			k = ke
		}
		return linkClaim(i, slug, title, code, "/scope", quote(text), append(more, k, th)...)
	}
	b.rejects(t, []row{
		scope(1, "widened", "A last link with more scope than its delegator was given is refused.", widened, "repo:read repo:write repo:admin", status(403)),
		scope(0, "root-narrowed", "Where the root grants less, the same last link is refused.", widened, "repo:read"),
		scope(1, "other", "A last link with another scope is refused.", widened, "repo:admin"),
		scope(0, "root-longer-name", "A longer name of a scope is another scope.", widened, "repo:read repo:write:own"),
		scope(0, "root-shorter-name", "So is a shorter one.", widened, "repo:read repo"),
		scope(0, "root-case", "Scopes count byte for byte.", widened, "repo:read Repo:write"),
		scope(0, "root-wildcard", "A star in a scope is a character like any other.", widened, "repo:*"),
		scope(1, "token-exceeds", "A token with more scope than its last link is refused.", exceeded, "repo:read", status(403)),
		scope(1, "token-exceeds-other", "The token needs every scope, not one of them.", exceeded, "repo:write"),
	})
	b.nears(t, []accepted{
		{"shrinks", "A root may grant more than the last link.", set("link", "/0/payload/scope", `"repo:admin repo:read repo:write"`), nil},
		{"order", "The order of scopes does not matter.", set("link", "/0/payload/scope", `"repo:write repo:read"`), nil},
	})
	less := b.accept("token-less", "A token may have less scope than its last link.", t.scene.to("GET", "/repos/acme/app").claiming("/scope", `"repo:read"`))
	b.near("token-and-link-less", "So may the last link.", less, set("link", "/1/payload/scope", `"repo:read"`))
	b.reject("token-more", "And a token with more scope than its last link is refused where the route asks for none.", b.accept("token-as-link", "A token of the scope of its last link is accepted.", less.scene.with(set("link", "/1/payload/scope", `"repo:read"`), set("payload", "/jti", `"token-as-link"`))),
		exceeded, set("payload", "/scope", `"repo:read repo:write"`), ke, th)
	three := b.accept("line", "Three links of one scope are accepted.", b.inLine(3, 3))
	b.rejects(three, []row{
		scope(1, "middle-widened", "A link in the middle with more scope than the root is refused.", widened, "repo:read repo:write"),
		scope(2, "last-widened", "So is the last of three links.", widened, "repo:read repo:write"),
		scope(0, "line-root-other", "A scope that the root lacks is not to be had from later links.", widened, "repo:write"),
	})
}

// delegationTime: exp without skew, iat with it, and no link outlives the one before.
func delegationTime(b *builder) {
	b.refs = []string{refLinks, refDelegation}
	const expired, future, grown = "delegation_link_expired", "delegation_link_iat_future", "delegation_link_life_grown"
	t := b.accept("in-time", "Links within their time are accepted.", b.hops())
	ke, kf, kg := kills("link-expired-taken", "link-exp-skewed"), kills("link-iat-future-taken"), kills("link-life-may-grow")
	at := func(i int, claim string, n int64) edit {
		return set("link", fmt.Sprintf("/%d/payload/%s", i, claim), fmt.Sprint(n))
	}
	last := b.near("last-second", "In the last second before exp a link is accepted.", t, at(1, "exp", now+1))
	b.reject("expired", "At exp a link has expired; the skew does not count.", last, expired, at(1, "exp", now), ke, status(403))
	b.reject("expired-before", "A second after exp it has too.", last, expired, at(1, "exp", now-1), ke)
	b.reject("expired-by-now", "A second later the same link has expired.", last, expired, set("now", "", fmt.Sprint(now+1)), ke)
	b.reject("expired-skew", "A link that expired within the skew has expired.", last, expired, at(1, "exp", now-29), ke)
	b.reject("expired-long-ago", "A link of last year's has expired.", t, expired, set("link", "/1/payload", edited(t.scene.links[1].payload, "/iat", "1", "/exp", "2", "/prev", quote(firstHash(t.scene)))), kills("link-expired-taken"))
	both := b.accept("root-last-second", "In the last second before the root's exp the chain is accepted.", t.scene.with(at(0, "exp", now+1), at(1, "exp", now+1)))
	b.reject("root-expired-by-now", "At the root's exp the chain has expired.", both, expired, set("now", "", fmt.Sprint(now+1)), ke)
	ahead := b.near("iat-skew", "A link from the future is accepted within the skew.", t, at(1, "iat", now+30), kills("link-iat-unskewed"))
	b.reject("iat-beyond-skew", "A second beyond the skew it is refused.", ahead, future, at(1, "iat", now+31), kf, status(403))
	b.reject("iat-beyond-by-now", "A second earlier the same link is refused.", ahead, future, set("now", "", fmt.Sprint(now-1)), kf)
	rootAhead := b.near("root-iat-skew", "So is a root.", t, at(0, "iat", now+30), kills("link-iat-unskewed"))
	b.reject("root-iat-beyond-skew", "A root a second beyond the skew is refused.", rootAhead, future, at(0, "iat", now+31), kf)
	none := b.accept("iat-no-skew", "Where the skew is 0, a link from now is accepted.", t.scene.with(set("policy", "/issuers/0/clock_skew_seconds", "0"), at(1, "iat", now)))
	b.reject("iat-no-skew-beyond", "And one from the next second refused.", none, future, at(1, "iat", now+1), kf)
	b.near("iat-order", "A later link may be older than the one before: clocks differ.", t, at(0, "iat", now-1), level("PROFILE"))
	equal := b.near("exp-equal", "A link may end with the one before.", t, at(1, "exp", now+600))
	b.reject("exp-grown", "A link that ends a second after the one before is refused.", equal, grown, at(1, "exp", now+601), kg, threats("T11"), status(403))
	b.reject("exp-grown-root-shorter", "Where the root ends earlier, the same last link is refused.", equal, grown, at(0, "exp", now+599), kg, threats("T11"))
	b.reject("exp-grown-far", "A link that ends years after the one before is refused.", equal, grown, at(1, "exp", 9007199254740991), kg, threats("T11"))
	three := b.accept("line", "Three links that end together are accepted.", b.inLine(3, 3))
	b.reject("line-middle-grown", "A link in the middle that outlives the root is refused.", three, grown, at(1, "exp", now+601), kg)
	b.reject("line-last-grown", "So is the last of three.", three, grown, at(2, "exp", now+601), kg)
	b.reject("line-middle-expired", "A link in the middle that has expired is refused.", b.accept("line-middle-last-second", "In the last second of a link in the middle the line is accepted.", three.scene.with(at(1, "exp", now+1), at(2, "exp", now+1))), expired, set("now", "", fmt.Sprint(now+1)), ke)
	b.near("shorter-than-token", "A link may end before the token does.", t, at(1, "exp", now+2), level("PROFILE"))
}

// edited returns JSON text after edits, given as pairs of pointer and JSON text.
func edited(text string, pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		text, _ = replace(text, pairs[i], &pairs[i+1])
	}
	return text
}

// delegationDepth: as many links as the workflow's max_depth.
func delegationDepth(b *builder) {
	b.refs = []string{refLinks, refBundle, refDelegation}
	b.requirements = []string{"D00-6.6.4-05", "D00-9.3.2-03"}
	const code = "delegation_link_depth_exceeded"
	k := kills("link-depth-ignored")
	b.accept("0", "An agent that is an origin needs no link.", b.inLine(0, 3), decides(vectors.Decision{Level: "ajwt+pop"}), kills("links-for-one-agent"))
	one := b.accept("1", "One link is accepted.", b.inLine(1, 3), decides(vectors.Decision{Level: "ajwt+pop+links"}))
	b.accept("2", "Two links are accepted.", b.inLine(2, 3), decides(vectors.Decision{Level: "ajwt+pop+links"}))
	most := b.accept("3", "As many links as max_depth are accepted.", b.inLine(3, 3), decides(vectors.Decision{Level: "ajwt+pop+links"}))
	b.accept("1-of-1", "One link is accepted where max_depth is 1.", b.inLine(1, 1))
	b.accept("14-of-15", "Fourteen links are accepted.", b.inLine(14, 15))
	full := b.accept("15-of-15", "Fifteen links are accepted, the most that there can be.", b.inLine(15, 15), decides(vectors.Decision{Level: "ajwt+pop+links"}), refs(refLinks, "profile, section 17"))
	four := b.accept("4-of-4", "Four links are accepted where max_depth is 4.", b.inLine(4, 4))
	b.reject("4-of-3", "A chain with one delegation more than max_depth is unknown, whatever its links say.", four, "delegation_chain_unknown", set("bundle", "/workflows/0/max_depth", "3"), kills("chain-depth-ignored"), threats("T11"), status(403))
	b.reject("15-of-14", "So is one of 15 where max_depth is 14.", full, "delegation_chain_unknown", set("bundle", "/workflows/0/max_depth", "14"), kills("chain-depth-ignored"), threats("T11"))
	detour := func(agents ...int) edit {
		s := scene{links: lineLinks(agents...)}
		return otherLinks(s.linkTexts()...)
	}
	b.reject("detour-4-of-3", "A fourth link is one too many, though the chain is as long as it may be.", most, code, detour(0, 5, 1, 2, 3), k, threats("T11"), status(403))
	b.reject("detour-2-of-1", "Two links are too many where max_depth is 1.", b.accept("1-of-1-again", "One link is accepted, for comparison.", b.inLine(1, 1).claiming("/jti", `"one-of-one"`)), code, detour(0, 5, 1), k, threats("T11"))
	b.reject("detour-within", "A detour that max_depth would admit does not agree with the chain.", one, "delegation_link_chain_mismatch", detour(0, 5, 1), kills("link-chain-ignored"), threats("T11"))
	b.reject("16", "A sixteenth link is one more than a token can have.", full, "claim_intent_links_invalid", set("payload", linksAt+"/-", quote(full.scene.linked()[14])), refs("profile, section 5.3", "profile, section 17"))
	limited := b.accept("limit-3", "limits.links is inclusive.", most.scene.with(set("policy", "/limits", `{"links":3}`)))
	b.reject("limit-2", "More links than limits.links are refused.", limited, "claim_intent_links_invalid", set("policy", "/limits/links", "2"), refs("profile, section 17"))
}

// delegationLast: where the last link meets the token.
func delegationLast(b *builder) {
	b.refs = []string{refLinks, refDelegation}
	const subject, key, chain = "delegation_link_subject_mismatch", "delegation_link_key_mismatch", "delegation_link_chain_mismatch"
	t := b.accept("same", "A last link to the token's agent and key is accepted.", b.hops())
	ks, kk, kc := kills("link-subject-ignored"), kills("link-key-ignored"), kills("link-chain-ignored")
	jktOf := func(name string) string { return quote(testKey(name).thumbprint()) }
	b.rejects(t, []row{
		linkClaim(1, "sub-other", "A last link to another agent is refused.", subject, "/sub", `"classifier"`, ks, threats("T7", "T11"), status(403)),
		linkClaim(1, "sub-unknown", "So is one to an agent that nobody knows.", subject, "/sub", `"intruder"`, ks, threats("T7")),
		linkClaim(1, "sub-case", "Ids count byte for byte.", subject, "/sub", `"Patcher"`, ks),
		linkClaim(1, "key-other", "A last link to another key than the token binds is refused.", key, "/cnf/jkt", jktOf("agent-p256-b"), kk, threats("T2", "T11"), status(403)),
		linkClaim(1, "key-of-signer", "A last link to its signer's own key is refused.", key, "/cnf/jkt", jktOf("planner-ed25519-a"), kk, threats("T11")),
	})
	b.near("key-by-jwk", "The token may bind the key by jwk.", t, set("payload", "/cnf", jwkOf("agent-p256-a")))
	bearer := b.accept("bound-bearer", "A bearer token of draft-00 that binds the last link's key is accepted where the route takes one.", b.hopsDraft(), decides(vectors.Decision{Level: "ajwt+links"}))
	b.reject("unbound", "A token that binds no key has no last link.", bearer, key, drop("payload", "/cnf"), kk, threats("T2"), status(403))
	b.reject("bound-to-other", "Nor has one that binds another key.", bearer, key, set("payload", "/cnf", jkt("agent-p256-b")), kk, threats("T2"))
	// the ids in order hash to the chain
	scan := b.accept("by-planner", "A chain by way of the planner with its links is accepted.", b.scanning())
	b.reject("chain-shorter", "Links by way of the planner do not make a chain without it, though that is lawful too.", scan, chain,
		set("payload", "/intent/delegation_chain", quote(longHash("supervisor", "classifier"))), kc, threats("T11"), status(403))
	direct := b.accept("direct", "A chain without the planner with its link is accepted.",
		linkedDeed(deed{"vuln-patching", []string{"supervisor", "classifier"}, []string{"analyze", "scan"}, "repo:read"}).to("GET", "/repos/acme/app").claiming("/jti", b.name()))
	b.reject("chain-longer", "A link without the planner does not make a chain by way of it.", direct, chain,
		set("payload", "/intent/delegation_chain", quote(longHash("supervisor", "planner", "classifier"))), kc, threats("T11"))
	b.reject("links-shorter", "Nor do the links of the shorter chain, as genuine as they are.", scan, chain, otherLinks(direct.scene.linked()...), kc, threats("T11"))
	short := b.accept("short-hash", "draft-00 takes the short form of the chain with links.", b.hopsDraft().to("GET", "/repos/acme/app"), decides(vectors.Decision{Level: "ajwt+links", ChainHash: shortHash(patch.chain...)}))
	b.near("long-hash", "And the long form.", short, set("payload", "/intent/delegation_chain", quote(longHash(patch.chain...))), decides(vectors.Decision{Level: "ajwt+links", ChainHash: longHash(patch.chain...)}))
	detour := b.hopsDraft().with(set("link", "/0/payload/sub", `"classifier"`), set("link", "/1/payload/iss", `"classifier"`))
	b.reject("short-other-links", "With the short form the agents of the links hash to the chain too.", short, chain, otherLinks(detour.linked()...), kc, threats("T11"))
}
