//go:build ajwt_faults

package ajwt

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/agentic-jwt/ajwt/core/strictjson"
	"github.com/agentic-jwt/ajwt/core/structured"
)

// Faults of the proofs by other methods than DPoP: checks 601, 602 and 621 to 636.

var httpsigFaults = []SeededFault{
	{"httpsig-input-unparsed-ignored", "a Signature-Input that cannot be read is an absent one", retried(601, without("signature-input"), CodeProofSignatureInputSyntax)},
	{"httpsig-tag-token-ignored", "a signature whose tag is a token is not ours, and with it the field is passed over", retried(601, without("signature-input", "signature"), CodeProofSignatureInputSyntax)},
	{"httpsig-label-last-wins", "of labels and parameters that stand twice the last one counts", retried(601, rewritten("signature-input", lastWins), CodeProofSignatureInputDuplicate)},
	{"httpsig-several-first", "of several signatures with our tag the first counts", retried(601, rewritten("signature-input", func(v string) string {
		return apart(v, ',')[0]
	}), CodeProofSignatureSeveral)},
	{"httpsig-input-limit-ignored", "a Signature-Input of any length is read", policyChanged(601, func(p *Policy) { p.limits.ProofBytes = endless })},
	{"proof-several-first", "beside a DPoP proof those by other methods are passed over", retried(601, without("signature-input", "pop"), CodeProofMethodSeveral)},
	{"proof-method-off-ignored", "a proof by a method that is off is passed over", retried(601, without("signature-input", "pop"), CodeProofMethodOff)},
	{"proof-method-off-taken", "a proof by a method that is off is taken", policyChanged(601, func(p *Policy) { p.proof.methods = methodDPoP | methodHTTPSig | methodPatchet })},
	{"proof-profile-ignored", "every profile takes every proof", at(601, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == CodeProofMethodProfile {
			r.expect(true)
			return 0
		}
		return code
	})},
	{"httpsig-scheme-ignored", "a message signature may come under the scheme DPoP", at(602, func(r *run, sound func(*run) Code) Code {
		if r.proof.method == methodHTTPSig {
			return 0
		}
		return sound(r)
	})},
	{"httpsig-label-ignored", "the first value of Signature counts, whatever its label is", at(621, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if first := r.s.httpsig.fields.First(); (code == 0 || code == CodeProofSignatureLabelMissing) && first.Kind() == structured.ByteSequence {
			r.proof.httpsig.signature = first.Bytes()
			return 0
		}
		return code
	})},
	{"httpsig-signature-duplicate-last", "of labels that stand twice in Signature the last one counts", retried(621, rewritten("signature", lastWins), CodeProofSignatureFieldDuplicate)},
	{"httpsig-base64-lax", "base64 of a signature may lack its padding, have spare bits and the other alphabet", retried(621, rewritten("signature", func(v string) string {
		label, value, _ := strings.Cut(v, "=")
		text := strings.NewReplacer("-", "+", "_", "/").Replace(strings.Trim(value, ":="))
		raw, _ := base64.RawStdEncoding.DecodeString(text)
		return label + "=:" + base64.StdEncoding.EncodeToString(raw) + ":"
	}), CodeProofSignatureFieldSyntax)},
	{"httpsig-components-any", "a signature may cover whatever it likes", forgive(622, CodeProofComponentMissing)},
	{"httpsig-component-params-ignored", "parameters of components are ignored", loose(CodeProofComponentParameter)},
	{"httpsig-component-unknown-empty", "a derived component that is unknown is empty", loose(CodeProofComponentUnknown)},
	{"httpsig-component-duplicate-accepted", "a component may be covered twice", loose(CodeProofComponentDuplicate)},
	{"httpsig-component-absent-empty", "a field that is not there is covered as an empty one", loose(CodeProofComponentAbsent)},
	{"httpsig-authority-raw", "the host of @target-uri is the authority as received", at(622, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		was := `"@target-uri": ` + r.req.Scheme + "://"
		r.s.httpsig.base = bytes.Replace(r.s.httpsig.base, []byte(was+string(r.s.authority)), []byte(was+r.req.Authority), 1)
		return code
	})},
	{"httpsig-params-raw", "what is signed as @signature-params is the text as received", at(622, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		for _, m := range apart(strings.Join(r.fields("signature-input"), ", "), ',') {
			label, text, _ := strings.Cut(strings.Trim(m, " \t"), "=")
			if label == string(r.proof.httpsig.member.Key()) {
				base, _, _ := bytes.Cut(r.s.httpsig.base, []byte(`"@signature-params": `))
				r.s.httpsig.base = append(slices.Clone(base), `"@signature-params": `+text...)
			}
		}
		return code
	})},
	{"httpsig-method-case", "@method compares without regard to case", orBase(func(r *run, base string) string {
		return strings.Replace(base, `"@method": `+r.req.Method, `"@method": `+strings.ToLower(r.req.Method), 1)
	})},
	{"httpsig-target-without-query", "a URL without its query may be signed", orBase(func(r *run, base string) string {
		path, query, _ := strings.Cut(r.req.Target, "?")
		return strings.Replace(base, `"@target-uri": https://`+string(r.s.authority)+path+"?"+query, `"@target-uri": https://`+string(r.s.authority)+path, 1)
	})},
	{"httpsig-target-normalised", "a URL whose path is normalised may be signed", orBase(func(r *run, base string) string {
		path, _ := r.pathAndQuery()
		return strings.Replace(base, `"@target-uri": https://`+string(r.s.authority)+path, `"@target-uri": https://`+string(r.s.authority)+string(r.s.path.text), 1)
	})},
	{"httpsig-target-scheme-ignored", "http and https in @target-uri are taken for each other", orBase(func(r *run, base string) string {
		return strings.Replace(base, `"@target-uri": https:`, `"@target-uri": http:`, 1)
	})},
	{"httpsig-created-optional", "a signature without created is taken", at(623, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == CodeProofCreatedMissing {
			r.proof.iat, code = r.now, 0
		}
		return code
	})},
	{"httpsig-created-form-unchecked", "created may be of any type", at(623, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == CodeProofCreatedInvalid {
			r.proof.iat, code = r.now, 0
		}
		return code
	})},
	{"httpsig-created-unbounded", "an old signature is taken", forgive(623, CodeProofCreatedExpired)},
	{"httpsig-created-future-accepted", "a signature from the future is taken", forgive(623, CodeProofCreatedFuture)},
	{"httpsig-expires-ignored", "expires is ignored", skip(624)},
	{"httpsig-expires-without-skew", "the skew does not count for expires", issuerChanged(624, func(i *issuer) { i.skew = 0 })},
	{"httpsig-nonce-optional", "a signature without nonce is taken", forgive(625, CodeProofReplayIDMissing)},
	{"httpsig-nonce-form-unchecked", "nonce may be anything", forgive(625, CodeProofReplayIDInvalid)},
	{"httpsig-keyid-optional", "keyid may be absent", forgive(626, CodeProofKeyidMissing)},
	{"httpsig-keyid-ignored", "keyid is not compared", forgive(626, CodeProofKeyidMismatch)},
	{"httpsig-alg-ignored", "alg is not compared", forgive(628, CodeProofSignatureAlgMismatch)},
	{"httpsig-alg-list-ignored", "proof.algorithms does not count for message signatures", policyChanged(628, func(p *Policy) { p.proof.algorithms = ^AlgorithmSet(0) })},
	{"httpsig-digest-ignored", "a digest is not compared", forgive(629, CodeProofDigestMismatch, CodeProofDigestSyntax)},
	{"httpsig-digest-optional", "a body may come without a digest that is covered", forgive(629, CodeProofDigestMissing)},
	{"httpsig-digest-unknown-accepted", "digests that nobody can check are as good as others", forgive(629, CodeProofDigestUnknown)},
	{"httpsig-digest-duplicate-last", "of digests by one algorithm the last one counts", retried(629, rewritten("content-digest", lastWins), CodeProofDigestDuplicate)},
	{"httpsig-digest-one-suffices", "of several digests one has to match", retried(629, func(r *run, list []Header) []Header {
		return rewritten("content-digest", func(v string) string {
			sum := sha256.Sum256(r.req.Body)
			for _, m := range apart(v, ',') {
				if strings.Contains(m, base64.StdEncoding.EncodeToString(sum[:])) {
					return m
				}
			}
			if members := apart(v, ','); len(members) > 1 {
				return members[0]
			}
			return v
		})(r, list)
	}, CodeProofDigestMismatch)},
	{"httpsig-body-unread-accepted", "a body that the host did not hand over is none", forgive(629, CodeProofBodyUnavailable)},
	{"httpsig-signature-skipped", "a message signature is not verified", at(630, func(r *run, sound func(*run) Code) Code {
		sound(r)
		return r.holds()
	})},
	{"httpsig-replay-by-signature", "what may be used once is the signature, not its nonce", at(630, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		r.proof.httpsig.nonce = r.proof.httpsig.signature
		return code
	})},
}

