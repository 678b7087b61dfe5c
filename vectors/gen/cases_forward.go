package main

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// Claims for the upstream: which go on, what they look like in a field, and what of the
// client's own fields goes.

var forwardTopics = []topic{
	{"policy", "forward", policyForward},
	{"forward", "claims", forwardClaims},
	{"forward", "values", forwardValues},
	{"forward", "observed", forwardObserved},
	{"forward", "strip", forwardStrip},
}

const refForward = "profile, section 16.6"

// forwardWords are what a policy may forward, but the policy's digest: a case's policy is no
// sequence of bytes.
var forwardWords = []string{"issuer", "subject", "jti_hash", "key_thumbprint", "agent", "registration", "chain_hash", "workflow", "step", "scope", "level", "route"}

func forwardField(claim string) string { return "x-ajwt-" + strings.ReplaceAll(claim, "_", "-") }

// forwardText is the member forward for these claims, each under its usual name.
func forwardText(claims ...string) string {
	entries := make([]string, len(claims))
	for i, c := range claims {
		entries[i] = forwardEntry(forwardField(c), c)
	}
	return list(entries...)
}

func forwardEntry(header, claim string) string {
	return `{"header":` + quote(header) + `,"claim":` + quote(claim) + `}`
}

// telling adds the member forward to a policy.
func telling(claims ...string) edit { return set("policy", "/forward", forwardText(claims...)) }

// told pins what is set for the upstream: pairs of claim and value, under their usual names.
func told(pairs ...string) option {
	fields := []vectors.Header{}
	for i := 0; i < len(pairs); i += 2 {
		fields = append(fields, vectors.Header{Name: forwardField(pairs[i]), Value: []byte(pairs[i+1])})
	}
	return func(c *vectors.Case) { c.Expect.Forward = fields }
}

// patcherTold are the claims of the hardened patcher's request, as far as up to.
func patcherTold(b *builder, level, route string, upTo string) []string {
	jti := sha256.Sum256([]byte(b.area + "-" + b.topic))
	all := []string{"issuer", issuerID, "subject", "patcher", "jti_hash", b64(jti[:]), "key_thumbprint", testKey("agent-p256-a").thumbprint(), "agent", "patcher",
		"registration", registrationOf("patcher"), "chain_hash", longHash(patch.chain...), "workflow", "vuln-patching", "step", "patch", "scope", "repo:read repo:write"}
	end := slices.Index(all, upTo) + 2
	return append(slices.Clone(all[:end]), "level", level, "route", route)
}

// toldBut leaves claims out of a list of pairs.
func toldBut(pairs []string, claims ...string) option {
	var rest []string
	for i := 0; i < len(pairs); i += 2 {
		if !slices.Contains(claims, pairs[i]) {
			rest = append(rest, pairs[i], pairs[i+1])
		}
	}
	return told(rest...)
}

