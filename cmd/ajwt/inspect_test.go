package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// compactOf joins header and payload with a signature that nobody made.
func compactOf(header, payload string) string {
	e := base64.RawURLEncoding.EncodeToString
	return e([]byte(header)) + "." + e([]byte(payload)) + "." + e([]byte("no signature of anybody"))
}

func TestInspect(t *testing.T) {
	b := newBed(t, "Ed25519", "ES256")
	headers := b.mint()
	token, proof := b.parts(headers)
	for _, args := range [][]string{
		{token, "--proof", proof}, {"--token", token, "--proof", proof}, {"DPoP " + token, "--proof", proof}, {"--header", "@" + headers},
	} {
		r := execute("", append([]string{"inspect"}, args...)...)
		for _, want := range []string{"NOT VERIFIED", `"workflow_step": "patch"`, `"htm": "GET"`, "1767225900 (2026-01-01T00:05:00Z), in 300 s", "503   exp"} {
			if r.code != exitOK || !strings.Contains(r.out, want) {
				t.Errorf("want %q and exit code 0, have %d\n%s%s", want, r.code, r.out, r.err)
			}
		}
	}
	r := execute("", "inspect", token, "--proof", proof, "--json")
	v := decode(t, r.out)
	if r.code != exitOK || at(v, "verified") != false || at(v, "token", "payload", "sub") != "patcher" || at(v, "proof", "payload", "htu") != testURL {
		t.Errorf("unexpected: %d %s", r.code, r.out)
	}
	for _, name := range []string{"token", "proof"} {
		compact := map[string]string{"token": token, "proof": proof}[name]
		for _, out := range []string{r.out, must(t, "inspect", token, "--proof", proof)} {
			if signature := compact[strings.LastIndexByte(compact, '.')+1:]; strings.Contains(out, signature) || strings.Contains(out, compact) {
				t.Errorf("the %s or its signature is shown", name)
			}
		}
	}
}

func TestInspectUnderPolicy(t *testing.T) {
	b := newBed(t, "Ed25519", "ES256")
	headers := b.mint()
	policy := []string{"--policy", b.policy, "--keys", testIssuer + "=" + b.jwks}
	r := execute("", append([]string{"inspect", "--header", "@" + headers}, policy...)...)
	if r.code != exitOK || !strings.Contains(r.out, "no fault found in the stages jws, key, signature, claim") || !strings.Contains(r.out, "NOT VERIFIED") {
		t.Errorf("a sound token: %d\n%s%s", r.code, r.out, r.err)
	}
	r = execute("", append([]string{"inspect", "--header", "@" + headers, "--now", "1767226000"}, policy...)...)
	if r.code != exitReject || !strings.Contains(r.out, "the token is rejected: claim_exp_expired (5017)") || !strings.Contains(r.out, "Ask for a new token.") {
		t.Errorf("an expired token: %d\n%s%s", r.code, r.out, r.err)
	}
	r = execute("", "inspect", "--header", "@"+headers, "--policy", b.policy, "--json")
	if v := decode(t, r.out); r.code != exitReject || at(v, "policy", "rejection", "code") != "key_set_missing" {
		t.Errorf("no keys: %d\n%s", r.code, r.out)
	}
}

