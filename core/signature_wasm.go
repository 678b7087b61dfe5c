package ajwt

// verifyEd25519: see ed25519.go.
func verifyEd25519(public *[32]byte, message, signature []byte) bool {
	return ed25519Verify(public, message, signature)
}
