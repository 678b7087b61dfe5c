package ajwt

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const goodIssuer = `{"issuer":"https://as.example","profile":"draft-00","audiences":["a"],"algorithms":["ES256"],"jwks_uri":"https://as.example/jwks"}`
const goodRoute = `{"id":"r","match":{"path":"/a/{owner}/{repo}"},"require":{"level":"jwt","proof":"optional"}}`

func policyWith(issuers, routes, more string) string {
	return `{"issuers":[` + issuers + `],"routes":[` + routes + `]` + more + `}`
}

func TestPolicyFaults(t *testing.T) {
	issuer := func(from, to string) string {
		return policyWith(strings.Replace(goodIssuer, from, to, 1), goodRoute, "")
	}
	route := func(from, to string) string {
		return policyWith(goodIssuer, strings.Replace(goodRoute, from, to, 1), "")
	}
	more := func(m string) string { return policyWith(goodIssuer, goodRoute, ","+m) }
	for name, row := range map[string]struct {
		policy string
		faults []string // pointer code
	}{
		"empty":               {``, []string{" policy_json_syntax"}},
		"no object":           {`[]`, []string{" policy_member_type"}},
		"nothing in it":       {`{}`, []string{"/issuers policy_member_missing", "/routes policy_member_missing"}},
		"duplicate member":    {`{"issuers":[],"issuers":[]}`, []string{" policy_json_duplicate_member"}},
		"not UTF-8":           {"{\"a\":\"\xff\"}", []string{" policy_json_encoding"}},
		"too deep":            {strings.Repeat("[", 40) + strings.Repeat("]", 40), []string{" policy_json_too_deep"}},
		"too large":           {strings.Repeat(" ", maxPolicyBytes) + "{}", []string{" policy_too_large"}},
		"unknown member":      {more(`"Limits":{}`), []string{"/Limits policy_member_unknown"}},
		"pointer escapes":     {more(`"a/b~c":{}`), []string{"/a~1b~0c policy_member_unknown"}},
		"empty lists":         {`{"issuers":[],"routes":[]}`, []string{"/issuers policy_member_value", "/routes policy_member_value"}},
		"no keys":             {issuer(`,"jwks_uri":"https://as.example/jwks"`, ``), []string{"/issuers/0/jwks policy_member_missing"}},
		"keys twice":          {issuer(`"jwks_uri"`, `"jwks":{"keys":[]},"jwks_uri"`), []string{"/issuers/0/jwks_uri policy_member_conflict"}},
		"bad inline keys":     {issuer(`"jwks_uri":"https://as.example/jwks"`, `"jwks":{"keys":[{"kty":"oct","k":"AA"}]}`), []string{"/issuers/0/jwks/keys/0/kty keys_private_member", "/issuers/0/jwks/keys/0/kid keys_kid_missing"}},
		"plain http":          {issuer(`https://as.example/jwks`, `http://as.example/jwks`), []string{"/issuers/0/jwks_uri policy_member_value"}},
		"user information":    {issuer(`https://as.example/jwks`, `https://u:p@as.example/jwks`), []string{"/issuers/0/jwks_uri policy_member_value"}},
		"plain above jwt":     {policyWith(strings.Replace(goodIssuer, "draft-00", "plain", 1), strings.Replace(goodRoute, `"jwt"`, `"agent"`, 1), ""), []string{"/routes/0/require/level policy_member_conflict"}},
		"plain single use":    {policyWith(strings.Replace(goodIssuer, "draft-00", "plain", 1), strings.Replace(goodRoute, `"level"`, `"single_use":true,"level"`, 1), ""), []string{"/routes/0/require/single_use policy_member_conflict"}},
		"patchet at ajwt":     {policyWith(strings.Replace(goodIssuer, "draft-00", "patchet", 1), strings.Replace(goodRoute, `"jwt"`, `"ajwt"`, 1), ""), []string{"/routes/0/require/level policy_member_conflict"}},
		"profile unknown":     {issuer(`draft-00`, `draft-01`), []string{"/issuers/0/profile policy_member_value"}},
		"algorithm alias":     {issuer(`ES256`, `EdDSA`), []string{"/issuers/0/algorithms/0 policy_member_value"}},
		"algorithm none":      {issuer(`ES256`, `none`), []string{"/issuers/0/algorithms/0 policy_member_value"}},
		"algorithm twice":     {issuer(`"ES256"`, `"ES256","ES256"`), []string{"/issuers/0/algorithms/1 policy_id_duplicate"}},
		"skew too large":      {issuer(`"issuer":`, `"clock_skew_seconds":61,"issuer":`), []string{"/issuers/0/clock_skew_seconds policy_member_value"}},
		"skew as text":        {issuer(`"issuer":`, `"clock_skew_seconds":"30","issuer":`), []string{"/issuers/0/clock_skew_seconds policy_member_type"}},
		"type of a proof":     {issuer(`"issuer":`, `"types":["application/DPoP+jwt"],"issuer":`), []string{"/issuers/0/types/0 policy_member_value"}},
		"bundle":              {issuer(`"issuer":`, `"bundle":{"keys":[]},"issuer":`), []string{"/issuers/0/bundle/keys policy_member_value"}},
		"issuer twice":        {policyWith(goodIssuer+","+goodIssuer, goodRoute, ""), []string{"/issuers/1/issuer policy_id_duplicate"}},
		"route twice":         {policyWith(goodIssuer, goodRoute+","+goodRoute, ""), []string{"/routes/1/id policy_id_duplicate"}},
		"path relative":       {route(`/a/{owner}/{repo}`, `a`), []string{"/routes/0/match/path policy_member_value"}},
		"path ambiguous":      {route(`/a/{owner}/{repo}`, `/a/../b`), []string{"/routes/0/match/path policy_member_value"}},
		"path with a query":   {route(`/a/{owner}/{repo}`, `/a?b`), []string{"/routes/0/match/path policy_member_value"}},
		"rest in the middle":  {route(`/a/{owner}/{repo}`, `/**/a`), []string{"/routes/0/match/path policy_member_value"}},
		"half a placeholder":  {route(`/a/{owner}/{repo}`, `/a/x{y}`), []string{"/routes/0/match/path policy_member_value"}},
		"placeholder twice":   {route(`/a/{owner}/{repo}`, `/{a}/{a}`), []string{"/routes/0/match/path policy_member_value"}},
		"unknown issuer":      {route(`"level"`, `"issuers":["https://other.example"],"level"`), []string{"/routes/0/require/issuers/0 policy_member_value"}},
		"tool below ajwt":     {route(`"level"`, `"tool":"x","level"`), []string{"/routes/0/require/tool policy_member_conflict"}},
		"tool of a number":    {route(`"level":"jwt"`, `"tool":1`), []string{"/routes/0/require/tool policy_member_type"}},
		"tool without mcp":    {route(`"level":"jwt"`, `"tool":{"methods":["tools/call"]}`), []string{"/routes/0/require/tool/mcp policy_member_missing"}},
		"tool mcp false":      {route(`"level":"jwt"`, `"tool":{"mcp":false}`), []string{"/routes/0/require/tool/mcp policy_member_value"}},
		"tool methods empty":  {route(`"level":"jwt"`, `"tool":{"mcp":true,"methods":[]}`), []string{"/routes/0/require/tool/methods policy_member_value"}},
		"tool method blank":   {route(`"level":"jwt"`, `"tool":{"mcp":true,"methods":["tools/ call"]}`), []string{"/routes/0/require/tool/methods/0 policy_member_value"}},
		"links":               {route(`"level"`, `"links":"required","level"`), []string{"/routes/0/require/links policy_member_conflict"}},
		"step without slash":  {route(`"level"`, `"steps":["plan"],"level"`), []string{"/routes/0/require/steps/0 policy_member_value"}},
		"agent with a bar":    {route(`"level"`, `"agents":["a|b"],"level"`), []string{"/routes/0/require/agents/0 policy_member_value"}},
		"level unknown":       {route(`"jwt"`, `"JWT"`), []string{"/routes/0/require/level policy_member_value"}},
		"bind unknown":        {route(`"require"`, `"bind":{"repository":"{name}"},"require"`), []string{"/routes/0/bind/repository policy_member_value"}},
		"bind ambiguous":      {route(`"require"`, `"bind":{"repository":"{owner}-{repo}"},"require"`), []string{"/routes/0/bind/repository policy_member_value"}},
		"bind joined":         {route(`"require"`, `"bind":{"repository":"{owner}{repo}"},"require"`), []string{"/routes/0/bind/repository policy_member_value"}},
		"observe open ended":  {route(`"require"`, `"observe":{"stages":["proof"]},"require"`), []string{"/routes/0/observe/until policy_member_missing"}},
		"observe claims":      {route(`"require"`, `"observe":{"until":1,"stages":["claim"]},"require"`), []string{"/routes/0/observe/stages/0 policy_member_value"}},
		"httpsig without alg": {more(`"proof":{"methods":["dpop","httpsig"],"algorithms":["RS256"]}`), []string{"/proof/methods policy_member_conflict"}},
		"patchet alone":       {more(`"proof":{"methods":["patchet"]}`), []string{"/proof/methods policy_member_conflict"}},
		"method twice":        {more(`"proof":{"methods":["httpsig","dpop","httpsig"]}`), []string{"/proof/methods/2 policy_id_duplicate"}},
		"no method":           {more(`"proof":{"methods":[]}`), []string{"/proof/methods policy_member_value"}},
		"crypto fast":         {more(`"crypto":"fast"`), []string{"/crypto policy_feature_unsupported"}},
		"quota too large":     {more(`"replay":{"capacity":10,"per_key":11}`), []string{"/replay/per_key policy_member_conflict"}},
		"hosts closed":        {more(`"hosts":{"proxywasm":{"fetch":[{"origin":"x"}],"x":1},"other":{}}`), []string{"/hosts/proxywasm/fetch/0/cluster policy_member_missing", "/hosts/proxywasm/x policy_member_unknown", "/hosts/other policy_member_unknown"}},
		"limit zero":          {more(`"limits":{"token_bytes":0}`), []string{"/limits/token_bytes policy_member_value"}},
		"too many routes":     {more(`"limits":{"routes":1}`)[:0] + policyWith(goodIssuer, goodRoute+","+strings.Replace(goodRoute, `"r"`, `"s"`, 1), `,"limits":{"routes":1}`), []string{"/routes policy_limit_exceeded"}},
		"hardened optional":   {policyWith(strings.Replace(goodIssuer, "draft-00", "hardened", 1), goodRoute, ""), []string{"/routes/0/require/proof policy_member_conflict"}},
		"hardened outage":     {policyWith(strings.Replace(goodIssuer, "draft-00", "hardened", 1), strings.Replace(goodRoute, "optional", "required", 1), `,"replay":{"on_outage":"allow"}`), []string{"/replay/on_outage policy_member_conflict"}},
		"level unwritten":     {policyWith(goodIssuer+","+strings.NewReplacer("draft-00", "hardened", "as.example", "b.example").Replace(goodIssuer), `{"id":"r","match":{"path":"/a"}}`, ""), []string{"/routes/0/require/level policy_member_missing"}},
		"agents of whom":      {policyWith(goodIssuer+","+strings.ReplaceAll(goodIssuer, "as.example", "b.example"), strings.Replace(goodRoute, `"level"`, `"agents":["x"],"level"`, 1), ""), []string{"/routes/0/require/agents policy_member_conflict"}},
		"all at once":         {`{"issuers":[{"issuer":7}],"routes":[{"id":"r"}],"x":1}`, []string{"/issuers/0/issuer policy_member_type", "/issuers/0/audiences policy_member_missing", "/issuers/0/algorithms policy_member_missing", "/issuers/0/jwks policy_member_missing", "/routes/0/match policy_member_missing", "/x policy_member_unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := ParsePolicy([]byte(row.policy))
			require.Nil(t, p)
			var got []string
			for _, f := range err.(*LoadError).Faults {
				got = append(got, f.Pointer+" "+f.Code.String())
				require.NotEmpty(t, f.Detail)
			}
			require.Equal(t, row.faults, got)
		})
	}
}

