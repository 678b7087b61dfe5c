package main

import (
	"crypto"
	"fmt"
	"strings"
)

// The cases of bundles that are taken or refused when they are loaded.

// smallBundle is a bundle with two agents and a workflow of three steps.
func smallBundle() string {
	return bundlePayload(7, []string{agentText("supervisor", ""), agentText("patcher", `,"keys":[`+testKey("agent-p256-a").jwk()+`],"shim_checksums":[`+quote(shimOf("patcher"))+`]`)},
		[]string{smallWorkflow})
}

var smallWorkflow = `{"workflow_id":"fix","version":1,"origins":["supervisor"],"delegation":[["supervisor","patcher"]],"max_depth":1,"steps":[` +
	stepText("plan", "supervisor", "", "", "repo:read", `,"tools":[],"context":["repository"]`) + "," +
	stepText("approve", "", "plan", "gate", "", `,"tools":[],"context":[]`) + "," +
	stepText("patch", "patcher", "approve", "approval", "repo:read repo:write", `,"tools":["create_pull_request"],"context":["repository"]`) + `]}`

var atRoot = []string{""} // the pointer of a fault that no member has

// documentKind is what differs between the loads of bundles and of lists.
type documentKind struct {
	layer, member, codes string // of mutations, of the policy's issuer, of codes
	key, other           string // names of test keys
	kid, typ             string
	faults               string // beginning of the names of seeded faults
}

var (
	bundleKind = documentKind{"bundle", "bundle", "bundle_", "bundle-p256-a", "bundle-p256-b", "bundle-1", "ajwt-bundle+jwt", "bundle-"}
	listKind   = documentKind{"list", "revocation", "revocations_", "list-p256-a", "list-p256-b", "list-1", "ajwt-revocations+jwt", "list-"}
)

func bundleJOSE(b *builder) {
	b.refs = []string{refBundle, "RFC 7515, section 5.2"}
	documentJOSE(b, bundleKind, bundleLoad(smallBundle()), signedList(listPayload(5, nil, nil, nil, nil)))
}

