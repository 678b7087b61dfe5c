package ajwt

// SignatureResult is what a verifier of the host says about a signature. The zero value
// refuses, and so does every value that is none of these.
type SignatureResult uint8

// The results.
const (
	SignatureRefused     SignatureResult = iota
	SignatureVerified                    // it holds
	SignatureUnavailable                 // the host cannot verify this algorithm: core verifies
)

// SignatureVerifier verifies signatures of requests outside core: a gateway has native
// code for some algorithms, which WebAssembly has not. What can be judged without it is
// settled before: the key verifies alg, the signature has the length of the algorithm,
// and r and s of ECDSA are in range. Signatures of documents are core's own.
type SignatureVerifier interface {
	// VerifySignature tells whether signature, in the form that JWS uses (RFC 7518,
	// section 3), is one of key over text. It keeps no reference to what it is given.
	VerifySignature(key *Key, alg Algorithm, text, signature []byte) SignatureResult
}

// verifySignature asks the host where it verifies, and core where the host cannot.
func (r *run) verifySignature(key *Key, alg Algorithm, text, signature []byte) bool {
	if r.v.signatures == nil || key == nil {
		return key.VerifySignature(alg, text, signature)
	}
	if !key.admitsSignature(alg, signature) {
		return false
	}
	switch r.v.signatures.VerifySignature(key, alg, text, signature) {
	case SignatureVerified:
		return true
	case SignatureUnavailable:
		return key.VerifySignature(alg, text, signature)
	}
	return false
}

// admitsSignature tells whether a signature has the form that every one of the key under
// alg has. Libraries differ in what they make of others, so no host sees them.
func (k *Key) admitsSignature(alg Algorithm, signature []byte) bool {
	if !k.algorithms.Has(alg) {
		return false
	}
	switch alg {
	case AlgEd25519:
		return len(signature) == 64
	case AlgEd448:
		return len(signature) == 114
	case AlgES256:
		return inOrder(signature, p256Order)
	case AlgES384:
		return inOrder(signature, p384Order)
	case AlgRS256, AlgPS256:
		return len(signature) == k.rsa.size
	case AlgMLDSA44:
		return len(signature) == maxSignatureSize
	}
	return false
}

// inOrder tells whether a signature is r and s, both from 1 to the order less 1.
func inOrder(signature []byte, order string) bool {
	size := len(order)
	if len(signature) != 2*size {
		return false
	}
	for _, number := range [...][]byte{signature[:size], signature[size:]} {
		if string(number) >= order || allZero(number) {
			return false
		}
	}
	return true
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// MaxECDSADER is the length of the longest signature that AppendECDSADER makes.
const MaxECDSADER = 2 + 2*(2+1+48)

// AppendECDSADER appends r || s, of equal length of at most 48 octets (RFC 7518, section
// 3.4), as ECDSA-Sig-Value (RFC 3279, section 2.2.3), the form that most libraries read.
func AppendECDSADER(dst, signature []byte) []byte {
	start, size := len(dst), len(signature)/2
	dst = append(dst, 0x30, 0) // below 128 octets of content, so lengths take one
	for _, number := range [...][]byte{signature[:size], signature[size:]} {
		for len(number) > 1 && number[0] == 0 {
			number = number[1:]
		}
		dst = appendDERInteger(dst, number)
	}
	dst[start+1] = byte(len(dst) - start - 2)
	return dst
}

// appendDERInteger appends a positive number without leading zero octets: DER integers
// are signed.
func appendDERInteger(dst, number []byte) []byte {
	pad := 0
	if len(number) > 0 && number[0] >= 0x80 {
		pad = 1
	}
	dst = appendDERLength(append(dst, 0x02), len(number)+pad)
	if pad == 1 {
		dst = append(dst, 0)
	}
	return append(dst, number...)
}

// appendDERLength appends a length below 65,536.
func appendDERLength(dst []byte, n int) []byte {
	switch {
	case n < 0x80:
		return append(dst, byte(n))
	case n < 0x100:
		return append(dst, 0x81, byte(n))
	}
	return append(dst, 0x82, byte(n>>8), byte(n))
}

// The octets before the point, or the key, in a SubjectPublicKeyInfo (RFC 5480, section 2;
// RFC 8410, section 4).
const (
	spkiP256     = "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04"
	spkiP384     = "\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00\x04"
	spkiEd25519  = "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"
	spkiEd448    = "\x30\x43\x30\x05\x06\x03\x2b\x65\x71\x03\x3a\x00"
	rsaAlgorithm = "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00" // RFC 3279, section 2.3.1
)

// AppendSPKI appends the key as SubjectPublicKeyInfo in DER (RFC 5280, section 4.1), the
// form in which other libraries take keys. ok is false, and nothing appended, for the zero
// Key and for ML-DSA-44.
func (k *Key) AppendSPKI(dst []byte) (spki []byte, ok bool) {
	switch k.kind {
	case kindP256:
		return append(append(dst, spkiP256...), k.point[:64]...), true
	case kindP384:
		return append(append(dst, spkiP384...), k.point[:96]...), true
	case kindEd25519:
		return append(append(dst, spkiEd25519...), k.point[:32]...), true
	case kindEd448:
		return append(append(dst, spkiEd448...), k.point[:57]...), true
	case kindRSA:
		return k.rsa.appendSPKI(dst), true
	}
	return dst, false
}

func (k *rsaKey) appendSPKI(dst []byte) []byte {
	var modulus [maxRSAModulusOctets]byte
	e := k.public.E
	exponent := [...]byte{byte(e >> 24), byte(e >> 16), byte(e >> 8), byte(e)}
	short := exponent[:]
	for short[0] == 0 {
		short = short[1:]
	}
	var integers [maxRSAModulusOctets + 16]byte
	b := appendDERInteger(integers[:0], k.modulus.FillBytes(modulus[:k.size]))
	b = appendDERInteger(b, short)
	sequence := derSize(len(b))   // RSAPublicKey
	bits := derSize(1 + sequence) // in a BIT STRING without unused bits
	dst = appendDERLength(append(dst, 0x30), len(rsaAlgorithm)+bits)
	dst = append(dst, rsaAlgorithm...)
	dst = append(appendDERLength(append(dst, 0x03), 1+sequence), 0)
	return append(appendDERLength(append(dst, 0x30), len(b)), b...)
}

// derSize is the length of an element with n octets of content.
func derSize(n int) int {
	var length [3]byte
	return 1 + len(appendDERLength(length[:0], n)) + n
}
