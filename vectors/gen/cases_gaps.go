package main

import (
	"bytes"
	"crypto/sha512"
	"encoding/hex"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// The cases that a seeded fault asked for: each survived all others. They are about what
// is not said in any rule because nobody would write it on purpose.

var gapTopics = []topic{
	{"request", "elsewhere", requestElsewhere},
	{"request", "values", requestValues},
	{"jws", "again", jwsAgain},
	{"jws", "points", jwsPoints},
	{"jws", "skipped-key", jwsSkippedKey},
	{"jwk", "line-ends", jwkLineEnds},
	{"claims", "again", claimsAgain},
	{"claims", "edges", claimsEdges},
	{"dpop", "prefix", dpopPrefix},
	{"replay", "clock", replayClock},
	{"route", "edges", routeEdges},
}

// requestElsewhere: a token counts in Authorization alone, and the request is what the
// host received and not what one of its fields says.
func requestElsewhere(b *builder) {
	b.refs = []string{"RFC 6750, section 2.2", "profile, section 13"}
	token := draft("ES256").claiming("/jti", b.name())
	form := token
	form.method, form.body = "POST", []byte("access_token="+form.compact())
	form.fields = []vectors.Header{{Name: "content-type", Value: []byte("application/x-www-form-urlencoded")}}
	t := b.accept("body-copy", "A copy of the token in the body means nothing.", form)
	b.reject("body-alone", "A token in the body alone is refused.", t, "input_authorization_missing", drop("request", "/headers/0"), status(401), kills("token-from-body"))
	cookie := token
	cookie.fields = []vectors.Header{{Name: "cookie", Value: []byte("a=b; access_token=" + token.compact())}}
	c := b.accept("cookie-copy", "A copy of the token in a cookie means nothing.", cookie, refs("RFC 6750, section 2", "profile, section 13"))
	b.reject("cookie-alone", "A token in a cookie alone is refused.", c, "input_authorization_missing", drop("request", "/headers/0"),
		refs("RFC 6750, section 2", "profile, section 13"), status(401), kills("token-from-cookie"))
	o := b.accept("options", "A request with the method OPTIONS and a token is accepted.", token.to("OPTIONS", token.target), refs("RFC 9110, section 9.3.7", "profile, section 13"))
	b.reject("options-without-token", "The method OPTIONS is no reason to go without a token.", o, "input_authorization_missing", drop("request", "/headers/0"),
		refs("RFC 9110, section 9.3.7", "profile, section 13"), status(401), kills("options-passes"))

	b.refs = []string{"RFC 9449, section 4.3", "profile, section 9"}
	for _, f := range []struct{ slug, field, value, what, member, code, to, fault string }{
		{"forwarded-host", "x-forwarded-host", "b.example", "host", "/htu", "proof_htu_mismatch", "https://b.example/repos/acme/app", "host-from-forwarded"},
		{"forwarded-proto", "x-forwarded-proto", "http", "scheme", "/htu", "proof_htu_mismatch", "http://api.example/repos/acme/app", "scheme-from-forwarded"},
		{"original-url", "x-original-url", "/repos/acme/other", "path", "/htu", "proof_htu_mismatch", "https://api.example/repos/acme/other", "target-from-original-url"},
		{"method-override", "x-http-method-override", "DELETE", "method", "/htm", "proof_htm_mismatch", "DELETE", "method-from-override"},
	} {
		s := b.proven()
		s.fields = []vectors.Header{{Name: f.field, Value: []byte(f.value)}}
		t := b.accept(f.slug, "The field "+f.field+" does not change the request's "+f.what+".", s, kills(f.fault))
		b.reject(f.slug+"-proof", "A proof for the "+f.what+" that "+f.field+" names is refused.", t, f.code, set("proof.payload", f.member, quote(f.to)), kills(f.fault), threats("T2"))
	}
}

// requestValues: elements of arrays are counted along with the members.
func requestValues(b *builder) {
	b.refs = []string{"profile, section 17"}
	long := func(text string, more int) string { // an array that fills up the text's values
		return "[" + strings.Repeat("0,", 8*256-mustParse(text).values()-2+more) + "0]"
	}
	s := draft("ES256").claiming("/jti", b.name())
	for _, part := range []struct{ layer, text, code string }{
		{"header", s.token.header, "jws_header_too_many_members"}, {"payload", s.token.payload, "jws_payload_too_many_members"},
	} {
		t := b.accept(part.layer, "A "+part.layer+" of 2,048 values, most of them in an array, is accepted.", s.with(set(part.layer, "/x", long(part.text, 0))), level("PROFILE"))
		b.reject(part.layer+"-exceeded", "A "+part.layer+" of 2,049 values is refused.", t, part.code, set(part.layer, "/x/-", "0"), level("PROFILE"), kills("json-values-unlimited"))
	}
}

// values counts the values of a text, the outer one included.
func (n *node) values() int {
	sum := 1
	for _, c := range n.children {
		sum += c.values()
	}
	return sum
}

// jwsAgain: that a token was verified says nothing of another one.
func jwsAgain(b *builder) {
	b.refs = []string{"RFC 7515, section 5.2", "profile, section 3"}
	t := b.accept("once", "A token is accepted.", b.bearer())
	b.repeated("twice", "The same token is accepted again.", t, []step{ok(now), ok(now + 1)})
	b.repeated("other-signature", "What was signed once is refused with another signature.", t,
		[]step{ok(now), no(now, "signature_invalid", token(part(2, flippedFirst)))}, kills("signature-cache-by-input"), threats("T9"))
	b.repeated("empty-signature", "What was signed once is refused without its signature.", t, []step{ok(now), no(now, "jws_signature_empty", token(part(2, to(""))))})
	b.repeated("same-jti", "A token with iss and jti of one that was accepted is refused if its signature does not hold.", t,
		[]step{ok(now), no(now, "signature_invalid", set("payload", "/scope", `"admin"`).signed("p256-b", "ES256"))}, kills("signature-cache-by-jti"), threats("T9"))
}

// jwsPoints: Ed25519 signatures in which the equation holds and something else does not.
// R is a point that needs no search: then S is the scalar of the key times the hash.
func jwsPoints(b *builder) {
	b.refs = []string{"RFC 8032, section 5.1.7", "RFC 8032, section 5.1.3", "profile, section 3"}
	t := b.twin("jws.algorithms.ed25519")
	with := func(point string) edit {
		return signature(t.scene, func(k *key, input, _ []byte) []byte { return scaled(k, point, input) })
	}
	for _, p := range []struct{ slug, what, point string }{
		{"r-prime-plus-1", "y of the prime plus 1, which stands for 1", "ee" + strings.Repeat("ff", 30) + "7f"},
		{"r-one-with-sign", "x of 0 and a sign", "01" + strings.Repeat("00", 30) + "80"},
	} {
		b.reject(p.slug, "Ed25519: a signature whose R has "+p.what+", is refused: a point has one encoding.", t, "signature_invalid", with(p.point),
			kills("skip-signature", "edwards-r-not-canonical"))
	}
	for _, p := range []struct{ slug, what, point string }{
		{"cofactor-2", "2", "ec" + strings.Repeat("ff", 30) + "7f"},
		{"cofactor-4", "4", strings.Repeat("00", 32)},
		{"cofactor-8", "8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"},
	} {
		b.reject(p.slug, "Ed25519: a signature that holds only up to a point of order "+p.what+" is refused.", t, "signature_invalid", with(p.point),
			level("PROFILE"), kills("skip-signature", "edwards-cofactored"))
	}
}

// scaled is the signature with R as given and S for an R that is the neutral point.
func scaled(k *key, point string, input []byte) []byte {
	r, err := hex.DecodeString(point)
	if err != nil {
		panic(err)
	}
	number := func(b []byte) *big.Int {
		b = bytes.Clone(b)
		slices.Reverse(b)
		return new(big.Int).SetBytes(b)
	}
	secret := sha512.Sum512(k.ed25519.Seed()) // RFC 8032, section 5.1.5
	secret[0] &= 248
	secret[31] = secret[31]&127 | 64
	hash := sha512.Sum512(slices.Concat(r, k.bytes("x"), input))
	s := number(hash[:])
	s.Mod(s.Mul(s, number(secret[:32])), order25519)
	out := s.FillBytes(make([]byte, 32))
	slices.Reverse(out)
	return append(r, out...)
}

// jwsSkippedKey: a kid that is there and cannot be used is not the reason to try others.
func jwsSkippedKey(b *builder) {
	b.refs = []string{"RFC 7515, section 4.1.4", "profile, section 4"}
	s := draft("ES256").claiming("/jti", b.name()).with(set("key", "/keys/0/use", `"enc"`))
	t := b.accept("other", "A token that names the one usable key of the set is accepted.", s)
	b.reject("named", "A token that names the key that was skipped is refused, though the other one made its signature.", t, "key_kid_unusable",
		set("header", "/kid", `"rs256-1"`), kills("kid-unusable-any-key"))
}

// jwkLineEnds: base64url has no line ends, which many decoders skip.
func jwkLineEnds(b *builder) {
	b.refs = []string{"RFC 7515, section 2", "RFC 4648, section 3.1", "profile, section 4"}
	t := b.twin("jws.compact.es256")
	x := b64(testKey("p256-a").bytes("x"))
	for _, v := range [][3]string{{"inside", "in the middle", x[:20] + "\n" + x[20:]}, {"at-end", "at its end", x + "\n"}, {"cr-lf", "as CR and LF in the middle", x[:20] + "\r\n" + x[20:]}} {
		b.reject("x-"+v[0], "A key whose x has a line end "+v[1]+" is not used.", t, unusable, set("key", "/keys/1/x", quote(v[2])), kills("jwk-base64-newlines"))
	}
	r := b.twin("jws.compact.three-parts")
	n := b64(testKey("rsa-2048-a").bytes("n"))
	b.reject("n-folded", "A key whose n is folded over lines of 64 characters is not used.", r, unusable,
		set("key", "/keys/0/n", quote(n[:64]+"\n"+n[64:128]+"\n"+n[128:])), kills("jwk-base64-newlines"))
}

// claimsAgain: a token that was accepted is judged anew for each request.
func claimsAgain(b *builder) {
	b.refs = []string{"RFC 7519, section 4.1.4", "profile, section 2"}
	t := b.accept("once", "A token is accepted.", b.bearer())
	b.repeated("until-over", "A token that was accepted is over at its end nevertheless.", t,
		[]step{ok(now), ok(now + 319), no(now+320, "claim_exp_expired")}, kills("claims-remembered"))
	routes := list(routeText("open", `{"path":"/repos/**"}`, `"proof":"optional"`), routeText("closed", `{"path":"/admin/**"}`, `"proof":"optional","scopes":["admin"]`),
		routeText("others", `{"path":"/plan/**"}`, `"proof":"optional","agents":["planner"]`))
	r := b.accept("open-route", "A token is accepted on a route that asks for no scope.", b.bearer().under(es256Policy("draft-00", "", routes)))
	elsewhere := func(target string) edit { return set("request", "/target", quote(target)) }
	b.repeated("other-route", "A token that one route accepted has not the scope that another one asks for.", r,
		[]step{ok(now), no(now, "workflow_scope_insufficient", elsewhere("/admin/x"))}, refs("RFC 6750, section 3.1", refRoutes), kills("claims-remembered"))
	b.repeated("other-agents", "A token that one route accepted is not of an agent that another one names.", r,
		[]step{ok(now), no(now, "workflow_agent_not_allowed", elsewhere("/plan/x"))}, refs(refRoutes), kills("claims-remembered"))
}

func claimsEdges(b *builder) {
	b.refs = []string{"RFC 7519, section 2", refClaims}
	t := b.accept("seconds", "Times in seconds are accepted.", b.bearer().claiming("/nbf", num(now-10)))
	b.reject("exp-milliseconds", "An exp in milliseconds is a time in the far future: the token would live too long.", t, "claim_lifetime_exceeded",
		set("payload", "/exp", num(1000*(now+290))), level("PROFILE"), kills("time-in-milliseconds", "lifetime-unbounded"))
	b.reject("iat-milliseconds", "An iat in milliseconds is in the future.", t, "claim_iat_future", set("payload", "/iat", num(1000*(now-10))), kills("time-in-milliseconds"))
	b.reject("nbf-milliseconds", "An nbf in milliseconds is in the future.", t, "claim_nbf_future", set("payload", "/nbf", num(1000*(now-10))), kills("time-in-milliseconds"))

	b.refs = []string{"RFC 7519, section 4.1.3", "RFC 8725, section 3.9"}
	other := b.bearer()
	other.authority = "b.example"
	h := b.accept("other-host", "Our audience counts at whatever host the request came to.", other)
	b.reject("aud-of-host", "An audience is not ours because the request came to the host that it names.", h, "claim_aud_mismatch", set("payload", "/aud", `"https://b.example"`),
		kills("skip-aud", "aud-from-host"))

	b.refs = []string{"RFC 9449, section 6.1", refClaims}
	bound := b.accept("jkt", "A jkt without line ends is accepted.", b.bound())
	thumb := testKey("agent-p256-a").thumbprint()
	for _, v := range [][3]string{{"inside", "in the middle", thumb[:20] + "\n" + thumb[20:]}, {"at-end", "at its end", thumb + "\n"}} {
		b.reject("jkt-line-end-"+v[0], "A jkt with a line end "+v[1]+" is refused.", bound, "claim_cnf_jkt_invalid", set("payload", "/cnf/jkt", quote(v[2])),
			kills("cnf-jkt-newlines"))
	}
}

func dpopPrefix(b *builder) {
	b.refs = []string{"RFC 9449, section 4.3", refDPoP}
	s := b.proven()
	ath := s.withHash("{ath}")
	t := b.accept("whole", "The whole hash of the token is its ath.", s)
	for _, n := range []int{42, 22, 1} {
		b.reject("ath-"+strconv.Itoa(n), "The ath is the first "+strconv.Itoa(n)+" characters of the right one.", t, "proof_ath_mismatch",
			set("proof.payload", "/ath", quote(ath[:n])), kills("ath-ignored", "ath-prefix-accepted"))
	}
}

// replayClock: requests are not always recorded in the order of their clocks.
func replayClock(b *builder) {
	b.refs = []string{"RFC 9449, section 11.1", refReplay}
	t := b.accept("once", "A proof is accepted once.", b.proven())
	later := []edit{proofJTI("later"), proofIat(now + 89)}
	b.repeated("behind", "A proof that has left the memory by the clock of another request is still used by a clock behind it.", t,
		[]step{ok(now), ok(now+89, later...), no(now+10, "replay_proof_reused")}, level("PROFILE"), kills("replay-clock-back-forgets", "replay-cache-off"), threats("T2"))
	b.repeated("behind-unknown", "A proof that would have left the memory may have been in it.", t,
		[]step{ok(now), ok(now+89, later...), no(now+10, "replay_proof_reused", proofJTI("another"))}, level("PROFILE"), kills("replay-clock-back-forgets"))
	b.repeated("behind-fresh", "A clock behind that of another request is no fault of a proof that is still kept.", t,
		[]step{ok(now), ok(now+89, later...), ok(now+10, proofJTI("fresh"), proofIat(now+10))}, level("PROFILE"))
}

func routeEdges(b *builder) {
	b.refs = []string{refRoutes}
	read := b.routed(routeText("read", `{"methods":["GET"],"path":"/repos/**"}`, `"proof":"optional"`), routeText("write", `{"path":"/repos/**"}`, `"scopes":["admin"],"proof":"optional"`))
	g := b.accept("get", "A route for GET takes a GET.", read, takes("read"))
	b.reject("head", "A route for GET does not take a HEAD.", g, "workflow_scope_insufficient", set("request", "/method", `"HEAD"`), takes("write"),
		kills("route-head-is-get", "route-method-ignored"))

	b.refs = []string{"RFC 6749, section 3.3", refRoutes}
	scoped := b.routed(routeText("r", `{"path":"/**"}`, `"proof":"optional","scopes":["repo:read"]`))
	s := b.accept("scope", "A token with the route's scope beside one with a star is accepted.", scoped.claiming("/scope", `"repo:* repo:read"`))
	for _, v := range [][2]string{{"scope-star", "*"}, {"scope-star-behind", "repo:*"}} {
		b.reject(v[0], "A star in a token's scope stands for nothing but itself: "+v[1]+".", s, "workflow_scope_insufficient", set("payload", "/scope", quote(v[1])),
			kills("scope-unchecked", "scope-wildcard"))
	}

	b.refs = []string{refRoutes}
	bound := b.routed(`{"id":"r","match":{"path":"/repos/{owner}/{repo}"},"require":{"level":"jwt","proof":"optional"},"bind":{"repository":"{owner}/{repo}"}}`)
	d := b.accept("escaped-percent", "An escaped percent sign in the path is a percent sign.",
		bound.claiming("/intent", `{"execution_context":{"repository":"%61cme/app"}}`).to("GET", "/repos/%2561cme/app"))
	b.reject("escaped-twice", "Escapes of the path are decoded once.", d, "workflow_context_mismatch", set("payload", "/intent/execution_context/repository", `"acme/app"`),
		kills("bind-ignored", "bind-decoded-twice"), threats("T5"))
}
