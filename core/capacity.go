//go:build !wasm

package ajwt

// The sizes of memory where the policy or the caller says nothing.
const (
	defaultReplay                = 262144
	defaultSignatureCacheEntries = 16384
)
