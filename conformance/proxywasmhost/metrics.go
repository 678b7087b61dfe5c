package proxywasmhost

import (
	"context"

	"github.com/tetratelabs/wazero/api"
)

// The kinds of metrics; they are the lowest bits of a metric's id.
const (
	counter = iota
	gauge
	histogram
	kindBits = 2
)

type metric struct {
	name  string
	value int64 // of a histogram, the last one
}

// Metric returns a metric's value; of a histogram, the last one. ok is false where nothing
// defined it.
func (p *Process) Metric(name string) (n int64, ok bool) {
	id, ok := p.byName[name]
	if !ok {
		return 0, false
	}
	return p.metrics[id>>kindBits].value, true
}

// Metrics returns the number of series.
func (p *Process) Metrics() int { return len(p.metrics) }

func (p *Process) defineMetric(_ context.Context, m api.Module, kind, name, size, id uint32) uint32 {
	text, ok := read(m, name, size)
	if !ok {
		return statusMemory
	}
	if kind > histogram || len(text) == 0 {
		return statusBadArgument
	}
	n, known := p.byName[string(text)]
	if !known {
		n = uint32(len(p.metrics))<<kindBits | kind
		p.metrics = append(p.metrics, metric{name: string(text)})
		p.byName[string(text)] = n
	}
	return memoryStatus(m.Memory().WriteUint32Le(id, n))
}

// incrementMetric moves counters upwards only, and no histograms.
func (p *Process) incrementMetric(id uint32, n int64) uint32 {
	return p.metric(id, func(m *metric) uint32 {
		switch kind := id & (1<<kindBits - 1); {
		case kind == histogram:
			return statusBadArgument
		case kind == counter && n <= 0:
			return statusNotFound
		}
		m.value += n
		return statusOK
	})
}

// recordMetric sets a gauge, takes a value of a histogram, and adds to a counter.
func (p *Process) recordMetric(id uint32, n uint64) uint32 {
	return p.metric(id, func(m *metric) uint32 {
		if id&(1<<kindBits-1) == counter {
			m.value += int64(n)
		} else {
			m.value = int64(n)
		}
		return statusOK
	})
}

func (p *Process) metric(id uint32, change func(*metric) uint32) uint32 {
	if int(id>>kindBits) >= len(p.metrics) {
		return statusNotFound
	}
	return change(&p.metrics[id>>kindBits])
}
