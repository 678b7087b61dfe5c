package main

import (
	"github.com/agentic-jwt/ajwt/vectors"
)

// Routes: what bind compares, levels, proofs, observation.

func routeBind(b *builder) {
	b.refs = []string{refRoutes}
	bindRoute := func(path, bind string) string {
		return `{"id":"r","match":{"path":` + quote(path) + `},"require":{"level":"jwt","proof":"optional"},"bind":` + bind + `}`
	}
	with := func(path, bind, context string) scene {
		return b.routed(bindRoute(path, bind)).claiming("/intent", `{"executed_by":"patcher","execution_context":`+context+`}`)
	}
	context := func(text string) edit { return set("payload", "/intent/execution_context", text) }
	t := b.accept("equal", "execution_context.repository equals two placeholders with a slash between.",
		with("/repos/{owner}/{repo}", `{"repository":"{owner}/{repo}"}`, `{"repository":"acme/app","branch":"main"}`))
	differs := func(slug, title string, e edit) row {
		return row{slug, title, "workflow_context_mismatch", e, []option{status(403), kills("bind-ignored"), threats("T5")}}
	}
	lacks := func(slug, title string, e edit) row {
		return row{slug, title, "workflow_context_missing", e, []option{status(403), kills("bind-ignored")}}
	}
	b.rejects(t, []row{
		differs("other", "The context is another repository.", context(`{"repository":"acme/other"}`)),
		differs("other-owner", "The context is a repository of another owner.", context(`{"repository":"evil/app"}`)),
		differs("prefix", "The context is a part of the path's.", context(`{"repository":"acme/ap"}`)),
		differs("longer", "The context begins with the path's and goes on.", context(`{"repository":"acme/app/x"}`)),
		differs("case", "Contexts compare with regard to case.", context(`{"repository":"Acme/app"}`)),
		differs("empty", "The context is the empty string.", context(`{"repository":""}`)),
		differs("escaped-slash", "The context has an escape for the slash.", context(`{"repository":"acme%2Fapp"}`)),
		differs("star", "A star stands for nothing but itself.", context(`{"repository":"*"}`)),
		differs("request", "The request is for another repository than the context.", set("request", "/target", `"/repos/acme/other"`)),
		lacks("intent-missing", "The token has no intent.", drop("payload", "/intent")),
		lacks("context-missing", "The intent has no execution_context.", drop("payload", "/intent/execution_context")),
		lacks("member-missing", "The execution_context has no member of that name.", drop("payload", "/intent/execution_context/repository")),
		lacks("member-other-case", "A member whose name differs by case is another one.", context(`{"Repository":"acme/app"}`)),
		lacks("member-null", "The member is null.", context(`{"repository":null}`)),
		lacks("member-number", "The member is a number.", context(`{"repository":1}`)),
		lacks("member-array", "The member is an array that holds the value.", context(`{"repository":["acme/app"]}`)),
		lacks("member-object", "The member is an object.", context(`{"repository":{"acme":"app"}}`)),
		lacks("member-nested", "The member stands deeper.", context(`{"x":{"repository":"acme/app"}}`)),
	})
	b.nears(t, []accepted{
		{"escaped-letter", "An escaped letter of the path is the letter.", set("request", "/target", `"/repos/%61cme/app"`), nil},
		{"json-escapes", "JSON escapes in the context change nothing.", context(`{"repository":"acme\/\u0061pp"}`), nil},
		{"query", "The query takes no part.", set("request", "/target", `"/repos/acme/app?repository=x"`), nil},
		{"unbound", "Without bind the context is not compared.", drop("policy", "/routes/0/bind"), nil},
	})
	wide := b.accept("decoded", "Escapes of the path are decoded before the comparison, UTF-8 and reserved characters alike.",
		with("/repos/{owner}/{repo}", `{"repository":"{owner}/{repo}"}`, `{"repository":"équipe/a b+%?"}`).to("GET", "/repos/%C3%A9quipe/a%20b%2B%25%3F"))
	b.rejects(wide, []row{
		differs("undecoded", "The context has the path's escapes instead of what they mean.", context(`{"repository":"%C3%A9quipe/a%20b%2B%25%3F"}`)),
		differs("not-composed", "Unicode is not normalised: a decomposed letter is another text.", context(`{"repository":"e\u0301quipe/a b+%?"}`)),
		differs("plus-for-blank", "A plus is no blank.", context(`{"repository":"équipe/a+b+%?"}`)),
		{"not-utf8", "A part of the path that bind compares is not UTF-8.", "workflow_bind_encoding", set("request", "/target", `"/repos/%E9quipe/a"`), []option{status(403)}},
		{"surrogate", "A part of the path that bind compares is a surrogate in UTF-8.", "workflow_bind_encoding", set("request", "/target", `"/repos/%ED%A0%80/a"`), []option{status(403)}},
		{"overlong", "A part of the path that bind compares is an overlong form.", "workflow_bind_encoding", set("request", "/target", `"/repos/%C1%A1/a"`), []option{status(403)}},
	})
	one := b.accept("one-placeholder", "One placeholder of two may be bound; the other one may hold what is not UTF-8.",
		with("/repos/{owner}/{repo}", `{"owner":"{owner}"}`, `{"owner":"acme"}`).to("GET", "/repos/acme/%FF"))
	b.reject("one-placeholder-other", "The bound placeholder differs.", one, "workflow_context_mismatch", context(`{"owner":"other"}`), kills("bind-ignored"))
	literal := b.accept("literals", "Literals may stand before and behind a placeholder.",
		with("/repos/{owner}/{repo}", `{"ref":"repo:{repo}@main"}`, `{"ref":"repo:app@main"}`))
	b.reject("literals-other", "A literal counts like the rest.", literal, "workflow_context_mismatch", context(`{"ref":"repo:app@dev"}`), kills("bind-ignored"))
	two := b.accept("two-members", "Two members are bound.",
		with("/repos/{owner}/{repo}", `{"owner":"{owner}","name":"{repo}"}`, `{"owner":"acme","name":"app"}`))
	b.reject("two-members-second", "The second of two bound members differs.", two, "workflow_context_mismatch", context(`{"owner":"acme","name":"x"}`), kills("bind-ignored", "bind-first-only"))
	b.reject("two-members-second-missing", "The second of two bound members is missing.", two, "workflow_context_missing", context(`{"owner":"acme"}`), kills("bind-ignored", "bind-first-only"))
	same := b.accept("placeholder-twice", "A placeholder may be bound twice in one template.",
		with("/repos/{owner}/{repo}", `{"x":"{repo}/{repo}"}`, `{"x":"app/app"}`))
	b.reject("placeholder-twice-other", "The second use counts too.", same, "workflow_context_mismatch", context(`{"x":"app/other"}`), kills("bind-ignored"))
	moved := b.accept("no-shift", "The slash of the template stands between two segments.",
		with("/a/{x}/{y}", `{"p":"{x}/{y}"}`, `{"p":"b/c"}`).to("GET", "/a/b/c"))
	b.reject("no-shift-other", "The same text cut elsewhere does not arise: another request gives another value.", moved, "workflow_context_mismatch",
		set("request", "/target", `"/a/b%3A/c"`), kills("bind-ignored"))
}

