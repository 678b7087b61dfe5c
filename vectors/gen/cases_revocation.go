package main

import (
	"fmt"

	"github.com/agentic-jwt/ajwt/vectors"
)

// The cases of signed revocation lists: what they refuse, and what is refused without one.

var revocationTopics = []topic{
	{"revocation", "request", revocationRequest},
	{"revocation", "chain", revocationChain},
	{"revocation", "in-force", revocationInForce},
	{"revocation", "jose", revocationJOSE},
	{"revocation", "members", revocationMembers},
	{"revocation", "versions", revocationVersions},
}

// listed is a scene under a policy of the world that requires a list, with a list that
// names nothing.
func listed(s scene, policy string) scene {
	s.policy, s.lists = policy, map[string]string{issuerID: "nothing.jws"}
	return s
}

// naming adds an entry to the list.
func naming(member, entry string) edit { return set("list", "/"+member+"/-", quote(entry)) }

// revocationRequest: the token's own agent, registration, jti and key.
func revocationRequest(b *builder) {
	b.refs = []string{refList}
	t := b.accept("nothing-revoked", "A list that names nothing refuses nothing.", listed(lawful(), "world-list.json"), decides(vectors.Decision{Level: "ajwt", Bundle: version(7)}))
	others := t.scene
	others.lists = map[string]string{issuerID: "others.jws"}
	b.accept("others-revoked", "A list that names others refuses them alone.", others)
	b.near("agent-case", "Entries count byte for byte.", t, naming("agents", "Patcher"))
	b.near("agent-in-tokens", "An agent's id among the tokens is a jti.", t, naming("tokens", "patcher"))
	b.near("registration-of-another", "The registration of another agent does not count.", t, naming("registrations", registrationOf("planner")))
	b.near("issuer-of-a-token", "A jti that begins like the token's is another.", t, naming("tokens", "token-10"))
	agent := []option{status(401), kills("list-agent-passes"), threats("T1")}
	b.reject("agent", "An agent that the list names is refused.", t, "agent_id_revoked", naming("agents", "patcher"), agent...)
	b.reject("registration", "A registration that the list names is refused.", t, "agent_registration_revoked", naming("registrations", registrationOf("patcher")), status(401), kills("list-registration-passes"), threats("T4"))
	b.reject("token", "A token whose jti the list names is refused.", t, "agent_token_revoked", naming("tokens", "token-1"), status(401), kills("list-token-passes"), threats("T2"))
	b.reject("last-of-many", "The last of many entries counts.", t, "agent_token_revoked", set("list", "/tokens", `["a","b","c","d","e","f","g","h","token-1"]`), kills("list-token-passes"))
	own := testKey("agent-p256-a")
	bound := b.near("key-bound", "A bearer token that binds a key.", t, set("payload", "/cnf", `{"jkt":`+quote(own.thumbprint())+`}`))
	b.reject("key", "A token that binds a key that the list names is refused.", bound, "agent_key_revoked", naming("keys", own.thumbprint()), status(401), kills("list-key-passes"), threats("T1"))
	embedded := b.near("key-embedded-bound", "A token that binds its key by jwk.", t, set("payload", "/cnf", `{"jwk":`+own.jwk()+`}`))
	b.reject("key-embedded", "However it is bound.", embedded, "agent_key_revoked", naming("keys", own.thumbprint()), kills("list-key-passes"), threats("T1"))
	b.near("key-of-another", "The key of another agent does not count.", bound, naming("keys", testKey("agent-p256-b").thumbprint()))
	b.near("key-unbound", "Nor does a key that the token does not bind.", t, naming("keys", own.thumbprint()))
	proof := b.accept("hardened", "A token with a proof and links beside a list.", listed(linked(), "world-linked-list.json"), decides(vectors.Decision{Level: "ajwt+pop+links"}))
	b.reject("hardened-key", "In hardened the key of the proof is the token's.", proof, "agent_key_revoked", naming("keys", own.thumbprint()), kills("list-key-passes"), threats("T1"))
	b.reject("hardened-token", "And a jti counts as in every profile.", proof, "agent_token_revoked", naming("tokens", "token-1"), kills("list-token-passes"), threats("T2"))
	// every level, observed or not
	plain := b.accept("ordinary-token", "An ordinary token on a route of level jwt beside a list.", listed(asJWT(), "world-list.json").with(drop("payload", "/intent"), drop("payload", "/agent_proof")), decides(vectors.Decision{Level: "jwt"}))
	b.reject("ordinary-agent", "Revocation holds on routes of level jwt.", plain, "agent_id_revoked", naming("agents", "patcher"), agent...)
	b.reject("ordinary-token-revoked", "For the token too.", plain, "agent_token_revoked", naming("tokens", "token-1"), kills("list-token-passes"))
	alone := b.near("without-bundle", "A list counts without a bundle.", plain, drop("bundle", ""))
	b.reject("without-bundle-agent", "An agent that it names is refused then too.", alone, "agent_id_revoked", naming("agents", "patcher"), agent...)
	b.reject("level-agent", "At level agent.", b.accept("agent-route", "A route of level agent beside a list.", listed(asAgent(), "world-list.json"), decides(vectors.Decision{Level: "agent"})), "agent_id_revoked", naming("agents", "patcher"), agent...)
	watched := b.near("observed-route", "A route that observes the stages agent and delegation.", t, watching(0, "agent", "delegation"))
	b.reject("agent-observed", "Where the stage is observed, revocation is not.", watched, "agent_id_revoked", naming("agents", "patcher"), kills("revocation-observed"))
	b.reject("token-observed", "Nor is that of a token.", watched, "agent_token_revoked", naming("tokens", "token-1"), kills("revocation-observed"))
	b.reject("chain-observed", "Nor that of an agent of the chain.", watched, "delegation_chain_revoked", naming("agents", "planner"), kills("revocation-observed"))
}

