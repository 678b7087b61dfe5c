package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// program runs the command line.
func program(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, diagnostics bytes.Buffer
	code = run(ctx, args, &out, &diagnostics)
	return code, out.String(), diagnostics.String()
}

func TestProgram(t *testing.T) {
	dir := t.TempDir()
	file, points := filepath.Join(dir, "pair.json"), filepath.Join(dir, "points")
	code, stdout, stderr := program(context.Background(), "--bits", "32", "--seed", "5", "--workers", "2",
		"--checkpoint", points, "--out", file, "--json", "--machine", "a test")
	require.Equal(t, exitFound, code, stderr)
	assert.Empty(t, stderr, "no progress outside a terminal")
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, stdout, string(written))
	assert.NoFileExists(t, points)

	var p pair
	require.NoError(t, json.Unmarshal(written, &p))
	assert.Equal(t, 32, p.Bits)
	assert.Equal(t, "a test", p.Work.Machine)

	code, stdout, _ = program(context.Background(), "--check", file)
	assert.Equal(t, exitFound, code)
	assert.Contains(t, stdout, p.Shared)

	p.Bits, p.Shared = 36, p.Lawful.SHA256[len("sha256:"):][:9]
	data, err := p.encode()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, data, 0o600))
	code, stdout, stderr = program(context.Background(), "--check", file)
	assert.Equal(t, exitNoCollision, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "not a collision")
}

func TestProgramRefuses(t *testing.T) {
	for name, args := range map[string][]string{
		"flag":     {"--nothing"},
		"argument": {"found.json"},
		"bits":     {"--bits", "10"},
		"template": {"--lawful", "a|b"},
		"no file":  {"--check", filepath.Join(t.TempDir(), "none")},
		"no place": {"--bits", "16", "--out", filepath.Join(t.TempDir(), "none", "pair.json")},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := program(context.Background(), args...)
			assert.Equal(t, exitUsage, code)
			assert.Empty(t, stdout)
			assert.NotEmpty(t, stderr)
		})
	}
}

func TestProgramInterrupted(t *testing.T) {
	points := filepath.Join(t.TempDir(), "points")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	code, stdout, stderr := program(ctx, "--checkpoint", points)
	assert.Equal(t, exitInterrupted, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "interrupted")
	assert.FileExists(t, points)
}
