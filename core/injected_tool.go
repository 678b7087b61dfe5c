//go:build ajwt_faults

package ajwt

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// Faults of check 910.

var toolFaults = []SeededFault{
	{"tool-unchecked", "the route's tool is not compared", skip(910)},
	{"tool-literal-unchecked", "a tool that the route names is one of every step", at(910, func(r *run, sound func(*run) Code) Code {
		if r.route.tool.literal != "" {
			return 0
		}
		return sound(r)
	})},
	{"tool-prefix", "a tool passes that begins like one of the step's", toolLike(strings.HasPrefix)},
	{"tool-substring", "a tool passes that holds one of the step's", toolLike(strings.Contains)},
	{"tool-case-fold", "tools compare without regard to case", toolLike(strings.EqualFold)},
	{"tool-trimmed", "white space around a tool's name is cut off", toolLike(func(have, want string) bool { return strings.TrimSpace(have) == want })},
	{"tool-of-any-step", "a tool passes that some step of the workflow has", at(910, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == CodeWorkflowToolNotAllowed {
			name := toolNamed(r)
			for i := range r.bundle.steps {
				if contains(r.bundle.steps[i].tools, name) {
					return 0
				}
			}
		}
		return code
	})},
	{"tool-none-means-any", "a step without tools allows every tool", at(910, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == CodeWorkflowToolNotAllowed && len(r.step.tools) == 0 {
			return 0
		}
		return code
	})},
	{"tool-from-header", "where there is an Mcp-Name it is the tool, whatever the body says", at(910, func(r *run, sound func(*run) Code) Code {
		name, found, _ := r.single("mcp-name")
		code := sound(r)
		if found && (code == CodeWorkflowToolHeaderMismatch || code == CodeWorkflowToolNotAllowed) {
			return r.toolOfStep(name)
		}
		return code
	})},
	{"tool-header-unchecked", "Mcp-Method and Mcp-Name are not compared with the body", fieldsDropped("mcp-method", "mcp-name")},
	{"tool-header-method-unchecked", "Mcp-Method is not compared with the body", fieldsDropped("mcp-method")},
	{"tool-header-name-unchecked", "Mcp-Name is not compared with the body", fieldsDropped("mcp-name")},
	{"tool-header-case-fold", "Mcp-Method and Mcp-Name compare without regard to case", fieldsChanged(func(name, value string, body map[string]string) (string, bool) {
		if strings.EqualFold(value, body[name]) {
			return body[name], true
		}
		return value, true
	})},
	{"tool-header-first", "of several Mcp-Name fields the first counts", firstField("mcp-name")},
	{"tool-header-mandatory", "a request without Mcp-Method and Mcp-Name is refused", at(910, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if _, found, _ := r.single("mcp-method"); code == 0 && r.route.tool.methods != nil && !found {
			return CodeWorkflowToolHeaderMismatch
		}
		return code
	})},
	{"tool-encoding-ignored", "Content-Encoding is ignored", fieldsDropped("content-encoding")},
	{"tool-encoding-refused", "a Content-Encoding of identity is refused", at(910, func(r *run, sound func(*run) Code) Code {
		if _, found, _ := r.single("content-encoding"); found {
			return CodeWorkflowToolContentEncoding
		}
		return sound(r)
	})},
	{"tool-encoding-first", "of several Content-Encoding fields the first counts", firstField("content-encoding")},
	{"tool-length-ignored", "Content-Length is not compared with the body", fieldsDropped("content-length")},
	{"tool-missing-body-passes", "a request without a body calls no tool and passes", forgive(910, CodeWorkflowToolBodyMissing)},
	{"tool-bad-body-passes", "a body that is no JSON calls no tool and passes", forgive(910, CodeWorkflowToolBodySyntax, CodeWorkflowToolBodyEncoding)},
	{"tool-duplicate-first-wins", "of a repeated member the first counts", bodyChanged(func(text []byte) []byte {
		var doc strictjson.Document
		if err, _ := doc.Parse(text, strictjson.Limits{}).(strictjson.Error); err.Fault == strictjson.FaultDuplicate {
			return firstMembers(text)
		}
		return text
	})},
	{"tool-batch-passes", "a batch calls no tool and passes", forgive(910, CodeWorkflowToolBatch)},
	{"tool-batch-first", "of a batch the first request counts", bodyChanged(func(text []byte) []byte {
		var list []json.RawMessage
		if json.Unmarshal(text, &list) == nil && len(list) > 0 {
			return list[0]
		}
		return text
	})},
	{"tool-version-unchecked", "jsonrpc may be anything or absent", bodyChanged(func(text []byte) []byte {
		v := bodyValue(text)
		if v.Kind() != strictjson.Object {
			return text
		}
		return []byte(textOf(membersOf(v).with("jsonrpc", `"2.0"`).value()))
	})},
	{"tool-request-form-unchecked", "a body that is no request calls no tool and passes", forgive(910, CodeWorkflowToolRequestInvalid)},
	{"tool-method-unchecked", "every JSON-RPC method passes", forgive(910, CodeWorkflowToolMethodNotAllowed)},
	{"tool-method-case-fold", "methods compare without regard to case", at(910, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == CodeWorkflowToolMethodNotAllowed && slices.ContainsFunc(r.route.tool.methods, func(m string) bool {
			return strings.EqualFold(m, string(bodyValue(r.req.Body).Member("method").Bytes()))
		}) {
			return 0
		}
		return code
	})},
	{"tool-name-optional", "a tools/call without a name passes", forgive(910, CodeWorkflowToolNameMissing)},
	{"tool-of-every-method", "the name of every method's params is a tool", at(910, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == 0 && r.route.tool.methods != nil {
			if name := bodyValue(r.req.Body).Member("params").Member("name"); name.Exists() {
				return r.toolOfStep(string(name.Bytes()))
			}
		}
		return code
	})},
	{"tool-look-alikes-ignored", "members that differ from known ones by case are unknown ones", forgive(910, CodeWorkflowToolBodyAmbiguous)},
	{"tool-look-alikes-ascii", "of letters that fold those of ASCII alone count", at(910, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == CodeWorkflowToolBodyAmbiguous && bytes.ContainsFunc(r.req.Body, func(c rune) bool { return c > 0x7f }) {
			return 0
		}
		return code
	})},
	{"tool-limits-of-tokens", "a body is as deep and has as many members as a token at most", at(910, func(r *run, sound func(*run) Code) Code {
		var doc strictjson.Document
		l := &r.policy.limits
		err, _ := doc.Parse(r.req.Body, strictjson.Limits{Depth: l.JSONDepth, Members: l.JSONMembers, Values: endless}).(strictjson.Error)
		if r.route.tool.methods != nil && (err.Fault == strictjson.FaultDepth || err.Fault == strictjson.FaultMembers) {
			return CodeWorkflowToolBodyTooComplex
		}
		return sound(r)
	})},
	{"tool-depth-unlimited", "a body may be nested ever so deeply", forgive(910, CodeWorkflowToolBodyTooComplex)},
}

