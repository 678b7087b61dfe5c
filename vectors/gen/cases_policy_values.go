package main

import (
	"strings"
)

// value makes a case for one member of the twin with a value that is not admitted.
type badValue struct{ slug, title, pointer, value string }

func badValues(b *builder, t twin, rows []badValue) {
	for _, r := range rows {
		fails(b, t, r.slug, r.title, "policy_member_value", inText(r.pointer, r.value), r.pointer)
	}
}

func policyValues(b *builder) {
	b.refs = []string{refRoutes}
	t := policyTwin(b, "small", "A small policy of admitted values loads.", mark(smallPolicy, "values"))
	badValues(b, t, []badValue{
		{"issuers-empty", "A policy has at least one issuer.", "/issuers", "[]"},
		{"issuer-empty", "An issuer is not the empty string.", "/issuers/0/issuer", `""`},
		{"issuer-control", "An issuer holds no control character.", "/issuers/0/issuer", `"https://as.example\n"`},
		{"issuer-513-bytes", "An issuer has at most 512 bytes.", "/issuers/0/issuer", text("i", 513)},
		{"profile-unknown", "The profile draft-01 does not exist.", "/issuers/0/profile", `"draft-01"`},
		{"profile-case", "Profiles compare with regard to case.", "/issuers/0/profile", `"Hardened"`},
		{"profile-empty", "The empty profile does not exist.", "/issuers/0/profile", `""`},
		{"audiences-empty", "An issuer has at least one audience.", "/issuers/0/audiences", "[]"},
		{"audience-empty", "An audience is not the empty string.", "/issuers/0/audiences/0", `""`},
		{"algorithms-empty", "An issuer has at least one algorithm.", "/issuers/0/algorithms", "[]"},
		{"algorithm-none", "The algorithm none cannot be listed.", "/issuers/0/algorithms/0", `"none"`},
		{"algorithm-hs256", "A symmetric algorithm cannot be listed.", "/issuers/0/algorithms/0", `"HS256"`},
		{"algorithm-eddsa", "EdDSA cannot be listed: algorithms are named in full.", "/issuers/0/algorithms/0", `"EdDSA"`},
		{"algorithm-rs512", "RS512 is none of the profile's algorithms.", "/issuers/0/algorithms/0", `"RS512"`},
		{"algorithm-case", "Algorithms compare with regard to case.", "/issuers/0/algorithms/0", `"es256"`},
		{"jwks-uri-http", "A key set is fetched over https.", "/issuers/0/jwks_uri", `"http://as.example/jwks.json"`},
		{"jwks-uri-ftp", "A key set is not fetched over ftp.", "/issuers/0/jwks_uri", `"ftp://as.example/jwks.json"`},
		{"jwks-uri-relative", "jwks_uri is absolute.", "/issuers/0/jwks_uri", `"/jwks.json"`},
		{"jwks-uri-userinfo", "jwks_uri has no user information.", "/issuers/0/jwks_uri", `"https://user@as.example/jwks.json"`},
		{"jwks-uri-fragment", "jwks_uri has no fragment.", "/issuers/0/jwks_uri", `"https://as.example/jwks.json#1"`},
		{"jwks-uri-host-missing", "jwks_uri has a host.", "/issuers/0/jwks_uri", `"https:///jwks.json"`},
		{"jwks-uri-localhost-prefix", "A host that begins with localhost is another one.", "/issuers/0/jwks_uri", `"http://localhost.evil.example/jwks.json"`},
		{"types-empty", "An issuer has at least one type.", "/issuers/0/types", "[]"},
		{"skew-fraction", "A skew is an integer.", "/issuers/0/clock_skew_seconds", "10.5"},
		{"skew-exponent", "A skew is written in plain digits.", "/issuers/0/clock_skew_seconds", "1e1"},
	})
	reserved := policyTwin(b, "type-listed", "A policy with one type loads.", withMember(mark(smallPolicy, "values"), "/issuers/0/types", `["JWT"]`))
	for _, typ := range []string{"dpop+jwt", "ajwt-bundle+jwt", "ajwt-delegation+jwt", "ajwt-revocations+jwt", "application/dpop+jwt", "DPOP+JWT", "Application/AJWT-Bundle+JWT"} {
		fails(b, reserved, "type-"+strings.ToLower(strings.NewReplacer("/", "-", "+", "-").Replace(typ))+caseMark(typ), "A token can never have the typ "+typ+".", "policy_member_value",
			inText("/issuers/0/types/0", quote(typ)), "/issuers/0/types/0")
	}
	fails(b, reserved, "type-empty", "A type is not the empty string.", "policy_member_value", inText("/issuers/0/types/0", `""`), "/issuers/0/types/0")
	fails(b, reserved, "type-blank", "A type holds no blank.", "policy_member_value", inText("/issuers/0/types/0", `"JWT "`), "/issuers/0/types/0")
	for _, m := range []struct {
		at              string
		least, greatest int64
	}{
		{"/issuers/0/clock_skew_seconds", 0, 60}, {"/issuers/0/max_token_lifetime_seconds", 1, 86400}, {"/proof/max_age_seconds", 1, 3600}, {"/proof/nonce/slot_seconds", 1, 3600},
		{"/replay/capacity", 1, 16777216}, {"/limits/links", 1, 15}, {"/limits/token_bytes", 1, 65536}, {"/limits/json_depth", 1, 64}, {"/limits/json_members", 1, 4096},
		{"/limits/scopes", 1, 1024}, {"/limits/keys", 1, 131072}, {"/limits/header_pairs", 1, 1024},
	} {
		slug := slugOf(m.at)
		loads(b, t, slug+"-least", "The least value of "+m.at+" is admitted.", alone(m.at, num(m.least)))
		loads(b, t, slug+"-greatest", "The greatest value of "+m.at+" is admitted.", alone(m.at, num(m.greatest)))
		fails(b, t, slug+"-below", "A value below the least one of "+m.at+" is not admitted.", "policy_member_value", alone(m.at, num(m.least-1)), m.at)
		fails(b, t, slug+"-above", "A value above the greatest one of "+m.at+" is not admitted.", "policy_member_value", alone(m.at, num(m.greatest+1)), m.at)
	}
	fails(b, t, "replay-per-key-below", "The share of a key is at least one entry.", "policy_member_value", alone("/replay/per_key", "0"), "/replay/per_key")
	w := policyTwin(b, "wide", "A policy of admitted values in every member loads.", mark(widePolicy, "values"))
	badValues(b, w, []badValue{
		{"methods-empty", "proof.methods has at least one entry.", "/proof/methods", "[]"},
		{"methods-unknown", "The proof method mtls does not exist.", "/proof/methods/0", `"mtls"`},
		{"proof-algorithms-empty", "proof.algorithms has at least one entry.", "/proof/algorithms", "[]"},
		{"proof-algorithm-eddsa", "EdDSA cannot be listed for proofs either.", "/proof/algorithms/0", `"EdDSA"`},
		{"proof-algorithm-hs256", "A symmetric algorithm cannot be listed for proofs.", "/proof/algorithms/0", `"HS256"`},
		{"scope-unknown", "replay.scope is local or shared.", "/replay/scope", `"global"`},
		{"on-outage-unknown", "replay.on_outage is reject or allow.", "/replay/on_outage", `"ignore"`},
		{"cold-start-unknown", "replay.cold_start is reject or allow.", "/replay/cold_start", `"warn"`},
		{"crypto-unknown", "crypto is standard or fast.", "/crypto", `"slow"`},
		{"fetch-empty", "hosts.proxywasm.fetch has at least one entry.", "/hosts/proxywasm/fetch", "[]"},
		{"fetch-origin-empty", "An origin is not the empty string.", "/hosts/proxywasm/fetch/0/origin", `""`},
		{"until-negative", "observe.until is not negative.", "/routes/0/observe/until", "-1"},
		{"until-fraction", "observe.until is a NumericDate of plain digits.", "/routes/0/observe/until", "1767229200.0"},
		{"until-2-53", "observe.until is at most 2^53-1.", "/routes/0/observe/until", "9007199254740992"},
		{"stages-empty", "observe.stages has at least one entry.", "/routes/0/observe/stages", "[]"},
		{"stage-claim", "The stage claim cannot be observed.", "/routes/0/observe/stages/0", `"claim"`},
		{"stage-signature", "The stage signature cannot be observed.", "/routes/0/observe/stages/0", `"signature"`},
		{"stage-unknown", "The stage revocation does not exist.", "/routes/0/observe/stages/0", `"revocation"`},
		{"level-with-flag", "A level of the policy has no flags.", "/routes/0/require/level", `"jwt+pop"`},
		{"level-unknown", "The level none does not exist.", "/routes/0/require/level", `"none"`},
		{"proof-unknown", "require.proof is required or optional.", "/routes/0/require/proof", `"preferred"`},
	})
}

