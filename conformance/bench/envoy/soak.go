package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

const (
	soakLimit   = 16 << 20 // bytes of linear memory of a worker
	soakReports = 10
	soakBatch   = 5000             // requests that are minted at once
	soakRenewal = 10 * time.Second // after which the agents get new tokens
	soakRefused = 4                // one request of so many names an unknown key
	// soakVersion is how long a bundle stands before its successor is served. The filter
	// asks once a minute: while a new one is read, both are in memory.
	soakVersion = 60 * time.Second
)

// soak sends so many requests through one worker that has the largest admitted bundle in
// force, and a new version of it every minute: cached tokens and new ones, each with a
// fresh proof, and refusals. It fails when linear memory is above its bound.
func soak(s settings, w io.Writer, requests int) error {
	folder, err := os.MkdirTemp("", "ajwt-soak-envoy-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	g := newGroup("ES256")
	documents, err := serveBundle(g)
	if err != nil {
		return err
	}
	defer documents.close()
	port, admin := freePort(), freePort()
	const cluster = "documents"
	p, err := startEnvoyAt(s, folder, admin, []object{listener(port, wasm(s.module, "ajwt", g.bundlePolicy(cluster), true))},
		[]object{plainCluster(cluster, documents.port)})
	if err != nil {
		return err
	}
	defer p.stop()
	if err := p.waitFor(admin, "/stats?filter=ajwt.ready", "ajwt.ready: 1"); err != nil {
		return err
	}
	c, err := dial(port, s.connections)
	if err != nil {
		return err
	}
	defer c.close()
	fmt.Fprintf(w, "a bundle of %d agents, %d bytes\n%9s  %13s  %12s  %s\n", documents.agents, documents.size, "requests", "linear memory", "resident", "bundles")
	u := soaker{group: g}
	for done := 0; done < requests; {
		next := min(done+max(requests/soakReports, 1), requests)
		for done < next {
			n := min(soakBatch, next-done)
			if _, err := c.send(u.requests(n)); err != nil {
				return fmt.Errorf("after %d requests: %w", done, err)
			}
			done += n
		}
		memory, err := linearMemory(admin)
		if err != nil {
			return err
		}
		resident, err := p.rss()
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%9d  %13s  %12s  %d\n", done, mebibytes(memory), mebibytes(resident), documents.count())
		if memory > soakLimit {
			return fmt.Errorf("%s of linear memory after %d requests, want at most %s", mebibytes(memory), done, mebibytes(soakLimit))
		}
	}
	fmt.Fprintf(w, "reached: at most %s\n", mebibytes(soakLimit))
	return nil
}

// soaker mints the requests.
type soaker struct {
	group   *group
	renewed time.Time
	serial  int
}

func (u *soaker) requests(n int) []message {
	g, now := u.group, time.Now()
	if now.Sub(u.renewed) > soakRenewal {
		u.renewed, g.known = now, nil
		for i := range g.agents {
			g.known = append(g.known, g.agentToken(i, now.Unix()))
		}
	}
	out := make([]message, n)
	for i := range out {
		u.serial++
		agent := u.serial % agents
		token, want := g.known[agent], 200
		if u.serial%soakRefused == 0 {
			token, want = g.refusedToken(agent, now.Unix()), 401
		}
		out[i] = message{requestBytes(path(agent, true), token, g.proof(agent, token, now.Unix())), want}
	}
	return out
}

// bundleServer serves the largest bundle, and its successors.
type bundleServer struct {
	group        *group
	listener     net.Listener
	port         int
	agents, size int

	mu      sync.Mutex
	bundle  string
	version int
	signed  time.Time
}

func serveBundle(g *group) (*bundleServer, error) {
	s := &bundleServer{group: g}
	if err := s.sign(); err != nil {
		return nil, err
	}
	var err error
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	s.port = s.listener.Addr().(*net.TCPAddr).Port
	go func() { _ = http.Serve(s.listener, s) }()
	return s, nil
}

func (s *bundleServer) close() { _ = s.listener.Close() }

// sign makes the next version.
func (s *bundleServer) sign() error {
	now := time.Now()
	s.version++
	bundle, n, err := s.group.largestBundle(s.version, now.Unix())
	if err != nil {
		return err
	}
	s.bundle, s.signed, s.agents, s.size = bundle, now, n, len(bundle)
	return nil
}

// count is the number of versions so far.
func (s *bundleServer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.version
}

func (s *bundleServer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.signed) > soakVersion {
		if err := s.sign(); err != nil {
			w.WriteHeader(500)
			return
		}
	}
	_, _ = io.WriteString(w, s.bundle)
}
