//go:build ajwt_faults

package ajwt

// Faults of what the upstream is told, and of what is removed. The places that ask for them
// name them (laxHolds).

var forwardFaults = []SeededFault{
	{"forward-after-failure", "claims go on to the upstream whatever stage's failure was observed", nil},
	{"forward-unverified", "claims of agent, chain and workflow go on to the upstream at every level", nil},
	{"forward-used-key", "the key of a proof that was used before goes on to the upstream", nil},
	{"forward-when-rejected", "a rejection has header fields for the upstream", nil},
	{"forward-raw", "claims stand in header fields as they stand in the token", nil},
	{"forward-percent-plain", "a percent sign stands for itself in header fields for the upstream", nil},
	{"forward-reserved-name", "forward may set any header field, those that mean something to HTTP among them", nil},
	{"forward-name-unchecked", "forward may name a header field in any spelling", nil},
	{"strip-nothing", "what a client sends under the names of forward stays", nil},
	{"strip-case-sensitive", "a field of another letter case than in forward stays", nil},
	{"strip-underscore-kept", "a field with underscores for the hyphens of forward stays", nil},
}

// laxHolds waves through what the active fault does.
func laxHolds(fault string, sound bool) bool { return sound || fault == activeFault }
