package main

import (
	"strings"
)

// The cases of policies that load or do not. A fault's pointer says where; of several
// faults all are named, in the order of the schema.

var policyTopics = []topic{
	{"policy", "json", policyJSON},
	{"policy", "missing", policyMissing},
	{"policy", "unknown", policyUnknown},
	{"policy", "types", policyTypes},
	{"policy", "values", policyValues},
	{"policy", "routes", policyRoutes},
	{"policy", "conflicts", policyConflicts},
	{"policy", "features", policyFeatures},
	{"policy", "documents", policyDocuments},
	{"policy", "hosts", policyHosts},
	{"policy", "several", policySeveral},
}

// smallPolicy is the shortest policy of draft-00 whose keys are loaded apart.
const smallPolicy = `{"issuers":[{"issuer":"https://as.example","profile":"draft-00","audiences":["https://api.example"],"algorithms":["ES256"],"jwks_uri":"https://as.example/jwks.json"}],` +
	`"routes":[{"id":"any","match":{"path":"/repos/{owner}/{repo}"},"require":{"level":"jwt"}}]}`

// widePolicy has every member that this version enforces, in the order of the schema.
const widePolicy = `{"limits":{"token_bytes":8192,"proof_bytes":4096,"target_bytes":4096,"header_pairs":128,"json_depth":12,"json_members":128,"scopes":32,"audiences":8,"chain":8,"links":7,"body_bytes":65536,"routes":16,"keys":64,"policy_bytes":65536,"key_set_bytes":65536,"bundle_bytes":65536},` +
	`"issuers":[{"issuer":"https://as.example","profile":"draft-00","audiences":["https://api.example","urn:api"],"algorithms":["ES256","RS256"],"jwks_uri":"https://as.example/jwks.json","types":["JWT","at+jwt"],"clock_skew_seconds":10,"max_token_lifetime_seconds":300,"allow_short_hash":true}],` +
	`"proof":{"methods":["dpop"],"algorithms":["Ed25519","ES256"],"max_age_seconds":30,"nonce":{"slot_seconds":60}},` +
	`"replay":{"capacity":1024,"per_key":16,"scope":"local","on_outage":"reject","cold_start":"reject"},` +
	`"hosts":{"proxywasm":{"fetch":[{"origin":"https://as.example","cluster":"as","timeout_ms":2000}],"body":false,"max_bundle_bytes":1048576}},` +
	`"forward":[{"header":"x-ajwt-agent","claim":"agent"},{"header":"x-ajwt-step","claim":"step"}],` +
	`"crypto":"standard",` +
	`"routes":[{"id":"pulls","match":{"methods":["POST","PUT"],"host":"api.example","path":"/repos/{owner}/{repo}/pulls"},` +
	`"require":{"issuers":["https://as.example"],"scopes":["repo:write"],"steps":["vuln-patching/patch"],"agents":["patcher"],"proof":"required","single_use":true,"level":"jwt"},` +
	`"bind":{"repository":"{owner}/{repo}"},"observe":{"until":1767229200,"stages":["workflow"]}}]}`

func policyInput(text string) string { return `{"policy":` + quote(text) + `}` }

// policyTwin adds a policy that loads.
func policyTwin(b *builder, slug, title, text string, opts ...option) twin {
	t := b.value(slug, title, "policy_load", policyInput(text), "", opts...)
	t.input = text
	return t
}

// loads adds a policy that loads: the twin's after an edit.
func loads(b *builder, t twin, slug, title string, e edit, opts ...option) {
	policyTwin(b, slug, title, e.applyText(t.input), opts...)
}

// fails adds a policy that does not load: the twin's after an edit, with the places of
// all its faults. The mutation names the whole text, as the input does.
func fails(b *builder, t twin, slug, title, code string, e edit, at ...string) {
	text := e.applyText(t.input)
	quoted := t
	quoted.input = policyInput(t.input)
	b.refuse(slug, title, quoted, code, set("input", "/policy", quote(text)), pointers(at...), level("PROFILE"))
}

