package main

var jwkTopics = []topic{
	{"jwk", "purpose", jwkPurpose},
	{"jwk", "alg", jwkAlg},
	{"jwk", "kty", jwkKty},
	{"jwk", "ec", jwkEC},
	{"jwk", "edwards", jwkEdwards},
	{"jwk", "rsa", jwkRSA},
	{"jwk", "akp", jwkAKP},
	{"jwk", "set", jwkSet},
	{"jwk", "set-load", jwkSetLoad},
	{"jwk", "thumbprint", jwkThumbprint},
}

const unusable = "key_kid_unusable"

// keyRow is a change of the key that the token names.
func keyRow(slug, title, at, text string, opts ...option) row {
	return row{slug, title, unusable, set("key", at, text), opts}
}

// jwkPurpose: use and key_ops.
func jwkPurpose(b *builder) {
	b.refs = []string{"RFC 7517, section 4.2", "profile, section 4"}
	t := b.twin("jws.compact.three-parts") // its key is the first one and has use sig
	use := func(slug, title, text string) row {
		return keyRow("use-"+slug, title, "/keys/0/use", text, kills("key-use-ignored"))
	}
	b.rejects(t, []row{
		use("enc", "A key for encryption is not used.", `"enc"`),
		use("case", "A key with use SIG is not used.", `"SIG"`),
		use("unknown", "A key for an unknown use is not used.", `"tls"`),
		use("empty", "A key with an empty use is not used.", `""`),
		use("null", "A key with use null is not used.", `null`),
		use("array", "A key whose use is an array is not used.", `["sig"]`),
	})
	b.near("use-absent", "A key without use is used.", t, drop("key", "/keys/0/use"))

	ops := b.accept("ops-verify", "A key whose key_ops has verify is used.", t.scene.with(set("key", "/keys/0/key_ops", `["verify"]`)), refs("RFC 7517, section 4.3"))
	op := func(slug, title, text string) row {
		return keyRow("ops-"+slug, title, "/keys/0/key_ops", text, kills("key-ops-ignored"), refs("RFC 7517, section 4.3", "profile, section 4"))
	}
	b.rejects(ops, []row{
		op("sign", "A key whose key_ops has sign alone is not used.", `["sign"]`),
		op("empty", "A key with empty key_ops is not used.", `[]`),
		op("encrypt", "A key for encryption by its key_ops is not used.", `["encrypt","wrapKey"]`),
		op("case", "A key whose key_ops has Verify is not used.", `["Verify"]`),
		op("string", "A key whose key_ops is a string is not used.", `"verify"`),
		op("null", "A key with key_ops null is not used.", `null`),
		op("number", "A key with a number among its key_ops is not used.", `["verify",1]`),
		op("repeated", "A key that lists verify twice is not used.", `["verify","verify"]`),
	})
	b.near("ops-several", "A key whose key_ops has verify among others is used.", ops, set("key", "/keys/0/key_ops", `["sign","verify"]`), refs("RFC 7517, section 4.3"))
	b.near("ops-unknown", "An unknown value beside verify is no fault.", ops, set("key", "/keys/0/key_ops", `["verify","attest"]`), refs("RFC 7517, section 4.3"), requirements("RFC7517-4.3-02"))
	b.reject("use-and-ops", "A key for signatures by its key_ops and for encryption by its use is not used.", ops, unusable, set("key", "/keys/0/use", `"enc"`),
		kills("key-use-ignored"), requirements("RFC7517-4.2-01"))
	loaded := b.twin("jws.kid.loaded")
	b.reject("loaded-use-enc", "A key for encryption in a set that was loaded is not used.", loaded, unusable, set("key", "/keys/0/use", `"enc"`), kills("key-use-ignored"))
}

// jwkAlg: the key's own alg.
func jwkAlg(b *builder) {
	b.refs = []string{"RFC 7517, section 4.4", "RFC 8725, section 3.1", "profile, section 4"}
	t := b.twin("jws.compact.three-parts")
	alg := func(slug, title, code, text string) row {
		return row{slug, title, code, set("key", "/keys/0/alg", text), []option{kills("key-alg-ignored"), requirements("RFC8725-3.1-03")}}
	}
	b.rejects(t, []row{
		alg("pss", "A key for PS256 does not verify RS256.", "key_alg_mismatch", `"PS256"`),
		alg("unknown-rs512", "A key for an algorithm that is not supported is not used.", unusable, `"RS512"`),
		alg("unknown-hs256", "An RSA key that names HS256 is not used.", unusable, `"HS256"`),
		alg("none", "A key that names none is not used.", unusable, `"none"`),
		alg("encryption", "A key for RSA-OAEP is not used.", unusable, `"RSA-OAEP"`),
		alg("other-type", "An RSA key that names ES256 contradicts itself and is not used.", unusable, `"ES256"`),
		alg("case", "A key that names rs256 is not used.", unusable, `"rs256"`),
		alg("number", "A key whose alg is a number is not used.", unusable, `256`),
		alg("null", "A key whose alg is null is not used.", unusable, `null`),
		alg("empty", "A key with an empty alg is not used.", unusable, `""`),
	})
	n := b.near("absent", "A key without alg verifies what its type fits.", t, drop("key", "/keys/0/alg"), requirements("RFC7517-4-02"))
	b.reject("absent-other-type", "A key without alg of another type does not verify.", n, "key_alg_mismatch", set("header", "/alg", `"ES256"`), kills("key-type-ignored"))

	ps := b.twin("jws.algorithms.ps256")
	b.reject("rs256-on-ps256", "A key for RS256 does not verify PS256.", ps, "key_alg_mismatch", set("key", keyAt("PS256")+"/alg", `"RS256"`), kills("key-alg-ignored"))
	p := b.near("ps256-absent", "A key without alg verifies PS256.", ps, drop("key", keyAt("PS256")+"/alg"))
	both := p.scene.with(set("header", "/alg", `"RS256"`)).signedBy("rsa-3072-a", "RS256")
	b.accept("rs256-absent", "The same key without alg verifies RS256.", both)
	es := b.twin("jws.algorithms.es256")
	b.reject("es384-on-p256", "A P-256 key that names ES384 contradicts itself and is not used.", es, unusable, set("key", keyAt("ES256")+"/alg", `"ES384"`))
	b.reject("es384-names-p256", "A token that names ES384 and a P-256 key is refused.", es, "key_alg_mismatch", set("header", "/alg", `"ES384"`), kills("key-curve-ignored"))
	ed := b.twin("jws.algorithms.ed25519")
	b.reject("ed448-on-ed25519", "An Ed25519 key that names Ed448 contradicts itself and is not used.", ed, unusable, set("key", keyAt("Ed25519")+"/alg", `"Ed448"`))
	b.reject("ed25519-names-mldsa", "A token that names ML-DSA-44 and an Ed25519 key is refused.", ed, "key_alg_mismatch", set("header", "/alg", `"ML-DSA-44"`), kills("key-type-ignored"))
}

