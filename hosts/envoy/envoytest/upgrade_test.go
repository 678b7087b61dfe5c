//go:build envoy

package envoytest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

// withConnect has Envoy pass on upgrades to WebSocket, and make connections of CONNECT.
func withConnect(t *testing.T, text string) string {
	t.Helper()
	text = replaced(t, text, "          use_remote_address: true\n", "          use_remote_address: true\n"+
		"          upgrade_configs: [{upgrade_type: websocket}, {upgrade_type: CONNECT}]\n          http2_protocol_options: {allow_connect: true}\n", 1)
	return replaced(t, text, "              routes:\n", "              routes:\n              - match: {connect_matcher: {}}\n"+
		"                route: {cluster: upstream, upgrade_configs: [{upgrade_type: CONNECT, connect_config: {}}]}\n", 1)
}

// switchProtocols takes an upgrade, and gives back the first five bytes that come.
func switchProtocols(w http.ResponseWriter) {
	c, b, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer c.Close()
	_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")
	_, _ = io.CopyN(c, b, 5)
}

// codeOf is the code of a rejection, "" for a body without one.
func codeOf(body string) string {
	_, rest, _ := strings.Cut(body, `"code":"`)
	code, _, _ := strings.Cut(rest, `"`)
	return code
}

// sendRaw sends a text over a connection of its own. Of what comes behind a 101, or behind the
// 200 to a CONNECT, it reads as much as until is long.
func sendRaw(t *testing.T, port int, text, until string) (status int, body string) {
	t.Helper()
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(c, text)
	require.NoError(t, err)
	method, _, _ := strings.Cut(text, " ")
	r := bufio.NewReader(c)
	res, err := http.ReadResponse(r, &http.Request{Method: method})
	require.NoError(t, err)
	var b []byte
	if res.StatusCode == 101 || res.StatusCode == 200 && method == "CONNECT" {
		b = make([]byte, len(until))
		_, err = io.ReadFull(r, b)
	} else {
		b, err = io.ReadAll(res.Body)
	}
	require.NoError(t, err)
	return res.StatusCode, string(b)
}

const (
	// frames is what a client sends behind an upgrade: a JSON text, too.
	frames = `"abc"`
	// through is what it sends through a CONNECT, and through200 how the upstream answers.
	through    = "GET /through HTTP/1.1\r\nhost: upstream\r\n\r\n"
	through200 = "HTTP/1.1 200 OK"

	upgradeFields = "connection: upgrade\r\nupgrade: websocket\r\n"
)

// raw is a request with its proof over HTTP/1.1, more fields, and what comes behind.
func (q signed) raw(line, more, behind string) string {
	var b strings.Builder
	b.WriteString(line + " HTTP/1.1\r\nhost: api.example\r\n")
	for _, f := range q.fields {
		b.WriteString(f.Name + ": " + f.Value + "\r\n")
	}
	return b.String() + more + "\r\n" + behind
}

// extended is an extended CONNECT (RFC 8441, section 4) with its proof.
func (q signed) extended(protocol string) []ajwt.Header {
	return append([]ajwt.Header{{Name: ":method", Value: "CONNECT"}, {Name: ":protocol", Value: protocol}, {Name: ":scheme", Value: "https"},
		{Name: ":authority", Value: "api.example"}, {Name: ":path", Value: q.path}}, q.fields...)
}

// tunnel is a CONNECT over HTTP/2 with its proof.
func (q signed) tunnel() []ajwt.Header {
	return append([]ajwt.Header{{Name: ":method", Value: "CONNECT"}, {Name: ":authority", Value: "api.example:443"}}, q.fields...)
}

// upgradeRow is a request that Envoy would pass on, and what comes of it: a code of the filter,
// "" for a request that passes or is refused by Envoy itself, and the line in the upstream's
// log, "" for none. It goes over HTTP/2 where it has fields.
type upgradeRow struct {
	name   string
	text   string
	fields []ajwt.Header
	behind string // over HTTP/2
	until  string // what is read of the upstream's bytes
	status int    // 0 for none: the stream is reset
	code   string
	seen   string
}

func (p *proxy) upgrades(rows []upgradeRow) {
	p.t.Helper()
	for _, row := range rows {
		before := p.upstream.count()
		a := h2Answer{}
		if row.fields != nil {
			a = sendH2(p.t, p.port, row.fields, row.behind, row.until)
		} else {
			a.status, a.body = sendRaw(p.t, p.port, row.text, row.until)
		}
		require.Equal(p.t, row.status, a.status, "%s: %s", row.name, a.body)
		require.Equal(p.t, row.status == 0, a.reset, row.name)
		require.Equal(p.t, row.code, codeOf(a.body), "%s: %s", row.name, a.body)
		require.Contains(p.t, a.body, row.until, row.name)
		if row.seen == "" {
			require.Equal(p.t, before, p.upstream.count(), "%s: the upstream saw it", row.name)
			continue
		}
		require.Equal(p.t, before+1, p.upstream.count(), row.name)
		require.Equal(p.t, row.seen, p.upstream.last(), row.name)
	}
}

