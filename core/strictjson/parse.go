package strictjson

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/agentic-jwt/ajwt/core/ascii"
)

// Fault is the reason for which a text was refused.
type Fault uint8

// The faults, in no particular order.
const (
	FaultSyntax    Fault = iota + 1 // not the grammar of RFC 8259, or bytes after the value
	FaultEncoding                   // a string that is not UTF-8, or a lone surrogate
	FaultDuplicate                  // a member name that stands twice in one object
	FaultDepth                      // more nested containers than Limits.Depth
	FaultMembers                    // more members or values than Limits allow
)

// String gives the fault in words.
func (f Fault) String() string {
	switch f {
	case FaultSyntax:
		return "not valid JSON"
	case FaultEncoding:
		return "a string is not valid Unicode"
	case FaultDuplicate:
		return "duplicate member name"
	case FaultDepth:
		return "nested too deeply"
	case FaultMembers:
		return "too many members"
	}
	return "no fault"
}

// Error tells why and where Parse refused a text.
type Error struct {
	Fault  Fault
	Offset int // byte offset in the source
}

// Error implements error.
func (e Error) Error() string {
	return e.Fault.String() + " at byte " + strconv.Itoa(e.Offset)
}

// maxSource keeps offsets within int32.
const maxSource = 1<<31 - 2

// linearKeys is the object size up to which names are compared pairwise; larger
// objects are sorted once, so that a hostile one costs n log n and not n².
const linearKeys = 16

// Parse reads src, which must hold exactly one JSON value. On failure it returns
// an Error and the document is empty. It keeps a reference to src.
func (d *Document) Parse(src []byte, limits Limits) error {
	d.src, d.text, d.nodes = src, d.text[:0], d.nodes[:0]
	d.pos, d.limits, d.depth, d.member = 0, limits, 0, 0
	if d.due, d.told, d.sorted = maxSource, 0, 0; d.Work != nil {
		d.due = workEvery
	}
	if len(src) > maxSource {
		return Error{FaultMembers, maxSource}
	}
	d.space()
	fault := d.value(0, 0, false)
	if fault == 0 {
		d.space()
		if d.pos != len(src) {
			fault = FaultSyntax
		}
	}
	if fault != 0 {
		d.nodes = d.nodes[:0]
		return Error{fault, d.pos}
	}
	return nil
}

// workEvery is how many bytes, or comparisons, Work is told of at a time.
const workEvery = 4096

func (d *Document) tell() {
	n := d.pos - d.told
	d.told, d.due = d.pos, d.pos+workEvery
	d.Work(n)
}

// space passes over white space, of which most texts on the wire have none.
func (d *Document) space() {
	if d.pos < len(d.src) && d.src[d.pos] <= ' ' {
		d.skipSpace()
	}
}

func (d *Document) skipSpace() {
	for d.pos < len(d.src) {
		switch d.src[d.pos] {
		case ' ', '\t', '\n', '\r':
			d.pos++
		default:
			return
		}
	}
}

// value reads one value into a new node that carries the given member name.
func (d *Document) value(key0, key1 int32, keyEscaped bool) Fault {
	if d.limits.Values > 0 && len(d.nodes) >= d.limits.Values {
		return FaultMembers
	}
	if d.pos >= len(d.src) {
		return FaultSyntax
	}
	if d.pos >= d.due {
		d.tell()
	}
	i := len(d.nodes)
	d.nodes = append(d.nodes, node{key0: key0, key1: key1, keyEscaped: keyEscaped})
	start := d.pos
	switch c := d.src[d.pos]; c {
	case '"':
		a, b, escaped, fault := d.str()
		n := &d.nodes[i]
		n.kind, n.val0, n.val1, n.valEscaped = String, a, b, escaped
		return fault
	case '{', '[':
		d.depth++
		if d.limits.Depth > 0 && d.depth > d.limits.Depth {
			return FaultDepth
		}
		d.pos++
		kind, fault := Object, Fault(0)
		if c == '{' {
			fault = d.object(i)
		} else {
			kind, fault = Array, d.array(i)
		}
		d.depth--
		n := &d.nodes[i]
		n.kind, n.val0, n.val1 = kind, int32(start), int32(d.pos)
		return fault
	case 't':
		return d.literal(i, "true", True)
	case 'f':
		return d.literal(i, "false", False)
	case 'n':
		return d.literal(i, "null", Null)
	default:
		if !d.number() {
			return FaultSyntax
		}
		n := &d.nodes[i]
		n.kind, n.val0, n.val1 = Number, int32(start), int32(d.pos)
		return 0
	}
}

