package main

import (
	"encoding/hex"
	"strings"
)

// bound is a bearer scene whose token names the agent's ES256 key by thumbprint.
func (b *builder) bound() scene {
	return b.bearer().claiming("/cnf", jkt("agent-p256-a"))
}

// jkt and jwkOf write a cnf that names a test key by thumbprint and by JWK.
func jkt(name string) string   { return `{"jkt":` + quote(testKey(name).thumbprint()) + `}` }
func jwkOf(name string) string { return `{"jwk":` + testKey(name).jwk() + `}` }

// smallOrder lists encodings of Edwards points of small order on Curve25519's Edwards
// form (RFC 8032, section 5.1), in hexadecimal.
var smallOrder = []struct{ slug, what, point string }{
	{"identity", "the neutral element", "0100000000000000000000000000000000000000000000000000000000000000"},
	{"order-2", "of order 2", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
	{"order-4", "of order 4", "0000000000000000000000000000000000000000000000000000000000000000"},
	{"order-4-negative", "of order 4 with the other sign", "0000000000000000000000000000000000000000000000000000000000000080"},
	{"order-8", "of order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"},
	{"order-8-negative", "of order 8 with the other sign", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"},
	{"order-8-second", "of order 8, the second pair", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"},
	{"order-8-second-negative", "of order 8, the second pair with the other sign", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"},
}

// notCanonical lists encodings that are not the one of their point: y not reduced, or a
// sign where x is 0.
var notCanonical = []struct{ slug, what, point string }{
	{"y-is-p", "y is p and stands for 0", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
	{"y-is-p-plus-1", "y is p + 1 and stands for 1", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
	{"y-is-2-255-minus-1", "y is 2^255 - 1 and stands for 18", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
	{"identity-with-sign", "x is 0 and has a sign", "0100000000000000000000000000000000000000000000000000000000000080"},
}

// okp writes an Ed25519 JWK with that encoded point, given in hexadecimal.
func okp(point string) string {
	raw, err := hex.DecodeString(point)
	if err != nil {
		panic(err)
	}
	return `{"kty":"OKP","crv":"Ed25519","x":` + quote(b64(raw)) + `}`
}

// offCurve25519 is y = 2 in Edwards form, for which no x exists.
const offCurve25519 = "0200000000000000000000000000000000000000000000000000000000000000"

// badJWKs lists JWKs that are no usable public key, for a place at which the twin has
// the agent's ES256 key. Their fault is neither a private member nor weakness.
func badJWKs() []struct{ slug, what, jwk string } {
	p256 := testKey("agent-p256-a")
	x, y := b64(p256.bytes("x")), b64(p256.bytes("y"))
	ec := func(x, y string) string {
		return `{"kty":"EC","crv":"P-256","x":` + quote(x) + `,"y":` + quote(y) + `}`
	}
	with := func(member string) string { return strings.TrimSuffix(p256.jwk(), "}") + "," + member + "}" }
	edited := func(pointer string, to *string) string { text, _ := replace(p256.jwk(), pointer, to); return text }
	flipped := append([]byte(nil), p256.bytes("y")...)
	flipped[31] ^= 1
	return []struct{ slug, what, jwk string }{
		{"null", "null", "null"},
		{"string", "a string", quote(p256.jwk())},
		{"array", "an array", "[" + p256.jwk() + "]"},
		{"empty", "an empty object", "{}"},
		{"kty-missing", "a JWK without kty", edited("/kty", nil)},
		{"kty-unknown", "a JWK of an unknown kty", edited("/kty", ptr(`"XYZ"`))},
		{"kty-case", "a JWK whose kty is in lower case", edited("/kty", ptr(`"ec"`))},
		{"kty-number", "a JWK whose kty is a number", edited("/kty", ptr("2"))},
		{"crv-missing", "a JWK without crv", edited("/crv", nil)},
		{"crv-unknown", "a JWK of the curve secp256k1", edited("/crv", ptr(`"secp256k1"`))},
		{"crv-p521", "a JWK of the curve P-521, which this profile does not have", edited("/crv", ptr(`"P-521"`))},
		{"crv-of-other-kty", "an EC JWK of an Edwards curve", edited("/crv", ptr(`"Ed25519"`))},
		{"x-missing", "an EC JWK without x", edited("/x", nil)},
		{"y-missing", "an EC JWK without y", edited("/y", nil)},
		{"x-number", "an EC JWK whose x is a number", edited("/x", ptr("1"))},
		{"x-short", "an EC JWK whose x lacks an octet", ec(b64(p256.bytes("x")[1:]), y)},
		{"x-long", "an EC JWK whose x has a zero octet in front", ec(b64(append([]byte{0}, p256.bytes("x")...)), y)},
		{"x-padded", "an EC JWK whose x has padding", ec(padded(x), y)},
		{"x-spare-bits", "an EC JWK whose x has spare bits set", ec(slack(x), y)},
		{"x-empty", "an EC JWK whose x is empty", ec("", y)},
		{"off-curve", "an EC JWK whose coordinates are no point of the curve", ec(x, b64(flipped))},
		{"infinity", "an EC JWK whose coordinates are zero", ec(b64(make([]byte, 32)), b64(make([]byte, 32)))},
		{"use-enc", "a JWK for encryption", with(`"use":"enc"`)},
		{"use-number", "a JWK whose use is a number", with(`"use":1`)},
		{"key-ops-sign", "a JWK whose key_ops lack verify", with(`"key_ops":["sign"]`)},
		{"key-ops-twice", "a JWK whose key_ops has verify twice", with(`"key_ops":["verify","verify"]`)},
		{"key-ops-string", "a JWK whose key_ops is a string", with(`"key_ops":"verify"`)},
		{"alg-of-other-curve", "a JWK whose alg is that of another curve", with(`"alg":"ES384"`)},
		{"alg-unknown", "a JWK of an unknown alg", with(`"alg":"ES256K"`)},
		{"alg-symmetric", "an EC JWK whose alg is HS256", with(`"alg":"HS256"`)},
	}
}

// privateMembers lists members that carry secrets, each in a JWK that is otherwise the
// agent's ES256 key.
var privateMembers = []string{"d", "p", "q", "dp", "dq", "qi", "k", "priv"}

func claimsCnf(b *builder) {
	b.refs = []string{"RFC 7800, section 3.1", "RFC 7800, section 3.2", refClaims}
	p256 := testKey("agent-p256-a")
	byJWK := b.accept("jwk", "A cnf with the agent's key as a JWK is accepted.", b.bearer().claiming("/cnf", jwkOf("agent-p256-a")))
	byJkt := b.accept("jkt", "A cnf with the thumbprint of the agent's key is accepted.", b.bound(), refs("RFC 9449, section 6.1", refClaims))
	both := b.accept("both", "A cnf whose jwk and jkt name one key is accepted.",
		b.bound().with(set("payload", "/cnf/jwk", p256.jwk())), refs("RFC 7800, section 3.1", "RFC 9449, section 6.1", refClaims))
	b.accept("absent", "Where no proof is asked for a token without cnf is accepted.", b.bearer())
	b.reject("conflict", "jwk and jkt name different keys.", both, "claim_cnf_conflict",
		set("payload", "/cnf/jkt", quote(testKey("agent-p256-b").thumbprint())), level("PROFILE"), kills("cnf-conflict-ignored"))
	b.reject("conflict-by-jwk", "jkt and jwk name different keys.", both, "claim_cnf_conflict",
		set("payload", "/cnf/jwk", testKey("agent-ed25519-a").jwk()), level("PROFILE"), kills("cnf-conflict-ignored"))
	b.rejects(byJkt, []row{
		payload("null", "The cnf is null.", "claim_cnf_invalid", "/cnf", "null"),
		payload("string", "The cnf is a string.", "claim_cnf_invalid", "/cnf", quote(p256.thumbprint())),
		payload("array", "The cnf is an array.", "claim_cnf_invalid", "/cnf", "["+jkt("agent-p256-a")+"]"),
		payload("true", "The cnf is true.", "claim_cnf_invalid", "/cnf", "true"),
		payload("empty", "The cnf is an empty object.", "claim_cnf_unsupported", "/cnf", "{}", kills("cnf-unknown-dropped")),
		payload("certificate", "The cnf binds a certificate, which is not understood.", "claim_cnf_unsupported", "/cnf",
			`{"x5t#S256":"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}`, refs("RFC 8705, section 3.1", "RFC 7800, section 3.1"), kills("cnf-unknown-dropped")),
		payload("kid", "The cnf names a key by kid, which is not understood.", "claim_cnf_unsupported", "/cnf", `{"kid":"agent-key"}`, kills("cnf-unknown-dropped")),
		payload("jku", "The cnf names a key by URL, which is not understood.", "claim_cnf_unsupported", "/cnf", `{"jku":"https://as.example/agent.json","kid":"1"}`, kills("cnf-unknown-dropped")),
		payload("jwe", "The cnf holds an encrypted key, which is not understood.", "claim_cnf_unsupported", "/cnf", `{"jwe":"eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d"}`, kills("cnf-unknown-dropped")),
		payload("other-case", "JKT is not jkt.", "claim_cnf_unsupported", "/cnf", `{"JKT":`+quote(p256.thumbprint())+`}`, kills("cnf-unknown-dropped", "members-case-insensitive")),
	})
	b.nears(byJWK, []accepted{
		payloadNear("jwk-and-unknown-member", "A member that is not understood beside jwk is ignored.", "/cnf/x5t#S256", `"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"`),
		payloadNear("jwk-with-names", "kid, use, alg and key_ops in the jwk are accepted where they fit.", "/cnf/jwk",
			strings.TrimSuffix(p256.jwk(), "}")+`,"kid":"k","use":"sig","alg":"ES256","key_ops":["verify"]}`),
		payloadNear("jwk-unknown-member", "An unknown member in the jwk is ignored.", "/cnf/jwk/comment", `"x"`),
		payloadNear("jwk-ed25519", "An Ed25519 key in cnf is accepted.", "/cnf", jwkOf("agent-ed25519-a")),
		payloadNear("jwk-rsa", "An RSA key in cnf is accepted, as in the draft's own example.", "/cnf", jwkOf("rsa-2048-b"), refs(refD00Token, "RFC 7800, section 3.2")),
	})
	b.near("jkt-and-unknown-member", "A member that is not understood beside jkt is ignored.", byJkt, set("payload", "/cnf/kid", `"agent-key"`))
	for _, j := range badJWKs() {
		b.reject("jwk-"+j.slug, "The cnf.jwk is "+j.what+".", byJWK, "claim_cnf_jwk_invalid", set("payload", "/cnf/jwk", j.jwk))
	}
	weak := []row{
		payload("jwk-rsa-1024", "The cnf.jwk is an RSA key of 1024 bits.", "claim_cnf_jwk_invalid", "/cnf/jwk", testKey("rsa-1024-a").jwk()),
		payload("jwk-ed25519-off-curve", "The cnf.jwk is an Ed25519 key that is no point of the curve.", "claim_cnf_jwk_invalid", "/cnf/jwk", okp(offCurve25519)),
	}
	for _, p := range smallOrder {
		weak = append(weak, payload("jwk-ed25519-"+p.slug, "The cnf.jwk is an Ed25519 point "+p.what+".", "claim_cnf_jwk_invalid", "/cnf/jwk", okp(p.point), kills("edwards-small-order-accepted")))
	}
	for _, p := range notCanonical {
		weak = append(weak, payload("jwk-ed25519-"+p.slug, "The cnf.jwk is an Ed25519 key in which "+p.what+".", "claim_cnf_jwk_invalid", "/cnf/jwk", okp(p.point), kills("edwards-small-order-accepted")))
	}
	b.rejects(byJWK, weak)
	for _, name := range privateMembers {
		b.reject("jwk-private-"+name, "The cnf.jwk has the private member "+name+".", byJWK, "claim_cnf_jwk_private",
			set("payload", "/cnf/jwk/"+name, `"AQAB"`), kills("cnf-private-key-accepted"))
	}
	b.rejects(byJWK, []row{
		payload("jwk-private-whole", "The cnf.jwk is the agent's whole key pair.", "claim_cnf_jwk_private", "/cnf/jwk", p256.jwkPrivate(), kills("cnf-private-key-accepted")),
		payload("jwk-private-oth", "The cnf.jwk has the private member oth.", "claim_cnf_jwk_private", "/cnf/jwk/oth", "[]", kills("cnf-private-key-accepted")),
		payload("jwk-symmetric", "The cnf.jwk is a symmetric key.", "claim_cnf_jwk_private", "/cnf/jwk", `{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T"}`),
		payload("jwk-null-beside-jkt", "A cnf.jwk of null is no absent one, though a jkt stands beside it.", "claim_cnf_jwk_invalid", "/cnf",
			`{"jwk":null,"jkt":`+quote(p256.thumbprint())+`}`),
	})
	claimsCnfJkt(b, byJkt)
}

func claimsCnfJkt(b *builder, t twin) {
	b.refs = []string{"RFC 9449, section 6.1", "RFC 7638, section 3.1", refClaims}
	k := testKey("agent-p256-a")
	thumb := k.thumbprint()
	raw := decode64(thumb)
	b.rejects(t, []row{
		payload("jkt-null", "The jkt is null.", "claim_cnf_jkt_invalid", "/cnf/jkt", "null"),
		payload("jkt-number", "The jkt is a number.", "claim_cnf_jkt_invalid", "/cnf/jkt", "1"),
		payload("jkt-array", "The jkt is an array.", "claim_cnf_jkt_invalid", "/cnf/jkt", "["+quote(thumb)+"]"),
		payload("jkt-empty", "The jkt is the empty string.", "claim_cnf_jkt_invalid", "/cnf/jkt", `""`),
		payload("jkt-short", "The jkt has 42 characters.", "claim_cnf_jkt_invalid", "/cnf/jkt", quote(thumb[:42])),
		payload("jkt-31-octets", "The jkt is the base64url of 31 octets.", "claim_cnf_jkt_invalid", "/cnf/jkt", quote(b64(raw[:31]))),
		payload("jkt-33-octets", "The jkt is the base64url of 33 octets.", "claim_cnf_jkt_invalid", "/cnf/jkt", quote(b64(append(raw[:32:32], 0)))),
		payload("jkt-padded", "The jkt has padding.", "claim_cnf_jkt_invalid", "/cnf/jkt", quote(thumb+"=")),
		payload("jkt-spare-bits", "The last character of the jkt has spare bits set.", "claim_cnf_jkt_invalid", "/cnf/jkt", quote(slack(thumb))),
		payload("jkt-standard-alphabet", "The jkt is in the standard alphabet of base64.", "claim_cnf_jkt_invalid", "/cnf/jkt", quote(thumb[:20]+"+/"+thumb[22:])),
		payload("jkt-blank", "The jkt has a blank in front.", "claim_cnf_jkt_invalid", "/cnf/jkt", quote(" "+thumb)),
		payload("jkt-hexadecimal", "The jkt is in hexadecimal.", "claim_cnf_jkt_invalid", "/cnf/jkt", quote(hex.EncodeToString(raw))),
		payload("jkt-prefixed", "The jkt has the prefix sha256:, which belongs to checksums.", "claim_cnf_jkt_invalid", "/cnf/jkt", quote("sha256:"+hex.EncodeToString(raw))),
		payload("jkt-urn", "The jkt is the thumbprint's URI (RFC 9278).", "claim_cnf_jkt_invalid", "/cnf/jkt", quote("urn:ietf:params:oauth:jwk-thumbprint:sha-256:"+thumb)),
	})
	b.near("jkt-of-unknown-key", "A jkt of a key that nobody has seen is accepted where no proof is asked for.", t,
		set("payload", "/cnf/jkt", quote(testKey("agent-ed25519-b").thumbprint())))
}