// documentJOSE: the compact form, the header and the signature of a document, whatever is
// in it. foreign is a document of the other kind.
func documentJOSE(b *builder, k documentKind, l loadInput, foreign jws) {
	t := b.takes("signed", "A document that a key of the policy signed is taken.", l)
	compact := func(slug, title, code string, rewrite func(string) string, opts ...option) {
		b.declines(slug, title, t, k.codes+code, edit{layer: k.layer + ".compact", rewrite: rewrite}, atRoot, opts...)
	}
	header := func(slug, title, code string, e edit, opts ...option) {
		e.layer = k.layer + ".header"
		b.declines(slug, title, t, k.codes+code, e, atRoot, opts...)
	}
	unverified := kills(k.faults + "signature-unverified")
	compact("two-parts", "Two parts are no JWS.", "compact_invalid", func(s string) string { return s[:strings.LastIndexByte(s, '.')] })
	compact("four-parts", "Four parts are no JWS.", "compact_invalid", func(s string) string { return s + ".e30" })
	compact("payload-padded", "A part with padding is not base64url.", "compact_invalid", part(1, func(p string) string { return p + "=" }))
	compact("header-alphabet", "A character of the standard alphabet is not base64url.", "compact_invalid", part(0, insert("+")))
	compact("signature-slack", "Spare bits of the last character are zero.", "compact_invalid", part(2, slack))
	compact("signature-empty", "A document without a signature is refused.", "compact_invalid", part(2, to("")))
	compact("line-end", "A line end behind the signature does not belong to it.", "compact_invalid", func(s string) string { return s + "\n" })
	compact("space-before", "A blank in front of the header does not belong to it.", "compact_invalid", func(s string) string { return " " + s })
	compact("empty", "An empty text is no document.", "compact_invalid", func(string) string { return "" })
	compact("json-form", "The JSON form of a JWS is not taken.", "compact_invalid", func(s string) string {
		p := strings.Split(s, ".")
		return `{"protected":"` + p[0] + `","payload":"` + p[1] + `","signature":"` + p[2] + `"}`
	})
	compact("payload-altered", "A document that was changed after it was signed is refused.", "signature_invalid", part(1, func(p string) string {
		i := len(p) / 2
		c := "A"
		if p[i] == 'A' {
			c = "B"
		}
		return p[:i] + c + p[i+1:]
	}), unverified, threats("T6"))
	compact("signature-altered", "A signature with another byte does not hold.", "signature_invalid", part(2, func(p string) string {
		c := "A"
		if p[5] == 'A' {
			c = "B"
		}
		return p[:5] + c + p[6:]
	}), unverified, threats("T6"))
	compact("signature-cut", "A signature that breaks off does not hold.", "signature_invalid", part(2, func(p string) string { return p[:len(p)-2] }), unverified)
	header("header-alg-missing", "A header without alg is refused.", "header_invalid", drop("", "/alg"))
	header("header-alg-number", "An alg that is a number is refused.", "header_invalid", set("", "/alg", "256"))
	header("header-kid-missing", "A header without kid is refused: no key is tried.", "header_invalid", drop("", "/kid"))
	header("header-kid-empty", "An empty kid is none.", "header_invalid", set("", "/kid", `""`))
	header("header-duplicate", "A header with two members alg is no strict JSON.", "header_invalid", appendText("", "", `"alg":"none"`))
	header("header-array", "A header is an object.", "header_invalid", replaced(`["ES256"]`))
	header("header-truncated", "A header that breaks off is no JSON.", "header_invalid", replaced(`{"alg":"ES256"`))
	for _, m := range []struct{ name, value string }{
		{"crit", `["exp"]`}, {"b64", "true"}, {"zip", `"DEF"`}, {"jwk", testKey(k.other).jwk()}, {"jku", `"https://evil.example/jwks.json"`},
		{"x5u", `"https://evil.example/cert"`}, {"x5c", `["AA=="]`}, {"x5t", `"AAAA"`}, {"x5t#S256", `"AAAA"`},
	} {
		header("header-"+strings.ReplaceAll(strings.ToLower(m.name), "#", "-"), "A header with "+m.name+" is refused.", "header_forbidden", set("", "/"+m.name, m.value), kills(k.faults+"header-forbidden-taken"))
	}
	header("jwk-of-the-attacker", "A key in the header that signed the document is nobody's.", "header_forbidden", set("", "/jwk", testKey(k.other).jwk()).signed(k.other, "ES256"), threats("T6"), kills(k.faults+"header-forbidden-taken"))
	header("typ-missing", "A header without typ is refused.", "typ_invalid", drop("", "/typ"), kills(k.faults+"typ-ignored"))
	header("typ-jwt", "A token is no document.", "typ_invalid", set("", "/typ", `"JWT"`), kills(k.faults+"typ-ignored"))
	header("typ-other-kind", "A document of the other kind is refused, even by its header alone.", "typ_invalid", set("", "/typ", quote(typOf(foreign))), kills(k.faults+"typ-ignored"))
	header("typ-delegation", "A delegation link is no document.", "typ_invalid", set("", "/typ", `"ajwt-delegation+jwt"`), kills(k.faults+"typ-ignored"))
	header("typ-prefix", "A type that begins like it is another.", "typ_invalid", set("", "/typ", quote(k.typ+"2")), kills(k.faults+"typ-ignored"))
	header("alg-none", "An unsigned document is refused.", "alg_not_allowed", set("", "/alg", `"none"`), threats("T6"))
	header("alg-hs256", "A document with a shared secret is refused.", "alg_not_allowed", set("", "/alg", `"HS256"`).signedWith(func(_ *key, input []byte) []byte {
		return hs(crypto.SHA256, []byte(testKey(k.key).jwk()), input)
	}), threats("T6"))
	header("alg-unlisted", "An algorithm that the issuer's list lacks is refused.", "alg_not_allowed", set("", "/alg", `"ES384"`))
	header("alg-case", "Names of algorithms count byte for byte.", "alg_not_allowed", set("", "/alg", `"es256"`))
	header("alg-misfit", "An algorithm of the list that does not fit the key is refused.", "key_mismatch", set("", "/alg", `"RS256"`))
	header("kid-unknown", "A kid that the policy does not have for the document is refused.", "kid_unknown", set("", "/kid", `"bundle-9"`))
	header("kid-case", "A kid counts byte for byte.", "kid_unknown", set("", "/kid", quote(strings.ToUpper(k.kid))))
	header("signed-by-another", "A signature by another key does not hold.", "signature_invalid", set("", "/x", "1").signed(k.other, "ES256"), unverified, threats("T6"))
	header("signed-by-agent", "An agent's key signs no document.", "signature_invalid", set("", "/x", "1").signed("agent-p256-a", "ES256"), unverified, threats("T6", "T7"))
	more := func(slug, title string, e edit) {
		e.layer = k.layer + ".header"
		b.takesToo(slug, title, t, e)
	}
	more("typ-upper-case", "typ is compared as a media type: without regard to case.", set("", "/typ", quote(strings.ToUpper(k.typ))))
	more("typ-application", "typ may have its prefix application/.", set("", "/typ", quote("application/"+k.typ)))
	more("header-unknown-member", "An unknown header parameter is ignored.", set("", "/iat", "1"))
	more("header-blanks", "White space in the header is ignored.", replaced("{ \"alg\":\"ES256\", \"typ\":"+quote(k.typ)+",\n\"kid\":"+quote(k.kid)+" }"))
	// what the policy says
	at := "/issuers/0/" + k.member
	b.declines("key-replaced", "A key of the policy that signed an earlier document counts no more.", t, k.codes+"signature_invalid",
		set("policy", at+"/keys/0", testKey(k.other).entry(k.kid, "ES256")), atRoot, unverified, threats("T6"))
	b.takesToo("two-keys", "While keys change, either may sign.", t, set("policy", at+"/keys/-", testKey(k.other).entry("next", "ES256")))
	b.declines("key-renamed", "A key under another kid is another.", t, k.codes+"kid_unknown", set("policy", at+"/keys/0/kid", `"other"`), atRoot)
	b.declines("key-for-encryption", "A key that is not for signatures is not usable.", t, k.codes+"kid_unknown", set("policy", at+"/keys/0/use", `"enc"`), atRoot)
	b.declines("algorithm-withdrawn", "An algorithm that the issuer's list no longer has is refused.", t, k.codes+"alg_not_allowed", set("policy", "/issuers/0/algorithms", `["RS256"]`), atRoot)
	b.declines("not-configured", "A document of an issuer whose policy entry has none is refused.", t, k.codes+"issuer_unknown", drop("policy", at), atRoot)
	b.declines("issuer-unknown", "A document of an issuer that the policy does not know is refused.", t, k.codes+"issuer_unknown", set("input", "/issuer", `"https://other.example"`), atRoot)
	size := len(t.load.document.compact(t.load.document.payload))
	exact := b.takes("size-limit", "A document of exactly limits.bundle_bytes is taken.", t.load.under("/limits", fmt.Sprintf(`{"bundle_bytes":%d}`, size)))
	b.declines("size-exceeded", "One byte more than the limit is refused before anything is read.", exact, k.codes+"too_large", set("policy", "/limits/bundle_bytes", fmt.Sprint(size-1)), atRoot, refs("profile, section 17"))
	// the payload's JSON
	json := func(slug, title, text string) {
		b.declines(slug, title, t, k.codes+"json_invalid", set(k.layer, "", text), atRoot, refs("RFC 8259, section 2", refBundle))
	}
	p := t.load.document.payload
	json("payload-truncated", "A payload that breaks off is no JSON.", p[:len(p)-1])
	json("payload-array", "A payload is an object.", "["+p+"]")
	json("payload-trailing", "Bytes after the payload are refused.", p+"{}")
	json("payload-duplicate", "A member that stands twice is refused.", p[:len(p)-1]+`,"iss":"https://as.example"}`)
	json("payload-utf8", "A payload that is not UTF-8 is refused.", strings.Replace(p, `"iss"`, "\"\xff\"", 1))
	json("payload-surrogate", "A lone surrogate is refused.", strings.Replace(p, `"iss"`, `"\ud800"`, 1))
	json("payload-comma", "A comma before the end is no JSON.", p[:len(p)-1]+`,}`)
}

