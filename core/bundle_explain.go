package ajwt

import (
	"bytes"
	"slices"
	"strings"
)

// What a compiled bundle says, for tools that show it to people. No decision reads it.

// BundleAgent is one agent of a bundle.
type BundleAgent struct {
	ID            string
	Revoked       bool
	Registrations []BundleRegistration
	KeysPinned    bool       // keys are listed, perhaps none: a token's key must be one of them
	Keys          [][32]byte // RFC 7638 SHA-256 thumbprints
	ShimsPinned   bool
	Shims         []string // "sha256:" and 64 hex characters
}

// BundleRegistration is one registration of an agent.
type BundleRegistration struct {
	ID, Checksum        string
	NotBefore, NotAfter int64 // NumericDates; 0: unbounded. NotAfter is exclusive
}

// BundleWorkflow is one workflow of a bundle.
type BundleWorkflow struct {
	ID         string
	Version    int64
	MaxDepth   int         // delegations of a chain, so one less than its agents
	Origins    []string    // agent ids
	Delegation [][2]string // delegator, delegate
	Steps      []string
	Chains     int // lawful ones, those through revoked agents included
	Aliases    []BundleAlias
}

// BundleAlias is the name by which one audience knows a workflow. Steps maps aliases to
// step ids.
type BundleAlias struct {
	Audience, Workflow string
	Steps              map[string]string
}

// BundleStep is one step of a workflow.
type BundleStep struct {
	ID                                       string
	Agent                                    string // "": any that a chain reaches, or people on a gate
	Required, ApprovalGate, RequiresApproval bool
	After                                    []string // the prerequisites that it names
	Ancestors                                []string // and theirs, transitively, in the bundle's order
	Gates                                    []string // its latest approval gates
	Scopes, Tools, Context                   []string
	Sequences                                int // lawful ones
}

// Agents returns the bundle's agents in its order.
func (b *Bundle) Agents() []BundleAgent {
	out := make([]BundleAgent, len(b.agents))
	for i := range b.agents {
		a := &b.agents[i]
		out[i] = BundleAgent{ID: a.id, Revoked: a.revoked, KeysPinned: a.pinned, Keys: slices.Clone(a.keys), ShimsPinned: a.shimPinned}
		for _, g := range a.registrations {
			end := g.notAfter
			if end == unboundedEnd {
				end = 0
			}
			out[i].Registrations = append(out[i].Registrations, BundleRegistration{g.id, string(appendChecksum(nil, g.checksum)), g.notBefore, end})
		}
		for _, s := range a.shims {
			out[i].Shims = append(out[i].Shims, string(appendChecksum(nil, s)))
		}
	}
	return out
}

// Workflows returns the bundle's workflows in its order.
func (b *Bundle) Workflows() []BundleWorkflow {
	out := make([]BundleWorkflow, len(b.workflows))
	for i := range b.workflows {
		w := &b.workflows[i]
		out[i] = BundleWorkflow{ID: w.id, Version: w.version, MaxDepth: w.maxDepth}
		for _, o := range w.origins {
			out[i].Origins = append(out[i].Origins, b.agents[o].id)
		}
		for _, e := range w.edges {
			out[i].Delegation = append(out[i].Delegation, [2]string{b.agents[e.a].id, b.agents[e.b].id})
		}
		for _, s := range b.stepsAt(i) {
			out[i].Steps = append(out[i].Steps, s.id)
		}
	}
	for p := range b.chainIn {
		out[p.a].Chains++
	}
	for key, a := range b.aliases {
		audience, id, _ := strings.Cut(key, "\x00")
		alias := BundleAlias{audience, id, make(map[string]string, len(a.steps))}
		for name, step := range a.steps {
			alias.Steps[name] = b.steps[step].id
		}
		out[a.workflow].Aliases = append(out[a.workflow].Aliases, alias)
	}
	for i := range out {
		slices.SortFunc(out[i].Aliases, func(x, y BundleAlias) int {
			return strings.Compare(aliasKey(x.Audience, x.Workflow), aliasKey(y.Audience, y.Workflow))
		})
	}
	return out
}

func (b *Bundle) stepsAt(workflow int) []bundleStep {
	w := &b.workflows[workflow]
	return b.steps[w.firstStep : w.firstStep+w.stepCount]
}

