package filter

import (
	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/proxywasm/abi"
)

// forward makes the header of a request that passes what the upstream may believe: nothing
// of the client's under a name of the policy's forward, and then our fields. The header is
// read again, since a decision may have waited for a store while other requests came.
// Anything but success of the host is a reason to refuse.
func (r *Root) forward(fields []ajwt.Header) bool {
	if !r.settings.forwards {
		return true
	}
	if !r.strip(abi.RequestHeaders) {
		return false
	}
	for i := range fields {
		if r.host.Replace(abi.RequestHeaders, fields[i].Name, fields[i].Value) != abi.StatusOK {
			return false
		}
	}
	return true
}

// strip removes the client's fields from header or trailers, each spelling by its own name:
// for the proxy an underscore is no hyphen.
func (r *Root) strip(kind abi.MapKind) bool {
	raw, status := r.host.Pairs(kind)
	if status != abi.StatusOK {
		return false
	}
	pairs, ok := abi.ReadPairs(r.pairs[:0], raw)
	r.pairs = pairs[:0]
	if !ok {
		return false
	}
	for i := range pairs {
		if r.settings.policy.Strips(pairs[i].Name) && r.host.Remove(kind, pairs[i].Name) != abi.StatusOK {
			return false
		}
	}
	return true
}

// Trailers implements abi.Root. Upstreams may read trailers as if they stood in the header
// (RFC 9110, section 6.5.2).
func (r *Root) Trailers() abi.Outcome {
	if r.settings == nil || !r.settings.forwards || r.strip(abi.RequestTrailers) {
		return abi.Passed
	}
	r.began = r.host.Now()
	return r.refuse(ajwt.CodeInternalForwardFailed)
}
