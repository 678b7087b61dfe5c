package proxywasmhost

import (
	"bytes"
	"context"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

// failing starts a process that heeds faults, with an instance whose keys are loaded, and a
// request of its own for each call of next that is accepted where nothing fails.
func failing(t *testing.T) (p *Process, i *Instance, next func(body bool) *Request) {
	t.Helper()
	ctx := context.Background()
	p, err := start(ctx, moduleBytes(t), Newer, compiled, true)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close(ctx)) })
	p.HoldHeaders = true
	p.Clusters["as"] = true
	p.Fetch = func(string, []Field) ([]Field, []byte) { return []Field{{":status", "200"}}, abitest.KeySet("as-1") }
	p.Now = abitest.Now * 1e9
	i = instance(t, p, policy(`"proof":{"methods":["dpop","httpsig"]},`))
	loadAll(t, i)
	number := 0
	return p, i, func(body bool) *Request {
		number++
		r := request(abitest.Request(abitest.Repository, later, number))
		if body {
			r.Fields = append(r.Fields, Field{"signature-input", `s=();tag="x"`})
			r.Body = [][]byte{[]byte("a"), []byte("bc")}
		}
		return r
	}
}

// loadAll ticks until the documents are in force.
func loadAll(t *testing.T, i *Instance) {
	t.Helper()
	for range patience {
		require.NoError(t, i.Ticks(context.Background()))
		if ready, _ := i.process.Metric("ajwt.ready"); ready == 1 {
			return
		}
	}
	t.Fatal("the documents are not in force: " + strings.Join(i.process.Lines(), "\n"))
}

// harmless are the functions of the host whose failure changes no decision, and why.
var harmless = map[string]string{
	"proxy_log":              "a log line is missing",
	"proxy_increment_metric": "a metric counts too little",
	"proxy_record_metric":    "a metric is not set",
	"proxy_set_property":     "the access log lacks the decision record",
}

// TestHostFails makes every function that the host is asked for during an accepted request
// fail, each by itself and with every status that there is: the request is rejected, unless
// the function is one that changes no decision. Afterwards the next request is accepted.
func TestHostFails(t *testing.T) {
	p, i, next := failing(t)
	for _, body := range []bool{false, true} {
		var asked []string
		p.fault = func(name string) (uint32, bool) { asked = append(asked, name); return 0, false }
		require.True(t, send(t, p, i, next(body), later).Reached)
		names := make(map[string]bool)
		for _, name := range asked {
			names[name] = true
		}
		require.True(t, names["proxy_get_header_map_pairs"] && names["proxy_set_shared_data"] && names["clock_time_get"], "%v", asked)
		require.Equal(t, body, names["proxy_get_buffer_bytes"])
		for name := range names {
			for _, status := range []uint32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0xffffffff} {
				p.fault = func(asked string) (uint32, bool) { return status, asked == name }
				result := send(t, p, i, next(body), later)
				why, passes := harmless[name]
				require.False(t, result.Hung, "%s: %d", name, status)
				require.Equal(t, passes, result.Reached, "%s fails with %d (%s)", name, status, why)
				if !passes {
					require.NotNil(t, result.Answer, "%s: %d", name, status)
					require.GreaterOrEqual(t, result.Answer.Status, 400)
				}
				p.fault = nil
				require.True(t, send(t, p, i, next(body), later).Reached, "after %s: %d", name, status)
			}
		}
	}
}

// TestHostFailsToAnswer holds that a request which is rejected goes no further where the
// host does not take the rejection: it is held, and the proxy gives up in the end.
func TestHostFailsToAnswer(t *testing.T) {
	p, i, next := failing(t)
	for _, name := range []string{"proxy_send_local_response", "proxy_log", "proxy_set_property", "proxy_increment_metric", "proxy_record_metric"} {
		r := next(false)
		r.Fields = r.Fields[:5] // no token
		p.fault = func(asked string) (uint32, bool) { return 2, asked == name }
		result := send(t, p, i, r, later)
		require.False(t, result.Reached, name)
		require.Equal(t, name == "proxy_send_local_response", result.Hung, name)
	}
}

