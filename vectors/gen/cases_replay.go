package main

import (
	"github.com/agentic-jwt/ajwt/vectors"
)

// The cases of the replay stage: sequences of requests on one memory, and single
// requests on a memory that started lately.

var replayTopics = []topic{
	{"dpop", "replay", meets(dpopReplay, "RFC9449-7.3-01 RFC9449-11.1-02")},
	{"replay", "proof", meets(replayProof, "RFC9449-7.3-01 RFC9449-11.1-02")},
	{"replay", "token", meets(replayToken, "RFC7519-4.1.7-02")},
	{"replay", "memory", replayMemory},
	{"replay", "cold-start", replayColdStart},
}

const refReplay = "profile, section 9"

// steps of a sequence: ok must be accepted, no must be rejected with a code. Every step
// is the base after its edits.
func ok(t int64, edits ...edit) step              { return step{now: t, edits: edits} }
func no(t int64, code string, edits ...edit) step { return step{now: t, code: code, edits: edits} }

func proofJTI(jti string) edit { return set("proof.payload", "/jti", quote(jti)) }
func proofIat(t int64) edit    { return set("proof.payload", "/iat", num(t)) }
func tokenJTI(jti string) edit { return set("payload", "/jti", quote(jti)) }

// byKey makes token and proof those of another of the agent's keys.
func byKey(name, alg string) []edit {
	k := testKey(name)
	return []edit{
		set("payload", "/cnf/jkt", quote(k.thumbprint())),
		set("proof.header", "/alg", quote(alg)),
		set("proof.header", "/jwk", k.jwk()).signed(name, alg),
	}
}

// repeated adds a sequence of requests that are the twin's after edits. One in which
// nothing is rejected has no twin.
func (b *builder) repeated(slug, title string, t twin, steps []step, opts ...option) {
	id := ""
	for _, s := range steps {
		if s.code != "" {
			id = t.id
		}
	}
	b.sequence(slug, title, t.scene, id, steps, opts...)
}

func dpopReplay(b *builder) {
	b.refs = []string{"RFC 9449, section 11.1", refReplay}
	t := b.accept("once", "A proof is accepted once.", b.proven())
	b.repeated("twice", "A proof is refused the second time.", t, []step{ok(now), no(now, "replay_proof_reused")}, kills("replay-cache-off"), threats("T2"))
	b.repeated("twice-a-minute-later", "A proof is refused the second time as long as it is fresh.", t, []step{ok(now), no(now+60, "replay_proof_reused")}, kills("replay-cache-off"), threats("T2"))
	b.repeated("thrice", "A refused proof stays refused.", t, []step{ok(now), no(now+1, "replay_proof_reused"), no(now+2, "replay_proof_reused")}, kills("replay-cache-off"))
	b.repeated("new-jti", "The same token with proofs of their own is accepted as often as they are sent.", t,
		[]step{ok(now, proofJTI("a")), ok(now, proofJTI("b")), ok(now+1, proofJTI("c"))}, kills("replay-token-as-proof"))
}

