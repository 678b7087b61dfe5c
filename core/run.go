package ajwt

import (
	"crypto/sha256"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// check is one entry of the order.
type check struct {
	number int
	stage  Stage
	run    func(*run) Code
	token  func(*subject) Code // instead of run, where it reads the token alone
	skips  skips               // it is passed over when any of these holds
}

// skips are reasons to pass over checks.
type skips uint8

const (
	skipKnown skips = 1 << iota // the token is known: its checks passed
	skipProof                   // a failure of the proof stage was observed
	skipDPoP                    // no DPoP proof must hold; and so on
	skipHTTPSig
	skipPatchet

	skipMethods = skipDPoP | skipHTTPSig | skipPatchet
)

// of makes the check.
func (c *check) of(r *run) Code {
	if c.token != nil {
		return c.token(&r.subject)
	}
	return c.run(r)
}

// scratch is the memory of one decision, used again by the next.
type scratch struct {
	run       run
	token     compact
	proof     compact
	path      requestPath
	authority []byte
	url, url2 []byte
	hash      []byte
	bind      []byte
	body      strictjson.Document // a request's body, where a tool is read from it
	small     [64]byte
	subject   subjectMemory
	proofKey  Key
	httpsig   messageSignature
	replay    [2]ReplayKey
	entry     SignatureEntry
	links     []link
}

// run is the state of one decision: what the checks so far have established.
type run struct {
	subject // of the token

	v     *Verifier
	s     *scratch
	state *state
	req   *Request
	now   int64
	d     Decision

	authorization string // the field's value
	tokenText     string
	proofText     string
	proofSent     bool // the field is there, even if it is empty
	dpopScheme    bool
	route         *route
	routeAt       int

	known     *knownToken // a remembered token, nil for one that is taken apart anew
	tokenHash [sha256.Size]byte

	verified bool // the token's signature is a remembered one
	settled  bool
	skips    skips
	proof    proofState

	// What the bundle and the list in force say; nil, and chain -1, where nothing is known.
	bundle       *Bundle
	list         *RevocationList
	agent        *bundleAgent
	registration *registration
	workflow     *bundleWorkflow
	alias        map[string]int32 // steps of the alias that the token names the workflow by
	step         *bundleStep
	agentAt      int32
	workflowAt   int32
	stepAt       int32
	chain        int32
	links        int      // of s.links, as many as have the form of one
	linked       bool     // all of them hold
	failed       stageSet // stages of which a failure was observed

	coldStartAt int64 // the start of the replay memory that check 1001 saw
}

// begin begins a decision. The run is zero: end leaves no other in the pool.
func (v *Verifier) begin(req *Request) *run {
	s := v.scratch.Get().(*scratch)
	r := &s.run
	r.v, r.s, r.state, r.req, r.now = v, s, v.state.Load(), req, req.Now
	r.policy, r.keys, r.mem, r.token = v.policy, r.state.keys, &s.subject, &s.token
	r.issuerAt, r.routeAt, r.chain = -1, -1, -1
	r.d.PolicyDigest = v.policy.digest
	return r
}

// end gives the scratch memory back: the pool keeps memory, not requests.
func (r *run) end() {
	v, s := r.v, r.s
	*r = run{}
	v.scratch.Put(s)
}

// decide runs the checks in order. A failure that the route observes is recorded and
// the remaining checks go on, those of the proof stage excepted.
func (r *run) decide() {
	if r.now < 0 || r.now > strictjson.MaxInteger {
		r.d.reject(CodeInternalClockInvalid)
		return
	}
	for i := range checks {
		c := &checks[i]
		if c.skips&r.skips != 0 {
			continue
		}
		code := c.of(r)
		if code == 0 {
			continue
		}
		if c.number > 509 {
			if open := r.settle(); open != 0 {
				code = open
			}
		}
		if !r.observes(code) {
			r.d.enforce(code)
			return
		}
		r.d.observe(code)
		r.failed |= 1 << c.stage
		if c.stage == StageProof {
			r.skips |= skipProof
		}
	}
	if r.d.Code == 0 {
		r.d.Verdict = Accept
	}
	r.d.Level |= r.level()
}

// level is what the checks established, without the proof's flag.
func (r *run) level() Level {
	level := LevelJWT
	if r.bundle == nil || r.agent == nil || r.registration == nil || r.failed.has(StageAgent) {
		return level
	}
	level = LevelAgent
	if r.workflow == nil || r.step == nil || r.chain < 0 || r.failed.has(StageDelegation) || r.failed.has(StageWorkflow) {
		return level
	}
	level = LevelAJWT
	if r.linked {
		level |= LevelLinks
	}
	return level
}

// observes tells whether a rejection is only recorded: the route lists its stage,
// its time has not come, and the registry admits it.
func (r *run) observes(code Code) bool {
	observed := r.route != nil && r.route.observed.has(code.Stage()) && r.now < r.route.observeUntil && code.Observable()
	return laxObserved(r, code, observed)
}

// finish fills in what the answer and the record say. Its strings are copies of
// their own, since the scratch memory goes on to the next decision.
func (r *run) finish() {
	d := &r.d
	if r.route != nil {
		d.Route = r.route.id
	}
	if r.issuer != nil {
		d.Issuer = r.issuer.id
	}
	if r.bundle != nil {
		d.BundleVersion = r.bundle.version
	}
	if d.Code == 0 || d.Code.Stage() > StageSignature {
		r.describe()
	}
	if d.Code == 0 || d.Code.Stage() > StageClaim {
		r.rememberToken()
	}
	if laxHolds("forward-when-rejected", d.Verdict == Accept || d.Observed) {
		d.Forward = r.forward(d.Level, r.failed)
	}
	if d.Verdict == Reject && !d.Observed {
		terms := r.terms()
		d.answer(&terms)
	} else if d.Deferred {
		d.Terms = r.terms()
		d.Terms.Nonce = r.v.freshNonce(r.now)
		d.Terms.cold = r.coldTerms()
		if d.Terms.ReplayObserved {
			d.Terms.unproven = r.forward(d.Level&^LevelPoP, r.failed|1<<StageReplay)
		}
	}
	laxAnswer(r)
}

// terms are what an answer takes from route and policy.
func (r *run) terms() AnswerTerms {
	t := AnswerTerms{Algorithms: r.policy.proof.algs, Bearer: r.policy.bearer, BearerUsed: r.tokenText != "" && !r.dpopScheme}
	if r.route != nil {
		t.Scopes = r.route.scopeList
		t.ReplayObserved = r.observes(CodeReplayProofReused)
	}
	t.OutageAllowed = r.policy.replay.onOutageAllow
	if code := r.d.Code; code.Status() == 401 && code.Stage() >= StageProof {
		t.Nonce = r.v.freshNonce(r.now)
	}
	return t
}

// describe takes the token's own words into the answer. Workflow and step may be by now
// those that the token named by an alias; of an intent that the checks did not reach it
// says nothing, though it may be known.
func (r *run) describe() {
	d, fresh := &r.d, tokenWords{}
	w := &fresh
	if r.known != nil {
		w = &r.known.words
	} else {
		fresh = r.words(&r.s.hash)
	}
	d.Agent, d.Workflow, d.Step, d.ChainHash, d.Act, d.JTIHash = w.agent, w.workflow, w.step, w.chainHash, w.act, w.jtiHash
	if r.known != nil && d.Code != 0 && !d.Observed && d.Code.Check() < intentCheck {
		d.Workflow, d.Step, d.ChainHash = "", "", ""
	}
	if r.workflow != nil && d.Workflow != string(r.intent.workflow) {
		d.Workflow = string(r.intent.workflow)
	}
	if r.step != nil && d.Step != string(r.intent.step) {
		d.Step = string(r.intent.step)
	}
}
