package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// signingKey implements issue.Signer.

// Algorithm implements issue.Signer.
func (k *signingKey) Algorithm() string { return k.alg.name }

// KeyID implements issue.Signer.
func (k *signingKey) KeyID() string { return k.kid }

// PublicJWK implements issue.Signer.
func (k *signingKey) PublicJWK() []byte { return jwkText(k.thumbprintMembers()) }

// Sign implements issue.Signer.
func (k *signingKey) Sign(input []byte) ([]byte, error) {
	return k.alg.method.Sign(string(input), k.signer)
}

// signFlags are the flags of commands that sign a document.
type signFlags struct{ key, alg, kid, issuer, now *definition }

func newSignFlags(c *call, document, member string) *signFlags {
	return &signFlags{
		key:    c.text("key", "FILE", "the private JWK that signs, as 'ajwt keygen' writes it"),
		alg:    c.text("alg", "ALG", "the algorithm, where the key admits several (default: the key's)"),
		kid:    c.text("kid", "KID", "the kid of the header, as "+member+" of the policies has it (default: the key's)"),
		issuer: c.text("issuer", "URL", "what iss must be (default: whatever the "+document+" says)"),
		now:    c.nowFlag(),
	}
}

// read reads the key and the time.
func (f *signFlags) read(c *call) (*signingKey, int64, error) {
	if !f.key.given() {
		return nil, 0, usagef("--key is missing: want the private JWK that signs ('ajwt keygen' makes one)")
	}
	now, err := c.at(f.now)
	if err != nil {
		return nil, 0, err
	}
	key, err := c.readSigningKey("--key", f.key.value(), f.alg.value())
	if err != nil {
		return nil, 0, err
	}
	key.kid = f.kid.or(key.kid)
	return key, now, nil
}

// signDocument is "bundle sign" and "revocations sign". It prints the compact form, or
// the faults of the payload to standard error.
func (c *call) signDocument(document, member string, sign func(payload []byte, issuer string, now int64, key *signingKey) (string, error)) (int, error) {
	f := newSignFlags(c, document, member)
	if err := c.parse(1, 1); err != nil {
		return 0, err
	}
	key, now, err := f.read(c)
	if err != nil {
		return 0, err
	}
	doc, err := c.readDocument(c.cmd.name, c.args[0])
	if err != nil {
		return 0, err
	}
	if doc.signed {
		return 0, fmt.Errorf("%s is signed already; want the JSON of its payload", quote(c.args[0], 200))
	}
	compact, err := sign(doc.payload, f.issuer.value(), now, key)
	var load *ajwt.LoadError
	switch {
	case errors.As(err, &load):
		fmt.Fprintf(c.stderr, "ajwt %s: not signed: %s in %s\n", c.cmd.name, count(len(load.Faults), "fault"), quote(c.args[0], 200))
		printFaults(c.stderr, load.Faults)
		return exitReject, nil
	case err != nil:
		return 0, fmt.Errorf("--key: %w", err)
	}
	fmt.Fprintln(c.stdout, compact)
	return exitOK, nil
}

// document is a bundle or a revocation list, signed or the JSON of its payload.
type document struct {
	raw     []byte // as verifiers load it: without white space around it
	signed  bool   // raw is a compact JWS, whose signature nobody looked at
	header  strictjson.Document
	payload []byte
	root    strictjson.Value // of the payload
	doc     strictjson.Document
}

// readDocument reads a file that holds a compact JWS or one JSON object.
func (c *call) readDocument(by, path string) (*document, error) {
	data, err := c.readFile(by, path)
	if err != nil {
		return nil, err
	}
	where := fmt.Sprintf("%s: %s", by, quote(path, 200))
	d := &document{raw: bytes.TrimSpace(data)}
	if d.signed = !bytes.HasPrefix(d.raw, []byte("{")); !d.signed {
		d.payload = d.raw
	} else if err := d.takeApart(); err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	if err := d.doc.Parse(d.payload, strictjson.Limits{Depth: 64, Values: len(d.payload)/2 + 1}); err != nil {
		return nil, fmt.Errorf("%s: the payload is not strict JSON: %w", where, err)
	}
	if d.root = d.doc.Root(); d.root.Kind() != strictjson.Object {
		return nil, fmt.Errorf("%s: want a JSON object, have %s", where, d.root.Kind())
	}
	return d, nil
}

func (d *document) takeApart() error {
	parts := strings.Split(string(d.raw), ".")
	if len(parts) != 3 {
		return fmt.Errorf("want a compact JWS of three parts, or the JSON of the payload; have %s", count(len(parts), "part"))
	}
	var decoded [2][]byte
	for i, name := range [...]string{"header", "payload"} {
		b, err := base64.RawURLEncoding.Strict().DecodeString(parts[i])
		if err != nil || strings.ContainsAny(parts[i], "\r\n") {
			return fmt.Errorf("the %s is not base64url without padding", name)
		}
		decoded[i] = b
	}
	if d.header.Parse(decoded[0], strictjson.Limits{Depth: 8, Values: 4096}) != nil {
		return errors.New("the header is not strict JSON")
	}
	d.payload = decoded[1]
	return nil
}

