package lint

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// signedFile holds a compact JWS to the JSON beside it, which says what is in it.
func signedFile(folder fs.FS, file, compact string) error {
	beside := strings.TrimSuffix(file, ".jws") + ".json"
	text, err := fs.ReadFile(folder, beside)
	if err != nil {
		return err
	}
	if len(strings.Split(compact, ".")) != 3 {
		return errors.New("it has no three parts")
	}
	for i, name := range []string{"/header", "/payload"} {
		part, err := base64.RawURLEncoding.Strict().DecodeString(strings.Split(compact, ".")[i])
		if err != nil {
			return err
		}
		if !sameJSON(string(part), stringOf(string(text), name)) {
			return fmt.Errorf("%s: %s is not what the compact form has", beside, name)
		}
	}
	return nil
}

// changeSigned applies a mutation to the signed document of an issuer.
func changeSigned(documents map[string]string, issuer string, m *vectors.Mutation, from, to *string) error {
	text, ok := documents[issuer]
	if !ok {
		return fmt.Errorf("the twin has no such document of %q", issuer)
	}
	if m.Path == "" && to == nil {
		delete(documents, issuer)
		payload := decoded(text, 1)
		if !sameText(&payload, from) {
			return errors.New("from is not what stands in the twin")
		}
		return nil
	}
	err := changeCompact(&text, m, from, to)
	documents[issuer] = text
	return err
}

// changeCompact applies a mutation of a layer such as bundle, bundle.header or
// bundle.compact.
func changeCompact(text *string, m *vectors.Mutation, from, to *string) error {
	switch _, part, _ := strings.Cut(m.Layer, "."); part {
	case "compact":
		return splice(text, m.Path, from, to)
	case "header":
		return changePart(text, 0, m.Path, from, to)
	}
	return changePart(text, 1, m.Path, from, to)
}

// compareSigned compares the signed documents byte for byte; a signature only where nothing
// asked for a new one.
func (p *parts) compareSigned(got *parts, layer string) error {
	if (p.loaded == nil) != (got.loaded == nil) || p.loaded != nil && *p.loaded != *got.loaded {
		return errors.New("loaded differs too")
	}
	again := strings.TrimSuffix(layer, ".header")
	for _, d := range []struct {
		kind      string
		want, got map[string]string
	}{{"bundle", p.bundles, got.bundles}, {"list", p.lists, got.lists}} {
		if len(d.want) != len(d.got) {
			return fmt.Errorf("the documents of kind %s differ", d.kind)
		}
		for issuer, text := range d.want {
			if d.kind == again && signedPart(text) == signedPart(d.got[issuer]) {
				continue
			}
			if text != d.got[issuer] {
				return fmt.Errorf("the %s of %s is not that of the twin with the mutation", d.kind, issuer)
			}
		}
	}
	return nil
}

// applyLoaded changes the time at which documents are loaded.
func (p *parts) applyLoaded(from, to *string) error {
	switch {
	case (from == nil) != (p.loaded == nil), from != nil && *from != strconv.FormatInt(*p.loaded, 10):
		return errors.New("from is not the twin's time")
	case to == nil:
		p.loaded = nil
		return nil
	}
	n, err := strconv.ParseInt(*to, 10, 64)
	p.loaded = &n
	return err
}

const linksAt = "/intent/delegation_links"

// links returns the links of a token.
func links(token string) []string {
	t, err := parseTree(payloadOf(token))
	if err != nil {
		return nil
	}
	list := t.at(linksAt)
	if list == nil || list.kind != '[' {
		return nil
	}
	texts := make([]string, len(list.children))
	for i, b := range list.children {
		texts[i] = unquote(b.value.text())
	}
	return texts
}

func payloadOf(compact string) string {
	if strings.Count(compact, ".") < 1 {
		return ""
	}
	return decoded(compact, 1)
}

// applyLink changes one link of the token, whose place the path begins with. Later links
// and the token follow in relink.
func (p *parts) applyLink(m *vectors.Mutation, from, to *string) error {
	place, rest, _ := strings.Cut(strings.TrimPrefix(m.Path, "/"), "/")
	list := links(p.token)
	i, err := strconv.Atoi(place)
	if err != nil || i < 0 || i >= len(list) {
		return fmt.Errorf("the twin has no link %q", place)
	}
	if m.Layer == "link.compact" {
		err = splice(&list[i], rest, from, to)
	} else {
		name, pointer, deeper := strings.Cut(rest, "/")
		if deeper {
			pointer = "/" + pointer
		}
		part := slices.Index([]string{"header", "payload"}, name)
		if part < 0 {
			return errors.New("the path names neither header nor payload of a link")
		}
		err = changePart(&list[i], part, pointer, from, to)
	}
	if err != nil {
		return err
	}
	p.changed = i
	p.links = list
	return nil
}

// relink holds each link of the case to the twin's after the mutation, and puts them into
// the twin's token. A link that was signed again has another signature, and the prev of the
// next one follows.
func (p *parts) relink(got *parts) error {
	list := links(got.token)
	if len(list) != len(p.links) {
		return errors.New("the number of links differs")
	}
	for i, want := range p.links {
		if i > p.changed {
			sum := sha256.Sum256([]byte(list[i-1]))
			prev := `"` + base64.RawURLEncoding.EncodeToString(sum[:]) + `"`
			old := partOf(want, 1, "/prev")
			if err := changePart(&want, 1, "/prev", &old, &prev); err != nil {
				return fmt.Errorf("prev of link %d: %w", i, err)
			}
		}
		switch {
		case i < p.changed && want != list[i], signedPart(want) != signedPart(list[i]):
			return fmt.Errorf("link %d is not that of the twin with the mutation", i)
		}
	}
	quoted, err := json.Marshal(list)
	if err != nil {
		return err
	}
	old, text := partOf(p.token, 1, linksAt), string(quoted)
	return changePart(&p.token, 1, linksAt, &old, &text)
}

// checkInputText applies a mutation to a text that stands in a member of the input.
func checkInputText(c *vectors.Case, want, at string, change func(*string) error) error {
	text := stringAt(want, at)
	if err := change(&text); err != nil {
		return err
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		return err
	}
	old, now := stringOf(want, at), string(quoted)
	if err := changeText(&want, at, &old, &now); err != nil {
		return err
	}
	if !sameJSON(want, string(c.Input)) {
		return errors.New("the twin's input with the mutation is not this input")
	}
	return nil
}

// checkInputSigned applies a mutation to the signed document of the input. Where it is
// signed again only header and payload are compared.
func checkInputSigned(c *vectors.Case, want string, from, to *string) error {
	at := "/bundle"
	if strings.HasPrefix(c.Mutation.Layer, "list") {
		at = "/revocations"
	}
	return checkInputText(c, want, at, func(text *string) error {
		if err := changeCompact(text, c.Mutation, from, to); err != nil {
			return err
		}
		got := stringAt(string(c.Input), at)
		if !strings.HasSuffix(c.Mutation.Layer, ".compact") && signedPart(*text) == signedPart(got) {
			*text = got
		}
		return nil
	})
}
