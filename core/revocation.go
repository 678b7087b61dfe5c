package ajwt

import (
	"crypto/sha256"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// RevocationList is a signed revocation list that was verified (spec/profile.md, section
// 16.2). It does not change and is safe for concurrent use.
type RevocationList struct {
	sequence, issuedAt, nextUpdate int64
	digest                         [sha256.Size]byte
	agents, registrations, tokens  map[string]bool
	keys                           map[[32]byte]bool
}

// Sequence returns the list's sequence number.
func (l *RevocationList) Sequence() int64 { return l.sequence }

// NextUpdate returns next_update, a NumericDate.
func (l *RevocationList) NextUpdate() int64 { return l.nextUpdate }

// Digest returns the SHA-256 of the compact form; zero where ReadRevocations made it.
func (l *RevocationList) Digest() [sha256.Size]byte { return l.digest }

var revocationCodes = signedCodes{
	member: memberCodes{CodeRevocationsMemberMissing, CodeRevocationsMemberUnknown, CodeRevocationsMemberType,
		CodeRevocationsMemberValue, CodeRevocationsIDDuplicate},
	tooLarge: CodeRevocationsTooLarge, compact: CodeRevocationsCompactInvalid, header: CodeRevocationsHeaderInvalid,
	forbidden: CodeRevocationsHeaderForbidden, typ: CodeRevocationsTypInvalid, alg: CodeRevocationsAlgNotAllowed,
	kid: CodeRevocationsKidUnknown, key: CodeRevocationsKeyMismatch, signature: CodeRevocationsSignatureInvalid,
	json: CodeRevocationsJSONInvalid, issuer: CodeRevocationsIssuerMismatch, iat: CodeRevocationsIatFuture,
}

const revocationsType = "ajwt-revocations+jwt"

// ParseRevocations verifies the revocation list of one issuer of the policy at a time
// (NumericDate). It does not look at sequences: Verifier.Load does. The error is a
// *LoadError.
func (p *Policy) ParseRevocations(issuer string, data []byte, now int64) (*RevocationList, error) {
	return p.parseRevocations(issuer, data, now, nil)
}

func (p *Policy) parseRevocations(issuer string, data []byte, now int64, pace *pace) (*RevocationList, error) {
	i := p.issuerIndex([]byte(issuer))
	if i < 0 || p.issuers[i].revocation.keys == nil {
		return nil, loadError(CodeRevocationsIssuerUnknown, "", "load lists of issuers whose policy entry has revocation")
	}
	is := &p.issuers[i]
	d, fault := openSigned(data, p.limits.BundleBytes, revocationsType, is.revocation.keys, is.algorithms, &revocationCodes, pace)
	if fault != nil {
		return nil, fault
	}
	l, fault := readRevocations(d.payload.Root(), &documentTerms{issuer, is.skew, now}, pace)
	if fault != nil {
		return nil, fault
	}
	l.digest = d.digest
	return l, nil
}

// ReadRevocations reads the payload of a list that is not signed yet, for those who sign.
// The error is a *LoadError.
func ReadRevocations(payload []byte, issuer string, now int64) (*RevocationList, error) {
	var doc strictjson.Document
	if fault := readPayload(&doc, payload, CodeRevocationsJSONInvalid, nil); fault != nil {
		return nil, fault
	}
	l, fault := readRevocations(doc.Root(), &documentTerms{issuer, 0, now}, nil)
	if fault != nil {
		return nil, fault
	}
	return l, nil
}

func readRevocations(root strictjson.Value, t *documentTerms, pace *pace) (*RevocationList, *LoadError) {
	r := &docReader{codes: &revocationCodes.member, most: signedFaults, pace: pace}
	l := &RevocationList{keys: map[[32]byte]bool{}}
	set := func(out *map[string]bool, read func(v strictjson.Value, at string) string) func(strictjson.Value, string) {
		return func(v strictjson.Value, at string) {
			*out = map[string]bool{}
			r.distinctInto(*out, v, at, read)
		}
	}
	agent := func(v strictjson.Value, at string) string { return r.id(v, at, &agentIDByte) }
	r.object(root, "",
		member{"iss", true, func(v strictjson.Value, at string) { r.issuerIs(v, at, t.issuer, CodeRevocationsIssuerMismatch) }},
		member{"iat", true, func(v strictjson.Value, at string) {
			l.issuedAt = r.issuedAt(v, at, t, CodeRevocationsIatFuture)
		}},
		member{"next_update", true, func(v strictjson.Value, at string) {
			before := len(r.faults)
			if l.nextUpdate = r.integer(v, at, 0, strictjson.MaxInteger); len(r.faults) == before && l.nextUpdate <= l.issuedAt {
				r.fault(CodeRevocationsMemberValue, at, "want a time after iat")
			}
		}},
		member{"sequence", true, func(v strictjson.Value, at string) { l.sequence = r.integer(v, at, 0, strictjson.MaxInteger) }},
		member{"agents", true, set(&l.agents, agent)},
		member{"registrations", true, set(&l.registrations, agent)},
		member{"tokens", true, set(&l.tokens, func(v strictjson.Value, at string) string {
			if !r.kind(v, at, strictjson.String) {
				return ""
			}
			if n := len(v.Bytes()); n == 0 || n > maxJTIBytes {
				r.fault(CodeRevocationsMemberValue, at, "want the jti of a token or link: 1 to 256 bytes")
				return ""
			}
			return string(v.Bytes())
		})},
		member{"keys", true, func(v strictjson.Value, at string) {
			r.distinctInto(map[string]bool{}, v, at, func(v strictjson.Value, at string) string {
				var thumbprint [32]byte
				if !r.kind(v, at, strictjson.String) {
					return ""
				}
				if !exactly(thumbprint[:], v) {
					r.fault(CodeRevocationsMemberValue, at, "want a thumbprint: base64url of 32 octets")
					return ""
				}
				l.keys[thumbprint] = true
				return string(v.Bytes())
			})
		}},
	)
	if len(r.faults) > 0 {
		return nil, &LoadError{r.faults}
	}
	return l, nil
}

// checkRevocations is check 704: where the policy requires a list, one is there and not
// stale. Where it does not, the last one goes on applying, with a warning.
func (r *run) checkRevocations() Code {
	terms := &r.issuer.revocation
	if terms.keys == nil {
		return 0
	}
	r.list = r.state.issuers[r.issuerAt].list
	code := Code(0)
	switch {
	case r.list == nil:
		code = CodeAgentRevocationsMissing
	case r.now-r.list.nextUpdate > terms.grace:
		code = CodeAgentRevocationsStale
	}
	if code != 0 && !terms.required {
		r.d.Warnings = append(r.d.Warnings, code)
		return 0
	}
	return code
}

// checkRevoked is check 711. It reads the token's own claims, so that no observed failure
// before it can hide a revocation.
func (r *run) checkRevoked() Code {
	if r.agent != nil && r.agent.revoked {
		return CodeAgentStatusRevoked
	}
	switch l := r.list; {
	case l == nil:
	case l.agents[string(r.claims.sub.Bytes())]:
		return CodeAgentIDRevoked
	case r.agentProof.present && l.registrations[string(r.agentProof.registration)]:
		return CodeAgentRegistrationRevoked
	case l.tokens[string(r.claims.jti.Bytes())]:
		return CodeAgentTokenRevoked
	case r.bound && l.keys[r.binding]:
		return CodeAgentKeyRevoked
	}
	return 0
}

// checkChainRevoked is check 818: no agent of the chain and nothing of the links is
// revoked, by the bundle or the list.
func (r *run) checkChainRevoked() Code {
	revoked := r.state.issuers[r.issuerAt].revoked
	for i := range r.s.links[:r.links] {
		k := &r.s.links[i]
		for _, id := range [...][]byte{k.iss, k.sub} {
			at, known := r.bundle.agentAt[string(id)]
			if known && r.bundle.agents[at].revoked || r.list != nil && r.list.agents[string(id)] {
				return CodeDelegationLinkAgentRevoked
			}
		}
		if r.list == nil {
			continue
		}
		if r.list.tokens[string(k.jti)] {
			return CodeDelegationLinkRevoked
		}
		if r.list.keys[k.key.Thumbprint()] || r.list.keys[k.jkt] {
			return CodeDelegationLinkKeyRevoked
		}
	}
	chain := r.chain
	if chain < 0 && r.bundle != nil && r.intent.hasChain && r.issuer.profile.hashesCheckable() {
		chain = r.bundle.findChain(&r.intent.chain) // of another workflow or agent, and observed
	}
	if chain < 0 {
		return 0
	}
	for _, agent := range r.bundle.chainAgents(chain) {
		if revoked[agent/64]&(1<<(agent%64)) != 0 {
			return CodeDelegationChainRevoked
		}
	}
	return 0
}

// revokedAgents marks the agents of a bundle that are revoked by it or by a list.
func revokedAgents(b *Bundle, l *RevocationList, p *pace) []uint64 {
	if b == nil {
		return nil
	}
	marks := make([]uint64, (len(b.agents)+63)/64)
	for i := range b.agents {
		p.work(1)
		if b.agents[i].revoked {
			marks[i/64] |= 1 << (i % 64)
		}
	}
	if l != nil {
		for id := range l.agents {
			p.work(workEntry / 2)
			if i, known := b.agentAt[id]; known {
				marks[i/64] |= 1 << (i % 64)
			}
		}
	}
	return marks
}
