package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestAccepts(t *testing.T) {
	for _, text := range []string{
		`{}`, `[]`, `""`, `0`, `-0`, `1e400`, `-1.5E+3`, `true`, `false`, `null`, " \t\r\n{ } ",
		`{"a":{"a":1},"b":[{"a":1},{"a":2}]}`, `{"a":1,"A":2}`, `"\u0000"`, `"\ud83d\ude00"`, `"é"`, `"\/\b\f\n\r\t\"\\"`,
		`{"":1}`, `123456789012345678901234567890`,
	} {
		var d Document
		require.NoError(t, d.Parse([]byte(text), Limits{}), text)
	}
}

func TestRefuses(t *testing.T) {
	for _, row := range []struct {
		text  string
		fault Fault
	}{
		{``, FaultSyntax}, {` `, FaultSyntax}, {`{`, FaultSyntax}, {`{"a"}`, FaultSyntax}, {`{"a":1,}`, FaultSyntax},
		{`{,}`, FaultSyntax}, {`[1,]`, FaultSyntax}, {`[1 2]`, FaultSyntax}, {`{"a":1 "b":2}`, FaultSyntax}, {`{a:1}`, FaultSyntax},
		{`{'a':1}`, FaultSyntax}, {`01`, FaultSyntax}, {`+1`, FaultSyntax}, {`1.`, FaultSyntax}, {`.5`, FaultSyntax},
		{`1e`, FaultSyntax}, {`1e+`, FaultSyntax}, {`-`, FaultSyntax}, {`NaN`, FaultSyntax}, {`Infinity`, FaultSyntax},
		{`True`, FaultSyntax}, {`tru`, FaultSyntax}, {`nul`, FaultSyntax}, {`{} {}`, FaultSyntax}, {`{}x`, FaultSyntax},
		{"{}\x00", FaultSyntax}, {"\ufeff{}", FaultSyntax}, {`{}//`, FaultSyntax}, {`/**/{}`, FaultSyntax}, {"\"\n\"", FaultSyntax},
		{`"\x41"`, FaultSyntax}, {`"\u12"`, FaultSyntax}, {`"\u12g4"`, FaultSyntax}, {`"abc`, FaultSyntax}, {`"abc\`, FaultSyntax},
		{"\u00a0{}", FaultSyntax}, {"\"\x1f\"", FaultSyntax}, {`"a\u0061`, FaultSyntax},
		{"\"\xff\"", FaultEncoding}, {"\"\xc0\x80\"", FaultEncoding}, {"\"\xed\xa0\x80\"", FaultEncoding}, {"\"\\n\xff\"", FaultEncoding},
		{`"\ud800"`, FaultEncoding}, {`"\udc00"`, FaultEncoding}, {`"\ud800\ud800"`, FaultEncoding}, {`"\ud800x"`, FaultEncoding},
		{`"\ud800\n"`, FaultEncoding}, {"{\"\xff\":1}", FaultEncoding},
		{`{"a":1,"a":1}`, FaultDuplicate}, {`{"a":1,"\u0061":2}`, FaultDuplicate}, {`[{"x":{"b":1,"c":2,"b":3}}]`, FaultDuplicate},
		{`{"":1,"":2}`, FaultDuplicate},
	} {
		var d Document
		err := d.Parse([]byte(row.text), Limits{})
		var e Error
		require.True(t, errors.As(err, &e), "%q", row.text)
		require.Equal(t, row.fault, e.Fault, "%q", row.text)
		require.LessOrEqual(t, e.Offset, len(row.text))
		require.False(t, d.Root().Exists(), "%q", row.text)
	}
}

func TestLimitsAreInclusive(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	members := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"m%d":%d`, i, i)
		}
		return "{" + strings.TrimPrefix(b.String(), ",") + "}"
	}
	var d Document
	require.NoError(t, d.Parse([]byte(nested(16)), Limits{Depth: 16}))
	require.Equal(t, FaultDepth, d.Parse([]byte(nested(17)), Limits{Depth: 16}).(Error).Fault)
	require.NoError(t, d.Parse([]byte(members(256)), Limits{Members: 256}))
	require.Equal(t, FaultMembers, d.Parse([]byte(members(257)), Limits{Members: 256}).(Error).Fault)
	require.Equal(t, FaultMembers, d.Parse([]byte(`[1,2,3]`), Limits{Values: 3}).(Error).Fault)
	require.NoError(t, d.Parse([]byte(`[1,2]`), Limits{Values: 3}))
	require.NoError(t, d.Parse([]byte(nested(100000)), Limits{}))
	require.Equal(t, 300, func() int { _ = d.Parse([]byte(members(300)), Limits{}); return d.Root().Len() }())
	big := strings.Replace(members(300), `"m299"`, `"m\u0030"`, 1)
	require.Equal(t, FaultDuplicate, d.Parse([]byte(big), Limits{}).(Error).Fault, "large objects are sorted")
}

func TestReading(t *testing.T) {
	var d Document
	require.NoError(t, d.Parse([]byte(`{"s":"x","e":"\u00e9\n","n":12,"f":1.0,"t":true,"z":null,"a":[1,"b",[]],"\u006f":{"k":{}}}`), Limits{}))
	root := d.Root()
	require.Equal(t, 8, root.Len())
	require.Equal(t, "x", string(root.Member("s").Bytes()))
	require.Equal(t, "é\n", string(root.Member("e").Bytes()))
	n, ok := root.Member("n").Integer()
	require.True(t, ok)
	require.Equal(t, int64(12), n)
	_, ok = root.Member("f").Integer()
	require.False(t, ok)
	require.Equal(t, "1.0", string(root.Member("f").Raw()))
	require.Equal(t, `[1,"b",[]]`, string(root.Member("a").Raw()))
	require.Equal(t, 3, root.Member("a").Len())
	require.Equal(t, Object, root.Member("o").Member("k").Kind())
	require.Equal(t, Null, root.Member("z").Kind())
	require.Equal(t, Absent, root.Member("S").Kind())
	require.False(t, root.Member("zz").First().Next().Exists())
	require.Nil(t, root.Member("n").Bytes())
	require.Equal(t, -1, root.Member("s").Offset())
	b, ok := root.Member("t").Bool()
	require.True(t, b && ok)
}

func TestIntegerRange(t *testing.T) {
	for text, ok := range map[string]bool{"0": true, "9007199254740991": true, "9007199254740992": false, "-0": false, "-1": false,
		"1.0": false, "1e3": false, "99999999999999999999": false, `"1"`: false} {
		var d Document
		require.NoError(t, d.Parse([]byte(text), Limits{}))
		_, got := d.Root().Integer()
		require.Equal(t, ok, got, text)
	}
}

func TestReuseAllocatesNothing(t *testing.T) {
	text := []byte(`{"iss":"https://as.example","aud":["a","b"],"x":{"y":"\u00e9"},"n":1}`)
	var d Document
	require.NoError(t, d.Parse(text, Limits{}))
	require.Zero(t, testing.AllocsPerRun(100, func() { _ = d.Parse(text, Limits{Depth: 16, Members: 256}) }))
}

// FuzzParse compares with encoding/json: what is accepted here is valid there with
// the same strings and shape; what is refused here as a syntax fault is refused there.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[1,2,{"b":"\ud83d\ude00"}],"c":null}`, `{"a":1,"\u0061":2}`, `[[[]]]`, "\"\xff\"", `1e5`, `{"a":1`, `"\ud800"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var d Document
		err := d.Parse(text, Limits{Depth: 500})
		if err != nil {
			require.False(t, d.Root().Exists())
			if err.(Error).Fault == FaultSyntax && utf8.Valid(text) {
				require.False(t, json.Valid(text), "%q", text)
			}
			return
		}
		require.True(t, json.Valid(text), "%q", text)
		require.True(t, utf8.Valid(text))
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		var want any
		require.NoError(t, decoder.Decode(&want))
		compare(t, want, d.Root())
	})
}

func compare(t *testing.T, want any, have Value) {
	switch w := want.(type) {
	case nil:
		require.Equal(t, Null, have.Kind())
	case bool:
		b, ok := have.Bool()
		require.True(t, ok)
		require.Equal(t, w, b)
	case json.Number:
		require.Equal(t, w.String(), string(have.Raw()))
	case string:
		require.Equal(t, w, string(have.Bytes()))
	case []any:
		require.Equal(t, len(w), have.Len())
		e := have.First()
		for _, x := range w {
			compare(t, x, e)
			e = e.Next()
		}
		require.False(t, e.Exists())
	case map[string]any:
		require.Equal(t, len(w), have.Len())
		for k, x := range w {
			compare(t, x, have.Member(k))
		}
	}
}
