// Command raw is the verifier as a WebAssembly reactor; spec/abi.md says how to call
// it, and that messages are the host's memory and answers the module's. All it does
// is in wasm/abi.
package main

//lint:file-ignore U1000 the host calls the exports

import "github.com/agentic-jwt/ajwt/wasm/abi"

var (
	module abi.Module
	blocks abi.Blocks
)

func main() {} // a reactor: the host calls _initialize, then the exports

//go:wasmexport ajwt_abi_version
func version() uint32 { return abi.Version }

//go:wasmexport ajwt_alloc
func alloc(size uint32) uint32 { return blocks.Alloc(size) }

//go:wasmexport ajwt_free
func free(at uint32) { blocks.Free(at) }

//go:wasmexport ajwt_configure
func configure(at, size uint32) uint64 { return abi.Result(module.Configure(blocks.Message(at, size))) }

//go:wasmexport ajwt_load
func load(at, size uint32) uint64 { return abi.Result(module.Load(blocks.Message(at, size))) }

//go:wasmexport ajwt_verify
func verify(at, size uint32) uint64 { return abi.Result(module.Verify(blocks.Message(at, size))) }
