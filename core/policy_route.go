package ajwt

import (
	"strconv"
	"strings"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

func (r *policyReader) routes(v strictjson.Value, pointer string) {
	r.limitList(v, pointer, r.policy.limits.Routes, "routes")
	seen := map[string]bool{}
	r.list(v, pointer, func(e strictjson.Value, at string) {
		rt := route{}
		var require strictjson.Value
		ok := r.object(e, at,
			member{"id", true, func(v strictjson.Value, at string) {
				rt.id = r.text(v, at, 128)
				if rt.id != "" && seen[rt.id] {
					r.fault(CodePolicyIDDuplicate, at, "another route has this id")
				}
				seen[rt.id] = true
			}},
			member{"match", true, func(v strictjson.Value, at string) { r.match(&rt, v, at) }},
			member{"require", false, func(v strictjson.Value, at string) { require = v; r.require(&rt, v, at) }},
			member{"bind", false, func(v strictjson.Value, at string) { r.bind(&rt, v, at) }},
			member{"observe", false, func(v strictjson.Value, at string) { r.observe(&rt, v, at) }},
		)
		if ok {
			r.routeConflicts(&rt, require, at+"/require")
		}
		r.policy.bearer = r.policy.bearer || rt.proofOptional
		r.policy.routes = append(r.policy.routes, rt)
	})
}

func (r *policyReader) match(rt *route, v strictjson.Value, at string) {
	r.object(v, at,
		member{"methods", false, func(v strictjson.Value, at string) {
			rt.methods = r.texts(v, at, maxMethodBytes, "a method such as GET", isToken)
		}},
		member{"host", false, func(v strictjson.Value, at string) {
			host := []byte(r.text(v, at, 255))
			if len(host) == 0 {
				return
			}
			plain, ok1 := appendAuthority(nil, host, "http")
			secure, ok2 := appendAuthority(nil, host, "https")
			if !ok1 || !ok2 {
				r.fault(CodePolicyMemberValue, at, "want a host, or host:port")
			}
			rt.hostHTTP, rt.hostHTTPS = string(plain), string(secure)
		}},
		member{"path", true, func(v strictjson.Value, at string) {
			text := r.text(v, at, r.policy.limits.TargetBytes)
			if text == "" {
				return
			}
			var why string
			if rt.template, why = parseTemplate(text); why != "" {
				r.fault(CodePolicyMemberValue, at, why)
				rt.template = template{}
			}
		}},
	)
}

func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isClass(s[i], charToken) {
			return false
		}
	}
	return s != ""
}

func isScopeToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isClass(s[i], charScope) {
			return false
		}
	}
	return s != ""
}

func (r *policyReader) require(rt *route, v strictjson.Value, at string) {
	r.object(v, at,
		member{"issuers", false, func(v strictjson.Value, at string) {
			r.texts(v, at, 512, "an issuer of this policy", func(s string) bool {
				i := r.policy.issuerIndex([]byte(s))
				if i >= 0 {
					rt.issuers = append(rt.issuers, i)
				}
				return i >= 0
			})
		}},
		member{"scopes", false, func(v strictjson.Value, at string) {
			rt.scopes = r.texts(v, at, 256, "a scope-token", isScopeToken)
			rt.scopeList = strings.Join(rt.scopes, " ")
		}},
		member{"steps", false, func(v strictjson.Value, at string) {
			names := r.texts(v, at, 257, "workflow/step, each 1-128 of A-Z a-z 0-9 . _ : @ -", func(s string) bool {
				workflow, step, ok := strings.Cut(s, "/")
				return ok && ValidStepID(workflow) && ValidStepID(step)
			})
			for _, n := range names {
				workflow, step, _ := strings.Cut(n, "/")
				rt.steps = append(rt.steps, stepRef{workflow, step})
			}
		}},
		member{"agents", false, func(v strictjson.Value, at string) {
			rt.agents = r.texts(v, at, 128, "an agent id: 1-128 of A-Z a-z 0-9 . _ : @ / -", ValidAgentID)
		}},
		member{"tool", false, func(v strictjson.Value, at string) { r.tool(rt, v, at) }},
		member{"proof", false, func(v strictjson.Value, at string) {
			rt.proofOptional = r.choice(v, at, "required", "optional") == 1
		}},
		member{"links", false, func(v strictjson.Value, at string) {
			rt.linksRequired = r.choice(v, at, "required", "optional") == 0
		}},
		member{"single_use", false, func(v strictjson.Value, at string) { rt.singleUse = r.boolean(v, at) }},
		member{"level", false, func(v strictjson.Value, at string) {
			rt.level = Level(1 + max(0, r.choice(v, at, "jwt", "agent", "ajwt")))
		}},
	)
}

// reach returns the profiles of the issuers that can reach the route.
func (r *policyReader) reach(rt *route) (set profileSet) {
	for _, i := range rt.issuers {
		set = set.with(r.policy.issuers[i].profile)
	}
	if rt.issuers == nil {
		for i := range r.policy.issuers {
			set = set.with(r.policy.issuers[i].profile)
		}
	}
	return set
}

