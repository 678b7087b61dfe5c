package ajwt

import "github.com/agentic-jwt/ajwt/core/strictjson"

const (
	// maxKidBytes bounds a kid: it is an index entry for each key of a set.
	maxKidBytes = 256
	// maxKeyOps bounds the array key_ops: RFC 7517, section 4.3 registers 8 values,
	// and distinctness costs the square of the length.
	maxKeyOps = 32
)

// jwkMembers are the members that are read; the rest of a JWK is ignored.
type jwkMembers struct {
	kty, crv, alg, use, keyOps, kid, x, y, n, e, pub, private strictjson.Value
}

// jwkPrivateMember tells whether a member name carries a secret in some key type:
// RFC 7518, sections 6.2.2, 6.3.2 and 6.4; RFC 8037, section 2; RFC 9964. The names
// count in every type, since a secret under a wrong kty is a published secret still.
func jwkPrivateMember(name []byte) bool {
	switch string(name) {
	case "d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv":
		return true
	}
	return false
}

// jwkPrivate returns the member that makes a JWK private: one that carries a secret,
// or the kty of a symmetric key.
func jwkPrivate(v strictjson.Value) strictjson.Value {
	for m := v.First(); m.Exists(); m = m.Next() {
		if jwkPrivateMember(m.Key()) || (string(m.Key()) == "kty" && m.Is("oct")) {
			return m
		}
	}
	return strictjson.Value{}
}

func (j *jwkMembers) collect(v strictjson.Value) {
	for m := v.First(); m.Exists(); m = m.Next() {
		switch string(m.Key()) {
		case "kty":
			j.kty = m
			if m.Is("oct") {
				j.private = m
			}
		case "crv":
			j.crv = m
		case "alg":
			j.alg = m
		case "use":
			j.use = m
		case "key_ops":
			j.keyOps = m
		case "kid":
			j.kid = m
		case "x":
			j.x = m
		case "y":
			j.y = m
		case "n":
			j.n = m
		case "e":
			j.e = m
		case "pub":
			j.pub = m
		default:
			if jwkPrivateMember(m.Key()) {
				j.private = m
			}
		}
	}
}

// read is parse with a detail for people. Checks run in this order: private, kid,
// kty and crv, alg, use and key_ops, key material. Private comes first: a secret that
// was published must be seen whatever else is wrong.
func (k *Key) read(v strictjson.Value, lazyPoint bool) (keyFault, string) {
	*k = Key{}
	v = laxKey(v)
	if v.Kind() != strictjson.Object {
		return keyMalformed, "a JWK is an object"
	}
	var j jwkMembers
	j.collect(v)
	if j.private.Exists() {
		return keyPrivate, "it has a member that belongs to private or symmetric keys"
	}
	if j.kid.Exists() && !validKid(j.kid) {
		return keyMalformed, "kid: want a string of 1 to 256 bytes"
	}
	kind, fault, detail := j.kind()
	if fault != keyOK {
		return fault, detail
	}
	algorithms, fault, detail := j.algorithms(kind)
	if fault != keyOK {
		return fault, detail
	}
	if fault, detail := j.purpose(); fault != keyOK {
		return fault, detail
	}
	switch kind {
	case kindEd25519, kindEd448:
		fault, detail = k.readEdwards(&j, kind, lazyPoint)
	case kindP256, kindP384:
		fault, detail = k.readEC(&j, kind)
	case kindRSA:
		fault, detail = k.readRSA(&j)
	case kindMLDSA44:
		fault, detail = k.readMLDSA(&j)
	}
	if fault = laxMaterial(k, v, kind, fault); fault != keyOK {
		*k = Key{}
		return fault, detail
	}
	k.kind, k.algorithms = kind, algorithms
	return keyOK, ""
}

// validKid tells whether a kid can be looked up: a string of 1 to maxKidBytes bytes.
func validKid(kid strictjson.Value) bool {
	n := len(kid.Bytes())
	return n >= 1 && n <= maxKidBytes
}

// kind resolves kty and crv.
func (j *jwkMembers) kind() (keyKind, keyFault, string) {
	switch {
	case j.kty.Kind() != strictjson.String:
		return 0, keyMalformed, "kty: want a string"
	case j.kty.Is("RSA"):
		return kindRSA, keyOK, ""
	case j.kty.Is("AKP"):
		return kindMLDSA44, keyOK, "" // which AKP algorithm it is, alg says
	case !j.kty.Is("OKP") && !j.kty.Is("EC"):
		return 0, keyUnsupported, "kty: want OKP, EC, RSA or AKP"
	case j.crv.Kind() != strictjson.String:
		return 0, keyMalformed, "crv: want a string"
	}
	for kind := kindEd25519; kind <= kindP384; kind++ {
		if j.kty.Is(keyKinds[kind].kty) && j.crv.Is(keyKinds[kind].crv) {
			return kind, keyOK, ""
		}
	}
	return 0, keyUnsupported, "crv: want Ed25519 or Ed448 (OKP), P-256 or P-384 (EC)"
}

// algorithms returns what a key of that kind verifies after its member alg (RFC 7517,
// section 4.4) had its say. "EdDSA" is taken on either Edwards curve: RFC 8037 wrote
// it there before RFC 9864 named the curves.
func (j *jwkMembers) algorithms(kind keyKind) (AlgorithmSet, keyFault, string) {
	fits := keyKinds[kind].algorithms
	if !j.alg.Exists() {
		if kind == kindMLDSA44 {
			return 0, keyMalformed, "alg: mandatory in a key of type AKP"
		}
		return fits, keyOK, ""
	}
	if j.alg.Kind() != strictjson.String {
		return 0, keyMalformed, "alg: want a string"
	}
	if j.alg.Is("EdDSA") {
		if fits&edwardsAlgorithms == 0 {
			return 0, keyMalformed, "alg: does not fit kty and crv"
		}
		return fits, keyOK, ""
	}
	a, known := algorithmOf(j.alg.Bytes())
	if !known {
		return 0, keyUnsupported, "alg: not an algorithm of this profile"
	}
	if !fits.Has(a) {
		return 0, keyMalformed, "alg: does not fit kty and crv"
	}
	return AlgorithmSet(0).Add(a), keyOK, ""
}

// purpose checks use (RFC 7517, section 4.2) and key_ops (section 4.3).
func (j *jwkMembers) purpose() (keyFault, string) {
	if j.use.Exists() && j.use.Kind() != strictjson.String {
		return keyMalformed, "use: want a string"
	}
	verify := !j.keyOps.Exists()
	if !verify && (j.keyOps.Kind() != strictjson.Array || j.keyOps.Len() > maxKeyOps) {
		return keyMalformed, "key_ops: want an array of at most 32 strings"
	}
	for op := j.keyOps.First(); op.Exists(); op = op.Next() {
		if op.Kind() != strictjson.String {
			return keyMalformed, "key_ops: want an array of strings"
		}
		for other := op.Next(); other.Exists(); other = other.Next() {
			if other.Kind() == strictjson.String && string(op.Bytes()) == string(other.Bytes()) {
				return keyMalformed, "key_ops: a value stands twice"
			}
		}
		verify = verify || op.Is("verify")
	}
	if !verify {
		return keyUse, "key_ops: does not contain verify"
	}
	if j.use.Exists() && !j.use.Is("sig") {
		return keyUse, "use: want sig"
	}
	return keyOK, ""
}
