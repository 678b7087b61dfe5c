package ajwt

import (
	"bytes"
	"crypto/sha256"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSHA256Twins(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, 4096)
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	for n := range 1200 {
		for _, text := range [][]byte{random[n : 2*n], make([]byte, n), bytes.Repeat([]byte{0xff}, n), bytes.Repeat([]byte{0x80, 0, 0, 1}, n/4)} {
			require.Equal(t, sha256.Sum256(text), sha256Sum(text), n)
		}
	}
	// Each state of a chain is the text of the next: a million blocks of every kind.
	ours, theirs := [32]byte{}, [32]byte{}
	for range 500_000 {
		ours, theirs = sha256Sum(ours[:]), sha256.Sum256(theirs[:])
	}
	require.Equal(t, theirs, ours)
	require.Zero(t, leastAllocs(func() { sha256Sum(random) }))
}

func FuzzSHA256Twins(f *testing.F) {
	f.Add([]byte("abc"))
	f.Fuzz(func(t *testing.T, data []byte) { require.Equal(t, sha256.Sum256(data), sha256Sum(data)) })
}

func BenchmarkSHA256(b *testing.B) {
	text := make([]byte, 1000)
	b.Run("standard library", func(b *testing.B) {
		for b.Loop() {
			sha256.Sum256(text)
		}
	})
	b.Run("ours", func(b *testing.B) {
		for b.Loop() {
			sha256Sum(text)
		}
	})
}
