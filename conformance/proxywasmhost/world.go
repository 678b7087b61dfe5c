package proxywasmhost

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/vectors"
)

// docsOrigin is where the documents of a World lie, in the cluster "documents".
const (
	docsOrigin  = "https://documents.example"
	docsCluster = "documents"
)

// Setting is what a conformance case says about a verifier before its first request.
type Setting struct {
	Policy    []byte            // JSON
	Keys      map[string][]byte // issuer to JWK Set
	Bundles   map[string][]byte // issuer to compact JWS
	Lists     map[string][]byte // issuer to compact JWS
	Loaded    int64             // NumericDate at which these are loaded
	NonceKeys [][]byte          // secrets of proof.nonce, 32 bytes each
	Replay    vectors.Replay    // the replay memory at the start
}

// World is a Setting as a proxy's filter can be given it: a policy with hosts.proxywasm,
// documents at their URLs, and secrets. Cases with the same Key can share an instance.
type World struct {
	policy    []byte // with hosts.proxywasm
	documents map[string][]byte
	paths     map[string]string // of documents, by kind and issuer
	loads     []load
	nonceKeys [][]byte
	start     int64 // of the replay memory
	loaded    int64
}

type load struct {
	kind   ajwt.Kind
	issuer string
	data   []byte
}

// Key names the world.
func (w *World) Key() string {
	return fmt.Sprintf("%s %v %x %d %d", w.policy, w.loads, w.nonceKeys, w.start, w.loaded)
}

// Policy is the configuration of the plugin.
func (w *World) Policy() []byte { return w.policy }

// NewWorld makes a World. Every document gets a URL whose path begins with prefix, and
// bodies are admitted: addresses change and nothing else, so that the decisions stay what
// they are.
func NewWorld(s *Setting, prefix string) (*World, error) {
	var policy map[string]any
	d := json.NewDecoder(bytes.NewReader(s.Policy))
	d.UseNumber()
	if err := d.Decode(&policy); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	w := &World{documents: make(map[string][]byte), paths: make(map[string]string), loaded: s.Loaded, start: 1, nonceKeys: s.NonceKeys}
	policy["hosts"] = map[string]any{"proxywasm": map[string]any{
		"fetch": []any{map[string]any{"origin": docsOrigin, "cluster": docsCluster}}, "body": true, "max_bundle_bytes": 64 << 20}}
	issuers, ok := policy["issuers"].([]any)
	if !ok {
		return nil, errors.New("policy: no issuers")
	}
	for i, entry := range issuers {
		issuer, ok := entry.(map[string]any)
		if !ok {
			return nil, errors.New("policy: an issuer is no object")
		}
		w.address(issuer, fmt.Sprintf("%s/%d", prefix, i), s)
	}
	w.replay(policy, &s.Replay)
	var err error
	w.policy, err = json.Marshal(policy)
	return w, err
}

// address gives the documents of one issuer their URLs, below path.
func (w *World) address(issuer map[string]any, path string, s *Setting) {
	id, _ := issuer["issuer"].(string)
	add := func(member map[string]any, uri string, kind ajwt.Kind, of map[string][]byte) {
		at := path + "/" + kindName(kind)
		member[uri] = docsOrigin + at
		w.paths[kindName(kind)+" "+id] = at
		if data, ok := of[id]; ok {
			w.documents[at] = data
			w.loads = append(w.loads, load{kind, id, data})
		}
	}
	if _, ok := issuer["jwks_uri"]; ok {
		add(issuer, "jwks_uri", ajwt.KindKeys, s.Keys)
	}
	if b, ok := issuer["bundle"].(map[string]any); ok {
		delete(b, "file")
		add(b, "uri", ajwt.KindBundle, s.Bundles)
	}
	if l, ok := issuer["revocation"].(map[string]any); ok {
		delete(l, "file")
		add(l, "uri", ajwt.KindRevocations, s.Lists)
	}
}

// kindName is the name of a kind in the plugin's metrics.
func kindName(kind ajwt.Kind) string {
	switch kind {
	case ajwt.KindBundle:
		return "bundle"
	case ajwt.KindRevocations:
		return "revocations"
	}
	return "keys"
}

// replay puts the size of a case's replay memory into the policy.
func (w *World) replay(policy map[string]any, r *vectors.Replay) {
	w.start = max(w.start, r.Start)
	replay, _ := policy["replay"].(map[string]any)
	if replay == nil {
		replay = make(map[string]any)
	}
	if r.Capacity > 0 {
		replay["capacity"] = r.Capacity
	}
	if r.PerKey > 0 {
		replay["per_key"] = r.PerKey
	}
	if len(replay) > 0 {
		policy["replay"] = replay
	}
}

// Enter makes a process one of this world: its shared data are empty, its clock stands where
// the replay memory begins, and the documents are there to be fetched.
func (w *World) Enter(p *Process) {
	keys := make([]string, len(w.nonceKeys))
	for i, k := range w.nonceKeys {
		keys[i] = base64.RawURLEncoding.EncodeToString(k)
	}
	p.Env = []string{"AJWT_NONCE_KEYS=" + strings.Join(keys, ",")}
	p.Clusters = map[string]bool{docsCluster: true}
	p.Fetch = func(_ string, fields []Field) ([]Field, []byte) {
		for _, f := range fields {
			if data, ok := w.documents[f.Value]; ok && f.Name == ":path" {
				return []Field{{":status", "200"}}, data
			}
		}
		return []Field{{":status", "404"}}, nil
	}
	p.FetchBody = nil
	p.Forget("")
	p.Now = w.start * 1e9
}

// Instance makes an instance of the plugin, with the documents fetched at their time, or
// taken from the shared data where another instance has fetched them.
func (w *World) Instance(ctx context.Context, p *Process) (*Instance, error) {
	return w.Move(ctx, p, nil)
}