// routeLevel settles the route's level and holds it against what the profiles that reach
// the route can get.
func (r *policyReader) routeLevel(rt *route, reach profileSet, at string) {
	if rt.level == LevelNone {
		if reach.several() {
			r.missing(at, "issuers of several profiles reach this route, so its level must be written")
		}
		rt.level = LevelAJWT
		for p := ProfileHardened; p <= ProfilePlain; p++ {
			if reach.has(p) {
				rt.level = min(rt.level, p.highestLevel())
			}
		}
		return
	}
	for p := ProfileHardened; p <= ProfilePlain; p++ {
		if reach.has(p) && rt.level > p.highestLevel() {
			r.fault(CodePolicyMemberConflict, at, "an issuer of profile "+p.String()+" can reach this route and gets "+p.highestLevel().String()+" at most")
		}
	}
}

// routeConflicts holds a route against the issuers that can reach it.
func (r *policyReader) routeConflicts(rt *route, require strictjson.Value, at string) {
	reach := r.reach(rt)
	if rt.proofOptional && reach.has(ProfileHardened) {
		r.fault(CodePolicyMemberConflict, at+"/proof", "an issuer of profile hardened can reach this route and always needs a proof")
	}
	r.routeLevel(rt, reach, at+"/level")
	if rt.linksRequired && rt.level < LevelAJWT {
		r.fault(CodePolicyMemberConflict, at+"/links", "links need level ajwt")
	}
	if require.Member("tool").Exists() && rt.level < LevelAJWT {
		r.fault(CodePolicyMemberConflict, at+"/tool", "a tool belongs to a step, so the route needs level ajwt")
	}
	if rt.singleUse && reach.has(ProfilePlain) {
		r.fault(CodePolicyMemberConflict, at+"/single_use", "an issuer of profile plain can reach this route and its tokens may have no jti")
	}
	if len(r.policy.issuers) > 1 && len(rt.issuers) != 1 {
		why := "with several issuers a route that names agents or steps names exactly one issuer"
		if require.Member("steps").Exists() {
			r.fault(CodePolicyMemberConflict, at+"/steps", why)
		}
		if require.Member("agents").Exists() {
			r.fault(CodePolicyMemberConflict, at+"/agents", why)
		}
	}
}

func (r *policyReader) bind(rt *route, v strictjson.Value, at string) {
	if !r.kind(v, at, strictjson.Object) {
		return
	}
	if v.Len() == 0 {
		r.fault(CodePolicyMemberValue, at, "want at least one member")
	}
	for m := v.First(); m.Exists(); m = m.Next() {
		p := at + "/" + escapePointer(string(m.Key()))
		if len(m.Key()) == 0 || len(m.Key()) > 128 {
			r.fault(CodePolicyMemberValue, p, "want the name of a member of execution_context, 1 to 128 bytes")
			continue
		}
		text := r.text(m, p, 1024)
		if text == "" || rt.template.isZero() {
			continue
		}
		b, why := parseBinding(string(m.Key()), text, &rt.template)
		if why != "" {
			r.fault(CodePolicyMemberValue, p, why)
			continue
		}
		rt.bind = append(rt.bind, b)
	}
}

func (r *policyReader) observe(rt *route, v strictjson.Value, at string) {
	r.object(v, at,
		member{"until", true, func(v strictjson.Value, at string) {
			rt.observeUntil = r.integer(v, at, 0, strictjson.MaxInteger)
		}},
		member{"stages", true, func(v strictjson.Value, at string) {
			stages := [...]Stage{StageProof, StageAgent, StageDelegation, StageWorkflow, StageReplay}
			r.list(v, at, func(e strictjson.Value, at string) {
				i := r.choice(e, at, "proof", "agent", "delegation", "workflow", "replay")
				if i < 0 {
					return
				}
				if rt.observed.has(stages[i]) {
					r.fault(CodePolicyIDDuplicate, at, "this entry stands twice")
				}
				rt.observed |= 1 << stages[i]
			})
		}},
	)
}

// binding says that a member of execution_context equals a part of the path.
type binding struct {
	name  string
	parts []bindPart
}

// bindPart is a literal, or the segment that a placeholder stands for.
type bindPart struct {
	literal string
	segment int // index of the path's segment, -1 for a literal
}

// parseBinding reads a template such as "{owner}/{repo}". Between placeholders only
// a slash may stand, which no segment holds, so two requests never give one value.
func parseBinding(name, text string, t *template) (b binding, why string) {
	b.name = name
	rest, lastWasPlaceholder, placeholders := text, false, 0
	for rest != "" {
		open := strings.IndexByte(rest, '{')
		if open < 0 {
			open = len(rest)
		}
		if literal := rest[:open]; literal != "" {
			if strings.IndexByte(literal, '}') >= 0 {
				return b, "a } stands without its {"
			}
			if lastWasPlaceholder && open < len(rest) && literal != "/" {
				return b, "between placeholders only / may stand"
			}
			b.parts = append(b.parts, bindPart{literal, -1})
			lastWasPlaceholder = false
		} else if lastWasPlaceholder {
			return b, "between placeholders only / may stand"
		}
		if rest = rest[open:]; rest == "" {
			break
		}
		end := strings.IndexByte(rest, '}')
		if end < 0 {
			return b, "a { stands without its }"
		}
		segment := t.placeholder(rest[1:end])
		if segment < 0 {
			return b, "match.path has no placeholder " + strconv.Quote(rest[1:end])
		}
		b.parts = append(b.parts, bindPart{"", segment})
		rest, lastWasPlaceholder = rest[end+1:], true
		placeholders++
	}
	if placeholders == 0 {
		return b, "want at least one placeholder of match.path"
	}
	return b, ""
}
