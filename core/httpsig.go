package ajwt

import (
	"crypto/sha512"

	"github.com/agentic-jwt/ajwt/core/structured"
)

// messageSignature is the memory of one HTTP message signature (RFC 9421), used again by
// the next.
type messageSignature struct {
	input, fields, digests            structured.Document
	inputText, fieldText, digestsText []byte // values that came on several lines, joined
	valueText                         []byte
	base                              []byte
}

// httpsigState is what the checks 621 to 630 establish.
type httpsigState struct {
	member    structured.Value // ours in Signature-Input: the covered components
	signature []byte
	digest    bool // content-digest is covered
	key       *Key
	nonce     []byte
}

const (
	signatureTag = "ajwt" // of the signatures that are ours (RFC 9421, section 2.3)

	// maxFieldValues bounds the values in one structured field: signatures of others
	// stand in it too, and duplicates are found in the square of the number.
	maxFieldValues = 256
)

// httpsigAlgorithms are those of message signatures, with their names of RFC 9421,
// section 6.2.2.
var httpsigAlgorithms = [...]struct {
	alg  Algorithm
	name string
}{
	{AlgEd25519, "ed25519"},
	{AlgES256, "ecdsa-p256-sha256"},
	{AlgES384, "ecdsa-p384-sha384"},
}

const httpsigSet AlgorithmSet = 1<<AlgEd25519 | 1<<AlgES256 | 1<<AlgES384

// readField reads a dictionary within the limits.
func (r *run) readField(doc *structured.Document, text []byte, syntax, duplicate, tooLong Code) Code {
	if len(text) > r.policy.limits.ProofBytes {
		return tooLong
	}
	switch doc.Parse(text, structured.Dictionary, maxFieldValues) {
	case structured.OK:
		return 0
	case structured.FaultDuplicate:
		return duplicate
	case structured.FaultTooMany:
		return tooLong
	}
	return syntax
}

// readSignatureInput is the part of check 601 that finds the signature that is ours. All
// of the field is held to its form, signatures of others too: lists of strings (RFC 9421,
// section 4.1). A tag of another type than string counts as ours if it reads the same.
func (r *run) readSignatureInput(text []byte) (ours bool, code Code) {
	doc := &r.s.httpsig.input
	code = r.readField(doc, text, CodeProofSignatureInputSyntax, CodeProofSignatureInputDuplicate, CodeProofSignatureInputTooLong)
	for m := doc.First(); m.Exists() && code == 0; m = m.Next() {
		if m.Kind() != structured.InnerList {
			return false, CodeProofSignatureInputSyntax
		}
		for c := m.First(); c.Exists(); c = c.Next() {
			if c.Kind() != structured.String {
				return false, CodeProofSignatureInputSyntax
			}
		}
		tag := m.Param("tag")
		if string(tag.Bytes()) != signatureTag {
			continue
		}
		if tag.Kind() != structured.String {
			return false, CodeProofSignatureInputSyntax
		}
		if ours {
			return false, CodeProofSignatureSeveral
		}
		ours, r.proof.httpsig.member = true, m
	}
	return ours, code
}

// checkSignatureField is check 621: Signature has the signature, by its label.
func (r *run) checkSignatureField() Code {
	s := &r.s.httpsig
	text, lines := r.joined(&s.fieldText, "signature")
	if lines == 0 {
		return CodeProofSignatureFieldSyntax
	}
	code := r.readField(&s.fields, text, CodeProofSignatureFieldSyntax, CodeProofSignatureFieldDuplicate, CodeProofSignatureFieldSyntax)
	if code != 0 {
		return code
	}
	m := s.fields.Member(string(r.proof.httpsig.member.Key()))
	switch {
	case !m.Exists():
		return CodeProofSignatureLabelMissing
	case m.Kind() != structured.ByteSequence:
		return CodeProofSignatureFieldSyntax
	}
	r.proof.httpsig.signature = m.Bytes()
	return 0
}

// checkComponents is check 622, and makes the signature base of RFC 9421, section 2.5.
// What is covered beyond the mandatory components only has to be there: fields by their
// names, and the derived components of requests that need no parameter.
func (r *run) checkComponents() Code {
	s, p := &r.s.httpsig, &r.proof.httpsig
	base := s.base[:0]
	method, target, authorization := false, false, false
	for c := p.member.First(); c.Exists(); c = c.Next() {
		name := c.Bytes()
		if c.Params().Exists() {
			return CodeProofComponentParameter
		}
		for other := p.member.First(); other != c; other = other.Next() {
			if string(other.Bytes()) == string(name) {
				return CodeProofComponentDuplicate
			}
		}
		base = append(append(append(base, '"'), name...), `": `...)
		switch string(name) {
		case "@method":
			method = true
			base = append(base, r.req.Method...)
		case "@target-uri":
			target = true
			base = r.appendURL(base)
		case "@authority":
			base = append(base, r.s.authority...)
		case "@scheme":
			base = append(base, r.req.Scheme...)
		case "@request-target":
			base = append(base, r.req.Target...)
		case "@path":
			path, _ := r.pathAndQuery()
			base = append(base, path...)
		case "@query":
			_, query := r.pathAndQuery()
			base = append(append(base, '?'), query...)
		default:
			for _, b := range name {
				if !isClass(b, charToken) || b >= 'A' && b <= 'Z' {
					return CodeProofComponentUnknown
				}
			}
			value, lines := r.joined(&s.valueText, string(name))
			if lines == 0 {
				if len(name) == 0 {
					return CodeProofComponentUnknown
				}
				return CodeProofComponentAbsent
			}
			authorization = authorization || string(name) == "authorization"
			p.digest = p.digest || string(name) == "content-digest"
			base = append(base, value...)
		}
		base = append(base, '\n')
	}
	base = append(base, `"@signature-params": `...)
	s.base = structured.AppendMember(base, p.member)
	if !method || !target || !authorization {
		return CodeProofComponentMissing
	}
	return 0
}

