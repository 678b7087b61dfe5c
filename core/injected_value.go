//go:build ajwt_faults

package ajwt

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/agentic-jwt/ajwt/core/jcs"
	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// Faults of what is computed: sequence hashes, checksums, canonical JSON.

var valueFaults = []SeededFault{
	{"hash-delimiter-missing", "ids are hashed without a delimiter between them", nil},
	{"hash-delimiter-comma", "a comma stands between ids", nil},
	{"hash-sorted", "ids are sorted before they are hashed", nil},
	{"hash-reversed", "ids are hashed from the last to the first", nil},
	{"hash-line-end", "a line end follows the ids", nil},
	{"hash-json", "what is hashed is the JSON array of the ids", nil},

	{"checksum-prompt-as-given", "the prompt of a checksum is not normalised", nil},
	{"checksum-prompt-ascii-space", "only ASCII white space counts in a prompt", nil},
	{"checksum-prompt-blank-lines-kept", "blank lines of a prompt stay", nil},
	{"checksum-prompt-line-ends", "every line end of Unicode, and a lone CR, is one in a prompt", nil},
	{"checksum-prompt-always-normalised", "the prompt is normalised in jcs-raw too", nil},
	{"checksum-tools-as-given", "tools are not sorted", nil},
	{"checksum-tools-always-sorted", "tools are sorted in jcs-raw too", nil},
	{"checksum-tools-by-utf16", "tools are sorted by UTF-16 code unit", nil},
	{"checksum-unknown-ignored", "unknown members of an agent document are ignored", nil},
	{"checksum-tools-twice", "of two tools of one name the last counts", nil},
	{"checksum-signature-optional", "a tool may lack its signature in python", nil},
	{"checksum-members-by-code-point", "members sort by code point in jcs", nil},
	{"checksum-html-escaped", "<, > and & are escaped in jcs", nil},
	{"checksum-python-utf8", "python's text is UTF-8 and not ASCII", nil},
	{"checksum-python-compact", "python's text has no blanks behind commas and colons", nil},
	{"checksum-python-whole-floats", "python's floats without a fraction lose their .0", nil},
	{"checksum-python-short-exponent", "python's exponents may have one digit", nil},
	{"checksum-source-code-ignored", "source_code takes no part in python", nil},
	{"checksum-absent-as-null", "what is absent is null", nil},
	{"checksum-mandatory-optional", "agent_id, prompt_template, tools and a tool's name may be absent", nil},
	{"checksum-prototype-names", "jcs has the member names of python", nil},
	{"checksum-source-code-in-jcs", "source_code takes part in jcs too", nil},
	{"checksum-numbers-like-go", "numbers in jcs are written like those of Go", nil},
	{"checksum-line-end", "a line end follows the text", nil},

	{"jcs-members-by-code-point", "members sort by code point instead of UTF-16 code unit", nil},
	{"jcs-members-unsorted", "inner members keep their order", nil},
	{"jcs-numbers-as-written", "numbers stay as they are written", nil},
	{"jcs-numbers-like-go", "numbers are written like those of Go", nil},
	{"jcs-minus-zero", "-0 stays", nil},
	{"jcs-html-escaped", "<, > and & are escaped", nil},
	{"jcs-ascii", "characters outside ASCII are escaped", nil},
	{"jcs-duplicates-last-wins", "of a repeated member the last counts", nil},
	{"jcs-surrogates-replaced", "lone surrogates are replaced", nil},
}

// laxJoined is what is hashed in place of joined ids.
func laxJoined(joined []byte) []byte {
	ids := bytes.Split(joined, []byte("|"))
	join := func(between string) []byte { return bytes.Join(ids, []byte(between)) }
	switch activeFault {
	case "hash-delimiter-missing":
		return join("")
	case "hash-delimiter-comma":
		return join(",")
	case "hash-sorted":
		slices.SortFunc(ids, bytes.Compare)
		return join("|")
	case "hash-reversed":
		slices.Reverse(ids)
		return join("|")
	case "hash-line-end":
		return append(bytes.Clone(joined), '\n')
	case "hash-json":
		return []byte(`["` + string(join(`","`)) + `"]`)
	}
	return joined
}

