package lint

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
)

// tree is a JSON value whose scalars and names are kept as they stand in the text.
type tree struct {
	raw      string // of a scalar, or of a text that a mutation puts in place
	kind     byte   // '{', '[' or 0 for a scalar
	children []branch
}

type branch struct {
	name, rawName string // of a member
	loose         bool   // raw is a whole member, name included
	value         *tree
}

// parseTree reads well-formed JSON without duplicate members.
func parseTree(text string) (*tree, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	t, err := readTree(d, text)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("bytes after the value")
	}
	return t, nil
}

func readTree(d *json.Decoder, text string) (*tree, error) {
	before := d.InputOffset()
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return &tree{raw: strings.TrimLeft(text[before:d.InputOffset()], " \t\r\n,:")}, nil
	}
	t := &tree{kind: byte(delim)}
	seen := map[string]bool{}
	for d.More() {
		var b branch
		if delim == '{' {
			before := d.InputOffset()
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			b.name = name.(string)
			b.rawName = strings.TrimLeft(text[before:d.InputOffset()], " \t\r\n,")
			if seen[b.name] {
				return nil, fmt.Errorf("the member %q stands twice", b.name)
			}
			seen[b.name] = true
		}
		if b.value, err = readTree(d, text); err != nil {
			return nil, err
		}
		t.children = append(t.children, b)
	}
	_, err = d.Token()
	return t, err
}

// text writes the tree without white space.
func (t *tree) text() string {
	if t.kind == 0 {
		return t.raw
	}
	parts := make([]string, len(t.children))
	for i, b := range t.children {
		parts[i] = b.value.text()
		if t.kind == '{' && !b.loose {
			parts[i] = b.rawName + ":" + parts[i]
		}
	}
	return string(t.kind) + strings.Join(parts, ",") + string(t.kind+2)
}

// at returns the value at a JSON pointer, nil if there is none.
func (t *tree) at(pointer string) *tree {
	for _, token := range pointerTokens(pointer) {
		i := t.index(token)
		if i < 0 {
			return nil
		}
		t = t.children[i].value
	}
	return t
}

func pointerTokens(pointer string) []string {
	if pointer == "" {
		return nil
	}
	list := strings.Split(pointer, "/")[1:]
	for i := range list {
		list[i] = strings.ReplaceAll(strings.ReplaceAll(list[i], "~1", "/"), "~0", "~")
	}
	return list
}

func (t *tree) index(token string) int {
	for i, b := range t.children {
		if t.kind == '{' && b.name == token || t.kind == '[' && strconv.Itoa(i) == token {
			return i
		}
	}
	return -1
}

// change applies a mutation: to replaces what stands at pointer or is added at the end;
// nil removes. A last token "-" appends an item, or a member written out with its name.
// It returns the text that stood there, nil for none.
func (t *tree) change(pointer string, to *string) (from *string, err error) {
	tokens := pointerTokens(pointer)
	if len(tokens) == 0 {
		old := t.text()
		if to == nil {
			return nil, errors.New("the whole text cannot be removed")
		}
		*t = tree{raw: *to}
		return &old, nil
	}
	last := tokens[len(tokens)-1]
	for _, token := range tokens[:len(tokens)-1] {
		i := t.index(token)
		if i < 0 {
			return nil, fmt.Errorf("there is no %s", pointer)
		}
		t = t.children[i].value
	}
	i := t.index(last)
	switch {
	case t.kind == 0:
		return nil, fmt.Errorf("there is no %s", pointer)
	case i >= 0:
		old := t.children[i].value.text()
		if to == nil {
			t.children = append(t.children[:i:i], t.children[i+1:]...)
		} else {
			t.children[i].value = &tree{raw: *to}
		}
		return &old, nil
	case to == nil:
		return nil, fmt.Errorf("nothing stands at %s", pointer)
	case t.kind == '[' && last != "-":
		return nil, fmt.Errorf("there is no %s", pointer)
	}
	b := branch{name: last, value: &tree{raw: *to}, loose: last == "-"}
	if !b.loose {
		quoted, err := json.Marshal(last)
		if err != nil {
			return nil, err
		}
		b.rawName = string(quoted)
	}
	t.children = append(t.children, b)
	return nil, nil
}

// recorded returns the text that from or to of a mutation stands for, nil for an absent
// one. An object with the only member $text or $base64 stands for bytes.
func recorded(value json.RawMessage) (*string, error) {
	if value == nil {
		return nil, nil
	}
	t, err := parseTree(string(value))
	if err != nil {
		return nil, err
	}
	text := t.text()
	if t.kind == '{' && len(t.children) == 1 {
		var s string
		switch t.children[0].name {
		case "$text":
			if err := json.Unmarshal([]byte(t.children[0].value.text()), &s); err != nil {
				return nil, err
			}
			return &s, nil
		case "$base64":
			if err := json.Unmarshal([]byte(t.children[0].value.text()), &s); err != nil {
				return nil, err
			}
			b, err := base64.StdEncoding.Strict().DecodeString(s)
			s = string(b)
			return &s, err
		}
	}
	return &text, nil
}

// sameJSON tells whether two texts hold the same JSON value, numbers by their digits.
func sameJSON(a, b string) bool {
	var x, y any
	return decodeAny(a, &x) == nil && decodeAny(b, &y) == nil && reflect.DeepEqual(x, y)
}

func decodeAny(text string, into *any) error {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("bytes after the value")
	}
	return nil
}

func sameText(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b || sameJSON(*a, *b)
}
