package replaystore

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// RedisOptions say where the Redis is and how it is used.
type RedisOptions struct {
	// URL is redis://[user:password@]host[:port][/database], rediss:// for TLS with the
	// system's certificate authorities, or unix://path. It is never logged.
	URL string
	// TLS is for authorities and certificates of one's own, with rediss://; nil means
	// the system's.
	TLS *tls.Config
	// Cluster tells that the server is a node of a Redis Cluster; the others are found.
	Cluster bool
	// Timeout bounds one Record: DefaultTimeout where it is 0.
	Timeout time.Duration
	// Connections is the most connections to one server: 32 where it is 0.
	Connections int
	// ClockDifference is by how many seconds the clocks of the hosts may differ, 0 to
	// MaxClockDifference. DefaultClockDifference is a good value.
	ClockDifference int64
	// WaitReplicas is how many replicas must have the keys before they count as taken
	// (the command WAIT): with one, a replica that takes over has lost nothing that was
	// accepted. Not with Cluster.
	WaitReplicas int
	// OnError is told why there was no answer, if not nil: errors name addresses, never
	// passwords, tokens or keys. It is called on the path of requests and concurrently.
	OnError func(error)
	// Clock is the NumericDate of now; nil means the system's clock.
	Clock func() int64
}

// Redis is a replay memory in a Redis server, version 7, or cluster of them. It is safe
// for concurrent use.
type Redis struct {
	o        RedisOptions
	client   redis.UniversalClient
	single   *redis.Client // nil for a cluster
	start    newest        // what the store's markers say
	runs     sync.Map      // of a cluster: node id to run id
	checking sync.Mutex    // the two below, while the store is opened
	readRun  bool          // INFO is readable, so restarts are noticed
	warnings []string
}

// OpenRedis connects and checks that the server can be a replay memory: it can be
// written to, has version 7 at least, and evicts nothing. What cannot be checked is in
// Warnings.
func OpenRedis(ctx context.Context, o RedisOptions) (*Redis, error) {
	r := &Redis{o: o, readRun: true}
	if err := r.connect(); err != nil {
		return nil, err
	}
	if err := r.prepare(ctx); err != nil {
		r.client.Close()
		return nil, fmt.Errorf("replaystore: %w", err)
	}
	return r, nil
}

// connect reads the options and makes the client, which connects when it is used.
func (r *Redis) connect() error {
	o := &r.o
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Connections == 0 {
		o.Connections = 32
	}
	if o.Clock == nil {
		o.Clock = func() int64 { return time.Now().Unix() }
	}
	// The URL's own errors are not passed on: they would repeat the password.
	single, err := redis.ParseURL(o.URL)
	scheme, rest, _ := strings.Cut(o.URL, "://")
	switch {
	case err != nil || strings.Contains(rest, "?") || scheme == "" || rest == "":
		return errors.New("replaystore: RedisOptions.URL: want redis://, rediss:// or unix:// without parameters")
	case o.TLS != nil && single.TLSConfig == nil:
		return errors.New("replaystore: RedisOptions.TLS: want a URL with rediss://")
	case o.Timeout < time.Millisecond || o.Timeout > time.Minute:
		return errors.New("replaystore: RedisOptions.Timeout: want a millisecond to a minute")
	case o.Connections < 1 || o.Connections > 10000:
		return errors.New("replaystore: RedisOptions.Connections: want 1 to 10000")
	case o.ClockDifference < 0 || o.ClockDifference > MaxClockDifference:
		return fmt.Errorf("replaystore: RedisOptions.ClockDifference: want 0 to %d seconds", MaxClockDifference)
	case o.WaitReplicas < 0 || o.WaitReplicas > 16 || o.WaitReplicas > 0 && o.Cluster:
		return errors.New("replaystore: RedisOptions.WaitReplicas: want 0 to 16, and 0 for a cluster")
	case o.Cluster && single.DB != 0:
		return errors.New("replaystore: RedisOptions.URL: a cluster has database 0 alone")
	}
	if o.TLS != nil {
		name := single.TLSConfig.ServerName
		if single.TLSConfig = o.TLS.Clone(); single.TLSConfig.ServerName == "" {
			single.TLSConfig.ServerName = name
		}
	}
	// No retries: an answer that was lost rejects, and the client signs anew. A pool
	// that is empty for the whole timeout is an outage too.
	quiet := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	if o.Cluster {
		r.client = redis.NewClusterClient(&redis.ClusterOptions{
			Addrs: []string{single.Addr}, Username: single.Username, Password: single.Password, TLSConfig: single.TLSConfig,
			Protocol: 2, MaxRetries: -1, MaxRedirects: 3, // a move of slots; see script.nonce
			DialTimeout: o.Timeout, ReadTimeout: o.Timeout, WriteTimeout: o.Timeout, PoolTimeout: o.Timeout, ContextTimeoutEnabled: true,
			PoolSize: o.Connections, MaxActiveConns: o.Connections, DialerRetries: 1,
			DisableIdentity: true, MaintNotificationsConfig: quiet, OnConnect: r.onConnect,
		})
		return nil
	}
	single.Protocol, single.MaxRetries, single.DialerRetries = 2, -1, 1
	single.DialTimeout, single.ReadTimeout, single.WriteTimeout, single.PoolTimeout = o.Timeout, o.Timeout, o.Timeout, o.Timeout
	single.ContextTimeoutEnabled = true
	single.PoolSize, single.MaxActiveConns = o.Connections, o.Connections
	single.DisableIdentity, single.MaintNotificationsConfig, single.OnConnect = true, quiet, r.onConnect
	r.single = redis.NewClient(single)
	r.client = r.single
	return nil
}

