package main

import (
	"strings"
)

// forbiddenRows: header members that have no business in a token.
func forbiddenRows() []row {
	crit := func(slug, title, text string, more ...string) row {
		return row{slug, title, "jws_crit_present", appendText("header", "", `"crit":`+text+strings.Join(more, "")),
			[]option{refs("RFC 7515, section 4.1.11"), kills("crit-ignored"), requirements("RFC7515-4.1.11-01", "RFC7515-4.1.11-06")}}
	}
	attacker := testKey("rsa-2048-b")
	embedded := func(slug, title, member string, opts ...option) row {
		return row{slug, title, "jws_key_embedded", appendText("header", "", member),
			append([]option{refs("RFC 8725, section 3.10", "profile, section 3"), kills("embedded-key-ignored"), requirements("RFC8725-3.10-02")}, opts...)}
	}
	signedByAttacker := embedded("jwk-of-attacker", "A token with the attacker's own key in jwk, signed with it, is refused.",
		`"jwk":`+attacker.jwk(), cves("CVE-2018-0114"), kills("embedded-key-trusted"), threats("T1"))
	signedByAttacker.edit = signedByAttacker.edit.signed("rsa-2048-b", "RS256")
	b64Ref := []option{refs("RFC 7797, section 6", "profile, section 3"), kills("b64-ignored")}
	zipRef := []option{refs("RFC 7516, section 4.1.3", "profile, section 3"), kills("zip-ignored")}
	return []row{
		crit("crit-unknown", "A critical extension that nobody knows is refused.", `["x"]`, `,"x":1`),
		crit("crit-absent-name", "A crit that names a member which is not there is refused.", `["x"]`),
		crit("crit-empty", "An empty crit is refused.", `[]`),
		crit("crit-known-name", "A crit that names a registered parameter is refused.", `["alg"]`),
		crit("crit-exp", "A crit that names a claim is refused.", `["exp"]`),
		crit("crit-duplicate", "A crit that names one extension twice is refused.", `["x","x"]`, `,"x":1`),
		crit("crit-string", "A crit that is a string is refused.", `"x"`, `,"x":1`),
		crit("crit-null", "A crit of null is refused.", `null`),
		crit("crit-b64", "A crit that makes b64 critical is refused.", `["b64"]`),
		{"b64-false", "A header with b64 false is refused.", "jws_b64_present", appendText("header", "", `"b64":false`), b64Ref},
		{"b64-true", "A header with b64 true is refused although it says the usual.", "jws_b64_present", appendText("header", "", `"b64":true`), b64Ref},
		{"b64-null", "A header with b64 null is refused.", "jws_b64_present", appendText("header", "", `"b64":null`), b64Ref},
		{"zip-def", "A header with zip is refused.", "jws_zip_present", appendText("header", "", `"zip":"DEF"`), zipRef},
		{"zip-empty", "A header with an empty zip is refused.", "jws_zip_present", appendText("header", "", `"zip":""`), zipRef},
		{"zip-null", "A header with zip null is refused.", "jws_zip_present", appendText("header", "", `"zip":null`), zipRef},
		signedByAttacker,
		embedded("jwk-of-issuer", "A token with the issuer's own key in jwk is refused.", `"jwk":`+testKey("rsa-2048-a").jwk()),
		embedded("jwk-null", "A header with jwk null is refused.", `"jwk":null`),
		embedded("jwk-empty", "A header with an empty jwk is refused.", `"jwk":{}`),
		embedded("jku", "A header with jku is refused.", `"jku":"https://attacker.example/jwks.json"`),
		embedded("jku-of-issuer", "A jku of the issuer's own host is refused too.", `"jku":"https://as.example/jwks.json"`),
		embedded("x5u", "A header with x5u is refused.", `"x5u":"https://attacker.example/cert.pem"`),
		embedded("x5c", "A header with x5c is refused.", `"x5c":["MIIB"]`),
		embedded("x5c-empty", "A header with an empty x5c is refused.", `"x5c":[]`),
		embedded("x5t", "A header with x5t is refused.", `"x5t":"AAAAAAAAAAAAAAAAAAAAAAAAAAA"`),
		embedded("x5t-s256", "A header with x5t#S256 is refused.", `"x5t#S256":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"`),
		embedded("jwk-escaped-name", "A jwk whose name is written with an escape is refused.", `"\u006awk":`+attacker.jwk()),
	}
}

