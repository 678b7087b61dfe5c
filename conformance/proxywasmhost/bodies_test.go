package proxywasmhost

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/agentic-jwt/ajwt/vectors"
)

// TestToolBodiesAndMemory sends bodies that are all values, the most that a text can hold:
// linear memory, which never shrinks, stays below what it would take to read two of them.
func TestToolBodiesAndMemory(t *testing.T) {
	suite, err := vectors.Load()
	require.NoError(t, err)
	ctx := context.Background()
	p := process(t, Older)
	p.HoldHeaders = true
	var c *vectors.Case
	cases := suite.Cases()
	for n := range cases {
		if cases[n].ID == "tool.body.plain" {
			c = &cases[n]
		}
	}
	require.NotNil(t, c)
	w := newWorld(t, suite, c, "")
	w.Enter(p)
	i, err := w.Instance(ctx, p)
	require.NoError(t, err)
	snapshot := p.Snapshot()
	for n := range 6 {
		want, end := "workflow_tool_batch", "0]"
		if n%2 == 1 {
			want, end = "workflow_tool_body_syntax", "0"
		}
		body := "[" + strings.Repeat("0,", 1<<19-8) + end
		p.Restore(snapshot)
		r, _ := requestOf(c)
		r.Body = [][]byte{[]byte(body)}
		for k := range r.Fields {
			if strings.EqualFold(r.Fields[k].Name, "content-length") {
				r.Fields[k].Value = strconv.Itoa(len(body))
			}
		}
		require.Equal(t, want, code(send(t, p, i, r, *c.Now)))
		require.Less(t, i.MemoryBytes(), uint32(48<<20), n)
	}
	t.Logf("linear memory %d MiB", i.MemoryBytes()>>20)
}
