package main

import (
	"crypto"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// Proofs: algorithm, header members, key, binding, signature.

func decisionOf(level, thumbprint string) vectors.Decision {
	return vectors.Decision{Level: level, Issuer: issuerID, Agent: "patcher", Thumbprint: thumbprint}
}

func dpopAlg(b *builder) {
	b.refs = []string{"RFC 9449, section 4.2", "RFC 9449, section 4.3", "RFC 8725, section 3.1"}
	t := b.accept("es256", "A proof signed with ES256 is accepted.", b.proven())
	ed := b.accept("ed25519", "A proof signed with Ed25519, named in full, is accepted.", b.provenBy("agent-ed25519-a", "Ed25519"), refs("RFC 9864, section 2.2", refDPoP))
	b.accept("eddsa-alias", "EdDSA is the alias of Ed25519 for an Ed25519 key.", b.provenBy("agent-ed25519-a", "EdDSA"), refs("RFC 9864, section 2.2", "RFC 8037, section 3.1", refDPoP), algorithms("ES256", "Ed25519"))
	alg := func(slug, title, code, text string, opts ...option) row {
		return proofHeader(slug, title, code, "/alg", text, opts...)
	}
	b.rejects(t, []row{
		{"missing", "The proof has no alg.", "proof_alg_invalid", drop("proof.header", "/alg"), nil},
		alg("null", "The proof's alg is null.", "proof_alg_invalid", "null"),
		alg("number", "The proof's alg is a number.", "proof_alg_invalid", "256"),
		alg("array", "The proof's alg is an array.", "proof_alg_invalid", `["ES256"]`),
		alg("empty", "The proof's alg is the empty string.", "proof_alg_invalid", `""`),
		alg("none", "The proof's alg is none.", "proof_alg_forbidden", `"none"`, kills("proof-alg-forbidden-skipped")),
		alg("none-upper-case", "The proof's alg is NONE.", "proof_alg_forbidden", `"NONE"`, kills("proof-alg-forbidden-skipped")),
		alg("none-mixed-case", "The proof's alg is nOnE.", "proof_alg_forbidden", `"nOnE"`, kills("proof-alg-forbidden-skipped")),
		alg("hs256", "The proof's alg is HS256.", "proof_alg_forbidden", `"HS256"`, kills("proof-alg-forbidden-skipped")),
		alg("hs512-lower-case", "The proof's alg is hs512.", "proof_alg_forbidden", `"hs512"`, kills("proof-alg-forbidden-skipped")),
		alg("lower-case", "Algorithm names compare with regard to case: es256 is none of ours.", "proof_alg_not_allowed", `"es256"`, kills("proof-alg-list-ignored")),
		alg("trailing-blank", "The alg with a blank behind it is none of ours.", "proof_alg_not_allowed", `"ES256 "`),
		alg("unknown", "The proof's alg is unknown.", "proof_alg_not_allowed", `"ES256K"`, kills("proof-alg-list-ignored")),
		alg("not-listed-rs256", "RS256 is not on the list of proof algorithms.", "proof_alg_not_allowed", `"RS256"`, kills("proof-alg-list-ignored")),
		alg("not-listed-es384", "ES384 is not on the list of proof algorithms.", "proof_alg_not_allowed", `"ES384"`, kills("proof-alg-list-ignored")),
		alg("ed25519-on-p256", "Ed25519 does not fit a P-256 key.", "proof_jwk_alg_mismatch", `"Ed25519"`, kills("proof-alg-key-unmatched")),
		alg("eddsa-on-p256", "EdDSA does not fit a P-256 key.", "proof_jwk_alg_mismatch", `"EdDSA"`, kills("proof-alg-key-unmatched")),
	})
	b.rejects(ed, []row{
		alg("es256-on-ed25519", "ES256 does not fit an Ed25519 key.", "proof_jwk_alg_mismatch", `"ES256"`, kills("proof-alg-key-unmatched")),
		{"ed25519-removed", "The policy does not list Ed25519.", "proof_alg_not_allowed", set("policy", "/proof", `{"algorithms":["ES256"]}`), []option{kills("proof-alg-list-ignored")}},
	})
	list := func(name, alg, listed string) scene {
		return b.provenBy(name, alg).under(proofPolicy(`"algorithms":` + listed))
	}
	alias := b.accept("eddsa-listed-ed25519", "EdDSA is admitted where the list has Ed25519.", list("agent-ed25519-a", "EdDSA", `["Ed25519"]`), algorithms("ES256", "Ed25519"))
	b.reject("eddsa-not-listed", "EdDSA is not admitted where the list has no Edwards algorithm.", alias, "proof_alg_not_allowed",
		set("policy", "/proof/algorithms/0", `"ES256"`), algorithms("ES256", "Ed25519"), kills("proof-alg-list-ignored"))
	b.reject("eddsa-other-curve-listed", "EdDSA on an Ed25519 key does not stand for Ed448, the only one on the list.", alias, "proof_jwk_alg_mismatch",
		set("policy", "/proof/algorithms/0", `"Ed448"`), algorithms("ES256", "Ed25519"), kills("proof-alg-key-unmatched"))
	wide := b.accept("rs256-listed", "RS256 is admitted where the policy lists it, as the draft's own example needs.", list("rsa-2048-b", "RS256", `["RS256","ES384"]`), refs(refD00Token, refDPoP))
	b.reject("rs256-key-for-es384", "ES384 does not fit an RSA key.", wide, "proof_jwk_alg_mismatch", set("proof.header", "/alg", `"ES384"`), kills("proof-alg-key-unmatched"))
	b.accept("es384-listed", "ES384 is admitted where the policy lists it.", list("p384-b", "ES384", `["ES384"]`))
	b.accept("ed448-listed", "Ed448 is admitted where the policy lists it.", list("ed448-b", "Ed448", `["Ed448"]`), refs("RFC 9864, section 2.2", refDPoP))
	b.accept("eddsa-ed448-listed", "EdDSA on an Ed448 key stands for Ed448 where the list has it.", list("ed448-b", "EdDSA", `["Ed448"]`), refs("RFC 9864, section 2.2", refDPoP), algorithms("ES256", "Ed448"))
	narrow := b.accept("p256-es384-listed", "ES256 on a P-256 key is accepted beside ES384.", list("agent-p256-a", "ES256", `["ES256","ES384"]`))
	b.reject("es384-on-p256", "ES384 does not fit a P-256 key.", narrow, "proof_jwk_alg_mismatch", set("proof.header", "/alg", `"ES384"`), kills("proof-alg-key-unmatched"))
}

func dpopHeader(b *builder) {
	b.refs = []string{"RFC 7515, section 4.1.11", refDPoP}
	t := b.accept("three-members", "A header of typ, alg and jwk is accepted.", b.proven())
	b.rejects(t, []row{
		proofHeader("crit-exp", "The header has crit with an extension that is not understood.", "proof_crit_present", "/crit", `["exp"]`, kills("proof-crit-ignored")),
		proofHeader("crit-empty", "The header has an empty crit.", "proof_crit_present", "/crit", `[]`, kills("proof-crit-ignored")),
		proofHeader("crit-null", "The header has a crit of null.", "proof_crit_present", "/crit", `null`, kills("proof-crit-ignored")),
		proofHeader("crit-jwk", "The header has crit with a member that is understood.", "proof_crit_present", "/crit", `["jwk"]`, kills("proof-crit-ignored")),
		proofHeader("b64-true", "The header has b64, though with its default.", "proof_b64_present", "/b64", `true`, refs("RFC 7797, section 6", refDPoP), kills("proof-b64-ignored")),
		proofHeader("b64-false", "The header has b64 of false.", "proof_b64_present", "/b64", `false`, refs("RFC 7797, section 6", refDPoP), kills("proof-b64-ignored")),
		proofHeader("zip", "The header has zip.", "proof_zip_present", "/zip", `"DEF"`, refs("RFC 7516, section 4.1.3", refDPoP), kills("proof-zip-ignored")),
		proofHeader("zip-null", "The header has a zip of null.", "proof_zip_present", "/zip", `null`, refs("RFC 7516, section 4.1.3", refDPoP), kills("proof-zip-ignored")),
	})
	b.nears(t, []accepted{
		{"kid", "A kid in the header is ignored.", set("proof.header", "/kid", `"anything"`), []option{refs(refDPoP)}},
		{"kid-number", "A kid in the header is ignored whatever it is.", set("proof.header", "/kid", `17`), []option{refs(refDPoP)}},
		{"cty", "A cty in the header is ignored.", set("proof.header", "/cty", `"JWT"`), []option{refs(refDPoP)}},
		{"other-case", "CRIT and Zip are unknown members.", appendText("proof.header", "", `"CRIT":["x"],"Zip":"DEF"`), []option{kills("members-case-insensitive")}},
	})
}

func dpopJWK(b *builder) {
	b.refs = []string{"RFC 9449, section 4.2", "RFC 9449, section 4.3", "RFC 7517, section 4"}
	t := b.accept("public", "A proof with the agent's public key is accepted.", b.proven())
	p256 := testKey("agent-p256-a")
	b.reject("missing", "The header has no jwk.", t, "proof_jwk_missing", drop("proof.header", "/jwk"))
	for _, j := range badJWKs() {
		b.reject(j.slug, "The jwk is "+j.what+".", t, "proof_jwk_invalid", set("proof.header", "/jwk", j.jwk))
	}
	for _, name := range privateMembers {
		b.reject("private-"+name, "The jwk has the private member "+name+".", t, "proof_jwk_private",
			set("proof.header", "/jwk/"+name, `"AQAB"`), kills("proof-private-key-ignored"))
	}
	b.rejects(t, []row{
		proofHeader("private-whole", "The jwk is the agent's whole key pair.", "proof_jwk_private", "/jwk", p256.jwkPrivate(), kills("proof-private-key-ignored"), threats("T12")),
		proofHeader("private-null", "The jwk has a private member of null.", "proof_jwk_private", "/jwk/d", "null", kills("proof-private-key-ignored")),
		proofHeader("private-oth", "The jwk has the private member oth.", "proof_jwk_private", "/jwk/oth", "[]", kills("proof-private-key-ignored")),
		proofHeader("symmetric", "The jwk is a symmetric key.", "proof_jwk_private", "/jwk", `{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T"}`),
		proofHeader("symmetric-without-k", "The jwk says that it is symmetric.", "proof_jwk_private", "/jwk/kty", `"oct"`),
	})
	b.nears(t, []accepted{
		{"names", "use, key_ops, kid and alg in the jwk are accepted where they fit.", set("proof.header", "/jwk", strings.TrimSuffix(p256.jwk(), "}")+`,"use":"sig","key_ops":["verify"],"kid":"k","alg":"ES256"}`), nil},
		{"unknown-member", "An unknown member in the jwk is ignored.", set("proof.header", "/jwk/comment", `{"D":"x"}`), nil},
	})
	dpopJWKEdwards(b)
	dpopJWKRSA(b)
}

func dpopJWKEdwards(b *builder) {
	t := b.accept("ed25519", "A proof with an Ed25519 key is accepted.", b.provenBy("agent-ed25519-a", "Ed25519"), refs("RFC 8037, section 2", refDPoP))
	for _, p := range smallOrder {
		b.reject("ed25519-"+p.slug, "The jwk is an Ed25519 point "+p.what+".", t, "proof_jwk_weak", set("proof.header", "/jwk", okp(p.point)),
			refs("profile, section 4", "RFC 8032, section 5.1.7"), kills("edwards-small-order-accepted"))
	}
	for _, p := range notCanonical {
		b.reject("ed25519-"+p.slug, "The jwk is an Ed25519 key in which "+p.what+".", t, "proof_jwk_weak", set("proof.header", "/jwk", okp(p.point)),
			refs("profile, section 4", "RFC 8032, section 5.1.3"), kills("edwards-small-order-accepted"))
	}
	x := testKey("agent-ed25519-a").bytes("x")
	b.rejects(t, []row{
		proofHeader("ed25519-x-short", "The x of an Ed25519 key lacks an octet.", "proof_jwk_invalid", "/jwk/x", quote(b64(x[:31]))),
		proofHeader("ed25519-x-long", "The x of an Ed25519 key has an octet too many.", "proof_jwk_invalid", "/jwk/x", quote(b64(append(x[:32:32], 0)))),
		proofHeader("ed25519-x-spare-bits", "The x of an Ed25519 key has spare bits set.", "proof_jwk_invalid", "/jwk/x", quote(slack(b64(x)))),
		{"ed25519-x-missing", "An Ed25519 key has no x.", "proof_jwk_invalid", drop("proof.header", "/jwk/x"), nil},
		proofHeader("ed25519-as-x25519", "A key of X25519 does not sign.", "proof_jwk_invalid", "/jwk/crv", `"X25519"`),
		proofHeader("ed25519-as-ec", "An Ed25519 key under the kty EC is none.", "proof_jwk_invalid", "/jwk/kty", `"EC"`),
		proofHeader("ed25519-crv-lower-case", "Curves compare with regard to case.", "proof_jwk_invalid", "/jwk/crv", `"ed25519"`),
	})
	b.near("ed25519-alg-eddsa", "A jwk may carry EdDSA as its alg.", t, set("proof.header", "/jwk/alg", `"EdDSA"`), refs("RFC 8037, section 3.1", "profile, section 4"))
	b.reject("ed25519-alg-ed448", "A jwk of Ed25519 with the alg Ed448 is none.", t, "proof_jwk_invalid", set("proof.header", "/jwk/alg", `"Ed448"`))
	dpopJWKOffCurve(b)
}

// dpopJWKOffCurve: the token binds a key that is no point, so no twin with a proof is
// accepted; the twin goes without one where none is asked for.
func dpopJWKOffCurve(b *builder) {
	point := decode64(strings.Trim(jwkMember(okp(offCurve25519), "/x"), `"`))
	thumb := b64(digest(crypto.SHA256, []byte(`{"crv":"Ed25519","kty":"OKP","x":`+quote(b64(point))+`}`)))
	s := b.provenBy("agent-ed25519-a", "Ed25519").claiming("/cnf/jkt", quote(thumb)).under(es256Policy("draft-00", "", anyBearer))
	p := *s.proof
	p.header, _ = replace(p.header, "/jwk", ptr(okp(offCurve25519)))
	s.proof = &p
	compact := s.proof.compact(s.proofPayload())
	s.proof, s.scheme = nil, "Bearer"
	t := b.accept("ed25519-off-curve-bound", "A token that binds a point off the curve by thumbprint is accepted where no proof is asked for.", s)
	b.reject("ed25519-off-curve", "The proof's key is the bound one and no point on its curve.", t, "proof_jwk_off_curve",
		set("request", "/headers/-", `["dpop",`+quote(compact)+`]`), refs("RFC 8032, section 5.1.3", refDPoP), algorithms("ES256", "Ed25519"))
}

func jwkMember(jwk, pointer string) string {
	value, _ := lookup(jwk, pointer)
	return value
}

func dpopJWKRSA(b *builder) {
	s := b.provenBy("rsa-2048-b", "RS256").under(proofPolicy(`"algorithms":["RS256"]`))
	t := b.accept("rsa-2048", "A proof with an RSA key of 2048 bits is accepted where the policy lists RS256.", s, refs("RFC 7518, section 3.3", refDPoP))
	n := testKey("rsa-2048-b").bytes("n")
	rsa := func(slug, title, code, member, text string) row {
		return proofHeader(slug, title, code, "/jwk/"+member, text, refs("RFC 7518, section 6.3.1", "profile, section 4"), kills("rsa-weak-accepted"))
	}
	b.rejects(t, []row{
		rsa("rsa-1024", "The jwk is an RSA key of 1024 bits.", "proof_jwk_weak", "n", quote(b64(testKey("rsa-1024-a").bytes("n")))),
		rsa("rsa-exponent-1", "The RSA exponent is 1, under which every signature is its own message.", "proof_jwk_weak", "e", `"AQ"`),
		rsa("rsa-exponent-2", "The RSA exponent is 2.", "proof_jwk_weak", "e", `"Ag"`),
		rsa("rsa-exponent-even", "The RSA exponent is even.", "proof_jwk_weak", "e", `"AQAC"`),
		rsa("rsa-exponent-2-31-plus-1", "The RSA exponent is 2^31 + 1.", "proof_jwk_weak", "e", quote(b64([]byte{0x80, 0, 0, 1}))),
		rsa("rsa-modulus-zero-in-front", "The RSA modulus has a zero octet in front.", "proof_jwk_invalid", "n", quote(b64(append([]byte{0}, n...)))),
		rsa("rsa-exponent-zero-in-front", "The RSA exponent has a zero octet in front.", "proof_jwk_invalid", "e", quote(b64([]byte{0, 1, 0, 1}))),
		rsa("rsa-exponent-empty", "The RSA exponent is empty.", "proof_jwk_invalid", "e", `""`),
		rsa("rsa-modulus-padded", "The RSA modulus has padding.", "proof_jwk_invalid", "n", quote(padded(b64(n)))),
		rsa("rsa-exponent-number", "The RSA exponent is a number.", "proof_jwk_invalid", "e", `65537`),
	})
}

func dpopBinding(b *builder) {
	b.refs = []string{"RFC 9449, section 4.3", "RFC 9449, section 6.1", "RFC 7638, section 3"}
	t := b.accept("jkt", "A proof by the key whose thumbprint the token has is accepted.", b.proven())
	other := set("proof.header", "/jwk", testKey("agent-p256-b").jwk()).signed("agent-p256-b", "ES256")
	b.rejects(t, []row{
		{"other-key", "The proof is by another key than the token binds, and good but for that.", "proof_binding_mismatch", other, []option{kills("binding-ignored"), threats("T1", "T2")}},
		payload("other-jkt", "The token binds another key than the proof's.", "proof_binding_mismatch", "/cnf/jkt", quote(testKey("agent-p256-b").thumbprint()), kills("binding-ignored"), threats("T1", "T2")),
		payload("jkt-of-whole-jwk", "The token has the hash of the key's whole JWK with kid and use, which is no thumbprint.", "proof_binding_mismatch", "/cnf/jkt",
			quote(b64(digest(crypto.SHA256, []byte(testKey("agent-p256-a").entry("k", "ES256"))))), kills("binding-ignored")),
		payload("jkt-of-unsorted-members", "The token has the hash of the key's members in another order, which is no thumbprint.", "proof_binding_mismatch", "/cnf/jkt",
			quote(b64(digest(crypto.SHA256, []byte(testKey("agent-p256-a").jwk())))), kills("binding-ignored")),
	})
	k := testKey("agent-p256-a")
	b.nears(t, []accepted{
		{"jwk-with-other-members", "Members beside those of the thumbprint change no binding.", set("proof.header", "/jwk", strings.TrimSuffix(k.jwk(), "}")+`,"kid":"x","use":"sig"}`), nil},
		{"jwk-in-other-order", "The order of the jwk's members changes no binding.", set("proof.header", "/jwk",
			`{"y":`+quote(b64(k.bytes("y")))+`,"x":`+quote(b64(k.bytes("x")))+`,"kty":"EC","crv":"P-256"}`), nil},
	})
	byJWK := b.accept("cnf-jwk", "A proof by the key that the token holds as a JWK is accepted.", b.proven().claiming("/cnf", jwkOf("agent-p256-a")), refs("RFC 7800, section 3.2", refDPoP))
	b.reject("cnf-jwk-other", "The proof is by another key than the token's JWK.", byJWK, "proof_binding_mismatch",
		set("payload", "/cnf/jwk", testKey("agent-p256-b").jwk()), refs("RFC 7800, section 3.2", refDPoP), kills("binding-ignored"), threats("T1", "T2"))
	ed := b.accept("ed25519", "A proof by the Ed25519 key that the token binds is accepted.", b.provenBy("agent-ed25519-a", "Ed25519"), refs("RFC 8037, appendix A.3", refDPoP))
	b.reject("ed25519-other", "The proof is by another Ed25519 key.", ed, "proof_binding_mismatch",
		set("proof.header", "/jwk", testKey("agent-ed25519-b").jwk()).signed("agent-ed25519-b", "Ed25519"), kills("binding-ignored"), threats("T1", "T2"))
	b.reject("issuers-key", "The proof is by the authorization server's own key.", t, "proof_binding_mismatch",
		set("proof.header", "/jwk", testKey("p256-a").jwk()).signed("p256-a", "ES256"), kills("binding-ignored"))
}

func dpopSignature(b *builder) {
	b.refs = []string{"RFC 9449, section 4.3", "RFC 7515, section 5.2"}
	t := b.accept("es256", "A proof whose ES256 signature holds is accepted.", b.proven())
	bad := func(slug, title string, e edit) row {
		return row{slug, title, "proof_signature_invalid", e, []option{kills("proof-signature-skipped")}}
	}
	rewrite := func(change func(sig []byte) []byte) edit {
		return proof(part(2, func(p string) string { return b64(change(decode64(p))) }))
	}
	foreign := b64([]byte(`{"jti":"proof-2","htm":"GET","htu":"https://api.example/repos/acme/app","iat":` + num(now-2) + `,"ath":` +
		quote(b64(digest(crypto.SHA256, []byte(t.scene.compact())))) + `}`))
	b.rejects(t, []row{
		bad("first-bit", "One bit of the signature is flipped.", rewrite(func(s []byte) []byte { s[0] ^= 0x80; return s })),
		bad("last-bit", "The last bit of the signature is flipped.", rewrite(func(s []byte) []byte { s[len(s)-1] ^= 1; return s })),
		bad("zero", "The signature is all zero.", rewrite(func(s []byte) []byte { return make([]byte, len(s)) })),
		bad("short", "The signature lacks its last octet.", rewrite(func(s []byte) []byte { return s[:63] })),
		bad("long", "The signature has an octet too many.", rewrite(func(s []byte) []byte { return append(s, 0) })),
		bad("halves-swapped", "R and S have changed places.", rewrite(func(s []byte) []byte { return append(s[32:64:64], s[:32]...) })),
		bad("other-key", "The signature is by another key than the proof's jwk.", set("proof.payload", "/jti", `"proof-2"`).signed("agent-p256-b", "ES256")),
		bad("payload-exchanged", "The payload is another one, as good, that was not signed.", proof(part(1, to(foreign)))),
		bad("header-respaced", "The header has another white space than the one that was signed.", proof(part(0, func(p string) string {
			return b64([]byte(strings.Replace(string(decode64(p)), ",", ", ", 1)))
		}))),
		bad("der", "The signature is in DER, not R and S joined.", set("proof.payload", "/jti", `"proof-3"`).signedWith(func(k *key, input []byte) []byte {
			return k.ecdsaDER(digest(crypto.SHA256, input), crypto.SHA256)
		})),
		bad("payload-alone", "The signature covers the payload alone.", set("proof.payload", "/jti", `"proof-4"`).signedWith(func(k *key, input []byte) []byte {
			return k.sign("ES256", input[strings.IndexByte(string(input), '.')+1:])
		})),
		bad("sha-384", "The signature is over SHA-384.", set("proof.payload", "/jti", `"proof-5"`).signedWith(func(k *key, input []byte) []byte {
			return k.ecdsaDigest(digest(crypto.SHA384, input)[:32], crypto.SHA256)
		})),
	})
	ed := b.accept("ed25519", "A proof whose Ed25519 signature holds is accepted.", b.provenBy("agent-ed25519-a", "Ed25519"), refs("RFC 8037, section 3.1", refDPoP))
	b.rejects(ed, []row{
		bad("ed25519-bit", "One bit of the Ed25519 signature is flipped.", rewrite(func(s []byte) []byte { s[3] ^= 4; return s })),
		bad("ed25519-short", "The Ed25519 signature lacks its last octet.", rewrite(func(s []byte) []byte { return s[:63] })),
		bad("ed25519-other-key", "The Ed25519 signature is by another key.", set("proof.payload", "/jti", `"proof-2"`).signed("agent-ed25519-b", "Ed25519")),
		bad("ed25519-s-beyond-order", "The S of the Ed25519 signature has the order added: the same value in another form.", rewrite(addOrder)),
	})
}

// addOrder adds the order of the base point to S of an Ed25519 signature (RFC 8032,
// section 5.1.7 refuses that).
func addOrder(sig []byte) []byte {
	order := []byte{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10}
	carry := 0
	for i, o := range order {
		sum := int(sig[32+i]) + int(o) + carry
		sig[32+i], carry = byte(sum), sum>>8
	}
	return sig
}
