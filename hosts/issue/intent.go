package issue

import (
	"errors"
	"fmt"
	"slices"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// Intent is what a server knows of a workflow when it mints a token.
type Intent struct {
	Agent    string   // sub of the token
	Workflow string   // real ids, also where the token is to carry aliases
	Step     string   //
	Chain    []string // agent ids, the originator first; nil: that of Links, else Agent alone
	Steps    []string // the completed ancestors of Step in order; Step itself is appended
	Links    []string // compact links, the root first; nil: none

	Aliases  *Aliases // the token carries the aliases for Audience; nil: the real ids
	Audience string   // the one resource that the token is for
}

// ErrAliasWithLinks refuses aliases together with links: links carry the real id of the
// workflow for everybody to read, so the alias would hide nothing.
var ErrAliasWithLinks = errors.New("aliases and delegation_links do not go together: the links carry the workflow's real id; leave one out")

// Claim makes the members of the intent claim, hashes in the given form. The caller may
// add initiated_by and execution_context. Whether chain and steps are lawful is for the
// bundle to say (ajwt.Bundle: AllowsChain, AllowsSequence), before. An error names the
// member that is wrong.
func (in *Intent) Claim(form ajwt.HashForm) (map[string]any, error) {
	if in.Aliases != nil && len(in.Links) > 0 {
		return nil, ErrAliasWithLinks
	}
	if in.Aliases != nil && in.Audience == "" {
		return nil, errors.New("aliases are made for an audience, and none is given")
	}
	for _, id := range []string{in.Workflow, in.Step} {
		if !ajwt.ValidStepID(id) {
			return nil, fmt.Errorf("workflow_id, workflow_step: %.130q is no id: want 1 to 128 of A-Z a-z 0-9 . _ : @ -", id)
		}
	}
	agents := in.Chain
	if in.Links != nil {
		of, err := ChainOf(in.Links)
		if err != nil {
			return nil, fmt.Errorf("delegation_links: %w", err)
		}
		if agents != nil && !slices.Equal(ajwt.ChainList(agents, in.Agent), of) {
			return nil, fmt.Errorf("delegation_chain: the links are of the chain %q, have %q", of, agents)
		}
		if last := of[len(of)-1]; last != in.Agent {
			return nil, fmt.Errorf("delegation_links: the last link is for %q, and the token for %q", last, in.Agent)
		}
		if err := in.lastLink(); err != nil {
			return nil, err
		}
		agents = of
	}
	chain, ok := ajwt.ChainHash(ajwt.ChainList(agents, in.Agent), form)
	if !ok || ajwt.ChainList(agents, in.Agent) == nil {
		return nil, errors.New("delegation_chain: want agent ids, each once, with the agent of the token at the end or not at all, and the form long or short")
	}
	sequence, ok := ajwt.StepHash(append(slices.Clone(in.Steps), in.Step), form)
	if !ok {
		return nil, errors.New("step_sequence_hash: want ids of steps, each once, without the current one")
	}
	claim := map[string]any{"workflow_id": in.Workflow, "workflow_step": in.Step, "executed_by": in.Agent,
		"delegation_chain": chain, "step_sequence_hash": sequence}
	if in.Aliases != nil {
		claim["workflow_id"] = in.Aliases.Workflow(in.Audience, in.Workflow)
		claim["workflow_step"] = in.Aliases.Step(in.Audience, in.Workflow, in.Step)
	}
	if in.Links != nil {
		claim["delegation_links"] = slices.Clone(in.Links)
	}
	return claim, nil
}

// lastLink holds the token to the claims of its last link that the intent repeats.
func (in *Intent) lastLink() error {
	last, err := ajwt.ReadLink(in.Links[len(in.Links)-1])
	switch {
	case err != nil:
		return err
	case last.Workflow != in.Workflow:
		return fmt.Errorf("workflow_id: the links are of workflow %q, have %q", last.Workflow, in.Workflow)
	case last.Step != "" && last.Step != in.Step:
		return fmt.Errorf("workflow_step: the last link is for step %q, have %q", last.Step, in.Step)
	}
	return nil
}
