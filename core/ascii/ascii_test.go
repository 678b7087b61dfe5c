package ascii

import "testing"

// TestEveryByteAtEveryPlace compares with a loop over single bytes.
func TestEveryByteAtEveryPlace(t *testing.T) {
	simple := func(b []byte, ok func(byte) bool) int {
		for i, c := range b {
			if !ok(c) {
				return i
			}
		}
		return len(b)
	}
	json := func(c byte) bool { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' }
	text := func(c byte) bool { return c >= 0x20 && c != 0x7f }
	visible := func(c byte) bool { return c > 0x20 && c < 0x7f }
	for length := range 20 {
		for place := range length + 1 {
			for c := range 256 {
				for _, fill := range []byte{'a', 0x21, 0x23, 0x5b, 0x5d, 0x7e, 0x80, 0xff, 0x20} {
					b := make([]byte, length)
					for i := range b {
						b[i] = fill
					}
					if place < length {
						b[place] = byte(c)
					}
					if simple(b, json) != JSON(b) || simple(b, text) != Text(b) || simple(b, visible) != Visible(b) {
						t.Fatalf("%q", b)
					}
				}
			}
		}
	}
}
