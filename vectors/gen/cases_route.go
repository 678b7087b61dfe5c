package main

import (
	"github.com/agentic-jwt/ajwt/vectors"
)

// The cases of routes: which one a request takes, and what it asks of a token. The
// mutation of most is in the policy, so that one request is seen under two policies.

var routeTopics = []topic{
	{"route", "match", routeMatch},
	{"route", "path", routePath},
	{"route", "host", routeHost},
	{"route", "unmatched", routeUnmatched},
	{"route", "admission", routeAdmission},
	{"route", "order", meets(routeOrder, "D00-6.5.3-16 RFC9449-7.1-02")},
	{"route", "scopes", meets(routeScopes, "D00-6.5.3-14 RFC6750-3-05 RFC6750-3-07 RFC6750-3.1-03 RFC6750-3.1-04 RFC9449-7.1-04")},
	{"route", "agents", routeAgents},
	{"route", "steps", meets(routeSteps, "D00-6.5.3-11 D00-6.5.3-12")},
	{"route", "bind", routeBind},
	{"route", "level", routeLevel},
	{"route", "proof", meets(routeProof, "RFC6750-3-01 RFC9449-7.1-05 RFC9449-7.1-06 RFC9449-7.2-03")},
	{"route", "observe", routeObserve},
}

const refRoutes = "profile, section 10"

// routeText is a route of level jwt with that match and what it requires beside.
func routeText(id, match, require string) string {
	if require != "" {
		require = "," + require
	}
	return `{"id":` + quote(id) + `,"match":` + match + `,"require":{"level":"jwt"` + require + `}}`
}

// pathRoute is a route for a path with an optional proof.
func pathRoute(id, path string) string {
	return routeText(id, `{"path":`+quote(path)+`}`, `"proof":"optional"`)
}

func list(entries ...string) string {
	out := "["
	for i, e := range entries {
		if i > 0 {
			out += ","
		}
		out += e
	}
	return out + "]"
}

// routed is a bearer scene under draft-00 and these routes.
func (b *builder) routed(routes ...string) scene {
	return b.bearer().under(es256Policy("draft-00", "", list(routes...)))
}

// routedBound is the same with a bound token and a proof, which even a request that no
// route matches needs.
func (b *builder) routedBound(routes ...string) scene {
	return b.proven().under(es256Policy("draft-00", "", list(routes...)))
}

// takes pins the route.
func takes(id string) option { return decides(vectors.Decision{Route: id}) }

// unmatched makes a row of a request that no route matches.
func unmatched(slug, title string, e edit) row {
	return row{slug, title, "agent_route_unmatched", e, []option{status(403), kills("unmatched-accepted")}}
}

func matchPath(path string) edit { return set("policy", "/routes/0/match/path", quote(path)) }

func routeMatch(b *builder) {
	b.refs = []string{refRoutes}
	two := b.routed(pathRoute("first", "/repos/**"), pathRoute("second", "/repos/acme/app"))
	b.accept("first-wins", "Of two routes that match, the first one counts, though the second one is narrower.", two, takes("first"))
	b.accept("order-exchanged", "In the other order the narrower one counts.",
		b.routed(pathRoute("second", "/repos/acme/app"), pathRoute("first", "/repos/**")), takes("second"))
	strict := b.routed(pathRoute("open", "/repos/acme/app"), routeText("closed", `{"path":"/repos/**"}`, `"scopes":["admin"],"proof":"optional"`))
	s := b.accept("first-open", "What the second route that matches requires does not count.", strict, takes("open"))
	b.reject("first-elsewhere", "Once the first route matches another path the second one's requirements count.", s, "workflow_scope_insufficient",
		matchPath("/repos/acme/other"), takes("closed"))
	get := b.routed(routeText("read", `{"methods":["GET","HEAD"],"path":"/repos/**"}`, `"proof":"optional"`), routeText("write", `{"path":"/repos/**"}`, `"scopes":["admin"],"proof":"optional"`))
	g := b.accept("method", "A route with methods takes a request with one of them.", get, takes("read"))
	b.rejects(g, []row{
		{"method-other", "A request with another method goes on to the next route.", "workflow_scope_insufficient", set("request", "/method", `"POST"`), []option{takes("write"), kills("route-method-ignored")}},
		{"method-lower-case", "Methods compare with regard to case.", "workflow_scope_insufficient", set("request", "/method", `"get"`), []option{takes("write"), kills("route-method-ignored")}},
		{"method-longer", "A method that begins with a listed one is another one.", "workflow_scope_insufficient", set("request", "/method", `"GETS"`), []option{takes("write"), kills("route-method-ignored")}},
	})
	b.near("method-second", "Any of the methods will do.", g, set("request", "/method", `"HEAD"`), takes("read"))
	b.accept("any-method", "A route without methods takes every one.", b.routed(pathRoute("any", "/repos/**")).to("PROPFIND", "/repos/acme/app"), takes("any"))
}

