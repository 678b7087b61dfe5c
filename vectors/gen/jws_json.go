package main

import (
	"fmt"
	"strconv"
	"strings"
)

// jsonRows: faults of the JSON text of one layer ("header", "payload", "proof.header",
// "proof.payload"). prefix begins the codes, such as "jws_header_"; what names the text
// in titles; text is the twin's; known is a member that the verifier reads.
func jsonRows(layer, prefix, what, text, known string) []row {
	syntax, encoding, duplicate := prefix+"syntax", prefix+"encoding", prefix+"duplicate_member"
	inside := strings.TrimSuffix(text, "}")
	value, _ := lookup(text, "/"+known)
	member := func(slug, fault, raw string) row { // an unknown member with a value that is no JSON
		return row{slug, "The " + what + " has " + fault + ", which is no JSON.", syntax, appendText(layer, "", `"x":`+raw), nil}
	}
	replaced := func(slug, title, raw string) row {
		return row{slug, "The " + what + " " + title + ".", syntax, whole(layer, raw), nil}
	}
	bad := func(slug, fault, raw string) row {
		return row{slug, "The " + what + " holds " + fault + ".", encoding, appendText(layer, "", raw), []option{refs("RFC 8259, section 8.1")}}
	}
	twice := func(slug, title, raw string) row {
		return row{slug, "The " + what + " has " + title + ".", duplicate, appendText(layer, "", raw),
			[]option{refs("RFC 8259, section 4", "RFC 7515, section 4"), kills("json-duplicates-last-wins")}}
	}
	rows := []row{
		replaced("trailing-bytes", "is followed by other bytes", text+"x"),
		replaced("trailing-value", "is followed by a second value", text+text),
		replaced("trailing-nul", "is followed by a NUL", text+"\x00"),
		replaced("trailing-comma", "has a comma before its end", inside+",}"),
		replaced("leading-comma", "has a comma before its first member", "{,"+text[1:]),
		replaced("double-comma", "has two commas in a row", strings.Replace(text, ",", ",,", 1)),
		replaced("missing-comma", "lacks a comma between members", strings.Replace(text, ",", " ", 1)),
		replaced("missing-colon", "lacks a colon after a name", strings.Replace(text, ":", " ", 1)),
		replaced("truncated", "lacks its closing brace", inside),
		replaced("wrong-bracket", "closes with a bracket", inside+"]"),
		replaced("byte-order-mark", "begins with a byte order mark", "\ufeff"+text),
		replaced("white-space-alone", "is white space alone", " "),
		replaced("form-feed", "has a form feed between its members", strings.Replace(text, ",", ",\f", 1)),
		replaced("no-break-space", "has a no-break space between its members", strings.Replace(text, ",", ",\u00a0", 1)),
		replaced("comment", "has a comment", strings.Replace(text, ",", ",/**/", 1)),
		replaced("line-comment", "has a comment at its end", text+"//"),
		replaced("single-quotes", "is in single quotes", strings.ReplaceAll(text, `"`, "'")),
		replaced("bare-name", "has a name without quotes", inside+",x:1}"),
		replaced("number-as-name", "has a number as a name", inside+",1:1}"),
		member("nan", "the value NaN", "NaN"),
		member("infinity", "the value Infinity", "-Infinity"),
		member("undefined", "the value undefined", "undefined"),
		member("true-capital", "the value True", "True"),
		member("leading-zero", "a number with a leading zero", "01"),
		member("plus-sign", "a number with a plus sign", "+1"),
		member("hexadecimal", "a hexadecimal number", "0x1"),
		member("point-without-digits", "a number that ends with its point", "1."),
		member("point-first", "a number that begins with its point", ".5"),
		member("exponent-empty", "a number without digits in its exponent", "1e"),
		member("minus-alone", "a minus without digits", "-"),
		member("no-value", "a member without a value", ""),
		member("string-open", "a string without an end", `"`),
		member("tab-in-string", "a raw tab in a string", "\"a\tb\""),
		member("newline-in-string", "a raw line feed in a string", "\"a\nb\""),
		member("nul-in-string", "a raw NUL in a string", "\"a\x00b\""),
		member("escape-unknown", "an unknown escape", `"\x41"`),
		member("escape-quote", "an escaped single quote", `"\'"`),
		member("escape-short", "a Unicode escape of three digits", `"\u004"`),
		member("escape-not-hex", "a Unicode escape that is not hexadecimal", `"\u00G1"`),
		bad("lone-continuation", "a continuation byte without a start", "\"x\":\"\x80\""),
		bad("overlong-slash", "an overlong form of a slash", "\"x\":\"\xc0\xaf\""),
		bad("truncated-sequence", "a UTF-8 sequence that breaks off", "\"x\":\"\xe2\x82\""),
		bad("encoded-surrogate", "a surrogate encoded in UTF-8", "\"x\":\"\xed\xa0\x80\""),
		bad("beyond-unicode", "a code point beyond U+10FFFF", "\"x\":\"\xf4\x90\x80\x80\""),
		bad("latin-1", "a letter in Latin-1", "\"x\":\"\xe9a\""),
		bad("bad-name", "a name that is not UTF-8", "\"\xff\":1"),
		bad("high-surrogate", "a high surrogate alone", `"x":"\ud800"`),
		bad("low-surrogate", "a low surrogate alone", `"x":"\udc00"`),
		bad("surrogates-reversed", "a surrogate pair in the wrong order", `"x":"\udc00\ud800"`),
		bad("surrogate-and-letter", "a high surrogate before an escaped letter", `"x":"\ud800\u0041"`),
		bad("surrogate-name", "a name with a lone surrogate", `"\ud800":1`),
		twice("duplicate-known", "the member "+known+" twice with different values", `"`+known+`":"other"`),
		twice("duplicate-same-value", "the member "+known+" twice with one value", `"`+known+`":`+value),
		twice("duplicate-escaped", "the member "+known+" twice, once with an escape in its name",
			fmt.Sprintf(`"\u%04x%s":"other"`, known[0], known[1:])),
		twice("duplicate-unknown", "an unknown member twice", `"x":1,"x":1`),
		twice("duplicate-nested", "a member twice in an object inside an unknown one", `"x":{"y":[{"a":1,"a":2}]}`),
		twice("duplicate-empty-name", "the empty name twice", `"":1,"":2`),
		twice("duplicate-surrogate-pair", "a name twice, once raw and once as a surrogate pair", `"😀":1,"\ud83d\ude00":2`),
		{"too-deep-arrays", "The " + what + " nests 17 deep with arrays.", prefix + "too_deep", appendText(layer, "", `"x":`+nested(16)),
			[]option{refs("profile, section 17"), level("PROFILE"), kills("json-depth-unlimited")}},
		{"too-deep-objects", "The " + what + " nests 17 deep with objects.", prefix + "too_deep", appendText(layer, "", `"x":`+nestedObjects(16)),
			[]option{refs("profile, section 17"), level("PROFILE"), kills("json-depth-unlimited")}},
		{"too-many-members", "The " + what + " has 257 members.", prefix + "too_many_members", appendText(layer, "", manyMembers(257-members(text))),
			[]option{refs("profile, section 17"), level("PROFILE"), kills("json-members-unlimited")}},
		{"too-many-members-nested", "The " + what + " has 257 members, most of them in an inner object.", prefix + "too_many_members",
			appendText(layer, "", `"x":{`+manyMembers(256-members(text))+"}"), []option{refs("profile, section 17"), level("PROFILE"), kills("json-members-unlimited")}},
	}
	for _, v := range [][2]string{{"array", "[]"}, {"string", `"x"`}, {"number", "1"}, {"null", "null"}, {"true", "true"}} {
		rows = append(rows, row{"not-object-" + v[0], "The " + what + " is the JSON value " + v[1] + ".", prefix + "not_object", whole(layer, v[1]),
			[]option{refs("RFC 7515, section 4", "RFC 7519, section 7.2")}})
	}
	return rows
}

