package ajwt

// checks is the order of a decision: the first check that fails gives the code
// (spec/verify-order.md). A check returns 0 when it passes. Each stands in the file
// that its subject names; numbers are those of the first code that it can give. A check
// of the token is made once for a token that comes again (remembered.go). Within the proof
// stage each check needs what the one before established.
//
// The list calls nothing, so that it is made while the package is compiled: a program that
// decides nothing does not carry the checks.
var checks = []check{
	{number: 101, stage: StageInput, run: (*run).checkTargetLength},
	{number: 102, stage: StageInput, run: (*run).checkHeaderCount},
	{number: 103, stage: StageInput, run: (*run).checkBodyLength},
	{number: 104, stage: StageInput, run: (*run).checkMethod},
	{number: 105, stage: StageInput, run: (*run).checkRequestScheme},
	{number: 106, stage: StageInput, run: (*run).checkAuthority},
	{number: 107, stage: StageInput, run: (*run).checkFields},
	{number: 108, stage: StageInput, run: (*run).checkAuthorizationCount},
	{number: 109, stage: StageInput, run: (*run).checkAuthorizationForm},
	{number: 110, stage: StageInput, run: (*run).checkTokenLength},
	{number: 111, stage: StageInput, run: (*run).checkProofCount},
	{number: 112, stage: StageInput, run: (*run).checkProofLength},
	{number: 113, stage: StageInput, run: (*run).checkTarget}, // and 114; then the route is looked up

	{number: 201, stage: StageJWS, run: (*run).checkCompact}, // to 205
	{number: 206, stage: StageJWS, token: (*subject).checkHeader, skips: skipKnown},
	{number: 207, stage: StageJWS, token: (*subject).checkHeaderForm, skips: skipKnown}, // to 211
	{number: 212, stage: StageJWS, token: (*subject).checkPayload, skips: skipKnown},
	{number: 301, stage: StageKey, token: (*subject).checkIssuerForm, skips: skipKnown},
	{number: 302, stage: StageKey, token: (*subject).checkIssuerKnown, skips: skipKnown},
	{number: 303, stage: StageKey, token: (*subject).checkType, skips: skipKnown},
	{number: 304, stage: StageKey, token: (*subject).checkAlgorithm, skips: skipKnown},
	{number: 305, stage: StageKey, token: (*subject).checkKeySet, skips: skipKnown},
	{number: 306, stage: StageKey, token: (*subject).checkKeyID, skips: skipKnown},
	{number: 307, stage: StageKey, token: (*subject).checkKeyFits, skips: skipKnown},
	{number: 401, stage: StageSignature, run: (*run).checkSignature},

	{number: 501, stage: StageClaim, token: (*subject).checkClaimTypes, skips: skipKnown},
	{number: 502, stage: StageClaim, token: (*subject).checkAudience, skips: skipKnown},
	{number: 503, stage: StageClaim, run: (*run).checkExpired},
	{number: 504, stage: StageClaim, run: (*run).checkNotBefore},
	{number: 505, stage: StageClaim, run: (*run).checkIssuedAt},
	{number: 506, stage: StageClaim, token: (*subject).checkOrder, skips: skipKnown},
	{number: 507, stage: StageClaim, token: (*subject).checkLifetime, skips: skipKnown},
	{number: 508, stage: StageClaim, run: (*run).checkAgentID},
	{number: 509, stage: StageClaim, token: (*subject).checkConfirmation, skips: skipKnown},
	{number: 510, stage: StageClaim, token: (*subject).checkIntent, skips: skipKnown},
	{number: 511, stage: StageClaim, token: (*subject).checkExecutedBy, skips: skipKnown},
	{number: 512, stage: StageClaim, token: (*subject).checkAgentProof, skips: skipKnown},

	{number: 601, stage: StageProof, run: (*run).checkPresence, skips: skipProof},
	{number: 602, stage: StageProof, run: (*run).checkScheme, skips: skipProof},
	{number: 603, stage: StageProof, run: (*run).checkProofCompact, skips: skipDPoP | skipProof},
	{number: 604, stage: StageProof, run: (*run).checkProofBase64, skips: skipDPoP | skipProof},
	{number: 605, stage: StageProof, run: (*run).checkProofHeader, skips: skipDPoP | skipProof},
	{number: 606, stage: StageProof, run: (*run).checkProofMembers, skips: skipDPoP | skipProof}, // to 610
	{number: 611, stage: StageProof, run: (*run).checkProofPayload, skips: skipDPoP | skipProof},
	{number: 612, stage: StageProof, run: (*run).checkProofID, skips: skipDPoP | skipProof},
	{number: 613, stage: StageProof, run: (*run).checkProofMethod, skips: skipDPoP | skipProof},
	{number: 614, stage: StageProof, run: (*run).checkProofURL, skips: skipDPoP | skipProof},
	{number: 615, stage: StageProof, run: (*run).checkProofTime, skips: skipDPoP | skipProof},
	{number: 616, stage: StageProof, run: (*run).checkProofToken, skips: skipDPoP | skipProof},
	{number: 617, stage: StageProof, run: (*run).checkProofNonce, skips: skipDPoP | skipProof},
	{number: 618, stage: StageProof, run: (*run).checkProofBinding, skips: skipDPoP | skipProof},
	{number: 619, stage: StageProof, run: (*run).checkProofSignature, skips: skipDPoP | skipProof}, // and 620

	{number: 621, stage: StageProof, run: (*run).checkSignatureField, skips: skipHTTPSig | skipProof},
	{number: 622, stage: StageProof, run: (*run).checkComponents, skips: skipHTTPSig | skipProof},
	{number: 623, stage: StageProof, run: (*run).checkCreated, skips: skipHTTPSig | skipProof},
	{number: 624, stage: StageProof, run: (*run).checkExpires, skips: skipHTTPSig | skipProof},
	{number: 625, stage: StageProof, run: (*run).checkReplayID, skips: skipHTTPSig | skipProof},
	{number: 626, stage: StageProof, run: (*run).checkKeyName, skips: skipHTTPSig | skipProof},
	{number: 627, stage: StageProof, run: (*run).checkBoundKey, skips: skipHTTPSig | skipProof},
	{number: 628, stage: StageProof, run: (*run).checkSignatureAlg, skips: skipHTTPSig | skipProof},
	{number: 629, stage: StageProof, run: (*run).checkDigest, skips: skipHTTPSig | skipProof},
	{number: 630, stage: StageProof, run: (*run).checkMessageSignature, skips: skipHTTPSig | skipProof},

	{number: 631, stage: StageProof, run: (*run).checkPoP, skips: skipPatchet | skipProof},
	{number: 632, stage: StageProof, run: (*run).checkTimestamp, skips: skipPatchet | skipProof},
	{number: 633, stage: StageProof, run: (*run).checkPoPKey, skips: skipPatchet | skipProof},
	{number: 634, stage: StageProof, run: (*run).checkPoPChecksum, skips: skipPatchet | skipProof},
	{number: 635, stage: StageProof, run: (*run).checkPoPBody, skips: skipPatchet | skipProof},
	{number: 636, stage: StageProof, run: (*run).checkPoPSignature, skips: skipPatchet | skipProof},

	{number: settleNumber, stage: StageProof, run: (*run).settle}, // the rest of 509

	{number: 701, stage: StageAgent, run: (*run).checkRoute},
	{number: 702, stage: StageAgent, run: (*run).checkAdmission},
	{number: 703, stage: StageAgent, run: (*run).checkBundle},
	{number: 704, stage: StageAgent, run: (*run).checkRevocations},
	{number: 705, stage: StageAgent, run: (*run).checkAgentProofPresent},
	{number: 706, stage: StageAgent, run: (*run).checkAgentKnown},
	{number: 707, stage: StageAgent, run: (*run).checkRegistration},
	{number: 708, stage: StageAgent, run: (*run).checkChecksum},
	{number: 709, stage: StageAgent, run: (*run).checkShim},
	{number: 710, stage: StageAgent, run: (*run).checkKeyPins},
	{number: 711, stage: StageAgent, run: (*run).checkRevoked},

	{number: 801, stage: StageDelegation, run: (*run).checkIntentPresent},
	{number: 802, stage: StageDelegation, run: (*run).checkWorkflow},
	{number: 803, stage: StageDelegation, run: (*run).checkChain},
	{number: 804, stage: StageDelegation, run: (*run).checkChainKnown},
	{number: 805, stage: StageDelegation, run: (*run).checkLinksPresent},
	{number: 806, stage: StageDelegation, run: (*run).checkLinks}, // to 817
	{number: 818, stage: StageDelegation, run: (*run).checkChainRevoked},

	{number: 901, stage: StageWorkflow, run: (*run).checkStepKnown},
	{number: 902, stage: StageWorkflow, run: (*run).checkStepAgent},
	{number: 903, stage: StageWorkflow, run: (*run).checkSequence},
	{number: 904, stage: StageWorkflow, run: (*run).checkSequenceKnown},
	{number: 905, stage: StageWorkflow, run: (*run).checkStepScopes},
	{number: 906, stage: StageWorkflow, run: (*run).checkStepContext},
	{number: 907, stage: StageWorkflow, run: (*run).checkScopes},
	{number: 908, stage: StageWorkflow, run: (*run).checkStep},
	{number: 909, stage: StageWorkflow, run: (*run).checkAgent},
	{number: 910, stage: StageWorkflow, run: (*run).checkTool},
	{number: 911, stage: StageWorkflow, run: (*run).checkBind},

	{number: 1001, stage: StageReplay, run: (*run).checkColdStart},
	{number: 1002, stage: StageReplay, run: (*run).checkReplay}, // and 1003
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
