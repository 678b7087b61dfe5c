package ajwt

import "crypto/sha256"

// Policy is a policy document that was read and found without fault. The zero
// Policy builds no Verifier.
type Policy struct {
	valid    bool
	digest   [sha256.Size]byte
	issuers  []issuer
	proof    proofPolicy
	replay   replayPolicy
	limits   Limits
	routes   []route
	forward  []forwardField
	index    routeNode
	warnings []Fault

	nonceSlot int64 // seconds; 0: no nonce is asked for
	bearer    bool  // some route takes a token without a proof
}

type issuer struct {
	id             string
	profile        Profile
	audiences      []string
	algorithms     AlgorithmSet
	inlineKeys     *KeySet // nil where the host loads them
	types          []string
	skew           int64
	maxLifetime    int64
	allowShortHash bool
	bundle         bundleTerms
	revocation     revocationTerms
	coldStart      bool // what was issued before the replay memory started is refused
}

// bundleTerms say whose bundles of an issuer count; keys is nil where the policy takes none.
type bundleTerms struct {
	keys       *KeySet
	minVersion int64
}

// revocationTerms do the same for revocation lists.
type revocationTerms struct {
	keys        *KeySet
	required    bool
	grace       int64 // seconds
	minSequence int64
}

type replayPolicy struct {
	capacity, perKey int
	shared           bool // the memory is one for several processes: Options.Replay is mandatory
	onOutageAllow    bool
	coldStartReject  bool // of any issuer
}

type stepRef struct{ workflow, step string }

type route struct {
	id                  string
	methods             []string
	hostHTTP, hostHTTPS string // normal form under each scheme; "" for any
	template            template
	issuers             []int // indexes; nil for any
	scopes              []string
	scopeList           string // as a challenge lists them
	steps               []stepRef
	agents              []string
	proofOptional       bool
	linksRequired       bool
	singleUse           bool
	level               Level
	bind                []binding
	tool                toolRule
	observeUntil        int64
	observed            stageSet
}

// stageSet is a set of stages, one bit each.
type stageSet uint16

func (s stageSet) has(stage Stage) bool { return s&(1<<stage) != 0 }

// Digest is the SHA-256 of the policy's bytes without the value of its member
// hosts, which belongs to the hosts and changes no decision.
func (p *Policy) Digest() [sha256.Size]byte { return p.digest }

// Warnings names what ParsePolicy passed over: unusable keys of inline key sets.
func (p *Policy) Warnings() []Fault { return p.warnings }

// Limits returns the limits in force.
func (p *Policy) Limits() Limits { return p.limits }

// ReplayCapacity returns how many entries the replay memory is to hold, and how many
// of them one key may have: those of the policy, or the defaults of this build.
func (p *Policy) ReplayCapacity() (capacity, perKey int) { return p.replay.capacity, p.replay.perKey }

// Issuers returns the identifiers of the policy's issuers in their order.
func (p *Policy) Issuers() []string {
	out := make([]string, len(p.issuers))
	for i := range p.issuers {
		out[i] = p.issuers[i].id
	}
	return out
}

// keySetDepth is enough for any JWK; limits.json_depth is for tokens and proofs.
const keySetDepth = 16

func (p *Policy) keySetLimits() KeySetLimits {
	return KeySetLimits{Keys: p.limits.Keys, Bytes: p.limits.KeySetBytes, Depth: keySetDepth}
}

// issuerIndex finds an issuer by its exact identifier, -1 for none. Policies name a
// handful of issuers, so a scan is the quickest.
func (p *Policy) issuerIndex(iss []byte) int {
	for i := range p.issuers {
		if p.issuers[i].id == string(iss) {
			return i
		}
	}
	return -1
}
