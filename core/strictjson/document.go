package strictjson

import "bytes"

// Kind is the type of a JSON value. The zero Kind is that of a value that is not there.
type Kind uint8

// The kinds of RFC 8259, section 3.
const (
	Absent Kind = iota
	Null
	False
	True
	Number
	String
	Array
	Object
)

// String names the kind as RFC 8259 does.
func (k Kind) String() string {
	return [...]string{"absent", "null", "false", "true", "number", "string", "array", "object"}[k]
}

// Limits bounds what Parse accepts. Every limit is inclusive; zero means no limit
// of its own (the length of the source still bounds members and values).
type Limits struct {
	Depth   int // nesting of arrays and objects; the outer one counts as 1
	Members int // object members in the whole text
	Values  int // values of every kind in the whole text
}

// node is one value. Spans of strings lie in the source, or in the scratch text
// where the string was written with escapes.
type node struct {
	key0, key1 int32
	val0, val1 int32
	next       int32 // index of the next sibling, 0 for none
	count      int32 // members or elements
	kind       Kind
	keyEscaped bool
	valEscaped bool
}

// Document is one parsed text. The zero Document is ready for Parse. Values taken
// from it are valid until the next Parse, and as long as the source is unchanged.
type Document struct {
	// Work, where it is not nil, is told during Parse how much was done since it was told
	// last: bytes that were read, and comparisons of names. It is told after every few
	// thousand; only a single string, number or run of white space is read in one go.
	Work func(n int)

	src    []byte
	text   []byte // strings that had escapes, decoded
	nodes  []node
	order  []int32 // scratch for the duplicate check of large objects
	pos    int
	due    int // position at which to tell Work
	told   int // position up to which it was told
	sorted int // comparisons since it was told
	limits Limits
	depth  int
	member int
}

// Value is one JSON value of a Document. The zero Value is absent.
type Value struct {
	doc   *Document
	index int32
}

// Reserve makes room for so many values, so that a large text is read without moving them
// again and again.
func (d *Document) Reserve(values int) {
	if cap(d.nodes) < values {
		d.nodes = make([]node, 0, values)
	}
}

// Root returns the outer value, absent before a successful Parse.
func (d *Document) Root() Value {
	if len(d.nodes) == 0 {
		return Value{}
	}
	return Value{d, 0}
}

// Values returns how many values the document holds, the outer one and names apart: its
// memory is about 30 bytes for each.
func (d *Document) Values() int { return len(d.nodes) }

// Kind returns the value's kind, Absent for the zero Value.
func (v Value) Kind() Kind {
	if v.doc == nil {
		return Absent
	}
	return v.doc.nodes[v.index].kind
}

// Exists tells whether the value is there at all (null is).
func (v Value) Exists() bool { return v.doc != nil }

// Len returns the number of members or elements, 0 for scalars.
func (v Value) Len() int {
	if v.doc == nil {
		return 0
	}
	return int(v.doc.nodes[v.index].count)
}

// First returns the first member or element in the order of the text.
func (v Value) First() Value {
	if v.Len() == 0 {
		return Value{}
	}
	return Value{v.doc, v.index + 1}
}

// Next returns the following sibling, absent after the last one.
func (v Value) Next() Value {
	if v.doc == nil {
		return Value{}
	}
	if n := v.doc.nodes[v.index].next; n != 0 {
		return Value{v.doc, n}
	}
	return Value{}
}

// Member returns the member with that exact name, absent where the value is no
// object or has no such member. The cost is linear in the object's members.
func (v Value) Member(name string) Value {
	if v.Kind() != Object {
		return Value{}
	}
	for m := v.First(); m.Exists(); m = m.Next() {
		if string(m.Key()) == name {
			return m
		}
	}
	return Value{}
}

// Key returns the unescaped name of an object member, nil for other values.
func (v Value) Key() []byte {
	if v.doc == nil {
		return nil
	}
	n := &v.doc.nodes[v.index]
	if n.keyEscaped {
		return v.doc.text[n.key0:n.key1]
	}
	return v.doc.src[n.key0:n.key1]
}

// Bytes returns the unescaped content of a string, nil for other kinds. An empty
// string gives an empty, non-nil slice.
func (v Value) Bytes() []byte {
	if v.Kind() != String {
		return nil
	}
	n := &v.doc.nodes[v.index]
	if n.valEscaped {
		return v.doc.text[n.val0:n.val1:n.val1]
	}
	return v.doc.src[n.val0:n.val1:n.val1]
}

// Raw returns the source text of a number, a literal, an array or an object;
// nil for strings and absent values.
func (v Value) Raw() []byte {
	if k := v.Kind(); k == Absent || k == String {
		return nil
	}
	n := &v.doc.nodes[v.index]
	return v.doc.src[n.val0:n.val1:n.val1]
}

// Offset returns where Raw begins in the source, -1 where Raw is nil.
func (v Value) Offset() int {
	if v.Raw() == nil {
		return -1
	}
	return int(v.doc.nodes[v.index].val0)
}

// Is tells whether the value is a string with exactly that content.
func (v Value) Is(s string) bool { return v.Kind() == String && string(v.Bytes()) == s }

// MaxInteger is the largest integer that Integer accepts: 2^53-1, the bound of
// interoperable integers (RFC 8259, section 6).
const MaxInteger = 1<<53 - 1

// Integer returns a number written as plain digits, 0 to MaxInteger. A sign, a
// fraction or an exponent, even of integral value, gives false.
func (v Value) Integer() (int64, bool) {
	if v.Kind() != Number {
		return 0, false
	}
	raw := v.Raw()
	if len(raw) > 16 {
		return 0, false
	}
	var n int64
	for _, c := range raw {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, n <= MaxInteger
}

// Bool returns the value of a literal true or false, and whether it was one.
func (v Value) Bool() (value, ok bool) {
	k := v.Kind()
	return k == True, k == True || k == False
}

func (d *Document) sameKey(a, b int32) bool {
	x, y := &d.nodes[a], &d.nodes[b]
	return x.key1-x.key0 == y.key1-y.key0 && bytes.Equal(Value{d, a}.Key(), Value{d, b}.Key())
}
