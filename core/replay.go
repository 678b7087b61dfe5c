package ajwt

// ReplayKey is one thing that may be used once: a proof, or a single-use token.
type ReplayKey struct {
	Key     [32]byte // SHA-256 over what identifies it, Tag included
	Tag     [32]byte // the same for all keys of a decision: the thumbprint of the token's key; for a token without one SHA-256 over iss and jti
	Owner   [32]byte // whose quota it counts against: the key's thumbprint, or a hash of iss and sub
	Expires int64    // NumericDate: the last second at which it must be remembered
	Token   bool     // a single-use token, not a proof
}

// ReplayResult is the answer of a Replay.
type ReplayResult uint8

// The results. Whatever is not ReplayFresh or ReplayDeferred rejects.
const (
	ReplayUnavailable ReplayResult = iota // the zero value: no answer
	ReplayFresh                           // none was known, all are recorded
	ReplaySeen                            // one was known, none was recorded
	ReplayFull                            // no room for live entries, none was recorded
	ReplayQuota                           // the owner's share is used up, none was recorded
	ReplayDeferred                        // the host's own store decides after the decision
)

// Replay remembers what was used. Implementations are safe for concurrent use.
type Replay interface {
	// Record takes all keys, or none: it checks every one before it records any.
	// seen is the index of the key that was known, for ReplaySeen. Calls come in any
	// order of now: a memory that lets expired entries go must refuse a key that
	// expires no later than one that has left. It must not keep the slice.
	Record(keys []ReplayKey, now int64) (result ReplayResult, seen int)
	// Start is the NumericDate at which the memory started empty; it knows nothing
	// of what was used before. Zero or less: it has always been there. A memory that
	// was lost starts anew: Start then rises, at the latest when the first Record
	// after the loss returns. A decision asks before Record and again after it.
	Start() int64
}

// DeferredReplay is a Replay for hosts that hold the memory themselves: decisions
// come back with Deferred set and the keys to take. Its value is the NumericDate
// at which the host's memory started empty, 0 for one that has always been there.
type DeferredReplay int64

// Record implements Replay.
func (DeferredReplay) Record([]ReplayKey, int64) (ReplayResult, int) { return ReplayDeferred, 0 }

// Start implements Replay.
func (d DeferredReplay) Start() int64 { return int64(d) }

// ReplayShared tells whether the policy says replay.scope shared: then the memory is one
// for all processes, and NewVerifier wants Options.Replay.
func (p *Policy) ReplayShared() bool { return p.replay.shared }
