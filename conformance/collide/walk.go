package main

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// idDigits is the number of characters that a state becomes in a chain: 64 bits in
// lowercase hex. All are in the grammar of agent ids.
const idDigits = 16

// oneBlock is how many bytes SHA-256 hashes in one call of its compression function:
// 64 less the padding bit's byte and the eight of the length.
const oneBlock = 55

// template is the text of a chain with one place for 16 hex characters: ids joined
// with '|', the place marked '%'.
type template struct {
	text [oneBlock]byte
	size int // bytes of the chain
	at   int // where the 16 characters begin
}

// parseTemplate reads a template such as "supervisor|%|patcher". It refuses one
// without a single '%', with the '%' in the last agent (both chains end in the agent
// that the token is for), with an id out of the grammar or twice, or of more than 55
// bytes.
func parseTemplate(s string) (t template, last string, err error) {
	before, after, found := strings.Cut(s, "%")
	switch {
	case !found || strings.Contains(after, "%"):
		return t, "", fmt.Errorf("template %q does not have exactly one %%", s)
	case !strings.Contains(after, "|"):
		return t, "", fmt.Errorf("template %q has the %% in the last agent", s)
	}
	chain := before + strings.Repeat("0", idDigits) + after
	if len(chain) > oneBlock {
		return t, "", fmt.Errorf("template %q gives %d bytes, more than the %d of one block", s, len(chain), oneBlock)
	}
	ids := strings.Split(chain, "|")
	if _, ok := ajwt.ChainHash(ids, ajwt.HashShort); !ok {
		return t, "", fmt.Errorf("template %q is no delegation chain: an id is out of the grammar or stands twice", s)
	}
	t.size, t.at = len(chain), len(before)
	copy(t.text[:], chain)
	return t, ids[len(ids)-1], nil
}

// walker is the function that is iterated: a state of the given number of bits to the
// same number of bits of a chain's SHA-256, taken from the front as the draft's short
// form is. The state's lowest bit chooses the template (0 lawful, 1 unlawful), so that
// half of all collisions are between the two. A walker is for one goroutine: it writes
// into its templates.
type walker struct {
	shapes [2]template
	shift  uint // 64 less the bits of a state
}

// newWalker reads both templates. They must differ and end in the same agent.
func newWalker(lawful, unlawful string, bits int) (w walker, err error) {
	var last [2]string
	for i, s := range []string{lawful, unlawful} {
		if w.shapes[i], last[i], err = parseTemplate(s); err != nil {
			return walker{}, err
		}
	}
	if last[0] != last[1] {
		return walker{}, fmt.Errorf("the chains end in different agents: %q, %q", last[0], last[1])
	}
	if lawful == unlawful {
		return walker{}, errors.New("the lawful and the unlawful template are the same")
	}
	w.shift = uint(64 - bits)
	return w, nil
}

// next is one step: one hash.
func (w *walker) next(x uint64) uint64 {
	t := &w.shapes[x&1]
	putHex((*[idDigits]byte)(t.text[t.at:]), x)
	sum := sha256.Sum256(t.text[:t.size])
	return binary.BigEndian.Uint64(sum[:]) >> w.shift
}

// chain is the ids of the chain that state x stands for.
func (w *walker) chain(x uint64) []string {
	t := w.shapes[x&1]
	putHex((*[idDigits]byte)(t.text[t.at:]), x)
	return strings.Split(string(t.text[:t.size]), "|")
}

// lawful tells which template state x uses.
func lawful(x uint64) bool { return x&1 == 0 }

// putHex writes x as 16 lowercase hex characters. Eight at a time, for it runs once a
// hash: fmt or a table would cost as much as a tenth of it.
func putHex(dst *[idDigits]byte, x uint64) {
	binary.BigEndian.PutUint64(dst[:8], hex8(uint32(x>>32)))
	binary.BigEndian.PutUint64(dst[8:], hex8(uint32(x)))
}

// hex8 spreads the eight nibbles of v over the eight bytes of a word and makes each
// byte the digit's character.
func hex8(v uint32) uint64 {
	x := uint64(v)
	x = (x<<16 | x) & 0x0000ffff0000ffff
	x = (x<<8 | x) & 0x00ff00ff00ff00ff
	x = (x<<4 | x) & 0x0f0f0f0f0f0f0f0f
	letters := (x + 0x0606060606060606) >> 4 & 0x0101010101010101 // 1 where the nibble is above 9
	return x + 0x3030303030303030 + letters*('a'-'0'-10)
}

// trail is a walk from a start to the first distinguished point after it.
type trail struct {
	Index  uint64 `json:"trail"`  // number of the start
	End    uint64 `json:"end"`    // the distinguished point
	Length uint64 `json:"length"` // steps, hashes
}

// start returns the start of a trail: SplitMix64 over seed and number, so that the
// same seed walks the same trails on any machine.
func (w *walker) start(seed, index uint64) uint64 {
	z := seed + (index+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return (z ^ z>>31) >> w.shift
}

// maxTrail is how many times the expected length a trail may have. A trail that is
// longer most likely runs in a circle without a distinguished point: it is given up.
const maxTrail = 20

// walk follows a trail to its end: the first state whose highest zeroBits bits are
// zero. ok is false for a trail that was given up.
func (w *walker) walk(x uint64, zeroBits int) (end, length uint64, ok bool) {
	limit := uint64(1)<<(64-w.shift-uint(zeroBits)) - 1 // the highest distinguished state
	most := uint64(maxTrail) << zeroBits
	for length < most {
		x = w.next(x)
		length++
		if x <= limit {
			return x, length, true
		}
	}
	return 0, length, false
}

// meet returns the two states after which two trails with the same end are one: they
// differ and next gives the same for both. ok is false where one trail's start lies on
// the other, or both have the same start: then there are no such states. steps counts
// the hashes.
func (w *walker) meet(x, y uint64, lengthX, lengthY uint64) (a, b, steps uint64, ok bool) {
	for ; lengthX > lengthY; lengthX-- {
		x = w.next(x)
		steps++
	}
	for ; lengthY > lengthX; lengthY-- {
		y = w.next(y)
		steps++
	}
	for x != y && lengthX > 0 {
		nextX, nextY := w.next(x), w.next(y)
		lengthX--
		steps += 2
		if nextX == nextY {
			return x, y, steps, true
		}
		x, y = nextX, nextY
	}
	return 0, 0, steps, false
}

// chainOf joins ids as they are hashed.
func chainOf(ids []string) string { return strings.Join(ids, "|") }

// sameLast tells whether both chains end in the same agent.
func sameLast(a, b []string) bool {
	return len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] && !slices.Equal(a, b)
}
