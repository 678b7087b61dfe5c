package main

import (
	"os"
	"strings"
	"testing"
)

// TestForward: verify says what the upstream would be told, and what of the request's own
// fields would go.
func TestForward(t *testing.T) {
	b := newBed(t, "Ed25519", "Ed25519")
	b.policy = write(t, b.dir, "forward.json", `{"issuers":[{"issuer":"https://as.example","audiences":["https://api.example"],"algorithms":["Ed25519"],"jwks_uri":"https://as.example/jwks"}],
"forward":[{"header":"x-ajwt-subject","claim":"subject"},{"header":"x-ajwt-agent","claim":"agent"}],"routes":[{"id":"open","match":{"path":"/**"},"require":{"level":"jwt"}}]}`)
	text, err := os.ReadFile(b.mint())
	if err != nil {
		t.Fatal(err)
	}
	headers := write(t, b.dir, "spoofed.txt", string(text)+"X_Ajwt_Agent: admin\nAccept: */*\n")
	r := b.verify(headers)
	for _, want := range []string{"ACCEPT\n", "x-ajwt-subject: patcher\n", "X_Ajwt_Agent\n"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("the answer lacks %q\n%s%s", want, r.out, r.err)
		}
	}
	if r = b.verify(headers, "--json"); !strings.Contains(strings.Join(strings.Fields(r.out), ""), `"forward":[["x-ajwt-subject","patcher"]],"strip":["X_Ajwt_Agent"]`) {
		t.Errorf("as JSON: %s%s", r.out, r.err)
	}
	if r = b.verify(headers, "--json", "--method", "HEAD"); r.code != exitReject || strings.Contains(r.out, `"forward"`) || strings.Contains(r.out, `"strip"`) {
		t.Errorf("a rejection: %s%s", r.out, r.err)
	}
}
