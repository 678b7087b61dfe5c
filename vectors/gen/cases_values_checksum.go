package main

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/agentic-jwt/ajwt/vectors"
)

// The checksum cases: the serialised object of each one stands here as text, written by
// hand from the rules, and only its SHA-256 is computed. So a reader can check a case
// with any sha256sum, and nothing is shared with a verifier's serialiser.

var checksumTopics = []topic{
	{"checksum", "reading", meets(checksumReading, "D00-5.2.1-01 D00-5.3.1-01 D00-5.3.1-02 D00-5.3.1-04 D00-5.3.1-05 D00-5.3.1-06 D00-5.3.2-01 D00-5.3.2-02 D00-5.3.2-05 D00-5.3.2-06")},
	{"checksum", "prompt", meets(checksumPrompt, "D00-5.2.1-03 D00-5.3.2-03")},
	{"checksum", "tools", meets(checksumTools, "D00-5.2.1-04 D00-5.2.1-05 D00-5.3.2-04 D00-5.3.2-08")},
	{"checksum", "absent", meets(checksumAbsent, "D00-5.2.1-06")},
	{"checksum", "configuration", meets(checksumConfiguration, "D00-5.2.1-06 D00-5.3.1-03")},
	{"checksum", "numbers", meets(checksumNumbers, "D00-5.3.1-03")},
	{"checksum", "deep", meets(checksumDeep, "D00-5.2.3-01 D00-5.2.3-02")},
}

const (
	refChecksumMust   = "D00, section 5.3.1"
	refChecksumPython = "D00, section 5.3.2"
	refChecksum       = "profile, section 6"
)

// preimage is a checksum case: the agent as it is given and the text that is hashed.
type preimage struct {
	slug, title string
	reading     string // jcs, jcs-raw, python
	agent       string // JSON text
	text        string // what is hashed
}

// Two names whose order differs between code points and UTF-16 code units: U+FB33 comes
// before U+1F600 by code point, and after its first surrogate by code unit.
const (
	dalet = "\ufb33"
	smile = "\U0001f600"
)

// checksumKills maps a case of a value, as topic.slug, to the seeded faults that it finds
// and on which a requirement rests.
var checksumKills = map[string][]string{
	"reading.golden-jcs":                      {"checksum-prototype-names", "checksum-line-end", "checksum-tools-as-given", "checksum-prompt-blank-lines-kept"},
	"reading.golden-jcs-raw":                  {"checksum-prompt-always-normalised", "checksum-tools-always-sorted", "checksum-line-end"},
	"reading.golden-python":                   {"checksum-python-compact", "checksum-python-utf8", "checksum-tools-as-given", "checksum-line-end"},
	"reading.plain-jcs":                       {"checksum-prototype-names"},
	"reading.agent-id-counts":                 {"checksum-prototype-names"},
	"reading.unicode-python":                  {"checksum-python-utf8"},
	"reading.html-jcs":                        {"checksum-html-escaped"},
	"prompt.next-line-0085":                   {"checksum-prompt-ascii-space", "checksum-prompt-line-ends"},
	"prompt.crlf":                             {"checksum-prompt-as-given"},
	"prompt.blank-lines":                      {"checksum-prompt-as-given", "checksum-prompt-blank-lines-kept"},
	"prompt.lone-cr-inside":                   {"checksum-prompt-line-ends"},
	"prompt.raw-keeps-everything":             {"checksum-prompt-always-normalised"},
	"tools.sorted-jcs":                        {"checksum-tools-as-given"},
	"tools.sorted-python":                     {"checksum-tools-as-given"},
	"tools.unsorted-jcs-raw":                  {"checksum-tools-always-sorted"},
	"tools.sorted-by-code-point-jcs":          {"checksum-tools-by-utf16"},
	"tools.members-by-utf16-jcs":              {"checksum-members-by-code-point"},
	"configuration.member-names-by-utf16-jcs": {"checksum-members-by-code-point"},
	"absent.configuration-jcs":                {"checksum-absent-as-null"},
	"absent.description-python":               {"checksum-absent-as-null"},
	"numbers.large-jcs":                       {"checksum-numbers-like-go"},
	"numbers.small-jcs":                       {"checksum-numbers-like-go"},
	"numbers.integer-beyond-double-jcs":       {"checksum-numbers-like-go"},
	"numbers.zero-fraction-python":            {"checksum-python-whole-floats"},
	"numbers.small-python":                    {"checksum-python-short-exponent"},
	"deep.source-code-python":                 {"checksum-source-code-ignored"},
	"deep.source-code-left-out-of-jcs":        {"checksum-source-code-in-jcs"},
}

