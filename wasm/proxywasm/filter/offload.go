package filter

import (
	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/proxywasm/abi"
)

// foreignVerify is Envoy's function. Its argument is a protocol buffer: 1 the name of the
// hash, 2 the key as SubjectPublicKeyInfo, 3 the signature, in DER for ECDSA, 4 the text.
const foreignVerify = "verify_signature"

// offloadVariable turns the offload off: "off". It is for whoever trusts the module's
// arithmetic more than the proxy's, and for comparing the two.
const offloadVariable = "AJWT_OFFLOAD"

// offload verifies RS256 and ES256 outside the module, in the proxy's native code. It
// implements ajwt.SignatureVerifier.
type offload struct {
	host     abi.Host
	argument []byte // used again by each call
	spki     []byte // so is this
	lacking  bool   // the proxy has no such function, and will not get it
}

// VerifySignature implements ajwt.SignatureVerifier. Only a proxy that lacks the function
// leaves the check to the module: whatever else is not verified rejects.
func (o *offload) VerifySignature(key *ajwt.Key, alg ajwt.Algorithm, text, signature []byte) ajwt.SignatureResult {
	var der [ajwt.MaxECDSADER]byte
	switch {
	case o.lacking:
		return ajwt.SignatureUnavailable
	case alg == ajwt.AlgES256:
		signature = ajwt.AppendECDSADER(der[:0], signature)
	case alg != ajwt.AlgRS256:
		return ajwt.SignatureUnavailable
	}
	spki, ok := key.AppendSPKI(o.spki[:0])
	if o.spki = spki; !ok {
		return ajwt.SignatureRefused
	}
	b := appendField(o.argument[:0], 1, []byte("sha256"))
	b = appendField(b, 2, spki)
	b = appendField(b, 3, signature)
	b = appendField(b, 4, text)
	o.argument = b
	result, status := o.host.Foreign(foreignVerify, b)
	switch {
	case status == abi.StatusNotFound:
		o.lacking = true
		return ajwt.SignatureUnavailable
	case status == abi.StatusOK && string(result) == "\x08\x01":
		return ajwt.SignatureVerified // a bad signature has status OK too, and another result
	}
	return ajwt.SignatureRefused
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
