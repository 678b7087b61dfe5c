package lint

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// Numbers of codes by stage (spec/codes.json): input 1000, jws 2000, key 3000,
// signature 4000, and so on.
const (
	stageJWS       = 2000
	stageSignature = 4000
	stageAgent     = 7000
)

// checkFacts derives from the bytes of each request what can be said without deciding
// on it, and compares that with the expected code.
func (l *linter) checkFacts(c *vectors.Case) {
	if !requestOp(c.Op) {
		return
	}
	policy, err := l.policy(c)
	if err != nil {
		return
	}
	t, err := parseTree(string(policy))
	if err != nil {
		l.find(Fact, c.ID, "policy: %v", err)
		return
	}
	f := &facts{l: l, c: c, policy: t, keys: maps.Clone(c.Keys)}
	if c.Request != nil {
		f.check(c.Request, c.Expect)
	}
	for i := range c.Requests {
		switch s := &c.Requests[i]; {
		case s.Request != nil:
			f.check(s.Request, &s.Expect)
		case s.Load != nil && s.Load.Kind == "keys" && s.Expect.Code == "":
			if f.keys == nil {
				f.keys = map[string]string{}
			}
			f.keys[s.Load.Issuer] = s.Load.File
		}
	}
}

// policy returns the bytes of the case's policy.
func (l *linter) policy(c *vectors.Case) ([]byte, error) {
	if len(c.Policy) > 0 && c.Policy[0] == '"' {
		return l.docs.Policy(unquote(string(c.Policy)))
	}
	return c.Policy, nil
}

type facts struct {
	l      *linter
	c      *vectors.Case
	policy *tree
	keys   map[string]string // issuer to the name of the key set in force
}

func (f *facts) bad(format string, args ...any) { f.l.find(Fact, f.c.ID, format, args...) }

// check compares one request with what is expected of it.
func (f *facts) check(r *vectors.Request, e *vectors.Expect) {
	number := f.l.codes[e.Code]
	derived := f.credential(r)
	if derived != "" || credentialCodes[e.Code] {
		f.same(derived, e.Code)
		return
	}
	if number > 0 && number < stageJWS {
		return // what else the stage input looks at is no matter of bytes
	}
	value, _ := field(r, "authorization")
	token := value[strings.LastIndexByte(value, ' ')+1:]
	derived = f.jws(token)
	if derived != "" || number > 0 && number < 3000 {
		f.same(derived, e.Code)
		return
	}
	if number == 0 || number >= stageSignature {
		f.signature(token, e.Code)
	}
	if proof, sent := field(r, "dpop"); sent && (number == 0 || number >= stageAgent || e.Code == "proof_signature_invalid") {
		f.proof(token, proof, e.Code)
	}
	if number == 0 || number >= stageAgent || e.Code == "proof_message_signature_invalid" {
		f.messageSignature(r, token, e.Code)
	}
}

func (f *facts) same(derived, code string) {
	if derived != code {
		f.bad("the bytes say %s, and %s is expected", orNone(derived), orNone(code))
	}
}

func orNone(code string) string {
	if code == "" {
		return "no fault"
	}
	return code
}

var credentialCodes = map[string]bool{"input_authorization_missing": true, "input_authorization_duplicate": true}

// credential counts the Authorization fields.
func (f *facts) credential(r *vectors.Request) string {
	n, comma := 0, false
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, "authorization") {
			n++
			comma = comma || strings.Contains(string(h.Value), ",")
		}
	}
	switch {
	case n == 0:
		return "input_authorization_missing"
	case n > 1 || comma:
		return "input_authorization_duplicate"
	}
	return ""
}

// jws derives the first fault of a token's form, up to its payload's JSON.
func (f *facts) jws(token string) string {
	list := strings.Split(token, ".")
	switch {
	case len(list) == 5:
		return "jws_compact_encrypted"
	case len(list) != 3:
		return "jws_compact_segments"
	}
	var texts [3]string
	for i, name := range []string{"header", "payload", "signature"} {
		b, err := base64.RawURLEncoding.Strict().DecodeString(list[i])
		if err != nil || strings.ContainsAny(list[i], "\r\n") || i < 2 && len(b) == 0 {
			return "jws_" + name + "_base64"
		}
		texts[i] = string(b)
	}
	if texts[2] == "" {
		return "jws_signature_empty"
	}
	if fault := scan(texts[0], f.limit("json_depth", 16), f.limit("json_members", 256)); fault != jsonOK {
		return "jws_header_" + fault
	}
	if fault := headerFault(texts[0]); fault != "" {
		return fault
	}
	if fault := scan(texts[1], f.limit("json_depth", 16), f.limit("json_members", 256)); fault != jsonOK {
		return "jws_payload_" + fault
	}
	return ""
}

