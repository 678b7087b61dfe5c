// Package proxywasmhost is an emulated proxy for proxy-wasm plugins, on wazero. It imitates
// what was seen of Envoy where that matters to a plugin that decides about requests, and
// offers nothing beyond the imports that Envoy 1.36 has: a module that wants more does not
// load. It shares no code with the plugin's side.
//
// It comes in two generations: the older one answers poll_oneoff with ENOSYS, as Envoy
// before 1.39 does, the newer one with 0.
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
}

// Result is what became of a request.
type Result struct {
	Answer *Answer // of the plugin; nil: the request went on to the upstream
	// Hung tells that the plugin waits for something that never comes.
	Hung bool
	// Reached tells that the upstream saw at least the header of the request.
	Reached bool
	// Properties are those that the plugin set for the stream.
	Properties map[string]string
}
