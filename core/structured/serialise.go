package structured

import "strconv"

// AppendMember appends the value of a list's or dictionary's member, an item or an inner
// list, with its parameters, in the one form of RFC 9651, section 4.1.
func AppendMember(dst []byte, v Value) []byte {
	if v.Kind() != InnerList {
		return AppendItem(dst, v)
	}
	dst = append(dst, '(')
	for e := v.First(); e.Exists(); e = e.Next() {
		if dst[len(dst)-1] != '(' {
			dst = append(dst, ' ')
		}
		dst = AppendItem(dst, e)
	}
	return appendParams(append(dst, ')'), v)
}

// AppendItem appends an item with its parameters (sections 4.1.3 and 4.1.1.2).
func AppendItem(dst []byte, v Value) []byte { return appendParams(appendBare(dst, v), v) }

func appendParams(dst []byte, v Value) []byte {
	for p := v.Params(); p.Exists(); p = p.Next() {
		dst = append(append(dst, ';'), p.Key()...)
		if p.Kind() != Boolean || p.Number() == 0 {
			dst = appendBare(append(dst, '='), p)
		}
	}
	return dst
}

func appendBare(dst []byte, v Value) []byte {
	switch v.Kind() {
	case Integer:
		return strconv.AppendInt(dst, v.Number(), 10)
	case Date:
		return strconv.AppendInt(append(dst, '@'), v.Number(), 10)
	case Boolean:
		return append(dst, '?', '0'+byte(v.Number()))
	case Decimal:
		return appendDecimal(dst, v.Number())
	case Token:
		return append(dst, v.Bytes()...)
	case ByteSequence:
		return append(appendBase64(append(dst, ':'), v.Bytes()), ':')
	case String:
		dst = append(dst, '"')
		for _, c := range v.Bytes() {
			if c == '"' || c == '\\' {
				dst = append(dst, '\\')
			}
			dst = append(dst, c)
		}
		return append(dst, '"')
	}
	const hex = "0123456789abcdef"
	dst = append(dst, '%', '"')
	for _, c := range v.Bytes() {
		if c == '%' || c == '"' || c < ' ' || c > '~' {
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		} else {
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// appendDecimal writes at least one digit behind the point and no zero at the end.
func appendDecimal(dst []byte, thousandths int64) []byte {
	if thousandths < 0 {
		dst, thousandths = append(dst, '-'), -thousandths
	}
	dst = append(strconv.AppendInt(dst, thousandths/1000, 10), '.')
	rest := thousandths % 1000
	dst = append(dst, '0'+byte(rest/100))
	if rest %= 100; rest > 0 {
		dst = append(dst, '0'+byte(rest/10))
	}
	if rest %= 10; rest > 0 {
		dst = append(dst, '0'+byte(rest))
	}
	return dst
}

func appendBase64(dst, src []byte) []byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for len(src) > 0 {
		var group [3]byte
		n := copy(group[:], src)
		word := uint32(group[0])<<16 | uint32(group[1])<<8 | uint32(group[2])
		for i := 0; i < 4; i++ {
			if i > n {
				dst = append(dst, '=')
			} else {
				dst = append(dst, alphabet[word>>(18-6*i)&63])
			}
		}
		src = src[n:]
	}
	return dst
}
