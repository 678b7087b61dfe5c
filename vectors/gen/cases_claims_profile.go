package main

import "strings"

// What the profiles hardened and draft-00 treat differently, side by side.

// profiled is a bound token with a proof under a policy of one issuer of that profile.
func (b *builder) profiled(profile, members string) scene {
	return b.proven().under(es256Policy(profile, members, anyProof))
}

const refProfiles = "profile, section 15"

// setProfile is the mutation that changes nothing but the issuer's profile.
func setProfile(p string) edit { return set("policy", "/issuers/0/profile", quote(p)) }

func profileCnf(b *builder) {
	b.refs = []string{refProfiles, "profile, section 5"}
	optional := `[{"id":"any","match":{"path":"/**"},"require":{"level":"jwt","proof":"optional"}}]`
	bearer := b.accept("draft-00-bearer", "draft-00 takes a token without cnf where the route says that a proof is optional.",
		b.bearer().under(es256Policy("draft-00", "", optional)))
	b.reject("draft-00-required", "draft-00 needs a cnf where the route asks for a proof.", bearer, "proof_cnf_missing",
		set("policy", "/routes/0/require/proof", `"required"`), kills("unbound-proof-ignored"))
	b.accept("draft-00-jkt", "draft-00 takes a cnf.jkt, which the draft does not have.", b.profiled("draft-00", ""))
	b.accept("draft-00-jwk", "draft-00 takes the draft's cnf.jwk.", b.profiled("draft-00", "").claiming("/cnf", jwkOf("agent-p256-a")))
	t := b.accept("hardened-jkt", "hardened takes a cnf.jkt.", b.profiled("hardened", ""))
	b.accept("hardened-jwk", "hardened takes a cnf.jwk.", b.profiled("hardened", "").claiming("/cnf", jwkOf("agent-p256-a")))
	b.reject("hardened-missing", "hardened needs a cnf.", t, "proof_cnf_missing", drop("payload", "/cnf"), kills("unbound-proof-ignored"))
	b.reject("hardened-without-proof", "hardened needs a proof.", t, "proof_header_missing", drop("request", "/headers/1"), kills("missing-proof-accepted"))
	free := b.accept("draft-00-bound-bearer", "draft-00 takes a bound token without a proof where the route says that a proof is optional.",
		b.bound().under(es256Policy("draft-00", "", optional)))
	b.reject("draft-00-bound-required", "draft-00 asks for the proof where the route does.", free, "proof_header_missing",
		set("policy", "/routes/0/require/proof", `"required"`), kills("missing-proof-accepted"))
}

func profileScheme(b *builder) {
	b.refs = []string{refProfiles, "RFC 9449, section 7.1", "RFC 9449, section 7.2"}
	d := b.profiled("draft-00", "")
	b.accept("draft-00-dpop", "draft-00 takes a proof under the DPoP scheme.", d)
	d.scheme = "Bearer"
	bearer := b.accept("draft-00-bearer", "draft-00 takes a proof under the Bearer scheme too.", d)
	b.reject("hardened-bearer", "hardened refuses a bound token under the Bearer scheme, a good proof beside it or not.", bearer, "proof_scheme_mismatch",
		setProfile("hardened"), kills("scheme-ignored"))
	b.accept("hardened-dpop", "hardened takes a proof under the DPoP scheme.", b.profiled("hardened", ""))
}

func profileHash(b *builder) {
	b.refs = []string{refProfiles, "profile, section 7"}
	short := b.accept("draft-00-short", "draft-00 takes the draft's hashes of 16 characters.", b.profiled("draft-00", "").claiming("/intent", intent))
	long := b.profiled("hardened", "").claiming("/intent", intent, "/intent/delegation_chain", quote(chainLong), "/intent/step_sequence_hash", quote(stepsLong))
	t := b.accept("hardened-long", "hardened takes hashes in the long form.", long)
	b.accept("draft-00-long", "draft-00 takes the long form too.", long.with(setProfile("draft-00")))
	b.reject("hardened-profile", "The profile hardened refuses what draft-00 takes.", short, "claim_intent_hash_short", setProfile("hardened"),
		level("PROFILE"), kills("short-hash-allowed"))
	b.rejects(t, []row{
		payload("hardened-short-chain", "hardened refuses a chain in the short form.", "claim_intent_hash_short", "/intent/delegation_chain", quote(chainShort), level("PROFILE"), kills("short-hash-allowed")),
		payload("hardened-short-sequence", "hardened refuses a sequence in the short form.", "claim_intent_hash_short", "/intent/step_sequence_hash", quote(stepsShort), level("PROFILE"), kills("short-hash-allowed")),
	})
	allowed := b.accept("hardened-allowed", "hardened with allow_short_hash takes the short form.",
		b.profiled("hardened", `"allow_short_hash":true`).claiming("/intent", intent))
	b.reject("hardened-disallowed", "allow_short_hash of false is the default.", allowed, "claim_intent_hash_short",
		set("policy", "/issuers/0/allow_short_hash", "false"), level("PROFILE"), kills("short-hash-allowed"))
}

func profileChecksum(b *builder) {
	b.refs = []string{refProfiles, refClaims}
	bare := b.accept("draft-00-bare", "draft-00 reads a checksum of 64 bare characters as one with its prefix.",
		b.profiled("draft-00", "").claiming("/agent_proof", agentProof, "/agent_proof/agent_checksum", quote(hexA)))
	b.reject("hardened-profile", "The profile hardened refuses the bare checksum that draft-00 takes.", bare, "claim_agent_proof_checksum_invalid",
		setProfile("hardened"), level("PROFILE"), kills("bare-checksum-allowed"))
	t := b.accept("hardened-prefixed", "hardened takes a checksum with its prefix.", b.profiled("hardened", "").claiming("/agent_proof", agentProof))
	b.reject("hardened-other-bare", "hardened refuses another bare checksum.", t, "claim_agent_proof_checksum_invalid",
		set("payload", "/agent_proof/agent_checksum", quote(strings.Repeat("0", 64))), level("PROFILE"), kills("bare-checksum-allowed"))
}

func profileTyp(b *builder) {
	b.refs = []string{refProfiles, "RFC 8725, section 3.11"}
	none := b.accept("draft-00-absent", "draft-00 reads an absent typ as JWT.", b.profiled("draft-00", "").with(drop("header", "/typ")))
	b.reject("hardened-profile", "The profile hardened refuses the token without typ that draft-00 takes.", none, "key_typ_missing", setProfile("hardened"), kills("typ-optional"))
	b.reject("draft-00-absent-not-listed", "An absent typ reads as JWT, which this policy does not list.",
		b.accept("draft-00-absent-listed", "An absent typ is accepted where the policy lists JWT.", b.profiled("draft-00", `"types":["JWT"]`).with(drop("header", "/typ"))),
		"key_typ_not_allowed", set("policy", "/issuers/0/types/0", `"at+jwt"`))
	t := b.accept("hardened-jwt", "hardened takes the typ JWT.", b.profiled("hardened", ""))
	b.near("hardened-at-jwt", "hardened takes the typ at+jwt.", t, set("header", "/typ", `"at+jwt"`))
}
