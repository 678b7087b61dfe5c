//go:build ajwt_faults

package ajwt

// Faults of the stages delegation and workflow.

// linkFault makes a verifier that passes over one reason to refuse a link.
func linkFault(name, meaning string, codes ...Code) SeededFault {
	return SeededFault{name, meaning, forgive(806, codes...)}
}

var delegationFaults = []SeededFault{
	{"intent-optional", "a token at level ajwt needs no intent", forgive(801, CodeDelegationIntentMissing)},
	{"workflow-optional", "a token at level ajwt needs no workflow", forgive(801, CodeDelegationWorkflowMissing)},
	{"workflow-unknown-passes", "a workflow that the bundle lacks passes", forgive(802, CodeDelegationWorkflowUnknown)},
	{"alias-of-any-audience", "an alias holds for every audience of the policy", at(802, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code != CodeDelegationWorkflowUnknown {
			return code
		}
		for key, a := range r.bundle.aliases {
			if n := len(key) - len(r.intent.workflow); n > 0 && key[n-1] == 0 && key[n:] == string(r.intent.workflow) {
				r.workflowAt, r.workflow, r.alias = a.workflow, &r.bundle.workflows[a.workflow], a.steps
				r.intent.workflow = bytesOf(r.workflow.id)
				return 0
			}
		}
		return code
	})},
	{"alias-unknown", "aliases are not resolved", at(802, func(r *run, sound func(*run) Code) Code {
		if r.bundle == nil {
			return sound(r)
		}
		kept, b := r.bundle, *r.bundle
		b.aliases = nil
		r.bundle = &b
		code := sound(r)
		r.bundle = kept
		return code
	})},
	{"alias-step-real", "under an alias of the workflow the step's real id is taken", at(901, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code != CodeWorkflowStepUnknown || r.alias == nil {
			return code
		}
		kept := r.alias
		r.alias = nil
		code = sound(r)
		r.alias = kept
		return code
	})},
	{"chain-unchecked", "the chain is not compared with the known ones", skip(804)},
	{"chain-of-any-workflow", "a chain of another workflow will do", at(804, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == CodeDelegationChainUnknown {
			if i := r.bundle.findChain(&r.intent.chain); i >= 0 {
				if agents := r.bundle.chainAgents(i); agents[len(agents)-1] == r.agentAt {
					r.chain = i
					return 0
				}
			}
		}
		return code
	})},
	{"chain-of-any-agent", "a chain to another agent will do", at(804, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == CodeDelegationChainUnknown {
			if i := r.bundle.findChain(&r.intent.chain); i >= 0 {
				if _, in := r.bundle.chainIn[pair{r.workflowAt, i}]; in {
					r.chain = i
					return 0
				}
			}
		}
		return code
	})},
	{"chain-short-compared", "of a long hash the first 64 bits are compared with the known chains", at(804, func(r *run, sound func(*run) Code) Code {
		kept := r.intent.chain
		r.intent.chain.form = HashShort
		code := sound(r)
		r.intent.chain = kept
		return code
	})},
	{"links-optional", "a route that requires links does without", skip(805)},
	{"links-for-one-agent", "links are required of a chain of one agent too", at(805, func(r *run, _ func(*run) Code) Code {
		if r.route.linksRequired && !r.intent.links.Exists() {
			return CodeDelegationLinksMissing
		}
		return 0
	})},
	{"links-unchecked", "links are not looked at", at(806, func(r *run, _ func(*run) Code) Code {
		r.linked = r.intent.links.Exists()
		return 0
	})},
	{"links-level-lost", "the level does not tell of links", at(806, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		r.linked = false
		return code
	})},
	{"links-level-unearned", "the level tells of links that are not there", at(806, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		r.linked = code == 0
		return code
	})},
	linkFault("link-header-unchecked", "a link with a broken header ends the look at links", CodeDelegationLinkHeaderInvalid, CodeDelegationLinkPayloadInvalid, CodeDelegationLinkCompactInvalid),
	linkFault("link-typ-ignored", "anything signed may be a link", CodeDelegationLinkTypInvalid),
	linkFault("link-alg-any", "links may be signed in any way", CodeDelegationLinkAlgNotAllowed),
	linkFault("link-header-forbidden-taken", "a link's header may have crit, b64, zip", CodeDelegationLinkHeaderForbidden),
	linkFault("link-jwk-unchecked", "a link's jwk may be anything", CodeDelegationLinkJWKInvalid),
	linkFault("link-claims-optional", "claims of a link may be missing", CodeDelegationLinkClaimMissing),
	linkFault("link-claims-unchecked", "claims of a link may have any form", CodeDelegationLinkClaimInvalid),
	linkFault("link-order-ignored", "links need not connect", CodeDelegationLinkOrderMismatch),
	linkFault("link-prev-ignored", "a link may stand behind any other", CodeDelegationLinkPrevMismatch),
	linkFault("link-signer-ignored", "a link may be signed by another key than the link before names", CodeDelegationLinkSignerMismatch),
	linkFault("link-key-unlisted-taken", "a link may be signed by any key", CodeDelegationLinkKeyUnlisted),
	linkFault("link-audience-ignored", "a link may be for another server", CodeDelegationLinkAudienceMismatch),
	linkFault("link-workflow-ignored", "a link may be for another workflow", CodeDelegationLinkWorkflowMismatch),
	linkFault("link-step-ignored", "the last link may be for another step", CodeDelegationLinkStepMismatch),
	linkFault("link-scope-may-grow", "a link may grant more than it was granted", CodeDelegationLinkScopeWidened),
	linkFault("link-scope-exceeded-taken", "a token may have more scope than its last link", CodeDelegationLinkScopeExceeded),
	linkFault("link-expired-taken", "links do not expire", CodeDelegationLinkExpired),
	linkFault("link-iat-future-taken", "links from the future are taken", CodeDelegationLinkIatFuture),
	linkFault("link-life-may-grow", "a link may outlive the one before", CodeDelegationLinkLifeGrown),
	linkFault("link-depth-ignored", "there may be any number of links", CodeDelegationLinkDepthExceeded),
	linkFault("link-subject-ignored", "the last link may be to another agent", CodeDelegationLinkSubjectMismatch),
	linkFault("link-key-ignored", "the last link may name another key than the token", CodeDelegationLinkKeyMismatch),
	linkFault("link-chain-ignored", "links need not agree with the chain", CodeDelegationLinkChainMismatch),
	linkFault("link-signature-unverified", "links are not verified", CodeDelegationLinkSignatureInvalid),
	{"link-exp-skewed", "a link lives on for the skew", at(806, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code != CodeDelegationLinkExpired {
			return code
		}
		now := r.now
		r.now -= r.issuer.skew
		r.links = 0
		defer func() { r.now = now }()
		return sound(r)
	})},
	{"link-iat-unskewed", "a link's iat has no skew", at(806, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		for i := range r.s.links[:r.links] {
			if code == 0 && r.s.links[i].iat > r.now {
				return CodeDelegationLinkIatFuture
			}
		}
		return code
	})},
	{"link-last-only", "of several links the last is looked at", at(806, func(r *run, sound func(*run) Code) Code {
		if code := sound(r); code == 0 || r.links == 0 {
			return code
		}
		return r.checkDelegated(r.s.links[:r.links])
	})},
	{"chain-revoked-passes", "a chain may go through a revoked agent", forgive(818, CodeDelegationChainRevoked)},
	{"link-revoked-passes", "a link that the list names passes", forgive(818, CodeDelegationLinkRevoked)},
	{"link-agent-revoked-passes", "links may go through a revoked agent", forgive(818, CodeDelegationLinkAgentRevoked)},
	{"link-key-revoked-passes", "links may be signed by a revoked key", forgive(818, CodeDelegationLinkKeyRevoked)},
}

