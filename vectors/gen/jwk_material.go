package main

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"strings"
)

// octetRows: faults of a member that holds base64url octets. at is its pointer, k its
// good bytes.
func octetRows(name, at string, good []byte, opts ...option) []row {
	text := b64(good)
	rows := []row{
		{name + "-missing", "A key without " + name + " is not used.", unusable, drop("key", at), opts},
		keyRow(name+"-null", "A key whose "+name+" is null is not used.", at, "null", opts...),
		keyRow(name+"-number", "A key whose "+name+" is a number is not used.", at, "1", opts...),
		keyRow(name+"-empty", "A key whose "+name+" is empty is not used.", at, `""`, opts...),
		keyRow(name+"-short", "A key whose "+name+" lost its last byte is not used.", at, quote(b64(good[:len(good)-1])), opts...),
		keyRow(name+"-long", "A key whose "+name+" has a byte more at its end is not used.", at, quote(b64(append(good[:len(good):len(good)], 0))), opts...),
		keyRow(name+"-leading-zero", "A key whose "+name+" has a zero byte before it is not used.", at, quote(b64(append([]byte{0}, good...))), opts...),
		keyRow(name+"-foreign-character", "A key whose "+name+" holds a character outside base64url is not used.", at, quote(text[:3]+"!"+text[3:]), opts...),
	}
	if len(text)%4 != 0 {
		rows = append(rows,
			keyRow(name+"-padding", "A key whose "+name+" is padded is not used.", at, quote(padded(text)), append(opts, kills("jwk-base64-lax"))...),
			keyRow(name+"-slack", "A key whose "+name+" has a spare bit set is not used.", at, quote(slack(text)), append(opts, kills("jwk-base64-lax"))...))
	}
	return rows
}

// jwkEC: points of elliptic curves.
func jwkEC(b *builder) {
	b.refs = []string{"RFC 7518, section 6.2.1", "profile, section 4"}
	b.requirements = []string{"RFC7517-5-03"}
	t := b.twin("jws.compact.es256")
	k := testKey("p256-a")
	b.rejects(t, octetRows("x", "/keys/1/x", k.bytes("x"), requirements("RFC7518-6.2.1.2-01")))
	b.rejects(t, pick(octetRows("y", "/keys/1/y", k.bytes("y"), requirements("RFC7518-6.2.1.3-01")),
		"y-missing", "y-short", "y-long", "y-leading-zero", "y-padding", "y-slack"))
	curve := []option{refs("RFC 7518, section 6.2.2.1", "RFC 8725, section 3.4", "profile, section 4"), kills("ec-point-unchecked"), requirements("RFC8725-3.4-01")}
	point := func(slug, title, member, text string) row {
		return row{slug, title, unusable, set("key", "/keys/1/"+member, quote(text)), curve}
	}
	zero := b64(make([]byte, 32))
	p := testKey("p256-a").ec.Curve.Params().P
	b.rejects(t, []row{
		point("off-curve-y", "A key with a point beside its curve is not used.", "y", b64(flip(k.bytes("y"), 31))),
		point("off-curve-x", "A key whose x belongs to another point is not used.", "x", b64(testKey("p256-b").bytes("x"))),
		point("x-zero", "A key with x of zero is not used.", "x", zero),
		point("y-zero", "A key with y of zero is not used.", "y", zero),
		point("x-prime", "A key whose x is the field's prime is not used.", "x", b64(p.FillBytes(make([]byte, 32)))),
		point("x-ones", "A key whose x is beyond the field is not used.", "x", b64(bytes.Repeat([]byte{0xff}, 32))),
	})
	b.reject("infinity", "A key with both coordinates zero is not used.", t, unusable,
		set("key", "/keys/1", `{"kty":"EC","crv":"P-256","x":`+quote(zero)+`,"y":`+quote(zero)+`,"kid":"es256-1"}`), curve...)
	b.reject("negated", "A key with the point's mirror image is another key.", t, "signature_invalid",
		set("key", "/keys/1/y", quote(b64(new(big.Int).Sub(p, new(big.Int).SetBytes(k.bytes("y"))).FillBytes(make([]byte, 32))))), kills("skip-signature"))
	b.reject("exchanged", "A token whose kid now names another key is refused.", t, "signature_invalid",
		set("key", "/keys/1", testKey("p256-b").entry("es256-1", "ES256")), kills("skip-signature"))
	e := b.twin("jws.algorithms.es384")
	f := testKey("p384-a")
	b.rejects(e, prefixed("p384-", pick(octetRows("x", keyAt("ES384")+"/x", f.bytes("x"), requirements("RFC7518-6.2.1.2-01")), "x-short", "x-long", "x-leading-zero")))
	b.rejects(e, prefixed("p384-", pick(octetRows("y", keyAt("ES384")+"/y", f.bytes("y"), requirements("RFC7518-6.2.1.3-01")), "y-short", "y-long")))
	b.reject("p384-off-curve", "A key with a point beside P-384 is not used.", e, unusable, set("key", keyAt("ES384")+"/y", quote(b64(flip(f.bytes("y"), 47)))), curve...)
}

