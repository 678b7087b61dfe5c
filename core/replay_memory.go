package ajwt

// ReplayMemory is a Replay of this process, bounded and flat. Only expired entries
// leave it; when it is full of live ones it refuses, and one owner holds at most its
// quota, so that no single key can fill it. An entry of a proof lives for at most
// max_age + 2·skew: the quota divided by that is the rate that one key may keep up.
//
// A large memory has shards with a lock each. All keys of a decision have one Tag and
// lie in the shard that it names, so that taking all of them or none is one lock, and
// a key always meets itself: Key is never the same under two tags.
type ReplayMemory struct {
	start  int64
	shards []replayShard // a power of two of them
}

// NewReplayMemory makes a memory of so many entries, perKey of them at most for one
// owner. start is the NumericDate at which it starts empty; zero or less states that
// nothing was used before, which is true of tests alone.
//
// It has as many shards as leave each of them replayShardEntries entries and perKey at
// most a sixteenth of one, so at least sixteen owners share what one could not fill.
// A shard is full when its part of the capacity is.
func NewReplayMemory(capacity, perKey int, start int64) *ReplayMemory {
	capacity = min(max(capacity, 1), maxReplay)
	perKey = min(max(perKey, 1), capacity)
	n := replayShards(capacity)
	for n > 1 && perKey > capacity/n/quotaShare {
		n /= 2
	}
	m := &ReplayMemory{start: start, shards: make([]replayShard, n)}
	for i := range m.shards {
		// What does not divide goes to the first shards, one entry each.
		m.shards[i].capacity, m.shards[i].perKey = capacity/n, perKey
		if i < capacity%n {
			m.shards[i].capacity++
		}
	}
	return m
}

// replayShardEntries is the least size of a shard: smaller ones would be full by chance
// and give one owner little, for locks that nobody waits for.
const replayShardEntries = 1 << 16

// replayShards is the number of shards of a memory of so many entries, where quotas
// admit it: a power of two.
func replayShards(capacity int) int {
	n := 1
	for n < maxReplayShards && capacity/(2*n) >= replayShardEntries {
		n *= 2
	}
	return n
}

// defaultPerKey is a sixteenth of a shard, and at least 1.
func defaultPerKey(capacity int) int {
	return max(1, capacity/replayShards(capacity)/quotaShare)
}

// Start implements Replay.
func (m *ReplayMemory) Start() int64 { return m.start }

// Len returns the number of entries, expired ones that have not left included.
func (m *ReplayMemory) Len() int {
	n := 0
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		n += len(s.heap)
		s.mu.Unlock()
	}
	return n
}

// shard is where all keys of one tag lie.
func (m *ReplayMemory) shard(tag *[32]byte) *replayShard {
	return &m.shards[int(tag[31])&(len(m.shards)-1)]
}

// Record implements Replay. Keys of several tags, which no decision has, are refused.
func (m *ReplayMemory) Record(keys []ReplayKey, now int64) (ReplayResult, int) {
	if !OneTag(keys) {
		return ReplayUnavailable, 0
	}
	s := m.shard(&keys[0].Tag)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.record(keys, now)
}

// OneTag tells whether there is a key and all have one tag, as the keys of a decision do.
func OneTag(keys []ReplayKey) bool {
	for i := range keys {
		if keys[i].Tag != keys[0].Tag {
			return false
		}
	}
	return len(keys) > 0
}
