//go:build envoy

package envoytest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// throughStruct is a policy as Istio hands it over: from YAML it makes a google.protobuf.Struct,
// and of that a StringValue with JSON. Its members are in another order, and its numbers went
// through doubles: both encoders write those below 10^21 as plain digits.
func throughStruct(t *testing.T, policy string) string {
	t.Helper()
	var value map[string]any
	require.NoError(t, json.Unmarshal([]byte(policy), &value))
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}

// taken gives a policy to Envoy and tells whether it was taken; log is what Envoy said of it.
func (p *proxy) taken(policy string) (taken bool, log string) {
	p.t.Helper()
	const success, rejected = "listener_manager.lds.update_success", "listener_manager.lds.update_rejected"
	before := [2]int{p.metric(success), p.metric(rejected)}
	said := len(p.stdout.String())
	p.reload(policy)
	require.Eventually(p.t, func() bool { return before != [2]int{p.metric(success), p.metric(rejected)} }, readyWithin, 20*time.Millisecond)
	return p.metric(success) > before[0], p.stdout.String()[said:]
}

// A policy that has been a Struct on its way means the same. As a Struct in Envoy's own
// configuration it is refused, since Envoy hands over the message's bytes and no JSON.
func structs(t *testing.T, p *proxy) {
	lifetime := func(number string) string {
		return strings.Replace(policy(""), `"audiences"`, `"max_token_lifetime_seconds":`+number+`,"audiences"`, 1)
	}
	comes := func(code string) {
		t.Helper()
		require.Eventually(t, func() bool {
			p.client.CloseIdleConnections() // connections stay with the policy that they began with
			a := p.send(fresh(), nil, nil)
			require.Equal(t, a.code == "", a.reached, a.body)
			return a.code == code
		}, readyWithin, 20*time.Millisecond, code)
	}
	const short = "claim_lifetime_exceeded" // tokens live for 300 s
	for number, code := range map[string]string{"3e2": "", "300.0": "", "299": short, "2.99e2": short} {
		taken, log := p.taken(throughStruct(t, lifetime(number)))
		require.True(t, taken, "%s: %s", number, log)
		comes(code)
		require.Equal(t, "input_authorization_missing", p.send(fresh(), nil, func(r *http.Request) { r.Header.Del("authorization") }).code, number)
	}
	taken, log := p.taken(throughStruct(t, lifetime("600")))
	require.True(t, taken, log)
	comes("")
	for number, says := range map[string]string{"1.5": "/issuers/0/max_token_lifetime_seconds: policy_", "1e21": "/issuers/0/max_token_lifetime_seconds: policy_"} {
		taken, log := p.taken(throughStruct(t, lifetime(number)))
		require.False(t, taken, number)
		require.Contains(t, log, says, number)
		comes("")
	}
	taken, log = p.taken(lifetime("3e2"))
	require.False(t, taken)
	require.Contains(t, log, "/issuers/0/max_token_lifetime_seconds: policy_", "what is written as a number with an exponent is one only on the way")

	before := p.listener
	p.listener = replaced(t, p.listener, "google.protobuf.StringValue\n                value: |\n", "google.protobuf.Struct\n                value:\n", 1)
	taken, log = p.taken(policy(""))
	require.False(t, taken)
	require.Contains(t, log, "the policy is refused: (document): policy_json_syntax: the configuration is a google.protobuf.Struct")
	comes("")
	p.listener = before
	taken, log = p.taken(policy(`"limits":{"scopes":59},`))
	require.True(t, taken, log)
	comes("")
}
