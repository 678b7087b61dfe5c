package filter

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/core/replaywire"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
	"github.com/agentic-jwt/ajwt/wasm/proxywasm/abi"
)

const (
	storeMembers = `"replay":{"uri":"http://replay.internal/v1/replay","cluster":"replay"}`
	storeURL     = "http://replay.internal/v1/replay"
)

// sharedPolicy is abitest's with the store, and replay's other members.
func sharedPolicy(replay string) []byte {
	policy := append([]byte(`{"replay":{`+replay+`"scope":"shared"},`), abitest.Policy()[1:]...)
	return withHosts(policy, storeMembers)
}

// lax is a policy that may let outages pass.
func lax(policy []byte) []byte {
	return []byte(strings.Replace(string(policy), `"algorithms"`, `"profile":"draft-00","algorithms"`, 1))
}

// answers puts an answer of the store before the filter.
func (p *proxy) answers(status, start, body string) (headers, size int) {
	p.answer, p.answered = []abi.Pair{{Name: ":status", Value: status}, {Name: "x", Value: "y"}}, []byte(body)
	if start != "" {
		p.answer = append(p.answer, abi.Pair{Name: "replay-start", Value: start})
	}
	return len(p.answer), len(body)
}

// asked sends a request that waits for the store.
func asked(t *testing.T, p *proxy, r *Root, q *ajwt.Request) uint32 {
	t.Helper()
	before := len(p.calls)
	p.send(q)
	require.Equal(t, abi.Waiting, r.RequestHeaders(true), p.code())
	require.Len(t, p.calls, before+1)
	return r.WaitsFor()
}

func TestStoreAsks(t *testing.T) {
	p := warm()
	p.env[secretVariable] = "s3cret"
	r := configured(t, p, sharedPolicy(""))
	q := abitest.Request(abitest.SingleUse, later, 1)
	token := asked(t, p, r, q)
	require.Equal(t, []string{"replay/v1/replay"}, p.calls)
	require.Equal(t, defaultStoreTimeout, p.timeout)
	require.Equal(t, []abi.Pair{{Name: ":method", Value: "POST"}, {Name: ":scheme", Value: "http"}, {Name: ":authority", Value: "replay.internal"},
		{Name: ":path", Value: "/v1/replay"}, {Name: "content-type", Value: "application/json"}, {Name: "authorization", Value: "Bearer s3cret"}}, p.fields)

	policy, err := ajwt.ParsePolicy(sharedPolicy(""))
	require.NoError(t, err)
	v, err := ajwt.NewVerifier(policy, ajwt.Options{Replay: ajwt.DeferredReplay(0)})
	require.NoError(t, err)
	d := v.Verify(q)
	require.Len(t, d.Replay, 2, "token and proof")
	require.Equal(t, string(replaywire.AppendRequest(nil, d.Replay)), p.sent)

	require.Empty(t, p.properties, "nothing is recorded before the answer")
	require.Empty(t, p.replies)
	p.now += 2
	headers, size := p.answers("204", "7", "")
	require.Equal(t, abi.Passed, r.Answered(token, headers, size))
	require.Contains(t, p.properties["ajwt"], `{"verdict":"accept","enforced":true,"level":"jwt+pop"`)
	require.Contains(t, p.properties["ajwt"], `,"elapsed_us":2000000}`, "the wait counts")
	r.metrics.flush()
	require.Equal(t, int64(2000000), p.metrics["ajwt.latency_us"])
	require.Equal(t, int64(1), p.metrics["ajwt.accepted"])
	require.Zero(t, p.metrics["ajwt.replay.failed"])
	require.Empty(t, r.store.waiting)
	require.Zero(t, r.store.held)

	// A request that is rejected anyway asks nothing.
	calls := len(p.calls)
	p.send(q)
	p.headers = p.headers[:4]
	require.Equal(t, abi.Refused, r.RequestHeaders(true))
	require.Len(t, p.calls, calls)
}

