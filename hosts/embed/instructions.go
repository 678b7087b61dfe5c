package embed

import (
	"encoding/binary"
	"fmt"
)

// operands passes over what follows an instruction's first byte (section 5.4).
func (r *rewriter) operands(op byte) {
	switch {
	case op >= 0x45 && op <= 0xc4, op <= 0x01, op == 0x05, op == opEnd, op == 0x0f, op == 0x1a, op == 0x1b, op == 0xd1:
	case op >= 0x02 && op <= 0x04, op == 0x0c, op == 0x0d, op == 0x10, op >= 0x20 && op <= 0x26,
		op == 0x3f, op == 0x40, op == 0x41, op == 0x42, op == 0xd0, op == 0xd2:
		r.number()
	case op == 0x11, op >= 0x28 && op <= 0x3e:
		r.number()
		r.number()
	case op == 0x0e: // br_table
		for range r.u32() {
			r.number()
		}
		r.number()
	case op == 0x1c: // select with types
		r.take(r.u32())
	case op == 0x43:
		r.take(4)
	case op == 0x44:
		r.take(8)
	case op == prefixMulti:
		r.multi()
	default:
		if r.err == nil {
			r.err = fmt.Errorf("embed: the module has instruction %#x, which Go does not make", op)
		}
	}
}

func (r *rewriter) multi() {
	switch op := r.u32(); {
	case op <= 7:
	case op == 9, op == 11, op == 13, op >= 15 && op <= 17:
		r.number()
	case op == 8, op == 10, op == 12, op == 14:
		r.number()
		r.number()
	default:
		panic("instruction")
	}
}

func (r *rewriter) byte() byte { return r.take(1)[0] }

func (r *rewriter) take(n uint32) []byte {
	out := r.in[:n]
	r.in = r.in[n:]
	return out
}

// number passes over a LEB128 number of either sign.
func (r *rewriter) number() {
	for r.byte()&0x80 != 0 {
	}
}

func (r *rewriter) u32() uint32 {
	v, n := binary.Uvarint(r.in)
	if n <= 0 || v > 1<<32-1 {
		panic("integer")
	}
	r.in = r.in[n:]
	return uint32(v)
}

func appendU32(out []byte, v uint32) []byte { return binary.AppendUvarint(out, uint64(v)) }
