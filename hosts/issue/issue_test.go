package issue

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

func TestSigners(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	require.NoError(t, err)
	weak := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: p256.X, E: 3}}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	for alg, key := range map[string]crypto.Signer{"Ed25519": ed, "ES256": p256, "ES384": p384, "RS256": rsaKey, "PS256": rsaKey} {
		s, err := NewSigner(key, alg, "")
		require.NoError(t, err, alg)
		for range 20 { // ECDSA numbers with leading zeros are rare
			_, err = signCompact([]byte(`{}`), []byte(`{}`), s) // verifies
			require.NoError(t, err, alg)
		}
		public, err := ajwt.ParseKey(s.PublicJWK())
		require.NoError(t, err)
		sum := public.Thumbprint()
		require.Equal(t, b64(sum[:]), s.KeyID())
	}
	for _, row := range []struct {
		key       crypto.Signer
		alg, want string
	}{
		{nil, "ES256", "the key is nil"},
		{ed, "EdDSA", "named in full"},
		{ed, "ES256", "does not fit"},
		{p256, "ES384", "does not fit"},
		{p521, "ES256", "not one that verifiers admit"},
		{weak, "RS256", "not one that verifiers admit"},
		{ed, "none", "named in full"},
	} {
		_, err := NewSigner(row.key, row.alg, "")
		require.ErrorContains(t, err, row.want)
	}
}

// liar claims a public key that is not its own.
type liar struct{ Signer }

func (l liar) PublicJWK() []byte {
	return []byte(`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`)
}

// nameless has no kid.
type nameless struct{ Signer }

func (nameless) KeyID() string { return "" }

func TestSignBundle(t *testing.T) {
	s := newScene(t, 2, "")
	parts := strings.Split(s.compact, ".")
	require.Len(t, parts, 3)
	require.Equal(t, b64([]byte(s.payload)), parts[1], "byte for byte")

	refuse := func(payload string, key Signer) error {
		_, err := SignBundle([]byte(payload), "", now, key)
		return err
	}
	require.NoError(t, refuse(s.payload, s.bundle))
	faulty := strings.Replace(strings.Replace(s.payload, `"origins":["a0"]`, `"origins":["nobody"]`, 1), `"version":7`, `"version":-1`, 1)
	var load *ajwt.LoadError
	require.True(t, errors.As(refuse(faulty, s.bundle), &load))
	require.Len(t, load.Faults, 2)
	require.Equal(t, "/version", load.Faults[0].Pointer)
	require.Equal(t, "/workflows/0/origins/0", load.Faults[1].Pointer)
	_, err := SignBundle([]byte(s.payload), "https://other.example", now, s.bundle)
	require.True(t, errors.As(err, &load))
	require.Equal(t, ajwt.CodeBundleIssuerMismatch, load.Code())
	_, err = SignBundle([]byte(s.payload), issuer, now+3600, s.bundle)
	require.True(t, errors.As(err, &load))
	require.Equal(t, ajwt.CodeBundleExpired, load.Code())
	require.True(t, errors.As(refuse(`{`, s.bundle), &load))
	require.Equal(t, ajwt.CodeBundleJSONInvalid, load.Code())

	require.ErrorContains(t, refuse(s.payload, liar{s.issuer}), "does not verify under the signer's own public key")
	require.ErrorContains(t, refuse(s.payload, nameless{s.issuer}), "the key's id is missing")
	require.ErrorContains(t, refuse(s.payload, nil), "the signer is nil")
}

func TestSignRevocations(t *testing.T) {
	s := newScene(t, 3, "")
	list := func(more string) string {
		return fmt.Sprintf(`{"iss":%q,"iat":%d,"next_update":%d,"sequence":4,"registrations":[],"tokens":["link-0"],"keys":[],%s}`, issuer, now-5, now+60, more)
	}
	links := s.lawfulLinks()
	require.Equal(t, "", s.decide(target, s.intent(links)).Code.String())
	compact, err := SignRevocations([]byte(list(`"agents":[]`)), issuer, now, s.bundle)
	require.NoError(t, err)
	_, err = s.verifier.Load(ajwt.KindRevocations, issuer, []byte(compact), now)
	require.NoError(t, err)
	require.Equal(t, ajwt.CodeDelegationLinkRevoked, s.decide(target, s.intent(links)).Code)

	var load *ajwt.LoadError
	_, err = SignRevocations([]byte(list(`"agents":["a|b"]`)), "", now, s.bundle)
	require.True(t, errors.As(err, &load))
	require.Equal(t, "/agents/0", load.Faults[0].Pointer)
	_, err = SignRevocations([]byte(list(`"agents":[]`)), "", now+60, s.bundle)
	require.ErrorContains(t, err, "/next_update")
}

