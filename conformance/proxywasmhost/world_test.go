//go:build proxywasm || envoy

package proxywasmhost

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/vectors"
)

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
// The paths of its documents begin with prefix.
func newWorld(t *testing.T, suite *vectors.Suite, c *vectors.Case, prefix string) *world {
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
			path := fmt.Sprintf("%s/%d/%s", prefix, i, kind)
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
