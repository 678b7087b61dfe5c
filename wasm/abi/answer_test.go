package abi

import (
	"reflect"
	"strings"
	"testing"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

var filled = [32]byte{1, 2, 3}

var forwarded = []ajwt.Header{{Name: "x-subject", Value: "patcher"}, {Name: "x-scope", Value: "a%2Cb c"}}

// answerRows are decisions of every shape that core gives.
var answerRows = []struct {
	name   string
	d      ajwt.Decision
	action Action
}{
	{"accept", ajwt.Decision{Verdict: ajwt.Accept, Level: ajwt.LevelJWT}, ActionPass},
	{"accept, all members", ajwt.Decision{
		Verdict: ajwt.Accept, Level: ajwt.LevelAJWT | ajwt.LevelPoP | ajwt.LevelLinks,
		Issuer: "https://as.example", Agent: "patcher", Workflow: "vuln", Step: "plan", Act: "user-7", ChainHash: "sha256:00", Route: "r",
		KeyThumbprint: filled, JTIHash: filled, PolicyDigest: filled, Forward: forwarded,
	}, ActionPass},
	{"accept, store gave no answer", ajwt.Decision{
		Verdict: ajwt.Accept, Level: ajwt.LevelJWT, Warnings: []ajwt.Code{ajwt.CodeReplayStoreUnavailable},
	}, ActionPass},
	{"deferred", ajwt.Decision{
		Verdict: ajwt.Accept, Level: ajwt.LevelJWT | ajwt.LevelPoP, Deferred: true,
		Replay: []ajwt.ReplayKey{{Key: filled, Owner: filled, Tag: filled, Expires: 1 << 40, Token: true}, {Expires: -1}},
	}, ActionTake},
	{"observed", ajwt.Decision{
		Observed: true, Code: ajwt.CodeProofIatExpired, Level: ajwt.LevelJWT,
		Warnings: []ajwt.Code{ajwt.CodeReplayProofReused},
	}, ActionPass},
	{"observed and deferred", ajwt.Decision{
		Observed: true, Code: ajwt.CodeProofIatExpired, Level: ajwt.LevelJWT, Deferred: true, Replay: []ajwt.ReplayKey{{}}, Forward: forwarded[:1],
	}, ActionTake},
	{"reject", ajwt.Decision{
		Code: ajwt.CodeProofNonceMissing, Status: 401, Challenge: `DPoP error="use_dpop_nonce", algs="ES256"`, Nonce: "n",
	}, ActionRefuse},
	{"zero", ajwt.Decision{Code: ajwt.CodeInternalNotConfigured, Status: 500}, ActionRefuse},
}

func TestAnswerRoundTrip(t *testing.T) {
	for _, row := range answerRows {
		for omit := range OmitErrorBody<<1 | OmitRecord {
			a, err := DecodeAnswer(AppendAnswer(nil, &row.d, omit))
			if err != nil {
				t.Errorf("%s: %v", row.name, err)
				continue
			}
			if a.Action != row.action || !reflect.DeepEqual(a.Decision, row.d) {
				t.Errorf("%s: %#x %+v\nwant %#x %+v", row.name, a.Action, a.Decision, row.action, row.d)
			}
			record, body := string(row.d.AppendRecord(nil)), string(row.d.AppendErrorBody(nil))
			if omit&OmitRecord != 0 {
				record = ""
			}
			if omit&OmitErrorBody != 0 || row.action != ActionRefuse {
				body = ""
			}
			if a.Record != record || a.ErrorBody != body {
				t.Errorf("%s, omit %d: record %q, body %q", row.name, omit, a.Record, a.ErrorBody)
			}
		}
	}
}

// TestZeroDecisionRefuses holds that a decision nobody filled in lets nothing pass.
// Its answer has no code, so hosts find it malformed.
func TestZeroDecisionRefuses(t *testing.T) {
	answer := AppendAnswer(nil, new(ajwt.Decision), 0)
	if Action(answer[0]) != ActionRefuse {
		t.Errorf("action %#x", answer[0])
	}
	if _, err := DecodeAnswer(answer); err == nil {
		t.Error("the answer can be read")
	}
	for _, d := range []ajwt.Decision{
		{Verdict: ajwt.Accept, Deferred: true}, // deferred with nothing to take
		{Deferred: true, Replay: make([]ajwt.ReplayKey, 1)},
	} {
		if act := action(&d); act != ActionRefuse {
			t.Errorf("%+v: action %#x", d, act)
		}
	}
}

func TestFaultsRoundTrip(t *testing.T) {
	faults := []ajwt.Fault{
		{Code: ajwt.CodePolicyMemberMissing, Pointer: "/issuers/0", Detail: "add it"},
		{Code: ajwt.CodePolicyTooLarge},
	}
	a, err := DecodeAnswer(appendNotDone(nil, faults))
	if err != nil || a.Action != ActionRefuse || a.Decision.Code != faults[0].Code || !reflect.DeepEqual(a.Faults, faults) {
		t.Errorf("refusal: %+v, %v", a, err)
	}
	a, err = DecodeAnswer(appendDone(nil, filled, faults))
	if err != nil || a.Action != ActionPass || a.Decision.PolicyDigest != filled || !reflect.DeepEqual(a.Warnings, faults) {
		t.Errorf("done: %+v, %v", a, err)
	}
}

func upstream(name, value string) string {
	return record(tagUpstreamHeader, string([]byte{byte(len(name)), 0, 0, 0})+name+value)
}

const (
	passHead = "\xa5\x01\x01\x00\x00\x00\x00\x00\x00\x11"
	takeHead = "\x5a\x01\x01\x00\x00\x00\x00\x00\x00\x11"
)

func TestDecodeAnswerMalformed(t *testing.T) {
	key := record(tagReplayKey, strings.Repeat("\x00", replayKeyBytes))
	refuse := string(AppendAnswer(nil, &answerRows[6].d, OmitRecord|OmitErrorBody))
	name := record(tagCodeName, "proof_nonce_missing")
	observed := string(AppendAnswer(nil, &answerRows[4].d, OmitRecord))
	for _, row := range []struct{ name, answer string }{
		{"empty", ""},
		{"nine bytes", passHead[:9]},
		{"verdict 2", "\xa5\x02" + passHead[2:]},
		{"enforced 2", "\xa5\x01\x02" + passHead[3:]},
		{"accept, not enforced", "\xa5\x01\x00" + passHead[3:]},
		{"accept with a status", "\xa5\x01\x01\xc8\x00" + passHead[5:]},
		{"accept with a code", "\xa5\x01\x01" + refuse[3:]},
		{"code without a name", refuse[:headBytes]},
		{"name without a code", passHead + name},
		{"name of another code", refuse[:headBytes] + record(tagCodeName, "proof_nonce_invalid")},
		{"unknown code", refuse[:5] + "\xff\xff" + refuse[7:]},
		{"check of another code", refuse[:7] + "\x01\x00" + refuse[9:]},
		{"level 4", passHead[:9] + "\x04"},
		{"level with an unknown flag", passHead[:9] + "\x41"},
		{"status 200 for a rejection", refuse[:3] + "\xc8\x00" + refuse[5:]},
		{"action 0 for accept", "\x00" + passHead[1:]},
		{"unknown action for accept", "\xa4" + passHead[1:]},
		{"unknown action for reject", "\x01" + refuse[1:]},
		{"pass for an enforced rejection", "\xa5" + refuse[1:]},
		{"take for an enforced rejection", "\x5a" + refuse[1:] + key},
		{"refuse for an observed rejection", "\x00" + observed[1:]},
		{"observed code that never is", "\xa5\x00\x00" + string(AppendAnswer(nil, &answerRows[7].d, 3))[3:]},
		{"take without keys", takeHead},
		{"pass with keys", passHead + key},
		{"refuse with keys", refuse + key},
		{"record cut off", passHead + "\x42\x00\x00"},
		{"record longer than the rest", passHead + "\x42\x05\x00\x00\x00abcd"},
		{"tag of a request", passHead + record(tagMethod, "GET")},
		{"tag 0x57", passHead + record(0x57, "")},
		{"tag 0xc2", passHead + record(0xc2, "")},
		{"upstream header without a name", passHead + upstream("", "x")},
		{"upstream header without a value", passHead + upstream("x-agent", "")},
		{"upstream header cut off", passHead + record(tagUpstreamHeader, "\x01\x00\x00")},
		{"upstream header with a longer name", passHead + record(tagUpstreamHeader, "\x05\x00\x00\x00abcd")},
		{"upstream header with capitals", passHead + upstream("X-Agent", "x")},
		{"upstream header with underscores", passHead + upstream("x_agent", "x")},
		{"upstream pseudo header", passHead + upstream(":path", "x")},
		{"upstream header that ends a line", passHead + upstream("x-agent", "x\r\nhost: y")},
		{"upstream header with a tab", passHead + upstream("x-agent", "x\ty")},
		{"upstream header that is not ASCII", passHead + upstream("x-agent", "\x80")},
		{"upstream header twice", passHead + upstream("x-agent", "x") + upstream("x-agent", "y")},
		{"upstream header of a refusal", refuse + upstream("x-agent", "x")},
		{"name to remove that is empty", passHead + record(tagStrip, "")},
		{"name to remove with capitals", passHead + record(tagStrip, "X-Agent")},
		{"two issuers", passHead + record(tagAnsIssuer, "a") + record(tagAnsIssuer, "a")},
		{"thumbprint of 31 bytes", passHead + record(tagThumbprint, strings.Repeat("a", 31))},
		{"replay key of 72 bytes", takeHead + record(tagReplayKey, strings.Repeat("\x00", 72))},
		{"replay key with flag 2", takeHead + record(tagReplayKey, strings.Repeat("\x00", 72)+"\x02")},
		{"warning of one byte", passHead + record(tagWarning, "\x01")},
		{"warning with an unknown code", passHead + record(tagWarning, "\xff\xff")},
		{"warning with another name", passHead + record(tagWarning, "\x11\x27replay_memory_full_")},
		{"fault cut off", refuse + record(tagFault, "\xe1\x2e\x05\x00\x00\x00")},
		{"fault with an unknown code", refuse + record(tagFault, "\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00")},
	} {
		a, err := DecodeAnswer([]byte(row.answer))
		if err == nil {
			t.Errorf("%s: read as %+v", row.name, a)
			continue
		}
		if e, ok := err.(*Error); !ok || e.Code != ajwt.CodeABIAnswerMalformed || !reflect.DeepEqual(a, Answer{}) {
			t.Errorf("%s: %v with %+v", row.name, err, a)
		}
	}
	for _, good := range []string{passHead, takeHead + key, refuse, observed} {
		if _, err := DecodeAnswer([]byte(good)); err != nil {
			t.Errorf("%x: %v", good, err)
		}
	}
}
