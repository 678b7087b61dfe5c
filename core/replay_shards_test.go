package ajwt

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func taggedKey(name, owner string, expires int64) ReplayKey {
	k := replayKey(name, owner, expires)
	k.Tag = k.Owner
	return k
}

func TestReplayShards(t *testing.T) {
	for _, row := range []struct{ capacity, perKey, shards int }{
		{1, 1, 1},
		{4096, 256, 1},
		{2*replayShardEntries - 1, 1, 1}, // two shards would be too small
		{2 * replayShardEntries, replayShardEntries / 16, 2},
		{defaultReplay, defaultPerKey(defaultReplay), 4},
		{defaultReplay, defaultPerKey(defaultReplay) + 1, 2}, // a quota that is set is held: the shards grow
		{defaultReplay, defaultReplay / 16, 1},
		{defaultReplay, defaultReplay, 1},
		{maxReplay, defaultPerKey(maxReplay), 64},
	} {
		m := NewReplayMemory(row.capacity, row.perKey, 0)
		require.Len(t, m.shards, row.shards, "%+v", row)
		sum := 0
		for i := range m.shards {
			sum += m.shards[i].capacity
			require.Equal(t, row.perKey, m.shards[i].perKey)
		}
		require.Equal(t, row.capacity, sum)
	}
	require.Equal(t, defaultReplay+1, func() int {
		m := NewReplayMemory(defaultReplay+1, 1, 0)
		return m.shards[0].capacity + m.shards[1].capacity + m.shards[2].capacity + m.shards[3].capacity
	}(), "what does not divide is not lost")
}

// TestReplayShardsAgreeWithOne holds that a memory of several shards answers as one of
// one shard does, where neither is full.
func TestReplayShardsAgreeWithOne(t *testing.T) {
	many := NewReplayMemory(4*replayShardEntries, 8, 0)
	require.Len(t, many.shards, 4)
	one := NewReplayMemory(4096, 8, 0)
	require.Len(t, one.shards, 1)
	results, used := map[ReplayResult]int{}, map[*replayShard]bool{}
	for i := range 5000 {
		now := int64(1000 + i/100)
		owner := fmt.Sprint(i % 61)
		keys := []ReplayKey{taggedKey(owner+fmt.Sprint("t", i*i%47), owner, now+int64(i%20)), taggedKey(owner+fmt.Sprint("p", i%5), owner, now+9)}
		want, wantSeen := one.Record(keys, now)
		got, gotSeen := many.Record(keys, now)
		// The memories let go at other times, so a key that expires no later than what
		// has left is compared where both can know it.
		if want != got {
			require.Equal(t, ReplaySeen, want)
			require.LessOrEqual(t, keys[wantSeen].Expires, one.shards[0].left)
			one, many = NewReplayMemory(4096, 8, 0), NewReplayMemory(4*replayShardEntries, 8, 0)
			continue
		}
		require.Equal(t, wantSeen, gotSeen)
		results[got]++
		used[many.shard(&keys[0].Tag)] = true
	}
	require.Greater(t, results[ReplayFresh], 100)
	require.Greater(t, results[ReplaySeen], 100)
	require.Greater(t, len(used), 3)
}

// TestReplayShardIsFull holds that one owner gets a sixteenth of its shard, and that a
// full shard refuses while others take.
func TestReplayShardIsFull(t *testing.T) {
	m := NewReplayMemory(2*replayShardEntries, defaultPerKey(2*replayShardEntries), 0)
	require.Len(t, m.shards, 2)
	key := func(owner byte, shard byte, i int) []ReplayKey {
		var k ReplayKey
		k.Owner[0], k.Tag[0], k.Tag[31], k.Expires = owner, owner, shard, 100
		k.Key = sha256.Sum256(binary.BigEndian.AppendUint64([]byte{owner}, uint64(i)))
		return []ReplayKey{k}
	}
	for owner := range byte(16) {
		taken := 0
		for i := range replayShardEntries {
			result, _ := m.Record(key(owner, 0, i), 1)
			if result == ReplayQuota {
				break
			}
			require.Equal(t, ReplayFresh, result)
			taken++
		}
		require.Equal(t, replayShardEntries/16, taken)
	}
	result, _ := m.Record(key(16, 0, 0), 1)
	require.Equal(t, ReplayFull, result)
	result, _ = m.Record(key(17, 1, 0), 1)
	require.Equal(t, ReplayFresh, result)
	result, _ = m.Record(key(16, 0, 0), 101)
	require.Equal(t, ReplaySeen, result, "expires no later than what has left")
	require.Equal(t, 1, m.Len(), "the shard's entries have left, those of the other shard not")
}

