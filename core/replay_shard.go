package ajwt

import (
	"encoding/binary"
	"sync"
)

// replayShard is one part of a ReplayMemory.
type replayShard struct {
	mu       sync.Mutex
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

// allocate takes all the memory that there will ever be, with the first key: a host
// whose routes need no proof never pays for it.
func (s *replayShard) allocate() {
	heads := 1
	for heads < s.capacity {
		heads *= 2
	}
	s.entries, s.byKey = make([]replayEntry, 0, s.capacity), make([]int32, heads)
	s.owners, s.byOwner = make([]replayOwner, 0, s.capacity), make([]int32, heads)
	s.heap = make([]int32, 0, s.capacity)
}

// record is Record under the lock.
func (s *replayShard) record(keys []ReplayKey, now int64) (ReplayResult, int) {
	if s.byKey == nil {
		s.allocate()
	}
	s.expire(now)
	for i := range keys {
		// Requests are not recorded in the order of their clocks. One whose entry would
		// have left already, by the clock of another, may be a repetition.
		if keys[i].Expires <= s.left {
			return ReplaySeen, i
		}
		known, crowded := s.find(&keys[i].Key)
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
		if o := s.findOwner(&keys[i].Owner); o >= 0 {
			held += s.owners[o].live
		}
		for j := range i {
			if keys[j].Owner == keys[i].Owner {
				held++
			}
		}
		if int(held) > s.perKey {
			return ReplayQuota, 0
		}
	}
	if len(s.heap)+len(keys) > s.capacity {
		return ReplayFull, 0
	}
	for i := range keys {
		s.add(&keys[i])
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

func (s *replayShard) find(key *[32]byte) (known, crowded bool) {
	length := 0
	for i := *bucket(s.byKey, key[:]) - 1; i >= 0; i = s.entries[i].next - 1 {
		if string(s.entries[i].key[:]) == string(key[:16]) {
			return true, false
		}
		length++
	}
	return false, length >= longestChain
}

func (s *replayShard) findOwner(id *[32]byte) int32 {
	for i := *bucket(s.byOwner, id[:]) - 1; i >= 0; i = s.owners[i].next - 1 {
		if string(s.owners[i].id[:]) == string(id[:16]) {
			return i
		}
	}
	return -1
}

func (s *replayShard) add(k *ReplayKey) {
	owner := s.findOwner(&k.Owner)
	if owner < 0 {
		if owner = s.freeOwn - 1; owner >= 0 {
			s.freeOwn = s.owners[owner].next
		} else {
			owner = int32(len(s.owners))
			s.owners = append(s.owners, replayOwner{})
		}
		o := &s.owners[owner]
		copy(o.id[:], k.Owner[:])
		head := bucket(s.byOwner, k.Owner[:])
		o.live, o.next, *head = 0, *head, owner+1
	}
	s.owners[owner].live++

	i := s.free - 1
	if i >= 0 {
		s.free = s.entries[i].next
	} else {
		i = int32(len(s.entries))
		s.entries = append(s.entries, replayEntry{})
	}
	e := &s.entries[i]
	copy(e.key[:], k.Key[:])
	head := bucket(s.byKey, k.Key[:])
	e.expires, e.owner, e.next, *head = k.Expires, owner, *head, i+1
	s.push(i)
}

// expire lets go of every entry whose last second has passed.
func (s *replayShard) expire(now int64) {
	for len(s.heap) > 0 && s.entries[s.heap[0]].expires < now {
		i := s.pop()
		e := &s.entries[i]
		s.left = max(s.left, e.expires)
		unlink(bucket(s.byKey, e.key[:]), i, func(j int32) *int32 { return &s.entries[j].next })
		if o := &s.owners[e.owner]; o.live == 1 {
			unlink(bucket(s.byOwner, o.id[:]), e.owner, func(j int32) *int32 { return &s.owners[j].next })
			o.next, s.freeOwn = s.freeOwn, e.owner+1
			o.live = 0
		} else {
			o.live--
		}
		e.next, s.free = s.free, i+1
	}
}

// unlink takes entry i out of the chain that starts at head.
func unlink(head *int32, i int32, next func(int32) *int32) {
	for *head != i+1 {
		head = next(*head - 1)
	}
	*head = *next(i)
}

func (s *replayShard) earlier(a, b int) bool {
	return s.entries[s.heap[a]].expires < s.entries[s.heap[b]].expires
}

func (s *replayShard) push(i int32) {
	s.heap = append(s.heap, i)
	for at := len(s.heap) - 1; at > 0; {
		parent := (at - 1) / 2
		if !s.earlier(at, parent) {
			break
		}
		s.heap[at], s.heap[parent] = s.heap[parent], s.heap[at]
		at = parent
	}
}

func (s *replayShard) pop() int32 {
	top, last := s.heap[0], len(s.heap)-1
	s.heap[0] = s.heap[last]
	s.heap = s.heap[:last]
	for at := 0; ; {
		child := 2*at + 1
		if child >= last {
			break
		}
		if child+1 < last && s.earlier(child+1, child) {
			child++
		}
		if !s.earlier(child, at) {
			break
		}
		s.heap[at], s.heap[child] = s.heap[child], s.heap[at]
		at = child
	}
	return top
}