func forwardClaims(b *builder) {
	b.refs = []string{refForward}
	jti := set("payload", "/jti", b.name())
	all := patcherTold(b, "ajwt+pop", "pulls", "scope")
	t := b.accept("every", "Every claim of a request at level ajwt with a proof goes on to the upstream, in the order of the policy.", lawfulHardened().with(jti, telling(forwardWords...)), told(all...))
	b.accept("linked", "With links the level says so.", linked().with(jti, telling("level", "agent")), told("level", "ajwt+pop+links", "agent", "patcher"))
	b.accept("bearer", "Without a proof there is no key to name.", lawful().with(jti, telling(forwardWords...)),
		toldBut(slices.Concat(all[:12], []string{"chain_hash", shortHash(patch.chain...)}, all[14:20], []string{"level", "ajwt", "route", "pulls"}), "key_thumbprint"))
	b.accept("level-agent", "At level agent there is neither chain nor workflow.", asAgent().with(jti, telling(forwardWords...)),
		toldBut(slices.Concat(all[:20], []string{"level", "agent", "route", "agents"}), "key_thumbprint", "chain_hash", "workflow", "step"))
	b.accept("route-jwt", "What counts is the level that the request reached and not the one that the route asks for.", asJWT().with(jti, telling("agent", "step", "level", "route")),
		told("agent", "patcher", "step", "patch", "level", "ajwt", "route", "any"))
	b.accept("agent-unknown", "A subject that the bundle does not know is no agent, though the route does not mind.",
		asJWT().with(jti, set("payload", "/sub", `"stranger"`), drop("payload", "/intent"), drop("payload", "/agent_proof"), telling("agent", "subject", "registration", "level")),
		told("subject", "stranger", "level", "jwt"), kills("forward-unverified"), threats("T1"))
	b.accept("no-bundle", "Without a bundle nothing vouches for the agent that a token names.", b.proven().under(es256Policy("draft-00", "", anyBearer)).claiming("/intent", intent, "/agent_proof", agentProof).with(telling("agent", "workflow", "chain_hash", "registration", "subject")),
		told("subject", "patcher"), kills("forward-unverified"), threats("T1"))
	b.accept("absent", "Claims that a token of profile plain does not have have no field.", b.bearer().under(es256Policy("plain", "", anyBearer)).with(drop("payload", "/jti"), drop("payload", "/scope"), telling("jti_hash", "scope", "subject")),
		told("subject", "patcher"))
	b.accept("order", "The order is that of the policy, and one claim may stand in two fields.", b.bearer().under(es256Policy("draft-00", "", anyBearer)).with(
		set("policy", "/forward", list(forwardEntry("x-z", "subject"), forwardEntry("a2", "level"), forwardEntry("remote-user", "subject")))),
		func(c *vectors.Case) {
			c.Expect.Forward = []vectors.Header{{Name: "x-z", Value: []byte("patcher")}, {Name: "a2", Value: []byte("jwt")}, {Name: "remote-user", Value: []byte("patcher")}}
		})
	b.accept("none", "A policy without forward sets nothing and removes nothing.", b.bearer().under(es256Policy("draft-00", "", anyBearer)).with(appendText("request", "/headers", `["x-ajwt-agent","admin"]`)),
		told(), stripped())
	b.rejects(t, []row{
		{"rejected-claim", "A request that does not pass sets nothing: the token is for somebody else.", "claim_aud_mismatch", set("payload", "/aud", `"https://b.example"`), []option{status(401), told(), stripped(), kills("forward-when-rejected")}},
		{"rejected-workflow", "A request that does not pass sets nothing, however late it fails.", "workflow_step_not_allowed", set("policy", "/routes/0/require/steps", `["vuln-patching/plan"]`), []option{status(403), told(), stripped(), kills("forward-when-rejected")}},
		{"rejected-signature", "Nothing of a token whose signature does not hold goes on.", "signature_invalid", token(part(2, flippedFirst)), []option{status(401), told(), stripped()}},
	})
	b.repeated("rejected-replay", "The second use of a proof sets nothing.", t, []step{ok(now), no(now, "replay_proof_reused")}, func(c *vectors.Case) {
		told(all...)(&vectors.Case{Expect: &c.Requests[0].Expect})
		told()(&vectors.Case{Expect: &c.Requests[1].Expect})
	}, kills("forward-when-rejected"))
}

