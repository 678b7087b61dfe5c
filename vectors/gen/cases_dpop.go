package main

import (
	"strings"
)

// The cases of the proof stage, mostly under the profile hardened with ES256: proof and
// token have their fault in one place, the other one is as it should be.

var dpopTopics = []topic{
	{"dpop", "presence", meets(dpopPresence, "D00-6.5.3-15 D00-9.2.2-01 D00-9.2.2-02 D00-9.2.2-03 RFC9449-4.1-01 RFC9449-4.3-01 RFC9449-7-01 RFC9449-7.1-01")},
	{"dpop", "scheme", meets(dpopScheme, "RFC9449-7.2-01")},
	{"dpop", "compact", meets(dpopCompact, "RFC9449-4.3-02")},
	{"dpop", "header-json", meets(dpopHeaderJSON, "RFC9449-4.3-02")},
	{"dpop", "payload-json", meets(dpopPayloadJSON, "RFC9449-4.3-02 RFC9449-4.3-03")},
	{"dpop", "typ", meets(dpopTyp, "RFC9449-4.2-01 RFC9449-4.3-04 RFC9449-11.5-01")},
	{"dpop", "alg", meets(dpopAlg, "D00-9.4.1-04 D00-9.4.1-05 RFC8037-3.1-01 RFC9449-4.2-02 RFC9449-4.2-03 RFC9449-4.3-05 RFC9449-11.6-01 RFC9449-11.6-02")},
	{"dpop", "header", meets(dpopHeader, "RFC9449-4.2-14")},
	{"dpop", "jwk", meets(dpopJWK, "RFC8037-2-01 RFC8037-2-02 RFC8037-2-03 RFC8725-3.4-01 RFC9449-4.2-04 RFC9449-4.2-05 RFC9449-4.3-07")},
	{"dpop", "jti", meets(dpopJti, "RFC9449-4.2-06 RFC9449-11.1-03")},
	{"dpop", "htm", meets(dpopHtm, "RFC9449-4.2-08 RFC9449-4.3-08")},
	{"dpop", "htu", meets(dpopHtu, "RFC9449-4.2-09 RFC9449-4.3-09 RFC9449-4.3-14")},
	{"dpop", "iat", meets(dpopIat, "RFC9449-4.2-10 RFC9449-4.3-11 RFC9449-11.1-01 RFC9449-11.1-04")},
	{"dpop", "ath", meets(dpopAth, "RFC9449-4.2-11 RFC9449-4.2-12 RFC9449-4.3-12 RFC9449-7-02 RFC9449-7-03")},
	{"dpop", "nonce", meets(dpopNonce, "RFC9449-4.2-13 RFC9449-4.3-10 RFC9449-8-03 RFC9449-8-04 RFC9449-9-01 RFC9449-11.3-01")},
	{"dpop", "binding", meets(dpopBinding, "RFC9449-4.3-13 RFC9449-7.1-01")},
	{"dpop", "signature", meets(dpopSignature, "RFC8037-3.1-02 RFC9449-4.3-06")},
}

const refDPoP = "profile, section 8"

// proofHeader and proofPayload make rows that give a member of the proof another text.
func proofHeader(slug, title, code, path, text string, opts ...option) row {
	return row{slug, title, code, set("proof.header", path, text), opts}
}

func proofPayload(slug, title, code, path, text string, opts ...option) row {
	return row{slug, title, code, set("proof.payload", path, text), opts}
}

func proofPayloadNear(slug, title, path, text string, opts ...option) accepted {
	return accepted{slug, title, set("proof.payload", path, text), opts}
}

// provenBy is a bound token with a proof by another of the agent's keys.
func (b *builder) provenBy(name, alg string) scene {
	s := b.proven().claiming("/cnf", jkt(name))
	p := *s.proof
	p.header = `{"typ":"dpop+jwt","alg":` + quote(alg) + `,"jwk":` + testKey(name).jwk() + `}`
	p.key, p.alg = name, alg
	s.proof = &p
	return s
}

// proofPolicy is the policy of hardened scenes with members of the object proof.
func proofPolicy(members string) string {
	p := es256Policy("hardened", "", anyProof)
	return p[:len(p)-1] + `,"proof":{` + members + `}}`
}

// challenge is the answer to a request that lacks a good proof.
func challenge(oauth string) option {
	return answers(map[string]string{"www-authenticate": `DPoP error="` + oauth + `", algs="Ed25519 ES256"`})
}

