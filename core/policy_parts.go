package ajwt

import (
	"strconv"
	"strings"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

const (
	defaultSkew        = 30 // seconds
	maxSkew            = 60
	defaultMaxLifetime = 600 // seconds; twice what D00 suggests
	longestLifetime    = 86400
	maxReplay          = 1 << 24
	quotaShare         = 16 // one key may hold one part in sixteen of the replay memory, or of its shard
)

func (r *policyReader) issuers(v strictjson.Value, pointer string) {
	seen := map[string]bool{}
	r.list(v, pointer, func(e strictjson.Value, at string) {
		i := issuer{skew: defaultSkew, maxLifetime: defaultMaxLifetime, types: []string{"jwt", "at+jwt"}}
		keys := strictjson.Value{}
		ok := r.object(e, at,
			member{"issuer", true, func(v strictjson.Value, at string) {
				i.id = r.text(v, at, 512)
				if i.id != "" && seen[i.id] {
					r.fault(CodePolicyIDDuplicate, at, "another entry has this issuer")
				}
				seen[i.id] = true
			}},
			member{"profile", false, func(v strictjson.Value, at string) { i.profile = r.profile(v, at) }},
			member{"audiences", true, func(v strictjson.Value, at string) { i.audiences = r.texts(v, at, 512, "", nil) }},
			member{"algorithms", true, func(v strictjson.Value, at string) { i.algorithms = r.algorithms(v, at) }},
			member{"jwks", false, func(v strictjson.Value, at string) { keys = v; i.inlineKeys = r.inlineKeys(v, at) }},
			member{"jwks_uri", false, r.uri},
			member{"types", false, func(v strictjson.Value, at string) { i.types = r.mediaTypes(v, at) }},
			member{"clock_skew_seconds", false, func(v strictjson.Value, at string) { i.skew = r.integer(v, at, 0, maxSkew) }},
			member{"max_token_lifetime_seconds", false, func(v strictjson.Value, at string) {
				i.maxLifetime = r.integer(v, at, 1, longestLifetime)
			}},
			member{"allow_short_hash", false, func(v strictjson.Value, at string) { i.allowShortHash = r.boolean(v, at) }},
			member{"bundle", false, func(v strictjson.Value, at string) { r.bundle(&i.bundle, v, at) }},
			member{"revocation", false, func(v strictjson.Value, at string) { r.revocation(&i.revocation, v, at) }},
		)
		if ok {
			uri := e.Member("jwks_uri").Exists()
			if keys.Exists() && uri {
				r.fault(CodePolicyMemberConflict, at+"/jwks_uri", "want jwks or jwks_uri, not both")
			} else if !keys.Exists() && !uri {
				r.missing(at+"/jwks", "want jwks or jwks_uri")
			}
		}
		r.policy.issuers = append(r.policy.issuers, i)
	})
}

func (r *policyReader) profile(v strictjson.Value, at string) Profile {
	if i := r.choice(v, at, profileNames[:]...); i >= 0 {
		return Profile(i)
	}
	return profileFaulty
}

func (r *policyReader) inlineKeys(v strictjson.Value, at string) *KeySet {
	if !r.kind(v, at, strictjson.Object) {
		return nil
	}
	return r.keySet(v.Raw(), at)
}

// keySet parses a key set that stands in the policy.
func (r *policyReader) keySet(data []byte, at string) *KeySet {
	set, warnings, err := ParseKeySet(data, r.policy.keySetLimits())
	if err != nil {
		for _, f := range err.(*LoadError).Faults {
			f.Pointer = at + f.Pointer
			r.faults = append(r.faults, f)
		}
		return nil
	}
	for _, w := range warnings {
		w.Pointer = at + w.Pointer
		r.policy.warnings = append(r.policy.warnings, w)
	}
	return set
}

// uri holds an address to https, and to http for the machine itself.
func (r *policyReader) uri(v strictjson.Value, at string) {
	uri := r.text(v, at, 2048)
	if uri == "" {
		return
	}
	rest, secure := strings.CutPrefix(uri, "https://")
	if !secure {
		plain, ok := strings.CutPrefix(uri, "http://")
		host, _, _ := strings.Cut(plain, "/")
		for _, local := range [...]string{"localhost", "127.0.0.1", "[::1]"} {
			if host == local || strings.HasPrefix(host, local+":") {
				rest = plain
			}
		}
		if !ok || rest == "" || rest == uri {
			r.fault(CodePolicyMemberValue, at, "want an https URL (http only for localhost)")
			return
		}
	}
	host, _, _ := strings.Cut(rest, "/")
	host, _, _ = strings.Cut(host, "?")
	if _, ok := appendAuthority(nil, []byte(host), "https"); !ok || strings.Contains(uri, "#") {
		r.fault(CodePolicyMemberValue, at, "want a URL with a host, without user information and fragment")
	}
}

// reservedTypes are those of artefacts that must never pass as a token.
var reservedTypes = [...]string{"dpop+jwt", "ajwt-bundle+jwt", "ajwt-delegation+jwt", "ajwt-revocations+jwt"}

func (r *policyReader) mediaTypes(v strictjson.Value, at string) (out []string) {
	want := "a media type that is not one of proofs, links, bundles or revocation lists"
	names := r.texts(v, at, 128, want, func(s string) bool {
		s = strings.TrimPrefix(strings.ToLower(s), "application/")
		for _, reserved := range reservedTypes {
			if s == reserved {
				return false
			}
		}
		for i := 0; i < len(s); i++ {
			if !isClass(s[i], charToken) && s[i] != '/' {
				return false
			}
		}
		return s != ""
	})
	for _, n := range names {
		out = append(out, strings.TrimPrefix(strings.ToLower(n), "application/"))
	}
	return out
}

func (r *policyReader) replay(v strictjson.Value, at string) {
	p := &r.policy.replay
	r.object(v, at,
		member{"capacity", false, func(v strictjson.Value, at string) { p.capacity = int(r.integer(v, at, 1, maxReplay)) }},
		member{"per_key", false, func(v strictjson.Value, at string) {
			p.perKey = int(r.integer(v, at, 1, maxReplay))
		}},
		member{"scope", false, func(v strictjson.Value, at string) {
			p.shared = r.choice(v, at, "local", "shared") == 1
		}},
		member{"on_outage", false, func(v strictjson.Value, at string) {
			p.onOutageAllow = r.choice(v, at, "reject", "allow") == 1
			for i := range r.policy.issuers {
				if p.onOutageAllow && !r.policy.issuers[i].profile.outageAllowed() {
					r.fault(CodePolicyMemberConflict, at, "an issuer of profile hardened admits only reject")
					break
				}
			}
		}},
		member{"cold_start", false, func(v strictjson.Value, at string) {
			reject := r.choice(v, at, "reject", "allow") == 0
			for i := range r.policy.issuers {
				r.policy.issuers[i].coldStart = reject
			}
			p.coldStartReject = reject
			r.coldStartSet = true
		}},
	)
}

// replayDefaults fills in what the policy left to its profiles.
func (r *policyReader) replayDefaults() {
	p := &r.policy.replay
	if p.capacity == 0 {
		p.capacity = defaultReplay
	}
	if p.perKey > p.capacity {
		r.fault(CodePolicyMemberConflict, "/replay/per_key", "want at most replay.capacity, "+strconv.Itoa(p.capacity))
	}
	if p.perKey == 0 {
		p.perKey = defaultPerKey(p.capacity)
	}
	if !r.coldStartSet {
		for i := range r.policy.issuers {
			reject := r.policy.issuers[i].profile.coldStart()
			r.policy.issuers[i].coldStart = reject
			p.coldStartReject = p.coldStartReject || reject
		}
	}
	r.proofChallenge()
}

func (r *policyReader) crypto(v strictjson.Value, at string) {
	if r.choice(v, at, "standard", "fast") == 1 {
		r.unsupported(v, at)
	}
}

func (r *policyReader) limits(v strictjson.Value, at string) {
	members := make([]member, len(limitRanges))
	for i, l := range limitRanges {
		members[i] = member{l.name, false, func(v strictjson.Value, at string) {
			if n := r.integer(v, at, 1, int64(l.max)); n > 0 {
				*l.field(&r.policy.limits) = int(n)
			}
		}}
	}
	r.object(v, at, members...)
}

// hosts is for the hosts; core only holds it to its schema, so that a misspelt
// member is found when the policy is loaded and not when it is missed.
func (r *policyReader) hosts(v strictjson.Value, at string) {
	r.object(v, at, member{"proxywasm", false, func(v strictjson.Value, at string) {
		r.object(v, at,
			member{"fetch", false, func(v strictjson.Value, at string) {
				r.list(v, at, func(e strictjson.Value, at string) {
					r.object(e, at,
						member{"origin", true, func(v strictjson.Value, at string) { r.text(v, at, 512) }},
						member{"cluster", true, func(v strictjson.Value, at string) { r.text(v, at, 256) }},
						member{"timeout_ms", false, func(v strictjson.Value, at string) { r.integer(v, at, 1, 60000) }},
					)
				})
			}},
			member{"body", false, func(v strictjson.Value, at string) { r.boolean(v, at) }},
			member{"max_bundle_bytes", false, func(v strictjson.Value, at string) { r.integer(v, at, 1, 256*mib) }},
			member{"replay", false, func(v strictjson.Value, at string) {
				r.object(v, at,
					member{"uri", true, func(v strictjson.Value, at string) { r.text(v, at, 2048) }},
					member{"cluster", true, func(v strictjson.Value, at string) { r.text(v, at, 256) }},
					member{"timeout_ms", false, func(v strictjson.Value, at string) { r.integer(v, at, 1, 60000) }},
				)
			}},
		)
	}})
}

func (r *policyReader) limitList(v strictjson.Value, at string, limit int, name string) {
	if v.Len() > limit {
		r.fault(CodePolicyLimitExceeded, at, "want at most "+strconv.Itoa(limit)+" entries (limits."+name+")")
	}
}
