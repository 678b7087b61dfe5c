package proxywasmhost

import "context"

// Worker is a worker of the proxy whose plugin has the failure policy FAIL_RELOAD: after a
// trap it answers by itself, until it makes a new instance, at most once in a second.
type Worker struct {
	process  *Process
	config   []byte
	instance *Instance // nil after a trap
	tried    int64     // nanoseconds, when an instance was last made
	// Traps counts the traps.
	Traps int
}

// reloadEvery is Envoy's default between two reloads, in nanoseconds.
const reloadEvery = 1_000_000_000

// Worker makes a worker.
func (p *Process) Worker(ctx context.Context, config []byte) (*Worker, error) {
	i, err := p.Instance(ctx, config)
	if err != nil {
		return nil, err
	}
	return &Worker{process: p, config: config, instance: i, tried: p.Now}, nil
}

// Send brings a request to the plugin. Where there is none, or where it traps, the answer is
// the proxy's own, 503 without a body.
func (w *Worker) Send(ctx context.Context, r *Request) Result {
	own := Result{Answer: &Answer{Status: 503, Details: "wasm_fail_stream"}}
	if w.instance == nil {
		if now := w.process.Now; now-w.tried < reloadEvery {
			return own
		}
		w.tried = w.process.Now
		i, err := w.process.Instance(ctx, w.config)
		if err != nil {
			return own
		}
		w.instance = i
	}
	result, err := w.instance.Send(ctx, r)
	if err != nil {
		w.Traps++
		_ = w.instance.Close(ctx)
		w.instance = nil
		return own
	}
	return result
}

// Ticks is that of the instance, if there is one.
func (w *Worker) Ticks(ctx context.Context) error {
	if w.instance == nil {
		return nil
	}
	return w.instance.Ticks(ctx)
}

// Close ends the worker.
func (w *Worker) Close(ctx context.Context) error {
	if w.instance == nil {
		return nil
	}
	return w.instance.Close(ctx)
}
