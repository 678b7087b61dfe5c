package main

import (
	"fmt"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// The cases of requests under a signed workflow bundle: the agent's registration,
// checksum, shim and keys, and what is in force when.

var bundleTopics = []topic{
	{"bundle", "request", bundleRequest},
	{"bundle", "registration", bundleRegistration},
	{"bundle", "shim", bundleShim},
	{"bundle", "pins", bundlePins},
	{"bundle", "status", bundleStatus},
	{"bundle", "in-force", bundleInForce},
	{"bundle", "jose", bundleJOSE},
	{"bundle", "members", bundleMembers},
	{"bundle", "values", bundleValues},
	{"bundle", "graphs", bundleGraphs},
	{"bundle", "versions", bundleVersions},
}

const (
	refBundle = "profile, section 16.1"
	refList   = "profile, section 16.2"
)

func version(n int64) *int64 { return &n }

// patcherAt is the patcher's place in the bundles of the world.
const patcherAt = "/agents/3"

// watching adds observe to a route of a policy of the world, until an hour from now.
func watching(route int, stages ...string) edit {
	return set("policy", fmt.Sprintf("/routes/%d/observe", route), fmt.Sprintf(`{"until":%d,"stages":%s}`, now+3600, quoteAll(stages)))
}

// noted says that the rejection is only observed.
func noted() option { return func(c *vectors.Case) { c.Expect.Enforced = new(bool) } }

// asAgent is lawful on a route of level agent, without an intent.
func asAgent() scene { return lawful().to("GET", "/agents/patcher").with(drop("payload", "/intent")) }

// asJWT is lawful on a route of level jwt.
func asJWT() scene { return lawful().to("GET", "/status") }

func (b *builder) lawful() twin { return b.twin("bundle.request.lawful") }

// bundleRequest: the accepted requests of the world, and the level that they reach.
func bundleRequest(b *builder) {
	b.refs = []string{refBundle, "profile, section 12"}
	t := b.accept("lawful", "A bearer token of draft-00 whose agent, chain and step the bundle knows.", lawful(),
		decides(vectors.Decision{Level: "ajwt", Issuer: issuerID, Agent: "patcher", Workflow: "vuln-patching", Step: "patch", Route: "pulls", Bundle: version(7)}))
	b.accept("lawful-hardened", "A token of hardened with long hashes and a proof by a key that the bundle lists.", lawfulHardened(),
		decides(vectors.Decision{Level: "ajwt+pop", Agent: "patcher", Bundle: version(7)}))
	b.accept("linked", "The same with a link for each hop, on a route that asks for links.", linked(),
		decides(vectors.Decision{Level: "ajwt+pop+links"}))
	b.accept("long-hashes", "Every profile takes the long hashes.", lawful().minted(patch, longHash), decides(vectors.Decision{Level: "ajwt"}))
	agent := b.accept("agent", "At level agent the intent may be absent.", asAgent(), decides(vectors.Decision{Level: "agent", Route: "agents", Bundle: version(7)}))
	b.accept("more-than-asked", "What is present beyond the route's level counts for the level that is reached.", asJWT(), decides(vectors.Decision{Level: "ajwt", Route: "any"}))
	plain := b.accept("ordinary-token", "An ordinary token passes on a route of level jwt beside the bundle.", asJWT().with(drop("payload", "/intent"), drop("payload", "/agent_proof")),
		decides(vectors.Decision{Level: "jwt", Bundle: version(7)}))
	b.near("unknown-agent-jwt", "An agent that the bundle does not list passes on a route of level jwt as long as it claims nothing.", plain, set("payload", "/sub", `"intruder"`),
		decides(vectors.Decision{Level: "jwt", Agent: "intruder"}))
	b.reject("proof-missing", "Above level jwt a token needs agent_proof.", t, "agent_proof_missing", drop("payload", "/agent_proof"), status(401), refs("D00, section 4.4.2"), kills("agent-proof-optional"))
	b.reject("proof-missing-agent", "At level agent too.", agent, "agent_proof_missing", drop("payload", "/agent_proof"), kills("agent-proof-optional"))
	b.reject("unknown-agent", "An agent that the bundle does not list is refused at level agent.", agent, "agent_unknown", set("payload", "/sub", `"intruder"`), status(401), threats("T1"), kills("agent-unknown-passes"))
	b.reject("agent-case", "Ids of agents count byte for byte.", agent, "agent_unknown", set("payload", "/sub", `"Patcher"`), threats("T1"), kills("agent-unknown-passes"))
	b.reject("claiming-agent-jwt", "An agent_proof of an unknown agent is refused on a route of level jwt.", b.near("claiming-agent", "An agent_proof that holds adds to level jwt.", plain, set("payload", "/agent_proof", fmt.Sprintf(`{"agent_checksum":%q,"registration_id":%q}`, checksumOf("patcher"), registrationOf("patcher"))),
		decides(vectors.Decision{Level: "agent"})), "agent_unknown", set("payload", "/sub", `"intruder"`), threats("T1"), kills("agent-unknown-passes", "checkable-not-enforced"))
	watched := b.accept("observed-route", "A route that observes the stage agent accepts what is in order.", lawful().with(watching(0, "agent")), decides(vectors.Decision{Level: "ajwt"}))
	b.reject("observed-checksum", "Where the stage agent is observed, a wrong checksum is recorded.", watched, "agent_checksum_mismatch",
		set("payload", "/agent_proof/agent_checksum", quote(checksumOf("planner"))), noted(), decides(vectors.Decision{Level: "jwt"}))
	short := b.accept("jwt-route-checksum-right", "On a route of level jwt the right checksum raises the level.", asJWT().to("GET", "/status/2"), decides(vectors.Decision{Level: "ajwt"}))
	b.reject("jwt-route-checksum", "On a route of level jwt a wrong checksum is refused all the same.", short, "agent_checksum_mismatch",
		set("payload", "/agent_proof/agent_checksum", quote(checksumOf("planner"))), threats("T4"), kills("checkable-not-enforced"), level("PROFILE"))
}

// bundleRegistration: the registration that the token names, its checksum and its window.
func bundleRegistration(b *builder) {
	b.refs = []string{refBundle, "D00, section 4.3.2"}
	t := b.lawful()
	checksum, id := "/agent_proof/agent_checksum", "/agent_proof/registration_id"
	b.reject("unknown", "A registration that the bundle does not list is refused.", t, "agent_registration_unknown", set("payload", id, `"reg_patcher_9"`), status(401), threats("T1"), kills("registration-unknown-passes"))
	b.reject("case", "Ids of registrations count byte for byte.", t, "agent_registration_unknown", set("payload", id, `"REG_patcher_1"`), kills("registration-unknown-passes"))
	b.reject("of-another-agent", "A registration of another agent is none of this one.", t, "agent_registration_unknown", set("payload", id, quote(registrationOf("planner"))), threats("T1", "T7"), kills("registration-unknown-passes"))
	b.reject("none-listed", "An agent without registrations has no lawful token.", t, "agent_registration_unknown", set("bundle", patcherAt+"/registrations", "[]"), kills("registration-unknown-passes"))
	b.reject("withdrawn", "A registration that the next bundle no longer has is refused.", t, "agent_registration_unknown",
		set("bundle", patcherAt+"/registrations/0/registration_id", `"reg_patcher_2"`), kills("registration-unknown-passes"))
	b.reject("checksum-other-agent", "The checksum of another agent is refused.", t, "agent_checksum_mismatch", set("payload", checksum, quote(checksumOf("planner"))), status(401), threats("T1", "T4", "T5"), kills("checksum-unchecked"))
	last := checksumOf("patcher")
	digit := "0"
	if strings.HasSuffix(last, "0") {
		digit = "1"
	}
	b.reject("checksum-last-digit", "A checksum that differs in its last digit is refused.", t, "agent_checksum_mismatch", set("payload", checksum, quote(last[:len(last)-1]+digit)), threats("T4"), kills("checksum-unchecked"))
	b.reject("checksum-registered-anew", "Once another build is registered under the id, the old build's checksum is refused.", t, "agent_checksum_mismatch",
		set("bundle", patcherAt+"/registrations/0/checksum", quote(hashed("patcher, build 2"))), threats("T4"), kills("checksum-unchecked"))
	// two builds overlap during a roll-out
	second := fmt.Sprintf(`{"registration_id":"reg_patcher_2","checksum":%q}`, hashed("patcher, build 2"))
	roll := b.near("two-builds-first", "While two builds overlap, the first is accepted.", t, set("bundle", patcherAt+"/registrations/-", second))
	next := b.near("two-builds-second", "And so is the second, with its own checksum.", roll, set("payload", "/agent_proof", fmt.Sprintf(`{"agent_checksum":%q,"registration_id":"reg_patcher_2"}`, hashed("patcher, build 2"))), kills("registration-first-only"))
	b.reject("two-builds-mixed", "The checksum of the first build under the id of the second is refused.", next, "agent_checksum_mismatch", set("payload", checksum, quote(checksumOf("patcher"))), kills("checksum-of-any-registration"))
	// windows: no skew, not_after exclusive
	window := func(members string) edit {
		return set("bundle", patcherAt+"/registrations/0", fmt.Sprintf(`{"registration_id":%q,"checksum":%q,%s}`, registrationOf("patcher"), checksumOf("patcher"), members))
	}
	at := patcherAt + "/registrations/0/"
	w := b.near("window-bounds", "A registration counts from not_before on.", t, window(fmt.Sprintf(`"not_before":%d,"not_after":%d`, now, now+60)))
	b.reject("window-early", "A second before not_before is early; the skew does not count.", w, "agent_registration_early", set("bundle", at+"not_before", fmt.Sprint(now + 1)[:10]), status(401),
		kills("registration-early-passes", "registration-skewed"), refs(refBundle))
	from := b.near("not-before-alone", "A registration without not_after has no end.", t, window(fmt.Sprintf(`"not_before":%d`, now-1000)))
	b.reject("not-before-far", "A registration whose time is years away is early.", from, "agent_registration_early", set("bundle", at+"not_before", "1900000000"), kills("registration-early-passes"))
	until := b.near("not-after-alone", "A registration without not_before has no beginning.", t, window(fmt.Sprintf(`"not_after":%d`, now+1)))
	b.reject("window-over", "At not_after it has ended; the skew does not count.", until, "agent_registration_expired", set("bundle", at+"not_after", fmt.Sprint(now)), status(401),
		kills("registration-expired-passes", "registration-end-inclusive", "registration-skewed"), refs(refBundle))
	b.reject("window-long-over", "A registration of last year has ended.", until, "agent_registration_expired", set("bundle", at+"not_after", "1"), kills("registration-expired-passes"))
	b.reject("window-over-by-now", "A second later it has ended too.", until, "agent_registration_expired", set("now", "", fmt.Sprint(now+1)), kills("registration-expired-passes", "registration-end-inclusive"))
	b.near("not-after-most", "A registration may end at the largest time that JSON keeps.", t, window(`"not_before":0,"not_after":9007199254740991`))
}

// bundleShim: the checksum of the client shim.
func bundleShim(b *builder) {
	b.refs = []string{refBundle, "profile, section 5.4"}
	t := b.twin("bundle.request.lawful-hardened")
	at := "/agent_proof/shim_checksum"
	b.reject("missing", "Where the bundle lists shims the token needs one.", t, "agent_shim_missing", drop("payload", at), status(401), threats("T3"), kills("shim-optional"))
	b.reject("unknown", "A shim that the bundle does not list is refused.", t, "agent_shim_unknown", set("payload", at, quote(hashed("another shim"))), status(401), threats("T3"), kills("shim-unchecked"))
	b.reject("of-another-agent", "The shim of another agent is refused.", t, "agent_shim_unknown", set("payload", at, quote(shimOf("planner"))), threats("T3"), kills("shim-unchecked"))
	b.reject("none-listed", "An empty list of shims admits none.", t, "agent_shim_unknown", set("bundle", patcherAt+"/shim_checksums", "[]"), threats("T3"), kills("shim-unchecked"))
	b.reject("withdrawn", "A shim that the next bundle no longer has is refused.", t, "agent_shim_unknown", set("bundle", patcherAt+"/shim_checksums/0", quote(hashed("shim 2"))), threats("T3"), kills("shim-unchecked"))
	b.near("second", "Any of several shims will do.", t, set("bundle", patcherAt+"/shim_checksums", quoteAll([]string{hashed("shim 0"), shimOf("patcher"), hashed("shim 2")})))
	b.near("not-listed", "Where the bundle lists no shims the token needs none.", t.with(drop("payload", at)), drop("bundle", patcherAt+"/shim_checksums"))
	b.near("unasked", "A shim that nobody asked for does no harm.", t, drop("bundle", patcherAt+"/shim_checksums"))
	b.near("bearer-unasked", "Nor does it with a bearer token of draft-00.", b.lawful(), set("payload", at, quote(hashed("another shim"))))
}

// bundlePins: the keys that the bundle lists for an agent.
func bundlePins(b *builder) {
	b.refs = []string{refBundle}
	t := b.twin("bundle.request.lawful-hardened")
	other, own := testKey("agent-p256-b"), testKey("agent-p256-a")
	keys := patcherAt + "/keys"
	b.reject("unlisted", "A key that the bundle does not list for the agent is refused.", t, "agent_key_unpinned", set("bundle", keys, "["+other.jwk()+"]"), status(401), threats("T1"), kills("key-unpinned-passes"))
	b.reject("none-listed", "An empty list of keys admits none.", t, "agent_key_unpinned", set("bundle", keys, "[]"), threats("T1"), kills("key-unpinned-passes", "key-pins-empty-ignored"))
	b.reject("of-another-agent", "A key that is listed for another agent is refused.", t, "agent_key_unpinned",
		set("bundle", "/agents", `[`+strings.Join([]string{
			agentText("supervisor", ""), agentText("planner", `,"keys":[`+own.jwk()+`]`), agentText("classifier", ""), agentText("patcher", `,"keys":[`+other.jwk()+`],"shim_checksums":[`+quote(shimOf("patcher"))+`]`)}, ",")+`]`),
		threats("T1", "T7"), kills("key-unpinned-passes", "key-pins-of-any-agent"))
	b.near("second", "Any of several keys will do.", t, set("bundle", keys, "["+other.jwk()+","+own.jwk()+"]"))
	b.near("not-listed", "Without a list of keys none is pinned.", t, drop("bundle", keys))
	b.near("with-kid", "A listed key may have a kid and a use.", t, set("bundle", keys, "["+own.entry("k", "ES256")+"]"))
	b.near("embedded", "The token may bind the key by jwk.", t, set("payload", "/cnf", `{"jwk":`+own.jwk()+`}`))
	bearer := b.lawful()
	b.reject("unbound", "A token that binds no key is refused where keys are listed.", bearer, "agent_key_unbound", set("bundle", keys, "["+own.jwk()+"]"), status(401), threats("T1", "T2"), kills("key-unbound-passes"))
	b.reject("unbound-none-listed", "And where an empty list of keys is.", bearer, "agent_key_unbound", set("bundle", keys, "[]"), kills("key-unbound-passes", "key-pins-empty-ignored"))
	bound := b.near("bound-bearer", "A token of draft-00 that binds a listed key passes as a bearer token where the route takes one.", bearer.with(set("payload", "/cnf", `{"jkt":`+quote(own.thumbprint())+`}`)),
		set("bundle", keys, "["+own.jwk()+"]"), decides(vectors.Decision{Level: "ajwt"}))
	b.reject("bound-bearer-unlisted", "And not where it binds another key.", bound, "agent_key_unpinned", set("payload", "/cnf/jkt", quote(other.thumbprint())), threats("T1"), kills("key-unpinned-passes"))
	plain := b.accept("ordinary-bound", "An ordinary token of an agent with listed keys passes if it binds one of them.", asJWT().with(drop("payload", "/intent"), drop("payload", "/agent_proof"),
		set("payload", "/cnf", `{"jkt":`+quote(own.thumbprint())+`}`), set("bundle", keys, "["+own.jwk()+"]")), decides(vectors.Decision{Level: "jwt"}))
	b.reject("ordinary-unbound", "Pins hold for every token of the agent, with agent_proof or without.", plain, "agent_key_unbound", drop("payload", "/cnf"), kills("pins-need-agent-proof", "key-unbound-passes"), level("PROFILE"))
	b.reject("ordinary-unlisted", "On a route of level jwt an unlisted key is refused too.", plain, "agent_key_unpinned", set("payload", "/cnf/jkt", quote(other.thumbprint())), kills("pins-need-agent-proof", "checkable-not-enforced"), level("PROFILE"))
}

// with returns a twin after edits that no case records, for making another one.
func (t twin) with(edits ...edit) twin {
	t.scene = t.scene.with(edits...)
	return t
}

// bundleStatus: agents that the bundle revokes.
func bundleStatus(b *builder) {
	b.refs = []string{refBundle}
	revoked := func(agent int) edit { return set("bundle", fmt.Sprintf("/agents/%d/status", agent), `"revoked"`) }
	b.reject("revoked", "An agent that the bundle revokes is refused.", b.lawful(), "agent_status_revoked", revoked(3), status(401), threats("T1"), kills("status-revoked-passes"))
	b.reject("revoked-hardened", "With a proof too.", b.twin("bundle.request.lawful-hardened"), "agent_status_revoked", revoked(3), threats("T1"), kills("status-revoked-passes"))
	b.reject("revoked-agent-level", "On a route of level agent.", b.twin("bundle.request.agent"), "agent_status_revoked", revoked(3), kills("status-revoked-passes"))
	b.reject("revoked-jwt", "On a route of level jwt, for an ordinary token.", b.twin("bundle.request.ordinary-token"), "agent_status_revoked", revoked(3), kills("status-revoked-passes", "checkable-not-enforced"))
	b.reject("revoked-observed", "Where the stage agent is observed, revocation is not.", b.twin("bundle.request.observed-route"), "agent_status_revoked", revoked(3), kills("revocation-observed"), decides(vectors.Decision{Route: "pulls"}))
	b.near("another-revoked", "The revocation of an agent that has no part in the chain changes nothing.", b.lawful(), revoked(2))
	b.reject("delegator-revoked", "A chain through a revoked agent is refused.", b.lawful(), "delegation_chain_revoked", revoked(1), status(403), threats("T11"), kills("chain-revoked-passes"))
	b.reject("originator-revoked", "So is one that begins with a revoked agent.", b.lawful(), "delegation_chain_revoked", revoked(0), status(403), threats("T10"), kills("chain-revoked-passes"))
}
