package abitest

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// PolicyWithBundle is PolicyWithoutKeys with a workflow bundle, which hosts load too, from
// https://as.example/bundle.
func PolicyWithBundle() []byte {
	return policy(`"bundle":{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"bundle","x":"` + b64(public(seeded("ajwt example bundle key"))) +
		`"}],"uri":"https://as.example/bundle"},"jwks_uri":"https://as.example/jwks.json"`)
}

// Bundle is a signed bundle of one workflow and so many agents that its compact form comes
// close to size bytes and is no longer. Each agent has a registration and a key of its own;
// the first one is that of Request. The bundle is good for a day from now on.
func Bundle(size, version int, now int64) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `{"iss":%q,"iat":%d,"exp":%d,"version":%d,"agents":[`, Issuer, now, now+86400, version)
	agent := func(name, key string) {
		fmt.Fprintf(&b, `{"agent_id":%q,"status":"active","registrations":[{"registration_id":"reg-%s","checksum":"sha256:%x"}],`+
			`"keys":[{"kty":"OKP","crv":"Ed25519","x":%q}]}`, name, name, sha256.Sum256([]byte(name)), key)
	}
	agent(Agent, b64(public(agentKey())))
	for n := 0; b.Len() < size*3/4-1024; n++ {
		b.WriteString(",")
		name := fmt.Sprintf("agent-%d", n)
		agent(name, b64(public(seeded(name))))
	}
	fmt.Fprintf(&b, `],"workflows":[{"workflow_id":"w","version":1,"origins":[%q],"delegation":[],"max_depth":2,`+
		`"steps":[{"step_id":"s","agent_id":%q,"after":[],"required":true,"approval_gate":false,"requires_approval":false,"scopes":[],"tools":[],"context":[]}]}]}`, Agent, Agent)
	return []byte(sign(seeded("ajwt example bundle key"), `{"alg":"Ed25519","typ":"ajwt-bundle+jwt","kid":"bundle"}`, b.String()))
}
