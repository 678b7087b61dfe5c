package main

import (
	"fmt"
	"strings"
)

// delegationPayload: the payload is one strict JSON object.
func delegationPayload(b *builder) {
	b.refs = []string{refLinks, refDelegation}
	const code = "delegation_link_payload_invalid"
	t := b.accept("object", "Payloads that are objects are accepted.", b.hops())
	k := kills("link-header-unchecked")
	first := linkFor(patch, 0).payload
	b.rejects(t, []row{
		linkClaim(0, "array", "A payload that is an array is refused.", code, "", "["+first+"]", k, status(403)),
		linkClaim(0, "null", "A payload that is null is refused.", code, "", "null", k),
		linkClaim(0, "text", "A payload that is no JSON is refused.", code, "", "supervisor to planner", k),
		linkClaim(0, "truncated", "A payload that ends early is refused.", code, "", first[:len(first)-1], k),
		linkClaim(1, "array-last", "So is one of the last link that is an array.", code, "", "[]", k),
		linkClaim(0, "trailing", "A payload with bytes behind it is refused.", code, "", first+" 1", k),
		linkClaim(0, "trailing-comma", "A payload with a comma too many is refused.", code, "", strings.TrimSuffix(first, "}")+",}", k),
		linkClaim(0, "byte-order-mark", "A payload with a byte order mark is refused.", code, "", "\ufeff"+first, k),
		linkClaim(0, "not-utf-8", "A payload that is not UTF-8 is refused.", code, "", strings.Replace(first, "link-1", "link\xc0-1", 1), k),
		linkClaim(0, "lone-surrogate", "A payload with half of a character is refused.", code, "", strings.Replace(first, "link-1", `link\ud800-1`, 1), k),
		linkClaim(0, "deep-17", "A payload of 17 levels is refused.", code, "/x", nested(16), k, refs("profile, section 17")),
		{"sub-twice", "A payload in which sub stands twice is refused.", code, appendText("link", "/0/payload", `"sub":"patcher"`), []option{k, threats("T11")}},
		{"scope-twice", "A payload in which scope stands twice is refused.", code, appendText("link", "/1/payload", `"scope":"repo:read repo:write repo:admin"`), []option{k, threats("T9")}},
		{"exp-twice", "A payload in which exp stands twice with one value is refused.", code, appendText("link", "/0/payload", fmt.Sprintf(`"exp":%d`, now+600)), []option{k}},
		{"jkt-twice", "A member inside cnf that stands twice is refused.", code, appendText("link", "/0/payload/cnf", `"jkt":`+quote(testKey("agent-p256-b").thumbprint())), []option{k, threats("T11")}},
	})
	b.nears(t, []accepted{
		{"deep-16", "A payload of 16 levels is accepted.", set("link", "/0/payload/x", nested(15)), []option{refs("profile, section 17")}},
		{"unknown", "Unknown claims of a link are ignored.", set("link", "/1/payload/purpose", `{"ticket":["T-1"]}`), nil},
		{"other-case", "PREV and Scope are unknown claims.", appendText("link", "/0/payload", `"PREV":1,"Scope":"repo:admin"`), nil},
		{"nbf", "An nbf in a link is ignored.", set("link", "/0/payload/nbf", "9007199254740991"), []option{level("PROFILE")}},
		{"blanks", "White space between the members changes nothing.", set("link", "/1/payload", strings.Replace(strings.ReplaceAll(linkFor(patch, 1).payload, `,"`, ", \n\""), "{prev}", firstHash(t.scene), 1)), nil},
	})
}

// firstHash is the prev of the second link.
func firstHash(s scene) string {
	text, _ := lookup(s.linkPayload(1, s.linkTexts()), "/prev")
	return strings.Trim(text, `"`)
}

// delegationMissing: every claim but workflow_step, and prev on the root, is mandatory.
func delegationMissing(b *builder) {
	b.refs = []string{refLinks, refDelegation}
	t := b.accept("nothing", "Links with every claim are accepted.", b.hops())
	for i, of := range []string{"root", "last"} {
		for _, name := range []string{"iss", "sub", "aud", "cnf", "workflow_id", "scope", "iat", "exp", "jti"} {
			b.reject(strings.ReplaceAll(name, "_", "-")+"-"+of, map[string]string{"root": "A root", "last": "A last link"}[of]+" without "+name+" is refused.", t, "delegation_link_claim_missing",
				drop("link", fmt.Sprintf("/%d/payload/%s", i, name)), kills("link-claims-optional"), status(403))
		}
	}
	b.nears(t, []accepted{
		{"step-root", "workflow_step may be absent from a link.", drop("link", "/0/payload/workflow_step"), nil},
		{"step-last", "It may be absent from the last link.", drop("link", "/1/payload/workflow_step"), nil},
	})
	b.reject("jti-case", "JTI is another claim.", b.near("jti-beside", "JTI beside jti is an unknown claim.", t, set("link", "/0/payload/JTI", `"x"`)), "delegation_link_claim_missing", drop("link", "/0/payload/jti"), kills("link-claims-optional"))
}

