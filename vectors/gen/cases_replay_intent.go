package main

import (
	"strconv"

	"github.com/agentic-jwt/ajwt/vectors"
)

// The cases of the replay stage on routes of level ajwt, with a bundle: sequences in which
// agents, workflows, links and their documents take part.

var replayIntentTopics = []topic{
	{"replay", "intent", meets(replayIntent, "RFC9449-7.3-01 RFC9449-11.1-02")},
	{"replay", "refused", replayRefused},
	{"replay", "single-use", meets(replaySingleUse, "RFC7519-4.1.7-02")},
	{"replay", "tokens", replayTokens},
	{"replay", "quota", replayQuota},
	{"replay", "links", replayLinks},
	{"replay", "observe", replayObserve},
	{"replay", "cold", replayCold},
	{"replay", "documents", replayDocuments},
	{"replay", "methods", replayMethods},
}

// acting is a pull request of the patcher at level ajwt+pop.
func (b *builder) acting() scene { return lawfulHardened().claiming("/jti", b.name()) }

// actingIn is the same under another profile, where a route takes tokens without a proof.
func (b *builder) actingIn(profile string) scene {
	s := b.acting()
	if profile == "paper" {
		s = s.claiming(chainAt, quoteAll(patch.chain))
	}
	return s.under(policyDoc(worldRoutes("optional", "optional"), worldIssuer(profile, "")))
}

// as makes a step the request of another scene, under the documents of the case.
func as(s scene) edit { return edit{remake: func(scene) scene { return s }} }

// sentTo makes a step a request for another target, with a proof made for it.
func sentTo(method, target string) edit {
	return edit{remake: func(s scene) scene { return s.to(method, target) }}
}

// onceOnly makes the routes with these places take each token once.
func onceOnly(places ...int) []edit {
	var list []edit
	for _, i := range places {
		list = append(list, set("policy", "/routes/"+strconv.Itoa(i)+"/require/single_use", "true"))
	}
	return list
}

// bothAlgorithms are the algorithms of the sequences in which the planner takes part.
var bothAlgorithms = algorithms("ES256", "Ed25519")

// levelOf pins the level of one step's decision.
func levelOf(i int, l string) option {
	return func(c *vectors.Case) { c.Requests[i].Expect.Decision = &vectors.Decision{Level: l} }
}

// renewed loads the bundle of the case as version n after edits.
func renewed(t int64, n int, edits ...edit) step {
	return step{now: t, load: "bundle", edits: append([]edit{set("bundle", "/version", strconv.Itoa(n))}, edits...)}
}

// relisted loads the list of the case with sequence n after edits.
func relisted(t int64, n int, edits ...edit) step {
	return step{now: t, load: "revocations", edits: append([]edit{set("list", "/sequence", strconv.Itoa(n))}, edits...)}
}

