package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/agentic-jwt/ajwt/hosts/issue"
)

var bundleCommand = &command{
	name:     "bundle",
	summary:  "sign, show, compare and explain workflow bundles",
	synopsis: "sign | show | diff | explain | alias",
	about: `
A bundle is the signed document of one issuer that says which agents there are and
what they may do in its workflows: spec/profile.md, section 16.1.

  sign     hold a bundle's JSON to what verifiers accept, and sign it
  show     what a bundle says; with --policy, whether verifiers load it
  diff     what changed between two bundles, down to single chains and sequences
  explain  which chains and sequences of steps a step accepts, with their hashes
  alias    add the names by which one audience knows a workflow

Each has its own help: 'ajwt bundle sign --help'.`,
	examples: `
ajwt bundle sign --key bundle.jwk bundle.json > bundle.jws
ajwt bundle show bundle.jws --policy policy.json
ajwt bundle diff old.jws new.json
ajwt bundle explain --workflow vuln-patching --step patch bundle.jws
ajwt bundle alias --audience https://api.example --secret-file secret.txt --workflow vuln-patching bundle.json > aliased.json`,
	run: func(c *call) (int, error) {
		return c.subcommand(bundleSignCommand, bundleShowCommand, bundleDiffCommand, bundleExplainCommand, bundleAliasCommand)
	},
}

var bundleSignCommand = &command{
	name:     "bundle sign",
	summary:  "sign a bundle",
	synopsis: "--key FILE FILE|- [flags]",
	about: `
Compiles the JSON of a bundle as verifiers do, and signs it, byte for byte as it
stands, only if they would load it. Standard output gets the compact form.

Raise "version" with every bundle: verifiers never go back, and refuse another content
under a version that they have seen.

Exit code 0: signed; 1: the bundle has faults, which standard error lists with their
JSON pointers; 2: a file or the key cannot be used.`,
	examples: `
ajwt bundle sign --key bundle.jwk bundle.json > bundle.jws
ajwt bundle sign --key bundle.jwk --kid bundle-2026 --issuer https://as.example - < bundle.json`,
	run: func(c *call) (int, error) {
		return c.signDocument("bundle", "bundle.keys", func(payload []byte, issuer string, now int64, key *signingKey) (string, error) {
			return issue.SignBundle(payload, issuer, now, key)
		})
	},
}

var bundleAliasCommand = &command{
	name:     "bundle alias",
	summary:  "add aliases of a workflow for an audience",
	synopsis: "--audience URL --secret-file FILE --workflow ID FILE|-",
	about: `
Adds the names by which one audience knows a workflow and its steps, so that tokens for
it do not carry the real ones (spec/profile.md, section 16.7). The names follow from
the secret: 32 random bytes in base64url, which only the server keeps.

Aliases hide names from those who lack the bundle. They do not make tokens unlinkable,
and do not go together with delegation links, which carry the real id.

FILE is the JSON of a bundle, or a signed one, whose signature is not looked at.
Standard output gets the new JSON, to be signed: raise its version first.`,
	examples: `
ajwt bundle alias --audience https://api.example --secret-file secret.txt --workflow vuln-patching bundle.json > aliased.json
ajwt mint ... --alias-secret secret.txt`,
	run: runBundleAlias,
}

func runBundleAlias(c *call) (int, error) {
	audience := c.text("audience", "URL", "the audience, as the policy of its verifiers has it")
	secret := c.text("secret-file", "FILE|-", "the secret: 32 random bytes in base64url")
	workflow := c.text("workflow", "ID", "the workflow")
	if err := c.parse(1, 1); err != nil {
		return 0, err
	}
	for _, d := range []*definition{audience, secret, workflow} {
		if !d.given() {
			return 0, usagef("--%s is missing; usage: ajwt %s %s", d.name, c.cmd.name, c.cmd.synopsis)
		}
	}
	aliases, err := c.readAliases("--secret-file", secret.value())
	if err != nil {
		return 0, err
	}
	doc, err := c.readDocument(c.cmd.name, c.args[0])
	if err != nil {
		return 0, err
	}
	payload, err := aliases.AddTo(doc.payload, audience.value(), workflow.value())
	if err != nil {
		return 0, err
	}
	fmt.Fprintln(c.stdout, string(payload))
	note := "not signed yet; raise its version, then 'ajwt bundle sign'"
	if doc.signed {
		note += " (the signature that it had was not checked)"
	}
	fmt.Fprintf(c.stderr, "ajwt %s: %s is known to %s as %s; the bundle is %s\n", c.cmd.name, quote(workflow.value(), 130),
		quote(audience.value(), 200), aliases.Workflow(audience.value(), workflow.value()), note)
	return exitOK, nil
}

// readAliases reads the secret of aliases. Messages never repeat it.
func (c *call) readAliases(by, path string) (*issue.Aliases, error) {
	data, err := c.readFile(by, path)
	if err != nil {
		return nil, err
	}
	secret, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimSpace(string(data)))
	if err != nil {
		err = errors.New("not base64url without padding")
	}
	if err == nil {
		var a *issue.Aliases
		if a, err = issue.NewAliases(secret); err == nil {
			return a, nil
		}
	}
	return nil, fmt.Errorf("%s: %s: %w; make one with: openssl rand 32 | basenc --base64url | tr -d =", by, quote(path, 200), err)
}
