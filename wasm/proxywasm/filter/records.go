package filter

import ajwt "github.com/agentic-jwt/ajwt/core"

// recordTable keeps the records of accepted requests, one for each place: a token that
// comes again has the same one, but for the time that the decision took.
type recordTable [64]struct {
	decision ajwt.Decision
	text     []byte // without the last brace; none where the place is free
}

// appendTo appends the record of a decision without its last brace.
func (t *recordTable) appendTo(dst []byte, d *ajwt.Decision) []byte {
	if d.Verdict != ajwt.Accept {
		dst = d.AppendRecord(dst)
		return dst[:len(dst)-1]
	}
	place := &t[int(d.JTIHash[0])%len(t)]
	if len(place.text) == 0 || !place.decision.SameRecord(d) {
		text := d.AppendRecord(place.text[:0])
		place.text = text[:len(text)-1]
		place.decision = *d
		place.decision.Forward, place.decision.Replay, place.decision.Terms = nil, nil, ajwt.AnswerTerms{}
	}
	return append(dst, place.text...)
}
