// Command check compares WebAssembly artefacts with their golden files: imports and
// exports, and the size after gzip.
//
//	go run ./wasm/check [-golden wasm/golden] [-update] FILE.wasm…
//
// -update writes the lists anew and leaves the budget as it is. The exit code is 0
// when everything agrees, 1 when something differs, 2 when a file cannot be read.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/agentic-jwt/ajwt/wasm/internal/wasmcheck"
)

func main() {
	dir := flag.String("golden", filepath.Join("wasm", "golden"), "`folder` of the golden files")
	update := flag.Bool("update", false, "write the lists anew")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "check: want at least one wasm file")
		os.Exit(2)
	}
	code := 0
	for _, file := range flag.Args() {
		code = max(code, check(file, *dir, *update))
	}
	os.Exit(code)
}

func check(file, dir string, update bool) int {
	name := filepath.Base(file)
	golden := filepath.Join(dir, name+".txt")
	module, err := os.ReadFile(file)
	if err != nil {
		return fail(err)
	}
	lines, err := wasmcheck.Interface(module)
	if err != nil {
		return fail(fmt.Errorf("%s: %w", file, err))
	}
	text, err := os.ReadFile(golden)
	if err != nil {
		return fail(err)
	}
	want, err := wasmcheck.ParseGolden(text)
	if err != nil {
		return fail(fmt.Errorf("%s: %w", golden, err))
	}
	size := wasmcheck.GzippedSize(module)
	if update {
		want.Lines = lines
		if err := os.WriteFile(golden, want.Format(name), 0o644); err != nil {
			return fail(err)
		}
	}
	differences := want.Compare(lines, size)
	for _, d := range differences {
		fmt.Fprintf(os.Stderr, "%s: %s\n", golden, d)
	}
	if len(differences) > 0 {
		return 1
	}
	fmt.Printf("%s: %d lines, %d bytes, %d gzipped of %d\n", name, len(lines), len(module), size, want.Budget)
	return 0
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "check:", err)
	return 2
}
