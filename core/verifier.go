package ajwt

import (
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// Options are what a Verifier needs beside its policy.
type Options struct {
	// Replay remembers proofs and single-use tokens. Nil means a memory of this
	// process with the policy's capacity, which started empty at Start. A memory that
	// served another policy may be handed on only if no window (max_age, skew,
	// lifetime) grew: its entries live as long as that policy said.
	Replay Replay
	// Start is the NumericDate at which that default memory started empty. It is
	// mandatory where replay.cold_start is reject, else the memory would claim to
	// know what it cannot know.
	Start int64
	// SignatureCache remembers tokens whose signature held. Nil means a bounded
	// cache of this process.
	SignatureCache SignatureCache
	// NonceKeys are the secrets of proof.nonce, 32 bytes each; the first one
	// issues, all verify. They are mandatory where the policy asks for a nonce.
	NonceKeys [][]byte
	// Signatures verifies signatures of requests outside core, where the host has faster
	// code for some algorithms. Nil means that core verifies all.
	Signatures SignatureVerifier
	// Lawful is the most chains, and the most sequences, that a bundle may compile to,
	// about 100 bytes of memory each. Zero means 4,194,304, the most that there may be.
	Lawful int
	// Versions are those of bundles and lists that were in force before a restart, as
	// Verifier.Versions gave them: older documents are refused. Issuers that the policy
	// does not have are passed over.
	Versions []DocumentVersion
}

// Kind is the kind of a document that Load takes.
type Kind uint8

// The kinds.
const (
	KindKeys        Kind = iota + 1 // JWK Set (RFC 7517, section 5)
	KindBundle                      // signed workflow bundle, compact JWS (spec/profile.md, section 16.1)
	KindRevocations                 // signed revocation list, compact JWS (spec/profile.md, section 16.2)
)

// Verifier decides requests under one policy. It is safe for concurrent use. The
// zero Verifier rejects everything.
type Verifier struct {
	policy      *Policy
	replay      Replay
	cache       SignatureCache
	nonceKeys   [][]byte
	signatures  SignatureVerifier
	state       atomic.Pointer[state]
	loading     sync.Mutex
	tokens      textTable[knownToken]
	headers     textTable[knownHeader]
	scratch     sync.Pool
	lawful      int
	readsBodies bool // some request can need its body
	ready       bool
}

// state is what Load swaps in, whole and immutable.
type state struct {
	keys    []issuerKeys // by the issuer's index in the policy
	issuers []issuerDocuments
}

type issuerKeys struct {
	set        *KeySet // nil: none loaded
	generation uint64  // part of the signature cache's key
}

// NewVerifier builds a Verifier. An error names the option that is missing or wrong.
func NewVerifier(p *Policy, o Options) (*Verifier, error) {
	if p == nil || !p.valid {
		return nil, optionError("policy: want one from ParsePolicy")
	}
	v := &Verifier{policy: p, replay: o.Replay, cache: o.SignatureCache, signatures: o.Signatures, readsBodies: p.readsBodies()}
	if v.replay == nil {
		if p.replay.shared {
			return nil, optionError("Options.Replay: want the store that all processes share, since replay.scope is shared")
		}
		if p.replay.coldStartReject && o.Start <= 0 {
			return nil, optionError("Options.Start: want the NumericDate at which the replay memory starts, since replay.cold_start is reject")
		}
		if o.Start > strictjson.MaxInteger {
			return nil, optionError("Options.Start: want a NumericDate, at most 2^53-1")
		}
		v.replay = NewReplayMemory(p.replay.capacity, p.replay.perKey, o.Start)
	}
	if v.cache == nil {
		v.cache = NewSignatureCache(defaultSignatureCacheEntries)
	}
	if p.nonceSlot > 0 {
		if len(o.NonceKeys) == 0 {
			return nil, optionError("Options.NonceKeys: want at least one key of 32 bytes, since the policy has proof.nonce")
		}
		for i, k := range o.NonceKeys {
			if len(k) != nonceKeyBytes {
				return nil, optionError("Options.NonceKeys: key " + strconv.Itoa(i) + " is not 32 bytes")
			}
			v.nonceKeys = append(v.nonceKeys, append([]byte(nil), k...))
		}
	}
	if v.lawful = o.Lawful; v.lawful <= 0 || v.lawful > maxLawfulTotal {
		v.lawful = maxLawfulTotal
	}
	s := &state{keys: make([]issuerKeys, len(p.issuers)), issuers: make([]issuerDocuments, len(p.issuers))}
	for i := range p.issuers {
		s.issuers[i].resume(p.issuers[i].id, o.Versions)
	}
	for i := range p.issuers {
		s.keys[i].set = p.issuers[i].inlineKeys
	}
	v.state.Store(s)
	v.scratch.New = func() any { return new(scratch) }
	v.ready = true
	return v, nil
}

type optionError string

func (e optionError) Error() string { return "ajwt: " + string(e) }

// Policy returns the policy that the verifier decides under.
func (v *Verifier) Policy() *Policy { return v.policy }
