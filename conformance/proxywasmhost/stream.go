package proxywasmhost

import (
	"context"
	"slices"
)

// Stream is a request on its way through the plugin.
type Stream struct {
	instance *Instance
	id       uint32
	request  *Request

	fields        []Field
	headerShown   bool // the plugin may look at the header
	trailers      []Field
	trailersShown bool
	body          []byte // the pieces that are held, and the one that is shown
	properties    map[string]string
	answer        *Answer

	at        int  // events that were shown: header, pieces of the body, trailers
	stopped   bool // no event is shown until the plugin continues
	paused    bool // what was shown is held
	continued bool // the plugin said so, and the callback has not returned yet
	action    uint64
	buffered  bool // the piece of the body that was shown last is held
	lost      bool // a piece of the body
	reached   bool
	sent      []Field // header that the upstream saw
}

// Send brings a request to the plugin and follows it to its end, with the answers of the
// calls to clusters for which it waits.
func (i *Instance) Send(ctx context.Context, r *Request) (Result, error) {
	s, err := i.Begin(ctx, r)
	for err == nil && s.waiting() && i.Pending() > 0 {
		err = i.Deliver(ctx)
	}
	if err == nil {
		err = s.advance(ctx) // with what is late
	}
	if err != nil {
		return Result{}, err
	}
	result := s.Result()
	return result, s.End(ctx)
}

// Begin brings a request to the plugin, as far as it gets before any call to a cluster is
// answered. End must follow.
func (i *Instance) Begin(ctx context.Context, r *Request) (*Stream, error) {
	s := &Stream{instance: i, id: i.next, request: r, fields: joined(r.Fields), properties: make(map[string]string)}
	i.next++
	i.streams[s.id] = s
	if _, err := i.call(ctx, s.id, "proxy_on_context_create", uint64(s.id), uint64(i.root)); err != nil {
		return nil, err
	}
	return s, s.advance(ctx)
}

// Result is what has become of the request so far. While the plugin waits for an answer of
// a cluster, it looks as if it hung.
func (s *Stream) Result() Result {
	return Result{Answer: s.answer, Hung: s.waiting(), Lost: s.lost, Reached: s.reached, Fields: s.sent, Properties: s.properties}
}

func (s *Stream) waiting() bool { return s.answer == nil && (s.stopped || s.paused) }

// End tells the plugin that the stream is over, as when the client goes.
func (s *Stream) End(ctx context.Context) error {
	for _, name := range []string{"proxy_on_log", "proxy_on_done", "proxy_on_delete"} {
		if _, err := s.instance.call(ctx, s.id, name, uint64(s.id)); err != nil {
			return err
		}
	}
	delete(s.instance.streams, s.id)
	return nil
}

// advance shows the plugin one event after another until it stops the stream.
func (s *Stream) advance(ctx context.Context) error {
	pieces := len(s.request.Body)
	for s.answer == nil && !s.stopped {
		var err error
		switch n := s.at; {
		case n == 0:
			err = s.header(ctx)
		case n <= pieces:
			if n > pieces-s.request.Late && s.instance.Pending() > 0 {
				return nil
			}
			err = s.piece(ctx, n-1)
		case n == pieces+1 && s.request.Trailers != nil:
			err = s.trailer(ctx)
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// show calls a callback for the next event, and tells whether the request is to be held. A
// local response stops the stream whatever the callback returns, and so does an action that
// there is not. A continuation before the callback has returned comes too early to count.
func (s *Stream) show(ctx context.Context, name string, params ...uint64) (held bool, err error) {
	s.at++
	action, err := s.instance.call(ctx, s.id, name, append([]uint64{uint64(s.id)}, params...)...)
	s.continued, s.action = false, action
	return err != nil || s.answer != nil || action != 0, err
}

func (s *Stream) header(ctx context.Context) error {
	s.headerShown = true
	held, err := s.show(ctx, "proxy_on_request_headers", uint64(len(s.fields)), flag(s.request.Body == nil && s.request.Trailers == nil))
	if err != nil {
		return err
	}
	if s.paused = held; !held {
		s.pass()
	} else if !s.instance.process.HoldHeaders || s.action > 1 {
		s.stopped = true
	}
	return nil
}

func (s *Stream) piece(ctx context.Context, n int) error {
	s.body = append(s.body, s.request.Body[n]...)
	last := n == len(s.request.Body)-1 && s.request.Trailers == nil
	held, err := s.show(ctx, "proxy_on_request_body", uint64(len(s.body)), flag(last))
	if err != nil {
		return err
	}
	// Envoy moves a piece to those that were held before it shows it, and forgets to send it
	// on where the request went on in between (envoyproxy/envoy issue 46841).
	s.lost = s.lost || s.buffered && !s.paused && !held && len(s.request.Body[n]) > 0
	s.buffered = held
	if s.paused = held; !held {
		s.pass()
		s.body = nil // what passed is no longer held
	}
	return nil
}

func (s *Stream) trailer(ctx context.Context) error {
	s.trailers, s.trailersShown = slices.Clone(s.request.Trailers), true
	held, err := s.show(ctx, "proxy_on_request_trailers", uint64(len(s.trailers)))
	if err != nil {
		return err
	}
	if s.paused = held; !held {
		s.trailersShown = false
		s.pass()
	}
	return nil
}

// pass lets go on what is held.
func (s *Stream) pass() {
	if !s.reached {
		s.reached, s.sent = true, slices.Clone(s.fields)
	}
	s.headerShown = false
}

// resume does what the plugin asked for in a callback of another context.
func (s *Stream) resume(ctx context.Context) error {
	if !s.continued || s.answer != nil {
		return nil
	}
	s.continued = false
	if !s.waiting() {
		return nil
	}
	s.stopped, s.paused, s.body = false, false, nil
	s.pass()
	return s.advance(ctx)
}

func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
