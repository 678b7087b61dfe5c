package filter

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/proxywasm/abi"
)

// Key sets, bundles and lists come by a call of the proxy to a fixed URL of the policy.
// They lie in the shared data under a digest of that URL, so that other workers, and the
// next configuration, need not fetch them; each verifies what it finds there by itself. A
// document that cannot be had, or is refused, leaves its predecessor in force.

// Seconds between two fetches of a document that goes well: what each may cost in time
// until a change is seen.
const (
	refetchKeys        = 300
	refetchBundle      = 60
	refetchRevocations = 30
)

const (
	// refetchFloor is the least number of seconds between two fetches of one URL by all
	// workers, whatever happens: a failing server, or tokens with invented key ids.
	refetchFloor = 10
	// leaseSlack is the time in seconds after a call's own limit for its answer to come.
	leaseSlack = 2
	// documentPrefix names the layout of what lies in the shared data.
	documentPrefix = "ajwt/document/1/"
)

// documentState lies beside a document, and is changed by compare-and-swap: 8, 8, 8 and
// 32 bytes.
type documentState struct {
	fetched int64             // NumericDate of the last good fetch, 0 for none
	tried   int64             // NumericDate of the last try
	lease   int64             // until then somebody fetches
	digest  [sha256.Size]byte // of the document, zero for none
}

const stateBytes = 3*8 + sha256.Size

func readState(value []byte) (s documentState, ok bool) {
	if len(value) != stateBytes {
		return s, false
	}
	s.fetched = int64(binary.LittleEndian.Uint64(value))
	s.tried = int64(binary.LittleEndian.Uint64(value[8:]))
	s.lease = int64(binary.LittleEndian.Uint64(value[16:]))
	copy(s.digest[:], value[24:])
	return s, true
}

func (s *documentState) append(dst []byte) []byte {
	for _, n := range [...]int64{s.fetched, s.tried, s.lease} {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(n))
	}
	return append(dst, s.digest[:]...)
}

// document is a source and what this instance knows of it.
type document struct {
	source
	name    string            // in the shared data
	known   [sha256.Size]byte // digest of what was last looked at
	knownAt int64             // its documentState.fetched
	loaded  bool              // a document of this source is in force
	good    [sha256.Size]byte // digest of the one in force
	wanted  bool              // a token named a key that the set does not have
	token   uint32            // of the call that is under way
	flying  bool
	came    []byte // the answer of a call, while another document is loaded
}

func newDocument(s source) document {
	sum := sha256.Sum256([]byte(s.url))
	return document{source: s, name: documentPrefix + hex.EncodeToString(sum[:16])}
}

func (d *document) interval() int64 {
	switch d.kind {
	case ajwt.KindBundle:
		return refetchBundle
	case ajwt.KindRevocations:
		return refetchRevocations
	}
	return refetchKeys
}

// due tells whether the document is to be fetched.
func (d *document) due(s *documentState, now int64) bool {
	switch {
	case s.lease > now && s.lease <= now+int64(d.timeout)/1000+leaseSlack+1:
		return false // somebody is at it; a lease of longer than any is nonsense
	case s.tried > now: // the clock went back
		return true
	case now < s.tried+refetchFloor && s.tried != 0:
		return false
	}
	return d.wanted || now >= s.fetched+d.interval()
}

// state reads the state of a document; ok is false where the shared data cannot be used.
func (r *Root) state(d *document) (s documentState, cas uint32, ok bool) {
	value, cas, status := r.host.Shared(d.name + "/state")
	if status == abi.StatusNotFound {
		if !create(r.host, d.name+"/state", (&documentState{}).append(nil)) {
			return s, 0, false
		}
		value, cas, status = r.host.Shared(d.name + "/state")
	}
	if status != abi.StatusOK || cas == 0 {
		return s, 0, false
	}
	s, ok = readState(value)
	return s, cas, ok
}

// adopt begins to load what lies in the shared data, where this instance has not seen it yet.
func (r *Root) adopt(d *document, s *documentState) {
	if r.task != nil || r.loads(d) || r.slice.over(r.host.Now()) {
		return // one after the other
	}
	if s.digest == ([sha256.Size]byte{}) || s.digest == d.known && (d.loaded || s.fetched == d.knownAt) {
		return
	}
	value, _, status := r.host.Shared(d.name)
	if status != abi.StatusOK {
		return
	}
	if len(value) > d.limit { // taken under another policy: it is not copied again by each request
		d.known, d.knownAt = s.digest, s.fetched
		return
	}
	digest := s.digest
	r.load(d, bytes.Clone(value), &digest, s.fetched)
}