func dpopPresence(b *builder) {
	b.refs = []string{"RFC 9449, section 7.1", "RFC 9449, section 4.3", refDPoP}
	t := b.accept("sent", "A bound token with a proof is accepted, and the decision says so.", b.proven(),
		decides(decisionOf("jwt+pop", testKey("agent-p256-a").thumbprint())))
	b.rejects(t, []row{
		{"missing", "The token binds a key and no proof was sent.", "proof_header_missing", drop("request", "/headers/1"),
			[]option{status(401), challenge("invalid_dpop_proof"), kills("missing-proof-accepted"), threats("T2")}},
		{"cnf-missing", "A proof was sent and the token binds no key.", "proof_cnf_missing", drop("payload", "/cnf"),
			[]option{status(401), challenge("invalid_token"), kills("unbound-proof-ignored")}},
		{"two-fields", "Two DPoP fields were sent, both with the good proof.", "input_proof_duplicate", appendProof(t, "dpop"), []option{status(401), kills("proof-first-field-taken")}},
		{"two-fields-other-case", "Two DPoP fields were sent whose names differ by case.", "input_proof_duplicate", appendProof(t, "DPoP"), []option{kills("proof-first-field-taken")}},
		{"joined-with-comma", "Two proofs stand in one DPoP field with a comma between them.", "input_proof_duplicate", rewriteField(t, func(p string) string { return p + "," + p }), []option{kills("proof-first-field-taken")}},
		{"joined-with-comma-and-blank", "Two proofs stand in one DPoP field with a comma and a blank between them.", "input_proof_duplicate", rewriteField(t, func(p string) string { return p + ", " + p }), nil},
		{"trailing-comma", "A comma follows the proof.", "input_proof_duplicate", rewriteField(t, func(p string) string { return p + "," }), nil},
		{"empty", "The DPoP field is there and empty: that is no proof, and no absent one.", "proof_compact_segments", rewriteField(t, func(string) string { return "" }), nil},
	})
	draft00 := es256Policy("draft-00", "", anyBearer)
	bearer := b.accept("draft-00-bearer", "Where the route says that a proof is optional draft-00 takes a token that binds nothing.", b.bearer().under(draft00))
	b.reject("draft-00-empty", "An empty DPoP field beside a token that binds nothing is not passed over.", bearer, "proof_cnf_missing",
		set("request", "/headers/-", `["dpop",""]`), kills("unbound-proof-ignored"))
	good := t.scene.proof.compact(t.scene.proofPayload())
	b.reject("draft-00-unbound", "A proof beside a token that binds nothing is refused where a proof is optional too.", bearer, "proof_cnf_missing",
		set("request", "/headers/-", `["dpop",`+quote(good)+`]`), kills("unbound-proof-ignored"))
	free := b.accept("draft-00-bound", "Where the route says that a proof is optional draft-00 takes a bound token without one.", b.bound().under(draft00))
	b.reject("draft-00-bad-proof", "A bad proof is refused where none would be asked for.", free, "proof_compact_segments",
		set("request", "/headers/-", `["dpop","x"]`), kills("optional-proof-unchecked"))
	b.reject("draft-00-required", "Where the route asks for a proof a bound token without one is refused.", free, "proof_header_missing",
		set("policy", "/routes/0/require", `{"level":"jwt"}`), kills("missing-proof-accepted"))
	b.reject("draft-00-required-unbound", "Where the route asks for a proof a token that binds nothing is refused.", bearer, "proof_cnf_missing",
		set("policy", "/routes/0/require", `{"level":"jwt"}`), kills("unbound-proof-ignored"))
	proven := b.accept("draft-00-proven", "A proof that nobody asked for is checked and counts.", b.proven().under(draft00),
		decides(decisionOf("jwt+pop", testKey("agent-p256-a").thumbprint())))
	b.reject("draft-00-proven-wrongly", "A proof that nobody asked for, for another method, is refused.", proven, "proof_htm_mismatch",
		set("proof.payload", "/htm", `"POST"`), kills("optional-proof-unchecked"))
}

// appendProof sends the twin's proof a second time.
func appendProof(t twin, name string) edit {
	return set("request", "/headers/-", `[`+quote(name)+`,`+quote(t.scene.proof.compact(t.scene.proofPayload()))+`]`)
}

// rewriteField changes the value of the DPoP field.
func rewriteField(t twin, change func(string) string) edit {
	return set("request", "/headers/1/1", quote(change(t.scene.proof.compact(t.scene.proofPayload()))))
}

