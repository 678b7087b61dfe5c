package filter

import (
	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/proxywasm/abi"
)

// offloaded is the answer of the proxy's own signature check.
type offloaded uint8

// The answers. Only unavailable, which a proxy without the function gives, admits that the
// module verifies by itself; everything else that is not verified rejects.
const (
	refused offloaded = iota
	verified
	unavailable
)

// foreignVerify is Envoy's function. Its argument is a protocol buffer: 1 the name of the
// hash, 2 the key as SubjectPublicKeyInfo, 3 the signature, in DER for ECDSA, 4 the text.
const foreignVerify = "verify_signature"

// offload verifies RS256 and ES256 outside the module.
type offload struct {
	host     abi.Host
	argument []byte // used again by each call
}

// verify asks the proxy. spki is the key as SubjectPublicKeyInfo (RFC 5280, section 4.1);
// the signature is in the form of JWS (RFC 7518, section 3).
func (o *offload) verify(alg ajwt.Algorithm, spki, text, signature []byte) offloaded {
	var der [maxDER]byte
	switch alg {
	case ajwt.AlgRS256:
	case ajwt.AlgES256:
		// A number beyond the order is refused here: whether the proxy's library
		// reduces it is its own affair.
		if len(signature) != 64 || !inOrder(signature[:32]) || !inOrder(signature[32:]) {
			return refused
		}
		signature = appendDER(der[:0], signature)
	default:
		return unavailable
	}
	b := appendField(o.argument[:0], 1, []byte("sha256"))
	b = appendField(b, 2, spki)
	b = appendField(b, 3, signature)
	b = appendField(b, 4, text)
	o.argument = b
	result, status := o.host.Foreign(foreignVerify, b)
	switch {
	case status == abi.StatusNotFound:
		return unavailable
	case status == abi.StatusOK && string(result) == "\x08\x01":
		return verified // a bad signature has status OK too, and another result
	}
	return refused
}

// p256Order is the order of the base point (SP 800-186, section 3.2.1.3), big-endian.
const p256Order = "\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25\x51"

// inOrder tells whether 32 octets are a number from 1 to the order less 1.
func inOrder(n []byte) bool {
	zero := true
	for _, c := range n {
		zero = zero && c == 0
	}
	return !zero && string(n) < p256Order
}

// maxDER is the length of a sequence of two integers of 33 octets.
const maxDER = 2 + 2*(2+33)

// appendDER appends r and s, 32 octets each, as ECDSA-Sig-Value (RFC 3279, section 2.2.3).
func appendDER(dst, signature []byte) []byte {
	start := len(dst)
	dst = append(dst, 0x30, 0)
	for _, n := range [...][]byte{signature[:32], signature[32:]} {
		for len(n) > 1 && n[0] == 0 {
			n = n[1:]
		}
		pad := int(n[0] >> 7) // integers have a sign
		dst = append(dst, 2, byte(len(n)+pad))
		if pad == 1 {
			dst = append(dst, 0)
		}
		dst = append(dst, n...)
	}
	dst[start+1] = byte(len(dst) - start - 2)
	return dst
}

// appendField appends a field of bytes of a protocol buffer.
func appendField(dst []byte, number byte, value []byte) []byte {
	dst = append(dst, number<<3|2)
	n := uint32(len(value))
	for ; n >= 0x80; n >>= 7 {
		dst = append(dst, byte(n)|0x80)
	}
	return append(append(dst, byte(n)), value...)
}
