package main

import (
	"fmt"
	"strings"
)

// What the profiles paper, auth51, patchet and plain except (profile, section 15), and
// each profile's token under every other one.

var profileTopics = []topic{
	{"profile", "confusion", profileConfusion},
	{"profile", "paper", profilePaper},
	{"profile", "paper-chain", profilePaperChain},
	{"profile", "auth51", profileAuth51},
	{"profile", "patchet", profilePatchet},
	{"profile", "patchet-scope", profilePatchetScope},
	{"profile", "plain", profilePlain},
	{"profile", "plain-routes", profilePlainRoutes},
	{"profile", "levels", profileLevels},
	{"profile", "bundle", profileBundle},
	{"claims", "act", claimsAct},
}

// chained is the intent of a token of paper; chain is JSON text.
func chained(chain string) string {
	return `{"workflow_id":"vuln-patching","workflow_step":"step_3_patch","executed_by":"patcher","initiated_by":"user-7",` +
		`"delegation_chain":` + chain + `,"step_sequence_hash":` + quote(stepsShort) + `}`
}

// clearChain is the chain of the profile's table as paper writes it.
const clearChain = `["supervisor","planner","patcher"]`

// delegators is a chain of paper as a list of objects.
func delegators(ids ...string) string {
	var list []string
	for _, id := range ids {
		list = append(list, `{"delegated_by":`+quote(id)+`,"delegated_at":1767225590,"purpose":"patch","permissions":["repo:write"]}`)
	}
	return "[" + strings.Join(list, ",") + "]"
}

// stepped is the intent of a token of patchet: the step is an object with step_id,
// agent_id and tool_name.
var stepped = `{"workflow_id":"vuln-patching","workflow_step":{"step_id":"step_3_patch","agent_id":"patcher","tool_name":"create_pull_request"},"executed_by":"patcher",` +
	`"delegation_chain":"0123456789abcdef","step_sequence_hash":"fedcba9876543210"}`

// bareProof is an agent_proof whose checksum lacks its prefix.
const bareProof = `{"agent_checksum":"` + hexA + `","registration_id":"reg_patcher_2"}`

// of returns the token that is typical of a profile, under that profile, on a route of
// level jwt that needs a proof where the token comes with one.
func (b *builder) of(profile string) scene {
	proven := func(scheme string) scene {
		s := b.profiled(profile, "").claiming("/jti", quote("typical-"+profile))
		s.scheme = scheme
		return s
	}
	switch profile {
	case "hardened":
		return proven("DPoP").claiming("/intent", intent, "/intent/delegation_chain", quote(chainLong), "/intent/step_sequence_hash", quote(stepsLong), "/agent_proof", agentProof)
	case "draft-00":
		return proven("Bearer").claiming("/cnf", jwkOf("agent-p256-a"), "/intent", intent, "/agent_proof", bareProof)
	case "paper":
		return proven("Bearer").claiming("/intent", chained(clearChain), "/agent_proof", agentProof)
	case "auth51":
		return proven("Bearer").claiming("/intent", intent, "/agent_proof", agentProof)
	}
	s := b.bearer().under(es256Policy(profile, "", anyBearer)).claiming("/jti", quote("typical-"+profile))
	if profile == "patchet" {
		return s.claiming("/cnf", jwkOf("agent-p256-a"), "/intent", stepped, "/agent_proof", bareProof)
	}
	return s.with(drop("payload", "/jti"), drop("payload", "/scope"))
}

