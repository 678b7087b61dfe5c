package abi

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

const (
	plainAgent = `{"agent_id":"a","prompt_template":"p","tools":[]}`
	rfc8037Key = `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
)

// valueRows are computations, and what each gives: a value, or the pointer of its
// refusal behind a "!".
var valueRows = []struct {
	name string
	c    Computation
	want string
}{
	// SHA-256 of {"agent_id":"a","configuration":{},"prompt_template":"p","tools":[]}, and
	// in the reading python of {"config": {}, "id": "a", "prompt": "p", "tools": []}.
	{"checksum", Computation{Operation: OpChecksum, Reading: ajwt.ReadingJCS, Document: []byte(plainAgent)},
		"sha256:8d772002f5e6bfd395ac0a2f731056ef893efa66b55c4d18483f7920723e874f"},
	{"checksum, raw", Computation{Operation: OpChecksum, Reading: ajwt.ReadingJCSRaw, Document: []byte(plainAgent)},
		"sha256:8d772002f5e6bfd395ac0a2f731056ef893efa66b55c4d18483f7920723e874f"},
	{"checksum, python", Computation{Operation: OpChecksum, Reading: ajwt.ReadingPython, Document: []byte(plainAgent)},
		"sha256:0322a08f13225ad2cffdae796255a5104c57dd87c79a1d7c16d954b8afa297f3"},
	{"agent without tools", Computation{Operation: OpChecksum, Reading: ajwt.ReadingJCS, Document: []byte(`{"agent_id":"a","prompt_template":"p"}`)}, "!/tools"},
	{"agent that is no JSON", Computation{Operation: OpChecksum, Reading: ajwt.ReadingJCS, Document: []byte(`{`)}, "!"},
	{"agent of no bytes", Computation{Operation: OpChecksum, Reading: ajwt.ReadingJCS}, "!"},
	{"agent too long", Computation{Operation: OpChecksum, Reading: ajwt.ReadingJCS, Document: make([]byte, MaxDocumentBytes+1)}, "!"},

	{"thumbprint", Computation{Operation: OpThumbprint, Document: []byte(rfc8037Key)}, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
	{"private key", Computation{Operation: OpThumbprint, Document: []byte(strings.Replace(rfc8037Key, "}", `,"d":"AA"}`, 1))}, "!"},
	{"key too long", Computation{Operation: OpThumbprint, Document: []byte(rfc8037Key + strings.Repeat(" ", MaxDocumentBytes))}, "!"},

	{"chain", Computation{Operation: OpChainHash, Form: ajwt.HashShort, IDs: []string{"supervisor", "planner", "patcher"}}, "e2b0bb2db17839e8"},
	{"chain, long", Computation{Operation: OpChainHash, Form: ajwt.HashLong, IDs: []string{"supervisor", "planner", "patcher"}},
		"sha256:e2b0bb2db17839e85e06d11aa031de72b76b8bb85c7a0cfa128d2e68024bf3d7"},
	{"agent twice", Computation{Operation: OpChainHash, Form: ajwt.HashShort, IDs: []string{"a", "a"}}, "!"},
	{"delimiter in an id", Computation{Operation: OpChainHash, Form: ajwt.HashShort, IDs: []string{"a|b"}}, "!"},
	{"empty id", Computation{Operation: OpChainHash, Form: ajwt.HashShort, IDs: []string{""}}, "!"},
	{"no steps", Computation{Operation: OpStepHash, Form: ajwt.HashShort}, "e3b0c44298fc1c14"},
	{"slash in a step", Computation{Operation: OpStepHash, Form: ajwt.HashShort, IDs: []string{"a/b"}}, "!"},

	{"jcs", Computation{Operation: OpJCS, Document: []byte(` { "b" : 1.0 , "a" : "\u0041" } `)}, `{"a":"A","b":1}`},
	{"jcs of no bytes", Computation{Operation: OpJCS}, "!"},
	{"jcs, number too large", Computation{Operation: OpJCS, Document: []byte(`{"a":[0,1e999]}`)}, "!/a/1"},
	{"jcs, too deep", Computation{Operation: OpJCS, Document: []byte(strings.Repeat("[", 129) + strings.Repeat("]", 129))}, "!"},
	{"jcs, too many values", Computation{Operation: OpJCS, Document: []byte("[0" + strings.Repeat(",0", 1<<17) + "]")}, "!"},
	{"jcs, too long", Computation{Operation: OpJCS, Document: []byte("0" + strings.Repeat(" ", MaxDocumentBytes))}, "!"},
}

// TestCompute holds what is computed, and that the way through the messages gives the
// same.
func TestCompute(t *testing.T) {
	var values Values
	for _, row := range valueRows {
		value, err := Compute(&row.c)
		got := value
		var refused *Refusal
		if errors.As(err, &refused) {
			got = "!" + refused.Pointer
			if refused.Detail == "" || len(refused.Detail) > 120 || value != "" {
				t.Errorf("%s: value %q, detail %q", row.name, value, refused.Detail)
			}
		} else if err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		if got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
		message := AppendCompute(nil, &row.c)
		if len(message) > ComputeSize(&row.c) {
			t.Errorf("%s: %d bytes, ComputeSize says %d", row.name, len(message), ComputeSize(&row.c))
		}
		through, throughErr := DecodeValue(values.Compute(message))
		if through != value || !reflect.DeepEqual(throughErr, err) {
			t.Errorf("%s: through messages %q %v, want %q %v", row.name, through, throughErr, value, err)
		}
	}
}

// computeRows are messages that are no computation, and the code that each gets.
var computeRows = []struct {
	name    string
	code    ajwt.Code
	message string
}{
	{"head cut off", ajwt.CodeABIRecordMalformed, "\x71\x01\x00\x00"},
	{"value cut off", ajwt.CodeABIRecordMalformed, "\x71\x02\x00\x00\x00\x05"},
	{"operation 0", ajwt.CodeABIRecordMalformed, record(tagOperation, "\x00")},
	{"operation 6", ajwt.CodeABIRecordMalformed, record(tagOperation, "\x06")},
	{"operation of 2 bytes", ajwt.CodeABIRecordMalformed, record(tagOperation, "\x05\x00")},
	{"empty operation", ajwt.CodeABIRecordMalformed, record(tagOperation, "")},
	{"unknown reading", ajwt.CodeABIRecordMalformed, record(tagOperation, "\x01") + record(tagReading, "JCS") + record(tagDocument, "")},
	{"empty form", ajwt.CodeABIRecordMalformed, record(tagOperation, "\x03") + record(tagForm, "")},

	{"tag 0", ajwt.CodeABIRecordUnknown, record(0, "")},
	{"tag 0x70", ajwt.CodeABIRecordUnknown, record(0x70, "")},
	{"tag 0x76", ajwt.CodeABIRecordUnknown, record(0x76, "")},
	{"tag 0xff", ajwt.CodeABIRecordUnknown, record(0xff, "")},
	{"a request", ajwt.CodeABIRecordUnknown, plainAt},
	{"form for a checksum", ajwt.CodeABIRecordUnknown, record(tagOperation, "\x01") + record(tagReading, "jcs") + record(tagDocument, plainAgent) + record(tagForm, "long")},
	{"id for a thumbprint", ajwt.CodeABIRecordUnknown, record(tagID, "a") + record(tagOperation, "\x02") + record(tagDocument, rfc8037Key)},
	{"document for a chain", ajwt.CodeABIRecordUnknown, record(tagOperation, "\x03") + record(tagForm, "long") + record(tagDocument, "")},

	{"two operations", ajwt.CodeABIRecordDuplicate, record(tagOperation, "\x05") + record(tagOperation, "\x05") + record(tagDocument, "1")},
	{"two documents", ajwt.CodeABIRecordDuplicate, record(tagOperation, "\x05") + record(tagDocument, "1") + record(tagDocument, "1")},

	{"empty message", ajwt.CodeABIRecordMissing, ""},
	{"no operation", ajwt.CodeABIRecordMissing, record(tagDocument, "1")},
	{"no document", ajwt.CodeABIRecordMissing, record(tagOperation, "\x05")},
	{"no reading", ajwt.CodeABIRecordMissing, record(tagOperation, "\x01") + record(tagDocument, plainAgent)},
	{"no form", ajwt.CodeABIRecordMissing, record(tagOperation, "\x04") + record(tagID, "a")},

	{"message of 80 MiB and a byte", ajwt.CodeABITooLarge, strings.Repeat("\x00", MaxMessageBytes+1)},
	{"1025 ids", ajwt.CodeABITooLarge, record(tagOperation, "\x04") + record(tagForm, "short") + strings.Repeat(record(tagID, "a"), MaxIDs+1)},
}

// TestComputeMessages holds that what is no computation gets its code.
func TestComputeMessages(t *testing.T) {
	var values Values
	for _, row := range computeRows {
		value, err := DecodeValue(values.Compute([]byte(row.message)))
		var fault *Error
		if value != "" || !errors.As(err, &fault) || fault.Code != row.code || fault.Detail == "" {
			t.Errorf("%s: %q %v, want %s", row.name, value, err, row.code)
		}
	}
	if value, err := DecodeValue(values.Compute(AppendCompute(nil, &valueRows[0].c))); err != nil || value != valueRows[0].want {
		t.Errorf("after all that: %q %v", value, err)
	}
}

// TestComputeNone holds that Compute finds the same codes where there was no message.
func TestComputeNone(t *testing.T) {
	for _, row := range []struct {
		name string
		code ajwt.Code
		c    Computation
	}{
		{"zero", ajwt.CodeABIRecordMalformed, Computation{}},
		{"operation 6", ajwt.CodeABIRecordMalformed, Computation{Operation: OpJCS + 1}},
		{"no reading", ajwt.CodeABIRecordMalformed, Computation{Operation: OpChecksum, Document: []byte(plainAgent)}},
		{"no form", ajwt.CodeABIRecordMalformed, Computation{Operation: OpStepHash}},
		{"1025 ids", ajwt.CodeABITooLarge, Computation{Operation: OpStepHash, Form: ajwt.HashLong, IDs: make([]string, MaxIDs+1)}},
	} {
		value, err := Compute(&row.c)
		var fault *Error
		if value != "" || !errors.As(err, &fault) || fault.Code != row.code {
			t.Errorf("%s: %q %v, want %s", row.name, value, err, row.code)
		}
		if fault, ok := errorOf(DecodeCompute(AppendCompute(nil, &row.c))); !ok || fault.Code != row.code {
			t.Errorf("%s as a message: %v", row.name, fault)
		}
	}
}

func errorOf(_ Computation, err error) (*Error, bool) {
	e, ok := err.(*Error)
	return e, ok
}

func TestDecodeValueMalformed(t *testing.T) {
	for _, answer := range []string{
		"", "\x79", record(tagValue, "a")[:5], record(tagValue, "a") + "\x00", record(tagValue, "a") + record(tagValue, "b"),
		record(tagRefusal, ""), record(tagRefusal, "\x02\x00\x00\x00a"), record(tagFault, ""), record(tagFault, "\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00"),
		record(0, ""), record(tagLoadWarning, ""), strings.Repeat("\x00", MaxMessageBytes+1),
	} {
		value, err := DecodeValue([]byte(answer))
		var fault *Error
		if value != "" || !errors.As(err, &fault) || fault.Code != ajwt.CodeABIAnswerMalformed {
			t.Errorf("%.40q: %q %v", answer, value, err)
		}
	}
	value, err := DecodeValue(AppendValue(nil, "", errors.New("something else")))
	var fault *Error
	if value != "" || !errors.As(err, &fault) || fault.Code != ajwt.CodeInternalPanic {
		t.Errorf("an error of another type: %q %v", value, err)
	}
}

func TestValuesPanic(t *testing.T) {
	var v Values
	answer := func() (answer []byte) {
		defer v.recovered(&answer)
		panic("test")
	}()
	_, err := DecodeValue(answer)
	var fault *Error
	if !errors.As(err, &fault) || fault.Code != ajwt.CodeInternalPanic {
		t.Error(err)
	}
}

// FuzzCompute holds for any bytes: Values does not panic; its answer can be read and
// is that of Compute on what was read; and what can be read is the encoding of what was
// read.
func FuzzCompute(f *testing.F) {
	for _, row := range valueRows {
		if len(row.c.Document) < 1<<16 {
			f.Add(AppendCompute(nil, &row.c))
		}
	}
	for _, row := range computeRows {
		if len(row.message) < 1<<16 {
			f.Add([]byte(row.message))
		}
	}
	values := new(Values)
	f.Fuzz(func(t *testing.T, data []byte) {
		value, err := DecodeValue(values.Compute(data))
		c, unread := DecodeCompute(data)
		if unread != nil {
			fault, ok := err.(*Error)
			if value != "" || !ok || fault.Code != unread.(*Error).Code {
				t.Fatalf("%q %v, want %v", value, err, unread)
			}
		} else {
			again, err2 := DecodeCompute(AppendCompute(nil, &c))
			if err2 != nil || !reflect.DeepEqual(again, c) {
				t.Fatalf("decode(encode(c)) = %+v, %v; want %+v", again, err2, c)
			}
			want, wantErr := Compute(&c)
			if value != want || !reflect.DeepEqual(err, wantErr) {
				t.Fatalf("%q %v, want %q %v", value, err, want, wantErr)
			}
			if _, refused := err.(*Refusal); err != nil && !refused {
				t.Fatalf("a computation that was read gives %v", err)
			}
		}
		if value, err := DecodeValue(data); err != nil && value != "" {
			t.Fatal("an error and a result")
		}
	})
}
