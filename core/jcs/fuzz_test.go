package jcs

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// FuzzTransform: the canonical form is its own canonical form, and encoding/json
// reads the same value from it as from the input.
func FuzzTransform(f *testing.F) {
	names, _ := filepath.Glob("testdata/*/*.json")
	if len(names) < 12 {
		f.Fatalf("want at least 12 seed files, got %d", len(names))
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"":-0,"\ud83d\ude02":[1e-7,1e21,5e-324],"\ufb33":"\u2028\u007f\u0000"}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		out, err := Transform(in)
		if err != nil {
			if out != nil {
				t.Fatal("both a result and an error")
			}
			return
		}
		again, err := Transform(out)
		if err != nil || !bytes.Equal(out, again) {
			t.Fatalf("not idempotent: %q, then %q (%v)", out, again, err)
		}
		var before, after any
		if err := json.Unmarshal(in, &before); err != nil {
			t.Fatalf("encoding/json refuses the input: %v", err)
		}
		if err := json.Unmarshal(out, &after); err != nil {
			t.Fatalf("encoding/json refuses the form %q: %v", out, err)
		}
		if !reflect.DeepEqual(before, after) {
			t.Fatalf("other value: %q became %q", in, out)
		}
	})
}

// FuzzCompareUTF16 holds the comparison to the definition: convert, then compare.
func FuzzCompareUTF16(f *testing.F) {
	for _, pair := range [][2]string{
		{"", ""}, {"", "a"}, {"a", "b"}, {"\ufb33", "😂"}, {"\ue000", "\U00010000"},
		{"\ud7ff", "\U0010ffff"}, {"\uffff", "\U0010ffff"}, {"x\uffff", "x😂"}, {"😁", "😂"}, {"é", "e\u0301"},
	} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			return
		}
		want := slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
		got := compareUTF16([]byte(a), []byte(b))
		if (got < 0) != (want < 0) || (got > 0) != (want > 0) {
			t.Fatalf("%q, %q: got %d, want the sign of %d", a, b, got, want)
		}
	})
}
