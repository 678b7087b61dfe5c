// Package traceability holds the pages of spec/ to the vectors and to each other: a
// requirement ends in cases or in a reason, a position in cases or in a reason, and
// every number, code and section that one page names stands in the other.
//
//	go test ./conformance/traceability -update
//
// writes the coverage statement of spec/requirements/README.md.
package traceability

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/agentic-jwt/ajwt/spec"
	"github.com/agentic-jwt/ajwt/vectors"
)

var update = flag.Bool("update", false, "write the coverage statement of spec/requirements/README.md")

const (
	specFolder = "../../spec/"
	readme     = specFolder + "requirements/README.md"
)

// document is one file of spec/requirements.
type document struct {
	Format   string `json:"format"`
	Document string `json:"document"`
	Rows     []row  `json:"rows"`
}

type row struct {
	ID        string   `json:"id"`
	Section   string   `json:"section"`
	Level     string   `json:"level"`
	Role      string   `json:"role"`
	Summary   string   `json:"summary"`
	Cases     []string `json:"cases"`
	Exclusion string   `json:"exclusion"`
}

var (
	levels = []string{"MUST", "MUST NOT", "REQUIRED", "SHOULD", "SHOULD NOT", "RECOMMENDED", "MAY", "OPTIONAL", "STEP"}
	roles  = []string{"verifier", "token", "checksum", "as", "client", "resource-server"}
)

func isMust(level string) bool { return slices.Contains(levels[:3], level) }

func text(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(b)
}

