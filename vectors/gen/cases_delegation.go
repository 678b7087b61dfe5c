package main

import (
	"fmt"
	"strings"
)

// The cases about delegation: which chains a token may name, and the links with which
// every hop signed for itself (profile, section 16.3; verify-order, stage delegation).

var delegationTopics = []topic{
	{"delegation", "linked", delegationLinked},
	{"delegation", "presence", delegationPresence},
	{"delegation", "observed", delegationObserved},
	{"delegation", "compact", delegationCompact},
	{"delegation", "header", delegationHeader},
	{"delegation", "typ", delegationTyp},
	{"delegation", "alg", delegationAlg},
	{"delegation", "jwk", delegationJWK},
	{"delegation", "payload", delegationPayload},
	{"delegation", "missing", delegationMissing},
	{"delegation", "form", delegationForm},
	{"delegation", "values", delegationValues},
	{"delegation", "order", delegationOrder},
	{"delegation", "signer", delegationSigner},
	{"delegation", "signature", delegationSignature},
	{"delegation", "bounds", delegationBounds},
	{"delegation", "scope", delegationScope},
	{"delegation", "time", delegationTime},
	{"delegation", "depth", delegationDepth},
	{"delegation", "last", delegationLast},
	{"delegation", "revoked", delegationRevoked},
	{"delegation", "chain", delegationChain},
	{"delegation", "paper", delegationPaper},
	{"delegation", "collision", delegationCollision},
}

const (
	refLinks      = "profile, section 16.3"
	refDelegation = "verify-order, delegation"
)

// The places of the world's agents in its bundles.
const (
	supervisorAt = "/agents/0"
	plannerAt    = "/agents/1"
)

// hops is linked for one topic: a token with a jti of its own, so that no input stands in
// two areas.
func (b *builder) hops() scene { return linked().claiming("/jti", b.name()) }

// hopsDraft is a bearer token of draft-00 with short hashes that binds the patcher's key
// and has links. The bundle lists the keys of supervisor and planner alone, and no shims.
func (b *builder) hopsDraft() scene {
	s := lawful().claiming("/jti", b.name(), "/cnf", jkt("agent-p256-a"), linksAt, `"{links}"`)
	s.links = []jws{linkFor(patch, 0), linkFor(patch, 1)}
	listed := func(agent string) string {
		return agentText(agent, `,"keys":[`+testKey(agentKeys[agent]).jwk()+`]`)
	}
	d := signedBundle(bundlePayload(7, []string{listed("supervisor"), listed("planner"), agentText("classifier", ""), agentText("patcher", "")}, []string{patching(), triage()}))
	s.changedBundle = &d
	return s
}

// linkHeader is a row with another value in the header of link i; pointer "" replaces the
// whole header.
func linkHeader(i int, slug, title, code, pointer, text string, opts ...option) row {
	return row{slug, title, code, set("link", fmt.Sprintf("/%d/header%s", i, pointer), text), opts}
}

// linkClaim is a row with another value in the payload of link i.
func linkClaim(i int, slug, title, code, pointer, text string, opts ...option) row {
	return row{slug, title, code, set("link", fmt.Sprintf("/%d/payload%s", i, pointer), text), opts}
}

// otherLinks puts other links into the token in place of the twin's, which are not signed
// again.
func otherLinks(texts ...string) edit { return set("payload", linksAt, quoteAll(texts)) }

