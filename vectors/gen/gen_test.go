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

func TestClock(t *testing.T) {
	for _, row := range []struct {
		args []string
		want int64
	}{
		{[]string{"gen"}, usual}, {[]string{"gen", "-check"}, usual}, {[]string{"gen", "-now", "1800000000"}, 1800000000},
		{[]string{"gen", "--now=1700000000", "-dir", "x"}, 1700000000}, {[]string{"gen", "-now"}, usual},
		{[]string{"gen", "-now=1800000000", "-now="}, 1800000000}, {[]string{"gen", "-now=1800000000", "-now=1800000001"}, 1800000001},
	} {
		if got := clock(row.args); got != row.want {
			t.Errorf("%q: %d", row.args, got)
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

// TestLinkEdits: a change to one link is signed again, and what holds its hash follows.
func TestLinkEdits(t *testing.T) {
	before := linked()
	first := before.linkTexts()
	for _, row := range []struct {
		name    string
		edit    edit
		path    string
		changed []bool // of the links
	}{
		{"payload of the root", set("link", "/0/payload/scope", `"repo:read"`), "/0/payload/scope", []bool{true, true}},
		{"header of the last", set("link", "/1/header/typ", `"JWT"`), "/1/header/typ", []bool{false, true}},
		{"prev", set("link", "/1/payload/prev", `"x"`), "/1/payload/prev", []bool{false, true}},
		{"signature of the root", link(0, part(2, to("AAAA"))), "", []bool{true, true}},
	} {
		s, m := row.edit.apply(before)
		texts := s.linkTexts()
		for i := range texts {
			if (texts[i] != first[i]) != row.changed[i] {
				t.Errorf("%s: that link %d changed is %t", row.name, i, texts[i] != first[i])
			}
			if !strings.Contains(s.tokenPayload(), quote(texts[i])) {
				t.Errorf("%s: the token lacks link %d", row.name, i)
			}
		}
		if row.path != "" && m.Path != row.path || m.From == nil || m.To == nil || s.compact() == before.compact() {
			t.Errorf("%s: %+v", row.name, m)
		}
		prev, _ := lookup(s.linkPayload(1, texts), "/prev")
		if want := quote(b64(sha256Of(texts[0]))); prev != want && row.name != "prev" {
			t.Errorf("%s: prev is %s, want %s", row.name, prev, want)
		}
	}
	if again := before.linkTexts(); again[0] != first[0] || again[1] != first[1] {
		t.Error("an edit changed the scene that it was applied to")
	}
}

// TestLoadEdits: layers of a load, and what stands in the input afterwards.
func TestLoadEdits(t *testing.T) {
	l := bundleLoad(smallBundle())
	changed, m := set("bundle", "/version", "8").applyLoad(l)
	if string(m.From) != "7" || string(m.To) != "8" || changed.text() == l.text() || !strings.Contains(l.document.payload, `"version":7`) {
		t.Errorf("payload: %+v", m)
	}
	changed, m = set("policy", "/issuers/0/algorithms", `["RS256"]`).applyLoad(l)
	if string(m.To) != `["RS256"]` || changed.policy == l.policy {
		t.Errorf("policy: %+v", m)
	}
	changed, _ = set("input", "/now", "1").applyLoad(l)
	if now, _ := lookup(changed.text(), "/now"); now != "1" || len(l.edits) > 0 {
		t.Errorf("input: now is %s", now)
	}
}
