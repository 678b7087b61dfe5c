// Package envoytest tests dist/ajwt-proxy.wasm in real Envoy, with the example of
// hosts/envoy as its configuration. The tests have the build tag envoy and want the
// variable AJWT_ENVOY to name the program. make test-envoy fetches two versions with
// hosts/envoy/fetch.sh, builds what is needed and runs everything; for one version alone:
//
//	AJWT_ENVOY=$(sh hosts/envoy/fetch.sh 1.36.4 build/envoy) go test -tags envoy ./hosts/envoy/envoytest
package envoytest
