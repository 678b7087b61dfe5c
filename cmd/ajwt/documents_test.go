package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/agentic-jwt/ajwt/vectors"
)

// worldCase writes the request of an accepted vector and returns the flags that decide it
// without its documents.
func worldCase(t *testing.T, dir string) []string {
	t.Helper()
	s, err := vectors.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range s.Cases() {
		if c.ID != "bundle.request.lawful" {
			continue
		}
		request, err := json.Marshal(c.Request)
		if err != nil {
			t.Fatal(err)
		}
		return []string{"verify", "--policy", filepath.Join("..", "..", "vectors", "policies", "world-list.json"), "--now", "1767225600",
			"--request", write(t, dir, "request.json", string(request))}
	}
	t.Fatal("there is no case bundle.request.lawful")
	return nil
}

// TestSignedDocuments: a bundle and a list on the command line are in force; without one,
// or with one that is not what it should be, nothing passes.
func TestSignedDocuments(t *testing.T) {
	dir := t.TempDir()
	base := worldCase(t, dir)
	bundle := filepath.Join("..", "..", "vectors", "bundles", "world.jws")
	list := filepath.Join("..", "..", "vectors", "revocations", "nothing.jws")
	text, err := os.ReadFile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	altered := write(t, dir, "altered.jws", strings.Replace(string(text), ".", ".e", 1))
	line := write(t, dir, "line.jws", string(text)+"\n")
	other := write(t, dir, "other.jws", "e30.eyJpc3MiOiJodHRwczovL2V2aWwuZXhhbXBsZSJ9.AA")
	nobody := write(t, dir, "nobody.jws", "e30.e30.AA")
	flipped := write(t, dir, "flipped.jws", string(text[:len(text)-2])+"AA")
	for _, row := range []struct {
		name string
		code int
		want string
		args []string
	}{
		{"both", exitOK, "ACCEPT", []string{"--bundle", bundle, "--revocations", list}},
		{"a line end", exitOK, "ACCEPT", []string{"--bundle", line, "--revocations", list}},
		{"neither", exitReject, "agent_bundle_missing", nil},
		{"no list", exitReject, "agent_revocations_missing", []string{"--bundle", bundle}},
		{"list as bundle", exitUsage, "bundle_typ_invalid", []string{"--bundle", list, "--revocations", list}},
		{"signature", exitUsage, "bundle_signature_invalid", []string{"--bundle", flipped}},
		{"altered", exitUsage, "--bundle", []string{"--bundle", altered}},
		{"another issuer", exitUsage, "no issuer of the policy", []string{"--bundle", other}},
		{"nobody's", exitUsage, "says whose document it is", []string{"--bundle", nobody}},
		{"JSON", exitUsage, "want the compact form", []string{"--revocations", strings.TrimSuffix(list, ".jws") + ".json"}},
		{"twice", exitUsage, "is given twice", []string{"--bundle", bundle, "--bundle", bundle}},
		{"no such file", exitUsage, "--revocations", []string{"--revocations", filepath.Join(dir, "none.jws")}},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := execute("", append(append([]string{}, base...), row.args...)...)
			if r.code != row.code || !strings.Contains(r.out+r.err, row.want) {
				t.Errorf("want exit code %d and %q, have %d\n%s%s", row.code, row.want, r.code, r.out, r.err)
			}
		})
	}
}
