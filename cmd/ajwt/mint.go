package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/agentic-jwt/ajwt/hosts/issue"
)

var mintCommand = &command{
	name:     "mint",
	summary:  "mint a development token, and the DPoP proof for a request",
	synopsis: "--key FILE --iss URL --sub AGENT --aud URL --scope SCOPES [flags]",
	about: `
Mints an intent token for tests and development, in the place of an authorization
server: nothing is registered, and nobody checks that the agent, the chain or the
steps are lawful. With --proof-key it also makes the DPoP proof (RFC 9449) for one
request, and binds the token to that key unless --cnf or --jkt says otherwise.

Without a proof the token stands alone on standard output. With one, two header
lines do, as curl takes them with -H @FILE and "ajwt verify" with --header @FILE.`,
	examples: `
ajwt mint --key issuer.jwk --iss https://as.example --sub patcher --aud https://api.example --scope repo:read
ajwt mint --key issuer.jwk --iss https://as.example --sub patcher --aud https://api.example --scope "repo:read repo:write" \
     --workflow vuln-patching --step patch --chain supervisor,planner,patcher --steps analyze,plan \
     --checksum @agent.json --registration reg_patcher_2 \
     --proof-key agent.jwk --method POST --url https://api.example/repos/acme/site/pulls > headers.txt
ajwt mint --key issuer.jwk --iss https://as.example --sub patcher --aud https://api.example --scope repo:read \
     --workflow vuln-patching --step patch --steps analyze,plan --link links.txt
ajwt mint --key issuer.jwk --claims claims.json --ttl 60 --json
ajwt mint --token @token.txt --proof-key agent.jwk --url https://api.example/repos/acme/site`,
	run: runMint,
}

// mintFlags are the flags of mint.
type mintFlags struct {
	key, kid, alg, typ                                      *definition
	iss, sub, aud, scope, jti, ttl, now                     *definition
	workflow, step, chain, steps, form, initiated, context  *definition
	link, aliasSecret                                       *definition
	checksum, reading, registration                         *definition
	cnf, jkt, claims                                        *definition
	token, proofKey, proofAlg, proofJTI, method, url, nonce *definition
	json                                                    *boolean
}

func newMintFlags(c *call) *mintFlags {
	return &mintFlags{
		key:          c.text("key", "FILE", "the issuer's private JWK, as 'ajwt keygen' writes it"),
		kid:          c.text("kid", "KID", "the kid of the header (default: the key's)"),
		alg:          c.text("alg", "ALG", "the algorithm, where the key admits several (default: the key's)"),
		typ:          c.text("typ", "TYPE", "the typ of the header (default: JWT)"),
		iss:          c.text("iss", "URL", "the issuer"),
		sub:          c.text("sub", "AGENT", "the agent's id"),
		aud:          c.list("aud", "URL", "an audience"),
		scope:        c.list("scope", "SCOPES", "scopes, separated by spaces"),
		jti:          c.text("jti", "ID", "the token's id (default: random)"),
		ttl:          c.text("ttl", "SECONDS", "the token's life (default: 300)"),
		now:          c.text("now", "SECONDS", "the time of issue of token and proof (default: the clock)"),
		workflow:     c.text("workflow", "ID", "intent.workflow_id; needs --step"),
		step:         c.text("step", "ID", "intent.workflow_step; needs --workflow"),
		chain:        c.text("chain", "A,B,C", "the delegation chain, originator first; --sub is appended where it is not the last\n(default: --sub alone)"),
		steps:        c.text("steps", "X,Y", "the completed steps that come before --step, which is appended"),
		form:         c.text("form", "FORM", "form of the hashes of chain and steps: long or short (default: long)"),
		initiated:    c.text("initiated-by", "NAME", "intent.initiated_by"),
		context:      c.list("context", "NAME=TEXT", "a member of intent.execution_context"),
		link:         c.list("link", "FILE", "delegation links, one a line and the root first, for intent.delegation_links; the chain is theirs\nunless --chain says otherwise; needs --workflow"),
		aliasSecret:  c.text("alias-secret", "FILE", "write workflow and step as their aliases for --aud, made with this secret ('ajwt bundle alias')"),
		checksum:     c.text("checksum", "SUM|@FILE", "agent_proof.agent_checksum, or the agent's JSON from which it is computed;\nneeds --registration"),
		reading:      c.text("reading", "READING", "how --checksum @FILE is computed: jcs, jcs-raw or python (default: jcs)"),
		registration: c.text("registration", "ID", "agent_proof.registration_id; needs --checksum"),
		cnf:          c.text("cnf", "FILE", "bind the key of this JWK (its public part) as cnf.jwk"),
		jkt:          c.text("jkt", "THUMBPRINT", "bind the key with this RFC 7638 thumbprint as cnf.jkt"),
		claims:       c.text("claims", "FILE", "a JSON object of claims, taken as it is; flags are laid over it, and iat, exp and\njti are added where it has none"),
		token:        c.text("token", "TOKEN|@FILE|-", "make a proof for this token instead of minting one"),
		proofKey:     c.text("proof-key", "FILE", "the agent's private JWK: also make the DPoP proof; needs --url"),
		proofAlg:     c.text("proof-alg", "ALG", "the proof's algorithm (default: the proof key's)"),
		proofJTI:     c.text("proof-jti", "ID", "the proof's id (default: random)"),
		method:       c.text("method", "METHOD", "the request's method (default: GET)"),
		url:          c.text("url", "URL", "the request's URL"),
		nonce:        c.text("nonce", "NONCE", "the nonce that the server's DPoP-Nonce asked for"),
		json:         c.boolean("json", "print one JSON object with token, proof and claims"),
	}
}

