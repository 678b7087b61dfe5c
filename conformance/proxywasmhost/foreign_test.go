package proxywasmhost

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/agentic-jwt/ajwt/vectors"
)

func proto(fields ...[]byte) (out []byte) {
	for n, f := range fields {
		out = append(out, byte(n+1)<<3|2)
		out = append(binary.AppendUvarint(out, uint64(len(f))), f...)
	}
	return out
}

// TestVerifySignature holds Envoy's function to what was seen of it.
func TestVerifySignature(t *testing.T) {
	text := []byte("text")
	digest := sha256.Sum256(text)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	ecKey, err := x509.MarshalPKIXPublicKey(&ec.PublicKey)
	require.NoError(t, err)
	ecSignature, err := ecdsa.SignASN1(rand.Reader, ec, digest[:])
	require.NoError(t, err)
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	rsaKey, err := x509.MarshalPKIXPublicKey(&r.PublicKey)
	require.NoError(t, err)
	rsaSignature, err := rsa.SignPKCS1v15(rand.Reader, r, crypto.SHA256, digest[:])
	require.NoError(t, err)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	edKey, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	hash := []byte("sha256")
	const good = "\x08\x01"
	for name, row := range map[string]struct {
		argument []byte
		status   uint32
		good     bool
	}{
		"ES256":                {proto(hash, ecKey, ecSignature, text), statusOK, true},
		"RS256":                {proto(hash, rsaKey, rsaSignature, text), statusOK, true},
		"capitals":             {proto([]byte("SHA256"), ecKey, ecSignature, text), statusOK, true},
		"other text":           {proto(hash, ecKey, ecSignature, []byte("texT")), statusOK, false},
		"other hash":           {proto([]byte("sha512"), ecKey, ecSignature, text), statusOK, false},
		"no such hash":         {proto([]byte("md5"), ecKey, ecSignature, text), statusOK, false},
		"no signature":         {proto(hash, ecKey, nil, text), statusOK, false},
		"the key of another":   {proto(hash, ecKey, rsaSignature, text), statusOK, false},
		"Ed25519":              {proto(hash, edKey, ed25519.Sign(private, text), text), statusOK, false},
		"no key":               {proto(hash, nil, ecSignature, text), statusBadArgument, false},
		"a key that is none":   {proto(hash, ecKey[1:], ecSignature, text), statusBadArgument, false},
		"nothing":              {nil, statusBadArgument, false},
		"cut off":              {proto(hash, ecKey, ecSignature, text)[:40], statusBadArgument, false},
		"another field beside": {append(proto(hash, ecKey, ecSignature, text), 0x30, 0x05), statusOK, true},
	} {
		result, status := verifySignature(row.argument)
		require.Equal(t, row.status, status, name)
		require.Equal(t, row.good, string(result) == good, name)
		if !row.good && status == statusOK {
			require.Equal(t, byte(2<<3|2), result[0], name)
		}
	}
}

// signatureCases are accepted cases with tokens of RS256 and ES256, and rejected ones with
// such a signature that is wrong.
func signatureCases(t *testing.T, suite *vectors.Suite) (list []*vectors.Case) {
	cases := suite.Cases()
	for n := range cases {
		c := &cases[n]
		if c.Op == "verify" && len(c.Algorithms) == 1 && (c.Algorithms[0] == "RS256" || c.Algorithms[0] == "ES256") &&
			carried(c) == "" && (strings.HasPrefix(c.ID, "jws.") || c.Expect.Code == "signature_invalid") {
			list = append(list, c)
		}
	}
	require.Greater(t, len(list), 100)
	return list
}

// TestForeignFunction puts signatures to a proxy that verifies them, to one that does not,
// and to one whose function fails: the first two decide alike, and the third accepts
// nothing.
func TestForeignFunction(t *testing.T) {
	ctx := context.Background()
	suite, err := vectors.Load()
	require.NoError(t, err)
	p, err := start(ctx, moduleBytes(t), Newer, compiled, true)
	require.NoError(t, err)
	defer p.Close(ctx)
	p.HoldHeaders = true
	var i *Instance
	counts, failed := make(map[bool]int), 0
	for n, c := range signatureCases(t, suite) {
		if n%4 != 0 {
			continue
		}
		w := newWorld(t, suite, c, "")
		w.Enter(p)
		i, err = w.Move(ctx, p, i)
		require.NoError(t, err)
		before := p.Snapshot()
		ask := func() Result {
			// A fresh configuration remembers no signature.
			p.Now = w.loaded * 1e9
			require.NoError(t, i.Configure(ctx, w.policy))
			p.Restore(before)
			r, _ := requestOf(c)
			return send(t, p, i, r, *c.Now)
		}
		called := p.Foreign
		offloaded := ask()
		called = p.Foreign - called
		p.Plain = true
		plain := ask()
		p.Plain = false
		require.Equal(t, c.Expect.Code, code(offloaded), c.ID)
		require.Equal(t, plain.Reached, offloaded.Reached, c.ID)
		require.Equal(t, plain.Answer, offloaded.Answer, c.ID)
		counts[called > 0]++
		if called == 0 || c.Expect.Verdict != "accept" || failed == 4 {
			continue
		}
		failed++
		for _, status := range []uint32{2, 3, 6, 7, 10, 12, 0xffff} {
			p.fault = func(name string) (uint32, bool) { return status, name == "proxy_call_foreign_function" }
			require.False(t, ask().Reached, "%s: status %d", c.ID, status)
		}
		p.fault = nil
		for _, result := range []string{"", "\x08", "\x08\x00", "\x08\x02", "\x08\x01\x00", "\x10\x01", "\x08\x01\x12\x01x"} {
			p.mangle = func(name string, data []byte) []byte {
				if name == "proxy_call_foreign_function" {
					return []byte(result)
				}
				return data
			}
			require.False(t, ask().Reached, "%s: result %q", c.ID, result)
		}
		p.mangle = nil
	}
	require.NoError(t, i.Close(ctx))
	t.Logf("%d cases asked the proxy, %d did not come that far", counts[true], counts[false])
	require.Greater(t, counts[true], 10)
	require.Equal(t, 4, failed)
}
