package jcs

// AppendString appends s, which must be valid UTF-8, as a JSON string with the
// escapes of RFC 8785, section 3.2.2.2: the two-character ones where JSON has them,
// \u00xx in lowercase for the other control characters, nothing else. DEL, U+2028
// and the slash stay as they are, and no Unicode normalisation takes place.
func AppendString[T ~string | ~[]byte](dst []byte, s T) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\r':
			dst = append(dst, '\\', 'r')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// compareUTF16 orders two texts of valid UTF-8 by their UTF-16 code units (RFC
// 8785, section 3.2.3) without converting them.
//
// UTF-8 bytes order like code points. UTF-16 differs in one place only: a code
// point beyond U+FFFF is written with surrogates (D800 to DFFF) and so comes before
// U+E000 to U+FFFF. In UTF-8 the former begin with F0 or more, the latter with EE or
// EF, and no other byte has these values.
func compareUTF16(a, b []byte) int {
	for i := 0; i < len(a) && i < len(b); i++ {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		if x >= 0xEE && y >= 0xEE && (x >= 0xF0) != (y >= 0xF0) {
			return int(y) - int(x)
		}
		return int(x) - int(y)
	}
	return len(a) - len(b)
}
