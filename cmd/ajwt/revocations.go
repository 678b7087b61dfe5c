package main

import (
	"fmt"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/hosts/issue"
)

var revocationsCommand = &command{
	name:     "revocations",
	summary:  "sign and show revocation lists",
	synopsis: "sign | show",
	about: `
A revocation list is the signed document of one issuer that takes back agents,
registrations, tokens, links and keys before their time: spec/profile.md, section 16.2.

  sign  hold a list's JSON to what verifiers accept, and sign it
  show  what a list says; with --policy, whether verifiers load it`,
	examples: `
ajwt revocations sign --key bundle.jwk list.json > list.jws
ajwt revocations show list.jws --policy policy.json`,
	run: func(c *call) (int, error) { return c.subcommand(revocationsSignCommand, revocationsShowCommand) },
}

var revocationsSignCommand = &command{
	name:     "revocations sign",
	summary:  "sign a revocation list",
	synopsis: "--key FILE FILE|- [flags]",
	about: `
Reads the JSON of a list as verifiers do, and signs it, byte for byte as it stands, only
if they would load it and it is not stale already. Standard output gets the compact form.

Raise "sequence" with every list: verifiers never go back. A list is whole: what it does
not name is not revoked any more.

Exit code 0: signed; 1: the list has faults, which standard error lists with their
JSON pointers; 2: a file or the key cannot be used.`,
	examples: `
ajwt revocations sign --key bundle.jwk list.json > list.jws
echo '{"iss":"https://as.example","iat":1767225600,"next_update":1767229200,"sequence":1,
  "agents":["patcher"],"registrations":[],"tokens":[],"keys":[]}' | ajwt revocations sign --key bundle.jwk -`,
	run: func(c *call) (int, error) {
		return c.signDocument("list", "revocation.keys", func(payload []byte, issuer string, now int64, key *signingKey) (string, error) {
			return issue.SignRevocations(payload, issuer, now, key)
		})
	},
}

var revocationsShowCommand = &command{
	name:     "revocations show",
	summary:  "show a revocation list",
	synopsis: "FILE|- [--policy FILE] [--json] [flags]",
	about: `
Shows what a revocation list says. With --policy it is loaded as verifiers under that
policy do, which verifies the signature. Without, nothing says who wrote it.

Exit code 0: it reads (and, with --policy, loads); 1: it does not; 2: a file cannot
be read.`,
	examples: `
ajwt revocations show list.jws
ajwt revocations show list.jws --policy policy.json --json`,
	run: runRevocationsShow,
}

// revocationsReport is the answer of revocations show --json.
type revocationsReport struct {
	Valid         bool             `json:"valid"`
	Signature     *signatureReport `json:"signature"`
	Faults        any              `json:"faults,omitempty"`
	Warnings      []string         `json:"warnings,omitempty"`
	Issuer        string           `json:"iss"`
	Sequence      int64            `json:"sequence"`
	IssuedAt      int64            `json:"iat"`
	NextUpdate    int64            `json:"next_update"`
	Agents        []string         `json:"agents"`
	Registrations []string         `json:"registrations"`
	Tokens        []string         `json:"tokens"`
	Keys          []string         `json:"keys"`
}

func runRevocationsShow(c *call) (int, error) {
	policy := c.text("policy", "FILE", "a policy of the verifiers: check the signature, and whether they load it")
	nowFlag := c.nowFlag()
	asJSON := c.boolean("json", "print JSON")
	if err := c.parse(1, 1); err != nil {
		return 0, err
	}
	now, err := c.at(nowFlag)
	if err != nil {
		return 0, err
	}
	d, err := c.readDocument(c.cmd.name, c.args[0])
	if err != nil {
		return 0, err
	}
	at := max(now, d.integer("iat")) // of the future: said as a warning
	if _, err := ajwt.ReadRevocations(d.payload, d.text("iss"), at); err != nil {
		return c.faulty("list", err, asJSON.on())
	}
	signature, err := c.signature(d, policy, func(p *ajwt.Policy, issuer string) error {
		_, err := p.ParseRevocations(issuer, d.raw, now)
		return err
	})
	if err != nil {
		return 0, err
	}
	r := &revocationsReport{Valid: signature.exit() == exitOK, Signature: signature, Issuer: d.text("iss"), Sequence: d.integer("sequence"),
		IssuedAt: d.integer("iat"), NextUpdate: d.integer("next_update"), Agents: d.strings("agents"),
		Registrations: d.strings("registrations"), Tokens: d.strings("tokens"), Keys: d.strings("keys")}
	if len(signature.faults) > 0 {
		r.Faults = faultsJSON(signature.faults)
	}
	if r.IssuedAt > now {
		r.Warnings = append(r.Warnings, fmt.Sprintf("iat is in the future by %d s: verifiers refuse it now", r.IssuedAt-now))
	}
	if r.NextUpdate < now {
		r.Warnings = append(r.Warnings, fmt.Sprintf("it is STALE for %d s: where the policy says required, every token rejects once grace_seconds are over", now-r.NextUpdate))
	}
	if asJSON.on() {
		return signature.exit(), c.printJSON(r)
	}
	c.printRevocations(r, now)
	return signature.exit(), nil
}

func (c *call) printRevocations(r *revocationsReport, now int64) {
	r.Signature.print(c.stdout)
	printWarnings(c.stdout, r.Warnings)
	fmt.Fprintf(c.stdout, "revocation list of %s\n", printable(r.Issuer))
	line(c.stdout, "sequence", fmt.Sprint(r.Sequence))
	line(c.stdout, "iat", dateText(r.IssuedAt))
	line(c.stdout, "next", fmt.Sprintf("%s, %s", dateText(r.NextUpdate), fromNow(r.NextUpdate, now)))
	for _, l := range []struct {
		name string
		ids  []string
	}{{"agents", r.Agents}, {"registered", r.Registrations}, {"tokens", r.Tokens}, {"keys", r.Keys}} {
		text := "none"
		if len(l.ids) > 0 {
			text = fmt.Sprintf("%d: %s", len(l.ids), strings.Join(l.ids, ", "))
		}
		line(c.stdout, l.name, text)
	}
}