func TestInspectFaults(t *testing.T) {
	const header, payload = `{"alg":"Ed25519","kid":"k","typ":"JWT"}`, `{"sub":"a"}`
	good := compactOf(header, payload)
	rows := []struct{ name, token, code string }{
		{"one part", "x", "jws_compact_segments"},
		{"five parts", "a.b.c.d.e", "jws_compact_encrypted"},
		{"line ends", good[:10] + "\n" + good[10:], "jws_header_base64"},
		{"padding", "e30=.e30.AAAA", "jws_header_base64"},
		{"no signature", good[:strings.LastIndexByte(good, '.')+1], "jws_signature_empty"},
		{"not JSON", compactOf("x", payload), "jws_header_syntax"},
		{"duplicate", compactOf(`{"alg":"Ed25519","alg":"none","kid":"k"}`, payload), "jws_header_duplicate_member"},
		{"none", compactOf(`{"alg":"nOnE","kid":"k"}`, payload), "jws_alg_forbidden"},
		{"no kid", compactOf(`{"alg":"ES256"}`, payload), "jws_kid_missing"},
		{"own key", compactOf(`{"alg":"ES256","kid":"k","jwk":{}}`, payload), "jws_key_embedded"},
		{"payload not JSON", compactOf(header, "text"), "jws_payload_syntax"},
		{"payload an array", compactOf(header, "[]"), "jws_payload_not_object"},
		{"payload duplicate", compactOf(header, `{"sub":"a","s\u0075b":"b"}`), "jws_payload_duplicate_member"},
		{"payload deep", compactOf(header, strings.Repeat(`{"a":`, 17)+"1"+strings.Repeat("}", 17)), "jws_payload_too_deep"},
		{"payload encoding", compactOf(header, "{\"a\":\"\xff\"}"), "jws_payload_encoding"},
		{"too long", strings.Repeat("a", 20000), "input_token_too_long"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := execute("", "inspect", "--token", row.token)
			if r.code != exitReject || !strings.Contains(r.out, "FAULT     "+row.code+" (") {
				t.Errorf("want %s and exit code 1, have %d\n%.600s%s", row.code, r.code, r.out, r.err)
			}
			r = execute("", "inspect", "--json", "--token", row.token)
			if v := decode(t, r.out); at(v, "token", "fault", "code") != row.code || at(v, "verified") != false {
				t.Errorf("--json: want %s\n%.600s", row.code, r.out)
			}
		})
	}
	proofs := []struct{ name, proof, code string }{
		{"two parts", "a.b", "proof_compact_segments"},
		{"base64", "e30.e3.AA", "proof_payload_base64"},
		{"typ", compactOf(`{"typ":"JWT"}`, payload), "proof_typ_invalid"},
		{"no key", compactOf(`{"typ":"application/DPoP+jwt"}`, payload), "proof_jwk_missing"},
		{"private key", compactOf(`{"typ":"dpop+jwt","jwk":{"kty":"OKP","d":"c2VjcmV0LXNlZWQ"}}`, payload), "proof_jwk_private"},
		{"payload", compactOf(`{"typ":"dpop+jwt","jwk":{}}`, "{"), "proof_payload_syntax"},
	}
	for _, row := range proofs {
		t.Run("proof "+row.name, func(t *testing.T) {
			r := execute("", "inspect", "--proof", row.proof)
			if r.code != exitReject || !strings.Contains(r.out, "FAULT     "+row.code+" (") || strings.Contains(r.out, "c2VjcmV0LXNlZWQ") {
				t.Errorf("want %s and exit code 1, have %d\n%.600s%s", row.code, r.code, r.out, r.err)
			}
		})
	}
}

// TestInspectShowsNothingHarmful: inner JWSs lose their signatures, and nothing that
// a terminal would act on is printed.
func TestInspectShowsNothingHarmful(t *testing.T) {
	inner := compactOf(`{"alg":"Ed25519"}`, `{"iss":"supervisor"}`)
	text := `{"sub":"a\u001b[2J` + "\u202e\u009b\U000e0041" + `","link":"` + inner + `","host":"example-host.example.example1"}`
	for _, args := range [][]string{{}, {"--json"}} {
		r := execute("", append([]string{"inspect", compactOf(`{"alg":"ES256","kid":"k"}`, text)}, args...)...)
		if r.code != exitOK || strings.Contains(r.out, inner[len(inner)-10:]) || !strings.Contains(r.out, "not shown") {
			t.Errorf("an inner JWS is shown, or nothing is: %d\n%.800s", r.code, r.out)
		}
		if strings.ContainsAny(r.out, "\u001b\u202e\u009b\U000e0041") || !strings.Contains(r.out, "example-host.example.example1") {
			t.Errorf("want control characters escaped and all else kept\n%.800s", r.out)
		}
		if len(args) > 0 {
			if sub := at(decode(t, r.out), "token", "payload", "sub"); sub != "a\x1b[2J\u202e\u009b\U000e0041" {
				t.Errorf("the escapes change the value: %q", sub)
			}
		}
	}
}

