package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fleet is a folder with an issuer, four agents of one chain, a bundle and a policy at
// level ajwt that demands links.
type fleet struct {
	t           *testing.T
	dir, policy string
	payload     string // path of the bundle's JSON
	bundle      string // path of the signed one
	public      map[string]string
}

var fleetAgents = []string{"supervisor", "planner", "reviewer", "patcher"}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{t: t, dir: t.TempDir(), public: map[string]string{}}
	for _, name := range append([]string{"issuer", "bundle", "stranger"}, fleetAgents...) {
		alg := "Ed25519"
		if name == "planner" || name == "bundle" {
			alg = "ES256"
		}
		f.public[name] = strings.TrimSpace(keygen(t, alg, "--out", f.path(name+".jwk"), "--kid", name))
		write(t, f.dir, name+".public.jwk", f.public[name])
	}
	f.policy = write(t, f.dir, "policy.json", fmt.Sprintf(`{"issuers":[{"issuer":"https://as.example","audiences":["https://api.example"],"algorithms":["Ed25519","ES256"],
"jwks":{"keys":[%s]},"bundle":{"keys":[%s]},"revocation":{"keys":[%s]}}],"proof":{"algorithms":["Ed25519","ES256"]},
"routes":[{"id":"links","match":{"path":"/repos/**"},"require":{"links":"required"}},{"id":"open","match":{"path":"/open"},"require":{}}]}`,
		f.public["issuer"], f.public["bundle"], f.public["bundle"]))
	f.payload = write(t, f.dir, "bundle.json", f.text())
	f.bundle = write(t, f.dir, "bundle.jws", f.sign(f.payload))
	return f
}

func (f *fleet) path(name string) string { return filepath.Join(f.dir, name) }

// text is the JSON of the bundle: an old planner is revoked, lint may be skipped, and
// people approve before the patch.
func (f *fleet) text() string {
	var agents []string
	for _, id := range fleetAgents {
		agents = append(agents, fmt.Sprintf(`{"agent_id":%q,"status":"active","registrations":[{"registration_id":"reg_%s","checksum":"sha256:%s"}],"keys":[%s]}`,
			id, id, strings.Repeat("ab", 32), f.public[id]))
	}
	agents = append(agents, `{"agent_id":"old","status":"revoked","registrations":[]}`)
	step := func(id, more string) string {
		return `{"step_id":"` + id + `",` + more + `,"scopes":["repo:read"],"tools":["read_file"],"context":[]}`
	}
	return fmt.Sprintf(`{"iss":"https://as.example","iat":%d,"exp":%d,"version":7,"agents":[%s],"workflows":[{"workflow_id":"vuln-patching","version":3,"origins":["supervisor"],
"delegation":[["supervisor","planner"],["planner","reviewer"],["reviewer","patcher"],["supervisor","old"],["old","patcher"]],"max_depth":4,"steps":[
%s]}]}`, testNow-60, testNow+86400, strings.Join(agents, ",\n"), strings.Join([]string{
		step("analyze", `"agent_id":"planner","after":[],"required":true,"approval_gate":false,"requires_approval":false`),
		step("lint", `"after":["analyze"],"required":false,"approval_gate":false,"requires_approval":false`),
		step("approve", `"after":["analyze"],"required":true,"approval_gate":true,"requires_approval":false`),
		step("patch", `"agent_id":"patcher","after":["lint","approve"],"required":true,"approval_gate":false,"requires_approval":true`),
	}, ",\n"))
}

func (f *fleet) sign(payload string) string {
	f.t.Helper()
	return must(f.t, "bundle", "sign", "--key", f.path("bundle.jwk"), payload)
}

