//go:build ajwt_faults

package ajwt

import "slices"

// Faults of reading bundles and lists, of compiling workflows, and of the agent stage.

// forgivenLoads are the codes that a faulty build does not refuse a document for.
var forgivenLoads = map[string][]Code{
	"bundle-typ-ignored":             {CodeBundleTypInvalid},
	"bundle-header-forbidden-taken":  {CodeBundleHeaderForbidden},
	"bundle-signature-unverified":    {CodeBundleSignatureInvalid},
	"bundle-issuer-ignored":          {CodeBundleIssuerMismatch},
	"bundle-iat-future-taken":        {CodeBundleIatFuture},
	"bundle-expired-taken":           {CodeBundleExpired},
	"bundle-version-rollback":        {CodeBundleVersionOld},
	"bundle-version-reused":          {CodeBundleVersionConflict},
	"bundle-unknown-members-ignored": {CodeBundleMemberUnknown},
	"bundle-missing-members-taken":   {CodeBundleMemberMissing},
	"bundle-duplicates-taken":        {CodeBundleIDDuplicate},
	"bundle-key-malformed-skipped":   {CodeBundleKeyInvalid},
	"bundle-step-unreachable-taken":  {CodeBundleStepUnreachable},
	"bundle-gate-missing-taken":      {CodeBundleGateMissing},
	"bundle-collision-taken":         {CodeBundleHashCollision},
	"bundle-limit-silent":            {CodeBundleLimitExceeded},
	"bundle-after-unknown-ignored":   {CodeBundleStepUnknown},
	"bundle-values-unchecked":        {CodeBundleMemberValue},
	"list-typ-ignored":               {CodeRevocationsTypInvalid},
	"list-header-forbidden-taken":    {CodeRevocationsHeaderForbidden},
	"list-signature-unverified":      {CodeRevocationsSignatureInvalid},
	"list-issuer-ignored":            {CodeRevocationsIssuerMismatch},
	"list-iat-future-taken":          {CodeRevocationsIatFuture},
	"list-sequence-rollback":         {CodeRevocationsSequenceOld},
	"list-sequence-reused":           {CodeRevocationsSequenceConflict},
	"list-unknown-members-ignored":   {CodeRevocationsMemberUnknown},
	"list-missing-members-taken":     {CodeRevocationsMemberMissing},
	"list-duplicates-taken":          {CodeRevocationsIDDuplicate},
	"list-values-unchecked":          {CodeRevocationsMemberValue},
}

func laxLoad(code Code) bool { return slices.Contains(forgivenLoads[activeFault], code) }

