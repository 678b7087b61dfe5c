//go:build ajwt_faults

package ajwt

import (
	"bytes"
	"slices"
	"strings"
)

// Faults of finding a route, and of checks 701 to 911.

var routeFaults = []SeededFault{
	{"route-method-ignored", "a route's methods are not compared", routesChanged(func(rt *route) { rt.methods = nil })},
	{"route-method-case-insensitive", "methods of a route compare without regard to case", at(113, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if kept := r.req.Method; code == 0 && r.route == nil || code == 0 && kept != strings.ToUpper(kept) {
			changed := *r.req
			changed.Method = strings.ToUpper(kept)
			whole := r.req
			r.req = &changed
			r.lookRoute(r.policy)
			r.req = whole
		}
		return code
	})},
	{"route-head-is-get", "a route that takes GET takes HEAD too", routesChanged(func(rt *route) {
		if contains(rt.methods, "GET") {
			rt.methods = append(slices.Clone(rt.methods), "HEAD")
		}
	})},
	{"route-host-ignored", "a route's host is not compared", routesChanged(func(rt *route) { rt.hostHTTP, rt.hostHTTPS = "", "" })},
	{"route-host-suffix", "a route takes the subdomains of its host", at(113, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == 0 && r.route == nil {
			for i := range r.policy.routes {
				if rt := &r.policy.routes[i]; rt.hostHTTPS != "" && bytes.HasSuffix(r.s.authority, []byte("."+rt.hostHTTPS)) ||
					rt.hostHTTPS != "" && strings.HasSuffix(rt.hostHTTPS, "."+string(r.s.authority)) {
					r.route, r.routeAt = rt, i
				}
			}
		}
		return code
	})},
	{"route-last-wins", "of the routes that match the last counts", at(113, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		for code == 0 && r.route != nil {
			last, at := r.route, r.routeAt
			p := *r.policy
			p.routes = slices.Clone(p.routes)
			for i := 0; i <= at; i++ {
				p.routes[i].methods = []string{"\x00"}
			}
			if r.lookRoute(&p); r.route == nil {
				r.route, r.routeAt = last, at
				break
			}
		}
		return code
	})},
	{"route-path-case-insensitive", "paths of routes compare without regard to case", pathLike(strings.ToLower)},
	{"route-trailing-slash", "a trailing slash is ignored when a route is looked up", pathLike(func(p string) string {
		if len(p) > 1 {
			p = strings.TrimSuffix(p, "/")
		}
		return p
	})},
	{"route-escapes-decoded", "escapes of reserved characters are decoded when a route is looked up", pathLike(func(p string) string {
		return string(appendDecoded(nil, []byte(p)))
	})},
	{"route-prefix", "a route takes every path that begins with its own", at(113, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code != 0 || r.route != nil {
			return code
		}
		whole := r.s.path.segments
		for n := len(whole); n > 0 && r.route == nil; n-- {
			r.s.path.segments = whole[:n]
			r.lookRoute(r.policy)
		}
		r.s.path.segments = whole
		return code
	})},
	{"route-query-counts", "the query is part of the path that a route is looked up with", at(113, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if strings.Contains(r.req.Target, "?") {
			r.route, r.routeAt = nil, -1
		}
		return code
	})},

	{"unmatched-accepted", "a request that no route matches needs nothing further", at(701, func(r *run, _ func(*run) Code) Code {
		if r.route == nil {
			r.route = &route{level: LevelJWT}
		}
		return 0
	})},
	{"unmatched-before-proof", "that no route matches is told before the proof is looked at", moved(701, 601)},
	{"unmatched-first-route", "a request that no route matches is taken for the first route", at(113, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == 0 && r.route == nil {
			r.route, r.routeAt = &r.policy.routes[0], 0
		}
		return code
	})},
	{"admission-ignored", "a route takes any issuer", skip(702)},
	{"bundle-missing-accepted", "a route above level jwt passes without a bundle", skip(703)},
	{"scope-before-proof", "what a route asks for is told before the token is verified", all(earlier(703, 401), earlier(907, 401), earlier(909, 401))},
	{"scope-unchecked", "the route's scopes are not asked for", skip(907)},
	{"scope-any", "one of the route's scopes is enough", at(907, func(r *run, sound func(*run) Code) Code {
		for _, s := range r.route.scopes {
			if hasScope(r.claims.scope.Bytes(), s) {
				return 0
			}
		}
		return sound(r)
	})},
	{"scope-substring", "a scope that holds the route's, or that the route's holds, is taken", at(907, func(r *run, sound func(*run) Code) Code {
		for _, s := range r.route.scopes {
			if !slices.ContainsFunc(strings.Fields(string(r.claims.scope.Bytes())), func(have string) bool {
				return strings.Contains(have, s) || strings.Contains(s, have)
			}) {
				return sound(r)
			}
		}
		return 0
	})},
	{"scope-wildcard", "a star in a token's scope stands for anything", at(907, func(r *run, sound func(*run) Code) Code {
		for _, s := range r.route.scopes {
			if !slices.ContainsFunc(strings.Fields(string(r.claims.scope.Bytes())), func(have string) bool {
				before, star := strings.CutSuffix(have, "*")
				return have == s || star && strings.HasPrefix(s, before)
			}) {
				return sound(r)
			}
		}
		return 0
	})},
	{"scope-case-fold", "scopes compare without regard to case", at(907, func(r *run, sound func(*run) Code) Code {
		for _, s := range r.route.scopes {
			if !slices.ContainsFunc(strings.Fields(string(r.claims.scope.Bytes())), func(have string) bool { return strings.EqualFold(have, s) }) {
				return sound(r)
			}
		}
		return 0
	})},
	{"steps-unchecked", "the route's steps are not compared", skip(908)},
	{"step-workflow-ignored", "of a step only its name is compared, not its workflow", at(908, func(r *run, sound func(*run) Code) Code {
		for _, s := range r.route.steps {
			if s.step == string(r.intent.step) {
				return 0
			}
		}
		return sound(r)
	})},
	{"step-of-workflow-ignored", "of a step only its workflow is compared", at(908, func(r *run, sound func(*run) Code) Code {
		for _, s := range r.route.steps {
			if s.workflow == string(r.intent.workflow) {
				return 0
			}
		}
		return sound(r)
	})},
	{"absent-step-accepted", "a token without a step passes where a step is asked for", forgive(908, CodeWorkflowStepMissing)},
	{"agents-unchecked", "the route's agents are not compared", skip(909)},
	{"agent-prefix", "an agent passes whose id begins like one of the route's", at(909, func(r *run, sound func(*run) Code) Code {
		for _, a := range r.route.agents {
			if sub := string(r.claims.sub.Bytes()); strings.HasPrefix(a, sub) || strings.HasPrefix(sub, a) {
				return 0
			}
		}
		return sound(r)
	})},
	{"agent-case-fold", "agents compare without regard to case", at(909, func(r *run, sound func(*run) Code) Code {
		for _, a := range r.route.agents {
			if strings.EqualFold(a, string(r.claims.sub.Bytes())) {
				return 0
			}
		}
		return sound(r)
	})},
	{"bind-ignored", "bind is not compared", skip(911)},
	{"bind-first-only", "of the members of bind the first is compared", at(911, func(r *run, sound func(*run) Code) Code {
		if len(r.route.bind) < 2 {
			return sound(r)
		}
		kept, rt := r.route, *r.route
		rt.bind = rt.bind[:1]
		r.route = &rt
		code := sound(r)
		r.route = kept
		return code
	})},
	{"bind-any-member", "one member of bind that is right is enough", at(911, func(r *run, sound func(*run) Code) Code {
		kept := r.route
		defer func() { r.route = kept }()
		var code Code
		for i := range kept.bind {
			rt := *kept
			rt.bind = kept.bind[i : i+1]
			r.route = &rt
			if code = sound(r); code == 0 {
				return 0
			}
		}
		return code
	})},
	{"bind-absent-accepted", "an absent member of execution_context passes", forgive(911, CodeWorkflowContextMissing)},
	{"bind-undecoded", "bind compares the path's escapes as they stand", at(911, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code != CodeWorkflowContextMismatch {
			return code
		}
		for _, b := range r.route.bind {
			var value []byte
			for _, part := range b.parts {
				if value = append(value, part.literal...); part.segment >= 0 {
					value = append(value, r.s.path.segment(part.segment)...)
				}
			}
			if string(r.intent.executionCtx.Member(b.name).Bytes()) != string(value) {
				return code
			}
		}
		return 0
	})},
	{"bind-decoded-twice", "bind decodes the path's escapes twice", bindLike(func(have, want string) bool {
		return have == string(appendDecoded(nil, []byte(want)))
	})},
	{"bind-normalised", "bind compares after Unicode normalisation", bindLike(func(have, want string) bool {
		return strings.ReplaceAll(have, "e\u0301", "\u00e9") == want
	})},
	{"bind-prefix", "a context that the path's value begins with is taken", bindLike(func(have, want string) bool {
		return have != "" && strings.HasPrefix(want, have)
	})},
	{"bind-case-fold", "contexts compare without regard to case", bindLike(strings.EqualFold)},
	{"bind-encoding-replaced", "what is not UTF-8 in the path is no fault but a value that differs", instead(911, CodeWorkflowBindEncoding, CodeWorkflowContextMismatch)},
	{"observe-forever", "whatever may be observed always is", nil},
	{"observe-all-codes", "a route that observes, or none, observes every code of every stage", nil},
	{"observe-never", "observe has no effect", nil},
}

