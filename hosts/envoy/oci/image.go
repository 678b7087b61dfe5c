package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// pluginFile is the name by which hosts find the module in the layer (Wasm image
// specification, compat variant).
const pluginFile = "plugin.wasm"

// annotations of the manifest. The first is what the compat variant asks of images whose
// layer has OCI's media type.
var annotations = map[string]string{
	"module.wasm.image/variant":            "compat",
	"org.opencontainers.image.title":       "ajwt-proxy",
	"org.opencontainers.image.description": "Agentic JWT verifier as a proxy-wasm filter",
	"org.opencontainers.image.source":      "https://github.com/agentic-jwt/ajwt",
	"org.opencontainers.image.licenses":    "Apache-2.0",
}

// pack makes the image. wasm is the module, in WebAssembly's binary format; version is for
// an annotation, empty for none.
func pack(wasm []byte, version string) (v1.Image, error) {
	if !bytes.HasPrefix(wasm, []byte("\x00asm\x01\x00\x00\x00")) {
		return nil, errors.New("it is no WebAssembly module")
	}
	content, err := archive(wasm)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	}, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	// The names are Go's, as the OCI image specification wants them.
	image, err = mutate.ConfigFile(image, &v1.ConfigFile{Architecture: "wasm", OS: "wasip1", RootFS: v1.RootFS{Type: "layers"}})
	if err != nil {
		return nil, err
	}
	if image, err = mutate.Append(image, mutate.Addendum{Layer: layer, MediaType: types.OCILayer}); err != nil {
		return nil, err
	}
	all := map[string]string{}
	for k, v := range annotations {
		all[k] = v
	}
	if version != "" {
		all["org.opencontainers.image.version"] = version
	}
	return mutate.Annotations(image, all).(v1.Image), nil
}

// archive is the layer: a gzipped tar file with the module alone. No member of a header
// depends on the file it came from, or on the time.
func archive(wasm []byte) ([]byte, error) {
	var b bytes.Buffer
	// Compressed at its best: it is done once, and fetched by every proxy.
	zw, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	tw := tar.NewWriter(zw)
	err = tw.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: pluginFile, Mode: 0o644, Size: int64(len(wasm)), Format: tar.FormatUSTAR})
	if err == nil {
		_, err = tw.Write(wasm)
	}
	if err = errors.Join(err, tw.Close(), zw.Close()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// write writes the layout. The folder is replaced as a whole, and only if it is a layout,
// or empty, or not there yet.
func write(image v1.Image, folder, tag string) error {
	switch entries, err := os.ReadDir(folder); {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return err
	case len(entries) > 0:
		if _, err := layout.FromPath(folder); err != nil {
			return fmt.Errorf("%s holds something else than an OCI layout: it is left alone", folder)
		}
	}
	parent := filepath.Dir(filepath.Clean(folder))
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	temporary, err := os.MkdirTemp(parent, ".oci-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	if err := os.Chmod(temporary, 0o755); err != nil {
		return err
	}
	path, err := layout.Write(temporary, empty.Index)
	if err != nil {
		return err
	}
	err = path.AppendImage(image, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": tag}))
	if err != nil {
		return err
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	return os.Rename(temporary, folder)
}

// upload pushes the image to a registry: over TLS, but for names of the loopback interface.
func upload(image v1.Image, reference string) error {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return err
	}
	if err := remote.Write(ref, image, remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
		return fmt.Errorf("%s: %w", reference, err)
	}
	return nil
}
