package ajwt

import (
	"crypto/ed25519"
	"crypto/sha512"
	"math/big"
	"math/rand/v2"
	"testing"

	circl25519 "github.com/cloudflare/circl/sign/ed25519"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// edwardsCurve is a x^2 + y^2 = 1 + d x^2 y^2 over math/big, slow and obvious: the
// independent opinion on everything in edwards.go.
type edwardsCurve struct {
	name       string
	p, a, d, l *big.Int
	cofactor   int64
	size       int // octets of an encoded point
}

type affine struct{ x, y *big.Int }

func hexInt(s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 16)
	if !ok {
		panic(s)
	}
	return n
}

func curve25519() edwardsCurve {
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	d := new(big.Int).Mul(big.NewInt(-121665), new(big.Int).ModInverse(big.NewInt(121666), p))
	l := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 252), hexInt("14def9dea2f79cd65812631a5cf5d3ed"))
	return edwardsCurve{"Ed25519", p, big.NewInt(-1), d.Mod(d, p), l, 8, 32}
}

func curve448() edwardsCurve {
	one := big.NewInt(1)
	p := new(big.Int).Sub(new(big.Int).Sub(new(big.Int).Lsh(one, 448), new(big.Int).Lsh(one, 224)), one)
	d := new(big.Int).Mod(big.NewInt(-39081), p)
	l := new(big.Int).Sub(new(big.Int).Lsh(one, 446), hexInt("8335dc163bb124b65129c96fde933d8d723a70aadc873d6d54a7bb0d"))
	return edwardsCurve{"Ed448", p, one, d, l, 4, 57}
}

func (c edwardsCurve) mul(n ...*big.Int) *big.Int {
	r := big.NewInt(1)
	for _, x := range n {
		r.Mod(r.Mul(r, x), c.p)
	}
	return r
}

func (c edwardsCurve) add(s, t affine) affine {
	one := big.NewInt(1)
	product := c.mul(c.d, s.x, t.x, s.y, t.y)
	x := new(big.Int).Add(c.mul(s.x, t.y), c.mul(s.y, t.x))
	y := new(big.Int).Sub(c.mul(s.y, t.y), c.mul(c.a, s.x, t.x))
	return affine{
		c.mul(x, new(big.Int).ModInverse(new(big.Int).Mod(new(big.Int).Add(one, product), c.p), c.p)),
		c.mul(y, new(big.Int).ModInverse(new(big.Int).Mod(new(big.Int).Sub(one, product), c.p), c.p)),
	}
}

func (c edwardsCurve) times(n *big.Int, t affine) affine {
	sum := affine{big.NewInt(0), big.NewInt(1)}
	for i := n.BitLen() - 1; i >= 0; i-- {
		sum = c.add(sum, sum)
		if n.Bit(i) == 1 {
			sum = c.add(sum, t)
		}
	}
	return sum
}

// recoverX returns an x for y, or nil where y is on no point.
func (c edwardsCurve) recoverX(y *big.Int) *big.Int {
	one, y2 := big.NewInt(1), c.mul(y, y)
	numerator := new(big.Int).Sub(y2, one)
	denominator := new(big.Int).Sub(c.mul(c.d, y2), c.a)
	x2 := c.mul(numerator, new(big.Int).ModInverse(denominator.Mod(denominator, c.p), c.p))
	return new(big.Int).ModSqrt(x2, c.p)
}

// encode writes y, which need not be below p, and a sign bit.
func (c edwardsCurve) encode(y *big.Int, sign bool) []byte {
	out := make([]byte, c.size)
	y.FillBytes(out)
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	if sign {
		out[c.size-1] |= 0x80
	}
	return out
}

func (c edwardsCurve) point(t affine) []byte { return c.encode(t.y, t.x.Bit(0) == 1) }

func (c edwardsCurve) parse(t *testing.T, point []byte, lazy bool) keyFault {
	var k Key
	var doc strictjson.Document
	jwk := `{"kty":"OKP","crv":"` + c.name + `","x":"` + b64url(point) + `"}`
	require.NoError(t, doc.Parse([]byte(jwk), keyLimits))
	return k.parse(doc.Root(), lazy)
}

// torsion returns the points whose order divides the cofactor, by multiplying points
// with the order of the large subgroup until one of full small order is found.
func (c edwardsCurve) torsion() []affine {
	half := big.NewInt(c.cofactor / 2)
	for y := int64(2); ; y++ {
		x := c.recoverX(big.NewInt(y))
		if x == nil {
			continue
		}
		t := c.times(c.l, affine{x, big.NewInt(y)})
		if s := c.times(half, t); s.x.Sign() == 0 && s.y.Cmp(big.NewInt(1)) == 0 {
			continue
		}
		var all []affine
		for n := range c.cofactor {
			all = append(all, c.times(big.NewInt(n), t))
		}
		return all
	}
}

func TestEdwardsSmallOrder(t *testing.T) {
	for _, c := range []edwardsCurve{curve25519(), curve448()} {
		points, encodings := c.torsion(), map[string]bool{}
		require.Len(t, points, int(c.cofactor))
		bits := uint(c.size*8 - 1)
		if c.name == "Ed448" {
			bits = 448
		}
		for _, p := range points {
			for y := new(big.Int).Set(p.y); y.BitLen() <= int(bits); y.Add(y, c.p) {
				for _, sign := range []bool{false, true} {
					point := c.encode(y, sign)
					encodings[string(point)] = true
					assert.Equal(t, keyWeak, c.parse(t, point, false), "%s %x", c.name, point)
					assert.Equal(t, keyWeak, c.parse(t, point, true), "%s %x", c.name, point)
				}
			}
		}
		// 5 values of y on edwards25519, two of them below 19 and so spelled twice;
		// 3 on edwards448, two spelled twice; each with two signs.
		assert.Len(t, encodings, map[string]int{"Ed25519": 14, "Ed448": 10}[c.name])
	}
}

