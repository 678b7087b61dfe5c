package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/stretchr/testify/require"
)

// artefact is what is shipped: make dist/ajwt-proxy.wasm builds it.
const artefact = "../../../dist/ajwt-proxy.wasm"

// start starts a registry on the loopback interface and gives its host and port.
func start(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// packed runs the command and gives the digest that it prints.
func packed(t *testing.T, args ...string) string {
	t.Helper()
	var out, diagnostics bytes.Buffer
	require.NoError(t, run(args, &out, &diagnostics), diagnostics.String())
	require.Empty(t, diagnostics.String())
	require.Regexp(t, `\Asha256:[0-9a-f]{64}\n\z`, out.String())
	return strings.TrimSpace(out.String())
}

func pull(t *testing.T, reference string) v1.Image {
	t.Helper()
	ref, err := name.ParseReference(reference)
	require.NoError(t, err)
	descriptor, err := remote.Get(ref) // as Istio's agent and Envoy Gateway do
	require.NoError(t, err)
	require.Equal(t, types.OCIManifestSchema1, descriptor.MediaType)
	image, err := descriptor.Image()
	require.NoError(t, err)
	return image
}

// check holds an image to the compat variant of the Wasm image specification, and to what
// the fetchers of Istio and Envoy Gateway look at: not Docker's manifest, the media type of
// the last layer, and the base name of the file in it.
func check(t *testing.T, image v1.Image, wasm []byte) {
	t.Helper()
	require.NoError(t, validate.Image(image))
	manifest, err := image.Manifest()
	require.NoError(t, err)
	require.Equal(t, types.OCIManifestSchema1, manifest.MediaType)
	require.Equal(t, types.OCIConfigJSON, manifest.Config.MediaType)
	require.Equal(t, "compat", manifest.Annotations["module.wasm.image/variant"])
	require.NotEmpty(t, manifest.Annotations["org.opencontainers.image.title"])
	require.Len(t, manifest.Layers, 1)
	require.Equal(t, "application/vnd.oci.image.layer.v1.tar+gzip", string(manifest.Layers[0].MediaType))
	config, err := image.ConfigFile()
	require.NoError(t, err)
	require.True(t, config.Created.IsZero())

	layers, err := image.Layers()
	require.NoError(t, err)
	require.Len(t, layers, 1)
	compressed, err := layers[0].Compressed()
	require.NoError(t, err)
	defer compressed.Close()
	zr, err := gzip.NewReader(compressed)
	require.NoError(t, err)
	require.True(t, zr.ModTime.IsZero())
	tr := tar.NewReader(zr)
	header, err := tr.Next()
	require.NoError(t, err)
	require.Equal(t, "plugin.wasm", header.Name)
	require.Equal(t, int64(0), header.ModTime.Unix())
	got, err := io.ReadAll(tr)
	require.NoError(t, err)
	require.True(t, bytes.Equal(wasm, got), "the file is not the module")
	_, err = tr.Next()
	require.Equal(t, io.EOF, err, "a second file")
}

// The artefact, packed, pushed and pulled.
func TestImage(t *testing.T) {
	wasm, err := os.ReadFile(artefact)
	require.NoError(t, err, "make dist/ajwt-proxy.wasm builds it")
	repository := start(t) + "/agentic-jwt/ajwt-proxy"
	folder := filepath.Join(t.TempDir(), "new", "oci")
	digest := packed(t, "--module", artefact, "--out", folder, "--version", "1.2.3", "--tag", "1.2", "--push", repository+":1.2.3")

	pulled := pull(t, repository+":1.2.3")
	check(t, pulled, wasm)
	check(t, pull(t, repository+"@"+digest), wasm)
	manifest, err := pulled.Manifest()
	require.NoError(t, err)
	require.Equal(t, "1.2.3", manifest.Annotations["org.opencontainers.image.version"])

	// The layout is one that another reader takes, and its image the same.
	index, err := layout.ImageIndexFromPath(folder)
	require.NoError(t, err)
	require.NoError(t, validate.Index(index))
	list, err := index.IndexManifest()
	require.NoError(t, err)
	require.Len(t, list.Manifests, 1)
	require.Equal(t, digest, list.Manifests[0].Digest.String())
	require.Equal(t, "1.2", list.Manifests[0].Annotations["org.opencontainers.image.ref.name"])
	image, err := index.Image(list.Manifests[0].Digest)
	require.NoError(t, err)
	check(t, image, wasm)

	// And so it can be pushed by other means, with the digest unchanged.
	ref, err := name.ParseReference(repository + ":layout")
	require.NoError(t, err)
	require.NoError(t, remote.Write(ref, image))
	got, err := pull(t, repository+":layout").Digest()
	require.NoError(t, err)
	require.Equal(t, digest, got.String())
}

// files gives the content of each file below a folder, by its path.
func files(t *testing.T, folder string) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.Walk(folder, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rest, _ := filepath.Rel(folder, path)
		all[rest] = string(data)
		return err
	}))
	return all
}