// jwsForbidden: crit, b64, zip and embedded keys.
func jwsForbidden(b *builder) {
	t := b.twin("jws.compact.three-parts")
	b.rejects(t, forbiddenRows())
	b.refs = []string{"RFC 7515, section 4"}
	b.requirements = []string{"RFC7515-4-05"}
	b.near("nested", "The forbidden names inside an unknown member mean nothing.", t, appendText("header", "", `"x":{"crit":["y"],"jwk":{},"b64":false,"zip":"DEF"}`))
	b.near("cty", "A cty in the header is ignored.", t, appendText("header", "", `"cty":"json"`), refs("RFC 7515, section 4.1.10", "profile, section 3"))
	b.near("other-names", "Parameters that are not registered are ignored.", t, appendText("header", "", `"jwks":{},"x5":"","b65":false,"crit2":["x"],"iss":"https://other.example"`))
}

var longKid = strings.Repeat("k", 256)

// kidRows: the header's kid, for a twin with the kid rs256-1.
func kidRows() []row {
	kid := func(slug, title, code, text string, opts ...option) row {
		return row{slug, title, code, set("header", "/kid", text), opts}
	}
	rows := []row{
		{"missing", "A header without kid is refused: no key is tried.", "jws_kid_missing", drop("header", "/kid"),
			[]option{refs("profile, section 3"), level("PROFILE"), kills("kid-optional")}},
		kid("null", "A kid of null is refused.", "jws_kid_invalid", "null"),
		kid("number", "A kid that is a number is refused.", "jws_kid_invalid", "1"),
		kid("array", "A kid that is an array is refused.", "jws_kid_invalid", `["rs256-1"]`),
		kid("empty", "An empty kid is refused.", "jws_kid_invalid", `""`),
		kid("unknown", "A kid that the issuer's set does not have is refused.", "key_kid_unknown", `"rs256-2"`, kills("kid-any-key")),
		kid("case", "A kid in other letters is another kid.", "key_kid_unknown", `"RS256-1"`, kills("kid-case-fold")),
		kid("prefix", "The beginning of a kid is another kid.", "key_kid_unknown", `"rs256-"`, kills("kid-prefix")),
		kid("longer", "A kid with more behind it is another kid.", "key_kid_unknown", `"rs256-1.1"`, kills("kid-prefix")),
		kid("trailing-space", "A kid with a space behind it is another kid.", "key_kid_unknown", `"rs256-1 "`, kills("kid-trimmed")),
		kid("trailing-nul", "A kid with a NUL behind it is another kid.", "key_kid_unknown", `"rs256-1\u0000"`, kills("kid-nul-ends")),
		kid("path", "A kid that looks like a path is only an unknown one.", "key_kid_unknown", `"../../../dev/null"`),
		kid("sql", "A kid that looks like SQL is only an unknown one.", "key_kid_unknown", `"x' UNION SELECT 'key"`),
		kid("thumbprint", "The thumbprint of the key is not its kid.", "key_kid_unknown", quote(testKey("rsa-2048-a").thumbprint()), kills("kid-any-key")),
		kid("look-alike", "A kid with a full-width digit is another kid.", "key_kid_unknown", `"rs256-１"`),
		kid("of-other-type", "The kid of the issuer's other key is refused: its type does not fit.", "key_alg_mismatch", `"es256-1"`,
			refs("RFC 8725, section 3.1"), kills("key-type-ignored"), requirements("RFC8725-3.1-03")),
	}
	return rows
}

