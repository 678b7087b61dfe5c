package main

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// The cases of check 910: the tool that a request calls, by the route or by the body.

var toolTopics = []topic{
	{"tool", "literal", toolLiteral},
	{"tool", "name", toolName},
	{"tool", "body", toolBody},
	{"tool", "request", toolRequest},
	{"tool", "header", toolHeader},
	{"tool", "observed", toolObserved},
	{"tool", "policy", toolPolicy},
}

const refTool = "profile, section 16.6"

// call is the JSON-RPC request that calls a tool.
func call(tool string) string {
	return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":` + quote(tool) + `,"arguments":{"title":"Patch","branch":"fix"}}}`
}

// toolPolicies is a policy of the world whose only route has this member tool.
func toolPolicyOf(tool string) string {
	return policyDoc(`[{"id":"mcp","match":{"methods":["POST"],"path":"/mcp"},"require":{"level":"ajwt","proof":"optional","tool":`+tool+`}}]`, worldIssuer("draft-00", ""))
}

// calling is the lawful deed of the patcher, whose step has the tool create_pull_request,
// done by a call of a tool.
func (b *builder) calling(body string) scene {
	s := lawful().to("POST", "/mcp").claiming("/jti", b.name()).under(toolPolicyOf(`{"mcp":true}`))
	s.body = []byte(body)
	return s
}