func module(t *testing.T, more string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "m.wasm")
	require.NoError(t, os.WriteFile(file, []byte("\x00asm\x01\x00\x00\x00"+more), 0o600))
	return file
}

// The same module gives the same bytes, whatever the file's name, mode and time; another
// module or version gives another digest.
func TestReproducible(t *testing.T) {
	one, two := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	digest := packed(t, "--module", module(t, "1"), "--out", one)
	again := packed(t, "--module", module(t, "1"), "--out", two)
	require.Equal(t, digest, again)
	require.Equal(t, files(t, one), files(t, two))
	require.Len(t, files(t, one), 5, "two files of the layout, manifest, configuration, layer")

	// Replaced as a whole: nothing of the earlier image is left.
	other := packed(t, "--module", module(t, "2"), "--out", one)
	require.NotEqual(t, digest, other)
	require.Len(t, files(t, one), 5)
	require.NotEqual(t, digest, packed(t, "--module", module(t, "1"), "--out", two, "--version", "2"))
	require.Equal(t, digest, packed(t, "--module", module(t, "1"), "--out", two))
	entries, err := os.ReadDir(filepath.Dir(two))
	require.NoError(t, err)
	require.Len(t, entries, 1, "the temporary folder is gone")
	var index map[string]any
	require.NoError(t, json.Unmarshal([]byte(files(t, two)["index.json"]), &index))
	require.Equal(t, "application/vnd.oci.image.index.v1+json", index["mediaType"])
}

func TestFaults(t *testing.T) {
	good, dir := module(t, ""), t.TempDir()
	out := filepath.Join(dir, "out")
	taken := filepath.Join(dir, "taken")
	require.NoError(t, os.MkdirAll(taken, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(taken, "precious"), nil, 0o600))
	text := filepath.Join(dir, "text")
	require.NoError(t, os.WriteFile(text, []byte("(module)"), 0o600))
	closed := start(t)
	for name, row := range map[string]struct {
		args  []string
		usage bool
		want  string
	}{
		"no module":       {[]string{"--out", out}, true, "--module is missing"},
		"no folder":       {[]string{"--module", good}, true, "--out is missing"},
		"empty tag":       {[]string{"--module", good, "--out", out, "--tag", ""}, true, "--tag is empty"},
		"an argument":     {[]string{"--module", good, "--out", out, "x"}, true, "unexpected argument x"},
		"unknown flag":    {[]string{"--modul", good}, true, "-modul"},
		"no such file":    {[]string{"--module", good + "x", "--out", out}, false, "no such file"},
		"no WebAssembly":  {[]string{"--module", text, "--out", out}, false, "no WebAssembly module"},
		"another folder":  {[]string{"--module", good, "--out", taken}, false, "something else than an OCI layout"},
		"a file":          {[]string{"--module", good, "--out", text}, false, "not a directory"},
		"wrong reference": {[]string{"--module", good, "--out", out, "--push", "A B"}, false, "could not parse reference"},
		"wrong registry":  {[]string{"--module", good, "--out", out, "--push", closed + "/UPPER"}, false, "UPPER"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, diagnostics bytes.Buffer
			err := run(row.args, &stdout, &diagnostics)
			require.Error(t, err)
			require.Empty(t, stdout.String())
			if row.usage {
				require.Equal(t, errUsage, err)
				require.Contains(t, diagnostics.String(), row.want)
				require.Contains(t, diagnostics.String(), "Usage: oci")
			} else {
				require.ErrorContains(t, err, row.want)
			}
		})
	}
	require.FileExists(t, filepath.Join(taken, "precious"))
	var help bytes.Buffer
	require.Error(t, run([]string{"--help"}, io.Discard, &help))
	require.Contains(t, help.String(), "-push")
}

// A registry that is not there, or refuses, fails the command after the layout was written.
func TestPushFails(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	host := strings.TrimPrefix(server.URL, "http://")
	server.Close()
	out := filepath.Join(t.TempDir(), "oci")
	err := run([]string{"--module", module(t, ""), "--out", out, "--push", host + "/ajwt-proxy"}, io.Discard, io.Discard)
	require.ErrorContains(t, err, host+"/ajwt-proxy")
	require.FileExists(t, filepath.Join(out, "index.json"))
}
