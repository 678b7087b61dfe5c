package ajwt

import (
	"strings"

	"github.com/agentic-jwt/ajwt/core/ascii"
)

const maxMethodBytes = 32 // longer than any registered method

func (r *run) checkTargetLength() Code {
	if len(r.req.Target) > r.policy.limits.TargetBytes {
		return CodeInputTargetTooLong
	}
	return 0
}

func (r *run) checkHeaderCount() Code {
	if len(r.req.Headers) > r.policy.limits.HeaderPairs {
		return CodeInputHeaderCountExceeded
	}
	return 0
}

func (r *run) checkBodyLength() Code {
	if len(r.req.Body) > r.policy.limits.BodyBytes {
		return CodeInputBodyTooLong
	}
	return 0
}

func (r *run) checkMethod() Code {
	if len(r.req.Method) > maxMethodBytes || !isToken(r.req.Method) {
		return CodeInputMethodInvalid
	}
	return 0
}

func (r *run) checkRequestScheme() Code {
	if r.req.Scheme != "https" && r.req.Scheme != "http" {
		return CodeInputSchemeInvalid
	}
	return 0
}

func (r *run) checkAuthority() (code Code) {
	var ok bool
	if r.s.authority, ok = appendAuthority(r.s.authority[:0], bytesOf(r.req.Authority), r.req.Scheme); !ok {
		return CodeInputAuthorityInvalid
	}
	return 0
}

// checkFields is check 107: names are tokens, values hold no control character but
// a tab (RFC 9110, section 5.5). Bytes above 0x7f are legal in values.
func (r *run) checkFields() Code {
	for i := range r.req.Headers {
		h := &r.req.Headers[i]
		if !isToken(h.Name) {
			return CodeInputHeaderMalformed
		}
		for rest := bytesOf(h.Value); ; {
			n := ascii.Text(rest)
			if n == len(rest) {
				break
			}
			if rest[n] != '\t' {
				return CodeInputHeaderMalformed
			}
			rest = rest[n+1:]
		}
	}
	return 0
}

// single finds the one field of that name. more is true where there are several, or
// one whose value has a comma: hops join repeated fields with it.
func (r *run) single(lowerName string) (value string, found, more bool) {
	for i := range r.req.Headers {
		h := &r.req.Headers[i]
		if len(h.Name) != len(lowerName) || !equalFold(bytesOf(h.Name), lowerName) {
			continue
		}
		if found {
			return "", true, true
		}
		value, found = h.Value, true
	}
	return value, found, ascii.Index(bytesOf(value), ',') >= 0
}

func (r *run) checkAuthorizationCount() Code {
	value, found, more := r.single("authorization")
	switch {
	case !found:
		return CodeInputAuthorizationMissing
	case more:
		return CodeInputAuthorizationDuplicate
	}
	r.authorization = value
	return 0
}

// checkAuthorizationForm is check 109: a scheme, spaces, and one token of visible
// characters (RFC 9110, section 11.4). Schemes compare without regard to case.
func (r *run) checkAuthorizationForm() Code {
	scheme, rest, ok := strings.Cut(r.authorization, " ")
	if !isToken(scheme) {
		return CodeInputAuthorizationMalformed
	}
	switch {
	case equalFold(bytesOf(scheme), "bearer"):
	case equalFold(bytesOf(scheme), "dpop"):
		r.dpopScheme = true
	default:
		return CodeInputAuthorizationSchemeUnknown
	}
	for strings.HasPrefix(rest, " ") {
		rest = rest[1:]
	}
	if !ok || rest == "" {
		return CodeInputAuthorizationMalformed
	}
	if ascii.Visible(bytesOf(rest)) != len(rest) {
		return CodeInputAuthorizationMalformed
	}
	r.tokenText = rest
	return 0
}

func (r *run) checkTokenLength() Code {
	if len(r.tokenText) > r.policy.limits.TokenBytes {
		return CodeInputTokenTooLong
	}
	return 0
}

func (r *run) checkProofCount() Code {
	value, found, more := r.single("dpop")
	if more {
		return CodeInputProofDuplicate
	}
	r.proofText, r.proofSent = value, found
	return 0
}

func (r *run) checkProofLength() Code {
	if len(r.proofText) > r.policy.limits.ProofBytes {
		return CodeInputProofTooLong
	}
	return 0
}

// checkTarget is checks 113 and 114. Then the route is looked up; that none matches
// is told only to those who authenticate.
func (r *run) checkTarget() Code {
	switch r.s.path.parse(bytesOf(r.req.Target)) {
	case targetMalformed:
		return CodeInputTargetMalformed
	case targetAmbiguous:
		return CodeInputPathAmbiguous
	}
	q := routeQuery{path: &r.s.path, method: r.req.Method, scheme: r.req.Scheme, authority: r.s.authority}
	if r.routeAt = r.policy.findRoute(&q); r.routeAt >= 0 {
		r.route = &r.policy.routes[r.routeAt]
	}
	return 0
}
