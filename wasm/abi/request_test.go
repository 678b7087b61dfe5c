package abi

import (
	"bytes"
	"reflect"
	"testing"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

var requestRows = []struct {
	name   string
	r      ajwt.Request
	replay ReplayAnswer
}{
	{"zero", ajwt.Request{}, ReplayAnswer{}},
	{"empty body", ajwt.Request{Body: []byte{}}, ReplayAnswer{}},
	{"no value", ajwt.Request{Headers: []ajwt.Header{{}, {Name: "a"}, {Value: "b"}}}, ReplayAnswer{}},
	{"repeated header", ajwt.Request{Headers: []ajwt.Header{{Name: "dpop", Value: "1"}, {Name: "dpop", Value: "2"}}}, ReplayAnswer{}},
	{"not UTF-8", ajwt.Request{Method: "\xff\x00", Headers: []ajwt.Header{{Name: "\x80", Value: "\x00"}}}, ReplayAnswer{}},
	{"before 1970", ajwt.Request{Now: -1}, ReplayAnswer{}},
	{"all", ajwt.Request{Method: "POST", Scheme: "https", Authority: "a:1", Target: "/x?y", Headers: []ajwt.Header{{Name: "n", Value: "v"}}, Body: []byte("{}"), Now: 1<<53 - 1},
		ReplayAnswer{true, ajwt.ReplaySeen, 1, 0}},
	{"store without answer", ajwt.Request{}, ReplayAnswer{true, ajwt.ReplayUnavailable, 0, 0}},
	{"store without answer, lost", ajwt.Request{}, ReplayAnswer{true, ajwt.ReplayUnavailable, 0, 1 << 40}},
	{"store lost", ajwt.Request{}, ReplayAnswer{Start: 1767225600}},
}

func TestVerifyRoundTrip(t *testing.T) {
	for _, row := range requestRows {
		message := AppendVerify(nil, &row.r, row.replay)
		if len(message) > VerifySize(&row.r) {
			t.Errorf("%s: %d bytes, VerifySize says %d", row.name, len(message), VerifySize(&row.r))
		}
		var got ajwt.Request
		replay, err := DecodeVerify(message, &got)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if !sameRequest(&got, &row.r) || replay != row.replay {
			t.Errorf("%s: %+v %+v, want %+v %+v", row.name, got, replay, row.r, row.replay)
		}
	}
}

func TestConfigureRoundTrip(t *testing.T) {
	for _, c := range []Config{
		{Policy: []byte{}},
		{Policy: []byte("{}"), HostReplay: true, ReplayStart: 1, NonceKeys: []NonceKey{{1}, {2}}, CacheEntries: 7, Omit: OmitErrorBody},
	} {
		got, err := DecodeConfigure(AppendConfigure(nil, &c))
		if err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("%+v: got %+v, %v", c, got, err)
		}
	}
}

func TestLoadRoundTrip(t *testing.T) {
	for _, d := range []Document{
		{Data: []byte{}},
		{Kind: ajwt.KindKeys, Issuer: "https://as.example", Data: []byte("{}"), Now: -1},
	} {
		message := AppendLoad(nil, &d)
		got, err := DecodeLoad(message)
		if err != nil || !reflect.DeepEqual(got, d) || len(message) != LoadSize(&d) {
			t.Errorf("%+v: got %+v, %v", d, got, err)
		}
	}
}

// TestDecodeVerifyReuse holds that nothing of one request is left in the next.
func TestDecodeVerifyReuse(t *testing.T) {
	var r ajwt.Request
	full := requestRows[6]
	if _, err := DecodeVerify(AppendVerify(nil, &full.r, full.replay), &r); err != nil {
		t.Fatal(err)
	}
	var zero ajwt.Request
	replay, err := DecodeVerify(AppendVerify(nil, &zero, ReplayAnswer{}), &r)
	if err != nil || !sameRequest(&r, &zero) || replay.Given {
		t.Errorf("got %+v %+v, %v", r, replay, err)
	}
	if _, err := DecodeVerify([]byte{1}, &r); err == nil || !sameRequest(&r, &zero) {
		t.Errorf("after an error the request is %+v", r)
	}
}

func TestDecodeVerifyAllocates(t *testing.T) {
	message := AppendVerify(nil, &requestRows[6].r, ReplayAnswer{})
	var r ajwt.Request
	if n := testing.AllocsPerRun(100, func() { DecodeVerify(message, &r) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

func sameRequest(a, b *ajwt.Request) bool {
	return a.Method == b.Method && a.Scheme == b.Scheme && a.Authority == b.Authority && a.Target == b.Target &&
		len(a.Headers) == len(b.Headers) && (len(a.Headers) == 0 || reflect.DeepEqual(a.Headers, b.Headers)) &&
		(a.Body == nil) == (b.Body == nil) && bytes.Equal(a.Body, b.Body) && a.Now == b.Now
}
