package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// The cases of steps: which ones a token may name, the sequences that lead to them, and
// what they admit.

// stepOfPatching is a step's place in the workflow of the world.
func stepOfPatching(id string) string {
	return fmt.Sprintf("/workflows/0/steps/%d", slices.Index(ids("analyze", "advise", "plan", "scan", "approve", "patch"), id))
}

// workflowStep: the step exists, is no gate of people, and is the agent's.
func workflowStep(b *builder) {
	b.refs = []string{refBundle}
	t := b.accept("lawful", "The step is one of the workflow's and the agent's.", b.anywhere(), reached("ajwt", patch, "repos"))
	unknown := func(slug, title, step string) row {
		return payload(slug, title, "workflow_step_unknown", "/intent/workflow_step", quote(step), status(403), threats("T8"), kills("step-unknown-passes"))
	}
	b.rejects(t, []row{
		unknown("unknown", "A step that the workflow does not have is refused.", "deploy"),
		unknown("case", "Ids of steps count byte for byte.", "Patch"),
		unknown("prefix", "The beginning of an id is another id.", "pat"),
		unknown("of-another-workflow", "A step of another workflow is none of this one.", "close"),
		unknown("agent-as-step", "The id of an agent is no step.", "patcher"),
		unknown("workflow-as-step", "The id of the workflow is no step.", "vuln-patching"),
		{"withdrawn", "A step that the next bundle names otherwise is refused under its old name.", "workflow_step_unknown", set("bundle", stepOfPatching("patch")+"/step_id", `"repair"`), []option{threats("T6"), kills("step-unknown-passes")}},
		payload("gate", "No token names a gate that is people's.", "workflow_step_gate", "/intent/workflow_step", `"approve"`, status(403), threats("T8"), kills("step-gate-passes")),
	})
	// gates
	gate := deed{"vuln-patching", ids("supervisor"), ids("analyze", "plan", "approve"), "repo:read"}
	owned := set("bundle", stepOfPatching("approve"), stepText("approve", "supervisor", "plan", "gate", "repo:read", noTools))
	g := b.accept("gate-of-an-agent", "A gate with an agent is a step of that agent.", b.carrying(gate).with(owned), reached("ajwt", gate, "repos"))
	b.rejects(g, []row{
		{"gate-of-people", "Without the agent it is people's, and the same token is refused.", "workflow_step_gate", drop("bundle", stepOfPatching("approve")+"/agent_id"), []option{status(403), threats("T8"), kills("step-gate-passes")}},
		{"gate-of-another-agent", "A gate of another agent is refused.", "workflow_step_agent_mismatch", set("bundle", stepOfPatching("approve")+"/agent_id", `"planner"`), []option{status(403), threats("T7", "T8"), kills("step-agent-ignored")}},
	})
	b.near("gate-no-more", "A step without an agent that is no gate is any agent's.", g, set("bundle", "/workflows/0/steps", "["+strings.Join([]string{
		stepText("analyze", "classifier", "", "", "repo:read", noTools), stepText("plan", "planner", "analyze", "", "repo:read", noTools), stepText("approve", "", "plan", "", "repo:read", noTools)}, ",")+"]"),
		reached("ajwt", gate, "repos"))
	optional := b.near("gate-of-an-agent-optional", "So is an optional one.", g, set("bundle", stepOfPatching("approve")+"/required", "false"), reached("ajwt", gate, "repos"))
	b.reject("gate-of-people-optional", "And without the agent that one is people's too.", optional, "workflow_step_gate", drop("bundle", stepOfPatching("approve")+"/agent_id"), threats("T8"), kills("step-gate-passes"))
	// the agent of the step
	own := deed{"vuln-patching", patch.chain, ids("analyze", "plan"), "repo:read"}
	mine := b.accept("own", "The step is the agent's in this bundle.", b.carrying(own).with(set("bundle", stepOfPatching("plan")+"/agent_id", `"patcher"`)), reached("ajwt", own, "repos"))
	b.reject("of-another-agent", "In another one it is another agent's, and the same token is refused.", mine, "workflow_step_agent_mismatch",
		set("bundle", stepOfPatching("plan")+"/agent_id", `"planner"`), status(403), threats("T7"), kills("step-agent-ignored"))
	b.reject("named-instead", "A token cannot name the step of another agent instead of its own.", t, "workflow_step_agent_mismatch", set("payload", "/intent/workflow_step", `"plan"`), threats("T7"), kills("step-agent-ignored"))
	b.reject("first-of-another-agent", "Not even a first step.", t, "workflow_step_agent_mismatch", set("payload", "/intent/workflow_step", `"analyze"`), threats("T7"), kills("step-agent-ignored"))
	early := deed{"vuln-patching", ids("supervisor", "planner"), ids("analyze"), "repo:read"}
	e := b.accept("first-own", "A first step has the sequence of itself.", b.carrying(early).with(set("bundle", stepOfPatching("analyze")+"/agent_id", `"planner"`)), reached("ajwt", early, "repos"))
	b.reject("first-not-own", "It is the agent's all the same.", e, "workflow_step_agent_mismatch", set("bundle", stepOfPatching("analyze")+"/agent_id", `"supervisor"`), threats("T7"), kills("step-agent-ignored"))
	// any agent
	c := b.accept("any-delegate", "A step without an agent is any agent's that a chain reaches: a delegate.", b.carrying(sorting), reached("ajwt", sorting, "repos"))
	b.reject("any-now-of-one", "Once it is one agent's, the others are refused.", c, "workflow_step_agent_mismatch", set("bundle", "/workflows/1/steps/0/agent_id", `"supervisor"`), status(403), threats("T7"), kills("step-agent-ignored"))
	origin := deed{"triage", ids("supervisor"), ids("sort"), "repo:read"}
	b.accept("any-origin", "Or the origin.", b.carrying(origin), reached("ajwt", origin, "repos"))
	stranger := deed{"triage", ids("supervisor", "planner"), ids("sort"), "repo:read"}
	s := b.accept("any-other", "Or another delegate.", b.carrying(stranger).with(set("bundle", "/workflows/1/delegation/-", `["supervisor","planner"]`)), reached("ajwt", stranger, "repos"))
	b.reject("any-unreached", "An agent that no chain of the workflow reaches is refused.", s, "delegation_chain_unknown", drop("bundle", "/workflows/1/delegation/1"), status(403), threats("T7", "T11"), kills("chain-unchecked", "chain-of-any-workflow"))
	closing := deed{"triage", ids("supervisor"), ids("sort", "close"), "repo:read"}
	b.accept("origin-step", "A step of the origin.", b.carrying(closing), reached("ajwt", closing, "repos"))
}