func routePath(b *builder) {
	b.refs = []string{refRoutes, "RFC 3986, section 6.2.2"}
	t := b.accept("literal", "A path of literal segments matches itself.", b.routedBound(pathRoute("r", "/repos/acme/app")), takes("r"))
	b.rejects(t, []row{
		unmatched("case", "Paths compare with regard to case.", matchPath("/Repos/acme/app")),
		unmatched("shorter", "A path above does not match.", matchPath("/repos/acme")),
		unmatched("longer", "A path below does not match.", matchPath("/repos/acme/app/pulls")),
		unmatched("trailing-slash-of-route", "The trailing slash of a route counts.", matchPath("/repos/acme/app/")),
		unmatched("prefix-of-segment", "A part of a segment does not match.", matchPath("/repos/acme/ap")),
		unmatched("rest-of-nothing", "/** takes at least one segment.", matchPath("/repos/acme/app/**")),
		unmatched("placeholder-of-two", "A placeholder takes one segment and not two.", matchPath("/repos/{all}")),
		unmatched("placeholder-of-none", "A placeholder takes one segment and not none.", matchPath("/repos/acme/app/{more}")),
		unmatched("root", "The root is no other path.", matchPath("/")),
	})
	same := func(slug, title, path string) accepted {
		return accepted{slug, title, matchPath(path), []option{takes("r")}}
	}
	b.nears(t, []accepted{
		same("placeholders", "Placeholders take one segment each.", "/repos/{owner}/{repo}"),
		same("placeholder-and-literal", "Placeholders and literals mix.", "/{kind}/acme/{repo}"),
		same("rest-of-one", "/** takes one segment.", "/repos/acme/**"),
		same("rest-of-two", "/** takes two segments.", "/repos/**"),
		same("rest-of-all", "/** alone takes every path but the root.", "/**"),
		same("placeholder-and-rest", "A placeholder may stand before /**.", "/repos/{owner}/**"),
		same("escape-in-route", "An escaped letter in a route is the letter.", "/%72epos/acme/app"),
		{"query", "The query takes no part.", set("request", "/target", `"/repos/acme/app?x=/other"`), []option{takes("r")}},
		{"escape-in-request", "An escaped letter in the request is the letter.", set("request", "/target", `"/repos/%61cme/app"`), []option{takes("r")}},
		{"escaped-tilde", "An escaped unreserved character is the character.", set("request", "/target", `"/repos/acme/%61%70%70"`), []option{takes("r")}},
	})
	slash := b.accept("trailing-slash", "A trailing slash on both sides matches.", b.routedBound(pathRoute("r", "/repos/acme/app/")).to("GET", "/repos/acme/app/"), takes("r"))
	b.rejects(slash, []row{
		unmatched("trailing-slash-of-request", "The trailing slash of a request counts.", matchPath("/repos/acme/app")),
		unmatched("placeholder-empty", "A placeholder does not take the empty segment behind a trailing slash.", matchPath("/repos/acme/app/{more}")),
		unmatched("rest-empty", "/** does not take the empty segment behind a trailing slash.", matchPath("/repos/acme/app/**")),
	})
	b.near("rest-with-trailing-slash", "/** takes segments that end with a slash.", slash, matchPath("/repos/acme/**"), takes("r"))
	root := b.accept("root-itself", "The path / matches the root.", b.routedBound(pathRoute("r", "/")).to("GET", "/"), takes("r"))
	b.reject("rest-not-root", "/** does not match the root, which has no segment.", root, "agent_route_unmatched", matchPath("/**"), kills("unmatched-accepted"))
	escaped := b.accept("reserved-escape", "An escaped reserved character matches the same escape.", b.routedBound(pathRoute("r", "/repos/a%3Fb")).to("GET", "/repos/a%3Fb"), takes("r"))
	b.near("reserved-escape-lower-case", "The digits of an escape compare without regard to case.", escaped, matchPath("/repos/a%3fb"), takes("r"))
	plus := b.accept("sub-delimiter", "A character that may stand unescaped matches itself.", b.routedBound(pathRoute("r", "/repos/a+b")).to("GET", "/repos/a+b"), takes("r"))
	b.reject("sub-delimiter-escaped", "An escaped reserved character is not the character.", plus, "agent_route_unmatched", matchPath("/repos/a%2Bb"), kills("unmatched-accepted"))
	utf8 := b.accept("unicode", "Escaped UTF-8 matches a placeholder.", b.routedBound(pathRoute("r", "/repos/{owner}")).to("GET", "/repos/%C3%A9quipe"), takes("r"))
	b.near("unicode-literal", "Escaped UTF-8 matches the same escapes in lower case.", utf8, matchPath("/repos/%c3%a9quipe"), takes("r"))
	b.accept("not-utf8-unbound", "A placeholder that nothing binds may hold what is not UTF-8.", b.routedBound(pathRoute("r", "/repos/{owner}")).to("GET", "/repos/%FF"), takes("r"))
}

