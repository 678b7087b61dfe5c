package ajwt

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// maxPythonDigits is the number of digits up to which Python reads an integer: since
// 3.11 (and the security releases of that year for 3.7 to 3.10) json.loads raises
// ValueError beyond it. A larger one has no form that every Python agrees on.
const maxPythonDigits = 4300

// appendPythonJSON appends what Python's json.dumps(json.loads(v)) gives, with
// sort_keys=True where sorted is set and the members in the order of the text
// otherwise: separators ", " and ": ", ASCII only, integers with all their digits,
// other numbers as the repr of the nearest double. The error is a *ChecksumError
// whose Pointer starts at v: a number that Python reads as infinite (it would write
// Infinity, which is no JSON) or an integer of more than 4300 digits.
func appendPythonJSON(dst []byte, v strictjson.Value, sorted bool) ([]byte, error) {
	switch v.Kind() {
	case strictjson.Null, strictjson.True, strictjson.False:
		return append(dst, v.Raw()...), nil
	case strictjson.Number:
		return appendPythonNumber(dst, v.Raw())
	case strictjson.String:
		return appendPythonString(dst, v.Bytes()), nil
	case strictjson.Array:
		dst = append(dst, '[')
		i := 0
		for e := v.First(); e.Exists(); e = e.Next() {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			var err error
			if dst, err = appendPythonJSON(dst, e, sorted); err != nil {
				return nil, checksumUnder(strconv.Itoa(i), err)
			}
			i++
		}
		return append(dst, ']'), nil
	case strictjson.Object:
		return appendPythonObject(dst, v, sorted)
	}
	return nil, &ChecksumError{Reason: ChecksumMissing}
}

func appendPythonObject(dst []byte, v strictjson.Value, sorted bool) ([]byte, error) {
	members := make([]strictjson.Value, 0, v.Len())
	for m := v.First(); m.Exists(); m = m.Next() {
		members = append(members, m)
	}
	if sorted {
		// Python orders str by code points, and so do the bytes of UTF-8.
		slices.SortFunc(members, func(a, b strictjson.Value) int { return bytes.Compare(a.Key(), b.Key()) })
	}
	dst = append(dst, '{')
	for i, m := range members {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(appendPythonString(dst, m.Key()), ": "...)
		var err error
		if dst, err = appendPythonJSON(dst, m, sorted); err != nil {
			return nil, checksumUnder(string(m.Key()), err)
		}
	}
	return append(dst, '}'), nil
}

// appendPythonNumber appends a number of JSON's grammar. json.loads makes an int of
// one without fraction and exponent, a float of any other.
func appendPythonNumber(dst, raw []byte) ([]byte, error) {
	if !bytes.ContainsAny(raw, ".eE") {
		if len(bytes.TrimPrefix(raw, []byte{'-'})) > maxPythonDigits {
			return nil, &ChecksumError{Reason: ChecksumNumber}
		}
		if string(raw) == "-0" { // int has no negative zero, float has: -0.0 stays
			raw = raw[1:]
		}
		return append(dst, raw...), nil
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return nil, &ChecksumError{Reason: ChecksumNumber}
	}
	return appendPythonFloat(dst, f), nil
}

// appendPythonFloat appends repr(f) of a finite double: the fewest digits that read
// back as f, plain from 1e-4 up to but not including 1e16 and then always with a
// fraction (1.0), beyond that with an exponent of at least two digits (1e-05).
func appendPythonFloat(dst []byte, f float64) []byte {
	if abs := math.Abs(f); abs != 0 && (abs < 1e-4 || abs >= 1e16) {
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
	if bytes.IndexByte(dst[start:], '.') < 0 {
		dst = append(dst, ".0"...)
	}
	return dst
}

// appendPythonString appends a string of valid UTF-8 as json.dumps does with
// ensure_ascii: the two-character escapes where JSON has them, \uXXXX in lowercase
// for every other code unit outside space to tilde (DEL too), the slash as it is.
func appendPythonString(dst, s []byte) []byte {
	dst = append(dst, '"')
	for len(s) > 0 {
		r, size := utf8.DecodeRune(s)
		s = s[size:]
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r >= ' ' && r <= '~':
			dst = append(dst, byte(r))
		case r == '\b':
			dst = append(dst, '\\', 'b')
		case r == '\t':
			dst = append(dst, '\\', 't')
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case r == '\f':
			dst = append(dst, '\\', 'f')
		case r == '\r':
			dst = append(dst, '\\', 'r')
		case r > 0xFFFF:
			r -= 0x10000
			dst = appendUTF16Escape(dst, 0xD800+r>>10)
			dst = appendUTF16Escape(dst, 0xDC00+r&0x3FF)
		default:
			dst = appendUTF16Escape(dst, r)
		}
	}
	return append(dst, '"')
}

func appendUTF16Escape(dst []byte, unit rune) []byte {
	return appendLowerHex(append(dst, '\\', 'u'), []byte{byte(unit >> 8), byte(unit)})
}

var checksumPointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

// checksumUnder adds the member name or index through which the recursion came.
func checksumUnder(token string, err error) error {
	if e, ok := err.(*ChecksumError); ok {
		e.Pointer = "/" + checksumPointerEscaper.Replace(token) + e.Pointer
	}
	return err
}