// profileConfusion: each profile's typical token under every profile. The profile is the
// policy's word, so a token that looks like another profile's gets none of its exceptions.
func profileConfusion(b *builder) {
	b.refs = []string{refProfiles, "RFC 8725, section 3.12"}
	chain, short, step := "claim_intent_chain_invalid", "claim_intent_hash_short", "claim_intent_workflow_invalid"
	names := []string{"hardened", "draft-00", "paper", "auth51", "patchet", "plain"}
	for _, m := range []struct {
		of    string
		codes [6]string // "": accept
	}{
		{"hardened", [6]string{"", "", chain, "", "proof_method_profile", ""}},
		{"draft-00", [6]string{short, "", chain, "claim_agent_proof_checksum_invalid", "proof_method_profile", ""}},
		{"paper", [6]string{chain, chain, "", chain, chain, ""}},
		{"auth51", [6]string{short, "", chain, "", "proof_method_profile", ""}},
		{"patchet", [6]string{step, step, step, step, "", ""}},
		{"plain", [6]string{"claim_jti_missing", "claim_jti_missing", "claim_jti_missing", "claim_jti_missing", "claim_jti_missing", ""}},
	} {
		t := b.accept(m.of+"-as-"+m.of, "A token of "+m.of+" is accepted under its own profile.", b.of(m.of))
		for i, under := range names {
			slug, title := m.of+"-as-"+under, "A token of "+m.of+" under "+under
			change := setProfile(under)
			if under == "hardened" && t.scene.proof == nil {
				change = whole("policy", es256Policy(under, "", anyProof)) // hardened admits no optional proof
			}
			switch {
			case under == m.of:
			case m.codes[i] == "":
				b.near(slug, title+" has what that one asks for.", t, change)
			default:
				b.reject(slug, title+" is refused.", t, m.codes[i], change, level("PROFILE"), kills(confusionFaults[m.codes[i]]...))
			}
		}
	}
}

// confusionFaults are the seeded faults that a code of the matrix finds.
var confusionFaults = map[string][]string{
	"claim_jti_missing":                  {"claim-jti-optional"},
	"claim_agent_proof_checksum_invalid": {"bare-checksum-allowed"},
}

func profilePaper(b *builder) {
	b.refs = []string{refProfiles, refD00Token}
	t := b.accept("ids", "paper takes a chain of ids that ends with sub; the record has its long hash.", b.of("paper").claiming("/jti", b.name()),
		decides(decision("jwt+pop", "vuln-patching", "step_3_patch", chainLong)), kills("profile-paper-as-draft-00", "paper-chain-reversed", "paper-chain-unhashed"))
	b.near("objects", "paper takes a chain of objects: every delegated_by, then sub.", t, set("payload", "/intent/delegation_chain", delegators("supervisor", "planner")),
		decides(decision("jwt+pop", "vuln-patching", "step_3_patch", chainLong)), kills("paper-chain-sub-missing"))
	b.near("empty", "An empty chain of paper is the agent alone.", t, set("payload", "/intent/delegation_chain", "[]"),
		decides(decision("jwt+pop", "vuln-patching", "step_3_patch", longHash("patcher"))), kills("paper-chain-empty-refused"))
	b.near("self", "A chain of paper may be the agent alone.", t, set("payload", "/intent/delegation_chain", `["patcher"]`),
		decides(decision("jwt+pop", "vuln-patching", "step_3_patch", longHash("patcher"))))
	b.near("permissions", "Permissions, purpose and time of a delegation inform people; their form is not checked.", t,
		set("payload", "/intent/delegation_chain", `[{"delegated_by":"supervisor"},{"delegated_by":"planner","delegated_at":"yesterday","purpose":7,"permissions":{"all":true},"x":[]}]`),
		decides(decision("jwt+pop", "vuln-patching", "step_3_patch", chainLong)))
	b.near("long-sequence", "paper takes a long step_sequence_hash.", t, set("payload", "/intent/step_sequence_hash", quote(stepsLong)))
	b.near("jwk", "paper takes cnf.jwk beside its own jkt.", t, set("payload", "/cnf", jwkOf("agent-p256-a")))
	b.near("typ-absent", "paper reads an absent typ as JWT.", t, drop("header", "/typ"), kills("typ-optional-in-draft-00-alone"))
	dpop := t.scene
	dpop.scheme = "DPoP"
	b.accept("dpop-scheme", "paper takes a proof under the DPoP scheme too.", dpop)
	none := b.accept("no-workflow", "Without a workflow the chain of paper is the agent alone.", t.scene.claiming("/intent", `{"delegation_chain":["patcher"]}`))
	b.reject("no-workflow-other", "Without a workflow no chain of several agents is taken.", none, "delegation_chain_not_self",
		set("payload", "/intent/delegation_chain", `["planner","patcher"]`), kills("chain-self-ignored"))
	b.rejects(t, []row{
		payload("chain-missing", "An intent of paper that names a workflow has a chain.", "delegation_chain_missing", "/intent", strings.Replace(chained(clearChain), `"delegation_chain":`+clearChain+",", "", 1), kills("chain-optional")),
		payload("sequence-of-lists", "step_sequence_hash is a hash in paper too.", "claim_intent_sequence_invalid", "/intent/step_sequence_hash", `["step_1_analyze","step_2_plan","step_3_patch"]`, kills("hash-form-unchecked")),
		payload("bare-checksum", "paper takes no checksum without its prefix.", "claim_agent_proof_checksum_invalid", "/agent_proof/agent_checksum", quote(hexA), level("PROFILE"), kills("bare-checksum-allowed")),
	})
	b.reject("proof-missing", "paper needs a proof where the route says so.", t, "proof_header_missing", drop("request", "/headers/1"), kills("missing-proof-accepted"))
	scheme := b.accept("scheme-bearer", "paper takes a bound token under Bearer, which hardened does not.", t.scene.claiming("/intent/delegation_chain", delegators("supervisor")), kills("scheme-bearer-in-draft-00-alone"))
	b.reject("optional-bound", "paper takes a bound token without its proof only where the route says optional.", scheme, "proof_header_missing", drop("request", "/headers/1"), kills("missing-proof-accepted"))
}

