package ajwt

import (
	"crypto/sha256"
	"strconv"

	"github.com/agentic-jwt/ajwt/core/strictjson"
	"github.com/agentic-jwt/ajwt/core/structured"
)

// The proof of the author's prototype (spec/profile.md, section 16.5): the field PoP has
// an RSASSA-PKCS1-v1_5 signature with SHA-256 over what Python's json.dumps gives for
// method, URL, body, agent checksum and time.

// patchetState is what the checks 631 to 636 establish.
type patchetState struct {
	signature []byte // in the memory of the message signatures
	timestamp int64
	key       *Key
	checksum  []byte
	data      [sha256.Size]byte // of the body as Python writes it
	hasData   bool
}

// pythonBody bounds a body that is read as JSON; its length is bounded already.
var pythonBody = strictjson.Limits{Depth: 64, Members: 1 << 16, Values: 1 << 18}

// checkPoP is check 631: one field, base64 with the standard alphabet and padding.
func (r *run) checkPoP() Code {
	value, _, more := r.single("pop")
	switch {
	case more:
		return CodeProofPopDuplicate
	case len(value) == 0 || len(value) > r.policy.limits.ProofBytes:
		return CodeProofPopBase64
	}
	s := &r.s.httpsig
	var ok bool
	if s.valueText, ok = structured.AppendBase64(s.valueText[:0], bytesOf(value)); !ok {
		return CodeProofPopBase64
	}
	r.proof.patchet.signature = s.valueText
	return 0
}

// checkTimestamp is check 632. The prototype bounds no age; the window is ours.
func (r *run) checkTimestamp() Code {
	value, found, more := r.single("x-pop-timestamp")
	if !found && !more {
		return CodeProofTimestampMissing
	}
	at, err := strconv.ParseUint(value, 10, 53)
	if err != nil || more || strconv.FormatUint(at, 10) != value {
		return CodeProofTimestampInvalid
	}
	r.proof.patchet.timestamp = int64(at)
	return r.within(int64(at), CodeProofTimestampExpired, CodeProofTimestampFuture)
}

// checkPoPKey is check 633. The method says the algorithm, whatever proof.algorithms is.
func (r *run) checkPoPKey() Code {
	k := r.boundKey()
	switch {
	case k == nil:
		return CodeProofPopKeyUnavailable
	case !k.Algorithms().Has(AlgRS256):
		return CodeProofPopKeyNotRsa
	}
	r.proof.patchet.key = k
	return 0
}

// checkPoPChecksum is check 634: what is signed is the checksum as it stands in the token.
func (r *run) checkPoPChecksum() Code {
	v := r.claims.agentProof.Member("agent_checksum")
	if v.Kind() != strictjson.String {
		return CodeProofPopChecksumMissing
	}
	r.proof.patchet.checksum = v.Bytes()
	return 0
}

// checkPoPBody is check 635. The prototype hashes the body as Python parses and writes it
// again, members in the order of the text, and nothing where Python finds it false.
func (r *run) checkPoPBody() Code {
	switch r.body() {
	case bodyUnread:
		return CodeProofPopBodyUnavailable
	case bodyNone:
		return 0
	}
	var doc strictjson.Document // bodies are long and rare: none is kept
	if doc.Parse(r.req.Body, pythonBody) != nil {
		return CodeProofPopBodyInvalid
	}
	text, err := appendPythonJSON(nil, doc.Root(), false)
	if err != nil {
		return CodeProofPopBodyInvalid
	}
	switch string(text) {
	case "{}", "[]", `""`, "0", "0.0", "-0.0", "false", "null":
		return 0
	}
	r.proof.patchet.hasData, r.proof.patchet.data = true, sum256(text)
	return 0
}

// checkPoPSignature is check 636: json.dumps(sort_keys=True) of the five members.
func (r *run) checkPoPSignature() Code {
	p := &r.proof.patchet
	b := appendPythonString(append(r.s.httpsig.base[:0], `{"checksum": `...), p.checksum)
	b = append(b, `, "data": "`...)
	if p.hasData {
		b = appendLowerHex(b, p.data[:])
	}
	b = appendPythonString(append(b, `", "method": `...), bytesOf(r.req.Method))
	b = strconv.AppendInt(append(b, `, "timestamp": `...), p.timestamp, 10)
	url := r.appendURL(r.s.url[:0])
	b = append(appendPythonString(append(b, `, "url": `...), url), '}')
	r.s.url, r.s.httpsig.base = url, b
	if !r.verifySignature(p.key, AlgRS256, b, p.signature) {
		return CodeProofPopSignatureInvalid
	}
	return r.holds()
}
