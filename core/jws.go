package ajwt

import (
	"bytes"
	"unsafe"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// compact is one JWS in compact form, taken apart into memory that is used again.
type compact struct {
	raw       []byte // the compact form as received
	input     []byte // signing input: the part of raw before the second dot
	header    strictjson.Document
	payload   strictjson.Document
	headerRaw []byte // decoded parts; all lie in buf
	payRaw    []byte
	signature []byte
	parts     [3]span
	buf       []byte
}

// bytesOf gives the bytes of a string without a copy. They must not be changed.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// split finds the three parts (RFC 7515, section 7.1) and returns how many there
// are, counting at most five.
func (c *compact) split(raw []byte) int {
	c.raw, c.input = raw, nil
	from, count := 0, 0
	for {
		end := bytes.IndexByte(raw[from:], '.')
		last := end < 0
		if last {
			end = len(raw) - from
		}
		if count < 3 {
			c.parts[count] = span{int32(from), int32(from + end)}
		}
		count++
		if last || count == 6 {
			break
		}
		from += end + 1
	}
	if count == 3 {
		c.input = raw[:c.parts[1].to]
	}
	return count
}

// part is one of the three parts as it came.
func (c *compact) part(i int) []byte { return c.raw[c.parts[i].from:c.parts[i].to] }

// decode decodes the three parts. bad is the index of the first one that is not
// strict base64url, or -1. An empty header or payload is bad too; an empty
// signature is left to the caller.
func (c *compact) decode() (bad int) { return c.decodeFrom(0) }

// decodeFrom decodes the parts from one of them on.
func (c *compact) decodeFrom(first int) (bad int) {
	if need := len(c.raw) / 4 * 3; cap(c.buf) < need+8 {
		c.buf = make([]byte, 0, need+8)
	}
	buf := c.buf[:0]
	var out [3][]byte
	for i := first; i < 3; i++ {
		start := len(buf)
		var ok bool
		buf, ok = appendBase64URL(buf, c.part(i))
		if !ok || i < 2 && len(buf) == start {
			return i
		}
		out[i] = buf[start:len(buf):len(buf)]
	}
	c.headerRaw, c.payRaw, c.signature = out[0], out[1], out[2]
	return -1
}

// jsonCodes are the codes for one JSON text, by what is wrong with it.
type jsonCodes struct {
	syntax, encoding, duplicate, tooDeep, tooMany, notObject Code
}

var (
	headerCodes = jsonCodes{CodeJWSHeaderSyntax, CodeJWSHeaderEncoding, CodeJWSHeaderDuplicateMember,
		CodeJWSHeaderTooDeep, CodeJWSHeaderTooManyMembers, CodeJWSHeaderNotObject}
	payloadCodes = jsonCodes{CodeJWSPayloadSyntax, CodeJWSPayloadEncoding, CodeJWSPayloadDuplicateMember,
		CodeJWSPayloadTooDeep, CodeJWSPayloadTooManyMembers, CodeJWSPayloadNotObject}
	proofHeaderCodes = jsonCodes{CodeProofHeaderSyntax, CodeProofHeaderEncoding, CodeProofHeaderDuplicateMember,
		CodeProofHeaderTooDeep, CodeProofHeaderTooManyMembers, CodeProofHeaderNotObject}
	proofPayloadCodes = jsonCodes{CodeProofPayloadSyntax, CodeProofPayloadEncoding, CodeProofPayloadDuplicateMember,
		CodeProofPayloadTooDeep, CodeProofPayloadTooManyMembers, CodeProofPayloadNotObject}
)

// valuesPerMember bounds the elements of arrays along with the members: without it,
// reading a token that is one long array would cost more than a signature check.
const valuesPerMember = 8

// parseObject reads a strict JSON object within the policy's limits.
func parseObject(doc *strictjson.Document, text []byte, limits *Limits, codes *jsonCodes) Code {
	text = laxJSON(text)
	err := doc.Parse(text, strictjson.Limits{Depth: limits.JSONDepth, Members: limits.JSONMembers, Values: valuesPerMember * limits.JSONMembers})
	if err != nil {
		switch err.(strictjson.Error).Fault {
		case strictjson.FaultEncoding:
			return codes.encoding
		case strictjson.FaultDuplicate:
			return codes.duplicate
		case strictjson.FaultDepth:
			return codes.tooDeep
		case strictjson.FaultMembers:
			return codes.tooMany
		}
		return codes.syntax
	}
	if doc.Root().Kind() != strictjson.Object {
		return codes.notObject
	}
	return 0
}

// isForbiddenAlg tells whether an alg is none, in any letter case, or one of the
// symmetric ones, which no list can admit (RFC 8725, section 3.1).
func isForbiddenAlg(alg []byte) bool {
	return equalFold(alg, "none") || len(alg) >= 2 && equalFold(alg[:2], "hs")
}

// resolveAlg finds the algorithm that a header's alg means: one of the admitted
// list by its full name, or, for the alias EdDSA, any Edwards algorithm of the list
// that the key can still narrow down (RFC 9864, section 2.2).
func resolveAlg(alg []byte, admitted AlgorithmSet) AlgorithmSet {
	var out AlgorithmSet
	if string(alg) == "EdDSA" {
		for _, a := range [...]Algorithm{AlgEd25519, AlgEd448} {
			if admitted.Has(a) {
				out = out.Add(a)
			}
		}
		return out
	}
	if a, ok := ParseAlgorithm(string(alg)); ok && admitted.Has(a) {
		out = out.Add(a)
	}
	return out
}

// mediaTypeIs compares a typ with a media type of a list, without regard to case
// and to an application/ prefix on either side (RFC 7515, section 4.1.9).
func mediaTypeIs(typ []byte, lowerCase string) bool {
	const prefix = "application/"
	if len(typ) > len(prefix) && equalFold(typ[:len(prefix)], prefix) {
		typ = typ[len(prefix):]
	}
	return equalFold(typ, lowerCase)
}

// Compact is a JWS in compact form, taken apart but not verified (RFC 7515, section
// 7.1). The slices belong to the caller.
type Compact struct {
	Header       []byte // decoded JSON
	Payload      []byte // decoded
	Signature    []byte // decoded
	SigningInput []byte // the bytes that the signature covers
}

// CodeError is an error that is no more than a rejection code.
type CodeError struct{ Code Code }

// Error implements error.
func (e CodeError) Error() string { return "ajwt: " + e.Code.String() }

// ParseCompact takes a compact JWS apart and holds its header to the rules of a
// token: strict base64url, strict JSON, alg and kid present, nothing forbidden. The
// payload may be any bytes. It verifies no signature. The error is a CodeError.
func ParseCompact(token []byte) (*Compact, error) {
	limits := defaultLimits()
	if len(token) > limits.TokenBytes {
		return nil, CodeError{CodeInputTokenTooLong}
	}
	var c compact
	code := c.parse(token)
	if code == 0 {
		code = parseObject(&c.header, c.headerRaw, &limits, &headerCodes)
	}
	if code == 0 {
		var h tokenHeader
		code = h.read(c.header.Root())
	}
	if code != 0 {
		return nil, CodeError{code}
	}
	return &Compact{c.headerRaw, c.payRaw, c.signature, c.input}, nil
}

// parse splits and decodes a token.
func (c *compact) parse(token []byte) Code {
	switch c.split(token) {
	case 3:
	case 5:
		return CodeJWSCompactEncrypted
	default:
		return CodeJWSCompactSegments
	}
	switch c.decode() {
	case 0:
		return CodeJWSHeaderBase64
	case 1:
		return CodeJWSPayloadBase64
	case 2:
		return CodeJWSSignatureBase64
	}
	if len(c.signature) == 0 {
		return CodeJWSSignatureEmpty
	}
	return 0
}

// tokenHeader is what a token's header says. The slices point into the document.
type tokenHeader struct {
	alg, kid, typ []byte // typ is nil where it is absent
}

// tokenHeaderMembers collects the members of one pass over a header.
type tokenHeaderMembers struct {
	alg, kid, typ           strictjson.Value
	crit, b64, zip, foreign bool
}

func readHeaderMembers(header strictjson.Value) (m tokenHeaderMembers) {
	for v := header.First(); v.Exists(); v = v.Next() {
		switch string(v.Key()) {
		case "alg":
			m.alg = v
		case "kid":
			m.kid = v
		case "typ":
			m.typ = v
		case "crit":
			m.crit = true
		case "b64":
			m.b64 = true
		case "zip":
			m.zip = true
		case "jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256":
			m.foreign = true
		}
	}
	return m
}

// read holds a token's header to checks 207 to 211.
func (h *tokenHeader) read(header strictjson.Value) Code {
	m := readHeaderMembers(header)
	h.alg, h.kid, h.typ = m.alg.Bytes(), m.kid.Bytes(), m.typ.Bytes()
	switch {
	case !m.alg.Exists():
		return CodeJWSAlgMissing
	case len(h.alg) == 0:
		return CodeJWSAlgInvalid
	case isForbiddenAlg(h.alg):
		return CodeJWSAlgForbidden
	case m.crit:
		return CodeJWSCritPresent
	case m.b64:
		return CodeJWSB64Present
	case m.zip:
		return CodeJWSZipPresent
	case m.foreign:
		return CodeJWSKeyEmbedded
	case !m.kid.Exists():
		return CodeJWSKidMissing
	case len(h.kid) == 0 || len(h.kid) > maxKidBytes:
		return CodeJWSKidInvalid
	case m.typ.Exists() && h.typ == nil:
		return CodeJWSTypInvalid
	}
	return 0
}
