// Command ecgen writes core/p256_gen.go and core/p384_gen.go: the numbers of the two
// curves, and their point formulas with every product written out.
//
//	go run ./core/ecgen [-check]
//
// Why written out: in WebAssembly a loop costs more than a product, and so does a limb
// that is loaded through a pointer. A formula whose limbs are all variables of one
// function doubles a point 3.7 times as fast (P-256, wazero) as one that calls a
// function for each product. P-384 is rarer and makes the calls: its formulas written
// out would double ES384's speed and add 19 KB to the compressed module. -check writes nothing and fails where a file differs.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	check := flag.Bool("check", false, "compare only")
	flag.Parse()
	code := 0
	for _, f := range fields {
		text, err := file(f)
		if err != nil {
			fmt.Fprintln(os.Stderr, "ecgen:", err)
			os.Exit(2)
		}
		path := filepath.Join("core", f.name+"_gen.go")
		if !*check {
			err = os.WriteFile(path, text, 0o644)
		} else if current, readErr := os.ReadFile(path); readErr != nil || !bytes.Equal(current, text) {
			err = fmt.Errorf("%s is not what go run ./core/ecgen writes", path)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "ecgen:", err)
			code = 1
		}
	}
	os.Exit(code)
}