func routeHost(b *builder) {
	b.refs = []string{refRoutes, "RFC 3986, section 3.2.2", "RFC 3986, section 6.2.3"}
	host := func(h string) string {
		return routeText("r", `{"host":`+quote(h)+`,"path":"/**"}`, `"proof":"optional"`)
	}
	policyHost := func(h string) edit { return set("policy", "/routes/0/match/host", quote(h)) }
	t := b.accept("same", "A route with a host takes a request to it.", b.routedBound(host("api.example")), takes("r"))
	b.rejects(t, []row{
		unmatched("other", "A request to another host does not match.", policyHost("b.example")),
		unmatched("longer", "A host that goes on is another one.", policyHost("api.example.org")),
		unmatched("subdomain", "A subdomain is another host.", policyHost("v1.api.example")),
		unmatched("parent", "The parent domain is another host.", policyHost("example")),
		unmatched("other-port", "A host with a port that is not the default is another one.", policyHost("api.example:8443")),
		unmatched("port-of-http", "The default port of http is not that of https.", policyHost("api.example:80")),
	})
	b.nears(t, []accepted{
		{"case-of-route", "Hosts compare without regard to case.", policyHost("API.Example"), []option{takes("r")}},
		{"default-port-of-route", "A route may have the default port.", policyHost("api.example:443"), []option{takes("r")}},
		{"case-of-request", "The case of the request's host does not count.", set("request", "/authority", `"Api.EXAMPLE"`), []option{takes("r")}},
		{"default-port-of-request", "The request may have the default port.", set("request", "/authority", `"api.example:443"`), []option{takes("r")}},
		{"any-host", "A route without a host takes every one.", set("policy", "/routes/0/match", `{"path":"/**"}`), []option{takes("r")}},
	})
	s := b.routedBound(host("api.example:8443"))
	s.authority = "api.example:8443"
	p := b.accept("port", "A route with a port takes a request to it.", s.to("GET", s.target), takes("r"))
	b.reject("port-missing", "A route without the port does not match.", p, "agent_route_unmatched", policyHost("api.example"), kills("unmatched-accepted"))
	plain := b.routedBound(host("api.example:80"))
	plain.urlScheme = "http"
	h := b.accept("http", "Port 80 is the default one of http.", plain.to("GET", plain.target), takes("r"))
	b.reject("http-port-443", "Port 443 is not the default one of http.", h, "agent_route_unmatched", policyHost("api.example:443"), kills("unmatched-accepted"))
}

