package proxywasmhost

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// Instance is one instance of the module, with one root context at a time.
type Instance struct {
	// Tick is the rhythm in milliseconds that the plugin asked for, 0 for none.
	Tick int
	// Longest is the longest call of the module so far. Whoever measures sets it to 0.
	Longest time.Duration

	process     *Process
	module      api.Module
	env         []string
	root        uint32 // context
	config      []byte
	configuring bool
	next        uint32 // context id
	streams     map[uint32]*Stream
	token       uint32 // of the last call
	calls       []*call
}

// call is a call to a cluster that was not answered yet.
type call struct {
	root     uint32 // context
	token    uint32
	cluster  string
	sent     []Field
	sentBody []byte

	// The answer.
	fields []Field
	body   []byte
}

// Instance makes an instance and configures it, as Envoy does for each worker.
func (p *Process) Instance(ctx context.Context, config []byte) (*Instance, error) {
	i := &Instance{process: p, env: p.Env, next: 1, streams: make(map[uint32]*Stream)}
	p.active = i
	module, err := p.runtime.InstantiateModule(ctx, p.module, wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize").WithRandSource(rand.Reader))
	if err != nil {
		return nil, err
	}
	i.module = module
	if err := i.Configure(ctx, config); err != nil {
		return nil, errors.Join(err, module.Close(ctx))
	}
	return i, nil
}

// Configure gives the plugin another configuration in the same instance, as Envoy does at a
// reload with the same code: a root context of its own, after which the one before goes. A
// refused configuration changes nothing.
func (i *Instance) Configure(ctx context.Context, config []byte) error {
	before, configBefore := i.root, i.config
	i.root, i.config, i.configuring = i.next, config, true
	i.next++
	err := i.begin(ctx)
	i.configuring = false
	gone := before
	if err != nil {
		gone = i.root
		i.root, i.config = before, configBefore
	}
	if gone == 0 || gone == i.root {
		return err
	}
	for _, name := range []string{"proxy_on_done", "proxy_on_delete"} {
		if _, failed := i.call(ctx, gone, name, uint64(gone)); failed != nil {
			return errors.Join(err, failed)
		}
	}
	return err
}

// begin makes and configures the root context.
func (i *Instance) begin(ctx context.Context) error {
	if _, err := i.call(ctx, i.root, "proxy_on_context_create", uint64(i.root), 0); err != nil {
		return err
	}
	for _, name := range []string{"proxy_on_vm_start", "proxy_on_configure"} {
		size := 0
		if name == "proxy_on_configure" {
			size = len(i.config)
		}
		ok, err := i.call(ctx, i.root, name, uint64(i.root), uint64(size))
		if err == nil && ok != 1 {
			err = fmt.Errorf("proxywasmhost: %s: %w", name, ErrRefused)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ErrRefused says that the plugin refused to start or its configuration.
var ErrRefused = errors.New("refused")

// Close ends an instance.
func (i *Instance) Close(ctx context.Context) error { return i.module.Close(ctx) }

// MemoryBytes is the size of linear memory.
func (i *Instance) MemoryBytes() uint32 { return i.module.Memory().Size() }

// call calls a callback for a context; one that the module does not export does nothing and
// answers 0.
func (i *Instance) call(ctx context.Context, context uint32, name string, params ...uint64) (uint64, error) {
	f := i.module.ExportedFunction(name)
	if f == nil {
		return 0, nil
	}
	p := i.process
	p.active, p.current, p.effective = i, context, 0
	p.callBegan = time.Now()
	results, err := f.Call(ctx, params...)
	i.Longest = max(i.Longest, time.Since(p.callBegan))
	p.current, p.effective = 0, 0
	if err != nil || len(results) == 0 {
		return 0, err
	}
	return results[0], nil
}

// Pending is the number of calls to clusters that were not answered yet.
func (i *Instance) Pending() int { return len(i.calls) }

// Ticks calls the plugin once in its rhythm, and delivers the answers of the calls that it
// made.
func (i *Instance) Ticks(ctx context.Context) error {
	if _, err := i.call(ctx, i.root, "proxy_on_tick", uint64(i.root)); err != nil {
		return err
	}
	if err := i.resume(ctx); err != nil {
		return err
	}
	return i.Deliver(ctx)
}

// resume lets the streams go on that the plugin has continued in another context.
func (i *Instance) resume(ctx context.Context) error {
	for _, s := range i.streams {
		if err := s.resume(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Deliver answers the calls to clusters that are under way, and lets the streams go on that
// the plugin continues then. Calls that it makes meanwhile wait for the next time.
func (i *Instance) Deliver(ctx context.Context) error {
	p := i.process
	calls := i.calls
	i.calls = nil
	for _, c := range calls {
		switch {
		case p.FetchBody != nil:
			c.fields, c.body = p.FetchBody(c.cluster, c.sent, c.sentBody)
		case p.Fetch != nil:
			c.fields, c.body = p.Fetch(c.cluster, c.sent)
		}
		if c.fields == nil {
			c.body = nil
		}
		p.called = c
		_, err := i.call(ctx, c.root, "proxy_on_http_call_response", uint64(c.root), uint64(c.token), uint64(len(c.fields)), uint64(len(c.body)), 0)
		p.called = nil
		if err != nil {
			return err
		}
		if err := i.resume(ctx); err != nil {
			return err
		}
	}
	return nil
}
