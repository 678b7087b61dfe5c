//go:build !wasm

package ajwt

import "crypto/ed25519"

// verifyEd25519 verifies by RFC 8032, section 5.1.7, without cofactor: the
// standard library's code, with the machine's own multiplication. See the twin for
// WebAssembly; TestEd25519Twins holds both to the same verdicts.
func verifyEd25519(public *[32]byte, message, signature []byte) bool {
	return ed25519.Verify(public[:], message, signature)
}
