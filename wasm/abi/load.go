package abi

import (
	"encoding/binary"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// Document is what ajwt_load takes for one issuer of the policy: a key set, or a signed
// bundle or revocation list in compact form.
type Document struct {
	Kind   ajwt.Kind
	Issuer string // as the policy names it
	Data   []byte
	Now    int64 // NumericDate
}

// AppendLoad appends the message of ajwt_load.
func AppendLoad(dst []byte, d *Document) []byte {
	dst = appendByte(dst, tagKind, byte(d.Kind))
	dst = appendText(dst, tagIssuer, d.Issuer)
	dst = append(appendHead(dst, tagData, len(d.Data)), d.Data...)
	return appendInt64(dst, tagNowDoc, d.Now)
}

// DecodeLoad reads the message of ajwt_load. Issuer and data alias the message. The
// error is an *Error. A kind that this version does not know is left to the Verifier.
func DecodeLoad(message []byte) (Document, error) {
	d, err := decodeLoad(message)
	if err != nil {
		return Document{}, err
	}
	return d, nil
}

func decodeLoad(message []byte) (d Document, err *Error) {
	in := reader{data: message}
	if err := in.tooLarge(); err != nil {
		return d, err
	}
	var seen tagSet
	for {
		tag, value, ok, err := in.next()
		if err != nil {
			return d, err
		}
		if !ok {
			return d, seen.need(&in, tagKind, tagIssuer, tagData, tagNowDoc)
		}
		if tag < tagKind || tag > tagNowDoc {
			return d, in.unknown(tag)
		}
		if !seen.add(tag) {
			return d, in.duplicate(tag)
		}
		switch tag {
		case tagKind:
			if len(value) != 1 {
				return d, in.malformed(tag, "1 byte")
			}
			d.Kind = ajwt.Kind(value[0])
		case tagIssuer:
			d.Issuer = alias(value)
		case tagData:
			d.Data = value
		case tagNowDoc:
			if d.Now, ok = getInt64(value); !ok {
				return d, in.malformed(tag, "8 bytes")
			}
		}
	}
}

// LoadSize is the number of bytes that AppendLoad adds.
func LoadSize(d *Document) int {
	return 4*recordHead + 1 + 8 + len(d.Issuer) + len(d.Data)
}

// versionHead is the length of a version's record without the issuer.
const versionHead = 1 + 8 + 32

func appendVersion(dst []byte, tag byte, v *ajwt.DocumentVersion) []byte {
	dst = append(appendHead(dst, tag, versionHead+len(v.Issuer)), byte(v.Kind))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(v.Version))
	dst = append(dst, v.Digest[:]...)
	return append(dst, v.Issuer...)
}

// readVersion reads such a record; text is value as a string.
func readVersion(value []byte, text string) (v ajwt.DocumentVersion, ok bool) {
	if len(value) < versionHead || ajwt.Kind(value[0]) != ajwt.KindBundle && ajwt.Kind(value[0]) != ajwt.KindRevocations {
		return v, false
	}
	v.Kind, v.Version = ajwt.Kind(value[0]), int64(binary.LittleEndian.Uint64(value[1:]))
	copy(v.Digest[:], value[9:])
	v.Issuer = text[versionHead:]
	return v, v.Version >= 0
}
