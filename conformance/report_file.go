package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// WriteJSON writes the report as JSON (spec/report.schema.json).
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(r)
}

// WriteMarkdown writes the counts alone as a table.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString("| subject | area | " + strings.Join(levels, " | ") + " | failed | expected failures | skipped |\n")
	b.WriteString("|---|---|" + strings.Repeat("---:|", len(levels)+3) + "\n")
	for _, s := range r.Subjects {
		for _, a := range s.Areas {
			cells, sum := a.cells()
			fmt.Fprintf(&b, "| %s | %s | %s | %d | %d | %d |\n", s.Name, a.Area, strings.Join(cells, " | "), sum.Failed, sum.Expected, sum.Skipped)
		}
		fmt.Fprintf(&b, "| **%s** | all | %s | %d | %d | %d |\n", s.Name, strings.Join(s.levelTotals(), " | "), s.Failed, s.Expected, s.Skipped)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// levelTotals returns passed/total per level over all areas.
func (s *SubjectReport) levelTotals() []string {
	all := &AreaReport{Levels: make(map[string]*Counts)}
	for _, a := range s.Areas {
		for level, c := range a.Levels {
			if all.Levels[level] == nil {
				all.Levels[level] = new(Counts)
			}
			all.Levels[level].add(*c)
		}
	}
	cells, _ := all.cells()
	return cells
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
