package ajwt

// checks is the order of a decision: the first check that fails gives the code
// (spec/verify-order.md). A check returns 0 when it passes. Each stands in the file
// that its subject names; numbers are those of the first code that it can give. A check
// of the token is made once for a token that comes again (remembered.go).
var checks = []check{
	ofRequest(101, StageInput, (*run).checkTargetLength),
	ofRequest(102, StageInput, (*run).checkHeaderCount),
	ofRequest(103, StageInput, (*run).checkBodyLength),
	ofRequest(104, StageInput, (*run).checkMethod),
	ofRequest(105, StageInput, (*run).checkRequestScheme),
	ofRequest(106, StageInput, (*run).checkAuthority),
	ofRequest(107, StageInput, (*run).checkFields),
	ofRequest(108, StageInput, (*run).checkAuthorizationCount),
	ofRequest(109, StageInput, (*run).checkAuthorizationForm),
	ofRequest(110, StageInput, (*run).checkTokenLength),
	ofRequest(111, StageInput, (*run).checkProofCount),
	ofRequest(112, StageInput, (*run).checkProofLength),
	ofRequest(113, StageInput, (*run).checkTarget), // and 114; then the route is looked up

	ofRequest(201, StageJWS, (*run).checkCompact), // to 205
	ofToken(206, StageJWS, (*subject).checkHeader),
	ofToken(207, StageJWS, (*subject).checkHeaderForm), // to 211
	ofToken(212, StageJWS, (*subject).checkPayload),
	ofToken(301, StageKey, (*subject).checkIssuerForm),
	ofToken(302, StageKey, (*subject).checkIssuerKnown),
	ofToken(303, StageKey, (*subject).checkType),
	ofToken(304, StageKey, (*subject).checkAlgorithm),
	ofToken(305, StageKey, (*subject).checkKeySet),
	ofToken(306, StageKey, (*subject).checkKeyID),
	ofToken(307, StageKey, (*subject).checkKeyFits),
	ofRequest(401, StageSignature, (*run).checkSignature),

	ofToken(501, StageClaim, (*subject).checkClaimTypes),
	ofToken(502, StageClaim, (*subject).checkAudience),
	ofRequest(503, StageClaim, (*run).checkExpired),
	ofRequest(504, StageClaim, (*run).checkNotBefore),
	ofRequest(505, StageClaim, (*run).checkIssuedAt),
	ofToken(506, StageClaim, (*subject).checkOrder),
	ofToken(507, StageClaim, (*subject).checkLifetime),
	ofRequest(508, StageClaim, (*run).checkAgentID),
	ofToken(509, StageClaim, (*subject).checkConfirmation),
	ofToken(intentCheck, StageClaim, (*subject).checkIntent),
	ofToken(511, StageClaim, (*subject).checkExecutedBy),
	ofToken(512, StageClaim, (*subject).checkAgentProof),

	ofRequest(601, StageProof, (*run).checkPresence),
	ofRequest(602, StageProof, (*run).checkScheme),
	ofRequest(603, StageProof, (*run).checkProofCompact),
	ofRequest(604, StageProof, (*run).checkProofBase64),
	ofRequest(605, StageProof, (*run).checkProofHeader),
	ofRequest(606, StageProof, (*run).checkProofMembers), // to 610
	ofRequest(611, StageProof, (*run).checkProofPayload),
	ofRequest(612, StageProof, (*run).checkProofID),
	ofRequest(613, StageProof, (*run).checkProofMethod),
	ofRequest(614, StageProof, (*run).checkProofURL),
	ofRequest(615, StageProof, (*run).checkProofTime),
	ofRequest(616, StageProof, (*run).checkProofToken),
	ofRequest(617, StageProof, (*run).checkProofNonce),
	ofRequest(618, StageProof, (*run).checkProofBinding),
	ofRequest(619, StageProof, (*run).checkProofSignature), // and 620

	ofRequest(621, StageProof, (*run).checkSignatureField),
	ofRequest(622, StageProof, (*run).checkComponents),
	ofRequest(623, StageProof, (*run).checkCreated),
	ofRequest(624, StageProof, (*run).checkExpires),
	ofRequest(625, StageProof, (*run).checkReplayID),
	ofRequest(626, StageProof, (*run).checkKeyName),
	ofRequest(627, StageProof, (*run).checkBoundKey),
	ofRequest(628, StageProof, (*run).checkSignatureAlg),
	ofRequest(629, StageProof, (*run).checkDigest),
	ofRequest(630, StageProof, (*run).checkMessageSignature),

	ofRequest(631, StageProof, (*run).checkPoP),
	ofRequest(632, StageProof, (*run).checkTimestamp),
	ofRequest(633, StageProof, (*run).checkPoPKey),
	ofRequest(634, StageProof, (*run).checkPoPChecksum),
	ofRequest(635, StageProof, (*run).checkPoPBody),
	ofRequest(636, StageProof, (*run).checkPoPSignature),

	ofRequest(701, StageAgent, (*run).checkRoute),
	ofRequest(702, StageAgent, (*run).checkAdmission),
	ofRequest(703, StageAgent, (*run).checkBundle),
	ofRequest(704, StageAgent, (*run).checkRevocations),
	ofRequest(705, StageAgent, (*run).checkAgentProofPresent),
	ofRequest(706, StageAgent, (*run).checkAgentKnown),
	ofRequest(707, StageAgent, (*run).checkRegistration),
	ofRequest(708, StageAgent, (*run).checkChecksum),
	ofRequest(709, StageAgent, (*run).checkShim),
	ofRequest(710, StageAgent, (*run).checkKeyPins),
	ofRequest(711, StageAgent, (*run).checkRevoked),

	ofRequest(801, StageDelegation, (*run).checkIntentPresent),
	ofRequest(802, StageDelegation, (*run).checkWorkflow),
	ofRequest(803, StageDelegation, (*run).checkChain),
	ofRequest(804, StageDelegation, (*run).checkChainKnown),
	ofRequest(805, StageDelegation, (*run).checkLinksPresent),
	ofRequest(806, StageDelegation, (*run).checkLinks), // to 817
	ofRequest(818, StageDelegation, (*run).checkChainRevoked),

	ofRequest(901, StageWorkflow, (*run).checkStepKnown),
	ofRequest(902, StageWorkflow, (*run).checkStepAgent),
	ofRequest(903, StageWorkflow, (*run).checkSequence),
	ofRequest(904, StageWorkflow, (*run).checkSequenceKnown),
	ofRequest(905, StageWorkflow, (*run).checkStepScopes),
	ofRequest(906, StageWorkflow, (*run).checkStepContext),
	ofRequest(907, StageWorkflow, (*run).checkScopes),
	ofRequest(908, StageWorkflow, (*run).checkStep),
	ofRequest(909, StageWorkflow, (*run).checkAgent),
	ofRequest(910, StageWorkflow, (*run).checkTool),
	ofRequest(911, StageWorkflow, (*run).checkBind),

	ofRequest(1001, StageReplay, (*run).checkColdStart),
	ofRequest(1002, StageReplay, (*run).checkReplay), // and 1003
}

// intentCheck is the number of checkIntent.
const intentCheck = 510

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
