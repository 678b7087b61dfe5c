package vectors

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// ManifestFormat is the format member of manifest.json.
const ManifestFormat = "ajwt-manifest/1"

// Bounds of what LoadFS reads from a folder of someone else's.
const (
	MaxManifestBytes = 1 << 20 // manifest.json
	MaxFileBytes     = 4 << 20 // any other file
	MaxFiles         = 4096    // entries of the manifest
)

// caseFileBytes is the most that a case file may have: it must be possible to review.
const caseFileBytes = 300_000

// Suite is a set of vectors whose every file agreed with the manifest. The zero Suite
// holds nothing.
type Suite struct {
	manifest Manifest
	cases    []Case
	files    map[string][]byte
}

// Manifest returns the index, which the caller must not change.
func (s *Suite) Manifest() *Manifest { return &s.manifest }

// Cases returns all cases in the order of the manifest, which the caller must not
// change.
func (s *Suite) Cases() []Case { return s.cases }

// Policy returns the JSON text of policies/name, such as "draft00.json".
func (s *Suite) Policy(name string) ([]byte, error) { return s.named("policies/", name) }

// KeySet returns the JSON text of the JWK Set keys/name, such as "as.json".
func (s *Suite) KeySet(name string) ([]byte, error) { return s.named("keys/", name) }

// Bundle returns the compact JWS bundles/name, such as "vuln.jws".
func (s *Suite) Bundle(name string) ([]byte, error) { return s.named("bundles/", name) }

// Revocations returns the compact JWS revocations/name, such as "nothing.jws".
func (s *Suite) Revocations(name string) ([]byte, error) { return s.named("revocations/", name) }

func (s *Suite) named(folder, name string) ([]byte, error) {
	text, ok := s.files[folder+name]
	if !ok || strings.Contains(name, "/") {
		return nil, fmt.Errorf("%s%s: the manifest does not list it", folder, name)
	}
	return slices.Clone(text), nil
}

// LoadFS reads a folder with a manifest.json and the files that it lists. It refuses
// the folder if a file is missing, differs from its checksum or is not listed, if a
// member is unknown, if counts differ, and if there are no cases. The error names every
// file at fault.
func LoadFS(folder fs.FS) (*Suite, error) {
	text, err := readBounded(folder, "manifest.json", MaxManifestBytes)
	if err != nil {
		return nil, err
	}
	s := &Suite{files: make(map[string][]byte)}
	if err := strict("manifest.json", text, &s.manifest); err != nil {
		return nil, err
	}
	var faults []error
	note := func(err error) {
		if err != nil {
			faults = append(faults, err)
		}
	}
	note(s.checkManifest())
	for i := range s.manifest.Files {
		note(s.read(folder, &s.manifest.Files[i]))
	}
	unlisted, err := s.unlisted(folder)
	note(err)
	for _, name := range unlisted {
		note(fmt.Errorf("%s: the manifest does not list it", name))
	}
	if len(s.cases) == 0 {
		note(errors.New("manifest.json: there are no cases"))
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return s, nil
}

func (s *Suite) checkManifest() error {
	m := &s.manifest
	switch {
	case m.Format != ManifestFormat:
		return fmt.Errorf("manifest.json: /format: %q is not %q", m.Format, ManifestFormat)
	case len(m.Files) == 0 || len(m.Files) > MaxFiles:
		return fmt.Errorf("manifest.json: /files: there are %d, not 1 to %d", len(m.Files), MaxFiles)
	}
	for i := range m.Files {
		f := &m.Files[i]
		switch {
		case !fs.ValidPath(f.File) || Folder(f.File) == "":
			return fmt.Errorf("manifest.json: /files/%d: %q is not below one of the folders, or not of their kind", i, f.File)
		case i > 0 && m.Files[i-1].File >= f.File:
			return fmt.Errorf("manifest.json: /files/%d: %q is out of order or stands twice", i, f.File)
		}
	}
	return nil
}

// folders are those whose files the manifest lists.
var folders = []string{"cases", "policies", "keys", "bundles", "revocations"}

// Folder returns the folder of a listed file: "cases", "policies", "keys", "bundles" or
// "revocations"; "" if the manifest may not list it. Only signed documents are other than
// JSON: compact JWSs, whose names end in .jws.
func Folder(file string) string {
	first, rest, ok := strings.Cut(file, "/")
	if !ok || !slices.Contains(folders, first) {
		return ""
	}
	switch path.Ext(rest) {
	case ".json":
		return first
	case ".jws":
		if first == "bundles" || first == "revocations" {
			return first
		}
	}
	return ""
}

// read takes in one listed file.
func (s *Suite) read(folder fs.FS, f *ManifestFile) error {
	limit := MaxFileBytes
	if Folder(f.File) == "cases" {
		limit = caseFileBytes
	}
	text, err := readBounded(folder, f.File, limit)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	if hex.EncodeToString(sum[:]) != f.SHA256 {
		return fmt.Errorf("%s: SHA-256 %x, and the manifest says %s", f.File, sum, f.SHA256)
	}
	s.files[f.File] = text
	if Folder(f.File) != "cases" {
		if path.Ext(f.File) == ".json" && !json.Valid(text) {
			return fmt.Errorf("%s: not JSON", f.File)
		}
		return nil
	}
	var file File
	if err := strict(f.File, text, &file); err != nil {
		return err
	}
	switch {
	case file.Format != Format:
		return fmt.Errorf("%s: /format: %q is not %q", f.File, file.Format, Format)
	case file.Area != f.Area || path.Base(path.Dir(f.File)) != f.Area:
		return fmt.Errorf("%s: /area: %q, and the manifest says %q", f.File, file.Area, f.Area)
	case len(file.Cases) == 0 || len(file.Cases) != f.Count:
		return fmt.Errorf("%s: %d cases, and the manifest says %d", f.File, len(file.Cases), f.Count)
	}
	s.cases = append(s.cases, file.Cases...)
	return nil
}

// unlisted lists the files of the folders that the manifest does not know.
func (s *Suite) unlisted(folder fs.FS) ([]string, error) {
	listed := make(map[string]bool, len(s.manifest.Files))
	for i := range s.manifest.Files {
		listed[s.manifest.Files[i].File] = true
	}
	var found []string
	for _, root := range folders {
		err := fs.WalkDir(folder, root, func(name string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) && name == root {
				return nil
			}
			if err == nil && !d.IsDir() && !listed[name] {
				found = append(found, name)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// readBounded reads a file of at most limit bytes.
func readBounded(folder fs.FS, name string, limit int) ([]byte, error) {
	f, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	case len(text) > limit:
		return nil, fmt.Errorf("%s: more than %d bytes", name, limit)
	}
	return text, nil
}

// strict decodes one JSON value without unknown members.
func strict(name string, text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		line := 1 + bytes.Count(text[:min(int(d.InputOffset()), len(text))], []byte("\n"))
		return fmt.Errorf("%s: near line %d: %w", name, line, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("%s: there are bytes after the value", name)
	}
	return nil
}
