package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

var bundleDiffCommand = &command{
	name:     "bundle diff",
	summary:  "what changed between two bundles",
	synopsis: "OLD NEW [--limit N] [--json]",
	about: `
Says what changed from one bundle to the next: agents, registrations, keys, workflows,
steps, and, since one edge can open many ways, which chains and sequences became
lawful or unlawful. Chains through a revoked agent count as unlawful.

A version that goes back, or stays the same with other content, is said first:
verifiers refuse such a bundle. Signatures are not looked at; 'ajwt bundle show
--policy' does that.

Exit code 0: the same; 1: they differ; 2: a file cannot be read or does not compile.`,
	examples: `
ajwt bundle diff old.jws new.jws
ajwt bundle diff old.jws new.json --limit 100 --json`,
	run: runBundleDiff,
}

// diffReport is the answer of bundle diff --json.
type diffReport struct {
	Same      bool        `json:"same"`
	Warnings  []string    `json:"warnings,omitempty"`
	Changes   []change    `json:"changes"`
	Chains    lawfulDelta `json:"chains"`
	Sequences lawfulDelta `json:"sequences"`
}

// change is one difference in words.
type change struct {
	Where string `json:"where"`
	What  string `json:"what"`
}

// lawfulDelta counts what became lawful and unlawful, with examples.
type lawfulDelta struct {
	Lawful           int      `json:"became_lawful"`
	Unlawful         int      `json:"became_unlawful"`
	LawfulExamples   []string `json:"became_lawful_examples,omitempty"`
	UnlawfulExamples []string `json:"became_unlawful_examples,omitempty"`
}

func runBundleDiff(c *call) (int, error) {
	limitFlag := c.text("limit", "N", "examples of chains and sequences, 0 to 100000 of each kind (default: 10)")
	nowFlag := c.nowFlag()
	asJSON := c.boolean("json", "print JSON")
	if err := c.parse(2, 2); err != nil {
		return 0, err
	}
	limit, err := limitFlag.integer(10, 0, 100000)
	if err != nil {
		return 0, err
	}
	now, err := c.at(nowFlag)
	if err != nil {
		return 0, err
	}
	var docs [2]*bundleDocument
	for i, name := range [...]string{"OLD", "NEW"} {
		d, err := c.readBundle(c.cmd.name, c.args[i], now)
		var load *ajwt.LoadError
		if errors.As(err, &load) {
			return 0, loadFault(name+": "+quote(c.args[i], 200), err)
		}
		if err != nil {
			return 0, err
		}
		docs[i] = d
	}
	r := diffBundles(docs[0], docs[1], int(limit))
	exit := exitOK
	if !r.Same {
		exit = exitReject
	}
	if asJSON.on() {
		return exit, c.printJSON(r)
	}
	r.print(c.stdout)
	return exit, nil
}

func diffBundles(old, next *bundleDocument, limit int) *diffReport {
	r := &diffReport{Changes: []change{}}
	r.header(old, next)
	r.agents(old.bundle, next.bundle)
	r.workflows(old.bundle, next.bundle)
	r.lawful(old.bundle, next.bundle, limit)
	r.Same = len(r.Changes) == 0 && bytes.Equal(old.payload, next.payload)
	r.versions(old, next)
	return r
}

func (r *diffReport) add(where, format string, args ...any) {
	r.Changes = append(r.Changes, change{where, fmt.Sprintf(format, args...)})
}

// moved notes a value that is another one now.
func (r *diffReport) moved(where, what string, old, next any) {
	if a, b := fmt.Sprint(old), fmt.Sprint(next); a != b {
		r.add(where, "%s: was %s, is %s", what, a, b)
	}
}

// entries notes what came and went among named entries.
func (r *diffReport) entries(where, noun string, old, next []string) {
	for _, e := range next {
		if !slices.Contains(old, e) {
			r.add(where, "%s added: %s", noun, e)
		}
	}
	for _, e := range old {
		if !slices.Contains(next, e) {
			r.add(where, "%s removed: %s", noun, e)
		}
	}
}

func (r *diffReport) header(old, next *bundleDocument) {
	r.moved("bundle", "iss", quote(old.text("iss"), 512), quote(next.text("iss"), 512))
	r.moved("bundle", "version", old.bundle.Version(), next.bundle.Version())
	r.moved("bundle", "iat", dateText(old.bundle.IssuedAt()), dateText(next.bundle.IssuedAt()))
	r.moved("bundle", "exp", dateText(old.bundle.Expires()), dateText(next.bundle.Expires()))
}

