package issue

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

const (
	now      = int64(1767225600)
	issuer   = "https://as.example"
	audience = "https://api.example"
	target   = "/repos/acme/site"
)

// scene is an issuer with its keys and agents, and a verifier that has its bundle.
type scene struct {
	t                *testing.T
	issuer, bundle   Signer
	agents           []string // in the order of their delegation
	keys             map[string]Signer
	payload, compact string
	verifier         *ajwt.Verifier
}

// newKey makes a key; of three agents one signs with ES256.
func newKey(t *testing.T, alg, kid string) Signer {
	t.Helper()
	var s Signer
	var err error
	if alg == "ES256" {
		key, fault := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, fault)
		s, err = NewSigner(key, alg, kid)
	} else {
		_, key, fault := ed25519.GenerateKey(rand.Reader)
		require.NoError(t, fault)
		s, err = NewSigner(key, alg, kid)
	}
	require.NoError(t, err)
	return s
}

// newScene makes a chain of agents a0, a1, ... that may delegate to the next one each,
// the last one being the agent of step patch; more stands in the workflow.
func newScene(t *testing.T, count int, more string) *scene {
	t.Helper()
	s := &scene{t: t, issuer: newKey(t, "Ed25519", "issuer-1"), bundle: newKey(t, "ES256", "bundle-1"), keys: map[string]Signer{}}
	var agents, edges []string
	for i := range count {
		id, alg := fmt.Sprintf("a%d", i), "Ed25519"
		if i == 1 {
			alg = "ES256"
		}
		s.agents, s.keys[id] = append(s.agents, id), newKey(t, alg, "")
		agents = append(agents, fmt.Sprintf(`{"agent_id":%q,"status":"active","registrations":[{"registration_id":"reg_%s","checksum":"sha256:%s"}],"keys":[%s]}`,
			id, id, strings.Repeat("ab", 32), s.keys[id].PublicJWK()))
		if i > 0 {
			edges = append(edges, fmt.Sprintf(`["a%d","a%d"]`, i-1, i))
		}
	}
	s.payload = fmt.Sprintf(`{"iss":%q,"iat":%d,"exp":%d,"version":7,"agents":[%s],"workflows":[{"workflow_id":"vuln-patching","version":1,"origins":["a0"],"delegation":[%s],"max_depth":15,"steps":[
{"step_id":"plan","after":[],"required":true,"approval_gate":false,"requires_approval":false,"scopes":["repo:read"],"tools":[],"context":[]},
{"step_id":"patch","agent_id":%q,"after":["plan"],"required":true,"approval_gate":false,"requires_approval":false,"scopes":["repo:read","repo:write"],"tools":[],"context":[]}]%s}]}`,
		issuer, now-60, now+3600, strings.Join(agents, ","), strings.Join(edges, ","), s.agents[count-1], more)
	var err error
	s.compact, err = SignBundle([]byte(s.payload), issuer, now, s.bundle)
	require.NoError(t, err)
	s.load(s.compact)
	return s
}

// load starts a verifier at level ajwt with the bundle.
func (s *scene) load(compact string) {
	s.t.Helper()
	policy, err := ajwt.ParsePolicy([]byte(fmt.Sprintf(`{"issuers":[{"issuer":%q,"profile":"hardened","audiences":[%q],"algorithms":["Ed25519","ES256"],"jwks":{"keys":[%s]},
"bundle":{"keys":[%s]},"revocation":{"keys":[%s]}}],"proof":{"algorithms":["Ed25519","ES256"]},"limits":{"token_bytes":65536},
"routes":[{"id":"links","match":{"path":"/repos/**"},"require":{"links":"required"}},{"id":"open","match":{"path":"/open"},"require":{}}]}`,
		issuer, audience, named(s.issuer), named(s.bundle), named(s.bundle))))
	require.NoError(s.t, err)
	s.verifier, err = ajwt.NewVerifier(policy, ajwt.Options{Start: now - 10000})
	require.NoError(s.t, err)
	_, err = s.verifier.Load(ajwt.KindBundle, issuer, []byte(compact), now)
	require.NoError(s.t, err)
}

