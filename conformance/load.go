package conformance

import (
	"os"

	"github.com/agentic-jwt/ajwt/vectors"
)

// LoadSuite reads the built-in vectors for "", otherwise those of a directory with
// manifest.json. It refuses what the manifest does not list, or lists and is not there
// or differs, unknown members, and an empty suite.
func LoadSuite(dir string) (*Suite, error) {
	v, err := loadVectors(dir)
	if err != nil {
		return nil, err
	}
	return NewSuite(v.Cases(), v, v.Manifest().Spec)
}

func loadVectors(dir string) (*vectors.Suite, error) {
	if dir == "" {
		return vectors.Load()
	}
	return vectors.LoadFS(os.DirFS(dir))
}