func TestEdwardsNotCanonical(t *testing.T) {
	c := curve25519()
	for n := range int64(19) {
		for _, sign := range []bool{false, true} {
			point := c.encode(new(big.Int).Add(c.p, big.NewInt(n)), sign)
			assert.Equal(t, keyWeak, c.parse(t, point, true), "p+%d", n)
		}
	}
	c = curve448()
	top := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 448), big.NewInt(1))
	room := new(big.Int).Sub(top, c.p)
	r := rand.New(rand.NewPCG(1, 2))
	for n := range int64(200) {
		above := big.NewInt(n)
		if n >= 100 { // anywhere in the room of 2^224, the last value too
			above.Sub(room, new(big.Int).Rsh(room, uint(r.IntN(225))))
		}
		for _, sign := range []bool{false, true} {
			point := c.encode(new(big.Int).Add(c.p, above), sign)
			assert.Equal(t, keyWeak, c.parse(t, point, true), "p+%v", above)
		}
	}
	canonical, err := ParseKey([]byte(jwkEd448))
	require.NoError(t, err)
	for bit := range 7 { // bits 448 to 454 are always zero
		point := [57]byte(canonical.point[:])
		point[56] |= 1 << bit
		assert.Equal(t, keyWeak, c.parse(t, point[:], true))
	}
}

// The values just below p and random ones are judged as math/big does.
func TestEdwardsOnCurve(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, c := range []edwardsCurve{curve25519(), curve448()} {
		on, off := 0, 0
		for n := range int64(300) {
			y := new(big.Int).Sub(c.p, big.NewInt(n+2))
			switch {
			case n >= 200:
				y = big.NewInt(n - 198) // 2 and up
			case n >= 50:
				random := make([]byte, c.size)
				for i := range random {
					random[i] = byte(r.Uint32())
				}
				y.Mod(new(big.Int).SetBytes(random), c.p)
			}
			want := keyOK
			if c.recoverX(y) == nil {
				want = keyOffCurve
				off++
			} else {
				on++
			}
			for _, sign := range []bool{false, true} {
				point := c.encode(y, sign)
				assert.Equal(t, want, c.parse(t, point, false), "%s %v", c.name, y)
				assert.Equal(t, keyOK, c.parse(t, point, true))
			}
		}
		assert.Greater(t, on, 100)
		assert.Greater(t, off, 100)
	}
}

// Keys and nonces with a small-order part: what RFC 8032 leaves open (with or without
// cofactor) must not differ between the native build and WebAssembly.
func TestEd25519Twins(t *testing.T) {
	c := curve25519()
	seed := sha512.Sum512([]byte("twins"))
	private := ed25519.NewKeyFromSeed(seed[:32])
	h := sha512.Sum512(seed[:32])
	h[0], h[31] = h[0]&248, h[31]&127|64
	little := func(b []byte) *big.Int {
		be := make([]byte, len(b))
		for i := range b {
			be[len(b)-1-i] = b[i]
		}
		return new(big.Int).SetBytes(be)
	}
	secret := little(h[:32])
	base := affine{nil, c.mul(big.NewInt(4), new(big.Int).ModInverse(big.NewInt(5), c.p))}
	base.x = c.recoverX(base.y)
	if base.x.Bit(0) == 1 {
		base.x.Sub(c.p, base.x)
	}
	public := c.times(secret, base)
	require.Equal(t, []byte(private.Public().(ed25519.PublicKey)), c.point(public))
	nonce := big.NewInt(0x1234567)
	torsion, accepted, rejected := c.torsion(), 0, 0
	for i, onKey := range torsion {
		for j, onNonce := range torsion {
			a, r := c.point(c.add(public, onKey)), c.point(c.add(c.times(nonce, base), onNonce))
			for message := range byte(4) {
				digest := sha512.Sum512(append(append(append([]byte{}, r...), a...), message))
				s := new(big.Int).Mul(little(digest[:]), secret)
				s.Mod(s.Add(s, nonce), c.l)
				signature := append(append([]byte{}, r...), c.encode(s, false)...)
				want := ed25519.Verify(a, []byte{message}, signature)
				assert.Equal(t, want, circl25519.Verify(a, []byte{message}, signature), "key +%d, nonce +%d", i, j)
				assert.Equal(t, want, ed25519Verify((*[32]byte)(a), []byte{message}, signature), "key +%d, nonce +%d", i, j)
				k, err := ParseKey([]byte(`{"kty":"OKP","crv":"Ed25519","x":"` + b64url(a) + `"}`))
				require.NoError(t, err)
				assert.Equal(t, want, k.VerifySignature(AlgEd25519, []byte{message}, signature))
				if want {
					accepted++
				} else {
					rejected++
				}
				// S + l is the same number to a careless verifier.
				copy(signature[32:], c.encode(new(big.Int).Add(s, c.l), false))
				assert.False(t, ed25519.Verify(a, []byte{message}, signature))
				assert.False(t, circl25519.Verify(a, []byte{message}, signature))
				assert.False(t, ed25519Verify((*[32]byte)(a), []byte{message}, signature))
			}
		}
	}
	assert.Positive(t, accepted)
	assert.Positive(t, rejected)
}
