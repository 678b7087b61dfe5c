package main

import (
	"fmt"
	"io"
	"os"
)

// meter shows how far a search is, on one line of a terminal.
type meter struct {
	w io.Writer // nil where there is no terminal
	r *search
}

// progressOn returns a meter that shows nothing unless w is a terminal.
func progressOn(w io.Writer, r *search) meter {
	file, ok := w.(*os.File)
	if !ok {
		return meter{}
	}
	if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return meter{}
	}
	return meter{w, r}
}

// draw writes the line again: rate, share of the expected work, and the probability
// that as much work finds a pair.
func (m meter) draw() error {
	if m.w == nil {
		return nil
	}
	rate := float64(m.r.walked.Load()) / (m.r.Seconds - m.r.before)
	hashes := float64(m.r.Hashes)
	fmt.Fprintf(m.w, "\r\x1b[K%.0f s, %.2f M hashes/s, %.2e hashes, %.0f %% of the expected, chance so far %.0f %%, %d points",
		m.r.Seconds, rate/1e6, hashes, 100*hashes/m.r.expected(), 100*m.r.chance(hashes), len(m.r.Points))
	return nil
}

// clear takes the line away.
func (m meter) clear() {
	if m.w != nil {
		fmt.Fprint(m.w, "\r\x1b[K")
	}
}
