package receipts

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// makeLog writes a log and returns its lines.
func makeLog(t *testing.T, decisions int, o Options) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	o.Sync = SyncNever
	w := open(t, path, o)
	fill(t, w, decisions)
	require.NoError(t, w.Close())
	return strings.Split(strings.TrimSuffix(read(t, path), "\n"), "\n")
}

func join(lines []string) string { return strings.Join(lines, "\n") + "\n" }

var prevMember = regexp.MustCompile(`"prev":"[^"]*"`)

// chainAnew changes lines and computes every prev after the first anew, as somebody
// who can write the file would.
func chainAnew(text string, change func(i int, line string) string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := range lines {
		lines[i] = change(i, lines[i])
		if i > 0 {
			sum := sha256.Sum256([]byte(lines[i-1]))
			lines[i] = prevMember.ReplaceAllLiteralString(lines[i], `"prev":"`+base64.RawURLEncoding.EncodeToString(sum[:])+`"`)
		}
	}
	return join(lines)
}

func headOf(lines []string) *Head {
	return &Head{int64(len(lines)) - 1, sha256.Sum256([]byte(lines[len(lines)-1]))}
}

func wantFault(t *testing.T, r *Report, line int, reasons ...Reason) {
	t.Helper()
	require.False(t, r.Valid)
	require.NotNil(t, r.Fault)
	require.Equal(t, int64(line), r.Fault.Line, r.Fault.Error())
	require.Contains(t, reasons, r.Fault.Reason, r.Fault.Error())
}

// TestEveryByte: one changed byte anywhere is found, and the right line is named.
func TestEveryByte(t *testing.T) {
	signed := makeLog(t, 7, Options{Signer: testKey(1), CheckpointLines: 3})
	plain := makeLog(t, 7, Options{})
	keys := []*ajwt.Key{publicOf(t, testKey(1))}
	for name, row := range map[string]struct {
		lines []string
		o     VerifyOptions
	}{
		"with a key":          {signed, VerifyOptions{Keys: keys}},
		"without a key":       {signed, VerifyOptions{}},
		"without checkpoints": {plain, VerifyOptions{}},
		"with a head":         {plain, VerifyOptions{Head: headOf(plain)}},
	} {
		t.Run(name, func(t *testing.T) {
			text, line, last := []byte(join(row.lines)), 1, len(row.lines)
			require.True(t, verifyText(row.o, string(text)).Valid)
			for i, c := range text {
				text[i] = c ^ [...]byte{1, 2, 0x20}[i%3]
				r := verifyText(row.o, string(text))
				switch {
				case c == '\n' && line == last: // no line any more, and said to be incomplete
					require.True(t, r.Incomplete > 0 || !r.Valid)
				case line < last || row.o.Keys != nil || row.o.Head != nil:
					if r.Valid {
						t.Fatalf("byte %d of the file, line %d: not found", i, line)
					}
					if line < last || row.o.Keys != nil {
						if r.Fault.Line != int64(line) {
							t.Fatalf("byte %d of line %d: %v", i, line, r.Fault)
						}
					} else { // nothing but the head vouches for the last line
						require.Contains(t, []int64{int64(line) - 1, int64(line)}, r.Fault.Line)
					}
				case r.Valid: // nothing at all vouches for the last line
					require.Contains(t, strings.Join(r.Notes(), "\n"), "no --head was given")
				}
				if text[i] = c; c == '\n' {
					line++
				}
			}
		})
	}
}

func TestDeleteSwapDuplicate(t *testing.T) {
	for name, o := range map[string]Options{"signed": {Signer: testKey(1), CheckpointLines: 3}, "plain": {}} {
		t.Run(name, func(t *testing.T) {
			lines := makeLog(t, 12, o)
			var vo VerifyOptions
			if o.Signer != nil {
				vo.Keys = []*ajwt.Key{publicOf(t, testKey(1))}
			}
			for i := range lines {
				deleted := slices.Delete(slices.Clone(lines), i, i+1)
				if i < len(lines)-1 {
					wantFault(t, verifyText(vo, join(deleted)), i+1, Missing)
				} else {
					require.True(t, verifyText(vo, join(deleted)).Valid)
				}
				wantFault(t, verifyText(VerifyOptions{Head: headOf(lines)}, join(deleted)), i+1, Missing, HeadMismatch)
				wantFault(t, verifyText(vo, join(slices.Insert(slices.Clone(lines), i, lines[i]))), i+2, Reordered)
				for _, distance := range []int{1, 2, 3, 5} {
					if i+distance < len(lines) {
						swapped := slices.Clone(lines)
						swapped[i], swapped[i+distance] = swapped[i+distance], swapped[i]
						wantFault(t, verifyText(vo, join(swapped)), i+1, Reordered)
					}
				}
			}
			wantFault(t, verifyText(vo, join(slices.Delete(slices.Clone(lines), 4, 9))), 5, Missing)
			wantFault(t, verifyText(vo, ""), 1, Missing)
			wantFault(t, verifyText(vo), 0, Missing)
		})
	}
}

