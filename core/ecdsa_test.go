package ajwt

import (
	"crypto/ecdsa"
	"crypto/rand"
	"math/big"
	mathrand "math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TwinECDSAVerify is the WebAssembly build's verification, for tests outside the
// package: x and y of a public key, big-endian and in full length.
func TwinECDSAVerify(x, y, digest, signature []byte) bool {
	curve := &p256
	if len(x) == 48 {
		curve = &p384
	}
	var key ecKey
	return key.parse(curve, x, y) && key.verify(digest, signature)
}

// ecPoint is an affine point; x nil is the one at infinity.
type ecPoint struct{ x, y *big.Int }

func (o ecOracle) generator() ecPoint { return ecPoint{o.Params().Gx, o.Params().Gy} }

func (o ecOracle) minus(p ecPoint) ecPoint {
	if p.x == nil {
		return p
	}
	return ecPoint{p.x, new(big.Int).Sub(o.P, p.y)}
}

func (o ecOracle) plus(p, q ecPoint) ecPoint {
	if p.x == nil {
		return q
	}
	if q.x == nil {
		return p
	}
	var slope *big.Int
	if p.x.Cmp(q.x) != 0 {
		slope = new(big.Int).Mul(new(big.Int).Sub(q.y, p.y), o.inverse(new(big.Int).Sub(q.x, p.x), o.P))
	} else if p.y.Cmp(q.y) == 0 {
		slope = new(big.Int).Mul(p.x, p.x)
		slope.Sub(slope.Mul(slope, big.NewInt(3)), big.NewInt(3))
		slope.Mul(slope, o.inverse(new(big.Int).Lsh(p.y, 1), o.P))
	} else {
		return ecPoint{}
	}
	x := new(big.Int).Mul(slope, slope)
	x.Sub(x, p.x).Sub(x, q.x).Mod(x, o.P)
	y := new(big.Int).Sub(p.x, x)
	y.Mul(y, slope).Sub(y, p.y).Mod(y, o.P)
	return ecPoint{x, y}
}

func (o ecOracle) times(k *big.Int, p ecPoint) (sum ecPoint) {
	k = new(big.Int).Mod(k, o.N)
	for i := k.BitLen() - 1; i >= 0; i-- {
		if sum = o.plus(sum, sum); k.Bit(i) == 1 {
			sum = o.plus(sum, p)
		}
	}
	return sum
}

func (o ecOracle) bytes(n *big.Int) []byte { return n.FillBytes(make([]byte, len(o.order))) }

func (o ecOracle) requireSum(t *testing.T, want ecPoint, s *ecSum, what string) {
	t.Helper()
	require.Equal(t, want.x == nil, s.infinite, what)
	if want.x == nil {
		return
	}
	o.requireTight(t, &s.x, 6)
	o.requireTight(t, &s.z, 6)
	zz := new(big.Int).Mul(o.value(&s.z), o.inverse(o.r, o.P))
	z := new(big.Int).Set(zz)
	zz.Mul(zz, zz)
	x := new(big.Int).Mul(zz, want.x)
	o.requireField(t, x.Mul(x, o.r), &s.x, what)
	y := new(big.Int).Mul(zz, want.y)
	y.Mul(y, z)
	o.requireField(t, y.Mul(y, o.r), &s.y, what)
}

// Sums of all pairs of small multiples of a point, so with every exception there is:
// equal points, opposite ones, infinity; with z of 1 and others.
func TestECAdditions(t *testing.T) {
	for name, o := range ecOracles() {
		t.Run(name, func(t *testing.T) {
			random := mathrand.New(mathrand.NewPCG(12, 13))
			const most = 9
			multiples := map[int]ecPoint{}
			for k := -2 * most; k <= 2*most; k++ {
				multiples[k] = o.times(big.NewInt(int64(k)), o.generator())
			}
			// A point by some z, which scales its coordinates.
			jacobian := func(k int, z *big.Int) (p ecAffine, powers ecPowers) {
				zz := new(big.Int).Mul(z, z)
				zzz := new(big.Int).Mul(zz, z)
				m := multiples[k]
				return ecAffine{o.element(new(big.Int).Mul(m.x, zz)), o.element(new(big.Int).Mul(m.y, zzz))},
					ecPowers{o.element(z), o.element(zz), o.element(zzz)}
			}
			for i := -most; i <= most; i++ {
				for j := -most; j <= most; j++ {
					if j == 0 {
						continue // no addend is infinite
					}
					for range 4 {
						s := ecSum{curve: o.ecCurve, infinite: i == 0}
						if i != 0 {
							p, powers := jacobian(i, big.NewInt(random.Int64N(3)+1))
							s.x, s.y, s.z = p.x, p.y, powers.z
						}
						if random.IntN(2) == 0 {
							q, _ := jacobian(j, big.NewInt(1))
							s.add(&q, nil, false)
						} else {
							q, powers := jacobian(j, big.NewInt(random.Int64N(3)+1))
							s.add(&q, &powers, false)
						}
						o.requireSum(t, multiples[i+j], &s, "sum")
						q, powers := jacobian(j, big.NewInt(random.Int64N(3)+1))
						s.add(&q, &powers, true)
						o.requireSum(t, multiples[i], &s, "difference")
						s.add(&q, &powers, true)
						o.requireSum(t, multiples[i-j], &s, "difference")
					}
				}
			}
		})
	}
}

// Whole combinations of small scalars and small multiples of the base point: the
// additions of the two tables meet, cancel and pass through infinity.
func TestECCombine(t *testing.T) {
	for name, o := range ecOracles() {
		t.Run(name, func(t *testing.T) {
			var scalars []*big.Int
			for k := int64(0); k < 20; k++ {
				scalars = append(scalars, big.NewInt(k))
			}
			for k := int64(0); k < 6; k++ {
				scalars = append(scalars, new(big.Int).Sub(o.N, big.NewInt(k)))
			}
			half := new(big.Int).Rsh(o.N, 1)
			scalars = append(scalars, half, new(big.Int).Add(half, big.NewInt(1)))
			multiples := map[string]ecPoint{}
			for _, d := range []*big.Int{big.NewInt(1), big.NewInt(-1), big.NewInt(2), half} {
				q := o.times(d, o.generator())
				point := ecAffine{o.element(q.x), o.element(q.y)}
				for _, u := range scalars {
					for _, v := range scalars {
						k := new(big.Int).Mul(d, v)
						k.Add(k, u).Mod(k, o.N)
						want, known := multiples[k.String()]
						if !known {
							want = o.times(k, o.generator())
							multiples[k.String()] = want
						}
						s := ecSum{curve: o.ecCurve}
						uRaw, vRaw := o.raw(u), o.raw(v)
						s.combine(&uRaw, &vRaw, &point)
						o.requireSum(t, want, &s, u.String()+" "+v.String())
					}
				}
			}
		})
	}
}

// twins verifies by both and requires one verdict.
func (o ecOracle) twins(t testing.TB, q ecPoint, digest []byte, r, s *big.Int) bool {
	t.Helper()
	x, y := o.bytes(q.x), o.bytes(q.y)
	public, err := ecdsa.ParseUncompressedPublicKey(o.Curve, append(append([]byte{4}, x...), y...))
	require.NoError(t, err)
	want := ecdsa.Verify(public, digest, r, s)
	if r.Sign() < 0 || s.Sign() < 0 || r.BitLen() > 8*len(o.order) || s.BitLen() > 8*len(o.order) {
		require.False(t, want)
		return false
	}
	got := TwinECDSAVerify(x, y, digest, append(o.bytes(r), o.bytes(s)...))
	require.Equal(t, want, got, "key %v, digest %x, r %v, s %v", q, digest, r, s)
	return got
}

// forge makes a signature whose check computes [u]G + [v]Q for given u and v: r is its
// x coordinate, s = r/v, e = u·s. It is a valid one exactly when that point has the
// x coordinate r, so wherever the point is not infinity.
func (o ecOracle) forge(u, v *big.Int, q ecPoint) (digest []byte, r, s *big.Int) {
	sum := o.plus(o.times(u, o.generator()), o.times(v, q))
	r = new(big.Int).Mod(o.Params().Gx, o.N) // what a sum that was lost on the way may hold
	if sum.x != nil {
		r = new(big.Int).Mod(sum.x, o.N)
	}
	s = new(big.Int).Mul(r, o.inverse(v, o.N))
	s.Mod(s, o.N)
	e := new(big.Int).Mul(u, s)
	return o.bytes(e.Mod(e, o.N)), r, s
}

func TestECDSATwins(t *testing.T) {
	for name, o := range ecOracles() {
		t.Run(name, func(t *testing.T) {
			valid, invalid := 0, 0
			count := func(ok bool) {
				if ok {
					valid++
				} else {
					invalid++
				}
			}
			random := mathrand.New(mathrand.NewPCG(14, 15))
			for i := range 40 {
				private, err := ecdsa.GenerateKey(o.Curve, rand.Reader)
				require.NoError(t, err)
				octets, err := private.PublicKey.Bytes()
				require.NoError(t, err)
				size := len(octets) / 2
				q := ecPoint{new(big.Int).SetBytes(octets[1 : 1+size]), new(big.Int).SetBytes(octets[1+size:])}
				for range 2 {
					digest := make([]byte, len(o.order))
					_, err := rand.Read(digest)
					require.NoError(t, err)
					if i%10 == 0 { // e at and above the order, and 0
						digest = [][]byte{make([]byte, len(o.order)), o.bytes(o.N), o.bytes(new(big.Int).Add(o.N, big.NewInt(5)))}[i/10%3]
					}
					r, s, err := ecdsa.Sign(rand.Reader, private, digest)
					require.NoError(t, err)
					require.True(t, o.twins(t, q, digest, r, s))
					require.True(t, o.twins(t, q, digest, r, new(big.Int).Sub(o.N, s)))
					valid += 2
					for range 3 {
						bit := random.IntN(8 * len(o.order))
						flip := func(n *big.Int) *big.Int { return new(big.Int).SetBit(n, bit, 1-n.Bit(bit)) }
						count(o.twins(t, q, digest, flip(r), s))
						count(o.twins(t, q, digest, r, flip(s)))
						count(o.twins(t, q, o.bytes(flip(new(big.Int).SetBytes(digest))), r, s))
					}
					count(o.twins(t, o.minus(q), digest, r, s))
					count(o.twins(t, q, digest, s, r))
				}
			}
			// The edges of r and s.
			q := o.times(big.NewInt(77), o.generator())
			edges := []*big.Int{big.NewInt(0), big.NewInt(1), big.NewInt(2), new(big.Int).Sub(o.N, big.NewInt(1)), o.N,
				new(big.Int).Add(o.N, big.NewInt(1)), new(big.Int).Sub(o.P, o.N), new(big.Int).Sub(new(big.Int).Sub(o.P, o.N), big.NewInt(1)),
				o.P, new(big.Int).Sub(o.P, big.NewInt(1)), new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(o.P.BitLen())), big.NewInt(1))}
			for _, r := range edges {
				for _, s := range edges {
					for _, e := range edges {
						require.False(t, o.twins(t, q, o.bytes(new(big.Int).Mod(e, o.N)), r, s))
					}
				}
			}
			// A small s holds, and s + n, which is as long as n, does not.
			sum := o.times(big.NewInt(123), o.generator())
			r, s := new(big.Int).Mod(sum.x, o.N), big.NewInt(5)
			v := new(big.Int).Mul(r, o.inverse(s, o.N))
			small := o.times(o.inverse(v, o.N), o.plus(sum, o.minus(o.generator())))
			require.True(t, o.twins(t, small, o.bytes(s), r, s))
			require.False(t, o.twins(t, small, o.bytes(s), r, new(big.Int).Add(s, o.N)))
			// Too short, too long, and a digest of another length.
			key := ecKey{}
			require.True(t, key.parse(o.ecCurve, o.bytes(q.x), o.bytes(q.y)))
			digest, r, s := o.forge(big.NewInt(5), big.NewInt(6), q)
			signature := append(o.bytes(r), o.bytes(s)...)
			require.True(t, key.verify(digest, signature))
			for _, wrong := range [][]byte{nil, signature[1:], signature[:len(signature)-1], append(signature, 0), append([]byte{0}, signature...)} {
				require.False(t, key.verify(digest, wrong))
			}
			require.False(t, key.verify(digest[:20], signature))
			require.False(t, key.verify(append([]byte{0}, digest...), signature))
			require.False(t, key.verify(nil, signature))
			assert.Greater(t, valid, 150)
			assert.Greater(t, invalid, 700)
		})
	}
}

