package main

import (
	"fmt"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

var requestTopics = []topic{
	{"request", "authorization", requestAuthorization},
	{"request", "message", requestMessage},
	{"request", "limits", requestLimits},
	{"request", "target", requestTarget},
	{"request", "path", requestPath},
}

// credential changes the value of the Authorization field.
func credential(change func(value string) string) func(scene) edit {
	return func(s scene) edit {
		return set("request", "/headers/0/1", quote(change(s.scheme+" "+s.compact())))
	}
}

// field writes a header field as the request has it.
func headerField(name, value string) string {
	text, err := line(vectors.Header{Name: name, Value: []byte(value)})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// requestAuthorization: exactly one credential of a known scheme.
func requestAuthorization(b *builder) {
	b.refs = []string{"RFC 6750, section 2.1", "profile, section 13"}
	t := b.twin("jws.compact.three-parts")
	token := t.scene.compact()
	bad := func(slug, title, code string, change func(string) string, opts ...option) {
		b.reject(slug, title, t, code, credential(change)(t.scene), opts...)
	}
	missing := []option{refs("RFC 6750, section 3.1"), status(401)}
	b.reject("missing", "A request without Authorization is refused.", t, "input_authorization_missing", drop("request", "/headers/0"), missing...)
	b.reject("proxy-authorization", "A credential in Proxy-Authorization does not count.", t, "input_authorization_missing", set("request", "/headers/0/0", `"proxy-authorization"`), missing...)
	b.reject("underscore", "A field Authorization_ is another field.", t, "input_authorization_missing", set("request", "/headers/0/0", `"authorization_"`), missing...)
	q := b.near("query-copy", "A copy of the token in the query means nothing.", t, set("request", "/target", quote("/repos/acme/app?access_token="+token)), refs("RFC 6750, section 2.3", "profile, section 13"))
	b.reject("query-alone", "A token in the query alone is refused.", q, "input_authorization_missing", drop("request", "/headers/0"), refs("RFC 6750, section 2.3"), status(401), kills("token-from-query"))

	twice := []option{refs("RFC 6750, section 2", "RFC 9110, section 5.3"), status(400), kills("authorization-first-of-many")}
	duplicate := "input_authorization_duplicate"
	b.reject("twice", "Two Authorization fields are refused.", t, duplicate, set("request", "/headers/-", headerField("authorization", "Bearer "+token)), twice...)
	b.reject("twice-other-case", "Two Authorization fields whose names differ in case are refused.", t, duplicate,
		set("request", "/headers/-", headerField("Authorization", "Basic dXNlcjpwYXNz")), twice...)
	b.reject("twice-empty", "A second, empty Authorization field is refused.", t, duplicate, set("request", "/headers/-", headerField("authorization", "")), twice...)
	bad("comma", "Two credentials that a comma joins are refused.", duplicate, func(v string) string { return v + ", " + v }, twice...)
	bad("comma-other-scheme", "A credential with one of another scheme behind a comma is refused.", duplicate, func(v string) string { return v + ", Basic dXNlcjpwYXNz" }, twice...)
	bad("comma-at-end", "A credential with a comma at its end is refused.", duplicate, func(v string) string { return v + "," },
		refs("RFC 9110, section 5.6.1", "profile, section 13"), status(400))
	bad("json-serialisation", "A token in the flattened JSON serialisation holds a comma and is refused.", duplicate, func(v string) string {
		p := strings.Split(strings.TrimPrefix(v, "Bearer "), ".")
		return fmt.Sprintf(`Bearer {"protected":%q,"payload":%q,"signature":%q}`, p[0], p[1], p[2])
	}, refs("RFC 7515, section 7.2.2", "profile, section 3"))

	malformed := "input_authorization_malformed"
	bad("empty", "An empty Authorization field is refused.", malformed, func(string) string { return "" }, status(400))
	bad("scheme-alone", "A scheme without a token is refused.", malformed, func(string) string { return "Bearer" }, status(400))
	bad("scheme-and-space", "A scheme with a space and no token is refused.", malformed, func(string) string { return "Bearer " }, status(400))
	bad("token-alone", "A token without a scheme is read as an unknown scheme.", "input_authorization_scheme_unknown", func(v string) string { return v[7:] },
		refs("RFC 9110, section 11.4"), status(401), kills("scheme-optional"))
	bad("scheme-unknown-parameters", "What follows an unknown scheme is not judged.", "input_authorization_scheme_unknown", func(string) string { return `Digest username="x" uri="/"` },
		refs("RFC 9110, section 11.4"), status(401), kills("scheme-any"))
	bad("scheme-not-a-token", "A scheme that is no token is refused.", malformed, func(v string) string { return "Bearer:" + v[6:] }, refs("RFC 9110, section 11.1"))
	bad("two-tokens", "Two tokens behind one scheme are refused.", malformed, func(v string) string { return v + " " + v[7:] })
	bad("tab", "A tab between scheme and token is refused.", malformed, func(v string) string { return strings.Replace(v, " ", "\t", 1) })
	bad("leading-space", "A space before the scheme is refused.", malformed, func(v string) string { return " " + v })
	bad("trailing-space", "A space behind the token is refused.", malformed, func(v string) string { return v + " " })
	bad("space-in-token", "A space inside the token is refused.", malformed, func(v string) string { return v[:60] + " " + v[60:] })
	bad("parameter", "A parameter behind the token is refused.", malformed, func(v string) string { return v + ` realm="x"` })
	bad("non-ascii", "A letter outside ASCII in the token is refused.", malformed, func(v string) string { return v[:60] + "é" + v[60:] })
	bad("quoted", "A token in quotes is no token.", "jws_header_base64", func(v string) string { return `Bearer "` + v[7:] + `"` }, refs("RFC 6750, section 2.1", "RFC 7515, section 2"))
	bad("scheme-twice", "The scheme written twice is refused.", malformed, func(v string) string { return "Bearer " + v })

	for _, scheme := range []string{"Basic", "Token", "JWT", "Bearer2", "Bear", "DPoP2", "Negotiate", "Digest", "MAC", "GNAP"} {
		bad("scheme-"+strings.ToLower(scheme), "The scheme "+scheme+" is refused.", "input_authorization_scheme_unknown",
			func(v string) string { return scheme + v[6:] }, refs("RFC 9110, section 11.1"), status(401), kills("scheme-any"))
	}
	for _, scheme := range []string{"bearer", "BEARER", "BeArEr"} {
		b.near("scheme-case-"+caseSlug(scheme), "The scheme may be written "+scheme+".", t, credential(func(v string) string { return scheme + v[6:] })(t.scene),
			refs("RFC 9110, section 11.1"), kills("scheme-case-sensitive"))
	}
	b.near("spaces", "Several spaces between scheme and token are accepted.", t, credential(func(v string) string { return strings.Replace(v, " ", "   ", 1) })(t.scene),
		refs("RFC 9110, section 11.4"))
	for _, name := range []string{"Authorization", "AUTHORIZATION", "aUTHORIZATION"} {
		b.near("name-"+caseSlug(name), "The field's name may be written "+name+".", t, set("request", "/headers/0/0", quote(name)), refs("RFC 9110, section 5.1"), kills("field-case-sensitive"))
	}
	h := b.twin("jws.hardened.rs256")
	for _, scheme := range []string{"dpop", "DPOP"} {
		b.near("hardened-scheme-"+caseSlug(scheme), "The scheme of a bound token may be written "+scheme+".", h,
			credential(func(v string) string { return scheme + v[4:] })(h.scene), refs("RFC 9110, section 11.1"), kills("scheme-case-sensitive"))
	}
	b.reject("hardened-missing", "A request with a proof and without Authorization is refused.", h, "input_authorization_missing", drop("request", "/headers/0"), missing...)
	b.reject("hardened-twice", "Two Authorization fields beside a proof are refused.", h, duplicate,
		set("request", "/headers/-", headerField("authorization", "DPoP "+h.scene.compact())), twice...)
	b.reject("hardened-scheme-basic", "The scheme Basic beside a proof is refused.", h, "input_authorization_scheme_unknown",
		credential(func(v string) string { return "Basic" + v[4:] })(h.scene), refs("RFC 9110, section 11.1"), status(401), kills("scheme-any"))
}

// caseSlug tells spellings apart in an id, where all letters are lower case.
func caseSlug(word string) string {
	switch {
	case word == strings.ToLower(word):
		return "lower"
	case word == strings.ToUpper(word):
		return "upper"
	case word[1:] == strings.ToUpper(word[1:]):
		return "inverted"
	case strings.ToLower(word[1:]) == word[1:]:
		return "title"
	}
	return "mixed"
}
