package main

import (
	"fmt"
	"io"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

var bundleExplainCommand = &command{
	name:     "bundle explain",
	summary:  "which chains and sequences a step accepts",
	synopsis: "--workflow W --step S FILE|- [--limit N] [--json]",
	about: `
Says in words what a bundle demands of tokens for a step: whose it is, which steps come
before it, where people must have approved, and every lawful delegation chain and
sequence of completed steps, each with the long and the short hash that a token carries
as intent.delegation_chain and intent.step_sequence_hash. Chains through a revoked
agent are marked: verifiers know them and reject them.

FILE is a signed bundle, whose signature is not looked at, or the JSON of one.`,
	examples: `
ajwt bundle explain --workflow vuln-patching --step patch bundle.jws
ajwt bundle explain --workflow vuln-patching --step patch --limit 1000 --json bundle.json`,
	run: runBundleExplain,
}

// stepExplanation is the answer of bundle explain --json.
type stepExplanation struct {
	Workflow         string           `json:"workflow_id"`
	Step             string           `json:"step_id"`
	Version          int64            `json:"bundle_version"`
	Warnings         []string         `json:"warnings,omitempty"`
	Agent            string           `json:"agent_id,omitempty"`
	ByPeople         bool             `json:"by_people"` // no token names the step
	AgentRevoked     bool             `json:"agent_revoked"`
	RequiresApproval bool             `json:"requires_approval"`
	After            []string         `json:"after"`
	Required         []string         `json:"required_before"`
	Optional         []string         `json:"optional_before"`
	Gates            []string         `json:"gates"` // latest approval gates
	Scopes           []string         `json:"scopes"`
	Tools            []string         `json:"tools"`
	Context          []string         `json:"context"`
	ChainCount       int              `json:"chain_count"`
	Chains           []explainedIDs   `json:"chains"`
	SequenceCount    int              `json:"sequence_count"`
	Sequences        []explainedIDs   `json:"sequences"`
	Aliases          []explainedAlias `json:"aliases,omitempty"`
}

type explainedIDs struct {
	IDs     []string `json:"ids"`
	Long    string   `json:"long"`
	Short   string   `json:"short"`
	Revoked []string `json:"revoked,omitempty"` // agents of a chain
}

type explainedAlias struct {
	Audience string `json:"audience"`
	Workflow string `json:"workflow_id"`
	Step     string `json:"workflow_step"`
}

func runBundleExplain(c *call) (int, error) {
	workflow := c.text("workflow", "ID", "the workflow")
	step := c.text("step", "ID", "the step")
	limitFlag := c.text("limit", "N", "chains and sequences to show, 0 to 100000 of each (default: 20)")
	nowFlag := c.nowFlag()
	asJSON := c.boolean("json", "print JSON")
	if err := c.parse(1, 1); err != nil {
		return 0, err
	}
	limit, err := limitFlag.integer(20, 0, 100000)
	if err != nil {
		return 0, err
	}
	now, err := c.at(nowFlag)
	if err != nil {
		return 0, err
	}
	d, err := c.readBundle(c.cmd.name, c.args[0], now)
	if err != nil {
		return c.faulty("bundle", err, asJSON.on())
	}
	if !workflow.given() || !step.given() {
		return 0, usagef("--workflow and --step are mandatory; the bundle has %s", d.known())
	}
	x := d.explain(workflow.value(), step.value(), int(limit))
	if x == nil {
		return 0, usagef("the bundle has no step %s; it has %s", quote(workflow.value()+"/"+step.value(), 260), d.known())
	}
	if asJSON.on() {
		return exitOK, c.printJSON(x)
	}
	x.print(c.stdout)
	return exitOK, nil
}

// known lists the steps of a bundle, some of many.
func (d *bundleDocument) known() string {
	const most = 20
	var all []string
	for _, w := range d.bundle.Workflows() {
		for _, s := range w.Steps {
			if all = append(all, w.ID+"/"+s); len(all) > most {
				return strings.Join(all[:most], ", ") + " and more"
			}
		}
	}
	return strings.Join(all, ", ")
}

// explain returns nil for a step that the bundle does not have.
func (d *bundleDocument) explain(workflow, step string, limit int) *stepExplanation {
	var s *ajwt.BundleStep
	required := map[string]bool{}
	for _, other := range d.bundle.Steps(workflow) {
		if required[other.ID] = other.Required; other.ID == step {
			s = &other
		}
	}
	if s == nil {
		return nil
	}
	x := &stepExplanation{Workflow: workflow, Step: step, Version: d.bundle.Version(), Warnings: d.warnings, Agent: s.Agent,
		ByPeople: s.Agent == "" && s.ApprovalGate, RequiresApproval: s.RequiresApproval, After: list(s.After), Gates: list(s.Gates),
		Scopes: list(s.Scopes), Tools: list(s.Tools), Context: list(s.Context), Required: []string{}, Optional: []string{},
		Chains: []explainedIDs{}, Sequences: []explainedIDs{}, SequenceCount: s.Sequences}
	for _, a := range s.Ancestors {
		if required[a] {
			x.Required = append(x.Required, a)
		} else {
			x.Optional = append(x.Optional, a)
		}
	}
	revoked := map[string]bool{}
	for _, a := range d.bundle.Agents() {
		revoked[a.ID] = a.Revoked
	}
	x.AgentRevoked = revoked[s.Agent]
	if !x.ByPeople {
		d.bundle.EachChain(workflow, s.Agent, func(chain []string, dead bool) bool {
			if x.ChainCount++; len(x.Chains) < limit {
				e := explainIDs(chain)
				for _, a := range chain {
					if revoked[a] {
						e.Revoked = append(e.Revoked, a)
					}
				}
				x.Chains = append(x.Chains, e)
			}
			return true
		})
	}
	if limit > 0 {
		d.bundle.EachSequence(workflow, step, func(steps []string) bool {
			x.Sequences = append(x.Sequences, explainIDs(steps))
			return len(x.Sequences) < limit
		})
	}
	x.Aliases = d.aliasesOf(workflow, step)
	return x
}

func (d *bundleDocument) aliasesOf(workflow, step string) (out []explainedAlias) {
	for _, w := range d.bundle.Workflows() {
		if w.ID != workflow {
			continue
		}
		for _, a := range w.Aliases {
			for name, real := range a.Steps {
				if real == step {
					out = append(out, explainedAlias{a.Audience, a.Workflow, name})
				}
			}
		}
	}
	return out
}

// list is a list that JSON shows as one even if it is empty.
func list(s []string) []string { return append([]string{}, s...) }

func explainIDs(ids []string) explainedIDs {
	return explainedIDs{IDs: ids, Long: ajwt.SequenceHash(ids, ajwt.HashLong), Short: ajwt.SequenceHash(ids, ajwt.HashShort)}
}

func (x *stepExplanation) print(w io.Writer) {
	printWarnings(w, x.Warnings)
	fmt.Fprintf(w, "step %s of workflow %s, bundle version %d\n", x.Step, x.Workflow, x.Version)
	switch {
	case x.ByPeople:
		line(w, "agent", "none: people complete this approval gate, and no token names it")
	case x.Agent == "":
		line(w, "agent", "any that a chain of the workflow reaches")
	case x.AgentRevoked:
		line(w, "agent", x.Agent+", which is REVOKED: its tokens reject")
	default:
		line(w, "agent", x.Agent)
	}
	line(w, "before it", x.beforeText())
	line(w, "approval", x.approvalText())
	line(w, "scopes", orElse(x.Scopes, "none: a token with any scope rejects")+limited(x.Scopes, "; a token's scope is a subset"))
	line(w, "tools", orElse(x.Tools, "none: a route that names a tool rejects")+limited(x.Tools, "; a route's tool is one of these"))
	line(w, "context", orElse(x.Context, "nothing is demanded of execution_context")+limited(x.Context, "; execution_context has each of these"))
	for _, a := range x.Aliases {
		line(w, "alias", fmt.Sprintf("%s/%s for %s", a.Workflow, a.Step, a.Audience))
	}
	if x.ByPeople {
		return
	}
	fmt.Fprintf(w, "intent.delegation_chain: the hash of one of %s, originator first\n", count(x.ChainCount, "chain"))
	printIDs(w, x.Chains, x.ChainCount)
	fmt.Fprintf(w, "intent.step_sequence_hash: the hash of one of %s, this step last\n", count(x.SequenceCount, "sequence"))
	printIDs(w, x.Sequences, x.SequenceCount)
}

func (x *stepExplanation) beforeText() string {
	if len(x.Required)+len(x.Optional) == 0 {
		return "nothing: it can be the first step"
	}
	text := "directly after " + strings.Join(x.After, ", ")
	if len(x.Required) > 0 {
		text += "; must be completed: " + strings.Join(x.Required, ", ")
	}
	if len(x.Optional) > 0 {
		text += "; may be skipped: " + strings.Join(x.Optional, ", ")
	}
	return text
}

func (x *stepExplanation) approvalText() string {
	switch {
	case x.RequiresApproval:
		return "needed: " + strings.Join(x.Gates, " and ") + " must be among the completed steps"
	case len(x.Gates) > 0:
		return "not needed for this step itself; gates before it: " + strings.Join(x.Gates, ", ")
	}
	return "not needed, and there is no gate before it"
}

func orElse(words []string, none string) string {
	if len(words) == 0 {
		return none
	}
	return strings.Join(words, ", ")
}

func limited(words []string, text string) string {
	if len(words) == 0 {
		return ""
	}
	return text
}

func printIDs(w io.Writer, all []explainedIDs, n int) {
	for _, e := range all {
		mark := ""
		if len(e.Revoked) > 0 {
			mark = "   REVOKED: " + strings.Join(e.Revoked, ", ")
		}
		fmt.Fprintf(w, "  %s%s\n      long  %s\n      short %s\n", strings.Join(e.IDs, " -> "), mark, e.Long, e.Short)
	}
	if more := n - len(all); more > 0 {
		fmt.Fprintf(w, "  and %d more (--limit shows more)\n", more)
	}
}
