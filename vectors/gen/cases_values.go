package main

import (
	"fmt"
	"strings"
)

// The value operations beside checksums: sequence hashes, thumbprints, canonical JSON.

var valueTopics = []topic{
	{"hash", "chain", meets(hashChain, "D00-4.4.2-15 D00-4.4.4-01")},
	{"hash", "steps", meets(hashSteps, "D00-4.4.2-17 D00-4.4.4-02")},
	{"hash", "form", meets(hashForm, "D00-4.4.2-15 D00-4.4.2-17")},
	{"thumbprint", "jwk", meets(thumbprintJWK, "RFC7638-3-01 RFC7638-3-02 RFC7638-3.2-01 RFC7638-3.2.1-01 RFC7638-3.4-01")},
	{"jcs", "numbers", meets(jcsNumbers, "RFC8785-3.1-04 RFC8785-3.2.2.3-01")},
	{"jcs", "strings", meets(jcsStrings, "RFC8785-3.1-03 RFC8785-3.1-06 RFC8785-3.2.2.2-01 RFC8785-3.2.2.2-02 RFC8785-3.2.2.2-03")},
	{"jcs", "structure", meets(jcsStructure, "RFC8785-3.1-01 RFC8785-3.1-02 RFC8785-3.2.1-01 RFC8785-3.2.2.1-01 RFC8785-3.2.3-01 RFC8785-3.2.3-02 RFC8785-3.2.3-03 RFC8785-3.2.4-01 RFC8785-5-01")},
}

const refSequence = "profile, section 7"

func chainInput(form string, ids ...string) string {
	return `{"chain":` + quoteAll(ids) + `,"form":` + quote(form) + `}`
}

func stepsInput(form string, ids ...string) string {
	return `{"steps":` + quoteAll(ids) + `,"form":` + quote(form) + `}`
}

func hashChain(b *builder) {
	b.refs = []string{"D00, section 4.4.4", refSequence}
	for _, c := range []struct{ slug, title, value, ids string }{
		{"draft", "The chain of the draft's code, whose printed value is wrong.", "e2b0bb2db17839e8", "supervisor planner patcher"},
		{"long-names", "A chain of three agents with longer names, from the table of the profile.", "2f0b6b1132b4c1f7", "supervisor-agent patch-planner vulnerability-patcher-v1"},
		{"without-requester", "A chain without the requester has another value.", "", "supervisor-agent planner-agent"},
		{"draft-request", "The chain of the draft's token request, whose value the draft does not print.", "5d6e9812e91782da", "supervisor-agent planner-agent vulnerability-patcher-v1"},
		{"one", "A chain of one agent.", "242d2f23a194483a", "patcher"},
		{"two", "A chain of two agents.", "", "supervisor patcher"},
		{"reversed", "The order counts: requester first is another chain.", "", "patcher planner supervisor"},
		{"case", "Ids count byte for byte: another case is another chain.", "", "Supervisor planner patcher"},
		{"every-character", "An agent id may hold letters, digits and the characters . _ : @ / and -.", "", "AZaz09._:@/- b"},
		{"sixteen", "A chain of sixteen agents, the most there are.", "", "a b c d e f g h i j k l m n o p"},
		{"128-bytes", "An id of 128 bytes.", "", strings.Repeat("a", 128) + " b"},
	} {
		ids := strings.Fields(c.ids)
		short := shortHash(ids...)
		if c.value != "" && c.value != short {
			panic("the profile's table says " + c.value + " of " + c.ids)
		}
		b.value(c.slug+"-short", c.title, "chain_hash", chainInput("short", ids...), short)
		b.value(c.slug+"-long", strings.TrimSuffix(c.title, ".")+", in the long form.", "chain_hash", chainInput("long", ids...), longHash(ids...))
	}
	t := b.value("a-b", "Two agents a and b.", "chain_hash", chainInput("long", "a", "b"), longHash("a", "b"))
	chain := func(slug, title, ids string) {
		b.refuse(slug, title, t, "", set("input", "/chain", ids), refused(), refs("profile, section 5", refSequence), level("PROFILE"))
	}
	chain("delimiter-inside", "One agent a|b is no two agents a and b: the delimiter stands in no id.", `["a|b"]`)
	chain("agent-twice", "No agent stands twice in a chain.", `["a","b","a"]`)
	chain("agent-twice-in-a-row", "No agent delegates to itself.", `["a","a"]`)
	chain("id-empty", "An empty id is none.", `["a",""]`)
	chain("id-129-bytes", "An id of 129 bytes is none.", `["a",`+text("b", 129)+`]`)
	chain("id-blank", "An id with a blank is none.", `["a","b c"]`)
	chain("id-unicode", "An id with a letter outside ASCII is none.", `["a","б"]`)
	chain("id-nul", "An id with a NUL is none.", `["a","b\u0000"]`)
}