func requirements(t *testing.T) []document {
	t.Helper()
	files, err := filepath.Glob(specFolder + "requirements/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	page := text(t, readme)
	docs := make([]document, len(files))
	for i, file := range files {
		d := json.NewDecoder(strings.NewReader(text(t, file)))
		d.DisallowUnknownFields()
		require.NoError(t, d.Decode(&docs[i]), file)
		require.Equal(t, "ajwt-requirements/1", docs[i].Format, file)
		require.NotEmpty(t, docs[i].Rows, file)
		require.Contains(t, page, "| `"+filepath.Base(file)+"` | "+docs[i].Document, "the table of files")
	}
	return docs
}

// suite finds cases by glob.
type suite struct{ cases []vectors.Case }

func load(t *testing.T) suite {
	t.Helper()
	s, err := builtIn()
	require.NoError(t, err)
	return suite{s.Cases()}
}

var builtIn = sync.OnceValues(vectors.Load)

// globForm asks for area and topic: a glob that spans topics exercises nothing in
// particular.
var globForm = regexp.MustCompile(`^[a-z0-9-]+\.[a-z0-9-]+\.[][a-z0-9*?^-]+$`)

// find returns the cases that the globs match, and what is wrong with them.
func (s suite) find(globs []string) (found []*vectors.Case, faults []string) {
	for i, glob := range globs {
		if !globForm.MatchString(glob) {
			faults = append(faults, strconv.Quote(glob)+" is not area.topic.slug")
			continue
		}
		if slices.Contains(globs[:i], glob) {
			faults = append(faults, glob+" stands twice")
		}
		before := len(found)
		for k := range s.cases {
			ok, err := path.Match(glob, s.cases[k].ID)
			if err != nil {
				faults = append(faults, glob+": "+err.Error())
				break
			}
			if ok {
				found = append(found, &s.cases[k])
			}
		}
		if len(found) == before {
			faults = append(faults, glob+" matches no case")
		}
	}
	return found, faults
}

func (s suite) each(visit func(c *vectors.Case)) {
	for i := range s.cases {
		visit(&s.cases[i])
	}
}

func refuses(e *vectors.Expect) bool { return e.Verdict == "reject" || e.Code != "" }

// decides tells whether a case fails an implementation that lets pass what the
// requirement forbids: it refuses, or it pins a value.
func decides(c *vectors.Case) bool {
	if c.Expect != nil && (refuses(c.Expect) || c.Expect.Value != "") {
		return true
	}
	return slices.ContainsFunc(c.Requests, func(s vectors.Step) bool { return refuses(&s.Expect) })
}

func TestRequirementsEndInCasesOrReason(t *testing.T) {
	cases := load(t)
	seen := map[string]bool{}
	for _, d := range requirements(t) {
		for _, r := range d.Rows {
			fault := func(format string, args ...any) {
				t.Errorf("%s: %s: %s", d.Document, r.ID, fmt.Sprintf(format, args...))
			}
			if seen[r.ID] {
				fault("the id stands twice")
			}
			seen[r.ID] = true
			if !regexp.MustCompile(`^[A-Z0-9]+-` + regexp.QuoteMeta(r.Section) + `-\d\d$`).MatchString(r.ID) {
				fault("the id is not document, section %s and number", r.Section)
			}
			if !slices.Contains(levels, r.Level) || !slices.Contains(roles, r.Role) || !strings.HasSuffix(r.Summary, ".") {
				fault("level, role or summary")
			}
			switch {
			case len(r.Cases) > 0 && r.Exclusion != "":
				fault("it has cases and an exclusion")
			case len(r.Cases) == 0 && (len(r.Exclusion) < 20 || !strings.HasSuffix(r.Exclusion, ".")):
				fault("it has neither cases nor a sentence that says why")
			case len(r.Cases) > 0:
				found, faults := cases.find(r.Cases)
				for _, f := range faults {
					fault("%s", f)
				}
				// What must be ignored is violated by refusing it: there accepting cases count.
				if isMust(r.Level) && !slices.ContainsFunc(found, decides) && !strings.Contains(r.Summary, "ignored") {
					fault("no case refuses or pins a value")
				}
			}
		}
	}
}

const draft = "draft-goswami-agentic-jwt-00"

// killing tells whether a case refuses, or for a checksum pins the value of, what a
// seeded fault lets pass, and what it refuses has an accepted twin. That the fault dies of
// it is what conformance/mutants finds.
func killing(r row) func(c *vectors.Case) bool {
	return func(c *vectors.Case) bool {
		if len(c.Kills) == 0 || !decides(c) {
			return false
		}
		return c.Twin != "" || r.Role == "checksum" && c.Expect != nil && c.Expect.Value != ""
	}
}

func TestMustsOfTheDraftHaveSeededFaults(t *testing.T) {
	cases, asked := load(t), 0
	for _, d := range requirements(t) {
		for _, r := range d.Rows {
			if d.Document != draft || !isMust(r.Level) || r.Exclusion != "" {
				continue
			}
			asked++
			found, _ := cases.find(r.Cases)
			if !slices.ContainsFunc(found, killing(r)) {
				t.Errorf("%s: no case with a twin kills a seeded fault", r.ID)
			}
		}
	}
	require.NotZero(t, asked)
}

func TestCasesNameRequirements(t *testing.T) {
	rows := map[string]row{}
	for _, d := range requirements(t) {
		for _, r := range d.Rows {
			rows[r.ID] = r
		}
	}
	load(t).each(func(c *vectors.Case) {
		for _, id := range c.Requirements {
			if r, known := rows[id]; !known {
				t.Errorf("%s: there is no requirement %s", c.ID, id)
			} else if r.Exclusion != "" {
				t.Errorf("%s: the requirement %s is excluded", c.ID, id)
			}
		}
	})
}

// coverage is the statement of the README: how many rows end in cases, how many in a
// reason.
func coverage(docs []document) string {
	var b strings.Builder
	b.WriteString("| document | level | rows | with cases | excluded |\n|---|---|---|---|---|\n")
	line := func(document, level string, rows []row) {
		excluded := 0
		for _, r := range rows {
			if r.Exclusion != "" {
				excluded++
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %d |\n", document, level, len(rows), len(rows)-excluded, excluded)
	}
	byLevel := func(document string, rows []row) {
		for _, level := range levels {
			of := slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return r.Level != level })
			if len(of) > 0 {
				line(document, level, of)
			}
		}
		line(document, "all", rows)
	}
	var all []row
	for _, d := range docs {
		byLevel(d.Document, d.Rows)
		all = append(all, d.Rows...)
	}
	byLevel("together", all)
	return b.String()
}

func TestCoverageStatementIsCurrent(t *testing.T) {
	const from, to = "<!-- coverage: go test ./conformance/traceability -update -->\n", "<!-- end of coverage -->\n"
	page := text(t, readme)
	before, rest, ok := strings.Cut(page, from)
	old, after, closed := strings.Cut(rest, to)
	require.True(t, ok && closed, "the markers of the statement")
	want := coverage(requirements(t))
	if *update {
		require.NoError(t, os.WriteFile(readme, []byte(before+from+want+to+after), 0o644))
		return
	}
	require.Equal(t, want, old, "go test ./conformance/traceability -update writes it")
}

var (
	ambiguity = regexp.MustCompile(`(?m)^### AMB-(\d+) .+$`)
	pinned    = regexp.MustCompile(`(?s)^Pinned by: (` + "`[^`]+`" + `(?:,\s` + "`[^`]+`" + `)*)$`)
	notPinned = regexp.MustCompile(`(?s)^Not pinned: .{20,}\.$`)
	quoted    = regexp.MustCompile("`([^`]+)`")
)

func TestPositionsArePinned(t *testing.T) {
	cases := load(t)
	page := text(t, specFolder+"ambiguities.md")
	require.NotContains(t, page, "(pending)")
	heads := ambiguity.FindAllStringSubmatchIndex(page, -1)
	require.NotEmpty(t, heads)
	for i, head := range heads {
		number, err := strconv.Atoi(page[head[2]:head[3]])
		require.NoError(t, err)
		require.Equal(t, i+1, number, "the entries are numbered in order")
		end := len(page)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		entry, _, _ := strings.Cut(page[head[0]:end], "\n## ")
		entry = strings.TrimSpace(entry)
		fault := func(text string) { t.Errorf("AMB-%02d: %s", number, text) }
		for _, label := range []string{"Sections", "Point", "Readings", "Position"} {
			if strings.Count(entry, "\n"+label+": ") != 1 {
				fault("it wants one paragraph " + label)
			}
		}
		_, last, _ := strings.Cut(entry, "\nPosition: ")
		at := max(strings.Index(last, "\nPinned by: "), strings.Index(last, "\nNot pinned: "))
		if at < 0 {
			fault("it is neither pinned nor said not to be")
			continue
		}
		last = last[at+1:]
		if m := pinned.FindStringSubmatch(last); m != nil {
			var globs []string
			for _, q := range quoted.FindAllStringSubmatch(m[1], -1) {
				globs = append(globs, q[1])
			}
			_, faults := cases.find(globs)
			for _, f := range faults {
				fault(f)
			}
		} else if !notPinned.MatchString(last) {
			fault("its last paragraph is neither a list of cases nor a reason")
		}
	}
}

var (
	heading       = regexp.MustCompile(`(?m)^###? (\d+(?:\.\d+)?)\.? `)
	profileRef    = regexp.MustCompile(`profile, sections? (\d+(?:\.\d+)?)(?: and (\d+(?:\.\d+)?))?`)
	ownRef        = regexp.MustCompile(`(?:^|[^,] |\()sections? (\d+(?:\.\d+)?)(?: and (\d+(?:\.\d+)?))?`)
	checkLine     = regexp.MustCompile(`(?m)^\| (\d+) \| .* \| (.*) \|$`)
	implemented   = regexp.MustCompile(`(?m)^\t\{number: (\d+), stage: Stage\w+, [^}]+\},(?:\s*// (to|and) (\d+))?`)
	stageOfNumber = []string{"", "input", "jws", "key", "signature", "claim", "proof", "agent", "delegation", "workflow", "replay"}
)

func TestReferencesToTheProfile(t *testing.T) {
	profile := text(t, specFolder+"profile.md")
	sections := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(profile, -1) {
		require.False(t, sections[m[1]], "section %s stands twice", m[1])
		sections[m[1]] = true
	}
	require.True(t, sections["1"] && sections["10.4"] && !sections["99"])
	look := func(where, text string, form *regexp.Regexp) {
		for _, m := range form.FindAllStringSubmatch(text, -1) {
			for _, section := range m[1:] {
				if section != "" && !sections[section] {
					t.Errorf("%s: the profile has no section %s", where, section)
				}
			}
		}
	}
	look("profile.md", profile, ownRef)
	for _, page := range []string{"verify-order.md", "ambiguities.md", "codes.json", "runner-protocol.md"} {
		look(page, text(t, specFolder+page), profileRef)
	}
	for _, d := range requirements(t) {
		for _, r := range d.Rows {
			look(r.ID, r.Summary+" "+r.Exclusion, profileRef)
		}
	}
	load(t).each(func(c *vectors.Case) {
		for _, ref := range c.Refs {
			look(c.ID, ref, profileRef)
		}
	})
}

func TestOrderOfChecksNamesEveryCode(t *testing.T) {
	codes, err := spec.Codes()
	require.NoError(t, err)
	registered := map[int][]string{}
	for _, c := range codes {
		if c.Check != 0 {
			registered[c.Check] = append(registered[c.Check], c.Code)
		}
	}
	page := text(t, specFolder+"verify-order.md")
	ordered := map[int][]string{}
	last := 0
	for _, stage := range strings.Split(page, "\n## ")[1:] {
		name := strings.FieldsFunc(stage, func(r rune) bool { return r == ' ' || r == '\n' })[0]
		for _, m := range checkLine.FindAllStringSubmatch(stage, -1) {
			number, err := strconv.Atoi(m[1])
			require.NoError(t, err)
			require.Greater(t, number, last, "the checks stand in order")
			require.Equal(t, stageOfNumber[number/100], name, "check %d", number)
			last = number
			for _, q := range quoted.FindAllStringSubmatch(m[2], -1) {
				ordered[number] = append(ordered[number], q[1])
			}
		}
	}
	for _, number := range slices.Sorted(maps.Keys(registered)) {
		require.ElementsMatch(t, registered[number], ordered[number], "check %d in codes.json and verify-order.md", number)
	}
	require.Equal(t, slices.Sorted(maps.Keys(registered)), slices.Sorted(maps.Keys(ordered)))

	inCore := map[int]bool{}
	source, err := os.ReadFile("../../core/verify.go")
	require.NoError(t, err)
	_, list, ok := bytes.Cut(source, []byte("\nvar checks = []check{\n"))
	require.True(t, ok, "the list of core")
	list, _, _ = bytes.Cut(list, []byte("\n}\n"))
	for _, m := range implemented.FindAllSubmatch(list, -1) {
		first, err := strconv.Atoi(string(m[1]))
		require.NoError(t, err)
		inCore[first] = true
		if len(m[3]) == 0 {
			continue
		}
		end, err := strconv.Atoi(string(m[3]))
		require.NoError(t, err)
		for number := first; string(m[2]) == "to" && number < end; number++ {
			inCore[number] = true
		}
		inCore[end] = true
	}
	require.Equal(t, slices.Sorted(maps.Keys(ordered)), slices.Sorted(maps.Keys(inCore)), "the checks of verify-order.md and of core/verify.go")
}
