//go:build envoy

package envoytest

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/hosts/issue"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

// caller is an agent at step s of workflow w, whose tool is read_file, with everything that
// it takes to make each kind of proof; and the policy that knows it.
type caller struct {
	t       *testing.T
	issuer  issue.Signer // of tokens and the bundle
	agent   issue.Signer
	pop     *rsa.PrivateKey // of the prototype's proofs
	bundle  []byte
	policy  string
	intent  map[string]any
	digits  string // the agent's checksum
	popJWK  string
	binding string // thumbprint of agent
}

// prototype is the issuer of profile patchet.
const prototype = "https://patchet.example"

// The routes of a caller's policy: two whose proofs may cover a body, and one that reads it.
const (
	toolRoute = "/mcp"
	popRoute  = "/pop/widgets"
)

const toolCall = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_file"}}`

func newCaller(t *testing.T) *caller {
	t.Helper()
	c := &caller{t: t, issuer: newSigner(t, "as-1"), agent: newSigner(t, ""), digits: hex.EncodeToString(make([]byte, 32))}
	var err error
	c.pop, err = rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	c.popJWK = fmt.Sprintf(`{"kty":"RSA","n":%q,"e":"AQAB"}`, b64(c.pop.N.Bytes()))
	c.binding = c.agent.KeyID()
	now := time.Now().Unix()
	compact, err := issue.SignBundle([]byte(fmt.Sprintf(`{"iss":%q,"iat":%d,"exp":%d,"version":1,`+
		`"agents":[{"agent_id":%q,"status":"active","registrations":[{"registration_id":"reg","checksum":"sha256:%s"}],"keys":[%s]}],`+
		`"workflows":[{"workflow_id":"w","version":1,"origins":[%[4]q],"delegation":[],"max_depth":2,"steps":[{"step_id":"s","agent_id":%[4]q,"after":[],`+
		`"required":true,"approval_gate":false,"requires_approval":false,"scopes":["repo:read"],"tools":["read_file"],"context":[]}]}]}`,
		abitest.Issuer, now, now+86400, abitest.Agent, c.digits, c.agent.PublicJWK())), abitest.Issuer, now, c.issuer)
	require.NoError(t, err)
	c.bundle = []byte(compact)
	in := issue.Intent{Agent: abitest.Agent, Workflow: "w", Step: "s"}
	c.intent, err = in.Claim(ajwt.HashLong)
	require.NoError(t, err)

	key := fmt.Sprintf(`{"keys":[{"kid":"as-1",%s]}`, c.issuer.PublicJWK()[1:])
	c.policy = fmt.Sprintf(`{"replay":{"cold_start":"allow"},"proof":{"methods":["dpop","httpsig","patchet"]},
"hosts":{"proxywasm":{"body":true,"fetch":[{"origin":"https://as.example","cluster":"as"}]}},
"issuers":[{"issuer":%q,"audiences":[%q],"algorithms":["Ed25519"],"jwks":%s,"bundle":{"keys":[{"kid":"as-1",%s],"uri":"https://as.example/bundle"}},
{"issuer":%q,"profile":"patchet","audiences":[%[2]q],"algorithms":["Ed25519"],"jwks":%[3]s}],
"routes":[{"id":"tool","match":{"path":%[6]q},"require":{"issuers":[%[1]q],"level":"ajwt","tool":{"mcp":true}}},
{"id":"pop","match":{"path":%[7]q},"require":{"issuers":[%[5]q],"level":"jwt"}},
{"id":"repository","match":{"path":%[8]q},"require":{"issuers":[%[1]q],"level":"jwt"}}]}`,
		abitest.Issuer, abitest.Audience, key, c.issuer.PublicJWK()[1:], prototype, toolRoute, popRoute, abitest.Repository)
	return c
}

func newSigner(t *testing.T, kid string) issue.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	s, err := issue.NewSigner(key, "Ed25519", kid)
	require.NoError(t, err)
	return s
}

