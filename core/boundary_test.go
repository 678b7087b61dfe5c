package ajwt

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The attempts to get past the verifier that once worked, or nearly did.

func TestReplayWithClocksOutOfOrder(t *testing.T) {
	v := newTestVerifier(t, testPolicy("hardened", hardenedRoute, ""), Options{Start: testNow - 10000})
	at := func(jti string, iat, now int64) Decision {
		token := boundToken()
		req := bearer(token)
		req.Headers = []Header{{"authorization", "DPoP " + token}, {"dpop", agentKey.proof(token, "GET", "https://api.example/repos/a", jti, iat)}}
		req.Now = now
		return v.Verify(req)
	}
	require.Equal(t, "", at("a", testNow, testNow+90).Code.String())
	require.Equal(t, CodeReplayProofReused, at("a", testNow, testNow+90).Code)
	require.Equal(t, "", at("b", testNow+60, testNow+91).Code.String(), "lets the first proof's entry go")
	require.Equal(t, CodeReplayProofReused, at("a", testNow, testNow+90).Code, "a request with an earlier clock, recorded later")
	require.Equal(t, "", at("c", testNow+60, testNow+90).Code.String())
}

func TestCrowdedBucketRefuses(t *testing.T) {
	m := NewReplayMemory(1<<16, 1<<16, 0)
	fresh, refused := 0, 0
	for i := range 1000 { // 1,000 keys of one bucket, as a patient sender finds them
		var k ReplayKey
		binary.LittleEndian.PutUint64(k.Key[8:], uint64(i)+1)
		k.Expires = 100
		switch r, _ := m.Record([]ReplayKey{k}, 1); r {
		case ReplayFresh:
			fresh++
		case ReplayQuota:
			refused++
		}
	}
	require.Equal(t, longestChain, fresh)
	require.Equal(t, 1000-longestChain, refused)
}

func TestEmptyProofFieldIsAProof(t *testing.T) {
	v := newTestVerifier(t, testPolicy("draft-00", bearerRoute, ""), Options{})
	req := bearer(boundToken())
	req.Headers = append(req.Headers, Header{"DPoP", ""})
	require.Equal(t, CodeProofCompactSegments, decide(v, req).Code)
	req = bearer(testToken(""))
	req.Headers = append(req.Headers, Header{"dpop", ""})
	require.Equal(t, CodeProofCnfMissing, decide(v, req).Code)
}

func TestGarbageAnswerIsNoOutage(t *testing.T) {
	policy := testPolicy("draft-00", hardenedRoute, `"replay":{"on_outage":"allow"},`)
	v := newTestVerifier(t, policy, Options{Replay: brokenReplay{result: ReplayResult(200)}})
	require.Equal(t, CodeReplayStoreUnavailable, decide(v, withProof(boundToken(), "p")).Code)
	v = newTestVerifier(t, policy, Options{Replay: DeferredReplay(0)})
	d := v.Verify(withProof(boundToken(), "p"))
	d.Settle(ReplayDeferred, 0)
	require.False(t, d.Allows())
}

func TestColdStartDoesNotOverflow(t *testing.T) {
	v := newTestVerifier(t, testPolicy("hardened", hardenedRoute, ""), Options{Replay: DeferredReplay(math.MaxInt64)})
	require.Equal(t, CodeReplayProofColdStart, decide(v, withProof(boundToken(), "p")).Code)
}

func TestOneAgentsTokensDoNotFillTheMemory(t *testing.T) {
	v := newTestVerifier(t, testPolicy("draft-00", `{"level":"jwt","proof":"optional","single_use":true}`, `"replay":{"capacity":32,"per_key":2},`), Options{})
	token := func(sub, jti string) *Request {
		return bearer(issuerKey.sign(`{"alg":"Ed25519","kid":"k1"}`, fmt.Sprintf(
			`{"iss":"https://as.example","aud":"https://api.example","sub":%q,"iat":%d,"exp":%d,"jti":%q,"scope":"s"}`, sub, testNow, testNow+60, jti)))
	}
	require.True(t, allows(v.Verify(token("mallory", "1"))))
	require.True(t, allows(v.Verify(token("mallory", "2"))))
	require.Equal(t, CodeReplayQuotaExceeded, decide(v, token("mallory", "3")).Code)
	require.True(t, allows(v.Verify(token("alice", "4"))))
}

func TestObservedReplayProvesNothing(t *testing.T) {
	policy := strings.Replace(testPolicy("hardened", hardenedRoute, ""), `"require"`, fmt.Sprintf(`"observe":{"until":%d,"stages":["replay"]},"require"`, testNow+1), 1)
	v := newTestVerifier(t, policy, Options{})
	require.Equal(t, "jwt+pop", v.Verify(withProof(boundToken(), "p")).Level.String())
	d := v.Verify(withProof(boundToken(), "p"))
	require.True(t, d.Observed)
	require.Equal(t, CodeReplayProofReused, d.Code)
	require.Equal(t, "jwt", d.Level.String())
}

func TestCostOfHostileInputIsBounded(t *testing.T) {
	v := newTestVerifier(t, testPolicy("draft-00", bearerRoute, ""), Options{})
	array := issuerKey.sign(`{"alg":"Ed25519","kid":"nobody","x":[`+strings.Repeat("0,", 4000)+`0]}`, `{"iss":"https://as.example"}`)
	require.Equal(t, CodeJWSHeaderTooManyMembers, decide(v, bearer(array)).Code)
	req := bearer(testToken(""))
	req.Authority = strings.Repeat("a", 1<<20)
	require.Equal(t, CodeInputAuthorityInvalid, decide(v, req).Code)
	for _, a := range []string{"api.example%00", "[:::::]", "[::1", "[1]", "api.example:99999", "a b", ""} {
		req.Authority = a
		require.Equal(t, CodeInputAuthorityInvalid, decide(v, req).Code, a)
	}
	scopes := strings.TrimSpace(strings.Repeat("s ", 4000))
	long := issuerKey.sign(`{"alg":"Ed25519","kid":"k1"}`, fmt.Sprintf(
		`{"iss":"https://as.example","aud":"https://api.example","sub":"a","iat":%d,"exp":%d,"jti":"j","scope":%q}`, testNow, testNow+60, scopes))
	require.True(t, allows(v.Verify(bearer(long))), "repeats count once")
}

func TestChallengeTellsNothingAboutRoutes(t *testing.T) {
	policy := `{"issuers":[` + strings.Replace(goodIssuer, "ES256", "Ed25519", 1) + `],"routes":[` +
		`{"id":"open","match":{"path":"/open"},"require":{"level":"jwt","proof":"optional"}},{"id":"closed","match":{"path":"/closed"},"require":{"level":"jwt"}}]}`
	v := newTestVerifier(t, policy, Options{})
	seen := map[string]bool{}
	for _, target := range []string{"/open", "/closed", "/none"} {
		for _, headers := range [][]Header{nil, {{"Authorization", "Bearer x.y.z"}}} {
			req := bearer("")
			req.Target, req.Headers = target, headers
			d := v.Verify(req)
			seen[fmt.Sprint(d.Status, d.Challenge)] = true
		}
	}
	require.Len(t, seen, 2, "%v", seen)
}
