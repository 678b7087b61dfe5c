package ajwt

import (
	"crypto/elliptic"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ecOracle is a curve over math/big, slow and obvious.
type ecOracle struct {
	*ecCurve
	elliptic.Curve
	P, N, B, r *big.Int // r: R modulo P
}

func ecOracles() map[string]ecOracle {
	all := map[string]ecOracle{}
	for _, o := range []ecOracle{{ecCurve: &p256, Curve: elliptic.P256()}, {ecCurve: &p384, Curve: elliptic.P384()}} {
		params := o.Params()
		o.P, o.N, o.B = params.P, params.N, params.B
		o.r = new(big.Int).Lsh(big.NewInt(1), uint(o.limbs)*o.width)
		o.r.Mod(o.r, o.P)
		all[params.Name] = o
	}
	return all
}

// value is the number that limbs stand for, as they are.
func (o ecOracle) value(x *ecElement) *big.Int {
	n := new(big.Int)
	for i := len(x) - 1; i >= 0; i-- {
		n.Lsh(n, o.width)
		n.Add(n, big.NewInt(x[i]))
	}
	return n
}

// raw writes a number below 2^(limbs·width) in limbs, as it is.
func (o ecOracle) raw(n *big.Int) (x ecElement) {
	mask := big.NewInt(1<<o.width - 1)
	n = new(big.Int).Set(n)
	for i := range o.limbs {
		x[i] = new(big.Int).And(n, mask).Int64()
		n.Rsh(n, o.width)
	}
	if n.Sign() != 0 {
		panic("too long")
	}
	return x
}

// element writes n in the field.
func (o ecOracle) element(n *big.Int) ecElement {
	m := new(big.Int).Mul(n, o.r)
	return o.raw(m.Mod(m, o.P))
}

func (o ecOracle) inverse(n, modulus *big.Int) *big.Int {
	return new(big.Int).ModInverse(new(big.Int).Mod(n, modulus), modulus)
}

func TestECCurves(t *testing.T) {
	for name, o := range ecOracles() {
		t.Run(name, func(t *testing.T) {
			size := (o.P.BitLen() + 7) / 8
			fill := func(n *big.Int) string { return string(n.FillBytes(make([]byte, size))) }
			assert.Equal(t, fill(o.P), o.field)
			assert.Equal(t, fill(o.N), o.order)
			assert.Equal(t, fill(new(big.Int).Sub(o.P, o.N)), o.wrap)
			assert.Equal(t, o.raw(o.P), o.p)
			assert.Equal(t, o.raw(o.N), o.n)
			assert.Equal(t, o.element(big.NewInt(1)), o.one)
			assert.Equal(t, o.element(o.r), o.square)
			assert.Equal(t, o.element(o.B), o.b)
			full := new(big.Int).Lsh(big.NewInt(1), uint(o.limbs)*o.width)
			assert.Equal(t, o.raw(full.Exp(full, big.NewInt(3), o.N)), o.cube)
			word := new(big.Int).Lsh(big.NewInt(1), o.width)
			minus := o.inverse(o.N, word)
			assert.Equal(t, minus.Sub(word, minus).Int64(), o.ecCurve.inverse)
			double := o.times(big.NewInt(2), o.generator())
			p := o.generator()
			for i := range o.base {
				assert.Equal(t, ecAffine{o.element(p.x), o.element(p.y)}, o.base[i], i)
				assert.True(t, o.has(&o.base[i]))
				p = o.plus(p, double)
			}
			assert.Zero(t, ecZero)
		})
	}
}

// extremes are tight numbers between -most·p and most·p: limbs at their bounds in many
// mixtures, small multiples of p and their neighbours, and random ones.
func (o ecOracle) extremes(r *rand.Rand, most int64) []ecElement {
	var all []ecElement
	top := most << (uint(o.P.BitLen()) - uint(o.limbs-1)*o.width) // p is nearly a power of two
	mask := int64(1)<<o.width - 1
	for _, low := range []int64{0, 1, mask - 1, mask} {
		for _, high := range []int64{-top, -1, 0, 1, top - 1} {
			x := ecElement{}
			for i := range o.limbs - 1 {
				x[i] = low
			}
			x[o.limbs-1] = high
			all = append(all, x)
		}
	}
	for k := -most + 1; k < most; k++ {
		for d := int64(-2); d <= 2; d++ {
			n := new(big.Int).Mul(o.P, big.NewInt(k))
			all = append(all, o.tight(n.Add(n, big.NewInt(d))))
		}
	}
	for range 20 {
		var x ecElement
		for i := range o.limbs - 1 {
			switch r.IntN(4) {
			case 0:
				x[i] = mask
			case 1:
			default:
				x[i] = r.Int64N(mask + 1)
			}
		}
		x[o.limbs-1] = r.Int64N(2*top) - top
		all = append(all, x)
	}
	return all
}

// tight writes a number of either sign.
func (o ecOracle) tight(n *big.Int) (x ecElement) {
	n = new(big.Int).Set(n)
	for i := range o.limbs - 1 {
		x[i] = new(big.Int).And(n, big.NewInt(1<<o.width-1)).Int64()
		n.Rsh(n, o.width)
	}
	x[o.limbs-1] = n.Int64()
	return x
}

func (o ecOracle) requireTight(t *testing.T, x *ecElement, most int64) {
	t.Helper()
	for i := range o.limbs - 1 {
		require.True(t, x[i] >= 0 && x[i] < 1<<o.width, "limb %d of %x", i, x)
	}
	for _, limb := range x[o.limbs:] {
		require.Zero(t, limb)
	}
	n := o.value(x)
	require.True(t, n.CmpAbs(new(big.Int).Mul(o.P, big.NewInt(most))) < 0, "%v", n)
}

func (o ecOracle) requireField(t *testing.T, want *big.Int, got *ecElement, what string) {
	t.Helper()
	difference := new(big.Int).Sub(want, o.value(got))
	require.Zero(t, difference.Mod(difference, o.P).Sign(), what)
}

// Products of all factors that ecElement admits, at the bounds of the limbs, against
// math/big: the trap is a column that overflows or a sign that gets lost, for numbers
// that no random signature meets.
func TestECFieldExtremes(t *testing.T) {
	for name, o := range ecOracles() {
		t.Run(name, func(t *testing.T) {
			c, r := o.ecCurve, rand.New(rand.NewPCG(1, uint64(o.limbs)))
			all := o.extremes(r, 6)
			any := func() *ecElement { return &all[r.IntN(len(all))] }
			inverse := o.inverse(o.r, o.P)
			product := func(x, y, less *ecElement) *big.Int {
				n := new(big.Int).Mul(o.value(x), o.value(y))
				n.Mul(n, inverse)
				return n.Sub(n, o.value(less))
			}
			for i := range all {
				for j := range all {
					x, y, less := all[i], all[j], *any()
					var sum, triple, difference, negative, z ecElement
					other := any()
					for limb := range x {
						sum[limb] = x[limb] + other[limb]
						triple[limb] = 3 * x[limb]
						difference[limb] = y[limb] - other[limb]
						negative[limb] = -y[limb]
					}
					for _, left := range []*ecElement{&x, &sum, &triple} {
						for _, right := range []*ecElement{&y, &difference, &negative} {
							c.mulSub(&z, left, right, &less)
							o.requireField(t, product(left, right, &less), &z, "mulSub")
							c.mulSub(&z, right, left, &sum)
							o.requireField(t, product(left, right, &sum), &z, "mulSub")
							c.mul(&z, left, right)
							o.requireField(t, product(left, right, &ecZero), &z, "mul")
							o.requireTight(t, &z, 8)
						}
					}
					// In place.
					z = x
					c.mulSub(&z, &z, &y, &less)
					o.requireField(t, product(&x, &y, &less), &z, "x in place")
					z = y
					c.mulSub(&z, &x, &z, &less)
					o.requireField(t, product(&x, &y, &less), &z, "y in place")
					z = less
					c.mulSub(&z, &x, &y, &z)
					o.requireField(t, product(&x, &y, &less), &z, "less in place")
					z = x
					c.mulSub(&z, &z, &z, &z)
					o.requireField(t, product(&x, &x, &x), &z, "all in place")
				}
			}
		})
	}
}

// The formulas are polynomials, so they can be held to math/big on any coordinates, on
// the curve or not: here with limbs at their bounds.
func TestECFormulaExtremes(t *testing.T) {
	for name, o := range ecOracles() {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(2, 3))
			all, wide := o.extremes(random, 6), o.extremes(random, 8)
			any := func() ecElement { return all[random.IntN(len(all))] }
			anyWide := func() ecElement { return wide[random.IntN(len(wide))] }
			inverse := o.inverse(o.r, o.P)
			number := func(x *ecElement) *big.Int {
				n := o.value(x)
				return n.Mod(n.Mul(n, inverse), o.P)
			}
			mul := func(n ...*big.Int) *big.Int {
				product := big.NewInt(1)
				for _, x := range n {
					product.Mod(product.Mul(product, x), o.P)
				}
				return product
			}
			sub := func(x *big.Int, less ...*big.Int) *big.Int {
				x = new(big.Int).Set(x)
				for _, y := range less {
					x.Sub(x, y)
				}
				return x.Mod(x, o.P)
			}
			require3 := func(s *ecSum, what string, want ...*big.Int) {
				t.Helper()
				for i, got := range []*ecElement{&s.x, &s.y, &s.z, &s.h, &s.r}[:len(want)] {
					o.requireTight(t, got, []int64{6, 6, 6, 8, 8}[i])
					require.Zero(t, want[i].Cmp(number(got)), "%s %d", what, i)
				}
			}
			two, three := big.NewInt(2), big.NewInt(3)
			half := o.inverse(two, o.P)
			for i := range 20000 {
				s := ecSum{curve: o.ecCurve, x: any(), y: any(), z: any(), h: anyWide(), r: anyWide()}
				if i%3 == 0 { // as add leaves it for the first addend
					for limb := range s.y {
						s.y[limb] = -s.y[limb]
					}
				}
				start := s
				x, y, z, h, r := number(&s.x), number(&s.y), number(&s.z), number(&s.h), number(&s.r)

				s.double()
				zz := mul(z, z)
				l := mul(three, half, sub(x, zz), sub(x, sub(new(big.Int), zz)))
				v := mul(x, y, y)
				wantX := sub(mul(l, l), v, v)
				require3(&s, "double", wantX, sub(mul(l, sub(v, wantX)), mul(y, y, y, y)), mul(y, z))

				s = start
				if o.limbs == 9 {
					p256Join(&s)
				} else {
					p384Join(&s)
				}
				v, hhh := mul(x, h, h), mul(h, h, h)
				wantX = sub(mul(r, r), hhh, v, v)
				require3(&s, "join", wantX, sub(mul(r, sub(v, wantX)), mul(y, hhh)), mul(z, h))

				s = start
				q, powers, sign := ecAffine{any(), any()}, &ecPowers{any(), any(), any()}, int64(1-2*(i&1))
				x2, y2 := number(&q.x), mul(number(&q.y), sub(big.NewInt(sign)))
				z2, zz2, zzz2 := number(&powers.z), number(&powers.zz), number(&powers.zzz)
				if i%5 == 0 {
					powers, z2, zz2, zzz2 = nil, big.NewInt(1), big.NewInt(1), big.NewInt(1)
				}
				if o.limbs == 9 {
					p256Meet(&s, &q, powers, sign)
				} else {
					p384Meet(&s, &q, powers, sign)
				}
				wantX, wantY := mul(x, zz2), mul(y, zzz2)
				if powers == nil { // x, y and z were left as they were, at their bounds
					s.x, s.y, s.z = o.element(x), o.element(y), o.element(z)
				}
				require3(&s, "meet", wantX, wantY, mul(z, z2), sub(mul(x2, zz), wantX), sub(mul(y2, zz, z), wantY))
			}
		})
	}
}