// hashed is SHA-256 of text in the form of an agent checksum.
func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// checksums adds cases that have a value, and returns them by slug.
func checksums(b *builder, rows []preimage) map[string]twin {
	made := map[string]twin{}
	for _, r := range rows {
		made[r.slug] = b.value(r.slug, r.title, "checksum", checksumInput(r.reading, r.agent), hashed(r.text), kills(checksumKills[b.topic+"."+r.slug]...))
	}
	return made
}

// refused says of a value operation that the input has no value; such a rejection has
// no code.
func refused() option { return func(c *vectors.Case) { c.Expect.Verdict = "reject" } }

func checksumInput(reading, agent string) string {
	return `{"reading":` + quote(reading) + `,"agent":` + agent + `}`
}

// goldenAgent is the agent of the profile's golden values.
const goldenAgent = `{"agent_id":"patcher","prompt_template":"  Patch it.\r\n\r\n\tBe careful. \n",` +
	`"tools":[{"name":"write_file","description":"Écrit","parameters":{"type":"object"},"signature":"write_file(path: str)"},` +
	`{"name":"read_file","description":"Read","parameters":{},"signature":"read_file(path: str)"}],` +
	`"configuration":{"model_name":"m","temperature":0.2,"max_tokens":100}}`

// plainAgent has nothing that any reading would change, so its two JCS readings agree.
const plainAgent = `{"agent_id":"a","prompt_template":"p","tools":[],"configuration":{}}`

