package jcs

import (
	"math"
	"strconv"
)

// appendNumber appends a number of JSON's grammar as the double nearest to it.
func appendNumber(dst, raw []byte) ([]byte, error) {
	// Text of the grammar can fail in one way only: it is too large. What is too
	// small for a double reads as zero, in ECMAScript too.
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return nil, &NumberError{}
	}
	return appendDouble(dst, f), nil
}

// appendDouble appends a finite double as Number::toString of ECMAScript 2019,
// section 7.1.12.1 does (RFC 8785, section 3.2.2.3 and appendix B): the fewest
// digits that read back as f, of those the nearest to f; plain from 1e-6 up to but
// not including 1e21, beyond that with an exponent that has a sign and no leading
// zero. Negative zero is 0.
func appendDouble(dst []byte, f float64) []byte {
	abs := math.Abs(f)
	if abs == 0 {
		return append(dst, '0')
	}
	if abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	// strconv writes at least two digits of exponent, ECMAScript no leading zero:
	// e-07 becomes e-7, e-308 stays.
	if n := len(dst); dst[n-4] == 'e' && dst[n-2] == '0' {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}
