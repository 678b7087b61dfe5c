package ajwt

// ecdsaKey: see ecdsa.go.
type ecdsaKey = ecKey

// parseECDSA reads an uncompressed point (SEC 1, section 2.3.3) of 65 octets for P-256
// or 97 for P-384; nil where it is none of the curve.
func parseECDSA(kind keyKind, point []byte) *ecdsaKey {
	curve := &p256
	if kind == kindP384 {
		curve = &p384
	}
	key, size := new(ecKey), len(curve.field)
	if !key.parse(curve, point[1:1+size], point[1+size:]) {
		return nil
	}
	return key
}

func verifyECDSA(public *ecdsaKey, digest, signature []byte) bool {
	return public.verify(digest, signature)
}
