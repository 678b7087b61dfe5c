package ajwt

import (
	"crypto/ed25519"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/cloudflare/circl/math/fp25519"
	circl25519 "github.com/cloudflare/circl/sign/ed25519"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TwinEd25519Verify is the WebAssembly build's verification, for tests outside the package.
var TwinEd25519Verify = ed25519Verify

func TestEdwards25519Base(t *testing.T) {
	c := curve25519()
	base := affine{nil, c.mul(big.NewInt(4), new(big.Int).ModInverse(big.NewInt(5), c.p))}
	base.x = c.recoverX(base.y)
	if base.x.Bit(0) == 1 {
		base.x.Sub(c.p, base.x)
	}
	element := func(n *big.Int) fp25519.Elt { return fp25519.Elt(c.encode(n.Mod(n, c.p), false)) }
	assert.Equal(t, element(new(big.Int).Set(c.d)), edwards25519D)
	for i, entry := range edBase {
		p := c.times(big.NewInt(int64(2*i+1)), base)
		assert.Equal(t, element(new(big.Int).Add(p.y, p.x)), entry.sum)
		assert.Equal(t, element(new(big.Int).Sub(p.y, p.x)), entry.diff)
		assert.Equal(t, element(c.mul(big.NewInt(2), c.d, p.x, p.y)), entry.t2d)
	}
}

func limbs(n *big.Int) (l [4]uint64) {
	for i := range l {
		l[i] = new(big.Int).Rsh(n, uint(64*i)).Uint64()
	}
	return l
}

// scalars are numbers below 2^253 at edges and at random.
func scalars(l *big.Int) []*big.Int {
	one := big.NewInt(1)
	all := []*big.Int{big.NewInt(0), one, big.NewInt(31), big.NewInt(32), new(big.Int).Sub(l, one),
		new(big.Int).Sub(new(big.Int).Lsh(one, 253), one), new(big.Int).Lsh(one, 252), new(big.Int).Sub(new(big.Int).Lsh(one, 252), one)}
	r := rand.New(rand.NewPCG(5, 6))
	for i := range 2000 {
		n := new(big.Int)
		for range 4 {
			n.Add(n.Lsh(n, 64), new(big.Int).SetUint64(r.Uint64()))
		}
		if i%2 == 1 { // long runs of ones and zeros are where carries go far
			n.Lsh(n.Rsh(n, uint(r.IntN(256))), uint(r.IntN(253)))
			n.Sub(new(big.Int).Lsh(one, uint(r.IntN(253))), n)
			n.Abs(n)
		}
		all = append(all, n.And(n, all[5]))
	}
	return all
}

func TestEd25519Digits(t *testing.T) {
	for _, n := range scalars(curve25519().l) {
		for _, width := range []uint{edKeyWidth, edBaseWidth} {
			var digits [256]int8
			l := limbs(n)
			edDigits(&digits, &l, width)
			sum, last := new(big.Int), -int(width)
			for i, d := range digits {
				if d == 0 {
					continue
				}
				require.True(t, d&1 == 1 || d&1 == -1)
				require.Less(t, int(max(d, -d)), 1<<(width-1))
				require.GreaterOrEqual(t, i-last, int(width))
				last = i
				sum.Add(sum, new(big.Int).Lsh(big.NewInt(int64(d)), uint(i)))
			}
			require.Zero(t, sum.Cmp(n), "%v at width %d", n, width)
		}
	}
}

func TestEd25519Scalars(t *testing.T) {
	c := curve25519()
	for _, high := range scalars(c.l) {
		for _, low := range []*big.Int{big.NewInt(0), high, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 259), big.NewInt(1))} {
			n := new(big.Int).Or(new(big.Int).Lsh(high, 259), low)
			var digest [64]byte
			copy(digest[:], reversed(n.FillBytes(make([]byte, 64))))
			require.Equal(t, limbs(new(big.Int).Mod(n, c.l)), edReduce(&digest))
		}
		for _, s := range []*big.Int{high, new(big.Int).Add(high, c.l), new(big.Int).Mod(high, c.l)} {
			encoded := [32]byte(c.encode(s, false))
			got, ok := edScalar(&encoded)
			require.Equal(t, s.Cmp(c.l) < 0, ok)
			require.Equal(t, limbs(s), got)
		}
	}
	for _, s := range []*big.Int{new(big.Int).Sub(c.l, big.NewInt(1)), c.l} {
		encoded := [32]byte(c.encode(s, false))
		_, ok := edScalar(&encoded)
		require.Equal(t, s.Cmp(c.l) < 0, ok)
	}
}

func reversed(b []byte) []byte {
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return b
}

// Both implementations on true signatures, on broken ones, and on noise in every part.
func TestEd25519TwinAgrees(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	fill := func(b []byte) []byte {
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	accepted := 0
	for i := range 1000 {
		private := ed25519.NewKeyFromSeed(fill(make([]byte, 32)))
		public := [32]byte(private[32:])
		message := fill(make([]byte, r.IntN(300)))
		signature := ed25519.Sign(private, message)
		switch i % 5 {
		case 1:
			signature[r.IntN(64)] ^= 1 << r.IntN(8)
		case 2:
			fill(signature[:32])
		case 3:
			fill(signature[32:63])
		case 4:
			fill(public[:])
		}
		want := ed25519.Verify(public[:], message, signature)
		require.Equal(t, want, ed25519Verify(&public, message, signature), i)
		if want {
			accepted++
		}
	}
	assert.GreaterOrEqual(t, accepted, 200)
	assert.False(t, ed25519Verify(new([32]byte), nil, nil))
	assert.False(t, ed25519Verify(new([32]byte), nil, make([]byte, 63)))
	assert.False(t, ed25519Verify(new([32]byte), nil, make([]byte, 65)))
}

func TestEd25519TwinAllocatesNothing(t *testing.T) {
	private := ed25519.NewKeyFromSeed(make([]byte, 32))
	public, message := [32]byte(private[32:]), make([]byte, 600)
	signature := ed25519.Sign(private, message)
	assert.Zero(t, testing.AllocsPerRun(10, func() { ed25519Verify(&public, message, signature) }))
}

func BenchmarkEd25519Verify(b *testing.B) {
	private := ed25519.NewKeyFromSeed(make([]byte, 32))
	public, message := [32]byte(private[32:]), make([]byte, 600)
	signature := ed25519.Sign(private, message)
	for name, verify := range map[string]func() bool{
		"standard": func() bool { return ed25519.Verify(public[:], message, signature) },
		"twin":     func() bool { return ed25519Verify(&public, message, signature) },
		"circl":    func() bool { return circl25519.Verify(public[:], message, signature) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !verify() {
					b.Fatal()
				}
			}
		})
	}
}