// bindLike compares contexts with a relation that is not equality.
func bindLike(same func(have, want string) bool) change {
	return at(911, func(r *run, sound func(*run) Code) Code {
		kept := r.route
		defer func() { r.route = kept }()
		for i := range kept.bind {
			rt := *kept
			rt.bind = kept.bind[i : i+1]
			r.route = &rt
			have := r.intent.executionCtx.Member(rt.bind[0].name).Bytes()
			if code := sound(r); code != 0 && !(code == CodeWorkflowContextMismatch && same(string(have), string(r.s.bind))) {
				return code
			}
		}
		return 0
	})
}

// laxObserved is the answer to whether the route only observes a code.
func laxObserved(r *run, code Code, sound bool) bool {
	switch activeFault {
	case "observe-forever":
		return r.route != nil && code.Observable()
	case "observe-all-codes":
		if code == CodeAgentRouteUnmatched && r.policy.routes[0].observed != 0 {
			r.route = &r.policy.routes[0]
			return true
		}
		return sound || r.route != nil && r.route.observed != 0 && code.Stage() >= StageClaim
	case "observe-never":
		return false
	case "revocation-observed":
		return sound || r.route != nil && r.route.observed.has(code.Stage()) && strings.Contains(code.String(), "revoked")
	}
	return sound
}

