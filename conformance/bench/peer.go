package main

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// peer is another library. It reads a token as a careful service would use it: one
// algorithm, issuer, audience and times checked, the key by kid out of a set that was
// parsed beforehand, typ where the library shows it, claims into a type of the
// service's own, and then the scope. None of them knows DPoP, and none keeps
// results, so a peer has two scenarios.
type peer struct {
	title string
	clock time.Time
	read  map[*group]reader
}

// reader reads and checks a token of one issuer.
type reader func(token string) (agentClaims, error)

func (p *peer) name() string         { return p.title }
func (p *peer) does(s scenario) bool { return s == tokenOnly || s == rejectKid }
func (p *peer) at(now int64)         { p.clock = time.Unix(now, 0) }
func (p *peer) now() time.Time       { return p.clock }

func (p *peer) decide(_ scenario, r *sent) string {
	claims, err := p.read[r.from](r.token.compact)
	switch {
	case errors.Is(err, errUnknownKid):
		return ajwt.CodeKeyKidUnknown.String()
	case err != nil:
		return err.Error()
	case !claims.complete():
		return "a claim is missing"
	case !claims.allows(scope):
		return "scope"
	}
	return ""
}

// newPeers makes the peers' rows.
func newPeers(groups []*group) []subject {
	var peers []subject
	for _, make := range [...]func(*peer, *group) reader{golangJWT, goJOSE, jwx} {
		p := &peer{read: map[*group]reader{}}
		for _, g := range groups {
			p.read[g] = make(p, g)
		}
		peers = append(peers, p)
	}
	return peers
}

var (
	errUnknownKid = errors.New("unknown kid") // what the lookups of keys give
	errType       = errors.New("typ")
	errIncomplete = errors.New("a registered claim is missing")
)

const leeway = 30 * time.Second // as in the policy

// agentClaims are the members beside the registered claims that the token has and
// that the core reads too.
type agentClaims struct {
	Scope        string `json:"scope"`
	Confirmation struct {
		JWK json.RawMessage `json:"jwk"`
	} `json:"cnf"`
	Intent struct {
		Workflow   string `json:"workflow_id"`
		Step       string `json:"workflow_step"`
		ExecutedBy string `json:"executed_by"`
		Chain      string `json:"delegation_chain"`
		Sequence   string `json:"step_sequence_hash"`
	} `json:"intent"`
	AgentProof struct {
		Checksum     string `json:"agent_checksum"`
		Registration string `json:"registration_id"`
	} `json:"agent_proof"`
}

func (c *agentClaims) complete() bool {
	return c.Confirmation.JWK != nil && c.Intent.Workflow != "" && c.AgentProof.Checksum != ""
}

func (c *agentClaims) allows(scope string) bool {
	for s := range strings.SplitSeq(c.Scope, " ") {
		if s == scope {
			return true
		}
	}
	return false
}
