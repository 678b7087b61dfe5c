package ajwt

// Verdict is the answer to the question whether the request is as it should be.
// The zero Verdict rejects.
type Verdict uint8

// The verdicts.
const (
	Reject Verdict = iota
	Accept
)

// String returns "accept" or "reject".
func (v Verdict) String() string {
	if v == Accept {
		return "accept"
	}
	return "reject"
}

// Level is the protection that a request really got: one of jwt, agent, ajwt, with
// the flags for a proof of possession and for verified delegation links. The zero
// Level means none.
type Level uint8

// The levels, lowest first, and the flags (spec/profile.md, section 12).
const (
	LevelNone  Level = 0
	LevelJWT   Level = 1 // token, time, audience, scopes
	LevelAgent Level = 2 // and the bundle: agent, registration, checksum
	LevelAJWT  Level = 3 // and chain, workflow and step

	LevelPoP   Level = 0x10 // the caller proved possession of the token's key
	LevelLinks Level = 0x20 // every hop of the delegation signed for itself
)

// Base returns the level without its flags.
func (l Level) Base() Level { return l & 0x0f }

// String returns, for example, "jwt+pop"; "none" for the zero Level.
func (l Level) String() string {
	flags := 0
	if l&LevelPoP != 0 {
		flags = 1
	}
	if l&LevelLinks != 0 {
		flags += 2
	}
	switch l.Base() {
	case LevelJWT:
		return [...]string{"jwt", "jwt+pop", "jwt+links", "jwt+pop+links"}[flags]
	case LevelAgent:
		return [...]string{"agent", "agent+pop", "agent+links", "agent+pop+links"}[flags]
	case LevelAJWT:
		return [...]string{"ajwt", "ajwt+pop", "ajwt+links", "ajwt+pop+links"}[flags]
	}
	return [...]string{"none", "none+pop", "none+links", "none+pop+links"}[flags]
}

// Decision is the answer of Verify. Let the request through only if Allows says so.
// Members that the checks did not reach are empty. It holds no token, proof or key.
type Decision struct {
	Verdict  Verdict
	Observed bool // a rejection that the route only observes: the request may pass
	Code     Code // why, 0 for accept
	Level    Level

	Issuer        string   // iss, once an issuer of the policy was found
	Agent         string   // sub
	Workflow      string   // intent.workflow_id
	Step          string   // intent.workflow_step
	Act           string   // sub of the outermost act (RFC 8693, section 4.1); reported, no check reads it
	ChainHash     string   // intent.delegation_chain
	Route         string   // id of the route that matched, "" for none
	KeyThumbprint [32]byte // RFC 7638 SHA-256 of the key that signed the proof, zero without one
	JTIHash       [32]byte // SHA-256 of the token's jti, zero where it was not read
	PolicyDigest  [32]byte // SHA-256 of the policy's bytes without the value of hosts
	BundleVersion int64    // of the bundle that the decision read, 0 for none
	Warnings      []Code   // observed rejections beside Code, in order

	// Forward are the header fields that the policy's forward wants set for the upstream:
	// claims of the stages that were passed, as values of visible ASCII and spaces. Empty
	// for a request that does not pass. The host first removes every field that
	// Policy.Strips names, then sets these.
	Forward []Header

	// Status and Challenge are the HTTP status and the value of WWW-Authenticate
	// for a rejection, 0 and "" otherwise. Nonce is a fresh value for DPoP-Nonce
	// where one is due (RFC 9449, section 8).
	Status    int
	Challenge string
	Nonce     string

	// Deferred is set where the host's own replay memory must first take Replay, all
	// or none; then Settle finishes the decision. Terms is what Settle needs.
	Deferred bool
	Replay   []ReplayKey
	Terms    AnswerTerms
}

