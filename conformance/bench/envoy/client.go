package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// client sends requests over connections that stay open, one at a time over each. What it
// spends is nobody's: it is the process that does not count.
type client struct {
	conns []*conn
}

type conn struct {
	net.Conn
	r *bufio.Reader
}

// answerWithin is for a machine that does much else; it is no measure.
const answerWithin = 60 * time.Second

func dial(port, connections int) (*client, error) {
	c := &client{}
	for range connections {
		n, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			c.close()
			return nil, err
		}
		c.conns = append(c.conns, &conn{n, bufio.NewReaderSize(n, 16<<10)})
	}
	return c, nil
}

func (c *client) close() {
	for _, n := range c.conns {
		_ = n.Close()
	}
}

// message is a request as the bytes of HTTP/1.1, and the status that its answer must have:
// nobody measures refusals by mistake.
type message struct {
	bytes []byte
	want  int
}

// send sends every request once and waits for all answers. The latencies are in
// nanoseconds, in the order of the requests.
func (c *client) send(requests []message) ([]int64, error) {
	latencies := make([]int64, len(requests))
	var next atomic.Int64
	errs := make([]error, len(c.conns))
	var wait sync.WaitGroup
	for i, n := range c.conns {
		wait.Add(1)
		go func() {
			defer wait.Done()
			_ = n.SetDeadline(time.Now().Add(answerWithin))
			for {
				at := int(next.Add(1)) - 1
				if at >= len(requests) {
					return
				}
				began := time.Now()
				status, body, err := n.exchange(requests[at].bytes)
				latencies[at] = int64(time.Since(began))
				if want := requests[at].want; err == nil && status != want {
					err = fmt.Errorf("status %d, want %d: %s", status, want, body)
				}
				if err != nil {
					errs[i] = err
					next.Add(int64(len(requests))) // the others stop too
					return
				}
			}
		}()
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return latencies, nil
}

// exchange sends the bytes of a request and reads the answer.
func (c *conn) exchange(request []byte) (status int, body []byte, err error) {
	if _, err := c.Write(request); err != nil {
		return 0, nil, err
	}
	return readAnswer(c.r)
}

// readAnswer reads an answer that states its length, as Envoy's own and local ones do.
func readAnswer(r *bufio.Reader) (status int, body []byte, err error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return 0, nil, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, nil, fmt.Errorf("not an answer: %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, nil, err
	}
	length := -1
	for {
		if line, err = r.ReadSlice('\n'); err != nil {
			return 0, nil, err
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			break
		}
		if bytes.EqualFold(name, []byte("content-length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, nil, err
			}
		}
	}
	if length < 0 || length > 1<<20 {
		return 0, nil, fmt.Errorf("an answer of %d bytes", length)
	}
	if status != 200 {
		body = make([]byte, length)
		for n := 0; n < length; {
			m, err := r.Read(body[n:])
			if err != nil {
				return 0, nil, err
			}
			n += m
		}
		return status, body, nil
	}
	_, err = r.Discard(length)
	return status, nil, err
}

// quantile of values; 0 for none.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

func median(values []float64) float64 { return quantile(values, 0.5) }