// jwsKid: the key's id.
func jwsKid(b *builder) {
	b.refs = []string{"RFC 7515, section 4.1.4"}
	b.requirements = []string{"RFC7515-4.1.4-01"}
	t := b.twin("jws.compact.three-parts")
	b.rejects(t, kidRows())
	b.near("escaped", "A kid written with an escape is the same kid.", t, set("header", "/kid", `"rs256\u002d1"`), refs("RFC 7515, section 5.3"))

	c := b.near("payload-copy", "A kid in the payload means nothing.", t, appendText("payload", "", `"kid":"other"`), refs("RFC 7519, section 5.3", "profile, section 3"))
	b.reject("payload-alone", "A kid in the payload alone does not count.", c, "jws_kid_missing", drop("header", "/kid"),
		refs("profile, section 3"), level("PROFILE"), kills("kid-optional"))

	named := func(kid string) scene {
		return t.scene.with(set("policy", "/issuers/0/jwks/keys/0/kid", quote(kid)), set("header", "/kid", quote(kid)))
	}
	long := b.accept("long", "A kid of 256 bytes is accepted.", named(longKid), refs("profile, section 4"), level("PROFILE"))
	b.reject("too-long", "A kid of 257 bytes is refused before it is looked up.", long, "jws_kid_invalid", set("header", "/kid", quote(longKid+"k")),
		refs("profile, section 4"), level("PROFILE"))
	wide := b.accept("long-wide", "A kid of 128 letters of two bytes each is accepted.", named(strings.Repeat("é", 128)), refs("profile, section 4"), level("PROFILE"))
	b.reject("too-long-wide", "A kid of 129 letters of two bytes each is refused: bytes count.", wide, "jws_kid_invalid",
		set("header", "/kid", quote(strings.Repeat("é", 129))), refs("profile, section 4"), level("PROFILE"), kills("kid-counts-letters"))
	composed := b.accept("composed", "A kid with a composed letter is accepted as it stands in the set.", named("cl\u00e9"))
	b.reject("decomposed", "The same kid with a decomposed letter is another kid.", composed, "key_kid_unknown", set("header", "/kid", quote("cle\u0301")),
		refs("RFC 7515, section 5.3"), kills("kid-normalised"))
	upper := b.accept("non-bmp", "A kid outside the Basic Multilingual Plane is accepted.", named("key-😀"), requirements("RFC7515-10.13-01"))
	b.near("non-bmp-escaped", "The same kid written as a surrogate pair is accepted.", upper, set("header", "/kid", `"key-\ud83d\ude00"`), refs("RFC 7515, section 10.13"))
	b.reject("non-bmp-other", "A kid that differs in the low surrogate alone is another kid.", upper, "key_kid_unknown", set("header", "/kid", `"key-\ud83d\ude01"`),
		refs("RFC 7515, section 10.13"), requirements("RFC7515-10.13-01"))

	both := t.scene
	both.policy = "draft00-two.json"
	two := b.accept("two-issuers", "Of two issuers that use one kid each has its own key.", both, refs("RFC 8725, section 3.8"))
	b.reject("of-other-issuer", "A kid that only another issuer has is unknown.", two, "key_kid_unknown", set("header", "/kid", `"other-1"`),
		refs("RFC 8725, section 3.8"), kills("issuer-key-mixed"), threats("T1"), requirements("RFC8725-3.8-01"))

	loaded := t.scene
	loaded.policy, loaded.keys = "draft00-loaded.json", map[string]string{issuerID: "as.json"}
	l := b.accept("loaded", "A key of a set that was loaded is found.", loaded, refs("profile, section 4"))
	b.reject("no-set", "Without a key set of its issuer a token is refused, and the answer says that it is no fault of the token.", l, "key_set_missing",
		drop("key", ""), refs("profile, section 4"), level("PROFILE"), status(503))
	b.reject("loaded-unknown", "A kid that the loaded set does not have is refused.", l, "key_kid_unknown", set("header", "/kid", `"rs256-9"`))
	b.reject("empty-set", "In a set without keys every kid is unknown.", l, "key_kid_unknown", set("key", "/keys", "[]"), refs("profile, section 4"))
}

