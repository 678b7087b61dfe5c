package ajwt

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

const testNow = 1767225600

// signer mints tokens and proofs for the tests of this package; the vectors have a
// generator of their own.
type signer struct {
	private ed25519.PrivateKey
	jwk     string
	thumb   string
}

func newSigner(label string) signer {
	seed := sha256.Sum256([]byte(label))
	private := ed25519.NewKeyFromSeed(seed[:])
	x := b64(private.Public().(ed25519.PublicKey))
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + x + `"}`))
	return signer{private, `{"kty":"OKP","crv":"Ed25519","x":"` + x + `"}`, b64(sum[:])}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (s signer) sign(header, payload string) string {
	input := b64([]byte(header)) + "." + b64([]byte(payload))
	return input + "." + b64(ed25519.Sign(s.private, []byte(input)))
}

func (s signer) keySet(kid string) string {
	return `{"keys":[{"kid":"` + kid + `",` + s.jwk[1:] + `]}`
}

func (s signer) proof(token, method, url, jti string, iat int64) string {
	sum := sha256.Sum256([]byte(token))
	payload := fmt.Sprintf(`{"jti":%q,"htm":%q,"htu":%q,"iat":%d,"ath":%q}`, jti, method, url, iat, b64(sum[:]))
	return s.sign(`{"typ":"dpop+jwt","alg":"Ed25519","jwk":`+s.jwk+`}`, payload)
}

var (
	issuerKey = newSigner("issuer")
	agentKey  = newSigner("agent")
)

func testPolicy(profile, require, more string) string {
	return `{"issuers":[{"issuer":"https://as.example","profile":"` + profile + `","audiences":["https://api.example"],` +
		`"algorithms":["Ed25519"],"jwks":` + issuerKey.keySet("k1") + `}],` + more +
		`"routes":[{"id":"any","match":{"path":"/**"},"require":` + require + `}]}`
}

func testToken(more string) string {
	return issuerKey.sign(`{"alg":"Ed25519","kid":"k1","typ":"JWT"}`,
		fmt.Sprintf(`{"iss":"https://as.example","aud":"https://api.example","sub":"patcher","iat":%d,"exp":%d,"jti":"t1","scope":"repo:read"%s}`,
			testNow-10, testNow+290, more))
}

func boundToken() string { return testToken(`,"cnf":{"jkt":"` + agentKey.thumb + `"}`) }

func newTestVerifier(t testing.TB, policy string, o Options) *Verifier {
	t.Helper()
	p, err := ParsePolicy([]byte(policy))
	require.NoError(t, err)
	if o.Start == 0 {
		o.Start = testNow - 1000
	}
	v, err := NewVerifier(p, o)
	require.NoError(t, err)
	return v
}

func bearer(token string) *Request {
	return &Request{Method: "GET", Scheme: "https", Authority: "api.example", Target: "/repos/a?x=1",
		Headers: []Header{{"Authorization", "Bearer " + token}}, Now: testNow}
}

func withProof(token, jti string) *Request {
	r := bearer(token)
	r.Headers = []Header{{"authorization", "DPoP " + token},
		{"dpop", agentKey.proof(token, "GET", "https://api.example/repos/a", jti, testNow)}}
	return r
}

const (
	bearerRoute   = `{"level":"jwt","proof":"optional"}`
	hardenedRoute = `{"level":"jwt"}`
)

func TestBearerAccepted(t *testing.T) {
	v := newTestVerifier(t, testPolicy("draft-00", bearerRoute, ""), Options{})
	for range 2 { // the second time from the signature cache
		d := v.Verify(bearer(testToken("")))
		require.Equal(t, Code(0), d.Code, d.Code)
		require.True(t, d.Allows())
		require.Equal(t, "jwt", d.Level.String())
		require.Equal(t, "patcher", d.Agent)
		require.Equal(t, "any", d.Route)
	}
}

func TestProofAcceptedOnce(t *testing.T) {
	v := newTestVerifier(t, testPolicy("hardened", hardenedRoute, ""), Options{})
	req := withProof(boundToken(), "p1")
	d := v.Verify(req)
	require.Equal(t, "", d.Code.String())
	require.Equal(t, "jwt+pop", d.Level.String())
	d = v.Verify(req)
	require.Equal(t, CodeReplayProofReused, d.Code)
	require.False(t, d.Allows())
	require.Equal(t, 401, d.Status)
	require.Equal(t, `DPoP error="invalid_dpop_proof", algs="Ed25519 ES256"`, d.Challenge)
	require.Equal(t, Code(0), v.Verify(withProof(boundToken(), "p2")).Code)
}

