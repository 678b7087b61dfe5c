package ajwt

// What the bundle knows of a token's agent, workflow and step (stages agent, delegation
// and workflow). A check whose input a failed, observed check did not establish passes.

// bundle returns the issuer's bundle while it has not expired, else nil. exp has no skew.
func (r *run) bundleInForce() *Bundle {
	if b := r.state.issuers[r.issuerAt].bundle; b != nil && r.now < b.expires {
		return b
	}
	return nil
}

// bundleKey returns the key with that thumbprint of an agent in the bundle in force.
func (r *run) bundleKey(thumbprint *[32]byte) *Key {
	if b := r.bundleInForce(); b != nil {
		return b.keys[*thumbprint]
	}
	return nil
}

// checkBundle is check 703: above level jwt the issuer's bundle must be in force.
func (r *run) checkBundle() Code {
	r.bundle = r.bundleInForce()
	switch {
	case r.bundle != nil || r.route.level <= LevelJWT:
		return 0
	case r.state.issuers[r.issuerAt].bundle == nil:
		return CodeAgentBundleMissing
	}
	return CodeAgentBundleExpired
}

// checkAgentProofPresent is check 705.
func (r *run) checkAgentProofPresent() Code {
	if r.route.level >= LevelAgent && !r.agentProof.present {
		return CodeAgentProofMissing
	}
	return 0
}

// checkAgentKnown is check 706. A token that speaks of an agent, or whose route needs
// one, must be of one that the bundle lists; any other is an ordinary token.
func (r *run) checkAgentKnown() Code {
	if r.bundle == nil {
		return 0
	}
	i, known := r.bundle.agentAt[string(r.claims.sub.Bytes())]
	if known {
		r.agentAt, r.agent = i, &r.bundle.agents[i]
		return 0
	}
	if r.route.level >= LevelAgent || r.agentProof.present || r.intent.workflow != nil {
		return CodeAgentUnknown
	}
	return 0
}

// checkRegistration is check 707. Several registrations may be valid at once: that is how
// two builds overlap during a roll-out.
func (r *run) checkRegistration() Code {
	if r.agent == nil || !r.agentProof.present {
		return 0
	}
	for i := range r.agent.registrations {
		g := &r.agent.registrations[i]
		if g.id != string(r.agentProof.registration) {
			continue
		}
		switch {
		case r.now < g.notBefore:
			return CodeAgentRegistrationEarly
		case r.now >= g.notAfter:
			return CodeAgentRegistrationExpired
		}
		r.registration = g
		return 0
	}
	return CodeAgentRegistrationUnknown
}

// checkChecksum is check 708. Both sides are public labels: no constant time is needed.
func (r *run) checkChecksum() Code {
	if r.registration != nil && r.registration.checksum != r.agentProof.checksum {
		return CodeAgentChecksumMismatch
	}
	return 0
}

// checkShim is check 709.
func (r *run) checkShim() Code {
	if r.agent == nil || !r.agent.shimPinned || !r.agentProof.present {
		return 0
	}
	if !r.agentProof.hasShim {
		return CodeAgentShimMissing
	}
	for i := range r.agent.shims {
		if r.agent.shims[i] == r.agentProof.shim {
			return 0
		}
	}
	return CodeAgentShimUnknown
}

// checkKeyPins is check 710. Pins hold at every level, also for tokens without
// agent_proof: else leaving it out would be a way around them.
func (r *run) checkKeyPins() Code {
	switch {
	case r.agent == nil || !r.agent.pinned:
		return 0
	case !r.bound:
		return CodeAgentKeyUnbound
	case !r.agent.hasKey(&r.binding):
		return CodeAgentKeyUnpinned
	}
	return 0
}

// checkIntentPresent is check 801.
func (r *run) checkIntentPresent() Code {
	switch {
	case r.route.level < LevelAJWT:
		return 0
	case !r.intent.present:
		return CodeDelegationIntentMissing
	case r.intent.workflow == nil:
		return CodeDelegationWorkflowMissing
	}
	return 0
}

