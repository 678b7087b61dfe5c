package embed

import (
	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi"
)

// testModule assembles a module with the exports of the ABI: answers is put into
// memory at answerAt, and verify is the body of ajwt_verify. What can go wrong in a
// module is written down here in a few instructions.
type testModule struct {
	verify  []byte // instructions that leave an i64, without the final end
	answers []byte
	version byte
	without string // an export, or the import, that is left out
}

// Instructions (WebAssembly Core Specification 2.0, section 5.4).
const (
	opUnreachable = 0x00
	opBr          = 0x0c
	opI64Const    = 0x42
	typeI64       = 0x7e
)

const (
	bufferAt = 0x10000 // second page: where ajwt_alloc puts every message
	answerAt = 0x400
)

// answer gives instructions that return the answer at answerAt plus from.
func answer(from, length int) []byte {
	return signed(opI64Const, int64(answerAt+from)<<32|int64(length))
}

func loopForever() []byte {
	return []byte{opLoop, typeI64, opBr, 0, opEnd}
}

func trap() []byte { return []byte{opUnreachable} }

// done is the answer to a configuration, as the real module gives it.
func done() []byte {
	return append([]byte{byte(abi.ActionPass), byte(ajwt.Accept), 1}, make([]byte, 7)...)
}

// build puts the module together. ajwt_configure answers done, which stands in front
// of the other answers.
func (m testModule) build() []byte {
	if m.version == 0 {
		m.version = abi.Version
	}
	var types, exports, bodies, funcs []byte
	functions := []struct { // their indexes begin at 1, after the import
		name string
		sig  []byte
		body []byte
	}{
		{"_initialize", []byte{0x60, 0, 0}, nil},
		{"ajwt_abi_version", []byte{0x60, 0, 1, 0x7f}, []byte{opI32Const, m.version}},
		{"ajwt_alloc", []byte{0x60, 1, 0x7f, 1, 0x7f}, signed(opI32Const, bufferAt)},
		{"ajwt_free", []byte{0x60, 1, 0x7f, 0}, nil},
		{"ajwt_configure", []byte{0x60, 2, 0x7f, 0x7f, 1, typeI64}, answer(0, len(done()))},
		{"ajwt_load", []byte{0x60, 2, 0x7f, 0x7f, 1, typeI64}, answer(0, len(done()))},
		{"ajwt_verify", []byte{0x60, 2, 0x7f, 0x7f, 1, typeI64}, m.verify},
	}
	count := byte(0)
	for i, f := range functions {
		types = append(types, f.sig...)
		funcs = append(funcs, byte(i))
		bodies = append(bodies, sized(append(append([]byte{0}, f.body...), opEnd))...)
		if f.name != m.without {
			exports = append(append(exports, sized([]byte(f.name))...), 0, byte(i+1))
			count++
		}
	}
	n := byte(len(functions))
	if m.without != "memory" {
		exports = append(append(exports, sized([]byte("memory"))...), 2, 0)
		count++
	}
	data := append([]byte{1, 0}, signed(opI32Const, answerAt)...)
	data = append(append(data, opEnd), sized(append(done(), m.answers...))...)

	out := []byte("\x00asm\x01\x00\x00\x00")
	out = section(out, 1, append([]byte{n}, types...))
	if m.without != yieldName {
		yield := append(sized([]byte(yieldModule)), sized([]byte(yieldName))...)
		out = section(out, 2, append(append([]byte{1}, yield...), 0, 1)) // the type of ajwt_abi_version
	}
	out = section(out, 3, append([]byte{n}, funcs...))
	out = section(out, 5, []byte{1, 0, 4}) // four pages
	out = section(out, 7, append([]byte{count}, exports...))
	out = section(out, 10, append([]byte{n}, bodies...))
	return section(out, 11, data)
}

func section(out []byte, id byte, content []byte) []byte {
	return append(append(out, id), sized(content)...)
}

// sized puts the length in front, as an unsigned LEB128 number.
func sized(content []byte) []byte {
	var out []byte
	n := len(content)
	for ; n >= 0x80; n >>= 7 {
		out = append(out, byte(n)|0x80)
	}
	return append(append(out, byte(n)), content...)
}

// signed writes an instruction with a signed LEB128 number.
func signed(op byte, n int64) []byte {
	out := []byte{op}
	for {
		b := byte(n & 0x7f)
		n >>= 7
		if n == 0 && b&0x40 == 0 || n == -1 && b&0x40 != 0 {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}
