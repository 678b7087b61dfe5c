package replaystore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// prepare checks each server of the store and reads when it started empty.
func (r *Redis) prepare(ctx context.Context) error {
	if r.single != nil {
		return r.check(ctx, r.single)
	}
	cluster := r.client.(*redis.ClusterClient)
	if err := cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return r.check(ctx, node) }); err != nil {
		return err
	}
	return r.markSlots(ctx, cluster)
}

// markSlots sets the markers of all slots that have none, so that a slot without one
// is a slot that lost it, and reads the others.
func (r *Redis) markSlots(ctx context.Context, cluster *redis.ClusterClient) error {
	const batch = 1024
	names, now := slotMarkers(), strconv.FormatInt(r.o.Clock(), 10)
	for ; len(names) > 0; names = names[batch:] {
		pipe := cluster.Pipeline()
		cmds := make([]*redis.StatusCmd, batch)
		for i, name := range names[:batch] {
			cmds[i] = pipe.SetArgs(ctx, name, now, redis.SetArgs{Mode: "NX", Get: true})
		}
		if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		for _, cmd := range cmds {
			text, err := cmd.Result()
			if errors.Is(err, redis.Nil) {
				text, err = now, nil
			}
			start, bad := strconv.ParseInt(text, 10, 64)
			if err != nil || bad != nil {
				return errors.New("a marker of a slot cannot be read")
			}
			r.start.raise(start)
		}
	}
	return nil
}

// check holds one server to what a replay memory needs.
func (r *Redis) check(ctx context.Context, server *redis.Client) error {
	if err := server.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("the server does not answer: %w", err)
	}
	info, err := server.Info(ctx).Result()
	r.checking.Lock()
	defer r.checking.Unlock()
	if err != nil {
		r.readRun = false
		r.warn("INFO is refused: whether the server evicts entries is unknown, and its restarts go unnoticed")
	}
	var faults []string
	if version := field(info, "redis_version"); version != "" {
		major, _, _ := strings.Cut(version, ".")
		if n, err := strconv.Atoi(major); err != nil || n < 7 {
			faults = append(faults, "want Redis 7 at least, have "+version)
		}
	}
	if role := field(info, "role"); role != "" && role != "master" {
		faults = append(faults, "the server is a replica and cannot be written to")
	}
	policy := field(info, "maxmemory_policy")
	if policy == "" {
		if answer, err := server.ConfigGet(ctx, "maxmemory-policy").Result(); err == nil {
			policy = answer["maxmemory-policy"]
		}
	}
	switch policy {
	case "noeviction":
	case "":
		r.warn("the server does not tell its maxmemory-policy; anything but noeviction forgets live entries")
	default:
		faults = append(faults, "maxmemory-policy is "+policy+", which forgets live entries: want noeviction")
	}
	if len(faults) > 0 {
		return errors.New(strings.Join(faults, "; "))
	}
	if r.o.WaitReplicas > 0 {
		if have, err := strconv.Atoi(field(info, "connected_slaves")); err == nil && have < r.o.WaitReplicas {
			return fmt.Errorf("the server has %d replicas, fewer than the %d to wait for", have, r.o.WaitReplicas)
		}
	}
	if r.single != nil && !r.readRun {
		return r.noteRun(ctx, server, "unknown")
	}
	return nil
}

func (r *Redis) warn(text string) {
	for _, w := range r.warnings {
		if w == text {
			return
		}
	}
	r.warnings = append(r.warnings, text)
}

// onConnect looks at the server behind each new connection: one that runs anew, or that
// took over from another, may have lost what was recorded last, whatever it says.
func (r *Redis) onConnect(ctx context.Context, c *redis.Conn) error {
	info, err := c.Info(ctx, "server", "replication").Result()
	if err != nil {
		if isAnswer(err) {
			return nil // refused: prepare has said so
		}
		return err
	}
	run := field(info, "run_id")
	switch {
	case run == "" || field(info, "role") != "master":
		return nil // it takes no entries
	case r.single != nil:
		return r.noteRun(ctx, c, run)
	}
	id, err := c.Do(ctx, "CLUSTER", "MYID").Text()
	if err != nil {
		return err
	}
	if before, known := r.runs.Swap(id, run); known && before != run {
		r.start.raise(r.o.Clock())
	}
	return nil
}

// isAnswer tells an error that the server gave from a connection that failed.
func isAnswer(err error) bool {
	var answer redis.Error
	return errors.As(err, &answer)
}

// noteRun runs startScript on a server or a connection.
func (r *Redis) noteRun(ctx context.Context, c redis.Scripter, run string) error {
	start, err := c.Eval(ctx, startScript.text, []string{startName, runName}, run, r.o.Clock()).Int64Slice()
	if err != nil {
		return err
	}
	if len(start) != 1 || start[0] <= 0 {
		return errors.New("the marker of the start cannot be read")
	}
	r.start.raise(start[0])
	return nil
}

// field finds the value of one line of INFO.
func field(info, name string) string {
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), name+":"); ok {
			return value
		}
	}
	return ""
}