// changed writes the bundle's JSON with replacements: from, to, from, to.
func (f *fleet) changed(name string, pairs ...string) string {
	f.t.Helper()
	text := f.text()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			f.t.Fatalf("the bundle has no %s", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return write(f.t, f.dir, name, text)
}

// links signs the chain of the fleet's agents into one file.
func (f *fleet) links() string {
	f.t.Helper()
	file := f.path("links.txt")
	out := must(f.t, "link", "sign", "--key", f.path("supervisor.jwk"), "--from", "supervisor", "--to", "planner", "--to-key", f.path("planner.public.jwk"),
		"--issuer", testIssuer, "--workflow", "vuln-patching", "--scope", "repo:read repo:write")
	write(f.t, f.dir, "links.txt", out)
	for i := 1; i < 3; i++ {
		out += must(f.t, "link", "sign", "--key", f.path(fleetAgents[i]+".jwk"), "--previous", file, "--to", fleetAgents[i+1],
			"--to-key", f.path(fleetAgents[i+1]+".jwk"), "--scope", "repo:read")
		write(f.t, f.dir, "links.txt", out)
	}
	return file
}

// mint makes token and proof for the patcher.
func (f *fleet) mint(url string, more ...string) string {
	f.t.Helper()
	return write(f.t, f.dir, "headers.txt", must(f.t, append([]string{"mint", "--key", f.path("issuer.jwk"), "--iss", testIssuer, "--sub", "patcher",
		"--aud", "https://api.example", "--scope", "repo:read", "--workflow", "vuln-patching", "--step", "patch",
		"--checksum", "sha256:" + strings.Repeat("ab", 32), "--registration", "reg_patcher", "--proof-key", f.path("patcher.jwk"), "--url", url}, more...)...))
}

func (f *fleet) verify(headers, url string, more ...string) result {
	return execute("", append([]string{"verify", "--policy", f.policy, "--bundle", f.bundle, "--header", "@" + headers, "--url", url, "--json"}, more...)...)
}

// TestBundleToDecision: a bundle and three links that the program signs, a token that it
// mints with them, and the decision.
func TestBundleToDecision(t *testing.T) {
	f := newFleet(t)
	links := f.links()
	r := f.verify(f.mint(testURL, "--link", links, "--steps", "analyze,approve"), testURL)
	v := decode(t, r.out)
	require.Equal(t, exitOK, r.code, r.out+r.err)
	require.Equal(t, "ajwt+pop+links", at(v, "decision", "level"))
	require.EqualValues(t, 7, at(v, "decision", "bundle_version"))

	code := func(r result) any { return at(decode(t, r.out), "explanation", "code") }
	require.Equal(t, "delegation_links_missing", code(f.verify(f.mint(testURL, "--chain", "supervisor,planner,reviewer", "--steps", "analyze,approve"), testURL)))
	require.Equal(t, "workflow_sequence_unknown", code(f.verify(f.mint(testURL, "--link", links, "--steps", "approve,analyze"), testURL)))

	list := write(t, f.dir, "list.json", fmt.Sprintf(`{"iss":"https://as.example","iat":%d,"next_update":%d,"sequence":2,"agents":["reviewer"],"registrations":[],"tokens":[],"keys":[]}`, testNow, testNow+600))
	signed := write(t, f.dir, "list.jws", must(t, "revocations", "sign", "--key", f.path("bundle.jwk"), list))
	require.Equal(t, "delegation_link_agent_revoked", code(f.verify(f.mint(testURL, "--link", links, "--steps", "analyze,approve"), testURL, "--revocations", signed)))
}

// TestAliasToDecision: a token under aliases is decided as one with the real ids.
func TestAliasToDecision(t *testing.T) {
	f := newFleet(t)
	secret := write(t, f.dir, "secret.txt", base64.RawURLEncoding.EncodeToString(make([]byte, 32))+"\n")
	r := execute("", "bundle", "alias", "--audience", "https://api.example", "--secret-file", secret, "--workflow", "vuln-patching", f.bundle)
	require.Equal(t, exitOK, r.code, r.err)
	require.Contains(t, r.err, "not signed yet")
	f.bundle = write(t, f.dir, "aliased.jws", f.sign(write(t, f.dir, "aliased.json", r.out)))
	const url = "https://api.example/open"
	headers := f.mint(url, "--alias-secret", secret, "--chain", "supervisor,planner,reviewer", "--steps", "analyze,approve")
	data, err := os.ReadFile(headers)
	require.NoError(t, err)
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(string(data), ".")[1])
	require.NoError(t, err)
	require.NotContains(t, string(payload), "vuln-patching")
	require.NotContains(t, string(payload), `"patch"`)
	v := decode(t, f.verify(headers, url).out)
	require.Equal(t, "accept", at(v, "verdict"), v)
	require.Equal(t, "vuln-patching", at(v, "decision", "workflow"))
	require.Contains(t, must(t, "bundle", "show", f.bundle), "has aliases for https://api.example")
	require.Contains(t, must(t, "bundle", "explain", "--workflow", "vuln-patching", "--step", "patch", f.bundle), " for https://api.example")
}

func TestBundleSignFaults(t *testing.T) {
	f := newFleet(t)
	require.Equal(t, 2, strings.Count(f.sign(f.payload), "."))
	faulty := f.changed("faulty.json", `"origins":["supervisor"]`, `"origins":["nobody"]`, `"version":7`, `"version":"7"`)
	r := execute("", "bundle", "sign", "--key", f.path("bundle.jwk"), faulty)
	require.Equal(t, exitReject, r.code)
	require.Empty(t, r.out)
	for _, want := range []string{"ajwt bundle sign: not signed: 2 faults", "/version: bundle_member_type", "/workflows/0/origins/0: bundle_agent_unknown"} {
		require.Contains(t, r.err, want)
	}
	r = execute("", "bundle", "sign", "--key", f.path("bundle.jwk"), "--issuer", "https://other.example", f.payload)
	require.Equal(t, exitReject, r.code)
	require.Contains(t, r.err, "/iss: bundle_issuer_mismatch")
	require.Contains(t, must(t, "bundle", "show", write(t, f.dir, "named.jws", must(t, "bundle", "sign", "--key", f.path("bundle.jwk"), "--kid", "k9", f.payload))), `kid "k9"`)
}

