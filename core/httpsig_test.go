package ajwt

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/agentic-jwt/ajwt/core/structured"
)

// The vectors hold the rules; here are the values that the RFCs give, and what no vector
// can show.

// testRequest is that of RFC 9421, appendix B.2.
func testRequest() *Request {
	return &Request{Method: "POST", Scheme: "https", Authority: "example.com", Target: "/foo?param=Value&Pet=dog",
		Headers: []Header{
			{"Host", "example.com"},
			{"Date", "Tue, 20 Apr 2021 02:07:55 GMT"},
			{"Content-Type", "application/json"},
			{"Content-Digest", "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"},
			{"Content-Length", "18"},
		}, Body: []byte(`{"hello": "world"}`), Now: 1618884473}
}

// baseOf makes the signature base for a member of Signature-Input.
func baseOf(t *testing.T, req *Request, input string) string {
	t.Helper()
	v := newTestVerifier(t, testPolicy("draft-00", bearerRoute, ""), Options{Start: 1})
	r := v.begin(req)
	require.Zero(t, r.checkAuthority())
	require.Equal(t, structured.OK, r.s.httpsig.input.Parse([]byte(input), structured.Dictionary, 0))
	r.proof.httpsig.member = r.s.httpsig.input.First()
	require.Equal(t, CodeProofComponentMissing, r.checkComponents(), "the RFC's examples lack @target-uri")
	return string(r.s.httpsig.base)
}

func TestSignatureBaseOfRFC9421(t *testing.T) {
	for name, c := range map[string]struct{ input, base string }{
		"B.2.1": {`sig-b21=();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"`,
			`"@signature-params": ();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"`},
		"B.2.3": {`sig-b23=("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss"`,
			`"date": Tue, 20 Apr 2021 02:07:55 GMT
"@method": POST
"@path": /foo
"@query": ?param=Value&Pet=dog
"@authority": example.com
"content-type": application/json
"content-digest": sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:
"content-length": 18
"@signature-params": ("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss"`},
		"B.2.6": {rfc9421Ed25519Input,
			`"date": Tue, 20 Apr 2021 02:07:55 GMT
"@method": POST
"@path": /foo
"@authority": example.com
"content-type": application/json
"content-length": 18
"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"`},
	} {
		require.Equal(t, c.base, baseOf(t, testRequest(), c.input), name)
	}
}

const rfc9421Ed25519Input = `sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"`

func TestSignatureOfRFC9421(t *testing.T) {
	key, err := ParseKey([]byte(`{"kty":"OKP","crv":"Ed25519","x":"JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"}`))
	require.NoError(t, err)
	signature, err := base64.StdEncoding.DecodeString("wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==")
	require.NoError(t, err)
	base := baseOf(t, testRequest(), rfc9421Ed25519Input)
	require.True(t, key.VerifySignature(AlgEd25519, []byte(base), signature))
	require.False(t, key.VerifySignature(AlgEd25519, []byte(base+"\n"), signature))
}

func TestDigestsOfRFC9530(t *testing.T) {
	const sha256Line = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:" // appendix B.1
	const sha512Line = "sha-512=:YMAam51Jz/jOATT6/zvHrLVgOYTGFy1d6GJiOHTohq4yP+pgk4vf2aCsyRZOtw8MjkM7iw7yZ/WkppmM44T3qg==:"
	v := newTestVerifier(t, testPolicy("draft-00", bearerRoute, ""), Options{Start: 1})
	for line, want := range map[string]Code{
		sha256Line:                               0,
		sha512Line:                               0,
		sha512Line + ", " + sha256Line:           0,
		"unixsum=:AAA=:, " + sha256Line:          0,
		strings.Replace(sha256Line, "R", "S", 1): CodeProofDigestMismatch,
		sha256Line + ", " + strings.Replace(sha512Line, "Y", "Z", 1): CodeProofDigestMismatch,
		"unixsum=:AAA=:":               CodeProofDigestUnknown,
		"":                             CodeProofDigestUnknown,
		"sha-256=1":                    CodeProofDigestSyntax,
		sha256Line + ",":               CodeProofDigestSyntax,
		sha256Line + ", " + sha256Line: CodeProofDigestDuplicate,
		"sha-256=\"RK/0qy18MlBSVnWg\"": CodeProofDigestSyntax,
		strings.ToUpper(sha256Line[:7]) + sha256Line[7:]: CodeProofDigestSyntax,
	} {
		r := v.begin(&Request{Method: "POST", Headers: []Header{{"Content-Digest", line}}, Body: []byte("{\"hello\": \"world\"}\n")})
		r.proof.httpsig.digest = true
		require.Equal(t, want, r.checkDigest(), line)
	}
}

