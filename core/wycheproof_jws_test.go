package ajwt_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// Compact JWS with single keys. A group whose key is refused as symmetric or as of an
// algorithm that the profile does not have is outside; a key that is refused for
// another reason rejects every token of its group.
func TestWycheproofJWS(t *testing.T) {
	for _, file := range []string{"json_web_signature_test.json", "json_web_crypto_test.json"} {
		t.Run(file, func(t *testing.T) {
			accepted, rejected, outside := 0, 0, 0
			for _, g := range wycheproof(t, file).TestGroups {
				key, excluded := groupKey(t, g)
				for _, tc := range g.Tests {
					if excluded {
						checkForm(t, g, tc)
						outside++
						continue
					}
					got := verifyCompact(key, string(tc.JWS+tc.JWE))
					assert.Equal(t, wanted(t, file, tc), got, "%d: %s, %s %v", tc.TcID, g.Comment, tc.Comment, tc.Flags)
					if got {
						accepted++
					} else {
						rejected++
					}
				}
			}
			t.Logf("%d accepted, %d rejected, %d outside", accepted, rejected, outside)
			assert.Positive(t, accepted)
			assert.Positive(t, rejected)
		})
	}
}

// groupKey parses a group's key: nil where it is refused, with excluded where the
// reason is that it is outside the profile.
func groupKey(t *testing.T, g wycheproofGroup) (key *ajwt.Key, excluded bool) {
	document := g.Public
	if document == nil {
		document = g.Private
	}
	if strings.Contains(string(document), `"keys"`) { // only sets with symmetric keys here
		_, _, err := ajwt.ParseKeySet(document, ajwt.KeySetLimits{})
		var load *ajwt.LoadError
		require.ErrorAs(t, err, &load)
		require.Equal(t, ajwt.CodeKeysPrivateMember, load.Code())
		return nil, true
	}
	key, err := ajwt.ParseKey(document)
	if err == nil {
		return key, false
	}
	var keyError *ajwt.KeyError
	require.ErrorAs(t, err, &keyError)
	require.Contains(t, []string{ajwt.KeyReasonPrivate, ajwt.KeyReasonUnsupported, ajwt.KeyReasonUse}, keyError.Reason())
	return nil, keyError.Reason() != ajwt.KeyReasonUse
}

func verifyCompact(key *ajwt.Key, jws string) bool {
	c, err := ajwt.ParseCompact([]byte(jws))
	if err != nil {
		return false
	}
	var header struct{ Alg string }
	if json.Unmarshal(c.Header, &header) != nil {
		return false
	}
	alg, _ := ajwt.ParseAlgorithm(header.Alg)
	return key.VerifySignature(alg, c.SigningInput, c.Signature)
}

// checkForm uses what a group under a symmetric key still tells: the group on forms
// says which tokens are well-formed, and those get as far as the refusal of HS256.
func checkForm(t *testing.T, g wycheproofGroup, tc wycheproofTest) {
	_, err := ajwt.ParseCompact([]byte(tc.JWS + tc.JWE))
	if g.Comment != "base64" {
		return
	}
	want, listed := forms[tc.TcID]
	if !listed {
		want = tc.Result == "valid"
	}
	var code ajwt.CodeError
	require.ErrorAs(t, err, &code)
	assert.Equal(t, want, code.Code == ajwt.CodeJWSAlgForbidden, "%d: %s: %v", tc.TcID, tc.Comment, err)
}
