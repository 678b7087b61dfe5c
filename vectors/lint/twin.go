package lint

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// checkTwin: a rejection is one mutation away from an accepting case; an accepting case
// has neither twin nor mutation. A sequence may be its own twin: one of its requests is
// accepted.
func (l *linter) checkTwin(c *vectors.Case) {
	if accepts(c) {
		if c.Twin != "" || c.Mutation != nil {
			l.find(Twin, c.ID, "an accepting case has neither twin nor mutation")
		}
		return
	}
	if c.Op == "sequence" {
		l.checkSequenceTwin(c)
		return
	}
	t, ok := l.cases[c.Twin]
	switch {
	case !ok:
		l.find(Twin, c.ID, "the twin %q is not in the suite", c.Twin)
	case !accepts(t):
		l.find(Twin, c.ID, "the twin %s is no accepting case", c.Twin)
	case t.Op != c.Op:
		l.find(Twin, c.ID, "the twin %s has another operation", c.Twin)
	case c.Mutation == nil:
		l.find(Twin, c.ID, "a rejection without a mutation")
	default:
		if err := l.checkMutation(c, t); err != nil {
			l.find(Mutation, c.ID, "%s %s: %v", c.Mutation.Layer, c.Mutation.Path, err)
		}
	}
}

func (l *linter) checkSequenceTwin(c *vectors.Case) {
	if c.Twin != "" {
		if t, ok := l.cases[c.Twin]; !ok || !accepts(t) {
			l.find(Twin, c.ID, "the twin %q is no accepting case of the suite", c.Twin)
		}
		return
	}
	for _, e := range expectations(c) {
		if e.Code == "" {
			return
		}
	}
	l.find(Twin, c.ID, "a sequence without twin in which nothing is accepted")
}

// checkRepeat: a verifier cannot answer one input in two ways, and need not be asked
// twice.
func (l *linter) checkRepeat(c *vectors.Case, seen map[string]string) {
	text, err := json.Marshal(vectors.Case{Op: c.Op, Policy: c.Policy, Keys: c.Keys, Bundle: c.Bundle, Revocations: c.Revocations,
		Loaded: c.Loaded, NonceKeys: c.NonceKeys, Replay: c.Replay, Now: c.Now, Request: c.Request, Requests: c.Requests, Input: c.Input})
	if err != nil {
		l.find(Form, c.ID, "%v", err)
		return
	}
	sum := sha256.Sum256(text)
	if other, twice := seen[string(sum[:])]; twice {
		l.find(Repeat, c.ID, "the input is that of %s", other)
	}
	seen[string(sum[:])] = c.ID
}

// parts is a case of op verify taken apart.
type parts struct {
	policy  string
	keys    map[string]string // issuer to text
	bundles map[string]string // issuer to compact form
	lists   map[string]string
	now     int64
	loaded  *int64
	request vectors.Request
	scheme  string // with the spaces behind it
	token   string
	proof   string

	links   []string // after a mutation of a link
	changed int      // its place
}

// takeApart finds token and proof of a twin, which has one of each at most.
func (l *linter) takeApart(c *vectors.Case) (*parts, error) {
	p := &parts{now: *c.Now, loaded: c.Loaded, request: *c.Request}
	policy, err := l.policy(c)
	if err != nil {
		return nil, err
	}
	p.policy = string(policy)
	if p.keys, err = l.documents("keys", c.Keys); err != nil {
		return nil, err
	}
	if p.bundles, err = l.documents("bundle", c.Bundle); err != nil {
		return nil, err
	}
	if p.lists, err = l.documents("revocations", c.Revocations); err != nil {
		return nil, err
	}
	if value, ok := field(c.Request, "authorization"); ok {
		i := strings.LastIndexByte(value, ' ')
		p.scheme, p.token = value[:i+1], value[i+1:]
	}
	p.proof, _ = field(c.Request, "dpop")
	return p, nil
}

// documents reads the named documents of a kind, by issuer.
func (l *linter) documents(kind string, names map[string]string) (map[string]string, error) {
	texts := make(map[string]string, len(names))
	for issuer, name := range names {
		text, err := l.document(kind, name)
		if err != nil {
			return nil, err
		}
		texts[issuer] = string(text)
	}
	return texts, nil
}

// field returns the first field of that name.
func field(r *vectors.Request, name string) (string, bool) {
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, name) {
			return string(h.Value), true
		}
	}
	return "", false
}

// checkMutation applies the mutation to the twin and compares with the case.
func (l *linter) checkMutation(c, twin *vectors.Case) error {
	m := c.Mutation
	from, err := recorded(m.From)
	if err != nil {
		return fmt.Errorf("from: %w", err)
	}
	to, err := recorded(m.To)
	if err != nil {
		return fmt.Errorf("to: %w", err)
	}
	if !requestOp(c.Op) {
		return checkInput(c, twin, from, to)
	}
	want, err := l.takeApart(twin)
	if err != nil {
		return err
	}
	got, err := l.takeApart(c)
	if err != nil {
		return err
	}
	if fmt.Sprint(c.NonceKeys, c.Replay) != fmt.Sprint(twin.NonceKeys, twin.Replay) {
		return errors.New("the nonce keys or the replay memory differ too")
	}
	if err := want.apply(m, from, to); err != nil {
		return err
	}
	if m.Layer == "request" {
		want.token, want.proof, got.token, got.proof = "", "", "", ""
	}
	return want.compare(got, m.Layer)
}