// replaced replaces a whole text; the layer is set later.
func replaced(text string) edit { return set("", "", text) }

// typOf is the typ of a document.
func typOf(d jws) string {
	typ, _ := lookup(d.header, "/typ")
	return strings.Trim(typ, `"`)
}

// drops and changes are rows of cases that remove a member or give it another value.
type memberRow struct{ slug, title, pointer, value string }

// bundleMembers: missing, unknown and mistyped members.
func bundleMembers(b *builder) {
	b.refs = []string{refBundle}
	t := b.takes("every-member", "A bundle with every member is taken.", bundleLoad(withMember(withMember(smallBundle(), "/agents/1/registrations/0/not_before", fmt.Sprint(now-100)), "/agents/1/registrations/0/not_after", fmt.Sprint(now+100))))
	for _, at := range []string{"/iss", "/iat", "/exp", "/version", "/agents", "/workflows", "/agents/0/agent_id", "/agents/0/status", "/agents/0/registrations",
		"/agents/1/registrations/0/registration_id", "/agents/1/registrations/0/checksum", "/workflows/0/workflow_id", "/workflows/0/version", "/workflows/0/origins",
		"/workflows/0/delegation", "/workflows/0/max_depth", "/workflows/0/steps", "/workflows/0/steps/2/step_id", "/workflows/0/steps/1/after", "/workflows/0/steps/1/required",
		"/workflows/0/steps/1/approval_gate", "/workflows/0/steps/1/requires_approval", "/workflows/0/steps/1/scopes", "/workflows/0/steps/1/tools", "/workflows/0/steps/1/context"} {
		places, code := []string{at}, "bundle_member_missing"
		switch at { // what names the absent member is at fault too, and stands before or behind it
		case "/agents":
			places = []string{at, "/workflows/0/origins/0", "/workflows/0/delegation/0/0", "/workflows/0/delegation/0/1", "/workflows/0/steps/0/agent_id", "/workflows/0/steps/2/agent_id"}
		case "/agents/0/agent_id":
			places = []string{at, "/workflows/0/origins/0", "/workflows/0/delegation/0/0", "/workflows/0/steps/0/agent_id"}
		}
		b.declines("missing-"+slugOf(at), "A bundle without "+at+" is refused.", t, code, drop("bundle", at), places, kills("bundle-missing-members-taken"))
	}
	for _, at := range []string{"", "/agents/0", "/agents/1/registrations/0", "/workflows/0", "/workflows/0/steps/0"} {
		b.declines("unknown-"+slugOf(at+"/member"), "An unknown member at the place "+at+"/x may say what nobody here enforces.", t, "bundle_member_unknown", set("bundle", at+"/x", "1"), []string{at + "/x"},
			kills("bundle-unknown-members-ignored"), level("PROFILE"))
	}
	b.declines("unknown-case", "A member that differs by case is unknown, and the right one is missing.", t, "bundle_member_missing", set("bundle", "/agents/0",
		`{"agent_id":"supervisor","Status":"active","registrations":[]}`), []string{"/agents/0/status", "/agents/0/Status"}, level("PROFILE"))
	for _, r := range []memberRow{
		{"agents-object", "agents is an array.", "/workflows", `{}`},
		{"iss-number", "iss is a string.", "/iss", `1`},
		{"iat-string", "iat is a number.", "/iat", `"1767222000"`},
		{"exp-null", "exp is a number.", "/exp", `null`},
		{"version-string", "version is a number.", "/version", `"7"`},
		{"status-true", "status is a string.", "/agents/0/status", `true`},
		{"registrations-object", "registrations is an array.", "/agents/0/registrations", `{}`},
		{"registration-string", "A registration is an object.", "/agents/1/registrations/0", `"reg_patcher_1"`},
		{"checksum-number", "A checksum is a string.", "/agents/1/registrations/0/checksum", `1`},
		{"not-before-string", "not_before is a number.", "/agents/1/registrations/0/not_before", `"0"`},
		{"keys-object", "keys is an array of JWKs.", "/agents/1/keys", `{"keys":[]}`},
		{"shims-string", "shim_checksums is an array.", "/agents/1/shim_checksums", quote(shimOf("patcher"))},
		{"origins-string", "origins is an array.", "/workflows/0/origins", `"supervisor"`},
		{"edge-string", "An edge is a pair.", "/workflows/0/delegation/0", `"supervisor"`},
		{"depth-string", "max_depth is a number.", "/workflows/0/max_depth", `"1"`},
		{"after-string", "after is an array.", "/workflows/0/steps/2/after", `"approve"`},
		{"required-string", "required is true or false.", "/workflows/0/steps/0/required", `"true"`},
		{"required-number", "required is not 1.", "/workflows/0/steps/0/required", `1`},
		{"gate-null", "approval_gate is true or false.", "/workflows/0/steps/0/approval_gate", `null`},
		{"scopes-string", "scopes is an array, not a list with blanks.", "/workflows/0/steps/2/scopes", `"repo:read repo:write"`},
		{"context-object", "context is an array.", "/workflows/0/steps/2/context", `{"repository":"acme/app"}`},
		{"step-agent-null", "A step's agent_id is absent or a string.", "/workflows/0/steps/1/agent_id", `null`},
	} {
		b.declines("type-"+r.slug, r.title, t, "bundle_member_type", set("bundle", r.pointer, r.value), []string{r.pointer})
	}
	b.takesToo("optional-absent", "Windows, keys and shims may be absent.", t, set("bundle", "/agents/1", agentText("patcher", "")))
	b.takesToo("no-agents-no-workflows", "A bundle without agents and workflows is taken: it admits nobody.", t, set("bundle", "", bundlePayload(7, nil, nil)))
	b.takesToo("empty-lists", "Lists of keys, shims and registrations may be empty.", t, set("bundle", "/agents/1", `{"agent_id":"patcher","status":"active","registrations":[],"keys":[],"shim_checksums":[]}`))
	b.takesToo("members-in-any-order", "The order of members does not matter.", t, set("bundle", "/agents/0", `{"registrations":[],"status":"revoked","agent_id":"supervisor"}`))
}