// Signatures whose check meets exceptional additions or an infinite sum.
func TestECDSACollisions(t *testing.T) {
	for name, o := range ecOracles() {
		t.Run(name, func(t *testing.T) {
			valid, infinite := 0, 0
			small := []int64{0, 1, -1, 2, -2, 3, 16, 31, 33}
			for _, d := range []int64{1, -1, 2, -3, 16} {
				q := o.times(big.NewInt(d), o.generator())
				for _, u := range small {
					for _, v := range small {
						if v == 0 {
							continue // r/s is never 0
						}
						digest, r, s := o.forge(new(big.Int).Mod(big.NewInt(u), o.N), new(big.Int).Mod(big.NewInt(v), o.N), q)
						if u+v*d == 0 {
							infinite++
							require.False(t, o.twins(t, q, digest, r, s))
							continue
						}
						valid++
						require.True(t, o.twins(t, q, digest, r, s), "%d %d %d", u, v, d)
					}
				}
			}
			// The same with scalars of full length: u = ±v·d, and near it.
			for _, v := range o.residues(mathrand.New(mathrand.NewPCG(16, 17)), 0)[:40] {
				d := new(big.Int).Add(v, big.NewInt(12345))
				d.Mod(d, o.N)
				q := o.times(d, o.generator())
				for near := int64(-1); near <= 1; near++ {
					for _, sign := range []int64{1, -1} {
						u := new(big.Int).Mul(v, d)
						u.Mul(u, big.NewInt(sign)).Add(u, big.NewInt(near)).Mod(u, o.N)
						digest, r, s := o.forge(u, v, q)
						want := near != 0 || sign == 1
						require.Equal(t, want, o.twins(t, q, digest, r, s))
					}
				}
			}
			assert.Greater(t, valid, 300)
			assert.Greater(t, infinite, 15)
		})
	}
}

