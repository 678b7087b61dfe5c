//go:build redis

package replaystore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/hosts/replaystore/redistest"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

// patient is a timeout for tests in which nothing is to be late.
const patient = 20 * time.Second

func openRedis(t *testing.T, o RedisOptions) *Redis {
	t.Helper()
	if o.Timeout == 0 {
		o.Timeout = patient
	}
	r, err := OpenRedis(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	return r
}

func one(r ajwt.Replay, k ajwt.ReplayKey, now int64) ajwt.ReplayResult {
	result, _ := r.Record([]ajwt.ReplayKey{k}, now)
	return result
}

func wall() int64 { return time.Now().Unix() }

func TestRedisTakesAllOrNone(t *testing.T) {
	server := redistest.ForTest(t)
	r, other := openRedis(t, RedisOptions{URL: server.URL()}), openRedis(t, RedisOptions{URL: server.URL()})
	require.Empty(t, r.Warnings())
	now := wall()
	a, b, c := key("o", "a", now+60), key("o", "b", now+60), key("o", "c", now+60)
	result, _ := r.Record([]ajwt.ReplayKey{a, b}, now)
	require.Equal(t, ajwt.ReplayFresh, result)
	result, seen := other.Record([]ajwt.ReplayKey{c, b}, now)
	require.Equal(t, ajwt.ReplaySeen, result)
	require.Equal(t, 1, seen)
	result, seen = other.Record([]ajwt.ReplayKey{a, c}, now)
	require.Equal(t, ajwt.ReplaySeen, result)
	require.Zero(t, seen)
	require.Equal(t, ajwt.ReplayFresh, one(other, c, now), "what was refused has recorded nothing")
	require.Equal(t, ajwt.ReplaySeen, one(r, c, now))
	require.Equal(t, ajwt.ReplayFresh, one(r, key("p", "a", now+60), now))
	result, _ = r.Record([]ajwt.ReplayKey{key("o", "x", now+60), key("p", "x", now+60)}, now)
	require.Equal(t, ajwt.ReplayUnavailable, result, "two tags")
	require.Equal(t, ajwt.ReplayUnavailable, one(r, key("o", "y", now+MaxLife+1), now))
	_, err := server.Do("SCRIPT", "FLUSH")
	require.NoError(t, err)
	require.Equal(t, ajwt.ReplayFresh, one(r, key("o", "z", now+60), now), "the script is sent again")
	exists, err := server.Do("EXISTS", string(appendName(nil, &a)))
	require.NoError(t, err)
	require.Equal(t, "1", exists, "under the name of spec/replay.md")
}

// TestRedisExpiry holds how long an entry lives, whichever clock is ahead.
func TestRedisExpiry(t *testing.T) {
	server := redistest.ForTest(t)
	r := openRedis(t, RedisOptions{URL: server.URL(), ClockDifference: 5})
	for name, row := range map[string]struct{ ahead, expires, seconds int64 }{
		"clocks agree":             {0, 100, 106},
		"the caller is behind":     {-50, 10, 66},
		"the caller is ahead":      {50, 60, 66},
		"the last second is now":   {0, 0, 6},
		"long past for the server": {-1000, -1000, 6},
	} {
		now := wall()
		k := key("o", name, now+row.expires)
		require.Equal(t, ajwt.ReplayFresh, one(r, k, now+row.ahead), name)
		text, err := server.Do("PTTL", string(appendName(nil, &k)))
		require.NoError(t, err)
		life, err := strconv.ParseInt(text, 10, 64)
		require.NoError(t, err)
		require.InDelta(t, row.seconds*1000, life, 2000, name)
	}
	exact := openRedis(t, RedisOptions{URL: server.URL()})
	now := wall()
	k := key("o", "short", now)
	require.Equal(t, ajwt.ReplayFresh, one(exact, k, now))
	require.Equal(t, ajwt.ReplaySeen, one(exact, k, now))
	require.Eventually(t, func() bool { return one(exact, k, now) == ajwt.ReplayFresh }, 10*time.Second, 50*time.Millisecond)
}

// TestRedisTakesOneOfMany is within one process; TestProcesses is with several.
func TestRedisTakesOneOfMany(t *testing.T) {
	r := openRedis(t, RedisOptions{URL: redistest.ForTest(t).URL()})
	now := wall()
	var fresh, seen atomic.Int64
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for i := range 100 {
				switch one(r, key("o", fmt.Sprint(i), now+60), now) {
				case ajwt.ReplayFresh:
					fresh.Add(1)
				case ajwt.ReplaySeen:
					seen.Add(1)
				}
			}
		})
	}
	group.Wait()
	require.Equal(t, int64(100), fresh.Load())
	require.Equal(t, int64(1500), seen.Load())
}

