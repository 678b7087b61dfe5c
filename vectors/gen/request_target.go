package main

import (
	"fmt"
	"strconv"
	"strings"
)

// requestTarget: a path with an optional query.
func requestTarget(b *builder) {
	b.refs = []string{"RFC 3986, section 3.3", "profile, section 11"}
	t := b.twin("jws.compact.three-parts")
	for _, v := range [][3]string{
		{"empty", "", "An empty target"},
		{"no-slash", "repos/acme/app", "A target without a slash at its start"},
		{"asterisk", "*", "The target *"},
		{"absolute", "https://api.example/repos/acme/app", "An absolute target"},
		{"authority", "api.example:443", "A target that is an authority"},
		{"query-alone", "?x=1", "A target that is a query alone"},
		{"fragment", "/repos/acme/app#x", "A target with a fragment"},
		{"fragment-empty", "/repos/acme/app#", "A target with an empty fragment"},
		{"fragment-in-query", "/repos/acme/app?x#y", "A query with a fragment"},
		{"escape-alone", "/repos/acme/app%", "A percent sign alone"},
		{"escape-short", "/repos/acme/app%4", "An escape of one digit"},
		{"escape-not-hex", "/repos/acme/%G0", "An escape that is not hexadecimal"},
		{"escape-unicode", "/repos/acme/%u002e", "An escape with u"},
		{"space", "/repos/acme/my app", "A space in the path"},
		{"leading-space", " /repos/acme/app", "A space before the path"},
		{"quote", `/repos/acme/"app"`, "A quote in the path"},
		{"angle", "/repos/acme/<app>", "Angle brackets in the path"},
		{"braces", "/repos/acme/{app}", "Braces in the path"},
		{"bar", "/repos/acme/a|b", "A bar in the path"},
		{"caret", "/repos/acme/a^b", "A caret in the path"},
		{"grave", "/repos/acme/a`b", "A grave accent in the path"},
		{"square-brackets", "/repos/acme/a[0]", "Square brackets in the path"},
		{"non-ascii", "/repos/acmé/app", "A letter outside ASCII in the path"},
		{"full-width-dot", "/repos/\uff0e\uff0e/app", "Full-width dots in the path"},
		{"query-space", "/repos/acme/app?a b", "A space in the query"},
		{"query-line-feed", "/repos/acme/app?a\nb", "A line feed in the query"},
		{"query-nul", "/repos/acme/app?a\x00", "A NUL in the query"},
		{"query-non-ascii", "/repos/acme/app?é", "A letter outside ASCII in the query"},
	} {
		b.reject(v[0], v[2]+" is refused.", t, "input_target_malformed", set("request", "/target", quote(v[1])), status(400))
	}
	for _, v := range [][3]string{
		{"sub-delims", "/repos/a-._~!$&'()*+,=:@b/app", "Every character that needs no escape"},
		{"semicolon", "/repos/acme;v=1/app;x", "Parameters of segments"},
		{"escaped-space", "/repos/acme/my%20app", "An escaped space"},
		{"escaped-utf-8", "/repos/acm%C3%A9/app", "Escaped UTF-8"},
		{"escaped-unreserved", "/%72epos/acme/ap%70", "Escaped letters"},
		{"escaped-lower-case", "/repos/acm%c3%a9/app", "Escapes in lower case"},
		{"escaped-percent", "/repos/acme/%252F", "An escaped percent sign"},
		{"escaped-question-mark", "/repos/acme/app%3Fx", "An escaped question mark"},
		{"escaped-hash", "/repos/acme/app%23x", "An escaped hash"},
		{"query", "/repos/acme/app?a=1&b=2", "A query"},
		{"query-empty", "/repos/acme/app?", "An empty query"},
		{"query-marks", "/repos/acme/app?a?b/../c//d", "A query with slashes, dots and question marks"},
		{"query-visible", "/repos/acme/app?{\"a\":[1]}|\\^`<>%zz%2F%00", "A query of other visible characters"},
	} {
		b.near(v[0], v[2]+" is accepted.", t, set("request", "/target", quote(v[1])))
	}
}

