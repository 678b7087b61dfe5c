package embed

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// pool holds the compiled module and its idle instances. A place in it is taken for
// every call; the instance that became idle last is used first, since its caches and
// the processor's are warm.
type pool struct {
	options   *Options
	configure []byte // the message
	cache     wazero.CompilationCache
	runtime   wazero.Runtime
	compiled  wazero.CompiledModule
	places    chan struct{} // as many as instances may exist

	closing sync.Once

	mu   sync.Mutex
	idle []*instance
}

// newPool compiles the module and makes the first instance, so that a module or a
// configuration that does not fit is found at once.
func newPool(ctx context.Context, wasm, configure []byte, o *Options) (p *pool, err error) {
	p = &pool{options: o, configure: configure, places: make(chan struct{}, o.Instances)}
	defer func() {
		if err != nil {
			p.free()
			p = nil
		}
	}()
	config := wazero.NewRuntimeConfig()
	if o.Interpreter {
		config = wazero.NewRuntimeConfigInterpreter()
	}
	if o.CacheDir != "" {
		if p.cache, err = wazero.NewCompilationCacheWithDir(o.CacheDir); err != nil {
			return p, fmt.Errorf("embed: Options.CacheDir: %w", err)
		}
		config = config.WithCompilationCache(p.cache)
	}
	config = config.WithMemoryLimitPages(uint32(o.MemoryBytes / memoryPage))
	p.runtime = wazero.NewRuntimeWithConfig(ctx, config)
	wasi := p.runtime.NewHostModuleBuilder(yieldModule)
	wasi_snapshot_preview1.NewFunctionExporter().ExportFunctions(wasi)
	wasi.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(yield), nil, []api.ValueType{api.ValueTypeI32}).Export(yieldName)
	if _, err = wasi.Instantiate(ctx); err != nil {
		return p, fmt.Errorf("embed: %w", err)
	}
	if wasm, err = interruptible(wasm); err != nil {
		return p, err
	}
	if p.compiled, err = p.runtime.CompileModule(ctx, wasm); err != nil {
		return p, fmt.Errorf("embed: the module: %w", err)
	}
	first, err := p.make(ctx)
	if err != nil {
		return p, err
	}
	p.idle = append(p.idle, first)
	for range o.Instances {
		p.places <- struct{}{}
	}
	return p, nil
}

// moduleConfig gives the module real clocks and randomness, and nothing else of the
// program: no files, no arguments, no environment.
func (p *pool) moduleConfig() wazero.ModuleConfig {
	return wazero.NewModuleConfig().
		WithName("").         // anonymous, so that there may be many
		WithStartFunctions(). // make calls _initialize, with a time limit
		WithSysWalltime().WithSysNanotime().WithSysNanosleep().
		WithRandSource(rand.Reader).
		WithStderr(p.options.Stderr)
}

// acquire takes a place and gives an instance that has the documents. The code is
// internal_busy where none became free in time, and otherwise tells why none could
// be made.
func (p *pool) acquire(ctx context.Context, d *documents) (*instance, ajwt.Code) {
	select {
	case <-p.places:
	default:
		ctx, cancel := context.WithTimeout(ctx, p.options.WaitTimeout)
		defer cancel()
		select {
		case <-p.places:
		case <-ctx.Done():
			return nil, ajwt.CodeInternalBusy
		}
	}
	return p.ready(d)
}

// acquirePatiently is acquire for as long as the context holds.
func (p *pool) acquirePatiently(ctx context.Context, d *documents) (*instance, ajwt.Code) {
	select {
	case <-p.places:
	case <-ctx.Done():
		return nil, ajwt.CodeInternalBusy
	}
	return p.ready(d)
}

// ready gives an instance to whoever has taken a place, and the place back where
// there is none. An instance that does not take the documents is replaced once.
func (p *pool) ready(d *documents) (*instance, ajwt.Code) {
	i := p.pop()
	if i != nil && i.generation != d.generation && d.bring(i) != 0 {
		i.discard()
		i = nil
	}
	if i != nil {
		return i, 0
	}
	i, err := p.make(context.Background())
	code := ajwt.CodeInternalTrap
	if err == nil {
		if code = d.bring(i); code == 0 {
			return i, 0
		}
		i.discard()
	}
	p.places <- struct{}{}
	return nil, code
}

func (p *pool) pop() *instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return nil
	}
	i := p.idle[last]
	p.idle[last] = nil
	p.idle = p.idle[:last]
	return i
}

// release gives instance and place back; a broken instance is discarded, and the
// place is filled again when it is next needed.
func (p *pool) release(i *instance) {
	if i.broken {
		i.discard()
	} else {
		p.mu.Lock()
		p.idle = append(p.idle, i)
		p.mu.Unlock()
	}
	p.places <- struct{}{}
}

// close takes all places and keeps them, so that no call is left and none begins.
func (p *pool) close() (err error) {
	p.closing.Do(func() {
		for range cap(p.places) {
			<-p.places
		}
		err = p.free()
	})
	return err
}

func (p *pool) free() error {
	var err error
	if p.runtime != nil {
		err = p.runtime.Close(context.Background())
	}
	if p.cache != nil {
		err = errors.Join(err, p.cache.Close(context.Background()))
	}
	return err
}
