package filter

import (
	"encoding/binary"
	"strconv"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/proxywasm/abi"
)

// sharedReplay is the replay memory of a proxy process: shards in its shared data, which
// all workers change by compare-and-swap. All keys of a decision lie in one shard, since
// two cannot be changed together. The shards are made once, when the first instance is
// configured, and never deleted: the shared data knows no expiry, so what has expired
// makes room for what comes.
//
// Shared data lives as long as the process, through reloads of the configuration. Every
// plugin with the same vm_id can write to it: give this one an id of its own.
type sharedReplay struct {
	host      abi.Host
	about     string // name of the value that begin makes
	names     []string
	capacity  int // entries of a shard
	perKey    int // of one owner
	window    window
	start     int64
	table     table
	conflicts int // other workers were quicker; for the metric
}

const (
	// replayPrefix names the layout: a module that writes another uses other names.
	replayPrefix = "ajwt/replay/2/"
	// manyShards keep a shard small, and with it the copy that each decision makes:
	// 65,536 entries of many keys lie in values of 8 KB.
	manyShards = 256
	// oneShard is the capacity up to which a single shard holds it to the entry.
	oneShard = 4096
	// keyEntries bounds the share of one key, whatever the policy says: a decision
	// copies all entries of the shard, 16 bytes each.
	keyEntries = 16384
	// swaps bounds the tries against other workers.
	swaps = 100
	// createCAS is a number that no value has had. Setting an absent value under it
	// succeeds, and a present one is left alone: a value is made, never erased.
	createCAS = 1<<32 - 1
)

// window is how long entries live: while it does not grow, what has left the memory
// cannot be used again. skew is the largest of the issuers', leastSkew the smallest. The
// memory has the widest window of all policies that have used it: another one may follow,
// or the one before come back, while its entries are there.
type window struct{ maxAge, skew, lifetime, leastSkew int64 }

func (w window) within(o window) bool {
	return w.maxAge <= o.maxAge && w.skew <= o.skew && w.lifetime <= o.lifetime
}

// longer is by how many seconds entries of a policy with this window live longer than it
// asks for, in a memory with a wider one: whatever the issuer, no policy within the wider
// one takes a proof after its entry has left.
func (w window) longer(widest window) int64 {
	return max(widest.maxAge+widest.skew-w.maxAge-w.leastSkew, 0)
}

// shardsOf is how many shards hold so many entries.
func shardsOf(capacity int) int {
	if capacity > oneShard {
		return manyShards
	}
	return 1
}

// openReplay makes the memory, or takes up that of an earlier configuration. capacity is
// the policy's number of entries: up to oneShard it holds to the entry. Above, keys are
// spread over shards, each with room for two owners that use up their share; so the
// memory is at most 256 times 32 bytes times the share, if that many entries are live.
func openReplay(host abi.Host, capacity, perKey int, w window, now int64) (*sharedReplay, bool) {
	r := &sharedReplay{host: host, capacity: capacity, perKey: perKey, window: w}
	shards := shardsOf(capacity)
	if shards > 1 {
		r.perKey = min(perKey, keyEntries)
		r.capacity = min(capacity, max(2*r.perKey, capacity/manyShards*2))
	}
	prefix := replayPrefix + strconv.Itoa(shards) + "/"
	r.about = prefix + "about"
	for i := range shards {
		r.names = append(r.names, prefix+strconv.Itoa(i))
	}
	return r, r.begin(now)
}

// begin finds out when the memory started empty, and starts it where it is new. The value
// is start and window, 8 bytes each.
func (r *sharedReplay) begin(now int64) bool {
	name, w := r.about, r.window
	for range swaps {
		value, cas, status := r.host.Shared(name)
		switch {
		case status == abi.StatusNotFound:
			for _, shard := range r.names {
				if !create(r.host, shard, emptyTable()) {
					return false
				}
			}
			if !create(r.host, name, aboutReplay(now, w)) {
				return false
			}
			continue // whoever was first, its value counts
		case status != abi.StatusOK || len(value) != aboutBytes:
			return false
		}
		start, old := readAbout(value)
		if r.start = start; w.within(old) {
			r.table.longer = w.longer(old)
			return true
		}
		// Entries have left that a longer window would still want: start anew, and
		// keep what there is.
		grown := window{maxAge: max(w.maxAge, old.maxAge), skew: max(w.skew, old.skew), lifetime: max(w.lifetime, old.lifetime)}
		if cas != 0 && r.host.SetShared(name, aboutReplay(now, grown), cas) == abi.StatusOK {
			r.start, r.table.longer = now, w.longer(grown)
			return true
		}
	}
	return false
}

