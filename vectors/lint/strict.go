package lint

import (
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The faults of a JSON text, by the ends of the codes that name them.
const (
	jsonOK        = ""
	jsonSyntax    = "syntax"
	jsonEncoding  = "encoding"
	jsonDuplicate = "duplicate_member"
	jsonDeep      = "too_deep"
	jsonMany      = "too_many_members"
	jsonNoObject  = "not_object"
)

// scan reads a JSON text by RFC 8259 and says what is wrong with it first. A text has
// one fault in a vector, so the order of the looks does not matter.
func scan(text string, depth, members int) string {
	s := &scanner{text: text, depth: depth, members: members, values: 8 * members}
	err := s.value(1)
	if err == nil {
		s.space()
		if s.at != len(text) {
			err = errors.New(jsonSyntax)
		}
	}
	if err != nil {
		return err.Error()
	}
	if strings.TrimLeft(text, " \t\r\n")[0] != '{' {
		return jsonNoObject
	}
	return jsonOK
}

type scanner struct {
	text           string
	at             int
	depth, members int
	values         int // of every kind: eight for each member that there may be
}

func (s *scanner) space() {
	for s.at < len(s.text) && strings.IndexByte(" \t\r\n", s.text[s.at]) >= 0 {
		s.at++
	}
}

// next returns the byte at the scanner, 0 at the end.
func (s *scanner) next() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *scanner) value(level int) error {
	if s.values--; s.values < 0 {
		return errors.New(jsonMany)
	}
	s.space()
	switch c := s.next(); {
	case c == '{' || c == '[':
		if level > s.depth {
			return errors.New(jsonDeep)
		}
		return s.list(c, level)
	case c == '"':
		_, err := s.str()
		return err
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	}
	for _, word := range []string{"true", "false", "null"} {
		if strings.HasPrefix(s.text[s.at:], word) {
			s.at += len(word)
			return nil
		}
	}
	return errors.New(jsonSyntax)
}

func (s *scanner) list(open byte, level int) error {
	end := open + 2
	names := map[string]bool{}
	s.at++
	s.space()
	if s.next() == end {
		s.at++
		return nil
	}
	for {
		if open == '{' {
			if err := s.name(names); err != nil {
				return err
			}
		}
		if err := s.value(level + 1); err != nil {
			return err
		}
		s.space()
		switch s.next() {
		case ',':
			s.at++
		case end:
			s.at++
			return nil
		default:
			return errors.New(jsonSyntax)
		}
	}
}

func (s *scanner) name(names map[string]bool) error {
	s.space()
	name, err := s.str()
	if err != nil {
		return err
	}
	if names[name] {
		return errors.New(jsonDuplicate)
	}
	names[name] = true
	if s.members--; s.members < 0 {
		return errors.New(jsonMany)
	}
	s.space()
	if s.next() != ':' {
		return errors.New(jsonSyntax)
	}
	s.at++
	return nil
}

func (s *scanner) number() error {
	digits := func() bool {
		start := s.at
		for c := s.next(); c >= '0' && c <= '9'; c = s.next() {
			s.at++
		}
		return s.at > start
	}
	if s.next() == '-' {
		s.at++
	}
	start := s.at
	if !digits() || s.text[start] == '0' && s.at > start+1 {
		return errors.New(jsonSyntax)
	}
	if s.next() == '.' {
		s.at++
		if !digits() {
			return errors.New(jsonSyntax)
		}
	}
	if c := s.next(); c == 'e' || c == 'E' {
		s.at++
		if c := s.next(); c == '+' || c == '-' {
			s.at++
		}
		if !digits() {
			return errors.New(jsonSyntax)
		}
	}
	return nil
}

// str reads a string and returns its value.
func (s *scanner) str() (string, error) {
	if s.next() != '"' {
		return "", errors.New(jsonSyntax)
	}
	s.at++
	var out []byte
	for {
		c := s.next()
		switch {
		case c == '"':
			s.at++
			return string(out), nil
		case c == '\\':
			r, err := s.escape()
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, r)
		case c < 0x20: // the end too
			return "", errors.New(jsonSyntax)
		default:
			r, n := utf8.DecodeRuneInString(s.text[s.at:])
			if r == utf8.RuneError && n == 1 {
				return "", errors.New(jsonEncoding)
			}
			out = utf8.AppendRune(out, r)
			s.at += n
		}
	}
}

func (s *scanner) escape() (rune, error) {
	s.at++
	c := s.next()
	s.at++
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 && c != 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), nil
	}
	if c != 'u' {
		return 0, errors.New(jsonSyntax)
	}
	r, err := s.hex4()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	if !strings.HasPrefix(s.text[s.at:], `\u`) {
		return 0, errors.New(jsonEncoding)
	}
	s.at += 2
	low, err := s.hex4()
	if err != nil {
		return 0, err
	}
	if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
		return pair, nil
	}
	return 0, errors.New(jsonEncoding)
}

func (s *scanner) hex4() (rune, error) {
	var r rune
	for range 4 {
		i := strings.IndexByte("0123456789abcdef", s.next()|0x20)
		if i < 0 || s.next() == 0 {
			return 0, errors.New(jsonSyntax)
		}
		r = r<<4 | rune(i)
		s.at++
	}
	return r, nil
}