func dpopScheme(b *builder) {
	b.refs = []string{"RFC 9449, section 7.1", "RFC 9449, section 7.2", refDPoP}
	t := b.accept("dpop", "A bound token under the DPoP scheme is accepted.", b.proven())
	compact := t.scene.compact()
	b.reject("hardened-bearer", "hardened refuses a bound token under the Bearer scheme though its proof is good.", t, "proof_scheme_mismatch",
		set("request", "/headers/0/1", quote("Bearer "+compact)), status(401), kills("scheme-ignored"))
	b.nears(t, []accepted{
		{"lower-case", "Schemes compare without regard to case: dpop.", set("request", "/headers/0/1", quote("dpop "+compact)), []option{refs("RFC 9110, section 11.1")}},
		{"upper-case", "Schemes compare without regard to case: DPOP.", set("request", "/headers/0/1", quote("DPOP "+compact)), []option{refs("RFC 9110, section 11.1")}},
	})
	draft00 := es256Policy("draft-00", "", anyBearer)
	s := b.proven().under(draft00)
	b.accept("draft-00-dpop", "draft-00 takes a proof under the DPoP scheme.", s)
	s.scheme = "Bearer"
	b.accept("draft-00-bearer", "draft-00 takes a proof under the Bearer scheme.", s, decides(decisionOf("jwt+pop", testKey("agent-p256-a").thumbprint())))
	free := b.accept("draft-00-bearer-alone", "draft-00 takes a bound token under the Bearer scheme without a proof where none is asked for.", b.bound().under(draft00))
	b.reject("draft-00-dpop-without-proof", "Under the DPoP scheme a proof is asked for wherever.", free, "proof_header_missing",
		set("request", "/headers/0/1", quote("DPoP "+free.scene.compact())), kills("missing-proof-accepted"))
	unbound := b.accept("draft-00-unbound", "A token that binds nothing is accepted under the Bearer scheme.", b.bearer().under(draft00))
	b.reject("draft-00-dpop-unbound", "A token that binds nothing is refused under the DPoP scheme.", unbound, "proof_cnf_missing",
		set("request", "/headers/0/1", quote("DPoP "+unbound.scene.compact())), kills("unbound-proof-ignored"))
}

func dpopCompact(b *builder) {
	b.refs = []string{"RFC 7515, section 7.1", "RFC 9449, section 4.3"}
	t := b.accept("three-parts", "A proof of three parts is accepted.", b.proven())
	form := func(slug, title, code string, rewrite func(string) string) row {
		return row{slug, title, code, proof(rewrite), nil}
	}
	b.rejects(t, []row{
		form("two-parts", "The proof has no signature part.", "proof_compact_segments", func(c string) string { return c[:strings.LastIndexByte(c, '.')] }),
		form("one-part", "The proof is its header alone.", "proof_compact_segments", func(c string) string { return c[:strings.IndexByte(c, '.')] }),
		form("four-parts", "The proof has a fourth part.", "proof_compact_segments", func(c string) string { return c + ".e30" }),
		form("five-parts", "The proof has five parts, as a JWE has.", "proof_compact_segments", func(c string) string { return c + ".e30.e30" }),
		form("trailing-dot", "The proof ends with a dot.", "proof_compact_segments", func(c string) string { return c + "." }),
		form("leading-dot", "The proof begins with a dot.", "proof_compact_segments", func(c string) string { return "." + c }),
		form("header-padded", "The proof's header has padding.", "proof_header_base64", part(0, func(p string) string { return p + "=" })),
		form("header-blank", "The proof's header holds a blank.", "proof_header_base64", part(0, insert(" "))),
		form("header-star", "The proof's header holds a character that base64url does not have.", "proof_header_base64", part(0, insert("*"))),
		form("header-impossible-length", "The proof's header has a length that no base64url text has.", "proof_header_base64", part(0, cutToRest1)),
		form("header-empty", "The proof's header is empty.", "proof_header_base64", part(0, to(""))),
		form("payload-padded", "The proof's payload has padding.", "proof_payload_base64", part(1, func(p string) string { return p + "==" })),
		form("payload-standard-alphabet", "The proof's payload holds a + of the standard alphabet.", "proof_payload_base64", part(1, insert("+"))),
		form("payload-slash", "The proof's payload holds a / of the standard alphabet.", "proof_payload_base64", part(1, insert("/"))),
		form("payload-impossible-length", "The proof's payload has a length that no base64url text has.", "proof_payload_base64", part(1, cutToRest1)),
		form("payload-empty", "The proof's payload is empty.", "proof_payload_base64", part(1, to(""))),
		form("signature-empty", "The proof's signature is empty.", "proof_signature_base64", part(2, to(""))),
		form("signature-padded", "The proof's signature has padding.", "proof_signature_base64", part(2, padded)),
		form("signature-spare-bits", "The last character of the proof's signature has spare bits set.", "proof_signature_base64", part(2, slack)),
		form("signature-standard-alphabet", "The proof's signature is in the standard alphabet.", "proof_signature_base64", part(2, standard)),
		form("signature-tilde", "The proof's signature holds a character that base64url does not have.", "proof_signature_base64", part(2, insert("~"))),
	})
}

