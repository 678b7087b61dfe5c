package ajwt

import "github.com/agentic-jwt/ajwt/core/strictjson"

// proofState is what the proof stage establishes.
type proofState struct {
	expected bool        // a proof is there and must hold
	method   proofMethod // by which it was sent
	alg      []byte
	known    *knownHeader // a remembered header, nil for one that is taken apart anew
	key      *Key         // its key, or the scratch memory's
	admitted AlgorithmSet
	verify   Algorithm
	members  proofMembers
	iat      int64
	held     bool // every check of the stage passed
	httpsig  httpsigState
	patchet  patchetState
}

type proofMembers struct{ jti, htm, htu, iat, ath, nonce strictjson.Value }

// checkPresence is check 601: which proof was sent, by a method that is taken, whether
// one is needed, there, and can be bound.
// A proof is needed where the route says so, where no route matched (so that an
// unknown path tells nothing), in the hardened profile, in auth51 where the token binds
// a key, and under the DPoP scheme.
// A proof that is there is never passed over.
func (r *run) checkPresence() Code {
	r.proof = proofState{}
	r.skips |= skipMethods
	if code := r.findProof(); code != 0 {
		return code
	}
	sent := r.proof.method != 0
	profile := r.issuer.profile
	needed := r.route == nil || !r.route.proofOptional || r.dpopScheme || !profile.bearerAllowed() || r.bound && profile.boundNeedsProof()
	r.expect(needed || sent)
	switch {
	case !r.proof.expected:
		return 0
	case !r.bound:
		return CodeProofCnfMissing
	case !sent:
		return CodeProofHeaderMissing
	}
	return 0
}

// checkScheme is check 602: in the hardened profile a token that binds a key comes under
// the DPoP scheme with a DPoP proof (RFC 9449, section 7.2); proofs by other methods come
// under Bearer everywhere, since that scheme announces a DPoP proof.
func (r *run) checkScheme() Code {
	dpop := r.proof.method&^methodDPoP == 0
	if r.dpopScheme && !dpop || !r.dpopScheme && dpop && r.bound && r.issuer.profile.dpopSchemeOnly() {
		return CodeProofSchemeMismatch
	}
	return 0
}

// checkProofCompact is check 603.
func (r *run) checkProofCompact() Code {
	if r.s.proof.split(bytesOf(r.proofText)) != 3 {
		return CodeProofCompactSegments
	}
	p := &r.proof
	if p.known = r.v.headers.find(r.s.proof.part(0)); p.known != nil {
		p.key, p.verify = &p.known.key, p.known.verify
	}
	return 0
}

// checkProofBase64 is check 604.
func (r *run) checkProofBase64() Code {
	first := 0
	if r.proof.known != nil {
		first = 1
	}
	switch r.s.proof.decodeFrom(first) {
	case 0:
		return CodeProofHeaderBase64
	case 1:
		return CodeProofPayloadBase64
	case 2:
		return CodeProofSignatureBase64
	}
	if len(r.s.proof.signature) == 0 {
		return CodeProofSignatureBase64
	}
	return 0
}

// checkProofHeader is check 605.
func (r *run) checkProofHeader() Code {
	if r.proof.known != nil {
		return 0
	}
	return parseObject(&r.s.proof.header, r.s.proof.headerRaw, &r.policy.limits, &proofHeaderCodes)
}

// checkProofMembers is checks 606 to 610: typ, alg, what is forbidden, and the key
// that the proof brings (RFC 9449, section 4.2). Whether an Edwards key is a point
// at all is check 619, since only a signature that failed needs the answer.
func (r *run) checkProofMembers() Code {
	if r.proof.known != nil {
		return 0
	}
	var jwk strictjson.Value
	header := r.s.proof.header.Root()
	m := readHeaderMembers(header)
	if !mediaTypeIs(m.typ.Bytes(), "dpop+jwt") {
		return CodeProofTypInvalid
	}
	p := &r.proof
	p.alg = m.alg.Bytes()
	switch {
	case len(p.alg) == 0:
		return CodeProofAlgInvalid
	case isForbiddenAlg(p.alg):
		return CodeProofAlgForbidden
	}
	if p.admitted = resolveAlg(p.alg, r.policy.proof.algorithms); p.admitted == 0 {
		return CodeProofAlgNotAllowed
	}
	switch {
	case m.crit:
		return CodeProofCritPresent
	case m.b64:
		return CodeProofB64Present
	case m.zip:
		return CodeProofZipPresent
	}
	if jwk = header.Member("jwk"); !jwk.Exists() {
		return CodeProofJWKMissing
	}
	p.key = &r.s.proofKey
	switch p.key.parse(jwk, true) {
	case keyOK:
	case keyPrivate:
		return CodeProofJWKPrivate
	case keyWeak:
		return CodeProofJWKWeak
	default:
		return CodeProofJWKInvalid
	}
	if p.verify = p.key.Algorithms().pick(p.admitted); p.verify == 0 {
		return CodeProofJWKAlgMismatch
	}
	return 0
}

