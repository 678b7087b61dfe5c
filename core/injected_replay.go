//go:build ajwt_faults

package ajwt

import (
	"bytes"
	"crypto/sha256"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// Faults of the replay stage, checks 1001 to 1003.

var replayFaults = []SeededFault{
	{"cold-start-ignored", "what was issued before the memory started is taken",
		all(skip(1001), issuerChanged(1002, func(i *issuer) { i.coldStart = false }))},
	{"cold-start-exclusive", "the last second that a cold start refuses passes", at(1001, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		start := r.v.replay.Start() + r.issuer.skew
		if code == CodeReplayProofColdStart && r.proof.iat == start || code == CodeReplayTokenColdStart && r.claims.iatAt == start {
			return 0
		}
		return code
	})},
	{"cold-start-without-skew", "the skew does not count for a cold start", issuerChanged(1001, func(i *issuer) { i.skew = 0 })},
	{"cold-start-proof-only", "a cold start is no matter for single-use tokens", forgive(1001, CodeReplayTokenColdStart)},
	{"cold-start-always", "a cold start refuses where the policy allows it", issuerChanged(1001, func(i *issuer) { i.coldStart = true })},

	{"replay-cache-off", "nothing is remembered", skip(1002)},
	{"single-use-ignored", "a single-use token may be used again", routeOf1002(func(rt *route) { rt.singleUse = false })},
	{"single-use-everywhere", "every token may be used once", routeOf1002(func(rt *route) { rt.singleUse = true })},
	{"replay-by-bytes", "proof and token are remembered by their bytes and not by jti", keysChanged(func(r *run, k *ReplayKey) {
		if k.Token {
			k.Key = sha256.Sum256([]byte(r.tokenText))
		} else {
			k.Key = sha256.Sum256([]byte(r.proofText))
		}
	})},
	{"replay-jti-only", "one jti of two keys, or of two issuers, is one", keysChanged(func(r *run, k *ReplayKey) {
		jti := r.proof.members.jti
		if k.Token {
			jti = r.claims.jti
		}
		k.Key = sha256.Sum256(append([]byte{b2i(k.Token)}, jti.Bytes()...))
	})},
	{"replay-one-namespace", "the jti of a proof and that of a token are not kept apart", keysChanged(func(r *run, k *ReplayKey) {
		jti := r.proof.members.jti
		if k.Token {
			jti = r.claims.jti
		}
		k.Key = sha256.Sum256(append(bytes.Clone(r.binding[:]), jti.Bytes()...))
	})},
	{"replay-token-as-proof", "a proof is remembered by the token's jti", keysChanged(func(r *run, k *ReplayKey) {
		if !k.Token {
			k.Key = sha256.Sum256(append(bytes.Clone(r.binding[:]), r.claims.jti.Bytes()...))
		}
	})},
	{"replay-with-method", "a proof is remembered together with method and URL", keysChanged(func(r *run, k *ReplayKey) {
		if !k.Token {
			k.Key = sha256.Sum256(append(k.Key[:], r.req.Method+r.req.Target...))
		}
	})},
	{"replay-with-token", "a proof is remembered together with the token", keysChanged(func(r *run, k *ReplayKey) {
		if !k.Token {
			k.Key = sha256.Sum256(append(k.Key[:], r.tokenHash[:]...))
		}
	})},
	{"replay-jti-case-fold", "a jti compares without regard to case", keysChanged(func(r *run, k *ReplayKey) {
		if !k.Token {
			k.Key = sha256.Sum256(append(bytes.Clone(r.binding[:]), bytes.ToLower(r.proof.members.jti.Bytes())...))
		}
	})},
	{"replay-forgets-early", "the skew does not count for what is remembered", keysChanged(func(r *run, k *ReplayKey) { k.Expires -= r.issuer.skew })},
	{"replay-kept-from-now", "a proof is remembered for its age from its arrival on, not from its iat", keysChanged(func(r *run, k *ReplayKey) {
		if !k.Token {
			k.Expires = r.now + r.policy.proof.maxAge
		}
	})},
	{"replay-never-forgets", "what was remembered stays", keysChanged(func(_ *run, k *ReplayKey) { k.Expires = strictjson.MaxInteger })},
	{"replay-quota-ignored", "a key may fill the memory", keysChanged(func(_ *run, k *ReplayKey) { k.Owner = k.Key })},
	{"replay-evicts-live", "a full memory lets requests pass", forgive(1002, CodeReplayMemoryFull)},
	{"replay-full-is-reuse", "a full memory answers that the proof was used", all(instead(1002, CodeReplayMemoryFull, CodeReplayProofReused), instead(1002, CodeReplayQuotaExceeded, CodeReplayProofReused))},
	{"replay-proof-named-first", "of a token and a proof that were both used the proof is named", at(1002, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == CodeReplayTokenReused && r.proof.held {
			return CodeReplayProofReused
		}
		return code
	})},
	{"replay-clock-back-forgets", "a request whose clock is behind that of another finds what has left the memory no longer known", at(1002, func(r *run, sound func(*run) Code) Code {
		kept := r.v.replay
		r.v.replay = forgetful{kept}
		defer func() { r.v.replay = kept }()
		return sound(r)
	})},
	{"replay-records-early", "what comes is remembered before it is judged", all(at(501, func(r *run, sound func(*run) Code) Code {
		if code := r.recordEarly(); code != 0 {
			return code
		}
		return sound(r)
	}))},
	{"replay-records-one", "of a token and a proof each is remembered, whatever becomes of the other", at(1002, func(r *run, sound func(*run) Code) Code {
		kept := r.v.replay
		r.v.replay = oneByOne{kept}
		defer func() { r.v.replay = kept }()
		return sound(r)
	})},
}