// Warnings names what could not be checked when the store was opened.
func (r *Redis) Warnings() []string { return r.warnings }

// Close closes the connections.
func (r *Redis) Close() error { return r.client.Close() }

// Ping tells whether the server answers.
func (r *Redis) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.o.Timeout)
	defer cancel()
	return r.client.Ping(ctx).Err()
}

// Start implements ajwt.Replay: when the store was first seen empty, plus the clock
// difference. It costs nothing; Record keeps it current.
func (r *Redis) Start() int64 { return r.start.at.Load() + r.o.ClockDifference }

// Record implements ajwt.Replay: one call of a script, which sets every key or none.
func (r *Redis) Record(keys []ajwt.ReplayKey, now int64) (ajwt.ReplayResult, int) {
	result, seen, err := r.record(keys, now)
	if err != nil && r.o.OnError != nil {
		r.o.OnError(err)
	}
	return result, seen
}

func (r *Redis) record(keys []ajwt.ReplayKey, now int64) (ajwt.ReplayResult, int, error) {
	if !ajwt.OneTag(keys) || len(keys) > MaxKeys {
		return ajwt.ReplayUnavailable, 0, errors.New("replaystore: want 1 to 16 keys of one tag")
	}
	names := make([]string, 1, 1+len(keys))
	names[0] = r.marker(&keys[0])
	nonce := make([]byte, 12)
	rand.Read(nonce)
	args := make([]any, 3, 3+len(keys))
	args[0], args[1], args[2] = nonce, now, r.o.ClockDifference
	for i := range keys {
		if keys[i].Expires-now > MaxLife || now < 0 {
			return ajwt.ReplayUnavailable, 0, errors.New("replaystore: a key that lives longer than any policy admits")
		}
		names, args = append(names, string(appendName(nil, &keys[i]))), append(args, keys[i].Expires)
	}
	ctx, cancel := context.WithTimeout(context.Background(), r.o.Timeout)
	defer cancel()
	answer, err := r.run(ctx, recordScript, names, args)
	switch {
	case redis.IsOOMError(err) || redis.HasErrorPrefix(err, "OOM"):
		return ajwt.ReplayFull, 0, err
	case err != nil:
		return ajwt.ReplayUnavailable, 0, err
	}
	if len(answer) != 2 || answer[0] < -1 || answer[0] >= int64(len(keys)) || answer[1] <= 0 {
		return ajwt.ReplayUnavailable, 0, errors.New("replaystore: the script's answer is none")
	}
	r.start.raise(answer[1])
	if answer[0] >= 0 {
		return ajwt.ReplaySeen, int(answer[0]), nil
	}
	return ajwt.ReplayFresh, 0, nil
}

// run calls a script by its hash, and by its text where the server does not know it yet.
func (r *Redis) run(ctx context.Context, s *script, names []string, args []any) ([]int64, error) {
	answer, err := r.call(ctx, s, true, names, args)
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		answer, err = r.call(ctx, s, false, names, args)
	}
	return answer, err
}

func (r *Redis) call(ctx context.Context, s *script, byHash bool, names []string, args []any) ([]int64, error) {
	c := redis.Cmdable(r.client)
	var pipe redis.Pipeliner
	if r.o.WaitReplicas > 0 {
		pipe = r.single.Pipeline() // one connection: WAIT speaks of what was written on it
		c = pipe
	}
	var cmd *redis.Cmd
	if byHash {
		cmd = c.EvalSha(ctx, s.hash, names, args...)
	} else {
		cmd = c.Eval(ctx, s.text, names, args...)
	}
	if pipe == nil {
		return cmd.Int64Slice()
	}
	wait := pipe.Do(ctx, "WAIT", r.o.WaitReplicas, max(1, r.o.Timeout.Milliseconds()/2))
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	if have, err := wait.Int64(); err != nil || have < int64(r.o.WaitReplicas) {
		return nil, fmt.Errorf("replaystore: %d of %d replicas have the keys", have, r.o.WaitReplicas)
	}
	return cmd.Int64Slice()
}