// workflowOrder: the sequences of the workflow of the world.
func workflowOrder(b *builder) {
	b.refs = []string{refBundle, "profile, section 7"}
	t := b.accept("lawful", "Every required step has come, in an order that the prerequisites permit.", b.anywhere(), reached("ajwt", patch, "repos"),
		kills("steps-all-required", "steps-direct-only"))
	for _, row := range []struct {
		slug, title, steps string
	}{
		{"scan-second", "Of two branches the one may come first.", "analyze scan plan approve patch"},
		{"scan-last", "Or it may come last.", "analyze plan approve scan patch"},
		{"advise", "An optional step may have come.", "analyze advise plan scan approve patch"},
		{"advise-scan-second", "And the other branch before it.", "analyze scan advise plan approve patch"},
		{"advise-scan-third", "Or after it.", "analyze advise scan plan approve patch"},
		{"advise-scan-last", "Or at the end.", "analyze advise plan approve scan patch"},
	} {
		b.near(row.slug, row.title, t, set("payload", sequenceAt, quote(shortHash(strings.Fields(row.steps)...))), reached("ajwt", patch, "repos"), kills("steps-direct-only"))
	}
	b.rejects(t, []row{
		payload("unknown", "A sequence that nobody knows is refused.", "workflow_sequence_unknown", sequenceAt, `"0123456789abcdef"`, status(403), threats("T8"), kills("sequence-unchecked")),
		sequencedBy("first-missing", "The first step is required.", ids("plan", "scan", "approve", "patch"), kills("steps-required-ignored")),
		sequencedBy("branch-missing", "A branch that leads to the step is required.", ids("analyze", "plan", "approve", "patch"), kills("steps-required-ignored")),
		sequencedBy("other-branch-missing", "So is the other one.", ids("analyze", "scan", "patch")),
		sequencedBy("plan-missing", "A step in the middle is required.", ids("analyze", "scan", "approve", "patch"), kills("steps-required-ignored")),
		sequencedBy("gate-missing", "The gate is required.", ids("analyze", "plan", "scan", "patch")),
		sequencedBy("nothing-before", "The step alone is not enough.", ids("patch")),
		sequencedBy("gate-alone", "Nor is the gate alone.", ids("approve", "patch"), kills("steps-required-ignored")),
		sequencedBy("current-missing", "A sequence ends with the step itself.", ids("analyze", "plan", "scan", "approve")),
		sequencedBy("current-first", "And does not begin with it.", ids("patch", "analyze", "plan", "scan", "approve")),
		sequencedBy("current-twice", "It stands once.", ids("analyze", "plan", "scan", "approve", "patch", "patch")),
		sequencedBy("step-twice", "Every step stands once.", ids("analyze", "analyze", "plan", "scan", "approve", "patch")),
		sequencedBy("step-again", "Also where it would come again later.", ids("analyze", "plan", "scan", "analyze", "approve", "patch")),
		sequencedBy("plan-before-analyze", "A step does not come before its prerequisite.", ids("plan", "analyze", "scan", "approve", "patch")),
		sequencedBy("scan-before-analyze", "On no branch.", ids("scan", "analyze", "plan", "approve", "patch")),
		sequencedBy("gate-before-plan", "Approval comes after what is approved.", ids("analyze", "approve", "plan", "scan", "patch")),
		sequencedBy("advise-after-plan", "An optional step keeps its place.", ids("analyze", "plan", "advise", "scan", "approve", "patch")),
		sequencedBy("advise-first", "It does not come before its prerequisite either.", ids("advise", "analyze", "plan", "scan", "approve", "patch")),
		sequencedBy("backwards", "A sequence is not read backwards.", ids("patch", "approve", "scan", "plan", "analyze")),
		sequencedBy("unknown-step", "A step that the workflow does not have stands in no sequence.", ids("analyze", "plan", "scan", "review", "approve", "patch")),
		sequencedBy("joined-otherwise", "The ids are joined with a bar and nothing else.", ids("analyze,plan,scan,approve,patch")),
		sequencedBy("empty", "The sequence of nothing is that of no step.", nil),
		sequencedBy("of-another-step", "The lawful sequence of another step is none of this one.", planning.steps, kills("sequence-of-any-step")),
		sequencedBy("of-the-gate", "Nor is that of the gate.", ids("analyze", "plan", "approve"), kills("sequence-of-any-step")),
		sequencedBy("of-another-workflow", "Nor is that of a step of another workflow.", ids("sort", "close"), kills("sequence-of-any-step")),
	})
	p := b.accept("plan", "The planner's step after the classifier's.", b.carrying(planning), reached("ajwt", planning, "repos"))
	b.near("plan-advised", "With the optional step between.", p, set("payload", sequenceAt, quote(shortHash("analyze", "advise", "plan"))), reached("ajwt", planning, "repos"), kills("steps-direct-only"))
	b.rejects(p, []row{
		sequencedBy("plan-after-its-gate", "A step that comes later stands in no sequence.", ids("analyze", "approve", "plan")),
		sequencedBy("plan-with-scan", "Nor does a branch that does not lead to the step.", ids("analyze", "scan", "plan")),
		sequencedBy("plan-alone", "The first step is missing.", ids("plan"), kills("steps-required-ignored")),
		sequencedBy("plan-advise-alone", "The optional step does not stand for the required one before it.", ids("advise", "plan"), kills("steps-required-ignored")),
		sequencedBy("plan-of-patch", "The sequence of a later step is refused.", patch.steps, kills("sequence-of-any-step")),
	})
	s := b.accept("scan", "The other branch has nothing of this one.", b.carrying(scanning), reached("ajwt", scanning, "repos"), kills("steps-parallel-mixed"))
	b.rejects(s, []row{
		sequencedBy("scan-with-plan", "What happens beside a step stands not in its sequence.", ids("analyze", "plan", "scan"), kills("steps-parallel-mixed")),
		sequencedBy("scan-with-advise", "Nor does an optional step.", ids("analyze", "advise", "scan")),
	})
	first := b.accept("analyze", "A first step alone.", b.carrying(analyzing), reached("ajwt", analyzing, "repos"))
	b.rejects(first, []row{
		sequencedBy("analyze-empty", "The sequence of a first step is not that of nothing.", nil),
		sequencedBy("analyze-twice", "Nor the step twice.", ids("analyze", "analyze")),
	})
	// other bundles for the same token
	changed := func(slug, title string, e edit, opts ...option) row {
		return row{slug, title, "workflow_sequence_unknown", e, append([]option{status(403), threats("T6", "T8"), kills("sequence-unchecked")}, opts...)}
	}
	b.rejects(t, []row{
		changed("optional-now-required", "Once the optional step is required, a sequence without it is refused.", set("bundle", stepOfPatching("advise")+"/required", "true"), kills("steps-required-ignored")),
		changed("prerequisite-added", "Once the gate waits for the scan, a sequence with them the other way round is refused.", set("bundle", stepOfPatching("scan")+"/after", `["approve"]`)),
		changed("step-added", "Once a step has been put before this one, a sequence without it is refused.",
			set("bundle", "/workflows/0", mustReplace(mustReplace(patching(), "/steps/5/after", `["approve","scan","test"]`), "/steps/-", stepText("test", "classifier", "analyze", "", "repo:read", noTools)))),
		changed("branch-cut", "Once a branch does not lead to the step any more, a sequence with it is refused.", set("bundle", stepOfPatching("patch")+"/after", `["approve"]`), kills("steps-parallel-mixed")),
	})
	b.near("required-now-optional", "Once a required step is optional, a sequence with it is still lawful.", t, set("bundle", stepOfPatching("scan")+"/required", "false"), reached("ajwt", patch, "repos"))
}

