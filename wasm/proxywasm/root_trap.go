//go:build ajwt_trap

package main

import (
	"bytes"
	"runtime"

	"github.com/agentic-jwt/ajwt/wasm/proxywasm/abi"
	"github.com/agentic-jwt/ajwt/wasm/proxywasm/filter"
)

// This build is for tests of what a proxy does after a trap: a request with the field
// x-ajwt-trap gives one, which nothing in the module can catch. It is never shipped.

type trapping struct {
	abi.Root
	host abi.Host
}

func newRoot(host abi.Host) abi.Root { return trapping{filter.New(host), host} }

func (r trapping) RequestHeaders(end bool) abi.Outcome {
	if fields, _ := r.host.Pairs(abi.RequestHeaders); bytes.Contains(fields, []byte("x-ajwt-trap\x00")) {
		runtime.Breakpoint()
	}
	return r.Root.RequestHeaders(end)
}
