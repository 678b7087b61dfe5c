// Package arrows holds the direction of imports: arrows point inward only.
package arrows

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/agentic-jwt/ajwt/"

// allowed names, for each top folder, the folders of the project that it may import.
var allowed = map[string][]string{
	"core":         {"core"},
	"spec":         {"spec"},
	"vectors":      {"vectors"},
	"vectors/gen":  {"vectors", "spec"},
	"vectors/lint": {"vectors", "spec"},
	"wasm":         {"core", "wasm"},
	"hosts":        {"core", "wasm/abi", "hosts"},
	"conformance":  {"core", "wasm/abi", "hosts", "spec", "vectors", "conformance"},
	"cmd":          {"core", "wasm/abi", "hosts", "spec", "vectors", "conformance", "cmd"},
}

// forbidden packages would bring weight, files or reflection into the module.
var forbidden = []string{"encoding/json", "regexp", "net/url", "net/http", "crypto/x509"}

func TestImportsPointInward(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports ","}}`, module+"...").Output()
	require.NoError(t, err, string(out))
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	require.Greater(t, len(lines), 8)
	for _, line := range lines {
		path, imports, _ := strings.Cut(line, " ")
		folder := strings.TrimPrefix(path, module)
		rule := ""
		for top := range allowed {
			if (folder == top || strings.HasPrefix(folder, top+"/")) && len(top) > len(rule) {
				rule = top
			}
		}
		require.NotEmpty(t, rule, "%s stands in no known folder", folder)
		for _, imported := range strings.Split(imports, ",") {
			if target, ours := strings.CutPrefix(imported, module); ours {
				ok := false
				for _, a := range allowed[rule] {
					ok = ok || target == a || strings.HasPrefix(target, a+"/")
				}
				require.True(t, ok, "%s must not import %s", folder, target)
			}
		}
	}
}

func TestModulesStayLean(t *testing.T) {
	for _, main := range []string{"wasm/raw", "wasm/values", "wasm/proxywasm"} {
		cmd := exec.Command("go", "list", "-deps", module+main)
		cmd.Env = append(cmd.Environ(), "GOOS=wasip1", "GOARCH=wasm")
		out, err := cmd.Output()
		require.NoError(t, err, string(out))
		deps := strings.Fields(string(out))
		require.Contains(t, deps, module+"core")
		for _, f := range forbidden {
			require.NotContains(t, deps, f, "%s", main)
		}
	}
}
