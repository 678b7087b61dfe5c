package ajwt

import "github.com/agentic-jwt/ajwt/core/strictjson"

// intent is what the checks know of a token's intent claim.
type intent struct {
	present        bool
	workflow, step []byte // both or none
	executionCtx   strictjson.Value

	hasChain, hasSequence bool
	chainText             []byte // as it stands in the token; of a list, its long hash
	chain, sequence       sequenceRef
	links                 strictjson.Value // compact JWSs, root first
}

// agentProof is what the checks know of a token's agent_proof.
type agentProof struct {
	present, hasShim bool
	registration     []byte
	checksum, shim   [32]byte
}

// sequenceRef is a sequence hash as a token carries it: all 32 bytes, or the first
// 8 in the draft's short form.
type sequenceRef struct {
	digest [32]byte
	form   HashForm
}

// matches tells whether the reference stands for the digest.
func (s *sequenceRef) matches(digest *[32]byte) bool {
	if s.form == HashShort {
		return string(s.digest[:8]) == string(digest[:8])
	}
	return s.digest == *digest
}

// checkIntent is check 510: the form of the intent claim, where it is there (D00,
// section 4.4.2). Whether its hashes are allowed is decided in later stages.
func (t *subject) checkIntent() Code {
	in, v := &t.intent, t.claims.intent
	*in = intent{}
	if !v.Exists() {
		return 0
	}
	if v.Kind() != strictjson.Object {
		return CodeClaimIntentInvalid
	}
	in.present = true
	var workflow, step, executedBy, chain, sequence, initiated, context, links strictjson.Value
	for m := v.First(); m.Exists(); m = m.Next() {
		switch string(m.Key()) {
		case "workflow_id":
			workflow = m
		case "workflow_step":
			step = m
		case "executed_by":
			executedBy = m
		case "delegation_chain":
			chain = m
		case "step_sequence_hash":
			sequence = m
		case "initiated_by":
			initiated = m
		case "execution_context":
			context = m
		case "delegation_links":
			links = m
		}
	}
	if t.issuer.profile.stepObject() {
		workflow, step = prototypeStep(workflow, step)
	}
	for _, id := range [...]strictjson.Value{workflow, step} {
		if id.Exists() && !validStepID(id.Bytes()) {
			return CodeClaimIntentWorkflowInvalid
		}
	}
	if workflow.Exists() != step.Exists() {
		return CodeClaimIntentWorkflowIncomplete
	}
	in.workflow, in.step = workflow.Bytes(), step.Bytes()
	if executedBy.Exists() && !isPlainText(executedBy.Bytes(), maxSubBytes) {
		return CodeClaimIntentExecutedByInvalid
	}
	t.executedBy = executedBy.Bytes()
	if in.hasChain = chain.Exists(); in.hasChain {
		if code := t.chainForm(chain); code != 0 {
			return code
		}
	}
	if in.hasSequence = sequence.Exists(); in.hasSequence {
		if code := t.sequenceForm(&in.sequence, sequence, CodeClaimIntentSequenceInvalid); code != 0 {
			return code
		}
	}
	if initiated.Exists() && !isNamedText(initiated) {
		return CodeClaimIntentInitiatedByInvalid
	}
	if context.Exists() && context.Kind() != strictjson.Object {
		return CodeClaimIntentContextInvalid
	}
	in.executionCtx = context
	in.links = links
	if links.Exists() && !t.linksForm(links) {
		return CodeClaimIntentLinksInvalid
	}
	return 0
}

// prototypeStep reads a workflow as the prototype writes it: workflow_step is an object
// whose step_id names the step, and both members are null where there is no workflow.
// An object without step_id stays one, which is no step id.
func prototypeStep(workflow, step strictjson.Value) (id, stepID strictjson.Value) {
	if workflow.Kind() == strictjson.Null && step.Kind() == strictjson.Null {
		return strictjson.Value{}, strictjson.Value{}
	}
	if stepID := step.Member("step_id"); stepID.Exists() {
		step = stepID
	}
	return workflow, step
}

