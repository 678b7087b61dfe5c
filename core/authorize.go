package ajwt

import "unicode/utf8"

// checkRoute is check 701. A request that no route matches is refused here and not
// earlier, so that an unauthenticated caller learns nothing about the routes (the challenge of
// a 401 follows from the policy alone).
func (r *run) checkRoute() Code {
	if r.route == nil {
		return CodeAgentRouteUnmatched
	}
	return 0
}

// checkAdmission is check 702: the route admits the token's issuer.
func (r *run) checkAdmission() Code {
	if r.route.issuers == nil {
		return 0
	}
	for _, i := range r.route.issuers {
		if i == r.issuerAt {
			return 0
		}
	}
	return CodeAgentIssuerNotAdmitted
}

// checkChain is check 803. An intent that names a workflow carries the hash
// of its chain; one that names none can only have the chain of the agent alone,
// which needs no bundle to compare.
func (r *run) checkChain() Code {
	in := &r.intent
	switch {
	case !in.present:
	case in.workflow != nil:
		if !in.hasChain {
			return CodeDelegationChainMissing
		}
	case in.hasChain:
		self := sequenceDigest(string(r.claims.sub.Bytes()))
		if !in.chain.matches(&self) {
			return CodeDelegationChainNotSelf
		}
	}
	return 0
}

// checkSequence is check 903, the same for the hash of the steps.
func (r *run) checkSequence() Code {
	in := &r.intent
	switch {
	case !in.present:
	case in.workflow != nil:
		if !in.hasSequence {
			return CodeWorkflowSequenceMissing
		}
	case in.hasSequence:
		none := sequenceDigest()
		if !in.sequence.matches(&none) {
			return CodeWorkflowSequenceUnexpected
		}
	}
	return 0
}

// checkScopes is check 907: the token has every scope that the route needs.
func (r *run) checkScopes() Code {
	scope := r.claims.scopeText
	for _, s := range r.route.scopes {
		if !hasScope(scope, s) {
			return CodeWorkflowScopeInsufficient
		}
	}
	return 0
}

// checkStep is check 908: the token's step is one that the route admits. The
// comparison is of the signed claims; whether the step is lawful is the bundle's word.
func (r *run) checkStep() Code {
	if len(r.route.steps) == 0 {
		return 0
	}
	if r.intent.workflow == nil {
		return CodeWorkflowStepMissing
	}
	for i := range r.route.steps {
		s := &r.route.steps[i]
		if s.workflow == string(r.intent.workflow) && s.step == string(r.intent.step) {
			return 0
		}
	}
	return CodeWorkflowStepNotAllowed
}

// checkAgent is check 909: the token's agent is one that the route admits.
func (r *run) checkAgent() Code {
	if len(r.route.agents) > 0 && !contains(r.route.agents, string(r.claims.sub.Bytes())) {
		return CodeWorkflowAgentNotAllowed
	}
	return 0
}

// checkBind is check 911: members of execution_context equal parts of the path.
func (r *run) checkBind() Code {
	for i := range r.route.bind {
		b := &r.route.bind[i]
		value := r.s.bind[:0]
		for _, part := range b.parts {
			if part.segment < 0 {
				value = append(value, part.literal...)
				continue
			}
			start := len(value)
			value = appendDecoded(value, r.s.path.segment(part.segment))
			if !utf8.Valid(value[start:]) {
				return CodeWorkflowBindEncoding
			}
		}
		r.s.bind = value
		have := r.intent.executionCtx.Member(b.name).Bytes()
		if have == nil {
			return CodeWorkflowContextMissing
		}
		if string(have) != string(value) {
			return CodeWorkflowContextMismatch
		}
	}
	return 0
}