func hashSteps(b *builder) {
	b.refs = []string{"D00, section 4.4.4", refSequence}
	for _, c := range []struct{ slug, title, value, ids string }{
		{"draft", "The steps of the draft's code, whose printed value is wrong.", "bed72404ae7c18e8", "step_1_analyze step_2_plan step_3_patch"},
		{"draft-four", "The four short names that the draft's walk through prints.", "b9a1e321259754a4", "step_1 step_2 step_3 step_4"},
		{"draft-real-ids", "The walk through's steps by the ids that its workflow gives them.", "6cdda67fce55b907", "step_1_analyze_manifest step_2_create_patch_plan step_3_approval_gate step_4_apply_patch"},
		{"none", "No steps hash like the empty string.", "e3b0c44298fc1c14", ""},
		{"one", "The first step of a workflow: the current step alone.", "", "step_1_analyze"},
		{"order", "The order of completion counts.", "", "step_2_plan step_1_analyze step_3_patch"},
		{"every-character", "A step id may hold letters, digits and the characters . _ : @ and -.", "", "AZaz09._:@- b"},
	} {
		ids := strings.Fields(c.ids)
		short := shortHash(ids...)
		if c.value != "" && c.value != short {
			panic("the profile's table says " + c.value + " of " + c.ids)
		}
		b.value(c.slug+"-short", c.title, "step_hash", stepsInput("short", ids...), short)
		b.value(c.slug+"-long", strings.TrimSuffix(c.title, ".")+", in the long form.", "step_hash", stepsInput("long", ids...), longHash(ids...))
	}
	t := b.value("a-b", "Two steps a and b.", "step_hash", stepsInput("long", "a", "b"), longHash("a", "b"))
	steps := func(slug, title, ids string) {
		b.refuse(slug, title, t, "", set("input", "/steps", ids), refused(), refs("profile, section 5", refSequence), level("PROFILE"))
	}
	steps("delimiter-inside", "One step a|b is no two steps a and b.", `["a|b"]`)
	steps("slash", "A slash stands in no step id: it separates workflow from step.", `["a","w/b"]`)
	steps("id-empty", "An empty id is none.", `["","b"]`)
}

func hashForm(b *builder) {
	b.refs = []string{"D00, section 4.4.4", refSequence}
	// Leading zeros are digits like others: the first list of numbers whose hash has some.
	for i := 0; ; i++ {
		id := fmt.Sprintf("agent-%d", i)
		if strings.HasPrefix(shortHash(id), "00") {
			b.value("leading-zeros-short", "Leading zeros of a hash stay.", "chain_hash", chainInput("short", id), shortHash(id))
			b.value("leading-zeros-long", "Leading zeros of a hash stay in the long form.", "chain_hash", chainInput("long", id), longHash(id))
			break
		}
	}
	b.value("short-is-prefix", "The short form is the first sixteen characters of the hash.", "step_hash", stepsInput("short", "abc"), "ba7816bf8f01cfea")
	b.value("long-of-abc", "The long form is sha256: and the whole hash in lower case.", "step_hash", stepsInput("long", "abc"),
		"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", refs("FIPS 180-4", refSequence))
	b.value("short-of-chain", "Chains and steps are hashed alike.", "chain_hash", chainInput("short", "abc"), "ba7816bf8f01cfea")
}

