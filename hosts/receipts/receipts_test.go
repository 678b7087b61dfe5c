package receipts

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// testKey is an Ed25519 key of a fixed seed.
func testKey(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32))
}

func publicOf(t *testing.T, key crypto.Signer) *ajwt.Key {
	t.Helper()
	s, err := newSigner(key, "")
	require.NoError(t, err)
	return s.public
}

func testDecision(i int) *ajwt.Decision {
	return &ajwt.Decision{Verdict: ajwt.Accept, Level: ajwt.LevelAJWT | ajwt.LevelPoP, Issuer: "https://as.example",
		Agent: fmt.Sprintf("agent-%d", i), Route: "read", JTIHash: sha256.Sum256([]byte{byte(i)})}
}

func open(t *testing.T, path string, o Options) *Writer {
	t.Helper()
	w, err := Open(path, o)
	require.NoError(t, err)
	t.Cleanup(func() { w.Close() })
	return w
}

func fill(t *testing.T, w *Writer, n int) {
	t.Helper()
	for i := range n {
		_, err := w.Append(testDecision(i))
		require.NoError(t, err)
	}
}

// verifyText verifies files that are given as text.
func verifyText(o VerifyOptions, files ...string) *Report {
	v := NewVerifier(o)
	for i, text := range files {
		if err := v.ReadFile(fmt.Sprintf("file%d", i+1), strings.NewReader(text)); err != nil {
			panic(err)
		}
	}
	return v.Finish()
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func TestAppendRotateVerify(t *testing.T) {
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	for name, key := range map[string]crypto.Signer{"no checkpoints": nil, "Ed25519": testKey(1), "ES256": p256} {
		for mode := SyncEach; mode <= SyncNever; mode++ {
			t.Run(fmt.Sprintf("%s, sync %d", name, mode), func(t *testing.T) {
				dir := t.TempDir()
				a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
				o := Options{Signer: key, CheckpointLines: 4, Sync: mode}
				w := open(t, a, o)
				require.Equal(t, Opened{}, w.Opened())
				fill(t, w, 10)
				receipt, err := w.Append(testDecision(10))
				require.NoError(t, err)
				require.Equal(t, w.Head(), receipt)
				require.NoError(t, w.Rotate(b))
				fill(t, w, 3)
				require.NoError(t, w.Close())
				require.NoError(t, w.Close())
				_, err = w.Append(testDecision(0))
				require.ErrorIs(t, err, ErrClosed)

				w = open(t, b, o) // after a clean end nothing is to be marked
				require.Equal(t, int64(0), w.Opened().Cut)
				fill(t, w, 1)
				head := w.Head()
				require.NoError(t, w.Close())

				vo := VerifyOptions{Head: &head}
				checkpoints := int64(0)
				if key != nil {
					vo.Keys = []*ajwt.Key{publicOf(t, testKey(9)), publicOf(t, key)}
					checkpoints = 4 + 3
				}
				r := verifyText(vo, read(t, a), read(t, b))
				require.Nil(t, r.Fault)
				require.True(t, r.Valid)
				require.Equal(t, []int64{2, 15, checkpoints, 0, 0}, []int64{int64(r.Files), r.Decisions, r.Checkpoints, r.Resumes, r.FirstSeq})
				require.Equal(t, r.Lines-1, r.Last.Seq, "numbers run on over the files")
				require.Equal(t, key != nil, r.Signed != nil)
				if key != nil {
					require.Equal(t, r.Last, *r.Signed)
					require.Equal(t, int64(1), r.AfterHead, "the checkpoint of Close")
				}
				later := verifyText(VerifyOptions{Head: &Head{AnySeq, receipt.Hash}}, read(t, a), read(t, b))
				require.True(t, later.Valid && later.AfterHead > 0)
				require.Contains(t, strings.Join(verifyText(VerifyOptions{}, read(t, b)).Notes(), "\n"), "earlier files of the log were not given")
			})
		}
	}
}

func TestConcurrentAppends(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	w := open(t, path, Options{Signer: testKey(1), CheckpointLines: 9, CheckpointInterval: time.Millisecond, Sync: SyncInterval, SyncInterval: time.Millisecond})
	var group sync.WaitGroup
	var seen sync.Map
	for range 8 {
		group.Go(func() {
			for i := range 100 {
				receipt, err := w.Append(testDecision(i))
				if _, twice := seen.LoadOrStore(receipt, true); twice || err != nil {
					t.Error("a receipt twice, or none:", err)
				}
			}
		})
	}
	group.Wait()
	require.NoError(t, w.Close())
	r, err := VerifyFile(path, VerifyOptions{Keys: []*ajwt.Key{publicOf(t, testKey(1))}})
	require.NoError(t, err)
	require.True(t, r.Valid, r.Fault)
	require.Equal(t, int64(800), r.Decisions)
}

func TestCheckpointAfterInterval(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	w := open(t, path, Options{Signer: testKey(1), CheckpointInterval: 20 * time.Millisecond, Sync: SyncNever})
	fill(t, w, 1)
	require.Eventually(t, func() bool { return w.Head().Seq == 3 }, 5*time.Second, time.Millisecond, "without another decision")
	time.Sleep(60 * time.Millisecond)
	require.Equal(t, int64(3), w.Head().Seq, "an idle log does not grow")
}

// failingSigner is a signer that can be switched off.
type failingSigner struct {
	ed25519.PrivateKey
	mode string
}

func (s *failingSigner) Sign(r io.Reader, m []byte, o crypto.SignerOpts) ([]byte, error) {
	signature, err := s.PrivateKey.Sign(r, m, o)
	switch s.mode {
	case "off":
		return nil, errors.New("the signer is off")
	case "wrong":
		signature[0] ^= 1
	}
	return signature, err
}

func TestSignerFails(t *testing.T) {
	for _, mode := range []string{"off", "wrong"} {
		path := filepath.Join(t.TempDir(), "log")
		s := &failingSigner{PrivateKey: testKey(1)}
		w := open(t, path, Options{Signer: s, CheckpointLines: 3})
		s.mode = mode
		fill(t, w, 3)
		_, err := w.Append(testDecision(3))
		require.Error(t, err, "a checkpoint is due, so no line can follow")
		require.Error(t, w.Rotate(path+"2"))
		require.NoError(t, w.Err())
		s.mode = ""
		fill(t, w, 3)
		require.NoError(t, w.Close())
		r, _ := VerifyFile(path, VerifyOptions{Keys: []*ajwt.Key{publicOf(t, testKey(1))}})
		require.True(t, r.Valid, r.Fault)
		require.Equal(t, int64(6), r.Decisions)
	}
}

func TestAppendRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	w := open(t, path, Options{})
	_, err := w.Append(&ajwt.Decision{Deferred: true})
	require.ErrorIs(t, err, ErrDeferred)
	for _, size := range []int{MaxLine - 100, MaxLine, 3 * MaxLine} {
		_, err = w.Append(&ajwt.Decision{Issuer: strings.Repeat("x", size)})
		require.ErrorIs(t, err, ErrTooLong)
	}
	_, err = w.Append(&ajwt.Decision{Issuer: "not UTF-8: \xff"})
	require.ErrorContains(t, err, "cannot be written")
	_, err = w.Append(&ajwt.Decision{Issuer: strings.Repeat("x", MaxLine-1000)})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	r, _ := VerifyFile(path, VerifyOptions{})
	require.True(t, r.Valid, r.Fault)
	require.Equal(t, int64(1), r.Decisions)
}

func TestFileChangedBehindTheWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	w := open(t, path, Options{})
	fill(t, w, 2)
	require.NoError(t, os.Truncate(path, 10)) // as log rotation by copying does
	_, err := w.Append(testDecision(0))
	require.ErrorContains(t, err, "somebody else changed the size")
	require.ErrorIs(t, w.Err(), err)
	require.ErrorIs(t, w.Rotate(path+"2"), err)
	require.Error(t, w.Close())
	require.Len(t, read(t, path), 10, "nothing was written after it")
	_, err = Open(path, Options{})
	require.NoError(t, err, "what is left is the beginning of a header: a new log")
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	signed, plain := filepath.Join(dir, "signed"), filepath.Join(dir, "plain")
	w := open(t, signed, Options{Signer: testKey(1), CheckpointLines: 2})
	_, err := Open(signed, Options{Signer: testKey(1)})
	require.ErrorIs(t, err, ErrLocked)
	require.NoFileExists(t, filepath.Join(dir, "x"))
	fill(t, w, 5)
	require.ErrorIs(t, w.Rotate(signed), os.ErrExist)
	fill(t, w, 1)
	require.NoError(t, w.Close())
	w = open(t, plain, Options{})
	fill(t, w, 2)
	require.NoError(t, w.Close())

	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	rewritten := chainAnew(read(t, signed), func(i int, line string) string { return strings.Replace(line, "agent-1", "agent-7", 1) })
	rows := []struct {
		name, path, message string
		o                   Options
	}{
		{"a folder", dir, "", Options{}},
		{"another file", write("other", "root:x:0:0\n"), "line 1: malformed", Options{}},
		{"another file without line end", write("other2", "secret"), "line 1: missing", Options{}},
		{"checkpoints, no signer", signed, "no signer was given", Options{}},
		{"no checkpoints, a signer", plain, "announces no checkpoints", Options{Signer: testKey(1)}},
		{"checkpoints of another key", signed, "none of the given keys", Options{Signer: testKey(2)}},
		{"written anew meanwhile", write("rewritten", rewritten), "sig was made for another line", Options{Signer: testKey(1)}},
		{"altered", write("altered", strings.Replace(read(t, plain), "agent-0", "agent-9", 1)), "line 2: altered", Options{}},
		{"garbage at the end", write("garbage", read(t, plain)+"x"), "line 4: malformed", Options{}},
		{"bad previous file", filepath.Join(dir, "new"), "no such file", Options{Previous: filepath.Join(dir, "none")}},
		{"previous file altered", filepath.Join(dir, "new"), "line 2: altered", Options{Previous: filepath.Join(dir, "altered")}},
		{"P-384", filepath.Join(dir, "new2"), "must be of P-256", Options{Signer: must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))}},
		{"kid", filepath.Join(dir, "new2"), "want a kid", Options{Signer: testKey(1), KeyID: `a"b`}},
		{"bounds", filepath.Join(dir, "new2"), "out of bounds", Options{CheckpointLines: -1}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			before, _ := os.ReadFile(row.path)
			_, err := Open(row.path, row.o)
			require.ErrorContains(t, err, row.message)
			after, _ := os.ReadFile(row.path)
			require.Equal(t, string(before), string(after))
		})
	}
	require.NoFileExists(t, filepath.Join(dir, "new2"))
	w = open(t, signed, Options{Signer: testKey(2), FormerKeys: []*ajwt.Key{publicOf(t, testKey(1))}})
	fill(t, w, 5)
	require.NoError(t, w.Close())
	both := VerifyOptions{Keys: []*ajwt.Key{publicOf(t, testKey(2)), publicOf(t, testKey(1))}}
	r, _ := VerifyFile(signed, both)
	require.True(t, r.Valid, r.Fault)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestEveryPrefix: whatever part of a log a crash leaves, it verifies up to its last