// alone gives a member a value; where it stands in an object of its own, that object
// holds nothing else.
func alone(at, value string) edit {
	path := tokens(at)
	if path[0] == "issuers" {
		return inText(at, value)
	}
	for i := len(path) - 1; i > 0; i-- {
		value = "{" + quote(path[i]) + ":" + value + "}"
	}
	return inText("/"+path[0], value)
}

// caseMark tells slugs of types apart that differ by case.
func caseMark(typ string) string {
	if typ != strings.ToLower(typ) {
		return "-other-case"
	}
	return ""
}

func withMember(policy, pointer, value string) string {
	return inText(pointer, value).applyText(policy)
}

func policyRoutes(b *builder) {
	b.refs = []string{refRoutes, "profile, section 11"}
	t := policyTwin(b, "small", "A policy with one route loads.", mark(smallPolicy, "routes"))
	const path = "/routes/0/match/path"
	badValues(b, t, []badValue{
		{"routes-empty", "A policy has at least one route.", "/routes", "[]"},
		{"id-empty", "The id of a route is not the empty string.", "/routes/0/id", `""`},
		{"id-129-bytes", "The id of a route has at most 128 bytes.", "/routes/0/id", text("r", 129)},
		{"path-empty", "A path is not the empty string.", path, `""`},
		{"path-relative", "A path begins with a slash.", path, `"repos/acme"`},
		{"path-url", "A path is no URL.", path, `"https://api.example/repos"`},
		{"path-query", "A path has no query.", path, `"/repos?x=1"`},
		{"path-fragment", "A path has no fragment.", path, `"/repos#x"`},
		{"path-dot", "A path has no dot segment.", path, `"/repos/./x"`},
		{"path-dot-dot", "A path has no segment of two dots.", path, `"/repos/../x"`},
		{"path-escaped-dots", "Escaped dots are dots.", path, `"/repos/%2e%2e/x"`},
		{"path-double-slash", "A path has no empty segment but a trailing one.", path, `"/repos//x"`},
		{"path-escaped-slash", "A path has no escaped slash.", path, `"/repos%2Fx"`},
		{"path-escaped-backslash", "A path has no escaped backslash.", path, `"/repos%5Cx"`},
		{"path-escaped-control", "A path has no escaped control character.", path, `"/repos%0Ax"`},
		{"path-backslash", "A path has no backslash.", path, `"/repos\\x"`},
		{"path-blank", "A path has no blank.", path, `"/repos/a b"`},
		{"path-unicode", "A path has no letter outside ASCII.", path, `"/repos/é"`},
		{"path-escape-malformed", "A path has no malformed escape.", path, `"/repos/%g0"`},
		{"path-escape-truncated", "A path does not end within an escape.", path, `"/repos/%4"`},
		{"rest-in-the-middle", "/** stands at the end alone.", path, `"/repos/**/x"`},
		{"rest-with-slash", "Nothing follows /**, a slash neither.", path, `"/repos/**/"`},
		{"star", "One star is no pattern.", path, `"/repos/*"`},
		{"star-in-segment", "A star in a segment is no pattern.", path, `"/repos/a*"`},
		{"placeholder-empty", "A placeholder has a name.", path, `"/repos/{}"`},
		{"placeholder-in-segment", "A placeholder takes a whole segment.", path, `"/repos/v{version}"`},
		{"placeholder-open", "A brace that is opened is closed.", path, `"/repos/{owner"`},
		{"placeholder-close", "A brace that is closed was opened.", path, `"/repos/owner}"`},
		{"placeholder-twice", "Two placeholders have two names.", path, `"/repos/{x}/{x}"`},
		{"placeholder-name", "A placeholder's name has letters, digits and _ alone.", path, `"/repos/{owner-id}"`},
		{"placeholder-rest", "A placeholder does not take the rest.", path, `"/repos/{path**}"`},
		{"methods-empty", "match.methods has at least one entry.", "/routes/0/match/methods", "[]"},
		{"host-empty", "match.host is not the empty string.", "/routes/0/match/host", `""`},
		{"host-scheme", "match.host has no scheme.", "/routes/0/match/host", `"https://api.example"`},
		{"host-path", "match.host has no path.", "/routes/0/match/host", `"api.example/x"`},
		{"host-userinfo", "match.host has no user information.", "/routes/0/match/host", `"user@api.example"`},
		{"host-port", "The port of match.host is at most 65535.", "/routes/0/match/host", `"api.example:65536"`},
		{"host-port-zero", "The port of match.host is at least 1.", "/routes/0/match/host", `"api.example:0"`},
		{"scopes-empty", "require.scopes has at least one entry.", "/routes/0/require/scopes", "[]"},
		{"agents-empty", "require.agents has at least one entry.", "/routes/0/require/agents", "[]"},
		{"steps-empty", "require.steps has at least one entry.", "/routes/0/require/steps", "[]"},
		{"bind-empty", "bind has at least one member.", "/routes/0/bind", "{}"},
	})
	entry := func(slug, title, pointer, value string) {
		fails(b, t, slug, title, "policy_member_value", inText(pointer, "["+value+"]"), pointer+"/0")
	}
	entry("method-blank", "A method holds no blank.", "/routes/0/match/methods", `"GET "`)
	entry("method-empty", "A method is not the empty string.", "/routes/0/match/methods", `""`)
	entry("method-star", "Methods are named: a comma joins none.", "/routes/0/match/methods", `"GET,POST"`)
	entry("scope-blank", "A scope is one scope-token.", "/routes/0/require/scopes", `"repo:read repo:write"`)
	entry("scope-quote", "A scope holds no quotation mark.", "/routes/0/require/scopes", `"repo\"read"`)
	entry("scope-unicode", "A scope holds no letter outside ASCII.", "/routes/0/require/scopes", `"läsen"`)
	entry("agent-bar", "An agent id holds no bar.", "/routes/0/require/agents", `"a|b"`)
	entry("agent-129-bytes", "An agent id has at most 128 bytes.", "/routes/0/require/agents", text("a", 129))
	entry("step-without-workflow", "A step is named with its workflow.", "/routes/0/require/steps", `"patch"`)
	entry("step-with-two-slashes", "A step is workflow/step and no more.", "/routes/0/require/steps", `"a/b/c"`)
	entry("step-empty", "A step has a name.", "/routes/0/require/steps", `"vuln-patching/"`)
	entry("step-workflow-empty", "A workflow has a name.", "/routes/0/require/steps", `"/patch"`)
	entry("step-star", "A star stands for no step.", "/routes/0/require/steps", `"vuln-patching/*"`)
	entry("issuer-unknown", "require.issuers names issuers of the policy.", "/routes/0/require/issuers", `"https://other.example"`)
	entry("issuer-trailing-slash", "Issuers compare byte for byte.", "/routes/0/require/issuers", `"https://as.example/"`)
	bind := func(slug, title, template string) {
		fails(b, t, "bind-"+slug, title, "policy_member_value", inText("/routes/0/bind", `{"repository":`+template+`}`), "/routes/0/bind/repository")
	}
	bind("literal", "A template has a placeholder.", `"acme/app"`)
	bind("empty-text", "A template is not empty.", `""`)
	bind("unknown-placeholder", "A template's placeholders are those of the path.", `"{owner}/{project}"`)
	bind("adjacent", "Between two placeholders something stands, else two requests give one value.", `"{owner}{repo}"`)
	bind("hyphen-between", "Between two placeholders only a slash may stand.", `"{owner}-{repo}"`)
	bind("slash-and-more-between", "Between two placeholders only a slash may stand, and nothing beside it.", `"{owner}/x/{repo}"`)
	bind("open", "A brace that is opened is closed.", `"{owner"`)
	bind("close", "A brace that is closed was opened.", `"{owner}}"`)
	for _, p := range []struct{ slug, path string }{
		{"root", "/"}, {"rest", "/**"}, {"rest-below", "/files/**"}, {"placeholder-and-rest", "/{tenant}/**"}, {"trailing-slash", "/repos/"}, {"escape", "/repos/%C3%A9"},
		{"escaped-letter", "/%72epos"}, {"sub-delimiters", "/a;v=1/b,c/d'(e)"}, {"placeholder-alone", "/{x}"},
	} {
		loads(b, t, "path-"+p.slug+"-admitted", "The path "+p.path+" is admitted.", inText(path, quote(p.path)))
	}
	for _, p := range []struct{ slug, template string }{{"one", "{owner}"}, {"two", "{owner}/{repo}"}, {"literals", "repo:{repo}@main"}, {"twice", "{repo}/{repo}"}, {"reversed", "{repo}/{owner}"}} {
		loads(b, t, "bind-"+p.slug+"-admitted", "The template "+p.template+" is admitted.", inText("/routes/0/bind", `{"x":`+quote(p.template)+`}`))
	}
	for _, p := range []struct{ slug, host string }{{"name", "api.example"}, {"port", "api.example:8443"}, {"ipv4", "192.0.2.1"}, {"ipv6", "[2001:db8::1]:443"}, {"upper-case", "API.Example"}} {
		loads(b, t, "host-"+p.slug+"-admitted", "The host "+p.host+" is admitted.", inText("/routes/0/match/host", quote(p.host)))
	}
}

