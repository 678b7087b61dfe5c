package embed

import (
	"context"
	"reflect"
	"testing"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

// FuzzDecidesAsCore holds that the module and the native core give the same decision
// to any request, and that neither accepts what has other headers than one of ours.
func FuzzDecidesAsCore(f *testing.F) {
	signed := map[string]bool{}
	for _, r := range abitest.Mixed() {
		var authorization, proof string
		for _, h := range r.Headers {
			switch h.Name {
			case "authorization":
				authorization = h.Value
			case "dpop":
				proof = h.Value
			}
		}
		signed[authorization+proof] = true
		f.Add(r.Method, r.Scheme, r.Authority, r.Target, authorization, proof, r.Now, r.Body)
	}
	fresh := store{result: ajwt.ReplayFresh} // an input may come twice
	core := native(f, abitest.Policy(), ajwt.Options{Replay: fresh})
	v := verifier(f, abitest.Policy(), Options{Instances: 1, Replay: fresh})
	f.Fuzz(func(t *testing.T, method, scheme, authority, target, authorization, proof string, now int64, body []byte) {
		r := &ajwt.Request{Method: method, Scheme: scheme, Authority: authority, Target: target, Body: body, Now: now}
		if authorization != "" {
			r.Headers = append(r.Headers, ajwt.Header{Name: "Authorization", Value: authorization})
		}
		if proof != "" {
			r.Headers = append(r.Headers, ajwt.Header{Name: "DPoP", Value: proof})
		}
		want, got := core.Verify(r), v.Verify(context.Background(), r)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("module %s\nnative %s", got.AppendRecord(nil), want.AppendRecord(nil))
		}
		if got.Allows() && !signed[authorization+proof] {
			t.Fatalf("accepted: %s", got.AppendRecord(nil))
		}
	})
}
