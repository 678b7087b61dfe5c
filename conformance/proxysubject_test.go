package conformance

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// proxyFiles are the filter that make wasm writes, and a folder for its compiled code.
var proxyFiles = wasmFiles{proxy: filepath.Join("..", "dist", "ajwt-proxy.wasm"), cache: filepath.Join("..", "build", "conformance", "cache")}

// TestProxy runs a few vectors of every operation through the filter in each emulated proxy,
// beside the core. It needs the module: make wasm. make conformance runs all of them.
func TestProxy(t *testing.T) {
	s, err := LoadSuite("")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"proxy-wasm-1.36", "proxy-wasm-1.40", "proxy-wasm-plain"} {
		t.Run(name, func(t *testing.T) {
			subject, err := startOwn(context.Background(), name, proxyFiles)
			if err != nil {
				t.Fatalf("%v (make wasm writes it)", err)
			}
			o := toyOptions()
			o.Filter = "jws.compact.*,replay.proof.*,route.observe.*,policy.documents.*,policy.json.size*,jwk.set.kid*,bundle.version.*,tool.body.*"
			r, err := Run(context.Background(), s, []Subject{Native(), subject}, o)
			if err != nil {
				t.Fatal(err)
			}
			if r.Passed != 2*r.Suite.Selected || r.Exit != ExitConformant {
				var b strings.Builder
				_ = r.WriteText(&b)
				t.Errorf("exit %d\n%s", r.Exit, b.String())
			}
		})
	}
	t.Run("no filter", func(t *testing.T) {
		for _, text := range []string{"", "\x00asm\x01\x00\x00\x00"} {
			file := filepath.Join(t.TempDir(), "none.wasm")
			if text != "" {
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := startOwn(context.Background(), "proxy-wasm-1.36", wasmFiles{proxy: file}); err == nil {
				t.Errorf("a module of %d bytes was taken", len(text))
			}
		}
		if _, err := startOwn(context.Background(), "proxy-wasm-plain", wasmFiles{module: "x"}); err == nil || !strings.Contains(err.Error(), "--proxy-module") {
			t.Errorf("got %v", err)
		}
	})
}

// TestProxyLeavesOut holds the list of what the filter is not asked: by id, so that a case
// more is seen.
func TestProxyLeavesOut(t *testing.T) {
	s, err := LoadSuite("")
	if err != nil {
		t.Fatal(err)
	}
	left := make(map[string]bool)
	f := new(proxySubject).Features()
	for i := range s.cases {
		if f.lacks(s.prepared[i]) == "" && new(proxySubject).LeavesOut(s.prepared[i]) != "" {
			left[s.cases[i].ID] = true
		}
	}
	for _, id := range strings.Fields(proxyLeftOut) {
		if !left[id] {
			t.Errorf("%s is not left out", id)
		}
		delete(left, id)
	}
	for id := range left {
		t.Errorf("%s is left out", id)
	}
}

// proxyLeftOut are the cases that a proxy's filter has no way to meet; LeavesOut says why.
const proxyLeftOut = `
bundle.jose.empty bundle.jose.issuer-unknown bundle.jose.not-configured
bundle.versions.restart-higher bundle.versions.restart-lower bundle.versions.restart-other-content
bundle.versions.restart-other-kind bundle.versions.restart-same claims.numericdate.range-end
httpsig.body.chunked httpsig.body.length httpsig.body.length-form httpsig.body.length-list
httpsig.body.post-length httpsig.body.post-unsaid httpsig.digest.body-emptied jwk.set.empty
patchet.body.unread request.limits.body-exceeded request.limits.clock-beyond revocation.jose.empty
revocation.jose.issuer-unknown revocation.jose.not-configured revocation.versions.restart-higher
revocation.versions.restart-lower revocation.versions.restart-other-content
revocation.versions.restart-other-kind revocation.versions.restart-same
`
