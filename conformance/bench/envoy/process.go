package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a program that the bench started, and ends.
type process struct {
	cmd  *exec.Cmd
	log  bytes.Buffer
	done chan struct{}
}

func start(name string, env []string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(name, args...), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	p.cmd.Env = append(os.Environ(), env...)
	// Nothing stays behind, whatever becomes of the bench.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { _ = p.cmd.Wait(); close(p.done) }()
	return p, nil
}

// stop ends the process and returns what it wrote.
func (p *process) stop() string {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	return p.log.String()
}

func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// cpu is what all threads of the process have spent, in nanoseconds.
func (p *process) cpu() (int64, error) {
	folder := fmt.Sprintf("/proc/%d/task", p.cmd.Process.Pid)
	threads, err := os.ReadDir(folder)
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, thread := range threads {
		text, err := os.ReadFile(filepath.Join(folder, thread.Name(), "schedstat"))
		if errors.Is(err, os.ErrNotExist) {
			continue // it has just ended
		}
		if err != nil {
			return 0, err
		}
		n, err := spent(text)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// spent reads the first number of schedstat: nanoseconds on a processor
// (Documentation/scheduler/sched-stats.rst of Linux).
func spent(schedstat []byte) (int64, error) {
	first, _, ok := bytes.Cut(schedstat, []byte(" "))
	if !ok {
		return 0, fmt.Errorf("schedstat: %q", schedstat)
	}
	return strconv.ParseInt(string(first), 10, 64)
}

// rss is the resident memory of the process, bytes.
func (p *process) rss() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, ok := strings.Cut(string(text), "VmRSS:")
	if !ok {
		return 0, errors.New("no VmRSS")
	}
	line, _, _ := strings.Cut(rest, "\n")
	kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(line), " kB"), 10, 64)
	return kilobytes << 10, err
}

// readyWithin is for a machine that does much else: the module is compiled first.
const readyWithin = 3 * time.Minute

// waitFor waits until the administration interface says text.
func (p *process) waitFor(admin int, path, text string) error {
	client := http.Client{Timeout: 5 * time.Second}
	var body bytes.Buffer
	for end := time.Now().Add(readyWithin); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if !p.running() {
			return fmt.Errorf("it has ended:\n%s", tail(p.log.String()))
		}
		res, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d%s", admin, path))
		if err != nil {
			continue
		}
		body.Reset()
		_, err = body.ReadFrom(res.Body)
		_ = res.Body.Close()
		if err == nil && strings.Contains(body.String(), text) {
			return nil
		}
	}
	return fmt.Errorf("%s does not say %q: %s", path, text, body.String())
}

func tail(text string) string { return text[max(0, len(text)-4000):] }

func freePort() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
