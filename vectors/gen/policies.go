package main

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
)

// The parties of the cases.
const (
	issuerID  = "https://as.example"
	otherID   = "https://other.example"
	audience  = "https://api.example"
	authority = "api.example"
)

// algorithms in the order in which policies list them.
var allAlgorithms = []string{"Ed25519", "Ed448", "ES256", "ES384", "RS256", "PS256", "ML-DSA-44"}

// signers maps an algorithm to the key of the authorization server for it; the key's
// kid is the algorithm in lower case with "-1".
var signers = map[string]string{
	"RS256": "rsa-2048-a", "PS256": "rsa-3072-a", "ES256": "p256-a", "ES384": "p384-a",
	"Ed25519": "ed25519-a", "Ed448": "ed448-a", "ML-DSA-44": "mldsa44-a",
}

func kidOf(alg string) string { return strings.ToLower(alg) + "-1" }

// serverKeys is the JWK Set of the authorization server for these algorithms.
func serverKeys(algs ...string) string {
	var entries []string
	for _, alg := range algs {
		entries = append(entries, testKey(signers[alg]).entry(kidOf(alg), alg))
	}
	return jwks(entries...)
}

func quoteAll(list []string) string {
	quoted := make([]string, len(list))
	for i := range list {
		quoted[i] = quote(list[i])
	}
	return "[" + strings.Join(quoted, ",") + "]"
}

// issuerText is an issuer of a policy: its keys in place, or loaded where keys is "".
func issuerText(id, profile string, algs []string, keys string) string {
	source := `"jwks":` + keys
	if keys == "" {
		source = `"jwks_uri":` + quote(id+"/jwks.json")
	}
	return fmt.Sprintf(`{"issuer":%s,"profile":%s,"audiences":[%s],"algorithms":%s,%s}`,
		quote(id), quote(profile), quote(audience), quoteAll(algs), source)
}

const (
	anyBearer = `[{"id":"any","match":{"path":"/**"},"require":{"level":"jwt","proof":"optional"}}]`
	anyProof  = `[{"id":"any","match":{"path":"/**"},"require":{"level":"jwt"}}]`
)

func policyDoc(routes string, issuers ...string) string {
	return `{"issuers":[` + strings.Join(issuers, ",") + `],"routes":` + routes + `}`
}

// policies returns every policy below policies/ by file name. Names are immutable:
// cases of outside implementations refer to them.
func policies() map[string]string {
	usual := []string{"RS256", "ES256"}
	all := worldPolicies()
	maps.Copy(all, map[string]string{
		// ordinary bearer tokens: what any JOSE library can take part in
		"draft00.json": policyDoc(anyBearer, issuerText(issuerID, "draft-00", usual, serverKeys(usual...))),
		// the same with the key set loaded apart
		"draft00-loaded.json": policyDoc(anyBearer, issuerText(issuerID, "draft-00", usual, "")),
		// every algorithm
		"draft00-all.json": policyDoc(anyBearer, issuerText(issuerID, "draft-00", allAlgorithms, serverKeys(allAlgorithms...))),
		// two issuers that use one kid for different keys
		"draft00-two.json": policyDoc(anyBearer, issuerText(issuerID, "draft-00", usual, serverKeys(usual...)),
			issuerText(otherID, "draft-00", usual, jwks(testKey("rsa-2048-b").entry("rs256-1", "RS256"), testKey("p256-b").entry("other-1", "ES256")))),
		// the same with a DPoP proof or a message signature
		"httpsig.json": provingBy(`"methods":["dpop","httpsig"],"algorithms":["Ed25519","ES256","ES384"]`,
			policyDoc(anyProof, issuerText(issuerID, "hardened", usual, serverKeys(usual...)))),
		// the prototype's tokens and proofs
		"patchet.json": provingBy(`"methods":["patchet"]`,
			policyDoc(anyProof, issuerText(issuerID, "patchet", usual, serverKeys(usual...)))),
		// sender-constrained tokens with a DPoP proof
		"hardened.json": policyDoc(anyProof, issuerText(issuerID, "hardened", usual, serverKeys(usual...))),
	})
	return all
}

// keySets returns every JWK Set below keys/ by file name.
func keySets() map[string]string {
	return map[string]string{
		"as.json":     serverKeys("RS256", "ES256"),
		"as-all.json": serverKeys(allAlgorithms...),
		"other.json":  jwks(testKey("rsa-2048-b").entry("rs256-1", "RS256"), testKey("p256-b").entry("other-1", "ES256")),
		"empty.json":  jwks(),
	}
}

// policyText returns the scene's policy as JSON text.
func (s *scene) policyText() string {
	if s.inline != "" {
		return s.inline
	}
	text, ok := policies()[s.policy]
	if !ok {
		panic("no policy " + s.policy)
	}
	return text
}

// issuer returns the iss of the token, which must be a string.
func (s *scene) issuer() string {
	iss, _ := lookup(s.token.payload, "/iss")
	return strings.Trim(iss, `"`)
}

// inlineKeys returns the pointer to the key set that stands in the policy for the
// token's issuer, "" where it is loaded apart.
func (s *scene) inlineKeys() string {
	for i := 0; ; i++ {
		at := "/issuers/" + strconv.Itoa(i)
		id, ok := lookup(s.policyText(), at+"/issuer")
		if !ok {
			return ""
		}
		if _, here := lookup(s.policyText(), at+"/jwks"); here && id == quote(s.issuer()) {
			return at + "/jwks"
		}
	}
}

// loadedKeys returns the key set that is loaded for the token's issuer.
func (s *scene) loadedKeys() string {
	if s.keySet != "" {
		return s.keySet
	}
	text, ok := keySets()[s.keys[s.issuer()]]
	if !ok {
		panic("no key set for " + s.issuer())
	}
	return text
}

// draft is a scene that is accepted: an ordinary bearer token under draft00.json,
// signed with RS256 or ES256.
func draft(alg string) scene {
	s := scene{
		policy: "draft00.json", now: now, scheme: "Bearer",
		method: "GET", urlScheme: "https", authority: authority, target: "/repos/acme/app",
	}
	s.token = jws{
		header:  `{"alg":` + quote(alg) + `,"typ":"JWT","kid":` + quote(kidOf(alg)) + `}`,
		payload: fmt.Sprintf(`{"iss":%q,"aud":%q,"sub":"patcher","iat":%d,"exp":%d,"jti":"token-1","scope":"repo:read"}`, issuerID, audience, now-10, now+290),
		key:     signers[alg], alg: alg,
	}
	return s
}

// hardened is a scene that is accepted: a token bound to the agent's key, with a DPoP
// proof signed with ES256, under hardened.json.
func hardened(alg string) scene {
	s := draft(alg)
	s.policy, s.scheme = "hardened.json", "DPoP"
	k := testKey("agent-p256-a")
	s.token.payload, _ = replace(s.token.payload, "/cnf", ptr(`{"jkt":`+quote(k.thumbprint())+`}`))
	s.proof = &jws{
		header: `{"typ":"dpop+jwt","alg":"ES256","jwk":` + k.jwk() + `}`,
		payload: fmt.Sprintf(`{"jti":"proof-1","htm":%q,"htu":%q,"iat":%d,"ath":"{ath}"}`,
			s.method, "https://"+authority+s.target, now-2),
		key: "agent-p256-a", alg: "ES256",
	}
	return s
}
