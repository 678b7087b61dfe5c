package ajwt

// NeedsBody tells whether a decision about the request reads its body, as far as that can
// be seen from the header: the route looks for a tool in it, or the request carries a
// proof that may cover it. A host that holds a request until its body is there asks
// first; req.Body is not looked at. It is false for what is refused without the body.
func (v *Verifier) NeedsBody(req *Request) (needs bool) {
	if v == nil || !v.ready || req == nil || !v.readsBodies {
		return false
	}
	r := v.begin(req)
	defer func() {
		if recover() != nil {
			needs = true // Verify will have the same fault, and reject
			return
		}
		r.end()
	}()
	for i := range checks {
		if checks[i].stage != StageInput {
			break
		}
		if checks[i].of(r) != 0 {
			return false
		}
	}
	methods := v.policy.proof.methods
	if methods&methodHTTPSig != 0 {
		if _, lines := r.joined(&r.s.httpsig.inputText, "signature-input"); lines > 0 {
			return true
		}
	}
	if methods&methodPatchet != 0 {
		if _, found, more := r.single("pop"); found || more {
			return true
		}
	}
	return r.route != nil && r.route.tool.methods != nil
}

// readsBodies tells whether any request under the policy can need its body.
func (p *Policy) readsBodies() bool {
	if p.proof.methods&(methodHTTPSig|methodPatchet) != 0 {
		return true
	}
	for i := range p.routes {
		if p.routes[i].tool.methods != nil {
			return true
		}
	}
	return false
}
