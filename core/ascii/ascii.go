// Package ascii scans bytes eight at a time, and long texts by 32. Most bytes of a request
// are plain text, and in WebAssembly the turn of a loop costs several times the loads.
package ascii

const (
	ones = 0x0101010101010101
	high = 0x8080808080808080
)

// below marks bytes under n (n at most 0x80), and perhaps bytes after such a one.
func below(w uint64, n byte) uint64 { return (w - ones*uint64(n)) &^ w & high }

// equal marks bytes that are c, and perhaps bytes after such a one.
func equal(w uint64, c byte) uint64 { return below(w^ones*uint64(c), 1) }

// JSON returns how many leading bytes of a JSON string's content stand for themselves
// in ASCII: no quote, backslash or control character, nothing above 0x7f (and DEL
// passes, as RFC 8259, section 7 has it).
func JSON(b []byte) int {
	i := 0
	for i+8 <= len(b) {
		w := load(b, i)
		if w&high|below(w, 0x20)|equal(w, '"')|equal(w, '\\') != 0 {
			break
		}
		i += 8
	}
	for i < len(b) && plain[b[i]] {
		i++
	}
	return i
}

// plain marks the bytes that JSON passes over.
var plain = func() (t [256]bool) {
	for c := 0x20; c < 0x80; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// Text returns how many leading bytes are no control characters: neither below 0x20
// nor 0x7f.
func Text(b []byte) int {
	i := 0
	for ; i+32 <= len(b); i += 32 {
		p := b[i : i+32]
		v, w, x, y := load(p, 0), load(p, 8), load(p, 16), load(p, 24)
		if below(v, 0x20)|equal(v, 0x7f)|below(w, 0x20)|equal(w, 0x7f)|below(x, 0x20)|equal(x, 0x7f)|below(y, 0x20)|equal(y, 0x7f) != 0 {
			break
		}
	}
	for i+8 <= len(b) {
		w := load(b, i)
		if below(w, 0x20)|equal(w, 0x7f) != 0 {
			break
		}
		i += 8
	}
	for i < len(b) && b[i] >= 0x20 && b[i] != 0x7f {
		i++
	}
	return i
}

// Visible returns how many leading bytes are visible ASCII: 0x21 to 0x7e.
func Visible(b []byte) int {
	i := 0
	for ; i+32 <= len(b); i += 32 {
		p := b[i : i+32]
		v, w, x, y := load(p, 0), load(p, 8), load(p, 16), load(p, 24)
		if (v|w|x|y)&high|below(v, 0x21)|equal(v, 0x7f)|below(w, 0x21)|equal(w, 0x7f)|below(x, 0x21)|equal(x, 0x7f)|below(y, 0x21)|equal(y, 0x7f) != 0 {
			break
		}
	}
	for i+8 <= len(b) {
		w := load(b, i)
		if w&high|below(w, 0x21)|equal(w, 0x7f) != 0 {
			break
		}
		i += 8
	}
	for i < len(b) && b[i] > 0x20 && b[i] < 0x7f {
		i++
	}
	return i
}

// Index returns the place of the first c (below 0x80), -1 where there is none.
func Index(b []byte, c byte) int {
	i := 0
	for ; i+32 <= len(b); i += 32 {
		p := b[i : i+32]
		if equal(load(p, 0), c)|equal(load(p, 8), c)|equal(load(p, 16), c)|equal(load(p, 24), c) != 0 {
			break
		}
	}
	for ; i < len(b); i++ {
		if b[i] == c {
			return i
		}
	}
	return -1
}

// Equal tells whether two texts are the same.
func Equal(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for len(a) >= 32 {
		p, q := a[:32], b[:32]
		if (load(p, 0)^load(q, 0))|(load(p, 8)^load(q, 8))|(load(p, 16)^load(q, 16))|(load(p, 24)^load(q, 24)) != 0 {
			return false
		}
		a, b = a[32:], b[32:]
	}
	return string(a) == string(b)
}

// Hash spreads texts over a table. Whoever chooses texts can make them meet.
func Hash(b []byte) uint64 {
	const odd = 0x9e3779b97f4a7c15
	h := uint64(len(b))
	for ; len(b) >= 16; b = b[16:] {
		p := b[:16]
		h = (h ^ load(p, 0)) * odd
		h ^= h>>32 ^ load(p, 8)
		h *= odd
		h ^= h >> 32
	}
	for _, c := range b {
		h = (h ^ uint64(c)) * odd
	}
	return h ^ h>>32
}