func b64std(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// body is the mutation that sends other bytes.
func body(text string) edit { return set("request", "/body", quote(b64std(text))) }

// withField is the mutation that sends one header field more.
func withField(name, value string) edit {
	return appendText("request", "/headers", `[`+quote(name)+`,`+quote(value)+`]`)
}

// sent is a row in which the body is another one.
func sent(slug, title, code, text string, faults ...string) row {
	return row{slug, title, code, body(text), []option{level("PROFILE"), kills(faults...)}}
}

func toolLiteral(b *builder) {
	b.refs = []string{refTool, "profile, section 16.1"}
	s := b.calling("").under(toolPolicyOf(`"create_pull_request"`))
	s.body = nil
	t := b.accept("allowed", "A route that names a tool of the step takes a request of any form.", s, decides(vectors.Decision{Level: "ajwt", Workflow: "vuln-patching", Step: "patch"}))
	b.near("with-body", "A route that names its tool does not read the body.", t, body(`{"method":`))
	b.near("with-encoding", "Nor does the encoding of the body matter.", t, withField("content-encoding", "gzip"))
	b.reject("other", "A tool that the step does not have is refused.", t, "workflow_tool_not_allowed", set("policy", "/routes/0/require/tool", `"delete_repository"`),
		threats("T7", "T8"), kills("tool-unchecked", "tool-literal-unchecked"))
	b.reject("other-step", "A tool of another step of the workflow is refused.", t, "workflow_tool_not_allowed", set("policy", "/routes/0/require/tool", `"read_manifest"`),
		threats("T8"), kills("tool-unchecked", "tool-literal-unchecked", "tool-of-any-step"))
	b.reject("other-case", "Tools compare byte for byte.", t, "workflow_tool_not_allowed", set("policy", "/routes/0/require/tool", `"Create_Pull_Request"`), kills("tool-case-fold"))
	plan := deed{"vuln-patching", []string{"supervisor", "planner"}, []string{"analyze", "plan"}, "repo:read"}
	planned := b.accept("step-without-tools", "A step without tools does without them.",
		lawful().to("POST", "/repos/acme/app").minted(plan, shortHash).claiming("/jti", b.name()))
	b.reject("step-without-tools-asked", "A step without tools has none that a route names.", planned, "workflow_tool_not_allowed",
		whole("policy", strings.Replace(toolPolicyOf(`"create_pull_request"`), `"path":"/mcp"`, `"path":"/**"`, 1)), threats("T8"), kills("tool-none-means-any", "tool-unchecked"))
}

func toolName(b *builder) {
	b.refs = []string{refTool, "profile, section 16.1"}
	t := b.accept("allowed", "A tools/call of a tool of the step is accepted.", b.calling(call("create_pull_request")),
		decides(vectors.Decision{Level: "ajwt", Workflow: "vuln-patching", Step: "patch", Route: "mcp"}), kills("tool-header-mandatory"))
	for _, c := range []struct {
		slug, title, name string
		faults            []string
	}{
		{"other", "A tool that no step has is refused.", "delete_repository", nil},
		{"other-step", "A tool of another step of the workflow is refused.", "read_manifest", []string{"tool-of-any-step"}},
		{"upper-case", "Tools compare with regard to case.", "CREATE_PULL_REQUEST", []string{"tool-case-fold"}},
		{"longer", "A tool that begins like one of the step's is another one.", "create_pull_request_and_merge", []string{"tool-prefix", "tool-substring"}},
		{"inside", "A tool that holds one of the step's is another one.", "x.create_pull_request", []string{"tool-substring"}},
		{"blank", "A blank behind a tool's name belongs to it.", "create_pull_request ", []string{"tool-trimmed", "tool-prefix"}},
		{"nul", "A NUL behind a tool's name belongs to it.", "create_pull_request\x00", []string{"tool-prefix"}},
		{"look-alike", "A letter that looks alike is another one.", "cre\u0430te_pull_request", nil},
	} {
		b.reject(c.slug, c.title, t, "workflow_tool_not_allowed", body(call(c.name)), threats("T5", "T8"), kills(append(c.faults, "tool-unchecked")...))
	}
	escaped := strings.Replace(call("create_pull_request"), "create_pull", `cr\u0065ate_pull`, 1)
	b.near("escaped", "Escapes in a tool's name change nothing.", t, body(escaped))
	b.near("arguments", "What stands in the arguments names no tool.", t, body(strings.Replace(call("create_pull_request"), `"title":"Patch"`, `"name":"delete_repository","method":"tools/list"`, 1)))
	b.reject("arguments-other", "A name in the arguments does not stand for the tool's.", t, "workflow_tool_not_allowed",
		body(strings.Replace(call("delete_repository"), `"title":"Patch"`, `"name":"create_pull_request"`, 1)), threats("T5"), kills("tool-unchecked"))
	b.rejects(t, []row{
		sent("missing", "A tools/call names its tool.", "workflow_tool_name_missing", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{}}}`, "tool-name-optional"),
		sent("params-missing", "A tools/call has params.", "workflow_tool_name_missing", `{"jsonrpc":"2.0","id":1,"method":"tools/call"}`, "tool-name-optional"),
		sent("params-array", "Params by position name no tool.", "workflow_tool_name_missing", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["create_pull_request"]}`, "tool-name-optional"),
		sent("empty", "A tool's name is not the empty string.", "workflow_tool_name_missing", call(""), "tool-name-optional"),
		sent("number", "A tool's name is a string.", "workflow_tool_name_missing", strings.Replace(call("create_pull_request"), `"create_pull_request"`, "7", 1), "tool-name-optional"),
		sent("list", "A tools/call names one tool.", "workflow_tool_name_missing", strings.Replace(call("create_pull_request"), `"create_pull_request"`, `["create_pull_request"]`, 1), "tool-name-optional"),
		sent("outside", "A name beside params names no tool.", "workflow_tool_name_missing", `{"jsonrpc":"2.0","id":1,"method":"tools/call","name":"create_pull_request","params":{}}`, "tool-name-optional"),
	})
}

