package ajwt

// Limits bounds every length, depth and count of a decision. All are inclusive.
// ParsePolicy fills in the defaults; a policy may change them within the ranges of
// limitRanges (spec/profile.md, section 17).
type Limits struct {
	TokenBytes  int // compact token
	ProofBytes  int // compact proof
	TargetBytes int // path and query
	HeaderPairs int // header fields of a request
	JSONDepth   int // nesting in header or payload; the outer object is 1
	JSONMembers int // members of one header or payload in total
	Scopes      int // scope-tokens of one token
	Audiences   int // entries of aud
	Chain       int // agents of a delegation chain given as a list
	Links       int // delegation links
	BodyBytes   int
	Routes      int // routes of a policy
	Keys        int // keys of one set
	PolicyBytes int
	KeySetBytes int
	BundleBytes int
}

// limitRange is one member of the policy's limits: its default and the most that
// may be asked for. The least is always 1.
type limitRange struct {
	name         string
	initial, max int
	field        func(*Limits) *int
}

const (
	kib = 1 << 10
	mib = 1 << 20
)

// The defaults admit what D00 describes with room to spare and keep the cost of a
// hostile request below that of one signature check. The upper bounds keep offsets,
// buffers and the header block of the usual servers in range.
var limitRanges = [...]limitRange{
	{"token_bytes", 16 * kib, 64 * kib, func(l *Limits) *int { return &l.TokenBytes }},
	{"proof_bytes", 8 * kib, 64 * kib, func(l *Limits) *int { return &l.ProofBytes }},
	{"target_bytes", 8 * kib, 64 * kib, func(l *Limits) *int { return &l.TargetBytes }},
	{"header_pairs", 256, 1024, func(l *Limits) *int { return &l.HeaderPairs }},
	{"json_depth", 16, 64, func(l *Limits) *int { return &l.JSONDepth }},
	{"json_members", 256, 4096, func(l *Limits) *int { return &l.JSONMembers }},
	{"scopes", 64, 1024, func(l *Limits) *int { return &l.Scopes }},
	{"audiences", 16, 1024, func(l *Limits) *int { return &l.Audiences }},
	{"chain", 16, 64, func(l *Limits) *int { return &l.Chain }},
	{"links", 15, 15, func(l *Limits) *int { return &l.Links }},
	{"body_bytes", mib, 64 * mib, func(l *Limits) *int { return &l.BodyBytes }},
	{"routes", 4096, 65536, func(l *Limits) *int { return &l.Routes }},
	{"keys", 1024, 131072, func(l *Limits) *int { return &l.Keys }},
	{"policy_bytes", 8 * mib, maxPolicyBytes, func(l *Limits) *int { return &l.PolicyBytes }},
	{"key_set_bytes", 32 * mib, 256 * mib, func(l *Limits) *int { return &l.KeySetBytes }},
	{"bundle_bytes", 64 * mib, 256 * mib, func(l *Limits) *int { return &l.BundleBytes }},
}

// maxPolicyBytes holds before a policy's own limits can be read.
const maxPolicyBytes = 16 * mib

func defaultLimits() Limits {
	var l Limits
	for _, r := range limitRanges {
		*r.field(&l) = r.initial
	}
	return l
}
