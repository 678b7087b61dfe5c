package filter

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
	"github.com/agentic-jwt/ajwt/wasm/proxywasm/abi"
)

const later = abitest.Now + 7200 // past a cold start

// warm is a proxy whose replay memory has been there for long.
func warm() *proxy {
	p := newProxy()
	p.now = abitest.Now
	return p
}

// What waits for the tick does not wait when there is much of it, or when the filter goes.
func TestMetricsFollow(t *testing.T) {
	p := warm()
	r := configured(t, p, abitest.Policy())
	many := len(r.metrics.waiting.latencies)
	for i := range many + 1 {
		p.send(abitest.Request(abitest.Repository, later, i))
		require.Equal(t, abi.Passed, r.RequestHeaders(true))
	}
	require.Equal(t, int64(many), p.metrics["ajwt.accepted"])
	r.Closed()
	require.Equal(t, int64(many+1), p.metrics["ajwt.accepted"])
	r.Closed()
	require.Equal(t, int64(many+1), p.metrics["ajwt.accepted"], "counted once")
}

func TestAccepted(t *testing.T) {
	p := warm()
	r := configured(t, p, abitest.Policy())
	p.send(abitest.Request(abitest.Repository, later, 1))
	require.Equal(t, abi.Passed, r.RequestHeaders(true))
	require.Empty(t, p.replies)
	require.Contains(t, p.properties["ajwt"], `{"verdict":"accept","enforced":true,"level":"jwt+pop"`)
	require.Contains(t, p.properties["ajwt"], `,"elapsed_us":0}`)
	require.Zero(t, p.metrics["ajwt.accepted"], "it follows with the tick")
	r.Tick()
	require.Equal(t, int64(1), p.metrics["ajwt.accepted"])
	require.Equal(t, int64(1), p.metrics["ajwt.ready"])
	require.Equal(t, tickReady, p.tick)
	require.Empty(t, p.lines)
}

func TestRejected(t *testing.T) {
	p := warm()
	r := configured(t, p, abitest.Policy())
	q := abitest.Request(abitest.Repository, later, 1)
	p.send(q)
	p.headers = p.headers[:4]
	require.Equal(t, abi.Refused, r.RequestHeaders(true))
	require.Len(t, p.replies, 1)
	a := &p.replies[0]
	require.Equal(t, 401, a.status)
	require.Equal(t, "ajwt_input_authorization_missing", a.details)
	require.Equal(t, `{"error":"invalid_request","code":"input_authorization_missing"}`, a.body)
	require.Equal(t, `DPoP algs="Ed25519 ES256"`, a.header("www-authenticate"))
	require.Equal(t, "no-store", a.header("cache-control"))
	require.Equal(t, "application/json", a.header("content-type"))
	require.Empty(t, a.header("dpop-nonce"))
	require.Equal(t, int64(1), p.metrics["ajwt.rejected"])
	require.Equal(t, int64(1), p.metrics["ajwt.code.input_authorization_missing"])
	require.Len(t, p.lines, 1, "one line")
	require.Equal(t, p.properties["ajwt"], p.lines[0])
}

func TestNonce(t *testing.T) {
	p := warm()
	p.config = abitest.PolicyWithNonce()
	require.False(t, New(p).Configure(len(p.config)), "without a key")
	require.Contains(t, strings.Join(p.lines, "\n"), nonceVariable)
	require.NotContains(t, strings.Join(p.lines, "\n"), "\nAA")
	for _, wrong := range []string{"AA", strings.Repeat("A", 44), base64.RawURLEncoding.EncodeToString(make([]byte, 32)) + ",x"} {
		p.env[nonceVariable] = wrong
		require.False(t, New(p).Configure(len(p.config)), wrong)
	}
	p.env[nonceVariable] = base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	r := configured(t, p, p.config)
	p.send(abitest.Request(abitest.Repository, later, 1))
	require.Equal(t, abi.Refused, r.RequestHeaders(true))
	nonce := p.replies[0].header("dpop-nonce")
	require.NotEmpty(t, nonce)
	p.send(abitest.RequestWith(abitest.Repository, later, 2, abitest.Token(later), nonce))
	require.Equal(t, abi.Passed, r.RequestHeaders(true))
}

