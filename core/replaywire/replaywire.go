// Package replaywire is a caller's half of the protocol of spec/replay.md, section 2: the
// bytes that ask a replay store over HTTP, and what its answers mean. It does no input or
// output, so that hosts with any HTTP client read answers alike.
package replaywire

import (
	"encoding/base64"
	"strconv"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/core/strictjson"
)

const (
	// Path is that of the service.
	Path = "/v1/replay"
	// StartHeader is the field of an answer that names the NumericDate at which the memory
	// started empty.
	StartHeader = "Replay-Start"
	// MaxBody is the most bytes of a request, and of an answer that is read: 16 keys take
	// less than 2,300.
	MaxBody = 4096
	// MaxKeys is the most keys of one request. A decision has two at most.
	MaxKeys = 16
)

// AppendKey appends the text that carries tag and key: base64url of the tag, a full
// stop, base64url of the key, without padding (87 bytes).
func AppendKey(dst []byte, k *ajwt.ReplayKey) []byte {
	dst = base64.RawURLEncoding.AppendEncode(dst, k.Tag[:])
	dst = append(dst, '.')
	return base64.RawURLEncoding.AppendEncode(dst, k.Key[:])
}

// AppendRequest appends the body {"keys":[{"k":"…","exp":…},…]}.
func AppendRequest(dst []byte, keys []ajwt.ReplayKey) []byte {
	dst = append(dst, `{"keys":[`...)
	for i := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"k":"`...)
		dst = AppendKey(dst, &keys[i])
		dst = append(dst, `","exp":`...)
		dst = append(strconv.AppendInt(dst, keys[i].Expires, 10), '}')
	}
	return append(dst, "]}"...)
}

// The statuses that are answers.
const (
	statusRecorded = 204
	statusKnown    = 409
)

// Answers tells whether an answer with this status is one of the store at all.
func Answers(status int) bool { return status == statusRecorded || status == statusKnown }

// Result is what an answer to a request of so many keys means: ajwt.ReplayFresh, or
// ajwt.ReplaySeen with the index of the key that was known, -1 where the body does not say
// it: something was used, whatever it was. Every other status is no answer.
func Result(status int, body []byte, keys int) (result ajwt.ReplayResult, seen int) {
	switch status {
	case statusRecorded:
		return ajwt.ReplayFresh, 0
	case statusKnown:
		if seen, ok := parseSeen(body, keys); ok {
			return ajwt.ReplaySeen, seen
		}
		return ajwt.ReplaySeen, -1
	}
	return ajwt.ReplayUnavailable, 0
}

// AppendSeen appends the body of a 409: {"seen":index}.
func AppendSeen(dst []byte, index int) []byte {
	return append(strconv.AppendInt(append(dst, `{"seen":`...), int64(index), 10), '}')
}

// parseSeen reads it: which of so many keys was known.
func parseSeen(body []byte, keys int) (int, bool) {
	var doc strictjson.Document
	if len(body) > MaxBody || doc.Parse(body, strictjson.Limits{Depth: 1, Members: 1}) != nil {
		return 0, false
	}
	index, ok := doc.Root().Member("seen").Integer()
	return int(index), ok && index >= 0 && index < int64(keys)
}

// ParseStart reads the value of StartHeader: a NumericDate in plain digits.
func ParseStart(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n >= 0 && n <= strictjson.MaxInteger && text == strconv.FormatInt(n, 10)
}

// Start is what a caller knows of when the store's memory started empty. The zero Start
// knows nothing.
type Start struct {
	At   int64 // NumericDate, 0 for nothing known or for a memory that has always been there
	Said bool  // some answer has named it
	Met  bool  // there was an answer before
}

// Learn takes what an answer, of whatever status, says: the value of its StartHeader, ""
// for none. The latest start that was named counts. Of a store that has never named one it
// is not known what it forgot: its start is the time at which it was first met, now.
//
// ok is false for a 204 or 409 that is none, because others of this store named a start, or
// because the value is malformed.
func (s Start) Learn(status int, header string, now int64) (next Start, ok bool) {
	at, named := ParseStart(header)
	switch {
	case named:
		return Start{max(s.At, at), true, true}, true
	case !Answers(status):
		return s, true
	case s.Said || header != "":
		return s, false
	case !s.Met:
		s.At, s.Met = max(s.At, now), true
	}
	return s, true
}