func thumbprintJWK(b *builder) {
	b.refs = []string{"RFC 7638, section 3", "RFC 7638, section 3.2"}
	value := func(slug, title, jwk, want string, opts ...option) twin {
		return b.value(slug, title, "thumbprint", `{"jwk":`+jwk+`}`, want, opts...)
	}
	okpExample := `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	e := value("rfc8037-usual-order", "The example of RFC 8037 with its members in the usual order.", okpExample, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", refs("RFC 8037, appendix A.3"))
	value("rfc8037-with-names", "The example of RFC 8037 with kid, use and alg.", strings.TrimSuffix(okpExample, "}")+`,"kid":"a","use":"sig","alg":"EdDSA"}`,
		"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", refs("RFC 8037, appendix A.3"), kills("thumbprint-of-all-members"))
	value("rfc8037-escaped", "JSON escapes in names and values change nothing.", `{"\u006bty":"\u004fKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
		"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", refs("RFC 8037, appendix A.3"))
	for _, k := range []struct{ name, sorted string }{
		{"agent-p256-a", "crv kty x y"}, {"p384-b", "crv kty x y"}, {"agent-ed25519-a", "crv kty x"}, {"ed448-b", "crv kty x"}, {"rsa-3072-a", "e kty n"}, {"mldsa44-b", "alg kty pub"},
	} {
		key := testKey(k.name)
		sorted := make([]field, 0, 4)
		for _, name := range strings.Fields(k.sorted) {
			for _, f := range key.public {
				if f.name == name {
					sorted = append(sorted, f)
				}
			}
		}
		value(k.name, "The thumbprint covers "+strings.ReplaceAll(k.sorted, " ", ", ")+", in this order.", key.jwk(field{"kid", "k"}), hashOf(jwkText(sorted, nil)), kills("thumbprint-order-as-given"))
	}
	refuse := func(slug, title string, e edit, t twin) { b.refuse(slug, title, t, "", e, refused()) }
	refuse("kty-missing", "A JWK without kty has no thumbprint.", drop("input", "/jwk/kty"), e)
	refuse("crv-missing", "An Edwards JWK without crv has no thumbprint.", drop("input", "/jwk/crv"), e)
	refuse("x-missing", "An Edwards JWK without x has no thumbprint.", drop("input", "/jwk/x"), e)
	refuse("x-number", "A required member is a string.", set("input", "/jwk/x", "11"), e)
	refuse("kty-unknown", "Of an unknown kty nobody knows what is required.", set("input", "/jwk/kty", `"XYZ"`), e)
	ec := value("p256-for-faults", "A P-256 key without other members.", testKey("agent-p256-b").jwk(), testKey("agent-p256-b").thumbprint())
	refuse("y-missing", "An EC JWK without y has no thumbprint.", drop("input", "/jwk/y"), ec)
	akp := value("mldsa44-for-faults", "An ML-DSA key without other members.", testKey("mldsa44-b").jwk(), testKey("mldsa44-b").thumbprint(), refs("RFC 9964"))
	refuse("akp-alg-missing", "The alg of an ML-DSA JWK is required.", drop("input", "/jwk/alg"), akp)
}

// jcsCase adds a canonical form; jcsRefuse a text that has none.
func jcsCase(b *builder, slug, title, text, want string, opts ...option) twin {
	return b.value(slug, title, "jcs", `{"json":`+quote(text)+`}`, want, opts...)
}

func jcsRefuse(b *builder, t twin, slug, title, text string, opts ...option) {
	b.refuse(slug, title, t, "", set("input", "/json", quote(text)), append(opts, refused())...)
}

