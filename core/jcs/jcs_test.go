package jcs

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// TestUpstream holds Transform to the input and output pairs of the RFC's author.
func TestUpstream(t *testing.T) {
	names, err := filepath.Glob("testdata/input/*.json")
	if err != nil || len(names) < 6 {
		t.Fatalf("want at least 6 upstream files, got %d (%v)", len(names), err)
	}
	for _, name := range names {
		base := filepath.Base(name)
		t.Run(base, func(t *testing.T) {
			in, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(filepath.Join("testdata", "output", base))
			if err != nil {
				t.Fatal(err)
			}
			got, err := Transform(in)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if again, err := Transform(want); err != nil || !bytes.Equal(again, want) {
				t.Errorf("the upstream output is not its own form: %s (%v)", again, err)
			}
		})
	}
}

func TestTransform(t *testing.T) {
	for _, row := range []struct{ name, in, want string }{
		{"empty object", " { } ", "{}"},
		{"empty array", "[\n]", "[]"},
		{"null", "null", "null"},
		{"literals", "[true, false,null]", "[true,false,null]"},
		{"sample of section 3.2.2", `{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
			`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`},
		{"sample of section 3.2.3", `{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`,
			"{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}"},
		{"names are sorted at every depth", `[{"b":{"d":1,"c":2},"a":3}]`, `[{"a":3,"b":{"c":2,"d":1}}]`},
		{"arrays keep their order", `[3,1,2]`, `[3,1,2]`},
		{"a prefix sorts first", `{"ab":1,"a":2,"":3}`, `{"":3,"a":2,"ab":1}`},
		{"every short escape", `"\b\t\n\f\r\"\\\/"`, `"\b\t\n\f\r\"\\/"`},
		{"other controls in lowercase hex", `"\u0000\u001F\u000b"`, `"\u0000\u001f\u000b"`},
		{"DEL and line separators are not escaped", `"\u007f\u2028\u2029"`, "\"\u007f\u2028\u2029\""},
		{"no Unicode normalisation", `["A\u030a","\u00c5"]`, "[\"A\u030a\",\"\u00c5\"]"},
		{"names are escaped like strings", `{"\n\"":1}`, `{"\n\"":1}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := Transform([]byte(row.in))
			if err != nil || string(got) != row.want {
				t.Errorf("got  %s (%v)\nwant %s", got, err, row.want)
			}
		})
	}
}

func TestTransformRefuses(t *testing.T) {
	for _, row := range []struct {
		name, in string
		fault    strictjson.Fault
	}{
		{"empty", "", strictjson.FaultSyntax},
		{"two values", "1 2", strictjson.FaultSyntax},
		{"NaN", "[NaN]", strictjson.FaultSyntax},
		{"duplicate member", `{"a":1,"\u0061":2}`, strictjson.FaultDuplicate},
		{"lone surrogate", `"\ud800"`, strictjson.FaultEncoding},
		{"not UTF-8", "\"\xff\"", strictjson.FaultEncoding},
		{"too deep", strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1), strictjson.FaultDepth},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := Transform([]byte(row.in))
			var e strictjson.Error
			if got != nil || !errors.As(err, &e) || e.Fault != row.fault {
				t.Errorf("got %q, %v; want %v", got, err, row.fault)
			}
		})
	}
	for _, row := range []struct{ name, in, pointer string }{
		{"too large, alone", "1e309", ""},
		{"too large, negative", "[0,-1e309]", "/1"},
		{"just beyond the largest double", `{"a":[{"b/~":1.797693134862315808e308}]}`, "/a/0/b~1~0"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := Transform([]byte(row.in))
			var e *NumberError
			if got != nil || !errors.As(err, &e) || e.Pointer != row.pointer {
				t.Errorf("got %q, %v; want a NumberError at %q", got, err, row.pointer)
			}
		})
	}
	if got, err := Append([]byte("x"), strictjson.Value{}); got != nil || err != ErrAbsent {
		t.Errorf("absent value: got %q, %v", got, err)
	}
	if _, err := Transform([]byte(strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth))); err != nil {
		t.Errorf("at the depth limit: %v", err)
	}
}

func TestAppendKeepsPrefix(t *testing.T) {
	var d strictjson.Document
	if err := d.Parse([]byte(`{"b":[1],"a":""}`), strictjson.Limits{}); err != nil {
		t.Fatal(err)
	}
	got, err := Append([]byte("prefix "), d.Root())
	if want := `prefix {"a":"","b":[1]}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}
