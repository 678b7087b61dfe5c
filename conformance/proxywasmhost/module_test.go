package proxywasmhost

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

// compiled keeps the compiled module for all tests.
var compiled = wazero.NewCompilationCache()

const later = abitest.Now + 7200 // past a cold start

// process starts a process with the module and a server for the keys.
func process(t *testing.T, generation Generation) *Process {
	t.Helper()
	ctx := context.Background()
	p, err := Start(ctx, moduleBytes(t), generation, compiled)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close(ctx)) })
	p.Clusters["as"] = true
	p.Fetch = func(string, []Field) ([]Field, []byte) { return []Field{{":status", "200"}}, abitest.KeySet("as-1") }
	p.Now = abitest.Now * 1e9
	return p
}

// policy fetches its keys; members stand in front of it.
func policy(members string) []byte {
	return append([]byte(`{"hosts":{"proxywasm":{"body":true,"fetch":[{"origin":"https://as.example","cluster":"as"}]}},`+members), abitest.PolicyWithoutKeys()[1:]...)
}

func instance(t *testing.T, p *Process, config []byte) *Instance {
	t.Helper()
	i, err := p.Instance(context.Background(), config)
	require.NoError(t, err, strings.Join(p.Lines(), "\n"))
	return i
}

func request(q *ajwt.Request) *Request {
	r := &Request{Fields: []Field{{":method", q.Method}, {":scheme", q.Scheme}, {":authority", q.Authority}, {":path", q.Target}}}
	for _, h := range q.Headers {
		r.Fields = append(r.Fields, Field{h.Name, h.Value})
	}
	return r
}

func send(t *testing.T, p *Process, i *Instance, r *Request, now int64) Result {
	t.Helper()
	p.Now = now * 1e9
	result, err := i.Send(context.Background(), r)
	require.NoError(t, err, strings.Join(p.Lines(), "\n"))
	return result
}

func code(r Result) string {
	if r.Answer == nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(r.Answer.Body), `"code":"`)
	name, _, _ := strings.Cut(rest, `"`)
	return name
}

// TestWorkers goes through the life of a process: no keys, keys, a second worker, a reload.
func TestWorkers(t *testing.T) {
	ctx := context.Background()
	for _, generation := range []Generation{Older, Newer} {
		p := process(t, generation)
		one := instance(t, p, policy(""))
		result := send(t, p, one, request(abitest.Request(abitest.Repository, later, 1)), later)
		require.Equal(t, "key_set_missing", code(result))
		require.False(t, result.Reached)
		ready, _ := p.Metric("ajwt.ready")
		require.Zero(t, ready)

		fetched := 0
		fetch := p.Fetch
		p.Fetch = func(c string, f []Field) ([]Field, []byte) { fetched++; return fetch(c, f) }
		require.NoError(t, one.Ticks(ctx))
		two := instance(t, p, policy(""))
		require.NoError(t, two.Ticks(ctx))
		require.Equal(t, 1, fetched, "one flight per process")
		ready, _ = p.Metric("ajwt.ready")
		require.Equal(t, int64(1), ready)

		accepted := 0
		for n := range 20 {
			for _, i := range []*Instance{one, two} {
				if send(t, p, i, request(abitest.Request(abitest.Repository, later, n)), later).Reached {
					accepted++
				}
			}
		}
		require.Equal(t, 20, accepted, "one proof, two workers: exactly one accepts")

		// The key server is gone: a reload starts with what the process has.
		p.Fetch = nil
		three := instance(t, p, policy(`"proof":{"max_age_seconds":30},`))
		require.True(t, send(t, p, three, request(abitest.Request(abitest.Repository, later, 100)), later).Reached)
		require.Equal(t, "replay_proof_reused", code(send(t, p, three, request(abitest.Request(abitest.Repository, later, 3)), later)))
		require.NoError(t, one.Close(ctx))
		require.NoError(t, two.Close(ctx))
		p.Now = (later + 400) * 1e9
		require.NoError(t, three.Ticks(ctx))
		failed, _ := p.Metric("ajwt.keys.failed")
		require.Equal(t, int64(1), failed)
		require.True(t, send(t, p, three, request(abitest.Request(abitest.Repository, later+400, 1)), later+400).Reached, "the previous keys stay")
	}
}