func TestObserved(t *testing.T) {
	p := warm()
	r := configured(t, p, abitest.Policy())
	for range 2 {
		p.send(abitest.Request(abitest.Observed, later, 1))
		require.Equal(t, abi.Passed, r.RequestHeaders(true))
	}
	require.Contains(t, p.properties["ajwt"], `"verdict":"reject","enforced":false,"code":"replay_proof_reused"`)
	require.Equal(t, int64(1), p.metrics["ajwt.observed"])
	require.Len(t, p.lines, 1)
}

// Envoy joins a repeated Authorization with a comma, and gives a repeated DPoP as two
// pairs.
func TestRepeatedFields(t *testing.T) {
	p := warm()
	r := configured(t, p, abitest.Policy())
	p.send(abitest.Request(abitest.Repository, later, 1))
	for i := range p.headers {
		if p.headers[i].Name == "authorization" {
			p.headers[i].Value += "," + p.headers[i].Value
		}
	}
	require.Equal(t, abi.Refused, r.RequestHeaders(true))
	require.Equal(t, "input_authorization_duplicate", p.code())
	p.send(abitest.Request(abitest.Repository, later, 1))
	p.headers = append(p.headers, p.headers[6])
	require.Equal(t, "dpop", p.headers[6].Name)
	require.Equal(t, abi.Refused, r.RequestHeaders(true))
	require.Equal(t, "input_proof_duplicate", p.code())
}

func TestPseudoFields(t *testing.T) {
	p := warm()
	r := configured(t, p, abitest.Policy())
	for name, change := range map[string]func(){
		"method twice": func() { p.headers = append(p.headers, p.headers[0]) },
		"unknown":      func() { p.headers = append(p.headers, abi.Pair{Name: ":status", Value: "200"}) },
		"without path": func() { p.headers[3].Name = "path" },
		"empty path":   func() { p.headers[3].Value = "" },
		"no fields":    func() { p.headers = nil },
		"other scheme": func() { p.headers[1].Value = "http" },
		"other host":   func() { p.headers[2].Value = "other.example" },
		"other method": func() { p.headers[0].Value = "POST" },
		"dotted path":  func() { p.headers[3].Value = "/a/.." + p.headers[3].Value },
		"fragment":     func() { p.headers[3].Value += "#a" },
		"empty name":   func() { p.headers = append(p.headers, abi.Pair{}) },
		"line break":   func() { p.headers = append(p.headers, abi.Pair{Name: "a", Value: "b\r\nc"}) },
	} {
		p.send(abitest.Request(abitest.Repository, later, 1))
		change()
		require.Equal(t, abi.Refused, r.RequestHeaders(true), name)
	}
	// A field that no record of a forwarding hop can replace: the scheme is the chain's.
	p.send(abitest.Request(abitest.Repository, later, 1))
	p.headers[1].Value = "http"
	p.headers = append(p.headers, abi.Pair{Name: "x-forwarded-proto", Value: "https"})
	require.Equal(t, abi.Refused, r.RequestHeaders(true))
	require.Equal(t, "proof_htu_mismatch", p.code())
}

func TestBrokenPairs(t *testing.T) {
	p := warm()
	r := configured(t, p, abitest.Policy())
	p.send(abitest.Request(abitest.Repository, later, 1))
	r.host = broken{p}
	require.Equal(t, abi.Refused, r.RequestHeaders(true))
	require.Equal(t, "abi_record_malformed", p.code())
}

type broken struct{ *proxy }

func (b broken) Pairs(kind abi.MapKind) ([]byte, abi.Status) {
	data, status := b.proxy.Pairs(kind)
	return data[:len(data)-1], status
}

