package main

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

const (
	lawfulTemplate   = "supervisor|%|patcher"
	unlawfulTemplate = "intruder|%|patcher"
)

func TestParseTemplate(t *testing.T) {
	for name, c := range map[string]struct{ template, refused string }{
		"middle agent":    {lawfulTemplate, ""},
		"part of an id":   {"supervisor|worker-%|patcher", ""},
		"originator":      {"%|patcher", ""},
		"55 bytes":        {strings.Repeat("a", 37) + "%|b", ""},
		"56 bytes":        {strings.Repeat("a", 38) + "%|b", "more than the 55"},
		"no place":        {"supervisor|patcher", "exactly one"},
		"two places":      {"%|%|patcher", "exactly one"},
		"in the last":     {"supervisor|%", "last agent"},
		"empty id":        {"supervisor||%|patcher", "no delegation chain"},
		"id out of range": {"super visor|%|patcher", "no delegation chain"},
		"id twice":        {"patcher|%|patcher", "no delegation chain"},
	} {
		t.Run(name, func(t *testing.T) {
			_, last, err := parseTemplate(c.template)
			if c.refused != "" {
				require.ErrorContains(t, err, c.refused)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.template[strings.LastIndex(c.template, "|")+1:], last)
		})
	}
}

func TestNewWalkerRefuses(t *testing.T) {
	_, err := newWalker(lawfulTemplate, "intruder|%|planner", 64)
	require.ErrorContains(t, err, "different agents")
	_, err = newWalker(lawfulTemplate, lawfulTemplate, 64)
	require.ErrorContains(t, err, "the same")
}

func TestPutHex(t *testing.T) {
	for _, x := range []uint64{0, 1, 9, 10, 15, 16, 0x0123456789abcdef, 0xfedcba9876543210, 0x99aa99aa99aa99aa, 1<<64 - 1} {
		var got [idDigits]byte
		putHex(&got, x)
		assert.Equal(t, fmt.Sprintf("%016x", x), string(got[:]))
	}
}

// The function that is iterated is the verifier's: the front of the hash of the chain
// that the state stands for.
func TestNextIsChainHash(t *testing.T) {
	for _, n := range []int{64, 48, 16} {
		w, err := newWalker(lawfulTemplate, unlawfulTemplate, n)
		require.NoError(t, err)
		x := w.start(7, 0)
		for range 50 {
			require.LessOrEqual(t, bits.Len64(x), n)
			first := "intruder"
			if lawful(x) {
				first = "supervisor"
			}
			chain := []string{first, fmt.Sprintf("%016x", x), "patcher"}
			require.Equal(t, chain, w.chain(x))
			hash, ok := ajwt.ChainHash(chain, ajwt.HashShort)
			require.True(t, ok)
			whole, err := strconv.ParseUint(hash, 16, 64)
			require.NoError(t, err)
			x = w.next(x)
			require.Equal(t, whole>>(64-n), x)
		}
	}
}

func TestWalk(t *testing.T) {
	w, err := newWalker(lawfulTemplate, unlawfulTemplate, 32)
	require.NoError(t, err)
	end, length, ok := w.walk(w.start(1, 3), 6)
	require.True(t, ok)
	x := w.start(1, 3)
	for i := range length {
		x = w.next(x)
		assert.Equal(t, i+1 == length, x>>(32-6) == 0, "only the last state is distinguished")
	}
	assert.Equal(t, end, x)
}

func TestWalkGivesUp(t *testing.T) {
	w, err := newWalker(lawfulTemplate, unlawfulTemplate, 16)
	require.NoError(t, err)
	given := 0
	for i := range uint64(200) {
		// One state in 2^8 is distinguished and a walk enters a circle after about 2^8
		// steps, so that some circles have none.
		if _, length, ok := w.walk(w.start(1, i), 8); !ok {
			given++
			assert.EqualValues(t, maxTrail<<8, length)
		}
	}
	assert.NotZero(t, given)
}

func TestMeet(t *testing.T) {
	w, err := newWalker(lawfulTemplate, unlawfulTemplate, 20)
	require.NoError(t, err)
	type seen struct{ start, length uint64 }
	ends := map[uint64]seen{}
	met := 0
	for i := uint64(0); met < 20; i++ {
		start := w.start(1, i)
		end, length, ok := w.walk(start, 5)
		if !ok {
			continue
		}
		if o, found := ends[end]; found {
			if a, b, _, ok := w.meet(start, o.start, length, o.length); ok {
				met++
				assert.NotEqual(t, a, b)
				assert.Equal(t, w.next(a), w.next(b))
			}
		}
		ends[end] = seen{start, length}
	}

	start := w.start(1, 0)
	_, length, ok := w.walk(start, 5)
	require.True(t, ok)
	_, _, _, ok = w.meet(start, start, length, length)
	assert.False(t, ok, "the same trail twice")
	require.Greater(t, length, uint64(1))
	_, _, _, ok = w.meet(start, w.next(start), length, length-1)
	assert.False(t, ok, "one start lies on the other's trail")
}