// What each answer means, for a policy that rejects at an outage and for one that does not.
func TestStoreAnswers(t *testing.T) {
	encoded := func(p *proxy) (int, int) {
		p.answers("409", "7", `{"seen":0}`)
		p.answer = append(p.answer, abi.Pair{Name: "Content-Encoding", Value: "gzip"})
		return len(p.answer), len(p.answered)
	}
	twice := func(p *proxy) (int, int) {
		p.answers("204", "7", "")
		p.answer = append(p.answer, abi.Pair{Name: "Replay-Start", Value: "7"})
		return len(p.answer), 0
	}
	is := func(status, start, body string) func(*proxy) (int, int) {
		return func(p *proxy) (int, int) { return p.answers(status, start, body) }
	}
	for name, row := range map[string]struct {
		answer func(*proxy) (int, int)
		path   string
		code   string // "" for accept
		outage bool
	}{
		"fresh":                   {is("204", "7", ""), abitest.SingleUse, "", false},
		"the token was used":      {is("409", "7", `{"seen":0}`), abitest.SingleUse, "replay_token_reused", false},
		"the proof was used":      {is("409", "7", `{"seen":1}`), abitest.SingleUse, "replay_proof_reused", false},
		"which is not said":       {is("409", "7", ``), abitest.SingleUse, "replay_proof_reused", false},
		"an index beyond":         {is("409", "7", `{"seen":2}`), abitest.SingleUse, "replay_proof_reused", false},
		"409, encoded":            {encoded, abitest.SingleUse, "replay_proof_reused", false},
		"409, too long":           {is("409", "7", `{"seen":0}`+strings.Repeat(" ", replaywire.MaxBody)), abitest.SingleUse, "replay_proof_reused", false},
		"lost":                    {is("204", number(later), ""), abitest.Repository, "replay_proof_cold_start", false},
		"no answer":               {func(*proxy) (int, int) { return 0, 0 }, abitest.Repository, "replay_store_unavailable", true},
		"200":                     {is("200", "7", ""), abitest.Repository, "replay_store_unavailable", true},
		"a redirect":              {is("302", "7", ""), abitest.Repository, "replay_store_unavailable", true},
		"without the secret":      {is("401", "7", `{"error":"x"}`), abitest.Repository, "replay_store_unavailable", true},
		"the proxy's own timeout": {is("504", "", "upstream request timeout"), abitest.Repository, "replay_store_unavailable", true},
		"no status":               {is("", "7", ""), abitest.Repository, "replay_store_unavailable", true},
		"a malformed start":       {is("204", "x", ""), abitest.Repository, "replay_store_unavailable", true},
		"two starts":              {twice, abitest.Repository, "replay_store_unavailable", true},
	} {
		for _, allow := range []bool{false, true} {
			p := warm()
			policy := sharedPolicy("")
			if allow {
				policy = lax(sharedPolicy(`"cold_start":"reject","on_outage":"allow",`))
			}
			r := configured(t, p, policy)
			token := asked(t, p, r, abitest.Request(row.path, later, 1))
			headers, size := row.answer(p)
			outcome := r.Answered(token, headers, size)
			if row.code == "" || row.outage && allow {
				require.Equal(t, abi.Passed, outcome, name)
				require.Equal(t, row.outage, strings.Contains(p.properties["ajwt"], `"warnings":["replay_store_unavailable"]`), name)
				require.Empty(t, p.replies, name)
			} else {
				require.Equal(t, abi.Refused, outcome, name)
				require.Equal(t, row.code, p.code(), name)
				require.Equal(t, int64(1), p.metrics["ajwt.code."+row.code], name)
			}
			require.Equal(t, row.outage, p.metrics["ajwt.replay.failed"] == 1, name)
			require.Equal(t, row.outage, strings.Contains(strings.Join(p.lines, "\n"), storeURL), name)
		}
	}
}

func TestStoreIsNotAsked(t *testing.T) {
	p := warm()
	r := configured(t, p, sharedPolicy(""))
	p.callStatus = abi.StatusBadArgument
	for n := range 5 {
		p.send(abitest.Request(abitest.Repository, later, n))
		require.Equal(t, abi.Refused, r.RequestHeaders(true))
		require.Equal(t, "replay_store_unavailable", p.code())
	}
	require.Equal(t, int64(5), p.metrics["ajwt.replay.failed"])
	require.Equal(t, 1, strings.Count(strings.Join(p.lines, "\n"), "is there a cluster replay?"), "one line a second")
	require.Empty(t, r.store.waiting)

	allowed := warm()
	r = configured(t, allowed, lax(sharedPolicy(`"on_outage":"allow",`)))
	allowed.callStatus = abi.StatusBadArgument
	allowed.send(abitest.Request(abitest.Repository, later, 1))
	require.Equal(t, abi.Passed, r.RequestHeaders(true))
}