func TestAliases(t *testing.T) {
	s := newScene(t, 3, "")
	secret := bytes.Repeat([]byte{7}, SecretBytes)
	_, err := NewAliases(secret[1:])
	require.ErrorContains(t, err, "31 bytes")
	a, err := NewAliases(secret)
	require.NoError(t, err)
	again, err := NewAliases(secret)
	require.NoError(t, err)
	other, err := NewAliases(bytes.Repeat([]byte{8}, SecretBytes))
	require.NoError(t, err)
	// The value of the profile's construction, computed by another HMAC (Python's).
	require.Equal(t, goldenAlias, a.Workflow(audience, "vuln-patching"))
	require.Equal(t, goldenStepAlias, a.Step(audience, "vuln-patching", "patch"))
	require.True(t, ajwt.ValidStepID(a.Workflow(audience, "w")))
	names := map[string]bool{}
	for _, alias := range []string{a.Workflow(audience, "w"), a.Workflow(audience+"w", ""), a.Workflow("https://b.example", "w"), a.Workflow(audience, "v"),
		other.Workflow(audience, "w"), a.Step(audience, "w", "s"), a.Step(audience, "ws", ""), a.Step(audience, "v", "s")} {
		names[alias] = true
	}
	require.Len(t, names, 8)

	payload, err := a.AddTo([]byte(s.payload), audience, "vuln-patching")
	require.NoError(t, err)
	twice, err := again.AddTo(payload, audience, "vuln-patching")
	require.NoError(t, err)
	require.Equal(t, string(payload), string(twice), "the same secret, the same aliases")
	rotated, err := other.AddTo(payload, audience, "vuln-patching")
	require.NoError(t, err)
	var doc struct {
		Workflows []struct{ Aliases []AliasEntry }
	}
	require.NoError(t, json.Unmarshal(rotated, &doc))
	require.Len(t, doc.Workflows[0].Aliases, 2, "the earlier secret's aliases stay")
	require.Equal(t, a.Workflow(audience, "vuln-patching"), doc.Workflows[0].Aliases[0].WorkflowID)
	require.Equal(t, other.Workflow(audience, "vuln-patching"), doc.Workflows[0].Aliases[1].WorkflowID)

	compact, err := SignBundle(rotated, issuer, now, s.bundle)
	require.NoError(t, err)
	s.load(compact)
	in := Intent{Agent: "a2", Workflow: "vuln-patching", Step: "patch", Chain: []string{"a0", "a1"}, Steps: []string{"plan"}, Aliases: a, Audience: audience}
	for _, in.Aliases = range []*Aliases{a, other} {
		claim, err := in.Claim(ajwt.HashLong)
		require.NoError(t, err)
		require.Equal(t, in.Aliases.Workflow(audience, "vuln-patching"), claim["workflow_id"])
		d := s.decide("/open", claim)
		require.Equal(t, "", d.Code.String())
		require.Equal(t, "vuln-patching patch", d.Workflow+" "+d.Step)
	}
	in.Aliases, in.Audience = a, "https://b.example"
	claim, err := in.Claim(ajwt.HashLong)
	require.NoError(t, err)
	require.Equal(t, ajwt.CodeDelegationWorkflowUnknown, s.decide("/open", claim).Code, "another audience's alias")

	for _, row := range []struct{ payload, audience, workflow, want string }{
		{s.payload, audience, "none", "no workflow"},
		{s.payload, "", "vuln-patching", "audience"},
		{"{", audience, "vuln-patching", "not strict JSON"},
		{`{"workflows":[{"workflow_id":"w","steps":[{"step_id":"a|b"}]}]}`, audience, "w", "is no id"},
		{`{"workflows":[{"workflow_id":"w","steps":[],"aliases":1}]}`, audience, "w", "no array"},
	} {
		_, err := a.AddTo([]byte(row.payload), row.audience, row.workflow)
		require.ErrorContains(t, err, row.want)
	}
}

func TestIntentRefusals(t *testing.T) {
	s := newScene(t, 3, "")
	a, err := NewAliases(bytes.Repeat([]byte{7}, SecretBytes))
	require.NoError(t, err)
	links := s.lawfulLinks()
	good := Intent{Agent: "a2", Workflow: "vuln-patching", Step: "patch", Steps: []string{"plan"}, Links: links}
	_, err = good.Claim(ajwt.HashShort)
	require.NoError(t, err)
	for _, row := range []struct {
		name, want string
		change     func(*Intent)
	}{
		{"aliases with links", ErrAliasWithLinks.Error(), func(in *Intent) { in.Aliases, in.Audience = a, audience }},
		{"aliases for nobody", "audience", func(in *Intent) { in.Links, in.Aliases = nil, a }},
		{"workflow", "workflow_id, workflow_step", func(in *Intent) { in.Workflow = "a/b" }},
		{"no step", "workflow_id, workflow_step", func(in *Intent) { in.Step = "" }},
		{"no links", "there are no links", func(in *Intent) { in.Links = []string{} }},
		{"links of another agent", "the last link is for", func(in *Intent) { in.Links = links[:1] }},
		{"links of another workflow", "the links are of workflow", func(in *Intent) { in.Workflow = "w" }},
		{"another chain", "the links are of the chain", func(in *Intent) { in.Chain = []string{"a1"} }},
		{"bad links", "link 0, prev", func(in *Intent) { in.Links = links[1:] }},
		{"chain", "delegation_chain: want", func(in *Intent) { in.Links, in.Chain = nil, []string{"a", "a"} }},
		{"steps", "step_sequence_hash: want", func(in *Intent) { in.Steps = []string{"patch"} }},
	} {
		t.Run(row.name, func(t *testing.T) {
			in := good
			row.change(&in)
			claim, err := in.Claim(ajwt.HashLong)
			require.ErrorContains(t, err, row.want)
			require.Nil(t, claim)
		})
	}
}

const (
	goldenAlias     = "_MVd9secQvBPJDneWEW1vY94eBDwVy1utL-BNSQ-gjw"
	goldenStepAlias = "wMM9ihR-51PokA0CZL9r4pGJeQobJ9W0fMPrNBmlM6s"
)