func toolBody(b *builder) {
	b.refs = []string{refTool, "RFC 8259, section 8.1"}
	good := call("create_pull_request")
	t := b.accept("plain", "A body of one JSON-RPC request is accepted.", b.calling(good))
	b.reject("missing", "A request without a body calls no tool, so a route that reads it refuses.", t, "workflow_tool_body_missing", drop("request", "/body"), level("PROFILE"), kills("tool-missing-body-passes", "tool-unchecked"))
	end := len(good)
	b.rejects(t, []row{
		sent("truncated", "A body that breaks off is refused.", "workflow_tool_body_syntax", good[:end-1], "tool-bad-body-passes"),
		sent("truncated-in-name", "A body that breaks off within the tool's name is refused.", "workflow_tool_body_syntax", good[:strings.Index(good, "_request")], "tool-bad-body-passes"),
		sent("second-request", "A second request behind the first is refused.", "workflow_tool_body_syntax", good+call("delete_repository"), "json-trailing-ignored"),
		sent("second-line", "A second request on a line of its own is refused.", "workflow_tool_body_syntax", good+"\n"+call("delete_repository")+"\n", "json-trailing-ignored"),
		sent("byte-order-mark", "A byte order mark is no JSON.", "workflow_tool_body_syntax", "\ufeff"+good, "tool-bad-body-passes"),
		sent("comment", "A comment is no JSON.", "workflow_tool_body_syntax", "/* call */"+good, "tool-bad-body-passes"),
		sent("form", "A form is no JSON.", "workflow_tool_body_syntax", "method=tools%2Fcall&name=create_pull_request", "tool-bad-body-passes"),
		sent("utf-16", "JSON in UTF-16 is refused.", "workflow_tool_body_syntax", "\x00{\x00}", "tool-bad-body-passes"),
		sent("not-utf-8", "A string that is not UTF-8 is refused.", "workflow_tool_body_encoding", strings.Replace(good, "Patch", "Patch\xff", 1), "tool-bad-body-passes", "json-encoding-replaced"),
		sent("lone-surrogate", "A lone surrogate is refused.", "workflow_tool_body_encoding", strings.Replace(good, "Patch", `\ud800`, 1), "tool-bad-body-passes", "json-encoding-replaced"),
		sent("name-twice", "A name that stands twice is refused: two readers may take two tools.", "workflow_tool_body_duplicate_member",
			strings.Replace(good, `"arguments"`, `"name":"delete_repository","arguments"`, 1), "tool-duplicate-first-wins"),
		sent("name-twice-good-last", "A name that stands twice is refused, the good one behind too.", "workflow_tool_body_duplicate_member",
			strings.Replace(call("delete_repository"), `"arguments"`, `"name":"create_pull_request","arguments"`, 1), "json-duplicates-last-wins"),
		sent("name-twice-escaped", "A name that stands twice is refused, escaped or not.", "workflow_tool_body_duplicate_member",
			strings.Replace(good, `"arguments"`, `"n\u0061me":"delete_repository","arguments"`, 1), "tool-duplicate-first-wins"),
		sent("method-twice", "A method that stands twice is refused.", "workflow_tool_body_duplicate_member", strings.Replace(good, `"params"`, `"method":"tools/list","params"`, 1), "tool-duplicate-first-wins"),
		sent("params-twice", "Params that stand twice are refused.", "workflow_tool_body_duplicate_member", good[:end-1]+`,"params":{"name":"delete_repository"}}`, "tool-duplicate-first-wins"),
		sent("argument-twice", "A member that stands twice in the arguments is refused too.", "workflow_tool_body_duplicate_member", strings.Replace(good, `"branch"`, `"title"`, 1), "tool-duplicate-first-wins", "json-duplicates-last-wins"),
		sent("depth-65", "A body is nested 64 levels deep at most.", "workflow_tool_body_too_complex", strings.Replace(good, `"Patch"`, nested(62), 1), "tool-depth-unlimited"),
		sent("look-alike-name", "A Name beside name is refused: readers without regard to case take it.", "workflow_tool_body_ambiguous",
			strings.Replace(good, `"arguments"`, `"Name":"delete_repository","arguments"`, 1), "tool-look-alikes-ignored"),
		sent("look-alike-name-first", "Before it likewise.", "workflow_tool_body_ambiguous", strings.Replace(good, `"name"`, `"NAME":"delete_repository","name"`, 1), "tool-look-alikes-ignored"),
		sent("look-alike-params", "A Params beside params is refused.", "workflow_tool_body_ambiguous", good[:end-1]+`,"Params":{"name":"delete_repository"}}`, "tool-look-alikes-ignored"),
		sent("look-alike-long-s", "A long s folds to s in Go's encoding/json.", "workflow_tool_body_ambiguous", good[:end-1]+`,"param\u017f":{"name":"delete_repository"}}`, "tool-look-alikes-ignored"),
		sent("look-alike-unescaped", "It does so where it is written out.", "workflow_tool_body_ambiguous", good[:end-1]+`,"param`+"\u017f"+`":{"name":"delete_repository"}}`, "tool-look-alikes-ascii"),
		sent("look-alike-method", "A METHOD beside method is refused.", "workflow_tool_body_ambiguous", strings.Replace(good, `"params"`, `"METHOD":"tools/list","params"`, 1), "tool-look-alikes-ignored"),
	})
	b.near("white-space", "White space around and within the body changes nothing.", t, body("\r\n\t "+strings.ReplaceAll(good, `,"`, ",\n  \"")+" \n"))
	b.near("depth-64", "A body may be nested 64 levels deep.", t, body(strings.Replace(good, `"Patch"`, nested(61), 1)), kills("tool-limits-of-tokens"))
	many := make([]string, 300)
	for i := range many {
		many[i] = fmt.Sprintf(`"m%d":%d`, i, i)
	}
	b.near("members-300", "Arguments may have more members than a token.", t, body(strings.Replace(good, `"title":"Patch"`, strings.Join(many, ","), 1)), kills("tool-limits-of-tokens"))
	b.near("look-alike-argument", "Names of arguments are the tool's own affair.", t, body(strings.Replace(good, `"title":"Patch"`, `"name":"a","Name":"b","NAME":"c"`, 1)))
	b.near("content-type-absent", "Content-Type is not looked at: the bytes are JSON or not.", t, withField("content-type", "text/plain"))

	identity := b.near("encoding-identity", "A Content-Encoding of identity is none.", t, withField("content-encoding", "Identity"), kills("tool-encoding-refused"))
	for _, c := range []struct{ slug, value string }{{"gzip", "gzip"}, {"br", "br"}, {"zstd", "zstd"}, {"unknown", "x-none"}, {"two", "identity, gzip"}, {"empty", ""}} {
		b.reject("encoding-"+c.slug, "A body with the Content-Encoding "+quote(c.value)+" is refused: its server reads other bytes.", identity, "workflow_tool_content_encoding",
			set("request", "/headers/1/1", quote(c.value)), level("PROFILE"), kills("tool-encoding-ignored"))
	}
	b.reject("encoding-second-field", "Of two Content-Encoding fields the second counts too.", identity, "workflow_tool_content_encoding", withField("content-encoding", "gzip"), level("PROFILE"), kills("tool-encoding-ignored", "tool-encoding-first"))
	length := b.near("length", "A Content-Length is that of the body.", t, withField("content-length", num(int64(end))))
	for _, c := range []struct{ slug, value string }{{"longer", num(int64(end + 1))}, {"shorter", num(int64(end - 1))}, {"signed", "+" + num(int64(end))}, {"leading-zero", "0" + num(int64(end))}, {"list", num(int64(end)) + ", " + num(int64(end))}} {
		b.reject("length-"+c.slug, "A Content-Length of "+c.value+" for "+num(int64(end))+" bytes says that bytes are missing or more.", length, "workflow_tool_body_truncated",
			set("request", "/headers/1/1", quote(c.value)), level("PROFILE"), kills("tool-length-ignored"))
	}
}