// delegationCompact: the compact form of a link.
func delegationCompact(b *builder) {
	b.refs = []string{refLinks, refDelegation, "RFC 7515, section 5.2"}
	const code = "delegation_link_compact_invalid"
	t := b.accept("three-parts", "Links of three parts are accepted.", b.hops())
	k := kills("link-header-unchecked")
	form := func(i int, slug, title string, rewrite func(string) string, more ...option) {
		b.reject(slug, title, t, code, link(i, rewrite), append(more, k)...)
	}
	cut := func(compact string) string { return compact[:strings.LastIndexByte(compact, '.')] }
	form(0, "two-parts", "A link of two parts is refused.", cut, status(403))
	form(1, "two-parts-last", "The last link has three parts too.", cut)
	form(0, "one-part", "A link of one part is refused.", func(c string) string { return strings.ReplaceAll(c, ".", "") })
	form(0, "four-parts", "A link of four parts is refused.", func(c string) string { return c + ".AA" })
	form(0, "five-parts", "A link of five parts, like a JWE, is refused.", func(c string) string { return c + ".AA.AA" })
	form(0, "trailing-dot", "A link with a dot at its end is refused.", func(c string) string { return c + "." })
	form(0, "header-empty", "A link with an empty header is refused.", part(0, to("")))
	form(0, "payload-empty", "A link with an empty payload is refused.", part(1, to("")))
	form(0, "signature-empty", "A link with an empty signature is refused.", part(2, to("")), level("PROFILE"), threats("T11"))
	form(1, "signature-empty-last", "So is a last link with an empty signature.", part(2, to("")), level("PROFILE"), threats("T11"))
	form(0, "signature-padded", "A link with padding is refused.", part(2, padded))
	form(0, "signature-slack", "A link whose signature has a spare bit set is refused.", part(2, slack))
	form(0, "signature-standard", "A link in the alphabet of base64 is refused.", part(2, standard))
	form(0, "payload-line-end", "A link with a line end inside is refused.", part(1, insert("\n")))
	form(0, "payload-space", "A link with a space inside is refused.", part(1, insert(" ")))
	form(0, "header-foreign", "A link with a character outside base64url is refused.", part(0, insert("!")))
	form(0, "header-rest-1", "A link whose header has a length that no bytes encode to is refused.", part(0, cutToRest1))
	form(1, "space-before", "A link with a space before it is refused.", func(c string) string { return " " + c })
	form(1, "line-end-behind", "A link with a line end behind it is refused.", func(c string) string { return c + "\n" })
	form(0, "flattened", "A link in the JSON serialisation is refused.", func(c string) string {
		p := strings.Split(c, ".")
		return `{"protected":"` + p[0] + `","payload":"` + p[1] + `","signature":"` + p[2] + `"}`
	})
	form(1, "word", "A link that is some word is refused.", to("link"))
}

// delegationHeader: the header is one strict JSON object; crit, b64 and zip have no
// business in it.
func delegationHeader(b *builder) {
	b.refs = []string{refLinks, refDelegation, "RFC 7515, section 4"}
	const code = "delegation_link_header_invalid"
	t := b.accept("three-members", "A header of alg, typ and jwk is accepted.", b.hops())
	k := kills("link-header-unchecked")
	first := linkFor(patch, 0).header
	b.rejects(t, []row{
		linkHeader(0, "array", "A header that is an array is refused.", code, "", "["+first+"]", k),
		linkHeader(0, "string", "A header that is a string is refused.", code, "", `"ES256"`, k),
		linkHeader(0, "null", "A header that is null is refused.", code, "", "null", k),
		linkHeader(0, "truncated", "A header that ends early is refused.", code, "", first[:len(first)-1], k),
		linkHeader(1, "truncated-last", "So is one of the last link.", code, "", `{"alg":"Ed25519"`, k),
		linkHeader(0, "trailing", "A header with bytes behind it is refused.", code, "", first+"{}", k),
		linkHeader(0, "byte-order-mark", "A header with a byte order mark is refused.", code, "", "\ufeff"+first, k),
		linkHeader(0, "not-utf-8", "A header that is not UTF-8 is refused.", code, "", strings.Replace(first, "ES256", "ES\xff256", 1), k),
		linkHeader(0, "single-quotes", "A header in single quotes is refused.", code, "", strings.ReplaceAll(first, `"`, "'"), k),
		{"alg-twice", "A header in which alg stands twice is refused.", code, appendText("link", "/0/header", `"alg":"ES256"`), []option{k}},
		{"jwk-twice", "A header in which jwk stands twice is refused.", code, appendText("link", "/0/header", `"jwk":`+testKey("agent-p256-b").jwk()), []option{k, threats("T11")}},
		{"typ-twice-escaped", "A member that stands twice is refused however its name is written.", code, appendText("link", "/0/header", `"\u0074yp":"ajwt-delegation+jwt"`), []option{k}},
		{"inside-twice", "A member inside the jwk that stands twice is refused.", code, appendText("link", "/0/header/jwk", `"kty":"EC"`), []option{k}},
		linkHeader(0, "deep-17", "A header of 17 levels is refused.", code, "/x", nested(16), k, refs("profile, section 17")),
	})
	b.nears(t, []accepted{
		{"deep-16", "A header of 16 levels is accepted.", set("link", "/0/header/x", nested(15)), []option{refs("profile, section 17")}},
		{"kid", "A kid in the header is ignored.", set("link", "/0/header/kid", `"anything"`), nil},
		{"unknown", "An unknown member of the header is ignored.", set("link", "/1/header/x", `{"y":[1]}`), nil},
		{"other-case", "CRIT and Zip are unknown members.", appendText("link", "/0/header", `"CRIT":["x"],"Zip":"DEF"`), nil},
		{"member-order", "The members may stand in any order.", set("link", "/1/header", `{"jwk":`+testKey("planner-ed25519-a").jwk()+`,"typ":"ajwt-delegation+jwt","alg":"Ed25519"}`), nil},
	})
	b.refs = []string{refDelegation, "profile, section 3"}
	forbidden := func(i int, slug, title, name, text string) row {
		return linkHeader(i, slug, title, "delegation_link_header_forbidden", "/"+name, text, kills("link-header-forbidden-taken"))
	}
	b.rejects(t, []row{
		forbidden(0, "crit", "A link with crit is refused.", "crit", `["exp"]`),
		forbidden(1, "crit-last", "So is the last one.", "crit", `["exp"]`),
		forbidden(0, "crit-empty", "An empty crit is refused.", "crit", `[]`),
		forbidden(0, "crit-null", "A crit of null is refused.", "crit", `null`),
		forbidden(0, "b64-false", "A link with b64 of false is refused.", "b64", `false`),
		forbidden(0, "b64-true", "A b64 with its default is refused.", "b64", `true`),
		forbidden(0, "zip", "A link with zip is refused.", "zip", `"DEF"`),
		forbidden(1, "zip-null", "A zip of null is refused.", "zip", `null`),
	})
}

