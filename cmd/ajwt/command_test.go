package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHelp(t *testing.T) {
	overview := must(t, "help")
	for _, c := range commands() {
		t.Run(c.name, func(t *testing.T) {
			for _, args := range [][]string{{c.name, "--help"}, {c.name, "-h"}, {"help", c.name}} {
				text := must(t, args...)
				if !strings.HasPrefix(text, "Usage: ajwt "+c.name+" ") || !strings.Contains(text, "\nExamples:\n  ajwt "+c.name) {
					t.Errorf("%v: want usage and examples\n%s", args, text)
				}
			}
			if c.summary == "" || !strings.Contains(overview, c.name) || !strings.Contains(overview, c.summary) {
				t.Errorf("the overview lacks %s", c.name)
			}
		})
	}
}

// TestWrongUsage: exit code 2, nothing on standard output, and a message that names
// the flag, file or operand and what to do.
func TestWrongUsage(t *testing.T) {
	dir := t.TempDir()
	key := filepath.Join(dir, "key.jwk")
	must(t, "keygen", "--out", key)
	rsa := filepath.Join(dir, "rsa.jwk")
	keygen(t, "PS256", "--out", rsa)
	empty := write(t, dir, "empty.json", "")
	space := write(t, dir, "space.json", " \n")
	array := write(t, dir, "array.json", "[1]")
	truncated := write(t, dir, "truncated.json", `{"iss":"https://as.example","aud":["https://api.ex`)
	syntax := write(t, dir, "syntax.json", "{\n\"a\": 01}")
	twice := write(t, dir, "twice.json", `{"a":1,"a":2}`)
	set := write(t, dir, "set.json", `{"keys":[]}`)
	policy := write(t, dir, "policy.json", `{"issuers":[{"issuer":"https://as.example","audiences":["x"],"algorithms":["ES256"],"jwks_uri":"https://as.example/jwks"}],"routes":[{"id":"a","match":{"path":"/a"},"require":{"level":"jwt"}}]}`)
	faulty := write(t, dir, "faulty.json", `{"issuers":[],"routes":[{"id":"a"}],"x":1}`)
	huge := filepath.Join(dir, "huge")
	if f, err := os.Create(huge); err != nil || f.Truncate(maxInput+1) != nil || f.Close() != nil {
		t.Fatal("cannot make the huge file")
	}
	mint := []string{"mint", "--key", key, "--iss", "i", "--sub", "s", "--aud", "a", "--scope", "x"}
	verify := []string{"verify", "--policy", policy, "--url", "https://a.example/a"}
	with := func(base []string, more ...string) []string { return append(append([]string{}, base...), more...) }
	rows := []struct {
		name, message string
		args          []string
	}{
		{"nothing", "Usage: ajwt COMMAND", nil},
		{"unknown command", `"verfy"; did you mean verify?`, []string{"verfy"}},
		{"help for an unknown command", "did you mean mint", []string{"help", "mnt"}},
		{"unknown flag", `"--polcy"; did you mean --policy?`, []string{"verify", "--polcy", "x"}},
		{"flag without argument", "--policy needs an argument", []string{"verify", "--policy"}},
		{"empty argument", "--policy is empty", []string{"verify", "--policy", ""}},
		{"flag twice", "--policy is given 2 times", []string{"verify", "--policy", "a", "--policy", "b"}},
		{"switch with argument", "--json takes no argument", []string{"version", "--json=yes"}},
		{"malformed flag", "malformed", []string{"version", "--=x"}},
		{"unexpected operand", `unexpected operand "x"`, []string{"version", "x"}},
		{"operand after --", `unexpected operand "--json"`, []string{"version", "--", "--json"}},

		{"verify without policy", "--policy is missing", []string{"verify", "--url", "https://a/"}},
		{"verify without request", "--url is missing", []string{"verify", "--policy", policy}},
		{"not a URL", `--url: want https://host/path, have "api.example"`, []string{"verify", "--policy", policy, "--url", "api.example"}},
		{"no host", "the host is missing", []string{"verify", "--policy", policy, "--url", "https:///x"}},
		{"policy not there", `--policy: "` + dir + `/none.json": no such file`, []string{"verify", "--policy", dir + "/none.json", "--url", "https://a/"}},
		{"policy is a folder", "is a directory; want a file", []string{"verify", "--policy", dir, "--url", "https://a/"}},
		{"policy empty", `empty.json": empty`, []string{"verify", "--policy", empty, "--url", "https://a/"}},
		{"policy too long", `huge": longer than 64 MiB`, []string{"verify", "--policy", huge, "--url", "https://a/"}},
		{"policy with faults", "/routes/0/match: policy_member_missing", []string{"verify", "--policy", faulty, "--url", "https://a/"}},
		{"two from standard input", "--header and --policy both read standard input", []string{"verify", "--policy", "-", "--header", "-", "--url", "https://a/"}},
		{"now", `--now: want a whole number from 0 to 9007199254740991, have "1.5"`, with(verify, "--now", "1.5")},
		{"now too large", "--now: want a whole number", with(verify, "--now", "9007199254740992")},
		{"scheme", `--scheme: want one of DPoP, Bearer, have "Basic"`, with(verify, "--token", "t", "--scheme", "Basic")},
		{"scheme without token", "--scheme is the scheme of --token", with(verify, "--scheme", "DPoP")},
		{"token twice", "the request has a field Authorization already", with(verify, "--token", "t", "--header", "authorization: DPoP t")},
		{"header without colon", "--header: want 'Name: value'", with(verify, "--header", "x")},
		{"token file name missing", "--token: a file name is missing after @", with(verify, "--token", "@")},
		{"engine", "--engine: want one of native, wasm", with(verify, "--engine", "v8")},
		{"module without wasm", "--module goes with --engine wasm", with(verify, "--module", "x")},
		{"module not there", `--module: "none.wasm": no such file ('make wasm' builds`, with(verify, "--engine", "wasm", "--module", "none.wasm")},
		{"module is none", "--module: ", with(verify, "--engine", "wasm", "--module", policy)},
		{"keys without issuer", "--keys: want ISSUER=FILE", with(verify, "--keys", set)},
		{"keys of an unknown issuer", "it knows https://as.example", with(verify, "--keys", "https://other.example="+set)},
		{"keys without file", "the file is missing after https://as.example=", with(verify, "--keys", "https://as.example=")},
		{"keys twice", "is given twice", with(verify, "--keys", "https://as.example="+set, "--keys", "https://as.example="+set)},
		{"keys are private", "keys_private_member", with(verify, "--keys", "https://as.example="+key)},
		{"keys are no set", "keys_not_set", with(verify, "--keys", "https://as.example="+array)},
		{"keys truncated", "keys_json_invalid", with(verify, "--keys", "https://as.example="+truncated)},
		{"nonce key", "--nonce-key: want the base64url of 32 bytes", with(verify, "--nonce-key", "AAAA")},
		{"request and url", "--url and --request both describe", with(verify, "--request", set)},
		{"request truncated", "--request: the JSON ends at byte 50 before it is complete; is it truncated?", []string{"verify", "--policy", policy, "--request", truncated}},
		{"request is no object", "--request: want a JSON object, have array", []string{"verify", "--policy", policy, "--request", array}},
		{"request is white space", "--request: want a JSON object, have only white space", []string{"verify", "--policy", policy, "--request", space}},
		{"request not JSON", "not valid JSON at byte 9 (line 2)", []string{"verify", "--policy", policy, "--request", syntax}},
		{"request with a duplicate", "duplicate member name", []string{"verify", "--policy", policy, "--request", twice}},
		{"request with another member", "/keys: there is no such member", []string{"verify", "--policy", policy, "--request", set}},

		{"inspect nothing", "there is no token", []string{"inspect"}},
		{"inspect twice", "give it once", []string{"inspect", "a.b.c", "--token", "a.b.c"}},
		{"inspect keys without policy", "go with --policy", []string{"inspect", "a.b.c", "--keys", "x=y"}},
		{"inspect policy without token", "none is given", []string{"inspect", "--proof", "a.b.c", "--policy", policy}},

		{"mint without key", "--key is missing", []string{"mint", "--iss", "i"}},
		{"mint without claims", "--iss is missing", []string{"mint", "--key", key}},
		{"mint with a public key", "member d is missing: this is no private key", with([]string{"mint", "--key", write(t, dir, "public.jwk", `{"kty":"OKP","crv":"Ed25519","x":"L5baiTgGw23sUmRYfI6SaH39u-ytVHgRTIfX-3wHARY"}`)}, mint[3:]...)},
		{"mint with a set", "this is a JWK Set", with([]string{"mint", "--key", set}, mint[3:]...)},
		{"mint with a policy", "member kty is missing", with([]string{"mint", "--key", policy}, mint[3:]...)},
		{"workflow without step", "--workflow and --step go together", with(mint, "--workflow", "w")},
		{"steps without step", "--steps needs", with(mint, "--steps", "w")},
		{"workflow id", `"a/b" is no id of a workflow or step`, with(mint, "--workflow", "a/b", "--step", "s")},
		{"chain with a repeat", "--chain: want agent ids", with(mint, "--chain", "a,a")},
		{"chain with an odd id", "--chain: want agent ids", with(mint, "--chain", "a|b")},
		{"form", "--form: want long or short", with(mint, "--chain", "a", "--form", "medium")},
		{"checksum alone", "--checksum and --registration go together", with(mint, "--checksum", "x")},
		{"reading alone", "--reading goes with", with(mint, "--reading", "jcs")},
		{"checksum of no agent", "--checksum: agent checksum: ", with(mint, "--checksum", "@"+set, "--registration", "r")},
		{"context", "--context: want NAME=TEXT", with(mint, "--context", "x")},
		{"ttl", "--ttl: want a whole number", with(mint, "--ttl", "0")},
		{"two bindings", "--cnf and --jkt", with(mint, "--cnf", key, "--jkt", "x")},
		{"binding of a set", "want one of its keys", with(mint, "--cnf", set)},
		{"binding of nothing", "want a JWK of kty", with(mint, "--cnf", policy)},
		{"method without proof", "--method describes a proof", with(mint, "--method", "GET")},
		{"proof without URL", "--proof-key needs --url", with(mint, "--proof-key", key)},
		{"proof for no URL", "--url: want https://host/path", with(mint, "--proof-key", key, "--url", "x")},
		{"token and key", "--token and --key", with(mint, "--token", "t")},
		{"token and claims", "--iss describes a token to be minted", []string{"mint", "--token", "t", "--proof-key", key, "--url", testURL, "--iss", "i"}},
		{"token without proof", "needs --proof-key", []string{"mint", "--token", "t"}},
		{"algorithm does not fit", "does not fit a key", with(mint, "--alg", "ES256")},
		{"algorithm alias", "EdDSA is an alias", []string{"keygen", "--out", dir + "/x", "--alg", "EdDSA"}},
		{"claims are no object", "--claims: want a JSON object, have array", []string{"mint", "--key", key, "--claims", array}},
		{"claims truncated", "is it truncated?", []string{"mint", "--key", key, "--claims", truncated}},
		{"claims with a duplicate", "duplicate member name", []string{"mint", "--key", key, "--claims", twice}},
		{"claims intent", "--claims: intent is no object", []string{"mint", "--key", key, "--chain", "a", "--sub", "s", "--claims", write(t, dir, "intent.json", `{"intent":1}`)}},
		{"claims iat", "iat is not a whole number", []string{"mint", "--key", key, "--claims", write(t, dir, "iat.json", `{"iat":1.5}`)}},

		{"keygen without file", "--out is missing", []string{"keygen"}},
		{"keygen over a file", "it exists; choose another name, or say --force", []string{"keygen", "--out", key}},
		{"keygen over a folder", "is a directory", []string{"keygen", "--out", dir, "--force"}},
		{"keygen into nowhere", "no such file", []string{"keygen", "--out", dir + "/none/key.jwk"}},
		{"keygen twice into one", "name the same file", []string{"keygen", "--out", dir + "/x", "--public", dir + "/./x"}},
		{"keygen bits", "--bits goes with", []string{"keygen", "--out", dir + "/x", "--bits", "2048"}},
		{"keygen few bits", "--bits: want a whole number from 2048 to 8192", []string{"keygen", "--out", dir + "/x", "--alg", "RS256", "--bits", "1024"}},
		{"keygen kid", "--kid: want 1 to 256 bytes", []string{"keygen", "--out", dir + "/x", "--kid", strings.Repeat("k", 257)}},
		{"keygen algorithm", "--alg: want an algorithm named in full", []string{"keygen", "--out", dir + "/x", "--alg", "HS256"}},

		{"checksum nothing", "an operand is missing", []string{"checksum"}},
		{"checksum reading", "--reading: want one of jcs, jcs-raw, python, all", []string{"checksum", "--reading", "xml", set}},
		{"checksum of no agent", "agent checksum: ", []string{"checksum", set}},
		{"checksum of two files", "want one file", []string{"checksum", set, set}},
		{"checksum all canonical", "--canonical prints one reading", []string{"checksum", "--reading", "all", "--canonical", set}},
		{"checksum form", "--form goes with chain and steps", []string{"checksum", "--form", "long", set}},
		{"chain reading", "--reading is for agents", []string{"checksum", "chain", "a", "--reading", "jcs"}},
		{"chain id", `"a|b" is no id`, []string{"checksum", "chain", "a|b"}},
		{"chain repeat", `"a" stands twice`, []string{"checksum", "chain", "a", "b", "a"}},
		{"steps id", `"a/b" is no id`, []string{"checksum", "steps", "a/b"}},

		{"policy nothing", "an operand is missing", []string{"policy"}},
		{"policy verb", `there is no subcommand "chekc"; did you mean check?`, []string{"policy", "chekc", "x"}},
		{"policy file", "a file is missing", []string{"policy", "check"}},
		{"code", `there is no code "proof_htu_mismatsh"; did you mean proof_htu_mismatch?`, []string{"codes", "proof_htu_mismatsh"}},
		{"code and stage", "give a code or --stage", []string{"codes", "6039", "--stage", "proof"}},
		{"stage", "--stage: no code begins with", []string{"codes", "--stage", "x"}},
		{"rounds", "--rounds: want a whole number from 3 to 1000", []string{"bench", "--rounds", "2"}},
		{"conformance verb", "conformance", []string{"conformance", "walk"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := execute("Name: value", row.args...)
			if r.code != exitUsage || r.out != "" || !strings.Contains(r.err, row.message) {
				t.Errorf("want exit code 2 and %q, have %d\nstdout: %s\nstderr: %s", row.message, r.code, r.out, r.err)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(dir, "x")); err == nil {
		t.Error("a refused keygen left a file")
	}
}

func TestRequestFaults(t *testing.T) {
	policy := write(t, t.TempDir(), "policy.json", `{"issuers":[{"issuer":"i","audiences":["x"],"algorithms":["ES256"],"jwks_uri":"https://as.example/jwks"}],"routes":[{"id":"a","match":{"path":"/a"},"require":{"level":"jwt"}}]}`)
	const whole = `"method":"GET","scheme":"https","authority":"a","target":"/"`
	rows := []struct{ name, request, message string }{
		{"method missing", `{"scheme":"https","authority":"a","target":"/"}`, "/method is missing"},
		{"target missing", `{"method":"GET","scheme":"https","authority":"a"}`, "/target is missing"},
		{"method type", `{"method":1}`, "/method: want a string, have number"},
		{"letter case", `{"Method":"GET"}`, "/Method: there is no such member"},
		{"headers type", `{` + whole + `,"headers":{}}`, "/headers: want an array"},
		{"header type", `{` + whole + `,"headers":[["a","b"],"c"]}`, "/headers/1: want [name, value]"},
		{"header of three", `{` + whole + `,"headers":[["a","b","c"]]}`, "/headers/0: want [name, value]"},
		{"header value", `{` + whole + `,"headers":[["a",1]]}`, "/headers/0/1: want a string of base64"},
		{"header base64", `{` + whole + `,"headers":[["a",{"base64":"_w"}]]}`, "/headers/0/1: want a string of base64"},
		{"body", `{` + whole + `,"body":"aGk"}`, "/body: want a string of base64"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := execute(row.request, "verify", "--policy", policy, "--request", "-")
			if r.code != exitUsage || !strings.Contains(r.err, row.message) {
				t.Errorf("want exit code 2 and %q, have %d\n%s%s", row.message, r.code, r.out, r.err)
			}
		})
	}
}

// TestSecretsStayOut: messages about flags do not repeat what may be a token.
func TestSecretsStayOut(t *testing.T) {
	const secret = "eyJhbGciOiJFZDI1NTE5In0.eyJpc3MiOiJodHRwczovL2FzLmV4YW1wbGUifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
	rows := [][]string{
		{"verify", "--token", secret, "--token", secret},
		{"verify", "--header", secret, "--url", "https://a/"},
		{"verify", "--policy", "none.json", "--url", "https://a/", "--token", secret},
		{"version", secret},
	}
	for _, args := range rows {
		r := execute("", args...)
		if r.code != exitUsage || strings.Contains(r.err+r.out, "c2lnbmF0dXJl") {
			t.Errorf("%v: exit code %d\n%s%s", args[:2], r.code, r.out, r.err)
		}
	}
}

// failing is a standard output that takes nothing, such as a full disk.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestStandardOutputFails(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"codes"}, {"codes", "--json"}, {"checksum", "chain", "a"}, {"verify", "--help"}} {
		var errs strings.Builder
		w := &world{stdin: strings.NewReader(""), stdout: failing{}, stderr: &errs, clock: func() int64 { return testNow }}
		if code := w.run(args); code != exitUsage || !strings.Contains(errs.String(), "no space left") {
			t.Errorf("%v: exit code %d %s", args, code, errs.String())
		}
	}
}