// working returns a request of the patcher for the last of these steps of a workflow whose
// steps all are the patcher's, which is its origin.
func (b *builder) working(done []string, steps ...string) scene {
	d := deed{"release", ids("patcher"), done, "repo:read"}
	return b.carrying(d).with(set("bundle", "", bundlePayload(7, []string{agentText("patcher", "")}, []string{workflowText("release", "patcher", "", 0, steps...)})))
}

func work(id, after, flags string) string {
	return stepText(id, "patcher", after, flags, "repo:read", noTools)
}

// workflowParallel: every order of parallel steps and every choice of optional ones.
func workflowParallel(b *builder) {
	b.refs = []string{refBundle}
	three := func(flags string) []string {
		return []string{work("start", "", ""), work("a", "start", ""), work("b", "start", ""), work("c", "start", flags), work("end", "a b c", "")}
	}
	lawful := func(slug string) option {
		return decides(vectors.Decision{Level: "ajwt", Workflow: "release", Step: "end"})
	}
	t := b.accept("abc", "Three steps side by side, in the order of the bundle.", b.working(ids("start", "a", "b", "c", "end"), three("")...), lawful("abc"), kills("steps-direct-only"))
	for _, order := range []string{"acb", "bac", "bca", "cab", "cba"} {
		b.near(order, "Three steps side by side in the order "+strings.Join(strings.Split(order, ""), ", ")+".", t,
			set("payload", sequenceAt, quote(shortHash(slices.Concat(ids("start"), strings.Split(order, ""), ids("end"))...))), lawful(order))
	}
	b.rejects(t, []row{
		sequencedBy("one-of-three", "One of three required steps is not enough.", ids("start", "a", "end"), kills("steps-required-ignored")),
		sequencedBy("two-of-three", "Nor are two.", ids("start", "a", "b", "end"), kills("steps-required-ignored")),
		sequencedBy("before-start", "None comes before what all wait for.", ids("a", "start", "b", "c", "end")),
		sequencedBy("one-twice", "None comes twice.", ids("start", "a", "b", "b", "c", "end")),
	})
	o := b.accept("optional-present", "One of the three is optional, and has come.", b.working(ids("start", "a", "b", "c", "end"), three("optional")...), lawful(""))
	for _, order := range []string{"ab", "ba", "acb", "bac", "bca", "cab", "cba"} {
		b.near("optional-"+order, "With an optional step c: "+strings.Join(strings.Split(order, ""), ", ")+".", o,
			set("payload", sequenceAt, quote(shortHash(slices.Concat(ids("start"), strings.Split(order, ""), ids("end"))...))), lawful(order))
	}
	b.rejects(o, []row{
		sequencedBy("optional-instead", "The optional step does not stand for a required one.", ids("start", "a", "c", "end"), kills("steps-required-ignored")),
		sequencedBy("optional-late", "It does not come after the step that waits for it.", ids("start", "a", "b", "end", "c")),
	})
	// a row of optional steps
	row3 := []string{work("a", "", "optional"), work("b", "a", "optional"), work("c", "b", "optional"), work("end", "c", "")}
	all := b.accept("row-abc", "A row of three optional steps, all of them.", b.working(ids("a", "b", "c", "end"), row3...), lawful(""))
	for _, order := range []string{"", "a", "b", "c", "ab", "ac", "bc"} {
		slug, title := "row-"+order, "Of a row of optional steps: "+strings.Join(strings.Split(order, ""), ", ")+"."
		done := strings.Split(order, "")
		if order == "" {
			slug, title, done = "row-none", "Of a row of optional steps none.", nil
		}
		b.near(slug, title, all, set("payload", sequenceAt, quote(shortHash(append(done, "end")...))), lawful(order), kills("steps-all-required"))
	}
	b.rejects(all, []row{
		sequencedBy("row-ba", "The order holds in a row of optional steps.", ids("b", "a", "end")),
		sequencedBy("row-ca", "Also across one that was left out.", ids("c", "a", "end")),
		sequencedBy("row-acb", "And where all have come.", ids("a", "c", "b", "end")),
	})
	// two rows
	rows := []string{work("a", "", ""), work("b", "a", ""), work("x", "", ""), work("y", "x", ""), work("end", "b y", "")}
	two := b.accept("rows-abxy", "Two rows, one after the other.", b.working(ids("a", "b", "x", "y", "end"), rows...), lawful(""), kills("steps-direct-only"))
	for _, order := range []string{"axby", "axyb", "xaby", "xayb", "xyab"} {
		b.near("rows-"+order, "Two rows in the order "+strings.Join(strings.Split(order, ""), ", ")+".", two, set("payload", sequenceAt, quote(shortHash(append(strings.Split(order, ""), "end")...))), lawful(order))
	}
	b.rejects(two, []row{
		sequencedBy("rows-bayx", "Within a row the order holds.", ids("b", "a", "x", "y", "end")),
		sequencedBy("rows-axyb-less", "Every step of both rows is required.", ids("a", "x", "y", "end"), kills("steps-required-ignored")),
	})
	// a diamond in which a step stands twice among the prerequisites of prerequisites
	diamond := []string{work("a", "", ""), work("b", "a", ""), work("c", "a b", ""), work("end", "c a", "")}
	d := b.accept("closure", "Prerequisites of prerequisites count once, however they are reached.", b.working(ids("a", "b", "c", "end"), diamond...), lawful(""))
	b.reject("closure-less", "And none of them may be missing.", d, "workflow_sequence_unknown", set("payload", sequenceAt, quote(shortHash("a", "c", "end"))), threats("T8"), kills("sequence-unchecked", "steps-required-ignored", "steps-direct-only"))
}

