package proxywasmhost

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// Process is one proxy process: its instances share data and metrics.
type Process struct {
	// Now is the clock, in nanoseconds since 1970.
	Now int64
	// Env are the variables that the plugin may see, "NAME=value".
	Env []string
	// HoldHeaders is Envoy's allow_on_headers_stop_iteration: Pause from the header's
	// callback holds the header and delivers the body. Without it the body never comes.
	HoldHeaders bool
	// Fetch answers a call to a cluster; nil fields are no answer.
	Fetch func(cluster string, fields []Field) (answer []Field, body []byte)
	// Clusters that exist; others refuse calls.
	Clusters map[string]bool

	generation Generation
	runtime    wazero.Runtime
	module     wazero.CompiledModule
	shared     map[string]value
	lastCAS    uint32
	metrics    []metric
	byName     map[string]uint32
	lines      []string
	active     *Instance // whose call runs: a process runs one at a time here
}

type value struct {
	data []byte
	cas  uint32
}

type metric struct {
	name  string
	value int64
}

// Start compiles a module. The cache is that of wazero, nil for none.
func Start(ctx context.Context, wasm []byte, generation Generation, cache wazero.CompilationCache) (*Process, error) {
	config := wazero.NewRuntimeConfig()
	if cache != nil {
		config = config.WithCompilationCache(cache)
	}
	p := &Process{generation: generation, runtime: wazero.NewRuntimeWithConfig(ctx, config), shared: make(map[string]value),
		byName: make(map[string]uint32), Clusters: make(map[string]bool)}
	err := p.imports(ctx)
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

// Metric returns a metric's value; of a histogram, the last one. ok is false where nothing
// defined it.
func (p *Process) Metric(name string) (n int64, ok bool) {
	id, ok := p.byName[name]
	if !ok {
		return 0, false
	}
	return p.metrics[id].value, true
}

// Metrics returns the number of series.
func (p *Process) Metrics() int { return len(p.metrics) }

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
		p.lastCAS++
		p.shared[name] = value{v.data, p.lastCAS}
	}
}

// Shared returns a value of the shared data.
func (p *Process) Shared(name string) ([]byte, bool) {
	v, ok := p.shared[name]
	return bytes.Clone(v.data), ok
}

// Instance is one instance of the module, with one root context.
type Instance struct {
	process *Process
	module  api.Module
	config  []byte
	next    uint32 // context id
	Tick    int    // milliseconds, as the plugin set it
	calls   []call

	// Of the stream whose callback runs.
	fields     []Field
	body       []byte
	answer     *Answer
	properties map[string]string
	// Of the call whose answer is delivered.
	callFields []Field
	callBody   []byte
}

type call struct {
	token  uint32
	fields []Field
	body   []byte
}

const rootContext = 1