// revocationChain: agents of the chain, and what the links hold.
func revocationChain(b *builder) {
	b.refs = []string{refList, "profile, section 16.3"}
	t, l := b.twin("revocation.request.nothing-revoked"), b.twin("revocation.request.hardened")
	b.reject("originator", "A chain that begins with a revoked agent is refused.", t, "delegation_chain_revoked", naming("agents", "supervisor"), status(403), threats("T10", "T11"), kills("chain-revoked-passes"))
	b.reject("delegator", "A chain through a revoked agent is refused.", t, "delegation_chain_revoked", naming("agents", "planner"), status(403), threats("T11"), kills("chain-revoked-passes"))
	b.near("no-part", "An agent that has no part in the chain may be revoked.", t, naming("agents", "classifier"))
	b.near("registration-of-delegator", "The registration of a delegator is not the token's, on a chain with links too.", l, naming("registrations", registrationOf("planner")))
	jwt := b.accept("jwt-route", "A chain on a route of level jwt beside a list.", listed(asJWT(), "world-list.json"), decides(vectors.Decision{Level: "ajwt"}))
	b.reject("jwt-route-delegator", "A revoked chain is refused there too.", jwt, "delegation_chain_revoked", naming("agents", "planner"), kills("chain-revoked-passes"))
	b.reject("link-root", "The jti of the root link is refused.", l, "delegation_link_revoked", naming("tokens", "link-1"), status(403), threats("T11"), kills("link-revoked-passes"))
	b.reject("link-last", "So is that of the last link.", l, "delegation_link_revoked", naming("tokens", "link-2"), threats("T11"), kills("link-revoked-passes"))
	b.reject("link-originator", "Links of a revoked originator are refused.", l, "delegation_link_agent_revoked", naming("agents", "supervisor"), status(403), threats("T10"), kills("link-agent-revoked-passes"))
	b.reject("link-delegate", "So are links through a revoked delegate.", l, "delegation_link_agent_revoked", naming("agents", "planner"), threats("T11"), kills("link-agent-revoked-passes"))
	b.reject("link-agent-of-bundle", "The bundle may revoke him as well.", l, "delegation_link_agent_revoked", set("bundle", "/agents/1/status", `"revoked"`), threats("T11"), kills("link-agent-revoked-passes"))
	b.reject("link-root-key", "A key that signed the root link is refused.", l, "delegation_link_key_revoked", naming("keys", testKey(agentKeys["supervisor"]).thumbprint()), status(403), threats("T11"), kills("link-key-revoked-passes"))
	b.reject("link-delegate-key", "So is a key to which a link delegates.", l, "delegation_link_key_revoked", naming("keys", testKey(agentKeys["planner"]).thumbprint()), threats("T11"), kills("link-key-revoked-passes"))
	b.near("link-of-another", "The jti of another link does not count.", l, naming("tokens", "link-3"))
	b.near("key-of-classifier", "The key of an agent that has no part in the links does not count.", l, naming("keys", testKey(agentKeys["classifier"]).thumbprint()))
}