func routeLevel(b *builder) {
	b.refs = []string{"profile, section 12", refRoutes}
	level := func(l string) edit { return set("policy", "/routes/0/require/level", quote(l)) }
	full := b.proven().under(es256Policy("draft-00", "", list(routeText("r", `{"path":"/**"}`, "")))).claiming("/intent", intent, "/agent_proof", agentProof)
	t := b.accept("jwt", "On a route of level jwt a token with every claim of an intent token is accepted; without a bundle its level is jwt.", full,
		decides(vectors.Decision{Level: "jwt+pop", Route: "r"}))
	closed := func(slug, title string, e edit) row {
		return row{slug, title, "agent_bundle_missing", e, []option{status(503), kills("bundle-missing-accepted")}}
	}
	b.rejects(t, []row{
		closed("agent", "Without a bundle a route of level agent fails closed.", level("agent")),
		closed("ajwt", "Without a bundle a route of level ajwt fails closed.", level("ajwt")),
		closed("default", "The default level is ajwt.", drop("policy", "/routes/0/require/level")),
		closed("require-absent", "A route without require asks for level ajwt and a proof.", drop("policy", "/routes/0/require")),
	})
	h := b.accept("hardened-jwt", "On a route of level jwt hardened accepts a token of ordinary claims.", b.proven().under(es256Policy("hardened", "", list(routeText("r", `{"path":"/**"}`, "")))),
		decides(vectors.Decision{Level: "jwt+pop", Route: "r"}))
	b.rejects(h, []row{
		closed("hardened-agent", "Without a bundle hardened refuses on a route of level agent.", level("agent")),
		closed("hardened-default", "The default level of hardened is ajwt.", drop("policy", "/routes/0/require/level")),
	})
	b.accept("bearer", "A token without a proof gets level jwt.", b.routed(pathRoute("r", "/**")), decides(vectors.Decision{Level: "jwt", Route: "r"}))
}

