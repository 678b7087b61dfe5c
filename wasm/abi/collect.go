//go:build !wasm

package abi

// collect does nothing outside WebAssembly, where the garbage collector has time of
// its own.
func collect(int) {}