func TestCutTail(t *testing.T) {
	lines := makeLog(t, 12, Options{Signer: testKey(1), CheckpointLines: 5}) // checkpoints are lines 2, 8, 14, 17
	keys := []*ajwt.Key{publicOf(t, testKey(1))}
	for n := 1; n < len(lines); n++ {
		text := join(lines[:n])
		r := verifyText(VerifyOptions{Keys: keys}, text)
		require.True(t, r.Valid, "nothing in the file shows it: %v", r.Fault)
		last := 0
		for _, c := range []int{2, 8, 14} {
			if c <= n {
				last = c
			}
		}
		if last == 0 {
			require.Nil(t, r.Signed)
		} else {
			require.Equal(t, int64(last-1), r.Signed.Seq)
			require.Equal(t, int64(n-last), r.AfterCheckpoint)
		}
		wantFault(t, verifyText(VerifyOptions{Head: headOf(lines)}, text), n+1, HeadMismatch)
		wantFault(t, verifyText(VerifyOptions{Head: &Head{AnySeq, headOf(lines).Hash}}, text), n+1, HeadMismatch)
		require.True(t, verifyText(VerifyOptions{Head: headOf(lines[:n])}, join(lines)).Valid, "the head may be an older one")
	}
	wantFault(t, verifyText(VerifyOptions{Head: &Head{3, headOf(lines).Hash}}, join(lines)), 4, HeadMismatch)
}

// TestRewrite: who can write the file can compute the chain anew. Only checkpoints, with
// their key, or a head show it.
func TestRewrite(t *testing.T) {
	lines := makeLog(t, 12, Options{Signer: testKey(1), CheckpointLines: 5})
	text := join(lines)
	keys := VerifyOptions{Keys: []*ajwt.Key{publicOf(t, testKey(1))}}
	other, err := newSigner(testKey(2), "")
	require.NoError(t, err)
	lie := func(line string) string { return strings.Replace(line, "agent-2", "agent-9", 1) }

	// resign makes every checkpoint anew, with another key.
	resign := func(from int, lines []string) string {
		var p parser
		log := ""
		for i, line := range lines {
			r, wrong := p.parse([]byte(line))
			require.Empty(t, wrong)
			if i == 0 {
				log = r.log
			} else {
				r.prev = sha256.Sum256([]byte(lines[i-1]))
			}
			if r.kind == kindCheckpoint && i >= from {
				require.NoError(t, other.sign(log, &r))
			}
			lines[i] = string(r.append(nil))
		}
		return join(lines)
	}
	rewritten := slices.Clone(lines)
	for i := range rewritten {
		rewritten[i] = lie(rewritten[i])
	}
	forged := resign(0, slices.Clone(rewritten))
	require.NotEqual(t, text, forged)
	require.True(t, verifyText(VerifyOptions{}, forged).Valid, "the limit that the documentation names")
	require.Contains(t, strings.Join(verifyText(VerifyOptions{}, forged).Notes(), "\n"), "checkpoints not verified: no --key")
	wantFault(t, verifyText(keys, forged), 2, Checkpoint)
	wantFault(t, verifyText(VerifyOptions{Head: headOf(lines)}, forged), len(lines), HeadMismatch)
	wantFault(t, verifyText(keys, resign(7, slices.Clone(rewritten))), 8, Checkpoint)
	wantFault(t, verifyText(keys, resign(7, slices.Clone(lines))), 8, Checkpoint)

	t.Run("signatures of other lines", func(t *testing.T) {
		swapped := slices.Clone(lines)
		sig := regexp.MustCompile(`"sig":"[^"]*"`)
		swapped[13] = sig.ReplaceAllString(swapped[13], sig.FindString(lines[7]))
		wantFault(t, verifyText(VerifyOptions{}, join(swapped)), 14, Checkpoint)
		wantFault(t, verifyText(VerifyOptions{}, chainAnew(text, func(_ int, line string) string { return lie(line) })), 8, Checkpoint)
	})
	t.Run("lines without a signature at the end", func(t *testing.T) {
		tail := func(n int) string {
			forged := slices.Clone(lines[:8])
			for i := range n {
				forged = append(forged, fmt.Sprintf(`{"type":"decision","seq":%d,"prev":"","time":"2026-01-01T00:00:00.000Z","decision":{}}`, 8+i))
			}
			return chainAnew(join(forged), func(_ int, line string) string { return line })
		}
		r := verifyText(keys, tail(5))
		require.True(t, r.Valid, r.Fault)
		require.Equal(t, int64(5), r.AfterCheckpoint)
		require.Contains(t, strings.Join(r.Notes(), "\n"), "no signature vouches for the end, 5 lines")
		wantFault(t, verifyText(keys, tail(6)), 14, Checkpoint)
	})
	t.Run("no checkpoints any more", func(t *testing.T) {
		bare := chainAnew(join(makeLog(t, 5, Options{})), func(_ int, line string) string { return line })
		require.True(t, verifyText(VerifyOptions{}, bare).Valid)
		wantFault(t, verifyText(keys, bare), 1, Checkpoint)
		promised := strings.Replace(bare, `"checkpoint_lines":0`, `"checkpoint_lines":1000`, 1)
		wantFault(t, verifyText(keys, chainAnew(promised, func(_ int, line string) string { return line })), 2, Checkpoint)
		wantFault(t, verifyText(VerifyOptions{}, chainAnew(text, func(_ int, line string) string {
			return strings.Replace(line, `"checkpoint_lines":5`, `"checkpoint_lines":0`, 1)
		})), 2, Checkpoint)
	})
}

