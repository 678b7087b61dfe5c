package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLinkShow(t *testing.T) {
	f := newFleet(t)
	links := f.links()
	out := must(t, "link", "show", links, "--bundle", f.bundle)
	for _, want := range []string{"HOLDS  3 links, signed by each hop", "version 7 of", "supervisor -> planner -> reviewer -> patcher", "link 1  planner lets reviewer act", "(ES256)"} {
		require.Contains(t, out, want)
	}
	require.Contains(t, must(t, "link", "show", links), "whose the root key is was not checked")
	v := decode(t, must(t, "link", "show", links, "--json"))
	require.Equal(t, true, at(v, "holds"))
	require.Len(t, at(v, "links"), 3)

	data, err := os.ReadFile(links)
	require.NoError(t, err)
	all := strings.Fields(string(data))
	root := func(name, key, to, workflow string, more ...string) string {
		return write(t, f.dir, name, must(t, append([]string{"link", "sign", "--key", f.path(key + ".jwk"), "--from", "supervisor", "--to", to,
			"--to-key", f.path("planner.jwk"), "--issuer", testIssuer, "--workflow", workflow, "--scope", "repo:read"}, more...)...))
	}
	for _, row := range []struct {
		name, code string
		args       []string
	}{
		{"without the root", "delegation_link_prev_mismatch", []string{write(t, f.dir, "a.txt", all[1]+"\n"+all[2])}},
		{"no link", "delegation_link_compact_invalid", []string{write(t, f.dir, "b.txt", all[0]+"\nx\n")}},
		{"expired", "delegation_link_expired", []string{links, "--now", fmt.Sprint(testNow + 300)}},
		{"a stranger's root", "delegation_link_key_unlisted", []string{root("g.txt", "stranger", "planner", "vuln-patching"), "--bundle", f.bundle}},
		{"unknown workflow", "delegation_workflow_unknown", []string{root("c.txt", "supervisor", "planner", "deploy"), "--bundle", f.bundle}},
		{"no edge", "delegation_chain_unknown", []string{root("d.txt", "supervisor", "patcher", "vuln-patching"), "--bundle", f.bundle}},
		{"to a revoked agent", "delegation_link_agent_revoked", []string{root("e.txt", "supervisor", "old", "vuln-patching"), "--bundle", f.bundle}},
		{"another's step", "workflow_step_agent_mismatch", []string{root("f.txt", "supervisor", "planner", "vuln-patching", "--step", "patch"), "--bundle", f.bundle}},
		{"too deep", "delegation_link_depth_exceeded", []string{links, "--bundle", f.changed("shallow.json", `"max_depth":4`, `"max_depth":2`, `"agent_id":"patcher","after"`, `"agent_id":"planner","after"`)}},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := execute("", append([]string{"link", "show"}, row.args...)...)
			require.Equal(t, exitReject, r.code, r.out+r.err)
			require.Contains(t, r.out, row.code)
			v := decode(t, execute("", append([]string{"link", "show", "--json"}, row.args...)...).out)
			require.Equal(t, false, at(v, "holds"))
		})
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}