func TestStoreObserved(t *testing.T) {
	p := warm()
	r := configured(t, p, sharedPolicy(""))
	token := asked(t, p, r, abitest.Request(abitest.Observed, later, 1))
	headers, size := p.answers("409", "7", `{"seen":0}`)
	require.Equal(t, abi.Passed, r.Answered(token, headers, size))
	require.Contains(t, p.properties["ajwt"], `"verdict":"reject","enforced":false,"code":"replay_proof_reused","check":1002,"level":"jwt",`)
	require.Equal(t, int64(1), p.metrics["ajwt.observed"])
}

// What goes on is what was judged: header fields that change meanwhile, or that cannot be
// read any more, refuse.
func TestStoreFieldsChange(t *testing.T) {
	for name, change := range map[string]func(*proxy){
		"one more":   func(p *proxy) { p.headers = append(p.headers, abi.Pair{Name: "x-admin", Value: "1"}) },
		"other path": func(p *proxy) { p.headers[3].Value = "/repos/acme/other" },
		"none":       func(p *proxy) { p.headers = nil },
	} {
		p := warm()
		r := configured(t, p, sharedPolicy(""))
		token := asked(t, p, r, abitest.Request(abitest.Repository, later, 1))
		change(p)
		headers, size := p.answers("204", "7", "")
		require.Equal(t, abi.Refused, r.Answered(token, headers, size), name)
		require.Equal(t, "abi_record_malformed", p.code(), name)
	}
}

// Requests that wait at the same time each get the answer to their own call.
func TestStoreManyWait(t *testing.T) {
	p := warm()
	r := configured(t, p, sharedPolicy(""))
	one, two := abitest.Request(abitest.Repository, later, 1), abitest.Request(abitest.Observed, later, 2)
	first, second := asked(t, p, r, one), asked(t, p, r, two)
	require.NotEqual(t, first, second)
	p.send(two)
	headers, size := p.answers("409", "7", `{"seen":0}`)
	require.Equal(t, abi.Passed, r.Answered(second, headers, size))
	require.Contains(t, p.properties["ajwt"], `"route":"observed"`)
	p.send(one)
	headers, size = p.answers("204", "7", "")
	require.Equal(t, abi.Passed, r.Answered(first, headers, size))
	require.Contains(t, p.properties["ajwt"], `"route":"repository"`)
	require.Equal(t, abi.Refused, r.Answered(first, headers, size), "an answer counts once")
	require.Equal(t, "internal_panic", p.code())
}

// A store that hangs costs bounded memory, and what is gone makes room.
func TestStoreBounds(t *testing.T) {
	p := warm()
	r := configured(t, p, lax(sharedPolicy(`"on_outage":"allow",`)))
	var tokens []uint32
	for n := range maxWaiting {
		tokens = append(tokens, asked(t, p, r, abitest.Request(abitest.Repository, later, n)))
	}
	p.send(abitest.Request(abitest.Repository, later, maxWaiting))
	require.Equal(t, abi.Refused, r.RequestHeaders(true), "not even where outages pass")
	require.Equal(t, "replay_memory_full", p.code())
	require.Len(t, p.calls, maxWaiting)
	for _, token := range tokens {
		r.Forgotten(token)
		r.Forgotten(token)
	}
	require.Empty(t, r.store.waiting)
	require.Zero(t, r.store.held)

	long := abitest.Request(abitest.Repository, later, 1)
	long.Headers = append(long.Headers, ajwt.Header{Name: "x-long", Value: strings.Repeat("x", maxWaitingBytes/4)})
	for range 3 {
		asked(t, p, r, long)
	}
	p.send(long)
	require.Equal(t, abi.Refused, r.RequestHeaders(true))
	require.Equal(t, "replay_memory_full", p.code())
	require.LessOrEqual(t, r.store.held, maxWaitingBytes)
}

