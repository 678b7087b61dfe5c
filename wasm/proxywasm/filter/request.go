package filter

import (
	"strconv"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/proxywasm/abi"
)

// RequestHeaders implements abi.Root. A request whose body core may want is held, with its
// headers, until the body is there; every other one is decided at once.
func (r *Root) RequestHeaders(end bool) abi.Outcome {
	r.begin()
	if !r.read() {
		return r.refuse(ajwt.CodeABIRecordMalformed)
	}
	if r.wantsBody = false; r.holds() {
		r.wantsBody = r.verifier.NeedsBody(&r.request)
		return abi.Starting
	}
	if end {
		return r.decide([]byte{})
	}
	switch {
	case !r.verifier.NeedsBody(&r.request):
		return r.decide(nil)
	case r.upgrades():
		// What follows an upgrade is no body: nobody could judge it.
		if r.has("signature-input") || r.has("pop") {
			return r.refuse(ajwt.CodeProofBodyUnavailable)
		}
		return r.decide(nil)
	}
	return abi.Held
}

// WantsBody implements abi.Root. A request that waits for the replay store was decided
// without its body, or with the whole of it.
func (r *Root) WantsBody() bool { return r.wantsBody }

// RequestBody implements abi.Root.
func (r *Root) RequestBody(size int, end bool) abi.Outcome {
	if limit := r.settings.policy.Limits().BodyBytes; !end && size <= limit {
		return abi.Held
	}
	return r.decideHeld(size)
}

// RequestTrailers implements abi.Root: with trailers, no call of RequestBody says that
// the body has ended.
func (r *Root) RequestTrailers() abi.Outcome { return r.decideHeld(-1) }

// decideHeld decides on a request whose body is there, size bytes or as many as there
// are for -1. Its headers are read again: other requests came in between, and what is
// judged is what goes on.
func (r *Root) decideHeld(size int) abi.Outcome {
	r.begin()
	if !r.read() {
		return r.refuse(ajwt.CodeABIRecordMalformed)
	}
	// One byte beyond the limit is refused for the length alone, as the whole would be.
	want := r.settings.policy.Limits().BodyBytes + 1
	if size >= 0 {
		want = min(want, size)
	}
	if want == 0 {
		return r.decide([]byte{})
	}
	body, status := r.host.Buffer(abi.RequestBody, 0, want)
	switch {
	case size < 0 && (status == abi.StatusNotFound || status == abi.StatusEmpty):
		body = []byte{} // trailers without a body
	case status != abi.StatusOK || size >= 0 && len(body) != want:
		return r.refuse(ajwt.CodeProofBodyUnavailable)
	case body == nil:
		body = []byte{}
	}
	r.garbage += 2 * len(body)
	if len(body) > smallDocument {
		r.garbage += 14 * len(body) // as JSON, a value of two bytes takes 28 more
	}
	return r.decide(body)
}

func (r *Root) begin() {
	r.began = r.host.Now()
	r.garbage += requestGarbage
	r.collect(2)
	if r.verifier == nil || r.ready {
		return
	}
	r.beginSlice()
	// Another worker may have what is missing here: a request does not wait for the tick,
	// so that the metric that says ready speaks for all workers.
	for i := range r.documents {
		d := &r.documents[i]
		if d.loaded {
			continue
		}
		if s, _, ok := r.state(d); ok {
			r.adopt(d, &s)
		}
	}
	r.tell(false)
}

