// Package manifests has no code: its tests hold the manifests for Istio and Envoy Gateway,
// in the folder above, to the schemas that these projects publish.
package manifests
