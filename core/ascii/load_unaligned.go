//go:build amd64 || arm64 || wasm

package ascii

import "unsafe"

// load reads the eight bytes at i; their order does not matter to any caller. The
// compiler joins the loads of encoding/binary on some machines, not for WebAssembly.
func load(b []byte, i int) uint64 { return *(*uint64)(unsafe.Pointer(&b[i : i+8][0])) }
