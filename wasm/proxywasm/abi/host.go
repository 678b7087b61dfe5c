package abi

// Host is what the proxy offers. Bytes that it returns are good until the next call of
// the same method: Pairs are not touched by Shared. An empty value has length 0.
type Host interface {
	// Log writes one line.
	Log(level Level, line string)
	// Now is the time in nanoseconds since 1970.
	Now() int64
	// Env is a variable of the environment, "" for none.
	Env(name string) string
	// Memory is the size of linear memory in bytes. It never shrinks.
	Memory() int
	// Collect runs the garbage collector.
	Collect()
	// Heap is the number of bytes of live data, and of garbage that was not collected yet.
	Heap() int

	// Buffer returns at most length bytes from start on.
	Buffer(kind BufferKind, start, length int) ([]byte, Status)
	// Pairs returns header fields, for ReadPairs.
	Pairs(kind MapKind) ([]byte, Status)
	// Remove removes all fields of a name.
	Remove(kind MapKind, name string) Status
	// Replace sets the one field of a name.
	Replace(kind MapKind, name, value string) Status
	// Respond answers the request of the current context. The headers are pairs.
	Respond(status int, details string, body, headers []byte) Status

	// SetTick asks for a call of Tick every so many milliseconds.
	SetTick(milliseconds int) Status
	// Call sends a request, whose headers are pairs, to a cluster. The answer comes
	// as CallResponse with the same token.
	Call(cluster string, headers, body []byte, timeoutMilliseconds int) (token uint32, status Status)
	// Enter makes a stream the current context, until the call of the module returns.
	Enter(stream uint32) Status
	// Resume lets the request of the current context go on that an Action stopped.
	Resume() Status

	// Shared returns a value that all instances share, and what SetShared needs to
	// replace exactly that one.
	Shared(key string) (value []byte, cas uint32, status Status)
	// SetShared stores a value if the present one is that of cas; 0 replaces any.
	SetShared(key string, value []byte, cas uint32) Status

	DefineMetric(kind MetricKind, name string) (id uint32, status Status)
	// AddMetric adds to a counter or gauge.
	AddMetric(id uint32, n int64)
	// SetMetric sets a gauge, or records a value of a histogram.
	SetMetric(id uint32, value uint64)

	// SetProperty stores a property of the stream; parts of the path are separated by
	// a zero byte.
	SetProperty(path string, value []byte) Status
	// Foreign calls a function of the proxy that the interface does not have.
	Foreign(name string, argument []byte) (result []byte, status Status)
}
