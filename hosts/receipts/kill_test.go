package receipts

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// childVariable makes the test binary a writer that runs until it is killed,
// secondVariable one that opens a file and says what came of it.
const (
	childVariable  = "AJWT_RECEIPTS_TEST_FOLDER"
	secondVariable = "AJWT_RECEIPTS_TEST_FILE"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(secondVariable); path != "" {
		_, err := Open(path, Options{Signer: testKey(1)})
		fmt.Print(err)
		os.Exit(0)
	}
	if dir := os.Getenv(childVariable); dir != "" {
		fmt.Fprintln(os.Stderr, writeUntilKilled(dir))
		os.Exit(3)
	}
	os.Exit(m.Run())
}

// filesOf lists the files of a log in order.
func filesOf(dir string) (files []string) {
	for n := 0; ; n++ {
		path := filepath.Join(dir, fmt.Sprintf("%04d.jsonl", n))
		if _, err := os.Stat(path); err != nil {
			return files
		}
		files = append(files, path)
	}
}

// writeUntilKilled goes on with the newest file, and rotates often.
func writeUntilKilled(dir string) error {
	files := filesOf(dir)
	o := Options{Signer: testKey(1), CheckpointLines: 7, CheckpointInterval: time.Millisecond, Sync: SyncNever}
	path := filepath.Join(dir, "0000.jsonl")
	if len(files) > 0 {
		path = files[len(files)-1]
	}
	if len(files) > 1 {
		o.Previous = files[len(files)-2]
	}
	w, err := Open(path, o)
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	errs := make(chan error, 5)
	for worker := range 4 {
		group.Go(func() {
			for i := 0; ; i++ {
				if _, err := w.Append(testDecision(worker*1000 + i)); err != nil {
					errs <- err
				}
			}
		})
	}
	go func() {
		for n := max(len(files), 1); ; n++ {
			time.Sleep(3 * time.Millisecond)
			if err := w.Rotate(filepath.Join(dir, fmt.Sprintf("%04d.jsonl", n))); err != nil {
				errs <- err
			}
		}
	}()
	return <-errs
}

// TestKill: a writer that is killed at any moment leaves a log that verifies up to its
// last complete line, and the next writer goes on with it.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	keys := VerifyOptions{Keys: []*ajwt.Key{publicOf(t, testKey(1))}}
	before, incomplete, empty := int64(0), 0, 0
	for round := range 20 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childVariable+"="+dir)
		child.Stderr = os.Stderr
		started := time.Now()
		require.NoError(t, child.Start())
		// The first moments matter as well: opening and writing the header. In the other
		// rounds the child is under way.
		for files := len(filesOf(dir)); round%2 == 1 && len(filesOf(dir)) < files+2; {
			require.Less(t, time.Since(started), 20*time.Second, "the child writes nothing")
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(rand.IntN(60_000)) * time.Microsecond)
		require.NoError(t, child.Process.Kill())
		err := child.Wait()
		require.NotEqual(t, 3, child.ProcessState.ExitCode(), "the writer failed by itself: %v", err)

		files := filesOf(dir)
		v, written := NewVerifier(keys), 0
		for i, path := range files {
			f, err := os.Open(path)
			require.NoError(t, err)
			if info, _ := f.Stat(); i == len(files)-1 && info.Size() == 0 {
				empty++ // killed between making the file and writing its header
			} else {
				require.NoError(t, v.ReadFile(path, f))
				written++
			}
			f.Close()
		}
		if written == 0 {
			continue
		}
		r := v.Finish()
		require.True(t, r.Valid, "round %d: %v", round, r.Fault)
		require.GreaterOrEqual(t, r.Lines, before, "lines are lost")
		before = r.Lines
		if r.Incomplete > 0 {
			incomplete++
		}
	}
	require.Greater(t, before, int64(100), "the children wrote next to nothing")
	t.Logf("%d lines in %d files; after %d kills the last line was incomplete, after %d the last file empty", before, len(filesOf(dir)), incomplete, empty)
}

// TestTwoWriters: a second process is refused, and one that comes later is not.
func TestTwoWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	second := func() string {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), secondVariable+"="+path)
		out, err := child.Output()
		require.NoError(t, err)
		return string(out)
	}
	w := open(t, path, Options{Signer: testKey(1)})
	fill(t, w, 3)
	require.Equal(t, ErrLocked.Error(), second())
	fill(t, w, 3)
	rotated := path + "2"
	require.NoError(t, w.Rotate(rotated))
	path = rotated
	require.Equal(t, ErrLocked.Error(), second(), "the new file is held as well")
	require.NoError(t, w.Close())
	require.Equal(t, "<nil>", second())
}
