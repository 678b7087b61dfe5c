package issue

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// MaxLinks is the most links that a chain has: 15 delegations (spec/profile.md).
const MaxLinks = 15

// Link is one delegation assertion (spec/profile.md, section 16.3): the delegator, who
// signs it, lets the delegate act in one workflow. The names in quotes in errors are
// those of the claims.
type Link struct {
	Issuer      string // aud: the authorization server that will mint the token
	Delegator   string // iss: an agent id; of the root, whoever a bundle lists the key for
	Delegate    string // sub: an agent id
	DelegateKey string // cnf.jkt: base64url of the RFC 7638 SHA-256 thumbprint of the delegate's key
	Workflow    string // workflow_id: the real id, not an alias
	Step        string // workflow_step: "" for any step
	Scope       string // scope-tokens with one space between two
	IssuedAt    int64  // iat: NumericDate
	Expires     int64  // exp: NumericDate; no link outlives the one before it
	ID          string // jti: 1 to 256 bytes; "" for a random one
}

// LinkError says which claim of which link is wrong, and what would repair it.
type LinkError struct {
	Index  int    // of the link in the chain, 0 for the root
	Claim  string // such as "scope"; "" where the link as a whole is meant
	Reason string
	Code   ajwt.Code // with which a verifier would refuse it
}

// Error implements error.
func (e *LinkError) Error() string {
	what := ""
	if e.Claim != "" {
		what = ", " + e.Claim
	}
	return fmt.Sprintf("link %d%s: %s (%s)", e.Index, what, e.Reason, e.Code)
}

// SignLink signs a link that follows on the previous ones, the root first; there are
// none where the link is the root. It refuses with a *LinkError, before anything is
// signed, what a verifier would refuse, in the link and in the previous ones. The
// signer is the delegator's key: on a later link the one that the previous link names.
func SignLink(l Link, previous []string, key Signer) (string, error) {
	if err := checkSigner(key); err != nil {
		return "", err
	}
	chain, err := ReadChain(previous)
	if err != nil {
		return "", err
	}
	if l.ID == "" {
		l.ID = rand.Text()
	}
	next, err := l.check(len(chain))
	if err != nil {
		return "", err
	}
	next.Signer = thumbprint(key)
	payload := linkPayload{l.Delegator, l.Delegate, l.Issuer, confirmation{l.DelegateKey}, l.Workflow, l.Step, l.Scope, l.IssuedAt, l.Expires, l.ID, ""}
	if n := len(previous); n > 0 {
		payload.Previous = linkDigest(previous[n-1])
		next.Previous = payload.Previous
	}
	if err := checkChain(append(chain, next), previous); err != nil {
		return "", err
	}
	header, err := json.Marshal(struct {
		Typ string          `json:"typ"`
		Alg string          `json:"alg"`
		JWK json.RawMessage `json:"jwk"`
	}{linkType, key.Algorithm(), key.PublicJWK()})
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(payload)
	if err != nil {
		return "", err
	}
	compact, err := signCompact(header, text, key)
	if err != nil {
		return "", err
	}
	if _, err := ajwt.ReadLink(compact); err != nil {
		return "", fmt.Errorf("the link is not one that verifiers read: %w", err)
	}
	return compact, nil
}

type linkPayload struct {
	Delegator   string       `json:"iss"`
	Delegate    string       `json:"sub"`
	Issuer      string       `json:"aud"`
	DelegateKey confirmation `json:"cnf"`
	Workflow    string       `json:"workflow_id"`
	Step        string       `json:"workflow_step,omitempty"`
	Scope       string       `json:"scope"`
	IssuedAt    int64        `json:"iat"`
	Expires     int64        `json:"exp"`
	ID          string       `json:"jti"`
	Previous    string       `json:"prev,omitempty"`
}

type confirmation struct {
	Thumbprint string `json:"jkt"`
}

// check holds the claims of a link to their form (check 807).
func (l *Link) check(index int) (*ajwt.DelegationLink, error) {
	fault := func(claim, reason string) error {
		return &LinkError{index, claim, reason, ajwt.CodeDelegationLinkClaimInvalid}
	}
	next := &ajwt.DelegationLink{Delegator: l.Delegator, Delegate: l.Delegate, Issuer: l.Issuer, Workflow: l.Workflow, Step: l.Step,
		Scope: l.Scope, IssuedAt: l.IssuedAt, Expires: l.Expires, ID: l.ID}
	jkt, err := base64.RawURLEncoding.Strict().DecodeString(l.DelegateKey)
	const agent, step = "want an agent id: 1 to 128 of A-Z a-z 0-9 . _ : @ / -", "want 1 to 128 of A-Z a-z 0-9 . _ : @ -"
	switch {
	case !ajwt.ValidAgentID(l.Delegator):
		return nil, fault("iss", agent)
	case !ajwt.ValidAgentID(l.Delegate):
		return nil, fault("sub", agent)
	case l.Issuer == "" || len(l.Issuer) > maxAudienceBytes || !utf8.ValidString(l.Issuer):
		return nil, fault("aud", "want the authorization server's issuer, 1 to 512 bytes of UTF-8")
	case err != nil || len(jkt) != len(next.DelegateKey) || strings.ContainsAny(l.DelegateKey, "\r\n"):
		return nil, fault("cnf.jkt", "want the thumbprint of the delegate's key: base64url of 32 bytes")
	case !ajwt.ValidStepID(l.Workflow):
		return nil, fault("workflow_id", step)
	case l.Step != "" && !ajwt.ValidStepID(l.Step):
		return nil, fault("workflow_step", step)
	case !ajwt.ValidScope(l.Scope):
		return nil, fault("scope", "want 1 to 64 scope-tokens with one space between two")
	case l.IssuedAt < 0 || l.IssuedAt > strictjson.MaxInteger || l.Expires > strictjson.MaxInteger:
		return nil, fault("iat", "want iat and exp in seconds since 1970, from 0 to 2^53-1")
	case l.Expires <= l.IssuedAt:
		return nil, fault("exp", "want a time after iat")
	case len(l.ID) > 256 || !utf8.ValidString(l.ID):
		return nil, fault("jti", "want 1 to 256 bytes of UTF-8")
	}
	copy(next.DelegateKey[:], jkt)
	return next, nil
}

