package structured

import (
	"math"
	"unicode/utf8"
)

// Type is what a field holds at the top; whoever reads it has to know.
type Type uint8

// The types of RFC 9651, section 3.
const (
	Dictionary Type = iota
	List
	Item
)

// Fault is the reason for which a field value was refused.
type Fault uint8

// The faults. OK is none.
const (
	OK             Fault = iota
	FaultSyntax          // not the grammar of RFC 9651
	FaultDuplicate       // a key that stands twice; everything else is well-formed
	FaultTooMany         // more values than the limit
)

// Parse reads a field value of at most max values, keys of parameters and items of inner
// lists included (0: no limit). Fields that came on several lines are joined by the
// caller with ", " (RFC 9651, section 4.2). After any fault but OK the document is empty.
func (d *Document) Parse(src []byte, t Type, max int) Fault {
	d.src, d.text, d.nodes, d.first = src, d.text[:0], append(d.nodes[:0], node{}), 0
	p := parser{d: d, max: max}
	if len(src) > math.MaxInt32 {
		p.fault = FaultTooMany
	} else {
		p.spaces()
		p.top(t)
		p.spaces()
		if p.at < len(src) {
			p.fail()
		}
	}
	if p.fault == OK && p.duplicate {
		p.fault = FaultDuplicate
	}
	if p.fault != OK {
		d.nodes, d.first = d.nodes[:1], 0
	}
	return p.fault
}

type parser struct {
	d         *Document
	at, max   int
	fault     Fault
	duplicate bool
}

func (p *parser) fail() {
	if p.fault == OK {
		p.fault = FaultSyntax
	}
}

// peek returns the next character, 0 at the end and after a fault: no rule takes NUL.
func (p *parser) peek() byte {
	if p.fault != OK || p.at >= len(p.d.src) {
		return 0
	}
	return p.d.src[p.at]
}

// take consumes c if it comes next.
func (p *parser) take(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.at++
	return true
}

func (p *parser) spaces() {
	for p.take(' ') {
	}
}

func (p *parser) blanks() {
	for p.take(' ') || p.take('\t') {
	}
}

// node adds a value and links it behind its sibling.
func (p *parser) node(first *int32, last int32) int32 {
	if p.max > 0 && len(p.d.nodes) > p.max && p.fault == OK {
		p.fault = FaultTooMany
	}
	at := int32(len(p.d.nodes))
	p.d.nodes = append(p.d.nodes, node{})
	if last == 0 {
		*first = at
	} else {
		p.d.nodes[last].next = at
	}
	return at
}

// top is RFC 9651, sections 4.2.1, 4.2.2 and 4.2.3.
func (p *parser) top(t Type) {
	if t == Item {
		p.item(p.node(&p.d.first, 0))
		return
	}
	for last := int32(0); p.at < len(p.d.src) && p.fault == OK; {
		last = p.node(&p.d.first, last)
		if t == List {
			p.itemOrList(last)
		} else {
			p.key(last)
			if p.duplicate = p.duplicate || p.d.same(p.d.first, last); p.take('=') {
				p.itemOrList(last)
			} else {
				p.d.nodes[last].kind, p.d.nodes[last].number = Boolean, 1
				p.params(last)
			}
		}
		if p.blanks(); p.at == len(p.d.src) {
			return
		}
		if !p.take(',') {
			p.fail()
		}
		if p.blanks(); p.at == len(p.d.src) {
			p.fail() // a comma at the end
		}
	}
}

func (p *parser) itemOrList(at int32) {
	if p.peek() == '(' {
		p.innerList(at)
	} else {
		p.item(at)
	}
}

// innerList is section 4.2.1.2.
func (p *parser) innerList(at int32) {
	p.d.nodes[at].kind = InnerList
	p.at++
	first, last := int32(0), int32(0)
	for p.fault == OK {
		p.spaces()
		if p.take(')') {
			p.d.nodes[at].child = first
			p.params(at)
			return
		}
		last = p.node(&first, last)
		p.item(last)
		if c := p.peek(); c != ' ' && c != ')' {
			p.fail()
		}
	}
}

func (p *parser) item(at int32) {
	p.bare(at)
	p.params(at)
}

// params is section 4.2.3.2.
func (p *parser) params(at int32) {
	first, last := int32(0), int32(0)
	for p.take(';') {
		p.spaces()
		last = p.node(&first, last)
		p.key(last)
		if p.duplicate = p.duplicate || p.d.same(first, last); p.take('=') {
			p.bare(last)
		} else {
			p.d.nodes[last].kind, p.d.nodes[last].number = Boolean, 1
		}
	}
	p.d.nodes[at].params = first
}

// key is section 4.2.3.3.
func (p *parser) key(at int32) {
	start := p.at
	if c := p.peek(); !isLower(c) && c != '*' {
		p.fail()
	}
	for c := p.peek(); isLower(c) || isDigit(c) || c == '_' || c == '-' || c == '.' || c == '*'; c = p.peek() {
		p.at++
	}
	p.d.nodes[at].key0, p.d.nodes[at].key1 = int32(start), int32(p.at)
}

