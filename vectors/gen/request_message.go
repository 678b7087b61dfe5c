package main

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// requestMessage: method, scheme, authority and fields.
func requestMessage(b *builder) {
	t := b.twin("jws.compact.three-parts")
	b.refs = []string{"RFC 9110, section 9.1", "profile, section 17"}
	for _, v := range [][3]string{{"empty", "", "An empty method"}, {"space", "GE T", "A method with a space"}, {"line-feed", "GET\n", "A method with a line feed"},
		{"slash", "GET/", "A method with a slash"}, {"non-ascii", "GÉT", "A method with a letter outside ASCII"}, {"long", strings.Repeat("M", 33), "A method of 33 characters"},
		{"nul", "GET\x00", "A method with a NUL"}, {"colon", "GET:", "A method with a colon"}} {
		b.reject("method-"+v[0], v[2]+" is refused.", t, "input_method_invalid", set("request", "/method", quote(v[1])), status(400), kills("skip-method-form"))
	}
	for _, v := range [][2]string{{"delete", "DELETE"}, {"lower", "get"}, {"search", "M-SEARCH"}, {"symbols", "!#$%&'*+-.^_`|~09aZ"}, {"32", strings.Repeat("M", 32)}} {
		b.near("method-"+v[0], "The method "+v[1]+" is accepted.", t, set("request", "/method", quote(v[1])))
	}

	b.refs = []string{"RFC 9110, section 4.2"}
	for _, v := range [][2]string{{"empty", ""}, {"upper", "HTTPS"}, {"ftp", "ftp"}, {"ws", "wss"}, {"colon", "https:"}, {"spdy", "h2"}} {
		b.reject("scheme-"+v[0], fmt.Sprintf("The scheme %q is refused.", v[1]), t, "input_scheme_invalid", set("request", "/scheme", quote(v[1])), status(400))
	}
	b.near("scheme-http", "The scheme http is accepted.", t, set("request", "/scheme", `"http"`))

	b.refs = []string{"RFC 3986, section 3.2", "profile, section 11"}
	for _, v := range [][2]string{{"empty", ""}, {"user", "user@api.example"}, {"empty-user", "@api.example"}, {"port-alone", ":443"}, {"port-0", "api.example:0"},
		{"port-large", "api.example:65536"}, {"port-letters", "api.example:https"}, {"port-minus", "api.example:-1"}, {"two-ports", "api.example:443:443"}, {"path", "api.example/x"},
		{"query", "api.example?x"}, {"space", "api example"}, {"bracket-open", "[::1"}, {"ipv6-bare", "::1"}, {"bad-escape", "api%zz.example"}, {"backslash", `api.example\x`},
		{"non-ascii", "äpi.example"}, {"nul", "api.example\x00"}} {
		b.reject("authority-"+v[0], fmt.Sprintf("The authority %q is refused.", v[1]), t, "input_authority_invalid", set("request", "/authority", quote(v[1])), status(400))
	}
	for _, v := range [][2]string{{"port", "api.example:8443"}, {"port-65535", "api.example:65535"}, {"port-default", "api.example:443"}, {"upper", "API.EXAMPLE"}, {"ipv4", "127.0.0.1:8080"},
		{"ipv6", "[2001:db8::1]:8443"}, {"ipv6-bare-port", "[::1]"}, {"a-label", "xn--pi-uia.example"}, {"single-label", "localhost"}} {
		b.near("authority-"+v[0], "The authority "+v[1]+" is accepted.", t, set("request", "/authority", quote(v[1])))
	}

	b.refs = []string{"RFC 9110, section 5.1", "RFC 9110, section 5.5"}
	field := func(slug, title, name, value string) {
		b.reject("field-"+slug, title, t, "input_header_malformed", set("request", "/headers/-", headerField(name, value)), status(400), kills("skip-field-form"))
	}
	field("name-empty", "A field without a name is refused.", "", "x")
	field("name-space", "A field name with a space is refused.", "x y", "x")
	field("name-trailing-space", "A field name with a space behind it is refused.", "authorization ", "Bearer x")
	field("name-colon", "A field name with a colon is refused.", "x:y", "x")
	field("name-line-feed", "A field name with a line feed is refused.", "x\ny", "x")
	field("name-non-ascii", "A field name with a letter outside ASCII is refused.", "é", "x")
	field("value-cr", "A field value with a carriage return is refused.", "x", "a\rb")
	field("value-lf", "A field value with a line feed is refused.", "x", "a\nauthorization: Bearer x")
	field("value-folded", "A field value folded over two lines is refused.", "x", "a\r\n b")
	field("value-nul", "A field value with a NUL is refused.", "x", "a\x00b")
	field("value-escape", "A field value with an escape character is refused.", "x", "a\x1b[0m")
	field("value-delete", "A field value with a DEL is refused.", "x", "a\x7f")
	b.near("field-tab", "A tab in a field value is accepted.", t, set("request", "/headers/-", headerField("x", "a\tb")))
	b.near("field-obs-text", "Bytes beyond ASCII in a field value are accepted.", t, set("request", "/headers/-", headerField("x", "a\xe9\xff")))
	b.near("field-empty", "An empty field value is accepted.", t, set("request", "/headers/-", headerField("x", "")))
	b.near("field-repeated", "A field of no concern may be repeated.", t, appendText("request", "/headers", headerField("x", "1")+","+headerField("x", "2")))
	b.reject("token-line-feed", "A token with a line feed inside is refused as a malformed field.", t, "input_header_malformed",
		credential(func(v string) string { return v[:60] + "\n" + v[60:] })(t.scene), status(400), kills("skip-field-form"))
}