// replayIntent: proofs of agents, in every profile that reaches level ajwt.
func replayIntent(b *builder) {
	b.refs = []string{"RFC 9449, section 11.1", refReplay}
	const used = "replay_proof_reused"
	t := b.accept("once", "A pull request with a proof is accepted once.", b.acting(), reached("ajwt+pop", patch, "pulls"))
	b.repeated("twice", "The captured request is refused, though agent, chain and step are as they were.", t, []step{ok(now), no(now+1, used)}, kills("replay-cache-off"), threats("T2"))
	for _, profile := range []string{"draft-00", "paper", "auth51"} {
		p := b.accept(profile+"-once", "A pull request under "+profile+" with a proof is accepted once.", b.actingIn(profile), reached("ajwt+pop", patch, "pulls"))
		b.repeated(profile+"-twice", "Under "+profile+" a proof that was sent is refused the second time.", p, []step{ok(now), no(now+1, used)}, kills("replay-cache-off"), threats("T2"))
	}
	bearer := b.accept("bearer-once", "A bearer token of draft-00 at level ajwt.", b.patching(), reached("ajwt", patch, "pulls"))
	b.repeated("bearer-often", "Reuse of a token within its life is normal, at level ajwt too.", bearer, []step{ok(now), ok(now), ok(now + 60)}, kills("single-use-everywhere"))
	scan := b.accept("scan", "A step of the classifier is accepted.", b.hardenedDoing(scanning), reached("ajwt+pop", scanning, "repos"))
	analyzing := deed{"vuln-patching", scanning.chain, ids("analyze"), "repo:read"}
	b.repeated("other-step", "The jti of a proof counts for every step of the agent.", scan,
		[]step{ok(now), no(now+1, used, as(b.hardenedDoing(analyzing).claiming("/jti", `"token-of-analyze"`)))}, kills("replay-cache-off", "replay-with-token", "replay-by-bytes"), threats("T2", "T8"))
	b.repeated("other-workflow", "And for every workflow.", scan,
		[]step{ok(now), no(now+1, used, as(b.hardenedDoing(sorting).claiming("/jti", `"token-of-triage"`)))}, kills("replay-cache-off", "replay-with-token", "replay-by-bytes"), threats("T2", "T6"))
	b.repeated("other-route", "And for every route: a proof made for another one with the same jti is refused.", t,
		[]step{ok(now), no(now+1, used, sentTo("GET", "/repos/acme/app"))}, kills("replay-cache-off", "replay-with-method", "replay-by-bytes"), threats("T2"))
	b.repeated("other-agent", "The same jti in the proof of another agent is another proof.", t,
		[]step{ok(now), ok(now, as(b.hardenedDoing(planning))), no(now+1, used)}, bothAlgorithms, kills("replay-jti-only"))
	b.repeated("captured-for-another-method", "A captured proof is no good for another method, and the attempt does not use it up.", t,
		[]step{no(now, "proof_htm_mismatch", set("request", "/method", `"PUT"`)), ok(now + 1), no(now+2, used)}, kills("replay-records-early"), threats("T2"))
	b.repeated("captured-for-another-path", "Nor for another repository.", t,
		[]step{no(now, "proof_htu_mismatch", set("request", "/target", `"/repos/acme/other/pulls"`)), ok(now + 1), no(now+2, used)}, kills("replay-records-early"), threats("T2", "T5"))
	b.repeated("captured-for-another-token", "Nor for another token of the agent.", t,
		[]step{no(now, "proof_ath_mismatch", set("proof.payload", "/ath", quote(b64(make([]byte, 32))))), ok(now + 1), no(now+2, used)}, kills("replay-records-early"), threats("T2"))
	b.repeated("last-second", "In its last second a proof is refused as reused, a second later as expired.", t,
		[]step{ok(now), no(now+88, used), no(now+89, "proof_iat_expired")}, kills("replay-cache-off", "replay-kept-from-now"), threats("T2"))
	b.repeated("jti-case", "Two proofs whose jti differ by case are two proofs.", t,
		[]step{ok(now, proofJTI("Patch-1")), ok(now, proofJTI("patch-1")), no(now, used, proofJTI("Patch-1"))}, kills("replay-cache-off", "replay-jti-case-fold"))
	long := text("p", 255)
	last := func(end string) edit { return proofJTI(long[1:256] + end) }
	b.repeated("jti-256-bytes", "A jti of 256 bytes counts to its last one; one of 257 uses nothing up.", t,
		[]step{ok(now, last("a")), no(now, "proof_jti_invalid", last("bb")), ok(now, last("b")), no(now, used, last("a"))}, kills("replay-cache-off"))
	b.repeated("clocks-out-of-order", "Requests whose clocks are out of order are taken, and each proof once.", t,
		[]step{ok(now+20, proofJTI("a"), proofIat(now+20)), ok(now+5, proofJTI("b"), proofIat(now+5)), ok(now+12, proofJTI("c"), proofIat(now+12)), no(now+6, used, proofJTI("b"), proofIat(now+5)), no(now+4, used, proofJTI("a"), proofIat(now+20))}, kills("replay-cache-off"))
	b.repeated("clock-behind", "A proof that has left the memory by another agent's clock is still used by a clock behind it.", t,
		[]step{ok(now), ok(now+89, as(b.hardenedDoing(planning).with(proofIat(now+89)))), no(now+10, used)}, bothAlgorithms, level("PROFILE"), kills("replay-cache-off", "replay-clock-back-forgets"), threats("T2"))
}