// sharedPolicy is abitest's with more members of replay.
func sharedPolicy(more string) []byte {
	return []byte(strings.Replace(string(abitest.Policy()), `"routes"`, `"replay":{"scope":"shared"`+more+`},"routes"`, 1))
}

func newVerifier(t testing.TB, policy []byte, store ajwt.Replay) *ajwt.Verifier {
	p, err := ajwt.ParsePolicy(policy)
	require.NoError(t, err)
	v, err := ajwt.NewVerifier(p, ajwt.Options{Replay: store})
	require.NoError(t, err)
	return v
}

func decided(v *ajwt.Verifier, now int64, number int) string {
	d := v.Verify(abitest.Request(abitest.Repository, now, number))
	if d.Allows() != (d.Code == 0) {
		return "contradiction"
	}
	return d.Code.String()
}

// warm is a time at which a store that starts now is no longer cold: its start, the
// clock difference of 5 seconds and the skew of 30 lie behind.
func warm() int64 { return wall() + 60 }

func TestRedisOutage(t *testing.T) {
	for name, stop := range map[string]func(*redistest.Server) error{
		"paused": (*redistest.Server).Pause,
		"killed": func(s *redistest.Server) error { s.Kill(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			server := redistest.ForTest(t)
			var faults atomic.Int64
			o := RedisOptions{URL: server.URL(), Timeout: 2 * time.Second, ClockDifference: 5, OnError: func(error) { faults.Add(1) }}
			r := openRedis(t, o)
			v, now := newVerifier(t, sharedPolicy(""), r), warm()
			draft := strings.Replace(string(sharedPolicy(`,"on_outage":"allow"`)), `"issuer":`, `"profile":"draft-00","issuer":`, 1)
			lenient := newVerifier(t, []byte(draft), r)
			require.Equal(t, "", decided(v, now, 1))
			require.NoError(t, stop(server))
			r.o.Timeout = 300 * time.Millisecond
			before := time.Now()
			require.Equal(t, "replay_store_unavailable", decided(v, now, 2))
			require.Less(t, time.Since(before), 1500*time.Millisecond)
			require.NotZero(t, faults.Load())
			d := lenient.Verify(abitest.Request(abitest.Repository, now, 3))
			require.True(t, d.Allows())
			require.Equal(t, []ajwt.Code{ajwt.CodeReplayStoreUnavailable}, d.Warnings)
			if name == "killed" {
				return
			}
			require.NoError(t, server.Resume())
			r.o.Timeout = patient
			require.Equal(t, "", decided(v, now, 4))
			// The answers that were lost: the calls may have been carried out later, or
			// not; either way each proof passes once at most.
			for _, number := range []int{2, 3} {
				first, second := decided(v, now, number), decided(v, now, number)
				require.Contains(t, []string{"", "replay_proof_reused"}, first)
				require.Equal(t, "replay_proof_reused", second)
			}
		})
	}
}

