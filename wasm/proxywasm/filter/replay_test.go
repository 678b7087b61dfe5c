package filter

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
	"github.com/agentic-jwt/ajwt/wasm/proxywasm/abi"
)

var usual = window{60, 30, 600, 30}

func key(name, owner string, expires int64) ajwt.ReplayKey {
	k := ajwt.ReplayKey{Key: sha256.Sum256([]byte(name)), Owner: sha256.Sum256([]byte(owner)), Expires: expires}
	k.Tag = k.Owner
	return k
}

func open(t testing.TB, p *proxy, capacity, perKey int) *sharedReplay {
	t.Helper()
	r, ok := openReplay(p, capacity, perKey, usual, p.now)
	require.True(t, ok)
	return r
}

// TestReplayAgreesWithCore holds that a shard answers as core's memory does.
func TestReplayAgreesWithCore(t *testing.T) {
	for seed := range uint64(10) {
		rng := rand.New(rand.NewPCG(seed, 1))
		capacity := 1 + rng.IntN(40)
		perKey := 1 + rng.IntN(capacity)
		p := newProxy()
		p.now = 1000
		ours, theirs := open(t, p, capacity, perKey), ajwt.NewReplayMemory(capacity, perKey, 1000)
		results := map[ajwt.ReplayResult]int{}
		now := int64(1000)
		for range 2000 {
			now += int64(rng.IntN(3))
			var keys []ajwt.ReplayKey
			owner := fmt.Sprint(rng.IntN(6))
			for i := range 1 + rng.IntN(2) {
				keys = append(keys, key(fmt.Sprint(rng.IntN(200), i), owner, now+int64(rng.IntN(30))))
			}
			want, wantSeen := theirs.Record(keys, now)
			got, gotSeen := ours.Record(keys, now)
			require.Equal(t, want, got, "seed %d", seed)
			require.Equal(t, wantSeen, gotSeen)
			results[got]++
		}
		require.NotZero(t, results[ajwt.ReplayFresh])
		require.NotZero(t, results[ajwt.ReplaySeen])
	}
}

// Another worker's change between get and set is never lost.
func TestReplayTwoWorkers(t *testing.T) {
	p := newProxy()
	one := open(t, p, 1<<16, 4096)
	q := p.worker()
	two := open(t, q, 1<<16, 4096)
	k := []ajwt.ReplayKey{key("a", "o", p.now+60)}
	p.beforeSet = func(string) {
		result, _ := two.Record(k, p.now)
		require.Equal(t, ajwt.ReplayFresh, result)
	}
	result, _ := one.Record(k, p.now)
	require.Equal(t, ajwt.ReplaySeen, result, "one proof, two workers: one of them takes it")
	require.Equal(t, 1, one.conflicts)

	for i := range 50 {
		result, _ := one.Record([]ajwt.ReplayKey{key(number(i), number(i), p.now+60)}, p.now)
		require.Equal(t, ajwt.ReplayFresh, result)
		result, _ = two.Record([]ajwt.ReplayKey{key(number(i), number(i), p.now+60)}, p.now)
		require.Equal(t, ajwt.ReplaySeen, result)
	}
	require.Len(t, p.shared.values, manyShards+1, "the table is fixed")
}

// A worker that can never be first gives no answer, which rejects.
func TestReplayNeverEndingConflict(t *testing.T) {
	p := newProxy()
	r := open(t, p, 10, 10)
	var again func(string)
	again = func(name string) { p.SetShared(name, emptyTable(), 0); p.beforeSet = again }
	p.beforeSet = again
	result, _ := r.Record([]ajwt.ReplayKey{key("a", "o", p.now+60)}, p.now)
	require.Equal(t, ajwt.ReplayUnavailable, result)
}

// A second configuration, or an instance that starts later, must not erase what there is.
func TestReplayIsCreatedOnce(t *testing.T) {
	for _, absent := range []bool{false, true} {
		p := newProxy()
		p.shared.absent = absent
		r := open(t, p, 1<<16, 4096)
		k := []ajwt.ReplayKey{key("a", "o", p.now+60)}
		result, _ := r.Record(k, p.now)
		require.Equal(t, ajwt.ReplayFresh, result)
		q := p.worker()
		q.now += 50
		again := open(t, q, 1<<16, 4096)
		require.Equal(t, p.now, again.Start(), "the start is that of the memory")
		result, _ = again.Record(k, q.now)
		require.Equal(t, ajwt.ReplaySeen, result)
	}

	// Two instances find nothing at the same time: the second one's shards are the first one's.
	p := newProxy()
	q := p.worker()
	q.now += 7
	p.beforeSet = func(string) {
		two := open(t, q, 10, 10)
		result, _ := two.Record([]ajwt.ReplayKey{key("a", "o", p.now+60)}, p.now)
		require.Equal(t, ajwt.ReplayFresh, result)
	}
	one := open(t, p, 10, 10)
	require.Equal(t, q.now, one.Start())
	result, _ := one.Record([]ajwt.ReplayKey{key("a", "o", p.now+60)}, p.now)
	require.Equal(t, ajwt.ReplaySeen, result)
}