func jcsNumbers(b *builder) {
	b.refs = []string{"RFC 8785, section 3.2.2.3", "RFC 8785, appendix B"}
	// Appendix B, by shortest decimal text of the same double.
	for _, n := range []struct{ slug, text, want string }{
		{"zero", "0", "0"}, {"minus-zero", "-0", "0"}, {"minus-zero-fraction", "-0.0", "0"},
		{"least-positive", "4.9406564584124654e-324", "5e-324"}, {"least-negative", "-4.9406564584124654e-324", "-5e-324"},
		{"greatest", "1.7976931348623157081e308", "1.7976931348623157e+308"}, {"greatest-negative", "-1.7976931348623157081e308", "-1.7976931348623157e+308"},
		{"integer-2-53", "9007199254740992", "9007199254740992"}, {"integer-2-53-negative", "-9007199254740992", "-9007199254740992"},
		{"integer-2-53-plus-1", "9007199254740993", "9007199254740992"}, {"integer-2-53-plus-2", "9007199254740994", "9007199254740994"},
		{"integer-2-68", "295147905179352825856", "295147905179352830000"},
		{"below-1e23", "99999999999999970000000", "9.999999999999997e+22"}, {"1e23", "100000000000000000000000", "1e+23"}, {"above-1e23", "1.0000000000000001e23", "1.0000000000000001e+23"},
		{"below-1e21", "999999999999999700000.0", "999999999999999700000"}, {"last-below-1e21", "999999999999999900000", "999999999999999900000"}, {"1e21", "1000000000000000000000", "1e+21"},
		{"below-1e-6", "0.0000009999999999999997", "9.999999999999997e-7"}, {"1e-6", "1E-6", "0.000001"}, {"1e-7", "0.0000001", "1e-7"},
		{"third-1", "333333333.3333332", "333333333.3333332"}, {"third-2", "333333333.33333325", "333333333.33333325"}, {"third-3", "333333333.3333333", "333333333.3333333"},
		{"third-4", "333333333.3333334", "333333333.3333334"}, {"third-5", "333333333.33333343", "333333333.33333343"},
		{"small-negative", "-0.0000033333333333333333", "-0.0000033333333333333333"}, {"tie-to-even", "1424953923781206.25", "1424953923781206.2"},
		{"exponent-plus", "1e+2", "100"}, {"exponent-zeros", "1e002", "100"}, {"fraction-zeros", "1.500", "1.5"}, {"whole-fraction", "10.0", "10"},
		{"underflow", "1e-400", "0"}, {"underflow-negative", "-1e-400", "0"}, {"many-digits", "0.1000000000000000055511151231257827021181583404541015625", "0.1"},
	} {
		jcsCase(b, n.slug, "The number "+n.text+" becomes "+n.want+".", n.text, n.want)
	}
	t := jcsCase(b, "one", "The number 1 stays.", "1", "1")
	jcsRefuse(b, t, "overflow", "A number beyond the doubles has no canonical form.", "1e309", refs("RFC 8785, section 3.2.2.3", "RFC 7493, section 2.2"))
	jcsRefuse(b, t, "overflow-negative", "A number below the doubles has no canonical form.", "-1e309")
	jcsRefuse(b, t, "overflow-by-digits", "A number that rounds beyond the doubles has no canonical form.", "1.7976931348623159e308")
	jcsRefuse(b, t, "nan", "NaN is no JSON.", "NaN")
	jcsRefuse(b, t, "infinity", "Infinity is no JSON.", "Infinity")
	jcsRefuse(b, t, "leading-zero", "A leading zero is no JSON.", "01")
	jcsRefuse(b, t, "plus-sign", "A plus sign is no JSON.", "+1")
	jcsRefuse(b, t, "point-alone", "A point without digits behind it is no JSON.", "1.")
}

func jcsStrings(b *builder) {
	b.refs = []string{"RFC 8785, section 3.2.2.2"}
	t := jcsCase(b, "rfc-sample", "The string of the RFC's sample.", `"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/"`, `"€$\u000f\nA'B\"\\\\\"/"`, refs("RFC 8785, section 3.2.2"))
	jcsCase(b, "short-escapes", "The five control characters with short escapes get them.", `"\u0008\u0009\u000a\u000c\u000d"`, `"\b\t\n\f\r"`)
	jcsCase(b, "other-controls", "The other control characters get an escape in lower case.", `"\u0000\u0001\u000B\u001B\u001F"`, `"\u0000\u0001\u000b\u001b\u001f"`)
	jcsCase(b, "delete", "DEL is not escaped.", `"\u007f"`, "\"\x7f\"")
	jcsCase(b, "solidus", "A solidus is not escaped.", `"\/"`, `"/"`)
	jcsCase(b, "line-separators", "U+2028 and U+2029 are not escaped.", `"\u2028\u2029"`, "\"\u2028\u2029\"")
	jcsCase(b, "html", "Nothing is escaped for the sake of HTML.", `"<a href='x'>&"`, `"<a href='x'>&"`)
	jcsCase(b, "surrogate-pair", "A surrogate pair becomes its character.", `"\ud83d\ude00"`, `"`+smile+`"`)
	jcsCase(b, "not-normalised", "Unicode is not normalised.", `"e\u0301\u00e9"`, "\"e\u0301\u00e9\"", refs("RFC 8785, section 3.1"))
	jcsCase(b, "noncharacter", "Noncharacters stay.", `"\uffff\ufdd0"`, "\"\uffff\ufdd0\"")
	jcsRefuse(b, t, "lone-high-surrogate", "A lone high surrogate has no canonical form.", `"\ud800"`)
	jcsRefuse(b, t, "lone-low-surrogate", "A lone low surrogate has no canonical form.", `"\udc00"`)
	jcsRefuse(b, t, "surrogates-reversed", "Surrogates in the wrong order have no canonical form.", `"\ude00\ud83d"`)
	jcsRefuse(b, t, "raw-line-feed", "A raw line feed in a string is no JSON.", "\"a\nb\"")
	jcsRefuse(b, t, "unknown-escape", "An unknown escape is no JSON.", `"\x41"`)
}

