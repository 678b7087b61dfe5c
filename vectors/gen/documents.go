package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

//go:embed faults.txt
var faultsText string

// faultNames reads faults.txt: a name, a tab, what the faulty verifier would do.
func faultNames() map[string]string {
	names := map[string]string{}
	for _, l := range strings.Split(faultsText, "\n") {
		if name, meaning, ok := strings.Cut(l, "\t"); ok && !strings.HasPrefix(l, "#") {
			names[name] = meaning
		}
	}
	return names
}

// documents returns policies, key sets, signed documents and private test keys by file
// name.
func (s *suite) documents() map[string][]byte {
	out := map[string][]byte{}
	for name, text := range policies() {
		out["policies/"+name] = pretty(text)
	}
	for name, text := range keySets() {
		out["keys/"+name] = pretty(text)
	}
	for name, text := range s.made {
		out["keys/"+name] = pretty(text)
	}
	signedFiles(out, "bundles/", bundles())
	signedFiles(out, "bundles/", s.bundles.made)
	signedFiles(out, "revocations/", revocationLists())
	signedFiles(out, "revocations/", s.lists.made)
	for _, name := range keyNames {
		k := testKey(name)
		out["keys/private/"+name+".json"] = pretty(k.jwkPrivate(field{"kid", name}, field{"comment", "test key: published with the vectors, no secret"}))
	}
	return out
}

// pretty indents JSON text without touching its strings and numbers.
func pretty(text string) []byte {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(text), "", " "); err != nil {
		panic(err)
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// applyInput edits the input of a value operation: layer input by pointer; layer key
// for the JWK Set that stands as a text in the member keys.
func (e edit) applyInput(input string) (string, *vectors.Mutation) {
	m := &vectors.Mutation{Layer: e.layer, Path: e.path}
	var from *string
	changed := input
	switch e.layer {
	case "input":
		changed, from = replace(input, e.path, e.to)
		m.From, m.To = recorded(from, false), recorded(e.to, false)
	case "key":
		quoted, _ := lookup(input, "/keys")
		var set string
		if err := json.Unmarshal([]byte(quoted), &set); err != nil {
			panic(err)
		}
		set, from = replace(set, e.path, e.to)
		changed, _ = replace(input, "/keys", ptr(quote(set)))
		m.From, m.To = recorded(from, true), recorded(e.to, true)
	default:
		panic("layer " + e.layer + " in a value operation")
	}
	return changed, m
}
