package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

var inspectCommand = &command{
	name:     "inspect",
	summary:  "show what a token and a proof say, without verifying them",
	synopsis: "TOKEN|@FILE|- [--proof @FILE] [--policy FILE] [flags]",
	about: `
Decodes a token, and a DPoP proof, and lists what a verifier would check in which
order. What it shows is NOT VERIFIED: anybody can write a token. Faults of form are
named with their rejection code. With --policy it also says what the policy rejects
about the token itself; whether a request may pass is for "ajwt verify" to say.

Signatures, whole tokens and private keys are never shown.

Exit code 0: decoded, no fault of form (nor, with --policy, a rejection) was found;
1: a fault was found; 2: there was nothing to decode.`,
	examples: `
ajwt inspect @token.txt
ajwt inspect @token.txt --proof @proof.txt --json
ajwt inspect --header @headers.txt --policy policy.json --keys https://as.example=issuer.jwks`,
	run: runInspect,
}

func runInspect(c *call) (int, error) {
	tokenFlag := c.text("token", "TOKEN|@FILE|-", "the token; the same as the operand")
	proofFlag := c.text("proof", "PROOF|@FILE|-", "the DPoP proof")
	headers := c.list("header", "'NAME: VALUE'|@FILE|-", "take token and proof from header fields")
	engines := newEngineFlags(c)
	nowFlag := c.nowFlag()
	asJSON := c.boolean("json", "print JSON")
	if err := c.parse(0, 1); err != nil {
		return 0, err
	}
	now, err := c.at(nowFlag)
	if err != nil {
		return 0, err
	}
	if len(c.args) == 1 {
		if tokenFlag.given() {
			return 0, usagef("the token is given as operand and with --token; give it once")
		}
		tokenFlag.values = c.args
	}
	token, proof, err := c.inspected(tokenFlag, proofFlag, headers)
	if err != nil {
		return 0, err
	}
	i := &inspection{Now: now}
	if token != "" {
		i.Token = inspectJWS(token, tokenFault(token))
	}
	if proof != "" {
		i.Proof = inspectJWS(proof, proofFault(proof))
	}
	if engines.policy.given() {
		if token == "" {
			return 0, usagef("--policy decides about a token; none is given")
		}
		e, err := engines.open(c, now)
		if err != nil {
			return 0, err
		}
		defer e.close()
		i.Policy = tokenAlone(e, token, now)
	} else if engines.keys.given() || engines.engine.given() || engines.module.given() || engines.nonceKeys.given() {
		return 0, usagef("--keys, --nonce-key, --engine and --module go with --policy")
	}
	if asJSON.on() {
		i.Checks = allChecks()
		err = c.printJSON(i)
	} else {
		i.print(c.stdout)
	}
	if i.faulty() {
		return exitReject, err
	}
	return exitOK, err
}

// inspected finds token and proof in the flags.
func (c *call) inspected(tokenFlag, proofFlag, headers *definition) (token, proof string, err error) {
	req := new(ajwt.Request)
	for _, text := range headers.values {
		fields, err := c.headerFields(text)
		if err != nil {
			return "", "", err
		}
		req.Headers = append(req.Headers, fields...)
	}
	token, proof = fieldValue(req, "Authorization"), fieldValue(req, "DPoP")
	for _, f := range []struct {
		flag *definition
		into *string
	}{{tokenFlag, &token}, {proofFlag, &proof}} {
		if !f.flag.given() {
			continue
		}
		if *f.into != "" {
			return "", "", usagef("--%s and --header both give it; give one", f.flag.name)
		}
		if *f.into, err = c.textOrFile(f.flag); err != nil {
			return "", "", err
		}
	}
	if scheme, rest, ok := strings.Cut(token, " "); ok && (strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "DPoP")) {
		token = rest
	}
	if token == "" && proof == "" {
		return "", "", usagef("there is no token: give it as operand, with --token or with --header")
	}
	return token, proof, nil
}

