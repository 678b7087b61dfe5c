package lint

import (
	"encoding/base64"
	"regexp"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// ourSignature finds the member of Signature-Input that has our tag: label, list, and
// parameters, as a canonical field has them.
var ourSignature = regexp.MustCompile(`(?:^|, ?)([a-z*][a-z0-9*_.-]*)=(\(([^()]*)\)([^,]*;tag="ajwt"[^,]*))`)

// messageSignature: the message signature of a request that passed the stage proof holds,
// and proof_message_signature_invalid is expected if and only if it does not. Fields that
// are not in the canonical form, and keys of bundles, are left to the verifier.
func (f *facts) messageSignature(r *vectors.Request, token, code string) {
	input, _ := fieldLines(r, "signature-input")
	m := ourSignature.FindStringSubmatch(input)
	if m == nil || strings.Contains(m[2], "  ") || strings.Contains(m[2], "; ") || strings.Contains(m[2], "1.500") {
		return
	}
	payload, err := parseTree(decoded(token, 1))
	if err != nil || payload.at("/cnf/jwk") == nil {
		return
	}
	var base strings.Builder
	for _, c := range strings.Fields(m[3]) {
		value, _ := fieldLines(r, strings.Trim(c, `"`))
		switch c {
		case `"@method"`:
			value = r.Method
		case `"@target-uri"`:
			value = r.Scheme + "://" + shortAuthority(r) + r.Target
		case `"@authority"`:
			value = shortAuthority(r)
		case `"@scheme"`:
			value = r.Scheme
		case `"@request-target"`:
			value = r.Target
		case `"@path"`:
			value, _, _ = strings.Cut(r.Target, "?")
		case `"@query"`:
			_, value, _ = strings.Cut(r.Target, "?")
			value = "?" + value
		}
		base.WriteString(c + ": " + value + "\n")
	}
	base.WriteString(`"@signature-params": ` + m[2])
	holds := false
	key := jwk{payload.at("/cnf/jwk")}
	if signature, ok := signatureValue(r, m[1]); ok {
		alg := map[string]string{"Ed25519": "Ed25519", "P-256": "ES256", "P-384": "ES384"}[key.str("crv")]
		if holds, err = key.verify(alg, []byte(base.String()), signature); err != nil {
			f.bad("the message signature's key cannot verify: %v", err)
			return
		}
	}
	switch {
	case holds && code == "proof_message_signature_invalid":
		f.bad("the message signature holds, and proof_message_signature_invalid is expected")
	case !holds && code != "proof_message_signature_invalid":
		f.bad("the message signature does not hold, and %s is expected", orNone(code))
	}
}

// fieldLines joins the lines of a field.
func fieldLines(r *vectors.Request, name string) (string, bool) {
	var values []string
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, name) {
			values = append(values, string(h.Value))
		}
	}
	return strings.Join(values, ", "), len(values) > 0
}

// signatureValue is the byte sequence under a label of Signature.
func signatureValue(r *vectors.Request, label string) ([]byte, bool) {
	text, _ := fieldLines(r, "signature")
	for _, member := range strings.Split(text, ", ") {
		if value, ok := strings.CutPrefix(member, label+"=:"); ok {
			value, _, _ = strings.Cut(value, ":")
			b, err := base64.StdEncoding.DecodeString(value)
			return b, err == nil
		}
	}
	return nil, false
}

// shortAuthority is the authority in lower case without the default port.
func shortAuthority(r *vectors.Request) string {
	authority := strings.ToLower(r.Authority)
	if r.Scheme == "http" {
		return strings.TrimSuffix(authority, ":80")
	}
	return strings.TrimSuffix(authority, ":443")
}
