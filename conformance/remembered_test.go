package conformance

import (
	"testing"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/vectors"
)

// TestRememberedTextsDecideAlike puts every case of verify to one verifier four times,
// without a replay memory that would tell the repetitions: what core remembers of a text,
// or of a signature, never changes a decision.
func TestRememberedTextsDecideAlike(t *testing.T) {
	suite, err := vectors.Load()
	require.NoError(t, err)
	repeated := 0
	for i := range suite.Cases() {
		c := &suite.Cases()[i]
		if c.Op != opVerify {
			continue
		}
		p, err := prepare(c, suite)
		require.NoError(t, err, c.ID)
		policy, err := ajwt.ParsePolicy(p.Policy)
		require.NoError(t, err, c.ID)
		v, err := ajwt.NewVerifier(policy, ajwt.Options{Replay: ajwt.DeferredReplay(1), NonceKeys: p.NonceKeys})
		require.NoError(t, err, c.ID)
		for _, d := range p.documents() {
			_, err := v.Load(d.kind, d.issuer, d.data, p.Loaded)
			require.NoError(t, err, c.ID)
		}
		request := coreRequest(p.Requests[0])
		first := v.Verify(request)
		for range 3 {
			again := v.Verify(request)
			require.Equal(t, first, again, c.ID)
		}
		repeated++
	}
	require.Greater(t, repeated, 4000)
}