// formFault is a claim of link i in a form that it does not have.
type formFault struct {
	i                       int
	slug, what, claim, text string
}

// badForms adds a rejection for each fault.
func (b *builder) badForms(t twin, list []formFault) {
	b.refs = []string{refLinks, refDelegation}
	for _, c := range list {
		where := "root"
		if c.i == 1 {
			where = "last link"
		}
		b.rejects(t, []row{linkClaim(c.i, c.slug, "A "+where+" is refused where "+c.what+".", "delegation_link_claim_invalid", c.claim, c.text, kills("link-claims-unchecked"))})
	}
}

// delegationForm: the forms of a link's claims: agents, audience, key, workflow and step.
func delegationForm(b *builder) {
	b.refs = []string{refLinks, refDelegation}
	t := b.accept("all", "Links whose claims have their forms are accepted.", b.hops())
	thumbprint := testKey("planner-ed25519-a").thumbprint()
	b.badForms(t, []formFault{
		{0, "iss-null", "iss is null", "/iss", "null"},
		{0, "iss-number", "iss is a number", "/iss", "7"},
		{0, "iss-array", "iss is an array", "/iss", `["supervisor"]`},
		{0, "iss-empty", "iss is empty", "/iss", `""`},
		{0, "iss-bar", "iss has a bar, which would make one agent look like two", "/iss", `"supervisor|planner"`},
		{1, "iss-space", "iss has a space", "/iss", `"the planner"`},
		{1, "iss-129-bytes", "iss has 129 bytes", "/iss", text("a", 129)},
		{0, "sub-null", "sub is null", "/sub", "null"},
		{1, "sub-object", "sub is an object", "/sub", `{"id":"patcher"}`},
		{1, "sub-empty", "sub is empty", "/sub", `""`},
		{1, "sub-bar", "sub has a bar", "/sub", `"planner|patcher"`},
		{1, "sub-non-ascii", "sub has a letter outside ASCII", "/sub", `"pätcher"`},
		{1, "sub-line-end", "sub ends with a line end", "/sub", `"patcher\n"`},
		{1, "sub-129-bytes", "sub has 129 bytes", "/sub", text("a", 129)},
		{0, "aud-null", "aud is null", "/aud", "null"},
		{0, "aud-array", "aud is an array, though it holds the authorization server", "/aud", `["` + issuerID + `"]`},
		{1, "aud-number", "aud is a number", "/aud", "1"},
		{0, "cnf-null", "cnf is null", "/cnf", "null"},
		{0, "cnf-string", "cnf is a thumbprint itself", "/cnf", quote(thumbprint)},
		{0, "cnf-empty", "cnf is an empty object", "/cnf", "{}"},
		{0, "cnf-jwk", "cnf has the delegate's key in place of its thumbprint", "/cnf", `{"jwk":` + testKey("planner-ed25519-a").jwk() + `}`},
		{0, "jkt-null", "cnf.jkt is null", "/cnf/jkt", "null"},
		{1, "jkt-empty", "cnf.jkt is empty", "/cnf/jkt", `""`},
		{0, "jkt-42", "cnf.jkt has 42 characters", "/cnf/jkt", quote(thumbprint[:42])},
		{0, "jkt-padded", "cnf.jkt is padded", "/cnf/jkt", quote(thumbprint + "=")},
		{1, "jkt-slack", "cnf.jkt has a spare bit set", "/cnf/jkt", quote(slack(testKey("agent-p256-a").thumbprint()))},
		{0, "jkt-hex", "cnf.jkt is in hexadecimal", "/cnf/jkt", quote(strings.Repeat("0a", 32))},
		{0, "workflow-null", "workflow_id is null", "/workflow_id", "null"},
		{0, "workflow-empty", "workflow_id is empty", "/workflow_id", `""`},
		{1, "workflow-array", "workflow_id is an array", "/workflow_id", `["vuln-patching"]`},
		{0, "workflow-slash", "workflow_id has a slash", "/workflow_id", `"vuln-patching/patch"`},
		{0, "workflow-129-bytes", "workflow_id has 129 bytes", "/workflow_id", text("w", 129)},
		{0, "step-null", "workflow_step is null", "/workflow_step", "null"},
		{1, "step-empty", "workflow_step is empty", "/workflow_step", `""`},
		{1, "step-object", "workflow_step is an object", "/workflow_step", `{"step_id":"patch"}`},
		{1, "step-bar", "workflow_step has a bar", "/workflow_step", `"plan|patch"`},
	})
	b.nears(t, []accepted{
		{"cnf-more", "Other members of cnf are ignored.", set("link", "/1/payload/cnf/kid", `"agent"`), nil},
		{"escaped", "An escaped letter is the letter.", set("link", "/1/payload", strings.Replace(strings.Replace(linkFor(patch, 1).payload, "{prev}", firstHash(t.scene), 1), `"patcher"`, `"\u0070atcher"`, 1)), nil},
	})
}

