package main

import (
	"crypto"
	"strings"
)

const hashSHA256 = crypto.SHA256

// rsaRoot is hops in which the supervisor signs with an RSA key, which proof.algorithms
// and the bundle list.
func (b *builder) rsaRoot() scene {
	k := testKey("rsa-2048-b")
	return b.hops().with(set("policy", "/proof", `{"algorithms":["Ed25519","ES256","RS256"]}`), set("bundle", supervisorAt+"/keys", "["+k.jwk()+"]"),
		set("link", "/0/header", `{"alg":"RS256","typ":"ajwt-delegation+jwt","jwk":`+k.jwk()+`}`).signed(k.name, "RS256"))
}

// delegationJWK: the key in a link's header is public, usable, and fits alg.
func delegationJWK(b *builder) {
	b.refs = []string{refLinks, refDelegation, "profile, section 4"}
	const code = "delegation_link_jwk_invalid"
	t := b.accept("public", "Links with public keys are accepted.", b.hops())
	k := kills("link-jwk-unchecked")
	b.reject("missing", "A link without jwk is refused.", t, code, drop("link", "/0/header/jwk"), k, status(403))
	b.reject("missing-last", "So is a last link without jwk, though the link before names its key.", t, code, drop("link", "/1/header/jwk"), k)
	for _, j := range badJWKs() {
		b.reject(j.slug, "The jwk of a link is "+j.what+".", t, code, set("link", "/0/header/jwk", j.jwk), k)
	}
	for _, name := range privateMembers {
		b.reject("private-"+name, "The jwk of a link has the private member "+name+".", t, code, set("link", "/0/header/jwk/"+name, `"AQAB"`), k)
	}
	x, y := testKey("supervisor-p256-a"), testKey("planner-ed25519-a")
	other := testKey("agent-p256-b")
	b.rejects(t, []row{
		linkHeader(0, "private-whole", "The jwk of a link is the supervisor's whole key pair.", code, "/jwk", x.jwkPrivate(), k, threats("T12")),
		linkHeader(1, "private-edwards", "The jwk of the last link is the planner's whole key pair.", code, "/jwk", y.jwkPrivate(), k, threats("T12")),
		linkHeader(0, "symmetric", "The jwk of a link is a symmetric key.", code, "/jwk", `{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T"}`, k),
		linkHeader(0, "own-y-off-curve", "The jwk of a link is the listed key with another y, beside the curve.", code, "/jwk/y", quote(b64(flip(x.bytes("y"), 31))), k, threats("T11")),
		linkHeader(0, "x-of-another-key", "The jwk of a link has the x of another key, beside the curve.", code, "/jwk/x", quote(b64(other.bytes("x"))), k),
		linkHeader(0, "alg-edwards-key-ec", "An alg of Ed25519 does not fit a key on P-256.", code, "/alg", `"Ed25519"`, k),
		linkHeader(1, "alg-ec-key-edwards", "An alg of ES256 does not fit an Ed25519 key.", code, "/alg", `"ES256"`, k),
		linkHeader(0, "alias-key-ec", "The alias EdDSA does not fit a key on P-256.", code, "/alg", `"EdDSA"`, k),
		linkHeader(0, "own-alg-other", "A jwk whose own alg is another one does not fit.", code, "/jwk/alg", `"ES384"`, k),
		linkHeader(1, "own-alg-ec", "An Ed25519 key whose own alg is ES256 is malformed.", code, "/jwk/alg", `"ES256"`, k),
		linkHeader(1, "edwards-short", "An Ed25519 key of 31 bytes is refused.", code, "/jwk/x", quote(b64(y.bytes("x")[:31])), k),
	})
	for _, p := range smallOrder[:4] {
		b.reject("edwards-"+p.slug, "The jwk of a link is an Ed25519 point "+p.what+".", t, code, set("link", "/1/header/jwk", okp(p.point)), k, kills("edwards-small-order-accepted"), threats("T11"))
	}
	for _, p := range notCanonical[:2] {
		b.reject("edwards-"+p.slug, "The jwk of a link is an Ed25519 key in which "+p.what+".", t, code, set("link", "/1/header/jwk", okp(p.point)), k)
	}
	b.reject("edwards-off-curve", "The jwk of a link is an Ed25519 key that is no point of the curve.", t, code, set("link", "/1/header/jwk", okp(offCurve25519)), k)
	b.nears(t, []accepted{
		{"names", "use, key_ops, kid and alg in the jwk are accepted where they fit.", set("link", "/0/header/jwk", strings.TrimSuffix(x.jwk(), "}")+`,"use":"sig","key_ops":["verify"],"kid":"k","alg":"ES256"}`), nil},
		{"own-alg-alias", "An Ed25519 key may carry EdDSA as its alg.", set("link", "/1/header/jwk/alg", `"EdDSA"`), nil},
		{"unknown-member", "An unknown member in the jwk is ignored.", set("link", "/0/header/jwk/comment", `"x"`), nil},
	})
	rsa := b.accept("rsa", "A root signed with RS256 is accepted where it is listed.", b.rsaRoot())
	b.reject("rsa-1024", "An RSA key of 1,024 bits is too weak.", rsa, code,
		set("link", "/0/header", `{"alg":"RS256","typ":"ajwt-delegation+jwt","jwk":`+testKey("rsa-1024-a").jwk()+`}`).signed("rsa-1024-a", "RS256"), k)
	b.reject("rsa-exponent-1", "An RSA key with the exponent 1 is refused.", rsa, code, set("link", "/0/header/jwk/e", `"AQ"`), k, threats("T11"))
	b.reject("rsa-signature", "A root whose RS256 signature is altered is refused.", rsa, "delegation_link_signature_invalid", link(0, part(2, flippedLast)), kills("link-signature-unverified"))
}
