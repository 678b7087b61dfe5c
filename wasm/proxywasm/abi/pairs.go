package abi

import (
	"encoding/binary"
	"unsafe"
)

// Pair is a header field. Both parts alias the bytes that they were read from.
type Pair struct{ Name, Value string }

// MaxPairs bounds what ReadPairs takes: four times what any host passes on.
const MaxPairs = 4096

// ReadPairs reads the serialised form of header fields: a number of pairs, for each the
// lengths of name and value, then name, zero byte, value, zero byte. No bytes at all are
// no pairs. It appends to dst; ok is false, and dst of no use, where the bytes are not
// exactly of that form.
func ReadPairs(dst []Pair, data []byte) (pairs []Pair, ok bool) {
	if len(data) == 0 {
		return dst, true
	}
	if len(data) < 4 {
		return dst, false
	}
	n := binary.LittleEndian.Uint32(data)
	if n > MaxPairs || uint64(len(data)) < 4+8*uint64(n) {
		return dst, false
	}
	sizes, rest := data[4:4+8*n], data[4+8*n:]
	for ; len(sizes) > 0; sizes = sizes[8:] {
		name, after, ok := text(rest, binary.LittleEndian.Uint32(sizes))
		if !ok {
			return dst, false
		}
		value, after, ok := text(after, binary.LittleEndian.Uint32(sizes[4:]))
		if !ok {
			return dst, false
		}
		dst, rest = append(dst, Pair{name, value}), after
	}
	return dst, len(rest) == 0
}

// text takes n bytes and the zero byte after them.
func text(data []byte, n uint32) (s string, rest []byte, ok bool) {
	if uint64(n) >= uint64(len(data)) || data[n] != 0 {
		return "", nil, false
	}
	return unsafe.String(unsafe.SliceData(data), int(n)), data[n+1:], true
}

// AppendPairs appends the serialised form of header fields.
func AppendPairs(dst []byte, pairs ...Pair) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(pairs)))
	for _, p := range pairs {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(p.Name)))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(p.Value)))
	}
	for _, p := range pairs {
		dst = append(append(append(append(dst, p.Name...), 0), p.Value...), 0)
	}
	return dst
}
