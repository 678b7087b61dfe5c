package ajwt

import (
	"errors"
	"strings"
	"testing"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// agentPatcher is the agent whose checksums the profile gives (spec/profile.md).
const agentPatcher = `{"agent_id":"patcher","prompt_template":"  Patch it.\r\n\r\n\tBe careful. \n","tools":[{"name":"write_file","description":"Écrit","parameters":{"type":"object"},"signature":"write_file(path: str)"},{"name":"read_file","description":"Read","parameters":{},"signature":"read_file(path: str)"}],"configuration":{"model_name":"m","temperature":0.2,"max_tokens":100}}`

// agentOdd holds what the readings treat differently: a deep tool, defaults, white
// space that only Python strips, numbers at the edges of a double, and two names that
// UTF-16 and code points order differently. Its forms come from CPython 3.11 and from
// ECMAScript (node), not from this package.
const agentOdd = `{"configuration":{"\ufb33":1.0,"\ud83d\ude00":1e16,"n":12345678901234567890,"z":-0,"f":-0.0,"t":[1E2,0.00001,1e21,true,null,"\u007f\u2028/"]},"tools":[{"source_code":"def b(x):\n    return x + 1","name":"b","signature":"(x: int) -> int"},{"name":"a","signature":"()","description":"","parameters":{"type":"object","properties":{"x":{"maximum":1e3}}}}],"prompt_template":"\u2028One\r\r\n\u00a0two\u000b\n\u001c\n\nthr\ree\u200b ","agent_id":"org/a@1"}`

func TestAgentChecksum(t *testing.T) {
	for _, row := range []struct {
		name, agent   string
		reading       Reading
		want, written string // checksum without prefix, canonical form
	}{
		{"patcher", agentPatcher, ReadingJCS, "fe7d0ce288d695cdc6769855b50bea0aef1e132bbae8badb4f384de752a7aa10",
			`{"agent_id":"patcher","configuration":{"max_tokens":100,"model_name":"m","temperature":0.2},"prompt_template":"Patch it.\nBe careful.","tools":[{"description":"Read","name":"read_file","parameters":{}},{"description":"Écrit","name":"write_file","parameters":{"type":"object"}}]}`},
		{"patcher", agentPatcher, ReadingJCSRaw, "37517ee1396b363eb93da2f91190b4001692187cc582bac4104ba5daf62647c6",
			`{"agent_id":"patcher","configuration":{"max_tokens":100,"model_name":"m","temperature":0.2},"prompt_template":"  Patch it.\r\n\r\n\tBe careful. \n","tools":[{"description":"Écrit","name":"write_file","parameters":{"type":"object"}},{"description":"Read","name":"read_file","parameters":{}}]}`},
		{"patcher", agentPatcher, ReadingPython, "3954acf83abdd15e3150ed9211016883918e77fdfc904826380e4749b542775a",
			`{"config": {"max_tokens": 100, "model_name": "m", "temperature": 0.2}, "id": "patcher", "prompt": "Patch it.\nBe careful.", "tools": [{"description": "Read", "name": "read_file", "signature": "read_file(path: str)"}, {"description": "\u00c9crit", "name": "write_file", "signature": "write_file(path: str)"}]}`},
		{"odd", agentOdd, ReadingJCS, "2955b65300075ee988ad01361c5b060a89f322f8df46344db0ecb2d0524b5080",
			`{"agent_id":"org/a@1","configuration":{"f":0,"n":12345678901234567000,"t":[100,0.00001,1e+21,true,null,"` + "\u007f\u2028" + `/"],"z":0,"😀":10000000000000000,"` + "\ufb33" + `":1},"prompt_template":"One\ntwo\nthr\ree` + "\u200b" + `","tools":[{"description":"","name":"a","parameters":{"properties":{"x":{"maximum":1000}},"type":"object"}},{"description":"","name":"b","parameters":{}}]}`},
		{"odd", agentOdd, ReadingJCSRaw, "6062967b337095df56b01ad6da6294e53786ec0db7f2074be4399cdbf6d2e1bc", ""},
		{"odd", agentOdd, ReadingPython, "b86ce16c25c9261f71ad81d7cc239564c5ee1c307f32edf190e8892a2da9bd3d",
			`{"config": {"f": -0.0, "n": 12345678901234567890, "t": [100.0, 1e-05, 1e+21, true, null, "\u007f\u2028/"], "z": 0, "\ufb33": 1.0, "\ud83d\ude00": 1e+16}, "id": "org/a@1", "prompt": "One\ntwo\nthr\ree\u200b", "tools": [{"description": "", "name": "a", "signature": "()"}, {"description": "", "name": "b", "signature": "(x: int) -> int", "source_code": "def b(x):\n    return x + 1"}]}`},
	} {
		t.Run(row.name+" "+string(row.reading), func(t *testing.T) {
			form, err := AgentCanonical(row.reading, []byte(row.agent))
			if err != nil {
				t.Fatal(err)
			}
			if row.written != "" && string(form) != row.written {
				t.Errorf("form\n got  %s\n want %s", form, row.written)
			}
			if got, err := AgentChecksum(row.reading, []byte(row.agent)); err != nil || got != "sha256:"+row.want {
				t.Errorf("got %s (%v), want sha256:%s", got, err, row.want)
			}
			prefixed, err := AppendAgentCanonical([]byte("x"), row.reading, []byte(row.agent))
			if err != nil || string(prefixed) != "x"+string(form) {
				t.Errorf("appended: %s (%v)", prefixed, err)
			}
		})
	}
}

// TestAgentCanonical shows for each rule of the readings one pair of agents that it
// tells apart or makes equal.
func TestAgentCanonical(t *testing.T) {
	base := `{"agent_id":"a","prompt_template":"p","tools":[{"name":"t","signature":"()"}]}`
	for _, row := range []struct {
		name, agent string
		same        []Reading // the readings in which agent and base have one form
	}{
		{"empty configuration is the default", `{"agent_id":"a","prompt_template":"p","tools":[{"name":"t","signature":"()"}],"configuration":{}}`, []Reading{ReadingJCS, ReadingJCSRaw, ReadingPython}},
		{"empty description and parameters are the defaults", `{"agent_id":"a","prompt_template":"p","tools":[{"name":"t","signature":"()","description":"","parameters":{}}]}`, []Reading{ReadingJCS, ReadingJCSRaw, ReadingPython}},
		{"white space of the prompt", `{"agent_id":"a","prompt_template":" p\n","tools":[{"name":"t","signature":"()"}]}`, []Reading{ReadingJCS, ReadingPython}},
		{"parameters", `{"agent_id":"a","prompt_template":"p","tools":[{"name":"t","signature":"()","parameters":{"x":1}}]}`, []Reading{ReadingPython}},
		{"signature", `{"agent_id":"a","prompt_template":"p","tools":[{"name":"t","signature":"(x)"}]}`, []Reading{ReadingJCS, ReadingJCSRaw}},
		{"source code", `{"agent_id":"a","prompt_template":"p","tools":[{"name":"t","signature":"()","source_code":""}]}`, []Reading{ReadingJCS, ReadingJCSRaw}},
		{"what a reading passes over may have any type", `{"agent_id":"a","prompt_template":"p","tools":[{"name":"t","signature":"()","parameters":1e999}]}`, []Reading{ReadingPython}},
		{"agent id", `{"agent_id":"b","prompt_template":"p","tools":[{"name":"t","signature":"()"}]}`, nil},
		{"prompt", `{"agent_id":"a","prompt_template":"q","tools":[{"name":"t","signature":"()"}]}`, nil},
		{"tool name", `{"agent_id":"a","prompt_template":"p","tools":[{"name":"u","signature":"()"}]}`, nil},
		{"description", `{"agent_id":"a","prompt_template":"p","tools":[{"name":"t","signature":"()","description":"d"}]}`, nil},
		{"configuration", `{"agent_id":"a","prompt_template":"p","tools":[{"name":"t","signature":"()"}],"configuration":{"x":0}}`, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, r := range []Reading{ReadingJCS, ReadingJCSRaw, ReadingPython} {
				want, err := AgentCanonical(r, []byte(base))
				if err != nil {
					t.Fatal(err)
				}
				got, err := AgentCanonical(r, []byte(row.agent))
				same, wantSame := err == nil && string(got) == string(want), false
				for _, s := range row.same {
					wantSame = wantSame || s == r
				}
				if same != wantSame {
					t.Errorf("%s: same is %v, want %v: %s (%v)", r, same, wantSame, got, err)
				}
			}
		})
	}
}

