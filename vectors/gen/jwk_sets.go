package main

import (
	"strconv"
	"strings"
)

// setInput is the input of keys_load: the set's text.
func setInput(set string) string { return `{"keys":` + quote(set) + `}` }

// jwkSet: the document and its kids.
func jwkSet(b *builder) {
	b.refs = []string{"RFC 7517, section 5", "profile, section 4"}
	set2 := serverKeys("RS256", "ES256")
	t := b.value("two-keys", "A set of two keys is taken.", "keys_load", setInput(set2), "")
	text := func(slug, title, code, raw string, opts ...option) {
		b.refuse(slug, title, t, code, set("key", "", raw), append(opts, pointers(""))...)
	}
	strictRef := []option{refs("RFC 8259, section 2", "profile, section 4")}
	text("empty", "An empty text is refused.", "keys_json_invalid", "", strictRef...)
	text("trailing-bytes", "A set with bytes after it is refused.", "keys_json_invalid", set2+"x", strictRef...)
	text("truncated", "A set that breaks off is refused.", "keys_json_invalid", strings.TrimSuffix(set2, "}"), strictRef...)
	text("byte-order-mark", "A set with a byte order mark is refused.", "keys_json_invalid", "\ufeff"+set2, strictRef...)
	text("trailing-comma", "A set with a comma before its end is refused.", "keys_json_invalid", strings.TrimSuffix(set2, "]}")+",]}", strictRef...)
	text("html", "A page instead of a set is refused.", "keys_json_invalid", "<html></html>", strictRef...)
	text("array", "An array instead of a set is refused.", "keys_not_set", "[]")
	text("null", "The value null is refused.", "keys_not_set", "null")
	text("string", "A string instead of a set is refused.", "keys_not_set", `"keys"`)
	text("single-key", "A key instead of a set is refused.", "keys_not_set", testKey("p256-a").entry("es256-1", "ES256"))
	b.refuse("duplicate-keys", "A set with two members keys is refused.", t, "keys_json_invalid", appendText("key", "", `"keys":[]`), pointers(""),
		refs("RFC 7517, section 4", "profile, section 3"), requirements("RFC7517-4-01"), kills("json-duplicates-last-wins"))
	b.refuse("duplicate-member", "A set with a key that has kid twice is refused.", t, "keys_json_invalid", appendText("key", "/keys/0", `"kid":"x"`), pointers(""),
		refs("RFC 7517, section 4", "profile, section 3"), requirements("RFC7517-4-01"), kills("json-duplicates-last-wins"))
	b.refuse("lone-surrogate", "A set with a lone surrogate is refused.", t, "keys_json_invalid", appendText("key", "", `"x":"\ud800"`), pointers(""), strictRef[0])
	b.refuse("keys-missing", "An object without keys is refused.", t, "keys_not_set", drop("key", "/keys"), pointers(""), requirements("RFC7517-5-01"))
	for _, v := range [][2]string{{"object", "{}"}, {"null", "null"}, {"string", `"x"`}} {
		b.refuse("keys-"+v[0], "A set whose keys is "+v[1]+" is refused.", t, "keys_not_set", set("key", "/keys", v[1]), pointers(""), requirements("RFC7517-5-01"))
	}
	b.refuse("keys-case", "A set with Keys instead of keys is refused.", t, "keys_not_set", set("key", "", strings.Replace(set2, `"keys"`, `"Keys"`, 1)), pointers(""), kills("members-case-insensitive"))
	b.value("no-keys", "A set without keys is taken; no token can be verified with it.", "keys_load", setInput(jwks()), "")
	b.value("unknown-members", "Unknown members of a set are ignored.", "keys_load", setInput(`{"iss":"https://as.example","x":{"keys":1},`+set2[1:]), "", requirements("RFC7517-5-02"))
	b.value("all-algorithms", "A set with a key for every algorithm is taken.", "keys_load", setInput(serverKeys(allAlgorithms...)), "")
	b.value("skipped-keys", "A set whose keys are all of unknown types is taken: they are skipped.", "keys_load",
		setInput(`{"keys":[{"kty":"XYZ","kid":"a"},{"kty":"EC","crv":"P-521","kid":"b"},{"kty":"RSA","kid":"c"}]}`), "", requirements("RFC7517-5-03"), kills("key-skipped-refuses-set"))
	jwkKids(b, t)
	jwkLimits(b)
}