// routeUnmatched: a request that no route matches is refused after authentication, so
// that a stranger learns nothing about the routes, and needs a proof.
func routeUnmatched(b *builder) {
	b.refs = []string{refRoutes, "profile, section 13"}
	t := b.accept("matched", "A bound token with a proof is accepted on the route.", b.routedBound(pathRoute("r", "/repos/**")), takes("r"))
	b.reject("bound-with-proof", "Authenticated, a request that no route matches is told so.", t, "agent_route_unmatched", matchPath("/other/**"),
		status(403), kills("unmatched-accepted"))
	bearer := b.accept("bearer", "An unbound token is accepted on the route.", b.routed(pathRoute("r", "/repos/**")), takes("r"))
	b.reject("bearer-unmatched", "Without a binding a request that no route matches gets no further than the proof.", bearer, "proof_cnf_missing", matchPath("/other/**"),
		status(401), kills("unmatched-before-proof"))
	free := b.accept("bound", "A bound token without a proof is accepted on the route.", b.bound().under(es256Policy("draft-00", "", list(pathRoute("r", "/repos/**")))), takes("r"))
	b.reject("bound-unmatched", "Without a proof a request that no route matches gets no further.", free, "proof_header_missing", matchPath("/other/**"),
		status(401), kills("unmatched-before-proof"))
	b.reject("method-unmatched", "A method that no route takes is no match.", t, "agent_route_unmatched",
		set("policy", "/routes/0/match", `{"methods":["POST"],"path":"/repos/**"}`), status(403), kills("unmatched-accepted", "route-method-ignored"))
}

func routeAdmission(b *builder) {
	b.refs = []string{refRoutes}
	issuers := func(list string) string {
		p := policyDoc(`[{"id":"r","match":{"path":"/**"},"require":{"level":"jwt","proof":"optional","issuers":`+list+`}}]`,
			issuerText(issuerID, "draft-00", []string{"ES256"}, serverKeys("ES256")),
			issuerText(otherID, "draft-00", []string{"ES256"}, jwks(testKey("p256-b").entry("other-1", "ES256"))))
		return p
	}
	t := b.accept("named", "A route takes a token of the issuer that it names.", b.bearer().under(issuers(list(quote(issuerID)))), takes("r"))
	b.reject("other-named", "A route that names another issuer refuses the token.", t, "agent_issuer_not_admitted",
		set("policy", "/routes/0/require/issuers/0", quote(otherID)), status(403), kills("admission-ignored"))
	b.accept("both-named", "A route that names both issuers takes the token.", b.bearer().under(issuers(list(quote(otherID), quote(issuerID)))), takes("r"))
	other := b.bearer().under(issuers(list(quote(otherID)))).claiming("/iss", quote(otherID)).with(set("header", "/kid", `"other-1"`)).signedBy("p256-b", "ES256")
	o := b.accept("others-token", "A token of the other issuer is accepted where that one is named.", other, takes("r"))
	b.reject("others-token-refused", "A token of the other issuer is refused where only the first one is named.", o, "agent_issuer_not_admitted",
		set("policy", "/routes/0/require/issuers/0", quote(issuerID)), status(403), kills("admission-ignored"))
	b.near("none-named", "A route that names none takes every issuer of the policy.", t, drop("policy", "/routes/0/require/issuers"), takes("r"))
}

