//go:build envoy

package envoytest

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

// readyWithin is for a busy machine: the module is compiled first.
const readyWithin = 8 * time.Minute

// proxy is an Envoy with the example's configuration, and what stands around it.
type proxy struct {
	t        *testing.T
	folder   string
	listener string // the text of the listener, before the policy
	port     int
	admin    int
	pid      int
	stdout   lockedBuffer
	upstream upstream
	keys     *keyServer
	client   *http.Client
}

// lockedBuffer is where Envoy writes.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// upstream records the first line of each request as soon as its header is there.
type upstream struct {
	mu    sync.Mutex
	seen  []string
	port  int
	up    *httptest.Server
	watch func(*http.Request) // has each request once it is complete, trailers included
	// upgrade answers those that ask for another protocol, nil as any other.
	upgrade func(http.ResponseWriter)
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	u.seen = append(u.seen, r.Method+" "+r.RequestURI)
	u.mu.Unlock()
	if u.upgrade != nil && r.Header.Get("upgrade") != "" {
		u.upgrade(w)
		return
	}
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		return
	}
	if u.watch != nil {
		u.watch(r)
	}
	fmt.Fprintf(w, "%d", n)
}

// start lets it listen, on the port that it had before if there was one.
func (u *upstream) start(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", u.port))
	require.NoError(t, err)
	u.port = l.Addr().(*net.TCPAddr).Port
	u.up = &httptest.Server{Listener: l, Config: &http.Server{Handler: u}}
	u.up.Start()
}

func (u *upstream) stop() { u.up.Close() }

// count is the number of requests so far.
func (u *upstream) count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.seen)
}

// last is the first line of the last request.
func (u *upstream) last() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.seen[len(u.seen)-1]
}

// keyServer is the authorization server's key set, behind TLS with a CA of its own.
type keyServer struct {
	mu      sync.Mutex
	fetches int
	status  int
	bundle  []byte
	port    int
	ca      string // file
	before  func(w http.ResponseWriter, r *http.Request) (done bool)
}

// first lets a function answer what comes, nil nobody but the key server itself.
func (k *keyServer) first(f func(http.ResponseWriter, *http.Request) bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.before = f
}

// serve puts a bundle in the place of the one that there is.
func (k *keyServer) serve(bundle []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.bundle = bundle
}

func (k *keyServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.before != nil && k.before(w, r) {
		return
	}
	if r.URL.Path == "/bundle" {
		_, _ = w.Write(k.bundle)
		return
	}
	k.fetches++
	if k.status != 200 {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(k.status)
		return
	}
	_, _ = w.Write(abitest.KeySet("as-1"))
}

func (k *keyServer) set(status int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.status = status
}

func (k *keyServer) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.fetches
}

// newKeyServer listens with a certificate for the name, signed by a new CA.
func newKeyServer(t *testing.T, folder, name string) *keyServer {
	t.Helper()
	a := newAuthority(t, filepath.Join(folder, "ca.pem"))
	k := &keyServer{status: 200, ca: a.file}
	server := httptest.NewUnstartedServer(k)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{a.certificate(t, name, time.Hour)}}
	server.StartTLS()
	t.Cleanup(server.Close)
	k.port = server.Listener.Addr().(*net.TCPAddr).Port
	return k
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// replaced replaces what must stand in the example exactly so often.
func replaced(t *testing.T, text, old, new string, times int) string {
	t.Helper()
	require.Equal(t, times, strings.Count(text, old), "the example has changed: %s", old)
	return strings.ReplaceAll(text, old, new)
}

// options of a proxy.
type options struct {
	workers  int
	buffer   int    // bytes of a body that Envoy holds, 0 for the example's
	module   string // file, "" for the one that is shipped
	certName string // of the key server, "" for the right one
	bundle   []byte // that the key server has

	keysStatus    int    // of the key server at the start, 0 for 200
	failurePolicy string // "" for the example's
	nonceKeys     string // AJWT_NONCE_KEYS

	store       int    // port of the replay store, 0 for no cluster of it
	emptyStore  bool   // its cluster has no endpoint
	storeCA     string // file of the CA for TLS to it, "" for none
	headersGoOn bool   // without allow_on_headers_stop_iteration
	upgrades    bool   // to WebSocket are passed on
	connect     bool   // and CONNECT is: Envoy makes a connection to the upstream of it
	trailers    bool   // go on to the upstream
}

