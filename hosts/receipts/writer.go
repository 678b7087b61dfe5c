package receipts

import (
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// SyncMode says when a Writer makes the operating system write to the disk. A process
// that is killed loses nothing in any mode; a machine that loses power may.
type SyncMode uint8

// The modes. The zero mode is the safest and the slowest.
const (
	SyncEach     SyncMode = iota // before Append returns
	SyncInterval                 // every Options.SyncInterval
	SyncNever                    // whenever the operating system likes
)

// The defaults of Options.
const (
	DefaultCheckpointLines    = 1000
	DefaultCheckpointInterval = time.Minute
	DefaultSyncInterval       = time.Second
)

// Options of a Writer.
type Options struct {
	// Signer makes checkpoints: an Ed25519 or P-256 key. Nil means none. It is called
	// while appends wait. A log that has checkpoints cannot be continued without one.
	Signer crypto.Signer
	// KeyID is the kid of checkpoints, the key's RFC 7638 thumbprint if "".
	KeyID string
	// FormerKeys verified the checkpoints before the Signer's key did: of a file that
	// is continued, each checkpoint must verify with one of them or with the Signer's.
	FormerKeys []*ajwt.Key
	// CheckpointLines is how many decisions may stand between two checkpoints, at most
	// 1,048,576; CheckpointInterval after what time one is made if there were any.
	// 0 means the defaults. Of a file that is continued, its header's number holds.
	CheckpointLines    int
	CheckpointInterval time.Duration

	Sync         SyncMode
	SyncInterval time.Duration // for mode SyncInterval, 0 means the default

	// Previous names the file that the log continues, where the file to open has no
	// complete line yet. "" begins a log.
	Previous string
	// Clock gives the times of lines, time.Now if nil.
	Clock func() time.Time
}

// Receipt tells where a decision stands in the log.
type Receipt = Head

// Opened is what Open found in the file.
type Opened struct {
	Continued bool  // the file had lines
	Cut       int64 // bytes of an incomplete last line that were cut off
	Unsigned  int64 // lines at the end that no checkpoint covered
}

// Writer appends to one file of a log and holds it exclusively. It is safe for
// concurrent use and takes a bounded amount of memory.
type Writer struct {
	options Options
	signer  *signer
	opened  Opened

	mu     sync.Mutex
	at     position
	broken error // nothing can be written any more
	dirty  bool  // written and not yet synchronised
	record []byte
	line   []byte
	parser parser

	stop, done chan struct{}
}

// position is where the log stands; Rotate puts it back when the new file fails.
type position struct {
	file  *os.File
	path  string
	size  int64
	log   string
	seq   int64 // of the next line
	prev  Hash  // of the last one
	every int64 // decisions between checkpoints at most, 0 for none
	since int64 // decisions since the last checkpoint
	stamp time.Time
}

// Open opens or makes the file, takes its lock, and verifies what is there. An
// incomplete last line, which a crash leaves, is cut off; a file with any other fault
// is not continued, and the error is or wraps a *Fault. A second writer gets ErrLocked.
func Open(path string, o Options) (*Writer, error) {
	w := &Writer{options: o, stop: make(chan struct{}), done: make(chan struct{})}
	if err := w.settle(); err != nil {
		return nil, err
	}
	file, err := openExclusive(path, 0)
	if err != nil {
		return nil, err
	}
	w.at.file, w.at.path = file, path
	if err := w.start(); err != nil {
		file.Close()
		return nil, err
	}
	go w.background()
	return w, nil
}

// settle checks the options and fills in the defaults.
func (w *Writer) settle() (err error) {
	o := &w.options
	if o.Signer != nil {
		if w.signer, err = newSigner(o.Signer, o.KeyID); err != nil {
			return err
		}
	}
	if o.CheckpointInterval == 0 {
		o.CheckpointInterval = DefaultCheckpointInterval
	}
	if o.SyncInterval == 0 {
		o.SyncInterval = DefaultSyncInterval
	}
	if o.CheckpointLines == 0 {
		o.CheckpointLines = DefaultCheckpointLines
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.CheckpointLines < 0 || o.CheckpointLines > mostCheckpointLines || o.CheckpointInterval < 0 || o.SyncInterval < 0 || o.Sync > SyncNever {
		return errors.New("receipts: an option is out of bounds")
	}
	return nil
}

// start brings the file into a state that can be continued.
func (w *Writer) start() error {
	at := &w.at
	info, err := at.file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("receipts: %s is not a regular file", at.path)
	}
	// Between opening and locking, another process may have moved the file away.
	if named, err := os.Stat(at.path); err != nil || !os.SameFile(info, named) {
		return fmt.Errorf("receipts: %s was replaced while it was opened", at.path)
	}
	at.size = info.Size()
	v := w.verifier()
	whole := io.NewSectionReader(at.file, 0, at.size)
	if fresh, err := isFresh(whole); err != nil {
		return err
	} else if fresh {
		return w.begin()
	}
	if err := v.ReadFile(at.path, whole); err != nil {
		return err
	}
	report := v.Finish()
	if !report.Valid {
		return fmt.Errorf("receipts: the log is not continued: %w", report.Fault)
	}
	if (v.every != 0) != (w.signer != nil) {
		return fmt.Errorf("receipts: %s has checkpoints and no signer was given, or the reverse; begin another file", at.path)
	}
	w.opened = Opened{Continued: true, Cut: int64(report.Incomplete), Unsigned: report.AfterCheckpoint}
	at.log, at.seq, at.prev, at.every, at.since = report.Log, v.next, v.prev, v.every, v.since
	if err := w.cutTo(at.size - int64(report.Incomplete)); err != nil {
		return err
	}
	return w.resume(v.line)
}

// verifier is held to the keys that this log's checkpoints may be signed with: a log
// that somebody wrote anew meanwhile must not get our signature.
func (w *Writer) verifier() *Verifier {
	var o VerifyOptions
	if w.signer != nil {
		o.Keys = append(append(o.Keys, w.signer.public), w.options.FormerKeys...)
	}
	return NewVerifier(o)
}

// isFresh tells whether a file has no complete line: it is new, or the crash came
// before the header was written.
func isFresh(r *io.SectionReader) (bool, error) {
	const most = 512 // a header is shorter
	buf := make([]byte, most)
	n, err := r.ReadAt(buf, 0)
	if err != nil && err != io.EOF {
		return false, err
	}
	for _, c := range buf[:n] {
		if c == '\n' {
			return false, nil
		}
	}
	return n < most && isBeginning(buf[:n], 0, Hash{}, true), nil
}

// begin writes the header of a file without lines.
func (w *Writer) begin() error {
	w.opened = Opened{Cut: w.at.size}
	if w.options.Previous != "" {
		f, err := os.Open(w.options.Previous)
		if err != nil {
			return err
		}
		defer f.Close()
		v := w.verifier()
		if err := v.ReadFile(w.options.Previous, f); err != nil {
			return err
		}
		report := v.Finish()
		if report.Valid && report.Incomplete > 0 {
			return fmt.Errorf("receipts: %s ends with an incomplete line: open it and rotate", w.options.Previous)
		}
		if !report.Valid {
			return fmt.Errorf("receipts: the log is not continued: %w", report.Fault)
		}
		w.at.log, w.at.seq, w.at.prev = report.Log, v.next, v.prev
	} else {
		id := make([]byte, logIDSize)
		rand.Read(id)
		w.at.log = base64.RawURLEncoding.EncodeToString(id)
	}
	if err := w.cutTo(0); err != nil {
		return err
	}
	return w.header()
}
