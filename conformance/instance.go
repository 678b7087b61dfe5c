package conformance

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/agentic-jwt/ajwt/wasm/abi"
)

// compiled is a WebAssembly module, ready to be instantiated as often as needed.
type compiled struct {
	cache   wazero.CompilationCache // nil for the interpreter
	runtime wazero.Runtime
	module  wazero.CompiledModule
}

// compile compiles the module in a file, with a folder that keeps the result, or
// prepares it for the interpreter.
func compile(ctx context.Context, file, cache string, interpreter bool) (*compiled, error) {
	wasm, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if len(wasm) == 0 {
		return nil, fmt.Errorf("%s is empty", file)
	}
	c := new(compiled)
	config := wazero.NewRuntimeConfigInterpreter()
	if !interpreter {
		if c.cache, err = wazero.NewCompilationCacheWithDir(cache); err != nil {
			return nil, err
		}
		config = wazero.NewRuntimeConfigCompiler().WithCompilationCache(c.cache)
	}
	c.runtime = wazero.NewRuntimeWithConfig(ctx, config)
	if _, err = wasi_snapshot_preview1.Instantiate(ctx, c.runtime); err == nil {
		c.module, err = c.runtime.CompileModule(ctx, wasm)
	}
	if err != nil {
		_ = c.close(ctx)
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return c, nil
}

func (c *compiled) close(ctx context.Context) error {
	err := c.runtime.Close(ctx)
	if c.cache != nil {
		err = errors.Join(err, c.cache.Close(ctx))
	}
	return err
}

// instance is one instance of a module, called as spec/abi.md says and no further: it
// has none of the comforts of hosts/embed.
type instance struct {
	module api.Module
	buffer uint32   // address of the message buffer
	size   uint32   // of the buffer in bytes
	strip  []string // names to remove under the policy that is configured
}

// instantiate makes an instance and checks its ABI version.
func (c *compiled) instantiate(ctx context.Context) (*instance, error) {
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize").
		WithSysWalltime().WithSysNanotime().WithSysNanosleep().WithRandSource(rand.Reader)
	module, err := c.runtime.InstantiateModule(ctx, c.module, config)
	if err != nil {
		return nil, &Fault{FaultCrash, "the module does not start: " + err.Error()}
	}
	i := &instance{module: module}
	version, err := i.export(ctx, "ajwt_abi_version")
	if err == nil && uint32(version) != abi.Version {
		err = &Fault{FaultProtocol, fmt.Sprintf("ABI version %d, want %d", version, abi.Version)}
	}
	if err != nil {
		i.discard(ctx)
		return nil, err
	}
	return i, nil
}

func (i *instance) discard(ctx context.Context) { _ = i.module.Close(ctx) }

// export calls an export that has at most one result.
func (i *instance) export(ctx context.Context, name string, params ...uint64) (uint64, error) {
	f := i.module.ExportedFunction(name)
	if f == nil {
		return 0, &Fault{FaultProtocol, "the module does not export " + name}
	}
	results, err := f.Call(ctx, params...)
	if err != nil {
		return 0, &Fault{FaultCrash, name + ": " + err.Error()}
	}
	if len(results) == 0 {
		return 0, nil
	}
	return results[0], nil
}

// send hands a message to an export and returns a copy of its answer.
func (i *instance) send(ctx context.Context, name string, message []byte) ([]byte, error) {
	if size := uint32(len(message)); size > i.size {
		if i.buffer != 0 {
			if _, err := i.export(ctx, "ajwt_free", uint64(i.buffer)); err != nil {
				return nil, err
			}
		}
		at, err := i.export(ctx, "ajwt_alloc", uint64(size))
		if err != nil {
			return nil, err
		}
		if i.buffer, i.size = uint32(at), size; i.buffer == 0 {
			return nil, &Fault{FaultCrash, "ajwt_alloc gave nothing"}
		}
	}
	if !i.module.Memory().Write(i.buffer, message) {
		return nil, &Fault{FaultCrash, "the buffer lies outside the memory"}
	}
	packed, err := i.export(ctx, name, uint64(i.buffer), uint64(len(message)))
	if err != nil {
		return nil, err
	}
	answer, ok := i.module.Memory().Read(uint32(packed>>32), uint32(packed))
	if !ok {
		return nil, &Fault{FaultCrash, name + ": the answer lies outside the memory"}
	}
	return append([]byte(nil), answer...), nil
}

// ask is send for the exports of the verifier.
func (i *instance) ask(ctx context.Context, name string, message []byte) (abi.Answer, error) {
	data, err := i.send(ctx, name, message)
	if err != nil {
		return abi.Answer{}, err
	}
	answer, err := abi.DecodeAnswer(data)
	if err != nil {
		return abi.Answer{}, &Fault{FaultProtocol, name + ": " + err.Error()}
	}
	return answer, nil
}