func TestAgentChecksumRefuses(t *testing.T) {
	tools := func(s string) string { return `{"agent_id":"a","prompt_template":"p","tools":[` + s + `]}` }
	configuration := func(s string) string {
		return `{"agent_id":"a","prompt_template":"p","tools":[],"configuration":` + s + `}`
	}
	all := []Reading{ReadingJCS, ReadingJCSRaw, ReadingPython}
	jcsOnly, python := []Reading{ReadingJCS, ReadingJCSRaw}, []Reading{ReadingPython}
	for _, row := range []struct {
		name, agent string
		readings    []Reading
		reason      ChecksumReason
		pointer     string
	}{
		{"no reading", agentPatcher, []Reading{"", "JCS", "python3"}, ChecksumReading, ""},
		{"too long", configuration(`{}`) + strings.Repeat(" ", MaxAgentBytes), all, ChecksumTooLong, ""},
		{"too deep", configuration(`{"a":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`), all, ChecksumJSON, ""},
		{"too many values", configuration(`{"a":[0` + strings.Repeat(",0", 1<<17) + `]}`), all, ChecksumJSON, ""},
		{"no JSON", "{", all, ChecksumJSON, ""},
		{"NaN", configuration(`{"a":NaN}`), all, ChecksumJSON, ""},
		{"duplicate member", configuration(`{"a":1,"a":1}`), all, ChecksumJSON, ""},
		{"lone surrogate", configuration(`{"a":"\udc00"}`), all, ChecksumJSON, ""},
		{"array", "[]", all, ChecksumType, ""},
		{"no agent_id", `{"prompt_template":"p","tools":[]}`, all, ChecksumMissing, "/agent_id"},
		{"no prompt_template", `{"agent_id":"a","tools":[]}`, all, ChecksumMissing, "/prompt_template"},
		{"no tools", `{"agent_id":"a","prompt_template":"p"}`, all, ChecksumMissing, "/tools"},
		{"agent_id a number", `{"agent_id":1,"prompt_template":"p","tools":[]}`, all, ChecksumType, "/agent_id"},
		{"prompt_template null", `{"agent_id":"a","prompt_template":null,"tools":[]}`, all, ChecksumType, "/prompt_template"},
		{"tools an object", `{"agent_id":"a","prompt_template":"p","tools":{}}`, all, ChecksumType, "/tools"},
		{"configuration null", configuration("null"), all, ChecksumType, "/configuration"},
		{"the prototype's own name", `{"agent_id":"a","prompt_template":"p","tools":[],"config":{}}`, all, ChecksumUnknownMember, "/config"},
		{"a member by another case", `{"agent_id":"a","prompt_template":"p","tools":[],"Configuration":{}}`, all, ChecksumUnknownMember, "/Configuration"},
		{"pointer is escaped", `{"a/~":1}`, all, ChecksumUnknownMember, "/a~1~0"},
		{"tool a string", tools(`"t"`), all, ChecksumType, "/tools/0"},
		{"tool without a name", tools(`{"signature":"()"}`), all, ChecksumMissing, "/tools/0/name"},
		{"description null", tools(`{"name":"t","signature":"()","description":null}`), all, ChecksumType, "/tools/0/description"},
		{"schema under another name", tools(`{"name":"s","signature":"()"},{"name":"t","signature":"()","inputSchema":{}}`), all, ChecksumUnknownMember, "/tools/1/inputSchema"},
		{"parameters an array", tools(`{"name":"t","parameters":[]}`), jcsOnly, ChecksumType, "/tools/0/parameters"},
		{"no signature", tools(`{"name":"t"}`), python, ChecksumMissing, "/tools/0/signature"},
		{"source code null", tools(`{"name":"t","signature":"()","source_code":null}`), python, ChecksumType, "/tools/0/source_code"},
		{"two tools of one name", tools(`{"name":"t","signature":"()"},{"name":"s","signature":"()"},{"name":"\u0074","signature":"(x)"}`), all, ChecksumDuplicateTool, "/tools/2/name"},
		{"infinite", configuration(`{"a":[0,{"b/":1e400}]}`), all, ChecksumNumber, "/configuration/a/1/b~1"},
		{"minus infinite", configuration(`{"a":-1e400}`), all, ChecksumNumber, "/configuration/a"},
		{"infinite parameter", tools(`{"name":"t"},{"name":"a","parameters":{"x":1e400}}`), jcsOnly, ChecksumNumber, "/tools/1/parameters/x"},
		{"4301 digits", configuration(`{"a":-` + strings.Repeat("1", 4301) + `}`), python, ChecksumNumber, "/configuration/a"},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, r := range row.readings {
				got, err := AgentChecksum(r, []byte(row.agent))
				var e *ChecksumError
				if got != "" || !errors.As(err, &e) || e.Reason != row.reason || e.Pointer != row.pointer {
					t.Errorf("%s: got %q, %v; want %q at %q", r, got, err, row.reason, row.pointer)
				}
				var syntax strictjson.Error
				if row.reason == ChecksumJSON != errors.As(err, &syntax) {
					t.Errorf("%s: the cause is %v", r, errors.Unwrap(err))
				}
			}
		})
	}
	for _, row := range []struct{ name, agent string }{
		{"at the depth limit", configuration(`{"a":` + strings.Repeat("[", 62) + strings.Repeat("]", 62) + `}`)},
		{"at the length limit", configuration(`{}`) + strings.Repeat(" ", MaxAgentBytes-len(configuration(`{}`)))},
		{"4300 digits", configuration(`{"a":-` + "1" + strings.Repeat("0", 307) + `,"b":0.` + strings.Repeat("1", 4301) + `}`)},
		{"no tools at all", configuration(`{}`)},
	} {
		for _, r := range all {
			if _, err := AgentChecksum(r, []byte(row.agent)); err != nil {
				t.Errorf("%s, %s: %v", row.name, r, err)
			}
		}
	}
}

func TestParseReading(t *testing.T) {
	for _, name := range []string{"jcs", "jcs-raw", "python"} {
		if r, ok := ParseReading(name); !ok || string(r) != name {
			t.Errorf("%s: got %q, %v", name, r, ok)
		}
	}
	for _, name := range []string{"", "JCS", "jcs_raw", "python "} {
		if r, ok := ParseReading(name); ok || r != "" {
			t.Errorf("%q: got %q, %v", name, r, ok)
		}
	}
}

func TestChecksumReasonNames(t *testing.T) {
	seen := map[string]bool{ChecksumReason(0).String(): true}
	for r := ChecksumReading; r <= ChecksumNumber; r++ {
		if seen[r.String()] {
			t.Errorf("reason %d has no words of its own: %q", r, r)
		}
		seen[r.String()] = true
	}
}
