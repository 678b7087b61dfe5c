package ajwt

import (
	"encoding/binary"
	"sync"
)

// ReplayMemory is a Replay of this process, bounded and flat. Only expired entries
// leave it; when it is full of live ones it refuses, and one owner holds at most its
// quota, so that no single key can fill it. An entry of a proof lives for at most
// max_age + 2·skew: the quota divided by that is the rate that one key may keep up.
type ReplayMemory struct {
	mu       sync.Mutex
	start    int64
	capacity int
	perKey   int

	entries []replayEntry
	byKey   []int32 // heads of chains through entries, index+1
	heap    []int32 // entries by Expires, the earliest first
	free    int32   // chain of unused entries, index+1
	owners  []replayOwner
	byOwner []int32
	freeOwn int32

	left int64 // the latest Expires that has left: what expires by then may have been known
}

// replayEntry keeps half of the key's SHA-256: a second text with that half would
// take 2^128 tries, and would only get its own sender refused.
type replayEntry struct {
	key     [16]byte
	expires int64
	owner   int32
	next    int32
}

type replayOwner struct {
	id   [16]byte
	live int32
	next int32
}

// NewReplayMemory makes a memory of so many entries, perKey of them at most for one
// owner. start is the NumericDate at which it starts empty; zero or less states that
// nothing was used before, which is true of tests alone.
func NewReplayMemory(capacity, perKey int, start int64) *ReplayMemory {
	capacity = min(max(capacity, 1), maxReplay)
	return &ReplayMemory{start: start, capacity: capacity, perKey: min(max(perKey, 1), capacity)}
}

// allocate takes all the memory that there will ever be, with the first key: a host
// whose routes need no proof never pays for it.
func (m *ReplayMemory) allocate() {
	heads := 1
	for heads < m.capacity {
		heads *= 2
	}
	m.entries, m.byKey = make([]replayEntry, 0, m.capacity), make([]int32, heads)
	m.owners, m.byOwner = make([]replayOwner, 0, m.capacity), make([]int32, heads)
	m.heap = make([]int32, 0, m.capacity)
}

// Start implements Replay.
func (m *ReplayMemory) Start() int64 { return m.start }

// Len returns the number of entries, expired ones that have not left included.
func (m *ReplayMemory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.heap)
}

// Record implements Replay.
func (m *ReplayMemory) Record(keys []ReplayKey, now int64) (ReplayResult, int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byKey == nil {
		m.allocate()
	}
	m.expire(now)
	for i := range keys {
		// Requests are not recorded in the order of their clocks. One whose entry would
		// have left already, by the clock of another, may be a repetition.
		if keys[i].Expires <= m.left {
			return ReplaySeen, i
		}
		known, crowded := m.find(&keys[i].Key)
		if known {
			return ReplaySeen, i
		}
		if crowded {
			return ReplayQuota, 0
		}
		for j := range i {
			if keys[j].Key == keys[i].Key {
				return ReplaySeen, i
			}
		}
	}
	for i := range keys {
		held := int32(1)
		if o := m.findOwner(&keys[i].Owner); o >= 0 {
			held += m.owners[o].live
		}
		for j := range i {
			if keys[j].Owner == keys[i].Owner {
				held++
			}
		}
		if int(held) > m.perKey {
			return ReplayQuota, 0
		}
	}
	if len(m.heap)+len(keys) > m.capacity {
		return ReplayFull, 0
	}
	for i := range keys {
		m.add(&keys[i])
	}
	return ReplayFresh, 0
}

// longestChain is where a chain stops being chance. A sender can search for proofs
// that share a bucket (2^18 tries for each); beyond this length they are refused, so
// that nobody can make the memory slow for others.
const longestChain = 32

// bucket places a hash.
func bucket(heads []int32, hash []byte) *int32 {
	return &heads[binary.LittleEndian.Uint32(hash)&uint32(len(heads)-1)]
}

func (m *ReplayMemory) find(key *[32]byte) (known, crowded bool) {
	length := 0
	for i := *bucket(m.byKey, key[:]) - 1; i >= 0; i = m.entries[i].next - 1 {
		if string(m.entries[i].key[:]) == string(key[:16]) {
			return true, false
		}
		length++
	}
	return false, length >= longestChain
}

func (m *ReplayMemory) findOwner(id *[32]byte) int32 {
	for i := *bucket(m.byOwner, id[:]) - 1; i >= 0; i = m.owners[i].next - 1 {
		if string(m.owners[i].id[:]) == string(id[:16]) {
			return i
		}
	}
	return -1
}

func (m *ReplayMemory) add(k *ReplayKey) {
	owner := m.findOwner(&k.Owner)
	if owner < 0 {
		if owner = m.freeOwn - 1; owner >= 0 {
			m.freeOwn = m.owners[owner].next
		} else {
			owner = int32(len(m.owners))
			m.owners = append(m.owners, replayOwner{})
		}
		o := &m.owners[owner]
		copy(o.id[:], k.Owner[:])
		head := bucket(m.byOwner, k.Owner[:])
		o.live, o.next, *head = 0, *head, owner+1
	}
	m.owners[owner].live++

	i := m.free - 1
	if i >= 0 {
		m.free = m.entries[i].next
	} else {
		i = int32(len(m.entries))
		m.entries = append(m.entries, replayEntry{})
	}
	e := &m.entries[i]
	copy(e.key[:], k.Key[:])
	head := bucket(m.byKey, k.Key[:])
	e.expires, e.owner, e.next, *head = k.Expires, owner, *head, i+1
	m.push(i)
}

// expire lets go of every entry whose last second has passed.
func (m *ReplayMemory) expire(now int64) {
	for len(m.heap) > 0 && m.entries[m.heap[0]].expires < now {
		i := m.pop()
		e := &m.entries[i]
		m.left = max(m.left, e.expires)
		unlink(bucket(m.byKey, e.key[:]), i, func(j int32) *int32 { return &m.entries[j].next })
		if o := &m.owners[e.owner]; o.live == 1 {
			unlink(bucket(m.byOwner, o.id[:]), e.owner, func(j int32) *int32 { return &m.owners[j].next })
			o.next, m.freeOwn = m.freeOwn, e.owner+1
			o.live = 0
		} else {
			o.live--
		}
		e.next, m.free = m.free, i+1
	}
}

// unlink takes entry i out of the chain that starts at head.
func unlink(head *int32, i int32, next func(int32) *int32) {
	for *head != i+1 {
		head = next(*head - 1)
	}
	*head = *next(i)
}

func (m *ReplayMemory) earlier(a, b int) bool {
	return m.entries[m.heap[a]].expires < m.entries[m.heap[b]].expires
}

func (m *ReplayMemory) push(i int32) {
	m.heap = append(m.heap, i)
	for at := len(m.heap) - 1; at > 0; {
		parent := (at - 1) / 2
		if !m.earlier(at, parent) {
			break
		}
		m.heap[at], m.heap[parent] = m.heap[parent], m.heap[at]
		at = parent
	}
}

func (m *ReplayMemory) pop() int32 {
	top, last := m.heap[0], len(m.heap)-1
	m.heap[0] = m.heap[last]
	m.heap = m.heap[:last]
	for at := 0; ; {
		child := 2*at + 1
		if child >= last {
			break
		}
		if child+1 < last && m.earlier(child+1, child) {
			child++
		}
		if !m.earlier(child, at) {
			break
		}
		m.heap[at], m.heap[child] = m.heap[child], m.heap[at]
		at = child
	}
	return top
}
