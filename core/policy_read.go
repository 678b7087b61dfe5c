package ajwt

import (
	"bytes"
	"crypto/sha256"
	"strconv"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// Depth and values of a policy: deep enough for every member of the schema, and a
// bound on the memory that reading a hostile file costs.
const (
	policyDepth  = 32
	policyValues = 4 << 20
)

// ParsePolicy reads a policy document (spec/profile.md, section 10). It names every
// fault at once: the error is a *LoadError whose faults stand in the order of the
// schema (limits, issuers, proof, replay, hosts, forward, crypto, routes).
func ParsePolicy(data []byte) (*Policy, error) {
	if len(data) > maxPolicyBytes {
		return nil, loadError(CodePolicyTooLarge, "", "want at most "+strconv.Itoa(maxPolicyBytes)+" bytes")
	}
	data = laxJSON(data)
	var doc strictjson.Document
	if err := doc.Parse(data, strictjson.Limits{Depth: policyDepth, Values: policyValues}); err != nil {
		return nil, policyJSONError(err.(strictjson.Error))
	}
	r := &policyReader{docReader: docReader{codes: &policyCodes}, policy: &Policy{limits: defaultLimits()}}
	r.document(doc.Root())
	if len(r.faults) == 0 && len(data) > r.policy.limits.PolicyBytes {
		r.fault(CodePolicyTooLarge, "", "want at most "+strconv.Itoa(r.policy.limits.PolicyBytes)+" bytes")
	}
	if len(r.faults) > 0 {
		return nil, &LoadError{r.faults}
	}
	r.policy.digest = policyDigest(data, doc.Root().Member("hosts"))
	r.policy.valid = true
	return r.policy, nil
}

func policyJSONError(err strictjson.Error) *LoadError {
	code := CodePolicyJSONSyntax
	switch err.Fault {
	case strictjson.FaultEncoding:
		code = CodePolicyJSONEncoding
	case strictjson.FaultDuplicate:
		code = CodePolicyJSONDuplicateMember
	case strictjson.FaultDepth:
		code = CodePolicyJSONTooDeep
	case strictjson.FaultMembers:
		code = CodePolicyTooLarge
	}
	return loadError(code, "", err.Error())
}

// policyDigest hashes data without the value of the member hosts.
func policyDigest(data []byte, hosts strictjson.Value) [sha256.Size]byte {
	at := hosts.Offset()
	if at < 0 {
		return sum256(data)
	}
	return sum256(append(bytes.Clone(data[:at]), data[at+len(hosts.Raw()):]...))
}

// policyReader walks a policy and collects its faults.
type policyReader struct {
	docReader
	coldStartSet bool
	policy       *Policy
}

var policyCodes = memberCodes{CodePolicyMemberMissing, CodePolicyMemberUnknown, CodePolicyMemberType,
	CodePolicyMemberValue, CodePolicyIDDuplicate}

// algorithms reads a list of algorithms by their full names.
func (r *policyReader) algorithms(v strictjson.Value, pointer string) (set AlgorithmSet) {
	want := "an algorithm named in full: Ed25519, Ed448, ES256, ES384, RS256, PS256, ML-DSA-44"
	names := r.texts(v, pointer, 32, want, func(s string) bool { _, ok := ParseAlgorithm(s); return ok })
	for _, name := range names {
		a, _ := ParseAlgorithm(name)
		set = set.Add(a)
	}
	return set
}

func (r *policyReader) unsupported(_ strictjson.Value, pointer string) {
	r.fault(CodePolicyFeatureUnsupported, pointer, "this version cannot enforce it; remove the member")
}

// document reads the outer object. Limits come first, since they bound the rest, and
// routes last, since they refer to issuers.
func (r *policyReader) document(root strictjson.Value) {
	r.proofDefaults()
	r.object(root, "",
		member{"limits", false, r.limits},
		member{"issuers", true, r.issuers},
		member{"proof", false, r.proof},
		member{"replay", false, r.replay},
		member{"hosts", false, r.hosts},
		member{"forward", false, r.forward},
		member{"crypto", false, r.crypto},
		member{"routes", true, r.routes},
	)
	r.replayDefaults()
	if r.faults = laxFaults(r.faults); len(r.faults) == 0 {
		r.policy.buildIndex()
	}
}
