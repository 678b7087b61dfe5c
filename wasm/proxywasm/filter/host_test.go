package filter

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
	"github.com/agentic-jwt/ajwt/wasm/proxywasm/abi"
)

// proxy is a Host of tests, with the manners of Envoy: buffers are used again by the next
// call of the same kind, shared data is set under a number, an absent value under any.
type proxy struct {
	now      int64 // NumericDate
	env      map[string]string
	config   []byte
	headers  []abi.Pair
	trailers []abi.Pair
	body     []byte
	answer   []abi.Pair // of a call
	answered []byte
	shared   *sharedData

	pairs, buffer, value []byte // what the module was given

	lines      []string
	tick       int
	calls      []string   // cluster and path
	fields     []abi.Pair // of the last call
	sent       string     // its body
	timeout    int        // its limit, milliseconds
	callStatus abi.Status
	metrics    map[string]int64
	names      []string
	properties map[string]string
	replies    []reply
	collected  int
	heap       int
	growth     int // of the heap from one look to the next

	broken    map[string]abi.Status // what the host answers instead, by the kind of call
	beforeSet func(key string)      // another worker comes in between
}

type sharedData struct {
	values map[string][]byte
	cas    map[string]uint32
	next   uint32
	absent bool // the host sets no absent value under a number
}

type reply struct {
	status  int
	details string
	body    string
	headers []abi.Pair
}

func (r *reply) header(name string) string {
	for _, p := range r.headers {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

func newProxy() *proxy {
	return &proxy{now: abitest.Now, env: map[string]string{}, metrics: map[string]int64{}, properties: map[string]string{},
		shared: &sharedData{values: map[string][]byte{}, cas: map[string]uint32{}}}
}

// worker is another instance of the same process.
func (p *proxy) worker() *proxy {
	q := newProxy()
	q.now, q.config, q.shared = p.now, p.config, p.shared
	return q
}

func (p *proxy) Log(_ abi.Level, line string) { p.lines = append(p.lines, line) }
func (p *proxy) Now() int64                   { return p.now * second }
func (p *proxy) Env(name string) string       { return p.env[name] }
func (p *proxy) Memory() int                  { return 5 << 20 }
func (p *proxy) Collect()                     { p.collected++; p.heap /= 2 }
func (p *proxy) Heap() int                    { p.heap += p.growth; return p.heap }

// lend overwrites what was lent before.
func lend(slot *[]byte, value []byte) ([]byte, abi.Status) {
	for i := range *slot {
		(*slot)[i] = 0xdd
	}
	*slot = bytes.Clone(value)
	return *slot, abi.StatusOK
}

func (p *proxy) Buffer(kind abi.BufferKind, start, length int) ([]byte, abi.Status) {
	from := p.config
	switch kind {
	case abi.RequestBody:
		if from = p.body; from == nil {
			return nil, abi.StatusNotFound
		}
	case abi.CallResponseBody:
		from = p.answered
	}
	return lend(&p.buffer, from[start:min(len(from), start+length)])
}

func (p *proxy) Pairs(kind abi.MapKind) ([]byte, abi.Status) {
	if status := p.broken["pairs"]; status != abi.StatusOK {
		return nil, status
	}
	return lend(&p.pairs, abi.AppendPairs(nil, *p.fieldsOf(kind)...))
}

func (p *proxy) Respond(status int, details string, body, headers []byte) abi.Status {
	pairs, _ := abi.ReadPairs(nil, bytes.Clone(headers))
	p.replies = append(p.replies, reply{status, details, string(body), pairs})
	return abi.StatusOK
}

func (p *proxy) SetTick(ms int) abi.Status { p.tick = ms; return abi.StatusOK }

func (p *proxy) Enter(uint32) abi.Status { return abi.StatusOK }
func (p *proxy) Resume() abi.Status      { return abi.StatusOK }

func (p *proxy) Call(cluster string, headers, body []byte, timeout int) (uint32, abi.Status) {
	if p.callStatus != abi.StatusOK {
		return 0, p.callStatus
	}
	pairs, _ := abi.ReadPairs(nil, bytes.Clone(headers))
	p.fields, p.sent, p.timeout = pairs, string(body), timeout
	for _, h := range pairs {
		if h.Name == ":path" {
			p.calls = append(p.calls, cluster+h.Value)
		}
	}
	return uint32(len(p.calls)), abi.StatusOK
}

func (p *proxy) Shared(key string) ([]byte, uint32, abi.Status) {
	value, ok := p.shared.values[key]
	if !ok {
		return nil, 0, abi.StatusNotFound
	}
	value, status := lend(&p.value, value)
	return value, p.shared.cas[key], status
}

func (p *proxy) SetShared(key string, value []byte, cas uint32) abi.Status {
	if p.beforeSet != nil {
		hook := p.beforeSet
		p.beforeSet = nil
		hook(key)
	}
	s := p.shared
	if _, ok := s.values[key]; ok && cas != 0 && cas != s.cas[key] || !ok && cas != 0 && s.absent {
		return abi.StatusCASMismatch
	}
	s.next++
	s.values[key], s.cas[key] = bytes.Clone(value), s.next
	return abi.StatusOK
}

func (p *proxy) DefineMetric(_ abi.MetricKind, name string) (uint32, abi.Status) {
	p.names = append(p.names, name)
	return uint32(len(p.names) - 1), abi.StatusOK
}
func (p *proxy) AddMetric(id uint32, n int64)  { p.metrics[p.names[id]] += n }
func (p *proxy) SetMetric(id uint32, n uint64) { p.metrics[p.names[id]] = int64(n) }
func (p *proxy) SetProperty(path string, value []byte) abi.Status {
	p.properties[path] = string(value)
	return abi.StatusOK
}
func (p *proxy) Foreign(string, []byte) ([]byte, abi.Status) { return nil, abi.StatusNotFound }

// withHosts adds hosts.proxywasm to a policy.
func withHosts(policy []byte, members string) []byte {
	return append([]byte(`{"hosts":{"proxywasm":{`+members+`}},`), policy[1:]...)
}

const fetchAS = `"fetch":[{"origin":"https://as.example","cluster":"as"}]`

// configured is a filter under a policy, past its first tick.
func configured(t testing.TB, p *proxy, policy []byte) *Root {
	t.Helper()
	p.config = policy
	r := New(p).(*Root)
	require.True(t, r.Configure(len(policy)), strings.Join(p.lines, "\n"))
	return r
}

// send puts a request's fields before the filter.
func (p *proxy) send(q *ajwt.Request) {
	p.now = q.Now
	p.headers = []abi.Pair{{Name: ":method", Value: q.Method}, {Name: ":scheme", Value: q.Scheme},
		{Name: ":authority", Value: q.Authority}, {Name: ":path", Value: q.Target}}
	for _, h := range q.Headers {
		p.headers = append(p.headers, abi.Pair{Name: h.Name, Value: h.Value})
	}
}

// code is the code of the last answer.
func (p *proxy) code() string {
	if len(p.replies) == 0 {
		return ""
	}
	_, rest, _ := strings.Cut(p.replies[len(p.replies)-1].body, `"code":"`)
	code, _, _ := strings.Cut(rest, `"`)
	return code
}

func number(n int) string { return strconv.Itoa(n) }
