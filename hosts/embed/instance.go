package embed

import (
	"context"
	"fmt"
	"time"

	"github.com/tetratelabs/wazero/api"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi"
)

// instance is one instance of the module. One goroutine uses it at a time.
type instance struct {
	module     api.Module
	memory     api.Memory
	allocate   api.Function
	free       api.Function
	onVerify   api.Function
	onLoad     api.Function
	limits     *Options
	clock      stopwatch
	stack      [2]uint64 // parameters and result of a call
	buffer     uint32    // address of the message buffer, 0 for none
	size       uint32    // of the buffer in bytes
	generation uint64    // of the documents that it has
	broken     bool      // it trapped, ran out of time or gave nonsense
}

const (
	minBuffer  = 16 << 10 // bytes; a usual request with room to spare
	keepBuffer = 1 << 20  // bytes; a larger buffer is given back after the call
)

// make makes an instance and configures it.
func (p *pool) make(ctx context.Context) (*instance, error) {
	module, err := p.runtime.InstantiateModule(ctx, p.compiled, p.moduleConfig())
	if err != nil {
		return nil, fmt.Errorf("embed: the module does not start: %w", err)
	}
	i := &instance{module: module, memory: module.ExportedMemory("memory"), limits: p.options, clock: stopwatch{Context: context.Background()}}
	if err := i.prepare(p.configure); err != nil {
		i.discard()
		return nil, err
	}
	return i, nil
}

func (i *instance) prepare(configure []byte) error {
	initialize := i.function("_initialize", 0, 0)
	version, onConfigure := i.function("ajwt_abi_version", 0, 1), i.function("ajwt_configure", 2, 1)
	i.allocate, i.free = i.function("ajwt_alloc", 1, 1), i.function("ajwt_free", 1, 0)
	i.onVerify, i.onLoad = i.function("ajwt_verify", 2, 1), i.function("ajwt_load", 2, 1)
	if i.broken || i.memory == nil {
		return fmt.Errorf("embed: the module lacks exports of ABI version %d", abi.Version)
	}
	if code := i.call(initialize, i.limits.LoadTimeout); code != 0 {
		return fmt.Errorf("embed: _initialize: %s", code)
	}
	if code := i.call(version, i.limits.LoadTimeout); code != 0 {
		return fmt.Errorf("embed: ajwt_abi_version: %s", code)
	}
	if have := uint32(i.stack[0]); have != abi.Version {
		return fmt.Errorf("embed: the module has ABI version %d, want %d", have, abi.Version)
	}
	answer, code := i.send(onConfigure, i.limits.LoadTimeout, len(configure), func(dst []byte) []byte {
		return append(dst, configure...)
	})
	switch {
	case code != 0:
		return fmt.Errorf("embed: ajwt_configure: %s", code)
	case answer.Action != abi.ActionPass:
		return refused(answer)
	}
	return nil
}

// function gives an export with so many parameters and results.
func (i *instance) function(name string, params, results int) api.Function {
	f := i.module.ExportedFunction(name)
	if f == nil || len(f.Definition().ParamTypes()) != params || len(f.Definition().ResultTypes()) != results {
		i.broken = true
		return nil
	}
	return f
}

func (i *instance) verify(req *ajwt.Request, replay abi.ReplayAnswer) (abi.Answer, ajwt.Code) {
	return i.send(i.onVerify, i.limits.CallTimeout, abi.VerifySize(req), func(dst []byte) []byte {
		return abi.AppendVerify(dst, req, replay)
	})
}

func (i *instance) load(d *abi.Document) (abi.Answer, ajwt.Code) {
	return i.send(i.onLoad, i.limits.LoadTimeout, abi.LoadSize(d), func(dst []byte) []byte {
		return abi.AppendLoad(dst, d)
	})
}

// send writes a message of at most size bytes into the instance, calls the export
// and reads the answer. After any fault the instance is broken.
func (i *instance) send(f api.Function, limit time.Duration, size int, write func([]byte) []byte) (abi.Answer, ajwt.Code) {
	if size > abi.MaxMessageBytes {
		return abi.Answer{}, ajwt.CodeABITooLarge
	}
	if code := i.room(uint32(size)); code != 0 {
		return abi.Answer{}, code
	}
	view, ok := i.memory.Read(i.buffer, i.size)
	if !ok {
		return i.malformed()
	}
	message := write(view[:0])
	i.stack[0], i.stack[1] = uint64(i.buffer), uint64(len(message))
	if code := i.call(f, limit); code != 0 {
		return abi.Answer{}, code
	}
	data, ok := i.memory.Read(uint32(i.stack[0]>>32), uint32(i.stack[0]))
	if !ok {
		return i.malformed()
	}
	answer, err := abi.DecodeAnswer(data)
	if err != nil {
		return i.malformed()
	}
	if i.size > keepBuffer {
		i.giveBack()
	}
	return answer, 0
}

func (i *instance) malformed() (abi.Answer, ajwt.Code) {
	i.broken = true
	return abi.Answer{}, ajwt.CodeABIAnswerMalformed
}

// room sees to it that the message buffer has so many bytes.
func (i *instance) room(size uint32) ajwt.Code {
	if size <= i.size {
		return 0
	}
	if code := i.giveBack(); code != 0 {
		return code
	}
	size = max(size, minBuffer)
	i.stack[0] = uint64(size)
	if code := i.call(i.allocate, i.limits.CallTimeout); code != 0 {
		return code
	}
	if i.buffer = uint32(i.stack[0]); i.buffer == 0 {
		i.broken = true
		return ajwt.CodeInternalTrap
	}
	i.size = size
	return 0
}

func (i *instance) giveBack() ajwt.Code {
	if i.buffer == 0 {
		return 0
	}
	i.stack[0] = uint64(i.buffer)
	i.buffer, i.size = 0, 0
	return i.call(i.free, i.limits.CallTimeout)
}

// call calls an export with the stack within a time limit.
func (i *instance) call(f api.Function, limit time.Duration) ajwt.Code {
	i.clock.deadline = time.Now().Add(limit)
	err := f.CallWithStack(&i.clock, i.stack[:])
	expired := i.clock.expired()
	if err == nil && !expired {
		return 0
	}
	i.broken = true
	if expired {
		return ajwt.CodeInternalTimeout
	}
	return ajwt.CodeInternalTrap
}

func (i *instance) discard() { i.module.Close(context.Background()) }

// stopwatch is the context of an instance's calls. Nothing needs to be made for a
// call, and no timer runs: the module itself comes back and asks (see interruptible).
type stopwatch struct {
	context.Context
	deadline time.Time
}

type stopwatchKey struct{}

// Value implements context.Context.
func (s *stopwatch) Value(key any) any {
	if key == (stopwatchKey{}) {
		return s
	}
	return s.Context.Value(key)
}

func (s *stopwatch) expired() bool { return time.Now().After(s.deadline) }

// yield is the import sched_yield: it ends a call that has run out of time.
func yield(ctx context.Context, _ api.Module, stack []uint64) {
	if s, ok := ctx.Value(stopwatchKey{}).(*stopwatch); ok && s.expired() {
		panic(context.DeadlineExceeded)
	}
	stack[0] = 0
}
