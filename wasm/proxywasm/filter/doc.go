// Package filter is the verifier as a filter in a proxy: what dist/ajwt-proxy.wasm does
// behind the exports of proxy-wasm. It is plain Go over abi.Host and is tested without a
// proxy.
//
// The configuration is the policy document. Whatever goes wrong rejects the request: a
// field that cannot be read, a document that has not arrived, a full replay memory, a
// fault of the filter itself.
package filter
