package ajwt

import (
	"crypto/sha256"
	"encoding/binary"
)

// SHA-256 (FIPS 180-4, section 6.2) for WebAssembly. Go's own code for machines without
// instructions for it works on 32-bit numbers; in WebAssembly Go keeps every number in 64
// bits and cuts it after each step. Here a word x stands as two copies of itself, x<<32|x:
// a shift to the right then leaves in the lower half what a rotation would, and only sums
// need a cut. It takes 0.6 of the time in V8 and less than half in wazero. The native build
// uses the standard library; TestSHA256Twins holds both to the same results.

const bothHalves = 1<<32 + 1

// twice cuts a sum to 32 bits and doubles it. Shifted sums of the functions below have
// noise in the upper half, which goes here.
func twice(x uint64) uint64 {
	x &= 1<<32 - 1
	return x | x<<32
}

func big0(a uint64) uint64           { return a>>2 ^ a>>13 ^ a>>22 }
func big1(e uint64) uint64           { return e>>6 ^ e>>11 ^ e>>25 }
func schedule0(w uint64) uint64      { return w>>7 ^ w>>18 ^ (w&(1<<32-1))>>3 }
func schedule1(w uint64) uint64      { return w>>17 ^ w>>19 ^ (w&(1<<32-1))>>10 }
func choose(e, f, g uint64) uint64   { return g ^ e&(f^g) }
func majority(a, b, c uint64) uint64 { return a&b ^ c&(a^b) }

// sha256Rounds are the first 32 bits of the fractional parts of the cube roots of the
// first 64 primes; one half is enough, since they are only added.
var sha256Rounds = [64]uint64{
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
}

