package ajwt

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// pythonRows reads pinned output of Python: input and output of a case.
func pythonRows(t *testing.T, file string, atLeast int) (rows [][2][]byte) {
	t.Helper()
	data, err := os.ReadFile("testdata/python/" + file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(data) {
		in, out, ok := bytes.Cut(bytes.TrimSuffix(line, []byte{'\n'}), []byte{'\t'})
		if !ok {
			t.Fatalf("no tab in %q", line)
		}
		rows = append(rows, [2][]byte{in, out})
	}
	if len(rows) < atLeast {
		t.Fatalf("want at least %d rows, got %d", atLeast, len(rows))
	}
	return rows
}

func pythonForm(in []byte, sorted bool) (string, error) {
	var d strictjson.Document
	if err := d.Parse(in, strictjson.Limits{}); err != nil {
		return "", err
	}
	out, err := appendPythonJSON(nil, d.Root(), sorted)
	return string(out), err
}

func TestPythonPinned(t *testing.T) {
	for _, row := range pythonRows(t, "dumps.tsv", 300) {
		if got, err := pythonForm(row[0], true); err != nil || got != string(row[1]) {
			t.Errorf("%s\n got  %s (%v)\n want %s", row[0], got, err, row[1])
		}
	}
}

func TestPythonJSON(t *testing.T) {
	for _, row := range []struct{ name, in, want string }{
		{"empty containers", "[{ }, [ ]]", "[{}, []]"},
		{"separators", `{"b":1,"a":[1,2]}`, `{"a": [1, 2], "b": 1}`},
		{"names sort by code points", `{"\ud83d\ude00":1,"\ufb33":2}`, `{"\ufb33": 2, "\ud83d\ude00": 1}`},
		{"names sort at every depth", `[{"b":{"d":1,"c":2},"a":3}]`, `[{"a": 3, "b": {"c": 2, "d": 1}}]`},
		{"literals", "[true,false,null]", "[true, false, null]"},
		{"short escapes", `"\b\t\n\f\r\"\\\/"`, `"\b\t\n\f\r\"\\/"`},
		{"other escapes", `"\u0000\u000B\u001F\u007F\u0080\u00e9\u2028\uFFFF"`, `"\u0000\u000b\u001f\u007f\u0080\u00e9\u2028\uffff"`},
		{"raw text", "\"é\u2028 ~\u007f\"", `"\u00e9\u2028 ~\u007f"`},
		{"surrogate pairs", `"😀\ud800\udc00\udbff\uDFFF"`, `"\ud83d\ude00\ud800\udc00\udbff\udfff"`},
		{"int", "12", "12"},
		{"large int keeps its digits", "-123456789012345678901234567890", "-123456789012345678901234567890"},
		{"minus zero is an int", "-0", "0"},
		{"minus zero as a float", "[-0.0,-0e5]", "[-0.0, -0.0]"},
		{"float of integral value", "[1.0,1E2,-3e0]", "[1.0, 100.0, -3.0]"},
		{"largest plain float", "[9999999999999998.0,1e15]", "[9999999999999998.0, 1000000000000000.0]"},
		{"smallest with an exponent", "[1e16,1e22]", "[1e+16, 1e+22]"},
		{"smallest plain fraction", "[0.0001,1e-4]", "[0.0001, 0.0001]"},
		{"largest with a negative exponent", "[0.00001,0.000099999999999999]", "[1e-05, 9.9999999999999e-05]"},
		{"exponents of three digits", "[1e100,-1.5e-300,5e-324]", "[1e+100, -1.5e-300, 5e-324]"},
		{"too small for a double", "[1e-400,-1e-400]", "[0.0, -0.0]"},
		{"largest double", "1.7976931348623157e308", "1.7976931348623157e+308"},
		{"nearest of two shortest", "5.684341886080801486968994140625e-14", "5.684341886080802e-14"},
		{"4300 digits", strings.Repeat("1", 4300), strings.Repeat("1", 4300)},
		{"4300 digits and a sign", "-" + strings.Repeat("1", 4300), "-" + strings.Repeat("1", 4300)},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got, err := pythonForm([]byte(row.in), true); err != nil || got != row.want {
				t.Errorf("got  %s (%v)\nwant %s", got, err, row.want)
			}
		})
	}
	if got, err := pythonForm([]byte(`{"b":{"d":1,"c":2},"a":3}`), false); err != nil || got != `{"b": {"d": 1, "c": 2}, "a": 3}` {
		t.Errorf("in the order of the text: %s (%v)", got, err)
	}
	if got, err := appendPythonJSON(nil, strictjson.Value{}, true); got != nil || err == nil {
		t.Errorf("absent value: got %q, %v", got, err)
	}
}
