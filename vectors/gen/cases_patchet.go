package main

import (
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// The proofs of the author's prototype, under patchet.json: the fields PoP and
// X-PoP-Timestamp. What Python writes was computed by Python.

var patchetTopics = []topic{
	{"policy", "methods", policyMethods},
	{"patchet", "proof", patchetProof},
	{"patchet", "timestamp", patchetTimestamp},
	{"patchet", "body", patchetBody},
	{"patchet", "replay", patchetReplay},
}

const refPatchet = "profile, section 16.5"

func signs(name, text string) func(p *prototypeProof) {
	return func(p *prototypeProof) { p.members = append(p.members, field{name, text}) }
}

func patchetProof(b *builder) {
	b.refs = []string{refPatchet}
	s := b.prototyped("", "")
	t := b.accept("holds", "A token of the prototype with its proof is accepted.", s,
		decides(vectors.Decision{Level: "jwt+pop", Thumbprint: testKey("rsa-2048-b").thumbprint()}))
	long := b.prototyped("", "").claiming("/agent_proof/agent_checksum", quote("sha256:"+prototypeChecksum))
	b.accept("checksum-prefixed", "The checksum is signed as it stands in the token, with its prefix where it has one.", long)
	get := s
	get.method, get.fields = "GET", nil
	b.accept("get", "The request's own method is signed, which the prototype always takes for POST.", get, level("PROFILE"), kills("pop-method-post"))
	escaped := s
	escaped.target = `/repos/acme/a%20b?q="\`
	b.accept("url-escaped", "The URL is signed as received; Python escapes what JSON has to.", escaped, level("PROFILE"))
	upper := s
	upper.authority = "API.example:443"
	b.accept("url-normal", "Scheme and host of the URL are in lower case, without the default port.", upper, level("PROFILE"))
	invalid := "proof_pop_signature_invalid"
	row := func(slug, title, name, text string, opts ...option) prototypeRow {
		return prototypeRow{slug, title, invalid, signs(name, text), opts}
	}
	b.prototypes(t, []prototypeRow{
		row("method", "Another method is signed.", "method", `"PUT"`, kills("pop-signature-skipped")),
		row("url-path", "Another path is signed.", "url", `"https://api.example/repos/acme/other?draft=1"`, kills("pop-signature-skipped")),
		row("url-query", "The URL is signed without its query.", "url", `"https://api.example/repos/acme/app/pulls"`, kills("pop-url-without-query")),
		row("url-host", "Another host is signed.", "url", `"https://api.example.org/repos/acme/app/pulls?draft=1"`, kills("pop-signature-skipped")),
		row("checksum", "Another checksum is signed.", "checksum", quote(strings.Repeat("0", 64)), kills("pop-signature-skipped"), threats("T4")),
		row("checksum-prefix", "A bare checksum is signed with the prefix.", "checksum", quote("sha256:"+prototypeChecksum)),
		row("timestamp-other", "Another time is signed.", "timestamp", num(now), kills("pop-signature-skipped")),
		row("timestamp-string", "The time is signed as a string.", "timestamp", quote(num(now-2))),
		row("data", "The hash of a body is signed, and there is none.", "data", quote(strings.Repeat("0", 64)), kills("pop-signature-skipped")),
		{"other-key", "Another key has signed.", invalid, func(p *prototypeProof) { p.key = "rsa-2048-a" }, []option{kills("pop-signature-skipped"), threats("T1")}},
		{"missing", "There is no PoP field.", "proof_header_missing", func(p *prototypeProof) { p.unsent = "pop" }, []option{kills("missing-proof-accepted")}},
		{"twice", "There are two PoP fields.", "proof_pop_duplicate", func(p *prototypeProof) { p.more = []vectors.Header{{Name: "PoP", Value: []byte("AAAA")}} }, nil},
		{"joined", "A comma joins two values of PoP.", "proof_pop_duplicate", func(p *prototypeProof) { p.pop = func(v string) string { return v + ",AAAA" } }, nil},
		{"empty", "PoP is empty.", "proof_pop_base64", func(p *prototypeProof) { p.pop = func(string) string { return "" } }, nil},
		{"unpadded", "PoP has no padding.", "proof_pop_base64", func(p *prototypeProof) { p.pop = func(v string) string { return strings.TrimRight(v, "=") } }, []option{kills("pop-base64-lax")}},
		{"url-alphabet", "PoP is in base64url.", "proof_pop_base64", func(p *prototypeProof) { p.pop = strings.NewReplacer("+", "-", "/", "_").Replace }, []option{kills("pop-base64-lax")}},
		{"foreign", "A character outside the alphabet stands in PoP, which Python skips.", "proof_pop_base64", func(p *prototypeProof) { p.pop = func(v string) string { return v[:40] + " " + v[40:] } }, []option{kills("pop-base64-lax")}},
	})
	b.reject("changed-target", "The target is not the one that was signed.", t, invalid, set("request", "/target", `"/repos/acme/app/pulls?draft=2"`), kills("pop-signature-skipped"))
	b.reject("scheme", "The proof comes under the scheme DPoP.", t, "proof_scheme_mismatch", set("request", "/headers/0/1", quote("DPoP "+s.compact())))
	b.reject("off", "The method is off.", t, "proof_method_off", set("policy", "/proof/methods", `["dpop"]`), kills("proof-method-off-taken"))
	usual := []string{"ES256"}
	two := b.accept("two-issuers", "Two issuers are of the profile patchet.", s.under(provingBy(`"methods":["patchet"]`, policyDoc(anyProof,
		issuerText(issuerID, "patchet", usual, serverKeys(usual...)), issuerText(otherID, "patchet", usual, serverKeys(usual...))))))
	b.reject("other-profile", "An issuer of another profile is not proven by it.", two, "proof_method_profile", set("policy", "/issuers/0/profile", `"draft-00"`), kills("proof-profile-ignored"))
	b.reject("cnf-jkt", "The token binds a thumbprint alone.", t, "proof_pop_key_unavailable", set("payload", "/cnf", jkt("rsa-2048-b")))
	b.reject("cnf-ec", "The token binds a key that cannot sign RS256.", t, "proof_pop_key_not_rsa", set("payload", "/cnf", jwkOf("agent-p256-a")))
	b.reject("cnf-alg", "The bound key is for another algorithm.", t, "proof_pop_key_not_rsa", appendText("payload", "/cnf/jwk", `"alg":"PS256"`))
	b.resigned("no-checksum", "The token has no agent_proof.", t, "proof_pop_checksum_missing", s.with(drop("payload", "/agent_proof")).
		proving(signs("checksum", "null")))
	d := b.accept("two-methods", "Where DPoP is on too, the prototype's tokens are proven as they are.", s.under(provingBy(`"methods":["dpop","patchet"],"algorithms":["RS256"]`, es256Policy("patchet", "", anyProof))))
	b.reject("dpop", "A DPoP proof is none for the prototype's tokens.", d, "proof_method_several", appendText("request", "/headers", `["dpop","a.b.c"]`))
}

func patchetTimestamp(b *builder) {
	b.refs = []string{refPatchet}
	s := b.prototyped("", "")
	t := b.accept("fresh", "A proof of two seconds ago.", s)
	at := func(text string) func(p *prototypeProof) { return func(p *prototypeProof) { p.timestamp = text } }
	b.accept("oldest", "The time is exactly now - max_age - skew.", s.proving(at(num(now-90))))
	b.accept("newest", "The time is exactly now + skew.", s.proving(at(num(now+30))))
	invalid := func(slug, title, text, signed string) prototypeRow {
		return prototypeRow{slug, title, "proof_timestamp_invalid", func(p *prototypeProof) {
			p.timestamp, p.members = text, []field{{"timestamp", signed}}
		}, []option{kills("pop-timestamp-form-unchecked")}}
	}
	stamp := num(now)
	b.prototypes(t, []prototypeRow{
		{"missing", "There is no X-PoP-Timestamp.", "proof_timestamp_missing", func(p *prototypeProof) { p.unsent = "x-pop-timestamp" }, nil},
		{"expired", "The proof is one second older than the window, which the prototype does not look at.", "proof_timestamp_expired", at(num(now - 91)), []option{level("PROFILE"), kills("pop-timestamp-unbounded"), threats("T2")}},
		{"future", "The proof was made one second beyond the skew.", "proof_timestamp_future", at(num(now + 31)), []option{level("PROFILE"), kills("pop-timestamp-unbounded")}},
		invalid("plus", "A sign stands before the digits, which Python takes.", "+"+stamp, stamp),
		invalid("zero", "A zero stands before the digits, which Python takes.", "0"+stamp, stamp),
		invalid("underscore", "An underscore stands between the digits, which Python takes.", stamp[:4]+"_"+stamp[4:], stamp),
		invalid("fraction", "The time has a fraction.", stamp+".0", stamp),
		invalid("letters", "The time is no number.", "now", stamp),
		invalid("empty", "The time is empty.", "", stamp),
		{"twice", "There are two X-PoP-Timestamp fields.", "proof_timestamp_invalid", func(p *prototypeProof) {
			p.more = []vectors.Header{{Name: "X-PoP-Timestamp", Value: []byte(p.timestamp)}}
		}, nil},
	})
}

func patchetBody(b *builder) {
	b.refs = []string{refPatchet}
	posted := `{"title":"Ä","b":[1.0,1e16,-0],"a":null}`
	python := `{"title": "\u00c4", "b": [1.0, 1e+16, 0], "a": null}`
	t := b.accept("object", "The body is hashed as Python writes it, its members in the order of the text.", b.prototyped(posted, python), kills("pop-body-sorted"))
	b.accept("same-in-python", "A body that Python reads as the same one is the same.", b.prototyped(` {"title" : "\u00c4", "b":[1.00, 10000000000000000.0,0],"a":null}`, python))
	for _, falsy := range []field{{"empty-object", "{}"}, {"empty-array", "[ ]"}, {"empty-string", `""`}, {"zero", "0"}, {"float-zero", "-0.0"}, {"false", "false"}, {"null", "null"}} {
		b.accept("falsy-"+falsy.name, "Where Python finds the body false, data is the empty string: "+falsy.value+".", b.prototyped(falsy.value, ""), kills("pop-falsy-hashed"))
	}
	for _, truthy := range []field{{"string", `" "`}, {"array", "[0]"}, {"true", "true"}, {"number", "-1"}} {
		b.accept("true-"+truthy.name, "A body that is no object is hashed like one: "+truthy.value+".", b.prototyped(truthy.value, truthy.value))
	}
	wrong := func(slug, title, text string, opts ...option) {
		b.resigned(slug, title, t, "proof_pop_signature_invalid", t.scene.proving(func(p *prototypeProof) { p.python = text }), opts...)
	}
	wrong("sorted", "The members are hashed in the order of their names.", `{"a": null, "b": [1.0, 1e+16, 0], "title": "\u00c4"}`, kills("pop-body-sorted"))
	wrong("raw", "The body is hashed as it is sent.", posted, kills("pop-body-raw"))
	wrong("unescaped", "Letters outside ASCII are hashed as they are.", `{"title": "Ä", "b": [1.0, 1e+16, 0], "a": null}`)
	wrong("unhashed", "The body is not signed.", "", kills("pop-body-ignored"))
	b.reject("changed", "The body is not the one that was signed.", t, "proof_pop_signature_invalid", set("request", "/body", quote(std64([]byte(`{"title":"B"}`)))), kills("pop-body-ignored"))
	b.reject("unread", "The host did not hand the body over.", t, "proof_pop_body_unavailable", drop("request", "/body"))
	invalid := func(slug, title, body string, opts ...option) {
		b.reject(slug, title, t, "proof_pop_body_invalid", set("request", "/body", quote(std64([]byte(body)))), append(opts, kills("pop-body-invalid-empty"))...)
	}
	invalid("not-json", "The body is not JSON.", "title=A")
	invalid("space", "The body is white space.", " ")
	invalid("duplicate", "A member stands twice, of which Python takes the last one.", `{"a":1,"a":2}`, level("PROFILE"))
	invalid("nan", "The body is NaN, which Python reads.", `NaN`, level("PROFILE"))
	invalid("infinite", "A number is too large for a double, which Python reads as infinite.", `[1e999]`, level("PROFILE"))
	invalid("surrogate", "A lone surrogate, which Python reads.", `"\ud800"`, level("PROFILE"))
	invalid("mark", "A byte order mark stands before the value, which Python skips.", "\ufeff{}", level("PROFILE"))
}

func patchetReplay(b *builder) {
	b.refs = []string{refPatchet, refReplay}
	t := b.accept("once", "A proof is accepted once.", b.prototyped("", ""))
	later := edit{remake: func(s scene) scene {
		return s.proving(func(p *prototypeProof) { p.timestamp = num(now) })
	}}
	b.repeated("twice", "A proof is refused the second time, which the prototype does not do.", t, []step{ok(now), no(now+1, "replay_proof_reused")},
		level("PROFILE"), kills("replay-cache-off"), threats("T2"))
	b.repeated("signed-later", "A proof of another second is another one.", t, []step{ok(now), ok(now, later), no(now, "replay_proof_reused", later)})
}