func jwkKids(b *builder, t twin) {
	profile := []option{refs("profile, section 4"), level("PROFILE"), kills("kid-optional-in-set")}
	b.refuse("kid-missing", "A set with a key without kid is refused.", t, "keys_kid_missing", drop("key", "/keys/1/kid"), append(profile, pointers("/keys/1/kid"))...)
	for _, v := range [][2]string{{"null", "null"}, {"number", "1"}, {"array", `["es256-1"]`}, {"empty", `""`}, {"too-long", quote(longKid + "k")}} {
		b.refuse("kid-"+v[0], "A set with a key whose kid is no string of 1 to 256 bytes is refused ("+v[0]+").", t, "keys_kid_missing", set("key", "/keys/1/kid", v[1]),
			append(profile, pointers("/keys/1/kid"))...)
	}
	b.refuse("entry-number", "A set with a number among its keys is refused.", t, "keys_kid_missing", set("key", "/keys/1", "1"), append(profile, pointers("/keys/1"))...)
	b.refuse("kid-missing-skipped", "A key that would be skipped needs a kid too.", t, "keys_kid_missing", appendText("key", "/keys", `{"kty":"XYZ"}`), append(profile, pointers("/keys/2/kid"))...)
	dup := []option{refs("RFC 7517, section 4.5", "profile, section 4"), requirements("RFC7517-4.5-01"), kills("kid-duplicate-accepted")}
	b.refuse("kid-duplicate", "A set with two keys of one kid is refused.", t, "keys_kid_duplicate", set("key", "/keys/1/kid", `"rs256-1"`), append(dup, pointers("/keys/1/kid"))...)
	b.refuse("kid-duplicate-escaped", "A kid with an escape repeats the same one without.", t, "keys_kid_duplicate", set("key", "/keys/1/kid", `"\u0072s256-1"`), append(dup, pointers("/keys/1/kid"))...)
	b.refuse("kid-duplicate-skipped", "A key that is skipped may not repeat a kid either.", t, "keys_kid_duplicate", appendText("key", "/keys", `{"kty":"XYZ","kid":"rs256-1"}`), append(dup, pointers("/keys/2/kid"))...)
	b.value("kid-case", "Kids that differ in case are two.", "keys_load", setInput(jwks(testKey("p256-a").entry("a", "ES256"), testKey("p256-b").entry("A", "ES256"))), "", kills("kid-case-fold"))
	b.value("kid-long", "A kid of 256 bytes is taken.", "keys_load", setInput(jwks(testKey("p256-a").entry(longKid, "ES256"))), "")
	b.value("same-key-twice", "One key under two kids is taken.", "keys_load", setInput(jwks(testKey("p256-a").entry("a", "ES256"), testKey("p256-a").entry("b", "ES256"))), "")
}

// jwkLimits: 1,024 keys are taken. The keys are short ones that are skipped.
func jwkLimits(b *builder) {
	entries := make([]string, 1024)
	for i := range entries {
		entries[i] = `{"kty":"X","kid":"` + strconv.Itoa(i) + `"}`
	}
	ref := []option{refs("profile, section 17"), level("PROFILE")}
	full := b.value("limit", "A set of 1,024 keys is taken.", "keys_load", setInput(jwks(entries...)), "", ref...)
	b.refuse("limit-exceeded", "A set of 1,025 keys is refused.", full, "keys_too_many", appendText("key", "/keys", `{"kty":"X","kid":"1024"}`), append(ref, pointers("/keys"), kills("key-set-unlimited"))...)
	deep := b.value("deep", "A set that nests 16 deep is taken.", "keys_load", setInput(`{"keys":[],"x":`+nested(15)+`}`), "", ref...)
	b.refuse("too-deep", "A set that nests 17 deep is refused.", deep, "keys_json_invalid", set("key", "/x", nested(16)), append(ref, pointers(""))...)
}

