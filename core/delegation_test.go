package ajwt

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// observing gives every route of a policy an observe member for the stages.
func observing(policy, stages string) string {
	return strings.ReplaceAll(policy, `"require":`, fmt.Sprintf(`"observe":{"until":%d,"stages":[%s]},"require":`, testNow+1000, stages))
}

// tokenWith mints a token whose payload has one text replaced everywhere; "" for none.
func tokenWith(claims, old, with string) string {
	token := fmt.Sprintf(`{"iss":"https://as.example","aud":"https://api.example","sub":"patcher","iat":%d,"exp":%d,"jti":"t1","scope":"repo:read"%s}`,
		testNow-10, testNow+290, claims)
	return issuerKey.sign(`{"alg":"Ed25519","kid":"k1","typ":"JWT"}`, replaced(token, old, with))
}

func loadBundle(t testing.TB, v *Verifier, payload string) {
	t.Helper()
	_, err := v.Load(KindBundle, "https://as.example", signBundle(payload), testNow)
	require.NoError(t, err)
}

func loadList(t testing.TB, v *Verifier, members string) {
	t.Helper()
	list := fmt.Sprintf(`{"iss":"https://as.example","iat":%d,"next_update":%d,"sequence":1,"agents":[],"registrations":[],"tokens":[],"keys":[]}`, testNow-5, testNow+60)
	for _, m := range strings.Split(members, " ") {
		name, value, _ := strings.Cut(m, "=")
		list = strings.Replace(list, `"`+name+`":[]`, `"`+name+`":["`+value+`"]`, 1)
	}
	_, err := v.Load(KindRevocations, "https://as.example", []byte(bundleKey.sign(`{"typ":"ajwt-revocations+jwt","alg":"Ed25519","kid":"b1"}`, list)), testNow)
	require.NoError(t, err)
}

// Revocation is never merely observed: what an observed failure leaves unknown may not
// hide a revoked agent of the chain, nor a revoked link.
func TestObservedFailureHidesNoRevocation(t *testing.T) {
	const route = `{"proof":"optional"}`
	revokedSupervisor := strings.Replace(testBundle(1), `"agent_id":"supervisor","status":"active"`, `"agent_id":"supervisor","status":"revoked"`, 1)
	plannerChain, _ := ChainHash([]string{"supervisor", "planner"}, HashLong)
	chain, _ := ChainHash([]string{"supervisor", "planner", "patcher"}, HashLong)
	for name, row := range map[string]struct {
		stages, bundle, list string
		claims, old, with    string
		want                 Code
	}{
		"unknown workflow":       {`"delegation"`, revokedSupervisor, "", lawfulClaims(false), `"workflow_id":"w"`, `"workflow_id":"x"`, CodeDelegationChainRevoked},
		"chain of another agent": {`"delegation"`, revokedSupervisor, "", lawfulClaims(false), chain, plannerChain, CodeDelegationChainRevoked},
		"unknown agent":          {`"agent","delegation","workflow"`, revokedSupervisor, "", lawfulClaims(false), `patcher"`, `stranger"`, CodeDelegationChainRevoked},
		"listed, not in bundle":  {`"delegation"`, testBundle(1), "agents=supervisor", lawfulClaims(false), `"workflow_id":"w"`, `"workflow_id":"x"`, CodeDelegationChainRevoked},
		"a link's jti, unknown workflow": {`"delegation"`, testBundle(1), "tokens=link-planner", lawfulClaims(true), `"intent":{"workflow_id":"w"`, `"intent":{"workflow_id":"x"`,
			CodeDelegationLinkRevoked},
		"a link's jti, behind a malformed one": {`"delegation"`, testBundle(1), "tokens=link-planner", lawfulClaims(true), `"delegation_links":["`, `"delegation_links":["a.b","`,
			CodeDelegationLinkRevoked},
		"a link's key": {`"delegation"`, testBundle(1), "keys=" + plannerKey.thumb, lawfulClaims(true), `"delegation_links":["`, `"delegation_links":["a.b","`,
			CodeDelegationLinkKeyRevoked},
	} {
		v := newTestVerifier(t, observing(bundlePolicy("draft-00", route, ""), row.stages), Options{})
		token := tokenWith(row.claims, row.old, row.with)
		loadBundle(t, v, testBundle(0))
		d := v.Verify(bearer(token))
		require.True(t, d.Observed, "%s: before, observed with %s", name, d.Code)
		if row.bundle != testBundle(1) {
			loadBundle(t, v, row.bundle)
		}
		if row.list != "" {
			loadList(t, v, row.list)
		}
		d = v.Verify(bearer(token))
		require.Equal(t, row.want.String(), d.Code.String(), name)
		require.False(t, d.Allows(), name)
	}
}

// A step without agent_id is for any agent that a chain of its workflow reaches, also
// where the chain's hash cannot be compared.
func TestAnyAgentIsOneThatAChainReaches(t *testing.T) {
	payload := strings.Replace(testBundle(1), `"agents":[`, `"agents":[`+testAgent("other", agentKey)+`,`, 1)
	payload = strings.Replace(payload, `"steps":[`, `"steps":[`+testStep("free", "", "", "")+`,`, 1)
	v := newTestVerifier(t, bundlePolicy("patchet", `{"level":"agent","proof":"optional"}`, ""), Options{})
	loadBundle(t, v, payload)
	claims := strings.ReplaceAll(lawfulClaims(false), `"workflow_step":"patch"`, `"workflow_step":"free"`)
	d := v.Verify(bearer(tokenWith(claims, "", "")))
	require.Equal(t, "", d.Code.String())
	require.Equal(t, "agent", d.Level.String())
	other := strings.ReplaceAll(strings.ReplaceAll(claims, "reg_patcher", "reg_other"), testSum("patcher"), testSum("other"))
	d = v.Verify(bearer(tokenWith(other, `"patcher"`, `"other"`)))
	require.Equal(t, CodeWorkflowStepAgentMismatch.String(), d.Code.String())
}

