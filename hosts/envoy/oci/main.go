// Command oci packs the proxy-wasm filter as a container image, the form in which Istio and
// Envoy Gateway fetch modules: the "compat" variant of the Wasm image specification, one
// gzipped tar layer with one file, plugin.wasm.
//
// The image is written as an OCI layout (OCI image specification, image-layout.md), which
// crane, oras and skopeo take, and pushed if asked. The same module and flags give the same
// bytes, and so the same digest: nothing in the image says when or where it was made.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

const usage = `Usage: oci --module FILE --out FOLDER [--version VERSION] [--tag TAG] [--push REFERENCE]

Packs a proxy-wasm module as a container image and prints the image's digest.

`

func main() {
	switch err := run(os.Args[1:], os.Stdout, os.Stderr); {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "oci:", err)
		os.Exit(1)
	}
}

// errUsage is a command line that is wrong; what is wrong has been said.
var errUsage = errors.New("usage")

// run does what the arguments say. It prints the digest, such as sha256:9f86…, to out.
func run(args []string, out, diagnostics io.Writer) error {
	flags := flag.NewFlagSet("oci", flag.ContinueOnError)
	flags.SetOutput(diagnostics)
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	module := flags.String("module", "", "the module, such as dist/ajwt-proxy.wasm")
	folder := flags.String("out", "", "the folder of the layout; an earlier layout there is replaced")
	version := flags.String("version", "", "the annotation org.opencontainers.image.version; none if empty")
	tag := flags.String("tag", "latest", "the name of the image in the layout")
	push := flags.String("push", "", "push the image there too, such as registry.example/ajwt-proxy:1.0; credentials are those of docker login")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	wrong := ""
	switch {
	case flags.NArg() > 0:
		wrong = "unexpected argument " + flags.Arg(0)
	case *module == "":
		wrong = "--module is missing"
	case *folder == "":
		wrong = "--out is missing"
	case *tag == "":
		wrong = "--tag is empty"
	}
	if wrong != "" {
		fmt.Fprintln(diagnostics, "oci:", wrong)
		flags.Usage()
		return errUsage
	}
	wasm, err := os.ReadFile(*module)
	if err != nil {
		return err
	}
	image, err := pack(wasm, *version)
	if err != nil {
		return fmt.Errorf("%s: %w", *module, err)
	}
	if err := write(image, *folder, *tag); err != nil {
		return err
	}
	if *push != "" {
		if err := upload(image, *push); err != nil {
			return err
		}
	}
	digest, err := image.Digest()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, digest)
	return err
}
