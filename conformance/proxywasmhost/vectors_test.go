//go:build proxywasm

package proxywasmhost

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/vectors"
)

// The module that is tested, and where wazero keeps what it has compiled.
const (
	moduleFile = "../../dist/ajwt-proxy.wasm"
	docsOrigin = "https://documents.example"
)

// world is a policy with its documents and secrets: cases of one world share an instance.
type world struct {
	policy    []byte // with hosts.proxywasm
	documents map[string][]byte
	loads     []load
	nonceKeys [][]byte
	start     int64 // of the replay memory
	loaded    int64
}

type load struct {
	kind   ajwt.Kind
	issuer string
	data   []byte
}

func (w *world) key() string {
	return fmt.Sprintf("%s %v %x %d %d", w.policy, w.loads, w.nonceKeys, w.start, w.loaded)
}

// newWorld makes a case's policy one for this host: every document has a URL, and bodies
// are admitted. Only addresses change, so the decisions stay what they are.
func newWorld(t *testing.T, suite *vectors.Suite, c *vectors.Case) *world {
	t.Helper()
	text := []byte(c.Policy)
	var name string
	if json.Unmarshal(c.Policy, &name) == nil {
		var err error
		text, err = suite.Policy(name)
		require.NoError(t, err)
	}
	var policy map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	require.NoError(t, d.Decode(&policy))
	w := &world{documents: make(map[string][]byte), loaded: *c.Now, start: 1}
	if c.Loaded != nil {
		w.loaded = *c.Loaded
	}
	fetch := map[string]any{"origin": docsOrigin, "cluster": "documents"}
	policy["hosts"] = map[string]any{"proxywasm": map[string]any{"fetch": []any{fetch}, "body": true, "max_bundle_bytes": 64 << 20}}
	for i, entry := range policy["issuers"].([]any) {
		issuer := entry.(map[string]any)
		id := issuer["issuer"].(string)
		add := func(member map[string]any, uri, kind string, k ajwt.Kind, names map[string]string, read func(string) ([]byte, error)) {
			path := fmt.Sprintf("/%d/%s", i, kind)
			member[uri] = docsOrigin + path
			if name, ok := names[id]; ok {
				data, err := read(name)
				require.NoError(t, err)
				w.documents[path] = data
				w.loads = append(w.loads, load{k, id, data})
			}
		}
		if _, ok := issuer["jwks_uri"]; ok {
			add(issuer, "jwks_uri", "keys", ajwt.KindKeys, c.Keys, suite.KeySet)
		}
		if b, ok := issuer["bundle"].(map[string]any); ok {
			delete(b, "file")
			add(b, "uri", "bundle", ajwt.KindBundle, c.Bundle, suite.Bundle)
		}
		if l, ok := issuer["revocation"].(map[string]any); ok {
			delete(l, "file")
			add(l, "uri", "revocations", ajwt.KindRevocations, c.Revocations, suite.Revocations)
		}
	}
	if r := c.Replay; r != nil {
		replay, _ := policy["replay"].(map[string]any)
		if replay == nil {
			replay = make(map[string]any)
		}
		if r.Start > 0 {
			w.start = r.Start
		}
		if r.Capacity > 0 {
			replay["capacity"] = r.Capacity
		}
		if r.PerKey > 0 {
			replay["per_key"] = r.PerKey
		}
		if len(replay) > 0 {
			policy["replay"] = replay
		}
	}
	for _, text := range c.NonceKeys {
		key, err := base64.RawURLEncoding.DecodeString(text)
		require.NoError(t, err)
		w.nonceKeys = append(w.nonceKeys, key)
	}
	var err error
	w.policy, err = json.Marshal(policy)
	require.NoError(t, err)
	return w
}

// native is the answer of core for the same world.
func (w *world) native(t *testing.T) *ajwt.Verifier {
	t.Helper()
	policy, err := ajwt.ParsePolicy(w.policy)
	require.NoError(t, err)
	capacity, perKey := policy.ReplayCapacity()
	v, err := ajwt.NewVerifier(policy, ajwt.Options{Replay: ajwt.NewReplayMemory(min(capacity, 4096), perKey, w.start), NonceKeys: w.nonceKeys})
	require.NoError(t, err)
	for _, l := range w.loads {
		_, err := v.Load(l.kind, l.issuer, l.data, w.loaded)
		require.NoError(t, err)
	}
	return v
}

// run starts an instance in this world, with its documents fetched.
func (w *world) run(t *testing.T, p *Process) *Instance {
	t.Helper()
	ctx := context.Background()
	p.shared = make(map[string]value)
	var keys []string
	for _, k := range w.nonceKeys {
		keys = append(keys, base64.RawURLEncoding.EncodeToString(k))
	}
	p.Env = []string{"AJWT_NONCE_KEYS=" + strings.Join(keys, ",")}
	p.Clusters["documents"] = true
	p.Fetch = func(_ string, fields []Field) ([]Field, []byte) {
		for _, f := range fields {
			if data, ok := w.documents[f.Value]; ok && f.Name == ":path" {
				return []Field{{":status", "200"}}, data
			}
		}
		return []Field{{":status", "404"}}, nil
	}
	p.Now = w.start * 1e9
	i, err := p.Instance(ctx, w.policy)
	require.NoError(t, err, strings.Join(p.Lines(), "\n"))
	p.Now = w.loaded * 1e9
	require.NoError(t, i.Ticks(ctx))
	return i
}

