// Package policyschema holds spec/policy.schema.json to what ParsePolicy accepts.
package policyschema

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/agentic-jwt/ajwt/conformance"
	ajwt "github.com/agentic-jwt/ajwt/core"
)

// TestSchemaAcceptsWhatLoads: a policy that loads is valid by the schema, and each
// feature that the schema alone knows is named as unsupported when it is loaded.
func TestSchemaAcceptsWhatLoads(t *testing.T) {
	file, err := os.Open("../../spec/policy.schema.json")
	require.NoError(t, err)
	defer file.Close()
	doc, err := jsonschema.UnmarshalJSON(file)
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("policy.schema.json", doc))
	schema, err := compiler.Compile("policy.schema.json")
	require.NoError(t, err)

	suite, err := conformance.LoadSuite("")
	require.NoError(t, err)
	loaded, refused, beyond := 0, 0, 0
	for _, c := range suite.Cases() {
		var text []byte
		switch {
		case c.Op == "policy_load":
			var input struct {
				Policy string `json:"policy"`
			}
			require.NoError(t, json.Unmarshal(c.Input, &input))
			text = []byte(input.Policy)
		case len(c.Policy) > 0 && c.Policy[0] == '{':
			text = c.Policy
		default:
			continue
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			_, err := ajwt.ParsePolicy(text)
			require.Error(t, err, c.ID)
			continue
		}
		invalid := schema.Validate(value)
		_, err = ajwt.ParsePolicy(text)
		switch {
		case err == nil:
			loaded++
			require.NoError(t, invalid, c.ID)
		case invalid == nil:
			beyond++ // references, paths, duplicates, features: what a schema cannot say
		default:
			refused++
		}
	}
	require.NotZero(t, loaded)
	t.Logf("%d loaded, %d refused by both, %d by ParsePolicy alone", loaded, refused, beyond)
}