func TestRecordIsJSON(t *testing.T) {
	v := newTestVerifier(t, testPolicy("hardened", hardenedRoute, ""), Options{})
	d := v.Verify(withProof(boundToken(), "p1"))
	var record map[string]any
	require.NoError(t, json.Unmarshal(d.AppendRecord(nil), &record))
	require.Equal(t, "accept", record["verdict"])
	require.Equal(t, agentKey.thumb, record["key_thumbprint"])
	require.NoError(t, json.Unmarshal((&Decision{}).AppendErrorBody(nil), &record))
}

func TestZeroVerifierRejects(t *testing.T) {
	for name, v := range map[string]*Verifier{"nil": nil, "zero": {}} {
		d := v.Verify(bearer(testToken("")))
		require.Equal(t, CodeInternalNotConfigured, d.Code, name)
		require.False(t, d.Allows(), name)
	}
	var zero Decision
	require.False(t, zero.Allows())
	v := newTestVerifier(t, testPolicy("draft-00", bearerRoute, ""), Options{})
	require.Equal(t, CodeInternalNotConfigured, decide(v, nil).Code)
	_, err := NewVerifier(&Policy{}, Options{})
	require.Error(t, err)
}

func decide(v *Verifier, r *Request) Decision { return v.Verify(r) }

// brokenReplay stands for a store that fails in one way or another.
type brokenReplay struct {
	result ReplayResult
	panics bool
}

func (b brokenReplay) Record([]ReplayKey, int64) (ReplayResult, int) {
	if b.panics {
		panic("store")
	}
	return b.result, 99
}
func (brokenReplay) Start() int64 { return 0 }

func TestReplayStoreUnavailable(t *testing.T) {
	for name, row := range map[string]struct {
		result ReplayResult
		code   Code
	}{
		"no answer":      {ReplayUnavailable, CodeReplayStoreUnavailable},
		"unknown answer": {ReplayResult(200), CodeReplayStoreUnavailable},
		"seen, no index": {ReplaySeen, CodeReplayProofReused},
		"full":           {ReplayFull, CodeReplayMemoryFull},
		"quota":          {ReplayQuota, CodeReplayQuotaExceeded},
	} {
		v := newTestVerifier(t, testPolicy("hardened", hardenedRoute, ""), Options{Replay: brokenReplay{result: row.result}})
		d := v.Verify(withProof(boundToken(), "p1"))
		require.Equal(t, row.code, d.Code, name)
		require.False(t, d.Allows(), name)
	}
}

func TestOutageAllowed(t *testing.T) {
	v := newTestVerifier(t, testPolicy("draft-00", hardenedRoute, `"replay":{"on_outage":"allow"},`), Options{Replay: brokenReplay{}})
	d := v.Verify(withProof(boundToken(), "p1"))
	require.True(t, d.Allows())
	require.Equal(t, []Code{CodeReplayStoreUnavailable}, d.Warnings)
}

func TestPanicRejects(t *testing.T) {
	v := newTestVerifier(t, testPolicy("hardened", hardenedRoute, ""), Options{Replay: brokenReplay{panics: true}})
	for range 3 {
		d := v.Verify(withProof(boundToken(), "p1"))
		require.Equal(t, CodeInternalPanic, d.Code)
		require.Equal(t, 500, d.Status)
		require.False(t, d.Allows())
	}
}

func TestDeferredReplay(t *testing.T) {
	v := newTestVerifier(t, testPolicy("hardened", hardenedRoute, ""), Options{Replay: DeferredReplay(testNow - 1000)})
	native := newTestVerifier(t, testPolicy("hardened", hardenedRoute, ""), Options{Replay: NewReplayMemory(10, 10, testNow-1000)})
	store := NewReplayMemory(10, 10, testNow-1000)
	for i := range 2 {
		req := withProof(boundToken(), "p1")
		d := v.Verify(req)
		require.True(t, d.Deferred)
		require.False(t, d.Allows(), "a deferred decision lets nothing pass")
		require.Len(t, d.Replay, 1)
		result, seen := store.Record(d.Replay, testNow)
		d.Settle(result, seen)
		require.Equal(t, native.Verify(req), d, i)
	}
}

