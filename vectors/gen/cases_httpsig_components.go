package main

// What a signature covers.

func httpsigComponents(b *builder) {
	b.refs = []string{"RFC 9421, section 2", "RFC 9421, section 2.5", refHTTPSig}
	dated := b.signed().withField("date", "Thu, 01 Jan 2026 00:00:00 GMT").withField("x-two", "a").withField("X-Two", "b, c")
	t := b.accept("mandatory", "@method, @target-uri and authorization are enough without a body.", dated)
	cover := func(names ...string) func(m *messageSignature) {
		return func(m *messageSignature) { m.cover(names...) }
	}
	b.signatureAccepts(dated, []signatureRow{
		{"other-order", "The order of the components does not matter.", "", func(m *messageSignature) {
			m.components = []string{`"authorization"`, `"@target-uri"`, `"@method"`}
		}, nil},
		{"more-fields", "More fields may be covered; one that came on several lines counts with all of them.", "", cover("date", "x-two"), nil},
	})
	row := func(slug, title, code string, change func(m *messageSignature), opts ...option) signatureRow {
		return signatureRow{slug, title, code, change, opts}
	}
	parameter := func(component string) func(m *messageSignature) {
		return func(m *messageSignature) { m.components = append(m.components, component) }
	}
	b.signatures(t, []signatureRow{
		row("without-method", "@method is not covered.", "proof_component_missing", func(m *messageSignature) { m.uncover("@method") }, kills("httpsig-components-any")),
		row("without-target", "@target-uri is not covered.", "proof_component_missing", func(m *messageSignature) { m.uncover("@target-uri") }, kills("httpsig-components-any")),
		row("without-authorization", "authorization is not covered.", "proof_component_missing", func(m *messageSignature) { m.uncover("authorization") }, kills("httpsig-components-any"), threats("T2")),
		row("nothing", "Nothing is covered.", "proof_component_missing", func(m *messageSignature) { m.components = nil }, kills("httpsig-components-any")),
		row("parts-of-target", "The parts of the target are covered, and @target-uri is not.", "proof_component_missing", func(m *messageSignature) {
			m.uncover("@target-uri")
			m.cover("@scheme", "@authority", "@path", "@query")
		}, level("PROFILE"), kills("httpsig-components-any")),
		row("twice", "A component is covered twice.", "proof_component_duplicate", cover("@method"), kills("httpsig-component-duplicate-accepted")),
		row("field-twice", "A field is covered twice.", "proof_component_duplicate", cover("date", "date"), kills("httpsig-component-duplicate-accepted")),
		row("absent", "A field is covered that the request does not have.", "proof_component_absent", cover("x-one"), kills("httpsig-component-absent-empty")),
		row("digest-absent", "content-digest is covered and not there.", "proof_component_absent", cover("content-digest"), kills("httpsig-component-absent-empty")),
		row("unknown-derived", "A derived component is unknown.", "proof_component_unknown", cover("@target"), kills("httpsig-component-unknown-empty")),
		row("status", "@status is one of responses.", "proof_component_unknown", cover("@status"), kills("httpsig-component-unknown-empty"), refs("RFC 9421, section 2.2.9", refHTTPSig)),
		row("params-covered", "@signature-params is no component.", "proof_component_unknown", cover("@signature-params"), kills("httpsig-component-unknown-empty")),
		row("upper-case", "A field name is not in lower case.", "proof_component_unknown", cover("Date"), refs("RFC 9421, section 2.1", refHTTPSig)),
		row("empty-name", "A component has an empty name.", "proof_component_unknown", cover("")),
		row("not-a-name", "A component is no field name.", "proof_component_unknown", cover("da te")),
		row("sf", "A field is covered in its strict form.", "proof_component_parameter", parameter(`"date";sf`), level("PROFILE"), kills("httpsig-component-params-ignored")),
		row("key", "A member of a field is covered.", "proof_component_parameter", parameter(`"date";key="a"`), level("PROFILE"), kills("httpsig-component-params-ignored")),
		row("bs", "A field is covered as bytes.", "proof_component_parameter", parameter(`"date";bs`), level("PROFILE"), kills("httpsig-component-params-ignored")),
		row("tr", "A trailer is covered.", "proof_component_parameter", parameter(`"date";tr`), level("PROFILE"), kills("httpsig-component-params-ignored")),
		row("req", "A component of the request of a response is covered.", "proof_component_parameter", func(m *messageSignature) { m.components[0] = `"@method";req` }, kills("httpsig-component-params-ignored")),
		row("query-param", "@query-param is not taken.", "proof_component_parameter", parameter(`"@query-param";name="a"`), level("PROFILE")),
		row("unknown-parameter", "A component has a parameter that nobody knows.", "proof_component_parameter", parameter(`"date";x`), kills("httpsig-component-params-ignored")),
		row("line-missing", "Of a field on two lines only the first is signed.", "proof_message_signature_invalid", func(m *messageSignature) {
			m.cover("x-two")
			m.values = map[string]string{"x-two": "a"}
		}, refs("RFC 9421, section 2.1", refHTTPSig)),
	})
}

