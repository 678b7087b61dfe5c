package ajwt

import "bytes"

// maxAuthorityBytes is the longest name of the DNS, a port and room for escapes.
const maxAuthorityBytes = 512

// appendAuthority appends host and port in normal form: lower case, escapes of
// unreserved characters decoded, no default port of the scheme (RFC 3986, sections
// 6.2.2 and 6.2.3). It answers false for user information, an empty host, a wrong
// port and characters that no host has.
func appendAuthority(dst, authority []byte, scheme string) ([]byte, bool) {
	if len(authority) > maxAuthorityBytes {
		return dst, false
	}
	if isNormalHost(authority) {
		return append(dst, authority...), true
	}
	host, port := authority, []byte(nil)
	if len(host) > 0 && host[0] == '[' {
		end := bytes.IndexByte(host, ']')
		colons := bytes.Count(host[:end+1], []byte(":"))
		if end < 2 || colons < 2 || colons > 7 || bytes.Contains(host, []byte(":::")) {
			return dst, false
		}
		for _, c := range host[1:end] {
			if !isClass(c, charHexDigit) && c != ':' && c != '.' {
				return dst, false
			}
		}
		rest := host[end+1:]
		host = host[:end+1]
		if len(rest) > 0 {
			if rest[0] != ':' {
				return dst, false
			}
			port = rest[1:]
		}
	} else {
		if i := bytes.IndexByte(host, ':'); i >= 0 {
			host, port = host[:i], host[i+1:]
		}
		for i := 0; i < len(host); i++ {
			if host[i] == '%' {
				if i+2 >= len(host) || !isClass(host[i+1], charHexDigit) || !isClass(host[i+2], charHexDigit) ||
					isClass(unhex(host[i+1])<<4|unhex(host[i+2]), charControl) {
					return dst, false
				}
				i += 2
			} else if !isClass(host[i], charHost) {
				return dst, false
			}
		}
	}
	if len(host) == 0 || len(port) > 5 {
		return dst, false
	}
	number := 0
	for _, c := range port {
		if c < '0' || c > '9' {
			return dst, false
		}
		number = number*10 + int(c-'0')
	}
	if number > 65535 || len(port) > 0 && number == 0 {
		return dst, false
	}
	start := len(dst)
	dst = appendNormalEscapes(dst, host)
	for i := start; i < len(dst); i++ {
		if dst[i] == '%' {
			i += 2 // escapes keep their upper-case digits
		} else {
			dst[i] = lower(dst[i])
		}
	}
	if number == 0 || scheme == "https" && number == 443 || scheme == "http" && number == 80 {
		return dst, true
	}
	dst = append(dst, ':')
	return append(dst, bytes.TrimLeft(port, "0")...), true
}

// isNormalHost tells whether an authority is a host alone that is in normal form.
func isNormalHost(authority []byte) bool {
	for _, c := range authority {
		if !isClass(c, charLowerHost) {
			return false
		}
	}
	return len(authority) > 0
}

// htuMatches compares a proof's htu with the request (RFC 9449, section 4.3). ok is
// false where htu is no absolute http or https URL. authority and normalPath are the
// request's, normalised.
func (s *scratch) htuMatches(htu []byte, scheme string, authority, normalPath []byte) (match, ok bool) {
	// What is in normal form already, as most are, is compared as it stands.
	if n := len(scheme) + 3; len(htu) == n+len(authority)+len(normalPath) && string(htu[:n-3]) == scheme && string(htu[n-3:n]) == "://" &&
		string(htu[n:n+len(authority)]) == string(authority) && string(htu[n+len(authority):]) == string(normalPath) {
		return true, true
	}
	sep := bytes.IndexByte(htu, ':')
	if sep < 0 || len(htu) < sep+3 || htu[sep+1] != '/' || htu[sep+2] != '/' {
		return false, false
	}
	var htuScheme string
	switch name := htu[:sep]; {
	case equalFold(name, "https"):
		htuScheme = "https"
	case equalFold(name, "http"):
		htuScheme = "http"
	default:
		return false, false
	}
	rest := htu[sep+3:]
	if i := bytes.IndexAny(rest, "?#"); i >= 0 {
		rest = rest[:i]
	}
	host, p := rest, []byte(nil)
	if i := bytes.IndexByte(rest, '/'); i >= 0 {
		host, p = rest[:i], rest[i:]
	}
	s.url, ok = appendAuthority(s.url[:0], host, htuScheme)
	if !ok {
		return false, false
	}
	match = htuScheme == scheme && bytes.Equal(s.url, authority)
	escapes := false
	for i := 0; i < len(p); i++ {
		if p[i] == '%' {
			if i+2 >= len(p) || !isClass(p[i+1], charHexDigit) || !isClass(p[i+2], charHexDigit) {
				return false, false
			}
			escapes = true
			i += 2
		} else if !isClass(p[i], charPath) {
			return false, false
		}
	}
	if !match {
		return false, true
	}
	if bytes.Equal(p, normalPath) {
		return true, true
	}
	if escapes {
		s.url = appendNormalEscapes(s.url[:0], p)
		p = s.url
	}
	s.url2 = appendWithoutDots(s.url2[:0], p)
	return bytes.Equal(s.url2, normalPath), true
}

// appendWithoutDots removes dot segments (RFC 3986, section 5.2.4) from an absolute
// or empty path; an empty one becomes "/" (section 6.2.3).
func appendWithoutDots(dst, p []byte) []byte {
	start := len(dst)
	for len(p) > 0 {
		end := 1 + bytes.IndexByte(p[1:], '/')
		if end == 0 {
			end = len(p)
		}
		segment, last := p[1:end], end == len(p)
		switch {
		case len(segment) == 1 && segment[0] == '.':
			if last {
				dst = append(dst, '/')
			}
		case isDotSegment(segment):
			if i := bytes.LastIndexByte(dst[start:], '/'); i >= 0 {
				dst = dst[:start+i]
			}
			if last {
				dst = append(dst, '/')
			}
		default:
			dst = append(dst, p[:end]...)
		}
		p = p[end:]
	}
	if len(dst) == start {
		dst = append(dst, '/')
	}
	return dst
}