func toolRequest(b *builder) {
	b.refs = []string{refTool, "JSON-RPC 2.0, section 4"}
	good := call("create_pull_request")
	t := b.accept("call", "A request by the rules of JSON-RPC is accepted.", b.calling(good))
	b.rejects(t, []row{
		sent("batch", "A batch is refused, of one request too.", "workflow_tool_batch", "["+good+"]", "tool-batch-passes", "tool-batch-first"),
		sent("batch-of-two", "A batch is refused.", "workflow_tool_batch", "["+good+","+call("delete_repository")+"]", "tool-batch-passes", "tool-batch-first"),
		sent("batch-empty", "An empty batch is refused.", "workflow_tool_batch", "[]", "tool-batch-passes"),
		sent("string", "A string is no request.", "workflow_tool_request_invalid", `"tools/call"`, "tool-request-form-unchecked"),
		sent("null", "null is no request.", "workflow_tool_request_invalid", `null`, "tool-request-form-unchecked"),
		sent("number", "A number is no request.", "workflow_tool_request_invalid", `1`, "tool-request-form-unchecked"),
		sent("empty-object", "An empty object is no request.", "workflow_tool_request_invalid", `{}`, "tool-request-form-unchecked"),
		sent("version-1", "Version 1.0 is not spoken here.", "workflow_tool_request_invalid", strings.Replace(good, `"2.0"`, `"1.0"`, 1), "tool-version-unchecked"),
		sent("version-number", "The version is a string.", "workflow_tool_request_invalid", strings.Replace(good, `"2.0"`, `2.0`, 1), "tool-version-unchecked"),
		sent("version-missing", "A request says its version.", "workflow_tool_request_invalid", strings.Replace(good, `"jsonrpc":"2.0",`, "", 1), "tool-version-unchecked"),
		sent("response", "A response is no request.", "workflow_tool_request_invalid", `{"jsonrpc":"2.0","id":1,"result":{"name":"create_pull_request"}}`, "tool-request-form-unchecked"),
		sent("method-number", "A method is a string.", "workflow_tool_request_invalid", strings.Replace(good, `"tools/call"`, `1`, 1), "tool-request-form-unchecked"),
		sent("method-empty", "A method is not the empty string.", "workflow_tool_request_invalid", strings.Replace(good, `"tools/call"`, `""`, 1), "tool-request-form-unchecked"),
		sent("list", "Without methods in the policy tools/call is the only one.", "workflow_tool_method_not_allowed", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, "tool-method-unchecked"),
		sent("prompt", "A prompt is no tool.", "workflow_tool_method_not_allowed", `{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"create_pull_request"}}`, "tool-method-unchecked"),
		sent("method-case", "Methods compare with regard to case.", "workflow_tool_method_not_allowed", strings.Replace(good, "tools/call", "Tools/Call", 1), "tool-method-unchecked", "tool-method-case-fold"),
		sent("method-blank", "A blank in front of a method belongs to it.", "workflow_tool_method_not_allowed", strings.Replace(good, "tools/call", " tools/call", 1), "tool-method-unchecked"),
	})
	b.near("notification", "A call without id is one too.", t, body(strings.Replace(good, `"id":1,`, "", 1)))
	b.near("id-string", "An id may be a string.", t, body(strings.Replace(good, `"id":1,`, `"id":"a",`, 1)))
	b.near("unknown-members", "Unknown members of a request are ignored.", t, body(strings.Replace(good, `"id":1,`, `"id":1,"tool":"delete_repository","x":[],`, 1)))
	wide := b.calling(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`).under(toolPolicyOf(`{"mcp":true,"methods":["tools/call","tools/list","initialize","prompts/get","resources/read"]}`))
	listed := b.accept("list-admitted", "A method that the policy lists passes and names no tool.", wide)
	b.reject("list-not-admitted", "Without it in the list it is refused.", listed, "workflow_tool_method_not_allowed", set("policy", "/routes/0/require/tool/methods", `["tools/call"]`), level("PROFILE"), kills("tool-method-unchecked"))
	b.near("prompt-admitted", "The name of a prompt is no tool's.", listed, body(`{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"delete_repository"}}`), kills("tool-of-every-method"))
	b.near("call-admitted", "A tools/call passes beside others.", listed, body(good))
	b.reject("call-of-other", "With other methods listed the tool of a tools/call is compared all the same.", listed, "workflow_tool_not_allowed", body(call("delete_repository")), threats("T8"), kills("tool-unchecked"))
	only := b.accept("without-calls", "A policy may list methods without tools/call.", wide.under(toolPolicyOf(`{"mcp":true,"methods":["tools/list"]}`)))
	b.reject("without-calls-call", "Then a tools/call is refused.", only, "workflow_tool_method_not_allowed", body(good), level("PROFILE"), kills("tool-method-unchecked"))
	b.reject("agent", "The tool is held to the token's step, so another step's agent cannot call it.", t, "workflow_step_agent_mismatch", set("payload", "/intent/workflow_step", `"analyze"`), threats("T7"))
}

func toolHeader(b *builder) {
	b.refs = []string{refTool, "MCP, SEP-2243"}
	s := b.calling(call("create_pull_request"))
	s.fields = []vectors.Header{{Name: "Mcp-Method", Value: []byte("tools/call")}, {Name: "Mcp-Name", Value: []byte("create_pull_request")}}
	t := b.accept("equal", "Mcp-Method and Mcp-Name that say what the body says are accepted.", s)
	b.near("method-alone", "Mcp-Method may stand alone.", t, drop("request", "/headers/2"), kills())
	b.near("name-alone", "Mcp-Name may stand alone.", t, drop("request", "/headers/1"))
	b.near("lower-case", "Names of fields compare without regard to case.", t, set("request", "/headers/2/0", `"mcp-name"`))
	at := func(slug, title string, i int, value string, faults ...string) row {
		return row{slug, title, "workflow_tool_header_mismatch", set("request", "/headers/"+num(int64(i))+"/1", quote(value)), []option{level("PROFILE"), threats("T8"), kills(faults...)}}
	}
	b.rejects(t, []row{
		at("name-other", "An Mcp-Name of another tool is refused.", 2, "read_manifest", "tool-header-unchecked", "tool-header-name-unchecked"),
		at("name-case", "Mcp-Name compares with regard to case.", 2, "Create_Pull_Request", "tool-header-case-fold", "tool-header-name-unchecked"),
		at("name-empty", "An empty Mcp-Name names another tool.", 2, "", "tool-header-name-unchecked"),
		at("name-encoded", "An Mcp-Name in base64 is other bytes.", 2, "=?base64?Y3JlYXRlX3B1bGxfcmVxdWVzdA==?=", "tool-header-name-unchecked"),
		at("method-other", "An Mcp-Method of another method is refused.", 1, "tools/list", "tool-header-unchecked", "tool-header-method-unchecked"),
		at("method-case", "Mcp-Method compares with regard to case.", 1, "TOOLS/CALL", "tool-header-case-fold", "tool-header-method-unchecked"),
		at("method-empty", "An empty Mcp-Method is another one.", 1, "", "tool-header-method-unchecked"),
		{"body-other", "An Mcp-Name of the step's tool does not stand for the body.", "workflow_tool_header_mismatch", body(call("delete_repository")), []option{level("PROFILE"), threats("T8"), kills("tool-from-header")}},
		{"name-twice", "Two Mcp-Name fields are refused, equal ones too.", "workflow_tool_header_duplicate", withField("mcp-name", "create_pull_request"), []option{level("PROFILE"), kills("tool-header-first", "tool-header-name-unchecked")}},
		{"name-joined", "Two Mcp-Name fields that a comma joins are refused.", "workflow_tool_header_duplicate", set("request", "/headers/2/1", `"create_pull_request, create_pull_request"`), []option{level("PROFILE"), kills("tool-header-name-unchecked")}},
		{"method-twice", "Two Mcp-Method fields are refused.", "workflow_tool_header_duplicate", withField("Mcp-Method", "tools/call"), []option{level("PROFILE"), kills("tool-header-method-unchecked")}},
	})
	wide := s.under(toolPolicyOf(`{"mcp":true,"methods":["tools/call","tools/list","resources/read"]}`))
	wide.body = []byte(`{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"file:///a","name":"x"}}`)
	wide.fields = []vectors.Header{{Name: "Mcp-Method", Value: []byte("resources/read")}, {Name: "Mcp-Name", Value: []byte("file:///a")}}
	r := b.accept("resource", "Of a resource Mcp-Name is the uri.", wide)
	b.rejects(r, []row{
		at("resource-name", "Of a resource Mcp-Name is the uri and not a name.", 2, "x", "tool-header-name-unchecked"),
		{"name-of-none", "A method without a name has no Mcp-Name.", "workflow_tool_header_mismatch", body(`{"jsonrpc":"2.0","id":1,"method":"resources/read"}`), []option{level("PROFILE"), kills("tool-header-name-unchecked")}},
	})
}

// toolObserved: on a route that observes the stage workflow a failure is recorded, and
// without a known step there is no tool to compare.
func toolObserved(b *builder) {
	b.refs = []string{refTool, "profile, section 12"}
	warned := func(level string) option { return decides(vectors.Decision{Level: level, Route: "mcp"}) }
	watched := func(tool string) string {
		return strings.Replace(toolPolicyOf(tool), `"require"`, `"observe":{"until":`+num(now+3600)+`,"stages":["workflow"]},"require"`, 1)
	}
	s := b.calling(call("create_pull_request")).under(watched(`{"mcp":true}`))
	t := b.accept("lawful", "A lawful call is accepted on a route that observes.", s, decides(vectors.Decision{Level: "ajwt"}))
	b.reject("tool", "A tool that the step does not have is recorded.", t, "workflow_tool_not_allowed", body(call("delete_repository")), observed(), warned("agent"), kills("tool-unchecked"))
	b.reject("body", "A body that is missing is recorded.", t, "workflow_tool_body_missing", drop("request", "/body"), observed(), warned("agent"), kills("tool-missing-body-passes"))
	b.reject("step-unknown", "Without a known step no tool is compared: the step alone is recorded.", t, "workflow_step_unknown",
		set("payload", "/intent/workflow_step", `"deploy"`), observed(), warned("agent"))
}

// toolPolicy: how a policy names a tool.
func toolPolicy(b *builder) {
	b.refs = []string{refRoutes, refTool}
	text := strings.Replace(strings.Replace(mark(smallPolicy, "tools"), `"level":"jwt"`, `"level":"ajwt"`, 1), "}}]", `,"tool":"create_pull_request"}}]`, 1)
	const at = "/routes/0/require/tool"
	t := policyTwin(b, "literal", "A route of level ajwt may name a tool.", text)
	loads(b, t, "mcp", "A route may read the tool from the body.", inText(at, `{"mcp":true}`))
	loads(b, t, "methods", "A policy lists the methods that pass.", inText(at, `{"mcp":true,"methods":["tools/call","notifications/initialized"]}`))
	loads(b, t, "default-level", "The default level is enough for a tool.", outOf("/routes/0/require/level"))
	fail := func(slug, title, code, value, pointer string) {
		fails(b, t, slug, title, code, inText(at, value), at+pointer)
	}
	fail("empty", "A tool's name is not the empty string.", "policy_member_value", `""`, "")
	fail("257-bytes", "A tool's name has at most 256 bytes.", "policy_member_value", quote(strings.Repeat("t", 257)), "")
	fail("number", "A tool is no number.", "policy_member_type", "7", "")
	fail("list", "A tool is no list.", "policy_member_type", `["create_pull_request"]`, "")
	fail("mcp-missing", "mcp is written where the body is read.", "policy_member_missing", `{"methods":["tools/call"]}`, "/mcp")
	fail("mcp-false", "mcp is true or tool is left out.", "policy_member_value", `{"mcp":false}`, "/mcp")
	fail("mcp-string", "mcp is a literal.", "policy_member_type", `{"mcp":"true"}`, "/mcp")
	fail("methods-empty", "A list of methods has an entry.", "policy_member_value", `{"mcp":true,"methods":[]}`, "/methods")
	fail("method-blank", "A method has no blank.", "policy_member_value", `{"mcp":true,"methods":["tools/ call"]}`, "/methods/0")
	fail("method-twice", "A method stands once.", "policy_id_duplicate", `{"mcp":true,"methods":["tools/call","tools/call"]}`, "/methods/1")
	fail("unknown", "tool has no other members.", "policy_member_unknown", `{"mcp":true,"names":["x"]}`, "/names")
	for _, l := range []string{"jwt", "agent"} {
		fails(b, t, "level-"+l, "A route of level "+l+" has no step whose tools could be compared.", "policy_member_conflict", inText("/routes/0/require/level", quote(l)), at)
	}
}
