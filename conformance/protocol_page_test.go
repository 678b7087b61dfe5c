package conformance

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestProtocolPage holds the session of spec/runner-protocol.md to the protocol: its
// lines are what the runner sends and reads, and its answers are those of core.
func TestProtocolPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "spec", "runner-protocol.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, session, ok := strings.Cut(string(page), "```session\n")
	session, _, ok2 := strings.Cut(session, "```")
	if !ok || !ok2 {
		t.Fatal("the page has no block ```session")
	}
	lines := strings.Split(strings.TrimSpace(session), "\n")
	asked := make(map[string]int)
	seen := make(map[string]bool)
	var p *Prepared // the case, whose requests are collected
	for i := 0; i+1 < len(lines); i += 2 {
		var m message
		sent, ok1 := strings.CutPrefix(lines[i], "> ")
		got, ok2 := strings.CutPrefix(lines[i+1], "< ")
		if err := decodeStrict([]byte(sent), &m); err != nil || !ok1 || !ok2 {
			t.Fatalf("line %d: %v", i+1, err)
		}
		if again, err := m.encode(); err != nil || strings.TrimSpace(string(again)) != sent {
			t.Errorf("line %d: the runner would write\n%s", i+1, again)
		}
		r, err := parseReply([]byte(got))
		if err != nil || r.Seq != m.Seq || seen[m.Seq] {
			t.Fatalf("line %d: %v, or its seq is wrong", i+2, err)
		}
		seen[m.Seq] = true
		asked[m.Op]++
		switch m.Op {
		case "hello":
			if _, _, err := r.features(); err != nil {
				t.Errorf("line %d: %v", i+2, err)
			}
		case "reset":
			p = nil
		case "bye":
		default:
			a, err := r.answer(m.Op, true)
			if err != nil {
				t.Fatalf("line %d: %v", i+2, err)
			}
			p = pageCase(t, p, &m)
			want, err := native{}.Run(context.Background(), p)
			if err != nil {
				t.Fatalf("line %d: %v", i+1, err)
			}
			if n := len(want.Steps); n > 0 {
				want = want.Steps[n-1]
			}
			if diff := disagreement(&want, &a); len(diff) > 0 {
				t.Errorf("line %d: core answers otherwise: %v", i+2, diff)
			}
		}
	}
	for _, op := range []string{"hello", "reset", "verify", "policy_load", "chain_hash", "bye"} {
		if asked[op] == 0 {
			t.Errorf("no message with op %s", op)
		}
	}
}

// pageCase adds a message to the case that it belongs to.
func pageCase(t *testing.T, p *Prepared, m *message) *Prepared {
	t.Helper()
	if m.Op != opVerify {
		return &Prepared{Op: m.Op, Input: m.Input}
	}
	if p == nil {
		p = &Prepared{Op: opSequence, Policy: m.Policy, Keys: make(map[string][]byte)}
		for issuer, set := range m.Keys {
			p.Keys[issuer] = set
		}
		for _, text := range m.NonceKeys {
			key, err := base64.RawURLEncoding.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			p.NonceKeys = append(p.NonceKeys, key)
		}
		if m.Replay != nil {
			p.Replay = *m.Replay
		}
	}
	p.Requests = append(p.Requests, Timed{Now: *m.Now, Request: m.Request})
	return p
}
