package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// checkpoint is a search on disk. The table of distinguished points is all there is:
// trails under way are walked again.
type checkpoint struct {
	Settings settings `json:"settings"`
	Progress progress `json:"progress"`
}

// loadCheckpoint reads what a search with these settings has done. A file that does not
// exist is a search not begun; one of another search is an error, for its points would
// be of no use.
func loadCheckpoint(path string, s settings) (progress, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return progress{}, nil
	}
	if err != nil {
		return progress{}, err
	}
	var c checkpoint
	if err := decodeStrict(data, &c); err != nil {
		return progress{}, fmt.Errorf("%s: %w", path, err)
	}
	if c.Settings != s {
		return progress{}, fmt.Errorf("%s: the checkpoint of another search", path)
	}
	return c.Progress, nil
}

// saveCheckpoint writes the file whole or not at all.
func saveCheckpoint(path string, s settings, done progress) error {
	data, err := json.Marshal(checkpoint{s, done})
	if err != nil {
		return err
	}
	return writeFile(path, data)
}

// decodeStrict reads one JSON value and nothing after it, without unknown members.
func decodeStrict(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return errors.New("more than one JSON value")
	}
	return nil
}

// writeFile replaces the file by way of another in the same directory.
func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
