//go:build !amd64 && !arm64 && !wasm

package ascii

import "encoding/binary"

// load reads the eight bytes at i; their order does not matter to any caller.
func load(b []byte, i int) uint64 { return binary.NativeEndian.Uint64(b[i:]) }
