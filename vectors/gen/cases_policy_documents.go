package main

import "strings"

// documentsPolicy has a bundle and a revocation list of one issuer, with every member.
var documentsPolicy = policyDoc(`[{"id":"any","match":{"path":"/repos/**"},"require":{"level":"ajwt"}}]`,
	strings.TrimSuffix(issuerText(issuerID, "hardened", []string{"ES256", "Ed25519"}, ""), "}")+
		`,"bundle":{"keys":[`+testKey("bundle-p256-a").entry("bundle-1", "ES256")+`],"uri":"https://as.example/bundle","min_version":7}`+
		`,"revocation":{"keys":[`+testKey("list-p256-a").entry("list-1", "ES256")+`],"file":"/etc/ajwt/revocations.jws","required":true,"grace_seconds":300,"min_sequence":5}}`)

// policyDocuments: the members bundle and revocation of an issuer.
func policyDocuments(b *builder) {
	b.refs = []string{"profile, section 10.2", refBundle, refList}
	t := policyTwin(b, "every-member", "Bundle and list of an issuer, with every member.", documentsPolicy)
	const bundle, list = "/issuers/0/bundle", "/issuers/0/revocation"
	loads(b, t, "handed-over", "Neither uri nor file: the host hands the bundle over.", outOf(bundle+"/uri"))
	loads(b, t, "keys-alone", "A list that nobody requires needs its keys alone.", inText(list, `{"keys":[`+testKey("list-p256-a").entry("list-1", "ES256")+`]}`))
	loads(b, t, "bundle-alone", "A bundle without a revocation list.", outOf(list))
	loads(b, t, "two-keys", "Two keys, for the time in which one follows the other.", inText(bundle+"/keys/-", testKey("bundle-p256-b").entry("bundle-2", "ES256")))
	loads(b, t, "same-kid-apart", "A kid of the bundle's keys may be one of the list's.", inText(bundle+"/keys/0/kid", `"list-1"`))
	loads(b, t, "min-version-0", "Any version from 0 on.", inText(bundle+"/min_version", "0"))
	loads(b, t, "min-version-most", "The largest integer that JSON keeps.", inText(bundle+"/min_version", "9007199254740991"))
	loads(b, t, "grace-week", "A grace of a week is the longest.", inText(list+"/grace_seconds", "604800"))
	loads(b, t, "not-required", "A list that is named and not required.", inText(list+"/required", "false"))
	bad := func(slug, title, code string, e edit, at ...string) { fails(b, t, slug, title, code, e, at...) }
	bad("bundle-keys-missing", "A bundle without keys could be anybody's.", "policy_member_missing", outOf(bundle+"/keys"), bundle+"/keys")
	bad("list-keys-missing", "A list without keys could be anybody's.", "policy_member_missing", outOf(list+"/keys"), list+"/keys")
	bad("bundle-keys-empty", "No key can sign the bundle.", "policy_member_value", inText(bundle+"/keys", "[]"), bundle+"/keys")
	bad("list-keys-empty", "No key can sign the list.", "policy_member_value", inText(list+"/keys", "[]"), list+"/keys")
	bad("bundle-keys-set", "The keys stand in an array, not in a JWK Set.", "policy_member_type", inText(bundle+"/keys", jwks(testKey("bundle-p256-a").entry("bundle-1", "ES256"))), bundle+"/keys")
	bad("list-keys-string", "The keys are no address of them.", "policy_member_type", inText(list+"/keys", `"https://as.example/jwks.json"`), list+"/keys")
	bad("bundle-kid-missing", "A key of the bundle without a kid.", "keys_kid_missing", outOf(bundle+"/keys/0/kid"), bundle+"/keys/0/kid")
	bad("list-key-private", "A private key among the list's.", "keys_private_member", inText(list+"/keys/0/d", `"AQAB"`), list+"/keys/0/d")
	bad("bundle-array", "A bundle is no array.", "policy_member_type", inText(bundle, "[]"), bundle)
	bad("list-true", "A list is not switched on by true.", "policy_member_type", inText(list, "true"), list)
	bad("bundle-uri-and-file", "Either uri or file says where the bundle is.", "policy_member_conflict", inText(bundle+"/file", `"/etc/ajwt/bundle.jws"`), bundle+"/file")
	bad("list-uri-and-file", "Either uri or file says where the list is.", "policy_member_conflict", inText(list+"/uri", `"https://as.example/revocations"`), list+"/file")
	bad("bundle-uri-http", "The bundle's address is not https.", "policy_member_value", inText(bundle+"/uri", `"http://as.example/bundle"`), bundle+"/uri")
	bad("bundle-uri-number", "The bundle's address is a string.", "policy_member_type", inText(bundle+"/uri", "1"), bundle+"/uri")
	bad("list-file-empty", "The list's file has a name.", "policy_member_value", inText(list+"/file", `""`), list+"/file")
	bad("bundle-unknown-member", "An unknown member of bundle is refused.", "policy_member_unknown", inText(bundle+"/url", `"https://as.example/bundle"`), bundle+"/url")
	bad("list-unknown-member", "An unknown member of revocation is refused.", "policy_member_unknown", inText(list+"/grace", "300"), list+"/grace")
	bad("bundle-required", "Required is a member of the list alone: a bundle always is, above level jwt.", "policy_member_unknown", inText(bundle+"/required", "true"), bundle+"/required")
	bad("min-version-string", "min_version is a number.", "policy_member_type", inText(bundle+"/min_version", `"7"`), bundle+"/min_version")
	bad("min-version-negative", "min_version is not negative.", "policy_member_value", inText(bundle+"/min_version", "-1"), bundle+"/min_version")
	bad("min-version-fraction", "min_version is an integer in plain digits.", "policy_member_value", inText(bundle+"/min_version", "7.0"), bundle+"/min_version")
	bad("min-sequence-large", "min_sequence is an integer that JSON keeps.", "policy_member_value", inText(list+"/min_sequence", "9007199254740992"), list+"/min_sequence")
	bad("required-string", "required is true or false.", "policy_member_type", inText(list+"/required", `"true"`), list+"/required")
	bad("grace-over-a-week", "A grace of more than a week is no grace.", "policy_member_value", inText(list+"/grace_seconds", "604801"), list+"/grace_seconds")
	bad("grace-negative", "The grace is not negative.", "policy_member_value", inText(list+"/grace_seconds", "-1"), list+"/grace_seconds")
	bad("null-bundle", "null is no bundle: the member is there or it is not.", "policy_member_type", inText(bundle, "null"), bundle)
}
