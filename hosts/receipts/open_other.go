//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package receipts

import (
	"errors"
	"os"
)

// openExclusive refuses: without a lock two writers would spoil the log.
func openExclusive(path string, _ int) (*os.File, error) {
	return nil, &os.PathError{Op: "lock", Path: path, Err: errors.ErrUnsupported}
}

func syncFolder(string) error { return errors.ErrUnsupported }
