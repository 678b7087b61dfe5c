package proxywasmhost

import (
	"context"
	"strings"

	"github.com/tetratelabs/wazero/api"
)

// What follows are the functions that a stream's callbacks call, or others for a stream
// that they have named by proxy_set_effective_context.

// shown returns the fields of a map, nil where the plugin is not shown any.
func (p *Process) shown(kind uint32) *[]Field {
	s := p.stream()
	switch {
	case kind == mapRequestHeaders && s != nil && s.headerShown:
		return &s.fields
	case kind == mapRequestTrailers && s != nil && s.trailersShown:
		return &s.trailers
	case kind == mapCallHeaders && p.called != nil:
		return &p.called.fields
	}
	return nil
}

// lastMap is the greatest kind of maps that there is.
const lastMap = 7

// getPairs gives no fields, and no error, where there is no such map at the moment.
func (p *Process) getPairs(ctx context.Context, m api.Module, kind, at, size uint32) uint32 {
	if kind > lastMap {
		return statusBadArgument
	}
	var fields []Field
	if shown := p.shown(kind); shown != nil {
		fields = *shown
	}
	return p.give(ctx, m, "proxy_get_header_map_pairs", pairs(fields), at, size)
}

// getMapValue gives the first value of several.
func (p *Process) getMapValue(ctx context.Context, m api.Module, kind, name, nameSize, at, size uint32) uint32 {
	key, ok := read(m, name, nameSize)
	if !ok {
		return statusMemory
	}
	shown := p.shown(kind)
	if shown == nil {
		return statusBadArgument
	}
	for _, f := range *shown {
		if strings.EqualFold(f.Name, string(key)) {
			return p.give(ctx, m, "proxy_get_header_map_value", []byte(f.Value), at, size)
		}
	}
	return statusNotFound
}

// change reads a name and a value, and changes a map that the plugin may change.
func (p *Process) change(m api.Module, kind, name, nameSize, at, size uint32, change func(fields *[]Field, f Field)) uint32 {
	key, ok := read(m, name, nameSize)
	text, also := read(m, at, size)
	if !ok || !also {
		return statusMemory
	}
	shown := p.shown(kind)
	if shown == nil || kind == mapCallHeaders {
		return statusBadArgument
	}
	change(shown, Field{strings.ToLower(string(key)), string(text)})
	return statusOK
}

func (p *Process) addMapValue(_ context.Context, m api.Module, kind, name, nameSize, at, size uint32) uint32 {
	return p.change(m, kind, name, nameSize, at, size, func(fields *[]Field, f Field) { *fields = append(*fields, f) })
}

func (p *Process) replaceMapValue(_ context.Context, m api.Module, kind, name, nameSize, at, size uint32) uint32 {
	return p.change(m, kind, name, nameSize, at, size, func(fields *[]Field, f Field) { *fields = append(without(*fields, f.Name), f) })
}

func (p *Process) removeMapValue(_ context.Context, m api.Module, kind, name, nameSize uint32) uint32 {
	return p.change(m, kind, name, nameSize, 0, 0, func(fields *[]Field, f Field) { *fields = without(*fields, f.Name) })
}

// sendLocalResponse answers a stream, the first time; the callback that calls it stops the
// stream whatever it returns. Outside of a stream it does nothing, and says so to nobody.
func (p *Process) sendLocalResponse(_ context.Context, m api.Module, status, details, detailsSize, body, bodySize, fields, fieldsSize, _ uint32) uint32 {
	d, ok1 := read(m, details, detailsSize)
	b, ok2 := read(m, body, bodySize)
	f, ok3 := read(m, fields, fieldsSize)
	if !ok1 || !ok2 || !ok3 {
		return statusMemory
	}
	if s := p.stream(); s != nil && s.answer == nil {
		s.answer = &Answer{int(status), string(d), b, readPairs(f)}
	}
	return statusOK
}

// continueStream lets the request of a stream go on when the callback has returned.
func (p *Process) continueStream(kind uint32) uint32 {
	if kind > 1 {
		return statusBadArgument
	}
	if s := p.stream(); s != nil && kind == 0 {
		s.continued = true
		s.headerShown, s.trailersShown = false, false
	}
	return statusOK
}

// getProperty gives back what the plugin has set; the proxy's own properties are not here.
func (p *Process) getProperty(ctx context.Context, m api.Module, path, pathSize, at, size uint32) uint32 {
	name, ok := read(m, path, pathSize)
	if !ok {
		return statusMemory
	}
	s := p.stream()
	if s == nil {
		return statusNotFound
	}
	text, ok := s.properties[string(name)]
	if !ok {
		return statusNotFound
	}
	return p.give(ctx, m, "proxy_get_property", []byte(text), at, size)
}

func (p *Process) setProperty(_ context.Context, m api.Module, at, size, valueAt, valueSize uint32) uint32 {
	name, ok := read(m, at, size)
	text, also := read(m, valueAt, valueSize)
	if !ok || !also {
		return statusMemory
	}
	s := p.stream()
	if s == nil {
		return statusNotFound
	}
	s.properties[string(name)] = string(text)
	return statusOK
}
