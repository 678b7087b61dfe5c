package conformance

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/agentic-jwt/ajwt/vectors"
)

// toyFolder writes the toy suite into a folder, as --suite takes it.
func toyFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string][]byte{"policies/toy.json": []byte(toyPolicy), "keys/as.json": []byte(`{"keys":[]}`)}
	counts := make(map[string]int)
	byArea := make(map[string][]vectors.Case)
	for _, c := range toyCases() {
		byArea[area(c.ID)] = append(byArea[area(c.ID)], c)
	}
	for a, cases := range byArea {
		text, err := json.Marshal(vectors.File{Format: vectors.Format, Area: a, Spec: []string{"toy"}, Cases: cases})
		if err != nil {
			t.Fatal(err)
		}
		name := "cases/" + a + "/toy.json"
		files[name], counts[name] = text, len(cases)
	}
	m := vectors.Manifest{Format: vectors.ManifestFormat, Spec: []string{"toy"}}
	for name, text := range files {
		f := vectors.ManifestFile{File: name, SHA256: fmt.Sprintf("%x", sha256.Sum256(text)), Count: counts[name]}
		if f.Count > 0 {
			f.Area = strings.Split(name, "/")[1]
		}
		m.Files = append(m.Files, f)
		writeToy(t, dir, name, text)
	}
	sort.Slice(m.Files, func(i, j int) bool { return m.Files[i].File < m.Files[j].File })
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	writeToy(t, dir, "manifest.json", text)
	return dir
}

func writeToy(t *testing.T, dir, name string, text []byte) {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestMainCommand calls the command. In the arguments SELF is the test binary, SUITE
// the folder with the toy suite, OUT an empty folder.
func TestMainCommand(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	suite := toyFolder(t)
	tests := []struct {
		name    string
		program string
		args    string
		exit    int
		out     string // in standard output
		err     string // in standard error
	}{
		{"no command", "", "", ExitUsage, "", "Usage:"},
		{"unknown command", "", "walk", ExitUsage, "", `unknown command "walk"`},
		{"help", "", "--help", ExitConformant, "Examples:", ""},
		{"help of run", "", "run --help", ExitConformant, "--expected-failures FILE", ""},
		{"unknown flag", "", "run --fast", ExitUsage, "", "-fast"},
		{"word too many", "", "run all", ExitUsage, "", "want 0 arguments"},
		{"no such suite", "", "list --suite OUT/none", ExitUsage, "", "refused"},
		{"list", "", "list --suite SUITE --filter jcs.*", ExitConformant, "jcs.toy.list", ""},
		{"list as JSON", "", "list --suite SUITE --json --filter jws.toy.bad-0-0", ExitConformant, `"twin":"jws.toy.good-0"`, ""},
		{"list nothing", "", "list --suite SUITE --filter none", ExitUsage, "", "matches no case"},
		{"show", "", "show --suite SUITE jws.toy.bad-0-0", ExitConformant, "Bearer good becomes Bearer jws.toy.bad-0-0", ""},
		{"show, flags behind", "", "show jws.toy.good-0 --suite SUITE", ExitConformant, "expect       accept", ""},
		{"show as JSON", "", "show --json --suite SUITE jws.toy.bad-0-0", ExitConformant, `"twin": {`, ""},
		{"show nothing", "", "show --suite SUITE none", ExitUsage, "", "no case has the id"},
		{"run", "honest", "run --suite SUITE --cmd SELF --out OUT", ExitConformant, "\n27 passed, 0 failed\n", ""},
		{"run as JSON", "honest", "run --suite SUITE --cmd SELF --json --out=", ExitConformant, `"passed": 27`, ""},
		{"run one", "honest", "run --suite SUITE --cmd SELF --out= --filter jws.toy.bad-0-0", ExitConformant, "\n1 passed, 0 failed\n", ""},
		{"run with skips", "verify-only", "run --suite SUITE --cmd SELF --out=", ExitConformant, "\n24 passed, 0 failed, 3 skipped\n", ""},
		{"run nothing", "honest", "run --suite SUITE --cmd SELF --out= --filter none", ExitUsage, "", "matches no case"},
		{"run a liar", "reject-all", "run --suite SUITE --cmd SELF --out=", ExitFailures, "again: ajwt conformance run --filter jws.toy.bad-0-0 --cmd 'SELF' --suite 'SUITE'", ""},
		{"run noise", "noise", "run --suite SUITE --cmd SELF --out=", ExitUsage, "", "protocol"},
		{"run what crashes", "crash", "run --suite SUITE --cmd SELF --out=", ExitIncomplete, "0 passed, 27 failed", ""},
		{"run no program", "", "run --suite SUITE --cmd OUT/none --out=", ExitUsage, "", "does not start"},
		{"run an open quote", "", "run --suite SUITE --cmd 'a --out=", ExitUsage, "", "quote"},
		{"run no such subject", "", "run --suite SUITE --subject x --out=", ExitUsage, "", `unknown subject "x"`},
		{"run a subject twice", "", "run --suite SUITE --subject native,native --out=", ExitUsage, "", "twice"},
		{"run wasm without module", "", "run --suite SUITE --subject wasm-compiler --out=", ExitUsage, "", "needs --module"},
		{"no file of expected failures", "honest", "run --suite SUITE --cmd SELF --out= --expected-failures OUT/none", ExitUsage, "", "none"},
		{"the native core on toys", "", "run --suite SUITE --subject native --out=", ExitFailures, "policy refused", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv(programEnv, tt.program)
			replace := strings.NewReplacer("SELF", self, "SUITE", suite, "OUT", t.TempDir())
			var args []string
			for _, word := range strings.Fields(tt.args) {
				args = append(args, replace.Replace(word))
			}
			var stdout, stderr bytes.Buffer
			if exit := Main(args, &stdout, &stderr); exit != tt.exit {
				t.Errorf("exit %d, want %d", exit, tt.exit)
			}
			if !strings.Contains(stdout.String(), replace.Replace(tt.out)) || !strings.Contains(stderr.String(), tt.err) {
				t.Errorf("standard output:\n%s\nstandard error:\n%s", stdout.String(), stderr.String())
			}
		})
	}
}

// TestSuiteFolderRefused changes one thing about a sound folder.
func TestSuiteFolderRefused(t *testing.T) {
	tests := []struct {
		name   string
		change func(t *testing.T, dir string)
	}{
		{"an unlisted file", func(t *testing.T, dir string) { writeToy(t, dir, "policies/more.json", []byte("{}")) }},
		{"a missing file", func(t *testing.T, dir string) { _ = os.Remove(filepath.Join(dir, "keys", "as.json")) }},
		{"a changed file", func(t *testing.T, dir string) { writeToy(t, dir, "keys/as.json", []byte(`{"keys":[{}]}`)) }},
		{"no manifest", func(t *testing.T, dir string) { _ = os.Remove(filepath.Join(dir, "manifest.json")) }},
		{"an empty manifest", func(t *testing.T, dir string) {
			writeToy(t, dir, "manifest.json", []byte(`{"format":"ajwt-manifest/1","spec":[],"files":[]}`))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := toyFolder(t)
			tt.change(t, dir)
			var stdout, stderr bytes.Buffer
			if exit := Main([]string{"list", "--suite", dir}, &stdout, &stderr); exit != ExitUsage && exit != ExitIncomplete {
				t.Errorf("exit %d", exit)
			}
			if stdout.Len() > 0 || stderr.Len() == 0 {
				t.Errorf("standard output %q, standard error %q", stdout.String(), stderr.String())
			}
		})
	}
}
