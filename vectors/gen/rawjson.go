package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// node is a JSON value with its place in the text. Only well-formed text is read here
// (that of twins); the edited text may be anything.
type node struct {
	start, end int // of the value
	kind       byte
	from       int // of a member: where its name starts
	name       string
	children   []*node // members of an object, items of an array
}

// mustParse reads JSON text that the generator itself wrote.
func mustParse(text string) *node {
	p := &rawParser{text: text}
	n := p.value()
	if p.space(); p.at != len(text) {
		panic("bytes after the JSON value: " + text)
	}
	return n
}

type rawParser struct {
	text string
	at   int
}

func (p *rawParser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

func (p *rawParser) value() *node {
	p.space()
	n := &node{start: p.at, kind: p.text[p.at]}
	switch n.kind {
	case '{', '[':
		p.at++
		p.list(n)
	case '"':
		p.str()
	default:
		for p.at < len(p.text) && strings.IndexByte(",]} \t\r\n", p.text[p.at]) < 0 {
			p.at++
		}
	}
	n.end = p.at
	return n
}

func (p *rawParser) list(n *node) {
	for {
		p.space()
		switch c := p.text[p.at]; {
		case c == '}' || c == ']':
			p.at++
			return
		case c == ',':
			p.at++
		case n.kind == '{':
			from := p.at
			name := p.str()
			p.space()
			p.at++ // the colon
			child := p.value()
			child.from, child.name = from, name
			n.children = append(n.children, child)
		default:
			child := p.value()
			child.from = child.start
			n.children = append(n.children, child)
		}
	}
}

func (p *rawParser) str() string {
	start := p.at
	for p.at++; p.text[p.at] != '"'; p.at++ {
		if p.text[p.at] == '\\' {
			p.at++
		}
	}
	p.at++
	var s string
	if err := json.Unmarshal([]byte(p.text[start:p.at]), &s); err != nil {
		panic(err)
	}
	return s
}

// child returns the place of the member or item, -1 if there is none.
func (n *node) child(token string) int {
	if n.kind == '[' {
		if i, err := strconv.Atoi(token); err == nil && i < len(n.children) {
			return i
		}
		return -1
	}
	for i, c := range n.children {
		if c.name == token {
			return i
		}
	}
	return -1
}

func tokens(pointer string) []string {
	list := strings.Split(pointer, "/")[1:]
	for i := range list {
		list[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(list[i])
	}
	return list
}

// lookup returns the text of the value at pointer, and whether it is there.
func lookup(text, pointer string) (string, bool) {
	n := mustParse(text)
	if pointer == "" {
		return text, true
	}
	for _, t := range tokens(pointer) {
		i := n.child(t)
		if i < 0 {
			return "", false
		}
		n = n.children[i]
	}
	return text[n.start:n.end], true
}

// replace changes the value at pointer in place: an existing one is replaced, a new
// member or item goes to the end, nil removes. The last token "-" appends an item or,
// in an object, a member written out with its name. It returns the text of the value
// that was there, nil for none.
func replace(text, pointer string, to *string) (edited string, from *string) {
	if pointer == "" {
		return *to, &text
	}
	n, path := mustParse(text), tokens(pointer)
	for _, t := range path[:len(path)-1] {
		i := n.child(t)
		if i < 0 {
			panic(fmt.Sprintf("no %s in %s", pointer, text))
		}
		n = n.children[i]
	}
	last := path[len(path)-1]
	if i := n.child(last); i >= 0 {
		c := n.children[i]
		old := text[c.start:c.end]
		if to != nil {
			return text[:c.start] + *to + text[c.end:], &old
		}
		return text[:n.cutFrom(i)] + text[n.cutTo(i):], &old
	}
	if to == nil {
		panic(fmt.Sprintf("nothing to remove at %s in %s", pointer, text))
	}
	added := *to
	if n.kind == '{' && last != "-" {
		added = quote(last) + ":" + added
	}
	if len(n.children) > 0 {
		added = "," + added
	}
	return text[:n.end-1] + added + text[n.end-1:], nil
}

// cutFrom and cutTo bound the text that goes when child i goes: with the comma after
// it, or before it for the last one.
func (n *node) cutFrom(i int) int {
	if i > 0 && i == len(n.children)-1 {
		return n.children[i-1].end
	}
	return n.children[i].from
}

func (n *node) cutTo(i int) int {
	if i < len(n.children)-1 {
		return n.children[i+1].from
	}
	return n.children[i].end
}

// quote writes s as a JSON string with as few escapes as possible.
func quote(s string) string {
	text, err := line(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// recorded writes a text of a mutation as the JSON value of from or to. Text that a
// JSON parser would not give back byte for byte stands in an object with the only
// member $text, or $base64 where it is not UTF-8.
func recorded(text *string, exact bool) json.RawMessage {
	switch {
	case text == nil:
		return nil
	case !utf8.ValidString(*text):
		return json.RawMessage(`{"$base64":"` + base64.StdEncoding.EncodeToString([]byte(*text)) + `"}`)
	case !exact && json.Valid([]byte(*text)), exact && plain(*text):
		return json.RawMessage(*text)
	}
	return json.RawMessage(`{"$text":` + quote(*text) + `}`)
}

// plain tells whether text is compact JSON without escapes, duplicate names, fractions
// and exponents, so that any parser and writer keeps it as it is.
func plain(text string) bool {
	var b bytes.Buffer
	if json.Compact(&b, []byte(text)) != nil || b.String() != text || strings.Contains(text, `\`) {
		return false
	}
	return mustParse(text).plain(text)
}

func (n *node) plain(text string) bool {
	if n.kind == '-' || n.kind >= '0' && n.kind <= '9' {
		number := text[n.start:n.end]
		_, err := strconv.ParseUint(number, 10, 53)
		return err == nil
	}
	seen := map[string]bool{}
	for _, c := range n.children {
		if n.kind == '{' && seen[c.name] || !c.plain(text) {
			return false
		}
		seen[c.name] = true
	}
	return true
}
