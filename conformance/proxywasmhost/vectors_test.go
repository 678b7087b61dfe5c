//go:build proxywasm

package proxywasmhost

import (
	"context"
	"encoding/base64"
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
		w := newWorld(t, suite, c, "")
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
