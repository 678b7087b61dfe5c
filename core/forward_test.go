package ajwt

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// forwarding is the member forward with these pairs of header and claim.
func forwarding(pairs ...string) string {
	var entries []string
	for i := 0; i < len(pairs); i += 2 {
		entries = append(entries, fmt.Sprintf(`{"header":%q,"claim":%q}`, pairs[i], pairs[i+1]))
	}
	return `"forward":[` + strings.Join(entries, ",") + `]`
}

func TestForwardFaults(t *testing.T) {
	for name, row := range map[string]struct {
		forward string
		faults  []string
	}{
		"object":     {`{"x-agent":"agent"}`, []string{"/forward policy_member_type"}},
		"empty":      {`[]`, []string{"/forward policy_member_value"}},
		"no members": {`[{}]`, []string{"/forward/0/header policy_member_missing", "/forward/0/claim policy_member_missing"}},
		"all at once": {`[{"header":"X-Agent","claim":"aud"},7,{"header":"x-a","claim":"agent","as":1},{"header":"x-a","claim":1},{"header":"host","claim":"step"}]`,
			[]string{"/forward/0/header policy_member_value", "/forward/0/claim policy_member_value", "/forward/1 policy_member_type", "/forward/2/as policy_member_unknown",
				"/forward/3/header policy_id_duplicate", "/forward/3/claim policy_member_type", "/forward/4/header policy_member_value"}},
	} {
		_, err := ParsePolicy([]byte(policyWith(goodIssuer, goodRoute, `,"forward":`+row.forward)))
		require.Error(t, err, name)
		var got []string
		for _, f := range err.(*LoadError).Faults {
			got = append(got, f.Pointer+" "+f.Code.String())
		}
		require.Equal(t, row.faults, got, name)
	}
	for i := range maxForward + 1 {
		var pairs []string
		for n := range i + 1 {
			pairs = append(pairs, fmt.Sprintf("x-%d", n), "agent")
		}
		_, err := ParsePolicy([]byte(policyWith(goodIssuer, goodRoute, ","+forwarding(pairs...))))
		require.Equal(t, i < maxForward, err == nil, "%d entries", i+1)
	}
}

func TestForwardNames(t *testing.T) {
	for name, good := range map[string]bool{
		"x-agent": true, "x": true, "remote-user": true, "acceptance": true, "x-forwardedx": true, "hosts": true, "x2": true, "a-": true,
		strings.Repeat("a", 64): true, strings.Repeat("a", 65): false,
		"": false, "X-Agent": false, "x_agent": false, "x.agent": false, "x agent": false, "x-agent\r\n": false, ":path": false, "2x": false, "-x": false, "x-é": false,
		"host": false, "authorization": false, "dpop": false, "dpop-nonce": false, "signature": false, "signature-input": false, "pop": false, "x-pop-timestamp": false,
		"content-length": false, "content-": false, "transfer-encoding": false, "connection": false, "te": false, "upgrade": false, "cookie": false, "forwarded": false,
		"x-forwarded": false, "x-forwarded-for": false, "x-envoy-original-path": false, "if-match": false, "accept": false, "accept-encoding": false, "mcp-method": false,
		"proxy-authorization": false, "sec-fetch-mode": false, "x-original-url": false, "x-rewrite-url": false, "x-http-method-override": false, "expect": false,
	} {
		_, err := ParsePolicy([]byte(policyWith(goodIssuer, goodRoute, ","+forwarding(name, "agent"))))
		require.Equal(t, good, err == nil, "%q: %v", name, err)
	}
	for _, name := range reservedFields {
		require.True(t, isForwardName(name), "%q can never be reached", name)
	}
}

func TestStrips(t *testing.T) {
	p, err := ParsePolicy([]byte(policyWith(goodIssuer, goodRoute, ","+forwarding("x-ajwt-agent", "agent", "x-step", "step"))))
	require.NoError(t, err)
	require.Equal(t, []string{"x-ajwt-agent", "x-step"}, p.ForwardNames())
	for name, strips := range map[string]bool{
		"x-ajwt-agent": true, "X-AJWT-Agent": true, "x_ajwt_agent": true, "X_Ajwt-aGENT": true, "x.ajwt!agent": true, "X-STEP": true, "x_step": true,
		"x-ajwt-agents": false, "x-ajwt-agen": false, "xxajwtxagent": false, "xajwtagent": false, "": false, "x-stép": false, "x-steq": false,
	} {
		require.Equal(t, strips, p.Strips(name), name)
	}
	p, err = ParsePolicy([]byte(policyWith(goodIssuer, goodRoute, "")))
	require.NoError(t, err)
	require.Empty(t, p.ForwardNames())
	require.False(t, p.Strips("x-ajwt-agent"))
}

var everyClaim = func() (pairs []string) {
	for i := range forwardClaims {
		pairs = append(pairs, "x-"+strings.ReplaceAll(forwardClaims[i].name, "_", "-"), forwardClaims[i].name)
	}
	return pairs
}()

func fieldsOf(list []Header) map[string]string {
	fields := map[string]string{}
	for _, h := range list {
		fields[h.Name] = h.Value
	}
	return fields
}