func TestBundleShow(t *testing.T) {
	f := newFleet(t)
	for _, row := range []struct {
		name  string
		code  int
		wants []string
		args  []string
	}{
		{"signed", exitOK, []string{"NOT VERIFIED", `alg "ES256", kid "bundle"`, "version    7", "in 86400 s", "5 agents", "revoked  old, 0 registrations",
			"active   planner, 1 registration (1 valid), 1 key", "1 workflow, 6 chains, 6 sequences in all", "patch: by patcher, required, needs approval, 3 sequences",
			"approve: by people, required, approval gate, 1 sequence"}, []string{f.bundle}},
		{"payload", exitOK, []string{"NOT SIGNED", "version    7"}, []string{f.payload}},
		{"verified", exitOK, []string{"VERIFIED: a key of the policy signed it"}, []string{f.bundle, "--policy", f.policy}},
		{"another key", exitReject, []string{"REFUSED under the policy", "bundle_kid_unknown"},
			[]string{write(t, f.dir, "stranger.jws", must(t, "bundle", "sign", "--key", f.path("stranger.jwk"), f.payload)), "--policy", f.policy}},
		{"forged", exitReject, []string{"REFUSED under the policy", "bundle_signature_invalid"},
			[]string{write(t, f.dir, "forged.jws", f.forged()), "--policy", f.policy}},
		{"payload under a policy", exitReject, []string{"bundle_compact_invalid"}, []string{f.payload, "--policy", f.policy}},
		{"near its end", exitOK, []string{"WARNING  it expires in 400 s"}, []string{f.bundle, "--now", fmt.Sprint(testNow + 86000)}},
		{"expired", exitOK, []string{"WARNING  it EXPIRED 100 s ago"}, []string{f.bundle, "--now", fmt.Sprint(testNow + 86500)}},
		{"expired under a policy", exitReject, []string{"bundle_expired"}, []string{f.bundle, "--policy", f.policy, "--now", fmt.Sprint(testNow + 86500)}},
		{"of the future", exitOK, []string{"WARNING  iat is in the future by 40 s"}, []string{f.bundle, "--now", fmt.Sprint(testNow - 100)}},
		{"faulty", exitReject, []string{"FAULTY  the bundle does not load", "/agents: bundle_member_type"}, []string{f.changed("x.json", `"agents":[`, `"agents":1,"x":[`)}},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := execute("", append([]string{"bundle", "show"}, row.args...)...)
			require.Equal(t, row.code, r.code, r.out+r.err)
			for _, want := range row.wants {
				require.Contains(t, r.out, want)
			}
			r = execute("", append(append([]string{"bundle", "show"}, row.args...), "--json")...)
			v := decode(t, r.out)
			require.Equal(t, row.code, r.code)
			require.Equal(t, row.code == exitOK, at(v, "valid"))
		})
	}
	v := decode(t, must(t, "bundle", "show", f.bundle, "--json"))
	require.Equal(t, false, at(v, "signature", "verified"))
	require.Len(t, at(v, "agents"), 5)
	require.Contains(t, must(t, "bundle", "show", f.changed("early.json", `"status":"revoked"`, `"status":"active"`)), `agent "old" is active and has no valid registration`)
}

// forged is the bundle with another version under the old signature.
func (f *fleet) forged() string {
	parts := strings.Split(f.sign(f.payload), ".")
	text := strings.Replace(f.text(), `"version":7`, `"version":8`, 1)
	return parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(text)) + "." + parts[2]
}