// typNotAllowed are types that no issuer of the cases lists.
var typNotAllowed = [][3]string{ // slug, value, why
	{"dpop", "dpop+jwt", "A proof's type is refused"},
	{"dpop-application", "application/dpop+jwt", "A proof's type with its prefix is refused"},
	{"bundle", "ajwt-bundle+jwt", "A workflow bundle's type is refused"},
	{"link", "ajwt-delegation+jwt", "A delegation link's type is refused"},
	{"revocations", "ajwt-revocations+jwt", "A revocation list's type is refused"},
	{"id-token", "id_token+jwt", "An unlisted type is refused"},
	{"logout", "logout+jwt", "A logout token's type is refused"},
	{"secevent", "secevent+jwt", "A security event's type is refused"},
	{"jwe", "JWE", "The type JWE is refused"},
	{"empty", "", "An empty type is refused"},
	{"prefix-alone", "application/", "The prefix application/ alone is refused"},
	{"prefix-twice", "application/application/jwt", "The prefix application/ twice is refused"},
	{"text", "text/jwt", "A media type of another family is refused"},
	{"parameter", "JWT;v=1", "A media type with a parameter is refused"},
	{"trailing-space", "JWT ", "A type with a space behind it is refused"},
	{"leading-space", " JWT", "A type with a space before it is refused"},
	{"longer", "at+jwt2", "A type that begins like a listed one is refused"},
	{"dotless-i", "JWT\u0131", "A type with a foreign letter is refused"},
}

// typRows: the header's typ.
func typRows() []row {
	var rows []row
	for _, v := range [][2]string{{"null", "null"}, {"number", "1"}, {"array", `["JWT"]`}, {"true", "true"}} {
		rows = append(rows, row{v[0], "A typ that is " + v[1] + " is refused.", "jws_typ_invalid", set("header", "/typ", v[1]), []option{refs("RFC 7515, section 4.1.9")}})
	}
	for _, v := range typNotAllowed {
		rows = append(rows, row{v[0], v[2] + ".", "key_typ_not_allowed", set("header", "/typ", quote(v[1])), []option{kills("skip-typ"), requirements("RFC8725-3.12-01")}})
	}
	return rows
}

// typNears: ways to write a listed type.
func typNears() []accepted {
	var rows []accepted
	for _, v := range [][2]string{{"jwt-lower", "jwt"}, {"at-jwt", "at+jwt"}, {"at-jwt-upper", "AT+JWT"}, {"jwt-application", "application/jwt"},
		{"at-jwt-application", "application/at+jwt"}, {"mixed-case-prefix", "Application/At+Jwt"}} {
		opts := []option{requirements("RFC7515-4.1.9-02")}
		if v[1] != "at+jwt" {
			opts = append(opts, kills("typ-case-sensitive"))
		}
		rows = append(rows, accepted{v[0], "The type " + v[1] + " is accepted.", set("header", "/typ", quote(v[1])), opts})
	}
	return rows
}

// jwsTyp: the type of the token.
func jwsTyp(b *builder) {
	b.refs = []string{"RFC 8725, section 3.11", "RFC 7515, section 4.1.9", "profile, section 3"}
	t := b.twin("jws.compact.three-parts")
	b.rejects(t, typRows())
	b.nears(t, typNears())
	b.near("absent", "Without typ a token reads as JWT in the profile draft-00.", t, drop("header", "/typ"), level("PROFILE"), refs("profile, section 3"), kills("typ-mandatory"))

	own := t.scene.with(set("policy", "/issuers/0/types", `["JWT","example+jwt"]`), set("header", "/typ", `"example+jwt"`))
	o := b.accept("own", "A type of the issuer's own list is accepted.", own, refs("profile, section 10"))
	b.near("own-application", "A type of the own list may carry its prefix.", o, set("header", "/typ", `"APPLICATION/EXAMPLE+JWT"`))
	b.reject("own-replaces", "The issuer's own list replaces the usual one.", o, "key_typ_not_allowed", set("header", "/typ", `"at+jwt"`), kills("skip-typ"))
	only := t.scene.with(set("policy", "/issuers/0/types", `["at+jwt"]`), set("header", "/typ", `"at+jwt"`))
	at := b.accept("at-only", "Where the list has at+jwt alone, at+jwt is accepted.", only)
	b.reject("at-only-absent", "Where the list has at+jwt alone, a token without typ reads as JWT and is refused.", at, "key_typ_not_allowed", drop("header", "/typ"),
		level("PROFILE"), kills("typ-absent-passes"))
}

