package main

import (
	"strconv"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// The parameters of a signature.

// parameter makes changes of one parameter; "" drops it.
func parameter(name, value string) func(m *messageSignature) {
	return func(m *messageSignature) {
		if value == "" {
			m.dropParam(name)
		} else {
			m.param(name, value)
		}
	}
}

func httpsigCreated(b *builder) {
	b.refs = []string{"RFC 9421, section 2.3", refHTTPSig}
	t := b.accept("fresh", "A signature of two seconds ago.", b.signed())
	at := func(n int64) func(m *messageSignature) { return parameter("created", strconv.FormatInt(n, 10)) }
	b.signatureAccepts(b.signed(), []signatureRow{
		{"oldest", "created is exactly now - max_age - skew.", "", at(now - 90), nil},
		{"newest", "created is exactly now + skew.", "", at(now + 30), nil},
	})
	invalid := func(slug, title, value string) signatureRow {
		return signatureRow{slug, title, "proof_created_invalid", parameter("created", value), []option{kills("httpsig-created-form-unchecked")}}
	}
	b.signatures(t, []signatureRow{
		{"missing", "There is no created.", "proof_created_missing", parameter("created", ""), []option{level("PROFILE"), kills("httpsig-created-optional")}},
		invalid("string", "created is a string.", quote(num(now))),
		invalid("decimal", "created is a decimal.", num(now)+".0"),
		invalid("date", "created is a date.", "@"+num(now)),
		{"boolean", "created has no value.", "proof_created_invalid", func(m *messageSignature) { m.param("created", "") }, []option{kills("httpsig-created-form-unchecked")}},
		invalid("negative", "created is negative.", "-1"),
		{"expired", "created is one second older than the window.", "proof_created_expired", at(now - 91), []option{kills("httpsig-created-unbounded"), threats("T2")}},
		{"old", "created is 0.", "proof_created_expired", at(0), []option{kills("httpsig-created-unbounded")}},
		{"future", "created is one second beyond the skew.", "proof_created_future", at(now + 31), []option{kills("httpsig-created-future-accepted")}},
	})
	b.reject("later", "A good signature has grown old.", t, "proof_created_expired", set("now", "", num(now+89)), kills("httpsig-created-unbounded"), threats("T2"))
}

func httpsigExpires(b *builder) {
	b.refs = []string{"RFC 9421, section 2.3", refHTTPSig}
	at := func(n int64) func(m *messageSignature) { return parameter("expires", strconv.FormatInt(n, 10)) }
	t := b.accept("ahead", "expires lies ahead.", b.signed().signing(at(now+10)))
	b.signatureAccepts(b.signed(), []signatureRow{
		{"within-skew", "expires has passed by less than the skew.", "", at(now - 29), []option{level("PROFILE"), kills("httpsig-expires-without-skew")}},
		{"far", "expires beyond the window changes nothing.", "", at(now + 100000), nil},
	})
	b.signatures(t, []signatureRow{
		{"passed", "expires has passed by the skew.", "proof_expires_passed", at(now - 30), []option{kills("httpsig-expires-ignored")}},
		{"zero", "expires is 0.", "proof_expires_passed", at(0), []option{kills("httpsig-expires-ignored")}},
		{"string", "expires is a string.", "proof_expires_invalid", parameter("expires", quote("soon")), []option{kills("httpsig-expires-ignored")}},
		{"negative", "expires is negative.", "proof_expires_invalid", parameter("expires", "-1"), []option{kills("httpsig-expires-ignored")}},
		{"decimal", "expires is a decimal.", "proof_expires_invalid", parameter("expires", num(now+10)+".5"), []option{kills("httpsig-expires-ignored")}},
	})
	b.reject("later", "A signature that is still within the window has expired.", t, "proof_expires_passed", set("now", "", num(now+40)), kills("httpsig-expires-ignored"))
}

func httpsigNonce(b *builder) {
	b.refs = []string{"RFC 9421, section 2.3", refHTTPSig}
	t := b.accept("short", "A nonce of some bytes.", b.signed())
	b.signatureAccepts(b.signed(), []signatureRow{
		{"longest", "A nonce of 256 bytes.", "", parameter("nonce", quote(strings.Repeat("n", 256))), nil},
		{"one-byte", "A nonce of one byte, which is a quotation mark.", "", parameter("nonce", `"\""`), []option{refs("RFC 9651, section 4.2.5", refHTTPSig)}},
	})
	invalid := func(slug, title, value string) signatureRow {
		return signatureRow{slug, title, "proof_replay_id_invalid", parameter("nonce", value), []option{level("PROFILE"), kills("httpsig-nonce-form-unchecked")}}
	}
	b.signatures(t, []signatureRow{
		{"missing", "There is no nonce.", "proof_replay_id_missing", parameter("nonce", ""), []option{level("PROFILE"), kills("httpsig-nonce-optional"), threats("T2")}},
		invalid("empty", "The nonce is empty.", `""`),
		invalid("too-long", "The nonce has 257 bytes.", quote(strings.Repeat("n", 257))),
		invalid("token", "The nonce is a token.", "abc"),
		invalid("bytes", "The nonce is a byte sequence.", ":AAAA:"),
		invalid("integer", "The nonce is an integer.", "1"),
	})
}

func httpsigKeyid(b *builder) {
	b.refs = []string{"RFC 9421, section 2.3", refHTTPSig}
	s := b.signed()
	t := b.accept("thumbprint", "keyid is the thumbprint of the bound key.", s)
	right := testKey("agent-ed25519-a").thumbprint()
	mismatch := func(slug, title, value string) signatureRow {
		return signatureRow{slug, title, "proof_keyid_mismatch", parameter("keyid", value), []option{level("PROFILE"), kills("httpsig-keyid-ignored")}}
	}
	b.signatures(t, []signatureRow{
		{"missing", "There is no keyid.", "proof_keyid_missing", parameter("keyid", ""), []option{level("PROFILE"), kills("httpsig-keyid-optional")}},
		mismatch("other", "keyid is the thumbprint of another key.", quote(testKey("agent-ed25519-b").thumbprint())),
		mismatch("case", "keyid differs by case.", quote(strings.ToUpper(right))),
		mismatch("padded", "keyid has padding.", quote(right+"=")),
		mismatch("prefix", "keyid is the beginning of the thumbprint.", quote(right[:42])),
		mismatch("empty", "keyid is empty.", `""`),
		mismatch("bytes", "keyid is the thumbprint as a byte sequence.", ":"+std64(b64Decoded(right))+":"),
	})
	b.resigned("other-key", "Signature and keyid are those of a key that the token does not bind.", t, "proof_keyid_mismatch", s.signing(func(m *messageSignature) {
		m.key = "agent-ed25519-b"
		m.param("keyid", quote(testKey(m.key).thumbprint()))
	}), threats("T1", "T2"))
	b.resigned("key-unavailable", "The token binds a thumbprint alone, and there is no bundle that has the key.", t, "proof_key_unavailable",
		s.claiming("/cnf", jkt("agent-ed25519-a")), level("PROFILE"))
	listed := lawfulHardened().withField("content-length", "0")
	listed.inline, listed.policy = provingBy(`"methods":["dpop","httpsig"]`, listed.policyText()), ""
	listed.proof, listed.scheme, listed.signature = nil, "Bearer", signatureOf("agent-p256-a", "ES256")
	k := b.accept("key-of-bundle", "The token binds a thumbprint alone, and the bundle in force has the key.", listed, level("PROFILE"),
		decides(vectors.Decision{Level: "ajwt+pop"}))
	b.reject("key-not-in-bundle", "The bundle in force does not have the key.", k, "proof_key_unavailable", set("bundle", "/agents/3/keys", "[]"), level("PROFILE"))
}

func httpsigAlg(b *builder) {
	b.refs = []string{"RFC 9421, section 3.3", refSelection, refHTTPSig}
	s := b.signed()
	t := b.accept("absent", "alg may be absent: the key says what the algorithm is.", s)
	named := b.accept("ed25519", "alg is the registered name of the key's algorithm.", s.signing(parameter("alg", quote("ed25519"))))
	es256 := b.signedBy("agent-p256-a", "ES256")
	b.accept("es256-absent", "A signature with ECDSA on P-256, R and S in 64 bytes.", es256)
	p := b.accept("es256", "The same with its name.", es256.signing(parameter("alg", quote("ecdsa-p256-sha256"))))
	es384 := b.signedBy("agent-p384-a", "ES384")
	q := b.accept("es384", "A signature with ECDSA on P-384.", es384.signing(parameter("alg", quote("ecdsa-p384-sha384"))))
	mismatch := func(slug, title, value string) signatureRow {
		return signatureRow{slug, title, "proof_signature_alg_mismatch", parameter("alg", value), []option{kills("httpsig-alg-ignored")}}
	}
	b.signatures(named, []signatureRow{
		mismatch("other", "alg is another algorithm.", quote("ecdsa-p256-sha256")),
		mismatch("hmac", "alg is an algorithm with a shared secret.", quote("hmac-sha256")),
		mismatch("jose", "alg is the name that JOSE has.", quote("Ed25519")),
		mismatch("token", "alg is a token.", "ed25519"),
		mismatch("unknown", "alg is unknown.", quote("none")),
		mismatch("empty", "alg is empty.", `""`),
	})
	b.signatures(p, []signatureRow{mismatch("p384-for-p256", "alg is the algorithm of a larger curve.", quote("ecdsa-p384-sha384"))})
	b.resigned("der", "R and S are joined in DER.", p, "proof_message_signature_invalid", p.scene.signing(func(m *messageSignature) { m.sign = derSigned }),
		refs("RFC 9421, section 3.3.4", refHTTPSig))
	b.reject("not-listed", "proof.algorithms lacks the key's algorithm.", q, "proof_key_not_allowed", set("policy", "/proof/algorithms", `["Ed25519","ES256"]`), kills("httpsig-alg-list-ignored"))
	b.reject("not-listed-ed25519", "proof.algorithms lacks Ed25519.", t, "proof_key_not_allowed", set("policy", "/proof/algorithms", `["ES256"]`), kills("httpsig-alg-list-ignored"))
	rsa := b.proven().claiming("/cnf", jwkOf("rsa-2048-b"))
	rsa.inline = provingBy(`"methods":["dpop","httpsig"],"algorithms":["RS256","ES256"]`, es256Policy("hardened", "", anyProof))
	pr := *rsa.proof
	pr.header, pr.key, pr.alg = `{"typ":"dpop+jwt","alg":"RS256","jwk":`+testKey("rsa-2048-b").jwk()+`}`, "rsa-2048-b", "RS256"
	rsa.proof = &pr
	r := b.accept("rsa-dpop", "An RSA key proves possession by DPoP where RS256 is listed.", rsa)
	signed := b.signedBy("rsa-2048-b", "RS256")
	signed.inline, signed.policy, signed.scheme = rsa.inline, "", "Bearer"
	b.resigned("rsa-signed", "The same key signs a message signature, for which the profile has no algorithm.", r, "proof_key_not_allowed", signed, level("PROFILE"))
}

func httpsigParams(b *builder) {
	b.refs = []string{"RFC 9421, section 2.3", "RFC 9421, section 2.5", refHTTPSig}
	s := b.signed()
	t := b.accept("usual", "The usual parameters.", s)
	b.signatureAccepts(s, []signatureRow{
		{"unknown", "Parameters that nobody knows are signed and ignored.", "", func(m *messageSignature) {
			m.params = append(m.params, []field{{"a", "1.5"}, {"b", ""}, {"c", "?0"}, {"d", ":AAA=:"}, {"e", "@1"}, {"f", "t*/k"}, {"g", `"\\\""`}, {"h", "-7"}, {"i", `%"%c3%a9 %25"`}}...)
		}, nil},
		{"order", "The order of the parameters is the signer's.", "", func(m *messageSignature) { m.params[0], m.params[3] = m.params[3], m.params[0] }, nil},
		{"canonical", "A decimal that is not written in its canonical form is signed in it.", "", func(m *messageSignature) {
			m.param("a", "1.500")
			m.signed = func(params string) string { return strings.Replace(params, "1.500", "1.5", 1) }
		}, []option{kills("httpsig-params-raw")}},
	})
	invalid := "proof_message_signature_invalid"
	signs := func(old, other string) func(m *messageSignature) {
		return func(m *messageSignature) {
			m.signed = func(params string) string {
				if !strings.Contains(params, old) {
					panic(old)
				}
				return strings.Replace(params, old, other, 1)
			}
		}
	}
	b.signatures(t, []signatureRow{
		{"nonce-changed", "Another nonce is signed.", invalid, signs(`"nonce-1"`, `"nonce-2"`), []option{kills("httpsig-signature-skipped"), threats("T2")}},
		{"created-changed", "Another created is signed.", invalid, signs(num(now-2), num(now-3)), []option{kills("httpsig-signature-skipped")}},
		{"tag-changed", "Another tag is signed.", invalid, signs(`"ajwt"`, `"other"`), []option{kills("httpsig-signature-skipped")}},
		{"parameter-unsigned", "A parameter is not signed.", invalid, signs(`;tag="ajwt"`, ""), []option{kills("httpsig-signature-skipped")}},
		{"list-changed", "Another list of components is signed as @signature-params.", invalid, signs(`"@method" `, ""), []option{kills("httpsig-signature-skipped")}},
		{"raw", "The parameters are signed with spaces that the canonical form does not have.", invalid, func(m *messageSignature) {
			spaced := func(text string) string { return strings.Replace(text, ";tag", "; tag", 1) }
			m.signed = spaced
			m.input = func(l, member string) string { return l + "=" + spaced(member) }
		}, []option{kills("httpsig-params-raw")}},
		{"label-signed", "The label is signed with the parameters.", invalid, signs("(", "sig=("), nil},
	})
}
