package main

// jwsHardened repeats cases under the strictest profile, with a bound token and a
// proof that fits it: what is wrong with the token is found before the proof is read.
func jwsHardened(b *builder) {
	b.refs = []string{"RFC 7515, section 5.2", "profile, section 3"}
	t := b.accept("rs256", "A bound token signed with RS256 and a proof are accepted.", hardened("RS256"))
	e := b.accept("es256", "A bound token signed with ES256 and a proof are accepted.", hardened("ES256"))

	b.rejects(t, pick(compactRows, "two-parts", "four-parts", "trailing-dot", "five-parts"))
	b.rejects(t, pick(algRows(), "missing", "null", "none-lower", "none-mixed", "none-without-signature", "hs256-pem", "unlisted-eddsa", "unlisted-ps256"))
	b.rejects(t, pick(forbiddenRows(), "crit-unknown", "b64-false", "zip-def", "jwk-of-attacker", "jku"))
	b.rejects(t, prefixed("kid-", pick(kidRows(), "missing", "number", "unknown", "case", "of-other-type")))
	b.rejects(t, prefixed("typ-", pick(typRows(), "number", "dpop", "bundle", "empty")))
	b.rejects(t, prefixed("iss-", pick(issuerRows(), "missing", "array", "unknown", "trailing-slash")))
	b.reject("typ-missing", "A token without typ is refused in the profile hardened.", t, "key_typ_missing", drop("header", "/typ"),
		refs("RFC 8725, section 3.11", "profile, section 3"), level("PROFILE"), kills("typ-optional"), requirements("RFC8725-3.11-02"))
	b.near("typ-at-jwt", "The type at+jwt is accepted in the profile hardened.", t, set("header", "/typ", `"at+jwt"`), refs("RFC 9068, section 4"))

	b.rejects(e, prefixed("signature-", pick(signatureRows(e.scene), "first-bit", "truncated", "zeros", "other-key", "payload-changed")))
	b.rejects(e, prefixed("header-", pick(jsonRows("header", "jws_header_", "header", e.scene.token.header, "alg"),
		"trailing-bytes", "high-surrogate", "duplicate-known", "too-deep-arrays", "too-many-members", "not-object-array")))
	b.rejects(e, prefixed("payload-", pick(jsonRows("payload", "jws_payload_", "payload", e.scene.token.payload, "sub"),
		"trailing-bytes", "lone-continuation", "duplicate-known", "duplicate-nested", "too-deep-objects", "too-many-members", "not-object-null")))
}

// prefixed returns the rows with a prefix to their slugs.
func prefixed(prefix string, rows []row) []row {
	for i := range rows {
		rows[i].slug = prefix + rows[i].slug
	}
	return rows
}