var patchetFaults = []SeededFault{
	{"pop-base64-lax", "base64 of the prototype's proof is read as Python does, and base64url too", retried(631, rewritten("pop", func(v string) string {
		var kept strings.Builder
		for _, c := range strings.NewReplacer("-", "+", "_", "/").Replace(v) {
			if c == '+' || c == '/' || isClass(byte(c), charUnres) && c != '.' && c != '~' {
				kept.WriteRune(c)
			}
		}
		raw, _ := base64.RawStdEncoding.DecodeString(kept.String())
		return base64.StdEncoding.EncodeToString(raw)
	}), CodeProofPopBase64)},
	{"pop-timestamp-form-unchecked", "the time of the prototype's proof is read as Python does", retried(632, rewritten("x-pop-timestamp", func(v string) string {
		digits := strings.TrimLeft(strings.TrimPrefix(strings.ReplaceAll(v, "_", ""), "+"), "0")
		if n, err := strconv.ParseFloat(digits, 64); err == nil {
			return strconv.FormatInt(int64(n), 10)
		}
		return "1767225600"
	}), CodeProofTimestampInvalid)},
	{"pop-timestamp-unbounded", "the time of the prototype's proof is not compared", forgive(632, CodeProofTimestampExpired, CodeProofTimestampFuture)},
	{"pop-method-post", "the method in the prototype's proof is always POST", at(636, func(r *run, sound func(*run) Code) Code {
		kept, req := r.req, *r.req
		req.Method, r.req = "POST", &req
		code := sound(r)
		r.req = kept
		return code
	})},
	{"pop-url-without-query", "the URL in the prototype's proof may lack its query", at(636, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code != 0 {
			kept, req := r.req, *r.req
			req.Target, _, _ = strings.Cut(req.Target, "?")
			r.req = &req
			code = sound(r)
			r.req = kept
		}
		return code
	})},
	{"pop-signature-skipped", "the prototype's proof is not verified", at(636, func(r *run, sound func(*run) Code) Code {
		sound(r)
		return r.holds()
	})},
	{"pop-body-ignored", "the body is not part of the prototype's proof", at(636, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code != 0 && r.proof.patchet.hasData {
			return r.holds()
		}
		return code
	})},
	{"pop-body-sorted", "the body is hashed with its members sorted", bodyAs(func(body []byte) []byte {
		var doc strictjson.Document
		if doc.Parse(body, pythonBody) != nil {
			return nil
		}
		text, _ := appendPythonJSON(nil, doc.Root(), true)
		return text
	})},
	{"pop-body-raw", "the body is hashed as it is sent", bodyAs(func(body []byte) []byte { return body })},
	{"pop-body-invalid-empty", "a body that is not JSON is an empty one, and not signed", at(635, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == CodeProofPopBodyInvalid {
			return 0
		}
		return code
	})},
	{"pop-falsy-hashed", "a body that Python finds false is hashed like any other", at(635, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code == 0 && len(r.req.Body) > 0 && !r.proof.patchet.hasData {
			r.proof.patchet.hasData, r.proof.patchet.data = true, sha256.Sum256(r.req.Body)
		}
		return code
	})},
}

