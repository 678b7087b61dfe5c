package filter

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/proxywasm/abi"
)

// verifier is a proxy with Envoy's verify_signature, over the standard library.
type verifier struct {
	*proxy
	status abi.Status
	result []byte // instead of the true one
	called int
}

func (v *verifier) Foreign(name string, argument []byte) ([]byte, abi.Status) {
	v.called++
	if name != "verify_signature" || v.status != abi.StatusOK {
		return nil, v.status
	}
	fields := map[byte][]byte{}
	for len(argument) > 0 {
		n, size := binary.Uvarint(argument[1:])
		from := 1 + size
		fields[argument[0]] = argument[from : from+int(n)]
		argument = argument[from+int(n):]
	}
	key, err := x509.ParsePKIXPublicKey(fields[0x12])
	if err != nil || string(fields[0x0a]) != "sha256" {
		return nil, abi.StatusBadArgument
	}
	digest, ok := sha256.Sum256(fields[0x22]), false
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		ok = ecdsa.VerifyASN1(k, digest[:], fields[0x1a])
	case *rsa.PublicKey:
		ok = rsa.VerifyPKCS1v15(k, crypto.SHA256, digest[:], fields[0x1a]) == nil
	}
	switch {
	case v.result != nil:
		return v.result, abi.StatusOK
	case ok:
		return []byte{8, 1}, abi.StatusOK
	}
	return []byte{0x12, 3, 'b', 'a', 'd'}, abi.StatusOK
}

func TestOffload(t *testing.T) {
	b64 := base64.RawURLEncoding.EncodeToString
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	point, err := ec.PublicKey.Bytes()
	require.NoError(t, err)
	ecKey, err := ajwt.ParseKey(fmt.Appendf(nil, `{"kty":"EC","crv":"P-256","x":%q,"y":%q}`, b64(point[1:33]), b64(point[33:])))
	require.NoError(t, err)
	text := make([]byte, 300)
	host := &verifier{proxy: newProxy()}
	o := &offload{host: host}
	for i := range 300 { // numbers of every length, with and without a sign octet
		text[0], text[1] = byte(i), byte(i>>8)
		digest := sha256.Sum256(text)
		r, s, err := ecdsa.Sign(rand.Reader, ec, digest[:])
		require.NoError(t, err)
		signature := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		require.Equal(t, ajwt.SignatureVerified, o.VerifySignature(ecKey, ajwt.AlgES256, text, signature))
		signature[40]++
		require.Equal(t, ajwt.SignatureRefused, o.VerifySignature(ecKey, ajwt.AlgES256, text, signature))
	}

	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	rsaKey, err := ajwt.ParseKey(fmt.Appendf(nil, `{"kty":"RSA","n":%q,"e":"AQAB"}`, b64(key.N.Bytes())))
	require.NoError(t, err)
	digest := sha256.Sum256(text)
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	require.NoError(t, err)
	require.Equal(t, ajwt.SignatureVerified, o.VerifySignature(rsaKey, ajwt.AlgRS256, text, signature))
	require.Equal(t, ajwt.SignatureRefused, o.VerifySignature(rsaKey, ajwt.AlgRS256, text[1:], signature))

	// Only a proxy that lacks the function leaves the check to the module.
	for _, status := range []abi.Status{abi.StatusBadArgument, abi.StatusEmpty, abi.StatusBroken, 6, 10, 12} {
		host.status = status
		require.Equal(t, ajwt.SignatureRefused, o.VerifySignature(rsaKey, ajwt.AlgRS256, text, signature), status)
	}
	host.status = abi.StatusOK
	for _, result := range []string{"\x08\x01\x00", "\x08", "\x08\x02", "\x08\x00", "\x10\x01", ""} {
		host.result = []byte(result)
		require.Equal(t, ajwt.SignatureRefused, o.VerifySignature(rsaKey, ajwt.AlgRS256, text, signature), "%x", result)
	}
	require.Equal(t, ajwt.SignatureRefused, o.VerifySignature(&ajwt.Key{}, ajwt.AlgRS256, text, signature))
	host.called = 0
	for _, alg := range []ajwt.Algorithm{ajwt.AlgEd25519, ajwt.AlgPS256, ajwt.AlgES384, 0} {
		require.Equal(t, ajwt.SignatureUnavailable, o.VerifySignature(rsaKey, alg, text, signature))
	}
	require.Zero(t, host.called)
	host.status = abi.StatusNotFound
	for range 3 {
		require.Equal(t, ajwt.SignatureUnavailable, o.VerifySignature(rsaKey, ajwt.AlgRS256, text, signature))
	}
	require.Equal(t, 1, host.called, "it is not asked again")
}
