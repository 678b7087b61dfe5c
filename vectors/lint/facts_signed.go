package lint

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// signedKind is one kind of signed document: how a policy names its keys, and the codes
// that say something about its bytes.
type signedKind struct {
	member, typ string // of the policy's issuer; of the header
	codes       string // beginning of its codes
}

var signedKinds = map[string]signedKind{
	"bundle":      {"bundle", "ajwt-bundle+jwt", "bundle_"},
	"revocations": {"revocation", "ajwt-revocations+jwt", "revocations_"},
}

// checkSigned derives from the bytes of signed documents and of delegation links whether
// their signatures hold, and compares that with what is expected.
func (l *linter) checkSigned(c *vectors.Case) {
	if kind, ok := strings.CutSuffix(c.Op, "_load"); ok && signedKinds[kind].member != "" {
		policy, err := parseTree(stringAt(string(c.Input), "/policy"))
		if err != nil {
			l.find(Fact, c.ID, "policy: %v", err)
			return
		}
		l.checkDocument(c.ID, policy, kind, stringAt(string(c.Input), "/issuer"), stringAt(string(c.Input), "/"+kind), c.Expect.Code)
		return
	}
	if !requestOp(c.Op) {
		return
	}
	text, err := l.policy(c)
	if err != nil {
		return
	}
	policy, err := parseTree(string(text))
	if err != nil {
		return
	}
	named := func(kind, issuer, name, code string) {
		if document, err := l.document(kind, name); err == nil {
			l.checkDocument(c.ID, policy, kind, issuer, string(document), code)
		}
	}
	for issuer, name := range c.Bundle {
		named("bundle", issuer, name, "")
	}
	for issuer, name := range c.Revocations {
		named("revocations", issuer, name, "")
	}
	if c.Request != nil {
		l.checkLinks(c, c.Request, c.Expect.Code)
	}
	for i := range c.Requests {
		s := &c.Requests[i]
		if s.Request != nil {
			l.checkLinks(c, s.Request, s.Expect.Code)
		} else if s.Load.Kind != "keys" {
			named(s.Load.Kind, s.Load.Issuer, s.Load.File, s.Expect.Code)
		}
	}
}

// checkDocument: a document that is taken, or refused for what it says, has three parts, the
// right typ and a signature that holds; ..._signature_invalid if and only if all but the
// signature is right.
func (l *linter) checkDocument(id string, policy *tree, kind, issuer, compact, code string) {
	k := signedKinds[kind]
	bad := func(format string, args ...any) {
		l.find(Fact, id, "the %s of %s: %s, and %s is expected", kind, issuer, fmt.Sprintf(format, args...), orNone(code))
	}
	number, atSignature := l.codes[code], l.codes[k.codes+"signature_invalid"]
	if number > 0 && number < atSignature || code == k.codes+"issuer_unknown" {
		return // the first faults are before the signature, where nothing else is looked at
	}
	list := strings.Split(compact, ".")
	if len(list) != 3 {
		bad("it has no three parts")
		return
	}
	header := decoded(compact, 0)
	t, err := parseTree(header)
	if err != nil {
		bad("its header is no JSON")
		return
	}
	if !strings.EqualFold(strings.TrimPrefix(strings.ToLower(stringAt(header, "/typ")), "application/"), k.typ) {
		bad("its typ is %s", stringAt(header, "/typ"))
	}
	for _, name := range []string{"crit", "b64", "zip", "jwk", "jku", "x5u", "x5c"} {
		if t.index(name) >= 0 {
			bad("its header has %s", name)
		}
	}
	key, err := documentKey(policy, issuer, k.member, stringAt(header, "/kid"))
	if err != nil {
		bad("%v", err)
		return
	}
	holds, err := key.holds(compact, stringAt(header, "/alg"))
	switch {
	case err != nil:
		bad("its key cannot verify: %v", err)
	case holds == (code == k.codes+"signature_invalid"):
		bad("that its signature holds is %t", holds)
	}
	if code == "" && stringAt(decoded(compact, 1), "/iss") != issuer {
		bad("its iss is another one")
	}
}

// documentKey finds the key of a signed document in the policy.
func documentKey(policy *tree, issuer, member, kid string) (jwk, error) {
	for i := 0; policy.at("/issuers/"+strconv.Itoa(i)) != nil; i++ {
		at := "/issuers/" + strconv.Itoa(i)
		keys := policy.at(at + "/" + member + "/keys")
		if id := policy.at(at + "/issuer"); id == nil || unquote(id.text()) != issuer || keys == nil {
			continue
		}
		for _, b := range keys.children {
			if id := b.value.at("/kid"); id != nil && unquote(id.text()) == kid {
				return jwk{b.value}, nil
			}
		}
	}
	return jwk{}, fmt.Errorf("the policy has no key %q for it", kid)
}

// stageWorkflow is the number from which on the links have been verified (spec/codes.json).
const stageWorkflow = 9000

// checkLinks: the links of a request that passed them are signed by the keys that they
// name, and each holds the hash of the one before.
func (l *linter) checkLinks(c *vectors.Case, r *vectors.Request, code string) {
	value, _ := field(r, "authorization")
	token := value[strings.LastIndexByte(value, ' ')+1:]
	if strings.Count(token, ".") != 2 || c.Bundle[stringAt(payloadOf(token), "/iss")] == "" {
		return // without a bundle nobody looks at them
	}
	number := l.codes[code]
	passed := number == 0 || number >= stageWorkflow || number >= l.codes["delegation_chain_revoked"]
	if !passed && code != "delegation_link_signature_invalid" && code != "delegation_link_prev_mismatch" {
		return
	}
	allHold, allFollow := true, true
	list := links(token)
	for i, text := range list {
		holds, follows, err := linkFacts(text, list[:i])
		if err != nil {
			l.find(Fact, c.ID, "link %d: %v, and %s is expected", i, err, orNone(code))
			return
		}
		allHold, allFollow = allHold && holds, allFollow && follows
	}
	if allHold == (code == "delegation_link_signature_invalid") {
		l.find(Fact, c.ID, "that every link's signature holds is %t, and %s is expected", allHold, orNone(code))
	}
	if allFollow == (code == "delegation_link_prev_mismatch") {
		l.find(Fact, c.ID, "that every link holds the hash of the one before is %t, and %s is expected", allFollow, orNone(code))
	}
}

// linkFacts tells whether a link's signature holds with the key in its header, and whether
// its prev is the hash of the link before, or absent on the root.
func linkFacts(text string, before []string) (holds, follows bool, err error) {
	if strings.Count(text, ".") != 2 {
		return false, false, fmt.Errorf("it has no three parts")
	}
	header, err := parseTree(decoded(text, 0))
	if err != nil || header.at("/jwk") == nil {
		return false, false, fmt.Errorf("its header has no jwk")
	}
	payload, err := parseTree(decoded(text, 1))
	if err != nil {
		return false, false, err
	}
	follows = payload.at("/prev") == nil
	if len(before) > 0 {
		sum := sha256.Sum256([]byte(before[len(before)-1]))
		follows = stringAt(decoded(text, 1), "/prev") == base64.RawURLEncoding.EncodeToString(sum[:])
	}
	holds, err = jwk{header.at("/jwk")}.holds(text, stringAt(decoded(text, 0), "/alg"))
	return holds, follows, err
}