func checksumReading(b *builder) {
	b.refs = []string{refChecksumMust, refChecksumPython, refChecksum}
	// The golden values of the profile, written out; the text is theirs too.
	for _, r := range []struct{ reading, value, text string }{
		{"jcs", "fe7d0ce288d695cdc6769855b50bea0aef1e132bbae8badb4f384de752a7aa10",
			`{"agent_id":"patcher","configuration":{"max_tokens":100,"model_name":"m","temperature":0.2},"prompt_template":"Patch it.\nBe careful.","tools":[{"description":"Read","name":"read_file","parameters":{}},{"description":"Écrit","name":"write_file","parameters":{"type":"object"}}]}`},
		{"jcs-raw", "37517ee1396b363eb93da2f91190b4001692187cc582bac4104ba5daf62647c6",
			`{"agent_id":"patcher","configuration":{"max_tokens":100,"model_name":"m","temperature":0.2},"prompt_template":"  Patch it.\r\n\r\n\tBe careful. \n","tools":[{"description":"Écrit","name":"write_file","parameters":{"type":"object"}},{"description":"Read","name":"read_file","parameters":{}}]}`},
		{"python", "3954acf83abdd15e3150ed9211016883918e77fdfc904826380e4749b542775a",
			`{"config": {"max_tokens": 100, "model_name": "m", "temperature": 0.2}, "id": "patcher", "prompt": "Patch it.\nBe careful.", "tools": [{"description": "Read", "name": "read_file", "signature": "read_file(path: str)"}, {"description": "\u00c9crit", "name": "write_file", "signature": "write_file(path: str)"}]}`},
	} {
		if hashed(r.text) != "sha256:"+r.value {
			panic("the golden value of " + r.reading + " does not follow from its text")
		}
		b.value("golden-"+r.reading, "The profile's golden agent has the profile's value in the reading "+r.reading+".", "checksum",
			checksumInput(r.reading, goldenAgent), "sha256:"+r.value, kills(checksumKills["reading.golden-"+r.reading]...))
	}
	checksums(b, []preimage{
		{"plain-jcs", "An agent without tools and settings in the reading jcs.", "jcs", plainAgent,
			`{"agent_id":"a","configuration":{},"prompt_template":"p","tools":[]}`},
		{"plain-jcs-raw", "Where there is nothing to normalise, jcs-raw gives the value of jcs.", "jcs-raw", plainAgent,
			`{"agent_id":"a","configuration":{},"prompt_template":"p","tools":[]}`},
		{"plain-python", "An agent without tools and settings in the reading python, whose members have other names and separators.", "python", plainAgent,
			`{"config": {}, "id": "a", "prompt": "p", "tools": []}`},
		{"member-order-of-input", "The order in which the agent's members come does not count.", "jcs",
			`{"configuration":{},"tools":[],"prompt_template":"p","agent_id":"a"}`,
			`{"agent_id":"a","configuration":{},"prompt_template":"p","tools":[]}`},
		{"agent-id-counts", "Another agent_id alone gives another value.", "jcs",
			`{"agent_id":"b","prompt_template":"p","tools":[],"configuration":{}}`,
			`{"agent_id":"b","configuration":{},"prompt_template":"p","tools":[]}`},
		{"unicode-jcs", "The JCS readings write characters outside ASCII as they are.", "jcs",
			`{"agent_id":"a","prompt_template":"Ä \ud83d\ude00 €","tools":[],"configuration":{}}`,
			`{"agent_id":"a","configuration":{},"prompt_template":"Ä 😀 €","tools":[]}`},
		{"unicode-python", "The python reading escapes characters outside ASCII, those beyond U+FFFF as two surrogates, in lower case.", "python",
			`{"agent_id":"a","prompt_template":"Ä 😀 €","tools":[],"configuration":{}}`,
			`{"config": {}, "id": "a", "prompt": "\u00c4 \ud83d\ude00 \u20ac", "tools": []}`},
		{"escapes-jcs", "The JCS readings use the short escapes where there are some and leave slash and DEL alone.", "jcs-raw",
			`{"agent_id":"a","prompt_template":"\u0000\b\t\n\f\r\u001f\"\\\/\u007f","tools":[],"configuration":{}}`,
			`{"agent_id":"a","configuration":{},"prompt_template":"\u0000\b\t\n\f\r\u001f\"\\/` + "\x7f" + `","tools":[]}`},
		{"escapes-python", "The python reading escapes likewise, and DEL too: Python keeps only what stands from blank to tilde.", "python",
			`{"agent_id":"a","prompt_template":"x\u0000\b\u0001\"\\\/\u007fx","tools":[],"configuration":{}}`,
			`{"config": {}, "id": "a", "prompt": "x\u0000\b\u0001\"\\/\u007fx", "tools": []}`},
		{"html-jcs", "Nothing is escaped for the sake of HTML in jcs.", "jcs",
			`{"agent_id":"a","prompt_template":"<b>&\u003c\u0026","tools":[],"configuration":{}}`,
			`{"agent_id":"a","configuration":{},"prompt_template":"<b>&<&","tools":[]}`},
		{"html-python", "Nothing is escaped for the sake of HTML in python.", "python",
			`{"agent_id":"a","prompt_template":"<b>&\u003c\u0026","tools":[],"configuration":{}}`,
			`{"config": {}, "id": "a", "prompt": "<b>&<&", "tools": []}`},
		{"no-unicode-normalisation-composed", "A composed character stays composed (NFC and NFD are two prompts).", "jcs",
			`{"agent_id":"a","prompt_template":"\u00e9","tools":[],"configuration":{}}`,
			`{"agent_id":"a","configuration":{},"prompt_template":"` + "\u00e9" + `","tools":[]}`},
		{"no-unicode-normalisation-decomposed", "A decomposed character stays decomposed.", "jcs",
			`{"agent_id":"a","prompt_template":"e\u0301","tools":[],"configuration":{}}`,
			`{"agent_id":"a","configuration":{},"prompt_template":"` + "e\u0301" + `","tools":[]}`},
	})
}

// prompts adds cases on one prompt: before and after are the insides of JSON strings,
// after in the least escaped form.
func prompts(b *builder, rows []struct{ slug, title, before, after string }) {
	for _, r := range rows {
		checksums(b, []preimage{{r.slug, r.title, "jcs",
			`{"agent_id":"a","prompt_template":"` + r.before + `","tools":[],"configuration":{}}`,
			`{"agent_id":"a","configuration":{},"prompt_template":"` + r.after + `","tools":[]}`}})
	}
}

