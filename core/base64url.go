package ajwt

import (
	"encoding/binary"
	"slices"
)

// Base64url without padding as JOSE uses it (RFC 7515, section 2; RFC 4648,
// section 5), held to one spelling per value: a second spelling of the same octets
// would be a second token, key or proof with the same meaning and another hash.

// base64Invalid marks a character outside the alphabet; every value is below it, and
// no combination of values by "or" reaches it.
const base64Invalid = 0xff

// base64Values maps a character to its value. A constant string and not a table:
// nothing can write to it.
const base64Values = "" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x3e\xff\xff" +
	"\x34\x35\x36\x37\x38\x39\x3a\x3b\x3c\x3d\xff\xff\xff\xff\xff\xff" +
	"\xff\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e" +
	"\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\xff\xff\xff\xff\x3f" +
	"\xff\x1a\x1b\x1c\x1d\x1e\x1f\x20\x21\x22\x23\x24\x25\x26\x27\x28" +
	"\x29\x2a\x2b\x2c\x2d\x2e\x2f\x30\x31\x32\x33\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// base64DecodedLen returns how many octets n characters stand for. A length with
// remainder 1 modulo 4 stands for nothing; decodeBase64URL refuses it.
func base64DecodedLen(n int) int { return n/4*3 + n%4*6/8 }

// base64EncodedLen returns how many characters n octets take.
func base64EncodedLen(n int) int { return n/3*4 + (n%3*8+5)/6 }

// decodeBase64URL writes the octets that src stands for to the start of dst, which
// must have room for base64DecodedLen(len(src)). It rejects, leaving dst undefined:
// padding, characters outside the alphabet (line breaks too, which encoding/base64
// skips), a length with remainder 1, and unused low bits that are not zero.
func decodeBase64URL(dst, src []byte) bool {
	dst = dst[:base64DecodedLen(len(src))]
	// Eight characters a turn: 48 bits, written as one word of which the last two
	// octets are overwritten by the next turn. That needs two octets to spare.
	for len(src) >= 8 && len(dst) >= 8 {
		a, b, c, d := base64Values[src[0]], base64Values[src[1]], base64Values[src[2]], base64Values[src[3]]
		e, f, g, h := base64Values[src[4]], base64Values[src[5]], base64Values[src[6]], base64Values[src[7]]
		if a|b|c|d|e|f|g|h == base64Invalid {
			return false
		}
		binary.BigEndian.PutUint64(dst, uint64(a)<<58|uint64(b)<<52|uint64(c)<<46|uint64(d)<<40|
			uint64(e)<<34|uint64(f)<<28|uint64(g)<<22|uint64(h)<<16)
		src, dst = src[8:], dst[6:]
	}
	for len(src) >= 4 && len(dst) >= 3 {
		a, b, c, d := base64Values[src[0]], base64Values[src[1]], base64Values[src[2]], base64Values[src[3]]
		if a|b|c|d == base64Invalid {
			return false
		}
		dst[0] = a<<2 | b>>4
		dst[1] = b<<4 | c>>2
		dst[2] = c<<6 | d
		src, dst = src[4:], dst[3:]
	}
	switch len(src) {
	case 0:
		return true
	case 2:
		a, b := base64Values[src[0]], base64Values[src[1]]
		dst[0] = a<<2 | b>>4
		return a|b != base64Invalid && b&0x0f == 0
	case 3:
		a, b, c := base64Values[src[0]], base64Values[src[1]], base64Values[src[2]]
		dst[0] = a<<2 | b>>4
		dst[1] = b<<4 | c>>2
		return a|b|c != base64Invalid && c&0x03 == 0
	}
	return false
}

// appendBase64URL appends the octets that src stands for to dst; it allocates only
// where dst lacks capacity. On false (see decodeBase64URL) it returns dst as it came.
func appendBase64URL(dst, src []byte) ([]byte, bool) {
	n := len(dst)
	end := n + base64DecodedLen(len(src))
	grown := slices.Grow(dst, end-n)
	if !decodeBase64URL(grown[n:end], src) {
		return dst, false
	}
	return grown[:end], true
}

// appendBase64URLEncode appends src in base64url without padding to dst.
func appendBase64URLEncode(dst, src []byte) []byte {
	n := len(dst)
	end := n + base64EncodedLen(len(src))
	dst = slices.Grow(dst, end-n)[:end]
	out := dst[n:]
	for len(src) >= 3 && len(out) >= 4 {
		v := uint32(src[0])<<16 | uint32(src[1])<<8 | uint32(src[2])
		out[0], out[1], out[2], out[3] = base64Alphabet[v>>18&63], base64Alphabet[v>>12&63], base64Alphabet[v>>6&63], base64Alphabet[v&63]
		src, out = src[3:], out[4:]
	}
	switch len(src) {
	case 1:
		out[0], out[1] = base64Alphabet[src[0]>>2], base64Alphabet[src[0]&3<<4]
	case 2:
		out[0], out[1], out[2] = base64Alphabet[src[0]>>2], base64Alphabet[src[0]&3<<4|src[1]>>4], base64Alphabet[src[1]&15<<2]
	}
	return dst
}