// replayRefused: what a later stage refuses uses neither proof nor token up. In the first
// cases the bytes of the request are the same, and a document or the clock mends them.
func replayRefused(b *builder) {
	b.refs = []string{refReplay, "profile, section 13"}
	t := b.accept("mended", "A pull request after its documents were mended.", b.acting().with(onceOnly(0)...), reached("ajwt+pop", patch, "pulls"))
	mended := func(slug, title, code string, bad, good []edit, opts ...option) {
		b.sequence(slug, title, t.scene.with(bad...), t.id,
			[]step{no(now, code), renewed(now+1, 8, good...), ok(now + 2), no(now+3, "replay_token_reused")}, append(opts, kills("replay-records-early", "single-use-ignored"))...)
	}
	b.sequence("bundle-missing", "A request that came before the bundle may be sent again when it is there.", t.scene.with(drop("bundle", "")), t.id,
		[]step{no(now, "agent_bundle_missing"), {now: now + 1, load: "bundle", file: "world-pinned.jws"}, ok(now + 2), no(now+3, "replay_token_reused")}, kills("replay-records-early", "single-use-ignored"))
	b.sequence("registration-early", "A request of a registration that is not yet valid may be sent again when it is.", t.scene.with(set("bundle", patcherAt+"/registrations/0/not_before", num(now+5))), t.id,
		[]step{no(now+4, "agent_registration_early"), ok(now + 5), no(now+6, "replay_token_reused")}, kills("replay-records-early", "single-use-ignored"))
	one := func(e edit) []edit { return []edit{e} }
	checksum := patcherAt + "/registrations/0/checksum"
	mended("checksum", "A request that an old checksum refused is accepted under the next bundle.", "agent_checksum_mismatch",
		one(set("bundle", checksum, quote(hashed("patcher, build 0")))), one(set("bundle", checksum, quote(checksumOf("patcher")))), threats("T4"))
	mended("agent-revoked", "So is one of an agent that was revoked and is active again.", "agent_status_revoked",
		one(set("bundle", patcherAt+"/status", `"revoked"`)), one(set("bundle", patcherAt+"/status", `"active"`)))
	mended("key-unpinned", "So is one whose key was not yet pinned.", "agent_key_unpinned",
		one(set("bundle", patcherAt+"/keys", "["+testKey("agent-p256-b").jwk()+"]")), one(set("bundle", patcherAt+"/keys", "["+testKey("agent-p256-a").jwk()+"]")))
	mended("chain", "So is one whose chain was too long for the workflow.", "delegation_chain_unknown",
		[]edit{set("bundle", "/workflows/0/delegation/-", `["supervisor","patcher"]`), set("bundle", "/workflows/0/max_depth", "1")}, one(set("bundle", "/workflows/0/max_depth", "3")), threats("T11"))
	mended("sequence", "So is one whose sequence the workflow did not have.", "workflow_sequence_unknown",
		one(set("bundle", "/workflows/0/steps/5/after", `["approve"]`)), one(set("bundle", "/workflows/0/steps/5/after", `["approve","scan"]`)), threats("T8"))
	mended("step-scope", "So is one whose scope was beyond the step's.", "workflow_step_scope_exceeded",
		one(set("bundle", "/workflows/0/steps/5/scopes", `["repo:read"]`)), one(set("bundle", "/workflows/0/steps/5/scopes", `["repo:read","repo:write"]`)), threats("T9"))
	p := b.accept("repaired", "A pull request with a repaired token.", b.acting(), reached("ajwt+pop", patch, "pulls"))
	repaired := func(slug, title, code, path, value string, opts ...option) {
		b.repeated(slug, title, p, []step{no(now, code, set("payload", path, value)), ok(now + 1), no(now+2, "replay_proof_reused")}, append(opts, kills("replay-records-early", "replay-cache-off"))...)
	}
	repaired("token-registration", "A token with a wrong registration does not use its proof's jti up.", "agent_registration_unknown", "/agent_proof/registration_id", `"reg_patcher_9"`)
	repaired("token-chain", "Nor does one with a wrong chain.", "delegation_chain_unknown", chainAt, quote(longHash("planner", "patcher")), threats("T11"))
	repaired("token-sequence", "Nor one with a wrong sequence.", "workflow_sequence_unknown", sequenceAt, quote(longHash("analyze", "patch")), threats("T8"))
	repaired("token-step", "Nor one with the step of another agent.", "workflow_step_agent_mismatch", "/intent/workflow_step", `"plan"`, threats("T7"))
	repaired("token-context", "Nor one with another repository.", "workflow_context_mismatch", "/intent/execution_context/repository", `"acme/other"`, threats("T5"))
	repaired("token-route-scope", "Nor one without the route's scope.", "workflow_scope_insufficient", "/scope", `"repo:read"`, threats("T9"))
}

// replaySingleUse: tokens that a route of level ajwt takes once.
func replaySingleUse(b *builder) {
	b.refs = []string{"RFC 7519, section 4.1.7", refReplay}
	const used, proofUsed = "replay_token_reused", "replay_proof_reused"
	bearer := b.accept("bearer", "A bearer token of draft-00 that may be used once.", b.patching().with(onceOnly(0)...), reached("ajwt", patch, "pulls"))
	b.repeated("bearer-twice", "It is refused the second time.", bearer, []step{ok(now), no(now+1, used)}, kills("single-use-ignored"), threats("T2"))
	b.repeated("bearer-same-jti", "Another token with its issuer and its jti is the same one.", bearer,
		[]step{ok(now), no(now+1, used, set("payload", "/scope", `"repo:write"`))}, kills("single-use-ignored", "replay-by-bytes"), threats("T2"))
	b.repeated("bearer-last-second", "In its last second it is refused as reused, a second later as expired.", bearer,
		[]step{ok(now), no(now+319, used), no(now+320, "claim_exp_expired")}, kills("single-use-ignored"), threats("T2"))
	b.repeated("bearer-after-refusal", "For another repository it is refused, and not used up.", bearer,
		[]step{no(now, "workflow_context_mismatch", set("request", "/target", `"/repos/acme/other/pulls"`)), ok(now + 1), no(now+2, used)}, kills("single-use-ignored", "replay-records-early"), threats("T5"))
	b.repeated("bearer-elsewhere", "Use on a route that does not ask for single use does not count.", bearer,
		[]step{ok(now, sentTo("GET", "/repos/acme/app")), ok(now, sentTo("GET", "/repos/acme/app")), ok(now + 1), no(now+2, used)}, kills("single-use-ignored", "single-use-everywhere"))
	two := b.accept("two-routes", "A token that each of two routes takes once.", b.patching().with(onceOnly(0, 1)...).claiming("/scope", `"repo:write"`), reached("ajwt", patch, "pulls"))
	b.repeated("other-route", "What one of them has taken the other one refuses.", two,
		[]step{ok(now), no(now+1, used, sentTo("GET", "/repos/acme/app"))}, kills("single-use-ignored"), threats("T2"))
	t := b.accept("proven", "A token with a proof that may be used once.", b.acting().with(onceOnly(0)...), reached("ajwt+pop", patch, "pulls"))
	b.repeated("fresh-proof", "A fresh proof does not make a used token good again.", t, []step{ok(now, proofJTI("a")), no(now+1, used, proofJTI("b"))}, kills("single-use-ignored"), threats("T2"))
	b.repeated("token-named", "Of a token and a proof that were both used the token is named.", t, []step{ok(now), no(now+1, used)}, kills("replay-proof-named-first", "single-use-ignored"))
	b.repeated("proof-used-token-fresh", "A fresh token with a used proof is refused and may be used with a fresh proof.", t,
		[]step{ok(now, proofJTI("a")), no(now+1, proofUsed, tokenJTI("token-2"), proofJTI("a")), ok(now+2, tokenJTI("token-2"), proofJTI("b")), no(now+3, used, tokenJTI("token-2"), proofJTI("c"))},
		kills("replay-records-one", "replay-cache-off", "single-use-ignored"), threats("T2"))
	b.repeated("token-used-proof-fresh", "A fresh proof with a used token is refused and may be sent with a fresh token.", t,
		[]step{ok(now, proofJTI("a")), no(now+1, used, proofJTI("b")), ok(now+2, tokenJTI("token-2"), proofJTI("b")), no(now+3, proofUsed, tokenJTI("token-3"), proofJTI("b"))},
		kills("replay-records-one", "replay-cache-off", "single-use-ignored"), threats("T2"))
	d := b.accept("optional", "A token of draft-00 that binds a key, with a proof where that is optional.", b.actingIn("draft-00").with(onceOnly(0)...), reached("ajwt+pop", patch, "pulls"))
	stripped := edit{remake: func(s scene) scene { s.proof, s.scheme = nil, "Bearer"; return s }}
	b.repeated("proof-stripped", "Without its proof a used token is as used as with it.", d, []step{ok(now), no(now+1, used, stripped)}, kills("single-use-ignored"), threats("T2"))
	b.repeated("proof-added", "And one that was used without a proof is used with one, which may then be sent with another token.", d,
		[]step{ok(now, stripped), no(now+1, used), ok(now+2, tokenJTI("token-2"))}, kills("single-use-ignored", "replay-records-one"), threats("T2"))
}

