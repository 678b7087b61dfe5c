package ajwt

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

// outside is a host's verifier that gives one result, or panics.
type outside struct {
	result SignatureResult
	panics bool
	asked  int
}

func (o *outside) VerifySignature(_ *Key, _ Algorithm, text, signature []byte) SignatureResult {
	if o.asked++; o.panics || len(text) == 0 || len(signature) != 64 {
		panic("fault of the host")
	}
	return o.result
}

// What the host says counts, for token and proof; only unavailable leaves it to core, and
// nothing but verified lets a signature hold.
func TestSignaturesOutside(t *testing.T) {
	forged := func(req *Request) *Request { // the last character of the signature holds 4 bits
		at := len(req.Headers) - 1
		value := []byte(req.Headers[at].Value)
		value[len(value)-5] ^= 1
		req.Headers[at].Value = string(value)
		return req
	}
	for result, want := range map[SignatureResult]Code{
		SignatureVerified: 0, SignatureUnavailable: 0, SignatureRefused: CodeSignatureInvalid, 3: CodeSignatureInvalid, 255: CodeSignatureInvalid} {
		o := &outside{result: result}
		v := newTestVerifier(t, testPolicy("hardened", hardenedRoute, ""), Options{Signatures: o})
		require.Equal(t, want.String(), v.Verify(withProof(boundToken(), "p1")).Code.String(), result)
		require.Equal(t, want == 0, o.asked == 2, result)
		if result == SignatureUnavailable {
			require.Equal(t, CodeProofSignatureInvalid, v.Verify(forged(withProof(boundToken(), "p2"))).Code)
			require.Equal(t, CodeSignatureInvalid, v.Verify(forged(bearer(testToken("")))).Code)
		}
	}
	v := newTestVerifier(t, testPolicy("hardened", hardenedRoute, ""), Options{Signatures: &outside{panics: true}})
	require.Equal(t, CodeInternalPanic, v.Verify(withProof(boundToken(), "p1")).Code)

	methods := newTestVerifier(t, testPolicy("hardened", hardenedRoute, httpsigMethods), Options{Signatures: &outside{}})
	methods.cache = known{}
	require.Equal(t, CodeProofMessageSignatureInvalid, methods.Verify(signedRequest(keyToken(), signatureInput("n1"))).Code)
	require.Equal(t, CodeProofSignatureInvalid, methods.Verify(withProof(boundToken(), "p1")).Code)
}

// known is a signature cache that knows every token.
type known struct{}

func (known) Known(*SignatureEntry, int64) bool { return true }
func (known) Remember(*SignatureEntry, int64)   {}

// A signature that no library should be asked about does not reach the host.
func TestSignatureFormsInside(t *testing.T) {
	one, order := make([]byte, 32), []byte(p256Order)
	one[31] = 1
	pair := func(r, s []byte) []byte { return append(append([]byte{}, r...), s...) }
	above := append([]byte{0xff, 0xff, 0xff, 0xff, 0xff}, order[5:]...)
	ec := &Key{kind: kindP256, algorithms: 1 << AlgES256}
	require.True(t, ec.admitsSignature(AlgES256, pair(one, one)))
	for _, bad := range [][]byte{make([]byte, 32), order, above} {
		require.False(t, ec.admitsSignature(AlgES256, pair(bad, one)))
		require.False(t, ec.admitsSignature(AlgES256, pair(one, bad)))
	}
	for _, size := range []int{0, 1, 63, 65, 96} {
		require.False(t, ec.admitsSignature(AlgES256, make([]byte, size)))
	}
	require.False(t, ec.admitsSignature(AlgES384, make([]byte, 96)), "the key's algorithms count")
	rs := &Key{kind: kindRSA, algorithms: 1 << AlgRS256, rsa: &rsaKey{size: 256}}
	require.True(t, rs.admitsSignature(AlgRS256, make([]byte, 256)))
	require.False(t, rs.admitsSignature(AlgRS256, make([]byte, 255)))
	require.False(t, rs.admitsSignature(AlgPS256, make([]byte, 256)))
	o := &outside{result: SignatureVerified}
	r := &run{v: &Verifier{signatures: o}}
	require.False(t, r.verifySignature(ec, AlgES256, []byte("x"), pair(order, one)))
	require.False(t, r.verifySignature(nil, AlgES256, []byte("x"), pair(one, one)))
	require.Zero(t, o.asked)
}

