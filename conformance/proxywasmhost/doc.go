// Package proxywasmhost is an emulated proxy for proxy-wasm plugins, on wazero. It imitates
// what Envoy and its C++ host do where that matters to a plugin that decides about requests,
// and offers nothing beyond the imports that Envoy 1.36 has: a module that wants more does
// not load. It shares no code with the plugin's side.
//
// It comes in two generations: the older one answers poll_oneoff with ENOSYS, as Envoy
// before 1.39 does, the newer one with 0.
//
// Process is the proxy, with the data, the metrics and the clusters that all its workers
// share. Instance is a worker's instance of the module, Stream a request in it, Worker an
// instance that is replaced after a trap. World makes the policy of a conformance case one
// that such a plugin can be given.
//
// Of Envoy's behaviour it has, among other things:
//
//   - Pause from the header's callback stops everything, unless HoldHeaders is set;
//   - a body is shown as a whole, the pieces before included, while it is held, and
//     trailers end a request without a last call for the body;
//   - after Continue, and after continue_stream, the header is no longer shown;
//   - calls to clusters belong to the root context, and their answers come there, also
//     after the stream that asked has ended;
//   - continue_stream and a local response take effect when the callback has returned;
//   - set_effective_context holds until the callback returns;
//   - shared data are set without a comparison under 0, and where nothing was set yet.
//
// What Envoy itself refuses before any filter is not imitated.
package proxywasmhost

// Generation is the age of the host.
type Generation int

// The generations.
const (
	Older Generation = iota // poll_oneoff fails with ENOSYS
	Newer                   // poll_oneoff answers 0
)

// Field is a header field.
type Field struct{ Name, Value string }

// Answer is what a plugin answered instead of the upstream.
type Answer struct {
	Status  int
	Details string
	Body    []byte
	Fields  []Field
}

// Get returns the value of the answer's first field with that name, in lower case.
func (a *Answer) Get(name string) string {
	for _, f := range a.Fields {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// Request is a request as the filter chain shows it.
type Request struct {
	Fields   []Field  // pseudo header fields first
	Body     [][]byte // in the pieces that arrive; nil for a request that ends with its header
	Trailers []Field  // nil for none
	Late     int      // of the pieces, the last ones, that come when calls were answered
}

// Result is what became of a request.
type Result struct {
	Answer *Answer // of the plugin; nil: the request went on to the upstream
	// Hung tells that the plugin waits for something that never comes.
	Hung bool
	// Lost tells that a piece of the body never reached the upstream, as Envoy loses one
	// where the request goes on while pieces before it are held.
	Lost bool
	// Reached tells that the upstream saw at least the header of the request.
	Reached bool
	// Fields is the header that the upstream saw, as the plugin left it.
	Fields []Field
	// Properties are those that the plugin set for the stream.
	Properties map[string]string
}
