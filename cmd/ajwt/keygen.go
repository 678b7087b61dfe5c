package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"unicode/utf8"
)

var keygenCommand = &command{
	name:     "keygen",
	summary:  "make a signing key: private JWK to a file, public JWK to standard output",
	synopsis: "--out FILE [--alg ALG] [flags]",
	about: `
Makes a key for development and for agents that keep their key in a file. The
private JWK goes to a new file that only its owner may read (mode 0600); the public
part goes to standard output, alone or as a JWK Set. An existing file is kept unless
--force says otherwise.

ML-DSA-44 (RFC 9964) keeps its 32-byte seed; a policy must list it to admit it.`,
	examples: `
ajwt keygen --out issuer.jwk --set > issuer.jwks
ajwt keygen --alg ES256 --out agent.jwk --kid agent-1
ajwt keygen --alg PS256 --bits 4096 --out issuer.jwk --public issuer.jwks --set`,
	run: runKeygen,
}

func runKeygen(c *call) (int, error) {
	alg := c.text("alg", "ALG", "the algorithm: "+algorithmNames()+" (default: Ed25519)")
	kid := c.text("kid", "KID", "the key's id, 1 to 256 bytes (default: the RFC 7638 SHA-256 thumbprint)")
	out := c.text("out", "FILE", "where the private JWK goes; mandatory")
	public := c.text("public", "FILE", "write the public part to this file instead of standard output")
	set := c.boolean("set", "write the public part as a JWK Set, as a policy or --keys takes it")
	bits := c.text("bits", "N", "size of an RSA key, 2048 to 8192 (default: 3072)")
	force := c.boolean("force", "overwrite existing files")
	if err := c.parse(0, 0); err != nil {
		return 0, err
	}
	if !out.given() {
		return 0, usagef("--out is missing: a private key goes to a file, not to standard output")
	}
	a, err := findAlgorithm(alg.or("Ed25519"))
	if err != nil {
		return 0, usagef("--alg: %v", err)
	}
	size, err := bits.integer(3072, leastRSABits, mostRSABits)
	if err != nil {
		return 0, err
	}
	switch {
	case bits.given() && a.kty != "RSA":
		return 0, usagef("--bits goes with --alg RS256 and PS256; the size of %s is fixed", a.name)
	case len(kid.value()) > 256 || !utf8.ValidString(kid.value()):
		return 0, usagef("--kid: want 1 to 256 bytes of UTF-8")
	case public.given() && filepath.Clean(public.value()) == filepath.Clean(out.value()):
		return 0, usagef("--out and --public name the same file")
	}
	signer, err := a.generate(int(size))
	if err != nil {
		return 0, fmt.Errorf("the key could not be made: %w", err)
	}
	key := &signingKey{alg: a, kid: kid.value(), signer: signer}
	if key.kid == "" {
		key.kid = key.thumbprint()
	}
	if err := writeNew("--out", out.value(), append(key.privateJWK(), '\n'), 0o600, force.on()); err != nil {
		return 0, err
	}
	text := append(key.publicJWK(), '\n')
	if set.on() {
		text = append(append([]byte(`{"keys":[`), key.publicJWK()...), "]}\n"...)
	}
	if public.given() {
		err = writeNew("--public", public.value(), text, 0o644, force.on())
	} else {
		_, err = c.stdout.Write(text)
	}
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(c.stderr, "ajwt keygen: the private %s key is in %s; its kid is %s\n", a.name, quote(out.value(), 200), quote(key.kid, 260))
	return exitOK, nil
}

// writeNew writes a file that does not exist yet. With force it replaces an existing
// one in one step, so that a failure keeps the old file and the new content never
// stands under the old file's permissions.
func writeNew(by, path string, data []byte, mode fs.FileMode, force bool) error {
	failed := func(err error, hint string) error {
		return fmt.Errorf("%s: %s: %s%s", by, quote(path, 200), fileFault(err), hint)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s: %s is a directory; want a file", by, quote(path, 200))
	}
	if !force {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if errors.Is(err, fs.ErrExist) {
			return failed(err, "; choose another name, or say --force to overwrite it")
		}
		if err != nil {
			return failed(err, "")
		}
		if err := writeAndClose(f, data); err != nil {
			os.Remove(path)
			return failed(err, "")
		}
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".ajwt-*") // mode 0600
	if err != nil {
		return failed(err, "")
	}
	err = f.Chmod(mode)
	if written := writeAndClose(f, data); err == nil {
		err = written
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return failed(err, "")
	}
	return nil
}

func writeAndClose(f *os.File, data []byte) error {
	_, err := f.Write(data)
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}