var bundleFaults = []SeededFault{
	{"bundle-typ-ignored", "a bundle's typ is not compared", nil},
	{"bundle-header-forbidden-taken", "a bundle's header may have crit, b64, zip or a key", nil},
	{"bundle-signature-unverified", "a bundle's signature is not verified", nil},
	{"bundle-issuer-ignored", "a bundle may be another issuer's", nil},
	{"bundle-iat-future-taken", "a bundle from the future is taken", nil},
	{"bundle-expired-taken", "an expired bundle is taken", nil},
	{"bundle-version-rollback", "an older bundle replaces a newer one", nil},
	{"bundle-version-reused", "a version may come back with other content", nil},
	{"bundle-unknown-members-ignored", "members that are not known are passed over in bundles", nil},
	{"bundle-missing-members-taken", "mandatory members of bundles may be absent", nil},
	{"bundle-duplicates-taken", "entries of bundles may stand twice", nil},
	{"bundle-key-malformed-skipped", "a malformed key of an agent is passed over", nil},
	{"bundle-step-unreachable-taken", "a step may belong to an agent that no chain reaches", nil},
	{"bundle-gate-missing-taken", "a step may require approval without a gate before it", nil},
	{"bundle-collision-taken", "two known chains or sequences may have one short hash", nil},
	{"bundle-limit-silent", "beyond a limit the rest of a bundle is left out", nil},
	{"bundle-after-unknown-ignored", "a prerequisite, or an alias, of a step that does not exist is passed over", nil},
	{"bundle-values-unchecked", "members of bundles may have any value", nil},
	{"list-typ-ignored", "a revocation list's typ is not compared", nil},
	{"list-header-forbidden-taken", "a revocation list's header may have crit, b64, zip or a key", nil},
	{"list-signature-unverified", "a revocation list's signature is not verified", nil},
	{"list-issuer-ignored", "a revocation list may be another issuer's", nil},
	{"list-iat-future-taken", "a revocation list from the future is taken", nil},
	{"list-sequence-rollback", "an older revocation list replaces a newer one", nil},
	{"list-sequence-reused", "a sequence number may come back with other content", nil},
	{"list-unknown-members-ignored", "members that are not known are passed over in revocation lists", nil},
	{"list-missing-members-taken", "mandatory members of revocation lists may be absent", nil},
	{"list-duplicates-taken", "entries of revocation lists may stand twice", nil},
	{"list-values-unchecked", "members of revocation lists may have any value", nil},

	{"steps-required-ignored", "required steps may be missing", nil},
	{"steps-all-required", "optional steps may not be missing", nil},
	{"steps-approval-ignored", "approval is never required", nil},
	{"steps-first-gates-enough", "of several gates in a row the first will do", nil},
	{"steps-all-gates-needed", "of several gates in a row all are needed", nil},
	{"steps-direct-only", "prerequisites of prerequisites do not count", nil},
	{"steps-parallel-mixed", "steps that do not lead to a step may stand in its sequence", nil},
	{"chain-depth-ignored", "a chain may be as long as the graph", nil},
	{"chain-depth-one-less", "a chain of max_depth delegations is too long", nil},
	{"chain-origin-any", "a chain may begin with every delegator", nil},
	{"chain-ends-at-first", "a chain reaches the direct delegates of an origin alone", nil},

	{"bundle-missing-passes", "without a bundle every route is of level jwt", forgive(703, CodeAgentBundleMissing)},
	{"bundle-expired-passes", "with an expired bundle every route is of level jwt", forgive(703, CodeAgentBundleExpired)},
	{"bundle-exp-skewed", "a bundle lives on for the skew", at(703, func(r *run, sound func(*run) Code) Code {
		now := r.now
		r.now -= r.issuer.skew
		defer func() { r.now = now }()
		return sound(r)
	})},
	{"list-missing-passes", "a required list may be missing", forgive(704, CodeAgentRevocationsMissing)},
	{"list-stale-passes", "a required list may be stale", forgive(704, CodeAgentRevocationsStale)},
	{"list-grace-ignored", "a list is stale from next_update on", issuerChanged(704, func(i *issuer) { i.revocation.grace = 0 })},
	{"list-always-required", "a list is required where the policy says that it is not", issuerChanged(704, func(i *issuer) { i.revocation.required = true })},
	{"list-warning-lost", "a decision without its list has no warning", at(704, func(r *run, sound func(*run) Code) Code {
		n := len(r.d.Warnings)
		code := sound(r)
		r.d.Warnings = r.d.Warnings[:n]
		return code
	})},
	{"agent-proof-optional", "a token needs no agent_proof", skip(705)},
	{"agent-unknown-passes", "an agent that the bundle does not list passes", skip(706)},
	{"registration-unknown-passes", "any registration will do", forgive(707, CodeAgentRegistrationUnknown)},
	{"registration-early-passes", "a registration counts before its time", forgive(707, CodeAgentRegistrationEarly)},
	{"registration-expired-passes", "a registration counts after its time", forgive(707, CodeAgentRegistrationExpired)},
	{"registration-end-inclusive", "a registration still counts at not_after", at(707, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code != CodeAgentRegistrationExpired {
			return code
		}
		r.now--
		defer func() { r.now++ }()
		return sound(r)
	})},
	{"registration-skewed", "the skew widens a registration's window", at(707, func(r *run, sound func(*run) Code) Code {
		now := r.now
		defer func() { r.now = now }()
		code := sound(r)
		for _, by := range []int64{r.issuer.skew, -r.issuer.skew} {
			if r.now = now + by; code != 0 {
				code = sound(r)
			}
		}
		return code
	})},
	{"registration-first-only", "only the first registration of an agent counts", at(707, func(r *run, sound func(*run) Code) Code {
		if r.agent == nil || len(r.agent.registrations) == 0 {
			return sound(r)
		}
		a, kept := *r.agent, r.agent
		a.registrations = a.registrations[:1]
		r.agent = &a
		code := sound(r)
		r.agent = kept
		return code
	})},
	{"checksum-unchecked", "the agent's checksum is not compared", skip(708)},
	{"checksum-of-any-registration", "the checksum of any registration of the agent will do", at(708, func(r *run, sound func(*run) Code) Code {
		if r.agent != nil {
			for i := range r.agent.registrations {
				if r.agent.registrations[i].checksum == r.agentProof.checksum {
					return 0
				}
			}
		}
		return sound(r)
	})},
	{"shim-unchecked", "a shim's checksum is not compared", forgive(709, CodeAgentShimUnknown)},
	{"shim-optional", "a shim's checksum may be missing", forgive(709, CodeAgentShimMissing)},
	{"key-unbound-passes", "a token without a key passes for an agent with pinned keys", forgive(710, CodeAgentKeyUnbound)},
	{"key-unpinned-passes", "any key passes for an agent with pinned keys", forgive(710, CodeAgentKeyUnpinned)},
	{"key-pins-empty-ignored", "an empty list of keys pins nothing", at(710, func(r *run, sound func(*run) Code) Code {
		if r.agent != nil && len(r.agent.keys) == 0 {
			return 0
		}
		return sound(r)
	})},
	{"key-pins-of-any-agent", "a key that is pinned for another agent will do", at(710, func(r *run, sound func(*run) Code) Code {
		if r.bound && r.bundle != nil && r.bundle.keys[r.binding] != nil {
			return 0
		}
		return sound(r)
	})},
	{"pins-need-agent-proof", "keys are pinned for tokens with agent_proof alone", at(710, func(r *run, sound func(*run) Code) Code {
		if !r.agentProof.present {
			return 0
		}
		return sound(r)
	})},
	{"status-revoked-passes", "an agent that the bundle revokes passes", forgive(711, CodeAgentStatusRevoked)},
	{"list-agent-passes", "an agent that the list names passes", forgive(711, CodeAgentIDRevoked)},
	{"list-registration-passes", "a registration that the list names passes", forgive(711, CodeAgentRegistrationRevoked)},
	{"list-token-passes", "a token that the list names passes", forgive(711, CodeAgentTokenRevoked)},
	{"list-key-passes", "a key that the list names passes", forgive(711, CodeAgentKeyRevoked)},
	{"revocation-observed", "a route may observe revocation", nil},
}

