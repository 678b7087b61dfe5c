package issue_test

import (
	"crypto/ed25519"
	"fmt"

	"github.com/agentic-jwt/ajwt/hosts/issue"
)

// A planner that a supervisor let act lets the patcher act in turn, for less.
func ExampleSignLink() {
	key := func(label byte) issue.Signer {
		seed := [ed25519.SeedSize]byte{label} // a test's; keys come from crypto/rand
		s, err := issue.NewSigner(ed25519.NewKeyFromSeed(seed[:]), "Ed25519", "")
		if err != nil {
			panic(err)
		}
		return s
	}
	supervisor, planner, patcher := key(1), key(2), key(3)
	link := issue.Link{Issuer: "https://as.example", Delegator: "supervisor", Delegate: "planner", DelegateKey: planner.KeyID(),
		Workflow: "vuln-patching", Scope: "repo:read repo:write", IssuedAt: 1767225600, Expires: 1767225900}
	root, err := issue.SignLink(link, nil, supervisor)
	if err != nil {
		panic(err)
	}
	link.Delegator, link.Delegate, link.DelegateKey, link.Scope = "planner", "patcher", patcher.KeyID(), "repo:admin"
	_, err = issue.SignLink(link, []string{root}, planner)
	fmt.Println(err)
	link.Scope = "repo:read"
	second, err := issue.SignLink(link, []string{root}, planner)
	if err != nil {
		panic(err)
	}
	chain, err := issue.ChainOf([]string{root, second})
	fmt.Println(chain, err)
	// Output:
	// link 1, scope: want no scope-token but "repo:read repo:write", which the link before has; leave out repo:admin (delegation_link_scope_widened)
	// [supervisor planner patcher] <nil>
}
