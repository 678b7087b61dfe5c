package ajwt

import "crypto/sha256"

// subject is what the checks of the token establish: those that read nothing but its
// text, the policy, and the issuers' keys. They have no way to the request, its time, the
// bundle or the list, so that what they found once holds for every request with this text
// under these keys.
type subject struct {
	policy *Policy
	keys   []issuerKeys // in force, by the issuer's index in the policy
	mem    *subjectMemory

	token      *compact
	header     tokenHeader
	claims     claims
	issuer     *issuer
	issuerAt   int
	admitted   AlgorithmSet
	verify     Algorithm
	key        *Key
	bound      bool
	binding    [32]byte // RFC 7638 thumbprint that cnf names
	pointOpen  bool     // whether cnf.jwk is a point is not settled yet
	intent     intent
	executedBy []byte
	agentProof agentProof
}

// subjectMemory is what a subject's slices point into, beside the token.
type subjectMemory struct {
	scopes    []span
	scopeText []byte
	chain     [][]byte
	chainText []byte
	small     [32]byte
	cnfKey    Key
}

// tokenWords are what a token says of itself, as far as a decision repeats it.
type tokenWords struct {
	agent, workflow, step, chainHash, act string
	jtiHash                               [sha256.Size]byte // of none: zero
}

// words copies them, all into one string.
func (t *subject) words(buf *[]byte) (w tokenWords) {
	sub := t.claims.sub.Bytes()
	if !isPlainText(sub, maxSubBytes) {
		sub = nil
	}
	act := t.claims.act.Member("sub").Bytes()
	if !isPlainText(act, maxSubBytes) {
		act = nil
	}
	parts := [...][]byte{sub, t.intent.workflow, t.intent.step, t.intent.chainText, act}
	joined := (*buf)[:0]
	for _, p := range parts {
		joined = append(joined, p...)
	}
	*buf = joined
	all := string(joined)
	var out [len(parts)]string
	for i, p := range parts {
		out[i], all = all[:len(p)], all[len(p):]
	}
	w.agent, w.workflow, w.step, w.chainHash, w.act = out[0], out[1], out[2], out[3], out[4]
	if jti := t.claims.jti.Bytes(); len(jti) > 0 && len(jti) <= maxJTIBytes {
		w.jtiHash = sum256(jti)
	}
	return w
}
