package ajwt

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSettleSince holds that a decision that the host's store finishes is the one that a
// memory of core's own would have given, when the store was lost in between too.
func TestSettleSince(t *testing.T) {
	for name, row := range map[string]struct {
		profile, policy string
		before, after   int64
		code            Code
	}{
		"always there":              {"hardened", "", 0, 0, 0},
		"lost":                      {"hardened", "", 1, testNow, CodeReplayProofColdStart},
		"lost, nothing known":       {"hardened", "", 0, testNow, CodeReplayProofColdStart},
		"lost long ago":             {"hardened", "", 1, testNow - 1000, 0},
		"at the last second":        {"hardened", "", 1, testNow - 30, CodeReplayProofColdStart},
		"a second before that":      {"hardened", "", 1, testNow - 31, 0},
		"lost, and allowed":         {"draft-00", "", 1, testNow, 0},
		"lost, and refused by name": {"draft-00", `"replay":{"cold_start":"reject"},`, 1, testNow, CodeReplayProofColdStart},
	} {
		for _, observe := range []string{"", `"observe":{"until":` + fmt.Sprint(testNow+1) + `,"stages":["replay"]},`} {
			policy := strings.Replace(testPolicy(row.profile, hardenedRoute, row.policy), `"require"`, observe+`"require"`, 1)
			native := newTestVerifier(t, policy, Options{Replay: &lostReplay{start: row.before, after: row.after}})
			want := native.Verify(withProof(boundToken(), "p1"))
			require.Equal(t, row.code.String(), want.Code.String(), name)
			require.Equal(t, row.code == 0 || observe != "", want.Allows(), name)

			v := newTestVerifier(t, policy, Options{Replay: DeferredReplay(row.before)})
			d := v.Verify(withProof(boundToken(), "p1"))
			require.True(t, d.Deferred, name)
			d.SettleSince(ReplayFresh, 0, row.after)
			require.Equal(t, want, d, name)
			d.SettleSince(ReplaySeen, 0, testNow)
			require.Equal(t, want, d, "%s: settled once", name)
		}
	}
}

// TestSettleSinceToken holds that a single-use token is named before its proof, and that a
// cold start which the route observed already is not recorded again.
func TestSettleSinceToken(t *testing.T) {
	policy := testPolicy("hardened", `{"level":"jwt","single_use":true,"proof":"required"}`, "")
	v := newTestVerifier(t, policy, Options{Replay: DeferredReplay(0)})
	d := v.Verify(withProof(boundToken(), "p1"))
	require.Len(t, d.Replay, 2)
	d.SettleSince(ReplayFresh, 0, testNow)
	require.Equal(t, CodeReplayTokenColdStart, d.Code)

	policy = strings.Replace(policy, `"require"`, fmt.Sprintf(`"observe":{"until":%d,"stages":["replay"]},"require"`, testNow+1), 1)
	v = newTestVerifier(t, policy, Options{Replay: DeferredReplay(testNow)})
	d = v.Verify(withProof(boundToken(), "p1"))
	require.Equal(t, CodeReplayTokenColdStart, d.Code)
	d.SettleSince(ReplayFresh, 0, testNow)
	require.True(t, d.Allows())
	require.Empty(t, d.Warnings)

	for _, result := range []ReplayResult{ReplayUnavailable, ReplaySeen, ReplayFull, ReplayQuota, ReplayDeferred} {
		v = newTestVerifier(t, testPolicy("hardened", hardenedRoute, ""), Options{Replay: DeferredReplay(0)})
		d = v.Verify(withProof(boundToken(), "p1"))
		d.SettleSince(result, 0, testNow)
		require.Equal(t, replayCode(result, nil, 0), d.Code, "what was refused anyway keeps its code")
	}
}