func runMint(c *call) (int, error) {
	f := newMintFlags(c)
	if err := c.parse(0, 0); err != nil {
		return 0, err
	}
	if err := f.check(); err != nil {
		return 0, err
	}
	now, err := c.at(f.now)
	if err != nil {
		return 0, err
	}
	var proofKey *signingKey
	if f.proofKey.given() {
		if proofKey, err = c.readSigningKey("--proof-key", f.proofKey.value(), f.proofAlg.value()); err != nil {
			return 0, err
		}
	}
	m := minted{TokenType: "Bearer"}
	if f.token.given() {
		m.TokenType = "DPoP"
		m.Token, err = c.textOrFile(f.token)
	} else {
		err = c.mintToken(f, now, proofKey, &m)
	}
	if err != nil {
		return 0, err
	}
	if proofKey != nil {
		if m.Proof, err = f.proof(proofKey, m.Token, now); err != nil {
			return 0, err
		}
		m.Method, m.URL = f.method.or("GET"), f.url.value()
	}
	fmt.Fprintln(c.stderr, "ajwt mint: for development only; no authorization server stands behind this")
	return exitOK, c.printMinted(f, &m)
}

// check holds the flags against each other.
func (f *mintFlags) check() error {
	switch {
	case f.token.given() && f.key.given():
		return usagef("--token and --key: a proof for a token that exists needs no --key")
	case f.token.given() && !f.proofKey.given():
		return usagef("--token makes a proof for a token that exists; it needs --proof-key")
	case !f.token.given() && !f.key.given():
		return usagef("--key is missing: want the issuer's private JWK ('ajwt keygen' makes one)")
	case f.proofKey.given() && !f.url.given():
		return usagef("--proof-key needs --url, and --method unless it is GET")
	case f.cnf.given() && f.jkt.given():
		return usagef("--cnf and --jkt both bind a key; give one")
	case f.workflow.given() != f.step.given():
		return usagef("--workflow and --step go together")
	case f.steps.given() && !f.step.given():
		return usagef("--steps needs --workflow and --step")
	case f.link.given() && !f.workflow.given():
		return usagef("--link needs --workflow and --step")
	case f.aliasSecret.given() && f.link.given():
		return usagef("--alias-secret and --link: %v", issue.ErrAliasWithLinks)
	case f.aliasSecret.given() && (!f.workflow.given() || len(f.aud.values) != 1):
		return usagef("--alias-secret needs --workflow, --step and one --aud, for which the aliases are")
	case f.checksum.given() != f.registration.given():
		return usagef("--checksum and --registration go together")
	case f.reading.given() && !strings.HasPrefix(f.checksum.value(), "@"):
		return usagef("--reading goes with --checksum @FILE")
	}
	if !f.proofKey.given() {
		for _, d := range []*definition{f.proofAlg, f.proofJTI, f.method, f.url, f.nonce} {
			if d.given() {
				return usagef("--%s describes a proof; it needs --proof-key", d.name)
			}
		}
	}
	if f.token.given() {
		for _, d := range []*definition{f.kid, f.alg, f.typ, f.iss, f.sub, f.aud, f.scope, f.jti, f.ttl, f.workflow, f.chain,
			f.initiated, f.context, f.link, f.aliasSecret, f.checksum, f.cnf, f.jkt, f.claims} {
			if d.given() {
				return usagef("--%s describes a token to be minted; it does not go with --token", d.name)
			}
		}
	}
	return nil
}

// minted is the answer of mint --json.
type minted struct {
	TokenType string          `json:"token_type"`
	Token     string          `json:"access_token"`
	ExpiresIn *int64          `json:"expires_in,omitempty"` // seconds, where exp and iat are whole numbers
	Claims    json.RawMessage `json:"claims,omitempty"`
	Proof     string          `json:"proof,omitempty"`
	Method    string          `json:"method,omitempty"`
	URL       string          `json:"url,omitempty"`
}

func (c *call) printMinted(f *mintFlags, m *minted) error {
	switch {
	case f.json.on():
		return c.printJSON(m)
	case m.Proof != "":
		fmt.Fprintf(c.stdout, "Authorization: %s %s\nDPoP: %s\n", m.TokenType, m.Token, m.Proof)
	default:
		fmt.Fprintln(c.stdout, m.Token)
	}
	return nil
}

// printJSON writes one indented JSON object.
func (c *call) printJSON(v any) error {
	enc := json.NewEncoder(c.stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
