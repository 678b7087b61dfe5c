package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/agentic-jwt/ajwt/wasm/abi"
)

// TestValueFaults holds that an input which is no computation is a fault and never a
// rejection, natively and in the module.
func TestValueFaults(t *testing.T) {
	ctx := context.Background()
	module, err := startOwn(ctx, "wasm-compiler", builtModules)
	if err != nil {
		t.Fatalf("%v (make wasm writes it)", err)
	}
	defer module.Close()
	agent := `{"agent_id":"a","prompt_template":"p","tools":[]}`
	for _, row := range []struct{ name, op, input, verdict string }{
		{"an agent", opChecksum, `{"reading":"jcs","agent":` + agent + `}`, verdictAccept},
		{"an agent that has no checksum", opChecksum, `{"reading":"jcs","agent":{}}`, verdictReject},
		{"unknown reading", opChecksum, `{"reading":"JCS","agent":` + agent + `}`, ""},
		{"no form", opChainHash, `{"chain":["a"]}`, ""},
		{"input of another type", opJCS, `{"json":1}`, ""},
		{"unknown operation", "sum", `{}`, ""},
	} {
		for _, s := range []Subject{Native(), module} {
			a, err := s.Run(ctx, &Prepared{Op: row.op, Input: json.RawMessage(row.input)})
			var fault *Fault
			if a.Verdict != row.verdict || errors.As(err, &fault) != (row.verdict == "") {
				t.Errorf("%s, %s: %q, %v", row.name, s.Name(), a.Verdict, err)
			}
		}
	}
}

// TestValuesMemory holds that the module which computes values does not keep what it is
// done with: linear memory never shrinks.
func TestValuesMemory(t *testing.T) {
	ctx := context.Background()
	c, err := compile(ctx, builtModules.valuesModule(), builtModules.cache, false)
	if err != nil {
		t.Fatalf("%v (make wasm writes it)", err)
	}
	defer c.close(ctx)
	i, err := c.instantiate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	text := abi.Computation{Operation: abi.OpJCS, Document: []byte("[" + strings.Repeat("0,", 10000) + "0]")}
	message := abi.AppendCompute(nil, &text)
	for range 200 { // 56 MB of parsed values, and as much for growing lists
		data, err := i.send(ctx, "ajwt_compute", message)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := abi.DecodeValue(data); err != nil {
			t.Fatal(err)
		}
	}
	if size := i.module.Memory().Size(); size > 24<<20 {
		t.Errorf("%d MiB of linear memory", size>>20)
	}
}

// builtModules are the modules that make wasm writes.
var builtModules = wasmFiles{module: filepath.Join("..", "dist", "ajwt.wasm"), cache: filepath.Join("..", "build", "conformance", "cache")}