// A request with a body waits for both, and is decided once.
func TestStoreWithBody(t *testing.T) {
	p := warm()
	policy := append([]byte(`{"replay":{"scope":"shared"},"proof":{"methods":["dpop","httpsig"]},`), abitest.Policy()[1:]...)
	r := configured(t, p, withHosts(policy, `"body":true,`+storeMembers))
	q := abitest.Request(abitest.Repository, later, 1)
	q.Headers = append(q.Headers, ajwt.Header{Name: "signature-input", Value: `s=();tag="other"`})
	p.send(q)
	p.body = []byte("abc")
	require.Equal(t, abi.Held, r.RequestHeaders(false))
	require.Empty(t, p.calls)
	require.Equal(t, abi.Held, r.RequestBody(2, false))
	require.Equal(t, abi.Waiting, r.RequestBody(3, true))
	headers, size := p.answers("204", "7", "")
	require.Equal(t, abi.Passed, r.Answered(r.WaitsFor(), headers, size))
	p.send(q)
	require.Equal(t, abi.Held, r.RequestHeaders(false))
	require.Equal(t, abi.Waiting, r.RequestTrailers())
}

// The latest start counts, for all workers and after a reload; from a store that named one,
// an answer without it is none; a store that never does started when it was met.
func TestStoreStart(t *testing.T) {
	p := warm()
	policy := sharedPolicy("")
	r := configured(t, p, policy)
	n := 0
	try := func(p *proxy, r *Root, status, start string) string {
		n++
		before := len(p.replies)
		p.send(abitest.Request(abitest.Repository, later, n))
		outcome := r.RequestHeaders(true)
		if outcome == abi.Waiting {
			headers, size := p.answers(status, start, "")
			outcome = r.Answered(r.WaitsFor(), headers, size)
		}
		require.Equal(t, outcome == abi.Passed, len(p.replies) == before)
		if outcome == abi.Passed {
			return ""
		}
		return p.code()
	}
	require.Equal(t, "", try(p, r, "204", "100"))
	q := p.worker()
	s := configured(t, q, policy)
	require.Equal(t, int64(100), s.store.Start(), "another worker knows it")
	require.Equal(t, "replay_proof_cold_start", try(p, r, "204", number(later-30)), "also the decision that finds out")
	require.Equal(t, "replay_proof_cold_start", try(p, r, "204", "100"), "it is never earlier again")
	require.Equal(t, "", try(q, s, "204", "100"), "a worker applies what it has seen, and its answers")
	require.Equal(t, "replay_store_unavailable", try(q, s, "204", ""))
	require.Equal(t, "replay_proof_cold_start", try(q, s, "204", "200"), "what is new to it makes it look at what others have seen")
	require.Equal(t, int64(later-30), s.store.Start())
	fresh := p.worker()
	require.Equal(t, int64(later-30), configured(t, fresh, policy).store.Start(), "after a reload")

	// An outage that names a start is none the less to be believed.
	p = warm()
	r = configured(t, p, policy)
	require.Equal(t, "", try(p, r, "204", "100"))
	require.Equal(t, "replay_store_unavailable", try(p, r, "503", number(later)))
	require.Equal(t, int64(later), r.store.Start())

	p = warm()
	r = configured(t, p, policy)
	require.Equal(t, "replay_store_unavailable", try(p, r, "503", ""), "an outage is no meeting")
	require.Zero(t, r.store.Start())
	require.Equal(t, "replay_proof_cold_start", try(p, r, "204", ""), "it was met now")
	require.Equal(t, int64(later), r.store.Start())

	// Shared data that fails: each worker learns for itself.
	p = warm()
	r = configured(t, p, policy)
	p.SetShared(r.store.name, []byte("x"), 0)
	require.Equal(t, "", try(p, r, "204", "100"))
	require.Equal(t, "replay_proof_cold_start", try(p, r, "204", number(later)))
}

