//go:build !wasm

package ajwt

import (
	"crypto/ecdsa"
	"crypto/elliptic"
)

// ecdsaKey is a public key of P-256 or P-384.
type ecdsaKey = ecdsa.PublicKey

// parseECDSA reads an uncompressed point (SEC 1, section 2.3.3) of 65 octets for P-256
// or 97 for P-384; nil where it is none of the curve.
func parseECDSA(kind keyKind, point []byte) *ecdsaKey {
	curve := elliptic.P256()
	if kind == kindP384 {
		curve = elliptic.P384()
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	if err != nil {
		return nil
	}
	return public
}

// verifyECDSA verifies r || s, each of the order's length (RFC 7518, section 3.4),
// with r and s in 1..n-1, by the standard library. See the twin for WebAssembly;
// TestECDSATwins holds both to the same verdicts. The standard library reads DER only, so the few octets
// around the two numbers are put there.
func verifyECDSA(public *ecdsaKey, digest, signature []byte) bool {
	order := p256Order
	if public.Curve == elliptic.P384() {
		order = p384Order
	}
	if !inOrder(signature, order) {
		return false
	}
	var der [MaxECDSADER]byte
	return ecdsa.VerifyASN1(public, digest, AppendECDSADER(der[:0], signature))
}
