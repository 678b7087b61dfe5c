package main

import (
	"bufio"
	"bytes"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// asked is a request as core takes it.
func asked(t *testing.T, m message) *ajwt.Request {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(string(m.bytes), "\r\n\r\n"), "\r\n")
	parts := strings.Split(lines[0], " ")
	require.Len(t, parts, 3)
	r := &ajwt.Request{Method: parts[0], Scheme: "https", Target: parts[1], Now: time.Now().Unix()}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ": ")
		require.True(t, ok, line)
		if name == "host" {
			r.Authority = value
			continue
		}
		r.Headers = append(r.Headers, ajwt.Header{Name: name, Value: value})
	}
	return r
}

// Core in this process accepts what the bench sends: a fault of the traffic is found here
// and not in a proxy's log.
func TestTrafficIsAccepted(t *testing.T) {
	byName, all := newGroups()
	p, err := ajwt.ParsePolicy([]byte(policy(all)))
	require.NoError(t, err)
	v, err := ajwt.NewVerifier(p, ajwt.Options{})
	require.NoError(t, err)
	for _, r := range allRows() {
		for _, m := range byName[r.alg].requests(r.load, 3) {
			d := v.Verify(asked(t, m))
			require.Equal(t, ajwt.Accept, d.Verdict, "%s: %s", r.name, d.Code)
			require.Equal(t, r.load.proof, bytes.Contains(m.bytes, []byte("\r\ndpop: ")))
		}
	}
}

func TestLargestBundle(t *testing.T) {
	g := newGroup("ES256")
	now := time.Now().Unix()
	bundle, n, err := g.largestBundle(1, now)
	require.NoError(t, err)
	require.LessOrEqual(t, len(bundle), bundleBytes)
	require.Greater(t, len(bundle), bundleBytes-4096, "one more agent would still be admitted")
	require.Greater(t, n, agents)
	p, err := ajwt.ParsePolicy([]byte(g.bundlePolicy("documents")))
	require.NoError(t, err)
	v, err := ajwt.NewVerifier(p, ajwt.Options{})
	require.NoError(t, err)
	_, err = v.Load(ajwt.KindBundle, g.issuer, []byte(bundle), now)
	require.NoError(t, err)
	u := soaker{group: g}
	for _, m := range u.requests(2 * soakRefused) {
		d := v.Verify(asked(t, m))
		if m.want == 200 {
			require.Equal(t, ajwt.Code(0), d.Code, d.Code.String())
			continue
		}
		require.Equal(t, ajwt.CodeKeyKidUnknown, d.Code)
		require.Equal(t, m.want, d.Status)
	}
}

func TestReadAnswer(t *testing.T) {
	read := func(text string) (int, string, error) {
		status, body, err := readAnswer(bufio.NewReader(strings.NewReader(text)))
		return status, string(body), err
	}
	r := bufio.NewReader(strings.NewReader("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\nHTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\n{}"))
	status, _, err := readAnswer(r)
	require.NoError(t, err)
	require.Equal(t, 200, status)
	status, body, err := readAnswer(r)
	require.NoError(t, err, "the answer after it")
	require.Equal(t, 401, status)
	require.Equal(t, "{}", string(body))
	for _, text := range []string{"", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok",
		"HTTP/1.1 2x0 OK\r\ncontent-length: 0\r\n\r\n", "SSH-2.0\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n"} {
		_, _, err := read(text)
		require.Error(t, err, text)
	}
}

func TestClientRefusesOtherStatus(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r := bufio.NewReader(c)
				for {
					if line, err := r.ReadString('\n'); err != nil {
						return
					} else if line == "\r\n" {
						_, _ = c.Write([]byte("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nbusy"))
					}
				}
			}()
		}
	}()
	c, err := dial(l.Addr().(*net.TCPAddr).Port, 2)
	require.NoError(t, err)
	defer c.close()
	one := func(want int) []message { return []message{{[]byte("GET / HTTP/1.1\r\n\r\n"), want}} }
	latencies, err := c.send(one(503))
	require.NoError(t, err)
	require.Len(t, latencies, 1)
	require.Positive(t, latencies[0])
	_, err = c.send(one(200))
	require.ErrorContains(t, err, "status 503, want 200: busy")
}

func TestCPU(t *testing.T) {
	n, err := spent([]byte("123456789 42 7\n"))
	require.NoError(t, err)
	require.Equal(t, int64(123456789), n)
	_, err = spent([]byte("none"))
	require.Error(t, err)

	p := &process{cmd: &exec.Cmd{Process: &os.Process{Pid: os.Getpid()}}}
	before, err := p.cpu()
	require.NoError(t, err)
	sum := 0
	for i := range 1 << 26 {
		sum += i * i
	}
	require.NotEqual(t, 1, sum)
	after, err := p.cpu()
	require.NoError(t, err)
	require.Greater(t, after, before)
	resident, err := p.rss()
	require.NoError(t, err)
	require.Greater(t, resident, int64(1<<20))
}

func TestReport(t *testing.T) {
	b := &bench{groups: map[string]*group{"ES256": newGroup("ES256")}, samples: make(map[string][]sample), rows: allRows()}
	cpu := map[string]float64{rowReference: 100, rowTarget: 130, rowServer: 200}
	for _, r := range b.rows {
		c := cpu[r.name]
		if c == 0 {
			c = 50
		}
		for round := range 5 {
			// Rounds differ by a factor: ratios within one do not.
			b.samples[r.name] = append(b.samples[r.name], sample{1000, 10, 20, c * float64(round+1)})
		}
	}
	r := b.report()
	require.Len(t, r.Targets, 2)
	require.InDelta(t, 1.3, r.Targets[0].Measured, 1e-9)
	require.False(t, r.Targets[0].Reached)
	require.InDelta(t, 0.65, r.Targets[1].Measured, 1e-9)
	require.True(t, r.Targets[1].Reached)
	require.False(t, r.reached())
	var text bytes.Buffer
	require.NoError(t, r.write(&text, false))
	require.Contains(t, text.String(), "| "+rowTarget+" | 390 | 1.30 | 1000 | 10 | 20 |")
	require.Contains(t, text.String(), "MISSED: 1.30 of at most 1.25")
	require.NoError(t, r.write(&text, true))
}

// Names of rows are unique, and those of targets are there: else a target would pass by
// being left out.
func TestRows(t *testing.T) {
	seen := make(map[string]bool)
	for _, r := range allRows() {
		require.False(t, seen[r.name], r.name)
		seen[r.name] = true
	}
	for _, name := range []string{rowReference, rowServer, rowTarget} {
		require.True(t, seen[name], name)
	}
	require.Equal(t, 2.5, median([]float64{4, 1, 3, 2}))
	require.Zero(t, median(nil))
}