// TestHostTells wrong things: what the module is handed is cut off, changed, or lies where
// nothing lies. No such request is accepted, and none is fatal to the instance.
func TestHostTellsWrongThings(t *testing.T) {
	p, i, next := failing(t)
	grown := func(n uint32) func([]byte) []byte {
		return func(b []byte) []byte {
			b = bytes.Clone(b)
			binary.LittleEndian.PutUint32(b, n)
			return b
		}
	}
	changes := map[string]func([]byte) []byte{
		"nothing":         func([]byte) []byte { return nil },
		"one byte":        func(b []byte) []byte { return b[:1] },
		"half":            func(b []byte) []byte { return b[:len(b)/2] },
		"one byte less":   func(b []byte) []byte { return b[:len(b)-1] },
		"one byte more":   func(b []byte) []byte { return append(bytes.Clone(b), 0) },
		"zeros":           func(b []byte) []byte { return make([]byte, len(b)) },
		"ones":            func(b []byte) []byte { return bytes.Repeat([]byte{0xff}, len(b)) },
		"no pairs":        grown(0),
		"a pair less":     grown(4),
		"2^31 pairs":      grown(1 << 31),
		"2^32 - 1 pairs":  grown(1<<32 - 1),
		"a long name":     func(b []byte) []byte { b = bytes.Clone(b); b[7] = 0x7f; return b },
		"70 MiB":          func(b []byte) []byte { return append(bytes.Clone(b), make([]byte, 70<<20)...) },
		"beyond a block":  func(b []byte) []byte { return append(bytes.Clone(b), make([]byte, 90<<20)...) },
		"5,000 pairs":     func([]byte) []byte { return pairs(make([]Field, 5000)) },
		"a path twice":    func([]byte) []byte { return pairs([]Field{{":path", "/a"}, {":path", "/b"}, {":method", "GET"}}) },
		"an unknown name": func([]byte) []byte { return pairs([]Field{{":method", "GET"}, {":x", "/"}}) },
	}
	for _, name := range []string{"proxy_get_header_map_pairs", "proxy_get_shared_data"} {
		for what, change := range changes {
			p.mangle = func(asked string, data []byte) []byte {
				if asked != name || len(data) < 8 {
					return data
				}
				return change(data)
			}
			result := send(t, p, i, next(false), later)
			require.False(t, result.Reached, "%s: %s", name, what)
			require.NotNil(t, result.Answer, "%s: %s", name, what)
			p.mangle = nil
			require.True(t, send(t, p, i, next(false), later).Reached, "after %s: %s", name, what)
		}
	}
	lies := map[string]func(at, size uint32) (uint32, uint32){
		"address zero":    func(_, size uint32) (uint32, uint32) { return 0, size },
		"address beyond":  func(_, size uint32) (uint32, uint32) { return 0xfffffff0, size },
		"another address": func(at, size uint32) (uint32, uint32) { return at + 4, size },
		"size beyond":     func(at, _ uint32) (uint32, uint32) { return at, 0xffffffff },
		"size of memory":  func(at, _ uint32) (uint32, uint32) { return at, 1 << 24 },
		"nothing at all":  func(uint32, uint32) (uint32, uint32) { return 0, 0 },
	}
	for _, name := range []string{"proxy_get_header_map_pairs", "proxy_get_shared_data", "proxy_get_buffer_bytes"} {
		for what, lie := range lies {
			p.lie = func(asked string, at, size uint32) (uint32, uint32) {
				if asked != name {
					return at, size
				}
				return lie(at, size)
			}
			result := send(t, p, i, next(true), later)
			require.False(t, result.Reached, "%s: %s", name, what)
			require.NotNil(t, result.Answer, "%s: %s", name, what)
			p.lie = nil
			require.True(t, send(t, p, i, next(true), later).Reached, "after %s: %s", name, what)
		}
	}
	// A body that is cut off.
	p.mangle = func(asked string, data []byte) []byte {
		if asked == "proxy_get_buffer_bytes" {
			return data[:len(data)-1]
		}
		return data
	}
	require.Equal(t, "proof_body_unavailable", code(send(t, p, i, next(true), later)))
}

