package main

import (
	"fmt"
	"io"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

var bundleShowCommand = &command{
	name:     "bundle show",
	summary:  "show a bundle",
	synopsis: "FILE|- [--policy FILE] [--json] [flags]",
	about: `
Shows what a bundle says: its header and times, its agents with their registrations and
keys, its workflows and steps, and how many chains and sequences are lawful. FILE is a
signed bundle or the JSON of one.

With --policy it is loaded as verifiers under that policy do, which verifies the
signature. Without, nothing says who wrote it. Whether an older or a newer version is
in force somewhere is not known here.

Exit code 0: it compiles (and, with --policy, loads); 1: it does not; 2: a file cannot
be read.`,
	examples: `
ajwt bundle show bundle.jws
ajwt bundle show bundle.jws --policy policy.json
ajwt bundle show - --json < bundle.json`,
	run: runBundleShow,
}

// The answer of bundle show --json.
type bundleReport struct {
	Valid     bool             `json:"valid"`
	Signature *signatureReport `json:"signature"`
	Faults    any              `json:"faults,omitempty"`
	Warnings  []string         `json:"warnings,omitempty"`
	Issuer    string           `json:"iss"`
	Version   int64            `json:"version"`
	IssuedAt  int64            `json:"iat"`
	Expires   int64            `json:"exp"`
	Agents    []agentReport    `json:"agents"`
	Workflows []workflowReport `json:"workflows"`
	Chains    int              `json:"chains"`
	Sequences int              `json:"sequences"`
}

type agentReport struct {
	ID            string               `json:"agent_id"`
	Status        string               `json:"status"`
	Registrations []registrationReport `json:"registrations"`
	KeysPinned    bool                 `json:"keys_pinned"`
	Keys          []string             `json:"keys"` // thumbprints
	Shims         []string             `json:"shim_checksums,omitempty"`
}

type registrationReport struct {
	ID        string `json:"registration_id"`
	Checksum  string `json:"checksum"`
	NotBefore int64  `json:"not_before,omitempty"`
	NotAfter  int64  `json:"not_after,omitempty"`
	State     string `json:"state"` // valid, early, expired
}

type workflowReport struct {
	ID        string       `json:"workflow_id"`
	Version   int64        `json:"version"`
	Origins   []string     `json:"origins"`
	MaxDepth  int          `json:"max_depth"`
	Edges     int          `json:"delegations"`
	Chains    int          `json:"chains"`
	Sequences int          `json:"sequences"`
	Steps     []stepReport `json:"steps"`
	Audiences []string     `json:"aliases_for,omitempty"`
}

type stepReport struct {
	ID        string `json:"step_id"`
	Agent     string `json:"agent_id,omitempty"`
	Required  bool   `json:"required"`
	Gate      bool   `json:"approval_gate"`
	Approval  bool   `json:"requires_approval"`
	Sequences int    `json:"sequences"`
}

func runBundleShow(c *call) (int, error) {
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
	doc, err := c.readDocument(c.cmd.name, c.args[0])
	if err != nil {
		return 0, err
	}
	d, err := doc.compile(now)
	if err != nil {
		return c.faulty("bundle", err, asJSON.on())
	}
	signature, err := c.signature(doc, policy, func(p *ajwt.Policy, issuer string) error {
		_, err := p.ParseBundle(issuer, doc.raw, now)
		return err
	})
	if err != nil {
		return 0, err
	}
	r := d.report(signature, now)
	if asJSON.on() {
		return signature.exit(), c.printJSON(r)
	}
	r.print(c.stdout, now)
	return signature.exit(), nil
}

func (d *bundleDocument) report(signature *signatureReport, now int64) *bundleReport {
	r := &bundleReport{Valid: signature.exit() == exitOK, Signature: signature, Warnings: d.warnings, Issuer: d.text("iss"),
		Version: d.bundle.Version(), IssuedAt: d.bundle.IssuedAt(), Expires: d.bundle.Expires()}
	if len(signature.faults) > 0 {
		r.Faults = faultsJSON(signature.faults)
	}
	for _, a := range d.bundle.Agents() {
		r.Agents = append(r.Agents, reportAgent(a, now))
	}
	for _, w := range d.bundle.Workflows() {
		out := workflowReport{ID: w.ID, Version: w.Version, Origins: w.Origins, MaxDepth: w.MaxDepth, Edges: len(w.Delegation), Chains: w.Chains}
		for _, s := range d.bundle.Steps(w.ID) {
			out.Steps = append(out.Steps, stepReport{s.ID, s.Agent, s.Required, s.ApprovalGate, s.RequiresApproval, s.Sequences})
			out.Sequences += s.Sequences
		}
		for _, a := range w.Aliases {
			out.Audiences = append(out.Audiences, a.Audience)
		}
		r.Workflows = append(r.Workflows, out)
		r.Chains += out.Chains
		r.Sequences += out.Sequences
	}
	for _, a := range r.Agents {
		if valid := a.valid(); a.Status == "active" && valid == 0 {
			r.Warnings = append(r.Warnings, fmt.Sprintf("agent %q is active and has no valid registration: its tokens reject at level agent", a.ID))
		}
	}
	return r
}

func reportAgent(a ajwt.BundleAgent, now int64) agentReport {
	out := agentReport{ID: a.ID, Status: statusText(a.Revoked), Registrations: []registrationReport{}, KeysPinned: a.KeysPinned, Keys: []string{}, Shims: a.Shims}
	for _, k := range a.Keys {
		out.Keys = append(out.Keys, base64url(k[:]))
	}
	for _, g := range a.Registrations {
		state := "valid"
		switch {
		case now < g.NotBefore:
			state = "early"
		case g.NotAfter != 0 && now >= g.NotAfter:
			state = "expired"
		}
		out.Registrations = append(out.Registrations, registrationReport{g.ID, g.Checksum, g.NotBefore, g.NotAfter, state})
	}
	return out
}

func statusText(revoked bool) string {
	if revoked {
		return "revoked"
	}
	return "active"
}

func (a *agentReport) valid() (n int) {
	for _, g := range a.Registrations {
		if g.State == "valid" {
			n++
		}
	}
	return n
}

func (r *bundleReport) print(w io.Writer, now int64) {
	r.Signature.print(w)
	printWarnings(w, r.Warnings)
	fmt.Fprintf(w, "bundle of %s\n", printable(r.Issuer))
	line(w, "version", fmt.Sprint(r.Version))
	line(w, "iat", dateText(r.IssuedAt))
	line(w, "exp", fmt.Sprintf("%s, %s", dateText(r.Expires), fromNow(r.Expires, now)))
	fmt.Fprintf(w, "%s\n", count(len(r.Agents), "agent"))
	for _, a := range r.Agents {
		keys := "keys not pinned"
		if a.KeysPinned {
			keys = count(len(a.Keys), "key")
		}
		fmt.Fprintf(w, "  %-8s %s, %s (%d valid), %s", a.Status, a.ID, count(len(a.Registrations), "registration"), a.valid(), keys)
		if a.Shims != nil {
			fmt.Fprintf(w, ", %s", count(len(a.Shims), "shim checksum"))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "%s, %s, %s in all\n", count(len(r.Workflows), "workflow"), count(r.Chains, "chain"), count(r.Sequences, "sequence"))
	for _, f := range r.Workflows {
		fmt.Fprintf(w, "  %s, version %d: %s from %s, depth %d, %s, %s\n", f.ID, f.Version, count(f.Edges, "delegation"), strings.Join(f.Origins, ", "),
			f.MaxDepth, count(f.Chains, "chain"), count(f.Sequences, "sequence"))
		for _, s := range f.Steps {
			fmt.Fprintf(w, "    %s: %s, %s\n", s.ID, s.words(), count(s.Sequences, "sequence"))
		}
		for _, a := range f.Audiences {
			fmt.Fprintf(w, "    has aliases for %s\n", printable(a))
		}
	}
}

// words says who does a step and how it stands to others.
func (s *stepReport) words() string {
	parts := []string{stepAgentText(s.Agent, s.Gate)}
	if s.Required {
		parts = append(parts, "required")
	} else {
		parts = append(parts, "optional")
	}
	if s.Gate {
		parts = append(parts, "approval gate")
	}
	if s.Approval {
		parts = append(parts, "needs approval")
	}
	return strings.Join(parts, ", ")
}

func stepAgentText(agent string, gate bool) string {
	switch {
	case agent != "":
		return "by " + agent
	case gate:
		return "by people"
	}
	return "by any agent that a chain reaches"
}

// printWarnings writes them where nobody overlooks them.
func printWarnings(w io.Writer, warnings []string) {
	for _, text := range warnings {
		fmt.Fprintf(w, "WARNING  %s\n", printable(text))
	}
}

// fromNow says how far away a time is.
func fromNow(t, now int64) string {
	if t <= now {
		return fmt.Sprintf("%d s ago", now-t)
	}
	return fmt.Sprintf("in %d s", t-now)
}
