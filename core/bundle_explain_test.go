package ajwt

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// explainBundle has two ways to the patcher, of which one leads through a revoked
// agent, an optional step and a gate that people complete.
func explainBundle(t *testing.T) *Bundle {
	t.Helper()
	agents := strings.Join([]string{testAgent("supervisor", supervisorKey), testAgent("planner", plannerKey), testAgent("patcher", agentKey),
		`{"agent_id":"old","status":"revoked","registrations":[],"shim_checksums":["` + testSum("s") + `"]}`}, ",")
	payload := fmt.Sprintf(`{"iss":"https://as.example","iat":%d,"exp":%d,"version":3,"agents":[%s],"workflows":[%s]}`, testNow-60, testNow+3600, agents,
		`{"workflow_id":"w","version":5,"origins":["supervisor"],"delegation":[["supervisor","planner"],["planner","patcher"],["supervisor","old"],["old","patcher"]],"max_depth":4,"steps":[`+
			testStep("plan", "planner", ``, "r")+`,`+testStep("lint", "", `"plan"`, "")+`,`+testStep("approve", "", `"plan"`, "rg")+`,`+testStep("patch", "patcher", `"approve","lint"`, "ra")+`],`+
			`"aliases":[{"audience":"https://api.example","workflow_id":"k1","steps":{"k2":"plan"}}]},`+
			`{"workflow_id":"v","version":1,"origins":["planner"],"delegation":[],"max_depth":0,"steps":[`+testStep("plan", "planner", ``, "r")+`]}`)
	b, err := CompileBundle([]byte(payload), "https://as.example", testNow)
	require.NoError(t, err)
	return b
}

func TestBundleAgents(t *testing.T) {
	agents := explainBundle(t).Agents()
	require.Len(t, agents, 4)
	require.Equal(t, "supervisor", agents[0].ID)
	require.Equal(t, []BundleRegistration{{"reg_supervisor", testSum("supervisor"), 0, 0}}, agents[0].Registrations)
	require.True(t, agents[0].KeysPinned)
	require.Equal(t, supervisorKey.thumb, b64(agents[0].Keys[0][:]))
	require.False(t, agents[0].Revoked)
	require.Equal(t, BundleAgent{ID: "old", Revoked: true, ShimsPinned: true, Shims: []string{testSum("s")}}, agents[3])
}

func TestBundleWorkflows(t *testing.T) {
	b := explainBundle(t)
	ws := b.Workflows()
	require.Len(t, ws, 2)
	require.Equal(t, BundleWorkflow{ID: "w", Version: 5, MaxDepth: 4, Origins: []string{"supervisor"},
		Delegation: [][2]string{{"supervisor", "planner"}, {"planner", "patcher"}, {"supervisor", "old"}, {"old", "patcher"}},
		Steps:      []string{"plan", "lint", "approve", "patch"}, Chains: 5,
		Aliases: []BundleAlias{{"https://api.example", "k1", map[string]string{"k2": "plan"}}}}, ws[0])
	require.Equal(t, 1, ws[1].Chains)
	steps := b.Steps("w")
	require.Len(t, steps, 4)
	require.Equal(t, BundleStep{ID: "patch", Agent: "patcher", Required: true, RequiresApproval: true, After: []string{"lint", "approve"},
		Ancestors: []string{"plan", "lint", "approve"}, Gates: []string{"approve"}, Scopes: []string{"repo:read"}, Tools: []string{"t"}, Sequences: 3}, steps[3])
	require.Equal(t, []int{1, 1, 1, 3}, []int{steps[0].Sequences, steps[1].Sequences, steps[2].Sequences, steps[3].Sequences})
	require.Equal(t, 1, b.Steps("v")[0].Sequences, "steps of other workflows do not count")
	require.Nil(t, b.Steps("none"))
}