// requestPath: paths that two hops may read differently.
func requestPath(b *builder) {
	b.refs = []string{"RFC 3986, section 6.2.2", "profile, section 11"}
	t := b.twin("jws.compact.three-parts")
	dots, escapes := "path-dot-segments-resolved", "path-escapes-ignored"
	for _, v := range [][3]string{
		{"dot", "/repos/./app", dots}, {"dot-dot", "/repos/acme/../app", dots}, {"dot-last", "/repos/acme/.", dots}, {"dot-dot-last", "/repos/acme/..", dots},
		{"dot-dot-first", "/../repos/acme/app", dots}, {"dot-dot-alone", "/..", dots}, {"dot-before-query", "/repos/acme/..?x", dots}, {"dot-slash-last", "/repos/acme/./", dots},
		{"dot-escaped", "/repos/%2e/app", dots}, {"dot-dot-escaped", "/repos/acme/%2e%2e/app", dots}, {"dot-dot-escaped-upper", "/repos/acme/%2E%2E/app", dots},
		{"dot-dot-half-escaped", "/repos/acme/.%2e/app", dots}, {"dot-dot-other-half", "/repos/acme/%2E./app", dots},
		{"dot-dot-semicolon", "/repos/acme/..;/app", ""}, {"dot-dot-parameter", "/repos/acme/..;x=1/app", ""}, {"dot-semicolon", "/repos/.;/app", ""},
		{"dot-dot-escaped-parameter", "/repos/acme/%2e%2e;x/app", ""},
		{"empty-segment", "/repos//app", ""}, {"empty-first", "//repos/acme/app", ""}, {"empty-last", "/repos/acme/app//", ""}, {"slashes-alone", "//", ""}, {"three-slashes", "/repos///app", ""},
		{"empty-semicolon", "/repos/;x/app", ""}, {"empty-semicolon-last", "/repos/acme/;", ""},
		{"escaped-slash", "/repos/acme%2Fapp", escapes}, {"escaped-slash-lower", "/repos/acme%2fapp", escapes}, {"escaped-slash-dots", "/repos/..%2Facme/app", escapes},
		{"escaped-slash-last", "/repos/acme/app%2F", escapes}, {"escaped-backslash", "/repos/acme%5Capp", escapes}, {"escaped-backslash-lower", "/repos/acme%5c..%5capp", escapes},
		{"escaped-nul", "/repos/acme/app%00", escapes}, {"escaped-nul-suffix", "/repos/acme/app%00.json", escapes}, {"escaped-tab", "/repos/acme/a%09b", escapes},
		{"escaped-line-feed", "/repos/acme/a%0Ab", escapes}, {"escaped-cr-lf", "/repos/acme/a%0d%0ab", escapes}, {"escaped-1f", "/repos/acme/a%1Fb", escapes}, {"escaped-delete", "/repos/acme/a%7Fb", escapes},
		{"backslash", `/repos\acme\app`, ""}, {"backslash-dots", `/repos/acme/..\..\app`, ""}, {"tab", "/repos/acme/a\tb", ""}, {"line-feed", "/repos/acme/app\n", ""},
		{"nul", "/repos/acme/app\x00", ""}, {"delete", "/repos/acme/app\x7f", ""},
	} {
		opts := []option{status(400)}
		if v[2] != "" {
			opts = append(opts, kills(v[2]))
		}
		b.reject(v[0], fmt.Sprintf("The path %s is refused.", visible(v[1])), t, "input_path_ambiguous", set("request", "/target", quote(v[1])), opts...)
	}
	for _, v := range [][2]string{
		{"three-dots", "/repos/.../app"}, {"dots-in-name", "/repos/..acme/app."}, {"hidden", "/repos/.acme/app"}, {"dot-in-parameter", "/repos/acme;../app"},
		{"trailing-slash", "/repos/acme/app/"}, {"semicolon-last", "/repos/acme/app;"}, {"one-segment", "/repos"}, {"escaped-dot-in-name", "/repos/acme/app%2Ejson"},
		{"double-escaped-dots", "/repos/%252e%252e/app"}, {"escaped-semicolon", "/repos/acme%3B/app"},
	} {
		b.near(v[0], fmt.Sprintf("The path %s is accepted.", v[1]), t, set("request", "/target", quote(v[1])))
	}
	h := b.twin("jws.hardened.es256")
	for _, v := range [][2]string{{"dot-dot", "/repos/acme/../app"}, {"dot-dot-escaped", "/repos/acme/%2e%2e/app"}, {"escaped-slash", "/repos/acme%2Fapp"}, {"empty-segment", "/repos//app"}, {"escaped-nul", "/repos/acme/app%00"}} {
		b.reject("hardened-"+v[0], fmt.Sprintf("The path %s is refused before the proof is read.", v[1]), h, "input_path_ambiguous", set("request", "/target", quote(v[1])), status(400))
	}
}

// visible writes control characters as escapes, for titles.
func visible(text string) string { return strings.Trim(strconv.QuoteToASCII(text), `"`) }
