package filter

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// settings are a configuration that was found without fault.
type settings struct {
	policy    *ajwt.Policy
	sources   []source // documents to fetch
	forwards  bool     // the policy has forward
	lawful    int      // chains, and sequences, that a bundle may compile to
	offload   bool     // the proxy verifies signatures where it can
	window    window
	times     string      // max_age and the issuers' skews: equal where proofs live as long
	store     storeSource // of a shared replay memory
	nonceKeys [][]byte
}

// source is one document of one issuer, and how it is fetched.
type source struct {
	kind      ajwt.Kind
	issuer    string
	url       string
	cluster   string // of the proxy
	scheme    string // for :scheme
	authority string // for :authority
	path      string // for :path, with the query
	timeout   int    // milliseconds
	limit     int    // bytes of the document
}

const (
	// defaultDocumentBytes is hosts.proxywasm.max_bundle_bytes where the policy has
	// none. Reading a document stops the worker, and linear memory never shrinks.
	defaultDocumentBytes = 1 << 20
	defaultTimeout       = 5000 // milliseconds
	// bytesPerLawful bounds what a bundle compiles to, since linear memory holds that
	// too: 16,384 chains, and as many sequences, for a bundle of 1 MiB.
	bytesPerLawful = 64
	// nonceVariable holds the keys of proof.nonce: base64url without padding, 32 bytes
	// each, separated by commas. A proxy shows its configuration to its operators, so
	// secrets do not stand there.
	nonceVariable = "AJWT_NONCE_KEYS"
	// secretVariable holds the bearer secret of the replay store.
	secretVariable = "AJWT_REPLAY_SECRET"
	// defaultStoreTimeout is how long a request waits for the replay store, milliseconds.
	defaultStoreTimeout = 250
)

// settingsLimits are those of core for a policy.
var settingsLimits = strictjson.Limits{Depth: 32, Values: 4 << 20}

// readSettings reads the configuration. The faults are all that are wrong with it, those
// of the policy first; none means that the settings are of use.
func readSettings(data []byte, env func(string) string) (*settings, []ajwt.Fault) {
	s := &settings{}
	var faults []ajwt.Fault
	policy, err := ajwt.ParsePolicy(data)
	if err != nil {
		faults = faultsOf(err)
	}
	var doc strictjson.Document
	if doc.Parse(data, settingsLimits) != nil {
		if isStruct(data) {
			return nil, []ajwt.Fault{{Code: ajwt.CodePolicyJSONSyntax,
				Detail: "the configuration is a google.protobuf.Struct, which comes as protobuf: want its JSON as a StringValue"}}
		}
		return nil, faults // core has said why
	}
	r := settingsReader{s: s, root: doc.Root(), host: doc.Root().Member("hosts").Member("proxywasm")}
	r.documents()
	r.bodies()
	r.windows()
	r.store(env(secretVariable))
	r.nonce(env(nonceVariable))
	switch value := env(offloadVariable); value {
	case "", "on":
		s.offload = true
	case "off":
	default:
		r.fault(ajwt.CodePolicyMemberValue, "", "the environment variable "+offloadVariable+": want on or off")
	}
	if faults = append(faults, r.faults...); len(faults) > 0 {
		return nil, faults
	}
	s.policy, s.forwards = policy, len(policy.ForwardNames()) > 0
	limits := policy.Limits()
	for i := range s.sources {
		src := &s.sources[i]
		if src.kind == ajwt.KindKeys {
			src.limit = min(src.limit, limits.KeySetBytes)
		} else {
			src.limit = min(src.limit, limits.BundleBytes)
		}
	}
	return s, nil
}

// isStruct tells whether what is no JSON is the wire format of a google.protobuf.Struct with
// members: entries of the map fields, number 1. Envoy's reference says that it is handed over
// as JSON, and 1.36.4 and 1.40.0 hand over these bytes.
func isStruct(data []byte) bool {
	const fields = 1<<3 | 2 // number 1, with a length
	for rest := data; len(rest) > 0; {
		size, n := binary.Uvarint(rest[1:])
		if rest[0] != fields || n <= 0 || size > uint64(len(rest)-1-n) {
			return false
		}
		rest = rest[1+n+int(size):]
	}
	return len(data) > 0
}

