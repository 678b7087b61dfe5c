package receipts

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// Opened tells what Open found in the file.
func (w *Writer) Opened() Opened { return w.opened }

// Head returns the last line that was written. Kept elsewhere (in another log, at a
// time-stamping service, in print), it later shows that no line up to it was cut off.
func (w *Writer) Head() Head {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at.head()
}

func (p *position) head() Head { return Head{p.seq - 1, p.prev} }

// Err returns the error for which nothing more can be written, nil while all is well.
// Only opening the file anew helps.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.broken
}

// Append writes the decision as one line and tells where it stands. After an error the
// caller must take it that there is no receipt: mostly there is no line; after a failed
// synchronisation there may be one. The decision must be settled.
func (w *Writer) Append(d *ajwt.Decision) (Receipt, error) {
	if d.Deferred {
		return Receipt{}, ErrDeferred
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken != nil {
		return Receipt{}, w.broken
	}
	now := w.options.Clock()
	if w.checkpointDue(now) {
		if err := w.checkpoint(now); err != nil {
			return Receipt{}, err
		}
	}
	w.record = d.AppendRecord(w.record[:0])
	r := record{kind: kindDecision, decision: w.record}
	if len(r.decision) > MaxLine {
		w.record = nil // a buffer of that size is not kept
		return Receipt{}, ErrTooLong
	}
	if err := w.write(now, &r); err != nil {
		return Receipt{}, err
	}
	if w.options.Sync == SyncEach {
		if err := w.sync(); err != nil {
			return Receipt{}, err
		}
	}
	receipt := w.at.head()
	if w.checkpointDue(now) {
		// The receipt is written. A checkpoint that fails is tried again before the
		// next one, whose Append reports it.
		_ = w.checkpoint(now)
	}
	return receipt, nil
}

// checkpointDue tells whether the header's promise, or the interval, asks for one now.
func (w *Writer) checkpointDue(now time.Time) bool {
	p := &w.at
	return p.every > 0 && p.since > 0 && (p.since >= p.every || now.Sub(p.stamp) >= w.options.CheckpointInterval)
}

// write numbers and chains the records and writes them with one call. If that fails,
// the file is cut back to what it was, and the log can go on.
func (w *Writer) write(now time.Time, records ...*record) error {
	next := w.at
	w.line = w.line[:0]
	for _, r := range records {
		r.seq, r.prev, r.time = next.seq, next.prev, now.UTC().Format(timeLayout)
		if r.kind == kindCheckpoint {
			if err := w.signer.sign(next.log, r); err != nil {
				return err
			}
		}
		start := len(w.line)
		w.line = r.append(w.line)
		line := w.line[start:]
		// What Verify would refuse must not get into the log.
		if _, wrong := w.parser.parse(line); wrong != "" {
			if len(line) > MaxLine {
				return ErrTooLong
			}
			return errors.New("receipts: the record cannot be written: " + wrong)
		}
		next.prev = sha256.Sum256(line)
		next.seq++
		switch r.kind {
		case kindDecision:
			next.since++
		case kindCheckpoint:
			next.since, next.stamp = 0, now
		}
		w.line = append(w.line, '\n')
	}
	info, err := next.file.Stat()
	if err != nil {
		return fmt.Errorf("receipts: %w", err)
	}
	if info.Size() != next.size {
		return w.breakDown(fmt.Errorf("receipts: somebody else changed the size of %s", next.path))
	}
	if _, err := next.file.WriteAt(w.line, next.size); err != nil {
		err = fmt.Errorf("receipts: %w", err)
		if next.file.Truncate(next.size) != nil {
			return w.breakDown(err)
		}
		return err
	}
	if next.since == 1 && w.at.since == 0 {
		next.stamp = now // the interval counts from the first decision without a checkpoint
	}
	next.size += int64(len(w.line))
	w.at, w.dirty = next, true
	return nil
}

// breakDown makes the error final.
func (w *Writer) breakDown(err error) error {
	w.broken = err
	return err
}

// sync makes the operating system write. After a failure nobody knows what is on the
// disk, and trying again would not tell, so it is final.
func (w *Writer) sync() error {
	if err := w.at.file.Sync(); err != nil {
		return w.breakDown(fmt.Errorf("receipts: %w", err))
	}
	w.dirty = false
	return nil
}

// checkpoint writes one, and makes it durable where every line is.
func (w *Writer) checkpoint(now time.Time) error {
	if err := w.write(now, &record{kind: kindCheckpoint}); err != nil {
		return err
	}
	if w.options.Sync == SyncEach {
		return w.sync()
	}
	return nil
}

// header begins a file: the header, and with a signer its checkpoint in the same call.
func (w *Writer) header() error {
	w.at.every = 0
	header := &record{kind: kindHeader, log: w.at.log}
	records := []*record{header}
	if w.signer != nil {
		w.at.every = int64(w.options.CheckpointLines)
		header.every = w.at.every
		records = append(records, &record{kind: kindCheckpoint})
	}
	if err := w.write(w.options.Clock(), records...); err != nil {
		return err
	}
	if w.options.Sync == SyncNever {
		return nil
	}
	if err := w.sync(); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(w.at.path))
}