func forwardValues(b *builder) {
	b.refs = []string{refForward, "RFC 9110, section 5.5"}
	bearer := func(claims ...string) scene {
		return b.bearer().under(es256Policy("draft-00", "", anyBearer)).with(telling(claims...))
	}
	t := b.accept("plain", "Letters, digits and -._~:/@ stand for themselves.", bearer("subject").claiming("/sub", `"https://x.example/~A_z-09.b:c@d"`), told("subject", "https://x.example/~A_z-09.b:c@d"))
	for _, c := range []struct{ slug, what, sub, value string }{
		{"blank", "A blank", "patcher admin", "patcher%20admin"},
		{"blanks-outside", "A blank in front and one behind", " patcher ", "%20patcher%20"},
		{"comma", "A comma, which joins the values of fields,", "patcher, admin", "patcher%2C%20admin"},
		{"semicolon", "A semicolon, which begins a parameter,", "patcher;role=admin", "patcher%3Brole%3Dadmin"},
		{"quotes", "A quotation mark", `"patcher"`, "%22patcher%22"},
		{"plus", "A plus, which who decodes forms takes for a blank,", "a+b", "a%2Bb"},
		{"non-ascii", "A letter outside ASCII", "pätcher", "p%C3%A4tcher"},
		{"percent-encoded-break", "An encoded line break that the token already has is encoded again: it", "a%0D%0Ax-ajwt-agent: b", "a%250D%250Ax-ajwt-agent:%20b"},
	} {
		b.near(c.slug, c.what+" is written as % and two digits.", t, set("payload", "/sub", quote(c.sub)), told("subject", c.value), kills("forward-raw"))
	}
	b.near("percent", "A percent sign is encoded too, so that no two subjects give one value.", t, set("payload", "/sub", `"patcher%2Cadmin"`), told("subject", "patcher%252Cadmin"), kills("forward-raw", "forward-percent-plain"))
	b.near("line-separator", "A line separator of Unicode is no control character, and is encoded.", t, set("payload", "/sub", `"a\u2028b"`), told("subject", "a%E2%80%A8b"), kills("forward-raw"))
	b.near("long", "A subject of 256 bytes goes on whole, though its value is three times as long.", t, set("payload", "/sub", quote(strings.Repeat("é", 128))), told("subject", strings.Repeat("%C3%A9", 128)), kills("forward-raw"))
	b.reject("line-break", "A subject with a line break is refused before anything goes on.", t, "claim_sub_invalid", set("payload", "/sub", `"a\r\nx-ajwt-agent: b"`), status(401), told())
	b.reject("zero", "A subject with a zero byte is refused before anything goes on.", t, "claim_sub_invalid", set("payload", "/sub", `"a\u0000b"`), status(401), told())
	s := b.accept("scope", "Scope-tokens are encoded one by one, with a blank between them.", bearer("scope").claiming("/scope", `"repo:read a,b a%2Cb"`), told("scope", "repo:read a%2Cb a%252Cb"), kills("forward-raw"))
	b.near("scope-4096", "A value of 4,096 bytes goes on.", s, set("payload", "/scope", text("s", 4096)), told("scope", strings.Repeat("s", 4096)))
	b.near("scope-4097", "A longer one stays behind: the upstream learns of no scope at all.", s, set("payload", "/scope", text("s", 4097)), told())
	b.near("scope-encoded-4097", "What counts is the length as it is sent.", s, set("payload", "/scope", quote(strings.Repeat(",", 1365)+"ss")), told())
	b.accept("route", "Ids of routes are encoded like claims.", bearer("route").with(set("policy", "/routes/0/id", `"all routes, 100 %"`)), told("route", "all%20routes%2C%20100%20%25"), kills("forward-raw"))
	b.accept("issuer", "The issuer is encoded like the others.", b.bearer().under(policyDoc(anyBearer, issuerText("urn:as;a=1", "draft-00", []string{"ES256"}, serverKeys("ES256")))).claiming("/iss", `"urn:as;a=1"`).with(telling("issuer")),
		told("issuer", "urn:as%3Ba%3D1"), kills("forward-raw"))
}

