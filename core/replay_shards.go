//go:build !wasm

package ajwt

// maxReplayShards is far more locks than threads that could wait for one: holding one
// takes a thousandth of a decision.
const maxReplayShards = 64
