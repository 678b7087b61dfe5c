package main

import (
	"github.com/golang-jwt/jwt/v5"
)

// golangJWT reads tokens with github.com/golang-jwt/jwt/v5.
func golangJWT(p *peer, g *group) reader {
	p.title = "golang-jwt"
	keys := map[string]any{}
	for _, k := range g.keys {
		keys[k.kid] = k.public
	}
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{g.keys[0].alg}),
		jwt.WithIssuer(g.issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(leeway),
		jwt.WithStrictDecoding(), jwt.WithTimeFunc(p.now),
	)
	find := func(t *jwt.Token) (any, error) {
		if typ, _ := t.Header["typ"].(string); typ != "at+jwt" {
			return nil, errType
		}
		kid, _ := t.Header["kid"].(string)
		if key, ok := keys[kid]; ok {
			return key, nil
		}
		return nil, errUnknownKid
	}
	type claims struct {
		jwt.RegisteredClaims
		agentClaims
	}
	return func(token string) (agentClaims, error) {
		var c claims
		if _, err := parser.ParseWithClaims(token, &c, find); err != nil {
			return agentClaims{}, err
		}
		if c.Subject == "" || c.ID == "" || c.IssuedAt == nil {
			return agentClaims{}, errIncomplete
		}
		return c.agentClaims, nil
	}
}
