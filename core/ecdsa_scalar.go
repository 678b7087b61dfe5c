package ajwt

import "math/bits"

// Numbers modulo the order n, a few for each signature: loops instead of columns, for
// both curves. Limbs as ecElement has them.

// mulOrder sets z to x·y/R modulo n by Montgomery's reduction, where the product is
// between -R·n and R·n: (x·y + m·n)/R for some m in 0..R-1. z may be x or y.
func (c *ecCurve) mulOrder(z, x, y *ecElement) {
	var m ecElement
	var sum int64
	mask := int64(1)<<c.width - 1
	for k := range 2*c.limbs - 1 {
		for i := max(0, k-c.limbs+1); i <= min(k, c.limbs-1); i++ {
			sum += x[i]*y[k-i] + m[i]*c.n[k-i]
		}
		if k < c.limbs {
			m[k] = sum * c.inverse & mask
			sum += m[k] * c.n[0]
		} else {
			z[k-c.limbs] = sum & mask
		}
		sum >>= c.width
	}
	z[c.limbs-1] = sum
}

// divide sets u to e/s and v to r/s modulo n, in 0..n.
func (c *ecCurve) divide(u, v, e, r, s *ecElement) {
	var w ecElement
	c.invert(&w, s)
	c.mulOrder(&w, &w, &c.cube) // R^2/s
	one := ecElement{1}
	for _, q := range [...]struct{ quotient, dividend *ecElement }{{u, e}, {v, r}} {
		c.mulOrder(q.quotient, q.dividend, &w)
		// A product with 1 is in 0..n, as in isZero.
		c.mulOrder(q.quotient, q.quotient, &one)
	}
}

// invert sets z to 1/x modulo n, between -2n and 2n, for x in 1..n-1: Bernstein and
// Yang, "Fast constant-time gcd computation and modular inversion" (2019), in steps of
// variable time as Wuille wrote them for libsecp256k1 (doc/safegcd_implementation.md).
// width divisions by two work on the lowest limbs alone and give a matrix, which is
// then applied to the whole numbers.
func (c *ecCurve) invert(z, x *ecElement) {
	f, g := c.n, *x
	d, e := ecElement{}, ecElement{1} // d·x = f and e·x = g modulo n
	top, mask := c.limbs-1, int64(1)<<c.width-1
	eta := -1
	for g != ecZero {
		u, v, q, r := int64(1), int64(0), int64(0), int64(1)
		low, lowG := f[0], g[0]
		for left := int(c.width); ; {
			zeros := bits.TrailingZeros64(uint64(lowG) | ^uint64(0)<<left)
			lowG >>= zeros
			u <<= zeros
			v <<= zeros
			eta -= zeros
			left -= zeros
			if left == 0 {
				break
			}
			if eta < 0 {
				eta = -eta
				low, lowG = lowG, -low
				u, v, q, r = q, r, -u, -v
			}
			// Add the multiple of f that clears up to 6 low bits of g: -1/f is
			// f(f^2-2) modulo 64.
			clear := int64(1)<<min(eta+1, left, 6) - 1
			w := low * lowG * (low*low - 2) & clear
			lowG += low * w
			q += u * w
			r += v * w
		}
		// (f, g) = (u v; q r)·(f, g)/2^width, which is exact.
		cf, cg := u*f[0]+v*g[0], q*f[0]+r*g[0]
		// (d, e) likewise, after the multiples md and me of n that make it exact. The
		// signs of d and e keep them above -2n and below n.
		md := u&(d[top]>>63) + v&(e[top]>>63)
		me := q&(d[top]>>63) + r&(e[top]>>63)
		cd, ce := u*d[0]+v*e[0], q*d[0]+r*e[0]
		md -= -(cd + md*c.n[0]) * c.inverse & mask
		me -= -(ce + me*c.n[0]) * c.inverse & mask
		cd += md * c.n[0]
		ce += me * c.n[0]
		for i := 1; i <= top; i++ {
			cf, cg, cd, ce = cf>>c.width, cg>>c.width, cd>>c.width, ce>>c.width
			cf += u*f[i] + v*g[i]
			cg += q*f[i] + r*g[i]
			cd += u*d[i] + v*e[i] + md*c.n[i]
			ce += q*d[i] + r*e[i] + me*c.n[i]
			f[i-1], g[i-1], d[i-1], e[i-1] = cf&mask, cg&mask, cd&mask, ce&mask
		}
		f[top], g[top], d[top], e[top] = cf>>c.width, cg>>c.width, cd>>c.width, ce>>c.width
	}
	// f is 1 or -1.
	*z = d
	if f[top] < 0 {
		for i := range z {
			z[i] = -z[i]
		}
	}
}

// ecDigits is a number in signed odd digits, each at its power of two: at most one in
// any width places in a row, each below 2^(width-1) (the non-adjacent form of a width).
type ecDigits [ecPlaces]int8

// ecPlaces is one more than the bits of a scalar can be: the last carry.
const ecPlaces = 385

// write writes n, in 0..2^384-1 and of tight limbs.
func (digits *ecDigits) write(c *ecCurve, n *ecElement, width uint) {
	window, half := int64(1)<<width, int64(1)<<(width-1)
	var carry int64
	limb, shift := 0, uint(0)
	for place := 0; limb < c.limbs; {
		d := n[limb] >> shift
		if limb+1 < c.limbs {
			d |= n[limb+1] << (c.width - shift)
		}
		d = d&(window-1) + carry
		skip := width
		switch {
		case d&1 == 0:
			// An even digit, also one that the carry made even, is left to the next place.
			skip = 1
		case d < half:
			carry = 0
			digits[place] = int8(d)
		default:
			carry = 1
			digits[place] = int8(d - window)
		}
		place += int(skip)
		shift += skip
		if shift >= c.width {
			shift -= c.width
			limb++
		}
	}
}