// hardenedToo adds an issuer of profile hardened.
const hardenedToo = `{"issuer":"https://strict.example","profile":"hardened","audiences":["https://api.example"],"algorithms":["ES256"],"jwks_uri":"https://strict.example/jwks.json"}`

func policyConflicts(b *builder) {
	b.refs = []string{refRoutes}
	t := policyTwin(b, "small", "A policy without contradictions loads.", mark(smallPolicy, "conflicts"))
	conflict := func(t twin, slug, title string, e edit, at string) {
		fails(b, t, slug, title, "policy_member_conflict", e, at)
	}
	conflict(t, "jwks-twice", "An issuer has jwks or jwks_uri, not both.", inText("/issuers/0/jwks", jwks(testKey("p256-a").entry("es256-1", "ES256"))), "/issuers/0/jwks_uri")
	optional := policyTwin(b, "optional-draft-00", "draft-00 admits a route with an optional proof.", withMember(mark(smallPolicy, "conflicts"), "/routes/0/require/proof", `"optional"`))
	conflict(optional, "optional-hardened", "A route that hardened can reach has no optional proof.", inText("/issuers/0/profile", `"hardened"`), "/routes/0/require/proof")
	conflict(optional, "optional-default-profile", "hardened is the default profile.", outOf("/issuers/0/profile"), "/routes/0/require/proof")
	apart := policyTwin(b, "optional-apart", "A route with an optional proof that names the issuer of draft-00 loads beside one of hardened.",
		withMember(withMember(mark(smallPolicy, "conflicts"), "/issuers/-", hardenedToo), "/routes/0/require", `{"level":"jwt","proof":"optional","issuers":["https://as.example"]}`))
	conflict(apart, "optional-other-issuer", "The same route that names the issuer of hardened contradicts itself.", inText("/routes/0/require/issuers/0", `"https://strict.example"`), "/routes/0/require/proof")
	conflict(apart, "optional-any-issuer", "The same route that names no issuer can be reached by hardened.", outOf("/routes/0/require/issuers"), "/routes/0/require/proof")
	outage := policyTwin(b, "outage-draft-00", "draft-00 admits an outage of the replay memory.", withMember(mark(smallPolicy, "conflicts"), "/replay", `{"on_outage":"allow"}`))
	conflict(outage, "outage-hardened", "hardened does not.", inText("/issuers/0/profile", `"hardened"`), "/replay/on_outage")
	share := policyTwin(b, "per-key-equal", "per_key may be as large as capacity.", withMember(mark(smallPolicy, "conflicts"), "/replay", `{"capacity":8,"per_key":8}`))
	conflict(share, "per-key-larger", "per_key is at most capacity.", inText("/replay/per_key", "9"), "/replay/per_key")
	for _, m := range []struct{ member, value string }{{"agents", `["patcher"]`}, {"steps", `["vuln-patching/patch"]`}} {
		one := policyTwin(b, m.member+"-one-issuer", "With several issuers a route with "+m.member+" names one of them.",
			withMember(withMember(mark(smallPolicy, "conflicts"), "/issuers/-", hardenedToo), "/routes/0/require", `{"level":"jwt","issuers":["https://as.example"],"`+m.member+`":`+m.value+`}`))
		conflict(one, m.member+"-any-issuer", "With several issuers a route with "+m.member+" cannot leave the issuer open.", outOf("/routes/0/require/issuers"), "/routes/0/require/"+m.member)
		conflict(one, m.member+"-two-issuers", "With several issuers a route with "+m.member+" cannot name two.", inText("/routes/0/require/issuers", `["https://as.example","https://strict.example"]`), "/routes/0/require/"+m.member)
	}
	leveled := policyTwin(b, "level-written", "With issuers of several profiles a route that says its level loads.", withMember(mark(smallPolicy, "conflicts"), "/issuers/-", hardenedToo))
	fails(b, leveled, "level-missing", "With issuers of several profiles the level must be written.", "policy_member_missing", inText("/routes/0/require", `{"proof":"required"}`), "/routes/0/require/level")
	fails(b, leveled, "require-missing", "With issuers of several profiles the level must be written, so require cannot be left out.", "policy_member_missing", outOf("/routes/0/require"), "/routes/0/require/level")
	policyDuplicates(b)
}

