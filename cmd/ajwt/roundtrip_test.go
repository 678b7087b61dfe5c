package main

import (
	"strings"
	"testing"
)

// TestMintThenVerify: what keygen and mint make, verify accepts, for every algorithm;
// the same request with one thing changed is rejected with exit code 1.
func TestMintThenVerify(t *testing.T) {
	proofAlgs := map[string]string{"Ed25519": "ES256", "Ed448": "Ed448", "ES256": "Ed25519", "ES384": "ES384",
		"RS256": "RS256", "PS256": "PS256", "ML-DSA-44": "ML-DSA-44"}
	for _, a := range algorithms {
		t.Run(a.name, func(t *testing.T) {
			b := newBed(t, a.name, proofAlgs[a.name])
			headers := b.mint()
			r := b.verify(headers, "--json")
			if r.code != exitOK {
				t.Fatalf("exit code %d\n%s%s", r.code, r.out, r.err)
			}
			v := decode(t, r.out)
			if at(v, "verdict") != "accept" || at(v, "decision", "level") != "jwt+pop" || at(v, "decision", "agent") != "patcher" {
				t.Errorf("unexpected answer: %s", r.out)
			}
			token, proof := b.parts(headers)
			flipped := []byte(token)
			middle := strings.LastIndexByte(token, '.') + 5
			if flipped[middle] = 'A'; token[middle] == 'A' {
				flipped[middle] = 'B'
			}
			bad := write(t, b.dir, "bad.txt", "Authorization: DPoP "+string(flipped)+"\nDPoP: "+proof+"\n")
			wants(t, b.verify(bad), "signature_invalid")
		})
	}
}

// wants holds a result to a rejection with that code.
func wants(t *testing.T, r result, code string) {
	t.Helper()
	if r.code != exitReject || !strings.HasPrefix(r.out, "REJECT  "+code+" (") {
		t.Errorf("want %s and exit code 1, have exit code %d\n%s%s", code, r.code, r.out, r.err)
	}
}

