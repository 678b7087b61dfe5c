package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestReplace(t *testing.T) {
	for _, row := range []struct{ text, pointer, to, want, from string }{
		{`{"a":1,"b":[2,{"c":"x,}"}]}`, "/a", "9", `{"a":9,"b":[2,{"c":"x,}"}]}`, "1"},
		{`{"a":1,"b":[2,{"c":"x,}"}]}`, "/b/1/c", `"y"`, `{"a":1,"b":[2,{"c":"y"}]}`, `"x,}"`},
		{`{"a":1}`, "/b", "2", `{"a":1,"b":2}`, ""},
		{`{}`, "/b", "2", `{"b":2}`, ""},
		{`{"a":1}`, "/-", `"a":2`, `{"a":1,"a":2}`, ""},
		{`{"a":[]}`, "/a/-", "1", `{"a":[1]}`, ""},
		{`{"a":[1]}`, "/a/-", "2", `{"a":[1,2]}`, ""},
		{`{"a/b":{"~":1}}`, "/a~1b/~0", "2", `{"a/b":{"~":2}}`, "1"},
		{"{ \"a\" : 1 ,\n\"b\":2 }", "/b", "3", "{ \"a\" : 1 ,\n\"b\":3 }", "2"},
		{`{"\u0061":1}`, "/a", "2", `{"\u0061":2}`, "1"},
		{`{"a":1}`, "", "x", "x", `{"a":1}`},
	} {
		got, from := replace(row.text, row.pointer, &row.to)
		if got != row.want || (from == nil) != (row.from == "") || from != nil && *from != row.from {
			t.Errorf("%s %s: %s, from %v", row.text, row.pointer, got, from)
		}
	}
	for _, row := range [][3]string{
		{`{"a":1,"b":2,"c":3}`, "/a", `{"b":2,"c":3}`},
		{`{"a":1,"b":2,"c":3}`, "/b", `{"a":1,"c":3}`},
		{`{"a":1,"b":2,"c":3}`, "/c", `{"a":1,"b":2}`},
		{`{"a":1}`, "/a", `{}`},
		{`[1,2]`, "/1", `[1]`},
	} {
		if got, _ := replace(row[0], row[1], nil); got != row[2] {
			t.Errorf("%s less %s: %s", row[0], row[1], got)
		}
	}
}

func TestRecorded(t *testing.T) {
	for _, row := range [][2]string{
		{`"x"`, `"x"`}, {`{"a":[1,null]}`, `{"a":[1,null]}`}, {"9007199254740991", "9007199254740991"},
		{"1.0", `{"$text":"1.0"}`}, {"1e9", `{"$text":"1e9"}`}, {"-0", `{"$text":"-0"}`}, {`"\u0061"`, `{"$text":"\"\\u0061\""}`},
		{`{"a":1,"a":1}`, `{"$text":"{\"a\":1,\"a\":1}"}`}, {"[1, 2]", `{"$text":"[1, 2]"}`}, {"NaN", `{"$text":"NaN"}`}, {"\xff", `{"$base64":"/w=="}`},
	} {
		if got := string(recorded(&row[0], true)); got != row[1] {
			t.Errorf("%q: %s", row[0], got)
		}
	}
}

// TestDeterministic: the same source gives the same bytes.
func TestDeterministic(t *testing.T) {
	first, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	keyCache = map[string]*key{}
	second, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	if len(first) != len(second) || len(first) < 10 {
		t.Fatalf("%d and %d files", len(first), len(second))
	}
	for name, text := range first {
		if !bytes.Equal(text, second[name]) {
			t.Error(name, "differs")
		}
	}
}

// TestCheckFindsStaleFiles: a file that nothing generates is told.
func TestCheckFindsStaleFiles(t *testing.T) {
	dir := t.TempDir()
	files := output{"cases/a/b.json": []byte("{}"), "manifest.json": []byte("{}")}
	if err := files.write(dir); err != nil {
		t.Fatal(err)
	}
	if err := files.compare(dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]output{
		"is stale":   {"manifest.json": []byte("{}")},
		"differs":    {"cases/a/b.json": []byte("[]"), "manifest.json": []byte("{}")},
		"is missing": {"cases/a/b.json": []byte("{}"), "manifest.json": []byte("{}"), "cases/a/c.json": []byte("{}")},
	} {
		if err := want.compare(dir); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (output{"manifest.json": []byte("{}")}).write(dir); err != nil {
		t.Fatal(err)
	}
	if err := (output{"manifest.json": []byte("{}")}).compare(dir); err != nil {
		t.Error(err)
	}
}
