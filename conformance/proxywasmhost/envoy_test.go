//go:build envoy

package proxywasmhost

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
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

// listener is that of hosts/envoy/envoy.yaml, with a policy.
func listener(module string, port int, policy []byte) object {
	const types = "type.googleapis.com/envoy.extensions.filters."
	wasm := object{"@type": types + "http.wasm.v3.Wasm", "config": object{
		"name": "ajwt", "failure_policy": "FAIL_RELOAD", "allow_on_headers_stop_iteration": true,
		"vm_config": object{"vm_id": "ajwt", "runtime": "envoy.wasm.runtime.v8", "code": object{"local": object{"filename": module}},
			"environment_variables": object{"host_env_keys": []string{"AJWT_NONCE_KEYS"}}},
		"configuration": object{"@type": "type.googleapis.com/google.protobuf.StringValue", "value": string(policy)}}}
	manager := object{"@type": types + "network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": "api",
		"use_remote_address": true, "scheme_header_transformation": object{"scheme_to_overwrite": "https"},
		"normalize_path": false, "merge_slashes": false, "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
		"common_http_protocol_options": object{"max_headers_count": 1000}, "max_request_headers_kb": 512,
		"route_config": object{"virtual_hosts": []any{object{"name": "api", "domains": []string{"*"}, "routes": []any{
			object{"match": object{"prefix": "/"}, "route": object{"cluster": "upstream"}}}}}},
		"http_filters": []any{object{"name": "envoy.filters.http.wasm", "typed_config": wasm},
			object{"name": "envoy.filters.http.router", "typed_config": object{"@type": types + "http.router.v3.Router"}}}}
	return object{"name": strconv.Itoa(port), "address": address(port), "per_connection_buffer_limit_bytes": 64 << 20,
		"filter_chains": []any{object{"filters": []any{object{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}}}}}
}

// rawUpstream counts the connections on which a byte came, and answers.
func rawUpstream(t *testing.T, seen *atomic.Int64) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r := bufio.NewReader(c)
				if _, err := r.Peek(1); err != nil {
					return
				}
				seen.Add(1)
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
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

// outcome is what became of a request at a real proxy.
type outcome struct {
	status  int // 0: no answer
	code    string
	reached bool
}

// exchange sends the bytes of a request over a connection of its own.
func exchange(port int, message []byte, seen *atomic.Int64) outcome {
	before := seen.Load()
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return outcome{}
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	_, _ = c.Write(message)
	var o outcome
	if res, err := http.ReadResponse(bufio.NewReader(c), nil); err == nil {
		body, _ := io.ReadAll(res.Body)
		_, rest, _ := strings.Cut(string(body), `"code":"`)
		o.status = res.StatusCode
		o.code, _, _ = strings.Cut(rest, `"`)
	}
	o.reached = seen.Load() > before
	return o
}

