package abi

import (
	"math"
	"reflect"
	"strings"
	"testing"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

// native is a verifier of core under the same policy, with its own replay memory.
func native(t *testing.T, policy []byte) *ajwt.Verifier {
	t.Helper()
	p, err := ajwt.ParsePolicy(policy)
	if err != nil {
		t.Fatal(err)
	}
	v, err := ajwt.NewVerifier(p, ajwt.Options{Start: abitest.Start})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestModuleDecidesAsCore holds that a request through the codec gets the decision
// that core gives, wherever the replay memory is.
func TestModuleDecidesAsCore(t *testing.T) {
	v := native(t, abitest.Policy())
	inside := configured(t, Config{Policy: abitest.Policy(), ReplayStart: abitest.Start})
	outside := configured(t, Config{Policy: abitest.Policy(), ReplayStart: abitest.Start, HostReplay: true})
	store := ajwt.NewReplayMemory(1000, 100, abitest.Start)
	codes := map[ajwt.Code]bool{}
	for i, r := range abitest.Mixed() {
		want := v.Verify(r)
		codes[want.Code] = true
		a := decoded(t, inside.Verify(message(r)))
		if !reflect.DeepEqual(a.Decision, want) {
			t.Errorf("request %d, memory inside:\n%s\nwant\n%s", i, a.Decision.AppendRecord(nil), want.AppendRecord(nil))
		}
		if a.Record != string(want.AppendRecord(nil)) {
			t.Errorf("request %d: record %s", i, a.Record)
		}
		d := decideOutside(t, outside, store, r)
		if !reflect.DeepEqual(d, want) {
			t.Errorf("request %d, memory outside:\n%s\nwant\n%s", i, d.AppendRecord(nil), want.AppendRecord(nil))
		}
	}
	for _, code := range []ajwt.Code{0, ajwt.CodeReplayProofReused, ajwt.CodeReplayTokenReused, ajwt.CodeReplayProofColdStart} {
		if !codes[code] {
			t.Errorf("no request gave %q", code)
		}
	}
}

// decideOutside is what a host with its own store does (spec/abi.md, section 6).
func decideOutside(t *testing.T, m *Module, store ajwt.Replay, r *ajwt.Request) ajwt.Decision {
	t.Helper()
	a := decoded(t, m.Verify(message(r)))
	if a.Action != ActionTake {
		return a.Decision
	}
	result, seen := store.Record(a.Decision.Replay, r.Now)
	if result == ajwt.ReplayFresh {
		a.Decision.Deferred, a.Decision.Replay = false, nil
		return a.Decision
	}
	a = decoded(t, m.Verify(AppendVerify(nil, r, ReplayAnswer{Given: true, Result: result, Seen: uint8(seen)})))
	if a.Action == ActionTake {
		t.Fatal("asked the store twice")
	}
	return a.Decision
}

// TestReplayAnswers holds for each answer of a host's store which code it becomes.
func TestReplayAnswers(t *testing.T) {
	m := configured(t, Config{Policy: abitest.Policy(), HostReplay: true})
	r := abitest.Request(abitest.SingleUse, abitest.Now, 1)
	for _, row := range []struct {
		result ajwt.ReplayResult
		seen   uint8
		want   ajwt.Code
	}{
		{ajwt.ReplaySeen, 0, ajwt.CodeReplayTokenReused},
		{ajwt.ReplaySeen, 1, ajwt.CodeReplayProofReused},
		{ajwt.ReplaySeen, 255, ajwt.CodeReplayProofReused}, // no such key: still a replay
		{ajwt.ReplayFull, 0, ajwt.CodeReplayMemoryFull},
		{ajwt.ReplayQuota, 9, ajwt.CodeReplayQuotaExceeded},
		{ajwt.ReplayUnavailable, 0, ajwt.CodeReplayStoreUnavailable},
	} {
		a := decoded(t, m.Verify(AppendVerify(nil, r, ReplayAnswer{Given: true, Result: row.result, Seen: row.seen})))
		if a.Action != ActionRefuse || a.Decision.Code != row.want {
			t.Errorf("result %d, key %d: %#x %s, want %s", row.result, row.seen, a.Action, a.Decision.Code, row.want)
		}
	}
	observed := abitest.Request(abitest.Observed, abitest.Now, 2)
	a := decoded(t, m.Verify(AppendVerify(nil, observed, ReplayAnswer{Given: true, Result: ajwt.ReplaySeen})))
	if a.Action != ActionPass || !a.Decision.Observed || a.Decision.Code != ajwt.CodeReplayProofReused {
		t.Errorf("observed: %#x %+v", a.Action, a.Decision)
	}
	if a := decoded(t, m.Verify(message(r))); a.Action != ActionTake || len(a.Decision.Replay) != 2 {
		t.Errorf("without an answer: %#x %+v", a.Action, a.Decision)
	}
}

// TestReplayLost holds that a store which lost its memory after the configuration
// refuses what was issued before, and that the module does not keep that for later.
func TestReplayLost(t *testing.T) {
	m := configured(t, Config{Policy: abitest.Policy(), ReplayStart: abitest.Start, HostReplay: true})
	r := abitest.Request(abitest.Repository, abitest.Now, 1)
	for i, row := range []struct {
		start  int64
		action Action
		want   ajwt.Code
	}{
		{0, ActionTake, 0},
		{abitest.Now, ActionRefuse, ajwt.CodeReplayProofColdStart},
		{1, ActionTake, 0}, // older than the configuration says: that start holds
		{0, ActionTake, 0},
	} {
		a := decoded(t, m.Verify(AppendVerify(nil, r, ReplayAnswer{Start: row.start})))
		if a.Action != row.action || a.Decision.Code != row.want {
			t.Errorf("%d: %#x %s, want %#x %s", i, a.Action, a.Decision.Code, row.action, row.want)
		}
	}
}

// TestReplayShared holds that a policy with a shared store wants the host to hold it.
func TestReplayShared(t *testing.T) {
	policy := []byte(strings.Replace(string(abitest.Policy()), `"routes"`, `"replay":{"scope":"shared"},"routes"`, 1))
	a := decoded(t, new(Module).Configure(AppendConfigure(nil, &Config{Policy: policy, ReplayStart: abitest.Start})))
	if a.Action != ActionRefuse || a.Decision.Code != ajwt.CodeABIRecordMissing {
		t.Errorf("memory in the module: %#x %s", a.Action, a.Decision.Code)
	}
	configured(t, Config{Policy: policy, ReplayStart: abitest.Start, HostReplay: true})
}

// TestConfigureKeeps holds that a refused configuration leaves everything as it was,
// and that messages may be overwritten after the call.
func TestConfigureKeeps(t *testing.T) {
	config := AppendConfigure(nil, &Config{Policy: abitest.PolicyWithoutKeys(), ReplayStart: abitest.Start})
	keys := AppendLoad(nil, &Document{Kind: ajwt.KindKeys, Issuer: abitest.Issuer, Data: abitest.KeySet("as-1"), Now: abitest.Now})
	m := new(Module)
	number := 0
	verdict := func() ajwt.Code {
		number++
		return decoded(t, m.Verify(message(abitest.Request(abitest.Repository, abitest.Now, number)))).Decision.Code
	}
	if a := decoded(t, m.Configure(config)); a.Action != ActionPass {
		t.Fatal(a.Faults)
	}
	clear(config)
	if code := verdict(); code != ajwt.CodeKeySetMissing {
		t.Errorf("without keys: %s", code)
	}
	if a := decoded(t, m.Load(keys)); a.Action != ActionPass {
		t.Fatal(a.Faults)
	}
	clear(keys)
	if code := verdict(); code != 0 {
		t.Errorf("with keys: %s", code)
	}
	bad := AppendConfigure(nil, &Config{Policy: []byte(`{"issuers":[],"x":1}`), ReplayStart: 1})
	a := decoded(t, m.Configure(bad))
	if a.Action != ActionRefuse || len(a.Faults) < 3 || a.Faults[0].Pointer == "" {
		t.Errorf("a bad policy: %#x %v", a.Action, a.Faults)
	}
	a = decoded(t, m.Load(AppendLoad(nil, &Document{Kind: ajwt.KindKeys, Issuer: abitest.Issuer, Data: []byte("{}")})))
	if a.Action != ActionRefuse || len(a.Faults) == 0 {
		t.Errorf("a bad key set: %#x %v", a.Action, a.Faults)
	}
	a = decoded(t, m.Load(AppendLoad(nil, &Document{Kind: ajwt.KindKeys, Issuer: "https://other.example", Data: abitest.KeySet("as-1")})))
	if a.Action != ActionRefuse || a.Decision.Code != ajwt.CodeKeysIssuerUnknown {
		t.Errorf("keys of a stranger: %#x %v", a.Action, a.Faults)
	}
	if code := verdict(); code != 0 {
		t.Errorf("after what was refused: %s", code)
	}
	again := AppendConfigure(nil, &Config{Policy: abitest.PolicyWithoutKeys(), ReplayStart: abitest.Start})
	if a := decoded(t, m.Configure(again)); a.Action != ActionPass {
		t.Fatal(a.Faults)
	}
	if code := verdict(); code != ajwt.CodeKeySetMissing {
		t.Errorf("a new configuration keeps old keys: %s", code)
	}
}

func TestModulePanicRejects(t *testing.T) {
	var m Module
	answer := func() (answer []byte) {
		defer m.recovered(&answer)
		panic("test")
	}()
	if a := decoded(t, answer); a.Action != ActionRefuse || a.Decision.Code != ajwt.CodeInternalPanic {
		t.Errorf("%#x %s", a.Action, a.Decision.Code)
	}
}

func TestModuleAllocates(t *testing.T) {
	m := configured(t, Config{Policy: abitest.Policy(), ReplayStart: abitest.Start, HostReplay: true, Omit: OmitRecord})
	good := message(abitest.Request(abitest.Repository, abitest.Now, 1))
	m.Verify(good)
	n := math.Inf(1)
	for range 100 { // the race detector makes sync.Pool forget a quarter of what it is given
		n = min(n, testing.AllocsPerRun(1, func() { m.Verify(good) }))
	}
	t.Logf("%v allocations for a decision with a known token", n)
	if n > 12 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkModuleVerify(b *testing.B) {
	c := AppendConfigure(nil, &Config{Policy: abitest.Policy(), ReplayStart: abitest.Start, HostReplay: true, Omit: OmitRecord | OmitErrorBody})
	m := new(Module)
	m.Configure(c)
	good := message(abitest.Request(abitest.Repository, abitest.Now, 1))
	b.ReportAllocs()
	for b.Loop() {
		m.Verify(good)
	}
}

// TestModuleForwards holds that the host learns what to remove when it configures, and with
// each request that passes what to set.
func TestModuleForwards(t *testing.T) {
	policy := append([]byte(`{"forward":[{"header":"x-subject","claim":"subject"},{"header":"x-key","claim":"key_thumbprint"},{"header":"x-agent","claim":"agent"}],`), abitest.Policy()[1:]...)
	m := new(Module)
	a := decoded(t, m.Configure(AppendConfigure(nil, &Config{Policy: policy, ReplayStart: abitest.Start, HostReplay: true})))
	if want := []string{"x-subject", "x-key", "x-agent"}; !reflect.DeepEqual(a.Strip, want) {
		t.Errorf("to be removed: %q, want %q", a.Strip, want)
	}
	v, store := native(t, policy), ajwt.NewReplayMemory(1000, 100, abitest.Start)
	passed := 0
	for i, r := range abitest.Mixed() {
		want := v.Verify(r)
		if d := decideOutside(t, m, store, r); !reflect.DeepEqual(d.Forward, want.Forward) {
			t.Errorf("request %d: %q, want %q", i, d.Forward, want.Forward)
		}
		if want.Allows() != (len(want.Forward) > 0) {
			t.Errorf("request %d: passes %v with %q", i, want.Allows(), want.Forward)
		}
		if want.Allows() {
			passed++
		}
	}
	if passed == 0 {
		t.Error("no request passed")
	}
}
