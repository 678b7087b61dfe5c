//go:build ajwt_faults

package ajwt

import (
	"slices"
	"strings"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// Faults of what the profiles except, and of act.

var profileFaults = []SeededFault{
	{"profile-guessed-from-chain", "a token whose chain is a list is one of paper, whatever its issuer's profile", profileIf(ProfilePaper, func(r *run) bool {
		return r.claims.intent.Member("delegation_chain").Kind() == strictjson.Array
	}, 510)},
	{"profile-guessed-from-step", "a token whose step is an object is one of patchet, whatever its issuer's profile", profileIf(ProfilePatchet, func(r *run) bool {
		return r.claims.intent.Member("workflow_step").Kind() == strictjson.Object
	}, 510)},
	{"profile-guessed-without-scope", "a token without scope or jti is one of plain, whatever its issuer's profile", profileIf(ProfilePlain, func(r *run) bool {
		return !r.claims.scope.Exists() || !r.claims.jti.Exists()
	}, 501)},
	{"profile-paper-as-draft-00", "chains of paper are hashes", profileAs(ProfilePaper, ProfileDraft00, 510)},
	{"profile-patchet-as-draft-00", "patchet has the members of draft-00", profileAs(ProfilePatchet, ProfileDraft00, 501, 510)},
	{"profile-plain-as-draft-00", "plain has the mandatory claims of draft-00", profileAs(ProfilePlain, ProfileDraft00, 501)},
	{"profile-lax-as-hardened", "every profile has the short hashes of hardened alone: none", at(510, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == 0 && r.issuer.profile != ProfileDraft00 && r.issuer.profile != ProfileHardened && r.intent.sequence.form == HashShort {
			return CodeClaimIntentHashShort
		}
		return code
	})},
	{"typ-optional-in-draft-00-alone", "of the profiles draft-00 alone reads an absent typ as JWT", at(303, func(r *run, sound func(*run) Code) Code {
		if r.header.typ == nil && r.issuer.profile != ProfileDraft00 {
			return CodeKeyTypMissing
		}
		return sound(r)
	})},
	{"scheme-bearer-in-draft-00-alone", "of the profiles draft-00 alone takes a bound token under Bearer", at(602, func(r *run, sound func(*run) Code) Code {
		if r.bound && !r.dpopScheme && r.issuer.profile != ProfileDraft00 && r.issuer.profile != ProfilePatchet {
			return CodeProofSchemeMismatch
		}
		return sound(r)
	})},

	{"paper-chain-hash-accepted", "paper takes a chain that is a hash", profileIf(ProfileDraft00, func(r *run) bool {
		return r.issuer.profile == ProfilePaper && r.claims.intent.Member("delegation_chain").Kind() == strictjson.String
	}, 510)},
	{"paper-chain-mixed-accepted", "a list may hold ids and objects", forgive(510, CodeClaimIntentChainMixed)},
	{"paper-chain-repeats-accepted", "an agent may stand twice in a list", forgive(510, CodeClaimIntentChainRepeated)},
	{"paper-chain-end-unchecked", "a list of ids may end with another agent than sub", forgive(510, CodeClaimIntentChainNotSub)},
	{"paper-chain-entries-unchecked", "entries of a list may be anything", forgive(510, CodeClaimIntentChainInvalid)},
	{"paper-chain-unlimited", "a list may have any number of agents", policyChanged(510, func(p *Policy) { p.limits.Chain = endless })},
	{"paper-chain-limit-exclusive", "a list may not have as many agents as the limit", policyChanged(510, func(p *Policy) { p.limits.Chain-- })},
	{"paper-chain-limit-of-objects", "of a list of objects sub does not count against the limit", at(510, func(r *run, sound func(*run) Code) Code {
		kept, p := r.policy, *r.policy
		if r.claims.intent.Member("delegation_chain").First().Kind() == strictjson.Object {
			p.limits.Chain++
		}
		r.policy = &p
		code := sound(r)
		r.policy = kept
		return code
	})},
	{"paper-chain-sub-missing", "the agents of a list of objects are its delegators alone", chainOf(func(r *run) [][]byte {
		if r.claims.intent.Member("delegation_chain").First().Kind() == strictjson.Object {
			return r.mem.chain[:len(r.mem.chain)-1]
		}
		return r.mem.chain
	})},
	{"paper-chain-reversed", "a list begins with the agent that acts", chainOf(func(r *run) [][]byte {
		list := slices.Clone(r.mem.chain)
		slices.Reverse(list)
		return list
	})},
	{"paper-chain-unhashed", "the record has no hash of a chain that is a list", at(510, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == 0 && r.issuer.profile == ProfilePaper {
			r.intent.chainText = nil
		}
		return code
	})},
	{"paper-chain-empty-refused", "an empty list is no chain", at(510, func(r *run, sound func(*run) Code) Code {
		if v := r.claims.intent.Member("delegation_chain"); v.Kind() == strictjson.Array && v.Len() == 0 {
			return CodeClaimIntentChainInvalid
		}
		return sound(r)
	})},

	{"auth51-proof-optional", "a bound token of auth51 needs no proof where the route says optional", profileAs(ProfileAuth51, ProfileDraft00, 601)},
	{"auth51-bearer-refused", "auth51 takes no token without cnf", profileAs(ProfileAuth51, ProfileHardened, 601)},
	{"auth51-jkt-alone", "auth51 takes a jkt and no jwk", at(509, func(r *run, sound func(*run) Code) Code {
		if r.issuer.profile == ProfileAuth51 && r.claims.cnf.Member("jwk").Exists() {
			return CodeClaimCnfUnsupported
		}
		return sound(r)
	})},
	{"patchet-null-step-refused", "null stands for no workflow in no profile", at(510, func(r *run, sound func(*run) Code) Code {
		if r.claims.intent.Member("workflow_id").Kind() == strictjson.Null {
			return CodeClaimIntentWorkflowInvalid
		}
		return sound(r)
	})},
	{"patchet-null-step-alone", "null stands for an absent workflow_step beside any workflow_id", at(510, func(r *run, sound func(*run) Code) Code {
		if r.issuer.profile == ProfilePatchet && r.claims.intent.Member("workflow_step").Kind() == strictjson.Null {
			list := membersOf(r.claims.intent)
			for i := range list {
				if list[i].name == "workflow_id" {
					list[i].text = "null"
				}
			}
			r.claims.intent = list.value()
		}
		return sound(r)
	})},
	{"patchet-scope-entries-joined", "an entry of a scope array may hold several scope-tokens", at(501, func(r *run, sound func(*run) Code) Code {
		if r.issuer.profile == ProfilePatchet && r.claims.scope.Kind() == strictjson.Array {
			var tokens []string
			for e := r.claims.scope.First(); e.Exists(); e = e.Next() {
				tokens = append(tokens, string(e.Bytes()))
			}
			if len(tokens) > 0 {
				r.claims.scope = jsonValue(quoted(strings.Join(tokens, " ")))
			}
		}
		return sound(r)
	})},
	{"patchet-scope-empty-array", "an empty scope array is an absent scope", at(501, func(r *run, sound func(*run) Code) Code {
		if r.issuer.profile == ProfilePatchet && r.claims.scope.Kind() == strictjson.Array && r.claims.scope.Len() == 0 {
			r.claims.scope = jsonValue(`"none"`)
		}
		return sound(r)
	})},
	{"plain-agent-claims-read", "plain reads intent and agent_proof", at(510, func(r *run, sound func(*run) Code) Code {
		r.claims.intent, r.claims.agentProof = r.s.token.payload.Root().Member("intent"), r.s.token.payload.Root().Member("agent_proof")
		return sound(r)
	})},
	{"plain-cnf-ignored", "plain does not read cnf", at(509, func(r *run, sound func(*run) Code) Code {
		if r.issuer.profile == ProfilePlain {
			return 0
		}
		return sound(r)
	})},
	{"plain-jti-unchecked", "a jti of plain may be anything", at(501, func(r *run, sound func(*run) Code) Code {
		if r.issuer.profile == ProfilePlain {
			r.claims.jti = strictjson.Value{}
		}
		return sound(r)
	})},
	{"plain-scope-unchecked", "a scope of plain that is no string is an absent one", at(501, func(r *run, sound func(*run) Code) Code {
		if r.issuer.profile == ProfilePlain && r.claims.scope.Kind() != strictjson.String {
			r.claims.scope = strictjson.Value{}
		}
		return sound(r)
	})},

	{"act-counts-as-agent", "a route that names agents takes a token on whose behalf one of them acts", at(909, func(r *run, sound func(*run) Code) Code {
		if slices.Contains(r.route.agents, string(r.claims.act.Member("sub").Bytes())) {
			return 0
		}
		return sound(r)
	})},
	{"act-refused", "a token with act is refused", at(501, func(r *run, sound func(*run) Code) Code {
		if r.claims.act.Exists() {
			return CodeClaimSubInvalid
		}
		return sound(r)
	})},
	{"act-not-reported", "the record lacks the actor", nil},
	{"act-innermost-reported", "the record has the first actor and not the current one", nil},
	{"act-as-agent", "the record names the actor as the agent", nil},
}

