// Command overlay writes an overlay for go build that takes poll_oneoff out of Go's
// run-time system for wasip1, and prints the path of the overlay file.
//
//	go build -overlay "$(go run ./wasm/proxywasm/overlay build/overlay)" …
//
// Envoy before 1.39, nginx's module and Apache Traffic Server's plugin answer poll_oneoff
// with ENOSYS. Go throws at that, at the first garbage collection after a timer was used
// or the heap has shrunk: the module dies after thousands of requests. It needs neither
// sleep nor the poller: the proxy calls it, and it never waits.
//
// The files are made from those of the Go toolchain that builds. Where these no longer
// hold what is to be changed, exactly once, the command fails.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: overlay FOLDER")
		os.Exit(2)
	}
	path, err := write(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "overlay:", err)
		os.Exit(1)
	}
	fmt.Println(path)
}

func write(folder string) (string, error) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	runtime := filepath.Join(strings.TrimSpace(string(out)), "src", "runtime")
	folder, err = filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	replace := make(map[string]string)
	for _, f := range []struct {
		name, from string
		change     func(string) (string, error)
	}{
		{"netpoll_wasip1.go", "netpoll_fake.go", withoutPoller},
		{"os_wasip1.go", "os_wasip1.go", withoutPoll},
	} {
		text, err := os.ReadFile(filepath.Join(runtime, f.from))
		if err != nil {
			return "", err
		}
		changed, err := f.change(string(text))
		if err != nil {
			return "", fmt.Errorf("%s: %w", f.from, err)
		}
		file := filepath.Join(folder, f.name)
		formatted, err := format.Source([]byte(changed))
		if err != nil {
			return "", fmt.Errorf("%s: %w", f.from, err)
		}
		if err := os.WriteFile(file, formatted, 0o644); err != nil {
			return "", err
		}
		replace[filepath.Join(runtime, f.name)] = file
	}
	text, err := json.MarshalIndent(map[string]any{"Replace": replace}, "", " ")
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "overlay.json")
	return path, os.WriteFile(path, text, 0o644)
}

// withoutPoller makes the poller of GOOS=js, which polls nothing, that of wasip1.
func withoutPoller(text string) (string, error) {
	return replaced(text, "//go:build js && wasm\n", "//go:build wasip1\n")
}

// withoutPoll takes the import away, and from usleep what called it.
func withoutPoll(text string) (string, error) {
	text, err := replaced(text, "//go:wasmimport wasi_snapshot_preview1 poll_oneoff\n//go:noescape\n"+
		"func poll_oneoff(in *subscription, out *event, nsubscriptions size, nevents *size) errno\n", "")
	if err != nil {
		return "", err
	}
	head, rest, found := strings.Cut(text, "func usleep(usec uint32) {\n")
	body, rest, closed := strings.Cut(rest, "\n}\n")
	if !found || !closed || strings.Count(body, "poll_oneoff(") != 1 {
		return "", errors.New("usleep is not as it was")
	}
	text = head + "func usleep(usec uint32) {}\n" + rest
	if strings.Contains(text, "poll_oneoff") {
		return "", errors.New("poll_oneoff is called elsewhere")
	}
	return text, nil
}

// replaced replaces what must stand in the text exactly once.
func replaced(text, old, new string) (string, error) {
	if strings.Count(text, old) != 1 {
		return "", fmt.Errorf("want once: %q", old)
	}
	return strings.Replace(text, old, new, 1), nil
}