func TestPolicyDefaults(t *testing.T) {
	p, err := ParsePolicy([]byte(policyWith(goodIssuer, goodRoute, "")))
	require.NoError(t, err)
	require.Equal(t, []string{"https://as.example"}, p.Issuers())
	require.Equal(t, 16384, p.Limits().TokenBytes)
	require.Equal(t, int64(30), p.issuers[0].skew)
	require.Equal(t, 262144/4/16, p.replay.perKey, "of one of four shards")
	require.False(t, p.issuers[0].coldStart)
	require.Equal(t, "Ed25519 ES256", p.proof.algs)
}

func TestDigestLeavesOutHosts(t *testing.T) {
	digest := func(hosts string) [32]byte {
		p, err := ParsePolicy([]byte(`{"hosts":` + hosts + `,` + policyWith(goodIssuer, goodRoute, "")[1:]))
		require.NoError(t, err)
		return p.Digest()
	}
	require.Equal(t, digest(`{}`), digest(`{"proxywasm":{"body":true}}`))
	plain, err := ParsePolicy([]byte(policyWith(goodIssuer, goodRoute, "")))
	require.NoError(t, err)
	require.NotEqual(t, plain.Digest(), digest(`{}`))
}

func TestColdStartNeedsStart(t *testing.T) {
	p, err := ParsePolicy([]byte(testPolicy("hardened", hardenedRoute, "")))
	require.NoError(t, err)
	_, err = NewVerifier(p, Options{})
	require.ErrorContains(t, err, "Options.Start")
	p, err = ParsePolicy([]byte(testPolicy("hardened", hardenedRoute, `"proof":{"nonce":{}},`)))
	require.NoError(t, err)
	_, err = NewVerifier(p, Options{Start: 1})
	require.ErrorContains(t, err, "Options.NonceKeys")
	_, err = NewVerifier(p, Options{Start: 1, NonceKeys: [][]byte{make([]byte, 31)}})
	require.ErrorContains(t, err, "32 bytes")
}

