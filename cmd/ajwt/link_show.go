package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/hosts/issue"
)

var linkShowCommand = &command{
	name:     "link show",
	summary:  "show links, and whether they hold",
	synopsis: "FILE|-... [--bundle FILE] [--json] [flags]",
	about: `
Shows the links of one chain, the root first and one a line, verifies their signatures,
and holds them to each other and to the time. With --bundle it also asks whether the
bundle lists the keys, knows the agents and the workflow, and has the chain as a lawful
one. The bundle's own signature is not looked at. Whether a token's scope, key and hash
fit is for 'ajwt verify' to say.

Exit code 0: they hold; 1: they do not; 2: a file cannot be read.`,
	examples: `
ajwt link show links.txt
ajwt link show root.txt second.txt --bundle bundle.jws --json`,
	run: runLinkShow,
}

// linksReport is the answer of link show --json.
type linksReport struct {
	Holds    bool         `json:"holds"`
	Faults   []linkFault  `json:"faults"`
	Warnings []string     `json:"warnings,omitempty"`
	Bundle   string       `json:"bundle"` // what was looked at
	Chain    []string     `json:"chain,omitempty"`
	Long     string       `json:"long,omitempty"`
	Short    string       `json:"short,omitempty"`
	Links    []linkReport `json:"links"`
}