func policyDuplicates(b *builder) {
	t := policyTwin(b, "wide", "A policy in which nothing stands twice loads.", mark(widePolicy, "conflicts"))
	for _, d := range []struct{ slug, pointer, entry string }{
		{"audience", "/issuers/0/audiences", `"urn:api"`}, {"algorithm", "/issuers/0/algorithms", `"ES256"`}, {"type", "/issuers/0/types", `"JWT"`},
		{"proof-algorithm", "/proof/algorithms", `"ES256"`}, {"method", "/routes/0/match/methods", `"POST"`}, {"scope", "/routes/0/require/scopes", `"repo:write"`},
		{"step", "/routes/0/require/steps", `"vuln-patching/patch"`}, {"agent", "/routes/0/require/agents", `"patcher"`}, {"required-issuer", "/routes/0/require/issuers", `"https://as.example"`},
		{"stage", "/routes/0/observe/stages", `"workflow"`}, {"proof-method", "/proof/methods", `"dpop"`},
	} {
		n := len(mustParse(jwkMember(t.input, d.pointer)).children)
		fails(b, t, "twice-"+d.slug, "An entry of "+d.pointer+" stands twice.", "policy_id_duplicate", inText(d.pointer+"/-", d.entry), d.pointer+"/"+num(int64(n)))
	}
	s := policyTwin(b, "two-issuers", "A policy with two issuers loads.", withMember(mark(smallPolicy, "duplicates"), "/issuers/-", strings.Replace(hardenedToo, "hardened", "draft-00", 1)))
	fails(b, s, "twice-issuer", "Two issuers have two names.", "policy_id_duplicate", inText("/issuers/1/issuer", `"https://as.example"`), "/issuers/1/issuer")
	r := policyTwin(b, "two-routes", "A policy with two routes loads.", withMember(mark(smallPolicy, "duplicates"), "/routes/-", `{"id":"second","match":{"path":"/x"}}`))
	fails(b, r, "twice-route", "Two routes have two ids.", "policy_id_duplicate", inText("/routes/1/id", `"any"`), "/routes/1/id")
	fails(b, r, "twice-route-escaped", "Two routes have two ids, however they are written.", "policy_id_duplicate", inText("/routes/1/id", `"\u0061ny"`), "/routes/1/id")
	loads(b, r, "same-path", "Two routes may have one path: the first one that matches counts.", inText("/routes/1/match/path", `"/repos/{owner}/{repo}"`))
	loads(b, r, "id-case", "Ids that differ by case are two.", inText("/routes/1/id", `"ANY"`))
	l := policyTwin(b, "route-limit", "As many routes as limits.routes admits load.", withLimits(withMember(mark(smallPolicy, "limits"), "/routes/-", `{"id":"second","match":{"path":"/x"}}`), `"routes":2`))
	fails(b, l, "route-limit-exceeded", "One route more is refused.", "policy_limit_exceeded", inText("/limits/routes", "1"), "/routes")
}

