package ajwt

// checks is the order of a decision: the first check that fails gives the code
// (spec/verify-order.md). A check returns 0 when it passes. Each stands in the file
// that its subject names; numbers are those of the first code that it can give.
var checks = []check{
	{101, StageInput, (*run).checkTargetLength},
	{102, StageInput, (*run).checkHeaderCount},
	{103, StageInput, (*run).checkBodyLength},
	{104, StageInput, (*run).checkMethod},
	{105, StageInput, (*run).checkRequestScheme},
	{106, StageInput, (*run).checkAuthority},
	{107, StageInput, (*run).checkFields},
	{108, StageInput, (*run).checkAuthorizationCount},
	{109, StageInput, (*run).checkAuthorizationForm},
	{110, StageInput, (*run).checkTokenLength},
	{111, StageInput, (*run).checkProofCount},
	{112, StageInput, (*run).checkProofLength},
	{113, StageInput, (*run).checkTarget}, // and 114; then the route is looked up

	{201, StageJWS, (*run).checkCompact},     // to 205
	{206, StageJWS, (*run).checkHeader},      //
	{207, StageJWS, (*run).checkHeaderForm},  // to 211
	{212, StageJWS, (*run).checkPayload},     //
	{301, StageKey, (*run).checkIssuerForm},  //
	{302, StageKey, (*run).checkIssuerKnown}, //
	{303, StageKey, (*run).checkType},
	{304, StageKey, (*run).checkAlgorithm},
	{305, StageKey, (*run).checkKeySet},
	{306, StageKey, (*run).checkKeyID},
	{307, StageKey, (*run).checkKeyFits},
	{401, StageSignature, (*run).checkSignature},

	{501, StageClaim, (*run).checkClaimTypes},
	{502, StageClaim, (*run).checkAudience},
	{503, StageClaim, (*run).checkExpired},
	{504, StageClaim, (*run).checkNotBefore},
	{505, StageClaim, (*run).checkIssuedAt},
	{506, StageClaim, (*run).checkOrder},
	{507, StageClaim, (*run).checkLifetime},
	{508, StageClaim, (*run).checkAgentID},
	{509, StageClaim, (*run).checkConfirmation},
	{510, StageClaim, (*run).checkIntent},
	{511, StageClaim, (*run).checkExecutedBy},
	{512, StageClaim, (*run).checkAgentProof},

	{601, StageProof, (*run).checkPresence},
	{602, StageProof, (*run).checkScheme},
	{603, StageProof, (*run).checkProofCompact},
	{604, StageProof, (*run).checkProofBase64},
	{605, StageProof, (*run).checkProofHeader},
	{606, StageProof, (*run).checkProofMembers}, // to 610
	{611, StageProof, (*run).checkProofPayload},
	{612, StageProof, (*run).checkProofID},
	{613, StageProof, (*run).checkProofMethod},
	{614, StageProof, (*run).checkProofURL},
	{615, StageProof, (*run).checkProofTime},
	{616, StageProof, (*run).checkProofToken},
	{617, StageProof, (*run).checkProofNonce},
	{618, StageProof, (*run).checkProofBinding},
	{619, StageProof, (*run).checkProofSignature}, // and 620

	{621, StageProof, (*run).checkSignatureField},
	{622, StageProof, (*run).checkComponents},
	{623, StageProof, (*run).checkCreated},
	{624, StageProof, (*run).checkExpires},
	{625, StageProof, (*run).checkReplayID},
	{626, StageProof, (*run).checkKeyName},
	{627, StageProof, (*run).checkBoundKey},
	{628, StageProof, (*run).checkSignatureAlg},
	{629, StageProof, (*run).checkDigest},
	{630, StageProof, (*run).checkMessageSignature},

	{631, StageProof, (*run).checkPoP},
	{632, StageProof, (*run).checkTimestamp},
	{633, StageProof, (*run).checkPoPKey},
	{634, StageProof, (*run).checkPoPChecksum},
	{635, StageProof, (*run).checkPoPBody},
	{636, StageProof, (*run).checkPoPSignature},

	{701, StageAgent, (*run).checkRoute},
	{702, StageAgent, (*run).checkAdmission},
	{703, StageAgent, (*run).checkBundle},
	{704, StageAgent, (*run).checkRevocations},
	{705, StageAgent, (*run).checkAgentProofPresent},
	{706, StageAgent, (*run).checkAgentKnown},
	{707, StageAgent, (*run).checkRegistration},
	{708, StageAgent, (*run).checkChecksum},
	{709, StageAgent, (*run).checkShim},
	{710, StageAgent, (*run).checkKeyPins},
	{711, StageAgent, (*run).checkRevoked},

	{801, StageDelegation, (*run).checkIntentPresent},
	{802, StageDelegation, (*run).checkWorkflow},
	{803, StageDelegation, (*run).checkChain},
	{804, StageDelegation, (*run).checkChainKnown},
	{805, StageDelegation, (*run).checkLinksPresent},
	{806, StageDelegation, (*run).checkLinks}, // to 817
	{818, StageDelegation, (*run).checkChainRevoked},

	{901, StageWorkflow, (*run).checkStepKnown},
	{902, StageWorkflow, (*run).checkStepAgent},
	{903, StageWorkflow, (*run).checkSequence},
	{904, StageWorkflow, (*run).checkSequenceKnown},
	{905, StageWorkflow, (*run).checkStepScopes},
	{906, StageWorkflow, (*run).checkStepContext},
	{907, StageWorkflow, (*run).checkScopes},
	{908, StageWorkflow, (*run).checkStep},
	{909, StageWorkflow, (*run).checkAgent},
	{910, StageWorkflow, (*run).checkTool},
	{911, StageWorkflow, (*run).checkBind},

	{1001, StageReplay, (*run).checkColdStart},
	{1002, StageReplay, (*run).checkReplay}, // and 1003
}

// Verify decides one request. It never panics: a fault of its own rejects. It reads
// no clock and does no input or output beside the replay memory that it was given.
func (v *Verifier) Verify(req *Request) (d Decision) {
	if v == nil || !v.ready || req == nil {
		d.reject(CodeInternalNotConfigured)
		return d
	}
	r := v.begin(req)
	s := r.s
	defer func() {
		if recover() != nil {
			d = Decision{PolicyDigest: v.policy.digest}
			d.reject(CodeInternalPanic)
			return // the scratch memory may be in any state: it is not used again
		}
		v.scratch.Put(s)
	}()
	r.decide()
	r.finish()
	d = r.d
	*r = run{} // the pool keeps memory, not requests
	return d
}
