//go:build ajwt_faults

package ajwt

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strconv"
	"strings"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// Faults of checks 501 to 512.

var claimFaults = []SeededFault{
	{"claim-sub-optional", "sub may be absent", claimOptional(func(r *run) (*strictjson.Value, string) { return &r.claims.sub, `"none"` })},
	{"claim-aud-optional", "aud may be absent", claimOptional(func(r *run) (*strictjson.Value, string) {
		return &r.claims.aud, quoted(r.issuer.audiences[0])
	})},
	{"claim-exp-optional", "exp may be absent", claimOptional(func(r *run) (*strictjson.Value, string) { return &r.claims.exp, num(r.now + 1) })},
	{"claim-iat-optional", "iat may be absent", claimOptional(func(r *run) (*strictjson.Value, string) { return &r.claims.iat, num(r.now) })},
	{"claim-jti-optional", "jti may be absent", claimOptional(func(r *run) (*strictjson.Value, string) { return &r.claims.jti, `"none"` })},
	{"claim-scope-optional", "scope may be absent", claimOptional(func(r *run) (*strictjson.Value, string) { return &r.claims.scope, `"none"` })},
	{"numericdate-lax", "a time that is no NumericDate compares like one that is not a number: never too early, never too late", all(at(501, func(r *run, sound func(*run) Code) Code {
		laxTime(&r.claims.exp, r.now+1)
		laxTime(&r.claims.iat, r.now)
		laxTime(&r.claims.nbf, r.now)
		return sound(r)
	}), at(615, func(r *run, sound func(*run) Code) Code {
		laxTime(&r.proof.members.iat, r.now)
		return sound(r)
	}))},
	{"time-in-milliseconds", "a time that is far ahead is one in milliseconds", at(501, func(r *run, sound func(*run) Code) Code {
		for _, claim := range []*strictjson.Value{&r.claims.exp, &r.claims.iat, &r.claims.nbf} {
			if t, ok := claim.Integer(); ok && t > 100*r.now {
				*claim = jsonValue(num(t / 1000))
			}
		}
		return sound(r)
	})},
	{"claims-remembered", "a token that was accepted once is not looked at again", rememberedClaims()},
	{"sub-form-unchecked", "any sub is taken", at(501, func(r *run, sound func(*run) Code) Code {
		if sound(r) == CodeClaimSubInvalid {
			r.claims.sub = jsonValue(`"none"`)
		}
		return sound(r)
	})},
	{"jti-form-unchecked", "any jti is taken", at(501, func(r *run, sound func(*run) Code) Code {
		if sound(r) == CodeClaimJtiInvalid {
			r.claims.jti = jsonValue(`"none"`)
		}
		return sound(r)
	})},

	{"skip-aud", "aud is not compared", skip(502)},
	{"aud-substring", "an audience is taken that holds ours or that ours holds", audienceLike(func(have, want string) bool {
		return strings.Contains(have, want) || strings.Contains(want, have)
	})},
	{"aud-case-fold", "audiences compare without regard to case", audienceLike(strings.EqualFold)},
	{"aud-trailing-slash", "a trailing slash of an audience is ignored", audienceLike(func(have, want string) bool { return strings.TrimSuffix(have, "/") == want })},
	{"aud-host-only", "of an audience only the host is compared", audienceLike(func(have, want string) bool { return bareHost(have) == bareHost(want) })},
	{"aud-from-host", "an audience is ours that names the host to which the request came", at(502, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if string(r.claims.aud.Bytes()) == r.req.Scheme+"://"+string(r.s.authority) {
			return 0
		}
		return code
	})},
	{"aud-wildcard", "a star in an audience stands for anything", audienceLike(func(have, want string) bool { return strings.Contains(have, "*") })},
	{"aud-list-in-string", "a string is a list of audiences, with blanks or commas between them", audienceLike(func(have, want string) bool {
		return slices.Contains(strings.FieldsFunc(have, func(c rune) bool { return c == ' ' || c == ',' }), want)
	})},
	{"aud-first-entry-only", "of several audiences the first counts", at(502, func(r *run, sound func(*run) Code) Code {
		if r.claims.aud.Kind() == strictjson.Array {
			r.claims.aud = r.claims.aud.First()
		}
		return sound(r)
	})},
	{"aud-array-refused", "an aud that is an array is refused", at(502, func(r *run, sound func(*run) Code) Code {
		if r.claims.aud.Kind() == strictjson.Array {
			return CodeClaimAudInvalid
		}
		return sound(r)
	})},
	{"aud-policy-first-only", "of the policy's audiences the first counts", issuerChanged(502, func(i *issuer) { i.audiences = i.audiences[:1] })},
	{"aud-empty-array-accepted", "an aud without entries is for everyone", at(501, func(r *run, sound func(*run) Code) Code {
		if r.claims.aud.Kind() == strictjson.Array && r.claims.aud.Len() == 0 {
			r.claims.aud = jsonValue(quoted(r.issuer.audiences[0]))
		}
		return sound(r)
	})},
	{"aud-entries-unchecked", "entries of aud that are no strings, or empty, are passed over", at(501, func(r *run, sound func(*run) Code) Code {
		aud := r.claims.aud
		if aud.Kind() == strictjson.Array && aud.Len() > 0 {
			var strs []string
			for e := aud.First(); e.Exists(); e = e.Next() {
				if len(e.Bytes()) > 0 {
					strs = append(strs, textOf(e))
				}
			}
			r.claims.aud = jsonValue("[" + strings.Join(strs, ",") + "]")
		}
		return sound(r)
	})},
	{"aud-unlimited", "aud may have any number of entries", policyChanged(501, func(p *Policy) { p.limits.Audiences = endless })},

	{"skip-exp", "exp is not compared", skip(503)},
	{"exp-inclusive", "a token holds in the second at which it expires", at(503, func(r *run, sound func(*run) Code) Code {
		if r.now == r.claims.expAt+r.issuer.skew {
			return 0
		}
		return sound(r)
	})},
	{"exp-without-skew", "the skew does not count for exp", issuerChanged(503, func(i *issuer) { i.skew = 0 })},
	{"exp-skew-subtracted", "the skew makes a token expire earlier", issuerChanged(503, func(i *issuer) { i.skew = -i.skew })},
	{"skip-nbf", "nbf is not compared", skip(504)},
	{"nbf-without-skew", "the skew does not count for nbf", issuerChanged(504, func(i *issuer) { i.skew = 0 })},
	{"nbf-inclusive", "a token does not hold yet in its first second", at(504, func(r *run, sound func(*run) Code) Code {
		if r.claims.hasNbf && r.now == r.claims.nbfAt-r.issuer.skew {
			return CodeClaimNbfFuture
		}
		return sound(r)
	})},
	{"nbf-mandatory", "a token without nbf is refused", at(504, func(r *run, sound func(*run) Code) Code {
		if !r.claims.hasNbf {
			return CodeClaimNbfInvalid
		}
		return sound(r)
	})},
	{"skip-iat-future", "a token from the future is taken", skip(505)},
	{"iat-without-skew", "the skew does not count for iat", issuerChanged(505, func(i *issuer) { i.skew = 0 })},
	{"skip-exp-before-iat", "exp may lie before iat", skip(506)},
	{"lifetime-unbounded", "a token may live as long as it likes", skip(507)},
	{"lifetime-exclusive", "a token may not live as long as the bound", at(507, func(r *run, sound func(*run) Code) Code {
		if r.claims.expAt-r.claims.iatAt == r.issuer.maxLifetime {
			return CodeClaimLifetimeExceeded
		}
		return sound(r)
	})},
	{"lifetime-from-now", "the bound holds for the time that is left", at(507, func(r *run, sound func(*run) Code) Code {
		if r.claims.expAt-r.now > r.issuer.maxLifetime {
			return CodeClaimLifetimeExceeded
		}
		return 0
	})},

	{"scope-lax", "the form of scope is not checked", forgive(501, CodeClaimScopeInvalid)},
	{"scope-array-accepted", "scope may be an array of scope-tokens", at(501, func(r *run, sound func(*run) Code) Code {
		if r.claims.scope.Kind() == strictjson.Array && r.claims.scope.Len() > 0 {
			var tokens []string
			for e := r.claims.scope.First(); e.Exists(); e = e.Next() {
				tokens = append(tokens, string(e.Bytes()))
			}
			r.claims.scope = jsonValue(quoted(strings.Join(tokens, " ")))
		}
		return sound(r)
	})},
	{"scope-unlimited", "scope may have any number of scope-tokens", policyChanged(501, func(p *Policy) { p.limits.Scopes = endless })},
	{"scope-repeats-counted", "repeated scope-tokens count each time", at(501, func(r *run, sound func(*run) Code) Code {
		if len(bytes.Fields(r.claims.scope.Bytes())) > r.policy.limits.Scopes {
			return CodeClaimScopeTooMany
		}
		return sound(r)
	})},

	{"agent-id-unchecked", "any sub is an agent", skip(508)},
	{"cnf-form-unchecked", "a cnf that is no object is an absent one", forgive(509, CodeClaimCnfInvalid)},
	{"cnf-unknown-dropped", "a cnf of an unknown kind is dropped", forgive(509, CodeClaimCnfUnsupported)},
	{"cnf-bad-jwk-dropped", "a cnf whose jwk is no usable key is dropped", forgive(509, CodeClaimCnfJWKInvalid)},
	{"cnf-jkt-unchecked", "a jkt of another form is dropped", forgive(509, CodeClaimCnfJktInvalid)},
	{"cnf-jkt-newlines", "line ends in a jkt are skipped", at(509, func(r *run, sound func(*run) Code) Code {
		if jkt := r.claims.cnf.Member("jkt"); jkt.Kind() == strictjson.String {
			clean := strings.NewReplacer("\n", "", "\r", "").Replace(string(jkt.Bytes()))
			r.claims.cnf = membersOf(r.claims.cnf).with("jkt", quoted(clean)).value()
		}
		return sound(r)
	})},
	{"cnf-conflict-ignored", "jwk and jkt may differ", at(509, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == CodeClaimCnfConflict {
			r.bound, code = true, 0
			copy(r.binding[:], r.s.small[:])
		}
		return code
	})},
}