// policyFeatures: what the document can say and this version cannot enforce is a fault,
// never passed over.
func policyFeatures(b *builder) {
	b.refs = []string{refRoutes, "profile, section 15"}
	t := policyTwin(b, "small", "A policy without features of later versions loads.", mark(smallPolicy, "features"))
	cannot := func(slug, title, pointer, value, at string) {
		fails(b, t, slug, title, "policy_feature_unsupported", inText(pointer, value), at)
	}
	cannot("crypto-fast", "Fast cryptography is not in this version.", "/crypto", `"fast"`, "/crypto")
	loads(b, t, "shared-replay", "A replay memory that several processes share is enforced.", inText("/replay", `{"scope":"shared"}`))
	loads(b, t, "message-signatures", "Message signatures beside DPoP are enforced.", inText("/proof", `{"methods":["dpop","httpsig"]}`))
	loads(b, t, "links-optional", "Links that a route does not ask for need no level.", inText("/routes/0/require/links", `"optional"`))
}

// policySeveral: every fault is named at once.
func policySeveral(b *builder) {
	b.refs = []string{refRoutes}
	t := policyTwin(b, "wide", "A policy without faults loads.", mark(widePolicy, "several"))
	several := func(slug, title, code, text string, at ...string) {
		fails(b, t, slug, title, code, inText("", text), at...)
	}
	several("empty-object", "A policy without any member lacks both of the mandatory ones.", "policy_member_missing", `{}`, "/issuers", "/routes")
	several("empty-issuer-and-route", "An empty issuer and an empty route lack all that is mandatory.", "policy_member_missing", `{"issuers":[{}],"routes":[{}]}`,
		"/issuers/0/issuer", "/issuers/0/audiences", "/issuers/0/algorithms", "/issuers/0/jwks", "/routes/0/id", "/routes/0/match")
	several("two-issuers", "Faults of two issuers and of a route are all named.", "policy_member_value",
		`{"issuers":[{"issuer":"https://a.example","profile":"draft-00","audiences":[],"algorithms":["ES256"],"jwks_uri":"https://a.example/jwks"},`+
			`{"issuer":"https://b.example","profile":"draft-00","audiences":["x"],"algorithms":["HS256","none"],"jwks_uri":"http://b.example/jwks"}],`+
			`"routes":[{"id":"r","match":{"path":"repos"},"require":{"level":"high"}}]}`,
		"/issuers/0/audiences", "/issuers/1/algorithms/0", "/issuers/1/algorithms/1", "/issuers/1/jwks_uri", "/routes/0/match/path", "/routes/0/require/level")
	several("different-codes", "The code is that of the first fault; faults of other kinds follow.", "policy_member_type",
		`{"limits":{"scopes":"64"},"issuers":[{"issuer":"https://a.example","profile":"draft-00","audiences":["x","x"],"algorithms":["ES256"],"jwks_uri":"https://a.example/jwks","surprise":1}],`+
			`"routes":[{"id":"r","match":{"path":"/x"},"require":{"level":"jwt"}},{"id":"r","match":{},"require":{"level":"jwt"}}]}`,
		"/limits/scopes", "/issuers/0/audiences/1", "/issuers/0/surprise", "/routes/1/id", "/routes/1/match/path")
	several("unknown-everywhere", "Unknown members are named at every depth.", "policy_member_unknown",
		`{"issuers":[{"issuer":"https://a.example","profile":"draft-00","audiences":["x"],"algorithms":["ES256"],"jwks_uri":"https://a.example/jwks","a":1}],`+
			`"routes":[{"id":"r","match":{"path":"/x","b":1},"require":{"level":"jwt","c":1},"d":1}],"e":1}`,
		"/issuers/0/a", "/routes/0/match/b", "/routes/0/require/c", "/routes/0/d", "/e")
}