// AnswerTerms are the parts of an answer that follow from route and policy.
type AnswerTerms struct {
	Bearer         bool   // some route of the policy takes a token without a proof
	BearerUsed     bool   // the request came under the Bearer scheme
	ReplayObserved bool   // the route only observes the replay stage
	OutageAllowed  bool   // replay.on_outage is allow
	Algorithms     string // admitted proof algorithms, for the challenge
	Scopes         string // the route's scopes, for the challenge
	Nonce          string // for DPoP-Nonce, where one is due

	cold     coldTerms
	unproven []Header // Decision.Forward where a failure of the replay stage is observed
}

// Allows tells whether the request may pass. It is false while Deferred is set:
// then the host must first have its replay memory take all of Replay.
func (d *Decision) Allows() bool {
	return (d.Verdict == Accept || d.Observed) && !d.Deferred
}

// observe records a rejection that the route does not enforce.
func (d *Decision) observe(code Code) {
	if d.Code == 0 {
		d.Code, d.Observed, d.Verdict = code, true, Reject
	} else {
		d.Warnings = append(d.Warnings, code)
	}
	if code.Stage() == StageReplay {
		d.Level &^= LevelPoP // a proof that was used before proves nothing now
	}
}

// enforce rejects. What was observed before becomes a warning.
func (d *Decision) enforce(code Code) {
	if d.Observed {
		d.Warnings = append([]Code{d.Code}, d.Warnings...)
	}
	d.reject(code)
}

// reject makes the decision a rejection that is enforced.
func (d *Decision) reject(code Code) {
	d.Verdict, d.Observed, d.Code, d.Deferred, d.Replay, d.Forward = Reject, false, code, false, nil, nil
	d.Level = LevelNone
	d.Status = code.Status()
}

// answer adds to a rejection what its HTTP answer carries: the nonce that is due,
// and for 401 and insufficient scope the challenge (RFC 9110, section 11.6.1): DPoP
// with the admitted algorithms (RFC 9449, section 7.1), and Bearer where some
// route of the policy takes it: what this route takes is told to nobody unauthenticated. The error stands in the challenge of the scheme that the request used
// (section 7.2), in DPoP's where that is the only one.
func (d *Decision) answer(t *AnswerTerms) {
	if d.Status == 401 && d.Code.Stage() >= StageProof {
		d.Nonce = t.Nonce
	}
	if d.Status != 401 && d.Code != CodeWorkflowScopeInsufficient {
		return
	}
	buf := make([]byte, 0, 160)
	writeError := func() {
		if oauth := d.Code.OAuthError(); oauth != "" {
			buf = append(append(append(buf, ` error="`...), oauth...), '"')
		}
		if d.Code == CodeWorkflowScopeInsufficient {
			buf = append(append(append(buf, `, scope="`...), t.Scopes...), '"')
		}
	}
	dpop := t.Algorithms != ""
	bearerUsed := t.Bearer && (t.BearerUsed || !dpop)
	if t.Bearer {
		buf = append(buf, "Bearer"...)
		if bearerUsed {
			writeError()
		}
	}
	if !dpop {
		d.Challenge = string(buf)
		return
	}
	if t.Bearer {
		buf = append(buf, ", "...)
	}
	buf = append(buf, "DPoP"...)
	if before := len(buf); !bearerUsed {
		if writeError(); len(buf) > before {
			buf = append(buf, ',')
		}
	}
	buf = append(append(append(buf, ` algs="`...), t.Algorithms...), '"')
	d.Challenge = string(buf)
}

// AppendErrorBody appends the small JSON body of a rejection: the OAuth error and
// the code.
func (d *Decision) AppendErrorBody(dst []byte) []byte {
	dst = append(dst, `{"error":`...)
	oauth := d.Code.OAuthError()
	if oauth == "" {
		oauth = "invalid_request"
	}
	dst = appendJSONString(dst, oauth)
	dst = append(dst, `,"code":`...)
	dst = appendJSONString(dst, d.Code.String())
	return append(dst, '}')
}