func TestNotConfigured(t *testing.T) {
	p := newProxy()
	p.send(abitest.Request(abitest.Repository, later, 1))
	r := New(p)
	require.Equal(t, abi.Refused, r.RequestHeaders(true))
	require.Equal(t, 500, p.replies[0].status)
	r.Tick()
	r.CallResponse(1, 1, 1)
	r.Done()
}

// A body that is not asked for is not waited for: the request is decided with its headers.
func TestBodyNotWanted(t *testing.T) {
	p := warm()
	r := configured(t, p, abitest.Policy())
	p.send(abitest.Request(abitest.Repository, later, 1))
	require.Equal(t, abi.Passed, r.RequestHeaders(false))
}

const httpsig = `{"proof":{"methods":["dpop","httpsig"]},`

func withProof(policy []byte) []byte { return append([]byte(httpsig), policy[1:]...) }

func TestBodyRoutes(t *testing.T) {
	policy := withHosts(withProof(abitest.Policy()), `"body":true`)
	start := func() (*proxy, *Root) {
		p := warm()
		r := configured(t, p, policy)
		p.send(abitest.Request(abitest.Repository, later, 1))
		p.headers = append(p.headers, abi.Pair{Name: "Signature-Input", Value: `sig1=();tag="x"`})
		return p, r
	}

	p, r := start()
	require.Equal(t, abi.Held, r.RequestHeaders(false), "nothing passes before the body was judged")
	p.body = []byte("abc")
	require.Equal(t, abi.Held, r.RequestBody(2, false))
	require.NotEqual(t, abi.Held, r.RequestBody(3, true))
	require.Len(t, p.properties, 1)

	_, r = start()
	r.RequestHeaders(false)
	require.NotEqual(t, abi.Held, r.RequestTrailers(), "with trailers, the body's end is theirs")

	p, r = start()
	r.RequestHeaders(false)
	p.body = make([]byte, 2<<20)
	require.Equal(t, abi.Refused, r.RequestBody(2<<20, false), "too long before its end")
	require.Equal(t, "input_body_too_long", p.code())
	require.Equal(t, 413, p.replies[0].status)

	_, r = start()
	require.NotEqual(t, abi.Held, r.RequestHeaders(true), "no body: decided at once")

	p, r = start()
	p.headers = append(p.headers, abi.Pair{Name: "Upgrade", Value: "websocket"})
	require.Equal(t, abi.Refused, r.RequestHeaders(false), "no end would ever come")
	require.Equal(t, "proof_body_unavailable", p.code())

	p, r = start()
	p.headers[0].Value = "CONNECT"
	require.Equal(t, abi.Refused, r.RequestHeaders(false))
	require.Equal(t, "proof_body_unavailable", p.code())

	// A request without such a proof does not wait.
	p, r = start()
	p.headers = p.headers[:len(p.headers)-1]
	require.Equal(t, abi.Passed, r.RequestHeaders(false))
}

// The fields that are judged are those that go on, even if another filter changed them
// while the body came.
func TestHeadersReadAgain(t *testing.T) {
	p := warm()
	r := configured(t, p, withHosts(withProof(abitest.Policy()), `"body":true`))
	p.send(abitest.Request(abitest.Repository, later, 1))
	p.headers = append(p.headers, abi.Pair{Name: "signature-input", Value: `s=();tag="x"`})
	require.Equal(t, abi.Held, r.RequestHeaders(false))
	p.headers = p.headers[:4]
	require.Equal(t, abi.Refused, r.RequestBody(0, true))
	require.Equal(t, "input_authorization_missing", p.code())
}

func TestCollects(t *testing.T) {
	p := warm()
	r := configured(t, p, abitest.Policy())
	before := p.collected
	const each = bytesPerCollection / requestGarbage
	for range 3 * each {
		p.headers = nil
		r.RequestHeaders(true)
		r.Done()
	}
	require.Zero(t, p.collected-before, "the heap has not grown")
	p.growth = bytesPerCollection
	r.garbage = 0
	for range each {
		p.headers = nil
		r.RequestHeaders(true)
		r.Done()
	}
	require.Equal(t, 1, p.collected-before, "after the request, when nobody waits")
	for range 3 * each {
		r.RequestHeaders(true)
	}
	require.Equal(t, 2, p.collected-before, "and within it where the host never calls Done")
}

