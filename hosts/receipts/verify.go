package receipts

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// AnySeq is the Seq of a head of which the hash alone is known.
const AnySeq = -1

// VerifyOptions say against what a log is held.
type VerifyOptions struct {
	// Keys are trusted: each checkpoint must be signed by one of them. Without keys
	// no signature is verified; with keys a log without checkpoints is refused.
	Keys []*ajwt.Key
	// Head is a head that was kept elsewhere: its line must be there. With a Seq of
	// AnySeq, any line may be the one that has the hash.
	Head *Head
}

// Verifier reads the files of a log in the order in which they were written. It holds
// one line at a time. It is not safe for concurrent use.
type Verifier struct {
	options VerifyOptions
	report  Report

	parser parser
	lines  *bufio.Reader

	file      string
	line      int64 // in this file, of the line at hand
	next      int64 // the number that the line at hand should have
	prev      Hash  // of the line before
	every     int64 // of this file's header
	since     int64 // decisions since the last checkpoint
	headFound bool
}

// NewVerifier returns a Verifier that has read nothing.
func NewVerifier(o VerifyOptions) *Verifier {
	v := &Verifier{options: o, lines: bufio.NewReaderSize(nil, MaxLine+1)}
	v.report.CheckpointsVerified, v.report.HeadChecked = len(o.Keys) > 0, o.Head != nil
	return v
}

// VerifyFile verifies a log of one file. The error is that of opening it.
func VerifyFile(path string, o VerifyOptions) (*Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	v := NewVerifier(o)
	if err := v.ReadFile(path, f); err != nil {
		return nil, err
	}
	return v.Finish(), nil
}

// ReadFile reads the next file of the log, up to its end or to the first fault, which
// Finish reports; after a fault it reads nothing. name is how reports name the file. An
// error means that reading failed; the log then does not verify.
func (v *Verifier) ReadFile(name string, r io.Reader) error {
	if v.report.Fault == nil && v.report.Incomplete > 0 {
		v.line++
		v.fault(v.line, Malformed, "an incomplete line at the end of a file that another one continues")
	}
	if v.report.Fault != nil {
		return nil
	}
	v.file, v.line = name, 0
	v.lines.Reset(r)
	defer v.lines.Reset(nil)
	for v.report.Fault == nil {
		line, err := v.lines.ReadSlice('\n')
		switch {
		case err == nil:
			v.line++
			v.take(line[:len(line)-1])
		case errors.Is(err, bufio.ErrBufferFull):
			v.line++
			v.fault(v.line, Malformed, fmt.Sprintf("longer than %d bytes", MaxLine))
		case err == io.EOF:
			v.end(line)
			return nil
		default:
			v.line++
			v.fault(v.line, Unreadable, "reading failed")
			return err
		}
	}
	return nil
}

// end takes what stands after the last line end of a file.
func (v *Verifier) end(fragment []byte) {
	if v.line == 0 {
		v.line = 1
		v.fault(1, Missing, "the file has no complete line, so no header")
		return
	}
	v.report.Files++
	if len(fragment) == 0 {
		return
	}
	if !isBeginning(fragment, v.next, v.prev, false) {
		v.line++
		v.fault(v.line, Malformed, "what stands after the last line end is not the beginning of the next line")
		return
	}
	v.report.Incomplete = len(fragment)
}

// Finish returns the report. Nothing may be read after it.
func (v *Verifier) Finish() *Report {
	r := &v.report
	switch {
	case r.Fault != nil:
	case r.Files == 0:
		v.fault(0, Missing, "no file was given")
	case v.options.Head != nil && !v.headFound:
		detail := "no line has the hash of --head: lines are missing at the end, or it is the head of another log"
		if h := v.options.Head; h.Seq != AnySeq {
			if h.Seq < r.FirstSeq {
				detail = "--head names a line of an earlier file, which was not given"
			} else {
				detail = fmt.Sprintf("lines %d to %d are missing at the end, as --head shows", v.next, h.Seq)
			}
		}
		v.line++
		v.fault(v.line, HeadMismatch, detail)
	}
	r.Valid = r.Fault == nil
	return r
}

// fault records the first fault, at a line of the file at hand.
func (v *Verifier) fault(line int64, reason Reason, detail string) {
	if v.report.Fault == nil {
		v.report.Fault = &Fault{File: v.file, Line: line, Seq: v.next + line - v.line, Reason: reason, Detail: detail}
	}
}

// take checks one line.
func (v *Verifier) take(line []byte) {
	r, wrong := v.parser.parse(line)
	switch {
	case wrong != "":
		v.fault(v.line, Malformed, wrong)
	case v.line == 1:
		v.takeHeader(&r)
	case r.seq != v.next || r.prev != v.prev:
		v.misplaced(&r, sha256.Sum256(line))
	case r.kind == kindHeader:
		v.fault(v.line, Malformed, "a header that is not the first line of its file")
	default:
		v.takeOther(&r)
	}
	if v.report.Fault != nil {
		return
	}
	hash := Hash(sha256.Sum256(line))
	if h := v.options.Head; h != nil {
		if v.headFound {
			v.report.AfterHead++
		}
		switch same := h.Hash == hash; {
		case same && (h.Seq == AnySeq || h.Seq == r.seq):
			v.headFound = true
		case same || h.Seq == r.seq:
			v.fault(v.line, HeadMismatch, "the line has not both the number and the hash of --head: it, or a line before it, is not what was written")
			return
		}
	}
	rep := &v.report
	rep.Last = Head{r.seq, hash}
	rep.Lines++
	rep.AfterCheckpoint++
	switch r.kind {
	case kindDecision:
		rep.Decisions++
	case kindResume:
		rep.Resumes++
	case kindCheckpoint:
		rep.Checkpoints++
		rep.AfterCheckpoint = 0
		if len(v.options.Keys) > 0 {
			rep.Signed = &Head{r.seq, hash}
		}
	}
	v.next, v.prev = r.seq+1, hash
}

