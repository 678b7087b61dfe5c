package conformance

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/agentic-jwt/ajwt/vectors"
)

// TestNative runs every vector against the core: a vector that the core does not
// decide as written fails here, not only in make conformance.
func TestNative(t *testing.T) {
	s, err := LoadSuite("")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(context.Background(), s, []Subject{Native()}, toyOptions())
	if err != nil {
		t.Fatal(err)
	}
	if r.Passed != s.Len() || r.Exit != ExitConformant {
		var b strings.Builder
		_ = r.WriteText(&b)
		t.Errorf("%d of %d vectors passed, exit %d\n%s", r.Passed, s.Len(), r.Exit, b.String())
	}
}

// TestWasm runs a few vectors of every operation through the modules, under both
// engines, beside the core. It needs the modules: make wasm.
func TestWasm(t *testing.T) {
	s, err := LoadSuite("")
	if err != nil {
		t.Fatal(err)
	}
	files := builtModules
	values := ",hash.form.*,policy.several.*,jwk.set.kid-missing,thumbprint.jwk.rfc*"
	for name, filter := range map[string]string{
		"wasm-compiler":    "jws.compact.*,request.*,replay.*,dpop.htu.*" + values,
		"wasm-interpreter": "jws.compact.two-parts,replay.proof.resigned" + values,
	} {
		t.Run(name, func(t *testing.T) {
			subject, err := startOwn(context.Background(), name, files)
			if err != nil {
				t.Fatalf("%v (make wasm writes it)", err)
			}
			o := toyOptions()
			o.Filter = filter
			r, err := Run(context.Background(), s, []Subject{Native(), subject}, o)
			if err != nil {
				t.Fatal(err)
			}
			if r.Passed != 2*r.Suite.Selected || r.Exit != ExitConformant {
				var b strings.Builder
				_ = r.WriteText(&b)
				t.Errorf("exit %d\n%s", r.Exit, b.String())
			}
		})
	}
	t.Run("no module", func(t *testing.T) {
		if _, err := startOwn(context.Background(), "wasm-compiler", wasmFiles{module: filepath.Join(t.TempDir(), "none")}); err == nil {
			t.Error("a module that is not there was taken")
		}
	})
	t.Run("no values module", func(t *testing.T) {
		files := files
		files.values = filepath.Join(t.TempDir(), "none")
		if _, err := startOwn(context.Background(), "wasm-compiler", files); err == nil {
			t.Error("a module that is not there was taken")
		}
	})
	t.Run("no WebAssembly", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "ajwt.wasm")
		for _, text := range []string{"", "\x00asm", "\x00asm\x01\x00\x00\x00"} {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := startOwn(context.Background(), "wasm-compiler", wasmFiles{module: file}); err == nil {
				t.Errorf("a module of %d bytes was taken", len(text))
			}
		}
	})
}

// TestReplayMemory holds that the memory of a case has the size that the case, or else
// its policy, says.
func TestReplayMemory(t *testing.T) {
	tests := []struct {
		name             string
		policy           string
		replay           vectors.Replay
		capacity, perKey int
	}{
		{"nothing said", `{}`, vectors.Replay{}, maxCaseReplay, maxCaseReplay / 16},
		{"by the policy", `{"replay":{"capacity":8,"per_key":3}}`, vectors.Replay{}, 8, 3},
		{"quota follows from the capacity", `{"replay":{"capacity":32}}`, vectors.Replay{}, 32, 2},
		{"the quota is at least one", `{"replay":{"capacity":8}}`, vectors.Replay{}, 8, 1},
		{"by the case", `{"replay":{"capacity":8,"per_key":3}}`, vectors.Replay{Capacity: 4, PerKey: 2}, 4, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			capacity, perKey := replaySize(&Prepared{Policy: []byte(tt.policy), Replay: tt.replay})
			if capacity != tt.capacity || perKey != tt.perKey {
				t.Errorf("capacity %d, per key %d; want %d and %d", capacity, perKey, tt.capacity, tt.perKey)
			}
		})
	}
}

// TestSubset holds the fixed subset to its size, and that the seed has no part in it.
func TestSubset(t *testing.T) {
	s, err := LoadSuite("")
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.match("")
	if err != nil {
		t.Fatal(err)
	}
	picked := s.subset(all)
	signatures, areas := 0, make(map[string]bool)
	in := make(map[int]bool)
	for _, i := range picked {
		in[i] = true
		areas[area(s.cases[i].ID)] = true
		if signaturesOf(&s.cases[i]) > 0 {
			signatures++
		}
	}
	if len(picked) < 60 || signatures > 40 {
		t.Errorf("%d cases, %d with signatures; want at least 60 and at most 40", len(picked), signatures)
	}
	for i := range in {
		if twin := s.cases[i].Twin; twin != "" && !in[s.index[twin]] {
			t.Errorf("%s is there without its twin", s.cases[i].ID)
		}
	}
	for i := range s.cases {
		if a := area(s.cases[i].ID); !areas[a] {
			t.Errorf("no case of the area %s", a)
			areas[a] = true
		}
	}
}