func jcsStructure(b *builder) {
	b.refs = []string{"RFC 8785, section 3.2.3"}
	t := jcsCase(b, "rfc-sort", "The RFC's sample of sorting.",
		`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`,
		`{"\r":"Carriage Return","1":"One","`+"\u0080"+`":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","`+smile+`":"Emoji: Grinning Face","`+dalet+`":"Hebrew Letter Dalet With Dagesh"}`)
	jcsCase(b, "rfc-sample", "The RFC's sample of everything.",
		"{\n  \"numbers\": [333333333.33333329, 1E30, 4.50,\n              2e-3, 0.000000000000000000000000001],\n  \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\n  \"literals\": [null, true, false]\n}",
		`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`, refs("RFC 8785, section 3.2.2", "RFC 8785, section 3.2.4"))
	jcsCase(b, "prefix-first", "A name comes before the names that it begins.", `{"ab":1,"a":2,"":3}`, `{"":3,"a":2,"ab":1}`)
	jcsCase(b, "upper-before-lower", "Names sort by code unit: upper case first.", `{"a":1,"B":2,"_":3}`, `{"B":2,"_":3,"a":1}`)
	jcsCase(b, "digits-as-text", "Names of digits sort as text.", `{"10":1,"9":2,"1":3}`, `{"1":3,"10":1,"9":2}`)
	jcsCase(b, "nested", "Objects sort at every depth, arrays keep their order.", `{"b":[{"d":1,"c":2},[3,1,2]],"a":{"z":{"y":1,"x":2}}}`, `{"a":{"z":{"x":2,"y":1}},"b":[{"c":2,"d":1},[3,1,2]]}`)
	jcsCase(b, "empty", "Empty objects and arrays.", " { \"a\" : [ ] , \"b\" : { } } ", `{"a":[],"b":{}}`, refs("RFC 8785, section 3.2.1"))
	jcsCase(b, "escaped-names", "Names sort by what they mean and not by how they are written.", `{"\u0062":1,"a":2}`, `{"a":2,"b":1}`)
	jcsCase(b, "scalar", "A value that is no object has a canonical form too.", " \t\n\r null ", `null`, refs("RFC 8785, section 3.2.1"))
	for _, c := range []struct{ slug, title, text string }{
		{"duplicate", "A repeated member has no canonical form.", `{"a":1,"a":1}`},
		{"duplicate-escaped", "A repeated member is one though it is written with an escape.", `{"a":1,"\u0061":2}`},
		{"duplicate-nested", "A repeated member deeper down has no canonical form.", `[{"x":{"a":1,"a":2}}]`},
		{"trailing-bytes", "Bytes after the value are no JSON.", `{}x`},
		{"second-value", "A second value is no JSON.", `{}{}`},
		{"trailing-comma", "A comma before the end is no JSON.", `[1,]`},
		{"comment", "A comment is no JSON.", `{}/**/`},
		{"empty-text", "An empty text is no JSON.", ``},
		{"byte-order-mark", "A byte order mark is no JSON.", "\ufeff{}"},
		{"truncated", "A text that breaks off is no JSON.", `{"a":`},
	} {
		jcsRefuse(b, t, c.slug, c.title, c.text, refs("RFC 8785, section 3.1", "RFC 7493, section 2"))
	}
}
