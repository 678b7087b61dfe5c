package abi

import "runtime"

// callsPerCollection is the number of requests between two garbage collections.
// Concurrent marking gets no time between two calls of a module, so the heap would
// grow far beyond what is live, and linear memory never shrinks.
const callsPerCollection = 8192

func (m *Module) collect() {
	if m.calls++; m.calls >= callsPerCollection {
		m.calls = 0
		runtime.GC()
	}
}