// named is a public JWK with its kid.
func named(key Signer) string {
	return fmt.Sprintf(`{"kid":%q,%s`, key.KeyID(), key.PublicJWK()[1:])
}

// forge signs any claims without the library's checks.
func forge(t *testing.T, header, claims any, key Signer) string {
	t.Helper()
	h, err := json.Marshal(header)
	require.NoError(t, err)
	p, err := json.Marshal(claims)
	require.NoError(t, err)
	compact, err := signCompact(h, p, key)
	require.NoError(t, err)
	return compact
}

// link is the lawful link from agent i to the next.
func (s *scene) link(i int) Link {
	next := fmt.Sprintf("a%d", i+1)
	jkt := strings.Repeat("A", 43)
	if key := s.keys[next]; key != nil {
		jkt = thumbprintText(key)
	}
	return Link{Issuer: issuer, Delegator: fmt.Sprintf("a%d", i), Delegate: next, DelegateKey: jkt, Workflow: "vuln-patching",
		Scope: "repo:read repo:write", IssuedAt: now - 10, Expires: now + 600, ID: fmt.Sprintf("link-%d", i)}
}

// forgeLink signs a link as SignLink does, but looks at nothing.
func (s *scene) forgeLink(l Link, previous []string, key Signer) string {
	p := linkPayload{l.Delegator, l.Delegate, l.Issuer, confirmation{l.DelegateKey}, l.Workflow, l.Step, l.Scope, l.IssuedAt, l.Expires, l.ID, ""}
	if n := len(previous); n > 0 {
		p.Previous = linkDigest(previous[n-1])
	}
	return forge(s.t, map[string]any{"typ": linkType, "alg": key.Algorithm(), "jwk": json.RawMessage(key.PublicJWK())}, p, key)
}

// lawfulLinks signs the whole chain with the library.
func (s *scene) lawfulLinks() (links []string) {
	for i := range len(s.agents) - 1 {
		link, err := SignLink(s.link(i), links, s.keys[s.agents[i]])
		require.NoError(s.t, err)
		links = append(links, link)
	}
	return links
}

// decide mints a token with an intent and has the verifier decide a request with it.
func (s *scene) decide(path string, intent map[string]any) ajwt.Decision {
	s.t.Helper()
	agent := s.agents[len(s.agents)-1]
	key := s.keys[agent]
	token := forge(s.t, map[string]any{"typ": "JWT", "alg": s.issuer.Algorithm(), "kid": s.issuer.KeyID()}, map[string]any{
		"iss": issuer, "sub": agent, "aud": audience, "iat": now, "exp": now + 300, "jti": rand.Text(), "scope": "repo:read",
		"cnf": map[string]any{"jkt": thumbprintText(key)}, "intent": intent,
		"agent_proof": map[string]any{"agent_checksum": "sha256:" + strings.Repeat("ab", 32), "registration_id": "reg_" + agent},
	}, s.issuer)
	ath := sha256.Sum256([]byte(token))
	proof := forge(s.t, map[string]any{"typ": "dpop+jwt", "alg": key.Algorithm(), "jwk": json.RawMessage(key.PublicJWK())},
		map[string]any{"jti": rand.Text(), "htm": "GET", "htu": "https://api.example" + path, "iat": now, "ath": b64(ath[:])}, key)
	return s.verifier.Verify(&ajwt.Request{Method: "GET", Scheme: "https", Authority: "api.example", Target: path, Now: now,
		Headers: []ajwt.Header{{Name: "Authorization", Value: "DPoP " + token}, {Name: "DPoP", Value: proof}}})
}

// intent is the intent with links that the scene's agent would send, whatever they are.
func (s *scene) intent(links []string) map[string]any {
	s.t.Helper()
	in := Intent{Agent: s.agents[len(s.agents)-1], Workflow: "vuln-patching", Step: "patch", Chain: s.agents, Steps: []string{"plan"}}
	claim, err := in.Claim(ajwt.HashLong)
	require.NoError(s.t, err)
	if links != nil {
		claim["delegation_links"] = links
	}
	return claim
}
