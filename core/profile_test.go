package ajwt

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A route that says no level has the one that its profile can reach.
func TestDefaultLevels(t *testing.T) {
	for profile, want := range map[string]Level{
		"hardened": LevelAJWT, "draft-00": LevelAJWT, "paper": LevelAJWT, "auth51": LevelAJWT, "patchet": LevelAgent, "plain": LevelJWT,
	} {
		p, err := ParsePolicy([]byte(policyWith(strings.Replace(goodIssuer, "draft-00", profile, 1), `{"id":"r","match":{"path":"/a"}}`, "")))
		require.NoError(t, err, profile)
		require.Equal(t, want, p.routes[0].level, profile)
		require.Equal(t, profile, p.issuers[0].profile.String())
		require.Equal(t, profile == "hardened", p.replay.coldStartReject, profile)
	}
}

// With several profiles the level must be written, whichever two they are; issuers of one
// profile need not.
func TestSeveralProfilesWriteTheLevel(t *testing.T) {
	other := func(profile string) string {
		return strings.NewReplacer("draft-00", profile, "as.example", "b.example").Replace(goodIssuer)
	}
	for _, profile := range []string{"hardened", "paper", "auth51", "patchet", "plain"} {
		_, err := ParsePolicy([]byte(policyWith(goodIssuer+","+other(profile), `{"id":"r","match":{"path":"/a"}}`, "")))
		require.ErrorContains(t, err, "/routes/0/require/level", profile)
	}
	_, err := ParsePolicy([]byte(policyWith(goodIssuer+","+other("draft-00"), `{"id":"r","match":{"path":"/a"}}`, "")))
	require.NoError(t, err)
}
