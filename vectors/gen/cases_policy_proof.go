package main

// policyMethods: methods of proof by which no request could pass are refused.
func policyMethods(b *builder) {
	b.refs = []string{"profile, section 10.3"}
	t := policyTwin(b, "small", "A policy for one issuer loads.", mark(smallPolicy, "methods"))
	loads(b, t, "httpsig", "Message signatures alone may be on.", inText("/proof", `{"methods":["httpsig"]}`))
	loads(b, t, "three-algorithms", "Each algorithm of message signatures is enough.", inText("/proof", `{"methods":["httpsig"],"algorithms":["RS256","ES384"]}`))
	conflict := func(slug, title string, t twin, proof string) {
		fails(b, t, slug, title, "policy_member_conflict", inText("/proof", proof), "/proof/methods")
	}
	conflict("httpsig-algorithms", "Message signatures need one of their algorithms.", t, `{"methods":["dpop","httpsig"],"algorithms":["RS256","Ed448"]}`)
	conflict("patchet-without-issuer", "The prototype's method needs an issuer of its profile.", t, `{"methods":["dpop","patchet"]}`)
	usual := []string{"ES256"}
	two := policyTwin(b, "two-profiles", "Beside the prototype's issuer there is one of profile hardened, and DPoP is on.", provingBy(`"methods":["dpop","patchet"]`,
		policyDoc(anyProof, issuerText(issuerID, "hardened", usual, ""), issuerText(otherID, "patchet", usual, ""))))
	conflict("hardened-without-method", "The prototype's method alone cannot prove what hardened needs.", two, `{"methods":["patchet"]}`)
	fails(b, t, "twice", "A method stands twice.", "policy_id_duplicate", inText("/proof", `{"methods":["httpsig","dpop","httpsig"]}`), "/proof/methods/2")
	fails(b, t, "unknown", "A method is unknown.", "policy_member_value", inText("/proof", `{"methods":["mtls"]}`), "/proof/methods/0")
}