// slugOf makes a slug of a pointer.
func slugOf(pointer string) string {
	return strings.NewReplacer("/", "-", "_", "-").Replace(strings.Trim(pointer, "/"))
}

func inText(pointer, value string) edit { return set("", pointer, value) }
func outOf(pointer string) edit         { return drop("", pointer) }

func policyJSON(b *builder) {
	b.refs = []string{refRoutes, "RFC 8259, section 2"}
	t := policyTwin(b, "small", "A small policy loads.", smallPolicy)
	whole := func(slug, title, code, text string) { fails(b, t, slug, title, code, inText("", text), "") }
	whole("empty", "An empty text is no policy.", "policy_json_syntax", "")
	whole("truncated", "A policy that breaks off is no JSON.", "policy_json_syntax", strings.TrimSuffix(smallPolicy, "}"))
	whole("trailing-bytes", "Bytes after the policy are refused.", "policy_json_syntax", smallPolicy+"x")
	whole("second-value", "A second value after the policy is refused.", "policy_json_syntax", smallPolicy+"{}")
	whole("trailing-comma", "A comma before the end is no JSON.", "policy_json_syntax", strings.TrimSuffix(smallPolicy, "}")+",}")
	whole("comment", "A comment is no JSON.", "policy_json_syntax", "// policy\n"+smallPolicy)
	whole("byte-order-mark", "A byte order mark is no JSON.", "policy_json_syntax", "\ufeff"+smallPolicy)
	whole("yaml", "Another language than JSON is refused.", "policy_json_syntax", "issuers:\n- issuer: https://as.example\n")
	whole("lone-surrogate", "A policy with a lone surrogate is refused.", "policy_json_encoding", strings.Replace(smallPolicy, "any", `\ud800`, 1))
	whole("duplicate-member", "A member that stands twice is refused.", "policy_json_duplicate_member", strings.TrimSuffix(smallPolicy, "}")+`,"crypto":"standard","crypto":"standard"}`)
	whole("duplicate-member-nested", "A member that stands twice deeper down is refused.", "policy_json_duplicate_member", strings.Replace(smallPolicy, `"level":"jwt"`, `"level":"jwt","level":"ajwt"`, 1))
	whole("duplicate-member-escaped", "A member that stands twice, once with an escape in its name, is refused.", "policy_json_duplicate_member",
		strings.Replace(smallPolicy, `"level":"jwt"`, `"level":"jwt","l\u0065vel":"ajwt"`, 1))
	whole("too-deep", "A policy that nests a hundred deep is refused.", "policy_json_too_deep", strings.Replace(smallPolicy, `"any"`, nested(100), 1))
	for _, v := range [][2]string{{"array", "[]"}, {"string", `"policy"`}, {"null", "null"}, {"number", "1"}} {
		whole("not-object-"+v[0], "A policy is an object and not "+v[1]+".", "policy_member_type", v[1])
	}
	loads(b, t, "white-space", "White space in a policy is accepted.", inText("", " \n"+strings.ReplaceAll(smallPolicy, ",", " ,\n\t")+"\r\n"))
	loads(b, t, "escaped-names", "Names with escapes mean the same as without.", inText("", strings.Replace(smallPolicy, `"issuers"`, `"\u0069ssuers"`, 1)))
	w := policyTwin(b, "wide", "A policy with every member that this version enforces loads.", widePolicy)
	loads(b, w, "other-order", "The order of the members does not count.", inText("", `{"routes":`+jwkMember(smallPolicy, "/routes")+`,"issuers":`+jwkMember(smallPolicy, "/issuers")+`}`))
	fit := policyTwin(b, "size-limit", "A policy of as many bytes as limits.policy_bytes admits loads.", sized(smallPolicy, 0))
	fails(b, fit, "size-limit-exceeded", "A policy of one byte more is refused.", "policy_too_large", inText("", sized(smallPolicy, 1)), "")
}

