package conformance

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"
)

const (
	maxLine   = 1 << 20 // bytes of one answer, line end included
	maxStderr = 4 << 10 // bytes of standard error that are kept for the report: the last ones
)

// process is one run of an outside program. Its memory here is bounded: a line is
// held to maxLine, and the program waits once a few lines are unread.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    io.ReadCloser
	lines  chan line
	writes chan []byte
	stop   chan struct{} // closed by kill
	exited chan struct{} // closed once the program has ended and waitErr is set
	stderr tail

	waitErr error
	once    sync.Once
}

// line is one line of standard output without its end, or why there is none.
type line struct {
	text []byte
	err  error
}

var errLongLine = fmt.Errorf("a line of more than %d bytes", maxLine)

// startProcess starts the program in a process group of its own.
func startProcess(ctx context.Context, argv []string) (*process, error) {
	p := &process{
		cmd:    exec.CommandContext(ctx, argv[0], argv[1:]...),
		lines:  make(chan line, 2),
		writes: make(chan []byte),
		stop:   make(chan struct{}),
		exited: make(chan struct{}),
	}
	ownGroup(p.cmd)
	p.cmd.Stderr = &p.stderr
	p.cmd.WaitDelay = time.Second
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in, p.out = in, out
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	read := make(chan struct{})
	go p.read(out, read)
	go p.write()
	go func() {
		<-read // Wait closes the pipe, so everything must have been read
		p.waitErr = p.cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// read hands over the lines until the program closes its output or is killed.
func (p *process) read(out io.Reader, done chan<- struct{}) {
	defer close(done)
	r := bufio.NewReaderSize(out, 64<<10)
	for {
		l := readLine(r)
		select {
		case p.lines <- l:
		case <-p.stop:
			return
		}
		if l.err != nil {
			return
		}
	}
}

func readLine(r *bufio.Reader) line {
	var text []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(text)+len(part) > maxLine {
			return line{err: errLongLine}
		}
		text = append(text, part...)
		switch {
		case err == nil:
			return line{text: bytes.TrimSuffix(text, []byte("\n"))}
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(text) > 0:
			return line{err: io.ErrUnexpectedEOF}
		default:
			return line{err: io.EOF}
		}
	}
}

// write passes messages on, so that a program that does not read cannot hold us up.
func (p *process) write() {
	for {
		select {
		case text := <-p.writes:
			if _, err := p.in.Write(text); err != nil {
				return // the program has ended; the reader tells
			}
		case <-p.stop:
			return
		}
	}
}

// exchange sends one message and waits for the one line that answers it.
func (p *process) exchange(ctx context.Context, text []byte, timeout time.Duration) ([]byte, *Fault) {
	select {
	case l := <-p.lines:
		if l.err == nil {
			return nil, &Fault{FaultProtocol, "a line that no message asked for: " + clip(l.text)}
		}
		return nil, p.ended(l.err)
	default:
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case p.writes <- text:
	case <-timer.C:
		return nil, &Fault{FaultHang, "it does not read its input"}
	}
	select {
	case l := <-p.lines:
		if l.err != nil {
			return nil, p.ended(l.err)
		}
		return l.text, nil
	case <-timer.C:
		return nil, &Fault{FaultHang, fmt.Sprintf("no answer within %v", timeout)}
	case <-ctx.Done():
		return nil, &Fault{FaultHang, "the run was stopped"}
	}
}

// ended tells why there is no further line.
func (p *process) ended(err error) *Fault {
	if errors.Is(err, errLongLine) {
		return &Fault{FaultProtocol, err.Error()}
	}
	detail := "it closed its output"
	select {
	case <-p.exited:
		detail = "it ended"
		if p.waitErr != nil {
			detail = p.waitErr.Error()
		}
	case <-time.After(time.Second):
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		detail += " in the middle of a line"
	}
	if s := p.stderr.String(); s != "" {
		detail += "; its last words: " + s
	}
	return &Fault{FaultCrash, detail}
}

// finish closes the input and waits for the program to end by itself.
func (p *process) finish(timeout time.Duration) *Fault {
	defer p.kill()
	_ = p.in.Close()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case l := <-p.lines:
		if l.err == nil {
			return &Fault{FaultProtocol, "a line after the answer to bye: " + clip(l.text)}
		}
		if !errors.Is(l.err, io.EOF) {
			return p.ended(l.err)
		}
	case <-timer.C:
		return &Fault{FaultHang, "it did not end after bye"}
	}
	select {
	case <-p.exited:
	case <-timer.C:
		return &Fault{FaultHang, "it did not end after bye"}
	}
	if p.waitErr != nil {
		return &Fault{FaultCrash, "after bye: " + p.waitErr.Error()}
	}
	return nil
}

// kill ends the program and everything that it started, and waits for it.
func (p *process) kill() {
	p.once.Do(func() {
		killGroup(p.cmd)
		close(p.stop)
		_ = p.in.Close()
		_ = p.out.Close() // ends the reader even if a grandchild holds the other end
	})
	<-p.exited
}

// clip shortens a line for a report.
func clip(text []byte) string {
	s := strings.ToValidUTF8(string(text[:min(len(text), 200)]), "?")
	if len(text) > 200 {
		s += "…"
	}
	return s
}

// tail keeps the last bytes that were written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b[max(0, len(b)-maxStderr):]...)
	if len(t.text) > maxStderr {
		t.text = append(t.text[:0], t.text[len(t.text)-maxStderr:]...)
	}
	return len(b), nil
}

// String returns the last lines as one.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(t.text)), "\n")
	return clip([]byte(strings.Join(lines[max(0, len(lines)-3):], " | ")))
}
