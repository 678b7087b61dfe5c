package main

import (
	"crypto"
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// The body, and what is left.

func b64Decoded(text string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return b
}

// derSigned is an ECDSA signature as ASN.1 has it.
func derSigned(k *key, base []byte) []byte {
	return k.ecdsaDER(digest(crypto.SHA256, base), crypto.SHA256)
}

const postedBody = `{"title":"Patch"}`

func httpsigDigest(b *builder) {
	b.refs = []string{"RFC 9530, section 2", "RFC 9421, section 7.2.8", refHTTPSig}
	d256, d512 := digest256(postedBody), digest512(postedBody)
	t := b.accept("sha-256", "A body with a digest by SHA-256.", b.signed().posting(postedBody, d256))
	b.accept("sha-512", "A body with a digest by SHA-512.", b.signed().posting(postedBody, d512))
	both := b.accept("both", "A body with digests by both.", b.signed().posting(postedBody, d512+", "+d256))
	b.accept("unknown-too", "A digest by an algorithm that nobody knows beside one that is known.", b.signed().posting(postedBody, "unixsum=:AAA=:, "+d256))
	b.accept("two-lines", "Two digests on two lines.", b.signed().withField("content-digest", d512).posting(postedBody, d256))
	b.accept("parameters", "Parameters of a digest are ignored.", b.signed().posting(postedBody, d256+";a=1"), level("PROFILE"))
	b.accept("empty-body", "The digest of an empty body, on a request that has none.", emptied(b.signed().posting("", digest256(""))))
	digestRow := func(slug, title, code, digests string, opts ...option) {
		b.resigned(slug, title, t, code, b.signed().posting(postedBody, digests), opts...)
	}
	other := digest256(postedBody + " ")
	digestRow("mismatch", "The digest is that of another body.", "proof_digest_mismatch", other, kills("httpsig-digest-ignored"))
	digestRow("mismatch-512", "The digest by SHA-512 is that of another body.", "proof_digest_mismatch", digest512(""), kills("httpsig-digest-ignored"))
	digestRow("truncated", "The digest is cut short.", "proof_digest_mismatch", "sha-256=:"+std64([]byte("short"))+":", kills("httpsig-digest-ignored"))
	digestRow("hexadecimal", "The digest is written in hexadecimal and then in base64.", "proof_digest_mismatch", "sha-256=:"+std64([]byte(hashed(postedBody)[7:]))+":", kills("httpsig-digest-ignored"))
	digestRow("unknown", "Only an algorithm that nobody knows.", "proof_digest_unknown", "unixsum=:AAA=:", kills("httpsig-digest-unknown-accepted"), refs("RFC 9530, section 5", refHTTPSig))
	digestRow("weak", "MD5 is no algorithm that counts.", "proof_digest_unknown", "md5=:AAAAAAAAAAAAAAAAAAAAAA==:", kills("httpsig-digest-unknown-accepted"), refs("RFC 9530, section 5", refHTTPSig))
	digestRow("empty", "The field is empty.", "proof_digest_unknown", "", kills("httpsig-digest-unknown-accepted"))
	digestRow("string", "The digest is a string.", "proof_digest_syntax", `sha-256="`+strings.Trim(d256[8:], ":")+`"`, kills("httpsig-digest-ignored"))
	digestRow("list", "The digest stands in a list.", "proof_digest_syntax", "sha-256=("+d256[8:]+")", kills("httpsig-digest-ignored"))
	digestRow("upper-case", "The algorithm is written in capitals, which no key can have.", "proof_digest_syntax", "SHA-256="+d256[8:], kills("httpsig-digest-ignored"))
	digestRow("old-form", "The field has the form of the older field Digest.", "proof_digest_syntax", strings.ReplaceAll(d256, ":", ""), kills("httpsig-digest-ignored"))
	digestRow("trailing-comma", "A comma stands at the end.", "proof_digest_syntax", d256+",", kills("httpsig-digest-ignored"))
	digestRow("twice", "An algorithm stands twice with one value.", "proof_digest_duplicate", d256+", "+d256, kills("httpsig-digest-duplicate-last"))
	digestRow("twice-last", "An algorithm stands twice, last with the right value.", "proof_digest_duplicate", other+", "+d256, kills("httpsig-digest-duplicate-last"))
	digestRow("twice-first", "An algorithm stands twice, first with the right value.", "proof_digest_duplicate", d256+", "+other)
	digestRow("too-long", "The field is longer than limits.proof_bytes.", "proof_digest_syntax", d256+", a=:"+strings.Repeat("A", 8192)+":")
	b.resigned("second-wrong", "Of two digests the second is wrong.", both, "proof_digest_mismatch", b.signed().posting(postedBody, d512+", "+other), kills("httpsig-digest-one-suffices"))
	b.resigned("first-wrong", "Of two digests the first is wrong.", both, "proof_digest_mismatch", b.signed().posting(postedBody, digest512("")+", "+d256), kills("httpsig-digest-one-suffices"))
	b.reject("body-changed", "The body is not the one that was signed.", t, "proof_digest_mismatch", set("request", "/body", quote(std64([]byte(postedBody+"\n")))), kills("httpsig-digest-ignored"))
	b.reject("body-emptied", "The body is gone, and nothing says that there is none.", t, "proof_body_unavailable", drop("request", "/body"), kills("httpsig-body-unread-accepted"))
	b.resigned("uncovered", "The digest is sent and not covered.", t, "proof_digest_missing", t.scene.signing(func(m *messageSignature) { m.uncover("content-digest") }), kills("httpsig-digest-optional"))
	b.resigned("missing", "A body comes without a digest.", t, "proof_digest_missing", withoutField(t.scene, "content-digest").signing(func(m *messageSignature) { m.uncover("content-digest") }), kills("httpsig-digest-optional"))
}

// emptied is a request without a body that says so.
func emptied(s scene) scene {
	s.body = nil
	return s.withField("content-length", "0")
}

// withoutField returns a copy less the fields of a name.
func withoutField(s scene, name string) scene {
	fields := s.fields
	s.fields = nil
	for _, f := range fields {
		if f.Name != name {
			s.fields = append(s.fields, f)
		}
	}
	return s
}

func httpsigBody(b *builder) {
	b.refs = []string{"RFC 9110, section 8.6", refHTTPSig}
	s := b.signed()
	t := b.accept("get", "A GET without a body needs no digest.", s)
	post := s
	post.method = "POST"
	p := b.accept("post-empty", "A POST whose Content-Length is 0 needs no digest.", post.withField("content-length", "0"))
	get := s
	get.body = []byte(postedBody)
	g := b.accept("get-body", "A GET with a body and its digest.", get.withField("content-digest", digest256(postedBody)).
		signing(func(m *messageSignature) { m.cover("content-digest") }))
	unread := func(slug, title string, t twin, e edit) {
		b.reject(slug, title, t, "proof_body_unavailable", e, level("PROFILE"), kills("httpsig-body-unread-accepted"))
	}
	unread("length", "A Content-Length says that there is a body, which the host did not hand over.", t, appendText("request", "/headers", `["content-length","17"]`))
	unread("chunked", "Transfer-Encoding says that there is a body, which the host did not hand over.", t, appendText("request", "/headers", `["Transfer-Encoding","chunked"]`))
	unread("length-list", "A Content-Length that two hops can read differently is no 0.", t, appendText("request", "/headers", `["content-length","0, 0"]`))
	unread("length-form", "A Content-Length with a sign is no 0.", t, appendText("request", "/headers", `["content-length","+0"]`))
	unread("post-unsaid", "A POST that does not say that it has no body.", p, drop("request", "/headers/1"))
	unread("post-length", "A POST whose Content-Length is not 0.", p, set("request", "/headers/1/1", `"17"`))
	b.resigned("get-body-uncovered", "A GET with a body does not cover a digest.", g, "proof_digest_missing", withoutField(g.scene, "content-digest").
		signing(func(m *messageSignature) { m.uncover("content-digest") }), kills("httpsig-digest-optional"))
}

func httpsigSignature(b *builder) {
	b.refs = []string{refSelection, refHTTPSig}
	s := b.signed()
	t := b.accept("holds", "The signature holds.", s)
	invalid := "proof_message_signature_invalid"
	skipped := []option{kills("httpsig-signature-skipped")}
	b.signatures(t, []signatureRow{
		{"other-key", "Another key of the agent's owner has signed.", invalid, func(m *messageSignature) { m.key = "agent-ed25519-b" }, []option{kills("httpsig-signature-skipped"), threats("T1", "T2")}},
		{"bit", "One bit of the signature is wrong.", invalid, func(m *messageSignature) {
			m.sign = func(k *key, base []byte) []byte { s := k.sign("Ed25519", base); s[10] ^= 1; return s }
		}, skipped},
		{"empty", "The signature is empty.", invalid, func(m *messageSignature) { m.sign = func(*key, []byte) []byte { return nil } }, skipped},
		{"short", "The signature lacks its last byte.", invalid, func(m *messageSignature) {
			m.sign = func(k *key, base []byte) []byte { return k.sign("Ed25519", base)[:63] }
		}, skipped},
		{"trailing", "A byte stands behind the signature.", invalid, func(m *messageSignature) {
			m.sign = func(k *key, base []byte) []byte { return append(k.sign("Ed25519", base), 0) }
		}, skipped},
		{"zero", "The signature is all zero.", invalid, func(m *messageSignature) { m.sign = func(*key, []byte) []byte { return make([]byte, 64) } }, skipped},
		{"line-end", "A line end behind the base is signed.", invalid, func(m *messageSignature) {
			m.sign = func(k *key, base []byte) []byte { return k.sign("Ed25519", append(base, '\n')) }
		}, skipped},
		{"crlf", "The lines of the base end in CR LF.", invalid, func(m *messageSignature) {
			m.sign = func(k *key, base []byte) []byte {
				return k.sign("Ed25519", []byte(strings.ReplaceAll(string(base), "\n", "\r\n")))
			}
		}, skipped},
		{"prehashed", "The hash of the base is signed.", invalid, func(m *messageSignature) {
			m.sign = func(k *key, base []byte) []byte { return k.sign("Ed25519", digest(crypto.SHA256, base)) }
		}, skipped},
	})
	b.resigned("token-of-other-agent", "The token binds another key than the one that signed; keyid is still that key's.", t, "proof_keyid_mismatch",
		s.claiming("/cnf", jwkOf("agent-ed25519-b")), threats("T1"))
}

func httpsigReplay(b *builder) {
	b.refs = []string{"RFC 9421, section 7.2.2", refHTTPSig, refReplay}
	s := b.signed()
	t := b.accept("once", "A signature is accepted once.", s)
	nonce := func(n string) edit {
		return edit{remake: func(s scene) scene { return s.signing(parameter("nonce", quote(n))) }}
	}
	created := func(n int64) edit {
		return edit{remake: func(s scene) scene { return s.signing(parameter("created", strconv.FormatInt(n, 10))) }}
	}
	b.repeated("twice", "A signature is refused the second time.", t, []step{ok(now), no(now+1, "replay_proof_reused")}, kills("replay-cache-off"), threats("T2"))
	b.repeated("signed-again", "What counts is the nonce: signed again at another time it is refused.", t,
		[]step{ok(now), no(now+1, "replay_proof_reused", created(now))}, kills("httpsig-replay-by-signature"))
	b.repeated("new-nonce", "Every nonce is accepted once.", t, []step{ok(now), ok(now, nonce("nonce-2")), no(now, "replay_proof_reused")})
	b.repeated("new-nonces", "Signatures with nonces of their own are accepted as often as they are sent.", t, []step{ok(now), ok(now, nonce("nonce-2")), ok(now, nonce("nonce-3"))})
	b.repeated("last-second", "A signature is remembered as long as it is fresh.", t, []step{ok(now - 2), no(now+88, "replay_proof_reused")})
	other := b.signedBy("agent-p256-a", "ES256")
	b.repeated("other-key", "Another key may use the same nonce.", t,
		[]step{ok(now), ok(now, edit{remake: func(scene) scene { return other }})})
	b.repeated("refused-uses-nothing", "A request that is refused uses its nonce up for nobody.", t,
		[]step{no(now, "proof_message_signature_invalid", edit{remake: func(s scene) scene {
			return s.signing(func(m *messageSignature) { m.key = "agent-ed25519-b" })
		}}), ok(now)})
	cold := s
	cold.replay = &vectors.Replay{Start: now - 33}
	c := b.accept("cold-start", "created lies one second behind the start of the memory and the skew.", cold)
	b.resigned("cold-start-too-early", "created lies exactly at the start of the memory and the skew.", c, "replay_proof_cold_start",
		cold.signing(parameter("created", num(now-3))), kills("cold-start-ignored"))
}
