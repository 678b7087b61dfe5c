package issue

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// TestChain: a bundle, three links and a token, all made here, are accepted with links.
func TestChain(t *testing.T) {
	s := newScene(t, 4, "")
	links := s.lawfulLinks()
	agents, err := ChainOf(links)
	require.NoError(t, err)
	require.Equal(t, s.agents, agents)
	in := Intent{Agent: "a3", Workflow: "vuln-patching", Step: "patch", Steps: []string{"plan"}, Links: links}
	claim, err := in.Claim(ajwt.HashLong)
	require.NoError(t, err)
	require.Equal(t, s.intent(links), claim, "the chain follows from the links")
	d := s.decide(target, claim)
	require.Equal(t, "", d.Code.String())
	require.Equal(t, "ajwt+pop+links", d.Level.String())
	require.EqualValues(t, 7, d.BundleVersion)
	require.Equal(t, ajwt.CodeDelegationLinksMissing, s.decide(target, s.intent(nil)).Code)
	require.Equal(t, ajwt.CodeDelegationLinkSubjectMismatch, s.decide(target, s.intent(links[:2])).Code)
}

func TestLongestChain(t *testing.T) {
	s := newScene(t, 16, "")
	links := s.lawfulLinks()
	require.Len(t, links, MaxLinks)
	require.Equal(t, "", s.decide(target, s.intent(links)).Code.String())

	wantRefusal(t, func() error {
		_, err := SignLink(s.link(15), links, s.keys["a15"])
		return err
	}, ajwt.CodeClaimIntentLinksInvalid, "")
	forged := append(links, s.forgeLink(s.link(15), links, s.keys["a15"]))
	require.Equal(t, ajwt.CodeClaimIntentLinksInvalid, s.decide(target, s.intent(forged)).Code)
}

// wantRefusal holds an error of the library to the code that a verifier would give, and
// to naming the claim.
func wantRefusal(t *testing.T, sign func() error, code ajwt.Code, claim string) {
	t.Helper()
	var fault *LinkError
	err := sign()
	require.True(t, errors.As(err, &fault), "%v", err)
	require.Equal(t, code.String(), fault.Code.String(), "%v", err)
	require.Equal(t, claim, fault.Claim)
	require.Contains(t, err.Error(), code.String())
}

// TestRefusals: what the library refuses to sign, core refuses with the same code when
// somebody else signs it, and everything else about the link is lawful.
func TestRefusals(t *testing.T) {
	s := newScene(t, 4, "")
	other := newKey(t, "Ed25519", "")
	const invalid = ajwt.CodeDelegationLinkClaimInvalid
	rows := []struct {
		name   string
		at     int // the link that is wrong
		change func(*Link)
		signer Signer
		claim  string
		code   ajwt.Code
	}{
		{"scope wider", 1, func(l *Link) { l.Scope = "repo:read repo:admin" }, nil, "scope", ajwt.CodeDelegationLinkScopeWidened},
		{"scope wider at the end", 2, func(l *Link) { l.Scope = "repo:read repo:write x" }, nil, "scope", ajwt.CodeDelegationLinkScopeWidened},
		{"life longer by a second", 1, func(l *Link) { l.Expires++ }, nil, "exp", ajwt.CodeDelegationLinkLifeGrown},
		{"another signer", 1, nil, other, "jwk", ajwt.CodeDelegationLinkSignerMismatch},
		{"the root's signer", 2, nil, s.keys["a0"], "jwk", ajwt.CodeDelegationLinkSignerMismatch},
		{"not the delegate before", 1, func(l *Link) { l.Delegator = "a2" }, nil, "iss", ajwt.CodeDelegationLinkOrderMismatch},
		{"to the root again", 2, func(l *Link) { l.Delegate = "a0" }, nil, "sub", ajwt.CodeDelegationLinkOrderMismatch},
		{"to itself", 0, func(l *Link) { l.Delegate = "a0" }, nil, "sub", ajwt.CodeDelegationLinkOrderMismatch},
		{"another workflow", 1, func(l *Link) { l.Workflow = "deploy" }, nil, "workflow_id", ajwt.CodeDelegationLinkWorkflowMismatch},
		{"another server", 2, func(l *Link) { l.Issuer = "https://other.example" }, nil, "aud", ajwt.CodeDelegationLinkAudienceMismatch},
		{"delegator's id", 0, func(l *Link) { l.Delegator = "a|0" }, nil, "iss", invalid},
		{"delegate's id", 2, func(l *Link) { l.Delegate = strings.Repeat("a", 129) }, nil, "sub", invalid},
		{"workflow's id", 1, func(l *Link) { l.Workflow = "a/b" }, nil, "workflow_id", invalid},
		{"step's id", 2, func(l *Link) { l.Step = "a b" }, nil, "workflow_step", invalid},
		{"thumbprint", 0, func(l *Link) { l.DelegateKey = "AAAA" }, nil, "cnf.jkt", invalid},
		{"no scope", 0, func(l *Link) { l.Scope = "" }, nil, "scope", invalid},
		{"scope with two spaces", 0, func(l *Link) { l.Scope = "repo:read  repo:write" }, nil, "scope", invalid},
		{"life of nothing", 0, func(l *Link) { l.Expires = l.IssuedAt }, nil, "exp", invalid},
		{"time out of range", 0, func(l *Link) { l.Expires = 1 << 53 }, nil, "iat", invalid},
		{"long jti", 1, func(l *Link) { l.ID = strings.Repeat("j", 257) }, nil, "jti", invalid},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := *s
			s.t = t
			lawful := s.lawfulLinks()
			var links []string
			for i := range len(s.agents) - 1 {
				l, key := s.link(i), s.keys[s.agents[i]]
				if i == row.at {
					if row.change != nil {
						row.change(&l)
					}
					if row.signer != nil {
						key = row.signer
					}
					wantRefusal(t, func() error {
						_, err := SignLink(l, links, key)
						return err
					}, row.code, row.claim)
				}
				if i < row.at {
					links = append(links, lawful[i])
				} else {
					links = append(links, s.forgeLink(l, links, key))
				}
			}
			require.Equal(t, row.code.String(), s.decide(target, s.intent(links)).Code.String())
			wantRefusal(t, func() error {
				_, err := ReadChain(links)
				return err
			}, row.code, claimOf(row.claim, row.code))
		})
	}
}