// replayTokens: what makes two tokens one: issuer, jti and the key that they bind.
func replayTokens(b *builder) {
	b.refs = []string{refReplay, "RFC 7519, section 4.1.7"}
	const used = "replay_token_reused"
	t := b.accept("bound", "A single-use token that binds a key.", b.hardenedDoing(patch).with(onceOnly(1)...), reached("ajwt+pop", patch, "repos"))
	b.repeated("two-agents", "One jti in the tokens of two agents, each bound to its own key, names two tokens.", t,
		[]step{ok(now), ok(now, as(b.hardenedDoing(planning))), no(now+1, used, proofJTI("b")), no(now+1, used, as(b.hardenedDoing(planning).with(proofJTI("b"))))},
		bothAlgorithms, level("PROFILE"), kills("replay-jti-only", "single-use-ignored"))
	same := []edit{tokenJTI("one"), proofJTI("one")}
	b.repeated("jti-of-both", "A proof may have the jti of its token.", t, []step{ok(now, same...), no(now+1, used, same...)}, kills("replay-one-namespace", "single-use-ignored"))
	u := b.accept("unbound", "A single-use bearer token.", b.anywhere().with(onceOnly(1)...), reached("ajwt", patch, "repos"))
	b.repeated("two-agents-unbound", "Where no key is bound, one jti of an issuer is one token, whoever its agent is.", u,
		[]step{ok(now), no(now+1, used, as(b.carrying(planning)))}, level("PROFILE"), kills("single-use-ignored"), threats("T2"))
	b.repeated("bound-and-unbound", "A token that binds a key and one with its jti that binds none are two.", u,
		[]step{ok(now), ok(now, set("payload", "/cnf", jkt("agent-p256-a"))), no(now+1, used)}, level("PROFILE"), kills("single-use-ignored", "replay-jti-only"))
	b.repeated("jwk-and-jkt", "A key that is bound by jwk is the one that is bound by jkt.", u,
		[]step{ok(now, set("payload", "/cnf", jkt("agent-p256-a"))), no(now+1, used, set("payload", "/cnf", jwkOf("agent-p256-a")))}, kills("single-use-ignored", "replay-by-bytes"), threats("T2"))
	b.repeated("key-changed", "A token with the same jti for another key of the agent is another one.", u,
		[]step{ok(now, set("payload", "/cnf", jkt("agent-p256-a"))), ok(now, set("payload", "/cnf", jkt("agent-p256-b"))), no(now+1, used, set("payload", "/cnf", jkt("agent-p256-a")))},
		level("PROFILE"), kills("single-use-ignored", "replay-jti-only"))
	document := otherServer()
	s := b.anywhere().under(twoServers()).with(onceOnly(0)...)
	s.bundle = with(s.bundle, otherID, b.suite.bundles.name(b.area+"."+b.topic+".other", &document))
	i := b.accept("two-issuers", "A single-use token of one of two issuers.", s, decides(vectors.Decision{Level: "ajwt", Issuer: issuerID}))
	o := b.carrying(deed{"vuln-patching", ids("reviewer", "patcher"), ids("review", "patch"), "repo:read"}).signedBy("p256-b", "ES256").
		claiming("/iss", quote(otherID), "/agent_proof/registration_id", `"reg_other_patcher"`)
	o.token.header = mustReplace(o.token.header, "/kid", `"other-1"`)
	b.repeated("other-issuer", "One jti of two issuers names two tokens, though agent, workflow and step have the same names.", i,
		[]step{ok(now), ok(now, as(o)), no(now+1, used), no(now+1, used, as(o))}, kills("replay-jti-only", "single-use-ignored"))
}

