package ajwt

import (
	"slices"
	"strconv"
)

// AppendRecord appends the decision record, one JSON object without white space
// (spec/profile.md, section 14), for logs. It names hashes and ids only.
func (d *Decision) AppendRecord(dst []byte) []byte {
	switch {
	case d.Observed:
		dst = append(dst, `{"verdict":"reject","enforced":false`...)
	case d.Verdict == Accept:
		dst = append(dst, `{"verdict":"accept","enforced":true`...)
	default:
		dst = append(dst, `{"verdict":"reject","enforced":true`...)
	}
	if d.Code != 0 {
		dst = appendMember(dst, `,"code":"`, d.Code.String())
		dst = append(dst, `,"check":`...)
		dst = strconv.AppendInt(dst, int64(d.Code.Check()), 10)
	}
	dst = appendMember(dst, `,"level":"`, d.Level.String())
	dst = appendMember(dst, `,"issuer":"`, d.Issuer)
	dst = appendMember(dst, `,"agent":"`, d.Agent)
	dst = appendMember(dst, `,"workflow":"`, d.Workflow)
	dst = appendMember(dst, `,"step":"`, d.Step)
	dst = appendMember(dst, `,"act":"`, d.Act)
	dst = appendMember(dst, `,"chain_hash":"`, d.ChainHash)
	dst = appendHashMember(dst, `,"key_thumbprint":"`, &d.KeyThumbprint)
	dst = appendHashMember(dst, `,"jti_hash":"`, &d.JTIHash)
	dst = appendMember(dst, `,"route":"`, d.Route)
	dst = appendHashMember(dst, `,"policy_digest":"`, &d.PolicyDigest)
	if d.BundleVersion != 0 {
		dst = strconv.AppendInt(append(dst, `,"bundle_version":`...), d.BundleVersion, 10)
	}
	if len(d.Warnings) > 0 {
		dst = append(dst, `,"warnings":[`...)
		for i, w := range d.Warnings {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSONString(dst, w.String())
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

// SameRecord tells whether AppendRecord writes the same for both decisions: hosts keep the
// records of tokens that come again.
func (d *Decision) SameRecord(o *Decision) bool {
	return d.Verdict == o.Verdict && d.Observed == o.Observed && d.Code == o.Code && d.Level == o.Level &&
		d.Issuer == o.Issuer && d.Agent == o.Agent && d.Workflow == o.Workflow && d.Step == o.Step && d.Act == o.Act &&
		d.ChainHash == o.ChainHash && d.Route == o.Route && d.BundleVersion == o.BundleVersion &&
		d.KeyThumbprint == o.KeyThumbprint && d.JTIHash == o.JTIHash && d.PolicyDigest == o.PolicyDigest &&
		slices.Equal(d.Warnings, o.Warnings)
}

// appendMember writes a member, and nothing for an empty value. name is all that stands
// before the value. A dozen copies of it would make the modules larger.
//
//go:noinline
func appendMember(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	return append(appendJSONContent(append(dst, name...), value), '"')
}

// appendHashMember writes a 32-byte hash as base64url, and nothing for a zero one.
//
//go:noinline
func appendHashMember(dst []byte, name string, hash *[32]byte) []byte {
	if *hash == ([32]byte{}) {
		return dst
	}
	return append(appendBase64URLEncode(append(dst, name...), hash[:]), '"')
}

// appendJSONString writes a string of valid UTF-8 as JSON (RFC 8259, section 7).
func appendJSONString(dst []byte, s string) []byte {
	return append(appendJSONContent(append(dst, '"'), s), '"')
}

func appendJSONContent(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c != 0x7f {
			continue
		}
		dst = append(dst, s[from:i]...)
		if from = i + 1; c == '"' || c == '\\' {
			dst = append(dst, '\\', c)
		} else {
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(dst, s[from:]...)
}
