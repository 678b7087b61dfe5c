package main

import (
	"strings"
)

// The hashes of the profile's table: supervisor|planner|patcher and
// step_1_analyze|step_2_plan|step_3_patch.
var (
	chainShort = shortHash("supervisor", "planner", "patcher")
	chainLong  = longHash("supervisor", "planner", "patcher")
	stepsShort = shortHash("step_1_analyze", "step_2_plan", "step_3_patch")
	stepsLong  = longHash("step_1_analyze", "step_2_plan", "step_3_patch")
)

// longHash is SHA-256 of the ids joined with a bar, shortHash its first 16 characters.
func longHash(ids ...string) string  { return hashed(strings.Join(ids, "|")) }
func shortHash(ids ...string) string { return strings.TrimPrefix(longHash(ids...), "sha256:")[:16] }

// intent is the claim of a token that was minted for a workflow step.
var intent = `{"workflow_id":"vuln-patching","workflow_step":"step_3_patch","executed_by":"patcher",` +
	`"delegation_chain":` + quote(chainShort) + `,"step_sequence_hash":` + quote(stepsShort) + `}`

// intended is a bearer scene whose token has an intent.
func (b *builder) intended() scene { return b.bearer().claiming("/intent", intent) }

func claimsIntent(b *builder) {
	b.refs = []string{refD00Token, refClaims}
	t := b.accept("workflow", "A token with an intent for a workflow step is accepted on a route of level jwt.", b.intended(),
		decides(decision("jwt", "vuln-patching", "step_3_patch", chainShort)))
	b.accept("absent", "A token without intent is accepted on a route of level jwt.", b.bearer())
	b.rejects(t, []row{
		payload("null", "The intent is null.", "claim_intent_invalid", "/intent", "null"),
		payload("string", "The intent is a string.", "claim_intent_invalid", "/intent", `"patch"`),
		payload("array", "The intent is an array.", "claim_intent_invalid", "/intent", "["+intent+"]"),
		payload("number", "The intent is a number.", "claim_intent_invalid", "/intent", "1"),
		payload("true", "The intent is true.", "claim_intent_invalid", "/intent", "true"),
		{"workflow-without-step", "The intent names a workflow and no step.", "claim_intent_workflow_incomplete", drop("payload", "/intent/workflow_step"), []option{kills("intent-half-workflow")}},
		{"step-without-workflow", "The intent names a step and no workflow.", "claim_intent_workflow_incomplete", drop("payload", "/intent/workflow_id"), []option{kills("intent-half-workflow")}},
	})
	b.nears(t, []accepted{
		payloadNear("unknown-members", "Unknown members of intent, workflow_hash among them, are ignored.", "/intent/workflow_hash", `[1,{"x":null}]`),
		payloadNear("other-case", "Members whose names differ by case from known ones are unknown.", "/intent/Workflow_ID", `7`, kills("members-case-insensitive")),
		{"escaped-names", "Escapes in the names of intent's members change nothing.", set("payload", "/intent", strings.Replace(intent, "workflow_id", `workflow\u005fid`, 1)), nil},
		{"executed-by-absent", "An intent without executed_by is accepted.", drop("payload", "/intent/executed_by"), nil},
	})
	for _, m := range []string{"workflow_id", "workflow_step"} {
		claimsIntentIDs(b, t, m)
	}
	claimsIntentExecutedBy(b, t)
	claimsIntentContext(b, t)
	claimsIntentLinks(b, t)
}

// claimsIntentIDs holds workflow_id and workflow_step to the form of a step id.
func claimsIntentIDs(b *builder, t twin, member string) {
	name := strings.ReplaceAll(strings.TrimPrefix(member, "workflow_"), "id", "workflow")
	at := "/intent/" + member
	bad := func(slug, what, text string) row {
		return payload(name+"-"+slug, "The "+member+" "+what+".", "claim_intent_workflow_invalid", at, text, kills("intent-ids-unchecked"))
	}
	b.rejects(t, []row{
		bad("null", "is null", "null"),
		bad("number", "is a number", "7"),
		bad("object", "is an object, as only the prototype writes it", `{"id":"step_3_patch"}`),
		bad("array", "is an array", `["step_3_patch"]`),
		bad("empty", "is the empty string", `""`),
		bad("slash", "holds a slash, which separates workflow from step", `"vuln/patching"`),
		bad("bar", "holds the delimiter of the sequence hash", `"step_2_plan|step_3_patch"`),
		bad("blank", "holds a blank", `"step 3"`),
		bad("comma", "holds a comma", `"a,b"`),
		bad("plus", "holds a plus", `"a+b"`),
		bad("percent", "holds a percent sign", `"a%7Cb"`),
		bad("nul", "holds a NUL", `"step\u0000"`),
		bad("line-feed", "ends with a line feed", `"step_3_patch\n"`),
		bad("unicode", "holds a Cyrillic letter that looks like a Latin one", `"vuln-pаtching"`),
		bad("full-width-bar", "holds the full-width form of the delimiter", `"a｜b"`),
		bad("129-bytes", "has 129 bytes", text("a", 129)),
	})
	b.nears(t, []accepted{
		payloadNear(name+"-128-bytes", "A "+member+" of 128 bytes is accepted.", at, text("a", 128)),
		payloadNear(name+"-every-character", "A "+member+" may hold letters, digits and the characters . _ : @ and -.", at, `"AZaz09._:@-"`),
		payloadNear(name+"-escaped", "JSON escapes in "+member+" change nothing.", at, `"\u0073tep"`),
	})
}