// revocationInForce: none loaded, stale, replaced between two requests.
func revocationInForce(b *builder) {
	b.refs = []string{refList}
	t := b.twin("revocation.request.nothing-revoked")
	plain := b.twin("revocation.request.ordinary-token")
	none := drop("list", "")
	b.reject("none", "Where the policy requires a list and none is loaded, requests fail closed.", t, "agent_revocations_missing", none, status(503), kills("list-missing-passes"))
	b.reject("none-jwt", "On routes of level jwt too.", plain, "agent_revocations_missing", none, status(503), kills("list-missing-passes"))
	b.reject("none-observed", "Where the stage agent is observed, a missing list is not.", b.twin("revocation.request.observed-route"), "agent_revocations_missing", none, status(503))
	optional := set("policy", "/issuers/0/revocation/required", "false")
	b.accept("none-optional", "Where it does not, the decision carries a warning.", t.scene.with(none, optional), decides(vectors.Decision{Level: "ajwt", Warnings: []string{"agent_revocations_missing"}}), kills("list-always-required", "list-warning-lost"))
	b.accept("none-optional-absent", "required is false where it is absent.", t.scene.with(none, drop("policy", "/issuers/0/revocation/required")), decides(vectors.Decision{Warnings: []string{"agent_revocations_missing"}}), kills("list-always-required"))
	// next_update and grace
	early := set("loaded", "", fmt.Sprint(now-500))
	next := func(n int64) edit { return set("list", "/next_update", fmt.Sprint(n)) }
	b.near("next-update-now", "At next_update a list is not stale.", t, next(now))
	last := b.near("grace-last-second", "In the last second of the grace it is not either.", t.with(early), next(now-300), kills("list-grace-ignored"))
	b.reject("stale", "A second later it is, and requests fail closed.", last, "agent_revocations_stale", next(now-301), status(503), kills("list-stale-passes"))
	b.reject("stale-by-now", "So it is when that second passes.", last, "agent_revocations_stale", set("now", "", fmt.Sprint(now+1)), status(503), kills("list-stale-passes"))
	noGrace := b.near("no-grace-now", "Without a grace a list counts up to next_update.", t.with(early, next(now)), drop("policy", "/issuers/0/revocation/grace_seconds"))
	b.reject("no-grace-stale", "And not a second longer; the skew does not count.", noGrace, "agent_revocations_stale", next(now-1), status(503), kills("list-stale-passes"))
	ordinary := b.near("jwt-grace", "The grace on a route of level jwt.", plain.with(early), next(now-300))
	b.reject("jwt-stale", "A stale list fails closed there too.", ordinary, "agent_revocations_stale", next(now-400), status(503), kills("list-stale-passes"))
	stale := b.accept("stale-optional", "A stale list that is not required goes on applying, with a warning.", t.scene.with(early, next(now-301), optional),
		decides(vectors.Decision{Level: "ajwt", Warnings: []string{"agent_revocations_stale"}}), kills("list-always-required", "list-warning-lost"))
	b.reject("stale-optional-agent", "What it revoked stays revoked.", stale, "agent_id_revoked", naming("agents", "patcher"), decides(vectors.Decision{Warnings: []string{"agent_revocations_stale"}}), kills("list-agent-passes"))
	b.reject("stale-optional-chain", "Also in the chain.", stale, "delegation_chain_revoked", naming("agents", "planner"), kills("chain-revoked-passes"))
	// between two requests
	s, id := t.scene, t.id
	six := func(edits ...edit) []edit { return append([]edit{set("list", "/sequence", "6")}, edits...) }
	b.sequence("arrives", "A token is refused from the list on that names it.", s, id,
		[]step{ok(now), {now: now + 1, load: "revocations", edits: six(naming("tokens", "token-1"))}, no(now+2, "agent_token_revoked")}, kills("list-token-passes"))
	b.sequence("arrives-late", "Where a list is required, requests are refused until it arrives.", s.with(none), id,
		[]step{no(now, "agent_revocations_missing"), {now: now + 1, load: "revocations", file: "nothing.jws"}, ok(now + 2)}, kills("list-missing-passes"))
	b.sequence("lifted", "The next list no longer names the agent: its token is accepted again.", s.with(naming("agents", "patcher")), id,
		[]step{no(now, "agent_id_revoked"), {now: now + 1, load: "revocations", edits: six(set("list", "/agents", "[]"))}, ok(now + 2)})
	b.sequence("rollback", "An older list is refused: what is revoked stays revoked.", s, id,
		[]step{ok(now), {now: now + 1, load: "revocations", edits: six(naming("agents", "patcher"))}, {now: now + 2, load: "revocations", file: "nothing.jws", code: "revocations_sequence_old", at: []string{"/sequence"}}, no(now+3, "agent_id_revoked")},
		kills("list-sequence-rollback"))
	b.sequence("same-sequence", "Another list of the same sequence is refused and the one in force stays.", s.with(naming("agents", "patcher")), id,
		[]step{no(now, "agent_id_revoked"), {now: now + 1, load: "revocations", file: "nothing.jws", code: "revocations_sequence_conflict", at: []string{"/sequence"}}, no(now+2, "agent_id_revoked")}, kills("list-sequence-reused"))
	b.sequence("refused-stays", "A list that has a fault is refused and the one in force stays.", s.with(naming("agents", "patcher")), id,
		[]step{no(now, "agent_id_revoked"), {now: now + 1, load: "revocations", edits: six(drop("list", "/keys")), code: "revocations_member_missing", at: []string{"/keys"}}, no(now+2, "agent_id_revoked")})
	b.sequence("chain-arrives", "A chain is refused from the list on that names one of its agents.", s, id,
		[]step{ok(now), {now: now + 1, load: "revocations", edits: six(naming("agents", "planner"))}, no(now+2, "delegation_chain_revoked")}, kills("chain-revoked-passes"))
	b.sequence("bundle-after-list", "A new bundle does not forget what the list revokes.", s.with(naming("agents", "planner")), id,
		[]step{no(now, "delegation_chain_revoked"), {now: now + 1, load: "bundle", edits: []edit{set("bundle", "/version", "8")}}, no(now+2, "delegation_chain_revoked")}, kills("chain-revoked-passes"))
	b.sequence("list-before-bundle", "A list that came before the bundle counts for its chains.", s.with(drop("bundle", ""), naming("agents", "planner")), id,
		[]step{no(now, "agent_bundle_missing"), {now: now + 1, load: "bundle", file: "world.jws"}, no(now+2, "delegation_chain_revoked")}, kills("chain-revoked-passes"))
	b.sequence("goes-stale", "A list goes stale between two requests, and its successor is in force at once.", s.with(next(now)), id,
		[]step{{now: now + 300}, no(now+301, "agent_revocations_stale"), {now: now + 302, load: "revocations", edits: six(next(now + 900))}, {now: now + 303}}, kills("list-stale-passes", "list-grace-ignored"))
}

