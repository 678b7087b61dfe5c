package manifests

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// kinds are the manifests and what is in them.
var kinds = map[string][]string{
	"istio-trafficextension.yaml": {"TrafficExtension"},
	"istio-wasmplugin.yaml":       {"WasmPlugin"},
	"istio-proxy.yaml":            {"ServiceEntry", "DestinationRule", "EnvoyFilter"},
	"envoy-gateway.yaml":          {"EnvoyExtensionPolicy", "ClientTrafficPolicy", "EnvoyPatchPolicy", "EnvoyProxy"},
}

// Every resource is one that its API server takes, with no field that it does not know.
func TestManifests(t *testing.T) {
	for file, want := range kinds {
		found := resources(t, file)
		require.Len(t, found, len(want), file)
		for _, kind := range want {
			require.Contains(t, found, kind, file)
			list, err := faults(found[kind])
			require.NoError(t, err, "%s: %s", file, kind)
			require.Empty(t, list, "%s: %s", file, kind)
		}
	}
}

// The test above can fail: each change of a manifest is refused, by the field that it names.
func TestFaultsAreFound(t *testing.T) {
	type row struct{ name, file, kind, old, new, want string }
	rows := []row{
		{"unknown field", "istio-trafficextension.yaml", "TrafficExtension", "    type: HTTP", "    typ: HTTP", "spec.wasm.typ: unknown field"},
		{"the body option", "istio-trafficextension.yaml", "TrafficExtension", "    type: HTTP", "    allowOnHeadersStopIteration: true", "spec.wasm.allowOnHeadersStopIteration: unknown field"},
		{"no url", "istio-trafficextension.yaml", "TrafficExtension", "    url: oci://registry.example/ajwt-proxy:1.0.0\n", "", "spec.wasm.url: Required"},
		{"wrong type", "istio-trafficextension.yaml", "TrafficExtension", "priority: 1000", `priority: "1000"`, "spec.priority: Invalid value"},
		{"wrong strategy", "istio-trafficextension.yaml", "TrafficExtension", "FAIL_RELOAD", "FAIL_CLOSED", "spec.wasm.failStrategy: Unsupported value"},
		{"short digest", "istio-trafficextension.yaml", "TrafficExtension", `0000000000000000"`, `"`, "spec.wasm.sha256: Invalid value"},
		{"rule: url", "istio-trafficextension.yaml", "TrafficExtension", "url: oci:", "url: ftp:", "url must have schema one of"},
		{"rule: environment", "istio-trafficextension.yaml", "TrafficExtension", "valueFrom: HOST}", "valueFrom: HOST, value: k}", "value may only be set when valueFrom is INLINE"},
		{"two filters", "istio-trafficextension.yaml", "TrafficExtension", "  wasm:\n", "  lua: {inlineCode: x}\n  wasm:\n", "must validate one and only one schema"},
		{"a name twice", "istio-wasmplugin.yaml", "WasmPlugin", "    - {name: AJWT_NONCE_KEYS, valueFrom: HOST}", "    - {name: A}\n    - {name: A}", "Duplicate value"},
		{"unknown field", "istio-wasmplugin.yaml", "WasmPlugin", "  type: HTTP", "  vmId: ajwt", "spec.vmId: unknown field"},
		{"unknown field", "istio-proxy.yaml", "DestinationRule", "      sni:", "      insecure: true\n      sni:", "spec.trafficPolicy.tls.insecure: unknown field"},
		{"unknown field", "istio-proxy.yaml", "ServiceEntry", "  location:", "  locations: []\n  location:", "spec.locations: unknown field"},
		{"wrong context", "istio-proxy.yaml", "EnvoyFilter", "context: GATEWAY", "context: GATEWAYS", "context: Unsupported value"},
		{"unknown field", "envoy-gateway.yaml", "EnvoyExtensionPolicy", "    failOpen: false", "    failurePolicy: FAIL_RELOAD", "spec.wasm[0].failurePolicy: unknown field"},
		{"the body option", "envoy-gateway.yaml", "EnvoyExtensionPolicy", "    failOpen: false", "    allowOnHeadersStopIteration: true", "spec.wasm[0].allowOnHeadersStopIteration: unknown field"},
		{"literal environment", "envoy-gateway.yaml", "EnvoyExtensionPolicy", "      hostKeys: [", "      values: [", "spec.wasm[0].env.values: unknown field"},
		{"wrong type", "envoy-gateway.yaml", "EnvoyExtensionPolicy", "failOpen: false", "failOpen: 0", "spec.wasm[0].failOpen: Invalid value"},
		{"rule: image", "envoy-gateway.yaml", "EnvoyExtensionPolicy", "type: Image", "type: HTTP", "If type is HTTP, http field needs to be set"},
		{"rule: target", "envoy-gateway.yaml", "EnvoyExtensionPolicy", "kind: Gateway,", "kind: Service,", "can only have a targetRefs[*].kind of"},
		{"no code", "envoy-gateway.yaml", "EnvoyExtensionPolicy", "    code:", "    codes:", "spec.wasm[0].code: Required"},
		{"wrong action", "envoy-gateway.yaml", "ClientTrafficPolicy", "KeepUnchanged", "KEEP_UNCHANGED", "spec.path.escapedSlashesAction: Unsupported value"},
		{"unknown field", "envoy-gateway.yaml", "ClientTrafficPolicy", "disableMergeSlashes: true", "normalizePath: false", "spec.path.normalizePath: unknown field"},
		{"no operation", "envoy-gateway.yaml", "EnvoyPatchPolicy", "      op: add\n      jsonPath", "      jsonPath", "spec.jsonPatches[0].operation.op: Required"},
		{"unknown field", "envoy-gateway.yaml", "EnvoyProxy", "          env:", "          environment:", "envoyDeployment.container.environment: unknown field"},
	}
	for _, r := range rows {
		t.Run(r.kind+" "+r.name, func(t *testing.T) {
			text := resources(t, r.file)[r.kind]
			changed := strings.Replace(text, r.old, r.new, 1)
			require.NotEqual(t, text, changed, "nothing was changed")
			list, err := faults(changed)
			require.NoError(t, err)
			require.Contains(t, strings.Join(list, "\n"), r.want)
		})
	}
	for name, text := range map[string]string{
		"no kind of anybody's": "{apiVersion: extensions.istio.io/v1alpha1, kind: WasmPlugins}",
		"a member twice":       "{apiVersion: extensions.istio.io/v1alpha1, kind: WasmPlugin, kind: WasmPlugin}",
	} {
		_, err := faults(text)
		require.Error(t, err, name)
	}
}

// A module whose content is another is refused.
func TestSumIsChecked(t *testing.T) {
	_, err := download(published[0].module, published[1].sum)
	require.ErrorContains(t, err, "has the sum")
	_, err = download("istio.io/api@v0.0.0-none", "")
	require.Error(t, err)
}

// What a schema admits and would let requests pass without a check.
func TestNothingFailsOpen(t *testing.T) {
	for file := range kinds {
		for kind, text := range resources(t, file) {
			var lines []string
			for _, line := range strings.Split(text, "\n") {
				code, _, _ := strings.Cut(line, "#")
				lines = append(lines, code)
			}
			all := strings.Join(lines, "\n")
			require.NotContains(t, all, "FAIL_OPEN", kind)
			require.NotContains(t, all, "failOpen: true", kind)
			// A gateway's traffic is none of mode SERVER.
			if kind == "WasmPlugin" || kind == "TrafficExtension" {
				require.NotContains(t, all, "match:\n  - ", kind)
				require.Contains(t, all, "failStrategy: FAIL_RELOAD", kind)
			}
		}
	}
}