func routeProof(b *builder) {
	b.refs = []string{refRoutes, "RFC 9449, section 7.1", "RFC 9449, section 7.2"}
	mode := func(m string) edit { return set("policy", "/routes/0/require/proof", quote(m)) }
	t := b.accept("optional-bearer", "Where a proof is optional a bearer token is accepted.", b.routed(pathRoute("r", "/**")))
	bearerChallenge := `Bearer error="invalid_token", DPoP algs="Ed25519 ES256"`
	b.rejects(t, []row{
		{"required-bearer", "Where a proof is required a bearer token is refused.", "proof_cnf_missing", mode("required"), []option{status(401),
			answers(map[string]string{"www-authenticate": `DPoP error="invalid_token", algs="Ed25519 ES256"`}), kills("unbound-proof-ignored")}},
		{"default-bearer", "A proof is required by default.", "proof_cnf_missing", drop("policy", "/routes/0/require/proof"), []option{status(401), kills("unbound-proof-ignored")}},
	})
	old := b.near("optional-late", "A bearer token is accepted until its last second.", t, at(now+290+29))
	b.reject("optional-late-over", "Where a proof is optional the answer offers both schemes; the error stands with the one that was used.", old, "claim_exp_expired", at(now+290+30), status(401),
		answers(map[string]string{"www-authenticate": bearerChallenge}), kills("skip-exp", "exp-inclusive"))
	p := b.accept("optional-proven", "A proof that is optional counts.", b.routedBound(pathRoute("r", "/**")), decides(vectors.Decision{Level: "jwt+pop"}))
	b.near("required-proven", "A proof that is required is accepted.", p, mode("required"), decides(vectors.Decision{Level: "jwt+pop"}))
	b.reject("optional-proof-bad", "A proof that is optional and bad is refused; the error stands with the scheme that was used.", p, "proof_htm_mismatch", set("proof.payload", "/htm", `"PUT"`), status(401),
		answers(map[string]string{"www-authenticate": `Bearer, DPoP error="invalid_dpop_proof", algs="Ed25519 ES256"`}), kills("optional-proof-unchecked"))
}

// observed says that the rejection is only recorded.
func observed() option {
	return func(c *vectors.Case) {
		enforced := false
		c.Expect.Enforced = &enforced
	}
}

var until = now + 3600

// observing is a route that observes these stages.
func observing(require, stages string) string {
	return `{"id":"r","match":{"path":"/**"},"require":` + require + `,"observe":{"until":` + num(until) + `,"stages":` + stages + `}}`
}

