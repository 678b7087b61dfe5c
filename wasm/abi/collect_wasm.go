package abi

import "runtime"

// callsPerCollection is the number of requests between two garbage collections: a
// request leaves some hundred bytes behind, and a collection takes as long as a few
// decisions. Concurrent marking gets no time between the calls of a module, so the
// heap would grow far beyond what is live, and linear memory never shrinks.
const callsPerCollection = 8192

var calls uint32 // since the last collection; an instance runs one call at a time

func collect() {
	if calls++; calls >= callsPerCollection {
		calls = 0
		runtime.GC()
	}
}