// TestMetricsAreFixed holds that requests make no series.
func TestMetricsAreFixed(t *testing.T) {
	p := warm()
	r := configured(t, p, abitest.Policy())
	n := len(p.names)
	require.Greater(t, n, 100)
	require.Contains(t, p.names, "ajwt.code.claim_exp_expired")
	require.Contains(t, p.names, "ajwt.code.bundle_too_large")
	for i, q := range abitest.Mixed() {
		p.send(q)
		p.headers = append(p.headers, abi.Pair{Name: "x-" + number(i), Value: "y"})
		r.RequestHeaders(true)
	}
	require.Len(t, p.names, n)
	for code := ajwt.Code(1); code < thousands*1000; code++ {
		require.Equal(t, code.Known(), r.metrics.code(code).host != nil, code)
	}
}

func TestConfigurationFaultsAllAtOnce(t *testing.T) {
	p := newProxy()
	p.config = []byte(`{"issuers":[{"issuer":"https://as.example","audiences":["a"],"algorithms":["Ed25519"],
		"jwks_uri":"https://as.example/jwks.json","bundle":{"keys":[]},"extra":1}],
		"replay":{"scope":"shared"},"proof":{"methods":["httpsig"]},
		"hosts":{"proxywasm":{"fetch":[{"origin":"https://as.example/path","cluster":"a"},{"origin":"https://b","cluster":"b"},{"origin":"https://B","cluster":"c"}]}},
		"routes":[{"id":"r","match":{"path":"/**"},"require":{"tool":{"mcp":true}}}]}`)
	require.False(t, New(p).Configure(len(p.config)))
	text := strings.Join(p.lines, "\n")
	for _, pointer := range []string{"/issuers/0/extra", "/issuers/0/bundle/keys", "/issuers/0/jwks_uri: policy_member_missing", "/issuers/0/bundle/uri",
		"/hosts/proxywasm/replay: policy_member_missing", "/proof/methods/0", "/routes/0/require/tool", "/hosts/proxywasm/fetch/0/origin", "/hosts/proxywasm/fetch/2/origin"} {
		require.Contains(t, text, pointer)
	}
	for _, config := range []string{"", "{", "[]", "null"} {
		p.config = []byte(config)
		require.False(t, New(p).Configure(len(config)), config)
	}
}

// A Struct is named as such; what is not one to its last byte is no JSON, and nothing more.
func TestStructIsNamed(t *testing.T) {
	p := newProxy()
	message := "\n\x0c\n\x01a\x12\x07\x1a\x05value" + "\n\x85\x01" + strings.Repeat("x", 133)
	for config, named := range map[string]bool{
		message: true, message[:14]: true, message[:13]: false, message + "\n": false, message + "\n\x01": false, message + "\x12\x00": false,
		"\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01": false, "\n\x80": false, "": false, "\n": false, "\n{": false, "\n\x02{}": true, "\n {}": false,
	} {
		p.config, p.lines = []byte(config), nil
		require.False(t, New(p).Configure(len(config)), "%q", config)
		require.Equal(t, named, strings.Contains(strings.Join(p.lines, "\n"), "google.protobuf.Struct"), "%q: %q", config, p.lines)
	}
}

func TestSplitURL(t *testing.T) {
	for url, want := range map[string]string{
		"https://as.example/jwks.json": "https as.example /jwks.json",
		"https://as.example":           "https as.example /",
		"https://as.example?a=/":       "https as.example /?a=/",
		"http://127.0.0.1:80/a?b":      "http 127.0.0.1:80 /a?b",
		"ftp://a/":                     "", "https://": "", "https://a#b": "", "https://u@a/": "", "as.example/": "",
	} {
		o, path, ok := splitURL(url)
		require.Equal(t, want != "", ok, url)
		if ok {
			require.Equal(t, want, o.scheme+" "+o.authority+" "+path)
		}
	}
}