// ReadChain reads the links of a token, the root first, verifies their signatures and
// holds them to each other. What the bundle says (whose the root key is, whether the
// agents are known, how deep the workflow goes), the token and the time are not looked
// at. No links give no chain. An error is a *LinkError.
func ReadChain(links []string) ([]*ajwt.DelegationLink, error) {
	chain := make([]*ajwt.DelegationLink, len(links))
	for i, text := range links {
		l, err := ajwt.ReadLink(text)
		var code ajwt.CodeError
		if errors.As(err, &code) {
			return nil, &LinkError{i, "", "want a compact JWS of type " + linkType + " with the signer's public key as jwk and all claims", code.Code}
		}
		chain[i] = l
	}
	if err := checkChain(chain, links); err != nil {
		return nil, err
	}
	for i, l := range chain {
		if !l.VerifySignature() {
			return nil, &LinkError{i, "", "the signature is not one of the key in the header; the link was changed, or another key signed it", ajwt.CodeDelegationLinkSignatureInvalid}
		}
	}
	return chain, nil
}

// checkChain holds links to each other (checks 808 to 816, without bundle and token).
func checkChain(chain []*ajwt.DelegationLink, texts []string) error {
	for i, l := range chain {
		fault := func(code ajwt.Code, claim, reason string, args ...any) error {
			return &LinkError{i, claim, fmt.Sprintf(reason, args...), code}
		}
		if i >= MaxLinks {
			return fault(ajwt.CodeClaimIntentLinksInvalid, "", "a chain has at most %d delegations; delegate from an agent nearer to the root", MaxLinks)
		}
		if i == 0 {
			if l.Previous != "" {
				return fault(ajwt.CodeDelegationLinkPrevMismatch, "prev", "the root link has none; is the link before it missing?")
			}
		} else if err := checkConnected(chain[i-1], l, texts[i-1]); err != nil {
			err.Index = i
			return err
		}
		for j := range i + 1 {
			if chain[j].Delegator == l.Delegate {
				return fault(ajwt.CodeDelegationLinkOrderMismatch, "sub", "%q is in the chain already; each agent stands once", l.Delegate)
			}
		}
		if i == 0 {
			continue
		}
		switch before := chain[i-1]; {
		case l.Issuer != before.Issuer:
			return fault(ajwt.CodeDelegationLinkAudienceMismatch, "aud", "want %q as in the link before, have %q", before.Issuer, l.Issuer)
		case l.Workflow != before.Workflow:
			return fault(ajwt.CodeDelegationLinkWorkflowMismatch, "workflow_id", "want %q as in the link before, have %q", before.Workflow, l.Workflow)
		case !ajwt.ScopeWithin(l.Scope, before.Scope):
			return fault(ajwt.CodeDelegationLinkScopeWidened, "scope", "want no scope-token but %q, which the link before has; leave out %s", before.Scope, extraScope(l.Scope, before.Scope))
		case l.Expires > before.Expires:
			return fault(ajwt.CodeDelegationLinkLifeGrown, "exp", "want at most %d, when the link before ends, have %d", before.Expires, l.Expires)
		}
	}
	return nil
}

// checkConnected holds a link to the one that it follows on.
func checkConnected(before, l *ajwt.DelegationLink, text string) *LinkError {
	fault := func(code ajwt.Code, claim, reason string, args ...any) *LinkError {
		return &LinkError{0, claim, fmt.Sprintf(reason, args...), code}
	}
	switch {
	case l.Delegator != before.Delegate:
		return fault(ajwt.CodeDelegationLinkOrderMismatch, "iss", "want %q, the delegate of the link before, have %q", before.Delegate, l.Delegator)
	case l.Previous != linkDigest(text):
		return fault(ajwt.CodeDelegationLinkPrevMismatch, "prev", "it is the hash of another link; give the links that this one was signed after, root first")
	case l.Signer != before.DelegateKey:
		return fault(ajwt.CodeDelegationLinkSignerMismatch, "jwk", "want the key that the link before names (cnf.jkt %s), have %s; sign with it, or have the link before name this one",
			b64(before.DelegateKey[:]), b64(l.Signer[:]))
	}
	return nil
}

func extraScope(scope, admitted string) string {
	have := strings.Fields(admitted)
	return strings.Join(slices.DeleteFunc(strings.Fields(scope), func(s string) bool { return slices.Contains(have, s) }), " ")
}

// linkDigest is the value of prev: base64url of SHA-256 of a compact link.
func linkDigest(compact string) string {
	sum := sha256.Sum256([]byte(compact))
	return b64(sum[:])
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// ChainOf returns the agents of links, the originator first: the list whose hash
// (ajwt.ChainHash) is delegation_chain of the token. It reads the links as ReadChain
// does; no links are an error, for an empty array of them rejects.
func ChainOf(links []string) ([]string, error) {
	if len(links) == 0 {
		return nil, errors.New("there are no links; leave delegation_links out, and the chain is the agent's own id")
	}
	chain, err := ReadChain(links)
	if err != nil {
		return nil, err
	}
	agents := []string{chain[0].Delegator}
	for _, l := range chain {
		agents = append(agents, l.Delegate)
	}
	return agents, nil
}