func TestBundleDiff(t *testing.T) {
	f := newFleet(t)
	r := execute("", "bundle", "diff", f.bundle, f.bundle)
	require.Equal(t, exitOK, r.code, r.out)
	require.True(t, strings.HasPrefix(r.out, "SAME"), r.out)
	require.Equal(t, exitOK, execute("", "bundle", "diff", f.bundle, f.payload).code, "signed and not signed")
	for _, row := range []struct {
		name  string
		wants []string
		pairs []string
	}{
		{"an agent revoked", []string{"WARNING  THE VERSION STAYS 7 WITH OTHER CONTENT", "agent reviewer: status: was active, is revoked", "0 chains became lawful",
			"2 chains became unlawful", "supervisor -> planner -> reviewer -> patcher"},
			[]string{`"agent_id":"reviewer","status":"active"`, `"agent_id":"reviewer","status":"revoked"`}},
		{"one edge more", []string{"bundle: version: was 7, is 8", "delegation added: planner -> patcher", "1 chain became lawful", "vuln-patching: supervisor -> planner -> patcher", "0 chains became unlawful"},
			[]string{`"version":7`, `"version":8`, `"delegation":[`, `"delegation":[["planner","patcher"],`}},
		{"version back", []string{"WARNING  THE VERSION GOES BACK from 7 to 6"}, []string{`"version":7`, `"version":6`}},
		{"a step required", []string{"step vuln-patching/lint: required: was false, is true", "1 sequence became unlawful", "vuln-patching: analyze -> approve -> patch", "0 sequences became lawful"},
			[]string{`"after":["analyze"],"required":false`, `"after":["analyze"],"required":true`, `"version":7`, `"version":8`}},
		{"registration", []string{"registration added: reg_x sha256:abab", "registration removed: reg_planner"}, []string{`reg_planner`, `reg_x`}},
		{"keys", []string{"keys: was not pinned, is pinned to those listed"}, []string{`"registrations":[]}`, `"registrations":[],"keys":[]}`}},
		{"agent and step", []string{"agent new: added, active", "scope added: repo:write", "tool removed: read_file", "max_depth: was 4, is 3"},
			[]string{`"agents":[`, `"agents":[{"agent_id":"new","status":"active","registrations":[]},`, `["repo:read"],"tools":["read_file"]`, `["repo:read","repo:write"],"tools":[]`, `"max_depth":4`, `"max_depth":3`}},
		{"bytes only", []string{"DIFFER  only in bytes", "WITH OTHER CONTENT"}, []string{`"version":7`, `"version": 7`}},
		{"another issuer", []string{"DIFFERENT ISSUERS"}, []string{`"iss":"https://as.example"`, `"iss":"https://other.example"`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			next := f.changed("next.json", row.pairs...)
			r := execute("", "bundle", "diff", f.payload, next)
			require.Equal(t, exitReject, r.code, r.out+r.err)
			for _, want := range row.wants {
				require.Contains(t, r.out, want)
			}
			v := decode(t, execute("", "bundle", "diff", f.payload, next, "--json").out)
			require.Equal(t, false, at(v, "same"))
			back := execute("", "bundle", "diff", next, f.payload)
			require.Equal(t, exitReject, back.code)
		})
	}
	limited := execute("", "bundle", "diff", "--limit", "1", f.payload, f.changed("next.json", `"agent_id":"reviewer","status":"active"`, `"agent_id":"reviewer","status":"revoked"`))
	require.Contains(t, limited.out, "and 1 more (--limit shows more)")
	again := write(t, f.dir, "again.jws", f.sign(f.payload)) // ECDSA signs anew every time
	r = execute("", "bundle", "diff", f.bundle, again)
	require.Equal(t, exitReject, r.code)
	require.Contains(t, r.out, "WAS SIGNED ANEW")
}

func TestBundleExplain(t *testing.T) {
	f := newFleet(t)
	explain := func(step string, more ...string) string {
		return must(t, append([]string{"bundle", "explain", "--workflow", "vuln-patching", "--step", step, f.bundle}, more...)...)
	}
	out := explain("patch")
	for _, want := range []string{"step patch of workflow vuln-patching, bundle version 7", "agent      patcher", "must be completed: analyze, approve; may be skipped: lint",
		"needed: approve must be among the completed steps", "one of 2 chains", "supervisor -> planner -> reviewer -> patcher\n      long  sha256:",
		"supervisor -> old -> patcher   REVOKED: old", "one of 3 sequences", "analyze -> approve -> patch",
		strings.TrimSpace(must(t, "checksum", "chain", "--form", "long", "supervisor", "planner", "reviewer", "patcher")),
		strings.TrimSpace(must(t, "checksum", "steps", "--form", "short", "analyze", "lint", "approve", "patch"))} {
		require.Contains(t, out, want)
	}
	require.Contains(t, explain("approve"), "people complete this approval gate")
	require.NotContains(t, explain("approve"), "delegation_chain")
	require.Contains(t, explain("lint"), "any that a chain of the workflow reaches")
	require.Contains(t, explain("lint"), "one of 6 chains")
	require.Contains(t, explain("analyze"), "nothing: it can be the first step")
	require.Contains(t, explain("patch", "--limit", "1"), "and 2 more (--limit shows more)")
	v := decode(t, explain("patch", "--json", "--limit", "2"))
	require.Len(t, at(v, "sequences"), 2)
	require.EqualValues(t, 3, at(v, "sequence_count"))
	require.Equal(t, []any{"old"}, at(at(v, "chains").([]any)[1], "revoked"))
	require.NotContains(t, explain("patch", "--limit", "0"), "analyze ->")
}
