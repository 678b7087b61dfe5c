package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// output maps file names below vectors/ to their bytes.
type output map[string][]byte

// owned are the folders in which every file is generated, so that a stale one is found.
var owned = []string{"cases", "policies", "keys", "bundles", "revocations", "schema"}

// maxFileBytes is the most that a case file may have, so that it can be read in a
// browser and reviewed.
const maxFileBytes = 300_000

// revisions are the documents that the vectors test.
var revisions = []string{"draft-goswami-agentic-jwt-00", "ajwt-profile-1"}

// generate builds all files in memory.
func generate() (output, error) {
	out := output{}
	manifest := vectors.Manifest{Format: "ajwt-manifest/1", Spec: revisions}
	s := newSuite()
	for _, t := range topics() {
		b := &builder{suite: s, area: t.area, topic: t.name}
		t.build(b)
		if len(b.cases) == 0 {
			return nil, fmt.Errorf("%s/%s: no cases", t.area, t.name)
		}
		name := "cases/" + t.area + "/" + t.name + ".json"
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("%s is generated twice", name)
		}
		text, err := caseFile(t.area, b.cases)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(text) > maxFileBytes {
			return nil, fmt.Errorf("%s: %d bytes, more than %d: split the topic", name, len(text), maxFileBytes)
		}
		out[name] = text
		manifest.Files = append(manifest.Files, vectors.ManifestFile{File: name, Area: t.area, Count: len(b.cases)})
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	for name, text := range s.documents() {
		out[name] = text
		manifest.Files = append(manifest.Files, vectors.ManifestFile{File: name})
	}
	return out, finish(out, &manifest)
}

// finish adds the manifest and the schemas.
func finish(out output, manifest *vectors.Manifest) error {
	sort.Slice(manifest.Files, func(i, j int) bool { return manifest.Files[i].File < manifest.Files[j].File })
	for i := range manifest.Files {
		sum := sha256.Sum256(out[manifest.Files[i].File])
		manifest.Files[i].SHA256 = hex.EncodeToString(sum[:])
	}
	text, err := indented(manifest)
	if err != nil {
		return err
	}
	out["manifest.json"] = text
	return schemas(out)
}

// caseFile writes one case on each line: short to review in a diff, valid JSON as a
// whole.
func caseFile(area string, cases []vectors.Case) ([]byte, error) {
	head, err := line(vectors.File{Format: vectors.Format, Area: area, Spec: revisions, Cases: []vectors.Case{}})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.Write(bytes.TrimSuffix(head, []byte("]}")))
	for i := range cases {
		text, err := line(cases[i])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", cases[i].ID, err)
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
		b.Write(text)
	}
	b.WriteString("\n]}\n")
	return b.Bytes(), nil
}

// line encodes v on one line without a line end.
func line(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func indented(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(v)
	return b.Bytes(), err
}

// write stores all files and removes stale ones.
func (o output) write(dir string) error {
	stale, err := o.stale(dir)
	if err != nil {
		return err
	}
	for _, name := range stale {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	for name, text := range o {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if old, err := os.ReadFile(file); err == nil && bytes.Equal(old, text) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// compare reports every file that differs, is missing or is stale.
func (o output) compare(dir string) error {
	var faults []string
	for name, text := range o {
		old, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			faults = append(faults, name+" is missing")
		case err != nil:
			return err
		case !bytes.Equal(old, text):
			faults = append(faults, name+" differs from what the generator writes")
		}
	}
	stale, err := o.stale(dir)
	if err != nil {
		return err
	}
	for _, name := range stale {
		faults = append(faults, name+" is stale: the generator does not write it")
	}
	if len(faults) > 0 {
		sort.Strings(faults)
		return errors.New(strings.Join(faults, "\n"))
	}
	return nil
}

// stale lists the files in the owned folders that are not generated.
func (o output) stale(dir string) ([]string, error) {
	var found []string
	for _, folder := range owned {
		err := filepath.WalkDir(filepath.Join(dir, folder), func(file string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) || err == nil && d.IsDir() {
				return nil
			}
			if err != nil {
				return err
			}
			name, err := filepath.Rel(dir, file)
			if _, ours := o[filepath.ToSlash(name)]; !ours && err == nil {
				found = append(found, filepath.ToSlash(name))
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}