func TestFirstRouteWins(t *testing.T) {
	route := func(id, match string) string {
		return `{"id":"` + id + `","match":{` + match + `},"require":{"level":"jwt","proof":"optional"}}`
	}
	p, err := ParsePolicy([]byte(policyWith(goodIssuer, strings.Join([]string{
		route("post", `"path":"/a/{x}","methods":["POST"]`),
		route("host", `"path":"/a/b","host":"API.example:8443"`),
		route("literal", `"path":"/a/b"`),
		route("placeholder", `"path":"/a/{x}"`),
		route("late literal", `"path":"/a/c"`),
		route("slash", `"path":"/a/b/"`),
		route("rest", `"path":"/a/**"`),
		route("root", `"path":"/"`),
	}, ","), "")))
	require.NoError(t, err)
	find := func(method, authority, target string) string {
		var s scratch
		require.Equal(t, targetOK, s.path.parse([]byte(target)))
		a, ok := appendAuthority(nil, []byte(authority), "https")
		require.True(t, ok)
		i := p.findRoute(&routeQuery{path: &s.path, method: method, scheme: "https", authority: a})
		if i < 0 {
			return ""
		}
		return p.routes[i].id
	}
	for _, row := range [][4]string{
		{"POST", "api.example", "/a/b", "post"},
		{"GET", "api.EXAMPLE:8443", "/a/b", "host"},
		{"GET", "api.example", "/a/b", "literal"},
		{"GET", "api.example", "/%61/b", "literal"},
		{"GET", "api.example", "/a/c", "placeholder"},
		{"GET", "api.example", "/a/b/", "slash"},
		{"GET", "api.example", "/a/", ""},
		{"GET", "api.example", "/a", ""},
		{"GET", "api.example", "/a/c/d", "rest"},
		{"GET", "api.example", "/a/" + strings.Repeat("x/", 400), "rest"},
		{"GET", "api.example", "/", "root"},
		{"GET", "api.example", "/b", ""},
		{"get", "api.example", "/A/b", ""},
	} {
		require.Equal(t, row[3], find(row[0], row[1], row[2]), row[2])
	}
}