// integer and text read a member of the payload that core has admitted.
func (d *document) integer(name string) int64 {
	n, _ := d.root.Member(name).Integer()
	return n
}

func (d *document) text(name string) string { return string(d.root.Member(name).Bytes()) }

// strings reads a member that is a list of strings.
func (d *document) strings(name string) []string {
	out := []string{}
	for e := d.root.Member(name).First(); e.Exists(); e = e.Next() {
		out = append(out, string(e.Bytes()))
	}
	return out
}

// readableAt is a time at which core reads the document: now, or, of one that has
// expired or is of the future, the time of its issue, and then why.
func (d *document) readableAt(now int64, end string) (at int64, warning string) {
	iat, exp := d.integer("iat"), d.integer(end)
	switch {
	case iat > now:
		return iat, fmt.Sprintf("iat is in the future by %d s: verifiers refuse it now", iat-now)
	case exp <= now && exp > iat:
		return iat, fmt.Sprintf("it EXPIRED %d s ago: verifiers refuse to load it, and routes above level jwt reject", now-exp)
	}
	return now, ""
}

// bundleDocument is a bundle that compiled.
type bundleDocument struct {
	*document
	bundle   *ajwt.Bundle
	warnings []string
}

// readBundle reads and compiles a bundle. A signature is not looked at. A bundle that
// does not compile gives a *ajwt.LoadError.
func (c *call) readBundle(by, path string, now int64) (*bundleDocument, error) {
	d, err := c.readDocument(by, path)
	if err != nil {
		return nil, err
	}
	return d.compile(now)
}

func (d *document) compile(now int64) (*bundleDocument, error) {
	at, warning := d.readableAt(now, "exp")
	b, err := ajwt.CompileBundle(d.payload, d.text("iss"), at)
	if err != nil {
		return nil, err
	}
	out := &bundleDocument{document: d, bundle: b}
	if warning != "" {
		out.warnings = append(out.warnings, warning)
	} else if left := b.Expires() - now; left < expirySoon {
		out.warnings = append(out.warnings, fmt.Sprintf("it expires in %d s; sign the next one before, for routes above level jwt reject without one", left))
	}
	return out, nil
}

// expirySoon is when the end of a bundle is near, in seconds.
const expirySoon = 3600

// signatureReport is what is known of a document's signature.
type signatureReport struct {
	Signed   bool   `json:"signed"`
	Verified bool   `json:"verified"`
	Note     string `json:"note"`
	Alg      string `json:"alg,omitempty"`
	Kid      string `json:"kid,omitempty"`

	faults []ajwt.Fault
}

// signature verifies the document as the verifiers under a policy would load it.
func (c *call) signature(d *document, policyFlag *definition, load func(p *ajwt.Policy, issuer string) error) (*signatureReport, error) {
	r := &signatureReport{Signed: d.signed, Note: "NOT SIGNED: this is a payload; verifiers load what 'sign' makes of it"}
	if d.signed {
		header := d.header.Root()
		r.Alg, r.Kid = string(header.Member("alg").Bytes()), string(header.Member("kid").Bytes())
		r.Note = "NOT VERIFIED: the signature was not checked, so anybody may have written this; give --policy to check it"
	}
	if !policyFlag.given() {
		return r, nil
	}
	data, err := c.readFile("--policy", policyFlag.value())
	if err != nil {
		return nil, err
	}
	policy, err := ajwt.ParsePolicy(data)
	if err != nil {
		return nil, loadFault("--policy: "+quote(policyFlag.value(), 200), err)
	}
	var fault *ajwt.LoadError
	switch err := load(policy, d.text("iss")); {
	case errors.As(err, &fault):
		r.faults, r.Note = fault.Faults, "REFUSED under the policy"
	case err != nil:
		return nil, err
	default:
		r.Verified, r.Note = true, "VERIFIED: a key of the policy signed it, and verifiers load it"
	}
	return r, nil
}

func (r *signatureReport) print(w io.Writer) {
	fmt.Fprintln(w, r.Note)
	printFaults(w, r.faults)
	if r.Signed {
		line(w, "header", printable(fmt.Sprintf("alg %q, kid %q", r.Alg, r.Kid)))
	}
}

// exit is exit code 1 for a document that the policy refuses.
func (r *signatureReport) exit() int {
	if len(r.faults) > 0 {
		return exitReject
	}
	return exitOK
}

// faulty shows the faults of a document that does not compile; other errors it returns.
func (c *call) faulty(what string, err error, asJSON bool) (int, error) {
	var load *ajwt.LoadError
	if !errors.As(err, &load) {
		return 0, err
	}
	if asJSON {
		return exitReject, c.printJSON(map[string]any{"valid": false, "faults": faultsJSON(load.Faults)})
	}
	fmt.Fprintf(c.stdout, "FAULTY  the %s does not load: %s\n", what, count(len(load.Faults), "fault"))
	printFaults(c.stdout, load.Faults)
	return exitReject, nil
}
