package wasmcheck

import (
	"slices"
	"strings"
	"testing"
)

// small imports env.log and exports it, a function of its own, and a memory.
var small = []byte("\x00asm\x01\x00\x00\x00" +
	"\x01\x0b\x02\x60\x01\x7f\x00\x60\x02\x7f\x7e\x01\x7e" + // types: (i32) -> (), (i32 i64) -> (i64)
	"\x02\x0b\x01\x03env\x03log\x00\x00" +
	"\x03\x02\x01\x01" +
	"\x05\x03\x01\x00\x01" +
	"\x07\x13\x03\x03log\x00\x00\x03run\x00\x01\x03mem\x02\x00" +
	"\x0a\x06\x01\x04\x00\x42\x00\x0b")

func TestInterface(t *testing.T) {
	got, err := Interface(small)
	want := []string{"export log (i32) -> ()", "export memory mem", "export run (i32 i64) -> (i64)", "import env.log (i32) -> ()"}
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("Interface = %q, %v; want %q", got, err, want)
	}
}

func TestInterfaceMalformed(t *testing.T) {
	complete := 0 // cuts at the end of a section leave a module
	for n := range len(small) {
		if _, err := Interface(small[:n]); err == nil {
			complete++
		}
	}
	if complete != 6 {
		t.Errorf("%d prefixes of the module are modules, want 6: the preamble and five sections", complete)
	}
	if _, err := Interface([]byte("\x00asm\x01\x00\x00\x00\x01\x7f")); err == nil {
		t.Error("a section longer than the module gives no error")
	}
}

func TestGolden(t *testing.T) {
	g := Golden{Budget: 100, Lines: []string{"export a", "import b"}}
	read, err := ParseGolden(g.Format("x.wasm"))
	if err != nil || read.Budget != 100 || !slices.Equal(read.Lines, g.Lines) {
		t.Fatalf("ParseGolden(Format) = %v, %v", read, err)
	}
	for _, row := range []struct {
		name  string
		lines []string
		size  int
		want  []string
	}{
		{"equal", g.Lines, 100, nil},
		{"new import", []string{"export a", "import b", "import c"}, 100, []string{"new:  import c"}},
		{"export gone", []string{"import b"}, 100, []string{"gone: export a"}},
		{"too large", g.Lines, 101, []string{"size: 101 bytes gzipped, the budget is 100"}},
	} {
		if got := g.Compare(row.lines, row.size); !slices.Equal(got, row.want) {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
	for _, text := range []string{"", "export a\n", "budget gzip many\n", "budget gzip 0\n"} {
		if _, err := ParseGolden([]byte(text)); err == nil {
			t.Errorf("ParseGolden(%q) gives no error", text)
		}
	}
}

func TestGzippedSize(t *testing.T) {
	if n := GzippedSize([]byte(strings.Repeat("a", 100000))); n < 20 || n > 1000 {
		t.Errorf("100,000 equal bytes gzip to %d", n)
	}
}
