package ajwt_test

import (
	"fmt"
	"os"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// A policy names every fault at once, with the place of each.
func ExampleParsePolicy() {
	_, err := ajwt.ParsePolicy([]byte(`{"issuers":[{"issuer":"https://as.example"}],"route":[]}`))
	for _, fault := range err.(*ajwt.LoadError).Faults {
		fmt.Println(fault.Pointer, fault.Code)
	}
	// Output:
	// /issuers/0/audiences policy_member_missing
	// /issuers/0/algorithms policy_member_missing
	// /issuers/0/jwks policy_member_missing
	// /routes policy_member_missing
	// /route policy_member_unknown
}

// A request passes only if the decision allows it; the code says why it does not.
func ExampleVerifier_Verify() {
	policy, err := ajwt.ParsePolicy([]byte(`{
		"issuers":[{"issuer":"https://as.example","audiences":["https://api.example"],
			"algorithms":["Ed25519"],"jwks_uri":"https://as.example/jwks"}],
		"routes":[{"id":"repos","match":{"path":"/repos/{owner}/{repo}"},"require":{"level":"jwt"}}]}`))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	const now = 1767225600 // a host passes its clock: time.Now().Unix()
	verifier, err := ajwt.NewVerifier(policy, ajwt.Options{Start: now})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	d := verifier.Verify(&ajwt.Request{Method: "GET", Scheme: "https", Authority: "api.example",
		Target: "/repos/acme/site", Headers: []ajwt.Header{{Name: "Accept", Value: "*/*"}}, Now: now})
	fmt.Println(d.Allows(), d.Code, d.Status, d.Challenge)
	// Output:
	// false input_authorization_missing 401 DPoP algs="Ed25519 ES256"
}
