// Command proxywasm is the verifier as a filter for proxies that load proxy-wasm plugins,
// Envoy among them: dist/ajwt-proxy.wasm. hosts/envoy says how it is configured. All it
// does is in the packages abi and filter below it.
package main

import "github.com/agentic-jwt/ajwt/wasm/proxywasm/abi"

func main() {} // a reactor: the proxy calls _initialize, then the exports

func init() { abi.Run(newRoot) }
