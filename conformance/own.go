package conformance

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

// own names this project's builds in the order in which they run; the first one is
// the reference with which the others must agree in every detail.
var own = []struct {
	name   string
	module bool // it needs the module
	start  func(context.Context, wasmFiles) (Subject, error)
}{
	{"native", false, startNative},
	{"wasm-compiler", true, startWasmCompiler},
	{"wasm-interpreter", true, startWasmInterpreter},
}

// ownNames lists the own builds, those that need a module only if there is one.
func ownNames(module bool) []string {
	var names []string
	for _, o := range own {
		if !o.module || module {
			names = append(names, o.name)
		}
	}
	return names
}

// wasmFiles are the files of the WebAssembly subjects.
type wasmFiles struct {
	module string // the verifier's module, "" for none
	values string // the module that computes values, "" for ajwt-values.wasm beside module
	cache  string // folder for compiled code, "" for one that is removed at the end
}

// valuesModule is the name of the module that computes values.
const valuesModule = "ajwt-values.wasm"

func (f *wasmFiles) valuesModule() string {
	if f.values != "" {
		return f.values
	}
	return filepath.Join(filepath.Dir(f.module), valuesModule)
}

func startOwn(ctx context.Context, name string, files wasmFiles) (Subject, error) {
	for _, o := range own {
		switch {
		case o.name == name && o.module && files.module == "":
			return nil, fmt.Errorf("the subject %s needs --module FILE (make wasm writes dist/ajwt.wasm)", name)
		case o.name == name:
			return o.start(ctx, files)
		}
	}
	return nil, fmt.Errorf("unknown subject %q; there are: %s", name, strings.Join(ownNames(true), ", "))
}
