package ajwt

import "github.com/agentic-jwt/ajwt/core/strictjson"

const (
	// RSA bounds. Below 2048 bits a modulus is too weak (RFC 7518, section 3.3);
	// above 8192 a stranger's key costs the verifier more than it may ask for.
	minRSABits, maxRSABits = 2048, 8192
	maxRSAExponent         = 1<<31 - 1 // the largest that crypto/rsa verifies with
	maxRSAModulusOctets    = maxRSABits / 8
	maxRSAExponentOctets   = 8 // enough to tell too large from malformed
	uncompressedPoint      = 4 // SEC 1, section 2.3.3
)

// exactly decodes a base64url member that must have exactly len(dst) octets.
func exactly(dst []byte, v strictjson.Value) bool {
	text := v.Bytes()
	return len(text) == base64EncodedLen(len(dst)) && decodeBase64URL(dst, text)
}

// readEdwards reads x of RFC 8037, section 2: the encoded point of RFC 8032.
func (k *Key) readEdwards(j *jwkMembers, kind keyKind, lazyPoint bool) (keyFault, string) {
	if !exactly(k.point[:keyKinds[kind].coordinate], j.x) {
		return keyMalformed, "x: want base64url of 32 octets (Ed25519) or 57 (Ed448)"
	}
	k.kind = kind
	if (kind == kindEd25519 && edwards25519Weak((*[32]byte)(k.point[:]))) ||
		(kind == kindEd448 && edwards448Weak((*[57]byte)(k.point[:]))) {
		return keyWeak, "x: a point of small order or not in canonical form"
	}
	if !lazyPoint && !k.onCurve() {
		return keyOffCurve, "x: no point of the curve"
	}
	k.thumbprint = thumbprintOKP(keyKinds[kind].crv, j.x.Bytes())
	return keyOK, ""
}

// readEC reads x and y of RFC 7518, section 6.2.1: both in full length.
func (k *Key) readEC(j *jwkMembers, kind keyKind) (keyFault, string) {
	var point [1 + 2*48]byte
	size := keyKinds[kind].coordinate
	point[0] = uncompressedPoint
	if !exactly(point[1:1+size], j.x) || !exactly(point[1+size:1+2*size], j.y) {
		return keyMalformed, "x, y: want base64url of 32 octets each (P-256) or 48 (P-384)"
	}
	if k.ecdsa = parseECDSA(kind, point[:1+2*size]); k.ecdsa == nil {
		return keyOffCurve, "x, y: no point of the curve"
	}
	copy(k.point[:], point[1:1+2*size])
	k.thumbprint = thumbprintEC(keyKinds[kind].crv, j.x.Bytes(), j.y.Bytes())
	return keyOK, ""
}

// readRSA reads n and e of RFC 7518, section 6.3.1: no leading zero octet. Text that
// is longer than any admissible value is not even decoded.
func (k *Key) readRSA(j *jwkMembers) (keyFault, string) {
	var modulus [maxRSAModulusOctets]byte
	var exponent [maxRSAExponentOctets]byte
	nText, eText := j.n.Bytes(), j.e.Bytes()
	if len(nText) == 0 || len(eText) == 0 {
		return keyMalformed, "n, e: want base64url of a positive integer"
	}
	if len(nText) > base64EncodedLen(len(modulus)) || len(eText) > base64EncodedLen(len(exponent)) {
		return keyWeak, "n, e: want 2048 to 8192 bits, and an exponent of at most 2^31-1"
	}
	n, e := modulus[:base64DecodedLen(len(nText))], exponent[:base64DecodedLen(len(eText))]
	if !decodeBase64URL(n, nText) || !decodeBase64URL(e, eText) || n[0] == 0 || e[0] == 0 {
		return keyMalformed, "n, e: want base64url of a positive integer without leading zero octets"
	}
	var exp uint64
	for _, c := range e {
		exp = exp<<8 | uint64(c)
	}
	if exp < 3 || exp > maxRSAExponent || exp&1 == 0 {
		return keyWeak, "e: want an odd exponent of 3 to 2^31-1"
	}
	key := &rsaKey{size: len(n)}
	key.modulus.SetBytes(n)
	if bits := key.modulus.BitLen(); bits < minRSABits || bits > maxRSABits || n[len(n)-1]&1 == 0 {
		return keyWeak, "n: want an odd modulus of 2048 to 8192 bits"
	}
	key.public.N, key.public.E = &key.modulus, int(exp)
	k.rsa = key
	k.thumbprint = thumbprintRSA(eText, nText)
	return keyOK, ""
}

// readMLDSA reads pub of RFC 9964.
func (k *Key) readMLDSA(j *jwkMembers) (keyFault, string) {
	if len(j.pub.Bytes()) != base64EncodedLen(keyKinds[kindMLDSA44].coordinate) {
		return keyMalformed, "pub: want base64url of 1312 octets"
	}
	key := new(mldsaKey)
	if !exactly(key.packed[:], j.pub) {
		return keyMalformed, "pub: want base64url of 1312 octets"
	}
	k.mldsa = key
	k.thumbprint = thumbprintAKP(AlgMLDSA44.String(), j.pub.Bytes())
	return keyOK, ""
}
