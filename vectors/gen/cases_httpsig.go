package main

import (
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// The cases of HTTP message signatures (RFC 9421): tokens bound by cnf.jwk under
// httpsig.json. Each rejection has its one fault in the header fields, which are signed
// again, so that nothing but the check in question can see it.

var httpsigTopics = []topic{
	{"httpsig", "method", meets(httpsigMethod, "RFC9421-3.2-01 RFC9421-7.2.6-01")},
	{"httpsig", "input", meets(httpsigInput, "RFC9421-3.2-02 RFC9421-4.1-01 RFC9651-4.2-01 RFC9651-4.2.2-01 RFC9651-4.2.3.2-01")},
	{"httpsig", "field", meets(httpsigField, "RFC9421-3.2-02 RFC9421-4.2-01 RFC9421-4.2-02 RFC9651-4.2.7-01")},
	{"httpsig", "components", meets(httpsigComponents, "RFC9421-2-01 RFC9421-2-02 RFC9421-2.1-01 RFC9421-2.1-02 RFC9421-2.3-07 RFC9421-3.2-07 RFC9421-7.2.1-01 RFC9421-2.5-01 RFC9421-2.5-02 RFC9421-2.5-03")},
	{"httpsig", "derived", meets(httpsigDerived, "RFC9421-2.2-01 RFC9421-2.2.1-01 RFC9421-2.2.2-01 RFC9421-2.2.3-01 RFC9421-2.2.7-01")},
	{"httpsig", "created", meets(httpsigCreated, "RFC9421-2.3-01 RFC9421-2.3-02 RFC9421-3.2-03")},
	{"httpsig", "expires", meets(httpsigExpires, "RFC9421-2.3-03")},
	{"httpsig", "nonce", meets(httpsigNonce, "RFC9421-2.3-04 RFC9421-7.2.2-01")},
	{"httpsig", "keyid", meets(httpsigKeyid, "RFC9421-2.3-05")},
	{"httpsig", "alg", meets(httpsigAlg, "RFC9421-2.3-06 RFC9421-3.2-04 RFC9421-3.2-05 RFC9421-3.3.4-01 RFC9421-3.3.5-01 RFC9421-3.3.6-01")},
	{"httpsig", "params", meets(httpsigParams, "RFC9421-2.3-08 RFC9421-2.5-04")},
	{"httpsig", "digest", meets(httpsigDigest, "RFC9530-2-01 RFC9530-2-02 RFC9530-5-01 RFC9421-7.2.8-01")},
	{"httpsig", "body", meets(httpsigBody, "RFC9421-7.2.8-01")},
	{"httpsig", "signature", meets(httpsigSignature, "RFC9421-3.2-06")},
	{"httpsig", "replay", meets(httpsigReplay, "RFC9421-7.2.2-01")},
}

const (
	refHTTPSig   = "profile, section 16.4"
	refMethods   = "profile, section 8"
	refSelection = "RFC 9421, section 3.2"
)

// otherTag is a signature that is not ours.
func otherTag(label, member string) string {
	return `other=("date");tag="web-bot-auth", ` + label + "=" + member
}

// httpsigPolicy is httpsig.json with other members of the object proof.
func httpsigPolicy(members string) edit { return set("policy", "/proof", "{"+members+"}") }

func httpsigMethod(b *builder) {
	b.refs = []string{refMethods, refHTTPSig}
	t := b.accept("signed", "A bound token with a message signature is accepted, and the decision says so.", b.signed(),
		decides(vectors.Decision{Level: "jwt+pop", Thumbprint: testKey("agent-ed25519-a").thumbprint()}))
	b.reject("missing", "A token under Bearer that binds a key comes without a proof.", t, "proof_header_missing", drop("request", "/headers/1"),
		kills("missing-proof-accepted"), answers(map[string]string{"www-authenticate": `Bearer error="invalid_dpop_proof", DPoP algs="Ed25519 ES256 ES384"`}))
	b.reject("signature-input-alone", "There is a Signature-Input and no Signature.", t, "proof_signature_field_syntax", drop("request", "/headers/2"))
	dpop := b.proven()
	dpop.policy = "httpsig.json"
	d := b.accept("dpop", "Where both methods are on a DPoP proof is taken too.", dpop)
	b.accept("foreign-beside-dpop", "A signature with another tag beside a DPoP proof does not count.", dpop.withField("signature-input", `other=("date");tag="web-bot-auth"`))
	b.accept("untagged-beside-dpop", "A signature without a tag beside a DPoP proof does not count.", dpop.withField("signature-input", `other=("@authority");created=1`))
	b.reject("beside-dpop", "A request carries a DPoP proof and a signature with our tag.", d, "proof_method_several",
		appendText("request", "/headers", `["signature-input","sig=();tag=\"ajwt\""]`), kills("proof-several-first"))
	b.reject("unparsed-beside-dpop", "A Signature-Input that cannot be read stands beside a DPoP proof.", d, "proof_signature_input_syntax",
		appendText("request", "/headers", `["signature-input","sig=("]`), kills("httpsig-input-unparsed-ignored"))
	b.reject("prototype-beside-dpop", "A PoP field of the prototype stands beside a DPoP proof.", d, "proof_method_several",
		appendText("request", "/headers", `["pop","AAAA"]`), kills("proof-several-first"))
	b.reject("prototype-beside-signature", "A PoP field of the prototype stands beside a message signature.", t, "proof_method_several",
		appendText("request", "/headers", `["PoP",""]`))
	b.reject("off", "A message signature comes where only DPoP is on.", t, "proof_method_off", httpsigPolicy(`"methods":["dpop"]`), kills("proof-method-off-taken"))
	b.reject("off-by-default", "Without proof.methods only DPoP is on.", t, "proof_method_off", httpsigPolicy(`"algorithms":["Ed25519"]`), kills("proof-method-off-taken"))
	b.reject("dpop-off", "A DPoP proof comes where only message signatures are on.", d, "proof_method_off", httpsigPolicy(`"methods":["httpsig"]`), kills("proof-method-off-taken"),
		answers(map[string]string{"www-authenticate": `Bearer error="invalid_token"`}))
	b.reject("scheme-dpop", "A message signature comes under the scheme DPoP, which announces a DPoP proof.", t, "proof_scheme_mismatch",
		set("request", "/headers/0/1", quote("DPoP "+t.scene.compact())), kills("httpsig-scheme-ignored"))
	optional := b.signed()
	optional.inline = provingBy(`"methods":["dpop","httpsig"]`, es256Policy("draft-00", "", anyBearer))
	o := b.accept("optional", "A message signature on a route that does not ask for a proof is checked, and counts.", optional,
		decides(vectors.Decision{Level: "jwt+pop"}))
	b.resigned("optional-wrong", "A message signature on a route that does not ask for a proof does not hold.", o, "proof_message_signature_invalid",
		optional.signing(func(m *messageSignature) { m.values = map[string]string{"@method": "PUT"} }), kills("httpsig-signature-skipped"))
	b.resigned("optional-unbound", "A message signature stands beside a token that binds no key.", o, "proof_cnf_missing", optional.with(drop("payload", "/cnf")), kills("unbound-proof-ignored"))
	bare := b.bearer().under(provingBy(`"methods":["dpop"]`, es256Policy("draft-00", "", anyBearer)))
	n := b.accept("optional-none", "No proof on a route that does not ask for one.", bare)
	b.reject("optional-off", "A message signature by a method that is off is not passed over where no proof is needed.", n, "proof_method_off",
		appendText("request", "/headers", `["signature-input","sig=();tag=\"ajwt\""]`), kills("proof-method-off-ignored"))
	b.reject("optional-prototype-off", "A PoP field of a method that is off is not passed over where no proof is needed.", n, "proof_method_off",
		appendText("request", "/headers", `["PoP","AAAA"]`), kills("proof-method-off-ignored"))
	b.reject("optional-unparsed", "A Signature-Input that cannot be read is not passed over where no proof is needed.", n, "proof_signature_input_syntax",
		appendText("request", "/headers", `["Signature-Input","sig"]`), kills("httpsig-input-unparsed-ignored"))
	b.accept("optional-foreign", "A signature with another tag is no proof.", bare.withField("signature-input", `other=("date");tag="ajwt2"`))
	b.near("pop-timestamp-alone", "X-PoP-Timestamp without PoP is no proof.", n, appendText("request", "/headers", `["x-pop-timestamp","1"]`))
}

func httpsigInput(b *builder) {
	b.refs = []string{"RFC 9421, section 4.1", refHTTPSig}
	t := b.accept("one", "A Signature-Input with our signature alone.", b.signed())
	input := func(as func(label, member string) string) func(m *messageSignature) {
		return func(m *messageSignature) { m.input = as }
	}
	b.signatureAccepts(b.signed(), []signatureRow{
		{"foreign-first", "A signature with another tag stands before ours.", "", input(otherTag), nil},
		{"foreign-behind", "A signature with another tag stands behind ours.", "", input(func(l, m string) string { return l + "=" + m + `, other=("date");tag="x"` }), nil},
		{"foreign-untagged", "A signature without a tag stands beside ours.", "", input(func(l, m string) string { return `a=(), ` + l + "=" + m }), nil},
		{"spaces", "Spaces that RFC 9651 allows do not matter: what is signed is the canonical form.", "", input(func(l, m string) string {
			return " " + l + "=" + strings.NewReplacer("(", "(  ", ")", " )", ";", ";  ", `" "`, `"   "`).Replace(m) + " \t,  a=()"
		}), []option{kills("httpsig-params-raw"), refs("RFC 9421, section 2.3", "RFC 9651, section 4.2")}},
		{"other-label", "The label is free.", "", func(m *messageSignature) { m.label = "*a-1_b.c" }, nil},
		{"signature-first", "The order of the two fields does not matter.", "", func(m *messageSignature) { m.order = true }, nil},
	})
	syntax := func(slug, title string, as func(l, m string) string, opts ...option) signatureRow {
		return signatureRow{slug, title, "proof_signature_input_syntax", input(as), opts}
	}
	b.signatures(t, []signatureRow{
		syntax("empty-member", "A member has no value behind the equals sign.", func(l, m string) string { return l + "=" + m + ", a=" }),
		syntax("trailing-comma", "A comma stands behind the last member.", func(l, m string) string { return l + "=" + m + "," }),
		syntax("item", "A member is an item and no list.", func(l, m string) string { return l + "=" + m + `, a="date"` }),
		syntax("boolean", "A member is a bare key.", func(l, m string) string { return l + "=" + m + `, a` }),
		syntax("token-in-list", "A covered component is a token and no string.", func(l, m string) string { return l + "=" + m + `, a=(date)` }),
		syntax("upper-case-label", "A label has a capital letter.", func(l, m string) string { return l + "=" + m + `, A=()` }),
		syntax("list-unclosed", "The list is not closed.", func(l, m string) string { return l + "=" + m + `, a=("date"` }),
		syntax("separator", "Members are separated by a semicolon.", func(l, m string) string { return `a=() b=(), ` + l + "=" + m }),
		syntax("tag-token", "The tag is a token and no string.", func(l, m string) string { return l + "=" + strings.Replace(m, `tag="ajwt"`, "tag=ajwt", 1) }, kills("httpsig-tag-token-ignored")),
		syntax("control", "A string holds a tab.", func(l, m string) string { return l + "=" + m + ", a=(\"d\tate\")" }),
		syntax("not-ascii", "A string holds a letter outside ASCII.", func(l, m string) string { return l + "=" + m + `, a=("é")` }),
		syntax("long-integer", "An integer has more than 15 digits.", func(l, m string) string { return l + "=" + m + `, a=();created=1234567890123456` }),
		{"label-twice", "A label stands twice, first with the list that counts in a reader that keeps the first.", "proof_signature_input_duplicate",
			input(func(l, m string) string { return l + "=" + m + ", " + l + `=("@method");tag="x"` }), nil},
		{"label-twice-last", "A label stands twice, last with the list that counts in a reader that keeps the last.", "proof_signature_input_duplicate",
			input(func(l, m string) string { return l + `=("@method");tag="x", ` + l + "=" + m }), []option{kills("httpsig-label-last-wins")}},
		{"label-twice-foreign", "The label of a signature that is not ours stands twice.", "proof_signature_input_duplicate",
			input(func(l, m string) string { return "a=(), " + l + "=" + m + ", a=()" }), []option{kills("httpsig-label-last-wins")}},
		{"parameter-twice", "A parameter stands twice; the last one is signed.", "proof_signature_input_duplicate",
			input(func(l, m string) string { return l + "=" + strings.Replace(m, `;created`, `;tag="x";created`, 1) }), []option{kills("httpsig-label-last-wins")}},
		{"several", "Two signatures have our tag.", "proof_signature_several",
			input(func(l, m string) string { return l + "=" + m + `, b=("date");tag="ajwt"` }), []option{kills("httpsig-several-first")}},
		{"too-long", "The field is one byte longer than limits.proof_bytes.", "proof_signature_input_too_long",
			input(func(l, m string) string { return padInput(l+"="+m, 8193) }), []option{kills("httpsig-input-limit-ignored")}},
		{"too-many", "The field has more than 256 values.", "proof_signature_input_too_long",
			input(func(l, m string) string { return l + "=" + m + ", a=(" + strings.Repeat(`"x" `, 256) + ")" }), nil},
	})
	b.signatureAccepts(b.signed(), []signatureRow{{"longest", "The field has exactly limits.proof_bytes.", "",
		input(func(l, m string) string { return padInput(l+"="+m, 8192) }), nil}})
}

// padInput adds a member that makes the field so long.
func padInput(text string, size int) string {
	return text + `, a=("` + strings.Repeat("x", size-len(text)-len(`, a=("")`)) + `")`
}

func httpsigField(b *builder) {
	b.refs = []string{"RFC 9421, section 4.2", refSelection, refHTTPSig}
	t := b.accept("one", "A Signature with our signature alone.", b.signed())
	text := func(as func(label, member string) string) func(m *messageSignature) {
		return func(m *messageSignature) { m.text = as }
	}
	b.signatureAccepts(b.signed(), []signatureRow{
		{"foreign-first", "Another label stands before ours.", "", text(func(l, m string) string { return "other=:AAAA:, " + l + "=" + m }), []option{kills("httpsig-label-ignored")}},
		{"foreign-item", "What stands under another label does not matter.", "", text(func(l, m string) string { return l + "=" + m + ", other=1" }), nil},
		{"parameters", "Parameters of the signature's value are ignored.", "", text(func(l, m string) string { return l + "=" + m + ";a=1" }), []option{level("PROFILE")}},
	})
	wrong := func(slug, title, code string, as func(l, m string) string, opts ...option) signatureRow {
		return signatureRow{slug, title, code, text(as), opts}
	}
	b.signatures(t, []signatureRow{
		wrong("other-label", "The signature stands under another label.", "proof_signature_label_missing", func(_, m string) string { return "other=" + m }, kills("httpsig-label-ignored")),
		wrong("label-case", "The label of the signature differs by case, which no key can.", "proof_signature_field_syntax", func(l, m string) string { return strings.ToUpper(l) + "=" + m }),
		wrong("string", "The signature is a string.", "proof_signature_field_syntax", func(l, m string) string { return l + `="` + strings.Trim(m, ":") + `"` }),
		wrong("list", "The signature stands in a list.", "proof_signature_field_syntax", func(l, m string) string { return l + "=(" + m + ")" }),
		wrong("bare", "The label has no value.", "proof_signature_field_syntax", func(l, _ string) string { return l }),
		wrong("unpadded", "The signature's base64 has no padding.", "proof_signature_field_syntax", func(l, m string) string { return l + "=" + strings.ReplaceAll(m, "=", "") }, kills("httpsig-base64-lax"), refs("RFC 9651, section 4.2.7", refHTTPSig)),
		wrong("slack", "The signature's base64 has spare bits that are not zero.", "proof_signature_field_syntax", func(l, m string) string {
			return l + "=:" + slack(strings.Trim(m, ":=")) + "==:"
		}, kills("httpsig-base64-lax"), refs("RFC 9651, section 4.2.7", refHTTPSig)),
		wrong("url-alphabet", "The signature is in base64url.", "proof_signature_field_syntax", func(l, m string) string { return l + "=" + strings.NewReplacer("+", "-", "/", "_").Replace(m) }, kills("httpsig-base64-lax")),
		wrong("unclosed", "The byte sequence is not closed.", "proof_signature_field_syntax", func(l, m string) string { return l + "=" + strings.TrimSuffix(m, ":") }),
		wrong("empty", "The field is empty.", "proof_signature_label_missing", func(_, _ string) string { return "" }),
		wrong("label-twice", "Our label stands twice, last with the signature.", "proof_signature_field_duplicate", func(l, m string) string { return l + "=:AAAA:, " + l + "=" + m }, kills("httpsig-signature-duplicate-last")),
		wrong("label-twice-first", "Our label stands twice, first with the signature.", "proof_signature_field_duplicate", func(l, m string) string { return l + "=" + m + ", " + l + "=:AAAA:" }),
		wrong("foreign-twice", "Another label stands twice.", "proof_signature_field_duplicate", func(l, m string) string { return "a=:AAAA:, " + l + "=" + m + ", a=:AAAA:" }, kills("httpsig-signature-duplicate-last")),
		wrong("too-long", "The field is longer than limits.proof_bytes.", "proof_signature_field_syntax", func(l, m string) string {
			return l + "=" + m + ", a=:" + strings.Repeat("A", 8192) + ":"
		}),
	})
}