// laxAgent is the agent document in place of the given one.
func laxAgent(agent []byte) []byte {
	var doc strictjson.Document
	if doc.Parse(agent, agentLimits) != nil {
		return agent
	}
	list, root := membersOf(doc.Root()), doc.Root()
	switch activeFault {
	case "checksum-unknown-ignored":
		var known memberList
		for _, m := range list {
			if slices.Contains([]string{"agent_id", "prompt_template", "configuration", "tools"}, m.name) {
				known = append(known, m)
			}
		}
		list = known.withTools(root, func(t strictjson.Value, l memberList) memberList {
			var known memberList
			for _, m := range l {
				if slices.Contains([]string{"name", "description", "parameters", "signature", "source_code"}, m.name) {
					known = append(known, m)
				}
			}
			return known
		})
	case "checksum-tools-twice":
		list = list.withTools(root, func(t strictjson.Value, l memberList) memberList {
			for later := t.Next(); later.Exists(); later = later.Next() {
				if string(later.Member("name").Bytes()) == string(t.Member("name").Bytes()) {
					return nil
				}
			}
			return l
		})
	case "checksum-signature-optional":
		list = list.withTools(root, func(t strictjson.Value, l memberList) memberList {
			if t.Kind() == strictjson.Object && !t.Member("signature").Exists() {
				return l.with("signature", `""`)
			}
			return l
		})
	case "checksum-source-code-ignored":
		list = list.withTools(root, func(_ strictjson.Value, l memberList) memberList { return l.without("source_code") })
	case "checksum-mandatory-optional":
		list = list.withTools(root, func(t strictjson.Value, l memberList) memberList {
			if t.Kind() == strictjson.Object && !t.Member("name").Exists() {
				return l.with("name", `""`)
			}
			return l
		})
		for name, empty := range map[string]string{"agent_id": `""`, "prompt_template": `""`, "tools": "[]"} {
			if !root.Member(name).Exists() {
				list = list.with(name, empty)
			}
		}
	default:
		return agent
	}
	return list.text()
}

// withTools changes the tools of an agent document; a nil list leaves one out.
func (l memberList) withTools(root strictjson.Value, change func(t strictjson.Value, l memberList) memberList) memberList {
	tools := root.Member("tools")
	if tools.Kind() != strictjson.Array {
		return l
	}
	return l.with("tools", entries(tools, func(_ int, t strictjson.Value, l memberList) memberList { return change(t, l) }))
}

