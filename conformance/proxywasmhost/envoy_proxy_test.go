//go:build envoy

package proxywasmhost

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/agentic-jwt/ajwt/vectors"
)

// object is JSON, which Envoy reads as YAML.
type object = map[string]any

func address(port int) object {
	return object{"socket_address": object{"address": "127.0.0.1", "port_value": port}}
}

func cluster(name string, port int) object {
	return object{"name": name, "load_assignment": object{"cluster_name": name, "endpoints": []any{
		object{"lb_endpoints": []any{object{"endpoint": object{"address": address(port)}}}}}}}
}

// listener is that of hosts/envoy/envoy.yaml for a place. Envoy chooses its port.
func (p *place) listener(module, upstream string) object {
	const types = "type.googleapis.com/envoy.extensions.filters."
	keys := make([]string, len(p.w.nonceKeys))
	for i, k := range p.w.nonceKeys {
		keys[i] = base64.RawURLEncoding.EncodeToString(k)
	}
	wasm := object{"@type": types + "http.wasm.v3.Wasm", "config": object{
		"name": "ajwt", "failure_policy": "FAIL_RELOAD", "allow_on_headers_stop_iteration": true,
		"vm_config": object{"vm_id": p.vm, "runtime": "envoy.wasm.runtime.v8", "code": object{"local": object{"filename": module}},
			"environment_variables": object{"key_values": object{"AJWT_NONCE_KEYS": strings.Join(keys, ",")}}},
		"configuration": object{"@type": "type.googleapis.com/google.protobuf.StringValue", "value": string(p.w.policy)}}}
	manager := object{"@type": types + "network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": "api",
		"use_remote_address": true, "scheme_header_transformation": object{"scheme_to_overwrite": p.scheme},
		"normalize_path": false, "merge_slashes": false, "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
		"common_http_protocol_options": object{"max_headers_count": 1000}, "max_request_headers_kb": 512,
		"route_config": object{"virtual_hosts": []any{object{"name": "api", "domains": []string{"*"}, "routes": []any{
			object{"match": object{"prefix": "/"}, "route": object{"cluster": upstream}}}}}},
		"http_filters": []any{object{"name": "envoy.filters.http.wasm", "typed_config": wasm},
			object{"name": "envoy.filters.http.router", "typed_config": object{"@type": types + "http.router.v3.Router"}}}}
	return object{"@type": "type.googleapis.com/envoy.config.listener.v3.Listener", "name": p.name, "address": address(0),
		"per_connection_buffer_limit_bytes": 64 << 20,
		"filter_chains":                     []any{object{"filters": []any{object{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}}}}}
}

// rawUpstream reads requests as they come, without a library that could hide one, and logs
// the first line of each connection as soon as a byte of it is there.
type rawUpstream struct {
	port int
	mu   sync.Mutex
	seen []string
}

func (u *rawUpstream) log(line string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.seen = append(u.seen, line)
}

func (u *rawUpstream) count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.seen)
}

func newRawUpstream(t *testing.T) *rawUpstream {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	u := &rawUpstream{port: l.Addr().(*net.TCPAddr).Port}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go u.serve(c)
		}
	}()
	return u
}

// serve answers one request and closes the connection.
func (u *rawUpstream) serve(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	if _, err := r.Peek(1); err != nil {
		return
	}
	first, err := r.ReadString('\n')
	u.log(first)
	if err != nil {
		return
	}
	size, chunked := 0, false
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		if line = strings.ToLower(strings.TrimSpace(line)); line == "" {
			break
		}
		if n, ok := strings.CutPrefix(line, "content-length:"); ok {
			size, _ = strconv.Atoi(strings.TrimSpace(n))
		}
		chunked = chunked || strings.HasPrefix(line, "transfer-encoding:") && strings.Contains(line, "chunked")
	}
	_, _ = io.CopyN(io.Discard, r, int64(size))
	for chunked {
		line, err := r.ReadString('\n')
		if err != nil || line == "0\r\n" {
			break
		}
	}
	_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

// outcome is what became of a request at a real proxy.
type outcome struct {
	Status  int    `json:"status"` // 0: no answer
	Code    string `json:"code"`
	Reached bool   `json:"reached"`
}

// client sends requests of one lane, one at a time, so that what its upstream sees in
// between is that request.
type client struct {
	up   *rawUpstream
	c    net.Conn // kept for the requests of a sequence
	r    *bufio.Reader
	keep bool
}

func (l *client) exchange(port int, message []byte) outcome {
	before := l.up.count()
	if l.c == nil {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return outcome{}
		}
		l.c, l.r = c, bufio.NewReader(c)
	}
	_ = l.c.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = l.c.Write(message)
	var o outcome
	res, err := http.ReadResponse(l.r, nil)
	if err == nil {
		body, _ := io.ReadAll(res.Body)
		_, rest, _ := strings.Cut(string(body), `"code":"`)
		o.Status = res.StatusCode
		o.Code, _, _ = strings.Cut(rest, `"`)
	}
	if !l.keep || err != nil || res.Close {
		l.close()
	}
	o.Reached = l.up.count() > before
	return o
}

func (l *client) close() {
	if l.c != nil {
		l.c.Close()
		l.c = nil
	}
}