// A longer window wants entries that have left: the memory starts anew and forgets nothing.
func TestReplayWindowGrows(t *testing.T) {
	p := newProxy()
	r := open(t, p, 10, 10)
	k := []ajwt.ReplayKey{key("a", "o", p.now+60)}
	r.Record(k, p.now)
	start := p.now
	p.now += 10
	for _, w := range []window{{60, 30, 600, 30}, {30, 30, 600, 30}, {60, 0, 1, 0}} {
		same, ok := openReplay(p, 10, 10, w, p.now)
		require.True(t, ok)
		require.Equal(t, start, same.Start())
	}
	grown, ok := openReplay(p, 10, 10, window{61, 30, 600, 30}, p.now)
	require.True(t, ok)
	require.Equal(t, p.now, grown.Start())
	result, _ := grown.Record(k, p.now)
	require.Equal(t, ajwt.ReplaySeen, result)
	back, _ := openReplay(p, 10, 10, usual, p.now+5)
	require.Equal(t, p.now, back.Start())
}

// A proof that was used under one policy is not used again under the policy before it, or
// on a connection that the policy before still serves: entries live as long as any policy
// of this memory takes the proof.
func TestReplayWindowShrinksAndComesBack(t *testing.T) {
	const iat = 1000
	for name, tt := range map[string]struct {
		before, between window
		used, again     int64 // expiry of the proof under the two policies
	}{
		"max_age":             {window{120, 30, 600, 30}, window{60, 30, 600, 30}, iat + 90, iat + 150},
		"skew":                {window{60, 60, 600, 60}, window{60, 0, 600, 0}, iat + 60, iat + 120},
		"skew of one issuer":  {window{60, 60, 600, 60}, window{60, 60, 600, 0}, iat + 60, iat + 120},
		"skew of another one": {window{60, 60, 600, 10}, window{60, 60, 600, 10}, iat + 70, iat + 120},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProxy()
			p.now = iat
			old, ok := openReplay(p, 10, 10, tt.before, iat)
			require.True(t, ok)
			r, ok := openReplay(p, 10, 10, tt.between, iat)
			require.True(t, ok)
			result, _ := r.Record([]ajwt.ReplayKey{key("a", "o", tt.used)}, iat+5)
			require.Equal(t, ajwt.ReplayFresh, result)
			for now := iat + int64(6); now <= tt.again; now++ {
				_, _ = r.Record([]ajwt.ReplayKey{key("b", "o", now)}, now) // sweeps
				result, _ = old.Record([]ajwt.ReplayKey{key("a", "o", tt.again)}, now)
				require.Equal(t, ajwt.ReplaySeen, result, now-iat)
			}
			again, ok := openReplay(p, 10, 10, tt.before, tt.again)
			require.True(t, ok)
			require.Equal(t, int64(iat), again.Start())
			result, _ = again.Record([]ajwt.ReplayKey{key("a", "o", tt.again)}, tt.again)
			require.Equal(t, ajwt.ReplaySeen, result)
		})
	}
}

// A policy with a wider window comes while connections of the one before go on: what is
// used there from then on is remembered for the wider one.
func TestReplayWindowGrowsMeanwhile(t *testing.T) {
	const iat = 2000
	p := newProxy()
	p.now = iat - 100
	old := open(t, p, 10, 10)
	wide, ok := openReplay(p, 10, 10, window{120, 30, 600, 30}, iat-50)
	require.True(t, ok)
	old.look()
	result, _ := old.Record([]ajwt.ReplayKey{key("a", "o", iat+90)}, iat+1)
	require.Equal(t, ajwt.ReplayFresh, result)
	_, _ = wide.Record([]ajwt.ReplayKey{key("b", "o", iat+300)}, iat+140)
	result, _ = wide.Record([]ajwt.ReplayKey{key("a", "o", iat+150)}, iat+140)
	require.Equal(t, ajwt.ReplaySeen, result)
}

// A policy whose capacity needs another layout uses another memory. The one before, taken
// up again, knows nothing of what was used in between.
func TestReplayOtherLayoutAndBack(t *testing.T) {
	p := warm()
	small := append([]byte(`{"replay":{"capacity":100},`), abitest.Policy()[1:]...)
	r := configured(t, p, small)
	require.Equal(t, int64(abitest.Now), r.replay.Start())
	p.now = later + 100
	large := configured(t, p, abitest.Policy())
	require.Equal(t, p.now, large.replay.Start())
	p.now += 10
	back := configured(t, p, small)
	require.Equal(t, p.now, back.replay.Start())
	require.Equal(t, p.now, configured(t, p, small).replay.Start())
}

