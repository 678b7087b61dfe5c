package main

import (
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// goJOSE reads tokens with github.com/go-jose/go-jose/v4.
func goJOSE(p *peer, g *group) reader {
	p.title = "go-jose"
	algorithms := []jose.SignatureAlgorithm{jose.SignatureAlgorithm(g.keys[0].alg)}
	keys := map[string]any{}
	for _, k := range g.keys {
		keys[k.kid] = k.public
	}
	type claims struct {
		jwt.Claims
		agentClaims
	}
	return func(text string) (agentClaims, error) {
		token, err := jwt.ParseSigned(text, algorithms)
		if err != nil {
			return agentClaims{}, err
		}
		header := &token.Headers[0]
		if typ, _ := header.ExtraHeaders[jose.HeaderType].(string); typ != "at+jwt" {
			return agentClaims{}, errType
		}
		key, ok := keys[header.KeyID]
		if !ok {
			return agentClaims{}, errUnknownKid
		}
		var c claims
		if err := token.Claims(key, &c); err != nil {
			return agentClaims{}, err
		}
		expected := jwt.Expected{Issuer: g.issuer, AnyAudience: jwt.Audience{audience}, Time: p.clock}
		if err := c.ValidateWithLeeway(expected, leeway); err != nil {
			return agentClaims{}, err
		}
		if c.Subject == "" || c.ID == "" || c.Expiry == nil || c.IssuedAt == nil {
			return agentClaims{}, errIncomplete
		}
		return c.agentClaims, nil
	}
}