// bodyAs hashes the body in another form.
func bodyAs(form func(body []byte) []byte) change {
	return at(635, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if text := form(r.req.Body); code == 0 && r.proof.patchet.hasData && text != nil {
			r.proof.patchet.data = sha256.Sum256(text)
		}
		return code
	})
}

type headerEdit func(r *run, list []Header) []Header

// retried runs a check a second time with other header fields where it gives one of the codes.
func retried(number int, edit headerEdit, codes ...Code) change {
	return at(number, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if !slices.Contains(codes, code) {
			return code
		}
		req := *r.req
		req.Headers = edit(r, slices.Clone(req.Headers))
		r.req = &req
		return sound(r)
	})
}

// without drops fields.
func without(names ...string) headerEdit {
	return func(_ *run, list []Header) []Header {
		return slices.DeleteFunc(list, func(h Header) bool { return slices.Contains(names, strings.ToLower(h.Name)) })
	}
}

// rewritten joins the lines of a field and changes the value.
func rewritten(name string, change func(value string) string) headerEdit {
	return func(r *run, list []Header) []Header {
		value := strings.Join(r.fields(name), ", ")
		return append(without(name)(r, list), Header{name, change(value)})
	}
}

// apart splits at a character that stands outside strings and lists.
func apart(text string, at byte) (parts []string) {
	quoted, depth, from := false, 0, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == at && depth == 0:
			parts = append(parts, text[from:i])
			from = i + 1
		}
	}
	return append(parts, text[from:])
}

