package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9/logging"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/hosts/replaystore"
)

// secretVariable is the environment variable with the secret of the store's callers.
const secretVariable = "AJWT_REPLAY_SECRET"

var replayStoreCommand = &command{
	name:     "replay-store",
	summary:  "serve a replay memory that several hosts share, over HTTP",
	synopsis: "(--redis URL|@FILE | --memory) [--listen ADDRESS] [flags]",
	about: `
Serves POST /v1/replay and GET /healthz (spec/replay.md), for hosts that can only call
HTTP. The memory is in Redis 7, so that several of these processes are one store, or
with --memory in this process, for small installations: then there must be one process,
and a restart is a cold start.

Callers with clocks that differ from this one's by more than --clock-difference seconds
are refused or, worse, may have an entry forgotten while they still take its proof.

The secret that callers must send as a bearer token comes from ` + secretVariable + ` or from
--secret-file; without one everybody who can reach the address is served. Give a Redis
URL with a password as @FILE: what stands on a command line is visible to others.

It ends on SIGINT or SIGTERM after the requests that have begun.

Exit code 0: ended as it was told; 2: it could not start, with every fault of the
flags, or could not go on.`,
	examples: `
ajwt replay-store --memory
ajwt replay-store --listen 127.0.0.1:8787 --redis redis://127.0.0.1:6379/0
ajwt replay-store --listen 10.0.0.5:8787 --redis @redis-url.txt --cluster --tls-cert cert.pem --tls-key key.pem --secret-file secret.txt`,
	run: runReplayStore,
}

// replayConfig is what the flags say.
type replayConfig struct {
	address          string
	redis            *replaystore.RedisOptions // nil: a memory of this process
	capacity, perTag int
	handler          replaystore.HandlerOptions
	tls              *tls.Config // nil: plain HTTP
}

