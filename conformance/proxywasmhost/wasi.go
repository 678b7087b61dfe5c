package proxywasmhost

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"time"

	"github.com/tetratelabs/wazero/api"
)

// What functions of WASI return (wasi_snapshot_preview1, errno).
const (
	errnoBadDescriptor  = 8
	errnoNotImplemented = 52
)

var started = time.Now()

// wasi offers the functions of Envoy's own WASI.
func (p *Process) wasi() map[string]any {
	bad2 := func(_, _ uint32) uint32 { return errnoBadDescriptor }
	return map[string]any{
		"sched_yield": func() uint32 { return 0 },
		// It returns, and the module goes on: whoever relies on its end is mistaken.
		"proc_exit":      func(uint32) {},
		"args_get":       func(_, _ uint32) uint32 { return 0 },
		"args_sizes_get": func(_ context.Context, m api.Module, count, size uint32) uint32 { return zero(m, count, size) },
		"clock_time_get": func(_ context.Context, m api.Module, id uint32, _ uint64, at uint32) uint32 {
			now := p.Now
			if p.Running {
				now += int64(time.Since(p.callBegan))
			}
			if id != 0 { // the monotonic clock does not follow steps of the other
				now = time.Since(started).Nanoseconds() + 1
			}
			m.Memory().WriteUint64Le(at, uint64(now))
			return 0
		},
		"environ_get":       p.environ,
		"environ_sizes_get": p.environSizes,
		"fd_write":          p.fdWrite,
		"random_get": func(_ context.Context, m api.Module, at, size uint32) uint32 {
			if size > 64<<10 { // kills an instance in Envoy
				panic("proxywasmhost: random_get of more than 64 KiB")
			}
			b, ok := m.Memory().Read(at, size)
			if !ok {
				return errnoBadDescriptor
			}
			_, _ = rand.Read(b)
			return 0
		},
		"poll_oneoff": func(_ context.Context, m api.Module, _, _, _, events uint32) uint32 {
			if p.generation == Older {
				return errnoNotImplemented
			}
			m.Memory().WriteUint32Le(events, 0)
			return 0
		},
		"fd_close":            func(uint32) uint32 { return errnoBadDescriptor },
		"fd_read":             func(_, _, _, _ uint32) uint32 { return errnoBadDescriptor },
		"fd_seek":             func(_ uint32, _ uint64, _, _ uint32) uint32 { return errnoBadDescriptor },
		"fd_fdstat_get":       bad2,
		"fd_fdstat_set_flags": bad2,
		"fd_prestat_get":      bad2,
		"fd_prestat_dir_name": func(_, _, _ uint32) uint32 { return errnoBadDescriptor },
	}
}

func zero(m api.Module, at ...uint32) uint32 {
	for _, a := range at {
		m.Memory().WriteUint32Le(a, 0)
	}
	return 0
}

func (p *Process) environSizes(_ context.Context, m api.Module, count, size uint32) uint32 {
	n := 0
	for _, e := range p.Env {
		n += len(e) + 1
	}
	m.Memory().WriteUint32Le(count, uint32(len(p.Env)))
	m.Memory().WriteUint32Le(size, uint32(n))
	return 0
}

func (p *Process) environ(_ context.Context, m api.Module, list, text uint32) uint32 {
	for _, e := range p.Env {
		m.Memory().WriteUint32Le(list, text)
		m.Memory().Write(text, append([]byte(e), 0))
		list, text = list+4, text+uint32(len(e))+1
	}
	return 0
}

// fdWrite logs what goes to the standard outputs: a crash report of the module.
func (p *Process) fdWrite(_ context.Context, m api.Module, _, vectors, count, written uint32) uint32 {
	total := uint32(0)
	for n := range count {
		head, ok := m.Memory().Read(vectors+8*n, 8)
		if !ok {
			return errnoBadDescriptor
		}
		text, _ := read(m, binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint32(head[4:]))
		p.lines = append(p.lines, string(text))
		total += uint32(len(text))
	}
	m.Memory().WriteUint32Le(written, total)
	return 0
}