func claimsIntentExecutedBy(b *builder, t twin) {
	const at = "/intent/executed_by"
	b.rejects(t, []row{
		payload("executed-by-other", "The executed_by names another agent than sub.", "claim_intent_executed_by_mismatch", at, `"planner"`, kills("executed-by-ignored"), threats("T7")),
		payload("executed-by-case", "executed_by and sub compare byte for byte.", "claim_intent_executed_by_mismatch", at, `"Patcher"`, kills("executed-by-ignored")),
		payload("executed-by-prefix", "The executed_by is a part of sub.", "claim_intent_executed_by_mismatch", at, `"patch"`, kills("executed-by-ignored")),
		payload("executed-by-longer", "The executed_by begins with sub and goes on.", "claim_intent_executed_by_mismatch", at, `"patcher-v1"`, kills("executed-by-ignored")),
		payload("executed-by-null", "The executed_by is null.", "claim_intent_executed_by_invalid", at, "null"),
		payload("executed-by-number", "The executed_by is a number.", "claim_intent_executed_by_invalid", at, "1"),
		payload("executed-by-array", "The executed_by is an array.", "claim_intent_executed_by_invalid", at, `["patcher"]`),
		payload("executed-by-empty", "The executed_by is the empty string.", "claim_intent_executed_by_invalid", at, `""`),
		payload("executed-by-nul", "The executed_by goes on after a NUL.", "claim_intent_executed_by_invalid", at, `"patcher\u0000"`),
		payload("sub-other", "The sub names another agent than executed_by.", "claim_intent_executed_by_mismatch", "/sub", `"planner"`, kills("executed-by-ignored"), threats("T1")),
	})
	b.near("executed-by-escaped", "JSON escapes in executed_by change nothing.", t, set("payload", at, `"\u0070atcher"`))
}

func claimsIntentContext(b *builder, t twin) {
	by, context := "/intent/initiated_by", "/intent/execution_context"
	origin := b.near("initiated-by", "An initiated_by that names the user at the origin is accepted.", t, set("payload", by, `"user:alice@example.com"`))
	b.rejects(origin, []row{
		payload("initiated-by-null", "The initiated_by is null.", "claim_intent_initiated_by_invalid", by, "null"),
		payload("initiated-by-number", "The initiated_by is a number.", "claim_intent_initiated_by_invalid", by, "1"),
		payload("initiated-by-object", "The initiated_by is an object.", "claim_intent_initiated_by_invalid", by, `{"user":"alice"}`),
		payload("initiated-by-empty", "The initiated_by is the empty string.", "claim_intent_initiated_by_invalid", by, `""`),
		payload("initiated-by-tab", "The initiated_by holds a tab.", "claim_intent_initiated_by_invalid", by, `"alice\tadmin"`),
		payload("initiated-by-delete", "The initiated_by holds DEL.", "claim_intent_initiated_by_invalid", by, `"alice\u007f"`),
		payload("initiated-by-257-bytes", "The initiated_by has 257 bytes.", "claim_intent_initiated_by_invalid", by, text("a", 257), level("PROFILE")),
	})
	b.nears(origin, []accepted{
		payloadNear("initiated-by-256-bytes", "An initiated_by of 256 bytes is accepted.", by, text("a", 256)),
		payloadNear("initiated-by-unicode", "An initiated_by may be any text.", by, `"Алиса Б."`),
	})
	given := b.near("execution-context", "An execution_context of strings is accepted.", t, set("payload", context, `{"repository":"acme/app","branch":"main","commit":"0a1b2c3d"}`))
	b.rejects(given, []row{
		payload("execution-context-null", "The execution_context is null.", "claim_intent_context_invalid", context, "null"),
		payload("execution-context-string", "The execution_context is a string.", "claim_intent_context_invalid", context, `"acme/app"`),
		payload("execution-context-array", "The execution_context is an array.", "claim_intent_context_invalid", context, `[{"repository":"acme/app"}]`),
		payload("execution-context-number", "The execution_context is a number.", "claim_intent_context_invalid", context, "0"),
	})
	b.nears(given, []accepted{
		payloadNear("execution-context-empty", "An empty execution_context is accepted.", context, "{}"),
		payloadNear("execution-context-nested", "Members of execution_context may have any type where no route binds them.", context, `{"n":1e3,"o":{"a":[null]},"repository":false}`),
	})
}

