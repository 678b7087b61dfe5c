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
	size := len(order)
	if len(signature) != 2*size {
		return false
	}
	var buf [2 + 2*(2+1+48)]byte // below 128 octets of content, so lengths take one
	der := append(buf[:0], 0x30, 0)
	for _, number := range [...][]byte{signature[:size], signature[size:]} {
		if string(number) >= order {
			return false
		}
		for len(number) > 0 && number[0] == 0 {
			number = number[1:]
		}
		if len(number) == 0 {
			return false
		}
		if number[0] < 0x80 {
			der = append(der, 0x02, byte(len(number)))
		} else { // DER integers are signed
			der = append(der, 0x02, byte(len(number)+1), 0)
		}
		der = append(der, number...)
	}
	der[1] = byte(len(der) - 2)
	return ecdsa.VerifyASN1(public, digest, der)
}
