//go:build envoy

package envoytest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// Over HTTP/2: fields come one by one, a repeated one as often as it came, and trailers end
// a body.
func http2(t *testing.T, p *proxy) {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	p.client = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{Protocols: &protocols}}
	a := p.send(fresh(), nil, nil)
	require.Equal(t, 200, a.status, a.body)
	for name, row := range map[string]struct {
		code   string
		change func(*http.Request)
	}{
		"two tokens":  {"input_authorization_duplicate", func(r *http.Request) { r.Header.Add("authorization", r.Header.Get("authorization")) }},
		"two proofs":  {"input_proof_duplicate", func(r *http.Request) { r.Header.Add("dpop", r.Header.Get("dpop")) }},
		"no token":    {"input_authorization_missing", func(r *http.Request) { r.Header.Del("authorization") }},
		"other host":  {"proof_htu_mismatch", func(r *http.Request) { r.Host = "other.example" }},
		"dot segment": {"input_path_ambiguous", func(r *http.Request) { r.URL.Path = "/repos/./acme/widgets" }},
	} {
		a := p.send(fresh(), nil, row.change)
		require.Equal(t, row.code, a.code, name)
		require.False(t, a.reached, name)
	}
	for _, trailers := range []bool{false, true} {
		for input, code := range map[string]string{`s=();tag="other"`: "", `s=(`: "proof_signature_input_syntax"} {
			a := p.send(fresh(), nil, func(r *http.Request) {
				r.Header.Set("signature-input", input)
				r.Body = io.NopCloser(bytes.NewReader(make([]byte, 100_000)))
				r.ContentLength = -1
				if trailers {
					r.Trailer = http.Header{"X-Checked": {"1"}}
				}
			})
			require.Equal(t, code, a.code, "%s %v", input, trailers)
			require.Equal(t, code == "", a.reached)
			if code == "" {
				require.Equal(t, "100000", a.body)
			}
		}
	}
}

// wire writes a request as HTTP/1.1.
func wire(q *ajwt.Request) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nhost: %s\r\n", q.Method, q.Target, q.Authority)
	for _, h := range q.Headers {
		b.WriteString(h.Name + ": " + h.Value + "\r\n")
	}
	return b.String() + "\r\n"
}

// Requests that follow each other on a connection without waiting, and one that arrives in
// small pieces, are judged each by itself.
func pipelining(t *testing.T, p *proxy) {
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", p.port))
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	good, again, bad := fresh(), fresh(), fresh()
	bad.Headers = bad.Headers[:1]
	before := p.upstream.count()
	// Envoy takes two requests ahead of their answers, and closes the connection at more.
	r := bufio.NewReader(c)
	for _, pair := range []struct {
		text string
		want [2]int
	}{{wire(good) + wire(good), [2]int{200, 401}}, {wire(bad) + wire(again), [2]int{401, 200}}} {
		_, err = io.WriteString(c, pair.text)
		require.NoError(t, err)
		for n, want := range pair.want {
			res, err := http.ReadResponse(r, nil)
			require.NoError(t, err, n)
			_, _ = io.Copy(io.Discard, res.Body)
			require.Equal(t, want, res.StatusCode, n)
		}
	}
	require.Equal(t, 2, p.upstream.count()-before)

	for _, piece := range []int{1, 7, 100} {
		text := wire(fresh())
		for len(text) > 0 {
			n := min(piece, len(text))
			_, err := io.WriteString(c, text[:n])
			require.NoError(t, err)
			text = text[n:]
		}
		res, err := http.ReadResponse(r, nil)
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, res.Body)
		require.Equal(t, 200, res.StatusCode)
	}
}
