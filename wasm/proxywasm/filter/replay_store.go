package filter

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/core/replaywire"
	"github.com/agentic-jwt/ajwt/wasm/proxywasm/abi"
)

// replayStore is a replay memory that many proxies share: a service behind HTTP
// (spec/replay.md, section 2). A decision that it must take part in is deferred: the
// request waits while the proxy asks, and is settled with the answer. A rejected request
// asks nothing. It implements ajwt.Replay.
type replayStore struct {
	host    abi.Host
	source  storeSource
	fields  []byte // pairs of every request to it
	name    string // of what is known of its start, in the shared data
	known   replaywire.Start
	since   int64 // NumericDate from which on this process has asked it, 0 for always
	waiting map[uint32]waitingRequest
	held    int   // bytes of header fields in waiting
	told    int64 // NumericDate of the last line about a failure
	out     []byte
}

// storeSource is where the service is, of hosts.proxywasm.replay. The zero storeSource is
// none.
type storeSource struct {
	url, cluster, scheme, authority, path, secret string

	timeout int // milliseconds
}

// waitingRequest is a request whose decision waits for the store.
type waitingRequest struct {
	decision ajwt.Decision
	fields   []byte // its header fields as they were judged
	began    int64  // nanoseconds
}

const (
	// storePrefix names the layout of what lies in the shared data.
	storePrefix = "ajwt/store/1/"
	// maxWaiting and maxWaitingBytes bound, for each worker, how many requests wait for
	// the store at a time, and the bytes of their header fields. With answers within a
	// millisecond that is a million requests a second; a store that hangs costs no more
	// memory than this.
	maxWaiting      = 1024
	maxWaitingBytes = 4 << 20
)

// openStore makes ready to ask the store; it asks nothing yet.
func openStore(host abi.Host, s storeSource, since int64) *replayStore {
	sum := sha256.Sum256([]byte(s.url))
	r := &replayStore{host: host, source: s, since: since, name: storePrefix + hex.EncodeToString(sum[:16]), waiting: make(map[uint32]waitingRequest)}
	fields := []abi.Pair{{Name: ":method", Value: "POST"}, {Name: ":scheme", Value: s.scheme}, {Name: ":authority", Value: s.authority},
		{Name: ":path", Value: s.path}, {Name: "content-type", Value: "application/json"}}
	if s.secret != "" {
		fields = append(fields, abi.Pair{Name: "authorization", Value: "Bearer " + s.secret})
	}
	r.fields = abi.AppendPairs(nil, fields...)
	r.known, _, _ = r.shared()
	return r
}

// Record implements ajwt.Replay.
func (s *replayStore) Record([]ajwt.ReplayKey, int64) (ajwt.ReplayResult, int) {
	return ajwt.ReplayDeferred, 0
}

// Start implements ajwt.Replay: as far as this worker knows. Whatever an answer says of it
// holds for the decision that it answers.
func (s *replayStore) Start() int64 { return max(s.known.At, s.since) }

// storeStartBytes is the length of a replaywire.Start in the shared data: At, Said, Met.
const storeStartBytes = 8 + 2

// shared reads what the workers of this process know of the store's start.
func (s *replayStore) shared() (known replaywire.Start, cas uint32, ok bool) {
	value, cas, status := s.host.Shared(s.name)
	if status == abi.StatusNotFound {
		if !create(s.host, s.name, appendStart(nil, replaywire.Start{})) {
			return known, 0, false
		}
		value, cas, status = s.host.Shared(s.name)
	}
	if status != abi.StatusOK || cas == 0 || len(value) != storeStartBytes {
		return known, 0, false
	}
	return replaywire.Start{At: int64(binary.LittleEndian.Uint64(value)), Said: value[8] != 0, Met: value[9] != 0}, cas, true
}

func appendStart(dst []byte, s replaywire.Start) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(s.At))
	for _, b := range [...]bool{s.Said, s.Met} {
		if dst = append(dst, 0); b {
			dst[len(dst)-1] = 1
		}
	}
	return dst
}

// learn takes what an answer says of the store's start, and tells other workers what is
// new in it. ok is false for an answer that is none.
func (s *replayStore) learn(status int, header string, now int64) (ok bool) {
	next, ok := s.known.Learn(status, header, now)
	if next == s.known {
		return ok
	}
	for range swaps {
		theirs, cas, readable := s.shared()
		if !readable {
			break
		}
		theirs = replaywire.Start{At: max(theirs.At, s.known.At), Said: theirs.Said || s.known.Said, Met: theirs.Met || s.known.Met}
		next, ok := theirs.Learn(status, header, now)
		if s.host.SetShared(s.name, appendStart(s.out[:0], next), cas) == abi.StatusOK {
			s.known = next
			return ok
		}
	}
	s.known = next // without shared data each worker learns for itself
	return ok
}