// pathAndQuery splits the target as received; the query is without its question mark.
func (r *run) pathAndQuery() (path, query string) {
	target := r.req.Target
	for i := 0; i < len(target); i++ {
		if target[i] == '?' {
			return target[:i], target[i+1:]
		}
	}
	return target, ""
}

// param gives a parameter of our signature.
func (r *run) param(name string) structured.Value { return r.proof.httpsig.member.Param(name) }

// timeParam reads a parameter that is a time in seconds.
func timeParam(v structured.Value) (int64, bool) {
	return v.Number(), v.Kind() == structured.Integer && v.Number() >= 0
}

// checkCreated is check 623.
func (r *run) checkCreated() Code {
	v := r.param("created")
	at, ok := timeParam(v)
	switch {
	case !v.Exists():
		return CodeProofCreatedMissing
	case !ok:
		return CodeProofCreatedInvalid
	}
	return r.within(at, CodeProofCreatedExpired, CodeProofCreatedFuture)
}

// checkExpires is check 624: now < expires + skew, as for exp.
func (r *run) checkExpires() Code {
	v := r.param("expires")
	at, ok := timeParam(v)
	switch {
	case !v.Exists():
		return 0
	case !ok:
		return CodeProofExpiresInvalid
	case r.now >= at+r.issuer.skew:
		return CodeProofExpiresPassed
	}
	return 0
}

// checkReplayID is check 625: the parameter nonce is what may be used once.
func (r *run) checkReplayID() Code {
	v := r.param("nonce")
	nonce := v.Bytes()
	switch {
	case !v.Exists():
		return CodeProofReplayIDMissing
	case v.Kind() != structured.String || len(nonce) == 0 || len(nonce) > maxJTIBytes:
		return CodeProofReplayIDInvalid
	}
	r.proof.httpsig.nonce = nonce
	return 0
}

// checkKeyName is check 626: keyid is the thumbprint that the token binds.
func (r *run) checkKeyName() Code {
	v := r.param("keyid")
	switch {
	case !v.Exists():
		return CodeProofKeyidMissing
	case !v.Is(structured.String, string(appendBase64URLEncode(r.s.small[:0], r.binding[:]))):
		return CodeProofKeyidMismatch
	}
	return 0
}

// checkBoundKey is check 627.
func (r *run) checkBoundKey() Code {
	if r.proof.httpsig.key = r.boundKey(); r.proof.httpsig.key == nil {
		return CodeProofKeyUnavailable
	}
	return 0
}

// checkSignatureAlg is check 628: the key says what its algorithm is; alg, where it is
// there, must agree (RFC 9421, section 3.2, item 6).
func (r *run) checkSignatureAlg() Code {
	p := &r.proof
	if p.verify = p.httpsig.key.Algorithms().pick(r.policy.proof.algorithms & httpsigSet); p.verify == 0 {
		return CodeProofKeyNotAllowed
	}
	v := r.param("alg")
	for _, a := range httpsigAlgorithms {
		if a.alg == p.verify && v.Exists() && !v.Is(structured.String, a.name) {
			return CodeProofSignatureAlgMismatch
		}
	}
	return 0
}

// checkDigest is check 629: a body is covered through its digest (RFC 9421, section
// 7.2.8). Every digest by an algorithm that is known must match, one at least must be
// known (RFC 9530, section 2).
func (r *run) checkDigest() Code {
	s := &r.s.httpsig
	body := r.body()
	switch {
	case body == bodyUnread:
		return CodeProofBodyUnavailable
	case !r.proof.httpsig.digest && body == bodyThere:
		return CodeProofDigestMissing
	case !r.proof.httpsig.digest:
		return 0
	}
	text, _ := r.joined(&s.digestsText, "content-digest")
	code := r.readField(&s.digests, text, CodeProofDigestSyntax, CodeProofDigestDuplicate, CodeProofDigestSyntax)
	if code != 0 {
		return code
	}
	code = CodeProofDigestUnknown
	for m := s.digests.First(); m.Exists(); m = m.Next() {
		if m.Kind() != structured.ByteSequence {
			return CodeProofDigestSyntax
		}
	}
	for m := s.digests.First(); m.Exists(); m = m.Next() {
		var match bool
		switch string(m.Key()) {
		case "sha-256":
			sum := sum256(r.req.Body)
			match = string(sum[:]) == string(m.Bytes())
		case "sha-512":
			sum := sha512.Sum512(r.req.Body)
			match = string(sum[:]) == string(m.Bytes())
		default:
			continue
		}
		if !match {
			return CodeProofDigestMismatch
		}
		code = 0
	}
	return code
}

// checkMessageSignature is check 630.
func (r *run) checkMessageSignature() Code {
	p := &r.proof
	if !r.verifySignature(p.httpsig.key, p.verify, r.s.httpsig.base, p.httpsig.signature) {
		return CodeProofMessageSignatureInvalid
	}
	return r.holds()
}
