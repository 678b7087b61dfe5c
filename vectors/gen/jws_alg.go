package main

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
)

// hmacWith signs with HMAC, keyed with something that everyone knows about the RSA key.
func hmacWith(hash crypto.Hash, secret func(k *key) []byte) func(*key, []byte) []byte {
	return func(k *key, input []byte) []byte { return hs(hash, secret(k), input) }
}

func spki(k *key) []byte {
	der, err := x509.MarshalPKIXPublicKey(&k.rsa.PublicKey)
	if err != nil {
		panic(err)
	}
	return der
}

func publicPEM(k *key) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki(k)})
}

func setAlg(text string) edit { return set("header", "/alg", text) }

func algRow(slug, title, code, text string, opts ...option) row {
	return row{slug, title, code, setAlg(text), opts}
}

var algForbidden = []option{refs("RFC 8725, section 3.1", "RFC 8725, section 3.2"), kills("alg-forbidden-skipped"), requirements("RFC8725-3.2-01")}

func forbiddenAlg(opts ...option) []option { return append(opts, algForbidden...) }

// algRows: the header's alg, for a twin that is signed with RS256.
func algRows() []row {
	rows := []row{
		{"missing", "A header without alg is refused.", "jws_alg_missing", drop("header", "/alg"), []option{kills("alg-optional"), requirements("RFC7515-4.1.1-01")}},
		algRow("null", "An alg of null is refused.", "jws_alg_invalid", "null"),
		algRow("number", "An alg that is a number is refused.", "jws_alg_invalid", "256"),
		algRow("array", "An alg that is an array is refused, also with one admitted name in it.", "jws_alg_invalid", `["RS256"]`),
		algRow("object", "An alg that is an object is refused.", "jws_alg_invalid", `{"name":"RS256"}`),
		algRow("true", "An alg of true is refused.", "jws_alg_invalid", "true"),
		algRow("empty", "An empty alg is refused.", "jws_alg_invalid", `""`),
		{"misspelt-name", "A header with Alg instead of alg has no alg.", "jws_alg_missing",
			whole("header", `{"Alg":"RS256","typ":"JWT","kid":"rs256-1"}`), []option{kills("members-case-insensitive")}},
	}
	for _, name := range []string{"none", "None", "NONE", "nOnE"} {
		rows = append(rows, algRow("none-"+caseSlug(name), "The algorithm "+name+" is refused, also above a good signature.", "jws_alg_forbidden", quote(name),
			forbiddenAlg(kills("alg-none"))...))
	}
	rows = append(rows, algRow("none-escaped", "The algorithm none, written with an escape, is refused.", "jws_alg_forbidden", `"\u006eone"`, algForbidden...),
		row{"none-without-signature", "An unsecured token (alg none, empty signature) is refused, for its empty signature.", "jws_signature_empty",
			withParts(func(p []string) []string { return []string{b64([]byte(`{"alg":"none"}`)), p[1], ""} }),
			[]option{refs("RFC 7518, section 3.6", "RFC 8725, section 3.2"), kills("empty-signature-accepted"), requirements("RFC7518-3.6-01")}})
	for _, c := range []struct {
		slug, what string
		secret     func(*key) []byte
	}{
		{"pem", "the public key in PEM", publicPEM},
		{"pem-trimmed", "the public key in PEM without the last line end", func(k *key) []byte { p := publicPEM(k); return p[:len(p)-1] }},
		{"der", "the public key in DER", spki},
		{"pkcs1", "the public key in PKCS #1", func(k *key) []byte { return x509.MarshalPKCS1PublicKey(&k.rsa.PublicKey) }},
		{"modulus", "the modulus", func(k *key) []byte { return k.rsa.N.Bytes() }},
		{"jwk", "the text of the JWK", func(k *key) []byte { return []byte(k.entry("rs256-1", "RS256")) }},
		{"empty", "the empty string", func(*key) []byte { return nil }},
	} {
		rows = append(rows, row{"hs256-" + c.slug, "An HMAC with " + c.what + " as its key is refused.", "jws_alg_forbidden",
			setAlg(`"HS256"`).signedWith(hmacWith(crypto.SHA256, c.secret)), forbiddenAlg(cves("CVE-2015-9235"), kills("alg-confusion-hmac"))})
	}
	for _, name := range []string{"HS384", "HS512", "hs256", "Hs256", "HS1", "HS"} {
		slug := strings.ToLower(name)
		if name == "hs256" || name == "Hs256" {
			slug += "-" + caseSlug(name[:2])
		}
		rows = append(rows, algRow("symmetric-"+slug, "The algorithm "+name+" is refused as a symmetric one.", "jws_alg_forbidden", quote(name), algForbidden...))
	}
	return append(rows, algUnknownRows()...)
}

