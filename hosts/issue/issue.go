// Package issue signs what an authorization server and its agents hand out beside
// tokens: workflow bundles, revocation lists and delegation links (spec/profile.md,
// sections 16.1 to 16.3), and makes the intent claim and the aliases that go with them.
//
// It refuses to sign what every verifier would refuse, and says which member is wrong
// and what would repair it. What a verifier decides by its policy, its clock or another
// document (whether a bundle lists the key that signs a root link, say) is not known
// here; Bundle methods of package ajwt and "ajwt link show --bundle" tell.
package issue

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// The types of the documents, as their headers carry them.
const (
	bundleType      = "ajwt-bundle+jwt"
	revocationsType = "ajwt-revocations+jwt"
	linkType        = "ajwt-delegation+jwt"
)

const (
	maxKeyIDBytes  = 256
	maxSignedBytes = 256 << 20 // the most that limits.bundle_bytes may be
)

// SignBundle signs the payload of a bundle as it stands, byte for byte, and returns the
// compact form. First it compiles it as verifiers do at now (NumericDate): an error is a
// *ajwt.LoadError with every fault, each with its JSON pointer, or names what is wrong
// with the key. issuer is what iss must be; "" takes the payload's word for it. The
// key's id goes into the header: it is a kid of bundle.keys in the verifiers' policies.
func SignBundle(payload []byte, issuer string, now int64, key Signer) (string, error) {
	if _, err := ajwt.CompileBundle(payload, issuerOf(payload, issuer), now); err != nil {
		return "", err
	}
	return signDocument(bundleType, payload, key)
}

// SignRevocations signs the payload of a revocation list in the same way; the key's id
// is a kid of revocation.keys. It refuses a list that is stale at now: verifiers would
// load it and then reject, or warn of, every token.
func SignRevocations(payload []byte, issuer string, now int64, key Signer) (string, error) {
	list, err := ajwt.ReadRevocations(payload, issuerOf(payload, issuer), now)
	if err != nil {
		return "", err
	}
	if list.NextUpdate() <= now {
		return "", &ajwt.LoadError{Faults: []ajwt.Fault{{Code: ajwt.CodeRevocationsMemberValue, Pointer: "/next_update",
			Detail: "want a time that is still to come"}}}
	}
	return signDocument(revocationsType, payload, key)
}

// issuerOf is the issuer that a payload names, where none is asked for. A payload that
// is no JSON is left to core, which says what is wrong with it.
func issuerOf(payload []byte, issuer string) string {
	var doc strictjson.Document
	if issuer == "" && doc.Parse(payload, documentLimits(payload)) == nil {
		issuer = string(doc.Root().Member("iss").Bytes())
	}
	return issuer
}

// documentLimits are those under which core reads a signed document: its values are
// bounded by its length alone, and a value takes two bytes.
func documentLimits(payload []byte) strictjson.Limits {
	return strictjson.Limits{Depth: 8, Values: len(payload)/2 + 1}
}

func signDocument(typ string, payload []byte, key Signer) (string, error) {
	if err := checkSigner(key); err != nil {
		return "", err
	}
	kid := key.KeyID()
	if kid == "" || len(kid) > maxKeyIDBytes {
		return "", errors.New("the key's id is missing or longer than 256 bytes; give the kid that the policy has for this key")
	}
	if size := base64.RawURLEncoding.EncodedLen(len(payload)); size > maxSignedBytes {
		return "", fmt.Errorf("the document takes more than %d bytes, which no policy admits; leave out agents that are not used any more", maxSignedBytes)
	}
	header, err := json.Marshal(struct {
		Typ string `json:"typ"`
		Alg string `json:"alg"`
		Kid string `json:"kid"`
	}{typ, key.Algorithm(), kid})
	if err != nil {
		return "", err
	}
	return signCompact(header, payload, key)
}

// signCompact makes a compact JWS (RFC 7515, section 7.1) and verifies it: a signer that
// is not the key it claims to be must not be found out by verifiers.
func signCompact(header, payload []byte, key Signer) (string, error) {
	input := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload)
	signature, err := key.Sign([]byte(input))
	if err != nil {
		return "", fmt.Errorf("signing failed: %w", err)
	}
	public, err := ajwt.ParseKey(key.PublicJWK())
	if err != nil {
		return "", err
	}
	alg, _ := ajwt.ParseAlgorithm(key.Algorithm())
	if !public.VerifySignature(alg, []byte(input), signature) {
		return "", errors.New("the signature does not verify under the signer's own public key; PublicJWK and Sign are of two keys, or Sign does not give the form that JWS uses")
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}
