package main

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// goldenAgent is the agent of the profile's golden values.
const goldenAgent = `{"agent_id":"patcher","prompt_template":"  Patch it.\r\n\r\n\tBe careful. \n","tools":[{"name":"write_file","description":"Écrit","parameters":{"type":"object"},"signature":"write_file(path: str)"},{"name":"read_file","description":"Read","parameters":{},"signature":"read_file(path: str)"}],"configuration":{"model_name":"m","temperature":0.2,"max_tokens":100}}`

const (
	goldenJCS    = "sha256:fe7d0ce288d695cdc6769855b50bea0aef1e132bbae8badb4f384de752a7aa10"
	goldenJCSRaw = "sha256:37517ee1396b363eb93da2f91190b4001692187cc582bac4104ba5daf62647c6"
	goldenPython = "sha256:3954acf83abdd15e3150ed9211016883918e77fdfc904826380e4749b542775a"
)

func TestChecksum(t *testing.T) {
	agent := write(t, t.TempDir(), "agent.json", goldenAgent)
	plain := write(t, t.TempDir(), "plain.json", `{"agent_id":"a","prompt_template":"p","tools":[{"name":"t"}]}`)
	rows := []struct {
		name, want string
		code       int
		args       []string
	}{
		{"default", goldenJCS + "\n", 0, []string{agent}},
		{"raw", goldenJCSRaw + "\n", 0, []string{agent, "--reading", "jcs-raw"}},
		{"python", goldenPython + "\n", 0, []string{"--reading", "python", agent}},
		{"all", "jcs      " + goldenJCS + "\njcs-raw  " + goldenJCSRaw + "\npython   " + goldenPython + "\n", 0, []string{"--reading=all", agent}},
		{"canonical", `{"agent_id":"a","configuration":{},"prompt_template":"p","tools":[{"description":"","name":"t","parameters":{}}]}`, 0, []string{"--canonical", plain}},
		{"chain", "long   sha256:e2b0bb2db17839e85e06d11aa031de72b76b8bb85c7a0cfa128d2e68024bf3d7\nshort  e2b0bb2db17839e8\n", 0, []string{"chain", "supervisor", "planner", "patcher"}},
		{"short chain", "2f0b6b1132b4c1f7\n", 0, []string{"chain", "--form", "short", "supervisor-agent", "patch-planner", "vulnerability-patcher-v1"}},
		{"steps", "bed72404ae7c18e8\n", 0, []string{"steps", "step_1_analyze", "step_2_plan", "step_3_patch", "--form", "short"}},
		{"no steps", "e3b0c44298fc1c14\n", 0, []string{"steps", "--form", "short"}},
		{"chain canonical", "a|b", 0, []string{"chain", "a", "b", "--canonical"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if r := execute("", append([]string{"checksum"}, row.args...)...); r.code != row.code || r.out != row.want {
				t.Errorf("want %d %q, have %d %q %s", row.code, row.want, r.code, r.out, r.err)
			}
		})
	}
	r := execute("", "checksum", "--reading", "all", plain)
	if r.code != exitReject || !strings.Contains(r.out, "python   none: mandatory member missing at \"/tools/0/signature\"") {
		t.Errorf("a reading without a checksum: %d\n%s", r.code, r.out)
	}
	if r := execute(goldenAgent, "checksum", "-", "--json", "--canonical"); r.code != exitOK || !strings.Contains(r.out, goldenJCS) {
		t.Errorf("standard input: %d %s", r.code, r.out)
	}
}

