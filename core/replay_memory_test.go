package ajwt

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func replayKey(name, owner string, expires int64) ReplayKey {
	return ReplayKey{Key: sha256.Sum256([]byte(name)), Owner: sha256.Sum256([]byte(owner)), Expires: expires}
}

// simpleMemory says the same as ReplayMemory in as few words as possible.
type simpleMemory struct {
	entries          map[[32]byte]ReplayKey
	capacity, perKey int
}

func (m *simpleMemory) Record(keys []ReplayKey, now int64) (ReplayResult, int) {
	live := map[[32]byte]int{}
	for k, e := range m.entries {
		if e.Expires < now {
			delete(m.entries, k)
			continue
		}
		live[e.Owner]++
	}
	for i, k := range keys {
		if _, ok := m.entries[k.Key]; ok {
			return ReplaySeen, i
		}
	}
	for _, k := range keys {
		if live[k.Owner]++; live[k.Owner] > m.perKey {
			return ReplayQuota, 0
		}
	}
	if len(m.entries)+len(keys) > m.capacity {
		return ReplayFull, 0
	}
	for _, k := range keys {
		m.entries[k.Key] = k
	}
	return ReplayFresh, 0
}

func TestReplayMemoryAgreesWithSimpleOne(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		capacity := 1 + rng.IntN(40)
		perKey := 1 + rng.IntN(capacity)
		m := NewReplayMemory(capacity, perKey, 0)
		twin := &simpleMemory{map[[32]byte]ReplayKey{}, capacity, perKey}
		now := int64(1000)
		results := map[ReplayResult]int{}
		for range 3000 {
			now += int64(rng.IntN(3))
			n := 1 + rng.IntN(2)
			var keys []ReplayKey
			for i := range n {
				keys = append(keys, replayKey(fmt.Sprint(rng.IntN(200), i), fmt.Sprint(rng.IntN(6)), now+int64(rng.IntN(30))))
			}
			want, wantSeen := twin.Record(keys, now)
			got, gotSeen := m.Record(keys, now)
			require.Equal(t, want, got, "seed %d", seed)
			require.Equal(t, wantSeen, gotSeen)
			require.Equal(t, len(twin.entries), m.Len())
			results[got]++
		}
		require.NotZero(t, results[ReplayFresh])
		require.NotZero(t, results[ReplaySeen])
	}
}

func TestReplayMemoryBounds(t *testing.T) {
	m := NewReplayMemory(4, 2, 7)
	require.Equal(t, int64(7), m.Start())
	rec := func(name, owner string, expires, now int64) ReplayResult {
		r, _ := m.Record([]ReplayKey{replayKey(name, owner, expires)}, now)
		return r
	}
	require.Equal(t, ReplayFresh, rec("a", "x", 10, 5))
	require.Equal(t, ReplaySeen, rec("a", "y", 10, 10), "an entry is remembered in its last second")
	require.Equal(t, ReplayFresh, rec("a", "x", 20, 11), "and not in the next")
	require.Equal(t, ReplayFresh, rec("b", "x", 20, 11))
	require.Equal(t, ReplayQuota, rec("c", "x", 20, 11))
	require.Equal(t, ReplayFresh, rec("c", "y", 20, 11))
	require.Equal(t, ReplayFresh, rec("d", "z", 20, 11))
	require.Equal(t, ReplayFull, rec("e", "w", 20, 20))
	require.Equal(t, ReplayFresh, rec("e", "w", 30, 21), "expired entries make room")
	result, seen := m.Record([]ReplayKey{replayKey("f", "v", 40), replayKey("e", "v", 40)}, 22)
	require.Equal(t, ReplaySeen, result)
	require.Equal(t, 1, seen)
	require.Equal(t, ReplayFresh, rec("f", "v", 40, 22), "a refused decision records none of its keys")
}

func TestReplayMemoryTakesOneOfMany(t *testing.T) {
	m := NewReplayMemory(1000, 1000, 0)
	var fresh atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range 200 {
				if r, _ := m.Record([]ReplayKey{replayKey(fmt.Sprint(i), "x", 10)}, 1); r == ReplayFresh {
					fresh.Add(1)
				}
			}
		})
	}
	group.Wait()
	require.Equal(t, int32(200), fresh.Load())
}

func TestReplayMemoryAllocatesNothing(t *testing.T) {
	m := NewReplayMemory(1<<12, 1<<12, 0)
	i := 0
	key := []ReplayKey{replayKey("a", "o", 0)}
	require.Zero(t, testing.AllocsPerRun(10000, func() {
		i++
		key[0].Key[0], key[0].Key[1], key[0].Key[2] = byte(i), byte(i>>8), byte(i>>16)
		key[0].Expires = int64(i + 100)
		if r, _ := m.Record(key, int64(i)); r != ReplayFresh {
			t.Fatal(r)
		}
	}))
}

func TestSignatureCache(t *testing.T) {
	c := NewSignatureCache(64)
	entry := func(i int, generation uint64) *SignatureEntry {
		return &SignatureEntry{Token: sha256.Sum256([]byte{byte(i), byte(i >> 8)}), Generation: generation, Expires: 100}
	}
	require.False(t, c.Known(entry(1, 0), 1))
	c.Remember(entry(1, 0), 1)
	require.True(t, c.Known(entry(1, 0), 99))
	require.False(t, c.Known(entry(1, 0), 100), "an expired entry is of no use")
	require.False(t, c.Known(entry(1, 1), 1), "another key set's results are not ours")
	other := entry(1, 0)
	other.Key[0] = 1
	require.False(t, c.Known(other, 1), "nor another key's")
	for i := range 10000 {
		c.Remember(entry(i, 0), 1)
		require.True(t, c.Known(entry(i, 0), 1))
	}
	none := NewSignatureCache(0)
	none.Remember(entry(1, 0), 1)
	require.False(t, none.Known(entry(1, 0), 1))
}
