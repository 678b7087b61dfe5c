package ajwt

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var updateReadme = flag.Bool("update-readme", false, "write testdata/readme anew")

// TestReadme holds the README to the truth: its Go text is that of the example, which
// compiles and runs, and the files that its commands name are those of this test.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	source, err := os.ReadFile("readme_example_test.go")
	require.NoError(t, err)
	_, text, ok := strings.Cut(string(source), "// README begin\n")
	require.True(t, ok)
	text, _, ok = strings.Cut(text, "\t// README end")
	require.True(t, ok)
	var snippet strings.Builder
	for line := range strings.Lines(text) {
		snippet.WriteString(strings.TrimPrefix(line, "\t"))
	}
	require.Contains(t, string(readme), "```go\n"+snippet.String()+"```", "the README's Go text is not that of readme_example_test.go")

	token := testToken(lawfulClaims(true))
	proof := agentKey.proof(token, "GET", "https://api.example/repos/acme/site", "readme-1", testNow)
	policy := bundlePolicy("hardened", `{"links":"required"}`, "")
	before, rest, _ := strings.Cut(policy, `"revocation":`) // one document is enough to begin with
	_, after, _ := strings.Cut(rest, `]},`)
	files := map[string]string{
		"policy.json": strings.Replace(before+after, `"path":"/**"`, `"path":"/repos/{owner}/{repo}"`, 1) + "\n",
		"bundle.jwt":  string(signBundle(testBundle(7))),
		"request.json": `{"method":"GET","scheme":"https","authority":"api.example","target":"/repos/acme/site","headers":[` + "\n" +
			`["authorization","DPoP ` + token + "\"],\n" + `["dpop","` + proof + `"]]}` + "\n",
	}
	for name, want := range files {
		path := "testdata/readme/" + name
		if *updateReadme {
			require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
		}
		have, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, want, string(have), path)
		require.Contains(t, string(readme), "core/testdata/readme/"+name)
	}
}