// FuzzParsePolicy: a policy or faults, never both; a policy that loads decides without
// a fault of its own; the same bytes give the same answer.
func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte(policyWith(goodIssuer, goodRoute, "")))
	f.Add([]byte(testPolicy("hardened", hardenedRoute, `"proof":{"nonce":{"slot_seconds":5}},`)))
	f.Add([]byte(`{"issuers":[{}],"routes":[{"match":{"path":"/{a}/**"}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParsePolicy(data)
		require.Equal(t, p == nil, err != nil)
		if err != nil {
			for _, fault := range err.(*LoadError).Faults {
				require.True(t, fault.Code.Known())
				require.True(t, fault.Pointer == "" || fault.Pointer[0] == '/')
			}
			return
		}
		again, err := ParsePolicy(data)
		require.NoError(t, err)
		require.Equal(t, p.Digest(), again.Digest())
		v, err := NewVerifier(p, Options{Start: 1, Replay: NewReplayMemory(10, 10, 1), NonceKeys: [][]byte{make([]byte, 32)}})
		require.NoError(t, err)
		require.NotEqual(t, CodeInternalPanic, decide(v, bearer(testToken(""))).Code)
	})
}

func TestSchemaShipsBesideTheReader(t *testing.T) {
	schema, err := os.ReadFile("../spec/policy.schema.json")
	require.NoError(t, err)
	for _, l := range limitRanges {
		require.Contains(t, string(schema), `"`+l.name+`"`)
	}
}