func TestLinkSignRefusals(t *testing.T) {
	f := newFleet(t)
	links := f.links()
	first := write(t, f.dir, "first.txt", strings.Fields(read(t, links))[0])
	base := []string{"link", "sign", "--previous", first, "--to", "reviewer", "--to-key", f.path("reviewer.jwk")}
	for _, row := range []struct {
		name, want string
		args       []string
	}{
		{"scope", `link 1, scope: want no scope-token but "repo:read repo:write", which the link before has; leave out x (delegation_link_scope_widened)`, []string{"--key", f.path("planner.jwk"), "--scope", "repo:read x"}},
		{"life", "link 1, exp: want at most 1767225900", []string{"--key", f.path("planner.jwk"), "--scope", "repo:read", "--ttl", "301"}},
		{"signer", "link 1, jwk: want the key that the link before names", []string{"--key", f.path("stranger.jwk"), "--scope", "repo:read"}},
		{"delegator", `link 1, iss: want "planner"`, []string{"--key", f.path("planner.jwk"), "--scope", "repo:read", "--from", "patcher"}},
		{"workflow", "link 1, workflow_id: want", []string{"--key", f.path("planner.jwk"), "--scope", "repo:read", "--workflow", "deploy"}},
		{"after the end", "link 1, exp: want a time after iat", []string{"--key", f.path("planner.jwk"), "--scope", "repo:read", "--now", fmt.Sprint(testNow + 300)}},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := execute("", append(append([]string{}, base...), row.args...)...)
			require.Equal(t, exitReject, r.code, r.err)
			require.Empty(t, r.out)
			require.Contains(t, r.err, "ajwt link sign: not signed: "+row.want)
		})
	}
	r := execute("", "mint", "--key", f.path("issuer.jwk"), "--iss", "i", "--sub", "patcher", "--aud", "a", "--scope", "s", "--workflow", "w", "--step", "s", "--link",
		write(t, f.dir, "second.txt", strings.Fields(read(t, links))[1]))
	require.Equal(t, exitUsage, r.code)
	require.Contains(t, r.err, "--link: link 0, prev")
}

func TestRevocationsShow(t *testing.T) {
	f := newFleet(t)
	text := fmt.Sprintf(`{"iss":"https://as.example","iat":%d,"next_update":%d,"sequence":2,"agents":["patcher"],"registrations":["reg_1"],"tokens":["a","b"],"keys":[]}`, testNow-10, testNow+600)
	payload := write(t, f.dir, "list.json", text)
	signed := write(t, f.dir, "list.jws", must(t, "revocations", "sign", "--key", f.path("bundle.jwk"), payload))
	for _, row := range []struct {
		name  string
		code  int
		wants []string
		args  []string
	}{
		{"signed", exitOK, []string{"NOT VERIFIED", "sequence   2", "agents     1: patcher", "tokens     2: a, b", "keys       none"}, []string{signed}},
		{"payload", exitOK, []string{"NOT SIGNED"}, []string{payload}},
		{"verified", exitOK, []string{"VERIFIED:"}, []string{signed, "--policy", f.policy}},
		{"a bundle", exitReject, []string{"FAULTY", "revocations_member"}, []string{f.bundle}},
		{"stale", exitOK, []string{"STALE for 1 s"}, []string{signed, "--now", fmt.Sprint(testNow + 601)}},
		{"of the future", exitOK, []string{"in the future by 90 s"}, []string{signed, "--now", fmt.Sprint(testNow - 100)}},
		{"another key", exitReject, []string{"revocations_kid_unknown"},
			[]string{write(t, f.dir, "other.jws", must(t, "revocations", "sign", "--key", f.path("stranger.jwk"), payload)), "--policy", f.policy}},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := execute("", append([]string{"revocations", "show"}, row.args...)...)
			require.Equal(t, row.code, r.code, r.out+r.err)
			for _, want := range row.wants {
				require.Contains(t, r.out, want)
			}
			v := decode(t, execute("", append([]string{"revocations", "show", "--json"}, row.args...)...).out)
			require.Equal(t, row.code == exitOK, at(v, "valid"))
		})
	}
	r := execute(strings.Replace(text, `"agents":["patcher"]`, `"agents":["a|b"]`, 1), "revocations", "sign", "--key", f.path("bundle.jwk"), "-")
	require.Equal(t, exitReject, r.code)
	require.Contains(t, r.err, "/agents/0: revocations_member_value")
	require.Contains(t, execute("", "revocations", "sign", "--key", f.path("bundle.jwk"), "--now", fmt.Sprint(testNow+600), payload).err, "/next_update")
}

