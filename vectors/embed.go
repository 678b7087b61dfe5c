package vectors

import "embed"

//go:embed manifest.json cases policies keys bundles revocations
var files embed.FS

// Load returns the vectors that this package carries, checked against the manifest.
func Load() (*Suite, error) { return LoadFS(files) }