func replayProof(b *builder) {
	b.refs = []string{"RFC 9449, section 11.1", refReplay}
	t := b.accept("once", "A proof is accepted once.", b.proven())
	b.repeated("resigned", "A proof with the jti and the key of an earlier one is refused though it was made anew.", t,
		[]step{ok(now), no(now+5, "replay_proof_reused", proofIat(now+5))}, kills("replay-cache-off", "replay-by-bytes"))
	b.repeated("other-method", "The jti of a key counts for every method and URL.", t,
		[]step{ok(now), no(now+1, "replay_proof_reused", set("request", "/method", `"POST"`), set("proof.payload", "/htm", `"POST"`))}, kills("replay-cache-off", "replay-by-bytes"))
	b.repeated("other-token", "The jti of a key counts for every token that binds it.", t,
		[]step{ok(now), no(now+1, "replay_proof_reused", tokenJTI("token-2"))}, kills("replay-cache-off", "replay-by-bytes"))
	b.repeated("other-key", "The same jti of another key is another proof.", t,
		[]step{ok(now), ok(now, byKey("agent-p256-b", "ES256")...)}, kills("replay-jti-only"))
	b.repeated("jti-case", "A jti that differs by case is another one.", t,
		[]step{ok(now, proofJTI("Proof")), ok(now, proofJTI("proof"))})
	b.repeated("jti-prefix", "A jti that begins with an earlier one is another one.", t,
		[]step{ok(now, proofJTI("proof")), ok(now, proofJTI("proof-2")), ok(now, proofJTI("proo"))})
	b.repeated("jti-escaped", "A jti is the same one with JSON escapes.", t,
		[]step{ok(now), no(now, "replay_proof_reused", set("proof.payload", "/jti", `"\u0070roof-1"`))}, kills("replay-cache-off", "replay-by-bytes"))
	b.repeated("kept-to-the-end", "A jti is kept while now <= iat + max_age + skew.", t,
		[]step{ok(now), no(now+88, "replay_proof_reused", proofIat(now+88))}, kills("replay-cache-off", "replay-forgets-early"))
	b.repeated("forgotten", "One second later a new proof may have the jti.", t, []step{ok(now), ok(now+89, proofIat(now+89))}, kills("replay-never-forgets"))
	b.repeated("kept-from-future-iat", "An iat in the near future is kept the longer: to its own end.", t,
		[]step{ok(now, proofIat(now+30)), no(now+120, "replay_proof_reused", proofIat(now+120))}, kills("replay-cache-off", "replay-forgets-early"))
	b.repeated("forgotten-from-future-iat", "One second after that end a new proof may have the jti.", t,
		[]step{ok(now, proofIat(now+30)), ok(now+121, proofIat(now+121))}, kills("replay-never-forgets"))
	b.repeated("kept-from-first", "A second try does not make the entry live longer.", t,
		[]step{ok(now), no(now+60, "replay_proof_reused", proofIat(now+60)), ok(now+89, proofIat(now+89))}, kills("replay-never-forgets"))
	b.repeated("refused-uses-nothing-up", "A proof that was refused before the replay stage may be sent again.", t,
		[]step{no(now, "claim_nbf_future", set("payload", "/nbf", num(now+40))), ok(now+10, set("payload", "/nbf", num(now+40)))}, kills("replay-records-early"))
	b.repeated("bad-signature-uses-nothing-up", "Whoever cannot sign uses no jti up.", t,
		[]step{no(now, "proof_signature_invalid", proof(part(2, flippedFirst))), ok(now)}, kills("replay-records-early"))
	b.repeated("bad-binding-uses-nothing-up", "A proof by another key uses no jti up.", t,
		[]step{no(now, "proof_binding_mismatch", set("payload", "/cnf/jkt", quote(testKey("agent-p256-b").thumbprint()))), ok(now)}, kills("replay-records-early"))
	scoped := b.accept("scope-held", "A proof with a token of enough scope is accepted.",
		b.proven().under(es256Policy("hardened", "", list(routeText("r", `{"path":"/**"}`, `"scopes":["repo:read"]`)))))
	b.repeated("scope-uses-nothing-up", "A request that authorization refused uses no jti up.", scoped,
		[]step{no(now, "workflow_scope_insufficient", set("payload", "/scope", `"repo:list"`)), ok(now)}, kills("replay-records-early"))
	draft00 := b.accept("draft-00-optional", "Where a proof is optional one that is sent is remembered.", b.proven().under(es256Policy("draft-00", "", anyBearer)))
	b.repeated("draft-00-optional-twice", "Where a proof is optional one that was sent is refused the second time.", draft00, []step{ok(now), no(now, "replay_proof_reused")}, kills("replay-cache-off"))
	watch := b.accept("observed-once", "Where the stage replay is observed a proof is accepted once.",
		b.proven().under(es256Policy("hardened", "", list(observing(`{"level":"jwt"}`, `["replay"]`)))))
	b.repeated("observed-twice", "Where the stage replay is observed the second use is recorded.", watch,
		[]step{ok(now), no(now, "replay_proof_reused")}, observedStep(1))
	loose := b.accept("proof-observed-once", "Where the stage proof is observed a good proof is remembered.",
		b.proven().under(es256Policy("hardened", "", list(observing(`{"level":"jwt"}`, `["proof"]`)))))
	b.repeated("proof-observed-bad", "A proof whose rejection was observed uses no jti up.", loose,
		[]step{no(now, "proof_htm_mismatch", set("proof.payload", "/htm", `"PUT"`)), ok(now), no(now, "replay_proof_reused")}, observedStep(0), kills("replay-records-early"))
}

// observedStep says of one step that its rejection is only recorded.
func observedStep(i int) option {
	return func(c *vectors.Case) {
		enforced := false
		c.Requests[i].Expect.Enforced = &enforced
	}
}

func singleUse(require string) string {
	return `{"id":"once","match":{"path":"/once"},"require":{"level":"jwt","single_use":true` + require + `}},{"id":"any","match":{"path":"/**"},"require":{"level":"jwt"` + require + `}}`
}

