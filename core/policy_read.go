package ajwt

import (
	"bytes"
	"crypto/sha256"
	"strconv"
	"strings"

	"github.com/agentic-jwt/ajwt/core/ascii"
	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// Depth and values of a policy: deep enough for every member of the schema, and a
// bound on the memory that reading a hostile file costs.
const (
	policyDepth  = 32
	policyValues = 4 << 20
)

// ParsePolicy reads a policy document (spec/profile.md, section 10). It names every
// fault at once: the error is a *LoadError whose faults stand in the order of the
// schema (limits, issuers, proof, replay, hosts, forward, crypto, routes).
func ParsePolicy(data []byte) (*Policy, error) {
	if len(data) > maxPolicyBytes {
		return nil, loadError(CodePolicyTooLarge, "", "want at most "+strconv.Itoa(maxPolicyBytes)+" bytes")
	}
	data = laxJSON(data)
	var doc strictjson.Document
	if err := doc.Parse(data, strictjson.Limits{Depth: policyDepth, Values: policyValues}); err != nil {
		return nil, policyJSONError(err.(strictjson.Error))
	}
	r := &policyReader{policy: &Policy{limits: defaultLimits()}}
	r.document(doc.Root())
	if len(r.faults) == 0 && len(data) > r.policy.limits.PolicyBytes {
		r.fault(CodePolicyTooLarge, "", "want at most "+strconv.Itoa(r.policy.limits.PolicyBytes)+" bytes")
	}
	if len(r.faults) > 0 {
		return nil, &LoadError{r.faults}
	}
	r.policy.digest = policyDigest(data, doc.Root().Member("hosts"))
	r.policy.valid = true
	return r.policy, nil
}

func policyJSONError(err strictjson.Error) *LoadError {
	code := CodePolicyJSONSyntax
	switch err.Fault {
	case strictjson.FaultEncoding:
		code = CodePolicyJSONEncoding
	case strictjson.FaultDuplicate:
		code = CodePolicyJSONDuplicateMember
	case strictjson.FaultDepth:
		code = CodePolicyJSONTooDeep
	case strictjson.FaultMembers:
		code = CodePolicyTooLarge
	}
	return loadError(code, "", err.Error())
}

// policyDigest hashes data without the value of the member hosts.
func policyDigest(data []byte, hosts strictjson.Value) [sha256.Size]byte {
	at := hosts.Offset()
	if at < 0 {
		return sha256.Sum256(data)
	}
	return sha256.Sum256(append(bytes.Clone(data[:at]), data[at+len(hosts.Raw()):]...))
}

// policyReader walks a policy and collects its faults.
type policyReader struct {
	coldStartSet bool
	policy       *Policy
	faults       []Fault
}

func (r *policyReader) fault(code Code, pointer, detail string) {
	r.faults = append(r.faults, Fault{code, pointer, detail})
}

// member is one member of an object that the schema knows.
type member struct {
	name      string
	mandatory bool
	read      func(v strictjson.Value, pointer string)
}

// object reads an object whose members are exactly the given ones, in their order;
// what it does not know it names last.
func (r *policyReader) object(v strictjson.Value, pointer string, members ...member) bool {
	if !r.kind(v, pointer, strictjson.Object) {
		return false
	}
	for _, m := range members {
		if value := v.Member(m.name); value.Exists() {
			m.read(value, pointer+"/"+m.name)
		} else if m.mandatory {
			r.missing(pointer+"/"+m.name, "this member is mandatory")
		}
	}
	for m := v.First(); m.Exists(); m = m.Next() {
		if !knows(members, m.Key()) {
			r.fault(CodePolicyMemberUnknown, pointer+"/"+escapePointer(string(m.Key())), "known members: "+memberNames(members))
		}
	}
	return true
}

func knows(members []member, name []byte) bool {
	for i := range members {
		if members[i].name == string(name) {
			return true
		}
	}
	return false
}

func (r *policyReader) missing(pointer, why string) {
	r.fault(CodePolicyMemberMissing, pointer, why)
}

func memberNames(members []member) string {
	names := make([]string, len(members))
	for i, m := range members {
		names[i] = m.name
	}
	return strings.Join(names, ", ")
}

// escapePointer writes a reference token of a JSON pointer (RFC 6901, section 3).
func escapePointer(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1")
}

func (r *policyReader) kind(v strictjson.Value, pointer string, want strictjson.Kind) bool {
	if v.Kind() == want {
		return true
	}
	r.fault(CodePolicyMemberType, pointer, "want "+want.String()+", have "+v.Kind().String())
	return false
}

// text reads a string of 1 to max bytes without control characters.
func (r *policyReader) text(v strictjson.Value, pointer string, max int) string {
	if !r.kind(v, pointer, strictjson.String) {
		return ""
	}
	b := v.Bytes()
	if len(b) == 0 || len(b) > max || hasControl(b) {
		r.fault(CodePolicyMemberValue, pointer, "want 1 to "+strconv.Itoa(max)+" bytes without control characters")
		return ""
	}
	return string(b)
}

func hasControl(b []byte) bool {
	return ascii.Text(b) != len(b)
}

func (r *policyReader) integer(v strictjson.Value, pointer string, min, max int64) int64 {
	if !r.kind(v, pointer, strictjson.Number) {
		return 0
	}
	n, ok := v.Integer()
	if !ok || n < min || n > max {
		r.fault(CodePolicyMemberValue, pointer, "want an integer from "+strconv.FormatInt(min, 10)+" to "+strconv.FormatInt(max, 10))
		return 0
	}
	return n
}

func (r *policyReader) boolean(v strictjson.Value, pointer string) bool {
	b, ok := v.Bool()
	if !ok {
		r.fault(CodePolicyMemberType, pointer, "want true or false, have "+v.Kind().String())
	}
	return b
}

// choice reads one of the given words and returns its index, -1 after a fault.
func (r *policyReader) choice(v strictjson.Value, pointer string, words ...string) int {
	if !r.kind(v, pointer, strictjson.String) {
		return -1
	}
	for i, w := range words {
		if v.Is(w) {
			return i
		}
	}
	r.fault(CodePolicyMemberValue, pointer, "want one of: "+strings.Join(words, ", "))
	return -1
}

// list reads a non-empty array, entry by entry.
func (r *policyReader) list(v strictjson.Value, pointer string, read func(v strictjson.Value, pointer string)) {
	if !r.kind(v, pointer, strictjson.Array) {
		return
	}
	if v.Len() == 0 {
		r.fault(CodePolicyMemberValue, pointer, "want at least one entry")
	}
	i := 0
	for e := v.First(); e.Exists(); e = e.Next() {
		read(e, pointer+"/"+strconv.Itoa(i))
		i++
	}
}

// texts reads a non-empty array of distinct strings; valid may be nil.
func (r *policyReader) texts(v strictjson.Value, pointer string, max int, want string, valid func(string) bool) []string {
	var out []string
	seen := map[string]bool{}
	r.list(v, pointer, func(e strictjson.Value, p string) {
		s := r.text(e, p, max)
		switch {
		case s == "":
		case valid != nil && !valid(s):
			r.fault(CodePolicyMemberValue, p, "want "+want)
		case seen[s]:
			r.fault(CodePolicyIDDuplicate, p, "this entry stands twice")
		default:
			seen[s] = true
			out = append(out, s)
		}
	})
	return out
}

// algorithms reads a list of algorithms by their full names.
func (r *policyReader) algorithms(v strictjson.Value, pointer string) (set AlgorithmSet) {
	want := "an algorithm named in full: Ed25519, Ed448, ES256, ES384, RS256, PS256, ML-DSA-44"
	names := r.texts(v, pointer, 32, want, func(s string) bool { _, ok := ParseAlgorithm(s); return ok })
	for _, name := range names {
		a, _ := ParseAlgorithm(name)
		set = set.Add(a)
	}
	return set
}

func (r *policyReader) unsupported(_ strictjson.Value, pointer string) {
	r.fault(CodePolicyFeatureUnsupported, pointer, "this version cannot enforce it; remove the member")
}

// document reads the outer object. Limits come first, since they bound the rest, and
// routes last, since they refer to issuers.
func (r *policyReader) document(root strictjson.Value) {
	r.proofDefaults()
	r.object(root, "",
		member{"limits", false, r.limits},
		member{"issuers", true, r.issuers},
		member{"proof", false, r.proof},
		member{"replay", false, r.replay},
		member{"hosts", false, r.hosts},
		member{"forward", false, r.unsupported},
		member{"crypto", false, r.crypto},
		member{"routes", true, r.routes},
	)
	r.replayDefaults()
	if r.faults = laxFaults(r.faults); len(r.faults) == 0 {
		r.policy.buildIndex()
	}
}