func TestECIsZero(t *testing.T) {
	for name, o := range ecOracles() {
		t.Run(name, func(t *testing.T) {
			zeros := 0
			check := func(x ecElement) {
				want := new(big.Int).Mod(o.value(&x), o.P).Sign() == 0
				require.Equal(t, want, o.isZero(&x), "%x", x)
				if want {
					zeros++
				}
			}
			all := o.extremes(rand.New(rand.NewPCG(4, 5)), 4)
			for _, x := range all {
				check(x)
				for _, y := range all {
					var z ecElement
					for limb := range z {
						z[limb] = x[limb] + y[limb]
					}
					check(z)
					for limb := range z {
						z[limb] = x[limb] - y[limb]
					}
					check(z)
				}
			}
			for k := int64(-8); k <= 8; k++ {
				n := new(big.Int).Mul(o.P, big.NewInt(k))
				require.True(t, func() bool { x := o.tight(n); return o.isZero(&x) }(), k)
				for limb := range o.limbs { // close to k·p in its lowest limb, or not
					x := o.tight(n)
					x[limb]++
					check(x)
				}
			}
			assert.Greater(t, zeros, 100)
		})
	}
}

// residues are numbers below n at edges and at random, with runs of ones and zeros.
func (o ecOracle) residues(r *rand.Rand, random int) []*big.Int {
	one := big.NewInt(1)
	all := []*big.Int{one, big.NewInt(2), big.NewInt(3), new(big.Int).Sub(o.N, one), new(big.Int).Sub(o.N, big.NewInt(2)),
		new(big.Int).Rsh(o.N, 1), new(big.Int).Add(new(big.Int).Rsh(o.N, 1), one)}
	for i := range uint(o.N.BitLen()) {
		all = append(all, new(big.Int).Lsh(one, i))
		if i > 0 {
			all = append(all, new(big.Int).Sub(new(big.Int).Lsh(one, i), one))
		}
	}
	for len(all) < random+7 {
		n := new(big.Int)
		for range 6 {
			n.Add(n.Lsh(n, 64), new(big.Int).SetUint64(r.Uint64()))
		}
		if r.IntN(2) == 1 {
			n.Sub(new(big.Int).Lsh(one, uint(r.IntN(o.N.BitLen()))), n.Rsh(n, uint(r.IntN(384))))
		}
		if n.Mod(n, o.N).Sign() > 0 {
			all = append(all, n)
		}
	}
	return all
}