// profilePaperChain: chains of paper that are none.
func profilePaperChain(b *builder) {
	b.refs = []string{refProfiles, "profile, section 5"}
	t := b.accept("ids", "A chain of ids is accepted.", b.of("paper").claiming("/jti", b.name()))
	o := b.accept("objects", "A chain of objects is accepted.", t.scene.claiming("/intent/delegation_chain", delegators("supervisor", "planner")))
	chain := func(slug, title, code, text string, faults ...string) row {
		return payload(slug, title, code, "/intent/delegation_chain", text, level("PROFILE"), kills(faults...))
	}
	b.rejects(t, []row{
		chain("short-hash", "paper has no chains that are hashes, of 16 characters", "claim_intent_chain_invalid", quote(chainShort), "paper-chain-hash-accepted", "hash-form-unchecked"),
		chain("long-hash", "paper has no chains that are hashes, in the long form either.", "claim_intent_chain_invalid", quote(chainLong), "paper-chain-hash-accepted"),
		chain("joined", "A chain is a list and not its ids in one string.", "claim_intent_chain_invalid", `"supervisor|planner|patcher"`, "hash-form-unchecked"),
		chain("null", "A chain is not null.", "claim_intent_chain_invalid", "null", "hash-form-unchecked"),
		chain("object", "A chain is a list and not an object.", "claim_intent_chain_invalid", `{"delegated_by":"supervisor"}`, "hash-form-unchecked"),
		chain("number", "An entry of a chain is no number.", "claim_intent_chain_invalid", `["supervisor",7,"patcher"]`, "paper-chain-entries-unchecked"),
		chain("entry-null", "An entry of a chain is not null.", "claim_intent_chain_invalid", `[null,"patcher"]`, "paper-chain-entries-unchecked"),
		chain("entry-list", "A chain has no lists inside.", "claim_intent_chain_invalid", `["supervisor",["planner"],"patcher"]`, "paper-chain-entries-unchecked"),
		chain("entry-empty", "An entry of a chain is an agent id, so not empty.", "claim_intent_chain_invalid", `["","patcher"]`, "paper-chain-entries-unchecked"),
		chain("entry-with-bar", "A bar in an entry would make one agent look like two.", "claim_intent_chain_invalid", `["supervisor|planner","patcher"]`, "paper-chain-entries-unchecked"),
		chain("entry-129-bytes", "An agent id has at most 128 bytes.", "claim_intent_chain_invalid", "["+text("a", 129)+`,"patcher"]`, "paper-chain-entries-unchecked"),
		chain("mixed", "A chain has ids or objects, not both.", "claim_intent_chain_mixed", `["supervisor",{"delegated_by":"planner"},"patcher"]`, "paper-chain-mixed-accepted"),
		chain("objects-then-id", "A list of objects has no id at its end: sub stands for it.", "claim_intent_chain_mixed", `[{"delegated_by":"supervisor"},"patcher"]`, "paper-chain-mixed-accepted"),
		chain("repeated", "An agent stands once in a chain.", "claim_intent_chain_repeated", `["supervisor","planner","supervisor","patcher"]`, "paper-chain-repeats-accepted"),
		chain("sub-twice", "The agent that acts stands once in its chain.", "claim_intent_chain_repeated", `["patcher","planner","patcher"]`, "paper-chain-repeats-accepted"),
		chain("other-end", "A chain of ids ends with sub.", "claim_intent_chain_not_sub", `["supervisor","planner"]`, "paper-chain-end-unchecked"),
		chain("sub-first", "A chain has its originator first and sub last.", "claim_intent_chain_not_sub", `["patcher","planner","supervisor"]`, "paper-chain-end-unchecked"),
	})
	b.rejects(o, []row{
		chain("delegated-by-missing", "Each object of a chain says who delegated.", "claim_intent_chain_invalid", `[{"purpose":"patch"}]`, "paper-chain-entries-unchecked"),
		chain("delegated-by-number", "delegated_by is an agent id and no number.", "claim_intent_chain_invalid", `[{"delegated_by":7}]`, "paper-chain-entries-unchecked"),
		chain("delegated-by-list", "delegated_by is one agent id.", "claim_intent_chain_invalid", `[{"delegated_by":["supervisor"]}]`, "paper-chain-entries-unchecked"),
		chain("delegated-by-bar", "delegated_by is an agent id.", "claim_intent_chain_invalid", `[{"delegated_by":"supervisor|planner"}]`, "paper-chain-entries-unchecked"),
		chain("delegated-by-other-case", "Delegated_By is not delegated_by.", "claim_intent_chain_invalid", `[{"Delegated_By":"supervisor"}]`, "members-case-insensitive"),
		chain("delegated-by-sub", "The agent that acts did not delegate to itself.", "claim_intent_chain_repeated", delegators("supervisor", "patcher"), "paper-chain-repeats-accepted"),
		chain("delegated-by-twice", "An agent delegates once.", "claim_intent_chain_repeated", delegators("supervisor", "supervisor"), "paper-chain-repeats-accepted"),
	})
	ids := func(n int) []string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf("agent-%d", i))
		}
		return list
	}
	full := b.near("ids-16", "A chain of ids has at most 16 agents, sub included.", t, set("payload", "/intent/delegation_chain", quoteAll(append(ids(15), "patcher"))),
		decides(decision("jwt+pop", "vuln-patching", "step_3_patch", longHash(append(ids(15), "patcher")...))), kills("paper-chain-limit-exclusive"))
	b.rejects(full, []row{chain("ids-17", "A chain of ids with one agent more is refused.", "claim_intent_chain_too_long", quoteAll(append(ids(16), "patcher")), "paper-chain-unlimited")})
	fullObjects := b.near("objects-15", "A chain of objects has at most 15 delegators.", o, set("payload", "/intent/delegation_chain", delegators(ids(15)...)), kills("paper-chain-limit-exclusive"))
	b.rejects(fullObjects, []row{chain("objects-16", "A chain of objects with one delegator more is refused: sub counts.", "claim_intent_chain_too_long", delegators(ids(16)...), "paper-chain-unlimited", "paper-chain-limit-of-objects")})
	wide := b.accept("limit-3", "limits.chain is inclusive.", t.scene.under(strings.TrimSuffix(es256Policy("paper", "", anyProof), "}")+`,"limits":{"chain":3}}`), kills("paper-chain-limit-exclusive"))
	b.reject("limit-2", "A chain longer than limits.chain is refused.", wide, "claim_intent_chain_too_long", set("policy", "/limits/chain", "2"), level("PROFILE"), kills("paper-chain-unlimited"))
}

