package filter

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
	"github.com/agentic-jwt/ajwt/wasm/proxywasm/abi"
)

func (p *proxy) fieldsOf(kind abi.MapKind) *[]abi.Pair {
	switch kind {
	case abi.CallResponseHeaders:
		return &p.answer
	case abi.RequestTrailers:
		return &p.trailers
	}
	return &p.headers
}

// Remove removes exactly this spelling; Envoy has names in lower case only.
func (p *proxy) Remove(kind abi.MapKind, name string) abi.Status {
	fields := p.fieldsOf(kind)
	*fields = slices.DeleteFunc(*fields, func(f abi.Pair) bool { return f.Name == name })
	return p.broken["remove"]
}

func (p *proxy) Replace(kind abi.MapKind, name, value string) abi.Status {
	fields := p.fieldsOf(kind)
	*fields = append(slices.DeleteFunc(*fields, func(f abi.Pair) bool { return f.Name == name }), abi.Pair{Name: strings.Clone(name), Value: strings.Clone(value)})
	return p.broken["replace"]
}

// forwarding adds forward to a policy.
func forwarding(policy []byte) []byte {
	return append([]byte(`{"forward":[{"header":"x-ajwt-subject","claim":"subject"},{"header":"x-ajwt-key","claim":"key_thumbprint"},{"header":"x-ajwt-agent","claim":"agent"}],`), policy[1:]...)
}

// named returns the fields whose names fold to one of forwarding.
func named(fields []abi.Pair) (found []abi.Pair) {
	for _, f := range fields {
		if strings.HasPrefix(strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(f.Name)), "x-ajwt-") {
			found = append(found, abi.Pair{Name: strings.Clone(f.Name), Value: strings.Clone(f.Value)})
		}
	}
	return found
}

var spoofed = []abi.Pair{{Name: "x-ajwt-subject", Value: "admin"}, {Name: "accept", Value: "*/*"}, {Name: "X-Ajwt-Agent", Value: "admin"}, {Name: "x-ajwt-subject", Value: "root"},
	{Name: "x_ajwt_key", Value: "admin"}, {Name: "X_AJWT-agent", Value: "admin"}, {Name: "x.ajwt.agent", Value: "admin"}}

func TestForward(t *testing.T) {
	p := warm()
	r := configured(t, p, forwarding(abitest.Policy()))
	p.send(abitest.Request(abitest.Repository, later, 1))
	p.headers = append(p.headers, spoofed...)
	p.headers = append(p.headers, abi.Pair{Name: "x-ajwt-others", Value: "stay"})
	before := len(p.headers)
	require.Equal(t, abi.Passed, r.RequestHeaders(true))
	require.Contains(t, p.properties["ajwt"], `"verdict":"accept"`)
	ours := named(p.headers)
	require.Len(t, ours, 3)
	require.Equal(t, []abi.Pair{{Name: "x-ajwt-others", Value: "stay"}, {Name: "x-ajwt-subject", Value: "patcher"}}, ours[:2])
	require.Equal(t, "x-ajwt-key", ours[2].Name)
	require.Contains(t, p.properties["ajwt"], `"key_thumbprint":"`+ours[2].Value+`"`)
	require.Len(t, p.headers, before-6+2, "nothing else is touched")

	// A second use of the proof that is merely observed: the key stays behind, and so does
	// what the client says in its place.
	for range 2 {
		p.send(abitest.Request(abitest.Observed, later, 5))
		p.headers = append(p.headers, spoofed...)
		require.Equal(t, abi.Passed, r.RequestHeaders(true))
	}
	require.Contains(t, p.properties["ajwt"], `"enforced":false,"code":"replay_proof_reused"`)
	require.Equal(t, []abi.Pair{{Name: "x-ajwt-subject", Value: "patcher"}}, named(p.headers))
}

// Without forward nothing is removed: the names mean nothing to this filter.
func TestForwardAbsent(t *testing.T) {
	p := warm()
	r := configured(t, p, abitest.Policy())
	p.broken = map[string]abi.Status{"remove": abi.StatusBadArgument, "replace": abi.StatusBadArgument}
	p.send(abitest.Request(abitest.Repository, later, 1))
	p.headers = append(p.headers, spoofed...)
	p.trailers = slices.Clone(spoofed)
	require.Equal(t, abi.Passed, r.RequestHeaders(false))
	require.Equal(t, abi.Passed, r.Trailers())
	require.Len(t, named(p.headers), len(spoofed)-1)
	require.Equal(t, spoofed, p.trailers)
}

