//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package receipts

import (
	"errors"
	"os"
	"syscall"
)

// openExclusive opens or makes the file and takes the lock that ends with the process,
// however it ends. flag is 0 or os.O_EXCL.
func openExclusive(path string, flag int) (*os.File, error) {
	// Without O_NONBLOCK, opening a named pipe would wait for its other end.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NONBLOCK|flag, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err != syscall.EINTR {
			break
		}
	}
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, ErrLocked
	}
	return nil, &os.PathError{Op: "flock", Path: path, Err: err}
}

// syncFolder makes the name of a new file durable.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
