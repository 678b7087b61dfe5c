package ajwt

import (
	"strings"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

const (
	defaultProofMaxAge = 60 // seconds
	longestProofMaxAge = 3600
	defaultNonceSlot   = 60 // seconds
)

// proofPolicy is the policy's member proof.
type proofPolicy struct {
	methods    proofMethod
	algorithms AlgorithmSet
	algs       string // the algorithms as a challenge of DPoP lists them, "" where it is off
	maxAge     int64
}

func (r *policyReader) proofDefaults() {
	p := &r.policy.proof
	p.methods = methodDPoP
	p.algorithms = AlgorithmSet(0).Add(AlgEd25519).Add(AlgES256)
	p.maxAge = defaultProofMaxAge
}

func (r *policyReader) proof(v strictjson.Value, at string) {
	p := &r.policy.proof
	r.object(v, at,
		member{"methods", false, func(v strictjson.Value, at string) {
			p.methods = 0
			r.list(v, at, func(e strictjson.Value, at string) {
				i := r.choice(e, at, methodNames[:]...)
				if i < 0 {
					return
				}
				if p.methods&(1<<i) != 0 {
					r.fault(CodePolicyIDDuplicate, at, "this entry stands twice")
				}
				p.methods |= 1 << i
			})
		}},
		member{"algorithms", false, func(v strictjson.Value, at string) { p.algorithms = r.algorithms(v, at) }},
		member{"max_age_seconds", false, func(v strictjson.Value, at string) {
			p.maxAge = r.integer(v, at, 1, longestProofMaxAge)
		}},
		member{"nonce", false, func(v strictjson.Value, at string) {
			r.policy.nonceSlot = defaultNonceSlot
			r.object(v, at, member{"slot_seconds", false, func(v strictjson.Value, at string) {
				r.policy.nonceSlot = r.integer(v, at, 1, longestProofMaxAge)
			}})
		}},
	)
	r.methodConflicts(at + "/methods")
}

// methodConflicts refuses methods by which no request could ever pass. That of the
// prototype needs no entry in proof.algorithms: it has no other algorithm than RS256.
func (r *policyReader) methodConflicts(at string) {
	p := &r.policy.proof
	if p.methods&methodHTTPSig != 0 && p.algorithms != 0 && p.algorithms&httpsigSet == 0 {
		r.fault(CodePolicyMemberConflict, at, "httpsig needs Ed25519, ES256 or ES384 in proof.algorithms")
	}
	var profiles profileSet
	faulty := false
	for i := range r.policy.issuers {
		profiles = profiles.with(r.policy.issuers[i].profile)
		faulty = faulty || r.policy.issuers[i].profile == profileFaulty
	}
	if p.methods&methodPatchet != 0 && !profiles.has(ProfilePatchet) && !faulty {
		r.fault(CodePolicyMemberConflict, at, "patchet is for issuers of profile patchet, and there is none")
	}
	if p.methods == methodPatchet && profiles.has(ProfileHardened) {
		r.fault(CodePolicyMemberConflict, at, "an issuer of profile hardened needs a proof by dpop or httpsig")
	}
}

// proofChallenge settles what a challenge says about proofs. Those by other methods than
// DPoP come under the scheme Bearer, so that a policy that takes them takes that scheme.
func (r *policyReader) proofChallenge() {
	p := &r.policy.proof
	if p.methods&methodDPoP != 0 {
		p.algs = strings.Join(p.algorithms.Names(), " ")
	}
	r.policy.bearer = r.policy.bearer || p.methods&^methodDPoP != 0
}