// routeOrder: authentication comes before authorization. Each mutation makes the route
// ask for more than one thing that is not there; the earlier check must answer.
func routeOrder(b *builder) {
	b.refs = []string{"profile, section 13", "RFC 6750, section 3.1"}
	require := func(text string) edit { return set("policy", "/routes/0/require", text) }
	bearer := b.accept("bearer", "An unbound token is accepted where nothing is asked for.", b.routed(pathRoute("r", "/**")))
	b.reject("proof-before-scope", "A token without a binding does not learn that its scope is not enough.", bearer, "proof_cnf_missing",
		require(`{"level":"jwt","scopes":["admin"]}`), status(401), kills("scope-before-proof"))
	b.reject("proof-before-agents", "A token without a binding does not learn which agents the route takes.", bearer, "proof_cnf_missing",
		require(`{"level":"jwt","agents":["planner"]}`), status(401), kills("scope-before-proof"))
	b.reject("proof-before-bundle", "A token without a binding does not learn that the bundle is missing.", bearer, "proof_cnf_missing",
		require(`{"level":"ajwt"}`), status(401), kills("scope-before-proof"))
	proven := b.accept("proven", "A bound token with a proof is accepted.", b.routedBound(routeText("r", `{"path":"/**"}`, "")))
	b.reject("bundle-before-scope", "The missing bundle is told before the scope.", proven, "agent_bundle_missing",
		require(`{"level":"ajwt","scopes":["admin"]}`), status(503))
	b.reject("scope-before-step", "The scope is told before the step.", proven, "workflow_scope_insufficient",
		require(`{"level":"jwt","scopes":["admin"],"steps":["vuln-patching/plan"]}`), status(403))
	b.reject("step-before-agent", "The step is told before the agent.", proven, "workflow_step_missing",
		require(`{"level":"jwt","steps":["vuln-patching/plan"],"agents":["planner"]}`), status(403))
	shut := b.accept("scope-enough", "A token of enough scope with a proof is accepted.", b.routedBound(routeText("r", `{"path":"/**"}`, `"scopes":["repo:read"]`)))
	b.reject("signature-before-scope", "A token that is not the issuer's learns nothing of the route.", shut, "signature_invalid",
		set("payload", "/scope", `"other"`).signed("p256-b", "ES256"), status(401), kills("scope-before-proof"))
}

func routeScopes(b *builder) {
	b.refs = []string{"RFC 6750, section 3.1", "RFC 6749, section 3.3", refRoutes}
	scoped := func(scopes string) string {
		return routeText("r", `{"path":"/**"}`, `"proof":"optional","scopes":`+scopes)
	}
	needs := func(scopes string) edit { return set("policy", "/routes/0/require/scopes", scopes) }
	lacks := func(slug, title string, e edit, opts ...option) row {
		return row{slug, title, "workflow_scope_insufficient", e, append(opts, status(403), kills("scope-unchecked"), threats("T9"))}
	}
	t := b.accept("enough", "A token with the route's scope is accepted.", b.routed(scoped(`["repo:read"]`)).claiming("/scope", `"repo:read repo:list"`))
	b.rejects(t, []row{
		lacks("missing", "The token lacks the route's scope: the answer names it for the scheme that was used.", needs(`["repo:write"]`), answers(map[string]string{
			"www-authenticate": `Bearer error="insufficient_scope", scope="repo:write", DPoP algs="Ed25519 ES256"`})),
		lacks("one-of-two", "The token has one of the route's two scopes.", needs(`["repo:read","repo:write"]`), answers(map[string]string{
			"www-authenticate": `Bearer error="insufficient_scope", scope="repo:read repo:write", DPoP algs="Ed25519 ES256"`})),
		lacks("prefix", "A scope that begins with the token's is another one.", needs(`["repo:readwrite"]`), kills("scope-substring")),
		lacks("substring", "A scope that is a part of the token's is another one.", needs(`["repo"]`), kills("scope-substring")),
		lacks("suffix", "A scope with which the token's ends is another one.", needs(`["read"]`), kills("scope-substring")),
		lacks("across-blank", "A scope is not looked for across the blank.", needs(`["read,repo"]`)),
		lacks("case", "Scopes compare with regard to case.", needs(`["Repo:Read"]`)),
		lacks("by-token", "The token has another scope than the route's.", set("payload", "/scope", `"repo:list repo:write"`)),
		lacks("by-token-longer", "The token has a scope of which the route's is a part.", set("payload", "/scope", `"repo:reader"`), kills("scope-substring")),
	})
	b.nears(t, []accepted{
		{"both", "A token with both of the route's scopes is accepted in any order.", needs(`["repo:list","repo:read"]`), nil},
		{"none-needed", "A route without scopes takes a token of any scope.", drop("policy", "/routes/0/require/scopes"), nil},
		{"repeated", "A repeated scope is the scope.", set("payload", "/scope", `"repo:read repo:read"`), nil},
		{"last", "The route's scope may be the last one of the token.", set("payload", "/scope", `"a b repo:read"`), nil},
	})
	d := b.accept("proof-required", "A proven token with the route's scope is accepted.", b.routedBound(routeText("r", `{"path":"/**"}`, `"scopes":["repo:read"]`)))
	b.reject("proof-required-missing", "Where a proof is required the answer names the DPoP scheme alone.", d, "workflow_scope_insufficient", needs(`["repo:write"]`), status(403),
		answers(map[string]string{"www-authenticate": `DPoP error="insufficient_scope", scope="repo:write", algs="Ed25519 ES256"`}), kills("scope-unchecked"))
}