// replayQuota: shares of the memory, and a memory that is full, among agents.
func replayQuota(b *builder) {
	b.refs = []string{refReplay}
	const quota, full = "replay_quota_exceeded", "replay_memory_full"
	sized := func(s scene, capacity, perKey int) scene {
		s.replay = &vectors.Replay{Capacity: capacity, PerKey: perKey}
		return s
	}
	plans := func(edits ...edit) edit { return as(b.hardenedDoing(planning).with(edits...)) }
	t := b.accept("two-each", "A memory of which a key may hold two entries.", sized(b.acting(), 16, 2), reached("ajwt+pop", patch, "pulls"))
	b.repeated("of-one-agent", "An agent that holds its whole share is refused, the next one is not.", t,
		[]step{ok(now, proofJTI("1")), ok(now, proofJTI("2")), no(now, quota, proofJTI("3")), ok(now, plans()), no(now+1, quota, proofJTI("3"))},
		bothAlgorithms, kills("replay-quota-ignored"), statusOf(2, 503))
	b.repeated("every-route", "The share counts for all routes together.", t,
		[]step{ok(now, proofJTI("1")), ok(now, proofJTI("2"), sentTo("GET", "/repos/acme/app")), no(now, quota, proofJTI("3"))}, kills("replay-quota-ignored"))
	three := b.accept("three-each", "A single-use token and its proof are two entries.", sized(b.acting().with(onceOnly(0)...), 16, 3), reached("ajwt+pop", patch, "pulls"))
	b.repeated("all-or-none", "Where one of two entries is above the share none is taken, and a request that needs one still gets through.", three,
		[]step{ok(now, proofJTI("1")), no(now, quota, tokenJTI("token-2"), proofJTI("2")), ok(now, sentTo("GET", "/repos/acme/app"), proofJTI("2"))}, kills("replay-quota-ignored", "replay-records-one"))
	b.repeated("reuse-first", "Where both are true the reuse is named and not the share.", three,
		[]step{ok(now, proofJTI("1")), ok(now, sentTo("GET", "/repos/acme/app"), proofJTI("2")), no(now, "replay_token_reused", proofJTI("3"))}, kills("single-use-ignored"))
	few := b.accept("room-for-three", "A memory of three entries.", sized(b.hardenedDoing(patch).with(onceOnly(1)...), 3, 2), reached("ajwt+pop", patch, "repos"))
	agents := func(edits ...edit) edit { return plans(append(edits, sentTo("GET", "/agents/planner"))...) }
	b.repeated("full-all-or-none", "A memory with room for one of two entries takes none, and a request that needs one still gets through.", few,
		[]step{ok(now), no(now, full, plans()), ok(now, agents()), no(now+1, full, agents(proofJTI("b")))}, bothAlgorithms, kills("replay-evicts-live", "replay-records-one"), statusOf(1, 503))
	b.repeated("full-forgets-nothing", "A full memory knows what was used.", few,
		[]step{ok(now), ok(now, agents()), no(now+1, "replay_token_reused", proofJTI("b")), no(now+1, "replay_proof_reused", agents())}, bothAlgorithms, kills("single-use-ignored", "replay-cache-off"))
	each := b.accept("room-for-two", "A memory of two entries, one for each key.", sized(b.acting(), 2, 1), reached("ajwt+pop", patch, "pulls"))
	b.repeated("share-before-full", "Where the share is used up and the memory is full the share is named.", each,
		[]step{ok(now), ok(now, plans()), no(now+1, quota, proofJTI("b"))}, bothAlgorithms, level("PROFILE"), kills("replay-quota-ignored"))
	b.repeated("room-again", "When the entries are over there is room for the same agents.", each,
		[]step{ok(now), ok(now, plans()), no(now+88, quota, proofJTI("b"), proofIat(now+88)), ok(now+89, proofJTI("b"), proofIat(now+89)), ok(now+89, plans(proofJTI("b"), proofIat(now+89)))},
		bothAlgorithms, kills("replay-never-forgets", "replay-forgets-early"))
	u := b.accept("bearer", "A single-use bearer token counts against its agent.", sized(b.anywhere().with(onceOnly(1)...), 16, 1), reached("ajwt", patch, "repos"))
	b.repeated("bearer-of-one-agent", "A second one of the agent is above a share of one, that of another agent is not.", u,
		[]step{ok(now), no(now, quota, tokenJTI("token-2")), ok(now, as(b.carrying(planning).with(tokenJTI("token-3"))))}, level("PROFILE"), kills("replay-quota-ignored"))
}

