package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFilesAreCurrent(t *testing.T) {
	require.NotEmpty(t, fields)
	for _, f := range fields {
		want, err := file(f)
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join("..", f.name+"_gen.go"))
		require.NoError(t, err)
		assert.True(t, string(want) == string(got), "%s_gen.go: go run ./core/ecgen", f.name)
	}
}
