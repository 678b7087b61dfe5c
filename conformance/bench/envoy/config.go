package main

import (
	"encoding/json"
	"strconv"
)

// object is JSON, which Envoy reads as YAML.
type object = map[string]any

const filterTypes = "type.googleapis.com/envoy.extensions.filters."

func address(port int) object {
	return object{"socket_address": object{"address": "127.0.0.1", "port_value": port}}
}

// listener has the options of hosts/envoy/envoy.yaml, without its access log, and answers
// by itself: an upstream would spend the same for every subject. A nil filter is none.
func listener(port int, filter object) object {
	filters := []any{object{"name": "router", "typed_config": object{"@type": filterTypes + "http.router.v3.Router"}}}
	if filter != nil {
		filters = append([]any{filter}, filters...)
	}
	manager := object{"@type": filterTypes + "network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": strconv.Itoa(port),
		"use_remote_address": true, "scheme_header_transformation": object{"scheme_to_overwrite": "https"},
		"normalize_path": false, "merge_slashes": false, "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
		"common_http_protocol_options": object{"max_headers_count": 300}, "max_request_headers_kb": 128,
		"http_filters": filters,
		"route_config": object{"virtual_hosts": []any{object{"name": "api", "domains": []string{"*"}, "routes": []any{
			object{"match": object{"prefix": "/"}, "direct_response": object{"status": 200, "body": object{"inline_string": "ok\n"}}}}}}}}
	return object{"name": strconv.Itoa(port), "address": address(port), "per_connection_buffer_limit_bytes": 2 << 20,
		"filter_chains": []any{object{"filters": []any{object{"name": "manager", "typed_config": manager}}}}}
}

// wasm is the filter as hosts/envoy/envoy.yaml has it. Another id is another instance of
// the module, with memory and caches of its own. Without offload the module verifies every
// signature by itself.
func wasm(module, id, policy string, offload bool) object {
	switched := "on"
	if !offload {
		switched = "off"
	}
	return object{"name": "ajwt", "typed_config": object{"@type": filterTypes + "http.wasm.v3.Wasm", "config": object{
		"name": "ajwt", "failure_policy": "FAIL_RELOAD", "allow_on_headers_stop_iteration": true,
		"vm_config": object{"vm_id": id, "runtime": "envoy.wasm.runtime.v8", "code": object{"local": object{"filename": module}},
			"environment_variables": object{"key_values": object{"AJWT_OFFLOAD": switched}}},
		"configuration": object{"@type": "type.googleapis.com/google.protobuf.StringValue", "value": policy}}}}
}

// jwtAuthn verifies the tokens of all groups; cached says that it may remember them.
func jwtAuthn(groups []*group, cached bool) object {
	providers := object{}
	var any []object
	for _, g := range groups {
		provider := object{"issuer": g.issuer, "audiences": []string{audience}, "local_jwks": object{"inline_string": g.keySet()}, "forward": true}
		if cached {
			provider["jwt_cache_config"] = object{"jwt_cache_size": 1000}
		}
		providers[g.alg] = provider
		any = append(any, object{"provider_name": g.alg})
	}
	return object{"name": "jwt_authn", "typed_config": object{"@type": filterTypes + "http.jwt_authn.v3.JwtAuthentication", "providers": providers,
		"rules": []object{{"match": object{"prefix": "/"}, "requires": object{"requires_any": object{"requirements": any}}}}}}
}

// extAuthz asks a server over gRPC.
func extAuthz(clusterName string) object {
	return object{"name": "ext_authz", "typed_config": object{"@type": filterTypes + "http.ext_authz.v3.ExtAuthz", "transport_api_version": "V3",
		"grpc_service": object{"envoy_grpc": object{"cluster_name": clusterName}, "timeout": "30s"}}}
}

func plainCluster(name string, port int) object {
	return object{"name": name, "connect_timeout": "5s",
		"load_assignment": object{"cluster_name": name, "endpoints": []any{object{"lb_endpoints": []any{object{"endpoint": object{"address": address(port)}}}}}}}
}

// grpcCluster speaks HTTP/2.
func grpcCluster(name string, port int) object {
	const options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
	c := plainCluster(name, port)
	c["typed_extension_protocol_options"] = object{options: object{
		"@type": "type.googleapis.com/" + options, "explicit_http_config": object{"http2_protocol_options": object{}}}}
	return c
}

// bootstrap is a whole configuration.
func bootstrap(admin int, listeners, clusters []object) []byte {
	text, err := json.Marshal(object{"admin": object{"address": address(admin)},
		"static_resources": object{"listeners": listeners, "clusters": clusters}})
	must(err)
	return text
}