// r stands for x modulo n: where the sum's x is at or above n, r is x - n, and the
// second candidate decides. Such points exist but no random signature meets one.
func TestECDSAWrappedR(t *testing.T) {
	for name, o := range ecOracles() {
		t.Run(name, func(t *testing.T) {
			wrapped := 0
			check := func(x *big.Int) {
				// y of a point with that x, if there is one.
				y := new(big.Int).Exp(x, big.NewInt(3), o.P)
				y.Sub(y, new(big.Int).Mul(x, big.NewInt(3))).Add(y, o.B).Mod(y, o.P)
				if y.ModSqrt(y, o.P) == nil || x.Cmp(o.P) >= 0 {
					return
				}
				// Q so that [u]G + [v]Q is that point.
				u, v := big.NewInt(23), big.NewInt(29)
				q := o.times(o.inverse(v, o.N), o.plus(ecPoint{x, y}, o.minus(o.times(u, o.generator()))))
				r := new(big.Int).Mod(x, o.N)
				if r.Sign() == 0 {
					return
				}
				s := new(big.Int).Mul(r, o.inverse(v, o.N))
				s.Mod(s, o.N)
				e := new(big.Int).Mul(u, s)
				digest := o.bytes(e.Mod(e, o.N))
				require.True(t, o.twins(t, q, digest, r, s), "x %v", x)
				require.False(t, o.twins(t, q, digest, x, s) && x.Cmp(o.N) >= 0)
				if x.Cmp(o.N) >= 0 {
					wrapped++
				} else if more := new(big.Int).Add(x, o.N); more.Cmp(o.P) < 0 {
					// The other way about: x itself is small, and x + n is below p.
					require.False(t, o.twins(t, q, digest, more, s))
				}
				// r + n is beyond p, and equal to x modulo p: no candidate.
				if beyond := new(big.Int).Add(x, new(big.Int).Sub(o.P, o.N)); beyond.Cmp(o.N) < 0 && x.Sign() > 0 {
					s := new(big.Int).Mul(beyond, o.inverse(v, o.N))
					s.Mod(s, o.N)
					e := new(big.Int).Mul(u, s)
					require.False(t, o.twins(t, q, o.bytes(e.Mod(e, o.N)), beyond, s), "x %v", x)
				}
				// A neighbour whose candidates are both wrong.
				require.False(t, o.twins(t, q, digest, new(big.Int).Add(r, big.NewInt(1)), s))
			}
			for i := int64(0); i < 16; i++ {
				check(new(big.Int).Add(o.N, big.NewInt(i)))                                         // r = i
				check(new(big.Int).Sub(o.P, big.NewInt(i+1)))                                       // r just below p - n
				check(big.NewInt(i))                                                                // r = x, and r + n is no x
				check(new(big.Int).Add(new(big.Int).Sub(o.P, o.N), big.NewInt(i-8)))                // around p - n
				check(new(big.Int).Sub(o.N, big.NewInt(i+1)))                                       // just below n
				check(new(big.Int).Add(o.N, new(big.Int).Lsh(big.NewInt(1), 4*uint(i)+40)))         // between
				check(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(i)+90), big.NewInt(1))) // runs of ones
			}
			assert.Greater(t, wrapped, 10)
		})
	}
}