// delegationValues: the forms of scope, times, jti and prev.
func delegationValues(b *builder) {
	b.refs = []string{refLinks, refDelegation}
	t := b.accept("all", "Links whose values have their forms are accepted.", b.hops())
	b.badForms(t, []formFault{
		{0, "scope-null", "scope is null", "/scope", "null"},
		{0, "scope-array", "scope is an array", "/scope", `["repo:read","repo:write"]`},
		{0, "scope-empty", "scope is empty", "/scope", `""`},
		{0, "scope-space-before", "scope begins with a space", "/scope", `" repo:read repo:write"`},
		{1, "scope-space-behind", "scope ends with a space", "/scope", `"repo:read repo:write "`},
		{1, "scope-two-spaces", "scope has two spaces in a row", "/scope", `"repo:read  repo:write"`},
		{0, "scope-tab", "scope is separated with a tab", "/scope", `"repo:read\trepo:write"`},
		{0, "scope-comma-quote", "scope holds a quotation mark", "/scope", `"repo:read \"repo:write\""`},
		{0, "scope-65", "scope has 65 entries", "/scope", quote(someScopes(63) + " repo:read repo:write")},
		{0, "iat-string", "iat is a string", "/iat", fmt.Sprintf(`"%d"`, now)},
		{0, "iat-null", "iat is null", "/iat", "null"},
		{1, "iat-fraction", "iat has a fraction", "/iat", fmt.Sprintf("%d.5", now)},
		{0, "iat-negative", "iat is before 1970", "/iat", "-1"},
		{0, "exp-string", "exp is a string", "/exp", fmt.Sprintf(`"%d"`, now+600)},
		{0, "exp-null", "exp is null", "/exp", "null"},
		{1, "exp-true", "exp is true", "/exp", "true"},
		{0, "exp-exponent", "exp has an exponent", "/exp", "18e8"},
		{0, "exp-beyond", "exp is larger than JSON keeps", "/exp", "9007199254740992"},
		{0, "jti-null", "jti is null", "/jti", "null"},
		{0, "jti-number", "jti is a number", "/jti", "1"},
		{1, "jti-empty", "jti is empty", "/jti", `""`},
		{0, "jti-257-bytes", "jti has 257 bytes", "/jti", text("j", 257)},
		{1, "prev-null", "prev is null", "/prev", "null"},
		{1, "prev-number", "prev is a number", "/prev", "0"},
		{1, "prev-empty", "prev is empty", "/prev", `""`},
		{1, "prev-array", "prev is an array", "/prev", `["` + firstHash(t.scene) + `"]`},
		{1, "prev-42", "prev has 42 characters", "/prev", quote(firstHash(t.scene)[:42])},
		{1, "prev-padded", "prev is padded", "/prev", quote(firstHash(t.scene) + "=")},
		{1, "prev-spare-bits", "prev has spare bits set", "/prev", quote(spareBits(firstHash(t.scene)))},
		{1, "prev-hex", "prev is in hexadecimal", "/prev", quote(strings.Repeat("0a", 32))},
	})
	b.nears(t, []accepted{
		{"jti-256-bytes", "A jti of 256 bytes is accepted.", set("link", "/0/payload/jti", text("j", 256)), nil},
		{"jti-alike", "Two links may have one jti.", set("link", "/1/payload/jti", `"link-1"`), []option{level("PROFILE")}},
		{"jti-of-token", "A link may have the token's jti.", set("link", "/0/payload/jti", b.name()), []option{level("PROFILE")}},
		{"iat-zero", "iat may be the beginning of 1970.", set("link", "/1/payload/iat", "0"), nil},
		{"exp-most", "exp may be the largest time that JSON keeps.", set("link", "/0/payload/exp", "9007199254740991"), nil},
		{"scope-64", "A scope of 64 entries is accepted.", set("link", "/0/payload/scope", quote(someScopes(62)+" repo:read repo:write")), nil},
		{"scope-order", "The order of scopes does not matter.", set("link", "/1/payload/scope", `"repo:write repo:read"`), nil},
	})
}

// spareBits sets the two bits of 43 characters of base64url that no octet has.
func spareBits(hash string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, hash[len(hash)-1])
	return hash[:len(hash)-1] + alphabet[last+1:last+2]
}

// someScopes are n scope-tokens that nothing asks for.
func someScopes(n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("s%d", i))
	}
	return strings.Join(list, " ")
}
