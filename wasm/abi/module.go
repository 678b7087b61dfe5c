package abi

import (
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// Module is the verifier behind the exports of a wasm artefact. Each method takes a
// message and gives an answer, which is good until the next call of any method. A
// Module never panics: a fault of its own is the refusal internal_panic. The zero
// Module is ready for Configure and refuses everything else. It is not safe for
// concurrent use; a wasm instance runs one call at a time anyway.
type Module struct {
	verifier *ajwt.Verifier
	store    *hostStore // the host's replay memory; nil: the memory is in the module
	omit     Omit
	request  ajwt.Request // used again by each call, for its slice of headers
	out      []byte       // used again by each call
}

// requestGarbage is more than a request leaves behind: some hundred bytes.
const requestGarbage = 1 << 10

// documentGarbage is what reading a document leaves behind at most: a parsed value takes
// 32 bytes and may stand in two of the text.
func documentGarbage(message []byte) int { return requestGarbage + 16*len(message) }

// startAnswerBytes holds a usual answer, so that the buffer does not grow by halves.
const startAnswerBytes = 4096

// Configure takes a new configuration (AppendConfigure). After a refusal, the one
// before stays in force, documents included. After a success all documents are to be
// loaded again and signature cache and replay memory start empty.
func (m *Module) Configure(message []byte) (answer []byte) {
	defer m.recovered(&answer)
	collect(documentGarbage(message))
	c, err := DecodeConfigure(message)
	if err != nil {
		return m.refuseAll([]ajwt.Fault{err.(*Error).fault()})
	}
	policy, err := ajwt.ParsePolicy(c.Policy)
	if err != nil {
		return m.refuseAll(faultsOf(err))
	}
	entries := int(c.CacheEntries)
	if entries == 0 {
		entries = DefaultCacheEntries
	}
	options := ajwt.Options{Start: c.ReplayStart, SignatureCache: ajwt.NewSignatureCache(entries)}
	for i := range c.NonceKeys {
		options.NonceKeys = append(options.NonceKeys, c.NonceKeys[i][:])
	}
	for _, v := range c.Versions {
		v.Issuer = strings.Clone(v.Issuer) // the message goes
		options.Versions = append(options.Versions, v)
	}
	var store *hostStore
	if c.HostReplay {
		store = &hostStore{start: c.ReplayStart}
		options.Replay = store
	}
	verifier, err := ajwt.NewVerifier(policy, options)
	if err != nil { // an option that the policy makes mandatory
		return m.refuseAll([]ajwt.Fault{{Code: ajwt.CodeABIRecordMissing, Detail: err.Error()}})
	}
	m.verifier, m.store, m.omit = verifier, store, c.Omit
	m.out = appendDone(m.buffer(), policy.Digest(), policy.Warnings())
	for _, name := range policy.ForwardNames() {
		m.out = appendText(m.out, tagStrip, name)
	}
	return m.out
}

// Load takes a document (AppendLoad). After a refusal, the one before stays in force.
func (m *Module) Load(message []byte) (answer []byte) {
	defer m.recovered(&answer)
	if m.verifier == nil {
		return m.refuseAll([]ajwt.Fault{notConfigured})
	}
	collect(documentGarbage(message))
	d, err := DecodeLoad(message)
	if err != nil {
		return m.refuseAll([]ajwt.Fault{err.(*Error).fault()})
	}
	warnings, err := m.verifier.Load(d.Kind, d.Issuer, d.Data, d.Now)
	if err != nil {
		return m.refuseAll(faultsOf(err))
	}
	m.out = appendDone(m.buffer(), m.verifier.Policy().Digest(), warnings)
	for _, v := range m.verifier.Versions() {
		if v.Kind == d.Kind && v.Issuer == d.Issuer {
			m.out = appendVersion(m.out, tagInForce, &v)
		}
	}
	return m.out
}

// Verify decides a request (AppendVerify).
func (m *Module) Verify(message []byte) (answer []byte) {
	defer m.recovered(&answer)
	collect(requestGarbage)
	if m.verifier == nil {
		return m.refuse(notConfigured)
	}
	replay, err := DecodeVerify(message, &m.request)
	if err != nil {
		return m.refuse(err.(*Error).fault())
	}
	if m.store != nil {
		m.store.answer = replay
	} else if replay != (ReplayAnswer{}) {
		return m.refuse(ajwt.Fault{Code: ajwt.CodeABIRecordUnknown, Detail: "tags 0x08 and 0x09: the replay memory is in the module"})
	}
	d := m.verifier.Verify(&m.request)
	m.out = AppendAnswer(m.buffer(), &d, m.omit)
	return m.out
}

var notConfigured = ajwt.Fault{Code: ajwt.CodeABINotConfigured, Detail: "configure the module first and check the answer"}

// recovered turns a panic into a refusal.
func (m *Module) recovered(answer *[]byte) {
	if recover() == nil {
		return
	}
	*answer = m.refuse(ajwt.Fault{Code: ajwt.CodeInternalPanic, Detail: "the module met a fault of its own"})
}

func (m *Module) buffer() []byte {
	if cap(m.out) < startAnswerBytes {
		m.out = make([]byte, 0, startAnswerBytes)
	}
	return m.out[:0]
}

func (m *Module) refuse(f ajwt.Fault) []byte {
	m.out = appendRefusal(m.buffer(), f, m.omit)
	return m.out
}

func (m *Module) refuseAll(faults []ajwt.Fault) []byte {
	m.out = appendNotDone(m.buffer(), faults)
	return m.out
}

// faultsOf gives the faults of a load error, never none.
func faultsOf(err error) []ajwt.Fault {
	if e, ok := err.(*ajwt.LoadError); ok && len(e.Faults) > 0 {
		return e.Faults
	}
	return []ajwt.Fault{{Code: ajwt.CodeInternalPanic, Detail: err.Error()}}
}

// hostStore stands for the replay memory of the host. It defers, except where the
// host repeats a request with its store's answer: then it gives that answer.
type hostStore struct {
	start  int64
	answer ReplayAnswer
}

// Record implements ajwt.Replay.
func (s *hostStore) Record([]ajwt.ReplayKey, int64) (ajwt.ReplayResult, int) {
	if !s.answer.Given {
		return ajwt.ReplayDeferred, 0
	}
	return s.answer.Result, int(s.answer.Seen)
}

// Start implements ajwt.Replay. A store that has lost its memory is never older again.
func (s *hostStore) Start() int64 { return max(s.start, s.answer.Start) }