// laxAct spoils what a finished decision says of act.
func laxAct(r *run) {
	switch activeFault {
	case "act-not-reported":
		r.d.Act = ""
	case "act-innermost-reported":
		act := r.claims.act
		for act.Member("act").Kind() == strictjson.Object {
			act = act.Member("act")
		}
		if r.d.Act != "" {
			r.d.Act = string(act.Member("sub").Bytes())
		}
	case "act-as-agent":
		if r.d.Act != "" {
			r.d.Agent = r.d.Act
		}
	}
}

// profileIf runs checks under another profile where a token looks like one of it.
func profileIf(profile Profile, looks func(r *run) bool, numbers ...int) change {
	return func(order []check) []check {
		for _, n := range numbers {
			order = at(n, func(r *run, sound func(*run) Code) Code {
				if !looks(r) {
					return sound(r)
				}
				kept, i := r.issuer, *r.issuer
				i.profile = profile
				r.issuer = &i
				code := sound(r)
				r.issuer = kept
				return code
			})(order)
		}
		return order
	}
}

// profileAs takes one profile for another one in some checks.
func profileAs(profile, other Profile, numbers ...int) change {
	return profileIf(other, func(r *run) bool { return r.issuer.profile == profile }, numbers...)
}

// chainOf hashes other agents than those of the list.
func chainOf(agents func(r *run) [][]byte) change {
	return at(510, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == 0 && r.intent.hasChain && r.issuer.profile == ProfilePaper {
			r.intent.chain = sequenceRef{joinedDigest(agents(r)), HashLong}
			r.intent.chainText = appendSequenceHash(nil, r.intent.chain.digest, HashLong)
		}
		return code
	})
}
