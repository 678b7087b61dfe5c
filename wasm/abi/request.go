package abi

import (
	"encoding/binary"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// ReplayAnswer is what a host's own replay store said about the keys of a decision
// that was deferred. The host repeats the request with it, and the module gives the
// decision that it would have given with that store inside: same code, challenge and
// record. The zero ReplayAnswer stands for none.
type ReplayAnswer struct {
	Given  bool
	Result ajwt.ReplayResult // ReplayUnavailable, ReplaySeen, ReplayFull or ReplayQuota
	Seen   uint8             // index of the key that was known, for ReplaySeen
	// Start is the NumericDate at which the host's store started empty, where that is
	// later than the configuration says: it lost its memory since. With or without an
	// answer; 0 for none.
	Start int64
}

// VerifySize is the number of bytes that AppendVerify adds at most.
func VerifySize(r *ajwt.Request) int {
	n := 9*recordHead + 8 + 2 + 8 + len(r.Method) + len(r.Scheme) + len(r.Authority) + len(r.Target) + len(r.Body)
	for i := range r.Headers {
		n += recordHead + 4 + len(r.Headers[i].Name) + len(r.Headers[i].Value)
	}
	return n
}

// AppendVerify appends the message of ajwt_verify for a request. A nil Body is left
// out (the host did not read it); an empty one is a record of length zero.
func AppendVerify(dst []byte, r *ajwt.Request, replay ReplayAnswer) []byte {
	dst = appendText(dst, tagMethod, r.Method)
	dst = appendText(dst, tagScheme, r.Scheme)
	dst = appendText(dst, tagAuthority, r.Authority)
	dst = appendText(dst, tagTarget, r.Target)
	for i := range r.Headers {
		name, value := r.Headers[i].Name, r.Headers[i].Value
		dst = appendHead(dst, tagHeader, 4+len(name)+len(value))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(name)))
		dst = append(dst, name...)
		dst = append(dst, value...)
	}
	if r.Body != nil {
		dst = append(appendHead(dst, tagBody, len(r.Body)), r.Body...)
	}
	dst = appendInt64(dst, tagNow, r.Now)
	if replay.Given {
		dst = append(appendHead(dst, tagReplayAnswer, 2), byte(replay.Result), replay.Seen)
	}
	if replay.Start != 0 {
		dst = appendInt64(dst, tagReplayLost, replay.Start)
	}
	return dst
}

// DecodeVerify reads the message of ajwt_verify into r, whose slice of headers it
// uses again. Strings and body alias the message and are good until it changes. The
// error is an *Error; r is then of no use.
func DecodeVerify(message []byte, r *ajwt.Request) (ReplayAnswer, error) {
	replay, err := decodeVerify(message, r)
	if err != nil {
		*r = ajwt.Request{Headers: r.Headers[:0]}
		return ReplayAnswer{}, err
	}
	return replay, nil
}

func decodeVerify(message []byte, r *ajwt.Request) (replay ReplayAnswer, err *Error) {
	in := reader{data: message}
	if err := in.tooLarge(); err != nil {
		return replay, err
	}
	*r = ajwt.Request{Headers: r.Headers[:0]}
	var seen tagSet
	for {
		tag, value, ok, err := in.next()
		if err != nil {
			return replay, err
		}
		if !ok {
			break
		}
		if tag > tagReplayLost || tag == 0 {
			return replay, in.unknown(tag)
		}
		if !seen.add(tag) && tag != tagHeader {
			return replay, in.duplicate(tag)
		}
		if err := verifyRecord(&in, r, &replay, tag, value); err != nil {
			return replay, err
		}
	}
	return replay, seen.need(&in, tagMethod, tagScheme, tagAuthority, tagTarget, tagNow)
}

// verifyRecord takes one record of a request.
func verifyRecord(in *reader, r *ajwt.Request, replay *ReplayAnswer, tag byte, value []byte) *Error {
	switch tag {
	case tagMethod:
		r.Method = alias(value)
	case tagScheme:
		r.Scheme = alias(value)
	case tagAuthority:
		r.Authority = alias(value)
	case tagTarget:
		r.Target = alias(value)
	case tagHeader:
		name, text, ok := split(value)
		if !ok {
			return in.malformed(tag, "length of the name, name, value")
		}
		if len(r.Headers) == MaxHeaders {
			return in.fail(ajwt.CodeABITooLarge, "want at most 4096 header records")
		}
		r.Headers = append(r.Headers, ajwt.Header{Name: alias(name), Value: alias(text)})
	case tagBody:
		r.Body = value // not nil, even when empty
	case tagNow:
		now, ok := getInt64(value)
		if !ok {
			return in.malformed(tag, "8 bytes")
		}
		r.Now = now
	case tagReplayAnswer:
		if len(value) != 2 || !refusing(ajwt.ReplayResult(value[0])) {
			return in.malformed(tag, "2 bytes: result 0, 2, 3 or 4, and the key's index")
		}
		replay.Given, replay.Result, replay.Seen = true, ajwt.ReplayResult(value[0]), value[1]
	case tagReplayLost:
		start, ok := getInt64(value)
		if !ok || start <= 0 {
			return in.malformed(tag, "8 bytes, above zero")
		}
		replay.Start = start
	}
	return nil
}

// refusing tells whether a store's answer may come back to the module. Fresh may
// not: the host lets that request pass without a second call.
func refusing(r ajwt.ReplayResult) bool {
	switch r {
	case ajwt.ReplayUnavailable, ajwt.ReplaySeen, ajwt.ReplayFull, ajwt.ReplayQuota:
		return true
	}
	return false
}