func TestLoadKeys(t *testing.T) {
	policy := `{"issuers":[{"issuer":"https://as.example","profile":"draft-00","audiences":["https://api.example"],` +
		`"algorithms":["Ed25519"],"jwks_uri":"https://as.example/jwks"}],"routes":[{"id":"any","match":{"path":"/**"},"require":` + bearerRoute + `}]}`
	v := newTestVerifier(t, policy, Options{})
	require.Equal(t, CodeKeySetMissing, decide(v, bearer(testToken(""))).Code)
	_, err := v.Load(KindKeys, "https://other.example", []byte(`{"keys":[]}`), testNow)
	require.Equal(t, CodeKeysIssuerUnknown, err.(*LoadError).Code())
	_, err = v.Load(KindKeys, "https://as.example", []byte(issuerKey.keySet("k1")), testNow)
	require.NoError(t, err)
	require.Equal(t, "", decide(v, bearer(testToken(""))).Code.String())
	_, err = v.Load(KindKeys, "https://as.example", []byte(`{"keys":`), testNow)
	require.Equal(t, CodeKeysJSONInvalid, err.(*LoadError).Code())
	require.True(t, allows(v.Verify(bearer(testToken("")))), "the set in force stays in force")
	// The same kid with another key: the cached signature result of the old set is gone.
	_, err = v.Load(KindKeys, "https://as.example", []byte(agentKey.keySet("k1")), testNow)
	require.NoError(t, err)
	require.Equal(t, CodeSignatureInvalid, decide(v, bearer(testToken(""))).Code)
}

func allows(d Decision) bool { return d.Allows() }

func TestDecisionOutlivesScratch(t *testing.T) {
	v := newTestVerifier(t, testPolicy("draft-00", bearerRoute, ""), Options{})
	first := v.Verify(bearer(testToken("")))
	other := issuerKey.sign(`{"alg":"Ed25519","kid":"k1"}`,
		fmt.Sprintf(`{"iss":"https://as.example","aud":"https://api.example","sub":"xxxxxxx","iat":%d,"exp":%d,"jti":"t2","scope":"s"}`, testNow, testNow+1))
	v.Verify(bearer(other))
	require.Equal(t, "patcher", first.Agent)
}

// leastAllocs is the number of allocations of a call that found its scratch in the pool.
// The race detector makes sync.Pool forget a quarter of what it is given, so an average
// would depend on chance.
func leastAllocs(f func()) float64 {
	least := math.Inf(1)
	for range 100 {
		least = min(least, testing.AllocsPerRun(1, f))
	}
	return least
}

func TestAllocations(t *testing.T) {
	v := newTestVerifier(t, testPolicy("draft-00", bearerRoute, ""), Options{})
	req := bearer(testToken(""))
	v.Verify(req)
	require.LessOrEqual(t, leastAllocs(func() { v.Verify(req) }), 10.0)
}

func BenchmarkCachedBearer(b *testing.B) {
	v := newTestVerifier(b, testPolicy("draft-00", bearerRoute, ""), Options{})
	req := bearer(testToken(`,"intent":{"workflow_id":"w","workflow_step":"s","executed_by":"patcher","delegation_chain":"e2b0bb2db17839e8","step_sequence_hash":"bed72404ae7c18e8"},"agent_proof":{"agent_checksum":"sha256:fe7d0ce288d695cdc6769855b50bea0aef1e132bbae8badb4f384de752a7aa10","registration_id":"reg_1"}`))
	if d := v.Verify(req); !d.Allows() {
		b.Fatal(d.Code)
	}
	b.ReportAllocs()
	for b.Loop() {
		v.Verify(req)
	}
}

func BenchmarkEd25519(b *testing.B) {
	message := make([]byte, 600)
	sig := ed25519.Sign(issuerKey.private, message)
	public := issuerKey.private.Public().(ed25519.PublicKey)
	for b.Loop() {
		ed25519.Verify(public, message, sig)
	}
}