func TestECScalars(t *testing.T) {
	for name, o := range ecOracles() {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(6, 7))
			all := o.residues(r, 1000)
			for i, s := range all {
				x := o.raw(s)
				var w, u, v ecElement
				o.invert(&w, &x)
				product := new(big.Int).Mul(o.value(&w), s)
				require.Equal(t, "1", product.Mod(product, o.N).String(), "1/%v", s)
				require.True(t, o.value(&w).CmpAbs(new(big.Int).Lsh(o.N, 1)) < 0)

				// A digest may be at or above n.
				e := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(o.N.BitLen())), all[r.IntN(len(all))])
				if i%5 == 0 {
					e = []*big.Int{big.NewInt(0), o.N, all[i], new(big.Int).Add(o.N, big.NewInt(1))}[i/5%4]
				}
				eRaw, rRaw := o.raw(e), o.raw(all[len(all)-1-i])
				o.divide(&u, &v, &eRaw, &rRaw, &x)
				for quotient, dividend := range map[*ecElement]*big.Int{&u: e, &v: all[len(all)-1-i]} {
					want := new(big.Int).Mul(dividend, o.inverse(s, o.N))
					got := o.value(quotient)
					require.True(t, got.Sign() >= 0 && got.Cmp(o.N) <= 0)
					require.Zero(t, want.Sub(want, got).Mod(want, o.N).Sign())
				}
			}
		})
	}
}