// checkProofPayload is check 611.
func (r *run) checkProofPayload() Code {
	if code := parseObject(&r.s.proof.payload, r.s.proof.payRaw, &r.policy.limits, &proofPayloadCodes); code != 0 {
		return code
	}
	m := &r.proof.members
	for v := r.s.proof.payload.Root().First(); v.Exists(); v = v.Next() {
		switch string(v.Key()) {
		case "jti":
			m.jti = v
		case "htm":
			m.htm = v
		case "htu":
			m.htu = v
		case "iat":
			m.iat = v
		case "ath":
			m.ath = v
		case "nonce":
			m.nonce = v
		}
	}
	return 0
}

// checkProofID is check 612.
func (r *run) checkProofID() Code {
	jti := r.proof.members.jti
	if n := len(jti.Bytes()); n == 0 || n > maxJTIBytes {
		return missingOr(jti, CodeProofJtiMissing, CodeProofJtiInvalid)
	}
	return 0
}

// checkProofMethod is check 613: htm equals the method byte for byte.
func (r *run) checkProofMethod() Code {
	htm := r.proof.members.htm
	if htm.Kind() != strictjson.String {
		return missingOr(htm, CodeProofHtmMissing, CodeProofHtmInvalid)
	}
	if !htm.Is(r.req.Method) {
		return CodeProofHtmMismatch
	}
	return 0
}

// checkProofURL is check 614: htu equals the request's URL after normalisation,
// query and fragment apart (RFC 9449, section 4.3).
func (r *run) checkProofURL() Code {
	htu := r.proof.members.htu
	if htu.Kind() != strictjson.String {
		return missingOr(htu, CodeProofHtuMissing, CodeProofHtuInvalid)
	}
	match, ok := r.s.htuMatches(htu.Bytes(), r.req.Scheme, r.s.authority, r.s.path.text)
	switch {
	case !ok:
		return CodeProofHtuInvalid
	case !match:
		return CodeProofHtuMismatch
	}
	return 0
}

// checkProofTime is check 615: now - max_age - skew <= iat <= now + skew.
func (r *run) checkProofTime() Code {
	v := r.proof.members.iat
	iat, ok := v.Integer()
	if !ok {
		return missingOr(v, CodeProofIatMissing, CodeProofIatInvalid)
	}
	return r.within(iat, CodeProofIatExpired, CodeProofIatFuture)
}

// checkProofToken is check 616: ath is the base64url of the token's SHA-256.
func (r *run) checkProofToken() Code {
	ath := r.proof.members.ath
	if ath.Kind() != strictjson.String {
		return missingOr(ath, CodeProofAthMissing, CodeProofAthInvalid)
	}
	if string(appendBase64URLEncode(r.s.small[:0], r.tokenHash[:])) != string(ath.Bytes()) {
		return CodeProofAthMismatch
	}
	return 0
}

// checkProofNonce is check 617; without proof.nonce in the policy a nonce is ignored.
func (r *run) checkProofNonce() Code {
	if r.policy.nonceSlot == 0 {
		return 0
	}
	nonce := r.proof.members.nonce
	if nonce.Kind() != strictjson.String {
		return missingOr(nonce, CodeProofNonceMissing, CodeProofNonceInvalid)
	}
	if !r.v.nonceHolds(nonce.Bytes(), r.now) {
		return CodeProofNonceMismatch
	}
	return 0
}

// checkProofBinding is check 618: the proof's key is the one that the token binds.
func (r *run) checkProofBinding() Code {
	if r.proof.key.Thumbprint() != r.binding {
		return CodeProofBindingMismatch
	}
	return 0
}

// checkProofSignature is checks 619 and 620.
func (r *run) checkProofSignature() Code {
	p := &r.proof
	if !r.verifySignature(p.key, p.verify, r.s.proof.input, r.s.proof.signature) {
		if !p.key.onCurve() {
			return CodeProofJWKOffCurve
		}
		return CodeProofSignatureInvalid
	}
	if p.known == nil {
		r.rememberHeader()
	}
	return r.holds()
}

// proofReplayKey is what identifies a proof: its method, its key, and what makes it
// unique (DPoP: jti; message signatures: nonce; the prototype: the hash of the signature,
// which RSASSA-PKCS1-v1_5 makes one per text and key). Each part has a known length or
// stands last, so that no two proofs give one text.
func (r *run) proofReplayKey() ReplayKey {
	var label string
	var id []byte
	switch r.proof.method {
	case methodHTTPSig:
		label, id = "ajwt-httpsig-1\x00", r.proof.httpsig.nonce
	case methodPatchet:
		sum := sum256(r.proof.patchet.signature)
		label, id = "ajwt-patchet-1\x00", sum[:]
	default:
		label, id = "ajwt-proof-1\x00", r.proof.members.jti.Bytes()
	}
	h := append(r.s.hash[:0], label...)
	h = append(h, r.binding[:]...)
	h = append(h, id...)
	r.s.hash = h
	return ReplayKey{
		Key:     sum256(h),
		Owner:   r.binding,
		Expires: r.proof.iat + r.policy.proof.maxAge + r.issuer.skew,
	}
}