// bodyValue is a body's outer value, absent where it is no JSON.
func bodyValue(text []byte) strictjson.Value {
	doc := new(strictjson.Document)
	if doc.Parse(text, strictjson.Limits{}) != nil {
		return strictjson.Value{}
	}
	return doc.Root()
}

// toolNamed is the tool that a request calls.
func toolNamed(r *run) string {
	if r.route.tool.literal != "" {
		return r.route.tool.literal
	}
	return string(bodyValue(r.req.Body).Member("params").Member("name").Bytes())
}

// toolLike compares tools with a relation that is not equality.
func toolLike(same func(have, want string) bool) change {
	return at(910, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == CodeWorkflowToolNotAllowed && slices.ContainsFunc(r.step.tools, func(want string) bool { return same(toolNamed(r), want) }) {
			return 0
		}
		return code
	})
}

// fieldsChanged gives check 910 other header fields. body has, by the name of the field,
// what the body says.
func fieldsChanged(of func(name, value string, body map[string]string) (string, bool)) change {
	return at(910, func(r *run, sound func(*run) Code) Code {
		v := bodyValue(r.req.Body)
		body := map[string]string{"mcp-method": string(v.Member("method").Bytes()), "mcp-name": string(v.Member("params").Member("name").Bytes())}
		kept, req := r.req, *r.req
		req.Headers = nil
		for _, h := range kept.Headers {
			if value, keep := of(strings.ToLower(h.Name), h.Value, body); keep {
				req.Headers = append(req.Headers, Header{h.Name, value})
			}
		}
		r.req = &req
		code := sound(r)
		r.req = kept
		return code
	})
}

func fieldsDropped(names ...string) change {
	return fieldsChanged(func(name, value string, _ map[string]string) (string, bool) {
		return value, !slices.Contains(names, name)
	})
}

// firstField keeps one field of that name.
func firstField(name string) change {
	return at(910, func(r *run, sound func(*run) Code) Code {
		kept, req := r.req, *r.req
		seen := false
		req.Headers = slices.DeleteFunc(slices.Clone(req.Headers), func(h Header) bool {
			repeated := seen && strings.EqualFold(h.Name, name)
			seen = seen || strings.EqualFold(h.Name, name)
			return repeated
		})
		r.req = &req
		code := sound(r)
		r.req = kept
		return code
	})
}

// bodyChanged gives check 910 another body; Content-Length goes.
func bodyChanged(of func(text []byte) []byte) change {
	return at(910, func(r *run, sound func(*run) Code) Code {
		kept, req := r.req, *r.req
		if req.Body = of(req.Body); !bytes.Equal(req.Body, kept.Body) {
			req.Headers = slices.DeleteFunc(slices.Clone(req.Headers), func(h Header) bool { return strings.EqualFold(h.Name, "content-length") })
		}
		r.req = &req
		code := sound(r)
		r.req = kept
		return code
	})
}

// firstMembers writes a text again with the first of members that repeat.
func firstMembers(text []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var value func() any
	value = func() any {
		t, err := d.Token()
		if err != nil {
			return nil
		}
		switch t {
		case json.Delim('{'):
			object := map[string]any{}
			for d.More() {
				name, _ := d.Token()
				v := value()
				if _, known := object[name.(string)]; !known {
					object[name.(string)] = v
				}
			}
			_, _ = d.Token()
			return object
		case json.Delim('['):
			list := []any{}
			for d.More() {
				list = append(list, value())
			}
			_, _ = d.Token()
			return list
		}
		return t
	}
	out, err := json.Marshal(value())
	if err != nil {
		return text
	}
	return out
}
