package main

import (
	"strconv"
	"strings"
)

// Claims that name someone or something: iss, sub, jti, aud, scope.

func claimsIss(b *builder) {
	b.refs = []string{"RFC 7519, section 4.1.1", "RFC 8725, section 3.8"}
	t := b.accept("known", "A token of an issuer that the policy names is accepted.", b.bearer())
	b.rejects(t, []row{
		payload("null", "The iss is null.", "key_iss_invalid", "/iss", "null"),
		payload("number", "The iss is a number.", "key_iss_invalid", "/iss", "1"),
		payload("array", "The iss is an array that holds the issuer.", "key_iss_invalid", "/iss", "["+quote(issuerID)+"]"),
		payload("object", "The iss is an object.", "key_iss_invalid", "/iss", "{}"),
		payload("empty", "The iss is the empty string.", "key_iss_invalid", "/iss", `""`),
		payload("unknown", "The policy does not name the issuer.", "key_issuer_unknown", "/iss", quote(otherID), kills("issuer-first")),
		payload("trailing-slash", "An issuer with a trailing slash is another one.", "key_issuer_unknown", "/iss", quote(issuerID+"/"), kills("issuer-prefix")),
		payload("prefix", "A part of an issuer is another one.", "key_issuer_unknown", "/iss", quote(issuerID[:len(issuerID)-1]), kills("issuer-prefix")),
		payload("suffix", "An issuer that goes on is another one.", "key_issuer_unknown", "/iss", quote(issuerID+".evil.example"), kills("issuer-prefix")),
		payload("upper-case", "Issuers compare byte for byte, the host's case too.", "key_issuer_unknown", "/iss", `"https://AS.example"`),
		payload("scheme-case", "Issuers compare byte for byte, the scheme's case too.", "key_issuer_unknown", "/iss", `"HTTPS://as.example"`),
		payload("default-port", "An issuer with the default port written out is another one.", "key_issuer_unknown", "/iss", `"https://as.example:443"`),
		payload("leading-blank", "An issuer after a blank is another one.", "key_issuer_unknown", "/iss", `" https://as.example"`),
		payload("nul", "An issuer that goes on after a NUL is another one.", "key_issuer_unknown", "/iss", `"https://as.example\u0000.evil"`),
		payload("other-path-escape", "An issuer with an escape for one of its letters is another one.", "key_issuer_unknown", "/iss", `"https://%61s.example"`),
	})
	b.nears(t, []accepted{
		payloadNear("json-escapes", "JSON escapes in iss change nothing.", "/iss", `"https:\/\/\u0061s.example"`),
	})
	two := b.accept("two-own-key", "Of two issuers the token's own decides about its key.", b.bearer().named("draft00-two.json"))
	b.reject("two-other-key", "A token is not verified with the key of another issuer of the policy.", two, "key_kid_unknown",
		set("payload", "/iss", quote(otherID)), refs("RFC 8725, section 3.8", "profile, section 4"), kills("keys-of-any-issuer"))
}

// named returns a copy of the scene under a policy of the folder policies.
func (s scene) named(policy string) scene {
	s.policy, s.inline = policy, ""
	return s
}

// text is the JSON text of n times s.
func text(s string, n int) string { return quote(strings.Repeat(s, n)) }