// faultsOf gives the faults of a load error, never none.
func faultsOf(err error) []ajwt.Fault {
	if e, ok := err.(*ajwt.LoadError); ok && len(e.Faults) > 0 {
		return e.Faults
	}
	return []ajwt.Fault{{Code: ajwt.CodeInternalPanic, Detail: err.Error()}}
}

// settingsReader reads what core leaves to the host. Members of a wrong type are core's to
// name; here they count as absent.
type settingsReader struct {
	s      *settings
	root   strictjson.Value
	host   strictjson.Value
	faults []ajwt.Fault
}

func (r *settingsReader) fault(code ajwt.Code, pointer, detail string) {
	r.faults = append(r.faults, ajwt.Fault{Code: code, Pointer: pointer, Detail: detail})
}

// elements calls each for the elements of an array, with their pointers.
func elements(v strictjson.Value, at string, each func(e strictjson.Value, at string)) {
	if v.Kind() != strictjson.Array {
		return
	}
	i := 0
	for e := v.First(); e.Exists(); e = e.Next() {
		each(e, at+"/"+strconv.Itoa(i))
		i++
	}
}

type origin struct {
	cluster string
	timeout int
}

// documents finds what is to be fetched, and from which cluster.
func (r *settingsReader) documents() {
	origins := make(map[string]origin)
	elements(r.host.Member("fetch"), "/hosts/proxywasm/fetch", func(e strictjson.Value, at string) {
		name, rest, ok := splitURL(string(e.Member("origin").Bytes()))
		if !ok || rest != "/" {
			r.fault(ajwt.CodePolicyMemberValue, at+"/origin", "want scheme, host and port alone, such as https://as.example")
			return
		}
		if _, known := origins[name.text]; known {
			r.fault(ajwt.CodePolicyIDDuplicate, at+"/origin", "another entry has this origin")
		}
		timeout, ok := e.Member("timeout_ms").Integer()
		if !ok {
			timeout = defaultTimeout
		}
		origins[name.text] = origin{string(e.Member("cluster").Bytes()), int(timeout)}
	})
	limit, ok := r.host.Member("max_bundle_bytes").Integer()
	if !ok {
		limit = defaultDocumentBytes
	}
	r.s.lawful = max(int(limit)/bytesPerLawful, 1)
	elements(r.root.Member("issuers"), "/issuers", func(e strictjson.Value, at string) {
		issuer := string(e.Member("issuer").Bytes())
		add := func(kind ajwt.Kind, v strictjson.Value, at string) {
			src := source{kind: kind, issuer: issuer, url: string(v.Bytes()), limit: int(limit)}
			o, path, ok := splitURL(src.url)
			if !ok {
				return
			}
			from, known := origins[o.text]
			if !known {
				r.fault(ajwt.CodePolicyMemberMissing, at, "no entry of hosts.proxywasm.fetch has the origin of this URL")
				return
			}
			src.scheme, src.authority, src.path = o.scheme, o.authority, path
			src.cluster, src.timeout = from.cluster, from.timeout
			r.s.sources = append(r.s.sources, src)
		}
		if uri := e.Member("jwks_uri"); uri.Exists() {
			add(ajwt.KindKeys, uri, at+"/jwks_uri")
		}
		for _, signed := range [...]struct {
			kind ajwt.Kind
			name string
		}{{ajwt.KindBundle, "bundle"}, {ajwt.KindRevocations, "revocation"}} {
			kind, name := signed.kind, signed.name
			v := e.Member(name)
			switch {
			case !v.Exists():
			case v.Member("uri").Exists():
				add(kind, v.Member("uri"), at+"/"+name+"/uri")
			default:
				r.fault(ajwt.CodePolicyMemberMissing, at+"/"+name+"/uri", "a proxy's filter opens no file and is handed no document: want uri")
			}
		}
	})
}

// bodies finds what reads bodies, and holds it to hosts.proxywasm.body: without the option
// of the proxy that goes with it, a request would wait for ever, or its upstream would
// answer before the body was judged.
func (r *settingsReader) bodies() {
	on, _ := r.host.Member("body").Bool()
	need := func(at string) {
		if !on {
			r.fault(ajwt.CodePolicyMemberConflict, at, "it needs bodies: set hosts.proxywasm.body, and allow_on_headers_stop_iteration in the proxy")
		}
	}
	elements(r.root.Member("proof").Member("methods"), "/proof/methods", func(e strictjson.Value, at string) {
		if e.Is("httpsig") || e.Is("patchet") {
			need(at)
		}
	})
	elements(r.root.Member("routes"), "/routes", func(e strictjson.Value, at string) {
		if mcp, _ := e.Member("require").Member("tool").Member("mcp").Bool(); mcp {
			need(at + "/require/tool")
		}
	})
}