// workflowGate: approval.
func workflowGate(b *builder) {
	b.refs = []string{refBundle, "D00, section 4.3.3"}
	lawful := func(step string) option {
		return decides(vectors.Decision{Level: "ajwt", Workflow: "release", Step: step})
	}
	// two gates in a row, both optional
	two := []string{work("draft", "", ""), work("review", "draft", "gate optional"), work("sign", "review", "gate optional"), work("ship", "sign", "approval")}
	t := b.accept("latest", "A step that requires approval needs the latest gate before it.", b.working(ids("draft", "sign", "ship"), two...), lawful("ship"), kills("steps-all-gates-needed"))
	b.near("both", "An earlier gate may have been passed too.", t, set("payload", sequenceAt, quote(shortHash("draft", "review", "sign", "ship"))), lawful("ship"))
	b.rejects(t, []row{
		sequencedBy("none", "Without a gate the step is refused, though every gate is optional.", ids("draft", "ship"), kills("steps-approval-ignored")),
		sequencedBy("first-instead", "The first gate does not stand for the latest.", ids("draft", "review", "ship"), kills("steps-first-gates-enough", "steps-approval-ignored")),
		sequencedBy("gates-exchanged", "The order of the gates holds.", ids("draft", "sign", "review", "ship")),
		sequencedBy("gate-before-draft", "A gate does not come before what it approves.", ids("sign", "draft", "ship")),
		sequencedBy("gate-after", "Nor after what it permits.", ids("draft", "ship", "sign")),
	})
	b.accept("unasked", "A step that requires no approval needs no optional gate.", b.working(ids("draft", "ship"), two[0], two[1], two[2], work("ship", "sign", "")), lawful("ship"), kills("steps-all-gates-needed"))
	// two gates side by side: both are latest
	beside := []string{work("draft", "", ""), work("legal", "draft", "gate optional"), work("tech", "draft", "gate optional"), work("ship", "legal tech", "approval")}
	s := b.accept("beside", "Of gates side by side each one is a latest one.", b.working(ids("draft", "legal", "tech", "ship"), beside...), lawful("ship"))
	b.near("beside-exchanged", "In either order.", s, set("payload", sequenceAt, quote(shortHash("draft", "tech", "legal", "ship"))), lawful("ship"))
	b.rejects(s, []row{
		sequencedBy("beside-first-alone", "The first of them is not enough.", ids("draft", "legal", "ship"), kills("steps-approval-ignored")),
		sequencedBy("beside-second-alone", "Nor is the second.", ids("draft", "tech", "ship"), kills("steps-approval-ignored")),
		sequencedBy("beside-none", "Nor is none.", ids("draft", "ship"), kills("steps-approval-ignored")),
	})
	// approval of a step before
	chain := []string{work("draft", "", ""), work("sign", "draft", "gate optional"), work("ship", "sign", "approval"), work("report", "ship", "")}
	r := b.accept("before", "A step has been approved that stands before this one.", b.working(ids("draft", "sign", "ship", "report"), chain...), lawful("report"), kills("steps-direct-only"))
	b.reject("before-none", "What is required of a step holds in the sequences of later steps.", r, "workflow_sequence_unknown", set("payload", sequenceAt, quote(shortHash("draft", "ship", "report"))), status(403), threats("T8"), kills("steps-approval-ignored", "sequence-unchecked"))
	optional := []string{work("draft", "", ""), work("sign", "draft", "gate optional"), work("ship", "sign", "optional approval"), work("report", "ship", "")}
	o := b.accept("optional-left-out", "Where the step that needs approval is left out, the gate may be too.", b.working(ids("draft", "report"), optional...), lawful("report"), kills("steps-all-gates-needed", "steps-all-required"))
	b.near("optional-gate-alone", "The gate may have been passed for nothing.", o, set("payload", sequenceAt, quote(shortHash("draft", "sign", "report"))), lawful("report"))
	b.near("optional-approved", "Both may have come.", o, set("payload", sequenceAt, quote(shortHash("draft", "sign", "ship", "report"))), lawful("report"))
	b.reject("optional-not-approved", "The step without its gate may not.", o, "workflow_sequence_unknown", set("payload", sequenceAt, quote(shortHash("draft", "ship", "report"))), threats("T8"), kills("steps-approval-ignored", "sequence-unchecked"))
	// far gates
	far := []string{work("draft", "", ""), work("sign", "draft", "gate optional"), work("build", "sign", "optional"), work("test", "build", ""), work("ship", "test", "approval")}
	f := b.accept("far", "The latest gate may lie several steps before.", b.working(ids("draft", "sign", "test", "ship"), far...), lawful("ship"), kills("steps-direct-only"))
	b.near("far-with-optional", "Also with the optional step between.", f, set("payload", sequenceAt, quote(shortHash("draft", "sign", "build", "test", "ship"))), lawful("ship"))
	b.rejects(f, []row{
		sequencedBy("far-none", "It is needed there too.", ids("draft", "test", "ship"), kills("steps-approval-ignored")),
		sequencedBy("far-late", "And in its place.", ids("draft", "test", "sign", "ship")),
	})
	// a required gate counts without approval
	required := []string{work("draft", "", ""), work("sign", "draft", "gate"), work("ship", "sign", "")}
	q := b.accept("required", "A required gate has been passed.", b.working(ids("draft", "sign", "ship"), required...), lawful("ship"))
	b.reject("required-missing", "It is needed without approval, like every required step.", q, "workflow_sequence_unknown", set("payload", sequenceAt, quote(shortHash("draft", "ship"))), status(403), threats("T8"), kills("steps-required-ignored", "sequence-unchecked"))
	// two gates of which the earlier one is required
	mixed := []string{work("draft", "", ""), work("review", "draft", "gate"), work("sign", "review", "gate optional"), work("ship", "sign", "approval")}
	m := b.accept("mixed", "A required gate and an optional one behind it, which approval makes needed.", b.working(ids("draft", "review", "sign", "ship"), mixed...), lawful("ship"))
	b.rejects(m, []row{
		sequencedBy("mixed-first-alone", "The required gate is not the latest.", ids("draft", "review", "ship"), kills("steps-first-gates-enough", "steps-approval-ignored")),
		sequencedBy("mixed-last-alone", "And the latest does not stand for the required one.", ids("draft", "sign", "ship"), kills("steps-required-ignored")),
	})
}