// Steps returns the steps of a workflow in the bundle's order, nil for an unknown one.
func (b *Bundle) Steps(workflow string) []BundleStep {
	at, known := b.workflowAt[workflow]
	if !known {
		return nil
	}
	steps := b.stepsAt(int(at))
	names := func(of stepSet) (out []string) {
		for i := range steps {
			if of.has(i) {
				out = append(out, steps[i].id)
			}
		}
		return out
	}
	out := make([]BundleStep, len(steps))
	for i := range steps {
		s := &steps[i]
		out[i] = BundleStep{ID: s.id, Required: s.required, ApprovalGate: s.approvalGate, RequiresApproval: s.needsApproval,
			After: names(s.after), Ancestors: names(s.ancestors), Gates: names(latestGates(steps, i)),
			Scopes: slices.Clone(s.scopes), Tools: slices.Clone(s.tools), Context: slices.Clone(s.context)}
		if s.agent != anyAgent {
			out[i].Agent = b.agents[s.agent].id
		}
	}
	c := &bundleCompiler{docReader: &docReader{}, b: b}
	for i := range steps {
		c.eachSequence(steps, i, func() bool { out[i].Sequences++; return true })
	}
	return out
}

// EachChain calls f with every lawful chain of a workflow to an agent, to any for "",
// and whether an agent of it is revoked by the bundle, until f returns false. The chain
// is f's to keep.
func (b *Bundle) EachChain(workflow, agent string, f func(chain []string, revoked bool) bool) {
	at, known := b.workflowAt[workflow]
	if !known {
		return
	}
	w := &b.workflows[at]
	next := map[int32][]int32{}
	for _, e := range w.edges {
		next[e.a] = append(next[e.a], e.b)
	}
	var walk func(path []int32) bool
	walk = func(path []int32) bool {
		last := path[len(path)-1]
		if agent == "" || b.agents[last].id == agent {
			if !f(b.idsOf(path)) {
				return false
			}
		}
		if len(path) > w.maxDepth {
			return true
		}
		for _, to := range next[last] {
			if !walk(append(path, to)) {
				return false
			}
		}
		return true
	}
	for _, o := range w.origins {
		if !walk([]int32{o}) {
			return
		}
	}
}

// idsOf names agents, and tells whether one of them is revoked.
func (b *Bundle) idsOf(agents []int32) (ids []string, revoked bool) {
	for _, agent := range agents {
		ids = append(ids, b.agents[agent].id)
		revoked = revoked || b.agents[agent].revoked
	}
	return ids, revoked
}

// EachSequence calls f with every lawful sequence of a step, which ends with the step,
// until f returns false. The sequence is f's to keep.
func (b *Bundle) EachSequence(workflow, step string, f func(steps []string) bool) {
	w, known := b.workflowAt[workflow]
	at, knownStep := b.stepAt[workflow+"/"+step]
	if !known || !knownStep {
		return
	}
	c := &bundleCompiler{docReader: &docReader{}, b: b}
	c.eachSequence(b.stepsAt(int(w)), int(at-b.workflows[w].firstStep), func() bool {
		var steps []string
		for _, id := range bytes.Split(c.joined, []byte{'|'}) {
			steps = append(steps, string(id))
		}
		return f(steps)
	})
}

// AllowsChain tells whether a chain of agent ids is lawful in a workflow, and whether an
// agent of it is revoked by the bundle, in which case verifiers reject it all the same.
func (b *Bundle) AllowsChain(workflow string, chain []string) (lawful, revoked bool) {
	at, known := b.workflowAt[workflow]
	i := b.findChain(&sequenceRef{joinedDigest(chain), HashLong})
	if !known || i < 0 {
		return false, false
	}
	if _, in := b.chainIn[pair{at, i}]; !in {
		return false, false
	}
	_, revoked = b.idsOf(b.chainAgents(i))
	return true, revoked
}

// AllowsSequence tells whether a sequence of step ids is lawful for its last step.
func (b *Bundle) AllowsSequence(workflow string, steps []string) bool {
	if len(steps) == 0 {
		return false
	}
	at, known := b.stepAt[workflow+"/"+steps[len(steps)-1]]
	return known && b.allowsSequence(at, &sequenceRef{joinedDigest(steps), HashLong})
}