// jwkKty: type and curve.
func jwkKty(b *builder) {
	b.refs = []string{"RFC 7517, section 4.1", "profile, section 4"}
	t := b.twin("jws.compact.es256") // its key is the second one
	kty := func(slug, title, text string) row {
		return keyRow(slug, title, "/keys/1/kty", text, requirements("RFC7517-5-03"))
	}
	b.rejects(t, []row{
		{"missing", "A key without kty is not used.", unusable, drop("key", "/keys/1/kty"), []option{requirements("RFC7517-4.1-01")}},
		kty("null", "A key whose kty is null is not used.", `null`),
		kty("number", "A key whose kty is a number is not used.", `1`),
		kty("unknown", "A key of an unknown type is not used.", `"XYZ"`),
		kty("case", "A key of the type ec is not used.", `"ec"`),
		kty("rsa", "A key of the type RSA with an elliptic curve's members is not used.", `"RSA"`),
		kty("okp", "A key of the type OKP with a curve P-256 is not used.", `"OKP"`),
		kty("akp", "A key of the type AKP with an elliptic curve's members is not used.", `"AKP"`),
	})
	crv := func(slug, title, text string) row {
		return keyRow("crv-"+slug, title, "/keys/1/crv", text, refs("RFC 7518, section 6.2.1.1", "profile, section 4"))
	}
	b.rejects(t, []row{
		{"crv-missing", "An elliptic-curve key without crv is not used.", unusable, drop("key", "/keys/1/crv"), []option{refs("RFC 7518, section 6.2.1"), requirements("RFC7518-6.2.1-01")}},
		crv("unknown", "A key on an unknown curve is not used.", `"P-999"`),
		crv("p521", "A key on P-521 is not used: no algorithm of ours has it.", `"P-521"`),
		crv("secp256k1", "A key on secp256k1 is not used.", `"secp256k1"`),
		crv("case", "A key on the curve p-256 is not used.", `"p-256"`),
		crv("null", "A key whose crv is null is not used.", `null`),
		crv("ed25519", "An elliptic-curve key on Ed25519 is not used.", `"Ed25519"`),
		crv("p384", "A P-256 key that says P-384 is not used.", `"P-384"`),
	})
	b.near("skipped-elsewhere", "A key that is skipped does not disturb the others.", t, set("key", "/keys/0/kty", `"XYZ"`), requirements("RFC7517-5-03"), kills("key-skipped-refuses-set"))
	b.near("unknown-members", "Unknown members of a key are ignored.", t, appendText("key", "/keys/1", `"z":{"y":[1]},"ext":true,"iat":1`),
		requirements("RFC7517-4-02"))
	b.near("certificate", "Certificate members of a key are ignored.", t, appendText("key", "/keys/1", `"x5u":"https://as.example/c.pem","x5t":"AAAA","x5c":["MIIB"]`), refs("RFC 7517, section 4.7", "profile, section 4"))
	ed := b.twin("jws.algorithms.ed25519")
	at := keyAt("Ed25519")
	okp := refs("RFC 8037, section 2", "profile, section 4")
	b.rejects(ed, []row{
		keyRow("okp-x25519", "A key on X25519 cannot sign and is not used.", at+"/crv", `"X25519"`, okp),
		keyRow("okp-ed448", "An Ed25519 key that says Ed448 is not used.", at+"/crv", `"Ed448"`, okp),
		keyRow("okp-crv-case", "A key on ed25519 is not used.", at+"/crv", `"ed25519"`, okp),
		keyRow("okp-as-ec", "An Ed25519 key of the type EC is not used.", at+"/kty", `"EC"`, okp),
		{"okp-crv-missing", "An OKP key without crv is not used.", unusable, drop("key", at+"/crv"), []option{okp, requirements("RFC8037-2-01")}},
	})
}