func TestKeygen(t *testing.T) {
	for _, a := range algorithms {
		t.Run(a.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "key.jwk")
			public := keygen(t, a.name, "--out", path)
			info, err := os.Stat(path)
			if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
				t.Fatalf("want mode 0600: %v %v", info, err)
			}
			key, err := ajwt.ParseKey([]byte(public))
			if err != nil {
				t.Fatalf("core does not take the public key: %v\n%s", err, public)
			}
			alg, _ := ajwt.ParseAlgorithm(a.name)
			thumbprint := key.Thumbprint()
			if !key.Algorithms().Has(alg) || key.ID() != base64url(thumbprint[:]) {
				t.Errorf("want kid %s for %s, have %s", base64url(thumbprint[:]), a.name, key.ID())
			}
			text, _ := os.ReadFile(path)
			read, err := parseSigningKey(text, "")
			if err != nil || read.alg.name != a.name || string(read.publicJWK())+"\n" != public {
				t.Fatalf("the private key does not read back: %v", err)
			}
			for _, m := range read.privateMembers() {
				if strings.Contains(public, m.value) || strings.Contains(public, `"`+m.name+`":`) {
					t.Errorf("the public JWK holds private member %s", m.name)
				}
			}
			before := text
			if r := execute("", "keygen", "--alg", a.name, "--out", path); r.code != exitUsage {
				t.Errorf("an existing key was not kept: exit code %d", r.code)
			}
			if after, _ := os.ReadFile(path); string(after) != string(before) {
				t.Error("an existing key was overwritten")
			}
		})
	}
}

func TestKeygenForceAndPublicFile(t *testing.T) {
	dir := t.TempDir()
	path, public := write(t, dir, "key.jwk", "old"), filepath.Join(dir, "public.jwks")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if out := must(t, "keygen", "--out", path, "--public", public, "--set", "--kid", `a"<b>`, "--force"); out != "" {
		t.Errorf("want nothing on standard output, have %s", out)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("want mode 0600 after --force: %v %v", info, err)
	}
	data, _ := os.ReadFile(public)
	set, _, err := ajwt.ParseKeySet(data, ajwt.KeySetLimits{})
	if err != nil || set.Len() != 1 || set.Key(`a"<b>`) == nil {
		t.Errorf("not the key set: %v\n%s", err, data)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".ajwt-*")); left != nil {
		t.Errorf("temporary files are left: %v", left)
	}
}

func TestPrivateKeyFaults(t *testing.T) {
	dir := t.TempDir()
	text := map[string]string{}
	for _, alg := range []string{"Ed25519", "ES256", "RS256", "ML-DSA-44"} {
		path := filepath.Join(dir, alg)
		keygen(t, alg, "--out", path)
		data, _ := os.ReadFile(path)
		text[alg] = string(data)
	}
	change := func(alg, from, to string) string {
		if !strings.Contains(text[alg], from) {
			t.Fatalf("the %s key has no %s", alg, from)
		}
		return strings.Replace(text[alg], from, to, 1)
	}
	rows := []struct{ name, jwk, message string }{
		{"foreign x", change("Ed25519", `"x":"`, `"x":"A`), "member x does not belong"},
		{"short d", `{"kty":"OKP","crv":"Ed25519","d":"AAAA"}`, "member d: want the base64url of 32 bytes"},
		{"d of zero", `{"kty":"EC","crv":"P-256","d":"` + strings.Repeat("A", 43) + `"}`, "member d: not a private key"},
		{"unknown curve", `{"kty":"EC","crv":"P-521","d":"AA"}`, "does not settle it"},
		{"symmetric", `{"kty":"oct","k":"AAAA"}`, "does not settle it"},
		{"symmetric alg", `{"kty":"oct","k":"AAAA","alg":"HS256"}`, "want an algorithm named in full"},
		{"RSA without alg", change("RS256", `"alg":"RS256",`, ""), "member alg is missing"},
		{"RSA of three primes", change("RS256", `"d":`, `"oth":[],"d":`), "member oth"},
		{"RSA inconsistent", change("RS256", `"e":"AQAB"`, `"e":"Aw"`), "not a consistent RSA key"},
		{"RSA exponent", change("RS256", `"e":"AQAB"`, `"e":"AQAAAAAB"`), "member e"},
		{"RSA small", `{"kty":"RSA","alg":"RS256","n":"AQAB","e":"AQAB","d":"AQ","p":"AQ","q":"AQ"}`, "member n: want 2048 to 8192 bits"},
		{"RSA member missing", `{"kty":"RSA","alg":"RS256","d":"AQ"}`, "member n is missing"},
		{"AKP seed", change("ML-DSA-44", `"priv":"`, `"priv":"AAAA`), "member priv: want the base64url of 32 bytes"},
		{"padding", `{"kty":"OKP","crv":"Ed25519","d":"` + strings.Repeat("A", 43) + `="}`, "member d: want the base64url"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if _, err := parseSigningKey([]byte(row.jwk), ""); err == nil || !strings.Contains(err.Error(), row.message) {
				t.Errorf("want %q, have %v", row.message, err)
			}
		})
	}
}

