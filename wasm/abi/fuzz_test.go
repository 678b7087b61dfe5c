package abi

import (
	"bytes"
	"reflect"
	"testing"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

// FuzzABI holds for any bytes: no method of a Module panics; a message that cannot be
// read is refused; what can be read is the encoding of what was read; every answer
// can be read; and an answer that can be read says the same when it is read again.
func FuzzABI(f *testing.F) {
	for _, row := range codeRows {
		if len(row.message) < 1<<16 {
			f.Add([]byte(row.message))
		}
	}
	for _, row := range requestRows {
		f.Add(AppendVerify(nil, &row.r, row.replay))
	}
	for _, row := range answerRows {
		f.Add(AppendAnswer(nil, &row.d, 0))
	}
	f.Add(message(abitest.Request(abitest.Repository, abitest.Now, 1)))
	f.Add(AppendConfigure(nil, &Config{Policy: abitest.Policy(), ReplayStart: 1}))
	f.Add(AppendLoad(nil, &Document{Kind: ajwt.KindKeys, Issuer: abitest.Issuer, Data: abitest.KeySet("k")}))
	// The keys of one load must not serve the requests of the next: two modules.
	verifying, loading := new(Module), new(Module)
	config := AppendConfigure(nil, &Config{Policy: abitest.PolicyWithoutKeys(), HostReplay: true})
	for _, m := range []*Module{verifying, loading} {
		if answer := m.Configure(config); Action(answer[0]) != ActionPass {
			f.Fatalf("configure: %q", answer)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzzVerify(t, verifying, data)
		fuzzLoad(t, loading, data)
		fuzzConfigure(t, new(Module), data)
		fuzzAnswer(t, data)
	})
}

func fuzzVerify(t *testing.T, m *Module, data []byte) {
	var r, again ajwt.Request
	replay, err := DecodeVerify(data, &r)
	a := decoded(t, m.Verify(data))
	if a.Action != ActionRefuse { // no token is good: the module has no keys
		t.Fatalf("action %#x for a request without keys", a.Action)
	}
	if err != nil {
		if a.Decision.Code != err.(*Error).Code {
			t.Fatalf("code %s, want %v", a.Decision.Code, err)
		}
		return
	}
	replayAgain, err := DecodeVerify(AppendVerify(nil, &r, replay), &again)
	if err != nil || replayAgain != replay || !sameRequest(&r, &again) {
		t.Fatalf("decode(encode(r)) = %+v %+v, %v", again, replayAgain, err)
	}
}

func fuzzLoad(t *testing.T, m *Module, data []byte) {
	d, err := DecodeLoad(data)
	a := decoded(t, m.Load(data))
	if err != nil {
		if a.Action != ActionRefuse || a.Decision.Code != err.(*Error).Code {
			t.Fatalf("action %#x, code %s, want %v", a.Action, a.Decision.Code, err)
		}
		return
	}
	if again, err := DecodeLoad(AppendLoad(nil, &d)); err != nil || !reflect.DeepEqual(again, d) {
		t.Fatalf("decode(encode(d)) = %+v, %v", again, err)
	}
}

func fuzzConfigure(t *testing.T, m *Module, data []byte) {
	c, err := DecodeConfigure(data)
	if err == nil && (c.CacheEntries > 1<<12 || !c.HostReplay) {
		return // right, but a memory of its own for each input is slow
	}
	a := decoded(t, m.Configure(data))
	if err != nil {
		if a.Action != ActionRefuse || a.Decision.Code != err.(*Error).Code {
			t.Fatalf("action %#x, code %s, want %v", a.Action, a.Decision.Code, err)
		}
		return
	}
	if again, err := DecodeConfigure(AppendConfigure(nil, &c)); err != nil || !reflect.DeepEqual(again, c) {
		t.Fatalf("decode(encode(c)) = %+v, %v", again, err)
	}
}

func fuzzAnswer(t *testing.T, data []byte) {
	a, err := DecodeAnswer(data)
	if err != nil {
		if !reflect.DeepEqual(a, Answer{}) {
			t.Fatal("an error and a result")
		}
		return
	}
	if a.Action != ActionRefuse && a.Decision.Verdict != ajwt.Accept && !a.Decision.Observed {
		t.Fatalf("%+v passes", a)
	}
	once := AppendAnswer(nil, &a.Decision, 0)
	b, err := DecodeAnswer(once)
	if err != nil || b.Action != a.Action || !reflect.DeepEqual(b.Decision, a.Decision) || !bytes.Equal(AppendAnswer(nil, &b.Decision, 0), once) {
		t.Fatalf("decode(encode(a)) = %+v, %v\nwant %+v", b, err, a)
	}
}