// workflowScope: the token's scope is within the step's.
func workflowScope(b *builder) {
	b.refs = []string{refBundle}
	t := b.accept("equal", "A token may have every scope of its step.", b.anywhere(), reached("ajwt", patch, "repos"))
	more := func(slug, title, scope string, opts ...option) row {
		return payload(slug, title, "workflow_step_scope_exceeded", "/scope", quote(scope), append([]option{status(403), threats("T9"), kills("step-scopes-unchecked")}, opts...)...)
	}
	b.rejects(t, []row{
		more("one-too-many", "One scope more is one too many.", "repo:read repo:write repo:admin", kills("step-scopes-any")),
		more("first-too-many", "Wherever it stands.", "admin repo:read repo:write", kills("step-scopes-any")),
		more("instead", "Another scope instead of one of the step's is refused.", "repo:read issues:write", kills("step-scopes-any")),
		more("other", "So is one that has nothing to do with the step.", "admin"),
		more("longer", "A scope that begins like the step's is another one.", "repo:write:all"),
		more("shorter", "So is the beginning of one.", "repo"),
		more("star", "A star stands for nothing but itself.", "repo:*"),
		more("case", "Scopes count byte for byte.", "repo:read Repo:write", kills("step-scopes-any")),
	})
	b.nears(t, []accepted{
		payloadNear("subset", "It may have fewer.", "/scope", `"repo:write"`, reached("ajwt", patch, "repos")),
		payloadNear("order", "In any order.", "/scope", `"repo:write repo:read"`, reached("ajwt", patch, "repos")),
		payloadNear("repeated", "A scope may stand twice.", "/scope", `"repo:read repo:read"`, reached("ajwt", patch, "repos")),
		{"step-has-more", "The step may admit more than the token has.", set("bundle", stepOfPatching("patch")+"/scopes/-", `"repo:admin"`), []option{reached("ajwt", patch, "repos")}},
	})
	b.rejects(t, []row{
		{"withdrawn", "Once the step admits less, the same token is refused.", "workflow_step_scope_exceeded", set("bundle", stepOfPatching("patch")+"/scopes", `["repo:read"]`), []option{status(403), threats("T6", "T9"), kills("step-scopes-unchecked", "step-scopes-any")}},
		{"none", "A step that admits no scope admits no token: a scope is mandatory.", "workflow_step_scope_exceeded", set("bundle", stepOfPatching("patch")+"/scopes", `[]`), []option{threats("T9"), kills("step-scopes-unchecked")}},
	})
	p := b.accept("plan", "The planner's step admits less than the patcher's.", b.carrying(planning), reached("ajwt", planning, "repos"))
	b.reject("of-another-step", "What another step of the workflow admits does not count.", p, "workflow_step_scope_exceeded", set("payload", "/scope", `"repo:read repo:write"`), status(403), threats("T7", "T9"), kills("step-scopes-unchecked", "step-scopes-any"))
	strict := b.accept("route-and-step", "The route asks for a scope that the step admits.", b.patching(), reached("ajwt", patch, "pulls"))
	b.reject("route-scope-missing", "A token that has less than the route asks for is refused, though the step is content.", strict, "workflow_scope_insufficient", set("payload", "/scope", `"repo:read"`), status(403), kills("scope-unchecked"), refs("profile, section 10"))
	b.reject("route-scope-beyond-step", "What the route asks for does not widen the step.", strict, "workflow_step_scope_exceeded", set("bundle", stepOfPatching("patch")+"/scopes", `["repo:read"]`), threats("T9"), kills("step-scopes-unchecked", "step-scopes-any"))
}

