package ajwt

import "math"

// coldTerms say which start of the replay memory a deferred decision cannot bear: what was
// issued by then may have been used before. The zero coldTerms bear any.
type coldTerms struct {
	checked bool  // the policy refuses what was issued before a cold start
	start   int64 // NumericDate: the start of the memory that check 1001 saw
	token   int64 // NumericDate: iat of the single-use token less the skew, MaxInt64 for none
	proof   int64 // so for the proof
}

// coldTerms are those of a decision that has come to its end.
func (r *run) coldTerms() coldTerms {
	c := coldTerms{r.issuer.coldStart, r.coldStartAt, math.MaxInt64, math.MaxInt64}
	if r.route.singleUse {
		c.token = r.claims.iatAt - r.issuer.skew
	}
	if r.proof.held {
		c.proof = r.proof.iat - r.issuer.skew
	}
	return c
}

// since decides under another start of the memory; 0 is one that has always been there.
// One that check 1001 has seen is decided already.
func (c *coldTerms) since(start int64) Code {
	switch {
	case !c.checked || start <= 0 || start <= c.start:
	case c.token <= start:
		return CodeReplayTokenColdStart
	case c.proof <= start:
		return CodeReplayProofColdStart
	}
	return 0
}

// Settle finishes a deferred decision with the answer of the host's replay memory.
// For ReplaySeen, seen is the index in Replay of the key that was known. Any result
// but ReplayFresh rejects, or is recorded where the route or the policy says so.
func (d *Decision) Settle(result ReplayResult, seen int) { d.SettleSince(result, seen, 0) }

// SettleSince is Settle for a memory that says with its answer when it started empty: start
// is that NumericDate, 0 for one that has always been there. A memory that was lost after
// the decision began knew nothing when it said ReplayFresh, so check 1001 is made again.
func (d *Decision) SettleSince(result ReplayResult, seen int, start int64) {
	if !d.Deferred {
		return
	}
	terms := d.Terms
	code := replayCode(result, d.Replay, seen)
	d.Deferred, d.Replay, d.Terms = false, nil, AnswerTerms{}
	if code == 0 {
		code = terms.cold.since(start)
	}
	switch {
	case code == 0:
	case result == ReplayUnavailable && terms.OutageAllowed:
		d.Warnings = append(d.Warnings, code)
	case terms.ReplayObserved:
		d.observe(code)
		d.Forward = terms.unproven
	default:
		d.enforce(code)
		d.answer(&terms)
	}
}