func revocationJOSE(b *builder) {
	b.refs = []string{refList, "RFC 7515, section 5.2"}
	documentJOSE(b, listKind, listLoad(fullList()), signedBundle(smallBundle()))
}

// fullList names something of every kind.
func fullList() string {
	return listPayload(5, []string{"intruder"}, []string{"reg_intruder_1"}, []string{"token-0", "link-0"}, []string{testKey("agent-p256-b").thumbprint()})
}

func revocationVersions(b *builder) {
	b.refs = []string{refList}
	documentVersions(b, listKind, "sequence", listLoad(fullList()), func(sequence int) jws {
		return signedList(withMember(fullList(), "/sequence", fmt.Sprint(sequence)))
	}, set("list", "/agents/-", `"planner"`))
}

// revocationMembers: the members of a list.
func revocationMembers(b *builder) {
	b.refs = []string{refList}
	t := b.takes("every-kind", "A list that names something of every kind is taken.", listLoad(withMember(fullList(), "/iat", num10(now-601))))
	for _, at := range []string{"/iss", "/iat", "/next_update", "/sequence", "/agents", "/registrations", "/tokens", "/keys"} {
		b.declines("missing-"+slugOf(at), "A list without "+at[1:]+" is refused.", t, "revocations_member_missing", drop("list", at), []string{at}, kills("list-missing-members-taken"))
	}
	b.declines("unknown", "An unknown member may say what nobody here enforces.", t, "revocations_member_unknown", set("list", "/workflows", "[]"), []string{"/workflows"}, kills("list-unknown-members-ignored"), level("PROFILE"))
	b.declines("unknown-case", "A member that differs by case is unknown.", t, "revocations_member_unknown", set("list", "/Agents", "[]"), []string{"/Agents"}, kills("list-unknown-members-ignored"), level("PROFILE"))
	for _, r := range []memberRow{
		{"iss-null", "iss is a string.", "/iss", "null"}, {"iat-string", "iat is a number.", "/iat", `"0"`}, {"next-update-string", "next_update is a number.", "/next_update", `"0"`},
		{"sequence-string", "sequence is a number.", "/sequence", `"5"`}, {"agents-string", "agents is an array.", "/agents", `"intruder"`}, {"registrations-object", "registrations is an array.", "/registrations", "{}"},
		{"tokens-null", "tokens is an array.", "/tokens", "null"}, {"keys-string", "keys is an array.", "/keys", quote(testKey("agent-p256-b").thumbprint())},
		{"agent-number", "An agent's id is a string.", "/agents/0", "1"}, {"token-number", "A jti is a string.", "/tokens/0", "1"}, {"key-jwk", "A key is named by its thumbprint.", "/keys/0", testKey("agent-p256-b").jwk()},
	} {
		b.declines("type-"+r.slug, r.title, t, "revocations_member_type", set("list", r.pointer, r.value), []string{r.pointer})
	}
	thumbprint := testKey("agent-p256-b").thumbprint()
	for _, r := range []memberRow{
		{"iat-fraction", "Times are plain digits.", "/iat", "1767225000.0"}, {"next-update-large", "Times are at most 2^53-1.", "/next_update", "9007199254740992"},
		{"sequence-negative", "The sequence is not negative.", "/sequence", "-1"}, {"sequence-fraction", "The sequence is an integer.", "/sequence", "5.5"},
		{"agent-empty", "An id is not empty.", "/agents/0", `""`}, {"agent-bar", "An id has no bar.", "/agents/0", `"supervisor|planner"`}, {"agent-pattern", "An id is no pattern.", "/agents/0", `"*"`},
		{"registration-blank", "An id has no blank.", "/registrations/0", `"reg intruder"`}, {"token-empty", "A jti is not empty.", "/tokens/0", `""`},
		{"key-short", "A thumbprint has 32 bytes.", "/keys/0", quote(thumbprint[:42])}, {"key-padded", "A thumbprint has no padding.", "/keys/0", quote(thumbprint + "=")},
		{"key-hex", "A thumbprint is not in hexadecimal characters.", "/keys/0", quote(fmt.Sprintf("%x", sha256Of("key")))}, {"key-slack", "Spare bits of a thumbprint are zero.", "/keys/0", quote(slack(thumbprint))},
		{"next-update-before-iat", "next_update lies after iat.", "/next_update", fmt.Sprint(now - 601)},
	} {
		b.declines("value-"+r.slug, r.title, t, "revocations_member_value", set("list", r.pointer, r.value), []string{r.pointer}, kills("list-values-unchecked"))
	}
	for _, r := range []memberRow{
		{"agent", "An agent stands once.", "/agents", `"intruder"`}, {"registration", "A registration stands once.", "/registrations", `"reg_intruder_1"`},
		{"token", "A jti stands once.", "/tokens", `"link-0"`}, {"key", "A key stands once.", "/keys", quote(thumbprint)},
	} {
		n := len(mustParse(jwkMember(fullList(), r.pointer)).children)
		b.declines("twice-"+r.slug, r.title, t, "revocations_id_duplicate", set("list", r.pointer+"/-", r.value), []string{fmt.Sprintf("%s/%d", r.pointer, n)}, kills("list-duplicates-taken"))
	}
	b.declines("other-issuer", "The list of another issuer is refused.", t, "revocations_issuer_mismatch", set("list", "/iss", `"https://other.example"`), []string{"/iss"}, kills("list-issuer-ignored"))
	skew := b.takesToo("iat-skew", "iat may lie ahead by the skew.", t, set("list", "/iat", fmt.Sprint(now+30)))
	b.declines("iat-future", "A second more is the future.", skew, "revocations_iat_future", set("list", "/iat", fmt.Sprint(now+31)), []string{"/iat"}, kills("list-iat-future-taken"))
	b.takesToo("next-update-past", "A list that is stale already is taken: the last one that there is goes on applying.", t, set("list", "/next_update", fmt.Sprint(now-1)))
	b.takesToo("empty", "A list may name nothing.", t, set("list", "", listPayload(5, nil, nil, nil, nil)))
	b.takesToo("token-of-256-bytes", "A jti may have 256 bytes and any characters.", t, set("list", "/tokens/0", quote("é|"+fmt.Sprintf("%0253d", 7))))
	b.declines("token-of-257-bytes", "And not one more.", b.takesToo("token-of-255-bytes", "A jti of 255 bytes.", t, set("list", "/tokens/0", quote(fmt.Sprintf("%0255d", 7)))), "revocations_member_value",
		set("list", "/tokens/0", quote(fmt.Sprintf("%0257d", 7))), []string{"/tokens/0"}, kills("list-values-unchecked"))
	b.declines("several", "Several faults are named at once, in the order of the profile.", t, "revocations_member_missing",
		set("list", "", `{"keys":[1],"agents":["a|b"],"iss":"https://as.example","sequence":"5","tokens":[],"registrations":[],"iat":1767225000,"x":0}`),
		[]string{"/next_update", "/sequence", "/agents/0", "/keys/0", "/x"})
}