// message writes a request as HTTP/1.1, byte for byte.
func message(q *vectors.Request) []byte {
	body, _ := base64.StdEncoding.DecodeString(q.Body)
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nhost: %s\r\n", q.Method, q.Target, q.Authority)
	framed := false
	for _, h := range q.Headers {
		name := strings.ToLower(h.Name)
		framed = framed || name == "content-length" || name == "transfer-encoding"
		b.WriteString(h.Name + ": ")
		b.Write(h.Value)
		b.WriteString("\r\n")
	}
	if len(body) > 0 && !framed {
		fmt.Fprintf(&b, "content-length: %d\r\n", len(body))
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

// documentServer is where all documents lie. Before it is opened it has nothing.
type documentServer struct {
	port      int
	mu        sync.Mutex
	documents map[string][]byte
	served    map[string]bool
}

func newDocumentServer(t *testing.T) *documentServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	d := &documentServer{port: l.Addr().(*net.TCPAddr).Port, served: make(map[string]bool)}
	go func() { _ = http.Serve(l, d) }()
	return d
}

func (d *documentServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	data, ok := d.documents[r.URL.Path]
	if !ok {
		w.WriteHeader(503)
		return
	}
	d.served[r.URL.Path] = true
	_, _ = w.Write(data)
}

func (d *documentServer) open(documents map[string][]byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.documents = documents
}

// waiting is the number of documents that nobody has fetched.
func (d *documentServer) waiting() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.documents) - len(d.served)
}

// proxy is a running Envoy whose listeners come from a file.
type proxy struct {
	t       *testing.T
	folder  string
	version string
	admin   int
	stop    func()
}

// envoyVersion asks a program which Envoy it is.
func envoyVersion(t *testing.T, program string) string {
	t.Helper()
	out, err := exec.Command(program, "--version").Output()
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(out), "version: ") // commit/1.36.4/Clean/RELEASE/BoringSSL
	parts := strings.Split(rest, "/")
	require.Len(t, parts, 5, string(out))
	return parts[1]
}

// startEnvoy starts Envoy with these listeners and waits until it serves.
func startEnvoy(t *testing.T, program string, listeners []object, clusters []any) *proxy {
	t.Helper()
	p := &proxy{t: t, folder: t.TempDir(), version: envoyVersion(t, program)}
	p.write(listeners)
	ports := filepath.Join(p.folder, "admin")
	config, err := json.Marshal(object{"node": object{"id": "test", "cluster": "test"}, "admin": object{"address": address(0)},
		"dynamic_resources": object{"lds_config": object{"path_config_source": object{"path": p.lds()}}},
		"static_resources":  object{"clusters": clusters}})
	require.NoError(t, err)
	file := filepath.Join(p.folder, "envoy.json")
	require.NoError(t, os.WriteFile(file, config, 0o600))
	log, err := os.Create(filepath.Join(p.folder, "log"))
	require.NoError(t, err)
	cmd := exec.Command(program, "-c", file, "--concurrency", "1", "--disable-hot-restart", "--log-level", "error",
		"--admin-address-path", ports, "--drain-time-s", "1", "--drain-strategy", "immediate")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // not even a killed test leaves it behind
	require.NoError(t, cmd.Start())
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	p.stop = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
	}
	t.Cleanup(func() {
		p.stop()
		if text, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("envoy:\n%s", text[max(0, len(text)-3000):])
		}
		log.Close()
	})
	p.wait("it is not ready", func() bool {
		select {
		case <-ended:
			t.Fatal("Envoy has ended")
		default:
		}
		if p.admin == 0 {
			text, _ := os.ReadFile(ports)
			_, port, _ := strings.Cut(string(text), ":")
			p.admin, _ = strconv.Atoi(port)
		}
		return p.admin != 0 && strings.Contains(p.get("/ready"), "LIVE")
	})
	return p
}

func (p *proxy) lds() string { return filepath.Join(p.folder, "listeners.json") }

func (p *proxy) write(listeners []object) {
	text, err := json.Marshal(object{"resources": listeners})
	require.NoError(p.t, err)
	require.NoError(p.t, os.WriteFile(p.lds()+".new", text, 0o600))
	require.NoError(p.t, os.Rename(p.lds()+".new", p.lds()))
}

// wait waits far longer than anything should take on a busy machine.
func (p *proxy) wait(what string, done func() bool) {
	p.t.Helper()
	for end := time.Now().Add(8 * time.Minute); !done(); time.Sleep(100 * time.Millisecond) {
		require.True(p.t, time.Now().Before(end), what)
	}
}

func (p *proxy) get(path string) string {
	res, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d%s", p.admin, path))
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return string(b)
}

// stat is the value of a counter or gauge.
func (p *proxy) stat(name string) int {
	_, rest, _ := strings.Cut(p.get("/stats?filter=^"+name+"$"), ": ")
	n, _ := strconv.Atoi(strings.TrimSpace(rest))
	return n
}

// ports finds the listeners' ports by their names.
func (p *proxy) ports() map[string]int {
	var list struct {
		Statuses []struct {
			Name    string
			Address struct {
				Socket struct {
					Port int `json:"port_value"`
				} `json:"socket_address"`
			} `json:"local_address"`
		} `json:"listener_statuses"`
	}
	require.NoError(p.t, json.Unmarshal([]byte(p.get("/listeners?format=json")), &list))
	out := make(map[string]int)
	for _, l := range list.Statuses {
		out[l.Name] = l.Address.Socket.Port
	}
	return out
}
