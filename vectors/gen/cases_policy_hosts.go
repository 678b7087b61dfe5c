package main

import "strings"

// The members of hosts that name a replay store over HTTP. Whether a host can use them is
// the host's to say.
func policyHosts(b *builder) {
	b.refs = []string{refRoutes}
	const at = "/hosts/proxywasm/replay"
	policy := strings.Replace(widePolicy, `"scope":"local"`, `"scope":"shared"`, 1)
	t := policyTwin(b, "store", "A policy with a replay store for the proxy's filter loads.",
		withMember(mark(policy, "hosts"), at, `{"uri":"http://replay.internal/v1/replay","cluster":"replay","timeout_ms":250}`))
	for _, m := range []string{"uri", "cluster"} {
		fails(b, t, m+"-missing", "The member "+at+"/"+m+" is mandatory.", "policy_member_missing", outOf(at+"/"+m), at+"/"+m)
		fails(b, t, m+"-number", "The member "+at+"/"+m+" is a number.", "policy_member_type", inText(at+"/"+m, "1"), at+"/"+m)
		fails(b, t, m+"-empty", "The member "+at+"/"+m+" is not the empty string.", "policy_member_value", inText(at+"/"+m, `""`), at+"/"+m)
	}
	loads(b, t, "without-timeout", "The member "+at+"/timeout_ms is optional.", outOf(at+"/timeout_ms"))
	loads(b, t, "timeout-least", "The least timeout is a millisecond.", inText(at+"/timeout_ms", "1"))
	loads(b, t, "timeout-greatest", "The greatest timeout is a minute.", inText(at+"/timeout_ms", "60000"))
	fails(b, t, "timeout-below", "A timeout of nothing is not admitted.", "policy_member_value", inText(at+"/timeout_ms", "0"), at+"/timeout_ms")
	fails(b, t, "timeout-above", "A timeout of more than a minute is not admitted.", "policy_member_value", inText(at+"/timeout_ms", "60001"), at+"/timeout_ms")
	fails(b, t, "timeout-text", "A timeout is a number.", "policy_member_type", inText(at+"/timeout_ms", `"250"`), at+"/timeout_ms")
	fails(b, t, "replay-text", "The store is an object.", "policy_member_type", inText(at, `"http://replay.internal/v1/replay"`), at)
	fails(b, t, "replay-unknown", "The secret of a store does not stand in a policy.", "policy_member_unknown", inText(at+"/secret", `"x"`), at+"/secret")
}
