package ajwt

// JWK thumbprints (RFC 7638) with SHA-256: the hash of the required members in
// lexicographic order, without white space. The values are hashed as they stood in
// the JWK: strict base64url has one spelling per value and nothing to escape, so what
// was read is the canonical form already.

// thumbprintOKP hashes crv, kty, x (RFC 8037, section 2).
func thumbprintOKP(crv string, x []byte) [32]byte {
	var buf [128]byte // Ed448 takes 110
	b := append(buf[:0], `{"crv":"`...)
	b = append(b, crv...)
	b = append(b, `","kty":"OKP","x":"`...)
	b = append(b, x...)
	return sum256(append(b, `"}`...))
}

// thumbprintEC hashes crv, kty, x, y (RFC 7638, section 3.2).
func thumbprintEC(crv string, x, y []byte) [32]byte {
	var buf [192]byte // P-384 takes 168
	b := append(buf[:0], `{"crv":"`...)
	b = append(b, crv...)
	b = append(b, `","kty":"EC","x":"`...)
	b = append(b, x...)
	b = append(b, `","y":"`...)
	b = append(b, y...)
	return sum256(append(b, `"}`...))
}

// thumbprintRSA hashes e, kty, n (RFC 7638, section 3.2).
func thumbprintRSA(e, n []byte) [32]byte {
	var buf [1408]byte // 8192 bits and the longest exponent take 1400
	b := append(buf[:0], `{"e":"`...)
	b = append(b, e...)
	b = append(b, `","kty":"RSA","n":"`...)
	b = append(b, n...)
	return sum256(append(b, `"}`...))
}

// thumbprintAKP hashes alg, kty, pub (RFC 9964).
func thumbprintAKP(alg string, pub []byte) [32]byte {
	var buf [1792]byte // ML-DSA-44 takes 1790
	b := append(buf[:0], `{"alg":"`...)
	b = append(b, alg...)
	b = append(b, `","kty":"AKP","pub":"`...)
	b = append(b, pub...)
	return sum256(append(b, `"}`...))
}
