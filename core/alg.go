package ajwt

// Algorithm is a fully specified signature algorithm: the name alone says curve,
// hash and padding (RFC 9864). The zero Algorithm is none and verifies nothing.
type Algorithm uint8

// The algorithms that can be admitted. There is no HMAC and no "none": a verifier
// that shares no secret cannot be talked into treating a public key as one
// (RFC 8725, section 3.1).
const (
	AlgEd25519 Algorithm = iota + 1 // RFC 8032, section 5.1; RFC 9864, section 2.2
	AlgEd448                        // RFC 8032, section 5.2, empty context; RFC 9864, section 2.2
	AlgES256                        // ECDSA on P-256 with SHA-256: RFC 7518, section 3.4
	AlgES384                        // ECDSA on P-384 with SHA-384: RFC 7518, section 3.4
	AlgRS256                        // RSASSA-PKCS1-v1_5 with SHA-256: RFC 7518, section 3.3
	AlgPS256                        // RSASSA-PSS with SHA-256, salt of 32 octets: RFC 7518, section 3.5
	AlgMLDSA44                      // FIPS 204, empty context: RFC 9964
)

var algorithmNames = [...]string{"", "Ed25519", "Ed448", "ES256", "ES384", "RS256", "PS256", "ML-DSA-44"}

// ParseAlgorithm finds the algorithm with exactly that name. "EdDSA" is not one: it
// leaves the curve to the key (RFC 9864, section 2.2), so whoever meets it in a
// header or a JWK has to resolve it with the key in hand.
func ParseAlgorithm(name string) (Algorithm, bool) {
	for i, n := range algorithmNames {
		if n == name && i > 0 {
			return Algorithm(i), true
		}
	}
	return 0, false
}

// algorithmOf is ParseAlgorithm for text that lies in a document: it copies nothing.
func algorithmOf(name []byte) (Algorithm, bool) {
	for i, n := range algorithmNames {
		if n == string(name) && i > 0 {
			return Algorithm(i), true
		}
	}
	return 0, false
}

// String returns the registered name, "" for none and for unknown numbers.
func (a Algorithm) String() string {
	if int(a) < len(algorithmNames) {
		return algorithmNames[a]
	}
	return ""
}

// maxSignatureSize is the longest signature of any algorithm, in octets: ML-DSA-44.
// RSA ends at 1024, the modulus of 8192 bits.
const maxSignatureSize = 2420

// SignatureSize returns the exact length of a signature in octets, or 0 where the
// key decides (RSA: the length of the modulus) and for unknown algorithms.
func (a Algorithm) SignatureSize() int {
	switch a {
	case AlgEd25519, AlgES256:
		return 64
	case AlgES384:
		return 96
	case AlgEd448:
		return 114
	case AlgMLDSA44:
		return maxSignatureSize
	}
	return 0
}

// AlgorithmSet is a set of algorithms. The zero set is empty and admits nothing.
type AlgorithmSet uint16

// edwardsAlgorithms are those that the header value "EdDSA" may stand for.
const edwardsAlgorithms AlgorithmSet = 1<<AlgEd25519 | 1<<AlgEd448

// Has tells whether a is in the set. None and unknown numbers never are.
func (s AlgorithmSet) Has(a Algorithm) bool { return a != 0 && s&(1<<a) != 0 }

// Add returns the set with a in it. None and unknown numbers add nothing.
func (s AlgorithmSet) Add(a Algorithm) AlgorithmSet {
	if a == 0 || int(a) >= len(algorithmNames) {
		return s
	}
	return s | 1<<a
}

// Names returns the names in the set, in the order of the constants.
func (s AlgorithmSet) Names() []string {
	var names []string
	for a := AlgEd25519; int(a) < len(algorithmNames); a++ {
		if s.Has(a) {
			names = append(names, a.String())
		}
	}
	return names
}
