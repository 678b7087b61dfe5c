package structured

import (
	"bytes"
	"embed"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The files of httpwg/structured-field-tests (LICENSE.md beside them), unchanged.
//
//go:embed testdata/*.json
var testdata embed.FS

type outsideTest struct {
	Name       string
	Raw        []string
	HeaderType string `json:"header_type"`
	Expected   json.RawMessage
	MustFail   bool `json:"must_fail"`
	CanFail    bool `json:"can_fail"`
	Canonical  []string
}

var types = map[string]Type{"dictionary": Dictionary, "list": List, "item": Item}

// refusedDuplicates are the tests whose last value wins in the RFC.
var refusedDuplicates = []string{
	"dictionary.json: duplicate key dictionary",
	"key-generated.json: 0x2c in dictionary key",
	"key-generated.json: 0x3b in parameterised list key",
	"param-list.json: duplicate parameter with different positions",
}

// refusedLeniency are tests that may fail, and do here.
var refusedLeniency = []string{
	"binary.json: bad padding",
	"binary.json: non-zero pad bits",
}

func outsideTests(t *testing.T) map[string][]outsideTest {
	t.Helper()
	files, err := testdata.ReadDir("testdata")
	if err != nil || len(files) != 19 {
		t.Fatalf("%d files, %v; want 19", len(files), err)
	}
	all := map[string][]outsideTest{}
	for _, f := range files {
		text, err := testdata.ReadFile(path.Join("testdata", f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		var list []outsideTest
		if err := json.Unmarshal(text, &list); err != nil || len(list) == 0 {
			t.Fatalf("%s: %d tests, %v", f.Name(), len(list), err)
		}
		all[f.Name()] = list
	}
	return all
}

func TestOutsideData(t *testing.T) {
	var d Document
	ran := 0
	var duplicates, lenient []string
	for file, list := range outsideTests(t) {
		for _, test := range list {
			name := file + ": " + test.Name
			raw := strings.Join(test.Raw, ", ")
			fault := d.Parse([]byte(raw), types[test.HeaderType], 0)
			ran++
			switch {
			case test.MustFail:
				if fault == OK {
					t.Errorf("%s: %q was taken", name, raw)
				}
			case fault == FaultDuplicate:
				duplicates = append(duplicates, name)
			case fault != OK && test.CanFail:
				lenient = append(lenient, name)
			case fault != OK:
				t.Errorf("%s: %q was refused: %d", name, raw, fault)
			default:
				checkOutside(t, name, &d, &test)
			}
		}
	}
	if ran < 1500 {
		t.Errorf("%d tests ran", ran)
	}
	for _, c := range []struct {
		what       string
		have, want []string
	}{{"duplicates", duplicates, refusedDuplicates}, {"lenient", lenient, refusedLeniency}} {
		slices.Sort(c.have)
		slices.Sort(c.want)
		if !slices.Equal(c.have, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", c.what, strings.Join(c.have, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

// checkOutside compares what was read with the expectation, and what is written from it
// with the canonical form.
func checkOutside(t *testing.T, name string, d *Document, test *outsideTest) {
	t.Helper()
	var want any
	dec := json.NewDecoder(bytes.NewReader(test.Expected))
	dec.UseNumber()
	if err := dec.Decode(&want); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	have := shown(d, types[test.HeaderType])
	if expected := flat(want); have != expected {
		t.Errorf("%s: %q is\n%s\nwant\n%s", name, test.Raw, have, expected)
	}
	canonical := test.Canonical
	if canonical == nil {
		canonical = test.Raw
	}
	if out := written(d, types[test.HeaderType]); out != strings.Join(canonical, ", ") {
		t.Errorf("%s: written as %q, want %q", name, out, canonical)
	}
}

func written(d *Document, t Type) string {
	var out []byte
	for v := d.First(); v.Exists(); v = v.Next() {
		if len(out) > 0 {
			out = append(out, ", "...)
		}
		if t == Dictionary {
			out = append(out, v.Key()...)
			if v.Kind() == Boolean && v.Number() == 1 {
				out = appendParams(out, v)
				continue
			}
			out = append(out, '=')
		}
		out = AppendMember(out, v)
	}
	return string(out)
}

// shown writes a document in the form that flat gives to an expectation.
func shown(d *Document, t Type) string {
	if t == Item {
		return shownMember(d.First())
	}
	var parts []string
	for v := d.First(); v.Exists(); v = v.Next() {
		text := shownMember(v)
		if t == Dictionary {
			text = "[" + strconv.Quote(string(v.Key())) + " " + text + "]"
		}
		parts = append(parts, text)
	}
	return "[" + strings.Join(parts, " ") + "]"
}

func shownMember(v Value) string {
	var params []string
	for p := v.Params(); p.Exists(); p = p.Next() {
		params = append(params, "["+strconv.Quote(string(p.Key()))+" "+shownBare(p)+"]")
	}
	bare := shownBare(v)
	if v.Kind() == InnerList {
		var items []string
		for e := v.First(); e.Exists(); e = e.Next() {
			items = append(items, shownMember(e))
		}
		bare = "[" + strings.Join(items, " ") + "]"
	}
	return "[" + bare + " [" + strings.Join(params, " ") + "]]"
}

func shownBare(v Value) string {
	switch v.Kind() {
	case Integer:
		return strconv.FormatInt(v.Number(), 10) + ".000"
	case Decimal:
		return fmt.Sprintf("%.3f", float64(v.Number())/1000)
	case String:
		return strconv.Quote(string(v.Bytes()))
	case Boolean:
		return strconv.FormatBool(v.Number() == 1)
	case Token:
		return "token:" + string(v.Bytes())
	case ByteSequence:
		return "binary:" + base32.StdEncoding.EncodeToString(v.Bytes())
	case Date:
		return "date:" + strconv.FormatInt(v.Number(), 10)
	case DisplayString:
		return "displaystring:" + string(v.Bytes())
	}
	return "?"
}

func flat(v any) string {
	switch v := v.(type) {
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = flat(v[i])
		}
		return "[" + strings.Join(parts, " ") + "]"
	case map[string]any:
		return fmt.Sprint(v["__type"], ":", v["value"])
	case json.Number:
		f, _ := v.Float64()
		return fmt.Sprintf("%.3f", f)
	case string:
		return strconv.Quote(v)
	}
	return fmt.Sprint(v)
}

func TestLimit(t *testing.T) {
	var d Document
	for max, want := range map[int]Fault{0: OK, 6: OK, 5: FaultTooMany} {
		if fault := d.Parse([]byte(`a=(1 2);p=1;q, b=1`), Dictionary, max); fault != want {
			t.Errorf("limit %d: %d, want %d", max, fault, want)
		}
	}
}

func TestFaultLeavesNothing(t *testing.T) {
	var d Document
	for _, text := range []string{`a=1, b=`, `a=1, a=2`, `a=("x";p;p)`} {
		if d.Parse([]byte(text), Dictionary, 0) == OK || d.First().Exists() || d.Member("a").Exists() {
			t.Errorf("%q left a value", text)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	var d Document
	text := []byte(`sig1=("@method" "@target-uri");created=1;keyid="k", sig2=:YWJj:`)
	d.Parse(text, Dictionary, 0)
	if n := testing.AllocsPerRun(100, func() {
		if d.Parse(text, Dictionary, 0) != OK {
			t.Fatal("refused")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzParse: what is written from a value that was read reads as the same and is written
// the same again.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`a=("x" ?0);p=@1, b=:YQ==:, c=%"%c3%a9", d=-1.5`), byte(0))
	f.Fuzz(func(t *testing.T, text []byte, kind byte) {
		var d Document
		typ := Type(kind % 3)
		if d.Parse(text, typ, 0) != OK {
			return
		}
		first := written(&d, typ)
		var again Document
		if fault := again.Parse([]byte(first), typ, 0); fault != OK {
			t.Fatalf("%q was written as %q, which is refused: %d", text, first, fault)
		}
		if second := written(&again, typ); second != first || shown(&again, typ) != shown(&d, typ) {
			t.Fatalf("%q was written as %q and then %q", text, first, second)
		}
	})
}
