package receipts

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"time"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// kind is the type of a line.
type kind uint8

const (
	kindHeader kind = iota + 1
	kindDecision
	kindCheckpoint
	kindResume
)

var kindNames = [...]string{kindHeader: "header", kindDecision: "decision", kindCheckpoint: "checkpoint", kindResume: "resume"}

const (
	format     = "ajwt-receipts-1"
	timeLayout = "2006-01-02T15:04:05.000Z" // UTC, milliseconds
	logIDSize  = 16                         // random bytes that name a log

	// mostCheckpointLines bounds the promise of a header.
	mostCheckpointLines = 1 << 20
)

// lineLimits bounds one line: a decision record is flat but for its warnings.
var lineLimits = strictjson.Limits{Depth: 16, Members: 256, Values: 2048}

// record is one line, taken apart. Slices point into the line.
type record struct {
	kind kind
	seq  int64
	prev Hash
	time string

	log      string // header: base64url of logIDSize bytes
	every    int64  // header: decisions between checkpoints at most, 0 for no checkpoints
	decision []byte // decision: a JSON object
	sig      []byte // checkpoint: compact JWS
	cut      int64  // resume: bytes of an incomplete line that were cut off
}

// append writes the only form that a line with these values has, without its line end.
func (r *record) append(dst []byte) []byte {
	dst = r.appendStart(dst)
	dst = append(append(dst, r.time...), '"')
	switch r.kind {
	case kindHeader:
		dst = append(append(append(dst, `,"format":"`...), format...), `","log":"`...)
		dst = append(append(dst, r.log...), `","checkpoint_lines":`...)
		dst = strconv.AppendInt(dst, r.every, 10)
	case kindDecision:
		dst = append(append(dst, `,"decision":`...), r.decision...)
	case kindCheckpoint:
		dst = append(append(append(dst, `,"sig":"`...), r.sig...), '"')
	case kindResume:
		dst = strconv.AppendInt(append(dst, `,"cut":`...), r.cut, 10)
	}
	return append(dst, '}')
}

// appendStart writes what every line begins with, up to the time.
func (r *record) appendStart(dst []byte) []byte {
	dst = append(append(append(dst, `{"type":"`...), kindNames[r.kind]...), `","seq":`...)
	dst = append(strconv.AppendInt(dst, r.seq, 10), `,"prev":"`...)
	dst = base64.RawURLEncoding.AppendEncode(dst, r.prev[:])
	return append(dst, `","time":"`...)
}

// parser reads lines into memory that is used again.
type parser struct {
	doc  strictjson.Document
	form []byte
}

// parse reads one line without its line end: strict JSON, and byte for byte the form
// that append gives, so that a line that is changed and still means the same does not
// exist. fault is "" or says what is wrong.
func (p *parser) parse(line []byte) (r record, fault string) {
	if len(line) > MaxLine {
		return r, "longer than " + strconv.Itoa(MaxLine) + " bytes"
	}
	if err := p.doc.Parse(line, lineLimits); err != nil {
		return r, "not strict JSON: " + err.Error()
	}
	root := p.doc.Root()
	if root.Kind() != strictjson.Object {
		return r, "not a JSON object"
	}
	for k := kindHeader; k <= kindResume; k++ {
		if root.Member("type").Is(kindNames[k]) {
			r.kind = k
		}
	}
	if r.kind == 0 {
		return r, "the type is not one of header, decision, checkpoint, resume"
	}
	var ok bool
	if r.seq, ok = root.Member("seq").Integer(); !ok {
		return r, "seq is not a whole number from 0 to 2^53-1"
	}
	if r.prev, ok = ParseHash(string(root.Member("prev").Bytes())); !ok {
		return r, "prev is not the base64url of 32 bytes"
	}
	r.time = string(root.Member("time").Bytes())
	if at, err := time.Parse(timeLayout, r.time); err != nil || at.Format(timeLayout) != r.time {
		return r, "time does not have the form " + timeLayout
	}
	if fault = r.parseRest(root); fault != "" {
		return r, fault
	}
	p.form = r.append(p.form[:0])
	if !bytes.Equal(p.form, line) {
		return r, "not the form of a line of this type: members, their order, or white space"
	}
	return r, ""
}

// parseRest reads the members that belong to the type.
func (r *record) parseRest(root strictjson.Value) (fault string) {
	var ok bool
	switch r.kind {
	case kindHeader:
		if !root.Member("format").Is(format) {
			return "the format is not " + format
		}
		r.log = string(root.Member("log").Bytes())
		if id, err := base64.RawURLEncoding.Strict().DecodeString(r.log); err != nil || len(id) != logIDSize {
			return "log is not the base64url of 16 bytes"
		}
		if r.every, ok = root.Member("checkpoint_lines").Integer(); !ok || r.every > mostCheckpointLines {
			return "checkpoint_lines is not a whole number from 0 to 1048576"
		}
	case kindDecision:
		v := root.Member("decision")
		if v.Kind() != strictjson.Object {
			return "decision is not a JSON object"
		}
		r.decision = v.Raw()
	case kindCheckpoint:
		r.sig = root.Member("sig").Bytes()
	case kindResume:
		if r.cut, ok = root.Member("cut").Integer(); !ok {
			return "cut is not a whole number from 0 to 2^53-1"
		}
	}
	return ""
}

// isBeginning tells whether a fragment is what a crash leaves of the next line: the
// beginning of a line with this number and this prev. A file system that lost power
// may fill the rest with zero bytes.
func isBeginning(fragment []byte, seq int64, prev Hash, first bool) bool {
	fragment = bytes.TrimRight(fragment, "\x00")
	if first {
		start := []byte(`{"type":"header","seq":`)
		return bytes.HasPrefix(fragment, start) || bytes.HasPrefix(start, fragment)
	}
	for k := kindDecision; k <= kindResume; k++ {
		r := record{kind: k, seq: seq, prev: prev}
		start := r.appendStart(nil)
		if bytes.HasPrefix(fragment, start) || bytes.HasPrefix(start, fragment) {
			return true
		}
	}
	return false
}
