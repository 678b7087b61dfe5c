package embed

import (
	"testing"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

// BenchmarkVerify compares the module with the native core. "early" is a request
// without a token: nearly all of its time is the boundary, the codec and the pool.
// "full" has a known token and a fresh proof, so it is mostly one signature check.
func BenchmarkVerify(b *testing.B) {
	early := &ajwt.Request{Method: "GET", Scheme: "https", Authority: "api.example", Target: "/", Now: abitest.Now}
	proofs := make([]*ajwt.Request, 512)
	for i := range proofs {
		proofs[i] = abitest.Request(abitest.Repository, abitest.Now, i)
	}
	core := native(b, abitest.Policy(), ajwt.Options{Replay: store{result: ajwt.ReplayFresh}})
	v := verifier(b, abitest.Policy(), Options{Instances: 1})
	v.replay = store{result: ajwt.ReplayFresh} // the same proofs come again
	b.Run("early/native", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			core.Verify(early)
		}
	})
	b.Run("early/module", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			v.Verify(b.Context(), early)
		}
	})
	full := func(b *testing.B, verify func(r *ajwt.Request) ajwt.Decision) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if d := verify(proofs[i%len(proofs)]); !d.Allows() {
				b.Fatalf("%s", d.AppendRecord(nil))
			}
		}
	}
	b.Run("full/native", func(b *testing.B) { full(b, core.Verify) })
	b.Run("full/module", func(b *testing.B) {
		full(b, func(r *ajwt.Request) ajwt.Decision { return v.Verify(b.Context(), r) })
	})
}