func TestPolicyCheck(t *testing.T) {
	good := `{"issuers":[{"issuer":"i","audiences":["x"],"algorithms":["ES256"],"jwks":{"keys":[{"kid":"a","kty":"EC","crv":"P-521"}]}}],"routes":[{"id":"a","match":{"path":"/a"},"require":{"level":"jwt"}}]}`
	if r := execute(good, "policy", "check", "-"); r.code != exitOK || !strings.HasPrefix(r.out, "OK  ") || !strings.Contains(r.out, "1 warning") || !strings.Contains(r.out, "/issuers/0/jwks/keys/0") {
		t.Errorf("a policy that loads: %d\n%s%s", r.code, r.out, r.err)
	}
	r := execute(`{"issuers":[{"issuer":"i"}],"typo":1}`, "policy", "check", "-")
	for _, pointer := range []string{"/issuers/0/audiences", "/issuers/0/algorithms", "/routes", "/typo"} {
		if r.code != exitReject || !strings.Contains(r.out, "  "+pointer+": policy_") {
			t.Errorf("want fault at %s and exit code 1, have %d\n%s", pointer, r.code, r.out)
		}
	}
	r = execute(`{`, "policy", "check", "-", "--json")
	if v := decode(t, r.out); r.code != exitReject || at(v, "valid") != false || !strings.Contains(r.out, "policy_json_syntax") {
		t.Errorf("no JSON: %d\n%s", r.code, r.out)
	}
}

func TestCodes(t *testing.T) {
	if out := must(t, "codes", "proof_htu_mismatch"); !strings.Contains(out, "RFC 9449, section 4.3") || !strings.Contains(out, "614, stage proof") {
		t.Errorf("an explanation lacks reference or check:\n%s", out)
	}
	if a, b := must(t, "codes", "6039", "--json"), must(t, "codes", "--json", "proof_htu_mismatch"); a != b {
		t.Errorf("name and number differ:\n%s%s", a, b)
	}
	list := must(t, "codes")
	for _, c := range codeTable() {
		if !strings.Contains(list, c.Code) {
			t.Errorf("the list lacks %s", c.Code)
		}
	}
	if out := must(t, "codes", "--stage", "replay"); strings.Contains(out, "proof_htu") || !strings.Contains(out, "replay_proof_reused") {
		t.Errorf("not the codes of a stage:\n%s", out)
	}
}

// TestChecksOfRegistry: the list that inspect prints has exactly the checks of the
// registry, in their order.
func TestChecksOfRegistry(t *testing.T) {
	var want, have []int
	for _, c := range codeTable() {
		if c.Check != 0 && !slices.Contains(want, c.Check) {
			want = append(want, c.Check)
		}
	}
	slices.Sort(want)
	for _, c := range allChecks() {
		have = append(have, c.Number)
		if code, ok := ajwt.ParseCode(c.Codes[0]); !ok || code.Stage().String() != c.Stage {
			t.Errorf("check %d: stage %s differs from core's", c.Number, c.Stage)
		}
	}
	if !slices.Equal(want, have) {
		t.Errorf("checks of the registry: %v\nchecks of inspect: %v", want, have)
	}
}

func TestVersion(t *testing.T) {
	if out := must(t, "version"); !strings.HasPrefix(out, "ajwt ") || !strings.Contains(out, draftRevision) {
		t.Errorf("unexpected: %s", out)
	}
	if v := decode(t, must(t, "--version", "--json")); at(v, "draft") != draftRevision {
		t.Errorf("unexpected: %v", v)
	}
}

func TestBench(t *testing.T) {
	v := decode(t, must(t, "bench", "--rounds", "3", "--json"))
	rows, _ := at(v, "decisions").([]any)
	for _, r := range rows {
		if ratio, _ := at(r, "ratio").(float64); ratio <= 0 {
			t.Errorf("no ratio: %v", r)
		}
	}
	if len(rows) != 3 || !strings.Contains(must(t, "bench", "--rounds", "3"), "make bench") {
		t.Errorf("want three rows and a pointer to the benchmark module: %v", v)
	}
}
