package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOverlay(t *testing.T) {
	folder := t.TempDir()
	path, err := write(folder)
	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), "netpoll_wasip1.go")
	require.Contains(t, string(text), "os_wasip1.go")
}

// TestAnchorsMoved holds that another toolchain's files fail the build rather than leave
// the import in.
func TestAnchorsMoved(t *testing.T) {
	const imported = "//go:wasmimport wasi_snapshot_preview1 poll_oneoff\n//go:noescape\n" +
		"func poll_oneoff(in *subscription, out *event, nsubscriptions size, nevents *size) errno\n"
	const usleep = "func usleep(usec uint32) {\n\tif poll_oneoff(&in, &out, 1, &nevents) != 0 {\n\t}\n}\n"
	text, err := withoutPoll(imported + usleep)
	require.NoError(t, err)
	require.Equal(t, "func usleep(usec uint32) {}\n", text)
	for _, moved := range []string{"", imported, usleep, imported + imported + usleep, imported + usleep + "poll_oneoff()",
		imported + "func usleep(usec uint32) {\n}\n"} {
		_, err := withoutPoll(moved)
		require.Error(t, err, moved)
	}
	_, err = withoutPoller("//go:build js\n")
	require.Error(t, err)
}
