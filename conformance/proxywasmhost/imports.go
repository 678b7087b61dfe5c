package proxywasmhost

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"strings"
	"time"

	"github.com/tetratelabs/wazero/api"
)

// What calls of the host return (proxy-wasm/spec, abi-versions/v0.2.0, proxy_status_t).
const (
	statusOK            = 0
	statusNotFound      = 1
	statusBadArgument   = 2
	statusMemory        = 6
	statusCASMismatch   = 8
	errnoBadDescriptor  = 8
	errnoNotImplemented = 52
)

var started = time.Now()

// imports offers what Envoy 1.36 has, and no more.
func (p *Process) imports(ctx context.Context) error {
	env := p.runtime.NewHostModuleBuilder("env")
	for name, f := range map[string]any{
		"proxy_log": func(_ context.Context, m api.Module, level, at, size uint32) uint32 {
			text, ok := read(m, at, size)
			p.lines = append(p.lines, string(text))
			return memoryStatus(ok)
		},
		"proxy_get_buffer_bytes":             p.getBufferBytes,
		"proxy_get_header_map_pairs":         p.getPairs,
		"proxy_send_local_response":          p.sendLocalResponse,
		"proxy_set_tick_period_milliseconds": func(milliseconds uint32) uint32 { p.active.Tick = int(milliseconds); return statusOK },
		"proxy_http_call":                    p.httpCall,
		"proxy_get_shared_data":              p.getShared,
		"proxy_set_shared_data":              p.setShared,
		"proxy_define_metric":                p.defineMetric,
		"proxy_increment_metric": func(id uint32, n int64) uint32 {
			return p.metric(id, func(m *metric) { m.value += n })
		},
		"proxy_record_metric": func(id uint32, n uint64) uint32 {
			return p.metric(id, func(m *metric) { m.value = int64(n) })
		},
		"proxy_set_property": func(_ context.Context, m api.Module, at, size, valueAt, valueSize uint32) uint32 {
			name, ok := read(m, at, size)
			text, also := read(m, valueAt, valueSize)
			if ok && also && p.active.properties != nil {
				p.active.properties[string(name)] = string(text)
			}
			return memoryStatus(ok && also)
		},
		"proxy_call_foreign_function": func(_, _, _, _, _, _ uint32) uint32 { return statusNotFound },
	} {
		env.NewFunctionBuilder().WithFunc(f).Export(name)
	}
	if _, err := env.Instantiate(ctx); err != nil {
		return err
	}
	return p.wasi(ctx)
}