// message writes a case as HTTP/1.1, byte for byte.
func message(q *vectors.Request, body []byte) []byte {
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

// carriedOtherwise are cases that HTTP/1.1, or Envoy as it reads it, changes before the
// filter sees them; what the upstream gets is the changed one too.
var carriedOtherwise = map[string]string{
	"tool.body.length-shorter":             "the body ends where Content-Length says",
	"tool.body.length-longer":              "the body never ends",
	"request.authorization.twice-empty":    "Envoy drops an empty value of a repeated Authorization",
	"request.authorization.leading-space":  "white space around a value is none of it (RFC 9112, section 5.1)",
	"request.authorization.trailing-space": "white space around a value is none of it (RFC 9112, section 5.1)",
	"request.limits.fields":                "Envoy adds fields of its own, which count",
	"request.message.field-name-colon":     "a name ends at the first colon",
	"request.message.field-value-cr":       "Envoy does not show a bare CR in a value (RFC 9112, section 2.2)",
	"request.message.field-value-lf":       "a value ends at the line's end",
	"request.message.field-value-folded":   "Envoy unfolds a folded value (RFC 9112, section 5.2)",
	"request.target.leading-space":         "Envoy takes several spaces of the request line for one",
}

type place struct {
	w      *world
	cases  []*vectors.Case
	port   int
	native *ajwt.Verifier
}

// unfit tells why a case is left to the emulated host, "" if it is not.
func unfit(c *vectors.Case, present int64) string {
	if why := carried(c); why != "" {
		return why
	}
	if carriedOtherwise[c.ID] != "" {
		return "HTTP/1.1 changes it"
	}
	var policy struct{ Replay map[string]any }
	_ = json.Unmarshal(c.Policy, &policy)
	switch {
	case *c.Now != present:
		return "another time than the present"
	case c.Replay != nil || policy.Replay["capacity"] != nil:
		return "a replay memory of its own"
	case len(c.NonceKeys) > 0:
		return "secrets of its own"
	case c.Request.Scheme != "https":
		return "the listener fixes the scheme"
	}
	return ""
}

// TestEnvoyVectors puts the verify cases to real Envoy as HTTP/1.1. They are minted for the
// time that AJWT_NOW names, a minute or more from now: AJWT_VECTORS is their folder. Core
// in this process decides on the same request in the same second, with one replay memory
// for all, as the proxy has.
func TestEnvoyVectors(t *testing.T) {
	program, folder := os.Getenv("AJWT_ENVOY"), os.Getenv("AJWT_VECTORS")
	present, err := strconv.ParseInt(os.Getenv("AJWT_NOW"), 10, 64)
	require.NoError(t, err, "AJWT_NOW")
	require.NotEmpty(t, program, "AJWT_ENVOY")
	suite, err := vectors.LoadFS(os.DirFS(folder))
	require.NoError(t, err)
	module, err := filepath.Abs(moduleFile)
	require.NoError(t, err)

	left := make(map[string]int)
	groups := make(map[string][]*vectors.Case)
	cases := suite.Cases()
	for n := range cases {
		c := &cases[n]
		if c.Op != "verify" {
			continue
		}
		if why := unfit(c, present); why != "" {
			left[why]++
			continue
		}
		k := newWorld(t, suite, c, "").key()
		groups[k] = append(groups[k], c)
	}
	var keys []string
	for k := range groups {
		keys = append(keys, k)
	}
	sort.Strings(keys)

	documents := make(map[string][]byte)
	server, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() {
		_ = http.Serve(server, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if data, ok := documents[r.URL.Path]; ok {
				_, _ = w.Write(data)
				return
			}
			w.WriteHeader(404)
		}))
	}()
	memory := ajwt.NewReplayMemory(1<<18, 1<<14, time.Now().Unix())
	var places []*place
	var listeners []any
	first := 20000
	for n, k := range keys {
		p := &place{cases: groups[k], port: first + n}
		p.w = newWorld(t, suite, groups[k][0], fmt.Sprintf("/%d", n))
		policy, err := ajwt.ParsePolicy(p.w.policy)
		require.NoError(t, err)
		p.native, err = ajwt.NewVerifier(policy, ajwt.Options{Replay: memory})
		require.NoError(t, err)
		inForce := true
		for _, l := range p.w.loads {
			_, err := p.native.Load(l.kind, l.issuer, l.data, time.Now().Unix())
			inForce = inForce && err == nil
		}
		if !inForce {
			left["a document that the present refuses"] += len(p.cases)
			continue
		}
		for path, data := range p.w.documents {
			documents[path] = data
		}
		places = append(places, p)
		listeners = append(listeners, listener(module, p.port, p.w.policy))
	}
	var seen atomic.Int64
	admin := freePort(t)
	config, err := json.Marshal(object{"admin": object{"address": address(admin)}, "static_resources": object{"listeners": listeners,
		"clusters": []any{cluster("upstream", rawUpstream(t, &seen)), cluster("documents", server.Addr().(*net.TCPAddr).Port)}}})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "envoy.json")
	require.NoError(t, os.WriteFile(file, config, 0o600))
	log, err := os.Create(filepath.Join(os.TempDir(), "ajwt-envoy-vectors.log"))
	require.NoError(t, err)
	defer log.Close()
	cmd := exec.Command(program, "-c", file, "--concurrency", "1", "--disable-hot-restart", "--log-level", "warning")
	cmd.Stdout, cmd.Stderr = log, log
	began := time.Now()
	require.NoError(t, cmd.Start())
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}()
	for {
		res, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/ready", admin))
		if err == nil {
			res.Body.Close()
			if res.StatusCode == 200 {
				break
			}
		}
		require.Less(t, time.Since(began), 8*time.Minute)
		time.Sleep(200 * time.Millisecond)
	}
	t.Logf("%d listeners ready after %v", len(places), time.Since(began))
	// Until every document was fetched; then until the cases' own time.
	time.Sleep(max(15*time.Second, time.Until(time.Unix(present, 0))))
	require.Less(t, time.Now().Unix()-present, int64(25), "mint for a later time")

	ran, accepted, own, moved, wrong := 0, 0, make(map[int]int), 0, 0
	for _, p := range places {
		for _, c := range p.cases {
			if ms := time.Now().Nanosecond() / 1e6; ms > 970 {
				time.Sleep(time.Duration(1001-ms) * time.Millisecond)
			}
			_, q := requestOf(c)
			q.Now = time.Now().Unix()
			o := exchange(p.port, message(c.Request, q.Body), &seen)
			if o.code == "" && !o.reached { // Envoy's own answer, or none
				own[o.status]++
				if own[o.status] <= 8 {
					t.Logf("Envoy answers %d: %s (%s)", o.status, c.ID, c.Expect.Code)
				}
				continue
			}
			d := p.native.Verify(q)
			ran++
			if o.reached {
				accepted++
			}
			if d.Code.String() != c.Expect.Code {
				moved++
			}
			same := o.reached == d.Allows() && (d.Allows() || o.code == d.Code.String() && o.status == d.Status)
			if !same {
				if wrong++; wrong <= 60 {
					t.Errorf("%s: Envoy: reached %v, %d %s; core: %s", c.ID, o.reached, o.status, o.code, d.Code)
				}
			}
		}
	}
	t.Logf("%d cases, %d reached the upstream, %d other codes than at their own time, %d differ; Envoy's own answers %v; left out %v; until %d s after their time",
		ran, accepted, moved, wrong, own, left, time.Now().Unix()-present)
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