// signedRequest is a request with a message signature by the agent's key.
func signedRequest(token, input string) *Request {
	r := bearer(token)
	r.Now = testNow
	base := ""
	for _, c := range strings.Fields(input[strings.IndexByte(input, '(')+1 : strings.IndexByte(input, ')')]) {
		value := map[string]string{`"@method"`: r.Method, `"@target-uri"`: "https://api.example" + r.Target, `"authorization"`: r.Headers[0].Value}[c]
		base += c + ": " + value + "\n"
	}
	_, params, _ := strings.Cut(input, "=")
	signature := ed25519.Sign(agentKey.private, []byte(base+`"@signature-params": `+params))
	r.Headers = append(r.Headers, Header{"Signature-Input", input},
		Header{"Signature", "a=:" + base64.StdEncoding.EncodeToString(signature) + ":"})
	return r
}

func signatureInput(nonce string) string {
	return fmt.Sprintf(`a=("@method" "@target-uri" "authorization");created=%d;keyid="%s";nonce="%s";tag="ajwt"`, testNow, agentKey.thumb, nonce)
}

const httpsigMethods = `"proof":{"methods":["dpop","httpsig"]},`

func keyToken() string { return testToken(`,"cnf":{"jwk":` + agentKey.jwk + `}`) }

func TestMessageSignatureAccepted(t *testing.T) {
	v := newTestVerifier(t, testPolicy("hardened", hardenedRoute, httpsigMethods), Options{})
	d := v.Verify(signedRequest(keyToken(), signatureInput("n1")))
	require.Equal(t, "", d.Code.String())
	require.Equal(t, "jwt+pop", d.Level.String())
	require.Equal(t, agentKey.thumb, b64(d.KeyThumbprint[:]))
	require.Equal(t, CodeReplayProofReused, v.Verify(signedRequest(keyToken(), signatureInput("n1"))).Code)
	require.Equal(t, "", v.Verify(signedRequest(keyToken(), signatureInput("n2"))).Code.String())
	// A DPoP proof whose jti is that nonce is another proof.
	require.Equal(t, "", v.Verify(withProof(keyToken(), "n1")).Code.String())
}

func TestBoundKeyFromBundleOnly(t *testing.T) {
	v := newTestVerifier(t, testPolicy("hardened", hardenedRoute, httpsigMethods), Options{})
	require.Equal(t, CodeProofKeyUnavailable, v.Verify(signedRequest(boundToken(), signatureInput("n1"))).Code)
}

func TestUnreadBodyIsNoBody(t *testing.T) {
	v := newTestVerifier(t, testPolicy("hardened", hardenedRoute, httpsigMethods), Options{})
	for name, c := range map[string]struct {
		method string
		body   []byte
		header Header
		want   bodyState
	}{
		"GET":                 {"GET", nil, Header{}, bodyNone},
		"GET empty":           {"GET", []byte{}, Header{}, bodyNone},
		"GET body":            {"GET", []byte("x"), Header{}, bodyThere},
		"GET length":          {"GET", nil, Header{"Content-Length", "1"}, bodyUnread},
		"GET length 0":        {"GET", nil, Header{"content-length", "0"}, bodyNone},
		"GET lengths":         {"GET", nil, Header{"content-length", "0, 0"}, bodyUnread},
		"GET chunked":         {"GET", nil, Header{"transfer-encoding", "chunked"}, bodyUnread},
		"POST":                {"POST", nil, Header{}, bodyUnread},
		"POST empty":          {"POST", []byte{}, Header{}, bodyNone},
		"POST length 0":       {"POST", nil, Header{"Content-Length", "0"}, bodyNone},
		"POST length 0, body": {"POST", []byte("x"), Header{"Content-Length", "0"}, bodyThere},
		"DELETE":              {"DELETE", nil, Header{}, bodyNone},
		"get":                 {"get", nil, Header{}, bodyUnread},
	} {
		r := v.begin(&Request{Method: c.method, Body: c.body, Headers: []Header{c.header}})
		require.Equal(t, c.want, r.body(), name)
	}
}

func TestSignatureInputBesideAnyProof(t *testing.T) {
	for name, policy := range map[string]string{
		"dpop alone": testPolicy("hardened", hardenedRoute, ""),
		"both":       testPolicy("hardened", hardenedRoute, httpsigMethods),
	} {
		v := newTestVerifier(t, policy, Options{})
		for input, want := range map[string]Code{
			`a=`:               CodeProofSignatureInputSyntax,
			`a=("x";p;p)`:      CodeProofSignatureInputDuplicate,
			`a=1`:              CodeProofSignatureInputSyntax,
			`a=(b)`:            CodeProofSignatureInputSyntax,
			`a=("x");tag=ajwt`: CodeProofSignatureInputSyntax,
			strings.Repeat(`a=("x"), `, 900) + `a=()`: CodeProofSignatureInputTooLong,
			`a=(` + strings.Repeat(`"x" `, 257) + `)`: CodeProofSignatureInputTooLong,
			`a=("x");tag="other"`:                     0,
			``:                                        0,
		} {
			req := withProof(keyToken(), fmt.Sprint("j", len(input)))
			req.Headers = append(req.Headers, Header{"signature-input", input})
			require.Equal(t, want.String(), v.Verify(req).Code.String(), "%s %.40s", name, input)
		}
	}
}

