package proxywasmhost

import (
	"context"
	"reflect"

	"github.com/tetratelabs/wazero/api"
)

// What calls of the host return (proxy-wasm/spec, abi-versions/v0.2.0, proxy_status_t).
const (
	statusOK          = 0
	statusNotFound    = 1
	statusBadArgument = 2
	statusMemory      = 6
	statusCASMismatch = 8
)

// The kinds of buffers and of maps that a plugin like ours asks for.
const (
	bufferRequestBody = 0
	bufferCallBody    = 4
	bufferConfig      = 7

	mapRequestHeaders  = 0
	mapRequestTrailers = 1
	mapCallHeaders     = 6
)

// imports offers what Envoy 1.36 has, and no more. A process that is fallible heeds fault.
func (p *Process) imports(ctx context.Context, fallible bool) error {
	for module, functions := range map[string]map[string]any{"env": p.env(), "wasi_snapshot_preview1": p.wasi()} {
		builder := p.runtime.NewHostModuleBuilder(module)
		for name, f := range functions {
			if fallible {
				f = p.failing(name, f)
			}
			builder.NewFunctionBuilder().WithFunc(f).Export(name)
		}
		if _, err := builder.Instantiate(ctx); err != nil {
			return err
		}
	}
	return nil
}

// failing lets fault answer a call instead of f.
func (p *Process) failing(name string, f any) any {
	of := reflect.ValueOf(f)
	return reflect.MakeFunc(of.Type(), func(args []reflect.Value) []reflect.Value {
		if p.fault != nil {
			if status, failed := p.fault(name); failed {
				return []reflect.Value{reflect.ValueOf(status)}[:of.Type().NumOut()]
			}
		}
		return of.Call(args)
	}).Interface()
}

// env offers the part of the interface that Envoy and other proxies have in common.
func (p *Process) env() map[string]any {
	return map[string]any{
		"proxy_log": func(_ context.Context, m api.Module, _, at, size uint32) uint32 {
			text, ok := read(m, at, size)
			p.lines = append(p.lines, string(text))
			return memoryStatus(ok)
		},
		"proxy_get_buffer_bytes":             p.getBufferBytes,
		"proxy_get_header_map_pairs":         p.getPairs,
		"proxy_get_header_map_value":         p.getMapValue,
		"proxy_add_header_map_value":         p.addMapValue,
		"proxy_replace_header_map_value":     p.replaceMapValue,
		"proxy_remove_header_map_value":      p.removeMapValue,
		"proxy_send_local_response":          p.sendLocalResponse,
		"proxy_continue_stream":              p.continueStream,
		"proxy_set_effective_context":        p.setEffectiveContext,
		"proxy_set_tick_period_milliseconds": func(milliseconds uint32) uint32 { p.active.Tick = int(milliseconds); return statusOK },
		"proxy_http_call":                    p.httpCall,
		"proxy_get_shared_data":              p.getShared,
		"proxy_set_shared_data":              p.setShared,
		"proxy_define_metric":                p.defineMetric,
		"proxy_increment_metric":             p.incrementMetric,
		"proxy_record_metric":                p.recordMetric,
		"proxy_get_property":                 p.getProperty,
		"proxy_set_property":                 p.setProperty,
		"proxy_call_foreign_function":        p.callForeign,
	}
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

// give hands bytes to the module as the result of a function: it is asked for memory first,
// and only then are address and size written.
func (p *Process) give(ctx context.Context, m api.Module, name string, data []byte, at, size uint32) uint32 {
	if p.mangle != nil {
		data = p.mangle(name, data)
	}
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
	a, n := uint32(address), uint32(len(data))
	if p.lie != nil {
		a, n = p.lie(name, a, n)
	}
	return memoryStatus(m.Memory().WriteUint32Le(at, a) && m.Memory().WriteUint32Le(size, n))
}

// getBufferBytes gives less than was asked for where there is less; a buffer that is there
// and empty is no error.
func (p *Process) getBufferBytes(ctx context.Context, m api.Module, kind, start, length, at, size uint32) uint32 {
	var from []byte
	s := p.stream()
	switch {
	case kind == bufferRequestBody && s != nil:
		from = s.body
	case kind == bufferCallBody && p.called != nil && p.called.fields != nil:
		from = p.called.body
	case kind == bufferConfig && p.active.configuring:
		from = p.active.config
	case kind > 8:
		return statusBadArgument
	default:
		return statusNotFound
	}
	if start > start+length {
		return statusBadArgument
	}
	from = from[min(len(from), int(start)):]
	return p.give(ctx, m, "proxy_get_buffer_bytes", from[:min(len(from), int(length))], at, size)
}

// setShared compares where the value exists and the number is not 0; an absent value is set
// under any number (proxy-wasm-cpp-host, src/shared_data.cc).
func (p *Process) setShared(_ context.Context, m api.Module, name, nameSize, at, size, cas uint32) uint32 {
	key, ok := read(m, name, nameSize)
	data, also := read(m, at, size)
	if !ok || !also {
		return statusMemory
	}
	if v, exists := p.shared[string(key)]; exists && cas != 0 && cas != v.cas {
		return statusCASMismatch
	}
	p.shared[string(key)] = value{data, p.nextCAS()}
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
	if status := p.give(ctx, m, "proxy_get_shared_data", v.data, at, size); status != statusOK {
		return status
	}
	return memoryStatus(m.Memory().WriteUint32Le(cas, v.cas))
}

// httpCall makes a call of the root context, whichever context asks.
func (p *Process) httpCall(_ context.Context, m api.Module, cluster, clusterSize, fields, fieldsSize, body, bodySize, trailers, trailersSize, timeout, token uint32) uint32 {
	name, ok1 := read(m, cluster, clusterSize)
	f, ok2 := read(m, fields, fieldsSize)
	sent, ok3 := read(m, body, bodySize)
	_, ok4 := read(m, trailers, trailersSize)
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return statusMemory
	}
	list := readPairs(f)
	seen := make(map[string]bool)
	for _, field := range list {
		seen[field.Name] = true
	}
	if !p.Clusters[string(name)] || int32(timeout) < 0 || !seen[":method"] || !seen[":path"] || !seen[":authority"] && !seen["host"] {
		return statusBadArgument
	}
	i := p.active
	i.token++
	i.calls = append(i.calls, &call{root: i.root, token: i.token, cluster: string(name), sent: list, sentBody: sent})
	return memoryStatus(m.Memory().WriteUint32Le(token, i.token))
}

func (p *Process) setEffectiveContext(id uint32) uint32 {
	if id != p.active.root && p.active.streams[id] == nil {
		return statusBadArgument
	}
	p.effective = id
	return statusOK
}
