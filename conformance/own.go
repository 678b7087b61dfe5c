package conformance

import (
	"context"
	"fmt"
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
	cache  string // folder for compiled code, "" for one that is removed at the end
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
