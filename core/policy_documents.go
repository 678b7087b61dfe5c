package ajwt

import "github.com/agentic-jwt/ajwt/core/strictjson"

// longestGrace bounds how long a list may be used after its time: a week.
const longestGrace = 7 * 86400

func (r *policyReader) bundle(t *bundleTerms, v strictjson.Value, at string) {
	r.signed(v, at, &t.keys, member{"min_version", false, func(v strictjson.Value, at string) {
		t.minVersion = r.integer(v, at, 0, strictjson.MaxInteger)
	}})
}

func (r *policyReader) revocation(t *revocationTerms, v strictjson.Value, at string) {
	r.signed(v, at, &t.keys,
		member{"required", false, func(v strictjson.Value, at string) { t.required = r.boolean(v, at) }},
		member{"grace_seconds", false, func(v strictjson.Value, at string) { t.grace = r.integer(v, at, 0, longestGrace) }},
		member{"min_sequence", false, func(v strictjson.Value, at string) {
			t.minSequence = r.integer(v, at, 0, strictjson.MaxInteger)
		}},
	)
}

// signed reads what bundles and lists have in common: the keys that may sign them, and
// where the host finds them, if it does not know by itself.
func (r *policyReader) signed(v strictjson.Value, at string, keys **KeySet, more ...member) {
	ok := r.object(v, at, append([]member{
		{"keys", true, func(v strictjson.Value, p string) {
			if !r.kind(v, p, strictjson.Array) {
				return
			}
			if *keys = r.keySet([]byte(`{"keys":`+string(v.Raw())+`}`), at); v.Len() == 0 {
				r.fault(CodePolicyMemberValue, p, "want at least one entry")
			}
		}},
		{"uri", false, r.uri},
		{"file", false, func(v strictjson.Value, at string) { r.text(v, at, 4096) }},
	}, more...)...)
	if ok && v.Member("uri").Exists() && v.Member("file").Exists() {
		r.fault(CodePolicyMemberConflict, at+"/file", "want uri or file, not both")
	}
}
