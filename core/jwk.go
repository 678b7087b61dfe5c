package ajwt

import (
	"crypto/rsa"
	"math/big"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// Key is one public key that came as a JWK (RFC 7517) and passed every rule of this
// profile. The zero Key verifies nothing. A Key does not change once it is parsed
// and is safe for concurrent use.
type Key struct {
	id         string
	ecdsa      *ecdsaKey
	rsa        *rsaKey
	mldsa      *mldsaKey
	thumbprint [32]byte
	point      [96]byte // Edwards: 32 or 57 octets, encoded; EC: x and y, 32 or 48 octets each
	kind       keyKind
	algorithms AlgorithmSet
}

// keyKind is what kty and crv say together.
type keyKind uint8

const (
	kindNone keyKind = iota
	kindEd25519
	kindEd448
	kindP256
	kindP384
	kindRSA
	kindMLDSA44
)

var keyKinds = [...]struct {
	kty, crv   string
	coordinate int          // octets of x, y or pub; 0 for RSA
	algorithms AlgorithmSet // what such a key can verify when its alg does not narrow it
}{
	kindNone:    {},
	kindEd25519: {"OKP", "Ed25519", 32, 1 << AlgEd25519},
	kindEd448:   {"OKP", "Ed448", 57, 1 << AlgEd448},
	kindP256:    {"EC", "P-256", 32, 1 << AlgES256},
	kindP384:    {"EC", "P-384", 48, 1 << AlgES384},
	kindRSA:     {"RSA", "", 0, 1<<AlgRS256 | 1<<AlgPS256},
	kindMLDSA44: {"AKP", "", 1312, 1 << AlgMLDSA44},
}

// rsaKey keeps the modulus beside the key, so that both are one allocation.
type rsaKey struct {
	public  rsa.PublicKey
	modulus big.Int
	size    int // octets of the modulus, and so of every signature
}

// keyFault is the reason for which a JWK was refused.
type keyFault uint8

const (
	keyOK          keyFault = iota
	keyMalformed            // not what RFC 7517, 7518, 8037 or 9964 asks for
	keyPrivate              // a private member, or a symmetric key
	keyWeak                 // RSA size or exponent; Edwards point of small order or not in canonical form
	keyUnsupported          // kty, crv or alg that this profile does not know
	keyUse                  // use or key_ops say that it is not for verifying
	keyOffCurve             // the coordinates are no point of the curve
)

// The reasons that KeyError.Reason gives. They are stable; the details are not.
const (
	KeyReasonMalformed   = "malformed"   // not what RFC 7517, 7518, 8037 or 9964 asks for
	KeyReasonPrivate     = "private"     // a private member, or a symmetric key
	KeyReasonWeak        = "weak"        // RSA size or exponent; small-order or non-canonical Edwards point
	KeyReasonUnsupported = "unsupported" // kty, crv or alg that this profile does not know
	KeyReasonUse         = "use"         // use or key_ops say that it is not for verifying
	KeyReasonOffCurve    = "off_curve"   // the coordinates are no point of the curve
)

var keyReasons = [...]string{"", KeyReasonMalformed, KeyReasonPrivate, KeyReasonWeak,
	KeyReasonUnsupported, KeyReasonUse, KeyReasonOffCurve}

// KeyError tells why a JWK was refused.
type KeyError struct {
	Detail string // for people; no member value in it, and not stable
	fault  keyFault
}

// Error implements error.
func (e *KeyError) Error() string { return "jwk: " + e.Reason() + ": " + e.Detail }

// Reason returns one of the KeyReason constants.
func (e *KeyError) Reason() string { return keyReasons[e.fault] }

// keyLimits bounds a JWK that stands alone. The room beyond the few members that are
// read is for certificates and private use, which are ignored.
var keyLimits = strictjson.Limits{Depth: 16, Members: 256, Values: 4096}

// ParseKey reads one public JWK: strict JSON, kty OKP (Ed25519, Ed448: RFC 8037),
// EC (P-256, P-384: RFC 7518, section 6.2), RSA (2048 to 8192 bits, odd exponent of
// 3 to 2^31-1: RFC 7518, section 6.3) or AKP (ML-DSA-44: RFC 9964). A member alg must
// fit the key, use must be "sig", key_ops must contain "verify"; each may be absent
// (alg of an AKP key not). Members that are not ours, certificates among them, are
// ignored. An error is a *KeyError.
func ParseKey(jwk []byte) (*Key, error) {
	var doc strictjson.Document
	if err := doc.Parse(jwk, keyLimits); err != nil {
		return nil, &KeyError{err.Error(), keyMalformed}
	}
	k := new(Key)
	if fault, detail := k.read(doc.Root(), false); fault != keyOK {
		return nil, &KeyError{detail, fault}
	}
	k.id = string(doc.Root().Member("kid").Bytes())
	return k, nil
}

// ID returns the member kid, "" where there was none.
func (k *Key) ID() string { return k.id }

// Thumbprint returns the JWK thumbprint: SHA-256 (RFC 7638; AKP keys: RFC 9964).
func (k *Key) Thumbprint() [32]byte { return k.thumbprint }

// Type returns the member kty: "OKP", "EC", "RSA" or "AKP"; "" for the zero Key.
func (k *Key) Type() string { return keyKinds[k.kind].kty }

// Curve returns the member crv, "" for RSA and AKP.
func (k *Key) Curve() string { return keyKinds[k.kind].crv }

// Algorithms returns the algorithms that the key verifies: those of its type and
// curve, narrowed by its member alg.
func (k *Key) Algorithms() AlgorithmSet { return k.algorithms }

// parse fills k, whatever it held, from the JWK v and says what is wrong with it. It
// allocates nothing for Edwards keys, leaves the kid out (a proof's is ignored) and
// keeps no reference to the document. With lazyPoint it does not decompress Edwards
// points: a point off the curve verifies nothing, and onCurve tells afterwards why.
// After any fault but keyOK, k verifies nothing.
func (k *Key) parse(v strictjson.Value, lazyPoint bool) keyFault {
	fault, _ := k.read(v, lazyPoint)
	return fault
}
