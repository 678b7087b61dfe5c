package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/agentic-jwt/ajwt/spec"
	"github.com/agentic-jwt/ajwt/vectors"
)

// suite is what all topics share.
type suite struct {
	codes  map[string]bool   // known to spec/codes.json
	ids    map[string]bool   // used
	made   map[string]string // key sets of single cases, by file name
	faults map[string]string // of faults.txt: name to meaning
	twins  map[string]twin   // by id
	inputs map[string]string // fingerprint of what a verifier sees: id

	bundles, lists *signedStore

	errs []string
}

func newSuite() *suite {
	s := &suite{codes: map[string]bool{}, ids: map[string]bool{}, made: map[string]string{}, faults: faultNames(),
		twins: map[string]twin{}, inputs: map[string]string{},
		bundles: newSignedStore(bundles()), lists: newSignedStore(revocationLists())}
	list, err := spec.Codes()
	if err != nil {
		panic(err)
	}
	for _, c := range list {
		s.codes[c.Code] = true
	}
	return s
}

// check reports what the builders noted.
func (s *suite) check() error {
	if len(s.errs) == 0 {
		return nil
	}
	sort.Strings(s.errs)
	return errors.New(strings.Join(s.errs, "\n"))
}

// builder makes the cases of one topic.
type builder struct {
	suite       *suite
	area, topic string
	refs        []string // of cases that name none

	requirements []string // likewise
	cases        []vectors.Case
}

// twin is an accepting case from which rejecting ones are made.
type twin struct {
	id    string
	scene scene
	input string // of value operations
	op    string
	load  *loadInput // of bundle_load and revocations_load
}

// option fills in a member of a case.
type option func(*vectors.Case)

// refs names the documents and sections that decide the case: "RFC 7515, section 4.1.1".
func refs(list ...string) option { return func(c *vectors.Case) { c.Refs = list } }

// kills names the seeded faults (faults.txt) that the case finds.
func kills(list ...string) option {
	return func(c *vectors.Case) { c.Kills = append(c.Kills, list...) }
}

// level is MUST (the default), SHOULD, MAY or PROFILE: a decision of our profile.
func level(l string) option { return func(c *vectors.Case) { c.Level = l } }

func threats(list ...string) option { return func(c *vectors.Case) { c.Threats = list } }

func cves(list ...string) option { return func(c *vectors.Case) { c.CVEs = list } }

func requirements(list ...string) option { return func(c *vectors.Case) { c.Requirements = list } }

// status pins the HTTP status of the answer.
func status(n int) option { return func(c *vectors.Case) { c.Expect.Status = n } }

// decides pins members of the decision record.
func decides(d vectors.Decision) option { return func(c *vectors.Case) { c.Expect.Decision = &d } }

// answers pins header fields of the answer, by lower-case name.
func answers(fields map[string]string) option {
	return func(c *vectors.Case) { c.Expect.Headers = fields }
}

// pointers pins the places of the faults of a load.
func pointers(list ...string) option { return func(c *vectors.Case) { c.Expect.Pointers = list } }

// algorithms overrides the JOSE algorithms that a subject must know.
func algorithms(list ...string) option { return func(c *vectors.Case) { c.Algorithms = list } }

// accept adds a case that must be accepted.
func (b *builder) accept(slug, title string, s scene, opts ...option) twin {
	c := b.start(slug, title, "verify")
	c.Expect = &vectors.Expect{Verdict: "accept"}
	c.Algorithms = s.algorithms()
	b.fill(&c, &s)
	b.add(c, opts)
	return b.keep(twin{id: c.ID, scene: s, op: "verify"})
}

func (b *builder) keep(t twin) twin {
	b.suite.twins[t.id] = t
	return t
}

// twin returns an accepting case that an earlier topic made.
func (b *builder) twin(id string) twin {
	t, ok := b.suite.twins[id]
	if !ok {
		panic("no accepting case " + id)
	}
	return t
}

// reject adds a case that must be rejected with code: the twin after one edit.
func (b *builder) reject(slug, title string, t twin, code string, e edit, opts ...option) {
	c := b.start(slug, title, "verify")
	c.Expect = &vectors.Expect{Verdict: "reject", Code: code}
	c.Twin = t.id
	c.Algorithms = t.scene.algorithms()
	s, m := e.apply(t.scene)
	c.Mutation = m
	b.fill(&c, &s)
	b.add(c, opts)
}

// near adds an accepting case close to a rejection: the twin after one edit, written
// out like any accepting case.
func (b *builder) near(slug, title string, t twin, e edit, opts ...option) twin {
	return b.accept(slug, title, t.scene.with(e), opts...)
}

// value adds a case of a value operation that must give value, "" for a load that
// succeeds.
func (b *builder) value(slug, title, op, input, value string, opts ...option) twin {
	c := b.start(slug, title, op)
	c.Input, c.Expect = json.RawMessage(input), &vectors.Expect{Value: value}
	b.add(c, opts)
	return b.keep(twin{id: c.ID, input: input, op: op})
}

// refuse adds a case of a value operation that must fail with code: the twin's input
// after one edit of layer input, or of layer key for the text of a key set.
func (b *builder) refuse(slug, title string, t twin, code string, e edit, opts ...option) {
	c := b.start(slug, title, t.op)
	changed, m := e.applyInput(t.input)
	c.Input, c.Expect, c.Twin, c.Mutation = json.RawMessage(changed), &vectors.Expect{Code: code}, t.id, m
	b.add(c, opts)
}

