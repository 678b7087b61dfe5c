package ajwt

import (
	"strconv"
	"strings"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// KeySetLimits bounds a key set. A limit that is not positive takes its default; every
// limit is inclusive.
type KeySetLimits struct {
	Keys  int // entries of the array keys: 1,024
	Bytes int // length of the document: 33,554,432
	Depth int // nesting of arrays and objects, the set itself being 1: 16
}

const (
	defaultKeySetKeys  = 1024
	defaultKeySetBytes = 32 << 20
	defaultKeySetDepth = 16
	// A parsed value costs memory before anything is known about it. These many per
	// admitted key leave room for certificates and private use, and a hostile
	// document no more than its limit of keys could justify.
	keySetValuesPerKey = 64
	keySetValuesExtra  = 1024
)

// KeySet is one issuer's JWK Set (RFC 7517, section 5), found by kid alone. It does
// not change once it is parsed and is safe for concurrent use. The nil and the zero
// KeySet know no key.
type KeySet struct {
	keys  []Key            // the usable ones, in the order of the set
	index map[string]int32 // kid to place in keys, or keySkipped
}

const keySkipped = -1

// ParseKeySet reads a JWK Set: an object with an array keys; other members are
// ignored. A key without kid, two keys with the same kid, and a key with a private
// member (every symmetric one) refuse the whole set: the error is a *LoadError with
// every such fault. Keys that ParseKey would refuse for another reason are skipped,
// each with a warning, and their kid is known as unusable. An empty array is a set
// without keys, and a warning. The key set keeps no reference to data.
func ParseKeySet(data []byte, limits KeySetLimits) (*KeySet, []Fault, error) {
	return parseKeySet(data, limits, nil)
}

func parseKeySet(data []byte, limits KeySetLimits, p *pace) (*KeySet, []Fault, error) {
	data, limits = laxSet(data, limits.orDefaults())
	if len(data) > limits.Bytes {
		return nil, nil, loadError(CodeKeysTooLarge, "", "at most "+strconv.Itoa(limits.Bytes)+" bytes are admitted")
	}
	var doc strictjson.Document
	if p != nil {
		doc.Work = p.work
	}
	if err := doc.Parse(data, limits.json()); err != nil {
		return nil, nil, loadError(CodeKeysJSONInvalid, "", err.Error())
	}
	entries := doc.Root().Member("keys")
	if entries.Kind() != strictjson.Array {
		return nil, nil, loadError(CodeKeysNotSet, "", "a JWK Set is an object with an array keys")
	}
	if entries.Len() > limits.Keys {
		return nil, nil, loadError(CodeKeysTooMany, "/keys", "at most "+strconv.Itoa(limits.Keys)+" keys are admitted")
	}
	s := &KeySet{}
	kids, faults := s.admit(entries, p)
	if len(faults) > 0 {
		return nil, nil, &LoadError{faults}
	}
	warnings := s.fill(entries, kids, p)
	if entries.Len() == 0 {
		warnings = append(warnings, Fault{CodeKeysKeySkipped, "/keys", "the set is empty: no token of this issuer can be verified"})
	}
	return s, warnings, nil
}

func (l KeySetLimits) orDefaults() KeySetLimits {
	if l.Keys <= 0 {
		l.Keys = defaultKeySetKeys
	}
	if l.Bytes <= 0 {
		l.Bytes = defaultKeySetBytes
	}
	if l.Depth <= 0 {
		l.Depth = defaultKeySetDepth
	}
	return l
}

func (l KeySetLimits) json() strictjson.Limits {
	return strictjson.Limits{Depth: l.Depth, Values: keySetValuesPerKey*l.Keys + keySetValuesExtra}
}

// admit checks what concerns the whole set and indexes the kids, which it copies into
// one string for all: a string of its own for each would cost a third more.
func (s *KeySet) admit(entries strictjson.Value, p *pace) (kids []string, faults []Fault) {
	total := 0
	for e := entries.First(); e.Exists(); e = e.Next() {
		total += len(e.Member("kid").Bytes())
		p.work(workEntry + e.Len())
	}
	var text strings.Builder
	text.Grow(total)
	kids = make([]string, 0, entries.Len())
	s.index = make(map[string]int32, entries.Len())
	i := 0
	for e := entries.First(); e.Exists(); e = e.Next() {
		copied := ""
		p.work(workEntry + e.Len())
		if e.Kind() == strictjson.Object {
			kid := e.Member("kid")
			start := text.Len()
			text.Write(kid.Bytes())
			copied = text.String()[start:]
			faults = s.admitOne(faults, e, i, validKid(kid), copied)
		} else {
			faults = appendKeyFault(faults, CodeKeysKidMissing, i, "", "a JWK is an object")
		}
		kids = append(kids, copied)
		i++
	}
	return kids, faults
}

// admitOne checks the entry at place i and indexes its kid, unusable until fill says
// otherwise.
func (s *KeySet) admitOne(faults []Fault, e strictjson.Value, i int, valid bool, kid string) []Fault {
	if m := jwkPrivate(e); m.Exists() {
		faults = appendKeyFault(faults, CodeKeysPrivateMember, i, "/"+string(m.Key()), "a published set holds public keys only: replace this key, its secret is out")
	}
	if !valid {
		return appendKeyFault(faults, CodeKeysKidMissing, i, "/kid", "every key of a set needs a kid: a string of 1 to 256 bytes")
	}
	if _, twice := s.index[kid]; twice {
		return appendKeyFault(faults, CodeKeysKidDuplicate, i, "/kid", "an earlier key of the set has the same kid")
	}
	s.index[kid] = keySkipped
	return faults
}

func appendKeyFault(faults []Fault, code Code, i int, member, detail string) []Fault {
	return append(faults, Fault{code, "/keys/" + strconv.Itoa(i) + member, detail})
}

// fill parses the keys of a set that admit had no fault with.
func (s *KeySet) fill(entries strictjson.Value, kids []string, p *pace) (warnings []Fault) {
	s.keys = make([]Key, 0, len(kids))
	i := 0
	for e := entries.First(); e.Exists(); e = e.Next() {
		// Room for every entry was made, so this stays inside the array: a key is
		// 150 bytes, and parsing in place saves the copy.
		k := &s.keys[:len(s.keys)+1][len(s.keys)]
		p.work(workKey + e.Len())
		if fault, detail := k.read(e, false); fault != keyOK {
			warnings = appendKeyFault(warnings, CodeKeysKeySkipped, i, "", keyReasons[fault]+": "+detail)
		} else {
			k.id = kids[i]
			s.index[kids[i]] = int32(len(s.keys))
			s.keys = s.keys[:len(s.keys)+1]
		}
		i++
	}
	return warnings
}

// Len returns the number of usable keys.
func (s *KeySet) Len() int {
	if s == nil {
		return 0
	}
	return len(s.keys)
}

// Key returns the usable key with exactly that kid, or nil.
func (s *KeySet) Key(kid string) *Key {
	if s == nil {
		return nil
	}
	if i, known := s.index[kid]; known && i != keySkipped {
		return &s.keys[i]
	}
	return nil
}

// lookup finds the key with exactly that kid. known tells whether the set has one;
// usable tells whether it can verify. key is nil unless usable. It costs the same for
// every size of set and allocates nothing.
func (s *KeySet) lookup(kid []byte) (key *Key, usable, known bool) {
	if s == nil {
		return nil, false, false
	}
	i, known := s.index[string(kid)]
	if !known || i == keySkipped {
		return nil, false, known
	}
	return &s.keys[i], true, true
}
