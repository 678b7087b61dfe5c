package abi

import "runtime/debug"

//lint:file-ignore U1000 the host calls the exports

// module is what the exports lead to; Run sets it.
var module *Module

// Run makes the exports lead to a plugin. Call it from an init function of the main
// package: the host calls no main.
func Run(newRoot func(Host) Root) {
	debug.SetGCPercent(gcPercent)
	module = NewModule(hostCalls{}, newRoot)
}

// gcPercent is by how much the heap grows before the next collection begins, in per cent.
// The default of 100 lets a heap in which a bundle is replaced grow to 13 MiB, where 9
// will do, and what a module once had it never gives back.
const gcPercent = 25

//go:wasmexport proxy_abi_version_0_2_0
func abiVersion() {}

//go:wasmexport malloc
func malloc(size uint32) uint32 { return memory.Allocate(size) }

//go:wasmexport proxy_on_memory_allocate
func onMemoryAllocate(size uint32) uint32 { return memory.Allocate(size) }

//go:wasmexport proxy_on_context_create
func onContextCreate(id, parent uint32) { module.ContextCreate(id, parent) }

//go:wasmexport proxy_on_vm_start
func onVMStart(_, _ uint32) uint32 { return 1 }

//go:wasmexport proxy_on_configure
func onConfigure(root, size uint32) uint32 {
	if module.Configure(root, int(size)) {
		return 1
	}
	return 0
}

//go:wasmexport proxy_on_tick
func onTick(root uint32) { module.Tick(root) }

//go:wasmexport proxy_on_http_call_response
func onHTTPCallResponse(root, token, headers, body, _ uint32) {
	module.CallResponse(root, token, int(headers), int(body))
}

//go:wasmexport proxy_on_request_headers
func onRequestHeaders(id, _, end uint32) uint32 { return uint32(module.RequestHeaders(id, end != 0)) }

//go:wasmexport proxy_on_request_body
func onRequestBody(id, size, end uint32) uint32 {
	return uint32(module.RequestBody(id, int(size), end != 0))
}

//go:wasmexport proxy_on_request_trailers
func onRequestTrailers(id, _ uint32) uint32 { return uint32(module.RequestTrailers(id)) }

//go:wasmexport proxy_on_delete
func onDelete(id uint32) { module.Delete(id) }
