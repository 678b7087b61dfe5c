package ajwt

import (
	"bytes"
	"strconv"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// toolLimits bound the body's JSON. A tool's arguments may be large and deep, so they
// are wider than those of tokens; what a body of limits.body_bytes can cost stays bounded.
var toolLimits = strictjson.Limits{Depth: 64, Members: 1 << 16, Values: 1 << 19}

// toolBodyKept is the size of a body whose parsed form is kept for the next decision.
const toolBodyKept = 64 << 10

// checkTool is check 910: the tool that the request calls is one of the step's. The tool
// is the route's literal, or what the body's bytes say; a header field that repeats it
// must agree, for what is between here and the tool may read either.
func (r *run) checkTool() Code {
	rule := &r.route.tool
	switch {
	case rule.literal != "":
		return r.toolOfStep(rule.literal)
	case rule.methods == nil:
		return 0
	}
	code := r.toolBody()
	if code == 0 {
		code = r.toolRequest(r.s.body.Root(), rule)
	}
	if len(r.req.Body) > toolBodyKept {
		r.s.body = strictjson.Document{}
	}
	return code
}

// toolOfStep tells whether the token's step allows the tool. Without a known step, which
// an observed failure leaves, there is nothing to compare with.
func (r *run) toolOfStep(tool string) Code {
	if r.step != nil && !contains(r.step.tools, tool) {
		return CodeWorkflowToolNotAllowed
	}
	return 0
}

// toolBody reads the body as the tool's server will: whole, not encoded, one JSON text
// that has one reading. Content-Type is not looked at: bytes that are no JSON in UTF-8
// reject whatever it says (RFC 8259, section 8.1).
func (r *run) toolBody() Code {
	body := r.req.Body
	for i := range r.req.Headers {
		h := &r.req.Headers[i]
		name := bytesOf(h.Name)
		switch {
		case len(name) == len("content-encoding") && equalFold(name, "content-encoding"):
			if !equalFold(bytesOf(h.Value), "identity") {
				return CodeWorkflowToolContentEncoding
			}
		case len(name) == len("content-length") && equalFold(name, "content-length"):
			if h.Value != strconv.Itoa(len(body)) {
				return CodeWorkflowToolBodyTruncated
			}
		}
	}
	if len(body) == 0 {
		return CodeWorkflowToolBodyMissing
	}
	if len(body) > toolBodyKept {
		// Growing by steps would take several times the memory.
		r.s.body.Reserve(min(atMostValues(body), toolLimits.Values))
	}
	if err := r.s.body.Parse(laxJSON(body), toolLimits); err != nil {
		switch err.(strictjson.Error).Fault {
		case strictjson.FaultEncoding:
			return CodeWorkflowToolBodyEncoding
		case strictjson.FaultDuplicate:
			return CodeWorkflowToolBodyDuplicateMember
		case strictjson.FaultDepth, strictjson.FaultMembers:
			return CodeWorkflowToolBodyTooComplex
		}
		return CodeWorkflowToolBodySyntax
	}
	return 0
}

// toolRequest holds the body to one JSON-RPC request (JSON-RPC 2.0, section 4) with an
// admitted method, and the tool that it names to the step.
func (r *run) toolRequest(body strictjson.Value, rule *toolRule) Code {
	switch body.Kind() {
	case strictjson.Object:
	case strictjson.Array:
		return CodeWorkflowToolBatch
	default:
		return CodeWorkflowToolRequestInvalid
	}
	method, params := body.Member("method"), body.Member("params")
	if hasLookAlike(body, "jsonrpc", "method", "params") || hasLookAlike(params, "name", "uri") {
		return CodeWorkflowToolBodyAmbiguous
	}
	if !body.Member("jsonrpc").Is("2.0") || len(method.Bytes()) == 0 {
		return CodeWorkflowToolRequestInvalid
	}
	if !contains(rule.methods, string(method.Bytes())) {
		return CodeWorkflowToolMethodNotAllowed
	}
	name := params.Member("name")
	if method.Is("resources/read") {
		name = params.Member("uri")
	}
	if method.Is(toolCall) && len(name.Bytes()) == 0 {
		return CodeWorkflowToolNameMissing
	}
	if code := r.toolField("mcp-method", method.Bytes()); code != 0 {
		return code
	}
	if code := r.toolField("mcp-name", name.Bytes()); code != 0 {
		return code
	}
	if method.Is(toolCall) {
		return r.toolOfStep(string(name.Bytes()))
	}
	return 0
}

// toolField holds a header field that repeats a part of the body to it, byte for byte.
func (r *run) toolField(lowerName string, want []byte) Code {
	value, found, more := r.single(lowerName)
	switch {
	case !found:
		return 0
	case more:
		return CodeWorkflowToolHeaderDuplicate
	case value != string(want) || len(want) == 0:
		return CodeWorkflowToolHeaderMismatch
	}
	return 0
}

// hasLookAlike tells whether an object has a member that a reader without regard to case
// takes for one of the names: Go's encoding/json does, and so a body with name and Name
// would have two tools.
func hasLookAlike(v strictjson.Value, names ...string) bool {
	if v.Kind() != strictjson.Object {
		return false
	}
	for m := v.First(); m.Exists(); m = m.Next() {
		for _, name := range names {
			if string(m.Key()) != name && bytes.EqualFold(m.Key(), []byte(name)) {
				return true
			}
		}
	}
	return false
}
