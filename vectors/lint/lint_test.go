package lint_test

import (
	"os"
	"testing"

	"github.com/agentic-jwt/ajwt/vectors/lint"
)

// TestVectors holds the vectors of this repository to the rules. The codes of areas in
// work are named here, each of which must lack a case.
func TestVectors(t *testing.T) {
	for _, f := range lint.Folder(os.DirFS(".."), lint.Options{Uncovered: inWork}) {
		t.Error(f)
	}
}

var inWork = []string{"claim_*", "proof_*", "agent_*", "delegation_*", "workflow_*", "replay_*", "policy_*"}
