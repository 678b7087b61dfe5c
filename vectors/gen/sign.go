package main

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"math/big"

	"github.com/cloudflare/circl/sign/ed448"
	"github.com/cloudflare/circl/sign/mldsa/mldsa44"
)

// sign makes a JWS signature (RFC 7518, section 3; RFC 8037; RFC 9964), always the
// same one for the same input, so it is made once.
func (k *key) sign(alg string, input []byte) []byte {
	made := alg + " " + string(input)
	if k.made == nil {
		k.made = map[string][]byte{}
	}
	if _, ok := k.made[made]; !ok {
		k.made[made] = k.signOnce(alg, input)
	}
	return bytes.Clone(k.made[made])
}

func (k *key) signOnce(alg string, input []byte) []byte {
	switch alg {
	case "RS256":
		return k.rsaRaw(emsaPKCS1(k.rsaBytes(), sha256Prefix, digest(crypto.SHA256, input)))
	case "RS384":
		return k.rsaRaw(emsaPKCS1(k.rsaBytes(), sha384Prefix, digest(crypto.SHA384, input)))
	case "RS512":
		return k.rsaRaw(emsaPKCS1(k.rsaBytes(), sha512Prefix, digest(crypto.SHA512, input)))
	case "PS256":
		return k.pss(crypto.SHA256, crypto.SHA256, 32, input)
	case "PS384":
		return k.pss(crypto.SHA384, crypto.SHA384, 48, input)
	case "PS512":
		return k.pss(crypto.SHA512, crypto.SHA512, 64, input)
	case "ES256":
		return k.ecdsa(crypto.SHA256, input)
	case "ES384":
		return k.ecdsa(crypto.SHA384, input)
	case "Ed25519":
		return ed25519.Sign(k.ed25519, input)
	case "Ed448":
		return ed448.Sign(k.ed448, input, "")
	case "EdDSA":
		if k.ed448 != nil {
			return ed448.Sign(k.ed448, input, "")
		}
		return ed25519.Sign(k.ed25519, input)
	case "ML-DSA-44":
		signature := make([]byte, mldsa44.SignatureSize)
		if err := mldsa44.SignTo(k.mldsa, input, nil, false, signature); err != nil {
			panic(err)
		}
		return signature
	}
	panic("cannot sign with " + alg)
}

// hs makes an HMAC as a confused verifier would check it, keyed with public bytes.
func hs(hash crypto.Hash, secret, input []byte) []byte {
	m := hmac.New(hash.New, secret)
	m.Write(input)
	return m.Sum(nil)
}

func digest(hash crypto.Hash, input []byte) []byte {
	h := hash.New()
	h.Write(input)
	return h.Sum(nil)
}

// DigestInfo prefixes (RFC 8017, section 9.2, note 1).
var (
	sha256Prefix = []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}
	sha384Prefix = []byte{0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30}
	sha512Prefix = []byte{0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40}
	sha1Prefix   = []byte{0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14}
)

func (k *key) rsaBytes() int { return (k.rsa.N.BitLen() + 7) / 8 }

// rsaRaw is RSASP1 with I2OSP (RFC 8017, sections 5.2.1 and 4.1).
func (k *key) rsaRaw(em []byte) []byte {
	s := new(big.Int).Exp(new(big.Int).SetBytes(em), k.rsa.D, k.rsa.N)
	return s.FillBytes(make([]byte, k.rsaBytes()))
}

// emsaPKCS1 is EMSA-PKCS1-v1_5 (RFC 8017, section 9.2): 00 01 FF… 00 DigestInfo.
func emsaPKCS1(size int, prefix, hashed []byte) []byte {
	t := append(append([]byte(nil), prefix...), hashed...)
	padding := bytes.Repeat([]byte{0xff}, size-len(t)-3)
	return append(append([]byte{0, 1}, padding...), append([]byte{0}, t...)...)
}

// pss is RSASSA-PSS (RFC 8017, section 8.1) with a salt that follows from the input.
func (k *key) pss(hash, mgf crypto.Hash, saltLength int, input []byte) []byte {
	salt := seed("pss salt "+b64(digest(crypto.SHA256, input)), saltLength)
	hashed := digest(hash, input)
	h := digest(hash, append(append(make([]byte, 8), hashed...), salt...))
	bits := k.rsa.N.BitLen() - 1
	size := (bits + 7) / 8
	db := make([]byte, size-len(h)-1)
	db[len(db)-saltLength-1] = 1
	copy(db[len(db)-saltLength:], salt)
	for i, m := range mgf1(mgf, h, len(db)) {
		db[i] ^= m
	}
	db[0] &= 0xff >> (8*size - bits)
	return k.rsaRaw(append(append(db, h...), 0xbc))
}

func mgf1(hash crypto.Hash, input []byte, n int) []byte {
	var out []byte
	for i := byte(0); len(out) < n; i++ {
		out = append(out, digest(hash, append(append([]byte(nil), input...), 0, 0, 0, i))...)
	}
	return out[:n]
}

// ecdsa signs deterministically (RFC 6979) and gives R and S joined (RFC 7518, 3.4).
func (k *key) ecdsa(hash crypto.Hash, input []byte) []byte {
	return k.ecdsaDigest(digest(hash, input), hash)
}

func (k *key) ecdsaDigest(hashed []byte, hash crypto.Hash) []byte {
	var rs struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(k.ecdsaDER(hashed, hash), &rs); err != nil {
		panic(err)
	}
	return k.joined(rs.R, rs.S)
}

// joined writes R and S in the curve's length.
func (k *key) joined(r, s *big.Int) []byte {
	size := (k.ec.Curve.Params().BitSize + 7) / 8
	out := make([]byte, 2*size)
	r.FillBytes(out[:size])
	s.FillBytes(out[size:])
	return out
}

func (k *key) ecdsaDER(hashed []byte, hash crypto.Hash) []byte {
	der, err := k.ec.Sign(nil, hashed, hash)
	if err != nil {
		panic(err)
	}
	return der
}

var _ = sha256.Size + sha512.Size // link the hashes that crypto.Hash names
