package proxywasmhost

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/vectors"
)

// vectorsEvery is the part of the worlds that TestVectors takes. All cases run in make
// conformance; what is more here is that the whole record is compared.
const vectorsEvery = 8

// TestVectors puts verify cases to the module and to core: record, status, challenge and
// nonce are the same, and nothing that is rejected reaches the upstream.
func TestVectors(t *testing.T) {
	suite, err := vectors.Load()
	require.NoError(t, err)
	ctx := context.Background()
	p, err := Start(ctx, moduleBytes(t), Older, compiled)
	require.NoError(t, err)
	defer p.Close(ctx)
	p.HoldHeaders = true

	type job struct {
		c *vectors.Case
		w *world
	}
	groups := make(map[string][]job)
	cases := suite.Cases()
	for n := range cases {
		c := &cases[n]
		if c.Op != "verify" || carried(c) != "" {
			continue
		}
		w := newWorld(t, suite, c, "")
		groups[w.key()] = append(groups[w.key()], job{c, w})
	}
	ran, wrong := 0, 0
	for n, name := range slices.Sorted(maps.Keys(groups)) {
		if n%vectorsEvery != 0 {
			continue
		}
		jobs := groups[name]
		w := jobs[0].w
		w.Enter(p)
		i, err := w.Instance(ctx, p)
		require.NoError(t, err)
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
	t.Logf("%d cases in %d of %d worlds", ran, len(groups)/vectorsEvery, len(groups))
	require.Greater(t, ran, 100)
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
