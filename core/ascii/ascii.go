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