// TestSubcommandUsage: exit code 2, nothing on standard output, and a message that names
// what to do.
func TestSubcommandUsage(t *testing.T) {
	f := newFleet(t)
	key := f.path("bundle.jwk")
	secret := write(t, f.dir, "short.txt", "AAAA")
	two := write(t, f.dir, "two.txt", "a.b")
	mint := []string{"mint", "--key", f.path("issuer.jwk"), "--iss", "i", "--sub", "patcher", "--aud", "a", "--scope", "s"}
	for _, row := range []struct {
		want string
		args []string
	}{
		{"a subcommand is missing: want one of sign, show, diff, explain, alias", []string{"bundle"}},
		{`there is no subcommand "shwo"; did you mean show?`, []string{"bundle", "shwo"}},
		{`there is no flag "--json"`, []string{"bundle", "--json", "show"}},
		{"there is no subcommand", []string{"revocations", "diff"}},
		{"Run 'ajwt bundle sign --help'", []string{"bundle", "sign"}},
		{"--key is missing", []string{"bundle", "sign", f.payload}},
		{"is signed already", []string{"bundle", "sign", "--key", key, f.bundle}},
		{"this is no private key", []string{"bundle", "sign", "--key", f.path("bundle.public.jwk"), f.payload}},
		{"have 2 parts", []string{"bundle", "show", two}},
		{"ajwt bundle show: ", []string{"bundle", "show", f.path("none")}},
		{"the payload is not strict JSON", []string{"bundle", "show", write(t, f.dir, "bad.json", "{")}},
		{"NEW: ", []string{"bundle", "diff", f.bundle, f.changed("faulty.json", `"version":7`, `"version":-7`)}},
		{"--limit: want a whole number", []string{"bundle", "diff", f.bundle, f.bundle, "--limit", "-1"}},
		{"--workflow and --step are mandatory; the bundle has vuln-patching/analyze, ", []string{"bundle", "explain", f.bundle}},
		{`no step "vuln-patching/none"; it has vuln-patching/analyze`, []string{"bundle", "explain", f.bundle, "--workflow", "vuln-patching", "--step", "none"}},
		{"--audience is missing", []string{"bundle", "alias", "--secret-file", secret, "--workflow", "w", f.payload}},
		{"want 32 random ones", []string{"bundle", "alias", "--audience", "a", "--secret-file", secret, "--workflow", "w", f.payload}},
		{"--to is missing", []string{"link", "sign", "--key", key}},
		{"give the delegate's key", []string{"link", "sign", "--key", key, "--to", "a", "--scope", "s"}},
		{"a root link needs --from, --issuer and --workflow", []string{"link", "sign", "--key", key, "--to", "a", "--scope", "s", "--to-key", key}},
		{"holds no link", []string{"link", "show", write(t, f.dir, "blank.txt", "\n\n")}},
		{"more than 15 links", []string{"link", "show", write(t, f.dir, "many.txt", strings.Repeat("x\n", 16))}},
		{"--link needs --workflow", append(mint[:len(mint):len(mint)], "--link", two)},
		{"do not go together", append(mint[:len(mint):len(mint)], "--workflow", "w", "--step", "s", "--link", two, "--alias-secret", secret)},
		{"--alias-secret needs", append(mint[:len(mint):len(mint)], "--alias-secret", secret)},
	} {
		t.Run(row.want, func(t *testing.T) {
			r := execute("", row.args...)
			if r.code != exitUsage || r.out != "" || !strings.Contains(r.err, row.want) {
				t.Errorf("want exit code 2 and %q, have %d\n%s%s", row.want, r.code, r.out, r.err)
			}
		})
	}
	for _, name := range []string{"bundle sign", "bundle show", "bundle diff", "bundle explain", "bundle alias", "revocations sign", "revocations show", "link sign", "link show"} {
		words := strings.Fields(name)
		for _, args := range [][]string{append(words, "--help"), append([]string{"help"}, words...)} {
			text := must(t, args...)
			if !strings.HasPrefix(text, "Usage: ajwt "+name+" ") || !strings.Contains(text, "\nExamples:\n  ajwt "+name) {
				t.Errorf("%v: want usage and examples\n%s", args, text)
			}
		}
	}
}