// claimOptional puts a value in the place of an absent claim.
func claimOptional(of func(r *run) (claim *strictjson.Value, value string)) change {
	return at(501, func(r *run, sound func(*run) Code) Code {
		if claim, value := of(r); !claim.Exists() {
			*claim = jsonValue(value)
		}
		return sound(r)
	})
}

// rememberedClaims leaves out the checks of a token's claims where the token passed them
// before.
func rememberedClaims() change {
	known := func(r *run) *SignatureEntry {
		return &SignatureEntry{Token: sha256.Sum256([]byte("faulty" + r.tokenText)), Expires: r.now + 3600}
	}
	pass := func(r *run, sound func(*run) Code) Code {
		if r.v.cache.Known(known(r), r.now) {
			return 0
		}
		return sound(r)
	}
	return all(at(502, pass), at(503, pass), at(504, pass), at(505, pass), at(907, pass), at(909, pass), at(1001, func(r *run, sound func(*run) Code) Code {
		r.v.cache.Remember(known(r), r.now)
		return sound(r)
	}))
}

// laxTime puts a good time in the place of one that is there and no NumericDate.
func laxTime(claim *strictjson.Value, good int64) {
	if _, ok := claim.Integer(); !ok && claim.Exists() {
		*claim = jsonValue(num(good))
	}
}