func profileAuth51(b *builder) {
	b.refs = []string{refProfiles, "profile, section 8"}
	proven := b.of("auth51").claiming("/jti", b.name()).under(es256Policy("auth51", "", anyBearer))
	t := b.accept("proven", "auth51 takes a bound token with a proof, under Bearer.", proven, decides(decision("jwt+pop", "vuln-patching", "step_3_patch", chainShort)), kills("scheme-bearer-in-draft-00-alone"))
	b.reject("bound-without-proof", "A token of auth51 with cnf needs a proof on every route, one with optional proof too.", t, "proof_header_missing",
		drop("request", "/headers/1"), level("PROFILE"), threats("T2"), kills("auth51-proof-optional", "missing-proof-accepted"))
	jwk := b.near("jwk", "auth51 takes cnf.jwk as well.", t, set("payload", "/cnf", jwkOf("agent-p256-a")), kills("auth51-jkt-alone"))
	b.reject("jwk-without-proof", "A token of auth51 with cnf.jwk needs a proof too.", jwk, "proof_header_missing", drop("request", "/headers/1"), level("PROFILE"), kills("auth51-proof-optional"))
	dpop := proven
	dpop.scheme = "DPoP"
	b.accept("dpop-scheme", "auth51 takes a proof under the DPoP scheme.", dpop)
	bearer := b.accept("bearer", "auth51 takes a token without cnf where the route says that a proof is optional.",
		b.bearer().under(es256Policy("auth51", "", anyBearer)).claiming("/intent", intent), decides(decision("jwt", "vuln-patching", "step_3_patch", chainShort)), kills("auth51-bearer-refused"))
	b.reject("bearer-required", "auth51 needs a cnf where the route asks for a proof.", bearer, "proof_cnf_missing", set("policy", "/routes/0/require/proof", `"required"`), kills("unbound-proof-ignored"))
	b.reject("cnf-unsupported", "A cnf that binds something else is not an absent one.", bearer, "claim_cnf_unsupported", set("payload", "/cnf", `{"kid":"agent-key"}`), kills("cnf-unknown-dropped"))
	b.reject("short-as-hardened", "auth51 takes the draft's short hashes, hardened does not.", t, "claim_intent_hash_short", whole("policy", es256Policy("hardened", "", anyProof)),
		level("PROFILE"), kills("short-hash-allowed"))
	b.near("long-hashes", "auth51 takes long hashes.", t, set("payload", "/intent", strings.NewReplacer(chainShort, chainLong, stepsShort, stepsLong).Replace(intent)))
	b.near("typ-absent", "auth51 reads an absent typ as JWT.", t, drop("header", "/typ"), kills("typ-optional-in-draft-00-alone"))
	b.near("short-hashes", "auth51 takes the draft's hashes of 16 characters.", t, set("payload", "/intent/initiated_by", `"user-7"`), kills("profile-lax-as-hardened"))
	b.rejects(t, []row{
		payload("bare-checksum", "auth51 takes no checksum without its prefix.", "claim_agent_proof_checksum_invalid", "/agent_proof/agent_checksum", quote(hexA), level("PROFILE"), kills("bare-checksum-allowed")),
		payload("scope-array", "auth51 takes no scope that is an array.", "claim_scope_invalid", "/scope", `["repo:read"]`, level("PROFILE"), kills("scope-array-accepted")),
		payload("chain-list", "auth51 takes no chain that is a list.", "claim_intent_chain_invalid", "/intent/delegation_chain", clearChain, level("PROFILE"), kills("profile-guessed-from-chain")),
		payload("step-object", "auth51 takes no step that is an object.", "claim_intent_workflow_invalid", "/intent/workflow_step", `{"step_id":"step_3_patch"}`, level("PROFILE"), kills("profile-guessed-from-step")),
	})
	b.reject("other-key", "A proof of auth51 is by the key that the token binds.", t, "proof_binding_mismatch", set("payload", "/cnf", jkt("agent-p256-b")), threats("T1"), kills("binding-ignored"))
}