// Keys: one verdict with the standard library on coordinates that are out of range, off
// the curve, or at infinity.
func TestECKeyTwins(t *testing.T) {
	for name, o := range ecOracles() {
		t.Run(name, func(t *testing.T) {
			limit := new(big.Int).Lsh(big.NewInt(1), uint(8*len(o.order)))
			good, bad := 0, 0
			check := func(x, y *big.Int) {
				if x.Cmp(limit) >= 0 || y.Cmp(limit) >= 0 || x.Sign() < 0 || y.Sign() < 0 {
					return
				}
				point := append(append([]byte{4}, o.bytes(x)...), o.bytes(y)...)
				_, err := ecdsa.ParseUncompressedPublicKey(o.Curve, point)
				var key ecKey
				got := key.parse(o.ecCurve, o.bytes(x), o.bytes(y))
				require.Equal(t, err == nil, got, "%v %v", x, y)
				if got {
					good++
				} else {
					bad++
				}
			}
			one := big.NewInt(1)
			for k := int64(1); k < 60; k++ {
				p := o.times(big.NewInt(k), o.generator())
				check(p.x, p.y)
				check(p.x, new(big.Int).Sub(o.P, p.y))
				check(p.y, p.x)
				check(p.x, new(big.Int).Add(p.y, one))
				check(new(big.Int).Sub(p.x, one), p.y)
				check(p.x, new(big.Int).Add(p.y, o.P))
				check(new(big.Int).Add(p.x, o.P), p.y)
			}
			// Small x, whose x + p has room in the octets.
			for x := int64(0); x < 60; x++ {
				y := big.NewInt(x*x*x - 3*x)
				y.Add(y, o.B).Mod(y, o.P)
				if y.ModSqrt(y, o.P) == nil {
					continue
				}
				check(big.NewInt(x), y)
				check(new(big.Int).Add(o.P, big.NewInt(x)), y)
			}
			edges := []*big.Int{big.NewInt(0), one, new(big.Int).Sub(o.P, one), o.P, new(big.Int).Add(o.P, one), new(big.Int).Sub(limit, one)}
			for _, x := range edges {
				for _, y := range edges {
					check(x, y)
				}
			}
			var key ecKey
			g := o.generator()
			require.False(t, key.parse(o.ecCurve, o.bytes(g.x)[1:], o.bytes(g.y)))
			require.False(t, key.parse(o.ecCurve, o.bytes(g.x), append([]byte{0}, o.bytes(g.y)...)))
			require.False(t, key.parse(o.ecCurve, nil, nil))
			assert.Greater(t, good, 100)
			assert.Greater(t, bad, 200)
		})
	}
}