func TestForward(t *testing.T) {
	v := newTestVerifier(t, testPolicy("hardened", hardenedRoute, forwarding(everyClaim...)+","), Options{})
	d := v.Verify(withProof(boundToken(), "p1"))
	require.True(t, d.Allows())
	digest := v.Policy().Digest()
	want := map[string]string{
		"x-issuer": "https://as.example", "x-subject": "patcher", "x-jti-hash": b64(d.JTIHash[:]), "x-key-thumbprint": agentKey.thumb,
		"x-scope": "repo:read", "x-level": "jwt+pop", "x-route": "any", "x-policy-digest": b64(digest[:]),
	}
	require.Equal(t, want, fieldsOf(d.Forward))
	require.Equal(t, "x-issuer", d.Forward[0].Name, "the policy's order")

	d = v.Verify(withProof(boundToken(), "p1"))
	require.Equal(t, CodeReplayProofReused, d.Code)
	require.Empty(t, d.Forward)
	require.Empty(t, v.Verify(bearer("x")).Forward)

	// Two strings and a slice, whatever is forwarded; nothing where the policy has no forward.
	plain := newTestVerifier(t, testPolicy("draft-00", bearerRoute, ""), Options{})
	told := newTestVerifier(t, testPolicy("draft-00", bearerRoute, forwarding(everyClaim...)+","), Options{})
	q := bearer(testToken(""))
	require.LessOrEqual(t, leastAllocs(func() { told.Verify(q) }), leastAllocs(func() { plain.Verify(q) })+2)
}

// TestForwardSettled: where the host's memory has seen a proof and the route only observes
// that, the key of the proof stays behind, as it does with a memory of our own.
func TestForwardSettled(t *testing.T) {
	policy := observing(testPolicy("hardened", hardenedRoute, forwarding(everyClaim...)+","), `"replay"`)
	v := newTestVerifier(t, policy, Options{Replay: DeferredReplay(0)})
	own := newTestVerifier(t, policy, Options{})
	own.Verify(withProof(boundToken(), "p1"))
	want := own.Verify(withProof(boundToken(), "p1"))
	require.True(t, want.Observed)
	require.NotContains(t, fieldsOf(want.Forward), "x-key-thumbprint")

	d := v.Verify(withProof(boundToken(), "p1"))
	require.True(t, d.Deferred)
	fresh := d
	d.Settle(ReplaySeen, 0)
	require.True(t, d.Allows())
	require.Equal(t, want.Forward, d.Forward)
	fresh.Settle(ReplayFresh, 0)
	require.Equal(t, agentKey.thumb, fieldsOf(fresh.Forward)["x-key-thumbprint"])

	d = newTestVerifier(t, testPolicy("hardened", hardenedRoute, forwarding(everyClaim...)+","), Options{Replay: DeferredReplay(0)}).Verify(withProof(boundToken(), "p1"))
	d.Settle(ReplayUnavailable, 0)
	require.False(t, d.Allows())
	require.Empty(t, d.Forward)
}

func TestForwardValues(t *testing.T) {
	v := newTestVerifier(t, testPolicy("draft-00", bearerRoute, forwarding("x-subject", "subject", "x-scope", "scope")+","), Options{})
	for sub, want := range map[string]string{
		`a b`: "a%20b", `a,b;c="d"`: "a%2Cb%3Bc%3D%22d%22", `100%`: "100%25", `%41`: "%2541", `a+b`: "a%2Bb", "é": "%C3%A9", `http://x/~a_b@c.d-e`: "http://x/~a_b@c.d-e",
	} {
		token := issuerKey.sign(`{"alg":"Ed25519","kid":"k1","typ":"JWT"}`, fmt.Sprintf(
			`{"iss":"https://as.example","aud":"https://api.example","sub":%s,"iat":%d,"exp":%d,"jti":"t1","scope":"a,b %%25 c"}`, jsonText(sub), testNow-10, testNow+290))
		d := v.Verify(bearer(token))
		require.True(t, d.Allows(), d.Code)
		require.Equal(t, []Header{{"x-subject", want}, {"x-scope", "a%2Cb %2525 c"}}, d.Forward)
	}
	// A scope that is too long for a field stays behind.
	long := strings.Repeat("s", maxForwardValueBytes+1)
	for n, sent := range map[int]bool{maxForwardValueBytes: true, maxForwardValueBytes + 1: false} {
		token := issuerKey.sign(`{"alg":"Ed25519","kid":"k1","typ":"JWT"}`, fmt.Sprintf(
			`{"iss":"https://as.example","aud":"https://api.example","sub":"patcher","iat":%d,"exp":%d,"jti":"t1","scope":%q}`, testNow-10, testNow+290, long[:n]))
		d := v.Verify(bearer(token))
		require.True(t, d.Allows(), d.Code)
		_, has := fieldsOf(d.Forward)["x-scope"]
		require.Equal(t, sent, has, n)
	}
}

func jsonText(s string) string { return string(appendJSONString(nil, s)) }

// FuzzFieldValue holds that a value is harmless in a field and stands for one text alone,
// whichever of the usual decoders reads it.
func FuzzFieldValue(f *testing.F) {
	for _, seed := range []string{"", "patcher", "a\r\nx-agent: b", "\x00\x7f\xff", "%0d%0a", "a+b, c;d=\"e\"", "é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		value := string(appendFieldValue(nil, text))
		for _, c := range []byte(value) {
			require.True(t, c > ' ' && c < 0x7f && !strings.ContainsRune("\"',;=+&?#\\", rune(c)), "%q", value)
		}
		for _, decode := range []func(string) (string, error){url.PathUnescape, url.QueryUnescape} {
			got, err := decode(value)
			require.NoError(t, err)
			require.Equal(t, text, got)
		}
	})
}