// replayLinks: proofs and single-use tokens of delegations that sign every hop.
func replayLinks(b *builder) {
	b.refs = []string{refReplay, refDelegation}
	const used = "replay_proof_reused"
	t := b.accept("once", "A pull request with links is accepted once.", b.hops(), linksLevel())
	b.repeated("twice", "The captured request is refused.", t, []step{ok(now), no(now+1, used)}, kills("replay-cache-off"), threats("T2"))
	b.repeated("links-often", "Links may be used often while they hold, in one token or in several.", t,
		[]step{ok(now), ok(now+1, proofJTI("b")), ok(now+2, tokenJTI("token-2"), proofJTI("c"))}, kills("single-use-everywhere", "replay-token-as-proof"))
	b.repeated("jti-of-a-link", "A proof may have the jti of a link, once.", t, []step{ok(now, proofJTI("link-1")), ok(now, proofJTI("link-2")), no(now+1, used, proofJTI("link-1"))}, kills("replay-cache-off"))
	scope := set("link", "/1/payload/scope", `"repo:write repo:read"`)
	b.repeated("new-links", "New links in the token do not make a used jti good again.", t, []step{ok(now), no(now+1, used, scope)}, kills("replay-cache-off", "replay-by-bytes", "replay-with-token"), threats("T2"))
	refused := func(slug, title, code string, e edit, opts ...option) {
		b.repeated(slug, title, t, []step{no(now, code, e), ok(now + 1), no(now+2, used)}, append(opts, kills("replay-records-early", "replay-cache-off"))...)
	}
	refused("links-missing", "A token without its links does not use its proof's jti up.", "delegation_links_missing", drop("payload", linksAt))
	refused("link-signature", "Nor does one with a link whose signature does not hold.", "delegation_link_signature_invalid", link(0, part(2, flippedLast)), threats("T10"))
	refused("link-scope", "Nor one with more scope than the last link gives.", "delegation_link_scope_exceeded", set("link", "/1/payload/scope", `"repo:read"`), threats("T9", "T11"))
	refused("link-key", "Nor one whose last link is for another key.", "delegation_link_key_mismatch", set("link", "/1/payload/cnf/jkt", quote(testKey("agent-p256-b").thumbprint())), threats("T11"))
	early := set("link", "/1/payload/iat", num(now+31))
	b.repeated("link-early", "What a link of the near future refuses is accepted a second later, with the same proof.", t,
		[]step{no(now, "delegation_link_iat_future", early), ok(now+1, early), no(now+2, used, early)}, kills("replay-records-early", "replay-cache-off"))
	o := b.accept("single-use", "A single-use token with links.", b.hops().with(onceOnly(0)...), linksLevel())
	b.repeated("single-use-twice", "With new links and a fresh proof a used jti is refused.", o,
		[]step{ok(now), no(now+1, "replay_token_reused", scope, proofJTI("b"))}, kills("single-use-ignored", "replay-by-bytes"), threats("T2"))
}

// replayObserve: routes that observe the replay stage or one before it.
func replayObserve(b *builder) {
	b.refs = []string{"profile, section 12", refReplay}
	const used, tokenUsed = "replay_proof_reused", "replay_token_reused"
	t := b.accept("once", "A route of level ajwt that observes the stage replay.", b.acting().with(watching(0, "replay")), reached("ajwt+pop", patch, "pulls"))
	b.repeated("twice", "The second use is recorded, and the level has no pop: a used proof proves nothing.", t,
		[]step{ok(now), no(now+1, used), ok(now+2, proofJTI("b"))}, observedStep(1), levelOf(1, "ajwt"), levelOf(2, "ajwt+pop"), kills("replay-cache-off"), threats("T2"))
	b.repeated("other-route", "On a route that does not observe, the jti is refused.", t,
		[]step{ok(now), no(now+1, used, sentTo("GET", "/repos/acme/app"))}, kills("replay-cache-off", "replay-with-method"), threats("T2"))
	u := b.accept("until", "A route that observes the stage replay for fifty seconds.", b.acting().with(set("policy", "/routes/0/observe", `{"until":`+num(now+50)+`,"stages":["replay"]}`)), reached("ajwt+pop", patch, "pulls"))
	b.repeated("until-over", "From that second on the second use is refused.", u,
		[]step{ok(now), no(now+49, used), no(now+50, used)}, observedStep(1), kills("replay-cache-off", "observe-forever"), threats("T2"))
	s := b.accept("single-use", "A single-use token where the stage replay is observed.", b.acting().with(watching(0, "replay")).with(onceOnly(0)...), reached("ajwt+pop", patch, "pulls"))
	b.repeated("single-use-twice", "The second use of the token is recorded, with a fresh proof too.", s,
		[]step{ok(now), no(now+1, tokenUsed, proofJTI("b"))}, observedStep(1), levelOf(1, "ajwt"), kills("single-use-ignored"), threats("T2"))
	p := b.accept("proof", "A single-use token where the stage proof is observed.", b.acting().with(watching(0, "proof")).with(onceOnly(0)...), reached("ajwt+pop", patch, "pulls"))
	b.repeated("proof-bad", "A proof whose rejection was observed is not used up, the token that came with it is.", p,
		[]step{no(now, "proof_htm_mismatch", set("proof.payload", "/htm", `"PUT"`)), no(now+1, tokenUsed), ok(now+2, tokenJTI("token-2"))},
		observedStep(0), levelOf(0, "ajwt"), kills("single-use-ignored", "replay-records-early"), threats("T2"))
	w := b.accept("workflow", "A route that observes the stages delegation and workflow.", b.acting().with(watching(0, "delegation", "workflow")), reached("ajwt+pop", patch, "pulls"))
	b.repeated("workflow-bad", "A request whose rejection in the stage workflow was observed has been let through: its proof is used.", w,
		[]step{no(now, "workflow_context_mismatch", set("payload", "/intent/execution_context/repository", `"acme/other"`)), no(now+1, used)}, observedStep(0), level("PROFILE"), kills("replay-cache-off"), threats("T2", "T5"))
	b.repeated("delegation-bad", "So is that of one whose chain is unknown.", w,
		[]step{no(now, "delegation_chain_unknown", set("payload", chainAt, quote(longHash("planner", "patcher")))), no(now+1, used)}, observedStep(0), level("PROFILE"), kills("replay-cache-off"), threats("T2", "T11"))
	q := t.scene
	q.replay = &vectors.Replay{Capacity: 16, PerKey: 1}
	share := b.accept("share", "A share of one entry where the stage replay is observed.", q, reached("ajwt+pop", patch, "pulls"))
	b.repeated("share-used-up", "That the share is used up is recorded, and the proof proves nothing.", share,
		[]step{ok(now), no(now+1, "replay_quota_exceeded", proofJTI("b"))}, observedStep(1), levelOf(1, "ajwt"), kills("replay-quota-ignored"))
}

