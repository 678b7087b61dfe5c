package ajwt

// targetFault is what is wrong with a request target.
type targetFault uint8

const (
	targetOK        targetFault = iota
	targetMalformed             // not RFC 3986's path and query
	targetAmbiguous             // hops read it differently
)

// maxSegments bounds the segments of a path that is matched; longer paths match no
// route but one that ends in /**, since templates are shorter.
const maxSegments = 256

// requestPath is a request's path in its only form: escapes of unreserved characters are
// decoded, the others have upper-case digits.
type requestPath struct {
	text     []byte // normalised, with the leading slash; may alias the target
	segments []span // between the slashes; the last one is empty after a trailing slash
	buf      []byte
}

type span struct{ from, to int32 }

func (p *requestPath) segment(i int) []byte { return p.text[p.segments[i].from:p.segments[i].to] }

const (
	charPath      = 1 << iota // pchar and "/" without "%" (RFC 3986, section 3.3)
	charUnres                 // unreserved (section 2.3)
	charToken                 // tchar (RFC 9110, section 5.6.2)
	charHost                  // reg-name without "%" (RFC 3986, section 3.2.2)
	charScope                 // scope-token (RFC 6749, section 3.3)
	charControl               // C0 and DEL
	charHexDigit              // either case
	charLowerHost             // charHost without A-Z
)

var charClass = func() (t [256]uint8) {
	mark := func(set string, class uint8) {
		for i := 0; i < len(set); i++ {
			t[set[i]] |= class
		}
	}
	const alnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	const subDelims = "!$&'()*+,;="
	mark(alnum+"-._~", charUnres|charPath|charHost)
	mark(subDelims, charPath|charHost)
	mark(":@/", charPath)
	mark(alnum+"!#$%&'*+-.^_`|~", charToken)
	mark("0123456789abcdefABCDEF", charHexDigit)
	for c := 0x21; c <= 0x7e; c++ {
		if c != '"' && c != '\\' {
			t[c] |= charScope
		}
	}
	for c := range t {
		if t[c]&charHost != 0 && (c < 'A' || c > 'Z') {
			t[c] |= charLowerHost
		}
	}
	for c := range 0x20 {
		t[c] |= charControl
	}
	t[0x7f] |= charControl
	return t
}()

func isClass(c byte, class uint8) bool { return charClass[c]&class != 0 }

// parse reads a target: a path that starts with a slash and an optional query.
// Malformed characters are named before ambiguity, wherever they stand.
func (p *requestPath) parse(target []byte) targetFault {
	p.text, p.segments = nil, p.segments[:0]
	if len(target) == 0 || target[0] != '/' {
		return targetMalformed
	}
	end, escapes, suspicious := len(target), false, false
	for i, c := range target {
		if c == '?' {
			end = i
			break
		}
		switch {
		case isClass(c, charPath):
		case c == '%':
			if i+2 >= len(target) || !isClass(target[i+1], charHexDigit) || !isClass(target[i+2], charHexDigit) {
				return targetMalformed
			}
			escapes = true
		case c == '\\' || isClass(c, charControl):
			suspicious = true
		default:
			return targetMalformed
		}
	}
	for _, c := range target[end:] {
		if c < 0x21 || c > 0x7e || c == '#' {
			return targetMalformed
		}
	}
	if suspicious {
		return targetAmbiguous
	}
	p.text = target[:end]
	if escapes {
		p.buf = appendNormalEscapes(p.buf[:0], p.text)
		p.text = p.buf
		if hostileEscape(p.text) {
			return targetAmbiguous
		}
	}
	return p.split()
}

// split finds the segments and refuses those that hops resolve in their own ways.
func (p *requestPath) split() targetFault {
	from := 1
	for i := 1; i <= len(p.text); i++ {
		if i < len(p.text) && p.text[i] != '/' {
			continue
		}
		segment := p.text[from:i]
		last := i == len(p.text)
		if len(segment) == 0 && !last {
			return targetAmbiguous
		}
		name := segment
		for j, c := range segment {
			if c == ';' { // some servers drop what follows and then resolve the rest
				name = segment[:j]
				break
			}
		}
		if isDotSegment(name) || len(name) == 0 && len(segment) > 0 {
			return targetAmbiguous
		}
		if len(p.segments) <= maxSegments {
			p.segments = append(p.segments, span{int32(from), int32(i)})
		}
		from = i + 1
	}
	return targetOK
}

func isDotSegment(s []byte) bool {
	return len(s) == 1 && s[0] == '.' || len(s) == 2 && s[0] == '.' && s[1] == '.'
}

// hostileEscape tells whether a normalised path escapes a slash, a backslash or a
// control character.
func hostileEscape(p []byte) bool {
	for i := 0; i+2 < len(p); i++ {
		if p[i] != '%' {
			continue
		}
		if c := unhex(p[i+1])<<4 | unhex(p[i+2]); c == '/' || c == '\\' || isClass(c, charControl) {
			return true
		}
		i += 2
	}
	return false
}

// appendNormalEscapes decodes the escapes of unreserved characters and writes the
// others with upper-case digits (RFC 3986, section 6.2.2). Escapes must be well-formed.
func appendNormalEscapes(dst, src []byte) []byte {
	for i := 0; i < len(src); i++ {
		if src[i] != '%' {
			dst = append(dst, src[i])
			continue
		}
		c := unhex(src[i+1])<<4 | unhex(src[i+2])
		if isClass(c, charUnres) {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', upper(src[i+1]), upper(src[i+2]))
		}
		i += 2
	}
	return dst
}

// appendDecoded decodes every escape of a segment.
func appendDecoded(dst, segment []byte) []byte {
	for i := 0; i < len(segment); i++ {
		if segment[i] == '%' && i+2 < len(segment) {
			dst = append(dst, unhex(segment[i+1])<<4|unhex(segment[i+2]))
			i += 2
			continue
		}
		dst = append(dst, segment[i])
	}
	return dst
}

func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - 32
	}
	return c
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 32
	}
	return c
}

func equalFold(a []byte, lowerCase string) bool {
	if len(a) != len(lowerCase) {
		return false
	}
	for i := range a {
		if lower(a[i]) != lowerCase[i] {
			return false
		}
	}
	return true
}
