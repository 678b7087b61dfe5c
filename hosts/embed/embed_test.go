package embed

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

var (
	module   []byte // dist/ajwt.wasm
	cacheDir string
)

func TestMain(m *testing.M) {
	var err error
	if module, err = os.ReadFile("../../dist/ajwt.wasm"); err != nil {
		fmt.Fprintln(os.Stderr, "the tests need the module; run make wasm first:", err)
		os.Exit(1)
	}
	if cacheDir, err = os.MkdirTemp("", "ajwt-embed"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(cacheDir)
	os.Exit(code)
}

// verifier makes a Verifier over the real module.
func verifier(t testing.TB, policy []byte, o Options) *Verifier {
	t.Helper()
	o.CacheDir, o.ReplayStart = cacheDir, abitest.Start
	v, err := New(context.Background(), module, policy, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	return v
}

func native(t testing.TB, policy []byte, o ajwt.Options) *ajwt.Verifier {
	t.Helper()
	p, err := ajwt.ParsePolicy(policy)
	if err != nil {
		t.Fatal(err)
	}
	o.Start = abitest.Start
	v, err := ajwt.NewVerifier(p, o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestDecidesAsCore holds that the module gives the decisions of the native core,
// member for member.
func TestDecidesAsCore(t *testing.T) {
	core := native(t, abitest.Policy(), ajwt.Options{})
	v := verifier(t, abitest.Policy(), Options{})
	for i, r := range abitest.Mixed() {
		want, got := core.Verify(r), v.Verify(t.Context(), r)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("request %d:\n%s\nwant\n%s", i, got.AppendRecord(nil), want.AppendRecord(nil))
		}
	}
}

// TestTooLong holds the same for requests beyond every limit, also beyond those of
// the ABI and of the module's memory.
func TestTooLong(t *testing.T) {
	core := native(t, abitest.Policy(), ajwt.Options{})
	v := verifier(t, abitest.Policy(), Options{Instances: 1})
	for _, row := range []struct {
		target, headers, body int
		want                  ajwt.Code
	}{
		{8193, 0, 0, ajwt.CodeInputTargetTooLong},
		{1 << 24, 5000, 1 << 24, ajwt.CodeInputTargetTooLong},
		{1, 257, 0, ajwt.CodeInputHeaderCountExceeded},
		{1, 5000, 1 << 24, ajwt.CodeInputHeaderCountExceeded},
		{1, 256, 1<<20 + 1, ajwt.CodeInputBodyTooLong},
		{1, 0, 100 << 20, ajwt.CodeInputBodyTooLong},
		{1, 0, 1 << 20, ajwt.CodeInputAuthorizationMissing},
	} {
		r := ajwt.Request{
			Method: "GET", Scheme: "https", Authority: "api.example", Target: strings.Repeat("/", row.target),
			Headers: make([]ajwt.Header, row.headers), Body: make([]byte, row.body), Now: abitest.Now,
		}
		for i := range r.Headers {
			r.Headers[i].Name = "x"
		}
		want, got := core.Verify(&r), v.Verify(t.Context(), &r)
		if got.Code != row.want || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v:\n%s\nwant\n%s", row, got.AppendRecord(nil), want.AppendRecord(nil))
		}
	}
	big := abitest.Request(abitest.Repository, abitest.Now, 1)
	big.Headers[0].Value = strings.Repeat("a", 81<<20)
	wantReject(t, "a header of 81 MiB", v.Verify(t.Context(), big), ajwt.CodeABITooLarge)
	big.Headers[0].Value = strings.Repeat("a", 70<<20)
	wantReject(t, "a header that the memory does not hold", v.Verify(t.Context(), big), ajwt.CodeInternalTrap)
	if d := v.Verify(t.Context(), abitest.Request(abitest.Repository, abitest.Now, 1)); !d.Allows() {
		t.Errorf("afterwards: %s", d.AppendRecord(nil))
	}
}

func TestInterpreterDecidesAsCore(t *testing.T) {
	core := native(t, abitest.Policy(), ajwt.Options{})
	v := verifier(t, abitest.Policy(), Options{Interpreter: true, Instances: 1})
	for i, r := range abitest.Mixed()[:2] {
		want, got := core.Verify(r), v.Verify(t.Context(), r)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("request %d:\n%s\nwant\n%s", i, got.AppendRecord(nil), want.AppendRecord(nil))
		}
	}
}

// TestNonce holds that the secrets reach the module.
func TestNonce(t *testing.T) {
	o := ajwt.Options{NonceKeys: [][]byte{make([]byte, 32)}}
	core := native(t, abitest.PolicyWithNonce(), o)
	v := verifier(t, abitest.PolicyWithNonce(), Options{NonceKeys: o.NonceKeys})
	first := abitest.Request(abitest.Repository, abitest.Now, 1)
	want, got := core.Verify(first), v.Verify(t.Context(), first)
	if got.Code != ajwt.CodeProofNonceMissing || got.Nonce == "" || !reflect.DeepEqual(got, want) {
		t.Fatalf("without a nonce: %+v\nwant %+v", got, want)
	}
	second := abitest.RequestWith(abitest.Repository, abitest.Now, 2, abitest.Token(abitest.Now), got.Nonce)
	if d := v.Verify(t.Context(), second); !d.Allows() {
		t.Errorf("with it: %s", d.AppendRecord(nil))
	}
	if _, err := New(t.Context(), module, abitest.PolicyWithNonce(), Options{CacheDir: cacheDir, ReplayStart: 1}); err == nil {
		t.Error("a policy with nonces and no key gives no error")
	}
}

// TestOneReplayMemory holds that a proof passes once, whichever instances see it.
func TestOneReplayMemory(t *testing.T) {
	v := verifier(t, abitest.Policy(), Options{Instances: 4})
	v.pool.options.WaitTimeout = v.pool.options.LoadTimeout
	const same = 8
	var passed, seen atomic.Int32
	var all sync.WaitGroup
	for range same {
		all.Go(func() {
			d := v.Verify(context.Background(), abitest.Request(abitest.Repository, abitest.Now, 1))
			if d.Allows() {
				passed.Add(1)
			} else if d.Code == ajwt.CodeReplayProofReused {
				seen.Add(1)
			}
		})
	}
	all.Wait()
	if passed.Load() != 1 || seen.Load() != same-1 {
		t.Errorf("%d passed, %d were seen before; want 1 and %d", passed.Load(), seen.Load(), same-1)
	}
}

// store answers with one result.
type store struct {
	result ajwt.ReplayResult
	seen   int
}

func (s store) Record([]ajwt.ReplayKey, int64) (ajwt.ReplayResult, int) { return s.result, s.seen }
func (s store) Start() int64                                            { return 0 }

// TestStoreAnswers holds that every answer of a store of the program's own gives
// what it gives in the native core, and that only fresh lets pass.
func TestStoreAnswers(t *testing.T) {
	v := verifier(t, abitest.Policy(), Options{Replay: store{}, Instances: 1})
	for result := range ajwt.ReplayResult(8) {
		for seen := -1; seen < 3; seen++ {
			s := store{result, seen}
			v.replay = s
			for _, path := range []string{abitest.SingleUse, abitest.Observed} {
				r := abitest.Request(path, abitest.Now, 1)
				got := v.Verify(t.Context(), r)
				if got.Allows() != (result == ajwt.ReplayFresh || path == abitest.Observed) {
					t.Errorf("%v on %s: %s", s, path, got.AppendRecord(nil))
				}
				if result == ajwt.ReplayDeferred {
					continue // the native core would leave it to its host
				}
				if want := native(t, abitest.Policy(), ajwt.Options{Replay: s}).Verify(r); !reflect.DeepEqual(got, want) {
					t.Errorf("%v on %s:\n%s\nwant\n%s", s, path, got.AppendRecord(nil), want.AppendRecord(nil))
				}
			}
		}
	}
}

// losing is a store that is found lost when it is asked to record.
type losing struct {
	start, then int64
	result      ajwt.ReplayResult
}

func (l *losing) Record([]ajwt.ReplayKey, int64) (ajwt.ReplayResult, int) {
	l.start = max(l.start, l.then)
	return l.result, 0
}
func (l *losing) Start() int64 { return l.start }

// TestStoreLost holds that a store which loses its memory after New, before or during
// a request, refuses what was issued before, as it does for the native core.
func TestStoreLost(t *testing.T) {
	v := verifier(t, abitest.Policy(), Options{Replay: store{}, Instances: 1})
	for start := range 2 {
		for _, then := range []int64{0, abitest.Now - 1000, abitest.Now} {
			for _, result := range []ajwt.ReplayResult{ajwt.ReplayFresh, ajwt.ReplaySeen, ajwt.ReplayUnavailable} {
				before := int64(start) * abitest.Now
				v.replay = &losing{before, then, result}
				r := abitest.Request(abitest.Repository, abitest.Now, 1)
				got := v.Verify(t.Context(), r)
				want := native(t, abitest.Policy(), ajwt.Options{Replay: &losing{before, then, result}}).Verify(r)
				lost := max(before, then) == abitest.Now
				if got.Allows() != (!lost && result == ajwt.ReplayFresh) || got.Allows() != want.Allows() {
					t.Errorf("%d %d %v: %s\nwant %s", before, then, result, got.AppendRecord(nil), want.AppendRecord(nil))
				}
				if (lost && before == then || result == ajwt.ReplayFresh) && !reflect.DeepEqual(got, want) {
					t.Errorf("%d %d %v: %s\nwant %s", before, then, result, got.AppendRecord(nil), want.AppendRecord(nil))
				}
			}
		}
	}
	shared := []byte(strings.Replace(string(abitest.Policy()), `"routes"`, `"replay":{"scope":"shared"},"routes"`, 1))
	if _, err := New(t.Context(), module, shared, Options{CacheDir: cacheDir, ReplayStart: 1}); err == nil || !strings.Contains(err.Error(), "Options.Replay") {
		t.Errorf("shared without a store: %v", err)
	}
}

func TestClose(t *testing.T) {
	v := verifier(t, abitest.Policy(), Options{Instances: 1})
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	wantReject(t, "closed", v.Verify(t.Context(), request), ajwt.CodeInternalBusy)
	if err := v.Close(); err != nil {
		t.Errorf("the second time: %v", err)
	}
}