// b2i is 1 for true.
func b2i(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func hashBytes(b []byte) [32]byte { return sha256.Sum256(b) }

func routeOf1002(spoil func(rt *route)) change {
	return at(1002, func(r *run, sound func(*run) Code) Code {
		kept, rt := r.route, *r.route
		spoil(&rt)
		r.route = &rt
		code := sound(r)
		r.route = kept
		return code
	})
}

// changedKeys is a memory that sees other keys than it is given.
type changedKeys struct {
	Replay
	change func(k *ReplayKey)
}

// Record implements Replay.
func (c changedKeys) Record(keys []ReplayKey, now int64) (ReplayResult, int) {
	for i := range keys {
		c.change(&keys[i])
		keys[i].Tag = [32]byte{} // the changed key alone identifies
	}
	return c.Replay.Record(keys, now)
}

func keysChanged(spoil func(r *run, k *ReplayKey)) change {
	return at(1002, func(r *run, sound func(*run) Code) Code {
		kept := r.v.replay
		r.v.replay = changedKeys{kept, func(k *ReplayKey) { spoil(r, k) }}
		defer func() { r.v.replay = kept }()
		return sound(r)
	})
}

// oneByOne is a memory that does not take all keys or none.
type oneByOne struct{ Replay }

// Record implements Replay.
func (o oneByOne) Record(keys []ReplayKey, now int64) (result ReplayResult, seen int) {
	result = ReplayFresh
	for i := range keys {
		if one, _ := o.Replay.Record(keys[i:i+1], now); one != ReplayFresh && result == ReplayFresh {
			result, seen = one, i
		}
	}
	return result, seen
}

// forgetful is a memory that knows nothing of what has left it.
type forgetful struct{ Replay }

// Record implements Replay.
func (f forgetful) Record(keys []ReplayKey, now int64) (ReplayResult, int) {
	result, seen := f.Replay.Record(keys, now)
	if m, ok := f.Replay.(*ReplayMemory); ok && result == ReplaySeen {
		if known, _ := m.shard(&keys[seen].Tag).find(&keys[seen].Key); !known {
			return ReplayFresh, 0
		}
	}
	return result, seen
}

// recordEarly remembers the jti of the proof, and that of a single-use token, as they
// came.
func (r *run) recordEarly() Code {
	remember := func(code Code, parts ...[]byte) Code {
		key := sha256.Sum256(bytes.Join(append(parts, []byte("early")), []byte{0}))
		if result, _ := r.v.replay.Record([]ReplayKey{{Key: key, Owner: key, Expires: r.now + 600}}, r.now); result == ReplaySeen {
			return code
		}
		return 0
	}
	var p compact
	var doc strictjson.Document
	if p.split([]byte(r.proofText)) == 3 && p.decode() < 0 && doc.Parse(p.payRaw, strictjson.Limits{}) == nil {
		if code := remember(CodeReplayProofReused, p.headerRaw, doc.Root().Member("jti").Bytes()); code != 0 {
			return code
		}
	}
	if r.route != nil && r.route.singleUse {
		return remember(CodeReplayTokenReused, r.claims.jti.Bytes())
	}
	return 0
}
