package proxywasmhost

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/agentic-jwt/ajwt/hosts/replaystore"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

const storeSecret = "store-s3cret"

// storePolicy has a replay store in the cluster "replay".
func storePolicy() []byte {
	return append([]byte(`{"replay":{"scope":"shared"},"hosts":{"proxywasm":{"body":true,"fetch":[{"origin":"https://as.example","cluster":"as"}],`+
		`"replay":{"uri":"http://replay.internal/v1/replay","cluster":"replay","timeout_ms":1000}}},"proof":{"methods":["dpop","httpsig"]},`), abitest.PolicyWithoutKeys()[1:]...)
}

// withStore makes the clusters answer: the one for keys, and the store's with a handler.
// What ask gives replaces the store's answer, unless it is nil.
func withStore(t *testing.T, p *Process, ask func() []Field) {
	t.Helper()
	memory := replaystore.NewMemory(1<<16, 1<<16, abitest.Now-3600, 0)
	handler := replaystore.Handler(memory, replaystore.HandlerOptions{Secret: storeSecret, Clock: func() int64 { return p.Now / 1e9 }})
	p.Env = []string{"AJWT_REPLAY_SECRET=" + storeSecret}
	p.Clusters["replay"] = true
	p.FetchBody = func(cluster string, fields []Field, sent []byte) ([]Field, []byte) {
		if cluster != "replay" {
			return []Field{{":status", "200"}}, abitest.KeySet("as-1")
		}
		if ask != nil {
			if fields := ask(); fields != nil {
				if fields[0].Name == "" { // it broke off
					return nil, nil
				}
				return fields, []byte("{}")
			}
		}
		r := httptest.NewRequest(http.MethodPost, "http://replay.internal/v1/replay", bytes.NewReader(sent))
		for _, f := range fields {
			if !strings.HasPrefix(f.Name, ":") {
				r.Header.Add(f.Name, f.Value)
			}
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		body, err := io.ReadAll(w.Body)
		require.NoError(t, err)
		answer := []Field{{":status", strconv.Itoa(w.Code)}}
		for name := range w.Header() {
			answer = append(answer, Field{strings.ToLower(name), w.Header().Get(name)})
		}
		return answer, body
	}
}

// TestRequestsWait holds that a request waits for the replay store, goes on or is answered
// from the callback of the store's answer, and that several wait at a time.
func TestRequestsWait(t *testing.T) {
	ctx := context.Background()
	for _, hold := range []bool{true, false} {
		p := process(t, Older)
		p.HoldHeaders = hold
		withStore(t, p, nil)
		i := instance(t, p, storePolicy())
		loadAll(t, i)
		p.Now = later * 1e9
		one, two := request(abitest.Request(abitest.Repository, later, 1)), request(abitest.Request(abitest.Repository, later, 2))
		again := *one

		var waiting []*Stream
		for _, r := range []*Request{one, two, &again} {
			s, err := i.Begin(ctx, r)
			require.NoError(t, err)
			require.True(t, s.waiting() && !s.reached, "nothing passes before the store has answered")
			waiting = append(waiting, s)
		}
		gone, err := i.Begin(ctx, request(abitest.Request(abitest.Repository, later, 3)))
		require.NoError(t, err)
		require.Equal(t, 4, i.Pending())
		require.NoError(t, gone.End(ctx), "the client goes before the answer comes")
		require.NoError(t, i.Deliver(ctx))
		for n, want := range []string{"", "", "replay_proof_reused"} {
			result := waiting[n].Result()
			require.False(t, result.Hung)
			require.Equal(t, want == "", result.Reached, n)
			require.Equal(t, want, code(result))
			require.NoError(t, waiting[n].End(ctx))
		}
		require.Equal(t, "replay_proof_reused", code(send(t, p, i, one, later)))
		require.False(t, gone.reached)
		require.Empty(t, i.streams)
	}
}

// TestHeldBodiesWait is for a request that has waited for its body before.
func TestHeldBodiesWait(t *testing.T) {
	ctx := context.Background()
	p := process(t, Newer)
	p.HoldHeaders = true
	withStore(t, p, nil)
	i := instance(t, p, storePolicy())
	loadAll(t, i)
	p.Now = later * 1e9
	for _, trailers := range [][]Field{nil, {{"t", "1"}}} {
		r := request(abitest.Request(abitest.Repository, later, 10+len(trailers)))
		r.Fields = append(r.Fields, Field{"signature-input", `s=();tag="x"`})
		r.Body, r.Trailers = [][]byte{[]byte("a"), []byte("b")}, trailers
		s, err := i.Begin(ctx, r)
		require.NoError(t, err)
		require.True(t, s.waiting() && !s.reached)
		require.Equal(t, 1, i.Pending(), "the store is asked when the body is there")
		require.NoError(t, i.Deliver(ctx))
		require.True(t, s.Result().Reached && !s.waiting())
		require.NoError(t, s.End(ctx))
		require.Equal(t, "replay_proof_reused", code(send(t, p, i, r, later)))
	}
}

// TestStoreFails holds that no answer of the store but a good one lets a request pass.
func TestStoreFails(t *testing.T) {
	p := process(t, Newer)
	var answer []Field
	withStore(t, p, func() []Field { return answer })
	i := instance(t, p, storePolicy())
	loadAll(t, i)
	number := 100
	for what, fields := range map[string][]Field{
		"it broke off":          {{"", ""}},
		"Envoy's timeout":       {{":status", "504"}},
		"no connection":         {{":status", "503"}},
		"nothing that is known": {{":status", "200"}},
		"another redirects":     {{":status", "307"}, {"location", "http://other/"}},
		"another secret":        {{":status", "401"}},
	} {
		number++
		answer = fields
		result := send(t, p, i, request(abitest.Request(abitest.Repository, later, number)), later)
		require.False(t, result.Reached || result.Hung, what)
		require.Equal(t, "replay_store_unavailable", code(result), what)
	}
	answer = nil
	require.True(t, send(t, p, i, request(abitest.Request(abitest.Repository, later, 1)), later).Reached)
	p.Clusters["replay"] = false
	require.Equal(t, "replay_store_unavailable", code(send(t, p, i, request(abitest.Request(abitest.Repository, later, 2)), later)))
}

// TestBodyComesWhileItWaits holds that a body whose pieces come before and after the store's
// answer arrives whole, in a proxy that knows how to stop all of it and in one that does not.
func TestBodyComesWhileItWaits(t *testing.T) {
	number := 300
	for _, plain := range []bool{false, true} {
		p := process(t, Newer)
		p.HoldHeaders, p.Plain = true, plain
		withStore(t, p, nil)
		i := instance(t, p, storePolicy())
		loadAll(t, i)
		p.Now = later * 1e9
		for late := range 4 {
			number++
			r := request(abitest.Request(abitest.Repository, later, number))
			r.Body, r.Late = [][]byte{[]byte("a"), []byte("b"), []byte("c")}, late
			result := send(t, p, i, r, later)
			require.True(t, result.Reached && !result.Hung && !result.Lost, "plain %v, %d late: %+v", plain, late, result)
		}
	}
}