// Points of small order, and encodings that are not the only one of their point
// (RFC 8032, sections 5.1.2 and 5.1.3), little-endian.
var small25519 = []struct{ slug, title, hex string }{
	{"order-1", "the neutral point", "0100000000000000000000000000000000000000000000000000000000000000"},
	{"order-2", "the point of order 2", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
	{"order-4", "a point of order 4", "0000000000000000000000000000000000000000000000000000000000000000"},
	{"order-4-sign", "the other point of order 4", "0000000000000000000000000000000000000000000000000000000000000080"},
	{"order-8-a", "a point of order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"},
	{"order-8-b", "a second point of order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"},
	{"order-8-c", "a third point of order 8", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"},
	{"order-8-d", "a fourth point of order 8", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"},
	{"not-canonical-zero", "y of the prime itself", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
	{"not-canonical-one", "y of the prime plus one", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
	{"not-canonical-largest", "the largest y", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
	{"negative-zero", "x of zero with a sign", "0100000000000000000000000000000000000000000000000000000000000080"},
	{"off-curve", "a y without an x", "0200000000000000000000000000000000000000000000000000000000000000"},
}

var small448 = []struct{ slug, title, hex string }{
	{"448-order-1", "the neutral point", "01" + zeros56},
	{"448-order-4", "a point of order 4", "00" + zeros56},
	{"448-order-4-sign", "the other point of order 4", "00" + zeros56[:110] + "80"},
	{"448-order-2", "the point of order 2", "fe" + ones27 + "fe" + ones27 + "00"},
	{"448-not-canonical", "y of the prime itself", "ff" + ones27 + "fe" + ones27 + "00"},
	{"448-off-curve", "a y without an x", "02" + zeros56},
	{"448-last-byte", "bits in the last byte below the sign", "01" + zeros56[:110] + "01"},
}

const (
	zeros56 = "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
	ones27  = "ffffffffffffffffffffffffffffffffffffffffffffffffffffff"
)

// jwkEdwards: points of the Edwards curves.
func jwkEdwards(b *builder) {
	b.refs = []string{"RFC 8032, section 5.1.3", "profile, section 4"}
	t := b.twin("jws.algorithms.ed25519")
	at := keyAt("Ed25519") + "/x"
	b.rejects(t, octetRows("x", at, testKey("ed25519-a").bytes("x"), refs("RFC 8037, section 2", "profile, section 4"), requirements("RFC8037-2-02")))
	b.rejects(t, pointRows(small25519, at))
	u := b.twin("jws.algorithms.ed448")
	b.refs = []string{"RFC 8032, section 5.2.3", "profile, section 4"}
	at = keyAt("Ed448") + "/x"
	b.rejects(u, prefixed("448-", pick(octetRows("x", at, testKey("ed448-a").bytes("x"), refs("RFC 8037, section 2", "profile, section 4")), "x-short", "x-long", "x-leading-zero", "x-empty")))
	b.rejects(u, pointRows(small448, at))
	b.reject("exchanged", "A token whose kid now names another key is refused.", t, "signature_invalid",
		set("key", keyAt("Ed25519"), testKey("ed25519-b").entry("ed25519-1", "Ed25519")), kills("skip-signature"))
}

func pointRows(list []struct{ slug, title, hex string }, at string) []row {
	var rows []row
	for _, p := range list {
		point, err := hex.DecodeString(p.hex)
		if err != nil {
			panic(err)
		}
		opts := []option{requirements("RFC8725-3.4-01"), level("PROFILE")}
		if !strings.HasSuffix(p.slug, "off-curve") {
			opts = append(opts, kills("edwards-small-order-accepted"))
		}
		rows = append(rows, keyRow(p.slug, "A key with "+p.title+" is not used.", at, quote(b64(point)), opts...))
	}
	return rows
}