// sha256Blocks works on whole blocks of 64 octets.
func sha256Blocks(state *[8]uint32, p []byte) {
	var w [16]uint64
	a, b, c, d := uint64(state[0])*bothHalves, uint64(state[1])*bothHalves, uint64(state[2])*bothHalves, uint64(state[3])*bothHalves
	e, f, g, h := uint64(state[4])*bothHalves, uint64(state[5])*bothHalves, uint64(state[6])*bothHalves, uint64(state[7])*bothHalves
	for ; len(p) >= sha256.BlockSize; p = p[sha256.BlockSize:] {
		a0, b0, c0, d0, e0, f0, g0, h0 := a, b, c, d, e, f, g, h
		for round := 0; round < 64; round += 16 {
			k := (*[16]uint64)(sha256Rounds[round:])
			if round == 0 {
				for i := range w {
					w[i] = uint64(binary.BigEndian.Uint32(p[4*i:])) * bothHalves
				}
			} else {
				w[0] = twice(w[0] + schedule0(w[1]) + w[9] + schedule1(w[14]))
				w[1] = twice(w[1] + schedule0(w[2]) + w[10] + schedule1(w[15]))
				w[2] = twice(w[2] + schedule0(w[3]) + w[11] + schedule1(w[0]))
				w[3] = twice(w[3] + schedule0(w[4]) + w[12] + schedule1(w[1]))
				w[4] = twice(w[4] + schedule0(w[5]) + w[13] + schedule1(w[2]))
				w[5] = twice(w[5] + schedule0(w[6]) + w[14] + schedule1(w[3]))
				w[6] = twice(w[6] + schedule0(w[7]) + w[15] + schedule1(w[4]))
				w[7] = twice(w[7] + schedule0(w[8]) + w[0] + schedule1(w[5]))
				w[8] = twice(w[8] + schedule0(w[9]) + w[1] + schedule1(w[6]))
				w[9] = twice(w[9] + schedule0(w[10]) + w[2] + schedule1(w[7]))
				w[10] = twice(w[10] + schedule0(w[11]) + w[3] + schedule1(w[8]))
				w[11] = twice(w[11] + schedule0(w[12]) + w[4] + schedule1(w[9]))
				w[12] = twice(w[12] + schedule0(w[13]) + w[5] + schedule1(w[10]))
				w[13] = twice(w[13] + schedule0(w[14]) + w[6] + schedule1(w[11]))
				w[14] = twice(w[14] + schedule0(w[15]) + w[7] + schedule1(w[12]))
				w[15] = twice(w[15] + schedule0(w[0]) + w[8] + schedule1(w[13]))
			}
			h += big1(e) + choose(e, f, g) + k[0] + w[0]
			d, h = twice(d+h), twice(h+big0(a)+majority(a, b, c))
			g += big1(d) + choose(d, e, f) + k[1] + w[1]
			c, g = twice(c+g), twice(g+big0(h)+majority(h, a, b))
			f += big1(c) + choose(c, d, e) + k[2] + w[2]
			b, f = twice(b+f), twice(f+big0(g)+majority(g, h, a))
			e += big1(b) + choose(b, c, d) + k[3] + w[3]
			a, e = twice(a+e), twice(e+big0(f)+majority(f, g, h))
			d += big1(a) + choose(a, b, c) + k[4] + w[4]
			h, d = twice(h+d), twice(d+big0(e)+majority(e, f, g))
			c += big1(h) + choose(h, a, b) + k[5] + w[5]
			g, c = twice(g+c), twice(c+big0(d)+majority(d, e, f))
			b += big1(g) + choose(g, h, a) + k[6] + w[6]
			f, b = twice(f+b), twice(b+big0(c)+majority(c, d, e))
			a += big1(f) + choose(f, g, h) + k[7] + w[7]
			e, a = twice(e+a), twice(a+big0(b)+majority(b, c, d))
			h += big1(e) + choose(e, f, g) + k[8] + w[8]
			d, h = twice(d+h), twice(h+big0(a)+majority(a, b, c))
			g += big1(d) + choose(d, e, f) + k[9] + w[9]
			c, g = twice(c+g), twice(g+big0(h)+majority(h, a, b))
			f += big1(c) + choose(c, d, e) + k[10] + w[10]
			b, f = twice(b+f), twice(f+big0(g)+majority(g, h, a))
			e += big1(b) + choose(b, c, d) + k[11] + w[11]
			a, e = twice(a+e), twice(e+big0(f)+majority(f, g, h))
			d += big1(a) + choose(a, b, c) + k[12] + w[12]
			h, d = twice(h+d), twice(d+big0(e)+majority(e, f, g))
			c += big1(h) + choose(h, a, b) + k[13] + w[13]
			g, c = twice(g+c), twice(c+big0(d)+majority(d, e, f))
			b += big1(g) + choose(g, h, a) + k[14] + w[14]
			f, b = twice(f+b), twice(b+big0(c)+majority(c, d, e))
			a += big1(f) + choose(f, g, h) + k[15] + w[15]
			e, a = twice(e+a), twice(a+big0(b)+majority(b, c, d))
		}
		a, b, c, d = twice(a+a0), twice(b+b0), twice(c+c0), twice(d+d0)
		e, f, g, h = twice(e+e0), twice(f+f0), twice(g+g0), twice(h+h0)
	}
	state[0], state[1], state[2], state[3] = uint32(a), uint32(b), uint32(c), uint32(d)
	state[4], state[5], state[6], state[7] = uint32(e), uint32(f), uint32(g), uint32(h)
}

// sha256Sum is sum256 in WebAssembly.
func sha256Sum(data []byte) (digest [sha256.Size]byte) {
	state := [8]uint32{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}
	whole := len(data) &^ (sha256.BlockSize - 1)
	sha256Blocks(&state, data[:whole])
	var last [2 * sha256.BlockSize]byte
	n := copy(last[:], data[whole:])
	last[n] = 0x80
	size := sha256.BlockSize
	if n >= size-8 { // no room for the length
		size *= 2
	}
	binary.BigEndian.PutUint64(last[size-8:], uint64(len(data))*8)
	sha256Blocks(&state, last[:size])
	for i, word := range state {
		binary.BigEndian.PutUint32(digest[4*i:], word)
	}
	return digest
}
