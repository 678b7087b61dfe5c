// Package receipts keeps a log of decisions that cannot be changed unnoticed: JSON
// lines, each with the SHA-256 of the line before it, and at intervals a signed
// checkpoint. spec/receipts.md describes the format.
//
// A Writer appends to one file, which it holds exclusively; a Verifier reads the files
// of a log in the order in which they were written and names the first line that is
// altered, missing or out of place.
//
// # What a log proves
//
// The chain alone finds accidents and careless changes: whoever can write the file can
// compute the whole chain anew. Checkpoints, verified with the signer's public key,
// bind everything before the last of them. What comes after it, and that nothing was cut
// off at the end, is known only from a head (Writer.Head) that was kept elsewhere.
//
// # When a receipt is mandatory
//
// Append returns an error when it could not write the receipt, and what that means is
// the host's decision. Where every request that passes must have a receipt, call
// Append before the request is forwarded and refuse the request (503) on any error.
package receipts

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
)

// MaxLine is the longest line, in bytes without its line end. A decision record takes
// less than 2 KiB unless issuers and route ids are very long.
const MaxLine = 65536

// The errors of a Writer that a host may want to tell apart.
var (
	ErrLocked   = errors.New("receipts: another writer holds the file")
	ErrClosed   = errors.New("receipts: the writer is closed")
	ErrDeferred = errors.New("receipts: the decision is deferred; settle it before it is recorded")
	ErrTooLong  = errors.New("receipts: the record does not fit into a line")
)

// Hash is the SHA-256 of one line without its line end.
type Hash [32]byte

// String returns the base64url form, 43 characters, as in the member prev.
func (h Hash) String() string { return base64.RawURLEncoding.EncodeToString(h[:]) }

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// ParseHash reads the base64url form (43 characters) or the hexadecimal one (64), which
// is what tools such as sha256sum print.
func ParseHash(s string) (Hash, bool) {
	var h Hash
	var b []byte
	var err error
	switch len(s) {
	case 43:
		b, err = base64.RawURLEncoding.Strict().DecodeString(s)
	case 64:
		b, err = hex.DecodeString(s)
	default:
		return h, false
	}
	if err != nil || len(b) != len(h) {
		return h, false
	}
	return Hash(b), true
}

// Head is the last line of a log at some moment: its number and its hash. Kept where
// the log's own storage cannot reach, it later shows whether that line is still there.
type Head struct {
	Seq  int64 `json:"seq"`
	Hash Hash  `json:"hash"`
}
