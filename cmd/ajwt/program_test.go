package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// result is what one run of the program gave.
type result struct {
	code     int
	out, err string
}

// testNow is the clock of the tests: 2026-01-01T00:00:00Z.
const testNow = 1767225600

// execute runs the program in this process at testNow.
func execute(stdin string, args ...string) result {
	var out, err bytes.Buffer
	w := &world{stdin: strings.NewReader(stdin), stdout: &out, stderr: &err, clock: func() int64 { return testNow }}
	code := w.run(args)
	return result{code, out.String(), err.String()}
}

// must runs the program and wants exit code 0.
func must(t *testing.T, args ...string) string {
	t.Helper()
	r := execute("", args...)
	if r.code != exitOK {
		t.Fatalf("ajwt %s: exit code %d\n%s%s", strings.Join(args, " "), r.code, r.out, r.err)
	}
	return r.out
}

// write puts a file into a folder and returns its path.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// decode reads JSON that a command printed.
func decode(t *testing.T, text string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, text)
	}
	return v
}

// at follows names into decoded JSON.
func at(v any, names ...string) any {
	for _, n := range names {
		object, _ := v.(map[string]any)
		v = object[n]
	}
	return v
}

const (
	testIssuer = "https://as.example"
	testURL    = "https://api.example/repos/acme/site"
)

// bed is a folder with the keys, the key set and the policy of a round trip.
type bed struct {
	t                           *testing.T
	dir                         string
	issuer, agent, jwks, policy string
}

// newBed makes keys of the given algorithms and a hardened policy that admits them.
func newBed(t *testing.T, issuerAlg, agentAlg string) *bed {
	t.Helper()
	b := &bed{t: t, dir: t.TempDir()}
	b.issuer, b.agent = filepath.Join(b.dir, "issuer.jwk"), filepath.Join(b.dir, "agent.jwk")
	b.jwks = write(t, b.dir, "issuer.jwks", keygen(t, issuerAlg, "--out", b.issuer, "--set", "--kid", "issuer-1"))
	keygen(t, agentAlg, "--out", b.agent)
	b.policy = write(t, b.dir, "policy.json", `{
"issuers":[{"issuer":"https://as.example","audiences":["https://api.example"],"algorithms":["`+issuerAlg+`"],"jwks_uri":"https://as.example/jwks"}],
"proof":{"algorithms":["`+agentAlg+`"]},
"routes":[{"id":"read","match":{"methods":["GET"],"host":"api.example","path":"/repos/{owner}/{repo}"},
 "require":{"level":"jwt","scopes":["repo:read"],"agents":["patcher"],"steps":["vuln-patching/patch"]},"bind":{"repository":"{owner}/{repo}"}},
{"id":"open","match":{"path":"/open"},"require":{"level":"jwt"}}]}`)
	return b
}

// keygen makes a key; small RSA ones, to save time.
func keygen(t *testing.T, alg string, args ...string) string {
	t.Helper()
	if alg == "RS256" || alg == "PS256" {
		args = append(args, "--bits", "2048")
	}
	return must(t, append([]string{"keygen", "--alg", alg}, args...)...)
}

// mint makes token and proof and returns the file with both header lines.
func (b *bed) mint(extra ...string) string {
	b.t.Helper()
	args := []string{"mint", "--key", b.issuer, "--iss", testIssuer, "--sub", "patcher", "--aud", "https://api.example",
		"--workflow", "vuln-patching", "--step", "patch", "--chain", "supervisor,planner", "--steps", "analyze,plan",
		"--context", "repository=acme/site", "--proof-key", b.agent, "--url", testURL}
	given := strings.Join(extra, " ")
	if !strings.Contains(given, "--scope") {
		args = append(args, "--scope", "repo:read")
	}
	for _, e := range extra { // a later value takes the place of the earlier one
		for i, a := range args {
			if strings.HasPrefix(e, "--") && a == e && e != "--scope" {
				args = append(args[:i:i], args[i+2:]...)
				break
			}
		}
	}
	return write(b.t, b.dir, "headers.txt", must(b.t, append(args, extra...)...))
}

// verify decides a request with the fields of a file.
func (b *bed) verify(headers string, extra ...string) result {
	args := []string{"verify", "--policy", b.policy, "--keys", testIssuer + "=" + b.jwks, "--header", "@" + headers}
	if !strings.Contains(strings.Join(extra, " "), "--url") {
		args = append(args, "--url", testURL)
	}
	return execute("", append(args, extra...)...)
}

// parts reads token and proof from a file of header lines.
func (b *bed) parts(headers string) (token, proof string) {
	b.t.Helper()
	data, err := os.ReadFile(headers)
	if err != nil {
		b.t.Fatal(err)
	}
	first, second, _ := strings.Cut(strings.TrimSpace(string(data)), "\n")
	token, ok1 := strings.CutPrefix(first, "Authorization: DPoP ")
	proof, ok2 := strings.CutPrefix(second, "DPoP: ")
	if !ok1 || !ok2 {
		b.t.Fatalf("not two header lines: %s", data)
	}
	return token, proof
}