func forwardObserved(b *builder) {
	b.refs = []string{refForward, "profile, section 12"}
	watched := lawfulHardened().with(set("payload", "/jti", b.name()), telling(forwardWords...), watching(0, "proof", "agent", "delegation", "workflow", "replay"))
	all := patcherTold(b, "ajwt+pop", "pulls", "scope")
	t := b.accept("held", "Where every stage is observed and none fails, every claim goes on.", watched, told(all...))
	upTo := func(level, last string, but ...string) option {
		return toldBut(patcherTold(b, level, "pulls", last), but...)
	}
	after := kills("forward-after-failure")
	b.rejects(t, []row{
		{"proof-missing", "Where the proof is missing only the token's own claims go on.", "proof_header_missing", drop("request", "/headers/1"), []option{noted(), upTo("ajwt", "jti_hash"), after}},
		{"proof-bad", "A proof for another method vouches for no key, and nothing behind it goes on.", "proof_htm_mismatch", set("proof.payload", "/htm", `"PUT"`), []option{noted(), upTo("ajwt", "jti_hash"), after}},
		{"agent-checksum", "An agent with another checksum is not named; the key of its proof is.", "agent_checksum_mismatch", set("payload", "/agent_proof/agent_checksum", quote(hashed("x"))), []option{noted(), upTo("jwt+pop", "key_thumbprint"), after}},
		{"chain-unknown", "A chain that the workflow does not have stays behind, with workflow and scope; the agent is named.", "delegation_chain_unknown", set("payload", "/intent/delegation_chain", quote(longHash("planner", "patcher"))), []option{noted(), upTo("agent+pop", "registration"), after}},
		{"step-of-another", "A step of another agent stays behind, and the scope with it; the chain is named.", "workflow_step_agent_mismatch", set("payload", "/intent/workflow_step", `"scan"`), []option{noted(), upTo("agent+pop", "chain_hash"), after}},
		{"step-not-allowed", "A step that the route does not list stays behind.", "workflow_step_not_allowed", set("policy", "/routes/0/require/steps", `["vuln-patching/plan"]`), []option{noted(), upTo("agent+pop", "chain_hash"), after}},
	})
	b.repeated("replay", "Of a proof that was used before the key stays behind; what the stages before vouch for goes on.", t, []step{ok(now), no(now, "replay_proof_reused")}, observedStep(1), func(c *vectors.Case) {
		told(all...)(&vectors.Case{Expect: &c.Requests[0].Expect})
		upTo("ajwt", "scope", "key_thumbprint")(&vectors.Case{Expect: &c.Requests[1].Expect})
	}, kills("forward-used-key"))
	b.reject("enforced", "A failure that is never only observed lets nothing go on.", t, "claim_aud_mismatch", set("payload", "/aud", `"https://b.example"`), status(401), told(), stripped(), kills("forward-when-rejected"))
}

// stripped pins which of the request's fields do not reach the upstream.
func stripped(names ...string) option {
	return func(c *vectors.Case) { c.Expect.Strip = append([]string{}, names...) }
}

// sending adds fields to the end of a request, each the name of a field with a value that
// lies.
func sending(names ...string) []edit {
	var edits []edit
	for _, name := range names {
		edits = append(edits, appendText("request", "/headers", `[`+quote(name)+`,"admin"]`))
	}
	return edits
}

