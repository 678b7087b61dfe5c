package main

import "fmt"

// row is one line of the table: a subject and what its requests carry.
type row struct {
	name    string
	subject string // a listener
	alg     string // of the token
	load    load
}

// The subjects. Each is a listener of the same Envoy.
const (
	bareRoute     = "bare"
	authn         = "jwt_authn"
	authnCached   = "jwt_authn_cached"
	askServer     = "ext_authz"
	askAllowAll   = "ext_authz_allow"
	filterOffload = "ajwt"
	filterPure    = "ajwt_pure"
)

// The rows that targets name.
const (
	rowReference = "jwt_authn, ES256 token"
	rowServer    = "ext_authz server, ES256 cached token + DPoP"
	rowTarget    = "ajwt, ES256 cached token + DPoP"
)

// allRows is the table in its order.
func allRows() []row {
	token, cached := load{fresh: true}, load{}
	tokenProof, cachedProof := load{fresh: true, proof: true}, load{proof: true}
	rows := []row{
		{"bare route", bareRoute, "ES256", cached},
		{rowReference, authn, "ES256", cached}, // it remembers none
		{"jwt_authn, ES256 token, its cache", authnCached, "ES256", cached},
		{"jwt_authn, RS256 token", authn, "RS256", cached},
		{"jwt_authn, EdDSA token", authn, "Ed25519", cached},
		{"ext_authz server that allows all", askAllowAll, "ES256", cached},
		{rowServer, askServer, "ES256", cachedProof},
		{"ext_authz server, Ed25519 cached token + DPoP", askServer, "Ed25519", cachedProof},
		{"ext_authz server, ES256 token + DPoP", askServer, "ES256", tokenProof},
	}
	for _, s := range []struct{ subject, name string }{{filterOffload, "ajwt"}, {filterPure, "ajwt, pure wasm"}} {
		for _, alg := range []string{"ES256", "RS256", "Ed25519"} {
			if alg == "Ed25519" && s.subject == filterOffload {
				continue // Envoy has no function for it: both are the same
			}
			for _, l := range []struct {
				name string
				load load
			}{{"token", token}, {"cached token", cached}, {"token + DPoP", tokenProof}, {"cached token + DPoP", cachedProof}} {
				if alg == "RS256" && l.name != "token" {
					continue // their proofs are ES256
				}
				rows = append(rows, row{fmt.Sprintf("%s, %s %s", s.name, alg, l.name), s.subject, alg, l.load})
			}
		}
	}
	return rows
}