// chainForm reads the delegation chain: a hash, or in paper a list. The list becomes the
// hash that a token with hashes would carry, so that one set of known chains serves both.
func (t *subject) chainForm(v strictjson.Value) Code {
	in := &t.intent
	if !t.issuer.profile.chainList() {
		in.chainText = v.Bytes()
		return t.sequenceForm(&in.chain, v, CodeClaimIntentChainInvalid)
	}
	if code := t.chainAgents(v); code != 0 {
		return code
	}
	in.chain = sequenceRef{joinedDigest(t.mem.chain), HashLong}
	t.mem.chainText = appendSequenceHash(t.mem.chainText[:0], in.chain.digest, HashLong)
	in.chainText = t.mem.chainText
	return 0
}

// chainAgents reads a delegation chain of the paper into r.s.chain, originator first:
// either ids that end with sub, or objects whose delegated_by are the agents before sub.
// An empty list is the agent alone. What the objects say about time, purpose and
// permissions is for people.
func (t *subject) chainAgents(v strictjson.Value) Code {
	sub := t.claims.sub.Bytes()
	list := t.mem.chain[:0]
	first := v.First()
	if v.Kind() != strictjson.Array {
		return CodeClaimIntentChainInvalid
	}
	objects := first.Kind() != strictjson.String
	agents := v.Len()
	if objects {
		agents++
	}
	if agents > t.policy.limits.Chain {
		return CodeClaimIntentChainTooLong
	}
	for e := first; e.Exists(); e = e.Next() {
		id := e
		switch e.Kind() {
		case strictjson.Object:
			id = e.Member("delegated_by")
		case strictjson.String:
		default:
			return CodeClaimIntentChainInvalid
		}
		if (e.Kind() == strictjson.Object) != objects {
			return CodeClaimIntentChainMixed
		}
		list = append(list, id.Bytes())
	}
	if objects {
		list = append(list, sub)
	}
	t.mem.chain = list
	for i, id := range list {
		if !validAgentID(id) {
			return CodeClaimIntentChainInvalid
		}
		for _, before := range list[:i] {
			if string(before) == string(id) {
				return CodeClaimIntentChainRepeated
			}
		}
	}
	if string(list[len(list)-1]) != string(sub) {
		return CodeClaimIntentChainNotSub
	}
	return 0
}

// sequenceForm reads a sequence hash and refuses the short form where the issuer's
// profile does: 64 bits can be collided by whoever can register ids.
func (t *subject) sequenceForm(ref *sequenceRef, v strictjson.Value, invalid Code) Code {
	form, digest, ok := parseSequenceHash(v.Bytes())
	if !ok {
		return invalid
	}
	ref.form, ref.digest = form, digest
	if form == HashShort && !t.issuer.profile.shortHash() && !t.issuer.allowShortHash {
		return CodeClaimIntentHashShort
	}
	return 0
}

func (t *subject) linksForm(links strictjson.Value) bool {
	if links.Kind() != strictjson.Array || links.Len() == 0 || links.Len() > t.policy.limits.Links {
		return false
	}
	for e := links.First(); e.Exists(); e = e.Next() {
		if len(e.Bytes()) == 0 {
			return false
		}
	}
	return true
}

// checkExecutedBy is check 511: executed_by, where it is there, equals sub.
func (t *subject) checkExecutedBy() Code {
	if t.executedBy != nil && string(t.executedBy) != string(t.claims.sub.Bytes()) {
		return CodeClaimIntentExecutedByMismatch
	}
	return 0
}

// checkAgentProof is check 512: the form of agent_proof, where it is there. The
// checksum is a statement made at mint time; comparing it with the registration is
// the agent stage's work.
func (t *subject) checkAgentProof() Code {
	v, p := t.claims.agentProof, &t.agentProof
	if !v.Exists() {
		return 0
	}
	if v.Kind() != strictjson.Object {
		return CodeClaimAgentProofInvalid
	}
	var ok bool
	if p.checksum, ok = parseChecksum(v.Member("agent_checksum").Bytes(), t.issuer.profile.bareChecksum()); !ok {
		return CodeClaimAgentProofChecksumInvalid
	}
	if p.registration = v.Member("registration_id").Bytes(); !validAgentID(p.registration) {
		return CodeClaimAgentProofRegistrationInvalid
	}
	if shim := v.Member("shim_checksum"); shim.Exists() {
		if p.shim, ok = parseChecksum(shim.Bytes(), false); !ok {
			return CodeClaimAgentProofShimInvalid
		}
		p.hasShim = true
	}
	p.present = true
	return 0
}
