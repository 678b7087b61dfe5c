package ajwt

import "crypto/sha256"

// checksumPrefix names the hash function in checksums and in long sequence hashes.
const checksumPrefix = "sha256:"

// appendChecksum writes a digest as "sha256:" and 64 lowercase hex characters.
func appendChecksum(dst []byte, digest [sha256.Size]byte) []byte {
	return appendLowerHex(append(dst, checksumPrefix...), digest[:])
}

// parseChecksum reads "sha256:" and 64 lowercase hex characters. The prefix may be
// absent where allowBare is set (the profiles draft-00 and patchet: draft-00,
// section 5.3.1, step 4 makes it optional). Uppercase is refused: the draft demands
// lowercase, and two spellings of one checksum would be two labels.
func parseChecksum(b []byte, allowBare bool) (digest [sha256.Size]byte, ok bool) {
	if len(b) == len(checksumPrefix)+2*sha256.Size && string(b[:len(checksumPrefix)]) == checksumPrefix {
		b = b[len(checksumPrefix):]
	} else if !allowBare {
		return digest, false
	}
	if len(b) != 2*sha256.Size || !decodeLowerHex(digest[:], b) {
		return [sha256.Size]byte{}, false
	}
	return digest, true
}

func appendLowerHex(dst, b []byte) []byte {
	const hex = "0123456789abcdef"
	for _, c := range b {
		dst = append(dst, hex[c>>4], hex[c&15])
	}
	return dst
}

// decodeLowerHex reads 2*len(dst) lowercase hex characters; src has that length.
func decodeLowerHex(dst, src []byte) bool {
	for i := range dst {
		high, ok1 := lowerHexDigit(src[2*i])
		low, ok2 := lowerHexDigit(src[2*i+1])
		if !ok1 || !ok2 {
			return false
		}
		dst[i] = high<<4 | low
	}
	return true
}

func lowerHexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}