func forwardStrip(b *builder) {
	b.refs = []string{refForward, "RFC 3875, section 4.1.18"}
	s := b.bearer().under(es256Policy("draft-00", "", anyBearer)).with(telling("subject", "agent"))
	ours := told("subject", "patcher")
	b.accept("clean", "A request that says nothing under the names of forward keeps all of its fields.", s.with(sending("x-request", "accept")...), ours, stripped())
	for _, c := range []struct {
		slug, title string
		sent, goes  []string
		kills       []string
	}{
		{"same-name", "What a client says under a name of forward goes, and ours stands in its place.", []string{"x-ajwt-subject"}, []string{"x-ajwt-subject"}, nil},
		{"nothing-set", "It goes where nothing is set in its place, too.", []string{"x-ajwt-agent"}, []string{"x-ajwt-agent"}, nil},
		{"twice", "Every field of the name goes.", []string{"x-ajwt-subject", "accept", "x-ajwt-subject"}, []string{"x-ajwt-subject", "x-ajwt-subject"}, nil},
		{"other-case", "Letter case makes no difference.", []string{"X-Ajwt-Subject", "X-AJWT-AGENT"}, []string{"X-Ajwt-Subject", "X-AJWT-AGENT"}, []string{"strip-case-sensitive"}},
		{"underscores", "Underscores are hyphens to whoever reads fields as variables.", []string{"x_ajwt_subject", "x-ajwt_agent"}, []string{"x_ajwt_subject", "x-ajwt_agent"}, []string{"strip-underscore-kept"}},
		{"case-and-underscores", "Both together.", []string{"X_Ajwt-SUBJECT"}, []string{"X_Ajwt-SUBJECT"}, []string{"strip-underscore-kept"}},
		{"other-characters", "So are the other characters of a name that are neither letters nor digits.", []string{"x.ajwt.subject", "x~ajwt!agent"}, []string{"x.ajwt.subject", "x~ajwt!agent"}, []string{"strip-underscore-kept"}},
		{"near-names", "Names that are longer, shorter or lack the hyphens are others and stay.", []string{"x-ajwt-subject-2", "x-ajwt", "xajwtsubject", "x--ajwt-subject", "ajwt-subject"}, nil, nil},
	} {
		opts := []option{ours, stripped(c.goes...)}
		if c.goes != nil {
			opts = append(opts, kills(append(c.kills, "strip-nothing")...), threats("T1"))
		}
		b.accept(c.slug, c.title, s.with(sending(c.sent...)...), opts...)
	}
	observed := s.under(es256Policy("draft-00", "", list(observing(`{"level":"jwt","proof":"optional"}`, `["workflow"]`)))).with(telling("subject", "agent"))
	t := b.accept("observed-held", "On a route that observes a client's fields go as ever.", observed.with(sending("X_AJWT_SUBJECT")...), ours, stripped("X_AJWT_SUBJECT"), kills("strip-nothing"))
	b.reject("observed", "They go from an observed rejection too: it passes.", t, "workflow_agent_not_allowed", set("policy", "/routes/0/require", `{"level":"jwt","proof":"optional","agents":["planner"]}`),
		noted(), ours, stripped("X_AJWT_SUBJECT"), kills("strip-nothing"))
}

