package ajwt

import (
	"strconv"
	"strings"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

const (
	maxForward           = 16   // entries of forward
	maxForwardNameBytes  = 64   // of a field's name
	maxForwardValueBytes = 4096 // of a value as it is sent: half of what common servers take for a whole field
)

// forwardField is one entry of the policy's member forward.
type forwardField struct {
	header string
	claim  forwardClaim
}

// forwardClaim is what a field carries, an index of forwardClaims.
type forwardClaim uint8

const (
	forwardIssuer forwardClaim = iota
	forwardSubject
	forwardJTIHash
	forwardKey
	forwardAgent
	forwardRegistration
	forwardChain
	forwardWorkflow
	forwardStep
	forwardScope
	forwardLevel
	forwardRoute
	forwardPolicy
)

// forwardClaims are the words of the policy, and the stage that vouches for each: what
// the decision itself says needs none. The scope is vouched for where it was held to step
// and route. act is not among them, since no check reads it.
var forwardClaims = [...]struct {
	name  string
	stage Stage
}{
	forwardIssuer:       {"issuer", StageSignature},
	forwardSubject:      {"subject", StageClaim},
	forwardJTIHash:      {"jti_hash", StageClaim},
	forwardKey:          {"key_thumbprint", StageProof},
	forwardAgent:        {"agent", StageAgent},
	forwardRegistration: {"registration", StageAgent},
	forwardChain:        {"chain_hash", StageDelegation},
	forwardWorkflow:     {"workflow", StageWorkflow},
	forwardStep:         {"step", StageWorkflow},
	forwardScope:        {"scope", StageWorkflow},
	forwardLevel:        {"level", 0},
	forwardRoute:        {"route", 0},
	forwardPolicy:       {"policy_digest", 0},
}

// reservedFields are names that mean something to HTTP, to a proxy or to this verifier; a
// hyphen at the end stands for all names that begin so.
var reservedFields = [...]string{
	"accept", "accept-", "access-control-", "alt-used", "authorization", "cache-control", "connection", "content-", "cookie",
	"cookie2", "date", "digest", "dpop", "dpop-", "early-data", "expect", "forwarded", "from", "host", "http2-settings", "if-",
	"keep-alive", "location", "max-forwards", "mcp-", "origin", "pop", "pragma", "priority", "proxy-", "range", "referer",
	"sec-", "set-cookie", "set-cookie2", "signature", "signature-", "te", "trailer", "transfer-encoding", "upgrade", "user-agent",
	"vary", "via", "want-content-", "want-digest", "want-repr-", "repr-", "www-authenticate",
	"x-envoy-", "x-forwarded", "x-forwarded-", "x-http-method", "x-http-method-", "x-method-override", "x-original-", "x-pop-",
	"x-real-ip", "x-request-id", "x-rewrite-",
}

func isReservedField(name string) bool {
	for _, reserved := range reservedFields {
		if name == reserved || reserved[len(reserved)-1] == '-' && strings.HasPrefix(name, reserved) {
			return !laxHolds("forward-reserved-name", false)
		}
	}
	return false
}

// isForwardName tells whether a policy may name a field so: one spelling for each name
// after folding, the one that HTTP/2 has.
func isForwardName(name string) bool {
	for i := 0; i < len(name); i++ {
		if c := name[i]; (c < 'a' || c > 'z') && (i == 0 || (c < '0' || c > '9') && c != '-') {
			return false
		}
	}
	return name != "" && len(name) <= maxForwardNameBytes
}

// forward reads the member of that name (spec/profile.md, section 16.6).
func (r *policyReader) forward(v strictjson.Value, at string) {
	seen := map[string]bool{}
	r.list(v, at, func(e strictjson.Value, at string) {
		f := forwardField{}
		r.object(e, at,
			member{"header", true, func(v strictjson.Value, at string) {
				switch name := r.text(v, at, maxForwardNameBytes); {
				case name == "":
				case !laxHolds("forward-name-unchecked", isForwardName(name)):
					r.fault(CodePolicyMemberValue, at, "want a letter, then letters, digits and hyphens, all in lower case")
				case isReservedField(name):
					r.fault(CodePolicyMemberValue, at, "this name has a meaning of its own in requests: want another one")
				case seen[name]:
					r.fault(CodePolicyIDDuplicate, at, "another entry has this name")
				default:
					seen[name] = true
					f.header = name
				}
			}},
			member{"claim", true, func(v strictjson.Value, at string) {
				var names [len(forwardClaims)]string
				for i := range forwardClaims {
					names[i] = forwardClaims[i].name
				}
				f.claim = forwardClaim(max(r.choice(v, at, names[:]...), 0))
			}},
		)
		r.policy.forward = append(r.policy.forward, f)
	})
	if n := len(r.policy.forward); n > maxForward {
		r.fault(CodePolicyLimitExceeded, at, "want at most "+strconv.Itoa(maxForward)+" entries")
	}
}

// ForwardNames returns the names of the header fields that the policy sets for the
// upstream, in lower case and in the order of the policy; none where it has no forward.
// Whatever a client sends under one of them has to go: see Strips.
func (p *Policy) ForwardNames() []string {
	var names []string
	for i := range p.forward {
		names = append(names, p.forward[i].header)
	}
	return names
}

// Strips tells whether a host must remove a field of that name from every request that it
// lets pass, whether Decision.Forward has a field in its place or not: else a client could
// say what only the verifier may. Names compare without regard to case, and with every
// character but letters and digits equal to the hyphen: what reads fields as variables
// (RFC 3875, section 4.1.18) sees no difference.
func (p *Policy) Strips(name string) bool {
	for i := range p.forward {
		if sameField(p.forward[i].header, name) {
			return !laxHolds("strip-nothing", false)
		}
	}
	return false
}

// sameField compares a name of the policy with one as it was sent.
func sameField(name, sent string) bool {
	if len(name) != len(sent) {
		return false
	}
	for i := 0; i < len(name); i++ {
		c := sent[i]
		switch {
		case c >= 'A' && c <= 'Z' && !laxHolds("strip-case-sensitive", false):
			c |= 0x20
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || laxHolds("strip-underscore-kept", false):
		default:
			c = '-'
		}
		if c != name[i] {
			return false
		}
	}
	return true
}

// forward gives the fields for the upstream of a request that may pass: level is what it
// reached, failed are the stages of which a failure was observed. A claim goes on only if
// its stage was passed, and every stage before it. It needs describe.
func (r *run) forward(level Level, failed stageSet) []Header {
	fields := r.policy.forward
	if len(fields) == 0 {
		return nil
	}
	var ends [maxForward]int
	buf, n := r.s.hash[:0], 0
	for i := range fields {
		before := len(buf)
		if r.vouched(fields[i].claim, level, failed) {
			buf = r.appendClaim(buf, fields[i].claim, level)
		}
		if len(buf)-before > maxForwardValueBytes {
			buf = buf[:before]
		}
		if ends[i] = len(buf); len(buf) > before {
			n++
		}
	}
	r.s.hash = buf
	if n == 0 {
		return nil
	}
	text, start := string(buf), 0
	out := make([]Header, 0, n)
	for i := range fields {
		if value := text[start:ends[i]]; value != "" {
			out = append(out, Header{fields[i].header, value})
		}
		start = ends[i]
	}
	return out
}

// vouched tells whether the checks established a claim.
func (r *run) vouched(claim forwardClaim, level Level, failed stageSet) bool {
	held := true
	switch claim {
	case forwardKey:
		held = laxHolds("forward-used-key", level&LevelPoP != 0) // not of a proof that was used before
	case forwardAgent, forwardRegistration:
		held = level.Base() >= LevelAgent
	case forwardChain:
		held = level.Base() >= LevelAgent && r.chain >= 0
	case forwardWorkflow, forwardStep:
		held = level.Base() >= LevelAJWT
	}
	through := forwardClaims[claim].stage // the stages up to it
	return laxHolds("forward-after-failure", failed&(1<<(through+1)-1) == 0) && laxHolds("forward-unverified", held)
}

// appendClaim appends a claim as it stands in a field; nothing where the token has none.
func (r *run) appendClaim(dst []byte, claim forwardClaim, level Level) []byte {
	d := &r.d
	switch claim {
	case forwardIssuer:
		return appendFieldValue(dst, d.Issuer)
	case forwardSubject, forwardAgent:
		return appendFieldValue(dst, d.Agent)
	case forwardJTIHash:
		return appendHashValue(dst, &d.JTIHash)
	case forwardKey:
		return appendHashValue(dst, &d.KeyThumbprint)
	case forwardRegistration:
		return appendFieldValue(dst, r.agentProof.registration)
	case forwardChain:
		return appendFieldValue(dst, d.ChainHash)
	case forwardWorkflow:
		return appendFieldValue(dst, d.Workflow)
	case forwardStep:
		return appendFieldValue(dst, d.Step)
	case forwardScope:
		return r.appendScope(dst)
	case forwardLevel:
		return append(dst, level.String()...)
	case forwardRoute:
		return appendFieldValue(dst, d.Route)
	case forwardPolicy:
		return appendHashValue(dst, &d.PolicyDigest)
	}
	return dst
}

// appendScope appends the scope-tokens with one space between: none of them holds one.
func (r *run) appendScope(dst []byte) []byte {
	scope := r.claims.scopeText
	start := 0
	for i := 0; i <= len(scope); i++ {
		if i < len(scope) && scope[i] != ' ' {
			continue
		}
		if start > 0 {
			dst = append(dst, ' ')
		}
		dst = appendFieldValue(dst, scope[start:i])
		start = i + 1
	}
	return dst
}

// appendHashValue appends a 32-byte hash as base64url, and nothing for a zero one.
func appendHashValue(dst []byte, hash *[32]byte) []byte {
	if *hash == ([32]byte{}) {
		return dst
	}
	return appendBase64URLEncode(dst, hash[:])
}

// appendFieldValue appends a text as the value of a header field: letters, digits and
// -._~:/@ as they are, every other octet as % and two digits (RFC 3986, section 2.1). No
// two texts give one value, none ends a field or looks like several, and who decodes forms
// reads the same text.
func appendFieldValue[T string | []byte](dst []byte, text T) []byte {
	const hex = "0123456789ABCDEF"
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c >= '-' && c <= '/', c == '_', c == '~', c == ':', c == '@',
			c == '%' && laxHolds("forward-percent-plain", false), laxHolds("forward-raw", false):
			dst = append(dst, c)
		default:
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		}
	}
	return dst
}
