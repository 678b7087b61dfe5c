// Package redistest starts real Redis servers for tests and measurements: the program
// redis-server, on free ports of the loopback interface, with a folder of its own, and
// nothing else of the machine's.
package redistest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// ErrMissing tells that there is no Redis on this machine.
var ErrMissing = errors.New("redis-server is not installed: apt-get install redis-server")

// Server is one running redis-server.
type Server struct {
	Addr string // host:port
	dir  string
	args []string
	cmd  *exec.Cmd
	dead chan struct{}
}

// URL is what a client connects to.
func (s *Server) URL() string { return "redis://" + s.Addr + "/0" }

// Start starts a server with more arguments, such as "--maxmemory", "10mb". It writes
// nothing to a disk unless they say so. Close it.
func Start(args ...string) (*Server, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, ErrMissing
	}
	dir, err := os.MkdirTemp("", "ajwt-redis-")
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &Server{Addr: "127.0.0.1:" + port, dir: dir}
	s.args = append([]string{program, "--port", port, "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "no",
		"--daemonize", "no", "--logfile", filepath.Join(dir, "log")}, args...)
	if err := s.run(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return s, nil
}

// ForTest is Start for a test: it fails where there is no Redis, and never skips.
func ForTest(t testing.TB, args ...string) *Server {
	t.Helper()
	s, err := Start(args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// ClusterForTest starts a cluster of one node, which has all slots: it refuses scripts
// whose keys lie in several.
func ClusterForTest(t testing.TB) *Server {
	t.Helper()
	bus, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	s := ForTest(t, "--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-require-full-coverage", "no")
	if _, err := s.Do("CLUSTER", "ADDSLOTSRANGE", "0", "16383"); err != nil {
		t.Fatal(err)
	}
	if err := s.await(func() bool {
		answer, err := s.Do("CLUSTER", "INFO")
		return err == nil && strings.Contains(answer, "cluster_state:ok")
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}

func (s *Server) run() error {
	s.cmd = exec.Command(s.args[0], s.args[1:]...)
	if err := s.cmd.Start(); err != nil {
		return err
	}
	dead := make(chan struct{})
	s.dead = dead
	go func() { s.cmd.Wait(); close(dead) }()
	if err := s.await(func() bool { answer, err := s.Do("PING"); return err == nil && answer == "PONG" }); err != nil {
		s.Kill()
		return err
	}
	return nil
}

// await waits until a condition holds.
func (s *Server) await(holds func() bool) error {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return nil
		}
		select {
		case <-s.dead:
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("redis-server ended: %s", log)
		default:
		}
	}
	return errors.New("redis-server is not ready after 20 seconds")
}

// Kill ends the server at once; what it held in memory is lost.
func (s *Server) Kill() {
	s.cmd.Process.Kill()
	<-s.dead
}

// Restart kills the server and starts it anew at the same address.
func (s *Server) Restart() error {
	s.Kill()
	return s.run()
}

// Close ends the server and removes its folder.
func (s *Server) Close() {
	s.Kill()
	os.RemoveAll(s.dir)
}

// Do sends one command and gives its answer as text: what follows the type's sign, or
// the bulk string.
func (s *Server) Do(command ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	c, err := new(net.Dialer).DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(2 * time.Second))
	text := fmt.Sprintf("*%d\r\n", len(command))
	for _, word := range command {
		text += fmt.Sprintf("$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := c.Write([]byte(text)); err != nil {
		return "", err
	}
	in := bufio.NewReader(c)
	line, err := in.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimSpace(line)
	switch line[0] {
	case '-':
		return "", errors.New(line[1:])
	case '$':
		n, err := strconv.Atoi(line[1:])
		if err != nil || n < 0 {
			return "", err
		}
		bulk := make([]byte, n)
		for have := 0; have < n; {
			m, err := in.Read(bulk[have:])
			if err != nil {
				return "", err
			}
			have += m
		}
		return string(bulk), nil
	}
	return line[1:], nil
}
