package filter

import (
	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/proxywasm/abi"
)

// metric is one series. All are defined when the filter is configured, from the code
// registry: none is named by anything that a request holds. The zero metric counts
// nothing.
type metric struct {
	host abi.Host
	id   uint32
}

func (m metric) add(n int64) {
	if m.host != nil {
		m.host.AddMetric(m.id, n)
	}
}

func (m metric) set(n uint64) {
	if m.host != nil {
		m.host.SetMetric(m.id, n)
	}
}

// documentMetrics count what happened to the documents of a kind.
type documentMetrics struct{ loaded, refused, failed metric }

// metrics are all series:
//
//	ajwt.accepted                     requests that passed every check
//	ajwt.observed                     requests that passed although a check failed
//	ajwt.rejected                     requests that were refused
//	ajwt.code.CODE                    how often each code was the reason
//	ajwt.latency_us                   time of a decision, microseconds (histogram)
//	ajwt.ready                        1 when all documents are there, else 0
//	ajwt.memory_bytes                 linear memory of the worker that looked last (gauge)
//	ajwt.keys.loaded, .refused, .failed   key sets in force, refused, not fetched;
//	                                  so for bundle and revocations
//	ajwt.replay.conflicts             swaps of a shard that another worker forestalled
//	ajwt.replay.failed                questions to which a replay store gave no answer
//
// accepted and latency_us follow with the next tick.
type metrics struct {
	accepted, observed, rejected, latency, ready, memory, conflicts, storeFailed metric

	documents [ajwt.KindRevocations + 1]documentMetrics
	codes     [][]metric // by thousand and rest

	waiting waitingMetrics
}

// waitingMetrics are what every request adds, kept until the next tick or until there are
// many: code of the host that has just run costs a tenth of code that has not.
type waitingMetrics struct {
	latencies [64]uint64
	decided   int // of the latencies, as many as wait
	accepted  int64
}

// decided counts a decision.
func (m *metrics) decided(microseconds int64) {
	w := &m.waiting
	w.latencies[w.decided] = uint64(microseconds)
	if w.decided++; w.decided == len(w.latencies) {
		m.flush()
	}
}

// flush tells the host what waits.
func (m *metrics) flush() {
	w := &m.waiting
	for _, microseconds := range w.latencies[:w.decided] {
		m.latency.set(microseconds)
	}
	if w.accepted > 0 {
		m.accepted.add(w.accepted)
	}
	w.decided, w.accepted = 0, 0
}

// thousands is one more than the highest thousand of a code's number.
const thousands = 32

func (m *metrics) define(host abi.Host) {
	one := func(kind abi.MetricKind, name string) metric {
		id, status := host.DefineMetric(kind, "ajwt."+name)
		if status != abi.StatusOK {
			return metric{}
		}
		return metric{host, id}
	}
	m.accepted, m.observed, m.rejected = one(abi.Counter, "accepted"), one(abi.Counter, "observed"), one(abi.Counter, "rejected")
	m.latency, m.ready = one(abi.Histogram, "latency_us"), one(abi.Gauge, "ready")
	m.memory = one(abi.Gauge, "memory_bytes")
	m.conflicts, m.storeFailed = one(abi.Counter, "replay.conflicts"), one(abi.Counter, "replay.failed")
	for kind, name := range map[ajwt.Kind]string{ajwt.KindKeys: "keys", ajwt.KindBundle: "bundle", ajwt.KindRevocations: "revocations"} {
		m.documents[kind] = documentMetrics{one(abi.Counter, name+".loaded"), one(abi.Counter, name+".refused"), one(abi.Counter, name+".failed")}
	}
	m.codes = make([][]metric, thousands)
	for thousand := range m.codes {
		for n := 1; ; n++ {
			code := ajwt.Code(thousand*1000 + n)
			if !code.Known() {
				break
			}
			m.codes[thousand] = append(m.codes[thousand], one(abi.Counter, "code."+code.String()))
		}
	}
}

// code is the series of a code, one that counts nothing where the registry has none.
func (m *metrics) code(c ajwt.Code) metric {
	thousand, n := int(c/1000), int(c%1000)
	if thousand >= len(m.codes) || n == 0 || n > len(m.codes[thousand]) {
		return metric{}
	}
	return m.codes[thousand][n-1]
}