// What follows an upgrade or a CONNECT is no body, so nothing of one goes on whose body would
// have to be judged; another one passes with its proof. Envoy is configured to pass on each.
func TestUpgrades(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	p := start(t, c.policy, options{bundle: c.bundle, connect: true})
	p.ready()

	// The same proofs hold where the body is there.
	for name, q := range map[string]signed{"dpop": c.dpop("GET", abitest.Repository, ""), "tool": c.dpop("POST", toolRoute, toolCall),
		"httpsig": c.httpsig("GET", abitest.Repository, frames), "pop": c.patchet("GET", popRoute, frames)} {
		status, body := sendRaw(t, p.port, q.raw(q.method+" "+q.path, fmt.Sprintf("connection: close\r\ncontent-length: %d\r\n", len(q.body)), q.body), "")
		require.Equal(t, 200, status, "%s: %s", name, body)
		require.Equal(t, fmt.Sprint(len(q.body)), body, name)
	}

	repository, seen := "GET "+abitest.Repository, "GET "+abitest.Repository
	// Where the upstream stays with HTTP, Envoy passes on nothing of what came behind: it would
	// be the next request on that connection, which nobody has judged.
	p.upgrades([]upgradeRow{
		{name: "the upstream upgrades nothing", text: c.dpop("GET", abitest.Repository, "").raw(repository, upgradeFields, through), status: 200, seen: seen},
		{name: "of HTTP/2 neither", fields: c.dpop("GET", abitest.Repository, "").extended("websocket"), behind: through, status: 200, seen: seen},
	})
	p.upstream.upgrade = switchProtocols
	p.upgrades([]upgradeRow{
		{name: "an upgrade passes", text: c.dpop("GET", abitest.Repository, "").raw(repository, upgradeFields, frames), until: frames, status: 101, seen: seen},
		{name: "of HTTP/2 too", fields: c.dpop("GET", abitest.Repository, "").extended("websocket"), behind: frames, until: frames, status: 200, seen: seen},
		{name: "a CONNECT that has a path", fields: c.dpop("CONNECT", abitest.Repository, "").extended("bytestream"), behind: through, until: through200, status: 200, seen: "GET /through"},
	})

	connections := p.metric("cluster.upstream.upstream_cx_total")
	const unavailable, missing = "proof_body_unavailable", "workflow_tool_body_missing"
	p.upgrades([]upgradeRow{
		{name: "tool", text: c.dpop("GET", toolRoute, "").raw("GET "+toolRoute, upgradeFields, toolCall), status: 400, code: missing},
		{name: "tool, with a length", text: c.dpop("POST", toolRoute, "").raw("POST "+toolRoute, upgradeFields+fmt.Sprintf("content-length: %d\r\n", len(toolCall)), toolCall),
			status: 400, code: "workflow_tool_body_truncated"},
		{name: "httpsig", text: c.httpsig("GET", abitest.Repository, frames).raw(repository, upgradeFields, frames), status: 401, code: unavailable},
		{name: "pop", text: c.patchet("GET", popRoute, frames).raw("GET "+popRoute, upgradeFields, frames), status: 401, code: unavailable},
		{name: "no proof", text: signed{fields: c.dpop("GET", abitest.Repository, "").fields[:1]}.raw(repository, upgradeFields, frames), status: 401, code: "proof_header_missing"},

		// Envoy turns an extended CONNECT into a GET with Upgrade before any filter sees it.
		{name: "tool, extended", fields: c.dpop("GET", toolRoute, "").extended("websocket"), behind: toolCall, status: 400, code: missing},
		{name: "httpsig, extended", fields: c.httpsig("GET", abitest.Repository, frames).extended("websocket"), behind: frames, status: 401, code: unavailable},
		{name: "pop, extended", fields: c.patchet("GET", popRoute, frames).extended("websocket"), behind: frames, status: 401, code: unavailable},
		{name: "a proof of CONNECT", fields: c.dpop("CONNECT", abitest.Repository, "").extended("websocket"), behind: frames, status: 401, code: "proof_htm_mismatch"},

		// With this protocol it stays a CONNECT.
		{name: "tool, bytestream", fields: c.dpop("CONNECT", toolRoute, "").extended("bytestream"), behind: through, status: 400, code: missing},
		{name: "httpsig, bytestream", fields: c.httpsig("CONNECT", abitest.Repository, through).extended("bytestream"), behind: through, status: 401, code: unavailable},
		{name: "pop, bytestream", fields: c.patchet("CONNECT", popRoute, frames).extended("bytestream"), behind: through, status: 401, code: unavailable},
		{name: "a proof of GET", fields: c.dpop("GET", abitest.Repository, "").extended("bytestream"), behind: through, status: 401, code: "proof_htm_mismatch"},

		// A plain CONNECT has no path, and so no route of a policy.
		{name: "CONNECT, dpop", text: c.dpop("CONNECT", "/", "").raw("CONNECT api.example:443", "", through), status: 400, code: "input_target_malformed"},
		{name: "CONNECT, httpsig", text: c.httpsig("CONNECT", "/", through).raw("CONNECT api.example:443", "", through), status: 400, code: "input_target_malformed"},
		{name: "CONNECT, pop", text: c.patchet("CONNECT", "/", frames).raw("CONNECT api.example:443", "", through), status: 400, code: "input_target_malformed"},
		{name: "CONNECT of HTTP/2", fields: c.dpop("CONNECT", "/", "").tunnel(), behind: through, status: 400, code: "input_target_malformed"},

		// Envoy's own refusals.
		{name: "another protocol", text: c.dpop("GET", abitest.Repository, "").raw(repository, "connection: upgrade\r\nupgrade: other\r\n", frames), status: 403},
		{name: "another protocol, extended", fields: c.dpop("GET", abitest.Repository, "").extended("other"), behind: frames, status: 403},
		{name: "CONNECT to a path", text: c.dpop("CONNECT", abitest.Repository, "").raw("CONNECT "+abitest.Repository, "", through), status: 400},
		{name: "CONNECT with a length", text: c.dpop("CONNECT", "/", "").raw("CONNECT api.example:443", "content-length: 5\r\n", frames), status: 400},
		{name: ":protocol of a GET", fields: append([]ajwt.Header{{Name: ":method", Value: "GET"}}, c.dpop("GET", abitest.Repository, "").extended("websocket")[1:]...), behind: frames},
		{name: ":path of a CONNECT", fields: append(c.dpop("CONNECT", abitest.Repository, "").tunnel()[:2],
			append([]ajwt.Header{{Name: ":scheme", Value: "https"}, {Name: ":path", Value: abitest.Repository}}, c.dpop("CONNECT", abitest.Repository, "").fields...)...), behind: through},
	})
	require.Equal(t, connections, p.metric("cluster.upstream.upstream_cx_total"), "not even a connection was made")

	// Without the filter Envoy does make a connection of each CONNECT that the filter refused.
	bare := freePort(t)
	head, filter, ok := strings.Cut(p.listener, "        - name: envoy.filters.http.wasm\n")
	require.True(t, ok)
	_, router, ok := strings.Cut(filter, "        - name: envoy.filters.http.router\n")
	require.True(t, ok)
	_, listener, ok := strings.Cut(head, "resources:\n")
	require.True(t, ok)
	listener = replaced(t, listener, "name: api\n  address", "name: bare\n  address", 1)
	p.listener += replaced(t, listener, fmt.Sprint("port_value: ", p.port), fmt.Sprint("port_value: ", bare), 1) + "        - name: envoy.filters.http.router\n" + router
	p.reload(c.policy)
	p.waitFor("/stats?filter=listener_manager.total_listeners_active", "total_listeners_active: 2", readyWithin)
	p.port = bare
	p.upgrades([]upgradeRow{
		{name: "CONNECT", text: "CONNECT api.example:443 HTTP/1.1\r\nhost: api.example:443\r\n\r\n" + through, until: through200, status: 200, seen: "GET /through"},
		{name: "CONNECT of HTTP/2", fields: signed{}.tunnel(), behind: through, until: through200, status: 200, seen: "GET /through"},
		{name: "tool", fields: signed{path: toolRoute}.extended("bytestream"), behind: through, until: through200, status: 200, seen: "GET /through"},
	})
}

// unconfigured holds that without any of it in Envoy's configuration, nothing goes on either:
// a CONNECT without a path still comes to the filter, and Envoy refuses the rest before it.
func unconfigured(t *testing.T, p *proxy) {
	c := newCaller(t)
	rejected := p.metric("ajwt.rejected")
	p.upgrades([]upgradeRow{
		{name: "upgrade", text: c.dpop("GET", abitest.Repository, "").raw("GET "+abitest.Repository, upgradeFields, frames), status: 403},
		{name: "extended CONNECT", fields: c.dpop("GET", abitest.Repository, "").extended("websocket"), behind: frames},
		{name: "bytestream", fields: c.dpop("CONNECT", abitest.Repository, "").extended("bytestream"), behind: through},
	})
	require.Equal(t, rejected, p.metric("ajwt.rejected"))
	p.upgrades([]upgradeRow{
		{name: "CONNECT", text: c.dpop("CONNECT", "/", "").raw("CONNECT api.example:443", "", through), status: 400, code: "input_target_malformed"},
		{name: "CONNECT of HTTP/2", fields: c.dpop("CONNECT", "/", "").tunnel(), behind: through, status: 400, code: "input_target_malformed"},
	})
}
