//go:build !ajwt_faults

package ajwt

import "github.com/agentic-jwt/ajwt/core/strictjson"

// These are the places at which a build for the mutation test (tag ajwt_faults) makes
// mistakes on purpose, where no check of the list can be replaced. In every other build
// each gives back what it is given, and the compiler leaves nothing of it.

// remembersTexts is whether texts are taken apart once: faults want every text anew.
const remembersTexts = true

// laxJSON is the text that is parsed in place of text.
func laxJSON(text []byte) []byte { return text }

// laxSet is the key set, and its limits, in place of the given ones.
func laxSet(data []byte, limits KeySetLimits) ([]byte, KeySetLimits) { return data, limits }

// laxKey is the JWK that is read in place of v.
func laxKey(v strictjson.Value) strictjson.Value { return v }

// laxMaterial is the verdict about a key whose members were read.
func laxMaterial(_ *Key, _ strictjson.Value, _ keyKind, fault keyFault) keyFault { return fault }

// laxObserved is the answer to whether the route only observes a code.
func laxObserved(_ *run, _ Code, sound bool) bool { return sound }

// laxAnswer changes a finished decision.
func laxAnswer(*run) {}

// laxFaults is what a policy is refused for.
func laxFaults(faults []Fault) []Fault { return faults }

// laxJoined is what is hashed in place of joined ids.
func laxJoined(joined []byte) []byte { return joined }

// laxAgent is the agent document in place of the given one.
func laxAgent(agent []byte) []byte { return agent }

// laxCanonical is what a checksum is made of.
func laxCanonical(_ *agentDocument, _ Reading, sound []byte) []byte { return sound }

// laxHolds is whether a condition holds that a fault may wave through.
func laxHolds(_ string, sound bool) bool { return sound }

// laxLoad tells whether a document is not refused for a code.
func laxLoad(Code) bool { return false }

// laxSteps and laxGraph change a workflow before its sets are found.
func laxSteps([]bundleStep)    {}
func laxGraph(*bundleWorkflow) {}