// limit returns a limit of the policy.
func (f *facts) limit(name string, otherwise int) int {
	if v := f.policy.at("/limits/" + name); v != nil {
		var n int
		if _, err := fmt.Sscan(v.text(), &n); err == nil {
			return n
		}
	}
	return otherwise
}

// headerFault derives the first fault of a header's members.
func headerFault(text string) string {
	t, err := parseTree(text)
	if err != nil {
		return "jws_header_syntax"
	}
	str := func(name string) (value string, there, isString bool) {
		v := t.at("/" + name)
		if v == nil {
			return "", false, false
		}
		return unquote(v.text()), true, strings.HasPrefix(v.text(), `"`)
	}
	alg, there, isString := str("alg")
	switch {
	case !there:
		return "jws_alg_missing"
	case !isString || alg == "":
		return "jws_alg_invalid"
	case strings.EqualFold(alg, "none") || len(alg) >= 2 && strings.EqualFold(alg[:2], "HS"):
		return "jws_alg_forbidden"
	}
	for _, name := range []string{"crit", "b64", "zip"} {
		if t.index(name) >= 0 {
			return "jws_" + name + "_present"
		}
	}
	for _, name := range []string{"jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"} {
		if t.index(name) >= 0 {
			return "jws_key_embedded"
		}
	}
	kid, there, isString := str("kid")
	switch {
	case !there:
		return "jws_kid_missing"
	case !isString || kid == "" || len(kid) > 256:
		return "jws_kid_invalid"
	}
	if _, there, isString := str("typ"); there && !isString {
		return "jws_typ_invalid"
	}
	return ""
}

// signature: signature_invalid if and only if the signature does not hold with the key
// that iss and kid name.
func (f *facts) signature(token, code string) {
	header, payload := decoded(token, 0), decoded(token, 1)
	key, err := f.key(stringAt(payload, "/iss"), stringAt(header, "/kid"))
	if err != nil {
		f.bad("%v", err)
		return
	}
	holds, err := key.holds(token, stringAt(header, "/alg"))
	switch {
	case err != nil:
		f.bad("the key cannot verify: %v", err)
	case holds && code == "signature_invalid":
		f.bad("the signature holds, and signature_invalid is expected")
	case !holds && code != "signature_invalid":
		f.bad("the signature does not hold, and %s is expected", orNone(code))
	}
}

// key finds the key of an issuer's set.
func (f *facts) key(issuer, kid string) (jwk, error) {
	set := f.policy
	at := inlineKeys(f.policy, issuer)
	if at == "" {
		name, ok := f.keys[issuer]
		if !ok {
			return jwk{}, fmt.Errorf("there are no keys of the issuer %q", issuer)
		}
		text, err := f.l.docs.KeySet(name)
		if err != nil {
			return jwk{}, err
		}
		if set, err = parseTree(string(text)); err != nil {
			return jwk{}, err
		}
	}
	keys := set.at(at + "/keys")
	if keys == nil {
		return jwk{}, fmt.Errorf("the key set of %q has no keys", issuer)
	}
	for _, b := range keys.children {
		if id := b.value.at("/kid"); id != nil && unquote(id.text()) == kid {
			return jwk{b.value}, nil
		}
	}
	return jwk{}, fmt.Errorf("no key of %q has the kid %q", issuer, kid)
}

// decoded returns a part of a compact form whose base64url is known to be strict.
func decoded(compact string, part int) string {
	b, _ := base64.RawURLEncoding.DecodeString(strings.Split(compact, ".")[part])
	return string(b)
}

// proof: a request that passed the stage proof has a proof that holds, for its token;
// proof_signature_invalid if and only if all but the signature is right.
func (f *facts) proof(token, proof, code string) {
	list := strings.Split(proof, ".")
	if len(list) != 3 || slices.Contains(list, "") {
		f.bad("the proof has no three parts, and %s is expected", orNone(code))
		return
	}
	header, payload := decoded(proof, 0), decoded(proof, 1)
	t, err := parseTree(header)
	if err != nil || t.at("/jwk") == nil {
		f.bad("the proof has no jwk, and %s is expected", orNone(code))
		return
	}
	sum := sha256.Sum256([]byte(token))
	if stringAt(payload, "/ath") != base64.RawURLEncoding.EncodeToString(sum[:]) {
		f.bad("the proof's ath is not that of the token, and %s is expected", orNone(code))
	}
	holds, err := jwk{t.at("/jwk")}.holds(proof, stringAt(header, "/alg"))
	switch {
	case err != nil:
		f.bad("the proof's key cannot verify: %v", err)
	case holds && code == "proof_signature_invalid":
		f.bad("the proof's signature holds, and proof_signature_invalid is expected")
	case !holds && code != "proof_signature_invalid":
		f.bad("the proof's signature does not hold, and %s is expected", orNone(code))
	}
}
