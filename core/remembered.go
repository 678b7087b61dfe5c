package ajwt

import (
	"math"
	"sync/atomic"

	"github.com/agentic-jwt/ajwt/core/ascii"
)

// What is the same in request after request is remembered by its exact text, so that it
// is taken apart once: a token is used until it expires, and the header of an agent's
// proofs, its key in it, never changes. What is remembered is what the text says under
// the policy and the issuer's keys, a function of these alone; every check of a request, a
// time, a bundle or a list is made as ever. Only what an issuer's signature covers comes
// in, a token or the key that it binds, so strangers push nothing out.

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
	// Keys of ML-DSA-44 are not remembered: expanded, one takes 22 KB.

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
	until int64
	uses  atomic.Int32
	value T
}

func (t *textTable[T]) set(text []byte) *textSet[T] {
	return &t.sets[ascii.Hash(text)%uint64(len(t.sets))]
}

// find returns the value of a text, nil where there is none.
func (t *textTable[T]) find(text []byte) *T {
	set := t.set(text)
	for i := range set {
		e := set[i].Load()
		if e == nil || !ascii.Equal(bytesOf(e.text), text) {
			continue
		}
		if e.uses.Load() < maxTextUses {
			e.uses.Store(maxTextUses)
		}
		return &e.value
	}
	return nil
}

// forever is when a text is over that has no end of its own.
const forever = math.MaxInt64

// remember makes a value for a text, where there is room; until is when the text is over.
// Another value of the same text goes, and so does every one that is over now: memory is for
// texts in use.
func (t *textTable[T]) remember(text []byte, now, until int64, fill func(text string, value *T) bool) {
	set := t.set(text)
	for i := range set {
		if e := set[i].Load(); e != nil && (e.until <= now || e.text == string(text)) {
			set[i].CompareAndSwap(e, nil)
		}
	}
	for i := range set {
		if e := set[i].Load(); e != nil && e.uses.Add(-1) >= 0 {
			continue
		}
		// It holds its place from the start: else two that take turns would never be found.
		e := &textEntry[T]{text: string(text), until: until}
		e.uses.Store(maxTextUses)
		if fill(e.text, &e.value) {
			set[i].Store(e)
			t.forget(now)
		}
		return
	}
}

// forget lets go of what is over: of all of it once for each new value, and not in every
// request whose text finds no room.
func (t *textTable[T]) forget(now int64) {
	for i := range t.sets {
		for j := range t.sets[i] {
			slot := &t.sets[i][j]
			if e := slot.Load(); e != nil && e.until <= now {
				slot.CompareAndSwap(e, nil)
			}
		}
	}
}

// knownToken is a token whose signature held and that passed every check of the token.
type knownToken struct {
	subject
	memory     subjectMemory
	compact    compact
	hash       [32]byte
	words      tokenWords
	issuerKey  Key // that subject.key points to: the set that it comes from may be large
	generation uint64
}

// recall takes up what is known of the token, and tells whether anything is: under the key
// set that it was found with, for another one may lack the key.
func (r *run) recall() bool {
	k := r.v.tokens.find(bytesOf(r.tokenText))
	if k == nil || r.keys[k.issuerAt].generation != k.generation {
		return false
	}
	keys := r.keys
	r.skips |= skipKnown
	r.known, r.verified, r.tokenHash, r.subject = k, true, k.hash, k.subject
	r.keys = keys
	return true
}

// rememberToken is for a token that was seen before, whose signature held then, and that
// passed the checks of the token now: one that fails them must not cost more each time.
func (r *run) rememberToken() {
	if r.known != nil || !r.verified || r.failed.has(StageClaim) || len(r.tokenText) > maxTokenText || !remembersTexts ||
		r.token.header.Values()+r.token.payload.Values() > maxTokenValues || r.pointOpen && r.mem.cnfKey.kind == kindMLDSA44 {
		return
	}
	r.v.tokens.remember(bytesOf(r.tokenText), r.now, r.claims.expAt+r.issuer.skew, func(text string, k *knownToken) bool {
		k.hash, k.generation = r.tokenHash, r.keys[r.issuerAt].generation
		k.subject = subject{policy: r.policy, keys: r.keys, mem: &k.memory, token: &k.compact}
		if k.compact.parse(bytesOf(text)) != 0 {
			return false
		}
		for i := range checks {
			if holds := checks[i].token; holds != nil && holds(&k.subject) != 0 {
				return false
			}
		}
		k.words = k.subject.words(&r.s.hash)
		k.issuerKey = *k.key
		k.key, k.keys = &k.issuerKey, nil
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
		return
	}
	r.v.headers.remember(text, 0, forever, func(_ string, k *knownHeader) bool {
		*k = knownHeader{*p.key, p.verify}
		return true
	})
}
