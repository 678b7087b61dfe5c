package jcs

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// MaxDepth is the nesting that Transform accepts, the outer value counted as 1.
// It bounds recursion; JSON Schemas, the deepest documents in sight, stay below 40.
const MaxDepth = 128

// ErrAbsent is the error for the zero Value: what is not there has no form.
var ErrAbsent = errors.New("jcs: there is no value")

// NumberError tells that a number lies beyond the range of IEEE 754 doubles, which
// RFC 8785, section 3.2.2.3 calls an error (it would be Infinity).
type NumberError struct {
	Pointer string // JSON pointer (RFC 6901) from the value given to Append, "" for that value
}

// Error implements error.
func (e *NumberError) Error() string {
	return "jcs: number out of range at " + strconv.Quote(e.Pointer)
}

// Transform returns the canonical form of one JSON text (RFC 8785). The error is a
// strictjson.Error where the text is no JSON or has more than one reading, and a
// *NumberError where it holds a number that is out of range.
func Transform(json []byte) ([]byte, error) {
	var d strictjson.Document
	if err := d.Parse(json, strictjson.Limits{Depth: MaxDepth}); err != nil {
		return nil, err
	}
	return Append(make([]byte, 0, len(json)), d.Root())
}

// Append appends the canonical form of v to dst (RFC 8785, section 3.2). The error
// is a *NumberError for a number out of range and ErrAbsent for an absent value;
// the result is nil then. Recursion goes as deep as v is nested, which the limits
// of the parse bound.
func Append(dst []byte, v strictjson.Value) ([]byte, error) {
	switch v.Kind() {
	case strictjson.Null, strictjson.True, strictjson.False:
		return append(dst, v.Raw()...), nil
	case strictjson.Number:
		return appendNumber(dst, v.Raw())
	case strictjson.String:
		return AppendString(dst, v.Bytes()), nil
	case strictjson.Array:
		return appendArray(dst, v)
	case strictjson.Object:
		return appendObject(dst, v)
	}
	return nil, ErrAbsent
}

func appendArray(dst []byte, v strictjson.Value) ([]byte, error) {
	dst = append(dst, '[')
	i := 0
	for e := v.First(); e.Exists(); e = e.Next() {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = Append(dst, e); err != nil {
			return nil, under(strconv.Itoa(i), err)
		}
		i++
	}
	return append(dst, ']'), nil
}

func appendObject(dst []byte, v strictjson.Value) ([]byte, error) {
	members := make([]strictjson.Value, 0, v.Len())
	for m := v.First(); m.Exists(); m = m.Next() {
		members = append(members, m)
	}
	slices.SortFunc(members, func(a, b strictjson.Value) int { return compareUTF16(a.Key(), b.Key()) })

	dst = append(dst, '{')
	for i, m := range members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(AppendString(dst, m.Key()), ':')
		var err error
		if dst, err = Append(dst, m); err != nil {
			return nil, under(string(m.Key()), err)
		}
	}
	return append(dst, '}'), nil
}

var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

// under adds the member name or index through which the recursion came.
func under(token string, err error) error {
	if e, ok := err.(*NumberError); ok {
		e.Pointer = "/" + pointerEscaper.Replace(token) + e.Pointer
	}
	return err
}