// carried tells why a case cannot be put to a proxy's filter, "" if it can.
func carried(c *vectors.Case) string {
	switch {
	case *c.Now < 0 || *c.Now > 1<<33:
		return "a clock that no proxy has"
	case strings.HasSuffix(c.Expect.Code, "_body_unavailable"):
		return "a filter knows of every request whether it has a body"
	case c.Expect.Code == "input_body_too_long":
		return "the body of a request that needs none is not read"
	}
	return ""
}

func requestOf(c *vectors.Case) (*Request, *ajwt.Request) {
	q := c.Request
	r := &Request{Fields: []Field{{":method", q.Method}, {":scheme", q.Scheme}, {":authority", q.Authority}, {":path", q.Target}}}
	n := &ajwt.Request{Method: q.Method, Scheme: q.Scheme, Authority: q.Authority, Target: q.Target, Now: *c.Now}
	for _, h := range q.Headers {
		r.Fields = append(r.Fields, Field{h.Name, string(h.Value)})
		n.Headers = append(n.Headers, ajwt.Header{Name: h.Name, Value: string(h.Value)})
	}
	n.Body = []byte{}
	if q.Body != "" {
		n.Body, _ = base64.StdEncoding.DecodeString(q.Body)
		half := len(n.Body) / 2
		r.Body = [][]byte{n.Body[:half], n.Body[half:]}
	}
	return r, n
}

// TestVectors puts every verify case to the module and to core: record, status, challenge
// and nonce are the same, and nothing that is rejected reaches the upstream.
func TestVectors(t *testing.T) {
	suite, err := vectors.Load()
	require.NoError(t, err)
	wasm, err := os.ReadFile(moduleFile)
	require.NoError(t, err)
	ctx := context.Background()
	cacheDir := os.Getenv("AJWT_WAZERO_CACHE")
	if cacheDir == "" {
		cacheDir = t.TempDir()
	}
	cache, err := wazero.NewCompilationCacheWithDir(cacheDir)
	require.NoError(t, err)
	p, err := Start(ctx, wasm, Older, cache)
	require.NoError(t, err)
	defer p.Close(ctx)
	p.HoldHeaders = true

	type job struct {
		c *vectors.Case
		w *world
	}
	groups := make(map[string][]job)
	left := make(map[string]int)
	cases := suite.Cases()
	for n := range cases {
		c := &cases[n]
		if c.Op != "verify" {
			continue
		}
		if why := carried(c); why != "" {
			left[why]++
			continue
		}
		w := newWorld(t, suite, c)
		groups[w.key()] = append(groups[w.key()], job{c, w})
	}
	names := make([]string, 0, len(groups))
	for name := range groups {
		names = append(names, name)
	}
	sort.Strings(names)
	ran, wrong := 0, 0
	for _, name := range names {
		jobs := groups[name]
		w := jobs[0].w
		i := w.run(t, p)
		snapshot := p.Snapshot()
		for _, j := range jobs {
			p.Restore(snapshot)
			p.Now = *j.c.Now * 1e9
			p.Lines()
			r, n := requestOf(j.c)
			result, err := i.Send(ctx, r)
			require.NoError(t, err, j.c.ID+"\n"+strings.Join(p.Lines(), "\n"))
			d := w.native(t).Verify(n)
			if diff := compare(&d, &result); diff != "" {
				wrong++
				t.Errorf("%s: %s", j.c.ID, diff)
				if wrong > 30 {
					t.FailNow()
				}
			}
			if e := j.c.Expect; d.Code.String() != e.Code {
				t.Errorf("%s: core says %q, the vector %q", j.c.ID, d.Code, e.Code)
			}
			ran++
		}
		require.NoError(t, i.Close(ctx))
	}
	t.Logf("%d cases in %d worlds, %d metrics; left out: %v", ran, len(groups), p.Metrics(), left)
	require.Greater(t, ran, 3000)
}

func compare(d *ajwt.Decision, r *Result) string {
	record, elapsed, _ := strings.Cut(r.Properties["ajwt"], `,"elapsed_us":`)
	want := strings.TrimSuffix(string(d.AppendRecord(nil)), "}")
	switch {
	case r.Hung:
		return "it hangs"
	case record != want || elapsed == "":
		return fmt.Sprintf("record\n%s\nwant\n%s", r.Properties["ajwt"], want)
	case r.Reached != d.Allows():
		return fmt.Sprintf("the upstream saw it: %v", r.Reached)
	case d.Allows() != (r.Answer == nil):
		return fmt.Sprintf("answered: %v", r.Answer)
	case d.Allows():
		return ""
	}
	a := r.Answer
	if a.Status != d.Status || a.Get("www-authenticate") != d.Challenge || a.Get("dpop-nonce") != d.Nonce ||
		a.Get("cache-control") != "no-store" || string(a.Body) != string(d.AppendErrorBody(nil)) {
		return fmt.Sprintf("answer %d %q %s, want %d %q %q", a.Status, a.Fields, a.Body, d.Status, d.Challenge, d.Nonce)
	}
	return ""
}
