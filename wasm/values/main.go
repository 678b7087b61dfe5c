// Command values computes agent checksums, thumbprints and hashes as a WebAssembly
// reactor, for clients that are not written in Go: spec/abi.md says how to call it. All
// it does is in wasm/abi.
package main

//lint:file-ignore U1000 the host calls the exports

import "github.com/agentic-jwt/ajwt/wasm/abi"

var (
	values abi.Values
	blocks abi.Blocks
)

func main() {} // a reactor: the host calls _initialize, then the exports

//go:wasmexport ajwt_abi_version
func version() uint32 { return abi.Version }

//go:wasmexport ajwt_alloc
func alloc(size uint32) uint32 { return blocks.Alloc(size) }

//go:wasmexport ajwt_free
func free(at uint32) { blocks.Free(at) }

//go:wasmexport ajwt_compute
func compute(at, size uint32) uint64 { return abi.Result(values.Compute(blocks.Message(at, size))) }