func claimsSub(b *builder) {
	b.refs = []string{"RFC 7519, section 4.1.2", refClaims}
	t := b.accept("agent-id", "A sub that is an agent id is accepted.", b.bearer())
	b.rejects(t, []row{
		payload("null", "The sub is null.", "claim_sub_invalid", "/sub", "null"),
		payload("number", "The sub is a number.", "claim_sub_invalid", "/sub", "7"),
		payload("true", "The sub is true.", "claim_sub_invalid", "/sub", "true"),
		payload("array", "The sub is an array.", "claim_sub_invalid", "/sub", `["patcher"]`),
		payload("object", "The sub is an object.", "claim_sub_invalid", "/sub", `{"id":"patcher"}`),
		payload("empty", "The sub is the empty string.", "claim_sub_invalid", "/sub", `""`),
		payload("nul", "The sub holds a NUL.", "claim_sub_invalid", "/sub", `"patcher\u0000"`),
		payload("line-feed", "The sub holds a line feed.", "claim_sub_invalid", "/sub", `"pat\ncher"`),
		payload("tab", "The sub holds a tab.", "claim_sub_invalid", "/sub", `"\tpatcher"`),
		payload("unit-separator", "The sub holds U+001F.", "claim_sub_invalid", "/sub", `"patcher\u001f"`),
		payload("delete", "The sub holds DEL.", "claim_sub_invalid", "/sub", `"patcher\u007f"`),
	})
	longest := b.near("256-bytes", "A sub of 256 bytes is accepted below level agent.", t, set("payload", "/sub", text("a", 256)))
	b.reject("257-bytes", "A sub of 257 bytes is refused.", longest, "claim_sub_invalid", set("payload", "/sub", text("a", 257)), level("PROFILE"))
	wide := b.near("256-bytes-unicode", "The bound counts bytes of UTF-8: 128 letters of two bytes are accepted.", t, set("payload", "/sub", text("ж", 128)))
	b.reject("258-bytes-unicode", "The bound counts bytes of UTF-8: 129 letters of two bytes are refused.", wide, "claim_sub_invalid", set("payload", "/sub", text("ж", 129)), level("PROFILE"))
	b.nears(t, []accepted{
		payloadNear("legacy-unicode", "Below level agent a sub may hold any text.", "/sub", `"агент №1"`),
		payloadNear("legacy-blank-and-bar", "Below level agent a sub may hold blanks and bars.", "/sub", `"auth0|42 x"`),
		payloadNear("escaped", "JSON escapes in sub change nothing.", "/sub", `"\u0070atcher"`),
	})
	claimsSubAgentID(b)
}

// claimsSubAgentID holds sub to the form of an agent id from level agent up. No twin of
// that level is accepted in this version, since the bundle is not there: the twins
// stand on a route of level jwt and the mutation raises it.
func claimsSubAgentID(b *builder) {
	base := b.bearer().under(es256Policy("draft-00", "", anyBearer))
	for _, c := range []struct{ slug, what, sub string }{
		{"bar", "with the delimiter of the chain hash", `"planner|patcher"`},
		{"blank", "with a blank", `"patch er"`},
		{"unicode", "with a letter outside ASCII that looks like one inside", `"pаtcher"`},
		{"percent", "with a percent sign", `"patcher%20"`},
		{"plus", "with a plus", `"patcher+1"`},
		{"backslash", "with a backslash", `"patch\\er"`},
		{"129-bytes", "of 129 bytes", text("a", 129)},
	} {
		t := b.accept("level-jwt-"+c.slug, "On a route of level jwt a sub "+c.what+" is accepted.", base.claiming("/sub", c.sub))
		b.reject("level-agent-"+c.slug, "On a route of level agent a sub "+c.what+" is refused.", t, "claim_sub_not_agent_id",
			set("policy", "/routes/0/require/level", `"agent"`), kills("agent-id-unchecked"))
	}
	for _, c := range []struct{ slug, title, sub string }{
		{"128-bytes", "A sub of 128 bytes is an agent id: only the missing bundle stops it.", text("a", 128)},
		{"every-character", "A sub of every admissible character is an agent id: only the missing bundle stops it.", `"AZaz09._:@/-"`},
	} {
		t := b.accept("level-jwt-"+c.slug, "On a route of level jwt the same sub is accepted: "+c.slug+".", base.claiming("/sub", c.sub))
		b.reject("level-agent-"+c.slug, c.title, t, "agent_bundle_missing", set("policy", "/routes/0/require/level", `"agent"`))
	}
}

func claimsJti(b *builder) {
	b.refs = []string{"RFC 7519, section 4.1.7", refClaims}
	t := b.accept("string", "A jti that is a string is accepted.", b.bearer())
	b.rejects(t, []row{
		payload("null", "The jti is null.", "claim_jti_invalid", "/jti", "null"),
		payload("number", "The jti is a number.", "claim_jti_invalid", "/jti", "17"),
		payload("false", "The jti is false.", "claim_jti_invalid", "/jti", "false"),
		payload("array", "The jti is an array.", "claim_jti_invalid", "/jti", `["token-1"]`),
		payload("object", "The jti is an object.", "claim_jti_invalid", "/jti", "{}"),
		payload("empty", "The jti is the empty string.", "claim_jti_invalid", "/jti", `""`),
	})
	longest := b.near("256-bytes", "A jti of 256 bytes is accepted.", t, set("payload", "/jti", text("j", 256)))
	b.reject("257-bytes", "A jti of 257 bytes is refused.", longest, "claim_jti_invalid", set("payload", "/jti", text("j", 257)), level("PROFILE"))
	wide := b.near("255-bytes-unicode", "The bound counts bytes of UTF-8: 85 characters of three bytes are accepted.", t, set("payload", "/jti", text("€", 85)))
	b.reject("258-bytes-unicode", "The bound counts bytes of UTF-8: 86 characters of three bytes are refused.", wide, "claim_jti_invalid", set("payload", "/jti", text("€", 86)), level("PROFILE"))
	b.nears(t, []accepted{
		payloadNear("one-byte", "A jti of one byte is accepted.", "/jti", `"1"`),
		payloadNear("any-characters", "A jti may hold any characters.", "/jti", `"\u0000 |\n€"`),
	})
}