// requestLimits: lengths and counts, at the limit and one beyond.
func requestLimits(b *builder) {
	b.refs = []string{"profile, section 17"}
	t := b.twin("jws.compact.three-parts")
	profile := level("PROFILE")
	many := make([]string, 255)
	for i := range many {
		many[i] = headerField("x-"+strconv.Itoa(i), "1")
	}
	f := b.accept("fields", "A request with 256 fields is accepted.", t.scene.with(appendText("request", "/headers", strings.Join(many, ","))), profile)
	b.reject("fields-exceeded", "A request with 257 fields is refused.", f, "input_header_count_exceeded", appendText("request", "/headers", headerField("x", "1")),
		profile, status(431), kills("skip-header-count"))

	path := "/repos/acme/app?"
	long := b.accept("target", "A target of 8,192 bytes is accepted.", t.scene.to("GET", path+strings.Repeat("q", 8192-len(path))), profile)
	b.reject("target-exceeded", "A target of 8,193 bytes is refused.", long, "input_target_too_long",
		set("request", "/target", quote(path+strings.Repeat("q", 8193-len(path)))), profile, status(414), kills("skip-target-length"))
	own := b.accept("target-own", "A target as long as the policy's own limit is accepted.", t.scene.with(set("policy", "/limits", `{"target_bytes":15}`)), profile)
	b.reject("target-own-exceeded", "A target one byte longer than the policy's own limit is refused.", own, "input_target_too_long",
		set("request", "/target", `"/repos/acme/apps"`), profile, status(414), kills("skip-target-length"))

	s := exactLength(t.scene, 16384)
	tok := b.accept("token", "A token of 16,384 bytes is accepted.", s, profile)
	b.reject("token-exceeded", "A token of 16,385 bytes is refused.", tok, "input_token_too_long", token(func(c string) string { return c + "A" }), profile, status(400), kills("skip-token-length"))
	n := len(t.scene.compact())
	o := b.accept("token-own", "A token as long as the policy's own limit is accepted.", t.scene.with(set("policy", "/limits", fmt.Sprintf(`{"token_bytes":%d}`, n))), profile)
	b.reject("token-own-exceeded", "A token one byte longer than the policy's own limit is refused.", o, "input_token_too_long",
		set("policy", "/limits/token_bytes", strconv.Itoa(n-1)), profile, status(400), kills("skip-token-length"))

	h := b.twin("jws.hardened.rs256").scene
	size := len(h.proof.compact(h.proofPayload()))
	pr := b.accept("proof-own", "A proof as long as the policy's own limit is accepted.", h.with(set("policy", "/limits", fmt.Sprintf(`{"proof_bytes":%d}`, size))), profile)
	b.reject("proof-own-exceeded", "A proof one byte longer than the policy's own limit is refused.", pr, "input_proof_too_long",
		set("policy", "/limits/proof_bytes", strconv.Itoa(size-1)), profile, status(401), kills("skip-proof-length"))

	for _, v := range [][3]string{{"negative", "-1", "A negative time"}, {"beyond", "9007199254740992", "A time beyond 2^53-1"}} {
		b.reject("clock-"+v[0], v[2]+" of the request is refused: the host's clock is wrong.", t, "internal_clock_invalid", set("now", "", v[1]),
			refs("profile, section 14"), profile, status(500), kills("clock-unchecked"))
	}

	body := t.scene.with(set("policy", "/limits", `{"body_bytes":16}`))
	body.method, body.body = "POST", []byte(strings.Repeat("b", 16))
	l := b.accept("body", "A body as long as the limit is accepted.", body, profile)
	b.reject("body-exceeded", "A body one byte longer than the limit is refused.", l, "input_body_too_long",
		set("request", "/body", quote(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("b", 17))))), profile, status(413), kills("skip-body-length"))

	depth := t.scene.with(set("policy", "/limits", `{"json_depth":3}`))
	d := b.accept("depth-own", "A payload as deep as the policy's own limit is accepted.", depth.with(appendText("payload", "", `"x":[[]]`)), profile)
	b.reject("depth-own-exceeded", "A payload deeper than the policy's own limit is refused.", d, "jws_payload_too_deep", set("payload", "/x", "[[[]]]"), profile, kills("json-depth-unlimited"))
	count := members(t.scene.token.payload)
	m := b.accept("members-own", "A payload with as many members as the policy's own limit is accepted.", t.scene.with(set("policy", "/limits", fmt.Sprintf(`{"json_members":%d}`, count))), profile)
	b.reject("members-own-exceeded", "A payload with one member more than the policy's own limit is refused.", m, "jws_payload_too_many_members",
		appendText("payload", "", `"x":1`), profile, kills("json-members-unlimited"))
}

// exactLength fills header and payload until the token has n bytes.
func exactLength(s scene, n int) scene {
	for h := 0; ; h++ {
		t := s.with(set("header", "/x", quote(strings.Repeat("h", h))))
		rest := n - len(t.compact())
		t = t.with(set("payload", "/x", quote(strings.Repeat("p", rest*3/4-10))))
		for len(t.compact()) < n {
			x, _ := lookup(t.token.payload, "/x")
			t = t.with(set("payload", "/x", `"p`+x[1:]))
		}
		if len(t.compact()) == n {
			return t
		}
	}
}
