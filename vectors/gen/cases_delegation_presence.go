package main

import (
	"fmt"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// linksLevel pins the highest level that there is.
func linksLevel() option { return decides(vectors.Decision{Level: "ajwt+pop+links"}) }

// delegationLinked: accepted requests with links, and the level that they reach.
func delegationLinked(b *builder) {
	b.refs = []string{refLinks, "profile, section 12"}
	k := kills("links-level-lost")
	b.accept("two-hops", "A token with a link for each hop reaches the highest level.", b.hops(),
		decides(vectors.Decision{Level: "ajwt+pop+links", Agent: "patcher", Workflow: "vuln-patching", Step: "patch", ChainHash: longHash(patch.chain...), Route: "pulls", Bundle: version(7)}), k)
	optional := b.hops()
	optional.policy = "world-hardened.json"
	b.accept("route-optional", "So it does where the route does not ask for links.", optional, linksLevel(), k)
	b.accept("one-hop", "A chain of two agents has one link.",
		linkedDeed(deed{"vuln-patching", []string{"supervisor", "classifier"}, []string{"analyze"}, "repo:read"}).to("GET", "/repos/acme/app").claiming("/jti", b.name()), linksLevel(), k)
	b.accept("plan", "A link without a later one is the root and the last.",
		linkedDeed(deed{"vuln-patching", []string{"supervisor", "planner"}, []string{"analyze", "plan"}, "repo:read"}).to("GET", "/repos/acme/app").claiming("/jti", b.name()), linksLevel(), k)
	b.accept("triage", "Links of another workflow are accepted for that one.",
		linkedDeed(deed{"triage", []string{"supervisor", "classifier"}, []string{"sort"}, "repo:read"}).to("GET", "/repos/acme/app").claiming("/jti", b.name()), linksLevel(), k)
	b.accept("bearer", "A bearer token of draft-00 with links and a short hash: links without a proof.", b.hopsDraft(), decides(vectors.Decision{Level: "ajwt+links", Agent: "patcher"}), k)
	b.accept("jwt-route", "On a route of level jwt links that hold raise the level too.", b.hops().to("GET", "/status"), linksLevel(), k)
	b.accept("agent-route", "And on one of level agent.", b.hops().to("GET", "/agents/patcher"), linksLevel(), k)
	b.accept("without-links", "Without links the level does not speak of them.", lawfulHardened().claiming("/jti", b.name()), decides(vectors.Decision{Level: "ajwt+pop"}), kills("links-level-unearned"))
}

// delegationPresence: where links are asked for, and where they are looked at.
func delegationPresence(b *builder) {
	b.refs = []string{refLinks, refDelegation}
	const missing, signature = "delegation_links_missing", "delegation_link_signature_invalid"
	required, optional := b.accept("required", "A route that asks for links accepts a token that has them.", b.hops()), b.hops()
	optional.policy = "world-hardened.json"
	none := drop("payload", linksAt)
	b.reject("required-missing", "A route that asks for links refuses a token without them.", required, missing, none, kills("links-optional"), threats("T11"), status(403), decides(vectors.Decision{Agent: "patcher", Route: "pulls"}))
	other := linkedDeed(deed{"vuln-patching", []string{"supervisor", "planner"}, []string{"analyze", "plan"}, "repo:read"}).to("GET", "/repos/acme/app").claiming("/jti", b.name())
	b.reject("required-missing-two", "A chain of two agents needs its link.", b.accept("required-two", "A chain of two agents with its link is accepted.", other), missing, none, kills("links-optional"), threats("T11"))
	alone := deed{"triage", []string{"supervisor"}, []string{"sort"}, "repo:read"}
	b.accept("required-alone", "An agent that acts on its own has no links to show.", linkedDeed(alone).with(none).to("GET", "/repos/acme/app").claiming("/jti", b.name()),
		decides(vectors.Decision{Level: "ajwt+pop", Agent: "supervisor"}), kills("links-for-one-agent"))
	b.accept("required-jwt-route", "Links that one route asks for are not asked for on another.", b.hops().with(none).to("GET", "/status"), decides(vectors.Decision{Level: "ajwt+pop"}))
	b.accept("optional-missing", "A route that does not ask for links accepts a token without them.", optional.with(none), decides(vectors.Decision{Level: "ajwt+pop"}))
	t := b.accept("optional", "A route that does not ask for links accepts a token that has them.", optional, linksLevel())
	b.reject("optional-broken", "Links that are there must hold, whether they are asked for or not.", t, signature, link(0, part(2, flippedLast)), kills("links-unchecked", "link-signature-unverified"), threats("T11"))
	b.reject("optional-foreign", "Links that are there must be links.", t, "delegation_link_compact_invalid", otherLinks("a.b"), kills("links-unchecked"))
	draft := b.accept("draft-required", "draft-00 knows routes that ask for links.", b.hopsDraft().under(policyDoc(worldRoutes("optional", "required"), worldIssuer("draft-00", ""))), decides(vectors.Decision{Level: "ajwt+links"}))
	b.reject("draft-required-missing", "And refuses there what has none.", draft, missing, none, kills("links-optional"))
	// on routes of lower levels
	for _, route := range [][2]string{{"jwt", "/status"}, {"agent", "/agents/patcher"}} {
		low := b.accept(route[0]+"-route", "A route of level "+route[0]+" accepts links that hold.", b.hops().to("GET", route[1]), linksLevel())
		b.reject(route[0]+"-route-broken", "On a route of level "+route[0]+" links that do not hold are refused while a bundle is in force.", low, signature, link(1, part(2, flippedLast)), kills("links-unchecked"), level("PROFILE"), threats("T11"))
		b.reject(route[0]+"-route-audience", "So are links for another server.", low, "delegation_link_audience_mismatch", set("link", "/0/payload/aud", quote(otherID)), kills("link-audience-ignored", "links-unchecked"), level("PROFILE"))
	}
	jwt := b.hops().to("GET", "/status").with(drop("bundle", ""))
	b.accept("no-bundle", "Without a bundle nobody knows whose the root's key is: links are not looked at and do not count.", jwt, decides(vectors.Decision{Level: "jwt+pop"}))
	b.accept("no-bundle-broken", "Whatever they say.", jwt.with(link(0, part(2, flippedLast))), decides(vectors.Decision{Level: "jwt+pop"}), level("PROFILE"))
	b.accept("no-bundle-foreign", "And whether or not they are links.", jwt.with(otherLinks("link")), decides(vectors.Decision{Level: "jwt+pop"}), level("PROFILE"))
	expired := b.hops().to("GET", "/status").with(set("loaded", "", fmt.Sprint(now-60)), set("bundle", "/exp", fmt.Sprint(now)))
	b.accept("bundle-expired", "An expired bundle is as good as none.", expired.with(set("link", "/0/payload/aud", quote(otherID))), decides(vectors.Decision{Level: "jwt+pop"}), level("PROFILE"))
	// the array
	b.refs = []string{refLinks, "profile, section 5.3"}
	array := func(slug, title, text string, faults ...string) row {
		return row{slug, title, "claim_intent_links_invalid", set("payload", linksAt, text), []option{kills(faults...), status(401)}}
	}
	pair := required.scene.linked()
	b.rejects(required, []row{
		array("array-empty", "An empty array of links is no absent one.", "[]", "links-empty-accepted"),
		array("array-null", "Nor are links of null.", "null"),
		array("array-string", "Links that are one string are refused.", quote(pair[0])),
		array("array-joined", "Links that are joined in one string are refused.", quote(strings.Join(pair, "~"))),
		array("array-object", "Links that are an object are refused.", `{"0":`+quote(pair[0])+`,"1":`+quote(pair[1])+`}`),
		array("array-with-null", "A link that is null is refused.", `[`+quote(pair[0])+`,`+quote(pair[1])+`,null]`),
		array("array-with-empty", "A link that is empty is refused.", quoteAll(append(pair[:2:2], ""))),
		array("array-nested", "Links in an array of their own are refused.", "["+quoteAll(pair)+"]"),
	})
	b.reject("array-empty-optional", "Where links are optional an empty array is refused too.", t, "claim_intent_links_invalid", set("payload", linksAt, "[]"), kills("links-empty-accepted"))
	b.accept("other-name", "Delegation_Links is an unknown member.", optional.with(none, set("payload", "/intent/Delegation_Links", `"x"`)), decides(vectors.Decision{Level: "ajwt+pop"}))
}

// unenforced says that the rejection is only observed.
func unenforced() option {
	return func(c *vectors.Case) { no := false; c.Expect.Enforced = &no }
}

// observingLinks makes the first route of a policy observe the stage delegation until a time.
func observingLinks(until int64) edit {
	return set("policy", "/routes/0/observe", fmt.Sprintf(`{"until":%d,"stages":["delegation"]}`, until))
}

// delegationObserved: a route that observes the stage records what is wrong with chain
// and links. Revocation is never merely observed.
func delegationObserved(b *builder) {
	b.refs = []string{"profile, section 12", refDelegation}
	t := b.accept("in-order", "A route that observes the stage delegation accepts what is in order.", b.hops().with(observingLinks(now+3600)), linksLevel())
	agentPoP := decides(vectors.Decision{Level: "agent+pop", Route: "pulls"})
	seen := func(slug, title, code string, e edit, more ...option) {
		b.reject(slug, title, t, code, e, append(more, unenforced(), agentPoP)...)
	}
	seen("signature", "A link whose signature does not hold is recorded; the level is what was established before.", "delegation_link_signature_invalid", link(0, part(2, flippedLast)), kills("link-signature-unverified"))
	seen("missing", "Missing links are recorded.", "delegation_links_missing", drop("payload", linksAt), kills("links-optional"))
	seen("compact", "What is no link is recorded.", "delegation_link_compact_invalid", otherLinks("link"), kills("link-header-unchecked"))
	seen("key-unlisted", "A root of an unlisted key is recorded.", "delegation_link_key_unlisted", set("bundle", supervisorAt+"/keys", "[]"), kills("link-key-unlisted-taken"))
	seen("scope", "A widened scope is recorded.", "delegation_link_scope_widened", set("link", "/0/payload/scope", `"repo:read"`), kills("link-scope-may-grow"))
	seen("expired", "An expired link is recorded.", "delegation_link_expired", set("link", "/1/payload/exp", fmt.Sprint(now)), kills("link-expired-taken"))
	seen("key", "A last link to another key is recorded.", "delegation_link_key_mismatch", set("link", "/1/payload/cnf/jkt", quote(testKey("agent-p256-b").thumbprint())), kills("link-key-ignored"))
	bare := b.accept("chain-in-order", "So does it accept a chain without links where none are asked for.", lawful().claiming("/jti", b.name()).with(observingLinks(now+3600)), decides(vectors.Decision{Level: "ajwt"}))
	b.reject("chain-unknown", "An unknown chain is recorded.", bare, "delegation_chain_unknown", set("payload", "/intent/delegation_chain", quote(shortHash("supervisor", "patcher"))),
		unenforced(), decides(vectors.Decision{Level: "agent"}), kills("chain-unchecked"))
	// never observed
	b.reject("array-empty", "The form of the intent is not observed.", t, "claim_intent_links_invalid", set("payload", linksAt, "[]"), refs("profile, section 12", "profile, section 5.3"))
	revoked := func(slug, title string, t twin, code string, e edit, more ...option) {
		b.reject(slug, title, t, code, e, append(more, kills("revocation-observed"), decides(vectors.Decision{Route: "pulls"}), refs("profile, section 12", refList))...)
	}
	revoked("status", "A delegator that the bundle revokes is refused all the same.", t, "delegation_link_agent_revoked", set("bundle", plannerAt+"/status", `"revoked"`))
	revoked("chain-status", "So is one of a chain without links.", bare, "delegation_chain_revoked", set("bundle", plannerAt+"/status", `"revoked"`))
	listed := b.hopsListed().with(observingLinks(now + 3600))
	list := b.accept("list-in-order", "The same with a revocation list in force.", listed, linksLevel())
	revoked("list-agent", "A delegator that the list names is refused.", list, "delegation_link_agent_revoked", set("list", "/agents/-", `"planner"`))
	revoked("list-jti", "A link that the list names is refused.", list, "delegation_link_revoked", set("list", "/tokens/-", `"link-1"`))
	revoked("list-key", "A link by a key that the list names is refused.", list, "delegation_link_key_revoked", set("list", "/keys/-", quote(testKey("supervisor-p256-a").thumbprint())))
	// until
	last := b.accept("last-second", "In the last second before until the route still observes.", b.hops().with(observingLinks(now+1)))
	b.reject("last-second-recorded", "And records.", last, "delegation_link_signature_invalid", link(1, part(2, flippedLast)), unenforced())
	over := b.accept("over", "At until the route enforces: what is in order is accepted.", b.hops().with(observingLinks(now)), linksLevel())
	b.reject("over-enforced", "And what is not is refused.", over, "delegation_link_signature_invalid", link(1, part(2, flippedLast)), kills("link-signature-unverified"))
}

// hopsListed is hops under a policy that requires a revocation list, which names nobody.
func (b *builder) hopsListed() scene {
	s := b.hops()
	s.policy, s.lists = "world-linked-list.json", map[string]string{issuerID: "nothing.jws"}
	return s
}
