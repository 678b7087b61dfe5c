package ajwt

// DelegationLink is one delegation assertion (spec/profile.md, section 16.3) that was
// read and not yet verified, for those who sign links and for tools. No decision reads
// it: the verifier holds the links of a token to each other, to the token and to the
// bundle by itself.
type DelegationLink struct {
	Delegator, Delegate string   // agent ids: iss, sub
	Issuer              string   // the authorization server: aud
	Workflow            string   // its real id
	Step                string   // "": the link names none
	Scope               string   // scope-tokens with one space between two
	IssuedAt, Expires   int64    // NumericDates
	ID                  string   // jti
	Previous            string   // prev, "" on the root
	Signer              [32]byte // RFC 7638 SHA-256 thumbprint of the key in the header
	DelegateKey         [32]byte // that of cnf.jkt, which signs the next link
	Algorithm           Algorithm

	signed link
}

// ReadLink reads a link under the default limits, with every algorithm that this
// package knows, and holds it to its form (checks 806 and 807). It verifies no
// signature. The error is a CodeError.
func ReadLink(compact string) (*DelegationLink, error) {
	limits := defaultLimits()
	if len(compact) > limits.TokenBytes {
		return nil, CodeError{CodeDelegationLinkCompactInvalid}
	}
	every := AlgorithmSet(0)
	for _, kind := range keyKinds {
		every |= kind.algorithms
	}
	d := &DelegationLink{}
	k := &d.signed
	if code := k.parse([]byte(compact), &limits, every); code != 0 {
		return nil, CodeError{code}
	}
	d.Delegator, d.Delegate, d.Issuer = string(k.iss), string(k.sub), string(k.aud.Bytes())
	d.Workflow, d.Step, d.Scope = string(k.workflow), string(k.step), string(k.scope)
	d.IssuedAt, d.Expires, d.ID = k.iat, k.exp, string(k.jti)
	if k.hasPrev {
		d.Previous = string(appendBase64URLEncode(nil, k.prev[:]))
	}
	d.Signer, d.DelegateKey, d.Algorithm = k.key.Thumbprint(), k.jkt, k.alg
	return d, nil
}

// VerifySignature tells whether the key in the link's header signed it. Whose key that
// is, the previous link or the bundle says.
func (d *DelegationLink) VerifySignature() bool {
	return d.signed.key.VerifySignature(d.signed.alg, d.signed.jws.input, d.signed.jws.signature)
}

// ScopeWithin tells whether every scope-token of a is one of b.
func ScopeWithin(a, b string) bool { return withinScope([]byte(a), []byte(b)) }

// ValidScope tells whether a scope is 1 to 64 scope-tokens with one space between two
// (RFC 6749, section 3.3): 64 is the default of limits.scopes.
func ValidScope(scope string) bool { return validScope([]byte(scope), defaultLimits().Scopes) }
