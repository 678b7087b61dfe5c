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
func (r *run) checkIntent() Code {
	in, v := &r.intent, r.claims.intent
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
	if r.issuer.profile.stepObject() {
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
	r.executedBy = executedBy.Bytes()
	if in.hasChain = chain.Exists(); in.hasChain {
		if code := r.chainForm(chain); code != 0 {
			return code
		}
	}
	if in.hasSequence = sequence.Exists(); in.hasSequence {
		if code := r.sequenceForm(&in.sequence, sequence, CodeClaimIntentSequenceInvalid); code != 0 {
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
	if links.Exists() && !r.linksForm(links) {
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
func (r *run) chainForm(v strictjson.Value) Code {
	in := &r.intent
	if !r.issuer.profile.chainList() {
		in.chainText = v.Bytes()
		return r.sequenceForm(&in.chain, v, CodeClaimIntentChainInvalid)
	}
	if code := r.chainAgents(v); code != 0 {
		return code
	}
	in.chain = sequenceRef{joinedDigest(r.s.chain), HashLong}
	r.s.chainText = appendSequenceHash(r.s.chainText[:0], in.chain.digest, HashLong)
	in.chainText = r.s.chainText
	return 0
}

// chainAgents reads a delegation chain of the paper into r.s.chain, originator first:
// either ids that end with sub, or objects whose delegated_by are the agents before sub.
// An empty list is the agent alone. What the objects say about time, purpose and
// permissions is for people.
func (r *run) chainAgents(v strictjson.Value) Code {
	sub := r.claims.sub.Bytes()
	list := r.s.chain[:0]
	first := v.First()
	if v.Kind() != strictjson.Array {
		return CodeClaimIntentChainInvalid
	}
	objects := first.Kind() != strictjson.String
	agents := v.Len()
	if objects {
		agents++
	}
	if agents > r.policy.limits.Chain {
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
	r.s.chain = list
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
func (r *run) sequenceForm(ref *sequenceRef, v strictjson.Value, invalid Code) Code {
	form, digest, ok := parseSequenceHash(v.Bytes())
	if !ok {
		return invalid
	}
	ref.form, ref.digest = form, digest
	if form == HashShort && !r.issuer.profile.shortHash() && !r.issuer.allowShortHash {
		return CodeClaimIntentHashShort
	}
	return 0
}

func (r *run) linksForm(links strictjson.Value) bool {
	if links.Kind() != strictjson.Array || links.Len() == 0 || links.Len() > r.policy.limits.Links {
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
func (r *run) checkExecutedBy() Code {
	if r.executedBy != nil && string(r.executedBy) != string(r.claims.sub.Bytes()) {
		return CodeClaimIntentExecutedByMismatch
	}
	return 0
}

// checkAgentProof is check 512: the form of agent_proof, where it is there. The
// checksum is a statement made at mint time; comparing it with the registration is
// the agent stage's work.
func (r *run) checkAgentProof() Code {
	v, p := r.claims.agentProof, &r.agentProof
	if !v.Exists() {
		return 0
	}
	if v.Kind() != strictjson.Object {
		return CodeClaimAgentProofInvalid
	}
	var ok bool
	if p.checksum, ok = parseChecksum(v.Member("agent_checksum").Bytes(), r.issuer.profile.bareChecksum()); !ok {
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