// TestFactsOfEveryCode: no code makes the explanation fail, whatever the request is.
func TestFactsOfEveryCode(t *testing.T) {
	b := newBed(t, "Ed25519", "Ed25519")
	text, err := os.ReadFile(b.policy)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := ajwt.ParsePolicy(text)
	if err != nil {
		t.Fatal(err)
	}
	token, proof := b.parts(b.mint())
	e := &engine{policy: policy, text: text, keys: map[string][]byte{}}
	for _, fields := range [][]ajwt.Header{
		nil,
		{{Name: "Authorization", Value: token}},
		{{Name: "Authorization", Value: "DPoP " + token}, {Name: "DPoP", Value: proof}},
		{{Name: "Authorization", Value: "DPoP x.y.z"}, {Name: "DPoP", Value: "."}},
		{{Name: "Authorization", Value: "DPoP W10.W10.W10"}, {Name: "DPoP", Value: "e30.e30."}},
	} {
		ev := gather(e, &ajwt.Request{Target: "/?token=" + token, Headers: fields})
		for _, c := range codeTable() {
			code, _ := ajwt.ParseCode(c.Code)
			for _, f := range ev.explain(code, "read").Facts {
				if strings.Contains(f.Value, token[len(token)-20:]) {
					t.Errorf("%s shows a token's signature: %s", c.Code, f.Value)
				}
			}
		}
	}
}

func FuzzInspect(f *testing.F) {
	f.Add(compactOf(`{"alg":"ES256","kid":"k"}`, `{"exp":1}`), compactOf(`{"typ":"dpop+jwt","jwk":{"kty":"OKP"}}`, `{"iat":1}`))
	f.Add("a.b.c.d.e", "..")
	f.Add("e30.e30.e30", "\n")
	const text = `{"issuers":[{"issuer":"i","audiences":["x"],"algorithms":["ES256"],"jwks_uri":"https://as.example/jwks"}],"routes":[{"id":"a","match":{"path":"/a"},"require":{"level":"jwt"}}]}`
	policy, err := ajwt.ParsePolicy([]byte(text))
	if err != nil {
		f.Fatal(err)
	}
	verifier, err := ajwt.NewVerifier(policy, ajwt.Options{Replay: ajwt.NewReplayMemory(1, 1, 0)})
	if err != nil {
		f.Fatal(err)
	}
	e := &engine{name: "native", verify: verifier.Verify, policy: policy, text: []byte(text), keys: map[string][]byte{}}
	f.Fuzz(func(t *testing.T, token, proof string) {
		i := &inspection{Now: testNow, Token: inspectJWS(token, tokenFault(token)), Proof: inspectJWS(proof, proofFault(proof)), Policy: tokenAlone(e, token, testNow)}
		out, err := json.Marshal(i)
		if err != nil || !bytes.HasPrefix(out, []byte(`{"verified":false,`)) {
			t.Fatalf("not the JSON that inspect promises: %v\n%s", err, out)
		}
		var text strings.Builder
		i.Token.print(&text, "token")
		i.Proof.print(&text, "proof")
		req := &ajwt.Request{Method: "GET", Scheme: "https", Authority: "a.example", Target: "/a", Now: testNow,
			Headers: []ajwt.Header{{Name: "Authorization", Value: "DPoP " + token}, {Name: "DPoP", Value: proof}}}
		r := report(e, req, e.verify(req))
		if r.Verdict != "reject" || r.Passes {
			t.Fatalf("accepted without a key: %s", r.Record)
		}
		(&call{world: &world{stdout: &text}}).printVerdict(r)
		for _, c := range text.String() {
			if !isPrintable(c) {
				t.Fatalf("%q is printed", c)
			}
		}
	})
}