func claimsIntentLinks(b *builder, t twin) {
	b.refs = []string{"profile, section 16"}
	const at = "/intent/delegation_links"
	one := b.near("links-15", "Fifteen delegation links have the right form.", t, set("payload", at, "["+strings.Repeat(`"a.b.c",`, 14)+`"a.b.c"]`))
	b.rejects(one, []row{
		payload("links-16", "Sixteen delegation links are one more than a chain can have.", "claim_intent_links_invalid", at, "["+strings.Repeat(`"a.b.c",`, 15)+`"a.b.c"]`, level("PROFILE")),
		payload("links-empty", "An empty array of delegation links is no absent one.", "claim_intent_links_invalid", at, "[]", level("PROFILE"), kills("links-empty-accepted")),
		payload("links-null", "The delegation_links are null.", "claim_intent_links_invalid", at, "null", level("PROFILE")),
		payload("links-string", "The delegation_links are one string.", "claim_intent_links_invalid", at, `"a.b.c"`, level("PROFILE")),
		payload("links-object", "The delegation_links are an object.", "claim_intent_links_invalid", at, `{"0":"a.b.c"}`, level("PROFILE")),
		payload("links-number-inside", "A delegation link is a number.", "claim_intent_links_invalid", at, `["a.b.c",1]`, level("PROFILE")),
		payload("links-null-inside", "A delegation link is null.", "claim_intent_links_invalid", at, `[null]`, level("PROFILE")),
		payload("links-array-inside", "A delegation link is an array.", "claim_intent_links_invalid", at, `[["a.b.c"]]`, level("PROFILE")),
		payload("links-empty-inside", "A delegation link is the empty string.", "claim_intent_links_invalid", at, `["a.b.c",""]`, level("PROFILE")),
	})
}

// badHashes are texts that are no sequence hash.
func badHashes(short, long string) []struct{ slug, what, text string } {
	hex64 := strings.TrimPrefix(long, "sha256:")
	return []struct{ slug, what, text string }{
		{"null", "is null", "null"},
		{"number", "is a number", "1234567812345678"},
		{"array", "is an array of ids, as only the paper writes it", `["supervisor","planner","patcher"]`},
		{"object", "is an object", `{"sha256":` + quote(hex64) + `}`},
		{"empty", "is the empty string", `""`},
		{"15", "has 15 characters", quote(short[:15])},
		{"17", "has 17 characters", quote(hex64[:17])},
		{"upper-case", "is in upper case", quote(strings.ToUpper(short))},
		{"not-hexadecimal", "holds a character that is not hexadecimal", quote(short[:15] + "g")},
		{"trailing-blank", "ends with a blank", quote(short[:15] + " ")},
		{"0x", "begins with 0x", quote("0x" + short[:14])},
		{"64-without-prefix", "has 64 characters without their prefix", quote(hex64)},
		{"prefix-and-16", "has the prefix of the long form and 16 characters", quote("sha256:" + short)},
		{"long-63", "is a long form of 63 characters", quote(long[:len(long)-1])},
		{"long-65", "is a long form of 65 characters", quote(long + "0")},
		{"long-upper-case", "is a long form in upper case", quote("sha256:" + strings.ToUpper(hex64))},
		{"prefix-upper-case", "has its prefix in upper case", quote("SHA256:" + hex64)},
		{"prefix-with-hyphen", "has the prefix sha-256:", quote("sha-256:" + hex64)},
		{"other-algorithm", "has the prefix of another hash", quote("sha512:" + hex64)},
		{"base64url", "is in base64url", quote("sha256:" + b64(make([]byte, 32)))},
	}
}

func claimsIntentHash(b *builder) {
	b.refs = []string{"D00, section 4.4.4", "profile, section 7"}
	t := b.accept("short", "Both hashes in the draft's form of 16 characters are accepted.", b.intended())
	for _, f := range []struct{ name, member, code, short, long string }{
		{"chain", "delegation_chain", "claim_intent_chain_invalid", chainShort, chainLong},
		{"sequence", "step_sequence_hash", "claim_intent_sequence_invalid", stepsShort, stepsLong},
	} {
		at := "/intent/" + f.member
		b.near(f.name+"-long", "A "+f.member+" in the long form is accepted.", t, set("payload", at, quote(f.long)))
		for _, h := range badHashes(f.short, f.long) {
			b.reject(f.name+"-"+h.slug, "The "+f.member+" "+h.what+".", t, f.code, set("payload", at, h.text), kills("hash-form-unchecked"))
		}
	}
}

