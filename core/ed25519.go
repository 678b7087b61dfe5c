package ajwt

import (
	"crypto/sha512"
	"encoding/binary"
	"math/bits"

	"github.com/cloudflare/circl/math/fp25519"
)

// Ed25519 verification for WebAssembly, where a 64-bit multiplication with its high
// half is a call: circl's field with a plain double-scalar multiplication is faster
// there than the standard library, and it allocates nothing. circl's own package for
// Ed25519 would link the standard library's beside it (34 KB more of compressed
// module) and works over math/big. Nothing here is secret, so nothing is constant-time.
//
// The native build uses the standard library; tests hold both to the same verdicts.

// edPoint is a point in extended coordinates with T = e*h left undone: x = X/Z,
// y = Y/Z, xy = T/Z (Hisil, Wong, Carter and Dawson 2008, section 3).
type edPoint struct{ x, y, z, e, h fp25519.Elt }

// edAddend is a point made ready for additions: y+x, y-x, 2dxy; all times z.
type edAddend struct{ sum, diff, t2d fp25519.Elt }

// ed25519Verify verifies by RFC 8032, section 5.1.7, without cofactor and with
// canonical S: R is the encoding of [S]B - [k]A, octet by octet.
func ed25519Verify(public *[32]byte, message, signature []byte) bool {
	if len(signature) != 64 {
		return false
	}
	s, ok := edScalar((*[32]byte)(signature[32:]))
	if !ok {
		return false
	}
	var r edPoint
	if !r.decode(public) {
		return false
	}
	fp25519.Neg(&r.x, &r.x)
	r.e = r.x
	h := sha512.New()
	h.Write(signature[:32])
	h.Write(public[:])
	h.Write(message)
	var digest [64]byte
	h.Sum(digest[:0])
	k := edReduce(&digest)
	r.combine(&k, &s)
	var encoded [32]byte
	r.encode(&encoded)
	return encoded == [32]byte(signature[:32])
}

// edOrder is the order of the base point: 2^252 + edOrderLow.
var edOrder = [4]uint64{0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 1 << 60}

// edScalar reads S, which must be below the order of the base point: S plus that
// order would be a second signature for the same message.
func edScalar(b *[32]byte) (s [4]uint64, ok bool) {
	var borrow uint64
	for i := range s {
		s[i] = binary.LittleEndian.Uint64(b[8*i:])
		_, borrow = bits.Sub64(s[i], edOrder[i], borrow)
	}
	return s, borrow == 1
}

// edReduce returns the digest, a little-endian number, modulo the order of the base
// point: word by word from the top, folding what exceeds 252 bits each time.
func edReduce(digest *[64]byte) (r [4]uint64) {
	for i := 60; i >= 0; i -= 4 {
		top := r[3] >> 32
		r[3] = r[3]<<32 | r[2]>>32
		r[2] = r[2]<<32 | r[1]>>32
		r[1] = r[1]<<32 | r[0]>>32
		r[0] = r[0]<<32 | uint64(binary.LittleEndian.Uint32(digest[i:]))
		// r = q*2^252 + rest, and 2^252 = -low: subtract q*low, which is below 2^158.
		q := top<<4 | r[3]>>60
		r[3] &= 1<<60 - 1
		p1, p0 := bits.Mul64(q, edOrder[0])
		p2, low := bits.Mul64(q, edOrder[1])
		var c uint64
		p1, c = bits.Add64(p1, low, 0)
		p2 += c
		r[0], c = bits.Sub64(r[0], p0, 0)
		r[1], c = bits.Sub64(r[1], p1, c)
		r[2], c = bits.Sub64(r[2], p2, c)
		r[3], c = bits.Sub64(r[3], 0, c)
		if c != 0 {
			c = 0
			for j := range r {
				r[j], c = bits.Add64(r[j], edOrder[j], c)
			}
		}
	}
	return r
}

// edDigits writes n, below 2^253, in signed odd digits below 2^(width-1), at most one
// in any width places in a row (the non-adjacent form of that width).
func edDigits(digits *[256]int8, n *[4]uint64, width uint) {
	window, half := uint64(1)<<width, int64(1)<<(width-1)
	var carry uint64
	for place := uint(0); place < 256; {
		word, shift := place/64, place%64
		d := n[word] >> shift
		if shift != 0 && word < 3 {
			d |= n[word+1] << (64 - shift)
		}
		d = d&(window-1) + carry
		if d&1 == 0 {
			// An even digit, also one that the carry made even, is left to the next place.
			place++
			continue
		}
		if int64(d) < half {
			carry = 0
			digits[place] = int8(d)
		} else {
			carry = 1
			digits[place] = int8(int64(d) - int64(window))
		}
		place += width
	}
}

// combine sets p to [k]p + [s]B for k and s below the order.
func (p *edPoint) combine(k, s *[4]uint64) {
	var kDigits, sDigits [256]int8
	edDigits(&kDigits, k, edKeyWidth)
	edDigits(&sDigits, s, edBaseWidth)
	var table [1 << (edKeyWidth - 2)]edAddend // 1, 3, 5, … times p
	var tableZ [1 << (edKeyWidth - 2)]fp25519.Elt
	var two edAddend
	var twoZ fp25519.Elt
	double := *p
	double.double()
	double.prepare(&two, &twoZ)
	for i := range table {
		if i > 0 {
			p.add(&two, &twoZ, false)
		}
		p.prepare(&table[i], &tableZ[i])
	}
	*p = edPoint{y: fp25519.Elt{1}, z: fp25519.Elt{1}}
	i := 255
	for i >= 0 && kDigits[i]|sDigits[i] == 0 {
		i--
	}
	for ; i >= 0; i-- {
		p.double()
		if d := kDigits[i]; d > 0 {
			p.add(&table[d/2], &tableZ[d/2], false)
		} else if d < 0 {
			p.add(&table[-d/2], &tableZ[-d/2], true)
		}
		if d := sDigits[i]; d > 0 {
			p.add(&edBase[d/2], nil, false)
		} else if d < 0 {
			p.add(&edBase[-d/2], nil, true)
		}
	}
}