func replayToken(b *builder) {
	b.refs = []string{"RFC 7519, section 4.1.7", refReplay}
	once := b.bearer().under(es256Policy("draft-00", "", "["+singleUse(`,"proof":"optional"`)+"]")).to("GET", "/once")
	t := b.accept("once", "A single-use token is accepted once.", once)
	elsewhere := set("request", "/target", `"/repos/acme/app"`)
	b.repeated("twice", "A single-use token is refused the second time.", t, []step{ok(now), no(now, "replay_token_reused")}, kills("single-use-ignored"), threats("T2"))
	b.repeated("same-jti", "Another token with the issuer and the jti of an earlier one is refused.", t,
		[]step{ok(now), no(now+1, "replay_token_reused", set("payload", "/scope", `"repo:list"`))}, kills("single-use-ignored", "replay-by-bytes"))
	b.repeated("other-jti", "A token with another jti is another one.", t, []step{ok(now), ok(now, tokenJTI("token-2"))})
	b.repeated("elsewhere-often", "Where no single use is asked for a token may be used often.", t, []step{ok(now, elsewhere), ok(now, elsewhere), ok(now+1, elsewhere)}, kills("single-use-everywhere"))
	b.repeated("elsewhere-before", "Use elsewhere does not count as the single use.", t, []step{ok(now, elsewhere), ok(now), no(now, "replay_token_reused")}, kills("single-use-everywhere"))
	b.repeated("elsewhere-after", "After its single use a token is still accepted where none is asked for.", t, []step{ok(now), ok(now+1, elsewhere)}, kills("single-use-everywhere"))
	later := set("payload", "/exp", num(now+590))
	b.repeated("kept-to-the-end", "A token's jti is kept while now <= exp + skew.", t,
		[]step{ok(now), no(now+320, "replay_token_reused", later)}, kills("single-use-ignored", "replay-forgets-early"))
	b.repeated("forgotten", "One second later another token may have the jti.", t, []step{ok(now), ok(now+321, later)}, kills("replay-never-forgets"))
	b.repeated("refused-uses-nothing-up", "A token that was refused may be used later.", t,
		[]step{no(now-41, "claim_iat_future"), ok(now), no(now, "replay_token_reused")}, kills("replay-records-early"))
	two := policyDoc("["+singleUse(`,"proof":"optional"`)+"]", issuerText(issuerID, "draft-00", []string{"ES256"}, serverKeys("ES256")),
		issuerText(otherID, "draft-00", []string{"ES256"}, jwks(testKey("p256-a").entry("es256-1", "ES256"))))
	i := b.accept("two-issuers", "A single-use token of one of two issuers is accepted.", b.bearer().under(two).to("GET", "/once"))
	b.repeated("other-issuer", "The same jti of another issuer is another token.", i, []step{ok(now), ok(now, set("payload", "/iss", quote(otherID)))}, kills("replay-jti-only"))
	both := b.accept("with-proof", "A single-use token with a proof is accepted.", b.proven().under(es256Policy("hardened", "", "["+singleUse("")+"]")).to("GET", "/once"))
	b.repeated("token-first", "Of a token and a proof that were both used the token is named.", both, []step{ok(now), no(now, "replay_token_reused")}, kills("single-use-ignored"))
	b.repeated("all-or-none", "A decision that the used token refuses does not use the fresh proof up.", both,
		[]step{ok(now, proofJTI("a")), no(now, "replay_token_reused", proofJTI("b")), ok(now, tokenJTI("token-2"), proofJTI("b"))}, kills("replay-records-one"))
	b.repeated("all-or-none-token", "A decision that the used proof refuses does not use the fresh token up.", both,
		[]step{ok(now, proofJTI("a")), no(now, "replay_proof_reused", tokenJTI("token-2"), proofJTI("a")), ok(now, tokenJTI("token-2"), proofJTI("b"))}, kills("replay-records-one"))
	b.repeated("jti-and-jti", "A token's jti and a proof's are kept apart.", both,
		[]step{ok(now, tokenJTI("same"), proofJTI("same")), ok(now, tokenJTI("other"), proofJTI("another"))})
}