// Any u, v and key, from the fuzzer's octets, made into a valid signature and then
// changed: one verdict with the standard library.
func FuzzECDSATwins(f *testing.F) {
	oracles := ecOracles()
	for _, octets := range [][]byte{{1}, {0xff, 0xff}, make([]byte, 48), hash256(nil), hash384(nil)} {
		f.Add(true, octets, octets, octets, []byte{})
		f.Add(false, octets, []byte{2}, []byte{3}, octets)
	}
	f.Fuzz(func(t *testing.T, long bool, u, v, d, change []byte) {
		o := oracles["P-256"]
		if long {
			o = oracles["P-384"]
		}
		scalar := func(b []byte) *big.Int {
			n := new(big.Int).SetBytes(b[:min(len(b), 60)])
			return n.Mod(n, o.N)
		}
		q := o.times(scalar(d), o.generator())
		if q.x == nil || scalar(v).Sign() == 0 {
			return
		}
		digest, r, s := o.forge(scalar(u), scalar(v), q)
		if r.Sign() == 0 {
			return
		}
		whole := new(big.Int).Add(scalar(u), new(big.Int).Mul(scalar(v), scalar(d)))
		if got := o.twins(t, q, digest, r, s); got != (whole.Mod(whole, o.N).Sign() != 0) {
			t.Fatal("a signature that was made to hold does not, or the reverse")
		}
		if len(change) == 0 {
			return
		}
		x := new(big.Int).SetBytes(change[:min(len(change), len(o.order))])
		flipped := o.bytes(new(big.Int).Xor(x, new(big.Int).SetBytes(digest)))
		o.twins(t, q, flipped, r, s)
		o.twins(t, q, digest, new(big.Int).Xor(r, x), s)
		o.twins(t, q, digest, r, new(big.Int).Xor(s, x))
		o.twins(t, q, digest, x, s)
		o.twins(t, q, digest, r, x)
	})
}