// complete line, and a writer goes on from there.
func TestEveryPrefix(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "log")
	o := Options{Signer: testKey(1), CheckpointLines: 3, Sync: SyncNever}
	vo := VerifyOptions{Keys: []*ajwt.Key{publicOf(t, testKey(1))}}
	w := open(t, path, o)
	fill(t, w, 7)
	require.NoError(t, w.Close())
	text := read(t, path)
	for n := 0; n <= len(text); n++ {
		if n%11 != 0 && !strings.HasSuffix(text[:n], "\n") && !strings.HasSuffix(text[:max(n-1, 0)], "\n") {
			continue
		}
		complete := int64(strings.Count(text[:n], "\n"))
		cut := n - 1 - strings.LastIndexByte(text[:n], '\n')
		for _, tail := range []string{"", "\x00\x00\x00"} {
			if r := verifyText(vo, text[:n]+tail); complete > 0 {
				require.True(t, r.Valid, "%d: %v", n, r.Fault)
				require.Equal(t, []int64{complete, int64(cut + len(tail))}, []int64{r.Lines, int64(r.Incomplete)})
			} else {
				require.Equal(t, Missing, r.Fault.Reason)
			}
			require.NoError(t, os.WriteFile(path, []byte(text[:n]+tail), 0o600))
			w := open(t, path, o)
			again := read(t, path)
			require.Zero(t, verifyText(vo, again).AfterCheckpoint, "a writer that goes on signs what it found")
			require.Equal(t, Opened{Continued: complete > 0, Cut: int64(cut + len(tail)), Unsigned: w.Opened().Unsigned}, w.Opened())
			fill(t, w, 4)
			require.NoError(t, w.Close())
			r, _ := VerifyFile(path, vo)
			require.True(t, r.Valid, "%d: %v", n, r.Fault)
			require.Equal(t, complete > 1 && (cut+len(tail) > 0 || w.Opened().Unsigned > 0), r.Resumes == 1)
		}
	}
}
