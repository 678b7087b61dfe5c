package ajwt

import (
	"github.com/agentic-jwt/ajwt/core/strictjson"
)

func (r *run) checkCompact() Code {
	if r.recall() {
		return 0
	}
	return r.token.parse(bytesOf(r.tokenText))
}

func (t *subject) checkHeader() Code {
	return parseObject(&t.token.header, t.token.headerRaw, &t.policy.limits, &headerCodes)
}

func (t *subject) checkHeaderForm() Code {
	return t.header.read(t.token.header.Root())
}

func (t *subject) checkPayload() Code {
	code := parseObject(&t.token.payload, t.token.payRaw, &t.policy.limits, &payloadCodes)
	if code == 0 {
		t.claims.collect(t.token.payload.Root())
	}
	return code
}

func (t *subject) checkIssuerForm() Code {
	if len(t.claims.iss.Bytes()) == 0 {
		return missingOr(t.claims.iss, CodeKeyIssMissing, CodeKeyIssInvalid)
	}
	return 0
}

func (t *subject) checkIssuerKnown() Code {
	if t.issuerAt = t.policy.issuerIndex(t.claims.iss.Bytes()); t.issuerAt < 0 {
		return CodeKeyIssuerUnknown
	}
	t.issuer = &t.policy.issuers[t.issuerAt]
	return 0
}

// checkType is check 303 (RFC 8725, section 3.11). An absent typ reads as JWT
// outside the hardened profile.
func (t *subject) checkType() Code {
	typ := t.header.typ
	if typ == nil {
		if !t.issuer.profile.typOptional() {
			return CodeKeyTypMissing
		}
		typ = []byte("jwt")
	}
	for _, admitted := range t.issuer.types {
		if mediaTypeIs(typ, admitted) {
			return 0
		}
	}
	return CodeKeyTypNotAllowed
}

func (t *subject) checkAlgorithm() Code {
	if t.admitted = resolveAlg(t.header.alg, t.issuer.algorithms); t.admitted == 0 {
		return CodeKeyAlgNotAllowed
	}
	return 0
}

func (t *subject) checkKeySet() Code {
	if t.keys[t.issuerAt].set == nil {
		return CodeKeySetMissing
	}
	return 0
}

func (t *subject) checkKeyID() Code {
	key, usable, known := t.keys[t.issuerAt].set.lookup(t.header.kid)
	switch {
	case !known:
		return CodeKeyKidUnknown
	case !usable:
		return CodeKeyKidUnusable
	}
	t.key = key
	return 0
}

// checkKeyFits is check 307: the key can be used with this alg (RFC 8725, section
// 3.1), which for the alias EdDSA also settles which algorithm it means.
func (t *subject) checkKeyFits() Code {
	if t.verify = t.key.Algorithms().pick(t.admitted); t.verify == 0 {
		return CodeKeyAlgMismatch
	}
	return 0
}

// checkSignature is check 401. Only this result is remembered; everything else about
// the token is decided anew for each request.
func (r *run) checkSignature() Code {
	if r.known != nil {
		return 0
	}
	r.tokenHash = sum256(bytesOf(r.tokenText))
	entry := &r.s.entry
	*entry = SignatureEntry{Token: r.tokenHash, Key: r.key.Thumbprint(), Generation: uint64(r.issuerAt)<<32 | r.state.keys[r.issuerAt].generation}
	if r.verified = r.v.cache.Known(entry, r.now); r.verified {
		return 0
	}
	if !r.verifySignature(r.key, r.verify, r.token.input, r.token.signature) {
		return CodeSignatureInvalid
	}
	// A token without a readable exp fails a later check: there is nothing to gain
	// from remembering it.
	if exp, ok := r.claims.exp.Integer(); ok {
		entry.Expires = min(exp, strictjson.MaxInteger-maxSkew) + r.issuer.skew
	}
	return 0
}

// settle ends what was put off: whether the Edwards key in cnf.jwk is a point at all
// (a part of check 509), and remembering the signature. A proof that held by that
// very key has shown the point; a token that is remembered was settled before. So
// decompressing the point, a tenth of a signature check, is left to those requests
// that nothing else settles, and comes before any later code.
func (r *run) settle() Code {
	if r.settled {
		return 0
	}
	r.settled = true
	if r.pointOpen && !r.verified && !r.proof.held && !r.mem.cnfKey.onCurve() {
		return CodeClaimCnfJWKInvalid
	}
	if !r.verified && r.s.entry.Expires > 0 {
		r.v.cache.Remember(&r.s.entry, r.now)
	}
	return 0
}

