package filter

import (
	"encoding/binary"
	"math"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// A shard's value in the shared data: a head, then entries in the order of their keys.
//
//	0  4  layout, "AJR\x02"
//	4  4  number of entries
//	8  8  left: the latest expiry that has left
//	16 8  swept: when expired entries were last let go
//
// An entry: the first 8 bytes of the key's SHA-256, the first 4 of the owner's, the expiry
// (4). All integers are little endian. Every decision copies its shard, so entries are
// short. A key that shares its 8 bytes with another one's is refused, never let pass: by
// chance that happens once in 2^49 requests with the largest share, and nobody can bring it
// about for a proof that somebody else has yet to make. Owners that share 4 bytes share a
// quota.
const (
	tableLayout = "AJR\x02"
	tableHead   = 24
	entryBytes  = 16
	keyBytes    = 8
	ownerBytes  = 4
	sweepEvery  = 30 // seconds
)

// emptyTable is the value of a new shard.
func emptyTable() []byte { return append([]byte(tableLayout), make([]byte, tableHead-4)...) }

// table is a shard's value while it is changed, in the memory that the host wrote it to.
// Entries live longer than their keys say by so many seconds.
type table struct {
	data   []byte
	longer int64
}

// read takes up a value; false where it is none.
func (t *table) read(value []byte) bool {
	if len(value) < tableHead || string(value[:4]) != tableLayout {
		return false
	}
	if n := uint64(binary.LittleEndian.Uint32(value[4:])); uint64(len(value)) != tableHead+n*entryBytes {
		return false
	}
	t.data = value
	return true
}

func (t *table) count() int          { return (len(t.data) - tableHead) / entryBytes }
func (t *table) entry(i int) []byte  { return t.data[tableHead+i*entryBytes:][:entryBytes] }
func (t *table) left() int64         { return int64(binary.LittleEndian.Uint64(t.data[8:])) }
func (t *table) swept() int64        { return int64(binary.LittleEndian.Uint64(t.data[16:])) }
func (t *table) setLeft(n int64)     { binary.LittleEndian.PutUint64(t.data[8:], uint64(n)) }
func (t *table) expires(i int) int64 { return expiryOf(t.entry(i)) }
func expiryOf(entry []byte) int64    { return int64(binary.LittleEndian.Uint32(entry[12:])) }
func (t *table) resize(entries int)  { t.data = t.data[:tableHead+entries*entryBytes] }

func (t *table) find(key *[32]byte) (at int, found bool) {
	end := t.count()
	for at < end {
		if middle := (at + end) / 2; string(t.entry(middle)[:keyBytes]) < string(key[:keyBytes]) {
			at = middle + 1
		} else {
			end = middle
		}
	}
	return at, at < t.count() && string(t.entry(at)[:keyBytes]) == string(key[:keyBytes])
}

// sweep lets go of every entry whose last second has passed.
func (t *table) sweep(now int64) {
	kept, left := 0, t.left()
	for i := range t.count() {
		e := t.entry(i)
		if at := expiryOf(e); at < now {
			left = max(left, at)
			continue
		}
		copy(t.entry(kept), e)
		kept++
	}
	t.resize(kept)
	t.setLeft(left)
	binary.LittleEndian.PutUint64(t.data[16:], uint64(now))
}

func (t *table) remove(at int) {
	t.setLeft(max(t.left(), t.expires(at)))
	copy(t.data[tableHead+at*entryBytes:], t.data[tableHead+(at+1)*entryBytes:])
	t.resize(t.count() - 1)
}

var noEntry [entryBytes]byte

func (t *table) insert(k *ajwt.ReplayKey) {
	at, _ := t.find(&k.Key)
	t.data = append(t.data, noEntry[:]...)
	from := tableHead + at*entryBytes
	copy(t.data[from+entryBytes:], t.data[from:])
	e := t.entry(at)
	copy(e[:keyBytes], k.Key[:])
	copy(e[keyBytes:keyBytes+ownerBytes], k.Owner[:])
	binary.LittleEndian.PutUint32(e[12:], uint32(k.Expires+t.longer))
}

// held counts the live entries of an owner.
func (t *table) held(owner *[32]byte, now int64) (n int) {
	for i := range t.count() {
		e := t.entry(i)
		if string(e[keyBytes:keyBytes+ownerBytes]) == string(owner[:ownerBytes]) && expiryOf(e) >= now {
			n++
		}
	}
	return n
}

// record takes all keys or none, as core's ReplayMemory does. After ReplayFresh the
// table's data are the shard's next value.
func (t *table) record(keys []ajwt.ReplayKey, now int64, capacity, perKey int) (result ajwt.ReplayResult, seen int) {
	if now > t.swept()+sweepEvery || t.count()+len(keys) > capacity {
		t.sweep(now)
	}
	for i := range keys {
		if keys[i].Expires+t.longer > math.MaxUint32 { // the year 2106
			return ajwt.ReplayUnavailable, 0
		}
		// One that expires no later than what has left may have been among it.
		if keys[i].Expires+t.longer <= t.left() {
			return ajwt.ReplaySeen, i
		}
		if at, found := t.find(&keys[i].Key); found {
			if t.expires(at) >= now {
				return ajwt.ReplaySeen, i
			}
			t.remove(at)
		}
		for j := range i {
			if keys[j].Key == keys[i].Key {
				return ajwt.ReplaySeen, i
			}
		}
	}
	if t.count()+len(keys) > perKey { // else nobody can hold more than a share
		for i := range keys {
			held := t.held(&keys[i].Owner, now)
			for j := range i + 1 {
				if keys[j].Owner == keys[i].Owner {
					held++
				}
			}
			if held > perKey {
				return ajwt.ReplayQuota, 0
			}
		}
	}
	if t.count()+len(keys) > capacity {
		return ajwt.ReplayFull, 0
	}
	for i := range keys {
		t.insert(&keys[i])
	}
	binary.LittleEndian.PutUint32(t.data[4:], uint32(t.count()))
	return ajwt.ReplayFresh, 0
}