func claimsAud(b *builder) {
	b.refs = []string{"RFC 7519, section 4.1.3", "RFC 8725, section 3.9"}
	t := b.accept("string", "An aud that is our audience as a string is accepted.", b.bearer())
	ours := quote(audience)
	b.rejects(t, []row{
		payload("other", "The aud is another resource server's.", "claim_aud_mismatch", "/aud", `"https://other-api.example"`, kills("skip-aud")),
		payload("prefix", "The aud is a part of our audience.", "claim_aud_mismatch", "/aud", `"https://api.exampl"`, kills("skip-aud", "aud-substring")),
		payload("suffix-domain", "The aud begins with our audience and goes on.", "claim_aud_mismatch", "/aud", `"https://api.example.evil.example"`, kills("skip-aud", "aud-substring")),
		payload("path", "The aud is our audience with a path.", "claim_aud_mismatch", "/aud", `"https://api.example/v1"`, kills("skip-aud", "aud-substring")),
		payload("trailing-slash", "The aud is our audience with a trailing slash.", "claim_aud_mismatch", "/aud", `"https://api.example/"`, kills("skip-aud", "aud-substring")),
		payload("inside", "Our audience stands inside the aud.", "claim_aud_mismatch", "/aud", `"x https://api.example x"`, kills("skip-aud", "aud-substring")),
		payload("host-case", "Audiences compare byte for byte, the host's case too.", "claim_aud_mismatch", "/aud", `"https://API.example"`, kills("skip-aud")),
		payload("scheme-case", "Audiences compare byte for byte, the scheme's case too.", "claim_aud_mismatch", "/aud", `"HTTPS://api.example"`, kills("skip-aud")),
		payload("http", "The aud has another scheme.", "claim_aud_mismatch", "/aud", `"http://api.example"`, kills("skip-aud")),
		payload("default-port", "The aud has the default port written out.", "claim_aud_mismatch", "/aud", `"https://api.example:443"`, kills("skip-aud")),
		payload("host-alone", "The aud is the host alone.", "claim_aud_mismatch", "/aud", `"api.example"`, kills("skip-aud")),
		payload("leading-blank", "The aud has a blank in front.", "claim_aud_mismatch", "/aud", `" https://api.example"`, kills("skip-aud")),
		payload("trailing-nul", "The aud goes on after a NUL.", "claim_aud_mismatch", "/aud", `"https://api.example\u0000"`, kills("skip-aud")),
		payload("look-alike", "The aud has a Cyrillic letter for a Latin one.", "claim_aud_mismatch", "/aud", `"https://аpi.example"`, kills("skip-aud")),
		payload("wildcard", "A star in the aud stands for nothing but itself.", "claim_aud_mismatch", "/aud", `"*"`, kills("skip-aud")),
		payload("wildcard-host", "A star in the aud's host stands for nothing but itself.", "claim_aud_mismatch", "/aud", `"https://*.example"`, kills("skip-aud")),
		payload("space-delimited", "A string of several audiences is one audience, and not ours.", "claim_aud_mismatch", "/aud", `"https://api.example https://b.example"`, kills("skip-aud", "aud-substring")),
		payload("comma-delimited", "A string of audiences with commas is one audience, and not ours.", "claim_aud_mismatch", "/aud", `"https://api.example,https://b.example"`, kills("skip-aud", "aud-substring")),
		payload("issuer", "The aud is the issuer.", "claim_aud_mismatch", "/aud", quote(issuerID), kills("skip-aud")),
		payload("array-of-others", "No entry of the aud is ours.", "claim_aud_mismatch", "/aud", `["https://b.example","https://c.example"]`, kills("skip-aud")),
		payload("array-joined", "Entries do not join: the aud has our audience in two parts.", "claim_aud_mismatch", "/aud", `["https://","api.example"]`, kills("skip-aud")),
		payload("null", "The aud is null.", "claim_aud_invalid", "/aud", "null"),
		payload("number", "The aud is a number.", "claim_aud_invalid", "/aud", "1"),
		payload("true", "The aud is true.", "claim_aud_invalid", "/aud", "true"),
		payload("object", "The aud is an object with our audience as a member.", "claim_aud_invalid", "/aud", `{"0":`+ours+`}`),
		payload("empty-string", "The aud is the empty string.", "claim_aud_invalid", "/aud", `""`),
		payload("empty-array", "The aud is an empty array.", "claim_aud_invalid", "/aud", "[]", kills("aud-empty-array-accepted")),
		payload("array-with-number", "An entry of the aud is a number, though another one is ours.", "claim_aud_invalid", "/aud", "["+ours+",1]"),
		payload("array-with-null", "An entry of the aud is null, though another one is ours.", "claim_aud_invalid", "/aud", "[null,"+ours+"]"),
		payload("array-nested", "An entry of the aud is an array that holds our audience.", "claim_aud_invalid", "/aud", "[["+ours+"]]"),
		payload("array-with-empty", "An entry of the aud is the empty string, though another one is ours.", "claim_aud_invalid", "/aud", `[`+ours+`,""]`),
	})
	b.nears(t, []accepted{
		payloadNear("array-of-one", "An aud of one entry, ours, is accepted.", "/aud", "["+ours+"]"),
		payloadNear("array-first", "Our audience as the first entry is enough.", "/aud", "["+ours+`,"https://b.example"]`),
		payloadNear("array-last", "Our audience as the last entry is enough.", "/aud", `["https://b.example",`+ours+`]`, kills("aud-first-entry-only")),
		payloadNear("array-twice", "Our audience may stand twice.", "/aud", "["+ours+","+ours+"]"),
		payloadNear("json-escapes", "JSON escapes in aud change nothing.", "/aud", `"https:\/\/\u0061pi.example"`),
	})
	sixteen := b.near("array-of-16", "An aud of 16 entries, ours the last one, is accepted.", t, set("payload", "/aud", audiences(15)))
	b.reject("array-of-17", "An aud of 17 entries is refused.", sixteen, "claim_aud_too_many", set("payload", "/aud", audiences(16)),
		refs("profile, section 17"), level("PROFILE"), kills("aud-unlimited"))
	several := es256Policy("draft-00", "", anyBearer)
	several = strings.Replace(several, `"audiences":[`+ours+`]`, `"audiences":["https://b.example",`+ours+`]`, 1)
	second := b.accept("policy-second", "Where the policy names two audiences the second one is ours too.", b.bearer().under(several))
	b.reject("policy-neither", "Where the policy names two audiences a third one is not ours.", second, "claim_aud_mismatch", set("payload", "/aud", `"https://c.example"`), kills("skip-aud"))
	limited := b.accept("limit-1", "With limits.audiences of 1 one entry is accepted.",
		b.bearer().claiming("/aud", "["+ours+"]").under(withLimits(es256Policy("draft-00", "", anyBearer), `"audiences":1`)))
	b.reject("limit-1-exceeded", "With limits.audiences of 1 two entries are refused.", limited, "claim_aud_too_many",
		set("payload", "/aud", "["+ours+`,"https://b.example"]`), refs("profile, section 17"), level("PROFILE"), kills("aud-unlimited"))
}