// ask sends the keys of a decision. fields are the request's header fields.
func (s *replayStore) ask(d *ajwt.Decision, fields []byte, began int64) (token uint32, why string) {
	s.out = replaywire.AppendRequest(s.out[:0], d.Replay)
	token, status := s.host.Call(s.source.cluster, s.fields, s.out, s.source.timeout)
	if status != abi.StatusOK {
		return 0, "the proxy did not send the call: status " + strconv.Itoa(int(status)) + "; is there a cluster " + s.source.cluster + "?"
	}
	if _, taken := s.waiting[token]; taken {
		return 0, "the proxy gave two calls one token"
	}
	s.waiting[token] = waitingRequest{*d, append([]byte(nil), fields...), began}
	s.held += len(fields)
	return token, ""
}

// take gives the request that waits for a call; it waits no longer.
func (s *replayStore) take(token uint32) (w waitingRequest, ok bool) {
	if w, ok = s.waiting[token]; ok {
		delete(s.waiting, token)
		s.held -= len(w.fields)
	}
	return w, ok
}

// answer reads the answer to a request of so many keys: numbers of header fields and bytes
// of the body. pairs is used again. why says what is wrong where there is no answer.
func (s *replayStore) answer(headers, size, keys int, now int64, pairs *[]abi.Pair) (result ajwt.ReplayResult, seen int, why string) {
	if headers == 0 {
		return ajwt.ReplayUnavailable, 0, "no answer"
	}
	raw, read := s.host.Pairs(abi.CallResponseHeaders)
	fields, ok := abi.ReadPairs((*pairs)[:0], raw)
	if *pairs = fields[:0]; read != abi.StatusOK || !ok {
		return ajwt.ReplayUnavailable, 0, "the answer's header cannot be read"
	}
	status, start, encoded := 0, "", false
	for _, p := range fields {
		switch {
		case p.Name == ":status":
			status, _ = strconv.Atoi(p.Value)
		case strings.EqualFold(p.Name, replaywire.StartHeader):
			if start != "" {
				start = "twice"
				break
			}
			start = p.Value
		case strings.EqualFold(p.Name, "content-encoding"):
			encoded = encoded || !strings.EqualFold(p.Value, "identity")
		}
	}
	start = strings.Clone(start) // the body is read before it is
	var body []byte
	if size > 0 && size <= replaywire.MaxBody && !encoded {
		if body, read = s.host.Buffer(abi.CallResponseBody, 0, size); read != abi.StatusOK || len(body) != size {
			body = nil // a 409 without one rejects as well
		}
	}
	result, seen = replaywire.Result(status, body, keys)
	switch {
	case !s.learn(status, start, now):
		return ajwt.ReplayUnavailable, 0, "an answer without a " + replaywire.StartHeader + " that can be read"
	case result == ajwt.ReplayUnavailable:
		why = "status " + strconv.Itoa(status) // a redirect is no answer
	}
	return result, seen, why
}

// askStore makes a request wait for the store, or settles it at once where it cannot.
func (r *Root) askStore(d *ajwt.Decision) abi.Outcome {
	s := r.store
	if s == nil || len(s.waiting) >= maxWaiting || s.held+len(r.raw) > maxWaitingBytes {
		d.Settle(ajwt.ReplayFull, 0) // not an outage: on_outage does not let it pass
		return r.conclude(d)
	}
	token, why := s.ask(d, r.raw, r.began)
	if why != "" {
		r.storeFailed(why)
		d.Settle(ajwt.ReplayUnavailable, 0)
		return r.conclude(d)
	}
	r.garbage += requestGarbage + len(r.raw)
	r.waitsFor = token
	return abi.Waiting
}

// WaitsFor implements abi.Root.
func (r *Root) WaitsFor() uint32 { return r.waitsFor }

// Answered implements abi.Root. The header fields are read again and must be those that
// were judged: another filter may have changed them while the request waited.
func (r *Root) Answered(token uint32, headers, body int) abi.Outcome {
	r.began = r.host.Now()
	if r.store == nil {
		return r.refuse(ajwt.CodeInternalPanic)
	}
	w, ok := r.store.take(token)
	if !ok {
		return r.refuse(ajwt.CodeInternalPanic)
	}
	d := &w.decision
	result, seen, why := r.store.answer(headers, body, len(d.Replay), r.began/second, &r.pairs)
	if why != "" {
		r.storeFailed(why)
	}
	r.began = w.began
	if !r.read() || string(r.raw) != string(w.fields) {
		return r.refuse(ajwt.CodeABIRecordMalformed)
	}
	d.SettleSince(result, seen, r.store.Start())
	return r.conclude(d)
}

// Forgotten implements abi.Root.
func (r *Root) Forgotten(token uint32) {
	if r.store != nil {
		r.store.take(token)
	}
}

// storeFailed counts an outage, and says why, once a second at most.
func (r *Root) storeFailed(why string) {
	r.metrics.storeFailed.add(1)
	if now := r.host.Now() / second; now != r.store.told {
		r.store.told = now
		r.host.Log(abi.LevelWarn, "ajwt: "+r.store.source.url+": "+why)
	}
}
