package main

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// Bundles and revocation lists are JWSs of the authorization server; delegation links are
// JWSs inside the token. A change to one is signed again by its own key, and what holds its
// hash follows: the next link's prev, the token, the proof.

// linksAt is the place of the links in a token's payload.
const linksAt = "/intent/delegation_links"

// linkTexts returns the links as they are sent.
func (s *scene) linkTexts() []string {
	var list []string
	for i := range s.links {
		list = append(list, s.links[i].compact(s.linkPayload(i, list)))
	}
	return list
}

// linkPayload returns a link's payload after the links before it.
func (s *scene) linkPayload(i int, before []string) string {
	prev := ""
	if i > 0 {
		sum := sha256.Sum256([]byte(before[i-1]))
		prev = b64(sum[:])
	}
	return strings.ReplaceAll(s.links[i].payload, "{prev}", prev)
}

// tokenPayload returns the token's payload with the links in their place.
func (s *scene) tokenPayload() string {
	if !strings.Contains(s.token.payload, `"{links}"`) {
		return s.token.payload
	}
	return strings.ReplaceAll(s.token.payload, `"{links}"`, quoteAll(s.linkTexts()))
}

// hasBundle and hasList tell whether a document of the token's issuer is loaded.
func (s *scene) hasBundle() bool { return s.changedBundle != nil || s.bundle[s.issuer()] != "" }
func (s *scene) hasList() bool   { return s.changedList != nil || s.lists[s.issuer()] != "" }

// bundleDocument returns the bundle of the token's issuer.
func (s *scene) bundleDocument() *jws {
	return signedDocument(s.changedBundle, bundles(), s.bundle[s.issuer()])
}

// listDocument returns the revocation list of the token's issuer.
func (s *scene) listDocument() *jws {
	return signedDocument(s.changedList, revocationLists(), s.lists[s.issuer()])
}

func signedDocument(changed *jws, named map[string]jws, name string) *jws {
	if changed != nil {
		copied := *changed
		return &copied
	}
	d, ok := named[name]
	if !ok {
		panic(fmt.Sprintf("no signed document %q", name))
	}
	return &d
}

// applyPart edits one part of a signed document: "header", "compact", or "" for the payload.
func (e edit) applyPart(d *jws, part string, m *vectors.Mutation) {
	var from *string
	switch part {
	case "compact":
		e.rewritten(d, d.compact(d.payload), m)
		return
	case "header":
		d.header, from = replace(d.header, e.path, e.to)
	default:
		d.payload, from = replace(d.payload, e.path, e.to)
	}
	e.resign(d)
	m.From, m.To = recorded(from, true), recorded(e.to, true)
}

// applySigned edits the bundle or the list of the token's issuer. An empty path with
// nothing in its place: none is loaded.
func (e edit) applySigned(s scene, m *vectors.Mutation) (scene, *vectors.Mutation) {
	kind, part, _ := strings.Cut(e.layer, ".")
	d := s.bundleDocumentOr(kind)
	if part == "" && e.path == "" && e.to == nil {
		m.From = recorded(&d.payload, true)
		if kind == "bundle" {
			s.changedBundle, s.bundle = nil, without(s.bundle, s.issuer())
		} else {
			s.changedList, s.lists = nil, without(s.lists, s.issuer())
		}
		return s, m
	}
	e.applyPart(d, part, m)
	if kind == "bundle" {
		s.changedBundle = d
	} else {
		s.changedList = d
	}
	return s, m
}

func (s *scene) bundleDocumentOr(kind string) *jws {
	if kind == "bundle" {
		return s.bundleDocument()
	}
	return s.listDocument()
}

// applyLink edits one link. The path begins with its place; in layer link.compact, whose
// rewriting knows no path, e.path is that place.
func (e edit) applyLink(s scene, m *vectors.Mutation) (scene, *vectors.Mutation) {
	place, rest, _ := strings.Cut(strings.TrimPrefix(e.path, "/"), "/")
	i, err := strconv.Atoi(place)
	if err != nil || i >= len(s.links) {
		panic("no link at " + e.path)
	}
	s.links = append([]jws(nil), s.links...)
	l := &s.links[i]
	before := s.linkTexts()
	if e.layer == "link.compact" {
		e.rewritten(l, before[i], m)
		m.Path = "/" + place + "/" + m.Path
		return s, m
	}
	part, pointer, deeper := strings.Cut(rest, "/")
	if deeper {
		pointer = "/" + pointer
	}
	var from *string
	switch part {
	case "header":
		l.header, from = replace(l.header, pointer, e.to)
	case "payload":
		_, from = replace(s.linkPayload(i, before), pointer, e.to)
		base := l.payload
		if pointer == "" {
			base = s.linkPayload(i, before)
		}
		l.payload, _ = replace(base, pointer, e.to)
	default:
		panic("a link has header and payload: " + e.path)
	}
	e.resign(l)
	m.From, m.To = recorded(from, true), recorded(e.to, true)
	return s, m
}

// link rewrites the compact form of a link without signing it again.
func link(i int, rewrite func(compact string) string) edit {
	return edit{layer: "link.compact", path: "/" + strconv.Itoa(i), rewrite: rewrite}
}

// signedStore holds the signed documents of single cases. Equal ones are stored once.
type signedStore struct {
	made  map[string]jws    // by file name
	names map[string]string // by compact form, the named ones too
}

func newSignedStore(named map[string]jws) *signedStore {
	st := &signedStore{made: map[string]jws{}, names: map[string]string{}}
	for name, d := range named {
		text := d.compact(d.payload)
		if other, twice := st.names[text]; twice {
			panic(name + " is the same as " + other)
		}
		st.names[text] = name
	}
	return st
}

// name returns the file name of a document, which is stored under the case's id if no
// equal one is.
func (st *signedStore) name(id string, d *jws) string {
	text := d.compact(d.payload)
	name, ok := st.names[text]
	if !ok {
		name = strings.ReplaceAll(id, ".", "-") + ".jws"
		st.made[name], st.names[text] = *d, name
	}
	return name
}

// signedFiles writes documents as compact JWSs, and beside them what they say.
func signedFiles(out map[string][]byte, folder string, documents map[string]jws) {
	for name, d := range documents {
		out[folder+name] = []byte(d.compact(d.payload))
		out[folder+strings.TrimSuffix(name, ".jws")+".json"] = pretty(`{"header":` + d.header + `,"payload":` + d.payload + `}`)
	}
}

func sha256Of(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}
