package main

// delegationRevoked: agents, keys and links on the way to the token's agent that the
// bundle or the list revokes.
func delegationRevoked(b *builder) {
	b.refs = []string{refList, refLinks, refDelegation}
	const agent, id, key, chain = "delegation_link_agent_revoked", "delegation_link_revoked", "delegation_link_key_revoked", "delegation_chain_revoked"
	ka, ki, kk, kc := kills("link-agent-revoked-passes"), kills("link-revoked-passes"), kills("link-key-revoked-passes"), kills("chain-revoked-passes")
	t := b.accept("nothing", "Links of which the list names nothing are accepted.", b.hopsListed(), linksLevel())
	entry := func(array, value string) edit { return set("list", "/"+array+"/-", quote(value)) }
	thumb := func(name string) string { return testKey(name).thumbprint() }
	status403 := status(403)
	b.rejects(t, []row{
		{"agent-root", "Links whose root is of a listed agent are refused.", agent, entry("agents", "supervisor"), []option{ka, threats("T10", "T11"), status403}},
		{"agent-middle", "Links by way of a listed agent are refused.", agent, entry("agents", "planner"), []option{ka, threats("T11")}},
		{"status-root", "Links whose root is of an agent that the bundle revokes are refused.", agent, set("bundle", supervisorAt+"/status", `"revoked"`), []option{ka, threats("T10", "T11")}},
		{"status-middle", "Links by way of an agent that the bundle revokes are refused.", agent, set("bundle", plannerAt+"/status", `"revoked"`), []option{ka, threats("T11")}},
		{"jti-root", "A root whose jti is listed is refused.", id, entry("tokens", "link-1"), []option{ki, threats("T11"), status403}},
		{"jti-last", "So is a last link.", id, entry("tokens", "link-2"), []option{ki, threats("T11")}},
		{"key-root", "A root signed with a listed key is refused.", key, entry("keys", thumb("supervisor-p256-a")), []option{kk, threats("T11"), status403}},
		{"key-middle", "A later link signed with a listed key is refused.", key, entry("keys", thumb("planner-ed25519-a")), []option{kk, threats("T11")}},
		// earlier checks, for the agent itself
		{"agent-last", "The agent that acts is refused before its links.", "agent_id_revoked", entry("agents", "patcher"), []option{refs(refList)}},
		{"key-last", "So is its own key.", "agent_key_revoked", entry("keys", thumb("agent-p256-a")), []option{refs(refList)}},
	})
	b.nears(t, []accepted{
		{"agent-elsewhere", "A listed agent that has no part in the links changes nothing.", entry("agents", "classifier"), nil},
		{"agent-case", "Ids count byte for byte.", entry("agents", "Planner"), nil},
		{"status-elsewhere", "Nor does one that the bundle revokes.", set("bundle", "/agents/2/status", `"revoked"`), nil},
		{"jti-longer", "A jti that begins alike is another one.", entry("tokens", "link-11"), nil},
		{"key-elsewhere", "A listed key that signed nothing changes nothing.", entry("keys", thumb("planner-p256-a")), nil},
		{"registration-elsewhere", "A registration of a delegator is none of the token's.", entry("registrations", registrationOf("planner")), nil},
		{"jti-as-agent", "An agent's id among the tokens is the jti of none.", entry("tokens", "planner"), nil},
	})
	three := b.inLine(3, 3)
	three.policy, three.lists = "world-linked-list.json", t.scene.lists
	line := b.accept("line", "A line of four agents of which nobody is listed is accepted.", three)
	b.rejects(line, []row{
		{"line-agent", "An agent in the middle of a line that is listed is refused.", agent, entry("agents", "a2"), []option{ka, threats("T11")}},
		{"line-jti", "So is a link in the middle.", id, entry("tokens", "link-2"), []option{ki, threats("T11")}},
		{"line-status", "And an agent that the bundle revokes.", agent, set("bundle", "/agents/1/status", `"revoked"`), []option{ka, threats("T11")}},
	})
	// chains without links
	b.refs = []string{refList, refDelegation}
	s := lawful().claiming("/jti", b.name())
	s.policy, s.lists = "world-list.json", t.scene.lists
	bare := b.accept("chain-nothing", "A chain of which nobody is listed is accepted without links.", s)
	b.rejects(bare, []row{
		{"chain-origin", "A chain that begins with a listed agent is refused.", chain, entry("agents", "supervisor"), []option{kc, threats("T10", "T11"), status403}},
		{"chain-middle", "A chain through a listed agent is refused.", chain, entry("agents", "planner"), []option{kc, threats("T11")}},
		{"chain-status-origin", "A chain that begins with an agent that the bundle revokes is refused.", chain, set("bundle", supervisorAt+"/status", `"revoked"`), []option{kc, threats("T10", "T11")}},
		{"chain-status-middle", "A chain through one is refused.", chain, set("bundle", plannerAt+"/status", `"revoked"`), []option{kc, threats("T11")}},
	})
	b.nears(bare, []accepted{
		{"chain-elsewhere", "A listed agent that has no part in the chain changes nothing.", entry("agents", "classifier"), nil},
		{"chain-key", "Without links nobody knows the delegators' keys.", entry("keys", thumb("planner-ed25519-a")), nil},
	})
	long := b.near("chain-long", "The same with long hashes.", bare, set("payload", "/intent/delegation_chain", quote(longHash(patch.chain...))))
	b.reject("chain-long-middle", "A chain through a listed agent is refused in the long form too.", long, chain, entry("agents", "planner"), kc, threats("T11"))
	jwt := b.accept("chain-jwt", "A route of level jwt accepts the chain.", s.to("GET", "/status"))
	b.reject("chain-jwt-middle", "And refuses it through a listed agent.", jwt, chain, entry("agents", "planner"), kc, threats("T11"))
	hardenedBare := lawfulHardened().claiming("/jti", b.name())
	b.reject("chain-hardened", "A chain of hardened through an agent that the bundle revokes is refused.", b.accept("chain-hardened-nothing", "A chain of hardened without links is accepted.", hardenedBare), chain, set("bundle", plannerAt+"/status", `"revoked"`), kc, threats("T11"))
	// between two requests
	next := []edit{set("list", "/sequence", "6"), entry("agents", "planner")}
	b.sequence("next-list", "Once the next list names a delegator, the same token is refused.", t.scene, t.id,
		[]step{ok(now), {now: now + 1, load: "revocations", edits: next}, no(now+2, agent, proofJTI("proof-2"))}, ka, threats("T11"))
	b.sequence("next-list-key", "Once the next list names a delegator's key, the same token is refused.", t.scene, t.id,
		[]step{ok(now), {now: now + 1, load: "revocations", edits: []edit{set("list", "/sequence", "6"), entry("keys", thumb("supervisor-p256-a"))}}, no(now+2, key, proofJTI("proof-2"))}, kk)
	b.sequence("next-bundle", "Once the next bundle revokes a delegator, the same token is refused.", s, bare.id,
		[]step{ok(now), {now: now + 1, load: "bundle", edits: []edit{set("bundle", "/version", "8"), set("bundle", plannerAt+"/status", `"revoked"`)}}, no(now+2, chain)}, kc)
	b.sequence("list-withdrawn", "A list that no longer names a delegator lets its chains pass again.", s.with(entry("agents", "planner")), bare.id,
		[]step{no(now, chain), {now: now + 1, load: "revocations", edits: []edit{set("list", "/sequence", "6"), set("list", "/agents", "[]")}}, ok(now + 2)}, kc)
	b.sequence("list-refused", "A list that is refused leaves the one before in force.", s.with(entry("agents", "planner")), bare.id,
		[]step{no(now, chain), {now: now + 1, load: "revocations", edits: []edit{set("list", "/sequence", "4"), set("list", "/agents", "[]")}, code: "revocations_sequence_old", at: []string{"/sequence"}}, no(now+2, chain)}, kc)
}
