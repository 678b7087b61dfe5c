package main

// toolsAgent wraps tools in an agent of which only they matter.
func toolsAgent(tools string) string {
	return `{"agent_id":"a","prompt_template":"p","tools":[` + tools + `],"configuration":{}}`
}

func jcsTools(tools string) string {
	return `{"agent_id":"a","configuration":{},"prompt_template":"p","tools":[` + tools + `]}`
}

func pythonTools(tools string) string {
	return `{"config": {}, "id": "a", "prompt": "p", "tools": [` + tools + `]}`
}

func checksumTools(b *builder) {
	b.refs = []string{refChecksumMust, refChecksumPython, refChecksum}
	const twoTools = `{"name":"b","description":"B","parameters":{},"signature":"()"},{"name":"a","description":"A","parameters":{},"signature":"(x)"}`
	made := checksums(b, []preimage{
		{"sorted-jcs", "jcs sorts tools by name.", "jcs", toolsAgent(twoTools),
			jcsTools(`{"description":"A","name":"a","parameters":{}},{"description":"B","name":"b","parameters":{}}`)},
		{"unsorted-jcs-raw", "jcs-raw keeps the order of the tools.", "jcs-raw", toolsAgent(twoTools),
			jcsTools(`{"description":"B","name":"b","parameters":{}},{"description":"A","name":"a","parameters":{}}`)},
		{"sorted-python", "python sorts tools by name.", "python", toolsAgent(twoTools),
			pythonTools(`{"description": "A", "name": "a", "signature": "(x)"}, {"description": "B", "name": "b", "signature": "()"}`)},
		{"sorted-by-code-point-jcs", "Tools sort by code point: U+FB33 comes before U+1F600, although RFC 8785 sorts member names the other way.", "jcs",
			toolsAgent(`{"name":"` + smile + `","description":"","parameters":{}},{"name":"` + dalet + `","description":"","parameters":{}}`),
			jcsTools(`{"description":"","name":"` + dalet + `","parameters":{}},{"description":"","name":"` + smile + `","parameters":{}}`)},
		{"members-by-utf16-jcs", "Members of parameters sort by UTF-16 code unit in jcs.", "jcs",
			toolsAgent(`{"name":"t","description":"","parameters":{"` + dalet + `":1,"` + smile + `":2}}`),
			jcsTools(`{"description":"","name":"t","parameters":{"` + smile + `":2,"` + dalet + `":1}}`)},
		{"sorted-by-code-point-python", "Tools sort by code point in python.", "python",
			toolsAgent(`{"name":"` + smile + `","signature":"()"},{"name":"` + dalet + `","signature":"()"}`),
			pythonTools(`{"description": "", "name": "\ufb33", "signature": "()"}, {"description": "", "name": "\ud83d\ude00", "signature": "()"}`)},
		{"sort-by-case", "Names sort by code point, so Z comes before a.", "jcs",
			toolsAgent(`{"name":"a","description":"","parameters":{}},{"name":"Z","description":"","parameters":{}}`),
			jcsTools(`{"description":"","name":"Z","parameters":{}},{"description":"","name":"a","parameters":{}}`)},
		{"sort-prefix-first", "A name comes before the names that it begins.", "jcs",
			toolsAgent(`{"name":"ab","description":"","parameters":{}},{"name":"a","description":"","parameters":{}}`),
			jcsTools(`{"description":"","name":"a","parameters":{}},{"description":"","name":"ab","parameters":{}}`)},
		{"signature-left-out-of-jcs", "jcs takes parameters and no signature.", "jcs",
			toolsAgent(`{"name":"t","description":"d","parameters":{"type":"object"},"signature":"(x: int)"}`),
			jcsTools(`{"description":"d","name":"t","parameters":{"type":"object"}}`)},
		{"parameters-left-out-of-python", "python takes the signature and no parameters.", "python",
			toolsAgent(`{"name":"t","description":"d","parameters":{"type":"object"},"signature":"(x: int)"}`),
			pythonTools(`{"description": "d", "name": "t", "signature": "(x: int)"}`)},
		{"signature-is-opaque", "A signature enters as it is, wrapper parameters included.", "python",
			toolsAgent(`{"name":"t","description":"","signature":"(x, config=None, **kwargs)"}`),
			pythonTools(`{"description": "", "name": "t", "signature": "(x, config=None, **kwargs)"}`)},
		{"nested-parameters", "Objects and arrays inside parameters: members sort, items keep their order.", "jcs",
			toolsAgent(`{"name":"t","description":"","parameters":{"required":["b","a"],"properties":{"b":{"type":"string"},"a":{"type":"integer"}}}}`),
			jcsTools(`{"description":"","name":"t","parameters":{"properties":{"a":{"type":"integer"},"b":{"type":"string"}},"required":["b","a"]}}`)},
		{"description-is-not-normalised", "Only the prompt is normalised: a tool's description stays.", "jcs",
			toolsAgent(`{"name":"t","description":" d\r\n\n","parameters":{}}`),
			jcsTools(`{"description":" d\r\n\n","name":"t","parameters":{}}`)},
	})
	b.refuse("duplicate-names-jcs", "Two tools of one name have no lasting order and are refused in jcs.", made["sorted-jcs"], "",
		set("input", "/agent/tools/1/name", `"b"`), refused(), kills("checksum-tools-twice"))
	b.refuse("duplicate-names-jcs-raw", "Two tools of one name are refused in jcs-raw too.", made["unsorted-jcs-raw"], "",
		set("input", "/agent/tools/1/name", `"b"`), refused(), kills("checksum-tools-twice"))
	b.refuse("duplicate-names-python", "Two tools of one name are refused in python.", made["sorted-python"], "",
		set("input", "/agent/tools/1/name", `"b"`), refused(), kills("checksum-tools-twice"))
	b.refuse("signature-missing-python", "A tool without signature is an error in python.", made["sorted-python"], "",
		drop("input", "/agent/tools/0/signature"), refused(), kills("checksum-signature-optional"))
}

