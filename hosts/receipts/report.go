package receipts

import (
	"fmt"
	"strconv"
)

// Reason is what is wrong with a log. The words are stable.
type Reason string

// The reasons.
const (
	Malformed    Reason = "malformed"     // not a line of this format
	Altered      Reason = "altered"       // not the line that the next one was written after, or the reverse
	Missing      Reason = "missing"       // lines are not there
	Reordered    Reason = "reordered"     // a line stands at another place, or a second time
	Checkpoint   Reason = "checkpoint"    // a checkpoint is missing, or its signature is wrong
	PreviousFile Reason = "previous_file" // the file does not continue the one before it
	HeadMismatch Reason = "head"          // the line that the given head names is not there
	Unreadable   Reason = "unreadable"    // reading failed, so nothing is known of the rest
)

// Fault is the first fault of a log.
type Fault struct {
	File   string `json:"file"` // as it was named to ReadFile
	Line   int64  `json:"line"` // in that file, from 1
	Seq    int64  `json:"seq"`  // the number that this line should have
	Reason Reason `json:"reason"`
	Detail string `json:"detail"` // for people; not stable
}

// Error implements error.
func (f *Fault) Error() string {
	return fmt.Sprintf("%s, line %d: %s: %s", f.File, f.Line, f.Reason, f.Detail)
}

// Report is what a Verifier found. Its counts are about the lines before the fault.
type Report struct {
	Valid bool   `json:"valid"`
	Fault *Fault `json:"fault,omitempty"` // nil where Valid
	Log   string `json:"log,omitempty"`   // the id in the headers

	Files       int   `json:"files"`
	Lines       int64 `json:"lines"` // complete ones
	Decisions   int64 `json:"decisions"`
	Checkpoints int64 `json:"checkpoints"`
	Resumes     int64 `json:"resumes"`   // restarts that found a cut line, or a tail without a checkpoint
	FirstSeq    int64 `json:"first_seq"` // above 0, earlier files were not given
	Last        Head  `json:"last"`      // the last complete line

	// CheckpointsVerified tells whether keys were given. Signed is then the last
	// checkpoint; everything up to it is as its signer wrote it.
	CheckpointsVerified bool  `json:"checkpoints_verified"`
	Signed              *Head `json:"signed,omitempty"`
	// AfterCheckpoint counts the lines after the last checkpoint, verified or not.
	AfterCheckpoint int64 `json:"after_checkpoint"`

	HeadChecked bool  `json:"head_checked"` // a head was given, and its line is there if Valid
	AfterHead   int64 `json:"after_head"`   // lines after it

	// Incomplete counts the bytes after the last line end: a crash, a cut, or a writer
	// at work.
	Incomplete int `json:"incomplete_bytes"`
}

// Notes says in words what the report does not prove.
func (r *Report) Notes() []string {
	var notes []string
	if r.FirstSeq > 0 {
		notes = append(notes, "earlier files of the log were not given: it begins here with line "+strconv.FormatInt(r.FirstSeq, 10))
	}
	switch {
	case r.CheckpointsVerified && r.Signed == nil:
		notes = append(notes, "no checkpoint stands before the end: no signature vouches for any line")
	case r.CheckpointsVerified && r.AfterCheckpoint > 0:
		notes = append(notes, fmt.Sprintf("no signature vouches for the end, %s: whoever can write the file can have written that", lines(r.AfterCheckpoint)))
	case !r.CheckpointsVerified && r.Checkpoints > 0:
		notes = append(notes, "checkpoints not verified: no --key. The chain alone does not show that somebody wrote the whole file anew")
	case !r.CheckpointsVerified:
		notes = append(notes, "the log has no checkpoints: the chain alone does not show that somebody wrote the whole file anew")
	}
	if !r.HeadChecked {
		notes = append(notes, "no --head was given: lines cut off after the last one here leave no trace")
	} else if r.AfterHead > 0 {
		notes = append(notes, fmt.Sprintf("--head vouches for nothing in the %s after it", lines(r.AfterHead)))
	}
	if r.Incomplete > 0 {
		notes = append(notes, fmt.Sprintf("the last %d bytes are an incomplete line: a crash, a cut, or a writer at work", r.Incomplete))
	}
	if r.Resumes > 0 {
		notes = append(notes, fmt.Sprintf("the log was continued after a crash (resume lines: %d): a checkpoint after such a line vouches that the lines before it were found, not that they were written so", r.Resumes))
	}
	return notes
}

func lines(n int64) string {
	if n == 1 {
		return "1 line"
	}
	return strconv.FormatInt(n, 10) + " lines"
}
