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

	ofProof(601, 0, (*run).checkPresence),
	ofProof(602, 0, (*run).checkScheme),
	ofProof(603, skipDPoP, (*run).checkProofCompact),
	ofProof(604, skipDPoP, (*run).checkProofBase64),
	ofProof(605, skipDPoP, (*run).checkProofHeader),
	ofProof(606, skipDPoP, (*run).checkProofMembers), // to 610
	ofProof(611, skipDPoP, (*run).checkProofPayload),
	ofProof(612, skipDPoP, (*run).checkProofID),
	ofProof(613, skipDPoP, (*run).checkProofMethod),
	ofProof(614, skipDPoP, (*run).checkProofURL),
	ofProof(615, skipDPoP, (*run).checkProofTime),
	ofProof(616, skipDPoP, (*run).checkProofToken),
	ofProof(617, skipDPoP, (*run).checkProofNonce),
	ofProof(618, skipDPoP, (*run).checkProofBinding),
	ofProof(619, skipDPoP, (*run).checkProofSignature), // and 620

	ofProof(621, skipHTTPSig, (*run).checkSignatureField),
	ofProof(622, skipHTTPSig, (*run).checkComponents),
	ofProof(623, skipHTTPSig, (*run).checkCreated),
	ofProof(624, skipHTTPSig, (*run).checkExpires),
	ofProof(625, skipHTTPSig, (*run).checkReplayID),
	ofProof(626, skipHTTPSig, (*run).checkKeyName),
	ofProof(627, skipHTTPSig, (*run).checkBoundKey),
	ofProof(628, skipHTTPSig, (*run).checkSignatureAlg),
	ofProof(629, skipHTTPSig, (*run).checkDigest),
	ofProof(630, skipHTTPSig, (*run).checkMessageSignature),

	ofProof(631, skipPatchet, (*run).checkPoP),
	ofProof(632, skipPatchet, (*run).checkTimestamp),
	ofProof(633, skipPatchet, (*run).checkPoPKey),
	ofProof(634, skipPatchet, (*run).checkPoPChecksum),
	ofProof(635, skipPatchet, (*run).checkPoPBody),
	ofProof(636, skipPatchet, (*run).checkPoPSignature),

	ofRequest(settleNumber, StageProof, (*run).settle), // the rest of 509

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

const (
	intentCheck  = 510 // the number of checkIntent
	settleNumber = 699 // of no code
)

// Verify decides one request. It never panics: a fault of its own rejects. It reads
// no clock and does no input or output beside the replay memory that it was given.
func (v *Verifier) Verify(req *Request) (d Decision) {
	if v == nil || !v.ready || req == nil {
		d.reject(CodeInternalNotConfigured)
		return d
	}
	r := v.begin(req)
	defer func() {
		if recover() != nil {
			d = Decision{PolicyDigest: v.policy.digest}
			d.reject(CodeInternalPanic)
			return // the scratch memory may be in any state: it is not used again
		}
		r.end()
	}()
	r.decide()
	r.finish()
	return r.d
}
