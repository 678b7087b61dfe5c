package embed

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

var request = abitest.Request(abitest.Repository, abitest.Now, 1)

// with makes a Verifier over a test module.
func with(t *testing.T, m testModule, o Options) *Verifier {
	t.Helper()
	o.ReplayStart = abitest.Start
	v, err := New(t.Context(), m.build(), abitest.Policy(), o)
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

func wantReject(t *testing.T, name string, d ajwt.Decision, code ajwt.Code) {
	t.Helper()
	if d.Allows() || d.Verdict != ajwt.Reject || d.Code != code || d.Status != code.Status() {
		t.Errorf("%s: %s, want %s", name, d.AppendRecord(nil), code)
	}
}

// good is an answer that lets the request pass, from the real encoder.
func good(t *testing.T) []byte {
	t.Helper()
	p, err := ajwt.ParsePolicy(abitest.Policy())
	if err != nil {
		t.Fatal(err)
	}
	d := ajwt.Decision{Verdict: ajwt.Accept, Level: ajwt.LevelJWT, PolicyDigest: p.Digest()}
	return abi.AppendAnswer(nil, &d, abi.OmitRecord)
}

// TestGoodAnswer is the twin of the faults below: the same module, the fault repaired.
func TestGoodAnswer(t *testing.T) {
	a := good(t)
	v := with(t, testModule{answers: a, verify: answer(len(done()), len(a))}, Options{Instances: 1})
	for range 3 {
		if d := v.Verify(t.Context(), request); !d.Allows() || d.Code != 0 {
			t.Fatalf("%s", d.AppendRecord(nil))
		}
	}
}

func TestTrapRejects(t *testing.T) {
	v := with(t, testModule{verify: trap()}, Options{Instances: 1})
	for range 3 {
		wantReject(t, "trap", v.Verify(t.Context(), request), ajwt.CodeInternalTrap)
		if len(v.pool.idle) != 0 {
			t.Fatal("the instance is used again")
		}
	}
}

func TestTimeoutRejects(t *testing.T) {
	v := with(t, testModule{verify: loopForever()}, Options{Instances: 1, CallTimeout: 20 * time.Millisecond})
	for range 3 {
		begun := time.Now()
		wantReject(t, "endless loop", v.Verify(t.Context(), request), ajwt.CodeInternalTimeout)
		if d := time.Since(begun); d > 2*time.Second {
			t.Errorf("after %v", d)
		}
		if len(v.pool.idle) != 0 {
			t.Fatal("the instance is used again")
		}
	}
}

func TestBusyRejects(t *testing.T) {
	v := with(t, testModule{verify: loopForever()}, Options{
		Instances: 1, CallTimeout: 300 * time.Millisecond, WaitTimeout: 10 * time.Millisecond,
	})
	var running sync.WaitGroup
	running.Go(func() {
		wantReject(t, "first", v.Verify(t.Context(), request), ajwt.CodeInternalTimeout)
	})
	for len(v.pool.places) > 0 {
		time.Sleep(time.Millisecond)
	}
	wantReject(t, "second", v.Verify(t.Context(), request), ajwt.CodeInternalBusy)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	wantReject(t, "second, without patience", v.Verify(gone, request), ajwt.CodeInternalBusy)
	running.Wait()
}

// TestAnswerMalformed holds that no answer lets a request pass unless it can be read
// whole and belongs to this call.
func TestAnswerMalformed(t *testing.T) {
	a := good(t)
	foreign := abi.AppendAnswer(nil, &ajwt.Decision{Verdict: ajwt.Accept, Level: ajwt.LevelJWT, PolicyDigest: [32]byte{1}}, abi.OmitRecord)
	p, _ := ajwt.ParsePolicy(abitest.Policy())
	unasked := abi.AppendAnswer(nil, &ajwt.Decision{Verdict: ajwt.Accept, Level: ajwt.LevelJWT, PolicyDigest: p.Digest(),
		Forward: []ajwt.Header{{Name: "host", Value: "x"}}}, abi.OmitRecord)
	for _, row := range []struct {
		name    string
		answers []byte
		verify  []byte
	}{
		{"empty", nil, answer(0, 0)},
		{"a header that the policy does not forward", unasked, answer(len(done()), len(unasked))},
		{"address zero", nil, signed(opI64Const, 0)},
		{"beyond memory", nil, signed(opI64Const, -0x10000<<32|10)},
		{"end beyond memory", nil, answer(0, 1<<24)},
		{"length of 4 GiB", nil, signed(opI64Const, answerAt<<32|0xffffffff)},
		{"cut off", a, answer(len(done()), len(a)-1)},
		{"a byte too long", append(a, 0), answer(len(done()), len(a)+1)},
		{"action unknown", append([]byte{0xa4}, a[1:]...), answer(len(done()), len(a))},
		{"verdict reject with action pass", append([]byte{a[0], 0}, a[2:]...), answer(len(done()), len(a))},
		{"take without keys", append([]byte{0x5a}, a[1:]...), answer(len(done()), len(a))},
		{"the answer to a configuration", nil, answer(0, len(done()))},
		{"another policy's answer", foreign, answer(len(done()), len(foreign))},
	} {
		v := with(t, testModule{answers: row.answers, verify: row.verify}, Options{Instances: 1})
		wantReject(t, row.name, v.Verify(t.Context(), request), ajwt.CodeABIAnswerMalformed)
		if len(v.pool.idle) != 0 {
			t.Errorf("%s: the instance is used again", row.name)
		}
	}
}

// TestAskedTwice holds that a module which defers again, although it was given the
// store's answer, lets nothing pass.
func TestAskedTwice(t *testing.T) {
	p, _ := ajwt.ParsePolicy(abitest.Policy())
	d := ajwt.Decision{Verdict: ajwt.Accept, Level: ajwt.LevelJWT, PolicyDigest: p.Digest(), Deferred: true, Replay: make([]ajwt.ReplayKey, 1)}
	take := abi.AppendAnswer(nil, &d, abi.OmitRecord)
	v := with(t, testModule{answers: take, verify: answer(len(done()), len(take))}, Options{Instances: 1})
	r := *request
	r.Now = abitest.Now
	v.replay = ajwt.NewReplayMemory(10, 10, 1)
	v.replay.Record([]ajwt.ReplayKey{{Expires: abitest.Now + 100}}, abitest.Now)
	wantReject(t, "deferred twice", v.Verify(t.Context(), &r), ajwt.CodeABIAnswerMalformed)
}

func TestNewRefuses(t *testing.T) {
	policy := abitest.Policy()
	module := testModule{verify: trap()}.build()
	for _, row := range []struct {
		name         string
		wasm, policy []byte
		o            Options
		want         string // part of the error
	}{
		{"no module", nil, policy, Options{ReplayStart: 1}, "the module"},
		{"not a module", []byte("not a module"), policy, Options{ReplayStart: 1}, "the module"},
		{"other version", testModule{verify: trap(), version: abi.Version + 1}.build(), policy, Options{ReplayStart: 1}, "ABI version"},
		{"export missing", testModule{verify: trap(), without: "ajwt_load"}.build(), policy, Options{ReplayStart: 1}, "lacks exports"},
		{"no memory", testModule{verify: trap(), without: "memory"}.build(), policy, Options{ReplayStart: 1}, "lacks exports"},
		{"no section", []byte("\x00asm\x01\x00\x00\x00"), policy, Options{ReplayStart: 1}, "lacks exports"},
		{"import missing", testModule{verify: trap(), without: yieldName}.build(), policy, Options{ReplayStart: 1}, "sched_yield"},
		{"no policy", module, nil, Options{ReplayStart: 1}, "policy_json_syntax"},
		{"no start", module, policy, Options{}, "ReplayStart"},
		{"short nonce key", module, policy, Options{ReplayStart: 1, NonceKeys: [][]byte{{1}}}, "NonceKeys"},
		{"17 nonce keys", module, policy, Options{ReplayStart: 1, NonceKeys: make([][]byte, 17)}, "NonceKeys"},
		{"negative pool", module, policy, Options{ReplayStart: 1, Instances: -1}, "Instances"},
		{"memory not in pages", module, policy, Options{ReplayStart: 1, MemoryBytes: 10<<20 + 1}, "MemoryBytes"},
		{"little memory", module, policy, Options{ReplayStart: 1, MemoryBytes: 1 << 20}, "MemoryBytes"},
		{"negative time", module, policy, Options{ReplayStart: 1, CallTimeout: -1}, "time limit"},
		{"huge cache", module, policy, Options{ReplayStart: 1, CacheEntries: 1 << 30}, "CacheEntries"},
	} {
		v, err := New(t.Context(), row.wasm, row.policy, row.o)
		if err == nil || v != nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want an error with %q", row.name, err, row.want)
		}
	}
}

func TestZeroVerifierRejects(t *testing.T) {
	var zero Verifier
	wantReject(t, "zero", zero.Verify(t.Context(), request), ajwt.CodeInternalNotConfigured)
	wantReject(t, "nil", (*Verifier)(nil).Verify(t.Context(), request), ajwt.CodeInternalNotConfigured)
	if _, err := zero.Load(ajwt.KindKeys, "", nil, 0); err == nil {
		t.Error("Load gives no error")
	}
	if err := zero.Close(); err != nil {
		t.Error(err)
	}
}