// workflowContext: members of execution_context that the step names.
func workflowContext(b *builder) {
	b.refs = []string{refBundle}
	at := "/intent/execution_context"
	t := b.accept("present", "execution_context has the member that the step names.", b.anywhere(), reached("ajwt", patch, "repos"))
	lacks := func(slug, title string, e edit, opts ...option) row {
		return row{slug, title, "workflow_step_context_missing", e, append([]option{status(403), threats("T5"), kills("step-context-unchecked")}, opts...)}
	}
	b.rejects(t, []row{
		lacks("absent", "Without execution_context the member is missing.", drop("payload", at)),
		lacks("empty", "An empty one has no members.", set("payload", at, "{}")),
		lacks("other", "Another member does not stand for it.", set("payload", at, `{"branch":"main"}`)),
		lacks("case", "Members count byte for byte.", set("payload", at, `{"Repository":"acme/app"}`)),
		lacks("deeper", "A member of a member is none.", set("payload", at, `{"target":{"repository":"acme/app"}}`)),
		lacks("second-asked", "Once the step names another member, a context without it is refused.", set("bundle", stepOfPatching("patch")+"/context", `["repository","branch"]`), kills("step-context-first-only"), threats("T6")),
	})
	b.nears(t, []accepted{
		{"more", "There may be more than the step names.", set("payload", at, `{"branch":"main","repository":"acme/app","commit":"0a1b"}`), []option{reached("ajwt", patch, "repos")}},
		{"value-free", "The step says nothing about the value.", set("payload", at, `{"repository":"other/app"}`), []option{reached("ajwt", patch, "repos")}},
		{"number", "Nor about its type.", set("payload", at, `{"repository":7}`), []option{reached("ajwt", patch, "repos"), level("PROFILE")}},
		{"null", "A member that is null is there.", set("payload", at, `{"repository":null}`), []option{reached("ajwt", patch, "repos"), level("PROFILE")}},
	})
	b.accept("unasked", "A step that names no member needs no execution_context.", b.anywhere().with(drop("payload", at), set("bundle", stepOfPatching("patch")+"/context", "[]")), reached("ajwt", patch, "repos"))
	two := b.accept("two", "Every member that the step names is there.",
		b.anywhere().with(set("bundle", stepOfPatching("patch")+"/context", `["repository","branch"]`), set("payload", at, `{"repository":"acme/app","branch":"main"}`)), reached("ajwt", patch, "repos"))
	b.rejects(two, []row{
		lacks("two-first-missing", "The first of two is missing.", drop("payload", at+"/repository")),
	})
	p := b.accept("bound", "The route compares the value with the path.", b.patching(), reached("ajwt", patch, "pulls"))
	b.rejects(p, []row{
		{"bound-other", "Another value than the path's is refused by the route.", "workflow_context_mismatch", set("payload", at+"/repository", `"acme/other"`), []option{status(403), threats("T5"), kills("bind-ignored"), refs("profile, section 10")}},
		{"bound-number", "A value that is no string equals nothing.", "workflow_context_missing", set("payload", at+"/repository", "7"), []option{status(403), kills("bind-ignored"), refs("profile, section 10")}},
		{"bound-missing", "That the step's member is missing is told before the route's.", "workflow_step_context_missing", drop("payload", at+"/repository"), []option{status(403), threats("T5"), kills("step-context-unchecked")}},
	})
}