// TestRedisLost holds that a store which lost its memory refuses what was issued before,
// to processes that were there and to those that come later.
func TestRedisLost(t *testing.T) {
	snapshot := func(s *redistest.Server) error {
		_, err := s.Do("SAVE")
		return err
	}
	for _, row := range []struct {
		name    string
		prepare func(*redistest.Server) error
		lose    func(*redistest.Server) error
	}{
		{"restarted", nil, (*redistest.Server).Restart},
		{"flushed", nil, func(s *redistest.Server) error { _, err := s.Do("FLUSHALL"); return err }},
		{"restarted from an old snapshot", snapshot, (*redistest.Server).Restart},
	} {
		t.Run(row.name, func(t *testing.T) {
			server := redistest.ForTest(t)
			o := RedisOptions{URL: server.URL(), ClockDifference: 5}
			r := openRedis(t, o)
			witness := openRedis(t, o)
			v, now := newVerifier(t, sharedPolicy(""), r), warm()
			require.Equal(t, "", decided(v, now, 1))
			require.Equal(t, "replay_proof_reused", decided(v, now, 1))
			if row.prepare != nil {
				require.NoError(t, row.prepare(server))
			}
			require.Equal(t, "", decided(v, r.Start()+31, 2))
			old := r.Start()
			require.GreaterOrEqual(t, old, wall()-60)
			for wall() <= old-5 { // so that the new start is another second
				time.Sleep(50 * time.Millisecond)
			}
			require.NoError(t, row.lose(server))
			used := old + 31 // what passes under the old start, and not under a later one
			for number := range 4 {
				require.Eventually(t, func() bool { return decided(v, used, 10+number) != "replay_store_unavailable" }, patient, time.Millisecond)
				require.Equal(t, "replay_proof_cold_start", decided(v, used, 20+number))
			}
			require.Greater(t, r.Start(), old)
			require.Equal(t, "replay_proof_cold_start", decided(newVerifier(t, sharedPolicy(""), openRedis(t, o)), used, 3), "a process that comes later")
			lenient := newVerifier(t, sharedPolicy(`,"cold_start":"allow"`), r)
			require.Equal(t, "", decided(lenient, used, 4))
			require.Equal(t, "replay_proof_reused", decided(lenient, used, 4))
			require.Equal(t, "", decided(v, warm()+90, 5), "what is issued later passes")
			// The first decision of a process that was not told: the store says so in its
			// answer, and core asks for the start again.
			late := newVerifier(t, sharedPolicy(""), witness)
			require.Equal(t, old, witness.Start())
			code := decided(late, used, 6)
			for i := 7; code == "replay_store_unavailable" && i < 20; i++ { // its connections are broken
				code = decided(late, used, i)
			}
			require.Equal(t, "replay_proof_cold_start", code)
		})
	}
}

func TestRedisCluster(t *testing.T) {
	server := redistest.ClusterForTest(t)
	r := openRedis(t, RedisOptions{URL: server.URL(), Cluster: true})
	now := wall()
	for i := range 50 { // as many slots
		owner := fmt.Sprint("o", i)
		keys := []ajwt.ReplayKey{key(owner, "a", now+60), key(owner, "b", now+60)}
		result, _ := r.Record(keys, now)
		require.Equal(t, ajwt.ReplayFresh, result)
		result, _ = r.Record(keys[1:], now)
		require.Equal(t, ajwt.ReplaySeen, result)
	}
	a, b := key("o1", "a", 0), key("o2", "a", 0)
	_, err := server.Do("EVAL", "return 1", "2", string(appendName(nil, &a)), string(appendName(nil, &b)))
	require.ErrorContains(t, err, "CROSSSLOT", "the server holds scripts to one slot")

	start := r.Start()
	for wall() <= now+1 {
		time.Sleep(50 * time.Millisecond)
	}
	_, err = server.Do("FLUSHALL")
	require.NoError(t, err)
	require.Equal(t, ajwt.ReplayFresh, one(r, key("o1", "a", now+60), now))
	require.Greater(t, r.Start(), start, "a slot without its marker was lost")

	again := openRedis(t, RedisOptions{URL: server.URL(), Cluster: true})
	require.Equal(t, r.Start(), again.Start(), "a process that comes later reads all markers")

	// A node that reads an old snapshot has its markers, and lacks what came after.
	_, err = server.Do("SAVE")
	require.NoError(t, err)
	require.Equal(t, ajwt.ReplayFresh, one(r, key("o2", "c", now+60), now))
	start = r.Start()
	for wall() <= start {
		time.Sleep(50 * time.Millisecond)
	}
	require.NoError(t, server.Restart())
	require.Eventually(t, func() bool { return one(r, key("o2", "c", now+60), now) == ajwt.ReplayFresh }, patient, 50*time.Millisecond)
	require.Greater(t, r.Start(), start)
}

