package abi

import (
	"encoding/binary"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// Action is the first byte of an answer: what the host must do. The values differ in
// every bit, so that no small slip turns a refusal into something else.
type Action uint8

// The actions. A host refuses on every value but ActionPass and ActionTake.
const (
	ActionRefuse Action = 0x00 // refuse; for configure and load: nothing has changed
	ActionPass   Action = 0xa5 // let the request pass; for configure and load: done
	ActionTake   Action = 0x5a // let it pass only if the host's store takes all replay keys
)

// headBytes is the length of the head: action u8, verdict u8, enforced u8, status
// u16, code u16, check u16, level u8.
const headBytes = 10

// replayKeyBytes is the length of a replay key's record: key, owner, tag, expiry, token.
const replayKeyBytes = 32 + 32 + 32 + 8 + 1

func action(d *ajwt.Decision) Action {
	switch {
	case d.Deferred && len(d.Replay) > 0 && (d.Verdict == ajwt.Accept || d.Observed):
		return ActionTake
	case d.Allows():
		return ActionPass
	}
	return ActionRefuse
}

// AppendAnswer appends the answer to a request.
func AppendAnswer(dst []byte, d *ajwt.Decision, omit Omit) []byte {
	act := action(d)
	dst = appendAnswerHead(dst, act, d)
	if d.Code != 0 {
		dst = appendText(dst, tagCodeName, d.Code.String())
	}
	dst = appendOptional(dst, tagAnsIssuer, d.Issuer)
	dst = appendOptional(dst, tagSubject, d.Agent)
	dst = appendOptional(dst, tagWorkflow, d.Workflow)
	dst = appendOptional(dst, tagStep, d.Step)
	dst = appendOptional(dst, tagAct, d.Act)
	dst = appendOptional(dst, tagRoute, d.Route)
	dst = appendOptional(dst, tagChainHash, d.ChainHash)
	dst = appendHash(dst, tagThumbprint, &d.KeyThumbprint)
	dst = appendHash(dst, tagJTIHash, &d.JTIHash)
	dst = appendHash(dst, tagPolicyDigest, &d.PolicyDigest)
	if d.BundleVersion != 0 {
		dst = appendInt64(dst, tagBundleVersion, d.BundleVersion)
	}
	for _, w := range d.Warnings {
		dst = appendHead(dst, tagWarning, 2+len(w.String()))
		dst = binary.LittleEndian.AppendUint16(dst, uint16(w))
		dst = append(dst, w.String()...)
	}
	if act == ActionTake {
		for i := range d.Replay {
			dst = appendReplayKey(dst, &d.Replay[i])
		}
	}
	dst = appendOptional(dst, tagChallenge, d.Challenge)
	dst = appendOptional(dst, tagNonce, d.Nonce)
	if act != ActionRefuse {
		for i := range d.Forward {
			h := &d.Forward[i]
			dst = appendHead(dst, tagUpstreamHeader, 4+len(h.Name)+len(h.Value))
			dst = binary.LittleEndian.AppendUint32(dst, uint32(len(h.Name)))
			dst = append(append(dst, h.Name...), h.Value...)
		}
	}
	if omit&OmitErrorBody == 0 && act == ActionRefuse {
		dst = appendSized(dst, tagErrorBody, d.AppendErrorBody)
	}
	if omit&OmitRecord == 0 {
		dst = appendSized(dst, tagRecord, d.AppendRecord)
	}
	return dst
}

func appendAnswerHead(dst []byte, act Action, d *ajwt.Decision) []byte {
	enforced := byte(1)
	if d.Observed {
		enforced = 0
	}
	dst = append(dst, byte(act), byte(d.Verdict), enforced)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(d.Status))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(d.Code))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(d.Code.Check()))
	return append(dst, byte(d.Level))
}

func appendReplayKey(dst []byte, k *ajwt.ReplayKey) []byte {
	dst = appendHead(dst, tagReplayKey, replayKeyBytes)
	dst = append(dst, k.Key[:]...)
	dst = append(dst, k.Owner[:]...)
	dst = append(dst, k.Tag[:]...)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(k.Expires))
	token := byte(0)
	if k.Token {
		token = 1
	}
	return append(dst, token)
}

// appendSized writes a record whose value add appends, and its length afterwards.
func appendSized(dst []byte, tag byte, add func([]byte) []byte) []byte {
	dst = appendHead(dst, tag, 0)
	start := len(dst)
	dst = add(dst)
	binary.LittleEndian.PutUint32(dst[start-4:], uint32(len(dst)-start))
	return dst
}

// appendRefusal appends the answer to a message that cannot be read, or to which the
// module cannot give an answer.
func appendRefusal(dst []byte, f ajwt.Fault, omit Omit) []byte {
	d := ajwt.Decision{Code: f.Code, Status: f.Code.Status()}
	dst = AppendAnswer(dst, &d, omit)
	return appendFault(dst, tagFault, &f)
}

// appendDone appends the answer to a configuration or document that was taken.
func appendDone(dst []byte, digest [32]byte, warnings []ajwt.Fault) []byte {
	d := ajwt.Decision{Verdict: ajwt.Accept}
	dst = appendAnswerHead(dst, ActionPass, &d)
	dst = appendHash(dst, tagPolicyDigest, &digest)
	for i := range warnings {
		dst = appendFault(dst, tagLoadWarning, &warnings[i])
	}
	return dst
}

// appendNotDone appends the answer to a configuration or document that was refused:
// the head carries the code of the first fault.
func appendNotDone(dst []byte, faults []ajwt.Fault) []byte {
	code := faults[0].Code
	d := ajwt.Decision{Code: code, Status: code.Status()}
	dst = appendAnswerHead(dst, ActionRefuse, &d)
	dst = appendText(dst, tagCodeName, code.String())
	for i := range faults {
		dst = appendFault(dst, tagFault, &faults[i])
	}
	return dst
}

func appendFault(dst []byte, tag byte, f *ajwt.Fault) []byte {
	name := f.Code.String()
	dst = appendHead(dst, tag, 2+4+len(name)+4+len(f.Pointer)+len(f.Detail))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(f.Code))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(name)))
	dst = append(dst, name...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(f.Pointer)))
	dst = append(dst, f.Pointer...)
	return append(dst, f.Detail...)
}