// sign makes a compact JWS.
func (c *caller) sign(key issue.Signer, header string, claims map[string]any) string {
	payload, err := json.Marshal(claims)
	require.NoError(c.t, err)
	text := b64([]byte(header)) + "." + b64(payload)
	signature, err := key.Sign([]byte(text))
	require.NoError(c.t, err)
	return text + "." + b64(signature)
}

// token is one that binds a key; cnf is the claim's text.
func (c *caller) token(issuer, cnf string) string {
	now := time.Now().Unix()
	return c.sign(c.issuer, `{"alg":"Ed25519","typ":"at+jwt","kid":"as-1"}`, map[string]any{
		"iss": issuer, "aud": abitest.Audience, "sub": abitest.Agent, "iat": now, "exp": now + 300, "jti": rand.Text(), "scope": "repo:read",
		"cnf": json.RawMessage(cnf), "intent": c.intent, "agent_proof": map[string]any{"agent_checksum": "sha256:" + c.digits, "registration_id": "reg"}})
}

// signed is a request with its proof.
type signed struct {
	method, path, body string
	fields             []ajwt.Header
}

// dpop is a request with a DPoP proof, which covers no body; the proof names method, which
// the request need not have.
func (c *caller) dpop(method, path, body string) signed {
	token := c.token(abitest.Issuer, fmt.Sprintf(`{"jkt":%q}`, c.binding))
	hash := sha256.Sum256([]byte(token))
	proof := c.sign(c.agent, fmt.Sprintf(`{"typ":"dpop+jwt","alg":"Ed25519","jwk":%s}`, c.agent.PublicJWK()), map[string]any{
		"jti": rand.Text(), "htm": method, "htu": "https://api.example" + path, "iat": time.Now().Unix(), "ath": b64(hash[:])})
	return signed{method, path, body, []ajwt.Header{{Name: "authorization", Value: "DPoP " + token}, {Name: "dpop", Value: proof}}}
}

// httpsig is a request with a message signature over the digest of its body.
func (c *caller) httpsig(method, path, body string) signed {
	token := "Bearer " + c.token(abitest.Issuer, fmt.Sprintf(`{"jwk":%s}`, c.agent.PublicJWK()))
	sum := sha256.Sum256([]byte(body))
	digest := "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
	params := fmt.Sprintf(`("@method" "@target-uri" "authorization" "content-digest");created=%d;keyid=%q;nonce=%q;tag="ajwt"`, time.Now().Unix(), c.binding, rand.Text())
	signature, err := c.agent.Sign([]byte(fmt.Sprintf("\"@method\": %s\n\"@target-uri\": https://api.example%s\n\"authorization\": %s\n\"content-digest\": %s\n\"@signature-params\": %s",
		method, path, token, digest, params)))
	require.NoError(c.t, err)
	return signed{method, path, body, []ajwt.Header{{Name: "authorization", Value: token}, {Name: "content-digest", Value: digest},
		{Name: "signature-input", Value: "s=" + params}, {Name: "signature", Value: "s=:" + base64.StdEncoding.EncodeToString(signature) + ":"}}}
}

// patchet is a request with the prototype's proof over its body, a JSON string: what Python
// makes of it is the same text.
func (c *caller) patchet(method, path, body string) signed {
	token := c.token(prototype, fmt.Sprintf(`{"jwk":%s}`, c.popJWK))
	sum, now := sha256.Sum256([]byte(body)), time.Now().Unix()
	digest := sha256.Sum256([]byte(fmt.Sprintf(`{"checksum": "sha256:%s", "data": "%x", "method": %q, "timestamp": %d, "url": "https://api.example%s"}`, c.digits, sum, method, now, path)))
	signature, err := rsa.SignPKCS1v15(rand.Reader, c.pop, crypto.SHA256, digest[:])
	require.NoError(c.t, err)
	return signed{method, path, body, []ajwt.Header{{Name: "authorization", Value: "Bearer " + token},
		{Name: "pop", Value: base64.StdEncoding.EncodeToString(signature)}, {Name: "x-pop-timestamp", Value: fmt.Sprint(now)}}}
}
