package conformance

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/agentic-jwt/ajwt/vectors"
)

// signedDocs adds a bundle and a list to the toy documents.
type signedDocs struct{ toyDocs }

func (signedDocs) Bundle(name string) ([]byte, error) { return named(name, "b.jws", "b.b.b") }

func (signedDocs) Revocations(name string) ([]byte, error) { return named(name, "r.jws", "r.r.r") }

func named(name, want, text string) ([]byte, error) {
	if name != want {
		return nil, errors.New("no such document: " + name)
	}
	return []byte(text), nil
}

// signedSequence loads a bundle and a list, verifies, loads the list anew, verifies.
func signedSequence() vectors.Case {
	c := toySequence("bundle.toy.loads")
	c.Policy = json.RawMessage(`{"issuers":[{"issuer":"i","profile":"draft-00","bundle":{},"revocation":{}}],"proof":{"methods":["dpop","httpsig"]},` +
		`"routes":[{"require":{"links":"required","tool":"t"}}]}`)
	c.Bundle, c.Revocations = map[string]string{"i": "b.jws"}, map[string]string{"i": "r.jws"}
	loaded := int64(900)
	c.Loaded = &loaded
	c.Requests = slices.Insert(c.Requests, 1, vectors.Step{Now: 1000, Load: &vectors.StepLoad{Kind: "revocations", Issuer: "i", File: "r.jws"}})
	return c
}

// TestMessagesOfDocuments: what an outside program gets of signed documents.
func TestMessagesOfDocuments(t *testing.T) {
	c := signedSequence()
	p, err := prepare(&c, signedDocs{})
	if err != nil {
		t.Fatal(err)
	}
	all, err := messages(p)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, m := range all {
		text, err := m.encode()
		if err != nil {
			t.Fatal(err)
		}
		var back message
		if err := decodeStrict(text, &back); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		lines = append(lines, string(text))
	}
	if len(lines) != 3 {
		t.Fatalf("%d messages, want 3", len(lines))
	}
	for i, want := range []string{`"op":"verify"`, `"op":"load"`, `"op":"verify"`} {
		for _, text := range []string{want, `"bundle":{"i":"b.b.b"}`, `"revocations":{"i":"r.r.r"}`, `"loaded":900`} {
			if !strings.Contains(lines[i], text) {
				t.Errorf("message %d lacks %s: %s", i, text, lines[i])
			}
		}
	}
	if want := `"document":{"kind":"revocations","issuer":"i","text":"r.r.r"}`; !strings.Contains(lines[1], want) || strings.Contains(lines[0], `"document"`) {
		t.Errorf("the load: %s", lines[1])
	}
}

// TestExtensions: a case is skipped by whoever lacks what it needs.
func TestExtensions(t *testing.T) {
	c := signedSequence()
	p, err := prepare(&c, signedDocs{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"bundle", "revocations", "links", "httpsig", "tool", "load"}
	if !slices.Equal(p.Extensions, want) {
		t.Errorf("the case needs %v, want %v", p.Extensions, want)
	}
	f := Features{Operations: Operations}
	if why := f.lacks(p); why != "" {
		t.Errorf("an own build lacks %s", why)
	}
	f.Extensions = []string{}
	if why := f.lacks(p); !strings.Contains(why, "bundle, revocations") {
		t.Errorf("a program without features lacks %q", why)
	}
	plain := toyAccept("jws.toy.plain")
	if p, err = prepare(&plain, signedDocs{}); err != nil || p.Extensions != nil || f.lacks(p) != "" {
		t.Errorf("a case without documents needs %v, %v", p.Extensions, err)
	}
}

// TestPrepareRefusesDocuments: a name that does not resolve is no case to run.
func TestPrepareRefusesDocuments(t *testing.T) {
	for name, spoil := range map[string]func(*vectors.Case){
		"bundle":             func(c *vectors.Case) { c.Bundle["i"] = "none.jws" },
		"list":               func(c *vectors.Case) { c.Revocations["i"] = "none.jws" },
		"document of a step": func(c *vectors.Case) { c.Requests[1].Load.File = "none.jws" },
		"kind of a step":     func(c *vectors.Case) { c.Requests[1].Load.Kind = "lists" },
		"empty step":         func(c *vectors.Case) { c.Requests[1].Load = nil },
		"step of two":        func(c *vectors.Case) { c.Requests[1].Request = c.Requests[0].Request },
	} {
		c := signedSequence()
		spoil(&c)
		if _, err := prepare(&c, signedDocs{}); err == nil {
			t.Errorf("%s: it is prepared", name)
		}
	}
}

// TestCompareLoads: the load of a sequence is held to its code and pointers.
func TestCompareLoads(t *testing.T) {
	c := signedSequence()
	c.Requests[1].Expect = vectors.Expect{Code: "revocations_sequence_old", Pointers: []string{"/sequence"}}
	steps := []Answer{{Verdict: verdictAccept}, {Verdict: verdictReject, Code: "revocations_sequence_old", Pointers: []string{"/sequence"}},
		{Verdict: verdictReject, Code: "replay_proof_seen"}}
	if diff := compare(&c, &Answer{Steps: steps}, true); len(diff) > 0 {
		t.Errorf("the right answers differ: %v", diff)
	}
	steps[1] = Answer{Verdict: verdictAccept}
	if diff := compare(&c, &Answer{Steps: steps}, true); len(diff) != 1 || diff[0].Field != "requests[1].verdict" {
		t.Errorf("a document that is taken: %v", diff)
	}
}

// TestHelloFeatures: unknown features are refused, absent ones are none.
func TestHelloFeatures(t *testing.T) {
	const hello = `{"seq":"s","name":"n","version":"1","operations":["verify"],"algorithms":[],"profiles":[],"codes":false`
	for line, want := range map[string]string{
		hello + `}`:                               "",
		hello + `,"features":[]}`:                 "",
		hello + `,"features":["bundle","links"]}`: "bundle links",
		hello + `,"features":["bundles"]}`:        "error",
		hello + `,"features":"bundle"}`:           "error",
	} {
		got := "error"
		if r, err := parseReply([]byte(line)); err == nil {
			if _, f, err := r.features(); err == nil {
				got = strings.Join(f.Extensions, " ")
				if f.Extensions == nil {
					t.Error("no features would mean all of them")
				}
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}
