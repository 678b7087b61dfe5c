//go:build ajwt_faults

package ajwt

import (
	"bytes"
	"strings"
)

var inputFaults = []SeededFault{
	{"clock-unchecked", "a time of the request that cannot be is taken", nil},
	{"skip-target-length", "a target of any length is read", skip(101)},
	{"skip-header-count", "any number of fields is read", skip(102)},
	{"skip-body-length", "a body of any length is read", skip(103)},
	{"skip-method-form", "any text is a method", skip(104)},
	{"skip-scheme-form", "any text is the request's scheme", skip(105)},
	{"skip-authority-form", "any text is the request's authority", at(106, func(r *run, sound func(*run) Code) Code {
		if sound(r) != 0 {
			r.s.authority = append(r.s.authority[:0], strings.ToLower(r.req.Authority)...)
		}
		return 0
	})},
	{"skip-field-form", "field names and values may hold anything", skip(107)},
	{"authorization-first-of-many", "of several Authorization fields the first counts", at(108, func(r *run, sound func(*run) Code) Code {
		if sound(r) == CodeInputAuthorizationDuplicate {
			r.authorization, _, _ = strings.Cut(r.fields("authorization")[0], ",")
			return 0
		}
		return sound(r)
	})},
	{"authorization-last-of-many", "of several Authorization fields the last counts", at(108, func(r *run, sound func(*run) Code) Code {
		if sound(r) == CodeInputAuthorizationDuplicate {
			all := strings.Split(strings.Join(r.fields("authorization"), ","), ",")
			r.authorization = strings.TrimSpace(all[len(all)-1])
			return 0
		}
		return sound(r)
	})},
	{"options-passes", "a request with the method OPTIONS needs no token", exempt(func(r *run) bool { return r.req.Method == "OPTIONS" })},
	{"token-from-query", "a token in the query counts where there is no Authorization field", elsewhere(func(r *run) string {
		_, token, _ := strings.Cut(r.req.Target, "access_token=")
		return token
	})},
	{"token-from-body", "a token in the body counts where there is no Authorization field", elsewhere(func(r *run) string {
		_, token, _ := strings.Cut(string(r.req.Body), "access_token=")
		return token
	})},
	{"token-from-cookie", "a token in a cookie counts where there is no Authorization field", elsewhere(func(r *run) string {
		_, token, _ := strings.Cut(strings.Join(r.fields("cookie"), ";"), "access_token=")
		return token
	})},
	{"authorization-trimmed", "white space around the value of Authorization is cut off", at(109, func(r *run, sound func(*run) Code) Code {
		r.authorization = strings.TrimSpace(r.authorization)
		return sound(r)
	})},
	{"host-from-forwarded", "X-Forwarded-Host says for which host the request is", forwarded(106, "x-forwarded-host", func(q *Request) *string { return &q.Authority })},
	{"scheme-from-forwarded", "X-Forwarded-Proto says what the request's scheme is", forwarded(105, "x-forwarded-proto", func(q *Request) *string { return &q.Scheme })},
	{"method-from-override", "X-HTTP-Method-Override says what the request's method is", forwarded(104, "x-http-method-override", func(q *Request) *string { return &q.Method })},
	{"target-from-original-url", "X-Original-URL says what the request's target is", forwarded(113, "x-original-url", func(q *Request) *string { return &q.Target })},
	{"field-case-sensitive", "field names compare with regard to case", at(108, func(r *run, sound func(*run) Code) Code {
		for _, h := range r.req.Headers {
			if h.Name != "authorization" && strings.EqualFold(h.Name, "authorization") {
				return CodeInputAuthorizationMissing
			}
		}
		return sound(r)
	})},
	{"scheme-optional", "a token may stand without a scheme", at(109, func(r *run, sound func(*run) Code) Code {
		if !strings.Contains(r.authorization, " ") {
			r.authorization = "Bearer " + r.authorization
		}
		return sound(r)
	})},
	{"scheme-any", "any authentication scheme is taken", at(109, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code != CodeInputAuthorizationSchemeUnknown {
			return code
		}
		scheme := "Bearer"
		if len(r.fields("dpop")) > 0 {
			scheme = "DPoP"
		}
		_, rest, _ := strings.Cut(r.authorization, " ")
		r.authorization = scheme + " " + rest
		return sound(r)
	})},
	{"scheme-case-sensitive", "authentication schemes compare with regard to case", at(109, func(r *run, sound func(*run) Code) Code {
		if scheme, _, _ := strings.Cut(r.authorization, " "); scheme != "Bearer" && scheme != "DPoP" {
			return CodeInputAuthorizationSchemeUnknown
		}
		return sound(r)
	})},
	{"skip-token-length", "a token of any length is read", skip(110)},
	{"proof-first-field-taken", "of several DPoP fields the first counts", at(111, func(r *run, sound func(*run) Code) Code {
		if sound(r) == CodeInputProofDuplicate {
			r.proofText, _, _ = strings.Cut(r.fields("dpop")[0], ",")
			r.proofSent = true
			return 0
		}
		return sound(r)
	})},
	{"skip-proof-length", "a proof of any length is read", skip(112)},
}