func TestRejectedTwins(t *testing.T) {
	b := newBed(t, "Ed25519", "Ed25519")
	other := newBed(t, "Ed25519", "Ed25519")
	long := "sha256:" + strings.Repeat("0", 64)
	rows := []struct {
		name, code     string
		mint, verify   []string
		wantsInMessage string
	}{
		{name: "expired", code: "claim_exp_expired", verify: []string{"--now", "1767226000"}, wantsInMessage: "now: 1767226000 (2026-01-01T00:06:40Z)"},
		{name: "proof too old", code: "proof_iat_expired", verify: []string{"--now", "1767225700"}, wantsInMessage: "proof.max_age_seconds: 60"},
		{name: "from the future", code: "claim_iat_future", verify: []string{"--now", "1767225000"}},
		{name: "other method", code: "proof_htm_mismatch", verify: []string{"--method", "HEAD"}, wantsInMessage: `method of the request: "HEAD"`},
		{name: "other path", code: "proof_htu_mismatch", verify: []string{"--url", "https://api.example/repos/acme/other"}, wantsInMessage: "/repos/acme/other"},
		{name: "ambiguous path", code: "input_path_ambiguous", verify: []string{"--url", "https://api.example/repos/../site"}},
		{name: "plain http", code: "proof_htu_mismatch", verify: []string{"--url", "http://api.example/repos/acme/site"}},
		{name: "fragment", code: "input_target_malformed", verify: []string{"--url", testURL + "#x"}},
		{name: "other issuer", code: "key_issuer_unknown", mint: []string{"--iss", "https://other.example"}, wantsInMessage: `issuers of the policy: "https://as.example"`},
		{name: "other key", code: "signature_invalid", mint: []string{"--key", other.issuer}},
		{name: "other kid", code: "key_kid_unknown", mint: []string{"--kid", "issuer-2"}, wantsInMessage: `kids of the key set: "issuer-1"`},
		{name: "other audience", code: "claim_aud_mismatch", mint: []string{"--aud", "https://else.example"}, wantsInMessage: "https://else.example"},
		{name: "two audiences", code: "", mint: []string{"--aud", "https://else.example", "--aud", "https://api.example"}},
		{name: "long life", code: "claim_lifetime_exceeded", mint: []string{"--ttl", "601"}, wantsInMessage: "exp - iat: 601 s"},
		{name: "longest life", code: "", mint: []string{"--ttl", "600"}},
		{name: "short hash", code: "claim_intent_hash_short", mint: []string{"--form", "short"}},
		{name: "proof as typ", code: "key_typ_not_allowed", mint: []string{"--typ", "dpop+jwt"}},
		{name: "other bound key", code: "proof_binding_mismatch", mint: []string{"--cnf", other.agent}},
		{name: "other thumbprint", code: "proof_binding_mismatch", mint: []string{"--jkt", strings.Repeat("A", 43)}},
		{name: "no thumbprint", code: "claim_cnf_jkt_invalid", mint: []string{"--jkt", "AAAA"}},
		{name: "scope missing", code: "workflow_scope_insufficient", mint: []string{"--scope", "repo:write"}, wantsInMessage: `scopes of the route: ["repo:read"]`},
		{name: "scopes repeated", code: "", mint: []string{"--scope", "repo:write", "--scope", "repo:read"}},
		{name: "other step", code: "workflow_step_not_allowed", mint: []string{"--step", "plan", "--steps", "analyze"}, wantsInMessage: `workflow_step: "plan"`},
		{name: "other agent", code: "workflow_agent_not_allowed", mint: []string{"--sub", "planner", "--chain", "supervisor"}, wantsInMessage: `agents of the route: ["patcher"]`},
		{name: "other context", code: "workflow_context_mismatch", mint: []string{"--context", "repository=acme/other"}, wantsInMessage: "acme/other"},
		{name: "a bad checksum", code: "claim_agent_proof_checksum_invalid", mint: []string{"--checksum", "sha256:AA", "--registration", "r"}},
		{name: "a checksum", code: "", mint: []string{"--checksum", long, "--registration", "reg_1"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := b.verify(b.mint(row.mint...), row.verify...)
			if row.code == "" {
				if r.code != exitOK || !strings.HasPrefix(r.out, "ACCEPT\n") {
					t.Errorf("want accept, have exit code %d\n%s%s", r.code, r.out, r.err)
				}
				return
			}
			wants(t, r, row.code)
			if !strings.Contains(r.out, row.wantsInMessage) {
				t.Errorf("the answer lacks %q\n%s", row.wantsInMessage, r.out)
			}
			if entry, ok := findCode(row.code); !ok || !strings.Contains(r.out, entry.Text) || !strings.Contains(r.out, entry.Repair) || !strings.Contains(r.out, entry.Ref) {
				t.Errorf("the answer lacks what the registry says of %s\n%s", row.code, r.out)
			}
		})
	}
}

func TestVerifyGivesSameAnswerForEachWayOfInput(t *testing.T) {
	b := newBed(t, "ES256", "Ed25519")
	headers := b.mint()
	token, proof := b.parts(headers)
	tokenFile, proofFile := write(t, b.dir, "token.txt", token+"\n"), write(t, b.dir, "proof.txt", proof+"\r\n")
	object := func(token, proof string) string {
		return `{"method":"GET","scheme":"https","authority":"api.example","target":"/repos/acme/site",
"headers":[["Authorization","DPoP ` + token + `"],["DPoP","` + proof + `"],["X",{"base64":"/w=="}]],"body":"aGk="}`
	}
	request := write(t, b.dir, "request.json", object(token, proof))
	common := []string{"verify", "--policy", b.policy, "--keys", testIssuer + "=" + b.jwks}
	rows := []struct {
		name, stdin string
		args        []string
	}{
		{"text", "", []string{"--url", testURL, "--token", token, "--proof", proof}},
		{"files", "", []string{"--url", testURL, "--token", "@" + tokenFile, "--proof", "@" + proofFile}},
		{"token from standard input", token, []string{"--url", testURL, "--token", "-", "--proof", "@" + proofFile}},
		{"fields from standard input", "Authorization: DPoP " + token + "\r\nDPoP: " + proof + "\r\n\r\n", []string{"--url", testURL, "--header", "-"}},
		{"fields one by one", "", []string{"--url", testURL, "--header", "authorization:DPoP " + token, "--header", "dpop:  " + proof}},
		{"request", "", []string{"--request", request}},
		{"request from standard input", object(token, proof), []string{"--request", "-"}},
		{"flags after one another", "", []string{"--scheme", "DPoP", "--proof", proof, "--token", token, "--url", testURL + "?q=1", "--method", "GET"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := execute(row.stdin, append(append([]string{}, common...), row.args...)...)
			if r.code != exitOK {
				t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
			}
		})
	}
	t.Run("bearer", func(t *testing.T) {
		r := execute("", append(append([]string{}, common...), "--url", testURL, "--token", token, "--proof", proof, "--scheme", "Bearer")...)
		wants(t, r, "proof_scheme_mismatch")
	})
	t.Run("no proof", func(t *testing.T) {
		r := execute("", append(append([]string{}, common...), "--url", testURL, "--token", token)...)
		wants(t, r, "proof_header_missing")
	})
}

