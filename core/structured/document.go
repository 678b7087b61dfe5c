package structured

import "bytes"

// Kind is the type of a value. The zero Kind is that of a value that is not there.
type Kind uint8

// The kinds of RFC 9651, sections 3.1.1 and 3.3.
const (
	Absent Kind = iota
	Integer
	Decimal
	String
	Token
	ByteSequence
	Boolean
	Date
	DisplayString
	InnerList
)

// node is one value: an item, an inner list, or the value of a parameter.
type node struct {
	key0, key1 int32 // in the source
	val0, val1 int32 // in the text
	number     int64
	next       int32 // the next sibling, 0 for none
	child      int32 // the first item of an inner list, 0 for none
	params     int32 // the first parameter, 0 for none
	kind       Kind
}

// Document is one field value that was read. The zero Document is empty.
type Document struct {
	src   []byte
	text  []byte // decoded strings, tokens and byte sequences
	nodes []node // nodes[0] is not used: index 0 means none
	first int32
}

// Value is a value within a Document; it is valid until the next Parse.
type Value struct {
	doc *Document
	at  int32
}

func (d *Document) value(at int32) Value {
	if at == 0 {
		return Value{}
	}
	return Value{d, at}
}

// First returns the first member of a dictionary or list, or the item.
func (d *Document) First() Value { return d.value(d.first) }

// Member returns the member of a dictionary that has this key.
func (d *Document) Member(key string) Value { return find(d.First(), key) }

func find(v Value, key string) Value {
	for ; v.Exists(); v = v.Next() {
		if string(v.Key()) == key {
			return v
		}
	}
	return Value{}
}

// Exists tells whether there is a value.
func (v Value) Exists() bool { return v.doc != nil }

// Kind returns the type of the value, Absent where there is none.
func (v Value) Kind() Kind {
	if v.doc == nil {
		return Absent
	}
	return v.doc.nodes[v.at].kind
}

// Key returns the key of a dictionary's member or of a parameter.
func (v Value) Key() []byte {
	if v.doc == nil {
		return nil
	}
	n := &v.doc.nodes[v.at]
	return v.doc.src[n.key0:n.key1]
}

// Bytes returns a string without its escapes, a token, a byte sequence, or the UTF-8 of
// a display string; nothing for other kinds.
func (v Value) Bytes() []byte {
	if v.doc == nil {
		return nil
	}
	n := &v.doc.nodes[v.at]
	return v.doc.text[n.val0:n.val1]
}

// Number returns an integer, the seconds of a date, the thousandths of a decimal, or 1
// for a boolean that is true; 0 for other kinds.
func (v Value) Number() int64 {
	if v.doc == nil {
		return 0
	}
	return v.doc.nodes[v.at].number
}

// Next returns the next member, item or parameter.
func (v Value) Next() Value {
	if v.doc == nil {
		return Value{}
	}
	return v.doc.value(v.doc.nodes[v.at].next)
}

// First returns the first item of an inner list.
func (v Value) First() Value {
	if v.doc == nil {
		return Value{}
	}
	return v.doc.value(v.doc.nodes[v.at].child)
}

// Params returns the first parameter of a value.
func (v Value) Params() Value {
	if v.doc == nil {
		return Value{}
	}
	return v.doc.value(v.doc.nodes[v.at].params)
}

// Param returns the parameter that has this key.
func (v Value) Param(key string) Value { return find(v.Params(), key) }

// Is tells whether the value is of this kind and has these bytes.
func (v Value) Is(kind Kind, text string) bool {
	return v.Kind() == kind && string(v.Bytes()) == text
}

// same tells whether one of the siblings before at has its key.
func (d *Document) same(first, at int32) bool {
	key := d.value(at).Key()
	for v := d.value(first); v.at != at; v = v.Next() {
		if bytes.Equal(v.Key(), key) {
			return true
		}
	}
	return false
}
