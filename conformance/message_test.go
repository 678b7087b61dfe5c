package conformance

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestReply(t *testing.T) {
	tests := []struct {
		name, op, line string
		fault          string // "" for none
	}{
		{"accept", opVerify, `{"seq":"s","verdict":"accept"}`, ""},
		{"reject with code", opVerify, `{"seq":"s","verdict":"reject","code":"c"}`, ""},
		{"observed", opVerify, `{"seq":"s","verdict":"reject","code":"c","enforced":false}`, ""},
		{"value", opJCS, `{"seq":"s","verdict":"accept","value":"{}"}`, ""},
		{"value refused", opJCS, `{"seq":"s","verdict":"reject"}`, ""},
		{"load", opPolicyLoad, `{"seq":"s","verdict":"accept"}`, ""},
		{"load refused", opKeysLoad, `{"seq":"s","verdict":"reject","code":"c","pointers":["","/keys/0"]}`, ""},
		{"blanks between the parts", opVerify, ` { "seq" : "s" , "verdict" : "accept" } `, ""},
		{"no verdict", opVerify, `{"seq":"s"}`, "verdict"},
		{"null verdict", opVerify, `{"seq":"s","verdict":null}`, "verdict"},
		{"other verdict", opVerify, `{"seq":"s","verdict":"ACCEPT"}`, "verdict"},
		{"accept with code", opVerify, `{"seq":"s","verdict":"accept","code":"c"}`, "no code"},
		{"accept observed", opVerify, `{"seq":"s","verdict":"accept","enforced":false}`, "not observed"},
		{"reject without code", opVerify, `{"seq":"s","verdict":"reject"}`, "code"},
		{"load refused without code", opPolicyLoad, `{"seq":"s","verdict":"reject"}`, "code"},
		{"value of verify", opVerify, `{"seq":"s","verdict":"accept","value":"v"}`, "value"},
		{"no value", opJCS, `{"seq":"s","verdict":"accept"}`, "value"},
		{"refused with value", opJCS, `{"seq":"s","verdict":"reject","value":"v"}`, "value"},
		{"answer to hello", opVerify, `{"seq":"s","verdict":"accept","name":"n"}`, "hello"},
		{"unknown member", opVerify, `{"seq":"s","verdict":"accept","id":"x"}`, "unknown member"},
		{"unknown member inside", opVerify, `{"seq":"s","verdict":"accept","decision":{"Level":"jwt"}}`, "unknown member"},
		{"member twice", opVerify, `{"seq":"s","verdict":"accept","verdict":"accept"}`, "duplicate"},
		{"wrong type", opVerify, `{"seq":"s","verdict":true}`, "verdict"},
		{"two values", opVerify, `{"seq":"s","verdict":"accept"}{}`, "JSON"},
		{"not UTF-8", opVerify, "{\"seq\":\"\xff\",\"verdict\":\"accept\"}", "Unicode"},
		{"an array", opVerify, `["s"]`, "array"},
		{"nothing", opVerify, ``, "JSON"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := parseReply([]byte(tt.line))
			if err == nil {
				_, err = r.answer(tt.op, true)
			}
			switch {
			case tt.fault == "" && err != nil:
				t.Error(err)
			case tt.fault != "" && (err == nil || !strings.Contains(err.Error(), tt.fault)):
				t.Errorf("got %v, want an error about %q", err, tt.fault)
			}
		})
	}
}

// FuzzReply: whatever the strict reader takes, encoding/json reads too, and to the
// same values; nothing makes it panic.
func FuzzReply(f *testing.F) {
	for _, seed := range []string{
		`{"seq":"s","verdict":"accept","decision":{"level":"jwt","warnings":["a"]},"headers":{"dpop-nonce":"n"}}`,
		`{"seq":"s","name":"n","version":"1","operations":["verify"],"algorithms":[],"profiles":[],"codes":false}`,
		`{"seq":"s","verdict":"reject","code":"c","pointers":["/a"],"status":401}`,
		`{"seq":"s","seq":"s"}`, `{"Seq":"s"}`, `[]`, `{"seq":"\ud800"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := parseReply(line)
		if err != nil {
			if r != nil {
				t.Fatal("both a reply and an error")
			}
			return
		}
		again, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var lax reply
		if err := json.Unmarshal(line, &lax); err != nil {
			t.Fatalf("encoding/json refuses it: %v", err)
		}
		same, err := json.Marshal(&lax)
		if err != nil || string(same) != string(again) {
			t.Fatalf("two readings: %s and %s", again, same)
		}
	})
}
