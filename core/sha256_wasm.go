package ajwt

import "crypto/sha256"

// sum256: see sha256.go.
func sum256(data []byte) [sha256.Size]byte { return sha256Sum(data) }
