//go:build !wasip1

package abi

// Run does nothing outside WebAssembly, where there is no proxy. The main package builds
// all the same.
func Run(func(Host) Root) {}