// TestHostFailsToConfigure makes every function fail while an instance is configured: it
// starts only where nothing is missing that a decision needs.
func TestHostFailsToConfigure(t *testing.T) {
	p, _, _ := failing(t)
	config := policy("")
	for name, starts := range map[string]bool{
		"proxy_get_buffer_bytes": false, "proxy_get_shared_data": false, "proxy_define_metric": true, "proxy_log": true,
		"proxy_record_metric": true, "proxy_set_tick_period_milliseconds": true,
	} {
		for _, status := range []uint32{1, 2, 6, 12} {
			p.fault = func(asked string) (uint32, bool) { return status, asked == name }
			i, err := p.Instance(context.Background(), config)
			p.fault = nil
			if name == "proxy_get_shared_data" && status == 1 {
				// It is not there, says the host: so it is made, under a number that
				// leaves alone what is there, and looked for again.
				require.Error(t, err)
				continue
			}
			require.Equal(t, starts, err == nil, "%s: %d", name, status)
			if err == nil {
				require.NoError(t, i.Close(context.Background()))
			}
		}
	}
	p.fault = func(asked string) (uint32, bool) { return 1, asked == "proxy_set_shared_data" }
	p.Forget("")
	_, err := p.Instance(context.Background(), config)
	require.ErrorIs(t, err, ErrRefused, "no replay memory")
}

// TestTrap holds what a proxy does after a trap under FAIL_RELOAD: it answers by itself,
// makes a new instance after a second, and the replay memory is what it was.
func TestTrap(t *testing.T) {
	ctx := context.Background()
	p, _, next := failing(t)
	w, err := p.Worker(ctx, policy(""))
	require.NoError(t, err)
	defer func() { require.NoError(t, w.Close(ctx)) }()
	p.Now = later * 1e9
	require.NoError(t, w.Ticks(ctx))
	first := next(false)
	require.True(t, w.Send(ctx, first).Reached)
	p.fault = func(asked string) (uint32, bool) {
		if asked == "proxy_get_header_map_pairs" {
			panic("trap")
		}
		return 0, false
	}
	result := w.Send(ctx, next(false))
	require.False(t, result.Reached)
	require.Equal(t, 503, result.Answer.Status)
	p.fault = nil
	w.tried = p.Now
	require.Equal(t, 503, w.Send(ctx, next(false)).Answer.Status, "within a second of the last instance")
	p.Now += reloadEvery
	require.Equal(t, "replay_proof_reused", code(w.Send(ctx, first)), "the new instance has the keys and the memory")
	require.True(t, w.Send(ctx, next(false)).Reached)
	require.Equal(t, 1, w.Traps)
}

// TestUpgrades holds that a request whose body nobody can judge is refused, where its proof
// may cover a body.
func TestUpgrades(t *testing.T) {
	p, i, next := failing(t)
	for _, fields := range [][]Field{{{"upgrade", "websocket"}}, {{"upgrade", ""}}} {
		r := next(true)
		r.Fields = append(r.Fields, fields...)
		result := send(t, p, i, r, later)
		require.Equal(t, "proof_body_unavailable", code(result))
		require.False(t, result.Reached)
	}
	r := next(false)
	r.Fields = append(r.Fields, Field{"upgrade", "websocket"})
	r.Body = [][]byte{[]byte("frames")}
	require.True(t, send(t, p, i, r, later).Reached, "a proof that covers no body")
}
