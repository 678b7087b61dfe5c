package abi

import (
	"encoding/binary"
	"strconv"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// Answer is an answer of the module as a host reads it. The zero Answer refuses.
type Answer struct {
	Action Action
	// Decision is what the head and the records say about a request. Deferred and
	// Replay are set for ActionTake.
	Decision  ajwt.Decision
	Record    string       // the decision record, "" where it was left out
	ErrorBody string       // the body of a rejection, "" where it was left out
	Faults    []ajwt.Fault // why a configuration, document or message was refused
	Warnings  []ajwt.Fault // what a configuration or document passed over
	// InForce is the version of the bundle or list that was loaded, for the host to keep;
	// its Kind is 0 otherwise.
	InForce ajwt.DocumentVersion
	// Strip are the names of the policy's forward, in the answer to a configuration: the
	// host removes such fields from every request that it lets pass (spec/abi.md, section 5).
	Strip []string
}

// DecodeAnswer reads an answer; the result holds copies. Everything that it cannot
// read, and every contradiction between action, verdict, code and records, is an
// *Error with the code abi_answer_malformed. Then the host rejects the request.
func DecodeAnswer(data []byte) (Answer, error) {
	a, err := decodeAnswer(string(data), data)
	if err != nil {
		err.Code = ajwt.CodeABIAnswerMalformed
		return Answer{}, err
	}
	return a, nil
}

// decodeAnswer reads data; text is the same, of which results are cut.
func decodeAnswer(text string, data []byte) (a Answer, err *Error) {
	in := reader{data: data}
	if len(data) > MaxMessageBytes || len(data) < headBytes {
		return a, in.fail(0, "want 10 to "+strconv.Itoa(MaxMessageBytes)+" bytes")
	}
	check, err := readHead(&in, &a)
	if err != nil {
		return a, err
	}
	in.at = headBytes
	var seen tagSet
	for {
		tag, value, ok, err := in.next()
		if err != nil {
			return a, err
		}
		if !ok {
			break
		}
		if tag >= 0x80 {
			return a, in.unknown(tag)
		}
		if !seen.add(tag) && !repeats(tag) {
			return a, in.duplicate(tag)
		}
		if err := answerRecord(&in, &a, tag, value, text[in.at-len(value):in.at]); err != nil {
			return a, err
		}
	}
	return a, consistent(&in, &a, check, seen.has(tagCodeName))
}

// repeats tells whether an answer may have several records of a tag.
func repeats(tag byte) bool {
	switch tag {
	case tagWarning, tagReplayKey, tagUpstreamHeader, tagFault, tagLoadWarning, tagStrip:
		return true
	}
	return false
}

// readHead reads the ten bytes in front and returns the number of the check.
func readHead(in *reader, a *Answer) (check int, err *Error) {
	h := in.data[:headBytes]
	d := &a.Decision
	a.Action = Action(h[0])
	if h[1] > byte(ajwt.Accept) || h[2] > 1 {
		return 0, in.fail(0, "verdict and enforced: want 0 or 1")
	}
	d.Verdict = ajwt.Verdict(h[1])
	d.Observed = h[2] == 0
	d.Status = int(binary.LittleEndian.Uint16(h[3:]))
	d.Code = ajwt.Code(binary.LittleEndian.Uint16(h[5:]))
	d.Level = ajwt.Level(h[9])
	if d.Level.Base() > ajwt.LevelAJWT || d.Level&^(0x0f|ajwt.LevelPoP|ajwt.LevelLinks) != 0 {
		return 0, in.fail(0, "the level is unknown")
	}
	if d.Code != 0 && !d.Code.Known() {
		return 0, in.fail(0, "the code is unknown to this host")
	}
	return int(binary.LittleEndian.Uint16(h[7:])), nil
}

// answerRecord takes one record; text is value as a part of the copy.
func answerRecord(in *reader, a *Answer, tag byte, value []byte, text string) *Error {
	d := &a.Decision
	switch tag {
	case tagCodeName:
		if text != d.Code.String() {
			return in.malformed(tag, "the name of the head's code")
		}
	case tagAnsIssuer:
		d.Issuer = text
	case tagSubject:
		d.Agent = text
	case tagWorkflow:
		d.Workflow = text
	case tagStep:
		d.Step = text
	case tagAct:
		d.Act = text
	case tagBundleVersion:
		version, ok := getInt64(value)
		if !ok || version <= 0 {
			return in.malformed(tag, "8 bytes, above 0")
		}
		d.BundleVersion = version
	case tagInForce:
		var ok bool
		if a.InForce, ok = readVersion(value, text); !ok {
			return in.malformed(tag, "kind 2 or 3, 8 bytes of version, 32 of digest, issuer")
		}
	case tagRoute:
		d.Route = text
	case tagChainHash:
		d.ChainHash = text
	case tagChallenge:
		d.Challenge = text
	case tagNonce:
		d.Nonce = text
	case tagErrorBody:
		a.ErrorBody = text
	case tagRecord:
		a.Record = text
	case tagThumbprint:
		return in.hash(tag, value, &d.KeyThumbprint)
	case tagJTIHash:
		return in.hash(tag, value, &d.JTIHash)
	case tagPolicyDigest:
		return in.hash(tag, value, &d.PolicyDigest)
	case tagWarning:
		code, name, ok := readCode(value, text)
		if !ok || name != code.String() {
			return in.malformed(tag, "a known code and its name")
		}
		d.Warnings = append(d.Warnings, code)
	case tagReplayKey:
		return in.replayKey(d, value)
	case tagUpstreamHeader:
		return in.upstreamHeader(d, value, text)
	case tagStrip:
		if !isFieldName(text) {
			return in.malformed(tag, "a name of lower-case letters, digits and hyphens")
		}
		a.Strip = append(a.Strip, text)
	case tagFault, tagLoadWarning:
		f, ok := readFault(value, text)
		if !ok {
			return in.malformed(tag, "code, name, pointer and detail")
		}
		if tag == tagFault {
			a.Faults = append(a.Faults, f)
		} else {
			a.Warnings = append(a.Warnings, f)
		}
	default:
		return in.unknown(tag)
	}
	return nil
}

func (r *reader) hash(tag byte, value []byte, to *[32]byte) *Error {
	if len(value) != len(to) {
		return r.malformed(tag, "32 bytes")
	}
	copy(to[:], value)
	return nil
}

func (r *reader) replayKey(d *ajwt.Decision, value []byte) *Error {
	if len(value) != replayKeyBytes || value[replayKeyBytes-1] > 1 {
		return r.malformed(tagReplayKey, "105 bytes, the last one 0 or 1")
	}
	k := ajwt.ReplayKey{
		Key:     [32]byte(value),
		Owner:   [32]byte(value[32:]),
		Tag:     [32]byte(value[64:]),
		Expires: int64(binary.LittleEndian.Uint64(value[96:])),
		Token:   value[104] == 1,
	}
	d.Replay = append(d.Replay, k)
	return nil
}

// upstreamHeader takes a field for the upstream. Whatever could end a field, or begin
// another, is refused here too: an answer need not come from a module that keeps its word.
func (r *reader) upstreamHeader(d *ajwt.Decision, value []byte, text string) *Error {
	name, rest, ok := split(value)
	if !ok || !isFieldName(string(name)) || len(rest) == 0 {
		return r.malformed(tagUpstreamHeader, "length, name of lower-case letters, digits and hyphens, value")
	}
	h := ajwt.Header{Name: text[4 : 4+len(name)], Value: text[4+len(name):]}
	for i := range len(h.Value) {
		if h.Value[i] < ' ' || h.Value[i] > '~' {
			return r.malformed(tagUpstreamHeader, "a value of visible ASCII and spaces")
		}
	}
	for i := range d.Forward {
		if d.Forward[i].Name == h.Name {
			return r.duplicate(tagUpstreamHeader)
		}
	}
	d.Forward = append(d.Forward, h)
	return nil
}

func isFieldName(name string) bool {
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return name != ""
}

// readCode reads two bytes of a known code; rest is what follows them.
func readCode(value []byte, text string) (code ajwt.Code, rest string, ok bool) {
	if len(value) < 2 {
		return 0, "", false
	}
	code = ajwt.Code(binary.LittleEndian.Uint16(value))
	return code, text[2:], code.Known()
}

func readFault(value []byte, text string) (f ajwt.Fault, ok bool) {
	if f.Code, text, ok = readCode(value, text); !ok {
		return f, false
	}
	name, rest, ok := split(value[2:])
	if !ok || string(name) != f.Code.String() {
		return f, false
	}
	pointer, detail, ok := split(rest)
	if !ok {
		return f, false
	}
	text = text[len(text)-len(pointer)-len(detail):]
	f.Pointer, f.Detail = text[:len(pointer)], text[len(pointer):]
	return f, true
}

// consistent refuses an answer whose parts contradict each other.
func consistent(in *reader, a *Answer, check int, named bool) *Error {
	d := &a.Decision
	passes := d.Verdict == ajwt.Accept || d.Observed
	keys := len(d.Replay) > 0
	switch {
	case check != d.Code.Check() || named != (d.Code != 0):
		return in.fail(0, "check number or code name is not the code's")
	case (d.Code == 0) != (d.Verdict == ajwt.Accept):
		return in.fail(0, "want a code with a rejection, and only there")
	case d.Verdict == ajwt.Accept && (d.Observed || d.Status != 0):
		return in.fail(0, "an acceptance has no status and is enforced")
	case d.Verdict == ajwt.Reject && !d.Observed && (d.Status < 400 || d.Status > 599):
		return in.fail(0, "a rejection has a status from 400 to 599")
	case a.Action == ActionRefuse && len(d.Forward) > 0:
		return in.fail(0, "a refusal has no fields for the upstream")
	case d.Observed && !d.Code.Observable():
		return in.fail(0, "this code is never merely observed")
	case a.Action == ActionPass && passes && !keys, a.Action == ActionRefuse && !passes && !keys:
		return nil
	case a.Action == ActionTake && passes && keys:
		d.Deferred = true
		return nil
	}
	return in.fail(0, "the action contradicts verdict or replay keys")
}