func TestRedisRefusesUnfitServers(t *testing.T) {
	server := redistest.ForTest(t)
	for _, policy := range []string{"allkeys-lru", "volatile-ttl"} {
		unfit := redistest.ForTest(t, "--maxmemory-policy", policy)
		_, err := OpenRedis(t.Context(), RedisOptions{URL: unfit.URL(), Timeout: patient})
		require.ErrorContains(t, err, policy)
	}
	host, port, _ := strings.Cut(server.Addr, ":")
	replica := redistest.ForTest(t, "--replicaof", host+" "+port)
	_, err := OpenRedis(t.Context(), RedisOptions{URL: replica.URL(), Timeout: patient})
	require.ErrorContains(t, err, "replica")

	// A server that becomes one later, and one that runs out of memory.
	now := wall()
	r := openRedis(t, RedisOptions{URL: server.URL()})
	require.Equal(t, ajwt.ReplayFresh, one(r, key("o", "a", now+60), now))
	_, err = server.Do("CONFIG", "SET", "maxmemory", "1")
	require.NoError(t, err)
	require.Equal(t, ajwt.ReplayFull, one(r, key("o", "b", now+60), now))
	_, err = server.Do("CONFIG", "SET", "maxmemory", "0")
	require.NoError(t, err)
	other := redistest.ForTest(t)
	host, port, _ = strings.Cut(other.Addr, ":")
	_, err = server.Do("REPLICAOF", host, port)
	require.NoError(t, err)
	require.Equal(t, ajwt.ReplayUnavailable, one(r, key("o", "c", now+60), now))
}

func TestRedisWaitsForReplicas(t *testing.T) {
	server := redistest.ForTest(t)
	_, err := OpenRedis(t.Context(), RedisOptions{URL: server.URL(), Timeout: patient, WaitReplicas: 1})
	require.ErrorContains(t, err, "0 replicas")
	host, port, _ := strings.Cut(server.Addr, ":")
	replica := redistest.ForTest(t, "--replicaof", host+" "+port, "--repl-diskless-sync-delay", "0")
	require.Eventually(t, func() bool {
		info, err := server.Do("INFO", "replication")
		return err == nil && strings.Contains(info, "state=online")
	}, patient, 50*time.Millisecond)
	r := openRedis(t, RedisOptions{URL: server.URL(), WaitReplicas: 1})
	now := wall()
	a := key("o", "a", now+60)
	require.Equal(t, ajwt.ReplayFresh, one(r, a, now))
	exists, err := replica.Do("EXISTS", string(appendName(nil, &a)))
	require.NoError(t, err)
	require.Equal(t, "1", exists, "the replica has it when the answer is there")
	require.Equal(t, ajwt.ReplaySeen, one(r, a, now))
	replica.Kill()
	r.o.Timeout = 400 * time.Millisecond
	require.Equal(t, ajwt.ReplayUnavailable, one(r, key("o", "b", now+60), now))
}

// TestRedisWithLittlePower holds that a user who may not ask what the server is gets a
// store with warnings, and that errors never show a password.
func TestRedisWithLittlePower(t *testing.T) {
	server := redistest.ForTest(t)
	_, err := server.Do("ACL", "SETUSER", "ajwt", "on", ">hunter2", "~ajwt:1:*", "+@all", "-info", "-config")
	require.NoError(t, err)
	r := openRedis(t, RedisOptions{URL: strings.Replace(server.URL(), "redis://", "redis://ajwt:hunter2@", 1)})
	require.Len(t, r.Warnings(), 2)
	now := wall()
	require.Equal(t, ajwt.ReplayFresh, one(r, key("o", "a", now+60), now))
	require.NotZero(t, r.Start())
	_, err = OpenRedis(context.Background(), RedisOptions{URL: strings.Replace(server.URL(), "redis://", "redis://ajwt:hunter3@", 1), Timeout: patient})
	require.ErrorContains(t, err, "does not answer")
	require.NotContains(t, err.Error(), "hunter3")
}