// withLimits adds the member limits to a policy.
func withLimits(policy, members string) string {
	return policy[:len(policy)-1] + `,"limits":{` + members + `}}`
}

// audiences is an aud of n foreign entries and ours.
func audiences(n int) string {
	list := make([]string, n, n+1)
	for i := range list {
		list[i] = "https://" + strconv.Itoa(i) + ".example"
	}
	return quoteAll(append(list, audience))
}

// scopes is n different scope-tokens.
func scopes(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = "s" + strconv.Itoa(i)
	}
	return strings.Join(list, " ")
}

func claimsScope(b *builder) {
	b.refs = []string{"RFC 6749, section 3.3", refClaims}
	t := b.accept("one", "A scope of one scope-token is accepted.", b.bearer())
	b.rejects(t, []row{
		payload("empty", "The scope is the empty string.", "claim_scope_invalid", "/scope", `""`, kills("scope-lax")),
		payload("blank", "The scope is one blank.", "claim_scope_invalid", "/scope", `" "`, kills("scope-lax")),
		payload("leading-blank", "The scope begins with a blank.", "claim_scope_invalid", "/scope", `" repo:read"`, kills("scope-lax")),
		payload("trailing-blank", "The scope ends with a blank.", "claim_scope_invalid", "/scope", `"repo:read "`, kills("scope-lax")),
		payload("double-blank", "Two blanks stand between two scope-tokens.", "claim_scope_invalid", "/scope", `"repo:read  repo:write"`, kills("scope-lax")),
		payload("tab", "A tab stands between two scope-tokens.", "claim_scope_invalid", "/scope", `"repo:read\trepo:write"`, kills("scope-lax")),
		payload("line-feed", "A line feed stands between two scope-tokens.", "claim_scope_invalid", "/scope", `"repo:read\nrepo:write"`, kills("scope-lax")),
		payload("no-break-space", "A no-break space stands between two scope-tokens.", "claim_scope_invalid", "/scope", `"repo:read\u00a0repo:write"`, kills("scope-lax")),
		payload("quote", "A scope-token holds a quotation mark.", "claim_scope_invalid", "/scope", `"repo\"read"`, kills("scope-lax")),
		payload("backslash", "A scope-token holds a backslash.", "claim_scope_invalid", "/scope", `"repo\\read"`, kills("scope-lax")),
		payload("unicode", "A scope-token holds a letter outside ASCII.", "claim_scope_invalid", "/scope", `"repo:réad"`, kills("scope-lax")),
		payload("nul", "A scope-token holds a NUL.", "claim_scope_invalid", "/scope", `"repo:read\u0000"`, kills("scope-lax")),
		payload("delete", "A scope-token holds DEL.", "claim_scope_invalid", "/scope", `"repo:read\u007f"`, kills("scope-lax")),
		payload("array", "The scope is an array, as only the prototype writes it.", "claim_scope_invalid", "/scope", `["repo:read"]`),
		payload("empty-array", "The scope is an empty array.", "claim_scope_invalid", "/scope", `[]`),
		payload("null", "The scope is null.", "claim_scope_invalid", "/scope", `null`),
		payload("number", "The scope is a number.", "claim_scope_invalid", "/scope", `1`),
		payload("true", "The scope is true.", "claim_scope_invalid", "/scope", `true`),
		payload("object", "The scope is an object.", "claim_scope_invalid", "/scope", `{"repo:read":true}`),
	})
	b.nears(t, []accepted{
		payloadNear("several", "A scope of several scope-tokens is accepted.", "/scope", `"repo:read repo:write admin"`),
		payloadNear("every-character", "A scope-token may hold every visible ASCII character but quotation mark and backslash.", "/scope",
			`"!#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`+"`"+`abcdefghijklmnopqrstuvwxyz{|}~"`),
		payloadNear("comma", "A comma is a character of a scope-token.", "/scope", `"repo:read,repo:write"`),
		payloadNear("repeated", "A scope-token may stand twice.", "/scope", `"repo:read repo:read"`),
	})
	most := b.near("64-entries", "A scope of 64 scope-tokens is accepted.", t, set("payload", "/scope", quote(scopes(64))))
	b.reject("65-entries", "A scope of 65 scope-tokens is refused.", most, "claim_scope_too_many", set("payload", "/scope", quote(scopes(65))),
		refs("profile, section 17"), level("PROFILE"), kills("scope-unlimited"))
	b.near("64-entries-repeated", "Repeats count once: 64 scope-tokens, each twice, are accepted.", t, set("payload", "/scope", quote(scopes(64)+" "+scopes(64))),
		kills("scope-repeats-counted"))
	limited := b.accept("limit-1", "With limits.scopes of 1 one scope-token is accepted, twice.",
		b.bearer().claiming("/scope", `"repo:read repo:read"`).under(withLimits(es256Policy("draft-00", "", anyBearer), `"scopes":1`)))
	b.reject("limit-1-exceeded", "With limits.scopes of 1 two scope-tokens are refused.", limited, "claim_scope_too_many",
		set("payload", "/scope", `"repo:read repo:write"`), refs("profile, section 17"), level("PROFILE"), kills("scope-unlimited"))
}