// apply changes the layer that the mutation names.
func (p *parts) apply(m *vectors.Mutation, from, to *string) error {
	switch m.Layer {
	case "now":
		if from == nil || to == nil || *from != strconv.FormatInt(p.now, 10) {
			return errors.New("from is not the twin's time")
		}
		n, err := strconv.ParseInt(*to, 10, 64)
		p.now = n
		return err
	case "loaded":
		return p.applyLoaded(from, to)
	case "policy":
		return changeText(&p.policy, m.Path, from, to)
	case "bundle", "bundle.header", "bundle.compact":
		return changeSigned(p.bundles, p.issuer(), m, from, to)
	case "list", "list.header", "list.compact":
		return changeSigned(p.lists, p.issuer(), m, from, to)
	case "link", "link.compact":
		return p.applyLink(m, from, to)
	case "key":
		return p.applyKey(m.Path, from, to)
	case "request":
		text, err := json.Marshal(p.request)
		if err != nil {
			return err
		}
		changed := string(text)
		if err := changeText(&changed, m.Path, from, to); err != nil {
			return err
		}
		p.request = vectors.Request{}
		return json.Unmarshal([]byte(changed), &p.request)
	case "compact":
		return splice(&p.token, m.Path, from, to)
	case "proof.compact":
		return splice(&p.proof, m.Path, from, to)
	case "header":
		return changePart(&p.token, 0, m.Path, from, to)
	case "payload":
		return changePart(&p.token, 1, m.Path, from, to)
	case "proof.header":
		return changePart(&p.proof, 0, m.Path, from, to)
	case "proof.payload":
		return changePart(&p.proof, 1, m.Path, from, to)
	}
	return fmt.Errorf("the layer %q is unknown", m.Layer)
}

// changeText changes a JSON text and compares what stood there with from.
func changeText(text *string, path string, from, to *string) error {
	t, err := parseTree(*text)
	if err != nil {
		return err
	}
	old, err := t.change(path, to)
	if err != nil {
		return err
	}
	if !sameText(old, from) {
		return errors.New("from is not what stands in the twin")
	}
	*text = t.text()
	return nil
}

// changePart changes the JSON text of one part of a compact form.
func changePart(compact *string, part int, path string, from, to *string) error {
	list := strings.Split(*compact, ".")
	if len(list) != 3 {
		return errors.New("the twin has no three parts")
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(list[part])
	if err != nil {
		return err
	}
	changed := string(text)
	if err := changeText(&changed, path, from, to); err != nil {
		return err
	}
	list[part] = base64.RawURLEncoding.EncodeToString([]byte(changed))
	*compact = strings.Join(list, ".")
	return nil
}

// splice replaces bytes at an offset. The recorded texts are JSON strings.
func splice(compact *string, path string, from, to *string) error {
	at, err := strconv.Atoi(path)
	if err != nil || at < 0 || at > len(*compact) {
		return errors.New("the path is no offset")
	}
	old, err := bytesOf(from)
	if err != nil {
		return err
	}
	replacement, err := bytesOf(to)
	if err != nil {
		return err
	}
	rest, ok := strings.CutPrefix((*compact)[at:], old)
	if !ok {
		return errors.New("from is not what stands in the twin")
	}
	*compact = (*compact)[:at] + replacement + rest
	return nil
}

// bytesOf reads a JSON string; what is none (it came from $base64) is taken as it is.
func bytesOf(text *string) (string, error) {
	if text == nil {
		return "", nil
	}
	var s string
	if strings.HasPrefix(*text, `"`) {
		err := json.Unmarshal([]byte(*text), &s)
		return s, err
	}
	return *text, nil
}

// applyKey changes the key set that counts for the token's issuer: the one that stands
// in the policy, or the one that is loaded. The empty path with nothing in its place
// means that no set is loaded.
func (p *parts) applyKey(path string, from, to *string) error {
	issuer := p.issuer()
	policy, err := parseTree(p.policy)
	if err != nil {
		return err
	}
	if at := inlineKeys(policy, issuer); at != "" {
		return changeText(&p.policy, at+path, from, to)
	}
	set, ok := p.keys[issuer]
	if !ok {
		return fmt.Errorf("no keys of %s are loaded", issuer)
	}
	if path == "" && to == nil {
		delete(p.keys, issuer)
		if !sameText(&set, from) {
			return errors.New("from is not what stands in the twin")
		}
		return nil
	}
	err = changeText(&set, path, from, to)
	p.keys[issuer] = set
	return err
}

// issuer returns the iss of the token, "" if it has none.
func (p *parts) issuer() string {
	list := strings.Split(p.token, ".")
	if len(list) < 2 {
		return ""
	}
	payload, _ := base64.RawURLEncoding.DecodeString(list[1])
	return stringAt(string(payload), "/iss")
}

// inlineKeys returns the pointer to the key set of an issuer in a policy, "" if there is
// none.
func inlineKeys(policy *tree, issuer string) string {
	for i := 0; ; i++ {
		at := "/issuers/" + strconv.Itoa(i)
		if policy.at(at) == nil {
			return ""
		}
		if id := policy.at(at + "/issuer"); id != nil && unquote(id.text()) == issuer && policy.at(at+"/jwks") != nil {
			return at + "/jwks"
		}
	}
}

func stringAt(text, pointer string) string {
	t, err := parseTree(text)
	if err != nil {
		return ""
	}
	if v := t.at(pointer); v != nil {
		return unquote(v.text())
	}
	return ""
}

func unquote(text string) string {
	var s string
	_ = json.Unmarshal([]byte(text), &s)
	return s
}
