package ajwt

import (
	"encoding/binary"
	"sync/atomic"
)

// What is the same in request after request is remembered by its exact text, so that it
// is taken apart once: a token is used until it expires, and the header of an agent's
// proofs, its key in it, never changes. What is remembered is what the text says under
// the policy, a function of both alone; every check of a request, a time or a key set is
// made as ever. Only what an issuer's signature covers comes in, a token or the key that
// it binds, so strangers push nothing out.

const (
	// rememberedTexts bounds the entries of a table: about 4 KB for a token, 1 KB for a
	// proof's header.
	rememberedTexts = 256
	// textWays is how many texts of one set are held at a time.
	textWays = 4
	// maxTokenText and maxHeaderText bound one text; longer ones are read anew.
	maxTokenText, maxHeaderText = 4096, 2048
	// maxTokenValues bounds the JSON values of a token: short ones take more memory
	// than their text.
	maxTokenValues = 256
	// maxTextUses is how often a text holds its place against others.
	maxTextUses = 3
)

// textTable remembers one value for each of some texts. It has a fixed size and four places
// for a text; a text that is in use holds its place against a few others, so that texts that
// meet do not drive each other out with every request. It is safe for concurrent use, and
// its values do not change.
type textTable[T any] struct {
	sets [rememberedTexts / textWays]textSet[T]
}

type textSet[T any] [textWays]atomic.Pointer[textEntry[T]]

type textEntry[T any] struct {
	text  string
	uses  atomic.Int32
	value T
}

func (t *textTable[T]) set(text []byte) *textSet[T] {
	const odd = 0x9e3779b97f4a7c15
	h := uint64(len(text))
	for ; len(text) >= 8; text = text[8:] {
		h = (h ^ binary.LittleEndian.Uint64(text)) * odd
		h ^= h >> 32
	}
	for _, b := range text {
		h = (h ^ uint64(b)) * odd
	}
	return &t.sets[h>>32%uint64(len(t.sets))]
}

// find returns the value of a text, nil where there is none.
func (t *textTable[T]) find(text []byte) *T {
	set := t.set(text)
	for i := range set {
		e := set[i].Load()
		if e == nil || e.text != string(text) {
			continue
		}
		if e.uses.Load() < maxTextUses {
			e.uses.Store(maxTextUses)
		}
		return &e.value
	}
	return nil
}

// remember makes a value for a text, where there is room.
func (t *textTable[T]) remember(text []byte, fill func(text string, value *T) bool) {
	set := t.set(text)
	for i := range set {
		if e := set[i].Load(); e != nil && e.uses.Add(-1) >= 0 {
			continue
		}
		// It holds its place from the start: else two that take turns would never be found.
		e := &textEntry[T]{text: string(text)}
		e.uses.Store(maxTextUses)
		if fill(e.text, &e.value) {
			set[i].Store(e)
		}
		return
	}
}

// knownToken is a token taken apart: checks 201 to 212 passed.
type knownToken struct {
	token  compact
	hash   [32]byte
	header tokenHeader
	claims claims
}

// rememberToken is for a token that was seen before, and whose signature held.
func (r *run) rememberToken() {
	if len(r.tokenText) > maxTokenText || !remembersTexts {
		return
	}
	r.v.tokens.remember(bytesOf(r.tokenText), func(text string, k *knownToken) bool {
		k.hash = r.tokenHash
		limits := &r.policy.limits
		if k.token.parse(bytesOf(text)) != 0 ||
			parseObject(&k.token.header, k.token.headerRaw, limits, &headerCodes) != 0 ||
			parseObject(&k.token.payload, k.token.payRaw, limits, &payloadCodes) != 0 ||
			k.token.header.Values()+k.token.payload.Values() > maxTokenValues ||
			k.header.read(k.token.header.Root()) != 0 {
			return false
		}
		k.claims.collect(k.token.payload.Root())
		return true
	})
}

// knownHeader is the header of a DPoP proof taken apart: checks 605 to 610 passed.
type knownHeader struct {
	key    Key
	verify Algorithm
}

// rememberHeader is for a proof that held, for a token that binds its key.
func (r *run) rememberHeader() {
	p := &r.proof
	text := r.s.proof.part(0)
	if len(text) > maxHeaderText || p.key.kind == kindMLDSA44 || !remembersTexts {
		return // the expanded key of ML-DSA-44 takes 22 KB
	}
	r.v.headers.remember(text, func(_ string, k *knownHeader) bool {
		*k = knownHeader{*p.key, p.verify}
		return true
	})
}