// delegationTyp: nothing else that somebody signed passes as a link.
func delegationTyp(b *builder) {
	b.refs = []string{refLinks, refDelegation, "RFC 8725, section 3.12"}
	b.requirements = []string{"RFC8725-3.12-01"}
	const code = "delegation_link_typ_invalid"
	t := b.accept("exact", "Links of their own typ are accepted.", b.hops())
	k, th := kills("link-typ-ignored"), threats("T11")
	typ := func(slug, title, text string) row { return linkHeader(0, slug, title, code, "/typ", text, k) }
	b.rejects(t, []row{
		{"missing", "A link without typ is refused.", code, drop("link", "/0/header/typ"), []option{k, status(403)}},
		{"missing-last", "So is a last link without typ.", code, drop("link", "/1/header/typ"), []option{k}},
		typ("null", "A typ of null is refused.", "null"),
		typ("number", "A typ that is a number is refused.", "1"),
		typ("array", "A typ that is an array is refused.", `["ajwt-delegation+jwt"]`),
		typ("empty", "An empty typ is refused.", `""`),
		typ("jwt", "The typ of tokens is refused.", `"JWT"`),
		typ("at-jwt", "The typ of access tokens is refused.", `"at+jwt"`),
		typ("dpop", "The typ of proofs is refused.", `"dpop+jwt"`),
		typ("bundle", "The typ of bundles is refused.", `"ajwt-bundle+jwt"`),
		typ("revocations", "The typ of revocation lists is refused.", `"ajwt-revocations+jwt"`),
		typ("without-suffix", "ajwt-delegation is another type.", `"ajwt-delegation"`),
		typ("longer", "ajwt-delegation+jwts is another type.", `"ajwt-delegation+jwts"`),
		typ("other-tree", "text/ajwt-delegation+jwt is another type.", `"text/ajwt-delegation+jwt"`),
		typ("parameter", "A typ with a parameter is refused.", `"ajwt-delegation+jwt;v=1"`),
		typ("space", "A typ with a space behind it is refused.", `"ajwt-delegation+jwt "`),
	})
	whole := func(slug, title, text string) row {
		return row{slug, title, code, set("payload", linksAt+"/0", quote(text)), []option{k, th}}
	}
	token, list := lawful(), signedList(listPayload(5, nil, nil, nil, nil))
	proven := lawfulHardened()
	short := signedBundle(bundlePayload(7, nil, nil))
	b.rejects(t, []row{
		whole("a-token", "A token of the authorization server is no link.", token.compact()),
		whole("a-proof", "A proof is no link, though an agent signed it.", proven.proof.compact(proven.proofPayload())),
		whole("a-bundle", "A bundle is no link.", short.compact(short.payload)),
		whole("a-list", "A revocation list is no link.", list.compact(list.payload)),
	})
	b.nears(t, []accepted{
		{"upper-case", "A typ counts without regard to case.", set("link", "/0/header/typ", `"AJWT-Delegation+JWT"`), nil},
		{"application", "application/ before the typ changes nothing.", set("link", "/1/header/typ", `"application/ajwt-delegation+jwt"`), nil},
	})
}