// checkColdStart is check 1001: a memory that started empty cannot know what was
// used before, so what was issued by then is refused where the policy says so.
func (r *run) checkColdStart() Code {
	if !r.issuer.coldStart {
		return 0
	}
	r.coldStartAt = r.v.replay.Start()
	return r.coldSince(r.coldStartAt)
}

// coldSince decides under one start of the memory.
func (r *run) coldSince(start int64) Code {
	if start <= 0 {
		return 0
	}
	if r.route.singleUse && r.claims.iatAt-r.issuer.skew <= start {
		return CodeReplayTokenColdStart
	}
	if r.proof.held && r.proof.iat-r.issuer.skew <= start {
		return CodeReplayProofColdStart
	}
	return 0
}

// checkReplay is checks 1002 and 1003. All keys of the decision are taken at once,
// or none: a request that is refused uses nothing up. A memory that was lost between
// check 1001 and its answer knew nothing when it answered, so where it says fresh its
// start is asked for again.
func (r *run) checkReplay() Code {
	keys := r.s.replay[:0]
	if r.route.singleUse {
		keys = append(keys, r.tokenReplayKey())
	}
	if r.proof.held {
		keys = append(keys, r.proofReplayKey())
	}
	if len(keys) == 0 {
		return 0
	}
	for i := range keys {
		if keys[i].Tag = r.binding; !r.bound {
			keys[i].Tag = keys[i].Key // of a token: a proof needs a binding
		}
	}
	result, seen := r.v.replay.Record(keys, r.now)
	if result == ReplayDeferred {
		r.d.Deferred = true
		r.d.Replay = append([]ReplayKey(nil), keys...)
		return 0
	}
	code := replayCode(result, keys, seen)
	if result == ReplayUnavailable && r.policy.replay.onOutageAllow {
		r.d.Warnings = append(r.d.Warnings, code)
		return 0
	}
	if code == 0 && r.issuer.coldStart {
		if start := r.v.replay.Start(); start > r.coldStartAt {
			return r.coldSince(start)
		}
	}
	return code
}

func replayCode(result ReplayResult, keys []ReplayKey, seen int) Code {
	switch result {
	case ReplayFresh:
		return 0
	case ReplaySeen:
		if seen >= 0 && seen < len(keys) && keys[seen].Token {
			return CodeReplayTokenReused
		}
		return CodeReplayProofReused
	case ReplayFull:
		return CodeReplayMemoryFull
	case ReplayQuota:
		return CodeReplayQuotaExceeded
	}
	return CodeReplayStoreUnavailable
}

// tokenReplayKey identifies a token by (iss, jti), and a bound one by its key besides:
// memories keep apart what belongs to different keys, so a jti that an issuer gives to
// two keys names two tokens everywhere. The length of iss goes before it, so that no
// two pairs give one text.
func (r *run) tokenReplayKey() ReplayKey {
	iss := r.issuer.id
	h := r.s.hash[:0]
	if r.bound {
		h = append(append(h, "ajwt-bound-token-1\x00"...), r.binding[:]...)
	} else {
		h = append(h, "ajwt-token-1\x00"...)
	}
	h = append(h, byte(len(iss)>>8), byte(len(iss)))
	h = append(h, iss...)
	h = append(h, r.claims.jti.Bytes()...)
	r.s.hash = h
	k := ReplayKey{Key: sum256(h), Expires: r.claims.expAt + r.issuer.skew, Token: true}
	if k.Owner = r.binding; !r.bound {
		// Without a key the agent is the owner, so that one agent's tokens cannot fill
		// the memory either.
		h = append(append(h[:len(h)-len(r.claims.jti.Bytes())], r.claims.sub.Bytes()...), "\x00sub"...)
		k.Owner = sum256(h)
	}
	return k
}

// pick returns the algorithm that both sets have, zero for none.
func (s AlgorithmSet) pick(other AlgorithmSet) Algorithm {
	for a := Algorithm(1); a < 16; a++ {
		if s.Has(a) && other.Has(a) {
			return a
		}
	}
	return 0
}