func dpopHeaderJSON(b *builder) {
	b.refs = []string{"RFC 7515, section 5.2", "RFC 8259, section 2", refDPoP}
	s := b.proven()
	t := b.accept("plain", "A plain header is accepted.", s)
	b.rejects(t, jsonRows("proof.header", "proof_header_", "proof's header", s.proof.header, "alg"))
	b.nears(t, jsonNears("proof.header", "proof's header", s.proof.header))
	b.reject("duplicate-in-jwk", "The jwk has the member x twice.", t, "proof_header_duplicate_member",
		set("proof.header", "/jwk/-", `"x":`+quote(b64(testKey("agent-p256-b").bytes("x")))), kills("json-duplicates-last-wins"))
}

func dpopPayloadJSON(b *builder) {
	b.refs = []string{"RFC 7519, section 7.2", "RFC 8259, section 2", refDPoP}
	s := b.proven()
	t := b.accept("plain", "A plain payload is accepted.", s)
	b.rejects(t, jsonRows("proof.payload", "proof_payload_", "proof's payload", s.proof.payload, "htm"))
	b.nears(t, jsonNears("proof.payload", "proof's payload", s.proof.payload))
}

func dpopTyp(b *builder) {
	b.refs = []string{"RFC 9449, section 4.2", "RFC 9449, section 4.3", "RFC 8725, section 3.11"}
	t := b.accept("dpop-jwt", "A proof of typ dpop+jwt is accepted.", b.proven())
	typ := func(slug, title, text string) row {
		return proofHeader(slug, title, "proof_typ_invalid", "/typ", text, kills("proof-typ-ignored"))
	}
	b.rejects(t, []row{
		{"missing", "The proof has no typ.", "proof_typ_invalid", drop("proof.header", "/typ"), []option{kills("proof-typ-ignored")}},
		typ("null", "The proof's typ is null.", "null"),
		typ("number", "The proof's typ is a number.", "1"),
		typ("array", "The proof's typ is an array.", `["dpop+jwt"]`),
		typ("empty", "The proof's typ is the empty string.", `""`),
		typ("jwt", "A token's typ does not make a proof.", `"JWT"`),
		typ("at-jwt", "An access token's typ does not make a proof.", `"at+jwt"`),
		typ("delegation", "A delegation link is no proof.", `"ajwt-delegation+jwt"`),
		typ("dpop", "dpop is not dpop+jwt.", `"dpop"`),
		typ("suffix-first", "jwt+dpop is not dpop+jwt.", `"jwt+dpop"`),
		typ("text-type", "text/dpop+jwt is another media type.", `"text/dpop+jwt"`),
		typ("prefix-twice", "The prefix application/ may stand once.", `"application/application/dpop+jwt"`),
		typ("parameter", "A media type with a parameter is another one.", `"dpop+jwt;charset=utf-8"`),
		typ("trailing-blank", "A typ with a blank behind it is another one.", `"dpop+jwt "`),
		typ("nul", "A typ that goes on after a NUL is another one.", `"dpop+jwt\u0000"`),
	})
	b.nears(t, []accepted{
		{"application-prefix", "The typ may have the prefix application/.", set("proof.header", "/typ", `"application/dpop+jwt"`), []option{refs("RFC 7515, section 4.1.9")}},
		{"mixed-case", "Media types compare without regard to case.", set("proof.header", "/typ", `"DPoP+JWT"`), []option{refs("RFC 7515, section 4.1.9", "RFC 2045, section 5.1")}},
		{"prefix-upper-case", "The prefix compares without regard to case.", set("proof.header", "/typ", `"APPLICATION/dpop+jwt"`), []option{refs("RFC 7515, section 4.1.9", "RFC 2045, section 5.1")}},
		{"escaped", "JSON escapes in typ change nothing.", set("proof.header", "/typ", `"dpop\u002bjwt"`), nil},
	})
}
