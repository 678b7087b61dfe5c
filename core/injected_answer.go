//go:build ajwt_faults

package ajwt

import (
	"slices"
	"strings"
)

// Faults of what the answer and the record say, and of loading a policy.

var answerFaults = []SeededFault{
	{"challenge-missing", "a rejection carries no challenge", nil},
	{"challenge-dpop-alone", "the challenge names the DPoP scheme alone", nil},
	{"challenge-error-with-dpop", "the error stands in DPoP's challenge whatever scheme was used", nil},
	{"challenge-scope-missing", "the challenge does not name the scope", nil},
	{"challenge-algs-missing", "the challenge does not name the algorithms of proofs", nil},
	{"nonce-not-sent", "the answer brings no nonce", nil},
	{"nonce-error-generic", "a nonce that is missing or old is a bad proof like any other", nil},
	{"status-always-401", "every rejection has the status 401", nil},
	{"status-503-as-403", "what is the verifier's own fault has the status 403", nil},
	{"level-without-proof", "a proof does not raise the level", nil},
	{"level-proof-always", "the level says that there was a proof where there was none", nil},
	{"level-of-claims", "a token with a workflow has the level ajwt, verified or not", nil},
	{"record-warnings-dropped", "the record has the first rejection alone", nil},
	{"record-observed-as-accept", "an observed rejection is recorded as accepted", nil},
	{"record-thumbprint-dropped", "the record lacks the key", nil},
	{"record-chain-dropped", "the record lacks the chain", nil},
	{"record-route-dropped", "the record lacks the route", nil},

	{"policy-unknown-ignored", "members of a policy that are unknown, or misspelt, are ignored", nil},
	{"policy-types-ignored", "members of a policy that have the wrong type are ignored", nil},
	{"policy-values-ignored", "members of a policy that have an impossible value are ignored", nil},
	{"policy-missing-ignored", "mandatory members of a policy may be absent", nil},
	{"policy-conflicts-ignored", "members of a policy may contradict each other", nil},
	{"policy-duplicates-ignored", "ids of a policy may stand twice", nil},
	{"policy-unsupported-ignored", "what this version cannot enforce is ignored in a policy", nil},
	{"policy-limits-ignored", "a policy may have more entries than its limits say", nil},
	{"policy-keys-ignored", "a key set in a policy that is refused is one without keys", nil},
	{"policy-first-fault-alone", "of the faults of a policy only the first is named", nil},
}

// laxAnswer spoils a finished decision.
func laxAnswer(r *run) {
	d := &r.d
	bearer, dpop, both := strings.Cut(d.Challenge, ", DPoP")
	switch activeFault {
	case "challenge-missing":
		d.Challenge = ""
	case "challenge-dpop-alone":
		if both {
			d.Challenge = "DPoP" + dpop
		}
	case "challenge-error-with-dpop":
		if params, found := strings.CutPrefix(bearer, "Bearer error="); both && found {
			d.Challenge = "Bearer, DPoP error=" + params + "," + dpop
		}
	case "challenge-scope-missing":
		if before, after, found := strings.Cut(d.Challenge, `, scope="`); found {
			_, after, _ = strings.Cut(after, `"`)
			d.Challenge = before + after
		}
	case "challenge-algs-missing":
		d.Challenge, _, _ = strings.Cut(d.Challenge, ` algs=`)
	case "nonce-not-sent":
		d.Nonce = ""
	case "nonce-error-generic":
		d.Challenge = strings.Replace(d.Challenge, "use_dpop_nonce", "invalid_dpop_proof", 1)
	case "status-always-401":
		if d.Status != 0 {
			d.Status = 401
		}
	case "status-503-as-403":
		if d.Status == 503 {
			d.Status = 403
		}
	case "level-without-proof":
		d.Level &^= LevelPoP
	case "level-proof-always":
		if d.Level != LevelNone {
			d.Level |= LevelPoP
		}
	case "level-of-claims":
		if d.Level != LevelNone && d.Workflow != "" {
			d.Level |= LevelAJWT
		}
	case "record-warnings-dropped":
		d.Warnings = nil
	case "record-observed-as-accept":
		if d.Observed {
			d.Verdict, d.Observed, d.Code, d.Warnings = Accept, false, 0, nil
		}
	case "record-thumbprint-dropped":
		d.KeyThumbprint = [32]byte{}
	case "record-chain-dropped":
		d.ChainHash = ""
	case "record-route-dropped":
		d.Route = ""
	}
	laxAct(r)
}

// forgiven are the codes that a faulty reader of policies passes over.
var forgiven = map[string][]Code{
	"policy-unknown-ignored":     {CodePolicyMemberUnknown},
	"policy-types-ignored":       {CodePolicyMemberType},
	"policy-values-ignored":      {CodePolicyMemberValue},
	"policy-missing-ignored":     {CodePolicyMemberMissing},
	"policy-conflicts-ignored":   {CodePolicyMemberConflict},
	"policy-duplicates-ignored":  {CodePolicyIDDuplicate},
	"policy-unsupported-ignored": {CodePolicyFeatureUnsupported},
	"policy-limits-ignored":      {CodePolicyLimitExceeded},
	"policy-keys-ignored":        {CodeKeysPrivateMember, CodeKeysKidMissing, CodeKeysKidDuplicate, CodeKeysNotSet, CodeKeysTooMany},
}

// laxFaults is what a policy is refused for.
func laxFaults(faults []Fault) []Fault {
	if activeFault == "policy-first-fault-alone" && len(faults) > 1 {
		return faults[:1]
	}
	return slices.DeleteFunc(faults, func(f Fault) bool { return slices.Contains(forgiven[activeFault], f.Code) })
}