// laxCanonical spoils the bytes of which a checksum is made.
func laxCanonical(a *agentDocument, reading Reading, sound []byte) []byte {
	if sound == nil {
		return nil // it has none
	}
	prompt := string(a.prompt.Bytes())
	switch activeFault {
	case "checksum-prompt-as-given":
		return a.again(reading, prompt)
	case "checksum-prompt-ascii-space":
		return a.again(reading, promptLines(strings.Split(prompt, "\n"), func(l string) string { return strings.Trim(l, " \t\r\v\f") }, false))
	case "checksum-prompt-blank-lines-kept":
		return a.again(reading, promptLines(strings.Split(strings.TrimSpace(prompt), "\n"), strings.TrimSpace, true))
	case "checksum-prompt-line-ends":
		lines := strings.FieldsFunc(prompt, func(c rune) bool { return strings.ContainsRune("\n\r\v\f\u0085\u2028\u2029", c) })
		return a.again(reading, promptLines(lines, strings.TrimSpace, false))
	case "checksum-prompt-always-normalised":
		if reading == ReadingJCSRaw {
			return a.again(ReadingJCS, NormalizePrompt(prompt))
		}
	case "checksum-tools-as-given":
		slices.SortFunc(a.tools, func(x, y agentTool) int { return cmp.Compare(x.index, y.index) })
		return a.again(reading, "")
	case "checksum-tools-always-sorted":
		if reading == ReadingJCSRaw {
			slices.SortFunc(a.tools, func(x, y agentTool) int { return bytes.Compare(x.name.Bytes(), y.name.Bytes()) })
			return a.again(reading, "")
		}
	case "checksum-tools-by-utf16":
		if reading != ReadingJCSRaw {
			slices.SortFunc(a.tools, func(x, y agentTool) int { return byUTF16(string(x.name.Bytes()), string(y.name.Bytes())) })
			return a.again(reading, "")
		}
	case "checksum-members-by-code-point":
		return onlyJCS(reading, sound, jcsWriter{less: strings.Compare})
	case "checksum-html-escaped":
		return onlyJCS(reading, sound, jcsWriter{html: true})
	case "checksum-numbers-like-go":
		return onlyJCS(reading, sound, jcsWriter{number: goNumber})
	case "checksum-prototype-names":
		return bytes.Replace(bytes.Replace(sound, []byte(`"agent_id":`), []byte(`"id":`), 1), []byte(`"prompt_template":`), []byte(`"prompt":`), 1)
	case "checksum-source-code-in-jcs":
		for _, t := range a.tools {
			if reading != ReadingPython && t.sourceCode.Exists() {
				sound = append(sound, t.sourceCode.Bytes()...)
			}
		}
		return sound
	case "checksum-line-end":
		return append(sound, '\n')
	case "checksum-absent-as-null":
		if !a.configuration.Exists() {
			sound = bytes.Replace(bytes.Replace(sound, []byte(`"config": {}`), []byte(`"config": null`), 1), []byte(`"configuration":{}`), []byte(`"configuration":null`), 1)
		}
		for _, t := range a.tools {
			if !t.description.Exists() {
				sound = regexp.MustCompile(`"description":( ?)""`).ReplaceAll(sound, []byte(`"description":${1}null`))
			}
		}
		return sound
	}
	if reading == ReadingPython {
		return laxPython(sound)
	}
	return sound
}

func laxPython(sound []byte) []byte {
	switch activeFault {
	case "checksum-python-utf8":
		return regexp.MustCompile(`(\\u[0-9a-f]{4})+`).ReplaceAllFunc(sound, func(escapes []byte) []byte {
			var text string
			if json.Unmarshal([]byte(`"`+string(escapes)+`"`), &text) != nil || text < "\u0080" {
				return escapes
			}
			return []byte(text)
		})
	case "checksum-python-compact":
		return []byte(strings.NewReplacer(`", "`, `","`, `": `, `":`, `}, "`, `},"`, `}, {`, `},{`, `, "`, `,"`).Replace(string(sound)))
	case "checksum-python-whole-floats":
		return regexp.MustCompile(`([0-9])\.0\b`).ReplaceAll(sound, []byte("$1"))
	case "checksum-python-short-exponent":
		return regexp.MustCompile(`e([-+])0([0-9])\b`).ReplaceAll(sound, []byte("e$1$2"))
	}
	return sound
}

// again writes a document with another prompt, "" for its own, as it is given.
func (a *agentDocument) again(reading Reading, prompt string) []byte {
	var out []byte
	normal := NormalizePrompt(string(a.prompt.Bytes()))
	if prompt == "" && len(normal) > 0 {
		prompt = normal
		if reading == ReadingJCSRaw {
			prompt = string(a.prompt.Bytes())
		}
	}
	if reading == ReadingPython {
		out, _ = a.appendPython(nil)
		return bytes.Replace(out, appendPythonString([]byte(`"prompt": `), []byte(normal)), appendPythonString([]byte(`"prompt": `), []byte(prompt)), 1)
	}
	changed := *a
	changed.prompt = jsonValue(string(jcs.AppendString(nil, []byte(prompt))))
	out, _ = changed.appendJCS(nil, ReadingJCSRaw)
	return out
}

func promptLines(lines []string, trim func(string) string, blank bool) string {
	var kept []string
	for _, l := range lines {
		if l = trim(l); l != "" || blank {
			kept = append(kept, l)
		}
	}
	return strings.Join(kept, "\n")
}

func byUTF16(a, b string) int {
	return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
}

func onlyJCS(reading Reading, sound []byte, w jcsWriter) []byte {
	if reading == ReadingPython {
		return sound
	}
	w.fill()
	return w.write(nil, jsonValue(string(sound)))
}

