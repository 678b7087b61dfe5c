//go:build !ajwt_faults

package ajwt

import "github.com/agentic-jwt/ajwt/core/strictjson"

// These are the places at which a build for the mutation test (tag ajwt_faults) makes
// mistakes on purpose. In every other build each is the constant answer that stands
// here, and the compiler removes it together with what it guards.

// injected tells whether a named fault is switched on.
func injected(string) bool { return false }

// laxJSON is the text that is parsed in place of text.
func laxJSON(text []byte) []byte { return text }

// laxSet is the key set, and its limits, in place of the given ones.
func laxSet(data []byte, limits KeySetLimits) ([]byte, KeySetLimits) { return data, limits }

// laxKey is the JWK that is read in place of v.
func laxKey(v strictjson.Value) strictjson.Value { return v }

// laxMaterial is the verdict about a key whose members were read.
func laxMaterial(_ *Key, _ strictjson.Value, _ keyKind, fault keyFault) keyFault { return fault }