func replayMemory(b *builder) {
	b.refs = []string{refReplay}
	sized := func(slug, title string, capacity, perKey int) twin {
		s := b.proven()
		s.replay = &vectors.Replay{Capacity: capacity, PerKey: perKey}
		return b.accept(slug, title, s)
	}
	ed := func(jti string) []edit { return append(byKey("agent-ed25519-a", "Ed25519"), proofJTI(jti)) }
	other := func(jti string) []edit { return append(byKey("agent-p256-b", "ES256"), proofJTI(jti)) }
	algs := algorithms("ES256", "Ed25519")
	t := sized("two-entries", "A memory of two entries takes a proof.", 2, 1)
	b.repeated("full", "A memory that is full of live entries refuses with a code of its own.", t,
		[]step{ok(now), ok(now, other("proof-2")...), no(now, "replay_memory_full", ed("proof-3")...)}, algs, kills("replay-evicts-live"), statusOf(2, 503))
	b.repeated("full-keeps-entries", "What a full memory holds stays in it.", t,
		[]step{ok(now), ok(now, other("proof-2")...), no(now, "replay_memory_full", ed("proof-3")...), no(now, "replay_proof_reused")}, algs, kills("replay-evicts-live"))
	b.repeated("full-until-the-end", "An entry is live to its last second.", t,
		[]step{ok(now), ok(now, other("proof-2")...), no(now+88, "replay_memory_full", append(ed("proof-3"), proofIat(now+88))...)}, algs, kills("replay-evicts-live", "replay-forgets-early"))
	b.repeated("room-again", "Entries that are over make room.", t,
		[]step{ok(now), ok(now, other("proof-2")...), ok(now+89, append(ed("proof-3"), proofIat(now+89))...)}, algs, kills("replay-never-forgets"))
	q := sized("quota-of-two", "A memory of which a key may hold two entries takes a proof.", 16, 2)
	b.repeated("quota", "A key that holds its whole share is refused with a code of its own.", q,
		[]step{ok(now, proofJTI("1")), ok(now, proofJTI("2")), no(now, "replay_quota_exceeded", proofJTI("3"))}, kills("replay-quota-ignored"), statusOf(2, 503))
	b.repeated("quota-of-one-key", "Another key has a share of its own.", q,
		[]step{ok(now, proofJTI("1")), ok(now, proofJTI("2")), no(now, "replay_quota_exceeded", proofJTI("3")), ok(now, other("1")...)}, kills("replay-quota-ignored"))
	b.repeated("quota-again", "Entries that are over give the share back.", q,
		[]step{ok(now, proofJTI("1")), ok(now, proofJTI("2")), no(now+88, "replay_quota_exceeded", proofJTI("3"), proofIat(now+88)), ok(now+89, proofJTI("3"), proofIat(now+89))}, kills("replay-quota-ignored", "replay-never-forgets"))
	b.repeated("quota-reuse-first", "Where both are true the reuse is named and not the quota.", q,
		[]step{ok(now, proofJTI("1")), ok(now, proofJTI("2")), no(now, "replay_proof_reused", proofJTI("1"))})
	b.repeated("quota-refused-recorded-not", "A proof that the quota refused was not used.", q,
		[]step{ok(now, proofJTI("1")), ok(now, proofJTI("2")), no(now, "replay_quota_exceeded", proofJTI("3")), ok(now+89, proofJTI("3"), proofIat(now+89))}, kills("replay-records-early"))
	b.repeated("clock-back", "A key that expires no later than one that has left may have been there: under a clock that went back it is refused.", q,
		[]step{ok(now, proofJTI("1")), ok(now+200, proofJTI("2"), proofIat(now+200)), no(now+80, "replay_proof_reused", proofJTI("1"))}, level("PROFILE"))
	b.repeated("clock-back-later-proof", "Under a clock that went back a proof that expires later than what has left is accepted.", q,
		[]step{ok(now, proofJTI("1")), ok(now+200, proofJTI("2"), proofIat(now+200)), ok(now+80, proofJTI("3"), proofIat(now+80))}, level("PROFILE"))
	once := b.bearer().under(es256Policy("draft-00", "", "["+singleUse(`,"proof":"optional"`)+"]")).to("GET", "/once")
	once.replay = &vectors.Replay{Capacity: 16, PerKey: 1}
	u := b.accept("unbound-quota-held", "A single-use token that binds no key counts against its agent.", once)
	b.repeated("unbound-quota", "A second live token of the agent is above a share of one.", u,
		[]step{ok(now), no(now, "replay_quota_exceeded", tokenJTI("token-2"))}, level("PROFILE"), kills("replay-quota-ignored"))
	b.repeated("unbound-quota-other-agent", "Another agent has a share of its own.", u,
		[]step{ok(now), ok(now, tokenJTI("token-2"), set("payload", "/sub", `"planner"`))}, level("PROFILE"))
	p := es256Policy("hardened", "", anyProof)
	sixteenth := b.accept("sixteenth-held", "A policy with a capacity of 32 takes a proof.", b.proven().under(p[:len(p)-1]+`,"replay":{"capacity":32}}`))
	b.repeated("sixteenth", "Without per_key a key may hold a sixteenth of the memory: two of 32.", sixteenth,
		[]step{ok(now, proofJTI("1")), ok(now, proofJTI("2")), no(now, "replay_quota_exceeded", proofJTI("3"))}, kills("replay-quota-ignored"))
	least := b.accept("least-held", "A policy with a capacity of 4 takes a proof.", b.proven().under(p[:len(p)-1]+`,"replay":{"capacity":4}}`))
	b.repeated("least", "The share of a key is at least one entry.", least,
		[]step{ok(now, proofJTI("1")), no(now, "replay_quota_exceeded", proofJTI("2")), ok(now, other("1")...)}, kills("replay-quota-ignored"))
	named := b.accept("per-key-held", "A policy with per_key takes a proof.", b.proven().under(p[:len(p)-1]+`,"replay":{"capacity":32,"per_key":1}}`))
	b.repeated("per-key", "per_key of the policy is the share.", named,
		[]step{ok(now, proofJTI("1")), no(now, "replay_quota_exceeded", proofJTI("2"))}, kills("replay-quota-ignored"))
}