func isLower(c byte) bool { return c >= 'a' && c <= 'z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isAlpha(c byte) bool { return isLower(c | 0x20) }

// bare is section 4.2.3.1.
func (p *parser) bare(at int32) {
	start := int32(len(p.d.text))
	var kind Kind
	var number int64
	switch c := p.peek(); {
	case c == '-' || isDigit(c):
		kind, number = p.number()
	case c == '"':
		kind = String
		p.str()
	case c == '*' || isAlpha(c):
		kind = Token
		p.token()
	case c == ':':
		kind = ByteSequence
		p.bytes()
	case c == '?':
		kind = Boolean
		p.at++
		if p.take('1') {
			number = 1
		} else if !p.take('0') {
			p.fail()
		}
	case c == '@':
		p.at++
		if kind, number = p.number(); kind != Integer {
			p.fail()
		}
		kind = Date
	case c == '%':
		kind = DisplayString
		p.displayString()
	default:
		p.fail()
	}
	n := &p.d.nodes[at]
	n.kind, n.number, n.val0, n.val1 = kind, number, start, int32(len(p.d.text))
}

// number is section 4.2.4: at most 15 digits, or 12 and then 1 to 3 behind the point.
func (p *parser) number() (Kind, int64) {
	negative := p.take('-')
	number, digits := int64(0), 0
	for c := p.peek(); isDigit(c); c = p.peek() {
		if digits++; digits > 15 {
			p.fail()
			break
		}
		number = number*10 + int64(c-'0')
		p.at++
	}
	if digits == 0 {
		p.fail()
	}
	kind := Integer
	if p.peek() == '.' {
		p.at++
		kind = Decimal
		fraction := 0
		for c := p.peek(); isDigit(c) && fraction <= 3; c = p.peek() {
			number = number*10 + int64(c-'0')
			fraction++
			p.at++
		}
		if digits > 12 || fraction == 0 || fraction > 3 {
			p.fail()
		}
		for ; fraction < 3; fraction++ {
			number *= 10
		}
	}
	if negative {
		number = -number
	}
	return kind, number
}

// str is section 4.2.5.
func (p *parser) str() {
	p.at++
	for p.fault == OK {
		c := p.peek()
		p.at++
		switch {
		case c == '"':
			return
		case c == '\\':
			c = p.peek()
			p.at++
			if c != '"' && c != '\\' {
				p.fail()
			}
		case c < ' ' || c > '~':
			p.fail()
		}
		p.d.text = append(p.d.text, c)
	}
}

// token is section 4.2.6.
func (p *parser) token() {
	for {
		switch c := p.peek(); {
		case isAlpha(c), isDigit(c):
		case c >= '!' && c <= '/' && c != '"' && c != '(' && c != ')' && c != ',': // ! # $ % & ' * + - . /
		case c == ':' || c == '^' || c == '_' || c == '`' || c == '|' || c == '~':
		default:
			return
		}
		p.d.text = append(p.d.text, p.d.src[p.at])
		p.at++
	}
}

// bytes is section 4.2.7. Padding is mandatory and spare bits are zero: one spelling for
// each value, which the section recommends over what it has to tolerate.
func (p *parser) bytes() {
	p.at++
	start := p.at
	for c := p.peek(); c != ':' && c != 0; c = p.peek() {
		p.at++
	}
	var ok bool
	if p.d.text, ok = AppendBase64(p.d.text, p.d.src[start:p.at]); !ok || !p.take(':') {
		p.fail()
	}
}

// AppendBase64 appends the octets that src stands for in base64 with the standard
// alphabet and padding (RFC 4648, section 4). It answers false for anything but the one
// spelling that an encoder gives.
func AppendBase64(dst, src []byte) ([]byte, bool) {
	if len(src)%4 != 0 {
		return dst, false
	}
	pad := 0
	for pad < 2 && len(src) > pad && src[len(src)-1-pad] == '=' {
		pad++
	}
	word, bits := uint32(0), 0
	for _, c := range src[:len(src)-pad] {
		var v byte
		switch {
		case isLower(c):
			v = c - 'a' + 26
		case isAlpha(c):
			v = c - 'A'
		case isDigit(c):
			v = c - '0' + 52
		case c == '+':
			v = 62
		case c == '/':
			v = 63
		default:
			return dst, false
		}
		word, bits = word<<6|uint32(v), bits+6
		if bits >= 8 {
			bits -= 8
			dst = append(dst, byte(word>>bits))
		}
	}
	return dst, bits == 2*pad && word&(1<<bits-1) == 0
}

// displayString is section 4.2.10.
func (p *parser) displayString() {
	start := len(p.d.text)
	p.at++
	if !p.take('"') {
		p.fail()
	}
	for p.fault == OK {
		c := p.peek()
		p.at++
		switch {
		case c == '"':
			if !utf8.Valid(p.d.text[start:]) {
				p.fail()
			}
			return
		case c == '%':
			c = p.hex()<<4 | p.hex()
		case c < ' ' || c > '~':
			p.fail()
		}
		p.d.text = append(p.d.text, c)
	}
}

// hex takes one lower-case hexadecimal digit.
func (p *parser) hex() byte {
	c := p.peek()
	p.at++
	switch {
	case isDigit(c):
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	p.fail()
	return 0
}
