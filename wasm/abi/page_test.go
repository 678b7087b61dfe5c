package abi

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

var update = flag.Bool("update", false, "write the example of spec/abi.md again")

const (
	page         = "../../spec/abi.md"
	exampleStart = "<!-- example -->\n"
	exampleEnd   = "<!-- /example -->\n"
)

const examplePolicy = `{"issuers":[{"issuer":"https://as.example","audiences":["https://api.example"],"algorithms":["Ed25519"],` +
	`"jwks_uri":"https://as.example/jwks.json"}],"routes":[{"id":"all","match":{"path":"/**"},"require":{"level":"jwt"}}]}`

// TestPageExample holds that the worked example of spec/abi.md is what the codec and
// the module do. go test ./wasm/abi -run PageExample -update writes it again.
func TestPageExample(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), exampleStart)
	have, after, ok2 := strings.Cut(rest, exampleEnd)
	if !ok || !ok2 {
		t.Fatal("the page has no place for the example")
	}
	want := example(t)
	if have == want {
		return
	}
	if !*update {
		t.Fatalf("the example differs; run with -update and review:\n%s", want)
	}
	if err := os.WriteFile(page, []byte(before+exampleStart+want+exampleEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func example(t *testing.T) string {
	var out strings.Builder
	m := new(Module)
	show := func(title string, message []byte, head int) {
		fmt.Fprintf(&out, "\n%s, %d bytes, SHA-256 `%s…`:\n\n```text\n%s```\n", title, len(message), digest(message), dissect(t, message, head))
	}
	config := AppendConfigure(nil, &Config{Policy: []byte(examplePolicy), HostReplay: true, ReplayStart: 1767222000})
	fmt.Fprintf(&out, "The policy, as one line without a line end, %d bytes:\n\n```json\n%s\n```\n", len(examplePolicy), examplePolicy)
	show("The message of `ajwt_configure` with that policy, replay mode 1 and a start", config, 0)
	show("The answer", m.Configure(config), headBytes)
	r := ajwt.Request{
		Method: "GET", Scheme: "https", Authority: "api.example", Target: "/repos/acme?page=2",
		Headers: []ajwt.Header{{Name: "accept", Value: "*/*"}, {Name: "x-empty"}}, Now: 1767225600,
	}
	request := AppendVerify(nil, &r, ReplayAnswer{})
	show("The message of `ajwt_verify` for a request without a token (the second header is empty)", request, 0)
	show("The answer, a refusal", m.Verify(request), headBytes)
	d := ajwt.Decision{
		Verdict: ajwt.Accept, Level: ajwt.LevelJWT | ajwt.LevelPoP, Issuer: "https://as.example", Agent: "patcher", Route: "all",
		KeyThumbprint: sha256.Sum256([]byte("key")), JTIHash: sha256.Sum256([]byte("jti")), PolicyDigest: sha256.Sum256([]byte(examplePolicy)),
		Deferred: true, Replay: []ajwt.ReplayKey{{Key: sha256.Sum256([]byte("proof")), Owner: sha256.Sum256([]byte("key")), Tag: sha256.Sum256([]byte("key")), Expires: 1767225720}},
	}
	show("An answer that asks the host's store (hashes made up, without decision record)", AppendAnswer(nil, &d, OmitRecord), headBytes)
	again := AppendVerify(nil, &ajwt.Request{}, ReplayAnswer{Given: true, Result: ajwt.ReplaySeen})
	show("The record that the second message has more than the first, if the store has seen the key", again[len(again)-recordHead-2:], 0)
	values := AppendCompute(nil, &Computation{Operation: OpChainHash, Form: ajwt.HashShort, IDs: []string{"supervisor", "planner", "patcher"}})
	show("The message of `ajwt_compute` (section 11) for the hash of a chain", values, 0)
	show("The answer", new(Values).Compute(values), 0)
	return out.String()
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// dissect writes a message, or an answer with its head, record by record, with a
// reader of its own.
func dissect(t *testing.T, message []byte, head int) string {
	var out strings.Builder
	if head > 0 {
		h := message
		fmt.Fprintf(&out, "%x %x %x %x %x %x %x  head\n", h[0:1], h[1:2], h[2:3], h[3:5], h[5:7], h[7:9], h[9:10])
		message = message[head:]
	}
	for len(message) > 0 {
		n := int(message[1]) | int(message[2])<<8 | int(message[3])<<16 | int(message[4])<<24
		if recordHead+n > len(message) {
			t.Fatalf("a record of %d bytes where %d are left", n, len(message)-recordHead)
		}
		value := message[recordHead : recordHead+n]
		fmt.Fprintf(&out, "%x %x %s\n", message[:1], message[1:recordHead], describe(value))
		message = message[recordHead+n:]
	}
	return out.String()
}

// describe gives a value in hexadecimal digits, and as text where it is one. Long
// texts are given as they are.
func describe(value []byte) string {
	text := true
	for _, c := range value {
		text = text && c >= 0x20 && c < 0x7f
	}
	switch {
	case len(value) == 0:
		return ""
	case string(value) == examplePolicy:
		return "(the policy)"
	case text && len(value) > 40:
		return string(value)
	case text:
		return hex.EncodeToString(value) + "  " + strconv.Quote(string(value))
	}
	return hex.EncodeToString(value)
}
