package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/agentic-jwt/ajwt/vectors"
)

// The toy suite: a token that reads "good" is accepted, any other is rejected with
// the code signature_invalid. It lets the runner be tested without a verifier.

const toyPolicy = `{"issuers":[{"issuer":"https://as.example","profile":"draft-00"}]}`

// toyDocs resolves the one policy and the one key set.
type toyDocs struct{}

func (toyDocs) Policy(name string) ([]byte, error) {
	if name != "toy.json" {
		return nil, errors.New("no such policy: " + name)
	}
	return []byte(toyPolicy), nil
}

func (toyDocs) KeySet(name string) ([]byte, error) {
	if name != "as.json" {
		return nil, errors.New("no such key set: " + name)
	}
	return []byte(`{"keys": []}`), nil
}

func (toyDocs) Bundle(name string) ([]byte, error) {
	return nil, errors.New("no such bundle: " + name)
}

func (toyDocs) Revocations(name string) ([]byte, error) {
	return nil, errors.New("no such list: " + name)
}

func toyRequest(token string) *vectors.Request {
	return &vectors.Request{
		Method: "GET", Scheme: "https", Authority: "api.example", Target: "/repos",
		Headers: []vectors.Header{{Name: "Authorization", Value: []byte("Bearer " + token)}},
	}
}

func toyAccept(id string) vectors.Case {
	now := int64(1000)
	return vectors.Case{
		ID: id, Title: "The good token.", Op: opVerify, Level: "MUST", Refs: []string{"RFC 7515, section 5.2"},
		Policy: json.RawMessage(`"toy.json"`), Keys: map[string]string{"https://as.example": "as.json"}, Now: &now,
		Request: toyRequest("good"), Since: "1.0", Algorithms: []string{"ES256"},
		Expect: &vectors.Expect{Verdict: verdictAccept, Decision: &vectors.Decision{Level: "jwt"}},
	}
}

func toyReject(id, twin string) vectors.Case {
	c := toyAccept(id)
	c.Title, c.Twin, c.Request = "A changed token.", twin, toyRequest(id)
	c.Expect = &vectors.Expect{Verdict: verdictReject, Code: "signature_invalid", Status: 401}
	c.Mutation = &vectors.Mutation{Layer: "compact", Path: "12", From: json.RawMessage(`"A"`), To: json.RawMessage(`"B"`)}
	return c
}

func toyValue(id, text, value string) vectors.Case {
	return vectors.Case{
		ID: id, Title: "A canonical form.", Op: opJCS, Level: "MUST", Refs: []string{"RFC 8785, section 3.2"},
		Input: json.RawMessage(fmt.Sprintf(`{"json":%q}`, text)), Since: "1.0", Expect: &vectors.Expect{Value: value},
	}
}

func toySequence(id string) vectors.Case {
	yes, no := vectors.Expect{Verdict: verdictAccept}, vectors.Expect{Verdict: verdictReject, Code: "replay_proof_seen"}
	return vectors.Case{
		ID: id, Title: "The same proof twice.", Op: opSequence, Level: "MUST", Refs: []string{"RFC 9449, section 11.1"},
		Policy: json.RawMessage(`"toy.json"`), Since: "1.0",
		Requests: []vectors.Step{{Now: 1000, Request: toyRequest("good"), Expect: yes}, {Now: 1001, Request: toyRequest("good"), Expect: no}},
	}
}

// toyCases returns four accepting cases with five rejecting ones each, two values
// and a sequence.
func toyCases() []vectors.Case {
	var cases []vectors.Case
	for i := range 4 {
		twin := fmt.Sprintf("jws.toy.good-%d", i)
		cases = append(cases, toyAccept(twin))
		for k := range 5 {
			cases = append(cases, toyReject(fmt.Sprintf("jws.toy.bad-%d-%d", i, k), twin))
		}
	}
	cases = append(cases, toyValue("jcs.toy.empty", "{ }", "{}"), toyValue("jcs.toy.list", "[ 1 ]", "[1]"))
	return append(cases, toySequence("replay.toy.twice"))
}

func toySuite(t *testing.T) *Suite {
	t.Helper()
	s, err := NewSuite(toyCases(), toyDocs{}, []string{"toy"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// toyOptions are options with a fixed seed and day.
func toyOptions() Options {
	return Options{Seed: 7, Today: time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)}
}
