package ajwt

import "strings"

// proofMethod is a way to prove possession of a key, one bit each (proof.methods).
type proofMethod uint8

const (
	methodDPoP    proofMethod = 1 << iota // RFC 9449: dpop.go
	methodHTTPSig                         // RFC 9421: httpsig.go
	methodPatchet                         // the prototype's headers: patchet_proof.go
)

// methodNames are the names in the policy, in the order of the bits.
var methodNames = [...]string{"dpop", "httpsig", "patchet"}

// expect says whether the proof that was found must hold.
func (r *run) expect(proof bool) {
	r.proof.expected = proof
	if r.skips |= skipMethods; !proof {
		return
	}
	switch r.proof.method {
	case methodDPoP:
		r.skips &^= skipDPoP
	case methodHTTPSig:
		r.skips &^= skipHTTPSig
	case methodPatchet:
		r.skips &^= skipPatchet
	}
}

// findProof finds what proof the request carries: exactly one, by a method that is on and
// that the issuer's profile takes. A Signature-Input that cannot be read rejects beside
// any proof and without one, since it may have held one.
func (r *run) findProof() Code {
	var sent proofMethod
	if r.proofSent {
		sent = methodDPoP
	}
	if text, lines := r.joined(&r.s.httpsig.inputText, "signature-input"); lines > 0 {
		ours, code := r.readSignatureInput(text)
		if code != 0 {
			return code
		}
		if ours {
			sent |= methodHTTPSig
		}
	}
	if _, found, more := r.single("pop"); found || more {
		sent |= methodPatchet
	}
	r.proof.method = sent
	switch {
	case sent&(sent-1) != 0:
		return CodeProofMethodSeveral
	case sent&^r.policy.proof.methods != 0:
		return CodeProofMethodOff
	case sent != 0 && r.issuer.profile.prototypeProof() != (sent == methodPatchet):
		return CodeProofMethodProfile
	}
	return 0
}

// joined gives the value of a field as RFC 9421, section 2.1 has it: that of every line,
// in order, without white space around it, joined with a comma and a space. It copies
// only where there are several lines.
func (r *run) joined(buf *[]byte, lowerName string) (text []byte, lines int) {
	for i := range r.req.Headers {
		h := &r.req.Headers[i]
		if len(h.Name) != len(lowerName) || !equalFold(bytesOf(h.Name), lowerName) {
			continue
		}
		value := strings.Trim(h.Value, " \t")
		switch lines++; lines {
		case 1:
			text = bytesOf(value)
			continue
		case 2:
			*buf = append((*buf)[:0], text...)
		}
		*buf = append(append(*buf, ", "...), value...)
		text = *buf
	}
	return text, lines
}

// bodyState is what can be said about a request's body.
type bodyState uint8

const (
	bodyUnread bodyState = iota // there may be one, and the host did not hand it over
	bodyNone
	bodyThere
)

// body says whether there is a body. Where the host read none, the framing fields and,
// without any, the method decide: only methods whose content has no meaning are taken to
// come without (RFC 9110, sections 8.6 and 9.3). In doubt there is one, so that nothing
// passes below a signature that covers no content.
func (r *run) body() bodyState {
	switch {
	case len(r.req.Body) > 0:
		return bodyThere
	case r.req.Body != nil:
		return bodyNone
	}
	if _, coded, _ := r.single("transfer-encoding"); coded {
		return bodyUnread
	}
	length, found, _ := r.single("content-length")
	if found {
		if length == "0" {
			return bodyNone
		}
		return bodyUnread
	}
	switch r.req.Method {
	case "GET", "HEAD", "OPTIONS", "DELETE", "TRACE":
		return bodyNone
	}
	return bodyUnread
}

// within holds the time of a proof to the window: now - max_age - skew <= at <= now + skew.
func (r *run) within(at int64, expired, future Code) Code {
	r.proof.iat = at
	switch {
	case at < r.now-r.policy.proof.maxAge-r.issuer.skew:
		return expired
	case at > r.now+r.issuer.skew:
		return future
	}
	return 0
}

// boundKey is the key that the token binds: that of cnf.jwk, or the one with that
// thumbprint in the bundle in force; nil where neither has it.
func (r *run) boundKey() *Key {
	if r.claims.cnf.Member("jwk").Exists() {
		return &r.mem.cnfKey
	}
	return r.bundleKey(&r.binding)
}

// appendURL appends the request's URL with scheme and host in lower case and without the
// default port, path and query as received (RFC 9421, section 2.2.2).
func (r *run) appendURL(dst []byte) []byte {
	dst = append(append(dst, r.req.Scheme...), "://"...)
	return append(append(dst, r.s.authority...), r.req.Target...)
}

// holds states what the last check of the proof stage states where it passes.
func (r *run) holds() Code {
	r.proof.held = true
	r.d.KeyThumbprint = r.binding
	r.d.Level |= LevelPoP
	return 0
}
