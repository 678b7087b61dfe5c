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
	name  string
	needs ownFile
	start func(context.Context, wasmFiles) (Subject, error)
}{
	{"native", noFile, startNative},
	{"wasm-compiler", moduleFile, startWasmCompiler},
	{"wasm-interpreter", moduleFile, startWasmInterpreter},
	{"proxy-wasm-1.36", proxyFile, startProxyOlder},
	{"proxy-wasm-1.40", proxyFile, startProxyNewer},
	{"proxy-wasm-plain", proxyFile, startProxyPlain},
}

// ownFile is the file that an own build needs: its flag, without hyphens.
type ownFile string

const (
	noFile     ownFile = ""
	moduleFile ownFile = "module"
	proxyFile  ownFile = "proxy-module"
)

// ownNames lists all own builds.
func ownNames() []string { return (&wasmFiles{module: "x", proxy: "x"}).names() }

// names lists the own builds that can run with these files.
func (f *wasmFiles) names() []string {
	var names []string
	for _, o := range own {
		if o.needs == noFile || f.file(o.needs) != "" {
			names = append(names, o.name)
		}
	}
	return names
}

func (f *wasmFiles) file(which ownFile) string {
	switch which {
	case moduleFile:
		return f.module
	case proxyFile:
		return f.proxy
	}
	return ""
}

// wasmFiles are the files of the WebAssembly subjects.
type wasmFiles struct {
	module string // the verifier's module, "" for none
	proxy  string // the filter for proxies, "" for none
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
		case o.name == name && o.needs == moduleFile && files.module == "":
			return nil, fmt.Errorf("the subject %s needs --module FILE (make wasm writes dist/ajwt.wasm)", name)
		case o.name == name && o.needs == proxyFile && files.proxy == "":
			return nil, fmt.Errorf("the subject %s needs --proxy-module FILE (make wasm writes %s)", name, proxyModule)
		case o.name == name:
			return o.start(ctx, files)
		}
	}
	return nil, fmt.Errorf("unknown subject %q; there are: %s", name, strings.Join(ownNames(), ", "))
}
