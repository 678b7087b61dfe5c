package ajwt

import (
	"github.com/agentic-jwt/ajwt/core/ascii"
	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// toolRule is what a route asks about tools; the zero toolRule asks nothing.
type toolRule struct {
	literal string   // every request of the route is a call of this tool
	methods []string // or: the body is a JSON-RPC request with one of these methods
}

// toolCall is the method that names a tool (Model Context Protocol, tools).
const toolCall = "tools/call"

// tool reads require.tool: the name of a tool, or {mcp, methods}.
func (r *policyReader) tool(rt *route, v strictjson.Value, at string) {
	if v.Kind() == strictjson.String {
		rt.tool.literal = r.text(v, at, maxToolBytes)
		return
	}
	rt.tool.methods = []string{toolCall}
	r.object(v, at,
		member{"mcp", true, func(v strictjson.Value, at string) {
			if on := r.boolean(v, at); !on && v.Kind() == strictjson.False {
				r.fault(CodePolicyMemberValue, at, "want true; without tool the body is not read")
			}
		}},
		member{"methods", false, func(v strictjson.Value, at string) {
			rt.tool.methods = r.texts(v, at, maxToolBytes, "a JSON-RPC method such as tools/call", func(s string) bool {
				return ascii.Visible(bytesOf(s)) == len(s)
			})
		}},
	)
}

// maxToolBytes bounds names of tools and methods in a policy.
const maxToolBytes = 256
