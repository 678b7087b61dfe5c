package ajwt

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/agentic-jwt/ajwt/core/jcs"
)

// FuzzAgentChecksum: what is hashed is what encoding/json finds in the agent, put
// together a second time by hand; and neither the order of the agent's members nor,
// but in jcs-raw, that of its tools changes it.
func FuzzAgentChecksum(f *testing.F) {
	for _, seed := range []string{
		agentPatcher, agentOdd,
		`{"agent_id":"","prompt_template":"","tools":[]}`,
		`{"tools":[{"name":"b","signature":""},{"name":"a","signature":"","parameters":{"z":[{}]}}],"prompt_template":"\r\n x","agent_id":"é"}`,
		`{"agent_id":"a","prompt_template":"p","tools":[],"configuration":{"a":1e400}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, agent []byte) {
		for _, reading := range []Reading{ReadingJCS, ReadingJCSRaw, ReadingPython} {
			form, err := AgentCanonical(reading, agent)
			sum, sumErr := AgentChecksum(reading, agent)
			if (form == nil) != (err != nil) || (sum == "") != (err != nil) || (err == nil) != (sumErr == nil) {
				t.Fatalf("%s: both or neither of result and error: %q, %v", reading, form, err)
			}
			if err != nil {
				continue
			}
			want := agentAgain(t, reading, agent)
			if reading == ReadingPython {
				var got any
				if err := json.Unmarshal(form, &got); err != nil {
					t.Fatalf("the form is no JSON: %s", form)
				}
				for _, c := range form {
					if c < ' ' || c > '~' {
						t.Fatalf("not ASCII: %q", form)
					}
				}
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("python: %s\nis not %v", form, want)
				}
			} else if again := agentJCS(t, want); !bytes.Equal(form, again) {
				t.Fatalf("%s: %s\nis not %s", reading, form, again)
			}
			for _, turn := range []bool{false, true} {
				if turn && reading == ReadingJCSRaw {
					continue
				}
				other := reordered(t, agent, turn)
				if got, err := AgentCanonical(reading, other); err != nil || !bytes.Equal(got, form) {
					t.Fatalf("%s: order matters: %s\ngives %s (%v)\nnot   %s", reading, other, got, err, form)
				}
			}
		}
	})
}

// agentAgain builds the object that a reading hashes from encoding/json's view.
func agentAgain(t *testing.T, reading Reading, agent []byte) map[string]any {
	var in struct {
		ID            string         `json:"agent_id"`
		Prompt        string         `json:"prompt_template"`
		Configuration map[string]any `json:"configuration"`
		Tools         []struct {
			Name        string  `json:"name"`
			Description string  `json:"description"`
			Parameters  any     `json:"parameters"`
			Signature   any     `json:"signature"`
			SourceCode  *string `json:"source_code"`
		} `json:"tools"`
	}
	// Members that the reading passes over may hold what encoding/json cannot read.
	if err := json.Unmarshal(withoutPassedOver(t, reading, agent), &in); err != nil {
		t.Fatalf("encoding/json refuses %s: %v", agent, err)
	}
	if in.Configuration == nil {
		in.Configuration = map[string]any{}
	}
	if reading != ReadingJCSRaw {
		in.Prompt = fiveSteps(in.Prompt)
	}
	tools := []any{}
	for _, x := range in.Tools {
		tool := map[string]any{"name": x.Name, "description": x.Description}
		if reading == ReadingPython {
			tool["signature"] = x.Signature
			if x.SourceCode != nil {
				tool["source_code"] = *x.SourceCode
			}
		} else if tool["parameters"] = x.Parameters; x.Parameters == nil {
			tool["parameters"] = map[string]any{}
		}
		tools = append(tools, tool)
	}
	if reading != ReadingJCSRaw {
		slices.SortFunc(tools, func(a, b any) int {
			x, y := a.(map[string]any)["name"].(string), b.(map[string]any)["name"].(string)
			return slices.Compare([]rune(x), []rune(y))
		})
	}
	if reading == ReadingPython {
		return map[string]any{"id": in.ID, "prompt": in.Prompt, "tools": tools, "config": in.Configuration}
	}
	return map[string]any{"agent_id": in.ID, "prompt_template": in.Prompt, "tools": tools, "configuration": in.Configuration}
}

type rawTools = []map[string]json.RawMessage

func splitAgent(t *testing.T, agent []byte) (map[string]json.RawMessage, rawTools) {
	var top map[string]json.RawMessage
	var tools rawTools
	if json.Unmarshal(agent, &top) != nil || json.Unmarshal(top["tools"], &tools) != nil {
		t.Fatalf("encoding/json refuses %s", agent)
	}
	return top, tools
}

func withoutPassedOver(t *testing.T, reading Reading, agent []byte) []byte {
	top, tools := splitAgent(t, agent)
	for _, tool := range tools {
		if reading == ReadingPython {
			delete(tool, "parameters")
		} else {
			delete(tool, "signature")
			delete(tool, "source_code")
		}
	}
	top["tools"] = agentJSON(t, tools)
	return agentJSON(t, top)
}

// reordered writes the agent with its members in descending order of their names, and
// with its tools in the reverse order where turn is set.
func reordered(t *testing.T, agent []byte, turn bool) []byte {
	top, tools := splitAgent(t, agent)
	if turn {
		slices.Reverse(tools)
	}
	var list []string
	for _, tool := range tools {
		list = append(list, descending(t, tool))
	}
	top["tools"] = json.RawMessage("[" + strings.Join(list, ",") + "]")
	return []byte(descending(t, top))
}

func descending(t *testing.T, object map[string]json.RawMessage) string {
	var members []string
	names := slices.Sorted(maps.Keys(object))
	slices.Reverse(names)
	for _, name := range names {
		members = append(members, string(agentJSON(t, name))+" : "+string(object[name]))
	}
	return "{" + strings.Join(members, ",\n") + "}"
}

func agentJSON(t *testing.T, v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func agentJCS(t *testing.T, v any) []byte {
	b, err := jcs.Transform(agentJSON(t, v))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