// servedName is the value that says which memory this process uses: the NumericDate since
// when, 8 bytes, and the URL of a store with the policy's times, or the number of shards.
const servedName = replayPrefix + "served"

// servedSince is the NumericDate since when this process has used a memory, 0 for always.
// A memory that a policy leaves and a later one takes up again knows nothing of what was
// used in between, nor does a store of what the process remembered before.
func servedSince(host abi.Host, memory string, now int64) (since int64, ok bool) {
	for range swaps {
		value, cas, status := host.Shared(servedName)
		switch {
		case status == abi.StatusNotFound:
			if !create(host, servedName, append(make([]byte, 8), memory...)) {
				return 0, false
			}
			continue
		case status != abi.StatusOK || cas == 0 || len(value) < 8:
			return 0, false
		case string(value[8:]) == memory:
			return int64(binary.LittleEndian.Uint64(value)), true
		}
		if host.SetShared(servedName, append(binary.LittleEndian.AppendUint64(nil, uint64(now)), memory...), cas) == abi.StatusOK {
			return now, true
		}
	}
	return 0, false
}

// look finds out whether a later policy has widened the window, while connections of this
// one go on.
func (r *sharedReplay) look() {
	if value, _, status := r.host.Shared(r.about); status == abi.StatusOK && len(value) == aboutBytes {
		_, widest := readAbout(value)
		r.table.longer = max(r.table.longer, r.window.longer(widest))
	}
}

const aboutBytes = 4 * 8

func readAbout(value []byte) (start int64, w window) {
	number := func(at int) int64 { return int64(binary.LittleEndian.Uint64(value[at:])) }
	return number(0), window{maxAge: number(8), skew: number(16), lifetime: number(24)}
}

func aboutReplay(start int64, w window) []byte {
	var b []byte
	for _, n := range [...]int64{start, w.maxAge, w.skew, w.lifetime} {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	return b
}

// create sets a value that does not exist, and leaves one alone that does.
func create(host abi.Host, name string, value []byte) bool {
	switch host.SetShared(name, value, createCAS) {
	case abi.StatusOK:
		return true
	case abi.StatusCASMismatch:
		// It exists; or the host does not set absent values under a number.
		if _, _, status := host.Shared(name); status == abi.StatusNotFound {
			return host.SetShared(name, value, 0) == abi.StatusOK
		}
		return true
	}
	return false
}

// Start implements ajwt.Replay. The shared data cannot be lost while the module lives.
func (r *sharedReplay) Start() int64 { return r.start }

// Record implements ajwt.Replay.
func (r *sharedReplay) Record(keys []ajwt.ReplayKey, now int64) (ajwt.ReplayResult, int) {
	if !ajwt.OneTag(keys) {
		return ajwt.ReplayUnavailable, 0
	}
	name := r.names[int(keys[0].Tag[31])%len(r.names)]
	for range swaps {
		value, cas, status := r.host.Shared(name)
		if status != abi.StatusOK || cas == 0 || !r.table.read(value) { // under 0 it would overwrite
			return ajwt.ReplayUnavailable, 0
		}
		result, seen := r.table.record(keys, now, r.capacity, r.perKey)
		if result != ajwt.ReplayFresh {
			return result, seen
		}
		switch r.host.SetShared(name, r.table.data, cas) {
		case abi.StatusOK:
			return ajwt.ReplayFresh, 0
		case abi.StatusCASMismatch:
			r.conflicts++
		default:
			return ajwt.ReplayUnavailable, 0
		}
	}
	return ajwt.ReplayUnavailable, 0
}