func TestReplayUnavailable(t *testing.T) {
	p := newProxy()
	r := open(t, p, 10, 10)
	k := []ajwt.ReplayKey{key("a", "o", p.now+60)}
	for name, value := range map[string][]byte{
		"cut off": emptyTable()[:20], "other layout": append([]byte("AJR\x01"), emptyTable()[4:]...),
		"wrong count": append(emptyTable(), make([]byte, entryBytes)...), "nothing": {},
	} {
		p.SetShared(r.names[0], value, 0)
		result, _ := r.Record(k, p.now)
		require.Equal(t, ajwt.ReplayUnavailable, result, name)
	}
	delete(p.shared.values, r.names[0])
	result, _ := r.Record(k, p.now)
	require.Equal(t, ajwt.ReplayUnavailable, result, "a shard that is gone is not made anew in a request")
	require.NotContains(t, p.shared.values, r.names[0])
	result, _ = r.Record([]ajwt.ReplayKey{key("a", "x", 9), key("b", "y", 9)}, p.now)
	require.Equal(t, ajwt.ReplayUnavailable, result, "keys of several tags")
	result, _ = r.Record(nil, p.now)
	require.Equal(t, ajwt.ReplayUnavailable, result)
	r = open(t, newProxy(), 10, 10)
	result, _ = r.Record([]ajwt.ReplayKey{key("a", "o", 1<<32)}, p.now)
	require.Equal(t, ajwt.ReplayUnavailable, result, "an expiry that an entry cannot hold")
	p.SetShared(replayPrefix+"1/about", []byte("x"), 0)
	_, ok := openReplay(p, 10, 10, usual, p.now)
	require.False(t, ok)
}

func TestReplayBounds(t *testing.T) {
	p := newProxy()
	r := open(t, p, 1<<20, 1<<16)
	require.Equal(t, keyEntries, r.perKey)
	require.Equal(t, 2*keyEntries, r.capacity)
	p = newProxy()
	r = open(t, p, 1<<16, 1<<12)
	require.Len(t, r.names, manyShards)
	require.Equal(t, 1<<12, r.perKey, "what the policy says")
	taken := 0
	for i := range 1 << 13 {
		if result, _ := r.Record([]ajwt.ReplayKey{key(number(i), "o", p.now+60)}, p.now); result != ajwt.ReplayFresh {
			require.Equal(t, ajwt.ReplayQuota, result)
			break
		}
		taken++
	}
	require.Equal(t, r.capacity/2, taken, "one key cannot fill its shard")
	for _, v := range p.shared.values {
		require.LessOrEqual(t, len(v), tableHead+r.capacity*entryBytes)
	}
	result, _ := r.Record([]ajwt.ReplayKey{key("late", "o", p.now+200)}, p.now+61)
	require.Equal(t, ajwt.ReplayFresh, result, "what has expired makes room")
}

// Through the filter: a proof is taken once, by any worker, and a cold memory refuses.
func TestReplayThroughFilter(t *testing.T) {
	p := warm()
	p.config = abitest.Policy()
	r := configured(t, p, p.config)
	q := p.worker()
	s := configured(t, q, p.config)
	p.send(abitest.Request(abitest.SingleUse, later, 1))
	q.send(abitest.Request(abitest.SingleUse, later, 1))
	require.Equal(t, abi.Passed, r.RequestHeaders(true))
	require.Equal(t, abi.Refused, s.RequestHeaders(true))
	require.Equal(t, "replay_token_reused", q.code())

	cold := newProxy()
	c := configured(t, cold, abitest.Policy())
	cold.send(abitest.Request(abitest.Repository, abitest.Now, 1))
	require.Equal(t, abi.Refused, c.RequestHeaders(true))
	require.Equal(t, "replay_proof_cold_start", cold.code())

	delete(p.shared.values, replayPrefix+"256/"+number(int(replayTagOf(t)[31])))
	p.send(abitest.Request(abitest.Repository, later, 2))
	require.Equal(t, abi.Refused, r.RequestHeaders(true))
	require.Equal(t, "replay_store_unavailable", p.code())
}

// replayTagOf finds the tag of abitest's key.
func replayTagOf(t *testing.T) (tag [32]byte) {
	policy, err := ajwt.ParsePolicy(abitest.Policy())
	require.NoError(t, err)
	v, err := ajwt.NewVerifier(policy, ajwt.Options{Replay: ajwt.DeferredReplay(1)})
	require.NoError(t, err)
	d := v.Verify(abitest.Request(abitest.Repository, later, 1))
	require.True(t, d.Deferred)
	return d.Replay[0].Tag
}

func TestRecordAllocatesNothing(t *testing.T) {
	p := newProxy()
	r := open(t, p, 1<<16, 4096)
	for i := range 100 {
		r.Record([]ajwt.ReplayKey{key(number(i), "o", p.now+60)}, p.now)
	}
	value := p.shared.values[r.names[int(key("", "o", 0).Tag[31])]]
	keys := []ajwt.ReplayKey{key("x", "o", p.now+60)}
	block := make([]byte, 0, len(value)+entryBytes) // as the host's results have room
	require.Zero(t, testing.AllocsPerRun(100, func() {
		require.True(t, r.table.read(append(block, value...)))
		r.table.record(keys, p.now, r.capacity, r.perKey)
	}))
}