func TestECDSAAllocations(t *testing.T) {
	for name, o := range ecOracles() {
		q := o.times(big.NewInt(99), o.generator())
		digest, r, s := o.forge(big.NewInt(5), big.NewInt(6), q)
		signature := append(o.bytes(r), o.bytes(s)...)
		var key ecKey
		require.True(t, key.parse(o.ecCurve, o.bytes(q.x), o.bytes(q.y)))
		assert.Zero(t, testing.AllocsPerRun(10, func() { key.verify(digest, signature) }), name)
	}
}

func BenchmarkECDSA(b *testing.B) {
	for name, o := range ecOracles() {
		q := o.times(o.inverse(big.NewInt(99), o.N), o.generator())
		digest, r, s := o.forge(o.inverse(big.NewInt(5), o.N), o.inverse(big.NewInt(6), o.N), q)
		signature := append(o.bytes(r), o.bytes(s)...)
		public, err := ecdsa.ParseUncompressedPublicKey(o.Curve, append(append([]byte{4}, o.bytes(q.x)...), o.bytes(q.y)...))
		require.NoError(b, err)
		b.Run(name+"/ours", func(b *testing.B) {
			var key ecKey
			if !key.parse(o.ecCurve, o.bytes(q.x), o.bytes(q.y)) {
				b.Fatal()
			}
			for b.Loop() {
				if !key.verify(digest, signature) {
					b.Fatal()
				}
			}
		})
		b.Run(name+"/standard", func(b *testing.B) {
			for b.Loop() {
				if !ecdsa.Verify(public, digest, r, s) {
					b.Fatal()
				}
			}
		})
		b.Run(name+"/parse", func(b *testing.B) {
			x, y := o.bytes(q.x), o.bytes(q.y)
			var key ecKey
			for b.Loop() {
				if !key.parse(o.ecCurve, x, y) {
					b.Fatal()
				}
			}
		})
	}
}