// double sets p to 2p (section 3.3 of the paper, with a = -1).
func (p *edPoint) double() {
	var a, b, c, f, g fp25519.Elt
	fp25519.Add(&p.e, &p.x, &p.y)
	fp25519.Sqr(&a, &p.x)
	fp25519.Sqr(&b, &p.y)
	fp25519.Sqr(&c, &p.z)
	fp25519.Add(&c, &c, &c)
	fp25519.Add(&p.h, &a, &b)     // H = A+B
	fp25519.Sqr(&p.e, &p.e)       // (X+Y)^2
	fp25519.Sub(&p.e, &p.e, &p.h) // E = 2XY
	fp25519.Sub(&g, &b, &a)       // G = B-A
	fp25519.Sub(&f, &c, &g)       // F = 2Z^2-G
	fp25519.Mul(&p.x, &p.e, &f)
	fp25519.Mul(&p.y, &g, &p.h)
	fp25519.Mul(&p.z, &f, &g)
}

// add sets p to p + q, or to p - q with negate; z2 is twice q's Z, nil for Z = 1
// (section 3.1 of the paper: complete, so no pair of points is an exception).
func (p *edPoint) add(q *edAddend, z2 *fp25519.Elt, negate bool) {
	var a, b, c, d, f, g fp25519.Elt
	sum, diff, sumF, sumG := &q.sum, &q.diff, &f, &g
	if negate {
		sum, diff, sumF, sumG = diff, sum, sumG, sumF
	}
	fp25519.Mul(&c, &p.e, &p.h)
	fp25519.Mul(&c, &c, &q.t2d) // C = 2d*T1*T2
	fp25519.Sub(&a, &p.y, &p.x)
	fp25519.Mul(&a, &a, diff) // A = (Y1-X1)(Y2-X2)
	fp25519.Add(&b, &p.y, &p.x)
	fp25519.Mul(&b, &b, sum) // B = (Y1+X1)(Y2+X2)
	if z2 != nil {
		fp25519.Mul(&d, &p.z, z2)
	} else {
		fp25519.Add(&d, &p.z, &p.z)
	}
	fp25519.Sub(&p.e, &b, &a) // E = B-A
	fp25519.Add(&p.h, &b, &a) // H = B+A
	fp25519.Sub(sumF, &d, &c) // F = D-C; T2 changes its sign with X2
	fp25519.Add(sumG, &d, &c) // G = D+C
	fp25519.Mul(&p.x, &p.e, &f)
	fp25519.Mul(&p.y, &g, &p.h)
	fp25519.Mul(&p.z, &f, &g)
}

// prepare makes p ready to be added.
func (p *edPoint) prepare(q *edAddend, z2 *fp25519.Elt) {
	fp25519.Add(&q.sum, &p.y, &p.x)
	fp25519.Sub(&q.diff, &p.y, &p.x)
	fp25519.Mul(&q.t2d, &p.e, &p.h)
	fp25519.Mul(&q.t2d, &q.t2d, &edwards25519D)
	fp25519.Add(&q.t2d, &q.t2d, &q.t2d)
	fp25519.Add(z2, &p.z, &p.z)
}

// decode reads an encoded point (RFC 8032, section 5.1.3) that edwards25519Weak does
// not refuse; false where there is none.
func (p *edPoint) decode(encoded *[32]byte) bool {
	copy(p.y[:], encoded[:])
	p.y[31] &= 0x7f
	if !edRecoverX(&p.x, &p.y) {
		return false
	}
	fp25519.Modp(&p.x)
	if p.x[0]&1 != encoded[31]>>7 {
		fp25519.Neg(&p.x, &p.x)
	}
	p.z, p.e, p.h = fp25519.Elt{1}, p.x, p.y
	return true
}

// edRecoverX sets x to one of the roots of (y^2-1)/(d y^2+1); false where that is no
// square and so y belongs to no point.
func edRecoverX(x, y *fp25519.Elt) bool {
	var u, v fp25519.Elt
	one := fp25519.Elt{1}
	fp25519.Sqr(&u, y)
	fp25519.Mul(&v, &u, &edwards25519D)
	fp25519.Sub(&u, &u, &one)
	fp25519.Add(&v, &v, &one)
	return fp25519.InvSqrt(x, &u, &v)
}

// encode writes the point as RFC 8032, section 5.1.2 has it.
func (p *edPoint) encode(encoded *[32]byte) {
	fp25519.Inv(&p.z, &p.z)
	fp25519.Mul(&p.x, &p.x, &p.z)
	fp25519.Mul(&p.y, &p.y, &p.z)
	fp25519.Modp(&p.x)
	fp25519.Modp(&p.y)
	*encoded = p.y
	encoded[31] |= p.x[0] << 7
}