func TestForwardTrailers(t *testing.T) {
	p := warm()
	r := configured(t, p, forwarding(abitest.Policy()))
	p.send(abitest.Request(abitest.Repository, later, 1))
	require.Equal(t, abi.Passed, r.RequestHeaders(false))
	p.trailers = slices.Clone(spoofed)
	require.Equal(t, abi.Passed, r.Trailers())
	require.Equal(t, []abi.Pair{{Name: "accept", Value: "*/*"}}, p.trailers)

	p.trailers = slices.Clone(spoofed)
	p.broken = map[string]abi.Status{"remove": abi.StatusBadArgument}
	require.Equal(t, abi.Refused, r.Trailers())
	require.Equal(t, "internal_forward_failed", p.code())
	require.Equal(t, abi.Refused, New(p).(*Root).refuse(1), "the filter that was never configured")
	require.Equal(t, abi.Passed, New(p).(*Root).Trailers(), "and passes no request anyway")
}

// TestForwardFails: where the proxy does not let the filter read or change the header, the
// request does not pass.
func TestForwardFails(t *testing.T) {
	for _, call := range []string{"remove", "replace"} {
		p := warm()
		r := configured(t, p, forwarding(abitest.Policy()))
		p.broken = map[string]abi.Status{call: abi.StatusBadArgument}
		p.send(abitest.Request(abitest.Repository, later, 1))
		p.headers = append(p.headers, spoofed...)
		require.Equal(t, abi.Refused, r.RequestHeaders(true), call)
		require.Len(t, p.replies, 1)
		require.Equal(t, 500, p.replies[0].status)
		require.Equal(t, "internal_forward_failed", p.code())
		require.Contains(t, p.properties["ajwt"], `{"verdict":"reject","enforced":true,"code":"internal_forward_failed"`)
		require.Equal(t, int64(1), p.metrics["ajwt.rejected"])
		require.Equal(t, int64(1), p.metrics["ajwt.code.internal_forward_failed"])
		r.metrics.flush()
		require.Zero(t, p.metrics["ajwt.accepted"])
	}
	p := warm()
	r := configured(t, p, forwarding(abitest.Policy()))
	p.send(abitest.Request(abitest.Repository, later, 1))
	r.begin()
	require.True(t, r.read())
	d := r.verifier.Verify(&r.request)
	p.broken = map[string]abi.Status{"pairs": abi.StatusBadArgument}
	require.Equal(t, abi.Refused, r.conclude(&d), "the header cannot be read")
	require.Equal(t, "internal_forward_failed", p.code())
}

// A decision that waited for the store: what the request says is removed when it goes on, and
// of a proof that was used before, where that is only observed, the key stays behind.
func TestForwardAfterStore(t *testing.T) {
	p := warm()
	r := configured(t, p, forwarding(sharedPolicy("")))
	for body, claims := range map[string]int{"": 2, `{"seen":0}`: 1} {
		q := abitest.Request(abitest.Observed, later, 1)
		token := asked(t, p, r, q)
		status := "204"
		if body != "" {
			status = "409"
		}
		headers, size := p.answers(status, "7", body)
		require.Equal(t, abi.Passed, r.Answered(token, headers, size), p.code())
		ours := named(p.headers)
		require.Len(t, ours, claims, body)
		require.Equal(t, abi.Pair{Name: "x-ajwt-subject", Value: "patcher"}, ours[0])
	}
	token := asked(t, p, r, func() *ajwt.Request {
		q := abitest.Request(abitest.Repository, later, 2)
		for _, f := range spoofed {
			q.Headers = append(q.Headers, ajwt.Header{Name: f.Name, Value: f.Value})
		}
		return q
	}())
	require.Len(t, named(p.headers), len(spoofed)-1, "a request that waits is as it came")
	headers, size := p.answers("204", "7", "")
	require.Equal(t, abi.Passed, r.Answered(token, headers, size))
	require.Len(t, named(p.headers), 2)
	require.Equal(t, abi.Pair{Name: "x-ajwt-subject", Value: "patcher"}, named(p.headers)[0])
}
