package abi

import (
	"encoding/binary"
	"strconv"
	"unsafe"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// recordHead is the length of a record without its value.
const recordHead = 5

// Error tells why a message or an answer cannot be read.
type Error struct {
	Code   ajwt.Code // one of abi_…
	Offset int       // of the record at fault, in bytes from the start
	Detail string    // for people; holds nothing of the message but tags and lengths
}

// Error implements error.
func (e *Error) Error() string {
	return e.Code.String() + ": at byte " + strconv.Itoa(e.Offset) + ": " + e.Detail
}

// Fault gives the error in the form of a load error's entry.
func (e *Error) fault() ajwt.Fault {
	return ajwt.Fault{Code: e.Code, Detail: "at byte " + strconv.Itoa(e.Offset) + ": " + e.Detail}
}

// reader walks the records of a message.
type reader struct {
	data []byte
	at   int // of the next record
	last int // of the record that next returned
}

// next returns the next record. The value aliases the message. ok is false at the
// end and after an error.
func (r *reader) next() (tag byte, value []byte, ok bool, err *Error) {
	rest := r.data[r.at:]
	if len(rest) == 0 {
		return 0, nil, false, nil
	}
	r.last = r.at
	if len(rest) < recordHead {
		return 0, nil, false, r.fail(ajwt.CodeABIRecordMalformed, "a record's head is cut off")
	}
	n := binary.LittleEndian.Uint32(rest[1:])
	if uint64(n) > uint64(len(rest)-recordHead) {
		return 0, nil, false, r.fail(ajwt.CodeABIRecordMalformed, "a record is longer than what is left")
	}
	end := recordHead + int(n)
	r.at += end
	return rest[0], rest[recordHead:end:end], true, nil
}

func (r *reader) fail(code ajwt.Code, detail string) *Error {
	return &Error{Code: code, Offset: r.last, Detail: detail}
}

func (r *reader) unknown(tag byte) *Error {
	return r.fail(ajwt.CodeABIRecordUnknown, tagName(tag)+" is unknown here")
}

func (r *reader) malformed(tag byte, want string) *Error {
	return r.fail(ajwt.CodeABIRecordMalformed, tagName(tag)+": want "+want)
}

func (r *reader) duplicate(tag byte) *Error {
	return r.fail(ajwt.CodeABIRecordDuplicate, tagName(tag)+" stands twice")
}

// missing is for a tag that did not come up to the end of the message.
func (r *reader) missing(tag byte) *Error {
	r.last = r.at
	return r.fail(ajwt.CodeABIRecordMissing, tagName(tag)+" is mandatory")
}

// tooLarge checks the length of the whole message.
func (r *reader) tooLarge() *Error {
	if len(r.data) <= MaxMessageBytes {
		return nil
	}
	return r.fail(ajwt.CodeABITooLarge, "want at most "+strconv.Itoa(MaxMessageBytes)+" bytes")
}

func tagName(tag byte) string {
	const hex = "0123456789abcdef"
	return "tag 0x" + string([]byte{hex[tag>>4], hex[tag&15]})
}

// tagSet remembers which tags below 0x80 came.
type tagSet [2]uint64

// add reports whether the tag was new.
func (s *tagSet) add(tag byte) bool {
	bit := uint64(1) << (tag & 63)
	was := s[tag>>6&1] & bit
	s[tag>>6&1] |= bit
	return was == 0
}

func (s *tagSet) has(tag byte) bool { return s[tag>>6&1]&(1<<(tag&63)) != 0 }

// need returns an error for the first of the tags that did not come.
func (s *tagSet) need(r *reader, tags ...byte) *Error {
	for _, tag := range tags {
		if !s.has(tag) {
			return r.missing(tag)
		}
	}
	return nil
}

func appendHead(dst []byte, tag byte, length int) []byte {
	dst = append(dst, tag)
	return binary.LittleEndian.AppendUint32(dst, uint32(length))
}

func appendText(dst []byte, tag byte, value string) []byte {
	return append(appendHead(dst, tag, len(value)), value...)
}

// appendOptional writes a text record, and nothing for an empty text.
func appendOptional(dst []byte, tag byte, value string) []byte {
	if value == "" {
		return dst
	}
	return appendText(dst, tag, value)
}

// appendHash writes a 32-byte record, and nothing for a zero hash.
func appendHash(dst []byte, tag byte, hash *[32]byte) []byte {
	if *hash == ([32]byte{}) {
		return dst
	}
	return append(appendHead(dst, tag, len(hash)), hash[:]...)
}

func appendByte(dst []byte, tag, value byte) []byte {
	return append(appendHead(dst, tag, 1), value)
}

func appendInt64(dst []byte, tag byte, value int64) []byte {
	return binary.LittleEndian.AppendUint64(appendHead(dst, tag, 8), uint64(value))
}

func getInt64(value []byte) (int64, bool) {
	if len(value) != 8 {
		return 0, false
	}
	return int64(binary.LittleEndian.Uint64(value)), true
}

// split cuts a value with a four-byte length in front: name and rest.
func split(value []byte) (name, rest []byte, ok bool) {
	if len(value) < 4 {
		return nil, nil, false
	}
	n := binary.LittleEndian.Uint32(value)
	value = value[4:]
	if uint64(n) > uint64(len(value)) {
		return nil, nil, false
	}
	return value[:n:n], value[n:], true
}

// alias gives bytes as a string without copying. The string is good for as long as
// nobody writes to the bytes: within the module, for one call.
func alias(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b))
}