// Move is Instance with an instance that was in another world: it gets this policy as its
// next configuration. Where that is not possible, since a module sees its environment once,
// it is closed, and another one is made; so it is where anything fails.
func (w *World) Move(ctx context.Context, p *Process, i *Instance) (_ *Instance, err error) {
	first := !p.holds(documentsPrefix, nil)
	before := p.documentEvents()
	if i != nil && !slices.Equal(i.env, p.Env) {
		_ = i.Close(ctx)
		i = nil
	}
	if i == nil {
		i, err = p.Instance(ctx, w.policy)
	} else if err = i.Configure(ctx, w.policy); err != nil {
		_ = i.Close(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, strings.Join(p.Lines(), "\n"))
	}
	p.Now = w.loaded * 1e9
	want := len(w.documents)
	if first {
		want = len(w.paths) // where nothing lies, the fetch fails
	}
	for n := 0; n < patience && p.documentEvents()-before < int64(want); n++ {
		if err := i.Ticks(ctx); err != nil {
			return nil, errors.Join(err, i.Close(ctx))
		}
	}
	return i, nil
}

const (
	// documentsPrefix is how the names of documents in the plugin's shared data begin.
	documentsPrefix = "ajwt/document/"
	// patience is the number of ticks in which a plugin should have done with a document
	// that it reads piece by piece.
	patience = 2000
)

// holds tells whether a value stands under a name that begins with prefix: any for nil.
func (p *Process) holds(prefix string, data []byte) bool {
	for name, v := range p.shared {
		if strings.HasPrefix(name, prefix) && (data == nil || bytes.Equal(v.data, data)) {
			return true
		}
	}
	return false
}

// documentEvents is how often a document was loaded, refused, or not fetched.
func (p *Process) documentEvents() (n int64) {
	for _, kind := range []string{"keys", "bundle", "revocations"} {
		for _, what := range []string{".loaded", ".refused", ".failed"} {
			count, _ := p.Metric("ajwt." + kind + what)
			n += count
		}
	}
	return n
}

// Fetched is what became of a document that was fetched.
type Fetched struct {
	Taken  bool
	Faults []string // as the plugin logged them: pointer, code, detail
	Failed string   // why it was not even read, "" if it was
}

// Replace puts another document at its URL and lets the instances fetch it now: the first
// one calls, and the others take it from the shared data. All state of fetching is
// forgotten before, so that no interval and no floor keeps them from it. A document that is
// not taken leaves its predecessor in its place.
func (w *World) Replace(ctx context.Context, kind ajwt.Kind, issuer string, data []byte, instances ...*Instance) (f Fetched, err error) {
	path, ok := w.paths[kindName(kind)+" "+issuer]
	if !ok {
		return f, fmt.Errorf("the policy names no %s of %s", kindName(kind), issuer)
	}
	before, had := w.documents[path]
	w.documents[path] = data
	p := instances[0].process
	p.Forget(documentsPrefix)
	p.Lines()
	for range patience {
		if err := instances[0].Ticks(ctx); err != nil {
			return f, err
		}
		f.note(p.Lines(), "ajwt: "+docsOrigin+path+": ")
		f.Taken = p.holds(documentsPrefix, data)
		if f.Taken || len(f.Faults) > 0 || f.Failed != "" {
			break
		}
	}
	if f.Taken == (len(f.Faults) > 0 || f.Failed != "") {
		return f, fmt.Errorf("stored: %v, and the log says %v %s", f.Taken, f.Faults, f.Failed)
	}
	if !f.Taken {
		delete(w.documents, path)
		if had {
			w.documents[path] = before
		}
	}
	for _, i := range instances[1:] {
		events := p.documentEvents()
		for n := 0; n < patience && p.documentEvents() == events; n++ {
			if err := i.Ticks(ctx); err != nil {
				return f, err
			}
			if !f.Taken || had && bytes.Equal(before, data) {
				break
			}
		}
	}
	return f, nil
}

// note takes what the log says about one document.
func (f *Fetched) note(lines []string, prefix string) {
	for _, line := range lines {
		text, ours := strings.CutPrefix(line, prefix)
		switch _, _, fault := SplitFault(text); {
		case ours && fault:
			f.Faults = append(f.Faults, text)
		case ours:
			f.Failed = text
		}
	}
}

// SplitFault takes a fault in the plugin's log apart: a JSON pointer, a code, and a text.
func SplitFault(text string) (pointer, code string, ok bool) {
	for from := 0; ; {
		n := strings.Index(text[from:], ": ")
		if n < 0 {
			return "", "", false
		}
		at := from + n
		name, _, more := strings.Cut(text[at+2:], ": ")
		if _, known := ajwt.ParseCode(name); known && more {
			pointer = text[:at]
			if pointer == "(document)" {
				pointer = ""
			}
			return pointer, name, true
		}
		from = at + 2
	}
}

// Read turns a case's request into one for a proxy. A body comes in two pieces.
func Read(q *vectors.Request, body []byte) *Request {
	r := &Request{Fields: []Field{{":method", q.Method}, {":scheme", q.Scheme}, {":authority", q.Authority}, {":path", q.Target}}}
	for _, h := range q.Headers {
		r.Fields = append(r.Fields, Field{h.Name, string(h.Value)})
	}
	if len(body) > 0 {
		half := len(body) / 2
		r.Body = [][]byte{body[:half], body[half:]}
	}
	return r
}

// Issuers lists the issuers of documents of a kind.
func (w *World) Issuers(kind ajwt.Kind) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(w.paths)) {
		if issuer, ok := strings.CutPrefix(name, kindName(kind)+" "); ok {
			list = append(list, issuer)
		}
	}
	return list
}
