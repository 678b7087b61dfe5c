package ajwt

import (
	"bytes"
	"unicode/utf8"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// claims are the members of a token's payload that the checks read. A member that
// is not there is the absent Value.
type claims struct {
	iss, sub, aud, exp, iat, nbf, jti, scope strictjson.Value
	cnf, intent, agentProof, act             strictjson.Value

	scopeText           []byte // scope-tokens with one space between, none where there is no scope
	expAt, iatAt, nbfAt int64
	hasNbf              bool
}

// collect finds the members in one pass over the payload.
func (c *claims) collect(payload strictjson.Value) {
	*c = claims{}
	for v := payload.First(); v.Exists(); v = v.Next() {
		switch string(v.Key()) {
		case "iss":
			c.iss = v
		case "sub":
			c.sub = v
		case "aud":
			c.aud = v
		case "exp":
			c.exp = v
		case "iat":
			c.iat = v
		case "nbf":
			c.nbf = v
		case "jti":
			c.jti = v
		case "scope":
			c.scope = v
		case "cnf":
			c.cnf = v
		case "intent":
			c.intent = v
		case "agent_proof":
			c.agentProof = v
		case "act":
			c.act = v
		}
	}
}

const (
	maxSubBytes = 256
	maxJTIBytes = 256
)

// isPlainText tells whether a string has 1 to max bytes and no control characters.
func isPlainText(b []byte, max int) bool {
	return len(b) > 0 && len(b) <= max && !hasControl(b)
}

// checkClaimTypes is check 501: the registered claims are there and have the form
// that the profile asks for. nbf is optional (RFC 7519, section 4.1; D00, 4.4.2).
func (t *subject) checkClaimTypes() Code {
	c := &t.claims
	if !t.issuer.profile.agentClaims() {
		c.intent, c.agentProof = strictjson.Value{}, strictjson.Value{}
	}
	var ok bool
	if c.expAt, ok = c.exp.Integer(); !ok {
		return missingOr(c.exp, CodeClaimExpMissing, CodeClaimExpInvalid)
	}
	if c.iatAt, ok = c.iat.Integer(); !ok {
		return missingOr(c.iat, CodeClaimIatMissing, CodeClaimIatInvalid)
	}
	if c.hasNbf = c.nbf.Exists(); c.hasNbf {
		if c.nbfAt, ok = c.nbf.Integer(); !ok {
			return CodeClaimNbfInvalid
		}
	}
	if !isPlainText(c.sub.Bytes(), maxSubBytes) {
		return missingOr(c.sub, CodeClaimSubMissing, CodeClaimSubInvalid)
	}
	if n := len(c.jti.Bytes()); (n == 0 || n > maxJTIBytes) && t.demands(c.jti) {
		return missingOr(c.jti, CodeClaimJtiMissing, CodeClaimJtiInvalid)
	}
	if code := t.audienceForm(); code != 0 {
		return code
	}
	return t.scopeForm()
}

// demands tells whether a claim must be right: wherever it is there, and where the
// profile does not let it be absent.
func (t *subject) demands(v strictjson.Value) bool {
	return v.Exists() || !t.issuer.profile.claimsOptional()
}

func missingOr(v strictjson.Value, missing, invalid Code) Code {
	if !v.Exists() {
		return missing
	}
	return invalid
}

func (t *subject) audienceForm() Code {
	aud := t.claims.aud
	switch aud.Kind() {
	case strictjson.Absent:
		return CodeClaimAudMissing
	case strictjson.String:
		if len(aud.Bytes()) == 0 {
			return CodeClaimAudInvalid
		}
	case strictjson.Array:
		if aud.Len() == 0 {
			return CodeClaimAudInvalid
		}
		if aud.Len() > t.policy.limits.Audiences {
			return CodeClaimAudTooMany
		}
		for e := aud.First(); e.Exists(); e = e.Next() {
			if len(e.Bytes()) == 0 {
				return CodeClaimAudInvalid
			}
		}
	default:
		return CodeClaimAudInvalid
	}
	return 0
}

// scopeForm holds scope to scope-tokens with exactly one space between two of them
// (RFC 6749, section 3.3), or in patchet to an array of them. Repeats count once against
// the limit.
func (t *subject) scopeForm() Code {
	scope := t.claims.scope
	if !t.demands(scope) {
		t.mem.scopes = t.mem.scopes[:0]
		return 0
	}
	if scope.Kind() == strictjson.Array && t.issuer.profile.scopeArray() {
		if !t.joinScopes(scope) {
			return CodeClaimScopeInvalid
		}
	} else if t.claims.scopeText = scope.Bytes(); t.claims.scopeText == nil {
		return missingOr(scope, CodeClaimScopeMissing, CodeClaimScopeInvalid)
	}
	b := t.claims.scopeText
	start := 0
	distinct := t.mem.scopes[:0]
	for i := 0; i <= len(b); i++ {
		if i < len(b) && b[i] != ' ' {
			if !isClass(b[i], charScope) {
				return CodeClaimScopeInvalid
			}
			continue
		}
		if i == start {
			return CodeClaimScopeInvalid
		}
		known := false
		for _, d := range distinct {
			if string(b[d.from:d.to]) == string(b[start:i]) {
				known = true
				break
			}
		}
		if !known {
			if len(distinct) == t.policy.limits.Scopes {
				return CodeClaimScopeTooMany
			}
			distinct = append(distinct, span{int32(start), int32(i)})
		}
		start = i + 1
	}
	t.mem.scopes = distinct
	return 0
}

// joinScopes writes an array of scope-tokens as one text. An entry with a space in it is
// no scope-token: it would count as two.
func (t *subject) joinScopes(scope strictjson.Value) bool {
	joined := t.mem.scopeText[:0]
	for e := scope.First(); e.Exists(); e = e.Next() {
		b := e.Bytes()
		if len(b) == 0 || bytes.IndexByte(b, ' ') >= 0 {
			return false
		}
		if len(joined) > 0 {
			joined = append(joined, ' ')
		}
		joined = append(joined, b...)
	}
	t.mem.scopeText, t.claims.scopeText = joined, joined
	return len(joined) > 0
}

// hasScope tells whether a well-formed scope string holds the scope-token.
func hasScope[T string | []byte](scope []byte, token T) bool {
	for start := 0; start < len(scope); {
		end := start
		for end < len(scope) && scope[end] != ' ' {
			end++
		}
		if string(scope[start:end]) == string(token) {
			return true
		}
		start = end + 1
	}
	return false
}

// checkAudience is check 502: one of the token's audiences is one of the issuer's
// audiences in the policy, byte for byte (RFC 7519, section 4.1.3).
func (t *subject) checkAudience() Code {
	aud := t.claims.aud
	if aud.Kind() == strictjson.String {
		if contains(t.issuer.audiences, string(aud.Bytes())) {
			return 0
		}
		return CodeClaimAudMismatch
	}
	for e := aud.First(); e.Exists(); e = e.Next() {
		if contains(t.issuer.audiences, string(e.Bytes())) {
			return 0
		}
	}
	return CodeClaimAudMismatch
}

// checkExpired is check 503. exp is exclusive: at now = exp + skew the token is over.
func (r *run) checkExpired() Code {
	if r.now >= r.claims.expAt+r.issuer.skew {
		return CodeClaimExpExpired
	}
	return 0
}

// checkNotBefore is check 504.
func (r *run) checkNotBefore() Code {
	if r.claims.hasNbf && r.now < r.claims.nbfAt-r.issuer.skew {
		return CodeClaimNbfFuture
	}
	return 0
}

// checkIssuedAt is check 505.
func (r *run) checkIssuedAt() Code {
	if r.claims.iatAt > r.now+r.issuer.skew {
		return CodeClaimIatFuture
	}
	return 0
}

// checkOrder is check 506.
func (t *subject) checkOrder() Code {
	if t.claims.expAt <= t.claims.iatAt {
		return CodeClaimExpBeforeIat
	}
	return 0
}

// checkLifetime is check 507: exp - iat is at most the policy's bound.
func (t *subject) checkLifetime() Code {
	if t.claims.expAt-t.claims.iatAt > t.issuer.maxLifetime {
		return CodeClaimLifetimeExceeded
	}
	return 0
}

// checkAgentID is check 508: where the route needs an agent, sub is an agent id.
func (r *run) checkAgentID() Code {
	if r.route != nil && r.route.level >= LevelAgent && !validAgentID(r.claims.sub.Bytes()) {
		return CodeClaimSubNotAgentID
	}
	return 0
}

// checkConfirmation is check 509: cnf, where it is there, names one key, by jwk, by
// jkt or by both alike (RFC 7800, section 3.1; RFC 9449, section 6.1).
func (t *subject) checkConfirmation() Code {
	cnf := t.claims.cnf
	if !cnf.Exists() {
		return 0
	}
	if cnf.Kind() != strictjson.Object {
		return CodeClaimCnfInvalid
	}
	jwk, jkt := cnf.Member("jwk"), cnf.Member("jkt")
	if !jwk.Exists() && !jkt.Exists() {
		return CodeClaimCnfUnsupported
	}
	if jwk.Exists() {
		switch t.mem.cnfKey.parse(jwk, true) {
		case keyOK:
		case keyPrivate:
			return CodeClaimCnfJWKPrivate
		default:
			return CodeClaimCnfJWKInvalid
		}
		t.binding = t.mem.cnfKey.Thumbprint()
		t.pointOpen = true // see settle
	}
	if jkt.Exists() {
		b := jkt.Bytes()
		decoded, ok := appendBase64URL(t.mem.small[:0], b)
		if !ok || len(b) != 43 || len(decoded) != 32 {
			return CodeClaimCnfJktInvalid
		}
		if jwk.Exists() && string(decoded) != string(t.binding[:]) {
			return CodeClaimCnfConflict
		}
		copy(t.binding[:], decoded)
	}
	t.bound = true
	return 0
}

// isNamedText tells whether a string is 1 to 256 bytes of text for people.
func isNamedText(v strictjson.Value) bool {
	b := v.Bytes()
	return isPlainText(b, maxSubBytes) && utf8.Valid(b)
}