// jsonNears: texts that look odd and are good JSON.
func jsonNears(layer, what, text string) []accepted {
	odd := func(slug, title, raw string) accepted {
		return accepted{slug, "The " + what + " with " + title + " is accepted.", appendText(layer, "", raw), nil}
	}
	profile := []option{refs("profile, section 17"), level("PROFILE")}
	return []accepted{
		{"white-space", "The " + what + " with all kinds of JSON white space is accepted.",
			whole(layer, "\r\n\t "+strings.ReplaceAll(text, ",", " ,\n")+" \n"), nil},
		odd("unknown-member", "an unknown member", `"x":{"y":[true,false,null]}`),
		odd("huge-number", "a huge number in an ignored member", `"x":123456789012345678901234567890e1000`),
		odd("negative-zero", "a negative zero in an ignored member", `"x":-0`),
		odd("exponent", "a number with fraction and exponent in an ignored member", `"x":-1.5E+3`),
		odd("surrogate-pair", "an escaped surrogate pair", `"x":"\ud83d\ude00"`),
		odd("escaped-solidus", "an escaped solidus", `"x":"a\/b"`),
		odd("escaped-nul", "an escaped NUL in an ignored member", `"x":"\u0000"`),
		odd("raw-delete", "a raw DEL and a raw U+2028", "\"x\":\"\x7f\u2028\""),
		odd("noncharacter", "the noncharacter U+FFFF", "\"x\":\"\uffff\""),
		odd("empty-name", "one member with an empty name", `"":1`),
		odd("same-name-elsewhere", "one name in two objects", `"x":{"a":1},"y":{"a":1,"x":2}`),
		{"depth-limit", "The " + what + " that nests 16 deep is accepted.", appendText(layer, "", `"x":`+nested(15)), profile},
		{"member-limit", "The " + what + " with 256 members is accepted.", appendText(layer, "", manyMembers(256-members(text))), profile},
	}
}

