package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestProgram builds the program and the module and runs them as a user would: keys,
// a token with its proof through a pipe, and one decision by each engine.
func TestProgram(t *testing.T) {
	dir := t.TempDir()
	program, module := filepath.Join(dir, "ajwt.exe"), filepath.Join(dir, "ajwt.wasm")
	build(t, nil, "-o", program, ".")
	build(t, []string{"GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0"}, "-buildmode=c-shared", "-o", module, "../../wasm/raw")

	start := func(stdin string, args ...string) result {
		var out, errs bytes.Buffer
		c := exec.Command(program, args...)
		c.Dir, c.Stdin, c.Stdout, c.Stderr = dir, strings.NewReader(stdin), &out, &errs
		err := c.Run()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return result{c.ProcessState.ExitCode(), out.String(), errs.String()}
	}
	good := func(r result) string {
		t.Helper()
		if r.code != exitOK {
			t.Fatalf("exit code %d\n%s%s", r.code, r.out, r.err)
		}
		return r.out
	}
	public := good(start("", "keygen", "--out", "issuer.jwk", "--kid", "issuer-1"))
	good(start("", "keygen", "--out", "agent.jwk", "--alg", "ES256"))
	write(t, dir, "policy.json", `{"issuers":[{"issuer":"https://as.example","audiences":["https://api.example"],"algorithms":["Ed25519"],"jwks":{"keys":[`+public+`]}}],
"routes":[{"id":"read","match":{"methods":["GET"],"path":"/repos/**"},"require":{"level":"jwt","scopes":["repo:read"]}}]}`)
	fields := good(start("", "mint", "--key", "issuer.jwk", "--iss", testIssuer, "--sub", "patcher", "--aud", "https://api.example",
		"--scope", "repo:read", "--proof-key", "agent.jwk", "--url", testURL))
	for _, engine := range [][]string{{"--engine", "native"}, {"--engine", "wasm", "--module", module}} {
		verify := append([]string{"verify", "--policy", "policy.json", "--header", "-"}, engine...)
		r := start(fields, append(verify, "--url", testURL, "--json")...)
		if v := decode(t, good(r)); at(v, "verdict") != "accept" || at(v, "decision", "level") != "jwt+pop" || at(v, "engine") != engine[1] {
			t.Errorf("%s: unexpected answer %s", engine[1], r.out)
		}
		wants(t, start(fields, append(verify, "--url", testURL+"/pulls")...), "proof_htu_mismatch")
		wants(t, start(fields, append(verify, "--url", testURL, "--now", "1")...), "claim_iat_future")
		if r := start("", append(verify, "--url", testURL)...); r.code != exitUsage || !strings.Contains(r.err, "--header: standard input: empty") {
			t.Errorf("%s: no input: exit code %d %s", engine[1], r.code, r.err)
		}
	}
	if r := start(""); r.code != exitUsage || !strings.HasPrefix(r.err, "ajwt: Agentic JWT") {
		t.Errorf("no arguments: exit code %d\n%s", r.code, r.err)
	}
}

// build runs the Go toolchain.
func build(t *testing.T, env []string, args ...string) {
	t.Helper()
	c := exec.Command("go", append([]string{"build"}, args...)...)
	c.Env = append(os.Environ(), env...)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("go build %v: %v\n%s", args, err, out)
	}
}