func checksumAbsent(b *builder) {
	b.refs = []string{refChecksumMust, refChecksum}
	t := checksums(b, []preimage{
		{"nothing", "An agent from which nothing is absent.", "jcs", toolsAgent(`{"name":"t","description":"d","parameters":{}}`),
			jcsTools(`{"description":"d","name":"t","parameters":{}}`)},
		{"configuration-jcs", "An absent configuration reads as {}.", "jcs",
			`{"agent_id":"a","prompt_template":"p","tools":[]}`,
			`{"agent_id":"a","configuration":{},"prompt_template":"p","tools":[]}`},
		{"configuration-jcs-raw", "An absent configuration reads as {} in jcs-raw.", "jcs-raw",
			`{"agent_id":"a","prompt_template":"p","tools":[]}`,
			`{"agent_id":"a","configuration":{},"prompt_template":"p","tools":[]}`},
		{"configuration-python", "An absent configuration reads as {} in python, where the member is called config.", "python",
			`{"agent_id":"a","prompt_template":"p","tools":[]}`,
			`{"config": {}, "id": "a", "prompt": "p", "tools": []}`},
		{"description-jcs", "An absent description reads as the empty string.", "jcs", toolsAgent(`{"name":"t","parameters":{}}`),
			jcsTools(`{"description":"","name":"t","parameters":{}}`)},
		{"description-python", "An absent description reads as the empty string in python, not as null.", "python", toolsAgent(`{"name":"t","signature":"()"}`),
			pythonTools(`{"description": "", "name": "t", "signature": "()"}`)},
		{"parameters-jcs", "Absent parameters read as {}.", "jcs", toolsAgent(`{"name":"t","description":"d"}`),
			jcsTools(`{"description":"d","name":"t","parameters":{}}`)},
	})["nothing"]
	required := []option{refused(), requirements("D00-5.2.1-01", "D00-5.2.1-03", "D00-5.2.1-04")}
	b.refuse("agent-id", "An agent without agent_id has no checksum.", t, "", drop("input", "/agent/agent_id"), append(required, kills("checksum-mandatory-optional"))...)
	b.refuse("prompt", "An agent without prompt_template has no checksum.", t, "", drop("input", "/agent/prompt_template"), append(required, kills("checksum-mandatory-optional"))...)
	b.refuse("prompt-null", "A prompt_template of null is no absent one and no string.", t, "", set("input", "/agent/prompt_template", "null"), required...)
	b.refuse("prompt-number", "A prompt_template is a string.", t, "", set("input", "/agent/prompt_template", "1"), required...)
	b.refuse("tool-name", "A tool without name has no place in the order.", t, "", drop("input", "/agent/tools/0/name"), append(required, kills("checksum-mandatory-optional"))...)
	b.refuse("tool-name-number", "The name of a tool is a string.", t, "", set("input", "/agent/tools/0/name", "1"), required...)
	b.refuse("tools", "An agent without tools has an empty array of them, not none.", t, "", drop("input", "/agent/tools"), append(required, kills("checksum-mandatory-optional"))...)
	b.refuse("tools-object", "The tools are an array.", t, "", set("input", "/agent/tools", "{}"), required...)
	unknown := []option{refused(), level("PROFILE")}
	b.refuse("unknown-member", "An unknown member of the agent would look covered and is refused.", t, "", set("input", "/agent/version", `"1"`), append(unknown, kills("checksum-unknown-ignored"))...)
	b.refuse("unknown-tool-member", "An unknown member of a tool would look covered and is refused.", t, "", set("input", "/agent/tools/0/returns", `"str"`), append(unknown, kills("checksum-unknown-ignored"))...)
	b.refuse("prototype-name", "The prototype's name config is unknown.", t, "", set("input", "/agent/config", "{}"), append(unknown, kills("checksum-unknown-ignored"))...)
	b.refuse("configuration-null", "A configuration of null is no absent one.", t, "", set("input", "/agent/configuration", "null"), unknown...)
	b.refuse("description-number", "A description is a string.", t, "", set("input", "/agent/tools/0/description", "1"), unknown...)
	b.refuse("parameters-array", "Parameters are an object.", t, "", set("input", "/agent/tools/0/parameters", "[]"), unknown...)
}