// members counts the members of the outer object and of all inner ones.
func members(text string) int { return mustParse(text).members() }

func (n *node) members() int {
	sum := 0
	for _, c := range n.children {
		if n.kind == '{' {
			sum++
		}
		sum += c.members()
	}
	return sum
}

// manyMembers writes n members without the braces.
func manyMembers(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = `"m` + strconv.Itoa(i) + `":0`
	}
	return strings.Join(list, ",")
}

// jwsHeaderJSON: the header is one strict JSON object within the limits.
func jwsHeaderJSON(b *builder) {
	b.refs = []string{"RFC 7515, section 5.2", "RFC 8259, section 2"}
	b.requirements = []string{"RFC7515-5.2-02", "RFC7515-10.12-01"}
	s := draft("ES256")
	t := b.twin("jws.compact.es256")
	b.rejects(t, jsonRows("header", "jws_header_", "header", s.token.header, "alg"))
	b.nears(t, jsonNears("header", "header", s.token.header))
	b.near("other-case", "Members whose names differ from known ones by case are unknown and ignored.", t,
		appendText("header", "", `"ALG":"none","Crit":["x"],"KID":"other"`), kills("members-case-insensitive"))
	b.near("escaped-names", "Names and values with escapes mean the same as without.", t,
		whole("header", `{"\u0061lg":"\u0045S256","typ":"JWT","k\u0069d":"es256\u002d1"}`), refs("RFC 7515, section 5.3"))
}

// jwsPayloadJSON: the payload is one strict JSON object within the limits.
func jwsPayloadJSON(b *builder) {
	b.refs = []string{"RFC 7519, section 7.2", "RFC 8259, section 2"}
	s := draft("ES256")
	t := b.twin("jws.compact.es256")
	b.rejects(t, jsonRows("payload", "jws_payload_", "payload", s.token.payload, "sub"))
	b.nears(t, jsonNears("payload", "payload", s.token.payload))
	b.reject("nested-token", "A payload that is a token itself is no JSON object.", t, "jws_payload_syntax",
		whole("payload", b64([]byte(s.token.header))+"."+b64([]byte("{}"))+"."), refs("RFC 7519, section 5.2", "profile, section 3"))
	b.near("other-case", "Claims whose names differ from known ones by case are unknown and ignored.", t,
		appendText("payload", "", `"EXP":1,"Aud":"other","Nbf":9999999999`), kills("members-case-insensitive"))
	b.near("escaped-names", "Names and values with escapes mean the same as without.", t,
		whole("payload", strings.Replace(strings.Replace(s.token.payload, `"sub"`, `"\u0073ub"`, 1), `"scope"`, `"s\u0063ope"`, 1)), refs("RFC 8259, section 8.3"))
}