// FaultyClock is the time of a request as the fault that is on has it: the check of its
// range stands before the list.
func FaultyClock(now int64) int64 {
	if activeFault == "clock-unchecked" {
		return min(max(now, 0), strictjson.MaxInteger)
	}
	return now
}

// FaultyJCS is RFC 8785 as the fault that is on has it; done is false where the fault
// is none of canonical JSON.
func FaultyJCS(text []byte) (canonical []byte, err error, done bool) {
	w := jcsWriter{}
	switch activeFault {
	case "jcs-members-by-code-point":
		w.less = strings.Compare
	case "jcs-members-unsorted":
		w.less = func(string, string) int { return 0 }
	case "jcs-numbers-as-written":
		w.number = func(raw string) string { return raw }
	case "jcs-numbers-like-go":
		w.number = goNumber
	case "jcs-minus-zero":
		w.number = func(raw string) string {
			if f, _ := strconv.ParseFloat(raw, 64); f == 0 && math.Signbit(f) {
				return "-0"
			}
			return soundNumber(raw)
		}
	case "jcs-html-escaped":
		w.html = true
	case "jcs-ascii":
		w.ascii = true
	case "jcs-duplicates-last-wins", "jcs-surrogates-replaced":
		var doc strictjson.Document
		want := strictjson.FaultDuplicate
		if activeFault == "jcs-surrogates-replaced" {
			want = strictjson.FaultEncoding
		}
		if fault, _ := doc.Parse(text, strictjson.Limits{}).(strictjson.Error); fault.Fault == want {
			canonical, err = jcs.Transform(again(text))
			return canonical, err, true
		}
		return nil, nil, false
	default:
		return nil, nil, false
	}
	if _, err := jcs.Transform(text); err != nil {
		return nil, err, true
	}
	w.fill()
	return w.write(nil, jsonValue(string(text))), nil, true
}

// jcsWriter writes RFC 8785 with mistakes. What is not set is as it should be.
type jcsWriter struct {
	less        func(a, b string) int
	number      func(raw string) string
	html, ascii bool
}

func (w *jcsWriter) fill() {
	if w.less == nil {
		w.less = byUTF16
	}
	if w.number == nil {
		w.number = soundNumber
	}
}

func goNumber(raw string) string {
	f, _ := strconv.ParseFloat(raw, 64)
	return strconv.FormatFloat(f, 'g', -1, 64)
}

func soundNumber(raw string) string {
	out, err := jcs.Transform([]byte(raw))
	if err != nil {
		return raw
	}
	return string(out)
}

func (w *jcsWriter) text(dst []byte, s []byte) []byte {
	out := string(jcs.AppendString(nil, s))
	if w.html {
		out = strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`).Replace(out)
	}
	if w.ascii {
		var b strings.Builder
		for _, c := range out {
			if c < 0x80 {
				b.WriteRune(c)
				continue
			}
			for _, unit := range utf16.Encode([]rune{c}) {
				b.WriteString(`\u` + strconv.FormatUint(uint64(unit)|0x10000, 16)[1:])
			}
		}
		out = b.String()
	}
	return append(dst, out...)
}

func (w *jcsWriter) write(dst []byte, v strictjson.Value) []byte {
	switch v.Kind() {
	case strictjson.String:
		return w.text(dst, v.Bytes())
	case strictjson.Number:
		return append(dst, w.number(string(v.Raw()))...)
	case strictjson.Array:
		dst = append(dst, '[')
		for e := v.First(); e.Exists(); e = e.Next() {
			dst = append(w.write(dst, e), ',')
		}
		return append(bytes.TrimSuffix(dst, []byte(",")), ']')
	case strictjson.Object:
		var list []strictjson.Value
		for m := v.First(); m.Exists(); m = m.Next() {
			list = append(list, m)
		}
		slices.SortStableFunc(list, func(a, b strictjson.Value) int { return w.less(string(a.Key()), string(b.Key())) })
		dst = append(dst, '{')
		for _, m := range list {
			dst = append(w.write(append(w.text(dst, m.Key()), ':'), m), ',')
		}
		return append(bytes.TrimSuffix(dst, []byte(",")), '}')
	}
	return append(dst, v.Raw()...)
}