func routeAgents(b *builder) {
	b.refs = []string{refRoutes}
	of := func(agents string) edit { return set("policy", "/routes/0/require/agents", agents) }
	not := func(slug, title string, e edit) row {
		return row{slug, title, "workflow_agent_not_allowed", e, []option{status(403), kills("agents-unchecked"), threats("T7")}}
	}
	t := b.accept("named", "A route takes an agent that it names.", b.routed(routeText("r", `{"path":"/**"}`, `"proof":"optional","agents":["patcher"]`)))
	b.rejects(t, []row{
		not("other", "A route that names another agent refuses the token.", of(`["planner"]`)),
		not("prefix", "An agent whose id begins with the token's is another one.", of(`["patcher-v1"]`)),
		not("part", "An agent whose id is a part of the token's is another one.", of(`["patch"]`)),
		not("case", "Agent ids compare with regard to case.", of(`["Patcher"]`)),
		not("by-token", "The token is another agent's.", set("payload", "/sub", `"planner"`)),
		not("by-token-with-blank", "The token's sub has a blank behind the agent's id.", set("payload", "/sub", `"patcher "`)),
	})
	b.nears(t, []accepted{
		{"second", "Any of the agents will do.", of(`["planner","patcher"]`), nil},
		{"any", "A route that names none takes every agent.", drop("policy", "/routes/0/require/agents"), nil},
	})
	claimed := b.near("by-executed-by", "executed_by and sub name the agent that the route takes.", t, set("payload", "/intent", `{"executed_by":"patcher"}`))
	b.reject("chain-does-not-count", "An agent of the chain is not the one that asks.", claimed, "workflow_agent_not_allowed", of(`["supervisor"]`), kills("agents-unchecked"))
}

func routeSteps(b *builder) {
	b.refs = []string{refRoutes, "D00, section 6.5.3"}
	of := func(steps string) edit { return set("policy", "/routes/0/require/steps", steps) }
	s := b.routed(routeText("r", `{"path":"/**"}`, `"proof":"optional","steps":["vuln-patching/step_3_patch"]`)).claiming("/intent", intent)
	t := b.accept("named", "A route takes the step that it names.", s, decides(decision("jwt", "vuln-patching", "step_3_patch", chainShort)))
	not := func(slug, title string, e edit) row {
		return row{slug, title, "workflow_step_not_allowed", e, []option{status(403), kills("steps-unchecked"), threats("T8")}}
	}
	b.rejects(t, []row{
		not("other-step", "A route that names another step of the workflow refuses the token.", of(`["vuln-patching/step_2_plan"]`)),
		not("other-workflow", "A route that names a step of that name in another workflow refuses the token.", of(`["release/step_3_patch"]`)),
		not("case", "Steps compare with regard to case.", of(`["vuln-patching/Step_3_patch"]`)),
		not("prefix", "A step whose id begins with the token's is another one.", of(`["vuln-patching/step_3_patch_all"]`)),
		not("by-token", "The token is for another step.", set("payload", "/intent/workflow_step", `"step_2_plan"`)),
		not("by-token-workflow", "The token is for another workflow.", set("payload", "/intent/workflow_id", `"release"`)),
		{"intent-missing", "The token has no intent.", "workflow_step_missing", drop("payload", "/intent"), []option{status(403), kills("steps-unchecked"), threats("T8")}},
		{"workflow-missing", "The token's intent names no workflow.", "workflow_step_missing", set("payload", "/intent", `{"executed_by":"patcher"}`), []option{status(403), kills("steps-unchecked"), threats("T8")}},
	})
	b.nears(t, []accepted{
		{"second", "Any of the steps will do.", of(`["vuln-patching/step_2_plan","vuln-patching/step_3_patch"]`), nil},
		{"any", "A route that names none takes every step.", drop("policy", "/routes/0/require/steps"), nil},
	})
}