// start starts Envoy and waits until it serves. The listener comes from a file that
// reload replaces: that is how a policy is changed without losing a request.
func start(t *testing.T, policy string, o options) *proxy {
	t.Helper()
	program := os.Getenv("AJWT_ENVOY")
	if program == "" {
		t.Fatal("AJWT_ENVOY does not name Envoy: AJWT_ENVOY=$(sh hosts/envoy/fetch.sh 1.36.4 build/envoy)")
	}
	if o.module == "" {
		o.module = "../../../dist/ajwt-proxy.wasm"
	}
	module, err := filepath.Abs(o.module)
	require.NoError(t, err)
	_, err = os.Stat(module)
	require.NoError(t, err, "build the module first")
	p := &proxy{t: t, folder: t.TempDir(), port: freePort(t), admin: freePort(t)}
	if o.certName == "" {
		o.certName = "as.example"
	}
	p.keys = newKeyServer(t, p.folder, o.certName)
	p.keys.bundle = o.bundle
	if o.keysStatus != 0 {
		p.keys.set(o.keysStatus)
	}
	p.upstream.start(t)
	t.Cleanup(p.upstream.stop)

	example, err := os.ReadFile("../envoy.yaml")
	require.NoError(t, err)
	text := replaced(t, string(example), "port_value: 9901", "port_value: "+strconv.Itoa(p.admin), 1)
	text = replaced(t, text, "port_value: 8080", "port_value: "+strconv.Itoa(p.port), 1)
	text = replaced(t, text, "port_value: 8081", "port_value: "+strconv.Itoa(p.upstream.port), 1)
	text = replaced(t, text, "address: as.example, port_value: 443", "address: 127.0.0.1, port_value: "+strconv.Itoa(p.keys.port), 1)
	text = replaced(t, text, "/etc/ssl/certs/ca-certificates.crt", p.keys.ca, 1)
	text = replaced(t, text, "dist/ajwt-proxy.wasm", module, 1)
	if o.store > 0 {
		text = withStore(t, text, o)
	}
	if o.upgrades {
		text = replaced(t, text, "          use_remote_address: true\n", "          use_remote_address: true\n          upgrade_configs: [{upgrade_type: websocket}]\n", 1)
	}
	if o.connect {
		text = withConnect(t, text)
	}
	if o.trailers {
		text = replaced(t, text, "  - name: upstream\n", "  - name: upstream\n    typed_extension_protocol_options:\n      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:\n"+
			"        \"@type\": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions\n"+
			"        explicit_http_config: {http_protocol_options: {enable_trailers: true}}\n", 1)
	}
	if o.failurePolicy != "" {
		text = replaced(t, text, "failure_policy: FAIL_RELOAD", "failure_policy: "+o.failurePolicy, 1)
	}
	if o.headersGoOn {
		text = replaced(t, text, "allow_on_headers_stop_iteration: true", "allow_on_headers_stop_iteration: false", 1)
	}
	if o.buffer > 0 {
		text = replaced(t, text, "limit_bytes: 2097152", "limit_bytes: "+strconv.Itoa(o.buffer), 1)
	}
	head, rest, ok := strings.Cut(text, "static_resources:\n  listeners:\n")
	require.True(t, ok)
	listener, clusters, ok := strings.Cut(rest, "  clusters:\n")
	require.True(t, ok)
	listener = strings.ReplaceAll("\n"+listener, "\n  ", "\n")[1:]
	p.listener = "resources:\n" + replaced(t, listener, "- name: api\n  address", "- \"@type\": type.googleapis.com/envoy.config.listener.v3.Listener\n  name: api\n  address", 1)
	p.reload(policy)
	config := filepath.Join(p.folder, "envoy.yaml")
	require.NoError(t, os.WriteFile(config, []byte(head+"node: {id: test, cluster: test}\ndynamic_resources:\n  lds_config: {path_config_source: {path: "+
		p.lds()+"}}\nstatic_resources:\n  clusters:\n"+clusters), 0o600))

	cmd := exec.Command(program, "-c", config, "--concurrency", strconv.Itoa(max(o.workers, 1)), "--disable-hot-restart", "--log-level", "info")
	cmd.Stdout, cmd.Stderr = &p.stdout, &p.stdout
	cmd.Env = append(os.Environ(), "AJWT_NONCE_KEYS="+o.nonceKeys, "AJWT_REPLAY_SECRET="+storeSecret)
	require.NoError(t, cmd.Start())
	p.pid = cmd.Process.Pid
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if t.Failed() {
			log := p.stdout.String()
			t.Logf("envoy:\n%s", log[max(0, len(log)-4000):])
		}
	})
	p.client = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	p.waitFor("/ready", "LIVE", readyWithin)
	return p
}