// TestProofForExistingToken: mint --token makes another proof for the same token.
func TestProofForExistingToken(t *testing.T) {
	b := newBed(t, "Ed25519", "Ed25519")
	token, first := b.parts(b.mint())
	again := write(t, b.dir, "again.txt", must(t, "mint", "--token", token, "--proof-key", b.agent, "--url", testURL+"?page=2#top"))
	same, second := b.parts(again)
	if same != token || second == first {
		t.Error("want the same token and another proof")
	}
	if r := b.verify(again); r.code != exitOK {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
	}
}

func TestNonce(t *testing.T) {
	b := newBed(t, "Ed25519", "Ed25519")
	key := strings.Repeat("A", 43)
	b.policy = write(t, b.dir, "nonce.json", `{"issuers":[{"issuer":"https://as.example","audiences":["https://api.example"],"algorithms":["Ed25519"],"jwks_uri":"https://as.example/jwks"}],
"proof":{"nonce":{}},"routes":[{"id":"open","match":{"path":"/**"},"require":{"level":"jwt"}}]}`)
	headers := b.mint()
	if r := b.verify(headers); r.code != exitUsage || !strings.Contains(r.err, "--nonce-key") {
		t.Errorf("want a pointer to --nonce-key: %d %s", r.code, r.err)
	}
	r := b.verify(headers, "--nonce-key", key, "--json")
	v := decode(t, r.out)
	nonce, _ := at(v, "answer", "dpop_nonce").(string)
	if r.code != exitReject || at(v, "explanation", "code") != "proof_nonce_missing" || nonce == "" {
		t.Fatalf("want proof_nonce_missing and a nonce: %d %s", r.code, r.out)
	}
	keyFile := write(t, b.dir, "nonce.key", key+"\n")
	if r := b.verify(b.mint("--nonce", nonce), "--nonce-key", "@"+keyFile); r.code != exitOK {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
	}
}

// TestObservedRejection: the verdict stays a rejection and so does the exit code;
// that the request may pass is said beside it.
func TestObservedRejection(t *testing.T) {
	b := newBed(t, "Ed25519", "Ed25519")
	headers := b.mint()
	b.policy = write(t, b.dir, "observe.json", `{"issuers":[{"issuer":"https://as.example","audiences":["https://api.example"],"algorithms":["Ed25519"],"jwks_uri":"https://as.example/jwks"}],
"routes":[{"id":"open","match":{"path":"/**"},"require":{"level":"jwt","agents":["planner"]},"observe":{"until":1767225700,"stages":["proof","workflow"]}}]}`)
	r := b.verify(headers, "--method", "PUT")
	if r.code != exitReject || !strings.HasPrefix(r.out, "REJECT  proof_htm_mismatch (6036)  observed only") || !strings.Contains(r.out, "warning: workflow_agent_not_allowed") {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
	}
	r = b.verify(headers, "--method", "PUT", "--json")
	if v := decode(t, r.out); r.code != exitReject || at(v, "passes") != true || at(v, "verdict") != "reject" || at(v, "decision", "enforced") != false {
		t.Errorf("exit code %d\n%s", r.code, r.out)
	}
	wants(t, b.verify(headers, "--method", "PUT", "--now", "1767225700"), "proof_htm_mismatch") // until has come
}