// linkFault is what a verifier refuses, with its code.
type linkFault struct {
	Link   int    `json:"link"` // 0: the root
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

type linkReport struct {
	Delegator   string `json:"iss"`
	Delegate    string `json:"sub"`
	Issuer      string `json:"aud"`
	Workflow    string `json:"workflow_id"`
	Step        string `json:"workflow_step,omitempty"`
	Scope       string `json:"scope"`
	IssuedAt    int64  `json:"iat"`
	Expires     int64  `json:"exp"`
	ID          string `json:"jti"`
	Algorithm   string `json:"alg"`
	Signer      string `json:"signer"`       // thumbprint of the key that signed
	DelegateKey string `json:"delegate_key"` // thumbprint of the key that signs the next link, or the proof
}

func runLinkShow(c *call) (int, error) {
	bundleFlag := c.text("bundle", "FILE", "a bundle, signed or not, to hold the links against")
	nowFlag := c.nowFlag()
	asJSON := c.boolean("json", "print JSON")
	if err := c.parse(1, issue.MaxLinks); err != nil {
		return 0, err
	}
	now, err := c.at(nowFlag)
	if err != nil {
		return 0, err
	}
	links, err := c.readLinks(c.cmd.name, c.args)
	if err != nil {
		return 0, err
	}
	r := &linksReport{Faults: []linkFault{}, Bundle: "none: whose the root key is was not checked; give --bundle", Links: []linkReport{}}
	chain := r.read(links)
	if len(r.Faults) == 0 {
		r.times(chain, now)
	}
	if bundleFlag.given() {
		d, err := c.readBundle("--bundle", bundleFlag.value(), now)
		if err != nil {
			return 0, loadFault("--bundle: "+quote(bundleFlag.value(), 200), err)
		}
		r.Bundle = fmt.Sprintf("version %d of %s; its own signature was not checked", d.bundle.Version(), quote(d.text("iss"), 512))
		for _, text := range d.warnings {
			r.Warnings = append(r.Warnings, "the bundle: "+text)
		}
		if len(chain) == len(links) {
			r.against(d, chain)
		}
	}
	r.Holds = len(r.Faults) == 0
	exit := exitOK
	if !r.Holds {
		exit = exitReject
	}
	if asJSON.on() {
		return exit, c.printJSON(r)
	}
	c.printLinks(r, now)
	return exit, nil
}

func (r *linksReport) fault(link int, code ajwt.Code, detail string, args ...any) {
	r.Faults = append(r.Faults, linkFault{link, code.String(), fmt.Sprintf(detail, args...)})
}

// read describes every link that can be read, and holds all to each other.
func (r *linksReport) read(links []string) (chain []*ajwt.DelegationLink) {
	_, err := issue.ReadChain(links)
	var fault *issue.LinkError
	if errors.As(err, &fault) {
		what := fault.Reason
		if fault.Claim != "" {
			what = fault.Claim + ": " + what
		}
		r.fault(fault.Index, fault.Code, "%s", what)
	}
	for _, text := range links {
		l, err := ajwt.ReadLink(text)
		if err != nil {
			return chain
		}
		chain = append(chain, l)
		r.Links = append(r.Links, linkReport{l.Delegator, l.Delegate, l.Issuer, l.Workflow, l.Step, l.Scope, l.IssuedAt, l.Expires, l.ID,
			l.Algorithm.String(), base64url(l.Signer[:]), base64url(l.DelegateKey[:])})
	}
	if fault == nil {
		r.Chain = []string{chain[0].Delegator}
		for _, l := range chain {
			r.Chain = append(r.Chain, l.Delegate)
		}
		r.Long, r.Short = ajwt.SequenceHash(r.Chain, ajwt.HashLong), ajwt.SequenceHash(r.Chain, ajwt.HashShort)
	}
	return chain
}

func (r *linksReport) times(chain []*ajwt.DelegationLink, now int64) {
	for i, l := range chain {
		switch {
		case now >= l.Expires:
			r.fault(i, ajwt.CodeDelegationLinkExpired, "exp: it expired %d s ago", now-l.Expires)
		case l.IssuedAt > now:
			r.Warnings = append(r.Warnings, fmt.Sprintf("link %d: iat is in the future by %d s, which verifiers admit within the issuer's skew only", i, l.IssuedAt-now))
		}
	}
}

// against holds the links to a bundle (checks 806 to 818).
func (r *linksReport) against(d *bundleDocument, chain []*ajwt.DelegationLink) {
	agents := map[string]ajwt.BundleAgent{}
	for _, a := range d.bundle.Agents() {
		agents[a.ID] = a
	}
	for i, l := range chain {
		a, known := agents[l.Delegator]
		switch listed := slices.Contains(a.Keys, l.Signer); {
		case !known:
			r.fault(i, ajwt.CodeDelegationLinkKeyUnlisted, "iss: the bundle has no agent %q", l.Delegator)
		case !listed && i == 0:
			r.fault(i, ajwt.CodeDelegationLinkKeyUnlisted, "the key that signed is none of those that the bundle lists for %q, and a root's must be", l.Delegator)
		case !listed && a.KeysPinned:
			r.fault(i, ajwt.CodeDelegationLinkKeyUnlisted, "the key that signed is none of those that the bundle lists for %q", l.Delegator)
		}
		if l.Issuer != d.text("iss") {
			r.fault(i, ajwt.CodeDelegationLinkAudienceMismatch, "aud: want %q, the issuer of the bundle", d.text("iss"))
		}
		for _, id := range []string{l.Delegator, l.Delegate} {
			if agents[id].Revoked && (i == 0 || id == l.Delegate) {
				r.fault(i, ajwt.CodeDelegationLinkAgentRevoked, "%q is revoked", id)
			}
		}
	}
	r.inWorkflow(d.bundle, chain)
}

func (r *linksReport) inWorkflow(b *ajwt.Bundle, chain []*ajwt.DelegationLink) {
	last := len(chain) - 1
	workflow := chain[last].Workflow
	at := slices.IndexFunc(b.Workflows(), func(w ajwt.BundleWorkflow) bool { return w.ID == workflow })
	if at < 0 {
		r.fault(last, ajwt.CodeDelegationWorkflowUnknown, "workflow_id: the bundle has no workflow %q", workflow)
		return
	}
	w := b.Workflows()[at]
	if len(chain) > w.MaxDepth {
		r.fault(last, ajwt.CodeDelegationLinkDepthExceeded, "the workflow admits %s at most", count(w.MaxDepth, "delegation"))
	}
	if lawful, _ := b.AllowsChain(workflow, r.Chain); r.Chain != nil && !lawful {
		r.fault(last, ajwt.CodeDelegationChainUnknown, "%s is no lawful chain of workflow %q", strings.Join(r.Chain, " -> "), workflow)
	}
	step := chain[last].Step
	if step == "" {
		return
	}
	for _, s := range b.Steps(workflow) {
		if s.ID != step {
			continue
		}
		if s.Agent != "" && s.Agent != chain[last].Delegate {
			r.fault(last, ajwt.CodeWorkflowStepAgentMismatch, "workflow_step: step %q is one of %q", step, s.Agent)
		}
		return
	}
	r.fault(last, ajwt.CodeWorkflowStepUnknown, "workflow_step: the workflow has no step %q", step)
}

func (c *call) printLinks(r *linksReport, now int64) {
	if r.Holds {
		fmt.Fprintf(c.stdout, "HOLDS  %s, signed by each hop\n", count(len(r.Links), "link"))
	} else {
		fmt.Fprintf(c.stdout, "REFUSED  %s\n", count(len(r.Faults), "fault"))
		for _, f := range r.Faults {
			fmt.Fprintf(c.stdout, "  link %d: %s: %s\n", f.Link, f.Code, printable(f.Detail))
		}
	}
	printWarnings(c.stdout, r.Warnings)
	line(c.stdout, "bundle", r.Bundle)
	if r.Chain != nil {
		line(c.stdout, "chain", strings.Join(r.Chain, " -> "))
		line(c.stdout, "long", r.Long)
		line(c.stdout, "short", r.Short)
	}
	for i, l := range r.Links {
		fmt.Fprintf(c.stdout, "link %d  %s lets %s act\n", i, l.Delegator, l.Delegate)
		step := "any step"
		if l.Step != "" {
			step = "step " + l.Step
		}
		line(c.stdout, "workflow", l.Workflow+", "+step)
		line(c.stdout, "scope", l.Scope)
		line(c.stdout, "aud", quote(l.Issuer, 512))
		line(c.stdout, "times", fmt.Sprintf("iat %s, exp %s, %s", dateText(l.IssuedAt), dateText(l.Expires), fromNow(l.Expires, now)))
		line(c.stdout, "jti", quote(l.ID, 256))
		line(c.stdout, "signed by", l.Signer+" ("+l.Algorithm+")")
		line(c.stdout, "next key", l.DelegateKey)
	}
}