func TestReplayKeysOfSeveralTags(t *testing.T) {
	for _, m := range []*ReplayMemory{NewReplayMemory(10, 10, 0), NewReplayMemory(defaultReplay, 1, 0)} {
		result, _ := m.Record([]ReplayKey{taggedKey("a", "x", 9), taggedKey("b", "y", 9)}, 1)
		require.Equal(t, ReplayUnavailable, result)
		result, _ = m.Record(nil, 1)
		require.Equal(t, ReplayUnavailable, result)
		require.Zero(t, m.Len())
	}
}

// TestReplayShardsTakeOneOfMany is for the race detector too.
func TestReplayShardsTakeOneOfMany(t *testing.T) {
	m := NewReplayMemory(4*replayShardEntries, 1000, 0)
	var fresh atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range 2000 {
				owner := fmt.Sprint(i % 100)
				if r, _ := m.Record([]ReplayKey{taggedKey(fmt.Sprint(i), owner, 10), taggedKey(fmt.Sprint(i, "p"), owner, 10)}, 1); r == ReplayFresh {
					fresh.Add(1)
				}
			}
		})
	}
	group.Wait()
	require.Equal(t, int32(2000), fresh.Load())
	require.Equal(t, 4000, m.Len())
}

func TestReplayShared(t *testing.T) {
	policy := testPolicy("hardened", hardenedRoute, `"replay":{"scope":"shared"},`)
	p, err := ParsePolicy([]byte(policy))
	require.NoError(t, err)
	require.True(t, p.ReplayShared())
	_, err = NewVerifier(p, Options{Start: 1})
	require.ErrorContains(t, err, "Options.Replay")
	v := newTestVerifier(t, policy, Options{Replay: NewReplayMemory(10, 10, testNow-1000)})
	require.Equal(t, "", v.Verify(withProof(boundToken(), "p1")).Code.String())
	require.Equal(t, CodeReplayProofReused, v.Verify(withProof(boundToken(), "p1")).Code)
}

// lostReplay is a store that is found empty when it is asked to record.
type lostReplay struct {
	start, after int64
	keys         []ReplayKey
}

func (l *lostReplay) Record(keys []ReplayKey, _ int64) (ReplayResult, int) {
	l.start, l.keys = l.after, append([]ReplayKey(nil), keys...)
	return ReplayFresh, 0
}
func (l *lostReplay) Start() int64 { return l.start }

// TestStoreLostDuringDecision holds that a decision that began under an older start is
// held to the one that the store has when it answers.
func TestStoreLostDuringDecision(t *testing.T) {
	for name, row := range map[string]struct {
		profile, policy string
		after           int64
		code            Code
	}{
		"lost":              {"hardened", "", testNow, CodeReplayProofColdStart},
		"lost long ago":     {"hardened", "", testNow - 1000, 0},
		"not lost":          {"hardened", "", 1, 0},
		"lost, and allowed": {"hardened", `"replay":{"cold_start":"allow"},`, testNow, 0},
	} {
		v := newTestVerifier(t, testPolicy(row.profile, hardenedRoute, row.policy), Options{Replay: &lostReplay{start: 1, after: row.after}})
		d := v.Verify(withProof(boundToken(), "p1"))
		require.Equal(t, row.code.String(), d.Code.String(), name)
		require.Equal(t, row.code == 0, d.Allows(), name)
	}
}

// TestReplayTags holds what the keys of a decision have in common.
func TestReplayTags(t *testing.T) {
	keysOf := func(route string, req *Request) []ReplayKey {
		store := &lostReplay{}
		v := newTestVerifier(t, testPolicy("draft-00", route, ""), Options{Replay: store})
		require.Equal(t, "", v.Verify(req).Code.String())
		return store.keys
	}
	both := keysOf(`{"level":"jwt","single_use":true}`, withProof(boundToken(), "p1"))
	require.Len(t, both, 2)
	require.True(t, both[0].Token && !both[1].Token)
	require.True(t, OneTag(both))
	require.Equal(t, both[1].Owner, both[0].Tag, "the thumbprint")
	require.NotEqual(t, both[0].Key, both[0].Tag)

	alone := keysOf(`{"level":"jwt","single_use":true,"proof":"optional"}`, bearer(testToken("")))
	require.Len(t, alone, 1)
	require.Equal(t, alone[0].Key, alone[0].Tag, "SHA-256 over iss and jti")
	require.NotEqual(t, alone[0].Owner, alone[0].Tag)
	require.NotEqual(t, both[0].Key, alone[0].Key, "the jti of a bound token and of one without a key are kept apart")
}
