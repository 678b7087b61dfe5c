// Package replaystore is a replay memory that several processes share: proofs and
// single-use tokens are taken once, whichever of them sees one first. Redis keeps them
// in a Redis server or cluster; Handler serves any memory over HTTP, for hosts that can
// only call HTTP, and HTTP is its client. spec/replay.md has the protocol, the names of
// the keys, and what can slip through.
//
// Whatever goes wrong is no answer (ajwt.ReplayUnavailable), which rejects unless the
// policy's replay.on_outage is allow. Nothing is ever evicted to make room.
package replaystore

import (
	"encoding/base64"
	"strings"
	"sync/atomic"
	"time"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/core/replaywire"
)

// The defaults and bounds of options.
const (
	// DefaultTimeout bounds one decision's question to the store.
	DefaultTimeout = 250 * time.Millisecond
	// DefaultClockDifference is by how much the clocks of two hosts may differ, in
	// seconds: entries live longer by it, and a cold start lasts longer by it.
	DefaultClockDifference = 5
	// MaxClockDifference bounds it, in seconds.
	MaxClockDifference = 60
	// MaxKeys is the most keys of one request. A decision has two at most.
	MaxKeys = replaywire.MaxKeys
	// MaxLife is the longest that an entry may have to be remembered, in seconds: a
	// token's longest life (86,400) and two skews (2·60), doubled for good measure.
	MaxLife = 2 * (86400 + 2*60)
)

// parseKey reads what replaywire.AppendKey wrote.
func parseKey(text string) (k ajwt.ReplayKey, ok bool) {
	tag, key, ok := strings.Cut(text, ".")
	return k, ok && decode32(&k.Tag, tag) && decode32(&k.Key, key)
}

func decode32(to *[32]byte, text string) bool {
	const length = 43 // of 32 bytes
	if len(text) != length || strings.ContainsAny(text, "\r\n") {
		return false
	}
	n, err := base64.RawURLEncoding.Strict().Decode(to[:], []byte(text))
	return err == nil && n == len(to)
}

// newest is a NumericDate that only rises.
type newest struct{ at atomic.Int64 }

func (n *newest) raise(to int64) {
	for {
		at := n.at.Load()
		if to <= at || n.at.CompareAndSwap(at, to) {
			return
		}
	}
}

// Memory is a replay memory of this process for Handler, which serves hosts whose clocks
// may differ from its own.
type Memory struct {
	memory          *ajwt.ReplayMemory
	clockDifference int64
}

// NewMemory makes a memory of so many entries, perKey of them at most for one tag, that
// starts empty at start (NumericDate). Entries live clockDifference seconds longer than
// their keys say, and its start counts as that much later.
func NewMemory(capacity, perKey int, start, clockDifference int64) *Memory {
	return &Memory{ajwt.NewReplayMemory(capacity, perKey, start+clockDifference), clockDifference}
}

// Record implements ajwt.Replay.
func (m *Memory) Record(keys []ajwt.ReplayKey, now int64) (ajwt.ReplayResult, int) {
	longer := append(make([]ajwt.ReplayKey, 0, 2), keys...)
	for i := range longer {
		longer[i].Expires += m.clockDifference
	}
	return m.memory.Record(longer, now)
}

// Start implements ajwt.Replay.
func (m *Memory) Start() int64 { return m.memory.Start() }
