package ajwt

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// toolRun is a decision that has come to check 910, for a token whose step has one tool.
func toolRun(body []byte) *run {
	return &run{
		s:     new(scratch),
		route: &route{tool: toolRule{methods: []string{toolCall}}},
		step:  &bundleStep{tools: []string{"read_file"}},
		req:   &Request{Body: body},
	}
}

func toolCallOf(arguments string) []byte {
	return []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_file","arguments":` + arguments + `}}`)
}

// The bounds of a body's JSON are inclusive, and what lies beyond them is refused before it
// costs more.
func TestToolBodyBounds(t *testing.T) {
	members := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = `"` + strconv.Itoa(i) + `":0`
		}
		return "{" + strings.Join(list, ",") + "}"
	}
	const outer = 6 // jsonrpc, id, method, params, name, arguments
	for name, row := range map[string]struct {
		arguments string
		want      Code
	}{
		"most members":   {members(1<<16 - outer), 0},
		"a member more":  {members(1<<16 - outer + 1), CodeWorkflowToolBodyTooComplex},
		"most values":    {"[" + strings.Repeat("0,", 1<<19-outer-3) + "0,0]", 0},
		"a value more":   {"[" + strings.Repeat("0,", 1<<19-outer-2) + "0,0]", CodeWorkflowToolBodyTooComplex},
		"deepest":        {strings.Repeat("[", 62) + strings.Repeat("]", 62), 0},
		"a level deeper": {strings.Repeat("[", 63) + strings.Repeat("]", 63), CodeWorkflowToolBodyTooComplex},
	} {
		require.Equal(t, row.want, toolRun(toolCallOf(row.arguments)).checkTool(), name)
	}
}

// What a large body took is given back, what a usual one took serves the next decision.
func TestToolBodyMemory(t *testing.T) {
	usual := toolRun(toolCallOf(`{"path":"a"}`))
	require.Zero(t, usual.checkTool())
	require.Zero(t, testing.AllocsPerRun(100, func() { usual.checkTool() }))
	large := toolRun(toolCallOf(`"` + strings.Repeat("a", toolBodyKept) + `"`))
	require.Zero(t, large.checkTool())
	require.False(t, large.s.body.Root().Exists())
}

// Nothing but a call of the step's tool gets through, whatever the bytes.
func FuzzToolBody(f *testing.F) {
	for _, seed := range []string{
		string(toolCallOf(`{}`)), string(toolCallOf(`{"name":"x"}`)), strings.Replace(string(toolCallOf(`{}`)), "read_file", "write_file", 1),
		`[` + string(toolCallOf(`{}`)) + `]`, `{"jsonrpc":"2.0","method":"tools/call","params":{"name":"read_file","Name":"x"}}`, ``, `{`, "\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if toolRun(body).checkTool() != 0 {
			return
		}
		// encoding/json keeps the last of repeated members and reads names without regard
		// to case: where it sees another call the tool's server may too.
		var seen struct {
			Method string
			Params struct{ Name string }
		}
		require.NoError(t, json.Unmarshal(body, &seen))
		require.Equal(t, toolCall, seen.Method)
		require.Equal(t, "read_file", seen.Params.Name)
	})
}