// delegationAlg: the algorithms of proof.algorithms sign links, by the full names.
func delegationAlg(b *builder) {
	b.refs = []string{refLinks, refDelegation, "RFC 8725, section 3.1"}
	b.requirements = []string{"RFC8725-3.1-01"}
	const code = "delegation_link_alg_not_allowed"
	t := b.accept("listed", "Links signed with ES256 and Ed25519 are accepted by default.", b.hops())
	k := kills("link-alg-any")
	alg := func(i int, slug, title, text string, more ...option) row {
		return linkHeader(i, slug, title, code, "/alg", text, append(more, k)...)
	}
	b.rejects(t, []row{
		alg(0, "none", "alg none is refused.", `"none"`, threats("T11"), status(403)),
		alg(1, "none-last", "And in the last link.", `"none"`, threats("T11")),
		alg(0, "none-mixed-case", "So is None.", `"NoNe"`),
		{"hs256", "HS256 with the public key as the secret is refused.", code,
			set("link", "/0/header/alg", `"HS256"`).signedWith(func(k *key, input []byte) []byte { return hs(hashSHA256, []byte(k.jwk()), input) }), []option{k, threats("T11")}},
		alg(0, "hs512", "HS512 is refused.", `"HS512"`),
		alg(0, "rs256", "RS256 is refused where it is not listed.", `"RS256"`),
		alg(0, "es384", "ES384 is refused where it is not listed.", `"ES384"`),
		alg(1, "ed448", "Ed448 is refused where it is not listed.", `"Ed448"`),
		alg(0, "es512", "ES512 is unknown.", `"ES512"`),
		alg(0, "lower-case", "Names of algorithms count byte for byte.", `"es256"`),
		alg(1, "edwards-lower-case", "ed25519 is another name.", `"ed25519"`),
		alg(0, "space", "A name with a space behind it is another one.", `"ES256 "`),
		alg(0, "empty", "An empty alg is refused.", `""`),
		alg(0, "null", "An alg of null is refused.", "null"),
		alg(0, "number", "An alg that is a number is refused.", "256"),
		alg(0, "array", "An alg that is an array is refused.", `["ES256"]`),
		{"missing", "A link without alg is refused.", code, drop("link", "/0/header/alg"), []option{k}},
		{"missing-last", "So is a last link without alg.", code, drop("link", "/1/header/alg"), []option{k}},
		{"list-narrowed", "Where proof.algorithms lists ES256 alone, a link signed with Ed25519 is refused.", code, set("policy", "/proof", `{"algorithms":["ES256"]}`), []option{k}},
	})
	b.near("eddsa", "EdDSA is the alias of the Edwards algorithm that fits the key.", t, set("link", "/1/header/alg", `"EdDSA"`), refs(refDelegation, "RFC 9864, section 2.2"))
	b.reject("eddsa-narrowed", "The alias too is refused where no Edwards algorithm is listed.", b.accept("eddsa-listed", "The alias is accepted where Ed25519 is listed by name.", t.scene.with(set("link", "/1/header/alg", `"EdDSA"`), set("policy", "/proof", `{"algorithms":["Ed25519","ES256"]}`))),
		code, set("policy", "/proof/algorithms", `["ES256"]`), k)
}