// laxSteps spoils the steps of a workflow before their sequences are found.
func laxSteps(steps []bundleStep) {
	for i := range steps {
		s := &steps[i]
		switch activeFault {
		case "steps-required-ignored":
			s.required = false
		case "steps-all-required":
			s.required = true
		case "steps-approval-ignored":
			s.needsApproval = false
		case "steps-direct-only":
			s.ancestors = s.after
		case "steps-all-gates-needed":
			s.required = s.required || s.approvalGate
		}
	}
	switch activeFault {
	case "steps-first-gates-enough":
		for i := len(steps) - 1; i >= 0; i-- {
			for j := range steps {
				if steps[i].approvalGate && steps[j].approvalGate && steps[i].ancestors.has(j) {
					steps[i].approvalGate = false
				}
			}
		}
	case "steps-parallel-mixed":
		for i := range steps {
			for j := range steps {
				if i != j && !steps[j].ancestors.has(i) && !steps[i].ancestors.has(j) && j < i {
					steps[i].ancestors.add(j)
				}
			}
		}
	}
}

// laxGraph spoils the delegation graph of a workflow.
func laxGraph(w *bundleWorkflow) {
	switch activeFault {
	case "chain-depth-ignored":
		w.maxDepth = maxDelegationDepth
	case "chain-depth-one-less":
		w.maxDepth--
	case "chain-ends-at-first":
		w.maxDepth = min(w.maxDepth, 1)
	case "chain-origin-any":
		for _, e := range w.edges {
			if !slices.Contains(w.origins, e.a) {
				w.origins = append(w.origins, e.a)
			}
		}
	}
}
