package ajwt

import (
	"github.com/cloudflare/circl/math/fp25519"
	"github.com/cloudflare/circl/math/fp448"
)

// Edwards public keys (RFC 8032). Both curves have a cofactor, so a handful of points
// have small order; under such a key one signature holds for many messages. And both
// encodings have room for values that are not reduced, so one key could have two
// spellings and two thumbprints. Neither is a key here, whatever a library thinks.

// The field primes, little-endian: 2^255-19 and 2^448-2^224-1.
const (
	ones9         = "\xff\xff\xff\xff\xff\xff\xff\xff\xff"
	zeros9        = "\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	ones27        = ones9 + ones9 + ones9
	zeros27       = zeros9 + zeros9 + zeros9
	edwards25519P = "\xed" + ones27 + "\xff\xff\xff\x7f"
	edwards448P   = ones27 + "\xff\xfe" + ones27
)

// The y coordinates of all points of small order, little-endian. Either sign of x
// belongs to each, also where x = 0 and RFC 8032, section 5.1.3 forbids the sign bit.
var (
	edwards25519SmallOrder = [...]string{
		"\x01" + zeros27 + "\x00\x00\x00\x00", // order 1
		"\xec" + ones27 + "\xff\xff\xff\x7f",  // order 2: p-1
		zeros27 + "\x00\x00\x00\x00\x00",      // order 4
		"\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0" + // order 8
			"\xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05",
		"\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f" + // order 8
			"\x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a",
	}
	edwards448SmallOrder = [...]string{
		"\x01" + zeros27 + zeros27 + "\x00", // order 1
		"\xfe" + ones27 + "\xfe" + ones27,   // order 2: p-1
		zeros27 + zeros27 + "\x00\x00",      // order 4
	}
)

// edwards25519Weak tells whether an encoded point is of small order, or not canonical:
// y >= p (RFC 8032, section 5.1.3).
func edwards25519Weak(point *[32]byte) bool {
	y := *point
	y[31] &= 0x7f
	return weakY(y[:], edwards25519P, edwards25519SmallOrder[:])
}

// edwards448Weak tells whether an encoded point is of small order, or not canonical:
// y >= p, or one of the seven unused bits set (RFC 8032, section 5.2.3).
func edwards448Weak(point *[57]byte) bool {
	return point[56]&0x7f != 0 || weakY(point[:56], edwards448P, edwards448SmallOrder[:])
}

func weakY(y []byte, p string, smallOrder []string) bool {
	for _, small := range smallOrder {
		if string(y) == small {
			return true
		}
	}
	for i := len(y) - 1; i >= 0; i-- {
		if y[i] != p[i] {
			return y[i] > p[i]
		}
	}
	return true
}

// The curve constant d: x^2 + y^2 = 1 + d x^2 y^2 with a sign on x^2 for edwards25519
// (RFC 8032, sections 5.1 and 5.2), little-endian.
var (
	edwards25519D = fp25519.Elt{
		0xa3, 0x78, 0x59, 0x13, 0xca, 0x4d, 0xeb, 0x75, 0xab, 0xd8, 0x41, 0x41, 0x4d, 0x0a, 0x70, 0x00,
		0x98, 0xe8, 0x79, 0x77, 0x79, 0x40, 0xc7, 0x8c, 0x73, 0xfe, 0x6f, 0x2b, 0xee, 0x6c, 0x03, 0x52,
	}
	edwards448D = fp448.Elt{ // -39081
		0x56, 0x67, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	}
)

// onCurve tells whether the key's point exists: for an Edwards key, whether its y has
// an x; EC points were checked when they were parsed, and other keys have no point.
func (k *Key) onCurve() bool {
	switch k.kind {
	case kindEd25519:
		var x, y fp25519.Elt
		copy(y[:], k.point[:32])
		y[31] &= 0x7f
		return edRecoverX(&x, &y)
	case kindEd448:
		var x, y, u, v fp448.Elt
		one := fp448.One()
		copy(y[:], k.point[:56])
		fp448.Sqr(&u, &y)
		fp448.Mul(&v, &u, &edwards448D)
		fp448.Sub(&u, &u, &one)
		fp448.Sub(&v, &v, &one)
		return fp448.InvSqrt(&x, &u, &v) // x^2 = (y^2-1)/(d y^2-1)
	}
	return k.kind != kindNone
}
