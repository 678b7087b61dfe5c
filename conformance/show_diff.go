package conformance

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// mutationWords says in a sentence how the twin becomes the case.
func mutationWords(m *vectors.Mutation) string {
	where := map[string]string{
		"header": "the token's header", "payload": "the token's payload", "compact": "the token's compact form",
		"proof.header": "the proof's header", "proof.payload": "the proof's payload",
		"proof.compact": "the proof's compact form", "key": "a key",
	}[m.Layer]
	if where == "" {
		where = "the " + m.Layer
	}
	from, to := clipped(m.From), clipped(m.To)
	if strings.HasSuffix(m.Layer, "compact") {
		where = "at byte " + m.Path + " of " + where + ", "
		switch {
		case m.From == nil:
			return "The one fault: " + where + to + " is inserted."
		case m.To == nil:
			return "The one fault: " + where + from + " is removed."
		}
		return "The one fault: " + where + from + " is replaced by " + to + "."
	}
	if m.Path != "" {
		where = m.Path + " in " + where
	}
	text := "The one fault: " + where
	switch {
	case m.From == nil && m.To == nil:
		text += " is changed."
	case m.From == nil:
		text += " is added as " + to + "."
	case m.To == nil:
		text += " is removed; it was " + from + "."
	default:
		text += " is " + to + " instead of " + from + "."
	}
	switch m.Layer {
	case "header", "payload", "proof.header", "proof.payload":
		text += " What was changed is signed again with its own key, and hashes over it are recomputed."
	}
	return text
}

// part is a named piece of a case, as text.
type part struct{ name, value string }

// diffCases lists the pieces in which two cases differ. Want is the first one's. The
// tokens are taken apart only if that is possible in both.
func diffCases(a, b *vectors.Case) []Difference {
	var all []Difference
	decode := decodable(a) && decodable(b)
	x, y := caseParts(a, decode), caseParts(b, decode)
	inY := make(map[string]string)
	for _, p := range y {
		inY[p.name] = p.value
	}
	inX := make(map[string]bool)
	for _, p := range x {
		inX[p.name] = true
		if v, ok := inY[p.name]; !ok || v != p.value {
			all = append(all, Difference{p.name, p.value, v})
		}
	}
	for _, p := range y {
		if !inX[p.name] {
			all = append(all, Difference{p.name, "", p.value})
		}
	}
	return all
}

// decodable tells whether every token and proof of a case can be taken apart.
func decodable(c *vectors.Case) bool {
	requests := make([]*vectors.Request, 0, 1+len(c.Requests))
	if c.Request != nil {
		requests = append(requests, c.Request)
	}
	for i := range c.Requests {
		if c.Requests[i].Request != nil {
			requests = append(requests, c.Requests[i].Request)
		}
	}
	for _, r := range requests {
		for _, p := range requestParts(r, true) {
			if strings.HasSuffix(p.name, "(authorization)") || strings.HasSuffix(p.name, "(dpop)") {
				return false
			}
		}
	}
	return true
}

func caseParts(c *vectors.Case, decode bool) []part {
	var all []part
	add := func(name, value string) {
		if value != "" {
			all = append(all, part{name, value})
		}
	}
	add("policy", string(c.Policy))
	for _, issuer := range sortedKeys(c.Keys) {
		add("keys of "+issuer, c.Keys[issuer])
	}
	for _, issuer := range sortedKeys(c.Bundle) {
		add("bundle of "+issuer, c.Bundle[issuer])
	}
	for _, issuer := range sortedKeys(c.Revocations) {
		add("revocations of "+issuer, c.Revocations[issuer])
	}
	add("loaded", numberText(c.Loaded))
	add("nonce keys", strings.Join(c.NonceKeys, " "))
	if c.Replay != nil {
		add("replay", fmt.Sprint(*c.Replay))
	}
	if c.Now != nil {
		add("now", fmt.Sprint(*c.Now))
	}
	if len(c.Input) > 0 {
		all = append(all, jsonParts("input", c.Input)...)
	}
	if c.Request != nil {
		all = append(all, requestParts(c.Request, decode)...)
	}
	for i := range c.Requests {
		at := fmt.Sprintf("request %d: ", i)
		add(at+"now", fmt.Sprint(c.Requests[i].Now))
		if l := c.Requests[i].Load; l != nil {
			add(at+"load", l.Kind+" of "+l.Issuer+" from "+l.File)
			continue
		}
		for _, p := range requestParts(c.Requests[i].Request, decode) {
			add(at+p.name, p.value)
		}
	}
	return all
}

// requestParts takes a request apart: the token and the proof into the members of
// header and payload, where that is asked for and they can be read.
func requestParts(r *vectors.Request, decode bool) []part {
	all := []part{{"method", r.Method}, {"scheme", r.Scheme}, {"authority", r.Authority}, {"target", r.Target}}
	for i, h := range r.Headers {
		name, value := strings.ToLower(h.Name), string(h.Value)
		switch {
		case !decode:
		case name == "authorization":
			scheme, token, ok := strings.Cut(value, " ")
			if inner := compactParts("token", token); ok && inner != nil {
				all = append(all, part{"scheme of authorization", scheme})
				all = append(all, inner...)
				continue
			}
		case name == "dpop":
			if inner := compactParts("proof", value); inner != nil {
				all = append(all, inner...)
				continue
			}
		}
		all = append(all, part{fmt.Sprintf("header %d (%s)", i, name), strings.ToValidUTF8(value, "?")})
	}
	if r.Body != "" {
		all = append(all, part{"body", r.Body})
	}
	return all
}

// compactParts decodes a compact JWS, nil where that is not possible.
func compactParts(name, text string) []part {
	pieces := strings.Split(text, ".")
	if len(pieces) != 3 {
		return nil
	}
	var all []part
	for i, piece := range []string{"header", "payload"} {
		b, err := base64.RawURLEncoding.DecodeString(pieces[i])
		if err != nil {
			return nil
		}
		all = append(all, jsonParts(name+" "+piece, b)...)
	}
	return append(all, part{name + " signature", pieces[2]})
}

// jsonParts gives one part per member of an object, the text itself for other values
// and for objects that have a member twice.
func jsonParts(name string, text []byte) []part {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return []part{{name, string(text)}}
	}
	var all []part
	seen := make(map[string]bool)
	for d.More() {
		key, err := d.Token()
		member, ok := key.(string)
		var value json.RawMessage
		if err != nil || !ok || seen[member] || d.Decode(&value) != nil {
			return []part{{name, strings.ToValidUTF8(string(text), "?")}}
		}
		seen[member] = true
		all = append(all, part{name + " /" + member, string(value)})
	}
	return all
}