// wasi offers the functions of Envoy's own WASI.
func (p *Process) wasi(ctx context.Context) error {
	bad2 := func(_, _ uint32) uint32 { return errnoBadDescriptor }
	wasi := p.runtime.NewHostModuleBuilder("wasi_snapshot_preview1")
	for name, f := range map[string]any{
		"sched_yield": func() uint32 { return 0 },
		// It returns, and the module goes on: whoever relies on its end is mistaken.
		"proc_exit":      func(uint32) {},
		"args_get":       func(_, _ uint32) uint32 { return 0 },
		"args_sizes_get": func(_ context.Context, m api.Module, count, size uint32) uint32 { return zero(m, count, size) },
		"clock_time_get": func(_ context.Context, m api.Module, id uint32, _ uint64, at uint32) uint32 {
			now := p.Now
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
	} {
		wasi.NewFunctionBuilder().WithFunc(f).Export(name)
	}
	_, err := wasi.Instantiate(ctx)
	return err
}

func memoryStatus(ok bool) uint32 {
	if ok {
		return statusOK
	}
	return statusMemory
}

// read copies bytes of the module. No bytes may stand anywhere.
func read(m api.Module, at, size uint32) ([]byte, bool) {
	if size == 0 {
		return nil, true
	}
	b, ok := m.Memory().Read(at, size)
	return append([]byte(nil), b...), ok
}

func zero(m api.Module, at ...uint32) uint32 {
	for _, a := range at {
		m.Memory().WriteUint32Le(a, 0)
	}
	return 0
}

// give hands bytes to the module: it is asked for memory first, and only then are address
// and size written.
func (p *Process) give(ctx context.Context, m api.Module, data []byte, at, size uint32) uint32 {
	address := uint64(0)
	if len(data) > 0 {
		allocate := m.ExportedFunction("malloc")
		if allocate == nil {
			allocate = m.ExportedFunction("proxy_on_memory_allocate")
		}
		results, err := allocate.Call(ctx, uint64(len(data)))
		if err != nil {
			panic(err)
		}
		if address = results[0]; address == 0 || !m.Memory().Write(uint32(address), data) {
			return statusMemory
		}
	}
	return memoryStatus(m.Memory().WriteUint32Le(at, uint32(address)) && m.Memory().WriteUint32Le(size, uint32(len(data))))
}

func (p *Process) getBufferBytes(ctx context.Context, m api.Module, kind, start, length, at, size uint32) uint32 {
	var from []byte
	switch i := p.active; kind {
	case 0:
		if from = i.body; from == nil {
			return statusNotFound
		}
	case 4:
		from = i.callBody
	case 7:
		from = i.config
	default:
		return statusBadArgument
	}
	if uint64(start) > uint64(len(from)) {
		return statusBadArgument
	}
	from = from[start:]
	return p.give(ctx, m, from[:min(len(from), int(length))], at, size)
}

func (p *Process) getPairs(ctx context.Context, m api.Module, kind, at, size uint32) uint32 {
	switch kind {
	case 0:
		return p.give(ctx, m, pairs(p.active.fields), at, size)
	case 6:
		return p.give(ctx, m, pairs(p.active.callFields), at, size)
	}
	return statusBadArgument
}

func (p *Process) sendLocalResponse(_ context.Context, m api.Module, status, details, detailsSize, body, bodySize, fields, fieldsSize, _ uint32) uint32 {
	d, ok1 := read(m, details, detailsSize)
	b, ok2 := read(m, body, bodySize)
	f, ok3 := read(m, fields, fieldsSize)
	list, ok4 := readPairs(f)
	if !ok1 || !ok2 || !ok3 {
		return statusMemory
	}
	if !ok4 || status < 200 || status > 599 || strings.ContainsAny(string(d), " \t\r\n") {
		return statusBadArgument
	}
	p.active.answer = &Answer{int(status), string(d), b, list}
	return statusOK
}

func (p *Process) httpCall(_ context.Context, m api.Module, cluster, clusterSize, fields, fieldsSize, body, bodySize, trailers, trailersSize, timeout, token uint32) uint32 {
	name, ok := read(m, cluster, clusterSize)
	f, also := read(m, fields, fieldsSize)
	list, fine := readPairs(f)
	if !ok || !also {
		return statusMemory
	}
	if !fine || !p.Clusters[string(name)] || timeout == 0 {
		return statusBadArgument
	}
	var answer []Field
	var text []byte
	if p.Fetch != nil {
		answer, text = p.Fetch(string(name), list)
	}
	i := p.active
	i.next++
	i.calls = append(i.calls, call{i.next, answer, text})
	m.Memory().WriteUint32Le(token, i.next)
	return statusOK
}

func (p *Process) getShared(ctx context.Context, m api.Module, name, nameSize, at, size, cas uint32) uint32 {
	key, ok := read(m, name, nameSize)
	if !ok {
		return statusMemory
	}
	v, ok := p.shared[string(key)]
	if !ok {
		return statusNotFound
	}
	if status := p.give(ctx, m, v.data, at, size); status != statusOK {
		return status
	}
	return memoryStatus(m.Memory().WriteUint32Le(cas, v.cas))
}

// setShared compares where the value exists and the number is not 0; an absent value is set
// under any number.
func (p *Process) setShared(_ context.Context, m api.Module, name, nameSize, at, size, cas uint32) uint32 {
	key, ok := read(m, name, nameSize)
	data, also := read(m, at, size)
	if !ok || !also {
		return statusMemory
	}
	if v, exists := p.shared[string(key)]; exists && cas != 0 && cas != v.cas {
		return statusCASMismatch
	}
	p.lastCAS++
	p.shared[string(key)] = value{data, p.lastCAS}
	return statusOK
}

func (p *Process) defineMetric(_ context.Context, m api.Module, kind, name, size, id uint32) uint32 {
	text, ok := read(m, name, size)
	if !ok || kind > 2 || len(text) == 0 {
		return statusBadArgument
	}
	n, known := p.byName[string(text)]
	if !known {
		n = uint32(len(p.metrics))
		p.metrics = append(p.metrics, metric{name: string(text)})
		p.byName[string(text)] = n
	}
	return memoryStatus(m.Memory().WriteUint32Le(id, n))
}

func (p *Process) metric(id uint32, change func(*metric)) uint32 {
	if int(id) >= len(p.metrics) {
		return statusNotFound
	}
	change(&p.metrics[id])
	return statusOK
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
