package main

import "strings"

var jwsTopics = []topic{
	{"jws", "compact", jwsCompact},
	{"jws", "base64", jwsBase64},
	{"jws", "header-json", jwsHeaderJSON},
	{"jws", "payload-json", jwsPayloadJSON},
	{"jws", "alg", jwsAlg},
	{"jws", "algorithms", jwsAlgorithms},
	{"jws", "forbidden", jwsForbidden},
	{"jws", "kid", jwsKid},
	{"jws", "typ", jwsTyp},
	{"jws", "issuer", jwsIssuer},
	{"jws", "rsa", jwsRSA},
	{"jws", "ecdsa", jwsECDSA},
	{"jws", "edwards", jwsEdwards},
	{"jws", "mldsa", jwsMLDSA},
	{"jws", "hardened", jwsHardened},
}

// withParts rewrites the list of parts.
func withParts(change func(p []string) []string) edit {
	return token(func(c string) string { return strings.Join(change(strings.Split(c, ".")), ".") })
}

var compactRows = []row{
	{"one-part", "A token of one part, without any dot, is refused.", "jws_compact_segments",
		withParts(func(p []string) []string { return p[:1] }), nil},
	{"two-parts", "A token without the dot and the signature is refused.", "jws_compact_segments",
		withParts(func(p []string) []string { return p[:2] }), []option{kills("two-parts-accepted")}},
	{"four-parts", "A token with a fourth part is refused.", "jws_compact_segments",
		withParts(func(p []string) []string { return append(p, p[2]) }), []option{kills("extra-parts-ignored")}},
	{"trailing-dot", "A token with a dot at its end has four parts and is refused.", "jws_compact_segments",
		withParts(func(p []string) []string { return append(p, "") }), []option{kills("extra-parts-ignored")}},
	{"leading-dot", "A token with a dot at its start has four parts and is refused.", "jws_compact_segments",
		withParts(func(p []string) []string { return append([]string{""}, p...) }), nil},
	{"double-dot", "A token with two dots between header and payload has four parts and is refused.", "jws_compact_segments",
		withParts(func(p []string) []string { return []string{p[0], "", p[1], p[2]} }), nil},
	{"five-parts", "A token of five parts is in the form of an encrypted one and is refused.", "jws_compact_encrypted",
		withParts(func(p []string) []string { return append(p, p[1], p[2]) }), []option{refs("RFC 7516, section 3.1", "profile, section 3")}},
	{"five-empty-parts", "Five parts are refused as encrypted also where the last two are empty.", "jws_compact_encrypted",
		withParts(func(p []string) []string { return append(p, "", "") }), []option{refs("RFC 7516, section 3.1", "profile, section 3")}},
	{"six-parts", "A token of six parts is refused.", "jws_compact_segments",
		withParts(func(p []string) []string { return append(p, "", "", "") }), nil},
	{"no-dots", "A token whose dots are gone is refused.", "jws_compact_segments",
		token(func(c string) string { return strings.ReplaceAll(c, ".", "") }), nil},
	{"other-separator", "Parts joined with a colon are one part and are refused.", "jws_compact_segments",
		token(func(c string) string { return strings.ReplaceAll(c, ".", ":") }), nil},
	{"escaped-dots", "Dots written as %2E are no separators.", "jws_compact_segments",
		token(func(c string) string { return strings.ReplaceAll(c, ".", "%2E") }), nil},
	{"json-flattened", "The flattened JSON serialisation, cut to one member, is no compact form.", "jws_compact_segments",
		token(func(c string) string { return `{"payload":"` + strings.Split(c, ".")[1] + `"}` }), []option{refs("RFC 7515, section 7.2.2", "profile, section 3")}},
}

// jwsCompact: three parts joined with dots.
func jwsCompact(b *builder) {
	b.refs = []string{"RFC 7515, section 7.1"}
	b.requirements = []string{"RFC7515-3.1-01"}
	t := b.accept("three-parts", "A token of three parts is accepted.", draft("RS256"))
	b.accept("es256", "A token signed with ES256 is accepted.", draft("ES256"))
	b.rejects(t, compactRows)
}

// base64Rows: a part that is not strict base64url. name is header, payload or
// signature, i its place.
func base64Rows(name string, i int) []row {
	code := "jws_" + name + "_base64"
	change := func(f func(string) string) edit { return token(part(i, f)) }
	slug := func(s string) string { return name + "-" + s }
	rows := []row{
		{slug("slack"), "The " + name + " whose last character has a spare bit set decodes to the same bytes in a lax decoder and is refused.",
			code, change(slack), []option{kills("base64-slack-accepted"), refs("RFC 4648, section 3.5", "profile, section 3")}},
		{slug("padding"), "The " + name + " with its padding is refused.", code, change(padded), []option{kills("base64-padding-accepted")}},
		{slug("padding-long"), "The " + name + " with four padding characters is refused.", code, change(func(p string) string { return p + "====" }),
			[]option{kills("base64-padding-accepted")}},
		{slug("standard-alphabet"), "The " + name + " in the standard alphabet (+ and /) is refused.", code, change(standard), []option{kills("base64-standard-alphabet")}},
		{slug("foreign-character"), "The " + name + " with a character outside the alphabet is refused.", code, change(insert("!")), []option{kills("base64-foreign-ignored")}},
		{slug("percent-escape"), "The " + name + " with a percent escape is refused.", code, change(insert("%41")), nil},
		{slug("rest-1"), "The " + name + " with a length that no bytes encode to is refused.", code, change(cutToRest1), nil},
	}
	if name != "signature" {
		rows = append(rows, row{slug("empty"), "An empty " + name + " is refused.", code, change(to("")), nil})
	}
	return rows
}

// jwsBase64: each part is strict base64url.
func jwsBase64(b *builder) {
	b.refs = []string{"RFC 7515, section 2"}
	b.requirements = []string{"RFC7515-2-02"}
	s := draft("RS256")
	s.token.header = awkward(s.token.header)
	s.token.payload = awkward(s.token.payload)
	t := b.accept("url-alphabet", "A token whose three parts hold - or _ is accepted.", s)
	for i, name := range []string{"header", "payload", "signature"} {
		b.rejects(t, base64Rows(name, i))
	}
	b.reject("signature-empty", "A token with an empty signature is refused.", t, "jws_signature_empty", token(part(2, to(""))),
		kills("empty-signature-accepted"), refs("RFC 8725, section 3.2"))
	b.reject("all-empty", "Two dots alone are refused for their header.", t, "jws_header_base64", token(to("..")))
	b.reject("header-twice-encoded", "A header that is encoded twice decodes to text that is no JSON.", t, "jws_header_syntax",
		token(part(0, func(p string) string { return b64([]byte(p)) })), refs("RFC 7515, section 5.2"))
	b.reject("header-not-encoded", "A header that is not encoded is refused.", t, "jws_header_base64",
		token(part(0, to(`{"alg":"RS256"}`))))
	b.reject("payload-not-encoded", "A payload that is not encoded is refused: b64 is no option.", t, "jws_payload_base64",
		token(part(1, to(`{"sub":"patcher"}`))), refs("RFC 7797, section 5.2", "RFC 7515, section 2"))
}

// awkward adds a member so that the text's encoding holds - or _ and ends with spare
// bits: then every kind of lax decoding has something to be lax with.
func awkward(text string) string {
	for x := "?"; ; x += "~?"[len(x)%2:][:1] {
		changed, _ := replace(text, "/x", ptr(quote(x)))
		if encoded := b64([]byte(changed)); strings.ContainsAny(encoded, "-_") && len(encoded)%4 > 1 {
			return changed
		}
	}
}