// Instance makes an instance and configures it, as Envoy does for each worker.
func (p *Process) Instance(ctx context.Context, config []byte) (*Instance, error) {
	i := &Instance{process: p, config: config, next: rootContext + 1}
	p.active = i
	module, err := p.runtime.InstantiateModule(ctx, p.module, wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize").WithRandSource(rand.Reader))
	if err != nil {
		return nil, err
	}
	i.module = module
	if _, err := i.call(ctx, "proxy_on_context_create", rootContext, 0); err != nil {
		return nil, errors.Join(err, module.Close(ctx))
	}
	for _, name := range []string{"proxy_on_vm_start", "proxy_on_configure"} {
		size := 0
		if name == "proxy_on_configure" {
			size = len(config)
		}
		ok, err := i.call(ctx, name, rootContext, uint64(size))
		if err == nil && ok != 1 {
			err = fmt.Errorf("proxywasmhost: %s refused", name)
		}
		if err != nil {
			return nil, errors.Join(err, module.Close(ctx))
		}
	}
	return i, nil
}

// Close ends an instance.
func (i *Instance) Close(ctx context.Context) error { return i.module.Close(ctx) }

// MemoryBytes is the size of linear memory.
func (i *Instance) MemoryBytes() uint32 { return i.module.Memory().Size() }

// call calls a callback; one that the module does not export does nothing and answers 0.
func (i *Instance) call(ctx context.Context, name string, params ...uint64) (uint64, error) {
	f := i.module.ExportedFunction(name)
	if f == nil {
		return 0, nil
	}
	i.process.active = i
	results, err := f.Call(ctx, params...)
	if err != nil || len(results) == 0 {
		return 0, err
	}
	return results[0], nil
}

// Ticks calls the plugin once in its rhythm, and delivers the answers of the calls that it
// made.
func (i *Instance) Ticks(ctx context.Context) error {
	if _, err := i.call(ctx, "proxy_on_tick", rootContext); err != nil {
		return err
	}
	calls := i.calls
	i.calls = nil
	for _, c := range calls {
		i.callFields, i.callBody = c.fields, c.body
		_, err := i.call(ctx, "proxy_on_http_call_response", rootContext, uint64(c.token), uint64(len(c.fields)), uint64(len(c.body)), 0)
		if err != nil {
			return err
		}
	}
	i.callFields, i.callBody = nil, nil
	return nil
}

// Send brings a request to the plugin and follows it to its end.
func (i *Instance) Send(ctx context.Context, r *Request) (Result, error) {
	id := i.next
	i.next++
	i.fields, i.body, i.answer, i.properties = joined(r.Fields), nil, nil, make(map[string]string)
	if _, err := i.call(ctx, "proxy_on_context_create", uint64(id), rootContext); err != nil {
		return Result{}, err
	}
	reached, hung, err := i.follow(ctx, uint64(id), r)
	if err != nil {
		return Result{}, err
	}
	for _, name := range []string{"proxy_on_done", "proxy_on_log", "proxy_on_delete"} {
		if _, err := i.call(ctx, name, uint64(id)); err != nil {
			return Result{}, err
		}
	}
	return Result{Answer: i.answer, Hung: hung, Reached: reached, Properties: i.properties}, nil
}

// follow calls the callbacks of a request in turn.
func (i *Instance) follow(ctx context.Context, id uint64, r *Request) (reached, hung bool, err error) {
	flag := func(b bool) uint64 {
		if b {
			return 1
		}
		return 0
	}
	end := r.Body == nil && r.Trailers == nil
	action, err := i.call(ctx, "proxy_on_request_headers", id, uint64(len(i.fields)), flag(end))
	if err != nil || i.answer != nil {
		return false, false, err
	}
	paused := action != 0
	reached = !paused
	if paused && !i.process.HoldHeaders {
		return false, true, nil // StopAll: no other callback comes
	}
	for n, piece := range r.Body {
		i.body = append(i.body, piece...)
		last := n == len(r.Body)-1 && r.Trailers == nil
		if action, err = i.call(ctx, "proxy_on_request_body", id, uint64(len(i.body)), flag(last)); err != nil || i.answer != nil {
			return reached, false, err
		}
		if paused = action != 0; !paused {
			reached, i.body = true, nil // what passed is no longer held
		}
	}
	if r.Trailers != nil {
		if action, err = i.call(ctx, "proxy_on_request_trailers", id, uint64(len(r.Trailers))); err != nil || i.answer != nil {
			return reached, false, err
		}
		paused = action != 0
		reached = reached || !paused
	}
	return reached, paused, nil
}

// joined joins repeated fields as Envoy does for those that it knows by heart.
func joined(fields []Field) []Field {
	var out []Field
	at := -1
	for _, f := range fields {
		if f.Name == "authorization" {
			if at >= 0 {
				out[at].Value += "," + f.Value
				continue
			}
			at = len(out)
		}
		out = append(out, f)
	}
	return out
}

// pairs serialises fields as the host does.
func pairs(fields []Field) []byte {
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(fields)))
	for _, f := range fields {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(f.Name)))
		out = binary.LittleEndian.AppendUint32(out, uint32(len(f.Value)))
	}
	for _, f := range fields {
		out = append(out, f.Name+"\x00"+f.Value+"\x00"...)
	}
	return out
}

// readPairs reads what a plugin serialised; false where it is not of the form.
func readPairs(data []byte) ([]Field, bool) {
	if len(data) < 4 {
		return nil, len(data) == 0
	}
	n := int(binary.LittleEndian.Uint32(data))
	if n > 1024 || len(data) < 4+8*n {
		return nil, false
	}
	rest := data[4+8*n:]
	take := func(size uint32) (string, bool) {
		if uint64(len(rest)) <= uint64(size) || rest[size] != 0 {
			return "", false
		}
		s := string(rest[:size])
		rest = rest[size+1:]
		return s, true
	}
	var out []Field
	for k := range n {
		name, ok := take(binary.LittleEndian.Uint32(data[4+8*k:]))
		value, also := take(binary.LittleEndian.Uint32(data[8+8*k:]))
		if !ok || !also {
			return nil, false
		}
		out = append(out, Field{name, value})
	}
	return out, len(rest) == 0
}