// resume continues a file of that many lines. Lines that no checkpoint covers are
// marked before the next checkpoint covers them: its signature says no more of them
// than that they were found.
func (w *Writer) resume(count int64) error {
	now := w.options.Clock()
	var records []*record
	if count > 1 && (w.opened.Cut > 0 || w.signer != nil && w.opened.Unsigned > 0) {
		records = append(records, &record{kind: kindResume, cut: w.opened.Cut})
	}
	if w.signer != nil && (w.opened.Unsigned > 0 || len(records) > 0) {
		records = append(records, &record{kind: kindCheckpoint})
	}
	if len(records) == 0 {
		return nil
	}
	if err := w.write(now, records...); err != nil {
		return err
	}
	if w.options.Sync == SyncNever {
		return nil
	}
	return w.sync()
}

// cutTo cuts off what stands after the last complete line.
func (w *Writer) cutTo(size int64) error {
	if size == w.at.size {
		return nil
	}
	if err := w.at.file.Truncate(size); err != nil {
		return fmt.Errorf("receipts: %w", err)
	}
	w.at.size = size
	return nil
}

// Rotate ends this file with a checkpoint and goes on in a new one, whose header
// carries the hash of the old file's last line. newPath must not exist. After an error
// the log goes on in the old file, unless Err says otherwise. Whoever opens the log
// later must open the newest file.
func (w *Writer) Rotate(newPath string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken != nil {
		return w.broken
	}
	if err := w.finish(); err != nil {
		return err
	}
	file, err := openExclusive(newPath, os.O_EXCL)
	if err != nil {
		return err
	}
	old := w.at
	w.at.file, w.at.path, w.at.size, w.at.since = file, newPath, 0, 0
	if err := w.header(); err != nil {
		file.Close()
		w.at = old
		if gone := os.Remove(newPath); gone != nil {
			// A complete header may be left there, and two files must not continue one.
			return w.breakDown(errors.Join(err, gone))
		}
		w.broken = nil
		return err
	}
	return old.file.Close()
}

// finish writes the last checkpoint of a file and makes the file durable.
func (w *Writer) finish() error {
	if w.at.every > 0 && w.at.since > 0 {
		if err := w.checkpoint(w.options.Clock()); err != nil {
			return err
		}
	}
	if w.options.Sync == SyncNever || !w.dirty {
		return nil
	}
	return w.sync()
}

// Close writes a last checkpoint and lets the file go. The error says what of that
// failed; the file is closed in any case. A second call does nothing.
func (w *Writer) Close() error {
	w.mu.Lock()
	if errors.Is(w.broken, ErrClosed) {
		w.mu.Unlock()
		return nil
	}
	err := w.broken
	if err == nil {
		err = w.finish()
	}
	err = errors.Join(err, w.at.file.Close())
	w.broken = ErrClosed
	w.mu.Unlock()
	close(w.stop)
	<-w.done
	return err
}

// background makes the checkpoints and synchronisations that time asks for.
func (w *Writer) background() {
	defer close(w.done)
	every := w.options.CheckpointInterval / 4
	if w.options.Sync == SyncInterval {
		every = min(every, w.options.SyncInterval)
	}
	ticker := time.NewTicker(max(every, time.Millisecond))
	defer ticker.Stop()
	synced := time.Now()
	for {
		select {
		case <-w.stop:
			return
		case <-ticker.C:
		}
		w.mu.Lock()
		if now := w.options.Clock(); w.broken == nil && w.checkpointDue(now) {
			_ = w.checkpoint(now) // tried again before the next line, whose Append reports it
		}
		if w.broken == nil && w.dirty && w.options.Sync == SyncInterval && time.Since(synced) >= w.options.SyncInterval {
			_ = w.sync() // Append and Err report it
			synced = time.Now()
		}
		w.mu.Unlock()
	}
}
