package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// WriteJSON writes the report as JSON (spec/report.schema.json).
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(r)
}

// WriteMarkdown writes the counts alone as a table: a row an area, a column a subject,
// passed of all its cases that ran, and how many were skipped.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var areas []string
	for _, s := range r.Subjects {
		for _, a := range s.Areas {
			if !slices.Contains(areas, a.Area) {
				areas = append(areas, a.Area)
			}
		}
	}
	slices.Sort(areas)
	var b strings.Builder
	row := func(name string, count func(*SubjectReport) Counts) {
		b.WriteString("| " + name + " |")
		for _, s := range r.Subjects {
			c := count(s)
			switch ran := c.Total() - c.Skipped; {
			case c.Total() == 0:
				b.WriteString(" - |")
			case c.Skipped == 0:
				fmt.Fprintf(&b, " %d/%d |", c.Passed, ran)
			default:
				fmt.Fprintf(&b, " %d/%d (%d left out) |", c.Passed, ran, c.Skipped)
			}
		}
		b.WriteString("\n")
	}
	b.WriteString("| area |")
	for _, s := range r.Subjects {
		b.WriteString(" " + s.Name + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---:|", len(r.Subjects)) + "\n")
	for _, area := range areas {
		row(area, func(s *SubjectReport) Counts {
			for _, a := range s.Areas {
				if a.Area == area {
					_, sum := a.cells()
					return sum
				}
			}
			return Counts{}
		})
	}
	row("**all**", func(s *SubjectReport) Counts { return s.Counts })
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteFiles writes report.json and report.md into the directory, which it makes.
func (r *Report) WriteFiles(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, write := range map[string]func(io.Writer) error{"report.json": r.WriteJSON, "report.md": r.WriteMarkdown} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// The lines between which UpdateMarkdown puts the table.
const (
	markBegin = "<!-- conformance:begin -->"
	markEnd   = "<!-- conformance:end -->"
)

// UpdateMarkdown replaces what stands between the marker lines
// <!-- conformance:begin --> and <!-- conformance:end --> of a file by the table.
func (r *Report) UpdateMarkdown(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(text, []byte(markBegin))
	_, after, ok2 := bytes.Cut(rest, []byte(markEnd))
	if !ok || !ok2 {
		return errors.New(file + ": want the lines " + markBegin + " and " + markEnd)
	}
	var b bytes.Buffer
	b.Write(before)
	b.WriteString(markBegin + "\n")
	if err := r.WriteMarkdown(&b); err != nil {
		return err
	}
	b.WriteString(markEnd)
	b.Write(after)
	return os.WriteFile(file, b.Bytes(), 0o644)
}
