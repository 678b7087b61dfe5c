package ajwt

import (
	"crypto/sha256"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// link is one delegation assertion of a token (spec/profile.md, section 16.3), taken
// apart into memory that is used again.
type link struct {
	jws      compact
	key      Key // header jwk, which signed it
	alg      Algorithm
	iss, sub []byte
	workflow []byte
	step     []byte // nil where it names none
	scope    []byte
	jti      []byte
	aud      strictjson.Value
	prev     [sha256.Size]byte
	hasPrev  bool
	jkt      [32]byte // the delegate's key
	iat, exp int64
}

const linkType = "ajwt-delegation+jwt"

var (
	linkHeaderCodes = jsonCodes{CodeDelegationLinkHeaderInvalid, CodeDelegationLinkHeaderInvalid, CodeDelegationLinkHeaderInvalid,
		CodeDelegationLinkHeaderInvalid, CodeDelegationLinkHeaderInvalid, CodeDelegationLinkHeaderInvalid}
	linkPayloadCodes = jsonCodes{CodeDelegationLinkPayloadInvalid, CodeDelegationLinkPayloadInvalid, CodeDelegationLinkPayloadInvalid,
		CodeDelegationLinkPayloadInvalid, CodeDelegationLinkPayloadInvalid, CodeDelegationLinkPayloadInvalid}
)

// checkChainKnown is check 804: the chain is a path of the workflow from an origin to sub.
func (r *run) checkChainKnown() Code {
	if r.workflow == nil || r.agent == nil || !r.intent.hasChain || !r.issuer.profile.hashesCheckable() {
		return 0
	}
	chain := r.bundle.findChain(&r.intent.chain)
	if chain < 0 || !r.bundle.allowsChain(r.workflowAt, r.agentAt, chain) {
		return CodeDelegationChainUnknown
	}
	r.chain = chain
	return 0
}

// checkLinksPresent is check 805. An agent that acts on its own has nobody's word to show.
func (r *run) checkLinksPresent() Code {
	if r.route.linksRequired && !r.intent.links.Exists() && (r.chain < 0 || len(r.bundle.chainAgents(r.chain)) > 1) {
		return CodeDelegationLinksMissing
	}
	return 0
}

// checkLinks is checks 806 to 817. Without a bundle in force nothing says whose the root
// key is, so links are then not looked at and do not count.
func (r *run) checkLinks() Code {
	if r.bundle == nil || !r.intent.links.Exists() {
		return 0
	}
	code, sound := r.readLinks()
	if r.workflow == nil && r.intent.workflow != nil {
		return 0 // unknown, and observed
	}
	if code == 0 {
		code = r.linksHold(r.s.links[:r.links])
	}
	if code == 0 {
		r.linked = true
		return 0
	}
	// Whether an Edwards key is a point at all is a part of check 806. A signature that
	// holds has shown it, so it is asked only here.
	for i := range r.s.links[:sound] {
		if !r.s.links[i].key.onCurve() {
			return CodeDelegationLinkJWKInvalid
		}
	}
	return code
}

// linksHold is checks 808 to 817.
func (r *run) linksHold(links []link) Code {
	if r.workflow == nil {
		return CodeDelegationLinkWorkflowMismatch
	}
	for i := range links {
		if code := r.checkLink(links, i); code != 0 {
			return code
		}
	}
	if code := r.checkDelegated(links); code != 0 {
		return code
	}
	return r.linkSignatures(links)
}

// readLinks takes the links apart and returns what is wrong with the form of the first
// that has none, and how many stand before it. It goes on behind it: where that is only
// observed, a revoked link among the others still rejects.
func (r *run) readLinks() (malformed Code, sound int) {
	for e := r.intent.links.First(); e.Exists(); e = e.Next() {
		if r.links == len(r.s.links) {
			r.s.links = append(r.s.links, link{})
		}
		code := r.s.links[r.links].parse(e.Bytes(), &r.policy.limits, r.policy.proof.algorithms)
		if code == 0 {
			r.links++
		} else if malformed == 0 {
			malformed, sound = code, r.links
		}
	}
	if malformed == 0 {
		sound = r.links
	}
	return malformed, sound
}

// parse is checks 806 and 807: the form of a link.
func (k *link) parse(text []byte, limits *Limits, admitted AlgorithmSet) Code {
	if k.jws.split(text) != 3 || k.jws.decode() >= 0 || len(k.jws.signature) == 0 {
		return CodeDelegationLinkCompactInvalid
	}
	if code := parseObject(&k.jws.header, k.jws.headerRaw, limits, &linkHeaderCodes); code != 0 {
		return code
	}
	header := k.jws.header.Root()
	m := readHeaderMembers(header)
	if !mediaTypeIs(m.typ.Bytes(), linkType) {
		return CodeDelegationLinkTypInvalid
	}
	algs := resolveAlg(m.alg.Bytes(), admitted)
	switch {
	case algs == 0:
		return CodeDelegationLinkAlgNotAllowed
	case m.crit || m.b64 || m.zip:
		return CodeDelegationLinkHeaderForbidden
	case k.key.parse(header.Member("jwk"), true) != keyOK:
		return CodeDelegationLinkJWKInvalid
	}
	if k.alg = k.key.Algorithms().pick(algs); k.alg == 0 {
		return CodeDelegationLinkJWKInvalid
	}
	if code := parseObject(&k.jws.payload, k.jws.payRaw, limits, &linkPayloadCodes); code != 0 {
		return code
	}
	return k.claims(k.jws.payload.Root(), limits.Scopes)
}

// claims is check 807.
func (k *link) claims(payload strictjson.Value, scopes int) Code {
	var iss, sub, aud, cnf, workflow, step, scope, iat, exp, jti, prev strictjson.Value
	for m := payload.First(); m.Exists(); m = m.Next() {
		switch string(m.Key()) {
		case "iss":
			iss = m
		case "sub":
			sub = m
		case "aud":
			aud = m
		case "cnf":
			cnf = m
		case "workflow_id":
			workflow = m
		case "workflow_step":
			step = m
		case "scope":
			scope = m
		case "iat":
			iat = m
		case "exp":
			exp = m
		case "jti":
			jti = m
		case "prev":
			prev = m
		}
	}
	for _, v := range [...]strictjson.Value{iss, sub, aud, cnf, workflow, scope, iat, exp, jti} {
		if !v.Exists() {
			return CodeDelegationLinkClaimMissing
		}
	}
	var ok1, ok2 bool
	k.iat, ok1 = iat.Integer()
	k.exp, ok2 = exp.Integer()
	k.iss, k.sub, k.aud, k.workflow, k.step = iss.Bytes(), sub.Bytes(), aud, workflow.Bytes(), step.Bytes()
	k.scope, k.jti, k.hasPrev = scope.Bytes(), jti.Bytes(), prev.Exists()
	if !ok1 || !ok2 || k.exp <= k.iat || !validAgentID(k.iss) || !validAgentID(k.sub) || aud.Kind() != strictjson.String ||
		!validStepID(k.workflow) || step.Exists() && !validStepID(k.step) || !validScope(k.scope, scopes) ||
		len(k.jti) == 0 || len(k.jti) > maxJTIBytes || prev.Exists() && !exactly(k.prev[:], prev) ||
		!exactly(k.jkt[:], cnf.Member("jkt")) {
		return CodeDelegationLinkClaimInvalid
	}
	return 0
}

// validScope tells whether a scope is 1 to most scope-tokens with one space between two.
func validScope(b []byte, most int) bool {
	start := 0
	for i := 0; i <= len(b); i++ {
		if i < len(b) && b[i] != ' ' {
			if !isClass(b[i], charScope) {
				return false
			}
			continue
		}
		if most--; i == start || most < 0 {
			return false
		}
		start = i + 1
	}
	return true
}

// withinScope tells whether every scope-token of a is one of b.
func withinScope(a, b []byte) bool {
	for start, i := 0, 0; i <= len(a); i++ {
		if i == len(a) || a[i] == ' ' {
			if !hasScope(b, a[start:i]) {
				return false
			}
			start = i + 1
		}
	}
	return true
}

// checkLink is checks 808 to 813 for one link.
func (r *run) checkLink(links []link, i int) Code {
	k := &links[i]
	thumbprint := k.key.Thumbprint()
	if i == 0 {
		if k.hasPrev {
			return CodeDelegationLinkPrevMismatch
		}
	} else {
		before := &links[i-1]
		if string(k.iss) != string(before.sub) {
			return CodeDelegationLinkOrderMismatch
		}
		sum := sum256(before.jws.raw)
		if !k.hasPrev || k.prev != sum {
			return CodeDelegationLinkPrevMismatch
		}
		if thumbprint != before.jkt {
			return CodeDelegationLinkSignerMismatch
		}
	}
	for j := range links[:i+1] {
		if string(links[j].iss) == string(k.sub) {
			return CodeDelegationLinkOrderMismatch
		}
	}
	if at, known := r.bundle.agentAt[string(k.iss)]; !known || (i == 0 || r.bundle.agents[at].pinned) && !r.bundle.agents[at].hasKey(&thumbprint) {
		return CodeDelegationLinkKeyUnlisted
	}
	switch {
	case !k.aud.Is(r.issuer.id):
		return CodeDelegationLinkAudienceMismatch
	case string(k.workflow) != r.workflow.id:
		return CodeDelegationLinkWorkflowMismatch
	case i > 0 && !withinScope(k.scope, links[i-1].scope):
		return CodeDelegationLinkScopeWidened
	case r.now >= k.exp:
		return CodeDelegationLinkExpired
	case k.iat > r.now+r.issuer.skew:
		return CodeDelegationLinkIatFuture
	case i > 0 && k.exp > links[i-1].exp:
		return CodeDelegationLinkLifeGrown
	}
	return 0
}

// checkDelegated is checks 811 to 816, where the last link meets the token.
func (r *run) checkDelegated(links []link) Code {
	last := &links[len(links)-1]
	switch {
	case last.step != nil && !r.isStep(last.step):
		return CodeDelegationLinkStepMismatch
	case !withinScope(r.claims.scopeText, last.scope):
		return CodeDelegationLinkScopeExceeded
	case len(links) > r.workflow.maxDepth:
		return CodeDelegationLinkDepthExceeded
	case string(last.sub) != string(r.claims.sub.Bytes()):
		return CodeDelegationLinkSubjectMismatch
	case !r.bound || last.jkt != r.binding:
		return CodeDelegationLinkKeyMismatch
	}
	// The full digest is compared with the known chain, not the short form that the token
	// may carry: 64 bits can be collided.
	var ids [maxDelegationDepth + 1][]byte
	ids[0] = links[0].iss
	for i := range links {
		ids[i+1] = links[i].sub
	}
	digest := joinedDigest(ids[:len(links)+1])
	if !r.intent.hasChain || !r.intent.chain.matches(&digest) || r.chain >= 0 && r.bundle.chains[r.chain].digest != digest {
		return CodeDelegationLinkChainMismatch
	}
	return 0
}

// isStep tells whether the token's step is the one that a link names by its real id.
func (r *run) isStep(step []byte) bool {
	if r.alias != nil {
		at, known := r.alias[string(r.intent.step)]
		return known && r.bundle.steps[at].id == string(step)
	}
	return string(step) == string(r.intent.step)
}

// linkSignatures is check 817. The results are remembered like the token's own, until the
// bundle changes.
func (r *run) linkSignatures(links []link) Code {
	entry := SignatureEntry{Key: r.key.Thumbprint(), Generation: uint64(r.issuerAt)<<32 | r.state.issuers[r.issuerAt].generation,
		Expires: min(r.claims.expAt, strictjson.MaxInteger-maxSkew) + r.issuer.skew}
	r.s.hash = append(append(r.s.hash[:0], "ajwt-links-1\x00"...), r.tokenHash[:]...)
	entry.Token = sum256(r.s.hash)
	if r.v.cache.Known(&entry, r.now) {
		return 0
	}
	for i := range links {
		if !r.verifySignature(&links[i].key, links[i].alg, links[i].jws.input, links[i].jws.signature) {
			return CodeDelegationLinkSignatureInvalid
		}
	}
	r.v.cache.Remember(&entry, r.now)
	return 0
}