// replayCold: memories that began empty a short time ago. The proof of the scenes has an
// iat of now-2, the token one of now-10.
func replayCold(b *builder) {
	b.refs = []string{refReplay}
	const cold, tokenCold, used = "replay_proof_cold_start", "replay_token_cold_start", "replay_proof_reused"
	started := func(s scene, start int64) scene {
		s.replay = &vectors.Replay{Start: start}
		return s
	}
	t := b.accept("after", "A proof of one second after start + skew.", started(b.acting(), now-33), reached("ajwt+pop", patch, "pulls"))
	b.repeated("boundary", "A proof made at start + skew is refused and not used up: made anew with the same jti it is accepted, once.", t,
		[]step{no(now, cold, proofIat(now-3)), ok(now), no(now+1, used)}, kills("cold-start-ignored", "cold-start-exclusive", "replay-records-early", "replay-cache-off"), threats("T2"))
	fresh := started(b.acting(), now-20).with(at(now+11), proofIat(now+11))
	f := b.accept("signed-anew", "A proof signed anew once the skew has passed.", fresh, reached("ajwt+pop", patch, "pulls"))
	b.repeated("until-the-skew-has-passed", "Until the skew has passed proofs of now are refused, then they get through.", f,
		[]step{no(now, cold, proofJTI("a"), proofIat(now)), no(now+10, cold, proofJTI("b"), proofIat(now+10)), ok(now+11, proofJTI("c"), proofIat(now+11)), no(now+12, cold, proofJTI("d"), proofIat(now+10))},
		kills("cold-start-ignored", "cold-start-exclusive", "cold-start-without-skew"), threats("T2"))
	s := b.accept("token-after", "A single-use token of one second after start + skew.", started(b.acting().with(onceOnly(0)...), now-41), reached("ajwt+pop", patch, "pulls"))
	older := set("payload", "/iat", num(now-11))
	b.repeated("token-boundary", "A token issued at start + skew is refused with a proof that is fresh; issued anew it is accepted, once.", s,
		[]step{no(now, tokenCold, older), ok(now), no(now+1, "replay_token_reused", proofJTI("b"))}, kills("cold-start-ignored", "cold-start-exclusive", "cold-start-proof-only", "single-use-ignored"), threats("T2"))
	b.repeated("token-named", "Where token and proof are from before the start the token is named.", s,
		[]step{no(now, tokenCold, older, proofIat(now-11)), no(now, cold, proofIat(now-11)), ok(now)}, level("PROFILE"), kills("cold-start-ignored", "cold-start-proof-only"))
	b.repeated("token-often", "On a route without single use such a token is accepted.", s,
		[]step{ok(now, older, sentTo("GET", "/repos/acme/app")), no(now, tokenCold, older)}, kills("cold-start-ignored"))
	for _, profile := range []string{"draft-00", "paper", "auth51"} {
		d := b.accept(profile, profile+" admits cold starts by default.", started(b.actingIn(profile).with(onceOnly(0)...), now), reached("ajwt+pop", patch, "pulls"), kills("cold-start-always"))
		b.repeated(profile+"-twice", "What a memory of "+profile+" has seen since its start is refused.", d, []step{ok(now), no(now+1, "replay_token_reused", proofJTI("b"))},
			kills("cold-start-always", "single-use-ignored"), threats("T2"))
	}
	w := b.accept("observed", "A memory that began long ago where the stage replay is observed.", started(b.acting().with(watching(0, "replay")), now-33), reached("ajwt+pop", patch, "pulls"))
	b.repeated("observed-boundary", "Where the stage replay is observed a cold start is recorded, and the level has no pop.", w,
		[]step{no(now, cold, proofIat(now-3)), ok(now, proofJTI("b"))}, observedStep(0), levelOf(0, "ajwt"), levelOf(1, "ajwt+pop"), kills("cold-start-ignored", "cold-start-exclusive"))
}

