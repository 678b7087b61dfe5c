package vectors_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/agentic-jwt/ajwt/vectors"
)

func TestLoad(t *testing.T) {
	s, err := vectors.Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Cases()) == 0 {
		t.Fatal("no cases")
	}
	if _, err := s.Policy("draft00.json"); err != nil {
		t.Error(err)
	}
	if _, err := s.KeySet("as.json"); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"", "absent.json", "../manifest.json", "private/p256-a.json"} {
		if _, err := s.KeySet(name); err == nil {
			t.Errorf("KeySet(%q) is there", name)
		}
	}
}

// small is a folder with one case that loads.
func small(t *testing.T) fstest.MapFS {
	t.Helper()
	const cases = `{"format":"ajwt-vectors/1","area":"jws","spec":[],"cases":[
{"id":"jws.a.b","title":"","op":"verify","level":"MUST","refs":["x"],"since":"1.0"}
]}`
	m := fstest.MapFS{
		"cases/jws/a.json": &fstest.MapFile{Data: []byte(cases)},
		"manifest.json": &fstest.MapFile{Data: []byte(`{"format":"ajwt-manifest/1","spec":[],"files":[
{"file":"cases/jws/a.json","sha256":"` + sum(cases) + `","area":"jws","count":1}]}`)},
	}
	if _, err := vectors.LoadFS(m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestLoadFSRefuses(t *testing.T) {
	change := func(name, old, new string) func(fstest.MapFS) {
		return func(m fstest.MapFS) {
			m[name] = &fstest.MapFile{Data: []byte(strings.Replace(string(m[name].Data), old, new, 1))}
		}
	}
	// recount lets the manifest's checksum follow a changed case file.
	recount := func(old, new string) func(fstest.MapFS) {
		return func(m fstest.MapFS) {
			before := sum(string(m["cases/jws/a.json"].Data))
			change("cases/jws/a.json", old, new)(m)
			change("manifest.json", before, sum(string(m["cases/jws/a.json"].Data)))(m)
		}
	}
	for _, row := range []struct {
		name   string
		change func(fstest.MapFS)
		want   string
	}{
		{"no manifest", func(m fstest.MapFS) { delete(m, "manifest.json") }, "manifest.json"},
		{"missing file", func(m fstest.MapFS) { delete(m, "cases/jws/a.json") }, "cases/jws/a.json"},
		{"unlisted file", func(m fstest.MapFS) { m["keys/x.json"] = &fstest.MapFile{Data: []byte("{}")} }, "keys/x.json: the manifest does not list it"},
		{"changed file", change("cases/jws/a.json", "jws.a.b", "jws.a.c"), "SHA-256"},
		{"wrong count", change("manifest.json", `"count":1`, `"count":2`), "1 cases, and the manifest says 2"},
		{"unknown member of the manifest", change("manifest.json", `"spec"`, `"x":1,"spec"`), `"x"`},
		{"unknown member of a case", recount(`"title"`, `"x":1,"title"`), `"x"`},
		{"bytes after the value", recount("]}", "]} 1"), "after the value"},
		{"no cases", func(m fstest.MapFS) {
			i := strings.Index(string(m["cases/jws/a.json"].Data), "\n{")
			recount(string(m["cases/jws/a.json"].Data)[i:], "]}")(m)
			change("manifest.json", `"count":1`, `"count":0`)(m)
		}, "there are no cases"},
		{"empty manifest", func(m fstest.MapFS) {
			m["manifest.json"] = &fstest.MapFile{Data: []byte(`{"format":"ajwt-manifest/1","spec":[],"files":[]}`)}
		}, "/files: there are 0"},
		{"another format", change("manifest.json", "manifest/1", "manifest/2"), "/format"},
		{"another case format", recount("vectors/1", "vectors/2"), "/format"},
		{"another area", recount(`"area":"jws"`, `"area":"jwk"`), "/area"},
		{"a compact JWS among the keys", change("manifest.json", "cases/jws/a.json", "keys/a.jws"), "is not below"},
		{"an unlisted bundle", func(m fstest.MapFS) { m["bundles/x.jws"] = &fstest.MapFile{Data: []byte("a.b.c")} }, "bundles/x.jws: the manifest does not list it"},
		{"a path outside", change("manifest.json", "cases/jws/a.json", "../a.json"), "is not below"},
		{"large case file", recount("\n{", strings.Repeat("\n", 300_000)+"{"), "more than 300000 bytes"},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := small(t)
			row.change(m)
			s, err := vectors.LoadFS(m)
			if err == nil || s != nil {
				t.Fatal("it loads")
			}
			if !strings.Contains(err.Error(), row.want) {
				t.Errorf("the error does not name %q: %v", row.want, err)
			}
		})
	}
}
