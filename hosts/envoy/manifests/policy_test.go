package manifests

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
	"sigs.k8s.io/yaml"

	"github.com/agentic-jwt/ajwt/conformance/proxywasmhost"
	ajwt "github.com/agentic-jwt/ajwt/core"
)

// artefact is what is shipped: make dist/ajwt-proxy.wasm builds it.
const artefact = "../../../dist/ajwt-proxy.wasm"

// policies are where the manifests hold the policy, and which cluster leads to the server
// of the keys.
var policies = []struct {
	file, kind, cluster string
	find                func(spec map[string]any) any
}{
	{"istio-trafficextension.yaml", "TrafficExtension", "outbound|443||as.example",
		func(spec map[string]any) any { return spec["wasm"].(map[string]any)["pluginConfig"] }},
	{"istio-wasmplugin.yaml", "WasmPlugin", "outbound|443||as.example",
		func(spec map[string]any) any { return spec["pluginConfig"] }},
	{"envoy-gateway.yaml", "EnvoyExtensionPolicy", "as",
		func(spec map[string]any) any { return spec["wasm"].([]any)[0].(map[string]any)["config"] }},
}

// serialised are the forms in which a policy of a manifest comes to the filter. All products
// write it anew: members in another order, other spaces, numbers as those of a Struct.
func serialised(t *testing.T, policy any) map[string][]byte {
	t.Helper()
	text, err := json.Marshal(policy)
	require.NoError(t, err)
	var message structpb.Struct
	require.NoError(t, protojson.Unmarshal(text, &message))
	compact, err := protojson.Marshal(&message)
	require.NoError(t, err)
	return map[string][]byte{
		"JSON": text, "Struct": compact,
		"Struct, many lines": []byte(protojson.MarshalOptions{Multiline: true}.Format(&message)),
	}
}

// lines are what the filter has logged since the last call.
func lines(process *proxywasmhost.Process) string { return strings.Join(process.Lines(), "\n") }

// The policy of each manifest is accepted by core, and by the filter that is shipped, in
// every form that it may come in; the digest is that of the form.
func TestPolicies(t *testing.T) {
	ctx := context.Background()
	wasm, err := os.ReadFile(artefact)
	require.NoError(t, err, "make dist/ajwt-proxy.wasm builds it")
	process, err := proxywasmhost.Start(ctx, wasm, proxywasmhost.Older, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, process.Close(ctx)) })
	process.Now = 1_800_000_000e9
	digests := map[string]map[[32]byte]bool{}
	var one map[string]any
	for _, p := range policies {
		var resource struct{ Spec map[string]any }
		require.NoError(t, yaml.Unmarshal([]byte(resources(t, p.file)[p.kind]), &resource))
		found, ok := p.find(resource.Spec).(map[string]any)
		require.True(t, ok, p.kind)
		for form, text := range serialised(t, found) {
			name := p.kind + ": " + form
			policy, err := ajwt.ParsePolicy(text)
			require.NoError(t, err, name)
			if digests[form] == nil {
				digests[form] = map[[32]byte]bool{}
			}
			digests[form][policy.Digest()] = true

			process.Env = nil
			_, err = process.Instance(ctx, text)
			require.ErrorContains(t, err, "refused", name)
			require.Contains(t, lines(process), "AJWT_NONCE_KEYS", name)
			process.Env = []string{"AJWT_NONCE_KEYS=" + strings.Repeat("A", 43)}
			instance, err := process.Instance(ctx, text)
			require.NoError(t, err, "%s: %s", name, lines(process))
			require.NoError(t, instance.Close(ctx))
		}
		// What reads bodies is refused: these products do not hold headers back.
		changed := maps.Clone(found)
		changed["proof"] = map[string]any{"methods": []string{"dpop", "httpsig"}}
		text, err := json.Marshal(changed)
		require.NoError(t, err)
		_, err = ajwt.ParsePolicy(text)
		require.NoError(t, err, "core alone takes it")
		_, err = process.Instance(ctx, text)
		require.ErrorContains(t, err, "refused", p.kind)
		require.Contains(t, lines(process), "it needs bodies", p.kind)
		// The policies differ in the cluster alone.
		host := found["hosts"].(map[string]any)["proxywasm"].(map[string]any)["fetch"].([]any)[0].(map[string]any)
		require.Equal(t, p.cluster, host["cluster"], p.kind)
		delete(host, "cluster")
		if one == nil {
			one = found
		}
		require.Equal(t, one, found, p.kind)
	}
	for form, all := range digests { // the cluster is not in the digest
		require.Len(t, all, 1, form)
	}
	require.NotEqual(t, digests["JSON"], digests["Struct, many lines"])
}

// The clusters of the policies are those that the manifests make.
func TestClusters(t *testing.T) {
	entry := resources(t, "istio-proxy.yaml")["ServiceEntry"]
	require.Contains(t, entry, "hosts: [as.example]")
	require.Contains(t, entry, "number: 443")
	require.Contains(t, resources(t, "envoy-gateway.yaml")["EnvoyPatchPolicy"], "cluster_name: as\n")
}
