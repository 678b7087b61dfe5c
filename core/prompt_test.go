package ajwt

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

const pythonClass = `\x{9}-\x{d}\x{1c}-\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}`

var collapse = regexp.MustCompile(`\n[` + pythonClass + `]*\n`)

// fiveSteps is normalize_prompt of draft-goswami-agentic-jwt-00, section 5.3.2, step by step.
func fiveSteps(prompt string) string {
	strip := func(s string) string { return strings.TrimFunc(s, isPythonSpace) }
	s := strings.ReplaceAll(strip(prompt), "\r\n", "\n")
	s = collapse.ReplaceAllString(s, "\n")
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		if line = strip(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

func TestNormalizePrompt(t *testing.T) {
	for _, row := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"white space only", " \t\r\n\u2028\u3000\n", ""},
		{"one line", "Be careful.", "Be careful."},
		{"ends are stripped", "\n\n  a\n ", "a"},
		{"CRLF", "a\r\nb\r\n", "a\nb"},
		{"empty lines go", "a\n\n\nb", "a\nb"},
		{"lines of white space go", "a\n \t\u00a0\n\u2003\nb", "a\nb"},
		{"each line is stripped", "a \n\t b\t\n c", "a\nb\nc"},
		{"white space inside a line stays", "a  b\tc", "a  b\tc"},
		{"lone CR ends no line", "a\rb", "a\rb"},
		{"CR at the end of a line goes", "a\r\r\nb\r", "a\nb"},
		{"U+2028 and U+0085 end no line", "a\u2028b\u0085c", "a\u2028b\u0085c"},
		{"U+2028 at the ends of a line goes", "a\u2028\n\u2028b", "a\nb"},
		{"form feed and vertical tab end no line", "a\fb\vc", "a\fb\vc"},
		{"information separators are white space", "\x1ca\x1d\n\x1e\n\x1fb", "a\nb"},
		{"zero width space is none", "\u200ba\u200b", "\u200ba\u200b"},
		{"byte order mark is none", "\ufeffa", "\ufeffa"},
		{"U+180E is none", "\u180ea", "\u180ea"},
		{"NUL is none", "\x00 a", "\x00 a"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := NormalizePrompt(row.in); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
			if got := fiveSteps(row.in); got != row.want {
				t.Errorf("the five steps give %q, want %q", got, row.want)
			}
		})
	}
}

func TestNormalizePromptPinned(t *testing.T) {
	for _, row := range pythonRows(t, "prompts.tsv", 200) {
		var in, want string
		if json.Unmarshal(row[0], &in) != nil || json.Unmarshal(row[1], &want) != nil {
			t.Fatalf("not JSON: %q", row)
		}
		if got := NormalizePrompt(in); got != want {
			t.Errorf("%s\n got  %q\n want %q", row[0], got, want)
		}
	}
}

// TestPythonSpace compares the set with Unicode's White_Space property, from which
// Python's differs by the four information separators and by nothing else.
func TestPythonSpace(t *testing.T) {
	class := regexp.MustCompile(`^[` + pythonClass + `]$`)
	count := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		want := unicode.Is(unicode.White_Space, r) || r >= 0x1C && r <= 0x1F
		if got := isPythonSpace(r); got != want {
			t.Errorf("%U: got %v, want %v", r, got, want)
		}
		if want {
			count++
			if !class.MatchString(string(r)) {
				t.Errorf("%U is not in the class of this test", r)
			}
		}
	}
	if count != 29 || len(pythonSpace) != 29 {
		t.Errorf("%d code points, %d in the table, want 29", count, len(pythonSpace))
	}
}

// FuzzNormalizePrompt: the five steps as written give the same, and a normalised
// prompt is its own normal form.
func FuzzNormalizePrompt(f *testing.F) {
	for _, s := range []string{"", " a\r\n\r\nb ", "\r\r\n\n\x1c\n", "a\n\u2028\n\u200b\nb\r", "\n \n \n", "a\r\n \r\n\rb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 1<<12 || !utf8.ValidString(s) {
			return
		}
		got := NormalizePrompt(s)
		if want := fiveSteps(s); got != want {
			t.Fatalf("%q: got %q, want %q", s, got, want)
		}
		if again := NormalizePrompt(got); again != got {
			t.Fatalf("%q: %q becomes %q", s, got, again)
		}
	})
}