// step is one request of a sequence: the scene after edits, at a time, with the code of
// its rejection ("" for accept). With load ("keys", "bundle", "revocations") it loads that
// document of the scene instead: the named one of file, or else the scene's after the edits.
type step struct {
	now   int64
	code  string
	edits []edit

	load, file string
	at         []string // pointers of a load's faults
}

// sequence adds a case of several requests on one replay memory. The twin's scene is
// the base of every step; a sequence that ends in a rejection has it as its twin.
func (b *builder) sequence(slug, title string, base scene, twinID string, steps []step, opts ...option) {
	c := b.start(slug, title, "sequence")
	c.Twin, c.Algorithms = twinID, base.algorithms()
	b.document(&c, &base)
	for i, st := range steps {
		s := base.with(st.edits...)
		one := vectors.Step{Now: st.now, Expect: vectors.Expect{Verdict: "accept"}}
		if st.load != "" {
			one.Load = b.load(fmt.Sprintf("%s.%d", c.ID, i), &s, st)
			one.Expect = vectors.Expect{Pointers: st.at}
		} else {
			r, err := s.request()
			b.note(c.ID, err)
			one.Request = r
		}
		if st.code != "" {
			one.Expect.Code = st.code
			b.known(c.ID, st.code)
			if st.load == "" {
				one.Expect.Verdict = "reject"
			}
		}
		c.Requests = append(c.Requests, one)
	}
	if !slices.ContainsFunc(steps, func(st step) bool { return st.code != "" }) {
		c.Twin = "" // all is taken
	}
	b.add(c, opts)
}

// load names the document of a step that loads one.
func (b *builder) load(id string, s *scene, st step) *vectors.StepLoad {
	l := &vectors.StepLoad{Kind: st.load, Issuer: s.issuer(), File: st.file}
	switch {
	case st.file != "":
	case st.load == "bundle":
		l.File = b.suite.bundles.name(id, s.bundleDocument())
	case st.load == "revocations":
		l.File = b.suite.lists.name(id, s.listDocument())
	default:
		b.note(id, errors.New("a step that loads keys names a file"))
	}
	return l
}

func (b *builder) start(slug, title, op string) vectors.Case {
	return vectors.Case{ID: b.area + "." + b.topic + "." + slug, Title: title, Op: op, Level: "MUST", Refs: b.refs, Requirements: b.requirements, Since: "1.0"}
}

// fill writes the scene into the case.
func (b *builder) fill(c *vectors.Case, s *scene) {
	b.document(c, s)
	if now != usual && c.Expect.Verdict == "accept" {
		s = s.numbered(len(b.suite.ids))
	}
	r, err := s.request()
	b.note(c.ID, err)
	c.Now, c.Request = &s.now, r
}

// document writes policy, keys and the state of the verifier into the case.
func (b *builder) document(c *vectors.Case, s *scene) {
	c.Policy = json.RawMessage(quote(s.policy))
	if s.inline != "" {
		c.Policy = json.RawMessage(s.inline)
	}
	c.Keys, c.NonceKeys, c.Replay = s.keys, s.nonceKeys, s.replay
	c.Bundle, c.Revocations, c.Loaded = s.bundle, s.lists, s.loaded
	if s.changedBundle != nil {
		c.Bundle = with(s.bundle, s.issuer(), b.suite.bundles.name(c.ID, s.changedBundle))
	}
	if s.changedList != nil {
		c.Revocations = with(s.lists, s.issuer(), b.suite.lists.name(c.ID, s.changedList))
	}
	if s.keySet != "" {
		name := strings.ReplaceAll(strings.TrimPrefix(c.ID, "jwk."), ".", "-") + ".json"
		b.suite.made[name] = s.keySet
		c.Keys = with(s.keys, s.issuer(), name)
	}
}

// add applies the options and checks the case.
func (b *builder) add(c vectors.Case, opts []option) {
	for _, o := range opts {
		o(&c)
	}
	if b.suite.ids[c.ID] {
		b.note(c.ID, errors.New("the id stands twice"))
	}
	b.suite.ids[c.ID] = true
	if c.Expect != nil && c.Expect.Code != "" {
		b.known(c.ID, c.Expect.Code)
	}
	if len(c.Refs) == 0 {
		b.note(c.ID, errors.New("no refs"))
	}
	b.distinct(&c)
	for _, name := range c.Kills {
		if _, ok := b.suite.faults[name]; !ok {
			b.note(c.ID, fmt.Errorf("the fault %q is not in faults.txt", name))
		}
	}
	b.cases = append(b.cases, c)
}

func (b *builder) known(id, code string) {
	if !b.suite.codes[code] {
		b.note(id, fmt.Errorf("the code %q is not in spec/codes.json", code))
	}
}

func (b *builder) note(id string, err error) {
	if err != nil {
		b.suite.errs = append(b.suite.errs, id+": "+err.Error())
	}
}

// distinct notes a case that shows a verifier the same as another one.
func (b *builder) distinct(c *vectors.Case) {
	seen, err := line(vectors.Case{Op: c.Op, Policy: c.Policy, Keys: c.Keys, Bundle: c.Bundle, Revocations: c.Revocations,
		Loaded: c.Loaded, NonceKeys: c.NonceKeys, Replay: c.Replay, Now: c.Now, Request: c.Request, Requests: c.Requests, Input: c.Input})
	b.note(c.ID, err)
	if other, twice := b.suite.inputs[string(seen)]; twice {
		b.note(c.ID, errors.New("it is the same as "+other+": use twin"))
	}
	b.suite.inputs[string(seen)] = c.ID
}
