package proxywasmhost

import (
	"encoding/binary"
	"strings"
)

// Limits of the C++ host for header fields that a plugin hands over.
const (
	maxPairs      = 1024
	maxPairsBytes = 1 << 20
)

// joined joins repeated fields as Envoy does for those that it knows by heart.
func joined(fields []Field) []Field {
	var out []Field
	at := -1
	for _, f := range fields {
		if f.Name == "authorization" {
			if at >= 0 {
				out[at].Value += "," + f.Value
				continue
			}
			at = len(out)
		}
		out = append(out, f)
	}
	return out
}

// without gives the fields that have another name. Names compare without case.
func without(fields []Field, name string) []Field {
	var out []Field
	for _, f := range fields {
		if !strings.EqualFold(f.Name, name) {
			out = append(out, f)
		}
	}
	return out
}

// pairs serialises fields as the host does. No fields are no bytes.
func pairs(fields []Field) []byte {
	if len(fields) == 0 {
		return nil
	}
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(fields)))
	for _, f := range fields {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(f.Name)))
		out = binary.LittleEndian.AppendUint32(out, uint32(len(f.Value)))
	}
	for _, f := range fields {
		out = append(out, f.Name+"\x00"+f.Value+"\x00"...)
	}
	return out
}

// readPairs reads what a plugin serialised. What is beyond the limits, or not of the form,
// is no fields: so the C++ host does it, without an error.
func readPairs(data []byte) []Field {
	if len(data) < 4 || len(data) > maxPairsBytes {
		return nil
	}
	n := int(binary.LittleEndian.Uint32(data))
	if n > maxPairs || len(data) < 4+8*n {
		return nil
	}
	rest := data[4+8*n:]
	take := func(size uint32) (string, bool) {
		if uint64(len(rest)) <= uint64(size) || rest[size] != 0 {
			return "", false
		}
		s := string(rest[:size])
		rest = rest[size+1:]
		return s, true
	}
	var out []Field
	for k := range n {
		name, ok := take(binary.LittleEndian.Uint32(data[4+8*k:]))
		value, also := take(binary.LittleEndian.Uint32(data[8+8*k:]))
		if !ok || !also {
			return nil
		}
		out = append(out, Field{name, value})
	}
	return out
}
