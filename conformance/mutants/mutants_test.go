//go:build ajwt_faults

package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

func TestSeededFaults(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range ajwt.SeededFaults() {
		require.Regexp(t, regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`), f.Name)
		require.False(t, seen[f.Name], "%s stands twice", f.Name)
		seen[f.Name] = true
		require.NotEmpty(t, f.Meaning, f.Name)
		require.NotContains(t, f.Meaning, "\t", f.Name)
		require.True(t, ajwt.SwitchFault(f.Name), f.Name)
	}
	require.True(t, ajwt.SwitchFault(""))
	require.False(t, ajwt.SwitchFault("no-such-fault"))
}

func TestCatalogue(t *testing.T) {
	faults := []ajwt.SeededFault{{Name: "b", Meaning: "one"}, {Name: "a", Meaning: "two"}}
	file := filepath.Join(t.TempDir(), "faults.txt")
	require.NoError(t, writeCatalogue(file, faults))
	text, err := readCatalogue(file)
	require.NoError(t, err)
	require.Empty(t, compareCatalogue(text, faults))
	require.Equal(t, []string{"the catalogue has c, which no source file seeds"}, compareCatalogue(text+"c\tthree\n", faults))
	require.Equal(t, []string{"the catalogue has a twice"}, compareCatalogue(text+"a\ttwo\n", faults))
	require.Equal(t, []string{"the catalogue lacks a"}, compareCatalogue(strings.Replace(text, "a\ttwo\n", "", 1), faults))
	require.Len(t, compareCatalogue(strings.Replace(text, "two", "2", 1), faults), 1)
	require.Len(t, compareCatalogue(catalogueText([]ajwt.SeededFault{faults[1], faults[0]}), faults), 1)
}

func TestUnknownFault(t *testing.T) {
	_, err := selected(ajwt.SeededFaults(), "skipexp")
	require.ErrorContains(t, err, "skip-exp")
	some, err := selected(ajwt.SeededFaults(), "skip-exp,kid-*")
	require.NoError(t, err)
	require.Greater(t, len(some), 5)
	_, err = selected(ajwt.SeededFaults(), "zzzzzzzzzzzzzzzz")
	require.ErrorContains(t, err, "run without -fault")
}

func TestReport(t *testing.T) {
	r := &report{}
	r.add(ajwt.SeededFault{Name: "dead", Meaning: "is noticed"}, map[string]string{"x.1": "accept", "x.2": "reject:y"}, []string{"x.1", "x.3"})
	r.add(ajwt.SeededFault{Name: "alive", Meaning: "is not"}, nil, nil)
	require.Equal(t, 1, r.Killed)
	require.Equal(t, 1, r.Survived)
	require.Equal(t, 1, r.Faults[0].Lets)
	require.Equal(t, []string{"x.3 says that it kills dead and passes"}, r.Problems)
	var text bytes.Buffer
	require.NoError(t, r.writeText(&text, false))
	require.Contains(t, text.String(), "SURVIVED  alive")
	text.Reset()
	require.NoError(t, r.writeJSON(&text, false))
	require.True(t, json.Valid(text.Bytes()))
}