// exempt lets requests pass every check from the one for a token on.
func exempt(pass func(r *run) bool) change {
	return func(order []check) []check {
		for i := range order {
			if n := order[i].number; n >= 108 && n != 113 {
				at(n, func(r *run, sound func(*run) Code) Code {
					if pass(r) {
						return 0
					}
					return sound(r)
				})(order)
			}
		}
		return order
	}
}

// elsewhere takes a token from another place where Authorization is absent.
func elsewhere(find func(r *run) string) change {
	return at(108, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		token, _, _ := strings.Cut(find(r), "&")
		token, _, _ = strings.Cut(token, ";")
		if token == "" || code != CodeInputAuthorizationMissing {
			return code
		}
		r.authorization = "Bearer " + token
		return 0
	})
}

// forwarded takes a part of the request from a field that anyone can send.
func forwarded(number int, field string, part func(q *Request) *string) change {
	return at(number, func(r *run, sound func(*run) Code) Code {
		if values := r.fields(field); len(values) > 0 {
			changed := *r.req
			*part(&changed) = values[0]
			r.req = &changed
		}
		return sound(r)
	})
}

// fields returns the values of the fields of that name.
func (r *run) fields(name string) (values []string) {
	for _, h := range r.req.Headers {
		if strings.EqualFold(h.Name, name) {
			values = append(values, h.Value)
		}
	}
	return values
}

var targetFaults = []SeededFault{
	{"path-dot-segments-resolved", "dot segments are resolved instead of refused", at(113, func(r *run, sound func(*run) Code) Code {
		p, query, _ := strings.Cut(r.req.Target, "?")
		for _, dot := range []string{"%2e", "%2E"} {
			p = strings.ReplaceAll(p, dot, ".")
		}
		if p == "" || p[0] != '/' || !strings.Contains(p, "/.") {
			return sound(r)
		}
		return r.retarget(string(appendWithoutDots(nil, []byte(p)))+"?"+query, sound)
	})},
	{"path-empty-segments-merged", "slashes in a row count as one instead of being refused", at(113, func(r *run, sound func(*run) Code) Code {
		p, query, _ := strings.Cut(r.req.Target, "?")
		for strings.Contains(p, "//") {
			p = strings.ReplaceAll(p, "//", "/")
		}
		return r.retarget(p+"?"+query, sound)
	})},
	{"path-parameters-dropped", "what follows a semicolon in a segment is dropped", at(113, func(r *run, sound func(*run) Code) Code {
		p, query, _ := strings.Cut(r.req.Target, "?")
		segments := strings.Split(p, "/")
		for i := range segments {
			segments[i], _, _ = strings.Cut(segments[i], ";")
		}
		p = strings.Join(segments, "/")
		if p != "" && p[0] == '/' && strings.Contains(p, "/.") {
			p = string(appendWithoutDots(nil, []byte(p)))
		}
		return r.retarget(p+"?"+query, sound)
	})},
	{"path-escapes-ignored", "escaped slashes, backslashes and control characters are ordinary characters", at(113, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		p, _, _ := bytes.Cut([]byte(r.req.Target), []byte("?"))
		if code != CodeInputPathAmbiguous || bytes.ContainsAny(p, "\\") {
			return code
		}
		r.s.path.buf = appendNormalEscapes(nil, p)
		r.s.path.text, r.s.path.segments = r.s.path.buf, nil
		if !hostileEscape(r.s.path.text) || r.s.path.split() != targetOK {
			return code
		}
		r.lookRoute(r.policy)
		return 0
	})},
	{"path-backslash-is-slash", "a backslash is read as a slash", at(113, func(r *run, sound func(*run) Code) Code {
		p, query, _ := strings.Cut(r.req.Target, "?")
		p = strings.NewReplacer(`\`, "/", "%5C", "/", "%5c", "/").Replace(p)
		if strings.Contains(p, "/.") {
			p = string(appendWithoutDots(nil, []byte(p)))
		}
		return r.retarget(p+"?"+query, sound)
	})},
	{"path-raw-controls-accepted", "control characters in a target are ordinary characters", at(113, func(r *run, sound func(*run) Code) Code {
		clean := strings.Map(func(c rune) rune {
			if c < ' ' || c == 0x7f {
				return 'x'
			}
			return c
		}, r.req.Target)
		return r.retarget(clean, sound)
	})},
	{"target-characters-unchecked", "characters that no target may hold are ordinary ones", at(113, func(r *run, sound func(*run) Code) Code {
		p, _, _ := strings.Cut(r.req.Target, "?")
		if sound(r) != CodeInputTargetMalformed || p == "" || p[0] != '/' {
			return sound(r)
		}
		b := []byte(p)
		for i, c := range b {
			if !isClass(c, charPath) {
				b[i] = 'x'
			}
		}
		return r.retarget(string(b), sound)
	})},
}

// retarget runs a check on a request with another target, which stays for the later ones.
func (r *run) retarget(target string, sound func(*run) Code) Code {
	changed := *r.req
	changed.Target = target
	r.req = &changed
	return sound(r)
}

// lookRoute looks the route up under a policy that may be spoilt.
func (r *run) lookRoute(p *Policy) {
	q := routeQuery{path: &r.s.path, method: r.req.Method, scheme: r.req.Scheme, authority: r.s.authority}
	r.route = nil
	if r.routeAt = p.findRoute(&q); r.routeAt >= 0 {
		r.route = &r.policy.routes[r.routeAt]
	}
}
