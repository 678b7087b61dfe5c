package abi

import "runtime"

// bytesPerCollection is how much garbage may lie about before it is collected: that of
// 8,192 requests, which takes as long to collect as a few decisions. Concurrent marking
// gets no time between the calls of a module, so the heap would grow far beyond what is
// live, and linear memory never shrinks.
const bytesPerCollection = 8 << 20

var garbage int // bytes since the last collection; an instance runs one call at a time

// collect is told how many bytes a call leaves behind.
func collect(bytes int) {
	if garbage += bytes; garbage >= bytesPerCollection {
		garbage = 0
		runtime.GC()
	}
}
