package envoytest

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// With FAIL_OPEN everything passes after a trap. No example says it; comments may warn.
func TestNoExampleFailsOpen(t *testing.T) {
	files := 0
	require.NoError(t, filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".yaml" && filepath.Ext(name) != ".json" {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		files++
		for n, line := range strings.Split(string(text), "\n") {
			code, _, _ := strings.Cut(line, "#")
			if strings.Contains(code, "FAIL_OPEN") {
				t.Errorf("%s:%d: %s", name, n+1, line)
			}
		}
		return nil
	}))
	require.Positive(t, files)
}