// replayDocuments: bundles and lists that arrive between two uses.
func replayDocuments(b *builder) {
	b.refs = []string{refReplay, refBundle, refList}
	const used = "replay_proof_reused"
	t := b.accept("bundle", "A pull request under a bundle.", b.acting(), reached("ajwt+pop", patch, "pulls"))
	b.repeated("bundle-replaced", "The memory stays where a bundle replaces another.", t,
		[]step{ok(now), renewed(now+1, 8), no(now+2, used), ok(now+3, proofJTI("b"))}, kills("replay-cache-off"), threats("T2"))
	refused := renewed(now+1, 6)
	refused.code, refused.at = "bundle_version_old", []string{"/version"}
	b.repeated("bundle-refused", "And where one is refused.", t, []step{ok(now), refused, no(now+2, used)}, kills("replay-cache-off"), threats("T2"))
	b.repeated("agent-back", "While the agent is revoked a fresh proof is refused and not used up; a used one stays used.", t,
		[]step{ok(now, proofJTI("a")), renewed(now+1, 8, set("bundle", patcherAt+"/status", `"revoked"`)), no(now+2, "agent_status_revoked", proofJTI("b")), no(now+2, "agent_status_revoked", proofJTI("a")),
			renewed(now+3, 9), ok(now+4, proofJTI("b")), no(now+5, used, proofJTI("a"))}, kills("replay-cache-off", "replay-records-early"), threats("T2"))
	l := b.accept("list", "A pull request with links beside a list.", listed(b.hops(), "world-linked-list.json"), linksLevel())
	b.repeated("list-arrives", "The revocation of a token is named before the reuse of its proof.", l,
		[]step{ok(now), relisted(now+1, 6, naming("tokens", b.area+"-"+b.topic)), no(now+2, "agent_token_revoked"), no(now+2, "agent_token_revoked", proofJTI("b"))}, kills("list-token-passes"), threats("T2"))
	b.repeated("list-lifted", "A proof that revocation refused is not used up, the one before is.", l,
		[]step{ok(now), relisted(now+1, 6, naming("tokens", b.area+"-"+b.topic)), no(now+2, "agent_token_revoked", proofJTI("b")), relisted(now+3, 7), ok(now+4, proofJTI("b")), no(now+5, used)},
		kills("replay-cache-off", "replay-records-early"), threats("T2"))
	b.repeated("chain-revoked", "So with the revocation of a delegator.", l,
		[]step{ok(now), relisted(now+1, 6, naming("agents", "planner")), no(now+2, "delegation_link_agent_revoked", proofJTI("b")), relisted(now+3, 7), ok(now+4, proofJTI("b")), no(now+5, used)},
		kills("replay-cache-off", "replay-records-early"), threats("T2", "T11"))
}

// replayMethods: DPoP proofs and message signatures of one agent.
func replayMethods(b *builder) {
	b.refs = []string{refReplay, "profile, section 16.4"}
	const used = "replay_proof_reused"
	either := func(s scene) scene {
		return s.under(provingBy(`"methods":["dpop","httpsig"],"algorithms":["Ed25519","ES256","ES384"]`, s.policyText()))
	}
	signing := edit{remake: func(s scene) scene {
		s.proof, s.scheme, s.signature = nil, "Bearer", signatureOf("agent-p256-a", "ES256")
		return s
	}}
	later := func(t int64) edit {
		return edit{remake: func(s scene) scene {
			return s.signing(func(m *messageSignature) { m.param("created", num(t)) })
		}}
	}
	nonce := func(v string) edit {
		return edit{remake: func(s scene) scene {
			return s.signing(func(m *messageSignature) { m.param("nonce", quote(v)) })
		}}
	}
	base := either(b.hardenedDoing(patch))
	m := b.accept("message-signature", "A request of an agent with a message signature.", base.with(signing), reached("ajwt+pop", patch, "repos"))
	b.repeated("message-signature-twice", "It is refused the second time.", m, []step{ok(now), no(now+1, used)}, kills("replay-cache-off"), threats("T2"), requirements("RFC9421-7.2.2-01"))
	b.repeated("nonce-signed-anew", "A signature made anew with the nonce of an earlier one is refused.", m,
		[]step{ok(now), no(now+5, used, later(now+5)), ok(now+5, later(now+5), nonce("nonce-2"))}, kills("replay-cache-off", "httpsig-replay-by-signature"), threats("T2"), requirements("RFC9421-7.2.2-01"))
	b.repeated("nonce-last-second", "A nonce is kept while now <= created + max_age + skew.", m,
		[]step{ok(now), no(now+88, used, later(now+88)), ok(now+89, later(now+89))}, kills("replay-cache-off", "replay-forgets-early", "replay-never-forgets"), requirements("RFC9421-7.2.2-01"))
	d := b.accept("dpop", "The same with a DPoP proof.", base, reached("ajwt+pop", patch, "repos"))
	one := proofJTI("one")
	b.repeated("one-id", "The jti of a proof and the nonce of a message signature are kept apart, and each counts.", d,
		[]step{ok(now, one), ok(now, signing, nonce("one")), no(now+1, used, one), no(now+1, used, signing, nonce("one"))}, kills("replay-cache-off"))
	s := b.accept("single-use", "A single-use token with a DPoP proof.", base.with(onceOnly(1)...), reached("ajwt+pop", patch, "repos"))
	b.repeated("single-use-twice", "A token that was used with one method is used for the other one.", s,
		[]step{ok(now), no(now+1, "replay_token_reused", signing)}, kills("single-use-ignored"), threats("T2"))
}