func policyForward(b *builder) {
	b.refs = []string{refRoutes, refForward}
	t := policyTwin(b, "one", "A policy that forwards one claim loads.", withMember(mark(smallPolicy, "forward"), "/forward", forwardText("agent")))
	const header, claim = "/forward/0/header", "/forward/0/claim"
	loads(b, t, "every-claim", "Every claim can be forwarded.", inText("/forward", forwardText(append(slices.Clone(forwardWords), "policy_digest")...)))
	loads(b, t, "two-fields", "A claim can stand in two fields.", inText("/forward/-", forwardEntry("remote-user", "agent")))
	loads(b, t, "name-64-bytes", "A name has up to 64 bytes.", inText(header, text("a", 64)))
	loads(b, t, "name-one-letter", "A name may be one letter.", inText(header, `"a"`))
	for _, near := range []string{"x-forwardedfor", "hosts", "acceptable", "x-2", "popular", "te-x"} {
		loads(b, t, "name-near-"+near, "The name "+near+" only resembles a reserved one.", inText(header, quote(near)))
	}
	entries := func(n int) string {
		var all []string
		for i := range n {
			all = append(all, forwardEntry(fmt.Sprintf("x-%d", i), "agent"))
		}
		return list(all...)
	}
	loads(b, t, "sixteen", "Sixteen entries are admitted.", inText("/forward", entries(16)))
	fails(b, t, "seventeen", "Seventeen are not.", "policy_limit_exceeded", inText("/forward", entries(17)), "/forward")
	for _, c := range []struct{ slug, title, code, at, value string }{
		{"object", "forward is an array and not an object.", "policy_member_type", "/forward", `{"x-ajwt-agent":"agent"}`},
		{"null", "forward is an array and not null.", "policy_member_type", "/forward", `null`},
		{"entry-string", "An entry is an object.", "policy_member_type", "/forward/0", `"x-ajwt-agent"`},
		{"header-number", "A header is a string.", "policy_member_type", header, `1`},
		{"claim-array", "A claim is a string.", "policy_member_type", claim, `["agent"]`},
	} {
		fails(b, t, c.slug, c.title, c.code, inText(c.at, c.value), c.at)
	}
	fails(b, t, "empty", "forward has at least one entry.", "policy_member_value", inText("/forward", "[]"), "/forward")
	fails(b, t, "header-missing", "An entry has a header.", "policy_member_missing", outOf(header), header)
	fails(b, t, "claim-missing", "An entry has a claim.", "policy_member_missing", outOf(claim), claim)
	fails(b, t, "unknown", "An entry has no other members.", "policy_member_unknown", inText("/forward/0/as", `"x"`), "/forward/0/as")
	for _, c := range []string{"sub", "Agent", "act", "aud", "", "token", "jti"} {
		slug := "claim-" + strings.ToLower(c) + caseMark(c)
		if c == "" {
			slug = "claim-empty"
		}
		fails(b, t, slug, "The claim "+quote(c)+" cannot be forwarded.", "policy_member_value", inText(claim, quote(c)), claim)
	}
	for _, c := range []struct{ slug, name string }{{"empty", ""}, {"65-bytes", strings.Repeat("a", 65)}, {"capitals", "X-Agent"}, {"underscore", "x_agent"}, {"dot", "x.agent"}, {"blank", "x agent"},
		{"digit-first", "2-agent"}, {"hyphen-first", "-agent"}, {"pseudo", ":path"}, {"line-break", "x-agent\r\nhost"}, {"non-ascii", "x-ägent"}, {"colon", "x-agent:"}} {
		opts := []option{}
		if !slices.Contains([]string{"empty", "65-bytes", "line-break"}, c.slug) {
			opts = append(opts, kills("forward-name-unchecked"))
		}
		failsWith(b, t, "name-"+c.slug, "A name is a letter, then letters, digits and hyphens in lower case, at most 64 bytes: not "+quote(c.name)+".", header, quote(c.name), opts...)
	}
	for _, name := range []string{"host", "authorization", "proxy-authorization", "dpop", "signature", "signature-input", "pop", "x-pop-timestamp", "content-length", "content-type", "content-digest",
		"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "expect", "cookie", "set-cookie", "forwarded", "via", "x-forwarded-for", "x-forwarded-proto", "x-forwarded", "x-real-ip",
		"x-original-url", "x-rewrite-url", "x-http-method-override", "x-envoy-original-path", "x-request-id", "mcp-method", "accept", "accept-encoding", "if-none-match", "range", "origin", "sec-fetch-site",
		"access-control-request-method", "cache-control", "http2-settings", "user-agent"} {
		failsWith(b, t, "reserved-"+name, "The field "+name+" has a meaning of its own in requests.", header, quote(name), kills("forward-reserved-name"))
	}
	fails(b, t, "name-twice", "A name stands once.", "policy_id_duplicate", inText("/forward/-", forwardEntry("x-ajwt-agent", "step")), "/forward/1/header")
	fails(b, t, "several", "Every fault is named at once.", "policy_member_value",
		inText("/forward", list(forwardEntry("X-Agent", "aud"), `7`, `{}`, forwardEntry("x-a", "agent"), `{"header":"x-a","claim":"step","as":1}`)),
		"/forward/0/header", "/forward/0/claim", "/forward/1", "/forward/2/header", "/forward/2/claim", "/forward/4/header", "/forward/4/as")
}

// failsWith is fails for one value, with options.
func failsWith(b *builder, t twin, slug, title, at, value string, opts ...option) {
	quoted := t
	quoted.input = policyInput(t.input)
	b.refuse(slug, title, quoted, "policy_member_value", set("input", "/policy", quote(inText(at, value).applyText(t.input))), append(opts, pointers(at), level("PROFILE"))...)
}
