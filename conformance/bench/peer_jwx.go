package main

import (
	"strings"

	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

// jwx reads tokens with github.com/lestrrat-go/jwx/v3. Its key set does the lookup
// and holds each key to its alg.
func jwx(p *peer, g *group) reader {
	p.title = "lestrrat jwx"
	set, err := jwk.Parse(g.keySet())
	must(err)
	var registered agentClaims
	options := []jwt.ParseOption{
		jwt.WithKeySet(set),
		jwt.WithIssuer(g.issuer), jwt.WithAudience(audience),
		jwt.WithRequiredClaim("sub"), jwt.WithRequiredClaim("jti"),
		jwt.WithRequiredClaim("exp"), jwt.WithRequiredClaim("iat"),
		jwt.WithAcceptableSkew(leeway), jwt.WithClock(jwt.ClockFunc(p.now)),
		jwt.WithTypedClaim("cnf", registered.Confirmation),
		jwt.WithTypedClaim("intent", registered.Intent),
		jwt.WithTypedClaim("agent_proof", registered.AgentProof),
	}
	return func(text string) (agentClaims, error) {
		token, err := jwt.ParseString(text, options...)
		if err != nil {
			if strings.Contains(err.Error(), "failed to find key with key ID") {
				err = errUnknownKid // the library has no error of its own for it
			}
			return agentClaims{}, err
		}
		var c agentClaims
		for _, get := range [...]error{
			token.Get("scope", &c.Scope), token.Get("cnf", &c.Confirmation),
			token.Get("intent", &c.Intent), token.Get("agent_proof", &c.AgentProof),
		} {
			if get != nil {
				return agentClaims{}, get
			}
		}
		return c, nil
	}
}
