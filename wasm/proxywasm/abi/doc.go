// Package abi is a thin layer over proxy-wasm 0.2.0, the interface between a proxy and
// its WebAssembly plugins (proxy-wasm/spec, abi-versions/v0.2.0). It uses only the part
// that Envoy, nginx's module, APISIX's and the Java host have in common.
//
// Everything but the imports and exports themselves is plain Go: Host is what the proxy
// offers, Root and Module what it calls. A test gives a Host of its own.
//
// Why a layer of our own? The host calls malloc back while an import runs, which may move
// Go's stack, so results must not be written there; a panic must end as a refusal and not
// as a trap, after which the proxy may let requests pass or none at all; and a request
// must not cost an allocation per header field.
package abi

// Status is what a call of the host returns. The host may return others, which are
// failures like these.
type Status uint32

// The statuses.
const (
	StatusOK          Status = 0
	StatusNotFound    Status = 1
	StatusBadArgument Status = 2
	StatusEmpty       Status = 7
	StatusCASMismatch Status = 8
	// StatusBroken is not the host's: its answer could not be read.
	StatusBroken Status = 0xffff
)

// Level is the level of a log line.
type Level uint32

// The levels.
const (
	LevelDebug    Level = 1
	LevelInfo     Level = 2
	LevelWarn     Level = 3
	LevelError    Level = 4
	LevelCritical Level = 5
)

// Action tells the proxy how to go on with a stream.
type Action uint32

// The actions.
const (
	Continue Action = 0
	Pause    Action = 1
	// PauseAll is Envoy's StopAllIterationAndWatermark, for header fields only: no other
	// callback comes until the request goes on, and what comes of its body waits in the
	// connection. The interface does not have it, and a host that does not know it might
	// take it for Continue.
	PauseAll Action = 4
)

// BufferKind names bytes that the host holds.
type BufferKind uint32

// The kinds of buffers.
const (
	RequestBody         BufferKind = 0
	CallResponseBody    BufferKind = 4
	PluginConfiguration BufferKind = 7
)

// MapKind names header fields that the host holds.
type MapKind uint32

// The kinds of maps.
const (
	RequestHeaders      MapKind = 0
	RequestTrailers     MapKind = 1
	CallResponseHeaders MapKind = 6
)

// MetricKind is the kind of a metric.
type MetricKind uint32

// The kinds of metrics.
const (
	Counter   MetricKind = 0
	Gauge     MetricKind = 1
	Histogram MetricKind = 2
)