func num10(n int64) string { return fmt.Sprint(n) }

// bundleValues: values outside of what is allowed.
func bundleValues(b *builder) {
	b.refs = []string{refBundle}
	t := b.takes("two-agents", "A bundle of two agents and three steps is taken.", bundleLoad(withMember(smallBundle(), "/iat", num10(now-3601))))
	for _, r := range []memberRow{
		{"iat-fraction", "Times are plain digits.", "/iat", "1767222000.0"},
		{"exp-exponent", "Times are plain digits.", "/exp", "2e9"},
		{"exp-large", "Times are at most 2^53-1.", "/exp", "9007199254740992"},
		{"version-negative", "The version is not negative.", "/version", "-1"},
		{"version-minus-zero", "The version is not -0.", "/version", "-0"},
		{"version-fraction", "The version is an integer.", "/version", "7.5"},
		{"status-other", "The status is active or revoked.", "/agents/0/status", `"inactive"`},
		{"status-case", "The status is in lower case.", "/agents/0/status", `"Active"`},
		{"checksum-bare", "A checksum begins with sha256:.", "/agents/0/registrations/0/checksum", quote(strings.TrimPrefix(checksumOf("supervisor"), "sha256:"))},
		{"checksum-upper-case", "A checksum is in lower case.", "/agents/0/registrations/0/checksum", quote("sha256:" + strings.ToUpper(strings.TrimPrefix(checksumOf("supervisor"), "sha256:")))},
		{"checksum-short", "A checksum has 64 characters.", "/agents/0/registrations/0/checksum", quote(checksumOf("supervisor")[:70])},
		{"registration-empty", "A registration's id is not empty.", "/agents/0/registrations/0/registration_id", `""`},
		{"registration-bar", "An id has no bar.", "/agents/0/registrations/0/registration_id", `"a|b"`},
		{"shim-short", "A shim's checksum has 64 characters.", "/agents/1/shim_checksums/0", `"sha256:00"`},
		{"workflow-slash", "A workflow's id has no slash.", "/workflows/0/workflow_id", `"fix/it"`},
		{"workflow-empty", "A workflow's id is not empty.", "/workflows/0/workflow_id", `""`},
		{"depth-large", "max_depth is at most 15.", "/workflows/0/max_depth", "16"},
		{"depth-negative", "max_depth is not negative.", "/workflows/0/max_depth", "-1"},
		{"origins-empty", "Without an origin no chain begins.", "/workflows/0/origins", "[]"},
		{"steps-empty", "A workflow has steps.", "/workflows/0/steps", "[]"},
		{"edge-of-one", "An edge has two ends.", "/workflows/0/delegation/0", `["supervisor"]`},
		{"edge-of-three", "An edge has no more than two ends.", "/workflows/0/delegation/0", `["supervisor","patcher","patcher"]`},
		{"scope-blank", "A scope has no blank.", "/workflows/0/steps/0/scopes/0", `"repo read"`},
		{"scope-empty", "A scope is not empty.", "/workflows/0/steps/0/scopes/0", `""`},
		{"context-empty", "A member's name is not empty.", "/workflows/0/steps/0/context/0", `""`},
		{"step-slash", "A step's id has no slash.", "/workflows/0/steps/2/step_id", `"patch/it"`},
		{"step-bar", "A step's id has no bar.", "/workflows/0/steps/2/step_id", `"plan|patch"`},
		{"step-long", "An id has at most 128 bytes.", "/workflows/0/steps/2/step_id", quote(strings.Repeat("a", 129))},
	} {
		b.declines(r.slug, r.title, t, "bundle_member_value", set("bundle", r.pointer, r.value), []string{r.pointer}, kills("bundle-values-unchecked"))
	}
	b.declines("agent-look-alike", "An id with a letter of another alphabet is refused, wherever it is named.", t, "bundle_member_value", set("bundle", "/agents/1/agent_id", `"p\u0430tcher"`),
		[]string{"/agents/1/agent_id", "/workflows/0/delegation/0/1", "/workflows/0/steps/2/agent_id"}, threats("T1"))
	b.declines("exp-before-iat", "exp lies after iat.", b.takes("iat-now", "A bundle that was signed this second is taken.", bundleLoad(withMember(smallBundle(), "/iat", num10(now+20)))),
		"bundle_member_value", set("bundle", "/exp", num10(now+20)), []string{"/exp"})
	b.declines("window-empty", "not_after lies after not_before.", b.takesToo("window", "A window of a second is taken.", t, set("bundle", "/agents/1/registrations/0",
		fmt.Sprintf(`{"registration_id":"reg_patcher_1","checksum":%q,"not_before":%d,"not_after":%d}`, checksumOf("patcher"), now, now+1))),
		"bundle_member_value", set("bundle", "/agents/1/registrations/0/not_after", num10(now)), []string{"/agents/1/registrations/0/not_after"})
	b.takesToo("step-of-128-bytes", "An id of 128 bytes is taken.", t, set("bundle", "/workflows/0/steps/2/step_id", quote(strings.Repeat("a", 128))))
	b.takesToo("revoked", "A revoked agent may be named everywhere.", t, set("bundle", "/agents/1/status", `"revoked"`))
	// whose and when
	b.declines("other-issuer", "The bundle of another issuer is refused.", t, "bundle_issuer_mismatch", set("bundle", "/iss", `"https://other.example"`), []string{"/iss"}, threats("T6"), kills("bundle-issuer-ignored"))
	b.declines("issuer-slash", "Issuers are compared byte for byte.", t, "bundle_issuer_mismatch", set("bundle", "/iss", `"https://as.example/"`), []string{"/iss"}, kills("bundle-issuer-ignored"))
	skew := b.takesToo("iat-skew", "iat may lie ahead by the skew of 30 seconds.", t, set("bundle", "/iat", num10(now+30)))
	b.declines("iat-future", "A second more is the future.", skew, "bundle_iat_future", set("bundle", "/iat", num10(now+31)), []string{"/iat"}, kills("bundle-iat-future-taken"))
	b.declines("iat-future-skew", "The skew is the issuer's.", skew, "bundle_iat_future", set("policy", "/issuers/0/clock_skew_seconds", "29"), []string{"/iat"}, kills("bundle-iat-future-taken"))
	last := b.takesToo("exp-last-second", "In the last second before exp a bundle is taken.", t, set("bundle", "/exp", num10(now+1)))
	b.declines("expired", "At exp it is expired; the skew does not count.", last, "bundle_expired", set("bundle", "/exp", num10(now)), []string{"/exp"}, kills("bundle-expired-taken"))
	b.declines("expired-by-now", "So it is a second later.", last, "bundle_expired", set("input", "/now", num10(now+1)), []string{"/exp"}, kills("bundle-expired-taken"))
	// what stands twice
	twice := func(slug, title, pointer, value string, at string) {
		b.declines("twice-"+slug, title, t, "bundle_id_duplicate", set("bundle", pointer, value), []string{at}, kills("bundle-duplicates-taken"))
	}
	twice("agent", "Two agents have two ids.", "/agents/-", `{"agent_id":"patcher","status":"active","registrations":[]}`, "/agents/2/agent_id")
	twice("registration", "Two registrations of an agent have two ids.", "/agents/1/registrations/-", fmt.Sprintf(`{"registration_id":"reg_patcher_1","checksum":%q}`, hashed("x")), "/agents/1/registrations/1/registration_id")
	twice("registration-across", "Two registrations of two agents have two ids.", "/agents/1/registrations/-", fmt.Sprintf(`{"registration_id":"reg_supervisor_1","checksum":%q}`, hashed("x")), "/agents/1/registrations/1/registration_id")
	twice("workflow", "Two workflows have two ids.", "/workflows/-", workflowText("fix", "supervisor", "", 0, stepText("close", "supervisor", "", "", "", noTools)), "/workflows/1/workflow_id")
	twice("step", "Two steps of a workflow have two ids.", "/workflows/0/steps/-", stepText("plan", "supervisor", "", "", "", `,"tools":[],"context":[]`), "/workflows/0/steps/3/step_id")
	twice("origin", "An origin stands once.", "/workflows/0/origins/-", `"supervisor"`, "/workflows/0/origins/1")
	twice("edge", "An edge stands once.", "/workflows/0/delegation/-", `["supervisor","patcher"]`, "/workflows/0/delegation/1")
	twice("after", "A prerequisite stands once.", "/workflows/0/steps/2/after/-", `"approve"`, "/workflows/0/steps/2/after/1")
	twice("scope", "A scope stands once.", "/workflows/0/steps/2/scopes/-", `"repo:read"`, "/workflows/0/steps/2/scopes/2")
	twice("tool", "A tool stands once.", "/workflows/0/steps/2/tools/-", `"create_pull_request"`, "/workflows/0/steps/2/tools/1")
	twice("context", "A member of context stands once.", "/workflows/0/steps/2/context/-", `"repository"`, "/workflows/0/steps/2/context/1")
	twice("shim", "A shim stands once.", "/agents/1/shim_checksums/-", quote(shimOf("patcher")), "/agents/1/shim_checksums/1")
	twice("key", "A key of an agent stands once, whatever its kid.", "/agents/1/keys/-", testKey("agent-p256-a").entry("k", "ES256"), "/agents/1/keys/1")
	b.takesToo("step-of-two-workflows", "A step's id may stand in two workflows.", t, set("bundle", "/workflows/-", strings.Replace(smallWorkflow, `"fix"`, `"fix-2"`, 1)))
	b.takesToo("key-of-two-agents", "One key may be listed for two agents.", t, set("bundle", "/agents/0", agentText("supervisor", `,"keys":[`+testKey("agent-p256-a").jwk()+`]`)))
	// keys
	key := func(slug, title, text string) {
		b.declines("key-"+slug, title, t, "bundle_key_invalid", set("bundle", "/agents/1/keys/0", text), []string{"/agents/1/keys/0"}, kills("bundle-key-malformed-skipped"), refs(refBundle, "profile, section 4"))
	}
	own := testKey("agent-p256-a")
	key("private", "A private key in a bundle is published.", own.jwkPrivate())
	key("symmetric", "A shared secret is no agent's key.", `{"kty":"oct","k":"AAAA"}`)
	key("unknown-kty", "A key of an unknown type is refused.", `{"kty":"XYZ","x":"AAAA"}`)
	key("unknown-crv", "A key on an unknown curve is refused.", `{"kty":"EC","crv":"P-257","x":"AAAA","y":"AAAA"}`)
	key("off-curve", "A point that is not on its curve is refused.", `{"kty":"EC","crv":"P-256","x":`+quote(b64(own.bytes("x")))+`,"y":`+quote(b64(own.bytes("x")))+`}`)
	key("y-missing", "Half a point is none.", `{"kty":"EC","crv":"P-256","x":`+quote(b64(own.bytes("x")))+`}`)
	key("weak-rsa", "An RSA key of 1024 bits is too weak.", testKey("rsa-1024-a").jwk())
	key("small-order", "A point of small order is refused.", `{"kty":"OKP","crv":"Ed25519","x":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`)
	key("encryption", "A key for encryption signs nothing.", own.jwk(field{"use", "enc"}))
	key("string", "A key is an object.", `"MFkw"`)
	for _, name := range []string{"rsa-2048-a", "p384-a", "ed25519-a", "ed448-a", "mldsa44-a"} {
		b.takesToo("key-of-"+name[:strings.LastIndexByte(name, '-')], "A key of this type may be listed.", t, set("bundle", "/agents/1/keys/0", testKey(name).jwk()))
	}
}