// claimsNoWorkflow: without a workflow the chain can only be the agent alone and the
// sequence that of the empty list, which needs no bundle to compare.
func claimsNoWorkflow(b *builder) {
	b.refs = []string{refD00Token, "profile, section 7"}
	none := b.bearer().claiming("/intent", `{"executed_by":"patcher","delegation_chain":`+quote(shortHash("patcher"))+`,"step_sequence_hash":`+quote(shortHash(""))+`}`)
	t := b.accept("self-short", "Without a workflow the chain of the agent alone and the empty sequence are accepted.", none)
	long := b.near("self-long", "Without a workflow the long form of both hashes is accepted.", t,
		set("payload", "/intent", `{"delegation_chain":`+quote(longHash("patcher"))+`,"step_sequence_hash":`+quote(longHash(""))+`}`))
	b.nears(t, []accepted{
		{"chain-absent", "Without a workflow the chain may be absent.", drop("payload", "/intent/delegation_chain"), nil},
		{"sequence-absent", "Without a workflow the sequence may be absent.", drop("payload", "/intent/step_sequence_hash"), nil},
		payloadNear("empty-intent", "An empty intent says nothing and is accepted.", "/intent", "{}"),
	})
	b.rejects(t, []row{
		payload("chain-of-three", "Without a workflow a chain of three agents is refused.", "delegation_chain_not_self", "/intent/delegation_chain", quote(chainShort), kills("chain-self-ignored"), threats("T11")),
		payload("chain-of-other", "Without a workflow the chain of another agent is refused.", "delegation_chain_not_self", "/intent/delegation_chain", quote(shortHash("planner")), kills("chain-self-ignored"), threats("T11")),
		payload("chain-empty", "Without a workflow the hash of the empty string is no chain.", "delegation_chain_not_self", "/intent/delegation_chain", quote(shortHash("")), kills("chain-self-ignored")),
		payload("chain-twice", "Without a workflow the agent twice is no chain of it.", "delegation_chain_not_self", "/intent/delegation_chain", quote(shortHash("patcher", "patcher")), kills("chain-self-ignored")),
		payload("sub-other", "The chain of another sub is refused.", "delegation_chain_not_self", "/intent/delegation_chain", quote(shortHash("Patcher")), kills("chain-self-ignored")),
		payload("sequence-of-three", "Without a workflow a sequence of three steps is refused.", "workflow_sequence_unexpected", "/intent/step_sequence_hash", quote(stepsShort), kills("sequence-empty-ignored"), threats("T6")),
		payload("sequence-of-one", "Without a workflow a sequence of one step is refused.", "workflow_sequence_unexpected", "/intent/step_sequence_hash", quote(shortHash("step_1_analyze")), kills("sequence-empty-ignored")),
	})
	b.rejects(long, []row{
		payload("long-chain-of-other", "The long form is compared in full: another chain is refused.", "delegation_chain_not_self", "/intent/delegation_chain", quote(longHash("planner")), kills("chain-self-ignored")),
		payload("long-chain-same-16", "The long form is compared in full: the right 16 characters and others behind them are refused.", "delegation_chain_not_self", "/intent/delegation_chain",
			quote("sha256:"+shortHash("patcher")+strings.Repeat("0", 48)), kills("chain-self-ignored", "long-hash-prefix-compared")),
		payload("long-sequence-same-16", "The long form of the sequence is compared in full.", "workflow_sequence_unexpected", "/intent/step_sequence_hash",
			quote("sha256:"+shortHash("")+strings.Repeat("0", 48)), kills("sequence-empty-ignored", "long-hash-prefix-compared")),
	})
	w := b.accept("workflow", "With a workflow both hashes are there.", b.intended())
	b.reject("workflow-without-chain", "An intent that names a workflow has a chain, at every level.", w, "delegation_chain_missing",
		drop("payload", "/intent/delegation_chain"), status(403), kills("chain-optional"))
	b.reject("workflow-without-sequence", "An intent that names a workflow has a sequence, at every level.", w, "workflow_sequence_missing",
		drop("payload", "/intent/step_sequence_hash"), status(403), kills("sequence-optional"))
	unicode := b.bearer().claiming("/sub", `"агент"`, "/intent", `{"delegation_chain":`+quote(shortHash("агент"))+`}`)
	b.accept("self-unicode", "The chain of a legacy sub is the hash of its UTF-8.", unicode)
}