// jwsIssuer: iss decides whose keys count.
func jwsIssuer(b *builder) {
	b.refs = []string{"RFC 8725, section 3.8", "RFC 7519, section 4.1.1"}
	t := b.twin("jws.compact.three-parts")
	b.rejects(t, issuerRows())
	b.near("escaped", "An iss written with an escape is the same issuer.", t, set("payload", "/iss", `"https:\/\/as.example"`), refs("RFC 8259, section 7"))
	b.near("header-copy", "A copy of iss in the header means nothing.", t, appendText("header", "", `"iss":"https://other.example"`), refs("RFC 7519, section 5.3", "profile, section 3"))

	two := b.twin("jws.kid.two-issuers")
	b.reject("other-with-our-key", "A token that names another issuer and is signed by ours is refused.", two, "signature_invalid",
		set("payload", "/iss", quote(otherID)), threats("T1"), kills("issuer-key-mixed", "skip-signature"), requirements("RFC8725-3.8-01"))
	other := two.scene.signedBy("rsa-2048-b", "RS256").with(set("payload", "/iss", quote(otherID)))
	o := b.accept("other", "A token of the other issuer, signed with its key, is accepted.", other)
	b.reject("ours-with-other-key", "A token that names our issuer and is signed by the other one is refused.", o, "signature_invalid",
		set("payload", "/iss", quote(issuerID)), threats("T1"), kills("issuer-key-mixed", "skip-signature"), requirements("RFC8725-3.8-01"))
}

func issuerRows() []row {
	var rows []row
	iss := func(slug, title, code, text string, opts ...option) {
		rows = append(rows, row{slug, title, code, set("payload", "/iss", text), opts})
	}
	rows = append(rows, row{"missing", "A token without iss is refused.", "key_iss_missing", drop("payload", "/iss"), nil})
	iss("null", "An iss of null is refused.", "key_iss_invalid", "null")
	iss("number", "An iss that is a number is refused.", "key_iss_invalid", "1")
	iss("array", "An iss that is an array is refused, also with one known issuer in it.", "key_iss_invalid", `["https://as.example"]`)
	iss("object", "An iss that is an object is refused.", "key_iss_invalid", `{"id":"https://as.example"}`)
	iss("empty", "An empty iss is refused.", "key_iss_invalid", `""`)
	for _, v := range [][3]string{
		{"unknown", "https://attacker.example", "An issuer that the policy does not know is refused"},
		{"trailing-slash", "https://as.example/", "An issuer with a slash at its end is another one"},
		{"case", "https://AS.example", "An issuer in other letters is another one"},
		{"http", "http://as.example", "An issuer with another scheme is another one"},
		{"default-port", "https://as.example:443", "An issuer with the default port is another one"},
		{"prefix", "https://as.exampl", "The beginning of an issuer is another one"},
		{"longer", "https://as.example.attacker.example", "An issuer that ours begins is another one"},
		{"trailing-space", "https://as.example ", "An issuer with a space at its end is another one"},
		{"fragment", "https://as.example#", "An issuer with an empty fragment is another one"},
		{"user-information", "https://as.example@attacker.example", "An issuer before an at sign is another one"},
		{"look-alike", "https://аs.example", "An issuer with a Cyrillic letter is another one"},
		{"nul", "https://as.example\x00", "An issuer with a NUL at its end is another one"},
	} {
		fault := []string{"issuer-first"}
		if v[0] == "trailing-slash" {
			fault = append(fault, "issuer-trailing-slash")
		}
		iss(v[0], v[2]+".", "key_issuer_unknown", quote(v[1]), kills(fault...))
	}
	return rows
}
