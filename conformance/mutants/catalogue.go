//go:build ajwt_faults

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

const catalogueHead = "# Seeded faults that cases name in kills: a name, a tab, what the faulty verifier would do.\n"

// catalogueText is the catalogue of these faults: one a line, after a line of comment.
func catalogueText(faults []ajwt.SeededFault) string {
	text := catalogueHead
	for _, f := range faults {
		text += f.Name + "\t" + f.Meaning + "\n"
	}
	return text
}

// catalogueFile is the file of that name, or the one of the module in whose folders the
// program runs.
func catalogueFile(name string) (string, error) {
	if name != "" {
		return name, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "vectors", "gen", "faults.txt"), nil
		}
	}
	return "", errors.New("no go.mod above this folder: name the catalogue with -catalogue")
}

func readCatalogue(name string) (string, error) {
	file, err := catalogueFile(name)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(file)
	return string(text), err
}

func writeCatalogue(name string, faults []ajwt.SeededFault) error {
	file, err := catalogueFile(name)
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(catalogueText(faults)), 0o644)
}

// compareCatalogue tells in what a catalogue differs from the faults.
func compareCatalogue(text string, faults []ajwt.SeededFault) (problems []string) {
	listed := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		name, meaning, _ := strings.Cut(line, "\t")
		if _, twice := listed[name]; twice {
			problems = append(problems, "the catalogue has "+name+" twice")
		}
		listed[name] = meaning
		if !slices.ContainsFunc(faults, func(f ajwt.SeededFault) bool { return f.Name == name }) {
			problems = append(problems, "the catalogue has "+name+", which no source file seeds")
		}
	}
	for _, f := range faults {
		switch meaning, ok := listed[f.Name]; {
		case !ok:
			problems = append(problems, "the catalogue lacks "+f.Name)
		case meaning != f.Meaning:
			problems = append(problems, fmt.Sprintf("the catalogue says of %s %q and the source %q", f.Name, meaning, f.Meaning))
		}
	}
	if len(problems) == 0 && text != catalogueText(faults) {
		problems = append(problems, "the catalogue is in another order than the source: write it with -write")
	}
	return problems
}

// close returns the names that are most like a wrong one, at most five.
func close(wrong string, names []string) []string {
	type near struct {
		name     string
		distance int
	}
	var found []near
	for _, n := range names {
		d := distance(wrong, n)
		if strings.Contains(n, wrong) || strings.Contains(wrong, n) {
			d = min(d, 1)
		}
		if d <= max(2, len(wrong)/3) {
			found = append(found, near{n, d})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int { return a.distance - b.distance })
	var out []string
	for _, f := range found[:min(5, len(found))] {
		out = append(out, f.name)
	}
	return out
}

// distance is the number of letters to insert, remove or exchange (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal, row[j] = row[j], min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
