//go:build ajwt_trap

package main

import (
	"bytes"
	"runtime"
	"time"

	"github.com/agentic-jwt/ajwt/wasm/proxywasm/abi"
	"github.com/agentic-jwt/ajwt/wasm/proxywasm/filter"
)

// This build is for tests. It is never shipped. A request with one of these fields makes
// the module do
//
//	x-ajwt-trap     what nothing in it can catch
//	x-ajwt-timer    start a timer: from then on the runtime asks for its network poller
//	x-ajwt-spike    use 64 MiB and drop them: a heap that shrank asks for it too
//	x-ajwt-collect  a garbage collection

type trapping struct {
	abi.Root
	host abi.Host
}

func newRoot(host abi.Host) abi.Root { return trapping{filter.New(host), host} }

var spike []byte

func (r trapping) RequestHeaders(end bool) abi.Outcome {
	fields, _ := r.host.Pairs(abi.RequestHeaders)
	has := func(name string) bool { return bytes.Contains(fields, []byte(name+"\x00")) }
	if has("x-ajwt-trap") {
		runtime.Breakpoint()
	}
	if has("x-ajwt-timer") {
		time.AfterFunc(time.Millisecond, func() {})
	}
	if has("x-ajwt-spike") {
		spike = make([]byte, 64<<20)
		for i := 0; i < len(spike); i += 4096 {
			spike[i] = 1
		}
		spike = nil
	}
	if has("x-ajwt-collect") {
		runtime.GC()
	}
	return r.Root.RequestHeaders(end)
}