// sized adds limits.policy_bytes to a policy so that its length is that, and extra
// bytes of white space.
func sized(policy string, extra int) string {
	text := withLimits(policy, `"policy_bytes":1000`)
	return text[:len(text)-1] + strings.Repeat(" ", 1000-len(text)+extra) + "}"
}

func policyMissing(b *builder) {
	b.refs = []string{refRoutes}
	t := policyTwin(b, "wide", "A policy in which nothing is missing loads.", mark(widePolicy, "missing"))
	for _, pointer := range []string{"/issuers/0/audiences", "/issuers/0/algorithms", "/hosts/proxywasm/fetch/0/origin", "/hosts/proxywasm/fetch/0/cluster",
		"/routes", "/routes/0/id", "/routes/0/observe/until", "/routes/0/observe/stages"} {
		fails(b, t, slugOf(pointer), "The member "+pointer+" is mandatory.", "policy_member_missing", outOf(pointer), pointer)
	}
	fails(b, t, "issuers-0-jwks", "An issuer has jwks or jwks_uri.", "policy_member_missing", outOf("/issuers/0/jwks_uri"), "/issuers/0/jwks")
	s := policyTwin(b, "small", "A small policy in which nothing is missing loads.", mark(smallPolicy, "missing"))
	for _, pointer := range []string{"/issuers", "/issuers/0/issuer", "/routes/0/match", "/routes/0/match/path"} {
		fails(b, s, slugOf(pointer), "The member "+pointer+" is mandatory.", "policy_member_missing", outOf(pointer), pointer)
	}
	for _, m := range []string{"/limits", "/proof", "/replay", "/hosts", "/forward", "/crypto", "/issuers/0/profile", "/issuers/0/types", "/issuers/0/clock_skew_seconds",
		"/issuers/0/max_token_lifetime_seconds", "/issuers/0/allow_short_hash", "/proof/methods", "/proof/algorithms", "/proof/max_age_seconds", "/proof/nonce", "/proof/nonce/slot_seconds",
		"/replay/capacity", "/replay/per_key", "/replay/scope", "/replay/on_outage", "/replay/cold_start", "/hosts/proxywasm", "/hosts/proxywasm/body",
		"/routes/0/require", "/routes/0/bind", "/routes/0/observe", "/routes/0/match/methods", "/routes/0/match/host", "/routes/0/require/issuers", "/routes/0/require/scopes",
		"/routes/0/require/steps", "/routes/0/require/agents", "/routes/0/require/proof", "/routes/0/require/single_use", "/routes/0/require/level"} {
		loads(b, t, "without-"+slugOf(m), "The member "+m+" is optional.", outOf(m))
	}
}

// mark makes a policy that differs from those of other topics in nothing that counts.
func mark(policy, topic string) string {
	return strings.Replace(policy, "https://api.example", "https://"+topic+".api.example", 1)
}

func policyUnknown(b *builder) {
	b.refs = []string{refRoutes}
	t := policyTwin(b, "wide", "A policy of known members loads.", mark(widePolicy, "unknown"))
	for _, object := range []string{"", "/limits", "/issuers/0", "/proof", "/proof/nonce", "/replay", "/hosts", "/hosts/proxywasm", "/hosts/proxywasm/fetch/0", "/routes/0",
		"/routes/0/match", "/routes/0/require", "/routes/0/observe"} {
		slug := slugOf("/root" + object)
		fails(b, t, slug, "The object at "+quote(object)+" has a member that does not exist.", "policy_member_unknown", inText(object+"/surprise", "1"), object+"/surprise")
	}
	for _, c := range []struct{ slug, title, at string }{
		{"other-case", "A name that differs by case is another one.", "/Crypto"},
		{"misspelt", "A misspelt name is unknown, though the member is optional.", "/issuers/0/clock_skew_second"},
		{"private-use", "There are no members for private use.", "/x-comment"},
		{"comment", "There are no comments.", "/routes/0/$comment"},
		{"slash-in-name", "A slash in a name stands as ~1 in the pointer.", "/routes/0/a~1b"},
		{"tilde-in-name", "A tilde in a name stands as ~0 in the pointer.", "/routes/0/a~0b"},
		{"empty-name", "The empty name is unknown too.", "/routes/0/"},
		{"nonce-keys", "Nonce keys do not stand in a policy.", "/proof/nonce/keys"},
	} {
		fails(b, t, c.slug, c.title, "policy_member_unknown", inText(c.at, `"x"`), c.at)
	}
}