// lastWins keeps the last of members and parameters with one name.
func lastWins(value string) string {
	keep := func(list []string) (kept []string) {
		for i, m := range list {
			name, _, _ := strings.Cut(strings.Trim(m, " \t"), "=")
			if !slices.ContainsFunc(list[i+1:], func(o string) bool {
				other, _, _ := strings.Cut(strings.Trim(o, " \t"), "=")
				return other == name
			}) {
				kept = append(kept, m)
			}
		}
		return kept
	}
	members := keep(apart(value, ','))
	for i, m := range members {
		members[i] = strings.Join(keep(apart(m, ';')), ";")
	}
	return strings.Join(members, ",")
}

// loose makes the signature base of components that the sound check refuses with a code:
// names with their parameters, the value of the name alone, nothing for what is not there.
func loose(code Code) change {
	return at(622, func(r *run, sound func(*run) Code) Code {
		if have := sound(r); have != code {
			return have
		}
		var base []byte
		for c := r.proof.httpsig.member.First(); c.Exists(); c = c.Next() {
			base = append(structured.AppendItem(base, c), ": "...)
			switch name := string(c.Bytes()); name {
			case "@method":
				base = append(base, r.req.Method...)
			case "@target-uri":
				base = r.appendURL(base)
			default:
				base = append(base, strings.Join(r.fields(name), ", ")...)
				r.proof.httpsig.digest = r.proof.httpsig.digest || name == "content-digest" && len(r.fields(name)) > 0
			}
			base = append(base, '\n')
		}
		r.s.httpsig.base = structured.AppendMember(append(base, `"@signature-params": `...), r.proof.httpsig.member)
		return 0
	})
}

// orBase takes a signature over another base too.
func orBase(other func(r *run, base string) string) change {
	return at(630, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if code != 0 {
			r.s.httpsig.base = []byte(other(r, string(r.s.httpsig.base)))
			code = sound(r)
		}
		return code
	})
}
