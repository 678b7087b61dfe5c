package ajwt

import "github.com/agentic-jwt/ajwt/core/strictjson"

// intent is what the checks know of a token's intent claim.
type intent struct {
	present        bool
	workflow, step []byte // both or none
	executionCtx   strictjson.Value

	hasChain, hasSequence bool
	chainText             []byte // as it stands in the token
	chain, sequence       sequenceRef
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
		if code := r.sequenceForm(&in.chain, chain, CodeClaimIntentChainInvalid); code != 0 {
			return code
		}
		in.chainText = chain.Bytes()
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
	if links.Exists() && !r.linksForm(links) {
		return CodeClaimIntentLinksInvalid
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
	if form == HashShort && r.issuer.profile == ProfileHardened && !r.issuer.allowShortHash {
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
	v := r.claims.agentProof
	if !v.Exists() {
		return 0
	}
	if v.Kind() != strictjson.Object {
		return CodeClaimAgentProofInvalid
	}
	allowBare := r.issuer.profile == ProfileDraft00
	if _, ok := parseChecksum(v.Member("agent_checksum").Bytes(), allowBare); !ok {
		return CodeClaimAgentProofChecksumInvalid
	}
	if !validAgentID(v.Member("registration_id").Bytes()) {
		return CodeClaimAgentProofRegistrationInvalid
	}
	if shim := v.Member("shim_checksum"); shim.Exists() {
		if _, ok := parseChecksum(shim.Bytes(), false); !ok {
			return CodeClaimAgentProofShimInvalid
		}
	}
	return 0
}
