package abi

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestStreamTable holds the table against a map, with numbers that share places, live
// long, come twice and begin anew after the highest.
func TestStreamTable(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var table streamTable
	want := map[uint32]stream{}
	next := uint32(math.MaxUint32 - 2000)
	var live []uint32
	for range 200_000 {
		switch random.IntN(8) {
		case 0, 1, 2:
			next++
			want[next] = stream{token: next, begun: true}
			table.set(next, want[next])
			live = append(live, next)
		case 3:
			if len(live) > 0 { // the number again
				id := live[random.IntN(len(live))]
				want[id] = stream{token: ^id}
				table.set(id, want[id])
			}
		case 4:
			id := next - uint32(random.IntN(4*nearStreams)) // perhaps none
			got, ok := table.take(id)
			s, found := want[id]
			require.Equal(t, found, ok)
			require.Equal(t, s, got)
			delete(want, id)
		default:
			if len(live) > 600 || len(live) > 0 && random.IntN(3) == 0 {
				at := random.IntN(len(live))
				id := live[at]
				live[at], live = live[len(live)-1], live[:len(live)-1]
				got, ok := table.take(id)
				s, found := want[id]
				require.Equal(t, found, ok)
				require.Equal(t, s, got)
				delete(want, id)
			}
		}
		id := next - uint32(random.IntN(2*nearStreams))
		s, found := want[id]
		if got := table.find(id); found {
			require.NotNil(t, got)
			require.Equal(t, s, *got)
			require.Same(t, got, table.find(id), "it stays where it is")
		} else {
			require.Nil(t, got)
		}
	}
	for id, s := range want {
		got, ok := table.take(id)
		require.True(t, ok)
		require.Equal(t, s, got)
	}
	require.Empty(t, table.far)
	for i := range table.near {
		require.Zero(t, table.near[i], "nothing of a stream is kept")
	}
	require.Nil(t, table.find(0), "a free place is nobody's")
	_, ok := table.take(0)
	require.False(t, ok)
}

// TestStreamTableAllocations: in the order in which hosts number streams, none.
func TestStreamTableAllocations(t *testing.T) {
	var table streamTable
	id := uint32(0)
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		id++
		table.set(id, stream{begun: true})
		table.find(id).outcome = Passed
		table.take(id - 100)
	}))
}
