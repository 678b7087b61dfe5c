package embed

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

func TestLoad(t *testing.T) {
	v := verifier(t, abitest.PolicyWithoutKeys(), Options{Instances: 2})
	number := 0
	verify := func() ajwt.Decision {
		number++
		return v.Verify(t.Context(), abitest.Request(abitest.Repository, abitest.Now, number))
	}
	load := func(kind ajwt.Kind, issuer string, data []byte) ajwt.Code {
		_, err := v.Load(kind, issuer, data, abitest.Now)
		if err == nil {
			return 0
		}
		var load *ajwt.LoadError
		if !errors.As(err, &load) {
			t.Fatalf("Load: %T", err)
		}
		return load.Code()
	}
	wantReject(t, "before Load", verify(), ajwt.CodeKeySetMissing)
	data := abitest.KeySet("as-1")
	if code := load(ajwt.KindKeys, abitest.Issuer, data); code != 0 {
		t.Fatal(code)
	}
	clear(data) // the Verifier has its own copy
	for _, row := range []struct {
		name   string
		kind   ajwt.Kind
		issuer string
		data   []byte
		want   ajwt.Code
	}{
		{"not JSON", ajwt.KindKeys, abitest.Issuer, nil, ajwt.CodeKeysJSONInvalid},
		{"not a set", ajwt.KindKeys, abitest.Issuer, []byte("{}"), ajwt.CodeKeysNotSet},
		{"stranger", ajwt.KindKeys, "https://other.example", abitest.KeySet("as-1"), ajwt.CodeKeysIssuerUnknown},
		{"no kind", 0, abitest.Issuer, abitest.KeySet("as-1"), ajwt.CodeABIKindUnknown},
	} {
		if code := load(row.kind, row.issuer, row.data); code != row.want {
			t.Errorf("%s: %s, want %s", row.name, code, row.want)
		}
		if d := verify(); !d.Allows() {
			t.Errorf("after %s: %s", row.name, d.AppendRecord(nil))
		}
	}
	// A new instance has the documents too.
	i := v.pool.pop()
	i.discard()
	if d := verify(); !d.Allows() {
		t.Errorf("in a new instance: %s", d.AppendRecord(nil))
	}
	if code := load(ajwt.KindKeys, abitest.Issuer, abitest.KeySet("as-2")); code != 0 {
		t.Fatal(code)
	}
	wantReject(t, "after a rotation", verify(), ajwt.CodeKeyKidUnknown)
}

// TestLoadWhileVerifying holds that a decision that begins after Load has returned
// is made under the new keys, in every instance, and that none is made under neither.
func TestLoadWhileVerifying(t *testing.T) {
	v := verifier(t, abitest.PolicyWithoutKeys(), Options{Instances: 3})
	v.pool.options.WaitTimeout = v.pool.options.LoadTimeout
	kids := []string{"as-2", "as-1"} // the token names as-1
	want := []ajwt.Code{ajwt.CodeKeyKidUnknown, 0}
	load := func(n int) {
		if _, err := v.Load(ajwt.KindKeys, abitest.Issuer, abitest.KeySet(kids[n&1]), abitest.Now); err != nil {
			t.Error(err)
		}
	}
	load(0)
	var stop atomic.Bool
	var number, decided atomic.Int64
	var workers sync.WaitGroup
	defer workers.Wait()
	defer stop.Store(true)
	for range 2 {
		workers.Go(func() {
			for !stop.Load() {
				d := v.Verify(context.Background(), abitest.Request(abitest.Repository, abitest.Now, int(number.Add(1))))
				if d.Code != want[0] && d.Code != want[1] {
					t.Errorf("%s", d.AppendRecord(nil))
				}
				decided.Add(1)
			}
		})
	}
	for n := 0; n < 20 || decided.Load() < 20; n++ {
		load(n)
		d := v.Verify(t.Context(), abitest.Request(abitest.Repository, abitest.Now, int(number.Add(1))))
		if d.Code != want[n&1] {
			t.Errorf("after load %d: %q, want %q", n, d.Code, want[n&1])
		}
	}
}