func TestECDigits(t *testing.T) {
	for name, o := range ecOracles() {
		t.Run(name, func(t *testing.T) {
			all := append(o.residues(rand.New(rand.NewPCG(8, 9)), 700), big.NewInt(0), o.N)
			for _, n := range all {
				for _, width := range []uint{ecKeyWidth, ecBaseWidth} {
					var digits ecDigits
					x := o.raw(n)
					digits.write(o.ecCurve, &x, width)
					sum, last := new(big.Int), -int(width)
					for i, d := range digits {
						if d == 0 {
							continue
						}
						require.True(t, d&1 == 1)
						require.Less(t, int(max(d, -d)), 1<<(width-1))
						require.GreaterOrEqual(t, i-last, int(width))
						last = i
						sum.Add(sum, new(big.Int).Lsh(big.NewInt(int64(d)), uint(i)))
					}
					require.Zero(t, sum.Cmp(n), "%v at width %d", n, width)
				}
			}
			// The longest: every bit of the field's length.
			x := o.raw(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(o.N.BitLen())), big.NewInt(1)))
			var digits ecDigits
			digits.write(o.ecCurve, &x, ecKeyWidth)
			assert.EqualValues(t, -1, digits[0])
			assert.EqualValues(t, 1, digits[o.N.BitLen()])
		})
	}
}

func TestECRead(t *testing.T) {
	for name, o := range ecOracles() {
		t.Run(name, func(t *testing.T) {
			for _, n := range o.residues(rand.New(rand.NewPCG(10, 11)), 1000) {
				var x ecElement
				o.read(&x, n.FillBytes(make([]byte, len(o.order))))
				require.Equal(t, o.raw(n), x)
			}
			all := make([]byte, len(o.order))
			for i := range all {
				all[i] = 0xff
			}
			var x ecElement
			o.read(&x, all)
			require.Equal(t, o.raw(new(big.Int).SetBytes(all)), x)
		})
	}
}