func (p *proxy) lds() string { return filepath.Join(p.folder, "listeners.yaml") }

// reload puts a policy in force: the file is replaced whole.
func (p *proxy) reload(policy string) {
	p.t.Helper()
	indented := "                  " + strings.ReplaceAll(strings.TrimSpace(policy), "\n", "\n                  ")
	text := replaced(p.t, p.listener, "                  POLICY", indented, 1)
	temporary := p.lds() + ".new"
	require.NoError(p.t, os.WriteFile(temporary, []byte(text), 0o600))
	require.NoError(p.t, os.Rename(temporary, p.lds()))
}

// get asks the administration interface.
func (p *proxy) get(path string) string {
	res, err := p.client.Get(fmt.Sprintf("http://127.0.0.1:%d%s", p.admin, path))
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return string(b)
}

func (p *proxy) waitFor(path, text string, limit time.Duration) {
	p.t.Helper()
	for end := time.Now().Add(limit); !strings.Contains(p.get(path), text); time.Sleep(50 * time.Millisecond) {
		require.True(p.t, time.Now().Before(end), "%s does not say %q within %v: %s", path, text, limit, p.get(path))
	}
}

// ready waits for the keys.
func (p *proxy) ready() { p.waitFor("/stats?filter=ajwt.ready", "ajwt.ready: 1", readyWithin) }

// metric is the value of a counter or gauge.
func (p *proxy) metric(name string) int {
	_, rest, _ := strings.Cut(p.get("/stats?filter="+name+"$"), ": ")
	n, _ := strconv.Atoi(strings.TrimSpace(rest))
	return n
}

// answer is what a client got, and whether the upstream saw the request.
type answer struct {
	status  int
	header  http.Header
	body    string
	code    string
	reached bool
}

// number makes every proof another one; tests run side by side.
var number atomic.Int64

func next() int { return int(number.Add(1)) }

func fresh() *ajwt.Request {
	return abitest.Request(abitest.Repository, time.Now().Unix(), next())
}

// send sends a request, one at a time: what the upstream saw in between is this one.
func (p *proxy) send(q *ajwt.Request, body io.Reader, change func(*http.Request)) answer {
	p.t.Helper()
	req, err := http.NewRequest(q.Method, fmt.Sprintf("http://127.0.0.1:%d%s", p.port, q.Target), body)
	require.NoError(p.t, err)
	req.Host = q.Authority
	for _, h := range q.Headers {
		req.Header.Add(h.Name, h.Value)
	}
	if change != nil {
		change(req)
	}
	before := p.upstream.count()
	res, err := p.client.Do(req)
	require.NoError(p.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(p.t, err)
	return answer{res.StatusCode, res.Header, string(text), codeOf(string(text)), p.upstream.count() > before}
}

// accepts sends a request without a body and tells whether it passed. Unlike send, several
// goroutines may call it at a time.
func (p *proxy) accepts(q *ajwt.Request) bool {
	req, _ := http.NewRequest(q.Method, fmt.Sprintf("http://127.0.0.1:%d%s", p.port, q.Target), nil)
	req.Host = q.Authority
	for _, h := range q.Headers {
		req.Header.Add(h.Name, h.Value)
	}
	res, err := p.client.Do(req)
	if err != nil {
		p.t.Error(err)
		return false
	}
	_, _ = io.Copy(io.Discard, res.Body)
	res.Body.Close()
	return res.StatusCode == 200
}