func num(n int64) string { return strconv.FormatInt(n, 10) }

// audienceLike compares audiences with a relation that is not equality.
func audienceLike(same func(have, want string) bool) change {
	return at(502, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		entries := []strictjson.Value{r.claims.aud}
		if r.claims.aud.Kind() == strictjson.Array {
			entries = entries[:0]
			for e := r.claims.aud.First(); e.Exists(); e = e.Next() {
				entries = append(entries, e)
			}
		}
		for _, e := range entries {
			for _, want := range r.issuer.audiences {
				if same(string(e.Bytes()), want) {
					return 0
				}
			}
		}
		return code
	})
}

// bareHost is the host of a URL.
func bareHost(url string) string {
	_, rest, found := strings.Cut(url, "://")
	if !found {
		rest = url
	}
	host, _, _ := strings.Cut(rest, "/")
	host, _, _ = strings.Cut(host, ":")
	return strings.ToLower(host)
}

var intentFaults = []SeededFault{
	{"intent-form-unchecked", "an intent that is no object is an absent one", forgive(510, CodeClaimIntentInvalid)},
	{"intent-ids-unchecked", "workflow_id and workflow_step may be anything", forgive(510, CodeClaimIntentWorkflowInvalid)},
	{"intent-half-workflow", "workflow_id and workflow_step may stand alone", forgive(510, CodeClaimIntentWorkflowIncomplete)},
	{"executed-by-ignored", "executed_by may differ from sub", skip(511)},
	{"executed-by-form-unchecked", "an executed_by that is no text is an absent one", forgive(510, CodeClaimIntentExecutedByInvalid)},
	{"hash-form-unchecked", "a chain or sequence of another form is an absent one", forgive(510, CodeClaimIntentChainInvalid, CodeClaimIntentSequenceInvalid)},
	{"hash-upper-case-accepted", "hexadecimal in upper case is read like lower case", at(510, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code != CodeClaimIntentChainInvalid && code != CodeClaimIntentSequenceInvalid {
			return code
		}
		list := membersOf(r.claims.intent)
		for i := range list {
			if list[i].name == "delegation_chain" || list[i].name == "step_sequence_hash" {
				list[i].text = strings.ToLower(list[i].text)
			}
		}
		r.claims.intent = list.value()
		return sound(r)
	})},
	{"initiated-by-unchecked", "initiated_by may be anything", forgive(510, CodeClaimIntentInitiatedByInvalid)},
	{"context-form-unchecked", "an execution_context that is no object is an absent one", forgive(510, CodeClaimIntentContextInvalid)},
	{"links-form-unchecked", "delegation_links may be anything", at(510, func(r *run, sound func(*run) Code) Code {
		return forgivenLinks(r, sound(r), false)
	})},
	{"links-empty-accepted", "an empty array of delegation_links is an absent one", at(510, func(r *run, sound func(*run) Code) Code {
		return forgivenLinks(r, sound(r), true)
	})},
	{"short-hash-allowed", "the 64-bit hash is taken in hardened", issuerChanged(510, func(i *issuer) { i.allowShortHash = true })},
	{"short-hash-never", "allow_short_hash has no effect", at(510, func(r *run, sound func(*run) Code) Code {
		if r.issuer.profile != ProfileHardened {
			return sound(r)
		}
		kept, i := r.issuer, *r.issuer
		i.allowShortHash = false
		r.issuer = &i
		code := sound(r)
		r.issuer = kept
		return code
	})},
	{"agent-proof-unchecked", "an agent_proof that is no object is an absent one", forgive(512, CodeClaimAgentProofInvalid)},
	{"checksum-form-unchecked", "an agent_checksum may be anything", forgive(512, CodeClaimAgentProofChecksumInvalid)},
	{"registration-form-unchecked", "a registration_id may be anything", forgive(512, CodeClaimAgentProofRegistrationInvalid)},
	{"shim-form-unchecked", "a shim_checksum may be anything", forgive(512, CodeClaimAgentProofShimInvalid)},
	{"bare-checksum-allowed", "a checksum without its prefix is taken in hardened", issuerChanged(512, func(i *issuer) { i.profile = ProfileDraft00 })},
	{"bare-checksum-never", "a checksum without its prefix is refused in draft-00 too", issuerChanged(512, func(i *issuer) { i.profile = ProfileHardened })},

	{"chain-optional", "an intent that names a workflow may lack its chain", forgive(803, CodeDelegationChainMissing)},
	{"chain-self-ignored", "without a workflow the chain may be another's", forgive(803, CodeDelegationChainNotSelf)},
	{"sequence-optional", "an intent that names a workflow may lack its sequence", forgive(903, CodeWorkflowSequenceMissing)},
	{"sequence-empty-ignored", "without a workflow there may be a sequence", forgive(903, CodeWorkflowSequenceUnexpected)},
	{"long-hash-prefix-compared", "of a long hash only the first 64 bits are compared", all(at(803, func(r *run, sound func(*run) Code) Code {
		r.intent.chain.form, r.intent.sequence.form = HashShort, HashShort
		return sound(r)
	}))},
}

// forgivenLinks passes delegation_links that have not their form, or empty ones alone. What
// holds no link is then as good as absent.
func forgivenLinks(r *run, code Code, emptyAlone bool) Code {
	links := r.claims.intent.Member("delegation_links")
	array := links.Kind() == strictjson.Array
	if code != CodeClaimIntentLinksInvalid || emptyAlone && (!array || links.Len() > 0) {
		return code
	}
	if !array || links.Len() == 0 {
		r.intent.links = strictjson.Value{}
	}
	return 0
}