// jwkSetLoad: private members refuse a set, also inside a policy.
func jwkSetLoad(b *builder) {
	b.refs = []string{"RFC 7517, section 9.2", "profile, section 4"}
	b.requirements = []string{"RFC7517-9.2-01"}
	t := b.value("public", "A set of an RSA, an elliptic-curve, an Edwards and an ML-DSA key is taken.", "keys_load",
		setInput(jwks(testKey("rsa-2048-a").entry("rsa", "RS256"), testKey("p256-a").entry("ec", "ES256"), testKey("ed25519-a").entry("ed", "Ed25519"),
			testKey("mldsa44-a").entry("ml", "ML-DSA-44"))), "")
	private := func(slug, title, at, member, value string) {
		b.refuse(slug, title, t, "keys_private_member", appendText("key", at, quote(member)+":"+value), pointers(at+"/"+member), kills("private-key-accepted"))
	}
	for _, f := range testKey("rsa-2048-a").private {
		private("rsa-"+f.name, "A set with the "+f.name+" of an RSA key is refused.", "/keys/0", f.name, quote(f.value))
	}
	for _, name := range []string{"dp", "dq", "qi"} {
		private("rsa-"+name, "A set with the "+name+" of an RSA key is refused.", "/keys/0", name, `"AQAB"`)
	}
	private("rsa-oth", "A set with further primes of an RSA key is refused.", "/keys/0", "oth", `[{"r":"AQAB","d":"AQAB","t":"AQAB"}]`)
	private("ec-d", "A set with the d of an elliptic-curve key is refused.", "/keys/1", "d", quote(testKey("p256-a").private[0].value))
	private("okp-d", "A set with the d of an Edwards key is refused.", "/keys/2", "d", quote(testKey("ed25519-a").private[0].value))
	private("akp-priv", "A set with the priv of an ML-DSA key is refused.", "/keys/3", "priv", quote(testKey("mldsa44-a").private[0].value))
	private("k-on-ec", "A symmetric secret in an elliptic-curve key refuses the set.", "/keys/1", "k", `"c2VjcmV0"`)
	private("d-null", "A private member without a value refuses the set too.", "/keys/1", "d", "null")
	b.refuse("oct", "A set with a symmetric key is refused.", t, "keys_private_member", appendText("key", "/keys", `{"kty":"oct","k":"c2VjcmV0","kid":"s"}`),
		pointers("/keys/4/kty"), kills("private-key-accepted"))
	b.refuse("oct-without-k", "A set with a symmetric key without its secret is refused.", t, "keys_private_member", appendText("key", "/keys", `{"kty":"oct","kid":"s"}`),
		pointers("/keys/4/kty"), kills("private-key-accepted"))
	b.refuse("unknown-type-d", "A d in a key of an unknown type refuses the set.", t, "keys_private_member", appendText("key", "/keys", `{"kty":"XYZ","kid":"s","d":"AQAB"}`),
		pointers("/keys/4/d"), kills("private-key-accepted"))
	b.value("nested-d", "A d inside an unknown member is not private.", "keys_load", setInput(jwks(`{"kty":"XYZ","kid":"s","x":{"d":"AQAB"}}`)), "")

	policy := policies()["draft00.json"]
	p := b.value("policy", "A policy with public keys in place is taken.", "policy_load", `{"policy":`+quote(policy)+`}`, "", refs("profile, section 10"))
	inside := func(slug, title, code, at string, e edit) {
		changed := e.applyText(policy)
		b.refuse(slug, title, p, code, set("input", "/policy", quote(changed)), pointers(at), refs("profile, section 4", "profile, section 10"), level("PROFILE"))
	}
	inside("policy-private", "A policy with a private key in place is refused.", "keys_private_member", "/issuers/0/jwks/keys/1/d", set("", "/issuers/0/jwks/keys/1/d", `"AQAB"`))
	inside("policy-oct", "A policy with a symmetric key in place is refused.", "keys_private_member", "/issuers/0/jwks/keys/1/kty", set("", "/issuers/0/jwks/keys/1/kty", `"oct"`))
	inside("policy-kid-missing", "A policy with a key without kid is refused.", "keys_kid_missing", "/issuers/0/jwks/keys/0/kid", drop("", "/issuers/0/jwks/keys/0/kid"))
	inside("policy-kid-duplicate", "A policy with two keys of one kid is refused.", "keys_kid_duplicate", "/issuers/0/jwks/keys/1/kid", set("", "/issuers/0/jwks/keys/1/kid", `"rs256-1"`))
	inside("policy-not-set", "A policy whose jwks has no keys is refused.", "keys_not_set", "/issuers/0/jwks", set("", "/issuers/0/jwks", `{}`))
}

// applyText edits a JSON text.
func (e edit) applyText(text string) string {
	changed, _ := replace(text, e.path, e.to)
	return changed
}

// jwkThumbprint: RFC 7638.
func jwkThumbprint(b *builder) {
	b.refs = []string{"RFC 7638, section 3"}
	jwk := func(slug, title, text, value string, opts ...option) twin {
		return b.value(slug, title, "thumbprint", `{"jwk":`+text+`}`, value, opts...)
	}
	const rfc7638 = `{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}`
	jwk("rfc7638", "The example of RFC 7638.", rfc7638, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", refs("RFC 7638, section 3.1"))
	jwk("rfc8037", "The example of RFC 8037.", `{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
		"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", refs("RFC 8037, appendix A.3"))
	for _, name := range []string{"p256-a", "p384-a", "ed25519-a", "ed448-a", "rsa-2048-a", "mldsa44-a"} {
		k := testKey(name)
		jwk(name, "The thumbprint of the test key "+name+".", k.jwk(), k.thumbprint())
	}
	k := testKey("p256-a")
	t := jwk("other-members", "Members that are not required do not count.", k.jwk(field{"kid", "x"}, field{"use", "sig"}, field{"alg", "ES256"}), k.thumbprint(), kills("thumbprint-of-all-members"))
	x, y := k.public[2], k.public[3]
	jwk("other-order", "The order of the members does not count.", jwkText([]field{y, x, {"crv", "P-256"}, {"kty", "EC"}}, nil), k.thumbprint(), kills("thumbprint-order-as-given"))
	_ = t
}
