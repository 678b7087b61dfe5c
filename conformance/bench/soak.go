package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tetratelabs/wazero/experimental"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/hosts/embed"
)

const (
	soakDecisions = 200000
	soakReports   = 10 // so every 20,000 decisions
	soakKeys      = 16
	soakBatch     = 1000 // decisions that are minted at once
	soakSeconds   = 10   // that Now advances with each batch: a proof lives for two minutes
	soakRenewal   = 20   // seconds after which an agent gets a new token: what is remembered of tokens is full before the half
	soakLimit     = 16 << 20
)

// meter is the linear memory of the module, which thus need not be asked for its
// size. Linear memory never shrinks, so its size is its high-water mark.
type meter struct {
	data      []byte
	instances int
}

// Allocate implements experimental.MemoryAllocator.
func (m *meter) Allocate(_, _ uint64) experimental.LinearMemory {
	m.instances++
	return m
}

// Reallocate implements experimental.LinearMemory.
func (m *meter) Reallocate(size uint64) []byte {
	if size > uint64(cap(m.data)) {
		m.data = append(make([]byte, 0, size), m.data...)
	}
	m.data = m.data[:size]
	return m.data
}

// Free implements experimental.LinearMemory.
func (m *meter) Free() {}

func (m *meter) size() int { return len(m.data) }

// soak has one instance decide, half rejects before any signature and half known
// tokens with a fresh proof, and watches its linear memory: at most 16 MiB, and no
// growth in the second half. The replay memory is the host's, as always with embed.
func soak(w io.Writer, module []byte, decisions int) error {
	u, err := watch(w, module, decisions)
	if err != nil {
		return err
	}
	if err := u.judge(); err != nil {
		return err
	}
	fmt.Fprintf(w, "reached: at most %s, flat over the second half\n", mebibytes(soakLimit))
	return nil
}

// usage is what linear memory came to, in bytes.
type usage struct {
	half, end int // after half of the decisions, and after all
	instances int
}

func (u usage) judge() error {
	switch {
	case u.instances != 1:
		return fmt.Errorf("soak: %d instances were made, want 1", u.instances)
	case u.end > soakLimit:
		return fmt.Errorf("soak: %s of linear memory, want at most %s", mebibytes(u.end), mebibytes(soakLimit))
	case u.end > u.half:
		return errors.New("soak: linear memory grew in the second half")
	}
	return nil
}

func watch(w io.Writer, module []byte, decisions int) (u usage, err error) {
	g := newGroup("Ed25519", "EdDSA", newAgents("Ed25519")[:soakKeys])
	m := &meter{}
	ctx := experimental.WithMemoryAllocator(context.Background(), m)
	v, err := embed.New(ctx, module, rules([]*group{g}), embed.Options{Instances: 1, ReplayStart: start})
	if err != nil {
		return u, err
	}
	defer v.Close()
	fmt.Fprintf(w, "%9s  %s\n%9d  %s\n", "decisions", "linear memory", 0, mebibytes(m.size()))
	s := soaker{group: g, verifier: v, now: start}
	for s.done < decisions {
		next := s.done + decisions/soakReports
		for s.done < next {
			if err := s.batch(min(soakBatch, next-s.done)); err != nil {
				return u, err
			}
		}
		fmt.Fprintf(w, "%9d  %s\n", s.done, mebibytes(m.size()))
		if s.done <= decisions/2 {
			u.half = m.size()
		}
	}
	u.end, u.instances = m.size(), m.instances
	return u, nil
}

func mebibytes(n int) string { return fmt.Sprintf("%.2f MiB", float64(n)/(1<<20)) }

type soaker struct {
	group    *group
	verifier *embed.Verifier
	now      int64
	renewed  int64
	done     int
}

// batch mints and decides n requests, half of each kind.
func (s *soaker) batch(n int) error {
	s.now += soakSeconds
	if s.now-s.renewed >= soakRenewal {
		s.renewed, s.group.known = s.now, nil
	}
	for i := range n {
		agent := i / 2 % soakKeys
		token, want := s.group.knownToken(agent, s.now), ""
		if i%2 == 1 {
			token, want = s.group.token(agent, s.now, "retired-2020-0"), ajwt.CodeKeyKidUnknown.String()
		}
		proof := s.group.proof(agent, s.now, &token)
		r := request(agent, s.now, token.compact, proof.compact)
		d := s.verifier.Verify(context.Background(), &r)
		if got := outcome(&d); got != want {
			return fmt.Errorf("soak: decision %d: want %q, have %q", s.done, want, got)
		}
		s.done++
	}
	return nil
}