// TestEachIsWhatIsAllowed: what is listed is lawful, and nothing else of its kind.
func TestEachIsWhatIsAllowed(t *testing.T) {
	b := explainBundle(t)
	list := func(agent string) (chains []string) {
		b.EachChain("w", agent, func(chain []string, revoked bool) bool {
			lawful, also := b.AllowsChain("w", chain)
			require.True(t, lawful)
			require.Equal(t, revoked, also)
			chains = append(chains, fmt.Sprint(strings.Join(chain, "|"), " ", revoked))
			return true
		})
		return chains
	}
	require.ElementsMatch(t, []string{"supervisor|planner|patcher false", "supervisor|old|patcher true"}, list("patcher"))
	require.Len(t, list(""), 5)
	require.Empty(t, list("none"))
	for _, chain := range [][]string{{"patcher"}, {"planner", "patcher"}, {"planner"}, nil} {
		lawful, revoked := b.AllowsChain("w", chain)
		require.False(t, lawful || revoked, "%v", chain)
	}
	lawful, _ := b.AllowsChain("v", []string{"planner"})
	require.True(t, lawful)

	var sequences []string
	b.EachSequence("w", "patch", func(steps []string) bool {
		require.True(t, b.AllowsSequence("w", steps))
		sequences = append(sequences, strings.Join(steps, "|"))
		return true
	})
	require.ElementsMatch(t, []string{"plan|approve|patch", "plan|lint|approve|patch", "plan|approve|lint|patch"}, sequences)
	for _, steps := range [][]string{{"patch"}, {"plan", "patch"}, {"approve", "plan", "patch"}, nil} {
		require.False(t, b.AllowsSequence("w", steps), "%v", steps)
	}
	require.False(t, b.AllowsSequence("v", []string{"plan", "approve", "patch"}))

	count := 0
	stop := func() bool { count++; return count < 2 }
	b.EachSequence("w", "patch", func([]string) bool { return stop() })
	require.Equal(t, 2, count)
	count = 0
	b.EachChain("w", "", func([]string, bool) bool { return stop() })
	require.Equal(t, 2, count)
	b.EachSequence("w", "none", func([]string) bool { t.Error("a sequence of an unknown step"); return false })
	b.EachChain("none", "", func([]string, bool) bool { t.Error("a chain of an unknown workflow"); return false })
}

func TestReadLink(t *testing.T) {
	text := testLink(plannerKey, "planner", "patcher", agentKey, "previous")
	l, err := ReadLink(text)
	require.NoError(t, err)
	require.True(t, l.VerifySignature())
	require.Equal(t, []string{"planner", "patcher", "https://as.example", "w", "", "repo:read", "link-patcher"},
		[]string{l.Delegator, l.Delegate, l.Issuer, l.Workflow, l.Step, l.Scope, l.ID})
	require.Equal(t, plannerKey.thumb, b64(l.Signer[:]))
	require.Equal(t, agentKey.thumb, b64(l.DelegateKey[:]))
	require.Len(t, l.Previous, 43)
	require.Equal(t, AlgEd25519, l.Algorithm)

	changed, err := ReadLink(text[:len(text)-4] + "AAAA")
	require.NoError(t, err)
	require.False(t, changed.VerifySignature())
	for text, code := range map[string]Code{
		"":                       CodeDelegationLinkCompactInvalid,
		strings.Repeat("a", 1e5): CodeDelegationLinkCompactInvalid,
		agentKey.sign(`{"typ":"dpop+jwt","alg":"Ed25519","jwk":`+agentKey.jwk+`}`, `{}`):            CodeDelegationLinkTypInvalid,
		agentKey.sign(`{"typ":"ajwt-delegation+jwt","alg":"Ed25519","jwk":`+agentKey.jwk+`}`, `{}`): CodeDelegationLinkClaimMissing,
	} {
		_, err := ReadLink(text)
		require.Equal(t, CodeError{code}, err)
	}
	require.True(t, ScopeWithin("a b", "b c a"))
	require.False(t, ScopeWithin("a d", "b c a"))
	require.True(t, ValidScope("a b"))
	require.False(t, ValidScope("a  b"))
	require.False(t, ValidScope(""))
}
