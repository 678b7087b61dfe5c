package ajwt

import (
	"bytes"
	"unicode/utf8"
)

// NormalizePrompt returns the prompt as the checksum readings jcs and python hash it
// (draft-00, section 5.3.2, normalize_prompt). The draft's Python text does this:
//
//  1. strip() white space at both ends,
//  2. replace CR LF by LF,
//  3. replace each match of \n\s*\n by one LF,
//  4. split at LF and strip() each line,
//  5. drop the empty lines and join the rest with LF.
//
// White space is what Python's str type means by it: 29 code points, listed in the
// source. A lone CR, a form feed or U+2028 is white space but ends no line: inside
// a line it stays, at its ends it goes.
func NormalizePrompt(prompt string) string {
	return string(appendNormalPrompt(nil, []byte(prompt)))
}

// appendNormalPrompt appends the normalised prompt, which must be valid UTF-8.
//
// Steps 4 and 5 alone give the result of all five, and in linear time: step 1 removes
// what step 4 would strip from the first and the last line, or lines that step 5 drops;
// the CR of step 2 stands at the end of a line, where step 4 strips it; and all that
// step 3 removes is white space between two LFs, whole lines that step 5 drops. The
// test holds this to the five steps as written.
func appendNormalPrompt(dst, prompt []byte) []byte {
	first := true
	for len(prompt) > 0 {
		line, rest, _ := bytes.Cut(prompt, []byte{'\n'})
		prompt = rest
		line = bytes.TrimFunc(line, isPythonSpace)
		if len(line) == 0 {
			continue
		}
		if !first {
			dst = append(dst, '\n')
		}
		first = false
		dst = append(dst, line...)
	}
	return dst
}

// pythonSpace lists the code points that Python's str.strip() removes and that \s
// matches in a str pattern; both sets are the same, and are those of str.isspace()
// (Unicode's bidirectional types WS, B and S, and category Zs). unicode.IsSpace
// lacks U+001C to U+001F.
var pythonSpace = [...]rune{
	0x0009, 0x000A, 0x000B, 0x000C, 0x000D, // tab, LF, vertical tab, form feed, CR
	0x001C, 0x001D, 0x001E, 0x001F, // file, group, record and unit separator
	0x0020,         // space
	0x0085,         // next line
	0x00A0,         // no-break space
	0x1680,         // Ogham space mark
	0x2000, 0x2001, // en quad, em quad
	0x2002, 0x2003, // en space, em space
	0x2004, 0x2005, 0x2006, // three-, four- and six-per-em space
	0x2007, 0x2008, // figure space, punctuation space
	0x2009, 0x200A, // thin space, hair space
	0x2028, 0x2029, // line separator, paragraph separator
	0x202F, // narrow no-break space
	0x205F, // medium mathematical space
	0x3000, // ideographic space
}

func isPythonSpace(r rune) bool {
	if r < utf8.RuneSelf {
		return r == ' ' || r >= 0x09 && r <= 0x0D || r >= 0x1C && r <= 0x1F
	}
	for _, s := range pythonSpace {
		if r == s {
			return true
		}
	}
	return false
}
