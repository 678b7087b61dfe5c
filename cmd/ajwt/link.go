package main

import (
	"fmt"
	"strings"

	"github.com/agentic-jwt/ajwt/hosts/issue"
)

var linkCommand = &command{
	name:     "link",
	summary:  "sign and show delegation links",
	synopsis: "sign | show",
	about: `
A delegation link is an agent's signed word that another agent may act for it in one
workflow: spec/profile.md, section 16.3. The links of a token, the root first, are its
intent.delegation_links, and every hop signs for itself.

  sign  sign a link with the delegator's key
  show  what links say, and whether they hold together and against a bundle`,
	examples: `
ajwt link sign --key supervisor.jwk --from supervisor --to planner --to-key planner.public.jwk \
     --issuer https://as.example --workflow vuln-patching --scope "repo:read repo:write" > links.txt
ajwt link sign --key planner.jwk --previous links.txt --to patcher --to-key patcher.public.jwk --scope repo:read >> links.txt
ajwt link show links.txt --bundle bundle.jws
ajwt mint ... --link links.txt`,
	run: func(c *call) (int, error) { return c.subcommand(linkSignCommand, linkShowCommand) },
}

var linkSignCommand = &command{
	name:     "link sign",
	summary:  "sign a delegation link",
	synopsis: "--key FILE --to AGENT --to-key FILE --scope SCOPES [--previous FILE | --from AGENT --issuer URL --workflow ID] [flags]",
	about: `
Signs a link with the delegator's key, and prints it as one line. It refuses what every
verifier would refuse: a scope wider than that of the link before, a later end, another
signer than the link before names, an agent that is in the chain already. The root's key
is one that the bundle lists for the delegator; 'ajwt link show --bundle' checks that.

With --previous, --from, --issuer and --workflow follow from the link before.

Exit code 0: signed; 1: the link, or one before it, is refused; 2: wrong flags or files.`,
	examples: `
ajwt link sign --key supervisor.jwk --from supervisor --to planner --to-key planner.public.jwk \
     --issuer https://as.example --workflow vuln-patching --scope "repo:read repo:write" > links.txt
ajwt link sign --key planner.jwk --previous links.txt --to patcher --to-jkt "$THUMBPRINT" --scope repo:read --ttl 120 >> links.txt`,
	run: runLinkSign,
}

func runLinkSign(c *call) (int, error) {
	keyFlag := c.text("key", "FILE", "the delegator's private JWK")
	alg := c.text("alg", "ALG", "the algorithm, where the key admits several (default: the key's)")
	previousFlag := c.list("previous", "FILE|-", "the links before this one, one a line, the root first")
	from := c.text("from", "AGENT", "the delegator (default: the delegate of the link before)")
	to := c.text("to", "AGENT", "the delegate")
	toKey := c.text("to-key", "FILE", "the delegate's JWK, of which the public part is used")
	toJKT := c.text("to-jkt", "THUMBPRINT", "the RFC 7638 thumbprint of the delegate's key, in the place of --to-key")
	issuer := c.text("issuer", "URL", "the authorization server's issuer (default: that of the link before)")
	workflow := c.text("workflow", "ID", "the workflow, by its real id (default: that of the link before)")
	step := c.text("step", "ID", "the step that the delegate may take (default: any)")
	scope := c.list("scope", "SCOPES", "scopes, separated by spaces")
	ttl := c.text("ttl", "SECONDS", "the link's life (default: 300, or what is left of the link before)")
	jti := c.text("jti", "ID", "the link's id (default: random)")
	nowFlag := c.nowFlag()
	if err := c.parse(0, 0); err != nil {
		return 0, err
	}
	for _, d := range []*definition{keyFlag, to, scope} {
		if !d.given() {
			return 0, usagef("--%s is missing", d.name)
		}
	}
	if toKey.given() == toJKT.given() {
		return 0, usagef("give the delegate's key, with --to-key or with --to-jkt")
	}
	now, err := c.at(nowFlag)
	if err != nil {
		return 0, err
	}
	const longest = 10 * 365 * 86400
	life, err := ttl.integer(300, 1, longest)
	if err != nil {
		return 0, err
	}
	key, err := c.readSigningKey("--key", keyFlag.value(), alg.value())
	if err != nil {
		return 0, err
	}
	l := issue.Link{Issuer: issuer.value(), Delegator: from.value(), Delegate: to.value(), DelegateKey: toJKT.value(), Workflow: workflow.value(),
		Step: step.value(), Scope: strings.Join(scope.values, " "), IssuedAt: now, Expires: now + life, ID: jti.value()}
	if toKey.given() {
		if l.DelegateKey, err = c.publicThumbprint("--to-key", toKey.value()); err != nil {
			return 0, err
		}
	}
	previous, err := c.readLinks("--previous", previousFlag.values)
	if err != nil {
		return 0, err
	}
	if len(previous) == 0 && !(from.given() && issuer.given() && workflow.given()) {
		return 0, usagef("a root link needs --from, --issuer and --workflow; any other one needs --previous")
	}
	chain, err := issue.ReadChain(previous)
	if err == nil && len(chain) > 0 {
		before := chain[len(chain)-1]
		l.Issuer, l.Delegator, l.Workflow = issuer.or(before.Issuer), from.or(before.Delegate), workflow.or(before.Workflow)
		if !ttl.given() {
			l.Expires = min(l.Expires, before.Expires)
		}
	}
	compact := ""
	if err == nil {
		compact, err = issue.SignLink(l, previous, key)
	}
	if err != nil {
		fmt.Fprintf(c.stderr, "ajwt %s: not signed: %s\n", c.cmd.name, printable(err.Error()))
		return exitReject, nil
	}
	fmt.Fprintln(c.stdout, compact)
	return exitOK, nil
}

// publicThumbprint is the thumbprint of the key in a file.
func (c *call) publicThumbprint(by, path string) (string, error) {
	key, err := c.parsePublicKey(by, path)
	if err != nil {
		return "", err
	}
	sum := key.Thumbprint()
	return base64url(sum[:]), nil
}

// readLinks reads files of compact links, one a line; empty lines do not count.
func (c *call) readLinks(by string, paths []string) ([]string, error) {
	var links []string
	for _, path := range paths {
		data, err := c.readFile(by, path)
		if err != nil {
			return nil, err
		}
		before := len(links)
		for text := range strings.Lines(string(data)) {
			if text = strings.TrimSpace(text); text != "" {
				links = append(links, text)
			}
		}
		switch n := len(links); {
		case n == before:
			return nil, fmt.Errorf("%s: %s: holds no link; want one a line", by, quote(path, 200))
		case n > issue.MaxLinks:
			return nil, fmt.Errorf("%s: more than %d links, the most that a chain has", by, issue.MaxLinks)
		}
	}
	return links, nil
}