// statusOf pins the HTTP status of one step.
func statusOf(i, n int) option {
	return func(c *vectors.Case) { c.Requests[i].Expect.Status = n }
}

// replayColdStart: a memory that started empty at start cannot know what was used
// before; what has an iat of at most start + skew is refused where the policy says so.
func replayColdStart(b *builder) {
	b.refs = []string{refReplay}
	started := func(s scene, start int64) scene {
		s.replay = &vectors.Replay{Start: start}
		return s
	}
	iat := now - 2 // of the proof
	cold := func(slug, title string, t twin, code string, e edit) {
		b.reject(slug, title, t, code, e, status(401), kills("cold-start-ignored"))
	}
	t := b.accept("after", "A proof made one second after start + skew is accepted.", started(b.proven(), iat-31))
	cold("boundary", "A proof made at start + skew may have been used before the start.", t, "replay_proof_cold_start", proofIat(iat-1))
	cold("before", "A proof made before the start may have been used then.", t, "replay_proof_cold_start", proofIat(iat-40))
	b.accept("always-there", "A memory that has always been there takes a proof as old as may be.", b.proven().with(proofIat(now-90)))
	none := b.accept("skew-0-after", "With a skew of 0 a proof made one second after the start is accepted.",
		started(b.proven().under(es256Policy("hardened", `"clock_skew_seconds":0`, anyProof)), iat-1))
	cold("skew-0-boundary", "With a skew of 0 a proof made in the second of the start is refused.", none, "replay_proof_cold_start", proofIat(iat-1))
	draft00 := es256Policy("draft-00", "", anyProof)
	d := b.accept("draft-00", "draft-00 admits cold starts by default.", started(b.proven().under(draft00), iat))
	b.reject("draft-00-reject", "cold_start of reject holds for draft-00 too.", d, "replay_proof_cold_start", set("policy", "/replay", `{"cold_start":"reject"}`), kills("cold-start-ignored"))
	p := es256Policy("hardened", "", anyProof)
	allow := b.accept("hardened-allow", "cold_start of allow holds for hardened too.", started(b.proven().under(p[:len(p)-1]+`,"replay":{"cold_start":"allow"}}`), iat))
	b.reject("hardened-default", "Without cold_start hardened refuses.", allow, "replay_proof_cold_start", set("policy", "/replay", `{}`), kills("cold-start-ignored"))
	once := b.proven().under(es256Policy("hardened", "", "["+singleUse("")+"]")).to("GET", "/once")
	s := b.accept("token-after", "A single-use token issued one second after start + skew is accepted.", started(once, now-10-31))
	cold("token-boundary", "A single-use token issued at start + skew may have been used before.", s, "replay_token_cold_start", set("payload", "/iat", num(now-11)))
	many := b.accept("token-often", "A token that may be used often may be older than the memory.", started(b.proven().claiming("/iat", num(now-300)), now-40))
	b.near("token-often-older", "How old it is does not matter.", many, set("payload", "/iat", num(now-310)))
	p = es256Policy("draft-00", "", anyBearer)
	b.accept("bearer", "Without a proof and single use nothing can be replayed: a cold start means nothing.",
		started(b.bearer().under(p[:len(p)-1]+`,"replay":{"cold_start":"reject"}}`), now))
}
