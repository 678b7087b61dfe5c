package ajwt

import "sync/atomic"

const (
	// keyCacheSlots bounds the keys that are remembered, about 600 bytes each.
	keyCacheSlots = 256
	// keyCacheText bounds the JWK of one: longer ones (ML-DSA-44) are read anew.
	keyCacheText = 1024
)

// keyCache remembers keys that came with proofs, by the exact bytes of their JWK: an
// agent sends the same key with every request, and to decode it, hash it and see that it
// is a point costs a tenth of a decision. A key comes in when a proof by it held for a
// token that binds it, so keys of strangers push nothing out. It is a table of fixed size
// and has one place for each key.
type keyCache struct {
	slots [keyCacheSlots]atomic.Pointer[cachedKey]
}

type cachedKey struct {
	jwk string
	key Key
}

// slot is that of FNV-1a. Whoever makes keys for one place slows down the keys of that
// place, no more.
func (c *keyCache) slot(jwk []byte) *atomic.Pointer[cachedKey] {
	h := uint32(2166136261)
	for _, b := range jwk {
		h = (h ^ uint32(b)) * 16777619
	}
	return &c.slots[(h^h>>16)%keyCacheSlots]
}

// find returns the key of a JWK, nil where it is not known.
func (c *keyCache) find(jwk []byte) *Key {
	if len(jwk) > keyCacheText {
		return nil
	}
	if e := c.slot(jwk).Load(); e != nil && e.jwk == string(jwk) {
		return &e.key
	}
	return nil
}

// remember keeps a copy of a key.
func (c *keyCache) remember(jwk []byte, key *Key) {
	if len(jwk) <= keyCacheText {
		c.slot(jwk).Store(&cachedKey{string(jwk), *key})
	}
}
