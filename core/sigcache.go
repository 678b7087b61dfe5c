package ajwt

import (
	"encoding/binary"
	"sync"
)

// SignatureEntry is one token whose signature held.
type SignatureEntry struct {
	Token      [32]byte // SHA-256 of the compact token
	Key        [32]byte // thumbprint of the key that verified it
	Generation uint64   // of the issuer's key set: a new set forgets the results of the old one
	Expires    int64    // NumericDate after which the entry is of no use
}

// SignatureCache remembers tokens whose signature held, and nothing else about them.
// It may forget at any time; it must never know an entry that was not remembered.
// Implementations are safe for concurrent use.
type SignatureCache interface {
	Known(e *SignatureEntry, now int64) bool
	Remember(e *SignatureEntry, now int64)
}

const (
	cacheWays   = 4
	cacheShards = 16
)

// signatureCache is a table of fixed size: each token has four places, found by its
// hash; a new entry takes an expired place, or that which expires first.
type signatureCache struct {
	shards [cacheShards]cacheShard
	mask   uint32
}

type cacheShard struct {
	mu      sync.Mutex
	entries []SignatureEntry
}

// NewSignatureCache makes a bounded cache of about so many entries; zero or less
// makes one that remembers nothing.
func NewSignatureCache(entries int) SignatureCache {
	if entries <= 0 {
		return noCache{}
	}
	sets := 1
	for sets*cacheWays*cacheShards < entries && sets < 1<<20 {
		sets *= 2
	}
	c := &signatureCache{mask: uint32(sets - 1)}
	for i := range c.shards {
		c.shards[i].entries = make([]SignatureEntry, sets*cacheWays)
	}
	return c
}

func (c *signatureCache) set(token *[32]byte) (*cacheShard, []SignatureEntry) {
	h := binary.LittleEndian.Uint32(token[:])
	s := &c.shards[h%cacheShards]
	at := int(h/cacheShards&c.mask) * cacheWays
	return s, s.entries[at : at+cacheWays]
}

// Known implements SignatureCache.
func (c *signatureCache) Known(e *SignatureEntry, now int64) bool {
	s, set := c.set(&e.Token)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range set {
		if set[i].Expires > now && set[i].Token == e.Token && set[i].Key == e.Key && set[i].Generation == e.Generation {
			return true
		}
	}
	return false
}

// Remember implements SignatureCache.
func (c *signatureCache) Remember(e *SignatureEntry, now int64) {
	if e.Expires <= now {
		return
	}
	s, set := c.set(&e.Token)
	s.mu.Lock()
	defer s.mu.Unlock()
	victim := &set[0]
	for i := range set {
		if set[i].Token == e.Token {
			victim = &set[i]
			break
		}
		if set[i].Expires < victim.Expires {
			victim = &set[i]
		}
	}
	*victim = *e
}

type noCache struct{}

func (noCache) Known(*SignatureEntry, int64) bool { return false }
func (noCache) Remember(*SignatureEntry, int64)   {}