func checksumConfiguration(b *builder) {
	b.refs = []string{refChecksumMust, refChecksum}
	checksums(b, []preimage{
		{"open", "Every member of configuration counts, not only those that the draft names.", "jcs",
			`{"agent_id":"a","prompt_template":"p","tools":[],"configuration":{"top_p":1,"seed":[1,null,true,{"z":"","a":false}]}}`,
			`{"agent_id":"a","configuration":{"seed":[1,null,true,{"a":false,"z":""}],"top_p":1},"prompt_template":"p","tools":[]}`},
		{"open-python", "The same in python, with its separators and its sorted members at every depth.", "python",
			`{"agent_id":"a","prompt_template":"p","tools":[],"configuration":{"top_p":1,"seed":[1,null,true,{"z":"","a":false}]}}`,
			`{"config": {"seed": [1, null, true, {"a": false, "z": ""}], "top_p": 1}, "id": "a", "prompt": "p", "tools": []}`},
		{"member-names-by-code-point-python", "python sorts member names by code point.", "python",
			`{"agent_id":"a","prompt_template":"p","tools":[],"configuration":{"` + smile + `":1,"` + dalet + `":2}}`,
			`{"config": {"\ufb33": 2, "\ud83d\ude00": 1}, "id": "a", "prompt": "p", "tools": []}`},
		{"member-names-by-utf16-jcs", "jcs sorts member names by UTF-16 code unit.", "jcs",
			`{"agent_id":"a","prompt_template":"p","tools":[],"configuration":{"` + dalet + `":2,"` + smile + `":1}}`,
			`{"agent_id":"a","configuration":{"` + smile + `":1,"` + dalet + `":2},"prompt_template":"p","tools":[]}`},
		{"empty-containers-python", "Empty arrays and objects have nothing between their brackets in python.", "python",
			`{"agent_id":"a","prompt_template":"p","tools":[],"configuration":{"a":[],"b":{}}}`,
			`{"config": {"a": [], "b": {}}, "id": "a", "prompt": "p", "tools": []}`},
	})
}