func routeObserve(b *builder) {
	b.refs = []string{refRoutes, "profile, section 12"}
	warned := func(level string, codes ...string) option {
		return decides(vectors.Decision{Level: level, Route: "r", Warnings: codes})
	}
	require := `{"level":"jwt"}`
	t := b.accept("proof-held", "Where the stage proof is observed a good proof counts.", b.routedBound(observing(require, `["proof"]`)), decides(vectors.Decision{Level: "jwt+pop", Route: "r"}))
	b.rejects(t, []row{
		{"proof-missing", "A missing proof is recorded, and the request may pass at level jwt.", "proof_header_missing", drop("request", "/headers/1"), []option{observed(), warned("jwt")}},
		{"proof-bad", "A proof for another method is recorded.", "proof_htm_mismatch", set("proof.payload", "/htm", `"PUT"`), []option{observed(), warned("jwt")}},
		{"proof-unbound", "A token without a binding is recorded.", "proof_cnf_missing", drop("payload", "/cnf"), []option{observed(), warned("jwt")}},
	})
	last := b.accept("until-held", "In the last second of observation a good request is accepted.", b.observedAt(until-1, require, `["workflow"]`))
	b.reject("until-last-second", "Observation lasts while now < until.", last, "workflow_step_missing", addSteps(), observed(), warned("jwt+pop"))
	over := b.accept("until-over-held", "When observation is over a good request is accepted.", b.observedAt(until, require, `["workflow"]`))
	b.reject("until-over", "At now = until the route enforces.", over, "workflow_step_missing", addSteps(), status(403), kills("observe-forever"))
	w := b.accept("workflow-held", "Where the stage workflow is observed a lawful request is accepted.", b.routedBound(observing(require, `["workflow","delegation"]`)), decides(vectors.Decision{Level: "jwt+pop"}))
	b.rejects(w, []row{
		{"workflow-step", "A missing step is recorded.", "workflow_step_missing", addSteps(), []option{observed(), warned("jwt+pop")}},
		{"workflow-agent", "An agent that the route does not name is recorded.", "workflow_agent_not_allowed", set("policy", "/routes/0/require", `{"level":"jwt","agents":["planner"]}`), []option{observed(), warned("jwt+pop")}},
		{"workflow-two", "The first observed rejection is the code, the second one a warning.", "workflow_step_missing",
			set("policy", "/routes/0/require", `{"level":"jwt","steps":["vuln-patching/plan"],"agents":["planner"]}`), []option{observed(), warned("jwt+pop", "workflow_agent_not_allowed")}},
		{"workflow-scope", "The route's scopes are never only observed.", "workflow_scope_insufficient", set("policy", "/routes/0/require", `{"level":"jwt","scopes":["admin"]}`),
			[]option{status(403), kills("observe-all-codes")}},
		{"delegation-chain", "A chain without a workflow that is not the agent alone is recorded.", "delegation_chain_not_self", set("payload", "/intent", `{"delegation_chain":`+quote(chainShort)+`}`), []option{observed(), warned("jwt+pop")}},
		{"bundle", "A missing bundle is never only observed.", "agent_bundle_missing", set("policy", "/routes/0/require/level", `"ajwt"`), []option{status(503), kills("observe-all-codes")}},
		{"claim", "What is wrong with a claim is never only observed.", "claim_aud_mismatch", set("payload", "/aud", `"https://b.example"`), []option{status(401), kills("observe-all-codes")}},
		{"proof-not-listed", "A stage that is not listed is enforced.", "proof_htm_mismatch", set("proof.payload", "/htm", `"PUT"`), []option{status(401), kills("observe-all-codes")}},
	})
	all := b.routedBound(observing(require, `["proof","agent","delegation","workflow","replay"]`))
	a := b.accept("all-held", "Where every stage is observed a good request is accepted.", all)
	b.rejects(a, []row{
		{"admission", "The admission of issuers is never only observed.", "agent_issuer_not_admitted",
			set("policy", "", twoIssuers(observing(`{"level":"jwt","issuers":[`+quote(otherID)+`]}`, `["proof","agent","delegation","workflow","replay"]`))), []option{status(403), kills("observe-all-codes")}},
		{"unmatched", "Without a matching route nothing is observed.", "agent_route_unmatched", set("policy", "/routes/0/match/path", `"/other"`), []option{status(403), kills("observe-all-codes")}},
	})
	e := b.accept("chain-and-scope-held", "A lawful chain with enough scope is accepted.",
		b.routedBound(observing(`{"level":"jwt","scopes":["repo:read"]}`, `["delegation"]`)).claiming("/intent", `{"delegation_chain":`+quote(shortHash("patcher"))+`}`, "/scope", `"repo:read"`))
	b.reject("warning-before-enforced", "A chain that is observed before a scope that is enforced stands among the warnings.", e, "workflow_scope_insufficient",
		set("payload", "", mustReplace(mustReplace(e.scene.token.payload, "/intent/delegation_chain", quote(chainShort)), "/scope", `"repo:list"`)),
		status(403), decides(vectors.Decision{Route: "r", Warnings: []string{"delegation_chain_not_self"}}))
	free := b.accept("not-observing-held", "A route that observes nothing accepts a good request.", b.routedBound(routeText("r", `{"path":"/**"}`, "")))
	b.reject("not-observing", "A route that observes nothing enforces.", free, "workflow_step_missing", addSteps(), status(403), kills("observe-forever"))
}

// addSteps makes the route ask for a step, which the token does not name.
func addSteps() edit {
	return set("policy", "/routes/0/require", `{"level":"jwt","steps":["vuln-patching/plan"]}`)
}

func mustReplace(text, pointer, to string) string {
	changed, _ := replace(text, pointer, &to)
	return changed
}

func twoIssuers(route string) string {
	return policyDoc(list(route), issuerText(issuerID, "draft-00", []string{"ES256"}, serverKeys("ES256")),
		issuerText(otherID, "draft-00", []string{"ES256"}, jwks(testKey("p256-b").entry("other-1", "ES256"))))
}

// observedAt is a proven request at a time, with token and proof of that time.
func (b *builder) observedAt(t int64, require, stages string) scene {
	s := b.routedBound(observing(require, stages)).claiming("/iat", num(t-10), "/exp", num(t+290)).with(at(t))
	return s.with(set("proof.payload", "/iat", num(t-2)))
}