func httpsigDerived(b *builder) {
	b.refs = []string{"RFC 9421, section 2.2", refHTTPSig}
	base := b.signed()
	base.target = "/repos/acme/a%70p?x=%7e&Y"
	all := base.signing(func(m *messageSignature) { m.cover("@authority", "@scheme", "@request-target", "@path", "@query") })
	t := b.accept("all", "Every derived component of requests that needs no parameter may be covered; path and query stand as received.", all)
	plain := b.signed()
	plain = plain.signing(func(m *messageSignature) { m.cover("@query", "@request-target") })
	b.accept("no-query", "Without a query @query is a question mark.", plain, refs("RFC 9421, section 2.2.7", refHTTPSig))
	upper := b.signed()
	upper.authority = "API.Example:443"
	u := b.accept("authority-normal", "@target-uri has the host in lower case and without the default port.", upper.signing(func(m *messageSignature) { m.cover("@authority") }),
		refs("RFC 9421, section 2.2.2", "RFC 9421, section 2.2.3", refHTTPSig), kills("httpsig-authority-raw"))
	port := b.signed()
	port.authority = "api.example:8443"
	b.accept("port", "A port that is not the default one stays.", port, refs("RFC 9421, section 2.2.3", refHTTPSig))
	value := func(name, value string) func(m *messageSignature) {
		return func(m *messageSignature) { m.values = map[string]string{name: value} }
	}
	invalid := "proof_message_signature_invalid"
	uri := func(slug, title, value1 string, opts ...option) signatureRow {
		return signatureRow{slug, title, invalid, value("@target-uri", value1), opts}
	}
	b.signatures(t, []signatureRow{
		{"other-method", "Another method is signed.", invalid, value("@method", "POST"), []option{kills("httpsig-signature-skipped")}},
		{"method-case", "The method is signed in lower case.", invalid, value("@method", "get"), []option{refs("RFC 9421, section 2.2.1", refHTTPSig), kills("httpsig-method-case")}},
		uri("other-path", "Another path is signed.", "https://api.example/repos/acme/other?x=%7e&Y", kills("httpsig-signature-skipped")),
		uri("without-query", "The URL is signed without its query.", "https://api.example/repos/acme/a%70p", kills("httpsig-target-without-query")),
		uri("path-decoded", "The path is signed with its escapes decoded.", "https://api.example/repos/acme/app?x=%7e&Y", kills("httpsig-target-normalised")),
		uri("query-decoded", "The query is signed with its escapes decoded.", "https://api.example/repos/acme/a%70p?x=~&Y"),
		uri("scheme", "The URL is signed with another scheme.", "http://api.example/repos/acme/a%70p?x=%7e&Y", kills("httpsig-target-scheme-ignored")),
		uri("host", "The URL is signed with another host.", "https://api.example.org/repos/acme/a%70p?x=%7e&Y", kills("httpsig-signature-skipped")),
		uri("path-only", "The target is signed without scheme and host.", "/repos/acme/a%70p?x=%7e&Y"),
		uri("default-port", "The URL is signed with the default port.", "https://api.example:443/repos/acme/a%70p?x=%7e&Y"),
	})
	b.signatures(u, []signatureRow{
		{"authority-raw", "The URL is signed with the authority as it was sent.", invalid, value("@target-uri", "https://API.Example:443/repos/acme/app"), []option{kills("httpsig-authority-raw"), refs("RFC 9421, section 2.2.2", refHTTPSig)}},
	})
	b.reject("changed-method", "The method is not the one that was signed.", t, invalid, set("request", "/method", `"DELETE"`), kills("httpsig-signature-skipped"))
	b.reject("changed-target", "The target is not the one that was signed.", t, invalid, set("request", "/target", `"/repos/acme/a%70p?x=%7e&Z"`), kills("httpsig-signature-skipped"))
	b.reject("changed-authority", "The authority is not the one that was signed.", t, invalid, set("request", "/authority", `"api.example.net"`), kills("httpsig-signature-skipped"))
	another := t.scene.claiming("/jti", quote("another"))
	b.reject("changed-token", "The token is not the one that was signed.", t, invalid, set("request", "/headers/0/1", quote("Bearer "+another.compact())), kills("httpsig-signature-skipped"), threats("T2"))
}
