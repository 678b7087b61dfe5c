package ajwt_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

var errAskForANewToken = errors.New("ask for a new token")

func readmePolicy() []byte {
	policy, _ := os.ReadFile("testdata/readme/policy.json")
	return policy
}

func readmeBundle() []byte {
	bundle, _ := os.ReadFile("testdata/readme/bundle.jwt")
	return bundle
}

func readmeHeaders() (headers []ajwt.Header) {
	data, _ := os.ReadFile("testdata/readme/request.json")
	var request struct {
		Headers [][2]string `json:"headers"`
	}
	_ = json.Unmarshal(data, &request)
	for _, h := range request.Headers {
		headers = append(headers, ajwt.Header{Name: h[0], Value: h[1]})
	}
	return headers
}

// The text between the marks is the README's; TestReadme compares them.
func readmeExample(policyJSON, bundle []byte, headers []ajwt.Header, now, start int64) error {
	// README begin
	policy, err := ajwt.ParsePolicy(policyJSON) // names every fault of the document at once
	if err != nil {
		return err
	}
	verifier, err := ajwt.NewVerifier(policy, ajwt.Options{Start: start}) // once, when the process starts
	if err != nil {
		return err
	}
	// agents, workflows and lawful chains, signed by the authorization server; again when it changes
	if _, err := verifier.Load(ajwt.KindBundle, "https://as.example", bundle, now); err != nil {
		return err
	}
	d := verifier.Verify(&ajwt.Request{Method: "GET", Scheme: "https", Authority: "api.example",
		Target: "/repos/acme/site", Headers: headers, Now: now})
	switch {
	case d.Allows():
		return nil // d.Level says which protection the request got: "ajwt+pop+links"
	case d.Code == ajwt.CodeClaimExpExpired:
		return errAskForANewToken
	default:
		return fmt.Errorf("refused: %s (check %d)", d.Code, d.Code.Check())
	}
	// README end
}

func Example() {
	fmt.Println(readmeExample(readmePolicy(), readmeBundle(), readmeHeaders(), 1767225600, 1767225000))
	fmt.Println(readmeExample(readmePolicy(), readmeBundle(), readmeHeaders(), 1767225600+400, 1767225000))
	fmt.Println(readmeExample(readmePolicy(), readmeBundle(), readmeHeaders(), 1767225600+100, 1767225000))
	fmt.Println(readmeExample(readmePolicy(), readmeBundle(), nil, 1767225600, 1767225000))
	// Output:
	// <nil>
	// ask for a new token
	// refused: proof_iat_expired (check 615)
	// refused: input_authorization_missing (check 108)
}
