package proxywasmhost

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/tetratelabs/wazero"
)

// Process is one proxy process: its instances share data and metrics.
type Process struct {
	// Now is the clock, in nanoseconds since 1970.
	Now int64
	// Running lets the clock go on from Now while a call of the module lasts. Otherwise it
	// stands still.
	Running bool
	// Env are the variables that the plugin may see, "NAME=value".
	Env []string
	// HoldHeaders is Envoy's allow_on_headers_stop_iteration: Pause from the header's
	// callback holds the header and delivers the body. Without it the body never comes.
	HoldHeaders bool
	// Fetch answers a call to a cluster; nil fields are no answer. Envoy answers by itself
	// where a call takes too long (504) or no connection comes about (503): no answer is
	// one that broke off.
	Fetch func(cluster string, fields []Field) (answer []Field, body []byte)
	// FetchBody is Fetch for calls with a body; it goes before.
	FetchBody func(cluster string, fields []Field, sent []byte) (answer []Field, body []byte)
	// Clusters that exist; others refuse calls.
	Clusters map[string]bool
	// Plain takes Envoy's own functions away, verify_signature among them: the plugin is
	// told that they are not found, as in other proxies.
	Plain bool
	// Foreign counts the calls of verify_signature that were answered.
	Foreign int

	// For tests of what a plugin makes of a host that fails. fault is asked before each
	// call of a host's function and may answer it instead; mangle changes bytes that are
	// handed out; lie changes the address and the size that are told to the plugin.
	fault  func(name string) (status uint32, failed bool)
	mangle func(name string, data []byte) []byte
	lie    func(name string, at, size uint32) (uint32, uint32)

	callBegan  time.Time
	generation Generation
	runtime    wazero.Runtime
	module     wazero.CompiledModule
	shared     map[string]value
	lastCAS    uint32
	metrics    []metric
	byName     map[string]uint32
	lines      []string

	// Whose callback runs: a process runs one at a time here.
	active    *Instance
	current   uint32 // context
	effective uint32 // context, 0 for current
	called    *call  // whose answer is delivered
}

type value struct {
	data []byte
	cas  uint32
}

// Start compiles a module. The cache is that of wazero, nil for none.
func Start(ctx context.Context, wasm []byte, generation Generation, cache wazero.CompilationCache) (*Process, error) {
	return start(ctx, wasm, generation, cache, false)
}

// start is Start; fallible makes a process that heeds fault.
func start(ctx context.Context, wasm []byte, generation Generation, cache wazero.CompilationCache, fallible bool) (*Process, error) {
	config := wazero.NewRuntimeConfig()
	if cache != nil {
		config = config.WithCompilationCache(cache)
	}
	p := &Process{generation: generation, runtime: wazero.NewRuntimeWithConfig(ctx, config), shared: make(map[string]value),
		byName: make(map[string]uint32), Clusters: make(map[string]bool)}
	err := p.imports(ctx, fallible)
	if err == nil {
		p.module, err = p.runtime.CompileModule(ctx, wasm)
	}
	if err == nil {
		err = p.check()
	}
	if err != nil {
		return nil, errors.Join(err, p.runtime.Close(ctx))
	}
	return p, nil
}

// check refuses what Envoy refuses: another ABI, and memory that is not exported.
func (p *Process) check() error {
	exports := p.module.ExportedFunctions()
	if exports["proxy_abi_version_0_2_0"] == nil {
		return errors.New("proxywasmhost: the module has no ABI version that is known here")
	}
	if exports["malloc"] == nil && exports["proxy_on_memory_allocate"] == nil {
		return errors.New("proxywasmhost: the module has no allocator")
	}
	return nil
}

// Close ends the process.
func (p *Process) Close(ctx context.Context) error { return p.runtime.Close(ctx) }

// Lines returns what the plugin has logged, and forgets it.
func (p *Process) Lines() []string {
	lines := p.lines
	p.lines = nil
	return lines
}

// Snapshot is the shared data at one time.
type Snapshot map[string]value

// Snapshot copies the shared data.
func (p *Process) Snapshot() Snapshot {
	s := make(Snapshot, len(p.shared))
	for name, v := range p.shared {
		s[name] = v
	}
	return s
}

// Restore puts the shared data back. Numbers for compare-and-swap do not go back.
func (p *Process) Restore(s Snapshot) {
	p.shared = make(map[string]value, len(s))
	for name, v := range s {
		p.shared[name] = value{v.data, p.nextCAS()}
	}
}

// Forget removes the shared data whose names begin with prefix: a proxy cannot, but one
// that has just started has none.
func (p *Process) Forget(prefix string) {
	for name := range p.shared {
		if strings.HasPrefix(name, prefix) {
			delete(p.shared, name)
		}
	}
}

// Shared returns a value of the shared data.
func (p *Process) Shared(name string) ([]byte, bool) {
	v, ok := p.shared[name]
	return bytes.Clone(v.data), ok
}

// nextCAS gives the next number for a comparison, never 0.
func (p *Process) nextCAS() uint32 {
	if p.lastCAS++; p.lastCAS == 0 {
		p.lastCAS++
	}
	return p.lastCAS
}

// stream is the stream of the context for which calls count, nil for the root context. A
// context that is gone counts no longer.
func (p *Process) stream() *Stream {
	if s := p.active.streams[p.effective]; s != nil {
		return s
	}
	if p.effective == p.active.root {
		return nil
	}
	return p.active.streams[p.current]
}