func runReplayStore(c *call) (int, error) {
	config, err := readReplayConfig(c)
	if err != nil {
		return 0, err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return exitOK, config.serve(ctx, c, nil)
}

// readReplayConfig reads the flags and names all of their faults at once.
func readReplayConfig(c *call) (*replayConfig, error) {
	listen := c.text("listen", "ADDRESS", "host and port to listen on (default: 127.0.0.1:8787)")
	redisURL := c.text("redis", "URL|@FILE", "redis://[user:password@]host[:port][/database], rediss:// for TLS, or unix://path")
	memory := c.boolean("memory", "keep the memory in this process")
	cluster := c.boolean("cluster", "the Redis is a node of a Redis Cluster")
	authorities := c.text("redis-ca", "FILE", "certificate authorities of a rediss:// server, PEM (default: the system's)")
	waitReplicas := c.text("wait-replicas", "N", "how many replicas must have a key before it counts (default: 0)")
	connections := c.text("connections", "N", "the most connections to one Redis (default: 32)")
	timeout := c.text("timeout-ms", "N", "milliseconds for one question to Redis (default: 250)")
	capacity := c.text("capacity", "N", "entries of --memory (default: 262144)")
	perTag := c.text("per-tag", "N", "entries that one tag, which is a key's thumbprint, may hold of --memory (default: 4096, at most the capacity)")
	difference := c.text("clock-difference", "SECONDS", "by how much the clocks of callers and of this host may differ (default: 5)")
	certificate := c.text("tls-cert", "FILE", "certificate chain, PEM; with --tls-key")
	private := c.text("tls-key", "FILE", "private key, PEM")
	secretFile := c.text("secret-file", "FILE", "the secret that callers send as a bearer token")
	if err := c.parse(0, 0); err != nil {
		return nil, err
	}
	var faults []string
	fault := func(err error) {
		if err != nil {
			faults = append(faults, err.Error())
		}
	}
	number := func(d *definition, initial, least, most int64) int64 {
		n, err := d.integer(initial, least, most)
		fault(err)
		return n
	}
	o := &replayConfig{address: listen.or("127.0.0.1:8787")}
	if _, _, err := net.SplitHostPort(o.address); err != nil {
		fault(usagef("--listen: want host:port, have %s", quote(o.address, 80)))
	}
	o.handler.ClockDifference = number(difference, replaystore.DefaultClockDifference, 0, replaystore.MaxClockDifference)
	o.capacity = int(number(capacity, 262144, 1, 1<<24))
	o.perTag = min(int(number(perTag, 4096, 1, 1<<24)), o.capacity)
	if perTag.given() && o.perTag < int(number(perTag, 1, 1, 1<<24)) {
		fault(usagef("--per-tag: want at most --capacity, %d", o.capacity))
	}
	r := &replaystore.RedisOptions{
		Cluster: cluster.on(), ClockDifference: o.handler.ClockDifference,
		WaitReplicas: int(number(waitReplicas, 0, 0, 16)), Connections: int(number(connections, 32, 1, 10000)),
		Timeout: time.Duration(number(timeout, replaystore.DefaultTimeout.Milliseconds(), 1, 60000)) * time.Millisecond,
	}
	switch {
	case redisURL.given() == memory.on():
		fault(usagef("want one of --redis and --memory"))
	case memory.on():
		for _, d := range []*definition{&cluster.definition, authorities, waitReplicas, connections, timeout} {
			if d.given() {
				fault(usagef("--%s goes with --redis", d.name))
			}
		}
	default:
		for _, d := range []*definition{capacity, perTag} {
			if d.given() {
				fault(usagef("--%s goes with --memory", d.name))
			}
		}
		var err error
		r.URL, err = c.textOrFile(redisURL)
		fault(err)
		if authorities.given() {
			r.TLS, err = readAuthorities(c, authorities)
			fault(err)
		}
		if r.WaitReplicas > 0 && r.Cluster {
			fault(usagef("--wait-replicas does not go with --cluster"))
		}
		o.redis = r
	}
	var err error
	o.tls, err = readCertificate(certificate, private)
	fault(err)
	o.handler.Secret, err = readSecret(c, secretFile)
	fault(err)
	switch len(faults) {
	case 0:
		return o, nil
	case 1:
		return nil, usageError(faults[0])
	}
	return nil, usagef("%d faults:\n  %s", len(faults), strings.Join(faults, "\n  "))
}

func readAuthorities(c *call, d *definition) (*tls.Config, error) {
	data, err := c.readFile("--redis-ca", d.value())
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, usagef("--redis-ca: no certificate in %s", quote(d.value(), 200))
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}

func readCertificate(certificate, private *definition) (*tls.Config, error) {
	if !certificate.given() && !private.given() {
		return nil, nil
	}
	if !certificate.given() || !private.given() {
		return nil, usagef("--tls-cert and --tls-key go together")
	}
	pair, err := tls.LoadX509KeyPair(certificate.value(), private.value())
	if err != nil {
		return nil, usagef("--tls-cert, --tls-key: %s", fileFault(err))
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

// leastSecret is the least length of a secret in bytes: 16 random ones in base64url.
const leastSecret = 22

func readSecret(c *call, file *definition) (string, error) {
	secret, from := os.Getenv(secretVariable), secretVariable
	switch {
	case file.given() && secret != "":
		return "", usagef("the secret stands in --secret-file and in %s; give it once", secretVariable)
	case file.given():
		data, err := c.readFile("--secret-file", file.value())
		if err != nil {
			return "", err
		}
		secret, from = strings.TrimRight(string(data), "\r\n"), "--secret-file"
	case secret == "":
		return "", nil
	}
	for _, ch := range []byte(secret) {
		if ch <= ' ' || ch > '~' {
			return "", usagef("%s: want a secret of visible ASCII characters", from)
		}
	}
	if len(secret) < leastSecret {
		return "", usagef("%s: want a secret of at least %d characters", from, leastSecret)
	}
	return secret, nil
}

// store opens the memory.
func (o *replayConfig) store(ctx context.Context, c *call) (store ajwt.Replay, what string, end func() error, err error) {
	if o.redis == nil {
		m := replaystore.NewMemory(o.capacity, o.perTag, c.clock(), o.handler.ClockDifference)
		return m, "memory of this process", func() error { return nil }, nil
	}
	logging.Disable() // the client's own lines; ours say the same, once a second at most
	o.redis.OnError = throttled(func(err error) { fmt.Fprintf(c.stderr, "ajwt replay-store: redis: %s\n", printable(err.Error())) })
	r, err := replaystore.OpenRedis(ctx, *o.redis)
	if err != nil {
		return nil, "", nil, fmt.Errorf("--redis: %w", err)
	}
	for _, w := range r.Warnings() {
		fmt.Fprintf(c.stderr, "ajwt replay-store: warning: %s\n", w)
	}
	return r, "redis", r.Close, nil
}

// throttled passes on one error a second.
func throttled(report func(error)) func(error) {
	var mu sync.Mutex
	var last time.Time
	return func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); now.Sub(last) >= time.Second {
			last = now
			report(err)
		}
	}
}

// serve serves until the context ends, then lets the requests that have begun finish.
// started, if not nil, gets the address.
func (o *replayConfig) serve(ctx context.Context, c *call, started func(string)) error {
	store, what, end, err := o.store(ctx, c)
	if err != nil {
		return err
	}
	defer end()
	l, err := net.Listen("tcp", o.address)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	scheme := "http"
	if o.tls != nil {
		scheme = "https"
	}
	address := scheme + "://" + l.Addr().String()
	if host, _, _ := net.SplitHostPort(l.Addr().String()); !net.ParseIP(host).IsLoopback() {
		if o.handler.Secret == "" {
			fmt.Fprintf(c.stderr, "ajwt replay-store: warning: everybody who can reach %s can fill the memory; set %s\n", address, secretVariable)
		}
		if o.tls == nil {
			fmt.Fprintln(c.stderr, "ajwt replay-store: warning: without --tls-cert whoever is on the way can answer in its place")
		}
	}
	o.handler.Clock = c.clock
	s := &http.Server{
		Handler: replaystore.Handler(store, o.handler), TLSConfig: o.tls,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
	}
	fmt.Fprintf(c.stderr, "ajwt replay-store: %s, %s\n", address, what)
	if started != nil {
		started(address)
	}
	ended := make(chan error, 1)
	go func() {
		if o.tls != nil {
			ended <- s.ServeTLS(l, "", "")
		} else {
			ended <- s.Serve(l)
		}
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.Shutdown(patience); err != nil {
		return fmt.Errorf("some requests did not end: %w", err)
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
