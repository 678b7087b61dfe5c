package ajwt

import (
	"bytes"
	"errors"
	"slices"
	"strconv"

	"github.com/agentic-jwt/ajwt/core/jcs"
	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// agentDocument is an agent document whose members have been checked. An absent Value
// stands for its default.
type agentDocument struct {
	id, prompt, configuration strictjson.Value
	tools                     []agentTool
}

type agentTool struct {
	index                                                int // place in the document
	name, description, parameters, signature, sourceCode strictjson.Value
}

// readAgent checks the members that the reading hashes. Members that it passes over
// are held to JSON's grammar only, which the parse has done.
func readAgent(root strictjson.Value, reading Reading) (*agentDocument, error) {
	if root.Kind() != strictjson.Object {
		return nil, &ChecksumError{Reason: ChecksumType}
	}
	var a agentDocument
	var tools strictjson.Value
	for m := root.First(); m.Exists(); m = m.Next() {
		switch string(m.Key()) {
		case "agent_id":
			a.id = m
		case "prompt_template":
			a.prompt = m
		case "tools":
			tools = m
		case "configuration":
			a.configuration = m
		default:
			return nil, checksumUnder(string(m.Key()), &ChecksumError{Reason: ChecksumUnknownMember})
		}
	}
	if err := firstChecksumError(
		wantAgentMember("agent_id", a.id, strictjson.String, true),
		wantAgentMember("prompt_template", a.prompt, strictjson.String, true),
		wantAgentMember("tools", tools, strictjson.Array, true),
		wantAgentMember("configuration", a.configuration, strictjson.Object, false),
	); err != nil {
		return nil, err
	}
	a.tools = make([]agentTool, 0, tools.Len())
	for t := tools.First(); t.Exists(); t = t.Next() {
		tool, err := readTool(t, reading)
		if err != nil {
			return nil, checksumUnder("tools", checksumUnder(strconv.Itoa(len(a.tools)), err))
		}
		tool.index = len(a.tools)
		a.tools = append(a.tools, tool)
	}
	if err := a.sortTools(reading); err != nil {
		return nil, err
	}
	return &a, nil
}

func readTool(v strictjson.Value, reading Reading) (agentTool, error) {
	var t agentTool
	if v.Kind() != strictjson.Object {
		return t, &ChecksumError{Reason: ChecksumType}
	}
	for m := v.First(); m.Exists(); m = m.Next() {
		switch string(m.Key()) {
		case "name":
			t.name = m
		case "description":
			t.description = m
		case "parameters":
			t.parameters = m
		case "signature":
			t.signature = m
		case "source_code":
			t.sourceCode = m
		default:
			return t, checksumUnder(string(m.Key()), &ChecksumError{Reason: ChecksumUnknownMember})
		}
	}
	err := firstChecksumError(
		wantAgentMember("name", t.name, strictjson.String, true),
		wantAgentMember("description", t.description, strictjson.String, false),
	)
	if reading == ReadingPython {
		return t, firstChecksumError(err,
			wantAgentMember("signature", t.signature, strictjson.String, true),
			wantAgentMember("source_code", t.sourceCode, strictjson.String, false),
		)
	}
	return t, firstChecksumError(err, wantAgentMember("parameters", t.parameters, strictjson.Object, false))
}

// sortTools sorts the tools by code points of their names, which is how the bytes of
// UTF-8 order them, unless the reading keeps their order. Two tools of one name leave
// open which of them a call reaches and, in a sorted list, which comes first.
func (a *agentDocument) sortTools(reading Reading) error {
	sorted := a.tools
	if reading == ReadingJCSRaw {
		sorted = slices.Clone(a.tools)
	}
	slices.SortFunc(sorted, func(x, y agentTool) int {
		if c := bytes.Compare(x.name.Bytes(), y.name.Bytes()); c != 0 {
			return c
		}
		return x.index - y.index
	})
	for i := 1; i < len(sorted); i++ {
		if bytes.Equal(sorted[i-1].name.Bytes(), sorted[i].name.Bytes()) {
			p := "/tools/" + strconv.Itoa(sorted[i].index) + "/name"
			return &ChecksumError{Pointer: p, Reason: ChecksumDuplicateTool}
		}
	}
	return nil
}

func wantAgentMember(name string, v strictjson.Value, kind strictjson.Kind, mandatory bool) error {
	switch {
	case v.Kind() == kind, !v.Exists() && !mandatory:
		return nil
	case !v.Exists():
		return &ChecksumError{Pointer: "/" + name, Reason: ChecksumMissing}
	}
	return &ChecksumError{Pointer: "/" + name, Reason: ChecksumType}
}

func firstChecksumError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// appendJCS writes the object of draft-00, section 5.3.1. Its own members stand here
// in the order that RFC 8785 gives them.
func (a *agentDocument) appendJCS(dst []byte, reading Reading) ([]byte, error) {
	dst = jcs.AppendString(append(dst, `{"agent_id":`...), a.id.Bytes())
	dst, err := appendJCSObject(append(dst, `,"configuration":`...), "/configuration", a.configuration)
	if err != nil {
		return nil, err
	}
	prompt := a.prompt.Bytes()
	if reading != ReadingJCSRaw {
		prompt = appendNormalPrompt(nil, prompt)
	}
	dst = jcs.AppendString(append(dst, `,"prompt_template":`...), prompt)
	dst = append(dst, `,"tools":[`...)
	for i, t := range a.tools {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = jcs.AppendString(append(dst, `{"description":`...), t.description.Bytes())
		dst = jcs.AppendString(append(dst, `,"name":`...), t.name.Bytes())
		p := "/tools/" + strconv.Itoa(t.index) + "/parameters"
		if dst, err = appendJCSObject(append(dst, `,"parameters":`...), p, t.parameters); err != nil {
			return nil, err
		}
		dst = append(dst, '}')
	}
	return append(dst, "]}"...), nil
}

func appendJCSObject(dst []byte, pointer string, v strictjson.Value) ([]byte, error) {
	if !v.Exists() {
		return append(dst, "{}"...), nil
	}
	dst, err := jcs.Append(dst, v)
	var number *jcs.NumberError
	if errors.As(err, &number) {
		return nil, &ChecksumError{Pointer: pointer + number.Pointer, Reason: ChecksumNumber}
	}
	return dst, err
}

// appendPython writes the object of draft-00, section 5.3.2. Its own members stand
// here in the order that sort_keys gives them.
func (a *agentDocument) appendPython(dst []byte) ([]byte, error) {
	dst = append(dst, `{"config": `...)
	if a.configuration.Exists() {
		var err error
		if dst, err = appendPythonJSON(dst, a.configuration, true); err != nil {
			return nil, checksumUnder("configuration", err)
		}
	} else {
		dst = append(dst, "{}"...)
	}
	dst = appendPythonString(append(dst, `, "id": `...), a.id.Bytes())
	dst = appendPythonString(append(dst, `, "prompt": `...), appendNormalPrompt(nil, a.prompt.Bytes()))
	dst = append(dst, `, "tools": [`...)
	for i, t := range a.tools {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = appendPythonString(append(dst, `{"description": `...), t.description.Bytes())
		dst = appendPythonString(append(dst, `, "name": `...), t.name.Bytes())
		dst = appendPythonString(append(dst, `, "signature": `...), t.signature.Bytes())
		if t.sourceCode.Exists() {
			dst = appendPythonString(append(dst, `, "source_code": `...), t.sourceCode.Bytes())
		}
		dst = append(dst, '}')
	}
	return append(dst, "]}"...), nil
}