// read reads the header fields: as pairs, since a look for one name would find the first
// of several only. Pseudo header fields describe the request and are none of its own
// (RFC 9113, section 8.3.1); one that stands twice, or that is unknown, is refused.
func (r *Root) read() bool {
	if r.verifier == nil {
		return false
	}
	raw, status := r.host.Pairs(abi.RequestHeaders)
	if status != abi.StatusOK {
		return false
	}
	r.raw = raw // good until the header fields of something are asked for
	pairs, ok := abi.ReadPairs(r.pairs[:0], raw)
	r.pairs = pairs[:0]
	q := &r.request
	*q = ajwt.Request{Headers: q.Headers[:0], Now: r.began / second}
	if !ok {
		return false
	}
	for _, p := range pairs {
		if !strings.HasPrefix(p.Name, ":") {
			q.Headers = append(q.Headers, ajwt.Header{Name: p.Name, Value: p.Value})
			continue
		}
		var into *string
		switch p.Name {
		case ":method":
			into = &q.Method
		case ":scheme":
			into = &q.Scheme
		case ":authority":
			into = &q.Authority
		case ":path":
			into = &q.Target
		case ":protocol": // of an extended CONNECT
			continue
		}
		if into == nil || *into != "" {
			return false
		}
		*into = p.Value
	}
	return true
}

// has tells whether the request has a field of that name, in lower case.
func (r *Root) has(name string) bool {
	for i := range r.request.Headers {
		if n := r.request.Headers[i].Name; len(n) == len(name) && strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

func (r *Root) upgrades() bool { return r.request.Method == "CONNECT" || r.has("upgrade") }

// decide asks core. A nil body is one that was not read.
func (r *Root) decide(body []byte) abi.Outcome {
	r.request.Body = body
	d := r.verifier.Verify(&r.request)
	if d.Deferred {
		return r.askStore(&d)
	}
	return r.conclude(&d)
}

// refuse is the decision of the filter itself.
func (r *Root) refuse(code ajwt.Code) abi.Outcome {
	d := ajwt.Decision{Code: code, Status: code.Status()}
	if r.settings != nil {
		d.PolicyDigest = r.settings.policy.Digest()
	}
	return r.conclude(&d)
}

// conclude counts and records a decision, and answers a rejection. The context is the
// stream's.
func (r *Root) conclude(d *ajwt.Decision) abi.Outcome {
	if d.Allows() && !r.forward(d.Forward) {
		return r.refuse(ajwt.CodeInternalForwardFailed)
	}
	elapsed := max(r.host.Now()-r.began, 0) / 1000 // microseconds
	if d.Code != 0 {
		r.metrics.code(d.Code).add(1)
	}
	if d.Code == ajwt.CodeKeyKidUnknown {
		r.want(d.Issuer)
	}
	record := strconv.AppendInt(append(r.records.appendTo(r.out[:0], d), `,"elapsed_us":`...), elapsed, 10)
	record = append(record, '}')
	r.out = record
	r.host.SetProperty("ajwt", record)
	if d.Verdict != ajwt.Accept {
		r.host.Log(abi.LevelInfo, string(record))
	}
	switch {
	case !d.Allows():
		r.metrics.rejected.add(1)
		r.metrics.decided(elapsed)
		r.respond(d)
		return abi.Refused
	case d.Observed:
		r.metrics.observed.add(1)
	default:
		r.metrics.waiting.accepted++
	}
	r.metrics.decided(elapsed)
	return abi.Passed
}

// want asks for an issuer's key set out of turn.
func (r *Root) want(issuer string) {
	for i := range r.documents {
		if d := &r.documents[i]; d.kind == ajwt.KindKeys && d.issuer == issuer {
			d.wanted = true
		}
	}
}

// respond answers a rejection.
func (r *Root) respond(d *ajwt.Decision) {
	fields := [4]abi.Pair{{Name: "content-type", Value: "application/json"}, {Name: "cache-control", Value: "no-store"}}
	n := 2
	if d.Challenge != "" {
		fields[n] = abi.Pair{Name: "www-authenticate", Value: d.Challenge}
		n++
	}
	if d.Nonce != "" {
		fields[n] = abi.Pair{Name: "dpop-nonce", Value: d.Nonce}
		n++
	}
	r.out = d.AppendErrorBody(r.out[:0])
	split := len(r.out)
	r.out = abi.AppendPairs(r.out, fields[:n]...)
	r.host.Respond(d.Status, "ajwt_"+d.Code.String(), r.out[:split], r.out[split:])
}