func TestSplicedFiles(t *testing.T) {
	dir := t.TempDir()
	path := func(n int) string { return filepath.Join(dir, fmt.Sprint(n)) }
	o := Options{Signer: testKey(1), CheckpointLines: 3, Sync: SyncNever}
	w := open(t, path(1), o)
	fill(t, w, 5)
	require.NoError(t, w.Rotate(path(2)))
	fill(t, w, 5)
	require.NoError(t, w.Rotate(path(3)))
	fill(t, w, 5)
	require.NoError(t, w.Close())
	a, b, c := read(t, path(1)), read(t, path(2)), read(t, path(3))
	other := join(makeLog(t, 5, o))
	keys := VerifyOptions{Keys: []*ajwt.Key{publicOf(t, testKey(1))}}
	n := strings.Count(a, "\n")
	cutLast := func(text string) string { return text[:strings.LastIndexByte(text[:len(text)-1], '\n')+1] }

	require.True(t, verifyText(keys, a, b, c).Valid)
	rows := []struct {
		name   string
		files  []string
		file   string
		line   int
		reason Reason
	}{
		{"a file is missing", []string{a, c}, "file2", 1, PreviousFile},
		{"files in wrong order", []string{b, a}, "file2", 1, PreviousFile},
		{"a file twice", []string{a, a}, "file2", 1, PreviousFile},
		{"another log", []string{a, other}, "file2", 1, PreviousFile},
		{"tail of an old file cut", []string{cutLast(a), b}, "file2", 1, PreviousFile},
		{"tail of an old file cut within a line", []string{a[:len(a)-9], b}, "file1", n, Malformed},
		{"last line of an old file altered", []string{strings.Replace(a, "agent-4", "agent-5", 1), b}, "file1", n - 1, Altered},
		{"two files in one", []string{a + b}, "file1", n + 1, Malformed},
		{"a file after another log's", []string{other + b}, "file1", n, Altered},
		{"half of another log", []string{a[:strings.LastIndex(a, `{"type":"dec`)] + other[strings.LastIndex(other, `{"type":"dec`):]}, "file1", n - 2, Altered},
		{"header of another log", []string{other[:strings.Index(other, "\n")+1] + a[strings.Index(a, "\n")+1:]}, "file1", 1, Altered},
		{"an empty file", []string{a, ""}, "file2", 1, Missing},
		{"zeros before a later line", []string{prevMember.ReplaceAllString(b[:strings.Index(b, "\n")+1], `"prev":"`+Hash{}.String()+`"`)}, "file1", 1, Malformed},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := verifyText(VerifyOptions{}, row.files...)
			wantFault(t, r, row.line, row.reason)
			require.Equal(t, row.file, r.Fault.File)
			require.False(t, verifyText(keys, row.files...).Valid)
		})
	}
	r := verifyText(VerifyOptions{Head: &Head{0, Hash{}}}, b)
	wantFault(t, r, strings.Count(b, "\n")+1, HeadMismatch)
	require.Contains(t, r.Fault.Detail, "earlier file")
}

