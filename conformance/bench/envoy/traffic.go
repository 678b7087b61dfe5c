package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/agentic-jwt/ajwt/hosts/issue"
)

const (
	audience  = "https://api.example"
	authority = "api.example"
	// agents is the number of keys that sign proofs, and of tokens that are said to be
	// cached: what one agent sends in a round stays well below its share of the replay
	// memory, and the shard of that agent small.
	agents    = 64
	tokenLife = 3600 // seconds
)

// key is a private key with its public JWK.
type key struct {
	issue.Signer
	header string // alg as headers say it
	jwk    string // the members, without braces
}

func newKey(alg, kid string) *key {
	var private crypto.Signer
	var err error
	header := alg
	switch alg {
	case "Ed25519":
		_, private, err = ed25519.GenerateKey(rand.Reader)
		header = "EdDSA" // jwt_authn knows no other name
	case "ES256":
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "RS256":
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		panic("no such algorithm: " + alg)
	}
	must(err)
	signer, err := issue.NewSigner(private, alg, kid)
	must(err)
	k := &key{Signer: signer, header: header}
	switch public := private.Public().(type) {
	case ed25519.PublicKey:
		k.jwk = fmt.Sprintf(`"crv":"Ed25519","kty":"OKP","x":"%s"`, b64(public))
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		must(err)
		k.jwk = fmt.Sprintf(`"crv":"P-256","kty":"EC","x":"%s","y":"%s"`, b64(point[1:33]), b64(point[33:]))
	case *rsa.PublicKey:
		k.jwk = fmt.Sprintf(`"e":"AQAB","kty":"RSA","n":"%s"`, b64(public.N.Bytes()))
	}
	return k
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// compact signs header and payload (RFC 7515, section 7.1).
func (k *key) compact(header, payload string) string {
	input := b64([]byte(header)) + "." + b64([]byte(payload))
	signature, err := k.Sign([]byte(input))
	must(err)
	return input + "." + b64(signature)
}

// must is for what cannot fail unless the program itself is wrong.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// group is an algorithm of tokens, with an issuer and agents. The agents sign proofs with
// the same algorithm, those of RS256 with ES256.
type group struct {
	alg    string
	issuer string
	key    *key
	agents []*key
	known  []string // a token of each agent, used again and again
	serial int      // makes every jti another one
}

func newGroup(alg string) *group {
	name := strings.ToLower(alg)
	g := &group{alg: alg, issuer: "https://" + name + ".as.example", key: newKey(alg, name+"-2026-1")}
	proofs := alg
	if alg == "RS256" {
		proofs = "ES256"
	}
	for range agents {
		g.agents = append(g.agents, newKey(proofs, ""))
	}
	for i := range g.agents {
		g.known = append(g.known, g.token(i, time.Now().Unix()))
	}
	return g
}

// keySet is the issuer's JWK Set (RFC 7517, section 5).
func (g *group) keySet() string {
	return fmt.Sprintf(`{"keys":[{"alg":"%s","kid":"%s",%s}]}`, g.key.header, g.key.KeyID(), g.key.jwk)
}

// token is an intent token as draft-00 shows it, bound to the agent's key.
func (g *group) token(agent int, now int64) string {
	g.serial++
	sub := fmt.Sprintf("agent-%d", agent)
	return g.key.compact(
		fmt.Sprintf(`{"alg":"%s","kid":"%s","typ":"at+jwt"}`, g.key.header, g.key.KeyID()),
		fmt.Sprintf(`{"iss":"%s","aud":"%s","sub":"%s","iat":%d,"exp":%d,"jti":"token-%08d","scope":"items:read items:list","cnf":{"jkt":"%s"},`+
			`"intent":{"workflow_id":"vuln-patching","workflow_step":"step_3_patch","executed_by":"%s",`+
			`"delegation_chain":"e2b0bb2db17839e8","step_sequence_hash":"bed72404ae7c18e8"},`+
			`"agent_proof":{"agent_checksum":"sha256:fe7d0ce288d695cdc6769855b50bea0aef1e132bbae8badb4f384de752a7aa10","registration_id":"reg_%s_2"}}`,
			g.issuer, audience, sub, now, now+tokenLife, g.serial, g.agents[agent].thumbprint(), sub, sub))
}

// thumbprint is that of RFC 7638: jwk has the members in its order.
func (k *key) thumbprint() string {
	sum := sha256.Sum256([]byte("{" + k.jwk + "}"))
	return b64(sum[:])
}

// proof is a DPoP proof (RFC 9449, section 4.2) for the agent's next request.
func (g *group) proof(agent int, token string, now int64) string {
	g.serial++
	ath := sha256.Sum256([]byte(token))
	k := g.agents[agent]
	return k.compact(
		fmt.Sprintf(`{"typ":"dpop+jwt","alg":"%s","jwk":{%s}}`, k.header, k.jwk),
		fmt.Sprintf(`{"jti":"%s-%08d","htm":"GET","htu":"https://%s%s","iat":%d,"ath":"%s"}`,
			g.alg, g.serial, authority, path(agent, true), now, b64(ath[:])))
}

// path is that of the route that wants a proof, or of the one that takes a token alone.
func path(agent int, proof bool) string {
	if proof {
		return fmt.Sprintf("/items/%d", agent)
	}
	return fmt.Sprintf("/open/items/%d", agent)
}

// load is what the requests of a row carry.
type load struct {
	proof bool // DPoP
	fresh bool // a token that was never seen before
}

// requests mints n requests that must be accepted, for the present moment.
func (g *group) requests(l load, n int) []message {
	now := time.Now().Unix()
	out := make([]message, n)
	for i := range out {
		agent := i % agents
		token := g.known[agent]
		if l.fresh {
			token = g.token(agent, now)
		}
		proof := ""
		if l.proof {
			proof = g.proof(agent, token, now)
		}
		out[i] = message{requestBytes(path(agent, l.proof), token, proof), 200}
	}
	return out
}

// requestBytes is a request with a token, under the scheme DPoP where it has a proof.
func requestBytes(path, token, proof string) []byte {
	scheme := "Bearer"
	if proof != "" {
		scheme = "DPoP"
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "GET %s?page=2 HTTP/1.1\r\nhost: %s\r\nuser-agent: agent-shim/1.4 (linux; amd64)\r\naccept: application/json\r\n"+
		"accept-encoding: gzip\r\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\nauthorization: %s %s\r\n",
		path, authority, scheme, token)
	if proof != "" {
		fmt.Fprintf(&b, "dpop: %s\r\n", proof)
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// policy admits the issuers of all groups. The profile is draft-00: hardened takes no
// token without a proof. A key may sign as many proofs as the memory holds of one.
func policy(groups []*group) string {
	var issuers []string
	for _, g := range groups {
		issuers = append(issuers, fmt.Sprintf(`{"issuer":"%s","profile":"draft-00","audiences":["%s"],"algorithms":["%s"],`+
			`"max_token_lifetime_seconds":86400,"jwks":%s}`, g.issuer, audience, g.alg, g.keySet()))
	}
	return fmt.Sprintf(`{"issuers":[%s],"proof":{"methods":["dpop"],"algorithms":["Ed25519","ES256"]},"replay":{"capacity":1048576,"per_key":16384},"routes":[`+
		`{"id":"open","match":{"methods":["GET"],"path":"/open/items/{id}"},"require":{"scopes":["items:read"],"proof":"optional","level":"jwt"}},`+
		`{"id":"items","match":{"methods":["GET"],"path":"/items/{id}"},"require":{"scopes":["items:read"],"level":"jwt"}}]}`, strings.Join(issuers, ","))
}
