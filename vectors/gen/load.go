package main

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/agentic-jwt/ajwt/vectors"
)

// loadInput is the input of bundle_load or revocations_load before it is written out.
type loadInput struct {
	op       string
	policy   string // JSON text
	issuer   string
	document jws
	now      int64
	previous []string // compact forms of the same kind that were loaded before
	edits    []edit   // of the finished input
}

// bundleLoad is a bundle of the issuer that is loaded under a policy of the world.
func bundleLoad(payload string) loadInput {
	return loadInput{op: "bundle_load", policy: loadPolicy, issuer: issuerID, document: signedBundle(payload), now: now}
}

// listLoad is a revocation list of the issuer that is loaded under a policy of the world.
func listLoad(payload string) loadInput {
	return loadInput{op: "revocations_load", policy: loadPolicy, issuer: issuerID, document: signedList(payload), now: now}
}

// loadPolicy is a short policy with a bundle and a list of one issuer.
var loadPolicy = policyDoc(`[{"id":"any","match":{"path":"/**"},"require":{"level":"jwt","proof":"optional"}}]`,
	`{"issuer":"https://as.example","profile":"draft-00","audiences":["https://api.example"],"algorithms":["ES256","RS256"],"jwks_uri":"https://as.example/jwks.json",`+
		`"bundle":{"keys":[`+testKey("bundle-p256-a").entry("bundle-1", "ES256")+`]},"revocation":{"keys":[`+testKey("list-p256-a").entry("list-1", "ES256")+`]}}`)

// member is the name of the document in the input.
func (l *loadInput) member() string {
	if l.op == "bundle_load" {
		return "bundle"
	}
	return "revocations"
}

// text writes the input out.
func (l *loadInput) text() string {
	t := fmt.Sprintf(`{"policy":%s,"issuer":%s,%q:%s,"now":%d`, quote(l.policy), quote(l.issuer), l.member(), quote(l.document.compact(l.document.payload)), l.now)
	if len(l.previous) > 0 {
		t += `,"previous":` + quoteAll(l.previous)
	}
	t += "}"
	for _, e := range l.edits {
		t, _ = replace(t, e.path, e.to)
	}
	return t
}

// after returns a copy that follows other documents, which must be taken.
func (l loadInput) after(documents ...jws) loadInput {
	l.previous = slices.Clone(l.previous)
	for _, d := range documents {
		l.previous = append(l.previous, d.compact(d.payload))
	}
	return l
}

// under returns a copy that is loaded under the policy after an edit.
func (l loadInput) under(pointer, value string) loadInput {
	l.policy, _ = replace(l.policy, pointer, &value)
	return l
}

// apply edits one layer: bundle… or list… for the document, policy for the policy's text,
// input for the other members.
func (e edit) applyLoad(l loadInput) (loadInput, *vectors.Mutation) {
	m := &vectors.Mutation{Layer: e.layer, Path: e.path}
	switch e.layer {
	case "bundle", "list":
		e.applyPart(&l.document, "", m)
	case "bundle.header", "list.header":
		e.applyPart(&l.document, "header", m)
	case "bundle.compact", "list.compact":
		e.applyPart(&l.document, "compact", m)
	case "policy":
		var from *string
		l.policy, from = replace(l.policy, e.path, e.to)
		m.From, m.To = recorded(from, true), recorded(e.to, true)
	case "input":
		_, from := replace(l.text(), e.path, e.to)
		l.edits = append(slices.Clone(l.edits), e)
		m.From, m.To = recorded(from, false), recorded(e.to, false)
	default:
		panic("layer " + e.layer + " in the load of a document")
	}
	return l, m
}

// takes adds a document that is taken.
func (b *builder) takes(slug, title string, l loadInput, opts ...option) twin {
	c := b.start(slug, title, l.op)
	c.Input, c.Expect, c.Algorithms = json.RawMessage(l.text()), &vectors.Expect{}, []string{l.document.alg}
	b.add(c, opts)
	return b.keep(twin{id: c.ID, op: l.op, load: &l})
}

// takesToo adds a document that is taken: the twin's after an edit.
func (b *builder) takesToo(slug, title string, t twin, e edit, opts ...option) twin {
	l, _ := e.applyLoad(*t.load)
	return b.takes(slug, title, l, opts...)
}

// declines adds a document that is refused: the twin's after an edit, with the places of
// all its faults.
func (b *builder) declines(slug, title string, t twin, code string, e edit, at []string, opts ...option) {
	c := b.start(slug, title, t.op)
	l, m := e.applyLoad(*t.load)
	c.Input, c.Expect = json.RawMessage(l.text()), &vectors.Expect{Code: code, Pointers: at}
	c.Twin, c.Mutation, c.Algorithms = t.id, m, []string{t.load.document.alg}
	b.add(c, opts)
}