func checksumPrompt(b *builder) {
	b.refs = []string{refChecksumPython, refChecksum}
	prompts(b, []struct{ slug, title, before, after string }{
		{"crlf", "CRLF becomes LF.", `a\r\nb`, `a\nb`},
		{"lone-cr-inside", "A lone CR within a line is no line end and stays.", `a\rb`, `a\rb`},
		{"lone-cr-at-line-end", "A lone CR beside a line end is white space and goes.", `a\r\r\nb`, `a\nb`},
		{"cr-before-crlf-only-lines", "Lines that hold only CR are empty.", `a\n\r\n\rb`, `a\nb`},
		{"blank-lines", "Blank lines collapse.", `a\n\n\n\nb`, `a\nb`},
		{"blank-lines-with-spaces", "Lines of blanks and tabs count as blank.", `a\n \t \n  b`, `a\nb`},
		{"indentation", "Each line loses the blanks at both its ends.", `  a  \n\tb\t\n c`, `a\nb\nc`},
		{"inner-blanks-stay", "Blanks within a line stay as they are.", `a  b\tc`, `a  b\tc`},
		{"only-white-space", "A prompt of white space alone becomes the empty string.", ` \t\r\n\n `, ``},
		{"empty", "The empty prompt stays empty.", ``, ``},
		{"trailing-line-end", "A line end at the end goes.", `a\n`, `a`},
		{"vertical-tab-and-form-feed", "Vertical tab and form feed are white space but no line ends.", `\u000ba\u000cb\u000c`, `a\fb`},
		{"separators-1c-to-1f", "U+001C to U+001F are white space in Python, unlike in most languages.", `\u001c\u001da\u001eb\u001e\u001f`, `a\u001eb`},
		{"next-line-0085", "U+0085 is white space at the ends and no line end inside.", `\u0085a\u0085b\u0085`, "a\u0085b"},
		{"no-break-space-00a0", "U+00A0 is white space.", `\u00a0a\u00a0b\u00a0`, "a\u00a0b"},
		{"ogham-space-1680", "U+1680 is white space.", `\u1680a\u1680`, "a"},
		{"spaces-2000-to-200a", "U+2000 to U+200A are white space.", `\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200aa\u200a`, "a"},
		{"line-separator-2028", "U+2028 is white space and no line end.", `\u2028a\u2028 b\u2028`, "a\u2028 b"},
		{"paragraph-separator-2029", "U+2029 is white space and no line end.", `\u2029a\u2029 b\u2029`, "a\u2029 b"},
		{"spaces-202f-205f-3000", "U+202F, U+205F and U+3000 are white space.", `\u202f\u205f\u3000a\u3000\u205f\u202f`, "a"},
		{"not-white-space-180e", "U+180E is no white space and stays.", `\u180ea\u180e`, "\u180ea\u180e"},
		{"not-white-space-200b", "U+200B is no white space and stays.", `\u200ba\u200b`, "\u200ba\u200b"},
		{"not-white-space-2060", "U+2060 is no white space and stays.", `\u2060a\u2060`, "\u2060a\u2060"},
		{"not-white-space-feff", "U+FEFF is no white space and stays.", `\ufeffa\ufeff`, "\ufeffa\ufeff"},
		{"blank-line-of-exotic-space", "A line of white space outside ASCII is blank too.", `a\n\u3000\u2028\u0085\nb`, `a\nb`},
		{"exotic-space-at-line-ends", "White space outside ASCII goes at the ends of each line.", `a\u3000\n\u2003b`, `a\nb`},
	})
	checksums(b, []preimage{
		{"raw-keeps-everything", "jcs-raw hashes the prompt as it is.", "jcs-raw",
			`{"agent_id":"a","prompt_template":" a\r\n\n b ","tools":[],"configuration":{}}`,
			`{"agent_id":"a","configuration":{},"prompt_template":" a\r\n\n b ","tools":[]}`},
		{"python-normalises-too", "The python reading normalises the prompt like jcs.", "python",
			`{"agent_id":"a","prompt_template":"\u0085 a\r\n\n\u3000b ","tools":[],"configuration":{}}`,
			`{"config": {}, "id": "a", "prompt": "a\nb", "tools": []}`},
	})
}