// A memory that a policy leaves and another takes up again does not know what was used in
// between.
func TestStoreScopeChanges(t *testing.T) {
	p := warm()
	local, shared := abitest.Policy(), sharedPolicy("")
	r := configured(t, p, local)
	require.Equal(t, p.now, r.replay.Start())
	p.now += 100
	r = configured(t, p, shared)
	require.Equal(t, p.now, r.store.Start(), "the store does not know what the process remembered")
	since := p.now
	p.now += 100
	require.Equal(t, since, configured(t, p.worker(), shared).store.Start())
	p.now += 100
	r = configured(t, p, local)
	require.Equal(t, p.now, r.replay.Start(), "nor the other way round")
	require.Equal(t, p.now, configured(t, p.worker(), local).replay.Start())

	fresh := warm()
	require.Zero(t, configured(t, fresh, shared).store.Start(), "a process that began with the store")
	p.SetShared(servedName, []byte("x"), 0)
	p.config = local
	require.False(t, New(p).Configure(len(local)))
}

// The store forgets a proof when the policy that asked says so. A policy that takes proofs
// for longer cannot rely on what it forgot.
func TestStoreWindowChanges(t *testing.T) {
	p := warm()
	policy := func(maxAge string) []byte {
		return append([]byte(`{"proof":{"max_age_seconds":`+maxAge+`},`), sharedPolicy("")[1:]...)
	}
	require.Zero(t, configured(t, p, policy("60")).store.Start())
	p.now += 100
	require.Zero(t, configured(t, p, policy("60")).store.Start())
	require.Equal(t, p.now, configured(t, p, policy("120")).store.Start())
	p.now += 100
	require.Equal(t, p.now, configured(t, p, policy("60")).store.Start())
}

func TestStoreSettings(t *testing.T) {
	shared := append([]byte(`{"replay":{"scope":"shared"},`), abitest.Policy()[1:]...)
	for name, row := range map[string]struct {
		policy []byte
		secret string
		fault  string // "" for none
	}{
		"good":            {withHosts(shared, `"replay":{"uri":"https://r.example:8787/x/v1/replay?y=1","cluster":"c","timeout_ms":7}`), "s", ""},
		"no store":        {shared, "", "/hosts/proxywasm/replay: policy_member_missing"},
		"local":           {withHosts(abitest.Policy(), storeMembers), "", "/hosts/proxywasm/replay: policy_member_conflict"},
		"relative":        {withHosts(shared, `"replay":{"uri":"/v1/replay","cluster":"c"}`), "", "/hosts/proxywasm/replay/uri: policy_member_value"},
		"other scheme":    {withHosts(shared, `"replay":{"uri":"redis://x","cluster":"c"}`), "", "/hosts/proxywasm/replay/uri: policy_member_value"},
		"user":            {withHosts(shared, `"replay":{"uri":"http://u:p@x/","cluster":"c"}`), "", "/hosts/proxywasm/replay/uri: policy_member_value"},
		"no host":         {withHosts(shared, `"replay":{"uri":"http:///v1","cluster":"c"}`), "", "/hosts/proxywasm/replay/uri: policy_member_value"},
		"letters":         {withHosts(shared, `"replay":{"uri":"http://x/é","cluster":"c"}`), "", "/hosts/proxywasm/replay/uri: policy_member_value"},
		"number":          {withHosts(shared, `"replay":{"uri":1,"cluster":"c"}`), "", "/hosts/proxywasm/replay/uri: policy_member_type"},
		"without cluster": {withHosts(shared, `"replay":{"uri":"http://x/"}`), "", "/hosts/proxywasm/replay/cluster: policy_member_missing"},
		"bad secret":      {withHosts(shared, storeMembers), "two words", secretVariable},
		"line in secret":  {withHosts(shared, storeMembers), "a\r\nx: y", secretVariable},
	} {
		p := warm()
		p.env[secretVariable] = row.secret
		p.config = row.policy
		ok := New(p).Configure(len(row.policy))
		require.Equal(t, row.fault == "", ok, "%s: %v", name, p.lines)
		if row.fault != "" {
			require.Len(t, p.lines, 1, name)
			require.Contains(t, p.lines[0], row.fault, name)
			require.NotContains(t, p.lines[0], "two words")
		}
	}
	s, faults := readSettings(withHosts(shared, `"replay":{"uri":"https://r.example:8787/x/v1/replay?y=1","cluster":"c","timeout_ms":7}`), func(string) string { return "" })
	require.Empty(t, faults)
	require.Equal(t, storeSource{url: "https://r.example:8787/x/v1/replay?y=1", cluster: "c", scheme: "https", authority: "r.example:8787",
		path: "/x/v1/replay?y=1", timeout: 7}, s.store)
}