// algUnknownRows: names that are not in the issuer's list.
func algUnknownRows() []row {
	var rows []row
	notAllowed := func(slug, title, name string, opts ...option) {
		rows = append(rows, algRow(slug, title, "key_alg_not_allowed", quote(name),
			append([]option{refs("RFC 8725, section 3.1", "RFC 7515, section 4.1.1"), requirements("RFC7515-5.2-06")}, opts...)...))
	}
	for _, v := range [][2]string{{"lower-case", "rs256"}, {"trailing-space", "RS256 "}, {"leading-space", " RS256"}, {"none-space", "none "}, {"nul-none", "\x00none"},
		{"trailing-nul", "RS256\x00"}, {"full-width", "ＲＳ256"}, {"rs1", "RS1"}, {"es512", "ES512"}, {"es256k", "ES256K"}, {"rsa-oaep", "RSA-OAEP"}, {"dir", "dir"},
		{"a128kw", "A128KW"}, {"java", "SHA256withRSA"}} {
		notAllowed("unknown-"+v[0], fmt.Sprintf("The name %q is no algorithm of the list.", v[1]), v[1])
	}
	for _, name := range []string{"Ed25519", "EdDSA", "ML-DSA-44"} {
		notAllowed("unlisted-"+strings.ToLower(name), "The algorithm "+name+" is refused by an issuer that does not list it.", name, kills("alg-list-ignored"))
	}
	for _, name := range []string{"RS384", "RS512", "PS256", "PS384", "PS512"} {
		r := algRow("unlisted-"+strings.ToLower(name), "A signature by "+name+" with the issuer's own RSA key is refused if the list lacks it.", "key_alg_not_allowed", quote(name),
			refs("RFC 8725, section 3.1"), requirements("RFC8725-3.1-01"))
		r.edit = r.edit.signed("rsa-2048-a", name)
		rows = append(rows, r)
	}
	return rows
}

// jwsAlg: the algorithm of the header.
func jwsAlg(b *builder) {
	b.refs = []string{"RFC 7515, section 4.1.1"}
	t := b.twin("jws.compact.three-parts")
	b.rejects(t, algRows())
	b.near("escaped", "An algorithm whose name is written with escapes is accepted.", t, setAlg(`"\u0052S25\u0036"`), refs("RFC 7515, section 5.3"))
	b.reject("swapped-family", "A token that names ES256 and a key of the other type is refused.", t, "key_alg_mismatch", setAlg(`"ES256"`),
		refs("RFC 8725, section 3.1"), requirements("RFC8725-3.1-03", "RFC7515-10.6-01"), kills("key-type-ignored"))
	e := b.twin("jws.compact.es256")
	b.reject("es256-names-rs256", "A token that names RS256 and an elliptic-curve key is refused.", e, "key_alg_mismatch", setAlg(`"RS256"`),
		refs("RFC 8725, section 3.1"), requirements("RFC8725-3.1-03"), kills("key-type-ignored"))
	b.reject("list-of-policy", "A token signed with ES256 is refused once the issuer's list lacks it.", e, "key_alg_not_allowed",
		drop("policy", "/issuers/0/algorithms/1"), refs("RFC 8725, section 3.1"), requirements("RFC8725-3.1-01"), kills("alg-list-ignored"))
}
