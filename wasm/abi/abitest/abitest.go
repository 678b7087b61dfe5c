// Package abitest makes policies, tokens and proofs that fit together, for tests,
// examples and measurements of hosts. It shares no code with the verifier: the
// standard library signs, and the JSON is written out here. Everything is the same
// in every run. The keys are public knowledge: they protect nothing.
package abitest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// What the policies and requests name.
const (
	Now      = 1767225600 // 2026-01-01T00:00:00Z, a NumericDate
	Start    = Now - 3600 // when replay memories started
	Issuer   = "https://as.example"
	Audience = "https://api.example"
	Agent    = "patcher"
)

// The routes of the policies, as the path of a request.
const (
	Repository = "/repos/acme/widgets"  // proof, scope repo:read
	SingleUse  = "/single/acme/widgets" // and the token may be used once
	Observed   = "/observed/widgets"    // a replay is recorded and let pass until 2036
)

const routes = `"routes":[
{"id":"repository","match":{"methods":["GET","POST"],"path":"/repos/{owner}/{repo}"},"require":{"scopes":["repo:read"],"level":"jwt"}},
{"id":"single","match":{"methods":["GET"],"path":"/single/{owner}/{repo}"},"require":{"scopes":["repo:read"],"level":"jwt","single_use":true}},
{"id":"observed","match":{"methods":["GET"],"path":"/observed/{repo}"},"require":{"scopes":["repo:read"],"level":"jwt"},"observe":{"until":2082758400,"stages":["replay"]}}
]`

// Policy is a policy with the issuer's key inline and three routes of level jwt.
func Policy() []byte { return policy(`"jwks":` + string(KeySet("as-1"))) }

// PolicyWithoutKeys is the same policy for hosts that load the keys: without KeySet
// it rejects every token.
func PolicyWithoutKeys() []byte { return policy(`"jwks_uri":"https://as.example/jwks.json"`) }

// PolicyWithNonce is Policy with a nonce in every proof.
func PolicyWithNonce() []byte {
	return append([]byte(`{"proof":{"nonce":{}},`), Policy()[1:]...)
}

func policy(keys string) []byte {
	return []byte(`{"issuers":[{"issuer":"` + Issuer + `","audiences":["` + Audience + `"],"algorithms":["Ed25519"],` +
		keys + `}],` + "\n" + routes + "}\n")
}

// KeySet is the issuer's JWK Set. Tokens name the key as-1; with another kid, the
// set lacks it.
func KeySet(kid string) []byte {
	return []byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"` + kid + `","x":"` + b64(public(issuerKey())) + `"}]}`)
}

// Request is a GET with a token that is good for 300 seconds from now and a DPoP
// proof made at now. Proofs with different numbers differ; the token is the same for
// the same now.
func Request(path string, now int64, number int) *ajwt.Request {
	return RequestWith(path, now, number, Token(now), "")
}

// RequestWith is Request with another token, and a nonce in the proof if not "".
func RequestWith(path string, now int64, number int, token, nonce string) *ajwt.Request {
	return &ajwt.Request{
		Method: "GET", Scheme: "https", Authority: "api.example", Target: path + "?page=2",
		Headers: []ajwt.Header{
			{Name: "accept", Value: "application/json"},
			{Name: "authorization", Value: "DPoP " + token},
			{Name: "dpop", Value: proof(path, now, number, token, nonce)},
			{Name: "user-agent", Value: "example/1"},
		},
		Now: now,
	}
}

// Token is an intent token that binds the agent's key, issued at now.
func Token(now int64) string {
	return sign(issuerKey(), `{"alg":"Ed25519","typ":"at+jwt","kid":"as-1"}`, fmt.Sprintf(
		`{"iss":%q,"aud":%q,"sub":%q,"iat":%d,"exp":%d,"jti":"token-%d","scope":"repo:read","cnf":{"jkt":%q}}`,
		Issuer, Audience, Agent, now, now+300, now, thumbprint()))
}

func proof(path string, now int64, number int, token, nonce string) string {
	hash := sha256.Sum256([]byte(token))
	if nonce != "" {
		nonce = fmt.Sprintf(`,"nonce":%q`, nonce)
	}
	header := fmt.Sprintf(`{"typ":"dpop+jwt","alg":"Ed25519","jwk":{"kty":"OKP","crv":"Ed25519","x":%q}}`, b64(public(agentKey())))
	payload := fmt.Sprintf(`{"jti":"proof-%d","htm":"GET","htu":"https://api.example%s","iat":%d,"ath":%q%s}`,
		number, path, now, b64(hash[:]), nonce)
	return sign(agentKey(), header, payload)
}

func sign(key ed25519.PrivateKey, header, payload string) string {
	input := b64([]byte(header)) + "." + b64([]byte(payload))
	return input + "." + b64(ed25519.Sign(key, []byte(input)))
}

// thumbprint is the agent key's (RFC 7638, RFC 8037).
func thumbprint() string {
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + b64(public(agentKey())) + `"}`))
	return b64(sum[:])
}

func issuerKey() ed25519.PrivateKey { return seeded("ajwt example issuer key") }
func agentKey() ed25519.PrivateKey  { return seeded("ajwt example agent key") }

func seeded(label string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(label))
	return ed25519.NewKeyFromSeed(seed[:])
}

func public(k ed25519.PrivateKey) []byte { return k.Public().(ed25519.PublicKey) }

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
