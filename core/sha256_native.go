//go:build !wasm

package ajwt

import "crypto/sha256"

// sum256 is SHA-256 of data. See the twin for WebAssembly.
func sum256(data []byte) [sha256.Size]byte { return sha256.Sum256(data) }
