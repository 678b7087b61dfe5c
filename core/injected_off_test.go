//go:build !ajwt_faults

package ajwt

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// usesEverything is a program from which the linker can leave nothing out that a product
// needs.
const usesEverything = `package main

import (
	"os"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

func main() {
	text, _ := os.ReadFile(os.Args[1])
	p, _ := ajwt.ParsePolicy(text)
	v, _ := ajwt.NewVerifier(p, ajwt.Options{})
	_, _ = v.Load(ajwt.KindKeys, "", text, 0)
	d := v.Verify(&ajwt.Request{})
	_, _ = ajwt.AgentChecksum(ajwt.ReadingPython, text)
	println(string(d.AppendRecord(nil)), ajwt.SequenceHash(nil, ajwt.HashLong))
}
`

// TestNoSeededFaults holds a linked program to hold nothing of the build for the
// mutation test: no name of a fault, and no function that only that build needs.
func TestNoSeededFaults(t *testing.T) {
	catalogue, err := os.ReadFile("../vectors/gen/faults.txt")
	require.NoError(t, err)
	source := filepath.Join(t.TempDir(), "main.go")
	require.NoError(t, os.WriteFile(source, []byte(usesEverything), 0o600))
	program := filepath.Join(t.TempDir(), "program")
	run := func(args ...string) string {
		out, err := exec.Command("go", args...).CombinedOutput()
		require.NoError(t, err, "go %v: %s", args, out)
		return string(out)
	}
	run("build", "-o", program, source)
	binary, err := os.ReadFile(program)
	require.NoError(t, err)
	require.Contains(t, string(binary), "policy_member_unknown", "the program has core in it")

	names := 0
	for line := range strings.Lines(string(catalogue)) {
		name, _, isFault := strings.Cut(line, "\t")
		if isFault {
			names++
			require.NotContains(t, string(binary), name, "the name of a seeded fault")
		}
	}
	require.Greater(t, names, 100)
	hooks := regexp.MustCompile(`core\.(lax[A-Z]\w*|SwitchFault|SeededFaults|activeFault)\b`)
	require.Empty(t, hooks.FindAllString(run("tool", "nm", program), -1), "functions of the build for the mutation test")
}
