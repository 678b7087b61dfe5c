package ajwt

const (
	ecKeyWidth  = 5 // 8 odd multiples of the key, made for each signature
	ecBaseWidth = 6 // 16 of the base point, in tables
)

// ecPowers are a coordinate z, its square and its cube.
type ecPowers struct{ z, zz, zzz ecElement }

// ecSum is the point x/z^2, y/z^3 (Jacobian coordinates, x and z tight), or the one at
// infinity. h and r are room for additions.
type ecSum struct {
	curve         *ecCurve
	infinite      bool
	x, y, z, h, r ecElement
}

// double sets s to 2s, with l = 3(x-z^2)(x+z^2)/2 and v = x·y^2:
//
//	x' = l^2 - 2v, y' = l(v - x') - y^4, z' = y·z
//
// (dbl-2001-b of the Explicit-Formulas Database, with z halved). No point has order 2,
// so infinity is the only exception, and callers leave it out.
func (s *ecSum) double() {
	if s.curve.limbs == 9 {
		p256Double(s)
	} else {
		p384Double(s)
	}
}

// add sets s to s + q, or to s - q with negate, for every pair of points: q is x, y
// where powers is nil, else x/z^2, y/z^3, and never infinity. First s and q meet over a
// common z, which gives h = x2 - x1 and r = y2 - y1. Where h is not 0,
//
//	x' = r^2 - h^3 - 2·x1·h^2, y' = r(x1·h^2 - x') - y1·h^3, z' = z·h
//
// (Hankerson, Menezes and Vanstone, "Guide to Elliptic Curve Cryptography", section
// 3.2.2). Else they are equal, or opposite to each other.
func (s *ecSum) add(q *ecAffine, powers *ecPowers, negate bool) {
	c, sign := s.curve, int64(1)
	if negate {
		sign = -1
	}
	if s.infinite {
		s.x, s.y, s.z, s.infinite = q.x, q.y, c.one, false
		for i := range s.y {
			s.y[i] *= sign
		}
		if powers != nil {
			s.z = powers.z
		}
		return
	}
	if c.limbs == 9 {
		p256Meet(s, q, powers, sign)
	} else {
		p384Meet(s, q, powers, sign)
	}
	if c.isZero(&s.h) {
		if c.isZero(&s.r) {
			s.double()
		} else {
			s.infinite = true
		}
	} else if c.limbs == 9 {
		p256Join(s)
	} else {
		p384Join(s)
	}
}

// combine sets s to [u]G + [v]q for u and v in 0..n.
func (s *ecSum) combine(u, v *ecElement, q *ecAffine) {
	c := s.curve
	var table [1 << (ecKeyWidth - 2)]struct { // 1, 3, 5, … times q
		point ecAffine
		z     ecPowers
	}
	var two ecAffine
	var twoZ ecPowers
	s.x, s.y, s.z = q.x, q.y, c.one
	s.double()
	s.keep(&two, &twoZ)
	s.x, s.y, s.z = q.x, q.y, c.one
	for i := range table {
		if i > 0 {
			s.add(&two, &twoZ, false)
		}
		s.keep(&table[i].point, &table[i].z)
	}
	var uDigits, vDigits ecDigits
	uDigits.write(c, u, ecBaseWidth)
	vDigits.write(c, v, ecKeyWidth)
	s.infinite = true
	for i := ecPlaces - 1; i >= 0; i-- {
		if !s.infinite {
			s.double()
		}
		if d := vDigits[i]; d > 0 {
			s.add(&table[d/2].point, &table[d/2].z, false)
		} else if d < 0 {
			s.add(&table[-d/2].point, &table[-d/2].z, true)
		}
		if d := uDigits[i]; d > 0 {
			s.add(&c.base[d/2], nil, false)
		} else if d < 0 {
			s.add(&c.base[-d/2], nil, true)
		}
	}
}

// keep copies s for additions.
func (s *ecSum) keep(p *ecAffine, powers *ecPowers) {
	p.x, p.y, powers.z = s.x, s.y, s.z
	s.curve.mul(&powers.zz, &s.z, &s.z)
	s.curve.mul(&powers.zzz, &powers.zz, &s.z)
}

// hasX tells whether x, a number below p as it is, is the x coordinate of s, which is
// not infinity.
func (s *ecSum) hasX(x *ecElement) bool {
	c := s.curve
	var zz, scaled ecElement
	c.mul(&zz, &s.z, &s.z)
	c.mul(&scaled, x, &c.square)
	c.mulSub(&scaled, &scaled, &zz, &s.x)
	return c.isZero(&scaled)
}
