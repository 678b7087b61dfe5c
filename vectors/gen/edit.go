package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/agentic-jwt/ajwt/vectors"
)

// edit is one change at one layer of a case (vectors/README.md names the layers).
type edit struct {
	layer, path string
	to          *string             // nil: what stands there goes
	rewrite     func(string) string // layers compact and proof.compact
	key, alg    string              // sign with these instead of the recorded key
	signature   func(k *key, input []byte) []byte
	remake      func(scene) scene // anything else, in sequences alone: it is not recorded
}

// set gives the value at path a new JSON text, which need not be well-formed.
func set(layer, path, text string) edit { return edit{layer: layer, path: path, to: &text} }

// drop removes the value at path.
func drop(layer, path string) edit { return edit{layer: layer, path: path} }

// appendText adds a member, written out with its name, to the end of the object at
// path ("" for the outer one), or an item to the end of the array.
func appendText(layer, path, text string) edit { return set(layer, path+"/-", text) }

// whole replaces the whole text of a layer.
func whole(layer, text string) edit { return set(layer, "", text) }

// token rewrites the compact form of the token without signing it again.
func token(rewrite func(compact string) string) edit { return edit{layer: "compact", rewrite: rewrite} }

// proof rewrites the compact form of the proof without signing it again.
func proof(rewrite func(compact string) string) edit {
	return edit{layer: "proof.compact", rewrite: rewrite}
}

// part rewrites one of the three parts of a compact form: 0 header, 1 payload, 2
// signature.
func part(i int, rewrite func(string) string) func(string) string {
	return func(compact string) string {
		parts := strings.Split(compact, ".")
		parts[i] = rewrite(parts[i])
		return strings.Join(parts, ".")
	}
}

// signed makes the edit sign again in another way than the twin does.
func (e edit) signed(key, alg string) edit {
	e.key, e.alg = key, alg
	return e
}

// signedWith makes the edit sign again with a function.
func (e edit) signedWith(signature func(k *key, input []byte) []byte) edit {
	e.signature = signature
	return e
}

// apply returns the changed scene and the mutation as it is recorded.
func (e edit) apply(s scene) (scene, *vectors.Mutation) {
	if e.remake != nil {
		return e.remake(s), nil
	}
	m := &vectors.Mutation{Layer: e.layer, Path: e.path}
	exact := true
	var from *string
	switch e.layer {
	case "header":
		s.token.header, from = replace(s.token.header, e.path, e.to)
		e.resign(&s.token)
	case "payload":
		_, from = replace(s.tokenPayload(), e.path, e.to)
		base := s.token.payload
		if e.path == "" || strings.HasPrefix(e.path, linksAt+"/") {
			base = s.tokenPayload()
		}
		s.token.payload, _ = replace(base, e.path, e.to)
		e.resign(&s.token)
	case "bundle", "bundle.header", "bundle.compact", "list", "list.header", "list.compact":
		return e.applySigned(s, m)
	case "link", "link.compact":
		return e.applyLink(s, m)
	case "proof.header":
		p := *s.proof
		p.header, from = replace(p.header, e.path, e.to)
		e.resign(&p)
		s.proof = &p
	case "proof.payload":
		p := *s.proof
		if e.to != nil {
			e.to = ptr(s.withHash(*e.to)) // as it is sent, and recorded
		}
		_, from = replace(s.proofPayload(), e.path, e.to)
		p.payload, _ = replace(p.payload, e.path, e.to)
		if e.path == "" {
			p.payload, _ = replace(s.proofPayload(), e.path, e.to)
		}
		e.resign(&p)
		s.proof = &p
	case "compact":
		e.rewritten(&s.token, s.compact(), m)
		return s, m
	case "proof.compact":
		p := *s.proof
		e.rewritten(&p, p.compact(s.proofPayload()), m)
		s.proof = &p
		return s, m
	default:
		exact = false
		s, from = e.applyDocument(s)
	}
	m.From, m.To = recorded(from, exact), recorded(e.to, exact)
	return s, m
}

// applyDocument edits the layers that are no part of a JWS.
func (e edit) applyDocument(s scene) (scene, *string) {
	var from *string
	switch e.layer {
	case "now":
		from = ptr(strconv.FormatInt(s.now, 10))
		n, err := strconv.ParseInt(*e.to, 10, 64)
		if err != nil {
			panic(err)
		}
		s.now = n
	case "loaded":
		if s.loaded != nil {
			from = ptr(strconv.FormatInt(*s.loaded, 10))
		}
		n, err := strconv.ParseInt(*e.to, 10, 64)
		if err != nil {
			panic(err)
		}
		s.loaded = &n
	case "policy":
		s.inline, from = replace(s.policyText(), e.path, e.to)
		s.policy = ""
	case "key":
		e.resign(&s.token)
		if e.path == "" && e.to == nil { // no set is loaded at all
			from = ptr(s.loadedKeys())
			s.keys = without(s.keys, s.issuer())
		} else if at := s.inlineKeys(); at != "" {
			s.inline, from = replace(s.policyText(), at+e.path, e.to)
			s.policy = ""
		} else {
			s.keySet, from = replace(s.loadedKeys(), e.path, e.to)
		}
	case "request":
		r, err := s.request()
		if err != nil {
			panic(err)
		}
		_, from = replace(requestText(r), e.path, e.to)
		s.edits = append(s.edits[:len(s.edits):len(s.edits)], e)
	default:
		panic(fmt.Sprintf("layer %q", e.layer))
	}
	return s, from
}

func (e *edit) resign(j *jws) {
	if e.key != "" {
		j.key, j.alg = e.key, e.alg
	}
	if e.signature != nil {
		j.signature = e.signature
	}
}

// rewritten changes a compact form and records the smallest range that differs.
func (e edit) rewritten(j *jws, old string, m *vectors.Mutation) {
	changed := e.rewrite(old)
	if changed == old {
		panic("the rewriting changes nothing")
	}
	start := 0
	for start < len(old) && start < len(changed) && old[start] == changed[start] {
		start++
	}
	end := 0
	for end < len(old)-start && end < len(changed)-start && old[len(old)-1-end] == changed[len(changed)-1-end] {
		end++
	}
	m.Path = strconv.Itoa(start)
	if from := old[start : len(old)-end]; from != "" {
		m.From = recorded(ptr(quote(from)), false)
	}
	if to := changed[start : len(changed)-end]; to != "" {
		m.To = recordedBytes(to)
	}
	earlier := j.rewrite
	j.rewrite = func(text string) string {
		if earlier != nil {
			text = earlier(text)
		}
		return e.rewrite(text)
	}
}

// recordedBytes writes bytes of a compact form as a JSON string, or as $base64 where
// they are not UTF-8.
func recordedBytes(text string) json.RawMessage {
	if utf8.ValidString(text) {
		return json.RawMessage(quote(text))
	}
	return recorded(&text, true)
}

// with returns the map with one entry more, or another one in its place.
func with(m map[string]string, name, value string) map[string]string {
	copied := maps.Clone(m)
	if copied == nil {
		copied = map[string]string{}
	}
	copied[name] = value
	return copied
}

// without returns the map less one entry.
func without(m map[string]string, name string) map[string]string {
	rest := maps.Clone(m)
	delete(rest, name)
	return rest
}