// tick looks after one document.
func (r *Root) tick(d *document, now int64) {
	s, cas, ok := r.state(d)
	if !ok {
		return
	}
	if r.adopt(d, &s); !d.due(&s, now) || d.flying || r.loads(d) {
		return
	}
	s.tried, s.lease = now, now+int64(d.timeout+999)/1000+leaseSlack
	if r.host.SetShared(d.name+"/state", s.append(nil), cas) != abi.StatusOK {
		return // another worker was quicker
	}
	r.out = abi.AppendPairs(r.out[:0], abi.Pair{Name: ":method", Value: "GET"}, abi.Pair{Name: ":scheme", Value: d.scheme},
		abi.Pair{Name: ":authority", Value: d.authority}, abi.Pair{Name: ":path", Value: d.path}, abi.Pair{Name: "accept", Value: "*/*"})
	token, status := r.host.Call(d.cluster, r.out, nil, d.timeout)
	if status != abi.StatusOK {
		r.fetchFailed(d, "the proxy did not send the call: status "+strconv.Itoa(int(status))+"; is there a cluster "+d.cluster+"?")
		r.settle(d, nil, now)
		return
	}
	d.token, d.flying, d.wanted = token, true, false
}

// settle gives the lease back after a try, with the digest of what came, nil for nothing.
func (r *Root) settle(d *document, came *[sha256.Size]byte, now int64) {
	for range swaps {
		s, cas, ok := r.state(d)
		if !ok {
			return
		}
		s.tried, s.lease = now, 0
		if came != nil {
			s.fetched, s.digest = now, *came
		}
		if r.host.SetShared(d.name+"/state", s.append(nil), cas) != abi.StatusCASMismatch {
			return
		}
	}
}

// answered takes the answer of a call.
func (r *Root) answered(d *document, headers, size int, now int64) {
	d.flying = false
	data, fault := r.answer(d, headers, size)
	if fault != "" {
		r.fetchFailed(d, fault)
		r.settle(d, nil, now)
		return
	}
	d.came = bytes.Clone(data)
	r.loadNext()
}

// answer gives the document of an answer: status 200, the whole body, not encoded.
func (r *Root) answer(d *document, headers, size int) (data []byte, fault string) {
	if headers == 0 {
		return nil, "no answer"
	}
	raw, status := r.host.Pairs(abi.CallResponseHeaders)
	pairs, ok := abi.ReadPairs(r.pairs[:0], raw)
	if r.pairs = pairs[:0]; status != abi.StatusOK || !ok {
		return nil, "the answer's header cannot be read"
	}
	answered := ""
	for _, p := range pairs {
		switch strings.ToLower(p.Name) {
		case ":status":
			answered = p.Value
		case "content-encoding":
			if !strings.EqualFold(p.Value, "identity") {
				return nil, "the answer is encoded"
			}
		case "content-length":
			if p.Value != strconv.Itoa(size) {
				return nil, "the answer was cut off"
			}
		}
	}
	switch {
	case answered != "200":
		return nil, "the answer's status is not 200" // redirects are not followed
	case size > d.limit:
		r.metrics.code(tooLarge(d.kind)).add(1)
		return nil, tooLarge(d.kind).String() + ": want at most " + strconv.Itoa(d.limit) + " bytes (hosts.proxywasm.max_bundle_bytes)"
	case size == 0:
		return nil, "the answer is empty"
	}
	data, status = r.host.Buffer(abi.CallResponseBody, 0, size)
	if status != abi.StatusOK || len(data) != size {
		return nil, "the answer's body cannot be read"
	}
	return data, ""
}

func tooLarge(kind ajwt.Kind) ajwt.Code {
	switch kind {
	case ajwt.KindBundle:
		return ajwt.CodeBundleTooLarge
	case ajwt.KindRevocations:
		return ajwt.CodeRevocationsTooLarge
	}
	return ajwt.CodeKeysTooLarge
}

func (r *Root) fetchFailed(d *document, why string) {
	r.metrics.documents[d.kind].failed.add(1)
	r.host.Log(abi.LevelWarn, "ajwt: "+d.url+": "+why)
}
