package main

import (
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

func decision(level, workflow, step, chain string) vectors.Decision {
	return vectors.Decision{Level: level, Issuer: issuerID, Agent: "patcher", Workflow: workflow, Step: step, ChainHash: chain}
}

const (
	hexA       = "5c1f4d1a9c0de5b3a7f6e2d4c8b0a1934e7f5d6c3b2a190807f6e5d4c3b2a190"
	agentProof = `{"agent_checksum":"sha256:` + hexA + `","registration_id":"reg_patcher_2"}`
)

// claimsAgentProof: the form of agent_proof wherever it stands. Comparing it with a
// registration needs the bundle.
func claimsAgentProof(b *builder) {
	b.refs = []string{refD00Token, refClaims}
	t := b.accept("both-members", "An agent_proof with checksum and registration is accepted.", b.bearer().claiming("/agent_proof", agentProof))
	b.accept("absent", "A token without agent_proof is accepted on a route of level jwt.", b.bearer())
	b.rejects(t, []row{
		payload("null", "The agent_proof is null.", "claim_agent_proof_invalid", "/agent_proof", "null"),
		payload("string", "The agent_proof is a string.", "claim_agent_proof_invalid", "/agent_proof", `"sha256:`+hexA+`"`),
		payload("array", "The agent_proof is an array.", "claim_agent_proof_invalid", "/agent_proof", "["+agentProof+"]"),
		payload("number", "The agent_proof is a number.", "claim_agent_proof_invalid", "/agent_proof", "1"),
		{"checksum-missing", "The agent_proof has no agent_checksum.", "claim_agent_proof_checksum_invalid", drop("payload", "/agent_proof/agent_checksum"), nil},
		{"registration-missing", "The agent_proof has no registration_id.", "claim_agent_proof_registration_invalid", drop("payload", "/agent_proof/registration_id"), nil},
	})
	const sum = "/agent_proof/agent_checksum"
	for _, c := range []struct{ slug, what, text string }{
		{"null", "is null", "null"},
		{"number", "is a number", "1"},
		{"array", "is an array", `["sha256:` + hexA + `"]`},
		{"empty", "is the empty string", `""`},
		{"prefix-alone", "is the prefix alone", `"sha256:"`},
		{"63", "has 63 hexadecimal characters", `"sha256:` + hexA[:63] + `"`},
		{"65", "has 65 hexadecimal characters", `"sha256:` + hexA + `0"`},
		{"16", "has 16 hexadecimal characters, as only a sequence hash may", `"sha256:` + hexA[:16] + `"`},
		{"upper-case", "is in upper case", `"sha256:` + strings.ToUpper(hexA) + `"`},
		{"not-hexadecimal", "holds a character that is not hexadecimal", `"sha256:` + hexA[:63] + `g"`},
		{"prefix-upper-case", "has its prefix in upper case", `"SHA256:` + hexA + `"`},
		{"prefix-with-hyphen", "has the prefix sha-256:", `"sha-256:` + hexA + `"`},
		{"prefix-equals-sign", "has the prefix sha256=", `"sha256=` + hexA + `"`},
		{"prefix-twice", "has its prefix twice", `"sha256:sha256:` + hexA + `"`},
		{"other-algorithm", "has the prefix of another hash", `"sha512:` + hexA + `"`},
		{"leading-blank", "begins with a blank", `" sha256:` + hexA + `"`},
		{"trailing-line-feed", "ends with a line feed", `"sha256:` + hexA + `\n"`},
		{"bare-63", "is bare and has 63 characters", `"` + hexA[:63] + `"`},
		{"bare-upper-case", "is bare and in upper case", `"` + strings.ToUpper(hexA) + `"`},
	} {
		b.reject("checksum-"+c.slug, "The agent_checksum "+c.what+".", t, "claim_agent_proof_checksum_invalid", set("payload", sum, c.text), kills("checksum-form-unchecked"))
	}
	const registration = "/agent_proof/registration_id"
	for _, c := range []struct{ slug, what, text string }{
		{"null", "is null", "null"},
		{"number", "is a number", "2"},
		{"object", "is an object", "{}"},
		{"empty", "is the empty string", `""`},
		{"129-bytes", "has 129 bytes", text("r", 129)},
		{"bar", "holds a bar", `"reg|2"`},
		{"blank", "holds a blank", `"reg 2"`},
		{"unicode", "holds a letter outside ASCII", `"rég_2"`},
		{"nul", "holds a NUL", `"reg_2\u0000"`},
	} {
		b.reject("registration-"+c.slug, "The registration_id "+c.what+".", t, "claim_agent_proof_registration_invalid", set("payload", registration, c.text), kills("registration-form-unchecked"))
	}
	b.nears(t, []accepted{
		payloadNear("registration-128-bytes", "A registration_id of 128 bytes is accepted.", registration, text("r", 128)),
		payloadNear("registration-every-character", "A registration_id may hold letters, digits and the characters . _ : @ / and -.", registration, `"AZaz09._:@/-"`),
		payloadNear("checksum-bare", "Under draft-00 a checksum of 64 bare characters reads as one with its prefix.", sum, quote(hexA)),
		payloadNear("unknown-member", "An unknown member of agent_proof is ignored.", "/agent_proof/agent_name", "1"),
		payloadNear("other-case", "Members whose names differ by case from known ones are unknown.", "/agent_proof/Agent_Checksum", "1", kills("members-case-insensitive")),
	})
	claimsShim(b, t)
}

func claimsShim(b *builder, t twin) {
	b.refs = []string{refClaims}
	const shim = "/agent_proof/shim_checksum"
	s := b.near("shim", "A shim_checksum in the form of a checksum is accepted.", t, set("payload", shim, `"sha256:`+hexA+`"`))
	for _, c := range []struct{ slug, what, text string }{
		{"null", "is null", "null"},
		{"number", "is a number", "0"},
		{"empty", "is the empty string", `""`},
		{"63", "has 63 hexadecimal characters", `"sha256:` + hexA[:63] + `"`},
		{"65", "has 65 hexadecimal characters", `"sha256:` + hexA + `0"`},
		{"upper-case", "is in upper case", `"sha256:` + strings.ToUpper(hexA) + `"`},
		{"other-algorithm", "has the prefix of another hash", `"sha384:` + hexA + `"`},
	} {
		b.reject("shim-"+c.slug, "The shim_checksum "+c.what+".", s, "claim_agent_proof_shim_invalid", set("payload", shim, c.text), level("PROFILE"))
	}
}

// claimsHardened repeats cases of every topic under the strictest profile.
func claimsHardened(b *builder) {
	b.refs = []string{refD00Token, refClaims, "profile, section 15"}
	full := b.proven().claiming("/nbf", num(now-10), "/intent", strings.NewReplacer(chainShort, chainLong, stepsShort, stepsLong).Replace(intent), "/agent_proof", agentProof)
	t := b.accept("full", "A bound token with every claim and a proof is accepted.", full, decides(decision("jwt+pop", "vuln-patching", "step_3_patch", chainLong)))
	b.rejects(t, []row{
		{"exp-missing", "The token has no exp.", "claim_exp_missing", drop("payload", "/exp"), nil},
		payload("exp-string", "The exp is a string of digits.", "claim_exp_invalid", "/exp", quote(num(now+290)), kills("numericdate-lax")),
		payload("exp-over", "The exp is 30 s ago and the default skew is used up.", "claim_exp_expired", "/exp", num(now-30), kills("skip-exp", "exp-inclusive")),
		{"iat-missing", "The token has no iat.", "claim_iat_missing", drop("payload", "/iat"), nil},
		payload("iat-fraction", "The iat has a fraction.", "claim_iat_invalid", "/iat", num(now-10)+".0", kills("numericdate-lax")),
		payload("iat-future", "The iat is 31 s ahead.", "claim_iat_future", "/iat", num(now+31), kills("skip-iat-future")),
		payload("nbf-null", "The nbf is null.", "claim_nbf_invalid", "/nbf", "null"),
		payload("nbf-future", "The nbf is 31 s ahead.", "claim_nbf_future", "/nbf", num(now+31), kills("skip-nbf")),
		payload("lifetime", "The token lives for 601 s.", "claim_lifetime_exceeded", "/exp", num(now+591), kills("lifetime-unbounded")),
		{"sub-missing", "The token has no sub.", "claim_sub_missing", drop("payload", "/sub"), nil},
		payload("sub-empty", "The sub is the empty string.", "claim_sub_invalid", "/sub", `""`),
		{"jti-missing", "The token has no jti.", "claim_jti_missing", drop("payload", "/jti"), nil},
		payload("jti-257-bytes", "The jti has 257 bytes.", "claim_jti_invalid", "/jti", text("j", 257)),
		{"aud-missing", "The token has no aud.", "claim_aud_missing", drop("payload", "/aud"), nil},
		payload("aud-other", "The aud is another resource server's.", "claim_aud_mismatch", "/aud", `"https://api.example/"`, kills("skip-aud", "aud-substring")),
		payload("aud-empty-array", "The aud is an empty array.", "claim_aud_invalid", "/aud", "[]"),
		payload("aud-17", "The aud has 17 entries.", "claim_aud_too_many", "/aud", audiences(16)),
		{"scope-missing", "The token has no scope.", "claim_scope_missing", drop("payload", "/scope"), nil},
		payload("scope-double-blank", "Two blanks stand between two scope-tokens.", "claim_scope_invalid", "/scope", `"repo:read  x"`),
		payload("scope-65", "The scope has 65 scope-tokens.", "claim_scope_too_many", "/scope", quote(scopes(65))),
		payload("cnf-unsupported", "The cnf binds a certificate alone.", "claim_cnf_unsupported", "/cnf", `{"x5t#S256":"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}`, kills("cnf-unknown-dropped")),
		payload("cnf-null", "The cnf is null.", "claim_cnf_invalid", "/cnf", "null"),
		payload("cnf-jkt-short", "The jkt has 42 characters.", "claim_cnf_jkt_invalid", "/cnf/jkt", quote(testKey("agent-p256-a").thumbprint()[:42])),
		payload("cnf-conflict", "jwk and jkt name different keys.", "claim_cnf_conflict", "/cnf/jwk", testKey("agent-p256-b").jwk(), kills("cnf-conflict-ignored")),
		payload("cnf-jwk-private", "The cnf has the agent's key pair.", "claim_cnf_jwk_private", "/cnf/jwk", testKey("agent-p256-a").jwkPrivate()),
		payload("intent-null", "The intent is null.", "claim_intent_invalid", "/intent", "null"),
		payload("intent-bar", "The workflow_step holds the delimiter of the sequence hash.", "claim_intent_workflow_invalid", "/intent/workflow_step", `"a|b"`),
		{"intent-incomplete", "The intent names a workflow and no step.", "claim_intent_workflow_incomplete", drop("payload", "/intent/workflow_step"), nil},
		payload("intent-executed-by", "The executed_by names another agent.", "claim_intent_executed_by_mismatch", "/intent/executed_by", `"planner"`, kills("executed-by-ignored")),
		payload("intent-chain-upper-case", "The delegation_chain is in upper case.", "claim_intent_chain_invalid", "/intent/delegation_chain", quote("sha256:"+strings.ToUpper(chainLong[7:]))),
		payload("intent-sequence-64", "The step_sequence_hash has 64 characters without their prefix.", "claim_intent_sequence_invalid", "/intent/step_sequence_hash", quote(stepsLong[7:])),
		payload("agent-proof-63", "The agent_checksum has 63 hexadecimal characters.", "claim_agent_proof_checksum_invalid", "/agent_proof/agent_checksum", `"sha256:`+hexA[:63]+`"`),
		payload("agent-proof-registration", "The registration_id holds a bar.", "claim_agent_proof_registration_invalid", "/agent_proof/registration_id", `"reg|2"`),
		{"chain-missing", "The intent names a workflow and has no chain.", "delegation_chain_missing", drop("payload", "/intent/delegation_chain"), []option{kills("chain-optional")}},
		{"sequence-missing", "The intent names a workflow and has no sequence.", "workflow_sequence_missing", drop("payload", "/intent/step_sequence_hash"), []option{kills("sequence-optional")}},
	})
	last := b.near("exp-last-second", "An exp of 29 s ago is within the default skew.", t, whole("payload",
		strings.NewReplacer(`"iat":`+num(now-10), `"iat":`+num(now-100), `"exp":`+num(now+290), `"exp":`+num(now-29)).Replace(full.token.payload)))
	b.reject("exp-first-second-over", "An exp of 30 s ago is beyond the default skew.", last, "claim_exp_expired", set("payload", "/exp", num(now-30)), kills("skip-exp", "exp-inclusive"))
}
