package ajwt

import (
	"strings"
	"testing"
)

func TestValidIDs(t *testing.T) {
	for _, row := range []struct {
		name, id    string
		agent, step bool
	}{
		{"one letter", "a", true, true},
		{"every kind of character", "Az09._:@-", true, true},
		{"of the draft's example", "vulnerability-patcher-v1", true, true},
		{"128 bytes", strings.Repeat("a", 128), true, true},
		{"129 bytes", strings.Repeat("a", 129), false, false},
		{"empty", "", false, false},
		{"slash", "org/agent", true, false},
		{"only a slash", "/", true, false},
		{"the joining character", "a|b", false, false},
		{"space", "a b", false, false},
		{"line feed at the end", "a\n", false, false},
		{"NUL", "a\x00", false, false},
		{"DEL", "a\x7f", false, false},
		{"comma", "a,b", false, false},
		{"percent", "a%2fb", false, false},
		{"Cyrillic look-alike", "\u0430gent", false, false},
		{"combining mark", "e\u0301", false, false},
		{"not UTF-8", "a\xff", false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if s, b := ValidAgentID(row.id), validAgentID([]byte(row.id)); s != row.agent || b != row.agent {
				t.Errorf("agent id: got %v as a string, %v as bytes", s, b)
			}
			if s, b := ValidStepID(row.id), validStepID([]byte(row.id)); s != row.step || b != row.step {
				t.Errorf("step id: got %v as a string, %v as bytes", s, b)
			}
		})
	}
	const marks = "._:@/-"
	for c := range 256 {
		b := byte(c)
		letter := b|0x20 >= 'a' && b|0x20 <= 'z' || b >= '0' && b <= '9'
		if want := letter || strings.IndexByte(marks, b) >= 0; validAgentID([]byte{b}) != want {
			t.Errorf("byte %02x in an agent id: want %v", b, want)
		}
		if want := letter || b != '/' && strings.IndexByte(marks, b) >= 0; validStepID([]byte{b}) != want {
			t.Errorf("byte %02x in a step id: want %v", b, want)
		}
	}
}