// TestBodies holds that nothing of a request reaches the upstream before its body was
// judged, and that a proxy without its option waits for ever rather than pass it on.
func TestBodies(t *testing.T) {
	ctx := context.Background()
	p := process(t, Older)
	i := instance(t, p, policy(`"proof":{"methods":["dpop","httpsig"]},`))
	require.NoError(t, i.Ticks(ctx))
	number := 0
	try := func(input string, body [][]byte, trailers []Field) Result {
		number++
		r := request(abitest.Request(abitest.Repository, later, number))
		r.Fields = append(r.Fields, Field{"signature-input", input})
		r.Body, r.Trailers = body, trailers
		return send(t, p, i, r, later)
	}
	pieces := [][]byte{[]byte("a"), nil, []byte("bc")}
	for _, trailers := range [][]Field{nil, {{"t", "1"}}} {
		p.HoldHeaders = true
		result := try(`s=();tag="x"`, pieces, trailers)
		require.True(t, result.Reached && !result.Hung)
		result = try(`s=(`, pieces, trailers)
		require.Equal(t, "proof_signature_input_syntax", code(result))
		require.False(t, result.Reached)
		p.HoldHeaders = false
		result = try(`s=(`, pieces, trailers)
		require.True(t, result.Hung && !result.Reached)
	}
	p.HoldHeaders = true
	result := try(`s=();tag="x"`, [][]byte{make([]byte, 1<<20), make([]byte, 1)}, nil)
	require.Equal(t, 413, result.Answer.Status)
	require.True(t, try(`s=();tag="x"`, [][]byte{nil}, nil).Reached, "a body of no bytes")
	require.True(t, try(`s=();tag="x"`, nil, []Field{{"t", "1"}}).Reached, "trailers alone")
}

// TestMemoryStaysFlat sends many requests after bodies that made the heap grow and shrink:
// with poll_oneoff failing, a module of the stock toolchain would be dead by then.
func TestMemoryStaysFlat(t *testing.T) {
	ctx := context.Background()
	p := process(t, Older)
	p.HoldHeaders = true
	i := instance(t, p, policy(`"replay":{"capacity":262144,"per_key":16384},"limits":{"body_bytes":33554432},"proof":{"methods":["dpop","httpsig"],"max_age_seconds":10},`))
	require.NoError(t, i.Ticks(ctx))
	r := request(abitest.Request(abitest.Repository, later, -1))
	r.Fields = append(r.Fields, Field{"signature-input", `s=();tag="x"`})
	r.Body = [][]byte{make([]byte, 32<<20)}
	for range 3 {
		send(t, p, i, r, later)
	}
	require.NoError(t, i.Ticks(ctx))
	base := i.MemoryBytes()
	q := request(abitest.Request(abitest.Repository, later, 0))
	many := func(from, to int) {
		for n := from; n < to; n++ {
			q.Fields[4].Value = fmt.Sprint(n)
			send(t, p, i, q, later+int64(n/100))
		}
	}
	many(0, 5000) // what is used again is made once
	require.LessOrEqual(t, i.MemoryBytes(), base+1<<20)
	base = i.MemoryBytes()
	many(5000, 25000)
	require.Equal(t, base, i.MemoryBytes())
	require.Less(t, base, uint32(256<<20))
	t.Logf("linear memory %d MiB", base>>20)
}

// TestRefusedConfigurations holds that a policy with faults never starts.
func TestRefusedConfigurations(t *testing.T) {
	p := process(t, Newer)
	for _, config := range []string{"", "{}", "null", string(abitest.PolicyWithoutKeys()), string(policy(`"extra":1,`))} {
		_, err := p.Instance(context.Background(), []byte(config))
		require.Error(t, err, config)
		require.NotEmpty(t, p.Lines())
	}
}

// TestMissingImports holds that this host is no more generous than Envoy 1.36.
func TestMissingImports(t *testing.T) {
	ctx := context.Background()
	// A module that exports the ABI's mark and malloc, and imports fd_filestat_get.
	module := []byte("\x00asm\x01\x00\x00\x00" +
		"\x01\x0a\x02\x60\x02\x7f\x7f\x01\x7f\x60\x00\x00" +
		"\x02\x2a\x01\x16wasi_snapshot_preview1\x0ffd_filestat_get\x00\x00" +
		"\x03\x02\x01\x01" +
		"\x07\x24\x02\x17proxy_abi_version_0_2_0\x00\x01\x06malloc\x00\x01" +
		"\x0a\x04\x01\x02\x00\x0b")
	p, err := Start(ctx, module, Older, nil)
	require.NoError(t, err)
	_, err = p.Instance(ctx, nil)
	require.ErrorContains(t, err, "fd_filestat_get")
	require.NoError(t, p.Close(ctx))
	_, err = Start(ctx, []byte("\x00asm\x01\x00\x00\x00"), Older, nil)
	require.ErrorContains(t, err, "ABI version")
}