func TestPatchetProofAccepted(t *testing.T) {
	text, err := os.ReadFile("../vectors/gen/testkeys/rsa-2048-a.pem")
	require.NoError(t, err)
	block, _ := pem.Decode(text)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	require.NoError(t, err)
	private := parsed.(*rsa.PrivateKey)
	jwk := `{"kty":"RSA","n":"` + b64(private.N.Bytes()) + `","e":"AQAB"}`

	v := newTestVerifier(t, testPolicy("patchet", hardenedRoute, `"proof":{"methods":["patchet"]},`), Options{})
	const checksum = "fe7d0ce288d695cdc6769855b50bea0aef1e132bbae8badb4f384de752a7aa10"
	request := func(body, python string) *Request {
		token := testToken(`,"cnf":{"jwk":` + jwk + `},"agent_proof":{"agent_checksum":"` + checksum + `","registration_id":"reg_1"}`)
		r := bearer(token)
		r.Method, r.Body = "POST", []byte(body)
		data := ""
		if python != "" {
			sum := sha256.Sum256([]byte(python))
			data = hex.EncodeToString(sum[:])
		}
		message := fmt.Sprintf(`{"checksum": "%s", "data": "%s", "method": "POST", "timestamp": %d, "url": "https://api.example/repos/a?x=1"}`, checksum, data, testNow)
		sum := sha256.Sum256([]byte(message))
		signature, err := rsa.SignPKCS1v15(nil, private, crypto.SHA256, sum[:])
		require.NoError(t, err)
		r.Headers = append(r.Headers, Header{"PoP", base64.StdEncoding.EncodeToString(signature)}, Header{"X-PoP-Timestamp", fmt.Sprint(testNow)})
		return r
	}
	seen := map[string]bool{}
	for body, python := range map[string]string{
		``: "", `{}`: "", ` [ ] `: "", `""`: "", `0`: "", `-0`: "", `0.0`: "", `-0e3`: "", `false`: "", `null`: "",
		`{"b":1,"a":[1.0,2e3,"é"]}`: `{"b": 1, "a": [1.0, 2000.0, "\u00e9"]}`,
		`true`:                      `true`, `" "`: `" "`, `[0]`: `[0]`,
	} {
		d := v.Verify(request(body, python))
		if d.Code == CodeReplayProofReused && python == "" && seen[python] {
			continue // the same signature: all of these are one request to the prototype
		}
		require.Equal(t, "", d.Code.String(), body)
		require.Equal(t, "jwt+pop", d.Level.String())
		seen[python] = true
	}
	require.Equal(t, CodeReplayProofReused, v.Verify(request(`{ }`, "")).Code)
	for _, body := range []string{`{"a":1,"a":1}`, `NaN`, `{`, ` `, `{"a":1e999}`, "\"\xff\"", `"\ud800"`} {
		require.Equal(t, CodeProofPopBodyInvalid.String(), v.Verify(request(body, "x")).Code.String(), body)
	}
	r := request(`{}`, "")
	r.Body = nil
	require.Equal(t, CodeProofPopBodyUnavailable, v.Verify(r).Code)
}

func TestOneMethodPerProfile(t *testing.T) {
	v := newTestVerifier(t, testPolicy("patchet", hardenedRoute, `"proof":{"methods":["dpop","httpsig","patchet"]},`), Options{})
	require.Equal(t, CodeProofMethodProfile, v.Verify(withProof(keyToken(), "j")).Code)
	require.Equal(t, CodeProofMethodProfile, v.Verify(signedRequest(keyToken(), signatureInput("n"))).Code)
}

func TestMessageSignatureAllocatesLittle(t *testing.T) {
	v := newTestVerifier(t, testPolicy("hardened", hardenedRoute, httpsigMethods), Options{Replay: DeferredReplay(0)})
	req := signedRequest(keyToken(), signatureInput("n1"))
	require.LessOrEqual(t, leastAllocs(func() { v.Verify(req) }), 12.0)
}

// FuzzSignatureFields: no fields make a request pass without a signature by the agent.
func FuzzSignatureFields(f *testing.F) {
	p, err := ParsePolicy([]byte(testPolicy("hardened", hardenedRoute, httpsigMethods)))
	require.NoError(f, err)
	v, err := NewVerifier(p, Options{Start: testNow - 1000})
	require.NoError(f, err)
	good := signedRequest(keyToken(), signatureInput("n1"))
	f.Add(good.Headers[1].Value, good.Headers[2].Value, "")
	f.Add(`a=()`, `a=::`, "sha-256=:AA==:")
	f.Fuzz(func(t *testing.T, input, signature, digest string) {
		req := bearer(keyToken())
		req.Headers = append(req.Headers, Header{"Signature-Input", input}, Header{"Signature", signature}, Header{"Content-Digest", digest})
		d := v.Verify(req)
		if d.Allows() && signature != good.Headers[2].Value {
			t.Fatalf("%q and %q pass", input, signature)
		}
		if (d.Code == 0) != d.Allows() {
			t.Fatal("verdict and code disagree")
		}
	})
}