// A remembered signature of links keeps nothing else: keys, revocation and times are
// looked at again.
func TestRememberedLinks(t *testing.T) {
	token := testToken(lawfulClaims(true))
	fresh := func() *Verifier {
		v := newTestVerifier(t, bundlePolicy("draft-00", `{"proof":"optional","links":"required"}`, ""), Options{})
		loadBundle(t, v, testBundle(1))
		for range 2 {
			require.Equal(t, "ajwt+links", v.Verify(bearer(token)).Level.String())
		}
		return v
	}
	for members, want := range map[string]Code{
		"tokens=link-planner": CodeDelegationLinkRevoked, "tokens=link-patcher": CodeDelegationLinkRevoked, "tokens=t1": CodeAgentTokenRevoked,
		"keys=" + supervisorKey.thumb: CodeDelegationLinkKeyRevoked, "keys=" + plannerKey.thumb: CodeDelegationLinkKeyRevoked,
		"keys=" + agentKey.thumb: CodeAgentKeyRevoked, "agents=planner": CodeDelegationLinkAgentRevoked,
		"agents=patcher": CodeAgentIDRevoked, "registrations=reg_patcher": CodeAgentRegistrationRevoked,
		"registrations=reg_planner": 0,
	} {
		v := fresh()
		loadList(t, v, members)
		require.Equal(t, want.String(), v.Verify(bearer(token)).Code.String(), members)
	}
	for name, row := range map[string]struct {
		old, with string
		want      Code
	}{
		"the root's key":            {supervisorKey.jwk, issuerKey.jwk, CodeDelegationLinkKeyUnlisted},
		"the root's key, not given": {`,"keys":[` + supervisorKey.jwk + `]`, ``, CodeDelegationLinkKeyUnlisted},
		"the second key":            {plannerKey.jwk, issuerKey.jwk, CodeDelegationLinkKeyUnlisted},
		"the second key, not given": {`,"keys":[` + plannerKey.jwk + `]`, ``, 0},
		"the graph":                 {`["supervisor","planner"],`, `["supervisor","planner"],["supervisor","patcher"],`, 0},
	} {
		v := fresh()
		payload := strings.Replace(testBundle(2), row.old, row.with, 1)
		require.NotEqual(t, testBundle(2), payload, name)
		loadBundle(t, v, payload)
		require.Equal(t, row.want.String(), v.Verify(bearer(token)).Code.String(), name)
	}
	late := bearer(token)
	late.Now = testNow + 300
	require.Equal(t, CodeDelegationLinkExpired, fresh().Verify(late).Code, "the token itself lives on within the skew")
}

// With the short form of a chain the links still have to be the known chain's in full, and
// the last link's key the token's.
func TestLinksAndShortHash(t *testing.T) {
	v := newTestVerifier(t, bundlePolicy("draft-00", `{"proof":"optional"}`, ""), Options{})
	loadBundle(t, v, testBundle(1))
	long, _ := ChainHash([]string{"supervisor", "planner", "patcher"}, HashLong)
	short, _ := ChainHash([]string{"supervisor", "planner", "patcher"}, HashShort)
	d := v.Verify(bearer(tokenWith(lawfulClaims(true), long, short)))
	require.Equal(t, "ajwt+links", d.Level.String(), d.Code)
	one := testLink(supervisorKey, "supervisor", "patcher", agentKey, "")
	claims := strings.Replace(lawfulClaims(false), `},"agent_proof"`, `,"delegation_links":["`+one+`"]},"agent_proof"`, 1)
	require.Equal(t, CodeDelegationLinkChainMismatch, v.Verify(bearer(tokenWith(claims, long, short))).Code)
	require.Equal(t, CodeAgentKeyUnbound, v.Verify(bearer(tokenWith(lawfulClaims(true), `"cnf"`, `"x"`))).Code)
	unpinned := strings.Replace(testBundle(2), `,"keys":[`+agentKey.jwk+`]`, ``, 1)
	loadBundle(t, v, unpinned)
	require.Equal(t, CodeDelegationLinkKeyMismatch, v.Verify(bearer(tokenWith(lawfulClaims(true), `"cnf":{"jkt":"`+agentKey.thumb+`"},"intent"`, `"intent"`))).Code)
}

func replaced(text, old, with string) string {
	if old == "" {
		return text
	}
	return strings.ReplaceAll(text, old, with)
}

// TestLinksWithoutWorkflow: links that belong to no workflow of the token are refused, not
// passed over. (No vector: it would take two changes of one token.)
func TestLinksWithoutWorkflow(t *testing.T) {
	v := newTestVerifier(t, bundlePolicy("draft-00", `{"level":"jwt","proof":"optional"}`, ""), Options{})
	_, err := v.Load(KindBundle, "https://as.example", signBundle(testBundle(1)), testNow)
	require.NoError(t, err)
	claims := func(links string) string {
		return testToken(`,"cnf":{"jkt":"` + agentKey.thumb + `"},"intent":{"executed_by":"patcher"` + links + `}`)
	}
	d := v.Verify(bearer(claims("")))
	require.Equal(t, "", d.Code.String())
	link := testLink(supervisorKey, "supervisor", "patcher", agentKey, "")
	d = v.Verify(bearer(claims(`,"delegation_links":["` + link + `"]`)))
	require.Equal(t, CodeDelegationLinkWorkflowMismatch, d.Code)
}