// checkWorkflow is check 802: the bundle has the workflow, by its id or by an alias that
// it has for an audience of the token that is ours. From here on the decision speaks of
// the real ids.
func (r *run) checkWorkflow() Code {
	if r.bundle == nil || r.intent.workflow == nil {
		return 0
	}
	b := r.bundle
	if i, known := b.workflowAt[string(r.intent.workflow)]; known {
		r.workflowAt, r.workflow = i, &b.workflows[i]
		return 0
	}
	if !r.resolveAlias() {
		return CodeDelegationWorkflowUnknown
	}
	return 0
}

// resolveAlias finds the workflow that the token names by an alias. Where two audiences
// give the token's words two meanings, it has none: the order of the policy's audiences
// must not decide.
func (r *run) resolveAlias() bool {
	b, step := r.bundle, noStep
	if len(b.aliases) == 0 {
		return false
	}
	for _, audience := range r.issuer.audiences {
		if !r.hasAudience(audience) {
			continue
		}
		key := append(append(r.s.hash[:0], audience...), 0)
		r.s.hash = append(key, r.intent.workflow...)
		a, known := b.aliases[string(r.s.hash)]
		if !known {
			continue
		}
		at, knownStep := a.steps[string(r.intent.step)]
		if !knownStep {
			at = noStep
		}
		if r.workflow != nil && (a.workflow != r.workflowAt || at != step) {
			r.workflow, r.alias = nil, nil
			return false
		}
		r.workflowAt, r.workflow, r.alias, step = a.workflow, &b.workflows[a.workflow], a.steps, at
	}
	if r.workflow != nil {
		r.intent.workflow = bytesOf(r.workflow.id)
	}
	return r.workflow != nil
}

// hasAudience tells whether the token names the audience.
func (r *run) hasAudience(audience string) bool {
	if r.claims.aud.Is(audience) {
		return true
	}
	for e := r.claims.aud.First(); e.Exists(); e = e.Next() {
		if e.Is(audience) {
			return true
		}
	}
	return false
}

// checkStepKnown is check 901.
func (r *run) checkStepKnown() Code {
	if r.workflow == nil {
		return 0
	}
	at, known := int32(0), false
	if r.alias != nil {
		at, known = r.alias[string(r.intent.step)]
	} else {
		key := append(append(r.s.hash[:0], r.intent.workflow...), '/')
		r.s.hash = append(key, r.intent.step...)
		at, known = r.bundle.stepAt[string(r.s.hash)]
	}
	if !known {
		return CodeWorkflowStepUnknown
	}
	s := &r.bundle.steps[at]
	if s.approvalGate && s.agent == anyAgent {
		return CodeWorkflowStepGate
	}
	r.stepAt, r.step = at, s
	r.intent.step = bytesOf(s.id)
	return 0
}

// checkStepAgent is check 902. A step without an agent is for any that a chain reaches:
// check 804 has found the chain, except where hashes cannot be compared.
func (r *run) checkStepAgent() Code {
	if r.step == nil || r.agent == nil || r.step.agent == r.agentAt {
		return 0
	}
	if r.step.agent != anyAgent {
		return CodeWorkflowStepAgentMismatch
	}
	if _, reached := r.bundle.reached[pair{r.workflowAt, r.agentAt}]; !reached && !r.issuer.profile.hashesCheckable() {
		return CodeWorkflowStepAgentMismatch
	}
	return 0
}

// checkSequenceKnown is check 904.
func (r *run) checkSequenceKnown() Code {
	if r.step == nil || !r.intent.hasSequence || !r.issuer.profile.hashesCheckable() {
		return 0
	}
	if !r.bundle.allowsSequence(r.stepAt, &r.intent.sequence) {
		return CodeWorkflowSequenceUnknown
	}
	return 0
}

// checkStepScopes is check 905: the token's scope is a subset of the step's.
func (r *run) checkStepScopes() Code {
	if r.step == nil {
		return 0
	}
	scope := r.claims.scopeText
	for _, s := range r.mem.scopes {
		if !contains(r.step.scopes, string(scope[s.from:s.to])) {
			return CodeWorkflowStepScopeExceeded
		}
	}
	return 0
}

// checkStepContext is check 906: execution_context has the members that the step needs.
func (r *run) checkStepContext() Code {
	if r.step == nil {
		return 0
	}
	for _, name := range r.step.context {
		if !r.intent.executionCtx.Member(name).Exists() {
			return CodeWorkflowStepContextMissing
		}
	}
	return 0
}
