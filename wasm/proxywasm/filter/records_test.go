package filter

import (
	"testing"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// What is kept is written where it is the same decision, whatever shares its place.
func TestRecordsAreKept(t *testing.T) {
	var table recordTable
	decisions := []ajwt.Decision{
		{Verdict: ajwt.Accept, Level: ajwt.LevelJWT, Agent: "a"},
		{Verdict: ajwt.Accept, Level: ajwt.LevelJWT, Agent: "b"},
		{Verdict: ajwt.Accept, Level: ajwt.LevelJWT | ajwt.LevelPoP, Agent: "a", Forward: []ajwt.Header{{Name: "x", Value: "y"}}},
		{Verdict: ajwt.Reject, Code: ajwt.CodeClaimExpExpired, Status: 401, Agent: "a"},
		{Verdict: ajwt.Accept, Agent: "a", JTIHash: [32]byte{0, 1}},
		{Verdict: ajwt.Accept, Agent: "a", JTIHash: [32]byte{9, 1}},
	}
	for range 2 {
		for _, i := range []int{0, 0, 1, 0, 2, 3, 0, 4, 5, 5, 4, 3, 2, 1, 0, 0} {
			d := decisions[i]
			require.Equal(t, string(d.AppendRecord([]byte("x"))), string(table.appendTo([]byte("x"), &d))+"}")
		}
	}
	require.Zero(t, testing.AllocsPerRun(100, func() { table.appendTo(make([]byte, 0, 512), &decisions[5]) }))
}
