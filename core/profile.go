package ajwt

// Profile names the exceptions that an issuer's tokens enjoy (spec/profile.md,
// section 15). It is set in the policy and never guessed from a token.
type Profile uint8

// The profiles. The zero Profile is the strictest.
const (
	ProfileHardened Profile = iota // no exceptions
	ProfileDraft00                 // D00: short hashes, typ may be absent, proof per route
	ProfilePaper                   // the paper: chains as lists of agents
	ProfileAuth51                  // the product auth51: a proof wherever the token has cnf
	ProfilePatchet                 // the author's prototype: its own members and proofs
	ProfilePlain                   // ordinary JWT access tokens: agent claims are not read

	// profileFaulty stands for a profile that was refused, so that no fault of another
	// member is derived from it. No policy that loads has it.
	profileFaulty Profile = 255
)

// profileNames are the names in the policy, by value.
var profileNames = [...]string{"hardened", "draft-00", "paper", "auth51", "patchet", "plain"}

// String returns the profile's name in the policy.
func (p Profile) String() string {
	if int(p) < len(profileNames) {
		return profileNames[p]
	}
	return profileNames[ProfileHardened]
}

// What a profile excepts is asked for here and nowhere else, so that this file can be
// read against the table of spec/profile.md, section 15.

// typOptional tells whether an absent typ reads as JWT.
func (p Profile) typOptional() bool { return p != ProfileHardened }

// shortHash tells whether sequence hashes of 16 characters are taken. hardened takes
// them only where the issuer's entry says allow_short_hash.
func (p Profile) shortHash() bool { return p != ProfileHardened }

// bareChecksum tells whether an agent checksum of 64 bare hexadecimal characters reads
// as one with its prefix.
func (p Profile) bareChecksum() bool { return p == ProfileDraft00 || p == ProfilePatchet }

// chainList tells whether delegation_chain is a list of agents in place of a hash.
func (p Profile) chainList() bool { return p == ProfilePaper }

// stepObject tells whether workflow_step may be an object, and null stand for an absent
// workflow.
func (p Profile) stepObject() bool { return p == ProfilePatchet }

// scopeArray tells whether scope may be an array of scope-tokens.
func (p Profile) scopeArray() bool { return p == ProfilePatchet }

// claimsOptional tells whether scope and jti may be absent.
func (p Profile) claimsOptional() bool { return p == ProfilePlain }

// agentClaims tells whether intent and agent_proof are read at all.
func (p Profile) agentClaims() bool { return p != ProfilePlain }

// hashesCheckable tells whether sequence hashes can be compared with those of a bundle.
// The prototype hashes the printed form of Python objects, which no bundle lists.
func (p Profile) hashesCheckable() bool { return p != ProfilePatchet }

// bearerAllowed tells whether a route may say that a proof is optional.
func (p Profile) bearerAllowed() bool { return p != ProfileHardened }

// boundNeedsProof tells whether a token that binds a key needs a proof on every route.
func (p Profile) boundNeedsProof() bool { return p == ProfileHardened || p == ProfileAuth51 }

// dpopSchemeOnly tells whether a token that binds a key comes under the scheme DPoP.
func (p Profile) dpopSchemeOnly() bool { return p == ProfileHardened }

// prototypeProof tells whether the prototype's header scheme is the one and only proof;
// no other profile takes it.
func (p Profile) prototypeProof() bool { return p == ProfilePatchet }

// coldStart tells whether replay.cold_start is reject where the policy is silent.
func (p Profile) coldStart() bool { return p == ProfileHardened }

// outageAllowed tells whether replay.on_outage may be allow.
func (p Profile) outageAllowed() bool { return p != ProfileHardened }

// highestLevel is the most that tokens of this profile can get, and the level of a route
// that does not say one where they alone reach it.
func (p Profile) highestLevel() Level {
	switch p {
	case ProfilePatchet:
		return LevelAgent
	case ProfilePlain:
		return LevelJWT
	}
	return LevelAJWT
}

// profileSet is a set of profiles, one bit each.
type profileSet uint8

func (s profileSet) has(p Profile) bool { return s&(1<<p) != 0 }

// with adds a profile; one that was refused adds nothing.
func (s profileSet) with(p Profile) profileSet {
	if p == profileFaulty {
		return s
	}
	return s | 1<<p
}

// several tells whether there is more than one.
func (s profileSet) several() bool { return s&(s-1) != 0 }