// moved puts a check before another one.
func moved(number, before int) change {
	return func(order []check) []check {
		i := place(order, number)
		c := order[i]
		order = slices.Delete(order, i, i+1)
		return slices.Insert(order, place(order, before), c)
	}
}

// routesChanged looks the route up among routes that spoil has changed.
func routesChanged(spoil func(rt *route)) change {
	return at(113, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == 0 {
			p := *r.policy
			p.routes = slices.Clone(p.routes)
			for i := range p.routes {
				spoil(&p.routes[i])
			}
			r.lookRoute(&p)
		}
		return code
	})
}

// pathLike looks the route up by a path that is changed, among templates that are
// changed alike.
func pathLike(alike func(p string) string) change {
	return at(113, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code != 0 || r.route != nil {
			return code
		}
		p := Policy{routes: slices.Clone(r.policy.routes)}
		for i := range p.routes {
			t := &p.routes[i].template
			text := ""
			for _, s := range t.segments {
				if s.name != "" {
					s.literal = "{" + s.name + "}"
				}
				text += "/" + s.literal
			}
			if text = alike(text); t.rest {
				text = strings.TrimSuffix(text, "/") + "/**"
			}
			*t = template{rest: t.rest}
			for _, s := range strings.Split(strings.TrimSuffix(strings.TrimPrefix(text, "/"), "/**"), "/") {
				if strings.HasPrefix(s, "{") {
					t.segments = append(t.segments, templateSegment{name: strings.Trim(s, "{}")})
				} else if s != "**" {
					t.segments = append(t.segments, templateSegment{literal: s})
				}
			}
		}
		p.buildIndex()
		var path requestPath
		path.text = []byte(alike(string(r.s.path.text)))
		path.split()
		q := routeQuery{path: &path, method: r.req.Method, scheme: r.req.Scheme, authority: r.s.authority}
		if r.routeAt = p.findRoute(&q); r.routeAt >= 0 {
			r.route = &r.policy.routes[r.routeAt]
		}
		return 0
	})
}