func checksumNumbers(b *builder) {
	b.refs = []string{refChecksumMust, refChecksumPython, refChecksum, "RFC 8785, section 3.2.2.3"}
	var larger map[string]twin
	for _, r := range []struct{ slug, title, number, jcs, python string }{
		{"zero-fraction", "0.0 is 0 in ECMAScript and 0.0 in Python.", "0.0", "0", "0.0"},
		{"minus-zero", "-0.0 is 0 in ECMAScript and -0.0 in Python.", "-0.0", "0", "-0.0"},
		{"whole-exponent", "1e2 is 100 in ECMAScript and 100.0 in Python.", "1e2", "100", "100.0"},
		{"trailing-zeros", "0.50 is 0.5 in both.", "0.50", "0.5", "0.5"},
		{"small", "0.00001 is 0.00001 in ECMAScript and 1e-05 in Python.", "0.00001", "0.00001", "1e-05"},
		{"smaller", "0.0000001 is 1e-7 in ECMAScript and 1e-07 in Python.", "0.0000001", "1e-7", "1e-07"},
		{"large", "1e16 is 10000000000000000 in ECMAScript and 1e+16 in Python.", "1e16", "10000000000000000", "1e+16"},
		{"larger", "1e21 is 1e+21 in both.", "1e21", "1e+21", "1e+21"},
		{"seventeen-digits", "0.1 plus one unit in the last place keeps its seventeen digits in both.", "0.10000000000000002", "0.10000000000000002", "0.10000000000000002"},
		{"minus-zero-integer", "-0 without a fraction is 0 in both.", "-0", "0", "0"},
		{"plain-from-1e-4", "0.0001 is plain in both.", "1e-4", "0.0001", "0.0001"},
		{"plain-below-1e16", "1e15 is plain in both, in Python with a fraction.", "1e15", "1000000000000000", "1000000000000000.0"},
		{"last-below-1e16", "The last double below 1e16 is plain in both.", "9999999999999998.0", "9999999999999998", "9999999999999998.0"},
		{"three-digit-exponent", "An exponent has as many digits as it needs, two at least in Python.", "1e-300", "1e-300", "1e-300"},
		{"integer-beyond-double", "9007199254740993 becomes the nearest double in JCS and stays in Python.", "9007199254740993", "9007199254740992", "9007199254740993"},
		{"integer-of-thirty-digits", "An integer of thirty digits becomes a double in JCS and stays in Python.", "123456789012345678901234567890", "1.2345678901234568e+29", "123456789012345678901234567890"},
	} {
		agent := `{"agent_id":"a","prompt_template":"p","tools":[],"configuration":{"n":` + r.number + `}}`
		made := checksums(b, []preimage{
			{r.slug + "-jcs", r.title, "jcs", agent, `{"agent_id":"a","configuration":{"n":` + r.jcs + `},"prompt_template":"p","tools":[]}`},
			{r.slug + "-python", r.title, "python", agent, `{"config": {"n": ` + r.python + `}, "id": "a", "prompt": "p", "tools": []}`},
		})
		if r.slug == "larger" {
			larger = made
		}
	}
	b.refuse("beyond-double-jcs", "A number that no double holds has no JCS form and is refused.", larger["larger-jcs"], "",
		set("input", "/agent/configuration/n", "1e400"), refused())
	b.refuse("beyond-double-python", "A number that no double holds is refused in python too, where it would be Infinity.", larger["larger-python"], "",
		set("input", "/agent/configuration/n", "1e400"), refused())
}

func checksumDeep(b *builder) {
	b.refs = []string{"D00, section 5.2.5", refChecksumPython, refChecksum}
	checksums(b, []preimage{
		{"source-code-python", "source_code takes part in python where it is there.", "python",
			toolsAgent(`{"name":"t","description":"d","signature":"()","source_code":"def t():\n    return 1"}`),
			pythonTools(`{"description": "d", "name": "t", "signature": "()", "source_code": "def t():\n    return 1"}`)},
		{"one-tool-of-two-python", "source_code of one tool alone: the other one has no such member.", "python",
			toolsAgent(`{"name":"t","description":"d","signature":"()","source_code":"x"},{"name":"u","description":"d","signature":"()"}`),
			pythonTools(`{"description": "d", "name": "t", "signature": "()", "source_code": "x"}, {"description": "d", "name": "u", "signature": "()"}`)},
		{"source-code-as-given", "source_code is hashed as given: its normalisation is the tool's language's work.", "python",
			toolsAgent(`{"name":"t","description":"d","signature":"()","source_code":"  # é\r\n"}`),
			pythonTools(`{"description": "d", "name": "t", "signature": "()", "source_code": "  # \u00e9\r\n"}`)},
		{"source-code-left-out-of-jcs", "jcs has no place for source_code.", "jcs",
			toolsAgent(`{"name":"t","description":"d","parameters":{},"source_code":"x"}`),
			jcsTools(`{"description":"d","name":"t","parameters":{}}`)},
	})
}
