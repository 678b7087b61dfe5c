package ajwt

import (
	"crypto/sha256"
	"slices"
)

// HashForm is the way in which a sequence hash is written. The zero HashForm is
// none: nothing is written in it and nothing parses to it.
type HashForm uint8

// The forms.
const (
	HashShort HashForm = iota + 1 // the first 16 hex characters, 64 bits (draft-00, section 4.4.4)
	HashLong                      // "sha256:" and 64 hex characters (spec/profile.md)
)

// String returns "short" or "long", "" for other values.
func (f HashForm) String() string {
	switch f {
	case HashShort:
		return "short"
	case HashLong:
		return "long"
	}
	return ""
}

// ParseHashForm returns the form of that name, and whether there is one.
func ParseHashForm(name string) (HashForm, bool) {
	switch name {
	case "short":
		return HashShort, true
	case "long":
		return HashLong, true
	}
	return 0, false
}

// shortHashBytes is the length of what a short hash keeps of the digest.
const shortHashBytes = 8

// SequenceHash returns the hash of a list of ids as intent.delegation_chain (agent
// ids) and intent.step_sequence_hash (step ids) carry it: SHA-256 over the ids
// joined with '|', in the given form, hex in lowercase (draft-00, section 4.4.4). No
// ids hash like the empty string. The ids are not checked: see ValidAgentID and
// ValidStepID. An unknown form gives "", which equals no hash.
func SequenceHash(ids []string, form HashForm) string {
	return string(appendSequenceHash(nil, joinedDigest(ids), form))
}

// sequenceDigest is SHA-256 over the ids joined with '|', none hash like "".
func sequenceDigest(ids ...string) [sha256.Size]byte { return joinedDigest(ids) }

// joinedDigest is sequenceDigest for a list of either type. It allocates nothing for
// lists within the limits (16 ids of 128 bytes).
func joinedDigest[T ~string | ~[]byte](ids []T) [sha256.Size]byte {
	var room [16 * (maxIDBytes + 1)]byte
	joined := room[:0]
	for i, id := range ids {
		if i > 0 {
			joined = append(joined, '|')
		}
		joined = append(joined, id...)
	}
	return sum256(laxJoined(joined))
}

// appendSequenceHash writes a digest in the given form, nothing for an unknown one.
func appendSequenceHash(dst []byte, digest [sha256.Size]byte, form HashForm) []byte {
	switch form {
	case HashShort:
		return appendLowerHex(dst, digest[:shortHashBytes])
	case HashLong:
		return appendChecksum(dst, digest)
	}
	return dst
}

// parseSequenceHash reads a sequence hash from a token: 16 lowercase hex characters,
// or "sha256:" and 64. Of a short hash only the first 8 bytes of the digest are set;
// form says how many of them may be compared. Anything else gives ok false.
func parseSequenceHash(b []byte) (form HashForm, digest [sha256.Size]byte, ok bool) {
	if len(b) == 2*shortHashBytes {
		if !decodeLowerHex(digest[:shortHashBytes], b) {
			return 0, [sha256.Size]byte{}, false
		}
		return HashShort, digest, true
	}
	if digest, ok = parseChecksum(b, false); !ok {
		return 0, digest, false
	}
	return HashLong, digest, true
}

// maxChainList bounds what ChainList looks at. Where chains are accepted they have at
// most 16 agents; this list may come from anybody, and agents are compared pairwise.
const maxChainList = 256

// ChainList returns the delegation chain that a token for requester carries, given
// the chain of the token request: originator first, requester last, each once
// (spec/profile.md). The requester is appended where the chain does not end with it,
// for the draft asks for both: a chain that ends with the requester (section 4.3.4)
// and one to which the requester is added (section 4.4.4).
//
// The result is nil, which no lawful chain is, where an agent would stand twice, an
// id is not one that ValidAgentID accepts, or the list is longer than 256. chain is
// not changed.
func ChainList(chain []string, requester string) []string {
	if len(chain) > maxChainList {
		return nil
	}
	list := slices.Clone(chain)
	if len(list) == 0 || list[len(list)-1] != requester {
		list = append(list, requester)
	}
	for i, id := range list {
		if i >= maxChainList || !ValidAgentID(id) || slices.Contains(list[:i], id) {
			return nil
		}
	}
	return list
}

// ChainHash returns the hash of a delegation chain: ids of agents, the originator
// first, each once (spec/profile.md, section 7). ok is false where an id is none or
// stands twice, or the form is unknown: no such chain is ever allowed.
func ChainHash(chain []string, form HashForm) (hash string, ok bool) {
	for i, id := range chain {
		if !ValidAgentID(id) || contains(chain[:i], id) {
			return "", false
		}
	}
	hash = SequenceHash(chain, form)
	return hash, hash != ""
}

// StepHash returns the hash of a sequence of steps: those completed that are ancestors
// of the current one, then the current one; empty without a workflow. ok is false
// where an id is none or stands twice, or the form is unknown.
func StepHash(steps []string, form HashForm) (hash string, ok bool) {
	for i, id := range steps {
		if !ValidStepID(id) || contains(steps[:i], id) {
			return "", false
		}
	}
	hash = SequenceHash(steps, form)
	return hash, hash != ""
}
