package proxywasmhost

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/vectors"
)

const moduleFile = "../../dist/ajwt-proxy.wasm"

// moduleBytes reads the filter, which make wasm builds.
func moduleBytes(t *testing.T) []byte {
	t.Helper()
	wasm, err := os.ReadFile(moduleFile)
	require.NoError(t, err, "make wasm builds it")
	require.NotEmpty(t, wasm)
	return wasm
}

type world = World

func (w *World) key() string { return w.Key() }

// newWorld makes the world of a case. The paths of its documents begin with prefix.
func newWorld(t *testing.T, suite *vectors.Suite, c *vectors.Case, prefix string) *world {
	t.Helper()
	s := &Setting{Policy: c.Policy, Keys: make(map[string][]byte), Bundles: make(map[string][]byte), Lists: make(map[string][]byte), Loaded: *c.Now}
	var name string
	if json.Unmarshal(c.Policy, &name) == nil {
		text, err := suite.Policy(name)
		require.NoError(t, err)
		s.Policy = text
	}
	for _, d := range []struct {
		names map[string]string
		into  map[string][]byte
		read  func(string) ([]byte, error)
	}{{c.Keys, s.Keys, suite.KeySet}, {c.Bundle, s.Bundles, suite.Bundle}, {c.Revocations, s.Lists, suite.Revocations}} {
		for issuer, name := range d.names {
			data, err := d.read(name)
			require.NoError(t, err)
			d.into[issuer] = data
		}
	}
	if c.Loaded != nil {
		s.Loaded = *c.Loaded
	}
	if c.Replay != nil {
		s.Replay = *c.Replay
	}
	for _, text := range c.NonceKeys {
		key, err := base64.RawURLEncoding.DecodeString(text)
		require.NoError(t, err)
		s.NonceKeys = append(s.NonceKeys, key)
	}
	w, err := NewWorld(s, prefix)
	require.NoError(t, err)
	return w
}

// native is the answer of core for the same world.
func (w *World) native(t *testing.T) *ajwt.Verifier {
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
	n := &ajwt.Request{Method: q.Method, Scheme: q.Scheme, Authority: q.Authority, Target: q.Target, Now: *c.Now}
	for _, h := range q.Headers {
		n.Headers = append(n.Headers, ajwt.Header{Name: h.Name, Value: string(h.Value)})
	}
	n.Body = []byte{}
	if q.Body != "" {
		n.Body, _ = base64.StdEncoding.DecodeString(q.Body)
	}
	return Read(q, n.Body), n
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
