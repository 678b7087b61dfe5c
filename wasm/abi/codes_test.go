package abi

import (
	"strings"
	"testing"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

// record builds one record by hand, apart from the encoder.
func record(tag byte, value string) string {
	n := len(value)
	return string([]byte{tag, byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}) + value
}

const (
	now8    = "\x00\x00\x00\x00\x00\x00\x00\x00"
	plain   = "\x01\x03\x00\x00\x00GET" + "\x02\x05\x00\x00\x00https" + "\x03\x00\x00\x00\x00" + "\x04\x01\x00\x00\x00/"
	plainAt = plain + "\x07\x08\x00\x00\x00" + now8
)

type exportName string

const (
	configure exportName = "configure"
	load      exportName = "load"
	verify    exportName = "verify"
)

func (m *Module) export(name exportName, message string) []byte {
	switch name {
	case configure:
		return m.Configure([]byte(message))
	case load:
		return m.Load([]byte(message))
	}
	return m.Verify([]byte(message))
}

// codeRows holds, for each code of the area abi that a module gives, messages that
// get it.
var codeRows = []struct {
	name    string
	code    ajwt.Code
	export  exportName
	message string
}{
	{"head cut off", ajwt.CodeABIRecordMalformed, verify, plainAt + "\x05\x00\x00\x00"},
	{"value cut off", ajwt.CodeABIRecordMalformed, verify, "\x01\x04\x00\x00\x00GET"},
	{"length of 4 GiB", ajwt.CodeABIRecordMalformed, verify, "\x01\xff\xff\xff\xffGET"},
	{"now of 7 bytes", ajwt.CodeABIRecordMalformed, verify, plain + record(tagNow, now8[1:])},
	{"now of 9 bytes", ajwt.CodeABIRecordMalformed, verify, plain + record(tagNow, now8+"\x00")},
	{"empty now", ajwt.CodeABIRecordMalformed, verify, plain + record(tagNow, "")},
	{"header without a name's length", ajwt.CodeABIRecordMalformed, verify, plainAt + record(tagHeader, "abc")},
	{"empty header", ajwt.CodeABIRecordMalformed, verify, plainAt + record(tagHeader, "")},
	{"header with a name beyond its end", ajwt.CodeABIRecordMalformed, verify, plainAt + record(tagHeader, "\x02\x00\x00\x00a")},
	{"replay answer of 1 byte", ajwt.CodeABIRecordMalformed, verify, plainAt + record(tagReplayAnswer, "\x02")},
	{"replay start of 4 bytes", ajwt.CodeABIRecordMalformed, verify, plainAt + record(tagReplayLost, "\x01\x00\x00\x00")},
	{"replay start 0", ajwt.CodeABIRecordMalformed, verify, plainAt + record(tagReplayLost, "\x00\x00\x00\x00\x00\x00\x00\x00")},
	{"replay answer fresh", ajwt.CodeABIRecordMalformed, verify, plainAt + record(tagReplayAnswer, "\x01\x00")},
	{"replay answer deferred", ajwt.CodeABIRecordMalformed, verify, plainAt + record(tagReplayAnswer, "\x05\x00")},
	{"replay mode 2", ajwt.CodeABIRecordMalformed, configure, record(tagReplayMode, "\x02")},
	{"empty replay mode", ajwt.CodeABIRecordMalformed, configure, record(tagReplayMode, "")},
	{"negative start", ajwt.CodeABIRecordMalformed, configure, record(tagReplayStart, "\xff\xff\xff\xff\xff\xff\xff\xff")},
	{"nonce key of 31 bytes", ajwt.CodeABIRecordMalformed, configure, record(tagNonceKey, now8+now8+now8+now8[1:])},
	{"cache of 3 bytes", ajwt.CodeABIRecordMalformed, configure, record(tagCacheEntries, "\x00\x00\x00")},
	{"omit bit 2", ajwt.CodeABIRecordMalformed, configure, record(tagOmit, "\x04")},
	{"empty kind", ajwt.CodeABIRecordMalformed, load, record(tagKind, "")},
	{"load at 7 bytes", ajwt.CodeABIRecordMalformed, load, record(tagNowDoc, now8[1:])},

	{"tag 0", ajwt.CodeABIRecordUnknown, verify, plainAt + record(0, "")},
	{"tag 10", ajwt.CodeABIRecordUnknown, verify, plainAt + record(10, "")},
	{"tag 0xff", ajwt.CodeABIRecordUnknown, verify, plainAt + record(0xff, "")},
	{"policy in a request", ajwt.CodeABIRecordUnknown, verify, plainAt + record(tagPolicy, "{}")},
	{"request in a configuration", ajwt.CodeABIRecordUnknown, configure, plainAt},
	{"document in a configuration", ajwt.CodeABIRecordUnknown, configure, record(tagKind, "\x01")},
	{"policy in a document", ajwt.CodeABIRecordUnknown, load, record(tagPolicy, "{}")},
	{"replay start of a memory in the module", ajwt.CodeABIRecordUnknown, verify, plainAt + record(tagReplayLost, "\x01\x00\x00\x00\x00\x00\x00\x00")},
	{"replay answer to a memory in the module", ajwt.CodeABIRecordUnknown, verify, plainAt + record(tagReplayAnswer, "\x02\x00")},

	{"two methods", ajwt.CodeABIRecordDuplicate, verify, plainAt + record(tagMethod, "GET")},
	{"two empty bodies", ajwt.CodeABIRecordDuplicate, verify, plainAt + record(tagBody, "") + record(tagBody, "")},
	{"two policies", ajwt.CodeABIRecordDuplicate, configure, record(tagPolicy, "") + record(tagPolicy, "")},
	{"two kinds", ajwt.CodeABIRecordDuplicate, load, record(tagKind, "\x01") + record(tagKind, "\x01")},

	{"empty message", ajwt.CodeABIRecordMissing, verify, ""},
	{"no method", ajwt.CodeABIRecordMissing, verify, plainAt[8:]},
	{"no now", ajwt.CodeABIRecordMissing, verify, plain},
	{"empty configuration", ajwt.CodeABIRecordMissing, configure, ""},
	{"configuration without start", ajwt.CodeABIRecordMissing, configure, record(tagPolicy, string(abitest.Policy()))},
	{"configuration without nonce key", ajwt.CodeABIRecordMissing, configure,
		record(tagPolicy, string(abitest.PolicyWithNonce())) + record(tagReplayMode, "\x01")},
	{"empty document", ajwt.CodeABIRecordMissing, load, ""},
	{"document without data", ajwt.CodeABIRecordMissing, load, record(tagKind, "\x01") + record(tagIssuer, "") + record(tagNowDoc, now8)},

	{"message of 80 MiB and a byte", ajwt.CodeABITooLarge, verify, strings.Repeat("\x00", MaxMessageBytes+1)},
	{"configuration of 80 MiB and a byte", ajwt.CodeABITooLarge, configure, strings.Repeat("\x00", MaxMessageBytes+1)},
	{"document of 80 MiB and a byte", ajwt.CodeABITooLarge, load, strings.Repeat("\x00", MaxMessageBytes+1)},
	{"4097 headers", ajwt.CodeABITooLarge, verify, plainAt + strings.Repeat(record(tagHeader, "\x00\x00\x00\x00"), MaxHeaders+1)},
	{"17 nonce keys", ajwt.CodeABITooLarge, configure, strings.Repeat(record(tagNonceKey, now8+now8+now8+now8), MaxNonceKeys+1)},
	{"cache of 2^20+1", ajwt.CodeABITooLarge, configure, record(tagCacheEntries, "\x01\x00\x10\x00")},

	{"kind 0", ajwt.CodeABIKindUnknown, load, record(tagKind, "\x00") + record(tagIssuer, "") + record(tagData, "") + record(tagNowDoc, now8)},
	{"kind 255", ajwt.CodeABIKindUnknown, load, record(tagKind, "\xff") + record(tagIssuer, "") + record(tagData, "") + record(tagNowDoc, now8)},
}

// TestCodes holds for every code of the area abi that a message gets it, that the
// answer can be read, and that a refused message changes nothing.
func TestCodes(t *testing.T) {
	m := configured(t, Config{Policy: abitest.Policy(), ReplayStart: abitest.Start})
	given := map[ajwt.Code]bool{ajwt.CodeABIAnswerMalformed: true} // the host's, see TestAnswerMalformed
	for _, row := range codeRows {
		given[row.code] = true
		a := decoded(t, m.export(row.export, row.message))
		if a.Action != ActionRefuse || a.Decision.Code != row.code {
			t.Errorf("%s: action %#x, code %s, want %s", row.name, a.Action, a.Decision.Code, row.code)
		}
		if len(a.Faults) == 0 || a.Faults[0].Code != row.code || a.Faults[0].Detail == "" {
			t.Errorf("%s: the answer does not say what is wrong: %v", row.name, a.Faults)
		}
	}
	var zero Module
	for _, name := range []exportName{load, verify} {
		for _, message := range []string{"", plainAt, "\x01"} {
			a := decoded(t, zero.export(name, message))
			if a.Action != ActionRefuse || a.Decision.Code != ajwt.CodeABINotConfigured {
				t.Errorf("%s before configure: %#x %s", name, a.Action, a.Decision.Code)
			}
		}
	}
	given[ajwt.CodeABINotConfigured] = true
	for code := ajwt.Code(12001); code.Known(); code++ {
		if !given[code] {
			t.Errorf("%s has no row", code)
		}
	}
	if a := decoded(t, m.Verify(message(abitest.Request(abitest.Repository, abitest.Now, 1)))); a.Action != ActionPass {
		t.Errorf("after all that, a good request gets %s", a.Decision.Code)
	}
}

func configured(t *testing.T, c Config) *Module {
	t.Helper()
	m := new(Module)
	if a := decoded(t, m.Configure(AppendConfigure(nil, &c))); a.Action != ActionPass {
		t.Fatalf("configure: %v", a.Faults)
	}
	return m
}

func decoded(t *testing.T, answer []byte) Answer {
	t.Helper()
	a, err := DecodeAnswer(answer)
	if err != nil {
		t.Fatalf("DecodeAnswer(%x): %v", answer, err)
	}
	return a
}

func message(r *ajwt.Request) []byte { return AppendVerify(nil, r, ReplayAnswer{}) }