// windows finds how long entries of the replay memory live. What the policy does not say
// are core's defaults.
func (r *settingsReader) windows() {
	w := window{maxAge: 60, leastSkew: math.MaxInt64}
	if n, ok := r.root.Member("proof").Member("max_age_seconds").Integer(); ok {
		w.maxAge = n
	}
	r.s.times = strconv.FormatInt(w.maxAge, 10)
	elements(r.root.Member("issuers"), "/issuers", func(e strictjson.Value, _ string) {
		skew, lifetime := int64(30), int64(600)
		if n, ok := e.Member("clock_skew_seconds").Integer(); ok {
			skew = n
		}
		if n, ok := e.Member("max_token_lifetime_seconds").Integer(); ok {
			lifetime = n
		}
		r.s.times += "+" + strconv.FormatInt(skew, 10)
		w.skew, w.leastSkew, w.lifetime = max(w.skew, skew), min(w.leastSkew, skew), max(w.lifetime, lifetime)
	})
	r.s.window = w
}

func (r *settingsReader) nonce(variable string) {
	if !r.root.Member("proof").Member("nonce").Exists() {
		return
	}
	for _, text := range strings.Split(variable, ",") {
		key, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimSpace(text))
		if err != nil || len(key) != 32 {
			r.fault(ajwt.CodePolicyMemberMissing, "/proof/nonce",
				"want keys in the environment variable "+nonceVariable+": base64url, 32 bytes each, separated by commas")
			return
		}
		r.s.nonceKeys = append(r.s.nonceKeys, key)
	}
}

// store finds the replay store, which goes with replay.scope shared and with nothing else.
func (r *settingsReader) store(secret string) {
	const at = "/hosts/proxywasm/replay"
	v := r.host.Member("replay")
	switch shared := r.root.Member("replay").Member("scope").Is("shared"); {
	case shared && !v.Exists():
		r.fault(ajwt.CodePolicyMemberMissing, at, "want the uri and cluster of a replay store, since replay.scope is shared")
	case !shared && v.Exists():
		r.fault(ajwt.CodePolicyMemberConflict, at, "replay.scope is not shared: the memory is that of this proxy process")
	}
	if v.Kind() != strictjson.Object {
		return
	}
	s := &r.s.store
	uri := v.Member("uri")
	o, path, ok := splitURL(string(uri.Bytes()))
	if uri.Kind() == strictjson.String && (!ok || !visible(string(uri.Bytes()))) {
		r.fault(ajwt.CodePolicyMemberValue, at+"/uri", "want an absolute URL, such as https://replay.internal/v1/replay")
	}
	if !visible(secret) {
		r.fault(ajwt.CodePolicyMemberValue, at, "want visible ASCII characters without space in the environment variable "+secretVariable)
	}
	timeout, given := v.Member("timeout_ms").Integer()
	if !given {
		timeout = defaultStoreTimeout
	}
	*s = storeSource{string(uri.Bytes()), string(v.Member("cluster").Bytes()), o.scheme, o.authority, path, secret, int(timeout)}
}

// visible tells whether a text is of visible ASCII characters alone.
func visible(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// urlOrigin is where a URL leads. text compares.
type urlOrigin struct{ text, scheme, authority string }

// splitURL takes a URL apart. core has held those of the policy to their form.
func splitURL(url string) (o urlOrigin, path string, ok bool) {
	scheme, rest, found := strings.Cut(url, "://")
	if !found || scheme != "https" && scheme != "http" {
		return o, "", false
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	o.scheme, o.authority, path = scheme, rest[:end], rest[end:]
	if path == "" || path[0] == '?' {
		path = "/" + path
	}
	o.text = scheme + "://" + strings.ToLower(o.authority)
	return o, path, o.authority != "" && !strings.ContainsAny(url, "#@ ")
}