func (d *Document) literal(i int, word string, kind Kind) Fault {
	if len(d.src)-d.pos < len(word) || string(d.src[d.pos:d.pos+len(word)]) != word {
		return FaultSyntax
	}
	n := &d.nodes[i]
	n.kind, n.val0, n.val1 = kind, int32(d.pos), int32(d.pos+len(word))
	d.pos += len(word)
	return 0
}

func (d *Document) object(parent int) Fault {
	d.space()
	if d.pos < len(d.src) && d.src[d.pos] == '}' {
		d.pos++
		return 0
	}
	first, last := int32(len(d.nodes)), int32(0)
	seen, repeated := uint64(0), false
	for count := 1; ; count++ {
		if d.pos >= len(d.src) || d.src[d.pos] != '"' {
			return FaultSyntax
		}
		d.member++
		if d.limits.Members > 0 && d.member > d.limits.Members {
			return FaultMembers
		}
		key0, key1, escaped, fault := d.str()
		if fault != 0 {
			return fault
		}
		d.space()
		if d.pos >= len(d.src) || d.src[d.pos] != ':' {
			return FaultSyntax
		}
		d.pos++
		d.space()
		this := int32(len(d.nodes))
		if fault := d.value(key0, key1, escaped); fault != 0 {
			return fault
		}
		if last != 0 {
			d.nodes[last].next = this
		}
		if count <= linearKeys {
			mark := d.mark(this)
			repeated = repeated || seen&mark != 0 && d.knows(first, this)
			seen |= mark
		}
		last = this
		d.space()
		if d.pos >= len(d.src) {
			return FaultSyntax
		}
		c := d.src[d.pos]
		d.pos++
		if c == '}' {
			d.nodes[parent].count = int32(count)
			// A duplicate is named at the end of its object, so that a fault within the
			// object is named first, however many members it has.
			if repeated || count > linearKeys && d.repeats(first) {
				return FaultDuplicate
			}
			return 0
		}
		if c != ',' {
			d.pos--
			return FaultSyntax
		}
		d.space()
	}
}

// mark gives one bit for a member's name; equal names have equal bits.
func (d *Document) mark(i int32) uint64 {
	key := Value{d, i}.Key()
	if len(key) == 0 {
		return 1
	}
	return 1 << ((uint(len(key))*5 + uint(key[0])*3 + uint(key[len(key)-1])) & 63)
}

// knows tells whether a sibling from first up to this has the same name as this.
func (d *Document) knows(first, this int32) bool {
	for o := first; o != this; o = d.nodes[o].next {
		if d.sameKey(o, this) {
			return true
		}
	}
	return false
}

// repeats tells whether two of the siblings that start at first share a name.
func (d *Document) repeats(first int32) bool {
	d.order = d.order[:0]
	for o := first; ; o = d.nodes[o].next {
		d.order = append(d.order, o)
		if d.nodes[o].next == 0 {
			break
		}
	}
	d.sortKeys()
	for i := 1; i < len(d.order); i++ {
		if d.sameKey(d.order[i-1], d.order[i]) {
			return true
		}
	}
	return false
}

// sortKeys sorts d.order by member name: a heapsort, n log n for every input. It
// stands for slices.SortFunc, whose code for one type is 5 KB of compressed module.
func (d *Document) sortKeys() {
	n := len(d.order)
	for i := n/2 - 1; i >= 0; i-- {
		d.siftDown(i, n)
	}
	for i := n - 1; i > 0; i-- {
		d.order[0], d.order[i] = d.order[i], d.order[0]
		d.siftDown(0, i)
	}
}

func (d *Document) siftDown(i, n int) {
	for {
		child := 2*i + 1
		if child >= n {
			return
		}
		if child+1 < n && d.keyLess(d.order[child], d.order[child+1]) {
			child++
		}
		if !d.keyLess(d.order[i], d.order[child]) {
			return
		}
		d.order[i], d.order[child] = d.order[child], d.order[i]
		i = child
		if d.sorted += 8; d.sorted >= workEvery && d.Work != nil {
			n := d.sorted
			d.sorted = 0
			d.Work(n)
		}
	}
}

func (d *Document) keyLess(a, b int32) bool {
	x, y := Value{d, a}.Key(), Value{d, b}.Key()
	d.sorted += min(len(x), len(y)) / 16
	return bytes.Compare(x, y) < 0
}

func (d *Document) array(parent int) Fault {
	d.space()
	if d.pos < len(d.src) && d.src[d.pos] == ']' {
		d.pos++
		return 0
	}
	last := int32(0)
	for count := 1; ; count++ {
		this := int32(len(d.nodes))
		if fault := d.value(0, 0, false); fault != 0 {
			return fault
		}
		if last != 0 {
			d.nodes[last].next = this
		}
		last = this
		d.space()
		if d.pos >= len(d.src) {
			return FaultSyntax
		}
		c := d.src[d.pos]
		d.pos++
		if c == ']' {
			d.nodes[parent].count = int32(count)
			return 0
		}
		if c != ',' {
			d.pos--
			return FaultSyntax
		}
		d.space()
	}
}