func policyTypes(b *builder) {
	b.refs = []string{refRoutes}
	t := policyTwin(b, "wide", "A policy whose members have the right types loads.", mark(widePolicy, "types"))
	for _, c := range []struct{ pointer, value string }{
		{"/limits", "[]"}, {"/limits/scopes", `"32"`}, {"/limits/routes", "true"},
		{"/issuers/0/profile", "0"}, {"/issuers/0/audiences", `"https://api.example"`}, {"/issuers/0/algorithms", `"ES256"`}, {"/issuers/0/jwks_uri", "null"},
		{"/issuers/0/types", `"JWT"`}, {"/issuers/0/clock_skew_seconds", `"10"`}, {"/issuers/0/max_token_lifetime_seconds", "null"}, {"/issuers/0/allow_short_hash", `"true"`},
		{"/proof", `"dpop"`}, {"/proof/methods", `"dpop"`}, {"/proof/algorithms", "{}"}, {"/proof/max_age_seconds", `"30"`}, {"/proof/nonce", "true"},
		{"/replay", "1024"}, {"/replay/capacity", `"1024"`}, {"/replay/scope", "1"}, {"/replay/cold_start", "true"}, {"/replay/on_outage", "false"},
		{"/hosts", "[]"}, {"/hosts/proxywasm", `"x"`}, {"/hosts/proxywasm/fetch", "{}"}, {"/hosts/proxywasm/body", "1"},
		{"/crypto", "true"}, {"/routes", "{}"}, {"/routes/0/id", "1"}, {"/routes/0/match/methods", `"POST"`}, {"/routes/0/match/host", `["api.example"]`},
		{"/routes/0/require", "[]"}, {"/routes/0/require/scopes", `"repo:write"`}, {"/routes/0/require/steps", "{}"}, {"/routes/0/require/agents", `"patcher"`},
		{"/routes/0/require/proof", "true"}, {"/routes/0/require/single_use", "1"}, {"/routes/0/require/level", "1"},
		{"/routes/0/bind", "[]"}, {"/routes/0/bind/repository", "1"}, {"/routes/0/observe", "true"}, {"/routes/0/observe/until", `"2026-01-01"`}, {"/routes/0/observe/stages", `"workflow"`},
	} {
		fails(b, t, slugOf(c.pointer), "The member "+c.pointer+" is "+c.value+".", "policy_member_type", inText(c.pointer, c.value), c.pointer)
	}
	s := policyTwin(b, "small", "A small policy whose members have the right types loads.", mark(smallPolicy, "types"))
	for _, c := range []struct{ pointer, value string }{
		{"/issuers", "{}"}, {"/issuers/0", "null"}, {"/issuers/0/issuer", "1"}, {"/issuers/0/audiences/0", "null"}, {"/issuers/0/algorithms/0", "256"},
		{"/routes/0", `"any"`}, {"/routes/0/match", `"/repos"`}, {"/routes/0/match/path", `["/repos"]`},
	} {
		fails(b, s, slugOf(c.pointer), "The member "+c.pointer+" is "+c.value+".", "policy_member_type", inText(c.pointer, c.value), c.pointer)
	}
	fails(b, s, "issuers-0-jwks", "The jwks of an issuer is an array.", "policy_member_type",
		inText("/issuers/0", `{"issuer":"https://as.example","profile":"draft-00","audiences":["https://types.api.example"],"algorithms":["ES256"],"jwks":[]}`), "/issuers/0/jwks")
}