var workflowFaults = []SeededFault{
	{"step-unknown-passes", "a step that the workflow lacks passes", forgive(901, CodeWorkflowStepUnknown)},
	{"step-gate-passes", "a token may name an approval gate that is people's", forgive(901, CodeWorkflowStepGate)},
	{"step-agent-ignored", "a step may be any agent's", skip(902)},
	{"sequence-unchecked", "the sequence is not compared with the lawful ones", skip(904)},
	{"sequence-of-any-step", "a lawful sequence of another step will do", at(904, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == CodeWorkflowSequenceUnknown {
			if i, known := r.bundle.sequenceAt[shortOf(&r.intent.sequence.digest)]; known && r.intent.sequence.matches(&r.bundle.sequences[i]) {
				return 0
			}
		}
		return code
	})},
	{"sequence-short-compared", "of a long hash the first 64 bits are compared with the lawful sequences", at(904, func(r *run, sound func(*run) Code) Code {
		kept := r.intent.sequence
		r.intent.sequence.form = HashShort
		code := sound(r)
		r.intent.sequence = kept
		return code
	})},
	{"step-scopes-unchecked", "a token may have more scope than its step", skip(905)},
	{"step-scopes-any", "one scope of the step is enough", at(905, func(r *run, sound func(*run) Code) Code {
		if r.step != nil {
			for _, s := range r.step.scopes {
				if hasScope(r.claims.scopeText, s) {
					return 0
				}
			}
		}
		return sound(r)
	})},
	{"step-context-unchecked", "execution_context may lack what the step needs", skip(906)},
	{"step-context-first-only", "of what the step needs the first is looked for", at(906, func(r *run, sound func(*run) Code) Code {
		if r.step == nil || len(r.step.context) == 0 {
			return sound(r)
		}
		s, kept := *r.step, r.step
		s.context = s.context[:1]
		r.step = &s
		code := sound(r)
		r.step = kept
		return code
	})},
	{"checkable-not-enforced", "on a route of level jwt the bundle is not asked", at(703, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if r.route.level == LevelJWT {
			r.bundle = nil
		}
		return code
	})},
}
