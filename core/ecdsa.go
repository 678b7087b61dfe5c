package ajwt

// ECDSA verification over P-256 and P-384 for WebAssembly. The standard library's brings
// two more curves and key agreement along, a seventh of the compressed module, and its
// field counts on a 64-bit multiplication with its high half, which is a call there.
// Limbs of 28 and 29 bits keep every product in one machine word. Nothing here is secret,
// so nothing is constant-time.
//
// The native build uses the standard library; tests hold both to the same verdicts.

// ecElement is a number in limbs of ecCurve.width bits, the lowest first; the limbs
// beyond ecCurve.limbs are zero. Limbs are signed, and so is the number: it stands for
// its residue. In the field it stands for the residue times R, R being 2 to the power
// of limbs·width (Montgomery's form).
//
// What a product leaves is tight: all limbs but the highest are in 0..2^width-1. Sums
// and differences are not carried. One factor of a product may be a sum of two tight
// numbers, or one limb-wise three times as large, when the other is tight or a difference
// of two tight ones: no column then exceeds 63 bits (P-256: 9 products of 3·2^58).
//
// Coordinates are between -6p and 6p, h and r of ecSum between -8p and 8p: a product
// x·y/R is between -|x·y|/R and p + |x·y|/R, and R is 32p (P-256) or 256p. The formulas
// keep to that; TestECFieldExtremes and TestECFormulaExtremes hold them to it at the
// bounds.
type ecElement [14]int64

// ecZero is never written.
var ecZero ecElement

// ecCurve is a curve y^2 = x^3 - 3x + b over the integers modulo p, whose points are a
// group of prime order n (SP 800-186, section 3.2.1).
type ecCurve struct {
	limbs int  // in use of an ecElement
	width uint // bits of a limb

	field, order string    // p and n, big-endian
	wrap         string    // p - n, big-endian: below it, r and r + n are both below p
	p, n         ecElement // as they are
	one          ecElement // R modulo p
	square       ecElement // R^2 modulo p: a product with it takes a number into the field
	b            ecElement // in the field
	inverse      int64     // -1/n modulo 2^width
	cube         ecElement // R^3 modulo n

	base [1 << (ecBaseWidth - 2)]ecAffine // 1, 3, 5, … times the base point
}

// ecAffine is a point other than that at infinity, tight and in the field.
type ecAffine struct{ x, y ecElement }

// ecKey is a public key.
type ecKey struct {
	curve *ecCurve
	point ecAffine
}

// mulSub sets z to x·y - t, tight. z may be one of the others.
func (c *ecCurve) mulSub(z, x, y, t *ecElement) {
	if c.limbs == 9 {
		p256MulSub(z, x, y, t)
	} else {
		p384MulSub(z, x, y, t)
	}
}

func (c *ecCurve) mul(z, x, y *ecElement) { c.mulSub(z, x, y, &ecZero) }

// isZero tells whether x, between -8p and 8p, is a multiple of p.
func (c *ecCurve) isZero(x *ecElement) bool {
	// p ends in a limb of ones, so the lowest limb of k·p is -k: nearly every other
	// number is told by that.
	if mask := int64(1)<<c.width - 1; (x[0]+8)&mask > 16 {
		return false
	}
	// A product with the bare 1 is (x + m·p)/R for some m in 0..R-1: in 0..p, and its
	// limbs, none negative, are the only ones of that number.
	var y ecElement
	c.mul(&y, x, &ecElement{1})
	return y == ecZero || y == c.p
}

// read reads a big-endian number of at most 48 octets as it is.
func (c *ecCurve) read(z *ecElement, octets []byte) {
	*z = ecElement{}
	var word uint64
	bits, limb := uint(0), 0
	for i := len(octets) - 1; i >= 0; i-- {
		word |= uint64(octets[i]) << bits
		bits += 8
		if bits >= c.width {
			z[limb] = int64(word & (1<<c.width - 1))
			limb++
			word >>= c.width
			bits -= c.width
		}
	}
	z[limb] = int64(word)
}

// parse sets the key to the point x, y of the curve: each as long as p and below it
// (SP 800-186, appendix D.1.1.1; the cofactor is 1, so every point has order n). It is
// false where there is no such point.
func (k *ecKey) parse(c *ecCurve, x, y []byte) bool {
	if len(x) != len(c.field) || len(y) != len(c.field) || string(x) >= c.field || string(y) >= c.field {
		return false
	}
	k.curve = c
	c.read(&k.point.x, x)
	c.read(&k.point.y, y)
	c.mul(&k.point.x, &k.point.x, &c.square)
	c.mul(&k.point.y, &k.point.y, &c.square)
	return c.has(&k.point)
}

// has tells whether a point is on the curve: x(x^2 - 3) = y^2 - b.
func (c *ecCurve) has(p *ecAffine) bool {
	var left, right ecElement
	c.mul(&left, &p.x, &p.x)
	for i := range left {
		left[i] -= 3 * c.one[i]
	}
	c.mulSub(&right, &p.y, &p.y, &c.b)
	c.mulSub(&left, &left, &p.x, &right)
	return c.isZero(&left)
}

// verify verifies r || s over a digest that is as long as the order of the group
// (FIPS 186-5, section 6.4.2): r and s are in 1..n-1, and r is, modulo n, the
// x coordinate of [e/s]G + [r/s]Q.
func (k *ecKey) verify(digest, signature []byte) bool {
	c := k.curve
	if size := len(c.order); len(digest) != size || len(signature) != 2*size {
		return false
	}
	rOctets, sOctets := signature[:len(digest)], signature[len(digest):]
	if string(rOctets) >= c.order || string(sOctets) >= c.order {
		return false
	}
	var e, r, s, u, v ecElement
	c.read(&e, digest)
	c.read(&r, rOctets)
	c.read(&s, sOctets)
	if r == ecZero || s == ecZero {
		return false
	}
	c.divide(&u, &v, &e, &r, &s)
	var sum ecSum
	sum.curve = c
	sum.combine(&u, &v, &k.point)
	if sum.infinite {
		return false
	}
	if sum.hasX(&r) {
		return true
	}
	if string(rOctets) >= c.wrap {
		return false
	}
	for i := range r {
		r[i] += c.n[i]
	}
	return sum.hasX(&r)
}
