package wasmcheck

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strconv"
	"strings"
)

// Golden is a file of wasm/golden: the gzipped size budget of an artefact, and its
// interface.
type Golden struct {
	Budget int // bytes after gzip -9
	Lines  []string
}

const budgetPrefix = "budget gzip "

// ParseGolden reads a golden file: lines that begin with # are comments, one line
// gives the budget, every other one is a line of Interface.
func ParseGolden(text []byte) (Golden, error) {
	var g Golden
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if size, ok := strings.CutPrefix(line, budgetPrefix); ok {
			n, err := strconv.Atoi(size)
			if err != nil || n <= 0 {
				return Golden{}, fmt.Errorf("budget %q: want a number of bytes", size)
			}
			g.Budget = n
			continue
		}
		g.Lines = append(g.Lines, line)
	}
	if g.Budget == 0 {
		return Golden{}, fmt.Errorf("no line %q", budgetPrefix+"BYTES")
	}
	return g, nil
}

// Format writes a golden file.
func (g Golden) Format(artefact string) []byte {
	return []byte("# What " + artefact + " imports and exports, and the most bytes that it may have\n" +
		"# after gzip -9. A new import is one that some host lacks: review it before you\n" +
		"# run go run ./wasm/check -update dist/" + artefact + ". The budget is raised by hand.\n" +
		budgetPrefix + strconv.Itoa(g.Budget) + "\n" + strings.Join(g.Lines, "\n") + "\n")
}

// Compare lists the differences between a golden file and a module's interface and
// gzipped size; none means that they agree.
func (g Golden) Compare(lines []string, gzipped int) (differences []string) {
	for _, missing := range subtract(g.Lines, lines) {
		differences = append(differences, "gone: "+missing)
	}
	for _, added := range subtract(lines, g.Lines) {
		differences = append(differences, "new:  "+added)
	}
	if gzipped > g.Budget {
		differences = append(differences, fmt.Sprintf("size: %d bytes gzipped, the budget is %d", gzipped, g.Budget))
	}
	return differences
}

func subtract(a, b []string) (out []string) {
	in := map[string]bool{}
	for _, line := range b {
		in[line] = true
	}
	for _, line := range a {
		if !in[line] {
			out = append(out, line)
		}
	}
	return out
}

// GzippedSize is the length of data after compression at level 9.
func GzippedSize(data []byte) int {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	w.Write(data)
	w.Close()
	return b.Len()
}