// versions says loudly what verifiers that have the old bundle refuse about the new one.
func (r *diffReport) versions(old, next *bundleDocument) {
	a, b := old.bundle.Version(), next.bundle.Version()
	signedAnew := old.signed && next.signed && !bytes.Equal(old.raw, next.raw)
	switch {
	case old.text("iss") != next.text("iss"):
		r.Warnings = append(r.Warnings, "THE BUNDLES ARE OF DIFFERENT ISSUERS: verifiers hold their versions apart")
	case b < a:
		r.Warnings = append(r.Warnings, fmt.Sprintf("THE VERSION GOES BACK from %d to %d: verifiers that had the old bundle refuse the new one", a, b))
	case b == a && !bytes.Equal(old.payload, next.payload):
		r.Warnings = append(r.Warnings, fmt.Sprintf("THE VERSION STAYS %d WITH OTHER CONTENT: verifiers that had the old bundle refuse the new one; raise it", a))
	case b == a && signedAnew:
		r.Same = false
		r.Warnings = append(r.Warnings, fmt.Sprintf("THE VERSION STAYS %d AND THE BUNDLE WAS SIGNED ANEW: verifiers compare the signed bytes, and those that had the old bundle refuse the new one; raise it", a))
	}
	for _, d := range []struct {
		name string
		*bundleDocument
	}{{"old", old}, {"new", next}} {
		for _, text := range d.warnings {
			r.Warnings = append(r.Warnings, "the "+d.name+" bundle: "+text)
		}
	}
}

func (r *diffReport) agents(old, next *ajwt.Bundle) {
	before := map[string]ajwt.BundleAgent{}
	for _, a := range old.Agents() {
		before[a.ID] = a
	}
	for _, a := range next.Agents() {
		where := "agent " + a.ID
		b, known := before[a.ID]
		delete(before, a.ID)
		if !known {
			r.add(where, "added, %s", statusText(a.Revoked))
			continue
		}
		r.moved(where, "status", statusText(b.Revoked), statusText(a.Revoked))
		r.entries(where, "registration", registrationTexts(b), registrationTexts(a))
		r.moved(where, "keys", pinText(b.KeysPinned), pinText(a.KeysPinned))
		r.entries(where, "key", keyTexts(b), keyTexts(a))
		r.moved(where, "shim checksums", pinText(b.ShimsPinned), pinText(a.ShimsPinned))
		r.entries(where, "shim checksum", b.Shims, a.Shims)
	}
	for _, a := range old.Agents() {
		if _, gone := before[a.ID]; gone {
			r.add("agent "+a.ID, "removed")
		}
	}
}

func registrationTexts(a ajwt.BundleAgent) (out []string) {
	for _, g := range a.Registrations {
		text := g.ID + " " + g.Checksum
		if g.NotBefore != 0 {
			text += " from " + dateText(g.NotBefore)
		}
		if g.NotAfter != 0 {
			text += " until " + dateText(g.NotAfter)
		}
		out = append(out, text)
	}
	return out
}

func keyTexts(a ajwt.BundleAgent) (out []string) {
	for _, k := range a.Keys {
		out = append(out, base64url(k[:]))
	}
	return out
}

func pinText(pinned bool) string {
	if pinned {
		return "pinned to those listed"
	}
	return "not pinned"
}

func (r *diffReport) workflows(old, next *ajwt.Bundle) {
	before := map[string]ajwt.BundleWorkflow{}
	for _, w := range old.Workflows() {
		before[w.ID] = w
	}
	for _, w := range next.Workflows() {
		where := "workflow " + w.ID
		b, known := before[w.ID]
		delete(before, w.ID)
		if !known {
			r.add(where, "added, with %s", count(len(w.Steps), "step"))
			continue
		}
		r.moved(where, "version", b.Version, w.Version)
		r.moved(where, "max_depth", b.MaxDepth, w.MaxDepth)
		r.entries(where, "origin", b.Origins, w.Origins)
		r.entries(where, "delegation", edgeTexts(b), edgeTexts(w))
		r.entries(where, "aliases", aliasTexts(b), aliasTexts(w))
		r.steps(w.ID, old.Steps(w.ID), next.Steps(w.ID))
	}
	for _, w := range old.Workflows() {
		if _, gone := before[w.ID]; gone {
			r.add("workflow "+w.ID, "removed")
		}
	}
}