// takeHeader checks the first line of a file.
func (v *Verifier) takeHeader(r *record) {
	first := v.report.Lines == 0
	switch {
	case r.kind != kindHeader:
		if v.find(func(other *record) bool { return other.kind == kindHeader && (first || other.seq == v.next) }) {
			v.fault(1, Reordered, "the header stands further down")
		} else {
			v.fault(1, Missing, "the first line is not a header")
		}
	case first && (r.seq == 0) != (r.prev == Hash{}):
		v.fault(1, Malformed, "line 0 of a log, and no other, has a prev of zeros")
	case first:
		v.report.FirstSeq, v.report.Log = r.seq, r.log
	case r.log != v.report.Log:
		v.fault(1, PreviousFile, "the file belongs to another log than the one before it")
	case r.seq > v.next:
		v.fault(1, PreviousFile, fmt.Sprintf("lines %d to %d are missing between the file before and this one", v.next, r.seq-1))
	case r.seq < v.next:
		v.fault(1, PreviousFile, "the file does not come after the one before it: its line numbers are lower")
	case r.prev != v.prev:
		v.fault(1, PreviousFile, "the last line of the file before is not the one that this file continues")
	}
	if v.report.Fault == nil && r.every == 0 && len(v.options.Keys) > 0 {
		v.fault(1, Checkpoint, "the header announces no checkpoints, so the key can vouch for nothing")
	}
	v.every, v.since = r.every, 0
}

// takeOther checks what a line other than a header says about checkpoints.
func (v *Verifier) takeOther(r *record) {
	switch {
	case r.kind == kindCheckpoint && v.every == 0:
		v.fault(v.line, Checkpoint, "the header announces no checkpoints")
	case r.kind == kindCheckpoint:
		if wrong := checkCheckpoint(r, v.report.Log, v.options.Keys); wrong != "" {
			v.fault(v.line, Checkpoint, wrong)
		}
		v.since = 0
	case v.every != 0 && v.line == 2:
		v.fault(2, Checkpoint, "the line after the header is not a checkpoint")
	case r.kind == kindDecision:
		if v.since++; v.every != 0 && v.since > v.every {
			v.fault(v.line, Checkpoint, fmt.Sprintf("a checkpoint is missing: the header announces one after %d decisions at the latest", v.every))
		}
	}
}

// find tells whether a line that is still to come is the one that is looked for. What
// is no line of this format is passed over.
func (v *Verifier) find(wanted func(*record) bool) bool {
	for {
		line, err := v.lines.ReadSlice('\n')
		if err != nil {
			return false
		}
		if r, wrong := v.parser.parse(line[:len(line)-1]); wrong == "" && wanted(&r) {
			return true
		}
	}
}

// misplaced says why a line is not the one that belongs here: its number, its prev or
// both are not those that the line before asks for.
func (v *Verifier) misplaced(r *record, hash Hash) {
	switch {
	case r.prev == v.prev:
		v.fault(v.line, Altered, "its number is not the one after the line before")
		return
	case r.seq == v.next:
		v.broken(r, hash)
		return
	}
	seq, count, follows := r.seq, 0, false
	found := v.find(func(other *record) bool {
		count++
		follows = follows || count == 1 && other.seq == v.next+1
		return other.seq == v.next && other.prev == v.prev
	})
	switch {
	case found && seq > v.next:
		v.fault(v.line, Reordered, fmt.Sprintf("line %d of the log belongs here and stands further down", v.next))
	case found || seq < v.next && !follows:
		v.fault(v.line, Reordered, fmt.Sprintf("line %d of the log stands here, out of its place or a second time", seq))
	case follows:
		v.fault(v.line, Altered, "another line stands here than the one that belongs here")
	default:
		v.fault(v.line, Missing, fmt.Sprintf("lines %d to %d of the log are missing before this one", v.next, seq-1))
	}
}

// broken finds which of two lines is altered whose numbers fit and whose hash does
// not: the line after them, or a checkpoint's own signature, can vouch for the second.
func (v *Verifier) broken(r *record, hash Hash) {
	if r.kind == kindCheckpoint {
		repaired := *r
		repaired.prev = v.prev
		switch "" {
		case checkCheckpoint(r, v.report.Log, v.options.Keys):
			v.fault(v.line-1, Altered, "it is not the line that the checkpoint after it was made for")
			return
		case checkCheckpoint(&repaired, v.report.Log, v.options.Keys):
			v.fault(v.line, Altered, "its prev is not the one that its signature covers")
			return
		}
	}
	vouched, count, known := false, 0, false
	v.find(func(other *record) bool {
		count++
		known = count == 1 && other.seq == v.next+1
		vouched = known && other.prev == hash
		return true
	})
	switch {
	case vouched:
		v.fault(v.line-1, Altered, "it is not the line that the next one was written after")
	case known:
		v.fault(v.line, Altered, "its prev is not the hash of the line before, nor its hash the prev of the line after")
	default:
		v.fault(v.line-1, Altered, "it is not the line that the next one was written after, or the next one's prev is altered")
	}
}
