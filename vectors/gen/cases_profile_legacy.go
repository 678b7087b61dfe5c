package main

import (
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// The profiles patchet and plain, the levels that profiles can get, and act.

// manyScopes is an array of n scope-tokens.
func manyScopes(n int) string {
	var list []string
	for i := range n {
		list = append(list, "scope:"+num(int64(i)))
	}
	return quoteAll(list)
}

func profilePatchet(b *builder) {
	b.refs = []string{refProfiles, "profile, section 16.5"}
	t := b.accept("step-object", "patchet takes a workflow_step that is an object; its step_id is the step.", b.of("patchet").claiming("/jti", b.name()),
		decides(decision("jwt", "vuln-patching", "step_3_patch", "0123456789abcdef")), kills("profile-patchet-as-draft-00"))
	b.near("step-string", "patchet takes a workflow_step that is a string.", t, set("payload", "/intent/workflow_step", `"step_3_patch"`),
		decides(decision("jwt", "vuln-patching", "step_3_patch", "0123456789abcdef")))
	b.near("step-id-alone", "Of a step's object only step_id counts.", t, set("payload", "/intent/workflow_step", `{"step_id":"step_3_patch"}`),
		decides(decision("jwt", "vuln-patching", "step_3_patch", "0123456789abcdef")))
	b.near("step-members-ignored", "Other members of a step's object may be anything.", t, set("payload", "/intent/workflow_step", `{"agent_id":7,"tool_name":null,"step_id":"step_3_patch","x":{"step_id":"plan"}}`),
		decides(decision("jwt", "vuln-patching", "step_3_patch", "0123456789abcdef")))
	b.near("checksum-prefixed", "patchet takes a checksum with its prefix as well.", t, set("payload", "/agent_proof", agentProof))
	b.near("jkt", "patchet takes cnf.jkt as well.", t, set("payload", "/cnf", jkt("agent-p256-a")))
	b.near("typ-absent", "patchet reads an absent typ as JWT.", t, drop("header", "/typ"), kills("typ-optional-in-draft-00-alone"))
	b.near("hashes-long", "patchet takes hashes in the long form.", t, set("payload", "/intent/delegation_chain", quote(chainLong)))
	b.near("sequence-short", "patchet takes hashes of 16 characters.", t, set("payload", "/intent/delegation_chain", quote(chainShort)), kills("profile-lax-as-hardened"))
	step := func(slug, title, text string, faults ...string) row {
		return payload(slug, title, "claim_intent_workflow_invalid", "/intent/workflow_step", text, level("PROFILE"), kills(faults...))
	}
	b.rejects(t, []row{
		step("step-id-missing", "A step's object has a step_id.", `{"agent_id":"patcher","tool_name":"create_pull_request"}`, "intent-ids-unchecked"),
		step("step-empty", "A step's object is not empty.", `{}`, "intent-ids-unchecked"),
		step("step-id-number", "step_id is a string.", `{"step_id":3}`, "intent-ids-unchecked"),
		step("step-id-object", "step_id is no object in turn.", `{"step_id":{"step_id":"step_3_patch"}}`, "intent-ids-unchecked"),
		step("step-id-slash", "step_id has no slash.", `{"step_id":"vuln-patching/step_3_patch"}`, "intent-ids-unchecked"),
		step("step-id-other-case", "Step_Id is not step_id.", `{"Step_Id":"step_3_patch"}`, "members-case-insensitive"),
		step("step-list", "A step is no list of objects.", `[{"step_id":"step_3_patch"}]`, "intent-ids-unchecked"),
		step("step-null", "A step is not null where a workflow is named.", `null`, "patchet-null-step-alone", "intent-ids-unchecked"),
		payload("workflow-null", "A workflow is not null where a step is named.", "claim_intent_workflow_invalid", "/intent/workflow_id", "null", level("PROFILE"), kills("intent-ids-unchecked")),
		payload("workflow-object", "A workflow is a string; only steps may be objects.", "claim_intent_workflow_invalid", "/intent/workflow_id", `{"workflow_id":"vuln-patching"}`, level("PROFILE"), kills("intent-ids-unchecked")),
		payload("chain-list", "patchet has no chains that are lists.", "claim_intent_chain_invalid", "/intent/delegation_chain", clearChain, level("PROFILE"), kills("profile-guessed-from-chain")),
		payload("chain-form", "That the prototype's hashes cannot be computed again does not free them of their form.", "claim_intent_chain_invalid", "/intent/delegation_chain", `"0123456789abcde"`, level("PROFILE"), kills("hash-form-unchecked")),
		payload("checksum-upper-case", "A bare checksum is in lower case.", "claim_agent_proof_checksum_invalid", "/agent_proof/agent_checksum", quote(strings.ToUpper(hexA)), kills("checksum-form-unchecked")),
		payload("executed-by-other", "executed_by equals sub in patchet too.", "claim_intent_executed_by_mismatch", "/intent/executed_by", `"planner"`, kills("executed-by-ignored")),
		payload("jti-missing", "patchet needs a jti.", "claim_jti_invalid", "/jti", "null", kills("jti-form-unchecked")),
	})
	null := b.accept("no-workflow", "patchet writes null for an absent workflow.", t.scene.claiming("/intent", `{"workflow_id":null,"workflow_step":null,"executed_by":"patcher","delegation_chain":`+quote(shortHash("patcher"))+`,"step_sequence_hash":`+quote(shortHash())+`}`),
		decides(decision("jwt", "", "", shortHash("patcher"))), kills("patchet-null-step-refused"))
	b.reject("no-workflow-other-chain", "Without a workflow the prototype's hash is of plain ids, so it can be compared.", null, "delegation_chain_not_self",
		set("payload", "/intent/delegation_chain", quote(chainShort)), kills("chain-self-ignored"))
	b.reject("null-as-draft-00", "In draft-00 null stands for nothing.", null, "claim_intent_workflow_invalid", setProfile("draft-00"), level("PROFILE"))
	dpop := b.of("hardened").claiming("/jti", b.name(), "/agent_proof", bareProof)
	dpop.scheme = "Bearer"
	long := b.accept("dpop-as-draft-00", "A proof by DPoP is one of draft-00.", dpop.with(setProfile("draft-00")))
	b.reject("dpop", "patchet takes no proof by DPoP: the prototype's own is the only one.", long, "proof_method_profile", setProfile("patchet"), level("PROFILE"))
}

func profilePatchetScope(b *builder) {
	b.refs = []string{refProfiles, "RFC 6749, section 3.3"}
	scoped := `[{"id":"any","match":{"path":"/**"},"require":{"level":"jwt","proof":"optional","scopes":["repo:read","repo:write"]}}]`
	s := b.of("patchet").claiming("/jti", b.name(), "/scope", `["repo:write","repo:read"]`).under(es256Policy("patchet", "", scoped))
	t := b.accept("array", "patchet takes a scope that is an array of scope-tokens.", s, kills("profile-patchet-as-draft-00"))
	b.near("string", "patchet takes a scope that is a string.", t, set("payload", "/scope", `"repo:read repo:write"`))
	b.near("repeats", "Entries that stand twice count once.", t, set("payload", "/scope", `["repo:read","repo:write","repo:read"]`))
	b.near("one-of-each-kind", "An entry may hold every character of a scope-token.", t, set("payload", "/scope", `["repo:read","repo:write","!#[]~"]`))
	scope := func(slug, title, code, text string, faults ...string) row {
		return payload(slug, title, code, "/scope", text, level("PROFILE"), kills(faults...))
	}
	b.rejects(t, []row{
		scope("empty-array", "A scope array has at least one entry.", "claim_scope_invalid", `[]`, "patchet-scope-empty-array", "scope-lax"),
		scope("empty-entry", "An entry is not the empty string.", "claim_scope_invalid", `["repo:read","","repo:write"]`, "scope-lax"),
		scope("entry-with-space", "An entry is one scope-token: a space would make it two.", "claim_scope_invalid", `["repo:read repo:write"]`, "patchet-scope-entries-joined"),
		scope("entry-of-space", "An entry is no space.", "claim_scope_invalid", `["repo:read"," ","repo:write"]`, "scope-lax"),
		scope("entry-number", "An entry is a string.", "claim_scope_invalid", `["repo:read","repo:write",7]`, "scope-lax"),
		scope("entry-null", "An entry is not null.", "claim_scope_invalid", `["repo:read","repo:write",null]`, "scope-lax"),
		scope("entry-list", "An entry is no list.", "claim_scope_invalid", `["repo:read",["repo:write"]]`, "scope-lax"),
		scope("entry-quote", "An entry has no quotation mark.", "claim_scope_invalid", `["repo:read","repo:write","a\"b"]`, "scope-lax"),
		scope("entry-line-end", "An entry has no line end.", "claim_scope_invalid", `["repo:read\nrepo:write"]`, "scope-lax"),
		scope("object", "A scope is no object.", "claim_scope_invalid", `{"repo:read":true,"repo:write":true}`, "scope-lax"),
		scope("insufficient", "The route's scopes are all among the entries.", "workflow_scope_insufficient", `["repo:read"]`, "scope-unchecked"),
		scope("prefix", "An entry is compared whole.", "workflow_scope_insufficient", `["repo:read","repo:write:all"]`),
		{"as-draft-00", "draft-00 takes no scope that is an array.", "claim_scope_invalid", setProfile("draft-00"), []option{level("PROFILE"), kills("scope-array-accepted")}},
		{"absent", "patchet needs a scope.", "claim_scope_missing", drop("payload", "/scope"), []option{kills("claim-scope-optional")}},
	})
	full := b.accept("64", "A scope array has at most 64 scope-tokens.", b.of("patchet").claiming("/jti", b.name(), "/scope", manyScopes(64)))
	b.rejects(full, []row{scope("65", "A scope array with one scope-token more is refused.", "claim_scope_too_many", manyScopes(65), "scope-unlimited")})
}

func profilePlain(b *builder) {
	b.refs = []string{refProfiles, "RFC 9068, section 2.2"}
	t := b.accept("bare", "plain takes a token without scope and jti.", b.of("plain").claiming("/nbf", num(now-10)), kills("profile-plain-as-draft-00"))
	b.near("jti", "plain takes a token with a jti.", t, set("payload", "/jti", b.name()))
	b.near("scope", "plain takes a token with a scope.", t, set("payload", "/scope", `"repo:read"`))
	b.near("at-jwt", "plain takes the typ of RFC 9068.", t, set("header", "/typ", `"at+jwt"`))
	b.near("typ-absent", "plain reads an absent typ as JWT.", t, drop("header", "/typ"), kills("typ-optional-in-draft-00-alone"))
	b.near("user", "sub of plain may be anyone.", t, set("payload", "/sub", `"Jane Doe <jane@example.org>"`))
	for _, c := range []struct{ slug, what, path, text string }{
		{"intent-null", "an intent of null", "/intent", "null"},
		{"intent-list", "an intent that is a list", "/intent", `["patch"]`},
		{"intent-half", "an intent with half a workflow", "/intent", `{"workflow_id":"vuln-patching"}`},
		{"intent-other-agent", "an intent that names another agent", "/intent", `{"executed_by":"planner"}`},
		{"intent-other-chain", "an intent with the chain of another agent", "/intent", `{"delegation_chain":` + quote(chainLong) + `}`},
		{"agent-proof-null", "an agent_proof of null", "/agent_proof", "null"},
		{"agent-proof-empty", "an empty agent_proof", "/agent_proof", "{}"},
	} {
		b.near(c.slug, "plain does not read "+c.what+".", t, set("payload", c.path, c.text), decides(decision("jwt", "", "", "")), kills("plain-agent-claims-read"))
	}
	claim := func(slug, title, code, path, text string, faults ...string) row {
		return payload(slug, title, code, path, text, level("PROFILE"), kills(faults...))
	}
	b.rejects(t, []row{
		claim("jti-empty", "A jti that is there is not the empty string.", "claim_jti_invalid", "/jti", `""`, "plain-jti-unchecked", "jti-form-unchecked"),
		claim("jti-number", "A jti that is there is a string.", "claim_jti_invalid", "/jti", "7", "plain-jti-unchecked"),
		claim("jti-null", "A jti of null is not an absent one.", "claim_jti_invalid", "/jti", "null", "plain-jti-unchecked"),
		claim("jti-257", "A jti has at most 256 bytes.", "claim_jti_invalid", "/jti", text("j", 257), "plain-jti-unchecked"),
		claim("scope-empty", "A scope that is there is not the empty string.", "claim_scope_invalid", "/scope", `""`, "scope-lax"),
		claim("scope-null", "A scope of null is not an absent one.", "claim_scope_invalid", "/scope", "null", "plain-scope-unchecked"),
		claim("scope-array", "plain takes no scope that is an array.", "claim_scope_invalid", "/scope", `["repo:read"]`, "scope-array-accepted", "plain-scope-unchecked"),
		claim("scope-many", "A scope has at most 64 scope-tokens.", "claim_scope_too_many", "/scope", quote(strings.Trim(strings.ReplaceAll(strings.NewReplacer(`"`, "", ",", " ").Replace(manyScopes(65)), "  ", " "), "[]")), "scope-unlimited"),
		claim("cnf-unsupported", "plain reads cnf: an unknown binding is not dropped.", "claim_cnf_unsupported", "/cnf", `{"x5t#S256":"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}`, "cnf-unknown-dropped", "plain-cnf-ignored"),
		claim("cnf-null", "A cnf of null is not an absent one.", "claim_cnf_invalid", "/cnf", "null", "plain-cnf-ignored", "cnf-form-unchecked"),
		claim("sub-empty", "sub of plain is not the empty string.", "claim_sub_invalid", "/sub", `""`, "sub-form-unchecked"),
		{"sub-missing", "plain needs a sub.", "claim_sub_missing", drop("payload", "/sub"), []option{kills("claim-sub-optional")}},
		{"iat-missing", "plain needs an iat: without it the token's life has no bound.", "claim_iat_missing", drop("payload", "/iat"), []option{level("PROFILE"), kills("claim-iat-optional")}},
		{"exp-missing", "plain needs an exp.", "claim_exp_missing", drop("payload", "/exp"), []option{kills("claim-exp-optional")}},
		{"aud-missing", "plain needs an aud.", "claim_aud_missing", drop("payload", "/aud"), []option{kills("claim-aud-optional")}},
		{"expired", "A token of plain expires.", "claim_exp_expired", at(now + 330), []option{kills("skip-exp")}},
		{"jti-as-draft-00", "The same token under draft-00 lacks its jti.", "claim_jti_missing", setProfile("draft-00"), []option{level("PROFILE"), kills("profile-guessed-without-scope", "claim-jti-optional")}},
	})
}

func profilePlainRoutes(b *builder) {
	b.refs = []string{refProfiles, "profile, section 10"}
	require := func(members string) string {
		return `[{"id":"any","match":{"path":"/repos/{owner}/{repo}"},"require":{"level":"jwt"` + members + `}}]`
	}
	bare := b.of("plain").claiming("/nbf", num(now-11))
	scope := b.accept("scope", "A scope of plain is held against the route's.", bare.under(es256Policy("plain", "", require(`,"proof":"optional","scopes":["repo:read"]`))).claiming("/scope", `"repo:read"`))
	b.reject("scope-absent", "A token without scope has none of the route's.", scope, "workflow_scope_insufficient", drop("payload", "/scope"), kills("scope-unchecked"))
	agent := b.accept("agent", "A route that names agents takes a token of plain whose sub is one of them.", bare.under(es256Policy("plain", "", require(`,"proof":"optional","agents":["patcher"]`))))
	b.reject("agent-other", "Another sub is refused.", agent, "workflow_agent_not_allowed", set("payload", "/sub", `"planner"`))
	stepped := b.accept("step-as-draft-00", "A token of draft-00 has the step that the route names.",
		b.bearer().claiming("/intent", intent).under(es256Policy("draft-00", "", require(`,"proof":"optional","steps":["vuln-patching/step_3_patch"]`))))
	b.reject("step", "plain does not read intent, so a route that names steps refuses it.", stepped, "workflow_step_missing", setProfile("plain"), level("PROFILE"), kills("plain-agent-claims-read"))
	context := b.accept("bind-as-draft-00", "A token of draft-00 has the context that the route binds.",
		b.bearer().claiming("/intent", `{"execution_context":{"repository":"acme/app"}}`).under(es256Policy("draft-00", "", strings.Replace(require(`,"proof":"optional"`), "}}]", `},"bind":{"repository":"{owner}/{repo}"}}]`, 1))))
	b.reject("bind", "plain does not read execution_context, so a route with bind refuses it.", context, "workflow_context_missing", setProfile("plain"), level("PROFILE"), kills("plain-agent-claims-read"))
	proven := b.proven().under(es256Policy("plain", "", require("")))
	dpop := b.accept("proven", "plain takes a proof under the DPoP scheme.", proven, decides(vectors.Decision{Level: "jwt+pop"}))
	proven.scheme = "Bearer"
	bearer := b.accept("proven-bearer", "plain takes a proof under the Bearer scheme.", proven, decides(vectors.Decision{Level: "jwt+pop"}), kills("scheme-bearer-in-draft-00-alone"))
	b.reject("proof-missing", "plain needs a proof where the route asks for one.", bearer, "proof_header_missing", drop("request", "/headers/1"), kills("missing-proof-accepted"))
	b.reject("cnf-missing", "plain needs a cnf where the route asks for a proof.", dpop, "proof_cnf_missing", drop("payload", "/cnf"), kills("unbound-proof-ignored"))
	b.reject("other-key", "A proof of plain is by the key that the token binds.", dpop, "proof_binding_mismatch", set("payload", "/cnf", jkt("agent-p256-b")), threats("T2"), kills("binding-ignored", "plain-cnf-ignored"))
	b.accept("bound-bearer", "plain takes a bound token without a proof where the route says optional.", b.bound().under(es256Policy("plain", "", require(`,"proof":"optional"`))),
		decides(vectors.Decision{Level: "jwt"}), kills("level-proof-always"))
	two := func(profile string) string {
		return policyDoc(anyBearer, issuerText(issuerID, profile, []string{"ES256"}, serverKeys("ES256")),
			issuerText(otherID, "plain", []string{"ES256"}, jwks(testKey("p256-b").entry("es256-1", "ES256"))))
	}
	mixed := b.accept("beside-draft-00", "A token without jti is taken of the issuer whose profile is plain.",
		bare.under(two("draft-00")).claiming("/iss", quote(otherID)).signedBy("p256-b", "ES256"),
		decides(vectors.Decision{Issuer: otherID, Level: "jwt"}))
	b.reject("beside-draft-00-other", "The other issuer of the same policy has no such exception.", mixed, "claim_jti_missing",
		set("payload", "/iss", quote(issuerID)).signed("p256-a", "ES256"), level("PROFILE"))
}

// profileLevels: what a policy may ask of the profiles that reach a route.
func profileLevels(b *builder) {
	b.refs = []string{refProfiles, refRoutes}
	profile := func(p string) string { return strings.Replace(mark(smallPolicy, "levels-"+p), "draft-00", p, 1) }
	silent := func(p string) string {
		return strings.Replace(strings.Replace(profile(p), `,"require":{"level":"jwt"}`, "", 1), "levels-", "silent-", 1)
	}
	for _, p := range []string{"hardened", "draft-00", "paper", "auth51", "patchet", "plain"} {
		t := policyTwin(b, p, "A policy with an issuer of profile "+p+" loads.", profile(p))
		policyTwin(b, p+"-silent", "A route that an issuer of profile "+p+" alone reaches need not say its level.", silent(p))
		for _, l := range []string{"agent", "ajwt"} {
			edit := inText("/routes/0/require/level", quote(l))
			if p == "plain" || p == "patchet" && l == "ajwt" {
				fails(b, t, p+"-"+l, "An issuer of profile "+p+" cannot reach a route of level "+l+".", "policy_member_conflict", edit, "/routes/0/require/level")
			} else {
				loads(b, t, p+"-"+l, "An issuer of profile "+p+" may reach a route of level "+l+".", edit)
			}
		}
		single := inText("/routes/0/require/single_use", "true")
		if p == "plain" {
			fails(b, t, p+"-single-use", "A token of plain may have no jti, so no route that it reaches asks for single use.", "policy_member_conflict", single, "/routes/0/require/single_use")
		} else {
			loads(b, t, p+"-single-use", "A route that an issuer of profile "+p+" reaches may ask for single use.", single)
		}
		if p != "hardened" {
			loads(b, t, p+"-optional", "An issuer of profile "+p+" may reach a route with an optional proof.", inText("/routes/0/require/proof", `"optional"`))
			loads(b, t, p+"-outage", "With an issuer of profile "+p+" alone an outage of the replay memory may be allowed.", inText("/replay", `{"on_outage":"allow"}`))
			two := policyTwin(b, p+"-beside-hardened", "With an issuer of profile "+p+" beside one of hardened a route that says its level loads.", withMember(profile(p), "/issuers/-", hardenedToo))
			fails(b, two, p+"-beside-hardened-silent", "With an issuer of profile "+p+" beside one of hardened the level must be written.", "policy_member_missing",
				outOf("/routes/0/require"), "/routes/0/require/level")
		}
	}
	apart := policyTwin(b, "plain-apart", "A route of level ajwt that plain cannot reach loads beside an issuer of plain.",
		withMember(withMember(profile("plain"), "/issuers/-", hardenedToo), "/routes/0/require", `{"level":"ajwt","issuers":["https://strict.example"]}`))
	fails(b, apart, "plain-among", "The same route that names the issuer of plain too contradicts itself.", "policy_member_conflict",
		inText("/routes/0/require/issuers/-", `"https://as.example"`), "/routes/0/require/level")
	t := policyTwin(b, "known", "A policy names a profile that there is.", profile("plain"+"")+" ")
	for _, name := range []string{"Plain", "draft-01", "oauth", "hardened "} {
		fails(b, t, "unknown-"+strings.Trim(strings.ToLower(name), " ")+num(int64(len(name))), "There is no profile "+quote(name)+".", "policy_member_value", inText("/issuers/0/profile", quote(name)), "/issuers/0/profile")
	}
}

// claimsAct: act is reported and decides nothing.
func claimsAct(b *builder) {
	b.refs = []string{"RFC 8693, section 4.1", "profile, section 5"}
	acting := func(sub string) option {
		return decides(vectors.Decision{Level: "jwt", Issuer: issuerID, Agent: "patcher", Act: sub})
	}
	t := b.accept("actor", "The current actor is reported.", b.bearer().claiming("/act", `{"sub":"planner"}`), acting("planner"), kills("act-not-reported", "act-refused", "act-as-agent"))
	b.near("nested", "Of several actors the outermost is the current one.", t, set("payload", "/act", `{"sub":"planner","act":{"sub":"supervisor","act":{"sub":"user-7"}}}`), acting("planner"), kills("act-innermost-reported"))
	b.near("other-members", "Other members of act are ignored.", t, set("payload", "/act", `{"iss":"https://other.example","sub":"planner","aud":[]}`), acting("planner"))
	b.near("256-bytes", "An actor of 256 bytes is reported.", t, set("payload", "/act", `{"sub":`+text("a", 256)+`}`), acting(strings.Repeat("a", 256)))
	b.near("text", "An actor need not be an agent id.", t, set("payload", "/act/sub", `"Jane Doe, é"`), acting("Jane Doe, é"))
	for _, c := range []struct{ slug, what, value string }{
		{"257-bytes", "of 257 bytes", `{"sub":` + text("a", 257) + `}`},
		{"control", "with a line end", `{"sub":"plan\nner"}`},
		{"empty", "that is empty", `{"sub":""}`},
		{"number", "that is a number", `{"sub":7}`},
		{"without-sub", "without sub", `{"client_id":"planner"}`},
		{"string", "that is a string", `"planner"`},
		{"null", "of null", "null"},
		{"list", "that is a list", `[{"sub":"planner"}]`},
		{"inner-alone", "whose sub stands further in", `{"act":{"sub":"planner"}}`},
	} {
		b.near(c.slug, "An act "+c.what+" changes nothing and is not reported.", t, set("payload", "/act", c.value), kills("act-refused"))
	}
	b.near("proven", "act does not stand for the chain: what is reported beside it is intent's.", t, set("payload", "/intent", intent),
		decides(vectors.Decision{Level: "jwt", Agent: "patcher", Act: "planner", Workflow: "vuln-patching", Step: "step_3_patch", ChainHash: chainShort}))
	routed := b.accept("agent", "A route that names agents compares sub.",
		b.bearer().claiming("/act", `{"sub":"supervisor"}`).under(es256Policy("draft-00", "", strings.Replace(anyBearer, `"proof"`, `"agents":["patcher"],"proof"`, 1))))
	b.reject("agent-other", "That an admitted agent acts does not make the token that agent's.", routed, "workflow_agent_not_allowed",
		set("policy", "/routes/0/require/agents/0", `"supervisor"`), threats("T7"), kills("act-counts-as-agent"))
	chain := b.accept("chain-absent", "A token with act and without a workflow needs no chain.", b.bearer().claiming("/act", `{"sub":"planner"}`, "/intent", "{}"))
	b.reject("chain-of-act", "act is not read as the chain: without a workflow that is the agent alone.", chain, "delegation_chain_not_self",
		set("payload", "/intent", `{"delegation_chain":`+quote(shortHash("planner", "patcher"))+`}`), threats("T11"), kills("chain-self-ignored"))
}