func TestStrictLines(t *testing.T) {
	lines := makeLog(t, 3, Options{})
	d := lines[2]
	for name, line := range map[string]string{
		"unknown type":         strings.Replace(d, `"decision"`, `"remark"`, 1),
		"no type":              strings.Replace(d, `"type":"decision",`, ``, 1),
		"member twice":         strings.Replace(d, `"seq":2`, `"seq":2,"seq":2`, 1),
		"member twice inside":  strings.Replace(d, `"verdict":"accept"`, `"verdict":"accept","verdict":"reject"`, 1),
		"unknown member":       strings.Replace(d, `"seq":2`, `"seq":2,"x":1`, 1),
		"another order":        strings.Replace(d, `"type":"decision","seq":2`, `"seq":2,"type":"decision"`, 1),
		"white space":          strings.Replace(d, `"seq":2`, `"seq": 2`, 1),
		"CR":                   d + "\r",
		"trailing garbage":     d + "x",
		"trailing value":       d + "{}",
		"escaped":              strings.Replace(d, `"type"`, `"typ\u0065"`, 1),
		"seq with fraction":    strings.Replace(d, `"seq":2`, `"seq":2.0`, 1),
		"seq negative":         strings.Replace(d, `"seq":2`, `"seq":-2`, 1),
		"seq too large":        strings.Replace(d, `"seq":2`, `"seq":9007199254740992`, 1),
		"hexadecimal prev":     prevMember.ReplaceAllString(d, `"prev":"`+strings.Repeat("0", 64)+`"`),
		"non-canonical base64": prevMember.ReplaceAllString(d, `"prev":"`+strings.Repeat("A", 42)+`B"`),
		"time with offset":     strings.Replace(d, `Z","decision"`, `+00:00","decision"`, 1),
		"no such day":          regexp.MustCompile(`"time":"[^"]*"`).ReplaceAllString(d, `"time":"2026-02-30T00:00:00.000Z"`),
		"decision a string":    regexp.MustCompile(`"decision":\{.*`).ReplaceAllString(d, `"decision":"x"}`),
		"not UTF-8":            strings.Replace(d, "agent-1", "agent-\xff", 1),
		"blank":                "",
		"byte order mark":      "\ufeff" + d,
		"too long":             strings.Replace(d, "agent-1", strings.Repeat("a", MaxLine), 1),
		"too deep":             strings.Replace(d, `"agent-1"`, strings.Repeat("[", 20)+strings.Repeat("]", 20), 1),
	} {
		t.Run(name, func(t *testing.T) {
			require.NotEqual(t, d, line)
			changed := slices.Clone(lines)
			changed[2] = line
			wantFault(t, verifyText(VerifyOptions{}, join(changed)), 3, Malformed)
		})
	}
	text := join(lines)
	for name, changed := range map[string]string{
		"another format": strings.Replace(text, format, "ajwt-receipts-2", 1),
		"log id":         regexp.MustCompile(`"log":"..`).ReplaceAllString(text, `"log":"`),
		"promise":        strings.Replace(text, `lines":0`, `lines":1048577`, 1),
	} {
		t.Run(name, func(t *testing.T) { wantFault(t, verifyText(VerifyOptions{}, changed), 1, Malformed) })
	}
	for _, garbage := range []string{"x", "{}", `{"type":"decision","seq":7`, `{"type":"header"`, " ", "\x00x"} {
		wantFault(t, verifyText(VerifyOptions{}, text+garbage), 5, Malformed)
	}
}

// endless is a line that never ends.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	e.read += len(p)
	return len(p), nil
}

func TestBoundedMemoryAndReadErrors(t *testing.T) {
	v, source := NewVerifier(VerifyOptions{}), &endless{}
	require.NoError(t, v.ReadFile("endless", source))
	wantFault(t, v.Finish(), 1, Malformed)
	require.LessOrEqual(t, source.read, 2*MaxLine)

	v = NewVerifier(VerifyOptions{})
	text := join(makeLog(t, 3, Options{}))
	err := v.ReadFile("broken", io.MultiReader(strings.NewReader(text), brokenReader{}))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	wantFault(t, v.Finish(), 5, Unreadable)
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