func edgeTexts(w ajwt.BundleWorkflow) (out []string) {
	for _, e := range w.Delegation {
		out = append(out, e[0]+" -> "+e[1])
	}
	return out
}

func aliasTexts(w ajwt.BundleWorkflow) (out []string) {
	for _, a := range w.Aliases {
		out = append(out, fmt.Sprintf("%s for %s, of %s", a.Workflow, printable(a.Audience), count(len(a.Steps), "step")))
	}
	return out
}

func (r *diffReport) steps(workflow string, old, next []ajwt.BundleStep) {
	before := map[string]ajwt.BundleStep{}
	for _, s := range old {
		before[s.ID] = s
	}
	for _, s := range next {
		where := "step " + workflow + "/" + s.ID
		b, known := before[s.ID]
		delete(before, s.ID)
		if !known {
			r.add(where, "added, %s", stepAgentText(s.Agent, s.ApprovalGate))
			continue
		}
		r.moved(where, "agent", stepAgentText(b.Agent, b.ApprovalGate), stepAgentText(s.Agent, s.ApprovalGate))
		r.moved(where, "required", b.Required, s.Required)
		r.moved(where, "approval_gate", b.ApprovalGate, s.ApprovalGate)
		r.moved(where, "requires_approval", b.RequiresApproval, s.RequiresApproval)
		r.entries(where, "prerequisite", b.After, s.After)
		r.entries(where, "scope", b.Scopes, s.Scopes)
		r.entries(where, "tool", b.Tools, s.Tools)
		r.entries(where, "context member", b.Context, s.Context)
	}
	for _, s := range old {
		if _, gone := before[s.ID]; gone {
			r.add("step "+workflow+"/"+s.ID, "removed")
		}
	}
}

// lawful compares the sets: it lists one bundle's and asks the other.
func (r *diffReport) lawful(old, next *ajwt.Bundle, limit int) {
	for _, side := range []struct {
		of, other         *ajwt.Bundle
		chains, sequences *int
		chainEx, seqEx    *[]string
	}{
		{next, old, &r.Chains.Lawful, &r.Sequences.Lawful, &r.Chains.LawfulExamples, &r.Sequences.LawfulExamples},
		{old, next, &r.Chains.Unlawful, &r.Sequences.Unlawful, &r.Chains.UnlawfulExamples, &r.Sequences.UnlawfulExamples},
	} {
		note := func(n *int, examples *[]string, workflow string, ids []string) {
			if *n++; len(*examples) < limit {
				*examples = append(*examples, workflow+": "+strings.Join(ids, " -> "))
			}
		}
		for _, w := range side.of.Workflows() {
			side.of.EachChain(w.ID, "", func(chain []string, revoked bool) bool {
				if lawful, also := side.other.AllowsChain(w.ID, chain); !revoked && (!lawful || also) {
					note(side.chains, side.chainEx, w.ID, chain)
				}
				return true
			})
			for _, s := range w.Steps {
				side.of.EachSequence(w.ID, s, func(steps []string) bool {
					if !side.other.AllowsSequence(w.ID, steps) {
						note(side.sequences, side.seqEx, w.ID, steps)
					}
					return true
				})
			}
		}
	}
}

func (r *diffReport) print(w io.Writer) {
	printWarnings(w, r.Warnings)
	switch {
	case r.Same:
		fmt.Fprintln(w, "SAME  the bundles say the same, byte for byte")
		return
	case len(r.Changes) == 0:
		fmt.Fprintln(w, "DIFFER  only in bytes that verifiers read the same way (order, white space, the signature)")
		return
	}
	fmt.Fprintf(w, "DIFFER  %s\n", count(len(r.Changes), "change"))
	for _, x := range r.Changes {
		fmt.Fprintf(w, "  %s: %s\n", x.Where, printable(x.What))
	}
	for _, d := range []struct {
		noun string
		*lawfulDelta
	}{{"chain", &r.Chains}, {"sequence", &r.Sequences}} {
		printExamples(w, d.noun, "lawful", d.Lawful, d.LawfulExamples)
		printExamples(w, d.noun, "unlawful", d.Unlawful, d.UnlawfulExamples)
	}
}

func printExamples(w io.Writer, noun, what string, n int, examples []string) {
	fmt.Fprintf(w, "%s became %s\n", count(n, noun), what)
	for _, e := range examples {
		fmt.Fprintf(w, "  %s\n", e)
	}
	if more := n - len(examples); more > 0 {
		fmt.Fprintf(w, "  and %d more (--limit shows more)\n", more)
	}
}