func TestECDSADER(t *testing.T) {
	for _, size := range []int{32, 48} {
		for lead := range size {
			for _, first := range []byte{0x01, 0x7f, 0x80, 0xff} {
				signature := make([]byte, 2*size)
				signature[lead], signature[2*size-1-lead] = first, first
				want, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])})
				require.NoError(t, err)
				require.Equal(t, want, AppendECDSADER(nil, signature))
				require.LessOrEqual(t, len(want), MaxECDSADER)
			}
		}
	}
}

func TestSPKI(t *testing.T) {
	check := func(jwk string, public any) {
		t.Helper()
		key, err := ParseKey([]byte(jwk))
		require.NoError(t, err)
		want, err := x509.MarshalPKIXPublicKey(public)
		require.NoError(t, err)
		got, ok := key.AppendSPKI([]byte("x"))
		require.True(t, ok)
		require.Equal(t, "x"+string(want), string(got))
	}
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384()} {
		for range 8 {
			key, err := ecdsa.GenerateKey(curve, rand.Reader)
			require.NoError(t, err)
			point, err := key.PublicKey.Bytes()
			require.NoError(t, err)
			size := len(point) / 2
			check(fmt.Sprintf(`{"kty":"EC","crv":%q,"x":%q,"y":%q}`, curve.Params().Name, b64(point[1:1+size]), b64(point[1+size:])), &key.PublicKey)
		}
	}
	for _, bits := range []int{2048, 2049, 2055, 2056, 3072, 8192} {
		for _, e := range []int{3, 127, 129, 65537, 1<<31 - 1} {
			n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), uint(bits-1)))
			require.NoError(t, err)
			n.SetBit(n, 0, 1).SetBit(n, bits-1, 1)
			check(fmt.Sprintf(`{"kty":"RSA","n":%q,"e":%q}`, b64(n.Bytes()), b64(big.NewInt(int64(e)).Bytes())), &rsa.PublicKey{N: n, E: e})
		}
	}
	check(agentKey.jwk, agentKey.private.Public().(ed25519.PublicKey))
	key, err := ParseKey([]byte(jwkEd448))
	require.NoError(t, err)
	spki, ok := key.AppendSPKI(nil)
	require.True(t, ok)
	var parsed struct {
		Algorithm struct{ ID asn1.ObjectIdentifier }
		Key       asn1.BitString
	}
	_, err = asn1.Unmarshal(spki, &parsed)
	require.NoError(t, err)
	require.Equal(t, "1.3.101.113", parsed.Algorithm.ID.String())
	require.Equal(t, key.point[:57], parsed.Key.Bytes)
	_, ok = (&Key{}).AppendSPKI(nil)
	require.False(t, ok)
}

func TestNeedsBody(t *testing.T) {
	policy := `{"issuers":[{"issuer":"https://as.example","profile":"hardened","audiences":["https://api.example"],` +
		`"algorithms":["Ed25519"],"jwks":` + issuerKey.keySet("k1") + `,"bundle":{"uri":"https://as.example/b","keys":[{"kid":"b",` + issuerKey.jwk[1:] + `]}}],%s` +
		`"routes":[{"id":"tool","match":{"path":"/mcp"},"require":{"level":"ajwt","tool":{"mcp":true}}},{"id":"any","match":{"path":"/**"},"require":{"level":"jwt"}}]}`
	v := newTestVerifier(t, fmt.Sprintf(policy, `"proof":{"methods":["dpop","httpsig"]},`), Options{})
	plain := newTestVerifier(t, testPolicy("hardened", hardenedRoute, ""), Options{})
	tool := func(target string) *Request {
		r := withProof(boundToken(), "p")
		r.Method, r.Target = "POST", target
		return r
	}
	require.True(t, v.NeedsBody(tool("/mcp")))
	require.False(t, plain.NeedsBody(tool("/mcp")))
	require.False(t, v.NeedsBody(tool("/other")))
	require.True(t, v.NeedsBody(signedRequest(keyToken(), signatureInput("n"))))
	require.False(t, plain.NeedsBody(signedRequest(keyToken(), signatureInput("n"))))
	require.False(t, v.NeedsBody(tool("/mcp/../x")), "it is refused for its target")
	require.False(t, v.NeedsBody(nil))
	require.False(t, (&Verifier{}).NeedsBody(tool("/mcp")))
	pop := tool("/other")
	pop.Headers = append(pop.Headers, Header{"PoP", "x"})
	require.False(t, v.NeedsBody(pop))
	patchet := newTestVerifier(t, testPolicy("patchet", bearerRoute, `"proof":{"methods":["patchet"]},`), Options{})
	require.True(t, patchet.NeedsBody(pop))
	require.False(t, patchet.NeedsBody(tool("/other")))
	req := tool("/mcp")
	require.Zero(t, leastAllocs(func() { v.NeedsBody(req) }))
}
