package receipts

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strconv"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// checkpointType is the typ of a checkpoint's JWS, so that it can pass for no token,
// proof or list, nor one of them for it (RFC 8725, section 3.11).
const checkpointType = "ajwt-checkpoint+jwt"

// maxKeyID is the longest kid in bytes.
const maxKeyID = 128

// appendCheckpointHeader writes the only form of the protected header.
func appendCheckpointHeader(dst []byte, alg ajwt.Algorithm, kid string) []byte {
	dst = append(append(append(dst, `{"alg":"`...), alg.String()...), `","kid":"`...)
	return append(append(append(append(dst, kid...), `","typ":"`...), checkpointType...), `"}`...)
}

// appendCheckpointPayload writes the only form of the payload: every member of the
// line but sig, and the log.
func appendCheckpointPayload(dst []byte, log string, r *record) []byte {
	dst = append(append(append(dst, `{"log":"`...), log...), `","seq":`...)
	dst = append(strconv.AppendInt(dst, r.seq, 10), `,"prev":"`...)
	dst = base64.RawURLEncoding.AppendEncode(dst, r.prev[:])
	return append(append(append(dst, `","time":"`...), r.time...), `"}`...)
}

// validKeyID tells whether a kid can stand in a checkpoint: 1 to 128 visible ASCII
// characters that JSON does not escape.
func validKeyID(kid string) bool {
	for i := 0; i < len(kid); i++ {
		if c := kid[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return kid != "" && len(kid) <= maxKeyID
}

// checkCheckpoint holds a checkpoint's JWS to its form and to the line that carries
// it, and its signature to the keys, any of which may have made it. Without keys the
// signature is not verified. The fault is "" or says what is wrong.
func checkCheckpoint(r *record, log string, keys []*ajwt.Key) (fault string) {
	parts := bytes.Split(r.sig, []byte("."))
	if len(parts) != 3 {
		return "sig is not a compact JWS"
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.Strict().AppendDecode(nil, part); err != nil || bytes.ContainsAny(part, "\r\n") {
			return "sig is not a compact JWS: its parts are not base64url"
		}
	}
	var header strictjson.Document
	if err := header.Parse(decoded[0], lineLimits); err != nil {
		return "the header of sig is not strict JSON"
	}
	alg, _ := ajwt.ParseAlgorithm(string(header.Root().Member("alg").Bytes()))
	kid := string(header.Root().Member("kid").Bytes())
	switch {
	case alg != ajwt.AlgEd25519 && alg != ajwt.AlgES256:
		return "the algorithm of sig is neither Ed25519 nor ES256"
	case !validKeyID(kid) || !bytes.Equal(decoded[0], appendCheckpointHeader(nil, alg, kid)):
		return "the header of sig does not have the form of a checkpoint's"
	case !bytes.Equal(decoded[1], appendCheckpointPayload(nil, log, r)):
		return "sig was made for another line"
	case len(decoded[2]) != 64:
		return "the signature does not have 64 bytes"
	case len(keys) == 0:
		return ""
	}
	input := r.sig[:len(parts[0])+1+len(parts[1])]
	for _, key := range keys {
		if key.Algorithms().Has(alg) && key.VerifySignature(alg, input, decoded[2]) {
			return ""
		}
	}
	return "the signature was made by none of the given keys"
}

// signer makes the signatures of checkpoints.
type signer struct {
	key    crypto.Signer
	alg    ajwt.Algorithm
	kid    string
	public *ajwt.Key
}

// newSigner reads the public key. Without a kid, the key's RFC 7638 thumbprint is it.
func newSigner(key crypto.Signer, kid string) (*signer, error) {
	s := &signer{key: key, kid: kid}
	var jwk string
	encode := base64.RawURLEncoding.EncodeToString
	switch public := key.Public().(type) {
	case ed25519.PublicKey:
		s.alg = ajwt.AlgEd25519
		jwk = fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","x":"%s"}`, encode(public))
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		if err != nil || public.Curve != elliptic.P256() {
			return nil, errors.New("receipts: an ECDSA key must be of P-256")
		}
		s.alg = ajwt.AlgES256
		jwk = fmt.Sprintf(`{"kty":"EC","crv":"P-256","x":"%s","y":"%s"}`, encode(point[1:33]), encode(point[33:]))
	default:
		return nil, fmt.Errorf("receipts: want an Ed25519 or P-256 key, have %T", public)
	}
	var err error
	if s.public, err = ajwt.ParseKey([]byte(jwk)); err != nil {
		return nil, fmt.Errorf("receipts: the signer's public key: %w", err)
	}
	if s.kid == "" {
		thumbprint := s.public.Thumbprint()
		s.kid = encode(thumbprint[:])
	}
	if !validKeyID(s.kid) {
		return nil, errors.New("receipts: want a kid of 1 to 128 visible ASCII characters without quotes and backslashes")
	}
	return s, nil
}

// sign gives the record its signature. The result is verified before it is used: a
// signer that fails must not spoil the log.
func (s *signer) sign(log string, r *record) error {
	input := base64.RawURLEncoding.AppendEncode(nil, appendCheckpointHeader(nil, s.alg, s.kid))
	input = append(input, '.')
	input = base64.RawURLEncoding.AppendEncode(input, appendCheckpointPayload(nil, log, r))
	message, hash := input, crypto.Hash(0)
	if s.alg == ajwt.AlgES256 {
		digest := sha256.Sum256(input)
		message, hash = digest[:], crypto.SHA256
	}
	signature, err := s.key.Sign(rand.Reader, message, hash)
	if err != nil {
		return fmt.Errorf("receipts: signing a checkpoint: %w", err)
	}
	if s.alg == ajwt.AlgES256 {
		signature = fixedSignature(signature)
	}
	if !s.public.VerifySignature(s.alg, input, signature) {
		return errors.New("receipts: the signer's signature does not verify with its public key")
	}
	r.sig = base64.RawURLEncoding.AppendEncode(append(input, '.'), signature)
	return nil
}

// fixedSignature turns the DER form that a crypto.Signer gives into r || s (RFC 7518,
// section 3.4), nil where it is none.
func fixedSignature(der []byte) []byte {
	var v struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(der, &v)
	if err != nil || len(rest) != 0 || v.R.Sign() <= 0 || v.S.Sign() <= 0 || v.R.BitLen() > 256 || v.S.BitLen() > 256 {
		return nil
	}
	out := make([]byte, 64)
	v.R.FillBytes(out[:32])
	v.S.FillBytes(out[32:])
	return out
}
