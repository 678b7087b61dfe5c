package proxywasmhost

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

// withBundle serves a bundle beside the keys, and gives the policy that asks for it.
func withBundle(p *Process, bundle func() []byte) (config []byte) {
	p.Fetch = func(_ string, fields []Field) ([]Field, []byte) {
		for _, f := range fields {
			if f.Value == "/bundle" {
				return []Field{{":status", "200"}}, bundle()
			}
		}
		return []Field{{":status", "200"}}, abitest.KeySet("as-1")
	}
	return append([]byte(`{"hosts":{"proxywasm":{"body":true,"fetch":[{"origin":"https://as.example","cluster":"as"}]}},`+
		`"replay":{"cold_start":"allow"},"proof":{"methods":["dpop","httpsig"]},`), abitest.PolicyWithBundle()[1:]...)
}

// untilReady ticks until an instance is ready, with the clock of the host.
func untilReady(t *testing.T, p *Process, i *Instance) (ticks int) {
	t.Helper()
	for began, start := time.Now(), p.Now; ; ticks++ {
		if ready, _ := p.Metric("ajwt.ready"); ready == 1 {
			return ticks
		}
		require.Less(t, ticks, 1000, strings.Join(p.Lines(), "\n"))
		require.NoError(t, i.Ticks(context.Background()))
		p.Now = start + int64(time.Since(began))
	}
}

// TestLargestDocuments holds that the largest bundle that is admitted is loaded over many
// calls, and says how long the longest was and what memory it took; one beyond it is refused
// with a code.
func TestLargestDocuments(t *testing.T) {
	ctx := context.Background()
	p := process(t, Newer)
	p.Now, p.Running = later*1e9, true
	bundle := abitest.Bundle(1<<20, 1, abitest.Now)
	config := withBundle(p, func() []byte { return bundle })
	one := instance(t, p, config)
	began := time.Now()
	ticks := untilReady(t, p, one)
	require.Greater(t, ticks, 3)
	t.Logf("bundle of %d bytes: loaded in %d ticks, %v; longest call %v, linear memory %d MiB", len(bundle), ticks, time.Since(began), one.Longest, one.MemoryBytes()>>20)

	// Another worker takes it from the shared data, and holds requests meanwhile.
	p.HoldHeaders = true
	two := instance(t, p, config)
	var held []*Stream
	for n, body := range [][][]byte{nil, {[]byte("a"), []byte("bc")}, {[]byte("a")}, nil} {
		r := request(abitest.Request(abitest.Repository, p.Now/1e9, n))
		r.Fields = append(r.Fields, Field{"signature-input", `s=();tag="x"`})
		if r.Body = body; n == 2 {
			r.Trailers = []Field{{"t", "1"}}
		}
		if n == 3 {
			r.Fields = r.Fields[:4] // no token
		}
		s, err := two.Begin(ctx, r)
		require.NoError(t, err)
		require.True(t, s.Result().Hung && !s.Result().Reached, "%d", n)
		held = append(held, s)
	}
	ticks = untilReady(t, p, two)
	require.Greater(t, ticks, 3)
	for n, s := range held {
		result := s.Result()
		require.Equal(t, n != 3, result.Reached, "%d %v", n, result.Answer)
		require.False(t, result.Hung, n)
		require.NoError(t, s.End(ctx))
	}
	require.Equal(t, 401, held[3].Result().Answer.Status)
	t.Logf("a second worker: %d ticks, longest call %v, %d MiB", ticks, two.Longest, two.MemoryBytes()>>20)

	// Successors, with requests in between; memory does not grow with their number.
	version := 1
	memory := uint32(0)
	for range 4 {
		version++
		bundle = abitest.Bundle(1<<20, version, abitest.Now)
		p.Now += 61e9
		one.Longest = 0
		for n := 0; ; n++ {
			require.NoError(t, one.Ticks(ctx))
			require.True(t, send(t, p, one, request(abitest.Request(abitest.Repository, p.Now/1e9, 1000*version+n)), p.Now/1e9).Reached, "%s", p.Lines())
			p.Now += 20e6
			if loaded, _ := p.Metric("ajwt.bundle.loaded"); loaded == int64(version)+1 {
				break
			}
			require.Less(t, n, 1000, strings.Join(p.Lines(), "\n"))
		}
		t.Logf("version %d: longest call %v, %d MiB", version, one.Longest, one.MemoryBytes()>>20)
		if version == 3 {
			memory = one.MemoryBytes()
		}
	}
	// Where a slice ends depends on the clock, and with it how much garbage lies about.
	require.LessOrEqual(t, one.MemoryBytes(), memory+1<<20)
	require.LessOrEqual(t, one.MemoryBytes(), uint32(16<<20))

	p = process(t, Newer)
	p.Now = later * 1e9
	config = withBundle(p, func() []byte { return abitest.Bundle(1<<20+8192, 1, abitest.Now) })
	require.NoError(t, instance(t, p, config).Ticks(ctx))
	refused, _ := p.Metric("ajwt.code.bundle_too_large")
	require.Equal(t, int64(1), refused)
}