// inspection is the answer of inspect --json.
type inspection struct {
	Verified bool         `json:"verified"` // always false
	Now      int64        `json:"now"`
	Token    *inspectedAs `json:"token,omitempty"`
	Proof    *inspectedAs `json:"proof,omitempty"`
	Policy   *aloneReport `json:"policy,omitempty"`
	Checks   []checkEntry `json:"checks"`
}

// inspectedAs is one decoded JWS. Header and payload are the JSON itself where it
// is strict JSON, else their text.
type inspectedAs struct {
	Bytes          int             `json:"bytes"`
	Parts          int             `json:"parts"`
	SHA256         string          `json:"sha256"` // base64url, as ath names a token
	SignatureBytes int             `json:"signature_bytes"`
	Header         json.RawMessage `json:"header,omitempty"`
	Payload        json.RawMessage `json:"payload,omitempty"`
	HeaderText     string          `json:"header_text,omitempty"`
	PayloadText    string          `json:"payload_text,omitempty"`
	Fault          *explanation    `json:"fault,omitempty"`

	jws *jws
}

func inspectJWS(compact string, fault *explanation) *inspectedAs {
	j := takeApart(compact)
	sum := sha256.Sum256([]byte(compact))
	out := &inspectedAs{
		Bytes: j.bytes, Parts: j.segments, SHA256: base64url(sum[:]), SignatureBytes: j.sigLen, Fault: fault, jws: j,
	}
	out.Header, out.HeaderText = j.header.shown()
	out.Payload, out.PayloadText = j.payload.shown()
	return out
}

// shown is a decoded part with its signatures and private keys left out.
func (p *part) shown() (json.RawMessage, string) {
	text := printable(redact(string(p.text)))
	if p.value.Exists() && json.Valid([]byte(text)) {
		return json.RawMessage(text), ""
	}
	return nil, text
}

func (i *inspection) faulty() bool {
	return i.Token != nil && i.Token.Fault != nil || i.Proof != nil && i.Proof.Fault != nil || i.Policy != nil && i.Policy.Explanation != nil
}

// print writes the inspection for people.
func (i *inspection) print(w io.Writer) {
	fmt.Fprintln(w, "NOT VERIFIED  nothing below is proven: anybody can write a token. Use \"ajwt verify\" to decide a request.")
	if i.Token != nil {
		i.Token.print(w, "token")
		i.Token.printTimes(w, i.Now, "iat", "nbf", "exp")
	}
	if i.Proof != nil {
		i.Proof.print(w, "proof")
		i.Proof.printTimes(w, i.Now, "iat")
	}
	if i.Policy != nil {
		i.Policy.print(w)
	}
	printChecks(w)
}

func (a *inspectedAs) print(w io.Writer, name string) {
	fmt.Fprintf(w, "%s  %d bytes in %s, a signature of %d bytes (not shown), SHA-256 %s\n", name, a.Bytes, count(a.Parts, "part"), a.SignatureBytes, a.SHA256)
	a.jws.header.print(w, "header")
	a.jws.payload.print(w, "payload")
	if a.Fault != nil {
		fmt.Fprintf(w, "  FAULT     %s (%d)\n", a.Fault.Code, a.Fault.Number)
		a.Fault.print(w)
	}
}

// print shows a part, indented where it is JSON, member by member as it stands.
func (p *part) print(w io.Writer, name string) {
	switch {
	case p.text == nil:
		line(w, name, "(cannot be decoded)")
		return
	case json.Valid(p.text):
		line(w, name, indented(redact(string(p.text))))
	default:
		line(w, name, quote(redact(string(p.text)), 4096))
	}
	if p.fault != nil {
		line(w, "", "not one strict JSON object: "+p.fault.Error())
	}
}

// printTimes shows NumericDates as dates, and how far away they are.
func (a *inspectedAs) printTimes(w io.Writer, now int64, names ...string) {
	for _, name := range names {
		v := a.jws.payload.value.Member(name)
		n, ok := v.Integer()
		switch {
		case ok && n <= now:
			line(w, name, fmt.Sprintf("%s, %d s ago", dateText(n), now-n))
		case ok:
			line(w, name, fmt.Sprintf("%s, in %d s", dateText(n), n-now))
		case v.Exists():
			line(w, name, raw(v))
		}
	}
}
