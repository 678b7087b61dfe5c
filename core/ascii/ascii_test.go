package ascii

import (
	"bytes"
	"testing"
)

// lengths are some around every stride of the loops.
var lengths = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 23, 24, 25, 31, 32, 33, 39, 40, 41, 64, 67}

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
	for _, length := range lengths {
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

func TestIndexAndEqual(t *testing.T) {
	for _, length := range lengths {
		for _, fill := range []byte{0, ',' - 1, ',' + 1, ',' | 0x80, 0xff, ','} {
			b := bytes.Repeat([]byte{fill}, length)
			if Index(b, ',') != bytes.IndexByte(b, ',') {
				t.Fatalf("%q", b)
			}
			if !Equal(b, bytes.Clone(b)) || Equal(b, append(bytes.Clone(b), fill)) || Hash(b) != Hash(bytes.Clone(b)) {
				t.Fatalf("%q", b)
			}
			for place := range length {
				other := bytes.Clone(b)
				other[place] = ','
				if Index(other, ',') != bytes.IndexByte(other, ',') {
					t.Fatalf("%q", other)
				}
				for bit := range 8 {
					other := bytes.Clone(b)
					other[place] ^= 1 << bit
					if Equal(b, other) || Hash(b) == Hash(other) {
						t.Fatalf("%q %q", b, other)
					}
				}
			}
		}
	}
}