// number reads a number by the grammar of RFC 8259, section 6.
func (d *Document) number() bool {
	if d.pos < len(d.src) && d.src[d.pos] == '-' {
		d.pos++
	}
	start := d.pos
	if d.digits() == 0 || (d.src[start] == '0' && d.pos-start > 1) {
		return false
	}
	if d.pos < len(d.src) && d.src[d.pos] == '.' {
		d.pos++
		if d.digits() == 0 {
			return false
		}
	}
	if d.pos < len(d.src) && d.src[d.pos]|0x20 == 'e' {
		d.pos++
		if d.pos < len(d.src) && (d.src[d.pos] == '+' || d.src[d.pos] == '-') {
			d.pos++
		}
		return d.digits() > 0
	}
	return true
}

func (d *Document) digits() int {
	src, p := d.src, d.pos
	for p < len(src) && src[p]-'0' <= 9 {
		p++
	}
	n := p - d.pos
	d.pos = p
	return n
}

// str reads a string and returns the span of its content: in the source, or in
// the scratch text when it held an escape.
func (d *Document) str() (a, b int32, escaped bool, fault Fault) {
	d.pos++ // the opening quote
	src, p := d.src, d.pos
	start := p
	for {
		if p += ascii.JSON(src[p:]); p == len(src) {
			break
		}
		c := src[p]
		switch {
		case c == '"':
			d.pos = p + 1
			return int32(start), int32(p), false, 0
		case c == '\\':
			d.pos = p
			return d.escapedStr(start)
		case c < 0x20:
			d.pos = p
			return 0, 0, false, FaultSyntax
		}
		r, size := utf8.DecodeRune(src[p:])
		if r == utf8.RuneError && size == 1 {
			d.pos = p
			return 0, 0, false, FaultEncoding
		}
		p += size
	}
	d.pos = p
	return 0, 0, false, FaultSyntax
}

// escapedStr goes on with a string whose content began at start and whose first
// escape is at d.pos.
func (d *Document) escapedStr(start int) (a, b int32, escaped bool, fault Fault) {
	a = int32(len(d.text))
	d.text = append(d.text, d.src[start:d.pos]...)
	for d.pos < len(d.src) {
		c := d.src[d.pos]
		switch {
		case c == '"':
			d.pos++
			return a, int32(len(d.text)), true, 0
		case c < 0x20:
			return 0, 0, false, FaultSyntax
		case c == '\\':
			if fault := d.escape(); fault != 0 {
				return 0, 0, false, fault
			}
		case c < 0x80:
			d.text = append(d.text, c)
			d.pos++
		default:
			r, size := utf8.DecodeRune(d.src[d.pos:])
			if r == utf8.RuneError && size == 1 {
				return 0, 0, false, FaultEncoding
			}
			d.text = append(d.text, d.src[d.pos:d.pos+size]...)
			d.pos += size
		}
	}
	return 0, 0, false, FaultSyntax
}

func (d *Document) escape() Fault {
	if d.pos+1 >= len(d.src) {
		return FaultSyntax
	}
	c := d.src[d.pos+1]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		return d.unicodeEscape()
	default:
		return FaultSyntax
	}
	d.text = append(d.text, c)
	d.pos += 2
	return 0
}

func (d *Document) unicodeEscape() Fault {
	r, ok := d.hex4(d.pos)
	if !ok {
		return FaultSyntax
	}
	if r >= 0xD800 && r <= 0xDFFF {
		if r >= 0xDC00 || d.pos+6 >= len(d.src) || d.src[d.pos+6] != '\\' {
			return FaultEncoding
		}
		low, ok := d.hex4(d.pos + 6)
		if !ok && d.pos+7 < len(d.src) && d.src[d.pos+7] == 'u' {
			return FaultSyntax
		}
		if !ok || low < 0xDC00 || low > 0xDFFF {
			return FaultEncoding
		}
		r = 0x10000 + (r-0xD800)<<10 + (low - 0xDC00)
		d.pos += 6
	}
	d.text = utf8.AppendRune(d.text, r)
	d.pos += 6
	return 0
}

// hex4 reads the four digits of the escape \uXXXX that starts at p.
func (d *Document) hex4(p int) (rune, bool) {
	if p+6 > len(d.src) || d.src[p+1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range d.src[p+2 : p+6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
