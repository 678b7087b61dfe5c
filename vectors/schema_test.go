package vectors_test

import (
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/agentic-jwt/ajwt/vectors"
)

func schema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile("schema/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func document(t *testing.T, text string) any {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFilesMatchTheirSchema(t *testing.T) {
	s, err := vectors.Load()
	if err != nil {
		t.Fatal(err)
	}
	if err := schema(t, "manifest.schema.json").Validate(document(t, read(t, "manifest.json"))); err != nil {
		t.Error(err)
	}
	cases, n := schema(t, "cases.schema.json"), 0
	for _, f := range s.Manifest().Files {
		if vectors.Folder(f.File) == "cases" {
			n++
			if err := cases.Validate(document(t, read(t, f.File))); err != nil {
				t.Errorf("%s: %v", f.File, err)
			}
		}
	}
	if n == 0 {
		t.Error("no case files")
	}
}

func TestSchemaRefuses(t *testing.T) {
	const good = `{"format":"ajwt-vectors/1","area":"jwk","spec":[],"cases":[{"id":"jwk.a.b","title":"A set without keys.","op":"keys_load","input":{"keys":"{}"},"expect":{},"level":"MUST","refs":["RFC 7517"],"since":"1.0"}]}`
	s := schema(t, "cases.schema.json")
	if err := s.Validate(document(t, good)); err != nil {
		t.Fatal(err)
	}
	for _, row := range [][3]string{
		{"format", "vectors/1", "vectors/2"},
		{"unknown member", `"area"`, `"x":1,"area"`},
		{"unknown member of a case", `"op"`, `"x":1,"op"`},
		{"no cases", good[strings.Index(good, `{"id"`) : len(good)-2], ""},
		{"id", "jwk.a.b", "jwk.a"},
		{"level", "MUST", "must"},
		{"unknown code", `"expect":{}`, `"expect":{"code":"keys_none"}`},
		{"value operation with a request's member", `"op"`, `"now":1,"op"`},
		{"request's operation with input", "keys_load", "verify"},
		{"refs missing", `"refs":["RFC 7517"],`, ""},
	} {
		changed := strings.Replace(good, row[1], row[2], 1)
		if changed == good {
			t.Fatal(row[0], ": nothing changed")
		}
		if err := s.Validate(document(t, changed)); err == nil {
			t.Errorf("%s: the schema takes %s", row[0], changed)
		}
	}
}
