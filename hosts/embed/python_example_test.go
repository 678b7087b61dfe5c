package embed

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

var update = flag.Bool("update", false, "write the files of examples/python again")

// TestPythonExampleFiles holds that policy and requests of the Python example are
// those of abitest, and that the records which it is to print are the native core's.
func TestPythonExampleFiles(t *testing.T) {
	type request struct {
		Method    string      `json:"method"`
		Scheme    string      `json:"scheme"`
		Authority string      `json:"authority"`
		Target    string      `json:"target"`
		Headers   [][2]string `json:"headers"`
		Now       int64       `json:"now"`
	}
	var file struct {
		Start    int64     `json:"start"`
		Requests []request `json:"requests"`
	}
	file.Start = abitest.Start
	var expected []byte
	core := native(t, abitest.Policy(), ajwt.Options{})
	for _, r := range abitest.Mixed() {
		if r.Method == "" {
			continue
		}
		headers := [][2]string{}
		for _, h := range r.Headers {
			headers = append(headers, [2]string{h.Name, h.Value})
		}
		file.Requests = append(file.Requests, request{r.Method, r.Scheme, r.Authority, r.Target, headers, r.Now})
		d := core.Verify(r)
		expected = append(d.AppendRecord(expected), '\n')
	}
	requests, err := json.MarshalIndent(file, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{
		"policy.json":   abitest.Policy(),
		"requests.json": append(requests, '\n'),
		"expected.txt":  expected,
	} {
		path := filepath.Join("examples", "python", name)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		have, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(have, want) {
			t.Errorf("%s is not what the test makes; run with -update and review", path)
		}
	}
}