// claimOf: a link that cannot be read is wrong as a whole.
func claimOf(claim string, code ajwt.Code) string {
	if code == ajwt.CodeDelegationLinkClaimInvalid {
		return ""
	}
	return claim
}

func TestOtherChains(t *testing.T) {
	s := newScene(t, 4, "")
	links := s.lawfulLinks()
	again, err := SignLink(s.link(0), nil, s.keys["a0"])
	require.NoError(t, err)
	again2 := s.link(0)
	again2.ID = "other"
	sibling, err := SignLink(again2, nil, s.keys["a0"])
	require.NoError(t, err)
	require.Equal(t, links[0], again, "Ed25519 signs the same bytes the same way")
	flipped := links[1][:len(links[1])-8] + "AAAAAAAA"
	rows := []struct {
		name  string
		links []string
		claim string
		code  ajwt.Code
	}{
		{"after another root", []string{sibling, links[1], links[2]}, "prev", ajwt.CodeDelegationLinkPrevMismatch},
		{"without the root", links[1:], "prev", ajwt.CodeDelegationLinkPrevMismatch},
		{"in the wrong order", []string{links[0], links[2], links[1]}, "iss", ajwt.CodeDelegationLinkOrderMismatch},
		{"no link", []string{links[0], "x", links[2]}, "", ajwt.CodeDelegationLinkCompactInvalid},
		{"last signature changed", []string{links[0], flipped}, "", ajwt.CodeDelegationLinkSignatureInvalid},
		{"another type", []string{s.compact}, "", ajwt.CodeDelegationLinkTypInvalid},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			wantRefusal(t, func() error {
				_, err := ReadChain(row.links)
				return err
			}, row.code, row.claim)
			wantRefusal(t, func() error {
				_, err := SignLink(s.link(len(row.links)), row.links, s.keys["a2"])
				return err
			}, row.code, row.claim)
			if len(row.links) == 3 {
				require.Equal(t, row.code.String(), s.decide(target, s.intent(row.links)).Code.String())
			}
		})
	}
	_, err = ChainOf(nil)
	require.ErrorContains(t, err, "there are no links")
	require.Equal(t, ajwt.CodeClaimIntentLinksInvalid, s.decide(target, s.intent([]string{})).Code)
	_, err = SignLink(s.link(0), nil, nil)
	require.ErrorContains(t, err, "nil")
	random := s.link(0)
	random.ID = ""
	one, err := SignLink(random, nil, s.keys["a0"])
	require.NoError(t, err)
	two, err := SignLink(random, nil, s.keys["a0"])
	require.NoError(t, err)
	require.NotEqual(t, one, two, "a jti of its own")
	chain, err := ReadChain([]string{one})
	require.NoError(t, err)
	require.Len(t, chain[0].ID, 26)
	require.Equal(t, "a0 a1", fmt.Sprint(chain[0].Delegator, " ", chain[0].Delegate))
}

func TestLinkForAStep(t *testing.T) {
	s := newScene(t, 2, "")
	l := s.link(0)
	l.Step = "patch"
	link, err := SignLink(l, nil, s.keys["a0"])
	require.NoError(t, err)
	require.Equal(t, "", s.decide(target, s.intent([]string{link})).Code.String())
	l.Step = "plan"
	link, err = SignLink(l, nil, s.keys["a0"])
	require.NoError(t, err)
	require.Equal(t, ajwt.CodeDelegationLinkStepMismatch, s.decide(target, s.intent([]string{link})).Code)
	in := Intent{Agent: "a1", Workflow: "vuln-patching", Step: "patch", Steps: []string{"plan"}, Links: []string{link}}
	_, err = in.Claim(ajwt.HashLong)
	require.ErrorContains(t, err, "workflow_step: the last link is for step")
}
