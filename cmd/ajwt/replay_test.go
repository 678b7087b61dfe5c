package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/hosts/replaystore"
)

func TestReplayStoreFaults(t *testing.T) {
	dir := t.TempDir()
	short := write(t, dir, "short", "short\n")
	noKey := write(t, dir, "cert.pem", "no certificate")
	for name, row := range map[string]struct {
		args []string
		want []string
	}{
		"nothing":     {nil, []string{"one of --redis and --memory"}},
		"both":        {[]string{"--memory", "--redis", "redis://x"}, []string{"one of --redis and --memory"}},
		"all at once": {[]string{"--memory", "--listen", "8787", "--cluster", "--timeout-ms", "0", "--per-tag", "9", "--capacity", "8", "--tls-cert", noKey, "--secret-file", short, "--clock-difference", "61"}, []string{"--listen", "--cluster goes with --redis", "--timeout-ms", "--per-tag", "--tls-key go together", "22 characters", "--clock-difference"}},
		"redis":       {[]string{"--redis", "redis://x", "--capacity", "8", "--cluster", "--wait-replicas", "1", "--redis-ca", noKey}, []string{"--capacity goes with --memory", "--wait-replicas", "--redis-ca: no certificate"}},
		"certificate": {[]string{"--memory", "--tls-cert", noKey, "--tls-key", noKey}, []string{"--tls-cert, --tls-key"}},
		"URL":         {[]string{"--redis", "http://user:hunter2@x"}, []string{"RedisOptions.URL"}},
		"no server":   {[]string{"--redis", "redis://user:hunter2@127.0.0.1:1"}, []string{"does not answer"}},
		"operand":     {[]string{"--memory", "x"}, []string{"unexpected operand"}},
	} {
		r := execute("", append([]string{"replay-store"}, row.args...)...)
		if r.code != exitUsage {
			t.Errorf("%s: exit code %d", name, r.code)
		}
		for _, want := range row.want {
			if !strings.Contains(r.err, want) {
				t.Errorf("%s: %q is missing in\n%s", name, want, r.err)
			}
		}
		if strings.Contains(r.err+r.out, "hunter2") {
			t.Errorf("%s: shows the password: %s", name, r.err)
		}
	}
	t.Setenv(secretVariable, "a secret with spaces, long enough")
	if r := execute("", "replay-store", "--memory"); r.code != exitUsage || !strings.Contains(r.err, "visible ASCII") || strings.Contains(r.err, "spaces") {
		t.Errorf("secret: %d %s", r.code, r.err)
	}
}

// TestReplayStoreServes runs the service over TLS with a secret until it is told to end.
func TestReplayStoreServes(t *testing.T) {
	dir := t.TempDir()
	cert, key, pool := selfSigned(t)
	const secret = "0123456789abcdefghijkl"
	t.Setenv(secretVariable, secret)
	w := &world{stdin: strings.NewReader(""), stdout: new(bytes.Buffer), stderr: new(bytes.Buffer), clock: func() int64 { return testNow }}
	c := newCall(w, replayStoreCommand, []string{
		"--memory", "--listen", "127.0.0.1:0", "--tls-cert", write(t, dir, "c", cert), "--tls-key", write(t, dir, "k", key), "--capacity", "2",
	})
	config, err := readReplayConfig(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	address, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- config.serve(ctx, c, func(a string) { address <- a }) }()
	var url string
	select {
	case url = <-address:
	case err := <-ended:
		t.Fatal(err)
	}
	open := func(secret string) *replaystore.HTTP {
		h, err := replaystore.OpenHTTP(t.Context(), replaystore.HTTPOptions{
			URL: url, Secret: secret, Timeout: 10 * time.Second, TLS: &tls.Config{RootCAs: pool},
		})
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	h := open(secret)
	if h.Start() != testNow+replaystore.DefaultClockDifference {
		t.Errorf("start %d", h.Start())
	}
	for i, want := range []ajwt.ReplayResult{ajwt.ReplayFresh, ajwt.ReplaySeen} {
		if have, _ := h.Record([]ajwt.ReplayKey{{Key: sha256.Sum256(nil), Expires: testNow + 60}}, testNow); have != want {
			t.Errorf("%d: %v", i, have)
		}
	}
	if have, _ := open("wrong").Record([]ajwt.ReplayKey{{Expires: testNow + 60}}, testNow); have != ajwt.ReplayUnavailable {
		t.Errorf("without the secret: %v", have)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if have, _ := h.Record([]ajwt.ReplayKey{{Expires: testNow + 60}}, testNow); have != ajwt.ReplayUnavailable {
		t.Errorf("after the end: %v", have)
	}
	if out := w.stderr.(*bytes.Buffer).String(); !strings.Contains(out, url) || strings.Contains(out, secret) {
		t.Errorf("stderr: %s", out)
	}
}

// selfSigned is a certificate for 127.0.0.1, its key, and the pool that trusts it.
func selfSigned(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(cert))
	return cert, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})), pool
}
