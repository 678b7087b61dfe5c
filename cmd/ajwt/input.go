package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// maxInput bounds every file and standard input, in bytes. It is what a signed
// workflow bundle may have, the largest document that the protocol knows.
const maxInput = 64 << 20

// readFile reads the file that a flag or an operand names, - for standard input,
// which only one of them may read. by is how messages name it, such as "--policy".
func (c *call) readFile(by, path string) ([]byte, error) {
	if path == "-" {
		if c.stdinBy != "" {
			return nil, usagef("%s and %s both read standard input; give one of them a file", c.stdinBy, by)
		}
		c.stdinBy = by
		data, err := readBounded(c.stdin)
		if err != nil {
			return nil, fmt.Errorf("%s: standard input: %w", by, err)
		}
		return data, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %s", by, quote(path, 200), fileFault(err))
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s: %s is a directory; want a file", by, quote(path, 200))
	}
	data, err := readBounded(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", by, quote(path, 200), err)
	}
	return data, nil
}

// fileFault says what is wrong with a file, without the path, which the caller names.
func fileFault(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied"
	case errors.Is(err, fs.ErrExist):
		return "it exists"
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

func readBounded(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	switch {
	case err != nil:
		return nil, errors.New(fileFault(err))
	case len(data) > maxInput:
		return nil, fmt.Errorf("longer than %d MiB, the most that is read", maxInput>>20)
	case len(data) == 0:
		return nil, errors.New("empty")
	}
	return data, nil
}

// textOrFile is the value of a flag such as --token: the text itself, @FILE, or -
// for standard input. One line end after the text of a file is no part of it.
func (c *call) textOrFile(d *definition) (string, error) {
	value := d.value()
	path, isFile := strings.CutPrefix(value, "@")
	if value == "-" {
		path, isFile = "-", true
	}
	if !isFile {
		return value, nil
	}
	if path == "" {
		return "", usagef("--%s: a file name is missing after @", d.name)
	}
	data, err := c.readFile("--"+d.name, path)
	if err != nil {
		return "", err
	}
	data = bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))
	if len(data) == 0 {
		return "", fmt.Errorf("--%s: the file holds nothing but a line end", d.name)
	}
	return string(data), nil
}

// Bounds for JSON documents that this program reads by itself; core has its own for
// policies and key sets.
var documentLimits = strictjson.Limits{Depth: 64, Members: 1 << 20, Values: 4 << 20}

// parseJSON reads one strict JSON object. by names the document in messages.
func parseJSON(by string, data []byte) (*strictjson.Document, error) {
	doc := new(strictjson.Document)
	if err := doc.Parse(data, documentLimits); err != nil {
		var fault strictjson.Error
		errors.As(err, &fault)
		switch {
		case len(bytes.TrimSpace(data)) == 0:
			return nil, fmt.Errorf("%s: want a JSON object, have only white space", by)
		case fault.Fault == strictjson.FaultSyntax && fault.Offset >= len(data):
			return nil, fmt.Errorf("%s: the JSON ends at byte %d before it is complete; is it truncated?", by, fault.Offset)
		}
		return nil, fmt.Errorf("%s: %s (line %d)", by, fault, 1+bytes.Count(data[:min(fault.Offset, len(data))], []byte("\n")))
	}
	if kind := doc.Root().Kind(); kind != strictjson.Object {
		return nil, fmt.Errorf("%s: want a JSON object, have %s", by, kind)
	}
	return doc, nil
}

// quote prints text that may come from anywhere: in quotes, of bounded length, and
// without anything that a terminal would act on.
func quote(s string, most int) string {
	if len(s) > most {
		s = s[:most] + "..."
	}
	return printable(fmt.Sprintf("%q", s))
}

// printable replaces what is neither visible nor a line end or tab by an escape that
// is also right inside a JSON string.
func printable(s string) string {
	clean := true
	for _, r := range s {
		if !isPrintable(r) {
			clean = false
			break
		}
	}
	if clean && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			b.WriteString(`\ufffd`)
		case isPrintable(r):
			b.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func isPrintable(r rune) bool { return r == '\n' || r == '\t' || unicode.IsPrint(r) }
